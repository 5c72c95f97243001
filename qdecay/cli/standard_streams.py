"""Standard input, output and error as the commands need them, even if the shell closed them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

_documents: list[TextIO] = []  # where documents go, while all other output is redirected


def open_closed_streams() -> None:
    """Replace closed streams by the null device, and make every name printable.

    Python has None for a closed stream, and the next file to be opened takes its number: a worker's
    output would go into it. Characters missing from the encoding of standard output are escaped, as
    on standard error. A terminal with 0 columns would show nothing.
    """
    if os.environ.get("COLUMNS", "1").strip("0") == "":
        del os.environ["COLUMNS"]
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            _open_null(number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _open_null(number: int) -> None:
    found = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if found == number:
        os.set_inheritable(found, True)
    else:
        os.dup2(found, number)
        os.close(found)


@contextmanager
def documents_only() -> Iterator[None]:
    """Redirect to standard error whatever is printed, such as by the user's code; not
    `print_json`."""
    _documents.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _documents.pop()


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Print the JSON document that is a command's only output with --json."""
    print(json.dumps(document, indent=indent), file=_documents[-1] if _documents else None)
