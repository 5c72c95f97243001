"""Clusters: batches on the workers of an existing Dask or Ray cluster.

A cluster whose package versions differ from this process's could give different results: its
workers refuse such batches. Anyone with access to the cluster can run any code there, and here:
both engines exchange pickles.
"""

from __future__ import annotations

import logging
import pickle
import platform
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any, TypeVar

from qdecay._support.extras import require
from qdecay._support.processes import WorkerDied
from qdecay.errors import InputError
from qdecay.sweep.versions import changes, versions

_CONNECT_SECONDS = 10
_T = TypeVar("_T")


class _Cluster:
    """What the pools of clusters have in common.

    Attributes:
        killed: the exception raised if a worker died with its call.
        unusable: the exception raised if workers lack what they need.
        lost: further exceptions raised if the cluster is lost.
        lost_message: what the user reads then.
    """

    killed: tuple[type[BaseException], ...]
    unusable: tuple[type[BaseException], ...]
    lost: tuple[type[BaseException], ...]
    lost_message: str

    def result(self, future: Future[_T]) -> _T:
        """Return what a function returned.

        Raises:
            WorkerDied: its worker did; with Dask, several of them, one after the other.
            InputError: the workers lack the right packages, or the cluster is lost.
        """
        try:
            return future.result()
        except self.killed as error:
            raise WorkerDied from error
        except self.unusable as error:
            reason = " ".join(str(getattr(error, "cause", error)).split())
            raise InputError(
                f"the workers need the same qdecay and packages as this machine: {reason}"
            ) from error
        except self.lost as error:
            raise InputError(self.lost_message) from error


class Dask(_Cluster):
    """The workers of a Dask scheduler, which itself reruns a batch whose worker died."""

    def __init__(self, scheduler: str | None) -> None:
        """Connect to a scheduler; None means the one in Dask's own configuration.

        Raises:
            InputError: Dask is not installed, no scheduler is given, or it does not respond.
        """
        distributed = require("distributed", "dask", "sweeps on Dask")
        settings = require("dask.config", "dask", "sweeps on Dask")
        address = scheduler or settings.get("scheduler-address", None)
        if address is None:
            raise InputError("the backend dask: name its scheduler, such as tcp://host:8786")
        for name in ("distributed", "distributed.client", "tornado.application"):
            # Report a lost scheduler once, not for each part of it that notices.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.lost_message = (
            f"{address}: lost the Dask scheduler; run again to resume from the store"
        )
        self.killed, self.lost = (distributed.KilledWorker,), (CancelledError,)
        self.unusable = (ImportError, AttributeError, RuntimeError)
        try:
            distributed.comm.resolve_address(address)  # a refused client leaves threads behind
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise InputError(f"{address}: no Dask scheduler responds") from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def workers(self) -> int:
        """The number of threads of all current workers; 1 while there are none yet."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except OSError as error:
            raise InputError(self.lost_message) from error
        return max(1, sum(threads.values()))

    def submit(self, function: Callable[..., _T], /, *arguments: Any) -> Future[_T]:
        """Have a function called."""
        call = pickle.dumps(_Call(dict(versions()), function, *arguments))
        future: Future[_T] = self._executor.submit(pickle.loads, call)
        return future

    def close(self) -> None:
        """Disconnect; batches in progress are cancelled."""
        self._client.close()


class Ray(_Cluster):
    """The workers of a Ray cluster."""

    def __init__(self, scheduler: str | None) -> None:
        """Connect to a cluster; None means the one this program is connected to, or that Ray finds.

        Raises:
            InputError: Ray is not installed, or no cluster responds.
        """
        self._ray = require("ray", "ray", "sweeps on Ray")
        self._connected = self._ray.is_initialized()
        if not self._connected:
            self._connect(scheduler or "auto")
        elif scheduler is not None:
            raise InputError("this program is already connected to Ray: leave scheduler out")
        self._address: str = self._ray.get_runtime_context().gcs_address
        self.lost_message = (
            f"{self._address}: lost the Ray cluster; run again to resume from the store"
        )
        # Ray does not rerun a batch whose worker died: the queue does, in smaller pieces.
        self._call = self._ray.remote(_call_checked).options(max_retries=0)
        errors = self._ray.exceptions
        self.unusable, self.lost = (errors.RayTaskError,), (errors.RayError,)
        self.killed = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.ObjectLostError,
            errors.OutOfMemoryError,
        )

    def _connect(self, address: str) -> None:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if ":" in address and "//" not in address:
                _require_answer(address)  # Ray would try for minutes
            self._ray.init(address=address, logging_level=logging.CRITICAL, log_to_driver=False)
        except (OSError, ValueError, RuntimeError) as error:
            where = (
                "the backend ray: no cluster is running"
                if address == "auto"
                else f"{address}: no Ray cluster is running"
            )
            raise InputError(
                f"{where}: start one with ray start --head, or name its scheduler, such as "
                f"host:6379"
            ) from error
        finally:  # Ray installs its own for SIGTERM, which ends the process silently
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():
                    signal.signal(number, handler)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Report a lost cluster in one line.

        Ray itself waits a minute for a lost cluster, and then ends the process.
        """
        try:
            _require_answer(self._address)
            yield
        except (OSError, RuntimeError, self._ray.exceptions.RayError) as error:
            raise InputError(self.lost_message) from error

    @property
    def workers(self) -> int:
        """The number of processors the cluster currently has."""
        with self._reachable():
            return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, function: Callable[..., _T], /, *arguments: Any) -> Future[_T]:
        """Have a function called."""
        with self._reachable():
            call = self._call.remote(dict(versions()), function, *arguments)
            future: Future[_T] = call.future()
            return future

    def close(self) -> None:
        """Disconnect, unless the program was connected before; batches in progress are
        cancelled."""
        if not self._connected:
            self._ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise OSError if nothing listens at host:port, ValueError if the address is invalid."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()


class _Call:
    """An object that unpickles as the return value of a function.

    A Dask worker unpickles what it receives immediately, and dies if it cannot import something. If
    unpickling these bytes is the task itself, the worker reports what is missing, and the
    scheduler, which reads tasks as well, does not need qdecay.
    """

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments

    def __reduce__(self) -> tuple[object, ...]:
        return _call_checked, self._arguments


def _call_checked(wanted: Mapping[str, str], function: Callable[..., _T], /, *arguments: Any) -> _T:
    """Call a function if the packages here are those of the process that sent it.

    Raises:
        RuntimeError: they differ.
    """
    found = {**versions(), "python": wanted["python"]}
    if other := changes(wanted, found):
        raise RuntimeError(
            f"{platform.node()} has different versions, which may change results: {other}"
        )
    return function(*arguments)
