"""The price of every gamma as a figure: what its optimal policies earn, of what is possible.

That of every value along a model line too, on an axis of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from textwrap import fill
from typing import Any, Protocol

from qdecay._support.one_line import escaped
from qdecay._support.shown import shown_decimal, shown_fraction
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.pricing.line_price import LinePrice
from qdecay.pricing.result import GammaPrice, JudgedRegions, PricedPoint
from qdecay.report.figures import nice_ticks
from qdecay.report.plots.style import EXACT, LEARNED, _figure
from qdecay.report.prices import Words
from qdecay.report.samples import decades

_BEST, _GREY = "#009E73", "#555555"
_SIZE = (5.4, 3.2)  # inches
_DIGITS = 7  # of gammas, and of values along a line
_LABEL = 30  # characters in a line of a label
_SMALL = 8  # printer's points
_MARK = 0.45  # inches from one mark of gamma to the next, at least
_WORDS = 0.22  # of the axis: the width of a few words
_APART = 0.4  # of the axis: labels of marked points closer than this could meet


def save_price(
    price: GammaPrice | LinePrice, path: Path, marked: Sequence[PricedPoint] = ()
) -> None:
    """Draw what every gamma earns, or every value along a line, and save the figure.

    Args:
        price: the price.
        path: ends in .svg, .pdf or .png.
        marked: what is marked, from `Price.at` or `LinePrice.at`.

    Raises:
        InputError: the file cannot be written.
    """
    with _figure(1, path, _SIZE) as (ax,):
        draw_price(ax, price, marked, "" if price.name is None else escaped(price.name))


def draw_price(
    ax: Any, price: GammaPrice | LinePrice, marked: Sequence[PricedPoint], title: str
) -> None:
    """Draw a step curve over the axis, the optimum, and the points that are marked."""
    words = Words(price)
    axis: _Axis = _GammaAxis(price) if isinstance(price, GammaPrice) else _LineAxis(price)
    worths = [region.worst.value for region in price.regions]
    earned = [end.value for found in (*price.regions, *marked) for end in (found.worst, found.best)]
    finite = [y for y in (*earned, price.optimum.value) if math.isfinite(y)]
    room = (max(finite) - min(finite) or abs(finite[0]) or 1) * 0.16
    floor = min(finite) - room  # where those that lose for ever are drawn
    ends = [axis.place(region.lower) for region in price.regions]
    ends.append(axis.place(price.regions[-1].upper))
    corners = [
        (x, max(y, floor)) for pair, y in zip(pairwise(ends), worths, strict=True) for x in pair
    ]
    axis.draw(ax)
    _draw_best(ax, price, ends, axis.best_text(words))
    _draw_ties(ax, price, ends, floor)
    ax.axhline(price.optimum.value, color=_GREY, lw=1, ls="--")
    possible = f"{words.possible}: {words.amount(price.optimum)}"
    _write(ax, possible, (0, price.optimum.value), (3, 3), _GREY)
    ax.plot(*zip(*corners, strict=True), color=LEARNED, lw=1.8)
    places = [(axis.place(found.number), found) for found in marked]
    _draw_marked(ax, words, axis.symbol, places, floor, 0.4 * room)
    ax.set_ylim(floor - 0.7 * room, max(finite) + room)
    ax.set_ylabel(fill(words.measure, _LABEL))
    form = "{x:g}" if not words.is_share else lambda y, _: f"{100 * y:g} %"
    ax.yaxis.set_major_formatter(form)
    if -math.inf in earned:
        _draw_lost(ax, worths, ends, floor)
    least = 0 if words.is_share else floor + 0.8 * room
    most = 1 if words.is_share else max(finite) + room
    ax.set_yticks([y for y in ax.get_yticks() if least <= y <= most])
    ax.set_title(title, parse_math=False)


def _draw_ties(ax: Any, price: JudgedRegions, ends: Sequence[float], floor: float) -> None:
    """Shade what policies of a region may earn, as ties break."""
    for region, pair in zip(price.regions, pairwise(ends), strict=True):
        worst, best = (max(end.value, floor) for end in (region.worst, region.best))
        if worst < best:
            ax.fill_between(pair, worst, best, color=LEARNED, alpha=0.2, lw=0)


def _draw_marked(
    ax: Any,
    words: Words,
    symbol: str,
    marked: Sequence[tuple[float, PricedPoint]],
    floor: float,
    line: float,
) -> None:
    """Draw a dot at what each of these points earns, and a label for those that earn the same.

    `line` is the height of a line of text in the axis' unit.
    """
    right = ax.get_xlim()[1]
    labels: list[tuple[float, float]] = []
    for text, group in groupby(marked, lambda pair: _amounts(words, pair[1])):
        found = list(group)
        for x, each in found:
            low, high = max(each.worst.value, floor), max(each.best.value, floor)
            ax.plot([x, x], [low, high], color=EXACT, lw=1.2)
            ax.plot([x], [low], "o", color=EXACT, markersize=5, zorder=4)
        x, y = found[0][0], max(found[0][1].worst.value, floor)
        while any(
            x - before < _APART * right and abs(y - other) < line for before, other in labels
        ):
            y -= line
        labels.append((x, y))
        names = ", ".join(shown_decimal(each.number, _DIGITS) for _, each in found)
        side, offset = ("right", -4) if x > 0.6 * right else ("left", 4)
        _write(ax, f"{symbol} = {names}: {text}", (x, y), (offset, -11), EXACT, side)


def _draw_lost(ax: Any, worths: Sequence[float], ends: Sequence[float], floor: float) -> None:
    """Write what the lowest level is: above it, or below where it is shorter than the words."""
    lost = worths.index(-math.inf) if -math.inf in worths else 0
    kept = next((i for i in range(lost, len(worths)) if math.isfinite(worths[i])), len(worths))
    is_short = ends[kept] - ends[lost] < _WORDS * ends[-1]
    _write(ax, "loses for ever", (ends[lost], floor), (3, -10 if is_short else 4), LEARNED)


def _amounts(words: Words, found: PricedPoint) -> str:
    ends = [
        words.amount(end) if math.isfinite(end.value) else "loses for ever"
        for end in (found.worst, found.best)
    ]
    return " to ".join(dict.fromkeys(ends))


def _draw_best(ax: Any, price: JudgedRegions, ends: Sequence[float], text: str) -> None:
    """Shade the best regions, and say what they earn."""
    if len(price.best_regions) == len(price.regions):
        return
    for i in price.best_regions:
        ax.axvspan(ends[i], ends[i + 1], color=_BEST, alpha=0.18, lw=0)
    i = price.best_regions[0]
    on_left = ends[i] > 0.5 * ends[-1]
    inside = ends[i + 1] > 0.6 * ends[-1]  # wide enough, or at the right end
    x = ends[i] if on_left or inside else ends[i + 1]
    ax.annotate(
        text.replace("-", "−"),
        (x, 0),
        (-4 if on_left else 4, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if on_left else "left",
        color=_BEST,
        fontsize=_SMALL,
    )


def _write(
    ax: Any,
    text: str,
    at: tuple[float, float],
    offset: tuple[float, float],
    colour: str,
    side: str = "left",
) -> None:
    """Write beside a point, `offset` printer's points away."""
    ax.annotate(
        text, at, offset, textcoords="offset points", color=colour, fontsize=_SMALL, ha=side
    )


