"""The columns of data, from any of the usual containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay.model.readers.labels import column_of
from qdecay_envs.rational import written

COLUMNS = ("state", "action", "reward", "next_state", "terminated")
OPTIONAL = ("episode", "truncated", "duration")
_MISSING = ("NoneType", "NAType", "NaTType")


class Steps(NamedTuple):
    """K recorded steps.

    Attributes:
        state, action, next_state: numbers, shape (K,); or labels, shape (K,) or (K, d).
        reward: numbers, or texts and fractions, shape (K,).
        terminated: flags, shape (K,).
        episode: a label that is equal for all steps of one episode; None if unknown.
        truncated: whether the episode was truncated after the step; None if unknown.
        duration: how many steps of time it took, whole numbers; None if each took one.
        n_states, n_actions: how many there are, if the data says so.
        left_out: names of columns that are not read.
        name: the name of the data, or None.
    """

    state: NDArray[Any]
    action: NDArray[Any]
    reward: NDArray[Any]
    next_state: NDArray[Any]
    terminated: NDArray[Any]
    episode: NDArray[Any] | None = None
    truncated: NDArray[Any] | None = None
    duration: NDArray[Any] | None = None
    n_states: int | None = None
    n_actions: int | None = None
    left_out: tuple[str, ...] = ()
    name: str | None = None


def steps_of(data: Any) -> Steps:
    """Return the columns of data in one of these forms.

    - rows, in any iterable or an array of shape (K, 5): state, action, reward, next state,
      terminated;
    - columns by these names (`COLUMNS`) in a dict of arrays, a structured array, or a frame of
      pandas, polars or pyarrow; `episode`, `truncated` and `duration` may be among them, other
      columns are ignored;
    - a Minari dataset of discrete spaces.

    Raises:
        TypeError: it is none of these.
        ValueError: a column is missing or has another length, or there is no transition.
    """
    if hasattr(data, "iterate_episodes"):
        steps = _of_episodes(data)
    elif hasattr(data, "collect_schema") and hasattr(data, "collect"):  # a DataFrame has one
        raise TypeError("data is a query that has not been run: give data.collect()")
    elif (names := _names(data)) is not None:
        steps = of_columns({name: data[name] for name in known_once(names)})
        left_out = tuple(name for name in names if name not in COLUMNS + OPTIONAL)
        steps = steps._replace(left_out=left_out)
    else:
        steps = _of_rows(data)
    return checked(steps)


def _names(data: Any) -> list[str] | None:
    """The names of the columns; None if the data has none."""
    if isinstance(data, Mapping):
        return list(data)
    for holder, attribute in ((data, "column_names"), (data, "columns")):
        if hasattr(holder, attribute):
            return [str(name) for name in getattr(holder, attribute)]
    names = getattr(getattr(data, "dtype", None), "names", None)
    return None if names is None else list(names)


def known_once(names: Sequence[str]) -> list[str]:
    """Return those names that are columns of transitions.

    Raises:
        ValueError: one appears twice.
    """
    known = [name for name in names if name in COLUMNS + OPTIONAL]
    for name in known:
        if known.count(name) > 1:
            raise ValueError(f"the column {name} appears twice: leave one out or rename it")
    return known


def of_columns(columns: Mapping[str, Any]) -> Steps:
    """Return the steps in columns by name.

    Raises:
        ValueError: one is missing.
    """
    for name in COLUMNS:
        if name not in columns:
            raise ValueError(
                f"the column {name} is missing: transitions have {', '.join(COLUMNS)}, "
                f"and may have {', '.join(OPTIONAL[:-1])} and {OPTIONAL[-1]}"
            )
    found: dict[str, Any] = {name: column_of(part, name) for name, part in columns.items()}
    return Steps(**found)


def _of_rows(data: Any) -> Steps:
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.shape[1] == len(COLUMNS):
        return of_columns(dict(zip(COLUMNS, data.T, strict=True)))
    if not isinstance(data, Iterable) or isinstance(data, str | bytes):
        raise TypeError(
            f"data must be rows ({', '.join(COLUMNS)}), columns of these names, or a Minari "
            f"dataset, got {written(data)}"
        )
    rows = list(data)
    for k, row in enumerate(rows):
        if not isinstance(row, tuple | list | np.ndarray):
            raise TypeError(f"transition {k} must be a list or a tuple, got {written(row)}")
        if len(row) != len(COLUMNS):
            raise ValueError(
                f"transition {k} must have {len(COLUMNS)} entries ({', '.join(COLUMNS)}), "
                f"got {len(row)}"
            )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(COLUMNS)
    return of_columns(dict(zip(COLUMNS, columns, strict=True)))


def _of_episodes(dataset: Any) -> Steps:
    """The steps of a Minari dataset, whose episodes have one more observation than actions."""
    columns: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "episode")}
    sizes = [_size(dataset, f"{name}_space") for name in ("observation", "action")]
    for number, episode in enumerate(dataset.iterate_episodes()):
        seen = _observed(episode.observations)
        parts = (seen[:-1], _observed(episode.actions), episode.rewards, seen[1:])
        ended = episode.terminations
        for column, part in zip(COLUMNS, (*parts, ended), strict=True):
            columns[column].append(np.asarray(part))
        columns["episode"].append(np.full(len(ended), number))
    if not columns["episode"]:
        raise ValueError("the dataset has no episodes")
    joined = {column: np.concatenate(parts) for column, parts in columns.items()}
    name = getattr(getattr(dataset, "spec", None), "dataset_id", None)
    return of_columns(joined)._replace(n_states=sizes[0], n_actions=sizes[1], name=name)


def _observed(values: Any) -> NDArray[Any]:
    """Entries of a discrete space, or of a tuple or a dict of such, one row each."""
    if isinstance(values, Mapping):
        values = tuple(values[key] for key in sorted(values))
    if isinstance(values, tuple):
        return np.column_stack([_observed(part) for part in values])
    return np.asarray(values)


def _size(dataset: Any, name: str) -> int | None:
    """Return how many numbers a space has, or None if its entries have several parts.

    Raises:
        ValueError: it is not discrete.
    """
    space = getattr(dataset, name)
    if not _is_discrete(space):
        raise ValueError(
            f"the dataset's {name} is {written(space)}, and transitions are counted between "
            f"discrete states: give rows with a label for each state, such as its bin"
        )
    return int(space.n) if hasattr(space, "start") and space.start == 0 else None


def _is_discrete(space: Any) -> bool:
    parts = getattr(space, "spaces", None)  # of a tuple or a dict
    if parts is not None:
        return all(map(_is_discrete, parts.values() if isinstance(parts, Mapping) else parts))
    return hasattr(space, "n") or hasattr(space, "nvec")


def checked(steps: Steps) -> Steps:
    """Return the steps, if every column has an entry for each.

    Raises:
        ValueError: one does not.
    """
    count = len(steps.state)
    if not count:
        raise ValueError("data has no transitions")
    for name in COLUMNS + OPTIONAL:
        column = getattr(steps, name)
        if column is not None and len(column) != count:
            raise ValueError(f"{name} has {len(column):,} entries, and state {count:,}")
        if column is not None and column.ndim > 1 and name not in ("state", "action", "next_state"):
            raise ValueError(f"{name} must have one entry per transition, got {column.shape}")
    steps = _ending_somewhere(steps)
    for name in COLUMNS + OPTIONAL:
        column = getattr(steps, name)
        if column is not None:
            _check_known(column, name)
    return steps


def _ending_somewhere(steps: Steps) -> Steps:
    """Return the steps with missing next states of terminated steps filled in by their own state.

    Nothing follows the end, so any state will do.
    """
    column = steps.next_state
    missing = _missing(column)
    if missing is None or column.ndim > 1:
        return steps
    ended = [isinstance(e, Number | np.bool_) and bool(e) for e in steps.terminated.tolist()]
    missing &= np.array(ended, dtype=np.bool_)
    if column.dtype.kind == "f" and steps.state.dtype.kind in "iuf":
        return steps._replace(next_state=np.where(missing, steps.state, column))
    own = zip(missing.tolist(), steps.state.tolist(), column.tolist(), strict=True)
    found = [_label(state) if is_missing else to for is_missing, state, to in own]
    return steps._replace(next_state=column_of(found, "next_state"))


def _label(state: Any) -> Any:
    """Return a state of several numbers, a row of an array, as a label."""
    return tuple(state) if isinstance(state, list) else state


def _missing(column: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return which entries are missing (None, nan, those of pandas); None if none are."""
    if column.dtype.kind not in "fOM":
        return None
    if column.dtype.kind == "O":
        kinds = {type(entry) for entry in column.flat}
        if not any(kind.__name__ in _MISSING or issubclass(kind, float) for kind in kinds):
            return None
        missing = np.array([_is_missing(entry) for entry in column.flat]).reshape(column.shape)
    else:
        missing = np.isnat(column) if column.dtype.kind == "M" else np.isnan(column)
    return missing if missing.any() else None


def _check_known(column: NDArray[Any], name: str) -> None:
    """Refuse missing values."""
    missing = _missing(column)
    if missing is not None:
        place = tuple(np.argwhere(missing)[0].tolist())
        raise ValueError(
            f"transition {place[0]}: {name} is missing ({written(column[place])}): fill it in, or "
            f"leave such rows out"
        )


def _is_missing(entry: Any) -> bool:
    return type(entry).__name__ in _MISSING or (isinstance(entry, float) and isnan(entry))
