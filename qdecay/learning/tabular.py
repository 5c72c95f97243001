"""Tabular learners that differ only in the bootstrap: the readable reference.

One loop serves four algorithms. A step from state s by action a to state t with reward r does

    target = r + gamma * bootstrap(t),  or r alone where the step *terminated*
    q[s, a] <- q[s, a] + alpha * (target - q[s, a])

and the algorithms differ in the bootstrap alone, with b an action in t and epsilon the
exploration rate of the next step:

    q_learning          max_b q[t, b]
    sarsa               q[t, b], with b the next action
    expected_sarsa      (1 - epsilon) * max_b q[t, b] + epsilon * mean_b q[t, b]
    double_q_learning   q2[t, argmax_b q1[t, b]] where q1 learns; where q2 does, 1 and 2 swapped

A truncated step bootstraps from its last observation: time ran out, but the process did not end.

Where an action takes d steps of time, by the model or by `info["duration"]` of an environment, its
target is r + gamma**d * bootstrap(t) (Bradtke and Duff 1994). A step of a run is one action,
however long it takes: budgets, schedules and the lengths of episodes count actions.

Behaviour is epsilon-greedy on q (on q1 + q2 for Double Q-learning). To choose among A actions the
learner draws u uniform in [0, 1); where u < epsilon it draws w and takes action floor(w * A); else
it takes the maximiser, or, where m > 1 actions tie, draws w and takes the floor(w * m)-th of
them. At each step it draws

    1. for the action, unless SARSA has chosen it already;
    2. after the environment's step, for SARSA for the next action (before the update; dropped
       where the episode ended; none in a state without actions), for Double Q-learning one
       number that lets q1 learn where it is below 1/2.

These are the numbers of the agent's stream in order; see `streams`.

The loop runs over any Gymnasium environment with small spaces. On an `MDP` compiled code does
the same, bit for bit, as the loop does on `ModelEnv(mdp)` (in a `TimeLimit`). Of a model only the
available actions are chosen, averaged and maximised over; q is -inf for the others.

Sources: Watkins and Dayan 1992 (Q-learning); Rummery and Niranjan 1994 (SARSA); van Seijen et
al. 2009 (Expected SARSA); van Hasselt 2010 (Double Q-learning; step sizes count the updates of
each table by itself); Pardo et al. 2018 (truncation).
"""

from __future__ import annotations

import itertools
import operator
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np

from qdecay.learning.arguments import (
    Env,
    available_actions,
    discount_of,
    discrete_spaces,
    index_reader,
)
from qdecay.learning.compiled.one_step import Settings, kernel
from qdecay.learning.learner import Learner
from qdecay.learning.run import Run, RunSettings, Table
from qdecay.learning.schedules import Constant
from qdecay.learning.streams import streams

_Row = list[float]
_Actions = Sequence[int]
_BLOCK = 4096  # uniform numbers drawn at once: affects the speed, not the numbers


def _one_step_target(reward: float, discount: float, bootstrap: float, terminated: bool) -> float:
    """Return the target for q[s, a]; nothing follows a terminated step."""
    return reward if terminated else reward + discount * bootstrap


def maximisers(values: _Row) -> _Actions:
    """Return the actions of the largest value, ascending."""
    best = max(values)
    if values.count(best) == 1:
        return (values.index(best),)
    return tuple([action for action, value in enumerate(values) if value == best])


def choose(greedy: _Actions, actions: _Actions, epsilon: float, uniform: Iterator[float]) -> int:
    """Return an epsilon-greedy action; those of the largest value, `greedy`, are equally likely."""
    if next(uniform) < epsilon:
        return actions[int(next(uniform) * len(actions))]
    return greedy[0] if len(greedy) == 1 else greedy[int(next(uniform) * len(greedy))]


@dataclass(frozen=True, repr=False)
class TabularLearner(Learner):
    """A learner that updates one value at each step; `bootstrap` distinguishes them.

    Attributes:
        chooses_ahead: the next action is chosen before the update, because the target needs it.
    """

    chooses_ahead: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def bootstrap(
        values: _Row, other: _Row, actions: _Actions, next_action: int, epsilon: float
    ) -> float:
        """Return the value of the next state.

        Args:
            values: its row in the table that learns.
            other: its row in the other table; the same row if there is one table.
            actions: its available actions.
            next_action: the one chosen, if the learner chooses ahead.
            epsilon: the exploration rate of the next step.
        """

    def __repr__(self) -> str:
        """Return the name under which qdecay exports it."""
        return f"qdecay.{self.name}"

    def interact(self, env: Env, run: Run, settings: RunSettings, numbers: Iterable[int]) -> int:
        """Act and learn until the run is over, and return the number of steps it took."""
        return _interact(self, env, run, settings, numbers)

    def compiled(self, n_actions: int, settings: Settings) -> Callable[..., int]:
        """Return the compiled loop that does the same."""
        return kernel(self.name, n_actions, settings)


