"""Certified regions where floats see little: near, tiny, lasting and almost lasting ties."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import pytest
from brackets import LAST, assert_true

from qdecay import MDP, policy_regions
from qdecay.certified import ties
from qdecay.certified.regions import certified_policy_regions
from qdecay.certified.result import NOT_SEPARATED, ONE_BREAKPOINT, CertifiedRegions
from qdecay.exact.regions import PolicyRegions
from qdecay.model.rows import Row

WIDTH = Fraction(1, 10**9)
SMALL = Fraction(1, 10**17)  # beside 1, nothing that a double can hold


def model(rows: list[Row]) -> MDP:
    """An MDP with as many states and actions as its rows name."""
    n_states = 1 + max(max(s, t) for s, _, t, *_ in rows)
    return MDP.from_rows(rows, n_states=n_states, n_actions=1 + max(row[1] for row in rows))


def choices(*numbers: Fraction | int) -> MDP:
    """Separate choices: so much now, or 1 a step later; each turns at its number."""
    rows: list[Row] = []
    for k, number in enumerate(numbers):
        s = 2 * k
        rows += [(s, 0, s, 1, number, True), (s, 1, s + 1, 1, 0, False)]
        rows.append((s + 1, 0, s, 1, 1, True))
    return model(rows)


def streams(near: list[Fraction | int], far: list[Fraction | int]) -> MDP:
    """One choice at state 0 between two reward sequences that end."""
    rows: list[Row] = []
    free = 1
    for action, rewards in enumerate((near, far)):
        states = [0, *range(free, free := free + len(rewards) - 1)]
        for (s, t), reward in zip(itertools.pairwise([*states, states[-1]]), rewards, strict=True):
            rows.append((s, action if s == 0 else 0, t, 1, reward, False))
        rows[-1] = (*rows[-1][:5], True)
    return model(rows)


def compared(mdp: MDP, width: Fraction = WIDTH) -> tuple[CertifiedRegions, PolicyRegions]:
    """Check all claims, and return both answers."""
    exact, found = policy_regions(mdp), certified_policy_regions(mdp, width=width)
    assert_true(found, exact)
    return found, exact


@pytest.mark.parametrize("width", [WIDTH, Fraction(1, 10**12)])
def test_choices_1e_10_apart_are_told_apart(width: Fraction) -> None:
    """Also where a bracket may be wider than that."""
    found, _ = compared(choices(Fraction(1, 2), Fraction(1, 2) + Fraction(1, 10**10)), width)
    assert [bracket.content for bracket in found.brackets] == [ONE_BREAKPOINT] * 2


@pytest.mark.parametrize("digits", [15, 17])
def test_choices_too_close_share_a_bracket(digits: int) -> None:
    """It names both states, and does not say that there is one breakpoint."""
    found, exact = compared(choices(Fraction(1, 2), Fraction(1, 2) + Fraction(1, 10**digits)))
    [bracket] = found.brackets
    assert bracket.content == NOT_SEPARATED
    assert (set(bracket.changes), len(exact.breakpoints)) == ({0, 2}, 2)


@pytest.mark.parametrize("digits", [11, 13])
def test_a_choice_that_is_settled_at_the_brackets_end_leaves_no_other_in_doubt(digits: int) -> None:
    """State 1 turns at 1/3, by 1 part in 10,000, which close by no float tells; further on it gains
    more than the 10^-8 that state 0, which leads there, loses by its second action."""
    rows: list[Row] = [(0, 0, 1, 1, 0, False), (0, 1, 1, 1, -Fraction(1, 10**8), False)]
    rows += [(1, 0, 3, 1, 1, True), (1, 1, 2, 1, 1 - Fraction(1, 10**4), False)]
    rows.append((2, 0, 3, 1, Fraction(3, 10**4), True))
    found, _ = compared(model(rows), Fraction(1, 10**digits))
    [bracket] = found.brackets
    assert bracket.content == ONE_BREAKPOINT
    assert bracket.changes.keys() == {1}


def test_equal_choices_share_a_breakpoint() -> None:
    """Two states that turn at the same gamma, for the same reason or by another polynomial."""
    found, _ = compared(choices(Fraction(1, 3), Fraction(1, 3)))
    assert [bracket.content for bracket in found.brackets] == [ONE_BREAKPOINT]
    found, _ = compared(streams([1, 0, 1], [0, 2, 2]))
    assert found.near_ties == ()


def test_a_touch_is_inside_a_bracket() -> None:
    """Far - near = -(2 g - 1)^2: the set is larger at 1/2 only, and the same on both sides."""
    found, exact = compared(streams([1, 0, 4], [0, 4, 0]))
    [touch] = exact.touches
    assert any(b.lower < touch.gamma < b.upper for b in found.brackets)
    assert {b.content for b in found.brackets} == {NOT_SEPARATED}
    assert all(b.changes[0].left == b.changes[0].right == (0,) for b in found.brackets)


def crossing(now: Fraction, later: Fraction, above: bool) -> MDP:
    """State 0: 1 now, or a bit less now and a bit more later: floats cannot tell.

    With `above`, state 1 chooses between going there and to 3, which is worth 1 for certain.
    """
    rows: list[Row] = [(0, 0, 0, 1, 1, True), (0, 1, 2, 1, now, False), (2, 0, 2, 1, later, True)]
    rows += [(1, 0, 0, 1, 0, False), (3, 0, 3, 1, 1, True)]
    return model([*rows, (1, 1, 3, 1, 0, False)] if above else rows)


@pytest.mark.parametrize("above", [False, True])
def test_a_near_tie_leaves_in_doubt_what_depends_on_it(above: bool) -> None:
    """1 against 1 - 1e-17 + 2e-17 gamma: right of 1/2, state 1 does not tie any more."""
    found, exact = compared(crossing(1 - SMALL, 2 * SMALL, above))
    assert [point.gamma for point in exact.breakpoints] == [Fraction(1, 2)]
    assert {tie.state for tie in found.near_ties} == ({0, 1} if above else {0})


def test_a_near_tie_that_is_none() -> None:
    """1 against 1 - 1e-17, always: the better one is among those that may be optimal."""
    found, exact = compared(crossing(1 - SMALL, Fraction(0), above=True))
    assert exact.breakpoints == ()
    assert all(set(tie.actions) == {0, 1} for tie in found.near_ties)


def test_a_slow_crossing_is_seen() -> None:
    """1e-11 (2 gamma - 1): so flat that floats know its sign only 1e-4 away from 1/2."""
    flat = Fraction(1, 10**11)
    found, _ = compared(crossing(1 - flat, 2 * flat, above=False))
    assert len(found.brackets) == 1
    assert found.optimal_actions(Fraction(1, 10))[0] == (0,)
    assert found.optimal_actions(Fraction(9, 10))[0] == (1,)


def coincidence() -> MDP:
    """State 0 goes to 2, or by lot to 1 or 3; s earns s for ever; 2 may take 3 and end.

    From 1/3 on it does not, and what state 0 chooses is the same.
    """
    half = Fraction(1, 2)
    rows: list[Row] = [(0, 0, 2, 1, 0, False), (0, 1, 1, half, 0, False)]
    rows += [(0, 1, 3, half, 0, False), *((s, 0, s, 1, s, False) for s in (1, 2, 3))]
    return model([*rows, (2, 1, 2, 1, 3, True)])


def test_a_lasting_tie_that_no_likeness_explains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power series prove it; where they would take too long it is a near tie."""
    found, exact = compared(coincidence())
    assert len(found.brackets) == len(exact.breakpoints) == 1
    assert found.optimal_actions(Fraction(1, 2))[0] == (0, 1)
    assert all(tie.lower > Fraction(9, 10) for tie in found.near_ties)
    monkeypatch.setattr(ties, "_MOST_PRODUCTS", 0.0)
    found, _ = compared(coincidence())
    assert {(tie.state, tie.actions) for tie in found.near_ties} == {(0, (0, 1))}


