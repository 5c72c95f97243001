"""The ends of regions and of stretches of them, in decimals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber

DIGITS = 10  # of gammas, and of values along a line, in documents
_SHORT = 12  # digits of numbers that are finite decimals
GAMMA, FEW = 7, 4  # digits in sentences: of gammas, of what is earned


def text_of(number: AlgebraicNumber) -> str:
    """Return a gamma, or a value along a line, as it is written in documents."""
    return shown_decimal(number, DIGITS)


def ends_of(lower: AlgebraicNumber, upper: AlgebraicNumber) -> dict[str, str]:
    """Return two of them as the ends of a stretch in documents."""
    return {"lower": text_of(lower), "upper": text_of(upper)}


def inside(low: AlgebraicNumber, high: AlgebraicNumber, digits: int) -> tuple[str, str]:
    """Return decimals between two numbers, near both, with more digits if these leave no room.

    A number that is a short decimal itself is returned as it is.

    >>> inside(AlgebraicNumber.of("1/3"), AlgebraicNumber.of("0.33336"), 4)
    ('0.33334', '0.33336')
    """
    while True:
        unit = 10**digits
        first = math.ceil(low.enclosure(64 + 4 * digits)[0] * unit)
        last = math.floor(high.enclosure(64 + 4 * digits)[1] * unit)
        first += low > Fraction(first, unit)
        last -= high < Fraction(last, unit)
        if first < last:
            break
        digits += 1
    return _near(first, digits, low), _near(last, digits, high)


def _near(end: int, digits: int, number: AlgebraicNumber) -> str:
    """Return end / 10^digits in decimals, or the number near it if that is short."""
    short = round(number.enclosure(64)[0] * 10**_SHORT)
    if number == Fraction(short, 10**_SHORT):
        end, digits = short, _SHORT
    return format(Decimal(end).scaleb(-digits).normalize(), "f")


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and the last of the runs of consecutive numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
