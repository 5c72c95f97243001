"""The page in a real browser: what moves, what it draws, what it must never do.

apt-get install chromium; pip install ".[browser]"; npm install axe-core
AXE=node_modules/axe-core/axe.min.js pytest -m browser tests/browser
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import gymnasium as gym
import pytest
from axe import faults
from comparisons import comparison, ten

from qdecay import MDP, policy_regions
from qdecay.model.source import HOMEWORK, Source
from qdecay.reporting.chapter import read_chapter
from qdecay.reporting.page import explorer, write_page

pytestmark = pytest.mark.browser

SCHEMES = ("light", "dark")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
STAY, MOVE = '.arrow[data-state="0"][data-actions="0"]', '.arrow[data-state="0"][data-actions="1"]'


SMALLEST_TEXT = """Math.min(
  ...[...document.querySelectorAll('main *:not(math *)')]
    .filter(e => e.checkVisibility())
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize)))"""


def optimal(visit, selector: str) -> bool:
    """Whether every arrow that the selector finds in the shown chapter is drawn as optimal."""
    arrows = visit.page.query_selector_all(f".chapter:not([hidden]) {selector}")
    assert arrows
    return all("optimal" in arrow.get_attribute("class") for arrow in arrows)


def share_of(visit, gamma: float) -> float:
    """Where a gamma lies on the axis, from 0 to 1: evenly, or on the log scale of a page."""
    if visit.page.get_attribute("main", "data-scale") == "even" or gamma == 1:
        return gamma
    data = json.loads(visit.page.text_content("#data-0"))
    return -math.log10(1 - gamma) / (data["decades"] + 0.5)


def place(visit, gamma: float) -> tuple[float, float]:
    """Where a gamma lies on the slider, in pixels of the window."""
    box = visit.page.query_selector("#axis").bounding_box()
    slider = visit.page.query_selector("#gamma").bounding_box()
    return box["x"] + share_of(visit, gamma) * box["width"], slider["y"] + slider["height"] / 2


def test_dragging_over_the_break_even_gamma_flips_the_drawn_action(visit, pages) -> None:
    """Problem A, 1/2: the mouse takes the thumb from 0.4 to 0.6, and stay gives way to move."""
    with visit(pages(), "#gamma=0.4") as seen:
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (True, False)
        assert seen.text("#choice-0") == "stay"
        mouse = seen.page.mouse
        mouse.move(*place(seen, 0.4))
        mouse.down()
        mouse.move(*place(seen, 0.45), steps=5)
        seen.settle()
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (True, False)
        mouse.move(*place(seen, 0.6), steps=20)
        mouse.up()
        seen.settle()
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (False, True)
        assert seen.text("#choice-0") == "move"
        assert abs(float(seen.text("#shown-gamma")) - 0.6) < 0.01


def test_the_keyboard_moves_and_snaps_to_the_breakpoint(visit, pages) -> None:
    """Page Up is the breakpoint, where both tie; one arrow key on either side decides."""
    with visit(pages(), "#gamma=0.2") as seen:
        seen.page.focus("#gamma")
        press = seen.page.keyboard.press
        press("PageUp")
        seen.settle()
        assert seen.text("#shown-gamma") == "0.5"
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (True, True)
        spoken = seen.page.get_attribute("#gamma", "aria-valuetext")
        assert "breakpoint 1 of 1" in spoken and "stay or move" in spoken
        assert seen.text("#readings-0").count("best") == 2
        press("ArrowRight")
        seen.settle()
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (False, True)
        press("ArrowLeft")
        press("ArrowLeft")
        seen.settle()
        assert (optimal(seen, STAY), optimal(seen, MOVE)) == (True, False)
        press("Home")
        seen.settle()
        assert seen.text("#shown-gamma") == "0"
        press("End")
        seen.settle()
        assert seen.text("#choice-0") == "move"
        assert seen.text("#shown-gamma") == "1"


def test_the_slider_reaches_one(visit, pages) -> None:
    """Dragged to its right end; the address says so, and leads back there."""
    with visit(pages("FrozenLake-v1"), "#gamma=0.4") as seen:
        seen.page.mouse.move(*place(seen, 0.9))
        seen.page.mouse.down()
        seen.page.mouse.move(*place(seen, 1), steps=5)
        seen.page.mouse.up()
        seen.settle()
        assert seen.text("#shown-gamma") == "1"
        assert seen.text("#where").split() == ["no", "discount"]
        assert "left or down or right, worth 14/17" in seen.text("#sentence-0")
        seen.page.wait_for_url(re.compile("#gamma=1(&|$)"))
        document = json.loads(seen.page.text_content("#regions-0"))
        sets = document["at_one"]["optimal_actions"]
        assert drawn_actions(seen) == [[] if len(best) == 4 else best for best in sets]
        seen.page.press("#gamma", "ArrowLeft")
        seen.settle()
        assert drawn_actions(seen)[0] == [0]
    with visit(pages("FrozenLake-v1"), "#gamma=1") as seen:
        assert seen.text("#shown-gamma") == "1"


def test_the_slider_reaches_one_beyond_a_breakpoint_that_floats_take_for_it(
    visit, pages, tmp_path: Path
) -> None:
    """1e20 now or 1e20 + 1 next: the breakpoint is 1e-20 from 1; a click at the end is 1."""
    path = tmp_path / "close.json"
    layout = {"schema": "qdecay.layout/1", "near": ["a", [10**20]], "far": ["b", [0, 10**20 + 1]]}
    path.write_text(json.dumps(layout))
    with visit(pages(str(path)), "#breakpoint=1") as seen:
        assert seen.text("#choice-0") == "a or b"
        assert seen.page.get_attribute("main", "data-scale") == "log"
        seen.page.press("#gamma", "Home")
        seen.page.mouse.click(*place(seen, 1))
        seen.settle()
        assert seen.text("#shown-gamma") == "1"
        assert seen.text("#choice-0") == "b"
        seen.page.click("#previous")
        seen.settle()
        assert seen.text("#choice-0") == "a or b"


def test_values_at_one_end_in_the_total_or_the_gain(visit, pages) -> None:
    """Problem A: 1 and 4 in all; NChain has no total, and 2298/625 per step however it starts."""
    with visit(pages(), "#gamma=1") as seen:
        assert seen.text("#readings-0 li:nth-child(1) .value") == "1"
        assert seen.text("#readings-0 li:nth-child(2) .value") == "4"
    with visit(pages("qdecay/NChain-v0"), "#gamma=1") as seen:
        values = "#readings-0 li .value"
        assert seen.page.input_value("#unit-0") == "scaled"
        assert seen.page.locator(values).all_inner_texts() == ["3.6768"] * 2
        seen.page.select_option("#unit-0", "value")
        assert seen.page.locator(values).all_inner_texts() == ["— (3.677 per step)"] * 2
        seen.page.select_option("#unit-0", "behind")
        assert seen.page.locator(values).all_inner_texts() == ["0 %"] * 2
        assert "worth 2298/625 (3.677) per step" in seen.text("#sentence-0")


def test_touch_moves_it_too(visit, pages) -> None:
    """A tap on the bar of problem A, on a phone."""
    with visit(pages(), "#gamma=0.2", viewport=PHONE, has_touch=True, is_mobile=True) as seen:
        box = seen.page.query_selector("#bar-0").bounding_box()
        seen.page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        seen.settle()
        assert optimal(seen, MOVE)
        assert abs(float(seen.text("#shown-gamma")) - 0.8) < 0.01


def test_a_link_opens_where_it_was_copied(visit, pages) -> None:
    """The address follows the page, and leads back to it: model, breakpoint and state."""
    page = pages()
    with visit(page) as seen:
        seen.page.check('input[name=model][value="2"]')
        seen.page.click("#previous")
        seen.page.select_option("#state-2", "1")
        fragment = "#model=3&state=1&breakpoint=1"  # it follows with a delay
        seen.page.wait_for_url(lambda url: url.endswith(fragment))
    with visit(page, fragment) as seen:
        assert seen.text(".chapter:not([hidden]) h2").endswith("Short delay")
        assert seen.text("#shown-gamma") == "0.550321…"
        assert seen.page.input_value("#state-2") == "1"
        assert seen.text("#choice-2") == "stay or move"


@pytest.mark.parametrize(
    "fragment",
    ["#gamma=7", "#gamma=-1", "#gamma=nan", "#breakpoint=99&model=0", "#state=1e9&gamma=x"],
)
def test_an_address_that_makes_no_sense_opens_all_the_same(visit, pages, fragment) -> None:
    """It falls back to the first model and to 0.9."""
    with visit(pages(), fragment) as seen:
        assert seen.text("#shown-gamma") == "0.9"


def test_the_drawn_actions_are_those_of_the_regions(visit, pages) -> None:
    """FrozenLake 8x8: every cell at every breakpoint and between, against the document."""
    with visit(pages("FrozenLake8x8-v1"), "#gamma=0") as seen:
        document = json.loads(seen.page.text_content("#regions-0"))
        sets = document["at_zero"]["optimal_actions"]
        for stop in range(2 * len(document["breakpoints"]) + 1):
            region, at = divmod(stop, 2)
            if at:
                seen.page.click("#next")
                changes = document["breakpoints"][region]["changes"]
                sets = [changes.get(str(s), {"at": old})["at"] for s, old in enumerate(sets)]
            else:
                seen.page.press("#gamma", "ArrowRight")
                sets = document["regions"][region]["optimal_actions"]
            seen.settle()
            assert drawn_actions(seen) == [[] if len(best) == 4 else best for best in sets]


def drawn_actions(seen) -> list[list[int]]:
    return seen.page.evaluate(
        """[...document.querySelectorAll('.cell')].map(cell =>
             [...cell.querySelectorAll('.act.optimal')].map(a => Number(a.dataset.action)))"""
    )


def test_values_on_the_page_are_worth_what_they_say(visit, pages) -> None:
    """Problem A by hand at 0.6: stay is worth 1, move 4 * 0.36; per step times 0.4."""
    with visit(pages(), "#gamma=0.6") as seen:
        assert seen.text("#readings-0 li:nth-child(1) .value") == "1"
        assert seen.text("#readings-0 li:nth-child(2) .value") == "1.44"
        seen.page.select_option("#unit-0", "scaled")
        assert seen.text("#readings-0 li:nth-child(2) .value") == "0.576"
        seen.page.select_option("#unit-0", "behind")
        assert seen.text("#readings-0 li:nth-child(1) .value") == "−30.56 %"


def number_of(text: str) -> float:
    """The number of "1.23 × 10⁻⁶" or "0.0123"."""
    digits, _, power = text.replace("\u00a0", " ").partition(" × 10")
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return float(digits) * 10.0 ** int(power.translate(raised) or 0)


def test_the_page_says_how_much_the_best_action_leads_by(visit, pages) -> None:
    """In states of two models at gammas, by the exact functions; the slider says it too."""
    for source, states in (("FrozenLake-v1", (0, 14)), ("CliffWalking-v1", (36, 0))):
        regions = policy_regions(source)
        for state in states:
            for gamma in ("0.1", "0.5", "0.9"):
                with visit(pages(source), f"#state={state}&gamma={gamma}") as seen:
                    found = re.search(r"leads? by (.*) reward units", seen.text("#lead-0"))
                    exact = float(regions.action_gap(state)(gamma))
                    assert number_of(found[1]) == pytest.approx(exact, rel=6e-3)
                    spoken = seen.page.get_attribute("#gamma", "aria-valuetext")
                    assert f"ahead by {found[1]}" in spoken


CURVE = """path => path.getAttribute('d').slice(1).split('L').map(p => p.split(' ').map(Number))"""


def test_the_action_gap_falls_to_0_at_the_breakpoints_of_the_state_alone(visit, pages) -> None:
    """FrozenLake's start: at 0.8088, not at 0.9783, which is another state's; at 1 it ties."""
    with visit(pages("FrozenLake-v1"), "#breakpoint=1") as seen:
        points = seen.page.eval_on_selector("#gap-0 .curve", CURVE)
        line = seen.page.query_selector("#gap-0 .break")
        axis = float(seen.page.get_attribute("#gap-0 .axis", "y1"))
        touching = [x for x, y in points if y == axis]
        own = float(line.get_attribute("x1"))
        middle = [x for x in touching if own - 40 < x < max(touching)]
        assert middle == [pytest.approx(own, abs=0.1)]
        assert points[-1][1] == axis
        dot = seen.page.query_selector("#gap-0 .dot")
        assert float(dot.get_attribute("cx")) == pytest.approx(own, abs=0.1)
        assert float(dot.get_attribute("cy")) == axis
        assert "left and down and right are worth the same" in seen.text("#lead-0")
        seen.page.click("#next")
        seen.settle()
        assert float(dot.get_attribute("cy")) < axis - 20


def test_where_all_actions_are_alike_there_is_no_gap_to_draw(visit, pages) -> None:
    """A hole of FrozenLake: a sentence in place of the chart."""
    with visit(pages("FrozenLake-v1"), "#state=5&gamma=0.5") as seen:
        assert not seen.page.is_visible("#gap-0")
        assert seen.text("#lead-0") == "At γ = 0.5 all actions here are worth the same."
        seen.page.select_option("#state-0", "0")
        assert seen.page.is_visible("#gap-0 svg")


def middle(node) -> float:
    box = node.bounding_box()
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("bar", ["#bar-0", "#state-bar-0"])
def test_planned_and_learned_gammas_stand_on_the_bar(visit, pages, bar: str) -> None:
    """Each mark is at its row's number; there is none in another state."""
    with visit(pages("qdecay/StayOrMove-v0", exact_only=False)) as seen:
        (row,) = json.loads(seen.page.text_content("#comparison"))["rows"]
        box = seen.page.query_selector(bar).bounding_box()
        numbers = (("learned", row["learned"][0]["median"]), ("planned", row["planned"][0]))
        for way, gamma in numbers:
            mark = seen.page.query_selector(f"{bar} .{way}-key")
            assert middle(mark) == pytest.approx(box["x"] + gamma * box["width"], abs=1)
        seen.page.select_option("#state-0", "1")
        assert seen.page.query_selector("#state-bar-0 .learned-key") is None
        assert seen.page.query_selector("#bar-0 .learned-key")  # that of the start


