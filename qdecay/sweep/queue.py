"""Which cells go to a worker next, and how many at once.

A batch should take a second: compared with that, the few milliseconds for sending it, storing its
rows and waiting for the disk are negligible. The time per cell is measured, group by group; until
it is known, the slowest known cell of that learner is assumed, so that no batch is far too long.
Towards the end batches shrink, so that no worker waits long for the last one.

When a worker dies, any batch in progress may have killed it. Its cells are retried in smaller
batches, finally each alone with nothing else running; a cell that then kills its worker again is
set aside.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from qdecay.sweep.cells import Plan
from qdecay.sweep.work import Outcome, Part

BATCH_SECONDS = 1.0
_LEAST_SECONDS = 0.05
_MOST_CELLS = 100_000
_PIECES = 8  # a batch that may have killed its worker is split into this many
_CHANCES = 3  # deaths during a single-cell batch before it is tried alone


@dataclass(frozen=True)
class Batch:
    """Cells that go to a worker together.

    Attributes:
        numbers: the cells.
        deaths: how many workers died while they were in progress.
    """

    numbers: Sequence[int]
    deaths: int = 0

    @property
    def alone(self) -> bool:
        """Whether nothing else may run, so that a death has one possible cause."""
        return len(self.numbers) == 1 and self.deaths >= _CHANCES


class Queue:
    """The cells of a plan that are not stored yet."""

    def __init__(self, plan: Plan, done: bytearray) -> None:
        """Begin with the cells of `plan` that are not marked in `done`."""
        self._plan, self._done = plan, done
        self._left, self._next = done.count(0), 0
        self._again: deque[Batch] = deque()
        self._group_cost: dict[int, float] = {}
        self._learner_cost: dict[int, float] = {}
        self._seconds, self._trained = 0.0, 0
        self.fatal: list[int] = []

    def next(self, workers: int) -> Batch | None:
        """Return the next batch for one of `workers`, or None if nothing is left."""
        if self._again:
            return self._again.popleft()
        numbers: list[int] = []
        seconds, target = 0.0, self._target(workers)
        while seconds < target and len(numbers) < _MOST_CELLS:
            first = self._done.find(0, self._next)
            if first < 0:
                break
            cost = self._cost(self._plan.group_of(first))
            most = min(math.ceil((target - seconds) / cost), _MOST_CELLS - len(numbers))
            taken = self._of_a_group(first, most)
            numbers += taken
            seconds += cost * len(taken)
            self._next = numbers[-1] + 1
        self._left -= len(numbers)
        return Batch(numbers) if numbers else None

    def _of_a_group(self, first: int, most: int) -> list[int]:
        """Return up to `most` cells that are not stored yet, all of one group, from `first` on."""
        group = self._plan.groups[self._plan.group_of(first)]
        rest = range(first, group.first + len(group))
        return list(islice((number for number in rest if not self._done[number]), most))

    def finished(self, outcome: Outcome) -> None:
        """Learn from a batch how long cells take."""
        for rows, seconds in zip(outcome.rows, outcome.seconds, strict=True):
            group, each = self._plan.group_of(rows.numbers[0]), seconds / len(rows.numbers)
            learner = group % len(self._plan.spec.learners)
            self._group_cost[group] = each
            self._learner_cost[learner] = max(each, self._learner_cost.get(learner, 0.0))
            self._seconds += seconds
            self._trained += len(rows.numbers)

    def died(self, batch: Batch) -> None:
        """Retry the cells of a batch whose worker died, or set its only cell aside."""
        if batch.alone:
            self.fatal += batch.numbers
            return
        size = max(1, len(batch.numbers) // _PIECES)
        for i in range(0, len(batch.numbers), size):
            self._again.append(Batch(batch.numbers[i : i + size], batch.deaths + 1))

    def put_back(self, batch: Batch) -> None:
        """Make a batch the next one again."""
        self._again.appendleft(batch)

    def parts(self, batch: Batch) -> tuple[Part, ...]:
        """Return the data a worker needs to train a batch."""
        return tuple(
            Part(
                group.model.document,
                group.model.start,
                group.learner,
                numbers,
                group.keys(numbers),
                group.floats(numbers),
            )
            for group, numbers in self._plan.by_group(batch.numbers)
        )

    def _target(self, workers: int) -> float:
        """The target duration of the next batch, in seconds."""
        mean = self._seconds / self._trained if self._trained else BATCH_SECONDS
        share = self._left * mean / (4 * workers)
        return min(BATCH_SECONDS, max(_LEAST_SECONDS, share))

    def _cost(self, group: int) -> float:
        """The estimated seconds that a cell of a group takes."""
        known = self._group_cost.get(group)
        if known is None:
            known = self._learner_cost.get(group % len(self._plan.spec.learners))
        return BATCH_SECONDS if known is None else known
