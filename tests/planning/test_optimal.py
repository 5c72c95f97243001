"""Value iteration and policy iteration against exact linear algebra, and their error bounds."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache, partial

import gymnasium as gym
import numpy as np
import pytest
import sympy
from gymnasium.envs.toy_text.frozen_lake import generate_random_map
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman
from scipy import sparse

from qdecay import MDP, NotConverged
from qdecay.model.float_mdp import FloatMDP
from qdecay.planning import (
    evaluate_policy,
    modified_policy_iteration,
    optimal_values,
    policy_iteration,
    value_iteration,
    value_over_gammas,
)
from qdecay.planning.compiled.prioritized import Queue, rise, take
from qdecay_envs import ChainLayout

synchronous = partial(value_iteration, method="synchronous")
prioritized = partial(value_iteration, method="prioritized")
SOLVERS = (
    value_iteration,
    synchronous,
    prioritized,
    modified_policy_iteration,
    policy_iteration,
    optimal_values,
)


def exact_values(mdp: MDP, policy: tuple[int, ...], gamma: Fraction) -> list[Fraction]:
    """The policy's values by sympy's rational LU, straight from the rows."""
    n = mdp.n_states
    system, right = sympy.eye(n), sympy.zeros(n, 1)
    for s, a, t, p, r, done in mdp.rows():
        if policy[s] == a:
            right[s] += sympy.Rational(p * r)
            if not done:
                system[s, t] -= sympy.Rational(gamma * p)
    return [Fraction(int(v.p), int(v.q)) for v in system.LUsolve(right)]


def brute_force(mdp: MDP, gamma: Fraction) -> list[Fraction]:
    """The best over all deterministic policies, each solved exactly."""
    choices = [
        [a for a in range(mdp.n_actions) if mdp.available[s, a]] or [0] for s in range(mdp.n_states)
    ]
    values = [exact_values(mdp, policy, gamma) for policy in itertools.product(*choices)]
    return [max(column) for column in zip(*values, strict=True)]


@pytest.mark.parametrize("solve", SOLVERS)
@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    mdp=mdps(max_states=3, max_actions=2),
    gamma=st.fractions(0, Fraction(99, 100), max_denominator=100),
)
def test_the_error_bound_holds(solve, mdp: MDP, gamma: Fraction) -> None:
    """The exact optimum, by brute force over policies, lies within the stated error."""
    solution = solve(mdp, float(gamma), tol=1e-6)
    assert solution.error <= 1e-6
    for found, exact in zip(solution.v, brute_force(mdp, gamma), strict=True):
        # float(gamma) is not gamma: |dv/dgamma| <= max|r| / (1 - gamma)^2 <= 5e4 times 1e-17.
        assert abs(Fraction(float(found)) - exact) <= Fraction(solution.error) + Fraction(1, 10**12)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(mdp=mdps(max_states=3, max_actions=2, ends=True))
def test_gamma_one_where_every_policy_ends(mdp: MDP) -> None:
    """With gamma = 1 the bound holds too, over the expected length of an episode."""
    for solve in SOLVERS:
        solution = solve(mdp, 1.0, tol=1e-6)
        for found, exact in zip(solution.v, brute_force(mdp, Fraction(1)), strict=True):
            assert abs(Fraction(float(found)) - exact) <= Fraction(solution.error)


def test_gamma_one_is_refused_where_a_state_loses_for_ever() -> None:
    """Staying in the absorbing state pays -1 for ever; the message names it."""
    for solve in SOLVERS:
        with pytest.raises(ValueError, match=r"in states 0, 1 every policy may lose for ever"):
            solve(two_state_puterman(), 1.0)


def test_puterman_breaks_even_at_10_11() -> None:
    """Left of 10/11 leaving is better in state 0, right of it sharing (Puterman, section 3.1)."""
    mdp = two_state_puterman()
    for gamma, best in ((10 / 11 - 1e-6, 1), (10 / 11 + 1e-6, 0)):
        for solve in SOLVERS:
            assert solve(mdp, gamma, tol=1e-9).greedy[0].tolist() == [best == 0, best == 1]


def test_ties_are_kept() -> None:
    """At 1/2, staying for 1 now and walking to 4 two steps later are both greedy."""
    mdp = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    for solve in SOLVERS:
        assert solve(mdp, 0.5).greedy.tolist() == [[True, True]] * 3


def test_the_solvers_agree_on_gymnasiums_own() -> None:
    """Two algorithms, one answer within the sum of their bounds."""
    for env_id in ("FrozenLake8x8-v1", "CliffWalkingSlippery-v1"):
        mdp = MDP.from_env(gym.make(env_id))
        one, *others = (solve(mdp, 0.97, tol=1e-9) for solve in SOLVERS)
        for other in others:
            assert np.abs(one.v - other.v).max() <= one.error + other.error
            assert (one.greedy == other.greedy).all()


@pytest.mark.parametrize("solve", [s for s in SOLVERS if s is not policy_iteration])
def test_tol_none_goes_to_the_floor_of_rounding(solve) -> None:
    """The bound then is below any tolerance one would ask for, and still true."""
    solution = solve(two_state_puterman(), 0.9, tol=None)
    assert solution.error < 1e-11
    assert abs(Fraction(float(solution.v[1])) + 10) <= Fraction(solution.error) + Fraction(
        1, 10**13
    )


@cache
def dense_optimum(mdp: MDP, gamma: float) -> np.ndarray:
    """Howard's policy iteration with numpy's dense LU: the optimal values of a float model."""
    p = mdp.p.toarray().reshape(mdp.n_states, mdp.n_actions, mdp.n_states)
    r = np.nan_to_num(mdp.r)  # no choice is missing here, save in absorbing states
    states, policy = np.arange(mdp.n_states), np.zeros(mdp.n_states, dtype=int)
    while True:
        v = np.linalg.solve(np.eye(mdp.n_states) - gamma * p[states, policy], r[states, policy])
        q = r + gamma * p @ v
        if (q.max(axis=1) <= q[states, policy] + 1e-12 * np.abs(v).max()).all():
            return v
        policy = q.argmax(axis=1)


@cache
def random_model(n_states: int, n_actions: int, branching: int, ends: float, seed: int) -> FloatMDP:
    """Uniform successors, random weights and rewards; each action ends with probability `ends`."""
    random = np.random.default_rng(seed)
    shape = (n_states * n_actions, branching)
    to = random.integers(0, n_states, size=shape)
    weights = random.random(shape)
    weights *= (1 - ends) / weights.sum(axis=1, keepdims=True)
    pairs = np.repeat(np.arange(shape[0]), branching)
    p = sparse.csr_matrix((weights.ravel(), (pairs, to.ravel())), shape=(shape[0], n_states))
    p.sum_duplicates()
    r = random.normal(size=(n_states, n_actions))
    return FloatMDP.from_sparse(p, r, ends=np.full(r.shape, ends) if ends else None)


LARGER = [
    ("values mix fast", lambda: random_model(300, 4, 5, 0.0, 1), 0.99),
    ("values mix fast, long horizon", lambda: random_model(100, 3, 4, 0.0, 2), 0.9999),
    ("episodes end", lambda: random_model(300, 3, 3, 0.05, 3), 0.999),
    ("slow mixing", lambda: lake(14), 0.99),
    ("slow mixing, long horizon", lambda: lake(12), 0.9999),
    ("a cycle", lambda: ring(50), 0.999),
    ("a maze", lambda: maze(12), 0.999),
]


@cache
def lake(n: int) -> MDP:
    """A slippery lake of n x n cells, one in ten a hole, drawn as Gymnasium draws them."""
    rows = generate_random_map(size=n, p=0.9, seed=n)
    return FloatMDP.from_env(gym.make("FrozenLake-v1", desc=rows))


@cache
def maze(n: int) -> MDP:
    """Steps that do what they say on n x n cells, a third of them walls, to the last cell."""
    walls = np.random.default_rng(5).random((n, n)) < 1 / 3
    walls[0, 0] = walls[-1, -1] = False
    rows = []
    for s in range(n * n - 1):
        i, j = divmod(s, n)
        for a, (di, dj) in enumerate(((-1, 0), (1, 0), (0, -1), (0, 1))):
            inside = 0 <= i + di < n and 0 <= j + dj < n and not walls[i + di, j + dj]
            t = (i + di) * n + j + dj if inside else s
            rows.append((s, a, t, 1, int(t == n * n - 1), t == n * n - 1))
    return MDP.from_rows(rows, n_states=n * n, n_actions=4)


@cache
def ring(n: int) -> MDP:
    """Step on around n states, or stay; only the step from the last to the first pays."""
    rows = [(s, 0, (s + 1) % n, 1, int(s == n - 1), False) for s in range(n)]
    return MDP.from_rows(
        [*rows, *((s, 1, s, 1, 0, False) for s in range(n))], n_states=n, n_actions=2
    )


@pytest.mark.slow
@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize(("name", "model", "gamma"), LARGER, ids=[c[0] for c in LARGER])
def test_larger_models_agree_with_dense_linear_algebra(solve, name, model, gamma: float) -> None:
    """Every way of solving, whatever structure it meets, is within its bound of numpy's LU."""
    mdp = model()
    solution = solve(mdp, gamma, tol=1e-5)
    assert solution.error <= 1e-5
    expected = dense_optimum(mdp, gamma)
    # LAPACK's own error: about S * eps * |v| / (1 - gamma), below 1e-7 here.
    assert np.abs(solution.v - expected).max() <= solution.error + 1e-7


