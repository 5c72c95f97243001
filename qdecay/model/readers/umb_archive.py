"""The members of a UMB file: an index in JSON and binary arrays, in a tar that may be compressed.

Nothing in a file is trusted before it is checked: it is unpacked up to a limit, and arrays are
views of the result, with the lengths given in the index.

Source: https://github.com/pmc-tools/umb
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.model.readers.explicit import Indices
from qdecay.model.readers.numbers import Numbers, numbers_array, recovered
from qdecay.model.recover import Recovery, Unchanged
from qdecay_envs.files import require_file

_MAX_MEMBERS = 10_000
_MAX_INDEX = 1 << 20  # bytes, which the parser may expand thirtyfold
_MAX_BITS = 1 << 14  # of a rational
_INT_BITS = 128  # of one of two 64-bit integers
_WHOLE = 1 << 53  # floats hold all whole numbers up to it
_XZ_MEMORY = 1 << 28  # bytes of a dictionary
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ"


class Archive:
    """An open file.

    Attributes:
        index: its `index.json`.
    """

    def __init__(self, path: Path, most: int) -> None:
        """Unpack a file.

        Args:
            path: the file.
            most: bytes of the file, and of what it unpacks to.

        Raises:
            ValueError: it is not such an archive, or is larger; and what the codecs raise on
                damage.
        """
        require_file(path, most)
        self._data = memoryview(_unpacked(path, most))
        self._members: dict[str, memoryview] = {}
        with tarfile.open(fileobj=io.BytesIO(self._data), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= _MAX_MEMBERS:
                    raise ValueError(f"{path}: has more than {_MAX_MEMBERS:,} members")
                if member.isreg() and not member.issparse():
                    end = member.offset_data + member.size
                    self._members[member.name] = self._data[member.offset_data : end]
        self.index = self._index()

    def _index(self) -> dict[str, Any]:
        data = self._members.get("index.json")
        if data is None:
            raise ValueError("the member index.json is missing")
        if len(data) > _MAX_INDEX:
            raise ValueError(f"index.json is larger than {_MAX_INDEX >> 20} MiB")
        return record(json.loads(bytes(data)), "index.json")

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return name in self._members

    def array(self, name: str, kind: str, count: int) -> NDArray[Any] | None:
        """Return the `count` numbers of a member, or None if there is none.

        Raises:
            ValueError: it has another size.
        """
        data = self._members.get(name)
        if data is None:
            return None
        size = count * np.dtype(kind).itemsize
        if len(data) != size:
            raise ValueError(f"{name} must have {size:,} bytes, got {len(data):,}")
        return np.frombuffer(data, dtype=kind)

    def text(self, name: str) -> bytes:
        """Return the bytes of a member."""
        data = self._members.get(name)
        if data is None:
            raise ValueError(f"the member {name} is missing")
        return bytes(data)

    def flags(self, name: str, count: int) -> NDArray[np.bool_]:
        """Return `count` bits, the lowest of the first byte first; zeros if there are none."""
        words = self.array(name, "<u8", -(-count // 64))
        if words is None:
            return np.zeros(count, dtype=np.bool_)
        bits = np.unpackbits(words.view(np.uint8), count=count, bitorder="little")
        return bits.astype(np.bool_)

    def indices(self, name: str, count: int, size: int, kind: str = "<u8") -> Indices:
        """Return `count` indices below `size`; zeros if there are none.

        Raises:
            ValueError: one is larger.
        """
        found = self.array(name, kind, count)
        if found is None:
            found = np.zeros(count, dtype=kind)
        if count and int(found.max()) >= size:
            raise ValueError(f"{name} must have numbers below {size:,}, got {int(found.max()):,}")
        return found.astype(np.int64)

    def ranges(self, name: str, count: int, size: int) -> Indices:
        """Return `count` + 1 bounds from 0 to `size`, of the ranges that belong to `count` things.

        One entry per thing if there is no such member.

        Raises:
            ValueError: they decrease, or do not go from 0 to `size`.
        """
        if name not in self._members:
            if count != size:
                raise ValueError(f"the member {name} is missing")
            return np.arange(count + 1)
        bounds = self.indices(name, count + 1, size + 1)
        if bounds[0] != 0 or bounds[-1] != size or (bounds[1:] < bounds[:-1]).any():
            raise ValueError(f"{name} must not decrease, from 0 to {size:,}")
        return bounds

    def numbers(self, name: str, kind: Any, count: int, recovery: Recovery) -> Numbers:
        """Return `count` numbers of a type that the index describes.

        Raises:
            ValueError: the member is missing, its type is not numeric, or a number is invalid.
        """
        kind = record(kind, f"the type of {name}")
        if kind.get("type") == "double":
            floats = self.array(name, "<f8", count)
            if floats is None:
                raise ValueError(f"the member {name} is missing")
            return recovered(floats, recovery, lambda place: f"number {place} of {name}")
        if kind.get("type") == "rational":
            return self._rationals(name, kind.get("size", _INT_BITS), count, recovery)
        raise ValueError(f"{name} must hold numbers, got the type {kind.get('type')!r:.40}")

    def _rationals(self, name: str, bits: Any, count: int, recovery: Recovery) -> Numbers:
        if not (type(bits) is int and 0 < bits <= _MAX_BITS and bits % _INT_BITS == 0):
            raise ValueError(
                f"the size of {name} must be a multiple of {_INT_BITS}, got {bits!r:.40}"
            )
        words = self.array(name, f"V{bits // 8}", count)
        if words is None:
            raise ValueError(f"the member {name} is missing")
        if bits == _INT_BITS and isinstance(recovery, Unchanged):
            top, bottom = words.view("<i8")[::2], words.view("<u8")[1::2]
            if (np.abs(top) <= _WHOLE).all() and ((bottom > 0) & (bottom <= _WHOLE)).all():
                return top.astype(np.float64) / bottom.astype(np.float64)  # both are exact
        known: dict[bytes, Any] = {}
        found = []
        for place, word in enumerate(words.tolist()):
            if word not in known:
                half = len(word) // 2
                numerator = int.from_bytes(word[:half], "little", signed=True)
                denominator = int.from_bytes(word[half:], "little")
                if not denominator:
                    raise ValueError(f"number {place} of {name} has a zero denominator")
                exact = Fraction(numerator, denominator)
                known[word] = recovery(exact, f"number {place} of {name}")
            found.append(known[word])
        return numbers_array(found, recovery)


def record(value: Any, name: str) -> dict[str, Any]:
    """Return a value of JSON that must be an object."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object, got {value!r:.40}")
    return value


def size_of(table: Mapping[str, Any], name: str, most: int) -> int:
    """Return a whole number of the index, which is 0 where it is missing.

    Raises:
        ValueError: it is not in 0..`most`.
    """
    value = table.get(name, 0)
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{name} must be a whole number up to {most:,}, got {value!r:.40}")
    return value


def _unpacked(path: Path, most: int) -> bytes:
    data = path.read_bytes()
    if data.startswith(_GZIP):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            data = file.read(most + 1)
    elif data.startswith(_XZ):
        xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)
        data = xz.decompress(data, most + 1)
    if len(data) > most:
        raise ValueError(f"{path}: unpacks to more than {most >> 20} MiB, the limit")
    return data
