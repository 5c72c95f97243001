"""Gains and biases against brute force in fractions, known values, and large models."""

from __future__ import annotations

from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from brute_force import Policies, ending_model, ending_policies
from models import two_state_puterman
from scipy import sparse

from qdecay import MDP, FloatMDP, NotConverged
from qdecay.planning import (
    average_reward,
    evaluate_policy,
    optimal_values,
    policy_iteration,
    value_iteration,
)
from qdecay.planning.average import _Chain, _rows

# Howard, Dynamic Programming and Markov Processes (1960), table 4.1: a taxi in three towns.
TAXICAB = {
    (0, 0): ([8, 4, 4], 16, [10, 4, 8]),
    (0, 1): ([1, 12, 3], 16, [8, 2, 4]),
    (0, 2): ([4, 2, 10], 16, [4, 6, 4]),
    (1, 0): ([8, 0, 8], 16, [14, 0, 18]),
    (1, 1): ([1, 14, 1], 16, [8, 16, 8]),
    (2, 0): ([4, 4, 8], 16, [10, 2, 8]),
    (2, 1): ([2, 12, 2], 16, [6, 4, 2]),
    (2, 2): ([12, 1, 3], 16, [4, 0, 8]),
}


def taxicab() -> MDP:
    rows = [
        (s, a, t, Fraction(weight, total), rewards[t], False)
        for (s, a), (weights, total, rewards) in TAXICAB.items()
        for t, weight in enumerate(weights)
    ]
    return MDP.from_rows(rows, n_states=3, n_actions=3)


def test_brute_force_over_all_policies_agrees() -> None:
    """300 random models, periodic and multichain ones among them, and their policies' biases."""
    for seed in range(300):
        mdp = ending_model(seed)
        found, policies = average_reward(mdp), ending_policies(seed)
        own = policies.limits_of(found.policy.tolist())
        assert found.gain_error <= 1e-8
        for s in range(mdp.n_states):
            gain, bias = Fraction(float(found.gain[s])), Fraction(float(found.bias[s]))
            assert abs(gain - policies.best_gain[s]) <= Fraction(found.gain_error)
            assert abs(gain - own.gain[s]) <= Fraction(found.gain_error)
            assert abs(bias - own.bias[s]) <= Fraction(found.bias_error)
        assert found.bias_error < 1e-7


@pytest.mark.parametrize("seed", range(100))
def test_errors_are_true_however_wrong_the_values_are(seed: int) -> None:
    """A gain and a bias that are off by up to 1/10 have errors that cover it."""
    mdp, random = ending_model(seed), np.random.default_rng(seed)
    policy = mdp.available.argmax(axis=1)
    chain = _Chain(*_rows(mdp, policy))
    exact = ending_policies(seed).limits_of(policy.tolist())
    alive = mdp.available.any(axis=1)  # the others are known
    gain, h = (np.array(values, dtype=float) for values in (exact.gain, exact.bias))
    gain += 0.1 * np.where(chain.inside, random.normal(), random.normal(size=len(h))) * alive
    h += 0.1 * random.normal(size=len(h)) * alive
    found = chain.proven(gain, h)
    for s in range(mdp.n_states):
        assert abs(Fraction(float(gain[s])) - exact.gain[s]) <= Fraction(found.gain_error)
        assert abs(Fraction(float(h[s])) - exact.bias[s]) <= Fraction(found.bias_error)


def test_howards_taxicab() -> None:
    """13.34453782 a step, by the second action of every town (13.34 in Howard's table 4.2)."""
    found = average_reward(taxicab(), tol=1e-9)
    assert found.policy.tolist() == [1, 1, 1]
    assert np.abs(found.gain - 13.34453782).max() <= 5e-9 + found.gain_error
    exact = Policies(taxicab()).limits_of((1, 1, 1))
    for value, bias in zip(found.bias, exact.bias, strict=True):
        assert abs(Fraction(float(value)) - bias) <= Fraction(found.bias_error)


