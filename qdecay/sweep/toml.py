"""Strict TOML: exact numbers, and one-line errors that name the file."""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from pathlib import Path

from qdecay.errors import InputError, input_errors
from qdecay_envs import files
from qdecay_envs.decoding import decoding
from qdecay_envs.documents import Table
from qdecay_envs.rational import rational

MAX_BYTES = 1 << 20
_MAX_PARTS = 50  # of a dotted key: tomllib stores every prefix of it
_BETWEEN_DOTTED = re.compile(r"[\n=,{\[]")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        InputError: it cannot be read, is larger than 1 MiB or not UTF-8.
    """
    with input_errors():
        return files.read_text(path, MAX_BYTES)


def parse(text: str, name: str) -> Table:
    """Return the top table of a TOML document; decimals become the fractions that they stand for.

    Raises:
        InputError: it is not TOML, nests too deeply, or has a number that is not finite.
    """
    with input_errors(), decoding(name, problem="not TOML: "):
        if any(piece.count(".") > _MAX_PARTS for piece in _BETWEEN_DOTTED.split(text)):
            raise ValueError(f"a key or a text has more than {_MAX_PARTS} dots")
        entries = tomllib.loads(text, parse_float=lambda decimal: _fraction(decimal, name))
    return Table(name, "", entries)


def _fraction(decimal: str, name: str) -> Fraction:
    """Return the fraction that a TOML decimal stands for; it may have underscores."""
    if decimal.lstrip("+-") in ("inf", "nan"):
        raise InputError(f"{name}: {decimal} is not a finite number")
    return rational(decimal.replace("_", ""), "a decimal")
