"""How far data settles a break-even gamma: its interval over resamples of an empirical model.

An empirical model is one of many that the same world might have given. Each resample of it
(`MDP.resample`) is solved as exactly as the model itself, and the gammas at which the best actions
of a state change are matched with those of the model:

    in order, so that as many left and right sets as possible share an action,
    and, where that leaves a choice, so that the gammas are as close as possible.

Sets need only overlap, because actions that tie in the world never tie in data: such ties are
broken at random, differently in each resample. The interval of a breakpoint lies between the
percentiles 2.5 and 97.5 of its gammas, over the resamples in which it exists. A breakpoint that
exists in fewer than half of them has no interval: the data does not settle whether it is there.

The intervals describe chance only. Outcomes that were never seen are in no resample, so with few
tries of a pair intervals may be too short. If actions tie in the world, the best of them looks
better in data than it is, which shifts the gamma: on FrozenLake by a fifth of its interval.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from qdecay._support.checks import RealLike, choice, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Record, counted, frame, plain, shown_list
from qdecay._support.shown import shown_decimal, shown_interval
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.walked import Actions
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.empirical import HOW, How
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.mdp import MDP

if TYPE_CHECKING:
    import pandas as pd

Interval = tuple[float, float]
LEAST = 40
"""The fewest resamples for an interval: with fewer, none lies beyond the percentile 2.5."""

_TAIL = 40  # one resample in so many lies beyond each end


@dataclass(frozen=True, eq=False, repr=False)
class StateBreakpoint(Record):
    """A gamma at which the best actions of one state change.

    Attributes:
        gamma: exact.
        left, right: the best actions on either side.
    """

    gamma: AlgebraicNumber
    left: Actions
    right: Actions

    @property
    def number(self) -> float:
        """The gamma as a float."""
        return float(self.gamma)

    def overlap(self, other: StateBreakpoint) -> int:
        """Return on how many sides the two have an action in common."""
        sides = ((self.left, other.left), (self.right, other.right))
        return sum(not set(one).isdisjoint(two) for one, two in sides)


@dataclass(frozen=True, eq=False, repr=False)
class ResampledBreakpoint(StateBreakpoint):
    """A breakpoint of an empirical model, and how far data settles it.

    Attributes:
        share: the share of resamples in which it exists.
        interval: the 95 % percentile interval over these; None if they are fewer than half.
    """

    share: float
    interval: Interval | None

    def _shown(self) -> str:
        return f"{shown_decimal(self.gamma, 4)}: {shown_interval(self.interval)}"


@dataclass(frozen=True, eq=False, repr=False)
class ResampledBreakpoints(ModelResult):
    """The breakpoints of one state of an empirical model, with their intervals.

    Attributes:
        state: the state whose best actions change.
        breakpoints: in increasing order.
        resamples, seed, how: the draws, see `resampled_breakpoints`.
    """

    SCHEMA: ClassVar[str] = "qdecay.resampled-breakpoints/1"

    state: int
    breakpoints: tuple[ResampledBreakpoint, ...]
    resamples: int
    seed: int
    how: How

    def _shown(self) -> str:
        points = [repr(point)[len("ResampledBreakpoint(") : -1] for point in self.breakpoints]
        found = shown_list(points) or "no breakpoint"
        return self._titled(f"{found}; {counted(self.resamples, 'resample')}")

    def within(self) -> dict[str, Any]:
        """Return what a document of policy regions contains of it."""
        names = ("state", "breakpoints", "resamples", "seed", "how")
        return {name: plain(getattr(self, name)) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per breakpoint: gamma, its interval, the share of resamples, the sets."""
        ends = [point.interval or (None, None) for point in self.breakpoints]
        return frame(
            {
                "gamma": [float(point.gamma) for point in self.breakpoints],
                "low": [low for low, _ in ends],
                "high": [high for _, high in ends],
                "share": [point.share for point in self.breakpoints],
                "left": [tuple(self._actions(point.left)) for point in self.breakpoints],
                "right": [tuple(self._actions(point.right)) for point in self.breakpoints],
            }
        )