def by_hand(tmp_path: Path, **more) -> Path:
    """FrozenLake's page with a comparison made by hand."""
    row = comparison("FrozenLake-v1", ["1/4", "3/4"], [ten(0.3, 0.09), None], **more)
    chapter = read_chapter(Source("FrozenLake-v1"))
    path = tmp_path / "page.html"
    write_page(path, explorer([replace(chapter, comparison=row, state=row.state)]))
    return path


def test_marks_of_agents_stand_in_the_state_that_was_compared(visit, tmp_path: Path) -> None:
    """Two flips of a state that is not the start: one learned, one not started."""
    page = by_hand(tmp_path, state=6, forecast=(700, 1_234_567))
    with visit(page) as seen:
        assert seen.page.input_value("#state-0") == "6"
        bar = seen.page.query_selector("#state-bar-0").bounding_box()
        (band,) = seen.page.query_selector_all("#state-bar-0 .range")
        (mark,) = seen.page.query_selector_all("#state-bar-0 .learned-key")
        box = band.bounding_box()
        low, high = ((x - bar["x"]) / bar["width"] for x in (box["x"], box["x"] + box["width"]))
        assert low == pytest.approx(share_of(seen, 0.265), abs=2e-3)
        assert high == pytest.approx(share_of(seen, 0.335), abs=2e-3)
        at = bar["x"] + share_of(seen, 0.3) * bar["width"]
        assert middle(mark) == pytest.approx(at, abs=1)
        assert "would take 1,234,567 steps per agent" in seen.text(".compared")
        seen.page.select_option("#state-0", "0")
        assert seen.page.query_selector("#state-bar-0 .range") is None


