"""Whatever is in the way of a file that a command writes: one line, and nothing lost or left."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest
from fuzzing import SPEC, is_well_told
from shell import check_refused, commands, full_disk, run

import qdecay.reporting.chapter
from qdecay._support.outputs import check_output, check_store
from qdecay.errors import InputError
from qdecay.sweep import Spec, Sweep
from qdecay.sweep import run as sweep_run
from qdecay.sweep.backends import InProcess
from qdecay_envs.files import replacing

A = "qdecay/StayOrMove-v0"
PROBE = ["probe", "q_learning", "--gamma", "0.8", "--delays", "1", "--settings", "one-shot"]
CURVE = ["learn-curve", "--delay", "1", "--steps", "100"]
WRITES = {
    "compare --plot": ["compare", A, "--force", "--plot", "x.svg"],
    "price --plot": ["price", A, "--force", "--plot", "x.svg"],
    "regions --certificate": ["regions", A, "--force", "--certificate", "x.json"],
    "report --output": ["report", A, "--exact-only", "--force", "-o", "x.html"],
    "plot --output": ["plot", A, "--force", "-o", "x.png"],
    "gallery --output": ["gallery", "--force", "-o", "x"],
    "probe --store": [*PROBE, "--trainings", "24", "--store", "x.jsonl"],
    "probe --plot": [*PROBE, "--trainings", "24", "--force", "--plot", "x.svg"],
    "learn-curve --plot": [*CURVE, "--force", "--plot", "x.pdf"],
    "sweep run --output": ["sweep", "run", "s.toml", "-o", "x.db"],
    "sweep export --output": ["sweep", "export", "r.db", "--force", "-o", "x.csv"],
    "sweep phase --plot": ["sweep", "phase", "r.db", "--force", "--plot", "x.svg"],
}
"""For each option that names what is written a command; its last word is the name."""
GROWING = ["probe --store", "sweep run --output"]  # stores, which are no files to be replaced


@pytest.fixture(autouse=True)
def a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_store: bytes) -> None:
    """A folder with a spec and its store; sweeps run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep_run, "open_pool", lambda *_: InProcess())
    Path("s.toml").write_bytes(SPEC)
    Path("r.db").write_bytes(a_store)


@pytest.fixture(scope="module")
def a_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sweep") / "r.db"
    Sweep(Spec.parse(SPEC.decode())).run(path, backend="here")
    return path.read_bytes()


