"""States hundreds of moves from every reward: nothing is left open from 0 to 1/2."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import gymnasium as gym
import pytest
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from qdecay import MDP, FloatMDP
from qdecay._support.deadline import Deadline
from qdecay.certified.pairs import pairs_of_model
from qdecay.certified.search import Search
from qdecay.model.base import FiniteMDP
from qdecay.model.rows import Row


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


def lottery() -> MDP:
    """A chance of 2^-100 to choose 1 or, one step later, 100; the rest is sure to earn 1, or, if
    the other action was chosen, 1 now and -1 after 13 steps."""
    chance, rows = Fraction(1, 2**100), list[Row]()
    for action, (ticket, sure) in enumerate(((1, 2), (3, 4))):
        rows.append((0, action, ticket, chance, 0, False))
        rows.append((0, action, sure, 1 - chance, 0, False))
    rows += [(s, 0, s, Fraction(1), 1, True) for s in (1, 2, 3)]
    rows.append((1, 1, 18, Fraction(1), 0, False))
    rows += [(s, 0, s + 1, Fraction(1), int(s == 4), False) for s in range(4, 17)]
    rows += [(17, 0, 17, Fraction(1), -1, True), (18, 0, 18, Fraction(1), 100, True)]
    return MDP.from_rows(rows, n_states=19, n_actions=2)


def to_a_half(mdp: FiniteMDP) -> Search:
    """The search up to gamma = 1/2, in not many more steps than it finds brackets."""
    steps = list[Fraction]()
    search = Search(
        pairs_of_model(mdp),
        Fraction(1, 10**9),
        Fraction(1, 2),
        Deadline(),
        lambda reached, brackets: steps.append(reached),
    )
    search.run()
    assert search.x == Fraction(1, 2)
    assert len(steps) <= 2 * len(search.brackets) + 4
    return search


@pytest.mark.slow
@pytest.mark.parametrize(
    "far",
    [lambda: lake(32), lambda: lake(60, 0.75, is_slippery=False), lambda: chain(1000)],
    ids=["lake", "maze", "chain"],
)
def test_no_near_ties_from_zero_to_a_half(far: Callable[[], MDP]) -> None:
    """Values are down to 2^-1000 at gamma = 1/2, and 0 in floats left of it."""
    assert not to_a_half(far()).near_ties


@pytest.mark.slow
def test_a_lake_of_floats_has_no_near_ties() -> None:
    """Pairs that rise inside a bracket are no near ties, with room for which others would be."""
    assert not to_a_half(FloatMDP.from_mdp(lake(20))).near_ties


def test_what_changes_far_away_does_not_bring_near_ties() -> None:
    """100 gamma = 1 is a breakpoint of state 1; state 0 prefers to lose gamma^14 less, which is
    below rounding there, before and after."""
    search = to_a_half(lottery())
    assert not search.near_ties
    assert [bracket.changes.keys() for bracket in search.brackets] == [{1}]
    assert search.brackets[0].lower < Fraction(1, 100) < search.brackets[0].upper
