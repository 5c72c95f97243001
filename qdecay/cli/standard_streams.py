"""Standard input, output and error as the commands need them, whatever the shell has left open."""

from __future__ import annotations

import io
import os
import sys


def open_closed_streams() -> None:
    """Put the null device where a stream is closed, and let every name be written.

    Python has None for a closed stream, and the next file that is opened takes its number: what a
    worker prints would go into it. What the encoding of standard output lacks is written as an
    escape, as on standard error. A terminal of no columns would show nothing.
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
    found = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if found == number:
        os.set_inheritable(found, True)
    else:
        os.dup2(found, number)
        os.close(found)
