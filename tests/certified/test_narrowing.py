"""Brackets made narrower keep their breakpoint; signs at rational gammas are exact."""

from __future__ import annotations

from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from brute_force import ending_model, endless_model
from exact_solves import advantages

from qdecay import MDP, certified_policy_regions, policy_regions
from qdecay.certified import narrowing
from qdecay.certified.result import ONE_BREAKPOINT
from qdecay.errors import BudgetExceeded
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel


@pytest.mark.parametrize("seed", range(6))
def test_signs_are_those_of_exact_elimination(seed: int) -> None:
    """Also where the advantage is 0 for every gamma: then none is found."""
    model = RationalModel((ending_model if seed % 2 else endless_model)(seed))
    policy = model.first[:-1].copy()
    graph = PolicyGraph(model, policy)
    for gamma in (Fraction(1, 3), Fraction(7, 8), 1 - Fraction(1, 2**30)):
        exact = advantages(model, policy.tolist(), gamma)
        found = [narrowing._sign_at(graph, pair, gamma) for pair in range(model.n_pairs)]
        assert found == [int(np.sign(value)) for value in exact]


@pytest.mark.parametrize("width", ["1e-12", "1e-14"])
def test_each_bracket_keeps_its_breakpoint(width: str) -> None:
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    narrow = certified_policy_regions(mdp).narrowed(width)
    exact = policy_regions(mdp).breakpoints
    for bracket, point in zip(narrow.brackets, exact, strict=True):
        assert bracket.content == ONE_BREAKPOINT
        assert bracket.upper - bracket.lower <= Fraction(width)
        assert bracket.lower < point.gamma < bracket.upper


def test_a_width_beyond_words_narrows_as_far_as_they_go() -> None:
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    found = certified_policy_regions(mdp)
    narrow = found.narrowed("1e-30")
    for before, after in zip(found.brackets, narrow.brackets, strict=True):
        assert before.lower <= after.lower < after.upper <= before.upper


def test_a_width_that_is_none_is_refused() -> None:
    found = certified_policy_regions(MDP.from_env(gym.make("FrozenLake-v1")))
    with pytest.raises(ValueError, match="width"):
        found.narrowed(0)
    with pytest.raises(TypeError, match="width"):
        found.narrowed(1e-12)  # type: ignore[arg-type]
    with pytest.raises(BudgetExceeded):
        found.narrowed("1e-12", max_seconds=1e-9)