def test_bars_of_several_problems_keep_their_marks(visit, tmp_path: Path) -> None:
    """They are of the starts, whichever state is looked at below."""
    chapters = [read_chapter(Source(name)) for name in HOMEWORK[:2]]
    rows = [
        comparison(c.source.text, ["1/2"], [ten(0.5, 0.1)], state=c.mdp.start) for c in chapters
    ]
    path = tmp_path / "page.html"
    write_page(
        path, explorer([replace(c, comparison=r) for c, r in zip(chapters, rows, strict=True)])
    )
    with visit(path, "#model=2&state=2") as seen:
        for number in (0, 1):
            assert len(seen.page.query_selector_all(f"#bar-{number} .learned-key")) == 1


def test_what_exploring_agents_aim_at_is_marked(visit, tmp_path: Path) -> None:
    """SARSA's exact gammas are not the bar's: they are dotted."""
    page = by_hand(tmp_path, learner="sarsa", epsilon=Fraction(1, 10))
    with visit(page) as seen:
        bar = seen.page.query_selector("#state-bar-0").bounding_box()
        aims = [middle(aim) for aim in seen.page.query_selector_all("#state-bar-0 .aim")]
        expected = [bar["x"] + share_of(seen, gamma) * bar["width"] for gamma in (0.25, 0.75)]
        assert aims == pytest.approx(expected, abs=2)


