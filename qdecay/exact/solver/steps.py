"""The largest and smallest sum of rewards over a number of steps, by dynamic programming.

    v_0 = 0,    v_{t+1}(s) = best over the candidates of s of r(s, a) + sum_t' p(s, a, t') v_t(t'),

so ties are broken afresh at each step. Exactly, q^t v_t is kept in integers, whose length grows
with t. In floats, with k the length of the longest row and u = 2^-52, one step rounds by at most
(k + 5) u (|r| + |v_t|), and a probability-weighted sum does not enlarge earlier errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.rational_model import RationalModel
from qdecay_envs.rational import nearest_float

_MOST_BITS = 3e9  # of all numbers together: about a second
_EPS = float(np.finfo(np.float64).eps)


class Steps:
    """Some pairs of a model, as arrays.

    Args:
        model: the model.
        pairs: candidates, in order; each state that one leads to has at least one.
    """

    def __init__(self, model: RationalModel, pairs: Sequence[int]) -> None:
        self._model, self._pairs = model, pairs
        owner = model.pair_state[list(pairs)]
        self._first = np.flatnonzero(np.diff(owner, prepend=-1))
        states = owner[self._first].tolist()
        self.place = {s: i for i, s in enumerate(states)}
        # Every row gets an entry of weight 0, of a last state that is worth nothing: none is empty.
        rows = [
            [*((self.place[t], w) for t, w in zip(model.targets[p], model.weights[p], strict=True))]
            for p in pairs
        ]
        entries = [entry for row in rows for entry in ((len(states), 0), *row)]
        self._targets = np.array([t for t, _ in entries])
        self._weights = [w for _, w in entries]
        lengths = np.array([len(row) + 1 for row in rows])
        self._rows = np.cumsum(lengths) - lengths
        self._longest = int(lengths.max())

    def exactly(self, steps: int, sign: int, deadline: Deadline) -> dict[int, Fraction] | None:
        """Return the exact values after this many steps by state, or None if they are too long."""
        model = self._model
        bits = steps * math.log2(model.denominator) + model.largest_reward.bit_length()
        if bits * steps * len(self._weights) > _MOST_BITS:
            return None
        weights = np.array(self._weights, dtype=object)
        rewards = np.array([model.rewards[pair] for pair in self._pairs], dtype=object)
        values = np.array([0] * (len(self.place) + 1), dtype=object)
        power = 1
        for _ in range(steps):
            deadline.check()
            values = self._step(rewards * power, weights, values, sign)
            power *= model.denominator
        scale = power // model.denominator * model.reward_scale if steps else 1
        return {s: Fraction(values[i], scale) for s, i in self.place.items()}

    def roughly(self, steps: int, sign: int, deadline: Deadline) -> tuple[dict[int, float], float]:
        """Return the values by state in floats, and the largest error of any."""
        model = self._model
        weights = np.array([w / model.denominator for w in self._weights])
        scale = model.reward_scale
        rewards = np.array([nearest_float(Fraction(model.rewards[p], scale)) for p in self._pairs])
        values = np.zeros(len(self.place) + 1)
        slack, error = (self._longest + 5) * _EPS, 0.0
        largest = float(np.abs(rewards).max())
        for done in range(steps):
            deadline.check()
            rounding = float(slack * (largest + np.abs(values).max()))
            error += rounding
            values, before = self._step(rewards, weights, values, sign), values
            if np.array_equal(values, before):  # so would be all that follow
                error += (steps - done - 1) * rounding
                break
        return {s: float(values[i]) for s, i in self.place.items()}, error

    def _step(
        self, rewards: NDArray[Any], weights: NDArray[Any], values: NDArray[Any], sign: int
    ) -> NDArray[Any]:
        found = rewards + np.add.reduceat(weights * values[self._targets], self._rows)
        if len(self._first) < len(found):
            found = (np.maximum if sign > 0 else np.minimum).reduceat(found, self._first)
        return np.append(found, values[-1])
