"""What the kernels read of a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.model.base import FiniteMDP
from qdecay.planning.compiled.kernels import Model, System
from qdecay.planning.compiled.loops import Settings
from qdecay.planning.compiled.prioritized import Predecessors, Queue

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Table:
    """What the kernels read of a model; views of its arrays where possible.

    Attributes:
        model: its rows.
        slack: one entry of T v is computed to slack * (size of r + gamma * size of v).
        reward_size: the largest |r|.
        capacity: no policy's rows have more entries than this.
        certain: whether no row has more than one entry.
        ends: the actions that may end the episode, shape (S, A).
    """

    model: Model
    slack: float
    reward_size: float
    capacity: int
    certain: bool
    ends: NDArray[np.bool_]

    @classmethod
    def of(
        cls, p: sparse.csr_matrix, r: NDArray[np.float64], *, ends: bool | NDArray[np.bool_]
    ) -> Table:
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
            np.broadcast_to(ends, r.shape),
        )

    @cached_property
    def episodic(self) -> bool:
        """Whether some action may end the episode."""
        return bool(self.ends.any())

    @property
    def available(self) -> NDArray[np.bool_]:
        """The actions that can be chosen, shape (S, A)."""
        available: NDArray[np.bool_] = ~np.isnan(self.model.r)
        return available

    @property
    def p(self) -> sparse.csr_matrix:
        """The probabilities of continuing, shape (S * A, S)."""
        ptr, col, p, r = self.model
        rows = p, col.view(f"i{col.itemsize}"), ptr.view(f"i{ptr.itemsize}")
        return sparse.csr_matrix(rows, shape=(r.size, len(r)))

    def only_action(self) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
        """Return the rows (S, S) and rewards (S,) of a model in which no state has two actions."""
        r = self.model.r
        chosen = np.where(np.isnan(r), -np.inf, 0.0).argmax(axis=1)
        states = np.arange(len(r))
        return self.p[states * r.shape[1] + chosen], np.nan_to_num(r[states, chosen])

    def with_rewards(self, r: NDArray[np.float64]) -> Table:
        """Return the same rows with other rewards, shape (S, A); nan for actions left out."""
        size = max(float(np.nanmax(r, initial=0.0)), -float(np.nanmin(r, initial=0.0)))
        return replace(self, model=self.model._replace(r=r), reward_size=size)

    def settings(
        self, gamma: float, horizon: float, tol: float | None, max_sweeps: int
    ) -> Settings:
        """Return the settings of the loops; tol = None means down to rounding."""
        # Where nothing is random, sweeps in alternating order carry values along paths.
        begin = not self.episodic, 8 if self.certain else 2
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
            np.empty((11, len(r))),
        )

    def queue(self) -> tuple[Predecessors, Queue]:
        """Return the predecessors of each state, and workspace for a queue of states."""
        n_states, n_actions = self.model.r.shape
        to = self.p.tocsc()
        heap, place = np.empty((2, n_states), dtype=np.int64)
        return (
            Predecessors(_unsigned(to.indptr), to.indices // n_actions, to.data),
            Queue(heap, place, np.empty(n_states)),
        )


def _unsigned(indices: NDArray[Any]) -> NDArray[Any]:
    return indices.view(np.uint32 if indices.dtype.itemsize == 4 else np.uint64)


_TABLES: WeakKeyDictionary[FiniteMDP, Table] = WeakKeyDictionary()


def table_of(mdp: FiniteMDP) -> Table:
    """The model in the kernels' form, computed once."""
    table = _TABLES.get(mdp)
    if table is None:
        table = _TABLES[mdp] = Table.of(mdp.p, mdp.r, ends=mdp.ends)
    return table
