"""Whatever a file holds: an answer, or exit code 2 and one line; never over 5 s or 1 GiB."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fuzzing import KINDS, is_well_told
from shell import run

from qdecay.errors import InputError
from qdecay.model.readers.npz import read_npz
from qdecay.probing.identity import Identity
from qdecay.probing.trials import SCHEMA, AnswerFile

HERE = Path(__file__).parents[1]


def broken(kind: str, count: int) -> str:
    paths = [str(HERE.parent), str(HERE.parent / "envs")]
    script = f"import sys; sys.path[:0] = {[*paths, str(HERE)]!r}; import fuzzing; "
    code = f"{script}fuzzing.main({kind!r}, {count})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout + done.stderr


SLOWER = {"answers": 200, "headers": 150, "umb": 750, "store": 1000, "spec": 1000}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_of_thousands_breaks_a_reader(kind):
    count = SLOWER.get(kind, 1250)  # more than 10,000 in all
    assert broken(kind, count) == f"tried {count}\n"


def test_escapes_in_a_name_do_not_reach_the_terminal(capsys, monkeypatch):
    code, _, err = run(capsys, monkeypatch, "regions", "no\x1b[2J\nsuch.json")
    assert code == 2
    assert "no\\x1b[2J such.json" in err
    assert is_well_told(code, err)


def test_a_store_of_deep_lists_is_refused(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("[" * 100_000)
    identity = Identity("sha256:0", {"qdecay": "1"}, None)
    with pytest.raises(InputError, match="not a probe store"):
        AnswerFile(path, "agent", identity)
    header = {"schema": SCHEMA, "agent": "agent", **identity.to_json()}
    path.write_text(json.dumps(header) + "\n" + "[" * 100_000)
    assert AnswerFile(path, "agent", identity)


def test_an_npz_whose_compressed_bytes_are_damaged_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    np.savez_compressed(path, R=np.zeros((9, 9)))
    data = bytearray(path.read_bytes())
    data[45:90] = b"\xff" * 45  # past the member's header
    path.write_bytes(data)
    with pytest.raises(InputError, match="m.npz"):
        read_npz(path)


def test_an_npz_whose_header_never_ends_is_refused(tmp_path):
    """numpy hands such a header to the tokenizer, whose errors are no ValueError."""
    path = tmp_path / "m.npz"
    text = b"{'descr': '<f8', 'shape': (2,"
    with zipfile.ZipFile(path, "w") as archive:
        header = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text
        archive.writestr("R.npy", header)
    with pytest.raises(InputError, match=r"m\.npz: R\.npy: "):
        read_npz(path)


def test_a_store_is_refused_before_trainings_are_announced(capsys, monkeypatch, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("hello")
    code, out, err = run(
        capsys, monkeypatch, "probe", "q_learning", "--gamma", "0.8", "--store", str(path)
    )
    assert (code, out) == (2, "")
    assert err == f"qdecay: {path}: not a probe store; name a new file\n"
