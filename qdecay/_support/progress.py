"""A progress bar with an estimate of the time left, for runs that last."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Self

_LOOK_EVERY = 256
_PATIENCE_SECONDS = 1.0


class Bar:
    """A bar on standard error, as a context manager.

    It appears after one second and on a terminal only, so short runs and log files stay clean,
    and goes at the end.
    """

    def __init__(self, label: str) -> None:
        """Wait for the first `show`; `label` says what is running."""
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._progress = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(label, total=1.0)
        self._appears_at = time.monotonic() + _PATIENCE_SECONDS
        self._shown = False

    def show(self, done: float) -> None:
        """Show that the share `done` of the run, in [0, 1], is done."""
        if not self._shown:
            if time.monotonic() < self._appears_at:
                return
            self._progress.start()
            self._shown = True
        self._progress.update(self._task, completed=done)

    def __enter__(self) -> Self:
        """Return the bar."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()


def with_progress(
    numbers: Iterable[int], done: Callable[[int], float], label: str
) -> Generator[int, None, None]:
    """Yield `numbers`, and show a bar until the generator is closed.

    Args:
        numbers: the counts 1, 2, 3, ... of the steps of a run.
        done: the share of the run that is done at such a count, in [0, 1].
        label: what is running.
    """
    with Bar(label) as bar:
        for number in numbers:
            yield number
            if number % _LOOK_EVERY == 0:
                bar.show(done(number))
