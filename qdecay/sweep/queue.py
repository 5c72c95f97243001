"""Which cells go to a worker next, and how many at once.

A batch is meant to take a second: next to that the few milliseconds of sending it, storing its rows
and waiting for the disk are nothing. How long a cell takes is measured, group by group; where it
is not known yet the slowest cell known of that learner stands in, so that no batch is far too
long. Towards the end batches shrink, so that no worker waits long for the last one.

Where a worker died, any batch that was under way may have killed it. Its cells are tried again in
smaller batches, in the end each alone with nothing beside it; a cell that then ends its worker once
more is set aside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from qdecay.sweep.cells import Plan
from qdecay.sweep.work import Outcome, Part

BATCH_SECONDS = 1.0
_LEAST_SECONDS = 0.05
_MOST_CELLS = 100_000
_PIECES = 8  # a batch that may have killed its worker is cut into so many
_CHANCES = 3  # deaths that a cell alone in its batch may be near before it is tried quite alone


@dataclass(frozen=True)
class Batch:
    """Cells that go to a worker together.

    Attributes:
        numbers: the cells.
        deaths: how many workers died while they were under way.
    """

    numbers: Sequence[int]
    deaths: int = 0

    @property
    def alone(self) -> bool:
        """Whether nothing else may be under way, so that a death has one possible cause."""
        return len(self.numbers) == 1 and self.deaths >= _CHANCES


class Queue:
    """The cells of a plan that are not stored yet."""

    def __init__(self, plan: Plan, done: bytearray, workers: int) -> None:
        """Begin with the cells of `plan` that are not marked in `done`."""
        self._plan, self._workers = plan, workers
        self._left = done.count(0)
        self._rest = (number for number in range(len(plan)) if not done[number])
        self._again: deque[Batch] = deque()
        self._group_cost: dict[int, float] = {}
        self._learner_cost: dict[int, float] = {}
        self._seconds, self._trained = 0.0, 0
        self.fatal: list[int] = []

    def next(self) -> Batch | None:
        """Return the next batch, or None where nothing is left."""
        if self._again:
            return self._again.popleft()
        numbers, seconds, target = [], 0.0, self._target()
        for number in self._rest:
            numbers.append(number)
            seconds += self._cost(self._plan.group_of(number))
            if seconds >= target or len(numbers) == _MOST_CELLS:
                break
        self._left -= len(numbers)
        return Batch(numbers) if numbers else None

    def finished(self, batch: Batch, outcome: Outcome) -> None:
        """Learn from a batch how long cells take."""
        groups = [list(numbers) for _, numbers in groupby(batch.numbers, self._plan.group_of)]
        for numbers, seconds in zip(groups, outcome.seconds, strict=True):
            group, each = self._plan.group_of(numbers[0]), seconds / len(numbers)
            learner = group % len(self._plan.spec.learners)
            self._group_cost[group] = each
            self._learner_cost[learner] = max(each, self._learner_cost.get(learner, 0.0))
            self._seconds += seconds
            self._trained += len(numbers)

    def died(self, batch: Batch) -> None:
        """Try the cells of a batch again whose worker died, or set its one cell aside."""
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
        """Return what a worker needs to train a batch."""
        return tuple(self._parts(batch))

    def _parts(self, batch: Batch) -> Iterator[Part]:
        for index, numbers in groupby(batch.numbers, self._plan.group_of):
            group = self._plan.groups[index]
            cells = [group.cell(number) for number in numbers]
            yield Part(
                group.model.document,
                group.model.start,
                group.learner,
                [cell.number for cell in cells],
                [cell.key for cell in cells],
                [float(cell.gamma) for cell in cells],
            )

    def _target(self) -> float:
        """How many seconds the next batch is to take."""
        mean = self._seconds / self._trained if self._trained else BATCH_SECONDS
        share = self._left * mean / (4 * self._workers)
        return min(BATCH_SECONDS, max(_LEAST_SECONDS, share))

    def _cost(self, group: int) -> float:
        """How many seconds a cell of a group takes, as far as is known."""
        known = self._group_cost.get(group)
        if known is None:
            known = self._learner_cost.get(group % len(self._plan.spec.learners))
        return BATCH_SECONDS if known is None else known
