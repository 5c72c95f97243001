r"""What a learned threshold costs: how far agents spread about a breakpoint, by linear theory.

Let D be the value of the actions that are best right of a breakpoint minus that of the actions best
left of it. An agent's threshold is where its learned D crosses 0, so the threshold's standard
deviation is that of D (`linear_theory`), divided by the slope of D.

**Averaging.** The average of all iterates has the least possible variance (Polyak and Juditsky
1992). The one used here leaves out the first quarter: with step size h / (h + n - 1) and c = h (1 -
gamma), the average over the last 3/4 of the visits has 4/3 times that variance, or up to 2 % more,
for c >= 2. (The error of an iterate is h n^-c times the integral of s^(c - 1) dW; its average over
(n/4, n) has the variance 16/9 (c / (c - 1))^2 [integral_1/4^1 (1 - u^(c-1))^2 du + integral_0^1/4
((4u)^(c-1) - u^(c-1))^2 du] / n, which is 4/3 at c = 2, 1.359 at its largest, c = 5, and tends to
4/3.)

**Initial values.** After n visits (1 + n / h)^-c of their error is left: Q-learning contracts by
gamma. A larger c forgets sooner: for initial errors 10^5 times the requested accuracy, c = 3, 4, 6
and 12 need 290, 150, 85 and 50 / (1 - gamma) visits. But the variance of iterates grows with h, and
with it what linear theory leaves out: the maximum over actions that chance makes look equal is too
large, even with two tables, which learn from each other. That shifts the median of FrozenLake-v1 by
0.12, 0.25, 0.40 and 0.69 standard deviations of an agent for c = 3, 4, 6 and 9, and that of a model
at gamma = 0.98 by 0.6 and 1.2 for c = 3 and 6. Below c = 3 early noise is forgotten too slowly.
Hence c = 4, with which 187 of 196 intervals of ten agents on FrozenLake-v1, RiverSwim and NChain
contain the exact value.

Sources: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control
Optim. 30 (1992), 838-855; van Hasselt, Double Q-learning (2010); Blom, Statistical estimates and
transformed beta-variables (1958), for expected order statistics.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtri

from qdecay._support.checks import RationalLike, RealLike, count, real, reals, whole
from qdecay._support.result import Record
from qdecay.comparison.linear_theory import Doubts, Floats, LinearTheory, Rate
from qdecay.comparison.thresholds import interval_rank
from qdecay.learning.schedules import Harmonic
from qdecay.model.door import Problem
from qdecay.model.mdp import MDP

_CONTRACTIONS = 4.0  # c of the module's docstring
_INFLATION = 4 / 3
_BIAS = 0.25  # accepted effect of the initial values, in standard deviations of the threshold


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdNoise(Record):
    """How agents that learn from uniform behaviour spread about one breakpoint.

    Attributes:
        gamma: the breakpoint, or the discount factor of a model line.
        pairs: states and actions that behaviour visits.
        rarest: steps per visit of the pair that is visited least; `pairs` if all are alike.
        spread: standard deviation of the learned gap D just left of the breakpoint, times
            sqrt(steps), in reward units. 0 if nothing random affects D: rows are deterministic, or
            all of a row's targets are equal, or the same on both sides.
        slopes: dD/dgamma, or dD per unit of a line's parameter, just left and just right of the
            breakpoint, > 0. On the right D and its noise are both larger by the same factor.
        noisy: whether any target varies from which D is learned, of the optimal actions or of
            others on the way. If none does, a step size of 1 learns the exact values.
        size: the largest optimal |Q|, the error of initial values of 0; in reward units.
        doubts: where noise may hide which action is best; None if nothing is noisy.
        tables: the number of the learner's tables, which share the visits.
    """

    gamma: float
    pairs: int
    rarest: float
    spread: float
    slopes: tuple[float, float]
    noisy: bool
    size: float
    doubts: Doubts | None = None
    tables: int = 1

    def _shown(self) -> str:
        return f"{self.gamma:.6g}: {self.sd(1):.4g} / sqrt(steps)"

    @property
    def step_size(self) -> Harmonic | float:
        """The step size that the forecast is for; 1 where nothing varies."""
        return averaging(self.gamma) if self.noisy else 1.0

    def sd(self, steps: RealLike) -> float:
        """Return the standard deviation of one agent's threshold after that many steps."""
        return self.spread / self.slopes[0] / math.sqrt(real(steps, "steps", "> 0"))

    def steps(self, width: RealLike, seeds: int) -> int:
        """Return each agent's steps until the seeds' interval is expected to be that narrow.

        Args:
            width: of the 95 % interval of the median, `LearnedThreshold.interval`; > 0.
            seeds: agents; >= 6, fewer have no such interval.
        """
        asked = real(width, "width", "> 0")
        sd = asked / interval_widths(seeds)
        return max(math.ceil((self.sd(1) / sd) ** 2), self.least_steps(sd), self._sure_steps(sd))

    def _sure_steps(self, sd: float) -> int:
        """Return the steps until hidden best actions shift thresholds by a quarter of `sd` at most.

        From there on linear theory holds; before, agents may have learned another policy.
        """
        allowed = _BIAS * sd * min(self.slopes)
        doubts = self.doubts
        if doubts is None or doubts.shift(1.0) <= allowed:
            return 1
        most = 1.0
        while doubts.shift(most) > allowed:
            most *= 4
        found = brentq(lambda log: doubts.shift(math.exp(log)) - allowed, 0.0, math.log(most))
        return math.ceil(math.exp(float(found)))

    def least_steps(self, sd: RealLike) -> int:
        """Return the steps until initial values of 0 shift thresholds by a quarter of `sd` at most.

        A bound, by the contraction of the largest mean error; many models need fewer.
        """
        allowed = _BIAS * real(sd, "sd", "> 0") * min(self.slopes) / (2 * self.size)
        if allowed >= 1:
            return 1
        if not self.noisy:  # the hops back to the initial values are Poisson, each shrinks by gamma
            visits = -math.log(allowed) / (1 - self.gamma)
        else:
            visits = visits_to_forget(self.gamma, allowed)
        return math.ceil(visits * self.rarest * self.tables)


