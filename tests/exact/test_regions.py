"""Policy regions against known answers, brute force, and exact evaluation on both sides."""

from __future__ import annotations

import itertools
import json
import math
import re
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import sympy
from flint import fmpq, fmpq_mat, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from qdecay._support.deadline import Deadline
from qdecay._support.progress import Progress
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.at_gamma import is_breakpoint, optimal_actions
from qdecay.exact.blackwell import blackwell
from qdecay.exact.proof.certificate import certificate
from qdecay.exact.proof.verify import verify
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.point import proposed_policy
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.rewards_ahead import afford
from qdecay.exact.solver.walk import Walk
from qdecay.model.mdp import MDP
from qdecay.planning import policy_iteration

Row = tuple[int, int, int, Any, Any, bool]


def model(rows: list[Row], start: int | None = 0) -> MDP:
    """An MDP with as many states and actions as its rows name."""
    n_states = 1 + max(max(s, t) for s, _, t, *_ in rows)
    return MDP.from_rows(
        rows, n_states=n_states, n_actions=1 + max(r[1] for r in rows), start=start
    )


def streams(near: list[int], far: list[int]) -> MDP:
    """One choice at state 0 between two reward sequences that end."""
    rows: list[Row] = []
    free = 1
    for action, rewards in enumerate((near, far)):
        state, move = 0, action
        for k, reward in enumerate(rewards):
            last = k == len(rewards) - 1
            rows.append((state, move, state if last else free, 1, reward, last))
            if not last:
                state, move, free = free, 0, free + 1
    return model(rows)


def closed_forms(regions: PolicyRegions) -> list[str | None]:
    """The closed forms of all breakpoints."""
    return [b.gamma.closed_form() for b in regions.breakpoints]


# -- known answers


def test_sutton_and_barto_exercise_3_22():
    """Left pays 1 at once, right 2 one step later, for ever: level at 1/2."""
    rows = [(0, 0, 1, 1, 1, False), (0, 1, 2, 1, 0, False), (1, 0, 0, 1, 0, False)]
    rows.append((2, 0, 0, 1, 2, False))
    assert closed_forms(policy_regions(model(rows))) == ["1/2"]


def test_puterman_two_state_example():
    """Puterman (2005), section 3.1 and 6: 5 + V stays level with 10 - 1/(1 - g) at 10/11."""
    rows = [(0, 0, 0, "1/2", 5, False), (0, 0, 1, "1/2", 5, False), (0, 1, 1, 1, 10, False)]
    rows.append((1, 0, 1, 1, -1, False))
    regions = policy_regions(model(rows))
    assert closed_forms(regions) == ["10/11"]
    assert regions.regions == (((1,), (0,)), ((0,), (0,)))
    assert regions.at_zero == ((1,), (0,))


def test_kaelbling_littman_moore_figure_2():
    """Rewards +2 from step 3, +10 from step 6, +11 from step 7, each for ever after."""
    rows: list[Row] = []
    free = 1
    for action, (delay, reward) in enumerate(((2, 2), (5, 10), (6, 11))):
        state, move = 0, action
        for _ in range(delay):
            rows.append((state, move, free, 1, 0, False))
            state, move, free = free, 0, free + 1
        rows.append((state, move, state, 1, reward, False))
    assert closed_forms(policy_regions(model(rows))) == ["5^(-1/3)", "10/11"]


@pytest.mark.parametrize(
    ("k", "text"),
    [(3, "(10/11)^(1/2)"), (10, "(10/11)^(1/9)"), (30, "(10/11)^(1/29)"), (100, "(10/11)^(1/99)")],
)
def test_bsuite_discounting_chain(k, text):
    """Reward 1 in the first step against 11/10 in step k: (10/11)^(1/(k - 1))."""
    near = streams([10], [0] * (k - 1) + [11])
    assert closed_forms(policy_regions(near)) == [text]


