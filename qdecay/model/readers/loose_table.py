"""Tables of dynamics in the forms that people write, with their states and actions numbered.

A table says `P[s][a] = [(probability, next state, reward, terminated), ...]`. Its levels are dicts
or lists; a state or an action is a number, text, a tuple or anything else that can be the key of a
dict. Those that are the numbers 0, 1, ..., n - 1 stay what they are; others are numbered in the
order in which the table has them (numbers by size), and named by what they are.

An action without outcomes is unavailable in that state, and a state without any is absorbing.
`terminated` is a bool, 0 or 1; where every outcome has three entries, nothing terminates. After a
terminated one the next state does not matter, and may be None.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Integral, Number
from typing import Any

import numpy as np

from qdecay.model.reading import WITHIN, off_one
from qdecay.model.recover import Recovery
from qdecay_envs.rational import written

Place = tuple[Hashable, Hashable, int]
"""The state and the action of an outcome, and its index in their list."""

_SPACES = {"state": "observation_space or nS", "action": "action_space or nA"}
_FAR = 2 * float(WITHIN)  # of a sum in floats from 1: what is nearer may be normalised
_FORM = "(probability, next state, reward, terminated)"


@dataclass(frozen=True)
class Labels:
    """What a table calls its states, or its actions.

    Attributes:
        known: each of them, in the order of their numbers.
        names: the same as text; None if they are their numbers.
    """

    known: Sequence[Hashable]
    names: tuple[str, ...] | None

    @classmethod
    def of(cls, found: Mapping[Hashable, str | Place], space: range | None, what: str) -> Labels:
        """Number what was found in a table.

        Args:
            found: the labels in their order, and where each was found.
            space: the numbers that the environment says there are, if it does.
            what: "state" or "action".

        Raises:
            ValueError: a number is not in the space.
        """
        labels: list[Any] = list(found)
        if not all(isinstance(label, Integral) for label in labels):
            return cls(labels, _names(labels))
        if space is None:
            numbers = sorted(labels)
            counted = numbers == list(range(len(numbers)))
            return cls(numbers, None if counted else _names(numbers))
        for label in labels:
            if label not in space:
                where = found[label] if isinstance(found[label], str) else _written(*found[label])
                raise ValueError(
                    f"{where}: the {what} {label} is not one of the environment's {what}s "
                    f"{space.start} to {space.stop - 1}: change its {_SPACES[what]} or P"
                )
        return cls(space, None if space.start == 0 else _names(space))

    @cached_property
    def numbers(self) -> dict[Hashable, int]:
        """The number of each label."""
        return {label: number for number, label in enumerate(self.known)}


def _names(labels: Iterable[Hashable]) -> tuple[str, ...]:
    return tuple(label if isinstance(label, str) else repr(label) for label in labels)


@dataclass(frozen=True)
class LooseTable:
    """A table, and the numbers of states and actions that its environment says there are.

    What it holds is checked where it is read: an error names the place.
    """

    table: Any
    state_space: range | None = None
    action_space: range | None = None

    @property
    def states(self) -> Labels:
        """The states: those that have a row first, in the order of the rows."""
        return self._labels[0]

    @property
    def actions(self) -> Labels:
        """The actions."""
        return self._labels[1]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is assumed: that nothing terminates where the table does not say it."""
        assumed = "P does not say which outcomes terminate: none does"
        return (assumed,) if self._length == 3 else ()

    def rows(self, recovery: Recovery) -> Iterator[tuple[int, int, int, Any, Any, bool]]:
        """Yield the rows, with the numbers that the recovery returns.

        Raises:
            ValueError: something cannot be read; the message names the place.
        """
        states, actions = self.states.numbers, self.actions.numbers
        for s, a, outcomes in self._pairs():
            state, action, total = states[s], actions[a], 0.0
            for k, outcome in enumerate(outcomes):
                p, t, r, ended = _entries(outcome, self._length, (s, a, k))
                try:
                    probability, reward = recovery(p, ""), recovery(r, "")
                except (TypeError, ValueError):  # names take long, and only a message needs them
                    where = _written(s, a, k)
                    probability = _named(recovery, p, f"{where}: probability")
                    reward = _named(recovery, r, f"{where}: reward")
                near = p if type(p) is float else _nearest(probability)
                if not 0 <= near < 1 + _FAR:
                    where = _written(s, a, k)
                    raise ValueError(f"{where}: probability must be in [0, 1], got {written(p)}")
                total += near
                yield state, action, states[t], probability, reward, ended
            if not abs(total - 1) < _FAR:
                exact = sum(Fraction(recovery(outcome[0], "")) for outcome in outcomes)
                raise off_one(f"P[{s!r}][{a!r}]", Fraction(exact))

    @cached_property
    def _labels(self) -> tuple[Labels, Labels]:
        """The states and the actions.

        Raises:
            ValueError: there are none, or something cannot be read; the message names the place.
        """
        states: dict[Hashable, str | Place] = {
            as_label(state, "P: a state"): "P" for state, _ in _items(self.table, "P")
        }
        actions: dict[Hashable, str | Place] = {}
        length = self._length
        for s, a, outcomes in self._pairs():
            for k, outcome in enumerate(outcomes):
                plain = type(outcome) is tuple and len(outcome) == length > 2
                t = outcome[1] if plain else None
                if type(t) is not int:
                    t = _entries(outcome, length, (s, a, k))[1]
                if t not in states:
                    states[t] = s, a, k
            actions.setdefault(a, (s, a, 0))
        if not actions:
            raise ValueError(f"P has no outcomes: P[state][action] must be a list of {_FORM}")
        return (
            Labels.of(states, self.state_space, "state"),
            Labels.of(actions, self.action_space, "action"),
        )

    @cached_property
    def _length(self) -> int:
        """How many entries the first outcome has."""
        return next((_size(outcomes[0]) for _, _, outcomes in self._pairs()), 4)

    def _pairs(self) -> Iterator[tuple[Hashable, Hashable, Sequence[Any]]]:
        """Yield each state and available action, with the list of its outcomes."""
        for given_state, actions in _items(self.table, "P"):
            s = as_label(given_state, "P: a state")
            for given_action, outcomes in _items(actions, f"P[{s!r}]"):
                a = as_label(given_action, f"P[{s!r}]: an action")
                found = outcomes if type(outcomes) is list else _listed(outcomes, s, a)
                if len(found):
                    yield s, a, found


