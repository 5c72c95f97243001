"""The labels of states and actions in a table of dynamics, and their numbers.

The numbers 0, 1, ..., n - 1 keep their meaning. Other numbers are sorted; text, tuples and anything
else that can be the key of a dict keep the table's order. Their text becomes the name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from qdecay.model.readers.labels import name_of
from qdecay_envs.rational import written


class Place(NamedTuple):
    """The state and the action of an outcome, and its index in their list."""

    state: Hashable
    action: Hashable
    number: int

    def __str__(self) -> str:
        """The place as it is written in Python."""
        return f"P[{self.state!r}][{self.action!r}][{self.number}]"


_SPACES = {"state": "observation_space or nS", "action": "action_space or nA"}


@dataclass(frozen=True)
class Labels:
    """The labels of a table's states, or of its actions.

    Attributes:
        known: each of them, in the order of their numbers.
        names: the same as text; None if they are their numbers.
    """

    known: Sequence[Hashable]
    names: tuple[str, ...] | None

    @classmethod
    def of(cls, found: Mapping[Hashable, str | Place], space: range | None, what: str) -> Labels:
        """Number what was found in a table.

        Args:
            found: the labels in their order, and where each was found.
            space: the numbers in the environment's space, if it has one.
            what: "state" or "action".

        Raises:
            ValueError: a number is not in the space, or two have the same name.
        """
        labels: list[Any] = list(found)
        if not all(isinstance(label, Integral) for label in labels):
            return cls(labels, _distinct(found, what))
        if space is None:
            numbers = sorted(labels)
            counted = numbers == list(range(len(numbers)))
            return cls(numbers, None if counted else _names(numbers))
        for label in labels:
            if label not in space:
                raise ValueError(
                    f"{found[label]}: the {what} {label} is not one of the environment's {what}s "
                    f"{space.start} to {space.stop - 1}: change its {_SPACES[what]} or P"
                )
        return cls(space, None if space.start == 0 else _names(space))

    @cached_property
    def numbers(self) -> dict[Hashable, int]:
        """The number of each label."""
        return {label: number for number, label in enumerate(self.known)}


def _names(labels: Iterable[Hashable]) -> tuple[str, ...]:
    return tuple(map(name_of, labels))


def _distinct(found: Mapping[Hashable, str | Place], what: str) -> tuple[str, ...]:
    """Return the names of labels; no two may be equal."""
    labels = _names(found)
    by_name: dict[str, Hashable] = {}
    for name, label in zip(labels, found, strict=True):
        other = by_name.setdefault(name, label)
        if other is not label:
            raise ValueError(
                f"{found[label]}: the {what}s {other!r} and {label!r} are both named "
                f"{written(name)}"
            )
    return labels


def as_label(given: Any, what: str) -> Hashable:
    """Return a state or an action with plain numbers, and with tuples in place of lists and arrays.

    Raises:
        ValueError: it cannot be the key of a dict.
    """
    if type(given) is int or type(given) is str:
        return given
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, list | tuple):
        return tuple(as_label(part, what) for part in given)
    if isinstance(given, np.generic):
        given = given.item()
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, Hashable) and given is not None and given == given:  # unlike nan
        return given
    raise ValueError(f"{what} must be a number, text or a tuple, got {written(given)}")