# Rewards of two streams by step; what near - far is, as a polynomial, stands beside them.
FACTORS = [
    ({1: 10}, {42: 11}, ["(10/11)^(1/41)"]),  # x (10 - 11 x^41)
    ({5: 10, 48: 11}, {6: 10, 47: 11}, ["(10/11)^(1/42)"]),  # x^5 (1 - x) (10 - 11 x^42)
    ({0: 1, 84: 6}, {42: 5}, ["3^(-1/42)", "2^(-1/42)"]),  # (1 - 2 x^42) (1 - 3 x^42)
    ({0: 1, 140: 6}, {70: 5}, ["3^(-1/70)", "2^(-1/70)"]),  # the same with x^70
    ({0: 20, 1: 10}, {99: 22, 100: 11}, ["(10/11)^(1/99)"]),  # (2 + x) (10 - 11 x^99)
    ({0: 1, 50: 2}, {1: 1, 2: 1, 51: 2, 52: 2}, ["(sqrt(5)-1)/2"]),  # (1 - x - x^2) (1 + 2 x^50)
]


@pytest.mark.parametrize(("near", "far", "forms"), FACTORS)
def test_other_factors_of_high_degree_hide_no_closed_form(near, far, forms):
    """Of degree above 40, where few polynomials are factored; the checker accepts them all."""
    mdp = streams(*([row.get(k, 0) for k in range(max(row) + 1)] for row in (near, far)))
    regions = policy_regions(mdp)
    assert closed_forms(regions) == forms
    for point in regions.breakpoints:
        document = point.gamma.to_json()["polynomial"]
        assert document[0] != 0 and document[-1] > 0 and math.gcd(*document) == 1
    verify(certificate(mdp, regions))


def test_nchain_with_slip_one_fifth():
    """NChain-v0 (5 states, 2 and 10): its last breakpoint is (125/256)^(1/4)."""
    rows: list[Row] = []
    for s in range(5):
        ahead, back = (min(s + 1, 4), 10 if s == 4 else 0), (0, 2)
        for action, (chosen, other) in enumerate(((ahead, back), (back, ahead))):
            rows.append((s, action, chosen[0], "4/5", chosen[1], False))
            rows.append((s, action, other[0], "1/5", other[1], False))
    assert closed_forms(policy_regions(model(rows)))[-1] == "(125/256)^(1/4)"


def test_frozen_lake_4x4():
    """Two breakpoints, of degree 3 and 8, and holes where all actions tie."""
    regions = policy_regions(MDP.from_env(gym.make("FrozenLake-v1")))
    first, second = (b.gamma for b in regions.breakpoints)
    assert (first.degree, second.degree) == (3, 8)
    assert first.decimal(12) == "0.808783309216"
    assert second.decimal(12) == "0.978316459143"
    assert all(sets[5] == (0, 1, 2, 3) for sets in regions.regions)
    assert_proven(MDP.from_env(gym.make("FrozenLake-v1")), regions)


HOMEWORK = [([1], [0, 0, 4]), ([0, 1], [0, 0, 3]), ([1], [0, 0, 0, 6]), ([1], [0] * 99 + [110])]


@pytest.mark.parametrize(("near", "far"), HOMEWORK)
@pytest.mark.parametrize("ending", ["terminate", "repeat", "absorb"])
def test_homework_under_all_endings(near, far, ending):
    """The root of near = far for the endings' closed forms of a stream's value."""
    rows: list[Row] = []
    free = 1
    for action, rewards in enumerate((near, far)):
        state, move = 0, action
        for k, reward in enumerate(rewards):
            last = k == len(rewards) - 1
            target = free if not last or ending == "absorb" else 0
            rows.append((state, move, target, 1, reward, last and ending == "terminate"))
            if target == free:
                state, move, free = free, 0, free + 1
        if ending == "absorb":
            rows.append((state, 0, state, 1, rewards[-1], False))
    x = fmpz_poly([0, 1])
    p, q = fmpz_poly(near), fmpz_poly(far)
    m, n = len(near), len(far)
    difference = {
        "terminate": p - q,
        "repeat": p * (1 - x**n) - q * (1 - x**m),
        "absorb": p * (1 - x) + near[-1] * x**m - q * (1 - x) - far[-1] * x**n,
    }[ending]
    expected = isolate_roots(difference)
    found = policy_regions(model(rows)).breakpoints
    assert [b.gamma for b in found if 0 in b.changes] == expected


