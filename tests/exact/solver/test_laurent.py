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
def test_policy_iteration_finds_the_best_and_the_worst(sign: int) -> None:
    """Two actions in each of three states: all eight policies, one by one."""
    rows = [
        (s, a, (s + step) % 3, Fraction(1), reward, False)
        for (s, a), (step, reward) in zip(
            itertools.product(range(3), range(2)),
            [(1, 2), (0, 1), (1, -1), (2, 3), (2, 0), (1, 1)],
            strict=True,
        )
    ]
    model = RationalModel(MDP.from_rows(rows, n_states=3, n_actions=2))
    policies = [np.array([a, 2 + b, 4 + c]) for a, b, c in itertools.product(range(2), repeat=3)]
    gains = [laurent(model, policy, Deadline()).gain for policy in policies]
    best = best_policy(
        lambda policy: laurent(model, policy, Deadline()), model, policies[0], sign=sign
    )
    for s in range(3):
        assert sign * best.gain[s] == max(sign * gain[s] for gain in gains)


def test_large_components_and_long_chains_are_solved() -> None:
    """Deterministic models are solved state by state: 100 steps, and 110 at their end."""
    model = RationalModel(as_mdp("qdecay/LongDelay-v0"))
    policy = model.first[1:] - 1
    terms = laurent(model, policy, Deadline())
    assert fraction(terms.bias[0]) / model.reward_scale == 110
