"""What a worker does: train the cells of a batch, independently of spec and store.

A batch is plain data, so that it travels to processes and clusters alike; a model travels as
the text of its document, and each worker caches recent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay.learning.batch import learn_batch
from qdecay.sweep.learners import LearnerSettings
from qdecay.sweep.sources import mdp_of

_Floats = NDArray[np.float64]


class Part(NamedTuple):
    """Cells of one group: their model and learner, then each cell's number, key and gamma."""

    document: str
    start: int
    learner: LearnerSettings
    numbers: Sequence[int]
    keys: Sequence[str]
    gammas: Sequence[float]


class Rows(NamedTuple):
    """The outcomes of a part's trainings; a list per column, None after an error.

    Attributes:
        numbers, keys: which cells they are.
        actions: the greedy action at the start, the lowest index among equals.
        values: its learned value, in reward units.
        margins: how much more it is worth than the best other action; None if there is no other.
        steps, episodes: the steps and the finished episodes of the training.
        errors: why there is no result: a value overflowed; else None.
    """

    numbers: Sequence[int]
    keys: Sequence[str]
    actions: list[int | None]
    values: list[float | None]
    margins: list[float | None]
    steps: list[int | None]
    episodes: list[int | None]
    errors: list[str | None]


class Outcome(NamedTuple):
    """The rows of each part of a batch, and the seconds its cells took once code was loaded."""

    rows: list[Rows]
    seconds: list[float]


def train(batch: Sequence[Part]) -> Outcome:
    """Train the cells of a batch."""
    parts = [_train_part(part) for part in batch]
    return Outcome([rows for rows, _ in parts], [seconds for _, seconds in parts])


def _train_part(part: Part) -> tuple[Rows, float]:

    mdp = mdp_of(part.document)
    learnt = learn_batch(
        part.learner.learner(),
        mdp,
        part.gammas,
        [int(key, 16) for key in part.keys],
        **part.learner.arguments(mdp, part.start),
    )
    actions, values, rivals = (found.tolist() for found in _choices(learnt.values))
    pairs = zip(values, rivals, strict=True)
    columns: list[list[Any]] = [
        actions,
        values,
        [value - rival if rival > -np.inf else None for value, rival in pairs],
        learnt.steps.tolist(),
        learnt.episodes.tolist(),
    ]
    for cell in learnt.errors:
        for column in columns:
            column[cell] = None
    columns.append([str(learnt.errors.get(cell, "")) or None for cell in range(len(part.keys))])
    return Rows(part.numbers, part.keys, *columns), learnt.seconds


def _choices(q: NDArray[np.float64]) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Return each row's first largest entry, its value and the largest of the others."""
    actions = q.argmax(axis=1)[:, None]
    values, rest = np.take_along_axis(q, actions, axis=1), q.copy()
    np.put_along_axis(rest, actions, -np.inf, axis=1)
    return actions[:, 0], values[:, 0], rest.max(axis=1)
