"""Thresholds by bisection: the gamma at which a planner's or a learner's choice flips.

A *chooser* maps a gamma to the side of a break-even gamma to which its greedy choice belongs: false
for the choice that is best left of it, true for the one right of it.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qdecay._support.result import Record, counted, plain

Chooser = Callable[[float], bool]
SHARE = "share of the seeds"  # the label of `LearnedThreshold.share` in figures


@dataclass(frozen=True, eq=False, repr=False)
class LearnedThreshold(Record):
    """The gammas at which trained agents flip.

    Attributes:
        flips: one for each seed, in order.
        width: each flip is accurate to half of this.
        steps: steps of all trainings together.
        noisy: whether two agents of different seeds may flip at different gammas.
    """

    flips: tuple[float, ...]
    width: float
    steps: int
    noisy: bool

    def _shown(self) -> str:
        spread = f"{self.median:.6g} [{self.low:.6g}, {self.high:.6g}]"
        return f"{spread}, {counted(self.seeds, 'seed')}, {counted(self.steps, 'step')}"

    def body(self) -> dict[str, Any]:
        """Return the entry of a qdecay.comparison/1 document."""
        names = ("median", "low", "high", "seeds", "steps", "interval")
        return {name: plain(getattr(self, name)) for name in names}

    @property
    def median(self) -> float:
        """The median over the seeds."""
        return statistics.median(self.flips)

    @property
    def low(self) -> float:
        """The smallest of the seeds' gammas."""
        return self.flips[0]

    @property
    def high(self) -> float:
        """The largest of the seeds' gammas."""
        return self.flips[-1]

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(self.flips)

    def share(self, low: float, high: float) -> list[tuple[float, float]]:
        """Return the corners, from `low` to `high`, of the share of seeds that flip below gamma."""
        corners = [(low, 0.0)]
        for number, flip in enumerate(self.flips, 1):
            corners += [(flip, corners[-1][1]), (flip, number / self.seeds)]
        return [*corners, (high, 1.0)]

    @property
    def interval(self) -> tuple[float, float] | None:
        """An interval for the median of all agents, at 95 % or more.

        It extends from the k-th smallest to the k-th largest of the N seeds' gammas. Each of them
        lies left of the median with probability 1/2 for any distribution, so the interval misses
        the median with probability 2 P[Binomial(N, 1/2) < k]; k is the largest one for which that
        is at most 5 %. For 10 seeds k = 2, with a coverage of 97.9 %. Half of `width` is added on
        both sides. None if nothing is noisy, and for fewer than six seeds.

        Source: David and Nagaraja, Order Statistics (2003), section 7.1.
        """
        k = interval_rank(self.seeds)
        if not self.noisy or k == 0:
            return None
        return self.flips[k - 1] - self.width / 2, self.flips[-k] + self.width / 2


def interval_rank(seeds: int) -> int:
    """Return the k of `LearnedThreshold.interval`; 0 if there are too few seeds for one."""
    below = itertools.accumulate(math.comb(seeds, i) for i in range(seeds))
    return sum(40 * ways <= 2**seeds for ways in below)


def bisect(chooser: Chooser, low: float, high: float, width: float) -> float:
    """Return the gamma in [low, high] at which `chooser` turns true, to within width / 2.

    An end is returned if the choice is the same throughout: `high` if it is false even there, `low`
    if it is true even there.
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


def bisect_seeds(
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
        train: a function of gamma and seed that returns whether the trained agent makes the
            right-hand choice, and the steps that its training took.
        low, high: where the bisections start.
        seeds: one bisection each; >= 1.
        width: bisections stop at this width.
        noisy: whether agents of different seeds flip at different gammas by chance.
        tick: called after each training.
    """
    found: list[float] = []
    steps = 0

    for seed in seeds:

        def choose(gamma: float, seed: int = seed) -> bool:
            nonlocal steps
            right, taken = train(gamma, seed)
            steps += taken
            tick()
            return right

        found.append(bisect(choose, low, high, width))
    return LearnedThreshold(tuple(sorted(found)), width, steps, noisy)