@pytest.mark.parametrize("digits", [8, 10])
def test_close_to_one(digits: int) -> None:
    """A breakpoint at 1 - 1e-8 has a bracket, and one beyond 1 - 1e-9 is not asked for."""
    gap = Fraction(1, 10**digits)
    found, exact = compared(choices(1 - gap))
    assert [point.gamma for point in exact.breakpoints] == [1 - gap]
    assert (len(found.brackets), found.proven_to) == (int(digits < 9), LAST)


@pytest.mark.parametrize("digits", [9, 41])
def test_close_to_zero(digits: int) -> None:
    """At 1e-9 and much closer: the sets left of it are known too."""
    found, _ = compared(choices(Fraction(1, 10**digits)))
    assert len(found.brackets) == 1
    assert [sets[0] for sets in found.regions] == [(0,), (1,)]


@pytest.mark.slow
def test_streams_that_cross_twice_within_1e_20() -> None:
    """x^40 - 2 (10 x - 1)^2: two breakpoints that floats take for a touch, or for more of them."""
    far = [Fraction(0)] * 41
    far[40], far[0], far[1], far[2] = Fraction(1), Fraction(-2), Fraction(40), Fraction(-200)
    found, _ = compared(streams([0] * 41, far))
    assert {bracket.content for bracket in found.brackets} == {NOT_SEPARATED}


