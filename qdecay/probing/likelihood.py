r"""How likely all answers of a probe are, for any prediction of the indifference points.

At each place the answers are those of a chooser with point t and width w (see `staircase`). How
noisy an agent is, is not known: with a weight of 1/2 it is not, else its width is uniform on a log
scale. Its widths at different places are of one size: the logarithm of each is normally distributed
around a common one, with a deviation of 0.4 (a factor of 1.5). So a place that looks consistent by
luck is judged by the noise of the others, and no hypothesis may treat an agent as noisy at one
place and as consistent at the others. The log likelihoods are tabulated over t, finely between the
stimuli that were asked, and interpolated linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from qdecay.probing.point import Point
from qdecay.probing.question import Place, Setting
from qdecay.probing.staircase import WIDEST

Array = NDArray[np.float64]

N_WIDTHS = 20
_FINE = 1000  # the finest width is the tolerance over this: that of an agent without noise
_SURE = 0.5  # its prior weight; the others share the rest
_UNLIKE = 0.4  # deviation of a place's log width from the common one
_BEYOND = np.array([0.5, 2.0, 8.0, 40.0])  # distances outside the range of stimuli


@dataclass(frozen=True, eq=False)
class _Table:
    """log P(answers | t, common width) at one place: at t in `nodes`, shape (nodes, widths)."""

    nodes: Array
    values: Array
    saturated: Array  # with t unknown, shape (widths,)

    def at(self, thresholds: Array, widths: slice = slice(None)) -> Array:
        """Interpolate, shape (thresholds, widths)."""
        t = np.clip(thresholds, self.nodes[0], self.nodes[-1])
        left = np.clip(np.searchsorted(self.nodes, t) - 1, 0, len(self.nodes) - 2)
        share = (t - self.nodes[left]) / (self.nodes[left + 1] - self.nodes[left])
        values = self.values[:, widths]
        below, above = values[left], values[left + 1]
        found: Array = below + share[:, None] * (above - below)
        return found


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The likelihood of all answers.

    Attributes:
        places: where something was asked.
    """

    places: tuple[Place, ...]
    _tables: tuple[_Table, ...]

    @classmethod
    def of(cls, points: Sequence[Point]) -> Self:
        """Tabulate the answers of every place that has some."""
        asked = [point for point in points if point.actions]
        finest = min((_finest(point) for point in asked), default=1.0)
        widths = np.geomspace(min(finest, WIDEST / 2), WIDEST, N_WIDTHS)
        apart = np.log(widths[:, None] / widths) / _UNLIKE
        alike = np.exp(-(apart**2) / 2)
        alike /= alike.sum(axis=0)
        return cls(
            tuple(point.place for point in asked),
            tuple(_tabulated(point, widths, alike) for point in asked),
        )

    def __call__(self, thresholds: Array, width: int | None = None) -> Array:
        """Return log P(answers | prediction), shape (predictions,).

        Args:
            thresholds: shape (predictions, places); -inf and inf where one side is always taken.
            width: the number of the common width, from the narrowest; None integrates over it.
        """
        kept = slice(None) if width is None else slice(width, width + 1)
        tables = zip(self._tables, thresholds.T, strict=True)
        return _mean(sum(table.at(t, kept) for table, t in tables))

    def within(self, setting: Setting) -> Likelihood:
        """Return the likelihood of the answers in one setting."""
        kept = [i for i, place in enumerate(self.places) if place.setting == setting]
        return Likelihood(tuple(self.places[i] for i in kept), tuple(self._tables[i] for i in kept))

    @property
    def saturated(self) -> float:
        """log P(answers) if each place has a point of its own, of which nothing is known."""
        total = sum((table.saturated for table in self._tables), start=np.zeros(N_WIDTHS))
        return float(_mean(total[None])[0])


def _finest(point: Point) -> float:
    """A width that is as good as none at this place."""
    return point.staircase.tolerance * point.staircase.steps / _FINE


def _mean(total: Any) -> Array:
    """Over the common widths; there may be one alone."""
    weights = np.full(total.shape[1], (1 - _SURE) / max(total.shape[1] - 1, 1))
    weights[0] = _SURE
    mean: Array = logsumexp(total, axis=1, b=weights)
    return mean


def _tabulated(point: Point, widths: Array, alike: Array) -> _Table:
    """Args: alike: P(own width | common width), shape (own, common)."""
    middles, edges, prior = point.staircase.cells
    nodes = np.concatenate([edges[0] - _BEYOND[::-1], edges, edges[-1] + _BEYOND])
    own = point.staircase.log_likelihoods(nodes, widths)
    top = own.max(axis=1, keepdims=True)
    table = _Table(nodes, np.log(np.exp(own - top) @ alike) + top, np.zeros(len(widths)))
    share = np.log(prior / prior.sum())[:, None]
    return _Table(nodes, table.values, logsumexp(table.at(middles) + share, axis=0))
