"""Solvers of one policy's equations after another, around one centre; see `window`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.expansion import DENSE, Array, Expansion, Inner, Matrix
from qdecay.exact.solver.linear import Factorised, Inverse, Solver, is_factorised, solver_of
from qdecay.exact.solver.rational_model import RationalModel

BEYOND = 1 + 1e-10  # of a matrix: room for rounding where a right side is 0
_MOST_SWITCHED = 24  # states whose choice differs from that of the policy that was factorised

_States = NDArray[np.int64]


class _Base(NamedTuple):
    """A policy whose equations are factorised."""

    policy: NDArray[np.int64]
    factors: Factorised


class Solvers:
    """What was inverted or factorised for one policy is changed for the next one."""

    def __init__(self, model: RationalModel, deadline: Deadline) -> None:
        """Solves of many states check the deadline; solves of few take no time."""
        self._model, self._deadline = model, deadline
        self._base: _Base | None = None
        self._near, self._far = Inverse(), Inverse()  # of few states

    def of(
        self,
        expanded: Expansion,
        policy: NDArray[np.int64],
        states: _States,
        live: _States,
        inner: Inner,
    ) -> tuple[Solver, Callable[[], Solver]]:
        """Return the solvers for B_0 and, on demand, for B_0 + |B_1|.

        Args:
            states: all whose values are sought.
            live: those of them that change. None of the others leads to one: the inverse for all
                states has that for these.
            inner: the parts of B for these.
        """
        if len(states) > DENSE:
            near = self._sparse(expanded, policy, states, live, inner.near)
            far = cache(lambda: self._looking(solver_of(inner.far * BEYOND, self._model)))
            return self._looking(near), far
        place: _States | None = None
        if len(live) < len(states):
            inner = expanded.rows(policy[states]).inner(states)
            place = np.searchsorted(states, live)
        near = self._near.solver(np.asarray(inner.near), place)
        return near, cache(lambda: self._far.solver(np.asarray(inner.far) * BEYOND, place))

    def _looking(self, solve: Solver) -> Solver:
        """Return a solver that checks the time limit first."""

        def looks(right: Array, within: float) -> Array:
            self._deadline.check()
            return solve(right, within)

        return looks

    def _sparse(
        self,
        expanded: Expansion,
        policy: NDArray[np.int64],
        states: _States,
        live: _States,
        near: Matrix,
    ) -> Solver:
        """Return a solver from an existing factorisation, if many states are sought and few differ
        from it."""
        if not is_factorised(near, self._model) or 2 * len(live) < len(states):
            return solver_of(near, self._model)
        base = self._base
        rows = [] if base is None else np.flatnonzero((base.policy != policy)[states]).tolist()
        if base is None or len(rows) > _MOST_SWITCHED:
            near = expanded.rows(policy[states]).inner(states).near
            base, rows = _Base(policy, Factorised(near)), []
            self._base = base
        old, new = (
            expanded.rows(choices[states[rows]]).inner(states).near
            for choices in (base.policy, policy)
        )
        solve, place = base.factors.solver(rows, old - new), np.searchsorted(states, live)
        if len(live) == len(states):
            return solve

        def inside(right: Array, within: float) -> Array:
            """Solve for some states, on which no other one depends."""
            padded = np.zeros((len(states), *right.shape[1:]))
            padded[place] = right
            return solve(padded, within)[place]

        return inside