def all_tie(n: int) -> MDP:
    """Whatever anyone does, each step pays 1: everything ties for ever."""
    moves = itertools.product(range(n), range(3))
    return model([(s, a, (5 * s + 3 * a + 1) % n, 1, 1, False) for s, a in moves])


CASES: dict[str, Callable[[], MDP]] = {
    "one state and action": lambda: model([(0, 0, 0, 1, 7, False)]),
    "one state": lambda: model([(0, 0, 0, 1, 1, True), (0, 1, 0, Fraction(1, 2), 0, False),
                                (0, 1, 0, Fraction(1, 2), 2, True)]),
    "nothing is paid": lambda: model([(0, 0, 1, 1, 0, False), (0, 1, 0, 1, 0, True),
                                      (1, 0, 0, 1, 0, False)]),
    "all tie": lambda: all_tie(12),
    "a state without actions": lambda: model([(0, 0, 1, 1, -3, False), (0, 1, 1, 1, -3, True)]),
    "two components": lambda: choices(Fraction(1, 5), Fraction(4, 5)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_small_and_plain(case: str) -> None:
    """Nothing is in doubt, and every breakpoint has its bracket, up to the last gamma."""
    found, exact = compared(CASES[case]())
    assert (found.near_ties, found.proven_to) == ((), LAST)
    assert len(found.brackets) == len(exact.breakpoints)


def test_two_gains_and_a_lottery_of_both() -> None:
    """10 and 1 for ever, or 2 for ever; state 3 draws lots for one of them, or takes 9 first."""
    rows: list[Row] = [(0, 0, 1, 1, 10, False), (0, 1, 2, 1, 0, False), (1, 0, 1, 1, 1, False)]
    rows += [(2, 0, 2, 1, 2, False), (3, 0, 1, Fraction(1, 2), 0, False)]
    rows += [(3, 0, 2, Fraction(1, 2), 0, False), (3, 1, 1, 1, 9, False), (4, 0, 3, 1, 0, False)]
    found, exact = compared(model(rows))
    assert (len(found.brackets), len(exact.breakpoints)) == (2, 2)


@pytest.mark.parametrize("power", [1074, -1100])
def test_a_reward_that_nothing_leads_to_does_not_matter(power: int) -> None:
    """26 against 14 g + 14 g^2, beside 10 * 2^power."""
    rows: list[Row] = [(0, 0, 0, 1, 26, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 14, False)]
    rows += [(2, 0, 0, 1, 14, True), (3, 0, 3, 1, 10 * Fraction(2) ** power, True)]
    found, _ = compared(model([*rows, (3, 1, 3, 1, 0, True)]))
    [bracket] = found.brackets
    assert bracket.content == ONE_BREAKPOINT
    assert abs(float(bracket.lower) - 0.9516001024) < 1e-8


@pytest.mark.parametrize("power", [-800, -1074])
def test_tiny_rewards_beside_large_ones(power: int) -> None:
    """The same choice in units of 2^power, in a state that leads to one that earns 1."""
    unit = Fraction(2) ** power
    rows: list[Row] = [(0, 0, 0, 1, unit, True), (0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 1, 1, 3 * unit, True), (2, 0, 0, Fraction(1, 2), 1, False)]
    compared(model([*rows, (2, 0, 2, Fraction(1, 2), 1, True), (2, 1, 2, 1, 1, True)]))


@pytest.mark.slow
def test_a_near_tie_a_thousand_steps_away_leaves_ties_in_doubt() -> None:
    """State 0 chooses between two ways of 1100 steps: to a near tie, and to 1 for certain.

    2^-1100 is 0 in floats, and more than 0: where the near tie adds anything, one way is better.
    """
    n, rows = 1100, list[Row]()
    for action, first in enumerate((1, n + 1)):
        way = [0, *range(first, first + n)]
        moves = enumerate(itertools.pairwise(way))
        rows += [(s, action if k == 0 else 0, t, 1, 0, False) for k, (s, t) in moves]
    rows += [(2 * n, 0, 2 * n, 1, 1, True), (n, 0, n, 1, 1, True)]
    rows += [(n, 1, 2 * n + 1, 1, 1 - SMALL, False), (2 * n + 1, 0, n, 1, 4 * SMALL, True)]
    found = certified_policy_regions(model(rows), width=WIDTH)
    gamma = Fraction(2, 5)  # 1 - 1e-17 + 4e-17 gamma is more than 1 there
    assert found.optimal_actions(gamma) is not None
    assert {tie.state for tie in found.near_ties if tie.lower < gamma < tie.upper} >= {0, n}
