"""Where states end up, against all that they reach."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np

from qdecay.exact.solver.homes import SEVERAL, Homes
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.model.mdp import MDP


def random_model(rng: random.Random) -> RationalModel:
    """Few moves, so that some states are left for good, and some moves end."""
    rows, n = [], rng.randint(2, 12)
    for s in range(n):
        for a in range(2):
            targets = rng.sample(range(n), min(n, rng.choice((1, 1, 1, 2, 2, 3))))
            cuts = sorted(rng.sample(range(1, 6), len(targets) - 1))
            reward, ends = rng.choice((0, 0, 1, 2)), rng.random() < 0.08
            for t, (x, y) in zip(targets, pairwise([0, *cuts, 6]), strict=True):
                rows.append((s, a, t, Fraction(y - x, 6), reward, ends))
    return RationalModel(MDP.from_rows(rows, n_states=n, n_actions=2))


def reached(graph: PolicyGraph, state: int) -> frozenset[int]:
    found, waiting = {state}, [state]
    for s in waiting:
        ahead = set(graph.model.targets[graph.choices[s]]) - found
        found |= ahead
        waiting += ahead
    return frozenset(found)


def goals(graph: PolicyGraph, state: int) -> set[frozenset[int] | None]:
    """Return the classes that a state may stay in, and None where it may meet an end."""
    found: set[frozenset[int] | None] = set()
    sure = graph.model.sure[graph.policy] & graph.live
    for s in reached(graph, state):
        if not sure[s]:
            found.add(None)
        elif all(s in reached(graph, t) and sure[t] for t in reached(graph, s)):
            found.add(reached(graph, s))
    return found


def test_homes_follow_policies_that_change() -> None:
    """One home where all that a state reaches has one end, for 150 models and 5 policies each."""
    rng = random.Random(0)
    several = 0
    for _ in range(150):
        model = random_model(rng)
        policy = np.array([rng.choice(model.pairs_of(s)) for s in range(model.n)])
        graph = PolicyGraph(model, policy)
        homes = Homes.of(graph)
        for _ in range(5):
            for s, home in enumerate(homes.home.tolist()):
                match list(goals(graph, s)):
                    case [None]:
                        assert home == model.n
                    case [states]:
                        assert states is not None
                        assert home in states
                        assert homes.home[home] == home
                    case _:
                        assert home == SEVERAL
                        several += 1
            policy = policy.copy()
            for s in rng.sample(range(model.n), rng.choice((1, 1, 2))):
                policy[s] = rng.choice(model.pairs_of(s))
            graph = PolicyGraph(model, policy, graph)
            homes = homes.after(graph)
    assert several > 100
