"""det(I - x q P) of one policy after another, which differ in few states.

P is the policy's matrix among its live states. How the determinant changes with one row is in
`changed_rows`, as is what it makes of a pair's power series: the numerator of its advantage. The
pair whose numerator was computed last is usually the one that enters the policy next; its integers
are used for both.

The first D is found from the denominator that one advantage has in lowest terms. That one divides
D; what is left of D, of small degree and hence with small coefficients, is known from the
characteristic polynomial of q P modulo one or two primes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from flint import fmpz_poly, nmod_mat, nmod_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.changed_rows import ChangedRow, ChangedRows
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.primes import from_residues, primes_below
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.rewards_ahead import policy_matrix

_WORD = 62  # bits of a prime
_FEW_STATES = 8  # that differ: one after the other; more take as long as a new determinant


class Determinants:
    """The determinant of the last policy, and how other rows would change it.

    It is kept only from the second policy on that has the same live states: if these change at
    every step it is useless.
    """

    def __init__(self, model: RationalModel) -> None:
        self._model = model
        self._live: NDArray[np.bool_] = np.zeros(model.n, dtype=np.bool_)
        self._policy: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._found: fmpz_poly | None = None
        self._known: dict[int, ChangedRow] = {}  # by pair, of this policy

    @cached_property
    def _rows(self) -> ChangedRows:
        return ChangedRows(self._model)

    def of(self, graph: PolicyGraph, deadline: Deadline) -> fmpz_poly | None:
        """Return the determinant of a policy, or None if that of no similar one is known."""
        if self._found is None or not np.array_equal(graph.live, self._live):
            return None
        if self._policy is graph.policy:
            return self._found
        changed = np.flatnonzero((graph.policy != self._policy) & graph.live).tolist()
        if len(changed) > _FEW_STATES:
            self._found = None
            return None
        for s in changed:
            [row] = self._changed([int(graph.policy[s])], deadline)
            factor = fmpz_poly([1, *(-x for x in row.visits)])
            self._found = factor.mul_low(self._found, int(self._live.sum()) + 1)
            policy = self._policy.copy()
            policy[s] = graph.policy[s]
            self._policy, self._known = policy, {}
        self._policy = graph.policy
        return self._found

    def series(self, pairs: Sequence[int], deadline: Deadline) -> list[list[int]]:
        """Return for each pair m + 1 terms of its advantage's power series in x, m the number of
        live states, under the policy whose determinant was returned last."""
        return [row.earned for row in self._changed(pairs, deadline)]

    def _changed(self, pairs: Sequence[int], deadline: Deadline) -> list[ChangedRow]:
        new = [pair for pair in pairs if pair not in self._known]
        if new:
            found = self._rows.of(self._policy, int(self._live.sum()), new, deadline)
            self._known.update(zip(new, found, strict=True))
        return [self._known[pair] for pair in pairs]

    def learn(self, graph: PolicyGraph, divisor: fmpz_poly, deadline: Deadline) -> None:
        """Find a policy's determinant from one of its divisors, 1 at 0, if it is worth it."""
        again = np.array_equal(graph.live, self._live) and ChangedRows.fit(self._model)
        self._live, self._policy, self._known = graph.live, graph.policy, {}
        self._found = divisor * self._cofactor(divisor, deadline) if again else None

    def _cofactor(self, divisor: fmpz_poly, deadline: Deadline) -> fmpz_poly:
        """Return the determinant over one of its divisors, both 1 at 0.

        It is a product of at most `degree` factors 1 - x q lambda, |lambda| <= 1.
        """
        matrix = policy_matrix(self._model, self._policy, self._live)
        n = matrix.shape[0]
        degree = n - divisor.degree()
        bits = 2 + degree * math.log2(1 + self._model.denominator)
        primes = primes_below(_WORD, 1 + math.ceil(bits) // (_WORD - 1))
        entries = matrix.toarray().ravel().tolist()
        residues = np.zeros((degree + 1, len(primes)), dtype=np.int64)
        for k, p in enumerate(primes):
            deadline.check()
            characteristic = nmod_mat(n, n, entries, p).charpoly().coeffs()
            determinant = nmod_poly(characteristic[::-1], p)
            rest = [int(c) for c in (determinant // nmod_poly(divisor, p)).coeffs()]
            residues[: len(rest), k] = rest
        return fmpz_poly(from_residues(residues, primes))
