"""Running a sweep: batches go out, and rows come back and are stored, even after failures."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay._support.processes import WorkerDied
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Result, counted
from qdecay.sweep.backends import Pool, open_pool
from qdecay.sweep.cells import Cell, Plan, plan
from qdecay.sweep.queue import Batch, Queue
from qdecay.sweep.spec import Spec
from qdecay.sweep.store import Store
from qdecay.sweep.work import Outcome, train

_LOOK_SECONDS = 0.5  # how often the loop wakes, so that it always notices signals
_SAMPLES = 16  # cells that an estimate trains,
_SAMPLE_SECONDS = 5.0  # unless they take longer than this
_AHEAD = 2  # batches per worker: the next one is already queued


@dataclass(frozen=True, eq=False, repr=False)
class Finished(Result):
    """The result of a run.

    Attributes:
        cells: cells of the sweep.
        trained: those that this run added to the store.
        before: those that were in the store before.
        fatal: those that are missing, because each crashed every worker that tried it.
    """

    SCHEMA: ClassVar[str] = "qdecay.sweep-run/1"

    cells: int
    trained: int
    before: int
    fatal: tuple[Cell, ...]

    @property
    def left(self) -> int:
        """How many the same run would go on to: 0, unless its time ran out."""
        return self.cells - self.trained - self.before - len(self.fatal)

    def _shown(self) -> str:
        missing = f"{len(self.fatal)} missing" if self.fatal else "none missing"
        left = f", {self.left:,} left" if self.left else ""
        return f"{self.trained:,} of {counted(self.cells, 'cell')} trained, {missing}{left}"

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        counts: dict[str, Any] = {"cells": self.cells, "trained": self.trained}
        counts |= {"before": self.before, "left": self.left}
        return {**counts, "missing": [cell.number for cell in self.fatal]}


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Sweep(Result):
    """Many trainings, stored as they finish.

    >>> sweep = Sweep(Spec.parse('''
    ...     schema = "qdecay.sweep/1"
    ...     sources = [{ source = "qdecay/StayOrMove-v0" }]
    ...     gammas = ["0.4", "0.6"]
    ...     learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 100 }]
    ...     seeds = 5
    ... '''))
    >>> len(sweep)
    20

    Args:
        spec: a spec, or the path of one.

    Raises:
        InputError: the spec, one of its sources or a setting is wrong.
    """

    SCHEMA: ClassVar[str] = "qdecay.sweep-plan/1"

    spec: Spec

    def __init__(self, spec: Spec | str | Path) -> None:
        object.__setattr__(self, "spec", spec if isinstance(spec, Spec) else Spec.load(spec))

    def _shown(self) -> str:
        return self.spec._shown()

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        learners, seeds = len(self.spec.learners), len(self.spec.seeds)
        models = len(self.plan.groups) // learners
        return {"cells": len(self), "models": models, "learners": learners, "seeds": seeds}

    @cached_property
    def plan(self) -> Plan:
        """All cells, checked.

        Raises:
            InputError: see `qdecay.sweep.cells.plan`.
        """
        return plan(self.spec)

    def __len__(self) -> int:
        """The number of cells."""
        return len(self.plan)

    def estimate(self) -> float:
        """Estimate how many seconds all cells take with one worker.

        A few cells, evenly spread, are trained twice (the first time may compile the kernels) and
        the mean of their faster times is used for all. It is an estimate, not a bound.
        """
        plan, seconds = self.plan, []
        numbers = sorted({i * (len(plan) - 1) // (_SAMPLES - 1) for i in range(_SAMPLES)})
        began, queue = time.perf_counter(), Queue(plan, bytearray(len(plan)))
        for number in numbers:
            batch = queue.parts(Batch([number]))
            seconds.append(min(sum(train(batch).seconds) for _ in range(2)))
            if time.perf_counter() - began > _SAMPLE_SECONDS:
                break
        return sum(seconds) / len(seconds) * len(plan)

    def run(
        self,
        store: str | Path,
        *,
        workers: int | None = None,
        backend: str = "processes",
        scheduler: str | None = None,
        max_seconds: RealLike | None = None,
        progress: bool | OnProgress = False,
    ) -> Finished:
        """Train every cell that is not in the store yet, and store its row.

        However the run ends, at most the batches in progress are lost; the same call resumes from
        there.

        Args:
            store: the SQLite file; created if missing.
            workers: number of processes, for the backend "processes"; None means one per core.
            backend: "processes"; "dask" or "ray", an existing cluster; or "here", this process.
            scheduler: address of the cluster; None uses Dask's or Ray's own configuration.
            max_seconds: limit of wall time, > 0; None means no limit.
            progress: True shows a bar; a function is called with a `Progress` of the stored cells,
                at least every half second while batches run in other processes.

        Warns:
            QdecayWarning: other package versions than in the last run, or another program keeps
                the last rows in `NAME-wal`.

        Raises:
            InputError: the spec or the store cannot be used, another run writes to the store, the
                store is moved, deleted or replaced meanwhile, the disk is full (if the last rows
                are still in `NAME-wal`, the message says so), or the backend is not available or is
                lost.
            KeyboardInterrupt: Ctrl-C; finished cells are stored.
            BudgetExceeded: max_seconds ran out; finished cells are stored, and `best` is what would
                have been returned.
        """
        plan, deadline = self.plan, Deadline(max_seconds)
        with (
            reporting(progress) as report,
            closing(open_pool(backend, workers, scheduler)) as pool,
            Store(store, plan) as opened,
        ):
            queue, before = Queue(plan, opened.done), opened.done.count(1)
            in_time = _drive(queue, opened, pool, report, deadline)
            after = opened.done.count(1)
        fatal = tuple(map(plan.cell, queue.fatal))
        finished = Finished(len(plan), after - before, before, fatal)
        if not in_time:
            stored = f"{after:,} of {len(plan):,} cells are stored; run it again to go on"
            raise deadline.exceeded(stored, finished)
        return finished


def _drive(queue: Queue, store: Store, pool: Pool, report: OnProgress, deadline: Deadline) -> bool:
    """Run what is left until it is done or the time is up; return whether nothing is left."""
    report(_stored(store))
    under_way: dict[Future[Outcome], Batch] = {}
    while _submit(queue, pool, under_way):
        if deadline.left < 0:
            return False
        for future in wait(under_way, _LOOK_SECONDS, FIRST_COMPLETED).done:
            batch = under_way.pop(future)
            try:
                outcome = pool.result(future)
            except WorkerDied:
                queue.died(batch)
                continue
            store.add(outcome.rows)
            queue.finished(outcome)
        report(_stored(store))
    return True


def _stored(store: Store) -> Progress:
    return Progress(store.done.count(1), len(store.done), "cells")


def _submit(queue: Queue, pool: Pool, under_way: dict[Future[Outcome], Batch]) -> bool:
    """Keep the workers busy; return whether anything is running."""
    workers = pool.workers
    while len(under_way) < _AHEAD * workers:
        if any(batch.alone for batch in under_way.values()):
            break
        batch = queue.next(workers)
        if batch is None:
            break
        if batch.alone and under_way:
            queue.put_back(batch)
            break
        under_way[pool.submit(train, queue.parts(batch))] = batch
    return bool(under_way)
