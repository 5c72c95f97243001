"""The pictures of `gallery.md`, drawn by running the commands that the page shows."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from qdecay.cli.app import app

PAGE = Path(__file__).parents[1] / "gallery.md"


def commands() -> Iterator[str]:
    """Yield the commands of the page, in their order."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        yield from re.findall(r"^\$ (qdecay .*)$", block, re.MULTILINE)


def pictures() -> dict[str, bytes]:
    """Run them in an empty folder, and return what they have drawn, by its path in the docs."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for command in commands():
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                code = app(shlex.split(command)[1:], standalone_mode=False)
            if code:
                raise RuntimeError(f"{command}: exit code {code}")
        drawn = sorted(Path(folder).glob("*.svg"))
        return {f"gallery/{path.name}": path.read_bytes() for path in drawn}
