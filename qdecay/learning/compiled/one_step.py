"""The loop of `tabular` compiled for one model: the same draws, the same bits.

A loop is compiled for one rule and one number of actions, which lets the compiler unroll the
scans of a row, most of a step; and again for *plain* runs, where both schedules are constant and no
visit budget is set, for noisy rewards, and for models with durations: code that is left out costs
no registers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.primitives import (
    CONSTANT,
    discount_of,
    first_state,
    normal,
    outcome,
    scan,
    schedule_at,
    tied,
    timed_outcome,
    uniform,
)

# The rules, numbered so that the choice is made when the loop is compiled.
RULES = ("q_learning", "sarsa", "expected_sarsa", "double_q_learning")
LARGEST, CHOSEN, EXPECTED, CROSSED = range(4)
_MOST_UNROLLED = 8

# Entries of Memory.place, and why a kernel returned early.
STATE, ACTION, STEPS, LENGTH, EPISODES, STATUS = range(6)
GOING_ON, NOT_FINITE, VISITED = range(3)
NOT_BEGUN = -1  # the state before the first


class Settings(NamedTuple):
    """What does not change during a run; see `TabularLearner`."""

    gamma: float
    epsilon: tuple[int, float, float, float]
    step_size: tuple[int, float, float, float]
    limit: int
    wanted: NDArray[np.int64]  # rows of (pair, visits): the run ends when all are reached
    trace_decay: float  # lambda of learners with traces
    noise: float  # standard deviation of normal noise on rewards
    timed: bool  # whether transitions take several steps


class Memory(NamedTuple):
    """All the state of a run; the next call resumes from here.

    q and visits have shape (tables, S * A), a pair of state s and action a at s * A + a; where
    two tables learn, a third entry of q is their sum.
    `episode` holds the discounted return of the unfinished episode, and the discount of its next
    reward. Multistep learners keep a pair, a number and a discount of recent steps in `kept_pairs`,
    `kept_numbers` and `kept_discounts`, and their position in `kept`; see `multistep`.
    """

    q: NDArray[np.float64]
    visits: NDArray[np.int64]
    learner: NDArray[np.uint64]
    world: NDArray[np.uint64]
    place: NDArray[np.int64]
    episode: NDArray[np.float64]
    kept_pairs: NDArray[np.int64]
    kept_numbers: NDArray[np.float64]
    kept_discounts: NDArray[np.float64]
    kept: NDArray[np.int64]


def new_memory(n_pairs: int, n_tables: int, n_kept: int) -> Memory:
    """Return the memory of a run, to be filled by `begin`; room for `n_kept` pairs."""
    return Memory(
        np.empty((1 if n_tables == 1 else 3, n_pairs)),
        np.empty((n_tables, n_pairs), dtype=np.int64),
        np.empty(4, dtype=np.uint64),
        np.empty(4, dtype=np.uint64),
        np.empty(6, dtype=np.int64),
        np.empty(2),
        np.empty(n_kept, dtype=np.int64),
        np.empty(n_kept),
        np.empty(n_kept),
        np.empty(2, dtype=np.int64),
    )


@compiled
def begin(memory: Any, start_values: Any, learner: Any, world: Any) -> None:
    """Reset the memory to a run that has not begun; `start_values` has shape (S * A,)."""
    q, visits, place = memory.q, memory.visits, memory.place
    for pair in range(len(start_values)):
        for table in range(len(visits)):
            q[table, pair] = start_values[pair]
            visits[table, pair] = 0
        if len(q) > len(visits):
            q[len(visits), pair] = start_values[pair] + start_values[pair]
    for k in range(4):
        memory.learner[k], memory.world[k] = learner[k], world[k]
    place[STATE], place[ACTION], place[STATUS] = NOT_BEGUN, -1, GOING_ON
    place[STEPS], place[LENGTH], place[EPISODES] = 0, 0, 0
    memory.episode[0], memory.episode[1] = 0.0, 1.0
    memory.kept[0], memory.kept[1] = 0, 0


def kernel(rule: str, n_actions: int, settings: Settings) -> Callable[..., int]:
    """Return the compiled loop of `rule` for models of `n_actions` actions and such settings."""
    kinds = {settings.epsilon[0], settings.step_size[0]}
    plain = kinds == {CONSTANT} and len(settings.wanted) == 0
    noisy = settings.noise > 0
    known = known_at_compilation(n_actions)
    return _kernel(RULES.index(rule), known, plain, noisy, settings.timed)


def known_at_compilation(n_actions: int) -> int:
    """Return the number of actions that a loop is compiled for; 0 means any number."""
    return n_actions if n_actions <= _MOST_UNROLLED else 0


@compiled
def one_step_target(reward: float, discount: float, bootstrap: float, terminated: bool) -> float:
    """Return the target for q[s, a]; nothing follows a terminated step."""
    return reward if terminated else reward + discount * bootstrap


@compiled
def looked_ahead(terminated: bool) -> bool:
    """Return whether to read the next state: unused by `one_step_target`, it costs time."""
    return not terminated


@compiled
def choose(
    dynamics: Any,
    q: Any,
    table: int,
    state: int,
    n_actions: int,
    row: Any,
    epsilon: float,
    words: Any,
) -> tuple[int, Any]:
    """Return an epsilon-greedy action; `row` is the scan of the state's row of q."""
    u, words = uniform(words)
    if u < epsilon:
        w, words = uniform(words)
        return dynamics.actions[state, int(w * dynamics.available[state])], words
    best, first, ties = row
    if ties == 1:
        return first, words
    w, words = uniform(words)
    return first + tied(q, table, state * n_actions + first, best, int(w * ties)), words


