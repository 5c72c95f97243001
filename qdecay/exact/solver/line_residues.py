"""Numerators and denominators along a model line, by Chinese remainders.

In integers, with q the probabilities' denominator and gamma = g / d, a policy's value solves

    A(z) V = U b(z),    A = U I - g W(z),    z = x - 1/2,    U = 2 q d,

where the integer weights W and rewards b are affine in z; half way, A is regular at gamma = 1 too
if the policy leaves the states. D = det A and D V are polynomials; so is N = D U a for an advantage
a = b + gamma p V - V(s). Modulo a prime, V comes as a power series in z, component by component,
and D from the characteristic polynomial of A(0)^-1 (A(1) - A(0)); both exist unless the prime
divides D(0), which is not 0: such a prime is left out. N has at most 3 more coefficients than rows
move, and none is larger than |N| on |z| = 1. There, with rho_i the norm of row i of A at most, D
and its minors are at most the product of all max(rho_i, 1) (Hadamard), hence, with B = U sum |b|,

    |D V| <= B prod rho,    |N| <= U (3 largest |b| + 4 B) prod rho,

because |W| sums to at most 3 U in a row. Enough primes determine N, with certainty.

At gamma = 1 the bias is V, and the third term w solves A w = U b - U V (see `laurent`). So D^2 w is
a polynomial, and D^2 U times the third term p w - p V - w(s) of an advantage has at most 4 more
coefficients than twice the rows that move. With n rows,

    |D^2 w| <= (1 + n U) B prod rho^2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_poly, fmpz, fmpz_mat, fmpz_poly, nmod, nmod_mat, nmod_poly

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
    """Power series of values and third terms, and polynomials D of components, modulo a prime."""

    prime: int
    values: dict[int, nmod_poly]
    thirds: dict[int, nmod_poly]
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
        *,
        third: bool = False,
    ) -> None:
        """`parts` come with those that they lead to first; at gamma = 1 the policy leaves them.

        `third` asks for the third terms of advantages in the place of themselves.
        """
        self._line, self._deadline, self._third = line, deadline, third
        self._unit, self._gain = 2 * line.denominator * gamma.denominator, gamma.numerator
        self.parts = frozenset(parts)
        self._place = {number: i for i, number in enumerate(parts)}
        self._known = {s for part in parts.values() for s in part.pairs}
        self._equations = [self._equations_of(part) for part in parts.values()]
        self._length = self._length_of(parts)
        self._earned = sum(
            abs(a) + abs(b) for part in self._equations for a, b in part.given
        )  # U sum |b|
        self._residues: list[_Residues] = []
        self._primes = _primes()

    def is_zero(self, pair: int, parts: Sequence[int]) -> bool:
        """Whether the pair's advantage is 0 for every x; it reaches these components."""
        return not any(self._remainders(pair, parts))

    def numerator(self, pair: int, parts: Sequence[int]) -> fmpz_poly:
        """Return a multiple > 0 of N, for D that of these components: all that the pair reaches."""
        return _in_x(_combined(list(self._remainders(pair, parts)), self._moduli))

    def denominator(self, parts: Sequence[int]) -> fmpz_poly:
        """Return a multiple > 0 of D of some components."""
        found = [self._determinant(residues, parts) for residues in self._enough(parts)]
        return _in_x(_combined(found, self._moduli))

    @property
    def _moduli(self) -> list[int]:
        return [residues.prime for residues in self._residues]

    def _remainders(self, pair: int, parts: Sequence[int]) -> Iterator[nmod_poly]:
        outside, (low, change) = self._moves(pair)
        state = int(self._line.skeleton.pair_state[pair])
        length = self._length_of(parts)
        for residues in self._enough(parts):
            p, determinant = residues.prime, self._determinant(residues, parts)
            if self._third:
                own, determinant = residues.thirds, determinant * determinant
                advantage = _ahead(outside, own, p) - _ahead(outside, residues.values, p)
            else:
                own = residues.values
                advantage = nmod_poly([low, change], p) + _ahead(outside, own, p)
            if state in own:
                advantage -= own[state] * self._unit
            yield (advantage * determinant).truncate(length)

    def _length_of(self, parts: Iterable[int]) -> int:
        """Return how many coefficients a numerator over these components has at most."""
        moving = sum(self._equations[self._place[k]].moving for k in parts)
        return 2 * moving + 4 if self._third else moving + 3

    def _enough(self, parts: Sequence[int]) -> Iterator[_Residues]:
        """Yield residues modulo enough primes for these components."""
        bits = sum(self._equations[self._place[k]].bits for k in parts)
        rest = self._unit * (3 * self._largest + 4 * self._earned)
        if self._third:
            bits, rest = 2 * bits, rest * (2 + len(self._known) * self._unit)
        bits += rest.bit_length() + 2
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
            found = _Residues(next(self._primes), {}, {}, [])
            try:
                for part in self._equations:
                    self._solve(part, found)
            except ZeroDivisionError:
                continue
            return found

    def _solve(self, part: _Equations, found: _Residues) -> None:
        """Add the series and D of a component to those of all that it leads to."""
        p = found.prime
        solver = _Solver(part, p, self._length)
        earned = [nmod_poly([a, b], p) for a, b in part.given]
        ahead = [_ahead(moves, found.values, p) for moves in part.outside]
        values = solver.series([a + b for a, b in zip(earned, ahead, strict=True)])
        found.values.update(zip(part.states, values, strict=True))
        found.determinants.append(solver.determinant())
        if self._third:
            ahead = [_ahead(moves, found.thirds, p) for moves in part.outside]
            given = [a - self._unit * v + b for a, v, b in zip(earned, values, ahead, strict=True)]
            found.thirds.update(zip(part.states, solver.series(given), strict=True))

    def _equations_of(self, part: Part) -> _Equations:
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
        row, g, unit = self._line.pairs[pair], self._gain, self._unit // 2
        moves = [
            (t, g * (a + b), 2 * g * (b - a))
            for t, (a, b) in zip(row.targets, row.weights, strict=True)
            if t in self._known
        ]
        low, high = row.reward
        return moves, (unit * (low + high), 2 * unit * (high - low))


