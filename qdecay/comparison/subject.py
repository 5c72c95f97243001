"""What is compared: an environment, its model, or both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import TimeLimit

from qdecay.comparison.lead import Floats
from qdecay.comparison.moving import MovingGamma, MovingParameter
from qdecay.exact.break_even import BreakEven, break_even, break_even_of
from qdecay.exact.regions import policy_regions
from qdecay.learning import ModelEnv
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_exact_mdp, name_of
from qdecay.model.layouts import Layout, env_of_layout
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP
from qdecay.model.readers.env_table import is_known_by_rules
from qdecay.model.soft import epsilon_soft
from qdecay.model.source import Source
from qdecay_envs.chain import ChainEnv

Env = gym.Env[Any, Any]


@dataclass(frozen=True, eq=False)
class Subject:
    """A problem as it is compared.

    Attributes:
        world: an environment, or a model without one.
        name: what to call it.
    """

    world: FiniteMDP | Env
    name: str

    @classmethod
    def of(cls, problem: Problem, name: str | None = None) -> Subject:
        """Read a problem as `qdecay.as_mdp` does, and keep its environment.

        Of an environment that is read by its rules, such as Blackjack, only the model is kept: its
        observations are not the model's states.

        Raises:
            TypeError: it is not a problem, or is a model of floats.
            InputError: an id, an argument or a file is invalid.
        """
        world: Any = problem
        if isinstance(problem, Layout):
            world = env_of_layout(problem)
        elif isinstance(problem, str | os.PathLike):
            world = Source(os.fspath(problem)).world()
        elif not isinstance(problem, gym.Env) or is_known_by_rules(problem):
            world = as_exact_mdp(problem)
        found = cls(world, "")
        chain = found.chain
        own = " | ".join(chain.layout.names) if chain is not None else "the model"
        return cls(world, name or name_of(problem) or name_of(world) or own)

    @property
    def chain(self) -> ChainEnv | None:
        """The chain, wrapped or not, or None."""
        inner = self.world.unwrapped if isinstance(self.world, gym.Env) else None
        return inner if isinstance(inner, ChainEnv) else None

    @property
    def tabular(self) -> bool:
        """Whether there is a model: of an environment, whether it has a table."""
        world = self.world
        return not isinstance(world, gym.Env) or hasattr(world.unwrapped, "P")

    @property
    def reward_noise(self) -> Floats:
        """The standard deviation of normal noise on each state's rewards, shape (S,)."""
        inner = self.world.unwrapped if isinstance(self.world, gym.Env) else None
        everywhere = getattr(inner, "reward_noise", 0.0)
        return np.ones(self.mdp.n_states) * getattr(inner, "state_noise", everywhere)

    @cached_property
    def mdp(self) -> MDP:
        """The exact model.

        Raises:
            ValueError, TypeError: as `qdecay.as_mdp`.
        """
        return as_exact_mdp(self.world)

    @property
    def env(self) -> Env:
        """The environment; one made from a model has the model's time limit."""
        if isinstance(self.world, gym.Env):
            return self.world
        return _env_of(self.mdp)

    def world_at(self, gamma: float) -> tuple[Env, float]:
        """Return what a learner is given."""
        return self.env, gamma

    def moving(self, epsilon: Fraction) -> MovingGamma:
        """Return gamma as the varied number, with the model of a policy that explores at that
        rate."""
        return MovingGamma(epsilon_soft(self.mdp, epsilon) if epsilon else self.mdp)

    def break_even(self, state: int, aim: MovingGamma) -> BreakEven:
        """Return where the best action of a state changes; for a chain directly from its
        streams."""
        chain, mdp = self.chain, aim.moves
        if chain is None or chain.slip or chain.escape or (mdp, state) != (self.mdp, chain.start):
            return break_even(mdp, state)
        return break_even(chain.layout)


@dataclass(frozen=True, eq=False)
class LineSubject:
    """A model line as it is compared, at one gamma.

    Attributes:
        line: the models; agents act in them, without other environments.
        gamma: the discount factor, 0 <= gamma < 1.
        name: what to call it.
    """

    line: ModelLine
    gamma: Fraction
    name: str
    tabular = True

    @cached_property
    def mdp(self) -> MDP:
        """The model half way along the line, which has the moves of all its models."""
        return self.moving(Fraction(0)).moves

    @property
    def reward_noise(self) -> Floats:
        """Zeros, as models have no further noise, shape (S,)."""
        return np.zeros(self.mdp.n_states)

    @cached_property
    def _agents(self) -> MovingParameter:
        return self.moving(Fraction(0))

    def world_at(self, value: float) -> tuple[Env, float]:
        """Return what a learner is given."""
        return _env_of(self._agents.model(value)), float(self.gamma)

    def moving(self, epsilon: Fraction) -> MovingParameter:
        """Return the parameter as the varied number, with the models of a policy that explores at
        that rate."""
        line = self.line
        if epsilon:
            low, high = (epsilon_soft(end, epsilon) for end in (line.low, line.high))
            line = ModelLine(low, high, line.parameter)
        return MovingParameter(line, self.gamma)

    def break_even(self, state: int, aim: MovingParameter) -> BreakEven:
        """Return where the best action of a state changes along the line."""
        return break_even_of(policy_regions(aim.line, gamma=self.gamma), state)


def _env_of(mdp: MDP) -> Env:
    """Return the environment of a model, with its time limit."""
    env: Env = ModelEnv(mdp)
    return env if mdp.time_limit is None else TimeLimit(env, mdp.time_limit)
