"""Each command opens its SOURCE once: an environment may be slow to make, or change what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from shell import run

from qdecay import ChainLayout
from qdecay.model.source import HOMEWORK

CHAIN = "qdecay/StayOrMove-v0"
COMMANDS = [
    (("regions", CHAIN, "-k", "slip=1/10"), 1),
    (("regions", CHAIN, "--json"), 1),
    (("regions", CHAIN, "--numeric"), 1),
    (("regions", "FrozenLake-v1", "--certificate", "proof.json"), 1),
    (("blackwell", "FrozenLake-v1"), 1),
    (("compare", CHAIN), 1),
    (("report", CHAIN, "-o", "page.html"), 1),
    (("report", "FrozenLake-v1", "-o", "page.html"), 1),
    (("report", "--exact-only", "-o", "page.html"), len(HOMEWORK)),
    (("plot", CHAIN, "-o", "plot.svg", "--what", "thresholds", "--what", "values"), 1),
]


def counted(function: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return function(*args, **kwargs)

    return counting


@pytest.mark.parametrize(("arguments", "expected"), COMMANDS)
def test_a_command_makes_its_environment_once(
    capsys, monkeypatch, tmp_path: Path, arguments: tuple[str, ...], expected: int
) -> None:
    """Whatever the command asks of it: the table, the picture, the layout, trainings."""
    calls: list[Any] = []
    monkeypatch.setattr(gym, "make", counted(gym.make, calls))
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, monkeypatch, *arguments)
    assert (code, len(calls)) == (0, expected), err


def test_a_layout_is_read_once(capsys, monkeypatch, tmp_path: Path) -> None:
    """What is drawn is what was solved, also where somebody saves the file meanwhile."""
    ChainLayout.choice(stay=[1], move=[0, 0, 4]).save(tmp_path / "layout.json")
    loads: list[Any] = []
    monkeypatch.setattr(ChainLayout, "load", counted(ChainLayout.load, loads))
    monkeypatch.chdir(tmp_path)
    assert run(capsys, monkeypatch, "report", "layout.json", "-o", "page.html")[0] == 0
    assert len(loads) == 1