def test_acceleration_beats_value_iteration_by_sweeps() -> None:
    """Where v <- T v needs one sweep per 1 / (1 - gamma), inexact policy iteration does not."""
    for name, model, gamma in LARGER:
        if "long horizon" in name:
            mdp = model()
            plain = synchronous(mdp, gamma, tol=1e-5).sweeps
            assert 10 * optimal_values(mdp, gamma, tol=1e-5).sweeps < plain


def test_where_values_mix_the_horizon_costs_nothing() -> None:
    """The shift of all values takes the place of the sweeps that a long horizon asks for."""
    mdp = random_model(300, 4, 5, 0.0, 1)
    sweeps = [optimal_values(mdp, gamma, tol=1e-4).sweeps for gamma in (0.9, 0.99, 0.99999)]
    assert max(sweeps) < 60


def test_prioritized_sweeping_goes_in_the_order_of_distance() -> None:
    """In two corridors to a goal, states in random order, each is settled once or twice."""
    n = 400
    name = np.random.default_rng(0).permutation(2 * n).tolist()
    rows = []
    for place in range(2 * n):
        goal = place % n == n - 1
        onward = name[place] if goal else name[place + 1]
        rows.append((name[place], 0, onward, 1, int(goal), goal))
        rows.append((name[place], 1, name[place - (place % n > 0)], 1, 0, False))
    mdp = MDP.from_rows(rows, n_states=2 * n, n_actions=2)
    assert prioritized(mdp, 0.99, tol=1e-12).sweeps <= 4
    assert value_iteration(mdp, 0.99, tol=1e-12, method="gauss_seidel").sweeps > 100


