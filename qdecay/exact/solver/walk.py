"""The walk over gamma: from one breakpoint to the next, with a proof of every interval.

At each moment there is a policy that is optimal just right of the current point, with the set
`zero` of pairs whose advantage vanishes identically: the optimal sets. Then

1. a window of floats with radii (`window`) proves most advantages negative on most of it;
2. for the rest, the roots of the advantages' numerators (`series`) are isolated;
   the least root right of the current point, over all pairs, is the next event;
3. at an event, pairs whose numerator turns positive enter, by policy iteration with exact signs
   just right of the event, restricted to the pairs that tie there (all others stay negative by
   continuity). No pair turns positive: a touch. Otherwise: a breakpoint.

Where floats prove nothing (near 1 in models that never end, singular or huge numbers), every
pair is left to step 2: the answer is the same, only slower.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_quickly
from qdecay.exact.solver.at_one import not_positive_at_one
from qdecay.exact.solver.near_zero import NearZero, near_zero
from qdecay.exact.solver.point import sign_right_of
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.window import NoBound, Window, steps_ahead, terminates

_LAST_WINDOW = Fraction(1, 2**28)  # closer to 1 than this, floats are not used
_LAST_IF_ENDLESS = Fraction(1, 2**10)  # than this, where values grow like 1 / (1 - gamma)
_FIRST_WINDOW = 0.5
_BITS = 64  # of the intervals around roots that floats check
_FEW_PAIRS = 40  # exact polynomials of this few pairs take less time than the first windows

# A pair, the first and the last box where it may not be negative, whether floats see it cross 0.
_Suspect = tuple[int, int, int, bool]


@dataclass(frozen=True)
class Event:
    """A point where optimal sets differ from those left of it.

    Attributes:
        gamma: the point.
        left, at, right: pairs that are optimal just left of it, at it, and just right of it.
        policy: the policy that is optimal just right of it.
    """

    gamma: AlgebraicNumber
    left: NDArray[np.bool_]
    at: NDArray[np.bool_]
    right: NDArray[np.bool_]
    policy: NDArray[np.int64]

    @property
    def is_breakpoint(self) -> bool:
        """Whether the sets left and right differ; otherwise it is a touch."""
        return bool((self.left != self.right).any())


class TrivialWindow:
    """The window that proves nothing: every pair is suspect everywhere on it."""

    def __init__(self, model: RationalModel, lower: Fraction, upper: Fraction) -> None:
        self.lower, self.upper, self.edges = lower, upper, [lower, upper]
        self.suspect = np.ones((model.n_pairs, 1), dtype=np.bool_)

    def negative_on(self, pair: int, lower: Fraction, upper: Fraction) -> bool:
        """Return False: nothing is known."""
        return False

    def suspects_on(
        self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction
    ) -> NDArray[np.bool_]:
        """Return True throughout."""
        return np.ones(len(pairs), dtype=np.bool_)

    def slopes(
        self, pairs: NDArray[np.int64], lower: Fraction, upper: Fraction
    ) -> NDArray[np.int64]:
        """Return no answer."""
        return np.zeros(len(pairs), dtype=np.int64)

    def estimates(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return no guess."""
        return np.full(len(pairs), np.inf)

    def update(self, touched: NDArray[np.bool_]) -> None:
        """Discard exact results for pairs that a new policy changes."""
        self.suspect[touched] = True


