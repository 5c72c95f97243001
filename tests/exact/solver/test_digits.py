"""Integers as digits in machine words, against Python's own."""

from __future__ import annotations

import random
from itertools import chain
from operator import mul

import numpy as np
import pytest
from scipy import sparse

from qdecay.exact.solver.digits import MOST_GROWTH, carried, images, joined, nonzero, spread
from qdecay.exact.solver.submatrix import rows_of

AT_THE_EDGE = [s * (2**k + d) for k in (0, 31, 32, 63, 64, 95) for d in (-1, 0, 1) for s in (-1, 1)]


def test_numbers_are_kept_by_their_digits() -> None:
    """Also where a digit is full, and where the last one has the sign."""
    for width in (4, 5):
        digits = spread(AT_THE_EDGE, width)
        assert joined(digits) == AT_THE_EDGE
        assert joined(carried(digits, width + 1)) == AT_THE_EDGE
        assert nonzero(digits).tolist() == [number != 0 for number in AT_THE_EDGE]


def test_digits_of_opposite_sign_may_cancel() -> None:
    """A number is 0 by its value, not by its digits: 2^32 - 1 * 2^32."""
    digits = np.array([[2**32, -1, 0], [2**61, -(2**29), 0], [2**32, -1, 1]])
    assert nonzero(digits).tolist() == [False, False, True]
    assert joined(digits) == [0, 0, 2**64]


@pytest.mark.parametrize("growth", [1, 2, 3, 20, 100, 2**22, MOST_GROWTH - 1])
def test_images_are_those_of_python_integers(growth: int) -> None:
    """Rows whose sizes sum to all that is allowed, and start vectors at the edge of a digit; then
    columns that do, for two vectors at once."""
    rng = random.Random(growth)
    for _ in range(4):
        n = rng.randint(1, 5)
        rows = []
        for _ in range(n):
            cuts = sorted(rng.randint(0, growth) for _ in range(n - 1))
            sizes = [b - a for a, b in zip([0, *cuts], [*cuts, growth], strict=True)]
            rows.append([rng.choice((-1, 1, 1)) * size for size in sizes])
        vector = [rng.choice(AT_THE_EDGE) for _ in range(n)]
        whole = sparse.csr_matrix(np.array(rows, dtype=np.int64))
        matrix = rows_of(whole, np.arange(n))
        for digits in chain.from_iterable(images(matrix, vector, growth, 50)):
            assert joined(digits) == vector
            assert np.abs(carried(digits, digits.shape[1] + 1)).max() < 2**33
            vector = [sum(a * b for a, b in zip(row, vector, strict=True)) for row in rows]
        if n * growth > MOST_GROWTH:
            continue
        columns = [[rng.choice(AT_THE_EDGE) for _ in range(n)] for _ in range(2)]
        start = [number for row in zip(*columns, strict=True) for number in row]
        for digits in chain.from_iterable(
            images(matrix.transposed(), start, growth, 50, columns=2, total=n)
        ):
            for k in range(2):
                assert joined(digits[:, k]) == columns[k]
                columns[k] = [
                    sum(map(mul, column, columns[k])) for column in zip(*rows, strict=True)
                ]
            assert np.abs(carried(digits, digits.shape[2] + 1)).max() < 2**33


def test_images_end_where_all_further_ones_are_zero() -> None:
    """A matrix of which the fourth power is 0, with numbers of several digits."""
    rows = np.triu(np.full((4, 4), 2**20, dtype=np.int64), 1)
    matrix, vector = rows_of(sparse.csr_matrix(rows), np.arange(4)), [1, 2, 3, 2**70]
    found = [joined(digits) for digits in chain.from_iterable(images(matrix, vector, 2**22, 50))]
    assert len(found) < 10
    for numbers in found:
        assert numbers == vector
        vector = [sum(map(mul, row, vector)) for row in rows.tolist()]
    assert not any(vector)
