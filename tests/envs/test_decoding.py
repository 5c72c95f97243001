"""Every error that a decompressor, a codec or a parser can raise is one line with the path."""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import tokenize
import tomllib
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fuzzing import METHODS, packed
from shell import check_refused

from qdecay.errors import InputError
from qdecay.model.readers.npz import read_npz
from qdecay_envs.decoding import DECODING_ERRORS, decoding


def zipped(damage: Callable[[bytearray], object], method: int = 0) -> Callable[[], object]:
    def read() -> object:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("a", b"x" * 99)
        data = bytearray(file.getvalue())
        damage(data)
        return zipfile.ZipFile(io.BytesIO(data)).read("a")

    return read


def centre(data: bytearray) -> int:
    return data.index(b"PK\1\2")


def put(offset: int, value: bytes) -> Callable[[bytearray], object]:
    """Damage the same field of the local and of the central header."""

    def damage(data: bytearray) -> None:
        data[offset : offset + len(value)] = value
        start = centre(data) + offset + 2
        data[start : start + len(value)] = value

    return damage


def npy(text: bytes) -> Callable[[], object]:
    data = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
    return lambda: np.load(io.BytesIO(data), allow_pickle=False)


def header(shape: str, kind: str = "<f8") -> bytes:
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()


def tar(data: bytes) -> Callable[[], object]:
    return lambda: tarfile.open(fileobj=io.BytesIO(data)).getmembers()


RAISE: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "zip: no archive": (zipfile.BadZipFile, lambda: zipfile.ZipFile(io.BytesIO(b"x"))),
    "zip: checksum": (zipfile.BadZipFile, zipped(lambda data: data.__setitem__(40, 0))),
    "zip: password": (RuntimeError, zipped(put(6, b"\1\0"))),
    "zip: method": (NotImplementedError, zipped(put(8, b"\x63\0"))),
    "zip: member": (KeyError, lambda: zipfile.ZipFile(io.BytesIO(b"PK\5\6" + bytes(18))).read("a")),
    "zip: deflate": (zlib.error, zipped(put(8, b"\x08\0"))),
    "zip: bzip2": (OSError, zipped(put(8, b"\x0c\0"))),
    "zip: lzma": (lzma.LZMAError, zipped(lambda data: data.__setitem__(35, 255), zipfile.ZIP_LZMA)),
    "zlib": (zlib.error, lambda: zlib.decompress(b"x" * 9)),
    "gzip": (gzip.BadGzipFile, lambda: gzip.decompress(b"x" * 20)),
    "gzip: cut off": (EOFError, lambda: gzip.decompress(gzip.compress(b"x")[:9])),
    "bz2": (OSError, lambda: bz2.decompress(b"x" * 9)),
    "lzma": (lzma.LZMAError, lambda: lzma.decompress(b"x" * 9)),
    "tar": (tarfile.ReadError, tar(b"x" * 600)),
    "tar: xz": (tarfile.ReadError, tar(lzma.compress(b"x" * 600)[:40])),
    "struct": (struct.error, lambda: struct.unpack("<I", b"x")),
    "npy: syntax": (SyntaxError, lambda: ast.literal_eval("{'descr': ")),
    "npy: tokens": (
        tokenize.TokenError,
        lambda: list(tokenize.generate_tokens(io.StringIO("{'a': (2,").readline)),
    ),
    "npy: header": (ValueError, npy(b"{'descr': '<f8'}")),
    "npy: keys": (TypeError, npy(b"{1: 2, 'a': 3}")),
    "npy: shape": (OverflowError, npy(header("(99999999999999999999,)"))),
    "npy: dtype": (ValueError, npy(header("(1,)", "<f5"))),
    "npy: objects": (ValueError, npy(header("(1,)", "|O"))),
    "npy: cut off": (ValueError, npy(header("(1,)"))),
    "npy: too large": (MemoryError, lambda: np.empty(2**60, np.uint8)),
    "json": (json.JSONDecodeError, lambda: json.loads("{")),
    "json: deep": (RecursionError, lambda: json.loads("[" * 100_000)),
    "toml": (tomllib.TOMLDecodeError, lambda: tomllib.loads("=")),
    "utf-8": (UnicodeDecodeError, lambda: b"\xff".decode()),
    "codec": (LookupError, lambda: b"x".decode("no such")),
}


@pytest.mark.parametrize("name", RAISE)
def test_each_error_is_one_line_that_starts_with_the_path(name: str) -> None:
    """And each is raised by the library itself, so that a name that it changes is seen."""
    kind, read = RAISE[name]
    with pytest.raises(kind):
        read()
    with pytest.raises(ValueError, match=r"\Aa\.npz: [^\n]+\Z"), decoding("a.npz"):
        read()


@pytest.mark.parametrize("kind", DECODING_ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 5000])
def test_an_error_of_any_text_is_one_short_line(kind: type[Exception], text: str) -> None:
    error = kind("utf-8", b"", 0, 1, text) if issubclass(kind, UnicodeError) else kind(text)
    with pytest.raises(ValueError, match=r"\Aa\.npz: [^\n]{5,230}\Z"), decoding("a.npz"):
        raise error


def test_an_error_that_is_none_of_a_file_is_not_hidden() -> None:
    """A fault of the program is to be seen whole."""
    with pytest.raises(ZeroDivisionError), decoding("a.npz"):
        raise ZeroDivisionError


def test_a_line_that_has_the_path_is_left_alone() -> None:
    with pytest.raises(InputError, match=r"\Aa\.npz: why\Z"), decoding("a.npz"):
        raise InputError("a.npz: why")


def test_a_warning_of_a_library_is_not_shown() -> None:
    with warnings.catch_warnings(record=True) as seen, decoding("a.npz"):
        warnings.warn("old", stacklevel=1)
    assert not seen


SOUND = {"P": np.eye(3)[None], "R": np.arange(3.0)}


@pytest.mark.parametrize("method", METHODS)
def test_an_archive_of_any_method_is_read(tmp_path: Path, method: int) -> None:
    (tmp_path / "m.npz").write_bytes(packed(SOUND, method))
    assert read_npz(tmp_path / "m.npz")["R"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", [30, 45, 60, 80, 120, 200])
def test_a_damaged_archive_of_any_method_is_refused_in_one_line(
    capsys, monkeypatch, tmp_path: Path, method: int, place: int
) -> None:
    """From the member's first byte on, whatever the method; bytes of 255 are no sound stream."""
    data = bytearray(packed(SOUND, method))
    data[place : place + 40] = b"\xff" * 40
    (tmp_path / "m.npz").write_bytes(data)
    arguments = ["regions", "m.npz", "--json"]
    check_refused(capsys, monkeypatch, tmp_path, arguments, "qdecay: m.npz: ")
