"""What a window of floats expands, in tau around a centre: the discount factor, or a model line.

A policy's value solves V = r + B V, with r = r_0 + tau r_1 and B = B_0 + tau B_1 for |tau| <= 1:

    the discount factor gamma = c + tau h:    B_0 = c P,          B_1 = h P,                r_1 = 0
    a model line at x = c + tau h:            B_0 = gamma P(c),   B_1 = gamma h (P_1 - P_0),
                                              r_1 = h (r_1 - r_0)

B_0 >= 0, and B_0 + |B_1| bounds B in every entry and for every tau.

Rounding, with u = 2^-53: differences of probabilities and rewards are formed of integers, and every
entry of B_0 and B_1 is a product or a sum of a few numbers without cancellation. So entries are off
by a relative 6 u at most, and by an absolute 2^-1022 where they are below the normal range; rewards
by 6 u times `size`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import Compressed, Part, columns_of, rows_of

Array = NDArray[np.float64]
Matrix: TypeAlias = sparse.csr_matrix | Array

TINY = 2.0**-800  # of what rounding below the normal range cannot change
LARGEST = 2.0**60  # of the numbers of which floats conclude anything
_FEW = 4  # entries of a row, on average: of rows with fewer in all, only some columns matter
DENSE = 160  # up to here a dense inverse is faster than a sparse factorisation


class Rewards(NamedTuple):
    """Rewards of pairs in units of the largest: r_0 and r_1, (N, 2); |r_0| + |r_1| and |r_1|."""

    series: Array
    size: Array


class Inner(NamedTuple):
    """Square parts of B_0, of B_1 and of |B_1|; the latter are None if they are 0."""

    near: Matrix
    slope: Matrix | None
    spread: Matrix | None

    @property
    def far(self) -> Matrix:
        """B_0 + |B_1|."""
        return self.near if self.spread is None else self.near + self.spread


class Rows(Protocol):
    """The rows of B that some pairs have."""

    def flow(self, t: Array, size: Array) -> tuple[Array, Array]:
        """Return (B_0 + tau B_1) T by powers of tau; and of (B_0 + tau |B_1|) S the sums over all
        powers, and over k times the power k, from those of S >= 0, both (rows, 2)."""

    def near(self, y: Array) -> Array:
        """Return B_0 y."""

    def spread(self, y: Array) -> Array:
        """Return |B_1| y."""

    def far(self, y: Array) -> Array:
        """Return (B_0 + |B_1|) y."""

    def inner(self, states: NDArray[np.int64]) -> Inner:
        """Return the columns of some states, as many as there are rows; dense if they are few."""


class Expansion(Protocol):
    """B and r of all pairs around one centre.

    Attributes:
        terms: how many powers of tau are worth while.
        rewards: of all pairs.
    """

    terms: int
    rewards: Rewards

    def rows(self, pairs: NDArray[np.int64]) -> Rows:
        """Return the rows of some pairs."""


class AlongGamma:
    """A model around a discount factor.

    Attributes:
        kept: (n,) 0 for states whose columns P lacks here, 1 for all others; None if P has all.
    """

    def __init__(
        self,
        model: RationalModel,
        centre: float,
        half_width: float,
        terms: int,
        kept: Array | None = None,
    ) -> None:
        self._model, self._c, self._h, self.terms = model, centre, half_width, terms
        self.kept = kept
        series = np.stack((model.r, np.zeros(model.n_pairs)), axis=1)
        self.rewards = Rewards(series, np.abs(series))  # r_1 = 0

    def rows(self, pairs: NDArray[np.int64]) -> Rows:
        """Return the rows of some pairs."""
        p = rows_of(self._model.p, pairs)
        if self.kept is not None:
            p.data *= self.kept[p.indices]
        return _GammaRows(p, self._c, self._h)


class _GammaRows:
    def __init__(self, p: Part, c: float, h: float) -> None:
        self._p, self._c, self._h = p, c, h

    def flow(self, t: Array, size: Array) -> tuple[Array, Array]:
        # Side by side: one product with p for both.
        p, h = self._p, self._h
        if _FEW * len(p.data) < len(t):
            t, size = t[p.indices], size[p.indices]
            each = np.arange(len(p.indices), dtype=p.indices.dtype)
            p = Part(p.data, each, p.indptr, (p.shape[0], len(each)))
        found = p @ np.concatenate((t, size), axis=1)
        product, sizes = self._c * found[:, :-2], (self._c + h) * found[:, -2:]
        product[:, 1:] += h * found[:, :-3]
        sizes[:, 1] += h * found[:, -2]
        return product, sizes

    def near(self, y: Array) -> Array:
        return self._scaled(self._c, y)

    def spread(self, y: Array) -> Array:
        return self._scaled(self._h, y)

    def far(self, y: Array) -> Array:
        return self._scaled(self._c + self._h, y)

    def _scaled(self, factor: float, y: Array) -> Array:
        product: Array = factor * (self._p @ y)
        return product

    def inner(self, states: NDArray[np.int64]) -> Inner:
        p = _square(self._p, states)
        step = self._h * p
        return Inner(self._c * p, step, step)


class LineFloats:
    """A model line in floats, its pairs as numbered.

    Attributes:
        moves: whether any probability moves.
    """

    def __init__(self, line: RationalLine, gamma: Fraction) -> None:
        model = line.skeleton
        self.gamma, self.moves = float(gamma), bool(line.moves.any())
        self._low, self._high, change = (
            _like(model.p, numbers) for numbers in line.probabilities()
        )
        self._change = change if self.moves else None
        self._rewards = line.scaled_rewards()

    def around(self, centre: float, half_width: float, terms: int) -> AlongLine:
        """Return the expansion around a place; 1 - centre is exact."""
        left, scale = 1 - centre, half_width * self.gamma
        low, high, change = self._rewards
        p = _like(self._low, self.gamma * (left * self._low.data + centre * self._high.data))
        series = np.stack((left * low + centre * high, half_width * change), axis=1)
        size = np.stack((left * np.abs(low) + centre * np.abs(high), np.zeros(len(low))), axis=1)
        size += np.abs(series[:, 1:])
        if self._change is None:
            return AlongLine(p, None, Rewards(series, size), min(terms, 1))
        slope = _like(p, scale * self._change.data)
        return AlongLine(p, slope, Rewards(series, size), terms)


class AlongLine:
    """A model line around one place at one gamma."""

    def __init__(
        self,
        p: Part,
        slope: Part | None,
        rewards: Rewards,
        terms: int,
    ) -> None:
        self._p, self._slope, self.rewards, self.terms = p, slope, rewards, terms

    def rows(self, pairs: NDArray[np.int64]) -> Rows:
        """Return the rows of some pairs."""
        slope = None if self._slope is None else rows_of(self._slope, pairs)
        return _LineRows(rows_of(self._p, pairs), slope)


class _LineRows:
    def __init__(self, p: Part, slope: Part | None) -> None:
        self._p, self._slope = p, slope
        self._spread = None if slope is None else _like(slope, np.abs(slope.data))

    def flow(self, t: Array, size: Array) -> tuple[Array, Array]:
        found = self._p @ np.concatenate((t, size), axis=1)
        product, sizes = found[:, :-2], found[:, -2:]
        if self._slope is not None and self._spread is not None:
            product[:, 1:] += self._slope @ t[:, :-1]
            spread = self._spread @ size
            spread[:, 1] += spread[:, 0]
            sizes += spread
        return product, sizes

    def near(self, y: Array) -> Array:
        product: Array = self._p @ y
        return product

    def spread(self, y: Array) -> Array:
        if self._spread is None:
            return np.zeros((self._p.shape[0], *y.shape[1:]))
        product: Array = self._spread @ y
        return product

    def far(self, y: Array) -> Array:
        return self.near(y) + self.spread(y)

    def inner(self, states: NDArray[np.int64]) -> Inner:
        slope, spread = (
            None if part is None else _square(part, states) for part in (self._slope, self._spread)
        )
        return Inner(_square(self._p, states), slope, spread)


def _square(rows: Part, states: NDArray[np.int64]) -> Matrix:
    n = len(states)
    if n > DENSE:
        return columns_of(rows, states).toscipy()
    place = np.full(rows.shape[1], n, dtype=rows.indices.dtype)
    place[states] = np.arange(n)
    full = Part(rows.data, place[rows.indices], rows.indptr, (n, n + 1)).toarray()
    return np.ascontiguousarray(full[:, :n])  # the last column has what leads elsewhere


def _like(matrix: Compressed, data: Array) -> Part:
    """Return a matrix with the same places and other entries."""
    return Part(data, matrix.indices, matrix.indptr, matrix.shape)


def sums(terms: Array) -> Array:
    """Return the sums over k of |terms_k| and of k |terms_k|, (rows, 2)."""
    found: Array = np.abs(terms) @ _ones_and_powers(terms.shape[1])
    return found


@lru_cache(maxsize=8)
def _ones_and_powers(number: int) -> Array:
    return np.stack((np.ones(number), np.arange(number)), axis=1)
