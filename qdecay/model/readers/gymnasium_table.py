"""Gymnasium's tables as exact rows.

Floats become the rationals they stand for (`recover`), and the model records the mapping. A number
without such a rational is an error that names its position: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Discrete

from qdecay._support.one_line import one_line
from qdecay.model.recover import Recovery, recover
from qdecay.model.rows import ModelRows, Row
from qdecay_envs.table import table_owner

_NEAR_ONE = 1e-9  # of a sum of probabilities in floats


def rows_of_env(env: Any, recovery: Recovery | None = None) -> ModelRows:
    """Return the rows of a Gymnasium environment with a finite table.

    The table is `P_exact`, if the environment has it, or else `P`:
    `P[s][a] = [(probability, next state, reward, terminated), ...]`. `P_exact` is the same with
    `fractions.Fraction` (or int, or text) instead of floats, and is used unchanged; the floats of
    `P` are recovered. Repeated successors are merged; `terminated` counts regardless of the
    successor's rows. Time limits are not part of the dynamics: `gymnasium.wrappers.TimeLimit` sets
    the model's `time_limit` and nothing else, wrappers that only observe are ignored, any other
    wrapper must provide its own table.

    Raises:
        ValueError: no table, spaces that are not `Discrete` from 0, a wrapper that may change the
            dynamics, a table that does not describe the environment (Taxi's fickle passenger), or
            a number without a rational; the message says where.
    """
    found, table = table_of_env(env)
    recovery = recovery or Recovery()
    return replace(found, rows=list(table_rows(table, recovery)), recovered=recovery.mapped)


def table_of_env(env: Any) -> tuple[ModelRows, Any]:
    """Return all of the model but its rows, and the table that has them."""
    owner = table_owner(env)
    start, initial_states = _beginning(owner)
    spec = getattr(env, "spec", None)
    found = ModelRows(
        (),
        _discrete_size(env, "observation_space"),
        _discrete_size(env, "action_space"),
        start,
        getattr(owner, "state_names", None),
        getattr(owner, "action_names", None),
        name=getattr(spec, "id", None),
        time_limit=_time_limit(env),
        initial_states=initial_states,
    )
    if getattr(owner, "fickle_passenger", False):
        raise ValueError(
            "Taxi's table does not describe a fickle passenger: make it with fickle_passenger=False"
        )
    table = getattr(owner, "P_exact", None)
    return found, owner.P if table is None else table


def _discrete_size(env: Any, name: str) -> int:
    space = getattr(env, name, None)
    if not isinstance(space, Discrete):
        raise ValueError(f"{name} must be Discrete, got {one_line(str(space))}")
    if space.start != 0:
        raise ValueError(f"{name} must start at 0, got {space}")
    return int(space.n)


def _time_limit(env: Any) -> int | None:
    """The least limit of all wrappers: a spec names the outermost one's, or none at all."""
    limits: list[int] = []
    while isinstance(env, gym.Wrapper):
        if isinstance(env, gym.wrappers.TimeLimit):
            limits.append(env._max_episode_steps)
        env = env.env
    return min(limits, default=None)


def _beginning(owner: Any) -> tuple[int | None, Mapping[int, Fraction]]:
    """The start state if it is certain, or else the probability of each possible one.

    Raises:
        ValueError: its start distribution is not one.
    """
    start = getattr(owner, "start", None)
    if isinstance(start, int | np.integer):
        return int(start), {}
    chances = getattr(owner, "start_chances", None) or _recovered_chances(owner)
    return (next(iter(chances)), {}) if len(chances) == 1 else (None, chances)


def _recovered_chances(owner: Any) -> dict[int, Fraction]:
    """The rationals of `initial_state_distrib` if it has them, or else its floats over their sum.

    No value depends on where episodes begin, so numbers without a rational are no error here.
    """
    given = getattr(owner, "initial_state_distrib", None)
    if given is None:
        return {}
    given = np.asarray(given, dtype=np.float64)
    if not (given >= 0).all() or not abs(given.sum() - 1) < _NEAR_ONE:  # nan is neither
        raise ValueError(
            f"the start distribution must be >= 0 and sum to 1; its sum is {given.sum():g}: "
            f"there may be no start state, such as the S of a map"
        )
    floats = {state: float(given[state]) for state in np.flatnonzero(given).tolist()}
    meant = {number: recover(number) for number in set(floats.values())}
    chances = {state: meant[number] or Fraction(number) for state, number in floats.items()}
    total = sum(chances.values(), Fraction(0))
    if total != 1:
        chances = {state: Fraction(number) for state, number in floats.items()}
        total = sum(chances.values(), Fraction(0))
    return {state: chance / total for state, chance in chances.items()}


def _items(level: Any) -> Iterable[tuple[int, Any]]:
    return level.items() if isinstance(level, Mapping) else enumerate(level)


def table_rows(table: Any, recovery: Recovery) -> Iterator[Row]:
    """Yield the rows of a table `P[s][a] = [(probability, next state, reward, terminated), ...]`.

    Raises:
        ValueError: an outcome is not of that form, or a float has no rational.
    """
    for s, a, (p, t, r, terminated) in outcomes(table):
        where = f"P[{s}][{a}]"
        probability, reward = recovery(p, f"{where}: probability"), recovery(r, f"{where}: reward")
        yield s, a, int(t), probability, reward, bool(terminated)


def outcomes(table: Any) -> Iterator[tuple[int, int, Sequence[Any]]]:
    """Yield state, action and (probability, next state, reward, terminated) of a table.

    Raises:
        ValueError: an outcome has a different length.
    """
    for s, actions in _items(table):
        for a, found in _items(actions):
            for outcome in found:
                if len(outcome) != 4:
                    raise ValueError(
                        f"P[{s}][{a}]: an outcome must be (probability, next state, reward, "
                        f"terminated), got {outcome!r}"
                    )
                yield int(s), int(a), outcome
