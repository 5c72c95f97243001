"""Progress of a long call: one event type, and one bar that shows it.

Functions that may take long accept `progress`: True shows a bar, and a function is called with
every event. Events do not change results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeAlias

from qdecay._support.deadline import Deadline

LOG_SECONDS = 60.0  # between two lines without a terminal
_PATIENCE_SECONDS = 1.0  # before a bar appears: one that only flashes up is useless
_REFRESH_SECONDS = 0.1
_SHOWN = "{desc} |{bar:12}| {percentage:.0f} %, {elapsed} gone, about {remaining} left"
_LOGGED = "{desc}, {elapsed} gone, about {remaining} left"
_ENDLESS = "{desc}, {elapsed} gone"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a call.

    Attributes:
        done: the number of pieces of work done, an int; or the position reached, a float. The first
            event gives what was done before the call.
        total: the expected final value of `done`, which later events may correct; None if unknown.
        text: the name of the pieces, such as "trainings"; or what has been found so far.
        remark: a line to show once, such as how long the rest will take, or "".
    """

    done: float
    total: float | None
    text: str
    remark: str = ""

    def __str__(self) -> str:
        """Return "12 of 40 trainings", or the text alone if no pieces are counted."""
        if not isinstance(self.done, int):
            return self.text
        of = "" if self.total is None else f" of {max(self.total, self.done):,}"
        return f"{self.done:,}{of} {self.text}"


OnProgress: TypeAlias = Callable[[Progress], None]


def reporting(progress: bool | OnProgress) -> AbstractContextManager[OnProgress]:
    """Return, as a context manager, the function that a call reports events to.

    Args:
        progress: the argument of the call.

    Raises:
        TypeError: it is neither a bool nor a function.
    """
    if isinstance(progress, bool):
        return Bar() if progress else nullcontext(ignore)
    if not callable(progress):
        raise TypeError(f"progress must be a bool or a function, got {progress!r}")
    return nullcontext(progress)


def ignore(event: Progress) -> None:
    """Accept an event and show nothing."""


def counting(
    report: OnProgress, total: int, text: str, deadline: Deadline | None = None
) -> Callable[[], None]:
    """Report that nothing is done yet, and return the function to call after each piece of work.

    Raises:
        BudgetExceeded: at such a call, the time is up.
    """
    numbers = count(1)
    report(Progress(0, total, text))

    def tick() -> None:
        report(Progress(next(numbers), total, text))
        if deadline is not None:
            deadline.check()

    return tick


def print_above(line: str) -> None:
    """Print a line on standard error, above a bar if one is shown."""
    bars = sys.modules.get("tqdm")
    print(line, file=sys.stderr) if bars is None else bars.tqdm.write(line, sys.stderr)


_NOTHING = Progress(0.0, None, "")


class Bar:
    """A bar on standard error, as a context manager that is called with every event.

    It appears after a second, only on a terminal or in a notebook, and disappears at the end: log
    files stay clean, unless a line per minute is requested. Remarks are printed above it.
    """

    def __init__(self, *, log: bool = False) -> None:
        """Wait for the first event; `log` requests lines without a terminal."""
        self._screen = sys.stderr.isatty() or type(sys.stderr).__module__ == "ipykernel.iostream"
        self._first = self._last = _NOTHING
        self._began = 0.0
        self._over = Event()
        self._thread = Thread(target=self._show, daemon=True) if self._screen or log else None

    def __call__(self, event: Progress) -> None:
        """Accept an event; one with less done than before starts over."""
        if self._first is _NOTHING or event.done < self._last.done:
            self._first, self._began = event, time.time()
        self._last = event
        if event.remark and self._thread is not None:
            print_above(event.remark)

    def __enter__(self) -> Self:
        """Start waiting."""
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        """Redraw the last event regularly, even without new ones."""
        if self._over.wait(_PATIENCE_SECONDS if self._screen else LOG_SECONDS):
            return
        from tqdm import tqdm  # takes 0.1 s to load

        file: Any = sys.stderr if self._screen else _Lines()
        line: Any = tqdm(
            file=file, leave=False, smoothing=0, dynamic_ncols=self._screen, delay=_REFRESH_SECONDS
        )
        line.delay = 0.0  # the delay only kept it from printing at once
        while True:
            if self._first is not _NOTHING:
                self._refresh(line)
            if self._over.wait(_REFRESH_SECONDS if self._screen else LOG_SECONDS):
                line.close()
                return

    def _refresh(self, line: Any) -> None:
        event = self._last
        line.initial, line.n, line.start_t = self._first.done, event.done, self._began
        line.last_print_t = self._began  # otherwise `close` would leave it in place
        line.total = event.total and max(event.total, event.done)
        line.set_description_str(str(event), refresh=False)
        unknown = not line.total or event.done <= self._first.done
        line.bar_format = _ENDLESS if unknown else _SHOWN if self._screen else _LOGGED
        line.refresh()


class _Lines:
    """Standard error as a file that writes everything on its own line."""

    def write(self, text: str) -> None:
        if text := text.strip():
            print(text, file=sys.stderr)

    def flush(self) -> None:
        sys.stderr.flush()
