"""Laws that relate the policy regions of one MDP to those of another, on random models."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flint import fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.model.mdp import MDP

Row = tuple[int, int, int, Any, Any, bool]
law = settings(deadline=None, derandomize=True, max_examples=40)


@st.composite
def rows_of_models(draw, ends=True, available=True):
    """(rows, number of states, number of actions) of a small MDP."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    rows: list[Row] = []
    for s in range(n):
        for a in range(m):
            if available and draw(st.integers(0, 5)) == 0:
                continue
            weights = draw(st.lists(st.integers(0, 4), min_size=n + 1, max_size=n + 1))
            if not ends:
                weights[n] = 0
            if not any(weights):
                weights[s] = 1
            reward = draw(st.integers(-4, 4))
            for t, w in enumerate(weights):
                if w:
                    rows.append((s, a, min(t, n - 1), Fraction(w, sum(weights)), reward, t == n))
    return rows, n, m


def solved(rows: list[Row], n: int, m: int) -> PolicyRegions:
    """The regions of the model with these rows."""
    return policy_regions(MDP.from_rows(rows, n_states=n, n_actions=m))


def gammas(regions: PolicyRegions) -> list[AlgebraicNumber]:
    """The breakpoints' values."""
    return [b.gamma for b in regions.breakpoints]


@law
@given(rows_of_models(), st.fractions(Fraction(1, 7), 9, max_denominator=7))
def test_positive_multiples_of_rewards_change_nothing(drawn, factor):
    """r -> a r with a > 0 keeps breakpoints, touches and sets."""
    rows, n, m = drawn
    scaled = [(s, a, t, p, factor * r, end) for s, a, t, p, r, end in rows]
    before, after = solved(rows, n, m), solved(scaled, n, m)
    assert gammas(after) == gammas(before)
    assert after.regions == before.regions
    assert [t.gamma for t in after.touches] == [t.gamma for t in before.touches]


@law
@given(rows_of_models(ends=False, available=False), st.integers(-5, 5))
def test_a_constant_reward_per_step_changes_nothing_where_nothing_ends(drawn, constant):
    """r -> r + b adds b / (1 - gamma) to every value."""
    rows, n, m = drawn
    moved = [(s, a, t, p, r + constant, end) for s, a, t, p, r, end in rows]
    before, after = solved(rows, n, m), solved(moved, n, m)
    assert gammas(after) == gammas(before)
    assert after.regions == before.regions


@law
@given(rows_of_models(ends=False, available=False), st.fractions(0, Fraction(4, 5)), st.data())
def test_mixing_with_a_fixed_distribution_divides_the_breakpoints(drawn, rate, data):
    """P -> (1 - e) P + e mu: the mu part is worth the same to all, so gamma' (1 - e) = gamma."""
    rows, n, m = drawn
    rate = rate.limit_denominator(5)
    target = data.draw(st.integers(0, n - 1))
    reward = {(s, a): r for s, a, _, _, r, _ in rows}
    mixed = [(s, a, t, (1 - rate) * p, r, end) for s, a, t, p, r, end in rows]
    mixed += [(s, a, target, rate, r, False) for (s, a), r in reward.items()]
    kept = [b for b in solved(rows, n, m).breakpoints if b.gamma < 1 - rate]
    after = solved(mixed, n, m).breakpoints
    assert len(after) == len(kept)
    for old, new in zip(kept, after, strict=True):
        assert new.gamma == _times(old.gamma, 1 / (1 - rate))
        assert new.changes == old.changes


def _times(number: AlgebraicNumber, factor: Fraction) -> AlgebraicNumber:
    """factor * number, as a root of p(x / factor)."""
    k, degree = factor.denominator, number.degree
    scaled = [
        c * k**i * factor.numerator ** (degree - i) for i, c in enumerate(number.coefficients)
    ]
    lower, upper = (factor * end for end in number.enclosure(200))
    if lower == upper:
        return AlgebraicNumber.of(lower)
    return isolate_roots(scaled, lower, upper)[0]


@law
@given(rows_of_models(), st.integers(2, 3))
def test_empty_steps_after_every_action_take_the_root(drawn, k):
    """k - 1 steps without reward or choice after each action turn gamma into gamma^k."""
    rows, n, m = drawn
    slow: list[Row] = []
    for s, a, t, p, r, end in rows:
        slow.append((s, a, t if end else n + t * (k - 1), p, r, end))
    for t in range(n):
        for i in range(k - 1):
            state = n + t * (k - 1) + i
            slow.append((state, 0, t if i == k - 2 else state + 1, 1, 0, False))
    before, after = solved(rows, n, m), solved(slow, n + n * (k - 1), m)
    assert len(after.breakpoints) == len(before.breakpoints)
    for old, new in zip(before.breakpoints, after.breakpoints, strict=True):
        power = fmpz_poly(list(old.gamma.coefficients))(fmpz_poly([0] * k + [1]))
        assert new.gamma.sign_of(power) == 0
        assert new.changes == old.changes


