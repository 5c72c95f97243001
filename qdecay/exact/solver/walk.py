"""The walk along an axis: from one breakpoint to the next, with a proof of every interval.

The axis is the discount factor gamma, or the position along a model line: a number x from 0 to 1.

At each moment there is a policy that is optimal just right of the current point, with the set
`zero` of pairs whose advantage vanishes identically: the optimal sets. Then

1. a window of floats with radii may prove most advantages negative on most of it;
2. for the rest, the roots of the advantages' numerators are isolated;
   the least root right of the current point, over all pairs, is the next event;
3. at an event, pairs whose numerator turns positive enter, by policy iteration with exact signs
   just right of the event, restricted to the pairs that tie there (all others stay negative by
   continuity; not at gamma = 1, where a term that was 0 may decide after a switch). No pair turns
   positive: a touch. Otherwise: a breakpoint.

If floats prove nothing, every pair is left to step 2: the walk is slower, but its result is the
same.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np
from flint import fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_quickly
from qdecay.exact.solver.axis import Advantages, Axis, AxisWindow, Mask, NoBound
from qdecay.exact.solver.point import sign_right_of
from qdecay.exact.solver.straight import Straight

_Advantages = TypeVar("_Advantages", bound=Advantages)

_BITS = 64  # of the intervals around roots that floats check
_LAST_PART = 1024  # of a window up to 1: roots guessed in the last one of so many may be 1 itself

_Suspect = tuple[int, float]  # a pair, and where floats see it cross 0 in a box (inf: nowhere)


@dataclass(frozen=True)
class Event:
    """A point where optimal sets differ from those left of it.

    Attributes:
        x: the point.
        left, at, right: pairs that are optimal just left of it, at it, and just right of it.
        policy: the policy that is optimal just right of it.
    """

    x: AlgebraicNumber
    left: NDArray[np.bool_]
    at: NDArray[np.bool_]
    right: NDArray[np.bool_]
    policy: NDArray[np.int64]

    @property
    def changes(self) -> bool:
        """Whether any set differs from those left of the point."""
        return self.is_breakpoint or bool((self.left != self.at).any())

    @property
    def is_breakpoint(self) -> bool:
        """Whether the sets left and right differ; otherwise it is a touch."""
        return bool((self.left != self.right).any())


class Walk(Generic[_Advantages]):
    """The state of the walk; `run` yields the events in order.

    Attributes:
        x: the point up to which everything is proven.
        policy: optimal just right of it.
        zero: (N,) pairs whose advantage under `policy` is identically 0.
        first, optimal: (N,) the pairs that are optimal just right of where it begins, and of x.
    """

    def __init__(self, axis: Axis[_Advantages], deadline: Deadline | None = None) -> None:
        self.axis, self.model = axis, axis.model
        self.deadline = Deadline() if deadline is None else deadline
        self.beginning = axis.begin(self.deadline)
        self.policy, self.zero = self.beginning.policy, self.beginning.zero.copy()
        self.x = AlgebraicNumber.of(axis.low)
        self.series = axis.advantages(self.policy, self.deadline)
        self.first = self.optimal = axis.optimal(self.series, self.zero, self.deadline)
        self._numerators: dict[int, fmpz_poly | Straight] = {}
        self._roots: dict[int, list[AlgebraicNumber]] = {}  # in this window
        self._isolated: tuple[fmpz_poly, list[AlgebraicNumber]] = fmpz_poly([]), []

    def run(self) -> Generator[Event]:
        """Yield every breakpoint and touch from there to 1, from left to right."""
        return (event for event in self.crossings() if event.changes)

    def crossings(self) -> Iterator[Event]:
        """Yield also points where pairs that are not optimal tie, or where only the policy changes.

        There are such points at gamma = 1.
        """
        self.window = self.axis.window(self.series.graph, self.axis.low)
        while True:
            roots = self._next_roots()
            if roots:
                yield self._cross(*roots)
            elif self.window.upper == 1:
                return
            else:
                self.x = max(self.x, AlgebraicNumber.of(self.window.upper))
                self.window = self.axis.window(self.series.graph, self.window.upper)
                self._forget_roots()

    def _forget_roots(self) -> None:
        self._roots.clear()
        self._isolated = fmpz_poly([]), []

    # -- events

    def _next_roots(self) -> tuple[AlgebraicNumber, list[int]] | None:
        """Return the next root in the window right of x, and all pairs that have it."""
        edges, reached = self.window.edges, self.x.enclosure(_BITS)[0]
        for box in range(_box(self.window, reached), len(edges) - 1):
            roots = self._roots_in(box, max(edges[box], reached))
            if roots is not None:
                return roots
        return None

    def _roots_in(self, box: int, start: Fraction) -> tuple[AlgebraicNumber, list[int]] | None:
        """Return the next root in a box, from `start` on, and all pairs that have it."""
        best: AlgebraicNumber | None = None
        owners: list[int] = []
        window, end = self.window, self.window.edges[box + 1]
        set_aside = end == 1
        queue = self._suspects(box)
        while queue:
            if set_aside and best is None and math.isinf(queue[-1][1]):
                self._clear_before_one()
                queue, set_aside = self._suspects(box, up_to_one=True), False
                continue
            pair, guess = queue.pop()
            likely = pair in self._numerators or (guess < math.inf and best is None)
            until = end if best is None else _upper(best)
            if not likely and window.negative_on(pair, start, until):
                window.suspect[pair, box] &= best is not None
                continue
            root = self._first_root(pair, guess)
            if root is None or root > end:
                window.suspect[pair, box] = False
            elif root is best:
                owners.append(pair)
            elif best is None or root < best:
                best, owners = root, [pair]
                queue = self._narrowed(queue, start, best)
            elif root == best:
                owners.append(pair)
        return None if best is None else (best, owners)

    def _narrowed(
        self, queue: list[_Suspect], start: Fraction, best: AlgebraicNumber
    ) -> list[_Suspect]:
        """Return the pairs that may have a root from `start` to `best`."""
        if not queue:
            return queue
        pairs = np.array([pair for pair, _ in queue])
        open_still = self.window.suspects_on(pairs, start, _upper(best)).tolist()
        queue = [
            entry
            for entry, is_open in zip(queue, open_still, strict=True)
            if is_open or entry[0] in self._numerators
        ]
        if queue:
            self.series.request(np.array([pair for pair, _ in queue]))
        return queue

    def _suspects(self, box: int, *, up_to_one: bool = False) -> list[_Suspect]:
        """Return pairs not known to be negative in a box, likely first ones last.

        A root that is guessed very close to 1 is not likely, unless `up_to_one`.
        """
        pairs = np.flatnonzero(self.window.suspect[:, box] & ~self.zero)
        if len(pairs) == 0:
            return []
        guess = self.window.estimates(pairs, box)
        if not up_to_one:
            guess[guess > _below_one(self.window)] = np.inf
        order = np.argsort(-guess)
        return list(zip(pairs[order].tolist(), guess[order].tolist(), strict=True))

    def _clear_before_one(self) -> None:
        """Clear pairs that rise up to x = 1 but are not positive there: many are 0 at 1.

        Floats cannot distinguish them from pairs with a root just below it, and exact arithmetic
        takes time, so this is done only if there is no root before.
        """
        window = self.window
        pairs = np.flatnonzero(window.suspect[:, -1] & ~self.zero)
        pairs = pairs[window.estimates(pairs, -1) > _below_one(window)]
        pairs = pairs[window.slopes(pairs, window.edges[-2], window.upper) > 0]
        if len(pairs):
            clear = self.axis.not_positive_at_one(self.series.graph, pairs, self.deadline)
            window.suspect[pairs[clear], -1] = False

    def _first_root(self, pair: int, guess: float) -> AlgebraicNumber | None:
        """Return the first root of the pair's advantage right of x, up to the window's end.

        Args:
            guess: where it may be; inf if nothing is known.
        """
        if pair not in self._roots:
            self.deadline.check()
            upper = self.window.upper
            beyond = min(Fraction(1), upper + (upper - self.window.lower) / 16)
            c = self._numerator(pair)
            if isinstance(c, Straight):
                self._roots[pair] = c.roots(self.x.enclosure(_BITS)[0], beyond)
                return self._next_of(pair)
            if c != self._isolated[0]:  # symmetric pairs share their polynomial
                near = Fraction(guess) if math.isfinite(guess) else None
                self._isolated = c, isolate_quickly(c, self.x.lower, beyond, near)
            self._roots[pair] = self._isolated[1]
        return self._next_of(pair)

    def _next_of(self, pair: int) -> AlgebraicNumber | None:
        roots = self._roots[pair]
        while roots and not roots[0] > self.x:
            roots = roots[1:]
        self._roots[pair] = roots
        return roots[0] if roots and roots[0] <= self.window.upper else None

    def _numerator(self, pair: int) -> fmpz_poly | Straight:
        if pair not in self._numerators:
            self._numerators[pair] = self.series.numerator(pair)
        return self._numerators[pair]

    def _cross(self, x: AlgebraicNumber, critical: list[int]) -> Event:
        """Step over an event, which is the first root that each critical pair has left."""
        for pair in critical:
            self._roots[pair] = self._roots[pair][1:]
        self.x = x = x.simplified()
        at = self.zero.copy()
        at[critical] = True
        rising = self._rising(critical, x)
        while rising:
            rising = self._switch(rising, at, x)
        left = self.optimal
        self.optimal = self.axis.optimal(self.series, self.zero, self.deadline)
        at = self.axis.optimal_at(x, self.series, at, self.deadline)
        return Event(x, left, at, self.optimal, self.policy)

    def _rising(self, pairs: Iterable[int], x: AlgebraicNumber) -> list[int]:
        """Return which pairs, none tied identically, are better right of x."""
        rising = []
        for pair in pairs:
            c = self._numerator(pair)
            if self.axis.mirrored or isinstance(c, Straight):  # 0 at x, which need not be proven
                c = c.derivative()
            if sign_right_of(c, x) > 0:
                rising.append(pair)
        return rising

    def _switch(self, rising: list[int], at: NDArray[np.bool_], x: AlgebraicNumber) -> list[int]:
        """Let rising pairs enter the policy; return those that rise under the new one."""
        policy = self.policy.copy()
        entering: dict[int, int] = {}
        for pair in rising:
            entering.setdefault(int(self.model.pair_state[pair]), pair)
        leaving = {s: int(policy[s]) for s in entering}
        policy[list(entering)] = list(entering.values())
        swapped = None
        if len(entering) == 1 and self.axis.mirrored:
            # The two advantages are -D / D' times each other.
            [(state, pair)] = entering.items()
            if pair in self._numerators:
                swapped = (leaving[state], -self._numerators[pair], self._roots.get(pair))
        self.policy = policy
        self.series = self.axis.advantages(policy, self.deadline, self.series.graph)
        affected = self.series.graph.affected
        touched = self.model.touching(affected)
        kept = np.fromiter(self._numerators, dtype=np.int64)
        for pair in kept[touched[kept]].tolist():
            del self._numerators[pair]
            self._roots.pop(pair, None)
        if swapped is not None:
            at = at.copy()
            at[swapped[0]] = self.zero[swapped[0]] = False  # it falls, as the other rose
            self._numerators[swapped[0]] = swapped[1]
            if swapped[2] is not None:
                self._roots[swapped[0]] = swapped[2]
        self._update_window(affected, touched, x)
        if self.axis.mirrored:
            return self._update_ties(at & touched, x)
        return self._rise_anew(touched, x)

    def _update_ties(self, tied: NDArray[np.bool_], x: AlgebraicNumber) -> list[int]:
        """Recompute `zero` for pairs tied at x; return those that rise right of it."""
        own = np.zeros_like(tied)
        own[self.policy] = True
        self.zero[tied & own] = True
        pairs = np.flatnonzero(tied & ~own)
        slope = self._slopes(pairs, x)
        self.zero[pairs[slope != 0]] = False
        rising: list[int] = pairs[slope > 0].tolist()
        pairs = pairs[slope == 0]
        self.zero[pairs] = self.series.identically_zero(pairs)
        return rising + self._rising(pairs[~self.zero[pairs]].tolist(), x)

    def _rise_anew(self, touched: NDArray[np.bool_], x: AlgebraicNumber) -> list[int]:
        """Recompute `zero` for all touched pairs; return those that are better right of x.

        At gamma = 1 a pair may have been worse in a later term only, and be better now in an
        earlier one that was 0.
        """
        self.zero[touched] = False
        self.zero[self.policy] = True
        pairs = np.flatnonzero(touched & ~self.zero)
        pairs = pairs[self.window.suspects_on(pairs, *x.enclosure(_BITS))]
        self.zero[pairs] = self.series.identically_zero(pairs)
        return self._rising(pairs[~self.zero[pairs]].tolist(), x)

    def _slopes(self, pairs: NDArray[np.int64], x: AlgebraicNumber) -> NDArray[np.int64]:
        """Return the certain signs of the slopes at x of pairs that are 0 there.

        A pair that falls up to the end of its box is negative there, right of x.
        """
        window, (lower, upper) = self.window, x.enclosure(_BITS)
        box = _box(window, lower)
        if box == len(window.edges) - 1 or upper >= window.edges[box + 1]:
            return window.slopes(pairs, lower, upper)
        slope = window.slopes(pairs, lower, window.edges[box + 1])
        window.suspect[pairs[slope < 0], box] = False
        doubtful = slope == 0
        slope[doubtful] = window.slopes(pairs[doubtful], lower, upper)
        return slope

    def _update_window(self, affected: Mask, touched: Mask, x: AlgebraicNumber) -> None:
        window, graph = self.window, self.series.graph
        window.passed = _box(window, x.enclosure(_BITS)[0])
        try:
            useful = window.update(graph, affected, touched)
        except NoBound:
            useful = False
        if not useful:
            self.window = self.axis.window(graph, _rounded_down(x.enclosure(_BITS)[0]))
            self._forget_roots()


def _upper(number: AlgebraicNumber) -> Fraction:
    return number.enclosure(_BITS)[1]


def _box(window: AxisWindow, x: Fraction) -> int:
    """Return the number of the box that contains x; that of a last, empty one at the end."""
    return max(0, bisect_right(window.edges, x) - 1)


def _below_one(window: AxisWindow) -> float:
    """Return where guesses begin that may stand for a root at 1, in a window up to there."""
    return float(window.upper - (window.upper - window.lower) / _LAST_PART)


def _rounded_down(value: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below a value in (0, 1)."""
    grain = 2 ** (int(1 / (1 - value)).bit_length() + 12)
    return Fraction(int(value * grain), grain)
