"""Processes on this machine, by loky, which notices when one of them has died.

They also notice when the process that started them dies, even while busy: a thread in each waits
for the end of a pipe that nothing is written to and that the system closes with the parent. Code
that holds the GIL for long delays that thread; on Linux the system itself then kills the worker.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeVar

import loky

from qdecay._support.checks import whole

_T = TypeVar("_T")
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


class WorkerDied(Exception):
    """The process doing a piece of work has died, and the work is lost."""


class Processes:
    """Processes that run functions; anything that cloudpickle can send may be an argument."""

    def __init__(self, workers: int | None) -> None:
        """Use `workers` processes; None means one per core available to this process."""
        cores: int = loky.cpu_count()
        self.workers = cores if workers is None else whole(workers, "workers", 1)
        self._executor: Any = None
        self._ends, self._open = Pipe(duplex=False)

    def submit(self, function: Callable[..., _T], /, *arguments: Any) -> Future[_T]:
        """Submit a function call, to new processes if one of the old ones has died."""
        future: Future[_T]
        if self._executor is not None:
            try:
                future = self._executor.submit(function, *arguments)
                return future
            except loky.BrokenProcessPool:
                self.close()
        self._executor = loky.ProcessPoolExecutor(
            self.workers, initializer=_begin_worker, initargs=(self._ends,)
        )
        future = self._executor.submit(function, *arguments)
        return future

    def result(self, future: Future[_T]) -> _T:
        """Return what a function returned, or raise what it raised.

        Raises:
            WorkerDied: its process or another one died, so everything in progress is lost.
        """
        try:
            return future.result()
        except loky.BrokenProcessPool as error:
            raise WorkerDied from error

    def close(self, *, kill: bool = True) -> None:
        """End the processes: at once, whatever they are doing; without `kill`, once they are idle.

        Idle ones take most of a second to end.
        """
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)
            self._executor = None


def _begin_worker(parent: Connection) -> None:
    """Ignore Ctrl-C, which the terminal sends to every process, and end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    """End this process as soon as the parent has ended, even if it ended before this began."""
    with suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)
