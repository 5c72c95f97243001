"""The window of floats that begins at gamma = 0: [0, h].

With d(s) the least number of moves from s to a reward, V(s) is gamma^d(s) times a power series.
Far away d is in the hundreds, and values are far below the range of floats. So of each state only a
band of terms is kept, in a unit of its own: with tau = gamma / h from 0 to 1,

    V(s) = u(s) tau^d(s) [sum_{j < W} tau^j T_j(s) + tau^W S(s)],     u(s) a power of two,

where term k = d(s) + j of u(s) T is (h P)^k r. The move from s to t, with w = h p(s, t) u(t) / u(s)
and e = 1 + d(t) - d(s) >= 0, takes T_(j-e)(t) to T_j(s). By the same equation, for |T| and beyond
the band, there are |S| <= y and |S'| <= z if

    y(s) >= sum w (y(t) + L(t, W - e)),
    z(s) >= sum w (z(t) + e (y(t) + L(t, W - e))),      L(t, i) >= sum_{i <= j < W} |T_j(t)|,

as |(tau^e S)'| <= |S'| + e |S|, and a term of t that comes to lie beyond the band does so by at
most e powers of tau. I - w is an M-matrix like I - h P, of which it is a change of units; both
inequalities are checked as in `window`.

The errors of terms follow |E_j(s)| >= sum w (E_(j-e)(t) + rounding): E includes the rounding of the
product that the term will be in, gamma |T|. The advantage of a pair is a sum over moves in the same
way, and one term more, of s itself; it is divided by tau^m, with m the least power of all of them,
and is in a unit of its own, so that no factor is above 1. Terms of equal power that are known to
cancel (`order`, of the pairs' advantages right of 0) are divided out as well.

Switches. Let |f| be the sum of the sizes of f's coefficients in tau: |f g| <= |f| |g|, and f is at
most |f| on [0, 1]. The bands, their errors and y bound such sums, as all of the above holds in
them. When each state s takes the pair of its own, of advantage A(s) so far, that a new policy has
for it (A(s) = 0 where that stays as it is), values change by

    D = A + gamma p D,      |D| <= |A| + h p |D|,      p of the new policy,

which `room_of` bounds; and advantages by gamma p D - D(s). So of each pair's advantage the terms
below its `order` are always those of the sum of all changes since, of which `below` bounds the size
and the least power; and the bands tell them up to rounding. The former is better where switches
are far away. The old policy's own pairs had the advantage 0: all their terms are of that kind.

Rounding. Within a state's unit all is as in `window`: numbers are below LARGEST or nothing is
concluded, factors w below 2^31, and TINY, in the units of states and pairs, is above all that is
lost below the normal range. A unit that is too small or too large makes numbers too large, or
proves less, but nothing wrong.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import Mask, NoBound, Pairs
from qdecay.exact.solver.claims import Bound
from qdecay.exact.solver.deflation import Bounded
from qdecay.exact.solver.expansion import LARGEST, TINY, Array
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.room import room_of
from qdecay.exact.solver.submatrix import Compressed, Part, rows_of
from qdecay.exact.solver.window import Window

_W = 57  # terms are cheap here, and 2^-57 is below rounding
_ROOM = 30  # binary orders by which factors may be above 1
_DEEP = 50  # and by which small numbers, of which floats hold few bits, may be scaled up
_LEAST = 2.0**-1000  # of the largest share at the same distance from rewards
_TRIES = 4  # of widths, each half the one before
_SLACK, _PATIENCE = 1e-3, 1000  # of bounds that are found step by step
_SMALL = 1e-3  # of what a window's series leaves out, beside what it has
_FAR = 2**40  # above all powers and exponents
_OFF = 1e4  # so that no logarithm is near 0


class _Moves(NamedTuple):
    """Sums of states' values, each times a factor and a power of tau, as rows.

    Attributes:
        part: the factors w.
        powers: e of each entry.
    """

    part: Part
    powers: NDArray[np.int64]


class _Frame(NamedTuple):
    """Exponents of pairs: the least power of tau by the graph, how many more are known to divide
    the advantage, and the power of two that is its unit; (rows,) each."""

    least: NDArray[np.int64]
    more: NDArray[np.int64]
    unit: NDArray[np.int64]


class FirstWindow(Window):
    """Advantages of all pairs under one policy on [0, h]; see `Window`."""

    first = True

    def __init__(
        self,
        model: RationalModel,
        graph: PolicyGraph,
        half_width: Fraction | float,
        order: NDArray[np.int64] | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """`order` are those of `NearZero`, of the pairs' advantages under the policy.

        Raises:
            NoBound: as `update`.
        """
        pairs = model.n_pairs
        self._order = np.zeros(pairs, dtype=np.int64) if order is None else order.copy()
        # Terms below `_order` are those of a power series of this size, from this power on.
        self._below = Bound(np.full(pairs, -np.inf), np.full(pairs, _FAR))
        super().__init__(model, graph, 0.0, half_width, terms=_W - 1, deadline=deadline)

    def _allocate(self) -> None:
        n = self.model.n
        self._steps = np.full(n, n)  # n: a state that no reward is reached from
        self._unit = np.zeros(n, dtype=np.int64)
        # A column of zeros before the terms; of each the term and E.
        self._bands = np.zeros((n, _W + 1, 2))
        self._later = np.zeros((n, _W + 1))  # L(t, i)
        self._y, self._z = np.zeros(n), np.zeros(n)
        self._rest_powers, self._slope_powers = np.arange(_W + 1), np.arange(_W)

    @property
    def useful(self) -> bool:
        """Whether the terms that are left out are small; otherwise narrower windows are better."""
        return bool(np.all(self._y <= _SMALL * self._later[:, 0]))

    def update(self, graph: PolicyGraph, affected: Mask, touched: Mask) -> bool:
        """Adapt to a new policy; see `AxisWindow`."""
        entering = graph.policy[self.policy != graph.policy]
        if len(entering):
            with np.errstate(all="ignore"):
                change = self._change(graph, entering, self._size_of(entering))
            self._order[self.policy] = self.model.n + _W  # their advantages were 0
            self._below.level[self.policy], self._below.power[self.policy] = -np.inf, _FAR
            self._below = _plus(self._below, change)
        self._recompute(graph, affected, touched)
        return self.useful

    def _size_of(self, pairs: Pairs) -> Bound:
        """Return bounds of the sums of the sizes of the advantages' terms."""
        frame = self._frame(pairs)
        found = self._expand(pairs, frame)
        size = np.maximum((np.abs(found.a) + found.rest).sum(axis=1), TINY)
        return Bound(np.log2(size) + frame.unit + 0.001, frame.least + frame.more)

    def _change(self, graph: PolicyGraph, entering: Pairs, size: Bound) -> Bound:
        """Return by how much, in sum, terms of advantages change at most, and the least power of
        those that do, (N,) each."""
        own, policy = np.zeros(self.model.n_pairs, dtype=np.bool_), graph.policy
        own[policy] = True
        ahead = room_of(self.model, own, entering, size, self.half_width)
        level, power = ahead.level[policy], ahead.power[policy]
        entered = self.model.pair_state[entering]
        level[entered], power[entered] = _plus(Bound(level[entered], power[entered]), size)
        s = self.model.pair_state
        return _plus(ahead, Bound(level[s], power[s]))

    def _renew(self, graph: PolicyGraph, states: Mask) -> None:
        known = (self._bands, self._later, self._y, self._z)
        for numbers in known:
            numbers[states] = 0
        n = self.model.n
        self._steps = graph.moves_to(np.flatnonzero(self.model.earns[graph.policy]), n)
        solved = np.flatnonzero(states & (self._steps < n))
        if len(solved):
            self._choose_units(graph, solved)
            pairs = graph.policy[solved]
            moves = self._moves(pairs, self._steps[solved], self._unit[solved])
            self._find_terms(moves, pairs, solved)
            self._bound_beyond(moves, solved)
            if not all(np.all(np.abs(numbers[solved]) <= LARGEST) for numbers in known):
                raise NoBound  # also for NaN

    # -- states

    def _choose_units(self, graph: PolicyGraph, states: NDArray[np.int64]) -> None:
        """Choose units near the first terms, if rewards were positive, but not so small that a
        move's factor is large."""
        p = rows_of(self.model.p, graph.policy)
        shares = np.maximum(np.abs(self.model.r[graph.policy]), 2.0**-_DEEP)
        unit, level = np.zeros(self.model.n, dtype=np.int64), 0
        for k in range(int(self._steps[states].max()) + 1):
            now = self._steps == k
            shares = np.where(now, self.half_width * (p @ shares) if k else shares, 0.0)
            exponent = int(_exponents(shares.max()))
            shares = np.ldexp(shares, -exponent)
            level += exponent
            unit[now] = level + _exponents(np.maximum(shares[now], _LEAST))
        self._unit[states] = unit[states]
        p = rows_of(self.model.p, graph.policy[states])
        owner, alive = np.repeat(states, np.diff(p.indptr)), self._steps[p.indices] < self.model.n
        owner, t = owner[alive], p.indices[alive]
        lift = np.maximum(_exponents(self.half_width * p.data[alive]) - _ROOM, -_DEEP)
        while np.any(low := self._unit[t] + lift > self._unit[owner]):
            np.maximum.at(self._unit, owner[low], (self._unit[t] + lift)[low])

    def _moves(
        self, pairs: NDArray[np.int64], least: NDArray[np.int64], unit: NDArray[np.int64]
    ) -> _Moves:
        """Return gamma p of some pairs, over unit tau^least of each."""
        p = rows_of(self.model.p, pairs)
        alive = self._steps[p.indices] < self.model.n
        part, owner = _entries(p, alive), np.repeat(np.arange(len(pairs)), np.diff(p.indptr))[alive]
        shift = self._unit[part.indices] - unit[owner]
        part.data = np.ldexp(self.half_width * part.data, shift)
        return _Moves(part, 1 + self._steps[part.indices] - least[owner])

    def _find_terms(
        self, moves: _Moves, pairs: NDArray[np.int64], states: NDArray[np.int64]
    ) -> None:
        """Find the bands of states, power by power, each from the one before."""
        first, bands = self._steps[states], self._bands.reshape(-1, 2)
        start = np.arange(self.model.n) * (_W + 1)
        own = start[states] + 1 - first
        for k in range(int(first.min()), int(first.max()) + _W):
            self._deadline.check()
            now = (first <= k) & (k < first + _W)
            if k:
                before = bands[start + np.minimum(np.maximum(k - self._steps, 0), _W)]
                terms = (moves.part @ before)[now]
            else:
                reward = np.ldexp(self.model.r[pairs[now]], -self._unit[states[now]])
                terms = np.stack((reward, np.zeros(len(reward))), axis=1)
            terms[:, 1] *= 1 + 2 * self._gamma
            terms[:, 1] += self._gamma * np.abs(terms[:, 0]) + TINY
            bands[own[now] + k] = terms
        sizes = np.abs(self._bands[states, 1:]).sum(axis=2)
        self._later[states, :_W] = 1.001 * np.cumsum(sizes[:, ::-1], axis=1)[:, ::-1]

    def _bound_beyond(self, moves: _Moves, states: NDArray[np.int64]) -> None:
        """Find y and z of states, by adding up from below what moves bring.

        No difference is formed, so that numbers keep their relative accuracy however far apart
        they are.
        """
        part, powers = moves
        later = self._left_behind(moves)
        for total, steep in ((self._y, False), (self._z, True)):
            extra = powers * (self._y[part.indices] + later) if steep else later
            need = 1.001 * _sums(part, extra) + TINY
            for _ in range(_PATIENCE + 4 * int(self._steps[states].max())):
                found = need + part @ total
                if self._at_least(total[states], found):
                    break
                total[states] = found * (1 + _SLACK)
            else:
                raise NoBound

    def _left_behind(self, moves: _Moves) -> Array:
        """Return L(t, W - e) for each entry."""
        found: Array = self._later[moves.part.indices, np.maximum(_W - moves.powers, 0)]
        return found

    # -- pairs

    def _next(self, moves: NDArray[np.int64], rows: Compressed) -> NDArray[np.int64]:
        """Return one more than the least of some numbers of states among each row's entries."""
        ahead = np.minimum.reduceat(np.append(moves[rows.indices], _FAR), rows.indptr[:-1]) + 1
        ahead[np.diff(rows.indptr) == 0] = _FAR
        return ahead

    def _frame(self, pairs: NDArray[np.int64]) -> _Frame:
        """Return for each pair its least power of tau, and in what unit the rest of it is."""
        n, p, s = self.model.n, rows_of(self.model.p, pairs), self.model.pair_state[pairs]
        earns, there, here = self.model.earns[pairs], self._steps[p.indices] < n, self._steps[s] < n
        least = np.minimum(self._steps[s], self._next(self._steps, p))
        least[earns | (least >= n)] = 0
        unit = self._unit[p.indices] + np.maximum(_exponents(self.half_width * p.data), -_DEEP)
        unit = np.append(np.where(there, unit, -_FAR), -_FAR)
        unit = np.maximum.reduceat(unit, p.indptr[:-1])
        unit[np.diff(p.indptr) == 0] = -_FAR
        reward = np.maximum(_exponents(self.model.r[pairs]), -_DEEP)
        for own, known in ((self._unit[s], here), (reward, earns)):
            unit = np.maximum(unit, np.where(known, own, -_FAR))
        unit[unit == -_FAR] = 0
        divided = np.minimum(self._order, self._below.power)[pairs]
        return _Frame(least, np.clip(divided - least, 0, _W), unit)

    def _expansion(self, pairs: NDArray[np.int64]) -> Bounded:
        return self._expand(pairs, self._frame(pairs))

    def _expand(self, pairs: NDArray[np.int64], frame: _Frame) -> Bounded:
        """Return the advantages over unit tau^(least + more).

        What is beyond the last power c of tau that is known, tau^c S, has at most the slope
        tau^(c - 1) (c |S| + |S'|): that of c more terms of size |S| + |S'| / c.
        """
        s, rows = self.model.pair_state[pairs], np.arange(len(pairs) + 1)
        least, more, unit = frame
        alive = self._steps[s] < self.model.n
        own = Part(np.ldexp(1.0, self._unit[s] - unit), s, rows, (len(pairs), self.model.n))
        terms = np.zeros((len(pairs), _W + 1, 2))
        there = self._add(self._moves(pairs, least, unit), 1.0, terms)
        itself = _Moves(_entries(own, alive), (self._steps[s] - least)[alive])
        here = self._add(itself, -1.0, terms)
        rest, slope = there[0] + here[0], there[1] + here[1]
        reward = np.ldexp(self.model.r[pairs], -unit)
        terms[:, 0] += np.stack((reward, self._gamma * np.abs(reward)), axis=1)
        place = np.minimum(np.arange(_W + 1) + more[:, None], _W)  # the last column is 0
        a, error = (np.take_along_axis(terms[:, :, i], place, 1) for i in (0, 1))
        last = _W - more
        number = np.clip(self._order[pairs] - least - more, 0, last)
        with np.errstate(over="ignore"):
            changed = np.exp2(self._below.level[pairs] - unit)
        changed = _taken(changed, number, a, error)
        error[rows[:-1], last] += rest + slope / np.maximum(last, 1)
        steep = error[:, 1:] * np.arange(1, _W + 1)
        steep[:, 0] += np.where(last == 0, slope, 0.0) + number * changed
        error[:, 0] += changed
        return Bounded(a, 1.001 * error + TINY, 1.001 * steep + TINY)

    def _add(self, moves: _Moves, sign: float, terms: Array) -> tuple[Array, Array]:
        """Add sums of states' terms, with a sign, and of their errors to those of rows, (rows,
        W + 1, 2); return tau^W times what rests, and its slope, (rows,) each."""
        part, powers = moves
        moved, place = np.unique(powers * self.model.n + part.indices, return_inverse=True)
        by, states = np.divmod(moved, self.model.n)
        bands = np.zeros((len(moved), _W + 1, 2))  # of each state, moved by each power
        column = np.maximum(np.arange(1, _W + 1) - by[:, None], 0)
        bands[:, :_W] = self._bands[states[:, None], column] * (sign, 1.0)
        shape = part.shape[0], len(moved)
        sums = Part(part.data, place.astype(part.indices.dtype), part.indptr, shape)
        sums.add_product(bands.ravel(), terms.reshape(-1), 2 * (_W + 1))
        later = self._y[part.indices] + self._left_behind(moves)
        steep = self._z[part.indices] + powers * later
        return _sums(part, later), _sums(part, steep)

    def _upper_polynomials(self, pairs: NDArray[np.int64]) -> Array:
        frame, level = self._frame(pairs), self._room.level[pairs]
        found = self._expand(pairs, frame)
        bound = found.a + found.rest
        rows = np.flatnonzero(np.isfinite(level))
        if len(rows):
            beyond = (self._room.power[pairs] - frame.least - frame.more)[rows]
            size = (level - frame.unit)[rows]
            for power in np.unique(beyond[beyond < 0]).tolist():
                some = rows[beyond == power]
                bound[some] = _raised(bound[some], -power)
            bound[rows, np.clip(beyond, 0, _W)] += np.exp2(np.minimum(size, _ROOM)) + TINY
            bound[rows[size > _ROOM], 0] = LARGEST
        return bound

    def _room_at(self, pairs: NDArray[np.int64], tau: float) -> Array:
        level = self._room.level[pairs]
        if not np.isfinite(level).any():
            return np.zeros(len(pairs))
        frame = self._frame(pairs)
        with np.errstate(all="ignore"):
            fall = (self._room.power[pairs] - frame.least - frame.more) * np.log2(tau)
            scaled = np.exp2(level - frame.unit + fall + 0.001)
        return np.where(np.isfinite(level), np.where(scaled >= 0, scaled + TINY, np.inf), 0.0)

    def most(self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction) -> Bound:
        """Return an upper bound of each pair's advantage on [lower, upper]."""
        frame, bound = self._frame(pairs), np.maximum(self._most(pairs, lower, upper), TINY)
        level = np.asarray(np.log2(bound) + frame.unit + 0.001, dtype=np.float64)
        return Bound(level, frame.least + frame.more)

    @property
    def values(self) -> Array:
        """Floats that are alike for states with like values: d and about log V(s), (n, 2)."""
        total = self._bands[:, 1:, 0].sum(axis=1)
        with np.errstate(divide="ignore"):
            size = np.where(total == 0, 0.0, np.log2(np.abs(total)) + self._unit + _OFF)
        return np.stack((self._steps, np.sign(total) * size), axis=1)


