"""What one window of a search shows: which advantages are negative, and where they change sign."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from qdecay._support.deadline import Deadline
from qdecay.certified.ties import Ties
from qdecay.exact.solver.axis import Pairs
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.window import Window

_SPLITS = 6  # of an interval, for many pairs at once
_FEW, _MANY = 8, 100  # pairs: up to 8 are examined one by one, and none if more than 100


class View:
    """The advantages under one policy, through a window.

    Attributes:
        window: the window.
        ties: which advantages are equal for every gamma.
    """

    def __init__(self, graph: PolicyGraph, window: Window, deadline: Deadline) -> None:
        self.window, self._deadline = window, deadline
        self.ties = Ties(graph.model, graph, window.values, deadline)

    def not_negative(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Pairs:
        """Return the pairs that are not proven negative on [lower, upper]."""
        found, waiting = set[int](), [(lower, upper, pairs, 0)]
        while waiting:
            self._deadline.check()
            start, end, some, splits = waiting.pop()
            some = np.array([pair for pair in some.tolist() if pair not in found], dtype=np.int64)
            some = some[self.window.suspects_on(some, start, end)]
            if len(some) <= _FEW or splits == _SPLITS:
                left = some.tolist()
                if len(left) <= _MANY:
                    left = [pair for pair in left if not self.window.negative_on(pair, start, end)]
                found.update(self._not_falling(left, start, end))
            else:
                middle = (start + end) / 2
                waiting += [(start, middle, some, splits + 1), (middle, end, some, splits + 1)]
        return np.array(sorted(found), dtype=np.int64)

    def _not_falling(self, pairs: list[int], lower: Fraction, upper: Fraction) -> list[int]:
        """Return the pairs that are not negative at both ends and monotone between."""
        some = np.array(pairs, dtype=np.int64)
        if not len(some):
            return pairs
        ends = [self.window.bounds_at(some, end)[1] < 0 for end in (lower, upper)]
        monotone = self.window.slopes(some, lower, upper) != 0
        left: list[int] = some[~(ends[0] & ends[1] & monotone)].tolist()
        return left

    def clear_at(self, pairs: Pairs, x: Fraction) -> bool:
        """Whether the sign of some pair's advantage is known at x."""
        low, high = self.window.bounds_at(pairs, x)
        return bool(((low > 0) | (high < 0)).any())

    def rise_together(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> bool:
        """Whether all pairs become positive at one gamma of the interval, and at no other."""
        if not len(pairs) or not (self.window.slopes(pairs, lower, upper) > 0).all():
            return False
        one, *others = pairs.tolist()
        return all(self.ties.share_a_root(one, pair, lower, upper) for pair in others)