@law
@given(rows_of_models(), st.data())
def test_shaping_at_a_breakpoint_keeps_it(drawn, data):
    """r + gamma phi(t) - phi(s) at a fixed rational gamma leaves the optimal sets there."""
    rows, n, m = drawn
    phi = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    gamma = data.draw(st.fractions(Fraction(1, 9), Fraction(8, 9), max_denominator=9))
    for s in range(n):
        if not any(row[0] == s for row in rows):
            phi[s] = 0  # a state without actions earns nothing, with or without shaping
    shaped = [
        (s, a, t, p, r + (0 if end else gamma * phi[t]) - phi[s], end)
        for s, a, t, p, r, end in rows
    ]
    before, after = solved(rows, n, m), solved(shaped, n, m)
    assert after.optimal_actions(gamma) == before.optimal_actions(gamma)


@law
@given(rows_of_models(), st.data())
def test_relabelled_states_and_actions_give_relabelled_sets(drawn, data):
    """A permutation of states and actions permutes the answer."""
    rows, n, m = drawn
    state = data.draw(st.permutations(range(n)))
    action = data.draw(st.permutations(range(m)))
    moved = [(state[s], action[a], state[t], p, r, end) for s, a, t, p, r, end in rows]
    before, after = solved(rows, n, m), solved(moved, n, m)
    assert gammas(after) == gammas(before)
    for old, new in zip(before.regions, after.regions, strict=True):
        for s in range(n):
            assert new[state[s]] == tuple(sorted(action[a] for a in old[s]))


@law
@given(rows_of_models())
def test_duplicate_actions_tie_for_ever(drawn):
    """A copy of every action is optimal exactly where its original is."""
    rows, n, m = drawn
    doubled = rows + [(s, a + m, t, p, r, end) for s, a, t, p, r, end in rows]
    before, after = solved(rows, n, m), solved(doubled, n, 2 * m)
    assert gammas(after) == gammas(before)
    for old, new in zip(before.regions, after.regions, strict=True):
        assert new == tuple((*actions, *(a + m for a in actions)) for actions in old)


@law
@given(rows_of_models(), rows_of_models())
def test_disjoint_unions_merge_the_breakpoints(first, second):
    """Side by side, two models keep their own breakpoints; neither reaches the other."""
    (rows, n, m), (more, k, j) = first, second
    union = rows + [(n + s, a, n + t, p, r, end) for s, a, t, p, r, end in more]
    left, right, both = solved(rows, n, m), solved(more, k, j), solved(union, n + k, max(m, j))
    assert gammas(both) == sorted({*gammas(left), *gammas(right)})
    assert both.regions[-1] == left.regions[-1] + right.regions[-1]
    assert both.at_zero == left.at_zero + right.at_zero


@law
@given(rows_of_models(), rows_of_models())
def test_states_that_nothing_leads_to_change_nothing(first, second):
    """States before a model, entered from nowhere, leave the sets of its own states alone."""
    (rows, n, m), (more, k, j) = first, second
    before = [(n + s, a, t % (n + k), p, r, end) for s, a, t, p, r, end in more]
    alone, both = solved(rows, n, m), solved(rows + before, n + k, max(m, j))
    for point in both.breakpoints:
        changes = {s: change for s, change in point.changes.items() if s < n}
        [same] = [b.changes for b in alone.breakpoints if b.gamma == point.gamma] or [{}]
        touch = [t.changes for t in alone.touches if t.gamma == point.gamma]
        assert changes == {**same, **(touch[0] if touch else {})}
    assert {*gammas(alone)} <= {*gammas(both)}
    assert alone.regions[-1] == both.regions[-1][:n]


@pytest.mark.parametrize("length", [40, 90])
def test_a_chain_has_one_breakpoint_per_state(length):
    """Take 1 anywhere, or walk on to 2: state `length - k` turns at 2^(-1/k), k = 1, 2, .."""
    rows: list[Row] = [(s, 0, s, 1, 1, True) for s in range(length)]
    rows += [(s, 1, s + 1, 1, 0, False) for s in range(length - 1)]
    rows.append((length - 1, 1, length - 1, 1, 2, True))
    found = solved(rows, length, 2).breakpoints
    expected = ["1/2"] + [f"2^(-1/{k})" for k in range(2, length)]
    assert [b.gamma.closed_form() for b in found] == expected
    for k, b in enumerate(found, start=1):
        [(state, change)] = b.changes.items()
        assert (state, change.left, change.at, change.right) == (length - 1 - k, (0,), (0, 1), (1,))


def test_a_tie_for_ever_can_begin_at_a_breakpoint():
    """The walk 2, 0, 2 earns 1 - 2 g a round. Right of 1/2 nobody goes there, and all else is 0."""
    away = [(0, a, 2, 1, -2, False) for a in range(3)]
    between = [(1, 0, 2, 1, 0, False), (1, 1, 2, 1, 0, False), (1, 2, 1, 1, 0, False)]
    round_trip = [(2, 0, 1, 1, 0, False), (2, 1, 0, 1, 1, False), (2, 2, 1, 1, 0, False)]
    regions = solved(away + between + round_trip, 3, 3)
    assert [gamma.closed_form() for gamma in gammas(regions)] == ["1/2"]
    everything = (0, 1, 2)
    assert regions.regions[0] == (everything, (0, 1), (1,))
    assert regions.regions[1] == (everything, everything, (0, 2))
