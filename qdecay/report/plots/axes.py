"""The axis of gamma: even, or in decades of 1 - gamma where changes crowd near 1; numbers on it.

The data of a figure are gammas on either axis, so that one's own points can be added to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.line import Parameter
from qdecay.report.figures import nice_ticks
from qdecay.report.plots.style import INK
from qdecay.report.plots.words import LINE, SMALL, points_of, signed, width_of
from qdecay.report.samples import decades

Floats = NDArray[np.float64]

AXIS = "discount factor γ"
LOG_AXIS = f"{AXIS}, log scale of 1 − γ"
_CROWDED = 0.95  # changes right of this would be drawn in a twentieth of an even axis
_BEHIND = 0.5  # of a decade, behind the last mark: there 1 itself stands
_MARK, _WIDE_MARK = 34, 46  # printer's points from one mark to the next, at least
_LEVELS = 3  # lines of numbers at most
_PAD = 2  # printer's points beside a number
_WRITTEN = 4  # decades of marks such as 0.9999; closer to 1 they are powers of ten


def below_one(gamma: AlgebraicNumber | float) -> float:
    """Return a gamma as a float that is 1 only if the gamma is."""
    return float(gamma) if gamma == 1 else min(float(gamma), math.nextafter(1, 0))


def depth_for(gammas: Sequence[AlgebraicNumber]) -> int | None:
    """Return the decades of 1 - gamma that show these changes, in order; None on an even axis."""
    return decades(gammas) if gammas and float(gammas[-1]) > _CROWDED else None


def place(gamma: ArrayLike, depth: int) -> Floats:
    """Return where gammas lie on an axis of decades, 0 for gamma = 0.

    What is closer to 1 than the last decade stands half-way between that and 1.
    """
    gap = np.clip(1 - np.asarray(gamma, dtype=float), 10.0 ** -(depth + _BEHIND / 2), None)
    return np.where(np.asarray(gamma) >= 1, depth + _BEHIND, -np.log10(gap))


def gamma_axis(ax: Any, depth: int | None) -> None:
    """Make the x axis one of gamma from 0 to 1, with its marks and its name."""
    if depth is None:
        ax.set_xlim(0, 1)
        ax.set_xticks([k / 5 for k in range(6)], ["0", "0.2", "0.4", "0.6", "0.8", "1"])
    else:
        scale = (lambda gamma: place(gamma, depth), lambda at: _gamma(at, depth))
        ax.set_xscale("function", functions=scale)
        ax.set_xlim(0, 1)
        marks = _marks(depth, points_of(ax)[0] / (depth + _BEHIND))
        ax.set_xticks(list(marks), list(marks.values()))
    ax.set_xticks([], minor=True)
    ax.set_xlabel(AXIS if depth is None else LOG_AXIS)


def _gamma(at: ArrayLike, depth: int) -> Floats:
    """Return which gammas lie at these places: the inverse of `place`."""
    places = np.asarray(at, dtype=float)
    return np.where(places >= depth + _BEHIND, 1.0, 1 - 10.0**-places)


def _marks(depth: int, decade: float) -> dict[float, str]:
    """Return the marks 0, 0.5, 0.9, 0.99, ... and 1, as many as fit.

    Args:
        depth: the decades.
        decade: the width of one, in printer's points.
    """
    mark = _MARK if depth <= _WRITTEN else _WIDE_MARK
    stride = math.ceil(mark / decade)
    room = depth + _BEHIND - mark / decade  # right of it a mark would meet that of 1
    nines = [k for k in range(0, depth + 1, stride) if k <= room]
    marks = {0.0: "0"} | {1 - 10.0**-k: _nines(k) for k in nines if k}
    if math.log10(2) * decade > SMALL * 2:
        marks[0.5] = "0.5"
    return dict(sorted(marks.items())) | {1.0: "1"}


def _nines(power: int) -> str:
    return f"0.{'9' * power}" if power <= _WRITTEN else f"$1-10^{{-{power}}}$"


def parameter_axis(ax: Any, parameter: Parameter, name: str) -> None:
    """Make the x axis one of the parameter of a model line, from its low end to its high one."""
    low, high = float(parameter.low), float(parameter.high)
    ticks = nice_ticks(low, high)
    ax.set_xlim(low, high)
    ax.set_xticks(ticks, [signed(f"{x:.12g}") for x in ticks])
    ax.set_xlabel(name, parse_math=False)


def across(ax: Any, x: float) -> float:
    """Return how far from the left side of the axes an x is drawn, in printer's points."""
    ((at, _),) = ax.transAxes.inverted().transform(ax.transData.transform([(x, 0)]))
    return float(at) * points_of(ax)[0]


