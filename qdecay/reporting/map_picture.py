"""A map as a picture: areas, the boundaries between them, and places for their labels.

Coordinates are 0 to 1 from left to right in gamma and from the low end of the parameter to the high
one. A boundary is exact on every line of the map and drawn smoothly between lines; towards a line
on which its two areas do not meet it keeps its direction up to halfway, where it ends. Whatever is
closer to 1 than the axis shows is not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.exact.policy_map import MapCurve, MapLine, PolicyMap
from qdecay.reporting.figures import nice_ticks
from qdecay.reporting.numerals import brief
from qdecay.reporting.samples import decades

Floats = NDArray[np.float64]
Point = tuple[float, float]

_CROWDED = 0.9  # where more than half of all boundaries are right of it, 1 - gamma is drawn in logs
_BEHIND = 0.5  # of a decade, at the end of such an axis, for 1 itself
_MOST_DECADES = 10  # more would leave too little width to each
_MOST_MARKS = 5  # of such an axis, besides 1
_CLEAR = 0.88  # right of this, a mark would touch that of 1
_BETWEEN = 12  # points drawn from one line to the next
_RASTER = (180, 240)  # rows and columns in which labels look for room
_FEW = 2  # at most so many tied actions are named
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SYMBOL = 12  # characters of a parameter's name that is used in a formula
_SHORT = 26  # characters of an equation that fits a picture


@dataclass(frozen=True)
class GammaAxis:
    """The gamma axis: linear, or by decades of 1 - gamma.

    Attributes:
        low, high: the range of gamma.
        depth: the decades of 1 - gamma that are drawn; None on a linear axis.
    """

    low: float
    high: float
    depth: float | None = None

    @classmethod
    def of(cls, found: PolicyMap) -> GammaAxis:
        """Return the axis that shows the boundaries of a map best."""
        low, high = map(float, found.gammas)
        points = sorted(gamma for line in found.lines for gamma in line.breakpoints)
        crowded = sum(float(gamma) > _CROWDED for gamma in points) > len(points) / 2
        if not crowded and low < _CROWDED:
            return cls(low, high)
        deep = decades(points[-1:])
        last = -math.log10(1 - high) if high < 1 else min(deep, _MOST_DECADES)
        return cls(low, high, last)

    @property
    def _ends(self) -> Point:
        """Both ends of the axis, in decades of 1 - gamma; 1 itself is beyond the last one."""
        assert self.depth is not None
        return -math.log10(1 - self.low), self.depth + (_BEHIND if self.high == 1 else 0)

    def place(self, gamma: float) -> float:
        """Return where a gamma is drawn, from 0 to 1: at 1 if it is closer to 1 than the axis
        shows."""
        if self.depth is None:
            return (gamma - self.low) / (self.high - self.low)
        if gamma == 1:
            return 1.0
        first, last = self._ends
        return (min(-math.log10(1 - gamma), last) - first) / (last - first)

    def gamma(self, place: float) -> float:
        """Return the gamma that is drawn at a place from 0 to 1."""
        if self.depth is None:
            return self.low + place * (self.high - self.low)
        first, last = self._ends
        return 1 - 10 ** -(first + place * (last - first))

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The marks of the axis, as places and texts."""
        if self.depth is None:
            step = (self.high - self.low) / 5
            gammas = [self.low + k * step for k in range(6)]
            return [(self.place(gamma), f"{gamma:.4g}") for gamma in gammas]
        powers = range(math.ceil(-math.log10(1 - self.low)), int(self.depth) + 1)
        marks = [(self.place(1 - 10.0**-k), _decade(k)) for k in powers]
        marks = marks[:: math.ceil(len(marks) / _MOST_MARKS)]
        return [mark for mark in marks if mark[0] < _CLEAR] + [(1.0, "1")] * (self.high == 1)


def _decade(power: int) -> str:
    """Return 1 - 10^-power as it is written on an axis."""
    if power > 3:
        return f"1−10⁻{str(power).translate(_RAISED)}"
    return f"0.{'9' * power}" if power else "0"


@dataclass(frozen=True)
class Shape:
    """A part of an area: its number, and the corners of its outline."""

    area: int
    corners: tuple[Point, ...]


@dataclass(frozen=True)
class Label:
    """A place where the name of an area fits."""

    area: int
    at: Point


@dataclass(frozen=True)
class _Run:
    """Neighbouring lines that pass the same areas.

    Attributes:
        areas: in order.
        y: heights from the lower end of the run to its upper one.
        x: for each boundary, its places at these heights.
    """

    areas: tuple[int, ...]
    y: Floats
    x: tuple[Floats, ...]

    @property
    def height(self) -> float:
        """The share of the picture's height that it takes."""
        return float(self.y[-1] - self.y[0])

    @property
    def sides(self) -> tuple[Floats, ...]:
        """The boundaries, with the left and the right side of the picture."""
        return (np.zeros_like(self.y), *self.x, np.ones_like(self.y))

    def area_at(self, end: int, x: float) -> int:
        """Return the area at a place of the lower (0) or the upper (-1) end."""
        return self.areas[sum(float(side[end]) < x for side in self.x)]


