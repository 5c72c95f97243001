"""What a worker does: it trains the cells of a batch, and knows nothing of spec or store.

A batch is plain data, so that it travels to processes and clusters alike; a model travels as
the text of its document, and each worker keeps the last ones it has read.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qdecay.sweep.learners import LearnerSettings
from qdecay.sweep.sources import mdp_of


class Part(NamedTuple):
    """Cells of one group: their model and learner, then each cell's number, key and gamma."""

    document: str
    start: int
    learner: LearnerSettings
    numbers: Sequence[int]
    keys: Sequence[str]
    gammas: Sequence[float]


class Row(NamedTuple):
    """What a training ended with.

    Attributes:
        number, key: which cell it is.
        action: the greedy action at the start, the lowest index among equals; None after an error.
        value: its learnt value, in reward units.
        margin: how much more it is worth than the best other action; None where there is none.
        steps, episodes: how long the training was; of the episodes those that ended.
        error: why there is no result: a value outgrew the floats.
    """

    number: int
    key: str
    action: int | None
    value: float | None
    margin: float | None
    steps: int | None
    episodes: int | None
    error: str | None


class Outcome(NamedTuple):
    """The rows of a batch, and for each of its parts the seconds that it took."""

    rows: list[Row]
    seconds: list[float]


def train(batch: Sequence[Part]) -> Outcome:
    """Train the cells of a batch."""
    rows: list[Row] = []
    seconds = []
    for part in batch:
        began = time.perf_counter()
        rows += _train_part(part)
        seconds.append(time.perf_counter() - began)
    return Outcome(rows, seconds)


def _train_part(part: Part) -> list[Row]:
    mdp = mdp_of(part.document)
    learner, arguments = part.learner.learner(), part.learner.arguments(mdp, part.start)
    rows = []
    for number, key, gamma in zip(part.numbers, part.keys, part.gammas, strict=True):
        try:
            result = learner(mdp, gamma, seed=int(key, 16), **arguments)
        except OverflowError as error:
            rows.append(Row(number, key, None, None, None, None, None, str(error)))
            continue
        action = int(result.policy[part.start])
        values = result.q[part.start]
        rest = np.delete(values, action)
        rival = float(rest.max()) if len(rest) else -np.inf
        value = float(values[action])
        margin = value - rival if np.isfinite(rival) else None
        rows.append(Row(number, key, action, value, margin, result.steps, result.episodes, None))
    return rows