@settings(deadline=None, derandomize=True, max_examples=50)
@given(priorities=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_queue_gives_the_largest_first(priorities: list[float]) -> None:
    """States come out in the order of their priorities, also of those raised while they wait."""
    n = len(priorities)
    heap, place = np.empty(n, dtype=np.int64), np.full(n, -1)
    priority = np.array(priorities)
    queue = Queue(heap, place, priority)
    for s in range(n):
        heap[s], place[s] = s, s
        rise(queue, s)
    for s in range(0, n, 3):
        priority[s] += 0.5
        rise(queue, place[s])
    order = [take(queue, length) for length in range(n, 0, -1)]
    assert sorted(order) == list(range(n))
    assert priority[order].tolist() == sorted(priority, reverse=True)
    assert (place == -1).all()


@pytest.mark.parametrize("solve", [s for s in SOLVERS if s is not policy_iteration])
@pytest.mark.parametrize("budget", [1, 2, 3, 10, 40])
def test_any_budget_is_kept_and_its_bound_is_true(solve, budget: int) -> None:
    """However few sweeps there are, no more are made, and the values are within the error."""
    for _, model, gamma in LARGER[:4]:
        mdp = model()
        with pytest.raises(NotConverged, match=f"the {budget} sweeps ran out") as error:
            solve(mdp, gamma, tol=1e-12, max_sweeps=budget)
        best = error.value.best
        assert best.sweeps <= max(budget, 2)  # a Gauss-Seidel sweep and its proof
        assert np.abs(best.v - dense_optimum(mdp, gamma)).max() <= best.error


@pytest.mark.parametrize("solve", SOLVERS)
def test_the_first_values_are_used(solve) -> None:
    """From the answer itself, nothing is left to do; and the caller's array stays as it was."""
    mdp = lake(10)
    known = dense_optimum(mdp, 0.95)
    given = known.copy()
    solution = solve(mdp, 0.95, tol=1e-9, initial=given)
    assert solution.sweeps <= 4
    assert (given == known).all()
    with pytest.raises(ValueError, match="initial must be 100 finite numbers"):
        solve(mdp, 0.95, initial=[0.0])
    with pytest.raises(ValueError, match="initial must be 100 finite numbers"):
        solve(mdp, 0.95, initial=np.full(100, np.nan))


@pytest.mark.parametrize("gamma", [Fraction(9999, 10**4), Fraction(999_999, 10**6)])
@pytest.mark.parametrize("seed", range(4))
def test_close_to_1_small_models_meet_the_default_tolerance(gamma: Fraction, seed: int) -> None:
    """Rewards of 1 to 10 for ever add up to 1e7, which floats hold to 1e-9: so proven, exactly.

    Residuals in floats, times a million steps, would prove 1e-2.
    """
    draw = np.random.default_rng(seed)
    rows = []
    for s, a in itertools.product(range(3), range(2)):
        weights, reward = draw.integers(1, 5, 3).tolist(), int(draw.integers(1, 11))
        shares = [Fraction(w, sum(weights)) for w in weights]
        rows += [(s, a, t, share, reward, False) for t, share in enumerate(shares)]
    mdp = MDP.from_rows(rows, n_states=3, n_actions=2)
    close = Fraction(float(gamma))
    expected = brute_force(mdp, close)
    for solve in (optimal_values, policy_iteration):
        found = solve(mdp, float(gamma))
        assert found.error <= 1e-8
        for value, exact in zip(found.v, expected, strict=True):
            assert abs(Fraction(float(value)) - exact) <= Fraction(found.error)
    policy = found.policy
    for method in ("direct", "krylov"):
        own = evaluate_policy(mdp, policy, float(gamma), method=method)
        for value, exact in zip(own.v, exact_values(mdp, tuple(policy), close), strict=True):
            assert abs(Fraction(float(value)) - exact) <= Fraction(own.error)


def test_the_floor_says_what_it_is_made_of() -> None:
    """At 1 - 1e-9 values are too large for 1e-8; larger models are not solved in fractions."""
    with pytest.raises(NotConverged, match=r"values of up to 1e\+09 are floats 1\.2e-07 apart"):
        optimal_values(two_state_puterman(), 1 - 1e-9)
    with pytest.raises(NotConverged, match=r"rounded by .*, which counts for 1e\+06 steps"):
        optimal_values(random_model(300, 4, 5, 0.0, 1), 1 - 1e-6)


def test_episodes_are_shorter_than_1_over_1_minus_gamma() -> None:
    """Where they end soon, gammas next to 1 need no horizon of 1e12 steps."""
    mdp = random_model(300, 3, 3, 0.05, 3)
    at_1 = optimal_values(mdp, 1)
    near = optimal_values(mdp, 1 - 1e-12)
    assert max(near.error, at_1.error) <= 1e-8
    assert np.abs(near.v - at_1.v).max() <= near.error + at_1.error + 1e-9


def test_running_out_of_budget_raises_with_the_best_so_far() -> None:
    """Three sweeps are not enough at 0.99; the exception carries a solution whose bound is true."""
    mdp = two_state_puterman()
    with pytest.raises(NotConverged, match="the 3 sweeps ran out") as error:
        value_iteration(mdp, 0.99, max_sweeps=3, method="synchronous")
    best = error.value.best
    assert abs(best.v[1] - (-100)) <= best.error
    with pytest.raises(NotConverged, match="used all its 1 policies"):
        policy_iteration(
            MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 4])), 0.9, max_iterations=1
        )


