"""The position along a model line as the axis of a walk, at one gamma; every sign is exact.

At gamma = 1 the optimal gain must be 0 in every state for 0 < x < 1. A policy is then better than
another by its bias, and by its third term where biases tie; an action is optimal if a policy that
attains all totals takes it, which follows from the orders of the advantages (see `sets_at_one`).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq, fmpz_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.axis import AxisWindow, Beginning, Mask, NoBound, Pairs, TrivialWindow
from qdecay.exact.solver.discounted import discounted
from qdecay.exact.solver.expansion import LineFloats
from qdecay.exact.solver.growth import line_growth
from qdecay.exact.solver.laurent import TERMS, Laurent
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.point import (
    NEAR_ONE,
    policy_iteration,
    proposed_policy,
    sign_right_of,
)
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.reward_series import RewardSeries
from qdecay.exact.solver.sets_at_one import optimal_at_one
from qdecay.exact.solver.straight import Straight
from qdecay.exact.solver.window import Window

Series = LineSeries | RewardSeries
_ZERO = AlgebraicNumber.of(0)
_NEAR_LOW = 1000  # policies are first proposed at 1 / 1000 of the way
_NARROW = 2**12  # what is left over half the width of the narrowest window
_NARROW_AT_ONE = 64  # likewise at gamma = 1, where values may be singular at an end
_LAST_WINDOW = Fraction(1, 2**20)  # closer to the high end than this, floats are not used
_FEW_PAIRS = 40  # exact polynomials of this few pairs take less time than a window


class EndlessGain(ValueError):
    """At gamma = 1 something can be gained, or must be lost, for ever."""


class LineAxis:
    """A model line at one gamma in [0, 1]; see `Axis`."""

    def __init__(
        self, line: RationalLine, gamma: Fraction, *, use_floats: bool | None = None
    ) -> None:
        self.line, self.model, self.gamma = line, line.skeleton, gamma
        self.low = Fraction(0)
        self.mirrored = gamma < 1
        use_floats = self.model.n_pairs > _FEW_PAIRS if use_floats is None else use_floats
        self._floats = LineFloats(line, gamma) if use_floats and gamma else None
        self._only_rewards = RewardSeries.serves(line, gamma)
        # The last ones are needed again where a walk begins.
        self._newest: Series | None = None
        self._window: Window | None = None

    def begin(self, deadline: Deadline) -> Beginning:
        """Return what is optimal just right of the low end."""
        policy = proposed_policy(self.line.at(1, _NEAR_LOW), min(float(self.gamma), NEAR_ONE))
        everything = np.ones(self.model.n_pairs, dtype=np.bool_)
        policy, zero = policy_iteration(
            lambda chosen: self._series(chosen, deadline),
            policy,
            everything,
            lambda series, pair: _sign_at_first(series.numerator(pair)),
            self._not_negative_at_first,
        )
        return Beginning(policy, zero)

    def advantages(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> Series:
        """Return the advantages under a policy.

        Raises:
            EndlessGain: at gamma = 1, the policy's gain is not 0 in every state.
        """
        found = self._series(policy, deadline, previous)
        if isinstance(found, LineSeries) and found.has_gain():
            raise EndlessGain
        return found

    def window(self, graph: PolicyGraph, lower: Fraction) -> AxisWindow:
        """Return a window from `lower` on; it proves nothing where values are singular or huge."""
        floats, rest = self._floats, 1 - lower
        if floats is None or rest < _LAST_WINDOW:
            return TrivialWindow(self.model, lower, Fraction(1))
        try:
            known = self._window
            if known and known.lower == lower and np.array_equal(known.policy, graph.policy):
                return known
            least = rest / (_NARROW if self.gamma < 1 else _NARROW_AT_ONE)
            half = _half_width(line_growth(graph, floats, float(lower)), rest, least)
            self._window = Window(self.model, graph, lower + half, half, line=floats)
            return self._window
        except NoBound:
            return TrivialWindow(self.model, lower, lower + rest / 4)

    def not_positive_at_one(self, graph: PolicyGraph, pairs: Pairs, deadline: Deadline) -> Mask:
        """Return which pairs have an advantage <= 0 at the high end; False if gamma is 1."""
        if self.gamma == 1:
            return np.zeros(len(pairs), dtype=np.bool_)
        newest = self._newest
        if isinstance(newest, RewardSeries) and newest.graph is graph:
            if not newest.short:
                return np.zeros(len(pairs), dtype=np.bool_)
            return np.array([newest.sign_at(pair, 1) <= 0 for pair in pairs.tolist()], dtype=bool)
        model, live = self.line.at(1, 1), np.flatnonzero(graph.live)
        value = discounted(model, graph.policy, self.gamma, deadline, live)
        return np.array([value.term(pair) <= 0 for pair in pairs.tolist()], dtype=np.bool_)

    def optimal_at_end(self, advantages: Series, zero: Mask, end: int) -> Mask | None:
        """Return which pairs are optimal at the low end, 0, or at the high one, 1.

        None if only the model there can decide: moves that are possible on the line may be
        impossible there.

        Args:
            advantages: under the policy that is optimal beside it.
            zero: (N,) the pairs whose advantage vanishes identically.
        """
        if not isinstance(advantages, RewardSeries):
            return None
        at, pairs = zero.copy(), np.flatnonzero(~zero)
        window = self.window(advantages.graph, _ZERO.lower)
        if window.upper == 1:
            pairs = pairs[window.suspects_on(pairs, Fraction(end), Fraction(end))]
        at[pairs] = [advantages.sign_at(pair, end) == 0 for pair in pairs.tolist()]
        return at

    def optimal(self, advantages: Series, zero: Mask, deadline: Deadline) -> Mask:
        """Return which pairs are optimal in a region, under a policy that is."""
        if self.gamma < 1 or not isinstance(advantages, LineSeries):
            return zero.copy()
        order = np.full(len(zero), TERMS)
        for pair in np.flatnonzero(~zero).tolist():
            order[pair] = advantages.order(pair)
        return self._optimal_at_one(advantages.policy, order, deadline)

    def optimal_at(
        self, x: AlgebraicNumber, advantages: Series, zero: Mask, deadline: Deadline
    ) -> Mask:
        """Return which pairs are optimal at x, under a policy that is optimal beside it."""
        if self.gamma < 1 or not isinstance(advantages, LineSeries):
            return zero
        best, order = self.best_at(x, advantages, deadline)
        return self._optimal_at_one(best.policy, order, deadline)

    def best_at(
        self, x: AlgebraicNumber, advantages: LineSeries, deadline: Deadline
    ) -> tuple[LineSeries, Pairs]:
        """Return the advantages under a policy with optimal gain and bias at x, and their orders.

        At gamma = 1; policy iteration begins with the policy of `advantages`.
        """

        def order_of(series: LineSeries, pair: int) -> tuple[int, int]:
            """Return the first term that is not 0 at x, and its sign."""
            for k in range(series.order(pair), TERMS):
                if sign := x.sign_of(series.term(pair, k)):
                    return k, sign
            return TERMS, 0

        tried = [advantages]

        def advantages_of(policy: Pairs) -> LineSeries:
            if policy is not tried[-1].policy:
                tried.append(LineSeries(self.line, policy, self.gamma, deadline))
            return tried[-1]

        everything = np.ones(self.model.n_pairs, dtype=np.bool_)
        _, zero = policy_iteration(
            advantages_of,
            advantages.policy,
            everything,
            lambda series, pair: order_of(series, pair)[1],
        )
        order = np.full(len(zero), TERMS)
        for pair in np.flatnonzero(~zero).tolist():
            order[pair] = order_of(tried[-1], pair)[0]
        return tried[-1], order

    def _not_negative_at_first(self, series: Series, pairs: Pairs) -> Pairs:
        """Return the pairs that floats cannot prove negative right of the low end."""
        window = self.window(series.graph, _ZERO.lower)
        return pairs[window.suspects_on(pairs, _ZERO.lower, window.edges[1])]

    def _series(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> Series:
        known = self._newest
        if previous is None and known is not None and np.array_equal(known.policy, policy):
            return known
        kind = RewardSeries if self._only_rewards else LineSeries
        self._newest = kind(self.line, policy, self.gamma, deadline, previous)
        return self._newest

    def _optimal_at_one(self, policy: Pairs, order: Pairs, deadline: Deadline) -> Mask:
        nothing = [fmpq(0)] * self.model.n
        best = Laurent(self.model, policy, nothing, nothing)
        return optimal_at_one(best, order, deadline)


def _sign_at_first(c: fmpz_poly | Straight) -> int:
    """Return the sign just right of the low end."""
    if isinstance(c, Straight):
        return c.at_zero or c.slope
    return sign_right_of(c, _ZERO)


def _half_width(growth: float, rest: Fraction, least: Fraction) -> Fraction:
    """Return a short dyadic h of about 1 / (3 growth) with lower + 2 h <= 1.

    Raises:
        NoBound: it would be less than `least`.
    """
    if 3 * growth <= 2 / rest:
        return rest / 2
    fit = Fraction(1 / (3 * growth))
    if fit < least:
        raise NoBound
    grain = 2 ** (int(1 / fit).bit_length() + 4)
    return Fraction(int(fit * grain), grain)
