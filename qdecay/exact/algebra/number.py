"""Real algebraic numbers: an integer polynomial and an interval that holds one of its roots.

Every comparison is decided exactly: intervals are refined until they part, and a common
factor of the two polynomials decides equality. A rational root is always found as such, so
that an open interval means an irrational number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from flint import arb, ctx, fmpz_poly

from qdecay.exact.algebra.closed_form import closed_form, radical, surd
from qdecay.exact.algebra.polynomial import (
    Interval,
    is_binomial,
    isolating_intervals,
    linear,
    polynomial,
    refine,
    sign_at,
    to_exact,
    to_fmpq,
)

if TYPE_CHECKING:
    import sympy

_T = TypeVar("_T")
_FACTOR_DEGREE = 40  # up to here factoring takes milliseconds and gives the minimal polynomial
_SPARSE_DEGREE, _SPARSE_TERMS = 128, 12  # and up to here: what a few rewards far apart lead to


class AlgebraicNumber:
    """A real root of a square-free integer polynomial.

    Compares exactly with other algebraic numbers, ints and Fractions, and hashes alike.

    Attributes:
        coefficients: of the polynomial, constant term first; primitive, leading one positive.
        lower, upper: lower < root < upper with no other root between, or both equal to a
            rational root. They tighten as the number is used.

    >>> half, root = AlgebraicNumber.of(Fraction(1, 2)), isolate_roots([-1, 0, 0, 6])[0]
    >>> half < root < Fraction(3, 5), root.closed_form(), root.decimal(10)
    (True, '6^(-1/3)', '0.5503212081')
    """

    __slots__ = ("_binomial", "_bits", "_lower", "_polynomial", "_upper")

    def __init__(self, coefficients: Sequence[int] | fmpz_poly, lower: Fraction, upper: Fraction):
        """Trusts its arguments; `isolate_roots` is the way to a number from a polynomial."""
        self._polynomial = polynomial(coefficients)
        self._lower, self._upper = lower, upper
        self._binomial: bool | None = None
        self._bits = 0  # the interval is known to be at most 2^-bits wide, if more than 0

    @classmethod
    def of(cls, value: int | Fraction) -> AlgebraicNumber:
        """Return a rational number."""
        value = Fraction(value)
        return cls(linear(value), value, value)

    @property
    def coefficients(self) -> tuple[int, ...]:
        """The polynomial, constant term first."""
        return tuple(int(c) for c in self._polynomial.coeffs())

    @property
    def polynomial(self) -> fmpz_poly:
        """The polynomial as flint keeps it."""
        return self._polynomial

    @property
    def degree(self) -> int:
        """Degree of the polynomial, which is minimal up to degree 40 and for rationals.

        It is minimal up to degree 128 too where no more than 12 of its coefficients are not 0.
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
            self._lower, self._upper = _radical_enclosure(self._polynomial, self._lower >= 0, bits)
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
        """Return a flint ball that holds the number, about `precision` bits tight."""
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
        p = p if isinstance(p, fmpz_poly) else fmpz_poly([int(c) for c in p])
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
        # The gcd divides a polynomial whose one root between the ends is this number, and
        # which does not vanish at the ends: it has that root iff its sign changes.
        return bool(
            common.degree() > 0 and sign_at(common, self._lower) * sign_at(common, self._upper) < 0
        )

    def _compare(self, other: AlgebraicNumber) -> int:
        if other.is_rational:
            return self._compare_rational(other._lower)
        if self.is_rational:
            return -other._compare_rational(self._lower)
        bits = 32
        while not (self._upper <= other._lower or other._upper <= self._lower):
            if bits == 64 and self._equals(other):
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
        if sign == 0:  # a rational root that nobody has looked for; see `simplified`
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
        """Exact equality of values, whatever the polynomials."""
        number = _number(other)
        return NotImplemented if number is None else self is number or self._compare(number) == 0

    def __lt__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        number = _number(other)
        return NotImplemented if number is None else self._compare(number) < 0

    def __le__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        number = _number(other)
        return NotImplemented if number is None else self._compare(number) <= 0

    def __gt__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        number = _number(other)
        return NotImplemented if number is None else self._compare(number) > 0

    def __ge__(self, other: AlgebraicNumber | int | Fraction) -> bool:
        """Exact order of values."""
        number = _number(other)
        return NotImplemented if number is None else self._compare(number) >= 0

    def __hash__(self) -> int:
        """Hash of the value: a rational's own, else that of floor(2^64 x)."""
        return hash(self._lower) if self.is_rational else hash(self._settled(_floor(2**64)))

    def __float__(self) -> float:
        """Return the nearest double."""
        return float(self._lower) if self.is_rational else self._settled(float)

    def __repr__(self) -> str:
        """Short form: the closed form where there is one, and 20 digits."""
        text = self.closed_form()
        return f"AlgebraicNumber({text + ' = ' if text else ''}{self.decimal(20)})"

    def _settled(self, rounding: Callable[[Fraction], _T]) -> _T:
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
        if self == 0:
            return "0"
        places = digits - 1 - self._decimal_exponent()
        scale = Fraction(10) ** places

        def nearest(value: Fraction) -> int:
            return round(value * scale)

        rounded = nearest(self._lower) if self.is_rational else self._settled(nearest)
        exact = self.is_rational and rounded == self._lower * scale
        return _positional(rounded, places, strip=exact)

    def _decimal_exponent(self) -> int:
        """Return floor(log10 |x|) of a number that is not zero."""

        def exponent(value: Fraction) -> int:
            value = abs(value)
            if value == 0:  # an interval that still touches zero
                return -(10**9)
            bits = value.numerator.bit_length() - value.denominator.bit_length()
            guess = math.ceil((bits + 1) * math.log10(2))
            while value < Fraction(10) ** guess:
                guess -= 1
            return guess

        return exponent(self._lower) if self.is_rational else self._settled(exponent)

    def closed_form(self) -> str | None:
        """Return "10/11", "6^(-1/3)", "(2/3)^(1/5)", "(sqrt(5)-1)/2", or None.

        A rational, a root of a rational, or a quadratic surd is recognised.
        """
        return closed_form(self)

    def to_sympy(self) -> sympy.Expr:
        """Return a sympy Rational, root, quadratic surd, or CRootOf."""
        import sympy

        if self.is_rational:
            return sympy.Rational(self._lower.numerator, self._lower.denominator)
        root = radical(self)
        if root is not None:
            sign, ratio, degree = root
            power = sympy.Rational(ratio.numerator, ratio.denominator) ** sympy.Rational(1, degree)
            return sign * power
        if self.degree == 2:
            shift, factor, square, divisor = surd(self)
            return (shift + factor * sympy.sqrt(square)) / sympy.Integer(divisor)
        bound = self._root_bound()
        index = isolate_roots(self._polynomial, -bound, bound).index(self)
        symbol = sympy.Symbol("gamma")
        return sympy.CRootOf(sympy.Poly(list(reversed(self.coefficients)), symbol), index)

    def _root_bound(self) -> int:
        """Return Cauchy's bound 1 + max |c_i| / |c_n|, rounded up: no root is larger."""
        return 2 + max(abs(c) for c in self.coefficients) // self.coefficients[-1]

    def simplified(self) -> AlgebraicNumber:
        """Return the same number with its rational value or smaller polynomial found."""
        if self.is_rational:
            return AlgebraicNumber.of(self._lower)
        root = radical(self) if self._is_radical() else None
        if root is not None:
            sign, ratio, degree = root
            if degree == 1:
                return AlgebraicNumber.of(sign * ratio)
            ends = [-(sign**degree) * ratio.numerator, *[0] * (degree - 1), ratio.denominator]
            return AlgebraicNumber(ends, *self.enclosure(8))
        [number] = isolate_roots(self._polynomial, self._lower, self._upper)
        return number

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
    lower: int | Fraction = 0,
    upper: int | Fraction = 1,
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
    lower: int | Fraction = 0,
    upper: int | Fraction = 1,
) -> list[tuple[AlgebraicNumber, int]]:
    """Return what `isolate_roots` does, each root with its multiplicity.

    Source: isolation as in qdecay.exact.algebra.polynomial, on each square-free part.
    """
    found = []
    for factor, multiplicity in _factors(_checked(coefficients, lower, upper)):
        roots = _roots_of(factor, Fraction(lower), Fraction(upper))
        found += [(root, multiplicity) for root in roots]
    return sorted(found, key=lambda pair: pair[0])


