"""The axis of a walk, from 0 to 1: the discount factor, or the position along a model line.

An axis gives the advantages of a policy as exact functions of a number x, and perhaps windows in
which floats prove most of them negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np
from flint import fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.straight import Straight

Pairs = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Advantages(Protocol):
    """The advantages of all pairs under one policy, as functions of x."""

    @property
    def model(self) -> RationalModel:
        """The pairs."""

    @property
    def graph(self) -> PolicyGraph:
        """The policy's graph."""

    def numerator(self, pair: int) -> fmpz_poly | Straight:
        """Return a polynomial with the sign of the pair's advantage for 0 < x < 1; 0 for a tie."""

    def identically_zero(self, pairs: Pairs) -> Mask:
        """Return which pairs have advantage 0 for every x."""

    def request(self, pairs: Pairs) -> None:
        """Announce whose numerators are needed next."""


class AxisWindow(Protocol):
    """An interval of x, in boxes, on which most advantages are known to be negative.

    Attributes:
        edges: of the boxes, from `lower` to `upper`.
        suspect: (N, boxes) False where a pair's advantage is proven negative on the box.
        passed: the number of boxes, from the left, that are no longer needed.
    """

    lower: Fraction
    upper: Fraction
    edges: list[Fraction]
    suspect: Mask
    passed: int

    def negative_on(self, pair: int, lower: Fraction, upper: Fraction) -> bool:
        """Return True only if the pair's advantage is negative on all of [lower, upper]."""

    def suspects_on(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Mask:
        """Return False for pairs whose advantage is negative on all of [lower, upper]."""

    def slopes(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Pairs:
        """Return -1 or 1 where the advantage's derivative has that sign on all of the interval."""

    def estimates(self, pairs: Pairs, box: int) -> NDArray[np.float64]:
        """Guess where in a box each pair's advantage first reaches 0; inf: nowhere."""

    def update(self, graph: PolicyGraph, affected: Mask, touched: Mask) -> bool:
        """Adapt to a new policy; return whether the window is still useful.

        Args:
            graph: the policy's.
            affected: (n,) the states whose value changes.
            touched: (N,) the pairs whose advantage changes.

        Raises:
            NoBound: floats no longer prove anything.
        """


_Advantages = TypeVar("_Advantages", bound=Advantages)


@dataclass(frozen=True)
class Beginning:
    """What is optimal just right of where a walk begins.

    Attributes:
        policy: a pair for each state.
        zero: (N,) the pairs whose advantage under it vanishes identically.
    """

    policy: Pairs
    zero: Mask


class Axis(Protocol[_Advantages]):
    """The number that a walk moves from 0 to 1.

    Attributes:
        model: the pairs.
        low: where the walk begins, 0 or a number inside at which no optimal set changes.
        mirrored: whether two pairs of one state have advantages of opposite sign under the two
            policies that differ only in them, and a pair that is worse at a point than the optimal
            ones is worse under every policy that is optimal there.
    """

    model: RationalModel
    low: Fraction
    mirrored: bool

    def begin(self, deadline: Deadline) -> Beginning:
        """Return what is optimal just right of `low`."""

    def advantages(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> _Advantages:
        """Return the advantages under a policy; `previous` is the graph of a similar one."""

    def window(self, graph: PolicyGraph, lower: Fraction) -> AxisWindow:
        """Return a window from `lower` on, as wide as floats allow; it may reach 1.

        If floats prove nothing, every pair is suspect in it: the walk is slower, but its result is
        the same.
        """

    def optimal(self, advantages: _Advantages, zero: Mask, deadline: Deadline) -> Mask:
        """Return which pairs are optimal in a region, under a policy that is.

        Args:
            zero: (N,) the pairs whose advantage vanishes identically.
        """

    def optimal_at(
        self, x: AlgebraicNumber, advantages: _Advantages, zero: Mask, deadline: Deadline
    ) -> Mask:
        """Return which pairs are optimal at x, under a policy that is optimal beside it.

        Args:
            zero: (N,) the pairs whose advantage is 0 at x.
        """

    def not_positive_at_one(self, graph: PolicyGraph, pairs: Pairs, deadline: Deadline) -> Mask:
        """Return which pairs have an advantage <= 0 at 1; False also if nothing is known."""


class NoBound(ArithmeticError):
    """The floats prove nothing here: singular, too ill-conditioned, or out of range."""


class TrivialWindow:
    """The window that proves nothing: every pair is suspect everywhere on it."""

    def __init__(self, model: RationalModel, lower: Fraction, upper: Fraction) -> None:
        self.lower, self.upper, self.edges = lower, upper, [lower, upper]
        self.suspect, self.passed = np.ones((model.n_pairs, 1), dtype=np.bool_), 0

    def negative_on(self, pair: int, lower: Fraction, upper: Fraction) -> bool:
        """Return False: nothing is known."""
        return False

    def suspects_on(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Mask:
        """Return True throughout."""
        return np.ones(len(pairs), dtype=np.bool_)

    def slopes(self, pairs: Pairs, lower: Fraction, upper: Fraction) -> Pairs:
        """Return no answer."""
        return np.zeros(len(pairs), dtype=np.int64)

    def estimates(self, pairs: Pairs, box: int) -> NDArray[np.float64]:
        """Return no guess."""
        return np.full(len(pairs), np.inf)

    def update(self, graph: PolicyGraph, affected: Mask, touched: Mask) -> bool:
        """Discard exact results for pairs that a new policy changes."""
        self.suspect[touched] = True
        return True
