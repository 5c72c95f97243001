"""The results of walks: points where optimal sets change, and the regions between them.

`SetsAlong` is what all regions along one number have in common, certified ones too.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from qdecay._support.progress import OnProgress, Progress
from qdecay._support.result import Record, counted, frame, shown_list
from qdecay._support.shown import shown_decimal
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.reached import Reach
from qdecay.exact.solver.axis import Beginning, Mask
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.walk import Event
from qdecay.model.base import FiniteMDP
from qdecay.model.info import ModelResult

if TYPE_CHECKING:
    import pandas as pd

Actions = tuple[int, ...]
Sets = tuple[Actions, ...]


@dataclass(frozen=True)
class Change:
    """One state's optimal actions just left of a point, at it, and just right of it."""

    left: Actions
    at: Actions
    right: Actions

    def to_json(self) -> dict[str, list[int]]:
        """Return the three sets as lists."""
        return {"left": list(self.left), "at": list(self.at), "right": list(self.right)}


@dataclass(frozen=True, eq=False, repr=False)
class SetsAlong(ModelResult):
    """Regions of one model, and what lies between them."""

    @property
    @abstractmethod
    def _model(self) -> FiniteMDP:
        """The model, for its sizes."""

    @property
    @abstractmethod
    def _pairs(self) -> RationalModel:
        """The pairs of the model, in integers."""

    @property
    def start(self) -> int | None:
        """The start state, or None."""
        return self.info.start

    @property
    def n_states(self) -> int:
        """The model's number of states."""
        return self._model.n_states

    @property
    def n_actions(self) -> int:
        """The model's number of actions."""
        return self._model.n_actions

    def _about(self) -> dict[str, Any]:
        """Return the first fields of the document."""
        return {
            "source": self.name,
            "n_states": self.n_states,
            "n_actions": self.n_actions,
            "start": self.start,
        }

    def _with_start(self, changed: Iterable[Collection[int]]) -> tuple[int, ...]:
        """Return which of some collections of states have the start state."""
        start = self._start()
        return tuple(i for i, states in enumerate(changed) if start in states)

    def _with_reached(
        self, changed: Iterable[tuple[Collection[int], Sequence[Sequence[int]]]]
    ) -> tuple[int, ...]:
        """Return which have a state that is reached from the start under the sets beside them."""
        start = self._start()
        reached = (not self._reach.among(sets, start).isdisjoint(s) for s, sets in changed)
        return tuple(i for i, is_reached in enumerate(reached) if is_reached)

    def _start(self) -> int:
        if self.start is None:
            raise ValueError("the model has no start state")
        return self.start

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self._pairs)


@dataclass(frozen=True, eq=False, repr=False)
class Turn(Record):
    """A point where optimal sets change or, for a touch, where some are larger at that point only.

    Attributes:
        changes: the states whose set at or right of it differs from the one left of it.
    """

    changes: Mapping[int, Change] = field(kw_only=True)

    @property
    @abstractmethod
    def number(self) -> AlgebraicNumber:
        """The point, exact."""

    def _shown(self) -> str:
        states = shown_list([str(state) for state in self.changes], "state")
        return f"{shown_decimal(self.number, 4)}: {states}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a breakpoint as in the JSON document."""
        changes = {str(state): change.to_json() for state, change in self.changes.items()}
        return {**self.number.to_json(), "changes": changes}


_Turn = TypeVar("_Turn", bound=Turn)


@dataclass(frozen=True, eq=False, repr=False)
class Regions(SetsAlong, Generic[_Turn]):
    """The regions of one walk, in order.

    Attributes:
        breakpoints: in increasing order; region i lies between breakpoints i - 1 and i.
        regions: for each region, the set of optimal actions of every state; () if none is
            available. Ties inside a set last over the whole region.
        touches: points strictly inside a region where some set is larger.
        proven_to: the high end, or the point up to which a search that ran out of budget is
            complete.
    """

    breakpoints: tuple[_Turn, ...]
    regions: tuple[Sets, ...]
    touches: tuple[_Turn, ...]
    proven_to: AlgebraicNumber
    _policies: tuple[NDArray[np.int64], ...] = field(repr=False)

    def start_breakpoints(self) -> tuple[int, ...]:
        """Return the breakpoints that change the start state's set.

        Raises:
            ValueError: the model has no start state.
        """
        return self._with_start(point.changes for point in self.breakpoints)

    def reached_breakpoints(self) -> tuple[int, ...]:
        """Return the breakpoints that change a state reached from the start.

        A state counts as reached if some optimal policy left of, at, or right of the breakpoint
        reaches it with positive probability.

        Raises:
            ValueError: the model has no start state.
        """
        return self._with_reached(self._around())

    def _around(self) -> Iterator[tuple[Collection[int], list[Actions]]]:
        """Yield what changes at each breakpoint, and the sets left of it, at it and right of it."""
        for point, left in zip(self.breakpoints, self.regions, strict=False):
            sets = list(left)  # the sets at the breakpoint include those left and right
            for state, change in point.changes.items():
                sets[state] = tuple({*change.left, *change.at, *change.right})
            yield point.changes, sets

    def _region_of(self, number: AlgebraicNumber) -> int | None:
        """Return the region that contains a number inside the ends; None at a breakpoint."""
        index = sum(b.number < number for b in self.breakpoints)
        at = index < len(self.breakpoints) and self.breakpoints[index].number == number
        return None if at else index

    def _sets_at(self, number: AlgebraicNumber) -> Sets:
        """Return the sets at a number strictly between the ends."""
        sets = list(self.regions[sum(b.number < number for b in self.breakpoints)])
        for point in (*self.breakpoints, *self.touches):
            if point.number == number:
                for state, change in point.changes.items():
                    sets[state] = change.at
        return tuple(sets)

    def reached(self, region: int) -> tuple[int, ...]:
        """Return the states reached from the start under optimal actions of a region, in order.

        Raises:
            ValueError: the model has no start state.
        """
        reached = self._reach.among(self.regions[region], self._start())
        return tuple(sorted(state for state in reached if state < self._pairs.n_own))

    def _counts(self, high: Fraction | int) -> list[str]:
        """Return what was found, in words; `high` is where a complete search ends."""
        parts = [counted(len(self.regions), "region")]
        if self.breakpoints:
            numbers = [shown_decimal(point.number, 4) for point in self.breakpoints]
            parts.append(shown_list(numbers, "breakpoint"))
        if self.touches:
            parts.append(counted(len(self.touches), "touch", "touches"))
        if self.proven_to != high:
            parts.append(f"proven up to {shown_decimal(self.proven_to, 4)}")
        return parts

    def _found(self) -> dict[str, Any]:
        """Return the fields of the document with the findings."""
        return {
            "breakpoints": [b.to_json() for b in self.breakpoints],
            "regions": [{"optimal_actions": lists(sets)} for sets in self.regions],
            "touches": [t.to_json() for t in self.touches],
        }

    def _reached_to(self) -> dict[str, str]:
        """Return the field `proven_to` of the document of a search that did not reach the end."""
        return {"proven_to": self.proven_to.decimal()}

    def _table(self, name: str) -> pd.DataFrame:
        """Return a row per breakpoint: its number, exact if short, and the states that change."""
        numbers = [point.number for point in self.breakpoints]
        return frame(
            {
                name: [float(number) for number in numbers],
                "closed_form": [number.closed_form() for number in numbers],
                "states": [tuple(self._states(point.changes)) for point in self.breakpoints],
            }
        )


