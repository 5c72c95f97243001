"""Every plot: nothing cut off or covered, and what it draws is what the result's document says."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparisons import comparison, ten
from matplotlib.colors import to_hex
from models import TAXI
from plot_checks import faults
from questions import patient, simulated

import qdecay
from qdecay import MDP, AlgebraicNumber
from qdecay.errors import InputError
from qdecay.learning.result import LearningResult
from qdecay.model.info import ModelInfo
from qdecay.model.source import Source
from qdecay.planning.regions import NumericChange, NumericRegions, Sides
from qdecay.reporting import colours
from qdecay.reporting.chapter import read_chapter
from qdecay.reporting.plots.axes import LOG_AXIS, gamma_axis, place
from qdecay.reporting.plots.draw import draw
from qdecay.reporting.plots.figure import Panel, panels_figure
from qdecay.reporting.plots.probe import save_profile
from qdecay.reporting.plots.style import filling, line_style, new_figure
from qdecay.reporting.plots.thresholds import draw_threshold, trained
from qdecay.reporting.plots.undertrained import draw_undertrained
from qdecay.reporting.plots.values import action_values, draw_values
from qdecay.reporting.plots.words import cut, number_text, width_of, wrapped
from qdecay_envs import DelayMenuEnv

LAKE, LONG, RIVER = "FrozenLake-v1", "qdecay/LongDelay-v0", "qdecay/RiverSwim-v0"
MEAN = 'a $x_1$ & <b>"_^{2}\\frac%'  # a name that is a formula, markup and a text at once


def nasty() -> MDP:
    """A choice of three whose every name is hostile to matplotlib."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 4, True)]
    rows += [(0, 2, 2, 1, 0, False), (2, 0, 1, 1, 0, False)]
    return MDP.from_rows(
        [*rows, (1, 1, 1, 1, 4, True), (1, 2, 1, 1, 4, True)],
        n_states=3,
        n_actions=3,
        start=0,
        state_names=[MEAN, "$", "\\"],
        action_names=[MEAN, "$$", "__"],
    )


def run(name: str, n_states: int, n_actions: int) -> LearningResult:
    """A run of 500 episodes whose returns rise from 0 to 1."""
    q = np.arange(n_states * n_actions, dtype=float).reshape(n_states, n_actions) % 5
    returns, lengths = np.linspace(0, 1, 500), np.full(500, 3)
    visits = np.ones((n_states, n_actions), dtype=np.int64)
    info = ModelInfo(name)
    return LearningResult("q_learning", 0.9, 0, q, visits, returns, lengths, 1500, info=info)


CHANGE = NumericChange(0.6143009, 0.614301, {0: Sides((0,), (1,))})


def menu(*gammas: str) -> DelayMenuEnv:
    """A choice between many rewards, which have long names."""
    return DelayMenuEnv.with_break_evens(gammas)


