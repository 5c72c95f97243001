"""Tables of dynamics in all usual forms, with their states and actions numbered.

A table says `P[s][a] = [(probability, next state, reward, terminated), ...]`. Its levels are dicts
or lists; a state or an action is a number, text, a tuple or anything else that can be the key of a
dict. The numbers 0, 1, ..., n - 1 keep their meaning; anything else is numbered in the order of the
table (numbers by size), and its text becomes the name.

An action without outcomes is unavailable in that state, and a state without any is absorbing. A
state that is entered but has no row gives a remark; a number for which nothing says that there is
such a state is an error. `terminated` is a bool, 0 or 1; where every outcome has three entries,
nothing terminates. A fifth entry is the outcome's duration, how many steps it takes; without it, it
takes one. After a terminated one the next state does not matter, and may be None.
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

from qdecay.model.readers.labels import name_of
from qdecay.model.readers.table_labels import Labels, Place, as_label
from qdecay.model.reading import WITHIN, off_one
from qdecay.model.recover import Recovery
from qdecay_envs.arguments import duration
from qdecay_envs.rational import written

_LISTS = (list, tuple, np.ndarray)
_FAR = 2 * float(WITHIN)  # distance of a float sum from 1 up to which it may be normalised
_Row = tuple[int, int, int, Any, Any, bool] | tuple[int, int, int, Any, Any, bool, int]
_Places = dict[Hashable, str | Place]
_FORM = "(probability, next state, reward, terminated)"
_FULL = 4  # entries of an outcome including `terminated`; a duration may follow


@dataclass(frozen=True)
class LooseTable:
    """A table, and the numbers of states and actions that its environment states.

    Entries are checked when they are read: an error names the place.
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
        """What is assumed: nothing terminates if the table does not say it, and nothing follows in
        a state that is entered and has no row."""
        assumed = ["P does not say which outcomes terminate: none does"] * (self._length == 3)
        first, *others = [*map(name_of, self._found[2])] or [""]
        more = f" and {len(others):,} more" if others else ""
        if first:
            assumed.append(f"P has no row for state {first}{more}: absorbing with reward 0")
        return tuple(assumed)

    def rows(self, recovery: Recovery) -> Iterator[_Row]:
        """Yield the rows, with the numbers that the recovery returns.

        Raises:
            ValueError: something cannot be read; the message names the place.
        """
        states, actions, length = self.states.numbers, self.actions.numbers, self._length
        for s, a, outcomes in self._pairs():
            state, action, total = states[s], actions[a], 0.0
            for k, outcome in enumerate(outcomes):
                place = Place(s, a, k)
                p, t, r, ended = _entries(outcome, length, place)
                try:
                    probability, reward = recovery(p, ""), recovery(r, "")
                except (TypeError, ValueError):  # names take time, and only messages need them
                    if isinstance(p, float) and math.isfinite(p):
                        _check_chance(p, p, place)
                    probability = _named(recovery, p, f"{place}: probability")
                    reward = _named(recovery, r, f"{place}: reward")
                near = p if type(p) is float else _nearest(probability)
                _check_chance(near, p, place)
                total += near
                if len(outcome) > _FULL:
                    steps = duration(outcome[_FULL], f"{place}: duration")
                    yield state, action, states[t], probability, reward, ended, steps
                else:
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
        states, actions, rowless = self._found
        if not actions:
            raise ValueError(f"P has no outcomes: P[state][action] must be a list of {_FORM}")
        known = [state for state, place in states.items() if place == "P"]
        if self.state_space is None and all(isinstance(state, Integral) for state in known):
            for state, place in rowless.items():
                if isinstance(state, Number):
                    raise ValueError(
                        f"{place}: P has no row for the next state {state}: give it one, {{}} if "
                        f"nothing follows, or an observation_space or nS"
                    )
        return (
            Labels.of(states, self.state_space, "state"),
            Labels.of(actions, self.action_space, "action"),
        )

    @cached_property
    def _found(self) -> tuple[_Places, _Places, _Places]:
        """Return states, actions, and states that are entered but have no row, with their
        places."""
        states: _Places = {
            as_label(state, "P: a state"): "P" for state, _ in _items(self.table, "P")
        }
        actions: _Places = {}
        rowless: _Places = {}
        length = self._length
        for s, a, outcomes in self._pairs():
            for k, outcome in enumerate(outcomes):
                plain = type(outcome) is tuple and len(outcome) == length > 2
                t = outcome[1] if plain else None
                if type(t) is int and states.get(t) == "P":
                    continue
                place = Place(s, a, k)
                p, t, _, ended = _entries(outcome, length, place)
                never = isinstance(p, Number) and not p
                if states.setdefault(t, place) != "P" and not (ended or never):
                    rowless.setdefault(t, place)
            actions.setdefault(a, Place(s, a, 0))
        return states, actions, rowless

    @cached_property
    def _length(self) -> int:
        """The number of entries of the first outcome, without a duration."""
        return next((_size(outcomes[0]) for _, _, outcomes in self._pairs()), _FULL)

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
    """Yield the entries of a dict or a list, with their keys; None (no actions) has none."""
    if isinstance(level, Mapping):
        return level.items()
    if isinstance(level, np.ndarray) and level.dtype.kind in "iuf":
        raise ValueError(
            f"{place} is an array of numbers, of shape {level.shape}, not a table of outcomes: "
            f"MDP.from_arrays(P, R) reads arrays, P of shape (A, S, S)"
        )
    if isinstance(level, _LISTS):
        return enumerate(level)
    if level is None:
        return ()
    raise ValueError(f"{place} must be a dict or a list, got {written(level)}")


