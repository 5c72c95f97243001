"""How the numbers of a model are read, the same for every source.

- `numbers`: "short", each float means the short decimal or small fraction that it stands for, see
  `qdecay.model.recover`; or "binary", each float is the exact binary fraction that it is. Numbers
  in text are exact as written, except printed floats, which are read as floats, see
  `qdecay.model.recover.number_of_text`.
- `normalise`: whether rows whose probabilities sum to 1 within 1e-5 are divided by their sum;
  otherwise they must sum to 1.
- `minimise`: whether rewards are costs, so that each is negated.

Binary fractions need not sum to exactly 1. In rows that do within rounding, (k + 2) * 2^-52 for k
numbers, the largest number is adjusted to make the sum 1. The model's `scaled` has the sum of each
row that was changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypedDict, Unpack

from qdecay._support.checks import choice, instance
from qdecay._support.result import counted
from qdecay.model.recover import NUMBERS, Recovery, Unchanged

Numbers = Literal["short", "binary"]
Pair = tuple[int, int]
"""State and action."""

WITHIN = Fraction(1, 10**5)
"""How far from 1 the sum of a row may be to be normalised."""

_EPS = Fraction(1, 2**52)
_LONGEST = 20  # characters of a sum that a message shows exactly
_NEAR = 1e-9  # sums nearer to 1 are shown by their difference from it
_REMEDY = "normalise=True (--normalise) divides rows within 1e-5 of 1 by their sum"


class RowOptions(TypedDict, total=False):
    """The options of readers that leave numbers unchanged."""

    normalise: bool
    minimise: bool


class ReadingOptions(RowOptions, total=False):
    """The options of readers that map floats to exact numbers."""

    numbers: Numbers


@dataclass(frozen=True)
class Reading:
    """How numbers are read; see the module.

    Attributes:
        numbers: what floats stand for.
        normalise: whether rows that nearly sum to 1 are divided by their sum.
        minimise: whether rewards are costs.

    Raises:
        TypeError, ValueError: an option is not one of these.
    """

    numbers: Numbers = "short"
    normalise: bool = False
    minimise: bool = False

    def __post_init__(self) -> None:
        """Check the options."""
        choice(self.numbers, "numbers", NUMBERS)
        for name in ("normalise", "minimise"):
            instance(getattr(self, name), bool, name, "True or False")

    @property
    def worst(self) -> float:
        """The reward that marks an unavailable action in arrays, besides nan."""
        return math.inf if self.minimise else -math.inf

    def recovery(self) -> Recovery:
        """Return what maps a reader's numbers to rationals."""
        return Recovery(self.numbers)

    def reward(self, number: Fraction) -> Fraction:
        """Return the reward for a number of the source: negated if it is a cost."""
        return -number if self.minimise else number

    def summing_to_one(self, pair: Pair, row: list[Fraction]) -> list[Fraction]:
        """Return the probabilities of a state and action, made to sum to 1.

        Short numbers are divided by their sum. Binary ones are then rounded to floats, if
        necessary, and the largest takes the rest, so that all denominators remain powers of two:
        exact solvers work with the common denominator, to which every arbitrary sum would add 53
        bits.

        Raises:
            ValueError: the sum is too far from 1 to be normalised.
        """
        total = sum(row, Fraction(0))
        distance = abs(total - 1)
        rounds = self.numbers == "binary"
        is_rounding = rounds and distance <= (len(row) + 2) * _EPS
        if not (is_rounding or (self.normalise and distance <= WITHIN)):
            raise off_one("state {}, action {}".format(*pair), total)
        if not is_rounding:
            row = [p / total for p in row]
        if rounds:
            row = [Fraction(float(p)) for p in row]
            largest = max(range(len(row)), key=row.__getitem__)
            row[largest] += 1 - sum(row)
        return row

    def remarks(self, scaled: Mapping[Pair, Fraction]) -> tuple[str, ...]:
        """Return a remark on the rows that were divided by these sums, except for rounding."""
        if not scaled or not self.normalise:
            return ()
        furthest = max(abs(total - 1) for total in scaled.values())
        rows = counted(len(scaled), "row")
        return (f"divided {rows} of probabilities by sums within {float(furthest):.1e} of 1",)


class FloatReading(Reading):
    """How numbers are read that stay floats, for which `numbers` means nothing.

    Raises:
        TypeError, ValueError: as for any `Reading`, or `numbers` is given.
    """

    def __init__(self, **options: Unpack[ReadingOptions]) -> None:
        """Refuse `numbers`, and check the others."""
        if "numbers" in options:
            raise TypeError("numbers applies only to exact models: floats are taken as they are")
        super().__init__(**options)

    def recovery(self) -> Recovery:
        """Return what maps a reader's numbers to floats."""
        return Unchanged()


def off_one(where: str, total: Fraction) -> ValueError:
    """Return the error for a row that does not sum to 1, with the remedy if there is one."""
    shown = str(total)
    if len(shown) > _LONGEST:
        off = float(total - 1)
        shown = f"{float(total):.12g}" if abs(off) > _NEAR else f"1 {'-+'[off > 0]} {abs(off):.2g}"
    hint = f": {_REMEDY}" if abs(total - 1) <= WITHIN else ""
    return ValueError(f"{where}: probabilities sum to {shown}, not 1{hint}")
