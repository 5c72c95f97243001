"""Brackets made narrower keep their breakpoint; signs at rational gammas are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

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


def small(gamma: Fraction) -> MDP:
    """State 0 ends, or goes on with that probability to 1, at once or by way of 2, for 1 then."""
    rows: list[Any] = [(0, 0, 1, gamma, 0, False), (0, 0, 1, 1 - gamma, 0, True)]
    rows += [(0, 1, 2, 1, 0, False), (1, 0, 1, 1, 1, True), (2, 0, 1, 1, 0, False)]
    return MDP.from_rows(rows, n_states=3, n_actions=2, start=0)


@pytest.mark.parametrize("gamma", [Fraction(1, 100), Fraction(1, 10**6), Fraction(4, 10**15)])
@pytest.mark.parametrize("width", ["1e-14", "1e-30"])
def test_widths_that_floats_cannot_tell_have_one_bracket(gamma: Fraction, width: str) -> None:
    """Exact signs make it as narrow as 64-bit integers allow; what is wider is said."""
    found = certified_policy_regions(small(gamma), width=width)
    [bracket] = found.brackets
    assert (bracket.content, found.near_ties) == (ONE_BREAKPOINT, ())
    assert bracket.lower < gamma < bracket.upper
    assert (found.wider == (0,)) == (bracket.upper - bracket.lower > Fraction(width))
    assert ("wider than asked" in found.in_words()[0]) == (found.wider == (0,))


def test_a_width_that_is_none_is_refused() -> None:
    found = certified_policy_regions(MDP.from_env(gym.make("FrozenLake-v1")))
    with pytest.raises(ValueError, match="width"):
        found.narrowed(0)
    with pytest.raises(TypeError, match="width"):
        found.narrowed(1e-12)  # type: ignore[arg-type]
    with pytest.raises(BudgetExceeded):
        found.narrowed("1e-12", max_seconds=1e-9)
