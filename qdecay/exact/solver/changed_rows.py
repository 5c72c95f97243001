"""What another row would make of a policy's matrix: the integers d M^k, for several rows at once.

Let M = q P be the policy's matrix, among its m live states, and D = det(I - x M). A pair of state s
in place of the policy's own changes the row of s by d and its reward by R. With x = gamma / q,

    c = D (R + sum_k x^(k+1) d M^k r)        is the numerator of the pair's advantage,
    D' = D (1 - sum_k x^(k+1) d M^k e_s)     is the determinant after the change:

    r(s, a) + x (M_s + d) v - v(s) = R + x d v        for v = (I - x M)^-1 r,
    det(I - x M - x e_s d) = D (1 - x d (I - x M)^-1 e_s).

Both are polynomials of degree <= m, so that as many terms of the sums determine them. States that
are not live lead to no live one: they may stay in M for these sums.

Rewards are one more column beside M, or several, one for each of their digits: of a row (d, R),

    (d, R) [[M, r], [0, 0]]^k = (d M^k, d M^(k-1) r).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.digits import MOST_GROWTH, Digits, images, joined
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.rewards_ahead import afford, most_words
from qdecay.exact.solver.submatrix import rows_of


class ChangedRow(NamedTuple):
    """The sums of one pair; all further integers are 0.

    Attributes:
        earned: R, then the integers d M^k r for k < m.
        visits: the integers d M^k e_s for k < m; without meaning if s is not live.

    A pair that ties is mostly one that leads, in a few steps, to where the policy's does: d M^k is
    soon 0.
    """

    earned: list[int]
    visits: list[int]


class ChangedRows:
    """The rows of a model's pairs, with rewards beside them."""

    def __init__(self, model: RationalModel) -> None:
        """The model's integers must fit: see `fit`."""
        self._model = model
        # No row of M sums to more than q: by no more does a row times M grow, all entries added up.
        # Digits of rewards leave room for two such steps, if there is any.
        room = MOST_GROWTH // (model.n * model.denominator)
        self._bits = max((room // model.denominator).bit_length() - 1, 1)
        rewards = _digits(model.rewards, self._bits)
        self._largest, self._columns = max(1, int(np.abs(rewards).max())), len(rewards)
        self._rows = _beside(model.small_weights, rewards)

    @staticmethod
    def fit(model: RationalModel) -> bool:
        """Whether products with M, rows added up, leave room in words for a bit of rewards."""
        return 2 * model.n * model.denominator <= MOST_GROWTH

    def of(
        self,
        policy: NDArray[np.int64],
        m: int,
        pairs: Sequence[int],
        deadline: Deadline,
    ) -> list[ChangedRow]:
        """Return what each of some pairs would change under a policy with m live states."""
        model, number = self._model, len(pairs)
        n, size = model.n, model.n + self._columns
        afford(model, deadline, m, n, number * most_words(model, m))
        states = model.pair_state[list(pairs)]
        change = rows_of(self._rows, np.array(pairs)).toarray()
        change -= rows_of(self._rows, policy[states]).toarray()
        step = rows_of(self._rows, policy).transposed()
        step.shape = size, size  # no row leads on from rewards
        start = change.T.ravel().tolist()
        total = n * self._largest
        blocks = list(images(step, start, model.denominator, m + 1, number, total))
        found = []
        for j, s in enumerate(states.tolist()):
            visits, *parts = _numbers(blocks, (size, number), [s, *range(n, size)], j)
            while len(parts) > 1:
                last = parts.pop()
                parts[-1] = [x + (y << self._bits) for x, y in zip(parts[-1], last, strict=True)]
            found.append(ChangedRow(parts[0], visits[:m]))
        return found


def _numbers(
    blocks: Sequence[Digits], shape: tuple[int, int], rows: list[int], column: int
) -> list[list[int]]:
    """Return what some rows of a column are in one image after the other, by rows."""
    length, width = sum(map(len, blocks)), blocks[-1].shape[-1]
    found, t = np.zeros((length, len(rows), width), dtype=np.int64), 0
    for block in blocks:
        digits = block.reshape(len(block), *shape, -1)[:, rows, column]
        found[t : t + len(block), :, : digits.shape[2]] = digits
        t += len(block)
    numbers = joined(found.reshape(-1, width))
    return [numbers[i :: len(rows)] for i in range(len(rows))]


def _beside(matrix: sparse.csr_matrix, columns: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return a matrix with more columns, the rows of an array."""
    return sparse.csr_matrix(sparse.hstack([matrix, sparse.csr_matrix(columns.T)]))


def _digits(numbers: Sequence[int], bits: int) -> NDArray[np.int64]:
    """Return rows of digits d_i below 2^bits in size: the numbers are sum_i 2^(bits i) d_i."""
    rows: list[list[int]] = []
    while not rows or any(numbers):
        rows.append([(abs(x) & ((1 << bits) - 1)) * (1 if x > 0 else -1) for x in numbers])
        numbers = [(abs(x) >> bits) * (1 if x > 0 else -1) for x in numbers]
    return np.array(rows, dtype=np.int64)
