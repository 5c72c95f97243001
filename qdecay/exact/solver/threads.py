"""One thread for linear algebra on matrices of a few hundred rows.

The floating-point windows (`window`) compute many small products. A BLAS that splits each of them
among cores gains nothing if these are idle, and waits for them if they are not: on a busy machine
with 2 cores, regions took 15 times the processor time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import scipy.linalg  # noqa: F401  # loads SciPy's own BLAS; NumPy's is loaded with it
from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Made here, where no limit of time can interrupt it; it opens files.
_CONTROLLER = ThreadpoolController()


def on_one_thread(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Return a wrapper of the function whose calls use one BLAS thread."""

    @wraps(function)
    def limited(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with _CONTROLLER.limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
