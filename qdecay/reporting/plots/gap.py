"""The action gap of a state over gamma: the lead of its best action, on a log axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from qdecay._support.one_line import state_called
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import PolicyRegions
from qdecay.reporting.plots.axes import below_one, depth_for, gamma_axis
from qdecay.reporting.plots.crossings import number_points
from qdecay.reporting.plots.naming import either, state_name, titled
from qdecay.reporting.plots.regions import shown_state
from qdecay.reporting.plots.style import line_style, set_legend, set_title
from qdecay.reporting.plots.words import named, numbered

_EVEN = 400  # gammas of an even grid over (0, 1), at least _FEW between two breakpoints
_FEW = 16
_CLOSER = 20  # more towards each end, each half as far from it as the one before
_DECADES = 8  # drawn at most
_LEAST = 10  # one of so many gammas may lie below what is drawn

Actions = tuple[int, ...]
Point = tuple[float, float]


def gap_curves(regions: PolicyRegions, state: int) -> list[tuple[Actions, list[Point]]]:
    """Return the optimal set of a state in each region, and (gamma, gap in reward units) there.

    The gaps are those of the exact functions, 0 at the state's own breakpoints and touches; there
    is none if all its actions are optimal.
    """
    gap = regions.action_gap(state)
    points = (*regions.breakpoints, *regions.touches)
    zeros = {_near(point.gamma) for point in points if state in point.changes}
    ends = [Fraction(0), *(_near(gamma) for gamma in gap.breakpoints), Fraction(1)]
    found = []
    for sets, behind, (low, high) in zip(regions.regions, gap.behind, pairwise(ends), strict=True):
        inside = [zero for zero in sorted(zeros) if low < zero < high]
        gammas = [gamma for pair in pairwise([low, *inside, high]) for gamma in _between(*pair)]
        curve = [(g, min(f(g) for f in behind.values())) for g in gammas if behind]
        curve += [(g, Fraction(0)) for g in {low, *inside, high} & zeros if behind]
        found.append((sets[state], [(float(g), float(value)) for g, value in sorted(curve)]))
    return found


def _near(gamma: AlgebraicNumber) -> Fraction:
    return sum(gamma.enclosure(64), Fraction(0)) / 2


def _between(low: Fraction, high: Fraction) -> Iterator[Fraction]:
    """Yield gammas strictly inside an interval, most of them near its ends."""
    count = max(_FEW, math.ceil(_EVEN * (high - low)))
    step = (high - low) / count
    yield from (low + k * step for k in range(1, count))
    for k in range(1, _CLOSER + 1):
        yield from (low + step / 2**k, high - step / 2**k)


def draw_gap(
    regions: PolicyRegions,
    ax: Any,
    *,
    state: int | None = None,
    actions: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """Draw the gap in the colours of the leading actions, and the gammas where the lead changes.

    The arguments are those of `draw_regions`.
    """
    state = shown_state(regions, state)
    names = actions or regions.info.action_names
    curves = gap_curves(regions, state)
    floor, top = _range([value for _, curve in curves for _, value in curve])
    own = [b.gamma for b in regions.breakpoints if state in b.changes]
    gamma_axis(ax, depth_for(own))
    labelled: set[Actions] = set()
    for best, curve in curves:
        if curve:
            gammas, gaps = zip(*curve, strict=True)
            style = line_style(best)
            label = None if best in labelled else named(either(best, names))
            ax.plot(gammas, [max(gap, floor / 10) for gap in gaps], label=label, **style)
            labelled.add(best)
    ax.set_yscale("log")
    ax.set_ylim(floor, top)
    ax.set_ylabel("action gap, reward units")
    set_legend(ax, title="best")
    above = number_points(ax, numbered([(below_one(g), g) for g in own]), ls=":")
    title = title or titled(regions.info, state_called(state_name(regions.info, state)))
    set_title(ax, title, above)
    return ax


def _range(gaps: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest gap drawn."""
    seen = sorted(gap for gap in gaps if gap > 0)
    high = seen[-1]
    low = max(seen[len(seen) // _LEAST], high * 10.0**-_DECADES)
    return min(10.0 ** math.floor(math.log10(low)), high / 100), high * 1.5
