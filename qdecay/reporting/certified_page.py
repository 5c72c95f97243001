"""The page of a model too large for exact regions: its proven brackets, and what gammas cost.

A static page. Each bar lies on the axis -log10(1 - gamma): a region has the colour of the state's
best action, a bracket is a tick of its width, and near ties are shaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from qdecay._support.deadline import Deadline
from qdecay._support.one_line import escaped
from qdecay._support.progress import OnProgress
from qdecay.certified.regions import certified_policy_regions
from qdecay.certified.result import CertifiedBracket, CertifiedRegions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.mdp import MDP
from qdecay.model.source import Source
from qdecay.pricing.certified_price import CertifiedPrice, certified_priced
from qdecay.pricing.optimum import start_distribution
from qdecay.pricing.result import Priced
from qdecay.reporting import figures
from qdecay.reporting.chapter import shown_actions, title_of
from qdecay.reporting.figures import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, Band, Line, Plot, Tick
from qdecay.reporting.numerals import brief, decimal
from qdecay.reporting.page import render
from qdecay.reporting.prices import Words
from qdecay.reporting.samples import decades

WIDTH = 720.0  # of a bar, in pixels
_TICK = 2.0  # of a bracket, at least
_LABEL = 8.0  # pixels per letter, about
_MOST_BARS, _MOST_ROWS, _NAMED_CHANGES = 12, 2_000, 12
_COLOURS = 7
_SEVERAL = 7  # the colour of several actions
_DIGITS = 10
_MAX_LOSS = Fraction(1, 100)
_OPEN_AT = ("0.9", "0.99", "0.5")
_RISE = HEIGHT - TOP - BOTTOM - 10.0  # of the plot


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in pixels: its colour, what is best there, and the text that fits in it."""

    left: float
    right: float
    colour: int
    text: str
    label: str


@dataclass(frozen=True)
class Bar:
    """A state's bar: its regions, its brackets and its near ties; the last two are (left, right,
    text)."""

    state: str
    segments: list[Segment]
    brackets: list[tuple[float, float, str]]
    ties: list[tuple[float, float, str]]


def across_mark(at: float) -> float:
    """Return the position in the plot of a mark of the bars' axis."""
    return LEFT + at / WIDTH * (figures.WIDTH - RIGHT - LEFT)


