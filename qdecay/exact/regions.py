"""Exact policy regions of a finite MDP: where the optimal actions change as gamma goes from 0 to 1.

The breakpoints are algebraic numbers and the sets between them are proven, not sampled: see
`qdecay.exact.solver.walk` for the argument. Sources: Blackwell, Ann. Math. Statist. 33 (1962);
Smallwood, Oper. Res. 14 (1966); Hordijk, Dekker and Kallenberg, OR Spektrum 7 (1985);
Grand-Clement and Petrik (2023) for the Blackwell discount factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import RationalLike, RealLike, exact, require, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Record, counted, frame, shown_list
from qdecay._support.shown import shown_decimal
from qdecay.errors import BudgetExceeded
from qdecay.exact.action_gap import ActionGap
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.rational_function import RationalFunction
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.point import Point
from qdecay.exact.solver.rational_model import REST, RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.solver.walk import Event, Walk
from qdecay.exact.undiscounted import Undiscounted, undiscounted
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.mdp import MDP

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
class Breakpoint(Record):
    """A gamma where optimal sets change; as a touch, where they are larger at that point only.

    Attributes:
        gamma: the point, exact.
        changes: the states whose set at or right of it differs from the one left of it.
    """

    gamma: AlgebraicNumber
    changes: Mapping[int, Change]

    def _shown(self) -> str:
        states = shown_list([str(state) for state in self.changes], "state")
        return f"{shown_decimal(self.gamma, 4)}: {states}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a breakpoint as in the JSON document."""
        changes = {str(state): change.to_json() for state, change in self.changes.items()}
        return {**self.gamma.to_json(), "changes": changes}


