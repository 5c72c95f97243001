"""What a policy leads to."""

from __future__ import annotations

import numpy as np
from brute_force import endless_model, garnet

from qdecay import MDP
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel


def test_no_pair_leads_to_more_live_states_than_its_bound() -> None:
    """The largest closure, found pair by pair, with cycles and states that lead nowhere."""
    models: list[MDP] = [*map(endless_model, range(30)), *(garnet(9, seed) for seed in range(5))]
    found = set()
    for model in map(RationalModel, models):
        graph = PolicyGraph(model, model.first[1:] - 1)
        pairs = np.arange(model.n_pairs)
        sizes = [
            int((graph.closure(s, model.targets[pair]) & graph.live).sum())
            for pair, s in enumerate(model.pair_state.tolist())
        ]
        assert graph.order_bound(pairs) == max(sizes)
        assert [graph.order_bound(pairs[i : i + 1]) for i in pairs] == sizes
        found |= {*sizes}
    assert found >= {0, 1, 2, 3, 4, 9}
