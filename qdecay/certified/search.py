"""The search for proven brackets, from gamma = 0 upwards.

At any time a policy is proven optimal at gamma = x, and the pairs are known that tie with it for
every gamma. A window of floats with radii (`qdecay.exact.solver.window`) then bounds all advantages
on an interval that begins at x. Up to where the first upper bound is no longer negative the optimal
sets are proven constant. There a bracket begins. Beyond it, pairs whose lower bound is positive
enter the policy, until all upper bounds are negative again, except those of permanent ties: there
the bracket ends.

A pair whose sign stays unknown over more than the width is a *near tie*. It is then unknown which
policy is optimal, so all other bounds must allow for either choice: see `_make_room`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.certified.found import FoundBracket, FoundTie, append, changes_of
from qdecay.certified.result import NOT_SEPARATED, ONE_BREAKPOINT
from qdecay.certified.ties import Ties
from qdecay.certified.view import View
from qdecay.certified.windows import window_at
from qdecay.exact.solver.axis import Mask, NoBound, Pairs
from qdecay.exact.solver.claims import Bound
from qdecay.exact.solver.first_window import first_window
from qdecay.exact.solver.growth import relative_growth
from qdecay.exact.solver.near_zero import near_zero
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.room import room_of
from qdecay.exact.solver.window import Window

_FINEST = 2.0**-36  # roots closer than this share of half a window are not distinguished
_RESOLVED = Fraction(1, 2**42)  # of half a window: `Window` reads intervals with 2^-45 to spare
_SLOW_GROWTH = 30  # of values in gamma: right of 0, a window there is then wide enough
_CHANGES = 6  # that a window should hold: more would make it wider than is useful
_WIDER = 10  # brackets may be wider than requested: four times, sixteen times, ..
_FEW, _MANY = 8, 100  # near ties: so few are never too many; of more than so many most stay
_MOST_DOUBTFUL = 0.25  # near ties per state beyond which floats prove too little
_IDLE = 8  # steps that change the near ties without progress
_NO_BOUND = "floats bound no advantages there"
_SWEEPS = 200  # of values at gamma = 1/2, which find similar states


class Lost(Exception):
    """Floats do not show how to continue; the message says why."""


class Search:
    """The state of the search.

    Attributes:
        width: the largest width of a bracket.
        to: where to end.
        x: everything up to here is proven, in a bracket, or a near tie.
        first: (N,) the pairs that are optimal right of 0.
        brackets, near_ties: what was found so far.
        stopped: why it ended before `to`, or None.
    """

    def __init__(
        self,
        model: RationalModel,
        width: Fraction,
        to: Fraction,
        deadline: Deadline,
        report: Callable[[Fraction, int], None],
    ) -> None:
        """`report` receives the position of the search and the number of brackets found.

        Raises:
            BudgetExceeded: time ran out before the sets right of 0 were known.
        """
        self.model, self.width, self.to = model, width, to
        self._deadline, self._report = deadline, report
        beginning = near_zero(model, deadline, self._ties_near_zero)
        self._order, self._policy = beginning.order, beginning.policy
        self._zero = beginning.zero.copy()
        self._zero[self._policy] = True
        self.x, self.first = Fraction(0), self._zero.copy()
        self.brackets: list[FoundBracket] = []
        self.near_ties: list[FoundTie] = []
        self.stopped: str | None = None
        self._graph = PolicyGraph(model, self._policy)
        self._loose = np.zeros(0, dtype=np.int64)  # pairs that are near ties at x
        self._doubted = self.x  # where they were last reviewed
        self._doubts: dict[int, tuple[Fraction, set[int]]] = {}  # by state: since, and pairs
        self._longest = Fraction(1)

    def _ties_near_zero(self, policy: Pairs, pairs: Pairs) -> Mask:
        graph, v = PolicyGraph(self.model, policy), np.zeros(self.model.n)
        for _ in range(_SWEEPS):
            v = self.model.r[policy] + 0.5 * (graph.p @ v)
        return Ties(self.model, graph, v[:, None], self._deadline).identically_zero(pairs)

    def run(self) -> None:
        """Continue to the end, or as far as floats prove anything.

        Raises:
            BudgetExceeded: the time is up.
        """
        try:
            while self.x < self.to:
                self._along_window()
        except Lost as lost:
            self.stopped = str(lost)
        except NoBound:
            self.stopped = _NO_BOUND
        except MemoryError:
            self.stopped = "the machine's memory was used up"
        finally:
            self._end_ties(self._doubts.keys())

    def _along_window(self) -> None:
        """Continue to the end of a new window, or until it is no longer useful.

        Raises:
            Lost, NoBound: it is not useful.
        """
        begun, found, idle = self.x, len(self.brackets), 0
        self._look()
        try:
            while self.x < self._end and self._useful:
                before = self._policy, self._graph, self._zero.copy()
                x = self.x
                self._advance()
                idle = idle + 1 if self.x == x else 0
                if idle > _IDLE:
                    raise NoBound
                self._deadline.check()
                self._report(self.x, len(self.brackets))
        except NoBound:
            self._policy, self._graph, self._zero = before
            if self.x == begun:
                self._narrower()
                return
        if self.x == begun:
            raise Lost(_NO_BOUND)
        changes = len(self.brackets) - found
        self._longest = (self.x - begun) * _CHANGES / max(changes, 1)

    def _narrower(self) -> None:
        """Make the next window narrower.

        Raises:
            Lost: it is not wider than a bracket.
        """
        self._longest = (self._view.window.upper - self.x) / 8
        if self._longest < 4 * self._quarter:
            raise Lost("floats bound advantages only on intervals narrower than a bracket")

    def _look(self) -> None:
        """Open a new window that begins at x or a little before.

        Raises:
            Lost, NoBound: there is none.
        """
        if self.x:
            window = self._window_at_x()
        else:
            window = first_window(
                self.model, self._graph, self._order, self._deadline, float(self._longest)
            )
        self._view = View(self._graph, window, self._deadline)
        if not window.upper > self.x:
            raise Lost(_NO_BOUND)
        self._useful = True
        if self._doubts:
            self._review_doubts()

    def _window_at_x(self) -> Window:
        return window_at(self.model, self._graph, self.x, self._longest, self._deadline)

    @property
    def _end(self) -> Fraction:
        """Return where this window or the search ends; a switch may have put a narrower window
        here.
        """
        return min(self._view.window.upper, self.to)

    def _advance(self) -> None:
        """Advance to the next bracket and past it, or to the end."""
        if len(self._loose) and self._doubted < self.x and self._view.clear_at(self._loose, self.x):
            self._review_doubts()
        suspects, end = self._suspects(self.x), self._end
        lower, *uppers = self._frontier(suspects, end)
        limit = self._proven_up_to(suspects, lower)
        if limit == self.x < lower:
            uppers = [limit + self._quarter, limit + 3 * self._quarter]
            lower = limit
        self.x = limit
        if limit < lower or lower == end:
            return
        uppers = [upper for upper in uppers if lower < upper <= end]
        if not uppers and end == self.to:
            uppers = [end]
        if uppers:
            wide = (lower + 4 ** (k + 1) * self._quarter for k in range(1, _WIDER))
            self._pass(lower, [*uppers, *(upper for upper in wide if uppers[-1] < upper <= end)])
        else:
            self._useful = False
        if self._view.window.first and self._grows_slowly():
            self._useful = False

    def _grows_slowly(self) -> bool:
        """Whether values change slowly enough with gamma at x for windows to be wide there."""
        try:
            return relative_growth(self._graph, float(self.x)) < _SLOW_GROWTH
        except NoBound:
            return False

    @property
    def _quarter(self) -> Fraction:
        """A quarter of a bracket's width; less if windows are narrow, more if floats cannot
        distinguish numbers that close.
        """
        half = Fraction(self._view.window.half_width)
        return _power_of_two(max(min(self.width / 4, half / 64), half * _RESOLVED))

    def _suspects(self, x: Fraction) -> Pairs:
        """Return the pairs that are not known to be negative from x to the window's end."""
        window = self._view.window
        ahead = [i for i, edge in enumerate(window.edges[1:]) if edge > x]
        open_still = window.suspect[:, ahead].any(axis=1) & ~self._zero
        open_still[self._loose] = False
        found: Pairs = np.flatnonzero(open_still)
        return found

    def _frontier(self, pairs: Pairs, end: Fraction) -> list[Fraction]:
        """Return where a bracket may begin, and where it may end, in the order to try.

        Around the least root, it takes up to a third of the way to the next.
        """
        guesses = self._view.window.reaches_zero(pairs, self.x, end)
        least = float(guesses.min(initial=np.inf))
        if least >= end:
            return [end]
        at, quarter = max(Fraction(least), self.x), self._quarter
        half, floor = quarter, _FINEST * self._view.window.half_width
        beyond = float(guesses[guesses > least + floor].min(initial=np.inf))
        if beyond < least + 3 * float(quarter):
            half = min(quarter, _power_of_two((Fraction(beyond) - at) / 3))
        if at:  # regions begin right of 0
            half = min(half, _power_of_two(at / 2))
        if end == self.to:  # and end there
            half = min(half, _power_of_two((end - at) / 2))
        return [max(self.x, at - half), at + half, at + quarter, at + 3 * quarter - half]

    def _proven_up_to(self, pairs: Pairs, limit: Fraction) -> Fraction:
        """Return how far, up to a limit, all pairs are proven negative."""
        if limit == self.x:
            return limit
        while len(pairs := self._view.not_negative(pairs, self.x, limit)):
            limit = self.x + (limit - self.x) / 2
            if limit - self.x < self.width / 16:
                return self.x
        return limit

    # -- brackets

    def _pass(self, lower: Fraction, uppers: list[Fraction]) -> None:
        """Pass a bracket that begins at `lower` and ends at the first suitable one of `uppers`.

        If there is none, pairs that are still in doubt are near ties from there on.
        """
        before, open_, switches = self._zero.copy(), self._loose[:0], 0
        inside, simple = before.copy(), not self._doubts
        for i, upper in enumerate(uppers):
            rising = self._view.not_negative(self._suspects(lower), lower, upper)
            inside[rising] = True
            if not switches:
                together = self._view.rise_together(rising, lower, upper)
            open_, more = self._settle(upper)
            inside[open_] = True
            switches += more
            if not len(open_) and (switches or i >= 2):
                break
            if i >= 2 and not self._view.clear_at(open_, uppers[-1]):
                break
        open_ = self._in_doubt(open_, upper)
        inside[open_] = True
        changed = bool((before != self._zero).any())
        self._doubt(open_, upper if changed else lower)
        if len(open_) and not changed:
            return  # only the near tie begins
        others = np.flatnonzero(inside & ~self._zero)
        inside[self._view.not_negative(self._suspects(lower), lower, upper)] = True
        simple = simple and together and switches == 1 and not self._doubts
        simple = simple and self._fall_together(others, lower, upper)
        self.x = upper  # only now: the time may run out in any of these, with no bracket found
        if changed or bool((inside != before).any()):
            content = ONE_BREAKPOINT if simple else NOT_SEPARATED
            self._found(lower, content, before, inside)

    def _found(self, lower: Fraction, content: str, left: Mask, inside: Mask) -> None:
        """Add a bracket that ends at x; the pairs are those optimal left of it, or in it."""
        changes = changes_of(self.model, left, inside, self._zero)
        append(self.brackets, FoundBracket(lower, self.x, content, changes))

    def _fall_together(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> bool:
        """Whether pairs that were optimal fall, and all others stay negative."""
        others = np.setdiff1d(self._suspects(lower), pairs)
        falling = (self._view.window.slopes(pairs, lower, upper) < 0).all()
        return bool(falling) and not len(self._view.not_negative(others, lower, upper))

    def _settle(self, gamma: Fraction) -> tuple[Pairs, int]:
        """Find the policy that is optimal at a gamma; return the pairs in doubt, even if all others
        are worse, and the number of policies before it. No bound allows for these pairs then.

        Raises:
            NoBound: floats cannot decide.
        """
        switches = 0
        self._make_room(self._loose[:0])
        while True:
            if gamma > self._view.window.upper:
                raise NoBound
            pairs = np.flatnonzero(self._view.window.suspect.any(axis=1) & ~self._zero)
            lower, upper = self._view.window.bounds_at(pairs, gamma)
            if not (lower > 0).any():
                break
            self._switch(pairs[lower > 0], lower[lower > 0])
            switches += 1
            self._deadline.check()
        maybe = pairs[upper >= 0]
        tied = self._view.ties.identically_zero(maybe)
        self._zero[maybe[tied]] = True
        return maybe[~tied], switches

    def _in_doubt(self, pairs: Pairs, gamma: Fraction) -> Pairs:
        """Return pairs such that, if bounds allow for them, no other pair is in doubt at a gamma.

        They grow until that is so; then those are removed that are not in doubt even so.

        Args:
            pairs: those in doubt without such an allowance.
        """
        closed = False
        if len(self._loose) > _MANY and np.isin(self._loose, pairs).any():  # most still are
            pairs = np.union1d(pairs, self._loose[~self._zero[self._loose]])
        while len(pairs):
            self._deadline.check()
            self._make_room(pairs)
            suspects = np.flatnonzero(self._view.window.suspect.any(axis=1) & ~self._zero)
            found = suspects[self._view.window.bounds_at(suspects, gamma)[1] >= 0]
            closed = closed or bool(np.isin(found, pairs).all())
            if len(found) == len(pairs) and closed:
                break
            pairs = found if closed else np.union1d(pairs, found)
        return pairs

    def _switch(self, pairs: Pairs, advantages: NDArray[np.float64]) -> None:
        """Let the best of some pairs enter the policy."""
        order = np.argsort(advantages, kind="stable")
        policy = self._policy.copy()
        policy[self.model.pair_state[pairs[order]]] = pairs[order]
        self._policy, self._graph = policy, PolicyGraph(self.model, policy, self._graph)
        affected = self._graph.affected
        touched = self.model.touching(affected)
        self._zero[touched] = False
        self._zero[policy] = True
        window = self._view.window
        try:
            self._useful &= window.update(self._graph, affected, touched)
        except NoBound:  # it may reach 1, and the new policy may never end
            if not self.x:  # what cancels at 0 is known only for the policy right of 0
                raise
            window = self._window_at_x()
        self._view = View(self._graph, window, self._deadline)

    # -- near ties

    def _doubt(self, pairs: Pairs, since: Fraction | None = None) -> None:
        """Make these pairs the near ties; new ones count from `since` on.

        Raises:
            Lost: they are too many.
        """
        since = self.x if since is None else since
        self._loose, self._doubted = pairs, self.x
        self._make_room(pairs)
        doubtful = self._zero & self._unsure()
        doubtful[pairs] = True
        states = set(self.model.pair_state[doubtful].tolist())
        self._end_ties(self._doubts.keys() - states)
        for state in states:
            _, tied = self._doubts.setdefault(state, (since, set()))
            own = self.model.pairs_of(state)
            tied.update(pair for pair in own if self._zero[pair] or doubtful[pair])
        first = self._view.window.first
        if len(states) > max(_FEW, _MOST_DOUBTFUL * self.model.n) and not first:
            n = self.model.n
            raise Lost(f"{len(states):,} of {n:,} states were in doubt, and floats tell too little")

    def _end_ties(self, states: Iterable[int]) -> None:
        """End the near ties of these states at x."""
        for state in sorted(states):
            begun, tied = self._doubts.pop(state)
            if begun < self.x:
                self.near_ties.append(FoundTie(tuple(sorted(tied)), begun, self.x))

    def _unsure(self) -> Mask:
        """Return the pairs of states with permanent ties from which near ties can be reached."""
        several = np.bincount(self.model.pair_state[self._zero], minlength=self.model.n) > 1
        ahead = np.bincount(self.model.pair_state[self._near], minlength=self.model.n) > 0
        unsure: Mask = (several & ahead)[self.model.pair_state]
        return unsure

    def _review_doubts(self) -> None:
        """Settle the near ties that have ended at x.

        Where pairs are positive, the optimal sets have changed somewhere since they began.
        """
        before = self._zero.copy()
        pairs, switches = self._settle(self.x)
        self._doubt(self._in_doubt(pairs, self.x))
        if switches:
            self._found(self.x, NOT_SEPARATED, before, before)

    def _make_room(self, doubtful: Pairs) -> None:
        """Make upper bounds allow for what the choice in near ties may add to values."""
        model, window = self.model, self._view.window
        room = Bound(np.full(model.n_pairs, -np.inf), np.zeros(model.n_pairs, dtype=np.int64))
        if len(doubtful):
            most = window.most(doubtful, self.x, self._end)
            room = room_of(model, self._zero, doubtful, most, float(self._end))
        self._near = np.isfinite(room.level)
        window.widen(room)


def _power_of_two(number: Fraction) -> Fraction:
    """Return the largest power of two that is not larger than a number in (0, 1)."""
    return Fraction(1, 2 ** int(1 / number).bit_length())