@compiled
def _mean(dynamics: Any, q: Any, state: int, n_actions: int) -> Any:
    total = 0.0
    for k in range(dynamics.available[state]):
        total += q[0, state * n_actions + dynamics.actions[state, k]]
    return total / dynamics.available[state]


@compiled
def visited(wanted: Any, visits: Any) -> bool:
    """Return whether every requested number of visits has been reached."""
    for k in range(len(wanted)):
        made = 0
        for table in range(len(visits)):
            made += visits[table, wanted[k, 0]]
        if made < wanted[k, 1]:
            return False
    return len(wanted) > 0


@cache
def _kernel(
    rule: int, known_actions: int, plain: bool, noisy: bool, timed: bool
) -> Callable[..., int]:
    remembers = rule in (LARGEST, EXPECTED)  # the next choice reuses the bootstrap's scan

    @compiled
    def learn(
        dynamics: Any, settings: Any, memory: Any, returns: Any, lengths: Any, last: int
    ) -> int:
        """Go on to step `last` or until `returns` is full; return how many episodes ended."""
        n_actions = known_actions if known_actions else dynamics.actions.shape[1]
        wanted = settings.wanted
        gamma, limit, noise = settings.gamma, settings.limit, settings.noise
        epsilons, step_sizes = settings.epsilon, settings.step_size
        q, visits, place = memory.q, memory.visits, memory.place
        acting = 2 if rule == CROSSED else 0
        learner = (memory.learner[0], memory.learner[1], memory.learner[2], memory.learner[3])
        world = (memory.world[0], memory.world[1], memory.world[2], memory.world[3])
        discounted_return, discount = memory.episode[0], memory.episode[1]
        state, action, length, ended, side = place[STATE], place[ACTION], place[LENGTH], 0, 0
        n = place[STEPS]
        epsilon, alpha = schedule_at(epsilons, n + 1), schedule_at(step_sizes, 1)
        if state == NOT_BEGUN:
            state, world = first_state(dynamics, world)
        row = scan(q, acting, state, n_actions)
        fresh, held = True, gamma
        while n < last and ended < len(returns):
            n += 1
            if rule != CHOSEN or action < 0:
                if not (remembers and fresh):
                    row = scan(q, acting, state, n_actions)
                action, learner = choose(
                    dynamics, q, acting, state, n_actions, row, epsilon, learner
                )
            pair = state * n_actions + action
            if timed:
                reward, follows, lasts, world = timed_outcome(dynamics, pair, world)
                held = discount_of(dynamics, gamma, lasts)
            else:
                reward, follows, world = outcome(dynamics, pair, world)
            if noisy:
                z, world = normal(world)
                reward += noise * z
            terminated = follows < 0
            next_state = ~follows if terminated else follows
            if not plain:
                epsilon = schedule_at(epsilons, n + 1)
            next_action = -1
            if rule == CHOSEN:
                follow = 0.0
                if dynamics.available[next_state] > 0:
                    row = scan(q, acting, next_state, n_actions)
                    next_action, learner = choose(
                        dynamics, q, acting, next_state, n_actions, row, epsilon, learner
                    )
                    follow = q[0, next_state * n_actions + next_action]
            else:
                if rule == CROSSED:
                    u, learner = uniform(learner)
                    side = 0 if u < 0.5 else 1
                follow = 0.0
                if looked_ahead(terminated):
                    row = scan(q, side, next_state, n_actions)
                    follow = row[0]
                    if rule == EXPECTED:
                        mean = _mean(dynamics, q, next_state, n_actions)
                        follow = (1.0 - epsilon) * follow + epsilon * mean
                    elif rule == CROSSED:
                        follow = q[1 - side, next_state * n_actions + row[1]]
            target = one_step_target(reward, held, follow, terminated)
            visits[side, pair] += 1
            if not plain:
                alpha = schedule_at(step_sizes, visits[side, pair])
            old = q[side, pair]
            new = old + alpha * (target - old)
            q[side, pair] = new
            if rule == CROSSED:
                q[2, pair] = new + q[1 - side, pair]
            if not abs(new) < np.inf:
                place[STATE], place[ACTION], place[STATUS] = state, action, NOT_FINITE
                break
            discounted_return += discount * reward
            discount *= held
            length += 1
            fresh = next_state != state
            state, action = next_state, next_action
            if terminated or length == limit:
                returns[ended], lengths[ended] = discounted_return, length
                ended += 1
                state, world = first_state(dynamics, world)
                discounted_return, discount, length = 0.0, 1.0, 0
                fresh, action = False, -1
                if not plain and visited(wanted, visits):
                    place[STATUS] = VISITED
                    break
        if place[STATUS] != NOT_FINITE:
            place[STATE], place[ACTION] = state, action
        place[STEPS], place[LENGTH] = n, length
        place[EPISODES] += ended
        memory.episode[0], memory.episode[1] = discounted_return, discount
        for k in range(4):
            memory.learner[k], memory.world[k] = learner[k], world[k]
        return ended

    return learn  # type: ignore[no-any-return]
