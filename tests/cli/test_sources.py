"""Each command opens its SOURCE once: an environment may be slow to make, or change what it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
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
@pytest.mark.slow
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


CLASSES = '''
import gymnasium

class Old:
    """Walk on for 1/10 in every step, or out of the last of some rooms for 3."""

    nA = 2

    def __init__(self, rooms=2):
        last = rooms - 1
        self.nS, self.isd = rooms, [1.0] + [0.0] * last
        self.P = {
            s: {0: [(1, s, 0.1, 0)], 1: [(1, min(s + 1, last), 3.0 * (s == last), s == last)]}
            for s in range(rooms)
        }

class New(gymnasium.Env):
    def __init__(self, rooms=2):
        self.P = Old(rooms).P
        self.initial_state_distrib = Old(rooms).isd
        self.observation_space = gymnasium.spaces.Discrete(rooms)
        self.action_space = gymnasium.spaces.Discrete(2)

class Loud(Old):
    def __init__(self):
        print("made")
        super().__init__()

class Empty:
    pass

made = Old()

gymnasium.register("Rooms-v0", "MODULE:Old")
'''


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of classes in the working folder."""
    name = f"rooms_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(CLASSES.replace("MODULE", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    gym.registry.pop("Rooms-v0", None)
    sys.modules.pop(name, None)


@pytest.mark.parametrize("named", ["Old", "New", "Rooms-v0"])
def test_a_class_is_a_source_registered_or_not(capsys, monkeypatch, rooms: str, named: str) -> None:
    """Of Gymnasium or not, with its arguments: in the last room 3 = (1/10) / (1 - gamma)."""
    source = f"{rooms}:{named}"
    code, out, err = run(capsys, monkeypatch, "regions", source, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["n_states"], document["start"]) == (2, 0)
    assert document["source"] == source
    points = [b["closed_form"] for b in document["breakpoints"] if "1" in b["changes"]]
    assert points == ["29/30"]
    code, out, _ = run(capsys, monkeypatch, "compare", source, "-k", "rooms=1", "--json")
    row = json.loads(out)["rows"][0]
    assert (code, row["verdict"], row["exact"][0]["closed_form"]) == (0, "agree", "29/30")


@pytest.mark.parametrize("command", [["regions"], ["regions", "--numeric"], ["price"], ["compare"]])
def test_what_a_class_prints_is_not_in_the_document(
    capsys, monkeypatch, rooms: str, command: list[str]
) -> None:
    name, *options = command
    before = sys.stdout
    _, out, err = run(capsys, monkeypatch, name, f"{rooms}:Loud", *options, "--json")
    assert json.loads(out)["schema"].startswith("qdecay.")
    assert "made" in err.splitlines()
    assert sys.stdout is before
    _, out, _ = run(capsys, monkeypatch, name, f"{rooms}:Loud", *options)
    assert "made" in out.splitlines()  # without --json it goes where it was printed


@pytest.mark.parametrize(
    ("named", "options", "message"),
    [
        ("Empty", [], "Empty has no table P[state][action]"),
        ("Nobody", [], "neither a file nor a registered Gymnasium id"),
        ("gymnasium", [], "of the type module, not a class or a registered Gymnasium id"),
        ("made", [], "of the type Old, not a class or a registered Gymnasium id"),
        ("Old", ["-k", "room=2"], "has no argument room; did you mean rooms"),
        ("Old", ["-k", "rooms=0"], "nS must be from 1 to 50,000,000, got 0"),
        ("Old", ["--explore"], "env must be an environment"),
    ],
)
def test_a_class_that_is_no_model_is_refused_in_one_line(
    capsys, monkeypatch, rooms: str, named: str, options: list[str], message: str
) -> None:
    code, out, err = run(capsys, monkeypatch, "regions", f"{rooms}:{named}", *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
