"""The map of two numbers: what is optimal over gamma and the parameter of a model line.

The map is exact on lines of fixed parameter, where it has the policy regions over gamma, and on
some of fixed gamma; `qdecay.exact.map_lines` says on which. Between lines nothing is proven: an
area that no line meets is missed.

Boundaries form curves; see `qdecay.exact.map_curves` for their polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, choice, exact, instance, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, reporting
from qdecay._support.result import counted, frame
from qdecay._support.shown import shown_fraction
from qdecay._support.viewed import Plotted
from qdecay.errors import BudgetExceeded
from qdecay.exact.map_curves import MapCurve
from qdecay.exact.map_lines import Area, Lines, MapLine, differ
from qdecay.exact.solver.line_advantage import MOST_STATES
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.line import ModelLine, Parameter
from qdecay_envs.rational import rational, written

if TYPE_CHECKING:
    import pandas as pd

OF = ("start", "reached", "all")
"""The states whose optimal sets define an area."""
_COLUMNS = 7  # lines of fixed gamma, both ends not included


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
        return all(b.fixed - a.fixed <= step for a, b in pairwise(self.lines) if differ(a, b))

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
    start: int | str | None = None,
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
        start: the number or name of a state, which overrides the model's start.
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
    start = line.low.start if start is None else line.low.state_index(start, "start")
    of = ("all" if start is None else "start") if of is None else choice(of, "of", OF)
    if start is None and of != "all":
        raise ValueError(f'of="{of}" needs a start state: give start, or of="all"')
    if columns is None:
        columns = _COLUMNS if line.low.n_states <= MOST_STATES else 0
    step = exact(fineness, "fineness", "(0, 1]")
    drawn = Lines(line, ends, of, start, step)
    deadline = Deadline(max_seconds)
    try:
        with reporting(progress) as report:
            curves = drawn.solve(whole(columns, "columns", 0), deadline, report)
    except BudgetExceeded as limit:
        known = _assembled(drawn, []) if len(drawn.rows) > 1 else None
        found = f"{counted(len(drawn.rows), 'line')} of the map found"
        raise limit.knowing(found, known) from None
    return _assembled(drawn, curves)


def _assembled(found: Lines, curves: Sequence[MapCurve]) -> PolicyMap:
    return PolicyMap(
        found.line,
        found.gammas,
        found.of,
        tuple(dict(label) for label in found.numbers()),
        found.numbered(found.rows),
        found.numbered(found.columns),
        tuple(curves),
        found.fineness,
        info=ModelInfo.of(found.line.low, found.start),
    )


def _window(gammas: tuple[RationalLike, RationalLike]) -> tuple[Fraction, Fraction]:
    try:
        low, high = gammas
    except (TypeError, ValueError):
        raise TypeError(f"gammas must be a pair (low, high), got {written(gammas)}") from None
    ends = exact(low, "each of gammas", "[0, 1]"), exact(high, "each of gammas", "[0, 1]")
    if not ends[0] < ends[1]:
        raise ValueError(f"gammas must be low < high, got {ends[0]} and {ends[1]}")
    return ends


__all__ = ["MapCurve", "MapLine", "PolicyMap", "policy_map"]
