"""Which states a policy leads to: closures, ancestors, components."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from qdecay.exact.rational_model import RationalModel


class PolicyGraph:
    """The going-on moves of one policy (a pair for each state) of a model."""

    def __init__(self, model: RationalModel, policy: NDArray[np.int64]) -> None:
        self.model, self.policy = model, policy
        self.p = model.p[policy]

    @cached_property
    def _backward(self) -> sparse.csr_matrix:
        return self.p.T.tocsr()

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """States that can still meet a reward other than 0; all others are worth 0."""
        return self.ancestors(np.flatnonzero(self.model.r[self.policy]))

    def ancestors(self, states: Iterable[int]) -> NDArray[np.bool_]:
        """The states themselves and all states that lead to them."""
        return _reach(self._backward, states)

    def closure(self, state: int, *targets: Iterable[int]) -> NDArray[np.bool_]:
        """The state, the targets, and all these lead to."""
        return _reach(self.p, {state}.union(*targets))

    def order_bound(self, pairs: NDArray[np.int64]) -> int:
        """A number of live states that no single pair's closure exceeds.

        It counts the largest weakly connected component once the pairs' own moves are added.
        """
        extra = self.model.p[pairs]
        rows = self.model.pair_state[pairs]
        placed = sparse.csr_matrix(
            (np.ones(len(pairs)), (rows, np.arange(len(pairs)))), shape=(self.model.n, len(pairs))
        )
        live = self.live
        keep = sparse.diags(live.astype(float))
        _, label = csgraph.connected_components((self.p + placed @ extra) @ keep, directed=False)
        return int(np.bincount(label[live], minlength=1).max(initial=0))


def _reach(graph: sparse.csr_matrix, seeds: Iterable[int]) -> NDArray[np.bool_]:
    """Search from one more node that leads to all seeds."""
    n, first = graph.shape[0], np.unique(np.fromiter(seeds, dtype=graph.indices.dtype))
    indptr = np.append(graph.indptr, graph.indptr[-1] + len(first))
    indices, data = np.append(graph.indices, first), np.ones(len(graph.indices) + len(first))
    extended = sparse.csr_matrix((data, indices, indptr), shape=(n + 1, n + 1))
    found = np.zeros(n + 1, dtype=np.bool_)
    found[csgraph.breadth_first_order(extended, n, return_predecessors=False)] = True
    return found[:n]
