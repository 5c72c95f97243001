"""Integers of any size in 64-bit words: vectors M^t v of a sparse integer matrix, exactly.

The number of a row of digits is sum_j d_j 2^(32 j). Digits may be larger than 32 bits or negative
(the number has many rows of digits): a product with M is then one product of words for each digit,
and what exceeds 32 bits is carried over to the next digit every few steps. Numbers that grow with t
have few digits while they are small; residues modulo primes would be as many from the start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.solver.submatrix import Part

BITS = 32  # of a digit once it is carried
_MASK = (1 << BITS) - 1
_ROOM = 29  # bits by which carried digits may grow in a word
MOST_GROWTH = 1 << _ROOM

Digits = NDArray[np.int64]
"""Numbers, (any shape, digits)."""


def spread(numbers: Sequence[int], width: int) -> Digits:
    """Return the digits of numbers below 2^(32 width - 1) in size, (numbers, width)."""
    if width == 1:
        return np.array(numbers, dtype=np.int64).reshape(-1, 1)
    size = width * BITS // 8
    raw = b"".join(number.to_bytes(size, "little", signed=True) for number in numbers)
    digits = np.frombuffer(raw, dtype="<u4").reshape(len(numbers), width).astype(np.int64)
    digits[:, -1] = digits[:, -1].astype(np.int32)
    return digits


def joined(digits: Digits) -> list[int]:
    """Return the numbers of (numbers, width) digits, each digit below 2^62 in size."""
    low, carry = _settled(digits)
    words = np.empty((len(digits), low.shape[1] + 2), dtype="<u4")
    words[:, :-2], words[:, -2:] = low, carry.astype("<i8")[:, None].view("<u4")
    raw, size = words.tobytes(), words.shape[1] * BITS // 8
    starts = range(0, len(raw), size)
    return [int.from_bytes(raw[i : i + size], "little", signed=True) for i in starts]


def nonzero(digits: Digits) -> NDArray[np.bool_]:
    """Return which of the numbers of (numbers, width) digits are not 0."""
    low, carry = _settled(digits)
    found: NDArray[np.bool_] = (carry != 0) | low.any(axis=1)
    return found


def carried(digits: Digits, width: int | None = None) -> Digits:
    """Return the same numbers with digits below 2^33 in size, the first between 0 and 2^32.

    Args:
        digits: below 2^62 in size.
        width: of the result; one more digit than before at most. The number must be below
            2^(32 width - 1) in size, for the last digit to be short too.
    """
    before = digits.shape[-1]
    width = before if width is None else width
    found = np.zeros((*digits.shape[:-1], width), dtype=np.int64)
    inner = min(before, width - 1)  # digits that pass something on
    np.bitwise_and(digits[..., :inner], _MASK, out=found[..., :inner])
    found[..., inner:before] = digits[..., inner:]
    found[..., 1 : inner + 1] += digits[..., :inner] >> BITS
    return found


def _settled(digits: Digits) -> tuple[Digits, Digits]:
    """Return digits from 0 to 2^32 - 1, and what is carried over beyond the last one."""
    low, carry = np.empty_like(digits), np.zeros(len(digits), dtype=np.int64)
    for j in range(digits.shape[1]):
        carry = digits[:, j] + carry
        np.bitwise_and(carry, _MASK, out=low[:, j])
        carry >>= BITS
    return low, carry


def width_of(bits: float) -> int:
    """Return how many digits a signed number of so many bits has."""
    return 1 + math.ceil(bits) // BITS


@cache
def _steps_within_room(growth: int, total: int) -> int:
    """Return by how many products carried digits may grow until they have to be carried again."""
    steps = 1
    while total * growth ** (steps + 1) <= MOST_GROWTH and steps < _ROOM:
        steps += 1
    return steps


def images(
    matrix: Part, start: Sequence[int], growth: int, steps: int, columns: int = 1, total: int = 1
) -> Iterator[Digits]:
    """Yield the digits of v, M v, .., M^(steps - 1) v, some at a time: (some, numbers, digits);
    fewer if all further ones are 0.

    Args:
        matrix: M in words, square.
        start: v; or `columns` vectors, row by row: the digits are (some, numbers, columns, digits).
        growth, total: no number of |M|^k v is more than total growth^k times the largest of |v|:
            growth is what no row of |M| exceeds in sum, and total 1; or what no column does, and
            total the length of v. total growth is at most 2^29.
    """
    bits = max(max(start, default=0), -min(start, default=0)).bit_length() + total.bit_length()
    at_once, more = _steps_within_room(growth, total), math.log2(growth)
    first = spread(start, width_of(bits))
    if columns > 1:
        first = first.reshape(-1, columns, first.shape[1])
    for t in range(0, steps, at_once):
        block = np.zeros((min(at_once, steps - t), *first.shape), dtype=np.int64)
        block[0] = first
        matrix.fill_images(block)
        yield block
        if t + at_once < steps:
            first = carried(matrix @ block[-1], width_of(bits + (t + at_once) * more))
            if not first.any():
                return
