"""Processes that solve: the newest request of a page wins, and nothing is waited for in vain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Event, Thread
from typing import Any

import loky
import pytest

from qdecay._support.processes import Processes, WorkerDied
from qdecay.editing import workers as module
from qdecay.editing.refusals import Refused
from qdecay.editing.workers import MOST, Workers

LONG = 60.0  # seconds


def awaited() -> bool:
    """Somebody waits for the answer."""
    return True


class Stand:
    """Stands in for a process: a thread that does one thing after another, and can be stopped."""

    all: list[Stand]

    def __init__(self, workers: int) -> None:
        self.is_closed, self._last = False, None
        self._futures: list[Future[Any]] = []
        self.all.append(self)

    def submit(self, function: Callable[..., Any], *given: Any) -> Future[Any]:
        assert not self.is_closed, "a process that was stopped is used again"
        future, before = Future(), self._last
        self._futures.append(future)
        self._last = Thread(target=self._run, args=(future, before, function, given), daemon=True)
        self._last.start()
        return future

    def _run(self, future, before, function, given) -> None:
        if before is not None:
            before.join()
        try:
            found = function(*given)
        except BaseException as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(found)

    def result(self, future: Future[Any]) -> Any:
        return Processes.result(self, future)

    def close(self) -> None:
        self.is_closed = True
        for future in self._futures:
            if not future.done():
                future.set_exception(loky.BrokenProcessPool())


@pytest.fixture(autouse=True)
def stands(monkeypatch) -> list[Stand]:
    """All that stand in for processes, in order."""
    Stand.all = []
    monkeypatch.setattr(module, "Processes", Stand)
    monkeypatch.setattr(module, "_MOMENT_SECONDS", 0.01)
    return Stand.all


@pytest.fixture
def workers() -> Iterator[Workers]:
    found = Workers(lambda: None)
    found.begin()
    yield found
    found.close()


class Asked(Thread):
    """A request in a thread of its own."""

    def __init__(self, workers: Workers, page: object, function: Any, *given: Any) -> None:
        super().__init__(daemon=True)
        self._arguments = workers, page, function, given
        self.start()

    def run(self) -> None:
        workers, page, function, given = self._arguments
        try:
            self.answer = workers.run(page, awaited, LONG, function, *given)
        except Refused as error:
            self.answer = error.status

    def answered(self) -> Any:
        self.join(LONG)
        return self.answer


def blocked(started: Event) -> None:
    """Never return."""
    started.set()
    Event().wait()


def endless(workers: Workers, page: object = "page") -> Asked:
    """Return a request that is worked on and does not end by itself."""
    started = Event()
    asked = Asked(workers, page, blocked, started)
    assert started.wait(LONG)
    return asked


def test_answers_and_errors_are_those_of_the_function(workers: Workers, stands) -> None:
    """One after another in the same process, with one more ready."""
    assert [workers.run("page", awaited, LONG, divmod, n, 3) for n in range(5)] == [
        divmod(n, 3) for n in range(5)
    ]
    with pytest.raises(ZeroDivisionError):
        workers.run("page", awaited, LONG, divmod, 1, 0)
    assert len(stands) == 2
    assert not any(stand.is_closed for stand in stands)


def test_a_newer_request_ends_an_older_one(workers: Workers, stands) -> None:
    """Its process is stopped, and the one that is ready takes over."""
    old = endless(workers)
    assert workers.run("page", awaited, LONG, abs, -3) == 3
    assert old.answered() == 409
    assert [stand.is_closed for stand in stands] == [True, False, False]


def test_a_request_of_another_page_does_not(workers: Workers, stands) -> None:
    """Two pages of one server solve side by side."""
    old = endless(workers, "one")
    assert workers.run("other", awaited, LONG, abs, -3) == 3
    assert old.is_alive()
    assert not stands[0].is_closed


def test_one_that_ends_in_a_moment_may_end(workers: Workers, stands, monkeypatch) -> None:
    """A process that was stopped takes seconds to replace."""
    monkeypatch.setattr(module, "_MOMENT_SECONDS", LONG)
    started, go = Event(), Event()

    def short() -> str:
        started.set()
        go.wait(LONG)
        return "old"

    old = Asked(workers, "page", short)
    assert started.wait(LONG)
    new = Asked(workers, "page", abs, -3)
    go.set()
    assert (old.answered(), new.answered()) == ("old", 3)
    assert not any(stand.is_closed for stand in stands)


def test_a_process_that_starts_is_not_stopped(stands, monkeypatch) -> None:
    """Who types while the first one starts would otherwise wait for ever."""
    jobs, ready, job = [], Event(), module._Job
    monkeypatch.setattr(module, "_Job", lambda: jobs.append(job()) or jobs[-1])
    workers = Workers(ready.wait)
    workers.begin()
    asked = [Asked(workers, "page", abs, -3) for _ in range(5)]
    while sum(each.is_superseded for each in jobs) < 4:  # all but the newest, in whatever order
        time.sleep(0.01)
    ready.set()
    assert sorted(each.answered() for each in asked) == [3, 409, 409, 409, 409]
    assert not any(stand.is_closed for stand in stands)
    workers.close()


def test_what_takes_too_long_is_stopped(workers: Workers, stands) -> None:
    """Though the process itself does not notice; the next request is answered."""
    with pytest.raises(TimeoutError):
        workers.run("page", awaited, 0.05, Event().wait)
    assert stands[0].is_closed
    assert workers.run("page", awaited, LONG, abs, -3) == 3


def test_what_nobody_waits_for_is_stopped(workers: Workers, stands, monkeypatch) -> None:
    """As when a page is closed; its place is free at once."""
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    looks = iter([True, True, False])
    with pytest.raises(Refused):
        workers.run("page", lambda: next(looks), LONG, Event().wait)
    assert stands[0].is_closed
    assert workers.run("page", awaited, LONG, abs, -3) == 3


def test_a_process_that_dies_is_replaced(workers: Workers, stands) -> None:
    """As it does where memory is short."""

    def die() -> None:
        raise loky.BrokenProcessPool

    with pytest.raises(Refused, match="died"):
        workers.run("page", awaited, LONG, die)
    assert stands[0].is_closed
    assert workers.run("page", awaited, LONG, abs, -3) == 3


def test_too_many_pages_are_refused(workers: Workers) -> None:
    """Until one of them ends; a page that is worked on may always ask anew."""
    busy = [endless(workers, page) for page in range(MOST)]
    with pytest.raises(Refused, match="at once") as refused:
        workers.run("one more", awaited, LONG, abs, -3)
    assert refused.value.status == 503
    assert workers.run(0, awaited, LONG, abs, -3) == 3
    assert busy[0].answered() == 409
    assert workers.run("one more", awaited, LONG, abs, -3) == 3


def test_nothing_is_left_behind(workers: Workers, stands) -> None:
    """Neither what is busy, nor what is ready; and nothing starts afterwards."""
    busy = endless(workers)
    workers.close()
    assert busy.answered() == 409
    assert stands and all(stand.is_closed for stand in stands)
    number = len(stands)
    with pytest.raises(Refused):
        workers.run("page", awaited, LONG, abs, -3)
    assert len(stands) == number


def test_an_interrupt_while_it_closes_leaves_nothing_behind(monkeypatch, stands) -> None:
    """As a second Ctrl-C: what is left would keep Python from ending."""
    workers = Workers(lambda: None)
    workers.begin()
    assert workers.run("page", awaited, LONG, abs, -3) == 3
    closed = Stand.close

    def interrupted(stand: Stand) -> None:
        closed(stand)
        raise KeyboardInterrupt

    monkeypatch.setattr(Stand, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        workers.close()
    assert len(stands) == 2 and all(stand.is_closed for stand in stands)


def test_nothing_is_started_before_it_begins(stands) -> None:
    """Who is interrupted before that has nothing to close."""
    Workers(lambda: None)
    assert not stands


def test_few_processes_are_kept(workers: Workers, stands) -> None:
    """After many pages at once: two."""
    begun, go = [Event() for _ in range(MOST)], Event()

    def short(started: Event) -> None:
        started.set()
        go.wait(LONG)

    busy = [Asked(workers, page, short, started) for page, started in enumerate(begun)]
    assert all(started.wait(LONG) for started in begun)
    assert sum(not stand.is_closed for stand in stands) >= MOST
    go.set()
    assert [each.answered() for each in busy] == [None] * MOST
    assert sum(not stand.is_closed for stand in stands) == 2


def test_real_processes_tell_their_death_apart() -> None:
    """`Stand` raises what loky does."""
    assert issubclass(loky.process_executor.TerminatedWorkerError, loky.BrokenProcessPool)
    future: Future[None] = Future()
    future.set_exception(loky.BrokenProcessPool())
    with pytest.raises(WorkerDied):
        Processes.result(None, future)
