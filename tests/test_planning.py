"""Value iteration and policy iteration against exact linear algebra, and their error bounds."""

from __future__ import annotations

import itertools
from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman

from qdecay import MDP, NotConverged, policy_iteration, value_iteration
from qdecay_envs import ChainLayout

SOLVERS = (value_iteration, policy_iteration)


def exact_values(mdp: MDP, policy: tuple[int, ...], gamma: Fraction) -> list[Fraction]:
    """The policy's values by sympy's rational LU, straight from the rows."""
    n = mdp.n_states
    system, right = sympy.eye(n), sympy.zeros(n, 1)
    columns = (mdp.state, mdp.action, mdp.next_state, mdp.terminated)
    rows = zip(*(c.tolist() for c in columns), mdp.exact_probability, mdp.exact_reward, strict=True)
    for s, a, t, done, p, r in rows:
        if policy[s] == a:
            right[s] += sympy.Rational(p * r)
            if not done:
                system[s, t] -= sympy.Rational(gamma * p)
    return [Fraction(int(v.p), int(v.q)) for v in system.LUsolve(right)]


def optimal_values(mdp: MDP, gamma: Fraction) -> list[Fraction]:
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
    for found, exact in zip(solution.v, optimal_values(mdp, gamma), strict=True):
        # float(gamma) is not gamma: |dv/dgamma| <= max|r| / (1 - gamma)^2 <= 5e4 times 1e-17.
        assert abs(Fraction(float(found)) - exact) <= Fraction(solution.error) + Fraction(1, 10**12)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(mdp=mdps(max_states=3, max_actions=2, ends=True))
def test_gamma_one_where_every_policy_ends(mdp: MDP) -> None:
    """With gamma = 1 the bound holds too, over the expected length of an episode."""
    for solve in SOLVERS:
        solution = solve(mdp, 1.0, tol=1e-6)
        for found, exact in zip(solution.v, optimal_values(mdp, Fraction(1)), strict=True):
            assert abs(Fraction(float(found)) - exact) <= Fraction(solution.error)


def test_gamma_one_is_refused_where_a_policy_never_ends() -> None:
    """Staying in the absorbing state pays -1 for ever; the message names it."""
    for solve in SOLVERS:
        with pytest.raises(ValueError, match=r"stay for ever in state\(s\) 0, 1"):
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
        one, other = (solve(mdp, 0.97, tol=1e-9) for solve in SOLVERS)
        assert np.abs(one.v - other.v).max() <= one.error + other.error
        assert (one.greedy == other.greedy).all()


def test_tol_none_goes_to_the_floor_of_rounding() -> None:
    """The bound then is below any tolerance one would ask for, and still true."""
    solution = value_iteration(two_state_puterman(), 0.9, tol=None)
    assert solution.error < 1e-11
    assert abs(Fraction(float(solution.v[1])) + 10) <= Fraction(solution.error) + Fraction(
        1, 10**13
    )


def test_running_out_of_budget_raises_with_the_best_so_far() -> None:
    """Three sweeps are not enough at 0.99; the exception carries a solution whose bound is true."""
    mdp = two_state_puterman()
    with pytest.raises(NotConverged, match="used its 3 sweeps") as error:
        value_iteration(mdp, 0.99, max_sweeps=3)
    best = error.value.best
    assert abs(best.v[1] - (-100)) <= best.error
    with pytest.raises(NotConverged, match="used its 1 policies"):
        policy_iteration(
            MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 4])), 0.9, max_iterations=1
        )


def test_a_tolerance_below_rounding_is_not_claimed() -> None:
    """No float solver can promise 1e-30."""
    for solve in SOLVERS:
        with pytest.raises(NotConverged, match="rounding allows no error below"):
            solve(two_state_puterman(), 0.9, tol=1e-30)


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
