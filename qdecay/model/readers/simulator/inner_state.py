"""What an environment holds in its attributes, as values that can be compared.

A *field* is an attribute, of the environment or of an object that it holds, under a name such as
`unwrapped.agent.position` or `TimeLimit._elapsed_steps`. Its value is frozen: lists and small
arrays become tuples (a position is the same as array and as tuple), objects become their
attributes, long values become digests, and floats are rounded. Generators are collected separately:
they are not part of a state.
"""

from __future__ import annotations

import random
import types
from collections import deque
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Set
from enum import Enum
from numbers import Number
from typing import Any
from weakref import WeakKeyDictionary

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Space

Generators = np.random.Generator | np.random.RandomState | random.Random
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
PLAIN = {type(None), bool, int, float, complex, str, bytes}
_NUMBERS = {bool, int, float}
_CODE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
)
_CONSTANT = (Space, EnvSpec)
_DIGITS, _ROUNDING = 12, 1e-12  # of floats
_SMALL = 16  # entries of an array that is compared as a tuple
_LONG = 200  # entries of a list, and bytes of an array, beyond which a digest is compared
_EXACT = 2**53  # up to which floats have every whole number
_OBSERVING = {
    "PassiveEnvChecker",
    "OrderEnforcing",
    "TimeLimit",
    "RecordEpisodeStatistics",
    "RecordVideo",
    "HumanRendering",
    "RenderCollection",
}
"""Gymnasium's wrappers whose fields affect nothing except the end by a time limit."""
_slots: WeakKeyDictionary[type, frozenset[str]] = WeakKeyDictionary()
_NOT_STATE = {"env", "_np_random", "_np_random_seed", "_cached_spec"}


def layers(env: Any) -> Iterator[tuple[str, Any]]:
    """Yield the wrappers from the outermost on and the environment itself, with their names."""
    while isinstance(env, gym.Wrapper):
        yield type(env).__name__, env
        env = env.env
    yield "unwrapped", env


def fields(
    env: Any,
    constants: Mapping[str, Any] = {},
    left_out: Container[str] = (),
    *,
    wrappers_only: bool = False,
) -> dict[str, Hashable]:
    """Return the frozen fields of an environment and its wrappers, by name.

    Args:
        env: the environment.
        constants: values to leave out where they have these names.
        left_out: names to leave out.
        wrappers_only: whether to leave out those of the environment itself.
    """
    found: dict[str, Hashable] = {}
    for name, layer in layers(env):
        observes = name in _OBSERVING and type(layer).__module__.startswith("gymnasium.")
        if observes or (wrappers_only and name == "unwrapped"):
            continue
        path = {id(layer)}
        for attribute, value in attributes(layer).items():
            full = f"{name}.{attribute}"
            if attribute not in _NOT_STATE and not (full in constants and constants[full] is value):
                _descend(full, value, found, left_out, path)
    return found


def _descend(
    name: str, value: Any, found: dict[str, Hashable], left_out: Container[str], path: set[int]
) -> None:
    """Add a value to the fields: by its named parts if it has any, otherwise as a whole."""
    if name in left_out:
        return
    if type(value) in PLAIN:
        found[name] = frozen(value)
        return
    inner = _parts(value)
    if inner is None:
        found[name] = frozen(value, path)
    elif id(value) not in path:
        path.add(id(value))
        for part, item in inner.items():
            _descend(f"{name}.{part}", item, found, left_out, path)
        path.discard(id(value))


def _parts(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, (*GENERATORS, *_CODE, *_CONSTANT, Enum, np.ndarray)):
        return None
    if type(value) is dict:
        return value if value and all(isinstance(key, str) for key in value) else None
    if isinstance(value, Mapping | Set | list | tuple | Number):
        return None
    return attributes(value) or None


def attributes(value: Any) -> Mapping[str, Any]:
    """Return the attributes of an object, those in `__slots__` too."""
    own: Mapping[str, Any] = getattr(value, "__dict__", {})
    slots = slots_of(type(value))
    if not slots:
        return own
    return {**own, **{name: getattr(value, name) for name in slots if hasattr(value, name)}}


def slots_of(kind: type) -> frozenset[str]:
    """Return the names in the `__slots__` of a class and of those that it derives from."""
    if kind not in _slots:
        _slots[kind] = frozenset(
            name
            for base in kind.__mro__
            if "__slots__" in vars(base)
            for name, member in vars(base).items()
            if isinstance(member, types.MemberDescriptorType)
        )
    return _slots[kind]


