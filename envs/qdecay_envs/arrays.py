"""A table as arrays, and uniform numbers for many copies: what the vector environment reads.

The outcomes of all rows are numbered in the order of the table; row s * A + a has the outcomes from
`first[s * A + a]` on. For a uniform number u the drawn one is that many further as there are
cumulative probabilities <= u, which is the rule of the scalar `step`, on the same floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, chain

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

from qdecay_envs.table import ExactTable

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLOCK = 256  # numbers fetched per copy at once: 2 MB for 1,000 copies
_NEVER = 2.0  # above every uniform number


class TableArrays:
    """The outcomes of an exact table.

    Attributes:
        next_state, reward, terminated: of each outcome.
        first: number of each row's first outcome, shape (S * A,); None where every row has just
            one, whose number is then the row's.
        random: whether a row has several, shape (S * A,).
        always_random: whether every row has.
        thresholds: for k = 0, 1, ..., each row's cumulative probability of its outcomes 0 .. k,
            shape (S * A,).
    """

    def __init__(self, table: ExactTable) -> None:
        rows = list(chain.from_iterable(table))
        outcomes = list(chain.from_iterable(rows))
        self.next_state = np.array([state for _, state, _, _ in outcomes], dtype=np.int64)
        self.reward = np.array([float(reward) for *_, reward, _ in outcomes])
        self.terminated = np.array([ended for *_, ended in outcomes], dtype=np.bool_)
        sizes = np.array([len(row) for row in rows])
        self.random = sizes > 1
        self.always_random = bool(self.random.all())
        self.first = np.cumsum(sizes) - sizes if self.random.any() else None
        self.thresholds = thresholds([[chance for chance, *_ in row] for row in rows])


def thresholds(chances: Sequence[Sequence[Fraction]]) -> list[Floats]:
    """Return the inner cumulative probabilities of each distribution, filled up with 2.

    Sums are exact and rounded once.

    >>> half = Fraction(1, 2)
    >>> thresholds([[half, half], [Fraction(1)]])
    [array([0.5, 2. ])]
    """
    longest = max(map(len, chances))
    columns = np.full((longest - 1, len(chances)), _NEVER)
    for number, distribution in enumerate(chances):
        for k, total in enumerate(accumulate(distribution[:-1])):
            columns[k, number] = total
    return list(columns)


def passed(columns: Sequence[Floats], rows: Integers, uniform: Floats) -> Integers:
    """Return how many thresholds of its row each uniform number reaches."""
    count: Integers = np.zeros(len(rows), dtype=np.int64)
    for column in columns:
        count += column.take(rows) <= uniform
    return count


class Draws:
    """The random numbers of n copies, each from a generator of its own, in the order of use.

    Args:
        n: number of copies.
        in_blocks: fetch uniform numbers ahead. They are the same numbers, but no normal ones may
            be drawn in between.
    """

    def __init__(self, n: int, in_blocks: bool) -> None:
        self._generators: list[np.random.Generator | None] = [None] * n
        self._in_blocks = in_blocks
        self._block = np.empty((n if in_blocks else 0, _BLOCK))
        self._numbers = self._block.reshape(-1)
        self._begin = np.arange(n) * _BLOCK
        self._next = self._begin + _BLOCK  # of each copy, as an index of _numbers
        self._calls_left = 0  # each call uses at most one number of a copy

    def seed(self, copy: int, seed: int) -> None:
        """Begin a copy's numbers anew, as `Env.reset(seed=seed)` does."""
        self._generators[copy] = seeding.np_random(seed)[0]
        self._next[copy] = self._begin[copy] + _BLOCK
        self._calls_left = 0

    def uniform(self, copies: Integers | None) -> Floats:
        """Return the next uniform number in [0, 1) of each of the copies; None is all of them."""
        if not self._in_blocks:
            every = range(len(self._generators)) if copies is None else copies.tolist()
            return np.array([self._of(copy).random() for copy in every])
        if self._calls_left == 0:
            self._refill()
        self._calls_left -= 1
        if copies is None:
            numbers = self._numbers.take(self._next)
            self._next += 1
        else:
            at = self._next.take(copies)
            numbers = self._numbers.take(at)
            self._next[copies] = at + 1
        return numbers

    def normal(self, copies: Integers) -> Floats:
        """Return the next standard normal number of each of the copies."""
        return np.array([self._of(copy).standard_normal() for copy in copies.tolist()])

    def _refill(self) -> None:
        """Fill up every copy's block behind the numbers that it has left."""
        for copy, used in enumerate((self._next - self._begin).tolist()):
            block = self._block[copy]
            block[: _BLOCK - used] = block[used:]
            self._of(copy).random(out=block[_BLOCK - used :])
        self._next = self._begin.copy()
        self._calls_left = _BLOCK

    def _of(self, copy: int) -> np.random.Generator:
        generator = self._generators[copy]
        if generator is None:
            generator = self._generators[copy] = seeding.np_random()[0]
        return generator