# -- hard cases


def test_streams_that_cross_twice_within_1e_20():
    """The difference x^40 - 2 (10 x - 1)^2: two breakpoints, the far stream loses between."""
    x = fmpz_poly([0, 1])
    difference = [int(c) for c in (x**40 - 2 * (10 * x - 1) ** 2).coeffs()]
    regions = policy_regions(streams([0] * 41, difference))
    below, above = (b.gamma for b in regions.breakpoints)
    assert below < Fraction(1, 10) < above
    assert Fraction(10**21) * (above.enclosure(90)[1] - below.enclosure(90)[0]) < 2
    assert [sets[0] for sets in regions.regions] == [(0,), (1,), (0,)]


def test_a_double_root_is_a_touch():
    """Far - near = -(2 g - 1)^2: far is optimal at 1/2 only, and the region goes on."""
    regions = policy_regions(streams([1, 0, 4], [0, 4, 0]))
    assert regions.breakpoints == ()
    [touch] = regions.touches
    assert touch.gamma == Fraction(1, 2)
    change = touch.changes[0]
    assert (change.left, change.at, change.right) == ((0,), (0, 1), (0,))
    assert regions.blackwell_touch == 0
    assert regions.blackwell_discount_factor == Fraction(1, 2)


def test_a_breakpoint_near_one_and_its_neighbour():
    """(1 - g) against 1e-12 and 2e-12 of a later reward: breakpoints 1e-12 from 1."""
    big = 10**12
    rows = [(0, 0, 0, 1, 0, True), (0, 1, 1, 1, 1 - big, False), (1, 0, 1, 1, big, True)]
    assert closed_forms(policy_regions(model(rows))) == [f"{big - 1}/{big}"]


def test_degree_one_thousand():
    """1 against 6 after 999 steps."""
    assert closed_forms(policy_regions(streams([1], [0] * 999 + [6]))) == ["6^(-1/999)"]


def test_lasting_ties_are_kept_and_single_states_work():
    """Duplicate actions tie on every region; one state, one action has one region."""
    rows = [(0, 0, 0, 1, 1, False), (0, 1, 0, 1, 1, False), (0, 2, 0, 1, 0, False)]
    regions = policy_regions(model(rows))
    assert regions.regions == (((0, 1),),)
    assert policy_regions(model([(0, 0, 0, 1, 7, False)])).regions == (((0,),),)


def test_states_without_actions_have_empty_sets():
    """State 1 has no row; it is worth 0."""
    regions = policy_regions(model([(0, 0, 1, 1, -3, False), (0, 1, 1, 1, -3, True)]))
    assert regions.regions == (((0, 1), ()),)
    assert regions.blackwell_policy == (0, None)
    nowhere = policy_regions(MDP.from_rows([], n_states=2, n_actions=1))
    assert nowhere.regions == (((), ()),)


def test_huge_rewards_and_denominators():
    """Numbers beyond every float: 10^400 now against 10^400 + 1 later, with odd chances."""
    p = Fraction(10**30 + 57, 3 * 10**30)
    rows = [(0, 0, 0, 1, 10**400, True), (0, 1, 1, p, 0, False), (0, 1, 0, 1 - p, 0, True)]
    rows.append((1, 0, 1, 1, 10**401, True))
    expected = Fraction(1, 10) / p
    assert [b.gamma for b in policy_regions(model(rows)).breakpoints] == [expected]


def test_gamma_zero_may_have_larger_sets():
    """At 0 both actions earn nothing; right of 0 one leads to a reward."""
    regions = policy_regions(streams([0], [0, 1]))
    assert regions.at_zero[0] == (0, 1)
    assert regions.regions[0][0] == (1,)
    assert regions.breakpoints == ()


