"""Environments whose observations or actions have several discrete parts, viewed as a table.

Their elements are numbered, see `qdecay.model.numbering`.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.spaces import Discrete

from qdecay._support import memory
from qdecay.learning.arguments import Env
from qdecay.model.numbering import Names, Numbering, is_finite
from qdecay_envs.table import dynamics_owner


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
        """Take the action with that number."""
        chosen = self.actions.element(int(action))
        observation, reward, terminated, truncated, info = self.env.step(chosen)
        return self.states.number(observation), reward, terminated, truncated, info


def as_discrete(env: Env) -> Env:
    """Return an environment whose spaces are both `Discrete`: itself or its view.

    Raises:
        TypeError: `env` is not an environment.
        ValueError: a space has a part that is not discrete.
        MemoryError: a table could not hold that many elements.
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
    """Return the names of states and actions: those that the environment gives them, or, for a
    view, how the viewed environment writes them.
    """
    if isinstance(env, DiscreteEnv):
        return env.states.names(), env.actions.names()
    try:
        owner = dynamics_owner(env)
    except ValueError:  # a wrapper may have given them another meaning
        return None, None
    return (
        _own_names(owner, "state_names", env.observation_space),
        _own_names(owner, "action_names", env.action_space),
    )


def _own_names(owner: Any, attribute: str, space: Any) -> Names:
    """The names that an environment has for the elements of a `Discrete` space, if it has any."""
    found = getattr(owner, attribute, None)
    if not isinstance(found, tuple | list) or len(found) != space.n:
        return None
    return tuple(found) if all(isinstance(name, str) for name in found) else None