class QLearning(TabularLearner):
    """Q-learning: learns the optimal values from any behaviour.

        q[s, a] <- q[s, a] + alpha * (r + gamma * max_b q[t, b] - q[s, a])

    for a step from s by action a to t with reward r; r alone where the step terminated. Call it
    to learn: `qdecay.q_learning(problem, gamma, steps=100_000)`; see `__call__`.

    Source: Watkins and Dayan, Q-learning, Machine Learning 8 (1992), 279-292.
    """

    name = "q_learning"

    @staticmethod
    def bootstrap(
        values: _Row, other: _Row, actions: _Actions, next_action: int, epsilon: float
    ) -> float:
        """Return the largest value."""
        return max(values)


class Sarsa(TabularLearner):
    """SARSA: learns the values of its own behaviour, including exploration.

        q[s, a] <- q[s, a] + alpha * (r + gamma * q[t, b] - q[s, a])

    for a step from s by action a to t with reward r, where b is the action taken in t; r
    alone where the step terminated. With a fixed epsilon these are the values of its own
    epsilon-greedy policy; see `qdecay.epsilon_soft`. Call it to learn:
    `qdecay.sarsa(problem, gamma, steps=100_000)`; see `__call__`.

    Source: Rummery and Niranjan, On-line Q-learning using connectionist systems, CUED/F-INFENG/TR
    166 (1994).
    """

    name = "sarsa"
    chooses_ahead = True

    @staticmethod
    def bootstrap(
        values: _Row, other: _Row, actions: _Actions, next_action: int, epsilon: float
    ) -> float:
        """Return the value of the next action."""
        return values[next_action]


class ExpectedSarsa(TabularLearner):
    """Expected SARSA: SARSA with the mean over the next action instead of a sample.

        q[s, a] <- q[s, a] + alpha * (r + gamma * v - q[s, a])
        v = (1 - epsilon) * max_b q[t, b] + epsilon * mean_b q[t, b]

    for a step from s by action a to t with reward r, with the epsilon of the next step; r alone
    where the step terminated. It has the same target as SARSA, with less noise. Call it to learn:
    `qdecay.expected_sarsa(problem, gamma, steps=100_000)`; see `__call__`.

    Source: van Seijen, van Hasselt, Whiteson and Wiering, A theoretical and empirical analysis of
    Expected Sarsa, ADPRL (2009).
    """

    name = "expected_sarsa"

    @staticmethod
    def bootstrap(
        values: _Row, other: _Row, actions: _Actions, next_action: int, epsilon: float
    ) -> float:
        """Return the mean over the next action."""
        total = 0.0
        for action in actions:  # not sum(): from Python 3.12 on it rounds differently
            total += values[action]
        return (1.0 - epsilon) * max(values) + epsilon * (total / len(actions))


class DoubleQLearning(TabularLearner):
    """Double Q-learning: Q-learning without the maximisation bias of noisy values.

        q1[s, a] <- q1[s, a] + alpha * (r + gamma * q2[t, argmax_b q1[t, b]] - q1[s, a])

    or the same with 1 and 2 swapped, each with probability 1/2, for a step from s by action a to t
    with reward r; r alone where the step terminated. It acts on q1 + q2, and returns their mean.
    Step sizes count the updates of each table separately. Call it to learn:
    `qdecay.double_q_learning(problem, gamma, steps=100_000)`; see `__call__`.

    Source: van Hasselt, Double Q-learning, NIPS (2010).
    """

    name = "double_q_learning"
    n_tables = 2

    @staticmethod
    def bootstrap(
        values: _Row, other: _Row, actions: _Actions, next_action: int, epsilon: float
    ) -> float:
        """Return the other table's value of the best action."""
        return other[values.index(max(values))]


q_learning: QLearning = QLearning()
sarsa: Sarsa = Sarsa()
expected_sarsa: ExpectedSarsa = ExpectedSarsa()
double_q_learning: DoubleQLearning = DoubleQLearning()
TABULAR: dict[str, TabularLearner] = {
    learner.name: learner for learner in (q_learning, sarsa, expected_sarsa, double_q_learning)
}
"""These learners by their names."""


