r"""How likely all answers of a probe are, for any prediction of the indifference points.

An agent is noisy in one of three ways. A chooser of point t and width w (see `staircase`) errs in
the log of the ratio, x. A learner errs in the values: if it knows them to about s, in units of R,
it takes far with probability

    P(x) = lapse / 2 + (1 - lapse) / (1 + exp((e^x - e^t) / s)).

Both are the same where s is far below e^t, with w = s / e^t. But where the delay is so long that R
is worth less than s, such a learner takes either side by chance, however small r is, and takes near
reliably only where r is well above s; no width of a chooser gives that. Finally, an agent may be
certain except for lapses: now and then it acts at random.

How noisy an agent is, and in which way, is not known. With a prior weight of 1/2 it is not noisy at
all, with 1/5 each it errs in the ratio or in the values, and with 1/10 it has lapses; the level is
uniform on a log scale. Lapses are equally frequent everywhere. Other levels are similar at all
places: the logarithm of each place's level is normally distributed around a common one, with a
deviation of 0.4 for a chooser (a factor of 1.5), and of 0.7 for a learner, as some states are
visited more often than others. So a place that looks consistent by luck is judged by the noise of
the others, and no hypothesis may treat an agent as noisy at one place and as consistent at the
others. The log likelihoods are tabulated over t, finely between the stimuli that were asked, and
interpolated linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from qdecay.probing.point import Point
from qdecay.probing.question import Place, Setting
from qdecay.probing.staircase import LAPSE, WIDEST, Staircase

Array = NDArray[np.float64]

_FINE = 1000  # the finest width is the tolerance over this: that of an agent without noise
_N_WIDTHS, _N_NOISES, _N_LAPSES = 20, 16, 6
_LEAST_NOISE, _MOST_NOISE = 1e-6, 1.0  # of values, in units of R
_SURE, _OF_RATIO, _OF_VALUES, _OF_LAPSES = 0.5, 0.2, 0.2, 0.1  # prior weights
_UNLIKE_WIDTHS, _UNLIKE_NOISES = 0.4, 0.7  # deviations of a place's log level from the common one
_NOISY = _N_WIDTHS + _N_NOISES
_LEVELS = _NOISY + _N_LAPSES
KINDS = (
    range(_N_WIDTHS - 1, -1, -1),
    range(_NOISY - 1, _N_WIDTHS - 1, -1),
    range(_LEVELS - 1, _NOISY - 1, -1),
)
"""The numbers of the levels of each kind of noise, from the noisiest."""

_NOISES = np.geomspace(_LEAST_NOISE, _MOST_NOISE, _N_NOISES)
LAPSES = np.geomspace(2 * LAPSE, 0.4, _N_LAPSES)
"""How often an agent with lapses acts at random, where that is more than `LAPSE`."""

_NUMBERS = [1, _N_WIDTHS - 1, _N_NOISES, _N_LAPSES]
_PRIOR = np.repeat(np.array([_SURE, _OF_RATIO, _OF_VALUES, _OF_LAPSES]) / _NUMBERS, _NUMBERS)
_BEYOND = np.array([0.5, 2.0, 8.0, 40.0])  # distances outside the range of stimuli


@dataclass(frozen=True, eq=False)
class _Table:
    """log P(answers | t, common level) at one place: at t in `nodes`, shape (nodes, levels)."""

    nodes: Array
    values: Array
    saturated: Array  # with t unknown, shape (levels,)

    def at(self, thresholds: Array, levels: slice = slice(None)) -> Array:
        """Interpolate, shape (thresholds, levels)."""
        t = np.clip(thresholds, self.nodes[0], self.nodes[-1])
        left = np.clip(np.searchsorted(self.nodes, t) - 1, 0, len(self.nodes) - 2)
        share = (t - self.nodes[left]) / (self.nodes[left + 1] - self.nodes[left])
        values = self.values[:, levels]
        below, above = values[left], values[left + 1]
        found: Array = below + share[:, None] * (above - below)
        return found


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The likelihood of all answers.

    Attributes:
        places: where questions were asked.
    """

    places: tuple[Place, ...]
    _tables: tuple[_Table, ...]

    @classmethod
    def of(cls, points: Sequence[Point]) -> Self:
        """Tabulate the answers of every place that has any."""
        asked = [point for point in points if point.actions]
        finest = min((_finest(point) for point in asked), default=1.0)
        widths = np.geomspace(min(finest, WIDEST / 2), WIDEST, _N_WIDTHS)
        return cls(
            tuple(point.place for point in asked),
            tuple(_tabulated(point, widths) for point in asked),
        )

    def __call__(self, thresholds: Array, level: int | None = None) -> Array:
        """Return log P(answers | prediction), shape (predictions,).

        Args:
            thresholds: shape (predictions, places); -inf and inf where one side is always taken.
            level: the number of the common level of noise, see `KINDS`; None integrates over them.
        """
        kept = slice(None) if level is None else slice(level, level + 1)
        tables = zip(self._tables, thresholds.T, strict=True)
        return _mean(sum(table.at(t, kept) for table, t in tables))

    def within(self, setting: Setting) -> Likelihood:
        """Return the likelihood of the answers in one setting."""
        kept = [i for i, place in enumerate(self.places) if place.setting == setting]
        return Likelihood(tuple(self.places[i] for i in kept), tuple(self._tables[i] for i in kept))

    @property
    def saturated(self) -> float:
        """log P(answers) if each place has its own indifference point, and nothing joins them."""
        total = sum((table.saturated for table in self._tables), start=np.zeros(_LEVELS))
        return float(_mean(total[None])[0])


