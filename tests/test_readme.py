"""README and the chapters that are typed along keep their word: console blocks print what is shown.

Their sessions are doctests (`--doctest-glob=*.md`); of the console blocks, this runs every command;
those that install, `.ci/install.py`. `make compare` is `qdecay compare`, which the Makefile is held
to.
"""

from __future__ import annotations

import re
import runpy
import shlex
from importlib.util import find_spec
from pathlib import Path

import gymnasium as gym
import pytest
from console_blocks import blocks, commands, lines
from shell import run

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CHAPTERS = "".join(
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in (
        "which-gamma.md",
        "break-even-in-any-number.md",
        "tutorial.md",
        "your-model.md",
        "beyond-hundreds.md",
    )
)
BLOCKS = blocks(TEXT + CHAPTERS, "console")
(SPEC,), (RECORD,) = blocks(TEXT, "toml"), blocks(CHAPTERS, "python")
CALM, STORM = blocks(CHAPTERS, "json")
FILES = {"spec.toml": SPEC, "record.py": RECORD, "calm.json": CALM, "storm.json": STORM}


def cost(block: str) -> list[pytest.MarkDecorator]:
    heavy = (
        r"certified|report|plot .*--over|gallery|probe|sweep|--learn\b|compare (Frozen|.*--over)"
    )
    marks = [pytest.mark.slow] if re.search(heavy, block) else []
    needs = {
        "Taxi-v4": "Taxi-v4" in gym.registry,
        "minigrid:": find_spec("minigrid") is not None,
    }
    missing = [name for name, is_there in needs.items() if name in block and not is_there]
    return [*marks, pytest.mark.skipif(bool(missing), reason=f"needs {missing}")]


def test_every_kind_of_block_is_known() -> None:
    """A block of another language would run nowhere."""
    fences = re.findall(r"^```(\w*)", TEXT + CHAPTERS, re.MULTILINE)
    assert set(fences) == {"console", "pycon", "python", "json", "toml", "sh", ""}
    assert fences.count("") == len(fences) / 2


@pytest.mark.parametrize("block", [pytest.param(b, marks=cost(b)) for b in BLOCKS])
def test_console_blocks_print_what_they_show(capsys, monkeypatch, tmp_path, block: str) -> None:
    """In a folder with the files shown alone, one command after the other, in 80 columns."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("COLUMNS", "80")
    for command, shown in commands(block):
        words = shlex.split(command.replace("make compare", "qdecay compare"))
        if words[0] == "python":
            runpy.run_path(words[1])
            continue
        assert words[0] == "qdecay"
        code, out, err = run(capsys, monkeypatch, *words[1:])
        assert code == (3 if "undecided" in " ".join(shown) else 0)
        foretold = lines(err)[:1] if "about " in "".join(shown[:1]) else []
        assert not shown or foretold + lines(out) == shown


def test_make_compare_is_qdecay_compare() -> None:
    """What stands for it above."""
    recipe = (ROOT / "Makefile").read_text().split("compare: ")[1].splitlines()
    assert recipe[1] == "\t$(BIN)/qdecay compare"


def test_what_it_links_to_is_there() -> None:
    """Files and pictures of the repository."""
    links = re.findall(r"\]\((?!http)([^)#]+)", TEXT) + re.findall(
        r'(?:src|srcset)="([^"]+)"', TEXT
    )
    assert len(links) >= 9
    assert [link for link in links if not (ROOT / link).exists()] == []
