"""The rows of a store as one flat table, for pandas, polars, duckdb and other readers of CSV.

A row has the columns that identify its cell (`source_...` and `learner_...` for each parameter and
setting), then the outcome of its training. `gamma_exact` is the fraction, `gamma` the float that
was used. Numbers that are text in the spec become floats if the whole column is numeric.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from qdecay._support.checks import file_path
from qdecay._support.extras import require
from qdecay._support.outputs import TABLES, check_output
from qdecay.errors import InputError
from qdecay.sweep.database import (
    TO_READ,
    connect,
    json_object,
    refuse_foreign,
    require_store,
    sqlite_errors,
)
from qdecay_envs.documents import canonical
from qdecay_envs.files import replacing
from qdecay_envs.rational import rational

_RESULTS = {
    "action": int,
    "value": float,
    "margin": float,
    "steps": int,
    "episodes": int,
    "error": str,
}
_SELECT = f"SELECT cell, key, model, learner, gamma, seed, {', '.join(_RESULTS)} FROM results"
_ROWS_AT_ONCE = 50_000
Row = tuple[Any, ...]


def export(store: str | Path, path: str | Path) -> int:
    """Write the rows of a store to a `.csv` or `.parquet` file, and return their number.

    The file is written completely or not at all; an existing one is replaced. If a run is still
    writing to the store, the rows stored so far are exported.

    Raises:
        InputError: the store cannot be read or is not a store, the name has another ending, or
            pyarrow, which Parquet requires, is missing.
        OSError: the file cannot be written.
    """
    source, target = file_path(store, "store"), file_path(path)
    check_output(target, TABLES, source=source)
    write = _write_csv if target.suffix == ".csv" else _parquet_writer()
    with open_store(source) as connection, replacing(target) as scratch:
        columns, rows = _table(connection, source)
        return write(scratch, columns, rows)


@contextmanager
def open_store(path: Path) -> Iterator[Connection]:
    """Yield a read-only connection to a valid store.

    Raises:
        InputError: the file is missing, or is not a valid store.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with sqlite_errors(path, TO_READ):
        refuse_foreign(path, TO_READ)
        with closing(connect(path, "ro")) as connection:
            require_store(connection, path, TO_READ)
            yield connection


def _table(connection: Connection, path: Path) -> tuple[dict[str, type], Iterator[Row]]:
    """Return the columns with their types, and the rows."""
    models = _named(connection, path, "model, source, parameters FROM models", "source")
    learners = _named(connection, path, "learner, name, settings FROM learners", "learner")
    columns = {
        "cell": int,
        "key": str,
        **_types(models),
        **_types(learners),
        "gamma_exact": str,
        "gamma": float,
        "seed": int,
        **_RESULTS,
    }
    return columns, _rows(connection, path, columns, models, learners)


def _rows(
    connection: Connection,
    path: Path,
    columns: Mapping[str, type],
    models: Mapping[int, Mapping[str, Any]],
    learners: Mapping[int, Mapping[str, Any]],
) -> Iterator[Row]:
    for cell, key, model, learner, gamma, seed, *results in connection.execute(
        f"{_SELECT} ORDER BY cell"
    ):
        try:
            exact = rational(gamma, "gamma")
            found = {"cell": cell, "key": key, **models[model], **learners[learner]}
            found |= {"gamma_exact": gamma, "gamma": float(exact), "seed": seed}
            found |= zip(_RESULTS, results, strict=True)
            yield tuple(_typed(found.get(name), kind) for name, kind in columns.items())
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: is damaged at cell {cell}: restore a copy") from error


def _named(connection: Connection, path: Path, what: str, prefix: str) -> dict[int, dict[str, Any]]:
    """Return the columns of each model or learner, by its number."""
    found = {}
    for number, name, text in connection.execute(f"SELECT {what}"):
        values = {f"{prefix}_{key}": _plain(v) for key, v in json_object(text, path).items()}
        found[number] = {prefix: name, **values}
    return found


def _plain(value: Any) -> Any:
    """Return a number if the text is one, and text for a list or table."""
    if isinstance(value, str):
        try:
            return float(Fraction(rational(value)))
        except (ValueError, OverflowError):
            return value
    return value if isinstance(value, int | float) else canonical(value)


def _types(named: Mapping[int, Mapping[str, Any]]) -> dict[str, type]:
    """Return one type for each column: the narrowest that holds all its values."""
    kinds: dict[str, set[type]] = {}
    for values in named.values():
        for name, value in values.items():
            kinds.setdefault(name, set()).add(type(value))
    return {
        name: own.pop() if len(own) == 1 else float if own <= {int, float} else str
        for name, own in kinds.items()
    }


def _typed(value: Any, kind: type) -> Any:
    """Return a value in its column's type; None stays None, and lossy conversions are errors.

    Raises:
        TypeError: it has another type.
    """
    if value is None or type(value) is kind:
        return value
    if kind is str:
        return canonical(value)
    if kind is float and type(value) is int:
        return float(value)
    raise TypeError(value)


def _write_csv(path: Path, columns: Mapping[str, type], rows: Iterator[Row]) -> int:
    count = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _parquet_writer() -> Callable[[Path, Mapping[str, type], Iterator[Row]], int]:
    """Return the writer of Parquet files.

    Raises:
        InputError: pyarrow is missing.
    """
    pa = require("pyarrow", "parquet", "Parquet files")
    pq = require("pyarrow.parquet", "parquet", "Parquet files")
    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}

    def write(path: Path, columns: Mapping[str, type], rows: Iterator[Row]) -> int:
        schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        count = 0
        with pq.ParquetWriter(path, schema) as writer:
            while piece := list(islice(rows, _ROWS_AT_ONCE)):
                writer.write_table(_arrow(pa, schema, piece))
                count += len(piece)
        return count

    return write


def _arrow(pa: Any, schema: Any, rows: Sequence[Row]) -> Any:
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)
