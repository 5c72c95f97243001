"""Identify a store by its first bytes: a command may be given another command's store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SWEEP_APPLICATION_ID = 0x71646379  # "qdcy", in SQLite's field for it
PROBE_SCHEMA = "qdecay.probe-trials/"
_DATABASE = b"SQLite format 3\0"


def is_sweep_store(path: Path) -> bool:
    """Whether a file is a sweep store."""
    begin = _begin(path)
    return begin.startswith(_DATABASE) and begin[68:72] == SWEEP_APPLICATION_ID.to_bytes(4, "big")


def is_probe_store(path: Path) -> bool:
    """Whether a file is a probe store."""
    return _begin(path).startswith(f'{{"schema": "{PROBE_SCHEMA}'.encode())


def _begin(path: Path) -> bytes:
    with suppress(OSError):
        if path.is_file():  # opening a pipe may block for ever
            with path.open("rb") as file:
                return file.read(100)
    return b""
