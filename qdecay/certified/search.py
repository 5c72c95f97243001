"""The search for proven brackets, from gamma = 0 upwards.

At each moment a policy is proven optimal at gamma = x, and with it the pairs that tie for every
gamma. A window of floats with radii (`qdecay.exact.solver.window`) then bounds all advantages on an
interval that begins at x. Up to where the first upper bound is no longer negative the optimal sets
are proven constant. There a bracket begins. Beyond it, pairs whose lower bound is positive enter
the policy, until all upper bounds are negative again, but for pairs that tie for ever: the bracket
ends.

A pair that is neither, over more than the width, is a *near tie*. Which policy is optimal is then
not known, so that all other bounds must have room for it (see `_room`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.certified.result import NOT_SEPARATED, ONE_BREAKPOINT
from qdecay.certified.ties import Ties
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.window import Window

Pairs = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Proven(NamedTuple):
    """What is optimal on an interval.

    Attributes:
        policy: a pair for each state.
        optimal: (N,) all pairs that tie with it for every gamma, its own included.
    """

    policy: Pairs
    optimal: Mask


class FoundBracket(NamedTuple):
    """A bracket: its ends, its content, what may be optimal inside, and what is right of it."""

    lower: Fraction
    upper: Fraction
    content: str
    inside: Mask
    right: Proven


class FoundTie(NamedTuple):
    """Pairs of one state that could not be told apart, and where."""

    pairs: tuple[int, ...]
    lower: Fraction
    upper: Fraction


_ACCURACY = 2.0**-52
_TERMS = 20  # powers of tau in a window: beyond them is less than rounding, 6^-21
_MOST_DOUBTFUL = 0.25  # near ties, for each state, beyond which floats tell too little
_SWEEPS = 200  # of values at gamma = 1/2, by which states that are alike are found
_WIDER = 13  # brackets may be wider than asked for, four times, sixteen times, ..
_FINEST = 2.0**-36  # roots closer than this part of half a window are not told apart


class Lost(Exception):
    """Floats do not tell how to go on."""


class Search:
    """The state of the search.

    Attributes:
        width: of brackets, at most.
        to: where to end.
        x: everything up to here is proven, or in a bracket, or a near tie.
        first: what is optimal right of 0.
        brackets, near_ties: what was found so far.
    """

    def __init__(
        self,
        model: RationalModel,
        width: Fraction,
        to: Fraction,
        deadline: Deadline,
        report: Callable[[Fraction, int], None],
    ) -> None:
        """`report` is told where the search is, and how many brackets it has found.

        Raises:
            BudgetExceeded: the time was up before the sets right of 0 were known.
        """
        self.model, self.width, self.to = model, width, to
        self._deadline, self._report = deadline, report
        self._axis = GammaAxis(model, use_floats=True, terms=_TERMS, accuracy=_ACCURACY)
        beginning = self._axis.begin(deadline, self._ties_near_zero)
        self._policy, self._zero = beginning.policy, beginning.zero.copy()
        self._zero[self._policy] = True
        self.x, self.first = Fraction(0), self._now()
        self.brackets: list[FoundBracket] = []
        self.near_ties: list[FoundTie] = []
        self._graph = PolicyGraph(model, self._policy)
        self._doubtful: dict[int, Fraction] = {}
        self._quarter = _power_of_two(width / 4)

    def _ties_near_zero(self, policy: Pairs, pairs: Pairs) -> Mask:
        graph, v = PolicyGraph(self.model, policy), np.zeros(self.model.n)
        for _ in range(_SWEEPS):
            v = self.model.r[policy] + 0.5 * (graph.p @ v)
        return Ties(self.model, graph, v[:, None], self._deadline).identically_zero(pairs)

    def _now(self) -> Proven:
        return Proven(self._policy, self._zero.copy())

    def run(self) -> None:
        """Go on to the end, or as far as floats tell anything.

        Raises:
            BudgetExceeded: the time is up.
        """
        try:
            while self.x < self.to:
                self._along_window()
        except Lost:
            pass
        finally:
            self._end_ties(set(self._doubtful))

    def _along_window(self) -> None:
        """Go on to the end of a new window, or until it is of no use.

        Raises:
            Lost: it is of none.
        """
        begun = self.x
        self._look(begun)
        end = min(self._window.upper, self.to)
        try:
            while self.x < end and self._useful:
                self._advance(end)
                self._deadline.check()
                self._report(self.x, len(self.brackets))
        except NoBound:
            pass
        if self.x == begun:
            raise Lost

    def _look(self, x: Fraction) -> None:
        """Take a new window that begins at x or a little before.

        Raises:
            Lost: there is none.
        """
        window = self._axis.window(self._graph, rounded_down(x))
        if not isinstance(window, Window) or not window.upper > x:
            raise Lost
        self._window, self._useful = window, True
        self._ties = Ties(self.model, self._graph, window.values, self._deadline)
        if self._doubtful:
            self._review_doubts()

    def _advance(self, end: Fraction) -> None:
        """Go on to the next bracket and over it, or to the end."""
        pairs = np.array(list(self._doubtful), dtype=np.int64)
        if len(pairs):
            low, high = self._window.bounds_at(pairs, self.x)
            if ((low > 0) | (high < 0)).any():
                self._review_doubts()
        window, suspects = self._window, self._suspects()
        guesses = window.reaches_zero(suspects, self.x, end)
        frontier = self._frontier(guesses, end)
        limit = self._proven_up_to(suspects, frontier[0])
        if limit == self.x < frontier[0]:
            frontier = [limit, limit + self._quarter, limit + 3 * self._quarter]
        wide = (frontier[-1] + 4**k * self._quarter for k in range(1, _WIDER))
        self.x = limit
        if limit == frontier[0] < end:
            self._pass(*frontier, *(upper for upper in wide if upper < end))

    def _suspects(self, x: Fraction | None = None) -> Pairs:
        """Return the pairs that are not known to be negative from x to the window's end."""
        window, x = self._window, self.x if x is None else x
        ahead = [i for i, edge in enumerate(window.edges[1:]) if edge > x]
        open_still = window.suspect[:, ahead].any(axis=1) & ~self._zero
        open_still[list(self._doubtful)] = False
        found: Pairs = np.flatnonzero(open_still)
        return found

    def _frontier(self, guesses: NDArray[np.float64], end: Fraction) -> list[Fraction]:
        """Return where a bracket may begin, and where it may end, in the order to be tried.

        Around the least guess, it takes up to a third of the way to the next.
        """
        least = float(guesses.min(initial=np.inf))
        if least >= end:
            return [end]
        at, quarter = Fraction(least), self._quarter
        half, floor = quarter, _FINEST * self._window.half_width
        beyond = float(guesses[guesses > least + floor].min(initial=np.inf))
        if beyond < least + 3 * float(quarter):
            half = min(quarter, _power_of_two((Fraction(beyond) - at) / 3))
        return [max(self.x, at - half), at + half, at + quarter, at + 3 * quarter - half]

    def _proven_up_to(self, pairs: Pairs, limit: Fraction) -> Fraction:
        """Return how far, up to a limit, all pairs are proven negative."""
        if limit == self.x:
            return limit
        pairs = pairs[self._window.suspects_on(pairs, self.x, limit)]
        while len(pairs := self._not_negative(pairs, self.x, limit)):
            limit = self.x + (limit - self.x) / 2
            if limit - self.x < self.width / 16:
                return self.x
        return limit

    def _not_negative(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Pairs:
        """Return the pairs that are not proven negative on [lower, upper]."""
        negative = self._window.negative_on
        return np.array(
            [p for p in pairs.tolist() if not negative(p, lower, upper)], dtype=np.int64
        )

    # -- brackets

    def _pass(self, lower: Fraction, *uppers: Fraction) -> None:
        """Go over a bracket that begins at `lower` and ends at the first of `uppers` that serves.

        If none does, pairs that are still in doubt are near ties from there on.
        """
        before, doubtful, switches = self._now(), np.zeros(0, dtype=np.int64), 0
        inside = self._not_negative(self._suspects(), lower, uppers[0])
        simple = self._rise_together(inside, lower, uppers[0])
        old = before.optimal.copy()
        old[inside] = True
        for upper in uppers:
            doubtful, more = self._settle(upper)
            switches += more
            simple = simple and switches == 1
            if switches and not len(doubtful):
                break
        self._doubt(doubtful, lower if switches == 0 else upper)
        changed = bool((before.optimal != self._zero).any())
        if len(doubtful) and not changed:
            return  # only the near tie begins
        self.x = upper
        if changed or len(inside):
            simple = simple and self._fall_together(np.flatnonzero(old & ~self._zero), lower, upper)
            content = ONE_BREAKPOINT if simple else NOT_SEPARATED
            self.brackets.append(FoundBracket(lower, upper, content, old | self._zero, self._now()))

    def _rise_together(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> bool:
        """Whether all pairs become positive at one gamma of the interval, and at no other."""
        if not len(pairs) or not (self._window.slopes(pairs, lower, upper) > 0).all():
            return False
        one, *others = pairs.tolist()
        return all(self._ties.same_roots(one, pair) for pair in others)

    def _fall_together(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> bool:
        """Whether pairs that were optimal fall, and all that never were stay negative."""
        others = np.setdiff1d(self._suspects(lower), pairs)
        falling = (self._window.slopes(pairs, lower, upper) < 0).all()
        return bool(falling) and not len(self._not_negative(others, lower, upper))

    def _settle(self, gamma: Fraction) -> tuple[Pairs, int]:
        """Find the policy that is optimal at a gamma; return the pairs in doubt, and how many
        policies came before it."""
        switches = 0
        while True:
            pairs = np.flatnonzero(self._window.suspect.any(axis=1) & ~self._zero)
            lower, upper = self._window.bounds_at(pairs, gamma)
            if not (lower > 0).any():
                break
            self._switch(pairs[lower > 0], lower[lower > 0])
            switches += 1
        pairs = pairs[upper >= 0]
        tied = self._ties.identically_zero(pairs)
        self._zero[pairs[tied]] = True
        return pairs[~tied], switches

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
        self._useful &= self._window.update(self._graph, affected, touched)
        self._ties = Ties(self.model, self._graph, self._window.values, self._deadline)

    # -- near ties

    def _doubt(self, pairs: Pairs, since: Fraction) -> None:
        """Take these pairs for the near ties, from here on."""
        self._end_ties(self._doubtful.keys() - set(pairs.tolist()))
        if len(pairs) > _MOST_DOUBTFUL * self.model.n and not self._window.first:
            raise Lost
        if len(pairs):
            self._doubtful = {pair: self._doubtful.get(pair, since) for pair in pairs.tolist()}
            self._make_room(self._doubtful)

    def _review_doubts(self) -> None:
        """Settle the near ties that are none any more at x.

        Those whose pairs are negative there, whatever the rest of them is worth, have ended. Where
        pairs are positive, the optimal sets have changed somewhere since the near tie began.
        """
        before, doubtful = self._now(), np.array(list(self._doubtful), dtype=np.int64)
        self._make_room(())
        pairs, switches = self._settle(self.x)
        left, more = set[int](), set(pairs.tolist())
        while more - left:
            left |= more
            self._make_room(left)
            upper = self._window.bounds_at(doubtful, self.x)[1]
            more = set(doubtful[~((upper < 0) | self._zero[doubtful])].tolist())
        self._end_ties(self._doubtful.keys() - left)
        self._doubtful |= dict.fromkeys(left - self._doubtful.keys(), self.x)
        if switches:
            both = before.optimal | self._zero
            self.brackets.append(FoundBracket(self.x, self.x, NOT_SEPARATED, both, self._now()))

    def _end_ties(self, pairs: set[int]) -> None:
        """End the near ties of these pairs at x."""
        for pair in sorted(pairs):
            since = self._doubtful.pop(pair)
            if since < self.x:
                own = self.model.pairs_of(int(self.model.pair_state[pair]))
                tied = (p for p in own if p == pair or self._zero[p])
                self.near_ties.append(FoundTie(tuple(tied), since, self.x))

    def _make_room(self, doubtful: Iterable[int]) -> None:
        """Let bounds allow for values that the choice in near ties may add.

        If no near tie's advantage is above eps up to the window's end, and d moves at least lead
        from s to one of them, whatever is chosen, then for every gamma there

            V*(s) - V(s) <= D(s) = eps gamma^d / (1 - gamma),

        since D(s) >= eps + gamma max p D where d = 0, and D(s) >= gamma max p D elsewhere.
        """
        model, window = self.model, self._window
        pairs = np.array(list(doubtful), dtype=np.int64)
        room = np.zeros(model.n_pairs)
        if len(pairs):
            end = min(window.upper, self.to)
            gamma, most = float(end), float(window.most(pairs, self.x, end).max())
            ahead = _moves_to(model, model.pair_state[pairs])[model.p.indices]
            least = np.full(model.n_pairs, np.inf)
            rows = np.flatnonzero(np.diff(model.p.indptr))
            least[rows] = np.minimum.reduceat(ahead, model.p.indptr[rows])
            room = 1.001 * most / (1 - gamma) * gamma ** (least + 1)
        window.widen(room)


def _moves_to(model: RationalModel, states: Pairs) -> NDArray[np.float64]:
    """Return how many moves at least lead from each state to one of some; inf: none do."""
    moves = np.full(model.n, np.inf)
    moves[states] = front = 0
    reached = np.isfinite(moves)
    while reached.any():
        front += 1
        leads = np.zeros(model.n, dtype=np.bool_)
        leads[model.pair_state[model.p @ reached.astype(float) > 0]] = True
        reached = leads & ~np.isfinite(moves)
        moves[reached] = front
    return moves


def _power_of_two(number: Fraction) -> Fraction:
    """Return the largest power of two that is not larger than a number in (0, 1)."""
    return Fraction(1, 2 ** int(1 / number).bit_length())


def rounded_down(value: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below a value in (0, 1)."""
    grain = 2 ** (int(1 / (1 - value)).bit_length() + 12)
    return Fraction(int(value * grain), grain)
