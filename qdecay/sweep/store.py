"""The store of a sweep: one SQLite file, safe against crashes, second runs and unrelated files.

While a run writes, it is in WAL mode with `synchronous = FULL`: every batch is one transaction, and
is on disk when `add` returns.

Only one run writes; a second one is kept out by the database's own write lock, which works on every
system and for every path to the file, and which, unlike a lock file, cannot be removed. Between two
batches a transaction that has changed nothing yet is open, so the lock is held from one batch to
the next. It is free for the instant between two transactions: a run that took it then would have
written its own row into `runs`, which each transaction checks first. The lock ends with the
process. Readers do not need it.

The log (`NAME-wal`) is next to the target of symbolic links, but a hard link or a single file
mounted elsewhere would have its own log and lock: such files are refused.

A file that is not a store of this sweep is reported and left unchanged.
"""

from __future__ import annotations

import os
import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import repeat, zip_longest
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from qdecay._support.notes import note
from qdecay._support.outputs import check_output
from qdecay.errors import InputError
from qdecay.sweep.cells import Plan
from qdecay.sweep.database import (
    TO_WRITE,
    connect,
    create,
    is_blank,
    json_object,
    open_read_only,
    refuse_foreign,
    refuse_other_names,
    require_store,
    sqlite_errors,
    sweep_value,
)
from qdecay.sweep.sources import SweepModel
from qdecay.sweep.versions import changes, versions
from qdecay.sweep.work import Rows
from qdecay_envs.documents import canonical

_AT_ONCE = 10_000  # rows
_LOCK_MILLISECONDS = 1000  # a reader may hold the lock briefly while it opens or closes
_BUSY_MILLISECONDS = 5000
_INSERT = f"INSERT INTO results VALUES ({', '.join('?' * 12)})"


class _FileState(NamedTuple):
    """What identifies a file: which one it is, its size, and whether it belongs to this sweep."""

    identity: tuple[int, int]
    size: int
    ours: bool


