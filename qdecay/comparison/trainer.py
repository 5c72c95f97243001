"""A chain with the agents that are trained on it, and the planner's view of it.

How an agent is trained. It behaves at random, epsilon = 1, regardless of its values. If values
steered the behaviour, they would be learned from a biased sample: a choice whose value happens to
be low is taken less often, so its error persists for longer (adaptive sampling). If every walk
ends, episodes begin at the start; otherwise they begin in a random state and last one step, because
a random walk takes about 2**n steps to the end of a corridor of n that leads back. In both cases
all pairs of state and action are visited about equally often, and training ends after enough visits
to converge, except with probability below 1e-6:

- Where nothing is random the step size is 1. A state is right once all its actions have been taken
  after the next one was right: for A actions that takes H = 1 + 1/2 + ... + 1/A visits of each on
  average, for a way of L steps back to the start H L. If nothing ends, the error shrinks by
  exp(gamma - 1) with each visit, which is continued down to 1e-10.
- Where outcomes or rewards are random the step size of the n-th visit is h / (h + n - 1), which
  averages over the last n / h targets or so. After n visits a share P[Poisson(h log(1 + n / h)) >=
  L] of a reward L steps away has arrived; h is such that 1e-4 is missing. Double Q-learning then
  replaces Q-learning by default: all actions in a corridor do the same, and the maximum of their
  noisy values is too large on average (van Hasselt 2010). No step size fixes that: the maximum is
  off by about the spread of the values, and averaging shrinks both alike.

SARSA and Expected SARSA learn the values of the agent's behaviour, here of random behaviour. In
plain chains with two branches it has the same break-even gammas; with `escape` they differ.

An agent can also be trained for a number of *forced walks* of each branch, and no longer.

Sources: the numbers of visits are those of coupon collectors and Poisson processes, cell by cell;
Wainwright 2019 (the step size); Sutton and Barto 2018, section 5.3 (exploring starts).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import gammainccinv

from qdecay.learning import Harmonic, double_q_learning, q_learning
from qdecay.learning.learner import Learner
from qdecay.learning.result import LearningResult
from qdecay.model.door import Problem, as_chain_env, name_of
from qdecay.model.mdp import MDP
from qdecay.planning import value_iteration

_UNLEARNT = 1e-10
_UNLEARNT_NOISY = 1e-4
_AVERAGED = 250  # targets, if they are noisy: the last step size is one part in this many


@dataclass(frozen=True)
class ForcedWalks:
    """A training of `count` >= 1 walks of each branch at a constant step size in (0, 1]."""

    count: int
    step_size: Fraction


@dataclass(frozen=True)
class BestChoices:
    """The best choices left and right of a break-even gamma."""

    left: frozenset[int]
    right: frozenset[int]

    def is_right(self, choice: int) -> bool:
        """Whether a choice belongs to the right: only actions best on one side alone decide."""
        if self.right - self.left:
            return choice in self.right
        return choice not in self.left - self.right


class ChainTrainer:
    """A chain, the agents that are trained on it, and the planner's view of it."""

    def __init__(
        self,
        problem: Problem,
        learner: Learner | None = None,
        forced: ForcedWalks | None = None,
    ) -> None:
        """Check the arguments.

        Raises:
            TypeError: `problem` is not a chain.
            ValueError: walks are forced on a chain for which `qdecay.exact.learning_curve` has no
                prediction.
        """
        self.env = as_chain_env(problem)
        self.name = name_of(problem) or " | ".join(self.env.layout.names)
        self.mdp = MDP.from_env(self.env)
        # With slip or escape it is more than a choice between streams.
        self.plain = not self.env.slip and not self.env.escape
        self.noisy = self.env.reward_noise > 0 or self.env.slip not in (0, 1)
        self.learner = learner or (double_q_learning if self.noisy else q_learning)
        lengths = [len(stream) for _, stream in self.env.layout.branches]
        self._longest = max(lengths)
        # The steps in which each pair of state and action is visited once, on average: a walk
        # takes one branch of A, and in its corridor any action.
        self._round = self.mdp.n_actions * max(sum(lengths), self.mdp.n_states)
        self._ends = self.env.layout.ending == "terminate" and not self.env.escape
        self._episodes: dict[str, Any] = {}
        if not self._ends:
            anywhere = np.full(self.mdp.n_states, 1 / self.mdp.n_states)
            self._episodes = {"start": anywhere, "max_episode_steps": 1}
        self.forced = forced
        if forced is not None:
            self._check_forced(forced)
            self._corridors = [
                _single_branch(self.mdp, branch) for branch in range(len(self.env.layout.branches))
            ]

    def plan(self, gamma: float) -> int:
        """Return value iteration's greedy action at the start."""
        q = value_iteration(self.mdp, gamma, tol=None).q
        return int(q[self.env.start].argmax())

    def train(self, gamma: float, seed: int) -> tuple[int, int]:
        """Return a trained agent's greedy action at the start, and the steps it took."""
        if self.forced is not None:
            return self._walk(self.forced, gamma)
        result = self.learn(gamma, seed)
        return int(result.policy[self.env.start]), result.steps

    def _walk(self, forced: ForcedWalks, gamma: float) -> tuple[int, int]:
        results = [
            self.learner(
                mdp,
                gamma,
                episodes=forced.count,
                epsilon=0.0,
                step_size=float(forced.step_size),
            )
            for mdp in self._corridors
        ]
        known = [result.q[self.env.start, branch] for branch, result in enumerate(results)]
        return known.index(max(known)), sum(result.steps for result in results)

    def learn(self, gamma: float, seed: int) -> LearningResult:
        """Return what a trained agent has learned; forced walks are ignored."""
        visits, step_size = (
            self._noisy_visits(gamma) if self.noisy else self._deterministic_visits(gamma)
        )
        return self.learner(
            self.mdp,
            gamma,
            steps=math.ceil(visits * self.learner.n_tables * self._round),
            epsilon=1.0,
            step_size=step_size,
            seed=seed,
            reward_noise=self.env.reward_noise,
            **self._episodes,
        )

    def _deterministic_visits(self, gamma: float) -> tuple[float, float]:
        """How often each pair is visited until convergence, and the step size."""
        actions = range(1, self.mdp.n_actions + 1)
        back = self._longest + self._contractions(gamma, _UNLEARNT)
        # The mean and variance of the maximum of one unit exponential time per action.
        mean, variance = (back * sum(1 / k**power for k in actions) for power in (1, 2))
        return mean + 6 * math.sqrt(variance) - math.log(_UNLEARNT), 1.0

    def _noisy_visits(self, gamma: float) -> tuple[float, Harmonic]:
        """How often each pair is visited so that 1 / `_AVERAGED` is the last step size."""
        arrived = float(gammainccinv(self._longest, _UNLEARNT_NOISY))
        arrived += self._contractions(gamma, _UNLEARNT_NOISY)
        horizon = max(1.0, arrived / math.log1p(_AVERAGED))
        return horizon * _AVERAGED, Harmonic(horizon)

    def _contractions(self, gamma: float, missing: float) -> float:
        """How many visits shrink the error to that share; 0 if all walks end."""
        return 0.0 if self._ends else -math.log(missing) / (1 - gamma)

    def plans(self, side: BestChoices, gamma: float) -> bool:
        """Whether value iteration takes the right-hand side."""
        return side.is_right(self.plan(gamma))

    def learns(self, side: BestChoices, gamma: float, seed: int) -> tuple[bool, int]:
        """Whether a trained agent takes the right-hand side, and the steps it took."""
        choice, steps = self.train(gamma, seed)
        return side.is_right(choice), steps

    def _check_forced(self, forced: ForcedWalks) -> None:
        if self.env.layout.ending != "terminate":
            raise ValueError(
                f"walks can be predicted where the last reward ends the episode, and this chain's "
                f'ending is "{self.env.layout.ending}": omit walks'
            )
        if self.noisy or not self.plain:
            raise ValueError("walks can be predicted without slip, escape and reward_noise only")
        if self.learner.n_tables != 1:
            raise ValueError(
                f"walks cannot be predicted for {self.learner.name}: it has two tables"
            )


def _single_branch(mdp: MDP, branch: int) -> MDP:
    """The chain whose only choice is the branch: of equivalent actions, one is learned."""
    rows = mdp.rows()
    return MDP.of(replace(rows, rows=[row for row in rows if row[1] == branch]))
