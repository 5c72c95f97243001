"""Which states can be reached, and how long the paths between them are."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from qdecay.model.mdp import MDP


def reachable(mdp: MDP, state: int) -> NDArray[np.int64]:
    """Return the states with actions that can be reached from `state`, including itself, in order.

    By any actions; terminating transitions lead nowhere.
    """
    order = csgraph.breadth_first_order(moves(mdp), state, return_predecessors=False)
    found: NDArray[np.int64] = np.sort(order[mdp.available[order].any(axis=1)]).astype(np.int64)
    return found


def longest_walk(mdp: MDP, states: NDArray[np.int64]) -> int | None:
    """Return the most steps that can be taken among these states; None if there is a cycle."""
    among = moves(mdp)[states][:, states]
    follows = {
        s: among.indices[among.indptr[s] : among.indptr[s + 1]].tolist() for s in range(len(states))
    }
    steps: dict[int, int] = {}
    try:
        for s in TopologicalSorter(follows).static_order():
            steps[s] = 1 + max((steps[t] for t in follows[s]), default=0)
    except CycleError:
        return None
    return max(steps.values())


def moves(mdp: MDP) -> sparse.csr_matrix:
    """Return the next states of each state by any action, shape (S, S)."""
    pairs = mdp.p.tocoo()
    places = (pairs.row // mdp.n_actions, pairs.col)
    return sparse.csr_matrix((np.ones(pairs.nnz), places), shape=(mdp.n_states, mdp.n_states))
