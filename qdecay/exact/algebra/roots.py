"""The real roots of an integer polynomial, each with a short polynomial and an interval.

Roots are isolated on square-free parts (see `qdecay.exact.algebra.polynomial`), on irreducible
factors if factoring is quick. A rational root is always found as such if requested.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from flint import arb, ctx, fmpz_poly

from qdecay.exact.algebra.polynomial import (
    Interval,
    certainly_coprime,
    certainly_irrational,
    closer_interval,
    is_binomial,
    isolating_intervals,
    linear,
    refine,
    roots_bound,
    sign_at,
    to_exact,
    to_fmpq,
    variations,
)

_FACTOR_DEGREE = 40  # up to here factoring takes milliseconds and yields the minimal polynomial
_SPARSE_DEGREE, _SPARSE_TERMS = 128, 12  # and up to here for sparse polynomials


class Root(NamedTuple):
    """The one root of a square-free polynomial strictly between two others, or equal to both."""

    polynomial: fmpz_poly
    lower: Fraction
    upper: Fraction


def rational_root(value: Fraction) -> Root:
    """Return a rational number as a root."""
    return Root(linear(value), value, value)


def real_roots(
    p: fmpz_poly, lower: Fraction, upper: Fraction, *, search: bool = True, single: bool = False
) -> Iterator[tuple[Root, int]]:
    """Yield the distinct roots strictly between lower and upper with their multiplicity.

    Those of one factor come in order, the factors in any.

    Args:
        search: for rational roots and for smaller factors.
        single: whether one root is known to lie there, and to be simple.

    Raises:
        ValueError: the polynomial is zero, or not lower < upper.
    """
    if p.degree() < 0:
        raise ValueError("the zero polynomial vanishes everywhere: it has no isolated roots")
    if lower >= upper:
        raise ValueError(f"lower must be < upper, got {lower} and {upper}")
    for factor, multiplicity in _factors(p) if search else _square_free_parts(p):
        for root in _roots_of(factor, lower, upper, search=search, single=single):
            yield root, multiplicity


def _square_free_parts(p: fmpz_poly) -> list[tuple[fmpz_poly, int]]:
    """Return the square-free parts of positive degree, x and x - 1 apart from all others.

    Advantages often have these two factors: no reward is met for some steps, or two policies earn
    the same at gamma = 1. What remains may be a x^n + b, of any degree, which needs no work.
    """
    p, lowest, at_one = _without_ends(p)
    single = is_binomial(p) or (p.degree() > 0 and certainly_coprime(p, p.derivative()))
    rest = [(p, 1)] if single else p.factor_squarefree()[1]
    found = [(linear(Fraction(0)), lowest), (linear(Fraction(1)), at_one), *rest]
    return [pair for pair in found if pair[0].degree() > 0 and pair[1] > 0]


def _without_ends(p: fmpz_poly) -> tuple[fmpz_poly, int, int]:
    """Return p without factors x and x - 1, and how many of each there were."""
    lowest = next(i for i in range(len(p)) if p[i])
    p, at_one, divisor = p.right_shift(lowest), 0, linear(Fraction(1))
    while p(1) == 0:
        p, at_one = p // divisor, at_one + 1
    return p, lowest, at_one


def root_near(
    p: fmpz_poly, lower: Fraction, upper: Fraction, guess: Fraction, bits: int
) -> Root | None:
    """Return the only root of p strictly between 0 <= lower and upper <= 1, in an interval of width
    <= 2^-bits; None unless Descartes' rule shows it at once and the guess is near.

    The root is simple; the polynomial may have others that are not.
    """
    if is_binomial(p):
        return None  # easy at any degree, as is a p whose signs vary once
    p, _, _ = _without_ends(p)
    if p.degree() < 2 or variations(p) == 1 or roots_bound(p, lower, upper) != 1:
        return None
    closer = closer_interval(p, p.derivative(), (lower, upper), guess, bits)
    return None if closer is None else Root(p, *closer)


def _factors(p: fmpz_poly) -> Iterator[tuple[fmpz_poly, int]]:
    """Yield square-free factors with their multiplicity, irreducible ones if that is quick.

    If it is not, a polynomial in x^k is factored as one in x.
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
    p: fmpz_poly, lower: Fraction, upper: Fraction, *, search: bool, single: bool
) -> Iterator[Root]:
    """Yield the roots of one square-free polynomial strictly between lower and upper."""
    if p.degree() == 1:
        root = Fraction(-int(p[0]), int(p[1]))
        if lower < root < upper:
            yield rational_root(root)
        return
    signs = [sign_at(p, end) for end in (lower, upper)]
    if 0 in signs:
        for end, sign in zip((lower, upper), signs, strict=True):
            p //= linear(end) if sign == 0 else 1
        signs = [sign_at(p, end) for end in (lower, upper)]
    if single and signs[0] == signs[1]:
        return  # the root belongs to another factor
    intervals = []
    for a, b in [(lower, upper)] if single else isolating_intervals(p, lower, upper):
        if a < b:
            intervals.append((a, b))
        else:
            yield rational_root(a)
            p //= linear(a)
    while search and (found := _rational_root(p, intervals)) is not None:
        index, root = found
        yield rational_root(root)
        del intervals[index]
        p //= linear(root)
    for a, b in intervals:
        yield Root(p, a, b)


def refine_radical(p: fmpz_poly, positive: bool, bits: int) -> Interval:
    """Return an interval of width <= 2^-bits around +-|c / a|^(1/n), for p = a x^n + c."""
    degree, ratio = p.degree(), abs(Fraction(int(p[0]), int(p[p.degree()])))
    precision = bits + 32 + max(0, ratio.numerator.bit_length() - ratio.denominator.bit_length())
    while True:
        with ctx.workprec(precision):
            root = arb(to_fmpq(ratio)).root(degree)
            low, high = to_exact(root.lower()), to_exact(root.upper())
        # One more unit on either side: the ends must not be the root itself.
        grain = Fraction(1, 2 ** (bits + 2))
        low, high = (math.floor(low / grain) - 1) * grain, (math.ceil(high / grain) + 1) * grain
        if high - low <= 4 * grain:
            low = max(low, Fraction(0))  # the sign is known, and 0 is not a root
            return (low, high) if positive else (-high, -low)
        precision *= 2


def _rational_root(p: fmpz_poly, intervals: list[Interval]) -> tuple[int, Fraction] | None:
    """Return which interval contains a rational root of p and the root, or None.

    Its denominator divides the leading coefficient and its numerator the constant term, so a short
    enough interval leaves one candidate. p(0) != 0 unless 0 was an interval's root.
    """
    if p.degree() <= _FACTOR_DEGREE and p.degree() > 1:
        return None  # irreducible, after _factors
    if not intervals or certainly_irrational(p):
        return None
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
