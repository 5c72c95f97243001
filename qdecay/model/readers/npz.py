"""Models in NumPy's `.npz`: P and R as in pymdptoolbox, or R and the parts of a sparse P."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.errors import InputError, input_errors
from qdecay.model.base import FiniteMDP
from qdecay.model.readers.arrays import (
    number_array,
    numeric_array,
    rows_of_arrays,
    rows_of_sparse,
)
from qdecay.model.readers.beginning import recovered_chances
from qdecay.model.readers.limits import MAX_RECOVERED, check_size
from qdecay.model.reading import Pair
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, checked_time_limit
from qdecay_envs.decoding import decoding
from qdecay_envs.files import require_file, written

_MAX_BYTES = 1 << 28  # of a file, and of its arrays as floats
_MAX_NONZERO = 8_000_000  # of a dense P: 60 bytes each until it is sparse
_MAX_DIRECTORY = 1 << 20
_ZIP_TAIL = 22 + 0xFFFF  # bytes: a zip file's last record, with the longest comment
_MAX_HEADER = 1 << 16
_QUICK = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SLOWNESS = 8  # bzip2 and lzma unpack some 20 MiB a second
SPARSE = ("P_data", "P_indices", "P_indptr")
_TEXTS = ("state_names", "action_names", "remarks")
_BY_PAIR = {"visits": ("i", 0), "scaled": ("f", 1.0)}
"""Kinds of tables of shape (S, A), and what they hold where there is nothing to say."""
_ARRAYS = ("P", *SPARSE, "R", "ends", "start", "initial_states", "time_limit", *_TEXTS, *_BY_PAIR)
_SPARSE_ONLY = {*SPARSE, "ends", *_BY_PAIR}
_MAX_TEXTS = 1_000_000  # numbers in text, a microsecond each
_LONGEST = 40  # characters of a displayed name
_LEAST_BYTES = {"P_indices": 4, "P_indptr": 4}  # that a number takes in the end; others are floats


def rows_of_npz(path: Path, recovery: Recovery, worst: float = -math.inf) -> ModelRows:
    """Return the exact rows of an `.npz`.

    Raises:
        InputError: as `read_npz`, or a number has no rational.
    """
    arrays = read_npz(path)
    with input_errors(), decoding(path):
        told = surroundings_of(arrays)
        if "P" in arrays:
            check_size(path, int(np.count_nonzero(arrays["P"])), most=MAX_RECOVERED)
            found = rows_of_arrays(arrays["P"], arrays["R"], start_of(arrays), recovery, worst)
        else:
            options = sparse_arguments(arrays)
            p, r, ends = options["p"], options["r"], options["ends"]
            count = p.nnz + (0 if ends is None else int(np.count_nonzero(ends)))
            check_size(path, count, *r.shape, most=MAX_RECOVERED)
            found = rows_of_sparse(
                p, r, ends, options["start"], recovery, worst, told.get("visits", {})
            )
        told["remarks"] = (*told.get("remarks", ()), *found.remarks)
        return replace(found, name=str(path), **told)


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arrays of an `.npz`: P and R, or R and the parts of a sparse P.

    Raises:
        InputError: the file cannot be read, an array is missing or unknown, or they would be too
            large.
    """
    with input_errors(), decoding(path):
        require_file(path, _MAX_BYTES)
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            present = {name.removesuffix(".npy"): name for name in archive.namelist()}
            _check_names(present)
            members = {name: archive.getinfo(present[name]) for name in _ARRAYS if name in present}
            _check_sizes(archive, members)
            arrays = {name: _array(archive, member) for name, member in members.items()}
        for name in ("P", "R"):
            if name in arrays:  # sparse models are of floats
                read = _numbers if "P" in arrays else numeric_array
                arrays[name] = read(arrays[name], name)
    needed = {"R", *(SPARSE if "P_data" in arrays else ["P"])}
    if missing := needed - set(arrays):
        raise InputError(
            f"{path}: the array {min(missing)} is missing; it needs P and R, or R and "
            f"{', '.join(SPARSE)}"
        )
    if "P" in arrays and (count := np.count_nonzero(arrays["P"])) > _MAX_NONZERO:
        raise InputError(
            f"{path}: P has {count:,} nonzero numbers, and at most {_MAX_NONZERO:,} are "
            f"read; more fit in a sparse P, as {', '.join(SPARSE)}"
        )
    return arrays


