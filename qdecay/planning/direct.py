"""Solves of a policy's equations by sparse LU, whose fill is small for chains and grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def direct(p: sparse.csr_matrix, r: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Solve (I - gamma p) v = r by sparse LU."""
    from scipy.sparse.linalg import splu

    system = sparse.identity(len(r), format="csc") - gamma * p.tocsc()
    solved: NDArray[np.float64] = splu(system.tocsc()).solve(r)
    return solved