def test_a_tolerance_below_rounding_is_not_claimed() -> None:
    """No float solver can promise 1e-30."""
    for solve in SOLVERS:
        with pytest.raises(NotConverged, match="rounding allows no error below"):
            solve(two_state_puterman(), 0.9, tol=1e-30)


def test_a_tolerance_below_rounding_is_soon_told() -> None:
    """Sweeps do not double for ever where only rounding is left to fight."""
    random = np.random.default_rng(0)
    p = sparse.csr_matrix(random.dirichlet(np.ones(200), size=400))
    mdp = FloatMDP.from_sparse(p, random.random((200, 2)))
    for solve in (optimal_values, value_iteration):
        with pytest.raises(NotConverged, match="rounding allows no error below") as error:
            solve(mdp, 0.999, tol=1e-12)
        assert error.value.best.sweeps < 50_000


def test_states_without_actions_are_absorbing() -> None:
    """A state without rows has value 0 and no greedy action."""
    mdp = MDP.from_rows([(0, 0, 1, 1, 3, False)], n_states=2, n_actions=2)
    for solve in SOLVERS:
        solution = solve(mdp, 0.5)
        assert solution.v.tolist() == [3, 0]
        assert solution.greedy.tolist() == [[True, False], [False, False]]


BAD = [
    ({"gamma": -0.1}, "gamma must be in"),
    ({"gamma": 1.1}, "gamma must be in"),
    ({"gamma": float("nan")}, "gamma must be in"),
    ({"gamma": 0.5, "tol": 0.0}, "tol must be"),
    ({"gamma": 0.5, "tol": float("inf")}, "tol must be"),
]


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_refused(solve, arguments: dict, message: str) -> None:
    """Values outside their range are named."""
    with pytest.raises(ValueError, match=message):
        solve(two_state_puterman(), **arguments)


