"""The signs of advantages at gamma = 1 itself.

In episodic models many policies are equally good at gamma = 1: their advantages vanish there, and
no float proves them negative up to 1. An advantage that is not positive at 1 and has a
positive slope up to 1 is negative just before it. If it has a pole at 1, this applies to its
product with 1 - gamma.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.policy_graph import PolicyGraph

_MOST_STATES = 256  # a dense exact solve takes about 30 ms here, and grows like n^3


def not_positive_at_one(
    graph: PolicyGraph, pairs: NDArray[np.int64], deadline: Deadline
) -> NDArray[np.bool_]:
    """Return which pairs have an advantage <= 0 at gamma = 1, as a limit; False if unknown."""
    model, found = graph.model, np.zeros(len(pairs), dtype=np.bool_)
    numbers: list[int] = pairs.tolist()
    states = model.pair_state[pairs].tolist()
    ahead = graph.closure(states[0], states, *(model.targets[pair] for pair in numbers))
    live = np.flatnonzero(graph.live & ahead)  # all other states are worth 0
    if len(live) > _MOST_STATES:
        return found
    terms = laurent(model, graph.policy, deadline, live)
    for i, pair in enumerate(numbers):
        found[i] = (terms.term(pair, 0) or terms.term(pair, 1)) <= 0
    return found