def averaging(gamma: float) -> Harmonic:
    """Return the step size whose averages over the last 3/4 have nearly the least variance."""
    return Harmonic(_CONTRACTIONS / (1 - gamma))


def visits_to_forget(gamma: float, share: float) -> float:
    """Return the visits of a pair after which this share of the initial values is left in its
    averages.

    With `averaging(gamma)` as the step size; share in (0, 1).
    """
    horizon = averaging(gamma).horizon
    return horizon * float(brentq(lambda m: math.log(_left(m) / share), 1e-9, 1e9))


def interval_widths(seeds: int) -> float:
    """Return the expected width of the seeds' 95 % interval, in standard deviations of an agent."""
    n = count(seeds, "seeds", least=6)
    return float(2 * ndtri((n - interval_rank(n) + 1 - 0.375) / (n + 0.25)))


def _left(m: float) -> float:
    """The mean of (1 + u)^-c over the last 3/4 of (0, m)."""
    c = _CONTRACTIONS - 1
    return 4 / (3 * m * c) * (math.pow(1 + m / 4, -c) - math.pow(1 + m, -c))


def threshold_noise(
    problem: Problem,
    state: int,
    gamma: RealLike,
    left: Collection[int],
    right: Collection[int],
    *,
    starts: ArrayLike,
    epsilon: RationalLike = 0,
    sampled: bool = False,
    reward_noise: ArrayLike = 0.0,
    tables: int = 1,
    rate: Rate | None = None,
) -> ThresholdNoise | None:
    """Return how thresholds of a breakpoint spread; None if no two actions swap places there.

    Args:
        problem: an exact model.
        state: the state whose optimal set changes.
        gamma: the breakpoint, in [0, 1).
        left, right: the state's optimal actions just left and just right of it. None is returned if
            one contains the other, or if D crosses 0 with slope 0, where linear theory does not
            apply.
        starts: the probability of each state to begin a step in, shape (S,); its action is uniform
            over the available ones.
        epsilon: of the epsilon-greedy policy whose values are learned (SARSA and Expected SARSA),
            exact, in [0, 1); left and right are then those of `epsilon_soft(problem, epsilon)`.
        sampled: whether targets take a drawn next action (SARSA), not the mean.
        reward_noise: standard deviation of noise on every reward, or on those of each state, shape
            (S,), >= 0.
        tables: of the learner; >= 1.
        rate: for a threshold along a model line, at fixed gamma: what its parameter changes.

    Raises:
        ValueError: an argument is outside its range, gamma is not such a breakpoint, or `starts`
            never leads to a pair whose noise counts.

    A target varies if two of a row's outcomes differ by more than rounding: 4 eps of their size
    and twice the proven error of the values.
    """
    linear = LinearTheory.of(problem, state, gamma, left, epsilon, rate)
    leaving, entering = _differing(linear.mdp, state, left, right)
    if not leaving or not entering:
        return None
    linear.check_breakpoint(leaving + entering)
    slopes = linear.slopes(left, right)
    if min(slopes) <= linear.slope_error:
        if max(slopes) < -linear.slope_error:
            raise ValueError(
                f"left and right are the wrong way round at gamma = {linear.gamma}: "
                f"actions {sorted(entering)} lose"
            )
        return None
    behaviour = _behaviour(linear.mdp, starts)
    variance = linear.variance(sampled, reals(reward_noise, "reward_noise", ">= 0"))
    visited = behaviour[behaviour > 0]
    noisy = linear.varies(leaving + entering, variance)
    return ThresholdNoise(
        gamma=linear.gamma,
        pairs=len(visited),
        rarest=float(1 / visited.min()),
        spread=math.sqrt(_INFLATION) * linear.noise(leaving, entering, variance, behaviour),
        slopes=slopes,
        noisy=noisy,
        size=float(np.abs(linear.q[linear.available]).max()),
        doubts=linear.doubts(leaving, entering, variance, behaviour) if noisy else None,
        tables=count(tables, "tables"),
    )