class _Solver:
    """The equations A(z) y = c(z) of one component, modulo a prime, as power series.

    Raises:
        ZeroDivisionError: the prime divides det A(0).
    """

    def __init__(self, part: _Equations, prime: int, length: int) -> None:
        self._part, self._prime, self._length = part, prime, length
        self._size = len(part.states)
        self._step: nmod_mat | None = None
        if self._size == 1:
            self._row = nmod_poly([int(part.low[0, 0]), int(part.change[0, 0])], prime)
            if not self._row[0]:
                raise ZeroDivisionError
            self._inverse_row = self._row.inverse_series_trunc(length)
            return
        self._low = nmod_mat(part.low, prime)
        self._inverse = self._low.inv()
        if part.moving:
            self._step = -(self._inverse * nmod_mat(part.change, prime))

    def series(self, given: list[nmod_poly]) -> list[nmod_poly]:
        """Return y, up to the length, for the right sides c."""
        size, p, length, step = self._size, self._prime, self._length, self._step
        if size == 1:
            return [(self._inverse_row * given[0]).truncate(length)]
        width = min(max(poly.length() for poly in given), length)
        table = [c for poly in given for c in _coefficients(poly, width)]
        start = (self._inverse * nmod_mat(size, width, table, p)).transpose().entries()
        v, rows = nmod_mat(size, 1, p), []
        for k in range(length if step is not None else width):
            if k and step is not None:
                v = step * v
            if k < width:
                new = nmod_mat(size, 1, start[k * size : (k + 1) * size], p)
                v = new if step is None else new + v
            rows.append(v.entries())
        return [nmod_poly([row[i] for row in rows], p) for i in range(size)]

    def determinant(self) -> nmod_poly:
        """Return det A."""
        if self._size == 1:
            return self._row
        found = nmod_poly([self._low.det()], self._prime)
        if self._step is not None:
            found *= nmod_poly(self._step.charpoly().coeffs()[::-1], self._prime)
        return found


def _ahead(
    moves: list[tuple[int, int, int]], values: Mapping[int, nmod_poly], prime: int
) -> nmod_poly:
    total = nmod_poly([], prime)
    for t, a, b in moves:
        total += nmod_poly([a, b], prime) * values[t]
    return total


def _in_x(p: fmpz_poly) -> fmpz_poly:
    """Return a positive multiple of p(x - 1/2)."""
    return fmpq_poly(p)(fmpq_poly([fmpq(-1, 2), 1])).numer()


def _coefficients(poly: nmod_poly, length: int) -> list[nmod]:
    """Return this many coefficients."""
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