@cache
def result(name: str) -> Any:
    """A result of each kind."""
    if name.startswith("regions "):
        return qdecay.policy_regions(name.split()[1])
    world = qdecay.ModelLine.of(
        lambda x: qdecay.as_mdp("qdecay/NChain-v0", large=x), low="0", high="20", name="large"
    )
    made: dict[str, Callable[[], Any]] = {
        "menu": lambda: qdecay.policy_regions(menu("1/2", "9/10", "0.99", "0.999", "0.999999")),
        "close": lambda: qdecay.policy_regions(menu("0.61", "0.64", "0.645", "0.7", "0.9")),
        "long menu": lambda: qdecay.policy_regions(menu(*(f"{k}/12" for k in range(1, 12)))),
        "certified": lambda: qdecay.certified_policy_regions(RIVER),
        "numeric": lambda: NumericRegions(
            20, 0.999, 30, 1e-9, (), (CHANGE,), info=ModelInfo(RIVER, 0)
        ),
        "line": lambda: qdecay.policy_regions(world, gamma="9/10"),
        "map": lambda: qdecay.policy_map(world, columns=0, fineness="1/16"),
        "price": lambda: qdecay.price(result(f"regions {LAKE}").mdp, "steps:100"),
        "long price": lambda: qdecay.price(LONG),
        "line price": lambda: qdecay.price(world, gamma="9/10", truth="qdecay/NChain-v0"),
        "comparison": lambda: comparison(LAKE, ["1/4", "0.99"], [ten(0.26, 0.009), None]),
        "comparisons": lambda: [comparison(s, ["1/2"], [ten(0.5, 0.1)]) for s in (LAKE, RIVER)],
        "no comparison": lambda: comparison(LAKE, [], []),
        "run": lambda: run(RIVER, 6, 2),
        "no run": lambda: replace(run(RIVER, 60, 2), returns=np.array([]), lengths=np.array([])),
        "deep sweep": lambda: qdecay.value_over_gammas(LONG, 1 - np.logspace(-0.5, -5, 40)),
        "nasty": lambda: qdecay.policy_regions(nasty()),
        "nasty price": lambda: qdecay.price(nasty()),
        "nasty run": lambda: replace(run(MEAN, 3, 3), info=result("nasty").info),
        "nasty comparison": lambda: comparison(MEAN, ["1/2"], [ten(0.5, 0.1)]),
        "nasty sweep": lambda: replace(result("deep sweep"), info=result("nasty").info),
    }
    return made[name]()


QUICK = [f"regions {LAKE}", "numeric", "comparison", "no comparison", "run", "no run"]
QUICK += ["menu", "nasty", "nasty run", "nasty comparison"]
SLOW = [f"regions {LONG}", "certified", "map", "price", "long price", "line price", "comparisons"]
SLOW += ["line", "close", "long menu", "deep sweep", "nasty price", "nasty sweep"]


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_a_figure_is_whole(name: str) -> None:
    """Nothing is cut off, no text covers another, no legend a curve; and it is labelled."""
    ax = draw(result(name))
    assert faults(ax.figure) == []
    assert ax.get_xlabel()


def crowded() -> MDP:
    """Fifty actions with long names, of which the first and the last are best somewhere."""
    rows = [(0, 0, 0, 1, 1, True), (0, 49, 1, 1, 0, False), (1, 0, 1, 1, 3, True)]
    rows += [(0, a, 0, 1, f"{a}/60", True) for a in range(1, 49)]
    names = [f"take the corridor behind the left-hand door to room {a}" for a in range(50)]
    return MDP.from_rows(
        rows, n_states=2, n_actions=50, start=0, action_names=names, state_names=["s" * 60, "t"]
    )


@pytest.mark.slow
def test_fifty_actions_with_long_names_leave_room_for_the_figure() -> None:
    """Names keep both ends; the legend counts what it leaves out, never what is ever best."""
    figure = qdecay.plot(crowded(), what=["regions", "values", "gap"])
    assert faults(figure) == []
    assert all(ax.get_position().width > 0.5 for ax in figure.axes)
    regions, values, _ = figure.axes
    assert "room 49" in " ".join(texts(regions) + labels(regions))
    *shown, rest = labels(values)
    assert int(rest.removeprefix("and ").removesuffix(" more")) == 50 - len(shown)
    assert [shown[0][-6:], shown[-1][-7:]] == ["room 0", "room 49"]


def labels(ax: Any) -> list[str]:
    """The entries of the legend."""
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def test_the_eighth_action_is_not_the_first() -> None:
    """Areas of 35 actions are told apart, by marks from the eighth on, and lines of 28."""
    areas = [filling((a,)) for a in range(35)]
    assert len({(area["facecolor"], area.get("hatch")) for area in areas}) == 35
    assert not any("hatch" in area for area in areas[:7])
    assert all(area["hatch"] != filling((0, 1))["hatch"] for area in areas[7:])
    lines = [line_style((a,)) for a in range(28)]
    assert len({(line["color"], line["linestyle"]) for line in lines}) == 28


def spans(ax: Any) -> list[tuple[float, float, str]]:
    """The coloured stretches of a bar: from, to, colour."""
    boxes = [(patch.get_extents(), patch) for patch in ax.patches if hasattr(patch, "get_width")]
    return [(p.get_x(), p.get_x() + p.get_width(), to_hex(p.get_facecolor())) for _, p in boxes]


