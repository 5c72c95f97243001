"""The place in a document that a reader's message is about."""

from __future__ import annotations

from typing import Any


def place_of(kind: str, message: str, document: Any) -> str | None:
    """Return the place, such as "branches[1].rewards[2]"; None if the message has none."""
    return None