def _listed(outcomes: Any, state: Hashable, action: Hashable) -> Sequence[Any]:
    if isinstance(outcomes, _LISTS):
        return outcomes  # type: ignore[return-value]
    if outcomes is None:
        return ()
    place = f"P[{state!r}][{action!r}]"
    raise ValueError(f"{place} must be a list of {_FORM}, got {written(outcomes)}")


def _size(outcome: Any) -> int:
    """Return the number of entries of an outcome, without a duration."""
    size = len(outcome) if isinstance(outcome, _LISTS) else 0
    return _FULL if size == _FULL + 1 else size


def _entries(outcome: Any, length: int, place: Place) -> tuple[Any, Hashable, Any, bool]:
    """Return the first four entries of an outcome; those that are not numbers are checked."""
    size = _size(outcome)
    if size not in (3, _FULL):
        raise ValueError(f"{place}: an outcome must be {_FORM}, got {written(outcome)}")
    if size != length:
        raise ValueError(
            f"{place} has {size} entries, and the first outcome {length}: give all of them {_FORM}"
        )
    p, t, r, ended = outcome[:_FULL] if size == _FULL else (*outcome, False)
    if type(ended) is not bool:
        ended = _flag(ended, place)
    if type(t) is not int:
        same = t is None and ended
        t = place[0] if same else as_label(t, f"{place}: the next state")
    return p, t, r if type(r) is float or type(r) is int else _reward(r, place), ended


def _reward(reward: Any, place: Place) -> Any:
    """Return a reward without an array around it; a bool means that entries are in another
    order."""
    if isinstance(reward, np.ndarray) and reward.size == 1:
        return reward.item()
    if isinstance(reward, bool | np.bool_):
        raise ValueError(
            f"{place}: reward must be a number, got {written(reward)}: an outcome must be {_FORM}"
        )
    return reward


def _flag(ended: Any, place: Place) -> bool:
    """Return whether an outcome terminates: a bool, perhaps NumPy's, or 0 or 1."""
    if isinstance(ended, Number | np.bool_) and ended in (0, 1):
        return bool(ended)
    raise ValueError(
        f"{place}: terminated must be true or false, got {written(ended)}: an outcome "
        f"must be {_FORM}"
    )


def _named(recovery: Recovery, value: Any, name: str) -> Any:
    """Return the recovered number, or raise an error that names it."""
    if isinstance(value, Number | str) and not isinstance(value, complex | np.complexfloating):
        return recovery(value, name)
    raise ValueError(f"{name} must be a number, got {written(value)}")


def _check_chance(near: float, given: Any, place: Place) -> None:
    """Raise ValueError unless the number near to a given one is a probability."""
    if not 0 <= near < 1 + _FAR:
        raise ValueError(f"{place}: probability must be in [0, 1], got {written(given)}")


def _nearest(probability: Any) -> float:
    """Return the nearest float, or infinity, which is not a probability."""
    try:
        return float(probability)
    except OverflowError:
        return math.inf