@pytest.mark.parametrize(
    "source",
    [
        LAKE,
        "qdecay/DelayMenu-v0",
        *(pytest.param(source, marks=pytest.mark.slow) for source in (LONG, RIVER)),
    ],
)
def test_the_bar_is_the_document(source: str) -> None:
    """Stretches of the start's sets between its breakpoints, and a number at each."""
    regions = result(f"regions {source}")
    document, start = regions.to_json(), str(regions.start)
    own = [b for b in document["breakpoints"] if start in b["changes"]]
    ax = draw(regions)
    ends = [0.0, *(float(b["decimal"]) for b in own), 1.0]
    assert [low for low, *_ in spans(ax)] == pytest.approx(ends[:-1])
    assert [high for _, high, _ in spans(ax)] == pytest.approx(ends[1:])
    sets = [own[0]["changes"][start]["left"], *(b["changes"][start]["right"] for b in own)]
    tinted = [tint(colours.action(best[0]).light) for best in sets]
    assert [colour for *_, colour in spans(ax)] == tinted
    numbers = [number_text(b.gamma) for b in regions.breakpoints if regions.start in b.changes]
    assert [text for text in map(str, texts(ax)) if text in numbers] == numbers


def tint(colour: str) -> str:
    """The tint of a colour over white, by the palette's own share."""
    share = float(colours.TINT.light.removesuffix("%")) / 100
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_axis_of_gamma_is_its_own_inverse_and_keeps_the_data() -> None:
    """Decades of 1 - gamma are equally wide; 1 has a place; the data of a curve are gammas."""
    assert place(1 - 10.0 ** -np.arange(4), 3) == pytest.approx(np.arange(4))
    assert place(1, 3) == 3.5 and place(1 - 1e-15, 3) == 3.25
    ax = new_figure(5, 2).subplots()
    gamma_axis(ax, 3)
    assert ax.get_xlabel() == "discount factor γ, log scale of 1 − γ"
    scale = ax.xaxis.get_transform()
    gammas = np.array([0, 0.5, 0.9, 0.999, 1])
    assert scale.inverted().transform(scale.transform(gammas)) == pytest.approx(gammas)


def test_numbers_at_crossings() -> None:
    """The closed form where it is short, and decimals; roots as formulas."""
    regions = qdecay.policy_regions("qdecay/ShortDelay-v0")
    assert number_text(regions.breakpoints[0].gamma) == "$6^{-1/3}$ ≈ 0.550321"
    assert number_text(regions.breakpoints[0].gamma, brief=True) == "$6^{-1/3}$"
    assert number_text(AlgebraicNumber.of("1/2"), brief=True) == "1/2"
    assert number_text(AlgebraicNumber.of("123456789/200000000")) == "0.617284"
    golden = qdecay.policy_regions(qdecay.ChainLayout.choice(stay=[1], move=[0, 1, 1]))
    assert number_text(golden.breakpoints[0].gamma) == r"$(\sqrt{5}-1)/2$ ≈ 0.618034"


def test_text_that_fits() -> None:
    """Never wider than asked, about as wide in each line, nothing lost where it fits."""
    text = "Taxi: best in state row 1, column 1, passenger at red, to green"
    for width in (60, 180, 400):
        lines = wrapped(text, width).split("\n")
        assert len(lines) <= 2 and all(width_of(line, 9) <= width for line in lines)
        if width >= 180:
            assert " ".join(lines) == text
    assert width_of(cut("a long name", 40)) <= 40
    one, two = (cut(f"the state of the north wing {k}", 60) for k in (1, 2))
    assert one.startswith("the") and one.endswith("1") and two.endswith("2") and "…" in one
    assert cut("short", 300) == "short"


