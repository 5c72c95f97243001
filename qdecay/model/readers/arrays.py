"""Models in arrays: pymdptoolbox's P and R, and the sparse ones of `FloatMDP`, as exact rows.

Floats become the rationals they stand for (`recover`), and the model records the mapping. A number
without such a rational is an error that names its position: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.model.readers.recover import Recovery
from qdecay.model.rows import ModelRows, Row

NAN_IS_UNAVAILABLE = " (R must be nan where the action is unavailable)"


def rows_of_arrays(transitions: Any, rewards: Any, start: int | None = None) -> ModelRows:
    """Return the rows of arrays in pymdptoolbox's layout.

    Args:
        transitions: P of shape (A, S, S), an array or a sequence of A arrays or scipy sparse
            matrices; P[a][s, t] is the probability of t after action a in state s.
        rewards: R of shape (S,), (S, A) or (A, S, S) (or a sequence of A matrices), in reward
            units; R[a][s, t] is the reward of that transition.
        start: the start state, or None.

    Raises:
        ValueError: a shape is wrong, a number is not finite or has no rational, or a row does not
            sum to 1; the message names action, state and number.
    """
    entries = entries_of(transitions)
    paid = _rewards_at(rewards, entries)
    entries.check_every_row()
    recovery = Recovery()
    rows = _array_rows(entries, paid, recovery)
    sizes = (entries.n_states, entries.n_actions)
    return ModelRows(rows, *sizes, start, recovered=recovery.mapped)


def _array_rows(entries: Entries, paid: NDArray[Any], recovery: Recovery) -> Iterator[Row]:
    columns = (entries.action, entries.state, entries.to, entries.p, paid)
    for a, s, t, p, r in zip(*(column.tolist() for column in columns), strict=True):
        where = f"action {a}, state {s}"
        probability = recovery(p, f"{where}: probability of {t}")
        yield s, a, t, probability, recovery(r, f"{where}: reward"), False


@dataclass(frozen=True)
class Entries:
    """The K nonzero numbers of P: p[k] is the probability of to[k] after action[k]."""

    n_states: int
    n_actions: int
    action: NDArray[np.int64]
    state: NDArray[np.int64]
    to: NDArray[np.int64]
    p: NDArray[Any]

    @property
    def pair(self) -> NDArray[np.int64]:
        """s * A + a of each number."""
        return self.state * self.n_actions + self.action

    def check_every_row(self) -> None:
        """Refuse an all-zero row: in an array it is a missing one, not an unavailable action."""
        present = np.zeros(self.n_states * self.n_actions, dtype=np.bool_)
        present[self.pair] = True
        if not present.all():
            s, a = divmod(int(np.argmin(present)), self.n_actions)
            raise ValueError(f"action {a}, state {s}: probabilities sum to 0, not 1")


def entries_of(transitions: Any) -> Entries:
    """Return the nonzero numbers of P, an array or a sequence of matrices.

    Raises:
        ValueError: a shape is wrong, or there is none.
    """
    if not isinstance(transitions, list | tuple):
        return _dense_entries(numeric_array(transitions, "P"))
    matrices = [_coordinates(m, f"P[{a}]") for a, m in enumerate(transitions)]
    if not matrices:
        raise ValueError("P must have at least one action")
    n_states = _square([matrix.shape for matrix in matrices])
    action = np.repeat(np.arange(len(matrices)), [matrix.nnz for matrix in matrices])
    state, to, p = (
        np.concatenate([getattr(matrix, part) for matrix in matrices])
        for part in ("row", "col", "data")
    )
    return Entries(n_states, len(matrices), action, state.astype(np.int64), to, p)


def _dense_entries(p: NDArray[Any]) -> Entries:
    if p.ndim != 3:
        raise ValueError(f"P must have shape (A, S, S), got {p.shape}")
    if p.size == 0:
        raise ValueError(f"P must have at least one action and one state, got shape {p.shape}")
    n_states = _square([p.shape[1:]])
    action, state, to = np.nonzero(p)
    return Entries(n_states, len(p), action, state, to, p[action, state, to])


def _square(shapes: Sequence[tuple[int, ...]]) -> int:
    """Return S where every shape is (S, S)."""
    size = shapes[0][0]
    for a, shape in enumerate(shapes):
        if shape != (size, size):
            raise ValueError(f"P[{a}] must have shape {(size, size)}, got {shape}")
    return size


def rows_of_sparse(p: Any, r: Any, ends: Any = None, start: int | None = None) -> ModelRows:
    """Return the rows of the arrays that `FloatMDP.from_sparse` accepts.

    Args:
        p: probabilities of continuing, scipy sparse of shape (S * A, S), row s * A + a.
        r: rewards, shape (S, A); nan where the action is unavailable.
        ends: probability that the episode ends, shape (S, A), or None.
        start: the start state, or None.

    Raises:
        ValueError: a number is not finite or has no rational, or an action has a reward but no
            probabilities.
    """
    recovery = Recovery()
    _check_available(p, r, ends)
    rows = _sparse_rows(p, r, ends, recovery)
    return ModelRows(rows, r.shape[0], r.shape[1], start, recovered=recovery.mapped)


def _check_available(p: Any, r: Any, ends: Any) -> None:
    """Refuse a reward without probabilities: only nan says that an action is unavailable."""
    has_chance = np.zeros(r.size, dtype=np.bool_) if ends is None else np.ravel(ends != 0)
    coordinates = sparse.coo_matrix(p)
    has_chance[coordinates.row[coordinates.data != 0]] = True
    if (lost := ~(has_chance | np.isnan(r).ravel())).any():
        s, a = divmod(int(np.argmax(lost)), r.shape[1])
        raise ValueError(f"state {s}, action {a}: p and ends sum to 0, not 1{NAN_IS_UNAVAILABLE}")


def _sparse_rows(p: Any, r: Any, ends: Any, recovery: Recovery) -> Iterator[Row]:
    n_actions, going = r.shape[1], sparse.coo_matrix(p)
    ending = np.flatnonzero([] if ends is None else ends)
    pairs = np.concatenate([going.row, ending]).tolist()
    to = np.concatenate([going.col, ending // n_actions]).tolist()
    chances = chain(going.data.tolist(), [] if ends is None else np.ravel(ends)[ending].tolist())
    n_going = going.nnz
    for number, (pair, t, chance) in enumerate(zip(pairs, to, chances, strict=True)):
        s, a = divmod(pair, n_actions)
        where = f"action {a}, state {s}"
        probability = recovery(chance, f"{where}: probability of {t}")
        yield s, a, t, probability, recovery(r[s, a], f"{where}: reward"), number >= n_going


def numeric_array(array: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers.

    Raises:
        ValueError: it contains something else.
    """
    dense = np.asarray(array)
    if dense.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {dense.dtype}")
    return dense


