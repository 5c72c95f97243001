"""Tables as people write them: keys of any kind, lists or dicts, numpy's numbers, no spaces."""

from __future__ import annotations

import math
import random
import re
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from qdecay import MDP, FloatMDP, as_mdp, compare, policy_regions, price, q_learning
from qdecay.model.door import as_chain_env, as_finite_mdp, as_world

KINDS = (MDP, FloatMDP)
HALF = Fraction(1, 2)

# In "a", "go" leads to "b" or stays, each with probability 1/2 and for 1; in "b", "go" ends for 3
# and "rest" stays for 1/10.
MEANT = MDP.from_rows(
    [
        (0, 0, 0, HALF, 1, False),
        (0, 0, 1, HALF, 1, False),
        (1, 0, 1, 1, 3, True),
        (1, 1, 1, 1, "1/10", False),
    ],
    n_states=2,
    n_actions=2,
    start=0,
)
Cell = namedtuple("Cell", "row column")
Found = namedtuple("Found", "probability following reward done")


def held(table: Any, **attributes: Any) -> Any:
    """An object of no environment's class that has a table."""
    return SimpleNamespace(P=table, **attributes)


def keyed(a: Any, b: Any, go: Any = 0, rest: Any = 1) -> dict[Any, Any]:
    """The table with these states and actions."""
    return {
        a: {go: [(0.5, a, 1.0, False), (0.5, b, 1.0, False)]},
        b: {go: [(1.0, b, 3.0, True)], rest: [(1.0, b, 0.1, False)]},
    }


