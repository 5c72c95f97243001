"""det(I - x q P) of one policy after another, which differ in few states.

P is the policy's matrix among its live states. With M = q P, a new row of state s, M' = M + e_s d,
changes the determinant D by one factor:

    det(I - x M') = D (1 - x d (I - x M)^-1 e_s) = D (1 - sum_k x^(k+1) d M^k e_s)

which is a polynomial of degree <= m, the number of live states: m terms of the sum determine it.
They are integers, as are D's coefficients.

The first D is found from the denominator that one advantage has in lowest terms. That one divides
D; what is left of D, of small degree and hence with small coefficients, is known from the
characteristic polynomial of M modulo one or two primes.
"""

from __future__ import annotations

import math

import numpy as np
from flint import fmpz_poly, nmod_mat, nmod_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.digits import Digits, carried, images, joined
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.primes import from_residues, primes_below
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.rewards_ahead import RewardsAhead, policy_matrix

_WORD = 62  # bits of a prime
_FEW_STATES = 8  # that differ: one after the other; more take as long as a new determinant


class Determinants:
    """The determinant of the policy asked for last.

    One is kept only from the second policy on that has the same live states: where these change at
    every step it is of no use.

    Attributes:
        ahead: what was found last for some policy; it may have the terms that a new row needs.
    """

    def __init__(self, model: RationalModel) -> None:
        self._model = model
        self._live: NDArray[np.bool_] = np.zeros(model.n, dtype=np.bool_)
        self._policy: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._found: fmpz_poly | None = None
        self.ahead: RewardsAhead | None = None

    def has(self, live: NDArray[np.bool_]) -> bool:
        """Whether the determinant of a policy with these live states is known."""
        return self._found is not None and np.array_equal(live, self._live)

    def of(self, graph: PolicyGraph) -> fmpz_poly | None:
        """Return the determinant of a policy, or None if that of no similar one is known."""
        if self._found is None or not self.has(graph.live):
            return None
        if self._policy is graph.policy:
            return self._found
        changed = np.flatnonzero((graph.policy != self._policy) & graph.live).tolist()
        if len(changed) > _FEW_STATES:
            self._found = None
            return None
        for s in changed:
            self._found = self._with_row(self._found, s, int(graph.policy[s]))
            self._policy = np.where(np.arange(len(self._policy)) == s, graph.policy, self._policy)
        self._policy = graph.policy
        return self._found

    def learn(self, graph: PolicyGraph, divisor: fmpz_poly, deadline: Deadline) -> None:
        """Find a policy's determinant from one of its divisors, 1 at 0, if it is worth it."""
        again = np.array_equal(graph.live, self._live)
        self._live, self._policy = graph.live, graph.policy
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

    def _with_row(self, determinant: fmpz_poly, state: int, pair: int) -> fmpz_poly:
        """Return the determinant with the row of one state changed to a pair's."""
        model = self._model
        change: dict[int, int] = {}
        for row, sign in ((pair, 1), (int(self._policy[state]), -1)):
            for t, weight in zip(model.targets[row], model.weights[row], strict=True):
                if self._live[t]:
                    change[t] = change.get(t, 0) + sign * weight
        n, factors = int(self._live.sum()), np.array(list(change.values()), dtype=np.int64)
        ahead = self._visits(state, list(change), n)
        terms = joined(np.tensordot(factors, ahead, (0, 1)))
        return fmpz_poly([1, *(-c for c in terms)]).mul_low(determinant, n + 1)

    def _visits(self, state: int, rows: list[int], count: int) -> Digits:
        """Return the digits of d M^k e_s for k < count and unit rows d, (terms, rows, digits),
        carried."""
        known, model = self.ahead, self._model
        if known is not None and known.policy is self._policy and known.visited == state:
            found = known.visits(rows, count)
            if found is not None:
                return found
        place = np.cumsum(self._live) - 1
        start = [0] * count
        start[int(place[state])] = 1
        matrix = policy_matrix(model, self._policy, self._live)
        blocks = images(matrix, start, model.denominator, count)
        some = [carried(block[:, place[rows]], block.shape[-1] + 1) for block in blocks]
        ahead = np.zeros((count, len(rows), some[-1].shape[-1]), dtype=np.int64)
        t = 0
        for digits in some:
            ahead[t : t + len(digits), :, : digits.shape[-1]] = digits
            t += len(digits)
        return ahead
