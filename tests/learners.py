"""What tests of learners share: small models, all learners, and what a run is compared by."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from qdecay.learning import (
    Exponential,
    Harmonic,
    Linear,
    NStepSarsa,
    Polynomial,
    WatkinsQ,
)
from qdecay.learning.tabular import TABULAR
from qdecay.model.mdp import MDP

LEARNERS = [
    *TABULAR.values(),
    NStepSarsa(1),
    NStepSarsa(4),
    WatkinsQ(0.8),
]

# Classic mistakes, in place of the target of one step.
WRONG_TARGETS = {
    "bootstraps past termination": lambda r, gamma, follow, terminated: r + gamma * follow,
    "discounts one step late": lambda r, gamma, follow, terminated: (
        r if terminated else gamma * (r + follow)
    ),
    "forgets gamma": lambda r, gamma, follow, terminated: r if terminated else r + follow,
}

each_learner = pytest.mark.parametrize("learn", LEARNERS, ids=lambda learn: learn.name)


def bits(result):
    """Everything a run returned, byte for byte."""
    arrays = (result.q, result.visits, result.returns, result.lengths)
    assert all(array.dtype in (np.float64, np.int64) for array in arrays)
    return result.steps, [(array.shape, array.tobytes()) for array in arrays]


def random_model(seed, n_states, n_actions, stuck=True):
    """Random rational rows; some actions are unavailable, and with `stuck` the last state has none.

    Every row has a share that terminates.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(n_states - stuck):
        for a in range(n_actions):
            if a != s % n_actions and rng.random() < 0.2:
                continue
            weights = rng.integers(0, 5, n_states)
            total = int(weights.sum()) + 1
            reward = Fraction(int(rng.integers(-9, 10)), 7)
            rows += [
                (s, a, t, Fraction(int(w), total), reward + t, False) for t, w in enumerate(weights)
            ]
            rows.append((s, a, 0, Fraction(1, total), reward, True))
    return MDP.from_rows(rows, n_states=n_states, n_actions=n_actions, start=0)


def line(length, ends=True):
    """Go back or forward; the last step forward pays 1, and ends or stays."""
    rows = [(s, 0, max(s - 1, 0), 1, 0, False) for s in range(length)]
    rows += [(s, 1, s + 1, 1, 0, False) for s in range(length - 1)]
    rows.append((length - 1, 1, length - 1, 1, 1, ends))
    return MDP.from_rows(rows, n_states=length, n_actions=2, start=0)


SETTINGS = {
    "constant": dict(steps=20_000, epsilon=0.2, step_size=0.3, seed=1),
    "greedy and optimistic": dict(steps=5000, epsilon=0, step_size=0.5, initial_value=2.0),
    "random": dict(episodes=700, epsilon=1, step_size=1.0, seed=2),
    "schedules": dict(
        steps=9000, epsilon=Linear(1.0, 0.1, 3000), step_size=Polynomial(0.77), seed=3
    ),
    "other schedules": dict(
        steps=9000, epsilon=Exponential(0.9, 0.05, 0.999), step_size=Harmonic(), seed=4
    ),
    "truncated": dict(steps=9000, max_episode_steps=3, epsilon=0.3, seed=5),
    "several starts": dict(episodes=900, start=[0.25, 0.5, 0.25] + [0] * 3, seed=6),
    "noisy rewards": dict(
        steps=9000, step_size=Harmonic(7.5), reward_noise=0.7, max_episode_steps=1, seed=8
    ),
    "wanted visits": dict(steps=9000, visits={(0, 0): 40, (1, 1): 30}, epsilon=0.5, seed=7),
}


def two_states(**options):
    """State 0: go to 1 or end; state 1 has action 0 alone, and pays 1 for ever."""
    rows = [(0, 0, 1, 1, 0, False), (0, 1, 0, 1, 0, True), (1, 0, 1, 1, 1, False)]
    return MDP.from_rows(rows, n_states=2, n_actions=2, **options)
