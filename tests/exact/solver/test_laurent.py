"""Gain and bias of policies, against the limits of their values as rational functions of gamma."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from models import mdps

from qdecay import MDP, as_mdp
from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.rational_function import RationalFunction
from qdecay.exact.solver.chain import best_policy, fraction
from qdecay.exact.solver.discounted import discounted
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries


def expansion(value: RationalFunction, terms: int = 3) -> list[Fraction]:
    """The coefficients of y^-1, y^0, .. of a value whose pole at y = 1 - gamma = 0 is simple.

    Long division of the polynomials in y.
    """
    top, bottom = (in_y(p) for p in (value.numerator, value.denominator))
    order = next(i for i, c in enumerate(bottom) if c)
    assert order <= 1
    bottom, rest = bottom[order:], [*top, *[Fraction(0)] * (terms + len(bottom))]
    found = [Fraction(0)] * (1 - order)
    while len(found) < terms:
        c = rest[0] / bottom[0]
        rest = [x - c * b for x, b in itertools.zip_longest(rest, bottom, fillvalue=Fraction(0))][
            1:
        ]
        found.append(c)
    return found


def in_y(coefficients: tuple[int, ...]) -> list[Fraction]:
    """The polynomial p(1 - y)."""
    found = [Fraction(0)]
    for c in reversed(coefficients):  # Horner: found * (1 - y) + c
        pairs = zip([*found, Fraction(0)], [Fraction(0), *found], strict=True)
        found = [a - b for a, b in pairs]
        found[0] += c
    return found


@given(mdps())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_the_terms_are_those_of_the_value_near_1(mdp: MDP) -> None:
    """Of the first policy of random models: endless, multichain, periodic and ending ones."""
    model = RationalModel(mdp)
    policy = model.first[:-1].copy()
    terms, series = laurent(model, policy, Deadline()), PolicySeries(model, policy)
    for s in range(mdp.n_states):
        found = (terms.gain[s], terms.bias[s], terms.third[s])
        expected = [x * model.reward_scale for x in expansion(series.value(s))]
        assert [fraction(x) for x in found] == expected


@given(mdps())
@settings(deadline=None, derandomize=True, max_examples=100)
def test_discounted_values_are_the_rational_functions(mdp: MDP) -> None:
    """At 9/10, state by state."""
    model = RationalModel(mdp)
    policy, gamma = model.first[:-1].copy(), Fraction(9, 10)
    found = discounted(model, policy, gamma, Deadline(), np.arange(mdp.n_states))
    series = PolicySeries(model, policy)
    for s in range(mdp.n_states):
        assert fraction(found.values[s]) / model.reward_scale == series.value(s)(gamma)


@pytest.mark.parametrize("sign", [1, -1])
@given(mdp=mdps(max_states=3, max_actions=3))
@settings(deadline=None, derandomize=True, max_examples=120)
def test_policy_iteration_finds_the_best_and_the_worst(mdp: MDP, sign: int) -> None:
    """From every first policy: no policy has a better gain anywhere, or a better bias beside it."""
    model = RationalModel(mdp)
    pairs = [list(model.pairs_of(s)) for s in range(mdp.n_states)]
    policies = [np.array(each) for each in itertools.product(*pairs)]
    every = [laurent(model, policy, Deadline()) for policy in policies]
    for first in (policies[0], policies[-1]):
        best = best_policy(
            lambda policy: laurent(model, policy, Deadline()), model, first, sign=sign
        )
        for other, s in itertools.product(every, range(mdp.n_states)):
            assert sign * other.gain[s] <= sign * best.gain[s]
            if other.gain == best.gain:
                assert sign * other.bias[s] <= sign * best.bias[s]


@given(mdp=mdps(max_states=3, max_actions=3))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_policy_iteration_keeps_to_the_candidates(mdp: MDP) -> None:
    """With one candidate in each state there is nothing to choose."""
    model = RationalModel(mdp)
    only = model.first[1:] - 1
    found = best_policy(
        lambda policy: laurent(model, policy, Deadline()), model, only, only.tolist()
    )
    assert found.policy.tolist() == only.tolist()


def test_large_components_and_long_chains_are_solved() -> None:
    """Deterministic models are solved state by state: 100 steps, and 110 at their end."""
    model = RationalModel(as_mdp("qdecay/LongDelay-v0"))
    policy = model.first[1:] - 1
    terms = laurent(model, policy, Deadline())
    assert fraction(terms.bias[0]) / model.reward_scale == 110
