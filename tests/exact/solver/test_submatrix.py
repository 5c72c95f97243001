"""Parts of sparse matrices and their products, against numpy's on the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from qdecay.exact.solver.submatrix import columns_of, rows_of


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_parts_and_products_are_those_of_the_full_matrix(kind: type) -> None:
    """Random rows, with repetitions, and columns of 40 matrices, some of them empty."""
    random = np.random.default_rng(1)
    for _ in range(40):
        m, n = random.integers(1, 9, 2)
        full = (random.integers(-3, 4, (m, n)) * random.integers(0, 2, (m, n))).astype(kind)
        rows = random.integers(0, m, random.integers(0, 9))
        columns = np.flatnonzero(random.integers(0, 2, n))
        part = columns_of(rows_of(sparse.csr_matrix(full), rows), columns)
        expected = full[rows][:, columns]
        assert (part.toarray() == expected).all()
        assert (part.toscipy().toarray() == expected).all()
        for shape in ((len(columns),), (len(columns), 3), (3, len(columns))):
            right = random.integers(-9, 10, shape).astype(kind)
            right = right if len(right) == len(columns) else right.T  # not contiguous
            assert (part @ right == expected @ right).all()
            assert (part @ right).dtype == kind


def test_products_of_other_shapes_are_refused() -> None:
    """scipy's loops would read what lies behind the vector."""
    part = rows_of(sparse.csr_matrix(np.eye(3)), np.arange(2))
    with pytest.raises(ValueError, match="3 columns times 2 rows"):
        part @ np.zeros(2)
