"""Numerators and denominators along a model line below gamma = 1, by Chinese remainders.

In integers, with q the probabilities' denominator and gamma = g / d, a policy's value solves

    A(x) V = U b(x),    A = U I - g W(x),    U = q d,

where the integer weights W and rewards b are affine in x. D = det A and D V are polynomials; so is
N = D U a for an advantage a = b + gamma p V - V(s). Modulo a prime, V comes as a power series in x,
component by component, and D from the characteristic polynomial of A(0)^-1 (A(1) - A(0)); both
exist unless the prime divides D(0), which is not 0: such a prime is left out. N has at most 3 more
coefficients than rows move, and none is larger than |N| on |x| = 1. There, with rho_i the norm of
row i of A at most, D and its minors are at most the product of all max(rho_i, 1) (Hadamard), hence

    |D V| <= U sum |b| prod rho,    |N| <= U (largest |b| + 4 U sum |b|) prod rho,

because |W| sums to at most 3 q in a row. Enough primes determine N: nothing is left to chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz, fmpz_mat, fmpz_poly, nmod, nmod_mat, nmod_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.chain import Pairs
from qdecay.exact.solver.rational_line import RationalLine

_PRIME_BITS = 62


@dataclass(frozen=True)
class Part:
    """A component of the states, and how many of its rows move."""

    pairs: Pairs
    moving: int


@dataclass(frozen=True)
class _Equations:
    """Those of one component, in integers.

    Attributes:
        states: in order.
        low, change: A(0) and A(1) - A(0) among them.
        outside: for each, (t, g W(0), g (W(1) - W(0))) of its moves to others.
        given: for each, U b(0) and U (b(1) - b(0)).
        bits: log2 of the product of the rows' norms, at most.
    """

    states: list[int]
    low: fmpz_mat
    change: fmpz_mat
    outside: list[list[tuple[int, int, int]]]
    given: list[tuple[int, int]]
    bits: float
    moving: int


@dataclass(frozen=True)
class _Residues:
    """Power series of values, and polynomials D of components, modulo one prime."""

    prime: int
    values: dict[int, nmod_poly]
    determinants: list[nmod_poly]


class LineResidues:
    """The values of some components under a policy.

    Attributes:
        parts: the components' numbers; those of all that they lead to are among them.
    """

    def __init__(
        self,
        line: RationalLine,
        gamma: Fraction,
        parts: dict[int, Part],
        deadline: Deadline,
    ) -> None:
        """`parts` come with those that they lead to first."""
        self._line, self._deadline = line, deadline
        self._unit, self._gain = line.denominator * gamma.denominator, gamma.numerator
        self.parts = frozenset(parts)
        self._place = {number: i for i, number in enumerate(parts)}
        known = {s for part in parts.values() for s in part.pairs}
        self._known = known
        self._equations = [self._equations_of(part, known) for part in parts.values()]
        self._length = sum(part.moving for part in parts.values()) + 3
        self._earned = sum(
            abs(a) + abs(b) for part in self._equations for a, b in part.given
        )  # U sum |b|
        self._residues: list[_Residues] = []
        self._primes = _primes()

    def is_zero(self, pair: int, parts: Sequence[int]) -> bool:
        """Whether the pair's advantage is 0 for every x; it reaches these components."""
        return not any(self._remainders(pair, parts))

    def numerator(self, pair: int, parts: Sequence[int]) -> fmpz_poly:
        """Return N for D that of these components, which are all that the pair reaches."""
        return _combined(list(self._remainders(pair, parts)), self._moduli)

    def denominator(self, parts: Sequence[int]) -> fmpz_poly:
        """Return D of some components."""
        found = [self._determinant(residues, parts) for residues in self._enough(parts)]
        return _combined(found, self._moduli)

    @property
    def _moduli(self) -> list[int]:
        return [residues.prime for residues in self._residues]

    def _remainders(self, pair: int, parts: Sequence[int]) -> Iterator[nmod_poly]:
        outside, (low, change) = self._moves(pair)
        state = int(self._line.skeleton.pair_state[pair])
        length = sum(self._equations[self._place[k]].moving for k in parts) + 3
        for residues in self._enough(parts):
            p = residues.prime
            advantage = nmod_poly([low, change], p) + _ahead(outside, residues)
            if state in residues.values:
                advantage -= residues.values[state] * self._unit
            yield (advantage * self._determinant(residues, parts)).truncate(length)

    def _enough(self, parts: Sequence[int]) -> Iterator[_Residues]:
        """Yield residues modulo enough primes for these components."""
        bits = sum(self._equations[self._place[k]].bits for k in parts)
        bits += math.log2(self._unit * max(1, self._largest + 4 * self._earned)) + 2
        i, found = 0, 0.0
        while found < bits:
            if i == len(self._residues):
                self._residues.append(self._next())
            found += _PRIME_BITS - 1  # each prime exceeds 2^61
            yield self._residues[i]
            i += 1

    def _determinant(self, residues: _Residues, parts: Sequence[int]) -> nmod_poly:
        found = nmod_poly([1], residues.prime)
        for k in parts:
            found *= residues.determinants[self._place[k]]
        return found

    @property
    def _largest(self) -> int:
        """Largest |b| of any pair."""
        largest: int = self._line.largest_reward
        return largest

    def _next(self) -> _Residues:
        """Solve modulo the next prime that does not divide D(0)."""
        while True:
            self._deadline.check()
            found = _Residues(next(self._primes), {}, [])
            try:
                for part in self._equations:
                    self._solve(part, found)
            except ZeroDivisionError:
                continue
            return found

    def _solve(self, part: _Equations, found: _Residues) -> None:
        p, size, length = found.prime, len(part.states), self._length
        given = [
            nmod_poly([a, b], p) + _ahead(moves, found)
            for (a, b), moves in zip(part.given, part.outside, strict=True)
        ]
        if size == 1:
            row = nmod_poly([int(part.low[0, 0]), int(part.change[0, 0])], p)
            if not row[0]:
                raise ZeroDivisionError
            series = row.inverse_series_trunc(length) * given[0]
            found.values[part.states[0]] = series.truncate(length)
            found.determinants.append(row)
            return
        low = nmod_mat(part.low, p)
        inverse = low.inv()
        width = min(max(poly.length() for poly in given), length)
        table = [c for poly in given for c in _coefficients(poly, width)]
        start = (inverse * nmod_mat(size, width, table, p)).transpose().entries()
        step = -(inverse * nmod_mat(part.change, p)) if part.moving else None
        v, rows = nmod_mat(size, 1, p), []
        for k in range(length if step is not None else width):
            if k and step is not None:
                v = step * v
            if k < width:
                new = nmod_mat(size, 1, start[k * size : (k + 1) * size], p)
                v = new if step is None else new + v
            rows.append(v.entries())
        for i, s in enumerate(part.states):
            found.values[s] = nmod_poly([row[i] for row in rows], p)
        determinant = nmod_poly([low.det()], p)
        if step is not None:
            determinant *= nmod_poly(step.charpoly().coeffs()[::-1], p)
        found.determinants.append(determinant)

    def _equations_of(self, part: Part, known: set[int]) -> _Equations:
        states = list(part.pairs)
        place, unit = {s: i for i, s in enumerate(states)}, self._unit
        low, change = (fmpz_mat(len(states), len(states)) for _ in range(2))
        outside, given, bits = [], [], 0.0
        for i, pair in enumerate(part.pairs.values()):
            moves, earned = self._moves(pair)
            given.append(earned)
            low[i, i] = unit
            for t, a, b in moves:
                if t in place:
                    low[i, place[t]] -= a
                    change[i, place[t]] -= b
            outside.append([move for move in moves if move[0] not in place])
            sizes = (abs(int(low[i, j])) + abs(int(change[i, j])) for j in range(len(states)))
            bits += max(0.5 * math.log2(sum(size * size for size in sizes)), 0.0)
        return _Equations(states, low, change, outside, given, bits * (1 + 1e-12), part.moving)

    def _moves(self, pair: int) -> tuple[list[tuple[int, int, int]], tuple[int, int]]:
        """Return (t, g W(0), g (W(1) - W(0))) of a pair's moves, and U b(0), U (b(1) - b(0))."""
        row, g, unit = self._line.pairs[pair], self._gain, self._unit
        moves = [
            (t, g * a, g * (b - a))
            for t, (a, b) in zip(row.targets, row.weights, strict=True)
            if t in self._known
        ]
        low, high = row.reward
        return moves, (unit * low, unit * (high - low))


