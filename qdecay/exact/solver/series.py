"""Advantages as exact rational functions of gamma.

Under a policy with transition matrix P and rewards r, the value is sum gamma^t P^t r, and the
advantage of a pair (s, a) has the power series

    A_0 = r(s, a) - r(s),    A_t = p(s, a) P^(t-1) r - (P^t r)(s).

With m reachable live states it equals c / D for polynomials of degree <= m, so 2 m + 2 terms
determine it: if some c / D of degrees <= m + 1 agrees with that many terms, the two are the same
function. The terms are computed as integers a_t = q^t A_t (modulo word-size primes whose
product exceeds twice their bound, or directly where q is large); Berlekamp-Massey modulo one
prime proposes D, and the product D * a, which must vanish beyond degree m + 1, proves it.
D > 0 on [0, 1), because D = prod (1 - lambda gamma) with |lambda| <= 1 and D is real there: c has
the sign of the advantage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import Any

import numpy as np
from flint import fmpz, fmpz_mat, fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.rational_function import RationalFunction
from qdecay.exact.solver.paths import common_denominator, follow
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import Part, columns_of, rows_of

_FEW_PAIRS = 16  # ties of this few pairs are read off the series that the next numerator needs
# 2^n - 1 is prime (OEIS A000043): searching primes of that many bits would take minutes or hours.
_MERSENNE = (
    *(521, 607, 1279, 2203, 2281, 3217, 4253, 4423, 9689, 9941, 11213, 19937, 21701, 23209),
    *(44497, 86243, 110503, 132049, 216091, 756839, 859433),
)
_LEAST_MERSENNE = 512
_PRODUCTS_PER_SECOND = 1e8  # of machine words; a conservative estimate
_KEPT_NUMBERS = 2**25  # at most 256 MB of residues are kept for further pairs


@dataclass(frozen=True)
class _Rows:
    """Rows whose advantage is requested: rewards, q times the moves, and the state left for
    each."""

    rewards: list[int]
    targets: list[tuple[int, ...]]
    weights: list[tuple[int, ...]]
    states: list[int]


class PolicySeries:
    """Exact advantages of pairs, and values of states, under one policy."""

    def __init__(
        self,
        model: RationalModel,
        policy: NDArray[np.int64],
        deadline: Deadline | None = None,
        previous: PolicyGraph | None = None,
    ) -> None:
        """`previous` is the graph of a policy that differs in few states, if there is one."""
        self.model, self.policy = model, policy
        self.deadline = Deadline() if deadline is None else deadline
        self.graph = PolicyGraph(model, policy, previous)
        self._denominator = fmpz_poly([1])
        self._kept: _RewardsAhead | None = None
        self._requested = np.zeros(0, dtype=np.int64)

    def identically_zero(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs have advantage 0 for every gamma.

        c = D * A has degree <= m: it is 0 iff the terms A_0 .. A_m are.
        """
        zero = np.ones(len(pairs), dtype=np.bool_)
        if len(pairs) == 0:
            return zero
        live, order = self.graph.live, self.graph.order_bound(pairs)
        count = 2 * order + 2
        if len(pairs) <= _FEW_PAIRS and count >= live.sum() + 2 and self._can_keep(count, live):
            for i, pair in enumerate(pairs.tolist()):
                row = self._rows(np.array([pair]))
                zero[i] = not self._residues_of(row, count, live)[0].any()
            return zero
        for terms in self._terms(self._rows(pairs), order + 1):
            zero &= ~(terms != 0).any(axis=1)  # any() of objects is not a bool in numpy 1
        return zero

    def request(self, pairs: NDArray[np.int64]) -> None:
        """Announce whose numerators are needed next: their power series are then computed
        together."""
        self._requested = pairs

    def numerator(self, pair: int) -> fmpz_poly:
        """Return c of the advantage c / D in lowest terms, primitive up to sign; 0 for a tie."""
        top, bottom = self._rational_function(self._rows(np.array([pair])))
        if top.degree() < 0:
            return top
        top //= top.content()
        if bottom.degree() <= 0:
            return top
        common = top.gcd(bottom)
        # common divides D, which has no root in [0, 1): its sign there is that at 0.
        return top // (common if common[0] > 0 else -common)

    def value(self, state: int) -> RationalFunction:
        """Return the value of a state, in the model's own reward units."""
        # A pair that ends immediately with reward 0 has the advantage -V(s).
        top, bottom = self._rational_function(_Rows([0], [()], [()], [state]))
        return RationalFunction.of(-top, bottom * self.model.reward_scale)

    def behind(self, pair: int) -> RationalFunction:
        """Return the pair's advantage times -1, in the model's own reward units."""
        top, bottom = self._rational_function(self._rows(np.array([pair])))
        return RationalFunction.of(-top, bottom * self.model.reward_scale)

    def _rows(self, pairs: NDArray[np.int64]) -> _Rows:
        model, numbers = self.model, pairs.tolist()
        return _Rows(
            [model.rewards[p] for p in numbers],
            [model.targets[p] for p in numbers],
            [model.weights[p] for p in numbers],
            model.pair_state[pairs].tolist(),
        )

    def _rational_function(self, row: _Rows) -> tuple[fmpz_poly, fmpz_poly]:
        """Return (c, D) with c / D the row's advantage in integer rewards, D > 0 on [0, 1)."""
        walked = self._along_paths(row)
        if walked is not None:
            return walked
        live = self.graph.closure(row.states[0], *row.targets) & self.graph.live
        order = int(live.sum())
        terms = self._integers(row, 2 * order + 2, live)
        if not any(terms):
            return fmpz_poly([]), fmpz_poly([1])
        series = fmpz_poly(terms)
        numerator = _numerator(series, self._denominator, order, len(terms))
        if numerator is None:
            bits = self._denominator_bits(live)
            self._denominator, numerator = _rational(terms, series, order, bits)
        q = self.model.denominator
        degree = max(numerator.degree(), self._denominator.degree())
        return _unscaled(numerator, q, degree), _unscaled(self._denominator, q, degree)

    def _denominator_bits(self, live: NDArray[np.bool_]) -> int:
        """Return Hadamard's bound on the bits of det(I - x q P), whose factor D is, rounded up.

        On |x| = 1, which bounds the coefficients, it is at most the product of the rows' norms.
        """
        rows = self.policy[np.flatnonzero(live)].tolist()
        # Steps of 16 bits: few primes to search.
        bits: float = sum(self.model.row_bits[pair] for pair in rows)
        return 16 * math.ceil((bits + 2) / 16)

    def _along_paths(self, row: _Rows) -> tuple[fmpz_poly, fmpz_poly] | None:
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

    def _integers(self, row: _Rows, count: int, live: NDArray[np.bool_]) -> list[int]:
        """Return a_0 .. a_{count-1} of one row."""
        if self._can_keep(count, live):
            terms = _from_residues(*self._residues_of(row, count, live))
            return terms + [0] * (count - len(terms))
        blocks = list(self._terms(row, count, live))
        primes = self._primes(count)
        if primes is None:
            return [int(block[0, 0]) for block in blocks] + [0] * (count - len(blocks))
        return _from_residues(np.array([block[0] for block in blocks]), primes) + [0] * (
            count - len(blocks)
        )

    def _can_keep(self, count: int, live: NDArray[np.bool_]) -> bool:
        """Whether this many terms of this many states can be kept for further pairs."""
        primes = self._primes(count)
        return primes is not None and count * int(live.sum()) * len(primes) <= _KEPT_NUMBERS

    def _residues_of(
        self, row: _Rows, count: int, live: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a_0 .. modulo primes, shape (terms, primes), and the primes."""
        if self._kept is None or not self._kept.covers(live, count):
            targets = (self.model.targets[pair] for pair in self._requested.tolist())
            states = self.model.pair_state[self._requested].tolist()
            also = self.graph.closure(row.states[0], states, *targets) & self.graph.live
            wider = live | also
            live = wider if self._can_keep(count, wider) else live
            primes = self._primes(count)
            assert primes is not None
            self._afford(count, live, len(primes))
            ahead = np.array(list(self._rewards_ahead(count, live, primes)))
            self._kept = _RewardsAhead(_places(self.model.n, live), live, primes, ahead, count)
        return self._kept.terms(row, count), self._kept.primes

    def _primes(self, count: int) -> NDArray[np.int64] | None:
        """Return primes that determine `count` terms, or None if q is too large for words.

        With q^j p < 2^62 for j steps between reductions nothing overflows; the product
        exceeds 2 |a_t|, since |a_t| <= 2 max |reward| q^t: rows of q P sum to at most q.
        """
        q = self.model.denominator
        if self.model.small_weights is None:
            return None
        bits = self.model.largest_reward.bit_length() + 2 + count * math.log2(q)
        size = 62 - _lazy_steps(q) * q.bit_length()
        return np.array(_prime_list(size, math.ceil(bits / (size - 1)) + 1), dtype=np.int64)

    def _terms(
        self, rows: _Rows, count: int, live: NDArray[np.bool_] | None = None
    ) -> Iterator[NDArray[Any]]:
        """Yield a_0 .. a_{count-1}, each (rows, primes) residues or (rows, 1) integers.

        Stops early if all further terms are 0.
        """
        live = self.graph.live if live is None else live
        primes = self._primes(count)
        self._afford(count, live, 1 if primes is None else len(primes))
        if primes is None:
            yield from self._large_terms(rows, count, live)
        else:
            yield from self._small_terms(rows, count, live, primes)

    def _afford(self, count: int, live: NDArray[np.bool_], primes: int) -> None:
        """Raise `BudgetExceeded` if one exact polynomial alone would overrun what is left."""
        self.deadline.check()
        left = self.deadline.left
        products = count * self.model.p.nnz / self.model.n_pairs * float(live.sum()) * primes
        if (needed := products / _PRODUCTS_PER_SECOND) > left:
            raise BudgetExceeded(
                f"one exact polynomial of degree up to {count // 2} needs about {needed:.0f} s; "
                f"{left:.1f} s of {self.deadline.max_seconds:g} s are left"
            )

    def _rewards_ahead(
        self, count: int, live: NDArray[np.bool_], primes: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """Yield q^t P^t r modulo the primes, up to multiples of them; shape (states + 1, primes).

        The last row, of zeros, represents all states worth nothing. Every yield is a new array;
        they end early if all further ones are 0.
        """
        model, states = self.model, np.flatnonzero(live)
        assert model.small_weights is not None
        step = columns_of(rows_of(model.small_weights, self.policy[states]), states).bordered()
        lazy = _lazy_steps(model.denominator)
        d = _residues([model.rewards[pair] for pair in self.policy[states]] + [0], primes)
        for t in range(1, count + 1):
            yield d
            if t % 32 == 0:
                self.deadline.check()
                if not d.any():
                    return
            d = step @ d
            if t % lazy == 0:
                d %= primes

    def _small_terms(
        self, rows: _Rows, count: int, live: NDArray[np.bool_], primes: NDArray[np.int64]
    ) -> Iterator[NDArray[Any]]:
        place = _places(self.model.n, live)
        own, into = place[rows.states], _placed(rows, place, int(live.sum()) + 1)
        inflow = _residues(rows.rewards, primes)
        for d in self._rewards_ahead(count, live, primes):
            yield (inflow - d[own]) % primes
            inflow = into @ d

    def _large_terms(
        self, rows: _Rows, count: int, live: NDArray[np.bool_]
    ) -> Iterator[NDArray[Any]]:
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


@dataclass(frozen=True)
class _RewardsAhead:
    """The rewards ahead of every live state, (terms, states, primes), for all pairs of a policy.

    All terms after these are 0, or `count` of them are kept.
    """

    place: NDArray[np.int64]
    live: NDArray[np.bool_]
    primes: NDArray[np.int64]
    ahead: NDArray[np.int64]
    count: int

    def covers(self, live: NDArray[np.bool_], count: int) -> bool:
        """Whether these states and this many terms are covered."""
        return self.count >= count and not (live & ~self.live).any()

    def terms(self, row: _Rows, count: int) -> NDArray[np.int64]:
        """Return a_0 .. of one row modulo the primes, shape (terms, primes)."""
        # Dead states outside of `live` share the last row, of zeros.
        ahead = self.ahead[:count]
        terms = -ahead[:, self.place[row.states[0]]] % self.primes
        terms[0] += _residues(row.rewards, self.primes)[0]
        for target, weight in zip(row.targets[0], row.weights[0], strict=True):
            terms[1:] += weight * (ahead[:-1, self.place[target]] % self.primes)
        return terms % self.primes


def _places(n: int, live: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the live states; all others get one number more."""
    return np.where(live, np.cumsum(live) - 1, int(live.sum()))


def _placed(rows: _Rows, place: NDArray[np.int64], width: int) -> Part:
    lengths = [len(t) for t in rows.targets]
    indices = place[np.array([t for row in rows.targets for t in row], dtype=np.int64)]
    data = np.array([w for row in rows.weights for w in row], dtype=np.int64)
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return Part(data, indices, indptr, (len(lengths), width))


def _residues(numbers: list[int], primes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([[number % p for p in primes.tolist()] for number in numbers], dtype=np.int64)


def _matrix(
    targets: list[tuple[int, ...]], weights: list[tuple[int, ...]], place: dict[int, int]
) -> fmpz_mat:
    matrix = fmpz_mat(len(targets), len(place))
    for i, (row, numbers) in enumerate(zip(targets, weights, strict=True)):
        for t, w in zip(row, numbers, strict=True):
            if t in place:
                matrix[i, place[t]] = w
    return matrix


def _lazy_steps(q: int) -> int:
    """Return how many steps go by between reductions: each lets numbers grow q-fold."""
    return max(1, 16 // q.bit_length())


@lru_cache(maxsize=64)
def _prime_list(bits: int, number: int) -> tuple[int, ...]:
    """Return the largest primes below 2^bits; each exceeds 2^(bits - 1)."""
    found: list[int] = []
    candidate = 2**bits - 1
    while len(found) < number:
        if fmpz(candidate).is_prime():
            found.append(candidate)
        candidate -= 2
    return tuple(found)


def _from_residues(residues: NDArray[np.int64], primes: NDArray[np.int64]) -> list[int]:
    """Chinese remainders: the integers of least absolute value, one per row."""
    parts = [int(p) for p in primes]
    modulus = math.prod(parts)
    basis = [modulus // p * pow(modulus // p, -1, p) for p in parts]
    half = modulus // 2
    numbers = []
    for row in residues.tolist():
        value = sum(map(mul, row, basis)) % modulus if any(row) else 0
        numbers.append(value - modulus if value > half else value)
    return numbers


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
