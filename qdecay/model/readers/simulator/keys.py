"""What distinguishes states.

1. The caller's `key(env)`.
2. The environment's own `hash()`, where it has one, with the fields of wrappers that hold any.
3. The observation with all fields, except those that follow from how a state was reached, see
   `left_out`.

Leaving out a field is a guess: `checking` tests whether behaviour depends on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from qdecay._support.user_code import user_code
from qdecay.model.readers.simulator.inner_state import fields, frozen


class Key(Protocol):
    """Returns a value that is equal for equal states."""

    def __call__(self, env: Any, observation: Hashable) -> Hashable:
        """Return it for an environment and its last observation, frozen."""


class CallersKey:
    """The caller's function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, env: Any, observation: Hashable) -> Hashable:
        """Return what the caller's function returns."""
        with user_code("key"):
            return frozen(self._function(env))


class OwnHash:
    """The environment's `hash()`."""

    def __call__(self, env: Any, observation: Hashable) -> Hashable:
        """Return it, with what wrappers hold."""
        with user_code("hash()"):
            own = frozen(env.unwrapped.hash())
        outside = fields(env, wrappers_only=True)
        return (own, *outside.items()) if outside else own


class Fields:
    """The observation and all fields, except constants and those that are left out, by name.

    Attributes:
        left_out: the names of fields, by the reason.
    """

    def __init__(
        self, left_out: Mapping[str, frozenset[str]], constants: Mapping[str, Any]
    ) -> None:
        self.left_out, self._constants = left_out, constants
        self._names = frozenset().union(*left_out.values())

    def __call__(self, env: Any, observation: Hashable) -> Hashable:
        """Return both."""
        return (observation, *fields(env, self._constants, self._names).items())


def has_own_hash(env: Any) -> bool:
    """Whether an environment has a method `hash` without arguments."""
    method = getattr(env.unwrapped, "hash", None)
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):  # it needs some, or its signature is unknown
        return False
    return True
