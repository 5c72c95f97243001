"""Totals at gamma = 1 against brute force in fractions, known values, and what is refused."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from functools import partial
from random import Random

import gymnasium as gym
import numpy as np
import pytest
from brute_force import Policies, ending_model, ending_policies
from models import TAXI, two_state_puterman

from qdecay import MDP, FloatMDP, NotConverged
from qdecay.planning import (
    evaluate_policy,
    modified_policy_iteration,
    optimal_values,
    policy_iteration,
    value_iteration,
    value_over_gammas,
)
from qdecay.planning.total import iteration

SOLVERS = (
    value_iteration,
    partial(value_iteration, method="synchronous"),
    partial(value_iteration, method="prioritized"),
    modified_policy_iteration,
    policy_iteration,
    optimal_values,
)
WAYS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def grid(rows: list[str], step: Fraction, ahead: Fraction = Fraction(1), **ends: int) -> MDP:
    """A grid of '.' and '#', where a letter ends the episode and pays what `ends` says.

    A move goes ahead with that probability, to each side with half the rest; what would leave the
    grid stays. Leaving a '.' pays `step`; a letter's state has one action, which pays and ends.
    """
    cells = [(i, j) for i, row in enumerate(rows) for j, c in enumerate(row) if c != "#"]
    number = {cell: s for s, cell in enumerate(cells)}
    found = []
    for s, (i, j) in enumerate(cells):
        if rows[i][j] != ".":
            found.append((s, 0, s, 1, ends[rows[i][j]], True))
            continue
        for a in range(4):
            side = (2, 3) if a < 2 else (0, 1)
            for way, p in ((a, ahead), *((b, (1 - ahead) / 2) for b in side)):
                di, dj = WAYS[way]
                found.append((s, a, number.get((i + di, j + dj), s), p, step, False))
    return MDP.from_rows(found, n_states=len(cells), n_actions=4)


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.slow
def test_brute_force_over_all_policies_agrees(solve) -> None:
    """300 random models: answers are within their error, and their policies attain them.

    Where the best gain is not 0 in some state, there is an error instead.
    """
    answered = 0
    for seed in range(300):
        mdp = ending_model(seed)
        policies = ending_policies(seed)
        if any(policies.best_gain):
            with pytest.raises(ValueError, match="for ever"):
                solve(mdp, 1)
            continue
        found = solve(mdp, 1)
        answered += 1
        assert found.error <= 1e-8
        error = Fraction(found.error)
        attained = policies.limits_of(found.policy.tolist())
        assert not any(attained.gain)
        for s, total in enumerate(policies.best_bias):
            assert abs(Fraction(float(found.v[s])) - total) <= error
            assert total - attained.bias[s] <= 2 * error
    assert 150 < answered < 300


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 0.1])
def test_the_bound_is_true_however_wrong_the_values_are(scale: float) -> None:
    """Values that are off by random amounts, which a single backup then has to prove."""
    proven = 0
    for seed in range(200):
        mdp, random = ending_model(seed), np.random.default_rng(seed)
        policies = ending_policies(seed)
        if any(policies.best_gain):
            continue
        off = np.array(policies.best_bias, dtype=float) + scale * random.normal(size=mdp.n_states)
        work = iteration(mdp, 1, off)
        work.prove()
        work.certify(100 * scale)
        found = work.solution()
        if found.error < np.inf:
            proven += 1
            for value, total in zip(found.v, policies.best_bias, strict=True):
                assert abs(Fraction(float(value)) - total) <= Fraction(found.error)
    assert proven > 100


def test_no_optimal_action_is_missing_from_the_greedy_ones() -> None:
    """Whatever some optimal policy does is greedy; an action that r + P v shows worse is not."""
    for seed in range(0, 300, 2):
        mdp = ending_model(seed)
        policies = ending_policies(seed)
        if any(policies.best_gain):
            continue
        found = optimal_values(mdp, 1)
        for s, actions in enumerate(policies.at_one.optimal_actions):
            greedy = set(np.flatnonzero(found.greedy[s]))
            assert set(actions) <= greedy <= set(policies.available[s])


@pytest.mark.parametrize("seed", range(0, 200, 7))
def test_every_policy_is_evaluated_or_refused(seed: int) -> None:
    """The totals of all policies of a model are right, where they neither gain nor lose."""
    mdp = ending_model(seed)
    policies = ending_policies(seed)
    for policy in itertools.islice(policies.within(), 20):
        expected, named = policies.limits_of(policy), np.array([a or 0 for a in policy])
        for method in ("direct", "krylov"):
            if any(expected.gain):
                with pytest.raises(ValueError, match="for ever"):
                    evaluate_policy(mdp, named, 1, method=method)
                continue
            found = evaluate_policy(mdp, named, 1, method=method)
            for value, bias in zip(found.v, expected.bias, strict=True):
                assert abs(Fraction(float(value)) - bias) <= Fraction(found.error)


@pytest.mark.parametrize("solve", SOLVERS)
def test_known_totals(solve) -> None:
    """FrozenLake's 14/17 and 1; 19 for Taxi, 20 less a step each; -13 along the cliff."""
    known = [("FrozenLake-v1", 14 / 17), ("FrozenLake8x8-v1", 1), ("CliffWalking-v1", -13)]
    for env_id, total in known:
        mdp = MDP.from_env(gym.make(env_id))
        found = solve(mdp, 1)
        assert abs(found.v[mdp.start] - total) <= found.error <= 1e-8
        attained = evaluate_policy(mdp, found.policy, 1)
        assert np.abs(attained.v - found.v).max() <= 2 * found.error + attained.error
    taxi = MDP.from_env(gym.make(TAXI))
    found = solve(taxi, 1)
    # In the passenger's cell, with the passenger inside and at the destination: 20 at once.
    assert found.v.max() == pytest.approx(20)
    attained = evaluate_policy(taxi, found.policy, 1)
    assert np.abs(attained.v - found.v).max() <= 2 * found.error + attained.error