def files(folder: Path) -> dict[str, bytes | None]:
    return {str(p): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def test_every_option_that_names_what_is_written_is_tested_here() -> None:
    """Of all commands those options that take a FILE or a DIR."""
    found = {
        f"{name} {max(option.opts, key=len)}"
        for name, command in commands().items()
        for option in command.params
        if option.param_type_name == "option" and option.metavar in ("FILE", "DIR")
    }
    assert found == set(WRITES)


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("way", ["no folder", "a folder in place", "a pipe in place", "too long"])
def test_a_name_that_cannot_be_written_is_refused_at_once(
    capsys, monkeypatch, tmp_path: Path, what: str, way: str
) -> None:
    """Before any work, and nothing changes."""
    *arguments, name = WRITES[what]
    if way == "a pipe in place":
        os.mkfifo(name)
    elif way == "a folder in place":
        if what == "gallery --output":  # a file, then
            Path(name).write_text("mine")
        else:
            Path(name).mkdir()
    else:
        name = f"no/{name}" if way == "no folder" else "x" * 300 + name
    before = files(tmp_path)
    check_refused(capsys, monkeypatch, tmp_path, [*arguments, name], f"qdecay: {name[:20]}")
    assert files(tmp_path) == before


@pytest.mark.parametrize("what", sorted({*WRITES} - {*GROWING}))
def test_a_file_that_is_there_is_kept(capsys, monkeypatch, tmp_path: Path, what: str) -> None:
    """Without --force, reported before any work."""
    *arguments, name = [word for word in WRITES[what] if word != "--force"]
    old = Path(name, "index.html") if what == "gallery --output" else Path(name)
    old.parent.mkdir(exist_ok=True)
    old.write_text("old")
    before = files(tmp_path)
    check_refused(
        capsys,
        monkeypatch,
        tmp_path,
        [*arguments, name],
        f"{old} already exists (use --force to overwrite)",
    )
    assert files(tmp_path) == before


@pytest.mark.parametrize("what", WRITES)
def test_a_name_that_does_not_say_what_is_written_is_refused(
    capsys, monkeypatch, tmp_path: Path, what: str
) -> None:
    """At once; a folder's name may be any but that of a page."""
    *arguments, name = WRITES[what]
    wrong = Path(name).with_suffix(".html" if what == "gallery --output" else ".doc")
    message = "looks like a page" if what == "gallery --output" else "the name must end in ."
    check_refused(capsys, monkeypatch, tmp_path, [*arguments, str(wrong)], message)


@pytest.mark.parametrize("name", ["old.store", "old"])
def test_a_store_that_is_there_goes_on_whatever_its_name(capsys, monkeypatch, name: str) -> None:
    """It may be older than the rule."""
    *arguments, _ = WRITES["sweep run --output"]
    Path("r.db").rename(name)
    code, out, _ = run(capsys, monkeypatch, *arguments, name)
    assert code == 0 and "0 cells trained" in out


def test_force_takes_the_place_of_a_file(capsys, monkeypatch) -> None:
    """And of nothing else: where nothing is to be written it is refused."""
    Path("x.csv").write_text("old")
    assert run(capsys, monkeypatch, *WRITES["sweep export --output"])[0] == 0
    assert Path("x.csv").read_text() != "old"
    for words in (["compare"], ["sweep", "phase", "r.db"], PROBE, CURVE):
        code, _, err = run(capsys, monkeypatch, *words, "--force")
        assert code == 2 and "--force requires --plot" in err


@pytest.mark.parametrize("link", ["x.json", "link.json", "a.json"])
def test_what_is_read_is_not_written(capsys, monkeypatch, tmp_path: Path, link: str) -> None:
    """By no name of it, with --force either."""
    Path("x.json").write_text("{}")
    Path("link.json").symlink_to("x.json")
    Path("a.json").symlink_to(tmp_path / "link.json")
    words = ["regions", "x.json", "--force", "--certificate", link]
    check_refused(capsys, monkeypatch, tmp_path, words, f"{link}: is the input")
    assert Path("x.json").read_text() == "{}"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Into a folder that is missing; round in a ring."""
    Path("lost.svg").symlink_to(tmp_path / "no" / "x.svg")
    with pytest.raises(InputError, match="the folder .*/no does not exist"):
        check_output(Path("lost.svg"))
    Path("ring.svg").symlink_to("ring.svg")
    with pytest.raises(InputError, match="leads back to itself"):
        check_output(Path("ring.svg"))


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    """255 bytes, of two to a letter: no name beside it may be longer."""
    path = tmp_path / ("é" * 125 + ".json")
    check_output(path)
    with replacing(path) as scratch:
        scratch.write_text("whole")
    assert path.read_text() == "whole"


def test_a_store_that_cannot_be_written_to_is_told(monkeypatch) -> None:
    """Its folder may be written to."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).suffix != ".db")
    with pytest.raises(InputError, match=r"r\.db: cannot be written to"):
        check_store(Path("r.db"), (".db",))


@pytest.mark.parametrize("what", sorted({*WRITES} - {*GROWING}))
@pytest.mark.slow
def test_on_a_full_disk_what_was_there_is_kept(
    capsys, monkeypatch, tmp_path: Path, what: str
) -> None:
    """The line names the file, the old one is as it was, and no half of a new one is left."""
    *_, name = arguments = WRITES[what]
    old = Path(name, "index.html") if what == "gallery --output" else Path(name)
    old.parent.mkdir(exist_ok=True)
    old.write_text("old")
    before = files(tmp_path)
    with full_disk(100):
        code, _, err = run(capsys, monkeypatch, *arguments)
    line = err.splitlines()[-1]  # progress comes before
    assert code == 2 and is_well_told(code, line + "\n"), err
    assert re.match(rf"qdecay: {re.escape(name)}(/\S+)?: ", line) and "File too large" in line
    assert files(tmp_path) == before


@pytest.mark.parametrize("what", GROWING)
def test_a_store_that_a_full_disk_cut_off_goes_on(capsys, monkeypatch, what: str) -> None:
    """The disk has room for a part; then for all, and the same command ends as it should."""
    *_, name = arguments = WRITES[what]
    with full_disk(100 if what == "probe --store" else 9000):
        code, _, err = run(capsys, monkeypatch, *arguments)
    assert code == 2 and err.splitlines()[-1].startswith(f"qdecay: {name}: "), err
    assert run(capsys, monkeypatch, *arguments)[0] in (0, 1)


def test_a_folder_that_cannot_be_written_to_is_told(monkeypatch, tmp_path: Path) -> None:
    """By trying, for permissions do not tell all; root may write everywhere but there."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(InputError, match="cannot be written to: Permission denied"):
        check_output(tmp_path / "x.svg")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the system has no /proc")
def test_a_folder_that_takes_no_files_is_told_before_the_work(capsys, monkeypatch) -> None:
    """Where even root cannot make one."""
    monkeypatch.setattr(qdecay.reporting.chapter, "read_chapter", None)
    code, _, err = run(capsys, monkeypatch, "report", A, "-o", "/proc/x.html")
    assert code == 2 and "the folder /proc cannot be written to" in err


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """As `-o /dev/null` would, for root; a pipe stands for it."""
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(OSError, match="is a pipe or a device; name a file"),
        replacing(tmp_path / "pipe"),
    ):
        pass
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_told(monkeypatch, capfd) -> None:
    """One line, though what was printed is lost."""
    import subprocess

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "qdecay", "envs", "--json"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2 and is_well_told(2, done.stderr)
