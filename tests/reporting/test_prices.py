"""What pages and figures say of the price of a gamma: words and levels against known values."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from models import TAXI, TEMPTING

import qdecay
from qdecay import MDP
from qdecay._support.deadline import Deadline
from qdecay.errors import InputError
from qdecay.model.line import Parameter
from qdecay.reporting.plots.price import draw_price, save_price
from qdecay.reporting.prices import PagePrice, Words

LAKE = [0.446599, 0.729766, 0.740165]  # within 100 steps; with a clock 0.744190
LAKE_ENDS = [0.0, 0.8087833092, 0.9783164591]


def two_states(rows: list[Any]) -> MDP:
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


def page_price(problem: Any) -> PagePrice:
    found = PagePrice.of(qdecay.policy_regions(problem), Deadline())
    assert found is not None
    return found


def drawn(problem: Any, judge: str | None = None, gammas: tuple[str, ...] = ()) -> Any:
    price = qdecay.price(problem, judge)
    return draw_price(price, Figure().subplots(), marked=[price.at(gamma) for gamma in gammas])


def curve(axes: Any) -> list[tuple[float, float]]:
    """The corners of the step curve: the line with the most points."""
    line = max(axes.get_lines(), key=lambda line: len(line.get_xdata()))
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_figure_steps_where_the_regions_do() -> None:
    """FrozenLake by 100 steps: three levels, between the breakpoints."""
    corners = curve(drawn("FrozenLake-v1"))
    assert [y for _, y in corners] == pytest.approx([y for y in LAKE for _ in range(2)], abs=1e-6)
    ends = [end for end in (*LAKE_ENDS, 1) for _ in range(2)]
    assert [x for x, _ in corners] == pytest.approx(ends[1:-1])


def test_the_axes_have_their_marks_and_the_optimum_its_line() -> None:
    """0, 0.5, 0.9, 0.99, 0.999 and 1 at the right end; in percent of episodes; 0.744190 dashed."""
    axes = drawn("FrozenLake-v1")
    names = [text.get_text() for text in axes.get_xticklabels()]
    marks = dict(zip(names, axes.get_xticks(), strict=True))
    assert marks == pytest.approx({name: float(name) for name in names})
    assert names == ["0", "0.5", "0.9", "0.99", "0.999", "1"]
    assert axes.get_xlim() == (0, 1)
    places = axes.transAxes.inverted().transform(
        axes.transData.transform([(1 - 10.0**-k, 1) for k in range(4)] + [(0.5, 1)])
    )  # a decade of 1 - gamma is as wide as the next; 1 stands half a decade behind the last mark
    assert places[:, 0] == pytest.approx([0, 2 / 7, 4 / 7, 6 / 7, 2 / 7 * math.log10(2)])
    (dashed,) = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert list(dashed.get_ydata()) == pytest.approx([0.744190] * 2, abs=1e-6)
    assert axes.yaxis.get_major_formatter()(0.5, 0) == "50 %"
    assert drawn("qdecay/NChain-v0").yaxis.get_major_formatter()(0.5, 0) == "0.5"
    low, high = axes.get_ylim()
    assert low < LAKE[0] and high > 0.744190
    assert all(low <= tick <= high for tick in axes.get_yticks())


def test_a_level_line_has_room_around_it() -> None:
    """One region and one value, also 0: the line is inside the axes."""
    for reward in (-13, 0):
        model = MDP.from_rows([(0, 0, 0, 1, reward, True)], n_states=1, n_actions=1, start=0)
        axes = drawn(model)
        assert {y for _, y in curve(axes)} == {reward}
        assert axes.get_ylim()[0] < reward < axes.get_ylim()[1]
        assert not any("best" in text or "lost" in text for text in texts(axes))


def test_dots_stand_on_the_curve_and_labels_apart() -> None:
    """A dot at the worst of each marked gamma."""
    axes = drawn("FrozenLake-v1", None, ("0.9", "0.95", "0.99", "1"))
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    price = qdecay.price("FrozenLake-v1")
    assert [dot.get_ydata()[0] for dot in dots] == [
        price.at(gamma).worst.value for gamma in ("0.9", "0.95", "0.99", "1")
    ]
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([0.9, 0.95, 0.99, 1])


def test_marked_gammas_and_the_optimum_have_their_values() -> None:
    """Those that earn the same share a label; at 1 ties can cost everything."""
    axes = drawn("FrozenLake-v1", None, ("0.9", "0.95", "0.99", "1"))
    assert texts(axes)[:3] == [
        "possible with a clock: 74.4 %",
        "γ = 0.9, 0.95: 73.0 %",
        "γ = 0.99: 74.0 %",
    ]
    assert texts(axes)[3].endswith(" to 74.0 %")
    assert texts(axes)[4] == "best: 74.0 %, γ from 0.978316 to 1"
    assert axes.get_ylabel().replace("\n", " ") == "episodes that reach the goal within 100 steps"
    assert "nothing lost from 0.9783165" in texts(drawn("FrozenLake-v1", "total"))


def test_what_loses_for_ever_is_drawn_below_all_numbers() -> None:
    """Circling costs 1 / (1 - g) against 3: below 2/3 it never ends, at -inf by its total."""
    axes = drawn(TEMPTING)
    (left, _), (x, lowest), *_ = curve(axes)
    assert (left, x) == pytest.approx((0, 2 / 3))
    assert axes.get_ylim()[0] < lowest < min(axes.get_yticks()) <= -3
    assert "loses for ever" in texts(axes)
    assert "nothing lost from 0.6666667" in texts(axes)


def test_a_figure_is_written_where_it_can_be(tmp_path: Path) -> None:
    """Text stays text; another ending is refused."""
    price = qdecay.price("FrozenLake-v1", "total")
    save_price(price, tmp_path / "lake.svg", marked=[price.at("0.99")])
    text = (tmp_path / "lake.svg").read_text()
    for label in (
        "Frozen lake: what each γ earns",
        "possible: 82.4 %",
        "γ = 0.99: 82.4 %",
        "reach the goal",
    ):
        assert label in text
    with pytest.raises(InputError, match="must end in"):
        save_price(price, tmp_path / "lake.gif")


WORDS = [
    ("FrozenLake-v1", "total", 0, "reaches the goal in 45.1 % of episodes; possible: 82.4 %"),
    ("FrozenLake-v1", "total", 2, "reaches the goal in 82.4 % of episodes; no policy does better"),
    (
        "FrozenLake-v1",
        "steps:100",
        2,
        "reaches the goal within 100 steps in 74.0 % of episodes; possible with a clock: 74.4 %",
    ),
    ("qdecay/StayOrMove-v0", "total", 0, "earns 1 in all; possible: 4 (75 % lost)"),
    ("qdecay/NChain-v0", "average", 4, "earns 3.677 per step; no policy does better"),
    (TEMPTING, "total", 0, "loses for ever; possible: −3 in all"),
    (TEMPTING, "total", 1, "earns −3 in all; no policy does better"),
    (TEMPTING, "steps:10", 1, "earns −3 in 10 steps; no policy does better"),
]


@pytest.mark.parametrize(("problem", "judge", "region", "words"), WORDS)
def test_a_region_in_words(problem: Any, judge: str, region: int, words: str) -> None:
    """What is earned of what is possible; a share of episodes only where 1 ends the episode."""
    price = qdecay.price(problem, judge)
    assert Words(price).of(price.regions[region]) == words


SMALL = [
    ("1e-6", "earns 0.3333333 in all; possible: 0.3333343 (0.000300 % lost)"),
    ("1e-9", "earns 0.3333333333 in all; possible: 0.3333333343 (< 0.0001 % lost)"),
    ("1e-14", "earns 0.3333 in all, nearly all that is possible"),
    ("0", "earns 0.3333 in all; no policy does better"),
]


@pytest.mark.parametrize(("more", "words"), SMALL)
def test_words_tell_a_small_loss_from_none(more: str, words: str) -> None:
    """1/3 now against a little more next: as many digits as tell them apart."""
    layout = qdecay.ChainLayout.choice(stay=["1/3"], move=[0, Fraction(1, 3) + Fraction(more)])
    found = page_price(layout)
    assert found.words.of(found.price.regions[0]) == words


def test_words_where_ties_are_broken() -> None:
    """At the breakpoint of problem A, and at 2/3 of the tempting circle."""
    homework, tempting = page_price("qdecay/StayOrMove-v0"), page_price(TEMPTING)
    (at,) = homework.breakpoints
    assert homework.words.of(at) == (
        "earns 1 to 4 in all, as ties break; possible: 4 (75 % lost at worst)"
    )
    (at,) = tempting.breakpoints
    assert tempting.words.of(at) == (
        "loses for ever or earns −3 in all, as ties break; possible: −3"
    )


def test_the_share_of_episodes_needs_a_reward_that_ends_them() -> None:
    """A 1 that is paid on the way, and a 2 at the end, are rewards and no goal."""
    on_the_way = [(0, 0, 1, 1, 1, False), (1, 0, 1, 1, 0, True)]
    at_the_end = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    goal = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 1, True)]
    nothing = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 0, True)]
    models = [MDP.from_rows(rows, n_states=2, n_actions=1, start=0)
              for rows in (on_the_way, at_the_end, goal, nothing)]  # fmt: skip
    assert [page_price(model).words.is_share for model in models] == [False, False, True, False]
    assert not Words(qdecay.price(models[2], "average")).is_share
    assert not Words(qdecay.price(models[2], Fraction(1, 2))).is_share


def test_amounts_below_ten_million_are_written_out() -> None:
    """826600 is read faster than 8.266e+5; what is larger has a power of ten."""
    for reward, said in (("826600.5", "826600"), ("-1234567", "−1234567"), ("1e12", "1.000e+12")):
        pays = page_price(two_states([(0, 0, 0, 1, reward, True), (1, 0, 1, 1, 0, True)]))
        assert pays.words.amount(pays.words.top.worst).startswith(said)


def test_a_card_in_a_few_words() -> None:
    """What the best gamma earns, and what 0.99 loses: in percent, or as it is where 0 is best."""
    assert page_price("FrozenLake8x8-v1").card() == (
        "89.4 % reach the goal",
        "between 0.9936 and 0.9957",
        "5.50 %",
    )
    assert page_price("qdecay/RiverSwim-v0").card()[::2] == ("0.4286 per step", "nothing")
    steep = [(0, 0, 0, 1, -1, False), (0, 1, 1, 1, -300, False), (1, 0, 1, 1, 0, True)]
    assert page_price(two_states(steep)).card()[::2] == ("−300 in all", "for ever")
    later = [(0, 0, 1, 1, 1, False), (0, 1, 1, 1, 0, True), (1, 0, 1, 1, "-1.005", True)]
    assert page_price(two_states(later)).card()[::2] == ("0 in all", "0.005 in all")


def test_no_price_without_a_start_or_without_time() -> None:
    """Nor where it is too large for a float. Then the page shows none."""
    rows = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 1, True)]
    regions = qdecay.policy_regions(MDP.from_rows(rows, n_states=2, n_actions=1))
    assert PagePrice.of(regions, Deadline()) is None
    assert PagePrice.of(qdecay.policy_regions(TAXI), Deadline(1e-9)) is None
    huge = [(0, 0, 1, 1, "1e308", False), (1, 0, 1, 1, "1e308", True), (0, 1, 0, 1, 1, True)]
    assert PagePrice.of(qdecay.policy_regions(two_states(huge)), Deadline()) is None


def job(*wages: int) -> MDP:
    rows: list[Any] = [(0, action, 0, 1, wage, True) for action, wage in enumerate(wages)]
    return MDP.from_rows(rows, n_states=1, n_actions=len(wages), start=0)


def test_a_line_has_an_axis_of_its_own() -> None:
    """Two wages of 2 that tie where one thinks that they do, and a third from 0 at -1 to 3 at 2.

    In the truth they are 1, 4 and 3: below 1 ties leave open whether one earns 1 or 4, which is
    shaded; best at worst is the third, above 1.
    """
    wage = Parameter("wage", Fraction(-1), Fraction(2))
    line = qdecay.ModelLine(job(2, 2, 0), job(2, 2, 3), wage)
    price = qdecay.price(line, gamma=1, truth=job(1, 4, 3))
    axes = draw_price(price, Figure().subplots(), marked=[price.at(0)])
    assert curve(axes) == [(-1, 1), (1, 1), (1, 3), (2, 3)]
    shades = [each.get_paths()[0].get_extents() for each in axes.collections]
    assert [box.extents.tolist() for box in shades] == [[-1, 1, 1, 4]]
    names = [text.get_text() for text in axes.get_xticklabels()]
    marks = dict(zip(names, axes.get_xticks(), strict=True))
    assert (marks["−1"], marks["2"]) == (-1, 2)
    assert axes.get_xlabel() == "wage of the policies, optimal at γ = 1"
    assert {"wage = 0: 1 to 4", "best: 3, wage from 1 to 2", "possible: 4"} <= set(texts(axes))
