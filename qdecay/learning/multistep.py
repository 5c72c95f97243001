"""Learners that pass a reward back over several steps: the readable reference.

`NStepSarsa(n)` updates a state-action pair n steps after its visit: with r_k the reward k steps on,

    target = r_1 + gamma * (r_2 + ... + gamma * (r_n + gamma * q[s_n, a_n]))

with a_n the next action; where the episode *terminated* earlier the sum ends there, and where
it was *truncated* it ends with q[s, a] of the last observation and the action that would
have followed, read before the last updates of the episode. NStepSarsa(1) is `sarsa`, bit for bit.

`WatkinsQ(trace)` makes the update of `q_learning` for all pairs (x, b) of its greedy path so far:

    e[s, a] <- 1;   q[x, b] <- q[x, b] + alpha * delta * e[x, b];   e <- gamma * trace * e

with delta and alpha those of `q_learning` for (s, a), and all e <- 0 where the episode ends or the
next action is not greedy. Traces are replacing ones. WatkinsQ(0) is `q_learning`, bit for bit.

Draws, choices, visits and everything else are those of `tabular` for SARSA and Q-learning. Where an
action takes d steps of time, gamma**d stands for the gamma of its step; n counts actions.

Sources: Sutton and Barto, Reinforcement Learning (2018), sections 7.2 and 12.10; Watkins 1989;
Singh and Sutton 1996 (replacing traces).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from qdecay._support.checks import RealLike, count, real
from qdecay.learning.arguments import (
    Env,
    available_actions,
    discount_of,
    discrete_spaces,
    index_reader,
)
from qdecay.learning.compiled.multistep import n_step_sarsa, watkins_q
from qdecay.learning.compiled.one_step import Settings
from qdecay.learning.learner import Learner
from qdecay.learning.run import Run, RunSettings
from qdecay.learning.tabular import choose, maximisers, not_finite, uniform_numbers

_Waiting = tuple[int, int, float, float]  # state, action, reward, discount of what follows


@dataclass(frozen=True)
class NStepSarsa(Learner):
    """n-step SARSA: updates a state-action pair n >= 1 steps after its visit; call it to learn.

        q[s, a] <- q[s, a] + alpha * (target - q[s, a])
        target = r_1 + gamma * r_2 + ... + gamma**(n - 1) * r_n + gamma**n * q[s_n, a_n]

    with r_k the reward of the k-th step from s by action a on, and a_n the action that it takes in
    s_n. The sum ends with the episode; see the module for one that is truncated. n = 1 is `sarsa`,
    bit for bit: `qdecay.NStepSarsa(4)(problem, gamma, steps=100_000)`; see `__call__`.

    Source: Sutton and Barto, Reinforcement Learning (2018), section 7.2.
    """

    n: int

    def __init__(self, n: int) -> None:
        object.__setattr__(self, "n", count(n, "n"))

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the algorithm."""
        return f"{self.n}_step_sarsa"

    def interact(self, env: Env, run: Run, settings: RunSettings, numbers: Iterable[int]) -> int:
        """Act and learn until the run is over, and return the number of steps it took."""
        observations, action_space = discrete_spaces(env)
        index_of, first_action = index_reader(observations), int(action_space.start)
        actions = [np.flatnonzero(row).tolist() for row in available_actions(env)]
        q, counts, gamma = run.tables[0], run.counts[0], settings.gamma
        reset_seed, uniform = uniform_numbers(settings.seed)
        waiting: deque[_Waiting] = deque()

        state, action = index_of(env.reset(seed=reset_seed)[0]), -1
        epsilon, discounted_return, discount, length, step = settings.epsilon.at(1), 0.0, 1.0, 0, 0
        for step in numbers:
            if action < 0:
                action = choose(maximisers(q[state]), actions[state], epsilon, uniform)
            observation, reward, terminated, truncated, info = env.step(first_action + action)
            next_state, reward = index_of(observation), float(reward)
            held = discount_of(info, gamma, step) if info else gamma
            if not isfinite(reward):
                raise not_finite(step, state, action, reward)
            epsilon = settings.epsilon.at(step + 1)
            next_action, follow = -1, 0.0
            if able := actions[next_state]:
                next_action = choose(maximisers(q[next_state]), able, epsilon, uniform)
                follow = q[next_state][next_action]
            waiting.append((state, action, reward, held))
            ended = terminated or truncated
            while len(waiting) == self.n or (ended and waiting):
                target = _n_step_target(waiting, follow, terminated)
                updated, taken, *_ = waiting.popleft()
                counts[updated][taken] = count = counts[updated][taken] + 1
                old = q[updated][taken]
                q[updated][taken] = new = old + settings.step_size.at(count) * (target - old)
                if not isfinite(new):
                    raise not_finite(step, updated, taken, reward)

            discounted_return += discount * reward
            discount *= held
            length += 1
            state, action = next_state, next_action
            if ended:
                if run.end_episode(step, discounted_return, length):
                    break
                state, action = index_of(env.reset()[0]), -1
                discounted_return, discount, length = 0.0, 1.0, 0
        return step

    def compiled(self, n_actions: int, settings: Settings) -> Callable[..., int]:
        """Return the compiled loop that does the same."""
        return n_step_sarsa  # type: ignore[no-any-return]

    def n_kept(self, n_pairs: int) -> int:
        """Return how many steps wait for their target."""
        return self.n


