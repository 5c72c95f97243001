"""Copies of an environment, from which every action is tried.

A copy is what `copy.deepcopy` makes, or, three times as fast, what pickling the same parts makes:
attributes are copied, functions and classes shared. What an environment defines for its own
pickling does not count, since Gymnasium's `EzPickle` builds it anew and so forgets its state. An
environment with a `__deepcopy__`, or with a part that cannot be pickled, is copied by deepcopy. Or
the caller names a pair of functions, and one environment goes from state to state.

Large attributes that an environment has before its first episode, such as a table or images, are
shared too; whether they stayed as they were is looked at in the end.
"""

from __future__ import annotations

import copy
import io
import pickle
import random
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Space

from qdecay._support.one_line import one_line
from qdecay.model.readers.simulator.inner_state import Generators, generators, layers

Env = gym.Env[Any, Any]
_LARGE = 500  # bytes from which an attribute is shared


class Copier(ABC):
    """Saves the state of an environment, and makes an environment of a saved state.

    Attributes:
        constants: parts that all copies share, by their `id`.
    """

    def __init__(self, constants: Mapping[str, Any] = {}) -> None:
        """Share the named parts."""
        self._before = {name: (value, _bytes(value)) for name, value in constants.items()}
        self.constants: Mapping[int, Any] = {id(value): value for value in constants.values()}

    @abstractmethod
    def new(self) -> tuple[Env, list[Generators]]:
        """Return an environment as it was given, and its generators."""

    @abstractmethod
    def save(self, env: Env) -> Any:
        """Return the state as it is now."""

    @abstractmethod
    def load(self, saved: Any) -> tuple[Env, list[Generators]]:
        """Return an environment in that state, and its generators; the last one is given up."""

    def changed(self) -> list[str]:
        """Return the names of the shared parts that did not stay as they were."""
        return [name for name, (value, data) in self._before.items() if _bytes(value) != data]

    def close(self) -> None:  # noqa: B027  # most forget nothing
        """Forget what is shared."""


def copier(
    env: Env,
    get_state: Callable[[Any], Any] | None,
    set_state: Callable[[Any, Any], Any] | None,
    *,
    share: bool = True,
) -> Copier:
    """Return what copies an environment; `share` says whether large parts are shared.

    Raises:
        TypeError: it cannot be copied; or only one function is given, or one is no function.
    """
    if get_state is not None or set_state is not None:
        if not (callable(get_state) and callable(set_state)):
            raise TypeError("get_state and set_state must be two functions: of env, and env, state")
        return _Pair(env, get_state, set_state)
    constants = _large_parts(env) if share else {}
    if not any(hasattr(type(layer), "__deepcopy__") for _, layer in layers(env)):
        try:
            made = _Pickled(env, constants)
            made.new()
        except Exception:  # whatever a part of it raises
            pass
        else:
            return made
    try:
        return _DeepCopied(env, constants)
    except Exception as error:
        raise TypeError(
            f"the environment cannot be copied ({one_line(str(error))}): pass get_state(env) and "
            f"set_state(env, state)"
        ) from error


def _large_parts(env: Env) -> dict[str, Any]:
    """Return large attributes, and spaces, by name."""
    found = {}
    for name, layer in layers(env):
        for attribute, value in vars(layer).items():
            if attribute != "env" and not isinstance(value, gym.Env):
                data = _bytes(value)
                if data is not None and (len(data) > _LARGE or isinstance(value, Space)):
                    found[f"{name}.{attribute}"] = value
    return found


def _bytes(value: Any) -> bytes | None:
    try:
        return pickle.dumps(value)
    except Exception:  # it may hold anything
        return None


class _Pickled(Copier):
    def __init__(self, env: Env, constants: Mapping[str, Any]) -> None:
        super().__init__(constants)
        self._numbers: dict[int, int] = {}
        self._unused = self.save(env)

    def number(self, part: Any) -> int:
        """Return the number under which a part is shared."""
        number = self._numbers.get(id(part))
        if number is None:
            number = self._numbers[id(part)] = next(_next)
            _shared[number] = part  # and so its id stays its own
        return number

    def new(self) -> tuple[Env, list[Generators]]:
        return self.load(self._unused)

    def save(self, env: Env) -> bytes:
        file = io.BytesIO()
        _Pickler(file, self).dump(env)
        return file.getvalue()

    def load(self, saved: bytes) -> tuple[Env, list[Generators]]:
        _revived.clear()
        env = pickle.loads(saved)  # our own bytes, of this process
        return env, _revived.copy()

    def close(self) -> None:
        for number in self._numbers.values():
            del _shared[number]
        self._numbers.clear()


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
    """One environment that the caller's functions set; time limits are set along."""

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


class _Constant:
    """Stands for a part that is shared."""

    def __init__(self, part: Any) -> None:
        self.part = part


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, owner: _Pickled) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._owner = owner

    def reducer_override(self, part: Any) -> Any:
        """Say how a part that is no plain data is copied."""
        if isinstance(part, types.FunctionType) and part in _OWN:
            return NotImplemented
        if isinstance(part, _CODE):
            return _share, (self._owner.number(part),)
        if isinstance(part, _Constant):
            return _share, (self._owner.number(part.part),)
        if isinstance(part, gym.Env):
            constants = self._owner.constants
            own = {
                name: _Constant(value) if id(value) in constants else value
                for name, value in vars(part).items()
            }
            return _blank, (type(part),), own, None, None, _fill
        if isinstance(part, np.random.Generator):
            return _generator, (type(part.bit_generator), part.bit_generator.state)
        if isinstance(part, np.random.RandomState):
            return _random_state, (part.get_state(),)
        if type(part) is random.Random:
            return _python_random, (part.getstate(),)
        if isinstance(part, np.ndarray) and isinstance(part.base, np.ndarray):
            return _reduced_view(part, part.base)
        return NotImplemented


def _reduced_view(part: np.ndarray, base: np.ndarray) -> Any:
    """Say how a view is made again, so that it still shows the array that it is of."""
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


def _fill(env: Any, attributes: dict[str, Any]) -> None:
    vars(env).update(attributes)


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
