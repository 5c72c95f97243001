r"""Where a noisy choice flips: a logistic fit with a confidence interval for the threshold.

The probability of the far choice at discount g is P(g) = 1 / (1 + exp(-(g - m) / w)), with the
threshold m and the width w > 0. The interval of m is the profile likelihood's: all m with
2 * [max log L - max_w log L(m, w)] <= 3.84, the 95 % point of chi-square with one degree of
freedom. Unlike Wald's it exists where the choices are perfectly separated, w -> 0.

Source: Wichmann & Hill, The psychometric function, Perception & Psychophysics 63 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit
from scipy.stats import chi2

_HALF_DROP = float(chi2.ppf(0.95, df=1)) / 2
_GRID = 401  # points of m from end to end of a search; two rounds give 1e-5 of the data's span


@dataclass(frozen=True)
class ThresholdFit:
    """A logistic threshold with its 95 % profile-likelihood interval; all in units of gamma."""

    threshold: float
    width: float
    low: float
    high: float

    def probability(self, gamma: float) -> float:
        """Return P(gamma), the fitted probability of the far choice."""
        return float(expit((gamma - self.threshold) / self.width))


def fit_threshold(gammas: Sequence[float], far: Sequence[bool]) -> ThresholdFit | None:
    """Return the fitted threshold of choices made at the given discounts.

    Args:
        gammas: where the choices were made.
        far: whether each went to the branch that a larger gamma favours.

    Returns: the fit; None where all choices are the same or the far ones do not lie higher, so
    that there is no threshold to speak of. An end of the interval that the data leave open is the
    end of the range of gammas.
    """
    x = np.asarray(gammas, dtype=np.float64)
    y = np.asarray(far, dtype=np.bool_)
    if y.all() or not y.any() or x[y].mean() <= x[~y].mean():
        return None
    low, high = float(x.min()), float(x.max())
    for _ in range(2):
        grid = np.linspace(low, high, _GRID)
        profile = np.array([_profile(m, x, y)[0] for m in grid])
        inside = np.flatnonzero(profile >= profile.max() - _HALF_DROP)
        low = float(grid[max(inside[0] - 1, 0)])
        high = float(grid[min(inside[-1] + 1, _GRID - 1)])
    # Separated data leave a plateau of equal likelihood: its middle is the threshold.
    best = np.flatnonzero(profile >= profile.max() - 1e-6)
    threshold = float(grid[best].mean())
    return ThresholdFit(threshold, _profile(threshold, x, y)[1], low, high)


def _profile(m: float, x: NDArray[np.float64], y: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the log-likelihood at threshold m, maximised over the width, and that width."""
    span = float(np.ptp(x))

    def loss(log_width: float) -> float:
        z = (x - m) / np.exp(log_width)
        return -float(np.where(y, log_expit(z), log_expit(-z)).sum())

    best = minimize_scalar(loss, bounds=(np.log(span * 1e-6), np.log(span * 1e2)), method="bounded")
    return -float(best.fun), float(np.exp(best.x))
