"""Odd surroundings: closed streams, full disks, environments of all kinds, names that hide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing import is_well_told
from shell import run

from qdecay._support.one_line import escaped, one_line
from qdecay.model.mdp import MDP

NAMES = ["a\u202eb", "\u05d0\u0628é", "x\ny\u200bz"]
ROWS = [
    (0, 0, 1, 1, 1, False),
    (0, 1, 2, 1, 2, True),
    (1, 0, 1, 1, 3, False),
    (2, 0, 0, 1, 0, True),
]
MISSING = ["regions", "missing.json"]
MODEL = ["regions", "m.json", "--states"]


def model() -> MDP:
    return MDP.from_rows(
        ROWS, n_states=3, n_actions=2, start=0, state_names=NAMES, action_names=["\ud800", "b"]
    )


def qdecay(folder: Path, arguments: list[str], shell: str = "", **environment: str):
    """Run a command under a shell that adds `shell`: redirections, or limits before it."""
    model().save(folder / "m.json")
    paths = os.pathsep.join(path for path in sys.path if path)
    before, _, after = shell.partition("|") if "|" in shell else ("", "", shell)
    return subprocess.run(
        ["sh", "-c", f'{before} exec "$0" -m qdecay "$@" {after}', sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "shell", "err"),
    [
        (MODEL, 0, ">&-", ""),
        (MODEL, 2, ">/dev/full", "qdecay: standard output: No space left on device\n"),
        (MISSING, 2, "2>&-", ""),
        pytest.param(MISSING, 2, "2>/dev/full", "", marks=pytest.mark.slow),
        pytest.param(["--help"], 0, ">&-", "", marks=pytest.mark.slow),
        pytest.param(MODEL, 0, "<&- >&- 2>&-", "", marks=pytest.mark.slow),
        pytest.param(MISSING, 2, "<&- >&- 2>&-", "", marks=pytest.mark.slow),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_streams_that_are_closed_or_full(tmp_path: Path, arguments, code, shell, err) -> None:
    """The exit code is that of the work; output that could not be shown is reported."""
    done = qdecay(tmp_path, arguments, shell)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", err)


def test_what_is_written_while_standard_output_is_closed_is_whole(tmp_path: Path) -> None:
    """A file that is opened would get its number, and what is printed would go into it."""
    done = qdecay(tmp_path, ["regions", "m.json", "--certificate", "c.json"], ">&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "c.json").read_text())["schema"] == "qdecay.certificate/1"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_gone_is_no_failure(tmp_path: Path, options: list[str]) -> None:
    """As with `head`: nothing disagrees, and nothing was wrong."""
    model().save(tmp_path / "m.json")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "qdecay", "blackwell", str(tmp_path / "m.json"), *options],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "many"},
        pytest.param({"TERM": "dumb", "NO_COLOR": "1", "HOME": "/proc"}, marks=pytest.mark.slow),
    ],
)
def test_a_table_is_shown_whatever_the_environment_says(tmp_path: Path, environment) -> None:
    done = qdecay(tmp_path, MODEL, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a\\u202eb" in done.stdout and "\\ud800" in done.stdout
    assert "3 states, 2 actions: " in done.stdout


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    arguments = ["regions", "qdecay/StayOrMove-v0", "--certificate", "c.json"]
    done = qdecay(tmp_path, arguments, "mkdir gone && cd gone && rmdir ../gone &&|")
    assert (done.returncode, done.stdout) == (2, "")
    assert is_well_told(2, done.stderr)


@pytest.mark.slow
def test_numba_disable_jit_changes_no_answer(tmp_path: Path) -> None:
    """It is meant for people's own functions; the kernels are compiled."""
    arguments = ["compare", "qdecay/StayOrMove-v0", "--json"]
    plain, disabled = (qdecay(tmp_path, arguments, NUMBA_DISABLE_JIT=x) for x in ("0", "1"))
    assert disabled.returncode == 0, disabled.stderr
    assert plain.stdout == disabled.stdout


def test_numba_disable_jit_is_overruled_for_kernels(tmp_path: Path) -> None:
    code = "from qdecay.planning.compiled import kernels; kernels.evaluate.py_func"
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_names_that_hide_are_spelt_out(capsys, monkeypatch, tmp_path: Path) -> None:
    """In tables and on the page; letters that run from right to left stay."""
    monkeypatch.chdir(tmp_path)
    model().save("m.json")
    assert MDP.load("m.json").state_names == tuple(NAMES)  # data stay as they are
    code, out, _ = run(capsys, monkeypatch, "report", "m.json", "-o", "page.html")
    assert code == 0
    _, out, _ = run(capsys, monkeypatch, *MODEL)
    page = Path("page.html").read_text(encoding="utf-8")
    assert escaped(NAMES[0]) == "a\\u202eb"
    for text in (out, page):
        assert not {"\u202e", "\u200b"} & set(text)
        assert "\u05d0\u0628é" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["regions", "x" * 5000],
        ["regions", "x" * 5000 + ".json"],
        ["regions", "qdecay/StayOrMove-v0", "-k", "slip=" + "y" * 5000],
        ["regions", "qdecay/StayOrMove-v0", "-k", "y" * 5000],
        ["compare", "--learner", "y" * 5000],
        ["compare", "--learner", "y z " * 1500],
        ["regions", "--" + "y" * 5000],
        ["y" * 5000],
    ],
)
def test_a_message_echoes_long_text_with_its_middle_left_out(
    capsys, monkeypatch, arguments: list[str]
) -> None:
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert len(err) < 1100 and "..." in err
    assert is_well_told(code, err)


def test_the_ends_of_long_text_are_kept() -> None:
    line = one_line("no file /home/" + "x" * 5000 + "/model.json: why")
    assert line.startswith("no file /home/x") and line.endswith("x/model.json: why")
    assert len(line) < 250
    assert one_line("short\nline") == "short line"
