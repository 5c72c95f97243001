"""Numbers of states and actions: whole numbers stand for themselves, anything else is a label.

Labels (text, tuples, rows of an array) are numbered in sorted order, or in the order in which they
first appear where they cannot be compared; their texts are the names. If some are text, numbers are
text as well: 1 and "1" are one label, in whichever columns they are. Numbers of which fewer than
one in ten appear are labels, unless their count is given: exact solvers would otherwise spend
minutes on hundreds of thousands of unreachable states.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import whole
from qdecay.model.base import state_index
from qdecay_envs.rational import written

_MOST = 50_000_000  # states or actions; a table of them must fit in memory
_FEW = 1_000  # numbers up to this are states even if they do not appear
_SPARSE = 10


@dataclass(frozen=True)
class Numbering:
    """The states, or the actions, of some data.

    Attributes:
        size: how many there are.
        names: their names; None if they are numbers in the data.
        largest: the largest number, if numbers are names because few of them appear.
    """

    size: int
    names: tuple[str, ...] | None
    largest: int | None = None

    def shown(self, number: int) -> str:
        """Return the name of one, or its number."""
        return self.names[number] if self.names else str(number)

    def index(self, given: Any) -> int:
        """Return the number of a state or action given as in the data, or by its number.

        Raises:
            TypeError, ValueError: there is none.
        """
        is_label = self.names is not None and isinstance(given, tuple | list | np.ndarray)
        is_label = is_label or (_is_whole(given) and str(given) in (self.names or ()))
        try:
            return state_index(name_of(given) if is_label else given, self.size, self.names)
        except (TypeError, ValueError) as error:
            raise type(error)(f"start: {error}") from None


def numbered(
    given: Mapping[str, NDArray[Any]], what: str, size: int | None = None
) -> tuple[list[NDArray[np.int64]], Numbering]:
    """Return the numbers of the entries of several columns, and what the numbers mean.

    Args:
        given: columns by name, shape (K,), or (K, d) where d numbers make one label.
        what: "state" or "action", for messages.
        size: how many there are; None means as many as appear in the columns.

    Raises:
        TypeError: an entry is not a label, such as a float.
        ValueError: a number is negative or not below `size`, or there are more labels than `size`.
    """
    if size is not None:
        size = whole(size, f"n_{what}s", 1, _MOST)
    columns = [_as_integers(column, name) for name, column in given.items()]
    if not all(column.ndim == 1 and column.dtype.kind in "iu" for column in columns):
        return _labelled(columns, list(given), what, size)
    for name, column in zip(given, columns, strict=True):
        _check_range(column, name, what, size)
    largest = max(int(column.max()) for column in columns)
    if size is None and largest >= _FEW:
        appear = len(np.unique(np.concatenate([np.unique(column) for column in columns])))
        if appear * _SPARSE <= largest:
            codes, numbering = _labelled(columns, list(given), what, None)
            return codes, replace(numbering, largest=largest)
    return [column.astype(np.int64) for column in columns], Numbering(size or largest + 1, None)


def name_of(label: Any) -> str:
    """Return the text of a label; a tuple as Python writes it, whatever the types of its
    numbers."""
    return label if isinstance(label, str) else str(_plain(label))


def _is_whole(label: Any) -> bool:
    return isinstance(label, Integral) and not isinstance(label, bool)


def _plain(label: Any) -> Any:
    if isinstance(label, tuple | list | np.ndarray):
        return tuple(map(_plain, label))
    return label.item() if isinstance(label, np.generic) else label


def _as_integers(column: NDArray[Any], what: str) -> NDArray[Any]:
    """Return the column as integers if all its objects or floats are whole, as pandas converts
    them."""
    if column.dtype.kind == "O" and all(type(entry) is int for entry in column.flat):
        with suppress(OverflowError):  # numbers this large are labels
            return column.astype(np.int64)
    if column.dtype.kind != "f":
        return column
    with np.errstate(invalid="ignore"):
        numbers = column.astype(np.int64)
    if not (wrong := np.asarray(numbers != column)).any():
        return numbers
    place = np.argwhere(wrong)[0]
    raise TypeError(
        f"transition {place[0]}: {what} must be a whole number or a label such as text or a tuple, "
        f"got {written(column[tuple(place)].item())}: put continuous values into bins first"
    )


def _check_range(column: NDArray[Any], name: str, what: str, size: int | None) -> None:
    """Refuse numbers that are negative, or beyond a size that was given."""
    wrong = np.asarray(column < 0) | (False if size is None else np.asarray(column >= size))
    if wrong.any():
        k = int(np.argmax(wrong))
        allowed = ">= 0" if size is None else f"in 0..{size - 1}"
        raise ValueError(
            f"transition {k}: {name} must be {allowed}, got {column[k]}"
            + (f" (n_{what}s={size})" if size else ": give text to have them numbered")
        )


def _labelled(
    columns: Sequence[NDArray[Any]], given: Sequence[str], what: str, size: int | None
) -> tuple[list[NDArray[np.int64]], Numbering]:
    """Labels in order."""
    known: defaultdict[Any, int] = defaultdict()
    known.default_factory = known.__len__  # a new label has the next number
    codes = [_codes(part, known, name) for name, part in zip(given, columns, strict=True)]
    labels = list(known)
    if any(isinstance(label, str) for label in labels):
        labels = [str(label) if _is_whole(label) else label for label in labels]
    distinct = dict.fromkeys(labels)
    if size not in (None, len(distinct)):
        raise ValueError(
            f"n_{what}s is for numbered {what}s: the data names {len(distinct)} {what}s, got {size}"
        )
    try:
        order = {label: number for number, label in enumerate(sorted(distinct))}
    except TypeError:  # not comparable
        order = {label: number for number, label in enumerate(distinct)}
    numbers = np.array([order[label] for label in labels], dtype=np.int64)
    names = tuple(name_of(label) for label in order)
    return [numbers[code] for code in codes], Numbering(len(names), names)


def _codes(column: NDArray[Any], known: defaultdict[Any, int], what: str) -> NDArray[np.int64]:
    """Return the column with entries numbered by first appearance, collected in `known`."""
    entries = column.tolist()
    if column.ndim > 1:
        entries = list(map(tuple, column.reshape(len(column), -1).tolist()))
    try:
        codes = np.fromiter(map(known.__getitem__, entries), dtype=np.int64)
    except TypeError:
        k = next(k for k, entry in enumerate(entries) if entry.__hash__ is None)
        raise _no_label(k, what, entries[k]) from None
    for entry, code in known.items():
        if entry is None or isinstance(entry, float):
            raise _no_label(int(np.argmax(codes == code)), what, entry)
    return codes


def _no_label(k: int, what: str, entry: Any) -> TypeError:
    return TypeError(
        f"transition {k}: {what} must be a whole number, text or a tuple, got {written(entry)}"
    )


def column_of(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return a column as an array, of objects if it has tuples or mixed types.

    Arrays of one shape, as observations are, make the rows of one array. Masked entries become nan:
    they are missing.

    Raises:
        ValueError: it has no length.
    """
    if isinstance(values, np.ndarray) or not isinstance(values, list | tuple):
        if np.ma.is_masked(values):
            values = np.ma.filled(np.ma.asarray(values, dtype=object), np.nan)
        found = np.asarray(values)
        if found.ndim == 0:
            raise ValueError(
                f"{name} must have an entry for each transition, got {written(values)}"
            )
        return found
    kinds = {type(value) for value in values}
    if kinds == {np.ndarray} and len({value.shape for value in values}) == 1:
        return np.stack(values)
    if len(kinds) == 1 and issubclass(kinds.pop(), int | float | np.number):
        return np.asarray(values)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
