"""Grids are read as layouts are: the same model by every door, and one line where it is wrong."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from qdecay import MDP, FloatMDP, GridLayout, InputError, as_mdp
from qdecay.model.source import Source
from qdecay_envs import PRESETS, GridWorldEnv

MAZE = GridLayout(
    ["r  +1", "S# -1"], {"r": {"reward": -3}}, living_reward="-1/25", noise="1/5", bump_reward=-2
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    MAZE.save(tmp_path / "maze.json")
    return tmp_path / "maze.json"


@pytest.mark.parametrize("options", [{}, {"noise": 0.1, "rewards": {"r": 3}, "wind": [0, 0, 1, 0]}])
def test_every_door_leads_to_the_same_model(path: Path, options: dict[str, Any]) -> None:
    """The layout, its file, the environment and the id; exactly and in floats."""
    expected = MDP.from_env(GridWorldEnv(MAZE, **options))
    assert expected.state_names is not None and expected.state_names[3] == "(4, 2)"
    assert expected.action_names == ("up", "right", "down", "left")
    models = [
        MDP.from_layout(MAZE, **options),
        as_mdp(MAZE, **options),
        as_mdp(path, **options),
        as_mdp(str(path), **options),
        as_mdp("qdecay/GridWorld-v0", grid=MAZE.to_json(), **options),
    ]
    floats = [FloatMDP.from_layout(MAZE, **options)]
    if not options:
        models += [MDP.load(path), as_mdp(gym.make("qdecay/GridWorld-v0", grid=MAZE))]
        floats += [FloatMDP.load(path), Source(str(path)).float_mdp()]
    assert all(model == expected for model in models)
    for model in floats:
        assert (model.p != expected.p).nnz == 0
        assert model.r == pytest.approx(expected.r)
    assert as_mdp(path).name == MDP.load(path).name == str(path)


def test_rewards_need_no_floats() -> None:
    """A model takes what no environment can play."""
    huge = 10**400
    mdp = MDP.from_layout(MAZE, living_reward=huge)
    assert max(mdp.exact_reward) == huge
    with pytest.raises(ValueError, match="too large for floats"):
        GridWorldEnv(MAZE, living_reward=huge)


def test_a_file_names_an_environment(path: Path) -> None:
    """Which learners play; its numbers may be replaced."""
    source = Source(str(path), {"living_reward": "-1/2"})
    assert source.names_env
    env: Any = source.world()
    assert isinstance(env, GridWorldEnv)
    assert (env.grid.living_reward, env.grid.map) == (Fraction(-1, 2), MAZE.map)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"slip": 0}, "has no argument slip; known: grid, living_reward, noise"),
        ({"noize": 0}, "did you mean noise"),
        ({"grid": ["S"]}, r"already is the grid: omit grid=\['S'\]"),
        ({"noise": 2}, "noise must be a probability"),
        ({"noise": True}, "noise"),
        ({"living_reward": "much"}, "living_reward must be a number"),
        ({"acts_on": "both"}, "acts_on must be 'leaving' or 'entering'"),
        ({"wind": [1]}, "wind must have a number for each of 4 columns"),
        ({"rewards": {"x": 1}}, "rewards: 'x' is not in the grid's legend, which has 'r'"),
        ({"render_mode": "film"}, "render_mode must be"),
    ],
)
def test_wrong_options_are_told_in_one_line(
    path: Path, options: dict[str, Any], words: str
) -> None:
    for problem in (path, MAZE):
        with pytest.raises((InputError, ValueError), match=words) as caught:
            as_mdp(problem, **options)
        assert len(str(caught.value).splitlines()) == 1


def test_a_large_map_is_read() -> None:
    """2,500 cells, all of them free: as many states, and four actions in each."""
    rows = ["S" + " " * 49, *[" " * 50] * 48, " " * 49 + "+1"]
    mdp = MDP.from_layout(GridLayout(rows, noise="1/5"))
    assert (mdp.n_states, mdp.n_actions) == (2_500, 4)


def test_a_preset_is_its_file(tmp_path: Path) -> None:
    """Saved and read by the file, each has the model of its id."""
    for name, grid in PRESETS.items():
        grid.save(tmp_path / f"{name}.json")
        assert MDP.load(tmp_path / f"{name}.json") == as_mdp(f"qdecay/{name}-v0")