class _Axis(Protocol):
    """Where regions are drawn, from 0 to `right`."""

    right: float
    symbol: str

    def place(self, number: AlgebraicNumber) -> float:
        """Where a number lies."""

    def draw(self, ax: Any) -> None:
        """Put the marks."""

    def best_text(self, words: Words) -> str:
        """What the best regions are labelled with."""


class _GammaAxis:
    """The axis -log10(1 - gamma), on which 1 stands half a decade behind the last mark."""

    symbol = "γ"

    def __init__(self, price: GammaPrice) -> None:
        self.price = price
        self.depth = decades([region.lower for region in price.regions[1:]])
        self.right = self.depth + 0.5

    def best_text(self, words: Words) -> str:
        """From where on nothing is lost, or what the best earn."""
        free = self.price.free_from
        if free is None:
            return _best_amount(words)
        return f"nothing lost from {shown_decimal(free, _DIGITS)}"

    def place(self, gamma: AlgebraicNumber) -> float:
        """Where a gamma lies."""
        if gamma == 1:
            return self.right
        gap = 1 - gamma.enclosure(64)[0]
        return min(-math.log10(gap), self.depth + 0.25)

    def draw(self, ax: Any) -> None:
        """Put the marks 0, 0.5, 0.9, 0.99, ... and 1."""
        decade = ax.get_position().width * ax.figure.get_figwidth() / self.right
        stride = math.ceil(_MARK / decade)
        nines = [k for k in range(0, self.depth + 1, stride) if k < 5 or k < self.depth]
        marks = {float(k): "0" if k == 0 else f"0.{'9' * k}" for k in nines if k < 5}
        marks |= {float(k): f"$1-10^{{-{k}}}$" for k in nines if k >= 5}
        if stride == 1 and self.depth < 5:
            marks[math.log10(2)] = "0.5"
        marks[self.right] = "1"
        ax.set_xticks(list(marks), list(marks.values()))
        ax.set_xlim(0, self.right)
        ax.set_xlabel("discount factor γ, log scale of 1 − γ")


class _LineAxis:
    """The parameter of a model line, from its low end."""

    def __init__(self, price: LinePrice) -> None:
        self.price, self.symbol = price, escaped(price.parameter.name)
        self.low = price.parameter.low
        self.right = float(price.parameter.high - self.low)

    def place(self, value: AlgebraicNumber) -> float:
        """Where a value lies."""
        return float(value.enclosure(64)[0] - self.low)

    def draw(self, ax: Any) -> None:
        """Put short decimals."""
        marks = nice_ticks(float(self.low), float(self.price.parameter.high))
        ax.set_xticks(
            [x - float(self.low) for x in marks], [f"{x:.12g}".replace("-", "−") for x in marks]
        )
        ax.set_xlim(0, self.right)
        gamma = shown_fraction(self.price.gamma)
        ax.set_xlabel(f"{self.symbol} of the policies, optimal at γ = {gamma}", parse_math=False)

    def best_text(self, words: Words) -> str:
        """That nothing is lost, or what the best earn."""
        worst = self.price.regions[self.price.best_regions[0]].worst
        return _best_amount(words) if self.price.falls_short(worst) else "nothing lost"


def _best_amount(words: Words) -> str:
    price = words.price
    return f"best: {words.amount(price.regions[price.best_regions[0]].worst)}"
