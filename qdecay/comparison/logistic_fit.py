r"""Where a noisy choice flips: a logistic fit with a confidence interval for the threshold.

The probability of the far choice at discount g is P(g) = 1 / (1 + exp(-(g - m) / w)), with the
threshold m and the width w > 0. The interval of m is the profile likelihood's: all m with
2 * [max log L - max_w log L(m, w)] <= 3.84, the 95 % point of chi-square with one degree of
freedom. Unlike Wald's it exists even if the choices are perfectly separated, w -> 0.

Source: Wichmann & Hill, The psychometric function, Perception & Psychophysics 63 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, expit, log_expit

_HALF_DROP = float(chdtri(1, 0.05)) / 2
_GOLDEN = (5**0.5 - 1) / 2
_SECTIONS = 32  # leave 18 * 0.618**32 = 4e-6 of log w
_GRID = 401  # points of m in each search; two rounds give 1e-5 of the data's span


@dataclass(frozen=True)
class ThresholdFit:
    """A logistic threshold with its 95 % profile-likelihood interval; all in units of gamma.

    Attributes:
        threshold, width: m and w.
        low, high: the ends of the interval.
        open_low, open_high: whether the choices do not determine this end: then it is the end of
            the range of gammas, and the threshold may lie beyond.
    """

    threshold: float
    width: float
    low: float
    high: float
    open_low: bool
    open_high: bool

    def probability(self, gamma: float) -> float:
        """Return P(gamma), the fitted probability of the far choice."""
        return float(expit((gamma - self.threshold) / self.width))


def fit_threshold(gammas: Sequence[float], far: Sequence[bool]) -> ThresholdFit | None:
    """Return the fitted threshold of choices made at the given discounts.

    Args:
        gammas: where the choices were made.
        far: whether each went to the branch that a larger gamma favours.

    Returns: the fit; None if all choices are the same or the far ones do not lie higher, so that
    there is no threshold. The search goes from the smallest to the largest gamma.
    """
    x = np.asarray(gammas, dtype=np.float64)
    y = np.asarray(far, dtype=np.bool_)
    if y.all() or not y.any() or x[y].mean() <= x[~y].mean():
        return None
    # Equal choices are counted, not repeated: a sweep has thousands at a few gammas.
    pairs, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    x, y = pairs[:, 0], pairs[:, 1] > 0
    low, high = float(x.min()), float(x.max())
    for _ in range(2):
        grid = np.linspace(low, high, _GRID)
        profile, widths = _profile(grid, x, y, counts)
        inside = np.flatnonzero(profile >= profile.max() - _HALF_DROP)
        low = float(grid[max(inside[0] - 1, 0)])
        high = float(grid[min(inside[-1] + 1, _GRID - 1)])
    # Separated data leave a plateau of equal likelihood: its middle is the threshold.
    plateau = np.flatnonzero(profile >= profile.max() - 1e-6)
    best = plateau[len(plateau) // 2]
    open_low, open_high = bool(inside[0] == 0), bool(inside[-1] == _GRID - 1)
    return ThresholdFit(float(grid[best]), float(widths[best]), low, high, open_low, open_high)


def _profile(
    thresholds: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.bool_],
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log-likelihood at each threshold, maximised over the width, and that width.

    `counts` weights each pair of x and y.

    The log-likelihood is concave in 1 / w, hence it has one peak in log w: golden-section search,
    for all thresholds together.
    """
    signed = np.where(y, 1.0, -1.0) * (x - thresholds[:, None])

    def likelihood(log_width: NDArray[np.float64]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = log_expit(signed / np.exp(log_width)[:, None]) @ counts
        return total

    span = float(np.ptp(x))
    low = np.full(len(thresholds), np.log(span * 1e-6))
    high = np.full(len(thresholds), np.log(span * 1e2))
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = likelihood(left), likelihood(right)
    for _ in range(_SECTIONS):
        rises = at_left < at_right
        low, high = np.where(rises, left, low), np.where(rises, high, right)
        # One of the two points is kept, on the other side of the new one.
        new = np.where(rises, low + _GOLDEN * (high - low), high - _GOLDEN * (high - low))
        at_new = likelihood(new)
        left, right = np.where(rises, right, new), np.where(rises, new, left)
        at_left, at_right = np.where(rises, at_right, at_new), np.where(rises, at_new, at_left)
    middle = (low + high) / 2
    return likelihood(middle), np.exp(middle)
