"""Validation of a learner's arguments; errors name the wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import reals
from qdecay.learning.model_env import ModelEnv
from qdecay.learning.schedules import Schedule
from qdecay.model.base import FiniteMDP
from qdecay.model.numbering import outside
from qdecay_envs.arguments import MAX_DURATION, duration

Env = gym.Env[Any, Any]


def discrete_spaces(env: Env) -> tuple[Discrete[Any], Discrete[Any]]:
    """Return the observation and the action space of an environment that is `as_discrete`."""
    observations, actions = env.observation_space, env.action_space
    assert isinstance(observations, Discrete)
    assert isinstance(actions, Discrete)
    return observations, actions


def index_reader(space: Discrete[Any]) -> Callable[[Any], int]:
    """Return a function from an observation to its row; it refuses observations outside `space`."""
    first, size = int(space.start), int(space.n)

    def index_of(observation: Any) -> int:
        index = int(observation) - first
        if not 0 <= index < size:  # a negative index would silently read another state's row
            raise outside(space, observation) from None
        return index

    return index_of


def duration_in(info: Mapping[str, Any], step: int) -> int:
    """Return how many steps of time an action took: `info["duration"]`, or 1 without that entry.

    Raises:
        TypeError, ValueError: it is not a duration; the message names the step.
    """
    steps = info.get("duration", 1)
    if type(steps) is not int or not 1 <= steps <= MAX_DURATION:
        steps = duration(steps, f'step {step}: info["duration"]')
    return steps


def discount_of(info: Mapping[str, Any], gamma: float, step: int) -> float:
    """Return gamma ** duration."""
    steps = duration_in(info, step)
    return gamma if steps == 1 else gamma ** float(steps)


def available_actions(env: Env) -> NDArray[np.bool_]:
    """Return which actions each state has, shape (S, A): all of them, except in a `ModelEnv`."""
    n_states, n_actions = (int(space.n) for space in discrete_spaces(env))
    if isinstance(env.unwrapped, ModelEnv):
        return env.unwrapped.mdp.available
    return np.ones((n_states, n_actions), dtype=np.bool_)


def start_values(initial_value: ArrayLike, available: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the initial values of a table; -inf where an action is unavailable, (S, A)."""
    values = reals(initial_value, "initial_value")
    shape = available.shape
    if values.shape not in ((), shape):
        raise ValueError(f"initial_value must be a number or {shape}, got shape {values.shape}")
    finite = np.isfinite(values) | ~available
    if not finite.all():
        wrong = np.broadcast_to(values, shape)[~finite][0]
        raise ValueError(f"initial_value must be finite where there is an action, got {wrong}")
    return np.where(available, values, -np.inf)


def require_an_end(mdp: FiniteMDP) -> None:
    """Raise ValueError if rewards go on for ever under every policy: gamma = 1 would sum them all.

    That is so from states that can reach a transition with a reward, but none that terminates.
    """
    may_pay = _reaching(mdp, mdp.reward != 0)
    stuck = np.flatnonzero(~may_end(mdp) & may_pay)
    if len(stuck):
        named = ", ".join(mdp.state_name(int(s)) for s in stuck[:5])
        raise ValueError(f"gamma = 1 needs an end, but none follows state(s) {named}: lower gamma")


def may_end(mdp: FiniteMDP) -> NDArray[np.bool_]:
    """Return the states from which an episode can end, shape (S,)."""
    alive = np.asarray(mdp.available.any(axis=1))
    return ~alive | _reaching(mdp, mdp.terminated | ~alive[mdp.next_state])


def _reaching(mdp: FiniteMDP, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the states from which one of the transitions marked in `rows` can be reached."""
    reaching = np.zeros(mdp.n_states, dtype=np.bool_)
    reaching[mdp.state[rows]] = True
    while True:
        before = reaching.sum()
        reaching[mdp.state[reaching[mdp.next_state] & ~mdp.terminated]] = True
        if reaching.sum() == before:
            return reaching


def positive(step_size: Schedule) -> Schedule:
    """Return a step size; refuse one that starts at 0, from which nothing would be learned."""
    if step_size.at(1) == 0:
        raise ValueError("step_size must be > 0, got 0")
    return step_size