def _n_step_target(waiting: Iterable[_Waiting], follow: float, terminated: bool) -> float:
    """Return the discounted sum of the rewards since; nothing follows a terminated step."""
    target, nothing_follows = follow, terminated
    for _, _, reward, discount in reversed(tuple(waiting)):
        target = reward if nothing_follows else reward + discount * target
        nothing_follows = False
    return target


@dataclass(frozen=True)
class WatkinsQ(Learner):
    """Watkins's Q(lambda), with lambda = `trace` in [0, 1]; call it to learn.

        delta = r + gamma * max_b q[t, b] - q[s, a],    e[s, a] <- 1
        q[x, b] <- q[x, b] + alpha * delta * e[x, b],   e <- gamma * trace * e

    for a step from s by action a to t with reward r, over all pairs (x, b) of its greedy path so
    far: e <- 0 where the episode ends or the next action is not greedy. trace = 0 is `q_learning`,
    bit for bit: `qdecay.WatkinsQ(0.9)(problem, gamma, steps=100_000)`; see `__call__`.

    Sources: Watkins, Learning from delayed rewards (1989); Sutton and Barto, Reinforcement Learning
    (2018), section 12.10; Singh and Sutton 1996 (replacing traces).
    """

    trace: float

    def __init__(self, trace: RealLike) -> None:
        object.__setattr__(self, "trace", real(trace, "trace", "[0, 1]"))

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of the algorithm."""
        return f"watkins_q_{self.trace}"

    def interact(self, env: Env, run: Run, settings: RunSettings, numbers: Iterable[int]) -> int:
        """Act and learn until the run is over, and return the number of steps it took."""
        observations, action_space = discrete_spaces(env)
        index_of, first_action = index_reader(observations), int(action_space.start)
        actions = [np.flatnonzero(row).tolist() for row in available_actions(env)]
        q, counts, gamma = run.tables[0], run.counts[0], settings.gamma
        reset_seed, uniform = uniform_numbers(settings.seed)
        path: dict[tuple[int, int], float] = {}

        state = index_of(env.reset(seed=reset_seed)[0])
        epsilon, discounted_return, discount, length, step = settings.epsilon.at(1), 0.0, 1.0, 0, 0
        for step in numbers:
            action = choose(maximisers(q[state]), actions[state], epsilon, uniform)
            if q[state][action] < max(q[state]):
                path.clear()
            observation, reward, terminated, truncated, info = env.step(first_action + action)
            next_state, reward = index_of(observation), float(reward)
            held = discount_of(info, gamma, step) if info else gamma
            epsilon = settings.epsilon.at(step + 1)
            target = reward if terminated else reward + held * max(q[next_state])
            counts[state][action] = count = counts[state][action] + 1
            change = settings.step_size.at(count) * (target - q[state][action])
            path[state, action] = 1.0
            decay = held * self.trace
            for (visited, taken), share in path.items():
                q[visited][taken] += change * share
                path[visited, taken] = share * decay
            if not isfinite(q[state][action]):
                raise not_finite(step, state, action, reward)

            discounted_return += discount * reward
            discount *= held
            length += 1
            state = next_state
            if terminated or truncated:
                path.clear()
                if run.end_episode(step, discounted_return, length):
                    break
                state = index_of(env.reset()[0])
                discounted_return, discount, length = 0.0, 1.0, 0
        return step

    def compiled(self, n_actions: int, settings: Settings) -> Callable[..., int]:
        """Return the compiled loop that does the same."""
        return watkins_q  # type: ignore[no-any-return]

    def n_kept(self, n_pairs: int) -> int:
        """Return how many pairs may have a trace."""
        return n_pairs

    @property
    def trace_decay(self) -> float:  # type: ignore[override]
        """Lambda, by which a trace is multiplied at each step, in addition to the discount."""
        return self.trace