@dataclass(frozen=True, eq=False)
class CertifiedPage:
    """What the page shows.

    Attributes:
        source: what the user named.
        mdp, regions: the model and its certified regions.
        state: the state whose bar comes first; None means the start.
        price: what each gamma costs; None if that is unknown.
        why: why it is unknown.
    """

    source: Source
    mdp: MDP
    regions: CertifiedRegions
    state: int | None = None
    price: CertifiedPrice | None = None
    why: str = ""

    @property
    def title(self) -> str:
        """The id in words, or the text that names the source."""
        return escaped(title_of(self.source.text))

    @cached_property
    def _depth(self) -> float:
        ends = [AlgebraicNumber.of(bracket.upper) for bracket in self.regions.brackets]
        return decades(ends) + 0.5

    def place(self, gamma: Fraction) -> float:
        """Return the position of a gamma, in pixels; if it is too near to 1, the right end."""
        if gamma >= 1:
            return WIDTH
        depth = math.log10((1 - gamma).denominator) - math.log10((1 - gamma).numerator)
        return WIDTH * min(depth / self._depth, 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """The marks 0, 0.5, 0.9, 0.99, ... of the axis."""
        nines = [Fraction(1, 2), *(1 - Fraction(1, 10**k) for k in range(1, int(self._depth) + 1))]
        texts = ["0.5", *(f"0.{'9' * k}" if k < 5 else f"1 − 1e−{k}" for k in range(1, 20))]
        shown = [(self.place(gamma), text) for gamma, text in zip(nines, texts, strict=False)]
        return [(0.0, "0"), *shown]

    def bars(self) -> list[Bar]:
        """The bars: of the requested state or the start, and of other states that change."""
        first = self.state if self.state is not None else self.mdp.start
        changing = {s: None for bracket in self.regions.brackets for s in bracket.changes}
        tied = {tie.state: None for tie in self.regions.near_ties}
        states = dict.fromkeys([*([] if first is None else [first]), *changing, *tied])
        return [self._bar(s) for s in (list(states) or [0])[:_MOST_BARS]]

    def more_states(self) -> int:
        """How many states that change have no bar."""
        changing = {s for bracket in self.regions.brackets for s in bracket.changes}
        return max(0, len(changing) - _MOST_BARS)

    def _bar(self, state: int) -> Bar:
        found, name = self.regions, self.mdp.state_name
        inside = [b for b in found.brackets if state in b.changes]
        starts = [0, *(i + 1 for i, b in enumerate(found.brackets) if state in b.changes)]
        lowers = [Fraction(0), *(b.upper for b in inside)]
        uppers = [*(b.lower for b in inside), found.proven_to]
        segments = [
            self._segment(self.place(low), self.place(high), found.regions[i][state])
            for i, low, high in zip(starts, lowers, uppers, strict=True)
        ]
        ticks = [self._tick(b) for b in inside]
        ties = [
            (self.place(tie.lower), self.place(tie.upper), self._actions(tie.actions))
            for tie in found.near_ties
            if tie.state == state
        ]
        return Bar(name(state), segments, ticks, ties)

    def _segment(self, left: float, right: float, actions: tuple[int, ...]) -> Segment:
        colour = actions[0] % _COLOURS if len(actions) == 1 else _SEVERAL
        text = self._actions(actions)
        return Segment(left, right, colour, text, text * (len(text) * _LABEL < right - left))

    def _tick(self, bracket: CertifiedBracket) -> tuple[float, float, str]:
        left, right = self.place(bracket.lower), self.place(bracket.upper)
        spare = max(0.0, _TICK - (right - left)) / 2
        return left - spare, right + spare, f"{bracket.shown()}: {bracket.content}"

    def _actions(self, actions: tuple[int, ...]) -> str:
        return " or ".join(self._names[action] for action in actions) or "none"

    @cached_property
    def _names(self) -> list[str]:
        return shown_actions(self.source)

    def rows(self) -> list[dict[str, Any]]:
        """Return the table of brackets."""
        return [
            {
                "gamma": bracket.shown(),
                "content": bracket.content,
                "changes": [
                    (self.mdp.state_name(s), self._actions(sides.left), self._actions(sides.right))
                    for s, sides in list(bracket.changes.items())[:_NAMED_CHANGES]
                ],
                "more": max(0, len(bracket.changes) - _NAMED_CHANGES),
            }
            for bracket in self.regions.brackets[:_MOST_ROWS]
        ]

    def ties(self) -> list[tuple[str, str, str, str]]:
        """Return the table of near ties: state, actions, and the ends."""
        return [
            (
                self.mdp.state_name(tie.state),
                self._actions(tie.actions),
                decimal(float(tie.lower), _DIGITS),
                decimal(float(tie.upper), _DIGITS),
            )
            for tie in self.regions.near_ties[:_MOST_ROWS]
        ]

    def earned(self) -> list[dict[str, Any]]:
        """Return the table of prices: ends, what is earned and lost, and whether it is best."""
        if self.price is None:
            return []
        words, best = Words(self.price), set(self.price.best_regions)
        return [
            {
                "ends": [decimal(end, _DIGITS) for end in (region.lower, region.upper)],
                "earns": words.of(region),
                "lost": words.lost(region),
                "best": i in best,
            }
            for i, region in enumerate(self.price.regions)
        ]

    @cached_property
    def words(self) -> Words | None:
        """The price in words."""
        return None if self.price is None else Words(self.price)

    @cached_property
    def opening(self) -> tuple[str, Priced] | None:
        """The gamma of the first sentence, 0.9 if the best actions there are proven, and what it
        earns."""
        if self.price is None:
            return None
        for gamma in _OPEN_AT:
            try:
                return gamma, self.price.at(gamma)
            except ValueError:
                continue
        return None

    def price_plot(self) -> Plot | None:
        """Return the step curve of what each gamma earns; None if all earn the same."""
        price, words = self.price, self.words
        if price is None or words is None or not words.where:
            return None
        worst = [region.worst.value for region in price.regions]
        finite = [value for value in (*worst, price.optimum.value) if math.isfinite(value)]
        low, high = min(finite), max(finite)
        low -= (high - low or 1) * (0.25 if -math.inf in worst else 0.05)

        def across(gamma: Fraction) -> float:
            return across_mark(self.place(gamma))

        def up(value: float) -> float:
            return HEIGHT - BOTTOM - (max(value, low) - low) / (high - low or 1) * _RISE

        ends = [(across(r.lower.lower), across(r.upper.lower)) for r in price.regions]
        corners = [(x, up(v)) for pair, v in zip(ends, worst, strict=True) for x in pair]
        best = price.best_regions
        unit = 100 if words.is_share else 1
        edge = figures.WIDTH - RIGHT
        dots = []
        if self.opening is not None:
            gamma, found = self.opening
            at = (across(Fraction(gamma)), up(found.worst.value))
            dots = [Line("yours", (at,), f"γ = {gamma}: {words.told(found)}")]
        possible = ((LEFT, up(price.optimum.value)), (edge, up(price.optimum.value)))
        return Plot(
            f"{words.measure}, by γ",
            "discount factor γ, log scale of 1 − γ",
            "% of episodes" if words.is_share else "reward",
            tuple(Tick(across_mark(at), text) for at, text in self.marks()),
            tuple(Tick(up(v), brief(unit * v, 6)) for v in figures.nice_ticks(low, high)),
            (Line("price", tuple(corners), "planning"),),
            tuple(dots),
            (Line("possible", possible, f"{words.possible}: {words.amount(price.optimum)}"),),
            Band(ends[best[0]][0], ends[best[-1]][1]),
            f"best: {words.amount(words.top.worst)}",
        )

    def html(self) -> str:
        """Return the page."""
        documents: dict[str, Any] = {"regions-0": self.regions.to_json(self.source.text)}
        if self.price is not None:
            documents["price-0"] = self.price.to_json(self.source.text)
        return render("certified.html", [], documents, title=self.title, page=self, width=WIDTH)


def read_certified_page(
    source: Source, *, max_seconds: float | None = None, progress: bool | OnProgress = False
) -> CertifiedPage:
    """Return the page of a source; its price is by the default judge.

    Raises:
        InputError: the source cannot be read as a finite model.
        BudgetExceeded: max_seconds ran out.
    """
    mdp, deadline = source.mdp(), Deadline(max_seconds)
    regions = certified_policy_regions(mdp, max_seconds=max_seconds, progress=progress)
    return certified_page_of(source, regions, deadline, progress)


def certified_page_of(
    source: Source,
    regions: CertifiedRegions,
    deadline: Deadline | None = None,
    progress: bool | OnProgress = False,
) -> CertifiedPage:
    """Return the page of a source whose regions are known.

    Raises:
        BudgetExceeded: the deadline has passed.
    """
    mdp, deadline = source.mdp(), deadline or Deadline()
    price, why = None, ""
    try:
        starts = start_distribution(mdp)
        price = certified_priced(
            regions, None, starts, deadline, max_loss=_MAX_LOSS, progress=progress
        )
    except ValueError as error:
        why = str(error)
    return CertifiedPage(source, mdp, regions, None, price, why)