def _finest(point: Point) -> float:
    """Return a width that is practically zero at this place."""
    return point.staircase.tolerance * point.staircase.steps / _FINE


def _mean(total: Any) -> Array:
    """Return the mean over the common levels, or the only one."""
    weights = _PRIOR if total.shape[1] == _LEVELS else np.ones(1)
    mean: Array = logsumexp(total, axis=1, b=weights)
    return mean


def _tabulated(point: Point, widths: Array) -> _Table:
    staircase = point.staircase
    middles, edges, prior = staircase.cells
    nodes = np.concatenate([edges[0] - _BEYOND[::-1], edges, edges[-1] + _BEYOND])
    of_ratio = _alike(staircase.log_likelihoods(nodes, widths), widths, _UNLIKE_WIDTHS)
    of_values = _alike(_log_likelihoods(staircase, nodes), _NOISES, _UNLIKE_NOISES)
    of_lapses = _with_lapses(staircase, nodes, widths[0])
    values = np.concatenate([of_ratio, of_values, of_lapses], axis=1)
    table = _Table(nodes, values, np.zeros(_LEVELS))
    share = np.log(prior / prior.sum())[:, None]
    return _Table(nodes, table.values, logsumexp(table.at(middles) + share, axis=0))


def _log_likelihoods(staircase: Staircase, thresholds: Array) -> Array:
    """log P(answers | t, noise of the values), shape (thresholds, noises)."""
    ratio = np.exp(np.array(staircase.asked))[:, None, None]
    sign = np.where(staircase.far, 1.0, -1.0)[:, None, None]
    towards = sign * (np.exp(thresholds)[:, None] - ratio) / _NOISES
    values: Array = np.log(LAPSE / 2 + (1 - LAPSE) * expit(towards)).sum(axis=0)
    return values


def _with_lapses(staircase: Staircase, thresholds: Array, width: float) -> Array:
    """log P(answers | t, lapses), shape (thresholds, lapses)."""
    x, sign = np.array(staircase.asked)[:, None], np.where(staircase.far, 1.0, -1.0)[:, None]
    sure = expit(sign * (thresholds - x) / width)[..., None]
    values: Array = np.log(LAPSES / 2 + (1 - LAPSES) * sure).sum(axis=0)
    return values


def _alike(own: Array, levels: Array, deviation: float) -> Array:
    """log P(answers | t, common level) from those at the place's own level."""
    apart = np.log(levels[:, None] / levels) / deviation
    share = np.exp(-(apart**2) / 2)
    top = own.max(axis=1, keepdims=True)
    common: Array = np.log(np.exp(own - top) @ (share / share.sum(axis=0))) + top
    return common
