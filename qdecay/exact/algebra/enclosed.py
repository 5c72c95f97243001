"""Rational numbers that are known by ever shorter intervals, each proven.

The breakpoint of a lake of 90,000 states is a fraction of a million digits. An interval is enough
to compare it with other numbers and to show its first decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NoReturn

from flint import fmpz_poly

from qdecay._support.checks import require
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.closed_form import ClosedForm
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.polynomial import Interval

_MOST_BITS = 4096  # numbers closer than 2^-4096 are not distinguished
_KEPT_BITS = 512  # of a copy or a pickle


class EnclosedNumber(AlgebraicNumber):
    """A rational number without its numerator and denominator.

    It compares like any other number; comparing two that differ by less than 2^-4096, if at all,
    raises `BudgetExceeded`. Its polynomial is unknown: `coefficients` and `polynomial` raise
    `BudgetExceeded` too, and documents have null in their place.
    """

    __slots__ = ("_nearer", "_origin", "_size")

    def __init__(self, nearer: Callable[[int], Interval], size: int, origin: object = None) -> None:
        """Trusts its arguments.

        Args:
            nearer: a function of `bits` that returns an interval of width at most 2^-bits.
            size: about how many bits its numerator and denominator have.
            origin: where it comes from; numbers with equal origins are equal. None equals nothing.
        """
        self._nearer, self._size, self._origin = nearer, size, origin
        self._lower, self._upper = nearer(64)
        self._bits, self._binomial = 64, False
        self._polynomial = fmpz_poly([1])  # it has no factor in common with any

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as an interval of 512 bits, which does not get shorter."""
        return _kept, (*self.enclosure(_KEPT_BITS), self._size)

    def enclosure(self, bits: int) -> Interval:
        """Return (lower, upper) around the number with upper - lower <= 2^-bits."""
        if bits > self._bits:
            if bits > _MOST_BITS:
                self._unknown(f"it cannot be told from a number within 2^-{_MOST_BITS} of it")
            self._lower, self._upper = self._nearer(bits)
            self._bits = bits
        return self._lower, self._upper

    def _unknown(self, what: str) -> NoReturn:
        raise BudgetExceeded(
            f"a fraction of up to {self._size:,} bits is known by intervals: {what}"
        )

    @property
    def polynomial(self) -> fmpz_poly:
        """Not known.

        Raises:
            BudgetExceeded: always.
        """
        self._unknown("its polynomial is not computed")

    @property
    def coefficients(self) -> tuple[int, ...]:
        """Not known; see `polynomial`."""
        self._unknown("its polynomial is not computed")

    @property
    def degree(self) -> int:
        """1: it is rational."""
        return 1

    @property
    def form(self) -> ClosedForm | None:
        """None: its fraction is not known."""
        return None

    def closed_form(self) -> None:
        """Return None: its fraction is not known."""

    def simplified(self) -> AlgebraicNumber:
        """Return itself."""
        return self

    def stretched(self, factor: Fraction, shift: Fraction) -> AlgebraicNumber:
        """Return factor * self + shift, for a factor > 0."""
        require(factor, "> 0", factor, "factor")
        more = max(0, factor.numerator.bit_length() - factor.denominator.bit_length() + 1)

        def nearer(bits: int) -> Interval:
            lower, upper = self._nearer(bits + more)
            return factor * lower + shift, factor * upper + shift

        origin = None if self._origin is None else (self._origin, factor, shift)
        return EnclosedNumber(nearer, self._size + 64, origin)

    def sign_of(self, p: Sequence[int] | fmpz_poly) -> int:
        """Return the exact sign of an integer polynomial at this number."""
        p = p if isinstance(p, fmpz_poly) else fmpz_poly(list(p))
        if p.degree() <= 0:
            return (int(p[0]) > 0) - (int(p[0]) < 0)
        precision = 64
        while (value := p(self.ball(precision))).contains(0):
            precision *= 2
        return 1 if value > 0 else -1

    def _compare(self, other: AlgebraicNumber) -> int:
        if other.is_rational:
            return self._compare_rational(other.lower)
        bits = 64
        while not (self._upper < other.lower or other.upper < self._lower):
            origin = other._origin if isinstance(other, EnclosedNumber) else None
            if bits == 64 and origin is not None and self._origin == origin:
                return 0
            bits *= 2
            self.enclosure(bits)
            other.enclosure(bits)
        return -1 if self._upper < other.lower else 1

    def _compare_rational(self, value: Fraction) -> int:
        bits = 64
        while self._lower <= value <= self._upper:
            bits *= 2
            self.enclosure(bits)
        return -1 if self._upper < value else 1

    def to_json(self) -> dict[str, Any]:
        """Return the fields of any number; polynomial and closed_form are null."""
        lower, upper = self.enclosure(64)
        return {
            "polynomial": None,
            "lower": str(lower),
            "upper": str(upper),
            "decimal": self.decimal(),
            "closed_form": None,
        }


def _kept(lower: Fraction, upper: Fraction, size: int) -> EnclosedNumber:
    def nearer(bits: int) -> Interval:
        if bits > _KEPT_BITS:
            raise BudgetExceeded(
                f"a fraction of up to {size:,} bits was kept as an interval of {_KEPT_BITS} bits: "
                f"no more of it is known"
            )
        return lower, upper

    return EnclosedNumber(nearer, size)
