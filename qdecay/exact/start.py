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

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.budget import Budget
from qdecay.exact.rational_model import RationalModel
from qdecay.exact.series import PolicySeries


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


def start_of(model: RationalModel, budget: Budget) -> Start:
    """Return the policy, the ties and the leading powers right of gamma = 0."""
    race = _Race(model)
    at_zero = race.alive.copy()
    patience = 4
    while True:
        while race.quiet < patience and race.running:
            race.step()
            budget.check()
        policy = race.policy()
        zero = race.alive.copy()
        contested = np.array(
            [p for s in race.contested for p in race.sets[s] if p != policy[s]], dtype=np.int64
        )
        if len(contested) and race.running:
            zero[contested] = PolicySeries(model, policy, budget).identically_zero(contested)
        if not race.running or bool(zero[contested].all()):
            return Start(policy, zero, race.order, at_zero)
        patience = 2 * race.steps + 4


class _Race:
    """The surviving pairs of every state and the rewards t steps ahead, times q^t."""

    def __init__(self, model: RationalModel) -> None:
        self.model = model
        self.alive = np.ones(model.n_pairs, dtype=np.bool_)
        self.order = np.zeros(model.n_pairs, dtype=np.int64)
        self.sets = [list(model.pairs_of(s)) for s in range(model.n)]
        self.contested = [s for s in range(model.n) if len(self.sets[s]) > 1]
        self.steps = self.quiet = 0
        self._select(model.rewards)
        self.v = {s: model.rewards[c[0]] for s, c in enumerate(self.sets) if model.rewards[c[0]]}

    @property
    def running(self) -> bool:
        """Whether a later reward can still tell two survivors apart: n + 1 steps decide."""
        return bool(self.v) and bool(self.contested) and self.steps <= self.model.n

    def policy(self) -> NDArray[np.int64]:
        return np.array([choices[0] for choices in self.sets], dtype=np.int64)

    def step(self) -> None:
        self.steps += 1
        v, targets, weights = self.v, self.model.targets, self.model.weights
        ahead: dict[int, int] = {}
        for choices in self.sets:
            for pair in choices:
                value = 0
                for t, w in zip(targets[pair], weights[pair], strict=True):
                    if t in v:
                        value += w * v[t]
                if value:
                    ahead[pair] = value
        self._select(ahead)
        self.v = {s: ahead[c[0]] for s, c in enumerate(self.sets) if c[0] in ahead}

    def _select(self, value: dict[int, int] | list[int]) -> None:
        get = value.get if isinstance(value, dict) else lambda pair, _=0: value[pair]
        self.quiet += 1
        for s in self.contested:
            choices = self.sets[s]
            best = max(get(pair, 0) for pair in choices)
            kept = [pair for pair in choices if get(pair, 0) == best]
            if len(kept) < len(choices):
                self.quiet = 0
                dropped = [pair for pair in choices if pair not in kept]
                self.alive[dropped] = False
                self.order[dropped] = self.steps
                self.sets[s] = kept
        self.contested = [s for s in self.contested if len(self.sets[s]) > 1]
