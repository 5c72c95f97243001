"""Exact numbers as users write them: 3, 7/10, 0.7, 1e-3.

Every exact input of qdecay passes through `rational`. It parses text by its own short grammar and
never evaluates it; it refuses floats, because 0.1 as a float is not 1/10.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import isfinite
from numbers import Rational
from sys import float_info
from typing import Any

RationalLike = int | Fraction | Rational | str
"""What `rational` accepts: a whole number, a fraction, or text such as "7/10", "0.7", "1e-3"."""

# Fraction("1e999999999") would try to build that integer; no model needs such a number.
_MINUS = "\N{MINUS SIGN}"  # often found in copied text
_MAX_DIGITS = 4_000
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<num>\d+)\s*/\s*(?P<den>\d+)"
    r"|(?P<int>\d*)(?:\.(?P<frac>\d*))?(?:[eE](?P<exp>[+-]?\d{1,6}))?)",
    re.ASCII,
)


def rational(value: RationalLike, name: str = "value") -> Fraction:
    """Return `value` as an exact fraction.

    Args:
        value: an int, a `fractions.Fraction`, any `numbers.Rational` (sympy's Rational and
            numpy's integers are), or text such as "7/10", "0.7", "-2" or "1e-3".
        name: what the value is, for the error message.

    Raises:
        TypeError: `value` is a float, a bool or not a number.
        ValueError: the text is not a number of that form, has a zero denominator, or has more than
            4,000 digits.

    >>> rational("0.7"), rational("1e-3"), rational("2/4")
    (Fraction(7, 10), Fraction(1, 1000), Fraction(1, 2))
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str):
        return _parse(value, name)
    if isinstance(value, Rational) and not isinstance(value, bool):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, float):
        shown = written(value)
        hint = f'write "{shown}" or a Fraction' if isfinite(value) else "it must be finite"
        raise TypeError(f"{name} must be exact, got the float {shown}: {hint}")
    raise TypeError(f'{name} must be an int, a Fraction or text like "7/10", got {written(value)}')


def written(value: Any) -> str:
    """Return a value as it was written, for a message, on one line of at most 60 characters.

    In files 2.0 is read as the fraction 2/1.

    >>> written(Fraction(2)), written(Fraction(1, 2)), written("2")
    ('2.0', '1/2', "'2'")
    """
    if isinstance(value, float):
        value = float(value)  # numpy prints its own as np.float64(0.1)
    try:
        text = str(value) if isinstance(value, Fraction) else repr(value)
    except ValueError:  # Python does not print integers of more than 4,300 digits
        return f"a number of more than {_MAX_DIGITS:,} digits"
    text = " ".join(text.split())
    if isinstance(value, Fraction) and value.denominator == 1:
        text += ".0"
    return text if len(text) <= 60 else text[:57] + "..."


def nearest_float(value: Fraction) -> float:
    """Return the nearest float of a number in the normal range of floats.

    Raises:
        ValueError: it is 2^1024 or more in size, or below 2^-1022 and not 0; the message continues
            after the number's name.
    """
    if not value:  # most rewards are 0, and fractions take long to divide
        return 0.0
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError("is too large for floats: give rewards in a larger unit") from error
    if abs(number) < float_info.min:
        raise ValueError("is too small for floats: give rewards in a smaller unit")
    return number


def _parse(text: str, name: str) -> Fraction:
    shown = text if len(text) <= 40 else text[:37] + "..."
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= _MAX_DIGITS else None
    if match is None or not (match["num"] or match["int"] or match["frac"]):
        hint = f", whose {_MINUS} is another character than -" if _MINUS in text else ""
        hint += ": a decimal has a point, not a comma" * ("," in text)
        example = '"7/10", "0.7" or "1e-3"'
        raise ValueError(f"{name} must be a number like {example}, got {shown!r}{hint}")
    sign = -1 if match["sign"] == "-" else 1
    if match["num"]:
        if int(match["den"]) == 0:
            raise ValueError(f"{name} has a zero denominator: {shown!r}")
        return Fraction(sign * int(match["num"]), int(match["den"]))
    fraction_digits = match["frac"] or ""
    exponent = int(match["exp"] or 0) - len(fraction_digits)
    if abs(exponent) > _MAX_DIGITS:
        raise ValueError(f"{name} has more than {_MAX_DIGITS} digits: {shown!r}")
    digits = sign * int((match["int"] or "") + fraction_digits)
    if exponent < 0:
        return Fraction(digits, 10**-exponent)
    return Fraction(digits * 10**exponent)