@pytest.mark.parametrize("solve", SOLVERS)
def test_sutton_and_bartos_grid(solve) -> None:
    """Example 4.1: -1 a step to the nearest of two corners, though bumping into walls never ends.

    From the corner's state itself the episode is over, at 0.
    """
    mdp = grid(["E...", "....", "....", "...E"], Fraction(-1), E=0)
    distance = [min(i + j, 6 - i - j) for i in range(4) for j in range(4)]
    found = solve(mdp, 1)
    assert np.abs(found.v + distance).max() <= found.error
    assert found.error <= 1e-8


# Russell & Norvig, Artificial Intelligence, figure 17.3 (17.1 in newer editions): utilities for a
# living reward of -0.04, printed to three digits.
AIMA = {
    (0, 0): 0.812,
    (0, 1): 0.868,
    (0, 2): 0.918,
    (1, 0): 0.762,
    (1, 2): 0.660,
    (2, 0): 0.705,
    (2, 1): 0.655,
    (2, 2): 0.611,
    (2, 3): 0.388,
}


@pytest.mark.parametrize("solve", SOLVERS)
def test_the_textbook_world_of_4_by_3(solve) -> None:
    """Its utilities as printed; and with a living reward of 0 nobody has to lose, so all are 1."""
    rows = ["...A", ".#.B", "...."]
    order = [(i, j) for i in range(3) for j in range(4) if rows[i][j] != "#"]
    found = solve(grid(rows, Fraction(-1, 25), Fraction(4, 5), A=1, B=-1), 1)
    for cell, printed in AIMA.items():
        assert abs(found.v[order.index(cell)] - printed) <= 0.0005 + found.error
    free = solve(grid(rows, Fraction(0), Fraction(4, 5), A=1, B=-1), 1)
    for cell in AIMA:
        assert abs(free.v[order.index(cell)] - 1) <= free.error


@pytest.mark.parametrize("solve", SOLVERS)
def test_a_tempting_loop_is_left(solve) -> None:
    """Circling is as good as leaving at every step, and never cashes: the policy leaves.

    States 0, 1, 2 in a ring, moving free; from 1, leaving pays 3. In state 3 staying is best: the
    only way out costs 1.
    """
    rows = [(s, 0, (s + 1) % 3, 1, 0, False) for s in range(3)]
    rows += [(1, 1, 1, 1, 3, True), (3, 0, 3, 1, 0, False), (3, 1, 0, 1, -4, False)]
    mdp = MDP.from_rows(rows, n_states=4, n_actions=2)
    found = solve(mdp, 1)
    assert np.abs(found.v - [3, 3, 3, 0]).max() <= found.error
    assert found.policy.tolist() == [0, 1, 0, 0]
    assert found.greedy.tolist() == [[True, False], [True, True], [True, False], [True, False]]


