"""Where batches run: in processes of this machine, on a cluster, or in this very process.

A pool takes batches and gives futures. What runs on it is `work.train`, the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Literal, Protocol, get_args

from qdecay._support.processes import Processes
from qdecay.errors import InputError
from qdecay.sweep.clusters import Dask, Ray
from qdecay.sweep.work import Outcome, Part, train

Backend = Literal["processes", "dask", "ray", "here"]


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

    def close(self) -> None:
        """Let the workers go at once, whatever they are doing."""


class InProcess:
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

    def close(self) -> None:
        """Do nothing."""


class LocalProcesses:
    """Processes of this machine."""

    def __init__(self, workers: int | None) -> None:
        """Take `workers` processes; None is one for each core this process may use."""
        self.processes = Processes(workers)

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return self.processes.workers

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained."""
        return self.processes.submit(train, batch)

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with.

        Raises:
            WorkerDied: its worker did, or another one: all that is under way is lost then.
        """
        outcome: Outcome = self.processes.result(future)
        return outcome

    def close(self) -> None:
        """Kill the processes: to end by themselves takes idle ones most of a second."""
        self.processes.close(kill=True)


def open_pool(backend: str, workers: int | None, scheduler: str | None) -> Pool:
    """Return the pool of a backend.

    Args:
        backend: one of `Backend`.
        workers: processes, with "processes"; None is one for each core.
        scheduler: where the cluster is, with "dask" and "ray"; None is what their settings say.

    Raises:
        InputError: the name is unknown, an argument cannot be combined with it, or the cluster or
            what reaches it is not there.
    """
    if backend not in get_args(Backend):
        known = ", ".join(get_args(Backend))
        raise InputError(f"backend {backend!r}: no such backend; known: {known}")
    if workers is not None and backend != "processes":
        raise InputError(f"workers = {workers} cannot be combined with the backend {backend}")
    if backend in ("dask", "ray"):
        return Dask(scheduler) if backend == "dask" else Ray(scheduler)
    if scheduler is not None:
        raise InputError(f"scheduler = {scheduler} requires the backend dask or ray")
    return LocalProcesses(workers) if backend == "processes" else InProcess()
