"""Tables of dynamics, and the small protocol by which an environment provides an exact one.

An environment that knows its rationals has an attribute `P_exact`: Gymnasium's table
`P[s][a] = [(probability, next state, reward, terminated), ...]` with `fractions.Fraction` instead
of floats. The reward is paid on the same step; nothing follows a terminated one. An outcome that
takes more than one step has a fifth entry, its duration, which a step reports as
`info["duration"]`: how many steps later the next state is reached. A reader such as
`qdecay.MDP.from_env` takes `P_exact` instead of guessing what the floats of `P` meant, and a
wrapper that changes the dynamics provides its own `P_exact`.

Optional, and read if present: `start`, the state in which every episode starts, or
`start_chances`, the exact probability of each possible one by state, or `initial_state_distrib`,
the probability of each state as an array of floats; `state_names` and `action_names`; and
`reward_noise`, the standard deviation of normal noise on rewards, whose means the table then has,
and `state_noise`, that of each state's rewards where they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral
from typing import Any, Protocol

import gymnasium as gym

from qdecay_envs.arguments import duration
from qdecay_envs.rational import nearest_float

Outcome = tuple[int, Fraction, bool] | tuple[int, Fraction, bool, int]
"""Next state, reward, whether the episode ends, and perhaps duration, 1 if omitted."""

ExactOutcome = tuple[Fraction, int, Fraction, bool] | tuple[Fraction, int, Fraction, bool, int]
"""Probability, next state, reward, whether the episode ends, and perhaps duration, 1 if omitted."""

ExactRow = Sequence[ExactOutcome]
ExactTable = list[list[ExactRow]]
FloatOutcome = tuple[float, int, float, bool] | tuple[float, int, float, bool, int]
FloatRow = list[FloatOutcome]
FloatTable = list[list[FloatRow]]

# Gymnasium wrappers that record or end episodes, and do not change the dynamics.
_WATCHING = (
    gym.wrappers.PassiveEnvChecker,
    gym.wrappers.OrderEnforcing,
    gym.wrappers.TimeLimit,
    gym.wrappers.RecordEpisodeStatistics,
    gym.wrappers.HumanRendering,
    gym.wrappers.RenderCollection,
    gym.wrappers.RecordVideo,
)
_WATCHING_NAMES = {kind.__name__ for kind in _WATCHING} | {"StepAPICompatibility"}

EXPLORE = "MDP.from_simulator(env), in the shell --explore"
"""How messages name the way to read an environment without a table."""


class Tabular(Protocol):
    """Anything with a table: an environment of any package, or your own class."""

    @property
    def P(self) -> Any:
        """The table."""


def mixture(*parts: tuple[Fraction, Outcome]) -> ExactRow:
    """Return the row of the outcomes with their probabilities; equal outcomes are merged.

    Outcomes keep their order, and those of probability 0 are omitted.

    >>> half = Fraction(1, 2)
    >>> mixture((half, (0, Fraction(0), False)), (half, (0, Fraction(0), False)))
    [(Fraction(1, 1), 0, Fraction(0, 1), False)]
    """
    merged: dict[Outcome, Fraction] = {}
    for chance, outcome in parts:
        merged[outcome] = merged[outcome] + chance if outcome in merged else chance
    return [(chance, *outcome) for outcome, chance in merged.items() if chance]


def sure(
    state: int, reward: Fraction | int = 0, terminated: bool = False, duration: int = 1
) -> ExactRow:
    """Return the row of an outcome that is certain."""
    return mixture((Fraction(1), lasting((state, Fraction(reward), terminated), duration)))


def lasting(outcome: tuple[int, Fraction, bool], duration: int) -> Outcome:
    """Return an outcome that takes this many steps."""
    return outcome if duration == 1 else (*outcome, duration)


def duration_of(outcome: Sequence[Any]) -> Any:
    """Return how many steps an outcome of a table takes: its fifth entry, or 1."""
    return outcome[4] if len(outcome) > 4 else 1


def check_table(table: Any) -> None:
    """Raise an error unless this is a table of exact numbers.

    Raises:
        ValueError: it has no states or no actions, a state has a different number of actions from
            the first, or a row is invalid; the message says where.
    """
    if not isinstance(table, Sequence) or not table or not all(table):
        raise ValueError("table must have at least one state, and an action in each")
    actions = len(table[0])
    for state, rows in enumerate(table):
        if len(rows) != actions:
            raise ValueError(
                f"table[{state}] must have {actions} actions as table[0] has, got {len(rows)}"
            )
        for action, row in enumerate(rows):
            fault = _fault(row, len(table))
            if fault:
                raise ValueError(f"table[{state}][{action}]: {fault}")


def _fault(row: ExactRow, n_states: int) -> str:
    """Return what is wrong with a row, or ""."""
    for outcome in row:
        if len(outcome) not in (4, 5):
            return f"an outcome must have 4 entries, or 5 with its duration, got {outcome!r}"
        chance, following, reward, ended = outcome[:4]
        for number in (chance, reward):
            if not isinstance(number, Fraction):
                return f"probabilities and rewards must be fractions, got {number!r}"
        if chance.numerator < 0:
            return f"a probability must be >= 0, got {chance}"
        # Usually an int: checking the abstract class is slow.
        if not isinstance(following, int | Integral) or not 0 <= following < n_states:
            return f"a next state must be from 0 to {n_states - 1}, got {following!r}"
        if not isinstance(ended, bool):
            return f"terminated must be True or False, got {ended!r}"
        try:
            duration(duration_of(outcome), "a duration")
        except (TypeError, ValueError) as error:
            return str(error)
    total = sum((chance for chance, *_ in row), Fraction(0)) if len(row) != 1 else row[0][0]
    return "" if total == 1 else f"the probabilities sum to {total}"


def rounded(table: Sequence[Sequence[ExactRow]]) -> FloatTable:
    """Return the table with the nearest floats.

    Raises:
        ValueError: a reward is too large or too small for floats.
    """
    try:
        return [
            [[(float(p), t, nearest_float(r), *rest) for p, t, r, *rest in row] for row in rows]
            for rows in table
        ]
    except ValueError as error:
        raise ValueError(f"a reward {error}") from error


def reward_noise(env: gym.Env[Any, Any]) -> float:
    """Return the standard deviation of the rewards' noise, as given by the outermost layer."""
    if not env.has_wrapper_attr("reward_noise"):
        return 0.0
    return float(env.get_wrapper_attr("reward_noise"))