def _interact(
    rule: TabularLearner, env: Env, run: Run, settings: RunSettings, numbers: Iterable[int]
) -> int:
    """Act and learn until the run is over, and return the number of steps it took."""
    # Bound once: the loop runs millions of times, and every attribute access in it counts.
    epsilon_at, step_size_at = settings.epsilon.at, settings.step_size.at
    same_epsilon = isinstance(settings.epsilon, Constant)
    same_alpha = isinstance(settings.step_size, Constant)
    gamma, epsilon, alpha = settings.gamma, epsilon_at(1), step_size_at(1)
    bootstrap, chooses_ahead, double = rule.bootstrap, rule.chooses_ahead, rule.n_tables == 2
    maximises = isinstance(rule, QLearning)  # its bootstrap is the largest value, already known
    observations, action_space = discrete_spaces(env)
    index_of, first_action = index_reader(observations), int(action_space.start)
    row_of = {int(observations.start) + row: row for row in range(int(observations.n))}
    actions = [np.flatnonzero(row).tolist() for row in available_actions(env)]
    learnt, other, counts = run.tables[0], run.tables[-1], run.counts[0]
    acting = _sum_of(learnt, other) if double else learnt
    # A step changes one value: updating the maximisers costs less than finding them again.
    greedy = [maximisers(row) for row in acting]
    best = [max(row) if able else 0.0 for row, able in zip(acting, actions, strict=True)]
    reset_seed, uniform = uniform_numbers(settings.seed)

    state, action = index_of(env.reset(seed=reset_seed)[0]), -1
    discounted_return, discount, length, n = 0.0, 1.0, 0, 0
    for n in numbers:
        if action < 0:
            action = choose(greedy[state], actions[state], epsilon, uniform)
        observation, reward, terminated, truncated, info = env.step(first_action + action)
        try:
            next_state = row_of[observation]
        except (KeyError, TypeError):
            next_state = index_of(observation)  # an array of one number, or an error
        reward, able = float(reward), actions[next_state]
        if not same_epsilon:
            epsilon = epsilon_at(n + 1)
        next_action = -1
        if chooses_ahead and able:
            next_action = choose(greedy[next_state], able, epsilon, uniform)
        if double:
            side = 0 if next(uniform) < 0.5 else 1
            learnt, other, counts = run.tables[side], run.tables[1 - side], run.counts[side]
        if maximises or not able:
            follow = best[next_state]
        else:
            follow = bootstrap(learnt[next_state], other[next_state], able, next_action, epsilon)
        held = discount_of(info, gamma, n) if info and "duration" in info else gamma
        target = _one_step_target(reward, held, follow, terminated)
        visits = counts[state]
        visits[action] = count = visits[action] + 1
        if not same_alpha:
            alpha = step_size_at(count)
        row = learnt[state]
        old = row[action]
        row[action] = new = old + alpha * (target - old)
        if not isfinite(new):
            raise not_finite(n, state, action, reward)
        if double:
            new += other[state][action]
            row = acting[state]
            old, row[action] = row[action], new
        if new > best[state]:
            best[state], greedy[state] = new, (action,)
        elif (new == best[state]) != (old == best[state]):  # one maximiser more or less
            greedy[state] = maximisers(row)
            best[state] = row[greedy[state][0]]

        discounted_return += discount * reward
        discount *= held
        length += 1
        state, action = next_state, next_action
        if terminated or truncated:
            if run.end_episode(n, discounted_return, length):
                break
            state, action = index_of(env.reset()[0]), -1
            discounted_return, discount, length = 0.0, 1.0, 0
    return n


def not_finite(step: int, state: int, action: int, reward: float) -> Exception:
    """Return the error that says where a value became non-finite, and why."""
    where = f"step {step}, state {state}, action {action}"
    if isfinite(reward):
        return OverflowError(f"{where}: the value outgrew the floats; lower gamma or the rewards")
    return ValueError(f"{where}: the environment returned the reward {reward}")


def _sum_of(one: Table, two: Table) -> Table:
    return [list(map(operator.add, *rows)) for rows in zip(one, two, strict=True)]


def uniform_numbers(seed: int) -> tuple[int, Iterator[float]]:
    """Return the seed of the environment and the uniform numbers of the learner."""
    world_seed, learner = streams(seed)
    random = np.random.Generator(learner).random
    blocks = (random(_BLOCK).tolist() for _ in itertools.repeat(None))
    return world_seed, itertools.chain.from_iterable(blocks)
