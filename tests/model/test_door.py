"""Every kind of problem becomes the same model; anything else is refused in one line."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from qdecay import MDP, ChainLayout, FloatMDP, GridLayout, as_mdp, policy_regions, value_iteration
from qdecay.errors import InputError
from qdecay.model.door import as_chain_env, as_exact_mdp, as_finite_mdp, as_world, name_of
from qdecay_envs.chain import ChainEnv

ID = "qdecay/StayOrMove-v0"
LAYOUT = ChainLayout.choice(stay=[1], move=[0, 0, 4])
MODEL = MDP.from_layout(LAYOUT)


def saved(folder: Path, problem: MDP | FloatMDP | ChainLayout, file: str) -> Path:
    problem.save(folder / file)
    return folder / file


PROBLEMS: dict[str, Callable[[Path], Any]] = {
    "a model": lambda folder: MODEL,
    "a layout": lambda folder: LAYOUT,
    "an environment": lambda folder: ChainEnv(LAYOUT),
    "a wrapped environment": lambda folder: gym.make(ID, max_episode_steps=9),
    "an id": lambda folder: ID,
    "an id after its module": lambda folder: f"qdecay_envs:{ID}",
    "the path of a model": lambda folder: saved(folder, MODEL, "model.json"),
    "the path of a layout": lambda folder: saved(folder, LAYOUT, "layout.json"),
    "a path as text": lambda folder: str(saved(folder, MODEL, "model.json")),
    "an archive": lambda folder: saved(folder, FloatMDP.from_mdp(MODEL), "model.npz"),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_kind_of_problem_has_the_same_regions(kind: str, tmp_path: Path) -> None:
    """Exactly, and planned in floats as well."""
    problem = PROBLEMS[kind](tmp_path)
    mdp = as_mdp(problem)
    assert type(mdp) is MDP and mdp == replaced_names(MODEL, mdp)
    assert policy_regions(mdp).to_json("x") == policy_regions(MODEL).to_json("x")
    found, expected = value_iteration(as_finite_mdp(problem), 0.9), value_iteration(MODEL, 0.9)
    assert np.array_equal(found.v, expected.v)


def replaced_names(model: MDP, like: MDP) -> MDP:
    """The model with another's names: an archive has none."""
    return MDP.from_rows(
        model.rows(),
        n_states=model.n_states,
        n_actions=model.n_actions,
        start=model.start,
        state_names=like.state_names,
        action_names=like.action_names,
    )


