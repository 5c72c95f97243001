"""The optimal sets just right of gamma = 0, by comparing reward sequences in order.

For small gamma the first expected reward decides, then the second, and so on: with v_t the
t-step-ahead reward of the best remaining choices,

    A_0(s) = argmax r(s, a),    A_{t+1}(s) = argmax over A_t(s) of p(s, a) v_t.

A pair that drops out in step t has an advantage that starts with a negative multiple of gamma^t.
Pairs that never drop out tie identically, which `PolicySeries` proves.

Source: Blackwell, Discrete dynamic programming, Ann. Math. Statist. 33 (1962).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import Beginning
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries

_SEEN = 60  # steps after which a difference is beyond all powers of tau in a window around 0

ProvesTies = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]
"""Takes a policy and some pairs, and returns which are proven to tie with it for every gamma."""

_SAFE = 2**62  # integers below fit a machine word, even after one addition


@dataclass(frozen=True)
class NearZero(Beginning):
    """The optimal sets just right of 0.

    Attributes:
        order: (N,) t for a pair whose advantage begins with gamma^t; 0 where `zero`.
    """

    order: NDArray[np.int64]


def near_zero(model: RationalModel, deadline: Deadline, ties: ProvesTies | None = None) -> NearZero:
    """Return the policy, the ties and the leading powers right of gamma = 0.

    Args:
        ties: finds proofs of ties, but may miss some; None is exact arithmetic. Pairs that are
            still together long after rewards were seen from all states are then not in `zero`.
    """
    elimination = _Elimination(model)
    patience = 4
    while True:
        while elimination.unchanged < patience and elimination.undecided:
            elimination.step()
            deadline.check()
        policy = elimination.policy()
        zero = elimination.remaining.copy()
        tied = np.setdiff1d(elimination.tied, policy)
        if len(tied) and elimination.undecided:
            if ties is None:
                zero[tied] = PolicySeries(model, policy, deadline).identically_zero(tied)
            else:
                zero[tied] = ties(policy, tied)
        if not elimination.undecided or bool(zero[tied].all()):
            return NearZero(policy, zero, elimination.order)
        if ties is not None and elimination.steps > 2 * elimination.last_woken + _SEEN:
            order = elimination.order
            order[tied[~zero[tied]]] = elimination.steps + 1
            return NearZero(policy, zero, order)
        patience = 2 * elimination.steps + 4


class _Elimination:
    """The remaining pairs of every state and the rewards t steps ahead, times q^t.

    Arrays hold machine integers as long as nothing can overflow, then Python's.
    """

    def __init__(self, model: RationalModel) -> None:
        self.model = model
        self.remaining = np.ones(model.n_pairs, dtype=np.bool_)
        self.order = np.zeros(model.n_pairs, dtype=np.int64)
        self.steps = self.unchanged = self.last_woken = 0
        self.v: NDArray[Any] = np.zeros(model.n, dtype=np.int64)
        self.awake = np.zeros(model.n, dtype=np.bool_)  # has met a reward, within last_woken steps
        self.weights = _integers([w for row in model.weights for w in row])
        self.pairs = np.arange(model.n_pairs)
        self._renumber()
        self._keep_best(_integers(model.rewards))

    @property
    def undecided(self) -> bool:
        """Whether a later reward can still distinguish two of them: n + 1 steps decide."""
        return bool(len(self.tied) and self.steps <= self.model.n and self.v.any())

    def policy(self) -> NDArray[np.int64]:
        return self.pairs[self.starts]

    def step(self) -> None:
        self.steps += 1
        if self.v.dtype != object and int(np.abs(self.v).max()) * self.model.denominator >= _SAFE:
            self.v = self.v.astype(object)
        indptr = self.model.p.indptr
        lengths = indptr[self.pairs + 1] - indptr[self.pairs]
        moves = np.repeat(self.remaining, np.diff(indptr))
        # Partial sums may wrap around; their differences, at most q max |v|, do not.
        sums = np.concatenate(
            ([0], np.cumsum(self.weights[moves] * self.v[self.model.p.indices[moves]]))
        )
        ends = np.concatenate(([0], np.cumsum(lengths)))
        self._keep_best(sums[ends[1:]] - sums[ends[:-1]])

    def _keep_best(self, value: NDArray[Any]) -> None:
        """Keep the best of each state; `value` is that of the remaining pairs."""
        best = np.maximum.reduceat(value, self.starts)
        kept = value == np.repeat(best, self.counts)
        dropped = self.pairs[~kept]
        self.unchanged += 1
        if len(dropped):
            self.unchanged = 0
            self.remaining[dropped] = False
            self.order[dropped] = self.steps
            self.pairs = self.pairs[kept]
            self._renumber()
        self.v = best
        first = best.astype(np.bool_) & ~self.awake
        if first.any():
            self.awake |= first
            self.last_woken = self.steps

    def _renumber(self) -> None:
        state = self.model.pair_state[self.pairs]
        self.starts = np.flatnonzero(np.diff(state, prepend=-1))
        self.counts = np.diff(self.starts, append=len(state))
        self.tied = self.pairs[np.repeat(self.counts > 1, self.counts)]


def _integers(numbers: list[int]) -> NDArray[Any]:
    small = all(-_SAFE < number < _SAFE for number in numbers)
    return np.array(numbers, dtype=np.int64 if small else object)
