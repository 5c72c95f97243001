"""README and pages keep their word: console blocks print what is shown, options are there.

Their sessions are doctests (`--doctest-glob=*.md`); of the console blocks, this runs every command;
those that install, `.ci/install.py`; those that draw the gallery, the build of the site.
`make compare` is `qdecay compare`, which the Makefile is held to.
"""

from __future__ import annotations

import re
import runpy
import shlex
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym
import pytest
import shell
from console_blocks import blocks, commands, lines
from shell import run

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md"))}
RUN_ELSEWHERE = {"gallery.md", "student-sheet.md", "solutions.md"}  # the last two: test_teachers.py
BLOCKS = dict.fromkeys(
    block
    for name, text in {"README.md": TEXT, **DOCS}.items()
    if name not in RUN_ELSEWHERE
    for block in blocks(text, "console")
)
CALM, STORM = blocks(DOCS["reward-design.md"], "json")
(CHOICE,) = blocks(DOCS["getting-started.md"], "json")
(RECORD,) = blocks(DOCS["your-model.md"], "python")
FILES = {
    "phase.toml": blocks(DOCS["sweeps.md"], "toml")[1],
    "record.py": RECORD,
    "choice.json": CHOICE,
    "calm.json": CALM,
    "storm.json": STORM,
}
MOST_WORDS = 800  # of the README, code and tables included


def cost(block: str) -> list[pytest.MarkDecorator]:
    heavy = (
        r"certified|report|plot .*--over|gallery|probe|sweep|--learn\b|compare (Frozen|.*--over)"
        r"|envs --prices"
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
    fences = re.findall(r"^ *```(\w*)", TEXT + "".join(DOCS.values()), re.MULTILINE)
    assert set(fences) == {"console", "pycon", "python", "json", "toml", "sh", "text", ""}
    assert fences.count("") == len(fences) / 2


def test_the_readme_is_short(record_property) -> None:
    """At most 800 words in all: `pytest --junit-xml` records how many."""
    words = len(TEXT.split())
    record_property("words", words)
    assert words <= MOST_WORDS, f"the README has {words} words"


@pytest.mark.parametrize("name", ["README.md", *DOCS])
def test_commands_in_the_text_have_the_options_they_are_given(name: str) -> None:
    """Those of shell blocks and of `code` in a line, which nothing runs."""
    text = {"README.md": TEXT, **DOCS}[name]
    inline = re.findall(r"`(qdecay [a-z][^`]*)`", text.replace("\n", " "))
    shown = [line for block in blocks(text, "sh") for line in block.splitlines()]
    known = shell.commands()
    for line in [*inline, *shown]:
        if not line.startswith("qdecay ") or "COMMAND" in line:
            continue
        words = line.partition(" #")[0].split()[1:]
        command = known.get(" ".join(words[:2])) or known.get(words[0])
        if words[0] in ("sweep", "--install-completion") and command is None:
            continue
        assert command is not None, line
        options = {option for one in command.params for option in one.opts}
        given = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
        assert given <= options | {"--help"}, line


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


RELATIVE = r"\]\((?!https?:)|src(?:set)?=\"(?!https?:)"


def for_index(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> str:
    """The README as built packages have it; hatchling is there only while they are built."""
    plugin = ModuleType("interface")
    plugin.MetadataHookInterface = object  # type: ignore[attr-defined]
    for name in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin.interface", plugin)
    found: str = runpy.run_path(str(ROOT / "hatch_build.py"))["for_index"](*arguments)
    return found


def test_links_of_the_readme_work_on_a_package_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """They lead to files at the tag of the version; code, and what is read, are as they were."""
    there = "https://host.example/one/qdecay"
    text = for_index(monkeypatch, TEXT, there + "/", "1.2")
    assert re.search(RELATIVE, TEXT) and not re.search(RELATIVE, text)
    assert f"]({there}/blob/v1.2/docs/install.md)" in text
    assert f'src="{there}/raw/v1.2/docs/figures/homework-light.png"' in text
    back = re.sub(re.escape(there) + "/(?:blob|raw)/v1.2/", "", text)
    assert back == TEXT


def test_without_an_address_no_link_of_the_readme_is_broken(monkeypatch) -> None:
    """Pictures are left out and links become text; those to other hosts stay."""
    text = for_index(monkeypatch, TEXT, None, "1.2")
    assert not re.search(RELATIVE, text) and "<picture>" not in text
    assert "| Getting started |" in text
    code = "```python\nf[0](x)  # [a](b.md)\n```\n"
    kept = f"[b](https://host.example/x) and [c](#d)\n{code}"
    assert for_index(monkeypatch, f"[a](b.md) {kept}", None, "1") == f"a {kept}"


def test_the_citation_has_no_other_address_than_the_metadata() -> None:
    """The line of pyproject.toml from which README and site take it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert set(re.findall(r"^repository-code: \"(.*)\"$", cited, re.MULTILINE)) <= {address}


def test_the_citation_names_this_version() -> None:
    """As the metadata of the package does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines_of_file = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {project['version']}" in lines_of_file
    assert f"license: {project['license']}" in lines_of_file
    assert f"  - name: {project['authors'][0]['name']}" in lines_of_file