def isolate_quickly(p: fmpz_poly, lower: Fraction, upper: Fraction) -> list[AlgebraicNumber]:
    """Return the roots of `isolate_roots` without a search for rational or smaller forms.

    They compare exactly as always; hash and printing need `AlgebraicNumber.simplified`.
    """
    found = []
    for part in _square_free_parts(_checked(p, lower, upper)):
        found += list(_roots_of(part[0], lower, upper, search=False))
    return sorted(found)


def _checked(
    coefficients: Sequence[int] | fmpz_poly, lower: int | Fraction, upper: int | Fraction
) -> fmpz_poly:
    p = polynomial(coefficients)
    if p.degree() < 0:
        raise ValueError("the zero polynomial vanishes everywhere: it has no isolated roots")
    if lower >= upper:
        raise ValueError(f"lower must be < upper, got {lower} and {upper}")
    return p


def _square_free_parts(p: fmpz_poly) -> list[tuple[fmpz_poly, int]]:
    """Return the square-free parts of positive degree, x and x - 1 apart from all others.

    Advantages often have these two factors: no reward is met for some steps, or two policies earn
    as much at gamma = 1. What is left of them may be a x^n + b, of any degree, which needs no work.
    """
    lowest = next(i for i, c in enumerate(p.coeffs()) if c)
    p, at_one, divisor = p.right_shift(lowest), 0, linear(Fraction(1))
    while p.degree() > 0 and not (parts := divmod(p, divisor))[1]:
        p, at_one = parts[0], at_one + 1
    rest = [(p, 1)] if is_binomial(p) else p.factor_squarefree()[1]
    found = [(linear(Fraction(0)), lowest), (divisor, at_one), *rest]
    return [pair for pair in found if pair[0].degree() > 0 and pair[1] > 0]


