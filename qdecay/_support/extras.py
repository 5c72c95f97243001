"""Optional packages: imported when used; if missing, the error says how to install them."""

from __future__ import annotations

import importlib
from typing import Any

from qdecay.errors import InputError


def require(module: str, extra: str, what: str) -> Any:
    """Return a module from one of qdecay's extras.

    Args:
        module: its dotted name.
        extra: the extra of `pyproject.toml` that has it.
        what: what needs it, the start of the message, such as "plots".

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(f'{what} need {package}: pip install "qdecay[{extra}]"') from error
