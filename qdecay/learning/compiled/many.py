"""One stream of experience teaches every gamma at once: the compiled loops.

Values are contiguous in gamma in memory, q[s, a, g], so that one step updates all of them with
vector instructions; where two tables learn, the second one's states follow the first one's. A loop
is compiled for each rule, number of actions and kind of step, which unrolls the scans of a row:
code that is left out costs no registers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.one_step import (
    CHOSEN,
    CROSSED,
    EXPECTED,
    RULES,
    known_at_compilation,
)
from qdecay.learning.compiled.primitives import (
    first_state,
    normal,
    outcome,
    schedule_at,
    timed_outcome,
    uniform,
)

STATE, STEPS, LENGTH = range(3)
NOT_BEGUN = -1  # the state before the first
GREEDY, POLICY = range(2)


inlined = partial(compiled, inlined=True)  # a call costs as much as the updates of 16 gammas


class Stream(NamedTuple):
    """One seed's stream and what was learned from it; the next call resumes from here.

    With T tables q has shape (T * S, A, G), visits (T * S, A), gammas and best (G,); `best` is
    scratch space. `discounts`, shape (D, G), is gamma ** duration, for the durations of `sampling`.
    """

    q: NDArray[np.float64]
    visits: NDArray[np.int64]
    gammas: NDArray[np.float64]
    discounts: NDArray[np.float64]
    best: NDArray[np.float64]
    learner: NDArray[np.uint64]
    world: NDArray[np.uint64]
    place: NDArray[np.int64]


class Settings(NamedTuple):
    """What does not change during a run.

    Attributes:
        step_size: of the update, as `schedule_at` reads it.
        epsilon: of the policy whose values SARSA and Expected SARSA learn.
        limit: the steps after which an episode is truncated; 0 is never.
        noise: standard deviation of normal noise on each state's rewards, shape (S,).
    """

    step_size: tuple[int, float, float, float]
    epsilon: float
    limit: int
    noise: NDArray[np.float64]


class Behaviour(NamedTuple):
    """How the stream acts: epsilon-greedy on the last of the gammas, or by a table.

    accept and alias, shape (S, A), are the alias tables of each state's available actions.
    """

    epsilon: float
    accept: NDArray[np.float64]
    alias: NDArray[np.int64]


class Steps(NamedTuple):
    """Recorded steps, arrays of one length, and the actions that the states have.

    `follows` is the next state t, or ~t where the episode ended there, `lasts` the row of the
    stream's discounts that belongs to the step; see `sampling` for `actions` and `available`.
    """

    state: NDArray[np.int64]
    action: NDArray[np.int64]
    reward: NDArray[np.float64]
    follows: NDArray[np.int64]
    lasts: NDArray[np.int32]
    actions: NDArray[np.int64]
    available: NDArray[np.int64]


def kernel(rule: str, n_actions: int, kind: int, noisy: bool, timed: bool) -> Callable[..., None]:
    """Return the loop on models of `n_actions` actions: a rule and a kind of behaviour."""
    return _kernel(RULES.index(rule), known_at_compilation(n_actions), kind, noisy, timed)


def replay(rule: str, n_actions: int) -> Callable[..., None]:
    """Return the loop over recorded steps of environments of `n_actions` actions."""
    return _replay(RULES.index(rule), known_at_compilation(n_actions))


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


@inlined
def _largest(q: Any, row: int, gamma: int, n_actions: int) -> Any:
    largest = q[row, 0, gamma]
    for action in range(1, n_actions):
        value = q[row, action, gamma]
        largest = value if value > largest else largest
    return largest


@inlined
def _total(q: Any, row: int, gamma: int, n_actions: int) -> float:
    """Return the sum over the available actions, those whose value is not -inf."""
    total = 0.0
    for action in range(n_actions):
        value = q[row, action, gamma]
        total += value if value > -np.inf else 0.0
    return total


@inlined
def _crossed(q: Any, row: int, twin: int, gamma: int, n_actions: int) -> Any:
    """Return the value in row `twin` of the first best action of another row."""
    largest, follow = q[row, 0, gamma], q[twin, 0, gamma]
    for action in range(1, n_actions):
        value, other = q[row, action, gamma], q[twin, action, gamma]
        follow = other if value > largest else follow
        largest = value if value > largest else largest
    return follow


@cache
def _update(rule: int, known_actions: int) -> Callable[..., Any]:
    @inlined
    def update(
        stream: Any,
        settings: Any,
        choices: Any,
        state: int,
        action: int,
        reward: float,
        follows: int,
        lasts: int,
        words: Any,
    ) -> Any:
        """Teach one step to all gammas, and return the state of the learner's generator.

        `lasts` says which row of the discounts belongs to it. `choices` has the next state's
        `actions` and how many are `available`. `tabular` says what is drawn, and in which
        order; no draw depends on the gammas.
        """
        q, visits, discounts, best = stream.q, stream.visits, stream.discounts, stream.best
        n_actions = known_actions if known_actions else q.shape[1]
        n_gammas, terminated = q.shape[2], follows < 0
        next_state = ~follows if terminated else follows
        row, ahead, twin, tried = state, next_state, next_state, -1
        if rule == CROSSED:
            u, words = uniform(words)
            n_states = len(q) // 2
            if u < 0.5:
                twin = n_states + next_state
            else:
                row, ahead = n_states + state, n_states + next_state
        if rule == CHOSEN and choices.available[next_state] > 0:
            u, words = uniform(words)
            if u < settings.epsilon:
                w, words = uniform(words)
                tried = choices.actions[next_state, int(w * choices.available[next_state])]
        visits[row, action] += 1
        alpha = schedule_at(settings.step_size, visits[row, action])
        if terminated:
            for g in range(n_gammas):
                old = q[row, action, g]
                q[row, action, g] = old + alpha * (reward - old)
        else:
            able = choices.available[next_state]
            if rule == CHOSEN and tried >= 0:
                for g in range(n_gammas):
                    best[g] = q[ahead, tried, g]
            elif rule == CROSSED:
                for g in range(n_gammas):
                    best[g] = _crossed(q, ahead, twin, g, n_actions)
            elif rule == EXPECTED:
                for g in range(n_gammas):
                    largest = _largest(q, ahead, g, n_actions)
                    mean = _total(q, ahead, g, n_actions) / able
                    best[g] = (1.0 - settings.epsilon) * largest + settings.epsilon * mean
            else:
                for g in range(n_gammas):
                    best[g] = _largest(q, ahead, g, n_actions)
            for g in range(n_gammas):
                old = q[row, action, g]
                target = reward + discounts[lasts, g] * best[g]
                q[row, action, g] = old + alpha * (target - old)
        return words

    return update  # type: ignore[no-any-return]


@cache
def _kernel(
    rule: int, known_actions: int, kind: int, noisy: bool, timed: bool
) -> Callable[..., None]:
    update = _update(rule, known_actions)

    @compiled
    def learn(dynamics: Any, behaviour: Any, settings: Any, stream: Any, last: int) -> None:
        """Continue to step `last`."""
        n_actions = known_actions if known_actions else stream.q.shape[1]
        actions, available = dynamics.actions, dynamics.available
        epsilon, accept, alias = behaviour.epsilon, behaviour.accept, behaviour.alias
        q, place, n_gammas = stream.q, stream.place, stream.q.shape[2]
        learner = (stream.learner[0], stream.learner[1], stream.learner[2], stream.learner[3])
        world = (stream.world[0], stream.world[1], stream.world[2], stream.world[3])
        state, length = place[STATE], place[LENGTH]
        lasts = 0
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
            pair = state * n_actions + action
            if timed:
                reward, follows, lasts, world = timed_outcome(dynamics, pair, world)
            else:
                reward, follows, world = outcome(dynamics, pair, world)
            if noisy:
                z, world = normal(world)
                reward += settings.noise[state] * z
            learner = update(
                stream, settings, dynamics, state, action, reward, follows, lasts, learner
            )
            length += 1
            state = follows
            if follows < 0 or length == settings.limit:
                state, world = first_state(dynamics, world)
                length = 0
        place[STATE], place[STEPS], place[LENGTH] = state, last, length
        for k in range(4):
            stream.learner[k], stream.world[k] = learner[k], world[k]

    return learn  # type: ignore[no-any-return]


@cache
def _replay(rule: int, known_actions: int) -> Callable[..., None]:
    update = _update(rule, known_actions)

    @compiled
    def learn(steps: Any, settings: Any, stream: Any, last: int) -> None:
        """Continue to the recorded step `last`."""
        place = stream.place
        learner = (stream.learner[0], stream.learner[1], stream.learner[2], stream.learner[3])
        for n in range(place[STEPS], last):
            learner = update(
                stream,
                settings,
                steps,
                steps.state[n],
                steps.action[n],
                steps.reward[n],
                steps.follows[n],
                steps.lasts[n],
                learner,
            )
        place[STEPS] = last
        for k in range(4):
            stream.learner[k] = learner[k]

    return learn  # type: ignore[no-any-return]
