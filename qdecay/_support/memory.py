"""Refuse, before any work, an answer that cannot fit into the machine's memory."""

from __future__ import annotations

import os


def require(needed: int, what: str) -> None:
    """Raise MemoryError if the machine has less memory than `what` need."""
    memory = physical()
    if memory is not None and needed > memory:
        raise MemoryError(
            f"{what} need {needed / 2**30:.3g} GiB, and the machine has {memory / 2**30:.3g} GiB"
        )


def physical() -> int | None:
    """Return the machine's memory in bytes, or None if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
