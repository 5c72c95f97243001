"""What public functions return: values that can be compared, copied, sent, shown and saved.

A record is a frozen dataclass, declared `@dataclass(frozen=True, eq=False, repr=False)`, that
derives from `Record`, or from `Result` if it has a document. Two of them are equal if all their
fields are, including arrays and nan. Caches are neither compared nor sent.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from qdecay._support.extras import require
from qdecay._support.viewed import Shown

if TYPE_CHECKING:
    import pandas as pd

_SIMPLE = frozenset((bool, int, str, Fraction))
_LONGEST = 240  # characters of a repr, which is three lines of a terminal


@dataclass(frozen=True, eq=False, repr=False)
class Record(Shown):
    """A value that is compared, copied and shown by its fields."""

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class and all their fields are equal."""
        return same(self, other) if isinstance(other, Record) else NotImplemented

    def __hash__(self) -> int:
        """Hash of all fields; TypeError if one is an array or a mapping."""
        values = (getattr(self, f.name) for f in fields(self) if f.compare)
        return hash((type(self), *values))

    def __repr__(self) -> str:
        """A summary in at most three lines."""
        text = f"{type(self).__name__}({self._shown()})"
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...)"

    def __getstate__(self) -> dict[str, Any]:
        """Return only the fields: caches are recomputed on demand."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def _shown(self) -> str:
        """The text between the parentheses of the repr."""
        public = [f.name for f in fields(self) if f.repr]
        return ", ".join(f"{name}={reprlib.repr(getattr(self, name))}" for name in public)

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        public = [f.name for f in fields(self) if f.repr]
        return {name: plain(getattr(self, name)) for name in public}


@dataclass(frozen=True, eq=False, repr=False)
class Result(Record):
    """A record with its own document.

    Attributes:
        SCHEMA: the name of the document that `to_json` returns; see `docs/formats.md`.
    """

    SCHEMA: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON document; `docs/formats.md` describes it."""
        return {"schema": self.SCHEMA, **self.body()}


def same(one: Any, two: Any) -> bool:
    """Return whether two values have equal content, including arrays, sparse matrices and nan.

    >>> same([np.array([1.0, np.nan])], [np.array([1.0, np.nan])]), same(np.zeros(2), np.zeros(3))
    (True, False)
    """
    if one is two:
        return True
    if type(one) is type(two) and type(one) in _SIMPLE:
        return bool(one == two)
    if type(one) is not type(two):
        return bool(one == two) if np.isscalar(one) and np.isscalar(two) else False
    if isinstance(one, np.ndarray):
        has_nan = one.dtype.kind in "fc"
        return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=has_nan)
    if hasattr(one, "tocsr"):
        parts = ((m.shape, m.data, m.indices, m.indptr) for m in (one.tocsr(), two.tocsr()))
        return same(*parts)
    if is_dataclass(one):
        compared = [f.name for f in fields(one) if f.compare]
        return all(same(getattr(one, name), getattr(two, name)) for name in compared)
    if isinstance(one, Mapping):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two) or bool(one != one and two != two)


def plain(value: Any) -> Any:
    """Return a value as a JSON value.

    Exact numbers become text, nan becomes null, infinities become "inf" and "-inf".

    >>> plain({"a": (Fraction(1, 3), math.inf), "b": np.array([[0.5, math.nan]])})
    {'a': ['1/3', 'inf'], 'b': [[0.5, None]]}
    """
    if hasattr(value, "to_json") and not isinstance(value, Result):
        return value.to_json()
    if isinstance(value, Record):
        return value.body()
    if isinstance(value, np.ndarray | np.generic):
        finite = value.dtype.kind != "f" or bool(np.isfinite(value).all())
        return value.tolist() if finite else plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def frame(columns: Mapping[Any, Any], **index: Any) -> pd.DataFrame:
    """Return a pandas table of columns, short ones padded; a keyword names the index.

    Raises:
        InputError: pandas is not installed; the message says how to install it.
    """
    pandas = require("pandas", "frames", "tables")
    rows = [pandas.Index(values, name=name) for name, values in index.items()]
    series = {name: pandas.Series(values, *rows) for name, values in columns.items()}
    found: pd.DataFrame = pandas.DataFrame(series)
    return found


def shown_list(texts: Sequence[str], what: str = "") -> str:
    """Return labelled texts in one line; of a long list the first three and the last.

    >>> shown_list(["0.5"], "gamma"), shown_list(["0.5", "0.6"], "gamma"), shown_list("abcdefgh")
    ('gamma 0.5', 'gammas 0.5, 0.6', 'a, b, c, ... 4 more ..., h')
    """
    if len(texts) > 5:
        texts = [*texts[:3], f"... {len(texts) - 4} more ...", texts[-1]]
    name = what + "s" * (bool(what) and len(texts) > 1)
    return f"{name} {', '.join(texts)}".strip()


def counted(number: int, what: str, several: str = "") -> str:
    """Return a number with the noun it counts.

    >>> counted(1, "region"), counted(3000, "region"), counted(2, "touch", "touches")
    ('1 region', '3,000 regions', '2 touches')
    """
    return f"{number:,} {what if number == 1 else several or what + 's'}"
