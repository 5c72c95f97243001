"""Positions of numbers on the axis of a picture, as shares of its width, to fit every cell.

Gamma goes from 0 to 1 evenly, or, where breakpoints crowd near 1, evenly in log(1 - gamma): the
places of 0.9, 0.99 and 0.999 are equally far apart then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from markupsafe import Markup

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.line import Parameter
from qdecay.reporting.figures import nice_ticks
from qdecay.reporting.numerals import brief, fraction
from qdecay.reporting.views.markup import joined, tag

Number = AlgebraicNumber | Fraction | float
_APART = 1 / 60  # of the width: nearer to each other, breakpoints crowd
_DEEPEST = 12  # decades of 1 - gamma
_TICKS = 6
_HALF = 0.07  # of the width: the mark at 1/2 needs as much beside that at 0
_WIDE = math.log(100)  # of a logarithmic axis: from here on only powers of ten are marked
_FEWEST = 4  # marks of a logarithmic axis; a narrower one has even steps


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        name: what it measures.
        place: a function from a number to its position, from 0 at the left end to 1 at the right.
        ticks: places with their text, in order.
    """

    name: str
    place: Callable[[Number], float]
    ticks: tuple[tuple[float, str], ...]

    def html(self) -> Markup:
        """Return the ticks and the name, to put under the picture."""
        return joined([self.scale(), tag("p", self.name, class_="axis-name")])

    def scale(self) -> Markup:
        """Return the ticks."""
        marks = [
            tag("span", text, style=f"left: {100 * at:.2f}%", class_=_end(at))
            for at, text in self.ticks
        ]
        return tag("div", *marks, class_="axis")


def gamma_axis(numbers: Sequence[Number]) -> Axis:
    """Return the axis of gamma on which these numbers are spread best."""
    even = _even("discount factor γ", 0.0, 1.0, float)
    places = [float(number) for number in numbers]
    if min(_distances(places)) >= _APART:
        return even
    spread = log_gamma_axis(numbers)
    wider = _spread([spread.place(number) for number in numbers]) > _spread(places)
    return spread if wider else even


def log_gamma_axis(numbers: Sequence[Number]) -> Axis:
    """Return the axis of gamma, evenly in log(1 - gamma), up to the largest of some numbers."""
    gaps = [_gap(number) for number in numbers]
    depth = min(math.ceil(-math.log10(max(min(gaps), 10.0**-_DEEPEST))) + 0.5, _DEEPEST)

    def place(number: Number) -> float:
        gap = _gap(number)
        return 1.0 if gap <= 0 else min(-math.log10(gap) / depth, 1.0)

    step = math.ceil(depth / _TICKS)
    nines = range(step, math.floor(depth) + 1, step)
    half = [(place(0.5), "0.5")] if place(0.5) > _HALF else []
    ticks = [(0.0, "0"), *half, *((k / depth, _nines(k)) for k in nines)]
    return Axis("discount factor γ, log scale of 1 − γ", place, tuple(ticks))


def parameter_axis(parameter: Parameter) -> Axis:
    """Return the axis of the parameter of a model line."""
    low, high = parameter.low, parameter.high

    def place(number: Number) -> float:
        return float((_fraction(number) - low) / (high - low))

    found = _even(parameter.name, float(low), float(high), place)
    ends = ((0.0, fraction(low)), (1.0, fraction(high)))
    inner = [(at, text) for at, text in found.ticks if 0.12 < at < 0.88]
    return Axis(found.name, place, (ends[0], *inner, ends[1]))


def even_axis(name: str, low: float, high: float) -> Axis:
    """Return an axis of floats."""
    return _even(name, low, high, lambda number: (float(number) - low) / (high - low))


def log_axis(name: str, low: float, high: float) -> Axis:
    """Return an axis of positive floats by their logarithm."""
    span = math.log(high / low)

    def place(number: Number) -> float:
        return math.log(float(number) / low) / span

    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if span < _WIDE else (1,)
    values = [m * 10.0**k for k in range(first, last + 1) for m in steps]
    kept = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    if len(kept) < _FEWEST:
        kept = nice_ticks(low, high)
    return Axis(name, place, tuple((place(value), brief(value, 12)) for value in kept))


def _even(name: str, low: float, high: float, place: Callable[[Number], float]) -> Axis:
    ticks = tuple((place(value), brief(value, 12)) for value in nice_ticks(low, high))
    return Axis(name, place, ticks)


def _end(at: float) -> str | None:
    return "first" if at < 0.02 else "last" if at > 0.98 else None


def _spread(places: Iterable[float]) -> float:
    """Return how well positions are spread: the sum of the logarithms of their distances."""
    return sum(map(math.log, _distances(places)))


def _distances(places: Iterable[float]) -> list[float]:
    ends = sorted({0.0, 1.0, *places})
    return [right - left for left, right in pairwise(ends)]


def _gap(number: Number) -> float:
    """Return 1 - gamma, without loss of digits near 1."""
    return float(1 - _fraction(number))


def _fraction(number: Number) -> Fraction:
    if isinstance(number, AlgebraicNumber):
        return number.enclosure(64)[0]
    return number if isinstance(number, Fraction) else Fraction(number)


def _nines(k: int) -> str:
    return f"0.{'9' * k}" if k < 5 else f"1 − 1e−{k}"