def _items(level: Any, place: str) -> Iterable[tuple[Any, Any]]:
    """The entries of a dict or a list, with their keys; none of None, as of no actions."""
    if isinstance(level, Mapping):
        return level.items()
    if isinstance(level, np.ndarray) and level.dtype.kind in "iuf":
        raise ValueError(
            f"{place} is an array of numbers, of shape {level.shape}, and no table of outcomes: "
            f"MDP.from_arrays(P, R) reads arrays, P of shape (A, S, S)"
        )
    if isinstance(level, list | tuple | np.ndarray):
        return enumerate(level)
    if level is None:
        return ()
    raise ValueError(f"{place} must be a dict or a list, got {written(level)}")


def _listed(outcomes: Any, state: Hashable, action: Hashable) -> Sequence[Any]:
    if isinstance(outcomes, list | tuple | np.ndarray):
        return outcomes  # type: ignore[return-value]
    if outcomes is None:
        return ()
    place = f"P[{state!r}][{action!r}]"
    raise ValueError(f"{place} must be a list of {_FORM}, got {written(outcomes)}")


def _size(outcome: Any) -> int:
    return len(outcome) if isinstance(outcome, list | tuple | np.ndarray) else 0


def _entries(outcome: Any, length: int, place: Place) -> tuple[Any, Hashable, Any, bool]:
    """The four entries of an outcome, checked as far as they are no numbers."""
    size = _size(outcome)
    if size != length or size not in (3, 4):
        where = _written(*place)
        if size in (3, 4):
            raise ValueError(
                f"{where} has {size} entries, and the first outcome {length}: give all of them "
                f"{_FORM}"
            )
        raise ValueError(f"{where}: an outcome must be {_FORM}, got {written(outcome)}")
    p, t, r, ended = outcome if size == 4 else (*outcome, False)
    if type(ended) is not bool:
        ended = _flag(ended, place)
    if type(t) is not int:
        same = t is None and ended
        t = place[0] if same else as_label(t, f"{_written(*place)}: the next state")
    return p, t, r if type(r) is float or type(r) is int else _reward(r, place), ended


def _reward(reward: Any, place: Place) -> Any:
    """A reward without the array around it; a bool says that the entries are in another order."""
    if isinstance(reward, np.ndarray) and reward.size == 1:
        return reward.item()
    if isinstance(reward, bool | np.bool_):
        raise ValueError(
            f"{_written(*place)}: reward must be a number, got {written(reward)}: an outcome must "
            f"be {_FORM}"
        )
    return reward


def _flag(ended: Any, place: Place) -> bool:
    """Whether an outcome terminates: a bool of NumPy's, 0 or 1."""
    if isinstance(ended, Number | np.bool_) and ended in (0, 1):
        return bool(ended)
    raise ValueError(
        f"{_written(*place)}: terminated must be true or false, got {written(ended)}: an outcome "
        f"must be {_FORM}"
    )


def as_label(given: Any, what: str) -> Hashable:
    """Return a state or an action with plain numbers, and tuples for lists and arrays.

    Raises:
        ValueError: it cannot be the key of a dict.
    """
    if type(given) is int or type(given) is str:
        return given
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if isinstance(given, list | tuple):
        return tuple(as_label(part, what) for part in given)
    if isinstance(given, np.generic):
        given = given.item()
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, Hashable) and given is not None and given == given:  # unlike nan
        return given
    raise ValueError(f"{what} must be a number, text or a tuple, got {written(given)}")


def _named(recovery: Recovery, value: Any, name: str) -> Any:
    """The number, or the error that names it."""
    if isinstance(value, Number | str):
        return recovery(value, name)
    raise ValueError(f"{name} must be a number, got {written(value)}")


def _nearest(probability: Any) -> float:
    """The nearest float, or infinity: then it is no probability."""
    try:
        return float(probability)
    except OverflowError:
        return math.inf


def _written(state: Hashable, action: Hashable, k: int) -> str:
    """A place as it is written in Python."""
    return f"P[{state!r}][{action!r}][{k}]"
