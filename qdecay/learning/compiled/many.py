"""One stream of experience teaches every gamma at once: the compiled loop.

Values are contiguous in gamma in memory, q[s, a, g], so that one step updates all of them with
vector instructions. A loop is compiled for each number of actions, which unrolls the maximum over
them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.one_step import known_at_compilation
from qdecay.learning.compiled.primitives import first_state, outcome, schedule_at, uniform

STATE, STEPS, LENGTH = range(3)
NOT_BEGUN = -1  # the state before the first
GREEDY, POLICY = range(2)


class Stream(NamedTuple):
    """One seed's stream and what was learned from it; the next call resumes from here.

    q has shape (S, A, G), visits (S, A), gammas and best (G,); `best` is scratch space.
    """

    q: NDArray[np.float64]
    visits: NDArray[np.int64]
    gammas: NDArray[np.float64]
    best: NDArray[np.float64]
    learner: NDArray[np.uint64]
    world: NDArray[np.uint64]
    place: NDArray[np.int64]


class Behaviour(NamedTuple):
    """How the stream acts: epsilon-greedy on the last of the gammas, or by a table.

    accept and alias, shape (S, A), are the alias tables of each state's available actions.
    """

    epsilon: float
    accept: NDArray[np.float64]
    alias: NDArray[np.int64]


def kernel(n_actions: int, kind: int) -> Callable[..., None]:
    """Return the compiled loop for models of `n_actions` actions and a kind of behaviour."""
    return _kernel(known_at_compilation(n_actions), kind)


@compiled
def _scan(q: Any, state: int, gamma: int, n_actions: int) -> tuple[float, int, int]:
    best, first, ties = q[state, 0, gamma], 0, 1
    for action in range(1, n_actions):
        value = q[state, action, gamma]
        if value > best:
            best, first, ties = value, action, 1
        elif value == best:
            ties += 1
    return best, first, ties


@compiled
def _tied(q: Any, state: int, gamma: int, best: float, first: int, rank: int) -> int:
    action = first
    while rank > 0:
        action += 1
        if q[state, action, gamma] == best:
            rank -= 1
    return action


@cache
def _kernel(known_actions: int, kind: int) -> Callable[..., None]:
    @compiled
    def learn(
        dynamics: Any, behaviour: Any, step_size: Any, limit: int, stream: Any, last: int
    ) -> None:
        """Continue to step `last`."""
        n_actions = known_actions if known_actions else stream.q.shape[1]
        actions, available = dynamics.actions, dynamics.available
        epsilon, accept, alias = behaviour.epsilon, behaviour.accept, behaviour.alias
        q, visits, gammas, best = stream.q, stream.visits, stream.gammas, stream.best
        place, n_gammas = stream.place, stream.q.shape[2]
        learner = (stream.learner[0], stream.learner[1], stream.learner[2], stream.learner[3])
        world = (stream.world[0], stream.world[1], stream.world[2], stream.world[3])
        state, length = place[STATE], place[LENGTH]
        if state == NOT_BEGUN:
            state, world = first_state(dynamics, world)
        for _ in range(place[STEPS], last):
            u, learner = uniform(learner)
            if kind == POLICY:
                position = u * available[state]
                drawn = int(position)
                if not position - drawn < accept[state, drawn]:
                    drawn = alias[state, drawn]
                action = actions[state, drawn]
            elif u < epsilon:
                w, learner = uniform(learner)
                action = actions[state, int(w * available[state])]
            else:
                most, action, ties = _scan(q, state, n_gammas - 1, n_actions)
                if ties > 1:
                    w, learner = uniform(learner)
                    action = _tied(q, state, n_gammas - 1, most, action, int(w * ties))
            reward, follows, world = outcome(dynamics, state * n_actions + action, world)
            terminated = follows < 0
            next_state = ~follows if terminated else follows
            visits[state, action] += 1
            alpha = schedule_at(step_size, visits[state, action])
            if terminated:
                for g in range(n_gammas):
                    old = q[state, action, g]
                    q[state, action, g] = old + alpha * (reward - old)
            else:
                for g in range(n_gammas):
                    largest = q[next_state, 0, g]
                    for b in range(1, n_actions):
                        value = q[next_state, b, g]
                        largest = value if value > largest else largest
                    best[g] = largest
                for g in range(n_gammas):
                    old = q[state, action, g]
                    target = reward + gammas[g] * best[g]
                    q[state, action, g] = old + alpha * (target - old)
            length += 1
            state = next_state
            if terminated or length == limit:
                state, world = first_state(dynamics, world)
                length = 0
        place[STATE], place[STEPS], place[LENGTH] = state, last, length
        for k in range(4):
            stream.learner[k], stream.world[k] = learner[k], world[k]

    return learn  # type: ignore[no-any-return]
