"""What a model tells of its environment beside the dynamics: the time limit and the beginnings."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit

from qdecay import MDP, as_mdp, price
from qdecay.errors import InputError
from qdecay.model.door import as_finite_mdp
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.rows import ModelRows
from qdecay_envs.table import sure
from qdecay_envs.tabular import TabularEnv

LAKE = "FrozenLake-v1"
TAXI = "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"
THIRD = Fraction(1, 3)
KINDS = (MDP, FloatMDP)


class Circle(gym.Env[int, int]):
    """Three states in a circle, for ever, with beginnings in floats."""

    observation_space, action_space = gym.spaces.Discrete(3), gym.spaces.Discrete(1)

    def __init__(self, chances: Any = None) -> None:
        self.P = {s: {0: [(1.0, (s + 1) % 3, 0.0, False)]} for s in range(3)}
        self.initial_state_distrib = chances

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict]:
        self._state = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict]:
        ((_, self._state, reward, ended),) = self.P[self._state][action]
        return self._state, reward, ended, False, {}


def tabular(start: Any) -> TabularEnv:
    return TabularEnv([[sure(1)], [sure(2)], [sure(0, 1)]], start)


LIMITS: dict[str, tuple[Callable[[], gym.Env], int | None]] = {
    "as registered": (lambda: gym.make(LAKE), 100),
    "another": (lambda: gym.make(LAKE, max_episode_steps=50), 50),
    "switched off": (lambda: gym.make(LAKE, max_episode_steps=-1), None),
    "below the wrappers": (lambda: gym.make(LAKE).unwrapped, None),
    "the shorter one outside": (lambda: TimeLimit(gym.make(LAKE), 70), 70),
    "the shorter one inside": (lambda: TimeLimit(gym.make(LAKE), 170), 100),
    "made by hand": (Circle, None),
    "made by hand, wrapped": (lambda: TimeLimit(Circle(), 7), 7),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_time_limit_is_the_one_that_ends_episodes(case: str) -> None:
    """By counting the steps of an episode that nothing else ends, and by both kinds of model."""
    make, limit = LIMITS[case]
    for kind in KINDS:
        assert kind.from_env(make()).time_limit == limit
    env = make()
    for rows in env.unwrapped.P.values():
        rows[0] = [(1.0, 0, 0.0, False)]
    env.reset(seed=0)
    assert next((n for n in range(1, 201) if env.step(0)[3]), None) == limit


def test_an_id_takes_its_limit_as_an_argument() -> None:
    assert as_mdp(LAKE).time_limit == as_finite_mdp(LAKE).time_limit == 100
    assert as_mdp(LAKE, max_episode_steps=50).time_limit == 50


def test_taxi_begins_in_300_states() -> None:
    """Wherever the passenger waits elsewhere than at the destination, which is 4 * 3 * 25 ways."""
    env = gym.make(TAXI)
    decode = env.unwrapped.decode
    outside = [s for s in range(500) if (place := tuple(decode(s)))[2] < 4 and place[2] != place[3]]
    for kind in KINDS:
        mdp = kind.from_env(env)
        assert mdp.start is None
        assert mdp.initial_states == dict.fromkeys(outside, Fraction(1, 300))
        assert list(mdp.initial_states) == outside


ODD = [0.12345678901234567, 0.2, 1 - 0.2 - 0.12345678901234567]
BEGINNINGS: dict[str, tuple[gym.Env, int | None, dict[int, Fraction]]] = {
    "always in one": (gym.make(LAKE), 0, {}),
    "always in one, in floats": (Circle([0, 1.0, 0]), 1, {}),
    "almost 1": (Circle([0, 0, 1 - 1e-12]), 2, {}),
    "thirds": (Circle(np.full(3, 1 / 3)), None, dict.fromkeys(range(3), THIRD)),
    "tenths": (Circle([0.1, 0, 1 - 0.1]), None, {0: Fraction(1, 10), 2: Fraction(9, 10)}),
    "exact": (
        tabular({2: Fraction(1, 99991), 0: Fraction(99990, 99991)}),
        None,
        {0: Fraction(99990, 99991), 2: Fraction(1, 99991)},
    ),
    "nothing known": (Circle(None), None, {}),
}


@pytest.mark.parametrize("case", BEGINNINGS)
def test_the_beginnings_are_exact(case: str) -> None:
    env, start, chances = BEGINNINGS[case]
    for kind in KINDS:
        mdp = kind.from_env(env)
        assert (mdp.start, mdp.initial_states) == (start, chances)


def test_beginnings_without_rationals_keep_their_floats() -> None:
    """Regions do not depend on them, so the model can be read; the chances still sum to 1."""
    for kind in KINDS:
        found = kind.from_env(Circle(ODD)).initial_states
        total = sum(map(Fraction, ODD))
        assert found == {s: Fraction(p) / total for s, p in enumerate(ODD)}


def test_beginnings_outside_the_model_are_refused() -> None:
    for kind in KINDS:
        with pytest.raises(
            ValueError, match="a state of initial_states must be from 0 to 2, got 3"
        ):
            kind.from_env(Circle([0.5, 0, 0, 0.5]))


WRONG = [
    ({"time_limit": 0}, ValueError, "time_limit must be >= 1, got 0"),
    ({"time_limit": 2.0}, TypeError, "time_limit must be an integer, got 2.0"),
    ({"initial_states": {0: THIRD}}, ValueError, "initial_states must have probabilities > 0 that"),
    ({"initial_states": {0: 0.5, 1: 0.5}}, TypeError, "0.5"),
]


@pytest.mark.parametrize(("change", "kind", "message"), WRONG)
def test_rows_with_wrong_surroundings_are_refused(
    change: dict[str, Any], kind: type, message: str
) -> None:
    with pytest.raises(kind, match=message):
        MDP.of(replace(MDP.from_env(tabular(0)).rows(), **change))


@pytest.mark.parametrize("kind", KINDS)
def test_surroundings_travel_but_are_not_compared(kind: Any, tmp_path: Path) -> None:
    """A model with a limit equals one without, with one hash; copies and files keep it."""
    mdp = kind.from_env(TimeLimit(tabular({0: THIRD, 1: 1 - THIRD}), 9))
    known = (9, {0: THIRD, 1: 1 - THIRD})
    copies = [copy.copy(mdp), copy.deepcopy(mdp), pickle.loads(pickle.dumps(mdp))]
    copies += [replace(mdp, name="other")]
    copies += [MDP.of(mdp.rows()), FloatMDP.from_mdp(mdp)] if kind is MDP else []
    for other in copies:
        assert (other.time_limit, dict(other.initial_states)) == known
    bare = replace(mdp, time_limit=None, initial_states={})
    assert bare == mdp and hash(bare) == hash(mdp) and repr(bare) == repr(mdp)
    mdp.save(tmp_path / "m.npz" if kind is FloatMDP else tmp_path / "m.json")
    read = kind.load(next(tmp_path.iterdir()))
    assert read == mdp and (read.time_limit, read.initial_states) == known


BESIDE = ("name", "time_limit", "initial_states", "scaled", "visits", "remarks")
EXAMPLE = ModelRows(
    [
        *[(0, 0, t, Fraction(n, 30011), 5, False) for t, n in ((0, 11), (1, 30000))],
        (0, 1, 0, 1, 0, True),
        *[(2, 0, t, THIRD, 1, False) for t in range(3)],
    ],
    3,
    2,
    state_names=["Zürich, HB", "a\nb", "1/3"],
    action_names=["walk", "wait"],
    name="data",
    time_limit=9,
    initial_states={0: THIRD, 2: 1 - THIRD},
    visits={(0, 0): 30011, (0, 1): 1},
    remarks=("no action is available in state 1: absorbing with reward 0", "a second line"),
    scaled={(2, 0): 1 - Fraction(1, 2**20)},
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["json", "npz"])
def test_files_keep_all_that_a_model_says(kind: Any, ending: str, tmp_path: Path) -> None:
    """Names, counts, what was done to which rows, remarks; whichever kind saves and loads it."""
    mdp, path = MDP.of(EXAMPLE), tmp_path / f"m.{ending}"
    (mdp if ending == "json" else FloatMDP.from_mdp(mdp)).save(path)
    read = kind.load(path)
    told = {name: getattr(EXAMPLE, name) for name in BESIDE} | {"name": str(path)}
    assert {name: getattr(read, name) for name in BESIDE} == told
    assert read.state_names == mdp.state_names and read.action_names == mdp.action_names
    if kind is MDP:
        assert read == mdp and read.counts.tolist() == [11, 30000, 1, 0, 0, 0]
        assert MDP.of(read.rows()).scaled == EXAMPLE.scaled
    else:
        assert read == FloatMDP.from_mdp(mdp)
        read.save(tmp_path / "again.npz")
        again = FloatMDP.load(tmp_path / "again.npz")
        assert again == read and again.remarks == read.remarks


def test_models_that_say_nothing_write_nothing(tmp_path: Path) -> None:
    mdp = MDP.from_rows([(0, 0, 0, 1, 1, False)], n_states=1, n_actions=1)
    assert mdp.to_json().keys() == {"schema", "n_states", "n_actions", "transitions"}
    FloatMDP.from_mdp(mdp).save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as arrays:
        assert set(arrays) == {"P_data", "P_indices", "P_indptr", "R", "ends"}


def test_counts_and_narrow_floats(tmp_path: Path) -> None:
    """Halves are halves in 32 bits; thirds, which they round, are no shares."""
    for chances, visits in (([0.5, 0.5], 2), ([1 / 3, 2 / 3], 3)):
        parts = SPARSE | {"P_data": np.array(chances, np.float32), "visits": [[visits], [0]]}
        np.savez(tmp_path / f"{visits}.npz", **parts)
    assert MDP.load(tmp_path / "2.npz").counts.tolist() == [1, 1]
    with pytest.raises(InputError, match="is no share of 3 visits"):
        MDP.load(tmp_path / "3.npz")


def test_names_that_arrays_cannot_keep_are_refused(tmp_path: Path) -> None:
    """NumPy cuts the NUL off, so that two names might become one."""
    model = FloatMDP.of(replace(EXAMPLE, state_names=["a", "a\0", "b"], initial_states={}))
    with pytest.raises(ValueError, match="m.npz: state_names: a text that ends in NUL cannot be"):
        model.save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


def test_a_saved_model_is_judged_alike(tmp_path: Path) -> None:
    """Within its limit, from where its episodes begin: 9 steps of 1, or as many from 0 and 1."""
    path = tmp_path / "model.json"
    rows = [(0, 0, 1, 1, 5, True), (1, 0, 1, 1, 1, False)]
    begins = {"initial_states": {0: THIRD, 1: 1 - THIRD}, "time_limit": 9}
    mdp = MDP.of(replace(MDP.from_rows(rows, n_states=2, n_actions=1).rows(), **begins))
    mdp.save(path)
    found = price(MDP.load(path))
    assert (str(found.judge), found.optimum.exact) == ("steps:9", 5 * THIRD + 9 * (1 - THIRD))


def test_files_from_before_are_read(tmp_path: Path) -> None:
    """Without a word on where episodes begin or end, nothing is known of it."""
    path = tmp_path / "old.json"
    path.write_text('{"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 1, "transitions": []}')
    read = MDP.load(path)
    assert (read.start, read.time_limit, read.initial_states) == (None, None, {})


WRONG_FILES: list[tuple[dict[str, Any], str]] = [
    ({"time_limit": 0}, "time_limit must be >= 1, got 0"),
    ({"time_limit": True}, "time_limit must be an integer, got True"),
    ({"initial_states": 3}, r"initial_states: must be a list of \[state, probability\]"),
    ({"initial_states": [[True, 1]]}, r"entry 0 must be \[state, probability\], got \[True, 1\]"),
    ({"initial_states": [[0, 1], [0, 1]]}, "initial_states: state 0 is listed twice"),
    ({"initial_states": [[9, 1]]}, "a state of initial_states must be from 0 to 1, got 9"),
    ({"initial_states": [[0, "1/3"]]}, "initial_states must have probabilities > 0 that sum to 1"),
    ({"initial_states": [[0, 1]], "start": 0}, 'initial_states: leave it out where there is a "s'),
    (
        {"visits": [[0, 0, 3]]},
        r"state 0, action 0: the probability (1/4|0\.25) is no share of 3 vi",
    ),
    ({"visits": [[0, 0, 0]]}, r"visits of \(0, 0\) must be [^\n]*, got 0"),
    ({"visits": [[1, 0, 4]]}, "state 1, action 0: has visits, and no transitions"),
    ({"visits": [[0, -1, 4]]}, "state 0, action -1: has visits, and no transitions"),
    ({"scaled": {}}, r"scaled: must be a list of \[state, action, scaled\]"),
    ({"scaled": [[0, 0]]}, r"scaled: entry 0 must be \[state, action, scaled\], got \[0, 0\]"),
    ({"scaled": [[0, 0, None]]}, r"scaled: entry 0 must be \[state, action, scaled\], got"),
    ({"scaled": [[0, 0, 1], [0, 0, 1]]}, "scaled: state 0, action 0 is listed twice"),
    ({"scaled": [[1, 0, 1]]}, "scaled: state 1, action 0: has no transitions"),
    ({"scaled": [[0, -1, 1]]}, "scaled: state 0, action -1: has no transitions"),
    ({"scaled": [[0, 0, 0]]}, "scaled: state 0, action 0: a sum must be within 1e-5 of 1, got 0"),
    ({"scaled": [[0, 0, "x"]]}, "scaled: state 0, action 0 must be a number like"),
    ({"remarks": "text"}, "remarks must be a list of strings, got 'text'"),
    ({"remarks": [["a"]]}, r"remarks must be a list of strings, got \[\['a'\]\]"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("wrong", "message"), WRONG_FILES)
def test_a_file_that_says_what_cannot_be_is_refused(
    kind: Any, wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    rows = [[0, 0, 0, "1/4", 0, False], [0, 0, 1, "3/4", 0, False]]
    sizes = {"schema": "qdecay.mdp/1", "n_states": 2, "n_actions": 1, "transitions": rows}
    path.write_text(json.dumps(sizes | wrong))
    with pytest.raises(InputError, match=f"^[^\n]*{message}[^\n]*$"):
        kind.load(path)


WRONG_ARRAYS: list[tuple[dict[str, Any], str]] = [
    ({"time_limit": 0}, "time_limit must be >= 1, got 0"),
    ({"time_limit": 9.0}, "time_limit must be a whole number, without a decimal point, got 9.0"),
    ({"initial_states": [1.0]}, r"the probability of each state, shape \(2,\), got \(1,\)"),
    ({"initial_states": [0.5, 0.4]}, "the start distribution must be >= 0 and sum to 1"),
    ({"initial_states": [0.5, 0.5], "start": 0}, "leave out initial_states where there is a start"),
]


SPARSE = {
    "P_data": [0.25, 0.75],
    "P_indices": [0, 1],
    "P_indptr": [0, 2, 2],
    "R": [[1.0], [np.nan]],
}
WRONG_SPARSE: list[tuple[dict[str, Any], str]] = [
    (
        {"state_names": [1, 2]},
        r"state_names must be a list of texts, got an array of shape \(2,\), dt",
    ),
    ({"state_names": "ab"}, r"state_names must be a list of texts, got an array of shape \(\), dt"),
    ({"state_names": ["a", "a"]}, "state_names must be distinct: 0 and 1 are both 'a'"),
    ({"state_names": [b"a", b"b"]}, "state_names must be a list of texts, got .* dtype .S1"),
    (
        {"state_names": np.array(["a", None])},
        "state_names.npy: holds Python objects, which are not",
    ),
    ({"action_names": ["a", "b"]}, "action_names must have 1 entries, got 2"),
    ({"remarks": [0.5]}, "remarks must be a list of texts"),
    (
        {"visits": [[4.0], [0.0]]},
        r"visits must hold whole numbers in the shape of R, \(2, 1\), got f",
    ),
    (
        {"visits": [4, 0]},
        r"visits must hold whole numbers in the shape of R, \(2, 1\), got int64, \(",
    ),
    ({"visits": [[3], [0]]}, "state 0, action 0: the probability 0.25 is no share of 3 visits"),
    ({"visits": [[4], [1]]}, "state 1, action 0: has visits, and no transitions"),
    ({"visits": [[-4], [0]]}, "(no share of -4 visits|got -4)"),
    ({"scaled": [[np.nan], [1]]}, "scaled must hold finite floats in the shape of R"),
    ({"scaled": [[1], [1]]}, "scaled must hold finite floats in the shape of R"),
    ({"scaled": [[0.0], [1]]}, "scaled: state 0, action 0: a sum must be within 1e-5 of 1, got 0"),
    ({"scaled": [[1e308], [1]]}, r"scaled: state 0, action 0: a sum must be within 1e-5 of 1, got"),
    ({"scaled": [[1], [0.9]]}, "scaled: state 1, action 0: has no transitions"),
    ({"R": [["1"], ["nan"]]}, "R must hold real numbers, got dtype <U3"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("wrong", "message"), WRONG_SPARSE)
def test_arrays_that_say_what_cannot_be_are_refused(
    kind: Any, wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **SPARSE | wrong)
    with pytest.raises(InputError, match=f"^[^\n]*{message}[^\n]*$"):
        kind.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_dense_arrays_may_be_text(kind: Any, tmp_path: Path) -> None:
    """Numbers as `from_arrays` takes them, and names; no pickle is read for it."""
    path = tmp_path / "text.npz"
    p, r = [[["1/3", "2/3"], ["0", "1"]]], [["1e-3"], ["nan"]]
    np.savez(path, P=p, R=r, state_names=["here", "there"], action_names=["go"])
    made = kind.from_arrays(p, r)
    assert kind.load(path) == replace(made, state_names=("here", "there"), action_names=("go",))
    np.savez(path, P=p, R=r, visits=[[3], [0]])
    with pytest.raises(InputError, match="the arrays P and visits cannot be combined"):
        kind.load(path)
    np.savez(path, P=[[["x"]]], R=[["1"]])
    with pytest.raises(InputError, match=r"P\[0, 0, 0\] must be a number like"):
        kind.load(path)


def test_many_numbers_in_text_are_refused(tmp_path: Path) -> None:
    """Each takes a microsecond, however little space a zero takes in the file."""
    path = tmp_path / "many.npz"
    np.savez_compressed(path, P=np.full((1, 1001, 1001), "0"), R=np.zeros(1001))
    with pytest.raises(InputError, match="P has 1,002,001 numbers in text, and at most 1,000,000"):
        MDP.load(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("wrong", "message"), WRONG_ARRAYS)
def test_arrays_that_begin_nowhere_are_refused(
    kind: Any, wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, P=[[[0.0, 1.0], [0.0, 1.0]]], R=[[1.0], [0.0]], **wrong)
    with pytest.raises(InputError, match=f"^[^\n]*{message}[^\n]*$"):
        kind.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_dense_arrays_say_where_episodes_begin(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "dense.npz"
    begins = {"initial_states": [1 / 3, 2 / 3], "time_limit": 9}
    np.savez(path, P=[[[0.0, 1.0], [0.0, 1.0]]], R=[[1.0], [0.0]], **begins)
    read = kind.load(path)
    assert (read.time_limit, read.initial_states) == (9, {0: THIRD, 1: 1 - THIRD})


def test_models_made_otherwise_know_nothing() -> None:
    mdp = MDP.from_rows([(0, 0, 0, 1, 1, False)], n_states=1, n_actions=1, start=0)
    for model in (mdp, FloatMDP.from_mdp(mdp)):
        assert (model.time_limit, model.initial_states) == (None, {})
