"""What a command is to write, looked at before any long work."""

from __future__ import annotations

import os
from pathlib import Path

from qdecay.errors import InputError


def check_output(path: Path, *, force: bool = True) -> None:
    """Refuse the name of a file that could not be written.

    Args:
        path: the file.
        force: whether a file that is there may be replaced.

    Raises:
        InputError: there is a file and `force` is not set, or a folder, a pipe or a device; or the
            folder that it is to stand in is missing or cannot be written to.
    """
    try:
        if path.is_dir():
            raise InputError(
                f"{path}: is a folder; name a file, such as {path / 'new'}{path.suffix}"
            )
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is a pipe or a device; name a file")
        if path.exists() and not force:
            raise InputError(f"{path}: exists and is kept; --force replaces it")
        if not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist")
        if not os.access(path.parent, os.W_OK):
            raise InputError(f"{path}: the folder {path.parent} cannot be written to")
    except OSError as error:  # a name that is too long, a folder that cannot be looked into
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
