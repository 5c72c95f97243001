"""The elements of spaces with several discrete parts, numbered.

A `Tuple` of spaces, a `MultiDiscrete` and a `MultiBinary` space hold finitely many elements: they
are numbered 0, 1, ..., the last part counting fastest. A hand of Blackjack, `Tuple(Discrete(32),
Discrete(11), Discrete(2))`, has the number (sum * 11 + card) * 2 + ace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete, Space, Tuple

Names = tuple[str, ...] | None


class Numbering:
    """The elements of a space of discrete parts, numbered.

    Attributes:
        space: the space.
        n: how many elements it has.
    """

    def __init__(self, space: Space[Any]) -> None:
        """Number the elements of a space for which `is_finite` is true."""
        self.space = space
        self._firsts, self._sizes = zip(*_parts(space), strict=True)
        self.n: int = prod(self._sizes)

    def number(self, element: Any) -> int:
        """Return the number of an element.

        Raises:
            ValueError: it is not in the space.
        """
        number = 0
        try:
            values = zip(_values(self.space, element), self._firsts, self._sizes, strict=True)
            for value, first, size in values:
                if not 0 <= value - first < size:
                    raise ValueError
                number = number * size + value - first
        except (TypeError, ValueError):
            raise outside(self.space, element) from None
        return number

    def element(self, number: int) -> Any:
        """Return the element with a number."""
        values = []
        for first, size in zip(self._firsts[::-1], self._sizes[::-1], strict=True):
            number, digit = divmod(number, size)
            values.append(first + digit)
        return _element(self.space, reversed(values))

    def names(self) -> Names:
        """The elements as text; None if they are numbers."""
        if isinstance(self.space, Discrete):
            return None
        return tuple(str(_plain(self.element(number))) for number in range(self.n))


def outside(space: Space[Any], observation: Any) -> ValueError:
    """Return the error of an environment that leaves its space."""
    return ValueError(f"the environment returned {observation}, which is not in {space}")


def is_finite(space: Space[Any]) -> bool:
    """Return whether a space is `Discrete` or consists of discrete parts."""
    if isinstance(space, Tuple):
        return len(space.spaces) > 0 and all(map(is_finite, space.spaces))
    return isinstance(space, Discrete | MultiDiscrete | MultiBinary)


def _parts(space: Space[Any]) -> Iterator[tuple[int, int]]:
    """Yield the first value of each part and how many values it has."""
    if isinstance(space, Tuple):
        for part in space.spaces:
            yield from _parts(part)
    elif isinstance(space, MultiDiscrete):
        yield from zip(space.start.ravel().tolist(), space.nvec.ravel().tolist(), strict=True)
    elif isinstance(space, MultiBinary):
        yield from [(0, 2)] * prod(space.shape)
    elif isinstance(space, Discrete):
        yield int(space.start), int(space.n)


def _values(space: Space[Any], element: Any) -> Iterator[int]:
    """Yield the value of each part of an element."""
    if isinstance(space, Tuple):
        for part, value in zip(space.spaces, element, strict=True):
            yield from _values(part, value)
    elif isinstance(space, Discrete):
        yield int(element)
    elif np.shape(element) == space.shape:
        yield from map(int, np.ravel(element).tolist())


def _element(space: Space[Any], values: Iterator[int]) -> Any:
    """Return the element whose parts have these values."""
    if isinstance(space, Tuple):
        return tuple(_element(part, values) for part in space.spaces)
    if isinstance(space, Discrete):
        return next(values)
    shape = space.shape or ()
    taken = list(islice(values, prod(shape)))
    return np.array(taken, dtype=space.dtype).reshape(shape)


def _plain(element: Any) -> Any:
    """Return an element with lists in place of arrays: their text is shorter."""
    if isinstance(element, tuple):
        return tuple(map(_plain, element))
    return element.tolist() if isinstance(element, np.ndarray) else element
