"""What decompressors, codecs and parsers raise on damaged bytes, as one-line errors.

Each name is in the documentation of the module that raises it;
`tests/envs/test_decoding.py` goes through the table.
"""

from __future__ import annotations

import importlib
import os
import struct
import tarfile
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

_SHOWN = 200  # characters of an error's text


def _of(module: str, name: str) -> tuple[type[Exception], ...]:
    """An error of a module that this Python may have been built without."""
    try:
        return (getattr(importlib.import_module(module), name),)
    except ImportError:
        return ()


DECODING_ERRORS: tuple[type[Exception], ...] = (
    ValueError,  # json, tomllib, numpy's headers, bz2; a UnicodeError for text that is not UTF-8
    OSError,  # of reading; gzip.BadGzipFile; bz2 and tarfile on broken streams
    EOFError,  # zipfile, gzip, bz2, lzma: the stream ends too early
    RuntimeError,  # zipfile: a password is needed, or a module is missing
    NotImplementedError,  # zipfile: another compression method, an archive in parts
    RecursionError,  # json, tomllib and ast: nested too deeply
    LookupError,  # zipfile and tarfile: no such member; codecs: no such encoding
    OverflowError,  # numpy: a shape beyond what a C integer holds
    TypeError,  # numpy: a header with keys of several types
    SyntaxError,  # numpy reads a header as a literal
    tokenize.TokenError,  # and headers of Python 2 with the tokenizer
    MemoryError,  # a size beyond the machine's memory
    struct.error,  # truncated fields of a header
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    *_of("lzma", "LZMAError"),
    *_of("compression.zstd", "ZstdError"),  # from Python 3.14 on
)
"""All of them; some are subclasses of others, and stand here for the reader."""


@contextmanager
def decoding(
    path: str | os.PathLike[str], *more: type[Exception], problem: str = ""
) -> Iterator[None]:
    """Turn what reading a file raises into a one-line ValueError that starts with the path.

    Warnings are suppressed: a file is either read or not.

    Args:
        path: the file.
        more: errors of other libraries.
        problem: the start of the message, such as "not TOML: ".
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (*DECODING_ERRORS, *more) as error:
        name = os.fspath(path)
        text = str(error)
        if isinstance(error, ValueError) and text.startswith(f"{name}:"):
            raise
        raise ValueError(f"{name}: {problem}{_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The error's text in one line, or a description if it has none."""
    if isinstance(error, RecursionError):
        return "lists or objects are nested too deeply"
    if isinstance(error, MemoryError):
        return "not enough memory for what it claims to contain"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(text[:4000].split())
    if not line:
        return "is damaged: it ends too early" if isinstance(error, EOFError) else "is damaged"
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
