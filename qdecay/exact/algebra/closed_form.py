"""Closed forms of algebraic numbers: rationals, roots of rationals, quadratic surds."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from flint import fmpz

from qdecay.exact.algebra.polynomial import is_binomial

if TYPE_CHECKING:
    from qdecay.exact.algebra.number import AlgebraicNumber

_SMALL_SQUARES = 1000  # squares of larger primes stay under the root sign, which is still true


def closed_form(number: AlgebraicNumber) -> str | None:
    """Return text such as "10/11", "6^(-1/3)", "(2/3)^(1/5)" or "(sqrt(5)-1)/2", or None."""
    if number.is_rational:
        return str(number.lower)
    root = radical(number)
    if root is not None:
        return _radical_text(*root)
    return _surd_text(*surd(number)) if number.degree == 2 else None


def radical(number: AlgebraicNumber) -> tuple[int, Fraction, int] | None:
    """Return (sign, ratio, n) with number = sign * ratio^(1/n) and n least, or None.

    The polynomial must be a x^n + c; x^n = -c/a is |c/a| up to the sign of the root.
    """
    p, degree = number.polynomial, number.degree
    if not is_binomial(p):
        return None
    top, bottom = abs(int(p[0])), int(p[degree])
    for k in range(degree, 1, -1):
        if degree % k == 0:
            top_root, bottom_root = _exact_root(top, k), _exact_root(bottom, k)
            if top_root is not None and bottom_root is not None:
                top, bottom, degree = top_root, bottom_root, degree // k
                break
    return (1 if number > 0 else -1), Fraction(top, bottom), degree


def surd(number: AlgebraicNumber) -> tuple[int, int, int, int]:
    """Return (p, q, m, d), d > 0, with number = (p + q sqrt(m)) / d, of a quadratic one."""
    c, b, a = number.coefficients
    square, factor = b * b - 4 * a * c, 1
    for k in range(2, _SMALL_SQUARES):
        while square % (k * k) == 0:
            square, factor = square // (k * k), factor * k
    common = math.gcd(b, factor, 2 * a)
    larger = number.sign_of([b, 2 * a]) > 0  # right of the midpoint -b / 2a
    return -b // common, (factor if larger else -factor) // common, square, 2 * a // common


def _exact_root(value: int, k: int) -> int | None:
    root = int(fmpz(value).root(k))
    return root if root**k == value else None


def _radical_text(sign: int, ratio: Fraction, degree: int) -> str:
    if ratio.numerator == 1:
        text = f"{ratio.denominator}^(-1/{degree})"
    elif ratio.denominator == 1:
        text = f"{ratio.numerator}^(1/{degree})"
    else:
        text = f"({ratio})^(1/{degree})"
    return text if sign > 0 else f"-{text}"


def _surd_text(p: int, q: int, square: int, divisor: int) -> str:
    root = f"sqrt({square})" if abs(q) == 1 else f"{abs(q)}*sqrt({square})"
    if p and q < 0 < p:
        text = f"{p}-{root}"
    else:
        text = ("-" if q < 0 else "") + root + (f"{p:+d}" if p else "")
    return text if divisor == 1 else f"({text})/{divisor}"
