"""The map of two numbers: what is optimal over gamma and the parameter of a model line.

The map is exact on lines of fixed parameter: there it has the policy regions over gamma. Lines are
added halfway between two neighbours, down to a stated distance, where the two do not pass the same
areas, or where a boundary moves far from one to the other or changes its polynomial. Between lines
nothing is proven: an area that lies between two neighbours and reaches neither is missed.

Boundaries form curves; see `qdecay.exact.map_curves` for their polynomials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, choice, exact, instance, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Record, counted, frame
from qdecay._support.shown import shown_fraction
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.map_curves import Boundary, MapCurve, Traced, traced
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.solver.line_advantage import LineAdvantages
from qdecay.exact.walked import Actions
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.line import ModelLine, Parameter
from qdecay_envs.rational import rational

if TYPE_CHECKING:
    import pandas as pd

OF = ("start", "reached", "all")
"""The states whose optimal sets make an area."""
_FIRST_LINES = 17  # between the ends, and both of them
_FAR = 1 / 16  # of gamma's range: a boundary that moves further between two lines needs more
_MUCH_CLOSER = 2  # likewise, to 1: values change with 1 / (1 - gamma)
Area = Mapping[int, Actions]
"""The optimal actions of the states that an area is about."""


@dataclass(frozen=True, eq=False, repr=False)
class MapLine(Record):
    """The map at one value of the parameter, exact.

    Attributes:
        value: of the parameter.
        breakpoints: the gammas at which one area ends and the next begins, in order.
        areas: those between, as numbers of `PolicyMap.areas`: one more than breakpoints.
        regions: the policy regions there, of all states and all gammas.
    """

    value: Fraction
    breakpoints: tuple[AlgebraicNumber, ...]
    areas: tuple[int, ...]
    regions: PolicyRegions = field(repr=False)

    def area_of(self, gamma: RationalLike | AlgebraicNumber) -> int | None:
        """Return the number of the area at a gamma of the map, or None at a breakpoint."""
        number = gamma if isinstance(gamma, AlgebraicNumber) else rational(gamma, "gamma")
        place = sum(point < number for point in self.breakpoints)
        on_one = place < len(self.breakpoints) and self.breakpoints[place] == number
        return None if on_one else self.areas[place]

    def to_json(self) -> dict[str, Any]:
        """Return the fields as in the document."""
        points = [point.to_json() for point in self.breakpoints]
        return {"value": str(self.value), "breakpoints": points, "areas": list(self.areas)}


@dataclass(frozen=True, eq=False, repr=False)
class PolicyMap(ModelResult):
    """What is optimal over gamma and a parameter: exact on lines, nothing claimed between them.

    Attributes:
        line: the models.
        gammas: the range of gamma.
        of: whose optimal actions make an area: the start's, those of all states reached from it
            under optimal actions, or those of all states.
        areas: the different sets, in order of appearance; a state that is not reached is omitted.
        lines: the map at values of the parameter, in increasing order, both ends included.
        curves: the boundaries through neighbouring lines.
        fineness: the distance of two values of the parameter, as a part of its range, down to which
            lines were added.
    """

    SCHEMA: ClassVar[str] = "qdecay.policy-map/1"

    line: ModelLine
    gammas: tuple[Fraction, Fraction]
    of: str
    areas: tuple[Area, ...]
    lines: tuple[MapLine, ...]
    curves: tuple[MapCurve, ...]
    fineness: Fraction

    def _shown(self) -> str:
        p, (low, high) = self.parameter, (shown_fraction(gamma) for gamma in self.gammas)
        span = f"{p.name} from {shown_fraction(p.low)} to {shown_fraction(p.high)}"
        parts = [f"gamma from {low} to {high}", span, counted(len(self.areas), "area")]
        named = sum(curve.polynomial is not None for curve in self.curves)
        parts.append(f"{counted(len(self.curves), 'curve')}, {named} with a polynomial")
        return self._titled(f"{', '.join(parts)}, exact on {counted(len(self.lines), 'line')}")

    @property
    def parameter(self) -> Parameter:
        """The number that moves besides gamma."""
        return self.line.parameter

    @property
    def is_fine(self) -> bool:
        """Whether every two neighbouring lines that differ are as close as `fineness` says.

        They are not where the budget ran out.
        """
        step = self.fineness * (self.parameter.high - self.parameter.low)
        return all(b.value - a.value <= step for a, b in pairwise(self.lines) if _differ(a, b))

    def nearest(self, value: RationalLike) -> MapLine:
        """Return the line nearest to a value of the parameter.

        Raises:
            TypeError, ValueError: the value is not exact, or outside the line.
        """
        self.parameter.place(value)
        number = rational(value, self.parameter.name)
        return min(self.lines, key=lambda line: abs(line.value - number))

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
            "lines": [line.to_json() for line in self.lines],
            "curves": [curve.to_json() for curve in self.curves],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint of each line: parameter, gamma, and the areas beside it."""
        points = [
            (line.value, gamma, *areas)
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
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> PolicyMap:
    """Return what is optimal over gamma and the parameter of a model line.

    Args:
        line: the models, exact.
        gammas: the range of gamma, 0 <= low < high <= 1; areas lie strictly between.
        of: whose optimal actions make an area: "start", "reached" (all states reached from it under
            optimal actions), or "all". None is "start", or "all" for a model without a start.
        start: overrides the model's start state.
        fineness: the distance of two lines, as a part of the parameter's range, down to which lines
            are added where two differ; 0 < fineness <= 1.
        max_seconds: limit of wall time, > 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` at each line.

    Raises:
        TypeError: `line` is no `ModelLine`, or a number is not exact.
        ValueError: an argument is out of range, or areas need a start state and there is none.
        BudgetExceeded: the time ran out. `best` is the map of the lines found so far, without
            curves, or None where there are fewer than two.

    >>> from qdecay.model.mdp import MDP
    >>> def wait(reward):
    ...     rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, reward, True)]
    ...     return MDP.from_rows(rows, n_states=2, n_actions=2)
    >>> found = policy_map(ModelLine.of(wait, low=1, high=4))
    >>> found.curves[0], found.lines[-1].breakpoints[0].closed_form()
    (MapCurve(gamma x - 1 = 0, areas 0 and 1, 24 points), '1/4')
    """
    instance(line, ModelLine, "line", "a ModelLine")
    ends = _window(gammas)
    start = line.low.start if start is None else whole(start, "start", 0, line.low.n_states - 1)
    of = ("all" if start is None else "start") if of is None else choice(of, "of", OF)
    if start is None and of != "all":
        raise ValueError(f'of="{of}" needs a start state: give start, or of="all"')
    step = exact(fineness, "fineness", "(0, 1]")
    drawn = _Map(line, ends, of, start, step)
    deadline = Deadline(max_seconds)
    try:
        with reporting(progress) as report:
            curves = drawn.solve(deadline, report).curves
    except BudgetExceeded as limit:
        known = drawn.result(()) if len(drawn.solved) > 1 else None
        message = f"{limit}; {counted(len(drawn.solved), 'line')} of the map found"
        raise BudgetExceeded(message, known) from None
    return drawn.result(curves)


def _window(gammas: tuple[RationalLike, RationalLike]) -> tuple[Fraction, Fraction]:
    try:
        low, high = gammas
    except (TypeError, ValueError):
        raise TypeError(f"gammas must be a pair (low, high), got {gammas!r:.60}") from None
    ends = exact(low, "the low gamma", "[0, 1]"), exact(high, "the high gamma", "[0, 1]")
    if not ends[0] < ends[1]:
        raise ValueError(f"gammas must be low < high, got {ends[0]} and {ends[1]}")
    return ends


_Label = tuple[tuple[int, Actions], ...]


@dataclass(frozen=True)
class _Solved:
    """A line before its areas are numbered.

    Attributes:
        regions: of all states.
        places: of the breakpoints at which an area ends, among all.
        labels: of the areas.
    """

    regions: PolicyRegions
    places: tuple[int, ...]
    areas: tuple[_Label, ...]

    @property
    def breakpoints(self) -> list[AlgebraicNumber]:
        return [self.regions.breakpoints[place].gamma for place in self.places]


def _differ(a: _Solved | MapLine, b: _Solved | MapLine) -> bool:
    """Whether two lines pass other areas, or a boundary moves far between them."""
    if a.areas != b.areas:
        return True
    for one, other in zip(a.breakpoints, b.breakpoints, strict=True):
        gaps = sorted((1 - float(one), 1 - float(other)))
        if gaps[1] - gaps[0] > _FAR or gaps[1] > _MUCH_CLOSER * gaps[0]:
            return True
    return False


class _Map:
    """The lines of a map as they are found, by their values."""

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
        self.solved: dict[Fraction, _Solved] = {}

    def solve(self, deadline: Deadline, report: OnProgress) -> Traced:
        """Find the first lines, then those between neighbours that differ; return the curves."""
        p, advantages = self.line.parameter, LineAdvantages(self.line)
        width, last = p.high - p.low, _FIRST_LINES - 1
        waiting = [p.low + width * k / last for k in range(last + 1)]
        report(Progress(0, len(waiting), "lines"))
        while True:
            total = len(self.solved) + len(waiting)
            for value in waiting:
                deadline.check()
                self.solved[value] = self._solved(value, deadline)
                report(Progress(len(self.solved), total, "lines"))
            found = traced(self.boundaries(), advantages, deadline)
            waiting = [
                (a + b) / 2
                for a, b in pairwise(self._values)
                if b - a > self.fineness * width
                and ((a, b) in found.breaks or _differ(self.solved[a], self.solved[b]))
            ]
            if not waiting:
                return found

    def _solved(self, value: Fraction, deadline: Deadline) -> _Solved:
        limit = None if deadline.max_seconds is None else max(deadline.left, 1e-3)
        try:
            found = policy_regions(self.line.at(value), start=self.start, max_seconds=limit)
        except BudgetExceeded:
            raise deadline.exceeded() from None
        low, high = self.gammas
        inside = [i for i, b in enumerate(found.breakpoints) if low < b.gamma < high]
        first = sum(b.gamma <= low for b in found.breakpoints)
        areas = [self._label(found, first)]
        places = []
        for place in inside:
            label = self._label(found, place + 1)
            if label != areas[-1]:
                places.append(place)
                areas.append(label)
        return _Solved(found, tuple(places), tuple(areas))

    def _label(self, found: PolicyRegions, region: int) -> _Label:
        sets = found.regions[region]
        if self.of == "all":
            return tuple(enumerate(sets))
        assert self.start is not None
        states = [self.start] if self.of == "start" else found.reached(region)
        return tuple((s, sets[s]) for s in states)

    @property
    def _values(self) -> list[Fraction]:
        return sorted(self.solved)

    def _numbers(self) -> dict[_Label, int]:
        labels = dict.fromkeys(label for v in self._values for label in self.solved[v].areas)
        return {label: number for number, label in enumerate(labels)}

    def boundaries(self) -> list[list[Boundary]]:
        """Return the points at which areas meet, of each line."""
        numbers = self._numbers()
        return [
            [
                Boundary(
                    value,
                    found.regions.breakpoints[place],
                    found.regions.regions[place],
                    found.regions.regions[place + 1],
                    frozenset(s for label in labels for s, _ in label),
                    (numbers[labels[0]], numbers[labels[1]]),
                )
                for place, labels in zip(found.places, pairwise(found.areas), strict=True)
            ]
            for value in self._values
            for found in [self.solved[value]]
        ]

    def result(self, curves: list[MapCurve] | tuple[MapCurve, ...]) -> PolicyMap:
        """Return the map of the lines found."""
        numbers = self._numbers()
        lines = [
            MapLine(
                value,
                tuple(found.breakpoints),
                tuple(numbers[label] for label in found.areas),
                found.regions,
            )
            for value in self._values
            for found in [self.solved[value]]
        ]
        return PolicyMap(
            self.line,
            self.gammas,
            self.of,
            tuple(dict(label) for label in numbers),
            tuple(lines),
            tuple(curves),
            self.fineness,
            info=ModelInfo.of(self.line.low, self.start),
        )


__all__ = ["MapCurve", "MapLine", "PolicyMap", "policy_map"]
