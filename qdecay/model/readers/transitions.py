"""Data as a model: probabilities are relative frequencies.

Of n tries of action a in state s, count led to state t with reward r:

    p(s, a, t, r, terminated) = count / n,

and likewise for each duration, if the data has durations.

This is the empirical (maximum-likelihood) model. It says nothing about what was never tried: an
action never taken in a state is unavailable there, and a state that was entered but never acted in
is absorbing with reward 0. Remarks on the model name both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.result import counted, shown_list
from qdecay.model.readers.labels import Numbering, column_of, numbered
from qdecay.model.readers.steps import Steps, steps_of
from qdecay.model.recover import Recovery
from qdecay.model.rows import ModelRows, Row, checked_durations
from qdecay_envs.rational import written


def rows_of_transitions(
    data: Any,
    *,
    n_states: int | None = None,
    n_actions: int | None = None,
    start: Any = None,
    recovery: Recovery | None = None,
) -> ModelRows:
    """Return the rows of the empirical model of some data.

    Args:
        data: in any form that `steps_of` accepts.
        n_states, n_actions: S and A, if the data numbers them; None means one more than the largest
            number that appears, unless that exceeds a thousand and fewer than one in ten appear:
            then numbers are names.
        start: the start state, as in the data; None means where its episodes begin, if known.
        recovery: what maps rewards to exact numbers or floats.

    Raises:
        TypeError, ValueError: an entry is not what its column holds, or a column is missing; the
            message says which, and in which transition.
    """
    return Counts(steps_of(data), n_states, n_actions).rows(start, recovery or Recovery())


@dataclass(frozen=True)
class Counts:
    """Steps, counted by kind.

    Args:
        steps: the data.
        n_states, n_actions: as in `rows_of_transitions`.
    """

    steps: Steps
    n_states: int | None = None
    n_actions: int | None = None

    @cached_property
    def n_transitions(self) -> int:
        """The number of different transitions."""
        return len(self._distinct[0])

    @cached_property
    def _states(self) -> tuple[list[NDArray[np.int64]], Numbering]:
        size = self.steps.n_states if self.n_states is None else self.n_states
        columns = {"state": self.steps.state, "next_state": self.steps.next_state}
        return numbered(columns, "state", size)

    @cached_property
    def _actions(self) -> tuple[list[NDArray[np.int64]], Numbering]:
        size = self.steps.n_actions if self.n_actions is None else self.n_actions
        return numbered({"action": self.steps.action}, "action", size)

    @cached_property
    def _ended(self) -> NDArray[np.bool_]:
        return flags(self.steps.terminated, "terminated")

    @cached_property
    def _durations(self) -> NDArray[np.int64]:
        """How many steps of time each transition took."""
        if self.steps.duration is None:
            return np.ones(len(self._ended), dtype=np.int64)
        return checked_durations(self.steps.duration)

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """S and A."""
        return self._states[1].size, self._actions[1].size

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first transition of each kind, in order of state and action, and its count."""
        (state, following), (action,) = self._states[0], self._actions[0]
        columns = [state, action, following, self._ended, _rewards(self.steps.reward)]
        columns += [] if self.steps.duration is None else [self._durations]
        _, first, count = np.unique(_combined(columns), return_index=True, return_counts=True)
        return first, count

    def rows(self, start: Any, recovery: Recovery) -> ModelRows:
        """Return the rows of the model."""
        (state, _), states = self._states
        (action,), actions = self._actions
        tried, pair, visits = np.unique(
            state * actions.size + action, return_inverse=True, return_counts=True
        )
        places = zip(*(part.tolist() for part in np.divmod(tried, actions.size)), strict=True)
        broken = self._broken()
        starts = {} if start is not None or broken else self._starts()
        single = next(iter(starts)) if len(starts) == 1 else None
        return ModelRows(
            self._rows(visits[pair], recovery),
            states.size,
            actions.size,
            single if start is None else states.index(start),
            states.names,
            actions.names,
            recovered=recovery.mapped,
            name=self.steps.name,
            initial_states=starts if single is None else {},
            visits=dict(zip(places, visits.tolist(), strict=True)),
            remarks=(*broken, *self._remarks(tried)),
        )

    def _rows(self, visits: NDArray[np.int64], recovery: Recovery) -> Iterator[Row]:
        (state, following), (action,) = self._states[0], self._actions[0]
        reward, (first, count) = self.steps.reward, self._distinct
        parts = (state, action, following, self._ended, self._durations)
        at = [part[first].tolist() for part in parts]
        for k, s, a, t, end, steps, n, of in zip(
            first.tolist(), *at, count.tolist(), visits[first].tolist(), strict=True
        ):
            paid = reward[k]
            if isinstance(paid, Decimal) and paid.is_finite():  # of databases, and exact
                paid = Fraction(paid)
            paid = recovery(paid, f"transition {k}: reward")
            yield s, a, t, Fraction(n, of), paid, end, steps

    def _starts(self) -> dict[int, Fraction]:
        """How often episodes begin in each state; empty if the data does not say."""
        begins = first_steps(self.steps)
        if begins is None:
            return {}
        states, count = np.unique(self._states[0][0][begins], return_counts=True)
        total = int(count.sum())
        pairs = zip(states.tolist(), count.tolist(), strict=True)
        return {s: Fraction(n, total) for s, n in pairs}

    def _broken(self) -> tuple[str, ...]:
        """Return a remark if rows of an episode do not follow each other; they may be out of
        order."""
        one, two = following_steps(self.steps)
        (state, following), states = self._states
        ended = self._ended
        if self.steps.truncated is not None:
            ended = ended | flags(self.steps.truncated, "truncated")
        wrong = ended[one] | (following[one] != state[two])
        if not wrong.any():
            return ()
        k = int(np.argmax(wrong))
        i, j = int(one[k]), int(two[k])
        leads = "ends it" if ended[i] else f"leads to {states.shown(following[i])}"
        return (
            f"{counted(int(wrong.sum()), 'row')} of an episode not following the one before, first "
            f"transition {j}: it is in {states.shown(state[j])}, and transition {i} {leads}; so "
            f"the starts of episodes are not taken from the data",
        )

    def _remarks(self, tried: NDArray[np.int64]) -> Iterator[str]:
        """Yield what the data does not say, and what is assumed instead."""
        (_, following), states = self._states
        actions = self._actions[1]
        acting = np.unique(tried // actions.size)
        unseen = len(acting) * actions.size - len(tried)
        for numbering, what in ((states, "state"), (actions, "action")):
            if numbering.largest is not None:
                yield (
                    f"{counted(numbering.size, what)} of the numbers 0 to {numbering.largest:,}: "
                    f"these are taken as names (n_{what}s= keeps them as numbers)"
                )
        if unseen:
            yield (
                f"{counted(unseen, 'pair')} of state and action never seen, of "
                f"{len(acting) * actions.size:,}: unavailable"
            )
        left = np.setdiff1d(following[~self._ended], acting).tolist()
        if left:
            names = list(map(states.shown, left))
            yield (
                f"{counted(len(left), 'state')} entered and never acted in, taken as absorbing "
                f"with reward 0: {shown_list(names)}"
            )
        if self.steps.left_out:
            yield f"{counted(len(self.steps.left_out), 'column')} not read: " + shown_list(
                [written(name) for name in self.steps.left_out]
            )


def _codes(column: NDArray[Any]) -> NDArray[np.int64]:
    """Return numbers for the column's entries, equal for equal entries."""
    if column.dtype.kind in "iuf":
        return np.unique(column, return_inverse=True)[1]
    numbers: defaultdict[Any, int] = defaultdict()
    numbers.default_factory = numbers.__len__  # a new entry has the next number
    return np.fromiter(map(numbers.__getitem__, column.tolist()), dtype=np.int64)


def _rewards(column: NDArray[Any]) -> NDArray[np.int64]:
    """Do the same for rewards, which must be numbers or texts of numbers."""
    if column.dtype.kind == "O":
        kinds: set[type] = {type(paid) for paid in column}
        wrong = {
            kind for kind in kinds if kind is bool or not issubclass(kind, Real | Decimal | str)
        }
        for k, paid in enumerate(column) if wrong else ():
            if type(paid) in wrong:
                raise TypeError(f"transition {k}: reward must be a number, got {written(paid)}")
    return _codes(column)


def _combined(columns: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return a number for each distinct row of the columns, in their order."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        code = code * (int(column.max()) + 1) + column
        code = np.unique(code, return_inverse=True)[1]
    return code


def first_steps(steps: Steps) -> NDArray[np.bool_] | None:
    """Return which steps begin an episode; None if the data does not say.

    The first step of each `episode`; without that column but with `truncated`, the first step and
    each that follows an end.
    """
    begins = np.zeros(len(steps.state), dtype=np.bool_)
    if steps.episode is not None:
        codes = _codes(column_of(steps.episode, "episode"))
        begins[np.unique(codes, return_index=True)[1]] = True
        return begins
    if steps.truncated is None:
        return None
    ends = flags(steps.terminated, "terminated") | flags(steps.truncated, "truncated")
    begins[0] = True
    begins[1:] = ends[:-1]
    return begins


def following_steps(steps: Steps) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the steps that have a next one in their episode, and the next ones.

    Without a column `episode`, ends separate the episodes; without `truncated`, nothing is known.
    """
    order = np.arange(len(steps.state))
    if steps.episode is not None:
        codes = _codes(column_of(steps.episode, "episode"))
        order = np.argsort(codes, kind="stable")
        joined = np.diff(codes[order]) == 0
    elif steps.truncated is not None:
        ends = flags(steps.terminated, "terminated") | flags(steps.truncated, "truncated")
        joined = ~ends[:-1]
    else:
        joined = np.zeros(len(order) - 1, dtype=np.bool_)
    return order[:-1][joined], order[1:][joined]


def flags(column: NDArray[Any], name: str) -> NDArray[np.bool_]:
    """Return a column of flags: true and false, or 1 and 0.

    Raises:
        TypeError: an entry is something else; the message says which.
    """
    if column.dtype.kind == "b":
        return column
    entries = column.astype(object)  # as objects, text can be compared with numbers
    yes = np.asarray(entries == 1, dtype=np.bool_)
    wrong = ~(yes | np.asarray(entries == 0, dtype=np.bool_))
    if wrong.any():
        k = int(np.argmax(wrong))
        entry = entries[k]
        kind, remedy = ("text ", ": convert it to bool") if isinstance(entry, str) else ("", "")
        raise TypeError(
            f"transition {k}: {name} must be true or false, got {kind}{written(entry)}{remedy}"
        )
    return yes
