"""Solves of a policy's equations by sparse LU, whose fill is small for chains and grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu


def direct(p: sparse.csr_matrix, r: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Solve (I - gamma p) v = r by sparse LU; zeros where that is singular in floats.

    The caller proves the error of the result, so zeros are safe.
    """
    system = sparse.identity(len(r), format="csc") - gamma * p.tocsc()
    try:
        solved: NDArray[np.float64] = splu(system.tocsc()).solve(r)
    except RuntimeError:  # SuperLU's error for a singular matrix
        return np.zeros(len(r))
    return solved if np.isfinite(solved).all() else np.zeros(len(r))
