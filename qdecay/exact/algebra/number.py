"""Real algebraic numbers: an integer polynomial and an interval that contains one of its roots.

Every comparison is decided exactly: intervals are refined until they are disjoint, and a common
factor of the two polynomials decides equality. A rational root is always recognised, so that an
open interval means an irrational number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import index, itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from flint import arb, ctx, fmpq_poly, fmpz_poly

from qdecay._support.checks import require, whole
from qdecay._support.viewed import Shown
from qdecay.exact.algebra.closed_form import ClosedForm, Radical, Surd, closed_form
from qdecay.exact.algebra.polynomial import (
    Interval,
    is_binomial,
    isolating_intervals,
    polynomial,
    refine,
    sign_at,
    to_fmpq,
)
from qdecay.exact.algebra.roots import rational_root, real_roots, refine_radical, root_near
from qdecay_envs.rational import RationalLike, rational

if TYPE_CHECKING:
    import sympy

_T = TypeVar("_T")
_QUICK_BITS = 64  # of an interval around a root that has been guessed


class AlgebraicNumber(Shown):
    """A real root of a square-free integer polynomial.

    It compares exactly with other algebraic numbers, ints and Fractions; equal numbers have equal
    hashes.

    Attributes:
        coefficients: of the polynomial, constant term first; primitive, leading one positive.
        lower, upper: lower < root < upper with no other root between, or both equal to a
            rational root. They get closer as the number is used.

    >>> half, root = AlgebraicNumber.of(Fraction(1, 2)), isolate_roots([-1, 0, 0, 6])[0]
    >>> half < root < Fraction(3, 5), root.closed_form(), root.decimal(10)
    (True, '6^(-1/3)', '0.5503212081')
    """

    __slots__ = ("_binomial", "_bits", "_lower", "_polynomial", "_upper")

    def __init__(self, coefficients: Sequence[int] | fmpz_poly, lower: Fraction, upper: Fraction):
        """Trusts its arguments; use `isolate_roots` to get a number from a polynomial."""
        self._polynomial = polynomial(coefficients)
        self._lower, self._upper = lower, upper
        self._binomial: bool | None = None
        self._bits = 0  # the interval is known to be at most 2^-bits wide, if more than 0

    @classmethod
    def of(cls, value: RationalLike) -> AlgebraicNumber:
        """Return a rational number.

        Raises:
            TypeError, ValueError: the value is not an exact number; see `qdecay_envs.rational`.
        """
        return cls(*rational_root(rational(value)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by the three arguments: flint's polynomials support neither."""
        return AlgebraicNumber, (self.coefficients, self._lower, self._upper)

    @property
    def coefficients(self) -> tuple[int, ...]:
        """The polynomial, constant term first."""
        return tuple(int(c) for c in self._polynomial.coeffs())

    @property
    def polynomial(self) -> fmpz_poly:
        """The polynomial as a flint object."""
        return self._polynomial

    @property
    def degree(self) -> int:
        """Degree of the polynomial, which is minimal up to degree 40 and for rationals.

        It is also minimal up to degree 128 if at most 12 of its coefficients are nonzero.
        """
        return int(self._polynomial.degree())

    @property
    def lower(self) -> Fraction:
        """Lower end of the isolating interval."""
        return self._lower

    @property
    def upper(self) -> Fraction:
        """Upper end of the isolating interval."""
        return self._upper

    @property
    def is_rational(self) -> bool:
        """Whether the number is rational; then lower == upper == its value."""
        return self._lower == self._upper

    def enclosure(self, bits: int) -> Interval:
        """Return (lower, upper) around the number with upper - lower <= 2^-bits."""
        if 0 < bits <= self._bits:
            return self._lower, self._upper
        if self._upper - self._lower <= Fraction(1, 2**bits):
            pass
        elif self._is_radical():
            self._lower, self._upper = refine_radical(self._polynomial, self._lower >= 0, bits)
        else:
            self._lower, self._upper = refine(self._polynomial, self._lower, self._upper, bits)
        self._bits = max(bits, self._bits)
        return self._lower, self._upper

    def _is_radical(self) -> bool:
        """Whether the polynomial is a x^n + c and the number's sign is known."""
        if self._binomial is None:
            self._binomial = is_binomial(self._polynomial)
        return self._binomial and (self._lower >= 0 or self._upper <= 0)

    def ball(self, precision: int) -> arb:
        """Return a flint ball that contains the number, accurate to about `precision` bits."""
        lower, upper = self.enclosure(precision)
        with ctx.workprec(precision + 32):
            return arb(to_fmpq(lower)).union(arb(to_fmpq(upper)))

    def rational_below(self, other: AlgebraicNumber | int | Fraction) -> Fraction:
        """Return a rational strictly between self and a larger number."""
        number = AlgebraicNumber.of(other) if isinstance(other, int | Fraction) else other
        if not self < number:
            raise ValueError(f"no rational lies between {self!r} and {other!r}, in that order")
        bits = 32
        while not self._upper < number._lower:
            self.enclosure(bits)
            number.enclosure(bits)
            bits *= 2
        return (self._upper + number._lower) / 2

    def sign_of(self, p: Sequence[int] | fmpz_poly) -> int:
        """Return the exact sign, -1, 0 or 1, of an integer polynomial at this number."""
        p = p if isinstance(p, fmpz_poly) else fmpz_poly([index(c) for c in p])
        if self.is_rational:
            return sign_at(p, self._lower)
        if p.degree() <= 0:
            return (int(p[0]) > 0) - (int(p[0]) < 0)
        precision = 64
        while True:
            with ctx.workprec(2 * precision):
                value = p(self.ball(precision))
                if not value.contains(0):
                    return 1 if value > 0 else -1
            if precision == 128 and self._is_root_of(p):
                return 0
            precision *= 2

    def _is_root_of(self, p: fmpz_poly) -> bool:
        common = p.gcd(self._polynomial)
        # The gcd divides a polynomial whose only root between the ends is this number, and
        # which does not vanish at the ends: it has that root iff its sign changes.
        return bool(
            common.degree() > 0 and sign_at(common, self._lower) * sign_at(common, self._upper) < 0
        )

    def _compare(self, other: AlgebraicNumber) -> int:
        if other.is_rational:
            return self._compare_rational(other._lower)
        if self.is_rational:
            return -other._compare_rational(self._lower)
        bits = 64
        while not (self._upper <= other._lower or other._upper <= self._lower):
            if bits == 128 and self._equals(other):
                return 0
            self.enclosure(bits)
            other.enclosure(bits)
            bits *= 2
        return -1 if self._upper <= other._lower else 1

    def _compare_rational(self, value: Fraction) -> int:
        if self.is_rational or not self._lower < value < self._upper:
            # An irrational number differs from both ends of its interval.
            lower = self._lower
            return (lower > value) - (lower < value) if lower != value or self.is_rational else 1
        sign = sign_at(self._polynomial, value)
        if sign == 0:  # a rational root not searched for; see `simplified`
            return 0
        return 1 if sign == sign_at(self._polynomial, self._lower) else -1

    def _equals(self, other: AlgebraicNumber) -> bool:
        common = self._polynomial.gcd(other._polynomial)
        lower, upper = max(self._lower, other._lower), min(self._upper, other._upper)
        return bool(
            common.degree() > 0
            and lower < upper
            and sign_at(common, lower) * sign_at(common, upper) < 0
        )

    def __eq__(self, other: object) -> bool:
        """Exact equality of values, regardless of the polynomials."""
        return NotImplemented if (order := self._order(other)) is None else order == 0

    def __lt__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        return NotImplemented if (order := self._order(other)) is None else order < 0

    def __le__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        return NotImplemented if (order := self._order(other)) is None else order <= 0

    def __gt__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        return NotImplemented if (order := self._order(other)) is None else order > 0

    def __ge__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        return NotImplemented if (order := self._order(other)) is None else order >= 0

    def _order(self, other: object) -> int | None:
        """Return -1, 0 or 1, or None if `other` is not an exact number."""
        if isinstance(other, AlgebraicNumber):
            return 0 if self is other else self._compare(other)
        if isinstance(other, int | Fraction) and not isinstance(other, bool):
            return self._compare_rational(Fraction(other))
        return None

    def __hash__(self) -> int:
        """Hash of the value: a rational's own, else that of floor(2^64 x)."""
        return hash(self._lower) if self.is_rational else hash(self._rounded(_floor(2**64)))

    def __float__(self) -> float:
        """Return the nearest double."""
        return float(self._lower) if self.is_rational else self._rounded(float)

    def __repr__(self) -> str:
        """Short form: the closed form if there is one, and 20 digits."""
        text = self.closed_form()
        return f"AlgebraicNumber({text + ' = ' if text else ''}{self.decimal(20)})"

    def _rounded(self, rounding: Callable[[Fraction], _T]) -> _T:
        """Return rounding(self) for an irrational self and a monotone step function."""
        bits = 64
        while True:
            lower, upper = (rounding(end) for end in self.enclosure(bits))
            if lower == upper:
                return lower
            bits *= 2

    def decimal(self, digits: int = 40) -> str:
        """Return the number rounded correctly to `digits` significant digits.

        Rational ties round to even; a decimal expansion that ends sooner is exact and has no
        trailing zeros.
        """
        digits = whole(digits, "digits", 1)
        if self == 0:
            return "0"
        places = digits - 1 - self._decimal_exponent()
        scale = Fraction(10) ** places

        def nearest(value: Fraction) -> int:
            return round(value * scale)

        rounded = nearest(self._lower) if self.is_rational else self._rounded(nearest)
        exact = self.is_rational and rounded == self._lower * scale
        return _positional(rounded, places, strip=exact)

    def _decimal_exponent(self) -> int:
        """Return floor(log10 |x|) of a number that is not zero."""

        def exponent(value: Fraction) -> int:
            value = abs(value)
            if value == 0:  # an interval that still contains zero
                return -(10**9)
            bits = value.numerator.bit_length() - value.denominator.bit_length()
            guess = math.ceil((bits + 1) * math.log10(2))
            while value < Fraction(10) ** guess:
                guess -= 1
            return guess

        return exponent(self._lower) if self.is_rational else self._rounded(exponent)

    def closed_form(self) -> str | None:
        """Return "10/11", "6^(-1/3)", "(2/3)^(1/5)", "(sqrt(5)-1)/2", or None.

        A rational, a root of a rational, or a quadratic surd is recognised.
        """
        form = self.form
        return None if form is None else str(form)

    @property
    def form(self) -> ClosedForm | None:
        """The closed form as a value: a Fraction, a radical, a quadratic surd, or None."""
        return closed_form(self._polynomial, self._lower, self._upper)

    def to_sympy(self) -> sympy.Expr:
        """Return a sympy Rational, root, quadratic surd, or CRootOf."""
        import sympy

        match self.form:
            case Fraction(numerator=top, denominator=bottom):
                return sympy.Rational(top, bottom)
            case Radical(sign, radicand, degree):
                base = sympy.Rational(*radicand.as_integer_ratio())
                return sign * base ** sympy.Rational(1, degree)
            case Surd(shift, factor, square, divisor):
                return (shift + factor * sympy.sqrt(square)) / sympy.Integer(divisor)
        # Cauchy's bound: no root is larger than 1 + max |c_i| / |c_n|.
        bound = 2 + max(map(abs, self.coefficients)) // self.coefficients[-1]
        below = min(self._lower, Fraction(-bound)) - 1
        place = len(list(isolating_intervals(self._polynomial, below, self._lower)))
        symbol = sympy.Symbol("gamma")
        return sympy.CRootOf(sympy.Poly(list(reversed(self.coefficients)), symbol), place)

    def stretched(self, factor: Fraction, shift: Fraction) -> AlgebraicNumber:
        """Return factor * self + shift, for a factor > 0."""
        require(factor, "> 0", factor, "factor")
        back = fmpq_poly([-to_fmpq(shift / factor), to_fmpq(1 / factor)])
        ends = (factor * end + shift for end in (self._lower, self._upper))
        return AlgebraicNumber(fmpq_poly(self._polynomial)(back).numer(), *ends)

    def simplified(self) -> AlgebraicNumber:
        """Return the same number with its rational value or smaller polynomial found."""
        match self.form if self.is_rational or self._is_radical() else None:
            case Fraction() as value:
                return AlgebraicNumber.of(value)
            case Radical(sign, radicand, degree):
                top, bottom = radicand.as_integer_ratio()
                ends = [-(sign**degree) * top, *[0] * (degree - 1), bottom]
                return AlgebraicNumber(ends, *self.enclosure(8))
        [(root, _)] = real_roots(self._polynomial, self._lower, self._upper, single=True)
        return AlgebraicNumber(*root)

    def to_json(self) -> dict[str, Any]:
        """Return the fields polynomial, lower, upper, decimal and closed_form."""
        lower, upper = self.enclosure(64)
        return {
            "polynomial": list(self.coefficients),
            "lower": str(lower),
            "upper": str(upper),
            "decimal": self.decimal(),
            "closed_form": self.closed_form(),
        }


