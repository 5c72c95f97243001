"""A user's own learner: a function of an environment, a gamma and a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym

from qdecay._support.progress import counting
from qdecay.comparison.flip import Flip
from qdecay.comparison.learned import Budget
from qdecay.comparison.own_learner import greedy_choice
from qdecay.comparison.thresholds import LearnedThreshold, bisect_seeds

OwnLearner = Callable[[Any, float, int], Any]

_WIDTH = 1e-3  # of the range that is searched
_SHARE = 0.02  # of the way from the neighbouring changes to the flip: where the search begins


class OwnAgents:
    """Agents that a user's function trains, one at a time.

    Args:
        env: what they act in; the function resets it.
        state: the state whose greedy action counts.
        actions: the available actions of that state.
        learner: env, gamma and seed -> action values, or a policy.
        budget: see there; a user's function says nothing about steps.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        state: int,
        actions: Sequence[int],
        learner: OwnLearner,
        budget: Budget,
    ) -> None:
        self.env, self.state, self.actions = env, state, actions
        self.learner, self.budget = learner, budget

    def choose(self, gamma: float, seed: int) -> int:
        """Return the greedy action of an agent that was trained for this."""
        answer = self.learner(self.env, gamma, seed)
        return greedy_choice(answer, self.state, self.actions)

    def threshold(self, flip: Flip) -> LearnedThreshold:
        """Return where agents flip, by one bisection per seed."""
        low, high = flip.lowest(_SHARE), flip.highest(_SHARE)
        total = len(self.budget.seeds) * 12
        tick = counting(self.budget.report, total, "trainings", self.budget.deadline)
        return bisect_seeds(
            lambda gamma, seed: (flip.is_right(self.choose(gamma, seed)), 0),
            low,
            high,
            seeds=self.budget.seeds,
            width=_WIDTH * (high - low),
            noisy=True,
            tick=tick,
        )
