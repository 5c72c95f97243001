"""The optimal values along a grid of gammas, each found from the one before it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support import memory
from qdecay._support.checks import RealLike, reals
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import counted, frame
from qdecay._support.shown import shortest
from qdecay._support.viewed import Plotted
from qdecay.errors import BudgetExceeded, NotConverged
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_finite_mdp
from qdecay.model.info import ModelInfo, ModelResult, action_sets
from qdecay.planning.compiled.along import Grid, Scale, along_gammas, at_gamma, scale_step
from qdecay.planning.compiled.kernels import Values
from qdecay.planning.compiled.loops import CONVERGED, OUT_OF_SWEEPS
from qdecay.planning.horizon import discounted_steps
from qdecay.planning.optimal import optimal_values
from qdecay.planning.problem import Solution, check_range, checked
from qdecay.planning.table import Table, table_of
from qdecay.planning.total import total_model_of

if TYPE_CHECKING:
    import pandas as pd

_MAX_SWEEPS = 1_000_000  # of `Follower`, at one gamma
_PAIRS_AT_ONCE = 1 << 16  # times gammas, between two looks at the clock


@dataclass(frozen=True, eq=False, repr=False)
class GammaSweep(ModelResult, Plotted):
    """Optimal values of an MDP at G gammas.

    Attributes:
        gammas: the discount factors, ascending, shape (G,).
        values: v at each of them, in reward units, shape (G, S).
        greedy: shape (G, S, A), true for every action that the error does not prove worse than
            another; it contains every optimal action.
        errors: |values[i] - v*| <= errors[i] in every state, shape (G,).
    """

    SCHEMA: ClassVar[str] = "qdecay.gamma-sweep/1"

    gammas: NDArray[np.float64]
    values: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    errors: NDArray[np.float64]

    def _shown(self) -> str:
        ends = f"{shortest(self.gammas[0])} to {shortest(self.gammas[-1])}"
        return self._titled(
            f"{counted(self.values.shape[1], 'state')}, {counted(len(self.gammas), 'gamma')} from "
            f"{ends}, {counted(len(self.changes), 'change')}, error {self.errors.max():.2g}"
        )

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {**super().body(), "greedy": [action_sets(flags) for flags in self.greedy]}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per gamma, with a column for the value of each state."""
        states = self._states(range(self.values.shape[1]))
        return frame(dict(zip(states, self.values.T, strict=True)), gamma=self.gammas)

    @property
    def changes(self) -> NDArray[np.int64]:
        """Every i for which the optimal actions certainly change between gammas[i] and the next.

        That is where the greedy sets of some state have no action in common. Nested sets prove
        nothing: rounding may have hidden the difference on one side.
        """
        alive = self.greedy[0].any(axis=1)
        common = (self.greedy[1:] & self.greedy[:-1]).any(axis=2)
        return np.flatnonzero((alive & ~common).any(axis=1))

    @property
    def policies(self) -> NDArray[np.int64]:
        """One greedy action per gamma and state, shape (G, S).

        From the last gamma down an action is kept while it is greedy, so that policies
        differ from one gamma to the next only where `changes` says that they must.
        """
        chosen: NDArray[np.int64] = self.greedy.argmax(axis=2)
        for i in range(len(chosen) - 2, -1, -1):
            kept = np.take_along_axis(self.greedy[i], chosen[i + 1][:, None], axis=1)[:, 0]
            chosen[i] = np.where(kept, chosen[i + 1], chosen[i])
        return chosen


