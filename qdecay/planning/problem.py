"""The Bellman operator of one model at one gamma, and the solutions that it proves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.checks import RealLike, count, real, reals
from qdecay._support.one_line import one_line
from qdecay._support.result import counted, frame
from qdecay._support.shown import shortest
from qdecay.errors import NotConverged
from qdecay.model.base import FiniteMDP
from qdecay.model.info import UNNAMED, ModelInfo, ModelResult, action_sets
from qdecay.planning.compiled.kernels import Model, System, Values, backup, greedy_actions
from qdecay.planning.compiled.loops import (
    AT_FLOOR,
    OUT_OF_SWEEPS,
    Settings,
    accelerated,
    gauss_seidel,
)
from qdecay.planning.compiled.prioritized import Predecessors, Queue, prioritized
from qdecay.planning.horizon import horizon

if TYPE_CHECKING:
    import pandas as pd

_EPS = float(np.finfo(np.float64).eps)
_FEW = 10
_LARGEST = float(np.finfo(np.float64).max) / 1024


@dataclass(frozen=True, eq=False, repr=False)
class StateValues(ModelResult):
    """Values of all states at one gamma, with a proven error.

    Attributes:
        gamma: the discount factor.
        v: values in reward units, shape (S,).
        error: the largest error of any value, in reward units.
    """

    gamma: float
    v: NDArray[np.float64]
    error: float

    def _shown(self) -> str:
        name = one_line(self.name) if self.name else counted(len(self.v), "state")
        start = self.info.start
        known = "" if start is None else f"value {self.v[start]:.4g} at the start, "
        return f"{name} at gamma {shortest(self.gamma)}: {known}error {self.error:.2g}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per state, with its value."""
        return frame({"value": self.v}, state=self._states(range(len(self.v))))


