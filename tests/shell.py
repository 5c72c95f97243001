"""The command line as users see it, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer

from qdecay.cli import app as cli


def commands() -> dict[str, Any]:
    """Return the commands by what is typed, such as "sweep run", with their parameters."""
    found = {}
    for name, command in typer.main.get_group(cli.app).commands.items():
        parts = getattr(command, "commands", None)
        found |= {f"{name} {part}": parts[part] for part in parts} if parts else {name: command}
    return found


def run(capsys: pytest.CaptureFixture[str], monkeypatch, *arguments: str) -> tuple[int, str, str]:
    """Return the exit code, standard output and standard error of `qdecay arguments`."""
    monkeypatch.setattr(sys, "argv", ["qdecay", *arguments])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    captured = capsys.readouterr()
    return exit_.value.code, captured.out, captured.err


def check_refused(capsys, monkeypatch, folder: Path, arguments: list[str], message: str) -> None:
    """Exit code 2, one line on standard error, nothing on standard output, nothing written."""
    before = sorted(folder.iterdir())
    monkeypatch.chdir(folder)
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("qdecay: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(folder.iterdir()) == before


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: the system then fails to write, as on a full disk."""
    import resource  # of POSIX systems

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
