"""What a page says of the price of every gamma: in words, and at every point where it changes.

Where every reward is 0 or 1 and a 1 ends the episode, as on FrozenLake, the undiscounted sum is the
share of episodes that reach the goal, and is called that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from qdecay._support.deadline import Deadline, time_limit
from qdecay.errors import BudgetExceeded
from qdecay.exact.regions import PolicyRegions
from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP
from qdecay.pricing.optimum import start_distribution
from qdecay.pricing.price import priced
from qdecay.pricing.result import JudgedRegions, Price, Priced, best_gammas
from qdecay.pricing.worth import Worth

USUAL = Fraction(99, 100)  # the gamma that most people take
_DIGITS = (4, 7, 10)  # as many as tell what is earned from what is possible


@dataclass(frozen=True)
class Words:
    """A price in words."""

    price: JudgedRegions

    @cached_property
    def is_share(self) -> bool:
        """Whether what is earned is the share of episodes that reach the goal."""
        return self.price.judge.kind in ("total", "steps") and _ends_with_one(self.price.mdp)

    @property
    def measure(self) -> str:
        """What the judge counts, as the caption of an axis."""
        if self.is_share:
            return f"episodes that reach the goal{self._within}"
        return f"reward {self.price.judge.words}"

    @property
    def possible(self) -> str:
        """What the optimum is called."""
        return "possible with a clock" if self.price.judge.kind == "steps" else "possible"

    def amount(self, worth: Worth, digits: int = _DIGITS[0]) -> str:
        """Return a worth in the judge's unit, reward or percent."""
        return percent(worth.value, digits - 3) if self.is_share else worth.shown(digits)

    def earns(self, amounts: str) -> str:
        """Return what is done for one amount or several."""
        if self.is_share:
            return f"reaches the goal{self._within} in {amounts} of episodes"
        return f"earns {amounts} {self.price.judge.words}"

    def of(self, found: Priced) -> str:
        """Return what some policies earn of what is possible."""
        digits = self._digits(found.worst)
        text, optimum = self._earned(found, digits or _DIGITS[0]), self.price.optimum
        if not self.price.falls_short(found.worst):
            margin = self.price.margin(found.worst)
            return f"{text}; no policy does better" + f" by more than {margin:.1e}" * bool(margin)
        if digits is None:
            return f"{text}, nearly all that is possible"
        most = f"{text}; {self.possible}: {self.amount(optimum, digits)}"
        if math.isinf(found.best.value):
            return f"{most} {self.price.judge.words}"
        if self.is_share or not found.loss or math.isinf(found.loss):
            return most
        at_worst = "" if found.worst.value == found.best.value else " at worst"
        return f"{most} ({percent(found.loss)} lost{at_worst})"

    def _earned(self, found: Priced, digits: int) -> str:
        worst, best = (self.amount(end, digits) for end in (found.worst, found.best))
        if worst == best:
            return "loses for ever" if math.isinf(found.worst.value) else self.earns(worst)
        if math.isinf(found.worst.value):
            return f"loses for ever or {self.earns(best)}, as ties break"
        both = f"{worst.removesuffix(' %')} to {best}"
        return f"{self.earns(both)}, as ties break"

    def lost(self, found: Priced) -> str:
        """Return what some policies lose at worst: in percent, or as it is where 0 is possible."""
        optimum = self.price.optimum
        if math.isinf(found.worst.value):
            return "for ever"
        if not self.price.falls_short(found.worst):
            return "nothing"
        if found.loss:
            return percent(found.loss)
        return f"{optimum.value - found.worst.value:.4g} {self.price.judge.words}"

    def _digits(self, worst: Worth) -> int | None:
        """The digits that tell the worst from the optimum; None if none do."""
        for digits in _DIGITS:
            one, two = (self.amount(end, digits).split()[0] for end in (worst, self.price.optimum))
            if float(one) != float(two):
                return digits
        return None

    @property
    def _within(self) -> str:
        steps = self.price.judge.steps
        return "" if steps is None else f" within {steps:,} steps"