@dataclass(frozen=True, eq=False, repr=False)
class Solution(StateValues):
    """Optimal values of an MDP at one gamma.

    Attributes:
        gamma: the discount factor.
        v: values in reward units, shape (S,).
        error: |v - v*| <= error and |q - q*| <= error in every entry.
        q: action values, shape (S, A); -inf where the action is unavailable.
        greedy: shape (S, A), true for every action that `error` does not prove worse than another:
            q >= max q - 2 * error. Ties are kept, so it contains every optimal action.
        sweeps: passes over all states, including those over one policy's rows.
    """

    SCHEMA: ClassVar[str] = "qdecay.solution/1"

    q: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    sweeps: int

    def _shown(self) -> str:
        return f"{super()._shown()}, {counted(self.sweeps, 'sweep')}"

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {**super().body(), "greedy": action_sets(self.greedy)}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per state: its value, and its best action if it has any."""
        best = zip(self._actions(self.policy), self.greedy, strict=True)
        actions = [action if any(flags) else None for action, flags in best]
        return super().to_frame().assign(action=actions)

    @property
    def policy(self) -> NDArray[np.int64]:
        """The best action of every state, the lowest index among equals, shape (S,)."""
        best: NDArray[np.int64] = self.q.argmax(axis=1)
        return best


@dataclass(frozen=True, eq=False)
class Table:
    """What the kernels read of a model; views of its arrays where possible.

    Attributes:
        model: its rows.
        slack: one entry of T v is computed to slack * (size of r + gamma * size of v).
        reward_size: the largest |r|.
        capacity: no policy's rows have more entries than this.
        certain: whether no row has more than one entry.
        ends: whether some action may end the episode.
    """

    model: Model
    slack: float
    reward_size: float
    capacity: int
    certain: bool
    ends: bool

    @classmethod
    def of(cls, p: sparse.csr_matrix, r: NDArray[np.float64], *, ends: bool) -> Table:
        """Return the table of continuing probabilities (S * A, S) and rewards (S, A)."""
        longest = np.diff(p.indptr).reshape(r.shape).max(axis=1)
        most = int(longest.max(initial=0))
        # A row of k terms, in units of eps / 2: k for its additions, 2 for p and the product of a
        # term, 2 k + 4 where rows sum to 1 only within rounding (`FloatMDP`), 3 for r, gamma and
        # their sum; 3 k + 9 in all.
        slack = (2 * most + 5) * _EPS
        sizes = (float(np.nanmax(r, initial=0.0)), -float(np.nanmin(r, initial=0.0)))
        return cls(
            Model(_unsigned(p.indptr), _unsigned(p.indices), p.data, np.ascontiguousarray(r)),
            slack,
            max(sizes),
            int(longest.sum()),
            most <= 1,
            ends,
        )

    def settings(
        self, gamma: float, horizon: float, tol: float | None, max_sweeps: int
    ) -> Settings:
        """Return the settings of the loops; tol = None is down to rounding."""
        # Where nothing is random, sweeps in alternating order carry values along paths.
        begin = not self.ends, 8 if self.certain else 2
        return Settings(
            gamma, horizon, self.slack, self.reward_size, tol or 0.0, max_sweeps, *begin
        )

    def system(self) -> System:
        """Return workspace for the system of any policy."""
        ptr, col, _, r = self.model
        return System(
            np.empty(len(r) + 1, dtype=ptr.dtype),
            np.empty(len(r), dtype=ptr.dtype),
            np.empty(self.capacity, dtype=col.dtype),
            np.empty(self.capacity),
            np.empty((10, len(r))),
        )

    def queue(self) -> tuple[Predecessors, Queue]:
        """Return the predecessors of each state, and workspace for a queue of states."""
        ptr, col, p, r = self.model
        n_states, n_actions = r.shape
        rows = p, col.view(f"i{col.itemsize}"), ptr.view(f"i{ptr.itemsize}")
        to = sparse.csr_matrix(rows, shape=(r.size, n_states)).tocsc()
        heap, place = np.empty((2, n_states), dtype=np.int64)
        return (
            Predecessors(_unsigned(to.indptr), to.indices // n_actions, to.data),
            Queue(heap, place, np.empty(n_states)),
        )


def _unsigned(indices: NDArray[Any]) -> NDArray[Any]:
    return indices.view(np.uint32 if indices.dtype.itemsize == 4 else np.uint64)


class Iteration:
    """One model at one gamma: the workspace of a loop, and what it proves.

    Args:
        table: the model.
        gamma: discount factor, 0 <= gamma <= 1.
        horizon: a bound on any policy's expected discounted steps.
        initial: the initial values, shape (S,), or None for zeros.
        info: the model's names.
    """

    def __init__(
        self,
        table: Table,
        gamma: float,
        horizon: float,
        initial: Any = None,
        info: ModelInfo = UNNAMED,
    ) -> None:
        self.table, self.info = table, info
        self.gamma = float(gamma)
        self.horizon = horizon
        shape = table.model.r.shape
        v = _first_values(shape[0], initial)
        size = 0.0 if initial is None else float(np.abs(v).max())
        check_range(max(table.reward_size * horizon, size), gamma)
        self.values = Values(v, np.empty(shape), np.empty(shape[0], dtype=np.uint32))
        self.sweeps = 0
        self.error = math.inf

    def run(self, loop: Any, tol: float | None, max_sweeps: int, *options: Any) -> int:
        """Run a compiled loop until it has proven tol, and return its status.

        tol = None is down to rounding. Sweeps made before count towards max_sweeps.
        """
        left = max_sweeps - self.sweeps
        settings = self.table.settings(self.gamma, self.horizon, tol, left)
        status, sweeps, residual, rounding = loop(self.table.model, self.values, settings, *options)
        self.sweeps += sweeps
        self.error = (residual + rounding) * self.horizon
        return int(status)

    def finish(self, status: int, tol: float | None, max_sweeps: int) -> Solution:
        """Return the answer.

        Raises:
            NotConverged: max_sweeps ran out, or rounding forbids tol.
        """
        solution = self.solution()
        if status == OUT_OF_SWEEPS:
            raise NotConverged(
                f"the {max_sweeps} sweeps ran out at gamma = {self.gamma}, and the error "
                f"reached {self.error:.3g}, tol = {tol}: raise max_sweeps or change the method",
                solution,
            )
        if status == AT_FLOOR and tol is not None:
            raise at_the_floor(solution, tol)
        return solution

    def accelerate(self, tol: float | None, max_sweeps: int) -> int:
        """Run `loops.accelerated` with its workspace; see `run`."""
        return self.run(accelerated, tol, max_sweeps, self.table.system())

    def follow_paths(self, tol: float | None, max_sweeps: int) -> int:
        """A few Gauss-Seidel sweeps, which are enough for small models, then prioritized ones."""
        status = self.run(gauss_seidel, tol, min(max_sweeps, _FEW), 0)
        if status == OUT_OF_SWEEPS and self.sweeps < max_sweeps:
            status = self.run(prioritized, tol, max_sweeps, *self.table.queue())
        return status

    def prove(self, v: NDArray[np.float64] | None = None) -> float:
        """Set q = T v, its policy and the error of v; return the rounding error of q."""
        if v is not None:
            self.values = self.values._replace(v=v)
        low, high, size = backup(self.table.model, self.gamma, self.values)
        rounding = float(self.table.slack * (self.table.reward_size + self.gamma * size))
        self.error = (max(-low, high) + rounding) * self.horizon
        return rounding

    def solution(self) -> Solution:
        """The solution from q = T v and the proven error."""
        v, q, policy = self.values
        greedy = np.empty(q.shape, dtype=np.bool_)
        greedy_actions(q, policy, self.error, greedy)
        return Solution(self.gamma, v, self.error, q, greedy, self.sweeps, info=self.info)


def _first_values(n_states: int, initial: Any) -> NDArray[np.float64]:
    if initial is None:
        return np.zeros(n_states)
    v = reals(initial, "initial").copy()
    if v.shape != (n_states,):
        raise ValueError(f"initial must be {n_states} finite numbers, got shape {v.shape}")
    if not np.isfinite(v).all():
        wrong = v[~np.isfinite(v)][0]
        raise ValueError(f"initial must be {n_states} finite numbers, got {wrong} among them")
    return v


_TABLES: WeakKeyDictionary[FiniteMDP, Table] = WeakKeyDictionary()


def iteration(mdp: FiniteMDP, gamma: float, initial: Any = None) -> Iteration:
    """Return the problem of finding the model's optimal values at gamma.

    Raises:
        ValueError: gamma = 1 and some policy never ends, or `initial` is not S finite numbers.
    """
    return Iteration(table_of(mdp), gamma, horizon_of(mdp, gamma), initial, ModelInfo.of(mdp))


def table_of(mdp: FiniteMDP) -> Table:
    """The model in the kernels' form, computed once."""
    table = _TABLES.get(mdp)
    if table is None:
        table = _TABLES[mdp] = Table.of(mdp.p, mdp.r, ends=bool(mdp.ends.any()))
    return table


def horizon_of(mdp: FiniteMDP, gamma: float) -> float:
    """The horizon of all policies of a model; see `horizon.horizon`."""
    return horizon(mdp.p, mdp.available, mdp.ends, gamma, mdp.state_name)


def checked(
    gamma: RealLike, tol: RealLike | None, budget: int, budget_name: str
) -> tuple[float, float | None, int]:
    """Check and return the arguments that all solvers share.

    Raises:
        TypeError, ValueError: one has the wrong type or is outside its range.
    """
    number, most = real(gamma, "gamma", "[0, 1]"), count(budget, budget_name)
    return number, None if tol is None else real(tol, "tol", "> 0"), most


def check_range(size: float, gamma: float) -> None:
    """Raise ValueError if values of that size, or sums of a few, overflow floats."""
    if not size < _LARGEST:
        raise ValueError(
            f"values at gamma = {gamma} may reach {size:.3g}, too large for floats: "
            f"give rewards in a larger unit"
        )


def at_the_floor(solution: Solution, tol: float | None) -> NotConverged:
    """The exception for a tol that rounding forbids."""
    return NotConverged(
        f"rounding allows no error below {solution.error:.3g} at gamma = {solution.gamma}, "
        f"but tol = {tol:g} was requested",
        solution,
    )