def verdict(seen, number: int = 0) -> str:
    """The two sentences; a percent sign is kept with its number."""
    text = seen.text(f"#verdict-{number}")
    assert " %" not in text
    return " ".join(text.replace("\xa0", " ").split())


LEVELS = """svg => svg.querySelector(".curve").getAttribute("d").match(/[\\d.]+/g).map(Number)"""


def test_the_price_is_drawn_on_a_log_axis(visit, pages) -> None:
    """FrozenLake by 100 steps: 0.4466, 0.7298 and 0.7402, from breakpoint to breakpoint."""
    with visit(pages("FrozenLake-v1"), "#gamma=0.9") as seen:
        zero, first, x1, second, x2, third, end = seen.page.eval_on_selector(
            "#earned-0 svg", LEVELS
        )
        assert first > second > third  # downwards
        assert (second - first) / (third - first) == pytest.approx(
            (0.729766 - 0.446599) / (0.740165 - 0.446599), abs=0.01
        )
        shares = [share_of(seen, gamma) for gamma in (0.8087833092, 0.9783164591)]
        assert [(x - zero) / (end - zero) for x in (x1, x2)] == pytest.approx(shares, abs=2e-3)
        dot = seen.page.query_selector("#earned-0 .dot")
        assert float(dot.get_attribute("cy")) == pytest.approx(second, abs=0.1)
        assert "yours 73.0" in seen.page.text_content("#earned-0 .yours >> nth=1")


