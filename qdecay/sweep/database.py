"""The SQLite file of a sweep: its tables, how it is opened, and how its errors are reported."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from qdecay._support.stores import SWEEP_APPLICATION_ID, is_probe_store
from qdecay.errors import InputError

SCHEMA_VERSION = 1
TABLES = {
    "sweep": "CREATE TABLE sweep (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "runs": "CREATE TABLE runs (run INTEGER PRIMARY KEY, started TEXT NOT NULL, "
    "versions TEXT NOT NULL)",
    "models": "CREATE TABLE models (model INTEGER PRIMARY KEY, source TEXT NOT NULL, "
    "parameters TEXT NOT NULL, start INTEGER NOT NULL, document TEXT NOT NULL)",
    "learners": "CREATE TABLE learners (learner INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "settings TEXT NOT NULL)",
    "results": "CREATE TABLE results (cell INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "model INTEGER NOT NULL, learner INTEGER NOT NULL, gamma TEXT NOT NULL, "
    "seed INTEGER NOT NULL, action INTEGER, value REAL, margin REAL, steps INTEGER, "
    "episodes INTEGER, error TEXT)",
}
_MOUNTS = Path("/proc/self/mountinfo")
_KNOWN_ERRORS = {
    "SQLITE_FULL": "the disk is full: free some space and run the same command again; what was "
    "stored is kept",
    "SQLITE_BUSY": "another program has locked it: wait for it, or close it",
    "SQLITE_CANTOPEN": "cannot be opened: check that the folder exists and is writable",
    "SQLITE_READONLY": "cannot be written to",
}


class Remedy(NamedTuple):
    """What the user can do about an unusable file, depending on its intended use.

    Attributes:
        foreign: if it is not a store.
        otherwise: the end of the message about a damaged or newer store.
    """

    foreign: str
    otherwise: str


TO_WRITE = Remedy("name a new file", ", or name a new file")
TO_READ = Remedy("name the file that `qdecay sweep run -o` wrote", "")


@contextmanager
def sqlite_errors(path: Path, remedy: Remedy) -> Iterator[None]:
    """Report SQLite's errors, and invalid text, in one line.

    Raises:
        InputError: what went wrong with the file at `path`.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is damaged: restore a copy{remedy.otherwise}") from error
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        texts = _KNOWN_ERRORS | {
            "SQLITE_NOTADB": f"not a sweep store: {remedy.foreign}",
            "SQLITE_CORRUPT": f"is damaged: restore a copy{remedy.otherwise}",
        }
        known = [text for code, text in texts.items() if name.startswith(code)]
        if name == "SQLITE_NOTADB" and is_probe_store(path):
            known = ["is a probe store, not a sweep store: name another file"]
        if not name:  # Python's own: text that is not UTF-8
            known = [f"is damaged ({error}): restore a copy{remedy.otherwise}"]
        raise InputError(f"{path}: {known[0] if known else error}") from error


def connect(path: Path, mode: Literal["ro", "rwc", "ro&immutable=1"]) -> sqlite3.Connection:
    """Return a connection without implicit transactions; nothing in the file is trusted."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, timeout=5, isolation_level=None, uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a read-only connection that has begun reading."""
    connection = connect(path, "ro")
    try:
        is_blank(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def is_blank(connection: sqlite3.Connection) -> bool:
    """Whether the database is empty: a new file, or one interrupted while it was created."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return tables == 0 and _pragma(connection, "application_id") == 0


def refuse_other_names(path: Path) -> None:
    """Raise InputError if a file has a hard link, or is mounted without its folder.

    SQLite's log is next to the name in use: a reader of the other name misses its rows.
    """
    if path.exists() and (names := path.stat().st_nlink) > 1:
        raise InputError(
            f"{path}: has {names} names (hard links), and its log would have only one of them: "
            f"remove the other names, or copy it to a new file"
        )
    if _is_mounted_alone(path):
        raise InputError(
            f"{path}: is mounted without its folder, and its log would be lost: mount the folder"
        )


def _is_mounted_alone(path: Path) -> bool:
    """Whether a file is itself a mount point, as containers create them (Linux only)."""
    real = os.path.realpath(path).replace("\\", "\\134").replace(" ", "\\040")
    with suppress(OSError):
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
        return any(line.split(" ")[4:5] == [real] for line in lines)
    return False


def refuse_foreign(path: Path, remedy: Remedy) -> None:
    """Raise InputError if a file is neither a store nor empty; create no other file.

    Reading a database in WAL mode creates files next to it, unless SQLite is told that it is
    immutable, which holds for one without a log for as long as this takes.
    """
    log = Path(f"{os.path.realpath(path)}-wal")
    with closing(connect(path, "ro" if log.exists() else "ro&immutable=1")) as connection:
        if not is_blank(connection):
            _require_ours(connection, path, remedy)


def require_store(connection: sqlite3.Connection, path: Path, remedy: Remedy) -> None:
    """Raise InputError unless the database is a valid store of this schema version."""
    _require_ours(connection, path, remedy)
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        reason = " ".join(str(fault).split())
        raise InputError(f"{path}: is damaged ({reason}): restore a copy{remedy.otherwise}")


def _require_ours(connection: sqlite3.Connection, path: Path, remedy: Remedy) -> None:
    if _pragma(connection, "application_id") != SWEEP_APPLICATION_ID:
        raise InputError(f"{path}: is a database, but not a sweep store: {remedy.foreign}")
    found = _pragma(connection, "user_version")
    if found != SCHEMA_VERSION:
        raise InputError(
            f"{path}: has schema version {found}, and this qdecay reads {SCHEMA_VERSION}: use the "
            f"version that wrote it{remedy.otherwise}"
        )
    made = "SELECT name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
    if dict(connection.execute(made).fetchall()) != TABLES:
        raise InputError(f"{path}: its tables are not those of a sweep: {remedy.foreign}")


def create(connection: sqlite3.Connection) -> None:
    """Create the tables; the caller's transaction creates all of them or none."""
    for statement in TABLES.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {SWEEP_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def sweep_value(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a value of the table `sweep`: the digest of the "plan", the number of "cells"."""
    row = connection.execute("SELECT value FROM sweep WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def json_object(text: object, path: Path) -> dict[str, Any]:
    """Return the JSON object that a column of the store at `path` holds.

    Raises:
        InputError: it contains something else.
    """
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{path}: is damaged: {str(text)[:40]!r} is not a JSON object")
    return value


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
