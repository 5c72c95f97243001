"""Where the points of a certificate lie: irreducible factors, and intervals around their roots.

Each interval is so short that no advantage has another root in it; the checker verifies this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from flint import fmpz_poly

from qdecay.exact.algebra.number import AlgebraicNumber, isolate_quickly
from qdecay.exact.algebra.polynomial import polynomial
from qdecay.exact.solver.axis import Advantages

_FEWEST_BITS = 8  # of the interval around a point: more bits lengthen the numbers of a check
_Series = TypeVar("_Series", bound=Advantages)


def places(
    series: Sequence[_Series],
    numbers: Sequence[AlgebraicNumber],
    near: Callable[[_Series, Fraction, Fraction], Iterator[fmpz_poly]],
    at: Sequence[_Series] = (),
) -> Iterator[list[list[int]]]:
    """Yield [f, [c, k]] of each point.

    Args:
        series: the advantages left and right of the points.
        numbers: the points.
        near: yields the advantages that may have a root in an interval.
        at: the advantages at the points, if these are different ones.
    """
    ends = [AlgebraicNumber.of(0), *numbers, AlgebraicNumber.of(1)]
    rooms = [_bits_between(left, right) for left, right in pairwise(ends)]
    factors = [_factor(number) for number in numbers]
    for i, (number, f) in enumerate(zip(numbers, factors, strict=True)):
        bits = max(_FEWEST_BITS, *rooms[i : i + 2])
        others = [other for other in factors[max(i - 1, 0) : i + 2] if other != f]
        lower, upper = number.enclosure(bits)
        reach = Fraction(2, 2**bits)
        for beside in (*series[i : i + 2], *at[i : i + 1]):
            found = near(beside, lower - reach, upper + reach)
            others += [rest for c in found if (rest := _without(c, f)).degree() > 0]
        yield [[int(c) for c in f.coeffs()], _interval(number, f, others, bits)]


def _without(c: fmpz_poly, f: fmpz_poly) -> fmpz_poly:
    """Return c divided by f as often as possible."""
    while c.degree() >= f.degree() and not (parts := divmod(c, f))[1]:
        c = parts[0]
    return c


def _factor(number: AlgebraicNumber) -> fmpz_poly:
    """Return the minimal polynomial of a number."""
    for factor, _ in number.polynomial.factor()[1]:
        if number.sign_of(factor) == 0:
            return polynomial(factor)
    raise AssertionError(f"{number} is not a root of its polynomial")


def _bits_between(left: AlgebraicNumber, right: AlgebraicNumber) -> int:
    """Return k such that intervals of width 2^(1 - k) around the two do not meet."""
    bits = 8
    while True:
        gap = right.enclosure(bits)[0] - left.enclosure(bits)[1]
        if gap > 0:
            return 4 + max(0, gap.denominator.bit_length() - gap.numerator.bit_length())
        bits *= 2


def _interval(
    number: AlgebraicNumber, f: fmpz_poly, others: Sequence[fmpz_poly], bits: int
) -> list[int]:
    """Return [c, k], k >= bits, of an interval that contains no further root of any of these."""
    while True:
        centre = _centre(number, bits)
        if centre is not None:
            lower, upper = (Fraction(2 * centre + side, 2**bits) for side in (-1, 1))
            alone = len(isolate_quickly(f, lower, upper)) == 1
            if alone and not any(isolate_quickly(c, lower, upper) for c in others):
                return [centre, bits]
        bits += 8


def _centre(number: AlgebraicNumber, bits: int) -> int | None:
    """Return c with (2 c - 1) / 2^bits < number < (2 c + 1) / 2^bits; None if number is an end."""
    precision = bits + 8
    while True:
        lower, upper = (end * 2**bits for end in number.enclosure(precision))
        if math.floor((lower + 1) / 2) == math.floor((upper + 1) / 2):
            at_end = lower == upper and (lower + 1) / 2 == lower // 2 + 1
            return None if at_end else math.floor((lower + 1) / 2)
        precision *= 2
