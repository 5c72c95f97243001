"""The price of a number: what the policies that it makes optimal earn in the true model.

Along a model line a penalty, a living reward or a probability moves. A policy that is planned or
trained with one value of it is used in a model that does not change: "which penalty may I train
with, and what does the wrong one cost, measured by the reward that I really mean?", "what does a
policy planned for success rate 0.5 earn where it is 0.8?". So the policies that each region's
optimal sets allow are judged in that fixed model, the truth.

The policies of a region are worth the same in the models of the line, but not in the truth: there,
how ties are broken may always matter, so both the worst and the best are found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from qdecay._support.checks import RationalLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay._support.result import counted
from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.model.info import ModelInfo
from qdecay.model.line import Parameter
from qdecay.model.mdp import MDP
from qdecay.pricing.ends import FEW, GAMMA, ends_of, text_of
from qdecay.pricing.judge import Judge, default_judge
from qdecay.pricing.optimum import SolvedWhereAsked, judged, optimum_of
from qdecay.pricing.result import JudgedRegions, Priced, PricedPoint, answer, given
from qdecay.pricing.worth import Worths

Stretch = tuple[AlgebraicNumber, AlgebraicNumber]
"""Two values of the parameter, and all between them."""


@dataclass(frozen=True, eq=False, repr=False)
class PricedValue(PricedPoint):
    """The policies that are optimal at one value of a line's parameter.

    Attributes:
        value: the value.
        region: the index of the region it lies in; None at both ends of the line, at a breakpoint
            and at a touch, where other policies may be optimal than on either side.
    """

    value: AlgebraicNumber
    region: int | None

    @property
    def number(self) -> AlgebraicNumber:
        """The value."""
        return self.value

    def body(self) -> dict[str, Any]:
        """Return the value as in the document."""
        return {**super().body(), "value": self.value.closed_form() or text_of(self.value)}


@dataclass(frozen=True, eq=False, repr=False)
class LinePrice(JudgedRegions):
    """What every value of a line's parameter costs, by one judge in the true model.

    Attributes:
        judge: the measure.
        optimum: the most that any policy earns from the start.
        regions: what the policies of each region of the line earn, in order; their worst and best
            may differ.
        max_loss: the loss that `within` allows.
        starts: the probability of each state in which episodes begin.
        line_regions: the regions themselves.
        truth: the model in which policies are judged.
    """

    SCHEMA: ClassVar[str] = "qdecay.line-price/1"

    line_regions: LineRegions
    truth: MDP

    @property
    def mdp(self) -> MDP:
        """The truth."""
        return self.truth

    @cached_property
    def _rational_model(self) -> RationalModel:
        return RationalModel(self.truth)

    @property
    def parameter(self) -> Parameter:
        """The parameter of the line, and its values at both ends."""
        return self.line_regions.parameter

    @property
    def gamma(self) -> Fraction:
        """The discount factor at which policies are optimal."""
        return self.line_regions.gamma

    @cached_property
    def best_values(self) -> tuple[Stretch, ...]:
        """Where the worst is the largest: the stretches of the best regions.

        They lose nothing if their worst is the optimum.
        """
        top = max(region.worst.least for region in self.regions)
        return self._stretches(lambda found: found.worst.most >= top)

    @cached_property
    def within(self) -> tuple[Stretch, ...]:
        """The stretches in which no value loses more than `max_loss`; empty if there are none."""
        return self._stretches(lambda found: found.worst.least >= self._enough)

    def at(self, value: RationalLike | AlgebraicNumber) -> PricedValue:
        """Return what the policies that are optimal at one value earn, in the truth.

        At gamma = 1 some policies made of the same actions may walk in circles for ever; the worst
        includes them.

        Raises:
            TypeError, ValueError: the value is not exact, or outside the line.
        """
        along = self.line_regions
        sets = along.optimal_actions(value)
        number = value if isinstance(value, AlgebraicNumber) else AlgebraicNumber.of(value)
        special = any(number == point.value for point in (*along.breakpoints, *along.touches))
        if special or number in (self.parameter.low, self.parameter.high):
            return PricedValue(*self._judged(sets), number, None)
        index = along.region_of(number)
        assert index is not None  # a breakpoint is special
        region = self.regions[index]
        return PricedValue(region.worst, region.best, region.loss, number, index)

    def sentence(self, *values: RationalLike | AlgebraicNumber) -> str:
        """Return the answer in words, with what some values give."""
        name = self.parameter.name
        others = [f"{name} = {given(self.at(value))}" for value in values]
        where = f"any {self.in_words(self.best_values)}"
        if math.isinf(self.regions[self.best_regions[0]].worst.value):
            return "; ".join([f"{where} loses for ever", *others])
        return answer(self, where, others)

    def in_words(self, stretches: Sequence[Stretch], digits: int = GAMMA) -> str:
        """Return stretches in words, such as "penalty between -1 and 0"."""
        ends = [" and ".join(shown_decimal(end, digits) for end in pair) for pair in stretches]
        return " or ".join(f"{self.parameter.name} between {between}" for between in ends)

    def body(self) -> dict[str, Any]:
        """Return the document without its schema."""
        return {
            "source": self.name,
            "start": self.info.start,
            "parameter": self.parameter.to_json(),
            "gamma": str(self.gamma),
            "judge": self.judge.to_json(),
            "optimum": self.optimum.to_json(),
            "regions": [region.body() for region in self.regions],
            "within": {
                "loss": float(self.max_loss),
                "stretches": [ends_of(*stretch) for stretch in self.within],
            },
            "best_regions": list(self.best_regions),
            "best_values": [ends_of(*stretch) for stretch in self.best_values],
        }

    def _shown(self) -> str:
        p, regions = self.parameter, counted(len(self.regions), "region")
        ends = f"{p.name} from {p.low} to {p.high}, gamma {self.gamma}"
        found = f"{regions} judged by {self.judge}, optimum {self.optimum.shown(FEW)}"
        return self._titled(f"{ends}, {found}")

    def _stretches(self, holds: Callable[[Priced], bool]) -> tuple[Stretch, ...]:
        """The stretches of regions for which something holds, as it does for the points in them."""
        touches = [touch.value for touch in self.line_regions.touches]
        found: list[Stretch] = []
        for region in filter(holds, self.regions):
            inside = [x for x in touches if region.lower < x < region.upper]
            cuts = [x for x in inside if not holds(self.at(x))]
            for low, high in pairwise([region.lower, *cuts, region.upper]):
                if found and found[-1][1] == low and low not in cuts and holds(self.at(low)):
                    low = found.pop()[0]
                found.append((low, high))
        return tuple(found)


def priced_line(
    along: LineRegions,
    truth: MDP,
    judge: Judge | None,
    starts: Mapping[int, Fraction],
    deadline: Deadline,
    *,
    max_loss: Fraction,
    progress: bool | OnProgress = False,
) -> LinePrice:
    """Return the price of regions that are already known; the rest is as in `price`."""
    solved = SolvedWhereAsked(truth, deadline)
    if judge is None:
        judge = default_judge(truth, [solved.at_one.gain[s] for s in starts])
    worths = Worths(RationalModel(truth), judge, starts, deadline)
    optimum, p = optimum_of(solved, worths, starts), along.parameter
    points = [point.value for point in along.breakpoints]
    ends = [AlgebraicNumber.of(p.low), *points, AlgebraicNumber.of(p.high)]
    found = judged(along.regions, list(pairwise(ends)), worths, optimum, deadline, progress)
    info = ModelInfo.of(truth, along.info.start)
    return LinePrice(judge, optimum, found, max_loss, starts, along, truth, info=info)
