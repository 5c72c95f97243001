"""Validation of an environment's arguments; errors show the wrong value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import islice
from numbers import Integral, Real
from typing import Any

from qdecay_envs.rational import RationalLike, rational, written


def probability(value: RationalLike | float, name: str) -> Fraction:
    """Return a probability as an exact fraction; a float by its shortest text, 0.1 as 1/10.

    Raises:
        TypeError: `value` is not a number.
        ValueError: `value` is not between 0 and 1.
    """
    exact = rational(repr(float(value)) if isinstance(value, float) else value, name)
    if not 0 <= exact <= 1:
        raise ValueError(f"{name} must be a probability from 0 to 1, got {written(value)}")
    return exact


MAX_DURATION = 1_000_000
"""The most steps that a transition may take: solvers turn each but the last into a waiting
state."""


def duration(value: Any, name: str) -> int:
    """Return the number of steps that a transition takes, from 1 to `MAX_DURATION`.

    Raises:
        TypeError: `value` is not an integer.
        ValueError: `value` is out of range.
    """
    steps = whole(value, name, 1)
    if steps > MAX_DURATION:
        raise ValueError(
            f"{name} must be at most {MAX_DURATION:,} steps, each of which is a state to solvers, "
            f"got {written(steps)}: choose a longer step"
        )
    return steps


def whole(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return an integer >= `least`, and <= `most` if that is given.

    Raises:
        TypeError: `value` is not an integer.
        ValueError: `value` is out of range.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {written(value)}")
    number = int(value)
    if number < least or (most is not None and number > most):
        bounds = f">= {least}" if most is None else f"from {least} to {most:,}"
        raise ValueError(f"{name} must be {bounds}, got {written(number)}")
    return number


def flag(value: Any, name: str) -> bool:
    """Return a bool; 0, 1 and text are refused."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {written(value)}")
    return value


def standard_deviation(value: Any, name: str) -> float:
    """Return a finite float >= 0."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {written(value)}")
    deviation = float(value)
    if not (math.isfinite(deviation) and deviation >= 0):
        raise ValueError(f"{name} must be finite and >= 0, got {written(value)}")
    return deviation


def distribution(value: Any, name: str, size: int) -> dict[int, Fraction]:
    """Return the probabilities of some numbers in 0 .. size - 1, in order; a single number is
    certain.

    Raises:
        TypeError: `value` is neither such a number nor a mapping from such numbers.
        ValueError: a number is out of range, or the probabilities are not > 0 and sum to 1.
    """
    if not isinstance(value, Mapping):
        return {whole(value, name, 0, size - 1): Fraction(1)}
    chances = {
        whole(number, f"a state of {name}", 0, size - 1): rational(chance, f"{name}[{number}]")
        for number, chance in value.items()
    }
    if any(chance <= 0 for chance in chances.values()) or sum(chances.values()) != 1:
        raise ValueError(f"{name} must have probabilities > 0 that sum to 1, got {written(value)}")
    return dict(sorted(chances.items()))


def names(values: Any, name: str, size: int) -> tuple[str, ...] | None:
    """Return `size` names, or None if there are none.

    Raises:
        TypeError: `values` is not a list of strings.
        ValueError: there are not `size` of them.
    """
    if values is None:
        return None
    entries = listed(values, name, size)
    if not all(isinstance(entry, str) for entry in entries):
        raise TypeError(f"{name} must be strings, got {written(values)}")
    if len(entries) != size:
        raise ValueError(f"{name} must have {size} entries, got {len(entries)}")
    return tuple(entries)


def listed(values: Any, name: str, most: int | None = None) -> list[Any]:
    """Return the entries of a non-empty list, up to `most` if that is given.

    Raises:
        TypeError: `values` is text or cannot be listed.
        ValueError: it is empty or too long.
    """
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, got {written(values)}")
    entries = list(islice(values, None if most is None else most + 1))
    if not entries:
        raise ValueError(f"{name} must not be empty")
    if most is not None and len(entries) > most:
        raise ValueError(f"{name} must have at most {most:,} entries")
    return entries
