"""Families of exact models, by size, as `exact_regions.py` and `certified_regions.py` measure them.

Every model is the same wherever it is built: random numbers come from `random.Random`, and
probabilities are fractions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import gymnasium as gym
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from qdecay import MDP, as_mdp

Breakpoints = Callable[[int], int | None]


@dataclass(frozen=True)
class Family:
    """Models of several sizes.

    Attributes:
        sizes: numbers of states, or sides of a lake.
        breakpoints: how many a size has, by a second source; None where there is none.
    """

    name: str
    build: Callable[[int], MDP]
    sizes: tuple[int, ...]
    breakpoints: Breakpoints = lambda _: None

    def case(self, size: int) -> str:
        """Return the name of one model."""
        return f"{self.name} {size}" if len(self.sizes) > 1 else self.name


def lake(**options: Any) -> MDP:
    return MDP.from_env(gym.make("FrozenLake-v1", **options))


def random_lake(size: int) -> MDP:
    return lake(desc=generate_random_map(size=size, p=0.85, seed=1))


def chain(length: int) -> MDP:
    """State s: take 1 and stop, or walk on to the 2 at the end."""
    rows: list[Any] = [(s, 0, s, 1, 1, True) for s in range(length)]
    rows += [(s, 1, s + 1, 1, 0, False) for s in range(length - 1)]
    rows.append((length - 1, 1, length - 1, 1, 2, True))
    return MDP.from_rows(rows, n_states=length, n_actions=2)


def garnet(
    n_states: int,
    *,
    n_actions: int = 3,
    successors: int = 3,
    parts: int = 100,
    seed: int = 0,
) -> MDP:
    """A random model that never ends, after Archibald, McKinnon and Thomas (1995).

    Successors are drawn without repetition; 1 is cut into as many pieces, multiples of 1 / parts,
    at cuts that are drawn likewise. Rewards are 0 .. 9, by state and action.
    """
    draw, rows = random.Random(seed), []
    for state in range(n_states):
        for action in range(n_actions):
            to = draw.sample(range(n_states), successors)
            cuts = [0, *sorted(draw.sample(range(1, parts), successors - 1)), parts]
            reward = draw.randint(0, 9)
            for target, (low, high) in zip(to, pairwise(cuts), strict=True):
                chance = Fraction(high - low, parts)
                rows.append((state, action, target, chance, reward, False))
    return MDP.from_rows(rows, n_states=n_states, n_actions=n_actions)


def dense(n_states: int) -> MDP:
    """A garnet whose every action leads everywhere."""
    return garnet(n_states, successors=n_states, parts=1000)


def deterministic(n_states: int) -> MDP:
    """Two actions, each to a random state for a reward of 0 .. 9, for ever."""
    return garnet(n_states, n_actions=2, successors=1, parts=1)


def strens(n_states: int) -> MDP:
    """Strens' chain: on for 10 at its end, or back for 2, and one time in five the other."""
    return as_mdp("qdecay/NChain-v0", n=n_states)


def strens_breakpoints(n_states: int) -> int:
    """How many states i = n - 1 - j, j >= 1, have a break-even gamma, by the law of NChainEnv:
    (1 + 1/5 + ... + 1/5^i) 10 (4/5)^j > 2."""
    return sum(
        (1 - Fraction(1, 5) ** (n_states - j)) * Fraction(4, 5) ** j > Fraction(4, 25)
        for j in range(1, n_states)
    )


def gambler(goal: int) -> MDP:
    """Sutton and Barto's example 4.3 with favourable coins, 0.55: 1 for reaching the goal."""
    return MDP.from_rows(list(stakes(goal)), n_states=goal, n_actions=goal // 2)


def stakes(goal: int) -> Iterator[tuple[Any, ...]]:
    """State 0 has nothing and no action; action k stakes k + 1."""
    win = Fraction(11, 20)
    for capital in range(1, goal):
        for stake in range(1, min(capital, goal - capital) + 1):
            for chance, to in ((win, capital + stake), (1 - win, capital - stake)):
                ends = to in (0, goal)
                yield capital, stake - 1, to % goal, chance, int(to == goal), ends


LAKES = {4: 2, 8: 25}
RANDOM_LAKES = {10: 24, 12: 52, 16: 143}  # found by the reference as well
GAMBLERS = {80: 762}  # counted by another author's model of the problem

FAMILIES = (
    Family("FrozenLake", lambda n: lake(map_name=f"{n}x{n}"), (4, 8), LAKES.get),
    Family(
        "FrozenLake 8 at 0.8",
        lambda n: lake(map_name=f"{n}x{n}", success_rate=0.8),
        (8,),
        {8: 48}.get,
    ),
    Family("Taxi, rainy", lambda _: as_mdp("Taxi-v4", is_rainy=True), (500,), {500: 3}.get),
    Family("random lake", random_lake, (10, 12, 14, 16), RANDOM_LAKES.get),
    Family("garnet", garnet, (50, 100, 200, 400)),
    Family("dense", dense, (50, 100, 150)),
    Family("Strens' chain", strens, (100, 200, 400), strens_breakpoints),
    Family("gambler", gambler, (20, 40, 80), GAMBLERS.get),
    Family("deterministic", deterministic, (800, 1600, 3200)),
    Family("chain", chain, (251, 501, 1001), lambda n: n - 1),
)
