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
    had inlined into it; here it follows these too. It would also name a kernel that the function
    closes over anew in each process, and never find it again. Kernels allocate nothing: their
    arrays come from the caller.

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
    cache, name = dispatcher._cache, _name(function)
    cache._cache_file._source_stamp = _stamps(function)
    cache._index_key = lambda signature, codegen: (signature, codegen.magic_tuple(), name)
    return dispatcher


def _closed_over(function: Any) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _name(function: Any) -> tuple[Any, ...]:
    """Return the function's name, its code and what it closes over, kernels in this same way."""
    parts = (_name(part.py_func) if _is_kernel(part) else part for part in _closed_over(function))
    return function.__qualname__, function.__code__.co_code, *parts


def _is_kernel(value: Any) -> bool:
    return isinstance(value, CPUDispatcher)


def _stamps(function: Callable[..., Any]) -> list[tuple[int, int]]:
    """Return time and size of the function's file and of those whose kernels it may call."""
    files: set[str] = set()
    waiting: list[Any] = [function]
    while waiting:
        kernel = waiting.pop()
        if kernel.__code__.co_filename not in files:
            files.add(kernel.__code__.co_filename)
            known = [*kernel.__globals__.values(), *_closed_over(kernel)]
            waiting += [other.py_func for other in known if _is_kernel(other)]
    found = [Path(file).stat() for file in files]
    return sorted((file.st_mtime_ns, file.st_size) for file in found)
