"""Copies of an environment, from which every action is tried.

Copies are made by `copy.deepcopy` or, three times as fast, by pickling the same parts: attributes
are copied, functions and classes shared. An environment's own pickling methods are ignored, since
Gymnasium's `EzPickle` would rebuild it and lose its state. An environment with a `__deepcopy__`,
or with a part that cannot be pickled, is copied by deepcopy. Alternatively the caller passes a pair
of functions, which set one environment to any state.

Large attributes that an environment has before its first episode, such as a table or images, are
shared by all copies, with everything they contain; none of them is the caller's own object. Whether
they stay unchanged is checked after every step at first, later after some steps and before every
reset. If one changes it is copied from then on, and exploring starts again.
"""

from __future__ import annotations

import copy
import gc
import io
import pickle
import random
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping
from itertools import count
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Space

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay.model.readers.simulator.inner_state import (
    PLAIN,
    Generators,
    attributes,
    generators,
    layers,
    slots_of,
)

Env = gym.Env[Any, Any]
_LARGE = 500  # bytes from which an attribute is shared


class SharedChangedError(Exception):
    """Parts that all copies share have changed.

    Attributes:
        names: of these parts.
    """

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


class Copier(ABC):
    """Saves the state of an environment, and makes an environment of a saved state.

    Attributes:
        parts: what all copies share, by name.
        constants: the same parts and everything they contain, by `id`.
    """

    def __init__(self, constants: Mapping[str, Any] = {}) -> None:
        """Share the named parts."""
        self.parts = constants
        self._before = {name: (value, _bytes(value)) for name, value in constants.items()}
        self.constants: Mapping[int, Any] = _reached(constants.values())

    @abstractmethod
    def new(self) -> tuple[Env, list[Generators]]:
        """Return a fresh copy of the given environment, and its generators."""

    @abstractmethod
    def save(self, env: Env) -> Any:
        """Return the current state."""

    @abstractmethod
    def load(self, saved: Any) -> tuple[Env, list[Generators]]:
        """Return an environment in that state, and its generators; the previous one is no longer
        used."""

    def look(self) -> None:
        """Check that the shared parts are unchanged.

        Raises:
            SharedChangedError: some have changed.
        """
        parts = self._before.items()
        if changed := frozenset(name for name, (part, data) in parts if _bytes(part) != data):
            raise SharedChangedError(changed)

    def close(self) -> None:  # noqa: B027  # most forget nothing
        """Forget what is shared."""


def copier(
    env: Env,
    get_state: Callable[[Any], Any] | None,
    set_state: Callable[[Any, Any], Any] | None,
    copied: Container[str] = (),
) -> Copier:
    """Return a copier of an environment; `copied` names large parts that must not be shared.

    Raises:
        TypeError: it cannot be copied; or only one function is given, or one is not a function.
    """
    if get_state is not None or set_state is not None:
        if not (callable(get_state) and callable(set_state)):
            raise TypeError("get_state and set_state must be two functions: of env, and env, state")
        return _Pair(env, get_state, set_state)
    if not any(hasattr(type(layer), "__deepcopy__") for _, layer in layers(env)):
        try:
            return _sharing(_Pickled, env, copied)
        except Exception:  # whatever a part of it raises
            pass
    try:
        return _sharing(_DeepCopied, env, copied)
    except Exception as error:
        raise TypeError(cannot_be_copied(error)) from error


def cannot_be_copied(error: Exception, steps: int = 0) -> str:
    """Return the message for an environment that cannot be copied after this many steps."""
    after = f" after {counted(steps, 'step')}" if steps else ""
    return (
        f"the environment cannot be copied{after} ({one_line(str(error))}): pass get_state(env) "
        f"and set_state(env, state); or make it without windows and files (render_mode=None)"
    )


def _sharing(
    kind: Callable[[Env, Mapping[str, Any]], Copier], env: Env, copied: Container[str]
) -> Copier:
    """Return a copier of a copy, so that none of the caller's own parts is shared."""
    whole = kind(env, {})
    own, _ = whole.new()
    whole.close()
    for _, layer in layers(own):
        for value in vars(layer).values():
            if isinstance(value, Space) and value._np_random is None:
                value.seed(0)  # otherwise the system would seed each copy
    made = kind(own, _large_parts(own, copied))
    made.new()
    return made


def _large_parts(env: Env, copied: Container[str]) -> dict[str, Any]:
    """Return large attributes, and spaces, by name, except those that must be copied."""
    found = {}
    for name, layer in layers(env):
        for attribute, value in vars(layer).items():
            if attribute == "env" or f"{name}.{attribute}" in copied:
                continue
            if any(isinstance(part, gym.Env) for part in _reached([value]).values()):
                continue  # a shared part would refer to one copy only
            data = _bytes(value)
            if data is not None and (len(data) > _LARGE or isinstance(value, Space)):
                found[f"{name}.{attribute}"] = value
    return found


def _reached(parts: Iterable[Any]) -> dict[int, Any]:
    """Return parts and everything they contain, except plain values and code, by `id`."""
    found: dict[int, Any] = {}
    left = list(parts)
    while left:
        part = left.pop()
        if id(part) in found or type(part) in PLAIN or isinstance(part, _CODE):
            continue
        found[id(part)] = part
        left += gc.get_referents(part)
        if isinstance(part, np.ndarray):
            left.append(part.base)
            left += part.ravel().tolist() if part.dtype.hasobject else ()
    return found


