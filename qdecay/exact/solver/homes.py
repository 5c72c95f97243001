"""Where each state surely ends up under a policy: in one recurrent class, or worth nothing.

One state of each recurrent class that earns anything is its *reference*. It is the home of all
states that lead only to this class and cannot end on the way, so that their rows sum to 1 exactly.
States that lead only to ends, and to states worth nothing, have the home `n`.
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
from qdecay.exact.solver.submatrix import Part, columns_of, rows_of

SEVERAL = -1
_UNKNOWN = -2
_SWEEPS = 30  # of a chain, to guess which of its states is met soonest


@dataclass(frozen=True)
class Homes:
    """The homes under one policy.

    Attributes:
        graph: the policy's.
        home: (n,) reference state, n, or SEVERAL.
    """

    graph: PolicyGraph
    home: NDArray[np.int64]

    @classmethod
    def of(cls, graph: PolicyGraph) -> Homes:
        """Return the homes under a policy."""
        n = graph.model.n
        return cls(graph, np.full(n, SEVERAL))._next(graph, np.ones(n, dtype=np.bool_))

    def after(self, graph: PolicyGraph) -> Homes:
        """Return the homes under a policy whose graph was made from the present one.

        References are kept where possible.
        """
        return self._next(graph, graph.affected)

    def _next(self, graph: PolicyGraph, affected: Mask) -> Homes:
        model, states = graph.model, np.flatnonzero(affected)
        pairs = graph.policy[states]
        p = rows_of(model.p, pairs)
        last = ~(model.sure[pairs] & graph.live[states])
        classes = _closed_classes(p, states, last)
        beside = np.unique(p.indices[~affected[p.indices]])  # unaffected states keep their homes
        goals = {
            model.n: states[last],
            **{self._reference(graph, inside): inside for inside in classes},
        }
        for goal in np.setdiff1d(self.home[beside], SEVERAL).tolist():
            there = beside[self.home[beside] == goal]
            goals[goal] = np.append(goals[goal], there) if goal in goals else there
        home = self.home.copy()
        home[states] = _UNKNOWN
        home = graph.first_reached(goals, home.tolist(), _UNKNOWN)
        home[home == _UNKNOWN] = SEVERAL
        # A state that also reaches another goal leads to a state that reaches only that one.
        row = np.repeat(states, np.diff(p.indptr))
        torn = np.unique(row[home[row] != home[p.indices]])
        if len(torn):
            home[graph.ancestors(torn.tolist())] = SEVERAL
        return Homes(graph, home)

    def _reference(self, graph: PolicyGraph, inside: NDArray[np.int64]) -> int:
        known = inside[self.home[inside] == inside]
        return int(known[0]) if len(known) else _often_met(graph, inside)

    @property
    def references(self) -> NDArray[np.int64]:
        """The reference states."""
        found: NDArray[np.int64] = np.flatnonzero(self.home == np.arange(len(self.home)))
        return found

    @property
    def several(self) -> Mask:
        """(n,) which states have several."""
        found: Mask = self.home == SEVERAL
        return found

    def agree(self, pairs: NDArray[np.int64]) -> Mask:
        """Return which pairs surely lead to the home of their own state, its only one."""
        p, home = rows_of(self.graph.model.p, pairs), self.home
        own, ahead = home[self.graph.model.pair_state[pairs]], home[p.indices]
        row = np.repeat(np.arange(len(pairs)), np.diff(p.indptr))
        elsewhere = np.bincount(row[ahead != own[row]], minlength=len(pairs)) > 0
        stays = self.graph.model.sure[pairs] | (own == len(home))
        same: Mask = (own != SEVERAL) & ~elsewhere & stays
        return same


def _closed_classes(p: Part, states: NDArray[np.int64], last: Mask) -> Iterable[NDArray[np.int64]]:
    """Yield the states of each class that is never left, and has none of the last states.

    Args:
        p: the rows of the states.
        last: (states,) which are last.
    """
    inner = columns_of(p, states)
    count, label = csgraph.connected_components(inner.toscipy(), connection="strong")
    row = np.repeat(np.arange(len(states)), np.diff(inner.indptr))
    closed = np.ones(count, dtype=np.bool_)
    closed[label[row][label[row] != label[inner.indices]]] = False
    closed[label[last | (np.diff(p.indptr) > np.diff(inner.indptr))]] = False
    inside = np.flatnonzero(closed[label])
    inside = inside[np.argsort(label[inside], kind="stable")]
    if len(inside) == 0:
        return []
    return np.split(states[inside], np.flatnonzero(np.diff(label[inside])) + 1)


def _often_met(graph: PolicyGraph, states: NDArray[np.int64]) -> int:
    """Return a state of a class that the chain meets often: it is reached soon from all others."""
    inner: sparse.csr_matrix = columns_of(rows_of(graph.p, states), states).toscipy()
    met = np.ones(len(states))
    for _ in range(_SWEEPS):
        met = (met + met @ inner) / 2
    return int(states[np.argmax(met)])
