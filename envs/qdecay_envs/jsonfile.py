"""Strict JSON in and out: exact numbers, one-line errors, and no half-written file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from qdecay_envs.decoding import decoding
from qdecay_envs.files import read_text, written
from qdecay_envs.rational import rational

MAX_BYTES = 16 * 2**20  # which the parser may expand thirtyfold
_MAX_DECIMALS = 1_000_000  # distinct: two microseconds and 300 bytes each
_MAX_DIGITS = 4_000  # as in `rational`; int() itself refuses more than 4,300
_T = TypeVar("_T")


def read_json(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Any:
    """Return the value of a JSON file with its numbers exact.

    Integers come out as `int`, decimals as the exact `Fraction`: 0.7 is 7/10.

    Args:
        path: a UTF-8 file, with or without a byte order mark.
        max_bytes: the largest file accepted, in bytes.

    Raises:
        ValueError: the file cannot be read, is a pipe, larger than `max_bytes`, not UTF-8 or not
            JSON (RFC 8259: no NaN, no Infinity), repeats a key in one object, nests too
            deeply, has a number of more than 4,000 digits or a million different decimals. The
            message is one line that starts with the path.
    """
    return parse_json(read_text(path, max_bytes), path)


def read_json_as(path: str | os.PathLike[str], of: Callable[[Any], _T]) -> _T:
    """Return what `of` makes of the value in a JSON file.

    Raises:
        ValueError: as `read_json`; or as `of`, in a line that starts with the path.
    """
    document = read_json(path)
    try:
        return of(document)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error


def parse_json(
    text: str, name: str | os.PathLike[str], decimal: Callable[[str], Any] | None = None
) -> Any:
    """Return the value of JSON text with its numbers exact, as `read_json` does.

    Args:
        text: the JSON.
        name: the beginning of error messages.
        decimal: a function from a decimal's text to a value; None means the exact fraction.

    Raises:
        ValueError: as `read_json`.
    """
    with decoding(name):
        try:
            return json.loads(
                text,
                parse_int=_integer,
                parse_float=decimal or _Decimals().__getitem__,
                parse_constant=_refuse_constant,
                object_pairs_hook=_object,
            )
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ValueError(f"not JSON at {place}: {error.msg}") from error


def write_json(path: str | os.PathLike[str], value: Any, max_bytes: int = MAX_BYTES) -> None:
    """Write `value` as JSON, one line per key and per row of a table, completely or not at all.

    Args:
        path: a name that ends in .json; an existing file is replaced, a symbolic link is followed.
        value: what `json` can write. Fractions go in as text ("7/10").
        max_bytes: the largest file that its reader accepts.

    Raises:
        TypeError, ValueError: `value` has something that JSON cannot hold, such as NaN; the name
            has another ending, or the file would be too large or cannot be written.
    """
    if Path(path).suffix != ".json":  # other endings select other readers
        raise ValueError(f"{os.fspath(path)}: the name must end in .json")
    data = json_text(value).encode()
    if len(data) > max_bytes:
        raise ValueError(
            f"{os.fspath(path)}: would have {len(data):,} bytes; the limit is {max_bytes:,}"
        )
    with written(path) as file:
        file.write(data)


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"the number {text[:20]}... has more than {_MAX_DIGITS:,} digits")
    return int(text)


class _Decimals(dict[str, Fraction]):
    """Reads each decimal of a file once."""

    def __missing__(self, text: str) -> Fraction:
        if len(self) >= _MAX_DECIMALS:
            raise ValueError(f"has more than {_MAX_DECIMALS:,} different decimals")
        self[text] = found = rational(text, "the number")
        return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number: write a finite number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} appears twice in one object")
        result[key] = value
    return result


def json_number(value: Fraction) -> int | str:
    """Return a number as documents have it: exact, as text unless it is whole.

    >>> json_number(Fraction(4)), json_number(Fraction(1, 3))
    (4, '1/3')
    """
    return value.numerator if value.denominator == 1 else str(value)


def json_text(value: Any) -> str:
    """Return a value as `write_json` writes it.

    Raises:
        TypeError, ValueError: as `write_json`.
    """
    if not isinstance(value, dict):
        return json.dumps(value, allow_nan=False) + "\n"
    entries = (f"  {json.dumps(str(key))}: {_entry(entry)}" for key, entry in value.items())
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _entry(value: Any) -> str:
    is_table = isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    if not is_table:
        return json.dumps(value, allow_nan=False)
    rows = (f"    {json.dumps(row, allow_nan=False)}" for row in value)
    return "[\n" + ",\n".join(rows) + "\n  ]"