@pytest.mark.slow
def test_values_that_coincide_are_a_share_of_the_best() -> None:
    """FrozenLake's differ by less than can be seen: in percent, 100 for what is best."""
    chapter = read_chapter(Source(LAKE))
    gammas, values, label = action_values(chapter)
    assert label == "value, % of the best"
    seen = gammas[1:-1]
    best = np.max(list(values.values()), axis=0)[1:-1]
    assert best == pytest.approx(np.full(len(seen), 100))
    (own,) = [b.gamma for b in chapter.regions.breakpoints if 0 in b.changes]
    left = values[0][1:-1]
    assert left[seen > float(own)] == pytest.approx(100, abs=1e-12)
    assert (left[seen < float(own)] < 100 - 1e-4).all()
    ax = draw_values(chapter, new_figure(5.4, 2.7).subplots())
    assert faults(ax.figure) == []
    assert number_text(own) in texts(ax)


def test_what_never_flips_is_no_gamma() -> None:
    """Before the far reward has arrived there is no curve; the area says so."""
    chapter = read_chapter(Source("qdecay/ShortDelay-v0"))
    ax = draw_undertrained(chapter, new_figure(5.4, 2.7).subplots())
    (curve,) = [line for line in ax.get_lines() if line.get_label() == "after k walks"]
    assert max(curve.get_ydata()) < 1
    # The far reward lies behind 4 steps: with fewer walks than that it cannot have arrived.
    assert min(curve.get_xdata()) >= 4
    assert any("never flips" in text for text in texts(ax))
    assert faults(ax.figure) == []


def test_agents_of_a_threshold_are_where_they_flip() -> None:
    """Their dots lie between 0 and 1, in the middle of their step; exact is a dashed line."""
    (flip,) = trained(comparison(LAKE, ["1/4"], [ten(0.26, 0.009)]))
    names = ["stay", "move"]
    ax = draw_threshold(flip, new_figure(5.4, 2.3).subplots(), actions=names, title="a title")
    (dots,) = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert list(dots.get_xdata()) == list(flip.learned.flips)
    assert list(dots.get_ydata()) == pytest.approx([(k + 0.5) / 10 for k in range(10)])
    assert faults(ax.figure) == []


def test_a_comparison_has_a_line_for_each_flip() -> None:
    """A tick at the exact gamma, a ring at the planned one, a dot for each agent."""
    row = result("comparison")
    ax = draw(row)
    assert ax.get_xlabel() == LOG_AXIS  # of 0.99, which an even axis shows at its end
    document = row.body()
    drawn = [line for line in ax.get_lines() if len(line.get_xdata())]
    rings = [line.get_xdata()[0] for line in drawn if line.get_mfc() == "white"]
    assert rings == document["planned"]
    upright = [line for line in drawn if np.ptp(line.get_ydata()) > 0.5]
    ticks = [line.get_xdata()[0] for line in upright]
    assert ticks == [float(Fraction(gamma["closed_form"])) for gamma in document["exact"]]
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "action 0 → action 1",
        "action 1 → action 0",
    ]
    assert {"1/4 = 0.25", "0.99", "learned 0.260000 ✓", "not trained"} <= set(texts(ax))


def test_a_policy_is_listed_beside_its_curve() -> None:
    """Every visited state with its greedy action; the curve ends where the returns do."""
    found = result("run")
    ax = draw(found)
    assert f"3: action {int(found.policy[3])}" in texts(ax)
    assert texts(ax).count("●") == 6
    many = replace(run(RIVER, 60, 2), visits=np.arange(120).reshape(60, 2))
    listed = [text.split(":")[0] for text in texts(draw(many)) if ": action" in text]
    assert listed == [str(state) for state in range(36, 60)]  # those with the most visits
    (curve,) = ax.get_lines()
    assert curve.get_ydata()[-1] == pytest.approx(found.returns[-8:].mean(), abs=0.01)