def number_points(ax: Any, points: Sequence[tuple[float, str]], **line: Any) -> float:
    """Draw a vertical line at each point, and its number above the axes, where there is room.

    Args:
        ax: the axes, with their x axis.
        points: each with its text, in order.
        line: the style of the lines.

    Returns: how high the numbers reach above the axes, in printer's points.
    """
    places = [across(ax, x) for x, _ in points]
    halves = [width_of(text, is_ours=True) / 2 for _, text in points]
    found = _arranged(places, halves, points_of(ax)[0])
    for i, (x, text) in enumerate(points):
        ax.axvline(x, **{"color": INK, "lw": 0.8} | line)
        if i in found:
            middle, level = found[i]
            offset = middle - places[i], 5 + level * LINE
            ax.annotate(text, (x, 1), offset, annotation_clip=False, **_number_style(ax))
    return LINE * (1 + max((level for _, level in found.values()), default=-1))


def _arranged(
    places: Sequence[float], halves: Sequence[float], width: float
) -> dict[int, tuple[float, int]]:
    """Return the middle and the row of as many numbers as fit above the axes, by their index.

    They are placed from the left or from the right, whichever places more.

    Args:
        places: of the points, in order, in printer's points as all that follows.
        halves: half of the width of each number.
        width: of the axes.
    """
    attempts: list[dict[int, tuple[float, int]]] = []
    for order in (range(len(places)), range(len(places) - 1, -1, -1)):
        rows, found = _Rows(width), {}
        for i in order:
            at, half = places[i], halves[i]
            beside = half - _PAD
            shifts = [0.0, beside, -beside]
            if any(x - at < half + _PAD for x in places[i + 1 : i + 2]):
                shifts = [-beside, 0, beside]
            elif i and at - places[i - 1] < half + _PAD:
                shifts = [beside, 0, -beside]
            place = rows.place(at, half, shifts)
            if place is not None:
                found[i] = place
        attempts.append(found)
    return max(attempts, key=len)  # the first of the best


class _Rows:
    """Rows of numbers above axes of some width, each led to from its point."""

    def __init__(self, width: float) -> None:
        self._width = width
        self._rows: list[list[tuple[float, float]]] = [[] for _ in range(_LEVELS)]
        self._leaders: list[tuple[float, int]] = []  # where they rise, and how many rows

    def place(self, at: float, half: float, shifts: Sequence[float]) -> tuple[float, int] | None:
        """Return the middle of a number and its row, or None if it fits nowhere.

        Args:
            at: its point.
            half: half of its width.
            shifts: how far aside it may stand, what is preferred first.
        """
        for level in range(_LEVELS):
            for shift in shifts:
                middle = min(max(at + shift, half), self._width - half)
                box = middle - half - _PAD, middle + half + _PAD
                if self._is_free(at, level, box):
                    self._rows[level].append(box)
                    self._leaders.append((at, level))
                    return middle, level
        return None

    def _is_free(self, at: float, level: int, box: tuple[float, float]) -> bool:
        """Whether no number is there, and no line that leads to one crosses another."""
        low, high = box
        covered = any(low < b and a < high for a, b in self._rows[level])
        through = any(a < at < b for row in self._rows[:level] for a, b in row)
        crossed = any(low < x < high for x, up in self._leaders if up > level)
        return not (covered or through or crossed)


def _number_style(ax: Any) -> dict[str, Any]:
    leader = {"arrowstyle": "-", "lw": 0.8, "color": INK, "shrinkA": 0, "shrinkB": 0}
    return {
        "xycoords": ax.get_xaxis_transform(),
        "textcoords": "offset points",
        "ha": "center",
        "fontsize": SMALL,
        "color": INK,
        "arrowprops": leader,
    }
