"""The optimal sets just right of gamma = 0, by comparing reward sequences in order.

For small gamma the first expected reward decides, then the second, and so on: with v_t the
t-step-ahead reward of the best surviving choices,

    A_0(s) = argmax r(s, a),    A_{t+1}(s) = argmax over A_t(s) of p(s, a) v_t.

A pair that drops out in step t has an advantage that starts with a negative multiple of
gamma^t. What never drops out ties identically, which `PolicySeries` proves.

Source: Blackwell, Discrete dynamic programming, Ann. Math. Statist. 33 (1962).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries

_SAFE = 2**62  # integers below fit a machine word, with one addition to spare


@dataclass(frozen=True)
class Start:
    """What holds at 0 and just right of it.

    Attributes:
        policy: a pair for each state, optimal just right of 0.
        zero: (N,) the pairs whose advantage vanishes identically; these are the optimal sets.
        order: (N,) t for a pair whose advantage begins with gamma^t; 0 where `zero`.
        at_zero: (N,) the pairs that are optimal at gamma = 0 itself.
    """

    policy: NDArray[np.int64]
    zero: NDArray[np.bool_]
    order: NDArray[np.int64]
    at_zero: NDArray[np.bool_]


def start_of(model: RationalModel, deadline: Deadline) -> Start:
    """Return the policy, the ties and the leading powers right of gamma = 0."""
    race = _Race(model)
    at_zero = race.alive.copy()
    patience = 4
    while True:
        while race.quiet < patience and race.running:
            race.step()
            deadline.check()
        policy = race.policy()
        zero = race.alive.copy()
        contested = np.setdiff1d(race.contested, policy)
        if len(contested) and race.running:
            zero[contested] = PolicySeries(model, policy, deadline).identically_zero(contested)
        if not race.running or bool(zero[contested].all()):
            return Start(policy, zero, race.order, at_zero)
        patience = 2 * race.steps + 4


class _Race:
    """The surviving pairs of every state and the rewards t steps ahead, times q^t.

    Arrays hold machine integers as long as nothing can overflow, then Python's.
    """

    def __init__(self, model: RationalModel) -> None:
        self.model = model
        self.alive = np.ones(model.n_pairs, dtype=np.bool_)
        self.order = np.zeros(model.n_pairs, dtype=np.int64)
        self.steps = self.quiet = 0
        self.v: NDArray[Any] = np.zeros(model.n, dtype=np.int64)
        self.weights = _integers([w for row in model.weights for w in row])
        self.pairs = np.arange(model.n_pairs)
        self._number()
        self._survive(_integers(model.rewards))

    @property
    def running(self) -> bool:
        """Whether a later reward can still tell two survivors apart: n + 1 steps decide."""
        return bool(len(self.contested) and self.steps <= self.model.n and self.v.any())

    def policy(self) -> NDArray[np.int64]:
        return self.pairs[self.starts]

    def step(self) -> None:
        self.steps += 1
        if self.v.dtype != object and int(np.abs(self.v).max()) * self.model.denominator >= _SAFE:
            self.v = self.v.astype(object)
        indptr = self.model.p.indptr
        lengths = indptr[self.pairs + 1] - indptr[self.pairs]
        moves = np.repeat(self.alive, np.diff(indptr))
        # Partial sums may wrap around; their differences, at most q max |v|, do not.
        sums = np.concatenate(
            ([0], np.cumsum(self.weights[moves] * self.v[self.model.p.indices[moves]]))
        )
        ends = np.concatenate(([0], np.cumsum(lengths)))
        self._survive(sums[ends[1:]] - sums[ends[:-1]])

    def _survive(self, value: NDArray[Any]) -> None:
        """Keep the best of each state; `value` is that of the pairs still alive."""
        best = np.maximum.reduceat(value, self.starts)
        kept = value == np.repeat(best, self.counts)
        dropped = self.pairs[~kept]
        self.quiet += 1
        if len(dropped):
            self.quiet = 0
            self.alive[dropped] = False
            self.order[dropped] = self.steps
            self.pairs = self.pairs[kept]
            self._number()
        self.v = best

    def _number(self) -> None:
        state = self.model.pair_state[self.pairs]
        self.starts = np.flatnonzero(np.diff(state, prepend=-1))
        self.counts = np.diff(self.starts, append=len(state))
        self.contested = self.pairs[np.repeat(self.counts > 1, self.counts)]


def _integers(numbers: list[int]) -> NDArray[Any]:
    small = all(-_SAFE < number < _SAFE for number in numbers)
    return np.array(numbers, dtype=np.int64 if small else object)
