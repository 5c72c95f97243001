"""The store of a sweep: one SQLite file that a crash, a second run or a foreign file cannot spoil.

While it is written it is in WAL mode with `synchronous = FULL`: every batch is one transaction, and
on the disk when `add` returns. One process writes. It holds an exclusive lock on an empty SQLite
file beside the store (`NAME-lock`) for as long as it runs; the operating system drops the lock with
the process, so that nothing stays locked after a crash. A second run is refused. Readers need no
lock. The lock's file is never removed: a run that had just opened it would go on with a lock that
the next one, with a file of its own, cannot see.

A file that is not a store of this very sweep is told, and left as it is.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from itertools import repeat, zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self

from qdecay.errors import InputError
from qdecay.outputs import check_output
from qdecay.sweep.cells import Plan
from qdecay.sweep.database import (
    connect,
    create,
    is_blank,
    json_object,
    refuse_foreign,
    require_store,
    told,
    transaction,
)
from qdecay.sweep.sources import SweepModel
from qdecay.sweep.toml import canonical
from qdecay.sweep.versions import changes, versions
from qdecay.sweep.work import Rows

_AT_ONCE = 10_000  # rows
_INSERT = f"INSERT INTO results VALUES ({', '.join('?' * 12)})"


class Store:
    """The store of one plan, open for writing; a context manager.

    Attributes:
        path: the file.
        done: a byte for each cell of the plan, 1 where its row is stored.
        news: what a person should know, such as other package versions than before; or "".
    """

    def __init__(self, path: str | Path, plan: Plan) -> None:
        """Open the store at `path`, or make it.

        Raises:
            InputError: another run writes to it, it is no store, damaged, of another version or
                of another sweep, or it cannot be read or written.
        """
        self.path, self._plan = Path(path), plan
        self.done, self.news = bytearray(len(plan)), ""
        check_output(self.path)
        with ExitStack() as stack, told(self.path):
            if not self._is_new():
                refuse_foreign(self.path)  # before it gets a lock beside it
            stack.enter_context(closing(_lock(self.path)))
            fresh = self._look()
            self._connection = stack.enter_context(closing(connect(self.path, "rwc")))
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            with transaction(self._connection):
                if fresh:
                    create(self._connection)
                    self._describe()
                self._begin_run()
            self._close = stack.pop_all()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and give up the lock.

        The log goes, so that what is left can be read without making files beside it, in a folder
        that cannot be written to as well. Where a reader still uses it, it stays.
        """
        with suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        self._close.close()

    def add(self, rows: Sequence[Rows]) -> None:
        """Store the rows of a batch, all of them or none.

        Raises:
            InputError: they cannot be written; the disk is full, for instance.
        """
        with told(self.path), transaction(self._connection):
            for part in rows:
                self._connection.executemany(_INSERT, self._columns(part))
        for part in rows:
            for number in part.numbers:
                self.done[number] = 1

    def _columns(self, part: Rows) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a part, which are cells of one group, as the table has them."""
        return zip(*self._places(part.numbers, part.keys), *part[2:], strict=False)

    def _places(self, numbers: Sequence[int], keys: Sequence[str]) -> list[Iterable[object]]:
        """Return the columns that say which cells of one group these are; some have no end."""
        index = self._plan.group_of(numbers[0])
        model, learner = divmod(index, len(self._plan.spec.learners))
        gammas, seeds = self._plan.groups[index].columns(numbers)
        return [numbers, keys, repeat(model), repeat(learner), gammas, seeds]

    def _is_new(self) -> bool:
        return not self.path.exists() or self.path.stat().st_size == 0

    def _look(self) -> bool:
        """Return whether the file is to be made; refuse one that is not this sweep's store."""
        if self._is_new():
            return True
        with closing(connect(self.path, "ro")) as connection:
            if is_blank(connection):
                return True
            require_store(connection, self.path)
            self._require_this_sweep(connection)
            self._read_done(connection)
        return False

    def _require_this_sweep(self, connection: sqlite3.Connection) -> None:
        known = dict(connection.execute("SELECT name, value FROM sweep"))
        if known.get("plan") != self._plan.digest:
            raise InputError(
                f"{self.path}: holds another sweep, of {known.get('cells')} cells: name a new "
                f"file, or run the spec that made it"
            )
        models = [(i, model.start, model.document) for i, model in enumerate(self._models)]
        if connection.execute("SELECT model, start, document FROM models").fetchall() != models:
            raise self._damaged("its models are not those of this sweep")
        learners = connection.execute("SELECT learner, name, settings FROM learners").fetchall()
        if learners != self._learners:
            raise self._damaged("its learners are not those of this sweep")

    def _read_done(self, connection: sqlite3.Connection) -> None:
        select = "SELECT cell, key, model, learner, gamma, seed FROM results ORDER BY cell"
        found = connection.execute(select)
        while rows := found.fetchmany(_AT_ONCE):
            for row, expected in zip_longest(rows, self._expected([row[0] for row in rows])):
                if row != expected:
                    raise self._damaged(f"cell {row[0]} is no cell of this sweep")
                self.done[row[0]] = 1

    def _expected(self, numbers: list[int]) -> Iterator[tuple[object, ...]]:
        """Yield what tells these rising cells apart, as their rows have it."""
        inside = numbers[bisect_left(numbers, 0) : bisect_left(numbers, len(self._plan))]
        for group, own in self._plan.by_group(inside):
            yield from zip(*self._places(own, group.keys(own)), strict=False)

    def _damaged(self, reason: str) -> InputError:
        return InputError(f"{self.path}: is damaged: {reason}: restore a copy, or name a new file")

    def _describe(self) -> None:
        """Store the spec, and the models and learners that the rows refer to."""
        plan, insert = self._plan, self._connection.executemany
        about = {"spec": plan.spec.text, "plan": plan.digest, "cells": str(len(plan))}
        insert("INSERT INTO sweep VALUES (?, ?)", about.items())
        insert(
            "INSERT INTO models VALUES (?, ?, ?, ?, ?)",
            (
                (number, m.text, canonical(m.parameters), m.start, m.document)
                for number, m in enumerate(self._models)
            ),
        )
        insert("INSERT INTO learners VALUES (?, ?, ?)", self._learners)

    @property
    def _models(self) -> list[SweepModel]:
        return [group.model for group in self._plan.groups[:: len(self._plan.spec.learners)]]

    @property
    def _learners(self) -> list[tuple[int, str, str]]:
        learners = enumerate(self._plan.spec.learners)
        return [(number, own.name, canonical(own.settings)) for number, own in learners]

    def _begin_run(self) -> None:
        """Note when this run began and with which packages; tell where they have changed."""
        now = dict(versions())
        last = self._connection.execute("SELECT versions FROM runs ORDER BY run DESC LIMIT 1")
        row = last.fetchone()
        before = json_object(row[0], self.path) if row else now
        if changed := changes(before, now):
            self.news = f"other versions than in the last run: {changed}"
        started = datetime.now(UTC).isoformat(timespec="seconds")
        self._connection.execute(
            "INSERT INTO runs (started, versions) VALUES (?, ?)", (started, canonical(now))
        )


def _lock(path: Path) -> sqlite3.Connection:
    """Return a connection that holds the lock of the store until it is closed."""
    beside = path.with_name(f"{path.name}-lock")
    with told(beside):
        connection = sqlite3.connect(beside, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if (error.sqlite_errorname or "").startswith("SQLITE_BUSY"):
                raise InputError(
                    f"{path}: another run is writing to it: wait for it, or stop it"
                ) from error
            raise
        return connection
