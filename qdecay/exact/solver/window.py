"""Floats with proven radii: on a window of the axis, which advantages are certainly negative.

Around a centre, with tau from -1 to 1 across the window, a policy's value solves V = r + B V with
r = r_0 + tau r_1 and B = B_0 + tau B_1 (see `expansion`; where nothing ends, what takes the place
of V near gamma = 1 is in `deflation`, and solves the same with more powers of tau in r). Terms

    (I - B_0) T_0 = r_0,    (I - B_0) T_k = B_1 T_{k-1} + r_k,    k <= K,    and T_{K+1} = 0,

found in floats, leave over D = V - sum tau^k T_k, which solves

    (I - B) D = sum_{k <= K+1} tau^k R_k,    R_k = r_k + B_0 T_k + B_1 T_{k-1} - T_k.

B_0 + |B_1| >= |B| in every entry, so that (I - B_0 - |B_1|) y >= b > 0 for some y >= 0 proves that
this is an M-matrix, whose inverse is non-negative and at least |(I - B)^-1|, hence that any D with
|(I - B) D| <= b has |D| <= y. Two such inequalities, each checked in floats including its rounding:

    (I - B_0 - |B_1|) y >= sum |R_k|:                  |D| <= y
    (I - B_0 - |B_1|) z >= |B_1| y + sum k |R_k|:      |D'| <= z, the slope in tau

(the second because (I - B) D' = B_1 D + sum k tau^(k-1) R_k). All is linear in R: the part that is
due to R_{K+1}, and would be there without rounding, has a y and a z of its own, and is below
|tau|^(K+1) y and |tau|^K z. What rounding adds is bounded for all tau at once, by the sum over k of
the sizes of all numbers that were added up (for slopes, k times these). From gamma = 0 on all is
told apart by powers: see `first_window`.

The bounds are by entry: a value of 1e-30 far from the goal keeps its relative accuracy. Each
advantage r(s, a) + gamma p V - V(s) becomes a polynomial in tau with a radius; Bernstein
coefficients on sub-intervals (boxes) prove it negative there. Nothing else is ever concluded.

Rounding. Matrix entries, rewards and results of operations are off by a relative u = 2^-53 and,
where that is below the normal range, by an absolute omega = 2^-1022 (also where subnormal numbers
are flushed to 0). The relative part is what the factors below allow for; they are a few times
larger than needed. For the absolute part all vectors must stay below LARGEST = 2^60, or nothing is
concluded; rows have fewer than 2^31 entries, coefficients in tau are then below 2^67, binomials
below 2^54. A product with P is therefore off by less than 2^31 (LARGEST + 2) omega < 2^-929, a
polynomial of at most 58 terms, moved or turned into another basis, by less than
2^(12 + 54 + 67) omega < 2^-880, both absolute. Against that TINY = 2^-800 is added to

    each |R_k|:     y and z of live states are at least TINY. So is each right side that is
                    compared, up to differences with 0.1 % to spare: an absolute 2^-900 is a
                    relative 2^-100 of it.
    each radius and each tail of an advantage:  the polynomial's constant term is too large by
                    TINY at least. That pays for the absolute errors of all that is done with it.

What is not far above TINY, where the largest reward is 1, is never proven negative.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import Mask, NoBound
from qdecay.exact.solver.deflation import Bounded, Deflation
from qdecay.exact.solver.expansion import (
    DENSE,
    LARGEST,
    TINY,
    AlongGamma,
    Array,
    Expansion,
    Inner,
    LineFloats,
    Matrix,
    Rows,
    sums,
)
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.linear import Factorised, Inverse, Solver, is_factorised, solver_of
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel

_U = 2.0**-53
ORDER = 14  # with h times the norm of (I - c P)^-1 P below 1/6, the tail is below 6^-15
_BOXES, _PARTS = 16, 4
_BEYOND = 1 + 1e-10  # of a matrix: room for rounding where a right side is 0
_SPARE = 1.1  # of bounds, so that they still hold, or nearly so, under the next policy
_SWEEPS = 12  # to make bounds of the last policy hold
_MOST_SWITCHED = 24  # states whose choice differs from that of the policy that was factorised
_ACCURACY = 1e-8  # of values, relative to the largest
_GROWTH = 1e5  # of any value across such a window: rounding stays below 1e-10 of it
_GRID, _HALVINGS = 256, 45  # steps of the search for a root in floats
_ROWS_AT_ONCE = 1024  # of coefficients turned into Bernstein form, for the memory
_ABOUT = 1e-6  # accuracy of numbers that windows are chosen by
_DEPTH = 12  # bisections of one interval before it is left to exact arithmetic


class Bound(NamedTuple):
    """What numbers of some pairs are at most up to the window's end, in powers of two.

    At gamma they are at most 2^level (gamma / end)^power; a level of -inf is 0.
    """

    level: Array
    power: NDArray[np.int64]


class _Base(NamedTuple):
    """A policy whose equations are factorised."""

    policy: NDArray[np.int64]
    factors: Factorised


class Window:
    """Advantages of all pairs under one policy on [centre - h, centre + h].

    Attributes:
        lower, upper: the window's ends.
        suspect: (N, boxes) False where the advantage is proven negative on that closed box.
        passed: the number of boxes, from the left, of which nothing more is asked.
        policy: the policy.
        strain: how much of the accuracy required was used up at first, from 0 to 1.
        first: whether it is [0, h] instead (see `first_window`).
    """

    policy: NDArray[np.int64]
    first = False

    def __init__(
        self,
        model: RationalModel,
        graph: PolicyGraph,
        centre: Fraction | float,
        half_width: Fraction | float,
        line: LineFloats | None = None,
        terms: int = ORDER,
        homes: Homes | None = None,
        accuracy: float | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """The window lies in [0, 1]: of gamma, or of a model line if there is one.

        Args:
            terms: the number K of powers of tau that are kept.
            homes: the policy's, for a centre in [1/2, 1]: values then lack the pole that they may
                have at gamma = 1.
            accuracy: of the value in each state, without rounding, relative to what rewards of one
                sign would give; relative to the largest of these it is 1e-8 or better.
            deadline: of the window and its updates; each solve looks at it.

        Raises:
            NoBound: as `update`; or the centre or half the width is not a double; or the window is
                too wide for the accuracy.
            BudgetExceeded: the time is up.
        """
        self._deadline = Deadline() if deadline is None else deadline
        self.model, self.centre, self.half_width = model, float(centre), float(half_width)
        if self.centre != centre or self.half_width != half_width:
            raise NoBound
        self._expanded: Expansion
        if line is None:
            self._expanded = AlongGamma(model, self.centre, self.half_width, terms)
        else:
            self._expanded = line.around(self.centre, self.half_width, terms)
        self.terms = self._expanded.terms
        self._gamma = (model.max_row + 20) * _U * 1.01
        self._deflation = None if homes is None else Deflation(homes, self.terms, self._gamma)
        middle, half = Fraction(centre), Fraction(half_width)
        self.lower, self.upper = middle - (0 if self.first else half), middle + half
        box = (self.upper - self.lower) / _BOXES
        self.edges, self.passed = [self.lower + k * box for k in range(_BOXES + 1)], 0
        self._coefficients = np.zeros((model.n_pairs, self.terms + 2))
        self._room = Bound(np.full(model.n_pairs, -np.inf), np.zeros(model.n_pairs, np.int64))
        self.suspect = np.ones((model.n_pairs, _BOXES), dtype=np.bool_)
        self._accuracy, self.strain = accuracy, 0.0
        self._allocate()
        everything = (np.ones(size, dtype=np.bool_) for size in (model.n, model.n_pairs))
        self._recompute(graph, *everything)

    def _allocate(self) -> None:
        m = self.terms + 2
        # T beside the sums of |T_k| and of k |T_k|, then y and z: each with a column for all tau, a
        # factor of |tau|^(K + 1) or |tau|^K, and one for the time until the home if it is needed.
        kinds = 2 if self._deflation is None else 3
        self._all = np.zeros((self.model.n, m + 2 + 2 * kinds))
        self._t, self._size = self._all[:, :m], self._all[:, m : m + 2]
        self._y, self._z = self._all[:, m + 2 : -kinds], self._all[:, -kinds:]
        self._time = np.zeros((self.model.n, 0 if self._deflation is None else m - 1))
        self._scale, self._solved = 0.0, np.zeros(self.model.n, dtype=np.bool_)
        self._base: _Base | None = None
        self._near, self._far = Inverse(), Inverse()  # of few states
        self._rest_powers, self._slope_powers = np.array([0, m - 1]), np.array([0, m - 2])

    def update(self, graph: PolicyGraph, affected: Mask, touched: Mask) -> bool:
        """Take over a new policy; see `AxisWindow`."""
        self._accuracy = None
        self._recompute(graph, affected, touched)
        # If the omitted terms are not small beside the values, narrower windows are better.
        return float(self._y[:, :2].max()) <= 1e-6 * float(np.abs(self._t[:, 0]).max())

    def _recompute(self, graph: PolicyGraph, states: Mask, touched: Mask) -> None:
        """Recompute what a new policy changes: the values of states, and the advantages of pairs.

        Raises:
            NoBound: one of the inequalities could not be shown.
        """
        self.policy = graph.policy[:0]  # none, unless all is well
        with np.errstate(all="ignore"):
            self._renew(graph, states)
        own = graph.policy[states]
        self._coefficients[own], self.suspect[own] = 0, True
        others = touched.copy()
        others[graph.policy] = False
        self._advantages(np.flatnonzero(others))
        self.policy = graph.policy

    def _renew(self, graph: PolicyGraph, states: Mask) -> None:
        """Find the values of states anew, from those of the last policy if as many are sought."""
        solved, stay = graph.live, True
        if self._deflation is not None:
            stay = self._deflation.take_over(graph, states)
            self._expanded = AlongGamma(
                self.model, self.centre, self.half_width, self.terms, self._deflation.without()
            )
        if not stay or (solved != self._solved)[states].any():
            self._all[states] = self._time[states] = 0
            self._base = None
        self._solved = solved
        live = np.flatnonzero(solved & states)
        if len(live):
            self._solve(graph.policy, live)

    def _solve(self, policy: NDArray[np.int64], live: NDArray[np.int64]) -> None:
        """Add to T what its equations leave over, and bound what they leave over then."""
        pairs = policy[live]
        rows = self._expanded.rows(pairs)
        inner = rows.inner(live)
        whole, place = self._whole(policy, live, inner)
        if isinstance(whole.near, np.ndarray):
            solve = self._near.solver(whole.near, place)
        else:
            solve = self._looking(self._sparse_solver(policy, live, inner.near))
        if self._deflation is not None:
            self._deflation.spread(self._deflation.rho, live)
            self._deflation.divide(live)
        given, magnitude = self._differences(rows, live, pairs)
        self._scale = max(self._scale, float(np.abs(given).max()))
        several = self._deflation is not None and self._deflation.homes.several.any()
        for more in range(3 if several else 2):
            within = _U * self._scale
            if self._deflation is not None and not more:
                self._improve(self._deflation, solve, rows, inner.slope, given, within, live)
            else:
                self._t[live, :-1] += _recursion(solve, inner.slope, given[:, :-1], within)
            self._size[live] = sums(self._t[live, :-1])
            given, magnitude = self._differences(rows, live, pairs)
            left = float(sums(given[:, :-1])[:, 0].max())
            if self._deflation is None or left <= self._gamma * float(magnitude[:, 0].max()):
                break
        left, slope = self._residual(given, magnitude)
        far = self._bound_rest(rows, live, left, slope, lambda: self._far_solver(whole.far, place))
        if not np.all(self._all[live] <= LARGEST):  # false for NaN too; |T| is among them
            raise NoBound
        if self._deflation is not None:
            self._deflation.trust(live, self._size, self._y, self._z)
        if self._accuracy is not None:
            self._require_accuracy(self._accuracy, solve, far, pairs, live)

    def _looking(self, solve: Solver) -> Solver:
        """Return a solver that looks at the time limit first."""

        def looks(right: Array, within: float) -> Array:
            self._deadline.check()
            return solve(right, within)

        return looks

    def _whole(
        self, policy: NDArray[np.int64], live: NDArray[np.int64], inner: Inner
    ) -> tuple[Inner, NDArray[np.int64] | None]:
        """Return the equations of all states that are solved, if they are few, and where those of
        some states are; else those that are given.

        No other state leads to one that leads to a change: the inverse of all has that of these.
        """
        states = np.flatnonzero(self._solved)
        if len(live) == len(states) or len(states) > DENSE:
            return inner, None
        whole = self._expanded.rows(policy[states]).inner(states)
        return whole, np.searchsorted(states, live)

    def _sparse_solver(
        self, policy: NDArray[np.int64], live: NDArray[np.int64], near: Matrix
    ) -> Solver:
        """Return the solver for some states: by a factorisation that is at hand, if many states are
        sought and few differ from it."""
        states = np.flatnonzero(self._solved)
        if not is_factorised(near, self.model) or 2 * len(live) < len(states):
            return solver_of(near, self.model)
        base = self._base
        rows = [] if base is None else np.flatnonzero((base.policy != policy)[states]).tolist()
        if base is None or len(rows) > _MOST_SWITCHED:
            near = self._expanded.rows(policy[states]).inner(states).near
            base, rows = _Base(policy, Factorised(near)), []
            self._base = base
        old, new = (
            self._expanded.rows(choices[states[rows]]).inner(states).near
            for choices in (base.policy, policy)
        )
        solve, place = base.factors.solver(rows, old - new), np.searchsorted(states, live)
        if len(live) == len(states):
            return solve

        def inside(right: Array, within: float) -> Array:
            """Solve for some states, on which no other one depends."""
            padded = np.zeros((len(states), *right.shape[1:]))
            padded[place] = right
            return solve(padded, within)[place]

        return inside

    def _require_accuracy(
        self,
        accuracy: float,
        near: Solver,
        far: Callable[[], Solver],
        pairs: NDArray[np.int64],
        live: NDArray[np.int64],
    ) -> None:
        """Check the accuracy, and that no value grows much across the window, as rounding would."""
        later, earned = self._y[live, 1], np.array(self._expanded.rewards.size[pairs, 0])
        if self._deflation is not None:
            later = later + self._deflation.beyond(self._y[:, 2:], self._z[:, 2:])[0][live, 1]
            earned += np.abs(self._deflation.rho[live, 0])
        scale, grown = near(earned, _ABOUT), far()(earned, _ABOUT)
        most = float(np.max(later) / np.max(scale))
        self.strain = max(most / _ACCURACY, float(np.max(later / scale)) / accuracy)
        if not (self.strain <= 1 and np.all(grown <= _GROWTH * scale)):
            raise NoBound

    def _improve(
        self,
        deflation: Deflation,
        solve: Solver,
        rows: Rows,
        slope: Matrix | None,
        given: Array,
        within: float,
        live: NDArray[np.int64],
    ) -> None:
        """Add to T, and to what is earned per step in classes whose values are sought."""
        references = deflation.references(live)
        time = rows.flow(self._time, self._size)[0] - self._time[live]
        time[:, 0] += 1
        both = np.stack((given[:, :-1], time), axis=2)
        if not len(references):
            both = both[:, :, :1]
        found = _recursion(solve, slope, both, within)
        self._t[live, :-1] += found[:, :, 0]
        if len(references):
            self._time[live] += found[:, :, 1]
            more = np.zeros_like(self._time)
            for s in references.tolist():
                more[s] = deflation.proposed(self._t[s, :-1], self._time[s])
            deflation.spread(more, live)
            deflation.rho[live, :-1] += more[live]
            deflation.divide(live)
            for k in range(more.shape[1]):
                self._t[live, k:-1] -= more[live, k, None] * self._time[live, : more.shape[1] - k]

    def _residual(self, computed: Array, magnitude: Array) -> Array:
        """Return bounds of the sums over k of |R_k| and of k |R_k|, (2, states, 2).

        The last column has R_{K+1} without rounding, the first one all other parts.
        """
        bound = np.empty((2, len(computed), 2))
        bound[:, :, 0] = (sums(computed[:, :-1]) + self._gamma * magnitude).T
        bound[:, :, 1] = np.outer([1, self.terms + 1], np.abs(computed[:, -1]))
        return bound * 1.001 + TINY

    def _differences(
        self, rows: Rows, states: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> tuple[Array, Array]:
        """Return r + B T - T by powers of tau; and of the sizes of what it is a sum of, the sums
        over all powers, and over k times those of the power k, (rows, 2)."""
        flow, size = rows.flow(self._t, self._size)
        found, magnitude = flow - self._t[states], size + self._size[states]
        found[:, :2] += self._expanded.rewards.series[pairs]
        magnitude += self._expanded.rewards.size[pairs]
        if self._deflation is not None:
            rho = self._deflation.rho[states]
            found -= rho
            magnitude += sums(rho)
        return found, magnitude

    def _bound_rest(
        self,
        rows: Rows,
        live: NDArray[np.int64],
        left: Array,
        slope: Array,
        solver: Callable[[], Solver],
    ) -> Callable[[], Solver]:
        """Find y and z from what the equations of the terms leave over, and its slope.

        Those of the last policy mostly serve, or do so once they are raised a little.
        """
        if self._deflation is not None:
            left = np.column_stack((left, np.ones(len(live))))
            slope = np.column_stack((slope, np.full(len(live), TINY)))
        far = cache(solver)
        for total, own in ((self._y, left), (self._z, slope)):
            need = 1.001 * (own + (rows.spread(self._y) if total is self._z else 0.0))
            if len(live) <= DENSE or not self._raised(total, need, rows, live):
                total[live] = 0
                right = _SPARE * need + _BEYOND * rows.far(total)
                total[live] = np.abs(far()(right, 0.004 * right.min()))
                self._require(total[live], need + rows.far(total))
        return far

    def _far_solver(self, far: Matrix, place: NDArray[np.int64] | None) -> Solver:
        if isinstance(far, np.ndarray):
            return self._far.solver(far * _BEYOND, place)
        return self._looking(solver_of(far * _BEYOND, self.model))

    def _raised(self, total: Array, need: Array, rows: Rows, live: NDArray[np.int64]) -> bool:
        """Whether a few sweeps, or none, make a bound hold for what is needed now."""
        for _ in range(_SWEEPS):
            ahead = rows.far(total)
            if self._at_least(total[live], need + ahead):
                return True
            total[live] = _SPARE * need + _BEYOND * ahead
        return False

    def _require(self, left: Array, right: Array) -> None:
        if not self._at_least(left, right):
            raise NoBound

    def _at_least(self, left: Array, right: Array) -> bool:
        """Check left >= right, including the rounding of `right`."""
        return bool(np.all(left * (1 - 4 * _U) >= right * (1 + 2 * self._gamma)))

    def _advantages(self, touched: NDArray[np.int64]) -> None:
        self._deadline.check()
        bound = self._upper_polynomials(touched)
        self._coefficients[touched] = bound
        self.suspect[touched, : self.passed] = True
        self.suspect[touched, self.passed :] = _suspects(bound, self.first, self.passed)

    def _expansion(self, pairs: NDArray[np.int64]) -> Bounded:
        """Return functions of tau that have the signs of the pairs' advantages.

        They are the advantages, or these times 1 - gamma (see `deflation`), or over a power of
        gamma (see `first_window`).
        """
        rows, s = self._expanded.rows(pairs), self.model.pair_state[pairs]
        a, magnitude = self._differences(rows, s, pairs)
        y, z = self._y[:, :2], self._z[:, :2]
        if self._deflation is not None:
            more = self._deflation.beyond(self._y[:, 2:], self._z[:, 2:])
            y, z = y + more[0], z + more[1]
        rest, slope = y[s] + rows.far(y), z[s] + rows.far(z) + rows.spread(y)
        rest[:, 0] += self._gamma * magnitude[:, 0]
        slope[:, 0] += self._gamma * magnitude[:, 1]
        found = Bounded(a, 1.001 * rest + TINY, 1.001 * slope + TINY)
        if self._deflation is None:
            return found
        return self._deflation.advantages(pairs, found, self.centre, self.half_width, self._gamma)

    def _upper_polynomials(self, pairs: NDArray[np.int64]) -> Array:
        """Return polynomials in tau that are at least as large, with room added."""
        found = self._expansion(pairs)
        bound = found.a
        bound[:, 0] += found.rest[:, 0] + self._room_at(pairs, 1.0)
        # No less than |tau|^(K + 1), with an even power.
        bound[:, self.terms + self.terms % 2] += found.rest[:, 1]
        return bound

    def negative_on(self, pair: int, lower: Fraction, upper: Fraction) -> bool:
        """Return True only if the pair's advantage is negative on all of [lower, upper]."""
        rows, ends = self._stretched(np.array([pair]), lower, upper)
        row, powers = rows[0], np.arange(rows.shape[1])
        if max(float(row @ end**powers) for end in ends) >= 0:
            return False
        slack = (9 * len(row) + 40) * _U * float(np.abs(row).sum())
        return _negative(row, *ends, slack, _DEPTH)

    def _stretched(
        self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction
    ) -> tuple[Array, tuple[float, float]]:
        """Return the upper bounds' coefficients in tau / s, where |tau| <= s on [lower, upper],
        and what that is in it: near 0 of tau, high powers must not count with all their rounding.
        """
        low, high = self._interval(lower, upper)
        s = max(abs(low), abs(high))
        rows = self._coefficients[pairs] * s ** np.arange(self._coefficients.shape[1])
        return rows, (max(low / s, -1.0), min(high / s, 1.0))

    def suspects_on(
        self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction
    ) -> NDArray[np.bool_]:
        """Return False for pairs whose advantage is negative on all of [lower, upper]."""
        rows, (low, high) = self._stretched(pairs, lower, upper)
        slack = (9 * rows.shape[1] + 40) * _U * np.abs(rows).sum(axis=1)
        local = rows @ _taylor_shift(rows.shape[1] - 1, (low + high) / 2).T
        spread = np.abs(local[:, 1:]) @ ((high - low) / 2) ** np.arange(1, rows.shape[1])
        suspect: NDArray[np.bool_] = ~(local[:, 0] + 1.001 * spread + 2 * slack < 0)
        return suspect

    def slopes(
        self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction
    ) -> NDArray[np.int64]:
        """Return -1 or 1 where a derivative has that sign on all of [lower, upper]; 0: unknown.

        The derivative is that of a function with the advantage's signs: see `_expansion`.
        """
        if len(pairs) == 0:
            return np.zeros(0, dtype=np.int64)
        low, high = self._interval(lower, upper)
        powers = np.arange(1, self.terms + 2)
        found = self._expansion(pairs)
        polynomials = powers * found.a[:, 1:]
        local = polynomials @ _taylor_shift(self.terms, (low + high) / 2).T
        spread = np.abs(local[:, 1:]) @ ((high - low) / 2) ** powers[:-1]
        slack = (8 * self.terms + 48) * 2 * _U * np.abs(polynomials).sum(axis=1)
        radius = found.slope @ max(abs(low), abs(high)) ** self._slope_powers
        doubt = spread + 1.001 * radius + slack
        certain = np.abs(local[:, 0]) > 1.001 * doubt
        return np.where(certain, np.sign(local[:, 0]), 0).astype(np.int64)

    def bounds_at(self, pairs: NDArray[np.int64], x: Fraction) -> tuple[Array, Array]:
        """Return lower and upper bounds at x of functions with the signs of the advantages."""
        tau = (x - Fraction(self.centre)) / Fraction(self.half_width)
        near = float(tau)
        size, off = abs(near) * (1 + 2.0**-50), float(abs(tau - Fraction(near))) * 1.001
        powers, sizes = near ** np.arange(self.terms + 2), size ** np.arange(self.terms + 2)
        a, rest, _ = self._expansion(pairs)
        value, magnitude = a @ powers, np.abs(a) * sizes
        slope = np.abs(a[:, 1:]) @ (np.arange(1, self.terms + 2) * sizes[:-1])
        radius = rest @ size**self._rest_powers + off * slope
        # Powers, products and their sum: (terms + 6) u of each.
        radius = 1.001 * radius + (4 * self.terms + 32) * _U * magnitude.sum(axis=1) + TINY
        radius += self._room_at(pairs, near)
        return value - radius, value + radius

    def _room_at(self, pairs: NDArray[np.int64], tau: float) -> Array:
        level = self._room.level[pairs]
        return np.exp2(level) + np.where(np.isfinite(level), TINY, 0.0)

    def widen(self, room: Bound) -> None:
        """Let the upper bound of every pair's advantage be larger by as much, (N,) each."""
        other = room.level != self._room.level
        other |= np.isfinite(room.level) & (room.power != self._room.power)
        self._room = room
        if other.any():
            self._advantages(np.flatnonzero(other))

    def most(self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction) -> Bound:
        """Return an upper bound of each pair's advantage on [lower, upper]; upper < 1."""
        most = np.maximum(self._most(pairs, lower, upper), TINY)
        if self._deflation is not None:
            leaving = ~self._deflation.homes.agree(pairs)
            most[leaving] *= 1.001 / float(1 - upper)
        return Bound(np.log2(most) + 0.001, np.zeros(len(pairs), dtype=np.int64))

    def _most(self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction) -> Array:
        found = self._expansion(pairs)
        low, high = self._interval(lower, upper)
        local = found.a @ _taylor_shift(self.terms + 1, (low + high) / 2).T
        spread = np.abs(local[:, 1:]) @ ((high - low) / 2) ** np.arange(1, self.terms + 2)
        slack = (8 * self.terms + 48) * 2 * _U * np.abs(found.a).sum(axis=1)
        radius = spread + found.rest.sum(axis=1) + slack
        bound: Array = local[:, 0] + 1.001 * radius
        return bound

    @property
    def values(self) -> Array:
        """Floats near the policy's value at the centre and its slope, (n, 2).

        Less what states with one home have in common.
        """
        return self._t[:, :2]

    def reaches_zero(self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction) -> Array:
        """Guess where each pair's upper bound first reaches 0 on [lower, upper]; inf: nowhere.

        Guesses are good for those that do so first.
        """
        low, high = self._interval(lower, upper)
        grid, rows = np.linspace(low, high, _GRID + 1), self._coefficients[pairs]
        reached = rows @ (grid ** np.arange(rows.shape[1])[:, None]) >= 0
        k = np.where(reached.any(axis=1), np.argmax(reached, axis=1), _GRID + 1)
        guess = np.append(grid, np.inf)[k]
        early = np.flatnonzero((k <= _GRID) & (k <= k.min(initial=_GRID) + 1))
        left, right, rows = grid[np.maximum(k[early] - 1, 0)], guess[early], rows[early]
        for _ in range(_HALVINGS):
            middle = (left + right) / 2
            is_right = (rows * middle[:, None] ** np.arange(rows.shape[1])).sum(axis=1) >= 0
            left, right = np.where(is_right, left, middle), np.where(is_right, middle, right)
        guess[early] = right
        return self.centre + self.half_width * guess

    def _interval(self, lower: Fraction, upper: Fraction) -> tuple[float, float]:
        """Return an interval of tau that contains [lower, upper], within the window."""
        low, high = self._tau(lower) - 2.0**-45, self._tau(upper) + 2.0**-45
        return max(low, 0.0 if self.first else -1.0), min(high, 1.0)

    def _tau(self, x: Fraction) -> float:
        """Return the double nearest to (x - centre) / half the width, in integers."""
        top, bottom = x.as_integer_ratio()
        c, unit = self.centre.as_integer_ratio()
        h, grain = self.half_width.as_integer_ratio()
        return (top * unit - c * bottom) * grain / (bottom * unit * h)

    def estimates(self, pairs: NDArray[np.int64], box: int) -> Array:
        """Guess where in a box, in units of gamma, advantages first reach 0; inf: nowhere."""
        grid, powers = _grid(self.terms + 1, self.first)
        ends = slice(_PARTS * (box % _BOXES), _PARTS * (box % _BOXES) + _PARTS + 1)
        grid, values = grid[ends], self._coefficients[pairs] @ powers[:, ends]
        crossing = (values[:, :-1] < 0) & (values[:, 1:] >= 0)
        k, rows = np.argmax(crossing, axis=1), np.arange(len(pairs))
        left, right = values[rows, k], values[rows, k + 1]
        with np.errstate(all="ignore"):
            tau = grid[k] + left / (left - right) * (grid[1] - grid[0])
        guess: Array = self.centre + self.half_width * np.where(crossing[rows, k], tau, np.inf)
        return guess


