"""Where batches run: in processes of this machine, or in this very process.

A pool takes batches and gives futures. What runs on it is `work.train`, the same everywhere.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Protocol

from qdecay.errors import InputError
from qdecay.sweep.work import Outcome, Part, train

_IDLE_SECONDS = 20  # a worker whose parent was killed waits so long for work, then ends


class Pool(Protocol):
    """Workers that batches are handed to.

    Attributes:
        workers: how many batches run at once.
        deaths: what a future raises whose worker has died.
    """

    workers: int
    deaths: tuple[type[BaseException], ...]

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained."""

    def close(self, *, kill: bool) -> None:
        """Let the workers go; with `kill` at once, whatever they are doing."""


class Here:
    """This very process, for debugging: a batch is done when `submit` returns."""

    workers = 1
    deaths: tuple[type[BaseException], ...] = ()

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Train a batch."""
        future: Future[Outcome] = Future()
        future.set_result(train(batch))
        return future

    def close(self, *, kill: bool) -> None:
        """Do nothing."""


class Processes:
    """Processes of this machine: those of joblib, loky's, which notice that one of them died."""

    def __init__(self, workers: int | None) -> None:
        """Take `workers` processes; None is one for each core this process may use."""
        import joblib
        from joblib.externals.loky.process_executor import BrokenProcessPool

        self.workers = workers or joblib.cpu_count()
        self.deaths: tuple[type[BaseException], ...] = (BrokenProcessPool,)
        self._executor: Executor | None = None

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained, by new processes where one of the old ones has died."""
        from joblib.externals.loky import ProcessPoolExecutor

        if self._executor is not None:
            try:
                return self._executor.submit(train, batch)
            except self.deaths:
                self.close(kill=True)
        self._executor = ProcessPoolExecutor(
            self.workers, timeout=_IDLE_SECONDS, initializer=_ignore_interrupts
        )
        return self._executor.submit(train, batch)

    def close(self, *, kill: bool) -> None:
        """Let the processes go."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)  # type: ignore[call-arg]
            self._executor = None


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which the terminal sends to every process, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_pool(backend: str, workers: int | None) -> Pool:
    """Return the pool of a backend.

    Args:
        backend: "processes" or "here".
        workers: processes, with "processes"; None is one for each core.

    Raises:
        InputError: the name is unknown, or an argument does not go with it.
    """
    if backend == "processes":
        return Processes(workers)
    if workers is not None:
        raise InputError(f"workers = {workers} does not go with the backend {backend}")
    if backend == "here":
        return Here()
    raise InputError(f"backend {backend!r}: no such backend; known: processes, here")