def _coordinates(matrix: Any, name: str) -> Any:
    """The matrix as scipy COO, with only nonzero entries stored."""
    if not sparse.issparse(matrix):
        matrix = numeric_array(matrix, name)
        if matrix.ndim != 2:
            raise ValueError(f"{name} must have two dimensions, got shape {matrix.shape}")
    coordinates = sparse.coo_matrix(matrix)
    coordinates.sum_duplicates()
    coordinates.eliminate_zeros()
    return coordinates


def expected_rewards(rewards: Any, entries: Entries) -> NDArray[np.float64]:
    """Return r of shape (S, A) for R as `rows_of_arrays` takes it and the entries of P."""
    shape = (entries.n_states, entries.n_actions)
    if not _has_sparse(rewards):
        table = _reward_table(rewards, entries).astype(np.float64)
        if table.ndim < 3:
            return np.array(np.broadcast_to(table.reshape(shape[0], -1), shape))
    paid = entries.p * _rewards_at(rewards, entries).astype(np.float64)
    sums = np.bincount(entries.pair, weights=paid, minlength=shape[0] * shape[1])
    return sums.astype(np.float64).reshape(shape)  # of no entries they are integers


def _rewards_at(rewards: Any, entries: Entries) -> NDArray[Any]:
    """Return the reward of each entry, for R of shape (S,), (S, A) or (A, S, S)."""
    s, a, t = entries.state, entries.action, entries.to
    if not _has_sparse(rewards):
        table = _reward_table(rewards, entries)
        places = {1: (s,), 2: (s, a), 3: (a, s, t)}
        return np.asarray(table[places[table.ndim]])
    matrices = [sparse.csr_matrix(m) for m in rewards]
    for matrix in matrices:
        _check_shape("R", (len(matrices), *matrix.shape), entries)
    found = np.zeros(len(s))
    for action, matrix in enumerate(matrices):
        mine = a == action
        found[mine] = np.ravel(matrix[s[mine], t[mine]])
    return found


def _has_sparse(rewards: Any) -> bool:
    return isinstance(rewards, list | tuple) and any(sparse.issparse(m) for m in rewards)


def _reward_table(rewards: Any, entries: Entries) -> NDArray[Any]:
    table = numeric_array(rewards, "R")
    _check_shape("R", table.shape, entries)
    return table


def _check_shape(name: str, shape: tuple[int, ...], entries: Entries) -> None:
    n_states, n_actions = entries.n_states, entries.n_actions
    allowed = [(n_states,), (n_states, n_actions), (n_actions, n_states, n_states)]
    if shape not in allowed:
        raise ValueError(f"{name} must have shape {', '.join(map(str, allowed))}, got {shape}")
