"""Numbers above the axes, at the points where something changes, without overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qdecay.reporting.plots.axes import across
from qdecay.reporting.plots.style import INK
from qdecay.reporting.plots.words import LINE, SMALL, points_of, width_of

_LEVELS = 3  # rows of numbers at most
_PAD = 2  # printer's points beside a number


def number_points(ax: Any, points: Sequence[tuple[float, str]], **line: Any) -> float:
    """Draw a vertical line at each point, and its number above the axes if there is room.

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
