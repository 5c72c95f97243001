"""The price of every gamma as a figure: what its optimal policies earn, beside what is possible.

The price of every value along a model line is drawn likewise, on the parameter's axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from qdecay._support.one_line import escaped
from qdecay.pricing.ends import runs
from qdecay.pricing.line_price import LinePrice
from qdecay.pricing.result import GammaPrice, JudgedRegions, PricedPoint
from qdecay.reporting.numerals import brief, decimal, fraction
from qdecay.reporting.plots.axes import across, below_one, gamma_axis, parameter_axis
from qdecay.reporting.plots.figure import Panel, save_panels
from qdecay.reporting.plots.labels import Labels
from qdecay.reporting.plots.naming import titled
from qdecay.reporting.plots.style import BEST, INK, SOFT, WORSE, pale, set_title
from qdecay.reporting.plots.words import DIGITS, LINE, SMALL, points_of, width_of, wrapped
from qdecay.reporting.prices import Words
from qdecay.reporting.samples import decades

HEIGHT = 3.0  # inches
_DIGITS = 7  # of gammas, and of values along a line
_ROOM = 0.16  # of what is earned, above and below it

Point = tuple[float, float]


class _Shown(NamedTuple):
    """The drawn data: a price, its words, the ends of its regions, and the lowest level."""

    price: GammaPrice | LinePrice
    words: Words
    ends: list[float]
    floor: float

    def level(self, worth: float) -> float:
        """Return where an amount is drawn: policies that lose for ever at the lowest level."""
        return max(worth, self.floor)

    @property
    def corners(self) -> list[Point]:
        """The corners of the step curve."""
        worths = [region.worst.value for region in self.price.regions]
        pairs = zip(pairwise(self.ends), worths, strict=True)
        return [(x, self.level(y)) for pair, y in pairs for x in pair]


def save_price(
    price: GammaPrice | LinePrice, path: Path, marked: Sequence[PricedPoint] = ()
) -> None:
    """Draw what every gamma earns, or every value along a line, and save the figure.

    Args:
        price: the price.
        path: ends in .svg, .pdf or .png.
        marked: points to mark, from `Price.at` or `LinePrice.at`.

    Raises:
        InputError: the file cannot be written.
    """
    save_panels([[Panel(lambda ax: draw_price(price, ax, marked=marked), HEIGHT)]], path)


def draw_price(
    price: GammaPrice | LinePrice,
    ax: Any,
    *,
    marked: Sequence[PricedPoint] = (),
    title: str | None = None,
) -> Any:
    """Draw a step curve over the axis, the optimum, and the points that are marked.

    Args:
        price: of gammas, or of values along a line.
        ax: axes of matplotlib.
        marked: points to mark, from `price.at`.
        title: above the figure; None names the model.

    Returns: the axes.
    """
    place = below_one if isinstance(price, GammaPrice) else float
    earned = [end.value for found in (*price.regions, *marked) for end in (found.worst, found.best)]
    finite = [y for y in (*earned, price.optimum.value) if math.isfinite(y)]
    room = (max(finite) - min(finite) or abs(finite[0]) or 1) * _ROOM
    ends = [place(region.lower) for region in price.regions] + [place(price.regions[-1].upper)]
    shown = _Shown(price, Words(price), ends, min(finite) - room)
    _draw_axis(ax, price)
    ax.set_ylim(shown.floor - 0.7 * room, max(finite) + 1.2 * room)
    loses_for_ever = len(finite) <= len(earned)
    _draw_measure(ax, shown.words, shown.floor + 0.8 * room if loses_for_ever else -math.inf)
    _draw_curve(ax, shown)
    _write_labels(ax, shown, [(place(found.number), found) for found in marked])
    above = _write_best(ax, shown)
    set_title(ax, title or titled(price.info, f"what each {_symbol(price)} earns"), above)
    return ax


def _draw_axis(ax: Any, price: GammaPrice | LinePrice) -> None:
    if isinstance(price, GammaPrice):
        gamma_axis(ax, decades([region.lower for region in price.regions[1:]]))
        return
    gamma = fraction(price.gamma)
    name = escaped(price.parameter.name)
    parameter_axis(ax, price.parameter, f"{name} of the policies, optimal at γ = {gamma}")


def _draw_measure(ax: Any, words: Words, least: float) -> None:
    """Draw the y axis: what is earned, in percent if it is a share; no mark below the least."""
    ax.set_ylabel(wrapped(words.measure, points_of(ax)[1]))
    ax.yaxis.set_major_formatter(lambda y, _: _mark(y, words.is_share))
    (low, high), (bottom, top) = (0, 1) if words.is_share else (least, math.inf), ax.get_ylim()
    ax.set_yticks([y for y in ax.get_yticks() if max(low, bottom) <= y <= min(high, top)])


def _mark(y: float, is_share: bool) -> str:
    return f"{100 * y:g} %" if is_share else brief(y, 6)


def _draw_curve(ax: Any, shown: _Shown) -> None:
    """Draw the steps, the ranges that ties leave open, the optimum, and the best regions."""
    price = shown.price
    if len(price.best_regions) < len(price.regions):
        for i in price.best_regions:
            ax.axvspan(shown.ends[i], shown.ends[i + 1], color=pale(BEST), lw=0)
    for region, pair in zip(price.regions, pairwise(shown.ends), strict=True):
        worst, best = (shown.level(end.value) for end in (region.worst, region.best))
        if worst < best:
            ax.fill_between(pair, worst, best, color=pale(SOFT), lw=0)
    ax.axhline(price.optimum.value, color=SOFT, lw=1, ls="--")
    ax.plot(*zip(*shown.corners, strict=True), color=INK, lw=1.6)


def _write_labels(ax: Any, shown: _Shown, marked: Sequence[tuple[float, PricedPoint]]) -> None:
    """Label the optimum and the level of losing for ever; draw a dot and a label at each marked
    point.

    Marked points that earn the same share a label.
    """
    words, top = shown.words, shown.price.optimum.value
    labels = Labels(ax, [shown.corners, [(x, top) for x in shown.ends]])
    labels.write(
        f"{words.possible}: {words.amount(shown.price.optimum)}", (shown.ends[0], top), SOFT
    )
    if any(y <= shown.floor for _, y in shown.corners):
        lowest = next(x for x, y in shown.corners if y <= shown.floor)
        labels.write("loses for ever", (lowest, shown.floor), WORSE)
    symbol = _symbol(shown.price)
    for text, group in groupby(marked, lambda pair: _amounts(words, pair[1])):
        found = list(group)
        colours = [WORSE if _is_less(shown.price, each) else BEST for _, each in found]
        for (x, each), colour in zip(found, colours, strict=True):
            low, high = shown.level(each.worst.value), shown.level(each.best.value)
            ax.plot([x, x], [low, high], color=colour, lw=1.2)
            ax.plot([x], [low], "o", color=colour, markersize=5, zorder=4)
        names = ", ".join(decimal(each.number, _DIGITS) for _, each in found)
        at = found[0][0], shown.level(found[0][1].worst.value)
        labels.write(f"{symbol} = {names}: {text}", at, colours[0])


def _is_less(price: JudgedRegions, found: PricedPoint) -> bool:
    """Whether this is less than the best regions earn."""
    return found.worst.most < price.regions[price.best_regions[0]].worst.least


def _amounts(words: Words, found: PricedPoint) -> str:
    ends = [
        words.amount(end) if math.isfinite(end.value) else "loses for ever"
        for end in (found.worst, found.best)
    ]
    return " to ".join(dict.fromkeys(ends))


def _write_best(ax: Any, shown: _Shown) -> float:
    """Write above the axes what the best regions earn; return the height of that, if any."""
    price = shown.price
    if len(price.best_regions) == len(price.regions):
        return 0
    text, width = _best_text(shown), points_of(ax)[0]
    i, half = price.best_regions[0], width_of(text) / 2
    at = across(ax, shown.ends[i]), across(ax, shown.ends[i + 1])
    middle = min(max(sum(at) / 2, half), width - half)
    ax.annotate(
        text, (middle / width, 1), (0, 5), xycoords="axes fraction", textcoords="offset points",
        ha="center", color=BEST, fontsize=SMALL, annotation_clip=False,
    )  # fmt: skip
    return LINE


def _best_text(shown: _Shown) -> str:
    """Say from where on nothing is lost, or what the best regions earn."""
    price, words = shown.price, shown.words
    worst = price.regions[price.best_regions[0]].worst
    if isinstance(price, GammaPrice) and price.free_from is not None:
        return f"nothing lost from {decimal(price.free_from, _DIGITS)}"
    if isinstance(price, LinePrice) and not price.falls_short(worst):
        return "nothing lost"
    best = price.regions[price.best_regions[0]], price.regions[price.best_regions[-1]]
    text = f"best: {words.amount(worst)}"
    if len(runs(price.best_regions)) == 1:
        low, high = (decimal(end, DIGITS) for end in (best[0].lower, best[1].upper))
        text += f", {_symbol(price)} from {low} to {high}"
    return text


def _symbol(price: GammaPrice | LinePrice) -> str:
    return "γ" if isinstance(price, GammaPrice) else escaped(price.parameter.name)
