"""A map on a page: its picture, and the data for its two sliders.

The sliders only take points at which the map is exact: the second one the values of its lines, the
first one a grid of gammas and the breakpoints of the line. Nothing is computed in the browser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qdecay.exact.policy_map import MapCurve, MapLine, PolicyMap
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.walked import Sets
from qdecay.reporting import mathml
from qdecay.reporting.figures import BOTTOM, LEFT, RIGHT, TOP, Tick
from qdecay.reporting.map_picture import MapPicture, Point, symbol
from qdecay.reporting.numerals import fraction, page_decimal

MOST_STATES = 100  # up to so many, a page shows all states at a point of the map
_WIDTH, _HEIGHT = 560.0, 380.0
_GAMMAS = 500  # steps of the slider
_LETTER, _LINE = 7.5, 20.0  # pixels that text takes
_CURVES = 40  # in the table


@dataclass(frozen=True)
class Region:
    """A part of an area: what is optimal there, and its outline as SVG path data."""

    actions: tuple[int, ...]
    path: str


@dataclass(frozen=True)
class PageMap:
    """A map whose areas are the optimal actions of one state.

    Attributes:
        found: the map of the start.
        states, actions: their names.
    """

    found: PolicyMap
    states: Sequence[str]
    actions: Sequence[str]

    width, height = _WIDTH, _HEIGHT
    left, right, top, bottom = LEFT, _WIDTH - RIGHT, TOP, _HEIGHT - BOTTOM

    @cached_property
    def picture(self) -> MapPicture:
        """The geometry."""
        return MapPicture.of(self.found)

    @property
    def state(self) -> int:
        """The state whose best actions define the areas."""
        assert self.found.info.start is not None  # a chapter maps the state shown
        return self.found.info.start

    @property
    def state_name(self) -> str:
        """The state's name."""
        return self.states[self.state]

    @property
    def parameter(self) -> str:
        """The name of the parameter."""
        return self.found.parameter.name

    @property
    def symbol(self) -> str:
        """Its symbol in equations."""
        return symbol(self.parameter)

    @property
    def is_small(self) -> bool:
        """Whether the page shows what is optimal in all states."""
        return self.found.line.low.n_states <= MOST_STATES

    def _at(self, point: Point) -> Point:
        x, y = point
        across, up = self.right - self.left, self.bottom - self.top
        return self.left + x * across, self.bottom - y * up

    def _path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(self._at, points))

    def regions(self) -> list[Region]:
        """Return the areas in parts."""
        return [
            Region(self._choice(shape.area), f"{self._path(shape.corners)}Z")
            for shape in self.picture.shapes
        ]

    @property
    def ties(self) -> list[tuple[int, int]]:
        """The first two actions of every area with several."""
        choices = (self._choice(area) for area in range(len(self.found.areas)))
        return sorted({(actions[0], actions[1]) for actions in choices if len(actions) > 1})

    def edges(self) -> str:
        """Return the boundaries as SVG path data."""
        return "".join(self._path(edge) for edge in self.picture.edges)

    def labels(self) -> list[tuple[float, float, str]]:
        """Return the names of the areas, and where they fit."""
        across, up = self.right - self.left, self.bottom - self.top
        texts = [self._name(area) for area in range(len(self.found.areas))]
        sizes = [((len(text) + 1) * _LETTER / across, _LINE / up) for text in texts]
        placed, _ = self.picture.labels(sizes)
        return [(*self._at(label.at), texts[label.area]) for label in placed]

    def x_ticks(self) -> list[Tick]:
        """Return the marks of gamma."""
        return [Tick(self._at((place, 0))[0], text) for place, text in self.picture.axis.ticks]

    def y_ticks(self) -> list[Tick]:
        """Return the marks of the parameter."""
        return [Tick(self._at((0, height))[1], text) for height, text in self.picture.value_ticks]

    def exact_marks(self) -> list[float]:
        """Return the heights at which the map is exact."""
        heights = (self.picture.height(float(line.fixed)) for line in self.found.lines)
        return [self._at((0, height))[1] for height in heights]

    def curves(self) -> list[dict[str, Any]]:
        """Return the table of curves, those with most points first, each with the areas it
        separates."""
        curves = sorted(self.found.curves, key=lambda curve: -len(curve.points))
        return [self._row(curve) for curve in curves[:_CURVES]]

    @property
    def more_curves(self) -> int:
        """How many are not in the table."""
        return max(0, len(self.found.curves) - _CURVES)

    def _row(self, curve: MapCurve) -> dict[str, Any]:
        p = curve.polynomial
        return {
            "equation": None if p is None else mathml.curve(p.terms, self.symbol),
            "written": None if p is None else mathml.written_curve(p.terms, self.symbol),
            "degrees": None if p is None else p.degrees,
            "areas": [self._name(area) for area in curve.areas],
            "points": len(curve.points),
        }

    def _choice(self, area: int) -> tuple[int, ...]:
        return self.found.areas[area][self.state]

    def _name(self, area: int) -> str:
        return self.picture.name(area, self.actions)

    def data(self) -> dict[str, Any]:
        """Return the data for the page's script."""
        policies = _Numbered()
        lines = [self._line(line, policies) for line in self.found.lines]
        gammas = self._gammas()
        axis = self.picture.axis
        return {
            "state": self.state,
            "parameter": self.parameter,
            "box": [self.left, self.top, self.right - self.left, self.bottom - self.top],
            "gammas": gammas,
            "places": [round(axis.place(gamma), 6) for gamma in gammas],
            "lines": lines,
            "policies": policies.sets,
        }

    def _gammas(self) -> list[float]:
        """Return the gammas of the slider, evenly spaced on the axis."""
        axis = self.picture.axis
        inner = (_short(axis.gamma(k / _GAMMAS)) for k in range(1, _GAMMAS))
        return sorted({axis.low, axis.high, *(g for g in inner if axis.low < g < axis.high)})

    def _line(self, line: MapLine, policies: _Numbered) -> dict[str, Any]:
        """Return a line's breakpoints for all states, and the numbers of its optimal sets."""
        found = line.regions
        assert isinstance(found, PolicyRegions)  # over gamma
        state = None if self.is_small else self.state
        points = [point.gamma for point in found.breakpoints]
        one = found.at_one
        return {
            "height": round(self.picture.height(float(line.fixed)), 6),
            "text": fraction(line.fixed),
            "gammas": [float(gamma) for gamma in points],
            "places": [round(self.picture.axis.place(float(gamma)), 6) for gamma in points],
            "texts": [page_decimal(gamma) for gamma in points],
            "sets": [policies.number(sets, state) for sets in found.regions],
            "at": [policies.number(sets, state) for sets in _at_breakpoints(found)],
            "zero": policies.number(found.at_zero, state),
            "one": None if one is None else policies.number(one.optimal_actions, state),
        }


def _short(gamma: float) -> float:
    """Return a gamma to 8 digits, or to as many as give three digits of 1 - gamma."""
    digits = max(8, 3 - math.floor(math.log10(1 - gamma)))
    return float(f"{gamma:.{digits}g}")


def _at_breakpoints(found: PolicyRegions) -> Iterator[Sets]:
    """Yield what is optimal at each breakpoint."""
    for sets, point in zip(found.regions, found.breakpoints, strict=False):
        at = dict(enumerate(sets)) | {s: change.at for s, change in point.changes.items()}
        yield tuple(at.values())


class _Numbered:
    """Sets of all states, each numbered once."""

    def __init__(self) -> None:
        self._numbers: dict[Sets, int] = {}

    def number(self, sets: Sets, state: int | None) -> int:
        """Return the number of the sets, or of those of one state."""
        kept = sets if state is None else (sets[state],)
        return self._numbers.setdefault(kept, len(self._numbers))

    @property
    def sets(self) -> list[Sets]:
        """All sets, by number."""
        return list(self._numbers)
