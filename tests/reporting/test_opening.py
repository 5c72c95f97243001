"""What pages open with: rows, sentences and figures, against the documents; names stay text."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from comparisons import comparison, learned
from models import TAXI

import qdecay
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.model.source import HOMEWORK, Source
from qdecay.pricing.ends import inside
from qdecay.reporting.certified_page import read_certified_page
from qdecay.reporting.chapter import Chapter, read_chapter
from qdecay.reporting.gallery import Card, Stripe
from qdecay.reporting.opening import is_crowded, opens_with_rows, row_of
from qdecay.reporting.page import explorer, render
from qdecay.reporting.prices import Words
from qdecay_envs import ChainLayout
from tests.reporting.test_page import NASTY, Reader, assert_stands_alone


@pytest.fixture(scope="module")
def homework() -> list[Chapter]:
    return [read_chapter(Source(name)) for name in HOMEWORK]


def test_a_row_has_the_answer_of_the_document(homework: list[Chapter]) -> None:
    """The decimals are the first ones of the document's; the letters are the homework's."""
    rows = [row_of(chapter) for chapter in homework]
    assert [row.letter for row in rows] == ["A", "B", "C", "C"]
    for row, chapter in zip(rows, homework, strict=True):
        (answer,) = row.answers
        (point,) = chapter.document()["breakpoints"]
        shown = answer.decimal
        assert point["decimal"].startswith(shown.rstrip("…"))
        assert shown.endswith("…") == (point["decimal"] != shown)
        assert row.more == 0 and row.marks == ()


def test_states_are_numbered_as_in_the_homework(homework: list[Chapter]) -> None:
    """A from 1 to 3, B from 0 to 3, C from 1; a model of somebody's own as its document has it."""
    names = [chapter.state_names for chapter in homework]
    assert names[:2] == [["1", "2", "3"], ["0", "1", "2", "3"]]
    assert [(each[0], each[-1]) for each in names[2:]] == [("1", "4"), ("1", "100")]


AGREE = {"planned": (0.5,), "planned_errors": (1e-12,)}
MARKS = [
    (AGREE, "✓✓"),
    ({**AGREE, "reasons": ("agents flip elsewhere",)}, "✓✗"),
    ({**AGREE, "unsettled": ("takes too long",)}, "✓?"),
    ({"planned": (0.6,), "planned_errors": (1e-12,), "reasons": ("it flips at 0.6",)}, "✗?"),
    ({"planned": (None,), "planned_errors": (None,), "unsettled": ("open",)}, "??"),
]


@pytest.mark.parametrize(("found", "signs"), MARKS)
def test_marks_say_whether_planning_and_learning_agree(homework, found, signs: str) -> None:
    """A check, a cross or a question mark, in a colour that says the same."""
    agents = learned([0.5, 0.5, 0.5], noisy=False)
    row = comparison(HOMEWORK[0], ["1/2"], [agents], **found)
    marks = row_of(replace(homework[0], comparison=row)).marks
    assert "".join(mark.sign for mark in marks) == signs
    assert [mark.way for mark in marks] == ["planned", "learned"]
    colours = {"✓": "good", "✗": "warning", "?": "soft"}
    assert [mark.colour for mark in marks] == [colours[sign] for sign in signs]


def test_choices_open_with_rows_and_models_with_a_sentence(homework: list[Chapter]) -> None:
    """The axis is a log scale for models, and for choices that change close to 1."""
    chain = read_chapter(Source("qdecay/NChain-v0"))
    slippery = replace(homework[0], plain=False)
    assert [opens_with_rows([c]) for c in (homework[0], chain, slippery)] == [True, False, False]
    assert opens_with_rows([chain, chain])
    assert [is_crowded([c]) for c in (homework[3], chain)] == [False, True]
    assert row_of(chain).question == "5 states, 2 actions" and row_of(chain).equation is None


@pytest.mark.parametrize("judge", ["steps:100", "total"])
def test_the_two_sentences_are_what_the_price_document_says(judge: str) -> None:
    """FrozenLake region by region: both amounts to 0.1 %, the colour of what falls short."""
    price = qdecay.price("FrozenLake-v1", judge)
    words, document = Words(price), price.to_json()
    top = max(region["worst"]["value"] for region in document["regions"])
    for i, (found, region) in enumerate(zip(price.regions, document["regions"], strict=True)):
        own, rest = words.verdict("0.9", found)
        amounts = {kind: text for text, kind in (*rest, *own) if kind in ("good", "warning")}
        is_best = i in document["best_regions"]
        shown = amounts["good" if is_best else "warning"]
        assert float(shown.split()[0]) / 100 == pytest.approx(region["worst"]["value"], abs=5e-4)
        assert float(amounts["good"].split()[0]) / 100 == pytest.approx(top, abs=5e-4)
        assert "".join(text for text, _ in own).startswith("With γ = 0.9 planning reaches the goal")