def test_the_first_sentence_follows_the_slider(visit, pages) -> None:
    """Region by region, at a breakpoint and at 1; spoken too; a click on the curve moves there."""
    own = "With γ = {} planning reaches the goal within 100 steps in {} of episodes."
    best = " With any γ between 0.9784 and 1 it is 74.0 %."
    with visit(pages("FrozenLake-v1")) as seen:
        assert verdict(seen) == own.format("0.9", "73.0 %") + best
        assert seen.text("#figure-yours").replace("\xa0", " ") == "73.0 %"
        assert verdict(seen) in seen.page.get_attribute("#gamma", "aria-valuetext")
        press = seen.page.keyboard.press
        seen.page.focus("#gamma")
        for key, share in (("Home", "0 to 74.4 %"), ("PageUp", "44.7 to 73.0 %")):
            press(key)
            seen.settle()
            gamma = seen.text("#shown-gamma")
            assert verdict(seen) == own.format(gamma, f"{share}, as ties break") + best
        seen.page.click("#to-best")
        seen.settle()
        assert verdict(seen).endswith("in 74.0 % of episodes. No γ gives more.")
        assert seen.page.query_selector_all(".cell.otherwise") == []
        box = seen.page.query_selector("#earned-0 svg").bounding_box()
        seen.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 40)
        seen.settle()
        assert verdict(seen).endswith(best)


def test_the_numbers_of_the_first_screen_are_those_of_the_documents(visit, pages) -> None:
    """FrozenLake 8x8 in every region: the sentence and the figures against the price, to 0.1 %."""
    with visit(pages("FrozenLake8x8-v1"), "#gamma=0") as seen:
        price = json.loads(seen.page.text_content("#price-0"))
        top = max(region["worst"]["value"] for region in price["regions"])
        shown = seen.page.locator(".figures dd").all_inner_texts()[1:]
        numbers = [float(text.split()[0]) / 100 for text in shown]
        assert numbers == pytest.approx([top, price["optimum"]["value"]], abs=5e-4)
        for number, region in enumerate(price["regions"]):
            seen.page.press("#gamma", "ArrowRight")
            seen.settle()
            assert f"region {number + 1} of" in seen.text("#where").replace("\xa0", " ")
            share = re.search(r"in ([\d.]+) % of episodes", verdict(seen))[1]
            assert float(share) / 100 == pytest.approx(region["worst"]["value"], abs=5e-4)
            assert seen.text("#figure-yours").startswith(share)
            seen.page.click("#next")


def test_states_that_the_best_gamma_changes_are_framed(visit, pages) -> None:
    """At 0.9 on 8x8: those whose sets differ from the best region's, and their number in words."""
    with visit(pages("FrozenLake8x8-v1")) as seen:
        regions = json.loads(seen.page.text_content("#regions-0"))
        (top,) = json.loads(seen.page.text_content("#price-0"))["best_regions"]
        points = [float(point["decimal"]) for point in regions["breakpoints"]]
        here = regions["regions"][sum(point < 0.9 for point in points)]["optimal_actions"]
        there = regions["regions"][top]["optimal_actions"]
        expected = [s for s in range(64) if here[s] != there[s]]
        cells = seen.page.query_selector_all(".cell")
        framed = [s for s in range(64) if "otherwise" in cells[s].get_attribute("class")]
        assert framed == expected
        free = sum(len(best) < 4 for best in there)
        assert seen.text("#otherwise-0").startswith(f"In {len(expected)} of {free} states")


def test_a_problem_opens_with_words_equation_and_answer(visit, pages) -> None:
    """The homework at 0.9: what is asked, the number at the crossing, the form, and one's own."""
    with visit(pages(exact_only=False)) as seen:
        assert seen.text("#shown-gamma") == "0.9"
        told = [node.inner_text() for node in seen.page.query_selector_all(".question")]
        assert told == [
            "1 now, or 4 two steps later", "1 after one step, or 3 after two",
            "1 now, or 6 three steps later", "1 now, or 110 after 99 steps",
        ]  # fmt: skip
        equations = seen.page.locator(".equation math").all_text_contents()
        assert [text.replace("⁢", "") for text in equations] == [
            "1=4γ2", "γ=3γ2", "1=6γ3", "1=110γ99"
        ]  # fmt: skip
        crossings = seen.page.locator(".problem .crossing").all_inner_texts()
        assert crossings == ["0.5", "0.333333…", "0.550321…", "0.953629…"]
        forms = seen.page.locator(".answer .gamma math").all_text_contents()
        assert forms == ["1/2", "1/3", "6−1/3", "110−1/99"]
        for number, gammas in enumerate((0.5, 1 / 3, 6 ** (-1 / 3), 110 ** (-1 / 99))):
            box = seen.page.query_selector(f"#bar-{number}").bounding_box()
            mark = seen.page.query_selector(f"#bar-{number} .mark")
            assert middle(mark) == pytest.approx(box["x"] + gammas * box["width"], abs=1)
        marks = seen.page.locator(".marks").all_inner_texts()
        assert [text.split() for text in marks] == [["✓", "planned", "✓", "learned"]] * 4
        for button, choices in (
            ("γ = 0", ["stay", "left or right", "stay", "stay"]),
            ("γ = 1", ["move", "right", "move", "move"]),
        ):
            seen.page.click(f"text='{button}'")
            seen.settle()
            assert [seen.text(f"#choice-{i}") for i in range(4)] == choices


