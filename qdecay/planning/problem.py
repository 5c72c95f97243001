"""The Bellman operator of one model at one gamma, and the solutions that it proves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import RealLike, count, real, reals
from qdecay._support.one_line import one_line
from qdecay._support.result import counted, frame
from qdecay._support.shown import shortest
from qdecay.errors import NotConverged
from qdecay.model.info import UNNAMED, ModelInfo, ModelResult, action_sets
from qdecay.planning.certificate import certified
from qdecay.planning.compiled.kernels import Values, backup, greedy_actions
from qdecay.planning.compiled.loops import (
    AT_FLOOR,
    CONVERGED,
    OUT_OF_SWEEPS,
    accelerated,
    gauss_seidel,
)
from qdecay.planning.compiled.prioritized import prioritized
from qdecay.planning.exact_rows import Exact, fits, refined
from qdecay.planning.table import Table

if TYPE_CHECKING:
    import pandas as pd

_PER_STATE = ("v", "q", "greedy", "policy")
_FEW = 10
_FIRST_AIM = 64.0
_ROUNDS = 20
_LEAST = float(np.finfo(np.float64).tiny)
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
        policy: an action per state, shape (S,), that loses at most 2 * error in any state: the
            lowest index among the best, except at gamma = 1, where one of the best actions may lead
            round in circles; there the policy ends, or stays where staying is best.
    """

    SCHEMA: ClassVar[str] = "qdecay.solution/1"

    q: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    sweeps: int
    policy: NDArray[np.int64]

    def _shown(self) -> str:
        return f"{super()._shown()}, {counted(self.sweeps, 'sweep')}"

    def of_first(self, states: int | None) -> Solution:
        """Return the solution of the first states only; None means all of them."""
        if states is None or states == len(self.v):
            return self
        per_state = {name: getattr(self, name)[:states] for name in _PER_STATE}
        return replace(self, **per_state)

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        return {**super().body(), "greedy": action_sets(self.greedy)}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per state: its value, and its best action if it has any."""
        best = zip(self._actions(self.policy), self.greedy, strict=True)
        actions = [action if any(flags) else None for action, flags in best]
        return super().to_frame().assign(action=actions)


class Iteration:
    """One model at one gamma: the workspace of a loop, and what it proves.

    Args:
        table: the model.
        gamma: discount factor, 0 <= gamma <= 1.
        horizon: a bound on any policy's expected discounted steps; inf if none is known.
        initial: the initial values, shape (S,), or None for zeros.
        info: the model's names.
        exact: returns the model's rows in fractions, for what floats cannot prove; None if there
            are none.
        own: how many states, from the first on, answers show; None means all of them.
    """

    def __init__(
        self,
        table: Table,
        gamma: float,
        horizon: float,
        initial: ArrayLike | None = None,
        info: ModelInfo = UNNAMED,
        exact: Callable[[], Exact] | None = None,
        own: int | None = None,
    ) -> None:
        self.table, self.info, self.exact, self.own = table, info, exact, own
        self.gamma = float(gamma)
        self.horizon = horizon
        self.aim = horizon if horizon < math.inf else _FIRST_AIM
        shape = table.model.r.shape
        v = first_values(shape[0], initial)
        size = 0.0 if initial is None else float(np.abs(v).max())
        check_range(max(table.reward_size * self.aim, size), gamma)
        self.values = Values(v, np.empty(shape), np.empty(shape[0], dtype=np.uint32))
        self.sweeps = 0
        self.error = self.off = self.rounding = math.inf

    def run(self, loop: Any, tol: float | None, max_sweeps: int, *options: Any) -> int:
        """Run a compiled loop until it has proven tol, and return its status.

        tol = None means down to rounding. Sweeps made before count towards max_sweeps. Where the
        horizon of all policies is unknown or too long for tol, the loop continues with that of the
        policies that may be optimal; see `certificate`.
        """
        for _ in range(_ROUNDS):
            left = max_sweeps - self.sweeps
            if self.sweeps and left < 2:
                return OUT_OF_SWEEPS
            settings = self.table.settings(self.gamma, self.aim, tol, left)
            ended = loop(self.table.model, self.values, settings, *options)
            status, sweeps, residual, self.rounding = ended
            self.sweeps += sweeps
            self.off = residual + self.rounding
            if self.horizon < math.inf and status != AT_FLOOR:
                self.error = self.off * self.horizon
                return int(status)
            wanted = self.certify(tol)
            if tol is not None and self.error <= tol:
                return CONVERGED
            if tol is None or status == OUT_OF_SWEEPS:
                return int(status)
            if status == AT_FLOOR and not wanted < 0.9 * self.aim:
                return AT_FLOOR
            # Values that are too far off give no bound on the steps, or too small a one.
            self.aim = wanted if wanted < math.inf and wanted != self.aim else 16 * self.aim
        return AT_FLOOR

    def certify(self, tol: float | None) -> float:
        """Set the error that the last backup proves; return the horizon that tol asks for."""
        self.error, wanted = math.inf, self.horizon
        if self.horizon < math.inf:
            self.error = self.off * self.horizon
        if self.error > (tol or 0.0) and (self.horizon == math.inf or tol is not None):
            numbers = self.values, self.off, self.rounding, tol
            error, wanted = certified(self.table, self.gamma, *numbers)
            self.error = min(self.error, error)
        return wanted

    def finish(self, status: int, tol: float | None, max_sweeps: int) -> Solution:
        """Return the answer.

        Raises:
            NotConverged: max_sweeps ran out, or rounding forbids tol.
        """
        solution = self.solution()
        if tol is not None and solution.error <= tol:
            return solution
        if status == OUT_OF_SWEEPS:
            raise NotConverged(
                f"the {max_sweeps} sweeps ran out at gamma = {self.gamma}, and the error "
                f"reached {self.error:.3g}, tol = {tol}: raise max_sweeps, or use "
                f"optimal_values or policy_iteration",
                solution,
            )
        if tol is None or status == CONVERGED:
            return solution
        size = float(np.abs(self.values.v).max())
        why = (
            f"values of up to {size:.3g} are rounded by {self.rounding:.2g}, which counts for "
            f"{self.error / max(self.off, _LEAST):.3g} steps"
        )
        if self.error == math.inf:
            raise NotConverged(
                f"floats prove nothing at gamma = {self.gamma}: policies that may be optimal take "
                f"too many steps before they end",
                solution,
            )
        if self.exact is not None and fits(self.table):
            v, q, self.error = refined(self.exact(), self.table, self.gamma, self.values.v)
            self.values = Values(v, q, q.argmax(axis=1))
            solution = self.solution()
            if self.error <= tol:
                return solution
            why = f"values of up to {size:.3g} are floats {np.spacing(size):.2g} apart"
        raise NotConverged(
            f"rounding allows no error below {solution.error:.3g} at gamma = {self.gamma}, but "
            f"tol = {tol:g} was requested: {why}; tol=None accepts what rounding allows",
            solution,
        )

    def begin(self) -> None:
        """Change the initial values to ones from which all methods converge."""

    def first_policy(self) -> NDArray[np.int64]:
        """Return a policy that has values, shape (S,): here the one that is greedy at v."""
        self.prove()
        policy: NDArray[np.int64] = self.values.policy.astype(np.int64)
        return policy

    def sure(self, policy: NDArray[np.int64]) -> bool:
        """Whether a policy has values."""
        return True

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
        """Set q = T v and its policy; return the rounding error of q. `certify` sets the error."""
        if v is not None:
            self.values = self.values._replace(v=v)
        low, high, size = backup(self.table.model, self.gamma, self.values)
        rounding = float(self.table.slack * (self.table.reward_size + self.gamma * size))
        self.off, self.rounding = max(-low, high) + rounding, rounding
        return rounding

    def solution(self) -> Solution:
        """The solution from q = T v and the proven error, of the states that answers show."""
        return self.of_all_states().of_first(self.own)

    def of_all_states(self) -> Solution:
        """The solution of all states of the table."""
        v, q, policy = self.values
        greedy = np.empty(q.shape, dtype=np.bool_)
        greedy_actions(q, policy, self.error, greedy)
        numbers = self.gamma, v, self.error, q, greedy, self.sweeps, q.argmax(axis=1)
        return Solution(*numbers, info=self.info)


def first_values(n_states: int, initial: ArrayLike | None) -> NDArray[np.float64]:
    """Return a copy of the initial values, shape (S,), or zeros.

    Raises:
        ValueError: they are not S finite numbers.
    """
    if initial is None:
        return np.zeros(n_states)
    v = reals(initial, "initial").copy()
    if v.shape != (n_states,):
        raise ValueError(f"initial must be {n_states} finite numbers, got shape {v.shape}")
    if not np.isfinite(v).all():
        wrong = v[~np.isfinite(v)][0]
        raise ValueError(f"initial must be {n_states} finite numbers, got {wrong} among them")
    return v


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
