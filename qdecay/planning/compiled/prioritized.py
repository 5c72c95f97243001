"""Compiled prioritized sweeping: the state whose value may change most comes first.

A change of v(t) by x can change v(s) by up to gamma * p(s, a, t) * x, which becomes the priority of
every s before t (Moore & Atkeson 1993). From a goal in a maze this settles states in the order of
their distance, each about once, as Dijkstra's algorithm does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy import uint64

from qdecay._support.compiled import compiled
from qdecay.planning.compiled.kernels import Array, Model, Values, backup
from qdecay.planning.compiled.loops import OUT_OF_SWEEPS, Ended, Settings, verdict

_ONE = uint64(1)


class Predecessors(NamedTuple):
    """The predecessors of a state t: `states` from first[t] to first[t + 1], each with its
    `chance`."""

    first: Array
    states: Array
    chance: Array


class Queue(NamedTuple):
    """A binary heap of states over `priority`; place[s] is the position of s in it, or -1."""

    heap: Array
    place: Array
    priority: Array


@compiled
def rise(queue: Queue, i: int) -> None:
    """Move the state at position i up to where its priority belongs."""
    heap, place, priority = queue
    s = heap[i]
    while i > 0:
        above = (i - 1) // 2
        if priority[heap[above]] >= priority[s]:
            break
        heap[i] = heap[above]
        place[heap[i]] = i
        i = above
    heap[i] = s
    place[s] = i


@compiled
def take(queue: Queue, length: int) -> int:
    """Remove the state of the highest priority from a heap of that length, and return it."""
    heap, place, priority = queue
    first, s = heap[0], heap[length - 1]
    place[first] = -1
    length -= 1
    i = 0
    while 2 * i + 1 < length:
        below = 2 * i + 1
        if below + 1 < length and priority[heap[below + 1]] > priority[heap[below]]:
            below += 1
        if priority[heap[below]] <= priority[s]:
            break
        heap[i] = heap[below]
        place[heap[i]] = i
        i = below
    if length > 0:
        heap[i] = s
        place[s] = i
    return int(first)


@compiled
def update(model: Model, gamma: float, v: Array, s: int) -> float:
    """v(s) <- max_a q(s, a), staying solved out as in `kernels.improve`; the change."""
    ptr, col, p, r = model
    n_actions = r.shape[1]
    pair = uint64(s) * uint64(n_actions)
    k = uint64(ptr[pair])
    best = -np.inf
    for a in range(n_actions):
        pair += _ONE
        onward, stay = 0.0, 0.0
        while k < uint64(ptr[pair]):
            if uint64(col[k]) == uint64(s):
                stay += p[k]
            else:
                onward += p[k] * v[col[k]]
            k += _ONE
        x = (r[s, a] + gamma * onward) / (1.0 - gamma * stay)
        best = x if x > best else best
    best = best if best > -np.inf else 0.0
    change = abs(best - v[s])
    v[s] = best
    return float(change)


@compiled
def prioritized(
    model: Model, values: Values, settings: Settings, predecessors: Predecessors, queue: Queue
) -> Ended:
    """Rounds of updates down to a least priority, each followed by the backup that proves.

    The answer is as in `loops`.
    """
    v, q, policy = values
    first, before, chance = predecessors
    heap, place, priority = queue
    gamma, max_sweeps, n_states = settings.gamma, settings.max_sweeps, len(v)
    progress, sweep = (np.inf, 0), 0
    while True:
        low, high, size = backup(model, gamma, values)
        sweep += 1
        residual = max(-low, high)
        rounding = settings.slack * (settings.reward_size + gamma * size)
        done, reason, progress = verdict(settings, residual, rounding, progress)
        if done or sweep >= max_sweeps:
            return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        least = max(min(settings.tol / settings.horizon, residual) / 4.0, rounding / 64.0)
        length = 0
        for s in range(n_states):
            place[s] = -1
            best = q[s, policy[s]]
            priority[s] = abs((best if best > -np.inf else 0.0) - v[s])
            if priority[s] > least:
                heap[length] = s
                length += 1
                rise(queue, length - 1)
        updates, allowed = 0, (max_sweeps - sweep - 1) * n_states
        while length > 0 and updates < allowed:
            t = take(queue, length)
            length -= 1
            updates += 1
            priority[t] = 0.0
            change = gamma * update(model, gamma, v, t)
            for k in range(uint64(first[t]), uint64(first[t + 1])):
                s = before[k]
                if s != t and chance[k] * change > max(priority[s], least):
                    priority[s] = chance[k] * change
                    if place[s] < 0:
                        heap[length] = s
                        place[s] = length
                        length += 1
                    rise(queue, place[s])
        sweep += (updates + n_states - 1) // n_states