def dynamics_owner(env: Any) -> Any:
    """Return the layer that says how `env` behaves: the outermost with a table, or the innermost.

    Wrappers that only observe are looked through, including those of the older package gym.

    Raises:
        ValueError: a wrapper without a table may change the dynamics.
    """
    layer = env
    while _is_wrapper(layer):
        if {"P", "P_exact"} & (vars(type(layer)).keys() | vars(layer).keys()):
            return layer
        if not _only_watches(layer):
            raise ValueError(
                f"the wrapper {type(layer).__name__} {_change(layer)} and has no table P of what "
                f"comes of it: give the environment below it (env.env), a wrapper with P or "
                f"P_exact, or explore it: {EXPLORE}"
            )
        layer = layer.env
    return layer


def table_owner(env: Any) -> Any:
    """Return the outermost layer of `env` with a table, looking through watching wrappers only.

    Raises:
        ValueError: there is no table, or a wrapper without one may change the dynamics.
    """
    owner = dynamics_owner(env)
    if not has_table(owner):
        raise ValueError(
            f"{type(owner).__name__} has no table P[state][action]; a deterministic gymnasium.Env "
            f"of few states can be explored: {EXPLORE}"
        )
    return owner


def has_table(thing: object) -> bool:
    """Return whether a thing, such as an environment, has a table of dynamics."""
    return hasattr(thing, "P") or hasattr(thing, "P_exact")


def time_limit(env: Any) -> int | None:
    """Return the least limit of all wrappers; a spec has only that of the outermost one, or
    none."""
    limits: list[int] = []
    while _is_wrapper(env):
        is_limit = isinstance(env, gym.wrappers.TimeLimit) or "TimeLimit" in _old_classes(env)
        if is_limit and env._max_episode_steps is not None:
            limits.append(env._max_episode_steps)
        env = env.env
    return min(limits, default=None)


def _is_wrapper(layer: Any) -> bool:
    return isinstance(layer, gym.Wrapper) or "Wrapper" in _old_classes(layer)


def _only_watches(layer: Any) -> bool:
    return isinstance(layer, _WATCHING) or bool(_WATCHING_NAMES & _old_classes(layer))


def _old_classes(layer: Any) -> set[str]:
    """Return the names of a layer's classes from the package gym, Gymnasium's predecessor."""
    return {kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("gym.")}


def _change(layer: Any) -> str:
    """Say what a wrapper changes, by its class."""
    kinds = {kind.__name__ for kind in type(layer).__mro__}
    for part in ("reward", "action", "observation"):
        if f"{part.title()}Wrapper" in kinds:
            return f"changes {part}s"
    return "may change the dynamics"
