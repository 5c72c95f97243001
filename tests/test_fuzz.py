"""Whatever a file holds: an answer, or exit code 2 and one line; never over 5 s or 1 GiB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fuzzing import is_well_told
from shell import run

from qdecay.errors import InputError
from qdecay.files import read_npz
from qdecay.probe.trials import SCHEMA, Store

HERE = Path(__file__).parent
KINDS = ["mdp", "layout", "npz", "prism", "certificate", "options"]


def broken(kind: str, count: int) -> str:
    paths = [str(HERE.parent), str(HERE.parent / "envs")]
    script = f"import sys; sys.path[:0] = {[*paths, str(HERE)]!r}; import fuzzing; "
    code = f"{script}fuzzing.main({kind!r}, {count})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_breaks_a_reader(kind):
    assert broken(kind, 100) == "tried 100\n"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_of_thousands_breaks_a_reader(kind):
    assert broken(kind, 2000) == "tried 2000\n"


def test_escapes_in_a_name_do_not_reach_the_terminal(capsys, monkeypatch):
    code, _, err = run(capsys, monkeypatch, "regions", "no\x1b[2J\nsuch.json")
    assert code == 2
    assert "no\\x1b[2J such.json" in err
    assert is_well_told(code, err)


def test_a_store_of_deep_lists_is_refused(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("[" * 100_000)
    with pytest.raises(InputError, match="no store"):
        Store(path, "agent")
    path.write_text(json.dumps({"schema": SCHEMA, "agent": "agent"}) + "\n" + "[" * 100_000)
    assert Store(path, "agent")


def test_an_npz_whose_compressed_bytes_are_damaged_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, R=np.zeros((9, 9)))
    data = bytearray(path.read_bytes())
    data[45:90] = b"\xff" * 45  # past the member's header
    path.write_bytes(data)
    with pytest.raises(InputError, match="m.npz"):
        read_npz(path)
