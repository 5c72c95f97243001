"""Arrays of the numbers that readers return: fractions as objects, or unchanged floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.model.recover import Recovery, Unchanged

Numbers = NDArray[Any]
"""Fractions, as an array of objects, or floats."""


def numbers_array(numbers: Sequence[Any], recovery: Recovery) -> Numbers:
    """Return numbers that were read as an array."""
    if isinstance(recovery, Unchanged):
        return np.array(numbers, dtype=np.float64)
    found = np.empty(len(numbers), dtype=object)
    found[:] = numbers
    return found


def recovered(values: NDArray[Any], recovery: Recovery, name: Callable[[int], str]) -> Numbers:
    """Return what the numbers of an array (K,) stand for; each distinct one is read once.

    Args:
        values: whole numbers or floats, or objects that may be exact numbers as well.
        recovery: what maps them.
        name: describes the number at a place, for the message.

    Raises:
        ValueError: one is not finite, or has no rational.
    """
    if values.dtype.hasobject:
        return numbers_array([recovery(v, name(k)) for k, v in enumerate(values)], recovery)
    if isinstance(recovery, Unchanged) and np.isfinite(values).all():
        return values.astype(np.float64, copy=False)
    distinct, first, place = np.unique(values, return_index=True, return_inverse=True)
    found: list[Any] = [None] * len(distinct)
    for one in np.argsort(first).tolist():  # the message names the first that is wrong
        found[one] = recovery(distinct[one], name(int(first[one])))
    return numbers_array(found, recovery)[place]
