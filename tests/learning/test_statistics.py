"""Learned values of 200 random models against the exact ones, as a statistician would."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from qdecay.learning import Polynomial, double_q_learning, q_learning, q_learning_many
from qdecay.model.mdp import MDP
from qdecay.planning import policy_iteration

MODELS, SEEDS, STEPS, GAMMA = 200, 16, 20_000, 0.6


def random_model(seed):
    """3 states, 2 actions, random rational outcomes and rewards; a tenth or so terminates."""
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(3):
        for a in range(2):
            weights = rng.integers(1, 10, 4)
            reward = rng.integers(-20, 21, 4).tolist()
            for t, w in enumerate(weights.tolist()):
                p = Fraction(w, int(weights.sum()))
                rows.append((s, a, min(t, 2), p, Fraction(reward[t], 10), t == 3))
    return MDP.from_rows(rows, n_states=3, n_actions=2, start=0)


def t_scores(q, exact):
    """Return (mean over seeds - exact) / standard error, shape (S, A); q is (N, S, A)."""
    error = q.std(axis=0, ddof=1) / len(q) ** 0.5
    return (q.mean(axis=0) - exact) / error


@pytest.fixture(scope="module")
def learned():
    """Every model's values from 16 streams, and its exact ones, at GAMMA and at 1.01 * GAMMA."""
    found = []
    for seed in range(MODELS):
        mdp = random_model(seed)
        arguments = dict(steps=STEPS, step_size=Polynomial(0.8), threads=1)
        q = q_learning_many(mdp, [GAMMA], range(seed * SEEDS, (seed + 1) * SEEDS), **arguments).q[0]
        exact = [policy_iteration(mdp, gamma).q for gamma in (GAMMA, 1.01 * GAMMA)]
        found.append((q, *exact))
    return found


@pytest.mark.slow
def test_learned_values_differ_from_the_exact_ones_by_chance_alone(learned):
    """One value of each model: 200 independent scores follow Student's t with 15 degrees.

    Kolmogorov-Smirnov at p = 0.001; and of all 1200 scores none is beyond what 1200 draws
    exceed with probability 0.001 (Bonferroni).
    """
    scores = np.array([t_scores(q, exact) for q, exact, _ in learned])
    first = scores[np.arange(MODELS), np.arange(MODELS) % 3, np.arange(MODELS) % 2]
    assert stats.kstest(first, stats.t(SEEDS - 1).cdf).pvalue > 0.001
    assert np.abs(scores).max() < stats.t(SEEDS - 1).ppf(1 - 0.0005 / scores.size)


@pytest.mark.slow
def test_one_per_cent_of_gamma_shows(learned):
    """The same test refuses the values of a gamma that is 1 % too large: it has power."""
    scores = np.array([t_scores(q, other) for q, _, other in learned])
    first = scores[np.arange(MODELS), np.arange(MODELS) % 3, np.arange(MODELS) % 2]
    assert stats.kstest(first, stats.t(SEEDS - 1).cdf).pvalue < 1e-9


@pytest.mark.parametrize("learn", [q_learning, double_q_learning], ids=lambda learn: learn.name)
def test_single_agents_do_too(learn):
    """20 models, 16 agents each, behaving epsilon-greedily: no score of 120 beyond chance."""
    scores = []
    for seed in range(20):
        mdp = random_model(seed)
        arguments = dict(steps=STEPS, epsilon=0.5, step_size=Polynomial(0.8))
        q = np.array([learn(mdp, GAMMA, seed=n, **arguments).q for n in range(SEEDS)])
        scores.append(t_scores(q, policy_iteration(mdp, GAMMA).q))
    assert np.abs(scores).max() < stats.t(SEEDS - 1).ppf(1 - 0.0005 / np.size(scores))
