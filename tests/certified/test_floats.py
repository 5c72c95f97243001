"""Models of floats, whose numbers are taken as they are, against exact arithmetic of the same."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import gymnasium as gym
import numpy as np
import pytest
from brackets import LAST, Walked, assert_true
from scipy import sparse

from qdecay import MDP, FloatMDP, policy_regions
from qdecay.certified.pairs import pairs_of_model
from qdecay.certified.regions import certified_policy_regions
from qdecay.model.rows import Row

SLOW = pytest.mark.slow


def random_floats(seed: int, n: int = 6, ending: bool = False, below: bool = False) -> FloatMDP:
    """Weights over their sums, which floats do not hold; rows sum to 1 within rounding only.

    With `below` they sum to 1 or a little less.
    """
    draw = Random(seed)
    p, r = np.zeros((n * 2, n)), np.empty((n, 2))
    ends = np.zeros((n, 2))
    for row in range(n * 2):
        weights = [draw.randint(1, 9) for _ in range(3)]
        last = draw.randint(0, 2) if ending else 0
        for t, w in zip(draw.sample(range(n), 3), weights, strict=True):
            p[row, t] = w / (sum(weights) + last)
        ends.flat[row] = last / (sum(weights) + last)
        r.flat[row] = draw.randint(-9, 9) / 7
        while below and sum(map(Fraction, p[row].tolist())) + Fraction(ends.flat[row]) > 1:
            largest = np.argmax(p[row])
            p[row, largest] = np.nextafter(p[row, largest], 0)
    return FloatMDP.from_sparse(sparse.csr_matrix(p), r, ends=ends if ending else None)


def as_binary(floats: FloatMDP) -> MDP:
    """The same numbers as fractions; what a row lacks to 1 ends it."""
    rows: list[Row] = []
    for s in range(floats.n_states):
        for a in np.flatnonzero(floats.available[s]).tolist():
            row, reward = floats.p[s * floats.n_actions + a], Fraction(float(floats.r[s, a]))
            chances = [Fraction(p) for p in row.data.tolist()]
            moves = zip(row.indices.tolist(), chances, strict=True)
            rows += [(s, a, t, p, reward, False) for t, p in moves]
            rows.append((s, a, s, 1 - sum(chances), reward, True))
    return MDP.from_rows(rows, n_states=floats.n_states, n_actions=floats.n_actions)


@pytest.mark.parametrize("ending", [True, False])
@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 40), marks=SLOW)])
def test_floats_are_the_fractions_that_they_are(ending: bool, seeds: range) -> None:
    """Where no row sums to more than 1, an exact model has the same numbers."""
    for seed in seeds:
        floats = random_floats(seed, ending=ending, below=True)
        assert_true(certified_policy_regions(floats), policy_regions(as_binary(floats)))


@pytest.mark.parametrize("excess", [0, 14])
@pytest.mark.parametrize("prize", [1e7, *(pytest.param(x, marks=SLOW) for x in (1e2, 1e5))])
def test_rows_that_sum_to_more_than_one(excess: int, prize: float) -> None:
    """1 a step for ever, or a prize at once, where ten times 0.1 is taken to be above 1.

    The value 1 / (1 - gamma q) of the sum q is level with the prize at (1 - 1 / prize) / q.
    """
    p, r = np.zeros((22, 11)), np.full((11, 2), np.nan)
    p[0:20:2, :10], r[:10, 0], ends = 0.1 + excess * 2.0**-56, 1.0, np.zeros((11, 2))
    p[20, 0], r[10], ends[10, 1] = 1.0, [0.0, prize], 1.0
    floats = FloatMDP.from_sparse(sparse.csr_matrix(p), r, ends=ends)
    total = 10 * Fraction(0.1 + excess * 2.0**-56)
    assert total > 1
    found = certified_policy_regions(floats, width=Fraction(1, 10**14))
    # gamma / (1 - gamma q) = prize
    level = Fraction(prize) / (1 + Fraction(prize) * total)
    [bracket] = found.brackets
    assert bracket.lower < level < bracket.upper


def test_three_thirds_do_not_quite_go_on_for_ever() -> None:
    """Rows of 1/3 as doubles sum to 1 - 2^-54: an ending that matters for no gamma below."""
    p = sparse.csr_matrix(np.full((6, 3), 1 / 3))
    floats = FloatMDP.from_sparse(p, np.array([[1.0, 0.5], [0.3, 0.7], [0.2, 0.1]]))
    found, exact = certified_policy_regions(floats), policy_regions(as_binary(floats))
    assert_true(found, exact)
    assert tuple(found.regions) == (((0,), (1,), (0,)),)


@pytest.mark.parametrize("name", ["FrozenLake-v1", pytest.param("CliffWalking-v1", marks=SLOW)])
def test_tables_of_gymnasium_as_they_are(name: str) -> None:
    """FrozenLake's 0.3333333333333333 and 0.33333333333333337 sum to more than 1 or to less."""
    floats = FloatMDP.from_env(gym.make(name))
    found = certified_policy_regions(floats)
    assert found.proven_to == LAST
    assert_true(found, Walked(pairs_of_model(floats)))


def test_pairs_are_the_floats() -> None:
    """Weights over the denominator, and rewards over their scale, are the numbers given."""
    floats = random_floats(3)
    pairs = pairs_of_model(floats)
    for pair in range(pairs.n_pairs):
        s, [a] = int(pairs.pair_state[pair]), pairs.actions[pair]
        row = floats.p[2 * s + a]
        weights = [Fraction(w, pairs.denominator) for w in pairs.weights[pair]]
        assert dict(zip(pairs.targets[pair], weights, strict=True)) == dict(
            zip(row.indices.tolist(), map(Fraction, row.data.tolist()), strict=True)
        )
        assert Fraction(pairs.rewards[pair], pairs.reward_scale) == Fraction(float(floats.r[s, a]))


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 40), marks=SLOW)])
def test_rows_that_sum_to_about_one(seeds: range) -> None:
    """Also where rows sum to more than 1: exact polynomials of the same pairs, without floats."""
    for seed in seeds:
        floats = random_floats(seed)
        assert_true(certified_policy_regions(floats), Walked(pairs_of_model(floats)))