def test_ties_that_break_late_are_no_ties():
    """Both streams pay nothing for 30 steps; then 1 against 2: one region, one action."""
    regions = policy_regions(streams([0] * 30 + [1], [0] * 30 + [2]))
    assert regions.breakpoints == ()
    assert regions.regions[0][0] == (1,)


def test_a_touch_left_of_the_last_breakpoint_is_not_blackwells():
    """Two separate choices: one touches at 1/2, the other turns at 3/4."""
    rows = [(0, 0, 1, 1, 1, False), (1, 0, 2, 1, 0, False), (2, 0, 2, 1, 4, True)]
    rows += [(0, 1, 3, 1, 0, False), (3, 0, 3, 1, 4, True)]
    rows += [(4, 0, 4, 1, 3, True), (4, 1, 5, 1, 0, False), (5, 0, 5, 1, 4, True)]
    regions = policy_regions(model(rows))
    assert [t.gamma for t in regions.touches] == [Fraction(1, 2)]
    assert closed_forms(regions) == ["3/4"]
    assert (regions.blackwell_breakpoint, regions.blackwell_touch) == (0, None)
    assert regions.blackwell_discount_factor == Fraction(3, 4)
    assert regions.optimal_actions("1/2")[0] == (0, 1)


# -- second routes


def assert_proven(mdp: MDP, regions: PolicyRegions) -> None:
    """Evaluate each region near both its ends by an exact linear solve; compare all argmaxes.

    At the breakpoints themselves, which are irrational, the sets must cover both sides.
    """
    ends = [Fraction(0), *(b.gamma for b in regions.breakpoints), Fraction(1)]
    for i, (left, right) in enumerate(itertools.pairwise(ends)):
        for gamma in _inside(left, right):
            assert exact_sets(mdp, gamma, regions.regions[i]) == regions.regions[i]
    for i, b in enumerate(regions.breakpoints):
        for state, change in b.changes.items():
            assert change.left == regions.regions[i][state]
            assert change.right == regions.regions[i + 1][state]
            assert set(change.at) >= {*change.left, *change.right}
        assert regions.regions[i] != regions.regions[i + 1]


def _inside(left, right) -> list[Fraction]:
    near = Fraction(1, 10**9)
    low = left.enclosure(80)[1] if isinstance(left, AlgebraicNumber) else left
    high = right.enclosure(80)[0] if isinstance(right, AlgebraicNumber) else right
    return [low + (high - low) * near, (low + high) / 2, high - (high - low) * near]


def exact_sets(mdp: MDP, gamma: Fraction, policy_sets: Any) -> tuple[tuple[int, ...], ...]:
    """All maximising actions for the value of a policy drawn from the given sets."""
    n = mdp.n_states
    g = fmpq(gamma.numerator, gamma.denominator)
    p: dict[tuple[int, int], dict[int, fmpq]] = {}
    for k in range(len(mdp.state)):
        row = p.setdefault((int(mdp.state[k]), int(mdp.action[k])), {})
        chance = mdp.exact_probability[k]
        if not mdp.terminated[k]:
            t = int(mdp.next_state[k])
            row[t] = row.get(t, fmpq(0)) + fmpq(chance.numerator, chance.denominator)
    r = {pair: fmpq(x.numerator, x.denominator) for pair, x in mdp.exact_r.items()}
    system, right = fmpq_mat(n, n), fmpq_mat(n, 1)
    for s in range(n):
        system[s, s] = 1
        if policy_sets[s]:
            pair = (s, policy_sets[s][0])
            right[s, 0] = r[pair]
            for t, chance in p[pair].items():
                system[s, t] = system[s, t] - g * chance
    v = system.solve(right)
    q: dict[int, dict[int, fmpq]] = {s: {} for s in range(n)}
    for (s, a), row in p.items():
        q[s][a] = r[s, a] + g * sum((c * v[t, 0] for t, c in row.items()), fmpq(0))
    return tuple(tuple(a for a in sorted(q[s]) if q[s][a] == max(q[s].values())) for s in range(n))