def resampled_breakpoints(
    problem: Problem,
    state: int | str | None = None,
    *,
    resamples: int = 200,
    seed: int = 0,
    how: How = "dirichlet",
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> ResampledBreakpoints:
    """Return the gammas at which the best actions of a state change, with 95 % intervals.

    Args:
        problem: a model made from data, or anything that `qdecay.as_mdp` accepts and has counts.
        state: a state's number or name; None means the start.
        resamples: the number of resamples to solve, >= 40; each takes about as long as
            `policy_regions`.
        seed: an integer >= 0; resample k is `MDP.resample(seed + k)`.
        how: as in `MDP.resample`. "dirichlet" is quicker, and no transition vanishes from it.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` after each resample.

    Raises:
        ValueError: the model was not made from data or has no start, or an argument is out of
            range.
        BudgetExceeded: max_seconds ran out.

    >>> rows = [(0, 0, 1, 0, True)] * 4 + [(0, 1, 4, 0, True), (0, 1, 0, 0, False)] * 50
    >>> found = resampled_breakpoints(MDP.from_transitions(rows, start=0))
    >>> found.breakpoints
    ()
    """
    deadline, mdp = Deadline(max_seconds), as_exact_mdp(problem)
    state = state_of(mdp, state)
    drawn = draws(mdp, resamples, seed, how)
    regions = policy_regions(mdp, max_seconds=max_seconds)
    return resampled_of(regions, state, drawn, deadline, progress)


@dataclass(frozen=True)
class Draws:
    """The resamples of a model.

    Attributes:
        mdp: the model.
        resamples, seed, how: how many, and which.
    """

    mdp: MDP
    resamples: int
    seed: int
    how: How

    def __iter__(self) -> Iterator[MDP]:
        """Yield one resample after another."""
        return (self.mdp.resample(self.seed + k, how=self.how) for k in range(self.resamples))


def draws(mdp: MDP, resamples: int, seed: int = 0, how: How = "dirichlet") -> Draws:
    """Return the resamples of a model, checked.

    Raises:
        TypeError, ValueError: an argument is out of range, or the model was not made from data.
    """
    resamples, seed = whole(resamples, "resamples", LEAST), whole(seed, "seed", 0)
    choice(how, "how", HOW)
    _ = mdp.counts
    return Draws(mdp, resamples, seed, how)


def state_of(mdp: MDP, state: int | str | None) -> int:
    """Return a state, or the start.

    Raises:
        ValueError: there is none.
    """
    if state is not None:
        return mdp.state_index(state)
    if mdp.start is None:
        raise ValueError(
            "the model has no start state: give state, or MDP.from_transitions a start"
        )
    return mdp.start


def resampled_of(
    regions: PolicyRegions,
    state: int,
    drawn: Draws,
    deadline: Deadline,
    progress: bool | OnProgress = False,
) -> ResampledBreakpoints:
    """Return what resamples say about policy regions that are already known."""
    points = breakpoints_of(regions, state)
    gammas: list[list[float]] = [[] for _ in points]
    with reporting(progress) as report:
        tick = counting(report, drawn.resamples, "resamples", deadline)
        for mdp in drawn:
            others = breakpoints_of(policy_regions(mdp, max_seconds=deadline.rest), state)
            for k, other in matched(points, others):
                gammas[k].append(others[other].number)
            tick()
    shares = [len(found) / drawn.resamples for found in gammas]
    return ResampledBreakpoints(
        state,
        tuple(
            ResampledBreakpoint(point.gamma, point.left, point.right, share, settled(found, share))
            for point, found, share in zip(points, gammas, shares, strict=True)
        ),
        drawn.resamples,
        drawn.seed,
        drawn.how,
        info=ModelInfo.of(regions.mdp, state),
    )


def settled(numbers: Sequence[float], share: float) -> Interval | None:
    """Return the interval of numbers, or None if they are from fewer than half of the resamples."""
    return None if share < 1 / 2 else interval(numbers)


def interval(numbers: Sequence[float]) -> Interval:
    """Return the 95 % percentile interval of numbers: one in 40 lies beyond each end.

    >>> interval(range(1, 200))
    (5, 195)
    """
    ordered = sorted(numbers)
    beyond = max((len(ordered) + 1) // _TAIL, 1)
    return ordered[beyond - 1], ordered[-beyond]


def breakpoints_of(regions: PolicyRegions, state: int) -> list[StateBreakpoint]:
    """Return the breakpoints at which a state's set left differs from the one right."""
    found = []
    for point in regions.breakpoints:
        change = point.changes.get(state)
        if change is not None and change.left != change.right:
            found.append(StateBreakpoint(point.gamma, change.left, change.right))
    return found


def matched(
    one: Sequence[StateBreakpoint], two: Sequence[StateBreakpoint]
) -> tuple[tuple[int, int], ...]:
    """Return which points of two lists match, by the rule of the module."""
    # best[j]: (overlaps, minus distances, pairs) of the points so far and the first j of `two`.
    best: list[tuple[int, float, tuple[tuple[int, int], ...]]] = [(0, 0.0, ())] * (len(two) + 1)
    for i, point in enumerate(one):
        before, best = best, best[:1]
        for j, other in enumerate(two):
            candidates = [before[j + 1], best[j]]
            if common := point.overlap(other):
                overlaps, nearness, pairs = before[j]
                nearness -= abs(point.number - other.number)
                candidates.append((overlaps + common, nearness, (*pairs, (i, j))))
            best.append(max(candidates, key=lambda found: found[:2]))
    return best[-1][2]
