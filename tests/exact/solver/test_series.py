"""Advantages as quotients of polynomials, against determinants over the rationals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq, fmpq_mat, fmpq_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.determinant import Determinants
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.model.mdp import MDP


def random_model(rng: random.Random, n: int, denominator: int) -> RationalModel:
    """Two actions; some rewards are 0, some have many digits, some moves end, some states lead
    nowhere."""
    rows = []
    for s in range(n):
        for a in range(2):
            targets = rng.sample(range(n), rng.randint(1, min(n, 3)))
            cuts = sorted(rng.sample(range(1, denominator), len(targets) - 1))
            shares = [y - x for x, y in pairwise([0, *cuts, denominator])]
            reward, ends = rng.choice((0, 0, 0, 1, -2, 10**9 + 7, -(10**9))), rng.random() < 0.1
            for t, share in zip(targets, shares, strict=True):
                rows.append((s, a, t, Fraction(share, denominator), reward, ends))
    return RationalModel(MDP.from_rows(rows, n_states=n, n_actions=2))


def policies(rng: random.Random, model: RationalModel, number: int) -> Iterator[np.ndarray]:
    """One policy after another, each with one to three states changed."""
    policy = np.array([rng.choice(model.pairs_of(s)) for s in range(model.n)])
    for _ in range(number):
        yield policy
        policy = policy.copy()
        for s in rng.sample(range(model.n), rng.choice((1, 1, 1, 2, 3))):
            policy[s] = rng.choice(model.pairs_of(s))


def interpolated(values: list[fmpq]) -> fmpq_poly:
    """Return the polynomial with these values at 0, 1, 2, ... (Newton's differences)."""
    found, basis = fmpq_poly([0]), fmpq_poly([1])
    differences = values
    for k in range(len(values)):
        found += differences[0] * basis
        basis *= fmpq_poly([fmpq(-k, k + 1), fmpq(1, k + 1)])
        differences = [b - a for a, b in pairwise(differences)]
    return found


def quotient(model: RationalModel, policy: np.ndarray, pair: int) -> tuple[fmpq_poly, fmpq_poly]:
    """Return the advantage by Cramer's rule, at n + 2 points: determinants of rational matrices.

    The bordered matrix [I - x P, r; e_s - x p, r(a)] has the determinant det(I - x P) times the
    advantage r(a) + (x p - e_s) (I - x P)^-1 r.
    """
    n, q = model.n, model.denominator
    tops, bottoms = [], []
    for x in range(n + 2):
        matrix = fmpq_mat(n + 1, n + 1)
        for row, number in enumerate([*policy.tolist(), pair]):
            own = int(model.pair_state[number])
            matrix[row, own] = fmpq(1)
            for t, w in zip(model.targets[number], model.weights[number], strict=True):
                matrix[row, t] -= fmpq(x * w, q)
            matrix[row, n] = fmpq(model.rewards[number])
        tops.append(matrix.det())
        inner = fmpq_mat(n, n, [matrix[i, j] for i in range(n) for j in range(n)])
        bottoms.append(inner.det())
    return interpolated(tops), interpolated(bottoms)


@pytest.mark.parametrize("denominator", [3, 7, 100, 2**40])
def test_numerators_are_those_of_cramers_rule(denominator: int) -> None:
    """In lowest terms, primitive, of the advantage's sign at 0+, along policies that change."""
    rng = random.Random(denominator)
    model = random_model(rng, 7, denominator)
    determinants, used = Determinants(model), 0
    for policy in policies(rng, model, 6):
        series = PolicySeries(model, policy, determinants=determinants)
        used += determinants.of(series.graph, Deadline()) is not None
        pairs = np.arange(model.n_pairs)
        zero = series.identically_zero(pairs).tolist()
        for pair in pairs.tolist():
            top, bottom = quotient(model, policy, pair)
            assert zero[pair] == (top == 0) == bool(series.identically_zero(pairs[pair:][:1])[0])
            if top == 0:
                assert series.numerator(pair).degree() < 0
                continue
            common = top.gcd(bottom)
            top = (top / common if common(0) > 0 else -top / common).numer()
            assert series.numerator(pair) == top // top.content()
    assert used >= 2 or model.small_weights is None


@pytest.mark.parametrize("seed", range(4))
def test_determinants_follow_the_policies(seed: int) -> None:
    """det(I - x q P) among the live states, by its values, from any divisor that is known."""
    rng = random.Random(seed)
    model = random_model(rng, 7, 10)
    determinants, used = Determinants(model), 0
    for policy in policies(rng, model, 12):
        series = PolicySeries(model, policy, determinants=determinants)
        for pair in range(model.n_pairs):
            series.numerator(pair)
        found = determinants.of(series.graph, Deadline())
        if found is not None:
            used += 1
            live = np.flatnonzero(series.graph.live).tolist()
            step = fmpq_mat(len(live), len(live))
            for i in range(len(live)):
                step[i, i] = fmpq(1)
            for x in (fmpq(1, 3), fmpq(-2)):
                matrix = fmpq_mat(step)
                for i, s in enumerate(live):
                    chosen = int(policy[s])
                    for t, w in zip(model.targets[chosen], model.weights[chosen], strict=True):
                        if t in live:
                            matrix[i, live.index(t)] -= x * w
                assert matrix.det() == found(x)
    assert used >= 4


def test_a_new_set_of_live_states_asks_for_a_new_determinant() -> None:
    """State 1 earns under one policy only: what was known of state 0 alone does not count."""
    rows = [(0, 0, 0, "1/2", 1, False), (0, 0, 1, "1/2", 1, False), (1, 0, 1, 1, 0, False)]
    rows += [(1, 1, 0, 1, 0, False), (0, 1, 0, 1, 0, False)]
    model = RationalModel(MDP.from_rows(rows, n_states=2, n_actions=2))
    determinants = Determinants(model)
    alone, both = (PolicyGraph(model, np.array(policy)) for policy in ([0, 2], [0, 3]))
    assert alone.live.tolist() == [True, False]
    assert both.live.tolist() == [True, True]
    for graph in (alone, both):
        series = PolicySeries(model, graph.policy, determinants=determinants)
        assert determinants.of(graph, Deadline()) is None
        series.numerator(1)
