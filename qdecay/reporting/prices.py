"""What a page says about the price of every gamma: in words, and at every point where it changes.

If every reward is 0 or 1 and a 1 ends the episode, as on FrozenLake, the undiscounted sum is called
what it is: the share of episodes that reach the goal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from qdecay._support.deadline import Deadline, time_limit
from qdecay._support.shown import percent
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import PolicyRegions
from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP
from qdecay.pricing.ends import inside
from qdecay.pricing.optimum import start_distribution
from qdecay.pricing.price import priced
from qdecay.pricing.result import (
    GammaPrice,
    JudgedRegions,
    Price,
    Priced,
    PricedRegion,
    best_stretches,
)
from qdecay.pricing.worth import Worth
from qdecay.reporting.numerals import brief, signed

USUAL = Fraction(99, 100)  # the gamma that most people use
Sentence = tuple[tuple[str, str], ...]  # parts with their kinds: "", "var", or a colour
_WRITTEN_OUT = 7  # digits before the point of an amount without a power of ten
_DIGITS = (4, 7, 10)  # tried until they distinguish the earnings from the optimum


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
        """What the judge measures, as the caption of an axis."""
        if self.is_share:
            return f"episodes that reach the goal{self._within}"
        return f"reward {self.price.judge.words}"

    @property
    def measured(self) -> str:
        """The measure, in the sense of "judged by"."""
        return f"the share of {self.measure}" if self.is_share else f"the {self.measure}"

    @property
    def caption(self) -> str:
        """The title of its chart."""
        if self.is_share:
            return f"% of {self.measure}, by γ"
        return f"What each γ earns, {self.measure}"

    @property
    def possible(self) -> str:
        """The name of the optimum."""
        return "possible with a clock" if self.price.judge.kind == "steps" else "possible"

    def amount(self, worth: Worth, digits: int = _DIGITS[0]) -> str:
        """Return a worth in the judge's unit, reward or percent."""
        if self.is_share:
            return percent(worth.value, digits - 1)
        written_out = 1 <= abs(worth.value) < 10**_WRITTEN_OUT
        before = int(math.log10(abs(worth.value))) + 1 if written_out else 0
        return signed(worth.shown(max(digits, before)))

    def earns(self, amounts: str) -> str:
        """Return the verb with one amount or several."""
        if self.is_share:
            return f"reaches the goal{self._within} in {amounts} of episodes"
        return f"earns {amounts} {self.price.judge.words}"

    def of(self, found: Priced) -> str:
        """Return what some policies earn, compared with what is possible."""
        digits = self._digits(found.worst)
        text, optimum = self._earned(found, digits or _DIGITS[0]), self.price.optimum
        if not self.price.falls_short(found.worst):
            margin = self.price.margin(found.worst)
            return (
                f"{text}; no policy does better"
                + f" by more than {signed(f'{margin:.1e}')}" * bool(margin)
            )
        if digits is None:
            return f"{text}, nearly all that is possible"
        most = f"{text}; {self.possible}: {self.amount(optimum, digits)}"
        if math.isinf(found.best.value):
            return f"{most} {self.price.judge.words}"
        if self.is_share or not found.loss or math.isinf(found.loss):
            return most
        at_worst = "" if found.worst.value == found.best.value else " at worst"
        return f"{most} ({percent(found.loss)} lost{at_worst})"

    def either(self, found: Priced, digits: int) -> str:
        """Return the amount that some policies earn, or its range if ties matter."""
        worst, best = (self.amount(end, digits) for end in (found.worst, found.best))
        lost, all_lost = math.isinf(found.worst.value), math.isinf(found.best.value)
        if all_lost:
            return "loses for ever"
        if lost:
            return f"loses for ever or {self.earns(best)}, as ties break"
        return worst if worst == best else f"{worst.removesuffix(' %')} to {best}, as ties break"

    def _earned(self, found: Priced, digits: int) -> str:
        worst, best = (self.amount(end, digits) for end in (found.worst, found.best))
        if worst == best:
            return "loses for ever" if math.isinf(found.worst.value) else self.earns(worst)
        if math.isinf(found.worst.value):
            return f"loses for ever or {self.earns(best)}, as ties break"
        both = f"{worst.removesuffix(' %')} to {best}"
        return f"{self.earns(both)}, as ties break"

    def lost(self, found: Priced) -> str:
        """Return what some policies lose at worst: in percent, or in the unit if the optimum is
        0."""
        optimum = self.price.optimum
        if math.isinf(found.worst.value):
            return "for ever"
        if not self.price.falls_short(found.worst):
            return "nothing"
        if found.loss:
            return percent(found.loss)
        return f"{brief(optimum.value - found.worst.value, 4)} {self.price.judge.words}"

    @cached_property
    def top(self) -> PricedRegion:
        """What the best gammas earn."""
        return self.price.regions[self.price.best_regions[0]]

    @cached_property
    def where(self) -> str:
        """The gammas that earn most, such as "between 0.5 and 1", or "" if all do.

        The ends are rounded inwards, so that every gamma between them does.
        """
        price = self.price
        if len(price.best_regions) == len(price.regions):
            return ""
        ends = best_stretches(price, _DIGITS[0])
        return signed(" or ".join(f"between {low} and {high}" for low, high in ends))

    @property
    def says(self) -> tuple[str, str]:
        """The text before and after the amount that a gamma earns."""
        before, after = self.earns("\0").split("\0")
        return before, after

    def told(self, found: Priced) -> str:
        """Return the amount that some policies earn, with enough digits to distinguish it from the
        best."""
        return self.either(found, self._told_digits(found))

    def rest(self, found: Priced) -> Sentence:
        """Return the sentence that follows what some policies earn: what the best gammas earn."""
        top = self.top.worst
        if found.worst.least >= top.least or found.worst.most >= top.most:
            if not self.price.falls_short(top):
                return (("No policy does better.", ""),)
            return (("No γ gives more." if self.where else "Every γ gives the same.", ""),)
        verb = "is" if self.is_share else "earns"
        best = (self.amount(top, self._told_digits(found)), "good")
        if not self.where:
            return ("Any ", ""), ("γ", "var"), (f" in between {verb} ", ""), best, (".", "")
        return ("With any ", ""), ("γ", "var"), (f" {self.where} it {verb} ", ""), best, (".", "")

    def verdict(self, gamma: str, found: Priced) -> tuple[Sentence, Sentence]:
        """Return what a gamma earns and what the best would, in two sentences."""
        before, after = ("", "") if math.isinf(found.worst.value) else self.says
        rest = self.rest(found)
        colour = "good" if rest == self.rest(self.top) else "warning"
        own = (f" = {gamma} planning {before}", ""), (self.told(found), colour), (f"{after}.", "")
        return (("With ", ""), ("γ", "var"), *own), rest

    def figures(self) -> list[tuple[str, str]]:
        """Return what the best gammas earn and further figures, each with its label."""
        price, top = self.price, self.top.worst
        best = (self.amount(top), f"best γ: {self.where or 'any'}")
        if price.judge.steps is not None:
            more = price.falls_short(top)
            label = "with a clock: no γ can" if more else "with a clock: no more"
            digits = (self.apart(top, price.optimum) if more else None) or _DIGITS[0]
            return [best, (self.amount(price.optimum, digits), label)]
        free = price.free_from if isinstance(price, GammaPrice) else None
        if free is None or free == 0:
            return [best, (self.amount(price.optimum), "the most that is possible")]
        return [
            best,
            (inside(free, AlgebraicNumber.of(1), _DIGITS[0])[0], "from this γ on nothing is lost"),
        ]

    def _told_digits(self, found: Priced) -> int:
        return self.apart(found.worst, self.top.worst) or _DIGITS[0]

    def _digits(self, worst: Worth) -> int | None:
        """The digits that distinguish the worst from the optimum; None if none do."""
        return self.apart(worst, self.price.optimum)

    def apart(self, one: Worth, other: Worth) -> int | None:
        """Return the digits that distinguish two worths; None if none do."""
        for digits in _DIGITS:
            texts = (self.amount(end, digits) for end in (one, other))
            if len({float(text.strip("< %").replace("−", "-")) for text in texts}) == 2:
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


