"""Exact policy regions along a model line: which policy is optimal at which value of a number.

What `qdecay.exact.regions` does for the discount factor, done at a fixed discount factor for a
penalty, a living reward or a probability. The walk, the algebraic numbers and the rules of ties are
the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.deadline import Deadline, in_time
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import counted
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import Plotted
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import sets_at
from qdecay.exact.solver.line_axis import EndlessGain, LineAxis, Series
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.walk import Event, Walk
from qdecay.exact.walked import (
    Change,
    Found,
    Regions,
    Sets,
    Turn,
    events_of,
    lists,
    proven_to,
    sets_of,
)
from qdecay.model.info import ModelInfo
from qdecay.model.line import ModelLine, Parameter
from qdecay.model.mdp import MDP
from qdecay_envs.rational import RationalLike, rational

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LineBreakpoint(Turn):
    """A value of the parameter where optimal sets change, or a touch.

    Attributes:
        value: the point, exact, in the parameter's units.
        changes: the states whose set at or right of it differs from the one left of it.
    """

    value: AlgebraicNumber

    @property
    def number(self) -> AlgebraicNumber:
        """The value."""
        return self.value


@dataclass(frozen=True, eq=False, repr=False)
class LineRegions(Regions[LineBreakpoint], Plotted):
    """The regions along a model line at one gamma, in order from its low end to its high end.

    Attributes:
        breakpoints, regions, touches, proven_to: as in `PolicyRegions`, with values of the
            parameter in place of gamma.
        line: the models.
        gamma: the discount factor.
        at_low, at_high: the sets at both ends, where some moves that are possible in between may be
            impossible; at_high is None if the search ran out of budget.
    """

    SCHEMA: ClassVar[str] = "qdecay.line-regions/1"

    line: ModelLine
    gamma: Fraction
    at_low: Sets
    at_high: Sets | None

    def _shown(self) -> str:
        p = self.parameter
        parts = [f"{p.name} from {p.low} to {p.high}", f"gamma {self.gamma}"]
        return self._titled(", ".join([*parts, *self._counts(p.high)]))

    @property
    def parameter(self) -> Parameter:
        """The number that varies, and its values at both ends."""
        return self.line.parameter

    @property
    def _model(self) -> MDP:
        return self.line.low

    def region_of(self, value: RationalLike | AlgebraicNumber) -> int | None:
        """Return the index of the region that contains low < value < high; None at a breakpoint."""
        return self._region_of(self._number(value))

    def optimal_actions(self, value: RationalLike | AlgebraicNumber) -> Sets:
        """Return the sets at one exact value, low <= value <= high, read off the regions."""
        number = self._number(value)
        if number == self.parameter.low:
            return self.at_low
        if number == self.parameter.high and self.at_high is not None:
            return self.at_high
        return self._sets_at(number)

    def _number(self, value: RationalLike | AlgebraicNumber) -> AlgebraicNumber:
        p = self.parameter
        if not isinstance(value, AlgebraicNumber):
            value = AlgebraicNumber.of(rational(value, p.name))
        if not p.low <= value <= p.high:
            shown = shown_decimal(value, 6)
            raise ValueError(f"{p.name} must be in [{p.low}, {p.high}], got {shown}")
        return value

    @cached_property
    def _pairs(self) -> RationalModel:
        return RationalLine(self.line).skeleton

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {
            **self._about(),
            "parameter": self.parameter.to_json(),
            "gamma": str(self.gamma),
            **self._found(),
            "at_low": {"optimal_actions": lists(self.at_low)},
            "at_high": None if self.at_high is None else {"optimal_actions": lists(self.at_high)},
            **(self._reached_to() if self.at_high is None else {}),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint: its value, exact if short, and the states that change."""
        return self._table("value")


def line_regions(
    line: ModelLine,
    gamma: Fraction,
    start: int | None,
    deadline: Deadline,
    max_breakpoints: int | None,
    progress: bool | OnProgress,
) -> LineRegions:
    """Return the regions of a line; see `qdecay.policy_regions` for the arguments.

    Raises:
        ValueError: gamma is 1 and the optimal gain is not 0 on the whole open line.
        BudgetExceeded: a limit ran out; `best` holds what is proven, or None.
    """
    p = line.parameter
    events: list[Event] = []
    walk: Walk[Series] | None = None

    def value_at(x: AlgebraicNumber) -> AlgebraicNumber:
        return x.stretched(p.high - p.low, p.low)

    def assembled(
        walk: Walk[Series], reached: AlgebraicNumber, at_high: Sets | None
    ) -> LineRegions:
        def make(x: AlgebraicNumber, changes: dict[int, Change]) -> LineBreakpoint:
            return LineBreakpoint(value_at(x), changes=changes)

        found = Found.of(walk, events, make)
        return LineRegions(
            found.breakpoints,
            found.regions,
            found.touches,
            value_at(reached),
            found.policies,
            line,
            gamma,
            at_low,
            at_high,
            info=ModelInfo.of(line.low, start),
        )

    def sets_at_end(walk: Walk[Series], end: int) -> Sets:
        """Return the sets at an end that the walk has reached."""
        at = axis.optimal_at_end(walk.series, walk.zero, end)
        if at is None:
            return sets_at((line.low, line.high)[end], AlgebraicNumber.of(gamma), deadline)
        return sets_of(walk.model, at)

    def shown(x: AlgebraicNumber) -> str:
        return f"{p.name} = {shown_decimal(float(value_at(x)), 6)}"

    try:
        with in_time(deadline), reporting(progress) as report:
            report(Progress(0.0, 1.0, "points found: 0"))
            axis = LineAxis(RationalLine(line), gamma)
            begun = Walk(axis, deadline)
            at_low = sets_at_end(begun, 0)
            walk = begun
            events_of(walk, max_breakpoints, report if progress else None, shown, events)
            at_high = sets_at_end(walk, 1)
    except EndlessGain:
        reached = AlgebraicNumber.of(0) if walk is None else walk.x
        remedy = "end the line there, or " if reached > 0 else ""
        raise ValueError(
            f"at gamma = 1 the optimal gain is not 0 from {p.name} = "
            f"{shown_decimal(value_at(reached), 12)} on: totals are infinite beyond it; "
            f"{remedy}choose gamma < 1"
        ) from None
    except BudgetExceeded as limit:
        if walk is None:
            raise limit.knowing("nothing is known right of the low end") from None
        reached = proven_to(walk, events, max_breakpoints)
        proven = f"proven up to {p.name} = {shown_decimal(value_at(reached), 12)}"
        known = f"{counted(len(events), 'point')} found, {proven}"
        raise limit.knowing(known, assembled(walk, reached, None)) from None
    return assembled(walk, AlgebraicNumber.of(1), at_high)
