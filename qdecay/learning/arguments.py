"""Reading the arguments of a learner, and refusing the wrong ones by name."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import ArrayLike, NDArray

from qdecay.learning.schedules import Schedule

Env = gym.Env[Any, Any]


def require_at_least(least: int, value: int, name: str) -> None:
    """Raise TypeError or ValueError unless `value` is an integer >= `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")


def discrete_spaces(env: Env) -> tuple[Discrete[Any], Discrete[Any]]:
    """Return the observation and the action space, both `Discrete`."""
    if not isinstance(env, gym.Env):
        raise TypeError(f"env must be an environment such as gymnasium.make(id), got {env!r}")
    observations, actions = env.observation_space, env.action_space
    if not isinstance(observations, Discrete):
        raise ValueError(f"a table needs a Discrete observation space, got {observations}")
    if not isinstance(actions, Discrete):
        raise ValueError(f"a table needs a Discrete action space, got {actions}")
    return observations, actions


def index_reader(space: Discrete[Any]) -> Callable[[Any], int]:
    """Return the function from an observation to its row, which refuses what `space` lacks."""
    first, size = int(space.start), int(space.n)

    def index_of(observation: Any) -> int:
        index = int(observation) - first
        if not 0 <= index < size:  # a negative one would silently be another state's row
            raise ValueError(f"the environment returned {observation}, which is not in {space}")
        return index

    return index_of


def start_values(initial_value: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the finite values that a table of that shape begins with."""
    values = np.asarray(initial_value, dtype=np.float64)
    if values.shape not in ((), shape):
        raise ValueError(f"initial_value must be a number or {shape}, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("initial_value must be finite")
    return np.broadcast_to(values, shape)


def checked_gamma(gamma: float) -> float:
    """Return `gamma` as a float in [0, 1]."""
    if not isinstance(gamma, Real) or not 0 <= gamma <= 1:  # also refuses NaN
        raise ValueError(f"gamma must be a number in [0, 1], got {gamma!r}")
    return float(gamma)


def positive(step_size: Schedule) -> Schedule:
    """Return a step size that does not begin at 0, where nothing would be learnt."""
    if step_size.at(1) == 0:
        raise ValueError("step_size must be > 0, got 0")
    return step_size
