"""Models in arrays: pymdptoolbox's P and R, and the sparse arrays of `FloatMDP`, as exact rows.

Floats become the rationals they stand for (`recover`), and the model records the mapping. A number
without such a rational is an error that names its position: nothing is guessed. P and R may hold
exact numbers instead, fractions or text such as "1/3".

In every array an action is unavailable in a state where its probabilities are all 0 or its reward
is nan or -inf (as a cost, inf). A state without any action is absorbing with reward 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from numbers import Rational, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.model.reading import Pair
from qdecay.model.recover import Recovery, number_of_text
from qdecay.model.rows import ModelRows, Row, share_of
from qdecay_envs.rational import written

Flags = NDArray[np.bool_]
_NOT_FINITE = ("nan", "inf", "-inf")


def rows_of_arrays(
    transitions: Any,
    rewards: Any,
    start: int | None = None,
    recovery: Recovery | None = None,
    worst: float = -math.inf,
) -> ModelRows:
    """Return the rows of arrays in pymdptoolbox's layout.

    Args:
        transitions: P of shape (A, S, S), an array or a sequence of A arrays or scipy sparse
            matrices; P[a][s, t] is the probability of t after action a in state s: a number,
            exact or a float, or text such as "1/3".
        rewards: R of shape (S,), (S, A) or (A, S, S) (or a sequence of A matrices), in reward
            units; R[a][s, t] is the reward of that transition.
        start: the start state, or None.
        recovery: what maps floats to exact numbers.
        worst: the reward of an unavailable action, as nan is.

    Raises:
        ValueError: a shape is wrong, a number is not finite or has no rational, or a row does not
            sum to 1; the message names action, state and number.
    """
    recovery = recovery or Recovery()
    entries, paid = available_entries(entries_of(transitions), rewards, worst)
    return ModelRows(
        _array_rows(entries, paid, recovery),
        entries.n_states,
        entries.n_actions,
        start,
        recovered=recovery.mapped,
        remarks=resting(entries.present),
    )


def _array_rows(entries: Entries, paid: NDArray[Any], recovery: Recovery) -> Iterator[Row]:
    columns = (entries.action, entries.state, entries.to, entries.p, paid)
    for a, s, t, p, r in zip(*map(scalars, columns), strict=True):
        where = f"action {a}, state {s}"
        probability = recovery(p, f"{where}: probability of {t}")
        yield s, a, t, probability, recovery(r, f"{where}: reward"), False


def scalars(array: NDArray[Any]) -> list[Any]:
    """Return the numbers of an array; narrow floats stay NumPy's, as `Recovery` reads their
    digits."""
    return array.tolist() if array.dtype.itemsize == 8 else list(array)


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

    @property
    def present(self) -> Flags:
        """Whether a state and action has any entry, shape (S, A)."""
        present = np.zeros(self.n_states * self.n_actions, dtype=np.bool_)
        present[self.pair] = True
        return present.reshape(self.n_states, self.n_actions)

    def where(self, kept: Flags) -> Entries:
        """Return the flagged entries."""
        columns = (self.action[kept], self.state[kept], self.to[kept], self.p[kept])
        return Entries(self.n_states, self.n_actions, *columns)


def available_entries(
    entries: Entries, rewards: Any, worst: float = -math.inf
) -> tuple[Entries, NDArray[Any]]:
    """Return the numbers of available actions, and the reward of each.

    Raises:
        ValueError: only some of an action's rewards say that it is unavailable.
    """
    paid = _rewards_at(rewards, entries)
    out = is_unavailable(paid, worst)
    if not out.any():
        return entries, paid
    some = np.zeros(entries.n_states * entries.n_actions, dtype=np.bool_)
    some[entries.pair[~out]] = True
    if (mixed := out & some[entries.pair]).any():
        k = int(np.argmax(mixed))
        raise ValueError(
            f"action {entries.action[k]}, state {entries.state[k]}: the reward of {entries.to[k]} "
            f"is {paid[k]}, but others of that action are numbers"
        )
    return entries.where(~out), paid[~out]


def is_unavailable(rewards: Any, worst: float = -math.inf) -> Flags:
    """Return where rewards say that an action is unavailable."""
    if rewards.dtype.hasobject:
        rewards = np.array([r if isinstance(r, float) else 0.0 for r in rewards.tolist()])
    return np.asarray(np.isnan(rewards) | (rewards == worst))


def resting(available: Flags) -> tuple[str, ...]:
    """Return a remark on states without an action, which are unusual in arrays.

    Raises:
        ValueError: no state has an action.
    """
    idle = ~available.any(axis=1)  # there may be many states
    count = int(np.count_nonzero(idle))
    if not count:
        return ()
    if count == len(available):
        raise ValueError(
            "no action is available in any state: all probabilities are 0 or all rewards nan"
        )
    others = f" and {count - 1:,} more" if count > 1 else ""
    return (f"no action is available in state {np.argmax(idle)}{others}: absorbing with reward 0",)


def entries_of(transitions: Any) -> Entries:
    """Return the nonzero numbers of P, an array or a sequence of matrices.

    Raises:
        ValueError: a shape is wrong, or P is empty.
    """
    if not isinstance(transitions, list | tuple):
        return _dense_entries(number_array(transitions, "P"))
    matrices = [coordinates_of(m, f"P[{a}]") for a, m in enumerate(transitions)]
    if not matrices:
        raise ValueError("P must have at least one action")
    n_states = _square([shape for shape, *_ in matrices])
    action = np.repeat(np.arange(len(matrices)), [len(row) for _, row, *_ in matrices])
    _, *parts = zip(*matrices, strict=True)
    state, to, p = map(np.concatenate, parts)
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


def rows_of_sparse(
    p: Any,
    r: Any,
    ends: Any = None,
    start: int | None = None,
    recovery: Recovery | None = None,
    worst: float = -math.inf,
    visits: Mapping[Pair, int] = {},
) -> ModelRows:
    """Return the rows of the arrays that `FloatMDP.from_sparse` accepts.

    Args:
        p: probabilities of continuing, scipy sparse of shape (S * A, S), row s * A + a.
        r: rewards, shape (S, A).
        ends: probability that the episode ends, shape (S, A), or None.
        start: the start state, or None.
        recovery: what maps floats to exact numbers.
        worst: the reward of an unavailable action, as nan is.
        visits: how often pairs were tried whose probabilities are shares of that.

    Raises:
        ValueError: a number is not finite, has no rational or is not a share of the visits.
    """
    recovery = recovery or Recovery()
    available = _available_pairs(p, r, ends, worst)
    rows = _sparse_rows(p, r, ends, available.ravel(), recovery, visits)
    found = ModelRows(rows, r.shape[0], r.shape[1], start, recovered=recovery.mapped)
    return replace(found, remarks=resting(available))


def _available_pairs(p: Any, r: Any, ends: Any = None, worst: float = -math.inf) -> Flags:
    """Return whether each action is available, shape (S, A), for arrays as in `rows_of_sparse`."""
    coordinates = sparse.coo_matrix(p)
    has_chance = np.zeros(r.shape, dtype=np.bool_) if ends is None else np.asarray(ends != 0)
    has_chance.ravel()[coordinates.row[coordinates.data != 0]] = True
    return has_chance & ~is_unavailable(r, worst)


def _sparse_rows(
    p: Any, r: Any, ends: Any, available: Flags, recovery: Recovery, visits: Mapping[Pair, int]
) -> Iterator[Row]:
    n_actions, going = r.shape[1], sparse.coo_matrix(p)
    ending = np.flatnonzero([] if ends is None else ends)
    pairs = np.concatenate([going.row, ending]).tolist()
    to = np.concatenate([going.col, ending // n_actions]).tolist()
    chances = chain(scalars(going.data), [] if ends is None else scalars(np.ravel(ends)[ending]))
    n_going = going.nnz
    for number, (pair, t, chance) in enumerate(zip(pairs, to, chances, strict=True)):
        if not available[pair]:
            continue
        s, a = divmod(pair, n_actions)
        where = f"action {a}, state {s}"
        if (s, a) in visits:
            chance = share_of(chance, visits[s, a], f"state {s}, action {a}")
        probability = recovery(chance, f"{where}: probability of {t}")
        yield s, a, t, probability, recovery(r[s, a], f"{where}: reward"), number >= n_going


def number_array(array: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers as it is, or one of exact numbers or text as objects.

    Raises:
        ValueError: it contains something else.
    """
    dense = _whole(array, name)
    if dense.dtype.kind not in "OU":
        return numeric_array(dense, name)
    found = np.empty(dense.shape, dtype=object)
    for place in np.ndindex(dense.shape):
        found[place] = _number(dense[place], f"{name}{list(place)}")
    return found


