"""The MDP value: what it holds, what it refuses, and how models come in and go out."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from models import mdps, two_state_puterman
from scipy import sparse

from qdecay import MDP, InputError
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.recover import recover
from qdecay_envs import ChainLayout
from qdecay_envs.table import sure
from qdecay_envs.tabular import TabularEnv

THIRD = Fraction(1, 3)


def test_rows_are_sorted_and_equal_ones_merged() -> None:
    """Duplicates add up, zero probabilities vanish, and different rewards stay apart."""
    rows = [
        (0, 0, 1, "1/4", 1, False),
        (0, 0, 0, "1/4", 1, False),
        (0, 0, 1, "1/4", 1, False),
        (0, 0, 1, "1/4", 2, False),
        (0, 0, 1, 0, 9, False),
    ]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=1)
    assert mdp.next_state.tolist() == [0, 1, 1]
    assert mdp.exact_probability == (Fraction(1, 4), Fraction(1, 2), Fraction(1, 4))
    assert mdp.exact_r[0, 0] == Fraction(5, 4)
    assert mdp.available.tolist() == [[True], [False]]


def test_terminated_rows_do_not_go_on() -> None:
    """A terminated transition pays its reward and is left out of p."""
    mdp = MDP.from_rows(
        [(0, 0, 1, "1/2", 4, True), (0, 0, 1, "1/2", 2, False)], n_states=2, n_actions=1
    )
    assert mdp.p.toarray().tolist() == [[0, 0.5], [0, 0]]
    assert mdp.r[0, 0] == 3
    assert np.isnan(mdp.r[1, 0])


BAD_ROWS = [
    ([(0, 0, 0, "1/2", 1, False)], "state 0, action 0: probabilities sum to 1/2, not 1"),
    ([(2, 0, 0, 1, 1, False)], "state must be from 0 to 1, got 2"),
    ([(0, 1, 0, 1, 1, False)], "action must be from 0 to 0, got 1"),
    ([(0, 0, -1, 1, 1, False)], "next state must be from 0 to 1, got -1"),
    ([(0, 0, 0, 2, 1, False)], "probability must be in [0, 1], got 2"),
    ([(0, 0, 0, "-1/2", 1, False)], "probability must be in [0, 1], got -1/2"),
    ([(0, 0, 0, "1e99", 1, False)], "probability must be in [0, 1], got 1" + "0" * 56 + "..."),
    ([(0, 0, 0, 1, "nan", False)], "reward must be a number like"),
    ([(0, 0, 0, 1, 1, 0)], "terminated must be true or false, got 0"),
    ([(0, 0, 0, 1, 1)], "must have 6 entries"),
    ([(True, 0, 0, 1, 1, False)], "state must be an integer, got True"),
    ([("0", 0, 0, 1, 1, False)], "state must be an integer, got '0'"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS)
def test_a_bad_row_is_named(rows: list, message: str) -> None:
    """Every fault of a row is refused with its place and value."""
    with pytest.raises((TypeError, ValueError), match="(transition|state) 0") as error:
        MDP.from_rows(rows, n_states=2, n_actions=1)
    assert message in str(error.value)


def test_floats_are_refused_where_numbers_are_exact() -> None:
    """0.1 as a float is not 1/10; the message shows how to write it."""
    with pytest.raises(TypeError, match='write "0.5"'):
        MDP.from_rows([(0, 0, 0, 0.5, 1, False)], n_states=1, n_actions=1)


BAD_OPTIONS = [
    ({"n_states": 0}, "n_states must be >= 1, got 0"),
    ({"n_states": 10**9}, "must be <= 50,000,000"),
    ({"start": 2}, "start must be from 0 to 1, got 2"),
    ({"state_names": ["a"]}, "state_names must have 2 entries, got 1"),
    ({"action_names": "ab"}, "action_names must be a list of strings"),
    ({"action_names": [1]}, "action_names must be a list of strings"),
    ({"state_names": ["a", "a"]}, "state_names must be distinct: 0 and 1 are both 'a'"),
    ({"action_names": [" ", "go"]}, "action_names must not be empty: 0 is ' '"),
    ({"action_names": ["go", "go"]}, "action_names must be distinct: 0 and 1 are both 'go'"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_bad_sizes_and_names_are_refused(options: dict, message: str) -> None:
    """Sizes, start and names are checked."""
    with pytest.raises((TypeError, ValueError), match="must") as error:
        MDP.from_rows([], **{"n_states": 2, "n_actions": 2, **options})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (0.1, Fraction(1, 10)),
        (1e-3, Fraction(1, 1000)),
        (1 / 3, THIRD),
        (0.33333333333333337, THIRD),
        (1 - 2 / 3, THIRD),
        ((1 - 0.8) / 2, Fraction(1, 10)),
        ((1 - 0.876543) / 2, Fraction(123457, 2_000_000)),
        (-2.5, Fraction(-5, 2)),
        (1e22, Fraction(10**22)),
        (0.123456789012345, Fraction(123456789012345, 10**15)),
        (0.5 + 2.0**-50, None),
        (2**0.5, None),
    ],
)
def test_recovery_finds_what_was_meant(value: float, meant: Fraction | None) -> None:
    """Typed decimals and rounded fractions come back; arbitrary floats do not."""
    assert recover(value) == meant


def test_frozen_lake_is_exact() -> None:
    """Thirds are recognised and the duplicates of a successor merged: corner state 0, left."""
    mdp = MDP.from_env(gym.make("FrozenLake-v1"))
    rows = [(t, p, r) for s, a, t, p, r, _ in mdp.rows() if (s, a) == (0, 0)]
    assert rows == [(0, 2 * THIRD, 0), (4, THIRD, 0)]
    assert mdp.recovered[0.33333333333333337] == THIRD
    assert mdp.start == 0


def test_a_time_limit_is_no_part_of_the_model() -> None:
    """TimeLimit and watching wrappers are looked through."""
    wrapped = gym.wrappers.RecordEpisodeStatistics(gym.make("FrozenLake-v1", max_episode_steps=3))
    assert MDP.from_env(wrapped) == MDP.from_env(gym.make("FrozenLake-v1").unwrapped)


def test_a_wrapper_that_may_change_the_dynamics_is_refused() -> None:
    """A reward transformation has no table of its own, so reading through it would lie."""
    env = gym.wrappers.TransformReward(gym.make("FrozenLake-v1"), lambda r: 2 * r)
    with pytest.raises(ValueError, match="TransformReward changes rewards and has no table P"):
        MDP.from_env(env)


def test_an_environment_without_a_table_is_refused() -> None:
    """CartPole has no P."""
    with pytest.raises(ValueError, match="CartPoleEnv has no table"):
        MDP.from_env(gym.make("CartPole-v1"))


class WithTable(gym.Env):
    """An environment of one state that only has a table."""

    def __init__(self, table: object, space: gym.Space | None = None) -> None:
        self.P = table
        self.observation_space = space or gym.spaces.Discrete(1)
        self.action_space = gym.spaces.Discrete(1)


BAD_TABLES = [
    (WithTable({0: {0: [(2**-0.5, 0, 0.0, False)]}}), "P[0][0][0]: probability is 0.707"),
    (WithTable({0: {0: [(1.0, 0, float("nan"), False)]}}), "P[0][0][0]: reward must be finite"),
    (WithTable({0: {0: [(1.0, 0)]}}), "P[0][0][0]: an outcome must be"),
    (WithTable({0: {0: [(0.9, 0, 0.0, False)]}}), "P[0][0]: probabilities sum to 9/10, not 1"),
    (WithTable({}, gym.spaces.Box(0, 1)), "P has no outcomes"),
    (
        WithTable([[[(1, 0, 0, False)]]], gym.spaces.Discrete(2, start=1)),
        "P: the state 0 is not one of the environment's states 1 to 2",
    ),
]


@pytest.mark.parametrize(("env", "message"), BAD_TABLES)
def test_a_bad_table_is_named(env: gym.Env, message: str) -> None:
    """Every fault of a table is refused with its place."""
    with pytest.raises(ValueError, match=".") as error:
        MDP.from_env(env)
    assert message in str(error.value)


def test_rainy_taxi_has_tenths() -> None:
    """0.09999999999999998 is 1/10."""
    taxi = "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"
    mdp = MDP.from_env(gym.make(taxi, is_rainy=True))
    assert set(mdp.exact_probability) == {Fraction(1, 10), Fraction(4, 5), Fraction(1)} | (
        {Fraction(1, 5), Fraction(9, 10)} & set(mdp.exact_probability)
    )


@settings(deadline=None, derandomize=True, max_examples=50)
@given(mdps())
def test_files_keep_the_model(tmp_path_factory: pytest.TempPathFactory, mdp: MDP) -> None:
    """Saving and loading gives the same exact numbers."""
    path = tmp_path_factory.mktemp("mdp") / "model.json"
    mdp.save(path)
    assert MDP.load(path) == mdp


def test_the_documented_file_is_read(tmp_path: Path) -> None:
    """The MDP file as documented, decimals read as written."""
    path = tmp_path / "model.json"
    path.write_text(
        '{"schema": "qdecay.mdp/1", "n_states": 2, "n_actions": 2, "start": 0,'
        '"state_names": ["left", "right"], "action_names": ["share", "leave"],'
        '"transitions": [[0, 0, 0, 0.5, 5, false], [0, 0, 1, "1/2", 5, false],'
        "[0, 1, 1, 1, 10, false], [1, 0, 1, 1, -1, false]]}"
    )
    mdp = MDP.load(path)
    assert list(mdp.rows()) == list(two_state_puterman().rows())
    assert (mdp.state_name(0), mdp.action_name(1)) == ("left", "leave")


ROOMS = ("hall", "3", "hal\u202el", "attic")


@pytest.mark.parametrize(
    ("state", "index"),
    [(0, 0), (np.int64(3), 3), ("attic", 3), ("2", 2), ("3", 1), (ROOMS[2], 2), ("hal\\u202el", 2)],
)
def test_a_state_is_read_by_name_then_by_number(state: int | str, index: int) -> None:
    """A name that looks like a number means the name; as displayed or as it is, it is found."""
    mdp = MDP.from_rows([], n_states=4, n_actions=1, state_names=ROOMS)
    assert mdp.state_index(state) == index


CELLS = ("(1, 2)", "(12, )", "(2, 1)", "1 2", "12 ")


@pytest.mark.parametrize(
    ("state", "index"), [("(2,1)", 2), (" ( 1,2 )", 0), ("(1, 2)", 0), ("12 ", 4), ("2", 2)]
)
def test_spaces_of_a_name_may_be_omitted(state: str, index: int) -> None:
    """Where only one name is left; a name as it stands, and a number, come first."""
    mdp = MDP.from_rows([], n_states=5, n_actions=1, state_names=CELLS)
    assert mdp.state_index(state) == index
    with pytest.raises(ValueError, match="a number from 0 to 4, got '1 2 '"):
        mdp.state_index("1 2 ")


@pytest.mark.parametrize(
    ("names", "state", "message"),
    [
        (
            ROOMS,
            "Attic",
            "state must be a name, such as attic, or a number from 0 to 3, got 'Attic'",
        ),
        (ROOMS, "x", "such as hall, 3, hal\\u202el, or a number from 0 to 3, got 'x'"),
        (["4, ace", "4, 2", "b", "c"], "4, 3", "a name, such as 4, 2; 4, ace, or a number from 0"),
        (None, "hall", "state must be a number from 0 to 3, got 'hall'"),
        (None, "-1", "state must be a number from 0 to 3, got '-1'"),
        (None, "9" * 999, "state must be a number from 0 to 3, got '9999"),
        (None, "4", "state must be from 0 to 3, got 4"),
        (None, 4, "state must be from 0 to 3, got 4"),
    ],
)
def test_an_unknown_state_brings_similar_ones_to_mind(names, state, message: str) -> None:
    """In one line, whatever was asked for."""
    mdp = MDP.from_rows([], n_states=4, n_actions=1, state_names=names)
    with pytest.raises(ValueError, match="^state must be [^\n]*$") as error:
        mdp.state_index(state)
    assert message in str(error.value)


@pytest.mark.parametrize("state", [1.0, True, None])
def test_a_state_is_a_whole_number_or_text(state) -> None:
    """A float or a bool that equals an index is refused."""
    with pytest.raises(TypeError, match="state must be an integer"):
        MDP.from_rows([], n_states=2, n_actions=1).state_index(state)


GOOD = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 1, "transitions": []}
BAD_FILES = [
    ("", "JSON"),
    ("{", "JSON"),
    ("[1]", "must be a table of keys and values, got [1]"),
    ('{"schema": "qdecay.mdp/2"}', '"schema" must be'),
    (json.dumps({"schema": "qdecay.mdp/1"}), '"n_states" is missing'),
    (json.dumps(GOOD | {"color": 1}), "color: unknown key; known: schema, n_states"),
    (json.dumps(GOOD | {"transitions": 3}), "transitions: must be a list"),
    (json.dumps(GOOD | {"transitions": [3]}), "transition 0 must be a list, got 3"),
    (json.dumps(GOOD | {"n_states": 1.5}), "bad.json: n_states must be an integer, got 3/2"),
    (json.dumps(GOOD | {"n_states": 2.0}), "n_states must be an integer, got 2.0"),
    (json.dumps(GOOD | {"start": 0.0}), "start must be an integer, got 0.0"),
    (json.dumps(GOOD | {"transitions": [0.5]}), "transition 0 must be a list, got 1/2"),
    (
        json.dumps(GOOD | {"transitions": [[0, 0, 0, 1, 1, 1.0]]}),
        "terminated must be true or false, got 1.0",
    ),
    (json.dumps(GOOD | {"n_states": 2, "state_names": ["a", "a"]}), "0 and 1 are both 'a'"),
    (json.dumps(GOOD | {"transitions": [[0, 0, 0, 1, "1/0", False]]}), "zero denominator"),
    ('{"schema": "qdecay.mdp/1", "n_states": NaN}', "NaN"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_a_bad_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Every fault of a file is a ValueError of one line."""
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=".") as error:
        MDP.load(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


FOREST_P = np.array([[[0.1, 0.9, 0], [0.1, 0, 0.9], [0.1, 0, 0.9]], [[1, 0, 0]] * 3])
FOREST_R = np.array([[0, 0], [0, 1], [4, 2]])


@pytest.mark.parametrize("value", [None, "", [], {}, False])
@pytest.mark.parametrize("place", [3, 4])
def test_nothing_is_no_number(tmp_path: Path, value: object, place: int) -> None:
    """Neither as a probability nor as a reward, exact or of floats: an empty one is not 0."""
    row: list[object] = [0, 0, 0, 1, 1, False]
    row[place] = value
    path = tmp_path / "m.json"
    document = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 1, "transitions": [row]}
    path.write_text(json.dumps(document))
    for kind in (MDP, FloatMDP):
        with pytest.raises(InputError, match=f"{('probability', 'reward')[place - 3]} must be"):
            kind.load(path)


