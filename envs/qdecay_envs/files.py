"""Files that are read up to a limit, and written completely or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EEXIST, EINVAL
from importlib import import_module
from pathlib import Path
from typing import IO

from qdecay_envs.decoding import decoding

_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}
"""How names of packed files end, and the modules that unpack them, which a Python may lack."""


def require_file(path: str | os.PathLike[str], max_bytes: int) -> None:
    """Refuse what is not a regular file, before it is opened.

    Opening a pipe may wait for ever, and a device may never end.

    Raises:
        ValueError: the file does not exist, is a folder, a pipe or a device, or is larger than
            `max_bytes`. The message is one line that starts with the path.
    """
    name = os.fspath(path)
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{name}: cannot be read: {reason}") from error
    if stat.S_ISDIR(found.st_mode):
        raise ValueError(f"{name}: is a folder; name a file")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(
            f"{name}: is a pipe or a device: save its contents to a file, and name that"
        )
    if found.st_size > max_bytes:
        raise ValueError(f"{name}: larger than {max_bytes:,} bytes, the limit")


def unpacked_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a file without the ending of what it is packed with.

    >>> unpacked_name("models/robot.tra.gz"), unpacked_name("robot.tra")
    ('robot.tra', 'robot.tra')
    """
    path = Path(path)
    return path.stem if path.suffix.lower() in _PACKED else path.name


def ending_of(path: str | os.PathLike[str]) -> str:
    """Return how a name ends, in small letters and without .gz, .bz2 or .xz."""
    return Path(unpacked_name(path)).suffix.lower()


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file to be read, unpacked if its name ends in .gz, .bz2 or .xz.

    Raises:
        ValueError: it cannot be read, or is not packed as its name says.
    """
    module = _PACKED.get(Path(path).suffix.lower(), "io")
    with (
        decoding(path, ImportError, problem="cannot be read: "),
        import_module(module).open(path, "rb") as file,
    ):
        yield file


def read_text(path: str | os.PathLike[str], max_bytes: int, max_lines: int | None = None) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Args:
        path: the file, unpacked if its name ends in .gz, .bz2 or .xz: the limits are of what comes
            out.
        max_bytes, max_lines: the limits; for a reader that makes a list of the lines, empty lines
            count like others.

    Raises:
        ValueError: as `require_file`; or the file cannot be read, has too many lines or is not
            UTF-8.
    """
    require_file(path, max_bytes)
    name = os.fspath(path)
    with opened(path) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:  # it grew, or is a file in /proc that has no size
        raise ValueError(f"{name}: larger than {max_bytes:,} bytes, the limit")
    if max_lines is not None and data.count(b"\n") > max_lines:
        raise ValueError(f"{name}: has more than {max_lines:,} lines, the limit")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "it is not text" if b"\0" in data else "save it as UTF-8"
        raise ValueError(f"{name}: not UTF-8 at byte {error.start}: {remedy}") from error


@contextmanager
def replacing(path: str | os.PathLike[str], *, follow: bool = True) -> Iterator[Path]:
    """Yield the name of a new file next to `path`, which replaces it at the end.

    If anything goes wrong it is removed, and `path` is left unchanged.

    Args:
        path: the file.
        follow: whether a symbolic link is followed; if not, it is replaced itself.

    Raises:
        OSError: the file cannot be written, or `path` is a folder, a pipe or a device, or has a
            NUL character, which no name can have.
    """
    if "\0" in os.fspath(path):
        raise OSError(EINVAL, "embedded null byte", os.fspath(path))
    target = Path(path).resolve() if follow else Path(path).absolute()
    scratch = target.with_name(f".{secrets.token_hex(8)}.tmp")  # names no longer than others
    try:
        if target.is_dir():
            raise OSError(EEXIST, "is a folder; name a file")
        if target.exists() and not target.is_file():  # /dev/null must not be replaced
            raise OSError(EEXIST, "is a pipe or a device; name a file")
        yield scratch
        scratch.replace(target)
    except OSError as error:
        raise OSError(error.errno or 0, error.strerror or str(error), os.fspath(path)) from error
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file that is written completely or not at all, as by `replacing`.

    Raises:
        ValueError: it cannot be written. The message is one line that starts with the path.
    """
    try:
        with replacing(path) as scratch, scratch.open("xb") as file:
            yield file
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{os.fspath(path)}: cannot be written: {reason}") from error
