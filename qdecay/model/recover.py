"""The rational that a float stands for: 0.1 is 1/10, 0.33333333333333337 is 1/3.

Tables that arrive as floats (Gymnasium's, pymdptoolbox's) were typed as decimals or computed
from small fractions. `recover` undoes that, by three rules in this order:

1. the shortest decimal text of the float has at most 15 significant digits: that decimal;
2. a fraction with denominator at most 10,000 lies within 4 units in the last place: that fraction;
3. a decimal of at most 12 significant digits lies within 4 units in the last place: that decimal.

No float is the nearest to two decimals of 15 digits, so rule 1 never errs for a typed number.
Rules 2 and 3 undo rounding: 1 - 0.9 is 0.09999999999999998. Fewer than 0.31 * 10,000**2 fractions
have such a small denominator, so a random float in [0, 1) satisfies rule 2 with a probability below
1e-7. A float that satisfies no rule has no recovery.

Text files contain both numbers that people typed and numbers that programs printed; see
`number_of_text`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from qdecay_envs.rational import nearest_float, rational

_TYPED_DIGITS = 15
_PRINTED_DIGITS = 17  # enough to distinguish all floats
_ROUNDED_DIGITS = 12
_MAX_DENOMINATOR = 10_000
_ULPS = 4
_REMEDY = (
    'numbers="binary" (--numbers binary) takes each float as the fraction that it is, and '
    "FloatMDP or numeric_policy_regions (--numeric) takes floats"
)

NUMBERS = ("short", "binary")
"""What floats may stand for."""


def recover(value: float) -> Fraction | None:
    """Return the rational that the finite float `value` stands for, or None.

    >>> recover(0.7), recover(1 / 3), recover(1 - 0.9), recover(0.12345678901234567)
    (Fraction(7, 10), Fraction(1, 3), Fraction(1, 10), None)
    """
    if value.is_integer():
        return Fraction(int(value))
    text = repr(value)
    if is_typed(text):
        return Fraction(text)
    exact = value.as_integer_ratio()
    ulp = math.ulp(value).as_integer_ratio()
    small = _nearest(*exact)
    if _is_near(small, exact, ulp):
        return Fraction(*small)
    rounded = Fraction(f"{value:.{_ROUNDED_DIGITS - 1}e}")
    return rounded if _is_near(rounded.as_integer_ratio(), exact, ulp) else None


def _nearest(numerator: int, denominator: int) -> tuple[int, int]:
    """Return the nearest fraction with a denominator of at most `_MAX_DENOMINATOR`.

    Like `Fraction.limit_denominator`, but in integers: a model of 250,000 rows calls it half a
    million times.
    """
    p0, q0, p1, q1 = 0, 1, 1, 0
    n, d = numerator, denominator
    while d:
        a = n // d
        q2 = q0 + a * q1
        if q2 > _MAX_DENOMINATOR:
            break
        p0, q0, p1, q1 = p1, q1, p0 + a * p1, q2
        n, d = d, n - a * d
    else:
        return p1, q1
    k = (_MAX_DENOMINATOR - q0) // q1  # the number lies between p1 / q1 and the last before it
    return (p1, q1) if 2 * d * (q0 + k * q1) <= denominator else (p0 + k * p1, q0 + k * q1)


def _is_near(candidate: tuple[int, int], exact: tuple[int, int], ulp: tuple[int, int]) -> bool:
    """Whether two fractions differ by at most `_ULPS` units in the last place."""
    (p, q), (n, d), (u, v) = candidate, exact, ulp
    return abs(p * d - n * q) * v <= _ULPS * u * q * d


def is_typed(text: str) -> bool:
    """Whether a decimal has at most 15 significant digits, so that a user may have typed it."""
    return _significant_digits(text) <= _TYPED_DIGITS


def number_of_text(text: str, name: str) -> Fraction | float:
    """Return the number of a text file: exact as written, or a float if it is a printed one.

    Printed floats are decimals, with a point or an exponent, of 16 or 17 significant digits; or of
    more, if they are those of a float. (`numpy.savetxt` prints 19.)

    >>> number_of_text("0.10000000000000001", ""), number_of_text("0.10000000000000000001", "")
    (0.1, Fraction(10000000000000000001, 100000000000000000000))

    Raises:
        ValueError: it is not a number, see `qdecay_envs.rational.rational`.
    """
    exact, word = rational(text, name), text.strip().lower()
    if "/" in word or is_typed(word) or not ("." in word or "e" in word):
        return exact
    number, digits = float(word), _significant_digits(word)
    if not math.isfinite(number):
        return exact
    printed = digits <= _PRINTED_DIGITS or Fraction(f"{number:.{digits - 1}e}") == exact
    return number if printed else exact


def _significant_digits(text: str) -> int:
    return len(text.split("e")[0].lstrip("+-").replace(".", "").strip("0"))


class Recovery:
    """Maps the numbers that a reader meets, each float once, and records the mapping."""

    def __init__(self, numbers: str = "short") -> None:
        """Map floats to what they stand for ("short"), or to the fractions they are ("binary")."""
        self.mapped: dict[float, Fraction] = {}
        self._short = numbers == "short"
        self._rational = recover if self._short else Fraction

    def __call__(self, value: Any, name: str) -> Any:
        """Return the number it stands for; `name` is for the error message.

        Raises:
            ValueError: it is not finite, or no rational is near.
        """
        if isinstance(value, Rational | str):
            return rational(value, name)
        # A narrow float is read by its own digits: 0.1 in 32 bits is not 0.1 in 64.
        narrow = self._short and isinstance(value, np.floating)
        number = float(str(value) if narrow else value)
        if number in self.mapped:
            return self.mapped[number]
        if not math.isfinite(number):
            raise ValueError(f"{name} must be finite, got {number}")
        meant = self._rational(number)
        if meant is None:
            raise ValueError(
                f"{name} is {number!r}, which is neither a short decimal nor a small fraction: "
                f"{_REMEDY}"
            )
        self.mapped[number] = meant
        return meant


class Unchanged(Recovery):
    """Returns every number as the nearest float, for models of floats."""

    def __call__(self, value: Any, name: str) -> Any:
        """Return the float; `name` is for the error message.

        Raises:
            ValueError: it is not finite, or its exact number is too large or small for floats.
        """
        if isinstance(value, Rational | str):
            try:
                return nearest_float(rational(value, name))
            except ValueError as error:
                shown = str(error)
                raise ValueError(shown if shown.startswith(name) else f"{name} {shown}") from None
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"{name} must be finite, got {number}")
        return number
