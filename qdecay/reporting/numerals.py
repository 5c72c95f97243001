"""Numbers for display, by one rule on pages, in figures and in notebooks.

They have true minus signs; JSON and tables in the terminal keep the hyphen that programs read. An
exact number has its closed form if that is short, and decimals: rounded, or truncated on a page's
slider, where a rounded number could lie beyond the exact one.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from qdecay._support.shown import ExactNumber, shown_decimal, shown_fraction, shown_interval
from qdecay.exact.algebra.number import AlgebraicNumber

_MINUS = re.compile(r"(?<![\w.-])-(?=[\d.]|inf)|(?<=\de)-(?=\d)|(?<= )-(?= \d)")
_FAMILIAR = 20  # the largest denominator that is clearer than finite decimals
_DECIMALS, _EXACT = 6, 8  # of a number that is truncated, and of one that is not
_TINY = Fraction(1, 10**6)


def signed(text: str) -> str:
    """Return a text with true minus signs; hyphens in names stay.

    >>> signed("FrozenLake-v1 earns -1.5e-07, between -2 and 1 - 1e-9")
    'FrozenLake-v1 earns −1.5e−07, between −2 and 1 − 1e−9'
    """
    return _MINUS.sub("−", text)


def decimal(number: ExactNumber | float, digits: int) -> str:
    """Return a number rounded to this many significant digits, as `shown_decimal` does."""
    return signed(shown_decimal(number, digits))


def fraction(number: Fraction, digits: int = 4, longest: int = 12) -> str:
    """Return an exact number unchanged if it is short, as `shown_fraction` does."""
    return signed(shown_fraction(number, digits, longest))


def brief(number: float, digits: int) -> str:
    """Return a float with at most this many digits, and no zeros at its end.

    >>> brief(-0.25, 6), brief(1e-9, 6)
    ('−0.25', '1e−09')
    """
    return signed(f"{number:.{digits}g}")


def interval(ends: tuple[float, float] | None) -> str:
    """Return an interval, each end to a tenth of its width, as `shown_interval` does."""
    return signed(shown_interval(ends))


class Written(NamedTuple):
    """An exact number: whether its closed form is worth reading, "=" or "≈", and its decimals."""

    has_form: bool
    sign: str
    decimals: str


def written(number: AlgebraicNumber, digits: int, longest: int) -> Written:
    """Return how an exact number is written.

    Args:
        number: exact.
        digits: the number of significant digits of the decimals.
        longest: the most characters of a closed form that counts as short.
    """
    form, decimals = number.closed_form(), decimal(number, digits)
    if form is None or len(form) > longest:
        return Written(False, "", decimals)
    if not number.is_rational:
        return Written(True, "≈", decimals)
    if "/" not in form:
        return Written(False, "", signed(form))
    terminates = number == AlgebraicNumber.of(decimals.replace("−", "-"))
    if terminates and number.lower.denominator > _FAMILIAR:
        return Written(False, "", decimals)  # 0.123 is clearer than 123/1000
    return Written(True, "=" if terminates else "≈", decimals)


def page_decimal(number: AlgebraicNumber | float) -> str:
    """Return a gamma, or a parameter's value, at a readable length.

    An exact number of at most eight decimals is written in full; others are truncated after six, or
    after two that distinguish them from 1, with an ellipsis. Below 1e-6 a power of ten is used. A
    float, which is measured, is rounded to six decimals, and a number below 0 to six digits.

    >>> [page_decimal(AlgebraicNumber.of(x)) for x in ("1/2", "2/3", "0.99999999949", "3e-10")]
    ['0.5', '0.666666…', '0.99999999949', '3e−10']
    >>> page_decimal(0.5), page_decimal(2 / 3), page_decimal(AlgebraicNumber.of("-1/3"))
    ('0.5', '0.666667', '−0.333333')
    """
    if not isinstance(number, AlgebraicNumber):
        short = f"{number:.{_DECIMALS}g}"
        return signed(short if float(short) == number else f"{number:.{_DECIMALS}f}")
    if number < 0:
        return decimal(number, _DECIMALS)
    if 0 < number < _TINY:
        return decimal(number, 4)
    places = _decimals(number)
    for digits in (_EXACT, places):
        text = _cut(number, digits)
        if number == Fraction(text):
            return format(Decimal(text).normalize(), "f")
    return f"{text}…"


def _decimals(number: AlgebraicNumber) -> int:
    """Return how many decimals to show: six, or more if they are all 9."""
    bits = 64
    while (ahead := 1 - number.enclosure(bits)[1]) <= 0 and number < 1:
        bits *= 2
    return _DECIMALS if ahead <= 0 else max(_DECIMALS, 3 + math.floor(-math.log10(ahead)))


def _cut(number: AlgebraicNumber, places: int) -> str:
    """Return the first decimals of a number, not rounded."""
    units = math.floor(number.enclosure(64 + 4 * places)[0] * 10**places)
    while number >= Fraction(units + 1, 10**places):
        units += 1
    text = f"{units:0{places + 1}d}"
    return f"{text[:-places]}.{text[-places:]}"