@st.composite
def models(draw, max_states=4, max_actions=3, denominator=6):
    """Small MDPs with ends, unavailable actions, ties, zeros and negative rewards."""
    n = draw(st.integers(1, max_states))
    rows: list[Row] = []
    rewards = st.one_of(st.integers(-3, 3), st.fractions(-2, 2, max_denominator=4))
    for s in range(n):
        for a in range(draw(st.integers(0 if s else 1, max_actions))):
            weights = draw(st.lists(st.integers(0, denominator), min_size=n + 1, max_size=n + 1))
            weights = weights if any(weights) else [1] * (n + 1)
            reward = draw(rewards)
            total = sum(weights)
            for t, w in enumerate(weights):
                if w:
                    rows.append((s, a, min(t, n - 1), Fraction(w, total), reward, t == n))
    return MDP.from_rows(rows, n_states=n, n_actions=max_actions, start=0)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(models())
def test_regions_hold_near_both_ends(mdp):
    """Exact linear solves near the ends and in the middle of every region give its sets."""
    assert_proven(mdp, policy_regions(mdp))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(models())
def test_floats_change_nothing(mdp):
    """The walk that never looks at floats finds the same events and sets."""
    fast, slow = (
        list(Walk(GammaAxis(RationalModel(mdp), use_floats=b)).run()) for b in (True, False)
    )
    assert [e.x for e in fast] == [e.x for e in slow]
    for a, b in zip(fast, slow, strict=True):
        assert (a.at == b.at).all()
        assert (a.right == b.right).all()


@settings(deadline=None, derandomize=True, max_examples=12)
@given(models(max_states=3, max_actions=2, denominator=3))
def test_brute_force_over_all_policies(mdp):
    """No point is missing: all roots of all value differences of all policies are tried."""
    gamma = sympy.Symbol("gamma")
    regions = policy_regions(mdp)
    values = [_symbolic_values(mdp, policy, gamma) for policy in _policies(mdp)]
    roots: set[AlgebraicNumber] = set()
    for v, w in itertools.combinations(values, 2):
        for s in range(mdp.n_states):
            top = sympy.fraction(sympy.cancel(v[s] - w[s]))[0]
            polynomial = sympy.Poly(top, gamma)
            if not polynomial.is_zero:
                scaled = sympy.Poly(polynomial.clear_denoms()[1], gamma)
                roots.update(isolate_roots([int(c) for c in scaled.all_coeffs()[::-1]]))
    points = sorted(roots)
    ends = [AlgebraicNumber.of(0), *points, AlgebraicNumber.of(1)]
    samples = [a.rational_below(b) for a, b in itertools.pairwise(ends)]
    sets = [_best_sets(mdp, values, gamma, sample) for sample in samples]
    expected = [g for g, a, b in zip(points, sets, sets[1:], strict=False) if a != b]
    assert [b.gamma for b in regions.breakpoints] == expected
    for sample, best in zip(samples, sets, strict=True):
        assert regions.optimal_actions(sample) == best


def _policies(mdp: MDP) -> list[tuple[int | None, ...]]:
    choices = [np.flatnonzero(row).tolist() or [None] for row in mdp.available]
    return list(itertools.product(*choices))


def _symbolic_values(mdp: MDP, policy: tuple[int | None, ...], gamma: sympy.Symbol) -> list:
    n = mdp.n_states
    system, right = sympy.eye(n), sympy.zeros(n, 1)
    for k in range(len(mdp.state)):
        s, a, t = int(mdp.state[k]), int(mdp.action[k]), int(mdp.next_state[k])
        if policy[s] == a:
            p = sympy.Rational(*mdp.exact_probability[k].as_integer_ratio())
            right[s] += p * sympy.Rational(*mdp.exact_reward[k].as_integer_ratio())
            if not mdp.terminated[k]:
                system[s, t] -= gamma * p
    solved = system.adjugate() * right / system.det()
    return [sympy.cancel(v) for v in solved]


