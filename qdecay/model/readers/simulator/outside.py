"""What an environment can reach outside of its attributes, so that its copies share it.

Attributes of its classes, names in their modules, closures of its functions, module-level
generators: if one of these changes, that is why two copies do not do the same.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np

from qdecay.model.readers.simulator.inner_state import GENERATORS, frozen, layers
from qdecay.model.readers.simulator.machine import generator_state

_OTHERS = {"gymnasium", "builtins", "typing", "abc", "collections"}


def outside(env: Any) -> dict[str, Hashable]:
    """Return these parts, by name."""
    found: dict[str, Hashable] = {}
    for _, layer in layers(env):
        found |= _held("", _closures(vars(layer)))
        for kind in type(layer).__mro__:
            if kind.__module__.partition(".")[0] in _OTHERS:
                continue
            found |= _held(f"{kind.__qualname__}.", vars(kind).items())
            found |= _held("", _closures(vars(kind)))
            module = sys.modules.get(kind.__module__)
            found |= _held(f"{kind.__module__}.", vars(module).items() if module else ())
    return found


def _held(before: str, items: Iterable[tuple[str, Any]]) -> dict[str, Hashable]:
    held: dict[str, Hashable] = {}
    for name, value in items:
        if isinstance(value, GENERATORS):
            held[before + name] = generator_state(value)
        elif not name.startswith("__") and isinstance(
            value, int | float | str | list | dict | set | tuple | np.ndarray
        ):
            held[before + name] = frozen(value)
    return held


def _closures(attributes: Any) -> Iterator[tuple[str, Any]]:
    for attribute in list(attributes.values()):
        if isinstance(attribute, types.FunctionType):
            for name, cell in zip(
                attribute.__code__.co_freevars, attribute.__closure__ or (), strict=True
            ):
                try:
                    yield f"{attribute.__name__}'s {name}", cell.cell_contents
                except ValueError:  # not yet assigned
                    continue