def value_over_gammas(
    problem: Problem,
    gammas: ArrayLike,
    *,
    tol: RealLike | None = None,
    max_sweeps: int = 1_000_000,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> GammaSweep:
    """Return the optimal values at every gamma of a grid, by warm-started inexact policy iteration.

    Each gamma starts from the line through the values at the two before it; `optimal_values` solves
    and proves each.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts.
        gammas: G >= 1 discount factors in [0, 1], in any order; answers are in ascending order.
            gamma = 1 requires the optimal gain to be 0 everywhere, as in `optimal_values`.
        tol: largest accepted error at each gamma, in reward units; > 0. None means down to
            rounding: actions then count as ties only if rounding cannot distinguish them.
        max_sweeps: sweeps per gamma before giving up; >= 1.
        max_seconds: limit of wall time, > 0, looked at after each few gammas; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` after each few gammas.

    Raises:
        ValueError: an argument is outside its range, or gamma = 1 and some state gains or loses for
            ever.
        NotConverged: max_sweeps ran out, or rounding forbids tol; `best` is a `GammaSweep` whose
            errors are inf where nothing is known.
        BudgetExceeded: max_seconds ran out; `best` is as in `NotConverged`.
        MemoryError: values and greedy sets, 8 + A bytes per gamma and state, cannot fit.
    """
    grid = np.sort(np.atleast_1d(reals(gammas, "gammas", "[0, 1]")))
    if grid.ndim != 1 or grid.size == 0:
        raise ValueError(f"gammas must be a list of numbers, got shape {np.shape(gammas)}")
    mdp = as_finite_mdp(problem)
    _, tol, max_sweeps = checked(0, tol, max_sweeps, "max_sweeps")
    world, own = mdp.unrolled(), mdp.n_states
    shape = (world.n_states, world.n_actions)
    size = f"{grid.size} gammas of {shape[0]} states and {shape[1]} actions"
    memory.require(grid.size * shape[0] * (8 + shape[1]), size)
    found = GammaSweep(
        grid,
        np.zeros((grid.size, shape[0])),
        np.repeat(world.available[None], grid.size, axis=0),
        np.full(grid.size, math.inf),
        info=ModelInfo.of(mdp),
    )
    below = int(np.searchsorted(grid, 1.0))
    if below < grid.size:
        total_model_of(mdp)  # raises an error before any work
    shown = replace(found, values=found.values[:, :own], greedy=found.greedy[:, :own])
    deadline = Deadline(max_seconds)
    try:
        if below:
            with reporting(progress) as report:
                _walk(table_of(world), found, below, tol, max_sweeps, deadline, report)
        if below < grid.size:
            last = optimal_values(mdp, 1, tol=tol, max_sweeps=max_sweeps)
            shown.values[below:], shown.greedy[below:] = last.v, last.greedy
            shown.errors[below:] = last.error
    except BudgetExceeded as error:
        error.best = shown
        raise
    return shown


def _walk(
    table: Table,
    found: GammaSweep,
    below: int,
    tol: float | None,
    max_sweeps: int,
    deadline: Deadline,
    report: OnProgress,
) -> None:
    """Fill in what is found at the gammas before `below`, which are less than 1.

    Raises:
        BudgetExceeded: the time is up.
        NotConverged: max_sweeps ran out, or rounding forbids tol.
    """
    gammas, shape = found.gammas[:below], table.model.r.shape
    horizons = [discounted_steps(gamma) for gamma in gammas.tolist()]
    check_range(table.reward_size * horizons[-1], float(gammas[-1]))
    values = Values(np.zeros(shape[0]), np.empty(shape), np.empty(shape[0], dtype=np.uint32))
    settings = table.settings(float(gammas[-1]), horizons[-1], tol, max_sweeps)
    system, scale, bounds = table.system(), new_scale(table), np.empty(shape[0])
    grid = Grid(gammas, np.array(horizons), found.values, found.greedy, found.errors)
    few = max(1, _PAIRS_AT_ONCE // (shape[0] * shape[1]))
    report(Progress(0, below, "gammas"))
    for begin in range(0, below, few):
        part = begin, min(begin + few, below)
        status, done, serves = along_gammas(
            table.model, values, settings, system, scale, bounds, grid, part
        )
        if status != CONVERGED:
            raise NotConverged(_why(status, found, done, tol, max_sweeps), found)
        scale = scale._replace(serves=serves)
        report(Progress(done, below, "gammas"))
        if done < len(found.gammas) and deadline.left < 0:
            raise deadline.exceeded(f"{done} of {len(found.gammas)} gammas are solved")


def new_scale(table: Table) -> Scale:
    """Return the scale that the first gamma of a model sets."""
    y = np.empty(table.model.r.shape[0])
    scale = Scale(y, 0.0, scale_step(table.model, y))
    y[:] = 0
    return scale


@dataclass(frozen=True, eq=False, repr=False)
class Followed(Solution):
    """A solution with a bound for every state, which `greedy` uses; `error` is the largest.

    Attributes:
        bounds: |v - v*| <= bounds and |q - q*| <= bounds[:, None], shape (S,).
    """

    bounds: NDArray[np.float64]


class Follower:
    """Solves one model at one gamma after another, down to rounding, each from a nearby guess.

    Like `value_over_gammas`, but one gamma at a time, for models where only a few solutions fit in
    memory.
    """

    def __init__(self, mdp: FiniteMDP) -> None:
        self._mdp, self._table = mdp, table_of(mdp)
        self._scale = new_scale(self._table)
        self._system = self._table.system()

    def solve(self, gamma: float, guess: NDArray[np.float64] | None = None) -> Followed:
        """Return the optimal values at 0 <= gamma < 1, from a guess of shape (S,) or from zeros.

        Raises:
            ValueError: the values may be too large for floats.
            NotConverged: its sweeps ran out; `best` is the last Solution.
        """
        table, shape = self._table, (self._mdp.n_states, self._mdp.n_actions)
        horizon = discounted_steps(gamma)
        check_range(table.reward_size * horizon, gamma)
        v = np.zeros(shape[0]) if guess is None else guess.copy()
        values = Values(v, np.empty(shape), np.empty(shape[0], dtype=np.uint32))
        settings = table.settings(gamma, horizon, None, _MAX_SWEEPS)
        bounds, greedy = np.empty(shape[0]), np.empty(shape, dtype=np.bool_)
        status, sweeps, error, serves = at_gamma(
            table.model, values, settings, self._system, self._scale, bounds, greedy
        )
        if serves != self._scale.serves:
            self._scale = self._scale._replace(serves=serves)
        numbers = v, error, values.q, greedy, sweeps, values.q.argmax(axis=1), bounds
        solution = Followed(gamma, *numbers)
        if status == OUT_OF_SWEEPS:
            raise NotConverged(f"the {_MAX_SWEEPS} sweeps ran out at gamma = {gamma}", solution)
        return solution


def _why(status: int, found: GammaSweep, done: int, tol: float | None, max_sweeps: int) -> str:
    where = f"gamma = {found.gammas[done]}"
    if status == OUT_OF_SWEEPS:
        return f"the {max_sweeps} sweeps ran out at {where}: raise max_sweeps"
    return (
        f"rounding allows no error below {found.errors[done]:.3g} at {where}, "
        f"but tol = {tol} was requested"
    )