def _best_sets(mdp: MDP, values: list, gamma: sympy.Symbol, sample: Fraction) -> tuple:
    at = sympy.Rational(sample.numerator, sample.denominator)
    numbers = [[v.subs(gamma, at) for v in value] for value in values]
    best = [max(column) for column in zip(*numbers, strict=True)]
    sets = []
    for s in range(mdp.n_states):
        optimal = []
        for a in np.flatnonzero(mdp.available[s]).tolist():
            q = sympy.Integer(0)
            for k in np.flatnonzero((mdp.state == s) & (mdp.action == a)).tolist():
                p = sympy.Rational(*mdp.exact_probability[k].as_integer_ratio())
                reward = sympy.Rational(*mdp.exact_reward[k].as_integer_ratio())
                later = 0 if mdp.terminated[k] else best[int(mdp.next_state[k])]
                q += p * (reward + at * later)
            if q == best[s]:
                optimal.append(a)
        sets.append(tuple(optimal))
    return tuple(sets)


@pytest.mark.parametrize("size", [8, pytest.param(10, marks=pytest.mark.slow)])
def test_frozen_lake_maps_hold_near_every_breakpoint(size):
    """Exact solves beside each of the breakpoints of the slippery map."""
    desc = gym.envs.toy_text.frozen_lake.generate_random_map(size=size, p=0.85, seed=1)
    mdp = MDP.from_env(gym.make("FrozenLake-v1", desc=desc))
    assert_proven(mdp, policy_regions(mdp))


# -- one point


@settings(deadline=None, derandomize=True, max_examples=40)
@given(models(), st.fractions(0, Fraction(39, 40), max_denominator=40))
def test_one_gamma_alone_gives_what_the_regions_say(mdp, gamma):
    """optimal_actions and is_breakpoint without a walk agree with the walk."""
    regions = policy_regions(mdp)
    assert optimal_actions(mdp, gamma) == regions.optimal_actions(gamma)
    assert is_breakpoint(mdp, gamma) == any(b.gamma == gamma for b in regions.breakpoints)
    for point in regions.breakpoints:
        assert is_breakpoint(mdp, point.gamma)
        assert optimal_actions(mdp, point.gamma) == regions.optimal_actions(point.gamma)
    for point in regions.touches:
        assert not is_breakpoint(mdp, point.gamma)
        assert optimal_actions(mdp, point.gamma) == regions.optimal_actions(point.gamma)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(models())
def test_values_are_the_solution_of_the_optimality_equation(mdp):
    """The rational functions, evaluated inside each region, satisfy Bellman exactly."""
    regions = policy_regions(mdp)
    values = [regions.value(s) for s in range(mdp.n_states)]
    ends = [Fraction(0), *(b.gamma for b in regions.breakpoints), Fraction(1)]
    for i, (left, right) in enumerate(itertools.pairwise(ends)):
        gamma = _inside(left, right)[1]
        v = [value[i](gamma) for value in values]
        q: dict[int, dict[int, Fraction]] = {}
        for k in range(len(mdp.state)):
            later = 0 if mdp.terminated[k] else gamma * v[mdp.next_state[k]]
            actions = q.setdefault(int(mdp.state[k]), {})
            a, p = int(mdp.action[k]), mdp.exact_probability[k]
            actions[a] = actions.get(a, Fraction(0)) + p * (mdp.exact_reward[k] + later)
        for s in range(mdp.n_states):
            assert v[s] == max(q[s].values()) if s in q else v[s] == 0


# -- the result


