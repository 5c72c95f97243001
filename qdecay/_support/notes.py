"""What a person should know though nothing is wrong: one line on standard error, once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from qdecay._support.one_line import one_line

_told: set[str] = set()
_held: list[str] | None = None


def note(text: str) -> None:
    """Print a line, unless this process has printed it before."""
    line = one_line(text)
    if _held is not None:
        _held.append(line)
    elif line not in _told:
        _told.add(line)
        print(f"qdecay: {line}", file=sys.stderr)


@contextmanager
def held() -> Iterator[None]:
    """Print notes at the end: where an error comes instead, its one line is all that is said."""
    global _held
    if _held is not None:
        yield
        return
    notes: list[str] = []
    _held = notes
    try:
        yield
    finally:
        _held = None
    for text in notes:
        note(text)
