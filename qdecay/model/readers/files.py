"""Files of models: the suffix selects the reader, and JSON of schema qdecay.mdp/1 is read here.

| ending | what it is | read by |
| --- | --- | --- |
| `.json` | a qdecay.mdp/1 document, a layout or a grid | this module, `layout` |
| `.npz` | arrays P and R | `npz` |
| `.tra` | PRISM's or Storm's explicit text, with the files next to it | `prism` |
| `.pexp` | PRISM's explicit text in one file | `prism` |
| `.drn` | Storm's direct encoding | `drn` |
| `.umb` | the unified Markov binary format | `umb` |
| `.csv`, `.parquet` | recorded transitions | `transition_files` |

Text files may be compressed: `.tra.gz`, `.tra.bz2`, `.tra.xz`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from qdecay.errors import InputError, input_errors
from qdecay.model.layouts import kind_of_document
from qdecay.model.readers.drn import rows_of_drn
from qdecay.model.readers.layout import rows_of_layout
from qdecay.model.readers.limits import EXACTLY, IN_FLOATS, Limits, check_size
from qdecay.model.readers.npz import rows_of_npz
from qdecay.model.readers.prism import rows_of_prism
from qdecay.model.readers.transition_files import rows_of_csv, rows_of_parquet
from qdecay.model.readers.umb import rows_of_umb
from qdecay.model.reading import Pair
from qdecay.model.recover import Recovery, Unchanged
from qdecay.model.rows import ModelRows
from qdecay_envs.documents import Table
from qdecay_envs.files import ending_of, unpacked_name
from qdecay_envs.jsonfile import json_number, read_json, write_json
from qdecay_envs.rational import rational, written

MDP_SCHEMA = "qdecay.mdp/1"


def _of_prism(path: Path, reward: str | None, recovery: Recovery, worst: float) -> ModelRows:
    return rows_of_prism(path, reward=reward, recovery=recovery)


_READERS: dict[str, Callable[[Path, str | None, Recovery, float], ModelRows]] = {
    ".npz": lambda path, _, recovery, worst: rows_of_npz(path, recovery, worst),
    ".tra": _of_prism,
    ".pexp": _of_prism,
    ".drn": lambda path, reward, recovery, worst: rows_of_drn(path, reward, recovery),
    ".csv": lambda path, _, recovery, worst: rows_of_csv(path, recovery),
    ".parquet": lambda path, _, recovery, worst: rows_of_parquet(path, recovery),
    ".umb": lambda path, reward, recovery, worst: rows_of_umb(path, reward, recovery),
}
_PACKED = (".npz", ".parquet")
_STRUCTURED = (".tra", ".pexp", ".drn", ".umb")  # may have several reward structures
SUFFIXES = (".json", *_READERS)
"""How the names of model files end."""


def read_model(
    path: Path,
    reward: str | None = None,
    recovery: Recovery | None = None,
    worst: float = -math.inf,
) -> ModelRows:
    """Return the rows of a file; its ending selects the reader, JSON by default.

    Args:
        path: the file.
        reward: the name of the reward structure, if the file has several.
        recovery: what maps floats to exact numbers.
        worst: the reward of an unavailable action in arrays, as nan is.

    Raises:
        InputError: the file cannot be read or is not valid for its kind.
    """
    ending = ending_of(path)
    if ending in _PACKED and path.name != unpacked_name(path):
        raise InputError(f"{path}: unpack it first: {ending} files are already packed")
    if ending == ".tsv":
        raise InputError(f"{path}: separate the columns by commas, and save it as .csv")
    if ending not in _STRUCTURED:
        refuse_reward(path, reward)
    reader = _READERS.get(ending)
    if reader is not None:
        return reader(path, reward, recovery or Recovery(), worst)
    with input_errors():
        limits = IN_FLOATS if isinstance(recovery, Unchanged) else EXACTLY
        document = _json(path, ending)
        if (kind := kind_of_document(document)) is not None:
            return replace(rows_of_layout(kind.layout.load(path)), name=str(path))
        return replace(rows_of_document(document, path, limits), name=str(path))


def _json(path: Path, ending: str) -> Any:
    """Return the JSON in a file; an error says which endings are read in other ways."""
    try:
        return read_json(path)
    except ValueError as error:
        if ending == ".json" or not path.is_file():
            raise
        others = ", ".join(_READERS)
        text = f"{error}; it is read as JSON, as its name ends in none of {others}"
        raise ValueError(text) from None


def refuse_reward(path: Path, reward: str | None) -> None:
    """Refuse a named reward structure of a file that has none."""
    if reward is not None:
        raise InputError(f"{path}: has no reward structures: omit the name {reward!r:.40}")


def rows_of_document(document: Any, path: Path, limits: Limits = EXACTLY) -> ModelRows:
    """Return the rows of a parsed MDP document that came from `path`, up to some limits.

    Raises:
        ValueError: a key is missing, unknown or of the wrong type.
    """
    table = Table(str(path), "", document)
    if table.take("schema") != MDP_SCHEMA:
        table.refuse(
            f'not an MDP file: "schema" must be "{MDP_SCHEMA}"; a grid\'s is "qdecay.grid/1", a '
            f'chain\'s "qdecay.layout/1"'
        )
    n_states, n_actions = (table.demand(key, f'"{key}": 2') for key in ("n_states", "n_actions"))
    rows = table.demand("transitions", '"transitions": [[0, 0, 1, 1, 0, false], ...]')
    start, *names = (table.take(key) for key in ("start", "state_names", "action_names"))
    time_limit = table.take("time_limit")
    initial_states = _initial_states(table, table.take("initial_states", []), start)
    visits = _by_pair(table, "visits", int)
    scaled = _by_pair(table, "scaled", int, str, Fraction)
    remarks = table.take("remarks", [])
    table.close()
    if not isinstance(rows, list):
        table.refuse("must be a list of rows", "transitions")
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            table.refuse(f"transition {number} must be a list, got {written(row)}")
    check_size(path, len(rows), n_states, n_actions, limits=limits)
    return ModelRows(
        rows,
        n_states,
        n_actions,
        start,
        names[0],
        names[1],
        time_limit=time_limit,
        initial_states=initial_states,
        visits=visits,
        remarks=remarks,
        scaled=scaled,
    )


def _initial_states(table: Table, entries: Any, start: Any) -> dict[int, Any]:
    """Return the probability of each state in which episodes begin, not yet checked."""
    key, form = "initial_states", "[state, probability]"
    if not isinstance(entries, list):
        table.refuse(f"must be a list of {form}", key)
    if entries and start is not None:
        table.refuse('leave it out where there is a "start"', key)
    found: dict[int, Any] = {}
    for number, entry in enumerate(entries):
        if not (isinstance(entry, list) and len(entry) == 2 and type(entry[0]) is int):
            table.refuse(f"entry {number} must be {form}, got {written(entry)}", key)
        state, chance = entry
        if state in found:
            table.refuse(f"state {state} is listed twice", key)
        found[state] = chance
    return found


def _by_pair(table: Table, key: str, *kinds: type) -> dict[Pair, Any]:
    """Return the numbers of a key by pair of state and action, each of one of these types."""
    entries, form = table.take(key, []), f"[state, action, {key}]"
    if not isinstance(entries, list):
        table.refuse(f"must be a list of {form}", key)
    found: dict[Pair, Any] = {}
    for number, entry in enumerate(entries):
        types = [type(part) for part in entry] if isinstance(entry, list) else []
        if not (types[:2] == [int, int] and len(types) == 3 and types[2] in kinds):
            table.refuse(f"entry {number} must be {form}, got {written(entry)}", key)
        s, a, value = entry
        if (s, a) in found:
            table.refuse(f"state {s}, action {a} is listed twice", key)
        found[s, a] = value
    return found


def document_of(model: ModelRows) -> dict[str, Any]:
    """Return the MDP document of a model; `rows_of_document` is the inverse."""
    names = {"state_names": model.state_names, "action_names": model.action_names}
    return {
        "schema": MDP_SCHEMA,
        "n_states": model.n_states,
        "n_actions": model.n_actions,
        **_beginning(model),
        **{key: list(texts) for key, texts in names.items() if texts is not None},
        "transitions": [
            [s, a, t, json_number(rational(p)), json_number(rational(r)), *rest]
            for s, a, t, p, r, *rest in model
        ],
        **({"visits": [[s, a, n] for (s, a), n in model.visits.items()]} if model.visits else {}),
        **_reading(model),
    }


def _beginning(model: ModelRows) -> dict[str, Any]:
    """Return where episodes begin, and after how many steps they are truncated, if known."""
    if model.start is not None:
        begins: dict[str, Any] = {"start": model.start}
    else:
        chances = [[s, json_number(rational(p))] for s, p in model.initial_states.items()]
        begins = {"initial_states": chances} if chances else {}
    limit = model.time_limit
    return begins if limit is None else {**begins, "time_limit": limit}


def _reading(model: ModelRows) -> dict[str, Any]:
    """Return what reading did to the model, if anything."""
    done: dict[str, Any] = {}
    if model.scaled:
        done["scaled"] = [[s, a, json_number(rational(n))] for (s, a), n in model.scaled.items()]
    if model.remarks:
        done["remarks"] = list(model.remarks)
    return done


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """Write an MDP document to `path`, completely or not at all.

    Raises:
        ValueError: it would be larger than `read_model` accepts, or cannot be written; see
            `write_json`.
    """
    check_size(path, len(document["transitions"]), document["n_states"], document["n_actions"])
    write_json(path, document)
