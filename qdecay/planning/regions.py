"""Policy regions in floating point, for models too large for exact arithmetic. Proves nothing.

Optimal values are found along a grid of gammas, each with a proven error, and with them sets of
actions that contain every optimal one. Once the sets of a state since its last change have no
action in common, its optimal actions have certainly changed, between the last two gammas that show
it. Grid cells that contain a change are narrowed by more solves, at estimates of where the values
of the two actions meet, until the bracket is narrow or the solves run out. Changes closer together
than the grid, touches, and ties that rounding cannot distinguish from differences are missed: the
list may be incomplete, which the exact one never is.

Only a few solutions are kept at a time, so the memory is that of the model and of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import RealLike, count, real
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Record, Result, counted, frame, shown_list
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import NoPage, Plotted
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.planning.gammas import Followed, Follower

if TYPE_CHECKING:
    import pandas as pd

STATEMENT = (
    "numeric: each bracket holds a change, but changes closer together than the grid, touches and "
    "near ties are not seen; this proves nothing about what is missing"
)

Actions = tuple[int, ...]


class Sides(NamedTuple):
    """The actions of a state that could be optimal left and right of a change."""

    left: Actions
    right: Actions


@dataclass(frozen=True, eq=False, repr=False)
class NumericChange(Record):
    """A change of optimal actions between two gammas.

    Attributes:
        lower, upper: the bracket; its width bounds the error of either end.
        changes: for each state that certainly changes, the actions that could be optimal all the
            way from its last change up to the bracket, and those that could be right of it.
    """

    lower: float
    upper: float
    changes: dict[int, Sides]

    def _shown(self) -> str:
        return f"{self.lower:.9g} to {self.upper:.9g}, {counted(len(self.changes), 'state')}"


@dataclass(frozen=True, eq=False, repr=False)
class NumericRegions(ModelResult, Plotted):
    """Changes in ascending order, and how they were searched.

    Attributes:
        points: the number of gammas in the first grid, spaced evenly in log(1 - gamma).
        up_to: its largest gamma.
        solves: the total number of gammas at which the model was solved.
        error: the largest error of a value at any of them, in reward units.
        undecided: (gamma, count) wherever on the grid the number of states with more than one
            possible action changes; these are ties, or differences that rounding hides.
        changes: the brackets found, by their upper end. A state's own brackets never overlap.
    """

    SCHEMA: ClassVar[str] = "qdecay.numeric-regions/2"
    explore: ClassVar[NoPage] = NoPage(
        "pages show what is proven, so explore policy_regions(...) or "
        "certified_policy_regions(...); plot() draws these"
    )

    points: int
    up_to: float
    solves: int
    error: float
    undecided: tuple[tuple[float, int], ...]
    changes: tuple[NumericChange, ...]

    def _shown(self) -> str:
        middles = [shown_decimal((c.lower + c.upper) / 2, 4) for c in self.changes]
        near = f" near {shown_list(middles)}" if middles else ""
        return self._titled(
            f"{counted(len(middles), 'change')}{near}, {counted(self.solves, 'solve')} up to "
            f"{self.up_to:.9g}, nothing proven"
        )

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        own = Result.body(self)
        return {"source": self.name, "statement": STATEMENT, **own}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per bracket: its ends, and the states that change in it."""
        return frame(
            {
                "lower": [change.lower for change in self.changes],
                "upper": [change.upper for change in self.changes],
                "states": [tuple(self._states(change.changes)) for change in self.changes],
            }
        )


