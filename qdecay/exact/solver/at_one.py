"""Advantages at gamma = 1 itself, where the policy ends: one exact linear solve.

In episodic models many policies are equally good at gamma = 1: their advantages vanish there, and
no float proves them negative up to 1. An advantage that is not positive at 1 and has a
positive slope up to 1 is negative just before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from qdecay.exact.solver.policy_graph import PolicyGraph

_MOST_STATES = 256  # a dense exact solve takes about 30 ms here, and grows like n^3


def not_positive_at_one(graph: PolicyGraph, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pairs have an advantage <= 0 at gamma = 1; False also if nothing is known.

    Solves (q I - q P) V = q r among the states that the pairs lead to, q the common denominator.
    If that is singular the policy may not end, and nothing is concluded.
    """
    model, found = graph.model, np.zeros(len(pairs), dtype=np.bool_)
    numbers: list[int] = pairs.tolist()
    states = model.pair_state[pairs].tolist()
    live = graph.live & graph.closure(states[0], states, *(model.targets[p] for p in numbers))
    kept = np.flatnonzero(live).tolist()
    if len(kept) > _MOST_STATES:
        return found
    try:
        values = _values_at_one(graph, kept)
    except ZeroDivisionError:
        return found
    common = int(values.numer_denom()[1])
    value = {s: int(values[i, 0] * common) for i, s in enumerate(kept)}
    for i, (pair, state) in enumerate(zip(numbers, states, strict=True)):
        moves = zip(model.targets[pair], model.weights[pair], strict=True)
        ahead = sum(weight * value.get(target, 0) for target, weight in moves)
        earned = model.denominator * (model.rewards[pair] * common)
        found[i] = earned + ahead <= model.denominator * value.get(state, 0)
    return found


def _values_at_one(graph: PolicyGraph, states: list[int]) -> Any:
    """Return the values (fmpq_mat) of live states that lead to no others; others are worth 0."""
    model, n = graph.model, len(states)
    place = {s: i for i, s in enumerate(states)}
    matrix, rewards = fmpz_mat(n, n), fmpz_mat(n, 1)
    for i, pair in enumerate(graph.policy[states].tolist()):
        matrix[i, i] = model.denominator
        rewards[i, 0] = model.denominator * model.rewards[pair]
        for target, weight in zip(model.targets[pair], model.weights[pair], strict=True):
            if target in place:
                matrix[i, place[target]] -= weight
    return matrix.solve(rewards)
