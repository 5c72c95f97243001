"""Environments with a finite model as exact rows: Gymnasium's, the older gym's, a person's own.

Floats become the rationals they stand for (`recover`), and the model records the mapping. A number
without such a rational is an error that names its position: nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay.model.readers.loose_table import Labels, LooseTable, as_label
from qdecay.model.recover import Recovery, recover
from qdecay.model.rows import ModelRows
from qdecay_envs.rational import written
from qdecay_envs.table import table_owner, time_limit

_NEAR_ONE = 1e-9  # of a sum of probabilities in floats


def rows_of_env(env: Any, recovery: Recovery | None = None) -> ModelRows:
    """Return the rows of an environment with a finite table.

    The table is `P_exact`, if the environment has it, or else `P`:
    `P[s][a] = [(probability, next state, reward, terminated), ...]`, in one of the forms that
    `loose_table` describes. `P_exact` is the same with `fractions.Fraction` (or int, or text)
    instead of floats, and is used unchanged; the floats of `P` are recovered. Repeated successors
    are merged; `terminated` counts regardless of the successor's rows.

    The environment needs nothing else. How many states and actions there are is read from
    `observation_space.n` and `action_space.n`, `nS` and `nA`, or the table; where episodes begin,
    from `start`, or the distribution `start_chances`, `initial_state_distrib` or `isd`, by state
    or in the order of the states; names, from `state_names` and `action_names`.

    Time limits are not part of the dynamics: the wrapper `TimeLimit` sets the model's `time_limit`
    and nothing else, wrappers that only observe are ignored, any other wrapper must provide its own
    table.

    Raises:
        ValueError: no table, a wrapper that may change the dynamics, a table that cannot be read
            or does not describe the environment, or a number without a rational; the message says
            where.
    """
    owner = table_owner(env)
    if getattr(owner, "fickle_passenger", False):
        raise ValueError(
            "Taxi's table does not describe a fickle passenger: make it with fickle_passenger=False"
        )
    recovery = Recovery() if recovery is None else recovery
    exact = getattr(owner, "P_exact", None)
    table = LooseTable(
        owner.P if exact is None else exact,
        _counted(getattr(env, "observation_space", None), getattr(owner, "nS", None)),
        _counted(getattr(env, "action_space", None), getattr(owner, "nA", None)),
    )
    start, initial_states = _beginning(owner, table.states)
    return ModelRows(
        table.rows(recovery),
        len(table.states.known),
        len(table.actions.known),
        start,
        table.states.names or getattr(owner, "state_names", None),
        table.actions.names or getattr(owner, "action_names", None),
        recovered=recovery.mapped,
        name=getattr(getattr(env, "spec", None), "id", None),
        time_limit=time_limit(env),
        initial_states=initial_states,
        remarks=table.remarks,
    )


def _counted(space: Any, size: Any) -> range | None:
    """The numbers of a `Discrete` space of any package, or below a size; None if there is neither.

    A space is known by its `n` and its shape (): that of a `MultiBinary` is (n,).
    """
    n = getattr(space, "n", None)
    if isinstance(n, Integral) and getattr(space, "shape", ()) == ():
        first = int(getattr(space, "start", 0))
        return range(first, first + int(n))
    return range(int(size)) if isinstance(size, Integral) else None


def _beginning(owner: Any, states: Labels) -> tuple[int | None, Mapping[int, Fraction]]:
    """The start state if it is certain, or else the probability of each possible one.

    Raises:
        ValueError: it is no state, or its start distribution is not one.
    """
    start = _start(getattr(owner, "start", None), states)
    if start is not None:
        return start, {}
    chances = getattr(owner, "start_chances", None) or _recovered_chances(owner, states)
    return (next(iter(chances)), {}) if len(chances) == 1 else (None, chances)


def _start(start: Any, states: Labels) -> int | None:
    """The number of the state that is meant by its label or its name; None if none is."""
    if states.names is None:
        return int(start) if isinstance(start, Integral) else None
    known: dict[Any, int] = {name: number for number, name in enumerate(states.names)}
    label = None if start is None else as_label(start, "start")
    found = (known | states.numbers).get(label)
    if found is None and isinstance(label, Integral | str | tuple):  # others may be methods
        such = one_line(", ".join(states.names[:3]))
        raise ValueError(f"start must be a state of P, such as {such}, got {written(start)}")
    return found


def _recovered_chances(owner: Any, states: Labels) -> dict[int, Fraction]:
    """The rationals of the start distribution if it has them, or else its floats over their sum.

    No value depends on where episodes begin, so numbers without a rational are no error here.
    """
    given = _given_chances(owner, states)
    total = math.fsum(given.values())
    if given and not (min(given.values()) >= 0 and abs(total - 1) < _NEAR_ONE):  # nan is neither
        raise ValueError(
            f"the start distribution must be >= 0 and sum to 1; its sum is {total:g}: "
            f"there may be no start state, such as the S of a map"
        )
    floats = {state: number for state, number in sorted(given.items()) if number}
    meant = {number: recover(number) for number in set(floats.values())}
    chances = {state: meant[number] or Fraction(number) for state, number in floats.items()}
    if sum(chances.values(), Fraction(0)) != 1:
        chances = {state: Fraction(number) for state, number in floats.items()}
    whole = sum(chances.values(), Fraction(0))
    return {state: chance / whole for state, chance in chances.items()}


def _given_chances(owner: Any, states: Labels) -> dict[int, float]:
    """The numbers of `initial_state_distrib`, or else of `isd`, by state."""
    names = ("initial_state_distrib", "isd")
    name = next((name for name in names if getattr(owner, name, None) is not None), None)
    if name is None:
        return {}
    given = getattr(owner, name)
    if isinstance(given, Mapping):
        labels = [as_label(state, name) for state in given]
        for label in labels:
            if label not in states.numbers:
                raise ValueError(f"{name} has {written(label)}, which is no state of P")
        numbers: Iterable[int] = (states.numbers[label] for label in labels)
        return dict(zip(numbers, map(float, given.values()), strict=True))
    chances = np.asarray(given, dtype=np.float64).ravel().tolist()
    if states.names is not None and len(chances) != len(states.known):
        raise ValueError(
            f"{name} has {counted(len(chances), 'entry', 'entries')}, and P has "
            f"{counted(len(states.known), 'state')}: give it as a dict by state"
        )
    return dict(enumerate(chances))