class Store:
    """The store of one plan, open for writing; a context manager.

    Attributes:
        path: the file.
        done: a byte for each cell of the plan, 1 where its row is stored.
    """

    def __init__(self, path: str | Path, plan: Plan) -> None:
        """Open the store at `path`, or create it.

        Args:
            path: the file.
            plan: the sweep.

        Warns:
            QdecayWarning: something to know, such as other package versions than before.

        Raises:
            InputError: another run writes to it, it is not a store, is damaged, or belongs to
                another version or sweep, or it cannot be read or written.
        """
        self.path, self._plan = Path(path), plan
        self._file = Path(os.path.realpath(path))
        self.done = bytearray(len(plan))
        check_output(self.path)
        refuse_other_names(self.path)
        with ExitStack() as stack, sqlite_errors(self.path, TO_WRITE):
            reader = stack.enter_context(ExitStack())
            if self._file.exists() and self._file.stat().st_size:
                refuse_foreign(self._file, TO_WRITE)
                # While this connection reads, closing the other one after a refusal moves no log
                # into the file.
                reader.enter_context(closing(open_read_only(self._file)))
            self._connection = stack.enter_context(closing(connect(self._file, "rwc")))
            self._lock()
            self._last_state: _FileState | None = None
            self._create_or_check()
            self._run = self._begin_run()
            reader.close()
            self._connection.execute("COMMIT")
            # Only now: the tables are then in the file itself, regardless of the log.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._begin_next()
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
        """Move the log into the file, close it and give up the lock.

        Without its log the file can be read without creating other files, even in a read-only
        folder. If a program is still reading, the log stays, which is reported.

        Raises:
            InputError: the log could not be moved, or the file is not where it was. If another
                InputError is being raised, one message has both; any other error gets this one as a
                note.
        """
        try:
            self._finish()
        except InputError as failed:
            if error is None:
                raise
            if not isinstance(error, InputError):
                error.add_note(str(failed))
            elif str(failed) != str(error):
                raise InputError(f"{error}; {failed}") from error

    def add(self, rows: Sequence[Rows]) -> None:
        """Store the rows of a batch, all of them or none.

        Raises:
            InputError: they cannot be written: the disk is full, the file is not where it was, or
                another run has taken it over.
        """
        self._require_unchanged()
        with sqlite_errors(self.path, TO_WRITE):
            try:
                for part in rows:
                    self._connection.executemany(_INSERT, self._columns(part))
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            for part in rows:
                for number in part.numbers:
                    self.done[number] = 1
            self._begin_next()

    def _lock(self) -> None:
        """Begin the first transaction, or refuse if another run has one."""
        self._connection.execute(f"PRAGMA busy_timeout = {_LOCK_MILLISECONDS}")
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not (error.sqlite_errorname or "").startswith("SQLITE_BUSY"):
                raise
            raise InputError(
                f"{self.path}: another run is writing to it: wait for it, or stop it"
            ) from error
        self._connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")

    def _begin_next(self) -> None:
        """Begin the next transaction, which holds the lock until there are rows to write."""
        self._connection.execute("BEGIN IMMEDIATE")
        (last,) = self._connection.execute("SELECT max(run) FROM runs").fetchone()
        if last != self._run:
            raise InputError(f"{self.path}: another run has taken it over: what was stored is kept")
        self._last_state = self._file_state()

    def _require_unchanged(self) -> None:
        """Raise InputError unless the file that was opened is still the one at its path."""
        before, now = self._last_state, self._file_state()
        if before is None or now is None or now.identity != before.identity:
            raise InputError(
                f"{self.path}: was moved, deleted or replaced while this run wrote to it: all rows "
                f"are in the moved file, or lost with the deleted one"
            )
        if now.size < before.size or now.ours < before.ours:
            raise InputError(
                f"{self.path}: was overwritten while this run wrote to it: its rows are lost, "
                f"and the file there now may be damaged: copy it there again"
            )

    def _file_state(self) -> _FileState | None:
        """Return the state of the file at the path, without its log; None if there is none."""
        try:
            found = self._file.stat()
            with closing(connect(self._file, "ro&immutable=1")) as connection:
                ours = sweep_value(connection, "plan") == self._plan.digest
        except OSError:
            return None
        except sqlite3.Error:  # such as one that needs its log: a disk was full
            ours = False
        return _FileState((found.st_dev, found.st_ino), found.st_size, ours)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _finish(self) -> None:
        """Close, and raise InputError if something is wrong."""
        error: sqlite3.Error | None = None
        with self._close:
            try:
                self._require_unchanged()
            finally:
                error = self._move_log()
        log = Path(f"{self._file}-wal")
        if error is None or not log.exists():
            return
        if (error.sqlite_errorname or "").startswith("SQLITE_BUSY"):
            note(
                f"{self.path}: another program is reading it, and its last rows are in {log}: keep "
                f"both files together; run the same command again to merge them"
            )
            return
        raise InputError(
            f"{self.path}: its last rows are in {log} and could not be moved ({error}): keep both "
            f"files together; run the same command again once the disk has room"
        ) from error

    def _move_log(self) -> sqlite3.Error | None:
        """Move the log's content into the file, or return what prevents it."""
        try:
            self._roll_back()
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            return error
        return None

    def _columns(self, part: Rows) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a part (cells of one group) as the table stores them."""
        return zip(*self._places(part.numbers, part.keys), *part[2:], strict=False)

    def _places(self, numbers: Sequence[int], keys: Sequence[str]) -> list[Iterable[object]]:
        """Return the columns that identify these cells of one group; some are endless iterators."""
        index = self._plan.group_of(numbers[0])
        model, learner = divmod(index, len(self._plan.spec.learners))
        gammas, seeds = self._plan.groups[index].columns(numbers)
        return [numbers, keys, repeat(model), repeat(learner), gammas, seeds]

    def _create_or_check(self) -> None:
        """Create the tables in a new file; refuse one that is not this sweep's store."""
        if is_blank(self._connection):
            create(self._connection)
            self._describe()
        else:
            require_store(self._connection, self.path, TO_WRITE)
            self._require_this_sweep(self._connection)
            self._read_done(self._connection)

    def _require_this_sweep(self, connection: sqlite3.Connection) -> None:
        if sweep_value(connection, "plan") != self._plan.digest:
            cells = sweep_value(connection, "cells")
            raise InputError(
                f"{self.path}: contains another sweep, of {cells} cells: name a new "
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
                    raise self._damaged(f"cell {row[0]} is not a cell of this sweep")
                self.done[row[0]] = 1

    def _expected(self, numbers: list[int]) -> Iterator[tuple[object, ...]]:
        """Yield what identifies these cells in their rows, in ascending order."""
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

    def _begin_run(self) -> int:
        """Record when this run began and with which packages; report changes."""
        now = dict(versions())
        last = self._connection.execute("SELECT versions FROM runs ORDER BY run DESC LIMIT 1")
        row = last.fetchone()
        before = json_object(row[0], self.path) if row else now
        if changed := changes(before, now):
            note(f"{self.path}: versions differ from the last run: {changed}")
        started = datetime.now(UTC).isoformat(timespec="seconds")
        added = self._connection.execute(
            "INSERT INTO runs (started, versions) VALUES (?, ?)", (started, canonical(now))
        )
        return int(added.lastrowid or 0)
