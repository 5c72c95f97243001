"""The options on how SOURCE is read, which every command has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from shell import check_refused, commands, run

from qdecay import MDP, ChainLayout, policy_regions

READERS = {"compare", "regions", "blackwell", "price", "report", "plot", "learn-curve"}
READING = {"option", "numbers", "normalise", "costs", "reward"}
READING |= {"explore", "samples", "max_states", "key"}
ROOT = 2**-0.5


def test_every_command_of_a_source_has_them() -> None:
    """And no other has one of them."""
    found = {
        name: {p.name for p in command.params} & (READING | {"source"})
        for name, command in commands().items()
    }
    assert {name for name, names in found.items() if "source" in names} == READERS
    assert all(found[name] == READING | {"source"} for name in READERS)
    assert not any(names - {"reward"} for name, names in found.items() if name not in READERS)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep 1 for ever, or leave for 4 after two steps: break-even at 4 g^2 = 1 / (1 - g) - ..."""
    p = np.zeros((2, 3, 3))
    p[0] = np.eye(3)
    p[1] = [[0, 1, 0], [0, 0, 1], [0, 0, 1]]
    r = np.array([[1, 0], [0, 4], [0, 0]])
    np.savez(tmp_path / "model.npz", P=p, R=r, start=np.array(0))
    np.savez(tmp_path / "rounded.npz", P=p * 0.999999, R=r, start=np.array(0))
    np.savez(tmp_path / "root.npz", P=p, R=r * ROOT, start=np.array(0))
    monkeypatch.chdir(tmp_path)
    return "model.npz"


def _regions(capsys: Any, monkeypatch: Any, *arguments: str) -> tuple[Any, str]:
    code, out, err = run(capsys, monkeypatch, "regions", *arguments, "--json")
    assert code == 0, err
    document = json.loads(out)
    return document["breakpoints"], err


def test_costs_are_negated(capsys, monkeypatch, source: str) -> None:
    """What earned 1 on every step costs 1: the best is to leave at once, at every gamma."""
    found, _ = _regions(capsys, monkeypatch, source, "--costs")
    costs = MDP.load(source, minimise=True)
    assert found == policy_regions(costs).to_json("")["breakpoints"]
    assert costs.r[0, 0] == -1


def test_rounded_rows_are_divided_by_their_sum(capsys, monkeypatch, source: str) -> None:
    """The breakpoints are those of the model that was rounded, and a note says what was done."""
    expected, err = _regions(capsys, monkeypatch, source)
    assert err == ""
    found, err = _regions(capsys, monkeypatch, "rounded.npz", "--normalise")
    assert found == expected
    assert "rounded.npz: divided 6 rows of probabilities by sums within 1.0e-06 of 1\n" in err


def test_binary_numbers_are_floats_as_they_are(capsys, monkeypatch, source: str) -> None:
    """All rewards times one number leave the breakpoints where they are."""
    expected, _ = _regions(capsys, monkeypatch, source)
    found, _ = _regions(capsys, monkeypatch, "root.npz", "--numbers", "binary")
    assert [b["closed_form"] for b in found] == [b["closed_form"] for b in expected]