@dataclass(frozen=True, eq=False)
class PagePrice:
    """The price by the default judge, and the earnings at gammas where ties matter.

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
        """Return the price; None without a start, if the time runs out, or if floats are too
        small."""
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
        """The price in words."""
        return Words(self.price)

    def data(self) -> dict[str, Any]:
        """Return the data and texts for the page's script.

        An entry is [worst, best, amount, rest]: the first two are None if they lose for ever, and
        the last is the index in `rests` of the sentence that follows, 0 for the best itself.
        """
        price, words = self.price, self.words
        rests = {words.rest(words.top): 0}

        def entry(found: Priced) -> tuple[float | None, float | None, str, int]:
            ends = (found.worst.value, found.best.value)
            worst, best = (end if math.isfinite(end) else None for end in ends)
            rest = rests.setdefault(words.rest(found), len(rests))
            return worst, best, words.told(found), rest

        entries = {
            "regions": [*map(entry, price.regions)],
            "breakpoints": [*map(entry, self.breakpoints)],
            "touches": [*map(entry, self.touches)],
            "at_zero": entry(self.at_zero),
            "at_one": entry(self.at_one),
        }
        return {
            "caption": words.measure,
            "percent": words.is_share,
            "says": words.says,
            "rests": list(rests),
            "optimum": price.optimum.value,
            "possible": [words.possible, words.amount(price.optimum)],
            "best": list(price.best_regions),
            "everywhere": not words.where,
            "nothing_better": not price.falls_short(words.top.worst),
            **entries,
        }

    def card(self) -> tuple[str, str, str]:
        """Return in a few words what the best gamma earns, which it is, and what 0.99 loses."""
        words = self.words
        how = "reach the goal" if words.is_share else self.price.judge.words
        earned = f"{words.amount(words.top.worst)} {how}"
        return earned, words.where or "any", words.lost(self.price.at(USUAL))
