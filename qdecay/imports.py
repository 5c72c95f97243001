"""Models of other libraries as exact rows: Gymnasium tables and pymdptoolbox.

Floats become the rationals that were meant (`qdecay.recover`), and what was mapped is kept on the
model. A number that has no such rational is an error that names its place: nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import repeat
from numbers import Rational
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.mdp import Row
from qdecay.recover import recover
from qdecay_envs.rational import rational


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
    """The start state where it is certain: the attribute `start`, or the only one possible."""
    start = getattr(owner, "start", None)
    if isinstance(start, int | np.integer):
        return int(start)
    support = np.flatnonzero(np.asarray(getattr(owner, "initial_state_distrib", ())))
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
    matrices = matrices_of(transitions)
    n_actions, n_states = len(matrices), matrices[0].shape[0]
    reward_of = _reward_lookup(rewards, n_states, n_actions)
    recovery = Recovery()
    rows: list[Row] = []
    for a, matrix in enumerate(matrices):
        for s, t, p in zip(matrix.row, matrix.col, matrix.data, strict=True):
            where = f"action {a}, state {s}"
            probability = recovery(p, f"{where}: probability of {t}")
            reward = recovery(reward_of(a, s, t), f"{where}: reward")
            rows.append((int(s), a, int(t), probability, reward, False))
    _check_every_row(rows, n_states, n_actions)
    return {
        "rows": rows,
        "n_states": n_states,
        "n_actions": n_actions,
        "recovered": recovery.mapped,
    }


def matrices_of(transitions: Any) -> list[Any]:
    """Return P as one scipy COO matrix for each action, of one square shape.

    Raises:
        ValueError: a shape is wrong, or there is none.
    """
    matrices = [_coordinates(m, f"P[{a}]") for a, m in enumerate(_slices(transitions, "P"))]
    if not matrices:
        raise ValueError("P must have at least one action")
    shape = (matrices[0].shape[0],) * 2
    for a, matrix in enumerate(matrices):
        if matrix.shape != shape:
            raise ValueError(f"P[{a}] must have shape {shape}, got {matrix.shape}")
    return matrices


def rows_of_sparse(p: Any, r: Any, ends: Any = None) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for the arrays that `FloatMDP.from_sparse` takes.

    Args:
        p: probabilities of going on, scipy sparse of shape (S * A, S), row s * A + a.
        r: rewards, shape (S, A); nan where the action is unavailable.
        ends: probability that the episode ends, shape (S, A), or None.

    Raises:
        ValueError: a number is not finite or has no rational.
    """
    recovery, n_actions = Recovery(), r.shape[1]
    going = sparse.coo_matrix(p)
    entries = list(zip(going.row, going.col, going.data, repeat(False)))
    if ends is not None:
        pairs = np.flatnonzero(ends)
        entries += zip(pairs, pairs // n_actions, np.ravel(ends)[pairs], repeat(True))
    rows: list[Row] = []
    for pair, t, chance, terminated in entries:
        s, a = divmod(int(pair), n_actions)
        where = f"action {a}, state {s}"
        probability = recovery(chance, f"{where}: probability of {t}")
        rows.append((s, a, int(t), probability, recovery(r[s, a], f"{where}: reward"), terminated))
    return {
        "rows": rows,
        "n_states": r.shape[0],
        "n_actions": n_actions,
        "recovered": recovery.mapped,
    }


def _slices(array: Any, name: str) -> Sequence[Any]:
    if isinstance(array, list | tuple):
        return array
    dense = numeric_array(array, name)
    if dense.ndim != 3:
        raise ValueError(f"{name} must have shape (A, S, S), got {dense.shape}")
    return list(dense)


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


def expected_rewards(rewards: Any, matrices: Sequence[Any]) -> NDArray[np.float64]:
    """Return r of shape (S, A) for R as `rows_of_arrays` takes it and the matrices of P."""
    n_states, n_actions = matrices[0].shape[0], len(matrices)
    if isinstance(rewards, list | tuple) and any(sparse.issparse(m) for m in rewards):
        by_action = [sparse.csr_matrix(m) for m in rewards]
        _check_shape("R", (len(by_action), *by_action[0].shape), n_states, n_actions)
    else:
        table = numeric_array(rewards, "R").astype(np.float64)
        _check_shape("R", table.shape, n_states, n_actions)
        if table.ndim == 2:
            return table
        if table.ndim == 1:
            return np.repeat(table[:, None], n_actions, axis=1)
        by_action = list(table)
    sums = [np.asarray(p.multiply(r).sum(axis=1)) for p, r in zip(matrices, by_action, strict=True)]
    return np.column_stack([column.ravel() for column in sums])


def _reward_lookup(rewards: Any, n_states: int, n_actions: int) -> Any:
    """Return (a, s, t) -> reward for R of shape (S,), (S, A) or (A, S, S)."""
    if isinstance(rewards, list | tuple) and any(sparse.issparse(m) for m in rewards):
        matrices = [sparse.csr_matrix(m) for m in rewards]
        _check_shape("R", (len(matrices), *matrices[0].shape), n_states, n_actions)
        return lambda a, s, t: matrices[a][s, t]
    table = numeric_array(rewards, "R")
    _check_shape("R", table.shape, n_states, n_actions)
    if table.ndim == 1:
        return lambda a, s, t: table[s]
    if table.ndim == 2:
        return lambda a, s, t: table[s, a]
    return lambda a, s, t: table[a, s, t]


def _check_shape(name: str, shape: tuple[int, ...], n_states: int, n_actions: int) -> None:
    allowed = [(n_states,), (n_states, n_actions), (n_actions, n_states, n_states)]
    if shape not in allowed:
        raise ValueError(f"{name} must have shape {', '.join(map(str, allowed))}, got {shape}")


def _check_every_row(rows: Iterable[Row], n_states: int, n_actions: int) -> None:
    """An all-zero row of an array is a missing row, not an unavailable action."""
    present = {(s, a) for s, a, *_ in rows}
    for s in range(n_states):
        for a in range(n_actions):
            if (s, a) not in present:
                raise ValueError(f"action {a}, state {s}: probabilities sum to 0, not 1")
