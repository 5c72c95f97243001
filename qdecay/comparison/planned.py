"""Where value iteration's greedy action flips, by bisection with proven gaps.

Value iteration returns q with |q - q*| <= error. A gamma, or a value of a line's parameter, lies
left of a flip where some action that is best on the left alone beats all that are best on the right
alone by more than 2 error, and right of it the other way round; in between the error leaves it
open, and rounding never decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qdecay.comparison.flip import Flip
from qdecay.comparison.moving import Moving
from qdecay.errors import NotConverged
from qdecay.planning import Solution, value_iteration

_WIDTH = 2.0**-50  # of a bracket, as a share of the range; below it rounding decides
_REACH = 0.5  # of the way to the upper end: near gamma = 1 the error grows
_INSIDE = 0.5  # where the search begins, from the neighbouring changes to the flip


@dataclass(frozen=True)
class PlannedFlip:
    """Two values between which the greedy action flips, one proven left and one right of the
    flip."""

    low: float
    high: float

    @property
    def at(self) -> float:
        """The middle of the two."""
        return (self.low + self.high) / 2

    @property
    def error(self) -> float:
        """How far the flip may be from the middle."""
        return (self.high - self.low) / 2


class Planner:
    """Value iteration at one state, for all values of a number."""

    def __init__(
        self, moving: Moving, state: int, check: Callable[[], None] = lambda: None
    ) -> None:
        """`check` is called before each solution, and may raise."""
        self.moving, self.state, self.check = moving, state, check

    def solution(self, x: float) -> Solution:
        """Return values down to rounding."""
        self.check()
        try:
            return value_iteration(self.moving.model(x), self.moving.gamma(x), tol=None)
        except NotConverged as stopped:
            best: Solution = stopped.best
            return best

    def side(self, flip: Flip, x: float) -> int:
        """Return -1 left of a flip, 1 right of it, 0 where the error leaves it open."""
        found = self.solution(x)
        q = found.q[self.state]
        lead = q[flip.entering].max() - q[flip.leaving].max()
        return 0 if abs(lead) <= 2 * found.error else 1 if lead > 0 else -1

    def flip(self, flip: Flip) -> PlannedFlip | None:
        """Return the bracket of a flip; None where the planner does not flip there."""
        if not flip.two_sided:
            return None
        low, high = flip.lowest(_INSIDE), flip.highest(_INSIDE, _REACH)
        if (self.side(flip, low), self.side(flip, high)) != (-1, 1):
            return None
        width = _WIDTH * self.moving.span
        last = _edge(lambda x: self.side(flip, x) == -1, low, high, width)
        first = _edge(lambda x: self.side(flip, x) == 1, high, last, width)
        return PlannedFlip(last, first)

    def better(self, x: float, best: frozenset[int]) -> int | None:
        """Return an action outside `best` that is proven better than all of it, or None."""
        found = self.solution(x)
        q = found.q[self.state]
        top = int(q.argmax())
        return None if q[sorted(best)].max() >= q[top] - 2 * found.error else top


def _edge(holds: Callable[[float], bool], inside: float, outside: float, width: float) -> float:
    """Return the value nearest to `outside` for which `holds`, which does at `inside`."""
    while abs(outside - inside) > width:
        middle = (inside + outside) / 2
        if middle in (inside, outside):
            break
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
