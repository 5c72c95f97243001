"""Linear equations (I - B) x = b in floats, B >= 0: of few states, of chains and grids, of any.

Callers prove how accurate a solution is, so nothing here needs to be proven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.expansion import Array, Matrix
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import Part

Solver = Callable[[Array, float], Array]
"""Returns about (I - B)^-1 b, of one or several columns, from b and what may be left over of it."""

# Pivots on the diagonal of an M-matrix: no entry, however small, is lost beside others.
_DIAGONAL: dict[str, Any] = {
    "diag_pivot_thresh": 0.0,
    "permc_spec": "MMD_AT_PLUS_A",
    "options": {"SymmetricMode": True},
}
_FINEST, _MOST_ITERATIONS, _TRIES = 1e-9, 1000, 3
_FEW_ROWS, _MOST_CHANGES = 4, 16  # of an inverse, before it is computed afresh: rounding adds up
_LEAST = 1e-300  # avoids division by 0


def solver_of(inner: Matrix, model: RationalModel) -> Solver:
    """Return the solver of the equations for B = inner.

    Raises:
        NoBound: they are singular in floats.
    """
    if isinstance(inner, np.ndarray):
        return Inverse().solver(inner)
    if not inner.data.any():
        return lambda right, _: right
    matrix = _equations(inner)
    return _factorisation(matrix) if is_factorised(inner, model) else _iteration(matrix)


def is_factorised(inner: Matrix, model: RationalModel) -> bool:
    """Whether equations are solved by a sparse factorisation; paths into cycles always are."""
    if isinstance(inner, np.ndarray):
        return False
    return inner.nnz <= inner.shape[0] or not model.factors_fill


class Inverse:
    """The inverse of I - B for one dense B after another: where few rows differ, it is changed.

    With d the old row s of B minus the new one, (I - B')^-1 = M^-1 - M^-1 e_s d M^-1 / (1 + d M^-1
    e_s) for M = I - B: the formula of Sherman and Morrison, for one row after the other.
    """

    def __init__(self) -> None:
        self._inner: Array = np.zeros((0, 0))
        self._inverse: NDArray[Any] = np.zeros((0, 0))
        self._changes = 0

    def solver(self, inner: Array, place: NDArray[np.int64] | None = None) -> Solver:
        """Return the solver for B = inner.

        Args:
            place: rows that the others do not lead to, if it is only to solve for these.

        Raises:
            NoBound: the equations are singular in floats.
        """
        try:
            self._inverse = self._changed(inner)
        except np.linalg.LinAlgError as singular:
            raise NoBound from singular
        self._inner = inner
        inverse = self._inverse if place is None else self._inverse[np.ix_(place, place)]
        return lambda right, _: inverse @ right

    def _changed(self, inner: Array) -> NDArray[Any]:
        known = self._inverse
        if self._inner.shape == inner.shape and self._changes < _MOST_CHANGES:
            rows = np.flatnonzero((self._inner != inner).any(axis=1))
            if len(rows) <= _FEW_ROWS:
                self._changes += 1
                for s in rows.tolist():
                    ahead = (self._inner[s] - inner[s]) @ known
                    if ahead[s] == -1:
                        raise NoBound
                    known = known - known[:, s, None] * (ahead / (1 + ahead[s]))
                return known
        self._changes = 0
        return np.linalg.inv(np.eye(len(inner)) - inner)


class Factorised:
    """Solvers for many matrices that differ from one, which is factorised, in few rows each.

    With M = I - B factorised, E the unit columns of the rows that differ, and D = B - B' in these,

        (I - B')^-1 b = x - W (I + D W)^-1 D x,        x = M^-1 b,    W = M^-1 E.

    Source: Woodbury, Inverting modified matrices, Princeton (1950).
    """

    def __init__(self, inner: sparse.csr_matrix) -> None:
        """Factorise I - inner.

        Raises:
            NoBound: it is singular in floats.
        """
        self._size = inner.shape[0]
        self._solve = _factorisation(_equations(inner))
        self._columns: dict[int, Array] = {}  # of M^-1

    def solver(self, rows: Sequence[int], change: Matrix) -> Solver:
        """Return the solver where rows differ: `change` is D.

        Raises:
            NoBound: the equations are singular in floats.
        """
        if not rows:
            return self._solve
        for row in rows:
            if row not in self._columns:
                unit = np.zeros(self._size)
                unit[row] = 1.0
                self._columns[row] = self._solve(unit, 0.0)
        w = np.column_stack([self._columns[row] for row in rows])
        try:
            small = np.linalg.inv(np.eye(len(rows)) + change @ w)
        except np.linalg.LinAlgError as singular:
            raise NoBound from singular

        def solve(right: Array, within: float) -> Array:
            x = self._solve(right, within)
            found: Array = x - w @ (small @ (change @ x))
            return found

        return solve


def _equations(inner: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix(sparse.identity(inner.shape[0], format="csr") - inner)


def _factorisation(matrix: sparse.csr_matrix) -> Solver:
    try:
        factors = splu(matrix.tocsc(), **_DIAGONAL)
    except RuntimeError as singular:  # SuperLU's error
        raise NoBound from singular
    return lambda right, _: factors.solve(right)


def _iteration(matrix: sparse.csr_matrix) -> Solver:
    """Return a solver whose memory is that of the matrix; it is quick where states mix quickly."""
    part = Part(matrix.data, matrix.indices, matrix.indptr, matrix.shape)

    def solve(right: Array, within: float) -> Array:
        if right.ndim > 1:
            return np.column_stack([solve(column, within) for column in right.T])
        found, rest = np.zeros(len(right)), right
        for _ in range(_TRIES):
            size = float(np.abs(rest).max())
            if not size > within:
                break
            found += size * _bicgstab(part, rest / size, max(within / size, _FINEST))
            rest = right - part @ found
        return found

    return solve


def _bicgstab(matrix: Part, right: Array, within: float) -> Array:
    """Return about matrix^-1 right.

    Source: van der Vorst, Bi-CGSTAB, SIAM J. Sci. Stat. Comput. 13 (1992).
    """
    found, rest, shadow, direction = np.zeros(len(right)), right, right, right
    rho = shadow @ rest
    for _ in range(_MOST_ITERATIONS):
        moved = matrix @ direction
        alpha = rho / (shadow @ moved)
        halfway = rest - alpha * moved
        turned = matrix @ halfway
        omega = (turned @ halfway) / max(float(turned @ turned), _LEAST)
        step = alpha * direction + omega * halfway
        if not np.isfinite(step).all():
            break
        found += step
        rest = halfway - omega * turned
        if not float(np.abs(rest).max()) > within:
            break
        rho, before = shadow @ rest, rho
        direction = rest + (rho / before * alpha / omega) * (direction - omega * moved)
    return found
