"""What pages and plots say of a comparison, whatever the model, the state and the learner."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from comparisons import LEFT, comparison, learned, ten
from shell import run

from qdecay import policy_regions
from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.source import Source
from qdecay.reporting.chapter import Chapter, read_chapter
from qdecay.reporting.figures import nice_ticks, thresholds_plot
from qdecay.reporting.page import explorer
from qdecay.reporting.plots.model import panels_of
from qdecay.reporting.plots.thresholds import save_comparison
from qdecay.reporting.thresholds import held_against, shown_flips

LAKE = "FrozenLake-v1"
NAMES = ["left", "down", "right", "up"]


@pytest.fixture(scope="module")
def lake() -> Chapter:
    return read_chapter(Source(LAKE))


def table(page: str) -> list[list[str]]:
    """The rows of the table of thresholds, cell by cell."""
    (found,) = re.findall(r'<table class="compared">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in cells]


def test_every_flip_has_its_row(lake: Chapter) -> None:
    """Of three flips one was learned, one was not started, one could not be tried at all."""
    row = comparison(
        LAKE,
        ["1/4", "1/2", "3/4"],
        [ten(0.26, 0.009), None, None],
        planned=(0.25, None, 0.75),
        planned_errors=(1e-12, None, 2e-6),
        forecast=(700, 123_456_789, None),
        sides=((frozenset({1, 2}), LEFT), (LEFT, frozenset({3})), (frozenset({3}), LEFT)),
        unsettled=("0.5: takes too long", "0.75: ties"),
    )
    page = explorer([replace(lake, comparison=row)])
    assert table(page) == [
        [
            "down or right → left",
            "0.25",
            "0.25",
            "0.26000",
            "0.25650 to 0.26350 95 % interval, 10 seeds",
            "7,000",
        ],
        ["left → up", "0.5", "open", "not started: would take 123,456,789 steps per agent"],
        ["up → left", "0.75", "0.75 ± 2e−06", "not trained"],
    ]
    assert "<strong>undecided</strong>" in page
    assert "<li>0.5: takes too long</li>" in page
    assert page.count('id="thresholds-0-') == 1  # one of them can be drawn
    assert ">P(left)<" in page


def test_agents_that_chance_does_not_move_have_a_range(lake: Chapter) -> None:
    row = comparison(LAKE, ["1/2"], [learned([0.4999999, 0.5, 0.5000001], noisy=False)])
    page = explorer([replace(lake, comparison=row)])
    ((_, _, _, median, range_, _),) = table(page)
    assert median == "0.5"
    assert range_ == "0.500000 range of 3 seeds"


def test_a_state_other_than_the_start_is_named(lake: Chapter) -> None:
    """In the words of the page, which knows rows and columns."""
    row = comparison(LAKE, ["1/2"], [ten(0.5, 0.01)], state=6)
    page = explorer([replace(lake, comparison=row, state=6)])
    assert "In state row 2, column 3: exact" in page
    assert '"state":6' in page


def test_what_sarsa_is_held_against_is_said(lake: Chapter) -> None:
    row = comparison(LAKE, ["1/2"], [ten(0.5, 0.01)], learner="sarsa", epsilon=Fraction(1, 10))
    page = explorer([replace(lake, comparison=row)])
    assert "SARSA learns the values of the policy that it follows" in page
    assert "explores with probability 1/10" in page
    assert held_against(replace(row, epsilon=None)) is None


def test_a_state_whose_choice_never_changes_says_so(lake: Chapter) -> None:
    page = explorer([replace(lake, comparison=comparison(LAKE, [], []))])
    assert "Its best actions are the same at every γ, so nothing flips." in page
    assert 'class="compared"' not in page


WINDOWS = [
    # exact, the agents, and the widest and narrowest window that shows them
    ("1/2", ten(0.5, 0.01), 0.05, 0.05),
    ("1/2", ten(0.5, 0.2), 0.4, 0.5),
    ("1/2", ten(0.9, 0.01), 0.7, 0.9),  # a learner that is wrong
    ("999/1000", ten(0.999, 1e-5), 0.00099, 0.00101),
    ("1/100", ten(0.01, 0.001), 0.03, 0.04),
    ("1/2", learned([0.5] * 3, noisy=False), 0.05, 0.05),
]


@pytest.mark.parametrize(("exact", "agents", "least", "most"), WINDOWS)
def test_the_window_shows_all_that_is_known(exact: str, agents, least: float, most: float) -> None:
    """The exact gamma, every agent and the interval, with room on both sides, however narrow."""
    (flip,) = shown_flips(comparison(LAKE, [exact], [agents]))
    low, high = flip.window()
    assert low >= 0 and high <= 1
    assert least - 1e-9 <= high - low <= most + 1e-9
    seen = [float(Fraction(exact)), *agents.flips, *(agents.interval or ())]
    assert (low == 0 or low < min(seen)) and max(seen) < high
    ticks = nice_ticks(low, high)
    assert 3 <= len(ticks) <= 7
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)


def test_the_plot_of_a_flip_has_it_where_it_is() -> None:
    """Pixels against gammas by hand: 0.46 is the left end of the window, 0.51 is at its middle."""
    (flip,) = shown_flips(comparison(LAKE, ["1/2"], [ten(0.52, 0.018)]))
    low, high = flip.window()
    plot = thresholds_plot("title", flip, ["stay", "move"])
    assert plot.y_label == "P(move)"
    width = 560 - 80 - 16

    def gamma(x: float) -> float:
        return low + (x - 80) / width * (high - low)

    ((x, _), _) = plot.rules[0].points
    assert gamma(x) == pytest.approx(0.5, abs=1e-9)
    assert [gamma(x) for x, _ in plot.dots[0].points] == pytest.approx(flip.learned.flips)
    heights = [y for _, y in plot.dots[0].points]
    assert heights == sorted(heights, reverse=True)  # a larger share is higher up
    assert plot.band is not None
    ends = (gamma(plot.band.left), gamma(plot.band.right))
    assert ends == pytest.approx(flip.learned.interval)


def test_the_chance_is_that_of_what_enters() -> None:
    """Only what is best right alone tells the sides apart; where nothing enters, what stays."""
    cases = [
        ((frozenset({1, 2}), LEFT), "P(left)"),
        ((LEFT, frozenset({0, 3, 1})), "P(down or up)"),
        ((frozenset({0, 2}), LEFT), "P(left)"),
    ]
    for sides, label in cases:
        (flip,) = shown_flips(comparison(LAKE, ["1/2"], [None], sides=(sides,)))
        assert flip.chance(NAMES) == label


def test_saved_comparisons_have_a_panel_for_each_learned_threshold(tmp_path: Path) -> None:
    """Names where they are known, numbers else; dashed lines for exact and predicted gammas."""
    two = comparison("two", ["1/4", "1/2"], [ten(0.25, 0.01), None])
    long = AlgebraicNumber.of(Fraction(123_456_789, 200_000_000))
    walked = comparison("walked", ["1/2"], [ten(0.6, 0.01)], predicted=(long,))
    seen = comparison("no table", [], [ten(0.7, 0.01)], sides=(), planned=(), planned_errors=())
    path = tmp_path / "rows.svg"
    save_comparison([two, walked, seen], path, [["a", "b"], ["c", "$x$"], []])
    text = path.read_text()
    for label in (
        "two",
        "P(b)",
        "P($x$)",
        "predicted: 0.617284",
        "P(right of the flip)",
        "exact: 1/4 = 0.25",
    ):
        assert f">{label}<" in text, label
    assert text.count("exact: 1/2 = 0.5") == 1
    save_comparison([two], path)
    assert ">P(action 1)<" in path.read_text()
    with pytest.raises(InputError, match="no learned threshold"):
        save_comparison([comparison("none", ["1/2"], [None])], path)


def test_a_plot_of_what_was_not_started_says_what_it_would_take(lake: Chapter, tmp_path) -> None:
    row = comparison(LAKE, ["1/2"], [None], unsettled=("0.5: takes 9,999 steps",))
    with pytest.raises(InputError, match="0.5: takes 9,999 steps"):
        panels_of([replace(lake, comparison=row)], ["thresholds"])


def test_report_trains_agents_for_any_model_as_far_as_its_budget_goes(
    capsys, monkeypatch, tmp_path: Path
) -> None:
    """One step is too few for FrozenLake; what it would take is on the page and in the document."""
    page = tmp_path / "page.html"
    command = ("report", LAKE, "-o", str(page), "--max-steps", "1")
    assert run(capsys, monkeypatch, *command)[0] == 0
    text = page.read_text()
    (cells,) = table(text)
    steps = re.fullmatch(r"not started: would take ([\d,]+) steps per agent", cells[3])
    assert steps is not None
    document = re.search(r'id="comparison">(.*?)</script>', text)
    assert document is not None
    (row,) = json.loads(document[1])["rows"]
    assert (row["learned"], row["verdict"]) == ([None], "undecided")
    assert row["forecast"] == [int(steps[1].replace(",", ""))]


def test_report_trains_the_learner_that_is_named(capsys, monkeypatch, tmp_path: Path) -> None:
    """SARSA on problem A: beyond the start there is nothing to choose, so 1/2 stays; or nobody."""
    page = tmp_path / "page.html"
    command = ("report", "qdecay/StayOrMove-v0", "-o", str(page), "--learner", "sarsa")
    assert run(capsys, monkeypatch, *command)[0] == 0
    text = page.read_text()
    assert "by agents that SARSA trained" in text
    assert "explores with probability 1/10" in text
    assert table(text)[0][1] == "0.5"
    path = str(tmp_path / "x.svg")
    command = ("plot", "qdecay/StayOrMove-v0", "-o", path, "--what", "thresholds")
    code, _, err = run(capsys, monkeypatch, *command, "--learner", "nobody")
    assert (code, err.count("\n")) == (2, 1)
    assert "no such learner" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("report", "--state", "1", "-o", "x.html"), "--state requires SOURCE"),
        (("plot", LAKE, "--state", "99", "-o", "x.svg"), "--state must be from 0 to 15, got 99"),
    ],
)
def test_states_that_make_no_sense(capsys, monkeypatch, tmp_path, arguments, expected) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert list(tmp_path.iterdir()) == []


def test_thresholds_of_any_state_are_drawn(capsys, monkeypatch, tmp_path: Path) -> None:
    """RiverSwim's second state, which is not its start and changes elsewhere."""
    path = tmp_path / "river.svg"
    words = ("--what", "thresholds", "--what", "gap", "--state", "1", "--seeds", "11")
    code, _, err = run(capsys, monkeypatch, "plot", "qdecay/RiverSwim-v0", *words, "-o", str(path))
    assert (code, err) == (0, "")
    text = path.read_text()
    assert ">P(right)<" in text
    gammas = policy_regions("qdecay/RiverSwim-v0").breakpoints
    (own,) = [point.gamma for point in gammas if 1 in point.changes]
    assert f">exact: {own.decimal(6)}<" in text
