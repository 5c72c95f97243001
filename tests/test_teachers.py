"""The exercise on broken learners keeps its word: its files and commands do what it says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
from console_blocks import blocks, commands, lines
from shell import run

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"
SHEET = (DOCS / "student-sheet.md").read_text(encoding="utf-8")
SOLUTIONS = (DOCS / "solutions.md").read_text(encoding="utf-8")
EXERCISE = (
    SHEET[SHEET.index("**5. ") : SHEET.index("**6. ")]
    + (SOLUTIONS[SOLUTIONS.index("## 5. ") : SOLUTIONS.index("## 6. ")])
)
SOURCES = dict(zip(("problems.py", "learner.py"), blocks(EXERCISE, "python"), strict=True))
MISTAKES = re.findall(r"^\| `(\w+\.py)` \| `(.+)` \| `(.+)` \|$", EXERCISE, re.MULTILINE)
ALL_COMMANDS = [part for block in blocks(EXERCISE, "console") for part in commands(block)]

HALF, ROOT = 1 / 2, 7**-0.5
FLIPS = {  # what the believed values say, solved by hand
    ("learner", "problems:Ends-v0"): HALF,  # 1 + g + g^2 = 7 g^2
    ("past_end", "problems:Ends-v0"): ROOT,  # 1 / (1 - g) = 7 g^2 / (1 - g)
    ("first_step", "problems:Ends-v0"): 1 / 3,  # 1 + 1 + g = 7 g
    ("time_limit", "problems:Ends-v0"): HALF,
    ("learner", "problems:GoesOn-v0"): ROOT,
    ("past_end", "problems:GoesOn-v0"): ROOT,
    ("first_step", "problems:GoesOn-v0"): 1 / 4,  # 1 + 1 / (1 - g) = 7 g / (1 - g)
    ("time_limit", "problems:GoesOn-v0"): HALF,
    ("past_end", "qdecay/StayOrMove-v0"): HALF,  # 1 / (1 - g) = 4 g^2 / (1 - g)
    ("first_step", "qdecay/StayOrMove-v0"): 1 / 4,  # 1 = 4 g
}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with the files of the exercise and of its solution, from which they are imported."""
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text)
    for name, right, wrong in MISTAKES:
        assert SOURCES["learner.py"].count(right) == 1
        (tmp_path / name).write_text(SOURCES["learner.py"].replace(right, wrong))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)
    for name in ("Ends-v0", "GoesOn-v0"):
        gym.registry.pop(name, None)


def test_each_mistake_has_its_line() -> None:
    """Three of them, and nothing of the table is overlooked."""
    assert [name for name, _, _ in MISTAKES] == ["past_end.py", "first_step.py", "time_limit.py"]


@pytest.mark.parametrize(("command", "shown"), ALL_COMMANDS)
def test_a_command_prints_what_is_shown(capsys, monkeypatch, command: str, shown: list) -> None:
    """The table, and what disagrees."""
    code, out, err = run(capsys, monkeypatch, *command.split()[1:])
    assert lines(out) + lines(err) == shown
    assert code == ("disagree" in out)


@pytest.mark.parametrize(("learner", "source"), FLIPS)
def test_a_mistake_flips_where_it_must(capsys, monkeypatch, learner: str, source: str) -> None:
    """In both problems, and in problem A, which does not show the first one."""
    arguments = ("compare", source, "--learner", f"{learner}:train", "--json")
    _, out, _ = run(capsys, monkeypatch, *arguments)
    (row,) = json.loads(out)["rows"]
    (learned,) = row["learned"]
    flip = FLIPS[learner, source]
    assert abs(learned["median"] - flip) < 1e-3
    right = HALF if "GoesOn" not in source else ROOT
    assert row["verdict"] == ("agree" if flip == right else "disagree")
