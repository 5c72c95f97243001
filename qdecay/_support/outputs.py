"""What a command is to write, looked at before any work; the one rule for existing files.

A command refuses a file that exists unless --force is given; functions of the library replace it
whole. A store is no such file: it grows.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from qdecay.errors import InputError

PAGES = (".html", ".htm")
PLOTS = (".svg", ".pdf", ".png")
CERTIFICATES = (".json",)
TABLES = (".csv", ".parquet")
SWEEPS = (".db", ".sqlite", ".sqlite3")
ANSWERS = (".jsonl",)


def check_output(
    path: Path,
    endings: Sequence[str] = (),
    *,
    force: bool = True,
    source: str | Path | None = None,
) -> None:
    """Refuse the name of a file that could not be written, or that would not say what it holds.

    Args:
        path: the file.
        endings: what its name may end in; any ending where there are none.
        force: whether an existing file may be replaced.
        source: what the command reads, which it must not write.

    Raises:
        InputError: the name ends otherwise; there is a file and `force` is not set, or it is
            `source`, a folder, a pipe or a device; or the folder that it is to stand in is
            missing or cannot be written to.
    """
    try:
        if path.is_dir():
            raise InputError(
                f"{path}: is a folder; name a file, such as {path / 'new'}{''.join(endings[:1])}"
            )
        check_ending(path, endings)
        target = Path(os.path.realpath(path))  # links are followed
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is a pipe or a device; name a file")
        if target.is_symlink():
            raise InputError(f"{path}: is a link that leads back to itself; name a file")
        if source is not None and target == Path(os.path.realpath(source)):
            raise InputError(f"{path}: is what is read; name another file")
        if path.exists() and not force:
            raise InputError(f"{path} already exists (use --force to overwrite)")
        _check_folder(path, target.parent)
    except OSError as error:  # a name that is too long, a folder that cannot be looked into
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def check_store(path: Path, endings: Sequence[str]) -> None:
    """Refuse the name of a store, a file that grows: one that is there goes on, whatever its name.

    Raises:
        InputError: as `check_output`, or the store that is there cannot be written to.
    """
    there = path.is_file()
    check_output(path, () if there else endings)
    if there and not os.access(path, os.W_OK):
        raise InputError(f"{path}: cannot be written to")


def check_ending(path: Path, endings: Sequence[str]) -> None:
    """Refuse a name that does not say what is written.

    Raises:
        InputError: it has none of the endings, and there are some.
    """
    if endings and path.suffix not in endings:
        raise InputError(f"{path}: the name must end in {', '.join(endings)}")


def _check_folder(path: Path, folder: Path) -> None:
    shown = path.parent if folder == Path(os.path.realpath(path.parent)) else folder
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {shown} does not exist")
    try:  # permissions do not tell all: a disk may be read-only, /proc takes no files
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{path}: the folder {shown} cannot be written to: {reason}") from error
