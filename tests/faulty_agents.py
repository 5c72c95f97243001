"""Agents that are wrong on purpose, each in one way, all learning from a Gymnasium environment.

They act at random, keep what happened, and sweep over it until nothing changes: Q-learning on a
replay memory, with the mean of each state's and action's targets. `FAULTY` names the fault of each
as `qdecay.probing.diagnose` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np

import qdecay
from qdecay.probing import tabular_agent


@dataclass(frozen=True)
class ReplayAgent:
    """A trainer; every field but the first two is one fault."""

    gamma: float
    steps: int = 3_000
    truncation_ends: bool = False
    unmasked: bool = False
    twice: bool = False
    n_step: int = 1
    clips: bool = False
    normalises: bool = False
    averages: bool = False
    skip: int = 1

    def __call__(self, env: gym.Env[Any, Any], seed: int) -> Callable[[Any], int]:
        """Train, and return the greedy policy."""
        env = FrameSkip(env, self.skip) if self.skip > 1 else env
        windows = self._windows(*_act_at_random(env, self.steps, seed))
        shape = (int(env.observation_space.n), int(env.action_space.n))
        q = self._average(windows, shape) if self.averages else self._sweep(windows, shape)
        best = q.argmax(axis=1)
        return lambda observation: int(best[observation])

    def _windows(self, s, a, r, t, terminated, truncated):
        """The memory as n-step windows: state, action, return, last state, bootstrap factor."""
        if self.clips:
            r = np.clip(r, -1, 1)
        if self.normalises:
            r = (r - r.mean()) / r.std()
        over = terminated | truncated
        ends = terminated & (not self.unmasked)
        if self.truncation_ends:
            ends = ends | truncated
        total, last = r.copy(), np.arange(len(r))
        alive = ~over
        for k in range(1, self.n_step):
            follows = alive & (np.arange(len(r)) + k < len(r))
            at = np.minimum(np.arange(len(r)) + k, len(r) - 1)
            total += np.where(follows, self.gamma**k * r[at], 0.0)
            last = np.where(follows, at, last)
            alive = follows & ~over[at]
        discount = self.gamma**2 if self.twice else self.gamma
        return s, a, total, t[last], np.where(ends[last], 0.0, discount)

    @staticmethod
    def _sweep(windows, shape) -> np.ndarray:
        """Repeat q[s, a] <- mean of r + discount * max q[t, .] until nothing changes."""
        s, a, r, t, discount = windows
        pair = s * shape[1] + a
        size = shape[0] * shape[1]
        count = np.maximum(np.bincount(pair, minlength=size), 1)
        reward = np.bincount(pair, r, size) / count
        onward = np.zeros((size, shape[0]))
        np.add.at(onward, (pair, t), discount)
        onward /= count[:, None]
        q = np.zeros(size)
        for _ in range(5_000):
            new = reward + onward @ q.reshape(shape).max(axis=1)
            if np.abs(new - q).max() <= 1e-13 * max(1.0, np.abs(new).max()):
                break
            q = new
        return q.reshape(shape)

    def _average(self, windows, shape) -> np.ndarray:
        """Relative values: the end of an episode leads back to the start, time costs the rate."""
        s, a, r, t, discount = windows
        start = int(s[0])
        t = np.where(discount == 0, start, t)
        low, high = float(r.min()), float(r.max())
        for _ in range(60):
            rate = (low + high) / 2
            # With the rate taken off, a cycle through the start gains something or it does not.
            goes_on = np.where(t == start, 0.0, 1.0)
            q = self._sweep((s, a, r - rate, t, goes_on), shape)
            low, high = (rate, high) if q[start].max() > 0 else (low, rate)
        return q


def _act_at_random(env, steps: int, seed: int):
    rng = np.random.default_rng(seed)
    rows = []
    state, _ = env.reset(seed=seed)
    for action in rng.integers(env.action_space.n, size=steps).tolist():
        following, reward, terminated, truncated, _ = env.step(action)
        rows.append((state, action, reward, following, terminated, truncated))
        state = following
        if terminated or truncated:
            state, _ = env.reset()
    s, a, r, t, terminated, truncated = zip(*rows, strict=True)
    return (
        np.array(s),
        np.array(a),
        np.array(r),
        np.array(t),
        np.array(terminated),
        np.array(truncated),
    )


class FrameSkip(gym.Wrapper):
    """Repeats every action k times and adds the rewards up, as frame skipping does."""

    def __init__(self, env, k: int) -> None:
        super().__init__(env)
        self.k = k

    def step(self, action):
        """Take up to k steps."""
        total = 0.0
        for _ in range(self.k):
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += reward
            if terminated or truncated:
                break
        return observation, total, terminated, truncated, info


def under_trained(gamma: float):
    """Q-learning with a small step size and too few steps."""
    return tabular_agent(qdecay.q_learning, gamma, step_size=0.2, steps=600)


def faulty(gamma: float) -> dict[str, Any]:
    """Return an agent for every fault of `diagnose`, by its name, and a sound one."""
    sound = ReplayAgent(gamma)
    return {
        "sound": sound,
        "truncation ends": replace(sound, truncation_ends=True),
        "termination not masked": replace(sound, unmasked=True),
        "gamma twice": replace(sound, twice=True),
        "n-step discounted once": replace(sound, n_step=3),
        "rewards clipped": replace(sound, clips=True),
        "rewards normalised": replace(sound, normalises=True),
        "average reward": replace(sound, averages=True),
        "frame skip": replace(sound, skip=4),
        "under-training": under_trained(gamma),
    }


class Hyperbolic:
    """Averages the values of many discounts: integral of g^n over g = u^k is 1 / (1 + k n).

    Source: Sozou, Proc. R. Soc. B 265 (1998); Fedus et al., Hyperbolic discounting and learning
    over multiple horizons (2019).
    """

    def __init__(self, k: float, n_gammas: int = 40) -> None:
        nodes, self._weights = np.polynomial.legendre.leggauss(n_gammas)
        self._gammas = ((nodes + 1) / 2) ** k
        self._weights = self._weights / 2

    def __call__(self, env, seed: int):
        """Learn one table per discount from the same steps; act on their weighted sum."""
        memory = _act_at_random(env, 3_000, seed)
        shape = (int(env.observation_space.n), int(env.action_space.n))
        q = np.zeros(shape)
        for gamma, weight in zip(self._gammas, self._weights, strict=True):
            agent = ReplayAgent(float(gamma))
            q += weight * agent._sweep(agent._windows(*memory), shape)
        return lambda observation: int(q[observation].argmax())
