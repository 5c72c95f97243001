"""Rows and columns of sparse matrices, and their products with a few vectors, at little cost.

The walk takes a few rows and multiplies them, thousands of times. scipy's checks in every
constructor and product would take longer than the arithmetic, so these call its loops directly.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import _sparsetools

Numbers = NDArray[Any]


@dataclass
class Part:
    """Some rows and columns of a matrix, in compressed rows as scipy has them.

    Attributes:
        data, indices: of the entries, row by row: their values and columns.
        indptr: entries of row i are indptr[i] .. indptr[i + 1] - 1.
        shape: numbers of rows and columns.
    """

    data: Numbers
    indices: NDArray[np.integer]
    indptr: NDArray[np.integer]
    shape: tuple[int, int]

    def __matmul__(self, right: Numbers) -> Numbers:
        """Return the product with a vector or with a matrix of the same kind of numbers."""
        (rows, columns), right = self.shape, np.ascontiguousarray(right)
        if len(right) != columns:  # the loops do not check sizes
            raise ValueError(f"{columns} columns times {len(right)} rows")
        product = np.zeros((rows, *right.shape[1:]), dtype=right.dtype)
        width = right.size // columns if columns else 0
        self.add_product(right, product, width)
        return product

    def add_product(self, right: Numbers, total: Numbers, width: int) -> None:
        """Add the product with a matrix of this many columns to another, both given row by row."""
        _sparsetools.csr_matvecs(
            *self.shape, width, self.indptr, self.indices, self.data, right, total
        )

    def fill_images(self, vectors: Numbers) -> None:
        """Make each of some vectors, (some, columns, ..), the product with the one before it.

        All but the first must be 0.
        """
        rows, width = list(vectors.reshape(len(vectors), -1)), vectors[0].size // self.shape[1]
        product = partial(
            _sparsetools.csr_matvecs, *self.shape, width, self.indptr, self.indices, self.data
        )
        for before, after in itertools.pairwise(rows):
            product(before, after)

    def transposed(self) -> Part:
        """Return the matrix with rows and columns exchanged."""
        rows, columns = self.shape
        indptr = np.empty(columns + 1, dtype=self.indptr.dtype)
        indices, data = np.empty_like(self.indices), np.empty_like(self.data)
        _sparsetools.csr_tocsc(
            rows, columns, self.indptr, self.indices, self.data, indptr, indices, data
        )
        return Part(data, indices, indptr, (columns, rows))

    def toarray(self) -> Numbers:
        """Return the part as an array."""
        full = np.zeros(self.shape, dtype=self.data.dtype)
        _sparsetools.csr_todense(*self.shape, self.indptr, self.indices, self.data, full)
        return full

    def toscipy(self) -> sparse.csr_matrix:
        """Return the part as a scipy matrix."""
        return sparse.csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)


Compressed: TypeAlias = sparse.csr_matrix | Part


def rows_of(matrix: Compressed, rows: NDArray[np.int64]) -> Part:
    """Return matrix[rows] for row numbers, in the order given."""
    indptr = np.zeros(len(rows) + 1, dtype=matrix.indptr.dtype)
    (matrix.indptr[1:][rows] - matrix.indptr[rows]).cumsum(out=indptr[1:])
    data = np.empty(indptr[-1], dtype=matrix.data.dtype)
    indices = np.empty(indptr[-1], dtype=matrix.indices.dtype)
    _sparsetools.csr_row_index(
        len(rows),
        rows.astype(indptr.dtype),
        matrix.indptr,
        matrix.indices,
        matrix.data,
        indices,
        data,
    )
    return Part(data, indices, indptr, (len(rows), matrix.shape[1]))


def columns_of(matrix: Compressed, columns: NDArray[np.int64]) -> Part:
    """Return matrix[:, columns] for column numbers in increasing order."""
    place = np.full(matrix.shape[1], -1, dtype=matrix.indices.dtype)
    place[columns] = np.arange(len(columns))
    indices = place[matrix.indices]
    kept = indices >= 0
    indptr = np.zeros(len(kept) + 1, dtype=matrix.indptr.dtype)
    np.cumsum(kept, out=indptr[1:])
    return Part(
        matrix.data[kept], indices[kept], indptr[matrix.indptr], (matrix.shape[0], len(columns))
    )