def test_json_is_the_documented_document():
    """Every field of design's example, and no other, through json and back."""
    rows = [(0, 0, 0, "1/2", 5, False), (0, 0, 1, "1/2", 5, False), (0, 1, 1, 1, 10, False)]
    rows.append((1, 0, 1, 1, -1, False))
    document = json.loads(json.dumps(policy_regions(model(rows)).to_json("two-state")))
    assert document == {
        "schema": "qdecay.policy-regions/1",
        "source": "two-state",
        "n_states": 2,
        "n_actions": 2,
        "start": 0,
        "breakpoints": [
            {
                "polynomial": [-10, 11],
                "lower": "10/11",
                "upper": "10/11",
                "decimal": "0.9090909090909090909090909090909090909091",
                "closed_form": "10/11",
                "changes": {"0": {"left": [1], "at": [0, 1], "right": [0]}},
            }
        ],
        "regions": [{"optimal_actions": [[1], [0]]}, {"optimal_actions": [[0], [0]]}],
        "touches": [],
        "at_zero": {"optimal_actions": [[1], [0]]},
        # Either way the agent ends in the state that costs 1 for ever.
        "at_one": {
            "gain": ["-1", "-1"],
            "value": [None, None],
            "optimal_actions": [[0, 1], [0]],
        },
        "blackwell": {"breakpoint": 0, "touch": None},
    }


def test_breakpoints_of_the_start_and_of_reached_states():
    """State 3 is never reached: its breakpoint counts for neither; state 1's is reached."""
    rows = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 1, True), (1, 1, 2, 1, 0, False)]
    rows += [(2, 0, 2, 1, 2, True), (3, 0, 3, 1, 1, True), (3, 1, 2, 1, -1, False)]
    rows += [(3, 2, 4, 1, 0, False), (4, 0, 4, 1, 3, True), (0, 1, 0, 1, Fraction(1, 4), True)]
    regions = policy_regions(model(rows))
    names = [b.gamma.closed_form() for b in regions.breakpoints]
    assert [names[i] for i in regions.start_breakpoints()] == ["1/4"]
    assert [names[i] for i in regions.reached_breakpoints()] == ["1/4", "1/2"]
    assert "1/3" in names
    with pytest.raises(ValueError, match="start"):
        policy_regions(model(rows, start=None)).start_breakpoints()


def test_a_step_that_is_not_begun_says_what_it_needs() -> None:
    """A polynomial that would take longer than the limit; less than 1 s is not "0 s"."""
    lake = RationalModel(MDP.from_env(gym.make("FrozenLake-v1")))
    for limit in (50, 0.5):
        words = int(1e5 * limit)
        with pytest.raises(BudgetExceeded) as caught:
            afford(lake, Deadline(limit), 52, 16, words)
        text = re.fullmatch(
            rf"stopped: one exact polynomial of degree up to 26 needs about (.+) s, more than is "
            rf"left of the limit of {limit} s",
            str(caught.value),
        )
        assert text is not None and float(text[1]) > limit
        assert caught.value.max_seconds == limit


def test_running_out_of_points_hands_over_the_proven_part():
    """max_breakpoints=1 keeps the first breakpoint and says how far it is proven."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    with pytest.raises(BudgetExceeded, match="proven up to gamma = 0.8087") as caught:
        policy_regions(mdp, max_breakpoints=1)
    [found] = caught.value.best.breakpoints
    assert found.gamma == policy_regions(mdp).breakpoints[0].gamma == caught.value.best.proven_to
    assert caught.value.max_seconds is None


def test_running_out_of_time_raises():
    """A limit of a nanosecond is over before the sets right of 0 are known."""
    with pytest.raises(BudgetExceeded) as caught:
        policy_regions(MDP.from_env(gym.make("FrozenLake-v1")), max_seconds=1e-9)
    assert caught.value.max_seconds == 1e-9


def test_blas_is_held_to_one_thread_and_let_go_again():
    """Many small products wait for each other's threads on a busy machine."""
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        during: list[set[int]] = []
        lake = MDP.from_env(gym.make("FrozenLake-v1"))
        policy_regions(lake, progress=lambda *_: during.append(blas_threads()))
        assert during == [{1}, {1}, {1}]
        assert blas_threads() == before


