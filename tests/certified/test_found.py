"""Brackets are put together only where they touch and neither says what is inside."""

from __future__ import annotations

from fractions import Fraction

import pytest

from qdecay.certified.found import FoundBracket, append
from qdecay.certified.result import NOT_SEPARATED, ONE_BREAKPOINT, Sides

QUARTER, HALF, END = Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)
ZERO, ONE, TWO = (0,), (1,), (2,)


def test_two_that_touch_and_are_not_separated_are_one() -> None:
    """Each state's sets are those left of the first bracket and right of the second."""
    first = FoundBracket(QUARTER, HALF, NOT_SEPARATED, {0: Sides(ZERO, ONE), 1: Sides(ZERO, ONE)})
    second = FoundBracket(HALF, END, NOT_SEPARATED, {0: Sides(ONE, TWO), 2: Sides(ONE, ZERO)})
    brackets = [first]
    append(brackets, second)
    changes = {0: Sides(ZERO, TWO), 1: Sides(ZERO, ONE), 2: Sides(ONE, ZERO)}
    assert brackets == [FoundBracket(QUARTER, END, NOT_SEPARATED, changes)]


@pytest.mark.parametrize(
    ("lower", "contents"),
    [
        (Fraction(5, 8), (NOT_SEPARATED, NOT_SEPARATED)),
        (HALF, (NOT_SEPARATED, ONE_BREAKPOINT)),
        (HALF, (ONE_BREAKPOINT, NOT_SEPARATED)),
        (HALF, (ONE_BREAKPOINT, ONE_BREAKPOINT)),
    ],
)
def test_others_stay_apart(lower: Fraction, contents: tuple[str, str]) -> None:
    """Where there is a gap, or one bracket holds one breakpoint."""
    first = FoundBracket(QUARTER, HALF, contents[0], {0: Sides(ZERO, ONE)})
    second = FoundBracket(lower, END, contents[1], {0: Sides(ONE, ZERO)})
    brackets = [first]
    append(brackets, second)
    assert brackets == [first, second]
