"""Where batches run: in processes of this machine, on a cluster, or in this very process.

A pool takes batches and gives futures. What runs on it is `work.train`, the same everywhere.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Literal, Protocol, get_args

from qdecay.errors import InputError
from qdecay.sweep.work import Outcome, Part, train

Backend = Literal["processes", "dask", "ray", "here"]
_IDLE_SECONDS = 20  # a worker whose parent was killed waits so long for work, then ends


class WorkerDied(Exception):
    """The worker of a batch is gone, and the batch with it."""


class Pool(Protocol):
    """Workers that batches are handed to."""

    @property
    def workers(self) -> int:
        """How many batches run at once, by now."""

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained."""

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with.

        Raises:
            WorkerDied: its worker did.
            InputError: the workers cannot be used, or have all gone.
        """

    def close(self, *, kill: bool) -> None:
        """Let the workers go; with `kill` at once, whatever they are doing."""


class Here:
    """This very process, for debugging: a batch is done when `submit` returns."""

    workers = 1

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Train a batch."""
        future: Future[Outcome] = Future()
        future.set_result(train(batch))
        return future

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with."""
        return future.result()

    def close(self, *, kill: bool) -> None:
        """Do nothing."""


class Processes:
    """Processes of this machine: those of joblib, loky's, which notice that one of them died."""

    def __init__(self, workers: int | None) -> None:
        """Take `workers` processes; None is one for each core this process may use."""
        import joblib
        from joblib.externals.loky.process_executor import BrokenProcessPool

        self.workers: int = workers or joblib.cpu_count()
        self._broken: type[BaseException] = BrokenProcessPool
        self._executor: Executor | None = None

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained, by new processes where one of the old ones has died."""
        from joblib.externals.loky import ProcessPoolExecutor

        if self._executor is not None:
            try:
                return self._executor.submit(train, batch)
            except self._broken:
                self.close(kill=True)
        self._executor = ProcessPoolExecutor(
            self.workers, timeout=_IDLE_SECONDS, initializer=_ignore_interrupts
        )
        return self._executor.submit(train, batch)

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with.

        Raises:
            WorkerDied: its worker did, or another one: all that is under way is lost then.
        """
        try:
            return future.result()
        except self._broken as error:
            raise WorkerDied from error

    def close(self, *, kill: bool) -> None:
        """Let the processes go."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)  # type: ignore[call-arg]
            self._executor = None


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which the terminal sends to every process, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_pool(backend: str, workers: int | None, scheduler: str | None) -> Pool:
    """Return the pool of a backend.

    Args:
        backend: one of `Backend`.
        workers: processes, with "processes"; None is one for each core.
        scheduler: where the cluster is, with "dask" and "ray"; None is what their settings say.

    Raises:
        InputError: the name is unknown, an argument does not go with it, or the cluster or what
            reaches it is not there.
    """
    from qdecay.sweep.clusters import Dask, Ray

    if backend not in get_args(Backend):
        known = ", ".join(get_args(Backend))
        raise InputError(f"backend {backend!r}: no such backend; known: {known}")
    if workers is not None and backend != "processes":
        raise InputError(
            f"workers = {workers} does not go with the backend {backend}: leave it out"
        )
    if backend in ("dask", "ray"):
        return Dask(scheduler) if backend == "dask" else Ray(scheduler)
    if scheduler is not None:
        raise InputError(f"scheduler = {scheduler} goes with the backends dask and ray only")
    return Processes(workers) if backend == "processes" else Here()
