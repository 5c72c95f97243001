"""Errors as the user sees them: one line on standard error, and an exit code."""

from __future__ import annotations

import sys
from contextlib import suppress

from qdecay._support.one_line import escaped, one_line
from qdecay._support.user_code import UserCodeError
from qdecay.errors import BudgetExceeded, InputError, InternalError


def exit_code(error: Exception) -> int:
    """Print errors that the user can fix or report in one line; raise any other."""
    usage = getattr(error, "format_message", None)  # typer's and click's own exceptions
    if usage is not None:
        context = getattr(error, "ctx", None)
        command = "qdecay" if context is None else context.command_path
        complain(f"{usage()} (see {command} --help)")
    elif type(error).__name__ == "Abort":
        return 130
    elif isinstance(error, InputError | BudgetExceeded):
        _show_their_traceback(error)
        complain(str(error))
    elif isinstance(error, InternalError):
        complain(str(error))
        return 1
    elif isinstance(error, MemoryError):
        complain(str(error) or "not enough memory")
    elif isinstance(error, OSError):
        gone = isinstance(error, FileNotFoundError)  # any other file has a name
        place = error.filename or ("the current folder" if gone else "standard output")
        complain(f"{place}: {error.strerror or error}")
    else:
        raise error
    return 2


def _show_their_traceback(error: BaseException | None) -> None:
    """Print where the user's own code failed, if it did, with only their lines."""
    while error is not None and not (isinstance(error, UserCodeError) and error.shown):
        error = error.__cause__
    for line in error.shown.splitlines() if error is not None else ():
        print(escaped(line), file=sys.stderr)


def complain(message: str) -> None:
    """Print one line; with standard error closed or full there is only the exit code."""
    with suppress(OSError):
        print(f"qdecay: {one_line(message)}", file=sys.stderr, flush=True)
