"""Tabular learners over the plain Gymnasium API: the readable reference.

One loop serves four algorithms. A step from state s by action a to state t with reward r does

    target = r + gamma * bootstrap(t),  or r alone where the step *terminated*
    q[s, a] <- q[s, a] + alpha * (target - q[s, a])

and the algorithms differ in the bootstrap alone, with b an action in t and epsilon the
exploration rate of the next step:

    q_learning          max_b q[t, b]
    sarsa               q[t, b], with b the next action
    expected_sarsa      (1 - epsilon) * max_b q[t, b] + epsilon * mean_b q[t, b]
    double_q_learning   q2[t, argmax_b q1[t, b]] where q1 learns; where q2 does, 1 and 2 swapped

A truncated step bootstraps from its last observation: the clock ran out, the world did not.

Behaviour is epsilon-greedy on q (on q1 + q2 for Double Q-learning). A choice among A actions
takes two uniform numbers u, w in [0, 1), both every time: where u < epsilon it is action
floor(w * A), else the floor(w * m)-th of the m maximisers. At each step the learner draws

    1. u, w for the action, unless SARSA has chosen it already;
    2. after the environment's step, for SARSA u, w for the next action (made before the
       update; dropped where the episode ended), for Double Q-learning one number
       that lets q1 learn where it is below 1/2.

These are the numbers of `Generator(PCG64(b)).random()` in order, and the environment is reset
with seed `a.generate_state(1)[0]` once, then without one; a, b = SeedSequence(seed).spawn(2).

Sources: Watkins and Dayan 1992 (Q-learning); Rummery and Niranjan 1994 (SARSA); van Seijen et
al. 2009 (Expected SARSA); van Hasselt 2010 (Double Q-learning; step sizes count the updates of
each table by itself); Pardo et al. 2018 (truncation).
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from qdecay.learning.arguments import (
    Env,
    checked_gamma,
    discrete_spaces,
    index_reader,
    positive,
    require_at_least,
    start_values,
)
from qdecay.learning.result import LearningResult
from qdecay.learning.run import Budget, Callback, Run, Table
from qdecay.learning.schedules import Schedule, as_schedule

_Row = list[float]
_BLOCK = 4096  # uniform numbers fetched at once: changes the speed, not the numbers


def _one_step_target(reward: float, gamma: float, bootstrap: float, terminated: bool) -> float:
    """Return what q[s, a] should have been; nothing follows a terminated step."""
    return reward if terminated else reward + gamma * bootstrap


def _largest(values: _Row, other: _Row, next_action: int, epsilon: float) -> float:
    return max(values)


def _chosen(values: _Row, other: _Row, next_action: int, epsilon: float) -> float:
    return values[next_action]


def _expected(values: _Row, other: _Row, next_action: int, epsilon: float) -> float:
    total = 0.0
    for value in values:  # not sum(): from Python 3.12 on it rounds in another way
        total += value
    return (1.0 - epsilon) * max(values) + epsilon * (total / len(values))


def _crossed(values: _Row, other: _Row, next_action: int, epsilon: float) -> float:
    return other[values.index(max(values))]


def _choose(values: _Row, epsilon: float, uniform: Iterator[float]) -> int:
    """Return an epsilon-greedy action; ties of the maximum are equally likely."""
    explore, pick = next(uniform), next(uniform)
    if explore < epsilon:
        return int(pick * len(values))
    best = max(values)
    ties = values.count(best)
    if ties == 1:
        return values.index(best)
    maximisers = [action for action, value in enumerate(values) if value == best]
    return maximisers[int(pick * ties)]


@dataclass(frozen=True)
class TabularLearner:
    """One of the four algorithms; call it to learn.

    Attributes:
        name: name of the algorithm.
        bootstrap: value of the next state from its row in the table that learns, its row in the
            other table (the same row where there is one table), the next action and epsilon.
        chooses_ahead: the next action is chosen before the update, because the target needs it.
        n_tables: 1, or 2 for Double Q-learning.
    """

    name: str
    bootstrap: Callable[[_Row, _Row, int, float], float]
    chooses_ahead: bool = False
    n_tables: int = 1

    def __call__(
        self,
        env: Env,
        gamma: float,
        *,
        steps: int | None = None,
        episodes: int | None = None,
        epsilon: float | Schedule = 0.1,
        step_size: float | Schedule = 0.1,
        initial_value: ArrayLike = 0.0,
        seed: int = 0,
        callback: Callback | None = None,
        progress: bool = False,
    ) -> LearningResult:
        """Learn the values of `env` by acting in it.

        Args:
            env: an environment with `Discrete` observations (S of them) and actions (A). Index 0
                of the tables is the `start` of the space. It is reset, and not closed.
            gamma: discount per step, no unit, 0 <= gamma <= 1.
            steps: steps to take in all; >= 1.
            episodes: episodes to finish; >= 1. One budget is needed, the first to run out ends
                the run. `episodes` alone never returns where an episode never ends.
            epsilon: exploration rate in [0, 1]; a schedule counts the steps of the run.
            step_size: alpha in (0, 1]; a schedule counts the updates of that state and action.
            initial_value: what q holds at first, finite: a number, or shape (S, A).
            seed: >= 0; the same seed gives the same bits.
            callback: called at the end of every episode; the run ends where it returns True.
            progress: show a bar on a terminal's standard error once a run has lasted a second.

        Returns: values, visits and the return of every finished episode. Double Q-learning's
            `q` is the mean of its two tables.

        Raises:
            TypeError: an argument is of the wrong kind.
            ValueError: an argument is outside its range, a space is not `Discrete`, or the
                environment returns a reward that is not finite or an unknown observation.
            OverflowError: a value outgrew the floats.

        >>> import gymnasium as gym
        >>> cliff = gym.make("CliffWalking-v1")
        >>> result = q_learning(cliff, 1.0, episodes=500, step_size=1.0)
        >>> float(result.q[36].max()), result.greedy[36].tolist()
        (-13.0, [True, False, False, False])
        """
        n_states, n_actions = (int(space.n) for space in discrete_spaces(env))
        run = Run(
            start_values(initial_value, (n_states, n_actions)),
            self.n_tables,
            gamma=checked_gamma(gamma),
            epsilon=as_schedule(epsilon, "epsilon"),
            step_size=positive(as_schedule(step_size, "step_size")),
            budget=Budget(steps, episodes),
            callback=callback,
        )
        reset_seed, uniform = _random_streams(seed)
        with run.step_numbers(self.name if progress else None) as numbers:
            taken = _interact(self, env, run, numbers, reset_seed, uniform)
        return run.result(self.name, int(seed), taken)


q_learning = TabularLearner("q_learning", _largest)
sarsa = TabularLearner("sarsa", _chosen, chooses_ahead=True)
expected_sarsa = TabularLearner("expected_sarsa", _expected)
double_q_learning = TabularLearner("double_q_learning", _crossed, n_tables=2)


def _interact(
    rule: TabularLearner,
    env: Env,
    run: Run,
    numbers: Iterable[int],
    reset_seed: int,
    uniform: Iterator[float],
) -> int:
    """Act and learn until the run is over, and return the number of steps it took."""
    # Bound once: the loop runs millions of times, and every attribute read in it counts.
    epsilon_at, step_size_at, gamma = run.epsilon.at, run.step_size.at, run.gamma
    bootstrap, chooses_ahead, double = rule.bootstrap, rule.chooses_ahead, rule.n_tables == 2
    observations, actions = discrete_spaces(env)
    index_of, first_action = index_reader(observations), int(actions.start)
    learnt, other, counts = run.tables[0], run.tables[-1], run.counts[0]
    acting = _sum_of(learnt, other) if double else learnt

    state, action = index_of(env.reset(seed=reset_seed)[0]), -1
    epsilon, discounted_return, discount, length, n = epsilon_at(1), 0.0, 1.0, 0, 0
    for n in numbers:
        if action < 0:
            action = _choose(acting[state], epsilon, uniform)
        observation, reward, terminated, truncated, _ = env.step(first_action + action)
        next_state, reward = index_of(observation), float(reward)
        epsilon = epsilon_at(n + 1)
        next_action = _choose(acting[next_state], epsilon, uniform) if chooses_ahead else -1
        if double:
            side = 0 if next(uniform) < 0.5 else 1
            learnt, other, counts = run.tables[side], run.tables[1 - side], run.counts[side]
        follow = bootstrap(learnt[next_state], other[next_state], next_action, epsilon)
        target = _one_step_target(reward, gamma, follow, terminated)
        counts[state][action] = count = counts[state][action] + 1
        old = learnt[state][action]
        learnt[state][action] = new = old + step_size_at(count) * (target - old)
        if double:
            acting[state][action] = new + other[state][action]
        if not isfinite(new):
            raise _not_finite(n, state, action, reward)

        discounted_return += discount * reward
        discount *= gamma
        length += 1
        state, action = next_state, next_action
        if terminated or truncated:
            if run.end_episode(n, discounted_return, length):
                break
            state, action = index_of(env.reset()[0]), -1
            discounted_return, discount, length = 0.0, 1.0, 0
    return n


def _not_finite(step: int, state: int, action: int, reward: float) -> Exception:
    where = f"step {step}, state {state}, action {action}"
    if isfinite(reward):
        return OverflowError(f"{where}: the value outgrew the floats; lower gamma or the rewards")
    return ValueError(f"{where}: the environment returned the reward {reward}")


def _sum_of(one: Table, two: Table) -> Table:
    return [list(map(operator.add, *rows)) for rows in zip(one, two, strict=True)]


def _random_streams(seed: int) -> tuple[int, Iterator[float]]:
    """Return the seed of the environment and the uniform numbers of the learner."""
    require_at_least(0, seed, "seed")
    world, learner = np.random.SeedSequence(seed).spawn(2)
    random = np.random.Generator(np.random.PCG64(learner)).random
    blocks = (random(_BLOCK).tolist() for _ in itertools.repeat(None))
    return int(world.generate_state(1)[0]), itertools.chain.from_iterable(blocks)