def numeric_policy_regions(
    problem: Problem,
    *,
    points: int | None = None,
    up_to: RealLike = 1 - 1e-6,
    width: RealLike = 1e-9,
    max_solves: int | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> NumericRegions:
    """Return brackets that each contain a change of the optimal actions; see the module.

    Args:
        problem: a model, exact or of floats (`FloatMDP`, for large ones), or anything that
            `qdecay.as_mdp` accepts.
        points: gammas of the first grid; >= 2. None means 1000; for models of more than 100,000
            rows (states times actions) fewer in proportion, but at least 300.
        up_to: its largest gamma, in (0, 1).
        width: brackets are narrowed to this width, or as far as rounding allows; > 0.
        max_solves: solves in all, including those of the grid; >= points. Each grid cell gets an
            equal share of the rest and passes on what it does not need. None means 20 times
            `points` for models of up to 10,000 rows; for larger ones fewer in proportion, but at
            least 1.5 times `points`.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` at each gamma of the
            grid.

    Raises:
        ValueError: an argument is outside its range.
        BudgetExceeded: max_seconds ran out; `best` is the `NumericRegions` found up to its `up_to`.
        NotConverged: a value could not be found.
    """
    mdp = as_finite_mdp(problem)
    rows = mdp.n_states * mdp.n_actions
    if points is None:
        points = max(300, min(1000, 10**8 // rows))
    points = count(points, "points", least=2)
    up_to, width = real(up_to, "up_to", "(0, 1)"), real(width, "width", "> 0")
    if max_solves is None:
        max_solves = points + points * max(1, min(38, 400_000 // rows)) // 2
    max_solves = count(max_solves, "max_solves", least=points)
    deadline = Deadline(max_seconds)
    grid = 0.0 - np.expm1(np.linspace(0.0, np.log1p(-up_to), points))
    with reporting(progress) as report:
        return _Search(mdp, width, max_solves).along(grid, report, deadline)


class _Search:
    """One search: it solves, and distributes the remaining solves."""

    def __init__(self, mdp: FiniteMDP, width: float, max_solves: int) -> None:
        # Waiting states have one action, which never changes.
        world = mdp.unrolled()
        self.follower, self.info = Follower(world), ModelInfo.of(mdp)
        self.alive: NDArray[np.bool_] = np.asarray(world.available.any(axis=1))
        self.width = width
        self.max_solves = max_solves
        self.solves = 0
        self.error = 0.0

    def along(
        self, grid: NDArray[np.float64], report: OnProgress, deadline: Deadline
    ) -> NumericRegions:
        """Solve at every gamma of the grid, and between them where sets change."""
        report(Progress(0, len(grid), "gammas"))
        here = self.solve(float(grid[0]), None)
        tracker, before = Tracker(here, self.alive), here
        undecided = [(here.gamma, _undecided(here))]

        def found(points: int) -> NumericRegions:
            work = float(grid[points - 1]), self.solves, self.error, tuple(undecided)
            return NumericRegions(points, *work, tracker.changes(), info=self.info)

        for i, gamma in enumerate(grid.tolist()[1:], start=1):
            if deadline.left < 0:
                up_to = shown_decimal(here.gamma, 6)
                raise deadline.exceeded(f"solved up to gamma = {up_to}", found(i))
            earned = (self.max_solves - len(grid)) * i // (len(grid) - 1)
            share = earned - (self.solves - i)
            there = self.solve(gamma, _guess(before, here, gamma))
            for solution in self.between(before, here, there, share):
                tracker.meet(solution)
            tracker.meet(there)
            if undecided[-1][1] != (count := _undecided(there)):
                undecided.append((gamma, count))
            before, here = here, there
            report(Progress(i + 1, len(grid), f"gammas, changes found: {len(tracker.found)}"))
        return found(len(grid))

    def solve(self, gamma: float, guess: NDArray[np.float64] | None) -> Followed:
        """Solve at one gamma, and count it."""
        solution = self.follower.solve(gamma, guess)
        self.solves += 1
        self.error = max(self.error, solution.error)
        return solution

    def between(
        self, past: Followed, left: Followed, right: Followed, share: int, stale: int = 0
    ) -> Iterator[Followed]:
        """Yield solutions between left and right, ascending, that narrow the changes there.

        Each solve is just beyond the median estimate of where states change, seen from the nearer
        end, so that the bracket shrinks to little more than the distance to that end. If that
        failed twice (`stale`), the next is the midpoint.
        """
        states = self.changing(left, right)
        size = right.gamma - left.gamma
        if share < 1 or size <= self.width or len(states) == 0:
            return
        before = self.solves
        middle, counts = None, (0, 0)
        for gamma in self.candidates(past, left, right, states, stale):
            middle = self.solve(gamma, _guess(left, right, gamma))
            counts = len(self.changing(left, middle)), len(self.changing(middle, right))
            if any(counts) or self.solves - before == share:
                break
        if middle is None or not any(counts):
            return
        used, rest = self.solves, share - (self.solves - before)
        parts = (past, left, middle), (left, middle, right)
        slow = [part[2].gamma - part[1].gamma > size / 2 and stale < 2 for part in parts]
        yield from self.between(*parts[0], rest * counts[0] // sum(counts), (stale + 1) * slow[0])
        yield middle
        yield from self.between(*parts[1], rest - (self.solves - used), (stale + 1) * slow[1])

    def candidates(
        self, past: Followed, left: Followed, right: Followed, states: NDArray[np.int64], stale: int
    ) -> Iterator[float]:
        """Yield gammas strictly between, ever further from where the states seem to change.

        The next is used if rounding hides the best action at the one before.
        """
        center = (left.gamma + right.gamma) / 2
        if stale == 2:
            yield center
            return
        at, hidden = _meeting(past, left, right, states)
        near = min(at - left.gamma, right.gamma - at)
        margin = max(near / 10, hidden, self.width / 3) * (1 if at < center else -1)
        for factor in 1.5 ** np.arange(6):
            for gamma in (at + factor * margin, at - factor * margin):
                if left.gamma < gamma < right.gamma:
                    yield float(gamma)

    def changing(self, left: Followed, right: Followed) -> NDArray[np.int64]:
        """The states whose two sets have no action in common."""
        common = (left.greedy & right.greedy).any(axis=1)
        return np.flatnonzero(self.alive & ~common)


def _undecided(solution: Followed) -> int:
    return int(np.count_nonzero(solution.greedy.sum(axis=1) > 1))


def _guess(left: Followed, right: Followed, gamma: float) -> NDArray[np.float64]:
    """The values at gamma on the curves through two solutions, or the nearer ones close to 1.

    Far from the rewards values grow like a power of gamma: there the curve is geometric.
    """
    past, ahead = right.gamma - left.gamma, gamma - right.gamma
    if past <= 0 or ahead >= 0.5 * (1 - gamma):  # values have poles at 1: lines do not extend there
        return right.v
    step = ahead / past
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = right.v / left.v
        curve: NDArray[np.float64] = right.v * ratio**step
    line = right.v + step * (right.v - left.v)
    return np.where((ratio > 0.25) & (ratio < 4), curve, line)


def _meeting(
    past: Followed, left: Followed, right: Followed, states: NDArray[np.int64]
) -> tuple[float, float]:
    """Estimate where the best actions of left and right tie, as a median over states.

    The estimate is from the line through past and left, or else from the one through left and
    right, which is less accurate because the slope changes at that very point. Also return a little
    more than the distance from there within which rounding hides which action is better.
    """
    a, b = left.q[states].argmax(axis=1), right.q[states].argmax(axis=1)
    bound = np.maximum(left.bounds[states], right.bounds[states])
    lead = left.q[states, a] - left.q[states, b]
    slope = (lead + right.q[states, b] - right.q[states, a]) / (right.gamma - left.gamma)
    if past.gamma < left.gamma:
        fall = past.q[states, a] - past.q[states, b] - lead
        earlier = fall / (left.gamma - past.gamma)
        is_clear = (earlier * (right.gamma - left.gamma) > lead) & (fall > 100 * bound)
        slope = np.where(is_clear, earlier, slope)
    return left.gamma + float(np.median(lead / slope)), float(np.median(2.5 * bound / slope))


class Tracker:
    """Takes solutions in ascending order and records which states certainly changed, and where.

    `common` are the actions that were possible at every gamma since the state's last change;
    `absent` is the largest gamma at which each action was not possible. When nothing is left of
    `common`, every action has been absent since the last change: the least of `absent` is the left
    end of the bracket.
    """

    def __init__(self, first: Followed, alive: NDArray[np.bool_]) -> None:
        self.alive = alive
        self.common = first.greedy.copy()
        self.absent = np.where(first.greedy, -np.inf, first.gamma)
        self.found: dict[tuple[float, float], dict[int, Sides]] = {}

    def meet(self, solution: Followed) -> None:
        """Take the next solution."""
        self.absent[~solution.greedy] = solution.gamma
        kept = self.common & solution.greedy
        lost = np.flatnonzero(self.alive & ~kept.any(axis=1))
        if len(lost):  # rarely: small models are quicker this way
            lower = self.absent[lost].min(axis=1)
            for s, low in zip(lost.tolist(), lower.tolist(), strict=True):
                sets = Sides(_actions(self.common[s]), _actions(solution.greedy[s]))
                self.found.setdefault((solution.gamma, low), {})[s] = sets
            kept[lost] = solution.greedy[lost]
        self.common = kept

    def changes(self) -> tuple[NumericChange, ...]:
        """All changes found, by the brackets' upper ends."""
        return tuple(
            NumericChange(lower, upper, states)
            for (upper, lower), states in sorted(self.found.items())
        )


def _actions(flags: NDArray[np.bool_]) -> Actions:
    return tuple(np.flatnonzero(flags).tolist())
