"""The one place that compiles: numba's njit with a cache on disk that never fails.

Importing this module loads numba; modules with kernels are imported when they are first used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.registry import CPUDispatcher


def compiled(function: Callable[..., Any], *, fastmath: bool | set[str] = False) -> Any:
    """Compile `function` when it is first called, and keep the result on disk where possible.

    Numba's cache follows the file of the function alone, and would go on with what another module
    had inlined into it; here it follows these too. Kernels allocate nothing: their arrays come from
    the caller.

    Args:
        function: in the subset of Python that numba compiles, without allocation.
        fastmath: LLVM's flags; only where the result proves nothing.
    """
    njit: Any = numba.njit
    dispatcher = njit(error_model="numpy", nogil=True, fastmath=fastmath, _nrt=False)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no directory can be written to: each process compiles for itself
        return dispatcher
    dispatcher._cache._cache_file._source_stamp = _stamps(function)
    return dispatcher


def _stamps(function: Callable[..., Any]) -> list[tuple[int, int]]:
    """Return time and size of the function's file and of those whose kernels it may call."""
    files: set[str] = set()
    waiting: list[Any] = [function]
    while waiting:
        kernel = waiting.pop()
        if kernel.__code__.co_filename not in files:
            files.add(kernel.__code__.co_filename)
            known = kernel.__globals__.values()
            waiting += [other.py_func for other in known if isinstance(other, CPUDispatcher)]
    found = [Path(file).stat() for file in files]
    return sorted((file.st_mtime_ns, file.st_size) for file in found)
