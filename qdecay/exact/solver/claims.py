"""What a window proves about advantages: signs on intervals, signs of slopes, bounds at a point.

The advantage of each pair is known as a polynomial in tau with radii, tau = (x - centre) / half the
width: how these are found is in `window`. For gamma = 0 on, see `first_window`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.bernstein import BOXES, PARTS, U, grid, negative, suspects, taylor_bound
from qdecay.exact.solver.deflation import Bounded, Deflation
from qdecay.exact.solver.expansion import TINY, Array

_GRID, _HALVINGS = 256, 45  # steps of the search for a root in floats


class Bound(NamedTuple):
    """Upper bounds of some pairs' numbers up to the window's end, in powers of two.

    At gamma they are at most 2^level (gamma / end)^power; a level of -inf is 0.
    """

    level: Array
    power: NDArray[np.int64]


class Claims(ABC):
    """Advantages on [lower, upper], as polynomials in tau with radii.

    Attributes:
        lower, upper: the window's ends.
        centre, half_width: of tau.
        edges: of the boxes, from `lower` to `upper`.
        suspect: (N, boxes) False where the advantage is proven negative on that closed box.
        passed: the number of boxes, from the left, that are no longer needed.
        terms: the number K of powers of tau that are kept.
        first: whether the window is [0, h] (see `first_window`).
    """

    first = False
    lower: Fraction
    upper: Fraction
    edges: list[Fraction]
    suspect: NDArray[np.bool_]
    passed = 0
    centre: float
    half_width: float
    terms: int
    _coefficients: Array  # (N, K + 2) of polynomials that are at least as large
    _room: Bound  # that is added to these
    _deadline: Deadline
    _deflation: Deflation | None
    _rest_powers: NDArray[np.int64]
    _slope_powers: NDArray[np.int64]

    @abstractmethod
    def _expansion(self, pairs: NDArray[np.int64]) -> Bounded:
        """Return functions of tau that have the signs of the pairs' advantages."""

    @abstractmethod
    def _upper_polynomials(self, pairs: NDArray[np.int64]) -> Array:
        """Return polynomials in tau that are at least as large, with room added."""

    def _advantages(self, touched: NDArray[np.int64]) -> None:
        self._deadline.check()
        bound = self._upper_polynomials(touched)
        self._coefficients[touched] = bound
        self.suspect[touched, : self.passed] = True
        self.suspect[touched, self.passed :] = suspects(bound, self.first, self.passed)

    def negative_on(self, pair: int, lower: Fraction, upper: Fraction) -> bool:
        """Return True only if the pair's advantage is negative on all of [lower, upper]."""
        rows, ends = self._stretched(np.array([pair]), lower, upper)
        row, powers = rows[0], np.arange(rows.shape[1])
        if max(float(row @ end**powers) for end in ends) >= 0:
            return False
        slack = (9 * len(row) + 40) * U * float(np.abs(row).sum())
        return negative(row, *ends, slack)

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
        rows, ends = self._stretched(pairs, lower, upper)
        slack = (9 * rows.shape[1] + 40) * U * np.abs(rows).sum(axis=1)
        middle, spread = taylor_bound(rows, *ends)
        suspect: NDArray[np.bool_] = ~(middle + 1.001 * spread + 2 * slack < 0)
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
        found = self._expansion(pairs)
        polynomials = np.arange(1, self.terms + 2) * found.a[:, 1:]
        middle, spread = taylor_bound(polynomials, low, high)
        slack = (8 * self.terms + 48) * 2 * U * np.abs(polynomials).sum(axis=1)
        radius = found.slope @ max(abs(low), abs(high)) ** self._slope_powers
        certain = np.abs(middle) > 1.001 * (spread + 1.001 * radius + slack)
        return np.where(certain, np.sign(middle), 0).astype(np.int64)

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
        radius = 1.001 * radius + (4 * self.terms + 32) * U * magnitude.sum(axis=1) + TINY
        radius += self._room_at(pairs, near)
        return value - radius, value + radius

    def _room_at(self, pairs: NDArray[np.int64], tau: float) -> Array:
        level = self._room.level[pairs]
        return np.exp2(level) + np.where(np.isfinite(level), TINY, 0.0)

    def widen(self, room: Bound) -> None:
        """Raise the upper bound of every pair's advantage by this much, (N,) each."""
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
        middle, spread = taylor_bound(found.a, *self._interval(lower, upper))
        slack = (8 * self.terms + 48) * 2 * U * np.abs(found.a).sum(axis=1)
        bound: Array = middle + 1.001 * (spread + found.rest.sum(axis=1) + slack)
        return bound

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
        points, powers = grid(self.terms + 1, self.first)
        ends = slice(PARTS * (box % BOXES), PARTS * (box % BOXES) + PARTS + 1)
        points, values = points[ends], self._coefficients[pairs] @ powers[:, ends]
        crossing = (values[:, :-1] < 0) & (values[:, 1:] >= 0)
        k, rows = np.argmax(crossing, axis=1), np.arange(len(pairs))
        left, right = values[rows, k], values[rows, k + 1]
        with np.errstate(all="ignore"):
            tau = points[k] + left / (left - right) * (points[1] - points[0])
        guess: Array = self.centre + self.half_width * np.where(crossing[rows, k], tau, np.inf)
        return guess
