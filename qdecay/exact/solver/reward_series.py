"""Advantages along a model line below gamma = 1 on which only rewards vary.

With q the probabilities' denominator, R(x) = R_0 + x R_1 the rewards in integers, gamma = g / d and
U = q d, a policy's value is V = U (y_0 + x y_1) with A y_i = R_i, A = U I - g W for its integer
weights W; an advantage is

    a_0 + x a_1,    a_i = R_i(pair) + g w y_i - U y_i(s).

Both numbers are known to any accuracy (see `refinement`). D a_i is an integer, D = det A > 0, so
that few enough bits decide everything: with rho the norm of the rows of A among the states that the
pair reaches, D <= prod rho and |D a_i| <= Q = prod rho (|R_i(pair)| + 2 U sum |R_i|) (Hadamard; as
in `line_residues`). So a_i = 0 if |a_i| < 1 / prod rho, and the root -a_0 / a_1 is the one fraction
with a denominator of at most Q in an interval shorter than 1 / Q^2: the simplest one there.

Advantages that are 0 throughout usually are so for a reason visible in the graph: states with equal
values for equal reasons (see `alike`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import fmpz_poly
from numpy.typing import NDArray
from scipy import sparse

from qdecay._support.deadline import Deadline
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.enclosed import EnclosedNumber
from qdecay.exact.algebra.polynomial import sign_at
from qdecay.exact.solver.alike import Alike
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.refinement import Range, Refinement
from qdecay.exact.solver.straight import Straight

_FIRST_BITS = 60
_MOST_BITS = 4096  # numbers this close to 0 are not distinguished from it if fractions are long
LONGEST = 2**16  # bits of an enclosure from which a fraction is found: some seconds
_WORD = 2**60  # larger rewards are left to `line_residues`


class RewardSeries:
    """Exact advantages of pairs under one policy.

    Attributes:
        model: for pairs and moves: the line's skeleton.
        graph: the policy's.
    """

    def __init__(
        self,
        line: RationalLine,
        policy: NDArray[np.int64],
        gamma: Fraction,
        deadline: Deadline,
        previous: PolicyGraph | None = None,
    ) -> None:
        """`previous` is the graph of a policy that differs in few states, if there is one."""
        self.line, self.model, self.policy, self.gamma = line, line.skeleton, policy, gamma
        self.deadline = deadline
        self.graph = PolicyGraph(self.model, policy, previous)
        self._unit, self._gain = line.denominator * gamma.denominator, gamma.numerator
        self._bits: dict[int, int] = {}
        self._zero: dict[int, bool] = {}

    @staticmethod
    def serves(line: RationalLine, gamma: Fraction) -> bool:
        """Whether the line is one of rewards, of numbers that fit into words."""
        numbers = line.largest_reward, 4 * line.denominator * gamma.denominator
        return gamma < 1 and not line.moves.any() and max(numbers) < _WORD

    def request(self, pairs: NDArray[np.int64]) -> None:
        """All are computed together."""

    def identically_zero(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs have advantage 0 for every x."""
        return np.array([self._is_zero(pair) for pair in pairs.tolist()], dtype=np.bool_)

    def numerator(self, pair: int) -> fmpz_poly | Straight:
        """Return a polynomial with the sign of the advantage for 0 < x < 1; 0 for a tie.

        If it does not change its sign, it is 1 or -1; otherwise it is primitive. If its
        coefficients would be too long, it is a line known by enclosures.
        """
        try:
            if self._is_zero(pair):
                return fmpz_poly([])
            for low, change in self._ever_closer(pair):
                if low.sign and low.sign == low.plus(change).sign:
                    return fmpz_poly([low.sign])
                if change.sign and not self._is_short(pair):
                    if low.sign:
                        return Straight(low.sign, change.sign, lambda: self._enclosed(pair))
                elif change.sign:
                    root = self._root(pair)
                    return fmpz_poly([-root.numerator, root.denominator]) * change.sign
        except NoBound:
            pass
        return self._in_residues.numerator(pair)

    def sign_at(self, pair: int, end: int) -> int:
        """Return the sign of the pair's advantage at the low end, 0, or at the high one, 1."""
        try:
            if self._is_zero(pair):
                return 0
            for low, change in self._ever_closer(pair):
                value = low.plus(change) if end else low
                if value.sign or value.within(self._row_bits(pair)):
                    return value.sign
        except NoBound:
            pass
        return sign_at(self._in_residues.numerator(pair), Fraction(end))

    def alike(self, one: int, two: int) -> bool:
        """Return True only if two pairs have equal advantages for a reason visible in the graph."""
        return self._alike.equal(one, two)

    def _is_zero(self, pair: int) -> bool:
        if pair not in self._zero:
            self._zero[pair] = self._found_zero(pair)
        return self._zero[pair]

    def _found_zero(self, pair: int) -> bool:
        try:
            if self._alike.same(pair):
                return True
            for parts in self._ever_closer(pair):
                if any(part.sign for part in parts):
                    return False
                if all(part.within(self._row_bits(pair)) for part in parts):
                    return True
        except NoBound:
            pass
        return bool(self._in_residues.identically_zero(np.array([pair]))[0])

    def _ever_closer(self, pair: int) -> Iterator[tuple[Range, Range]]:
        """Yield a_0 and a_1, to more and more bits."""
        bits = _FIRST_BITS
        while True:
            yield self._advantage(pair, bits)
            bits *= 2
            if bits > _MOST_BITS and not self._is_short(pair):
                raise BudgetExceeded(
                    f"a number is 0, or less than 2^-{_MOST_BITS}: to tell takes a fraction of up "
                    f"to {self._size:,} bits"
                )

    def _root(self, pair: int) -> Fraction:
        """Return -a_0 / a_1 for an a_1 that is not 0."""
        most = 2 * (self._row_bits(pair) + self._height_bits)
        bits = most + _FIRST_BITS
        while True:
            low, change = self._advantage(pair, bits)
            if change.sign:
                lower, upper = _quotients(low, change)
                if (upper - lower) * 2**most < 1:
                    return simplest(lower, upper)
            bits += most

    def _enclosed(self, pair: int) -> EnclosedNumber:
        """Return -a_0 / a_1 for an a_1 that is not 0, without its fraction."""

        def nearer(bits: int) -> tuple[Fraction, Fraction]:
            more = bits + _FIRST_BITS
            while True:
                try:
                    low, change = self._advantage(pair, more)
                except NoBound:
                    raise BudgetExceeded("floats do not bring out more of a number") from None
                if change.sign:
                    lower, upper = _quotients(low, change)
                    if (upper - lower) * 2 ** (bits + 1) < 1:
                        unit = Fraction(1, 2 ** (bits + 2))  # short numbers, rounded outwards
                        return lower // unit * unit, -(-upper // unit) * unit
                more *= 2

        return EnclosedNumber(nearer, self._size, _Origin(self, pair))

    @property
    def short(self) -> bool:
        """Whether the fractions of all roots are short enough to be computed."""
        return 2 * self._size <= LONGEST

    def _is_short(self, pair: int) -> bool:
        """Whether the fraction of the pair's root is short, because few of the rows that it reaches
        count."""
        return self.short or 2 * (self._row_bits(pair) + self._height_bits) <= LONGEST

    @cached_property
    def _size(self) -> int:
        """Return a bound on the bits of a root's numerator and denominator."""
        return math.ceil(float(self._norms.sum()) * (1 + 1e-9)) + 1 + self._height_bits

    @cached_property
    def _in_residues(self) -> LineSeries:
        """The same advantages, without floats."""
        return LineSeries(self.line, self.policy, self.gamma, self.deadline)

    def _advantage(self, pair: int, bits: int) -> tuple[Range, Range]:
        """Return a_0 and a_1, to about so many bits."""
        self.deadline.check()
        row, s = self.line.pairs[pair], int(self.model.pair_state[pair])
        factors = dict.fromkeys((t for t in (*row.targets, s) if t in self._place), 0)
        for t, (weight, _) in zip(row.targets, row.weights, strict=True):
            if t in factors:
                factors[t] += self._gain * weight
        if s in factors:
            factors[s] -= self._unit
        places = np.array([self._place[t] for t in factors], dtype=np.int64)
        numbers = list(factors.values())
        first, last = row.reward
        found = [self._refined.combination(places, numbers, column, bits) for column in (0, 1)]
        one, two = (
            Range(low + (own << n), high + (own << n), n)
            for (low, high, n), own in zip(found, (first, last - first), strict=True)
        )
        return one, two

    @cached_property
    def _live(self) -> list[int]:
        live: list[int] = np.flatnonzero(self.graph.live).tolist()
        return live

    @cached_property
    def _place(self) -> dict[int, int]:
        return {s: i for i, s in enumerate(self._live)}

    @cached_property
    def _matrix(self) -> sparse.csr_matrix:
        """A among the live states."""
        rows = [self.line.pairs[pair] for pair in self.policy[self._live].tolist()]
        entries: list[tuple[int, int, int]] = [(i, i, self._unit) for i in range(len(rows))]
        for i, row in enumerate(rows):
            entries += [
                (i, self._place[t], -self._gain * weight)
                for t, (weight, _) in zip(row.targets, row.weights, strict=True)
                if t in self._place
            ]
        table = np.array(entries, dtype=np.int64).reshape(-1, 3)
        places = table[:, 0], table[:, 1]
        return sparse.csr_matrix((table[:, 2], places), (len(rows), len(rows)), dtype=np.int64)

    @cached_property
    def _refined(self) -> Refinement:
        rewards = [self.line.pairs[pair].reward for pair in self.policy[self._live].tolist()]
        right = np.array([(a, b - a) for a, b in rewards], dtype=np.int64).reshape(-1, 2)
        slack = self.line.denominator * (self.gamma.denominator - self._gain)
        return Refinement(self._matrix, right, self._unit, slack)

    @cached_property
    def _alike(self) -> Alike:
        values = np.zeros((self.model.n, 2))
        if self._live:
            values[self._live] = self._refined.values
        return Alike(self.graph, [pair.reward for pair in self.line.pairs], values)

    def _row_bits(self, pair: int) -> int:
        """Return log2 of the product of the rows' norms, of what the pair reaches, rounded up."""
        if pair not in self._bits:
            self._bits[pair] = self._summed_norms(pair)
        return self._bits[pair]

    def _summed_norms(self, pair: int) -> int:
        state = int(self.model.pair_state[pair])
        reached = self.graph.closure(state, self.model.targets[pair])[self._live]
        return math.ceil(float(self._norms[reached].sum()) * (1 + 1e-9)) + 1

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        """log2 of the norm of each row of A, at least 0."""
        matrix = self._matrix
        squares = sparse.csr_matrix(
            (matrix.data.astype(np.float64) ** 2, matrix.indices, matrix.indptr), matrix.shape
        )
        found: NDArray[np.float64] = 0.5 * np.log2(
            np.maximum(squares @ np.ones(len(self._live)), 1)
        )
        return found

    @cached_property
    def _height_bits(self) -> int:
        """Return log2 of |R(pair)| + 2 U sum |R|, rounded up, for any pair."""
        rewards = (self.line.pairs[pair].reward for pair in self.policy[self._live].tolist())
        total = sum(abs(a) + abs(b) for a, b in rewards)
        height: int = 2 * self.line.largest_reward + 2 * self._unit * total
        return height.bit_length()