PLAIN = keyed(0, 1)
FORMS = {
    "dicts": PLAIN,
    "lists": [[PLAIN[0][0], []], [PLAIN[1][0], PLAIN[1][1]]],
    "tuples, and None for no outcomes": ((PLAIN[0][0], None), (PLAIN[1][0], PLAIN[1][1])),
    "lists with an action that nobody has": [
        [PLAIN[0][0], [], []],
        [PLAIN[1][0], PLAIN[1][1], None],
    ],
    "a dict of lists": {0: [PLAIN[0][0]], 1: [PLAIN[1][0], PLAIN[1][1]]},
    "lists as outcomes": {
        s: {a: [list(o) for o in found] for a, found in row.items()} for s, row in PLAIN.items()
    },
    "arrays of numbers as outcomes": {
        s: {a: np.array(found) for a, found in row.items()} for s, row in PLAIN.items()
    },
    "named tuples": {
        s: {a: [Found(*o) for o in found] for a, found in row.items()} for s, row in PLAIN.items()
    },
    "numbers of numpy": {
        np.int64(s): {
            np.int8(a): [
                (np.float64(p), np.int32(t), np.float64(r), np.bool_(d)) for p, t, r, d in o
            ]
            for a, o in row.items()
        }
        for s, row in PLAIN.items()
    },
    "0 and 1 for terminated": {
        s: {a: [(p, t, r, int(d)) for p, t, r, d in o] for a, o in row.items()}
        for s, row in PLAIN.items()
    },
    "rewards in arrays": {
        s: {a: [(p, t, np.array([r]), d) for p, t, r, d in o] for a, o in row.items()}
        for s, row in PLAIN.items()
    },
    "no next state after the end": {
        s: {a: [(p, None if d else t, r, d) for p, t, r, d in o] for a, o in row.items()}
        for s, row in PLAIN.items()
    },
    "text and fractions": {0: {0: [("1/2", 0, 1, False), (HALF, 1, 1, False)]}, 1: PLAIN[1]},
    "states out of order": {1: PLAIN[1], 0: PLAIN[0]},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_in_every_form(form: str, kind: type) -> None:
    """Of an object without spaces, sizes or a class; no names are invented."""
    made = kind.from_env(held(FORMS[form], isd=[1.0, 0.0]))
    assert made == (MEANT if kind is MDP else FloatMDP.from_mdp(MEANT))
    assert (made.name, made.time_limit, made.remarks) == (None, None, ())


def test_a_narrow_float_is_short_by_its_own_digits() -> None:
    """0.1 of 32 bits is 1/10, though it is not the 0.1 of 64; as binary fraction it is neither."""
    narrow = {
        s: {a: np.array(o, dtype=np.float32) for a, o in row.items()} for s, row in PLAIN.items()
    }
    assert MDP.from_env(held(narrow, isd=[1, 0])) == MEANT
    binary = MDP.from_env(held(narrow), numbers="binary")
    assert binary.exact_r[1, 1] == Fraction(float(np.float32(0.1))) != Fraction(0.1)


LABELLED: dict[str, tuple[Any, Any, tuple[str, str], tuple[str, str] | None]] = {
    "text": (("a", "b"), ("go", "rest"), ("a", "b"), ("go", "rest")),
    "text out of order": (("z", "b"), ("up", "down"), ("z", "b"), ("up", "down")),
    "tuples": (((3, 0), (0, 1)), (0, 1), ("(3, 0)", "(0, 1)"), None),
    "cells": ((Cell(0, 0), Cell(0, 1)), (0, 1), ("(0, 0)", "(0, 1)"), None),
    "numpy's text": ((np.str_("a"), np.str_("b")), (0, 1), ("a", "b"), None),
    "numbers from 1": ((1, 2), (1, 2), ("1", "2"), ("1", "2")),
    "numbers with gaps": ((5, 70), (0, 1), ("5", "70"), None),
    "a number and text": ((0, "end"), (0, 1), ("0", "end"), None),
    "moves": (("a", "b"), ((0, 1), (1, 0)), ("a", "b"), ("(0, 1)", "(1, 0)")),
    "frozen sets": (
        (frozenset(), frozenset({1})),
        (0, 1),
        ("frozenset()", "frozenset({1})"),
        None,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", LABELLED)
def test_states_and_actions_are_named_by_what_they_are(case: str, kind: type) -> None:
    """And numbered in the order of the table; its start may be given by what it is."""
    states, actions, names, action_names = LABELLED[case]
    table = keyed(*states, *actions)
    for start in ({"start": states[0]}, {"isd": {states[0]: 1.0}}, {"isd": [1.0, 0]}):
        made = kind.from_env(held(table, **start))
        assert (made.state_names, made.action_names, made.start) == (names, action_names, 0)
        assert made.p.toarray().tolist() == MEANT.p.toarray().tolist()
        assert np.array_equal(made.r, MEANT.r, equal_nan=True)
        assert made.available.tolist() == MEANT.available.tolist()
    assert made.state_index(names[1]) == 1


def test_a_next_state_may_be_a_list_or_an_array_where_keys_are_tuples() -> None:
    tuples = keyed((0, 0), (0, 1))
    for seen in (list, np.array):
        table = {
            s: {a: [(p, seen(t), r, d) for p, t, r, d in o] for a, o in row.items()}
            for s, row in tuples.items()
        }
        assert as_mdp(held(table)) == as_mdp(held(tuples))


def test_states_without_rows_are_absorbing() -> None:
    """One that is only led to, one with no actions, one that the space alone knows."""
    table = {"a": {"go": [(1.0, "end", 1.0, False)]}, "b": {}, "c": None}
    made = as_mdp(held(table))
    assert made.state_names == ("a", "b", "c", "end")
    assert made.available.tolist() == [[True], [False], [False], [False]]
    assert made.remarks == ("P has no row for state end: absorbing with reward 0",)
    made = as_mdp(held([[[(1.0, 1, 1.0, False)]]], nS=4))
    assert (made.n_states, made.state_names) == (4, None)
    assert made.remarks == ("P has no row for state 1: absorbing with reward 0",)
    cells = {
        (0, 0): {0: [(0.5, (5, 5), 1, 0), (0.5, (6, 6), 1, 0)]},
        (0, 1): {0: [(1, None, 0, 1)]},
    }
    remark = "P has no row for state (5, 5) and 1 more: absorbing with reward 0"
    assert as_mdp(held(cells)).remarks == (remark,)
    assert as_mdp(held({0: {0: [(1, "end", 1, 0)]}})).remarks
    assert as_mdp(held({0: {0: [(1, 7, 1, True)]}})).remarks == ()  # it never is there


def test_three_entries_never_terminate_and_the_model_says_so() -> None:
    table = {"a": {"go": [(1, "b", 0.5)]}, "b": {"go": [(0.5, "a", 2), (0.5, "b", -1)]}}
    for kind in KINDS:
        made = kind.from_env(held(table))
        assert not made.terminated.any()
        assert made.remarks == ("P does not say which outcomes terminate: none does",)
    assert made.r.tolist() == [[0.5], [0.5]]


class Discrete:
    """A space of another package."""

    shape = ()

    def __init__(self, n: int) -> None:
        self.n = np.int64(n)


SIZES = {
    "spaces of another package": {"observation_space": Discrete(3), "action_space": Discrete(4)},
    "of Gymnasium": {
        "observation_space": gym.spaces.Discrete(3),
        "action_space": gym.spaces.Discrete(4),
    },
    "nS and nA": {"nS": 3, "nA": np.int64(4)},
    "spaces before sizes": {
        "observation_space": Discrete(3),
        "action_space": Discrete(4),
        "nS": 9,
        "nA": 9,
    },
}


@pytest.mark.parametrize("case", SIZES)
def test_the_environment_says_how_many_there_are(case: str) -> None:
    made = as_mdp(held(PLAIN, **SIZES[case]))
    assert (made.n_states, made.n_actions) == (3, 4)


def test_a_space_that_starts_elsewhere_numbers_from_there() -> None:
    """State 0 is the first of the space, and its name is what the table calls it."""
    space = gym.spaces.Discrete(3, start=7)
    made = as_mdp(held(keyed(8, 7), observation_space=space))
    assert (made.n_states, made.state_names) == (3, ("7", "8", "9"))
    assert made.r[1].tolist()[:1] == [1.0]


def test_a_space_that_is_not_discrete_says_nothing() -> None:
    """The observation of a cell may be an array, and the table has tuples."""
    for space in (gym.spaces.Box(0, 3, (2,)), gym.spaces.MultiBinary(2)):
        assert as_mdp(held(keyed((0, 0), (0, 1)), observation_space=space)).n_states == 2
        circle = [[[(1.0, (s + 1) % 4, 0.0, False)]] for s in range(4)]
        assert as_mdp(held(circle, observation_space=space)).n_states == 4


BEGINNINGS = {
    "by what states are": {"isd": {"b": 0.25, "a": 0.75}},
    "in the order of states": {"isd": np.array([0.75, 0.25])},
    "under Gymnasium's name": {"initial_state_distrib": [0.75, 0.25], "isd": [0, 1]},
}


@pytest.mark.parametrize("case", BEGINNINGS)
def test_a_start_distribution_is_read(case: str) -> None:
    made = as_mdp(held(keyed("a", "b"), **BEGINNINGS[case]))
    assert (made.start, made.initial_states) == (None, {0: Fraction(3, 4), 1: Fraction(1, 4)})


def test_a_start_that_is_no_state_of_numbers_is_nothing() -> None:
    """A method or a cell of a grid says nothing of a table of numbers."""
    for start in ((0, 0), "S", held, None):
        assert as_mdp(held(PLAIN, start=start)).start is None


ONE = [(1.0, 0, 0.0, False)]
WRONG: list[tuple[Any, str]] = [
    (held(3), "P must be a dict or a list, got 3"),
    (held({}), "P has no outcomes: P[state][action] must be a list of (probability, next state, "),
    (held({0: {0: []}}), "P has no outcomes"),
    (held({0: 5}), "P[0] must be a dict or a list, got 5"),
    (held({"a": {0: {"b": 1.0}}}), "P['a'][0] must be a list of (probability, next state, rew"),
    (held({0: {0: (1.0, 0, 1, False)}}), "P[0][0][0]: an outcome must be (probability, next stat"),
    (held({0: {0: [*ONE, (1.0, 0)]}}), "P[0][0][1]: an outcome must be (probability, next state,"),
    (held({0: {0: ONE, 1: [(1.0, 0, 5)]}}), "P[0][1][0] has 3 entries, and the first outcome 4"),
    (held({0: {0: [(1.0, 0, True)]}}), "P[0][0][0]: reward must be a number, got True"),
    (held({0: {0: [(1.0, 0, False, 1.0)]}}), "P[0][0][0]: reward must be a number, got False"),
    (held({0: {0: [(1.0, 0, 1.0, 2)]}}), "P[0][0][0]: terminated must be true or false, got 2"),
    (held({0: {0: [(1.0, 0, 1.0, "no")]}}), "P[0][0][0]: terminated must be true or false, got"),
    (held({0: {0: [(1.0, None, 1.0, False)]}}), "P[0][0][0]: the next state must be a number, te"),
    (held({0: {0: [(1.0, {1}, 1.0, False)]}}), "P[0][0][0]: the next state must be a number, text"),
    (held({0: {0: [(1.0, [{}], 1.0, False)]}}), "P[0][0][0]: the next state must be a number, te"),
    (held({0: {0: [(None, 0, 1.0, False)]}}), "P[0][0][0]: probability must be a number, got None"),
    (held({0: {0: [(1.0, 0, 1j, False)]}}), "P[0][0][0]: reward must be a number, got 1j"),
    (held({0: {0: [(1.0, 0, [1], False)]}}), "P[0][0][0]: reward must be a number, got [1]"),
    (held({0: {0: [(1.0, 0, "x", False)]}}), 'P[0][0][0]: reward must be a number like "7/10", "0'),
    (held({0: {0: [(1.0, 0, np.nan, False)]}}), "P[0][0][0]: reward must be finite, got nan"),
    (
        held({"a": {"go": [(0.25, "a", 0, 0), (0.5, "b", 0, 0)]}}),
        "P['a']['go']: probabilities sum to",
    ),
    (
        held({0: {0: [(1, 7, 1, False)]}, 1: {0: ONE}}),
        "P[0][0][0]: P has no row for the next state 7",
    ),
    (
        held([[[*ONE, (0, 5, 0, 0)]], [[(1, -1, 0, 0)]]]),
        "P[1][0][0]: P has no row for the next state -1",
    ),
    (held({3: {0: [(1, 0.5, 1, False)]}}), "P[3][0][0]: P has no row for the next state 0.5: give"),
    (held(np.ones((2, 2, 2))), "P is an array of numbers, of shape (2, 2, 2), not a table of ou"),
    (held({0: np.ones((2, 2))}), "P[0] is an array of numbers, of shape (2, 2), not a table of "),
    (held({0: {0: ONE}, 7: {}}, nS=7), "P: the state 7 is not one of the environment's states 0"),
    (held([[[(1, 7, 0, False)]]], nS=7), "P[0][0][0]: the state 7 is not one of the environment's"),
    (held([[ONE, ONE]], nA=1), "P[0][1][0]: the action 1 is not one of the environment's actions "),
    (held(keyed("a", "b"), start="c"), "start must be a state of P, such as a, b, got 'c'"),
    (held(keyed("a", "b"), start=0), "start must be a state of P, such as a, b, got 0"),
    (held(keyed("a", "b"), isd=[1.0]), "isd has 1 entry, and P has 2 states: give it as a dict by"),
    (held(keyed("a", "b"), isd={"c": 1.0}), "isd has 'c', which is not a state of P"),
    (held(keyed("a", "b"), isd=held), "isd must be the probability of each state, got <function"),
    (held(keyed("a", "b"), isd=[10**400, 0]), "isd must be the probability of each state, got [1"),
    (held(PLAIN, start_chances=[1]), "start_chances must be a dict from state to chance, got [1]"),
    (held(PLAIN, start_chances={7: 1}), "start_chances has 7, which is not a state of P"),
    (held({0: {0: [(1.5, 0, 0.0, 0), (-0.5, 0, 0.0, 0)]}}), "P[0][0][0]: probability must be in "),
    (held({0: {0: [("3/2", 0, 0.0, 0), ("-1/2", 0, 0, 0)]}}), "P[0][0][0]: probability must be in"),
    (
        held({0: {0: [(1, 0, 0.0, False), (-0.5, 0, 0, 0)]}}),
        "P[0][0][1]: probability must be in [0",
    ),
    (held({math.nan: {0: ONE}}), "P: a state must be a number, text or a tuple, got nan"),
    (held(PLAIN, nS=0), "nS must be from 1 to 50,000,000, got 0"),
    (
        held(PLAIN, nA=10**30),
        "nA must be from 1 to 50,000,000, got 1000000000000000000000000000000",
    ),
    (held(keyed("a", "b"), isd={"a": 0.5}), "the start distribution must be >= 0 and sum to 1; i"),
    (held(keyed("a", "b", 1, "1")), "P['b']['1'][0]: the actions 1 and '1' are both named '1'"),
    (held(keyed(1, "1")), "P: the states 1 and '1' are both named '1'"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("env", "message"), WRONG)
def test_a_refusal_names_the_place(env: Any, message: str, kind: type) -> None:
    """In one line."""
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        kind.from_env(env)
    assert "\n" not in str(caught.value)


def odd(rng: random.Random) -> Any:
    """Something that a table may hold, and mostly should not."""
    numbers = [0, 1, 2, -1, 0.5, 1.5, math.nan, -math.inf, 1e308, 10**400, 1j, Decimal("0.5")]
    others = [
        None,
        True,
        "a",
        "1/2",
        "",
        "x\ny",
        b"x",
        (0, 1),
        [0, 1],
        {0: 1},
        {1},
        object(),
        range(2),
    ]
    of_numpy = [np.int64(1), np.float32(0.5), np.bool_(True), np.array(0), np.ones(1), np.ones(2)]
    things: list[Any] = [
        *numbers,
        *others,
        *of_numpy,
        np.str_("q"),
        np.datetime64("2020"),
        iter("a"),
    ]
    return rng.choice([*things, HALF, float, SimpleNamespace()])


def some(rng: random.Random, part: Any, sizes: list[int]) -> Any:
    """A dict, a list or a tuple of parts, or something else."""
    parts = [part() for _ in range(rng.choice(sizes))]
    keys = [rng.choice([n, n, n, "a", (0, n), 0.5, np.int64(n)]) for n in range(len(parts))]
    return rng.choice([dict(zip(keys, parts, strict=True)), parts, parts, tuple(parts), odd(rng)])


def test_whatever_a_table_holds_it_is_read_or_refused_in_a_line() -> None:
    """3,000 of them, by both kinds of model; some are read."""
    rng = random.Random(0)

    def outcome() -> Any:
        whole = [rng.choice([1.0, 1, "1/2"]), rng.choice([0, 1, "a"]), rng.choice([0, 0.5]), False]
        entries = [given if rng.random() < 0.9 else odd(rng) for given in whole]
        return entries[: rng.choice([4] * 9 + [3, 2])] if rng.random() < 0.95 else odd(rng)

    def listed() -> Any:
        return some(rng, outcome, [0, 1, 1, 1, 2])

    def actions() -> Any:
        return some(rng, listed, [0, 1, 1, 2])

    read, said = 0, []
    for _ in range(3_000):
        env = held(some(rng, actions, [0, 1, 2, 3]))
        for name in ("isd", "start", "start_chances", "nS", "observation_space"):
            if rng.random() < 0.1:
                setattr(env, name, rng.choice([odd(rng), [odd(rng)], Discrete(1)]))
        for kind in KINDS:
            try:
                kind.from_env(env)
                read += 1
            except (TypeError, ValueError) as refusal:
                said.append(str(refusal))
    assert read > 100
    assert all(len(line.splitlines()) == 1 for line in said)


def test_whatever_has_a_table_is_a_problem() -> None:
    """For regions, prices, comparisons and learners, which learn on its model."""
    env = held(keyed("a", "b", "go", "rest"), start="a")
    assert as_world(env) == as_mdp(env) == MDP.from_env(env)
    assert as_finite_mdp(env) == FloatMDP.from_env(env)
    assert policy_regions(env).state_names == ("a", "b")
    assert price(env).optimum.exact == Fraction(1, 10)  # per step, at rest for ever
    learned = q_learning(env, 0.5, steps=20_000, step_size=1.0, seed=0)
    assert learned.greedy[1].tolist() == [True, False]
    # Rests for 1/10 in every step, or ends for 3: 3 = (1/10) / (1 - gamma) at 29/30.
    assert [str(gamma.closed_form()) for gamma in compare(env, state="b").exact] == ["29/30"]
    with pytest.raises(TypeError, match="problem must be a chain"):
        as_chain_env(env)
    with pytest.raises(TypeError, match="slip applies only to an id"):
        as_mdp(env, slip=0)  # type: ignore[call-overload]


class OldSpace:
    def __init__(self, n: int) -> None:
        self.n = n


def of_gym(name: str, *bases: type, **body: Any) -> type:
    """A class of the older package, which may not be installed."""
    return type(name, bases, {**body, "__module__": "gym.core"})


class OldLake:
    """An environment in the style of the older package, by hand."""

    def __init__(self) -> None:
        self.P, self.isd, self.nS, self.nA = PLAIN, np.array([1.0, 0.0]), 2, 2
        self.observation_space, self.action_space = OldSpace(2), OldSpace(2)
        self.spec = SimpleNamespace(id="OldLake-v0")

    def reset(self) -> int:
        return 0

    def step(self, action: int) -> tuple[int, float, bool, dict[str, Any]]:
        return 0, 0.0, False, {}


def wrap(self: Any, env: Any, limit: int | None = None) -> None:
    self.env, self._max_episode_steps = env, limit


OldWrapper = of_gym(
    "Wrapper",
    __init__=wrap,
    __getattr__=lambda self, name: getattr(self.env, name),
)
OldLimit = of_gym("TimeLimit", OldWrapper)
OldOrder = of_gym("OrderEnforcing", OldWrapper)
OldReward = of_gym("RewardWrapper", OldWrapper)


def test_wrappers_of_the_older_package_are_looked_through() -> None:
    """They pass every attribute on, also those that they falsify."""
    env = OldLimit(OldOrder(OldLimit(OldLake(), None)), 30)
    for kind in KINDS:
        made = kind.from_env(env)
        assert (made.name, made.time_limit, made.start) == ("OldLake-v0", 30, 0)
    assert as_mdp(env) == MEANT
    doubled = type("Doubled", (OldReward,), {})(OldLimit(OldLake(), 30))
    with pytest.raises(ValueError, match=r"Doubled changes rewards .* MDP\.from_simulator\(env\)"):
        as_mdp(doubled)


REFUSED = [
    (gym.wrappers.TransformReward, (lambda r: r,), "TransformReward changes rewards"),
    (gym.wrappers.ClipReward, (0, 1), "ClipReward changes rewards"),
    (
        gym.wrappers.TransformAction,
        (lambda a: a, gym.spaces.Discrete(4)),
        "TransformAction changes actions",
    ),
    (gym.wrappers.StickyAction, (0.5,), "StickyAction changes actions"),
    (
        gym.wrappers.TransformObservation,
        (lambda o: o, gym.spaces.Discrete(16)),
        "TransformObservation changes observations",
    ),
    (gym.wrappers.TimeAwareObservation, (), "TimeAwareObservation changes observations"),
    (gym.wrappers.NormalizeReward, (), "NormalizeReward may change the dynamics"),
]


@pytest.mark.parametrize(("wrapper", "arguments", "why"), REFUSED)
def test_a_wrapper_that_changes_something_is_refused_with_the_remedy(
    wrapper: Any, arguments: tuple[Any, ...], why: str
) -> None:
    """The table below it does not know of it."""
    env = wrapper(gym.make("FrozenLake-v1"), *arguments)
    for kind in KINDS:
        with pytest.raises(ValueError, match=why) as caught:
            kind.from_env(env)
        assert "give the environment below it (env.env)" in str(caught.value)
        assert str(caught.value).endswith("MDP.from_simulator(env), in the shell --explore")
    assert as_mdp(env.env) == as_mdp("FrozenLake-v1")


def test_a_wrapped_environment_is_explored_as_the_refusal_says() -> None:
    """Twice the cost of 13 steps; the table below is not asked."""
    env = gym.wrappers.TransformReward(gym.make("CliffWalking-v1"), lambda r: 2 * r)
    mdp = MDP.from_simulator(env)
    found = policy_regions(mdp).at_one
    assert found is not None and mdp.start is not None
    assert found.value[mdp.start] == -26


def test_an_environment_of_any_package_without_a_table_is_told_so() -> None:
    env = OldLake()
    del env.P
    for door in (as_mdp, as_finite_mdp, as_world):
        with pytest.raises(ValueError, match="OldLake has no table P") as caught:
            door(env)
        assert "MDP.from_simulator(env)" in str(caught.value)
