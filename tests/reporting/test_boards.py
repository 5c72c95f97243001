"""The boards of the page: where each state stands, and what the cells are."""

from typing import Any

import gymnasium as gym
import pytest

from qdecay.model.source import Source
from qdecay.reporting.boards import board_of
from qdecay.reporting.chapter import read_chapter
from qdecay_envs import PRESETS, GridLayout


def board(**arguments: Any) -> Any:
    return board_of(gym.make("qdecay/GridWorld-v0", **arguments))


def test_a_grid_is_drawn_as_it_is_typed() -> None:
    """Numbers, walls, marks with their rewards; walls have no state."""
    grid = GridLayout(
        ["A+1 .", "S# a", "rG -1"],
        {"A": {"reward": "5/2", "to": "a"}, "a": {}, "r": {"reward": -3}, "G": {"end": True}},
    )  # fmt: skip
    found = board(grid=grid)
    assert (found.rows, found.columns) == (3, 4)
    assert found.marks == ("A +5/2", "+1", "", "", "start", "", "", "a", "r −3", "G", "", "−1")
    kinds = ("", "goal", "", "", "start", "wall", "", "", "cliff", "goal", "", "hole")
    assert found.kinds == kinds
    assert found.layers[0].states == (0, 1, 2, 3, 4, None, 5, 6, 7, 8, 9, 10)
    assert found.arrows == ("up", "right", "down", "left")


def test_a_cliff_has_no_state() -> None:
    """On entering, nobody stands on it: its cells are drawn and cannot be chosen."""
    found = board(grid="CliffGrid")
    assert [state for state in found.layers[0].states[-12:] if state is not None] == [36, 37]
    assert found.kinds[-12:] == ("start", *["cliff"] * 10, "goal")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.slow
def test_every_preset_has_its_board_on_the_page(name: str) -> None:
    """Each state has one cell, and the page calls it by the name of the model."""
    chapter = read_chapter(Source(f"qdecay/{name}-v0"))
    assert chapter.board is not None
    (layer,) = chapter.board.layers
    assert [s for s in layer.states if s is not None] == list(range(chapter.mdp.n_states))
    assert chapter.state_names == list(PRESETS[name].names)
    assert chapter.data()["layers"] == [list(layer.states)]
