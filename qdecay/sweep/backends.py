"""Where batches run: in processes on this machine, on a cluster, or in this process.

A pool takes calls and gives futures, as executors of `concurrent.futures` do. What runs on it is
`work.train`, the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, Protocol, TypeVar, get_args

from qdecay._support.processes import Processes
from qdecay.errors import InputError
from qdecay.sweep.clusters import Dask, Ray

Backend = Literal["processes", "dask", "ray", "here"]
_T = TypeVar("_T")


class Pool(Protocol):
    """Workers to which calls are handed."""

    @property
    def workers(self) -> int:
        """How many calls can currently run at once."""

    def submit(self, function: Callable[..., _T], /, *arguments: Any) -> Future[_T]:
        """Have a function called."""

    def result(self, future: Future[_T]) -> _T:
        """Return what it returned, or raise what it raised.

        Raises:
            WorkerDied: its worker died.
            InputError: the workers cannot be used, or are all lost.
        """

    def close(self) -> None:
        """Release the workers immediately, even while busy."""


class InProcess:
    """This process itself, for debugging: a call is done when `submit` returns."""

    workers = 1

    def submit(self, function: Callable[..., _T], /, *arguments: Any) -> Future[_T]:
        """Call a function."""
        future: Future[_T] = Future()
        future.set_result(function(*arguments))
        return future

    def result(self, future: Future[_T]) -> _T:
        """Return what it returned."""
        return future.result()

    def close(self) -> None:
        """Do nothing."""


def open_pool(backend: str, workers: int | None, scheduler: str | None) -> Pool:
    """Return the pool of a backend.

    Args:
        backend: one of `Backend`.
        workers: number of processes, for "processes"; None means one per core.
        scheduler: address of the cluster, for "dask" and "ray"; None uses their configuration.

    Raises:
        InputError: the name is unknown, an argument cannot be combined with it, or the cluster or
            the package that connects to it is missing.
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
    return Processes(workers) if backend == "processes" else InProcess()