def frozen(value: Any, path: set[int] | None = None) -> Hashable:
    """Return a hashable value that is equal for equal content, of whatever type."""
    if type(value) is float:
        return _rounded(value)
    if type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, Enum):
        return (type(value).__name__, value.name)
    if isinstance(value, np.ndarray):
        return _frozen_array(value, path)
    if isinstance(value, np.generic):
        return frozen(value.item())
    if isinstance(value, GENERATORS):
        return "a generator"
    if isinstance(value, _CONSTANT):
        return type(value).__name__
    if isinstance(value, _CODE):
        return getattr(value, "__qualname__", repr(type(value)))
    path = set() if path is None else path
    if id(value) in path:
        return "a circle"
    path.add(id(value))
    made = _frozen_parts(value, path)
    path.discard(id(value))
    return made


def _rounded(value: float) -> Hashable:
    """Return a float without its rounding: 0.1 + 0.2 is 0.3, and nan is equal to itself."""
    if value.is_integer():
        return value
    if abs(value) < _ROUNDING:
        return 0.0
    return "nan" if value != value else float(f"{value:.{_DIGITS}g}")


def _frozen_array(value: np.ndarray, path: set[int] | None) -> Hashable:
    if value.dtype.hasobject or (value.ndim == 1 and value.size <= _SMALL):
        return tuple(frozen(item, path) for item in value.tolist())
    if value.dtype.kind == "f":
        value = value.round(_DIGITS) + 0.0  # no -0.0
    return (value.shape, value.dtype.str, _digest(value.tobytes()))


def _digest(data: bytes) -> Hashable:
    """Return short data unchanged, or a digest of long data."""
    return data if len(data) <= _LONG else (len(data), hash(data))


def _frozen_row(value: list[Any] | tuple[Any, ...] | deque[Any], path: set[int]) -> Hashable:
    if len(value) > _LONG:
        kinds = set(map(type, value))
        if kinds <= _NUMBERS:
            numbers = np.array(value, np.float64)
            if np.abs(numbers).max() < _EXACT:
                return _frozen_array(numbers, path)
        elif kinds <= PLAIN - {float}:
            return tuple(value)
    return tuple([frozen(item, path) for item in value])


def _frozen_parts(value: Any, path: set[int]) -> Hashable:
    if isinstance(value, list | tuple | deque):
        return _frozen_row(value, path)
    if isinstance(value, Mapping):
        return frozenset((frozen(key, path), frozen(item, path)) for key, item in value.items())
    if isinstance(value, Set):
        return frozenset(frozen(item, path) for item in value)
    kind = type(value).__qualname__
    own = attributes(value)
    if own or hasattr(value, "__dict__"):
        return (kind, *[(name, frozen(item, path)) for name, item in sorted(own.items())])
    try:  # an object without attributes describes itself for pickling
        made = value.__reduce_ex__(4)
    except Exception:
        return kind
    return (kind, made if isinstance(made, str) else frozen(made[1:3], path))


def generators(env: Any, constants: Iterable[int] = ()) -> dict[str, Generators]:
    """Return the generators that an environment and its wrappers hold, each once, by name."""
    found: dict[int, tuple[str, Generators]] = {}
    seen = set(constants)
    for name, layer in layers(env):
        for attribute, value in attributes(layer).items():
            if attribute != "env":
                shown = "np_random" if attribute == "_np_random" else attribute
                _collect(f"{name}.{shown}", value, found, seen)
    return dict(found.values())


def _collect(
    name: str, value: Any, found: dict[int, tuple[str, Generators]], seen: set[int]
) -> None:
    if isinstance(value, GENERATORS):
        found.setdefault(id(value), (name, value))
        return
    if type(value) in PLAIN or id(value) in seen:
        return
    if isinstance(value, (*_CODE, np.ndarray, EnvSpec)):
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for key, item in value.items():
            _collect(f"{name}.{key}", item, found, seen)
    elif isinstance(value, list | tuple | deque):
        if not PLAIN.issuperset(map(type, value)):
            for item in value:
                _collect(name, item, found, seen)
    else:
        for attribute, item in attributes(value).items():
            _collect(f"{name}.{attribute.lstrip('_')}", item, found, seen)
