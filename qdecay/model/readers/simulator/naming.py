"""Names of states: what was observed of them, short and distinct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

_LONGEST = 40  # characters of an observation that is used as a name
_ENTRIES = 6  # of an array or a tuple in a name
_DEEPEST = 4  # tuples in tuples, which may even hold themselves


class Names:
    """Collects what states show, and names them in the end.

    Attributes:
        by_key: whether they are named by their keys, not by their observations.
        ways: the names of fields that depend on how a state was reached, not on what it is.
    """

    def __init__(self, ways: frozenset[str], *, by_key: bool) -> None:
        self.ways, self.by_key = ways, by_key
        self._observed: list[str | None] = []
        self._fields: list[Mapping[str, str]] = []

    def add(self, env: Any, observation: Any, key: Hashable) -> None:
        """Add the next state."""
        self._observed.append(short(key if self.by_key else observation))
        own = {
            name: text
            for name, value in vars(env.unwrapped).items()
            if f"unwrapped.{name}" not in self.ways and (text := _field(value)) is not None
        }
        self._fields.append(own)

    def of(self, state: int) -> str:
        """Return what one state shows, for a message."""
        shown = self._observed[state]
        if shown is not None:
            return shown
        return self._by_fields([state], self._varying())[0] or str(state)

    def all(self) -> list[str]:
        """Return a name for every state; equal names are numbered."""
        states = range(len(self._observed))
        observed = [text or "" for text in self._observed]
        names = observed
        if "" in observed or len(set(observed)) < len(observed):
            varying = self._by_fields(states, self._varying())
            if "" in observed:
                names = varying
            else:
                twice = {text for text, number in Counter(observed).items() if number > 1}
                names = [
                    f"{text} {more}".strip() if text in twice else text
                    for text, more in zip(observed, varying, strict=True)
                ]
        return _numbered(names)

    def _varying(self) -> list[str]:
        """The fields that are not the same in all states."""
        values: dict[str, set[str | None]] = {}
        for own in self._fields:
            for name, text in own.items():
                values.setdefault(name, set()).add(text)
        missing = {name for name in values if any(name not in own for own in self._fields)}
        observed = set(self._observed)
        return [
            name
            for name, found in values.items()
            if (len(found) > 1 or name in missing)
            and not (found <= observed and self._repeats(name))
        ]

    def _repeats(self, name: str) -> bool:
        """Whether a field is the observation."""
        pairs = zip(self._fields, self._observed, strict=True)
        return all(own.get(name) == shown for own, shown in pairs)

    def _by_fields(self, states: Any, varying: list[str]) -> list[str]:
        return [
            " ".join(
                f"{name.lstrip('_')}={own[name]}"
                for own in [self._fields[state]]
                for name in varying
                if name in own
            )
            for state in states
        ]


def _numbered(names: list[str]) -> list[str]:
    """Return distinct names: the second `x` becomes `x #2`."""
    taken, found = set(names), []
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        made = name if seen[name] == 1 and name else f"{name} #{seen[name]}".strip()
        while made in taken and made != name:
            seen[name] += 1
            made = f"{name} #{seen[name]}".strip()
        taken.add(made)
        found.append(made)
    return found


def short(value: Any) -> str | None:
    """Return an observation as text, or None if it is long."""
    text = _text(value)
    return text if text is not None and 0 < len(text) <= _LONGEST else None


def _text(value: Any, depth: int = 0) -> str | None:
    if isinstance(value, np.ndarray):
        return None if value.size > _ENTRIES else str(tuple(value.tolist())).replace(",)", ")")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return str(value)
    if not isinstance(value, Mapping | tuple | list) or len(value) > _ENTRIES or depth > _DEEPEST:
        return None
    texts = []
    for part in value.values() if isinstance(value, Mapping) else value:
        if (text := _text(part, depth + 1)) is None:
            return None  # at once: one that holds itself several times has many parts
        texts.append(text)
    if isinstance(value, Mapping):
        return " ".join(f"{name}={text}" for name, text in zip(value, texts, strict=True))
    return f"({', '.join(texts)})"


def _field(value: Any) -> str | None:
    """Return a small value of a field, or the type of an object; None for anything else."""
    if value is None or callable(value) or isinstance(value, Mapping | np.random.Generator):
        return None
    text = _text(value)
    if text is not None:
        return text if len(text) <= _LONGEST else None
    return type(value).__name__ if hasattr(value, "__dict__") else None