def test_arrays_as_pymdptoolbox_has_them() -> None:
    """Its forest example is one model, dense, sparse or with a reward per transition."""
    dense = MDP.from_arrays(FOREST_P, FOREST_R)
    assert dense.exact_r[2, 0] == 4
    assert dense.exact_probability[:2] == (Fraction(1, 10), Fraction(9, 10))
    as_sparse = MDP.from_arrays([sparse.csr_matrix(p) for p in FOREST_P], FOREST_R)
    per_transition = MDP.from_arrays(FOREST_P, np.repeat(FOREST_R.T[:, :, None], 3, axis=2))
    assert dense == as_sparse
    assert dense == per_transition


def test_the_floats_of_an_environment_have_names_that_differ() -> None:
    """As its exact model has: a table of two states that are both called a."""
    env = TabularEnv([[sure(0)], [sure(1)]], state_names=["a", "a"])
    for kind in (MDP, FloatMDP):
        with pytest.raises(ValueError, match="state_names must be distinct: 0 and 1 are both 'a'"):
            kind.from_env(env)


def test_npz_files_are_read(tmp_path: Path) -> None:
    """P and R of an archive make the same model; a pickle inside is refused."""
    path = tmp_path / "forest.npz"
    np.savez(path, P=FOREST_P, R=FOREST_R)
    assert MDP.load(path) == MDP.from_arrays(FOREST_P, FOREST_R)
    np.savez(path, P=np.array([None]), R=FOREST_R)
    with pytest.raises(InputError, match="P.npy: holds Python objects, which are not read"):
        MDP.load(path)
    np.savez(path, P=FOREST_P)
    with pytest.raises(InputError, match="the array R is missing"):
        MDP.load(path)
    path.write_bytes(b"PK nonsense")
    with pytest.raises(InputError, match="zip"):
        MDP.load(path)
    with pytest.raises(InputError, match="No such file"):
        MDP.load(tmp_path / "none.npz")


