"""The packages that results depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

_PACKAGES = ("qdecay", "numpy", "numba", "gymnasium", "sympy", "python-flint")


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of Python and of these packages in this process."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a checkout that is not installed
            found[name] = "unknown"
    return MappingProxyType(found)


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return what differs, such as "numpy 2.0 -> 2.1"; "" if nothing does.

    >>> changes({"numpy": "2.0", "numba": "0.61"}, {"numpy": "2.1", "numba": "0.61"})
    'numpy 2.0 -> 2.1'
    """
    pairs = ((name, before.get(name), new) for name, new in now.items())
    return ", ".join(f"{name} {old} -> {new}" for name, old, new in pairs if old != new)