@dataclass(frozen=True, eq=False, repr=False)
class PolicyRegions(ModelResult):
    """The regions of one model, in order from gamma = 0 to 1.

    Attributes:
        mdp: the model.
        breakpoints: in increasing order; region i lies between breakpoints i - 1 and i.
        regions: for each region, the set of optimal actions of every state; () if none is
            available. Ties inside a set last over the whole region.
        touches: points strictly inside a region where some set is larger.
        at_zero: the sets at gamma = 0, where only immediate rewards count.
        at_one: gain, total reward and sets at gamma = 1; None if the search ran out of budget.
        proven_to: 1, or the point up to which a search that ran out of budget is complete.
    """

    SCHEMA: ClassVar[str] = "qdecay.policy-regions/1"

    mdp: MDP
    breakpoints: tuple[Breakpoint, ...]
    regions: tuple[Sets, ...]
    touches: tuple[Breakpoint, ...]
    at_zero: Sets
    at_one: Undiscounted | None
    proven_to: AlgebraicNumber
    _policies: tuple[NDArray[np.int64], ...] = field(repr=False)

    def _shown(self) -> str:
        parts = [counted(self.n_states, "state"), counted(len(self.regions), "region")]
        if self.breakpoints:
            gammas = [shown_decimal(point.gamma, 4) for point in self.breakpoints]
            parts.append(shown_list(gammas, "breakpoint"))
        if self.touches:
            parts.append(counted(len(self.touches), "touch", "touches"))
        if self.proven_to != 1:
            parts.append(f"proven up to {shown_decimal(self.proven_to, 4)}")
        return self._titled(", ".join(parts))

    @property
    def start(self) -> int | None:
        """The start state, or None."""
        return self.info.start

    @property
    def n_states(self) -> int:
        """The model's number of states."""
        return self.mdp.n_states

    @property
    def n_actions(self) -> int:
        """The model's number of actions."""
        return self.mdp.n_actions

    @property
    def blackwell_sets(self) -> Sets:
        """The Blackwell-optimal actions of every state: the sets of the last region."""
        return self.regions[-1]

    @property
    def blackwell_policy(self) -> tuple[int | None, ...]:
        """One Blackwell-optimal action of every state; None if there is none."""
        return tuple(actions[0] if actions else None for actions in self.blackwell_sets)

    @property
    def blackwell_breakpoint(self) -> int | None:
        """Index of the last breakpoint, or None."""
        return len(self.breakpoints) - 1 if self.breakpoints else None

    @property
    def blackwell_touch(self) -> int | None:
        """Index of the last touch, if it lies right of the last breakpoint, or None."""
        if not self.touches:
            return None
        if self.breakpoints and self.touches[-1].gamma < self.breakpoints[-1].gamma:
            return None
        return len(self.touches) - 1

    @property
    def blackwell_discount_factor(self) -> AlgebraicNumber:
        """The smallest gamma right of which all optimal policies are Blackwell optimal.

        0 if there is neither breakpoint nor touch.
        """
        if self.blackwell_touch is not None:
            return self.touches[-1].gamma
        return self.breakpoints[-1].gamma if self.breakpoints else AlgebraicNumber.of(0)

    def region_of(self, gamma: RationalLike | AlgebraicNumber) -> int | None:
        """Return the index of the region that contains 0 < gamma < 1, or None at a breakpoint."""
        number = gamma_number(gamma)
        index = sum(b.gamma < number for b in self.breakpoints)
        at = index < len(self.breakpoints) and self.breakpoints[index].gamma == number
        return None if at else index

    def optimal_actions(self, gamma: RationalLike | AlgebraicNumber) -> Sets:
        """Return the sets at one exact gamma, 0 <= gamma <= 1, read off the regions."""
        number = gamma_number(gamma, "[0, 1]")
        if number == 0:
            return self.at_zero
        if number == 1 and self.at_one is not None:
            return self.at_one.optimal_actions
        sets = list(self.regions[sum(b.gamma < number for b in self.breakpoints)])
        for point in (*self.breakpoints, *self.touches):
            if point.gamma == number:
                for state, change in point.changes.items():
                    sets[state] = change.at
        return tuple(sets)

    def value(self, state: int) -> tuple[RationalFunction, ...]:
        """Return the optimal value of a state as an exact function of gamma, region by region.

        In reward units; at a breakpoint the two neighbours agree.
        """
        state = whole(state, "state", 0, self.n_states - 1)
        return tuple(
            PolicySeries(self.rational_model, policy).value(state) for policy in self._policies
        )

    def action_gap(self, state: int) -> ActionGap:
        """Return how much the best action of a state leads by, as exact functions of gamma."""
        state = whole(state, "state", 0, self.n_states - 1)
        behind = tuple(self._behind(i, state) for i in range(len(self.regions)))
        return ActionGap(state, tuple(b.gamma for b in self.breakpoints), behind)

    def _behind(self, region: int, state: int) -> dict[int, RationalFunction]:
        """V - Q of the actions of a state that are not optimal in a region."""
        series = PolicySeries(self.rational_model, self._policies[region])
        functions = {}
        for pair in self.rational_model.pairs_of(state):
            actions = self.rational_model.actions[pair]
            if actions[0] not in {*self.regions[region][state], REST}:
                functions.update(dict.fromkeys(actions, series.behind(pair)))
        return functions

    def start_breakpoints(self) -> tuple[int, ...]:
        """Return the breakpoints that change the start state's set.

        Raises:
            ValueError: the model has no start state.
        """
        start = self._start()
        return tuple(i for i, b in enumerate(self.breakpoints) if start in b.changes)

    def reached_breakpoints(self) -> tuple[int, ...]:
        """Return the breakpoints that change a state reached from the start.

        Reached: with positive probability under some optimal policy left of the breakpoint, at
        it, or right of it.

        Raises:
            ValueError: the model has no start state.
        """
        start = self._start()
        found = []
        for i, b in enumerate(self.breakpoints):
            sets = list(self.regions[i])  # at the breakpoint, left and right sets are included
            for state, change in b.changes.items():
                sets[state] = change.at
            if not self._reached(start, sets).isdisjoint(b.changes):
                found.append(i)
        return tuple(found)

    def _start(self) -> int:
        if self.start is None:
            raise ValueError("the model has no start state")
        return self.start

    @cached_property
    def rational_model(self) -> RationalModel:
        """The model in integers, as exact solvers read it."""
        return RationalModel(self.mdp)

    @cached_property
    def _moves(self) -> dict[tuple[int, int], tuple[int, ...]]:
        model = self.rational_model
        return {
            (int(model.pair_state[pair]), action): model.targets[pair]
            for pair in range(model.n_pairs)
            for action in model.actions[pair]
        }

    def _reached(self, start: int, sets: list[Actions]) -> set[int]:
        reached, waiting = {start}, [start]
        while waiting:
            state = waiting.pop()
            for action in sets[state] if state < self.n_states else _WAIT:
                for target in self._moves[state, action]:
                    if target not in reached:
                        reached.add(target)
                        waiting.append(target)
        return reached

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {
            "source": self.name,
            "n_states": self.n_states,
            "n_actions": self.n_actions,
            "start": self.start,
            "breakpoints": [b.to_json() for b in self.breakpoints],
            "regions": [{"optimal_actions": _lists(sets)} for sets in self.regions],
            "touches": [t.to_json() for t in self.touches],
            "at_zero": {"optimal_actions": _lists(self.at_zero)},
            "at_one": None if self.at_one is None else self.at_one.within_regions(),
            "blackwell": {"breakpoint": self.blackwell_breakpoint, "touch": self.blackwell_touch},
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint: its gamma, exact if short, and the states that change."""
        gammas = [point.gamma for point in self.breakpoints]
        return frame(
            {
                "gamma": [float(gamma) for gamma in gammas],
                "closed_form": [gamma.closed_form() for gamma in gammas],
                "states": [tuple(self._states(point.changes)) for point in self.breakpoints],
            }
        )


@on_one_thread
def policy_regions(
    problem: Problem,
    *,
    start: int | None = None,
    max_seconds: RealLike | None = None,
    max_breakpoints: int | None = None,
    progress: bool | OnProgress = False,
) -> PolicyRegions:
    """Return every gamma in (0, 1) where the optimal actions change, and the sets between.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts.
        start: overrides the model's start state, which only `start_breakpoints` and
            `reached_breakpoints` read.
        max_seconds: limit of wall time, > 0; None is no limit.
        max_breakpoints: limit of breakpoints and touches, >= 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` at each point, whose
            `done` is the gamma reached.

    Raises:
        ValueError: start or a limit is out of range.
        BudgetExceeded: a limit ran out. `best` is a `PolicyRegions` that is proven up to its
            `proven_to` (its last region is not known to reach further), or None if not even the
            sets right of 0 were determined.

    >>> from qdecay.model.mdp import MDP
    >>> wait = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    >>> found = policy_regions(MDP.from_rows(wait, n_states=2, n_actions=2))
    >>> [b.gamma.closed_form() for b in found.breakpoints], found.regions
    (['1/2'], (((0,), (0,)), ((1,), (0,))))
    """
    mdp = as_exact_mdp(problem)
    start = mdp.start if start is None else whole(start, "start", 0, mdp.n_states - 1)
    if max_breakpoints is not None:
        max_breakpoints = whole(max_breakpoints, "max_breakpoints", 0)
    deadline = Deadline(max_seconds)
    events: list[Event] = []
    walk: Walk | None = None
    model = RationalModel(mdp)
    try:
        with reporting(progress) as report:
            report(Progress(0.0, 1.0, "points found: 0"))
            walk = Walk(model, deadline)
            for event in walk.run():
                if max_breakpoints is not None and len(events) == max_breakpoints:
                    raise BudgetExceeded(f"more than {max_breakpoints} breakpoints and touches")
                events.append(event)
                if progress:  # the decimals of a gamma take time
                    report(_reached(event, len(events)))
        at_one = _at_one(walk, ModelInfo.of(mdp, start))
    except BudgetExceeded as limit:
        if walk is None:
            raise BudgetExceeded(f"{limit}; nothing is known right of gamma = 0") from None
        reached = _proven_to(walk, events, max_breakpoints)
        proven = f"proven up to gamma = {shown_decimal(reached, 12)}"
        message = f"{limit}; {len(events)} points found, {proven}"
        raise BudgetExceeded(
            message, _assembled(mdp, start, model, walk, events, reached, None)
        ) from None
    return _assembled(mdp, start, model, walk, events, AlgebraicNumber.of(1), at_one)


def _at_one(walk: Walk, info: ModelInfo) -> Undiscounted:
    """What is optimal at 1: the walk's last policy is Blackwell optimal."""
    best = laurent(walk.model, walk.policy, walk.deadline)
    return Undiscounted.of(best, walk.deadline, info)


def _reached(event: Event, points: int) -> Progress:
    gamma = float(event.gamma)
    return Progress(gamma, 1.0, f"points found: {points}, up to gamma = {shown_decimal(gamma, 6)}")


def _proven_to(walk: Walk, events: list[Event], limit: int | None) -> AlgebraicNumber:
    """Return the position of the walk; the event that exceeded the limit of points is not
    included."""
    if limit is not None and len(events) == limit and events:
        return events[-1].gamma
    return AlgebraicNumber.of(0) if limit == 0 else walk.gamma


@on_one_thread
def optimal_actions(
    problem: Problem, gamma: RationalLike | AlgebraicNumber, *, max_seconds: RealLike | None = None
) -> Sets:
    """Return the exact set of optimal actions of every state at one gamma, 0 <= gamma <= 1.

    Policy iteration with exact final decisions; a state with no actions has (). At gamma = 1 the
    sets are those of `undiscounted`.

    Raises:
        TypeError, ValueError: gamma is not exact, or out of range.
        BudgetExceeded: max_seconds ran out.
    """
    mdp, number, deadline = (
        as_exact_mdp(problem),
        gamma_number(gamma, "[0, 1]"),
        Deadline(max_seconds),
    )
    if number == 1:
        return undiscounted(mdp, max_seconds=max_seconds).optimal_actions
    model = RationalModel(mdp)
    if number == 0:
        return _sets(model, _best_at_zero(model))
    return _sets(model, Point(model, number, deadline).at)


@on_one_thread
def is_breakpoint(
    problem: Problem, gamma: RationalLike | AlgebraicNumber, *, max_seconds: RealLike | None = None
) -> bool:
    """Return whether the set of optimal actions of some state changes at gamma in (0, 1).

    Decided at that one point, without a walk: the sets just left and just right of it differ.
    Neither gamma = 0 nor a touch is a breakpoint.

    Raises:
        TypeError, ValueError: gamma is not exact, or outside 0 <= gamma < 1.
        BudgetExceeded: max_seconds ran out.
    """
    model, number, deadline = (
        RationalModel(as_exact_mdp(problem)),
        gamma_number(gamma),
        Deadline(max_seconds),
    )
    if number == 0:
        return False
    point = Point(model, number, deadline)
    return bool((point.left() != point.right()).any())


_WAIT = (0,)  # the action of waiting states


def gamma_number(gamma: RationalLike | AlgebraicNumber, within: str = "[0, 1)") -> AlgebraicNumber:
    """Return a gamma as a number, checked against a range."""
    if isinstance(gamma, AlgebraicNumber):
        require(gamma, within, gamma, "gamma")
        return gamma
    return AlgebraicNumber.of(exact(gamma, "gamma", within))


def _best_at_zero(model: RationalModel) -> NDArray[np.bool_]:
    best = np.zeros(model.n_pairs, dtype=np.bool_)
    for s in range(model.n):
        pairs = model.pairs_of(s)
        top = max(model.rewards[pair] for pair in pairs)
        best[[pair for pair in pairs if model.rewards[pair] == top]] = True
    return best


def _sets(model: RationalModel, optimal: NDArray[np.bool_]) -> Sets:
    found = model.sets(np.flatnonzero(optimal).tolist())
    return tuple(found[s] for s in range(model.n_own))


def _lists(sets: Sets) -> list[list[int]]:
    return [list(actions) for actions in sets]


def _assembled(
    mdp: MDP,
    start: int | None,
    model: RationalModel,
    walk: Walk,
    events: list[Event],
    proven_to: AlgebraicNumber,
    at_one: Undiscounted | None,
) -> PolicyRegions:
    breaks = [event for event in events if event.is_breakpoint]
    first = _sets(model, walk.near_zero.zero)
    regions, points = [first], []
    for event in breaks:
        point = _point(model, event)
        sets = list(regions[-1])
        for state, change in point.changes.items():
            sets[state] = change.right
        points.append(point)
        regions.append(tuple(sets))
    return PolicyRegions(
        mdp,
        tuple(points),
        tuple(regions),
        tuple(_point(model, event) for event in events if not event.is_breakpoint),
        _sets(model, walk.near_zero.at_zero),
        at_one,
        proven_to,
        (walk.near_zero.policy, *(event.policy for event in breaks)),
        info=ModelInfo.of(mdp, start),
    )


def _point(model: RationalModel, event: Event) -> Breakpoint:
    changed = (event.left != event.at) | (event.left != event.right)
    states = np.zeros(model.n, dtype=np.bool_)
    states[model.pair_state[changed]] = True
    concerned = states[model.pair_state]
    left, at, right = (
        model.sets(np.flatnonzero(mask & concerned).tolist())
        for mask in (event.left, event.at, event.right)
    )
    return Breakpoint(event.gamma, {s: Change(left[s], at[s], right[s]) for s in left})


__all__ = [
    "Breakpoint",
    "Change",
    "PolicyRegions",
    "is_breakpoint",
    "optimal_actions",
    "policy_regions",
]