def test_a_name_that_begins_with_state_is_not_repeated() -> None:
    """In titles of figures and on the page."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 4, True)]
    names = ["state number 0", "State 1"]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0, state_names=names)
    page = qdecay.report(mdp, exact_only=True).html
    assert "state number 0" in page and "state state" not in page.lower()
    regions = qdecay.policy_regions(mdp)
    ax = new_figure(6, 3).subplots()
    assert draw(regions, ax=ax).get_title("left") == "best in state number 0"


def test_thirteen_curves_are_all_named(tmp_path: Path) -> None:
    """Long names, in one column: the legend may go down beside the marks of the axis."""
    names = [f"a long name of action {a}" for a in range(13)]
    rows = [(0, a, 0, 1, a + 1, True) for a in range(13)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=13, start=0, action_names=names)
    path = tmp_path / "thirteen.json"
    mdp.save(path)
    chapter = read_chapter(Source(str(path)))
    figure = panels_figure([[Panel(lambda ax: draw_values(chapter, ax), 2.7)]])
    (legend,) = (ax.get_legend() for part in figure.subfigs for ax in part.axes)
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 13 and not any("more" in text for text in texts)


def test_marks_of_one_level_are_on_both_sides() -> None:
    """Whatever gamma, -4 is earned: numbers above and below that line."""
    rows = [(0, 0, 0, 1, -4, True), (0, 1, 1, 1, -2, False), (1, 0, 1, 1, -2, True)]
    price = qdecay.price(MDP.from_rows(rows, n_states=2, n_actions=2, start=0))
    ax = draw(price, ax=new_figure(5.4, 2.6).subplots())
    marks = ax.get_yticks()
    assert min(marks) < -4 < max(marks)


def test_one_door_refuses_what_has_no_drawing() -> None:
    """And leaves no trace in pyplot."""
    with pytest.raises(TypeError, match="AlgebraicNumber has no drawing"):
        draw(AlgebraicNumber.of(1))
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@pytest.mark.parametrize("name", ["comparison", "numeric", "run"])
def test_what_is_no_axes_is_refused_in_one_line(name: str) -> None:
    """A number, or the figure around the axes."""
    for other in (3, new_figure(3, 2)):
        with pytest.raises(TypeError) as caught:
            result(name).plot(other)
        named = type(other).__name__
        assert str(caught.value) == f"ax must be axes of matplotlib or None, got {named}"


@pytest.mark.slow
def test_a_probe_is_drawn(tmp_path: Path) -> None:
    """The points with their intervals, in data; the verdict over them; a refusal without any."""
    few: Any = {"delays": (1, 2), "settings": ("one-shot",)}
    profile = simulated(patient(0.9), **few)
    ax = draw(profile)
    (points,) = ax.containers
    known = [p for p in profile.curve_points if p.log_discount]
    assert list(points[0].get_xdata()) == [p.delay for p in known]
    assert list(points[0].get_ydata()) == pytest.approx(
        [math.exp(p.log_discount[1]) for p in known]
    )
    assert "simulated" in ax.get_title("left")
    assert faults(ax.figure) == []
    with pytest.raises(InputError, match="no indifference point"):
        save_profile(simulated(lambda _: -math.inf, **few), tmp_path / "x.svg")


def test_the_helper_sees_what_is_wrong() -> None:
    """Text outside, text over text, and a legend over a curve."""
    figure = new_figure(3, 2)
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], label="line")
    ax.legend(loc="center")
    ax.text(0.1, 0.8, "one")
    ax.text(0.1, 0.8, "two")
    ax.text(2, 0.5, "far away").set_in_layout(False)
    found = faults(figure)
    assert "cut off: 'far away'" in found
    assert "overlap: 'one' and 'two'" in found
    assert "legend over 'line'" in found


WHOLE: list[tuple[str | None, dict[str, Any]]] = [
    (None, {"what": ["regions", "values", "learning"]}),
    (LAKE, {"what": ["regions", "values", "gap", "price"]}),
    (LAKE, {"over": "success_rate=1/3..1", "state": 6}),
    (TAXI, {"state": 16}),
    ("qdecay/RiverSwim-v0", {"what": ["regions", "values", "gap", "thresholds"]}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "options"), WHOLE)
def test_figures_of_several_panels_are_whole(source: str | None, options: dict[str, Any]) -> None:
    """All that `qdecay plot` draws, below and beside each other."""
    assert faults(qdecay.plot(source, **options)) == []
