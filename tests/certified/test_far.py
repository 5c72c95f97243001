"""States hundreds of moves from every reward: nothing is left open from 0 to 1/2."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import gymnasium as gym
import pytest
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from qdecay import MDP
from qdecay._support.deadline import Deadline
from qdecay.certified.pairs import pairs_of_model
from qdecay.certified.search import Search


def lake(size: int, frozen: float = 0.9, is_slippery: bool = True) -> MDP:
    """A random lake."""
    desc = generate_random_map(size=size, p=frozen, seed=1)
    return MDP.from_env(gym.make("FrozenLake-v1", desc=desc, is_slippery=is_slippery))


def chain(length: int) -> MDP:
    """On or back with chances 99 and 1 of 100, or 9 and 1 of 10; 1 at the end."""
    rows = []
    for s in range(length):
        for action, on in enumerate((Fraction(99, 100), Fraction(9, 10))):
            rows.append((s, action, s + 1, on, 0, False))
            rows.append((s, action, max(s - 1, 0), 1 - on, 0, False))
    rows.append((length, 0, length, Fraction(1), 1, True))
    return MDP.from_rows(rows, n_states=length + 1, n_actions=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "far",
    [lambda: lake(32), lambda: lake(60, 0.75, is_slippery=False), lambda: chain(1000)],
    ids=["lake", "maze", "chain"],
)
def test_no_near_ties_from_zero_to_a_half(far: Callable[[], MDP]) -> None:
    """Values are down to 2^-1000 at gamma = 1/2, and 0 in floats left of it."""
    model = pairs_of_model(far())
    search = Search(
        model, Fraction(1, 10**9), Fraction(1, 2), Deadline(), lambda reached, brackets: None
    )
    search.run()
    assert search.x == Fraction(1, 2)
    assert not search.near_ties
