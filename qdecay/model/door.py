"""How every public function reads its `problem` argument.

| problem | example |
| --- | --- |
| a model | `MDP.from_rows(...)`, `FloatMDP.from_sparse(...)` |
| a layout | `ChainLayout.choice(stay=[1], move=[0, 0, 4])`, `GridLayout(["S # +1"])` |
| an environment, wrapped or not | `gymnasium.make("FrozenLake-v1")` |
| anything else with a table `P` | an environment of gym, or of your own class |
| a Gymnasium id | `"FrozenLake-v1"`, `"my_module:mine/Maze-v0"` |
| a path, as text or as a `Path` | `"model.json"`: any file that `MDP.load` reads |
"""

from __future__ import annotations

import os
from typing import Any, TypeVar, overload

import gymnasium as gym

from qdecay._support.one_line import one_line
from qdecay.model.base import FiniteMDP
from qdecay.model.float_mdp import FloatMDP
from qdecay.model.layouts import Layout
from qdecay.model.mdp import MDP, require_exact
from qdecay.model.source import Source, layout_options
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout
from qdecay_envs.table import Tabular, has_table

Env = gym.Env[Any, Any]
Problem = FiniteMDP | Layout | Env | Tabular | str | os.PathLike[str]
"""What every public function accepts as its problem."""

_SHOWN = 60  # characters of an invalid problem that a message repeats
_Model = TypeVar("_Model", MDP, FloatMDP)


@overload
def as_mdp(problem: FloatMDP, /) -> FloatMDP: ...
@overload
def as_mdp(
    problem: MDP | Layout | Env | Tabular | str | os.PathLike[str], /, **options: Any
) -> MDP: ...
@overload
def as_mdp(problem: FiniteMDP, /) -> MDP | FloatMDP: ...
def as_mdp(problem: Problem, /, **options: Any) -> MDP | FloatMDP:
    """Return the exact model of a problem.

    Args:
        problem: an `MDP` or a `FloatMDP`, which is returned unchanged; a `ChainLayout` or a
            `GridLayout`; an environment with a finite table, wrapped or not, see `MDP.from_env`;
            the id of one that is registered with Gymnasium; or the path of a file, see `MDP.load`.
        options: keyword arguments of the environment, if `problem` is an id or a layout.

    Returns: the model; its `name` is the id or the path, if there is one.

    Raises:
        TypeError: `problem` is none of these, or options come with an object.
        InputError: an id, an argument or a file is invalid.
        ValueError: the environment has no finite table, or a number has no exact rational.

    >>> as_mdp("FrozenLake-v1", is_slippery=False)
    MDP(FrozenLake-v1: 16 states, 4 actions, 64 transitions, start 0)
    """
    return as_model(problem, **options)


def as_exact_mdp(problem: Problem, /, **options: Any) -> MDP:
    """Return the model as `as_mdp` does, for functions that require exact numbers.

    Raises:
        TypeError: it is a `FloatMDP`; the message says which functions accept those.
    """
    return require_exact(as_model(problem, **options))


def as_finite_mdp(problem: Problem, /, **options: Any) -> FiniteMDP:
    """Return the model as `as_mdp` does, for functions that work in floats.

    An `MDP` or a `FloatMDP` is returned unchanged; from anything else the floats are read
    unchanged, at any size and without recovering rationals.
    """
    if isinstance(problem, FiniteMDP):
        _refuse_options(problem, options)
        return problem
    return _model(problem, FloatMDP, options)


def as_world(problem: Problem, /, **options: Any) -> FiniteMDP | Env:
    """Return what a learner learns in: a Gymnasium environment unchanged, or else a model.

    Environments of other libraries give their model, as it is unknown how to step them.
    """
    if isinstance(problem, gym.Env):
        _refuse_options(problem, options)
        return problem
    return as_model(problem, **options)


def as_chain_env(problem: Problem, /, **options: Any) -> ChainEnv:
    """Return the chain that a layout, an environment, an id or a path describes.

    Raises:
        TypeError: it is not a chain, but a model or another environment.
        InputError: an id, an argument or a file is wrong.
    """
    if isinstance(problem, ChainLayout):
        return ChainEnv(problem, **layout_options("the layout", problem, options))
    env = problem
    if isinstance(problem, str | os.PathLike):
        env = Source(os.fspath(problem), options).env()
    else:
        _refuse_options(problem, options)
    inner = env.unwrapped if isinstance(env, gym.Env) else env
    if isinstance(inner, ChainEnv):
        return inner
    raise TypeError(
        f"problem must be a chain: a layout, a ChainEnv, or an id or a path of one, "
        f"got {_shown(inner)}"
    )


def name_of(problem: Problem) -> str | None:
    """Return the id or the path of a problem, or None if it has none."""
    if isinstance(problem, str | os.PathLike):
        return os.fspath(problem)
    if isinstance(problem, FiniteMDP):
        return problem.name
    return getattr(getattr(problem, "spec", None), "id", None)


def as_model(problem: Problem, /, **options: Any) -> MDP | FloatMDP:
    """Do what `as_mdp` does, for callers that do not know the type of their problem."""
    if isinstance(problem, FloatMDP):
        _refuse_options(problem, options)
        return problem
    return _model(problem, MDP, options)


def _model(problem: Problem, kind: type[_Model], options: dict[str, Any]) -> _Model:
    """Return a model of one kind; refuse a model of the other kind."""
    if isinstance(problem, Layout):
        return kind.from_layout(problem, **layout_options("the layout", problem, options))
    if isinstance(problem, str | os.PathLike):
        return Source(os.fspath(problem), options).model(kind)
    _refuse_options(problem, options)
    if isinstance(problem, kind):
        return problem
    if _is_env(problem):
        return kind.from_env(problem)
    raise TypeError(
        f"problem must be an MDP, a layout, an environment, a Gymnasium id or a path, "
        f"got {_shown(problem)}"
    )


def _is_env(problem: object) -> bool:
    """Whether it is an environment, of Gymnasium or not, or at least has a table."""
    if isinstance(problem, type | gym.vector.VectorEnv):
        return False
    steps = hasattr(problem, "reset") and hasattr(problem, "step")
    return isinstance(problem, gym.Env) or steps or has_table(problem)


def _refuse_options(problem: object, options: dict[str, Any]) -> None:
    if options:
        raise TypeError(
            f"{next(iter(options))} applies only to an id, a layout or a path, not to "
            f"this {type(problem).__name__}"
        )


def _shown(problem: object) -> str:
    is_env = isinstance(problem, gym.Env)  # the repr of an environment is its address in memory
    return type(problem).__name__ if is_env else f"{one_line(repr(problem)):.{_SHOWN}}"
