"""Files of transitions: `.csv`, and `.parquet` through `pyarrow`, with a row for each step.

    state,action,reward,next_state,terminated,episode,truncated
    home,walk,-1,park,false,1,false

The first five columns are needed, in any order; without the last two nothing says where episodes
begin. A column `duration` says how many steps each transition took. Whole numbers are the numbers
of states and actions, anything else their names. Rewards are read as written, or recovered if they
are printed floats, see `number_of_text`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.extras import require
from qdecay.errors import InputError, input_errors
from qdecay.model.readers.limits import check_size, limits_for
from qdecay.model.readers.steps import checked, known_once, of_columns
from qdecay.model.readers.transitions import Counts
from qdecay.model.recover import Recovery, number_of_text
from qdecay.model.rows import ModelRows
from qdecay_envs.decoding import decoding
from qdecay_envs.files import read_text, require_file
from qdecay_envs.rational import written

_MAX_BYTES = 1 << 26
_MAX_ROWS = 1_000_000  # a few microseconds each
_MAX_UNPACKED = 1 << 28
_CHUNK = 10_000  # rows that are texts at one time
_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def rows_of_csv(path: Path, recovery: Recovery | None = None) -> ModelRows:
    """Return the rows of the empirical model of a `.csv`.

    Raises:
        InputError: the file cannot be read or is not a table of transitions; one line says where.
    """
    with input_errors(), decoding(path, csv.Error):
        text = io.StringIO(read_text(path, _MAX_BYTES, _MAX_ROWS + 1), newline="")
        lines = _lines(text)
        names = [name.strip() for name in next(lines, [])]
        known = known_once(names)
        _check_commas(names)
        columns = _distinct(lines, names, list(map(names.index, known)))
        texts = _ending_somewhere(dict(zip(known, columns, strict=True)))
        _check_full(texts)
        rewards = texts.get("reward", ([], None))[0]  # one distinct reward takes a while
        check_size(path, len(rewards), limits=limits_for(recovery or Recovery()))
        read = {name: _READ[name](name, *column) for name, column in texts.items()}
        states = [name for name in ("state", "next_state") if name in read]
        if any(read[name].dtype == object for name in states):  # so numbers are names as well
            read |= {name: _names(name, *texts[name]) for name in states}
        return _model(path, read, names, recovery)


def rows_of_parquet(path: Path, recovery: Recovery | None = None) -> ModelRows:
    """Return the rows of the empirical model of a `.parquet`.

    Raises:
        InputError: as `rows_of_csv`, or pyarrow is not installed.
    """
    parquet = require("pyarrow.parquet", "parquet", f"{path}: .parquet files")
    # A malformed byte may make pyarrow raise anything.
    with input_errors(), decoding(path, Exception, problem="not a table of transitions: "):
        require_file(path, _MAX_BYTES)
        with parquet.ParquetFile(path) as file:
            _check_parquet(path, file.metadata)
            names = list(file.schema_arrow.names)
            known = known_once(names)
            table = file.read(columns=known)
        read = {name: _arrow_column(table[name], name) for name in known}
        return _model(path, read, names, recovery)


def _model(
    path: Path, columns: dict[str, Any], names: Sequence[str], recovery: Recovery | None
) -> ModelRows:
    left_out = tuple(name for name in names if name not in columns)
    steps = of_columns(columns)._replace(left_out=left_out, name=str(path))
    counts = Counts(checked(steps))
    recovery = recovery or Recovery()
    check_size(path, counts.n_transitions, *counts.sizes, limits=limits_for(recovery))
    return counts.rows(None, recovery)


# -- text

_Column = tuple[list[str], NDArray[np.int64]]  # the distinct texts, and which one each row has


def _distinct(
    lines: Iterator[list[str]], names: Sequence[str], places: Sequence[int]
) -> list[_Column]:
    """Return columns by their distinct texts, which are few and are each read once."""
    known: list[defaultdict[str, int]] = [defaultdict() for _ in places]
    for texts in known:
        texts.default_factory = texts.__len__  # a new text has the next number
    codes: list[list[NDArray[np.int64]]] = [[np.empty(0, dtype=np.int64)] for _ in places]
    number = 2
    while chunk := list(islice(lines, _CHUNK)):
        if set(map(len, chunk)) != {len(names)}:
            k, line = next(pair for pair in enumerate(chunk) if len(pair[1]) != len(names))
            fields = f"{len(line)} fields, and the first line {len(names)}"
            raise ValueError(f"line {number + k}: has {fields}")
        number += len(chunk)
        columns = list(zip(*chunk, strict=True))
        for place, texts, parts in zip(places, known, codes, strict=True):
            parts.append(np.fromiter(map(texts.__getitem__, columns[place]), dtype=np.int64))
    return [(list(texts), np.concatenate(part)) for texts, part in zip(known, codes, strict=True)]


def _lines(text: io.StringIO) -> Iterator[list[str]]:
    """Yield the fields of each line that is not empty."""
    reader = csv.reader(text, strict=True)
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        hint = ": is a quotation mark not closed?" if "end of data" in str(error) else ""
        raise ValueError(f"line {reader.line_num}: {error}{hint}") from error


def _check_commas(names: Sequence[str]) -> None:
    """Refuse a first line whose columns are not separated by commas."""
    for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and mark in names[0]:
            raise ValueError(f"line 1: columns are separated by {called}: separate them by commas")


def _ending_somewhere(columns: dict[str, _Column]) -> dict[str, _Column]:
    """Return columns with missing next states of terminated rows filled in by their own state."""
    if not {"state", "next_state", "terminated"} <= columns.keys():
        return columns
    (texts, codes), (ended, flags) = columns["next_state"], columns["terminated"]
    is_empty = np.array([not text.strip() for text in texts], dtype=np.bool_)
    has_ended = np.array([_FLAGS.get(text.strip().lower()) is True for text in ended], np.bool_)
    rows = np.flatnonzero(is_empty[codes] & has_ended[flags])
    if not len(rows):
        return columns
    own, state = columns["state"]
    known = {text: code for code, text in enumerate(texts)}
    places = np.array([known.setdefault(text, len(known)) for text in own], dtype=np.int64)
    codes = codes.copy()
    codes[rows] = places[state[rows]]
    kept, codes = np.unique(codes, return_inverse=True)
    names = list(known)
    return columns | {"next_state": ([names[code] for code in kept.tolist()], codes)}


def _check_full(columns: dict[str, _Column]) -> None:
    """Refuse empty fields, except in columns that are not read."""
    for name, (texts, codes) in columns.items():
        for text in texts:
            if not text.strip():
                raise ValueError(
                    f"line {_line(texts, codes, text)}: {name} is empty: fill it in, or leave "
                    f"such rows out"
                )


def _names(_: str, texts: list[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    """Return the column as texts."""
    stripped = np.array([text.strip() for text in texts], dtype=object)
    return np.asarray(stripped[codes])


def _labels(name: str, texts: list[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    """Return the column as numbers if all its texts are numbers, otherwise as texts."""
    if all(_is_number(text.strip()) for text in texts):
        return np.array(list(map(int, texts)), dtype=np.int64)[codes]
    return _names(name, texts, codes)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _rewards(name: str, texts: list[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    values = np.empty(len(texts), dtype=object)
    for k, text in enumerate(texts):
        try:
            values[k] = number_of_text(text, name)
        except ValueError as error:
            raise ValueError(f"line {_line(texts, codes, text)}: {error}") from None
    return values[codes]


def _flag_column(name: str, texts: list[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    values = np.zeros(len(texts), dtype=np.bool_)
    for k, text in enumerate(texts):
        flag = _FLAGS.get(text.strip().lower())
        if flag is None:
            raise ValueError(
                f"line {_line(texts, codes, text)}: {name} must be true or false, got "
                f"{written(text)}"
            )
        values[k] = flag
    return values[codes]


def _whole_numbers(name: str, texts: list[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    for text in texts:
        if not _is_number(text.strip()):
            raise ValueError(
                f"line {_line(texts, codes, text)}: {name} must be a whole number, got "
                f"{written(text)}"
            )
    return np.array(list(map(int, texts)), dtype=np.int64)[codes]


def _line(texts: list[str], codes: NDArray[np.int64], text: str) -> int:
    """Return the first line that has a text."""
    return int(np.argmax(codes == texts.index(text))) + 2


_READ: dict[str, Callable[[str, list[str], NDArray[np.int64]], NDArray[Any]]] = {
    **dict.fromkeys(("state", "action", "next_state", "episode"), _labels),
    "duration": _whole_numbers,
    "reward": _rewards,
    **dict.fromkeys(("terminated", "truncated"), _flag_column),
}


# -- parquet


def _check_parquet(path: Path, metadata: Any) -> None:
    """Refuse a file that would unpack to more than the limit, before unpacking it."""
    sizes = [metadata.row_group(k).total_byte_size for k in range(metadata.num_row_groups)]
    if metadata.num_rows > _MAX_ROWS:
        raise ValueError(f"has {metadata.num_rows:,} rows, and at most {_MAX_ROWS:,} are read")
    if sum(sizes) > _MAX_UNPACKED:
        raise InputError(f"{path}: unpacks to more than {_MAX_UNPACKED >> 20} MiB, the limit")


def _arrow_column(column: Any, name: str) -> NDArray[Any]:
    if column.null_count and name != "next_state":  # terminated rows need none
        raise ValueError(f"column {name}: {column.null_count:,} entries are empty")
    return np.asarray(column.to_numpy())