@pytest.mark.parametrize("solve", SOLVERS)
def test_steps_that_cost_next_to_nothing(solve) -> None:
    """Leaving costs 1, waiting 1e-6 a step for ever: that is left, whatever greedy at 0 says."""
    rows = [(0, 0, 0, 1, Fraction(-1, 10**6), False), (0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 0, 1, Fraction(-1, 10**6), False), (1, 1, 1, 1, -1, True)]
    found = solve(MDP.from_rows(rows, n_states=2, n_actions=2), 1)
    assert np.abs(found.v + 1).max() <= found.error
    assert found.policy.tolist() == [1, 1]


def test_a_loop_that_pays_now_and_costs_later() -> None:
    """+2 then -2 for ever: the limit of its discounted values is 1 in turn with -1.

    2 (1 - gamma + gamma^2 - ...) = 2 / (1 + gamma) -> 1. Leaving for 1/2 in the state worth -1 is
    better; then the other is worth 2 + 1/2.
    """
    loop = [(0, 0, 1, 1, 2, False), (1, 0, 0, 1, -2, False)]
    plain = MDP.from_rows(loop, n_states=2, n_actions=2)
    left = MDP.from_rows([*loop, (1, 1, 1, 1, "1/2", True)], n_states=2, n_actions=2)
    for make in (lambda mdp: mdp, FloatMDP.from_mdp):
        for solve in SOLVERS:
            found = solve(make(plain), 1)
            assert np.abs(found.v - [1, -1]).max() <= found.error <= 1e-8
            found = solve(make(left), 1)
            assert np.abs(found.v - [2.5, 0.5]).max() <= found.error <= 1e-8
            assert found.policy.tolist() == [0, 1]


@pytest.mark.parametrize("solve", [value_iteration, policy_iteration, optimal_values])
def test_a_long_way_against_a_current(solve) -> None:
    """Forward with probability 3/5, or 2/5 by the other action; -1 a step until past the last.

    From state k the next one takes t_k = 5/3 + 2/3 t_(k-1) steps, t_0 = 5/3. Sweeps spread too
    slowly to bound the steps of the best policy; solves do it.
    """
    n, forward = 1500, (Fraction(3, 5), Fraction(2, 5))
    rows = []
    for s, (a, p) in itertools.product(range(n), enumerate(forward)):
        rows.append((s, a, min(s + 1, n - 1), p, -1, s == n - 1))
        rows.append((s, a, max(s - 1, 0), 1 - p, -1, False))
    steps = [Fraction(5, 3)]
    for _ in range(n - 1):
        steps.append(Fraction(5, 3) + Fraction(2, 3) * steps[-1])
    totals = [-sum(steps[s:]) for s in range(n - 1, -1, -200)]
    found = solve(MDP.from_rows(rows, n_states=n, n_actions=2), 1, tol=None)
    assert 0 < found.error < 1e-5
    for s, total in zip(range(n - 1, -1, -200), totals, strict=True):
        assert abs(Fraction(float(found.v[s])) - total) <= Fraction(found.error)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 40])
def test_a_component_with_many_ways_out(n: int) -> None:
    """A free ring whose states all offer an end, the best in its last state: all go there."""
    rows = [(s, 0, (s + 1) % n, 1, 0, False) for s in range(n)]
    rows += [(s, a, s, 1, s + Fraction(a, 10), True) for s in range(n) for a in (1, 2)]
    mdp = MDP.from_rows(rows, n_states=n, n_actions=3)
    for solve in SOLVERS:
        found = solve(mdp, 1)
        assert np.abs(found.v - (n - 1 + 0.2)).max() <= found.error
        assert found.policy.tolist() == [0] * (n - 1) + [2]