class Walk:
    """The state of the walk; `run` yields the events in order.

    Attributes:
        gamma: the point up to which everything is proven.
        policy: optimal just right of `gamma`.
        zero: (N,) pairs whose advantage under `policy` is identically 0.
    """

    def __init__(
        self,
        model: RationalModel,
        deadline: Deadline | None = None,
        *,
        use_floats: bool | None = None,
    ) -> None:
        self.model = model
        self.use_floats = model.n_pairs > _FEW_PAIRS if use_floats is None else use_floats
        self.deadline = Deadline() if deadline is None else deadline
        self.near_zero: NearZero = near_zero(model, self.deadline)
        self.policy, self.zero = self.near_zero.policy, self.near_zero.zero.copy()
        self.gamma = AlgebraicNumber.of(0)
        self.series = PolicySeries(model, self.policy, self.deadline)
        self._numerators: dict[int, fmpz_poly] = {}
        self._roots: dict[int, list[AlgebraicNumber]] = {}  # in this window
        self._isolated: tuple[fmpz_poly, list[AlgebraicNumber]] = fmpz_poly([]), []

    def run(self) -> Iterator[Event]:
        """Yield every breakpoint and touch in (0, 1), from left to right."""
        self.window = self._window(Fraction(0))
        while True:
            roots = self._next_roots()
            if roots:
                yield self._cross(*roots)
            elif self.window.upper == 1:
                return
            else:
                self.gamma = max(self.gamma, AlgebraicNumber.of(self.window.upper))
                self.window = self._window(self.window.upper)
                self._forget_roots()

    def _forget_roots(self) -> None:
        self._roots.clear()
        self._isolated = fmpz_poly([]), []

    # -- windows

    def _window(self, lower: Fraction) -> Window | TrivialWindow:
        """Return a window from `lower` on, as wide as floats allow; it may reach 1."""
        graph, rest = self.series.graph, 1 - lower
        if (
            not self.use_floats
            or rest < _LAST_WINDOW
            or (rest < _LAST_IF_ENDLESS and not terminates(graph))
        ):
            return TrivialWindow(self.model, lower, Fraction(1))
        try:
            if lower == 0:
                return Window(self.model, graph, 0.0, _FIRST_WINDOW, self.near_zero.order)
            half = self._half_width(lower)
            return Window(self.model, graph, lower + half, half)
        except NoBound:
            return TrivialWindow(self.model, lower, lower + (1 - lower) / 4)

    def _half_width(self, lower: Fraction) -> Fraction:
        """Return a short dyadic h of about 1 / (7 steps ahead) with lower + 2 h <= 1.

        The number of steps grows by about 1/6 up to the window's centre.
        """
        rest = 1 - lower
        fit = Fraction(1 / (7 * steps_ahead(self.series.graph, float(lower))))
        if fit > rest / 3:
            return rest / 2
        if fit < rest / 64:
            raise NoBound
        grain = 2 ** (int(1 / rest).bit_length() + 9)
        return Fraction(int(fit * grain), grain)

    # -- events

    def _next_roots(self) -> tuple[AlgebraicNumber, list[int]] | None:
        """Return the next root in the window right of gamma, and all pairs that have it."""
        best: AlgebraicNumber | None = None
        owners: list[int] = []
        edges, reached = self.window.edges, self.gamma.enclosure(_BITS)[0]
        queue = self._suspects(reached)
        while queue:
            pair, first, last, likely = queue.pop()
            if pair not in self._numerators and not (likely and best is None):
                end = edges[last + 1] if best is None else min(edges[last + 1], _upper(best))
                if self.window.negative_on(pair, max(edges[first], reached), end):
                    self.window.suspect[pair] &= best is not None
                    continue
            root = self._first_root(pair)
            if root is None:
                self.window.suspect[pair] = False
            elif root is best:
                owners.append(pair)
            elif best is None or root < best:
                best, owners = root, [pair]
                queue = self._narrowed(queue, reached, best)
            elif root == best:
                owners.append(pair)
        return None if best is None else (best, owners)

    def _narrowed(
        self, queue: list[_Suspect], reached: Fraction, best: AlgebraicNumber
    ) -> list[_Suspect]:
        """Return the pairs that may have a root up to `best`."""
        last = _box(self.window, _upper(best))
        queue = [entry for entry in queue if entry[1] <= last]
        if not queue:
            return queue
        pairs = np.array([entry[0] for entry in queue])
        start = max(reached, self.window.edges[min(entry[1] for entry in queue)])
        open_still = self.window.suspects_on(pairs, start, _upper(best))
        queue = [
            entry
            for entry, is_open in zip(queue, open_still.tolist(), strict=True)
            if is_open or entry[0] in self._numerators
        ]
        if queue:
            self.series.request(np.array([entry[0] for entry in queue]))
        return queue

    def _suspects(self, reached: Fraction) -> list[_Suspect]:
        """Return pairs not known to stay negative from `reached` on, likely first ones last."""
        window = self.window
        done = _box(window, reached)
        if done == len(window.edges) - 1:
            return []
        self._clear_before_one()
        suspect = window.suspect[:, done:]
        pairs = np.flatnonzero(suspect.any(axis=1) & ~self.zero)
        suspect, guess = suspect[pairs], window.estimates(pairs)
        first = done + np.argmax(suspect, axis=1)
        last = len(window.edges) - 2 - np.argmax(suspect[:, ::-1], axis=1)
        order = np.lexsort((first, guess))[::-1]
        columns = (pairs, first, last, np.isfinite(guess))
        return list(zip(*(column[order].tolist() for column in columns), strict=True))

    def _clear_before_one(self) -> None:
        """Clear pairs that rise up to gamma = 1 but are not positive there: many are 0 at 1."""
        window = self.window
        if window.upper < 1:
            return
        pairs = np.flatnonzero(window.suspect[:, -1] & ~self.zero)
        pairs = pairs[window.slopes(pairs, window.edges[-2], window.upper) > 0]
        if len(pairs):
            pairs = pairs[not_positive_at_one(self.series.graph, pairs, self.deadline)]
            window.suspect[pairs, -1] = False

    def _first_root(self, pair: int) -> AlgebraicNumber | None:
        """Return the first root of the pair's advantage right of gamma, up to the window's end."""
        if pair not in self._roots:
            self.deadline.check()
            upper = self.window.upper
            beyond = min(Fraction(1), upper + (upper - self.window.lower) / 16)
            c = self._numerator(pair)
            if c != self._isolated[0]:  # symmetric pairs share their polynomial
                self._isolated = c, isolate_quickly(c, self.gamma.lower, beyond)
            self._roots[pair] = self._isolated[1]
        roots = self._roots[pair]
        while roots and not roots[0] > self.gamma:
            roots = roots[1:]
        self._roots[pair] = roots
        if roots and roots[0] <= self.window.upper and roots[0] < 1:
            return roots[0]
        return None

    def _numerator(self, pair: int) -> fmpz_poly:
        if pair not in self._numerators:
            self._numerators[pair] = self.series.numerator(pair)
        return self._numerators[pair]

    def _cross(self, gamma: AlgebraicNumber, critical: list[int]) -> Event:
        """Step over an event, which is the first root that each critical pair has left."""
        for pair in critical:
            self._roots[pair] = self._roots[pair][1:]
        gamma = gamma.simplified()
        left = self.zero.copy()
        at = left.copy()
        at[critical] = True
        rising = self._rising(critical, gamma)
        while rising:
            rising = self._switch(rising, at, gamma)
        self.gamma = gamma
        return Event(gamma, left, at, self.zero.copy(), self.policy)

    def _rising(self, pairs: Iterable[int], gamma: AlgebraicNumber) -> list[int]:
        """Return which pairs, all tied at gamma and not identically, are better right of it."""
        return [p for p in pairs if sign_right_of(self._numerator(p).derivative(), gamma) > 0]

    def _switch(
        self, rising: list[int], at: NDArray[np.bool_], gamma: AlgebraicNumber
    ) -> list[int]:
        """Let rising pairs enter the policy; return those that rise under the new one."""
        policy = self.policy.copy()
        entering: dict[int, int] = {}
        for pair in rising:
            entering.setdefault(int(self.model.pair_state[pair]), pair)
        leaving = {s: int(policy[s]) for s in entering}
        policy[list(entering)] = list(entering.values())
        swapped = None
        if len(entering) == 1:  # the two advantages are -D / D' times each other
            [(state, pair)] = entering.items()
            if pair in self._numerators:
                swapped = (leaving[state], -self._numerators[pair], self._roots.get(pair))
        self.policy = policy
        self.series = PolicySeries(self.model, policy, self.deadline, self.series.graph)
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
        self._update_window(affected, touched, gamma)
        return self._update_ties(at & touched, gamma)

    def _update_ties(self, tied: NDArray[np.bool_], gamma: AlgebraicNumber) -> list[int]:
        """Recompute `zero` for pairs tied at gamma; return those that rise right of it."""
        own = np.zeros_like(tied)
        own[self.policy] = True
        self.zero[tied & own] = True
        pairs = np.flatnonzero(tied & ~own)
        slope = self._slopes(pairs, gamma)
        self.zero[pairs[slope != 0]] = False
        rising: list[int] = pairs[slope > 0].tolist()
        pairs = pairs[slope == 0]
        self.zero[pairs] = self.series.identically_zero(pairs)
        return rising + self._rising(pairs[~self.zero[pairs]].tolist(), gamma)

    def _slopes(self, pairs: NDArray[np.int64], gamma: AlgebraicNumber) -> NDArray[np.int64]:
        """Return the certain signs of the slopes at gamma of pairs that are 0 there.

        A pair that falls up to the end of its box is negative there, right of gamma.
        """
        window, (lower, upper) = self.window, gamma.enclosure(_BITS)
        box = _box(window, lower)
        if box == len(window.edges) - 1 or upper >= window.edges[box + 1]:
            return window.slopes(pairs, lower, upper)
        slope = window.slopes(pairs, lower, window.edges[box + 1])
        window.suspect[pairs[slope < 0], box] = False
        doubtful = slope == 0
        slope[doubtful] = window.slopes(pairs[doubtful], lower, upper)
        return slope

    def _update_window(
        self, affected: NDArray[np.bool_], touched: NDArray[np.bool_], gamma: AlgebraicNumber
    ) -> None:
        window = self.window
        if isinstance(window, TrivialWindow):
            window.update(touched)
        else:
            window.reset_order(touched)
            try:
                window.update(self.series.graph, affected)
                if not window.accurate:  # the new policy takes more steps: narrower windows
                    self.window = self._window(_rounded_down(gamma.enclosure(_BITS)[0]))
                    self._forget_roots()
            except NoBound:
                self.window = TrivialWindow(self.model, window.lower, window.upper)


def _upper(number: AlgebraicNumber) -> Fraction:
    return number.enclosure(_BITS)[1]


def _box(window: Window | TrivialWindow, gamma: Fraction) -> int:
    """Return the number of the box that contains gamma; that of a last, empty one at the end."""
    return max(0, bisect_right(window.edges, gamma) - 1)


def _rounded_down(value: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below a value in (0, 1)."""
    grain = 2 ** (int(1 / (1 - value)).bit_length() + 12)
    return Fraction(int(value * grain), grain)
