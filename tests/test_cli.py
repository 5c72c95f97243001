"""The command line: output, JSON, exit codes, and one line for every wrong input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import check_refused, run

LAYOUT = {"schema": "qdecay.layout/1", "near": ["a", [2]], "far": ["b", [0, 3]]}


@pytest.fixture
def layout_file(tmp_path: Path) -> str:
    """2 now or 3 one step later: 2/3."""
    path = tmp_path / "layout.json"
    path.write_text(json.dumps(LAYOUT))
    return str(path)


def test_without_arguments_the_four_answers(capsys, monkeypatch) -> None:
    """The first thing a newcomer types shows something worth seeing."""
    code, out, err = run(capsys, monkeypatch)
    assert (code, err) == (0, "")
    for answer in ("1/2", "1/3", "6^(-1/3)", "110^(-1/99)", "qdecay compare"):
        assert answer in out


def test_compare_prints_a_table(capsys, monkeypatch, layout_file: str) -> None:
    """A layout file, by hand 2/3; the exit code says that all agree."""
    code, out, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert code == 0
    assert "2/3" in out
    assert "agree" in out


def test_compare_prints_json_and_nothing_else(capsys, monkeypatch, layout_file: str) -> None:
    """One document of schema qdecay.comparison/1."""
    code, out, err = run(capsys, monkeypatch, "compare", layout_file, "--json", "--seeds", "11")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "qdecay.comparison/1"
    (row,) = document["rows"]
    assert set(row) == {"source", "exact", "planned", "learned", "verdict"}
    (exact,) = row["exact"]
    assert (exact["lower"], exact["closed_form"], exact["polynomial"]) == ("2/3", "2/3", [-2, 3])
    assert set(row["learned"][0]) == {"median", "low", "high", "seeds", "steps", "interval"}
    assert row["learned"][0]["seeds"] == 11


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_compare_draws(capsys, monkeypatch, layout_file: str, tmp_path: Path, suffix: str) -> None:
    """The plot has the kind that its name says."""
    path = tmp_path / f"plot.{suffix}"
    assert run(capsys, monkeypatch, "compare", layout_file, "--plot", str(path))[0] == 0
    magic = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    assert path.read_bytes().startswith(magic[suffix])


def test_a_broken_learner_exits_with_1(capsys, monkeypatch, mutate, layout_file: str) -> None:
    """Where learned and exact disagree, the reason is printed and the exit code is 1."""
    mutate(lambda r, g, follow, end: r + g * g * follow * (not end))
    code, out, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert code == 1
    assert "disagree" in out
    assert "agents flip" in out


WRONG = [
    (["compare", "nope"], "nope: no file and no registered Gymnasium id"),
    (["compare", "none.json"], "none.json"),
    (["compare", "FrozenLake-v1"], "FrozenLakeEnv"),
    (["compare", "--seeds", "9"], "--seeds"),
    (["compare", "--seeds", "x"], "--seeds"),
    (
        ["compare", "--learner", "dqn"],
        "known: double_q_learning, expected_sarsa, q_learning, sarsa",
    ),
    (["compare", "--plot", "x.gif"], "must end in .svg, .pdf, .png"),
    (["compare", "--plot", "no/folder/x.svg"], "the folder no/folder does not exist"),
    (["compare", "-k", "slip"], "write name=value"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "slip=1.5"], "slip must be a probability"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "slip=NaN"], "slip must be"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "reward_noise=-1"], "reward_noise must be"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "colour=1"], "colour"),
    (["compare", "qdecay/Chain-v0"], "layout must be"),
    (["compare", "--colour"], "No such option"),
    (["compere"], "No such command"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_line(capsys, monkeypatch, tmp_path, arguments, message: str) -> None:
    """What is wrong is told in one line."""
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


def test_options_without_a_source_are_refused(capsys, monkeypatch) -> None:
    """The four problems take no arguments; a slip that is ignored would mislead."""
    code, _, err = run(capsys, monkeypatch, "compare", "-k", "slip=1/10")
    assert code == 2
    assert "-k goes with a SOURCE" in err


def test_the_installed_command_runs() -> None:
    """`python -m qdecay` is the command; its version is the package's."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-m", "qdecay", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert result.stdout == "qdecay 0.1.0\n"


def test_help_shows_the_commands(capsys, monkeypatch) -> None:
    """The commands and where to start."""
    code, out, _ = run(capsys, monkeypatch, "--help")
    assert code == 0
    assert "compare" in out
