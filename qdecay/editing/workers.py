"""Processes that solve: each can be stopped at any time, and one more is always ready.

Of two requests of one page the newer one wins: it gives the older one a moment to end by itself,
which most do, and then stops its process, which harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from http import HTTPStatus
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from qdecay._support.processes import Processes, WorkerDied
from qdecay.editing.refusals import Refused, wrong

MOST = 4
"""How many requests may be worked on at once."""

_IDLE = 2  # processes that are kept: the last one used, and one that is ready when that is stopped
_MOMENT_SECONDS = 0.3  # less than a new process takes to start
_T = TypeVar("_T")


class _Stopped(Exception):
    """The process was stopped on purpose."""


class _Worker:
    """One process; several threads may use it."""

    def __init__(self) -> None:
        self._processes = Processes(1)
        self._lock = Lock()
        self.is_stopped = False

    def submit(self, function: Callable[..., _T], arguments: tuple[Any, ...] = ()) -> Future[_T]:
        with self._lock:
            if self.is_stopped:
                raise _Stopped
            return self._processes.submit(function, *arguments)

    def result(self, future: Future[_T], seconds: float) -> _T:
        """Return what was returned, or raise what was raised, or `_Stopped` or `NotYet`."""
        try:
            return future.result(seconds)
        except NotYet:
            raise
        except Exception:
            if self.is_stopped:
                raise _Stopped from None
            return self._processes.result(future)  # which tells the errors of processes apart

    def stop(self) -> None:
        with self._lock:
            self.is_stopped = True
            self._processes.close()


class _Job:
    """A request that is worked on."""

    def __init__(self) -> None:
        self.worker: _Worker | None = None
        self.is_superseded = False
        self.ended = Event()


class Workers:
    """The processes of one server."""

    def __init__(self, warm: Callable[[], object]) -> None:
        """Start the first; each calls `warm` before anything else."""
        self._warm = warm
        self._lock = Lock()
        self._idle: list[_Worker] = []  # the last is taken first
        self._jobs: dict[object, _Job] = {}
        self._all: set[_Worker] = set()
        self._is_closed = False
        self._keep_ready()

    def run(
        self, page: object, seconds: float, function: Callable[..., _T], /, *arguments: Any
    ) -> _T:
        """Return what a function returns, in a process.

        Args:
            page: who asks; a newer request of the same page takes the place of this one.
            seconds: until the process is stopped.
            function: what is called; what it raises is raised here.
            arguments: for it.

        Raises:
            Refused: a newer request took its place, the time is up, or too many are worked on.
        """
        job = _Job()
        older = self._registered(page, job)
        try:
            if older is not None and not older.ended.wait(_MOMENT_SECONDS):
                self._supersede(older)
            return self._done(self._taken(job), seconds, function, arguments)
        except _Stopped:
            raise Refused(HTTPStatus.CONFLICT, "a newer change took its place") from None
        finally:
            job.ended.set()
            with self._lock:
                if self._jobs.get(page) is job:
                    del self._jobs[page]

    def close(self) -> None:
        """Stop all processes, for good."""
        with self._lock:
            self._is_closed = True
            workers = list(self._all)
        for worker in workers:
            worker.stop()

    def _registered(self, page: object, job: _Job) -> _Job | None:
        """Make it the job of its page, and return the one before it."""
        with self._lock:
            older = self._jobs.get(page)
            if older is None and len(self._jobs) >= MOST:
                text = f"{MOST} problems are being solved at once: wait, or close other pages"
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, text)
            self._jobs[page] = job
        return older

    def _supersede(self, job: _Job) -> None:
        with self._lock:
            job.is_superseded = True
            worker = job.worker
        if worker is not None:
            worker.stop()

    def _taken(self, job: _Job) -> _Worker:
        with self._lock:
            if job.is_superseded or self._is_closed:
                raise _Stopped
            worker = self._idle.pop() if self._idle else self._new()
            job.worker = worker
        self._keep_ready()
        return worker

    def _done(
        self,
        worker: _Worker,
        seconds: float,
        function: Callable[..., _T],
        arguments: tuple[Any, ...],
    ) -> _T:
        try:
            return worker.result(worker.submit(function, arguments), seconds)
        except NotYet:
            worker.stop()
            raise wrong(f"stopped after {seconds:g} s: make the problem smaller") from None
        except WorkerDied:
            worker.stop()
            raise wrong("the process died, probably for lack of memory: make it smaller") from None
        finally:
            self._let_go(worker)

    def _let_go(self, worker: _Worker) -> None:
        """Keep a process for the next request, unless it was stopped or there are enough."""
        with self._lock:
            keep = not worker.is_stopped and len(self._idle) < _IDLE
            if keep:
                self._idle.append(worker)
            else:
                self._all.discard(worker)
        if not keep:
            worker.stop()

    def _new(self) -> _Worker:
        worker = _Worker()
        self._all.add(worker)
        return worker

    def _keep_ready(self) -> None:
        """Have a process ready that nobody uses."""
        with self._lock:
            if self._idle or self._is_closed:
                return
            worker = self._new()
            self._idle.insert(0, worker)

        def start() -> None:
            with suppress(_Stopped):
                worker.submit(self._warm)

        Thread(target=start, daemon=True).start()
