"""The one place that compiles: numba's njit with a cache on disk that never fails.

Importing this module loads numba. It replaces parts of numba's cache that are not public: tested
with 0.61.0 and 0.68.1, the range that `pyproject.toml` allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import IndexDataCacheFile
from numba.core.registry import CPUDispatcher

_Untyped: Any = IndexDataCacheFile

# NUMBA_DISABLE_JIT is meant for users' own functions. The kernels are written for the compiler,
# with records that Python cannot read, and numba's own helpers are compiled with them.
_config: Any = numba.config
_config.DISABLE_JIT = 0


class _CacheFile(_Untyped):  # type: ignore[misc]
    """Numba's index of compiled code, with data files named by their content.

    Numba itself numbers them. Two processes that compile at the same time may choose the same
    number, and the code of one would then run instead of the other's in every later process; and a
    process that reads an index before its data is written would get the code of an older source.
    """

    def save(self, key: Any, data: Any) -> None:
        """Store compiled code; the data first, so that the index never names a missing file.

        On a full disk it is compiled again by the next process.
        """
        content = repr((key, self._source_stamp)).encode()
        name = f"{self._index_name}.{hashlib.sha256(content).hexdigest()[:16]}.nbc"
        with suppress(OSError):
            self._save_data(name, data)
            self._save_index({**self._load_index(), key: name})

    def _load_index(self) -> Any:
        """Return the index; empty if it cannot be read, for example because a class in it is
        gone."""
        try:
            return super()._load_index()
        except Exception:  # unpickling may raise anything
            return {}


def compiled(
    function: Callable[..., Any], *, fastmath: bool | set[str] = False, inlined: bool = False
) -> Any:
    """Compile `function` when it is first called, and keep the result on disk where possible.

    Numba's cache only tracks the function's own file, and would keep outdated code inlined from
    another module; this one tracks these modules too. Kernels allocate nothing: their arrays come
    from the caller.

    A closure is named after its content. Numba numbers closures in order, and the linker would
    mistake a kernel that another process stored under a number for the one with that number here:
    one would silently run instead of the other.

    Args:
        function: in the subset of Python that numba compiles, without allocation.
        fastmath: LLVM's flags; only if no proof depends on the result.
        inlined: whether to copy it into its callers, if a call would cost more than its work.
    """
    if function.__closure__:
        content = repr(_content(function)).encode()
        function.__qualname__ += f"_{hashlib.sha256(content).hexdigest()[:16]}"
    njit: Any = numba.njit
    options = {"fastmath": fastmath, "inline": "always" if inlined else "never"}
    dispatcher = njit(error_model="numpy", nogil=True, _nrt=False, **options)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no writable directory: each process compiles for itself
        return dispatcher
    cache = dispatcher._cache
    base = cache._impl.filename_base
    cache._cache_file = _CacheFile(cache._cache_path, base, _stamps(function))
    cache._index_key = _index_key
    return dispatcher


def _index_key(signature: Any, codegen: Any) -> tuple[Any, ...]:
    """Return numba's key and the fields of records: compiled code reads them by position."""
    classes = (getattr(kind, "instance_class", None) for kind in signature)
    fields = tuple(known._fields for known in classes if known is not None)
    return signature, fields, codegen.magic_tuple()


def _content(function: Any) -> tuple[Any, ...]:
    """Return the function's name, its code and its closure: kernels, numbers, names."""
    parts = (p.py_func.__qualname__ if _is_kernel(p) else p for p in _closed_over(function))
    return function.__qualname__, function.__code__.co_code, *parts


def _closed_over(function: Any) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _is_kernel(value: Any) -> bool:
    return isinstance(value, CPUDispatcher)


def _stamps(function: Callable[..., Any]) -> list[tuple[int, int]]:
    """Return time and size of the function's file and of those whose kernels it may call."""
    files = {__file__}  # this file has the options
    waiting: list[Any] = [function]
    while waiting:
        kernel = waiting.pop()
        if kernel.__code__.co_filename not in files:
            files.add(kernel.__code__.co_filename)
            known = [*kernel.__globals__.values(), *_closed_over(kernel)]
            waiting += [other.py_func for other in known if _is_kernel(other)]
    found = [Path(file).stat() for file in files]
    return sorted((file.st_mtime_ns, file.st_size) for file in found)
