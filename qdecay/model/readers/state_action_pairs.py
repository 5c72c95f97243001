"""Models in the form of QuantEcon's DiscreteDP: one row for each state-action pair."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.model.readers.arrays import (
    coordinates_of,
    is_unavailable,
    number_array,
    resting,
)
from qdecay.model.readers.numbers import recovered
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, Row


def rows_of_state_action_pairs(
    rewards: Any,
    transitions: Any,
    s_indices: Any = None,
    a_indices: Any = None,
    start: int | None = None,
    recovery: Recovery | None = None,
    worst: float = -math.inf,
) -> ModelRows:
    """Return the rows of R, Q and the pairs they belong to.

    Args:
        rewards: R of shape (L,) with indices, in reward units; without, of shape (S, A).
        transitions: Q of shape (L, S), dense or scipy sparse; without indices, (S, A, S). Numbers
            are exact or floats, or text such as "1/3", as in `arrays`.
        s_indices, a_indices: state and action of each pair, both of shape (L,), or both None.
        start: the start state, or None.
        recovery: what maps floats to exact numbers.
        worst: the reward that marks an unavailable action, besides nan; see `arrays`.

    Raises:
        ValueError: a shape or an index is wrong, a pair appears twice, a number is not finite or
            has no rational, or a row does not sum to 1.
    """
    if (s_indices is None) != (a_indices is None):
        raise ValueError("give s_indices and a_indices together, or neither")
    if s_indices is None:
        rewards, transitions, s_indices, a_indices = _as_pairs(rewards, transitions)
    states, actions = _indices(s_indices, "s_indices"), _indices(a_indices, "a_indices")
    size, of, to, p = coordinates_of(transitions, "Q")
    if size[0] != len(states):
        raise ValueError(f"Q must have shape ({len(states)}, S), got {size}")
    r = number_array(rewards, "R")
    if r.shape != states.shape or r.shape != actions.shape:
        raise ValueError(
            f"R, s_indices and a_indices must have one shape (L,), got {r.shape}, {states.shape} "
            f"and {actions.shape}"
        )
    _check_pairs(states, actions, size[1])
    recovery = recovery or Recovery()
    shape = (size[1], int(actions.max(initial=0)) + 1)
    taken = ~is_unavailable(r, worst)
    taken &= np.isin(np.arange(len(states)), of)
    available = np.zeros(shape, dtype=np.bool_)
    available[states[taken], actions[taken]] = True
    paired = taken[of]
    of = of[paired]
    columns = (states[of], actions[of], to[paired], p[paired], r[of])
    return ModelRows(
        _rows(*columns, recovery),
        *shape,
        start,
        recovered=recovery.mapped,
        remarks=resting(available),
    )


def _as_pairs(rewards: Any, transitions: Any) -> tuple[Any, Any, NDArray[Any], NDArray[Any]]:
    """Return R, Q and the indices of the form (S, A) and (S, A, S)."""
    r, q = number_array(rewards, "R"), number_array(transitions, "Q")
    if r.ndim != 2 or q.shape != (*r.shape, r.shape[0]):
        raise ValueError(
            f"without indices R must have shape (S, A) and Q (S, A, S), got {r.shape} and {q.shape}"
        )
    states, actions = (places.ravel() for places in np.indices(r.shape))
    return r.ravel(), q.reshape(r.size, len(r)), states, actions


def _indices(values: Any, name: str) -> NDArray[np.int64]:
    indices = np.asarray(values)
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a list of integers")
    return indices.astype(np.int64)


def _check_pairs(states: NDArray[np.int64], actions: NDArray[np.int64], n_states: int) -> None:
    seen: set[tuple[int, int]] = set()
    for pair in zip(states.tolist(), actions.tolist(), strict=True):
        if not (0 <= pair[0] < n_states and pair[1] >= 0):
            raise ValueError(f"state {pair[0]}, action {pair[1]}: S is {n_states}")
        if pair in seen:
            raise ValueError(f"state {pair[0]}, action {pair[1]}: the pair is given twice")
        seen.add(pair)


def _rows(
    states: NDArray[np.int64],
    actions: NDArray[np.int64],
    to: NDArray[np.int64],
    p: NDArray[Any],
    r: NDArray[Any],
    recovery: Recovery,
) -> Iterator[Row]:
    state, action, target = states.tolist(), actions.tolist(), to.tolist()

    def where(place: int) -> str:
        return f"state {state[place]}, action {action[place]}"

    chance = recovered(p, recovery, lambda k: f"{where(k)}: probability of {target[k]}")
    paid = recovered(r, recovery, lambda k: f"{where(k)}: reward")
    return zip(state, action, target, chance.tolist(), paid.tolist(), repeat(False))
