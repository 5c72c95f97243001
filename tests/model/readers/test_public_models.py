"""Models that people really have, restated, each with an answer that is known by another route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import exp, factorial
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

import qdecay
from qdecay import MDP, FloatMDP, as_mdp, epsilon_soft, optimal_actions, policy_regions

KINDS = (MDP, FloatMDP)
UP, RIGHT, DOWN, LEFT = range(4)
STEPS = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}


def values_at_one(mdp: Any) -> list[Fraction | None]:
    """The optimal values at gamma = 1."""
    found = policy_regions(mdp).at_one
    assert found is not None
    return list(found.value)


class Discrete:
    """A space of the package gym."""

    shape = ()

    def __init__(self, n: int) -> None:
        self.n = n


class DiscreteEnv:
    """The base class that gym had until version 0.21: sizes, a table, and where episodes begin."""

    def __init__(self, n_states: int, n_actions: int, table: Any, isd: Any) -> None:
        self.nS, self.nA, self.P, self.isd = n_states, n_actions, table, isd
        self.observation_space, self.action_space = Discrete(n_states), Discrete(n_actions)
        self.lastaction = None

    def reset(self) -> int:
        return 0

    def step(self, action: int) -> tuple[int, float, bool, dict[str, float]]:
        p, state, reward, done = self.P[0][action][0]
        return state, reward, done, {"prob": p}


class Gridworld(DiscreteEnv):
    """Sutton and Barto's example 4.1 in the style of dennybritz/reinforcement-learning."""

    def __init__(self, shape: tuple[int, int] = (4, 4)) -> None:
        n_states = int(np.prod(shape))
        self.shape = shape

        def is_done(s: int) -> bool:
            return s in (0, n_states - 1)

        table: dict[int, dict[int, Any]] = {}
        for s in range(n_states):
            row, column = np.unravel_index(s, shape)
            table[s] = {a: [] for a in range(4)}
            for a, (down, right) in STEPS.items():
                to = (
                    int(np.clip(row + down, 0, shape[0] - 1)),
                    int(np.clip(column + right, 0, shape[1] - 1)),
                )
                following = s if is_done(s) else np.ravel_multi_index(to, shape)
                reward = 0.0 if is_done(s) else -1.0
                table[s][a] = [(1.0, following, reward, is_done(following))]
        super().__init__(n_states, 4, table, np.ones(n_states) / n_states)


def test_the_gridworld_of_the_book() -> None:
    """Figure 4.1: what random walks cost, -14, -18, -20, -22; and the best, by distance."""
    for kind in KINDS:
        assert len(kind.from_env(Gridworld()).initial_states) == 16
    mdp = as_mdp(Gridworld())
    walks = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]
    assert values_at_one(epsilon_soft(mdp, 1)) == walks
    near = [-min(r + c, 6 - r - c) for r, c in product(range(4), range(4))]
    assert values_at_one(mdp) == near


class WindyGridworld(DiscreteEnv):
    """Sutton and Barto's example 6.5, in the same style."""

    def __init__(self) -> None:
        shape, wind = (7, 10), np.array([0, 0, 0, 1, 1, 1, 2, 2, 1, 0])
        n_states = np.prod(shape)
        table = {}
        for s in range(n_states):
            place = np.array(np.unravel_index(s, shape))
            table[s] = {
                a: [self._outcome(place + np.array(step), wind[place[1]], shape)]
                for a, step in STEPS.items()
            }
        isd = np.zeros(n_states)
        isd[np.ravel_multi_index((3, 0), shape)] = 1.0
        super().__init__(n_states, 4, table, isd)

    def _outcome(self, place: Any, wind: Any, shape: tuple[int, int]) -> tuple[Any, ...]:
        place = (place - np.array([1, 0]) * wind).astype(int)
        place = np.minimum(np.maximum(place, 0), np.array(shape) - 1)
        return 1.0, np.ravel_multi_index(tuple(place), shape), -1.0, tuple(place) == (3, 7)


def test_the_windy_gridworld_takes_15_steps() -> None:
    """As the book says of its best way."""
    for kind in KINDS:
        assert kind.from_env(WindyGridworld()).start == 30
    assert values_at_one(WindyGridworld())[30] == -15
    assert qdecay.price(WindyGridworld()).optimum.exact == -15


