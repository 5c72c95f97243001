"""Advantages as exact rational functions of gamma.

Under a policy with transition matrix P and rewards r, the value is sum gamma^t P^t r, and the
advantage of a pair (s, a) has the power series

    A_0 = r(s, a) - r(s),    A_t = p(s, a) P^(t-1) r - (P^t r)(s).

Its terms are computed as integers a_t = q^t A_t. With m reachable live states it equals c / D for
polynomials of degree <= m:

    by Cramer's rule, with D = det(I - x q P) where that is known (see `determinant`): m + 1 terms
    give c;
    else D is any that 2 m + 2 terms admit: if some c / D of degrees <= m + 1 agrees with that many
    terms, the two are the same function. Berlekamp-Massey modulo a prime proposes D, and the
    product D * a, which must vanish beyond degree m + 1, proves it.

D > 0 on [0, 1), because D = prod (1 - lambda gamma) with |lambda| <= 1 and D is real there: c has
the sign of the advantage.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from flint import fmpz, fmpz_mat, fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.rational_function import RationalFunction
from qdecay.exact.solver.determinant import Determinants
from qdecay.exact.solver.digits import carried, joined, nonzero, spread
from qdecay.exact.solver.paths import common_denominator, follow
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.rewards_ahead import (
    RewardsAhead,
    Rows,
    afford,
    can_keep,
    most_words,
    places,
    rewards_ahead,
)
from qdecay.exact.solver.submatrix import Part

_TERMS_AT_ONCE, _ROWS_AT_ONCE = 16, 512  # that are compared with 0
_FEW_PAIRS = 16  # ties of this few pairs are read off the series that the next numerator needs
# 2^n - 1 is prime (OEIS A000043): searching primes of that many bits would take minutes or hours.
_MERSENNE = (
    *(521, 607, 1279, 2203, 2281, 3217, 4253, 4423, 9689, 9941, 11213, 19937, 21701, 23209),
    *(44497, 86243, 110503, 132049, 216091, 756839, 859433),
)
_LEAST_MERSENNE = 512


class PolicySeries:
    """Exact advantages of pairs, and values of states, under one policy."""

    def __init__(
        self,
        model: RationalModel,
        policy: NDArray[np.int64],
        deadline: Deadline | None = None,
        previous: PolicyGraph | None = None,
        determinants: Determinants | None = None,
    ) -> None:
        """`previous` is the graph of a policy that differs in few states, if there is one.

        `determinants` are those of similar policies.
        """
        self.model, self.policy = model, policy
        self.deadline = Deadline() if deadline is None else deadline
        self.graph = PolicyGraph(model, policy, previous)
        self._denominator = fmpz_poly([1])
        self._determinants = determinants
        self._kept: RewardsAhead | None = None
        self._requested = np.zeros(0, dtype=np.int64)

    def identically_zero(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs have advantage 0 for every gamma.

        c = D * A has degree <= m: it is 0 iff the terms A_0 .. A_m are.
        """
        zero = np.ones(len(pairs), dtype=np.bool_)
        if len(pairs) == 0:
            return zero
        live, few = self.graph.live, len(pairs) <= _FEW_PAIRS
        shared = self._determinants if few else None
        if shared is not None and shared.of(self.graph, self.deadline) is not None:
            return np.array([not any(a) for a in shared.series(pairs.tolist(), self.deadline)])
        order = self.graph.order_bound(pairs)
        few = few and self._is_small and 2 * order >= live.sum()
        if few and can_keep(self.model, order + 1, live):
            for i, pair in enumerate(pairs.tolist()):
                row = self._rows(np.array([pair]))
                zero[i] = not nonzero(self._digits(row, order + 1, live)).any()
            return zero
        rows = self._rows(pairs)
        if self._is_small:
            ahead = self._small_terms(rows, order + 1, live)
            at_once = min(_TERMS_AT_ONCE, 1 + _ROWS_AT_ONCE // len(pairs))
            while zero.any() and (some := list(itertools.islice(ahead, at_once))):
                width = max(digits.shape[1] for digits in some)
                block = np.zeros((len(some), int(zero.sum()), width), dtype=np.int64)
                for digits, place in zip(some, block, strict=True):
                    place[:, : digits.shape[1]] = digits[zero]
                found = nonzero(block.reshape(-1, width)).reshape(len(some), -1)
                zero[zero] = ~found.any(axis=0)
        else:
            for found_terms in self._large_terms(rows, order + 1, live):
                zero &= ~(found_terms != 0).any(axis=1)  # any() of objects is not a bool in numpy 1
        return zero

    def request(self, pairs: NDArray[np.int64]) -> None:
        """Announce whose numerators are needed next: their power series are then computed
        together."""
        self._requested = pairs

    def numerator(self, pair: int) -> fmpz_poly:
        """Return c of the advantage c / D in lowest terms, primitive up to sign; 0 for a tie."""
        row = self._rows(np.array([pair]))
        walked = self._along_paths(row)
        top, bottom = self._scaled_function(row, pair) if walked is None else walked
        if top.degree() < 0:
            return top
        # What they have in common divides D, which has no root in [0, 1).
        top = _without_common(top // top.content(), bottom)
        if walked is None:
            top = _unscaled(top, self.model.denominator, top.degree())
        return top // top.content()

    def value(self, state: int) -> RationalFunction:
        """Return the value of a state, in the model's own reward units."""
        # A pair that ends immediately with reward 0 has the advantage -V(s).
        top, bottom = self._rational_function(Rows([0], [()], [()], [state]))
        return RationalFunction.of(-top, bottom * self.model.reward_scale)

    def behind(self, pair: int) -> RationalFunction:
        """Return the pair's advantage times -1, in the model's own reward units."""
        top, bottom = self._rational_function(self._rows(np.array([pair])))
        return RationalFunction.of(-top, bottom * self.model.reward_scale)

    def _rows(self, pairs: NDArray[np.int64]) -> Rows:
        model, numbers = self.model, pairs.tolist()
        return Rows(
            [model.rewards[p] for p in numbers],
            [model.targets[p] for p in numbers],
            [model.weights[p] for p in numbers],
            model.pair_state[pairs].tolist(),
        )

    @property
    def _is_small(self) -> bool:
        return self.model.small_weights is not None

    def _rational_function(self, row: Rows) -> tuple[fmpz_poly, fmpz_poly]:
        """Return (c, D) with c / D the row's advantage in integer rewards, D > 0 on [0, 1)."""
        walked = self._along_paths(row)
        if walked is not None:
            return walked
        top, bottom = self._scaled_function(row)
        q, degree = self.model.denominator, max(top.degree(), bottom.degree())
        return _unscaled(top, q, degree), _unscaled(bottom, q, degree)

    def _scaled_function(self, row: Rows, pair: int | None = None) -> tuple[fmpz_poly, fmpz_poly]:
        """Return (c, D) in x = gamma / q, D = 1 at 0; `pair` is the row's, if it has one."""
        live = self.graph.live
        reached = self.graph.closure(row.states[0], *row.targets) & live
        order, m = int(reached.sum()), int(live.sum())
        shared = self._determinants if self._is_small and 2 * order >= m else None
        determinant = None if shared is None else shared.of(self.graph, self.deadline)
        if shared is not None and determinant is not None and pair is not None:
            also = dict.fromkeys(self._requested[:_FEW_PAIRS].tolist())
            [terms, *_] = shared.series(list({pair: None, **also}), self.deadline)
            return fmpz_poly(terms).mul_low(determinant, m + 1), determinant
        terms = self._integers(row, 2 * order + 2, reached)
        if not any(terms):
            return fmpz_poly([]), fmpz_poly([1])
        series = fmpz_poly(terms)
        numerator = _numerator(series, self._denominator, order, len(terms))
        if numerator is None:
            bits = self._denominator_bits(reached)
            self._denominator, numerator = _rational(terms, series, order, bits)
            if shared is not None:
                shared.learn(self.graph, self._denominator, self.deadline)
        return numerator, self._denominator

    def _denominator_bits(self, live: NDArray[np.bool_]) -> int:
        """Return Hadamard's bound on the bits of det(I - x q P), whose factor D is, rounded up.

        On |x| = 1, which bounds the coefficients, it is at most the product of the rows' norms.
        """
        rows = self.policy[np.flatnonzero(live)].tolist()
        # Steps of 16 bits: few primes to search.
        bits: float = sum(map(self.model.row_bits, rows))
        return 16 * math.ceil((bits + 2) / 16)

    def _along_paths(self, row: Rows) -> tuple[fmpz_poly, fmpz_poly] | None:
        """Return (q c, q D) if the policy meets no randomness, else None."""
        starts = [row.states[0], *row.targets[0]]
        paths = []
        for state in starts:
            path = follow(self.model, self.graph.choices, state)
            if path is None:
                return None
            paths.append(path)
        q, bottom = self.model.denominator, common_denominator(paths)
        top = (row.rewards[0] * bottom - paths[0].times(bottom)) * q
        for weight, path in zip(row.weights[0], paths[1:], strict=True):
            top += (path.times(bottom) * weight).left_shift(1)
        return top, bottom * q

    def _integers(self, row: Rows, count: int, live: NDArray[np.bool_]) -> list[int]:
        """Return a_0 .. a_{count-1} of one row."""
        if not self._is_small:
            terms = [int(term[0, 0]) for term in self._large_terms(row, count, live)]
        elif can_keep(self.model, count, live):
            terms = joined(self._digits(row, count, live))
        else:
            terms = [joined(digits)[0] for digits in self._small_terms(row, count, live)]
        return terms + [0] * (count - len(terms))

    def _digits(self, row: Rows, count: int, live: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the digits of a_0 .. of one row; see `RewardsAhead.terms`."""
        if self._kept is None or not self._kept.covers(live, count):
            if live is not self.graph.live:
                targets = (self.model.targets[pair] for pair in self._requested.tolist())
                states = self.model.pair_state[self._requested].tolist()
                also = self.graph.closure(row.states[0], states, *targets) & self.graph.live
                wider = live | also
                live = wider if can_keep(self.model, count, wider) else live
            self._kept = RewardsAhead(self.model, self.policy, live, count, self.deadline)
        return self._kept.terms(row, count)

    def _small_terms(
        self, rows: Rows, count: int, live: NDArray[np.bool_]
    ) -> Iterator[NDArray[np.int64]]:
        """Yield the digits of a_0 .. a_{count-1}, each (rows, digits); fewer if all others are
        0."""
        model, place = self.model, places(live)
        afford(model, self.deadline, count, int(live.sum()), most_words(model, count))
        own, into = place[rows.states], _placed(rows, place, int(live.sum()) + 1)
        inflow = spread(rows.rewards, most_words(model, 1))
        found = 0
        ahead = rewards_ahead(model, self.policy, live, count, self.deadline)
        for numbers in itertools.chain.from_iterable(ahead):
            d = carried(numbers, numbers.shape[1] + 1)
            terms = np.zeros((len(own), max(d.shape[1], inflow.shape[1])), dtype=np.int64)
            terms[:, : inflow.shape[1]] = inflow
            terms[:, : d.shape[1]] -= d[own]
            yield terms
            inflow, found = into @ d, found + 1
        if found < count:
            yield inflow

    def _large_terms(
        self, rows: Rows, count: int, live: NDArray[np.bool_]
    ) -> Iterator[NDArray[Any]]:
        """Yield a_0 .. a_{count-1}, each (rows, 1) integers."""
        afford(self.model, self.deadline, count, int(live.sum()), 1)
        model, states = self.model, np.flatnonzero(live).tolist()
        place = {s: i for i, s in enumerate(states)}
        policy = [int(self.policy[s]) for s in states]
        step = _matrix(
            [model.targets[p] for p in policy], [model.weights[p] for p in policy], place
        )
        into = _matrix(rows.targets, rows.weights, place)
        d = fmpz_mat(len(states), 1, [model.rewards[pair] for pair in policy])
        own = [place.get(s) for s in rows.states]
        inflow = fmpz_mat(len(rows.rewards), 1, rows.rewards)
        for _ in range(count):
            yield np.array(
                [[int(inflow[i, 0] - (0 if j is None else d[j, 0]))] for i, j in enumerate(own)],
                dtype=object,
            )
            inflow, d = into * d, step * d
            self.deadline.check()


def _placed(rows: Rows, place: NDArray[np.int64], width: int) -> Part:
    lengths = [len(t) for t in rows.targets]
    indices = place[np.array([t for row in rows.targets for t in row], dtype=np.int64)]
    data = np.array([w for row in rows.weights for w in row], dtype=np.int64)
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return Part(data, indices, indptr, (len(lengths), width))


def _matrix(
    targets: list[tuple[int, ...]], weights: list[tuple[int, ...]], place: dict[int, int]
) -> fmpz_mat:
    matrix = fmpz_mat(len(targets), len(place))
    for i, (row, numbers) in enumerate(zip(targets, weights, strict=True)):
        for t, w in zip(row, numbers, strict=True):
            if t in place:
                matrix[i, place[t]] = w
    return matrix


def _numerator(
    series: fmpz_poly, denominator: fmpz_poly, order: int, count: int
) -> fmpz_poly | None:
    """Return denominator * series if it is a polynomial of degree <= order + 1, else None."""
    if denominator.degree() > order + 1:
        return None
    product = (denominator * series).truncate(count)
    return product if product.degree() <= order + 1 else None


def _rational(
    terms: list[int], series: fmpz_poly, order: int, bits: int
) -> tuple[fmpz_poly, fmpz_poly]:
    """Return (D, c) with c / D the series, D(0) = 1 and integer (Fatou's lemma).

    Args:
        bits: an estimate of the size of D's coefficients; it is doubled until c / D is proven.
    """
    while True:
        modulus = _prime_above(bits)
        minimal = fmpz_mod_poly_ctx(fmpz_mod_ctx(modulus)).minpoly(terms)
        lifted = [int(c) for c in minimal.coeffs()][::-1]
        denominator = fmpz_poly([c - modulus if 2 * c > modulus else c for c in lifted])
        numerator = _numerator(series, denominator, order, len(terms))
        if numerator is not None:
            return denominator, numerator
        bits *= 2


@lru_cache(maxsize=64)
def _prime_above(bits: int) -> int:
    """Return a prime above 2^bits, bits <= 859,432.

    Raises:
        BudgetExceeded: no such prime is known.
    """
    if bits < _LEAST_MERSENNE:
        candidate: int = 2**bits + 1
        while not fmpz(candidate).is_prime():
            candidate += 2
        return candidate
    for exponent in _MERSENNE:
        if exponent > bits:
            return int(2**exponent - 1)
    raise BudgetExceeded(f"numbers of more than {_MERSENNE[-1]:,} bits: try a smaller model")


def _unscaled(p: fmpz_poly, q: int, degree: int) -> fmpz_poly:
    """Return q^degree p(x / q)."""
    power, scaled = fmpz(q) ** (degree - max(p.degree(), 0)), p.coeffs()
    for i in range(p.degree(), -1, -1):
        scaled[i] *= power
        power *= q
    return fmpz_poly(scaled)


def _without_common(top: fmpz_poly, bottom: fmpz_poly) -> fmpz_poly:
    """Return a primitive polynomial over its greatest common divisor with another.

    The divisor is taken positive at 0, where `bottom` must not be 0.
    """
    common = top.gcd(bottom)
    return top // (common if common[0] > 0 else -common)
