"""How noise in one-step targets spreads to the learned values, to first order.

Let D(gamma) be the value of the actions of a state that are best right of a breakpoint, minus that
of those that are best left of it. Values are learned from one-step targets y = r + gamma V(t), with
V = Pi Q; Pi is the greedy policy, or the epsilon-greedy one for SARSA. Close to the answer the
errors of Q obey Q - Q* = gamma P Pi (Q - Q*) + noise, in which the average of n targets of a pair
(s, a) leaves noise of variance var(y) / n. So after N steps that visit pairs with frequencies mu,

    var D = 1/N sum over pairs of x^2 var(y) / mu,     x^T = d^T (I - gamma P Pi)^-1,

with d the difference of the indicators of two actions, one of each side. Over several pairs of such
actions variances are averaged, as each agent settles on one pair. The average of two tables with
half the visits each has the variance of one table with all of them.

At the breakpoint itself Pi may take either side, left of it the left one. Right of it, with
u = (I - gamma Pi P)^-1 e of the state, both D and its noise are 1 / (1 - k) times as large, where
k = (1 - epsilon) gamma (P_right - P_left) u, so that the threshold, noise over slope, is the same.
In other states the first of equal actions is taken: agents settle on one, and have the noise of
one. (To mix equals would change the noise by less than a tenth on FrozenLake, but would make the
noise of twenty identical actions a fourth of what it is.)

Where transitions take d steps, gamma P is the sum of p gamma^d over a row's transitions.

Along a model line the parameter x varies and gamma is fixed: everything holds with dQ/dx in place
of dQ/dgamma.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import SuperLU, splu
from scipy.special import ndtr

from qdecay._support.checks import RationalLike, RealLike, exact, real
from qdecay._support.result import Record
from qdecay.comparison.reach import moves
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay.model.soft import epsilon_soft
from qdecay.planning.optimal import optimal_values

_MOST = 300  # states with doubts
_EPS = float(np.finfo(np.float64).eps)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Doubts(Record):
    """The states in which noise may hide which action is best.

    Attributes:
        counts: by how much D changes for each unit of value that is lost there.
        gaps: what the best action leads the next one by, in reward units; > 0.
        noises: the standard deviation of that lead, times sqrt(steps).
    """

    counts: Floats
    gaps: Floats
    noises: Floats

    def shift(self, steps: float) -> float:
        """Return how far the mean of D may be off after that many steps, in reward units.

        With a lead of z standard deviations the shift is phi(z) - z Phi(-z) of them on average:
        what a greedy choice among noisy values gains, or loses if another table values it.
        """
        sd = self.noises / math.sqrt(steps)
        noisy = sd > 0
        z = self.gaps[noisy] / sd[noisy]
        lost = np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi) - z * ndtr(-z)
        return float(np.sum(self.counts[noisy] * sd[noisy] * np.maximum(lost, 0.0)))


@dataclass(frozen=True, eq=False)
class Rate:
    """What a number other than gamma changes, per unit of it.

    Attributes:
        reward: dr, shape (S * A,), in reward units.
        ahead: d(gamma P), shape (S * A, S).
    """

    reward: Floats
    ahead: sparse.csr_matrix

    @classmethod
    def between(cls, low: MDP, high: MDP, gamma: float, span: float) -> Rate:
        """Return the rate of a number that differs by `span` between two models."""
        rewards = (np.nan_to_num(mdp.r).ravel() for mdp in (high, low))
        ahead = (_discounted(mdp, gamma) for mdp in (high, low))
        reward_change, ahead_change = (next(of) - next(of) for of in (rewards, ahead))
        return cls(np.asarray(reward_change) / span, sparse.csr_matrix(ahead_change / span))

    @cached_property
    def largest(self) -> float:
        """The largest row of |d(gamma P)|."""
        return float(np.asarray(np.abs(self.ahead).sum(axis=1)).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class LinearTheory:
    """The values of one policy that is optimal at gamma, and the effect of small errors in them.

    Attributes:
        mdp, state, gamma: the model, the state examined, the discount factor.
        epsilon: of the epsilon-greedy policy, 0 for the greedy one.
        greedy: the best actions, shape (S, A).
        q: r + gamma P V, shape (S, A); 0 where an action is unavailable.
        v: V = Pi Q, shape (S,).
        error: of every value, in reward units.
        taken: the actions that the policy takes in `state`; None for its best ones.
        rate: what the varied number changes; None if that is gamma.
    """

    mdp: MDP
    state: int
    gamma: float
    epsilon: float
    greedy: NDArray[np.bool_]
    q: Floats
    v: Floats
    error: float
    taken: frozenset[int] | None
    rate: Rate | None = None

    @classmethod
    def of(
        cls,
        problem: Problem,
        state: int,
        gamma: RealLike,
        taken: Collection[int] | None,
        epsilon: RationalLike,
        rate: Rate | None = None,
    ) -> LinearTheory:
        """Solve the model; `taken` are the actions of `state`, None for its best ones."""
        mdp = as_exact_mdp(problem)
        state = mdp.state_index(state)
        discount = real(gamma, "gamma", "[0, 1)")
        share: Fraction = exact(epsilon, "epsilon", "[0, 1)")
        aim = epsilon_soft(mdp, share) if share else mdp
        solved = optimal_values(aim, discount, tol=None)
        ahead = np.asarray(_discounted(mdp, discount) @ solved.v).reshape(mdp.r.shape)
        q = np.nan_to_num(mdp.r) + ahead
        side = None if taken is None else frozenset(taken)
        greedy = solved.greedy & mdp.available
        return cls(
            mdp, state, discount, float(share), greedy, q, solved.v, solved.error, side, rate
        )

    @cached_property
    def ahead(self) -> sparse.csr_matrix:
        """gamma P, shape (S * A, S)."""
        return _discounted(self.mdp, self.gamma)

    @property
    def available(self) -> NDArray[np.bool_]:
        """Whether the action can be chosen, shape (S, A)."""
        return self.mdp.available

    @cached_property
    def policy(self) -> sparse.csr_matrix:
        """Pi, shape (S, S * A)."""
        greedy = self.greedy & (self.greedy.cumsum(axis=1) == 1)  # the first of equals
        greedy[self.state] = self.greedy[self.state]
        if self.taken is not None:
            greedy[self.state] = False
            greedy[self.state, sorted(self.taken)] = True
        chances = (1 - self.epsilon) * _shares(greedy) + self.epsilon * _shares(self.available)
        states, actions = chances.nonzero()
        places = (states, states * self.mdp.n_actions + actions)
        shape = (self.mdp.n_states, self.mdp.n_states * self.mdp.n_actions)
        return sparse.csr_matrix((chances[states, actions], places), shape=shape)

    @cached_property
    def solver(self) -> SuperLU:
        """LU of I - gamma Pi P, shape (S, S)."""
        system = sparse.identity(self.mdp.n_states) - self.policy @ self.ahead
        return splu(system.tocsc())

    @cached_property
    def v_slope(self) -> Floats:
        """dV of this policy, per unit of the varied number, shape (S,)."""
        slope: Floats = self.solver.solve(np.asarray(self.policy @ self.directly))
        return slope

    @cached_property
    def directly(self) -> Floats:
        """The derivative of r + gamma P V by the varied number, with V held fixed, shape (S *
        A,)."""
        if self.rate is not None:
            return np.asarray(self.rate.reward + self.rate.ahead @ self.v)
        return np.asarray(_discounted(self.mdp, self.gamma, slope=True) @ self.v)

    @cached_property
    def steeper(self) -> Floats:
        """dQ of this policy, per unit of the varied number, shape (S, A)."""
        ahead = self.directly + self.ahead @ self.v_slope
        return np.asarray(ahead).reshape(self.q.shape)

    @property
    def slope_error(self) -> float:
        """The error of a slope by rounding."""
        size, error = float(np.abs(self.v).max()) / (1 - self.gamma), self.error
        if self.rate is not None:
            size = float(np.abs(self.rate.reward).max(initial=0.0)) + self.rate.largest * size
            error *= self.rate.largest
        return (error + 64 * _EPS * size) / (1 - self.gamma)

    def slopes(self, left: Collection[int], right: Collection[int]) -> tuple[float, float]:
        """dD, per unit of the varied number, just left and just right of where these sets are
        best."""
        sides = sorted(left), sorted(right)
        leaving, entering = (
            sorted(a.difference(b)) for a, b in ((set(left), right), (set(right), left))
        )
        unit = np.zeros(self.mdp.n_states)
        unit[self.state] = 1
        back = (self.ahead @ self.solver.solve(unit)).reshape(self.q.shape)[self.state]
        before = self.steeper[self.state]
        greedy = 1 - self.epsilon
        lead, again = (
            greedy * (of[sides[1]].mean() - of[sides[0]].mean()) for of in (before, back)
        )
        after = before + back * lead / (1 - again)
        return (
            float(before[entering].min() - before[leaving].min()),
            float(after[entering].max() - after[leaving].max()),
        )

    def best(self, actions: Collection[int]) -> list[int]:
        """The best of these actions of the state, within rounding."""
        most = max((self.q[self.state, a] for a in actions), default=0.0)
        return [a for a in actions if self.q[self.state, a] >= most - 4 * self.error]

    def check_breakpoint(self, actions: Collection[int]) -> None:
        """Raise ValueError unless these actions of the state are equally good."""
        values = self.q[self.state, sorted(actions)]
        if np.ptp(values) > 1e-6 * np.abs(self.q).max() + 4 * self.error:
            raise ValueError(
                f"gamma = {self.gamma} is no breakpoint of state {self.state}: its actions "
                f"{sorted(actions)} differ by {np.ptp(values):.3g}"
            )

    def used(self, actions: Collection[int]) -> NDArray[np.bool_]:
        """The pairs whose targets may affect the value of these actions, whatever is done next."""
        n = self.mdp.n_actions
        own = np.zeros(self.available.size, dtype=np.bool_)
        own[[self.state * n + a for a in actions]] = True
        follow = moves(self.mdp)
        reached = np.zeros(self.mdp.n_states, dtype=np.bool_)
        for first in np.unique(self.mdp.p[own].indices).tolist():
            if not reached[first]:
                reached[breadth_first_order(follow, first, return_predecessors=False)] = True
        return own | (np.repeat(reached, n) & self.available.ravel())

    def varies(self, actions: Collection[int], variance: Floats) -> bool:
        """Whether a target that affects these actions' value varies, here or close by.

        Outcomes that are worth the same only at the breakpoint itself vary beside it, which shows
        in the slopes. Along a line every pair with several outcomes counts as varying.
        """
        if self.rate is not None:
            pair = self.mdp.state * self.mdp.n_actions + self.mdp.action
            several = np.bincount(pair, minlength=self.available.size) > 1
            return bool((several | (variance > 0))[self.used(actions)].any())
        held, slope = (_discounts(self.mdp, self.gamma, slope=part) for part in (False, True))
        t = self.mdp.next_state
        outcomes = slope * self.v[t] + held * self.v_slope[t]
        beside = self._row_variance(outcomes, self.steeper, 2 * self.slope_error)
        return bool((variance + beside)[self.used(actions)].any())

    def variance(self, sampled: bool, reward_noise: Floats) -> Floats:
        """The variance of each pair's target, shape (S * A,); exactly 0 within rounding."""
        mdp = self.mdp
        held = _discounts(mdp, self.gamma)
        target = mdp.reward + held * self.v[mdp.next_state]
        rounding = 2 * self.error + 4 * _EPS * float(np.abs(target).max(initial=0.0))
        found = self._row_variance(target, self.q, rounding)
        if sampled:
            drawn = self.policy @ _squares(self.q - self.v[:, None], rounding).ravel()
            spread = mdp.probability * np.square(held) * np.asarray(drawn)[mdp.next_state]
            pair = mdp.state * mdp.n_actions + mdp.action
            found = found + np.bincount(pair, spread, found.size)
        noise = np.repeat(np.ones(mdp.n_states) * reward_noise, mdp.n_actions)
        return np.where(self.available.ravel(), found + np.square(noise), 0.0)

    def _row_variance(self, outcomes: Floats, means: Floats, rounding: float) -> Floats:
        """The variance of each pair's outcomes, shape (S * A,)."""
        pair = self.mdp.state * self.mdp.n_actions + self.mdp.action
        weights = self.mdp.probability * _squares(outcomes - means.ravel()[pair], rounding)
        return np.bincount(pair, weights, self.available.size).astype(np.float64)

    def noise(
        self, leaving: list[int], entering: list[int], variance: Floats, behaviour: Floats
    ) -> float:
        """sd(D) sqrt(steps), its variance averaged over the pairs of actions."""
        reach = {a: self._reach(a) for a in (*leaving, *entering)}
        rounding = 64 * _EPS / (1 - self.gamma)
        noise = 0.0
        for r in entering:
            for x, y in ((reach[r], reach[lost]) for lost in leaving):
                weight = _squares(x - y, rounding * max(x.max(), y.max())) * variance
                if (weight[behaviour == 0] > 0).any():
                    raise ValueError("starts never leads to a pair whose noise counts")
                noise += float(np.sum(weight[weight > 0] / behaviour[weight > 0]))
        return math.sqrt(noise / (len(leaving) * len(entering)))

    def _reach(self, action: int) -> Floats:
        """How much the noise of each pair counts in the action's value, shape (S * A,)."""
        return self._reaches(np.array([self.state * self.mdp.n_actions + action]))[:, 0]

    def _reaches(self, pairs: NDArray[np.int64]) -> Floats:
        """How much the noise of each pair counts in the values of some, shape (S * A, n)."""
        ahead = self.ahead[pairs].toarray().T
        reach = np.asarray(self.policy.T @ self.solver.solve(ahead, trans="T"))
        reach[pairs, np.arange(len(pairs))] += 1
        return reach

    def doubts(
        self, leaving: list[int], entering: list[int], variance: Floats, behaviour: Floats
    ) -> Doubts:
        """Where noise may hide which action is best, and what that does to D.

        Only the states that matter most are taken: too few understate the effect.
        """
        n = self.mdp.n_actions
        x = self._reach(entering[0]) - self._reach(leaving[0])
        counts = np.abs(np.asarray(self.ahead.T @ x))
        counts[self.state] = 0.0  # the choice in this state is the question itself
        others = np.where(self.available & ~self.greedy, self.q, -np.inf)
        able = np.isfinite(others).any(axis=1) & (counts > 0)
        states = np.flatnonzero(able)
        states = states[np.argsort(-counts[states], kind="stable")][:_MOST]
        first = np.where(self.greedy, self.q, -np.inf)[states].argmax(axis=1)
        second = others[states].argmax(axis=1)
        apart = self._reaches(states * n + first) - self._reaches(states * n + second)
        visited = behaviour > 0
        noise = (variance[visited] / behaviour[visited]) @ np.square(apart[visited])
        gaps = self.q[states, first] - self.q[states, second]
        return Doubts(counts[states], gaps, np.sqrt(noise))