NAMES = {
    "a model": None,
    "a layout": None,
    "an environment": None,
    "a wrapped environment": ID,
    "an id": ID,
    "an id after its module": ID,
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_a_model_says_what_it_was_read_from(kind: str, tmp_path: Path) -> None:
    """The id or the path; it is in no document, and makes no difference between models."""
    problem = PROBLEMS[kind](tmp_path)
    expected = NAMES[kind] if kind in NAMES else str(problem)
    for made in (as_mdp(problem), as_finite_mdp(problem)):
        assert made.name == expected
        assert repr(made).count("\n") == 0
        assert repr(made).startswith(f"{type(made).__name__}({expected or ''}")
    assert "name" not in as_mdp(problem).to_json()
    assert name_of(as_mdp(problem)) == expected


@pytest.mark.parametrize(
    "text", ["a\nb", " ", "x" * 5000, "\u202eabc.json", "a\0b", "9" * 999 + ".json"]
)
def test_odd_texts_are_refused_in_one_short_line(text: str) -> None:
    """Whatever is typed, the message names it once and can be shown."""
    for door in (as_mdp, as_chain_env):
        with pytest.raises(InputError) as caught:
            door(text)
        message = str(caught.value)
        assert message.isprintable() and len(message) < 700
        assert message.count("neither a file") + message.count("cannot be read") == 1


def test_options_are_arguments_of_the_environment_or_the_layout(tmp_path: Path) -> None:
    """As Python values; with an existing object they are refused."""
    slippery = as_mdp("FrozenLake-v1", is_slippery=True, map_name="8x8")
    assert slippery == as_mdp(gym.make("FrozenLake-v1", is_slippery=True, map_name="8x8"))
    assert as_mdp("FrozenLake-v1", is_slippery=False) != as_mdp("FrozenLake-v1")
    path = saved(tmp_path, LAYOUT, "layout.json")
    for problem in (LAYOUT, path):
        assert as_mdp(problem, slip="1/10") == as_mdp(ID, slip="1/10") != MODEL
        assert as_chain_env(problem, slip="1/10").slip == as_chain_env(ID, slip="1/10").slip
    for problem in (MODEL, FloatMDP.from_mdp(MODEL), gym.make(ID)):
        for door in (as_mdp, as_finite_mdp, as_world, as_chain_env):
            with pytest.raises(TypeError, match="slip applies only to an id, a layout or a path"):
                door(problem, slip=0)
    with pytest.raises(InputError, match=r"model.json: slip='1/10' applies to a Gymnasium id or"):
        as_mdp(saved(tmp_path, MODEL, "model.json"), slip="1/10")


def test_models_of_floats_pass_through_where_floats_do() -> None:
    """As they are; exact functions say which functions take them."""
    floats = FloatMDP.from_env(gym.make("FrozenLake-v1"))
    assert as_mdp(floats) is as_finite_mdp(floats) is as_world(floats) is floats
    assert as_finite_mdp(MODEL) is as_mdp(MODEL) is MODEL
    with pytest.raises(TypeError, match=r"numeric_policy_regions or value_iteration") as caught:
        as_exact_mdp(floats)
    assert "\n" not in str(caught.value)


def test_floats_without_rationals_are_read_as_they_are(tmp_path: Path) -> None:
    """What no person can have meant exactly is no obstacle to planning."""
    p = np.array([[[0.12345678901234567, 1 - 0.12345678901234567], [0.0, 1.0]]])
    np.savez(tmp_path / "model.npz", P=p, R=np.array([[1.0], [0.0]]))
    with pytest.raises(InputError, match="neither a short decimal nor a small fraction"):
        as_mdp(tmp_path / "model.npz")
    values = value_iteration(as_finite_mdp(tmp_path / "model.npz"), 0.9)
    assert values.v[0] == pytest.approx(1 / (1 - 0.9 * p[0, 0, 0]))


def test_learners_step_an_environment_and_read_all_else() -> None:
    env = gym.make(ID)
    assert as_world(env) is env
    assert as_world(MODEL) is MODEL
    assert as_world(ID) == as_world(LAYOUT) == MODEL


def test_chains_are_found_in_all_that_has_one(tmp_path: Path) -> None:
    """A layout, a chain, wrapped or not, an id, a path; a model is none any more."""
    path = saved(tmp_path, LAYOUT, "layout.json")
    for problem in (LAYOUT, ChainEnv(LAYOUT), gym.make(ID), ID, path, str(path)):
        assert as_chain_env(problem).layout == LAYOUT
    for problem in (MODEL, "FrozenLake-v1", gym.make("FrozenLake-v1"), 3):
        with pytest.raises(TypeError, match="problem must be a chain: a layout, a ChainEnv") as it:
            as_chain_env(problem)  # type: ignore[arg-type]
        assert "\n" not in str(it.value)


class Multiline:
    def __repr__(self) -> str:
        return "two\nlines"


class Wide(gym.Env[Any, Any]):
    """Its spaces are written in many lines."""

    P = ()
    observation_space = gym.spaces.Box(
        np.arange(50, dtype=np.float32), np.full(50, 99, dtype=np.float32)
    )
    action_space = gym.spaces.Discrete(2)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (3, TypeError, "problem must be an MDP, a layout, an environment, a Gymnasium id or a path, "),
    (None, TypeError, "got None"),
    (Multiline(), TypeError, "got two lines"),
    (list(range(99)), TypeError, r"got \[0, 1, 2"),
    (b"FrozenLake-v1", TypeError, "got b'FrozenLake-v1'"),
    (gym.Env, TypeError, "got <class"),
    (gym.make_vec("FrozenLake-v1"), TypeError, "got SyncVectorEnv"),
    ("FrozenLak-v1", InputError, "FrozenLak-v1: .* did you mean FrozenLake-v1"),
    ("FrozenLake-v7", InputError, "no such version"),
    ("MiniGrid-Empty-5x5-v0", InputError, "registers it, write MODULE:MiniGrid-Empty-5x5-v0; `q"),
    ("", InputError, "neither a file nor a registered Gymnasium id"),
    ("no_such_module_here:Id-v0", InputError, "No module named"),
    ("nope.json", InputError, "nope.json: cannot be read"),
    (Path("nope.npz"), InputError, "nope.npz: cannot be read"),
    (Path("nope.csv"), InputError, "nope.csv: cannot be read"),
    (Path("nope.txt"), InputError, "nope.txt: neither a file nor a registered"),
    ("CartPole-v1", InputError, "CartPole-v1: CartPoleEnv has no table"),
    (gym.make("CartPole-v1"), ValueError, "CartPoleEnv has no table"),
    (Wide(), ValueError, "P has no outcomes"),
]


