"""Models of other libraries as exact rows: Gymnasium tables and pymdptoolbox.

Floats become the rationals that were meant (`recover`), and what was mapped is kept on the
model. A number that has no such rational is an error that names its place: nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from numbers import Rational
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.model.mdp import Row
from qdecay.model.readers.recover import recover
from qdecay_envs.rational import rational

if TYPE_CHECKING:
    from qdecay_envs.layout import ChainLayout

NAN_IS_UNAVAILABLE = " (R must be nan where the action is unavailable)"
_NEAR_ONE = 1e-9  # of a sum of probabilities in floats


class Recovery:
    """Maps numbers to rationals, each float once, and remembers what it mapped."""

    def __init__(self) -> None:
        self.mapped: dict[float, Fraction] = {}

    def __call__(self, value: Any, name: str) -> Fraction:
        """Return the number that was meant; `name` is for the error message.

        Raises:
            ValueError: it is not finite, or no rational is near.
        """
        if isinstance(value, Rational | str):
            return rational(value, name)
        number = float(value)
        if number in self.mapped:
            return self.mapped[number]
        if not math.isfinite(number):
            raise ValueError(f"{name} must be finite, got {number}")
        meant = recover(number)
        if meant is None:
            raise ValueError(
                f"{name} is {number!r}, which is no short decimal and no small fraction: give the "
                f"model exactly, with MDP.from_rows, an MDP file or a P_exact table"
            )
        self.mapped[number] = meant
        return meant


def rows_of_env(env: Any) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for a Gymnasium environment with a finite table.

    The table is `P_exact`, where an environment offers it, or else `P`:
    `P[s][a] = [(probability, next state, reward, terminated), ...]`. `P_exact` is the same with
    `fractions.Fraction` (or int, or text) in place of floats, and is taken at its word; the floats
    of `P` are recovered. Successors that repeat are merged; `terminated` counts, whatever rows the
    successor has. Time limits are no part of the model: `gymnasium.wrappers.TimeLimit` and
    wrappers that only watch are looked through, any other wrapper must bring its own table.

    Raises:
        ValueError: no table, spaces that are not `Discrete` from 0, a wrapper that may change the
            dynamics, a table that does not describe the environment (Taxi's fickle passenger), or
            a number without a rational; the message says where.
    """
    table, options = table_of_env(env)
    recovery = Recovery()
    return {"rows": list(_table_rows(table, recovery)), **options, "recovered": recovery.mapped}


def rows_of_layout(layout: ChainLayout, **options: Any) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for a layout, with any rewards, floats or not.

    Raises:
        TypeError, ValueError: an option is none of `ChainEnv`'s, or outside its range.
    """
    from qdecay_envs.chain import ChainEnv
    from qdecay_envs.dynamics import exact_table
    from qdecay_envs.layout import ChainLayout

    # An environment needs floats and a model does not, so one without rewards checks the options.
    checked = ChainEnv(ChainLayout.choice(a=[0], b=[0]), **options)
    table = exact_table(layout, checked.slip, checked.escape)
    return {
        "rows": _table_rows(table, Recovery()),
        "n_states": layout.n_states,
        "n_actions": len(layout.branches),
        "start": layout.start,
        "action_names": layout.names,
    }


def table_of_env(env: Any) -> tuple[Any, dict[str, Any]]:
    """Return the table that `rows_of_env` reads, and the model's sizes, start and names."""
    from qdecay_envs.table import table_owner  # loads Gymnasium

    owner = table_owner(env)
    options = {
        "n_states": _discrete_size(env, "observation_space"),
        "n_actions": _discrete_size(env, "action_space"),
        "start": _start(owner),
        "state_names": getattr(owner, "state_names", None),
        "action_names": getattr(owner, "action_names", None),
    }
    if getattr(owner, "fickle_passenger", False):
        raise ValueError(
            "Taxi's table does not describe a fickle passenger: make it with fickle_passenger=False"
        )
    table = getattr(owner, "P_exact", None)
    return owner.P if table is None else table, options


def _discrete_size(env: Any, name: str) -> int:
    from gymnasium.spaces import Discrete

    space = getattr(env, name, None)
    if not isinstance(space, Discrete):
        raise ValueError(f"{name} must be Discrete, got {space}")
    if space.start != 0:
        raise ValueError(f"{name} must start at 0, got {space}")
    return int(space.n)


