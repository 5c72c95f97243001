"""Where polynomials of floats are certainly negative: Bernstein and Taylor forms on intervals.

Polynomials in tau are rows of coefficients, constant term first, |tau| <= 1. Their Bernstein
coefficients on an interval bound them there, as does their Taylor form around its middle. `slack`
allows for the rounding of all that is done with a row: for the use of TINY against what is lost
below the normal range see `window`.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.solver.expansion import Array

U = 2.0**-53  # a relative rounding error
BOXES, PARTS = 16, 4  # of a window, and of a box to look for roots in
_ROWS_AT_ONCE = 1024  # of coefficients turned into Bernstein form, for the memory
_DEPTH = 12  # bisections of one interval before it is left to exact arithmetic


def suspects(bound: Array, first: bool, passed: int) -> NDArray[np.bool_]:
    """Return (rows, boxes) False where the polynomial is proven negative on the box, without the
    boxes that are passed."""
    edges = tuple(grid(1, first)[0][passed * PARTS :: PARTS].tolist())
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
        slack = (8 * width + 40) * U * np.abs(some).sum(axis=1)
        # Rows last: maxima over a middle index of long rows are quick.
        top = (matrix @ some.T).reshape(parts, width, len(some)).max(axis=1)
        found[k : k + _ROWS_AT_ONCE] = ~(top + slack < 0).T
    return found


def negative(row: Array, low: float, high: float, slack: float, depth: int = _DEPTH) -> bool:
    """Prove the polynomial negative on [low, high] by its Taylor form, by bisection if
    necessary."""
    [top], [spread] = taylor_bound(row[None], low, high)
    if top + 1.001 * spread + 2 * slack < 0:
        return True
    if depth == 0 or top + slack >= 0:
        return False
    middle = (low + high) / 2
    return negative(row, low, middle, slack, depth - 1) and negative(
        row, middle, high, slack, depth - 1
    )


def taylor_bound(rows: Array, low: float, high: float) -> tuple[Array, Array]:
    """Return polynomials' values half-way from low to high, and how far from these others on
    [low, high] are at most, both but for rounding."""
    local = rows @ _taylor_shift(rows.shape[1] - 1, (low + high) / 2).T
    return local[:, 0], np.abs(local[:, 1:]) @ ((high - low) / 2) ** np.arange(1, rows.shape[1])


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
def grid(degree: int, first: bool) -> tuple[Array, Array]:
    """Return the ends of parts of boxes, and their powers, (degree + 1, points)."""
    points = np.linspace(0.0 if first else -1.0, 1.0, PARTS * BOXES + 1)
    return points, points ** np.arange(degree + 1)[:, None]


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
