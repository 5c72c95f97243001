"""Numbers for display: rounded correctly, never truncated, with powers of ten where needed."""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Protocol


class ExactNumber(Protocol):
    """A real number that can be written in decimals."""

    def decimal(self, digits: int) -> str:
        """Return the number rounded to this many significant digits."""

    def __lt__(self, other: int) -> bool:
        """Whether it is smaller."""


_SMALLEST = -6  # the smallest power of ten that is written out
_LEAST_PERCENT = 1e-4  # smaller losses look like rounding errors
_UNITS = ((86400, "days", "d"), (3600, "hours", "h"), (60, "minutes", "min"))


def shown_decimal(number: ExactNumber | float, digits: int) -> str:
    """Return a number rounded to this many significant digits.

    A number below 1e-6, or with more than `digits` digits before the point, is written with a power
    of ten. A number below 1 that would read as 1 gets the digits that distinguish it.

    Args:
        number: exact, or a float.
        digits: at least 1.

    >>> from qdecay.exact.algebra.number import AlgebraicNumber
    >>> [shown_decimal(AlgebraicNumber.of(x), 4) for x in ("1/3", "1/2", "2e-300")]
    ['0.3333', '0.5', '2e-300']
    >>> [shown_decimal(x, 4) for x in (0.5, 0.00123456, 1.23456e-40, 0.99999999)]
    ['0.5000', '0.001235', '1.235e-40', '0.99999999']
    """
    value = Decimal(_rounded(number, digits))
    if not value.is_finite():
        return str(number)
    if value and not _SMALLEST <= value.adjusted() < digits:
        return format(value, "e" if value.adjusted() < 0 else f".{digits - 1}e")
    while value == 1 and number < 1:
        digits *= 2
        value = Decimal(_rounded(number, digits))
    return format(value, "f")


def shown_fraction(number: Fraction, digits: int = 4, longest: int = 12) -> str:
    """Return an exact number as text that fits a drawing: unchanged if it is short.

    Others are rounded, with an approximation sign unless the rounded number is equal.

    Args:
        number: exact.
        digits: significant digits of a rounded number, at least 1.
        longest: the most characters of a number that is written unchanged.

    >>> [shown_fraction(Fraction(x)) for x in ("1/3", "1e-30", "4.0000019e-30", "-1e40")]
    ['1/3', '1e-30', '≈4.000e-30', '-1e+40']
    """
    text = str(number)
    if len(text) <= longest:
        return text
    context = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN)
    value = context.divide(Decimal(number.numerator), Decimal(number.denominator))
    is_same = Fraction(value) == number
    shown = value.normalize(context) if is_same else value
    plain = _SMALLEST <= value.adjusted() < digits
    return ("" if is_same else "≈") + format(shown, "f" if plain else "e")


def _rounded(number: ExactNumber | float, digits: int) -> str:
    if isinstance(number, float | int):
        return f"{number:#.{digits}g}" if digits < 17 else repr(float(number))
    return number.decimal(digits)


def percent(share: float | Fraction, digits: int = 3) -> str:
    """Return a share in percent, to so many digits; more where it would read as 100 and is not.

    Zeros at the end say that it is rounded.

    >>> [percent(share) for share in (0.5, 0.035, 0.74019, 0.0522, 0.99999, 1.0, 123.456)]
    ['50 %', '3.5 %', '74.0 %', '5.22 %', '99.999 %', '100 %', '12,346 %']
    >>> percent(1 / 3, 4), percent(1e-30), percent(float("inf"))
    ('33.33 %', '< 0.0001 %', 'without limit')
    """
    value = 100 * float(share)
    if math.isinf(value):
        return "without limit"
    if 0 < value < _LEAST_PERCENT:
        return f"< {_LEAST_PERCENT:g} %"
    if value >= 10**digits:
        return f"{value:,.0f} %"
    while value != 100 and float(f"{value:.{digits}g}") == 100:
        digits += 1
    is_whole = math.isclose(float(f"{value:.{digits}g}"), value, rel_tol=1e-12)
    return f"{value:{'' if is_whole else '#'}.{digits}g}".rstrip(".") + " %"


