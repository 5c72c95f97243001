"""The integers q^t P^t r of one policy: what is earned t steps ahead, for every state."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.errors import BudgetExceeded
from qdecay.exact.solver.digits import Digits, carried, images, spread, width_of
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import Part, columns_of, rows_of

_KEPT_WORDS = 2**25  # at most 256 MB are kept for further pairs
_PRODUCTS_PER_SECOND = 1e8  # of machine words; a conservative estimate


@dataclass(frozen=True)
class Rows:
    """Rows whose advantage is requested: rewards, q times the moves, and the state left for
    each."""

    rewards: list[int]
    targets: list[tuple[int, ...]]
    weights: list[tuple[int, ...]]
    states: list[int]


def policy_matrix(model: RationalModel, policy: NDArray[np.int64], live: NDArray[np.bool_]) -> Part:
    """Return q P among the live states, in words."""
    states = np.flatnonzero(live)
    assert model.small_weights is not None
    return columns_of(rows_of(model.small_weights, policy[states]), states)


def _bordered_matrix(
    model: RationalModel, policy: NDArray[np.int64], live: NDArray[np.bool_]
) -> Part:
    """Return the same with one more row and column, for all states worth nothing."""
    assert model.small_weights is not None
    rows = rows_of(model.small_weights, policy[live])
    n = len(rows.indptr)
    indptr = np.append(rows.indptr, rows.indptr[-1])
    return Part(rows.data, places(live).astype(rows.indices.dtype)[rows.indices], indptr, (n, n))


def most_words(model: RationalModel, count: int) -> int:
    """Return how many digits one of `count` terms may have."""
    bits = model.largest_reward.bit_length() + 1 + count * math.log2(model.denominator)
    return width_of(bits + 1)


def can_keep(model: RationalModel, count: int, live: NDArray[np.bool_]) -> bool:
    """Whether this many terms of these states fit into memory."""
    return count * int(live.sum()) * most_words(model, count) <= _KEPT_WORDS


def afford(model: RationalModel, deadline: Deadline, count: int, live: int, words: int) -> None:
    """Raise `BudgetExceeded` if one exact polynomial alone would overrun what is left."""
    deadline.check()
    products = count * model.p.nnz / model.n_pairs * float(live) * words
    if (needed := products / _PRODUCTS_PER_SECOND) > deadline.left:
        raise BudgetExceeded(
            f"stopped: one exact polynomial of degree up to {count // 2} needs about "
            f"{needed:.2g} s, more than is left of the limit of {deadline.max_seconds:g} s",
            max_seconds=deadline.max_seconds,
        )


def rewards_ahead(
    model: RationalModel,
    policy: NDArray[np.int64],
    live: NDArray[np.bool_],
    count: int,
    deadline: Deadline,
) -> Iterator[Digits]:
    """Yield q^t P^t r for t < count, some at a time, (some, live states + 1, digits); fewer if all
    further ones are 0.

    The last row, of zeros, represents all states worth nothing.
    """
    step = _bordered_matrix(model, policy, live)
    start = [*(model.rewards[pair] for pair in policy[live].tolist()), 0]
    for block in images(step, start, model.denominator, count):
        deadline.check()
        yield block


class RewardsAhead:
    """The rewards ahead of every live state, for all pairs.

    All terms after these are 0, or `count` of them are kept.
    """

    def __init__(
        self,
        model: RationalModel,
        policy: NDArray[np.int64],
        live: NDArray[np.bool_],
        count: int,
        deadline: Deadline,
    ) -> None:
        self._model, self._live, self._count = model, live, count
        self._place = places(live)
        afford(model, deadline, count, int(live.sum()), most_words(model, count))
        self._blocks = list(rewards_ahead(model, policy, live, count, deadline))

    def covers(self, live: NDArray[np.bool_], count: int) -> bool:
        """Whether these states and this many terms are covered."""
        return self._count >= count and not (live & ~self._live).any()

    def terms(self, row: Rows, count: int) -> Digits:
        """Return a_0 .. of one row; all terms after these are 0, or there are `count` of them."""
        # Dead states outside of `live` share the last row, of zeros.
        ahead = self._ahead(self._place[[row.states[0], *row.targets[0]]], count)
        terms = np.zeros((min(count, len(ahead) + 1), ahead.shape[2]), dtype=np.int64)
        terms[: len(ahead)] -= ahead[:, 0]
        terms[0] += spread(row.rewards, terms.shape[1])[0]
        for k, weight in enumerate(row.weights[0], start=1):
            terms[1:] += weight * ahead[: len(terms) - 1, k]
        return terms

    def _ahead(self, places: NDArray[np.int64], count: int) -> Digits:
        """Return what is ahead of some places, carried, (terms, places, digits)."""
        width = most_words(self._model, self._count) + 1
        found = np.zeros((min(count, sum(map(len, self._blocks))), len(places), width), np.int64)
        t = 0
        for block in self._blocks:
            here = found[t : t + len(block), :, : block.shape[-1]]
            here[:] = block[: len(here), places]
            t += len(block)
        return carried(found)


def places(live: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the live states; all others get one number more."""
    return np.where(live, np.cumsum(live) - 1, int(live.sum()))
