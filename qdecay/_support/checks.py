"""Argument checks by one rule: a wrong type is a TypeError, a value out of range a ValueError.

    whole numbers   int, and what counts as one (numpy's, sympy's); not bool or float
    exact numbers   int, Fraction, any other `numbers.Rational` such as sympy's, and text: "9/10",
                    "0.9", "1e-3"; not float, because 0.1 is not 1/10
    real numbers    all of these, and whatever has a float: numpy's, sympy's, `AlgebraicNumber`

Text is read by the grammar of `qdecay_envs.rational` and never evaluated. Each message is one line
with the argument's name and its value. A range is written as in the message: "[0, 1)", "> 0".
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, SupportsFloat, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay_envs.arguments import listed, whole
from qdecay_envs.rational import RationalLike, rational, written

__all__ = [
    "RationalLike",
    "RealLike",
    "choice",
    "count",
    "exact",
    "file_path",
    "instance",
    "listed",
    "real",
    "reals",
    "require",
    "whole",
]

_T = TypeVar("_T")
RealLike = SupportsFloat | str
"""What `real` accepts: an exact number, or anything else that converts to a float."""


def count(value: int, name: str, least: int = 1) -> int:
    """Return a whole number >= `least` that compiled code can count to: below 2^62."""
    number = whole(value, name, least)
    if number >= 1 << 62:
        raise ValueError(f"{name} must be below 2^62, got {written(number)}")
    return number


def exact(value: RationalLike, name: str, within: str) -> Fraction:
    """Return an exact number in a range.

    >>> exact("0.9", "gamma", "[0, 1)")
    Fraction(9, 10)

    Raises:
        TypeError: `value` is a float, a bool or not a number.
        ValueError: it is text that is not a number, or outside the range.
    """
    number = rational(value, name)
    require(number, within, value, name)
    return number


def real(value: RealLike, name: str, within: str | None = None, *, infinite: bool = False) -> float:
    """Return a number in a range as the nearest float.

    >>> [real(value, "gamma", "[0, 1]") for value in ("9/10", 1, np.float32(0.5))]
    [0.9, 1.0, 0.5]

    Args:
        value: the number.
        name: what it is, for the error message.
        within: the range; None means every number.
        infinite: whether infinity is accepted.

    Raises:
        TypeError: `value` is not a real number.
        ValueError: it is nan, infinite, text that is not a number, or outside the range.
    """
    number = _float(value, name)
    if within is not None:
        require(number, within, value, name)
    if math.isnan(number) or (math.isinf(number) and not infinite):
        raise ValueError(f"{name} must be a finite number, got {written(value)}")
    return number


def reals(values: ArrayLike, name: str, within: str | None = None) -> NDArray[np.float64]:
    """Return an array of numbers as floats, checked against a range if there is one.

    >>> reals(["9/10", 0.5], "gammas", "[0, 1]")
    array([0.9, 0.5])

    Raises:
        TypeError: an entry is not a real number, or the rows differ in length.
        ValueError: an entry is text that is not a number, or outside the range.
    """
    try:
        given = np.asarray(values)
    except ValueError:
        raise TypeError(f"{name} must be an array of numbers, got {written(values)}") from None
    each = f"each of {name}" if given.ndim else name
    if given.dtype.kind not in "fiu":
        entries = [real(entry, each) for entry in given.ravel().tolist()]
        given = np.array(entries).reshape(given.shape)
    numbers: NDArray[np.float64] = given.astype(np.float64, copy=False)
    if within is not None and numbers.size:
        for number in (float(numbers.min()), float(numbers.max())):  # nan is both
            require(number, within, number, each)
    return numbers


def choice(value: Any, name: str, known: Sequence[str]) -> str:
    """Return a text if it is one of the known ones.

    Raises:
        TypeError: `value` is not a string.
        ValueError: it is not one of them.
    """
    if not isinstance(value, str) or value not in known:
        kind = ValueError if isinstance(value, str) else TypeError
        raise kind(f"{name} must be one of {', '.join(known)}, got {written(value)}")
    return value


def instance(value: _T, kind: Any, name: str, what: str) -> _T:
    """Return a value of a type.

    Raises:
        TypeError: it is of another type; `what` says what is expected.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {what}, got {written(value)}")
    return value


def file_path(value: str | os.PathLike[str], name: str = "path") -> Path:
    """Return the path of a file.

    Raises:
        TypeError: `value` is not a path.
    """
    return Path(instance(value, str | os.PathLike, name, "a path"))


def _float(value: Any, name: str) -> float:
    if type(value) is float:  # most are, and learners are called thousands of times
        return value
    if isinstance(value, str):
        value = rational(value, name)
    is_flag = isinstance(value, bool | np.bool_)
    if is_flag or not hasattr(value, "__float__") or np.ndim(value):
        raise TypeError(f"{name} must be a number, got {written(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large for floats, got {written(value)}") from None
    except TypeError:  # a complex number, or an expression with symbols
        raise TypeError(f"{name} must be a real number, got {written(value)}") from None


def require(number: Any, within: str, value: object, name: str) -> None:
    """Raise ValueError unless a number, given as `value`, is in a range."""
    low, high, has_low, has_high = _ends(within)
    if isinstance(number, float):  # the float 1e-6 counts as the end written 1e-6
        low, high = float(low), float(high)
    if not (low < number < high or (has_low and number == low) or (has_high and number == high)):
        shown = within if within[0] in "<>" else f"in {within}"
        raise ValueError(f"{name} must be {shown}, got {written(value)}")


@lru_cache
def _ends(within: str) -> tuple[Fraction | float, Fraction | float, bool, bool]:
    """Return the ends of a range, and whether they belong to it."""
    if within[0] in "<>":
        sign, end = within.split()
        has_end, number = sign.endswith("="), _end(end)
        if sign[0] == ">":
            return number, math.inf, has_end, True
        return -math.inf, number, True, has_end
    low, high = map(_end, within[1:-1].split(", "))
    return low, high, within[0] == "[", within[-1] == "]"


def _end(text: str) -> Fraction | int:
    end = Fraction(text)
    return end.numerator if end.denominator == 1 else end  # quicker to compare
