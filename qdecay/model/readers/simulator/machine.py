"""An environment as a machine that can return to any earlier state."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from math import isclose, isfinite
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeAlias

import gymnasium as gym
import numpy as np
from gymnasium.utils.seeding import np_random

from qdecay._support.deadline import Deadline
from qdecay._support.result import counted
from qdecay._support.user_code import UserCodeError, described, user_code
from qdecay.model.numbering import Numbering
from qdecay.model.readers.simulator.copying import Copier, cannot_be_copied
from qdecay.model.readers.simulator.inner_state import Generators, fields, frozen, generators
from qdecay.model.readers.simulator.keys import Key
from qdecay.model.readers.simulator.naming import short
from qdecay_envs.arguments import duration
from qdecay_envs.rational import rational, written

Env = gym.Env[Any, Any]
RewardFunction: TypeAlias = Callable[[Any, Any, Any, Any, bool], Any]
"""The reward of (observation, action, reward, next observation, terminated)."""

PYTHON, NUMPY = "Python's random", "numpy.random"
_GLOBAL = (PYTHON, NUMPY)
_OLD = (
    "this is the interface of gym before 0.26: wrap it in a gymnasium.Env whose "
    "reset(seed=, options=) returns observation and info, and step observation, reward, "
    "terminated, truncated and info, as the package shimmy does"
)
_OLD_SIGNS = ("unexpected keyword argument 'seed'", "values to unpack (expected 5, got 4)")
_MASK = (
    "{}: where an action cannot be taken, leave it out by a mask: a method action_masks(), or "
    'info["action_mask"]'
)
_ROUNDING = 1e-12  # of a reward, when it is computed in another order
_LOOKS, _SHARE = 200, 16  # steps after which shared parts are checked; later every 16th


class Seen(NamedTuple):
    """The result of a step, in a form that can be compared.

    Attributes:
        key: the key of the state.
        available: the numbers of the actions that can be taken there.
        observation: frozen.
        reward: as in the model, except that a float is not yet an exact number.
        terminated, truncated: whether the step terminated the episode, or truncated it.
        duration: how many steps the action takes, by `info["duration"]`.
    """

    key: Hashable
    available: tuple[int, ...]
    observation: Hashable
    reward: Any
    terminated: bool
    truncated: bool
    duration: int = 1

    def difference(self, other: Seen) -> str | None:
        """Return the first part in which the two differ, apart from truncation."""
        if not isclose(self.reward, other.reward, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
            return "reward"
        names = ("terminated", "duration", "key", "observation", "available")
        return next((name for name in names if getattr(self, name) != getattr(other, name)), None)


class Saved(NamedTuple):
    """A state to return to.

    Attributes:
        state: what the copier saved.
        steps: the number of steps of the episode so far.
        observation: the last observation.
    """

    state: Any
    steps: int
    observation: Any


class Machine:
    """The environment that is explored; it is in one state at a time.

    Attributes:
        env: the environment in its current state; a copy of the caller's.
        steps: the number of steps of its episode.
        paid: the environment's reward for the last step.
        observation: the last observation.
        tries: the number of steps made in all.
        cut_after: the least number of steps after which an episode was truncated, or None.
        went_on_after: the largest number after which one went on.
        actions: the numbers of actions.
        key: what distinguishes states.
    """

    def __init__(
        self,
        env: Env,
        copier: Copier,
        actions: Numbering,
        key: Key,
        reward: RewardFunction | None,
        deadline: Deadline,
    ) -> None:
        self.actions, self.key = actions, key
        self._copier, self._reward, self._deadline = copier, reward, deadline
        self.env, self._generators = copier.new()
        self._masks = not hasattr(env.unwrapped, "P")  # a table lists what every action does
        self.steps, self.paid, self.observation = 0, 0, None
        self.tries, self._unlooked = 0, False
        self.cut_after: int | None = None
        self.went_on_after = 0

    def begin(self, seed: int, *, used: bool = False) -> Seen:
        """Begin an episode in an unused copy, or in the last one used.

        Raises:
            BudgetExceeded: the time is up; likewise in every step.
        """
        self._deadline.check()
        if self._unlooked:
            self.look()
        if not used:
            self.env, self._generators = self._copier.new()
        seed_globals(seed)
        with _running(f"reset(seed={seed})"):
            begun = self.env.reset(seed=seed)
        if not (isinstance(begun, tuple) and len(begun) == 2 and isinstance(begun[1], Mapping)):
            raise ValueError(
                f"reset(seed={seed}) must return a pair of observation and info: {_OLD}"
            )
        observation, info = begun
        self._generators = list(
            generators(self.env, self._copier.constants).values()
        )  # reset makes new ones
        self.steps, self.observation = 0, observation
        self.look()
        return self._seen(info, 0, False, False)

    def look(self) -> None:
        """Check that the parts shared by all copies are unchanged.

        Raises:
            SharedChangedError: they have changed.
        """
        self._unlooked = False
        self._copier.look()

    def save(self) -> Saved:
        """Return the state, to return to it later."""
        observation = None if self._reward is None else copy.deepcopy(self.observation)
        try:
            state = self._copier.save(self.env)
        except Exception as error:  # whatever a part of it raises
            raise TypeError(cannot_be_copied(error, self.steps)) from error
        return Saved(state, self.steps, observation)

    def restore(self, saved: Saved) -> None:
        """Return to a state."""
        self.env, self._generators = self._copier.load(saved.state)
        self.steps, self.observation = saved.steps, saved.observation

    def step(self, action: int) -> Seen:
        """Take the action with a number."""
        before = None if self._reward is None else copy.deepcopy(self.observation)
        terminated, truncated, info = self.advance(action)
        reward = self.paid
        if self._reward is not None:
            chosen = self.actions.element(action)
            with _running("reward"):
                reward = self._reward(before, chosen, reward, self.observation, terminated)
        if not isfinite(_number(reward)):
            raise ValueError(f"step({self.actions.element(action)}) pays {reward}: must be finite")
        return self._seen(info, reward, terminated, truncated)

    def advance(self, action: int) -> tuple[bool, bool, Any]:
        """Take an action without reading the state; return terminated, truncated and info."""
        self._deadline.check()
        chosen = self.actions.element(action)
        shown = short(self.observation)
        with _running(f"step({chosen})", _MASK.format(f", {shown} being seen" if shown else "")):
            made: Any = self.env.step(chosen)
        if not (isinstance(made, tuple) and len(made) == 5):
            number = counted(len(made) if isinstance(made, tuple) else 1, "value")
            raise ValueError(f"step({chosen}) returns {number}, not 5: {_OLD}")
        self.observation, reward, *flags, info = made
        terminated, truncated = map(_flag, flags, ("terminated", "truncated"))
        self.steps += 1
        self.tries += 1
        self._unlooked = True
        if self.tries <= _LOOKS or self.tries % _SHARE == 0:
            self.look()
        self.paid = _number(reward)
        self._note(terminated, truncated)
        return terminated, truncated, info

    def _note(self, terminated: bool, truncated: bool) -> None:
        if truncated:
            earlier = self.steps if self.cut_after is None else self.cut_after
            self.cut_after = min(earlier, self.steps)
        elif not terminated:
            self.went_on_after = max(self.went_on_after, self.steps)

    def _seen(self, info: Any, reward: Any, terminated: bool, truncated: bool) -> Seen:
        seen = frozen(self.observation)
        available = () if terminated else self._available(info)
        key = self.key(self.env, seen)
        steps = info.get("duration", 1) if isinstance(info, Mapping) else 1
        steps = duration(steps, 'info["duration"]')
        return Seen(key, available, seen, _number(reward), terminated, truncated, steps)

    def _available(self, info: Any) -> tuple[int, ...]:
        mask = info.get("action_mask") if isinstance(info, dict) else None
        if mask is None:
            masks = getattr(self.env.unwrapped, "action_masks", None)
            with _running("action_masks()"):
                mask = masks() if callable(masks) else None
        if mask is None or not self._masks:
            return tuple(range(self.actions.n))
        flags = np.ravel(np.asarray(mask))
        if flags.size != self.actions.n:
            raise ValueError(
                f"the action mask has {flags.size} entries, and there are {self.actions.n} actions"
            )
        return tuple(np.flatnonzero(flags).tolist())

    def fields(self) -> dict[str, Hashable]:
        """Return the environment's fields."""
        return fields(self.env, self._copier.parts)

    def drawn(self) -> list[Any]:
        """Return a value that changes when the environment's generators are drawn from."""
        return [generator_state(generator) for generator in self._generators]

    def has_drawn(self, seed: int) -> bool:
        """Whether `reset` with a seed has drawn from the environment's `np_random`."""
        own = getattr(self.env.unwrapped, "_np_random", None)
        return isinstance(own, np.random.Generator) and generator_state(own) != generator_state(
            np_random(seed)[0]
        )

    def drawn_globally(self) -> list[Any]:
        """Return a value that changes when the global generators are drawn from."""
        return [random.getstate(), frozen(np.random.get_state())]  # noqa: NPY002

    def sources(self) -> list[str]:
        """Return the names of all generators that can be replaced."""
        return [*generators(self.env, self._copier.constants), *_GLOBAL]

    def position(self, source: str) -> Any:
        """Return the position of a generator in its sequence."""
        if source in _GLOBAL:
            return self.drawn_globally()[_GLOBAL.index(source)]
        found = generators(self.env, self._copier.constants).get(source)
        return None if found is None else generator_state(found)

    def reseed(self, seed: int, only: str | None = None) -> None:
        """Replace the state of all generators, or of one by its name."""
        if only is None or only in _GLOBAL:
            seed_globals(seed, only)
        chosen = None if only is None else generators(self.env, self._copier.constants).get(only)
        for number, generator in enumerate(self._generators):
            if only is None or generator is chosen:
                _seed(generator, (seed + 1_000_003 * (number + 1)) % 2**32)