def first_window(
    model: RationalModel,
    graph: PolicyGraph,
    order: NDArray[np.int64] | None,
    deadline: Deadline | None = None,
    longest: float = 0.5,
) -> FirstWindow:
    """Return the widest useful first window; `order` is that of `NearZero`.

    Raises:
        NoBound: there is none.
        BudgetExceeded: the time is up.
    """
    widest = 2.0 ** min(int(np.frexp(longest)[1]) - 1, -1)
    for half in widest / 2.0 ** np.arange(_TRIES):
        try:
            window = FirstWindow(model, graph, float(half), order, deadline)
        except NoBound:  # numbers are smaller in a narrower window
            continue
        if window.useful:
            return window
    raise NoBound


def _plus(one: Bound, two: Bound) -> Bound:
    """Return a bound of sums of what two bounds are of."""
    return Bound(np.logaddexp2(one.level, two.level) + 1e-6, np.minimum(one.power, two.power))


def _taken(changed: Array, number: NDArray[np.int64], a: Array, error: Array) -> Array:
    """Take a number of first terms for 0 where what these have become, in sum, is less than their
    errors; return that sum, and 0 elsewhere."""
    cancelled = np.arange(_W + 1) < number[:, None]
    better = changed < np.where(cancelled, error, 0.0).sum(axis=1)
    cancelled &= better[:, None]
    a[cancelled] = error[cancelled] = 0.0
    return np.where(better, changed, 0.0)


def _raised(rows: Array, power: int) -> Array:
    """Return polynomials that are at least tau^power times others, with no more terms."""
    count = rows.shape[1]
    kept = count - min(power, count)
    found = np.zeros_like(rows)
    found[:, count - kept :] = rows[:, :kept]
    found[:, -1] += np.maximum(rows[:, kept:], 0).sum(axis=1) * 1.001
    return found


def _exponents(numbers: Array) -> NDArray[np.int64]:
    """Return the powers of two just above the sizes of numbers; 0 for 0."""
    return np.frexp(numbers)[1].astype(np.int64)


def _entries(part: Part, kept: Mask) -> Part:
    """Return a matrix without some of its entries."""
    indptr = np.zeros(len(kept) + 1, dtype=part.indices.dtype)
    np.cumsum(kept, out=indptr[1:])
    return Part(part.data[kept], part.indices[kept], indptr[part.indptr], part.shape)


def _sums(part: Part, factors: NDArray[Any]) -> Array:
    """Return the sum over each row of its entries times factors."""
    scaled = Part(part.data * factors, part.indices, part.indptr, part.shape)
    return scaled @ np.ones(part.shape[1])