def _numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array of numbers, those in text as exact ones."""
    if array.dtype.kind == "U" and array.size > _MAX_TEXTS:
        raise ValueError(
            f"{name} has {array.size:,} numbers in text, and at most {_MAX_TEXTS:,} are read"
        )
    return number_array(array, name)


def _check_names(names: Collection[str]) -> None:
    """Refuse an array that would not be read: it is misspelt, or belongs to another form of P."""
    for name in names:
        if name not in _ARRAYS:
            folded = {known.casefold(): known for known in _ARRAYS}
            close = get_close_matches(name[:_LONGEST].casefold(), folded, n=1)
            meant = f"did you mean {folded[close[0]]}? " if close else ""
            raise ValueError(
                f"unknown array {name:.{_LONGEST}}; {meant}known: {', '.join(_ARRAYS)}"
            )
    if "P" in names and (other := _SPARSE_ONLY.intersection(names)):
        hint = (
            f"give P as {', '.join(SPARSE)}, or add a state that P never leaves, with R = 0"
            if other == {"ends"}
            else "leave one of them out"
        )
        raise ValueError(f"the arrays P and {min(other)} cannot be combined: {hint}")


def write_npz(path: str | Path, model: FiniteMDP, ends: NDArray[np.float64] | None) -> None:
    """Write an `.npz` with P_data, P_indices and P_indptr, R, and what else the model has.

    Raises:
        ValueError: a name or a remark ends in a NUL character, which arrays of text leave out; or
            the file cannot be written.
    """
    p = model.p
    arrays = {"P_data": p.data, "P_indices": p.indices, "P_indptr": p.indptr, "R": model.r}
    if ends is not None:
        arrays["ends"] = ends
    if model.start is not None:
        arrays["start"] = np.array(model.start)
    elif model.initial_states:
        chances = [float(model.initial_states.get(s, 0)) for s in range(model.n_states)]
        arrays["initial_states"] = np.array(chances)
    if model.time_limit is not None:
        arrays["time_limit"] = np.array(model.time_limit)
    for name in _TEXTS:
        if texts := getattr(model, name):
            arrays[name] = np.array(texts)
            if tuple(arrays[name].tolist()) != texts:
                raise ValueError(f"{path}: {name}: a text that ends in NUL cannot be saved")
    for name, (_, otherwise) in _BY_PAIR.items():
        if numbers := getattr(model, name):
            table = arrays[name] = np.full(model.r.shape, otherwise)
            table[*zip(*numbers, strict=True)] = list(numbers.values())
    with written(path) as file:
        np.savez_compressed(file, **arrays)


def start_of(arrays: dict[str, Any]) -> int | None:
    """Return the start state given in an `.npz`, if any.

    Raises:
        ValueError: it is not one whole number.
    """
    return _whole_number(arrays, "start")


def surroundings_of(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return what an `.npz` says besides the dynamics, as `ModelRows` has it.

    Raises:
        ValueError: an array is not what its name says.
    """
    told: dict[str, Any] = {"time_limit": checked_time_limit(_whole_number(arrays, "time_limit"))}
    if "initial_states" in arrays:
        told["initial_states"] = _initial_states(arrays)
    for name in arrays.keys() & _TEXTS:
        texts = arrays[name]
        if texts.ndim != 1 or texts.dtype.kind != "U":
            raise ValueError(
                f"{name} must be a list of texts, got an array of shape {texts.shape}, dtype "
                f"{texts.dtype}"
            )
        told[name] = texts.tolist()
    for name in arrays.keys() & _BY_PAIR.keys():
        told[name] = _by_pair(arrays[name], name, arrays["R"].shape)
    return told


def _by_pair(table: NDArray[Any], name: str, shape: tuple[int, ...]) -> dict[Pair, Any]:
    """Return the numbers of a table that say something, by state and action."""
    kind, otherwise = _BY_PAIR[name]
    if table.shape != shape or table.dtype.kind != kind or not np.isfinite(table).all():
        what = "whole numbers" if kind == "i" else "finite floats"
        raise ValueError(
            f"{name} must hold {what} in the shape of R, {shape}, got {table.dtype}, {table.shape}"
        )
    numbers = {(s, a): table[s, a].item() for s, a in np.argwhere(table != otherwise).tolist()}
    return numbers if kind == "i" else {pair: Fraction(n) for pair, n in numbers.items()}


def _initial_states(arrays: dict[str, Any]) -> dict[int, Fraction]:
    chances = arrays["initial_states"]
    if "start" in arrays:
        raise ValueError("leave out initial_states where there is a start")
    n_states = arrays["R"].shape[0] if "P_data" in arrays else arrays["P"].shape[-1]
    if numeric_array(chances, "initial_states").shape != (n_states,):
        raise ValueError(
            f"initial_states must be the probability of each state, shape {(n_states,)}, got "
            f"{chances.shape}"
        )
    return recovered_chances(dict(enumerate(chances.astype(np.float64).tolist())))


