"""Numbers far apart, and beyond the range of doubles, change no answer.

A model is asked as it is, where doubles serve it well, and again beside states that nothing leads
to, with rewards scaled, or with probabilities that no double holds: all answers must be the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay import MDP
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import is_breakpoint, optimal_actions
from qdecay.exact.blackwell import blackwell
from qdecay.exact.regions import policy_regions
from qdecay.exact.solver import point
from qdecay.exact.walked import Sets

Row = tuple[int, int, int, Any, Any, bool]

SMALL = [*(10 * Fraction(2) ** k for k in (-700, -1060, -1074, -1076)), Fraction(1, 10**400)]
EXTREMES = [*SMALL, *(1 / factor for factor in SMALL), 10 * Fraction(2) ** 1074]
MANY = 45  # pairs, with which windows of floats are used
law = settings(deadline=None, derandomize=True, max_examples=12)


@st.composite
def models(draw: st.DrawFn) -> list[Row]:
    """Rows of 2 or 3 states with 2 actions each; later states pay more, so that waiting pays."""
    n = draw(st.integers(2, 3))
    rows: list[Row] = []
    for s in range(n):
        for a in range(2):
            reward = draw(st.integers(-2, 3 + 3 * s))
            weights = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(sum))
            ends = draw(st.booleans())
            total = sum(weights)
            rows += [
                (s, a, t, Fraction(w, total), reward, ends) for t, w in enumerate(weights) if w
            ]
    return rows


def padded(rows: list[Row], pairs: int) -> list[Row]:
    """The rows, and states of one pair that end at once, up to so many pairs."""
    n = 1 + max(max(row[0], row[2]) for row in rows)
    more = max(0, pairs - len({row[:2] for row in rows}))
    return rows + [(s, 0, s, 1, 1, True) for s in range(n, n + more)]


def built(rows: list[Row]) -> MDP:
    """The MDP of the rows."""
    n_states = 1 + max(max(row[0], row[2]) for row in rows)
    return MDP.from_rows(rows, n_states=n_states, n_actions=2)


@dataclass(frozen=True)
class Answers:
    """All that is asked of a model, for its first states."""

    breakpoints: list[AlgebraicNumber]
    touches: list[AlgebraicNumber]
    regions: list[Sets]
    blackwell: tuple[AlgebraicNumber, bool, Sets]
    at: list[Sets]
    breaks: list[bool]


def answers(rows: list[Row], n: int, points: list[Any]) -> Answers:
    """The answers for n states; `points` are asked about alone as well."""
    mdp = built(rows)
    found, alone = policy_regions(mdp), blackwell(mdp)
    return Answers(
        [point.gamma for point in found.breakpoints],
        [point.gamma for point in found.touches],
        [sets[:n] for sets in found.regions],
        (alone.discount_factor, alone.is_touch, alone.optimal_actions[:n]),
        [optimal_actions(mdp, point)[:n] for point in points],
        [is_breakpoint(mdp, point) for point in points],
    )


def assert_same(changed: list[Row], rows: list[Row]) -> None:
    """Few pairs and many: both ways give the same answers, and at single points too."""
    n = 1 + max(row[0] for row in rows)
    found = policy_regions(built(rows))
    points = [point.gamma for point in (*found.breakpoints, *found.touches)][:2]
    points += [Fraction(2, 5), 1 - Fraction(1, 10**17)]
    expected = answers(rows, n, points)
    assert answers(changed, n, points) == expected
    assert answers(padded(changed, MANY), n, points) == expected


@law
@given(models(), st.sampled_from(EXTREMES), st.booleans())
@pytest.mark.slow
def test_extreme_rewards_of_states_that_nothing_leads_to(
    rows: list[Row], reward: Fraction, linked: bool
) -> None:
    """One more state that earns `reward`, then ends, or goes on to the others."""
    n = 1 + max(row[0] for row in rows)
    assert_same([*rows, (n, 0, 0, 1, reward, not linked)], rows)


@law
@given(models(), st.integers(-1000, 1000), st.sampled_from([1, Fraction(1, 7)]))
def test_rewards_scaled_by_powers_of_two(rows: list[Row], k: int, factor: Fraction) -> None:
    """2^k times each reward, for k that leave and k that all but fill the range of doubles."""
    scaled = [(*row[:4], row[4] * factor * Fraction(2) ** k, row[5]) for row in rows]
    assert_same(scaled, rows)


@pytest.mark.slow
@law
@given(models(), st.sampled_from(SMALL))
def test_tiny_leaks_of_states_that_nothing_leads_to(rows: list[Row], leak: Fraction) -> None:
    """One more state that stays, earns 1, and all but never goes on to the others."""
    n = 1 + max(row[0] for row in rows)
    more = [(n, 0, n, 1 - leak, 1, False), (n, 0, 0, leak, 1, False)]
    assert_same([*rows, *more], rows)


@law
@given(models(), models(), st.sampled_from(EXTREMES))
def test_two_models_of_different_size_in_one(
    first: list[Row], second: list[Row], factor: Fraction
) -> None:
    """A state that leads to either joins them; each keeps its breakpoints and its sets."""
    n, m = (1 + max(row[0] for row in rows) for rows in (first, second))
    moved = [(s + n, a, t + n, p, r * factor, ends) for s, a, t, p, r, ends in second]
    link: list[Row] = [(n + m, 0, s, Fraction(1, 2), 0, False) for s in (0, n)]
    apart = [policy_regions(built(rows)) for rows in (first, second)]
    for pairs in (0, MANY):
        together = policy_regions(built(padded([*first, *moved, *link], pairs)))
        union = {point.gamma for found in apart for point in found.breakpoints}
        assert [point.gamma for point in together.breakpoints] == sorted(union)
        assert together.blackwell_sets[: n + m] == tuple(
            actions for found in apart for actions in found.blackwell_sets
        )
        assert together.regions[0][: n + m] == apart[0].regions[0] + apart[1].regions[0]


@pytest.mark.parametrize("pairs", [0, MANY])
@pytest.mark.parametrize("rare", [Fraction(1, 10**k) for k in (300, 323, 400)])
def test_a_great_reward_that_all_but_never_comes(rare: Fraction, pairs: int) -> None:
    """1 at once, or 2 / p one step later with probability p: level at 1/2, for any p."""
    rows: list[Row] = [(0, 0, 0, 1, 1, True), (0, 1, 1, rare, 0, False)]
    rows += [(0, 1, 0, 1 - rare, 0, True), (1, 0, 1, 1, 2 / rare, True)]
    mdp = built(padded(rows, pairs))
    half = Fraction(1, 2)
    assert [point.gamma for point in policy_regions(mdp).breakpoints] == [half]
    assert blackwell(mdp).discount_factor == half
    assert [optimal_actions(mdp, g)[0] for g in (half / 2, half, half + half / 2)] == [
        (0,),
        (0, 1),
        (1,),
    ]
    assert is_breakpoint(mdp, half) and not is_breakpoint(mdp, half / 2)


@pytest.mark.parametrize("unreachable", [100, 10 * 2**1074])
def test_a_quadratic_beside_an_unreachable_reward(unreachable: int) -> None:
    """26 now, or 14 after one step and after two: 26 = 14 g + 14 g^2, g = (sqrt(413) - 7)/14."""
    rows: list[Row] = [(0, 0, 0, 1, 26, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 14, False)]
    rows += [(2, 0, 0, 1, 14, True), (3, 0, 3, 1, unreachable, True)]
    rows += [(s, a, s, 1, (s - 3) * (1 - a), True) for s in range(4, 34) for a in range(2)]
    mdp = built(rows)
    [point] = policy_regions(mdp).breakpoints
    assert point.gamma.closed_form() == "(sqrt(413)-7)/14"
    assert blackwell(mdp).discount_factor == point.gamma
    assert optimal_actions(mdp, Fraction(19, 20))[0] == (0,)
    assert optimal_actions(mdp, Fraction(96, 100))[0] == (1,)
    assert is_breakpoint(mdp, point.gamma)


@pytest.mark.parametrize("k", [16, 17, 30, 400])
def test_points_that_doubles_take_for_one(k: int) -> None:
    """2 for ever beats 1 for ever at any gamma; x now is level with 1 one step later at x."""
    point = 1 - Fraction(1, 10**k)
    better = [(0, 0, 0, 1, 1, False), (0, 1, 0, 1, 2, False)]
    assert optimal_actions(built(better), point) == ((1,),)
    rows = [(0, 0, 0, 1, point, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 1, True)]
    mdp = built(rows)
    assert [found.gamma for found in policy_regions(mdp).breakpoints] == [point]
    assert is_breakpoint(mdp, point) and not is_breakpoint(mdp, (1 + point) / 2)
    assert optimal_actions(mdp, point)[0] == (0, 1)
    assert optimal_actions(mdp, (1 + point) / 2)[0] == (1,)
    assert optimal_actions(mdp, 2 * point - 1)[0] == (0,)


@pytest.mark.parametrize("value", [None, np.nan, np.inf])
def test_floats_that_fail_to_propose_cost_no_answer(
    monkeypatch: pytest.MonkeyPatch, value: float | None
) -> None:
    """SuperLU finds every matrix singular, or solves nothing: 1 now, 3 g^2, level at 3^(-1/2)."""

    class Factors:
        def __init__(self, matrix: Any) -> None:
            if value is None:
                raise RuntimeError("Factor is exactly singular")

        def solve(self, right: Any) -> Any:
            return np.full(len(right), value)

    monkeypatch.setattr(point, "splu", Factors)
    rows: list[Row] = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 0, False)]
    mdp = built([*rows, (2, 0, 2, 1, 3, True)])
    assert optimal_actions(mdp, Fraction(57, 100))[0] == (0,)
    assert optimal_actions(mdp, Fraction(58, 100))[0] == (1,)
    assert blackwell(mdp).discount_factor.closed_form() == "3^(-1/2)"
