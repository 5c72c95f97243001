"""The queue of a sweep: how many cells a batch has, and what follows a worker's death."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from qdecay.sweep import Spec, Sweep
from qdecay.sweep.queue import Batch, Queue
from qdecay.sweep.run import _submit
from qdecay.sweep.work import Outcome, Rows

TWO_LEARNERS = """
    schema = "qdecay.sweep/1"
    sources = [{ source = "qdecay/StayOrMove-v0" }]
    gammas = ["0.4", "0.6"]
    learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 100 }]
    seeds = SEEDS
"""


def queue_of(seeds: int, done: Sequence[int] = ()) -> tuple[Queue, int]:
    """A queue of two groups of 2 * seeds cells, some of them stored; and how many cells."""
    plan = Sweep(Spec.parse(TWO_LEARNERS.replace("SEEDS", str(seeds)))).plan
    marks = bytearray(len(plan))
    for number in done:
        marks[number] = 1
    return Queue(plan, marks), len(plan)


def took(queue: Queue, batch: Batch, each: float) -> None:
    """Tell the queue that each cell of a batch took so many seconds."""
    rows = [
        Rows(numbers, [], [], [], [], [], [], [])
        for _, numbers in queue._plan.by_group(batch.numbers)
    ]
    queue.finished(Outcome(rows, [each * len(part.numbers) for part in rows]))


def test_every_cell_that_is_not_stored_goes_out_once_in_order() -> None:
    queue, cells = queue_of(10, done=[0, 3, 19, 20, 39])
    numbers: list[int] = []
    while (batch := queue.next(1)) is not None:
        assert batch.deaths == 0
        numbers += batch.numbers
        took(queue, batch, 0.3)
    assert numbers == sorted(set(range(cells)) - {0, 3, 19, 20, 39})
    assert queue.next(1) is None


def test_a_batch_takes_a_second() -> None:
    """A cell of unknown cost is taken for a second: alone. Then 1 / 0.125 = 8 cells, of any group.

    The slowest cell known of a learner stands in for its other groups; the other learner's second
    group is unknown until one of it has been measured.
    """
    queue, cells = queue_of(10_000)
    first = queue.next(1)
    assert first == Batch([0])
    took(queue, first, 0.125)
    second = queue.next(1)
    assert second == Batch(list(range(1, 9)))
    took(queue, second, 0.25)  # measured anew: each group goes by what it took last
    assert queue.next(1) == Batch(list(range(9, 13)))
    assert cells == 40_000


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_batches_shrink_towards_the_end(workers: int) -> None:
    """A batch is a quarter of each worker's share of what is left, by the mean time of a cell."""
    queue, cells = queue_of(100)
    batch = queue.next(workers)
    left, each = cells, 0.01
    while batch is not None:
        left -= len(batch.numbers)
        took(queue, batch, each)
        share = min(1.0, max(0.05, left * each / (4 * workers)))
        expected = -(-share // each)  # rounded up
        batch = queue.next(workers)
        if batch is None:
            assert left == 0
        elif left > expected and batch.numbers[0] != cells // 2:
            known = batch.numbers[-1] < cells // 2 or batch.numbers[0] > cells // 2
            assert not known or abs(len(batch.numbers) - expected) <= 1


def test_cells_near_a_death_are_tried_in_eighths_and_in_the_end_alone() -> None:
    """20 cells: pieces of 2, then of 1, then of 1 again, quite alone; then it is set aside."""
    queue, _ = queue_of(10)
    queue.died(Batch(list(range(20)), deaths=0))
    pieces = [queue.next(2) for _ in range(10)]
    assert pieces == [Batch([k, k + 1], 1) for k in range(0, 20, 2)]
    queue.died(Batch([4, 5], 1))
    assert [queue.next(2), queue.next(2)] == [Batch([4], 2), Batch([5], 2)]
    assert not Batch([4], 2).alone
    queue.died(Batch([4], 2))
    last = queue.next(2)
    assert last == Batch([4], 3)
    assert last.alone
    assert not Batch([4, 5], 3).alone
    assert queue.fatal == []
    queue.died(last)
    assert queue.fatal == [4]
    assert queue.next(2) == Batch([0])  # not tried again; the rest goes on
    queue.put_back(Batch([7], 1))
    queue.put_back(Batch([6], 1))
    assert [queue.next(2), queue.next(2)] == [Batch([6], 1), Batch([7], 1)]


class Workers:
    """A pool that only remembers what it is given."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def submit(self, function: Any, parts: Any) -> Future[Outcome]:
        return Future()


@pytest.mark.parametrize("workers", [1, 3])
def test_two_batches_for_each_worker_are_under_way(workers: int) -> None:
    """One at work and one at the door: what a death may cost is no more than that."""
    queue, _ = queue_of(100)
    under_way: dict[Future[Outcome], Batch] = {}
    pool: Any = Workers(workers)
    assert _submit(queue, pool, under_way)
    assert len(under_way) == 2 * workers
    assert _submit(queue, pool, under_way)
    assert len(under_way) == 2 * workers


def test_a_cell_that_may_be_fatal_has_no_company() -> None:
    """It waits until nothing is under way, and nothing follows it."""
    queue, _ = queue_of(100)
    under_way: dict[Future[Outcome], Batch] = {}
    pool: Any = Workers(2)
    _submit(queue, pool, under_way)
    queue.died(Batch([0], 2))
    first, *_ = under_way
    del under_way[first]
    assert _submit(queue, pool, under_way)
    assert len(under_way) == 3
    assert not any(batch.alone for batch in under_way.values())
    under_way.clear()
    for _ in range(2):
        assert _submit(queue, pool, under_way)
        assert list(under_way.values()) == [Batch([0], 3)]
    under_way.clear()
    queue, _ = queue_of(1, done=range(4))
    assert not _submit(queue, pool, under_way)


def test_a_key_has_128_bits() -> None:
    """So many seed a training; 31 digits would do, and give other seeds than every store has."""
    plan = Sweep(Spec.parse(TWO_LEARNERS.replace("SEEDS", "50"))).plan
    keys = [cell.key for cell in plan]
    assert len(set(keys)) == len(keys) == 200
    assert all(len(key) == 32 and int(key, 16) < 2**128 for key in keys)
    assert any(int(key, 16) >= 2**124 for key in keys)
