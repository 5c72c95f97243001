"""A command's outputs, checked before any work; the one rule for existing files.

A command refuses a file that exists unless --force is given; library functions replace it
completely. A store is different: it grows.
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
    """Refuse a file name that cannot be written, or has the wrong ending.

    Args:
        path: the file.
        endings: what its name may end in; any ending if empty.
        force: whether an existing file may be replaced.
        source: what the command reads and must not overwrite.

    Raises:
        InputError: the name has another ending; the file exists and `force` is not set, or it is
            `source`, a folder, a pipe or a device; or its folder is missing or not writable.
    """
    if "\0" in str(path):
        raise InputError(f"{path}: cannot be written: embedded null byte")
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
            raise InputError(f"{path}: is the input; name another file")
        if path.exists() and not force:
            raise InputError(f"{path} already exists (use --force to overwrite)")
        _check_folder(path, target.parent)
    except OSError as error:  # a name that is too long, an unreadable folder
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def check_store(path: Path, endings: Sequence[str]) -> None:
    """Check the name of a store, a file that grows: an existing one is continued under any name.

    Raises:
        InputError: as `check_output`, or the existing store is not writable.
    """
    there = path.is_file()
    check_output(path, () if there else endings)
    if there and not os.access(path, os.W_OK):
        raise InputError(f"{path}: cannot be written to")


def check_ending(path: Path, endings: Sequence[str]) -> None:
    """Refuse a name with the wrong ending.

    Raises:
        InputError: it has none of the given endings.
    """
    if endings and path.suffix not in endings:
        raise InputError(f"{path}: the name must end in {', '.join(endings)}")


def _check_folder(path: Path, folder: Path) -> None:
    shown = path.parent if folder == Path(os.path.realpath(path.parent)) else folder
    if not folder.is_dir():
        raise InputError(f"{path}: the folder {shown} does not exist")
    try:  # permissions are not enough: a disk may be read-only, /proc takes no files
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{path}: the folder {shown} cannot be written to: {reason}") from error
