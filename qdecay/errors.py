"""Errors, by how a caller can respond.

Bad arguments raise `ValueError` or `TypeError` where they occur. A user's source (a file, an id)
raises `InputError`, whose text is one line for a terminal. So does a path that cannot be read or
written; what does not import this module raises its base for that, `ValueError`. A budget that runs
out raises `BudgetExceeded` or a subclass, with the result so far. Only the authors can fix an
`InternalError`: qdecay contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class InputError(ValueError):
    """A file, id or option is wrong; the message says what, where and how to fix it."""


@contextmanager
def input_errors(before: str = "") -> Iterator[None]:
    """Make an InputError of what a reader raises; its message follows `before`.

    The readers of `qdecay_envs`, which is independent, include the path themselves.
    """
    try:
        yield
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        raise InputError(f"{before}{error}") from error


class QdecayWarning(UserWarning):
    """Something worth knowing although nothing is wrong; one line."""


class InternalError(RuntimeError):
    """An answer did not pass qdecay's own check; the message says what to report."""


class BudgetExceeded(RuntimeError):
    """A limit of time, sweeps or size ran out before the answer was proven.

    Time is checked between steps, and numba compiles in one step: the first planning or training
    on a machine may overrun by ten seconds or more. Commands interrupt it.

    Attributes:
        best: what is known so far: the best `Solution`, or the proven part of the regions.
        max_seconds: the limit in seconds, if it was time that ran out; else None.
    """

    def __init__(self, message: str, best: Any = None, *, max_seconds: float | None = None) -> None:
        super().__init__(message)
        self.best, self.max_seconds = best, max_seconds

    def knowing(self, known: str, best: Any = None) -> BudgetExceeded:
        """Return this error with what is known so far, also in its message."""
        return BudgetExceeded(f"{self}; {known}", best, max_seconds=self.max_seconds)


class NotConverged(BudgetExceeded):
    """An iteration used up its sweeps; `best` is the last `Solution` with its error bound."""