def _whole_number(arrays: dict[str, Any], name: str) -> int | None:
    number = arrays.get(name)
    if number is None:
        return None
    if number.shape != ():
        raise ValueError(f"{name} must be one whole number, got an array of shape {number.shape}")
    if number.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be a whole number, without a decimal point, got {number.item()!r:.40}"
        )
    return int(number)


def sparse_arguments(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `FloatMDP.from_sparse` from a sparse `.npz`.

    Raises:
        ValueError: the parts of P are not those of a matrix, or R is not a table of numbers.
    """
    r = numeric_array(arrays["R"], "R")
    if r.ndim != 2:
        raise ValueError(f"R must have shape (S, A), got {r.shape}")
    data, indices, indptr = (numeric_array(arrays[name], name) for name in SPARSE)
    _check_places(data, indices, indptr, r.shape)
    if data.dtype != np.float32:  # float32 is read by its own digits
        data = data.astype(np.float64, copy=False)
    parts = (data, indices, indptr)
    p = sparse.csr_matrix(parts, shape=(r.size, len(r)))
    ends = arrays.get("ends")
    if ends is not None and numeric_array(ends, "ends").shape != r.shape:
        raise ValueError(f"ends must have the shape of R, {r.shape}, got {ends.shape}")
    return {"p": p, "r": r, "ends": ends, "start": start_of(arrays)}


def _check_places(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], shape: tuple[int, ...]
) -> None:
    """Refuse parts that do not form a CSR matrix of shape (S * A, S)."""
    for name, part in zip(SPARSE, (data, indices, indptr), strict=True):
        if part.ndim != 1:
            raise ValueError(f"{name} must have one dimension, got shape {part.shape}")
        if name != "P_data" and part.dtype.kind not in "iu":
            raise ValueError(f"{name} must hold whole numbers, got dtype {part.dtype}")
    n_rows, n_states = math.prod(shape), shape[0]
    if len(indptr) != n_rows + 1:
        raise ValueError(
            f"P_indptr must have S * A + 1 = {n_rows + 1} numbers, as R has shape {shape}, "
            f"got {len(indptr)}"
        )
    if len(indices) != len(data):
        raise ValueError(
            f"P_indices must have as many numbers as P_data, {len(data)}, got {len(indices)}"
        )
    if indptr[0] != 0 or indptr[-1] != len(data):
        raise ValueError(
            f"P_indptr must go from 0 to the length of P_data, {len(data)}, "
            f"got {indptr[0]} to {indptr[-1]}"
        )
    if (indptr[1:] < indptr[:-1]).any():
        raise ValueError("P_indptr must never decrease")
    if len(indices) and not (indices.min() >= 0 and indices.max() < n_states):
        raise ValueError(
            f"P_indices must be in 0..{n_states - 1}, got {indices.min()} to {indices.max()}"
        )


def _check_directory(path: Path) -> None:
    """Refuse a member list so long that zipfile would need minutes and gigabytes."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _ZIP_TAIL))
        tail = file.read()
    end = len(tail) - 22  # as zipfile does, first look for a record without a comment
    if tail[end : end + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        end = tail.rfind(b"PK\5\6")
    length = int.from_bytes(tail[end + 12 : end + 16], "little")
    is_long = tail[max(0, end - 20) :].startswith(b"PK\6\7")
    if end >= 0 and (length > _MAX_DIRECTORY or is_long):
        raise ValueError(f"has more members than fit in {_MAX_DIRECTORY >> 20} MiB: save P and R")


def _check_sizes(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse members with less data than declared, or too much once they are floats."""
    total = 0
    for name, member in members.items():
        with _member(archive, member) as stream:
            header = io.BytesIO(stream.read(_MAX_HEADER))
            version = np.lib.format.read_magic(header)
            read_header = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read_header(header)
            if dtype.hasobject:
                raise ValueError("holds Python objects, which are not read: save numbers or text")
            count = math.prod(shape)
            if count * dtype.itemsize > member.file_size:
                raise ValueError("holds less than its header says")
        becomes = count * max(dtype.itemsize, _LEAST_BYTES.get(name, 8))
        slowness = 1 if member.compress_type in _QUICK else _SLOWNESS
        total += max(becomes, member.file_size * slowness)
        if total > _MAX_BYTES:
            most = f"{_MAX_BYTES // slowness >> 20} MiB"
            raise ValueError(f"unpacks to more than {most} of floats, the limit")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    with _member(archive, member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


@contextmanager
def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open a member; its errors include its name."""
    with decoding(f"{archive.filename}: {member.filename}"), archive.open(member) as stream:
        yield stream
