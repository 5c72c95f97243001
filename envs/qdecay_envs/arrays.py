"""A table as arrays, and random numbers for many copies, for the vector environment.

The outcomes of all rows are numbered in the order of the table; row s * A + a has the outcomes from
`first[s * A + a]` on. For a uniform number u the drawn outcome is offset by the number of
cumulative probabilities <= u, which is the rule of the scalar `step`, on the same floats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from qdecay_envs.table import ExactTable, duration_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Numbers fetched at once, of all copies and of one: 4 MB for 1,000 copies, 32 MB for many. Were the
# length a power of two, the next numbers of all copies would compete for the same cache lines.
_NUMBERS, _SHORTEST, _LONGEST = 2**22, 16, 504
_NEVER = 2.0  # above every uniform number


class TableArrays:
    """The outcomes of an exact table.

    Attributes:
        next_state, reward, terminated: of each outcome.
        duration: of each outcome, in steps; None if the table has none.
        first: number of each row's first outcome, shape (S * A,); None if every row has just one,
            whose number is then the row's.
        random: whether a row has several, shape (S * A,).
        thresholds: for k = 0, 1, ..., each row's cumulative probability of its outcomes 0 .. k,
            shape (S * A,).
    """

    def __init__(self, table: ExactTable) -> None:
        rows = list(chain.from_iterable(table))
        outcomes = list(chain.from_iterable(rows))
        self.next_state = np.array([outcome[1] for outcome in outcomes], dtype=np.int64)
        self.reward = np.array([float(outcome[2]) for outcome in outcomes])
        self.terminated = np.array([outcome[3] for outcome in outcomes], dtype=np.bool_)
        durations = [duration_of(outcome) for outcome in outcomes]
        has_durations = any(len(outcome) > 4 for outcome in outcomes)
        self.duration = np.array(durations, dtype=np.int64) if has_durations else None
        sizes = np.array([len(row) for row in rows])
        self.random = sizes > 1
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


def add_passed(
    numbers: Integers, columns: Sequence[Floats], rows: Integers, uniform: Floats
) -> None:
    """Add to each number how many thresholds of its row its uniform number reaches."""
    for column in columns:
        numbers += column.take(rows) <= uniform


class Draws:
    """The random numbers of n copies, each from its own generator, in the order of use.

    They are drawn ahead in blocks: the same numbers as one by one, at a fraction of the cost.

    Args:
        n: number of copies.
        fill: `np.random.Generator.random`, or another method that fills `out` with numbers of one
            kind in the order in which it would return them one by one.
    """

    def __init__(self, n: int, fill: Callable[..., object]) -> None:
        self._fill = fill
        self._generators: list[np.random.Generator | None] = [None] * n
        self._length = max(_SHORTEST, min(_LONGEST, _NUMBERS // n))
        self._blocks = np.empty((0, self._length))  # until the first number is requested
        self._begin = np.arange(n) * self._length
        self._next = self._begin + self._length  # of each copy, as an index of all blocks
        self._calls_left = 0  # in which no block can run out, because each step uses one number

    def begin(self, copy: int, generator: np.random.Generator) -> None:
        """Draw a copy's further numbers from a generator."""
        self._generators[copy] = generator
        self._next[copy] = self._begin[copy] + self._length
        self._calls_left = 0

    def take(self, used: Flags) -> Floats:
        """Return the next number of every copy; where `used` is true it counts as used."""
        if self._calls_left == 0:
            self._look_ahead()
        self._calls_left -= 1
        numbers: Floats = self._blocks.take(self._next)
        self._next += used
        return numbers

    def _look_ahead(self) -> None:
        used = self._next - self._begin
        if used.max() == self._length:
            self._refill(used)
            used = self._next - self._begin
        self._calls_left = self._length - int(used.max())

    def _refill(self, used: Integers) -> None:
        """Refill every copy's block after its remaining numbers."""
        if not len(self._blocks):
            self._blocks = np.empty((len(self._generators), self._length))
        left = (self._length - used).tolist()
        for block, generator, kept in zip(self._blocks, self._generators, left, strict=True):
            if kept:
                block[:kept] = block[-kept:]
            self._fill(generator, out=block[kept:])
        self._next = self._begin.copy()
