"""Agents that are wrong on purpose, each in one way, all learning from a Gymnasium environment.

They act at random, keep what happened, and sweep over it until nothing changes: Q-learning on a
replay memory, with the mean of each state's and action's targets. `faulty` names the fault of each
as `qdecay.probing.faults` does. `every_walk` replaces chance in the memory: it holds each way in
which an episode can go once, weighted by how probable it is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

import qdecay
from qdecay.probing import tabular_agent
from qdecay.probing.question import Question

Step = tuple[int, int, float, int]
"""State, action, reward, next state."""


@dataclass(frozen=True)
class Episode:
    """What happened from a reset on. Windows begin in the first `counted` steps, or in all: the
    others only complete them."""

    steps: Sequence[Step]
    terminated: bool = False
    truncated: bool = False
    weight: float = 1.0
    counted: int | None = None


class Window(NamedTuple):
    """A target: the return of a state and action, and what is bootstrapped from where."""

    state: int
    action: int
    reward: float
    following: int
    discount: float
    weight: float


@dataclass(frozen=True)
class ReplayAgent:
    """A trainer; every field but the first two is a fault, save `n_step`."""

    gamma: float
    steps: int = 3_000
    truncation_ends: bool = False
    unmasked: bool = False
    resets: bool = False
    from_reset: bool = False
    applied: int = 1
    n_step: int = 1
    once: bool = False
    cut_factor: float | None = None
    clips: bool = False
    signs: bool = False
    normalises: bool = False
    averages: bool = False
    restarts: bool = True
    skip: int = 1
    every_state: bool = False

    def __call__(self, env: gym.Env[Any, Any], seed: int) -> Callable[[Any], int]:
        """Train, and return the greedy policy."""
        env = self.wrapped(env)
        episodes = act_at_random(env, self.steps, seed)
        best = self.learn(episodes, env.observation_space.n, env.action_space.n).argmax(axis=1)
        return lambda observation: int(best[observation])

    def wrapped(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        """Return the environment that it acts in."""
        return FrameSkip(env, self.skip) if self.skip > 1 and not self.every_state else env

    def learn(self, episodes: Sequence[Episode], n_states: int, n_actions: int) -> np.ndarray:
        """Return the action values that the memory of these episodes gives."""
        episodes = self._rewarded(episodes)
        start = episodes[0].steps[0][0]
        windows = [window for episode in episodes for window in self._windows(episode, start)]
        shape = (int(n_states), int(n_actions))
        if self.averages:
            return _average(windows, shape, start)
        return _sweep(windows, shape)

    def _rewarded(self, episodes: Sequence[Episode]) -> list[Episode]:
        """The episodes with the rewards that the agent sees."""
        rewards = np.array([r for episode in episodes for _, _, r, _ in episode.steps])
        weights = np.array([episode.weight for episode in episodes for _ in episode.steps])
        if self.clips:
            rewards = np.clip(rewards, -1, 1)
        if self.signs:
            rewards = np.sign(rewards)
        if self.normalises:
            mean = np.average(rewards, weights=weights)
            rewards = (rewards - mean) / np.sqrt(np.average((rewards - mean) ** 2, weights=weights))
        seen = iter(rewards.tolist())
        return [
            replace(episode, steps=[(s, a, next(seen), t) for s, a, _, t in episode.steps])
            for episode in episodes
        ]

    def _windows(self, episode: Episode, start: int) -> Iterator[Window]:
        """Every step of an episode with what is bootstrapped after it, or after n steps."""
        steps, size = episode.steps, self.skip if self.every_state else self.n_step
        inner = 1.0 if self.every_state else self.gamma
        for first in range(len(steps[: episode.counted])):
            window = steps[first : first + size]
            reward = sum(inner**k * r for k, (_, _, r, _) in enumerate(window))
            over = first + size >= len(steps)
            following = window[-1][3]
            if over and episode.truncated and self.from_reset:
                following = start
            if self.averages and over and (episode.terminated or self.restarts):
                following = start
            yield Window(
                *window[0][:2],
                reward,
                following,
                self._discount(episode, over, len(window)),
                episode.weight,
            )
        ended = episode.terminated or episode.truncated
        if self.resets and ended and len(steps[: episode.counted]) == len(steps):
            for action in (0, 1):  # whichever is taken, nothing but a reset happens
                last = steps[-1][3]
                yield Window(last, action, 0.0, start, self.gamma, episode.weight / 2)

    def _discount(self, episode: Episode, over: bool, steps: int) -> float:
        """The factor of what is bootstrapped after a window of so many steps."""
        if over and episode.terminated and not self.unmasked:
            return 0.0
        if over and episode.truncated and self.truncation_ends:
            return 0.0
        if self.every_state or self.once:
            return self.gamma
        if self.cut_factor is not None and steps < self.n_step:
            return self.cut_factor
        return float(self.gamma ** (steps * self.applied))


def _sweep(windows: Sequence[Window], shape: tuple[int, int]) -> np.ndarray:
    """Repeat q[s, a] <- mean of r + discount * max q[t, .] until nothing changes."""
    return _settled(*_means(windows, shape), shape)


def _means(windows: Sequence[Window], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The mean reward of each state and action, and the mean weight of each state after it."""
    s, a, r, t, discount, weight = map(np.array, zip(*windows, strict=True))
    pair, size = s * shape[1] + a, shape[0] * shape[1]
    total = np.bincount(pair, weight, size)
    total[total == 0] = 1.0
    onward = np.bincount(pair * shape[0] + t, weight * discount, size * shape[0])
    return np.bincount(pair, weight * r, size) / total, onward.reshape(size, -1) / total[:, None]


