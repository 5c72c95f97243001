"""Small models and environments that several tests share, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import gymnasium as gym
from hypothesis import strategies as st

from qdecay import MDP
from qdecay_envs import ChainLayout

TAXI = "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"  # the rain of the latter differs


# A queue: served at once (1, ends), or wait; a wait ends in one of two halls, or goes on.
WALK: list[tuple[Any, ...]] = [
    (0, 0, 1, 0, True),
    (0, 0, 1, 0, True),
    (0, 0, 0, 0, True),
    (0, 1, 0, 1, False),
    (0, 1, 0, 2, False),
    (0, 1, 0, 1, False),
    (1, 1, 0.1, 0, False),
    (1, 1, 0.3, 0, False),
    (1, 1, 0.1, 0, False),
    (1, 1, 0.1, 3, True),
]
# A ticket that pays 1 (8 of 20), or a queue that pays 2 to whom it serves (7 of 30 a step).
LOTTERY = [
    *[(0, 0, 1, 0, True)] * 8,
    *[(0, 0, 0, 0, True)] * 12,
    (0, 1, 0, 1, False),
    *[(1, 1, 2, 1, True)] * 7,
    *[(1, 1, 0, 1, False)] * 23,
]
# State 0 circles for -1 a step or walks to state 1 for -3; there the episode ends for nothing.
TEMPTING = MDP.from_rows(
    [(0, 0, 0, 1, -1, False), (0, 1, 1, 1, -3, False), (1, 0, 1, 1, 0, True)],
    n_states=2,
    n_actions=2,
    start=0,
)
COLUMNS = ("state", "action", "reward", "next_state", "terminated")


def columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return transitions in columns by name."""
    return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))


def assert_same(mdp: MDP, rows: Iterable[Any]) -> None:
    """The model is the one of the rows."""
    expected = MDP.from_rows(rows, n_states=mdp.n_states, n_actions=mdp.n_actions)
    assert list(mdp.rows()) == list(expected.rows())


def two_state_puterman() -> MDP:
    """Puterman's two-state example (2005, section 3.1): share 5, leave 10, then -1 for ever."""
    half = Fraction(1, 2)
    rows = [
        (0, 0, 0, half, 5, False),
        (0, 0, 1, half, 5, False),
        (0, 1, 1, 1, 10, False),
        (1, 0, 1, 1, -1, False),
    ]
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)


def howard_taxicab() -> MDP:
    """Howard's taxicab (1960, chapter 5): three towns; cruise, go to the stand, or wait for a call.

    Policy (2, 2, 2) earns 13.34453782 per trip. There is no radio in the second town.
    """
    table = {  # town, alternative: probabilities of the next town, and the fares
        (0, 0): (("1/2", "1/4", "1/4"), (10, 4, 8)),
        (0, 1): (("1/16", "3/4", "3/16"), (8, 2, 4)),
        (0, 2): (("1/4", "1/8", "5/8"), (4, 6, 4)),
        (1, 0): (("1/2", "0", "1/2"), (14, 0, 18)),
        (1, 1): (("1/16", "7/8", "1/16"), (8, 16, 8)),
        (2, 0): (("1/4", "1/4", "1/2"), (10, 2, 8)),
        (2, 1): (("1/8", "3/4", "1/8"), (6, 4, 2)),
        (2, 2): (("3/4", "1/16", "3/16"), (4, 0, 8)),
    }
    rows = [
        (s, a, t, p, fare, False)
        for (s, a), numbers in table.items()
        for t, (p, fare) in enumerate(zip(*numbers, strict=True))
    ]
    return MDP.from_rows(rows, n_states=3, n_actions=3, start=0)


@st.composite
def mdps(draw: st.DrawFn, max_states: int = 4, max_actions: int = 3, ends: bool = False) -> MDP:
    """Random MDPs with small rationals; with `ends`, every row terminates with some probability."""
    n_states = draw(st.integers(1, max_states))
    n_actions = draw(st.integers(1, max_actions))
    rows: list[Any] = []
    for s in range(n_states):
        n_available = draw(st.integers(1, n_actions))
        for a in range(n_available):
            weights = draw(
                st.lists(st.integers(0, 4), min_size=n_states + 1, max_size=n_states + 1).filter(
                    lambda w: sum(w[:-1]) > 0 and (w[-1] > 0 or not ends)
                )
            )
            total = sum(weights)
            reward = draw(st.fractions(-5, 5, max_denominator=6))
            for t, weight in enumerate(weights[:-1]):
                rows.append((s, a, t, Fraction(weight, total), reward, False))
            rows.append((s, a, s, Fraction(weights[-1], total), reward, True))
    return MDP.from_rows(rows, n_states=n_states, n_actions=n_actions, start=0)


rewards = st.one_of(st.integers(-4, 4), st.fractions(-3, 3, max_denominator=5))


@st.composite
def layouts(draw: st.DrawFn, max_branches: int = 3, max_length: int = 5) -> ChainLayout:
    """Random layouts with small rational rewards and any ending."""
    n_branches = draw(st.integers(2, max_branches))
    streams = [
        (f"branch {i}", tuple(draw(st.lists(rewards, min_size=1, max_size=max_length))))
        for i in range(n_branches)
    ]
    ending: Any = draw(st.sampled_from(["terminate", "repeat", "absorb"]))
    return ChainLayout(tuple(streams), ending)


class TableEnv(gym.Env[int, int]):
    """A Gymnasium environment that plays the float table of an MDP, from state 0."""

    def __init__(self, mdp: MDP) -> None:
        self.P = {
            s: {a: [] for a in range(mdp.n_actions) if mdp.available[s, a]}
            for s in range(mdp.n_states)
        }
        columns = (mdp.state, mdp.action, mdp.probability, mdp.next_state, mdp.reward)
        for s, a, p, t, r, done in zip(
            *(c.tolist() for c in (*columns, mdp.terminated)), strict=True
        ):
            self.P[s][a].append((p, t, r, done))
        self.observation_space = gym.spaces.Discrete(mdp.n_states)
        self.action_space = gym.spaces.Discrete(mdp.n_actions)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        """Go to state 0."""
        super().reset(seed=seed)
        self._state = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Draw one row of the table."""
        rows = self.P[self._state][int(action)]
        drawn = self.np_random.choice(len(rows), p=[p for p, *_ in rows])
        _, self._state, reward, done = rows[drawn]
        return self._state, reward, done, False, {}
