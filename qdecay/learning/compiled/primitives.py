"""Building blocks of every compiled loop: random numbers, schedules, choices, outcomes.

Each function does in compiled code what the readable reference does in Python, with the same
floating-point operations in the same order, so that both give the same bits. No fast-math: it
would let the compiler reorder them.

Random numbers are those of `streams`.

Importing this module loads numba.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from qdecay._support.compiled import compiled
from qdecay.learning.schedules import (
    Constant,
    Exponential,
    Harmonic,
    Linear,
    Polynomial,
    Schedule,
)

Words = tuple[Any, Any, Any, Any]

_11, _3, _24, _40, _1 = (np.uint64(n) for n in (11, 3, 24, 40, 1))
_UNIT = 2.0**-53
CONSTANT, LINEAR, EXPONENTIAL, HARMONIC, POLYNOMIAL = range(5)


def coded(schedule: Schedule) -> tuple[int, float, float, float]:
    """Return the kind and the parameters of a schedule, as `schedule_at` reads them."""
    match schedule:
        case Constant(value):
            return CONSTANT, float(value), 0.0, 0.0
        case Linear(start, end, steps):
            return LINEAR, float(start), float(end), float(steps)
        case Exponential(start, end, decay):
            return EXPONENTIAL, float(start), float(end), float(decay)
        case Polynomial(exponent):
            return POLYNOMIAL, -float(exponent), 0.0, 0.0
        case Harmonic(horizon):
            return HARMONIC, float(horizon), 0.0, 0.0


@compiled
def uniform(words: Words) -> tuple[float, Words]:
    """Return a number in [0, 1) and the generator's next state, one step of SFC64."""
    a, b, c, counter = words
    out = a + b + counter
    following = (b ^ (b >> _11), c + (c << _3), ((c << _24) | (c >> _40)) + out, counter + _1)
    return np.int64(out >> _11) * _UNIT, following


@compiled
def normal(words: Words) -> tuple[float, Words]:
    """Return a standard normal number, as `model_env.normal` draws it, and the next state."""
    square = 0.0
    u = 0.0
    while not 0.0 < square < 1.0:
        u, words = uniform(words)
        w, words = uniform(words)
        u, w = 2.0 * u - 1.0, 2.0 * w - 1.0
        square = u * u + w * w
    return u * sqrt(-2.0 * log(square) / square), words


@compiled
def schedule_at(schedule: tuple[int, float, float, float], n: int) -> Any:
    """Return the schedule's value at count n, as `Schedule.at` computes it."""
    kind, first, second, third = schedule
    if kind == CONSTANT:
        return first
    if kind == HARMONIC:
        return first / (first + (n - 1))
    if kind == POLYNOMIAL:
        return float(n) ** first
    if kind == EXPONENTIAL:
        return max(first * third ** float(n - 1), second)
    return second if n > third else first + (second - first) * ((n - 1) / third)


@compiled
def scan(q: Any, table: int, state: int, n_actions: int) -> tuple[float, int, int]:
    """Return the largest value of a row, its first action and how many actions tie for it.

    q has shape (tables, S * A): one multiplication by a constant finds a state's row.
    """
    row = state * n_actions
    best, first, ties = q[table, row], 0, 1
    for action in range(1, n_actions):
        value = q[table, row + action]
        if value > best:
            best, first, ties = value, action, 1
        elif value == best:
            ties += 1
    return best, first, ties


@compiled
def tied(q: Any, table: int, pair: int, best: float, rank: int) -> int:
    """Return how far the maximiser number `rank` lies from the first one, which is at `pair`."""
    ahead = 0
    while rank > 0:
        ahead += 1
        if q[table, pair + ahead] == best:
            rank -= 1
    return ahead


@compiled
def _drawn(dynamics: Any, pair: int, words: Words) -> tuple[int, Words]:
    """Return the index of a drawn outcome, -1 if there is only one, and the generator's state."""
    row, outcomes, k = dynamics.pairs[pair], dynamics.outcomes, -1
    if row.outcomes > 1:
        u, words = uniform(words)
        position = u * row.outcomes
        drawn = int(position)
        k = row.follows + drawn
        if not position - drawn < outcomes[k].accept:
            k = row.follows + outcomes[k].alias
    return k, words


@compiled
def outcome(dynamics: Any, pair: int, words: Words) -> tuple[float, Any, Words]:
    """Return a drawn reward, what follows (see `sampling`), and the generator's state."""
    k, words = _drawn(dynamics, pair, words)
    reward, follows = dynamics.pairs[pair].reward, dynamics.pairs[pair].follows
    if k >= 0:
        reward, follows = dynamics.outcomes[k].reward, dynamics.outcomes[k].follows
    return reward, np.int64(follows), words


@compiled
def timed_outcome(dynamics: Any, pair: int, words: Words) -> tuple[float, Any, int, Words]:
    """Do the same for a semi-Markov model, and return which of the durations the transition has."""
    k, words = _drawn(dynamics, pair, words)
    reward, follows = dynamics.pairs[pair].reward, dynamics.pairs[pair].follows
    lasts = dynamics.lasts[pair]
    if k >= 0:
        reward, follows = dynamics.outcomes[k].reward, dynamics.outcomes[k].follows
        lasts = dynamics.outcome_lasts[k]
    return reward, np.int64(follows), lasts, words


@compiled
def discount_of(dynamics: Any, gamma: float, lasts: int) -> float:
    """Return gamma ** duration."""
    discount: float = gamma ** float(dynamics.durations[lasts])
    return discount


@compiled
def first_state(dynamics: Any, words: Words) -> tuple[int, Words]:
    """Return a start state and the generator's state."""
    starts, accept, alias = dynamics.starts, dynamics.start_accept, dynamics.start_alias
    count = len(starts)
    drawn = 0
    if count > 1:
        u, words = uniform(words)
        position = u * count
        drawn = int(position)
        if not position - drawn < accept[drawn]:
            drawn = alias[drawn]
    return starts[drawn], words