BAD_ARRAYS = [
    (FOREST_P[:, :, :2], FOREST_R, "P[0] must have shape (3, 3), got (3, 2)"),
    (FOREST_P[0], FOREST_R, "P must have shape (A, S, S), got (3, 3)"),
    (FOREST_P, FOREST_R[:2], "R must have shape"),
    (FOREST_P * 0.5, FOREST_R, "probabilities sum to 1/2, not 1"),
    (FOREST_P * 0, FOREST_R, "no action is available in any state"),
    (FOREST_P, FOREST_R * np.nan, "no action is available in any state"),
    (FOREST_P, FOREST_R + np.inf, "reward must be finite, got inf"),
    (FOREST_P.astype(bool), FOREST_R, "P must hold real numbers"),
    ([], FOREST_R, "at least one action"),
]


@pytest.mark.parametrize(("p", "r", "message"), BAD_ARRAYS)
def test_bad_arrays_are_named(p: np.ndarray, r: np.ndarray, message: str) -> None:
    """Shapes, sums and numbers of arrays are checked."""
    with pytest.raises(ValueError, match=".") as error:
        MDP.from_arrays(p, r)
    assert message in str(error.value)


def test_a_layout_is_its_environments_model() -> None:
    """Homework A by hand: 0 stays or moves, then 1 and 2 walk on, and leaving 2 pays 4."""
    mdp = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    by_hand = [
        (0, 0, 0, 1, 1, True),
        (0, 1, 1, 1, 0, False),
        (1, 0, 2, 1, 0, False),
        (1, 1, 2, 1, 0, False),
        (2, 0, 2, 1, 4, True),
        (2, 1, 2, 1, 4, True),
    ]
    assert list(mdp.rows()) == list(MDP.from_rows(by_hand, n_states=3, n_actions=2).rows())
    assert mdp.start == 0
