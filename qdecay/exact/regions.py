"""Exact policy regions of a finite MDP: where the optimal actions change as gamma goes from 0 to 1.

The breakpoints are algebraic numbers and the sets between them are proven, not sampled: see
`qdecay.exact.solver.walk` for the argument. Sources: Blackwell, Ann. Math. Statist. 33 (1962);
Smallwood, Oper. Res. 14 (1966); Hordijk, Dekker and Kallenberg, OR Spektrum 7 (1985);
Grand-Clement and Petrik (2023) for the Blackwell discount factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, overload

from qdecay._support.checks import RationalLike, RealLike, exact, whole
from qdecay._support.deadline import Deadline, in_time
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import counted
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import Explored, Plotted
from qdecay.errors import BudgetExceeded
from qdecay.exact.action_gap import ActionGap
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.rational_function import RationalFunction
from qdecay.exact.at_gamma import best_at_zero, gamma_number
from qdecay.exact.line_regions import LineRegions, line_regions
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.rational_model import REST, RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.shared_walk import SharedWalk
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.solver.walk import Event
from qdecay.exact.undiscounted import Undiscounted
from qdecay.exact.walked import (
    Change,
    Found,
    Regions,
    Sets,
    Turn,
    events_of,
    lists,
    proven_to,
    sets_of,
)
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Breakpoint(Turn):
    """A gamma where optimal sets change or, for a touch, where some are larger at that point only.

    Attributes:
        gamma: the point, exact.
        changes: the states whose set at or right of it differs from the one left of it.
    """

    gamma: AlgebraicNumber

    @property
    def number(self) -> AlgebraicNumber:
        """The gamma."""
        return self.gamma


@dataclass(frozen=True, eq=False, repr=False)
class PolicyRegions(Regions[Breakpoint], Plotted, Explored):
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
    at_zero: Sets
    at_one: Undiscounted | None

    def _shown(self) -> str:
        return self._titled(", ".join([counted(self.n_states, "state"), *self._counts(1)]))

    @property
    def _model(self) -> MDP:
        return self.mdp

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
        return self._region_of(gamma_number(gamma))

    def optimal_actions(self, gamma: RationalLike | AlgebraicNumber) -> Sets:
        """Return the sets at one exact gamma, 0 <= gamma <= 1, read off the regions."""
        number = gamma_number(gamma, "[0, 1]")
        if number == 0:
            return self.at_zero
        if number == 1 and self.at_one is not None:
            return self.at_one.optimal_actions
        return self._sets_at(number)

    def value(self, state: int | str) -> tuple[RationalFunction, ...]:
        """Return the optimal value of a state as an exact function of gamma, region by region.

        In reward units; at a breakpoint the two neighbours agree.
        """
        state = self.mdp.state_index(state)
        return tuple(
            PolicySeries(self.rational_model, policy).value(state) for policy in self._policies
        )

    def action_gap(self, state: int | str) -> ActionGap:
        """Return the lead of a state's best action over the others, as exact functions of gamma."""
        state = self.mdp.state_index(state)
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

    @cached_property
    def rational_model(self) -> RationalModel:
        """The model in integers, as exact solvers read it."""
        return RationalModel(self.mdp)

    @property
    def _pairs(self) -> RationalModel:
        return self.rational_model

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {
            **self._about(),
            **self._found(),
            "at_zero": {"optimal_actions": lists(self.at_zero)},
            "at_one": None if self.at_one is None else self.at_one.within_regions(),
            "blackwell": {"breakpoint": self.blackwell_breakpoint, "touch": self.blackwell_touch},
            **(self._reached_to() if self.at_one is None else {}),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint: its gamma, exact if short, and the states that change."""
        return self._table("gamma")


@overload
def policy_regions(
    problem: ModelLine,
    *,
    gamma: RationalLike,
    start: int | str | None = None,
    max_seconds: RealLike | None = None,
    max_breakpoints: int | None = None,
    progress: bool | OnProgress = False,
) -> LineRegions: ...
@overload
def policy_regions(
    problem: Problem,
    *,
    start: int | str | None = None,
    max_seconds: RealLike | None = None,
    max_breakpoints: int | None = None,
    workers: int | None = 1,
    progress: bool | OnProgress = False,
) -> PolicyRegions: ...
@on_one_thread
def policy_regions(
    problem: Problem | ModelLine,
    *,
    gamma: RationalLike | None = None,
    start: int | str | None = None,
    max_seconds: RealLike | None = None,
    max_breakpoints: int | None = None,
    workers: int | None = 1,
    progress: bool | OnProgress = False,
) -> PolicyRegions | LineRegions:
    """Return every gamma in (0, 1) where the optimal actions change, and the sets between.

    Along a model line: every value of its parameter where they change, at one gamma.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts; or a
            `ModelLine`.
        gamma: the discount factor of a line, 0 <= gamma <= 1; only with a line. At gamma = 1 the
            optimal gain must be 0 in every state between the ends.
        start: the number or name of a state, which overrides the model's start; only
            `start_breakpoints` and `reached_breakpoints` read it.
        max_seconds: limit of wall time, > 0; None means no limit.
        max_breakpoints: limit of breakpoints and touches, >= 0; None means no limit.
        workers: processes that share a search of more than a few seconds; None means one per core.
            The answer does not depend on it. Only for a model, and without `max_breakpoints`.
        progress: True shows a bar; a function is called with a `Progress` at each point, whose
            `done` is the gamma reached.

    Raises:
        TypeError: a line comes without gamma, or a model with it; or workers do not apply.
        ValueError: start, gamma or a limit is out of range; or the gain of a line at gamma = 1 is
            not 0 (the message says from which value on).
        BudgetExceeded: a limit ran out. `best` is a `PolicyRegions` (or `LineRegions`) that is
            proven up to its `proven_to`, though its last region may reach further; or None if not
            even the sets right of 0 were determined.

    >>> from qdecay.model.mdp import MDP
    >>> wait = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    >>> found = policy_regions(MDP.from_rows(wait, n_states=2, n_actions=2))
    >>> [b.gamma.closed_form() for b in found.breakpoints], found.regions
    (['1/2'], (((0,), (0,)), ((1,), (0,))))
    """
    mdp = problem.low if isinstance(problem, ModelLine) else as_exact_mdp(problem)
    start = mdp.start if start is None else mdp.state_index(start, "start")
    if max_breakpoints is not None:
        max_breakpoints = whole(max_breakpoints, "max_breakpoints", 0)
    if workers is not None:
        workers = whole(workers, "workers", 1)
    if workers != 1 and (isinstance(problem, ModelLine) or max_breakpoints is not None):
        raise TypeError("workers share a complete search of a model: pass workers=1")
    deadline = Deadline(max_seconds)
    if isinstance(problem, ModelLine):
        if gamma is None:
            raise TypeError("the regions of a line are those at one gamma: pass gamma=")
        number = exact(gamma, "gamma", "[0, 1]")
        return line_regions(problem, number, start, deadline, max_breakpoints, progress)
    if gamma is not None:
        raise TypeError("gamma applies to a ModelLine: the regions of a model are over all gammas")
    events: list[Event] = []
    walk: SharedWalk | None = None
    try:
        with in_time(deadline), reporting(progress) as report:
            report(Progress(0.0, 1.0, "points found: 0"))
            walk = SharedWalk(RationalModel(mdp), deadline, workers)
            events_of(walk, max_breakpoints, report if progress else None, _shown_gamma, events)
            at_one = _at_one(walk, ModelInfo.of(mdp, start))
    except BudgetExceeded as limit:
        if walk is None:
            raise limit.knowing("nothing is known right of gamma = 0") from None
        reached = proven_to(walk, events, max_breakpoints)
        proven = f"proven up to gamma = {shown_decimal(reached, 12)}"
        known = f"{counted(len(events), 'point')} found, {proven}"
        best = _assembled(mdp, start, walk, events, reached, None)
        raise limit.knowing(known, best) from None
    return _assembled(mdp, start, walk, events, AlgebraicNumber.of(1), at_one)


def _shown_gamma(gamma: AlgebraicNumber) -> str:
    return f"gamma = {shown_decimal(float(gamma), 6)}"


def _at_one(walk: SharedWalk, info: ModelInfo) -> Undiscounted:
    """Return what is optimal at 1: the walk's last policy is Blackwell optimal."""
    best = laurent(walk.model, walk.policy, walk.deadline)
    return Undiscounted.of(best, walk.deadline, info)


def _assembled(
    mdp: MDP,
    start: int | None,
    walk: SharedWalk,
    events: list[Event],
    reached: AlgebraicNumber,
    at_one: Undiscounted | None,
) -> PolicyRegions:
    model = walk.model
    found = Found.of(walk, events, lambda x, changes: Breakpoint(x, changes=changes))
    return PolicyRegions(
        found.breakpoints,
        found.regions,
        found.touches,
        reached,
        found.policies,
        mdp,
        sets_of(model, best_at_zero(model)),
        at_one,
        info=ModelInfo.of(mdp, start),
    )


__all__ = [
    "Breakpoint",
    "Change",
    "PolicyRegions",
    "policy_regions",
]
