"""Documents that users write, in JSON or TOML: no unknown keys, and errors that give the place.

A parser turns the text into plain values, with exact numbers. A `Table` returns the values of one
object by key, and at the end refuses unused keys; a reader converts one value. Neither msgspec nor
cattrs can replace it: msgspec has no type for "an exact number or a list of them", and cattrs reads
2.7 as the whole number 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

from qdecay_envs.rational import rational, written

T = TypeVar("T")


class Table:
    """A table whose keys are taken one by one; `close` refuses unused keys."""

    def __init__(self, name: str, place: str, entries: Any) -> None:
        """Wrap the table at `place` in the document `name`; both may be empty."""
        self.name, self.place = name, place
        if not isinstance(entries, Mapping):
            self.refuse(f"must be a table of keys and values, got {written(entries)}")
        self._entries: dict[str, Any] = dict(entries)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        """Whether the key exists and is not taken yet."""
        return key in self._entries

    def refuse(self, message: str, key: str = "") -> NoReturn:
        """Raise the ValueError of this table or of one of its keys."""
        place = ".".join(part for part in (self.place, str(key)) if part)
        raise ValueError(": ".join(part for part in (self.name, place, message) if part))

    def demand_schema(self, schema: str, kind: str) -> None:
        """Refuse a document with another schema, or without one."""
        if self.take("schema") != schema:
            self.refuse(f'not {kind}: "schema" must be "{schema}"')

    def take(self, key: str, default: Any = None) -> Any:
        """Remove and return the value of a key; `default` if it is absent."""
        self._known.append(key)
        return self._entries.pop(key, default)

    def demand(self, key: str, example: str) -> Any:
        """Remove and return the value of a required key."""
        if key not in self._entries:
            self.refuse(f'the key "{key}" is missing: write {example}')
        return self.take(key)

    def rest(self) -> dict[str, Any]:
        """Remove and return all remaining entries."""
        entries, self._entries = self._entries, {}
        return entries

    def axis(self, key: str, read: Callable[[Any], T], default: T | None = None) -> tuple[T, ...]:
        """Return the values of a key that has one value or a list, each passed to `read`.

        If absent, it is `default` alone, or empty if that is None.
        """
        if key not in self._entries:
            self._known.append(key)
            return () if default is None else (default,)
        return self.values(key, self.take(key), read)

    def values(self, key: str, value: Any, read: Callable[[Any], T]) -> tuple[T, ...]:
        """Apply `read` to a value or to each entry of a list; all must differ."""
        found: list[T] = []
        seen: set[str] = set()
        for entry in value if isinstance(value, list) else [value]:
            try:
                found.append(read(entry))
            except (TypeError, ValueError, OverflowError) as error:
                self.refuse(str(error), key)
            meant = canonical(found[-1])
            if meant in seen:
                self.refuse(f"{written(entry)} is listed twice", key)
            seen.add(meant)
        if not found:
            self.refuse("the list is empty: give at least one value", key)
        return tuple(found)

    def close(self) -> None:
        """Refuse the remaining keys."""
        for key in self._entries:
            self.refuse(f"unknown key; known: {', '.join(dict.fromkeys(self._known))}", key)


def tables(name: str, place: str, value: Any) -> list[Table]:
    """Return the tables of a non-empty array of tables; a single table is accepted too."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError(f"{name}: {place}: the list is empty: give at least one table")
    return [Table(name, f"{place}[{number}]", entry) for number, entry in enumerate(listed)]


def number(value: Any) -> Fraction:
    """Return a number: an integer, a decimal, or text such as "7/10"."""
    return rational(value, "the value")


def share(value: Any) -> Fraction:
    """Return a number in [0, 1]."""
    fraction = number(value)
    if not 0 <= fraction <= 1:
        raise ValueError(f"must be in [0, 1], got {fraction}")
    return fraction


def whole(least: int) -> Callable[[Any], int]:
    """Return the reader of integers >= `least`."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"must be a whole number, got {written(value)}")
        if not least <= value < 1 << 62:
            raise ValueError(f"must be >= {least} and below 2^62, got {value}")
        return value

    return read


def one_of(names: Sequence[str]) -> Callable[[Any], str]:
    """Return the reader of one of these texts."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}, got {written(value)}")
        return str(value)

    return read


def canonical(value: Any) -> str:
    """Return the one JSON text of a value; fractions go in as text."""
    return json.dumps(value, default=str, sort_keys=True, separators=(",", ":"))


def text(value: Any) -> str:
    """Return a text that is printable and not empty."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise TypeError(f"must be text, got {written(value)}")
    return value
