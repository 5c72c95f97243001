"""Thresholds found by asking: the gamma at which a planner's or a learner's choice flips.

A *chooser* maps a gamma to the side of a break-even gamma that its greedy choice belongs to:
false for the choice that is best left of it, true for the one right of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qdecay.psychometric import ThresholdFit, fit_threshold

Chooser = Callable[[float], bool]


@dataclass(frozen=True)
class Choice:
    """One training: the gamma it used, the seed, whether it ended on the right-hand choice."""

    gamma: float
    seed: int
    right: bool


@dataclass(frozen=True)
class LearnedThreshold:
    """The gammas at which trained agents flip.

    Attributes:
        median, low, high: over the seeds.
        seeds: how many there were.
        steps: steps of all trainings together.
        noisy: whether two trainings at one gamma may end on different choices.
        fit: a logistic fit to all choices; None where the trainings are not noisy, or where no
            choice ever flipped.
        choices: every training made.
    """

    median: float
    low: float
    high: float
    seeds: int
    steps: int
    noisy: bool
    fit: ThresholdFit | None
    choices: tuple[Choice, ...]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The fit's 95 % confidence interval."""
        return (self.fit.low, self.fit.high) if self.fit else None


def bisect(chooser: Chooser, low: float, high: float, width: float) -> float:
    """Return the gamma in [low, high] at which `chooser` turns true, to within width / 2.

    An end is returned where the choice is the same all the way: `high` where even high is
    false, `low` where even low is true.
    """
    if chooser(low):
        return low
    if not chooser(high):
        return high
    while high - low > width:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if chooser(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def learned_threshold(
    train: Callable[[float, int], tuple[bool, int]],
    low: float,
    high: float,
    *,
    seeds: Sequence[int],
    width: float,
    noisy: bool,
    tick: Callable[[], None] = lambda: None,
) -> LearnedThreshold:
    """Return where trained agents flip, by one bisection per seed.

    Args:
        train: gamma and seed -> whether the trained agent makes the right-hand choice, and the
            steps its training took.
        low, high: where the bisections start.
        seeds: one bisection each; >= 1.
        width: bisections stop at this width.
        noisy: every training of a bisection gets a seed of its own, so that their choices are
            independent, and a logistic fit to all choices is returned.
        tick: called after each training.
    """
    choices: list[Choice] = []
    found: list[float] = []
    steps = 0

    for seed in seeds:

        def choose(gamma: float, seed: int = seed) -> bool:
            nonlocal steps
            own = seed + len(seeds) * len(choices) if noisy else seed
            right, taken = train(gamma, own)
            choices.append(Choice(gamma, own, right))
            steps += taken
            tick()
            return right

        found.append(bisect(choose, low, high, width))
    fit = fit_threshold([c.gamma for c in choices], [c.right for c in choices]) if noisy else None
    return LearnedThreshold(
        statistics.median(found),
        min(found),
        max(found),
        len(found),
        steps,
        noisy,
        fit,
        tuple(choices),
    )
