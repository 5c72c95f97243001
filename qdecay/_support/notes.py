"""Notes: things that a user should know although nothing is wrong, as one-line warnings.

The command line prints each of them once, in the form of its errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qdecay._support.one_line import one_line
from qdecay._support.progress import print_above
from qdecay.errors import QdecayWarning

_held: list[str] | None = None


def note(text: str) -> None:
    """Issue a `QdecayWarning`."""
    if _held is not None:
        _held.append(text)
    else:
        warnings.warn(one_line(text), QdecayWarning, stacklevel=2)


@contextmanager
def deferred_notes() -> Iterator[None]:
    """Issue notes only at the end: if there is an error instead, only its one line is shown."""
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


@contextmanager
def printed() -> Iterator[None]:
    """Print notes on standard error, each once, above a bar if one is shown."""
    seen: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", QdecayWarning)
        show = warnings.showwarning

        def print_note(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, QdecayWarning):
                show(message, category, *where, **more)
            elif (line := f"qdecay: {message}") not in seen:
                seen.add(line)
                print_above(line)

        warnings.showwarning = print_note
        yield