def test_waiting_is_told_in_words(visit, pages) -> None:
    """6 x 0.9^3 = 4.374 against 1 now; at 0 the other way round; and a general model."""
    with visit(pages("qdecay/ShortDelay-v0"), "#gamma=0.9") as seen:
        assert seen.text("#sentence-0") == (
            "Waiting 3 steps for 6 is worth 6 × 0.9³ = 4.374; 1 now is worth 1: move."
        )
        seen.page.click("text='γ = 0'")
        seen.settle()
        assert seen.text("#sentence-0").startswith("1 now is worth 1; waiting 3 steps for 6")
    with visit(pages("FrozenLake-v1"), "#gamma=0.9") as seen:
        assert seen.text("#sentence-0") == (
            "At γ = 0.9 the best action here is left, worth 0.06889; "
            "next comes down or right, worth 0.06665."
        )


def test_a_page_never_opens_on_a_tie(visit, pages, tmp_path: Path) -> None:
    """9 now or 10 next tie at 0.9: the page opens right of it."""
    path = tmp_path / "tie.json"
    layout = {"schema": "qdecay.layout/1", "near": ["a", [9]], "far": ["b", [0, 10]]}
    path.write_text(json.dumps(layout))
    with visit(pages(str(path))) as seen:
        assert 0.9 < float(seen.text("#shown-gamma")) < 0.95
        assert seen.text("#choice-0") == "b"


def test_taxi_opens_at_a_state_in_which_episodes_begin(visit, pages) -> None:
    """Not with the passenger at the destination."""
    with visit(pages("Taxi-v4")) as seen:
        state = int(seen.page.input_value("#state-0"))
        assert MDP.from_env(gym.make("Taxi-v4")).starts[state] > 0


def test_what_changes_is_always_in_view(visit, pages) -> None:
    """FrozenLake's breakpoints: no column is cut off, on a screen or on a phone."""
    for viewport in (DESKTOP, PHONE):
        with visit(pages("FrozenLake-v1"), viewport=viewport) as seen:
            edge = viewport["width"]
            for cell in seen.page.query_selector_all(".breakpoints td"):
                box = cell.bounding_box()
                assert box["x"] >= 0 and box["x"] + box["width"] <= edge
            wider = "node => node.scrollWidth - node.clientWidth"
            holder = seen.page.query_selector(".scroll:has(.breakpoints)")
            assert holder.evaluate(wider) <= 0


@pytest.mark.parametrize("width", [390, 760, 780, 900, 1280])
def test_a_board_of_eight_columns_fits(visit, pages, width) -> None:
    """Beside a scrollbar of 15 px too, as desktops have; a headless browser has none."""
    with visit(pages("FrozenLake8x8-v1"), viewport={**DESKTOP, "width": width}) as seen:
        seen.page.add_style_tag(content="html { width: calc(100vw - 15px) }")
        wider = "node => node.parentElement.scrollWidth - node.parentElement.clientWidth"
        assert seen.page.locator(".world .board").first.evaluate(wider) <= 0
        assert seen.page.locator(".world .cell").first.bounding_box()["width"] >= 24


def test_what_loses_for_ever_stands_below_all_numbers(visit, pages, tmp_path: Path) -> None:
    """-1 a step for ever, or -3 once: below 2/3 the first is optimal and never ends."""
    path = tmp_path / "tempting.json"
    rows = [[0, 0, 0, 1, -1, False], [0, 1, 0, 1, -3, True]]
    model = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 2, "start": 0,
             "transitions": rows}  # fmt: skip
    path.write_text(json.dumps(model))
    with visit(pages(str(path)), "#gamma=0.5") as seen:
        assert verdict(seen).startswith("With γ = 0.5 planning loses for ever. With any γ ")
        assert verdict(seen).endswith("and 1 it earns −3.")
        _, lost, _, level, _ = seen.page.eval_on_selector("#earned-0 svg", LEVELS)
        words = seen.page.query_selector("#earned-0 text:has-text('loses for ever')")
        assert level < float(words.get_attribute("y")) < lost
        dot = seen.page.query_selector("#earned-0 .dot")
        assert float(dot.get_attribute("cy")) == lost