@dataclass(frozen=True, eq=False)
class _Origin:
    """Where the root of a pair's advantage comes from."""

    series: RewardSeries
    pair: int

    def __eq__(self, other: object) -> bool:
        """Whether the two have the same root, for a reason visible in the graph."""
        if not isinstance(other, _Origin) or self.series is not other.series:
            return False
        return self.pair == other.pair or self.series.alike(self.pair, other.pair)

    def __hash__(self) -> int:
        """Equal origins belong to one series."""
        return id(self.series)


def _quotients(low: Range, change: Range) -> tuple[Fraction, Fraction]:
    """Return the least and the largest quotient of -a_0 by a_1."""
    quotients = [Fraction(-a, b) for a in low[:2] for b in change[:2]]
    return min(quotients), max(quotients)


def simplest(lower: Fraction, upper: Fraction) -> Fraction:
    """Return the fraction of least denominator in [lower, upper]."""
    terms: list[int] = []
    a, b, c, d = (*lower.as_integer_ratio(), *upper.as_integer_ratio())
    while True:
        whole, rest = divmod(a, b)
        if rest == 0 or whole < c // d:  # an integer lies between
            terms.append(whole if rest == 0 else whole + 1)
            break
        terms.append(whole)
        a, b, c, d = d, c - whole * d, b, rest
    top, bottom = terms.pop(), 1
    for term in reversed(terms):
        top, bottom = term * top + bottom, top
    return Fraction(top, bottom)