def _bytes(value: Any) -> bytes | None:
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return value.tobytes()
    try:
        return pickle.dumps(value)
    except Exception:  # it may hold anything
        return None


class _Pickled(Copier):
    def __init__(self, env: Env, constants: Mapping[str, Any]) -> None:
        super().__init__(constants)
        self.numbers: dict[int, int] = {}
        for part in self.constants.values():
            self.number(part)
        self._unused = self.save(env)

    def number(self, part: Any) -> int:
        """Return the number under which a part is shared."""
        number = self.numbers.get(id(part))
        if number is None:
            number = self.numbers[id(part)] = next(_next)
            _shared[number] = part  # kept alive, so that its id is not reused
        return number

    def new(self) -> tuple[Env, list[Generators]]:
        return self.load(self._unused)

    def save(self, env: Env) -> bytes:
        file = io.BytesIO()
        _Pickler(file, self).dump(env)
        return file.getvalue()

    def load(self, saved: bytes) -> tuple[Env, list[Generators]]:
        _revived.clear()
        env = _Unpickler(io.BytesIO(saved)).load()  # our own bytes, of this process
        return env, _revived.copy()

    def close(self) -> None:
        for number in self.numbers.values():
            del _shared[number]
        self.numbers.clear()


class _DeepCopied(Copier):
    def __init__(self, env: Env, constants: Mapping[str, Any]) -> None:
        super().__init__(constants)
        self._unused = self.save(env)

    def new(self) -> tuple[Env, list[Generators]]:
        return self.load(self._unused)

    def save(self, env: Env) -> Env:
        return copy.deepcopy(env, dict(self.constants))

    def load(self, saved: Env) -> tuple[Env, list[Generators]]:
        env = self.save(saved)
        return env, list(generators(env, self.constants).values())


class _Pair(Copier):
    """One environment that the caller's functions set to a state; its time limits are set as
    well."""

    def __init__(
        self, env: Env, get_state: Callable[[Any], Any], set_state: Callable[[Any, Any], Any]
    ) -> None:
        super().__init__()
        self.env, self._get, self._set = env, get_state, set_state

    def new(self) -> tuple[Env, list[Generators]]:
        return self.env, list(generators(self.env).values())

    def save(self, env: Env) -> Any:
        return self._get(env), [limit._elapsed_steps for limit in _limits(env)]

    def load(self, saved: Any) -> tuple[Env, list[Generators]]:
        state, elapsed = saved
        self._set(self.env, state)
        for limit, steps in zip(_limits(self.env), elapsed, strict=True):
            limit._elapsed_steps = steps
        return self.new()


def _limits(env: Env) -> list[gym.wrappers.TimeLimit]:
    return [layer for _, layer in layers(env) if isinstance(layer, gym.wrappers.TimeLimit)]


_CODE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    EnvSpec,
    random.SystemRandom,
)
_shared: dict[int, Any] = {}
_next = count()
_revived: list[Generators] = []


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, owner: _Pickled) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._owner, self._shared = owner, owner.numbers.get

    def persistent_id(self, part: Any) -> int | None:
        """Return the number of what is shared already."""
        return self._shared(id(part))

    def reducer_override(self, part: Any) -> Any:
        """Say how a part that is not plain data is copied."""
        if isinstance(part, types.FunctionType) and part in _OWN:
            return NotImplemented
        if isinstance(part, _CODE):
            return _share, (self._owner.number(part),)
        if isinstance(part, gym.Env):
            return _blank, (type(part),), attributes(part), None, None, _fill
        if isinstance(part, np.random.Generator):
            return _generator, (type(part.bit_generator), part.bit_generator.state)
        if isinstance(part, np.random.RandomState):
            return _random_state, (part.get_state(),)
        if type(part) is random.Random:
            return _python_random, (part.getstate(),)
        if isinstance(part, np.ndarray) and isinstance(part.base, np.ndarray):
            return _reduced_view(part, part.base)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, number: int) -> Any:
        """Return the shared part of a number."""
        return _shared[number]


def _reduced_view(part: np.ndarray, base: np.ndarray) -> Any:
    """Say how a view is rebuilt so that it still refers to its base array."""
    if not base.flags.c_contiguous or base.dtype.hasobject or part.dtype.hasobject:
        return NotImplemented
    offset = part.ctypes.data - base.ctypes.data
    return _view, (base, part.shape, part.dtype, offset, part.strides)


def _view(
    base: np.ndarray, shape: Any, dtype: Any, offset: int, strides: Any
) -> np.ndarray[Any, Any]:
    return np.ndarray(shape, dtype, base.data, offset, strides)


def _share(number: int) -> Any:
    return _shared[number]


def _blank(kind: type) -> Any:
    return object.__new__(kind)


def _fill(env: Any, held: dict[str, Any]) -> None:
    slots = slots_of(type(env))
    vars(env).update({name: part for name, part in held.items() if name not in slots})
    for name in slots & held.keys():
        object.__setattr__(env, name, held[name])


def _generator(kind: type[np.random.BitGenerator], state: Any) -> np.random.Generator:
    bits = kind(0)
    bits.state = state
    made = np.random.Generator(bits)
    _revived.append(made)
    return made


def _random_state(state: Any) -> np.random.RandomState:
    made = np.random.RandomState(0)
    made.set_state(state)
    _revived.append(made)
    return made


def _python_random(state: Any) -> random.Random:
    made = random.Random()
    made.setstate(state)
    _revived.append(made)
    return made


_OWN = (_share, _blank, _fill, _view, _generator, _random_state, _python_random)