class Cliff(gym.Env[int, int]):
    """Sutton and Barto's example 6.6 as gym 0.26 had it, with numbers of NumPy everywhere."""

    def __init__(self) -> None:
        self.shape = (4, 12)
        self.start_state_index = np.ravel_multi_index((3, 0), self.shape)
        self.nS, self.nA = np.prod(self.shape), 4
        cliff = np.zeros(self.shape, dtype=np.bool_)
        cliff[3, 1:-1] = True
        self.P: dict[Any, Any] = {}
        for s in range(self.nS):
            place = np.unravel_index(s, self.shape)
            self.P[s] = {a: self._outcomes(place, step, cliff) for a, step in STEPS.items()}
        self.initial_state_distrib = np.zeros(self.nS)
        self.initial_state_distrib[self.start_state_index] = 1.0
        self.observation_space = Discrete(self.nS)  # type: ignore[assignment]
        self.action_space = Discrete(self.nA)  # type: ignore[assignment]

    def _outcomes(self, place: Any, step: Any, cliff: NDArray[np.bool_]) -> list[Any]:
        to = np.clip(np.array(place) + np.array(step), 0, np.array(self.shape) - 1)
        if cliff[tuple(to)]:
            return [(1.0, self.start_state_index, -100, False)]
        state = np.ravel_multi_index(tuple(to), self.shape)
        return [(1.0, state, -1, np.bool_(state == self.nS - 1))]


def test_a_cliff_of_the_older_package() -> None:
    """It is Gymnasium's, with spaces of no package that is known; 13 steps along the edge."""
    for kind in KINDS:
        made = kind.from_env(Cliff())
        assert made == kind.from_env(gym.make("CliffWalking-v1"))
    assert values_at_one(Cliff())[36] == -13


def chances(rate: float, least: int) -> list[float]:
    """Poisson's up to a number, of which the rest is left out."""
    return [exp(-rate) * rate**n / factorial(n) for n in range(least)]


