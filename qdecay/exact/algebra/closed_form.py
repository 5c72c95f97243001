"""Closed forms of algebraic numbers: rationals, roots of rationals, quadratic surds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz, fmpz_poly

from qdecay.exact.algebra.polynomial import is_binomial, sign_at

_SMALL_SQUARES = 1000  # squares of larger primes stay under the root sign, which is still correct


@dataclass(frozen=True)
class Radical:
    """sign * radicand^(1 / degree), with the radicand positive and the degree least, above 1."""

    sign: int
    radicand: Fraction
    degree: int

    def __str__(self) -> str:
        """Return text such as "6^(-1/3)" or "-(2/3)^(1/5)"."""
        top, bottom = self.radicand.as_integer_ratio()
        if top == 1:
            text = f"{bottom}^(-1/{self.degree})"
        elif bottom == 1:
            text = f"{top}^(1/{self.degree})"
        else:
            text = f"({self.radicand})^(1/{self.degree})"
        return text if self.sign > 0 else f"-{text}"


@dataclass(frozen=True)
class Surd:
    """(shift + factor * sqrt(square)) / divisor in lowest terms, with divisor > 0."""

    shift: int
    factor: int
    square: int
    divisor: int

    def __str__(self) -> str:
        """Return text such as "(sqrt(5)-1)/2"."""
        p, q = self.shift, self.factor
        root = f"sqrt({self.square})" if abs(q) == 1 else f"{abs(q)}*sqrt({self.square})"
        if q < 0 < p:
            text = f"{p}-{root}"
        else:
            text = ("-" if q < 0 else "") + root + (f"{p:+d}" if p else "")
        return text if self.divisor == 1 else f"({text})/{self.divisor}"


ClosedForm = Fraction | Radical | Surd


def closed_form(p: fmpz_poly, lower: Fraction, upper: Fraction) -> ClosedForm | None:
    """Return the closed form of a root, if it has one of these.

    Args:
        p: square-free, with a positive leading coefficient.
        lower, upper: p has one root strictly between them, and does not vanish at them; or both
            equal the root.
    """
    if lower == upper:
        return lower
    if is_binomial(p):
        is_positive = int(p[0]) < 0 if p.degree() % 2 else _is_larger(p, lower)
        return _radical(p, 1 if is_positive else -1)
    return _surd(p, _is_larger(p, lower)) if p.degree() == 2 else None


def _is_larger(p: fmpz_poly, lower: Fraction) -> bool:
    """Whether a root right of `lower` is the larger one of two, between which p is negative."""
    return sign_at(p, lower) < 0


def _radical(p: fmpz_poly, sign: int) -> Fraction | Radical:
    """Return the root of a x^n + c that has that sign: |c / a|^(1/n) in size."""
    degree = p.degree()
    top, bottom = abs(int(p[0])), int(p[degree])
    for k in range(degree, 1, -1):
        if degree % k == 0:
            top_root, bottom_root = _exact_root(top, k), _exact_root(bottom, k)
            if top_root is not None and bottom_root is not None:
                top, bottom, degree = top_root, bottom_root, degree // k
                break
    radicand = Fraction(top, bottom)
    return Radical(sign, radicand, degree) if degree > 1 else sign * radicand


def _exact_root(value: int, k: int) -> int | None:
    root = int(fmpz(value).root(k))
    return root if root**k == value else None


def _surd(p: fmpz_poly, is_larger: bool) -> Surd:
    """Return the larger or the smaller root of a quadratic polynomial."""
    c, b, a = (int(coefficient) for coefficient in p.coeffs())
    square, factor = b * b - 4 * a * c, 1
    for k in range(2, _SMALL_SQUARES):
        while square % (k * k) == 0:
            square, factor = square // (k * k), factor * k
    common = math.gcd(b, factor, 2 * a)
    factor = factor if is_larger else -factor
    return Surd(-b // common, factor // common, square, 2 * a // common)
