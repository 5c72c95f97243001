"""How agents are trained on a finite model, so that one stream of steps teaches every gamma.

Behaviour is uniform: an episode begins in any state that can be reached, takes any action, and is
cut off after one step. So all pairs are visited about equally often, whatever the values. If
behaviour followed the values, they would be learned from a biased sample: a choice whose value
happens to be low is taken less often, so its error persists for longer.

Where no target varies, the step size is 1, and training ends after enough visits to converge.
Elsewhere values are averaged, over the steps that `forecast` expects to suffice. Double Q-learning
then replaces Q-learning by default: the maximum over noisy values is too large on average, above
all where actions tie.

Sources: van Hasselt 2010 (the maximum); Sutton and Barto 2018, section 5.3 (exploring starts).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TypedDict

import numpy as np

from qdecay.comparison.agents import Budget
from qdecay.comparison.flip import Flip
from qdecay.comparison.forecast import averaging, gap_noise, threshold_noise, visits_to_forget
from qdecay.comparison.lead import Floats
from qdecay.comparison.moving import Moving
from qdecay.comparison.planned import Planner
from qdecay.comparison.reach import longest_walk, reachable
from qdecay.learning import (
    Constant,
    Schedule,
    TabularLearner,
    double_q_learning,
    q_learning,
)
from qdecay.learning.schedules import as_schedule
from qdecay.learning.shared_values import shared_values
from qdecay.model.mdp import MDP

AVERAGED_FROM = 0.25  # of the steps
_MARGIN = 2.0  # the interval of ten seeds is seldom wider than this many times its mean
# One table bootstraps from the larger of noisy values, which shifts its threshold by up to a
# standard deviation of what is forecast. The shift falls as 1 / steps, and what intervals allow for
# stays, so that with 2 1/4 times the steps they hold the exact gamma as often as with two tables.
_BIASED_MARGIN = 3.0
_UNLEARNED = 1e-10
_FORGOTTEN = 1e-5  # of the initial values
_CLEAR = 6.0  # standard deviations: with such a lead agents make no mistake
_VISIBLE = 1e-7  # of the largest value: far above the learning error where nothing varies
_TIMED = 500_000  # steps
_EVERYWHERE = (0.1, 0.3, 0.5, 0.7, 0.9)
_SHARES = (0.02, 0.1, 0.25, 0.5, 0.75)  # of the way to the flip: where a search may begin


class _Behaviour(TypedDict):
    """The agents' behaviour, as arguments of `forecast`."""

    starts: Floats
    epsilon: Fraction
    sampled: bool
    reward_noise: Floats


@dataclass(frozen=True)
class Training:
    """How each agent is trained.

    Attributes:
        steps: the steps of an agent.
        step_size: its schedule.
        sd: the expected standard deviation of an agent's threshold.
        certain: whether nothing varies, so that values are learned exactly.
    """

    steps: int
    step_size: Schedule
    sd: float
    certain: bool = False

    def times(self, factor: int) -> Training:
        """Return a training that is this many times as long."""
        return replace(self, steps=factor * self.steps, sd=self.sd / math.sqrt(factor))


@dataclass(frozen=True)
class End:
    """A value at which the search for a flip begins.

    Attributes:
        at: a gamma, or a value of a line's parameter.
        best: the best actions there.
        clear: whether agents with such a training cannot miss them.
    """

    at: float
    best: frozenset[int]
    clear: bool


