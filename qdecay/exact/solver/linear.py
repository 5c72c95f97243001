"""Linear equations (I - B) x = b in floats, B >= 0: of few states, of chains and grids, of any.

Whoever reads a solution proves how good it is, so that nothing here must be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import bicgstab, splu

from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.expansion import Array, Matrix
from qdecay.exact.solver.rational_model import RationalModel

Solver = Callable[[Array, float], Array]
"""Returns about (I - B)^-1 b, of one or several columns, from b and what may be left over of it."""

# Pivots on the diagonal of an M-matrix: no entry, however small, is lost beside others.
_DIAGONAL: dict[str, Any] = {
    "diag_pivot_thresh": 0.0,
    "permc_spec": "MMD_AT_PLUS_A",
    "options": {"SymmetricMode": True},
}
_FINEST, _MOST_ITERATIONS, _TRIES = 1e-9, 1000, 3


def solver_of(inner: Matrix, model: RationalModel) -> Solver:
    """Return the solver of the equations for B = inner.

    Raises:
        NoBound: they are singular in floats.
    """
    if isinstance(inner, np.ndarray):
        if not inner.any():
            return lambda right, _: right
        try:
            inverse = np.linalg.inv(np.eye(len(inner)) - inner)
        except np.linalg.LinAlgError as singular:
            raise NoBound from singular
        return lambda right, _: inverse @ right
    if not inner.data.any():
        return lambda right, _: right
    matrix = sparse.csr_matrix(sparse.identity(inner.shape[0]) - inner)
    fills = inner.nnz > inner.shape[0] and model.factors_fill  # paths into cycles never do
    return _iteration(matrix) if fills else _factorisation(matrix)


def _factorisation(matrix: sparse.csr_matrix) -> Solver:
    try:
        factors = splu(matrix.tocsc(), **_DIAGONAL)
    except RuntimeError as singular:  # SuperLU's error
        raise NoBound from singular
    return lambda right, _: factors.solve(right)


def _iteration(matrix: sparse.csr_matrix) -> Solver:
    """Return a solver whose memory is that of the matrix; it is quick where states mix quickly."""

    def solve(right: Array, within: float) -> Array:
        if right.ndim > 1:
            return np.column_stack([solve(column, within) for column in right.T])
        found, rest = np.zeros(len(right)), right
        for _ in range(_TRIES):
            size = float(np.abs(rest).max())
            if size <= within:
                break
            accuracy = max(within / size, _FINEST)
            more, _ = bicgstab(matrix, rest / size, rtol=accuracy, maxiter=_MOST_ITERATIONS)
            found += size * more
            rest = right - matrix @ found
        return found

    return solve
