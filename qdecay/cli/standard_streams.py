"""Standard input, output and error as the commands need them, even if the shell closed them."""

from __future__ import annotations

import io
import os
import sys


def open_closed_streams() -> None:
    """Replace closed streams by the null device, and let every name be written.

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
    found = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if found == number:
        os.set_inheritable(found, True)
    else:
        os.dup2(found, number)
        os.close(found)
