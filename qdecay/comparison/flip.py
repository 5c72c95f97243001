"""One change of a state's best actions, as planners and learners are held against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven


@dataclass(frozen=True)
class Flip:
    """A gamma at which the set of best actions changes.

    Attributes:
        gamma: where, exactly.
        left, right: the best actions on either side of it.
        before, after: the gammas between which no other action ties: the neighbouring changes or
            touches of the state, or 0 and 1.
    """

    gamma: AlgebraicNumber
    left: frozenset[int]
    right: frozenset[int]
    before: float
    after: float

    @property
    def leaving(self) -> list[int]:
        """The actions that are best left of it only."""
        return sorted(self.left - self.right)

    @property
    def entering(self) -> list[int]:
        """The actions that are best right of it only."""
        return sorted(self.right - self.left)

    @property
    def two_sided(self) -> bool:
        """Whether each side has an action of its own.

        Otherwise actions that differ on one side tie on the whole of the other, and no choice of
        one of them tells the sides apart.
        """
        return bool(self.leaving and self.entering)

    @property
    def room(self) -> float:
        """The distance to the nearer of `before` and `after`."""
        return min(float(self.gamma) - self.before, self.after - float(self.gamma))

    def is_right(self, choice: int) -> bool:
        """Whether a choice belongs to the right: only actions best on one side alone decide."""
        if self.right - self.left:
            return choice in self.right
        return choice not in self.left - self.right

    def lowest(self, share: float) -> float:
        """Return a gamma left of it, `share` of the way from `before`."""
        return self.before + share * (float(self.gamma) - self.before)

    def highest(self, share: float, reach: float) -> float:
        """Return a gamma right of it, `share` of the way from `after` to it.

        Or from `reach` of the way to 1, if that is nearer: at a longer horizon, 1 / (1 - gamma),
        values take longer to learn.
        """
        middle = float(self.gamma)
        end = min(self.after, middle + reach * (1 - middle))
        return end - share * (end - middle)


def flips(found: BreakEven) -> Iterator[Flip]:
    """Yield the changes, in order of gamma; touches are none."""
    ends = [0.0, *map(float, found.roots), 1.0]
    for i, (root, switch) in enumerate(zip(found.roots, found.switches, strict=True)):
        if switch:
            yield Flip(root, found.best[i], found.best[i + 1], ends[i], ends[i + 2])
