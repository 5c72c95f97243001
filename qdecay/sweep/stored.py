"""The checked content of a sweep's store: its models, its learners, and how its trainings ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from qdecay.errors import InputError
from qdecay.sweep.database import json_object
from qdecay.sweep.export import open_store
from qdecay.sweep.learners import LearnerSettings
from qdecay.sweep.sources import SweepModel
from qdecay_envs.rational import rational

_DIGITS = 18  # of a number of cells: no sweep has more


class Ending(NamedTuple):
    """A gamma, and the greedy action after a training there; None after an error."""

    gamma: Fraction
    action: int | None


@dataclass(frozen=True)
class Stored:
    """A store's content.

    Attributes:
        cells: how many cells the sweep has, stored or not.
        models, learners: by their numbers.
        endings: for each model and learner how many trainings ended in each way.
    """

    cells: int
    models: Mapping[int, SweepModel]
    learners: Mapping[int, LearnerSettings]
    endings: Mapping[tuple[int, int], Mapping[Ending, int]]


def read_store(path: Path) -> Stored:
    """Return the content of a store; while a run writes to it, the content so far.

    Raises:
        InputError: it cannot be read, is not a store, or is damaged.
    """
    with open_store(path) as connection:
        models, learners = _models(connection, path), _learners(connection, path)
        endings = _endings(connection, path, models, learners)
        return Stored(_cells(connection, path), models, learners, endings)


def _models(connection: Connection, path: Path) -> dict[int, SweepModel]:
    select = "SELECT model, source, parameters, start, document FROM models ORDER BY model"
    found = {}
    for number, text, parameters, start, document in connection.execute(select):
        kinds = type(text), type(start), type(document)
        if kinds != (str, int, str) or start < 0:
            raise InputError(f"{path}: is damaged at model {number}: restore a copy")
        found[number] = SweepModel(text, json_object(parameters, path), start, document)
    return found


def _learners(connection: Connection, path: Path) -> dict[int, LearnerSettings]:
    select = "SELECT learner, name, settings FROM learners ORDER BY learner"
    return {
        number: LearnerSettings(str(name), json_object(settings, path))
        for number, name, settings in connection.execute(select)
    }


def _cells(connection: Connection, path: Path) -> int:
    row = connection.execute("SELECT value FROM sweep WHERE name = 'cells'").fetchone()
    text = str(row[0]) if row else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise InputError(f"{path}: is damaged: its number of cells is missing: restore a copy")
    return int(text)


def _endings(
    connection: Connection,
    path: Path,
    models: Mapping[int, SweepModel],
    learners: Mapping[int, LearnerSettings],
) -> Mapping[tuple[int, int], Mapping[Ending, int]]:
    """Return how often each model and learner ended in the same way."""
    found: dict[tuple[int, int], dict[Ending, int]] = {
        (model, learner): defaultdict(int) for model in models for learner in learners
    }
    for model, learner, gamma, action, failed, count, cell in connection.execute(
        "SELECT model, learner, gamma, action, error IS NOT NULL, count(*), min(cell) "
        "FROM results GROUP BY 1, 2, 3, 4, 5"
    ):
        try:
            if type(action) is not (type(None) if failed else int):
                raise TypeError(action)
            result = Ending(rational(gamma, "gamma"), action)
            if not 0 <= result.gamma <= 1:
                raise ValueError(gamma)
            found[model, learner][result] += count
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: is damaged at cell {cell}: restore a copy") from error
    return found
