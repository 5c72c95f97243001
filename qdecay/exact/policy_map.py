"""The map of two numbers: what is optimal over gamma and the parameter of a model line.

The map is exact on lines of fixed parameter, where it has the policy regions over gamma, and on
some of fixed gamma. Lines of fixed parameter are added halfway between two neighbours, down to a
stated distance, if the two pass different areas, if a boundary moves far from one to the other or
changes its polynomial, or if a line of fixed gamma has an area between them. Between lines nothing
is proven: an area that no line meets is missed.

Boundaries form curves; see `qdecay.exact.map_curves` for their polynomials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, choice, exact, instance, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Record, counted, frame
from qdecay._support.shown import shown_fraction
from qdecay._support.viewed import Plotted
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.map_curves import Boundary, MapCurve, Traced
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.solver.line_advantage import MOST_STATES, LineAdvantages
from qdecay.exact.walked import Actions
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.line import ModelLine, Parameter
from qdecay_envs.rational import rational, written

if TYPE_CHECKING:
    import pandas as pd

OF = ("start", "reached", "all")
"""The states whose optimal sets define an area."""
_ROWS = 17  # lines of fixed parameter to begin with, both ends included
_COLUMNS = 7  # lines of fixed gamma, both ends not included
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


@dataclass(frozen=True, eq=False, repr=False)
class PolicyMap(ModelResult, Plotted):
    """What is optimal over gamma and a parameter: exact on lines, nothing claimed between them.

    Attributes:
        line: the models.
        gammas: the range of gamma.
        of: the states whose optimal actions define an area: the start, all states reached from it
            under optimal actions, or all states.
        areas: the distinct sets, in order of appearance; states that are not reached are left out.
        lines: the map at values of the parameter, in increasing order, both ends included.
        columns: the map at gammas strictly inside the range, in increasing order.
        curves: the boundaries through neighbouring lines, and through neighbouring columns.
        fineness: the distance between lines, as a share of the parameter's range, down to which
            lines were added.
    """

    SCHEMA: ClassVar[str] = "qdecay.policy-map/1"

    line: ModelLine
    gammas: tuple[Fraction, Fraction]
    of: str
    areas: tuple[Area, ...]
    lines: tuple[MapLine, ...]
    columns: tuple[MapLine, ...]
    curves: tuple[MapCurve, ...]
    fineness: Fraction

    def _shown(self) -> str:
        p, (low, high) = self.parameter, (shown_fraction(gamma) for gamma in self.gammas)
        span = f"{p.name} from {shown_fraction(p.low)} to {shown_fraction(p.high)}"
        parts = [f"gamma from {low} to {high}", span, counted(len(self.areas), "area")]
        named = sum(curve.polynomial is not None for curve in self.curves)
        parts.append(f"{counted(len(self.curves), 'curve')}, {named} with a polynomial")
        lines = counted(len(self.lines) + len(self.columns), "line")
        return self._titled(f"{', '.join(parts)}, exact on {lines}")

    @property
    def parameter(self) -> Parameter:
        """The number that varies besides gamma."""
        return self.line.parameter

    @property
    def is_fine(self) -> bool:
        """Whether all neighbouring lines that differ are as close as `fineness` says.

        They may not be if the budget ran out.
        """
        step = self.fineness * (self.parameter.high - self.parameter.low)
        return all(b.fixed - a.fixed <= step for a, b in pairwise(self.lines) if _differ(a, b))

    def nearest(self, value: RationalLike) -> MapLine:
        """Return the line nearest to a value of the parameter.

        Raises:
            TypeError, ValueError: the value is not exact, or outside the line.
        """
        self.parameter.place(value)
        number = rational(value, self.parameter.name)
        return min(self.lines, key=lambda line: abs(line.fixed - number))

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        sets = [{str(s): list(actions) for s, actions in area.items()} for area in self.areas]
        return {
            "source": self.name,
            "start": self.info.start,
            "parameter": self.parameter.to_json(),
            "gammas": [str(gamma) for gamma in self.gammas],
            "of": self.of,
            "fineness": str(self.fineness),
            "areas": [{"optimal_actions": area} for area in sets],
            "lines": [line._to_json("value") for line in self.lines],
            "columns": [column._to_json("gamma") for column in self.columns],
            "curves": [curve.to_json() for curve in self.curves],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint of each line: parameter, gamma, and the areas beside it."""
        points = [
            (line.fixed, gamma, *areas)
            for line in self.lines
            for gamma, areas in zip(line.breakpoints, pairwise(line.areas), strict=True)
        ]
        columns = list(zip(*points, strict=True)) or [(), (), (), ()]
        return frame(
            {
                self.parameter.name: [float(value) for value in columns[0]],
                "gamma": [float(gamma) for gamma in columns[1]],
                "closed_form": [gamma.closed_form() for gamma in columns[1]],
                "left": list(columns[2]),
                "right": list(columns[3]),
            }
        )


