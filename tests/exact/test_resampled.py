"""Intervals of break-even gammas over resamples of data: by laws, by hand, and what they refuse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from models import LOTTERY

import qdecay
from qdecay import MDP
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.resampled import StateBreakpoint, interval, matched

HOWS: Any = ["multinomial", "dirichlet"]


def law(mdp: MDP) -> float:
    """p = g q R / (1 - g (1 - q)), solved for g: the break-even gamma of a lottery."""
    p, q = mdp.exact_r[0, 0], mdp.exact_r[1, 1] / 2
    return float(p / (2 * q + p * (1 - q)))


@pytest.mark.parametrize("how", HOWS)
def test_the_interval_of_a_lottery_is_that_of_its_law(how: Any) -> None:
    """Of 100 resamples the law's numbers in order, without the two lowest and highest... one in 40.

    No breakpoint is missing, as p < 2 in every resample.
    """
    mdp = MDP.from_transitions(LOTTERY, start=0)
    found = qdecay.resampled_breakpoints(mdp, resamples=100, seed=200, how=how)
    (point,) = found.breakpoints
    gammas = sorted(law(mdp.resample(200 + k, how=how)) for k in range(100))
    assert float(point.gamma) == pytest.approx(law(mdp), abs=1e-15)
    assert (point.left, point.right, point.share) == ((0,), (1,), 1.0)
    assert point.interval == pytest.approx((gammas[1], gammas[-2]), abs=1e-15)
    assert (found.state, found.resamples, found.seed, found.how) == (0, 100, 200, how)


def test_more_data_gives_shorter_intervals() -> None:
    """A hundred times the data, a tenth of the width, roughly."""
    widths = []
    for times in (1, 100):
        mdp = MDP.from_transitions(LOTTERY * times, start=0)
        (point,) = qdecay.resampled_breakpoints(mdp, resamples=60).breakpoints
        assert point.interval is not None
        widths.append(point.interval[1] - point.interval[0])
    assert 7 < widths[0] / widths[1] < 14


def test_what_is_certain_has_an_interval_of_no_width() -> None:
    """Homework A, each step seen a few times."""
    env = qdecay.as_mdp("qdecay/StayOrMove-v0")
    rows = [(s, a, int(r), t, ended) for s, a, t, _, r, ended in env.rows()] * 3
    (point,) = qdecay.resampled_breakpoints(MDP.from_transitions(rows, start=0)).breakpoints
    assert point.interval == (0.5, 0.5) and point.gamma == Fraction(1, 2)


@pytest.mark.parametrize("how", HOWS)
def test_what_data_does_not_settle_has_no_interval(how: Any) -> None:
    """Three prizes at once and three after a step, all of about the same chance.

    The model changes from 0 to 1. So does a resample that has its best prize at once by 0, or after
    the step by 1, and a better one after the step; those are fewer than half.
    """
    rows = []
    for action, wins in enumerate((31, 32, 30, 31, 30, 31)):  # of 60; odd ones after a step
        state = action if action % 2 else 0
        rows += [(0, action, 0, action, False)] if state else []
        rows += [(state, action, int(k < wins), state, True) for k in range(60)]
    mdp = MDP.from_transitions(rows, start=0)
    found = qdecay.resampled_breakpoints(mdp, resamples=80, how=how)
    same = 0
    for k in range(80):
        paid = mdp.resample(k, how=how).exact_r
        now, later = ([paid[0, a] for a in (0, 2, 4)], [paid[a, a] for a in (1, 3, 5)])
        overlap = now[0] == max(now) or later[0] == max(later)
        same += max(now) < max(later) and overlap
    (point,) = found.breakpoints
    assert (point.left, point.right) == ((0,), (1,))
    assert point.share == same / 80 < 1 / 2
    assert point.interval is None
    assert "undecided" in repr(found)


# -- which are the same


def at(gamma: str, left: tuple[int, ...], right: tuple[int, ...]) -> StateBreakpoint:
    return StateBreakpoint(AlgebraicNumber.of(Fraction(gamma)), left, right)


MODEL = [at("0.3", (0,), (1,)), at("0.6", (1,), (2,))]
MATCHES: list[tuple[list[StateBreakpoint], list[tuple[int, int]]]] = [
    (MODEL, [(0, 0), (1, 1)]),
    ([at("0.9", (0,), (1,))], [(0, 0)]),  # by its sets, however far
    ([at("0.2", (1,), (2,))], [(1, 0)]),
    ([at("0.4", (0,), (2,))], [(0, 0)]),  # 1 is never best: the nearer one
    ([at("0.5", (0,), (2,))], [(1, 0)]),
    ([at("0.3", (0,), (3,)), at("0.35", (3,), (1,)), at("0.7", (1,), (2,))], [(0, 0), (1, 2)]),
    ([at("0.3", (2,), (3,))], []),
    ([at("0.3", (0,), (3,)), at("0.5", (0,), (1,))], [(0, 1)]),  # both sides before one
    ([at("0.1", (1,), (2,)), at("0.3", (2,), (0,)), at("0.4", (0,), (1,))], [(0, 2)]),
    ([], []),
    ([at("0.3", (0, 3), (1,)), at("0.6", (1, 4), (4, 2))], [(0, 0), (1, 1)]),  # sets overlap
]


@pytest.mark.parametrize(("others", "pairs"), MATCHES)
def test_breakpoints_are_matched_in_order_by_what_changes(others: Any, pairs: Any) -> None:
    """As many sides in common as possible, in order, then the nearest."""
    assert list(matched(MODEL, others)) == pairs
    assert matched(others, MODEL) == tuple((j, i) for i, j in matched(MODEL, others))


def test_one_in_forty_lies_beyond_each_end() -> None:
    """Of 40 none but the ends themselves; of 199 four, of 200 five less one."""
    assert interval(list(range(40, 0, -1))) == (1, 40)
    assert interval(list(range(1, 80))) == (2, 78)
    assert interval(list(range(1, 200))) == (5, 195)
    assert interval([3.0]) == (3.0, 3.0)


# -- what is refused


def test_only_data_has_other_draws() -> None:
    """A model of known probabilities, no start, too few resamples, no time."""
    mdp = MDP.from_transitions(LOTTERY)
    with pytest.raises(ValueError, match="has no counts: its probabilities are given"):
        qdecay.resampled_breakpoints("FrozenLake-v1")
    with pytest.raises(ValueError, match="no start state: give state"):
        qdecay.resampled_breakpoints(mdp)
    with pytest.raises(ValueError, match="resamples must be >= 40, got 39"):
        qdecay.resampled_breakpoints(mdp, 0, resamples=39)
    with pytest.raises(ValueError, match="how must be one of"):
        qdecay.resampled_breakpoints(mdp, 0, how="bootstrap")  # type: ignore[arg-type]
    with pytest.raises(qdecay.BudgetExceeded):
        qdecay.resampled_breakpoints(mdp, 0, resamples=10**6, max_seconds=0.3)


def test_it_is_shown_and_written_down() -> None:
    """A table, a document, progress after each resample."""
    mdp = MDP.from_transitions([("home" if s == 0 else "queue", *row) for s, *row in NAMED])
    seen: list[Any] = []
    found = qdecay.resampled_breakpoints(mdp, 0, resamples=40, progress=seen.append)
    assert [event.done for event in seen] == list(range(41))
    document = found.to_json()
    assert document["schema"] == "qdecay.resampled-breakpoints/1"
    assert document["resamples"] == 40 and document["state"] == 0
    (point,) = document["breakpoints"]
    assert point["interval"] == list(found.breakpoints[0].interval or ())
    table = found.to_frame()
    assert table["low"][0] < table["gamma"][0] < table["high"][0]
    assert table["right"][0] == (1,)


NAMED = [(s, a, r, "home" if t == 0 else "queue", ended) for s, a, r, t, ended in LOTTERY]