def test_sentences_where_every_gamma_earns_the_same() -> None:
    """Taxi needs no discount; 7.93 in 200 steps, and a clock earns no more."""
    words = Words(qdecay.price(TAXI))
    own, rest = words.verdict("0.9", words.top)
    assert "".join(text for text, _ in (*own, *rest)) == (
        "With γ = 0.9 planning earns 7.93 in 200 steps.No policy does better."
    )
    assert words.figures() == [("7.93", "best γ: any"), ("7.93", "with a clock: no more")]


def test_gammas_between_rounded_ends_lie_between_the_exact_ones() -> None:
    """Rounded inwards, whatever the ends: by exact comparison, for random roots."""
    chance = random.Random(3)
    roots = sorted(
        root
        for _ in range(12)
        for root in isolate_roots([-1, *(chance.randint(0, 9) for _ in range(4)), 7])
        if 0 < root < 1
    )
    pairs = [(a, b) for a, b in itertools.pairwise(roots) if a < b]
    assert len(pairs) > 8
    for low, high in [*pairs, (AlgebraicNumber.of("1/3"), AlgebraicNumber.of("0.33334"))]:
        shown = [Fraction(text) for text in inside(low, high, 4)]
        assert low <= shown[0] < shown[1] <= high
        unit = Fraction(1, 10**4)
        assert low > shown[0] - unit and high < shown[1] + unit


def test_gammas_beside_a_decimal_are_on_their_own_side_of_it() -> None:
    """0.1234 -+ sqrt(2) 10^-30: neither end may be 0.1234 where that lies outside."""
    shifted = [1234**2 * 10**52 - 2, -2 * 1234 * 10**56, 10**60]
    below, above = isolate_roots(shifted)
    half, tenth = AlgebraicNumber.of("1/2"), AlgebraicNumber.of("1/10")
    assert inside(above, half, 4) == ("0.1235", "0.5")
    assert inside(tenth, below, 4) == ("0.1", "0.1233")


def test_what_may_fall_short_as_ties_break_is_not_the_best() -> None:
    """At 1/2 problem A earns 1 or 4; the best gammas, right of it, earn 4."""
    price = qdecay.price("qdecay/StayOrMove-v0")
    own, rest = Words(price).verdict("0.5", price.at("1/2"))
    assert own[3] == ("1 to 4, as ties break", "warning")
    assert "".join(text for text, _ in rest) == "With any γ between 0.5 and 1 it earns 4."


def tags(page: str) -> list[str]:
    reader = Reader(page)
    assert_stands_alone(reader)
    return [tag for tag, _ in reader.tags]


def test_names_of_branches_are_text(tmp_path: Path) -> None:
    """In rows, sentences and tables: as many tags as with harmless names."""
    pages = []
    for names in ((NASTY[0], NASTY[1]), ("a", "b")):
        path = tmp_path / f"{len(pages)}.json"
        ChainLayout(((names[0], [1]), (names[1], [0, 0, 4]))).save(path)  # type: ignore[arg-type]
        pages.append(explorer([read_chapter(Source(str(path)))]))
    assert tags(pages[0]) == tags(pages[1])
    assert json.loads(Reader(pages[0]).scripts["data-0"])["actions"] == list(NASTY[:2])


def test_names_in_the_gallery_are_text() -> None:
    """Title, source, reason and the legend of a card."""
    earned = (NASTY[0], NASTY[1], NASTY[2])
    facts = {"states": 1, "actions": 1, "regions": 1, "blackwell": None, "earned": earned}

    def page(text: str) -> str:
        card = Card(text, text, "x.html", facts, (Stripe(0, 0, 100, 0),), 1, ((0, text),))
        other = Card(text, text, reason=text)
        return render("gallery.html", [], {}, title="Gallery", cards=[card], others=[other])

    for name in NASTY:
        assert tags(page(name)) == tags(page("plain"))


def test_a_certified_page_opens_as_the_exact_one() -> None:
    """FrozenLake: the same sentence at 0.9, up to where it is proven; figures and steps alike."""
    found = read_certified_page(Source("FrozenLake-v1"))
    exact = Words(qdecay.price("FrozenLake-v1"))
    assert found.opening is not None and found.words is not None
    gamma, earned = found.opening
    own, rest = exact.verdict("0.9", exact.price.regions[1])
    proven = tuple((text.replace(" 1 it", " 0.999999999 it"), kind) for text, kind in rest)
    assert found.words.verdict(gamma, earned) == (own, proven)
    assert [amount for amount, _ in found.words.figures()] == [a for a, _ in exact.figures()]
    plot = found.price_plot()
    assert plot is not None
    (line,), (dots,) = plot.lines, plot.dots
    assert len(line.points) == 2 * len(exact.price.regions)
    assert dots.points[0][1] == line.points[2][1]
    assert "γ = 0.9" in found.html()
