"""The page of brackets: bars drawn to scale, tables, documents; nothing a name can break."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from shell import check_refused, run

from qdecay import NearTie
from qdecay.model.source import Source
from qdecay.reporting.certified_page import WIDTH, CertifiedPage, read_certified_page


@pytest.fixture(scope="module")
def lake() -> CertifiedPage:
    return read_certified_page(Source("FrozenLake-v1"))


def document(page: str, name: str) -> dict:
    (text,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    found: dict = json.loads(text)
    return found


def test_bars_are_to_scale(lake: CertifiedPage) -> None:
    """The axis is -log10(1 - gamma): equal factors of 1 - gamma are equally far apart."""
    first, *_ = lake.bars()
    (left, right, text), (bracket, _) = first.brackets[0], lake.regions.brackets
    middle = float(bracket.lower + bracket.upper) / 2
    unit = lake.place(Fraction(9, 10))
    assert (left + right) / 2 == pytest.approx(-math.log10(1 - middle) * unit, abs=0.01)
    assert right - left == pytest.approx(2)  # narrower could not be seen
    assert text == f"{bracket.shown()}: one breakpoint"
    assert lake.place(Fraction(99, 100)) == pytest.approx(2 * unit)
    assert [s.text for s in first.segments] == ["down or right", "left"]
    assert first.segments[0].left == 0 and first.segments[-1].right == pytest.approx(WIDTH)


def test_a_wide_bracket_is_a_tick_of_its_width(lake: CertifiedPage) -> None:
    """From 0.75 to 0.9 it is log10(0.25 / 0.1) of a decade wide."""
    first, *others = lake.regions.brackets
    wide = replace(first, lower=Fraction("0.75"), upper=Fraction("0.9"))
    page = replace(lake, regions=replace(lake.regions, brackets=(wide, *others)))
    left, right, _ = page.bars()[0].brackets[0]
    assert right == page.place(wide.upper)
    assert right - left == pytest.approx(math.log10(2.5) * right)


def test_near_ties_are_shaded_and_listed(lake: CertifiedPage) -> None:
    tie = NearTie(0, (1, 2), Fraction(1, 10), Fraction(1, 2))
    page = replace(lake, regions=replace(lake.regions, near_ties=(tie,)))
    assert page.bars()[0].ties == [(page.place(tie.lower), page.place(tie.upper), "down or right")]
    text = page.html()
    assert "near tie: down or right" in text
    assert "<td>down or right</td><td>0.1000000000</td><td>0.5000000000</td>" in text
    assert "Not proven: which actions are optimal in near ties." in re.sub(
        r"Not proven: how often[^;]*; w", "Not proven: w", text
    )


def test_the_page_holds_what_the_commands_print(capsys, monkeypatch, tmp_path: Path) -> None:
    """Regions and price as documents; the method is named; there is no script and no request."""
    path = tmp_path / "lake.html"
    words = ("report", "FrozenLake-v1", "--method", "certified", "-o", str(path))
    code, out, err = run(capsys, monkeypatch, *words)
    assert (code, err) == (0, "") and out.startswith(str(path))
    page = path.read_text(encoding="utf-8")
    for name, command in (
        ("regions-0", "regions --certified"),
        ("price-0", "price --method certified"),
    ):
        first, *others = command.split()
        printed = run(capsys, monkeypatch, first, "FrozenLake-v1", *others, "--json")[1]
        assert document(page, name) == json.loads(printed)
    assert "by the certified method" in page
    assert "0.9783164591(3)" in page and "one breakpoint" in page
    assert not re.search(r"<script(?! type=.application/json)|https?://(?!www\.w3)|src=", page)


def test_what_a_gamma_earns_may_be_unknown(tmp_path: Path) -> None:
    """Without a start: the page says why."""
    rows = [[0, 0, 0, 1, 1, True], [0, 1, 1, 1, 0, False], [1, 0, 1, 1, 2, True]]
    path = tmp_path / "<b>.json"
    about = {"schema": "qdecay.mdp/1", "n_states": 2, "n_actions": 2}
    names = {"state_names": ["<i>a</i>", "b"], "action_names": ["<u>x</u>", "y"]}
    path.write_text(json.dumps({**about, **names, "transitions": rows}))
    page = read_certified_page(Source(str(path))).html()
    assert "not known: the model has no start state" in page
    assert "&lt;i&gt;a&lt;/i&gt;" in page and "&lt;u&gt;x&lt;/u&gt;" in page
    for tag in ("<i>a", "<u>x", "<b>.json"):
        assert tag not in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "numeric"], "--method must be one of exact, certified"),
        (["--over", "success_rate=1/3..1"], "--over cannot be combined with --method certified"),
        (["--learner", "sarsa"], "--learner cannot be combined with --method certified"),
        (["--state", "99"], "--state"),
    ],
)
def test_wrong_options_are_one_line(capsys, monkeypatch, tmp_path, words, message) -> None:
    method = [] if "--method" in words else ["--method", "certified"]
    check_refused(
        capsys, monkeypatch, tmp_path, ["report", "FrozenLake-v1", *method, *words], message
    )
    check_refused(
        capsys, monkeypatch, tmp_path, ["report", "--method", "certified"], "requires SOURCE"
    )
