"""The one place that compiles: numba's njit with a cache on disk that never fails.

Importing this module loads numba; modules with kernels are imported when they are first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any], *, fastmath: bool | set[str] = False) -> Any:
    """Compile `function` when it is first called, and keep the result on disk where possible.

    Numba's cache follows the file of the function alone, so kernels that call each other belong
    in one module. Kernels allocate nothing: their arrays come from the caller.

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
    return dispatcher