def _start(owner: Any) -> int | None:
    """The start state where it is certain: the attribute `start`, or the only one possible.

    Raises:
        ValueError: its start distribution is not one.
    """
    start = getattr(owner, "start", None)
    if isinstance(start, int | np.integer):
        return int(start)
    chances = getattr(owner, "initial_state_distrib", None)
    if chances is None:
        return None
    chances = np.asarray(chances, dtype=np.float64)
    if not (chances >= 0).all() or not abs(chances.sum() - 1) < _NEAR_ONE:  # nan is neither
        raise ValueError(
            f"the start distribution must be >= 0 and sum to 1, its sum is {chances.sum():g}: "
            f"there may be no start state, such as an S on a map"
        )
    support = np.flatnonzero(chances)
    return int(support[0]) if len(support) == 1 else None


def _items(level: Any) -> Iterable[tuple[int, Any]]:
    return level.items() if isinstance(level, Mapping) else enumerate(level)


def _table_rows(table: Any, recovery: Recovery) -> Iterator[Row]:
    for s, a, (p, t, r, terminated) in outcomes(table):
        where = f"P[{s}][{a}]"
        probability, reward = recovery(p, f"{where}: probability"), recovery(r, f"{where}: reward")
        yield s, a, int(t), probability, reward, bool(terminated)


def outcomes(table: Any) -> Iterator[tuple[int, int, Sequence[Any]]]:
    """Yield state, action and (probability, next state, reward, terminated) of a table.

    Raises:
        ValueError: an outcome has another length.
    """
    for s, actions in _items(table):
        for a, found in _items(actions):
            for outcome in found:
                if len(outcome) != 4:
                    raise ValueError(
                        f"P[{s}][{a}]: an outcome must be (probability, next state, reward, "
                        f"terminated), got {outcome!r}"
                    )
                yield int(s), int(a), outcome


def rows_of_arrays(transitions: Any, rewards: Any) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for arrays as pymdptoolbox lays them out.

    Args:
        transitions: P of shape (A, S, S), an array or a sequence of A arrays or scipy sparse
            matrices; P[a][s, t] is the probability of t after action a in state s.
        rewards: R of shape (S,), (S, A) or (A, S, S) (or a sequence of A matrices), in reward
            units; R[a][s, t] is the reward of that transition.

    Raises:
        ValueError: a shape is wrong, a number is not finite or has no rational, or a row does not
            sum to 1; the message names action, state and number.
    """
    entries = entries_of(transitions)
    paid = _rewards_at(rewards, entries)
    entries.check_every_row()
    recovery = Recovery()
    return {
        "rows": _array_rows(entries, paid, recovery),
        "n_states": entries.n_states,
        "n_actions": entries.n_actions,
        "recovered": recovery.mapped,
    }


def _array_rows(entries: Entries, paid: NDArray[Any], recovery: Recovery) -> Iterator[Row]:
    columns = (entries.action, entries.state, entries.to, entries.p, paid)
    for a, s, t, p, r in zip(*(column.tolist() for column in columns), strict=True):
        where = f"action {a}, state {s}"
        probability = recovery(p, f"{where}: probability of {t}")
        yield s, a, t, probability, recovery(r, f"{where}: reward"), False


@dataclass(frozen=True)
class Entries:
    """The K numbers of P that are not 0: p[k] is the probability of to[k] after action[k]."""

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
    """Return the numbers of P that are not 0, of an array or a sequence of matrices.

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


def rows_of_sparse(p: Any, r: Any, ends: Any = None) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for the arrays that `FloatMDP.from_sparse` takes.

    Args:
        p: probabilities of going on, scipy sparse of shape (S * A, S), row s * A + a.
        r: rewards, shape (S, A); nan where the action is unavailable.
        ends: probability that the episode ends, shape (S, A), or None.

    Raises:
        ValueError: a number is not finite or has no rational, or an action has a reward but no
            probabilities.
    """
    recovery = Recovery()
    _check_available(p, r, ends)
    return {
        "rows": _sparse_rows(p, r, ends, recovery),
        "n_states": r.shape[0],
        "n_actions": r.shape[1],
        "recovered": recovery.mapped,
    }


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
        ValueError: it holds something else.
    """
    dense = np.asarray(array)
    if dense.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {dense.dtype}")
    return dense


def _coordinates(matrix: Any, name: str) -> Any:
    """The matrix as scipy COO, stored entries only where they are not 0."""
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
