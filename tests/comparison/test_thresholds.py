"""Bisection and the logistic fit, against choosers whose threshold is known."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize

from qdecay.comparison.logistic_fit import fit_threshold
from qdecay.comparison.thresholds import LearnedThreshold, bisect, bisect_seeds


def test_bisection_finds_a_step() -> None:
    """The middle of the last interval is within half its width of the step."""
    assert abs(bisect(lambda g: g >= 0.3, 0.0, 1.0, 1e-9) - 0.3) <= 0.5e-9


def test_bisection_returns_an_end_where_nothing_flips() -> None:
    """Always right: at or below the low end; never right: at or above the high end."""
    assert bisect(lambda g: True, 0.2, 0.8, 1e-9) == 0.2
    assert bisect(lambda g: False, 0.2, 0.8, 1e-9) == 0.8


def test_bisection_ends_at_neighbouring_floats() -> None:
    """A width below the spacing of floats does not loop for ever."""
    assert math.isclose(bisect(lambda g: g >= 0.3, 0.0, 1.0, 0.0), 0.3, rel_tol=1e-15)


def noisy_choices(threshold: float, width: float, n: int, seed: int):
    """Choices of a logistic chooser at random gammas, by another formula than the fit's."""
    rng = np.random.default_rng(seed)
    gammas = rng.uniform(threshold - 0.2, threshold + 0.2, n)
    return gammas, gammas + rng.logistic(0, width, n) >= threshold


def test_the_fit_is_the_maximum_of_the_likelihood() -> None:
    """scipy's simplex, on the likelihood written out here, ends at the same threshold and width."""
    gammas, far = noisy_choices(0.5, 0.03, 200, 1)

    def loss(parameters: np.ndarray) -> float:
        p = 1 / (1 + np.exp(-(gammas - parameters[0]) / np.exp(parameters[1])))
        return -float(np.log(np.where(far, p, 1 - p)).sum())

    best = minimize(
        loss, [0.4, -3.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}
    )
    fit = fit_threshold(gammas, far)
    assert fit is not None
    assert abs(fit.threshold - best.x[0]) < 2e-4
    assert math.isclose(fit.width, math.exp(best.x[1]), rel_tol=1e-2)


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 200 fits about 190 hold the truth; fewer than 180 has a probability below 0.1 %."""
    fits = [fit_threshold(*noisy_choices(0.5, 0.03, 70, seed)) for seed in range(200)]
    assert sum(fit is not None and fit.low <= 0.5 <= fit.high for fit in fits) >= 180


def test_separated_choices_have_an_interval() -> None:
    """Where no choice contradicts a step, the threshold lies between the two groups."""
    fit = fit_threshold([0.1, 0.2, 0.3, 0.4], [False, False, True, True])
    assert fit is not None
    assert fit.threshold == pytest.approx(0.25, abs=1e-3)
    assert fit.low <= 0.2
    assert fit.high >= 0.3


def test_no_threshold_is_invented() -> None:
    """All choices the same, or the wrong way round, have none."""
    assert fit_threshold([0.1, 0.2], [True, True]) is None
    assert fit_threshold([0.1, 0.2], [False, False]) is None
    assert fit_threshold([0.1, 0.2], [True, False]) is None


@pytest.mark.parametrize("seeds", [6, 7, 10, 11, 20, 101])
def test_the_interval_holds_the_median_as_often_as_it_says(seeds: int) -> None:
    """How many of N lie left of the median is binomial: 95 % exactly, and one less would not do.

    The flips are 0 .. N - 1; with i of them left of the median, it lies between i - 1 and i.
    """
    found = LearnedThreshold(tuple(range(seeds)), 0.0, 1, True)
    assert found.interval is not None
    low, high = map(int, found.interval)
    assert low + high == seeds - 1

    def chance(low: int, high: int) -> Fraction:
        return Fraction(sum(math.comb(seeds, i) for i in range(low + 1, high + 1)), 2**seeds)

    assert chance(low, high) >= Fraction(95, 100)
    assert chance(low + 1, high - 1) < Fraction(95, 100)
    if seeds == 10:
        assert (low, high) == (1, 8)


def test_the_interval_counts_how_closely_flips_are_known() -> None:
    """Each is known to half the width: that is added. Five seeds are too few for 95 %."""
    assert LearnedThreshold((0.5,) * 10, 0.02, 1, True).interval == (0.49, 0.51)
    assert LearnedThreshold((0.5,) * 5, 0.02, 1, True).interval is None
    assert LearnedThreshold((0.5,) * 10, 0.02, 1, False).interval is None


def test_the_share_of_seeds_rises_at_their_flips() -> None:
    """It is drawn as a staircase from 0 to 1."""
    found = LearnedThreshold((0.2, 0.4), 0.0, 1, True)
    assert found.share(0, 1) == [(0, 0), (0.2, 0), (0.2, 0.5), (0.4, 0.5), (0.4, 1), (1, 1)]


@pytest.mark.parametrize("noisy", [True, False])
def test_every_seed_has_one_bisection(noisy: bool) -> None:
    """A seed's trainings see the same numbers; those of other seeds are independent."""
    used: list[int] = []

    def train(gamma: float, seed: int) -> tuple[bool, int]:
        used.append(seed)
        return gamma >= 0.4, 7

    found = bisect_seeds(train, 0.0, 1.0, seeds=range(3, 9), width=0.01, noisy=noisy)
    assert list(dict.fromkeys(used)) == list(range(3, 9))
    assert found.steps == 7 * len(used)
    assert (found.interval is not None) == noisy
    assert found.low <= found.median <= found.high
