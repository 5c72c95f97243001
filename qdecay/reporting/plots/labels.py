"""Labels beside points, placed so that they cover neither curves nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qdecay.reporting.plots.style import INK
from qdecay.reporting.plots.words import SMALL, points_of, width_of

_GAP = 5  # printer's points between a point and its label
_NEAR, _FAR = 1.0, 2.6  # of a line's height: how far up or down labels are tried
_HEIGHT = 1.25  # of the font's size

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Labels:
    """The labels of one set of axes, whose limits are set, and what they must not cover.

    Args:
        ax: the axes.
        curves: in data coordinates.
    """

    def __init__(self, ax: Any, curves: Sequence[Sequence[Point]] = ()) -> None:
        self._ax = ax
        self._curves = [self._on_paper(curve) for curve in curves if len(curve)]
        self._boxes: list[Box] = []

    def write(self, text: str, at: Point, colour: str = INK) -> None:
        """Write a label beside a point: the first of a few places that is free."""
        ((x, y),) = self._on_paper([at])
        wide, high = width_of(text), SMALL * _HEIGHT
        places = [
            (x + (_GAP if side > 0 else -_GAP - wide), y + up * high - high / 2)
            for up in (-_NEAR, _NEAR, -_FAR, _FAR)
            for side in (1, -1)
        ]
        boxes = [(left, low, left + wide, low + high) for left, low in places]
        best = min(boxes, key=self._covered)  # the first of the best
        self._boxes.append(best)
        self._ax.annotate(
            text, at, (best[0] - x, best[1] - y), textcoords="offset points", fontsize=SMALL,
            color=colour, parse_math=False, annotation_clip=False,
        )  # fmt: skip

    def _covered(self, box: Box) -> float:
        """Return how much a label would cover: first other labels and the outside, then curves."""
        from matplotlib.path import Path
        from matplotlib.transforms import Bbox

        left, low, right, high = box
        width, height = points_of(self._ax)
        outside = left < 0 or right > width or low < 0 or high > height
        meets = sum(a < right and left < c and b < high and low < d for a, b, c, d in self._boxes)
        around = Bbox.from_extents(left - 1, low - 1, right + 1, high + 1)
        crossed = sum(Path(curve).intersects_bbox(around, filled=False) for curve in self._curves)
        return 10 * outside + 10 * meets + crossed

    def _on_paper(self, points: Sequence[Point]) -> Any:
        """Return positions in printer's points from the lower left corner of the axes."""
        there = self._ax.transData.transform(np.asarray(points, dtype=float))
        return self._ax.transAxes.inverted().transform(there) * points_of(self._ax)
