"""One change of a state's best actions, with which planners and learners are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven


@dataclass(frozen=True)
class Flip:
    """A value of the varied number (gamma, or a line's parameter) at which the set of best actions
    changes.

    Attributes:
        at: where, exactly: a gamma, or a value of a line's parameter.
        left, right: the best actions on either side of it.
        before, after: the values between which no other action ties: the neighbouring changes or
            touches of the state, or the ends.
        high: the upper end.
    """

    at: AlgebraicNumber
    left: frozenset[int]
    right: frozenset[int]
    before: float
    after: float
    high: float = 1.0

    @property
    def leaving(self) -> list[int]:
        """The actions that are best only left of the flip."""
        return sorted(self.left - self.right)

    @property
    def entering(self) -> list[int]:
        """The actions that are best only right of the flip."""
        return sorted(self.right - self.left)

    @property
    def two_sided(self) -> bool:
        """Whether each side has an action of its own.

        Otherwise actions that differ on one side tie everywhere on the other, so that no choice
        between them distinguishes the sides.
        """
        return bool(self.leaving and self.entering)

    @property
    def room(self) -> float:
        """The distance to the nearer of `before` and `after`."""
        return min(float(self.at) - self.before, self.after - float(self.at))

    def is_right(self, choice: int) -> bool:
        """Whether a choice belongs to the right; only actions that are best on one side alone
        count."""
        if self.right - self.left:
            return choice in self.right
        return choice not in self.left - self.right

    def lowest(self, share: float) -> float:
        """Return a value left of it, `share` of the way from `before`."""
        return self.before + share * (float(self.at) - self.before)

    def highest(self, share: float, reach: float) -> float:
        """Return a value right of it, `share` of the way from `after` to it.

        Or from `reach` of the way to the upper end, if that is nearer: at a longer horizon,
        1 / (1 - gamma), values take longer to learn.
        """
        middle = float(self.at)
        end = min(self.after, middle + reach * (self.high - middle))
        return end - share * (end - middle)


def flips(found: BreakEven, low: float = 0.0, high: float = 1.0) -> Iterator[Flip]:
    """Yield the changes from low to high, in order; touches do not count."""
    ends = [low, *map(float, found.roots), high]
    for i, (root, switch) in enumerate(zip(found.roots, found.switches, strict=True)):
        if switch:
            yield Flip(root, found.best[i], found.best[i + 1], ends[i], ends[i + 2], high)
