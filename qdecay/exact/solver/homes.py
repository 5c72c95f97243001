"""Where each state surely ends up under a policy: in one recurrent class, or where nothing is left.

Of each recurrent class that earns anything one state is the *reference*. It is the home of all
states that lead to this class only, with no end on any way: whose rows sum to 1 exactly. The home
of states that lead to ends, and to states worth nothing, only is called `n`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from qdecay.exact.solver.axis import Mask
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.submatrix import columns_of, rows_of

SEVERAL = -1
_SWEEPS = 30  # of a chain, to guess which of its states is met soonest


@dataclass(frozen=True)
class Homes:
    """The homes under one policy.

    Attributes:
        graph: the policy's.
        home: (n,) reference state, n, or SEVERAL.
        may_end: (N,) the pairs that may end the episode.
    """

    graph: PolicyGraph
    home: NDArray[np.int64]
    may_end: Mask

    @classmethod
    def of(cls, graph: PolicyGraph) -> Homes:
        """Return the homes under a policy."""
        may_end = np.zeros(graph.model.n_pairs, dtype=np.bool_)
        may_end[list(graph.model.ending)] = True
        nothing = np.full(graph.model.n, SEVERAL)
        return cls(graph, nothing, may_end)._next(graph, np.ones(graph.model.n, dtype=np.bool_))

    def after(self, graph: PolicyGraph) -> Homes:
        """Return the homes under a policy whose graph was made from the present one.

        Classes that are not affected keep their references.
        """
        return self._next(graph, graph.affected)

    def _next(self, graph: PolicyGraph, affected: Mask) -> Homes:
        n, may_end = graph.model.n, self.may_end[graph.policy]
        goals = {n: np.flatnonzero(may_end | ~graph.live)}
        for states in _closed_classes(graph, may_end):
            known = not affected[states[0]]
            goals[int(self.home[states[0]]) if known else _often_met(graph, states)] = states
        low = _first_reached(graph, goals.items())
        high = _first_reached(graph, reversed(goals.items()))
        return Homes(graph, np.where(low == high, low, SEVERAL), self.may_end)

    @property
    def references(self) -> NDArray[np.int64]:
        """The reference states."""
        found: NDArray[np.int64] = np.flatnonzero(self.home == np.arange(len(self.home)))
        return found

    def agree(self, pairs: NDArray[np.int64]) -> tuple[Mask, Mask]:
        """Return which pairs surely lead to the home of their own state, and which lead, and whose
        own state leads, to states with one home each only; others of these may also end."""
        p, home = rows_of(self.graph.model.p, pairs), self.home
        own, ahead = home[self.graph.model.pair_state[pairs]], home[p.indices]
        row = np.repeat(np.arange(len(pairs)), np.diff(p.indptr))
        elsewhere, lost = (
            np.bincount(row[some], minlength=len(pairs)) > 0
            for some in (ahead != own[row], ahead == SEVERAL)
        )
        ends = self.may_end[pairs] & (own < len(home))
        single = ~lost & (own != SEVERAL)
        return single & ~elsewhere & ~ends, single


def _closed_classes(graph: PolicyGraph, may_end: Mask) -> Iterable[NDArray[np.int64]]:
    """Yield the states of each class that is never left and earns something."""
    p = graph.p
    count, label = csgraph.connected_components(p, directed=True, connection="strong")
    row = np.repeat(np.arange(graph.model.n), np.diff(p.indptr))
    closed = np.ones(count, dtype=np.bool_)
    closed[label[row][label[row] != label[p.indices]]] = False
    closed[label[may_end | ~graph.live]] = False
    inside = np.flatnonzero(closed[label])
    inside = inside[np.argsort(label[inside], kind="stable")]
    return np.split(inside, np.flatnonzero(np.diff(label[inside])) + 1) if len(inside) else []


def _often_met(graph: PolicyGraph, states: NDArray[np.int64]) -> int:
    """Return a state of a class that the chain meets often: it is reached soon from all others."""
    inner: sparse.csr_matrix = columns_of(rows_of(graph.p, states), states)
    met = np.ones(len(states))
    for _ in range(_SWEEPS):
        met = (met + met @ inner) / 2
    return int(states[np.argmax(met)])


def _first_reached(
    graph: PolicyGraph, goals: Iterable[tuple[int, NDArray[np.int64]]]
) -> NDArray[np.int64]:
    """Return for each state the first goal that it leads to; each leads to some."""
    found = np.full(graph.model.n, SEVERAL)
    for goal, states in goals:
        new = graph.ancestors(states.tolist()) & (found == SEVERAL)
        found[new] = goal
    return found
