"""MDP files: JSON of schema qdecay.mdp/1, `.npz` as pymdptoolbox has it, PRISM's `.tra`, UMB."""

from __future__ import annotations

import math
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from qdecay.errors import InputError, input_errors
from qdecay.imports import numeric_array, rows_of_arrays, rows_of_sparse
from qdecay.prism import rows_of_prism
from qdecay.umb import rows_of_umb
from qdecay_envs.decoding import decoding
from qdecay_envs.files import require_file
from qdecay_envs.jsonfile import read_json, write_json

if TYPE_CHECKING:
    from qdecay.mdp import MDP

MDP_SCHEMA = "qdecay.mdp/1"
_REQUIRED = ("schema", "n_states", "n_actions", "transitions")
_OPTIONAL = ("start", "state_names", "action_names")
_MAX_BYTES = 1 << 28  # of arrays
SPARSE = ("P_data", "P_indices", "P_indptr")


def load_mdp(path: Path) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for a file; its ending says which kind it is.

    Raises:
        InputError: the file cannot be read or does not hold what its kind demands.
    """
    if path.suffix == ".npz":
        return _load_npz(path)
    if path.suffix == ".tra":
        return rows_of_prism(path)
    if path.suffix == ".umb":
        return rows_of_umb(path)
    return mdp_arguments(_read(path), path)


def _read(path: Path) -> Any:
    with input_errors():
        return read_json(path)


def mdp_arguments(document: Any, path: Path) -> dict[str, Any]:
    """Return the arguments of `MDP.from_rows` for a parsed MDP document that came from `path`.

    Raises:
        InputError: a key is missing, unknown or of the wrong type.
    """
    if not isinstance(document, dict) or document.get("schema") != MDP_SCHEMA:
        raise InputError(f'{path}: not an MDP file: "schema" must be "{MDP_SCHEMA}"')
    for key in _REQUIRED:
        if key not in document:
            raise InputError(f'{path}: the key "{key}" is missing')
    for key in document:
        if key not in _REQUIRED + _OPTIONAL:
            raise InputError(f'{path}: unknown key "{key}"; known: {", ".join(_OPTIONAL)}')
    if not isinstance(document["transitions"], list):
        raise InputError(f'{path}: "transitions" must be a list of rows')
    for number, row in enumerate(document["transitions"]):
        if not isinstance(row, list):
            raise InputError(f"{path}: transition {number} must be a list, got {row!r:.60}")
    return {
        "rows": document["transitions"],
        "n_states": document["n_states"],
        "n_actions": document["n_actions"],
        **{key: document.get(key) for key in _OPTIONAL},
    }


def save_mdp(mdp: MDP, path: Path) -> None:
    """Write `mdp` to `path`, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    write_json(path, mdp_document(mdp))


def mdp_document(mdp: MDP) -> dict[str, Any]:
    """Return the MDP document of a model."""
    columns = (mdp.state, mdp.action, mdp.next_state, mdp.terminated)
    rows = [
        [s, a, t, _number(p), _number(r), terminated]
        for s, a, t, terminated, p, r in zip(
            *(column.tolist() for column in columns),
            mdp.exact_probability,
            mdp.exact_reward,
            strict=True,
        )
    ]
    document: dict[str, Any] = {
        "schema": MDP_SCHEMA,
        "n_states": mdp.n_states,
        "n_actions": mdp.n_actions,
    }
    for key in _OPTIONAL:
        value = getattr(mdp, key)
        if value is not None:
            document[key] = value if key == "start" else list(value)
    return {**document, "transitions": rows}


def _number(value: Fraction) -> int | str:
    return value.numerator if value.denominator == 1 else str(value)


def _load_npz(path: Path) -> dict[str, Any]:
    arrays = read_npz(path)
    try:
        if "P" in arrays:
            return rows_of_arrays(arrays["P"], arrays["R"])
        options = sparse_arguments(arrays)
        return {**rows_of_sparse(options["p"], options["r"], options["ends"]), **_start(options)}
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _start(options: dict[str, Any]) -> dict[str, Any]:
    return {} if options["start"] is None else {"start": options["start"]}


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arrays of an `.npz`: P and R, or R and the parts of a sparse P.

    Raises:
        InputError: the file cannot be read, or an array is missing.
    """
    with input_errors(), decoding(path):
        require_file(path, _MAX_BYTES)
        _check_members(path)
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    needed = {"R", *(SPARSE if "P_data" in arrays else ["P"])}
    if missing := needed - set(arrays):
        raise InputError(
            f"{path}: the array {min(missing)} is missing; it needs P and R, or R and "
            f"{', '.join(SPARSE)}"
        )
    return arrays


def sparse_arguments(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `FloatMDP.from_sparse` that a sparse `.npz` holds.

    Raises:
        ValueError: the parts of P are not those of a matrix, or R is no table of numbers.
    """
    r = numeric_array(arrays["R"], "R")
    if r.ndim != 2:
        raise ValueError(f"R must have shape (S, A), got {r.shape}")
    parts = tuple(numeric_array(arrays[name], name) for name in SPARSE)
    p = sparse.csr_matrix(parts, shape=(r.size, len(r)))
    p.check_format()
    ends, start = arrays.get("ends"), arrays.get("start")
    if start is not None and (start.shape != () or start.dtype.kind not in "iu"):
        raise ValueError(f"start must be one whole number, got {start.dtype} of {start.shape}")
    return {
        "p": p,
        "r": r,
        "ends": None if ends is None else numeric_array(ends, "ends"),
        "start": None if start is None else int(start),
    }


def _check_members(path: Path) -> None:
    """Refuse an archive whose headers promise more than it holds, before numpy allocates it."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > _MAX_BYTES:
            raise InputError(f"{path}: unpacks to more than {_MAX_BYTES >> 20} MiB")
        for member in members:
            with archive.open(member) as stream:
                version = np.lib.format.read_magic(stream)
                read_header = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read_header(stream)
                if math.prod(shape) * dtype.itemsize > member.file_size:
                    raise InputError(f"{path}: {member.filename} holds less than its header says")