def _settled(reward: np.ndarray, onward: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    q = np.zeros(len(reward))
    for _ in range(5_000):
        new = reward + onward @ q.reshape(shape).max(axis=1)
        if np.abs(new - q).max() <= 1e-13 * max(1.0, np.abs(new).max()):
            break
        q = new
    return q.reshape(shape)


def _average(windows: Sequence[Window], shape: tuple[int, int], start: int) -> np.ndarray:
    """Relative values: the end of an episode leads back to the start, time costs the rate."""
    windows = [w._replace(discount=0.0 if w.following == start else 1.0) for w in windows]
    reward, onward = _means(windows, shape)
    time, _ = _means([w._replace(reward=1.0) for w in windows], shape)
    low, high = (f(w.reward for w in windows) for f in (min, max))
    for _ in range(60):
        rate = (low + high) / 2
        # With the rate taken off, a cycle through the start gains something or it does not.
        q = _settled(reward - rate * time, onward, shape)
        low, high = (rate, high) if q[start].max() > 0 else (low, rate)
    return q


def act_at_random(env: gym.Env[Any, Any], steps: int, seed: int) -> list[Episode]:
    """Return what happened in so many steps."""
    rng = np.random.default_rng(seed)
    episodes, rows = [], []
    state, _ = env.reset(seed=seed)
    for action in rng.integers(env.action_space.n, size=steps).tolist():
        following, reward, terminated, truncated, _ = env.step(action)
        rows.append((state, action, float(reward), following))
        state = following
        if terminated or truncated:
            episodes.append(Episode(rows, terminated, truncated))
            rows = []
            state, _ = env.reset()
    return [*episodes, Episode(rows)] if rows else episodes


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


class CutAfter(gym.Wrapper):
    """Truncates each episode after a number of steps."""

    def __init__(self, env, steps: int) -> None:
        super().__init__(env)
        self._steps = steps
        self._left = steps

    def reset(self, **options):
        """Begin to count."""
        self._left = self._steps
        return self.env.reset(**options)

    def step(self, action):
        """Take a step, and truncate if it is the last."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._left -= 1
        return observation, reward, terminated, truncated or self._left == 0, info


def every_walk(question: Question, agent: ReplayAgent) -> list[Episode]:
    """Return a memory that random behaviour has on average.

    Each branch is walked with either action in its corridor, cut off at each step, and not at all.
    Where the choice repeats, the walk goes on until windows that begin before the second choice are
    complete: through each sequence of choices.
    """
    env, goes_on = question.env().unwrapped, question.setting.goes_on
    if question.setting.repeats and agent.skip > 1:
        return _every_repeated_action(question, agent)
    lengths = [len(stream) for _, stream in question.layout.branches]
    rounds = 2 + agent.n_step // lengths[0] if question.setting.repeats else 1
    episodes = []
    for choices in itertools.product((0, 1), repeat=rounds):
        length = lengths[choices[0]] * rounds
        counted = lengths[0] if question.setting.repeats else None
        for cut in range(1, length + 1):
            chance = goes_on ** (cut - 1) * (1 if cut == length else 1 - goes_on)
            for inside in (0, 1) if chance else ():
                # The step that would end an episode is not truncated, nor is the last of many.
                world = agent.wrapped(env if cut == length else CutAfter(env, cut))
                walk = _walk(world, choices, inside, length)
                episodes.append(replace(walk, weight=chance, counted=counted))
    return episodes


def _every_repeated_action(question: Question, agent: ReplayAgent) -> list[Episode]:
    """Each action of each state in which one may be chosen, repeated until it is cut off."""
    env, goes_on = question.env().unwrapped, question.setting.goes_on
    episodes, states = [], [env.start]
    for first, action in ((s, a) for s in states for a in (0, 1)):
        state, total = first, 0.0
        for step in range(1, agent.skip + 1):
            ((_, state, reward, _),) = env.P[state][action]
            total += reward
            whole = step == agent.skip
            chance = goes_on ** (step - 1) * (1 if whole else 1 - goes_on)
            episodes.append(Episode([(first, action, total, state)], False, not whole, chance))
            if (whole or agent.every_state) and state not in states:
                states.append(state)
    return [episode for episode in episodes if episode.weight]


def _walk(env: gym.Env[Any, Any], choices: Sequence[int], inside: int, most: int) -> Episode:
    """Walk until it is over, or for so many steps."""
    start, _ = env.reset(seed=0)
    state, steps, choice = start, [], iter(choices)
    terminated = truncated = False
    while not (terminated or truncated) and len(steps) < most:
        action = next(choice) if state == start else inside
        following, reward, terminated, truncated, _ = env.step(action)
        steps.append((state, action, float(reward), following))
        state = following
    return Episode(steps, terminated, truncated)


def under_trained(gamma: float):
    """Q-learning with a small step size and too few steps."""
    return tabular_agent(qdecay.q_learning, gamma, step_size=0.2, steps=600)


def faulty(gamma: float) -> dict[str, Any]:
    """Return an agent for every fault of `diagnose`, by its name, and a sound one."""
    sound = ReplayAgent(gamma)
    return {
        "as configured": sound,
        "truncation ends": replace(sound, truncation_ends=True),
        "termination not masked": replace(sound, unmasked=True),
        "learns through autoreset": replace(sound, resets=True),
        "gamma twice": replace(sound, applied=2),
        "gamma never applied": replace(sound, applied=0),
        "n-step discounted once": replace(sound, n_step=3, once=True),
        "rewards clipped": replace(sound, clips=True),
        "sign clipping": replace(sound, signs=True),
        "rewards normalised": replace(sound, normalises=True),
        "average reward": replace(sound, averages=True),
        "frame skip": replace(sound, skip=4),
        "under-training": under_trained(gamma),
    }


PARAMETERS = {
    "n-step discounted once": (3.0,),
    "rewards normalised": (0.5,),
    "frame skip": (4.0, 0.0),
    "under-training": (0.2, 200.0, math.inf, 2.0),
    "truncation ends": (1.0, 0.0, 0.0),
    "average reward": (1.0,),
    "gamma never applied": (1.0,),
}
"""Of the faults that have some, those of the agents above."""


class Hyperbolic:
    """Averages the values of many discounts: integral of g^n over g = u^k is 1 / (1 + k n).

    Source: Sozou, Proc. R. Soc. B 265 (1998); Fedus et al., Hyperbolic discounting and learning
    over multiple horizons (2019).
    """

    def __init__(self, k: float, n_gammas: int = 12) -> None:
        nodes, self._weights = np.polynomial.legendre.leggauss(n_gammas)
        self._gammas = ((nodes + 1) / 2) ** k
        self._weights = self._weights / 2

    def __call__(self, env, seed: int):
        """Learn one table per discount from the same steps; act on their weighted sum."""
        memory = act_at_random(env, 600, seed)
        shape = (int(env.observation_space.n), int(env.action_space.n))
        q = np.zeros(shape)
        for gamma, weight in zip(self._gammas, self._weights, strict=True):
            q += weight * ReplayAgent(float(gamma)).learn(memory, *shape)
        return lambda observation: int(q[observation].argmax())
