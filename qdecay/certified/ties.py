"""Which pairs tie with the policy for every gamma: by similar states, or by power series."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.polynomial import sign_at
from qdecay.exact.solver.alike import Alike
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries

_MOST_PRODUCTS = 1e8  # of machine words, for the series of one policy: about a second

Pairs = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Ties:
    """Proofs of ties under one policy."""

    def __init__(
        self,
        model: RationalModel,
        graph: PolicyGraph,
        values: NDArray[np.float64],
        deadline: Deadline,
    ) -> None:
        """`values` are close to the policy's, (n, any number of columns)."""
        self._model, self._graph, self._deadline = model, graph, deadline
        self._known: dict[int, bool] = {}
        self._alike = Alike(graph, model.rewards, values)

    def identically_zero(self, pairs: Pairs) -> Mask:
        """Return True only for pairs whose advantage is 0 for every gamma."""
        new = [pair for pair in pairs.tolist() if pair not in self._known]
        self._known.update((pair, self._alike.same(pair)) for pair in new)
        rest = np.array([pair for pair in new if not self._known[pair]], dtype=np.int64)
        if len(rest) and self._affordable():
            zero = self._series.identically_zero(rest)
            self._known.update(zip(rest.tolist(), zero.tolist(), strict=True))
        return np.array([self._known[pair] for pair in pairs.tolist()], dtype=np.bool_)

    def share_a_root(self, one: int, two: int, lower: Fraction, upper: Fraction) -> bool:
        """Return True only if a root of both advantages lies between."""
        if self._alike.equal(one, two):
            return True
        if not self._affordable():
            return False
        common = self._series.numerator(one).gcd(self._series.numerator(two))
        return sign_at(common, lower) * sign_at(common, upper) < 0

    @cached_property
    def _series(self) -> PolicySeries:
        return PolicySeries(self._model, self._graph.policy, self._deadline)

    def _affordable(self) -> bool:
        """Whether power series decide quickly: 2 n terms of numbers that grow with each."""
        n, bits = int(self._graph.live.sum()), math.log2(max(self._model.denominator, 2))
        words = 1 + 2 * n * bits / 64
        return 2 * n * n * self._model.max_row * words <= _MOST_PRODUCTS
