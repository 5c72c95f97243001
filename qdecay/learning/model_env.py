"""A finite MDP as a Gymnasium environment, whose draws compiled code repeats bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import ArrayLike

from qdecay._support.checks import RealLike, real
from qdecay.learning.sampling import dynamics
from qdecay.model.base import FiniteMDP


class ModelEnv(gym.Env[Any, Any]):
    """Plays a model: `step` draws one outcome of the state and action.

    Every draw is one number of `Generator(SFC64(seed)).random()`, read by an alias table (see
    `sampling`): at `reset` one if there are several start states, at `step` one if there are
    several outcomes, and then those of `normal` if rewards are noisy. There is no time limit; wrap
    it in `gymnasium.wrappers.TimeLimit`.

    Attributes:
        mdp: the model.
        actions: the available actions of each state.
    """

    def __init__(
        self, mdp: FiniteMDP, *, start: int | ArrayLike | None = None, reward_noise: RealLike = 0.0
    ) -> None:
        """Hold the model; `start` is as in `q_learning`.

        `reward_noise` is the standard deviation of normal noise on every reward.
        """
        self.mdp, self.reward_noise = mdp, real(reward_noise, "reward_noise", ">= 0")
        model = dynamics(mdp, start)
        self.observation_space = Discrete(mdp.n_states)
        self.action_space = Discrete(mdp.n_actions)
        counts = model.available.tolist()
        self.actions = [row[:n] for row, n in zip(model.actions.tolist(), counts, strict=True)]
        self._pairs = model.pairs.tolist()
        self._outcomes = model.outcomes.tolist()
        self._timed, self._durations = model.timed, model.durations.tolist()
        self._lasts, self._outcome_lasts = model.lasts.tolist(), model.outcome_lasts.tolist()
        self._starts = (
            model.starts.tolist(),
            model.start_accept.tolist(),
            model.start_alias.tolist(),
        )
        self._state: int | None = None
        # Apart from np_random: Gymnasium's checker compares states of PCG64 only.
        self._random: Callable[[], float] = np.random.Generator(np.random.SFC64(0)).random
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begin in a start state."""
        super().reset(seed=seed)
        if seed is None and not self._begun:
            seed = int(self.np_random.integers(1 << 32))
        if seed is not None:
            self._begun, self._random = True, np.random.Generator(np.random.SFC64(seed)).random
        states, accept, alias = self._starts
        chosen = 0
        if len(states) > 1:
            position = self._random() * len(states)
            k = int(position)
            chosen = k if position - k < accept[k] else alias[k]
        self._state = states[chosen]
        return self._state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Draw an outcome; after one that terminated, call `reset`.

        For a semi-Markov model `info["duration"]` is how many steps the transition takes.
        """
        if self._state is None:
            raise RuntimeError("call reset() first: the episode ended or never began")
        if action not in self.actions[self._state]:
            raise ValueError(f"state {self._state}: action {action} is not available")
        pair, info = self._state * self.mdp.n_actions + int(action), dict[str, Any]()
        reward, follows, count = self._pairs[pair]
        if self._timed:
            info["duration"] = self._durations[self._lasts[pair]]
        if count > 1:
            first, rows = follows, self._outcomes[follows : follows + count]
            position = self._random() * count
            k = int(position)
            _, accept, _, alias = rows[k]
            k = k if position - k < accept else alias
            reward, _, follows, _ = rows[k]
            if self._timed:
                info["duration"] = self._durations[self._outcome_lasts[first + k]]
        if self.reward_noise:
            reward += self.reward_noise * normal(self._random)
        terminated = follows < 0
        state: int = ~follows if terminated else follows
        self._state = None if terminated else state
        return state, reward, terminated, False, info


def normal(uniform: Callable[[], float]) -> float:
    """Return a standard normal number by Marsaglia's polar method, two uniform ones at a time.

    With u and w uniform in [-1, 1) until 0 < s = u^2 + w^2 < 1, it is u sqrt(-2 log(s) / s).

    Source: Marsaglia and Bray, A convenient method for generating normal variables, SIAM Review 6
    (1964), 260-264.
    """
    square = 0.0
    while not 0.0 < square < 1.0:
        u, w = 2.0 * uniform() - 1.0, 2.0 * uniform() - 1.0
        square = u * u + w * w
    return u * sqrt(-2.0 * log(square) / square)
