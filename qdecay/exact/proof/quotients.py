"""Values along a model line as quotients of integer polynomials, from samples at rational x."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from qdecay.exact.algebra.polynomial import sign_at

_INSIDE = Fraction(1, 2)


def interpolated(samples: list[list[fmpq]]) -> list[fmpq_poly]:
    """Return the polynomials of degree < m whose values at x = i / (m + 1) are the i-th sample."""
    count, width = len(samples), len(samples[0])
    nodes = [fmpq(i, count + 1) for i in range(1, count + 1)]
    powers = fmpq_mat(count, count, [x**k for x in nodes for k in range(count)])
    found = powers.solve(fmpq_mat(count, width, [number for row in samples for number in row]))
    return [fmpq_poly([found[k, i] for k in range(count)]) for i in range(width)]


def in_integers(polynomials: list[fmpq_poly], squared: int = 0) -> list[object]:
    """Return [d, N] or [d, N, W] in integers, of polynomials d, N_0, N_1, ..., W_0, W_1, ...

    N / d and W / d^2 stay the same, common factors are removed, and d > 0 half way.

    Args:
        squared: how many of the polynomials are W.
    """
    unit = lcm(*(int(p.denom()) for p in polynomials))
    plain = len(polynomials) - squared
    whole = [fmpz_poly((p * unit).numer()) for p in polynomials[:plain]]
    squares = [fmpz_poly((p * unit * unit).numer()) for p in polynomials[plain:]]
    common = whole[0]
    for p in whole[1:]:
        common = common.gcd(p)
    if any(divmod(p, common * common)[1] for p in squares):
        common = fmpz_poly([1])
    if sign_at(whole[0] // common, _INSIDE) < 0:
        common = -common
    d, *numerators = (_coefficients(p // common) for p in whole)
    more = [[_coefficients(p // (common * common)) for p in squares]] if squared else []
    return [d, numerators, *more]


def _coefficients(p: fmpz_poly) -> list[int]:
    return [int(c) for c in p.coeffs()]
