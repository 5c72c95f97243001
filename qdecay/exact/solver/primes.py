"""Primes, and integers from their residues."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

import numpy as np
from flint import fmpz
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def primes_below(bits: int, number: int) -> tuple[int, ...]:
    """Return the largest primes below 2^bits; each exceeds 2^(bits - 1)."""
    found: list[int] = []
    candidate = 2**bits - 1
    while len(found) < number:
        if fmpz(candidate).is_prime():
            found.append(candidate)
        candidate -= 2
    return tuple(found)


def from_residues(residues: NDArray[np.int64], primes: Sequence[int]) -> list[int]:
    """Chinese remainders: the integers of least absolute value, one per row."""
    modulus = math.prod(primes)
    basis = [modulus // p * pow(modulus // p, -1, p) for p in primes]
    half = modulus // 2
    numbers = []
    for row in residues.tolist():
        value = sum(map(mul, row, basis)) % modulus if any(row) else 0
        numbers.append(value - modulus if value > half else value)
    return numbers