def test_nchain_forward() -> None:
    """Always forward on the 5-state chain, slipping 1 in 5: 3.6768 a step, and that is the best."""
    ahead, slip = Fraction(4, 5), Fraction(1, 5)
    rows = []
    for s in range(5):
        on, pay = min(s + 1, 4), 10 * (s == 4)
        for a, (go, back) in enumerate(((ahead, slip), (slip, ahead))):
            rows += [(s, a, on, go, pay, False), (s, a, 0, back, 2, False)]
    mdp = MDP.from_rows(rows, n_states=5, n_actions=2, start=0)
    found = average_reward(mdp)
    assert found.policy.tolist() == [0] * 5
    assert abs(found.gain[0] - 3.6768) <= found.gain_error


def test_ends_and_dead_ends_earn_nothing() -> None:
    """What ends has gain 0 and is worth its total; a gain below 0 is fled from where it can be."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    found = average_reward(mdp)
    assert (found.gain == 0).all()
    assert found.gain_error < 1e-14
    total = evaluate_policy(mdp, found.policy, 1)
    assert np.abs(total.v - found.bias).max() <= total.error + found.bias_error
    rows = [(0, 0, 1, 1, 7, False), (2, 0, 2, 1, -3, False), (2, 1, 0, 1, -9, False)]
    found = average_reward(MDP.from_rows(rows, n_states=3, n_actions=2))
    assert found.gain.tolist() == [0, 0, 0]
    assert np.abs(found.bias - [7, 0, -2]).max() <= found.bias_error
    assert found.policy.tolist() == [0, 0, 1]


def test_a_better_component_is_walked_to() -> None:
    """Two rooms that pay 1 and 3 a step, a door that opens one time in ten: all go to the 3."""
    rows = [(0, 0, 0, 1, 1, False), (0, 1, 0, "9/10", 0, False), (0, 1, 1, "1/10", 0, False)]
    rows += [(1, 0, 1, 1, 3, False), (1, 1, 0, 1, 100, False), (2, 0, 2, 1, 2, False)]
    mdp = MDP.from_rows(rows[:-1], n_states=2, n_actions=2)
    found = average_reward(mdp)
    # Back and forth: 100 every 1 + 10 steps is more than 3.
    assert np.abs(found.gain - Fraction(100, 11)).max() <= found.gain_error
    assert found.policy.tolist() == [1, 1]
    cheap = [(s, a, t, p, min(r, 3), done) for s, a, t, p, r, done in rows]
    found = average_reward(MDP.from_rows(cheap, n_states=3, n_actions=2))
    assert np.abs(found.gain - [3, 3, 2]).max() <= found.gain_error
    assert found.policy.tolist() == [1, 0, 0]
    # Each closed door costs 3 less than a step is worth: 10 of them.
    assert np.abs(found.bias - [-30, 0, 0]).max() <= found.bias_error


@pytest.mark.parametrize("n", [2, 7, 1000])
def test_a_ring_is_periodic(n: int) -> None:
    """1 in n steps pays 1; the bias falls in even steps to the next pay, and averages 0."""
    rows = [(s, 0, (s + 1) % n, 1, int(s == n - 1), False) for s in range(n)]
    mdp = MDP.from_rows(rows, n_states=n, n_actions=1)
    found = average_reward(mdp)
    assert np.abs(found.gain - 1 / n).max() <= found.gain_error
    expected = (np.arange(n) - (n - 1) / 2) / n
    assert np.abs(found.bias - expected).max() <= found.bias_error + 1e-13
    assert found.bias_error < 1e-8


@pytest.mark.slow
def test_a_hundred_thousand_states() -> None:
    """Rewards of a potential plus 1/4: every policy earns 1/4 a step, and h = phi - its average.

    Half the actions cost 1 besides: they are not taken.
    """
    random = np.random.default_rng(3)
    n, branching = 100_000, 4
    phi = random.normal(size=n)
    to = random.integers(0, n, size=(2 * n, branching))
    to[::2, 0] = (np.arange(n) + 1) % n  # all states are in one component
    weights = random.random(to.shape)
    weights /= weights.sum(axis=1, keepdims=True)
    pairs = np.repeat(np.arange(2 * n), branching)
    p = sparse.csr_matrix((weights.ravel(), (pairs, to.ravel())), shape=(2 * n, n))
    p.sum_duplicates()
    r = 0.25 + (np.repeat(phi, 2) - p @ phi).reshape(n, 2)
    r[:, 1] -= 1
    found = average_reward(FloatMDP.from_sparse(p, r))
    assert np.abs(found.gain - 0.25).max() <= found.gain_error + 1e-14 <= 2e-8
    assert (found.policy == 0).all()
    moved = found.bias - phi
    # Rewards are rounded to 1e-15, which a hundred thousand steps between meetings may add up.
    assert moved.max() - moved.min() <= 2 * found.bias_error + 1e-9
    assert found.bias_error < 1e-6


def test_what_cannot_be_proven_is_raised_with_the_best_so_far() -> None:
    """A tolerance below rounding, and too few sweeps."""
    for options in ({"tol": 1e-30}, {"max_sweeps": 3}):
        with pytest.raises(NotConverged, match="raise max_sweeps, or tol if rounding") as error:
            average_reward(taxicab(), **options)
        found = error.value.best
        assert np.abs(found.gain - 13.34453782).max() <= 5e-9 + found.gain_error
    for options, message in (({"tol": 0}, "tol must be > 0"), ({"max_sweeps": 0}, "max_sweeps")):
        with pytest.raises(ValueError, match=message):
            average_reward(two_state_puterman(), **options)


def test_the_summary_names_model_and_start() -> None:
    """-1 a step for ever, from either state of Puterman's example."""
    found = average_reward(two_state_puterman())
    assert repr(found).startswith("AverageReward(2 states: -1 a step from the start, error ")
    table = found.to_frame()
    assert table["gain"].tolist() == pytest.approx([-1, -1])
    assert table["action"].tolist() == found.policy.tolist()


