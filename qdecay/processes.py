"""Processes of this machine: those of joblib, loky's, which notice that one of them has died."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_IDLE_SECONDS = 20  # a worker whose parent was killed waits so long for work, then ends


class WorkerDied(Exception):
    """The process that was to do a piece of work is gone, and the work with it."""


class Processes:
    """Processes that functions are handed to; whatever cloudpickle can send may be an argument."""

    def __init__(self, workers: int | None) -> None:
        """Take `workers` processes; None is one for each core this process may use."""
        import joblib
        from joblib.externals.loky.process_executor import BrokenProcessPool

        self.workers: int = workers or joblib.cpu_count()
        self._broken: type[BaseException] = BrokenProcessPool
        self._executor: Executor | None = None

    def submit(
        self, function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs
    ) -> Future[_T]:
        """Have a function called, by new processes where one of the old ones has died."""
        from joblib.externals.loky import ProcessPoolExecutor

        if self._executor is not None:
            try:
                return self._executor.submit(function, *arguments, **named)
            except self._broken:
                self.close(kill=True)
        self._executor = ProcessPoolExecutor(
            self.workers, timeout=_IDLE_SECONDS, initializer=_ignore_interrupts
        )
        return self._executor.submit(function, *arguments, **named)

    def result(self, future: Future[Any]) -> Any:
        """Return what a function returned, or raise what it raised.

        Raises:
            WorkerDied: its process died, or another one: all that is under way is lost then.
        """
        try:
            return future.result()
        except self._broken as error:
            raise WorkerDied from error

    def close(self, *, kill: bool) -> None:
        """Let the processes go; with `kill` at once, whatever they are doing."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)  # type: ignore[call-arg]
            self._executor = None


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which the terminal sends to every process, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