def _number(value: Any, name: str) -> Any:
    """Return an entry of an array of objects: exact, or a float."""
    if isinstance(value, str):  # NumPy turns nan into text if other entries are text
        word = value.strip().lower()
        return float(word) if word in _NOT_FINITE else number_of_text(str(value), name)
    if isinstance(value, Decimal):
        return Fraction(value) if value.is_finite() else float(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise ValueError(f"{name} must be a real number, got {written(value)}")
    if isinstance(value, Rational):
        return value
    return float(str(value) if isinstance(value, np.floating) else value)  # by its digits if narrow


def _whole(array: Any, name: str) -> NDArray[Any]:
    """Return an array none of whose entries is masked: NumPy keeps a number behind each mask."""
    parts = array if isinstance(array, list | tuple) else (array,)
    if any(map(np.ma.is_masked, parts)):
        raise ValueError(
            f"{name} has masked entries: fill them in with filled(), rewards of unavailable "
            f"actions with nan"
        )
    return np.asarray(array)


def numeric_array(array: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers.

    Raises:
        ValueError: it contains something else.
    """
    dense = _whole(array, name)
    if dense.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {dense.dtype}")
    return dense


def coordinates_of(matrix: Any, name: str) -> tuple[Any, Any, Any, Any]:
    """Return the shape of a matrix; rows, columns and values of its nonzero entries.

    Raises:
        ValueError: it is not a matrix of real numbers.
    """
    if not sparse.issparse(matrix):
        matrix = number_array(matrix, name)
        if matrix.ndim != 2:
            raise ValueError(f"{name} must have two dimensions, got shape {matrix.shape}")
        row, column = np.nonzero(matrix)
        return matrix.shape, row, column, matrix[row, column]
    coordinates = sparse.coo_matrix(matrix)
    coordinates.sum_duplicates()
    coordinates.eliminate_zeros()
    return coordinates.shape, coordinates.row, coordinates.col, coordinates.data


def as_floats(numbers: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return the nearest floats of numbers.

    Raises:
        ValueError: one is too large.
    """
    try:
        return numbers.astype(np.float64)
    except OverflowError as error:
        raise ValueError(f"{name} has a number that is too large for floats") from error


def expected_rewards(rewards: Any, entries: Entries, paid: NDArray[Any]) -> NDArray[np.float64]:
    """Return r of shape (S, A), nan where an action is unavailable.

    Args:
        rewards: R as `rows_of_arrays` takes it.
        entries, paid: what `available_entries` returns.
    """
    shape = (entries.n_states, entries.n_actions)
    sums = np.bincount(
        entries.pair,
        weights=as_floats(entries.p, "P") * as_floats(paid, "R"),
        minlength=shape[0] * shape[1],
    )
    r = sums.astype(np.float64).reshape(shape)  # without entries they are integers
    if not _has_sparse(rewards):
        table = as_floats(_reward_table(rewards, entries), "R")
        if table.ndim < 3:  # as given, without rounding
            r = np.array(np.broadcast_to(table.reshape(shape[0], -1), shape))
    r[~entries.present] = np.nan
    return r


def _rewards_at(rewards: Any, entries: Entries) -> NDArray[Any]:
    """Return the reward of each entry, for R of shape (S,), (S, A) or (A, S, S)."""
    s, a, t = entries.state, entries.action, entries.to
    if not _has_sparse(rewards):
        table = _reward_table(rewards, entries)
        places = {1: (s,), 2: (s, a), 3: (a, s, t)}
        return np.asarray(table[places[table.ndim]])
    matrices = [
        sparse.csr_matrix(m) if sparse.issparse(m) else number_array(m, "R") for m in rewards
    ]
    for matrix in matrices:
        _check_shape("R", (len(matrices), *matrix.shape), entries)
    found = np.zeros(len(s), np.result_type(*(matrix.dtype for matrix in matrices)))
    for action, matrix in enumerate(matrices):
        mine = a == action
        found[mine] = np.ravel(matrix[s[mine], t[mine]])
    return found


def _has_sparse(rewards: Any) -> bool:
    return isinstance(rewards, list | tuple) and any(sparse.issparse(m) for m in rewards)


def _reward_table(rewards: Any, entries: Entries) -> NDArray[Any]:
    table = number_array(rewards, "R")
    _check_shape("R", table.shape, entries)
    return table


def _check_shape(name: str, shape: tuple[int, ...], entries: Entries) -> None:
    n_states, n_actions = entries.n_states, entries.n_actions
    allowed = [(n_states,), (n_states, n_actions), (n_actions, n_states, n_states)]
    if shape not in allowed:
        raise ValueError(f"{name} must have shape {', '.join(map(str, allowed))}, got {shape}")
