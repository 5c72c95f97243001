"""Agents that a user's own function trains, from an environment, a gamma and a seed.

They are trained one at a time: each value of the varied number gives an environment and a gamma.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qdecay._support.progress import counting
from qdecay._support.torch_threads import one_torch_thread
from qdecay.comparison.agents import ALLOWED, Budget, Learned, outside, too_wide
from qdecay.comparison.flip import Flip
from qdecay.comparison.own_learner import greedy_choice
from qdecay.comparison.subject import LineSubject, Subject
from qdecay.comparison.thresholds import bisect_seeds
from qdecay.exact.break_even import BreakEven

OwnLearner = Callable[[Any, float, int], Any]

_WIDTH = 1e-3  # of the range that is searched
_SHARES = (0.02, 0.1, 0.25, 0.5, 0.75)  # of the way to the flip: where the search may begin
_SOME = 3  # agents that decide where


class OwnAgents:
    """Agents that a user's function trains, one for each value of the varied number and each seed.

    Nothing is known about them, so they count as noisy: their interval has to contain the exact
    value.
    """

    def __init__(
        self, subject: Subject | LineSubject, state: int, learner: OwnLearner, budget: Budget
    ) -> None:
        self.world, self.mdp, self.state = subject.world_at, subject.mdp, state
        self.learner, self.budget = learner, budget

    @property
    def name(self) -> str:
        """The function's name."""
        return getattr(self.learner, "__name__", type(self.learner).__name__)

    def choose(self, x: float, seed: int) -> int:
        """Return the greedy action of an agent trained at this value with this seed."""
        with one_torch_thread(self.learner):
            found = self.learner(*self.world(x), seed)
        return greedy_choice(found, self.mdp, self.state, self.name)

    def judge(self, flip: Flip) -> Learned:
        """Find where the agents flip, by one bisection per seed, and judge them."""
        low, high = self._ends(flip)
        seeds, width = self.budget.seeds, self.budget.width_of(flip)
        each = 2 + math.ceil(-math.log2(_WIDTH))
        found = bisect_seeds(
            lambda x, seed: (flip.is_right(self.choose(x, seed)), 0),
            low,
            high,
            seeds=seeds,
            width=_WIDTH * (high - low),
            noisy=True,
            tick=counting(self.budget.report, len(seeds) * each, "trainings", self.budget.deadline),
        )
        alike = sum(x in (low, high) for x in found.flips)
        if 2 * alike > len(seeds):
            where = f"from {low:.6g} to {high:.6g}"
            return Learned(found, wrong=f"{alike} of {len(seeds)} agents do not flip {where}")
        found = replace(found, width=max(found.width, ALLOWED * width))  # not yet fully learned
        if (wrong := outside(found, flip.at)) is not None:
            return Learned(found, wrong=wrong)
        return Learned(found, unsettled=too_wide(found, width))

    def _ends(self, flip: Flip) -> tuple[float, float]:
        """Return values on either side at which agents choose as they should, far apart.

        Agents may have learned too little for the highest gammas. If they make it nowhere, the
        outermost values show that they do not flip.
        """
        lows = [flip.lowest(share) for share in _SHARES]
        highs = [flip.highest(share, 1.0) for share in _SHARES]
        return (
            next((x for x in lows if not self._mostly_right(flip, x)), lows[0]),
            next((x for x in highs if self._mostly_right(flip, x)), highs[0]),
        )

    def _mostly_right(self, flip: Flip, x: float) -> bool:
        some = self.budget.seeds[:_SOME]
        return 2 * sum(flip.is_right(self.choose(x, seed)) for seed in some) > len(some)

    def judge_choice(self, exact: BreakEven) -> Learned:
        """Judge what most agents choose at a value in each stretch between touches."""
        seeds, points = self.budget.seeds, list(zip(exact.between, exact.best, strict=True))
        total = len(seeds) * len(points)
        tick = counting(self.budget.report, total, "trainings", self.budget.deadline)
        for point, best in points:
            wrong = 0
            for seed in seeds:
                wrong += self.choose(float(point), seed) not in best
                tick()
            if 2 * wrong > len(seeds):
                return Learned(
                    wrong=f"{wrong} of {len(seeds)} agents choose wrongly at {float(point):.6g}"
                )
        return Learned()
