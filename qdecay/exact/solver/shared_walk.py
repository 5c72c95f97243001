"""A walk along gamma that other processes share, once it has taken a while.

This process walks from the left to the right. The others take segments from the right to the left
(see `segments`), until the two sides meet at a cut. Both sides must find the same optimal actions
there: this proves nothing new, but checks both.

A short walk never starts a process, which would need a second or two to load; a walk that has taken
a few seconds is likely to take a few more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from fractions import Fraction
from itertools import chain
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay._support.processes import Processes, WorkerDied
from qdecay.errors import BudgetExceeded, InternalError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.axis import Beginning
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.segments import Cut, Segment, cuts, walked
from qdecay.exact.solver.walk import Event, Walk

PATIENCE_SECONDS = 3.0


class SharedWalk:
    """A walk along gamma by several processes; see `Walk` for its attributes.

    Attributes:
        policy: optimal right of the last event.
    """

    def __init__(self, model: RationalModel, deadline: Deadline, workers: int | None) -> None:
        """Use this process, and others until they are `workers`; None means one per core."""
        self._begun, self._workers = time.monotonic(), workers
        self._own = Walk(GammaAxis(model), deadline)
        self._joined: AlgebraicNumber | None = None
        self.model, self.deadline = model, deadline
        self.beginning: Beginning = self._own.beginning
        self.first: NDArray[np.bool_] = self._own.first
        self.policy: NDArray[np.int64] = self.beginning.policy

    @property
    def x(self) -> AlgebraicNumber:
        """The point up to which everything is proven."""
        return self._own.x if self._joined is None else self._joined

    def run(self) -> Generator[Event]:
        """Yield every breakpoint and touch in (0, 1), from left to right.

        Raises:
            BudgetExceeded: the time is up.
        """
        for event in self._run():
            self.policy = event.policy
            yield event

    def _run(self) -> Iterator[Event]:
        own = self._own.run()
        if self._workers == 1:
            yield from own
            return
        for event in own:
            if time.monotonic() - self._begun > PATIENCE_SECONDS:
                yield event
                break
            yield event
        else:
            return
        with closing(Others(self.model, event, self.deadline, self._workers)) as others:
            for event in own:
                if others.have_begun_before(event.x):
                    yield from self._join(others, event, own)
                    return
                yield event

    def _join(self, others: Others, held: Event, own: Iterator[Event]) -> Iterator[Event]:
        """Yield the events of other processes; if one of them has died, this one goes on alone.

        Args:
            held: the first event of this process that lies in one of their segments.
            own: the events that it would find after that.
        """
        self._joined = done = AlgebraicNumber.of(others.met_at)
        optimal = held.left
        try:
            for lower, upper, segment in others.segments():
                if not np.array_equal(optimal, segment.first):
                    raise InternalError(
                        f"two walks found different optimal actions at gamma = {lower}: please "
                        "report this model"
                    )
                for event in segment.events:
                    optimal = event.right
                    yield event
                self._joined = done = AlgebraicNumber.of(upper)
        except WorkerDied:
            for event in chain([held], own):
                if event.x > done:
                    self._joined = None
                    yield event


class _Taken(NamedTuple):
    """A segment that some process has taken."""

    cut: Cut
    upper: Fraction
    result: Future[Segment]


class Others:
    """Other processes, and the segments that they take, one after the other."""

    def __init__(
        self, model: RationalModel, begun: Event, deadline: Deadline, workers: int | None
    ) -> None:
        """Start the processes; `begun` is where this one is."""
        self._model, self._deadline = model, deadline
        self._lock = Lock()  # segments are given out by a thread as well
        self._open = True
        self._waiting: list[Cut] = []  # beginnings of segments that no process has taken
        self._taken: list[_Taken] = []  # from right to left
        everyone = Processes(workers).workers
        self._processes = Processes(max(everyone - 1, 1))
        self._look = self._processes.submit(
            cuts, model, begun.policy, begun.x.enclosure(64)[0], everyone, deadline
        )
        self._look.add_done_callback(self._begin)

    def _begin(self, look: Future[list[Cut]]) -> None:
        """Hand out the first segments, as soon as it is known where they begin."""
        if look.exception() is None:
            with self._lock:
                self._waiting = look.result()
            for _ in range(self._processes.workers):
                self._next()

    def _next(self, before: Future[Segment] | None = None) -> None:
        """Hand out the last free segment, after one that ended well."""
        if before is not None and before.exception() is not None:
            return
        with self._lock:
            if not (self._waiting and self._open):
                return
            upper = self._taken[-1].cut.gamma if self._taken else Fraction(1)
            cut = self._waiting.pop()
            job = self._processes.submit(walked, self._model, cut, upper, self._deadline)
            self._taken.append(_Taken(cut, upper, job))
        job.add_done_callback(self._next)

    def have_begun_before(self, x: AlgebraicNumber) -> bool:
        """Take over the segments that begin left of x; return whether another process has one."""
        if self._look.done():
            with suppress(WorkerDied, BudgetExceeded):
                self._processes.result(self._look)
        with self._lock:
            self._waiting = [cut for cut in self._waiting if cut.gamma > x]
            return bool(self._taken) and self._taken[-1].cut.gamma < x

    @property
    def met_at(self) -> Fraction:
        """Where the leftmost segment of another process begins."""
        return self._taken[-1].cut.gamma

    def segments(self) -> Iterator[tuple[Fraction, Fraction, Segment]]:
        """Yield the ends of segments and what was found in them, from left to right.

        Raises:
            BudgetExceeded: the time is up.
            WorkerDied: a process has died.
        """
        for cut, upper, result in reversed(self._taken):
            left = self._deadline.left
            wait([result], None if left == math.inf else max(left, 0.0))
            if not result.done():
                raise self._deadline.exceeded()
            yield cut.gamma, upper, self._processes.result(result)

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        with self._lock:
            self._open = False
        self._processes.close()
