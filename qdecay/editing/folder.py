"""The files of one folder: plain names ending in .json or .html, and nothing else.

A name is checked before it is used, and the file again when it is opened: links are not followed,
folders and devices are not read. Files are written completely or not at all: first beside the old
file, then in its place.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from qdecay.editing.refusals import Refused, wrong
from qdecay.errors import InputError
from qdecay_envs.files import replacing

MAX_BYTES = 2 << 20
"""The largest document that is read or written."""

_LONGEST = 200  # bytes of a name; systems take 255
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')  # has another meaning on some system
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE | re.ASCII)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_LISTED = 500  # files
_BEGINNING = 1 << 16  # bytes, in which a document states its schema


class Folder:
    """A folder, and the files in it that the editor reads and writes.

    Attributes:
        path: absolute, without links.
    """

    def __init__(self, path: Path) -> None:
        """Make the folder if it is missing.

        Raises:
            InputError: it cannot be made, is not a folder, or cannot be written to.
        """
        try:
            if not os.path.lexists(path):
                path.mkdir()
            self.path = path.resolve(strict=True)
            if not self.path.is_dir():
                raise InputError(f"{path}: is not a folder; name the folder of your files")
        except OSError as error:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise InputError(f"{path}: cannot be written to")
        self._writing = Lock()

    def names(self) -> list[str]:
        """Return the names of its documents, in order: at most 500.

        Raises:
            Refused: the folder can no longer be read.
        """
        try:
            with os.scandir(self.path) as entries:
                found = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        except OSError as error:
            raise self._of_system("", error) from error
        return sorted(filter(_is_document, found), key=str.casefold)[:_LISTED]

    def read(self, name: str, most: int = MAX_BYTES) -> bytes:
        """Return the content of a file whose name is known to be plain.

        Raises:
            Refused: there is no such file, it is something else, or it has more than `most` bytes.
        """
        data = self.beginning(name, most + 1)
        if len(data) > most:
            raise too_large(name, most)
        return data

    def beginning(self, name: str, most: int = _BEGINNING) -> bytes:
        """Return the first bytes of a file whose name is known to be plain.

        Raises:
            Refused: there is no such file, or it is something else.
        """
        path = self.path / name
        try:
            _refuse_link(path)
            number = os.open(path, os.O_RDONLY | _NO_LINKS | _BINARY)
            with os.fdopen(number, "rb") as file:
                if not stat.S_ISREG(os.fstat(number).st_mode):
                    raise wrong(f"{name}: is no file")
                return file.read(most)
        except OSError as error:
            raise self._of_system(name, error) from error

    def write(self, name: str, data: bytes, check: Callable[[], object]) -> None:
        """Write a file, completely or not at all.

        Args:
            name: known to be plain.
            data: what is written.
            check: called just before, while nothing else is written; an error that it raises
                prevents the writing.

        Raises:
            Refused: it is a link or a folder, or cannot be written.
        """
        path = self.path / name
        with self._writing:
            check()
            self.check_place(name)
            try:
                with replacing(path, follow=False) as scratch, scratch.open("xb") as file:
                    file.write(data)
            except OSError as error:
                raise self._of_system(name, error) from error

    def check_place(self, name: str) -> None:
        """Refuse to write over a link or a folder: before the work, and once more after it.

        Raises:
            Refused: there is one.
        """
        path = self.path / name
        try:
            _refuse_link(path)
            if path.exists() and not path.is_file():
                raise wrong(f"{name}: is no file")
        except OSError as error:
            raise self._of_system(name, error) from error

    def has(self, name: str) -> bool:
        """Whether there is anything of that name."""
        return os.path.lexists(self.path / name)

    def version(self, name: str) -> str | None:
        """Return the version of a file; None if there is none."""
        return version_of(self.read(name)) if self.has(name) else None

    def rename(self, name: str, to: str) -> None:
        """Rename a file, replacing any file of that name.

        Raises:
            Refused: it cannot be renamed.
        """
        try:
            (self.path / name).replace(self.path / to)
        except OSError as error:
            raise self._of_system(name, error) from error

    def _of_system(self, name: str, error: OSError) -> Refused:
        """Return the refusal for an error of the system, which may be about the whole folder."""
        if not self.path.is_dir():
            return wrong(f"the folder {self.path} is not there any more: put it back")
        if isinstance(error, FileNotFoundError):
            return Refused(HTTPStatus.NOT_FOUND, f"{name}: there is no such file")
        return wrong(f"{name or self.path}: {error.strerror or error}")


def check_name(name: object, ending: str) -> str:
    """Return the name of a file of the folder.

    Raises:
        Refused: it is not a plain name, or has another ending.
    """
    if not isinstance(name, str) or not name.isprintable():
        raise _no_name("a name is printable text")
    if len(name.encode()) > _LONGEST:
        raise _no_name(f"{name:.40}...: is longer than {_LONGEST} bytes")
    if _FORBIDDEN.search(name) or name.startswith((".", " ", "-")):
        raise _no_name(f"{name}: write a plain name, such as exercise{ending}")
    if not name.endswith(ending) or name == ending:
        raise _no_name(f"{name}: the name must end in {ending}")
    if _DEVICES.fullmatch(name):
        raise _no_name(f"{name}: is a device of Windows; choose another name")
    return name


def version_of(data: bytes) -> str:
    """Return a value that distinguishes different contents of a file."""
    return hashlib.sha256(data).hexdigest()


def too_large(name: str, most: int = MAX_BYTES) -> Refused:
    """Return the refusal of a file of more than `most` bytes."""
    text = f"{name}: is larger than {most:,} bytes, the editor's limit"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise wrong(f"{path.name}: is a link, which is not followed")


def _is_document(name: str) -> bool:
    try:
        check_name(name, ".json")
    except Refused:
        return False
    return True


def _no_name(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, message, "name")