@pytest.mark.parametrize("chance", ["1e-6", "1e-9"])
def test_chains_that_mix_slowly_are_proven_by_their_own_bias(chance: str) -> None:
    """Two states that change with a small chance; one change of two pays 1: chance / 2 per step."""
    p = Fraction(chance)
    rows = [(0, 0, 1, p, 1, False), (0, 0, 0, 1 - p, 0, False)]
    rows += [(1, 0, 0, p, 0, False), (1, 0, 1, 1 - p, 0, False)]
    found = average_reward(MDP.from_rows(rows, n_states=2, n_actions=1))
    assert np.abs(found.gain - float(p / 2)).max() <= found.gain_error <= 1e-8


@pytest.mark.parametrize("chance", ["1e-17", "1e-300"])
def test_ends_that_floats_cannot_see_are_no_crash(chance: str) -> None:
    """They end with a chance below 2^-53: no bound is finite, no warning is raised."""
    p = Fraction(chance)
    rows = [(0, 0, 0, p, 1, True), (0, 0, 0, 1 - p, 0, False)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=1)
    with pytest.raises(NotConverged, match="floats prove nothing"):
        average_reward(mdp)
    for solve in (value_iteration, policy_iteration, optimal_values):
        with pytest.raises(NotConverged, match="floats prove nothing"):
            solve(mdp, 1)
    with pytest.raises(NotConverged, match="floats prove nothing"):
        evaluate_policy(mdp, [0], 1)


def test_a_symmetric_walk_is_solved() -> None:
    """300 states in a line, as often left as right: each is visited equally often."""
    n, half = 300, Fraction(1, 2)
    rows = []
    for s in range(n):
        rows.append((s, 0, min(s + 1, n - 1), half, s % 7, False))
        rows.append((s, 0, max(s - 1, 0), half, 0, False))
    found = average_reward(MDP.from_rows(rows, n_states=n, n_actions=1))
    gain = sum(half * (s % 7) for s in range(n)) / n
    assert np.abs(found.gain - float(gain)).max() <= found.gain_error <= 1e-8