def test_a_hundred_thousand_states() -> None:
    """A grid of 316 x 316 cells, -1 a step: the total is the distance to the last cell."""
    n = 316
    cells = np.arange(n * n)
    row, column = np.divmod(cells, n)
    moves = [
        np.clip(row + i, 0, n - 1) * n + np.clip(column + j, 0, n - 1)
        for i, j in ((0, -1), (0, 1), (-1, 0), (1, 0))
    ]
    to = np.stack(moves, axis=1).ravel()
    pairs = np.repeat(cells, 4), np.tile(np.arange(4), n * n)
    numbers = np.ones(4 * n * n), -np.ones(4 * n * n), to == n * n - 1
    mdp = FloatMDP.from_columns(*pairs, to, *numbers, n_states=n * n, n_actions=4)
    distance = np.maximum(2 * (n - 1) - row - column, 1)
    distance[-1] = 1  # its own walls lead to it, which ends
    for solve in (optimal_values, modified_policy_iteration):
        found = solve(mdp, 1)
        assert np.abs(found.v + distance).max() <= found.error <= 1e-8
        attained = evaluate_policy(mdp, found.policy, 1, method="krylov")
        assert np.abs(attained.v + distance).max() <= attained.error


def test_the_first_values_are_used() -> None:
    """From the answer itself little is left to do."""
    mdp = MDP.from_env(gym.make("FrozenLake8x8-v1"))
    known = optimal_values(mdp, 1, tol=1e-11).v
    plain, warm = value_iteration(mdp, 1).sweeps, value_iteration(mdp, 1, initial=known).sweeps
    assert warm < plain / 10
    with pytest.raises(ValueError, match="initial must be 64 finite numbers"):
        value_iteration(mdp, 1, initial=[0.0])


def test_any_budget_is_kept() -> None:
    """However few sweeps there are, what is returned says how far it is proven."""
    mdp = MDP.from_env(gym.make("FrozenLake8x8-v1"))
    known = optimal_values(mdp, 1, tol=1e-11)
    for solve in (value_iteration, optimal_values, modified_policy_iteration):
        for budget in (1, 2, 5, 20):
            with pytest.raises(NotConverged, match=f"the {budget} sweeps ran out") as error:
                solve(mdp, 1, max_sweeps=budget)
            found = error.value.best
            assert found.sweeps <= max(budget, 2)
            assert np.abs(found.v - known.v).max() <= found.error + known.error


def test_what_takes_too_many_steps_is_said() -> None:
    """A random walk falls back nine times in ten and ends on the 60th step: 9^60 of them."""
    n = 60
    rows = [(s, 0, min(s + 1, n - 1), "1/10", 0, False) for s in range(n - 1)]
    rows += [(s, 0, max(s - 1, 0), "9/10", 0, False) for s in range(n - 1)]
    mdp = MDP.from_rows([*rows, (n - 1, 0, 0, 1, 1, True)], n_states=n, n_actions=1)
    for solve in (value_iteration, optimal_values, policy_iteration):
        with pytest.raises(
            NotConverged, match="floats prove nothing at gamma = 1.0.*too many steps"
        ):
            solve(mdp, 1)