class Walked(Protocol):
    """A walk, by one process or several; see `Walk`."""

    @property
    def model(self) -> RationalModel:
        """The pairs."""

    @property
    def beginning(self) -> Beginning:
        """What is optimal right of 0."""

    @property
    def first(self) -> Mask:
        """The pairs that are optimal right of 0."""

    @property
    def x(self) -> AlgebraicNumber:
        """The point up to which everything is proven."""

    def run(self) -> Generator[Event]:
        """Yield the events in order."""


class Found(NamedTuple, Generic[_Turn]):
    """What a walk found, as the fields of `Regions`; `make` turns events into points."""

    breakpoints: tuple[_Turn, ...]
    regions: tuple[Sets, ...]
    touches: tuple[_Turn, ...]
    policies: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(
        cls,
        walk: Walked,
        events: Sequence[Event],
        make: Callable[[AlgebraicNumber, dict[int, Change]], _Turn],
    ) -> Found[_Turn]:
        """Return the findings from the events of a walk."""
        model = walk.model
        breaks = [event for event in events if event.is_breakpoint]
        regions, points = [sets_of(model, walk.first)], []
        for event in breaks:
            changes = _changes(model, event)
            sets = list(regions[-1])
            for state, change in changes.items():
                sets[state] = change.right
            points.append(make(event.x, changes))
            regions.append(tuple(sets))
        touches = [event for event in events if not event.is_breakpoint]
        return cls(
            tuple(points),
            tuple(regions),
            tuple(make(event.x, _changes(model, event)) for event in touches),
            (walk.beginning.policy, *(event.policy for event in breaks)),
        )


def events_of(
    walk: Walked,
    most: int | None,
    report: OnProgress | None,
    shown: Callable[[AlgebraicNumber], str],
    events: list[Event],
) -> None:
    """Take a walk to its end, and append what it meets.

    Args:
        most: limit of points, or None.
        report: called at each point, or None.
        shown: a function that puts the walk's position into words.

    Raises:
        BudgetExceeded: there are more points, or the walk's time is up.
    """
    with closing(walk.run()) as run:
        for event in run:
            if most is not None and len(events) == most:
                which = counted(most, "breakpoint or touch", "breakpoints and touches")
                raise BudgetExceeded(f"more than {which}")
            events.append(event)
            if report is not None:  # decimals take time
                text = f"points found: {len(events)}, up to {shown(event.x)}"
                report(Progress(float(event.x), 1.0, text))


def proven_to(walk: Walked, events: Sequence[Event], most: int | None) -> AlgebraicNumber:
    """Return the position of the walk; the event that exceeded the limit of points is not
    included."""
    if most is not None and len(events) == most and events:
        return events[-1].x
    return AlgebraicNumber.of(0) if most == 0 else walk.x


def sets_of(model: RationalModel, optimal: NDArray[np.bool_]) -> Sets:
    """Return the actions of the optimal pairs by state."""
    found = model.sets(np.flatnonzero(optimal).tolist())
    return tuple(found[s] for s in range(model.n_own))


def lists(sets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return sets as they are written in documents."""
    return [list(actions) for actions in sets]


def _changes(model: RationalModel, event: Event) -> dict[int, Change]:
    changed = (event.left != event.at) | (event.left != event.right)
    states = np.zeros(model.n, dtype=np.bool_)
    states[model.pair_state[changed]] = True
    concerned = states[model.pair_state]
    left, at, right = (
        model.sets(np.flatnonzero(mask & concerned).tolist())
        for mask in (event.left, event.at, event.right)
    )
    return {s: Change(left[s], at[s], right[s]) for s in left}