def test_what_pays_by_the_clock_is_explored_by_its_sign(
    capsys, monkeypatch, tmp_path: Path
) -> None:
    """A lake whose reward falls with the steps is refused, and by sign it is the lake."""
    (tmp_path / "clocked.py").write_text(
        "import gymnasium as gym\n"
        "class Falling(gym.Wrapper):\n"
        "    def reset(self, **options):\n"
        "        self.steps = 0\n"
        "        return super().reset(**options)\n"
        "    def step(self, action):\n"
        "        self.steps += 1\n"
        "        print('a step')\n"
        "        state, reward, *rest = super().step(action)\n"
        "        return state, reward * (1 - self.steps / 1000), *rest\n"
        "def make():\n"
        "    return Falling(gym.make('FrozenLake-v1', is_slippery=False))\n"
        "gym.register('clocked/Lake-v0', make)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = "clocked:clocked/Lake-v0"
    price = ["price", name, "--explore", "--json"]
    code, out, err = run(capsys, monkeypatch, *price)
    assert (code, out) == (2, "")
    assert "depends on the history: it pays 0.99" in err
    assert "what differs is Falling.steps" in err
    assert "pass reward= (--reward), such as" in err
    code, out, err = run(capsys, monkeypatch, *price, "--reward", "sign")
    del gym.registry["clocked/Lake-v0"]
    assert code == 0
    document = json.loads(out)
    assert document["judge"] == {"kind": "steps", "steps": 100}
    assert document["optimum"]["value"] == 1
    assert f"{name}: ignored when distinguishing states: Falling.steps (clock)" in err


WRONG = [
    (["regions", "root.npz"], "--numbers binary"),
    (["regions", "rounded.npz"], "--normalise"),
    (["regions", "model.npz", "--numbers", "decimal"], "--numbers must be one of short, binary"),
    (["regions", "model.npz", "--numeric", "--numbers", "binary"], "--numbers applies to exact"),
    (["regions", "model.npz", "--reward", "energy"], "has no reward structures"),
    (["regions", "model.npz", "--explore"], "--explore applies to an environment"),
    (["regions", "FrozenLake-v1", "--reward", "energy"], "--reward applies to a file"),
    (["regions", "FrozenLake-v1", "--samples", "9"], "--samples requires --explore"),
    (["regions", "FrozenLake-v1", "--max-states", "9"], "--max-states requires --explore"),
    (["regions", "FrozenLake-v1", "--samples", "0", "--explore"], "--samples"),
    (["regions", "FrozenLake-v1", "--key", "math:floor"], "--key requires --explore"),
    (["regions", "FrozenLake-v1", "--explore", "--key", "math:flor"], "no attribute 'flor'"),
    (["regions", "FrozenLake-v1", "--explore", "--key", "math"], "math: names no function"),
    (["regions", "FrozenLake-v1", "--explore", "--reward", "math:pi"], "is not a function of"),
    (["regions", "layout.json", "--costs"], "--costs applies to a model or a Gymnasium id"),
    (["compare", "--costs"], "--costs requires SOURCE"),
    (["report", "--numbers", "binary"], "--numbers requires SOURCE"),
    (["plot", "--explore"], "--explore requires SOURCE"),
    (["learn-curve", "-k", "slip=1/2"], "-k requires SOURCE"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_options_are_refused(
    capsys, monkeypatch, source: str, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """In one line, by name."""
    ChainLayout.choice(stay=[1], move=[0, 0, 4]).save(tmp_path / "layout.json")
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


def test_what_is_explored_is_paid_and_told_apart_as_asked(
    capsys, monkeypatch, tmp_path: Path
) -> None:
    """Functions from the working folder; the model is that of the table with those rewards."""
    (tmp_path / "explored_so.py").write_text(
        "def toll(observation, action, reward, next_observation, terminated):\n"
        "    return 10 * reward - 1\n"
        "def place(env):\n    return env.unwrapped.s\n"
    )
    monkeypatch.chdir(tmp_path)
    options = ("-k", "is_slippery=false", "--explore", "--reward", "explored_so:toll")
    found, err = _regions(
        capsys, monkeypatch, "FrozenLake-v1", *options, "--key", "explored_so:place"
    )
    table = MDP.from_env(gym.make("FrozenLake-v1", is_slippery=False))
    reachable = [row for row in table.rows() if not row[5] or row[0] != row[2]]
    paid = MDP.from_rows(
        [(s, a, t, p, 10 * r - 1, ended) for s, a, t, p, r, ended in reachable],
        n_states=16,
        n_actions=4,
    )
    expected = policy_regions(paid).to_json("")["breakpoints"]
    assert [b["polynomial"] for b in found] == [b["polynomial"] for b in expected]
    assert "left out" not in err