def isolate_roots(
    coefficients: Sequence[int] | fmpz_poly,
    lower: RationalLike = 0,
    upper: RationalLike = 1,
) -> list[AlgebraicNumber]:
    """Return the distinct real roots in the open interval (lower, upper), in order.

    Args:
        coefficients: integers, constant term first; not all zero.

    Raises:
        ValueError: the polynomial is zero, or not lower < upper.

    >>> isolate_roots([-1, 0, 4]), isolate_roots([1, -2])
    ([AlgebraicNumber(1/2 = 0.5)], [AlgebraicNumber(1/2 = 0.5)])
    """
    return [root for root, _ in roots_with_multiplicity(coefficients, lower, upper)]


def roots_with_multiplicity(
    coefficients: Sequence[int] | fmpz_poly,
    lower: RationalLike = 0,
    upper: RationalLike = 1,
) -> list[tuple[AlgebraicNumber, int]]:
    """Return the roots as `isolate_roots` does, each with its multiplicity.

    Source: isolation as in qdecay.exact.algebra.polynomial, on each square-free part.
    """
    roots = real_roots(polynomial(coefficients), rational(lower, "lower"), rational(upper, "upper"))
    found = [(AlgebraicNumber(*root), multiplicity) for root, multiplicity in roots]
    return sorted(found, key=itemgetter(0))