@pytest.mark.parametrize(
    "solve", [*SOLVERS, value_over_gammas, partial(evaluate_policy, policy=[0])]
)
def test_values_too_large_for_floats_are_refused(solve) -> None:
    """Infinite values, of which nothing can be proven, are not met; the message says what to do."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 10**304, False)], n_states=1, n_actions=1)
    name = "gammas" if solve is value_over_gammas else "gamma"
    with pytest.raises(ValueError, match="too large for floats"):
        solve(mdp, **{name: 0.99}, tol=1e300)
    assert solve(mdp, **{name: 0.0}, tol=1e295) is not None


def test_first_values_too_large_for_floats_are_refused() -> None:
    """They are refused as such, before anything is computed from them."""
    for solve in SOLVERS:
        with pytest.raises(ValueError, match="values at gamma = 0.5 may reach 1e.308, too large"):
            solve(two_state_puterman(), 0.5, initial=[0.0, 1e308])


def test_unknown_methods_are_refused() -> None:
    """What a method may be is in the message."""
    with pytest.raises(ValueError, match="method must be"):
        value_iteration(two_state_puterman(), 0.5, method="fast")
    with pytest.raises(ValueError, match="evaluation_sweeps must be >= 0"):
        modified_policy_iteration(two_state_puterman(), 0.5, evaluation_sweeps=-1)
