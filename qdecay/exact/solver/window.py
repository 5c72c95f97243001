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
the sizes of all numbers that were added up (for slopes, k times these). From gamma = 0 on, powers
are kept apart: see `first_window`.

The bounds are by entry: a value of 1e-30 far from the goal keeps its relative accuracy. Each
advantage r(s, a) + gamma p V - V(s) becomes a polynomial in tau with a radius; Bernstein
coefficients on sub-intervals (boxes) prove it negative there. Nothing else is concluded from
floats.

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

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import Mask, NoBound
from qdecay.exact.solver.bernstein import BOXES, U
from qdecay.exact.solver.claims import Bound, Claims
from qdecay.exact.solver.deflation import Bounded, Deflation
from qdecay.exact.solver.expansion import (
    DENSE,
    LARGEST,
    TINY,
    AlongGamma,
    Array,
    Expansion,
    LineFloats,
    Matrix,
    Rows,
    sums,
)
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.linear import Solver
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.solvers import BEYOND, Solvers

ORDER = 14  # with h times the norm of (I - c P)^-1 P below 1/6, the tail is below 6^-15
_SPARE = 1.1  # of bounds, so that they still hold, or nearly so, under the next policy
_SWEEPS = 12  # to make bounds of the last policy hold
_ACCURACY = 1e-8  # of values, relative to the largest
_GROWTH = 1e5  # of any value across such a window: rounding stays below 1e-10 of it
_ABOUT = 1e-6  # accuracy of numbers that accuracies are judged by


class Window(Claims):
    """Advantages of all pairs under one policy on [centre - h, centre + h].

    Attributes:
        policy: the policy.
        strain: how much of the accuracy required was used up at first, from 0 to 1.
    """

    policy: NDArray[np.int64]

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
        self._gamma = (model.max_row + 20) * U * 1.01
        self._deflation = None if homes is None else Deflation(homes, self.terms, self._gamma)
        middle, half = Fraction(centre), Fraction(half_width)
        self.lower, self.upper = middle - (0 if self.first else half), middle + half
        box = (self.upper - self.lower) / BOXES
        self.edges = [self.lower + k * box for k in range(BOXES + 1)]
        self._coefficients = np.zeros((model.n_pairs, self.terms + 2))
        self._room = Bound(np.full(model.n_pairs, -np.inf), np.zeros(model.n_pairs, np.int64))
        self.suspect = np.ones((model.n_pairs, BOXES), dtype=np.bool_)
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
        self._solvers = Solvers(self.model, self._deadline)
        self._rest_powers, self._slope_powers = np.array([0, m - 1]), np.array([0, m - 2])

    @property
    def values(self) -> Array:
        """Floats near the policy's value at the centre and its slope, (n, 2).

        Without the part that states with the same home have in common.
        """
        return self._t[:, :2]

    def update(self, graph: PolicyGraph, affected: Mask, touched: Mask) -> bool:
        """Adapt to a new policy; see `AxisWindow`."""
        self._accuracy = None
        self._recompute(graph, affected, touched)
        # If the omitted terms are not small beside the values, narrower windows are better.
        return float(self._y[:, :2].max()) <= 1e-6 * float(np.abs(self._t[:, 0]).max())

    def _recompute(self, graph: PolicyGraph, states: Mask, touched: Mask) -> None:
        """Recompute what a new policy changes: the values of states, and the advantages of pairs.

        Raises:
            NoBound: one of the inequalities could not be shown.
        """
        self.policy = graph.policy[:0]  # none, until everything is computed
        with np.errstate(all="ignore"):
            self._renew(graph, states)
        own = graph.policy[states]
        self._coefficients[own], self.suspect[own] = 0, True
        others = touched.copy()
        others[graph.policy] = False
        self._advantages(np.flatnonzero(others))
        self.policy = graph.policy

    def _renew(self, graph: PolicyGraph, states: Mask) -> None:
        """Compute the values of states afresh, from those of the last policy if as many are
        sought."""
        solved, stay = graph.live, True
        if self._deflation is not None:
            stay = self._deflation.take_over(graph, states)
            self._expanded = AlongGamma(
                self.model, self.centre, self.half_width, self.terms, self._deflation.without()
            )
        if not stay or (solved != self._solved)[states].any():
            self._all[states] = self._time[states] = 0
            self._solvers = Solvers(self.model, self._deadline)
        self._solved = solved
        live = np.flatnonzero(solved & states)
        if len(live):
            self._solve(graph.policy, live)

    def _solve(self, policy: NDArray[np.int64], live: NDArray[np.int64]) -> None:
        """Correct T by the residual of its equations, and bound the remaining residual."""
        pairs = policy[live]
        rows = self._expanded.rows(pairs)
        inner = rows.inner(live)
        states = np.flatnonzero(self._solved)
        solve, far = self._solvers.of(self._expanded, policy, states, live, inner)
        if self._deflation is not None:
            self._deflation.spread(self._deflation.rho, live)
            self._deflation.divide(live)
        given, magnitude = self._differences(rows, live, pairs)
        self._scale = max(self._scale, float(np.abs(given).max()))
        several = self._deflation is not None and self._deflation.homes.several.any()
        for more in range(3 if several else 2):
            within = U * self._scale
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
        self._bound_rest(rows, live, left, slope, far)
        if not np.all(self._all[live] <= LARGEST):  # false for NaN too; |T| is among them
            raise NoBound
        if self._deflation is not None:
            self._deflation.trust(live, self._size, self._y, self._z)
        if self._accuracy is not None:
            self._require_accuracy(self._accuracy, solve, far, pairs, live)

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
        far: Callable[[], Solver],
    ) -> None:
        """Find y and z from what the equations of the terms leave over, and its slope.

        Those of the last policy mostly serve, or do so once they are raised a little.
        """
        if self._deflation is not None:
            left = np.column_stack((left, np.ones(len(live))))
            slope = np.column_stack((slope, np.full(len(live), TINY)))
        for total, own in ((self._y, left), (self._z, slope)):
            need = 1.001 * (own + (rows.spread(self._y) if total is self._z else 0.0))
            if len(live) <= DENSE or not self._raised(total, need, rows, live):
                total[live] = 0
                right = _SPARE * need + BEYOND * rows.far(total)
                total[live] = np.abs(far()(right, 0.004 * right.min()))
                self._require(total[live], need + rows.far(total))

    def _raised(self, total: Array, need: Array, rows: Rows, live: NDArray[np.int64]) -> bool:
        """Whether a few sweeps, or none, make a bound hold for what is needed now."""
        for _ in range(_SWEEPS):
            ahead = rows.far(total)
            if self._at_least(total[live], need + ahead):
                return True
            total[live] = _SPARE * need + BEYOND * ahead
        return False

    def _require(self, left: Array, right: Array) -> None:
        if not self._at_least(left, right):
            raise NoBound

    def _at_least(self, left: Array, right: Array) -> bool:
        """Check left >= right, including the rounding of `right`."""
        return bool(np.all(left * (1 - 4 * U) >= right * (1 + 2 * self._gamma)))

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