@dataclass(frozen=True)
class MapPicture:
    """The drawing of a map."""

    found: PolicyMap
    axis: GammaAxis

    @classmethod
    def of(cls, found: PolicyMap) -> MapPicture:
        """Return the picture of a map, on the axis that suits it."""
        return cls(found, GammaAxis.of(found))

    def name(self, area: int, names: Sequence[str]) -> str:
        """Return the names of the best actions in an area of one state."""
        [(state, best)] = self.found.areas[area].items()
        if len(best) > _FEW and len(best) == self.found.line.low.available[state].sum():
            return "any action"
        return " or ".join(names[a] for a in best) or "nothing to do"

    def height(self, value: float) -> float:
        """Return where a value of the parameter is drawn, from 0 to 1."""
        p = self.found.parameter
        return (value - float(p.low)) / float(p.high - p.low)

    @property
    def value_ticks(self) -> list[tuple[float, str]]:
        """The marks of the parameter, as heights and texts."""
        p = self.found.parameter
        values = nice_ticks(float(p.low), float(p.high))
        return [(self.height(value), brief(value, 12)) for value in values]

    @cached_property
    def _runs(self) -> list[_Run]:
        groups: list[list[MapLine]] = []
        for line in self.found.lines:
            if groups and groups[-1][-1].areas == line.areas:
                groups[-1].append(line)
            else:
                groups.append([line])
        heights = [[self.height(float(line.fixed)) for line in group] for group in groups]
        middles = [(one[-1] + two[0]) / 2 for one, two in pairwise(heights)]
        ends = zip([0.0, *middles], [*middles, 1.0], strict=True)
        found = [_heights_drawn(*parts) for parts in zip(heights, ends, strict=True)]
        curves: list[list[Floats]] = [[np.zeros(0)] * len(group[0].breakpoints) for group in groups]
        for chain in _chains([group[0].areas for group in groups]):
            known = [point for run, k in chain for point in self._exact(groups[run], k)]
            at, places = zip(*known, strict=True)
            for run, k in chain:
                curves[run][k] = _smooth(at, places, found[run])
        return [
            _Run(group[0].areas, y, _uncrossed(x))
            for group, y, x in zip(groups, found, curves, strict=True)
        ]

    def _exact(self, lines: Sequence[MapLine], k: int) -> list[Point]:
        """The height and the place of a boundary on each of its lines."""
        places = [self.axis.place(float(line.breakpoints[k])) for line in lines]
        return [(self.height(float(at.fixed)), x) for at, x in zip(lines, places, strict=True)]

    @property
    def shapes(self) -> list[Shape]:
        """The areas, in parts."""
        return [
            Shape(area, (*_points(left, run.y), *_points(right, run.y)[::-1]))
            for run in self._runs
            for area, (left, right) in zip(run.areas, pairwise(run.sides), strict=True)
        ]

    @property
    def edges(self) -> list[tuple[Point, ...]]:
        """The boundaries: across the lines, and between two lines that differ."""
        edges = [edge for run in self._runs for x in run.x for edge in _within(_points(x, run.y))]
        # A single line between two others, such as one on which actions tie, is too thin to see.
        seen = [run for run in self._runs if run.height > 1.5 * self.found.fineness]
        return edges + [step for pair in pairwise(seen) for step in _steps(*pair)]

    def curve(self, curve: MapCurve) -> list[Point]:
        """Return the points of a curve."""
        return [
            (self.axis.place(float(gamma)), self.height(float(value)))
            for gamma, value in curve.points
        ]

    @cached_property
    def _raster(self) -> NDArray[np.int64]:
        """The area at each point of a raster, rows from the low end up."""
        rows, columns = _RASTER
        x = (np.arange(columns) + 0.5) / columns
        raster = np.zeros(_RASTER, dtype=np.int64)
        for row in range(rows):
            y = (row + 0.5) / rows
            run = next(run for run in self._runs if y <= run.y[-1])
            places = [np.interp(y, run.y, side) for side in run.x]
            raster[row] = np.array(run.areas)[np.searchsorted(places, x)]
        return raster

    def labels(self, sizes: Sequence[Point]) -> tuple[list[Label], list[int]]:
        """Return where the names of areas fit, and the areas whose names fit nowhere.

        Args:
            sizes: width and height of the name of each area.

        Each connected part of an area has one label, if there is room.
        """
        placed = [
            Label(area, at)
            for area, size in enumerate(sizes)
            for part in _parts(self._raster == area)
            if (at := _room(part, *size)) is not None
        ]
        named = {label.area for label in placed}
        seen = set(self._raster.ravel().tolist())
        return placed, [area for area in range(len(sizes)) if area in seen - named]


