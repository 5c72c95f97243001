"""Values without the pole that they have at gamma = 1 where a policy never ends.

Let s_0 be the reference of a recurrent class (see `homes`), and P~ = P without the columns of all
references. With e = (I - gamma P~)^-1 1, the discounted time until s_0 is met, and any rho(gamma),

    w = (I - gamma P~)^-1 (r - rho)       has       V = w + rho / (1 - gamma)

in all states whose home is s_0, if w(s_0) = 0: as the rows of P sum to 1 there, r + gamma P V =
r + gamma P~ w + gamma rho / (1 - gamma) = V. That is so for one rho only, near 1 the reward per
step. A series rho^ in its place, found by division in floats, gives w^, of which terms and radii
are known as of any value: gamma P~ and r - rho^ are to it what gamma P and r are to V in `window`.
Then, as w^(s_0) = (rho - rho^) e(s_0) and e >= 1,

    |rho - rho^| <= |w^(s_0)| <= d,        w = w^ - (rho - rho^) e,        |w - w^| <= d e.

The advantage of a pair (s, a) that surely leads to the home of s is

    r(s, a) + gamma p V - V(s) = r(s, a) - rho + gamma p~ w - w(s),

which has no pole. Where an episode surely ends, rho = 0 and w = V. With rho(t) that of the home of
t, and 0 once an episode has ended, the advantage of a pair that leads from home to homes, each
for certain, is the same with p rho in place of rho, and (p rho - rho(s)) / (1 - gamma) besides.
1 - gamma times that is

    (1 - gamma) [r(s, a) - rho(s) + gamma p~ w - w(s)] + gamma [p rho - rho(s)].

Where a policy leads to several homes, or may end, rho(s) is what those of the homes come to by
chance, rho = P rho (0 once an episode has ended). Again w = r - rho + gamma P~ w has V = w + rho /
(1 - gamma), as r + gamma P V = w + rho + gamma rho / (1 - gamma) = V; and the advantages above are
those of all pairs. A rho^ from floats leaves over eps = P rho^ - rho^ in these states. With f >=
1 + P f there, f = 0 elsewhere, which is checked, d the largest doubt of any home, and x at least
|eps| and d times what their rows of P sum up to beyond 1,

    |rho - rho^| <= d + x f,

as rho - rho^ = P (rho - rho^) + eps. With d now the largest of these, |w - w^| <= d e as before.

Slopes in tau, with ' for them and B~ = gamma P~: e' <= (I - B~_0 - |B~_1|)^-1 |B~_1| e, again
proven by an inequality; w^(s_0) = (rho - rho^) e(s_0) gives |(rho - rho^)'| <= |w^'(s_0)| +
d e'(s_0), and |(w - w^)'| <= |(rho - rho^)'| e + d e'.

Rounding is as in `window`: no number here is above LARGEST; the factors 1.001 allow for what is
relative, and d, e and each radius are at least TINY.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.solver.axis import Mask, NoBound
from qdecay.exact.solver.expansion import LARGEST, TINY, Array, sums
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.linear import solver_of
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.submatrix import Part, columns_of, rows_of

_FINE, _ROUGH = 2.0**-52, 1e-3  # accuracy of what chances come to, and of steps until a home
_SPARE = 1.1  # of these steps, so that they are proven


class Bounded(NamedTuple):
    """Functions of tau: polynomials of degree K + 1, and bounds of what they leave out.

    Attributes:
        a: (rows, K + 2) coefficients.
        rest: (rows, 2) of what is left out: one part, and one for a factor of |tau|^(K + 1);
            around 0, (rows, K + 2), one part for each power of tau.
        slope: (rows, 2) of its slope: one part, and one for a factor of |tau|^K; around 0,
            (rows, K + 1).
    """

    a: Array
    rest: Array
    slope: Array


class Deflation:
    """What is subtracted from the values of one window's policy.

    Attributes:
        homes: the policy's.
        rho: (n, terms + 2) the series rho^ of each state.
        doubt: (2, n, 2) bounds of |rho - rho^| and of its slope, in parts as in `Bounded`.
    """

    def __init__(self, homes: Homes, terms: int, unit: float = 0.0) -> None:
        """`unit` bounds the relative error of a row, as in `window`."""
        n = len(homes.home)
        self.homes, self._unit = homes, unit
        self.rho, self.doubt = np.zeros((n, terms + 2)), np.zeros((2, n, 2))

    def take_over(self, graph: PolicyGraph, states: Mask) -> bool:
        """Adapt to a new policy; return whether all homes are unchanged.

        If not, nothing is known yet about the states it affects.
        """
        before = self.homes.home
        if graph is not self.homes.graph:
            self.homes = self.homes.after(graph)
        if np.array_equal(self.homes.home, before):
            return True
        self.rho[states] = self.doubt[:, states] = 0
        return False

    def without(self) -> Array:
        """Return 0 for the references, whose columns P~ lacks, and 1 for all other states."""
        kept = np.ones(len(self.rho))
        kept[self.homes.references] = 0
        return kept

    def references(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the references that are among the states."""
        found: NDArray[np.int64] = states[self.homes.home[states] == states]
        return found

    @staticmethod
    def proposed(u: Array, e: Array) -> Array:
        """Return u / e, by powers of tau, in floats: what is added to rho^ of a home."""
        rho = np.zeros(len(u))
        for k in range(len(u)):
            rho[k] = (u[k] - rho[:k] @ e[k:0:-1]) / e[0]
        return rho

    def spread(self, numbers: Array, states: NDArray[np.int64]) -> None:
        """Copy to states what is known about their homes."""
        home = self.homes.home[states]
        inside = home < len(self.rho)
        numbers[states[inside]] = numbers[home[inside]]

    def trust(self, states: NDArray[np.int64], size: Array, y: Array, z: Array) -> None:
        """Find the doubt of the homes of states from |T|, y and z of the references.

        Args:
            size: (n, 2) the sums of |T_k| and of k |T_k|.
            y, z: as in `Bounded`, with e and its slope as a third column.

        Raises:
            NoBound: a number is too large.
        """
        s = self.references(states)
        value, slope = y[s, :2], z[s, :2]
        value[:, 0] += size[s, 0]
        slope[:, 0] += size[s, 1]
        self.doubt[0, s] = 1.001 * value
        self.doubt[1, s] = 1.001 * (slope + 1.001 * value * z[s, 2:])
        for numbers in self.doubt:
            self.spread(numbers, states)
        self._trust_several(states[self.homes.several[states]])
        for numbers in (self.rho, *self.doubt, *self.beyond(y[:, 2:], z[:, 2:])):
            if not np.all(np.abs(numbers[states]) <= LARGEST):
                raise NoBound

    def divide(self, states: NDArray[np.int64]) -> None:
        """Find rho^ of those of some states that have several homes, from that of all others.

        Raises:
            NoBound: floats cannot.
        """
        some, p = self._several(states)
        if len(some):
            self.rho[some] = 0
            right = p @ self.rho
            solve = solver_of(columns_of(p, some).toscipy(), self.homes.graph.model)
            self.rho[some] = solve(right, _FINE * float(np.abs(right).max()))

    def _several(self, states: NDArray[np.int64]) -> tuple[NDArray[np.int64], Part]:
        """Return which states have several homes, and their rows of P."""
        graph, some = self.homes.graph, states[self.homes.several[states]]
        return some, rows_of(graph.model.p, graph.policy[some])

    def _trust_several(self, states: NDArray[np.int64]) -> None:
        """Find the doubt of states with several homes, from that of all others.

        Raises:
            NoBound: floats cannot.
        """
        some, p = self._several(states)
        if not len(some):
            return
        self.doubt[:, some] = 0
        d, time, unit = self.doubt.max(axis=1), np.zeros(len(self.rho)), 1 + 2 * self._unit
        solve = solver_of(columns_of(p, some).toscipy(), self.homes.graph.model)
        time[some] = _SPARE * np.abs(solve(np.ones(len(some)), _ROUGH))
        if not np.all(time[some] * (1 - self._unit) >= (1 + p @ time) * unit):
            raise NoBound
        left = sums(p @ self.rho - self.rho[some])
        left += self._unit * (p @ sums(self.rho) + sums(self.rho[some]))
        more = np.maximum(p @ np.ones(len(time)) - 1, 0.0).max() + self._unit
        x = left.max(axis=0)[:, None] * [1.0, 0.0] + more * d + TINY
        self.doubt[:, some] = 1.001 * (d + x * time[some].max())[:, None]

    def beyond(self, time: Array, slope: Array) -> tuple[Array, Array]:
        """Return bounds of |w - w^| and of its slope, (n, 2), from those of e, (n, 1)."""
        d, steep = self.doubt
        return 1.001 * d * time, 1.001 * (steep * time + d * slope)

    def advantages(
        self, pairs: NDArray[np.int64], found: Bounded, c: float, h: float, unit: float
    ) -> Bounded:
        """Return the advantages, times 1 - gamma where pairs leave home, around c.

        Args:
            found: r(s, a) - rho^(s) + gamma p~ w - w(s).
            unit: bound of the relative error of a row, as in `window`.
        """
        same = self.homes.agree(pairs)
        s = self.homes.graph.model.pair_state[pairs]
        found = found._replace(
            rest=found.rest + self.doubt[0, s], slope=found.slope + self.doubt[1, s]
        )
        leaving = np.flatnonzero(~same)
        if len(leaving):
            part = Bounded(*(numbers[leaving] for numbers in found))
            for whole, new in zip(
                found, self._scaled(pairs[leaving], part, c, h, unit), strict=True
            ):
                whole[leaving] = new
        return found

    def _scaled(
        self, pairs: NDArray[np.int64], found: Bounded, c: float, h: float, unit: float
    ) -> Bounded:
        """Return (1 - gamma) (what is found) + gamma (p rho - rho(s)), with 1 - gamma and gamma
        written as 1 - c - tau h and c + tau h; 1 - c is exact for 1/2 <= c <= 1."""
        model = self.homes.graph.model
        p, s, away = rows_of(model.p, pairs), model.pair_state[pairs], 1 - c
        x, size = p @ self.rho - self.rho[s], p @ np.abs(self.rho) + np.abs(self.rho[s])
        a = _times(found.a, away, -h) + _times(x, c, h)
        rounding = unit * (_times(np.abs(found.a), away, h) + _times(size, c, h))
        d, steep = p @ self.doubt[0] + self.doubt[0, s], p @ self.doubt[1] + self.doubt[1, s]
        rest = (away + h) * found.rest + d
        slope = (away + h) * found.slope + h * found.rest + steep + h * d
        last = h * np.abs(found.a[:, -1])  # of the power K + 2
        rest += np.stack((rounding.sum(axis=1), last), axis=1)
        slope += np.stack((rounding @ np.arange(a.shape[1]), a.shape[1] * last), axis=1)
        return Bounded(a, 1.001 * rest + TINY, 1.001 * slope + TINY)


def _times(numbers: Array, constant: float, slope: float) -> Array:
    """Multiply polynomials by constant + tau slope; the highest power is left out."""
    product: Array = constant * numbers
    product[:, 1:] += slope * numbers[:, :-1]
    return product