@pytest.mark.parametrize(("problem", "kind", "message"), WRONG)
def test_what_is_no_model_is_told_in_one_line(problem: Any, kind: type, message: str) -> None:
    """By both doors, in fewer letters than a screen has."""
    for door in (as_mdp, as_finite_mdp, as_exact_mdp):
        with pytest.raises(kind, match=message) as caught:
            door(problem)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_arguments_are_written_back_as_in_python() -> None:
    for options, message in (
        ({"map_name": "9x9"}, "cannot be made with map_name='9x9': KeyError"),
        ({"is_slippery": "no"}, "is_slippery takes true or false, got 'no'"),
        ({"slippery": False}, "has no argument slippery; did you mean is_slippery"),
    ):
        with pytest.raises(InputError, match=message):
            as_mdp("FrozenLake-v1", **options)


MADE = {
    "MDP": lambda: as_mdp("FrozenLake-v1"),
    "MDP, recovered": lambda: MDP.from_arrays([[[0.1, 0.9], [0.5, 0.5]]], [[0.5], [1 / 3]]),
    "FloatMDP": lambda: as_finite_mdp("FrozenLake-v1"),
    "FloatMDP, no endings": lambda: FloatMDP.from_arrays([[[0.1, 0.9], [0.5, 0.5]]], [[1], [2]]),
    "ChainLayout": lambda: LAYOUT,
    "GridLayout": lambda: GridLayout(["S +1"], noise="1/5"),
}


@pytest.mark.parametrize("kind", MADE)
def test_models_are_equal_by_content_and_can_travel(kind: str) -> None:
    """Made twice, copied, or sent: equal, with the same hash, also once they were used."""
    model: Any = MADE[kind]()
    if not kind.endswith("Layout"):
        _ = model.p, model.r, model.reward, model.ends, getattr(model, "exact_r", None)
    for other in (MADE[kind](), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other == model and hash(other) == hash(model)
        assert repr(other) == repr(model)
    others = [make() for name, make in MADE.items() if name != kind]
    assert all(model != other for other in [*others, 3, None])


CHANGES = [
    {"start": 1},
    {"state_names": ("a", "b", "c")},
    {"action_names": ("go", "rest")},
    {"n_actions": 3, "action_names": None},
]


@pytest.mark.parametrize("change", CHANGES)
def test_models_that_differ_in_anything_are_not_equal(change: dict[str, Any]) -> None:
    changed = MDP.of(replace(MODEL.rows(), **change))
    assert changed != MODEL
    assert FloatMDP.from_mdp(changed) != FloatMDP.from_mdp(MODEL)


def test_numbers_make_a_difference() -> None:
    """One reward, one probability, one ending."""
    base = [(0, 0, 0, "1/2", 1, False), (0, 0, 1, "1/2", 1, True)]
    others = [
        [(0, 0, 0, "1/2", 1, False), (0, 0, 1, "1/2", 2, True)],
        [(0, 0, 0, "1/3", 1, False), (0, 0, 1, "2/3", 1, True)],
        [(0, 0, 0, "1/2", 1, True), (0, 0, 1, "1/2", 1, True)],
    ]
    made = [MDP.from_rows(rows, n_states=2, n_actions=1) for rows in [base, *others]]
    for models in (made, [FloatMDP.from_mdp(mdp) for mdp in made]):
        assert [models[0] == other for other in models] == [True, False, False, False]


def test_rows_are_the_inverse_of_reading(tmp_path: Path) -> None:
    """Of the rows of a model an equal model is made, with all that was known of it."""
    mdp = MDP.from_arrays([[[0.1, 0.9], [0.5, 0.5]]], [[0.5], [1 / 3]], start=1)
    again = MDP.of(mdp.rows())
    assert again == mdp and again.recovered == mdp.recovered and mdp.recovered
    assert list(mdp.rows()) == list(mdp.rows())  # may be read again
    mdp.save(tmp_path / "m.json")
    assert MDP.load(os.fspath(tmp_path / "m.json")) == mdp


def test_numbers_of_floats_mean_nothing_but_themselves(tmp_path: Path) -> None:
    """The option would be ignored."""
    arrays = np.eye(2)[None], np.zeros((2, 1))
    pairs = [0, 1], [[1.0, 0], [0, 1.0]], [0, 1], [0, 0]
    path = saved(tmp_path, FloatMDP.from_mdp(MODEL), "model.npz")
    calls: list[Callable[..., Any]] = [
        lambda **how: FloatMDP.from_env(gym.make(ID), **how),
        lambda **how: FloatMDP.from_arrays(*arrays, **how),
        lambda **how: FloatMDP.from_state_action_pairs(*pairs, **how),
        lambda **how: FloatMDP.load(path, **how),
        lambda **how: FloatMDP.load(saved(tmp_path, MODEL, "model.json"), **how),
    ]
    for call in calls:
        call(normalise=True)
        with pytest.raises((TypeError, InputError), match="numbers applies only to exact models"):
            call(numbers="binary")
