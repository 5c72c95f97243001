"""Packages that not everybody needs: imported when used, and missed with the line that helps."""

from __future__ import annotations

import importlib
from typing import Any

from qdecay.errors import InputError


def require(module: str, extra: str, what: str) -> Any:
    """Return a module that one of qdecay's extras installs.

    Args:
        module: its dotted name.
        extra: the extra of `pyproject.toml` that has it.
        what: who needs it, as the message begins: "plots", for instance.

    Raises:
        InputError: it is not installed; the message says what to run.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(f'{what} need {package}: pip install "qdecay[{extra}]"') from error
