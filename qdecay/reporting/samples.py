"""The discount factors that a page shows: a grid, closer steps near 1, every breakpoint, and 1.

The slider only takes these gammas, so that every number shown is exact for that gamma, not
interpolated.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.reporting.numerals import decimal, page_decimal

Gamma = Fraction | AlgebraicNumber
_INSIDE = 3  # minimum number of samples of each region
_PREFERRED = ("8", "6.3", "5", "4", "3.2", "2.5", "2", "1.6", "1.2", "1")  # 1 - gamma, per decade
_CLOSEST = 12  # decades of 1 - gamma at most; closer to 1 only breakpoints are shown


@dataclass(frozen=True)
class Sample:
    """One gamma and its position.

    Attributes:
        gamma: exact, 0 <= gamma <= 1.
        region: number of breakpoints strictly left of it.
        breakpoint, touch: its index if it is one, or None.
    """

    gamma: Gamma
    region: int
    breakpoint: int | None = None
    touch: int | None = None

    @property
    def text(self) -> str:
        """The gamma as a decimal: in full for a grid point, truncated for a breakpoint."""
        if isinstance(self.gamma, AlgebraicNumber):
            return page_decimal(self.gamma)
        gamma = AlgebraicNumber.of(self.gamma)
        return decimal(gamma, 60) if self.breakpoint is None else page_decimal(gamma)


def samples(
    breakpoints: Sequence[AlgebraicNumber], touches: Sequence[AlgebraicNumber], steps: int
) -> list[Sample]:
    """Return the gammas to show, in order, from 0 to 1.

    Args:
        breakpoints, touches: in increasing order.
        steps: of the even grid 0, 1/steps, 2/steps, ... below 1.
    """
    marks: dict[AlgebraicNumber, tuple[int | None, int | None]] = {}
    marks |= {root: (i, None) for i, root in enumerate(breakpoints)}
    marks |= {root: (None, i) for i, root in enumerate(touches)}
    numbers = {Fraction(k, steps) for k in range(steps)} | _near_one(decades(breakpoints))
    points = [AlgebraicNumber.of(number) for number in sorted(numbers)]
    _merge(points, marks)
    _merge(points, list(_fillers(points, breakpoints)))
    result = []
    for point in points:
        breakpoint_, touch = marks.get(point, (None, None))
        gamma = point.lower if point.is_rational else point
        result.append(Sample(gamma, bisect_left(breakpoints, point), breakpoint_, touch))
    return [*result, Sample(Fraction(1), len(breakpoints))]


def _merge(points: list[AlgebraicNumber], more: Iterable[AlgebraicNumber]) -> None:
    """Merge new numbers into the ordered points."""
    for number in more:
        at = bisect_left(points, number)
        if at == len(points) or points[at] != number:
            points.insert(at, number)


def decades(breakpoints: Sequence[AlgebraicNumber]) -> int:
    """Return how many decades of 1 - gamma are needed near 1."""
    if not breakpoints:
        return 3
    gap = 1 - breakpoints[-1].enclosure(64)[0]
    return min(max(3, math.ceil(-math.log10(gap) + 0.5)), _CLOSEST)


def _near_one(depth: int) -> set[Fraction]:
    gaps = (Fraction(f"{m}e-{k}") for k in range(1, depth + 1) for m in _PREFERRED)
    return {1 - gap for gap in gaps}


def _fillers(
    points: Sequence[AlgebraicNumber], breakpoints: Sequence[AlgebraicNumber]
) -> Iterator[AlgebraicNumber]:
    """Yield samples for the regions that the grid misses."""
    ends = [AlgebraicNumber.of(0), *breakpoints, AlgebraicNumber.of(1)]
    for left, right in itertools.pairwise(ends):
        inside = bisect_left(points, right) - bisect_left(points, left) - 1
        if inside < _INSIDE:
            middle = short_between(left, right)
            yield from (short_between(left, middle), middle, short_between(middle, right))


def short_between(left: AlgebraicNumber, right: AlgebraicNumber) -> AlgebraicNumber:
    """Return a decimal with few digits strictly between two numbers, near their middle."""
    bits = 64
    while True:
        low, high = left.enclosure(bits)[1], right.enclosure(bits)[0]
        if high > low and (high - low) * 2**bits > 16:
            break
        bits *= 2
    middle, reach = (low + high) / 2, (high - low) / 4
    digits = 1
    while abs((short := Fraction(round(middle * 10**digits), 10**digits)) - middle) > reach:
        digits += 1
    return AlgebraicNumber.of(short)