def test_a_grid_of_gammas_may_end_at_1() -> None:
    """The last column is that of gamma = 1 itself."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    found = value_over_gammas(mdp, [0.5, 0.99, 1, 1])
    for i in (2, 3):
        assert abs(found.values[i, 0] - 14 / 17) <= found.errors[i] < 1e-11
    assert found.greedy[3].any(axis=1).all()
    only = value_over_gammas(mdp, [1])
    assert abs(only.values[0, 0] - 14 / 17) <= only.errors[0] < 1e-11


GAINS = [(0, 0, 0, 1, 1, False)]
MIXED = [(0, 0, 1, 1, 2, False), (1, 0, 0, 1, -1, False)]
LOSES = [(0, 0, 1, "1/2", 9, False), (0, 0, 0, "1/2", 9, True), (1, 0, 1, 1, -1, False)]
TEMPTED = [*LOSES, (2, 0, 0, 1, 0, False), (2, 1, 2, 1, 5, True)]
REFUSED = [
    ("gains", GAINS, 1, r"in state 0 a policy can gain for ever"),
    ("gains on average", MIXED, 2, r"in states 0, 1 a policy can gain for ever"),
    ("may have to lose", LOSES, 2, r"in states 0, 1 every policy may lose for ever"),
    ("only some lose", TEMPTED, 3, r"in states 0, 1 every policy may lose for ever"),
]


@pytest.mark.parametrize(("name", "rows", "n", "message"), REFUSED, ids=[r[0] for r in REFUSED])
def test_states_that_gain_or_lose_for_ever_are_named(name, rows, n: int, message: str) -> None:
    """And the average is offered."""
    mdp = MDP.from_rows(rows, n_states=n, n_actions=2)
    for solve in (*SOLVERS, partial(value_over_gammas, gammas=[0.5, 1])):
        arguments = () if isinstance(solve, partial) and solve.keywords.get("gammas") else (1,)
        with pytest.raises(ValueError, match=message + ".*average_reward"):
            solve(mdp, *arguments)


@pytest.mark.parametrize(("n", "more"), [(5, ""), (6, ", ...")])
def test_state_names_are_used_and_long_lists_cut(n: int, more: str) -> None:
    """All states gain: five are named."""
    rows = [(s, 0, s, 1, 1, False) for s in range(n)]
    names = [f"room {s}" for s in range(n)]
    mdp = MDP.from_rows(rows, n_states=n, n_actions=1, state_names=names)
    listed = ", ".join(names[:5]) + more
    with pytest.raises(ValueError, match=re.escape(f"in states {listed} a policy can gain")):
        optimal_values(mdp, 1)


@pytest.mark.parametrize("seed", range(60))
def test_any_potential_may_shape_the_rewards(seed: int) -> None:
    """r + phi(t) - phi(s), phi(end) = 0: every total falls by phi(s), and none is refused."""
    rng, plain = Random(seed), ending_model(seed)
    if any(ending_policies(seed).best_gain):
        return
    phi = [Fraction(rng.randint(-(10**6), 10**6), 10**6) for _ in range(plain.n_states)]
    rows = [
        (s, a, t, p, r + (0 if ends else phi[t]) - phi[s], ends)
        for s, a, t, p, r, ends in plain.rows()
    ]
    mdp = MDP.from_rows(rows, n_states=plain.n_states, n_actions=plain.n_actions)
    found, totals = optimal_values(mdp, 1), Policies(mdp).best_bias
    for value, total in zip(found.v, totals, strict=True):
        assert abs(Fraction(float(value)) - total) <= Fraction(found.error)


def test_what_floats_cannot_tell_is_said() -> None:
    """A random loop that is worth nothing in thirds and tenths, but not in their floats."""
    tenth = Fraction(1, 10)
    rows = [
        (0, 0, 1, tenth, -3 * tenth, False),
        (0, 0, 2, 9 * tenth, -tenth, False),
        (1, 0, 0, 1, 3 * tenth, False),
        (2, 0, 0, 1, tenth, False),
    ]
    mdp = MDP.from_rows(rows, n_states=3, n_actions=1)
    found, policies = optimal_values(mdp, 1), Policies(mdp)
    assert not any(policies.best_gain)
    for value, total in zip(found.v, policies.best_bias, strict=True):
        assert abs(Fraction(float(value)) - total) <= Fraction(found.error)
    with pytest.raises(ValueError, match="floats cannot tell whether state 0 gains.*undiscounted"):
        optimal_values(FloatMDP.from_mdp(mdp), 1)


def test_probabilities_of_zero_are_no_ways_out() -> None:
    """A float model may hold them: a state that leaves with probability 0 stays for ever."""
    rows = [(0, 0, 0, 1.0, -1.0), (0, 0, 1, 0.0, -1.0), (1, 0, 1, 1.0, 0.0)]
    s, a, t, p, r = zip(*rows, strict=True)
    mdp = FloatMDP.from_columns(s, a, t, p, r, n_states=2, n_actions=1)
    with pytest.raises(ValueError, match=r"in state 0 every policy may lose"):
        optimal_values(mdp, 1)


def test_a_random_policy_may_stay_where_its_rewards_cancel() -> None:
    """+1 and -1 with probability 1/2 each: worth 0 for ever, though not action by action."""
    rows = [(0, 0, 0, 1, 1, False), (0, 1, 0, 1, -1, False)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=2)
    assert evaluate_policy(mdp, [[0.5, 0.5]], 1).v == 0
    with pytest.raises(ValueError, match="gains for ever"):
        evaluate_policy(mdp, [[0.75, 0.25]], 1)
    with pytest.raises(ValueError, match="lose for ever"):
        evaluate_policy(mdp, [[0.25, 0.75]], 1)


def test_puterman_has_no_total() -> None:
    """-1 for ever from state 1 on: every way loses."""
    with pytest.raises(ValueError, match="every policy may lose for ever"):
        optimal_values(two_state_puterman(), 1)