def gap_noise(
    problem: Problem,
    state: int,
    gamma: RealLike,
    left: Collection[int],
    right: Collection[int],
    *,
    starts: ArrayLike,
    epsilon: RationalLike = 0,
    sampled: bool = False,
    reward_noise: ArrayLike = 0.0,
) -> float:
    """Return the standard deviation of the learned gap D times sqrt(steps) at any gamma.

    |D| sqrt(steps) over this says how clearly agents of that gamma distinguish the sides.
    Arguments are those of `threshold_noise`; 0 if one set contains the other.
    """
    linear = LinearTheory.of(problem, state, gamma, None, epsilon)
    leaving, entering = (linear.best(side) for side in _differing(linear.mdp, state, left, right))
    if not leaving or not entering:
        return 0.0
    variance = linear.variance(sampled, reals(reward_noise, "reward_noise", ">= 0"))
    noise = linear.noise(leaving, entering, variance, _behaviour(linear.mdp, starts))
    return math.sqrt(_INFLATION) * noise


def _differing(
    mdp: MDP, state: int, left: Collection[int], right: Collection[int]
) -> tuple[list[int], list[int]]:
    """The actions best on the left alone, and those best on the right alone."""
    for side in (left, right):
        for action in side:
            if not mdp.available[state, whole(action, "action", 0, mdp.n_actions - 1)]:
                raise ValueError(f"action {action} is not available in state {state}")
    return sorted(set(left) - set(right)), sorted(set(right) - set(left))


def _behaviour(mdp: MDP, starts: ArrayLike) -> Floats:
    """How often each pair is visited, shape (S * A,)."""
    chances = reals(starts, "starts", ">= 0")
    if chances.shape != (mdp.n_states,) or abs(chances.sum() - 1) > 1e-9:
        raise ValueError(f"starts must be {mdp.n_states} probabilities that sum to 1")
    actions = mdp.available.sum(axis=1)
    if (chances[actions == 0] > 0).any():
        raise ValueError("starts must have 0 where a state has no action")
    each = chances / np.maximum(actions, 1)
    return np.asarray((each[:, None] * mdp.available).ravel())