def blas_threads() -> set[int]:
    """The number of threads of each BLAS that is loaded."""
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert pools
    return {pool["num_threads"] for pool in pools}


def test_progress_counts_the_points():
    """The callback sees each point once, in order, after one event of nothing found."""
    seen: list[Progress] = []
    policy_regions(MDP.from_env(gym.make("FrozenLake-v1")), progress=seen.append)
    texts = [event.text.partition(",")[0] for event in seen]
    assert texts == ["points found: 0", "points found: 1", "points found: 2"]
    assert [round(event.done, 6) for event in seen] == [0, 0.808783, 0.978316]
    assert {event.total for event in seen} == {1}


@pytest.mark.parametrize("gamma", [-1, "3/2"])
def test_gamma_outside_its_range_is_refused(gamma):
    """gamma must be in [0, 1]."""
    mdp = model([(0, 0, 0, 1, 1, False)])
    with pytest.raises(ValueError, match="gamma"):
        optimal_actions(mdp, gamma)


def test_floats_are_refused():
    """0.5 as a float is not an exact gamma."""
    with pytest.raises(TypeError, match="exact"):
        is_breakpoint(model([(0, 0, 0, 1, 1, False)]), 0.5)  # type: ignore[arg-type]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(models())
def test_blackwell_from_the_right_agrees_with_the_walk_from_the_left(mdp):
    """Discount factor, kind and sets; the last region holds arbitrarily near 1."""
    regions, alone = policy_regions(mdp), blackwell(mdp)
    assert alone.discount_factor == regions.blackwell_discount_factor
    assert alone.is_touch == (regions.blackwell_touch is not None)
    assert alone.optimal_actions == regions.blackwell_sets
    assert exact_sets(mdp, 1 - Fraction(1, 10**40), alone.optimal_actions) == alone.optimal_actions


def test_a_proposed_policy_sees_rewards_far_away():
    """300 states to walk, one for each step of policy iteration: value iteration goes before it."""
    n = 300
    rows: list[Row] = [(s, 0, s, 1, 1, True) for s in range(n)]
    rows += [(s, 1, min(s + 1, n - 1), 1, 2 if s == n - 1 else 0, s == n - 1) for s in range(n)]
    rational_model = RationalModel(model(rows))
    assert proposed_policy(rational_model, 1 - 2.0**-20).tolist() == list(range(1, 2 * n, 2))


def test_blackwell_factor_may_be_a_touch():
    """Far - near = -(2 g - 1)^2: nothing changes but at 1/2 itself."""
    found = blackwell(streams([1, 0, 4], [0, 4, 0]))
    assert (found.discount_factor, found.is_touch) == (Fraction(1, 2), True)
    assert found.optimal_actions[0] == (0,)


@pytest.mark.slow
def test_denominators_of_thousands_of_bits_are_no_obstacle():
    """34 states, 102 distributions that have no denominator in common; floats in every region.

    The determinant's coefficients have some 15,000 bits.
    """
    random = np.random.default_rng(1)
    rows = []
    for state, action in itertools.product(range(34), range(3)):
        weights = random.integers(1, 99, 3).tolist()
        for target, weight in zip(random.choice(34, 3, replace=False), weights, strict=True):
            probability = Fraction(weight, sum(weights))
            rows.append(
                (state, action, int(target), probability, int(random.integers(-99, 99)), False)
            )
    mdp = MDP.from_rows(rows, n_states=34, n_actions=3)
    found = policy_regions(mdp)
    ends = [0.0, *(float(point.gamma) for point in found.breakpoints), 1.0]
    assert len(ends) > 4
    for region, (left, right) in zip(found.regions, itertools.pairwise(ends), strict=True):
        q = policy_iteration(mdp, (left + right) / 2).q
        best = q >= q.max(axis=1, keepdims=True) - 1e-9 * (right - left)
        assert [tuple(np.flatnonzero(row)) for row in best] == [tuple(s) for s in region]
