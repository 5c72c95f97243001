"""Processes that solve: each can be stopped at any time, and one more is always ready.

Of two requests from one page the newer one wins: it gives the older one a moment to end by itself,
which most do, and then stops its process, which does no harm. A request that no page waits for any
longer is stopped as well, so that closed pages do not take up room.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from threading import Event, Lock
from time import monotonic
from typing import Any, TypeVar

from qdecay._support.processes import Processes, WorkerDied
from qdecay.editing.refusals import Refused, wrong

MOST = 4
"""How many requests may be processed at once."""

_IDLE = 2  # processes kept: the last one used, and one that is ready when that is stopped
_MOMENT_SECONDS = 0.3  # less than a new process takes to start
_LOOK_SECONDS = 0.5  # between two looks whether anybody waits
_START_SECONDS = 120.0  # on a busy machine; an idle one takes three
_T = TypeVar("_T")


class _Stopped(Exception):
    """The process was stopped on purpose."""


class _Worker:
    """One process, and what was submitted to it."""

    def __init__(self, warm: Callable[[], object]) -> None:
        self._processes, self._warm = Processes(1), warm
        self._begun: Future[object] | None = None
        self._lock = Lock()
        self.is_stopped = False

    def begin(self) -> Future[object]:
        """Start the process if necessary; the future is done when it is warm."""
        if self._begun is None:
            self._begun = self.submit(self._warm)
        return self._begun

    def submit(self, function: Callable[..., _T], *arguments: Any) -> Future[_T]:
        with self._lock:
            if self.is_stopped:
                raise _Stopped
            return self._processes.submit(function, *arguments)

    def result(
        self, future: Future[_T], seconds: float, is_awaited: Callable[[], bool] = lambda: True
    ) -> _T:
        """Return what was returned, or raise what was raised, or `_Stopped`, or `TimeoutError`."""
        end = monotonic() + seconds
        while True:
            try:
                return future.result(min(_LOOK_SECONDS, max(0.0, end - monotonic())))
            except TimeoutError:
                if future.done() or monotonic() >= end:
                    raise
                if not is_awaited():
                    self.stop()
            except Exception:
                if self.is_stopped:
                    raise _Stopped from None
                return self._processes.result(future)  # distinguishes the errors of processes

    def stop(self) -> None:
        with self._lock:
            self.is_stopped = True
            self._processes.close()


class _Job:
    """A request in progress."""

    def __init__(self) -> None:
        self.solver: _Worker | None = None  # once it solves
        self.is_superseded = False
        self.ended = Event()


class Workers:
    """The processes of one server."""

    def __init__(self, warm: Callable[[], object]) -> None:
        """Start none yet; each calls `warm` before anything else."""
        self._warm = warm
        self._lock = Lock()
        self._idle: list[_Worker] = []  # the last one is used first
        self._jobs: dict[object, _Job] = {}
        self._all: set[_Worker] = set()
        self._is_closed = False
        # Linux kills a process when the thread that started it ends: so one thread starts all.
        self._starter = ThreadPoolExecutor(1)

    def begin(self) -> None:
        """Start the first, which only `close` ends: while one is left, Python does not exit."""
        self._keep_ready()

    def run(
        self,
        page: object,
        is_awaited: Callable[[], bool],
        seconds: float,
        function: Callable[..., _T],
        /,
        *arguments: Any,
    ) -> _T:
        """Return what a function returns, in a process.

        Args:
            page: the page that asks; a newer request of the same page replaces this one.
            is_awaited: whether anybody still waits for the answer.
            seconds: until the process is stopped.
            function: what is called; what it raises is raised here.
            arguments: for it.

        Raises:
            Refused: a newer request took its place, no page waits, or too many are in progress.
            TimeoutError: the time is up.
        """
        job = _Job()
        older = self._registered(page, job)
        try:
            if older is not None and not older.ended.wait(_MOMENT_SECONDS):
                self._supersede(older)
            return self._done(job, self._taken(), is_awaited, seconds, function, arguments)
        except _Stopped:
            raise Refused(HTTPStatus.CONFLICT, "a newer change took its place") from None
        finally:
            job.ended.set()
            with self._lock:
                if self._jobs.get(page) is job:
                    del self._jobs[page]

    def close(self) -> None:
        """Stop all processes, for good; an interrupt meanwhile leaves none out."""
        with ExitStack() as stack:
            stack.callback(self._starter.shutdown)
            with self._lock:
                self._is_closed = True
                for worker in self._all:
                    stack.callback(worker.stop)

    def _registered(self, page: object, job: _Job) -> _Job | None:
        """Make it the job of its page, and return the previous one."""
        with self._lock:
            older = self._jobs.get(page)
            if older is None and len(self._jobs) >= MOST:
                text = f"{MOST} problems are being solved at once: wait, or close other pages"
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, text)
            self._jobs[page] = job
        return older

    def _supersede(self, job: _Job) -> None:
        """Stop a job; if it is waiting for a process to start, wait for that too."""
        with self._lock:
            job.is_superseded = True
            solver = job.solver
        if solver is not None:
            solver.stop()
        job.ended.wait(_START_SECONDS)

    def _taken(self) -> _Worker:
        with self._lock:
            return self._idle.pop() if self._idle else self._new()

    def _done(
        self,
        job: _Job,
        worker: _Worker,
        is_awaited: Callable[[], bool],
        seconds: float,
        function: Callable[..., _T],
        arguments: tuple[Any, ...],
    ) -> _T:
        try:
            worker.result(self._started(worker.begin), _START_SECONDS)
            with self._lock:
                if job.is_superseded:
                    raise _Stopped
                job.solver = worker
            self._keep_ready()  # only now: both at once would take twice as long
            future: Future[_T] = self._started(worker.submit, function, *arguments)
            return worker.result(future, seconds, is_awaited)
        except TimeoutError:
            worker.stop()
            raise
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

    def _started(self, start: Callable[..., Future[_T]], *arguments: Any) -> Future[_T]:
        """Call a function that may start a process."""
        with self._lock:
            if self._is_closed:
                raise _Stopped
            starting = self._starter.submit(start, *arguments)
        future: Future[_T] = starting.result()
        return future

    def _new(self) -> _Worker:
        worker = _Worker(self._warm)
        self._all.add(worker)
        return worker

    def _keep_ready(self) -> None:
        """Keep an unused process ready."""
        with self._lock:
            if self._idle or self._is_closed:
                return
            worker = self._new()
            self._idle.insert(0, worker)
            self._starter.submit(worker.begin)