def rental(cars: int, moves: int, longest: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Jack's car rental, Sutton and Barto's example 4.2: P (A, S, S) and R (S, A).

    A state is the cars at two places at night, and an action moves some from the first to the
    second, at 2 each; an action that there are too few cars for is nan in R. By day 3 and 4 are
    asked for on average, at 10 each, and 3 and 2 come back.
    """
    places = []
    for asked, returned in ((3, 3), (4, 2)):
        p, paid = np.zeros((cars + 1, cars + 1)), np.zeros(cars + 1)
        for there in range(cars + 1):
            for wanted, chance in enumerate(chances(asked, longest)):
                rented = min(there, wanted)
                paid[there] += 10 * rented * chance
                for back, other in enumerate(chances(returned, longest)):
                    p[there, min(there - rented + back, cars)] += chance * other
        places.append((p, paid))
    (p1, paid1), (p2, paid2) = places
    states = list(product(range(cars + 1), range(cars + 1)))
    actions = range(-moves, moves + 1)
    p = np.zeros((len(actions), len(states), len(states)))
    r = np.full((len(states), len(actions)), np.nan)
    for (s, (first, second)), (a, moved) in product(enumerate(states), enumerate(actions)):
        if -second <= moved <= first:
            one, two = min(first - moved, cars), min(second + moved, cars)
            p[a, s] = np.outer(p1[one], p2[two]).ravel()
            r[s, a] = paid1[one] + paid2[two] - 2 * abs(moved)
    return p, r


def iterated(p: NDArray[Any], r: NDArray[Any], gamma: float) -> NDArray[Any]:
    """Optimal action values by value iteration; nan in R is an action that is not there."""
    v = np.zeros(len(r))
    for _ in range(2_000):
        q = r + gamma * np.einsum("ast,t->sa", p, v)
        v = np.nanmax(q, axis=1)
    return np.asarray(q)


@pytest.mark.parametrize("gamma", ["1/2", "9/10"])
def test_a_car_rental_of_poisson_numbers(gamma: str) -> None:
    """Sums of 30 numbers are 1 within 1e-5, and each double is the fraction that it is."""
    p, r = rental(cars=4, moves=2, longest=30)
    with pytest.raises(ValueError, match=r"binary"):
        MDP.from_arrays(p, r)
    mdp = MDP.from_arrays(p, r, numbers="binary", normalise=True)
    floats = FloatMDP.from_arrays(p, r, normalise=True)
    for model in (mdp, floats):
        assert model.available.tolist() == (~np.isnan(r)).tolist()
    q = iterated(p, r, float(Fraction(gamma)))
    best = [tuple(np.flatnonzero(row >= np.nanmax(row) - 1e-9).tolist()) for row in q]
    assert optimal_actions(mdp, gamma) == tuple(best)
    solved = qdecay.value_iteration(floats, float(Fraction(gamma)), tol=1e-10)
    assert solved.v == pytest.approx(np.nanmax(q, axis=1), abs=1e-6)


def test_a_car_rental_that_leaves_out_too_much_is_refused_with_the_sum() -> None:
    """Up to 10 cars, as implementations have it: 0.3 % of the days are missing."""
    p, r = rental(cars=4, moves=2, longest=11)
    total = sum(chances(3, 11)) ** 2 * sum(chances(4, 11)) * sum(chances(2, 11))
    for kind, numbers in ((MDP, {"numbers": "binary"}), (FloatMDP, {})):
        with pytest.raises(ValueError, match="probabilities sum to") as caught:
            kind.from_arrays(p, r, normalise=True, **numbers)
        assert f"sum to {total:.10f}"[:17] in str(caught.value)


# Storage in the style of QuantEcon's lecture on discrete dynamic programming: of s units some are
# kept, at most 5, the rest is eaten, and 0 to 10 new ones come, each as likely.
GROWN, KEPT = 10, 5
LECTURE = (0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 5)
LECTURE_VALUES = [19.01740222, 20.01740222, 20.43161578, 20.74945302, 21.04078099, 21.30873018]


def storage() -> tuple[NDArray[Any], NDArray[Any]]:
    """R (S, A), the square root of what is eaten, and Q (S, A, S)."""
    n = GROWN + KEPT + 1
    r, q = np.full((n, KEPT + 1), -np.inf), np.zeros((n, KEPT + 1, n))
    for s, a in product(range(n), range(KEPT + 1)):
        if a <= s:
            r[s, a] = (s - a) ** 0.5
        q[s, a, a : a + GROWN + 1] = 1 / (GROWN + 1)
    return r, q


def test_a_storage_with_roots_is_that_of_the_lecture() -> None:
    """What to keep at 0.9, and what it is worth, as the lecture prints them."""
    r, q = storage()
    mdp = MDP.from_state_action_pairs(r, q, numbers="binary")
    assert optimal_actions(mdp, "9/10") == tuple((a,) for a in LECTURE)
    values = qdecay.value_iteration(mdp, 0.9, tol=1e-9).v
    assert values[: len(LECTURE_VALUES)] == pytest.approx(LECTURE_VALUES, abs=1e-7)
    with pytest.raises(ValueError, match="binary"):
        MDP.from_state_action_pairs(r, q)


class Rounded(DiscreteEnv):
    """A lake whose table was written to a file with six digits."""

    def __init__(self) -> None:
        lake: Any = gym.make("FrozenLake-v1").unwrapped
        table = {
            s: {a: [(round(p, 6), t, r, d) for p, t, r, d in o] for a, o in row.items()}
            for s, row in lake.P.items()
        }
        super().__init__(16, 4, table, lake.initial_state_distrib)


def test_a_table_of_six_digits_is_normalised() -> None:
    """0.333333 of 0.999999 is a third."""
    with pytest.raises(ValueError, match="sum to 999999/1000000, not 1: normalise=True"):
        as_mdp(Rounded())
    mdp = MDP.from_env(Rounded(), normalise=True)
    assert mdp == as_mdp("FrozenLake-v1")
    assert set(mdp.scaled.values()) == {Fraction(999999, 1000000)}
    floats = FloatMDP.from_env(Rounded(), normalise=True)
    assert np.allclose(floats.p.toarray(), mdp.p.toarray(), atol=1e-15)


class Gambler:
    """Sutton and Barto's example 4.3: stakes are what one has, so their number varies."""

    P: ClassVar = {
        capital: {
            stake: [
                (0.4, capital + stake, float(capital + stake == 100), capital + stake == 100),
                (0.6, capital - stake, 0.0, capital == stake),
            ]
            for stake in range(1, min(capital, 100 - capital) + 1)
        }
        for capital in range(1, 100)
    }


def test_a_gambler_plays_boldly() -> None:
    """All of 50, or all of 25 and then all of 50 (figure 4.3)."""
    mdp = as_mdp(Gambler())
    assert (mdp.n_states, mdp.n_actions) == (101, 50)
    values = values_at_one(mdp)
    assert [values[capital] for capital in (0, 25, 50, 75, 100)] == [
        0,
        Fraction(16, 100),
        Fraction(4, 10),
        Fraction(64, 100),
        0,
    ]


class RecyclingRobot:
    """Sutton and Barto's example 3.3, with words, and an action that only one state has."""

    start = "high"

    def __init__(self, alpha: float, beta: float, search: float, wait: float) -> None:
        self.P = {
            "high": {
                "search": [(alpha, "high", search, False), (1 - alpha, "low", search, False)],
                "wait": [(1.0, "high", wait, False)],
            },
            "low": {
                "search": [(beta, "low", search, False), (1 - beta, "high", -3.0, False)],
                "wait": [(1.0, "low", wait, False)],
                "recharge": [(1.0, "high", 0.0, False)],
            },
        }


def test_a_robot_searches_or_recharges() -> None:
    """Where it always searches, or recharges when low: their equations solved by hand.

    With all numbers 1/2 and rewards 2 and 1/2, searching in "high" and recharging in "low" earn
    h = 2 + g (h + l) / 2 and l = g h. Waiting in "low", 1/2 + g l, is better until the two are
    equal: l = 1 / (2 (1 - g)) = g h with h = 4 / (2 - g - g g), so (1 - g) (g + 2) = 8 g (1 - g).
    """
    robot = RecyclingRobot(0.5, 0.5, 2.0, 0.5)
    mdp = as_mdp(robot)
    assert mdp.available.tolist() == [[True, True, False], [True, True, True]]
    assert (mdp.start, mdp.action_names) == (0, ("search", "wait", "recharge"))
    found = policy_regions(mdp)
    assert [str(b.gamma.closed_form()) for b in found.breakpoints] == ["2/7"]
    assert found.breakpoints[0].changes[1].left == (1,)


WORLD = ["   +", " # -", "    "]


def school_grid() -> Iterator[tuple[Any, Any, list[Any]]]:
    """Russell and Norvig's 4 x 3 world as courses have it: cells, words, and an exit."""
    cells = {(r, c): mark for r, row in enumerate(WORLD) for c, mark in enumerate(row)}
    free = {cell for cell, mark in cells.items() if mark != "#"}
    names = dict(zip(STEPS, ("north", "east", "south", "west"), strict=True))
    for cell in sorted(free):
        if cells[cell] != " ":
            yield cell, "exit", [(1.0, "over", 1.0 if cells[cell] == "+" else -1.0, True)]
            continue
        for a in STEPS:
            outcomes = []
            for turned, chance in ((a, 0.8), ((a - 1) % 4, 0.1), ((a + 1) % 4, 0.1)):
                to = (cell[0] + STEPS[turned][0], cell[1] + STEPS[turned][1])
                outcomes.append((chance, list(to if to in free else cell), -0.04, False))
            yield cell, names[a], outcomes


class SchoolGrid:
    """The world as a dict of dicts, with cells as keys and lists as next states."""

    start: ClassVar = [2, 0]

    def __init__(self) -> None:
        self.P: dict[Any, dict[str, Any]] = {}
        for cell, action, outcomes in school_grid():
            self.P.setdefault(cell, {})[action] = outcomes


def test_the_world_of_russell_and_norvig() -> None:
    """Their utilities at gamma = 1, to three digits, and the way around the north."""
    mdp = as_mdp(SchoolGrid())
    assert mdp.state_names is not None
    assert mdp.start == mdp.state_index("(2, 0)")
    printed = {
        "(0, 0)": 0.812,
        "(0, 1)": 0.868,
        "(0, 2)": 0.918,
        "(1, 0)": 0.762,
        "(1, 2)": 0.660,
        "(2, 0)": 0.705,
        "(2, 1)": 0.655,
        "(2, 2)": 0.611,
        "(2, 3)": 0.388,
    }
    values = dict(zip(mdp.state_names, values_at_one(mdp), strict=True))
    found = {name: round(float(values[name] or 0), 3) for name in printed}
    assert found == printed


class Student:
    """The student of David Silver's course: three entries an outcome, and an end without rows."""

    P: ClassVar = {
        "class 1": {"facebook": [(1, "facebook", -1)], "study": [(1, "class 2", -2)]},
        "class 2": {"sleep": [(1, "asleep", 0)], "study": [(1, "class 3", -2)]},
        "class 3": {
            "study": [(1, "asleep", 10)],
            "pub": [(0.2, "class 1", 1), (0.4, "class 2", 1), (0.4, "class 3", 1)],
        },
        "facebook": {"facebook": [(1, "facebook", -1)], "quit": [(1, "class 1", 0)]},
    }


def test_the_student_of_the_course() -> None:
    """The optimal values at gamma = 1 that the course shows: 6, 8, 10 and 6."""
    mdp = as_mdp(Student())
    assert mdp.state_names == ("class 1", "class 2", "class 3", "facebook", "asleep")
    assert values_at_one(mdp) == [6, 8, 10, 6, 0]
    assert mdp.remarks == (
        "P does not say which outcomes terminate: none does",
        "P has no row for state asleep: absorbing with reward 0",
    )


MADE: list[Callable[[], Any]] = [
    Gridworld,
    WindyGridworld,
    Cliff,
    Gambler,
    SchoolGrid,
    Student,
    lambda: RecyclingRobot(0.5, 0.5, 2.0, 0.5),
]


@pytest.mark.parametrize("make", MADE)
def test_floats_and_fractions_are_one_model(make: Callable[[], Any]) -> None:
    """Also saved and loaded, and after a second reading."""
    exact, floats = MDP.from_env(make()), FloatMDP.from_env(make())
    assert exact == MDP.from_env(make())
    assert np.allclose(exact.p.toarray(), floats.p.toarray(), atol=1e-15)
    assert np.allclose(exact.r, floats.r, atol=1e-14, equal_nan=True)
    assert (exact.state_names, exact.start) == (floats.state_names, floats.start)