@contextmanager
def _running(what: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever an environment raises into one line.

    Raises:
        ValueError: it raised; UserCodeError where that was in the user's own code.
    """
    try:
        with user_code(what):
            yield
    except UserCodeError as error:
        raise UserCodeError(f"{error}{remedy}", error.shown) from error
    except Exception as error:
        text = described(error)
        if any(sign in text for sign in _OLD_SIGNS):
            remedy = f": {_OLD}"
        raise ValueError(f"{what} raised {text}{remedy}") from error


def _flag(value: Any, name: str) -> bool:
    """Return a flag of whether an episode ends as a bool."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if not isinstance(value, bool | np.bool_ | Integral) or value not in (0, 1):
        raise TypeError(f"{name} must be True or False, got {written(value)}")
    return bool(value)


def sign(observation: Any, action: Any, reward: Any, after: Any, terminated: bool) -> int:
    """Return the sign of the environment's reward."""
    return int(reward > 0) - int(reward < 0)


def _number(reward: Any) -> Any:
    """Return a reward as one of Python's numbers.

    Raises:
        TypeError: it is not a number.
    """
    if isinstance(reward, np.ndarray) and reward.size == 1:
        reward = reward.ravel()[0]
    if isinstance(reward, str):
        return _within_floats(rational(reward, "reward"))
    if isinstance(reward, np.floating) and not isinstance(reward, float):
        return float(str(reward))  # the shortest decimal of a narrow float
    if not isinstance(reward, Real | np.bool_):
        raise TypeError(f"reward must be a number, got {written(reward)}")
    plain = reward.item() if isinstance(reward, np.generic) else reward
    return _within_floats(int(plain) if isinstance(plain, bool) else plain)


def _within_floats(reward: Any) -> Any:
    """Return a reward that can be compared as a float.

    Raises:
        ValueError: it is too large.
    """
    try:
        float(reward)
    except OverflowError:
        raise ValueError(
            f"reward must be within the range of floats, got {written(reward)}"
        ) from None
    return reward


def generator_state(generator: Generators) -> Any:
    """Return the position of a generator in its sequence."""
    if isinstance(generator, np.random.Generator):
        return frozen(generator.bit_generator.state)
    return frozen(
        generator.get_state()
        if isinstance(generator, np.random.RandomState)
        else generator.getstate()
    )


def _seed(generator: Generators, seed: int) -> None:
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        bits.state = type(bits)(seed).state
    else:
        generator.seed(seed)


def seed_globals(seed: int, only: str | None = None) -> None:
    """Replace the state of the global generators, or of one by its name."""
    if only != NUMPY:
        random.seed(seed)
    if only != PYTHON:
        np.random.seed(seed % 2**32)  # noqa: NPY002  # it is what environments may draw from


@contextmanager
def globals_kept() -> Iterator[None]:
    """Restore the global generators afterwards."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
