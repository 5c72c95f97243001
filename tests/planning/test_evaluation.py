"""One policy's values against exact linear algebra."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman

from qdecay import MDP, NotConverged
from qdecay.planning import evaluate_policy

METHODS = ("direct", "krylov")


def exact_values(mdp: MDP, weights: list[list[Fraction]], gamma: Fraction) -> list[Fraction]:
    """The values of taking action a in s with probability weights[s][a], by sympy's LU."""
    n = mdp.n_states
    system, right = sympy.eye(n), sympy.zeros(n, 1)
    for s, a, t, p, r, done in mdp.rows():
        right[s] += sympy.Rational(weights[s][a] * p * r)
        if not done:
            system[s, t] -= sympy.Rational(gamma * weights[s][a] * p)
    return [Fraction(int(v.p), int(v.q)) for v in system.LUsolve(right)]


@st.composite
def policies(draw: st.DrawFn) -> tuple[MDP, list[list[Fraction]]]:
    mdp = draw(mdps(ends=True))
    weights = []
    for s in range(mdp.n_states):
        drawn = [draw(st.sampled_from([0, 1, 2])) * int(ok) for ok in mdp.available[s]]
        drawn[0] += sum(drawn) == 0
        weights.append([Fraction(w, sum(drawn)) for w in drawn])
    return mdp, weights


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None, derandomize=True, max_examples=40)
@given(case=policies(), gamma=st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)]))
def test_the_error_bound_holds(method, case, gamma: Fraction) -> None:
    """The exact values of a stochastic policy lie within the error, at gamma = 1 too."""
    mdp, weights = case
    found = evaluate_policy(mdp, np.array(weights, dtype=float), float(gamma), method=method)
    assert found.error <= 1e-8
    for value, exact in zip(found.v, exact_values(mdp, weights, gamma), strict=True):
        # The weights' floats are not the weights: thirds move values of at most 5 * 15 a little.
        assert abs(Fraction(float(value)) - exact) <= Fraction(found.error) + Fraction(1, 10**11)


@pytest.mark.parametrize("method", METHODS)
def test_actions_name_a_policy(method) -> None:
    """Sharing in Puterman's example is worth (5 - gamma / 2 / (1 - gamma)) / (1 - gamma / 2)."""
    found = evaluate_policy(two_state_puterman(), [0, 0], 0.5, method=method, tol=None)
    assert np.abs(found.v - [6, -2]).max() <= found.error < 1e-13


@pytest.mark.parametrize("method", METHODS)
def test_gamma_one_needs_a_policy_whose_gain_is_0(method) -> None:
    """The model may have policies that gain for ever; only the one asked about must not."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, 1, False)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=2)
    assert evaluate_policy(mdp, [0], 1.0, method=method).v == 1
    with pytest.raises(ValueError, match=r"in state 0 the policy gains for ever"):
        evaluate_policy(mdp, [1], 1.0, method=method)


BAD = [
    ([0], "policy must be 2 actions or probabilities of shape"),
    ([0, 2], r"actions in 0\.\.1"),
    ([0.0, 1.0], "policy must be 2 actions"),
    ([[1, 1], [1, 0]], "summing to 1"),
    ([[2, -1], [1, 0]], "each >= 0"),
    ([0, 1], "takes action 1 in state 1, where it is not available"),
    ([[1, 0], [float("nan"), 0]], "each >= 0"),
]


@pytest.mark.parametrize(("policy", "message"), BAD)
def test_bad_policies_are_refused(policy, message: str) -> None:
    """What is wrong with a policy is said."""
    with pytest.raises(ValueError, match=message):
        evaluate_policy(two_state_puterman(), policy, 0.5)


def test_bad_arguments_are_refused() -> None:
    """So is an unknown method, and a tol that floats cannot reach."""
    with pytest.raises(ValueError, match="method must be one of direct, krylov, got"):
        evaluate_policy(two_state_puterman(), [0, 0], 0.5, method="exact")
    for method in METHODS:
        with pytest.raises(NotConverged, match="rounding allows no error below"):
            evaluate_policy(two_state_puterman(), [0, 0], 0.9, method=method, tol=1e-30)