def _heights_drawn(heights: Sequence[float], ends: Point) -> Floats:
    """Return the heights at which the boundaries of a run are drawn."""
    between = [np.linspace(a, b, _BETWEEN, endpoint=False) for a, b in pairwise(heights)]
    return np.concatenate([[ends[0]], *between, [heights[-1], ends[1]]])


def _chains(runs: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Return the boundaries that go on from run to run: between areas that meet once in both.

    Args:
        runs: the areas of each run.

    Returns: for each boundary, its runs and its places among their boundaries.
    """
    chains: list[list[tuple[int, int]]] = []
    before: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for run, areas in enumerate(runs):
        sides = list(pairwise(areas))
        here: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for k, pair in enumerate(sides):
            once = sides.count(pair) == 1
            chain = before[pair] if once and pair in before else []
            if not chain:
                chains.append(chain)
            chain.append((run, k))
            if once:
                here[pair] = chain
        before = here
    return chains


def _uncrossed(curves: Sequence[Floats]) -> tuple[Floats, ...]:
    """Return the boundaries of a run from left to right; two that would cross meet in the middle
    and end there."""
    found: list[Floats] = []
    for curve in curves:
        if found:
            middle = (found[-1] + curve) / 2
            crossed = curve < found[-1]
            found[-1], curve = (
                np.where(crossed, middle, found[-1]),
                np.where(crossed, middle, curve),
            )
        found.append(curve)
    return tuple(np.maximum.accumulate(found)) if found else ()


def _parts(inside: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Yield the connected parts of an area."""
    numbers, count = ndimage.label(inside)
    yield from (numbers == part for part in range(1, count + 1))


def _room(inside: NDArray[np.bool_], width: float, height: float) -> Point | None:
    """Return the middle of a box that fits, as far from the edges as possible."""
    rows, columns = _RASTER
    box = max(1, math.ceil(height * rows)), max(1, math.ceil(width * columns))
    fits = ndimage.minimum_filter(inside, size=box, mode="constant", cval=False)
    if not fits.any():
        return None
    depth = np.where(fits, ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1], -1)
    deepest = np.argwhere(depth >= 0.9 * depth.max())
    centre = ((deepest - deepest.mean(axis=0)) ** 2).sum(axis=1).argmin()
    row, column = deepest[centre].tolist()
    return (column + 0.5) / columns, (row + 0.5) / rows


def _smooth(heights: Sequence[float], places: Sequence[float], y: Floats) -> Floats:
    """Return a curve through exact points that turns only where they do, and straight beyond."""
    if len(heights) == 1:
        return np.full_like(y, places[0])
    from scipy.interpolate import PchipInterpolator  # loads 0.3 s, and few pages have a map

    curve, known = PchipInterpolator(heights, places), np.clip(y, heights[0], heights[-1])
    drawn: Floats = np.clip(curve(known) + curve(known, 1) * (y - known), 0, 1)
    return drawn


def _points(x: Floats, y: Floats) -> list[Point]:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _within(points: Sequence[Point]) -> Iterator[tuple[Point, ...]]:
    """Yield the parts of a boundary that do not run along a side of the picture."""
    for is_side, found in groupby(pairwise(points), lambda two: two[0][0] == two[1][0] in (0, 1)):
        if not is_side:
            pieces = list(found)
            yield pieces[0][0], *(end for _, end in pieces)


def _steps(below: _Run, above: _Run) -> Iterator[tuple[Point, ...]]:
    """Yield the horizontal boundaries between two runs: where the areas on both sides differ."""
    y = float(below.y[-1] + above.y[0]) / 2
    marks = sorted({0.0, 1.0, *(float(x[-1]) for x in below.x), *(float(x[0]) for x in above.x)})
    for left, right in pairwise(marks):
        middle = (left + right) / 2
        if below.area_at(-1, middle) != above.area_at(0, middle):
            yield (left, y), (right, y)


def equation(polynomial: CurvePolynomial, parameter: str) -> str | None:
    """Return a short curve as an equation without minus signs, or None if it is long.

    >>> equation(CurvePolynomial.of({(2, 1): 128, (0, 0): -625}), "R")
    '128 γ² R = 625'
    """
    sides: tuple[list[str], list[str]] = [], []
    for c, *powers in polynomial.terms:
        names = zip(("γ", symbol(parameter)), powers, strict=True)
        parts = [name + (str(n).translate(_RAISED) if n > 1 else "") for name, n in names if n]
        shown = [str(abs(c)), *parts] if abs(c) != 1 or not parts else parts
        sides[c < 0].append(" ".join(shown))
    text = " = ".join(" + ".join(side) or "0" for side in sides)
    return text if len(text) <= _SHORT else None


def symbol(parameter: str) -> str:
    """Return the symbol of a parameter in equations: its name if that is short, otherwise x."""
    return parameter if parameter.isidentifier() and len(parameter) <= _SYMBOL else "x"
