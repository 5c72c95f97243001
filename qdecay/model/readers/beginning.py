"""Where the episodes of an environment begin, as its attributes say.

`start` is the state in which all of them begin. Otherwise `start_chances` is the exact probability
of each state, by state, or `initial_state_distrib` or `isd` are the probabilities in floats, by
state or in the order of the states. States are given as the table names them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay.model.readers.table_labels import Labels, as_label
from qdecay.model.recover import recover
from qdecay_envs.rational import written

_NEAR_ONE = 1e-9  # of a sum of probabilities in floats


def beginning(owner: Any, states: Labels) -> tuple[int | None, Mapping[int, Fraction]]:
    """Return the start state if it is certain, or else the probability of each possible one.

    Args:
        owner: an environment, or anything else with the attributes below.
        states: the names of states in its table.

    Raises:
        ValueError: `start` is not a state, or the start distribution is not a distribution.
    """
    start = _start(getattr(owner, "start", None), states)
    if start is not None:
        return start, {}
    exact = getattr(owner, "start_chances", None)
    if exact is None:
        chances = recovered_chances(_given_chances(owner, states))
    else:
        chances = _by_number(exact, states, "start_chances")
    return (next(iter(chances)), {}) if len(chances) == 1 else (None, chances)


def _start(start: Any, states: Labels) -> int | None:
    """Return the number of the state with this label or name; None if there is none."""
    if states.names is None:
        return int(start) if isinstance(start, Integral) else None
    known: dict[Any, int] = {name: number for number, name in enumerate(states.names)}
    label = None if start is None else as_label(start, "start")
    found = (known | states.numbers).get(label)
    if found is None and isinstance(label, Integral | str | tuple):  # others may be methods
        such = one_line(", ".join(states.names[:3]))
        raise ValueError(f"start must be a state of P, such as {such}, got {written(start)}")
    return found


def recovered_chances(given: Mapping[int, float]) -> dict[int, Fraction]:
    """Return the rationals of a start distribution, or its floats divided by their sum.

    No value depends on where episodes begin, so floats without a rational are accepted here.

    Raises:
        ValueError: a number is < 0, or they do not sum to 1.
    """
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
    try:
        if isinstance(given, Mapping):
            return {s: float(p) for s, p in _by_number(given, states, name).items()}
        chances = np.asarray(given, dtype=np.float64).ravel().tolist()
    except (TypeError, OverflowError):
        raise ValueError(
            f"{name} must be the probability of each state, got {written(given)}"
        ) from None
    if states.names is not None and len(chances) != len(states.known):
        raise ValueError(
            f"{name} has {counted(len(chances), 'entry', 'entries')}, and P has "
            f"{counted(len(states.known), 'state')}: give it as a dict by state"
        )
    return dict(enumerate(chances))


def _by_number(chances: Any, states: Labels, name: str) -> dict[int, Any]:
    """Return the chances by the number of their state instead of its label."""
    if not isinstance(chances, Mapping):
        raise ValueError(f"{name} must be a dict from state to chance, got {written(chances)}")
    labels = {as_label(state, name): chance for state, chance in chances.items()}
    for label in labels:
        if label not in states.numbers:
            raise ValueError(f"{name} has {written(label)}, which is not a state of P")
    return {states.numbers[label]: chance for label, chance in labels.items()}