def _ahead(moves: list[tuple[int, int, int]], found: _Residues) -> nmod_poly:
    total = nmod_poly([], found.prime)
    for t, a, b in moves:
        total += nmod_poly([a, b], found.prime) * found.values[t]
    return total


def _coefficients(poly: nmod_poly, length: int) -> list[nmod]:
    """Return so many coefficients."""
    found = poly.coeffs()[:length]
    return [*found, *[nmod(0, poly.modulus())] * (length - len(found))]


def _primes() -> Iterator[int]:
    """Yield the primes below 2^62, from the largest down."""
    candidate = 2**_PRIME_BITS - 1
    while True:
        if fmpz(candidate).is_prime():
            yield candidate
        candidate -= 2


def _combined(remainders: Sequence[nmod_poly], moduli: Sequence[int]) -> fmpz_poly:
    """Chinese remainders: the coefficients of least absolute value."""
    primes = list(moduli[: len(remainders)])
    modulus = math.prod(primes)
    basis = [modulus // p * pow(modulus // p, -1, p) for p in primes]
    half, total = modulus // 2, fmpz_poly([])
    for poly, factor in zip(remainders, basis, strict=True):
        total += fmpz_poly([int(c) for c in poly.coeffs()]) * factor
    reduced = (int(c) % modulus for c in total.coeffs())
    return fmpz_poly([c - modulus if c > half else c for c in reduced])
