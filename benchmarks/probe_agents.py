"""Agents for `probe.py` whose true discount is known: simulated choosers, and learners.

A *chooser* does not learn. It reads the two rewards off the environment's layout, compares
gamma^m r with gamma^n R, and errs as its kind of noise says:

    logistic   takes far with probability 1 / (1 + exp(-d / noise)), d the log of the values' ratio:
               the model that the probe itself assumes
    student    the same with Student's t (2 degrees of freedom) for the logistic: errs far away too
    lapsing    logistic, but 5 % of its answers are coins; the probe assumes 2 %
    values     adds normal noise, of deviation noise R / 10, to each of the two values

A *learner* learns in compiled code, since a row of the tables needs some ten thousand trainings:
uniform behaviour, step size 20 / (19 + n) at the n-th update of a state and action, as many
choices of a branch as `EPISODES` says. Its steps are those of the environment's table, with the
normal noise of `reward_noise` on every reward and the truncation of the time limit. A step size of
1 / n would average the noise better, but would carry a reward back by log n steps only.

Q-learning takes the larger of two noisy values in every state of a corridor, where both actions do
the same, and so overrates what is far away: `bias` of `probe.py` measures by how much. It gets more
episodes than the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numba import njit

import qdecay
from qdecay.probing import tabular_agent

CHOOSERS = ("logistic", "student", "lapsing", "values")
EPISODES = {"q_learning": 40_000, "double_q_learning": 5_000, "expected_sarsa": 5_000}
LEARNERS = tuple(EPISODES)
_LAPSES = 0.05
_SLOWLY = 20.0  # the step size is this over this - 1 + n


def agent(name: str, gamma: float, noise: float) -> Any:
    """Return a trainer: a chooser, or a learner for an environment with that noise on rewards.

    Without noise a learner is the library's own, whose values are exact.
    """
    if name in CHOOSERS:
        return Chooser(gamma, noise, name)
    if noise:
        return NoisyLearner(gamma, name)
    return tabular_agent(getattr(qdecay, name), gamma)


@dataclass(frozen=True)
class Chooser:
    """A trainer that chooses without learning; see the module."""

    gamma: float
    noise: float = 0.0
    kind: str = "logistic"

    def __call__(self, env: Any, seed: int) -> Callable[[Any], int]:
        """Choose once, by the training's seed."""
        values = [_value(stream, self.gamma) for _, stream in env.unwrapped.layout.branches]
        unit = max(float(max(stream)) for _, stream in env.unwrapped.layout.branches)
        action = self._choice(values, unit, np.random.default_rng(seed))
        return lambda observation: action

    def _choice(self, values: list[float], unit: float, rng: np.random.Generator) -> int:
        if self.kind == "values":
            values = [value + rng.normal(0, self.noise * unit / 10) for value in values]
            return int(values[1] > values[0])
        if self.kind == "lapsing" and rng.random() < _LAPSES:
            return int(rng.integers(2))
        difference = _log(values[1]) - _log(values[0])
        if self.noise:
            shaken = rng.standard_t(2) if self.kind == "student" else rng.logistic()
            return int(difference + self.noise * shaken > 0)
        return int(difference > 0)


def _value(stream: tuple[Fraction, ...], gamma: float) -> float:
    return sum(gamma**k * float(reward) for k, reward in enumerate(stream) if reward)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -1e9


_ANSWERS: dict[Any, int] = {}


def remembering(train: Any) -> Callable[[Any, int], Callable[[Any], int]]:
    """Return a trainer that trains once for each environment: its answers need no seed."""

    def remembered(env: Any, seed: int) -> Callable[[Any], int]:
        start = env.unwrapped.start
        key = str(train.learner), train.gamma, env.unwrapped.layout, str(env)
        if key not in _ANSWERS:
            _ANSWERS[key] = int(train(env, seed)(start))
        return lambda observation: _ANSWERS[key]

    return remembered


@dataclass(frozen=True)
class NoisyLearner:
    """A trainer that learns from noisy rewards; see the module."""

    gamma: float
    learner: str

    def __call__(self, env: Any, seed: int) -> Callable[[Any], int]:
        """Learn, and return the greedy policy."""
        q, start = self.values(env, seed)
        action = int(q[start].argmax())
        return lambda observation: action

    def values(self, env: Any, seed: int) -> tuple[np.ndarray, int]:
        """Return the values learnt, shape (states, actions), and the start state."""
        chain = env.unwrapped
        following, rewards, ends = _arrays(chain.P)
        q = _learn(
            following,
            rewards,
            ends,
            chain.start,
            self.gamma,
            chain.reward_noise,
            float(getattr(env, "p", 0)),
            LEARNERS.index(self.learner),
            EPISODES[self.learner],
            np.random.default_rng(seed),
        )
        return q, chain.start


def _arrays(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The next state, reward and end of every state and action: all is certain but the noise."""
    rows = [[row[0] for row in actions] for actions in table]
    following = np.array([[row[1] for row in actions] for actions in rows])
    rewards = np.array([[row[2] for row in actions] for actions in rows])
    return following, rewards, np.array([[row[3] for row in actions] for actions in rows])


@njit(cache=True)
def _learn(following, rewards, ends, start, gamma, noise, cut, learner, episodes, rng):
    """Learn from `episodes` passages through the start.

    learner 0 is Q-learning, 1 Double Q-learning, 2 Expected SARSA with uniform behaviour.
    """
    q = np.zeros((2, *following.shape))
    visits = np.zeros((2, *following.shape), np.int64)
    size = _SLOWLY / (_SLOWLY + np.arange(episodes))
    done, state = 0, start
    while done < episodes:
        done += state == start
        action = int(rng.random() < 0.5)
        after = following[state, action]
        table = int(rng.random() < 0.5) if learner == 1 else 0
        reward = rewards[state, action] + noise * rng.standard_normal()
        ended = ends[state, action]
        if ended:
            target = reward
        elif learner == 2:
            target = reward + gamma * (q[0, after, 0] + q[0, after, 1]) / 2
        else:
            best = 1 if q[table, after, 1] > q[table, after, 0] else 0
            other = 1 - table if learner == 1 else 0
            target = reward + gamma * q[other, after, best]
        alpha = size[min(visits[table, state, action], episodes - 1)]
        visits[table, state, action] += 1
        q[table, state, action] += alpha * (target - q[table, state, action])
        state = start if ended or (cut and rng.random() < cut) else after
    return q[0] + q[1]