def _discounts(mdp: MDP, gamma: float, *, slope: bool = False) -> Floats:
    """gamma^d of each transition, or its derivative by gamma; 0 where it terminates, shape (K,)."""
    d = mdp.duration
    factors = d * gamma ** (d - 1.0) if slope else gamma**d
    return np.where(mdp.terminated, 0.0, factors)


def _discounted(mdp: MDP, gamma: float, *, slope: bool = False) -> sparse.csr_matrix:
    """The sum of p gamma^d, or its derivative by gamma, shape (S * A, S)."""
    on = ~mdp.terminated
    weights = (mdp.probability * _discounts(mdp, gamma, slope=slope))[on]
    places = (mdp.state[on] * mdp.n_actions + mdp.action[on], mdp.next_state[on])
    return sparse.csr_matrix((weights, places), shape=mdp.p.shape)


def _shares(flags: NDArray[np.bool_]) -> Floats:
    """Each row's uniform distribution over its true entries, shape (S, A)."""
    return np.asarray(flags / np.maximum(flags.sum(axis=1, keepdims=True), 1))


def _squares(numbers: Floats, rounding: float) -> Floats:
    """The squares; 0 for numbers within rounding."""
    return np.where(np.abs(numbers) <= rounding, 0.0, np.square(numbers))