def test_curves_that_coincide_are_shown_behind_the_best_until_somebody_chooses(
    visit, pages
) -> None:
    """FrozenLake's start: values within 4 % of their range; a choice of the reader's is kept."""
    with visit(pages("FrozenLake-v1"), "#gamma=0.9") as seen:
        assert seen.page.input_value("#unit-0") == "behind"
        seen.page.select_option("#unit-0", "value")
        seen.page.select_option("#state-0", "1")
        assert seen.page.input_value("#unit-0") == "value"


def test_long_polynomials_open(visit, pages) -> None:
    """FrozenLake 8x8's first is of degree 36: its coefficients are those of the document."""
    with visit(pages("FrozenLake8x8-v1")) as seen:
        seen.page.click("summary")
        shown = seen.text("details .long")
        first = json.loads(seen.page.text_content("#regions-0"))["breakpoints"][0]["polynomial"]
        terms = re.findall(r"([−+]?) ?(\d+)(?: γ\d*)?", shown.removesuffix("= 0"))
        found = [int(sign.replace("−", "-") + digits) for sign, digits in terms]
        assert found == [c for c in reversed(first) if c]


@pytest.mark.parametrize("source", ["Taxi-v4", "FrozenLake8x8-v1"])
def test_pages_of_large_models_stay_small(pages, source) -> None:
    """Below 10 MB, so that a page can be sent and opened anywhere."""
    assert pages(source).stat().st_size < 10e6


def test_taxi_shows_the_board_of_the_chosen_state(visit, pages) -> None:
    """State 7 is passenger at green, to blue; choosing it shows that board, with 25 cells."""
    with visit(pages("Taxi-v4")) as seen:
        seen.page.select_option("#state-0", "7")
        chosen = seen.page.eval_on_selector("#layer-0", "list => list.selectedOptions[0].text")
        assert chosen == "passenger at green, to blue"
        assert len(seen.page.query_selector_all(".cell")) == 25
        assert seen.page.eval_on_selector("#state-0", "list => list.selectedOptions[0].text") == (
            "row 1, column 1, passenger at green, to blue"
        )


def test_a_grid_world_is_its_map(visit, pages) -> None:
    """Twelve cells as they are typed; the wall cannot be chosen, an end says that all is alike."""
    with visit(pages("qdecay/AIMA4x3-v0"), "#gamma=0.95") as seen:
        cells = seen.page.query_selector_all(".cell")
        assert [cell.get_attribute("data-mark") for cell in cells] == [
            *("", "", "", "+1"), *("", "", "", "−1"), *("start", "", "", "")
        ]  # fmt: skip
        assert [i for i, cell in enumerate(cells) if cell.is_disabled()] == [5]
        assert cells[3].get_attribute("aria-label") == "+1, (4, 3): all actions alike"
        assert cells[6].get_attribute("aria-label").startswith("(3, 2): up")
        cells[6].click()
        assert seen.page.eval_on_selector("#state-0", "l => l.selectedOptions[0].text") == "(3, 2)"
        seen.page.set_viewport_size({"width": 360, "height": 700})
        shown = cells[3].query_selector(".mark")
        assert shown is not None and shown.get_attribute("data-short") == "+1"


def test_names_never_run(visit, pages, tmp_path: Path) -> None:
    """Script injection through every name: no dialog, no image, the names as written."""
    names = ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "日本語 & 'x'"]
    rows = [
        [0, 0, 1, 1, 1, False],
        [1, 0, 2, 1, 0, False],
        [2, 0, 2, 1, 2, True],
        [0, 1, 0, 1, 1, True],
    ]
    model = {"schema": "qdecay.mdp/1", "n_states": 3, "n_actions": 2, "start": 0,
             "state_names": names, "action_names": names[:2], "transitions": rows}  # fmt: skip
    path = tmp_path / "<img src=x onerror=alert(2)>.json"
    path.write_text(json.dumps(model))
    with visit(pages(str(path)), "#gamma=0.9") as seen:
        for key in ("PageUp", "ArrowRight", "End"):
            seen.page.press("#gamma", key)
        seen.page.select_option("#state-0", "2")
        seen.settle()
        assert seen.page.query_selector_all("img") == []
        chosen = seen.page.eval_on_selector("#state-0", "list => list.selectedOptions[0].text")
        assert chosen == names[2]
        assert names[0] in seen.text("#moves-0")
        assert seen.text("h1") == path.name


@pytest.mark.parametrize("name", ["regions-0", "price-0"])
def test_the_documents_can_be_saved(visit, pages, tmp_path: Path, name: str) -> None:
    """The button hands out the embedded document."""
    with visit(pages("FrozenLake-v1")) as seen:
        with seen.page.expect_download() as download:
            seen.page.click(f"button[data-document={name}]")
        download.value.save_as(tmp_path / "saved.json")
        assert json.loads((tmp_path / "saved.json").read_text()) == json.loads(
            seen.page.text_content(f"#{name}")
        )