def shortest(number: float) -> str:
    """Return a user's float by the shortest text that identifies it.

    >>> shortest(0.9), shortest(1), shortest(0.99999999)
    ('0.9', '1', '0.99999999')
    """
    return repr(float(number)).removesuffix(".0") if math.isfinite(number) else str(number)


def duration(seconds: float, *, brief: bool = False) -> str:
    """Return a time in the unit that suits it.

    >>> duration(5), duration(90), duration(200_000)
    ('5.0 seconds', '1.5 minutes', '2.3 days')
    >>> duration(5, brief=True), duration(90, brief=True), duration(200_000, brief=True)
    ('5.0 s', '1.5 min', '2.3 d')
    """
    for size, name, symbol in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {symbol if brief else name}"
    return f"{seconds:.1f} {'s' if brief else 'seconds'}"


def shown_interval(ends: tuple[float, float] | None) -> str:
    """Return an interval in text, each end to a tenth of its width; "undecided" for None.

    >>> shown_interval((0.59764, 0.62177)), shown_interval((2.0, 2.0)), shown_interval(None)
    ('0.598 to 0.622', '2', 'undecided')
    """
    if ends is None:
        return "undecided"
    low, high = ends
    if low == high or not math.isfinite(high - low):
        texts = [f"{end:.7g}" for end in ends]
        return texts[0] if low == high else " to ".join(texts)
    places = max(0, 1 - math.floor(math.log10(high - low)))
    return f"{low:.{places}f} to {high:.{places}f}"


def bracket_decimal(lower: Fraction, upper: Fraction) -> tuple[str, int]:
    """Return the middle of a bracket in (0, 1), to the digit that its width leaves uncertain.

    Also return how many units of that digit, 1 to 9, the ends are away from it at most.

    >>> bracket_decimal(Fraction("0.81165085215"), Fraction("0.81165085245"))
    ('0.8116508523', 2)
    >>> bracket_decimal(Fraction(1, 3), Fraction(1, 3))  # nothing is uncertain but the rounding
    ('0.3333333333333', 1)
    """
    half, middle = (upper - lower or Fraction(1, 10**12)) / 2, (lower + upper) / 2
    places = 2 + math.floor(math.log10(half.denominator) - math.log10(half.numerator))
    units = 10
    while units > 9:
        places -= 1
        digits = round(middle * 10**places)
        at = Fraction(digits, 10**places)
        units = math.ceil(max(upper - at, at - lower) * 10**places)
    text = str(digits).zfill(places + 1)
    return f"{text[:-places]}.{text[-places:]}", units


def shown_bracket(lower: Fraction, upper: Fraction) -> str:
    """Return a bracket in (0, 1) as text, with the uncertainty of the last digit in parentheses.

    >>> shown_bracket(Fraction("0.81165085215"), Fraction("0.81165085245"))
    '0.8116508523(2)'
    """
    text, units = bracket_decimal(lower, upper)
    return f"{text}({units})"


def shown_up_to(number: Fraction) -> str:
    """Return a number in (0, 1) as text, rounded down; near 1, by its distance from 1.

    >>> [shown_up_to(Fraction(x)) for x in ("0.97968", "999999999/1000000000", "0.9991307")]
    ['0.9796', '1 - 1e-9', '1 - 0.00087']
    """
    if number > Fraction(999, 1000):
        return f"1 - {shown_beside(1 - number, 2, up=True)}"
    return shown_beside(number, 4, up=False)


def shown_beside(number: Fraction, digits: int, *, up: bool) -> str:
    """Return a number in [0, 1] rounded up, or down, to this many significant digits.

    >>> shown_beside(Fraction(2, 3), 4, up=True), shown_beside(Fraction(2, 3), 4, up=False)
    ('0.6667', '0.6666')
    """
    context = Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    value = context.divide(Decimal(number.numerator), Decimal(number.denominator))
    value = value.normalize(context)
    return format(value, "f" if value.adjusted() >= _SMALLEST else "e")
