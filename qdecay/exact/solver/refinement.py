"""Solutions of sparse integer equations to any accuracy, each digit with its proof.

A y = b for A = u I - G with G >= 0 and row sums of G at most u - s, s > 0. Floats solve for some
bits at a time; what remains is exact, in 64-bit integers (Wan's refinement):

    d = round(2^k A^-1 r),    r <- 2^k r - A d,    from r = b on

so that y = sum of d 2^-(all k so far) + 2^-(all k) A^-1 r. Since A^-1 >= 0 and A 1 >= s, the rest
is at most 2^-(all k) |r| / s in every entry, whatever the floats did: they only decide how fast it
shrinks.

Source: Wan, "An algorithm to solve integer linear systems exactly using numerical methods", Journal
of Symbolic Computation 41 (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay.exact.solver.axis import NoBound

_DIGIT = 40  # bits of one digit: floats know them all if A is well-conditioned
_LEAST = 6  # bits that a digit must gain for floats to be useful
_WORD = 62

Integers = NDArray[np.int64]


class Range(NamedTuple):
    """A number between low / 2^bits and high / 2^bits."""

    low: int
    high: int
    bits: int

    @property
    def sign(self) -> int:
        """Its sign; 0 if that is unknown."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0

    def within(self, bits: int) -> bool:
        """Whether the range is shorter than 2^-bits."""
        return (self.high - self.low) << bits < 1 << self.bits

    def plus(self, other: Range) -> Range:
        """Return the range of a sum."""
        return Range(self.low + other.low, self.high + other.high, self.bits)


class Refinement:
    """The solution of A Y = B for a few columns, known to `bits` binary places or so."""

    def __init__(self, matrix: sparse.csr_matrix, right: Integers, unit: int, slack: int) -> None:
        """`matrix` is A in 64-bit integers; `unit` and `slack` are u and s.

        Raises:
            NoBound: A is singular in floats, or numbers are too large.
        """
        self._matrix, self._slack = matrix, slack
        self._spread: int = (2 * unit).bit_length()  # no row of |A| sums to more than 2 u
        self._rest = right.copy()
        self._digits: list[Integers] = []
        self._shifts: list[int] = []
        self._rests: list[Integers] = []  # the largest of each column, after each digit
        self.bits = 0
        try:
            self._factors = splu(sparse.csc_matrix(matrix.astype(np.float64)))
        except RuntimeError as singular:
            raise NoBound from singular
        self.values = self._solved()
        """The solution in floats."""

    def refine(self, bits: int) -> None:
        """Compute this many binary places.

        Raises:
            NoBound: floats do not help.
        """
        while self.bits < bits:
            self._step()

    def _step(self) -> None:
        found = self._solved() if self._digits else self.values
        rest, size = self._size(), int(np.frexp(np.abs(found).max(initial=0.0))[1])
        # Neither 2^k r nor A d leaves 64 bits.
        room = min(_DIGIT, _WORD - 1 - self._spread) - size
        shift = max(0, min(room, _WORD - 1 - rest.bit_length()))
        if size + shift + self._spread > _WORD - 1:
            raise NoBound
        digit = np.rint(found * 2.0**shift).astype(np.int64)
        self._rest = (self._rest << shift) - self._matrix @ digit
        if shift < _LEAST and 2 * self._size() > rest:
            raise NoBound
        self._digits.append(digit)
        self._shifts.append(shift)
        self._rests.append(np.abs(self._rest).max(axis=0, initial=0))
        self.bits += shift

    def _size(self) -> int:
        return int(np.abs(self._rest).max(initial=0))

    def _solved(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self._factors.solve(self._rest.astype(np.float64))
        if not np.isfinite(found).all():
            raise NoBound
        return found

    def combination(self, rows: Integers, factors: Sequence[int], column: int, bits: int) -> Range:
        """Return the sum of factors times entries of a column, to at least this many binary places.

        `bits` must be > 0.
        """
        self.refine(bits)
        factors = [int(factor) for factor in factors]
        total = known = i = 0
        while known < bits:
            digits = self._digits[i][rows, column].tolist()  # products may not fit a word
            total = (total << self._shifts[i]) + sum(map(mul, digits, factors))
            known += self._shifts[i]
            i += 1
        rest = int(self._rests[i - 1][column])
        radius = -(-sum(map(abs, factors)) * rest // self._slack)
        return Range(total - radius, total + radius, known)