def _recursion(solve: Solver, step: Matrix | None, given: Array, within: float) -> Array:
    """Return X with (I - B_0) X_0 = given_0, (I - B_0) X_k = step X_{k-1} + given_k."""
    if step is None:
        return solve(given, within)
    if isinstance(step, np.ndarray):  # one product for each k is enough
        found = solve(given.reshape(len(given), -1), within).reshape(given.shape)
        onwards = solve(step, within)
        for k in range(1, given.shape[1]):
            found[:, k] += onwards @ found[:, k - 1]
        return found
    found = np.empty_like(given)
    found[:, 0] = solve(given[:, 0], within)
    for k in range(1, given.shape[1]):
        found[:, k] = solve(step @ found[:, k - 1] + given[:, k], within)
    return found


def steps_ahead(graph: PolicyGraph, gamma: float, homes: Homes | None = None) -> float:
    """Return about max (I - gamma P)^-1 P 1 over the live states, at least 1.

    Args:
        homes: the policy's; P then lacks the columns of references.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0:
        return 1.0
    without = None if homes is None else Deflation(homes, 0).without()
    rows = AlongGamma(graph.model, gamma, 1.0, ORDER, without).rows(graph.policy[live])
    return max(1.0, _growth(rows.inner(live), graph.model))


def relative_growth(graph: PolicyGraph, gamma: float) -> float:
    """Return about the largest slope of a state's value in gamma, relative to it, at least 1.

    Rewards count as if all were positive.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0:
        return 1.0
    pairs = graph.policy[live]
    inner = AlongGamma(graph.model, gamma, 1.0, ORDER).rows(pairs).inner(live)
    with np.errstate(all="ignore"):
        solve = solver_of(inner.near, graph.model)
        value = solve(np.abs(graph.model.r[pairs]), _ABOUT)
        slope = inner.spread @ value if inner.spread is not None else np.zeros(len(live))
        most = float(np.max(solve(slope, _ABOUT * float(slope.max())) / value))
    if not most <= LARGEST:
        raise NoBound
    return max(1.0, most)


