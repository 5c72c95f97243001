"""Every command that answers has --json, which prints one documented JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_blocks import blocks
from fuzzing import SPEC
from shell import commands, run

from qdecay.sweep import run as sweep_run
from qdecay.sweep.backends import InProcess

A = "qdecay/StayOrMove-v0"
ONE = ["--settings", "one-shot"]
ANSWERS = {
    "qdecay.comparison/1": ["compare", A],
    "qdecay.policy-regions/1": ["regions", A],
    "qdecay.certified-regions/1": ["regions", A, "--certified"],
    "qdecay.numeric-regions/2": ["regions", A, "--numeric"],
    "qdecay.blackwell/1": ["blackwell", A],
    "qdecay.verification/1": ["verify", "proof.json"],
    "qdecay.environments/1": ["envs"],
    "qdecay.price/1": ["price", A],
    "qdecay.prices/1": ["envs", "--prices"],
    "qdecay.learning-times/1": ["learn-curve", "--delay", "1", "--seeds", "2", "--steps", "100"],
    "qdecay.probe/2": ["probe", "q_learning", "--gamma", "0.8", "--delays", "1", *ONE],
    "qdecay.sweep-plan/1": ["sweep", "run", "s.toml", "--dry-run"],
    "qdecay.sweep-run/1": ["sweep", "run", "s.toml", "-o", "new.db"],
    "qdecay.phase/1": ["sweep", "phase", "r.db"],
}
FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"
WRITE_ONLY = {"report", "plot", "gallery", "sweep export", "edit"}


@pytest.fixture
def a_folder(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a certificate, a spec and its store; sweeps run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep_run, "open_pool", lambda *_: InProcess())
    Path("s.toml").write_bytes(SPEC)
    assert run(capsys, monkeypatch, "sweep", "run", "s.toml", "-o", "r.db")[0] == 0
    assert run(capsys, monkeypatch, "regions", A, "--certificate", "proof.json")[0] == 0


def test_every_command_that_answers_has_json() -> None:
    """All but those that only write files, or serve."""
    without = {
        name
        for name, command in commands().items()
        if not any("--json" in option.opts for option in command.params)
    }
    assert without == WRITE_ONLY


@pytest.mark.usefixtures("a_folder")
@pytest.mark.parametrize("schema", ANSWERS)
@pytest.mark.slow
def test_json_is_one_document(capsys, monkeypatch, schema: str) -> None:
    """And nothing else: of the schema that `docs/formats.md` describes."""
    code, out, _ = run(capsys, monkeypatch, *ANSWERS[schema], "--json")
    assert code == 0
    assert json.loads(out)["schema"] == schema
    described = FORMATS.read_text(encoding="utf-8")
    assert f"| `{schema}` | `qdecay {ANSWERS[schema][0]}" in described


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What a document holds and where, one by one."""
    if not isinstance(value, dict | list) or not value:
        yield path, value
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(part, f"{path}/{key}")


def test_a_comparison_is_what_the_documentation_shows(capsys, monkeypatch) -> None:
    """Up to the last digits of floats."""
    text = FORMATS.read_text(encoding="utf-8")
    (shown,) = [block for block in blocks(text, "json") if "qdecay.comparison/1" in block]
    (command,) = re.findall(r"`qdecay (compare .* --json)` prints", text)
    code, out, _ = run(capsys, monkeypatch, *command.split())
    assert code == 0
    expected, found = dict(leaves(json.loads(shown))), dict(leaves(json.loads(out)))
    assert list(found) == list(expected)
    for path, value in expected.items():
        close = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
        assert found[path] == close, path