class Trainer:
    """Trains agents of one algorithm, for all values of a number.

    Args:
        moving: the number, with the models in which they act.
        planner: a planner for the models whose optimal values they learn: the same models, or
            epsilon-soft ones.
        learner: None means Q-learning where no target varies, and Double Q-learning elsewhere.
        epsilon: of the policy whose values SARSA and Expected SARSA learn; else 0.
        reward_noise: standard deviation of normal noise on each state's rewards, shape (S,).
        budget: the agents, and what may be spent on them.
    """

    def __init__(
        self,
        moving: Moving,
        planner: Planner,
        learner: TabularLearner | None,
        epsilon: Fraction,
        reward_noise: Floats,
        budget: Budget,
    ) -> None:
        self.moving, self.planner, self.budget = moving, planner, budget
        self.mdp = mdp = moving.moves
        self._chosen, self._epsilon, self._reward_noise = learner, epsilon, reward_noise
        states = reachable(mdp, planner.state)
        self._starts = np.zeros(mdp.n_states)
        self._starts[states] = 1 / len(states)
        self._pairs = int(mdp.available[states].sum())
        self._longest = longest_walk(mdp, states)
        self.rule = self._learner(self._nothing_varies).name  # the learner used last

    def training(self, flip: Flip, width: float) -> Training | None:
        """Return the training that is expected to settle a flip to an interval of that width.

        None where linear theory does not apply: the lead crosses 0 with slope 0.
        """
        learner, moving, at = self._learner(), self.moving, float(flip.at)
        noise = threshold_noise(
            moving.model(at),
            self.planner.state,
            moving.gamma(at),
            flip.left,
            flip.right,
            **self._behaviour(),
            tables=learner.n_tables,
            rate=moving.rate,
        )
        if noise is None:
            return None
        if not noise.noisy:
            far = flip.highest(_SHARES[0], self._reach(certain=True))
            return self._certain(moving.gamma(far))
        # Initial values take longest to be forgotten at the highest gamma.
        highest = moving.gamma(flip.highest(_SHARES[0], self._reach(certain=False)))
        margin = _MARGIN if learner.n_tables > 1 else _BIASED_MARGIN
        asked = width / margin, len(self.budget.seeds)
        steps = max(noise.steps(*asked), replace(noise, gamma=highest).steps(*asked))
        return Training(steps, as_schedule(noise.step_size, "step_size"), noise.sd(steps))

    def ends(self, flip: Flip, training: Training) -> tuple[End, End]:
        """Return values on either side at which the choice is clear, as far apart as possible.

        If it is clear nowhere, return where it is clearest.
        """
        reach = self._reach(training.certain)
        lows = [flip.lowest(share) for share in _SHARES]
        highs = [flip.highest(share, reach) for share in _SHARES]
        return self._end(lows, flip.left, training), self._end(highs, flip.right, training)

    def clearest(self, best: frozenset[int]) -> tuple[End, Training] | None:
        """Return the value at which the action that is always best is learned in the fewest steps.

        None if all actions are best, or if a planner in floats sees no difference.
        """
        found = []
        for at in map(self.moving.between, _EVERYWHERE):
            gamma = self.moving.gamma(at)
            gap, spread, size = self._gap(at, best)
            if self._nothing_varies and _VISIBLE * size < gap < math.inf:
                found.append((End(at, best, True), self._certain(gamma)))
            elif not self._nothing_varies and 0 < gap < math.inf:
                visits = visits_to_forget(gamma, _FORGOTTEN) * self._learner().n_tables
                steps = max((_CLEAR * spread / gap) ** 2, visits * self._pairs)
                training = Training(math.ceil(steps), averaging(gamma), spread)
                found.append((End(at, best, True), training))
        return min(found, key=lambda pair: pair[1].steps, default=None)

    def values(self, grids: list[Floats], seeds: list[int], training: Training) -> list[Floats]:
        """Return each seed's values of the state, shape (tables, A, number of grid values)."""
        self.rule = self._learner(training.certain).name

        def learn(mdp: MDP, gammas: Sequence[Floats], agents: Sequence[int]) -> list[Floats]:
            return shared_values(
                mdp,
                self.planner.state,
                gammas,
                agents,
                rule=self.rule,
                epsilon=float(self._epsilon),
                steps=training.steps,
                step_size=training.step_size,
                starts=self._starts,
                reward_noise=self._reward_noise,
                average_from=1.0 if training.certain else AVERAGED_FROM,
                report=self.budget.report,
                deadline=self.budget.deadline,
            )

        return self.moving.learned(grids, seeds, learn)

    def seconds(self, training: Training, points: int) -> float:
        """Estimate from a small part how long one replay with that many values takes."""
        seeds = list(self.budget.seeds)[: os.cpu_count() or 1]
        inside = np.linspace(self.moving.low, self.moving.high, points + 2)[1:-1]
        grids = [inside] * len(seeds)
        for steps in (1, _TIMED):  # the first compiles
            part = replace(training, steps=min(steps, training.steps))
            began = time.perf_counter()
            self.values(grids, seeds, part)
            spent = time.perf_counter() - began
        shares = training.steps / part.steps * len(self.budget.seeds) / len(seeds)
        return spent * shares

    def _reach(self, certain: bool) -> float:
        """Return how far right of a flip agents are examined, as a share of the way to the upper
        end."""
        if not self.moving.lengthens:
            return 1.0
        if not certain:
            return 0.25
        return 0.5 if self._longest is None else 1.0

    @cached_property
    def _nothing_varies(self) -> bool:
        """Whether every action has one outcome, and no target is drawn."""
        pairs = self.mdp.state * self.mdp.n_actions + self.mdp.action
        outcomes = np.bincount(pairs[self._starts[self.mdp.state] > 0])
        drawn = self._reward_noise[self._starts > 0].any() or self._learner().name == "sarsa"
        return bool(outcomes.max() == 1 and not drawn)

    def _learner(self, certain: bool = False) -> TabularLearner:
        return self._chosen or (q_learning if certain else double_q_learning)

    def _certain(self, gamma: float) -> Training:
        """Return the training after which an error above 1e-10 has a chance below 1e-6.

        A value is right once all A actions of its state have been taken after the next value was
        right: for a path of L steps that takes a sum of L maxima of A exponential times, in visits
        of a pair. Where paths are cyclic, they are cut where gamma^L = 1e-10.
        """
        actions = range(1, self.mdp.n_actions + 1)
        way = self._longest or (math.log(_UNLEARNED) / math.log(gamma) if gamma else 1)
        mean, variance = (way * sum(1 / k**power for k in actions) for power in (1, 2))
        visits = mean + 6 * math.sqrt(variance) - math.log(_UNLEARNED)
        tables = self._learner(certain=True).n_tables
        return Training(math.ceil(visits * self._pairs * tables), Constant(1.0), 0.0, certain=True)

    def _behaviour(self) -> _Behaviour:
        return {
            "starts": self._starts,
            "epsilon": self._epsilon,
            "sampled": self._learner().name == "sarsa",
            "reward_noise": self._reward_noise,
        }

    def _end(self, values: Sequence[float], best: frozenset[int], training: Training) -> End:
        """Return the first value at which agents cannot miss the best actions, or the clearest
        one."""
        leads = []
        for x in values:
            leads.append(self._clearness(x, best, training))
            if leads[-1] > _CLEAR:
                return End(x, best, True)
        return End(values[leads.index(max(leads))], best, False)

    def _clearness(self, x: float, best: frozenset[int], training: Training) -> float:
        """Return by how many standard deviations of an agent's values the best actions lead the
        others."""
        gap, spread, size = self._gap(x, best)
        if training.certain:
            deviation = _VISIBLE * size / _CLEAR
        else:
            deviation = spread / math.sqrt(training.steps)
        return gap / deviation if deviation else math.inf * gap if gap else 0.0

    def _gap(self, x: float, best: frozenset[int]) -> tuple[float, float, float]:
        """Return the lead of the best actions over the others, its noise, and the size of values.

        The gap in reward units, infinite if there are no others; its standard deviation times the
        root of the steps.
        """
        model, gamma = self.moving.model(x), self.moving.gamma(x)
        q = self.planner.solution(x).q[self.planner.state]
        others = [a for a in np.flatnonzero(np.isfinite(q)).tolist() if a not in best]
        if not others:
            return math.inf, 0.0, 0.0
        first, second = max(best, key=q.__getitem__), max(others, key=q.__getitem__)
        noise = gap_noise(model, self.planner.state, gamma, [second], [first], **self._behaviour())
        # Differences in the epsilon-soft model are 1 - epsilon times the learned ones.
        gap = float(q[first] - q[second]) / float(1 - self._epsilon)
        return gap, noise, float(np.abs(q[[first, second]]).max())