def _factors(p: fmpz_poly) -> Iterator[tuple[fmpz_poly, int]]:
    """Yield square-free factors with their multiplicity, irreducible ones if that takes little.

    Where it takes more, a polynomial in x^k is factored as one in x.
    """
    for part, multiplicity in _square_free_parts(p):
        short, k = part.deflation()
        if _is_quickly_factored(part):
            short, k = part, 1
        if short.degree() > 1 and _is_quickly_factored(short):
            for factor, _ in short.factor()[1]:
                yield factor.inflate(int(k)), multiplicity
        else:
            yield part, multiplicity


def _is_quickly_factored(p: fmpz_poly) -> bool:
    """Whether factoring takes milliseconds."""
    degree = p.degree()
    return degree <= _FACTOR_DEGREE or (
        degree <= _SPARSE_DEGREE and sum(c != 0 for c in p.coeffs()) <= _SPARSE_TERMS
    )


def _roots_of(
    p: fmpz_poly, lower: Fraction, upper: Fraction, *, search: bool = True
) -> Iterator[AlgebraicNumber]:
    """Yield the roots of one square-free polynomial strictly between lower and upper."""
    if p.degree() == 1:
        root = Fraction(-int(p[0]), int(p[1]))
        if lower < root < upper:
            yield AlgebraicNumber.of(root)
        return
    for end in (lower, upper):
        if sign_at(p, end) == 0:
            p //= linear(end)
    intervals = []
    for a, b in isolating_intervals(p, lower, upper):
        if a < b:
            intervals.append((a, b))
        else:
            yield AlgebraicNumber.of(a)
            p //= linear(a)
    while search and (rational := _rational_root(p, intervals)) is not None:
        index, root = rational
        yield AlgebraicNumber.of(root)
        del intervals[index]
        p //= linear(root)
    for a, b in intervals:
        yield AlgebraicNumber(p, a, b)


def _rational_root(p: fmpz_poly, intervals: list[Interval]) -> tuple[int, Fraction] | None:
    """Return which interval holds a rational root of p and the root, or None.

    Its denominator divides the leading coefficient and its numerator the constant term:
    a short enough interval leaves one candidate. p(0) != 0 unless 0 was an interval's root.
    """
    if p.degree() <= _FACTOR_DEGREE and p.degree() > 1:
        return None  # irreducible, after _factors
    leading, constant = abs(int(p[p.degree()])), abs(int(p[0]))
    for index, (a, b) in enumerate(intervals):
        a, b = refine(p, a, b, min(leading, constant).bit_length() + 8)
        while not (b - a) * leading < 1:
            if a * b > 0 and (1 / a - 1 / b) * constant < 1:
                break
            a, b = refine(p, a, b, 2 * (b - a).denominator.bit_length())
        intervals[index] = a, b
        for candidate in _candidates(a, b, leading, constant):
            if a <= candidate <= b and sign_at(p, candidate) == 0:
                return index, candidate
    return None


def _candidates(a: Fraction, b: Fraction, leading: int, constant: int) -> Iterator[Fraction]:
    """Yield every k / leading in [a, b], or every constant / k there, whichever is shorter."""
    if (b - a) * leading < 1:
        first = math.ceil(a * leading)
        if first <= b * leading:
            yield Fraction(first, leading)
    else:
        first = math.ceil(constant / b)
        if first != 0 and first <= constant / a:
            yield Fraction(constant, first)


def _radical_enclosure(p: fmpz_poly, positive: bool, bits: int) -> Interval:
    """Return an interval of width <= 2^-bits around +-|c / a|^(1/n), for p = a x^n + c."""
    degree, ratio = p.degree(), abs(Fraction(int(p[0]), int(p[p.degree()])))
    precision = bits + 32 + max(0, ratio.numerator.bit_length() - ratio.denominator.bit_length())
    while True:
        with ctx.workprec(precision):
            root = arb(to_fmpq(ratio)).root(degree)
            low, high = to_exact(root.lower()), to_exact(root.upper())
        # One more grain on either side: the ends must not be the root itself.
        grain = Fraction(1, 2 ** (bits + 2))
        low, high = (math.floor(low / grain) - 1) * grain, (math.ceil(high / grain) + 1) * grain
        if high - low <= 4 * grain:
            low = max(low, Fraction(0))  # the sign is known, and 0 is no root
            return (low, high) if positive else (-high, -low)
        precision *= 2


def _number(value: object) -> AlgebraicNumber | None:
    if isinstance(value, AlgebraicNumber):
        return value
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return AlgebraicNumber.of(value)
    return None


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