def isolate_quickly(
    p: fmpz_poly, lower: Fraction, upper: Fraction, guess: Fraction | None = None
) -> list[AlgebraicNumber]:
    """Return the roots of `isolate_roots` without a search for rational or smaller forms.

    They compare exactly; hash and printing need `AlgebraicNumber.simplified`.

    Args:
        guess: where the only root may be, for 0 <= lower and upper <= 1; a good guess saves time.
    """
    if guess is not None and lower < guess < upper:
        found = root_near(p, lower, upper, guess, _QUICK_BITS)
        if found is not None:
            return [AlgebraicNumber(*found)]
    roots = real_roots(polynomial(p), lower, upper, search=False)
    return sorted(AlgebraicNumber(*root) for root, _ in roots)


def _floor(scale: int) -> Callable[[Fraction], int]:
    return lambda value: math.floor(value * scale)


def _positional(number: int, places: int, *, strip: bool) -> str:
    """Write number / 10^places without an exponent."""
    sign, digits = "-" if number < 0 else "", str(abs(number))
    if places <= 0:
        return sign + digits + "0" * -places
    digits = digits.rjust(places + 1, "0")
    whole, fraction = digits[:-places], digits[-places:]
    if strip:
        fraction = fraction.rstrip("0")
    return sign + whole + ("." + fraction if fraction else "")
