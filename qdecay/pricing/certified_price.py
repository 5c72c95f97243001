"""The price of every gamma outside of proven brackets, for models too large for exact regions.

The policies that are optimal between two brackets are proven; what they earn is known in floats
with an error. Where near ties leave open which actions are optimal, the worst and the best are over
all that may be. Nothing is said inside a bracket, so the least gamma from which nothing is lost is
the upper end of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from qdecay._support.checks import RationalLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay._support.shown import shown_beside, shown_decimal
from qdecay._support.viewed import Explored
from qdecay.certified.result import NOT_SEPARATED, CertifiedRegions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import gamma_number
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.walked import Sets
from qdecay.model.base import FiniteMDP
from qdecay.pricing.float_worth import FloatWorths
from qdecay.pricing.judge import Judge, default_judge
from qdecay.pricing.optimum import judged
from qdecay.pricing.result import GammaPrice, PricedGamma
from qdecay.pricing.worth import Worth

_DIGITS = 12  # of ends in documents, which are rounded away from brackets


@dataclass(frozen=True, eq=False, repr=False)
class CertifiedPrice(GammaPrice, Explored):
    """What every gamma outside of proven brackets costs, by one judge.

    Attributes:
        judge: the measure.
        optimum: the most that any policy earns from the start.
        regions: what the policies of each region earn: from a bracket's upper end to the next
            one's lower end, the first from 0, the last up to where regions are proven. They are
            cut where near ties begin and end.
        max_loss: the loss that `within` allows.
        starts: the probability of each state in which episodes begin.
        certified_regions: the regions themselves.
    """

    certified_regions: CertifiedRegions

    @property
    def mdp(self) -> FiniteMDP:
        """The model."""
        return self.certified_regions.mdp

    @property
    def _rational_model(self) -> RationalModel:
        return self.certified_regions.rational_model

    @cached_property
    def _worths(self) -> FloatWorths:
        return FloatWorths(self.mdp, self._rational_model, self.judge, self.starts, Deadline())

    def falls_short(self, worst: Worth) -> bool:
        """Return whether this is certainly less than what the best policy earns.

        Losses smaller than the floats' errors do not count.
        """
        return worst.most < self.optimum.least

    def at(self, gamma: RationalLike | AlgebraicNumber) -> PricedGamma:
        """Return what the policies that are optimal at one gamma earn, 0 < gamma <= proven_to.

        Inside a bracket with one breakpoint: from the worst to the best of both sides.

        Raises:
            ValueError: gamma is out of range, or inside a bracket that is not separated.
        """
        number, found = gamma_number(gamma, "(0, 1)"), self.certified_regions
        if found.region_of(number) is not None:
            around = [i for i, r in enumerate(self.regions) if r.lower <= number <= r.upper]
            index = max(
                around, key=lambda i: self.regions[i].best.value - self.regions[i].worst.value
            )
            region = self.regions[index]
            return PricedGamma(region.worst, region.best, region.loss, number, index)
        index = sum(bracket.upper <= number for bracket in found.brackets)
        bracket = found.brackets[index]
        if bracket.content == NOT_SEPARATED:
            raise ValueError(
                f"gamma = {shown_decimal(number, _DIGITS)} lies in the bracket {bracket.shown()}, "
                f"inside of which nothing is proven: choose another"
            )
        sets = list(found.possible_actions(index, bracket.lower, bracket.upper))
        for state, (_, right) in bracket.changes.items():
            sets[state] = tuple({*sets[state], *right})
        return PricedGamma(*self._judged(tuple(sets)), number, None)

    def margin(self, worst: Worth) -> float:
        """Return how much less than the best a policy may earn without falling short."""
        return float(self.optimum.most) - float(worst.least)

    def _usual(self) -> tuple[str, ...]:
        try:
            self.at("99/100")
        except ValueError:
            return ()
        return ("99/100",)

    def body(self) -> dict[str, Any]:
        """Return the document without its schema."""
        return {
            **super().body(),
            "regions": [
                {**row.body(), "lower": _up(row.lower), "upper": _down(row.upper)}
                for row in self.regions
            ],
            "free_from": _up(self.free_from),
            "within": {"loss": float(self.max_loss), "from": _up(self.within)},
            "method": "certified",
            "proven_to": str(self.certified_regions.proven_to),
            "near_ties": len(self.certified_regions.near_ties),
        }


def certified_priced(
    regions: CertifiedRegions,
    judge: Judge | None,
    starts: Mapping[int, Fraction],
    deadline: Deadline,
    *,
    max_loss: Fraction,
    progress: bool | OnProgress = False,
) -> CertifiedPrice:
    """Return the price of certified regions; the rest is as in `price`.

    Raises:
        ValueError: the best total is infinite, or floats prove nothing about it.
        BudgetExceeded: the time is up.
    """
    mdp, model = regions.mdp, regions.rational_model
    if judge is None:
        total = FloatWorths(mdp, model, Judge("total"), starts, deadline)
        judge = default_judge(mdp, total.gains())
    worths = FloatWorths(mdp, model, judge, starts, deadline)
    optimum = worths.most()
    uppers = [bracket.upper for bracket in regions.brackets]
    lowers = [bracket.lower for bracket in regions.brackets]
    ends = list(zip([Fraction(0), *uppers], [*lowers, regions.proven_to], strict=True))
    parts = [(i, *part) for i, between in enumerate(ends) for part in _cut(regions, *between)]
    sets = [_candidates(regions, i, (low + high) / 2) for i, low, high in parts]
    numbers = [(AlgebraicNumber.of(low), AlgebraicNumber.of(high)) for _, low, high in parts]
    found = judged(sets, numbers, worths, optimum, deadline, progress)
    return CertifiedPrice(judge, optimum, found, max_loss, starts, regions, info=regions.info)


def _cut(
    regions: CertifiedRegions, lower: Fraction, upper: Fraction
) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield the parts of a region between ends of near ties."""
    ends = {end for tie in regions.near_ties for end in (tie.lower, tie.upper)}
    yield from pairwise(sorted({lower, upper, *(end for end in ends if lower < end < upper)}))


def _candidates(regions: CertifiedRegions, i: int, gamma: Fraction) -> Sets:
    """Return one action for each state of a region, since all that tie earn the same; in near ties
    all actions that may be optimal."""
    tied = {t.state for t in regions.near_ties if t.lower <= gamma <= t.upper}
    sets = regions.possible_actions(i, gamma, gamma)
    return tuple(own if s in tied else own[:1] for s, own in enumerate(sets))


def _up(number: AlgebraicNumber | None) -> str | None:
    """Return a rational number as it is written in documents, rounded up."""
    return None if number is None else shown_beside(number.lower, _DIGITS, up=True)


def _down(number: AlgebraicNumber) -> str:
    return shown_beside(number.lower, _DIGITS, up=False)
