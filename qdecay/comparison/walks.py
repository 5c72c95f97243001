"""Agents that are trained for a number of forced walks of each branch, and no longer.

An agent that is stopped this early flips elsewhere; `qdecay.exact.learning_curve` predicts where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from qdecay.comparison.flip import Flip
from qdecay.comparison.subject import Subject
from qdecay.comparison.thresholds import LearnedThreshold, bisect_seeds
from qdecay.learning import TabularLearner
from qdecay.model.mdp import MDP
from qdecay_envs.chain import ChainEnv

_WIDTH = 1e-6


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

    def __init__(self, subject: Subject, learner: TabularLearner, walks: ForcedWalks) -> None:
        chain = subject.chain
        _check(subject, learner)
        assert chain is not None
        self.mdp, self.learner, self.walks, self.start = subject.mdp, learner, walks, chain.start
        self._corridors = [
            _single_branch(self.mdp, branch) for branch in range(len(chain.layout.branches))
        ]

    def choose(self, gamma: float) -> tuple[int, int]:
        """Return the greedy action at the start, and the steps that were taken."""
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

    def threshold(
        self, flip: Flip, low: float, high: float, seeds: range, tick: Callable[[], None]
    ) -> LearnedThreshold:
        """Return where agents flip between two gammas."""

        def train(gamma: float, seed: int) -> tuple[bool, int]:
            choice, steps = self.choose(gamma)
            return flip.is_right(choice), steps

        return bisect_seeds(train, low, high, seeds=seeds, width=_WIDTH, noisy=False, tick=tick)


def _check(subject: Subject, learner: TabularLearner) -> None:
    chain = subject.chain
    if chain is None:
        raise TypeError(f"walks are those of a chain's branches, and {subject.name} is no chain")
    if chain.layout.ending != "terminate":
        raise ValueError(
            f"walks can be predicted where the last reward ends the episode, and this chain's "
            f'ending is "{chain.layout.ending}": omit walks'
        )
    if not subject.plain:
        raise ValueError("walks can be predicted without slip, escape and reward_noise only")
    if learner.n_tables != 1:
        raise ValueError(f"walks cannot be predicted for {learner.name}: it has two tables")


def _single_branch(mdp: MDP, branch: int) -> MDP:
    """The chain whose only choice is the branch: of equivalent actions, one is learned."""
    rows = mdp.rows()
    return MDP.of(replace(rows, rows=[row for row in rows if row[1] == branch]))
