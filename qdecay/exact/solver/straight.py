"""Advantages that are straight lines, known by enclosures: their fractions would be too long."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import fmpz_poly

from qdecay.exact.algebra.number import AlgebraicNumber


class Straight:
    """A line a_0 + a_1 x with a_1 not 0; a walk uses it as it uses a polynomial.

    Attributes:
        at_zero: the sign of a_0.
        slope: that of a_1.
    """

    def __init__(self, at_zero: int, slope: int, root: Callable[[], AlgebraicNumber]) -> None:
        self.at_zero, self.slope, self._root = at_zero, slope, root

    def __neg__(self) -> Straight:
        """Return the line with the opposite sign."""
        return Straight(-self.at_zero, -self.slope, self._root)

    def derivative(self) -> fmpz_poly:
        """Return a polynomial with the derivative's sign."""
        return fmpz_poly([self.slope])

    def roots(self, lower: Fraction, upper: Fraction) -> list[AlgebraicNumber]:
        """Return the root if it is in (lower, upper)."""
        root = self._root()
        return [root] if lower < root < upper else []