def policy_map(
    line: ModelLine,
    *,
    gammas: tuple[RationalLike, RationalLike] = (0, 1),
    of: str | None = None,
    start: int | None = None,
    fineness: RationalLike = "1/256",
    columns: int | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> PolicyMap:
    """Return what is optimal over gamma and the parameter of a model line.

    Args:
        line: the models, exact.
        gammas: the range of gamma, 0 <= low < high <= 1; areas lie strictly between.
        of: the states whose optimal actions define an area: "start", "reached" (all states reached
            from the start under optimal actions), or "all". None means "start", or "all" for a
            model without a start.
        start: overrides the model's start state.
        fineness: the distance between lines, as a share of the parameter's range, down to which
            lines are added between two that differ; 0 < fineness <= 1.
        columns: the number of lines of fixed gamma, evenly spaced; >= 0. None means 7 for a model
            of at most 24 states, and 0 for a larger one, where they take long.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` at each line.

    Raises:
        TypeError: `line` is not a `ModelLine`, or a number is not exact.
        ValueError: an argument is out of range, or areas need a start state and there is none.
        BudgetExceeded: the time ran out. `best` is the map of the lines found so far, without
            curves, or None if there are fewer than two.

    >>> from qdecay.model.mdp import MDP
    >>> def wait(reward):
    ...     rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, reward, True)]
    ...     return MDP.from_rows(rows, n_states=2, n_actions=2)
    >>> found = policy_map(ModelLine.of(wait, low=1, high=4))
    >>> found.curves[0], found.lines[-1].breakpoints[0].closed_form()
    (MapCurve(gamma x - 1 = 0, areas 0 and 1, 29 points), '1/4')
    """
    instance(line, ModelLine, "line", "a ModelLine")
    ends = _window(gammas)
    start = line.low.start if start is None else whole(start, "start", 0, line.low.n_states - 1)
    of = ("all" if start is None else "start") if of is None else choice(of, "of", OF)
    if start is None and of != "all":
        raise ValueError(f'of="{of}" needs a start state: give start, or of="all"')
    if columns is None:
        columns = _COLUMNS if line.low.n_states <= MOST_STATES else 0
    step = exact(fineness, "fineness", "(0, 1]")
    drawn = _Map(line, ends, of, start, step)
    deadline = Deadline(max_seconds)
    try:
        with reporting(progress) as report:
            curves = drawn.solve(whole(columns, "columns", 0), deadline, report)
    except BudgetExceeded as limit:
        known = drawn.result([]) if len(drawn.rows) > 1 else None
        message = f"{limit}; {counted(len(drawn.rows), 'line')} of the map found"
        raise BudgetExceeded(message, known) from None
    return drawn.result(curves)


def _window(gammas: tuple[RationalLike, RationalLike]) -> tuple[Fraction, Fraction]:
    try:
        low, high = gammas
    except (TypeError, ValueError):
        raise TypeError(f"gammas must be a pair (low, high), got {written(gammas)}") from None
    ends = exact(low, "each of gammas", "[0, 1]"), exact(high, "each of gammas", "[0, 1]")
    if not ends[0] < ends[1]:
        raise ValueError(f"gammas must be low < high, got {ends[0]} and {ends[1]}")
    return ends


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


def _differ(a: _Solved | MapLine, b: _Solved | MapLine) -> bool:
    """Whether two lines over gamma pass different areas, or a boundary moves far between them."""
    if a.areas != b.areas:
        return True
    for one, other in zip(a.breakpoints, b.breakpoints, strict=True):
        gaps = sorted((1 - float(one), 1 - float(other)))
        if gaps[1] - gaps[0] > _FAR or gaps[1] > _MUCH_CLOSER * gaps[0]:
            return True
    return False


class _Map:
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
        return _differ(self.rows[low], self.rows[high]) or any(between)

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

    def _numbers(self) -> dict[_Label, int]:
        """Number the areas in order of appearance."""
        lines = [*_sorted(self.rows), *_sorted(self.columns)]
        labels = dict.fromkeys(label for _, found in lines for label in found.areas)
        return {label: number for number, label in enumerate(labels)}

    def _boundaries(self) -> tuple[list[list[Boundary]], list[list[Boundary]]]:
        """Return the points at which areas meet, of each row and of each column."""
        numbers = self._numbers()

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

    def result(self, curves: list[MapCurve]) -> PolicyMap:
        """Return the map of the lines found."""
        numbers = self._numbers()

        def lines(solved: dict[Fraction, _Solved]) -> tuple[MapLine, ...]:
            return tuple(
                MapLine(
                    fixed, found.breakpoints, tuple(numbers[a] for a in found.areas), found.regions
                )
                for fixed, found in _sorted(solved)
            )

        return PolicyMap(
            self.line,
            self.gammas,
            self.of,
            tuple(dict(label) for label in numbers),
            lines(self.rows),
            lines(self.columns),
            tuple(curves),
            self.fineness,
            info=ModelInfo.of(self.line.low, self.start),
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


__all__ = ["MapCurve", "MapLine", "PolicyMap", "policy_map"]
