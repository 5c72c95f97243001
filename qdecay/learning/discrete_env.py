"""Environments whose observations or actions have several discrete parts, as tables need them.

A `Tuple` of spaces, a `MultiDiscrete` and a `MultiBinary` space hold finitely many elements: they
are numbered 0, 1, ..., the last part counting fastest. A hand of Blackjack, `Tuple(Discrete(32),
Discrete(11), Discrete(2))`, has the number (sum * 11 + card) * 2 + ace.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from qdecay._support import memory
from qdecay.learning.arguments import Env, outside

Names = tuple[str, ...] | None


class Numbering:
    """The elements of a space of discrete parts, numbered.

    Attributes:
        space: the space.
        n: how many elements it has.
    """

    def __init__(self, space: Space[Any]) -> None:
        """Number the elements of a space that `is_finite`."""
        self.space = space
        self._firsts, self._sizes = zip(*_parts(space), strict=True)
        self.n: int = prod(self._sizes)

    def number(self, element: Any) -> int:
        """Return the number of an element.

        Raises:
            ValueError: it is not in the space.
        """
        number = 0
        try:
            values = zip(_values(self.space, element), self._firsts, self._sizes, strict=True)
            for value, first, size in values:
                if not 0 <= value - first < size:
                    raise ValueError
                number = number * size + value - first
        except (TypeError, ValueError):
            raise outside(self.space, element) from None
        return number

    def element(self, number: int) -> Any:
        """Return the element of a number."""
        values = []
        for first, size in zip(self._firsts[::-1], self._sizes[::-1], strict=True):
            number, digit = divmod(number, size)
            values.append(first + digit)
        return _element(self.space, reversed(values))

    def names(self) -> Names:
        """What the elements look like; None if they are numbers."""
        if isinstance(self.space, Discrete):
            return None
        return tuple(str(_plain(self.element(number))) for number in range(self.n))


def is_finite(space: Space[Any]) -> bool:
    """Return whether a space is `Discrete` or made of such parts."""
    if isinstance(space, Tuple):
        return len(space.spaces) > 0 and all(map(is_finite, space.spaces))
    return isinstance(space, Discrete | MultiDiscrete | MultiBinary)


def _parts(space: Space[Any]) -> Iterator[tuple[int, int]]:
    """Yield the first value of each part and how many values it has."""
    if isinstance(space, Tuple):
        for part in space.spaces:
            yield from _parts(part)
    elif isinstance(space, MultiDiscrete):
        yield from zip(space.start.ravel().tolist(), space.nvec.ravel().tolist(), strict=True)
    elif isinstance(space, MultiBinary):
        yield from [(0, 2)] * prod(space.shape)
    elif isinstance(space, Discrete):
        yield int(space.start), int(space.n)


def _values(space: Space[Any], element: Any) -> Iterator[int]:
    """Yield the value of each part of an element."""
    if isinstance(space, Tuple):
        for part, value in zip(space.spaces, element, strict=True):
            yield from _values(part, value)
    elif isinstance(space, Discrete):
        yield int(element)
    elif np.shape(element) == space.shape:
        yield from map(int, np.ravel(element).tolist())


def _element(space: Space[Any], values: Iterator[int]) -> Any:
    """Return the element whose parts have these values."""
    if isinstance(space, Tuple):
        return tuple(_element(part, values) for part in space.spaces)
    if isinstance(space, Discrete):
        return next(values)
    shape = space.shape or ()
    taken = list(islice(values, prod(shape)))
    return np.array(taken, dtype=space.dtype).reshape(shape)


def _plain(element: Any) -> Any:
    """Return an element with lists for arrays: their text is shorter."""
    if isinstance(element, tuple):
        return tuple(map(_plain, element))
    return element.tolist() if isinstance(element, np.ndarray) else element


class DiscreteEnv(gym.Wrapper[Any, Any, Any, Any]):
    """An environment with its observations and actions numbered.

    Attributes:
        states: the numbers of observations.
        actions: the numbers of actions.
    """

    def __init__(self, env: Env) -> None:
        """View an environment whose spaces are finite."""
        super().__init__(env)
        self.states, self.actions = Numbering(env.observation_space), Numbering(env.action_space)
        size = f"a table of {self.states.n} states and {self.actions.n} actions"
        memory.require(8 * self.states.n * self.actions.n, size)
        self.observation_space = Discrete(self.states.n)
        self.action_space = Discrete(self.actions.n)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self.states.number(observation), info

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        """Take the action of that number."""
        chosen = self.actions.element(int(action))
        observation, reward, terminated, truncated, info = self.env.step(chosen)
        return self.states.number(observation), reward, terminated, truncated, info


def as_discrete(env: Env) -> Env:
    """Return an environment whose spaces are both `Discrete`: itself or its view.

    Raises:
        TypeError: it is no environment.
        ValueError: a space has other than discrete parts.
        MemoryError: a table could not hold as many elements.
    """
    if not isinstance(env, gym.Env):
        raise TypeError(f"env must be an environment such as gymnasium.make(id), got {env!r:.60}")
    spaces = {"observation": env.observation_space, "action": env.action_space}
    for name, space in spaces.items():
        if not is_finite(space):
            raise ValueError(f"a table needs a discrete {name} space, got {space}")
    discrete = all(isinstance(space, Discrete) for space in spaces.values())
    return env if discrete else DiscreteEnv(env)


def names_of(env: Env) -> tuple[Names, Names]:
    """Return what states and actions look like in the environment that a view shows."""
    return (
        (env.states.names(), env.actions.names()) if isinstance(env, DiscreteEnv) else (None, None)
    )
