"""Clusters: batches on the workers of a Dask or a Ray that runs already.

A cluster that has other versions of the packages than this process could give other results: its
workers refuse such batches. Whoever may use the cluster may run any code there, and here: both
engines exchange pickles.
"""

from __future__ import annotations

import logging
import pickle
import platform
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager

from qdecay._support.extras import require
from qdecay._support.processes import WorkerDied
from qdecay.errors import InputError
from qdecay.sweep.versions import changes, versions
from qdecay.sweep.work import Outcome, Part, train

_CONNECT_SECONDS = 10


class Dask:
    """The workers of a Dask scheduler, which itself runs a batch again whose worker died."""

    def __init__(self, scheduler: str | None) -> None:
        """Connect to a scheduler; None is the one of Dask's own settings.

        Raises:
            InputError: Dask is not installed, no scheduler is named, or it does not answer.
        """
        distributed = require("distributed", "dask", "sweeps on Dask")
        settings = require("dask.config", "dask", "sweeps on Dask")
        address = scheduler or settings.get("scheduler-address", None)
        if address is None:
            raise InputError("the backend dask: name its scheduler, such as tcp://host:8786")
        for name in ("distributed", "distributed.client", "tornado.application"):
            # That the scheduler is gone is told once, not by each part of it that noticed.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._lost = (
            f"{address}: the Dask scheduler is gone; run again to go on from what is stored"
        )
        self._killed = distributed.KilledWorker
        try:
            distributed.comm.resolve_address(address)  # a client that refuses one leaves a mess
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise InputError(f"{address}: no Dask scheduler answers there") from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def workers(self) -> int:
        """How many threads all workers have by now; 1 while the first is still to come."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except OSError as error:
            raise InputError(self._lost) from error
        return max(1, sum(threads.values()))

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained."""
        call = pickle.dumps(_Call(dict(versions()), batch))
        future: Future[Outcome] = self._executor.submit(pickle.loads, call)
        return future

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with.

        Raises:
            WorkerDied: several did, one after the other, of this batch.
            InputError: the scheduler is gone, or the workers are not as they must be.
        """
        try:
            return future.result()
        except self._killed as error:
            raise WorkerDied from error
        except CancelledError as error:
            raise InputError(self._lost) from error
        except (ImportError, AttributeError, RuntimeError) as error:
            raise _unusable(error) from error

    def close(self) -> None:
        """Disconnect; what is under way is called off."""
        self._client.close()


class Ray:
    """The workers of a Ray cluster."""

    def __init__(self, scheduler: str | None) -> None:
        """Connect to a cluster; None is the one of this program, or that Ray finds.

        Raises:
            InputError: Ray is not installed, or no cluster answers.
        """
        self._ray = require("ray", "ray", "sweeps on Ray")
        self._connected = self._ray.is_initialized()
        if not self._connected:
            self._connect(scheduler or "auto")
        elif scheduler is not None:
            raise InputError("this program is already connected to Ray: leave scheduler out")
        self._address: str = self._ray.get_runtime_context().gcs_address
        # A batch whose worker died is not run again by Ray: the queue does it, in smaller pieces.
        self._train = self._ray.remote(_train_checked).options(max_retries=0)
        errors = self._ray.exceptions
        self._killed = (
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
                "the backend ray: no cluster runs" if address == "auto" else f"{address}: no Ray"
            )
            raise InputError(
                f"{where} there: start one with ray start --head, or name its scheduler, such as "
                f"host:6379"
            ) from error
        finally:  # Ray has its own for SIGTERM, which ends the process without a word
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():
                    signal.signal(number, handler)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Tell in one line that the cluster has gone.

        Ray itself waits for a minute for one that is gone, and then ends the process.
        """
        try:
            _require_answer(self._address)
            yield
        except (OSError, RuntimeError, self._ray.exceptions.RayError) as error:
            raise self._lost() from error

    def _lost(self) -> InputError:
        return InputError(
            f"{self._address}: the Ray there is gone; run again to go on from what is stored"
        )

    @property
    def workers(self) -> int:
        """How many processors the cluster has by now."""
        with self._reachable():
            return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, batch: Sequence[Part]) -> Future[Outcome]:
        """Have a batch trained."""
        with self._reachable():
            future: Future[Outcome] = self._train.remote(dict(versions()), batch).future()
            return future

    def outcome(self, future: Future[Outcome]) -> Outcome:
        """Return what a batch ended with.

        Raises:
            WorkerDied: its worker did.
            InputError: the workers are not as they must be, or the cluster has gone.
        """
        try:
            return future.result()
        except self._killed as error:
            raise WorkerDied from error
        except self._ray.exceptions.RayTaskError as error:
            raise _unusable(error.cause) from error
        except self._ray.exceptions.RayError as error:
            raise self._lost() from error

    def close(self) -> None:
        """Disconnect, unless the program was connected before; what is under way is called off."""
        if not self._connected:
            self._ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise OSError where nothing listens at host:port, ValueError where it is no such address."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()


class _Call:
    """What unpickles as the outcome of a batch.

    A Dask worker unpickles what it receives as soon as it comes, and dies of what it cannot import;
    of bytes whose unpickling is the task itself it tells what is missing. The scheduler, which
    reads tasks as well, needs no qdecay then.
    """

    def __init__(self, wanted: Mapping[str, str], batch: Sequence[Part]) -> None:
        self._arguments = (wanted, batch)

    def __reduce__(self) -> tuple[object, ...]:
        return _train_checked, self._arguments


def _train_checked(wanted: Mapping[str, str], batch: Sequence[Part]) -> Outcome:
    """Train a batch where the packages are those of the process that sends it.

    Raises:
        RuntimeError: they are not.
    """
    found = {**versions(), "python": wanted["python"]}
    if other := changes(wanted, found):
        raise RuntimeError(f"{platform.node()} has other versions, which may change bits: {other}")
    return train(batch)


def _unusable(error: BaseException) -> InputError:
    """Return what a person is told of workers that lack something."""
    reason = " ".join(str(error).split())
    return InputError(f"the workers need the same qdecay and packages as this machine: {reason}")