def line_growth(graph: PolicyGraph, line: LineFloats, centre: float) -> float:
    """Return about max (I - gamma P(x))^-1 gamma |P_1 - P_0| 1 over the live states.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0 or not line.moves:
        return 0.0
    rows = line.around(centre, 1.0, ORDER).rows(graph.policy[live])
    return _growth(rows.inner(live), graph.model)


def _growth(inner: Inner, model: RationalModel) -> float:
    """Return about max (I - B_0)^-1 |B_1| 1."""
    with np.errstate(all="ignore"):
        found = solver_of(inner.near, model)(inner.spread @ np.ones(inner.near.shape[0]), _ABOUT)
    most = float(np.max(np.abs(found)))
    if not most <= LARGEST:
        raise NoBound
    return most


def _suspects(bound: Array, first: bool, passed: int) -> NDArray[np.bool_]:
    """Return (rows, boxes) False where the polynomial is proven negative on the box, without the
    boxes that are passed."""
    edges = tuple(_grid(1, first)[0][passed * _PARTS :: _PARTS].tolist())
    suspect = np.zeros((bound.shape[0], len(edges) - 1), dtype=np.bool_)
    if len(edges) > 1:
        rest = np.maximum(bound[:, 1:], 0) if first else np.abs(bound[:, 1:])
        quick = bound[:, 0] + 1.001 * rest.sum(axis=1) < -1e-13 * np.abs(bound[:, 0])
        slow, (low, *_, high) = np.flatnonzero(~quick), edges
        parts = low, 0.0 if low < 0 else (low + high) / 2, high  # two prove most
        slow = slow[_not_negative(bound[slow], parts).any(axis=1)]
        suspect[slow] = _not_negative(bound[slow], edges)
    return suspect


def _not_negative(bound: Array, edges: tuple[float, ...]) -> NDArray[np.bool_]:
    """Return (rows, parts) False where Bernstein coefficients prove it negative between edges."""
    (rows, width), parts = bound.shape, len(edges) - 1
    found, matrix = np.zeros((rows, parts), dtype=np.bool_), _part_matrix(width - 1, edges)
    for k in range(0, rows, _ROWS_AT_ONCE):
        some = bound[k : k + _ROWS_AT_ONCE]
        slack = (8 * width + 40) * _U * np.abs(some).sum(axis=1)
        # Rows last: maxima over a middle index of long rows are quick.
        top = (matrix @ some.T).reshape(parts, width, len(some)).max(axis=1)
        found[k : k + _ROWS_AT_ONCE] = ~(top + slack < 0).T
    return found


def _negative(row: Array, low: float, high: float, slack: float, depth: int) -> bool:
    """Prove the polynomial negative on [low, high] by its Taylor form, by bisection if
    necessary."""
    middle, radius = (low + high) / 2, (high - low) / 2
    local = _taylor_shift(len(row) - 1, middle) @ row
    top = float(local[0])
    if top + 1.001 * float(np.abs(local[1:]) @ radius ** np.arange(1, len(row))) + 2 * slack < 0:
        return True
    if depth == 0 or top + slack >= 0:
        return False
    return _negative(row, low, middle, slack, depth - 1) and _negative(
        row, middle, high, slack, depth - 1
    )


def _taylor_shift(degree: int, middle: float) -> Array:
    """Return M with M @ coefficients those of the polynomial around `middle`, |middle| <= 1."""
    choose, lift = _upper_binomials(degree)
    shift: Array = choose * (middle ** np.arange(degree + 1))[lift]
    return shift


@lru_cache(maxsize=8)
def _upper_binomials(degree: int) -> tuple[Array, NDArray[np.int64]]:
    """Return C(j, i) in row i, and the exponents j - i, or 0 where that is negative."""
    powers = np.arange(degree + 1)
    return _binomials(degree).T.copy(), np.maximum(powers[None, :] - powers[:, None], 0)


@lru_cache(maxsize=8)
def _grid(degree: int, first: bool) -> tuple[Array, Array]:
    """Return the ends of parts of boxes, and their powers, (degree + 1, points)."""
    grid = np.linspace(0.0 if first else -1.0, 1.0, _PARTS * _BOXES + 1)
    return grid, grid ** np.arange(degree + 1)[:, None]


@lru_cache(maxsize=128)
def _part_matrix(degree: int, edges: tuple[float, ...]) -> Array:
    """Return the matrices of all parts, one below the other; they go before columns."""
    return np.vstack([_bernstein(degree, a, b).T for a, b in itertools.pairwise(edges)])


@lru_cache(maxsize=128)
def _bernstein(degree: int, a: float, b: float) -> Array:
    """Return M with (coefficients @ M)_j the Bernstein coefficients on [a, b]; a b >= 0.

    The blossom of x^k at d - j copies of a and j copies of b:
    sum_i C(j, i) C(d - j, k - i) b^i a^(k-i) / C(d, k); its terms have one sign.
    """
    choose = _binomials(degree)
    low, high = a ** np.arange(degree + 1), b ** np.arange(degree + 1)
    matrix = np.zeros((degree + 1, degree + 1))
    for j in range(degree + 1):
        matrix[:, j] = np.convolve(
            choose[j][: j + 1] * high[: j + 1],
            choose[degree - j][: degree - j + 1] * low[: degree - j + 1],
        )
    scaled: Array = matrix / choose[degree][:, None]
    return scaled


@lru_cache(maxsize=8)
def _binomials(degree: int) -> Array:
    return np.array([[float(comb(n, k)) for k in range(degree + 1)] for n in range(degree + 1)])
