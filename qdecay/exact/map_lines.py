"""The lines of a map: where areas meet on each of them, and which lines are added.

Lines of fixed parameter are added halfway between two neighbours, down to a stated distance, if the
two pass different areas, if a boundary moves far from one to the other or changes its polynomial,
or if a line of fixed gamma has an area between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from qdecay._support.checks import RationalLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress
from qdecay._support.result import Record
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.map_curves import Boundary, MapCurve, Traced
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.solver.line_advantage import LineAdvantages
from qdecay.exact.walked import Actions
from qdecay.model.line import ModelLine
from qdecay_envs.rational import rational

_ROWS = 17  # lines of fixed parameter to begin with, both ends included
_LEAST_SECONDS = 1e-3  # time limits must be > 0
_FAR = 1 / 16  # of gamma's range: if a boundary moves further between two lines, one is added
_MUCH_CLOSER = 2  # likewise, to 1: values change with 1 / (1 - gamma)
Area = Mapping[int, Actions]
"""The optimal actions, in an area, of the states that define it."""


@dataclass(frozen=True, eq=False, repr=False)
class MapLine(Record):
    """The map on a line where one of its two numbers is fixed; exact.

    Attributes:
        fixed: the value of that number: of the parameter, or a gamma.
        breakpoints: the values of the other number at which areas meet, in order.
        areas: the areas between them, as indices of `PolicyMap.areas`: one more than breakpoints.
        regions: the policy regions on the line, for all states.
    """

    fixed: Fraction
    breakpoints: tuple[AlgebraicNumber, ...]
    areas: tuple[int, ...]
    regions: PolicyRegions | LineRegions = field(repr=False)

    def area_of(self, number: RationalLike | AlgebraicNumber) -> int | None:
        """Return the index of the area at a value of the number that is not fixed; None at a
        breakpoint."""
        if not isinstance(number, AlgebraicNumber):
            number = AlgebraicNumber.of(rational(number, "number"))
        place = sum(point < number for point in self.breakpoints)
        on_one = place < len(self.breakpoints) and self.breakpoints[place] == number
        return None if on_one else self.areas[place]

    def _to_json(self, fixed: str) -> dict[str, Any]:
        """Return the fields as in the document; `fixed` is the name of the fixed number."""
        points = [point.to_json() for point in self.breakpoints]
        return {fixed: str(self.fixed), "breakpoints": points, "areas": list(self.areas)}


_Label = tuple[tuple[int, Actions], ...]


@dataclass(frozen=True)
class _Solved:
    """A solved line whose areas are not yet numbered.

    Attributes:
        regions: of all states.
        places: of the breakpoints at which an area ends, among all.
        areas: what is optimal between them.
    """

    regions: PolicyRegions | LineRegions
    places: tuple[int, ...]
    areas: tuple[_Label, ...]

    @property
    def breakpoints(self) -> tuple[AlgebraicNumber, ...]:
        return tuple(self.regions.breakpoints[place].number for place in self.places)

    def hides_between(self, low: Fraction, high: Fraction) -> bool:
        """Whether between two of its values it passes an area that is at neither."""
        first = sum(point <= low for point in self.breakpoints)
        last = sum(point < high for point in self.breakpoints)
        passed = self.areas[first : last + 1]
        return not {passed[0], passed[-1]}.issuperset(passed)


def differ(a: _Solved | MapLine, b: _Solved | MapLine) -> bool:
    """Whether two lines over gamma pass different areas, or a boundary moves far between them."""
    if a.areas != b.areas:
        return True
    for one, other in zip(a.breakpoints, b.breakpoints, strict=True):
        gaps = sorted((1 - float(one), 1 - float(other)))
        if gaps[1] - gaps[0] > _FAR or gaps[1] > _MUCH_CLOSER * gaps[0]:
            return True
    return False


class Lines:
    """The lines of a map as they are found.

    Attributes:
        rows: by the value of the parameter.
        columns: by gamma.
    """

    def __init__(
        self,
        line: ModelLine,
        gammas: tuple[Fraction, Fraction],
        of: str,
        start: int | None,
        fineness: Fraction,
    ) -> None:
        self.line, self.gammas, self.of, self.start = line, gammas, of, start
        self.fineness = fineness
        self.rows: dict[Fraction, _Solved] = {}
        self.columns: dict[Fraction, _Solved] = {}

    def solve(self, columns: int, deadline: Deadline, report: OnProgress) -> list[MapCurve]:
        """Find the first lines, then those between neighbours that differ; return the curves."""
        p, advantages = self.line.parameter, LineAdvantages(self.line)
        waiting = _even(p.low, p.high, _ROWS - 1)
        across = _even(*self.gammas, columns + 1)[1:-1]
        total = len(waiting) + len(across)
        report(Progress(0, total, "lines"))
        for gamma in across:
            self.columns[gamma] = self._column(gamma, deadline)
            report(Progress(len(self.columns), total, "lines"))
        while True:
            total = len(self.rows) + len(self.columns) + len(waiting)
            for value in waiting:
                self.rows[value] = self._row(value, deadline)
                report(Progress(len(self.rows) + len(self.columns), total, "lines"))
            found = Traced(*self._boundaries(), advantages, deadline)
            step = self.fineness * (p.high - p.low)
            pairs = [(a, b) for a, b in pairwise(sorted(self.rows)) if b - a > step]
            waiting = [(a + b) / 2 for a, b in pairs if (a, b) in found.breaks or self._open(a, b)]
            if not waiting:
                return found.curves()

    def _open(self, low: Fraction, high: Fraction) -> bool:
        """Whether two neighbouring rows differ, or a column has something between them."""
        between = (column.hides_between(low, high) for column in self.columns.values())
        return differ(self.rows[low], self.rows[high]) or any(between)

    def _row(self, value: Fraction, deadline: Deadline) -> _Solved:
        model, low, high = self.line.at(value), *self.gammas
        with _within(deadline) as limit:
            found = policy_regions(model, start=self.start, max_seconds=limit)
        return self._solved(found, low, high)

    def _column(self, gamma: Fraction, deadline: Deadline) -> _Solved:
        p = self.line.parameter
        with _within(deadline) as limit:
            found = policy_regions(self.line, gamma=gamma, start=self.start, max_seconds=limit)
        return self._solved(found, p.low, p.high)

    def _solved(self, found: PolicyRegions | LineRegions, low: Fraction, high: Fraction) -> _Solved:
        """Return a line with its areas between two ends."""
        numbers = [point.number for point in found.breakpoints]
        areas = [self._label(found, sum(number <= low for number in numbers))]
        places = []
        for place, number in enumerate(numbers):
            if low < number < high and (label := self._label(found, place + 1)) != areas[-1]:
                places.append(place)
                areas.append(label)
        return _Solved(found, tuple(places), tuple(areas))

    def _label(self, found: PolicyRegions | LineRegions, region: int) -> _Label:
        sets = found.regions[region]
        if self.of == "all":
            return tuple(enumerate(sets))
        assert self.start is not None
        states = [self.start] if self.of == "start" else found.reached(region)
        return tuple((s, sets[s]) for s in states)

    def numbers(self) -> dict[_Label, int]:
        """Number the areas in order of appearance."""
        lines = [*_sorted(self.rows), *_sorted(self.columns)]
        labels = dict.fromkeys(label for _, found in lines for label in found.areas)
        return {label: number for number, label in enumerate(labels)}

    def _boundaries(self) -> tuple[list[list[Boundary]], list[list[Boundary]]]:
        """Return the points at which areas meet, of each row and of each column."""
        numbers = self.numbers()

        def of_line(fixed: Fraction, found: _Solved, is_gamma: bool) -> list[Boundary]:
            regions = found.regions
            return [
                Boundary(
                    fixed,
                    is_gamma,
                    regions.breakpoints[place],
                    regions.regions[place],
                    regions.regions[place + 1],
                    frozenset(s for label in labels for s, _ in label),
                    (numbers[labels[0]], numbers[labels[1]]),
                )
                for place, labels in zip(found.places, pairwise(found.areas), strict=True)
            ]

        rows = [of_line(*line, False) for line in _sorted(self.rows)]
        return rows, [of_line(*line, True) for line in _sorted(self.columns)]

    def numbered(self, lines: dict[Fraction, _Solved]) -> tuple[MapLine, ...]:
        """Return rows or columns with the numbers of their areas, in order."""
        numbers = self.numbers()
        return tuple(
            MapLine(fixed, found.breakpoints, tuple(numbers[a] for a in found.areas), found.regions)
            for fixed, found in _sorted(lines)
        )


def _even(low: Fraction, high: Fraction, steps: int) -> list[Fraction]:
    return [low + (high - low) * k / steps for k in range(steps + 1)]


def _sorted(lines: dict[Fraction, _Solved]) -> list[tuple[Fraction, _Solved]]:
    return [(fixed, lines[fixed]) for fixed in sorted(lines)]


@contextmanager
def _within(deadline: Deadline) -> Iterator[float | None]:
    """Yield the time left for one line; an unfinished line is discarded."""
    deadline.check()
    try:
        yield None if deadline.max_seconds is None else max(deadline.left, _LEAST_SECONDS)
    except BudgetExceeded:
        raise deadline.exceeded() from None
