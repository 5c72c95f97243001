"""Agents of a chain that are trained only for some forced walks of each branch.

An agent that is stopped this early flips elsewhere; `qdecay.exact.learning_curve` predicts where.
As nothing is random all agents are alike: one is trained for all seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from qdecay._support.progress import counting
from qdecay.comparison.agents import Budget, Learned, off
from qdecay.comparison.flip import Flip
from qdecay.comparison.subject import Subject
from qdecay.comparison.thresholds import bisect_seeds
from qdecay.exact.break_even import BreakEven
from qdecay.exact.learning_curve import learning_curve
from qdecay.learning import TabularLearner
from qdecay.model.mdp import MDP
from qdecay_envs.chain import ChainEnv

_WIDTH = 1e-6
_SHARE = 0.5  # of the way from the neighbouring changes to the flip: where the search begins


@dataclass(frozen=True)
class ForcedWalks:
    """A training of `count` >= 1 walks of each branch at a constant step size in (0, 1]."""

    count: int
    step_size: Fraction


class WalkedAgents:
    """Agents of a plain chain that end after some forced walks.

    Raises:
        TypeError: the subject is not a chain.
        ValueError: `qdecay.exact.learning_curve` has no prediction for it, or for the learner.
    """

    def __init__(
        self, subject: Subject, learner: TabularLearner, walks: ForcedWalks, budget: Budget
    ) -> None:
        chain = _plain_chain(subject, learner)
        self.learner, self.walks, self.budget, self.start = learner, walks, budget, chain.start
        self.layout = chain.layout
        branches = range(len(chain.layout.branches))
        self._chosen: dict[float, tuple[int, int]] = {}  # every seed asks for the same gammas
        self._corridors = [_single_branch(subject.mdp, branch) for branch in branches]

    @property
    def name(self) -> str:
        """The algorithm."""
        return self.learner.name

    def predicted(self) -> BreakEven:
        """Return where such agents flip, exactly."""
        return learning_curve(self.layout, self.walks.step_size, self.walks.count).break_even()

    def choose(self, gamma: float) -> tuple[int, int]:
        """Return the greedy action at the start, and the steps that were taken."""
        if gamma not in self._chosen:
            self._chosen[gamma] = self._trained(gamma)
        return self._chosen[gamma]

    def _trained(self, gamma: float) -> tuple[int, int]:
        results = [
            self.learner(
                mdp,
                gamma,
                episodes=self.walks.count,
                epsilon=0.0,
                step_size=float(self.walks.step_size),
            )
            for mdp in self._corridors
        ]
        known = [result.q[self.start, branch] for branch, result in enumerate(results)]
        return known.index(max(known)), sum(result.steps for result in results)

    def judge(self, flip: Flip) -> Learned:
        """Find where the agents flip by bisection, and compare it with the prediction."""
        low, high = flip.lowest(_SHARE), flip.highest(_SHARE, 1.0)
        seeds = self.budget.seeds
        each = 2 + math.ceil(math.log2((high - low) / _WIDTH))
        tick = counting(self.budget.report, len(seeds) * each, "trainings", self.budget.deadline)

        def train(gamma: float, seed: int) -> tuple[bool, int]:
            choice, steps = self.choose(gamma)
            return flip.is_right(choice), steps

        found = bisect_seeds(train, low, high, seeds=seeds, width=_WIDTH, noisy=False, tick=tick)
        return Learned(found, wrong=off(found, flip.at, "predicted"))

    def judge_choice(self, exact: BreakEven) -> Learned:
        """Compare the agents' choice between the gammas that matter with the best one."""
        for point, best in zip(exact.between, exact.best, strict=True):
            if self.choose(float(point))[0] not in best:
                return Learned(wrong=f"agents choose wrongly at {float(point):.6g}")
        return Learned()


def _plain_chain(subject: Subject, learner: TabularLearner) -> ChainEnv:
    chain = subject.chain
    if chain is None:
        raise TypeError(
            f"walks are those of a chain's branches, and {subject.name} is no chain: omit walks"
        )
    if chain.layout.ending != "terminate":
        raise ValueError(
            f"walks can be predicted where the last reward ends the episode, and this chain's "
            f'ending is "{chain.layout.ending}": omit walks'
        )
    if chain.slip or chain.escape or chain.reward_noise:
        raise ValueError("walks can be predicted without slip, escape and reward_noise only")
    if learner.n_tables != 1:
        raise ValueError(f"walks cannot be predicted for {learner.name}: it has two tables")
    return chain


def _single_branch(mdp: MDP, branch: int) -> MDP:
    """Return the chain whose only choice is the branch: of equivalent actions, one is learned."""
    rows = mdp.rows()
    return MDP.of(replace(rows, rows=[row for row in rows if row[1] == branch]))
