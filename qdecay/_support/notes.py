"""What a person should know though nothing is wrong: a warning of our own, one line.

The command line prints each of them once, as it prints errors.
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
    """Warn of something with a `QdecayWarning`."""
    if _held is not None:
        _held.append(text)
    else:
        warnings.warn(one_line(text), QdecayWarning, stacklevel=2)


@contextmanager
def deferred_notes() -> Iterator[None]:
    """Warn at the end only: where an error comes instead, its one line is all that is said."""
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
    """Print notes on standard error, each once, above a bar where one is shown."""
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
