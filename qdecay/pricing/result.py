"""What every gamma costs: the result of `price`, and the same in a sentence."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RationalLike, listed, whole
from qdecay._support.deadline import Deadline
from qdecay._support.result import Record, counted, frame, plain
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import Explored, Plotted
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import gamma_number
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.walked import Sets
from qdecay.model.base import FiniteMDP
from qdecay.model.info import ModelResult
from qdecay.model.mdp import MDP
from qdecay.pricing.ends import FEW, GAMMA, ends_of, inside, runs, text_of
from qdecay.pricing.judge import Judge
from qdecay.pricing.worth import Worth, Worths, loss

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Priced(Record):
    """What some policies earn, at worst and at best.

    Attributes:
        worst, best: over the ways of breaking ties; equal inside a region of gammas.
        loss: (optimum - worst) / |optimum|; inf where the worst loses for ever, None where the
            optimum is 0.
    """

    worst: Worth
    best: Worth
    loss: float | None

    def shown(self, digits: int) -> str:
        """Return the worth in text, from the worst to the best where they differ."""
        worst, best = self.worst.shown(digits), self.best.shown(digits)
        return worst if worst == best else f"{worst} to {best}"


@dataclass(frozen=True, eq=False, repr=False)
class PricedRegion(Priced):
    """The policies of one region.

    Attributes:
        lower, upper: the gammas, or the values of a line's parameter, between which it lies.
    """

    lower: AlgebraicNumber
    upper: AlgebraicNumber

    def _shown(self) -> str:
        ends = f"{shown_decimal(self.lower, 6)} to {shown_decimal(self.upper, 6)}"
        return f"{ends}: {self.shown(6)}"

    def body(self) -> dict[str, Any]:
        """Return the region as in the document."""
        return {
            **ends_of(self.lower, self.upper),
            "worst": self.worst.to_json(),
            "best": self.best.to_json(),
            "loss": plain(self.loss),
        }


@dataclass(frozen=True, eq=False, repr=False)
class PricedPoint(Priced):
    """The policies that are optimal at one gamma, or at one value along a line."""

    @property
    @abstractmethod
    def number(self) -> AlgebraicNumber:
        """The point, exact."""

    def _shown(self) -> str:
        return f"{text_of(self.number)}: {self.shown(6)}"


@dataclass(frozen=True, eq=False, repr=False)
class PricedGamma(PricedPoint):
    """The policies that are optimal at one gamma.

    Attributes:
        gamma: the discount factor, 0 <= gamma <= 1.
        region: the index of the region it lies in; None at 0, at 1, at a breakpoint and at a touch,
            where other policies may be optimal than on either side.
    """

    gamma: AlgebraicNumber
    region: int | None

    @property
    def number(self) -> AlgebraicNumber:
        """The gamma."""
        return self.gamma

    def body(self) -> dict[str, Any]:
        """Return the gamma as in the document."""
        return {**super().body(), "gamma": self.gamma.closed_form() or text_of(self.gamma)}


@dataclass(frozen=True, eq=False, repr=False)
class JudgedRegions(ModelResult, Plotted):
    """What the policies of each region earn, by one judge in one model.

    Attributes:
        judge: the measure.
        optimum: the most that any policy earns from the start.
        regions: what the policies of each policy region earn, in order.
        max_loss: the loss that `within` allows.
        starts: the probability of each state in which episodes begin.
    """

    judge: Judge
    optimum: Worth
    regions: tuple[PricedRegion, ...]
    max_loss: Fraction
    starts: Mapping[int, Fraction]

    @property
    @abstractmethod
    def mdp(self) -> FiniteMDP:
        """The model in which policies are judged."""

    @property
    @abstractmethod
    def _rational_model(self) -> RationalModel:
        """The model in integers."""

    @cached_property
    def best_regions(self) -> tuple[int, ...]:
        """The regions whose worst is the largest."""
        top = max(region.worst.least for region in self.regions)
        return tuple(i for i, region in enumerate(self.regions) if region.worst.most >= top)

    def falls_short(self, worst: Worth) -> bool:
        """Return whether this may be less than what the best policy earns."""
        return worst.least < self.optimum.most

    def margin(self, worst: Worth) -> float:
        """Return how much less than the best a policy may earn without falling short: here 0."""
        return 0.0

    def worth(self, policy: Sequence[int]) -> Worth:
        """Return what one policy earns, an action for each state.

        Entries for states without actions are ignored.

        Raises:
            ValueError: it has another length, or an action that is not available.
        """
        mdp = self.mdp
        policy = listed(policy, "policy")
        if len(policy) != mdp.n_states:
            raise ValueError(f"policy must have {mdp.n_states} actions, got {len(policy)}")
        sets = []
        for s, able in enumerate(mdp.available.tolist()):
            action = whole(policy[s], "each action of policy", 0, mdp.n_actions - 1)
            if any(able) and not able[action]:
                name = mdp.action_name(action)
                raise ValueError(
                    f"policy takes {name} in state {mdp.state_name(s)}, where it is not available"
                )
            sets.append((action,) if any(able) else ())
        return self._worths.of(sets)[0]

    def to_frame(self) -> pd.DataFrame:
        """Return a row per region: its ends, worst, best and loss."""
        return frame(
            {
                "lower": [float(region.lower) for region in self.regions],
                "upper": [float(region.upper) for region in self.regions],
                "worst": [region.worst.value for region in self.regions],
                "best": [region.best.value for region in self.regions],
                "loss": [region.loss for region in self.regions],
            }
        )

    def _judged(self, sets: Sets) -> tuple[Worth, Worth, float | None]:
        """What the policies that use these sets earn, as the fields of `Priced`."""
        worst, best = self._worths.of(sets)
        return worst, best, loss(self.optimum, worst)

    @property
    def _enough(self) -> Fraction | float:
        """The least that a policy earns if it loses at most `max_loss`."""
        most = self.optimum.most
        enough: Fraction | float = most - self.max_loss * abs(most)  # type: ignore[operator]  # of fractions or floats
        return enough

    @cached_property
    def _worths(self) -> Worths:
        return Worths(self._rational_model, self.judge, self.starts, Deadline())


@dataclass(frozen=True, eq=False, repr=False)
class GammaPrice(JudgedRegions):
    """What every gamma costs, by one judge; the attributes are those of `JudgedRegions`."""

    SCHEMA: ClassVar[str] = "qdecay.price/1"

    @property
    def free_from(self) -> AlgebraicNumber | None:
        """The least end of a region, or 0, right of which none falls short of the optimum.

        None if the last one does, as is usual for a number of steps: no gamma can replace a clock.
        """
        return self._from(lambda worst: not self.falls_short(worst))

    @property
    def within(self) -> AlgebraicNumber | None:
        """The least end of a region, or 0, right of which none loses more than `max_loss`."""
        return self._from(lambda worst: worst.least >= self._enough)

    @abstractmethod
    def at(self, gamma: RationalLike | AlgebraicNumber) -> PricedGamma:
        """Return what the policies that are optimal at one gamma earn."""

    def sentence(self, *gammas: RationalLike | AlgebraicNumber) -> str:
        """Return the answer in words, with what some gammas give; by default 0.99."""
        return sentence(self, [self.at(gamma) for gamma in gammas or self._usual()])

    def _usual(self) -> tuple[str, ...]:
        """What a sentence mentions if no gamma is given."""
        return ("99/100",)

    def body(self) -> dict[str, Any]:
        """Return the document without its schema."""
        return {
            "source": self.name,
            "start": self.info.start,
            "judge": self.judge.to_json(),
            "optimum": self.optimum.to_json(),
            "regions": [region.body() for region in self.regions],
            "free_from": None if self.free_from is None else text_of(self.free_from),
            "within": {
                "loss": float(self.max_loss),
                "from": None if self.within is None else text_of(self.within),
            },
            "best_regions": list(self.best_regions),
        }

    def _shown(self) -> str:
        regions = counted(len(self.regions), "region")
        return self._titled(f"{regions} judged by {self.judge}, optimum {self.optimum.shown(FEW)}")

    def _from(self, is_enough: Callable[[Worth], bool]) -> AlgebraicNumber | None:
        """The lower end of the first of the last regions that all earn enough."""
        start = None
        for region in reversed(self.regions):
            if not is_enough(region.worst):
                break
            start = region.lower
        return start


@dataclass(frozen=True, eq=False, repr=False)
class Price(GammaPrice, Explored):
    """What every gamma costs, by one judge.

    Attributes:
        judge: the measure.
        optimum: the most that any policy earns from the start.
        regions: what the policies of each policy region earn, from gamma = 0 to 1.
        max_loss: the loss that `within` allows.
        starts: the probability of each state in which episodes begin.
        policy_regions: the regions themselves.
    """

    policy_regions: PolicyRegions

    @property
    def mdp(self) -> MDP:
        """The model."""
        return self.policy_regions.mdp

    @property
    def _rational_model(self) -> RationalModel:
        return self.policy_regions.rational_model

    def at(self, gamma: RationalLike | AlgebraicNumber) -> PricedGamma:
        """Return what the policies that are optimal at one gamma earn, 0 <= gamma <= 1.

        At gamma = 1 an action is in a set if some optimal policy takes it. Other policies made of
        the same actions may walk in circles for ever; the worst includes them.
        """
        number = gamma_number(gamma, "[0, 1]")
        touches = any(touch.gamma == number for touch in self.policy_regions.touches)
        inside = 0 < number < 1 and not touches
        index = self.policy_regions.region_of(number) if inside else None
        if index is None:
            judged = self._judged(self.policy_regions.optimal_actions(number))
        else:
            region = self.regions[index]
            judged = region.worst, region.best, region.loss
        return PricedGamma(*judged, number, index)


def sentence(price: GammaPrice, gammas: Sequence[PricedGamma]) -> str:
    """Return in words which gammas are best, and what others give."""
    return answer(price, best_gammas(price), [f"gamma = {given(found)}" for found in gammas])


def answer(price: JudgedRegions, where: str, others: Sequence[str]) -> str:
    """Return in words what is best, where, and what the `others` give."""
    best, judge = price.regions[price.best_regions[0]], price.judge
    if not price.falls_short(best.worst):
        margin = price.margin(best.worst)
        beyond = f" beyond {margin:.1e}" if margin else ""
        found = f"{where} loses nothing{beyond}: {best.shown(FEW)} {judge.words}"
    else:
        digits = next((d for d in (FEW, GAMMA) if best.shown(d) != price.optimum.shown(d)), None)
        most = f"{price.optimum.shown(digits)} that" if digits else "nearly all that"
        timed = judge.steps is not None
        among = f" for {judge.steps:,} steps" if timed else ""
        who = "a policy with a clock could reach" if timed else f"is possible {judge.words}"
        found = f"{where} is best{among}: {best.shown(digits or FEW)} of {most} {who}"
    return "; ".join([found, *others])


def best_gammas(price: GammaPrice) -> str:
    """Name the gammas of the best regions, such as "gamma between 0.5 and 1"."""
    ends = best_stretches(price)
    if ends == [("0", "1")]:
        return "every gamma between 0 and 1"
    return " or ".join(f"gamma between {low} and {high}" for low, high in ends)


def best_stretches(price: JudgedRegions, digits: int = GAMMA) -> list[tuple[str, str]]:
    """Return the ends of every stretch of best regions, in decimals.

    They are rounded inwards, so that every gamma between them is one of the best.
    """
    return [
        inside(price.regions[first].lower, price.regions[last].upper, digits)
        for first, last in runs(price.best_regions)
    ]


def given(found: PricedPoint) -> str:
    """Return a gamma, or a value along a line, and what it gives."""
    return f"{shown_decimal(found.number, GAMMA)} gives {found.shown(FEW)}"
