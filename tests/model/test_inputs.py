"""What is no ordinary file, in place of any file that a command reads: one line, at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fuzzing import MDP
from shell import check_refused, commands

from qdecay.errors import InputError
from qdecay.model.readers.npz import read_npz
from qdecay_envs.files import read_text

READS = {
    "compare SOURCE": [["compare", "x.json"]],
    "regions SOURCE": [
        ["regions", f"x{end}"] for end in ("", ".json", ".npz", ".tra", ".csv", ".parquet", ".umb")
    ],
    "blackwell SOURCE": [["blackwell", "x.json"]],
    "price SOURCE": [["price", "x.json"]],
    "report SOURCE": [["report", "x.json"]],
    "plot SOURCE": [["plot", "x.npz"]],
    "learn-curve SOURCE": [
        ["learn-curve", "--gamma", "0.9", "x.json"],
        ["learn-curve", "--gamma", "0.9", "x.npz"],
    ],
    "verify FILE": [["verify", "x.json"]],
    "sweep run SPEC": [["sweep", "run", "--dry-run", "x.toml"]],
    "sweep export STORE": [["sweep", "export", "-o", "y.csv", "x.db"]],
    "sweep phase STORE": [["sweep", "phase", "x.db"]],
}
"""For each argument that may be a file, commands whose last word names it."""
COMMANDS = [command for commands in READS.values() for command in commands]


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Who waits for a pipe would wait for ever."""

    def late(*_: object) -> None:
        pytest.fail("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_every_argument_that_may_be_a_file_is_tested_here() -> None:
    """Of all commands; `probe --store`, an option, is among the outputs, and FOLDER is none."""
    found = {
        f"{name} {argument.metavar}"
        for name, command in commands().items()
        for argument in command.params
        if argument.param_type_name == "argument" and argument.metavar not in ("AGENT", "FOLDER")
    }
    assert found == set(READS)


def no_ordinary_file(way: str, path: Path) -> None:
    if way == "pipe":
        os.mkfifo(path)
    elif way == "folder":
        path.mkdir()
    elif way == "huge":
        path.touch()
        os.truncate(path, 5 << 30)  # of holes: it takes no room
    elif way == "forbidden":
        path.write_text("{}")
        path.chmod(0)
    else:
        path.symlink_to({"device": "/dev/zero", "reading fails": "/proc/self/mem"}[way])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("way", ["pipe", "device", "folder", "huge", "reading fails", "forbidden"])
def test_what_is_no_ordinary_file_is_refused(
    capsys, monkeypatch, tmp_path: Path, command: list[str], way: str
) -> None:
    """Whatever the reader: exit code 2 and a line with its name."""
    if way == "forbidden" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = tmp_path / command[-1]
    no_ordinary_file(way, path)
    monkeypatch.chdir(tmp_path)
    check_refused(capsys, monkeypatch, tmp_path, command, f"qdecay: {command[-1]}: ")


def test_a_pipe_is_told_from_a_file_behind_standard_input(tmp_path: Path) -> None:
    """`< m.json` is read; `cat m.json |` is refused, as a pipe."""
    (tmp_path / "m.json").write_text(json.dumps(MDP))
    command = [sys.executable, "-m", "qdecay", "regions", "/dev/stdin", "--json"]
    settings = {
        "env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        "capture_output": True,
        "text": True,
        "check": False,
    }
    with (tmp_path / "m.json").open() as file:
        read = subprocess.run(command, stdin=file, **settings)
    assert read.returncode == 0 and json.loads(read.stdout)["n_states"] == 2
    piped = subprocess.run(command, input=json.dumps(MDP), **settings)
    assert (piped.returncode, piped.stdout) == (2, "")
    assert piped.stderr == (
        "qdecay: /dev/stdin: is a pipe or a device: save its contents to a file, and name that\n"
    )


def test_a_file_that_tells_no_size_is_read_up_to_the_limit() -> None:
    """Those in /proc say 0; this one is longer."""
    with pytest.raises(ValueError, match="larger than 10 bytes"):
        read_text("/proc/self/status", 10)


def test_many_arrays_that_unpack_to_a_lot_are_refused(tmp_path: Path) -> None:
    """Each is small enough; together they are not."""
    with zipfile.ZipFile(tmp_path / "m.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("P", "R", "start"):
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.zeros((12 << 20,)))
    with pytest.raises(InputError, match="unpacks to more than 256 MiB"):
        read_npz(tmp_path / "m.npz")