@pytest.mark.parametrize(
    "source", [None, "FrozenLake8x8-v1", "Taxi-v4", "qdecay/DiscountingChain-v0"]
)
def test_nothing_runs_off_a_phone(visit, pages, source) -> None:
    """No sideways scrolling, on narrow and wide screens alike; text is at least 11 pixels."""
    for viewport in (PHONE, {"width": 320, "height": 640}, DESKTOP):
        with visit(pages(source), viewport=viewport) as seen:
            overhang = "document.documentElement.scrollWidth - innerWidth"
            assert seen.page.evaluate(overhang) <= 0
            assert seen.page.evaluate(SMALLEST_TEXT) >= 10.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("source", "exact_only", "fragment"),
    [
        (None, True, "#breakpoint=1"),
        ("qdecay/StayOrMove-v0", False, "#gamma=0.7"),
        ("qdecay/RiverSwim-v0", False, "#breakpoint=2"),
        ("FrozenLake8x8-v1", True, "#gamma=0.95"),
        ("Taxi-v4", True, ""),
        ("qdecay/NChain-v0", True, "#breakpoint=2"),
        ("qdecay/DiscountingChain-v0", True, ""),
    ],
)
def test_axe_finds_no_fault(visit, pages, scheme, source, exact_only, fragment) -> None:
    """Accessibility rules of axe-core, contrast among them, in light and dark."""
    with visit(pages(source, exact_only), fragment, color_scheme=scheme) as seen:
        assert faults(seen.page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_no_fault_in_the_gallery(chromium, tmp_path: Path, scheme) -> None:
    """The index of cards, with and without pages."""
    from qdecay.reporting.gallery import write_gallery

    write_gallery(tmp_path / "g", ["qdecay/NChain-v0", "CartPole-v1", "FrozenLake-v1"])
    with chromium.new_context(color_scheme=scheme) as session:
        page = session.new_page()
        page.goto((tmp_path / "g" / "index.html").as_uri())
        assert faults(page) == []
        page.click("text=N chain")
        assert page.inner_text("h1") == "N chain"


@pytest.mark.parametrize("reward", ["700000000000", "7e-9", "1234567", "0.00012345"])
def test_no_number_of_an_axis_is_cut(visit, pages, tmp_path, reward: str) -> None:
    """Large and small rewards: each label stands inside the drawing, and reads as its value."""
    path = tmp_path / "reward.json"
    path.write_text(
        json.dumps(
            {"schema": "qdecay.layout/1", "near": ["a", [0, 0]], "far": ["b", [0, 0, reward]]}
        )
    )
    with visit(pages(str(path))) as seen:
        left = seen.page.query_selector("#chart-0 svg").bounding_box()["x"]
        labels = seen.page.query_selector_all("#chart-0 svg text[text-anchor=end]:not(.label)")
        assert min(label.bounding_box()["x"] for label in labels) >= left
        values = [float(label.text_content().replace("−", "-")) for label in labels]
        assert max(values) >= float(reward) / 2


def test_long_names_beside_a_bar_keep_apart(visit, pages, tmp_path) -> None:
    """On a phone both fit the page, and both ends of each can be read."""
    one, two = (f"take the corridor behind the left-hand door to room {k}" for k in (1, 2))
    path = tmp_path / "long.json"
    document = {"schema": "qdecay.layout/1", "near": [one, [1]], "far": [two, [0, 0, 4]]}
    path.write_text(json.dumps(document))
    with visit(pages(str(path)), viewport=PHONE) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        first, last = seen.page.query_selector_all("#bar-0 .beyond")
        assert first.text_content().startswith("take") and first.text_content().endswith("1")
        left, right = first.bounding_box(), last.bounding_box()
        assert left["x"] + left["width"] <= right["x"]


def test_the_eighth_action_does_not_look_like_the_first(visit, pages, tmp_path) -> None:
    """Their colour is the same; from the eighth on there are marks on it."""
    path = tmp_path / "many.json"
    branches = [[f"way {k}", [0] * k + [2**k]] for k in range(9)]
    path.write_text(json.dumps({"schema": "qdecay.layout/1", "branches": branches}))
    with visit(pages(str(path))) as seen:
        keys = seen.page.query_selector_all("#readings-0 .key")
        looks = [key.evaluate("key => getComputedStyle(key).background") for key in keys]
        assert len(set(looks)) == len(keys) == 9
        assert all("gradient" not in look for look in looks[:7])
        assert all("radial-gradient" in look for look in looks[7:])
