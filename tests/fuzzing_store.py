"""Damaged stores of sweeps: bytes, pages, logs beside them, and rows that no sweep writes."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from fuzzing import SPEC, damaged_bytes

_COLUMNS = {
    "sweep": ["name", "value"],
    "runs": ["run", "started", "versions"],
    "models": ["model", "source", "parameters", "start", "document"],
    "learners": ["learner", "name", "settings"],
    "results": [
        "cell", "key", "model", "learner", "gamma", "seed", "action", "value", "margin", "steps",
        "episodes", "error",
    ],
}  # fmt: skip
_VALUES: list[Any] = [
    None, 0, 1, -1, 2, 7, 10**6, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, float("inf"), "", "x", "1",
    "1/2", "1/0", "-1/2", "3/2", "0.4", "1e999999999", "1e-999999999", "٣", "nan", b"", b"\xff\x00",
    b"1/2", "\x1b[2J\n", "{", "{}", "[]", "null", '{"delay": 2}', '{"delay": [[]], "": null}',
    '{"a": 1e999}', '{"delay": "1e99999999"}', "[" * 100_000, '{"a":' * 100_000, "9" * 5000,
    '{"schema": "qdecay.mdp/1"}', "q_learning", "x" * 10**6, "\0",
]  # fmt: skip
_SCHEMA = [
    "DROP TABLE results",
    "DROP TABLE models",
    "ALTER TABLE results ADD COLUMN more TEXT",
    "ALTER TABLE results RENAME COLUMN key TO other",
    "ALTER TABLE results RENAME TO old; CREATE VIEW results AS SELECT * FROM old",
    "DROP TABLE results; CREATE VIEW results AS WITH RECURSIVE c(x) AS "
    "(SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c",
    "DROP TABLE models; CREATE TABLE models (model, source, parameters, start, document)",
    "CREATE TRIGGER sqlitex AFTER INSERT ON runs BEGIN DELETE FROM results; END",
    "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM results; END",
    "CREATE INDEX i ON results (gamma)",
    "CREATE INDEX sqliteindex ON results (gamma)",
    "CREATE TABLE more (x); INSERT INTO more VALUES (1)",
    "PRAGMA user_version = 2",
    "PRAGMA user_version = -1",
    "PRAGMA application_id = 0",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = FULL; VACUUM",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2 WHERE name = 'results'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 99 WHERE name = 'models'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = 'view' WHERE name = 'runs'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'nonsense' WHERE name = 'sweep'",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_master",
    "INSERT INTO results SELECT -1 - cell, key, model, learner, gamma, seed, action, value, margin,"
    " steps, episodes, error FROM results",
    "UPDATE results SET cell = cell + 1000",
    "UPDATE results SET key = (SELECT key FROM results WHERE cell = 3) WHERE cell = 4",
    "UPDATE results SET gamma = (SELECT gamma FROM results WHERE cell = 0)",
    "UPDATE results SET gamma = CAST(x'ff31' AS TEXT) WHERE cell = 2",
    "UPDATE models SET document = CAST(x'c328' AS TEXT)",
    "UPDATE models SET parameters = '{\"delay\": ' || model || '}'",
]  # fmt: skip
Files = dict[str, bytes]


def a_store() -> Files:
    """Return the files of a finished sweep, one row of it still in the log beside the store."""
    from qdecay.sweep import Spec, Sweep

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.db")
        Sweep(Spec.parse(SPEC.decode())).run(path, backend="here")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("UPDATE results SET steps = steps + 1 WHERE cell = 0")
            return {name: Path(folder, name).read_bytes() for name in ("r.db", "r.db-wal")}


def damaged_store() -> Callable[[random.Random], Files]:
    """Return the maker of damaged stores."""
    whole = a_store()

    def make(chance: random.Random) -> Files:
        how = chance.random()
        if how < 0.6:
            return {"r.db": damaged_rows(whole["r.db"], chance)}
        files = dict(whole)
        if how < 0.7:
            files["r.db-wal"] = chance.choice([b"", b"x" * 32, chance.randbytes(5000)])
        elif how < 0.8:
            files["r.db-wal"] = damaged_pages(files["r.db-wal"], chance)
        else:
            files["r.db"] = damaged_pages(files["r.db"], chance)
            if how < 0.95:
                del files["r.db-wal"]
        return files

    return make


def damaged_pages(data: bytes, chance: random.Random) -> bytes:
    """Return a file with damaged bytes, cut off, or with pages in the wrong place."""
    how = chance.random()
    if how < 0.3:
        return damaged_bytes(data, chance)
    if how < 0.5:  # bytes of the header, whose fields have fixed places
        i = chance.randrange(100)
        return data[:i] + chance.randbytes(chance.choice([1, 4])) + data[i + 4 :]
    if how < 0.7:
        return data[: chance.randrange(len(data))]
    size = 4096
    pages = [data[i : i + size] for i in range(0, len(data), size)]
    i, j = chance.randrange(len(pages)), chance.randrange(len(pages))
    pages[i] = chance.choice([pages[j], bytes(size), chance.randbytes(size)])
    return b"".join(pages)


def damaged_rows(data: bytes, chance: random.Random) -> bytes:
    """Return a sound database whose tables or rows are no sweep's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.db")
        path.write_bytes(data)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for _ in range(chance.randint(1, 3)):
                try:
                    _change(connection, chance)
                except sqlite3.Error:  # what SQLite itself does not let happen
                    continue
        return path.read_bytes()


def _change(connection: sqlite3.Connection, chance: random.Random) -> None:
    if chance.random() < 0.3:
        connection.executescript(chance.choice(_SCHEMA))
        return
    table = chance.choice(list(_COLUMNS))
    number = chance.randrange(25 if table == "results" else 4)
    one = f"rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {number})"
    where = chance.choice([f"WHERE {one}"] * 3 + [""])
    if chance.random() < 0.2:
        connection.execute(f"DELETE FROM {table} {where}")
        return
    column = chance.choice(_COLUMNS[table])
    connection.execute(f"UPDATE {table} SET {column} = ? {where}", (chance.choice(_VALUES),))