def _ends_with_one(mdp: FiniteMDP) -> bool:
    """Whether every reward is 0 or 1, some are 1, and each of these ends the episode."""
    rewards = mdp.exact_reward if isinstance(mdp, MDP) else mdp.reward.tolist()
    outcomes = zip(rewards, mdp.terminated.tolist(), strict=True)
    paid = [(reward, ends) for reward, ends in outcomes if reward]
    return bool(paid) and all(reward == 1 and ends for reward, ends in paid)


def percent(share: float, decimals: int = 1) -> str:
    """Return a share in percent: no decimals if it is whole, more where it would read as 0 or 100.

    >>> [percent(share) for share in (0.5, 0.74019, 0.00012, 0.99999, 1.0, 2.5)]
    ['50 %', '74.0 %', '0.01 %', '99.999 %', '100 %', '250 %']
    """
    if 100 * share == round(100 * share):
        return f"{100 * share:.0f} %"
    while decimals < 15 and float(f"{100 * share:.{decimals}f}") in (0, 100):
        decimals += 1
    return f"{100 * share:.{decimals}f} %"


@dataclass(frozen=True, eq=False)
class PagePrice:
    """The price by the default judge, and what is earned where ties matter.

    Attributes:
        price: the price.
        at_zero, at_one: at gamma = 0 and 1.
        breakpoints, touches: at each of them, in order.
    """

    price: Price
    at_zero: Priced
    at_one: Priced
    breakpoints: tuple[Priced, ...]
    touches: tuple[Priced, ...]

    @classmethod
    def of(cls, regions: PolicyRegions, deadline: Deadline) -> Self | None:
        """Return it, or None: there is no start, the time runs out, or no float is so large."""
        seconds = None if deadline.max_seconds is None else max(deadline.left, 1e-3)
        try:
            with time_limit(seconds):
                price = priced(regions, None, start_distribution(regions.mdp), Deadline(seconds))
                breakpoints = tuple(price.at(point.gamma) for point in regions.breakpoints)
                touches = tuple(price.at(point.gamma) for point in regions.touches)
                return cls(price, price.at(0), price.at(1), breakpoints, touches)
        except (BudgetExceeded, ValueError):
            return None

    @cached_property
    def words(self) -> Words:
        """It in words."""
        return Words(self.price)

    def data(self) -> dict[str, Any]:
        """Return what the page's script draws and says."""
        price, words = self.price, self.words
        return {
            "optimum": price.optimum.value,
            "summary": self.summary,
            "possible": f"{words.possible}: {words.amount(price.optimum)}",
            "percent": words.is_share,
            "best": list(price.best_regions),
            "regions": [self._entry(region) for region in price.regions],
            "breakpoints": [self._entry(point) for point in self.breakpoints],
            "touches": [self._entry(point) for point in self.touches],
            "at_zero": self._entry(self.at_zero),
            "at_one": self._entry(self.at_one),
        }

    def _entry(self, found: Priced) -> tuple[float | None, float | None, str]:
        """The worst and the best, None where they lose for ever, and both in words."""
        worst, best = (
            end.value if math.isfinite(end.value) else None for end in (found.worst, found.best)
        )
        return worst, best, self.words.of(found)

    @property
    def summary(self) -> str:
        """What is drawn, the gammas that are best, and what they earn."""
        best = self.price.regions[self.price.best_regions[0]]
        earned = self.words.of(best)
        return f"What each gamma earns, {self.words.measure}: {self.best_gammas} {earned}"

    @property
    def best_gammas(self) -> str:
        """Which gammas are best."""
        return best_gammas(self.price)

    @property
    def best_amount(self) -> str:
        """What they earn."""
        return self.words.amount(self.price.regions[self.price.best_regions[0]].worst)

    def card(self) -> tuple[str, str]:
        """Return in a few words what the best gamma earns, and what 0.99 loses."""
        how = "reach the goal" if self.words.is_share else self.price.judge.words
        return f"{self.best_amount} {how}", self.words.lost(self.price.at(USUAL))
