"""The action gap of a state: the lead of its best action, as exact functions of gamma.

In a policy region with optimal set A the gap of a state is

    min over a not in A of V(gamma) - Q(a, gamma),

with V and Q quotients of integer polynomials. It shows how hard a gamma is for a learner: to see
which action is better, it has to know values to within the gap. At a breakpoint of the state the
gap is 0, and its slopes on either side say how quickly learning becomes easier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from qdecay._support.checks import RationalLike, exact
from qdecay._support.result import Record, counted
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.rational_function import RationalFunction

_BITS = 128  # 2^-128 around a breakpoint is where its slope is taken


@dataclass(frozen=True, eq=False, repr=False)
class ActionGap(Record):
    """The action gap of one state.

    Attributes:
        state: the state.
        breakpoints: those of the model, in order; region i lies between breakpoints i - 1 and i.
        behind: for each region, V - Q of every action that is not optimal there, in reward units.
            Actions with the same effect share one function.
    """

    state: int
    breakpoints: tuple[AlgebraicNumber, ...]
    behind: tuple[Mapping[int, RationalFunction], ...]

    def __call__(self, gamma: RationalLike) -> Fraction | None:
        """Return the gap at an exact gamma, 0 <= gamma < 1; None where all actions are optimal.

        >>> from qdecay.exact.regions import policy_regions
        >>> gap = policy_regions("qdecay/StayOrMove-v0").action_gap(0)  # 1 against 4 gamma^2
        >>> [str(gap(gamma)) for gamma in (0, "1/4", "1/2", "3/4")]
        ['1', '3/4', '0', '5/4']
        """
        number = exact(gamma, "gamma", "[0, 1)")
        region = sum(point < number for point in self.breakpoints)
        return min((function(number) for function in self.behind[region].values()), default=None)

    @property
    def changes(self) -> tuple[AlgebraicNumber, ...]:
        """The breakpoints at which the set of optimal actions of the state changes."""
        sides = zip(self.breakpoints, pairwise(self.behind), strict=True)
        return tuple(point for point, (left, right) in sides if left.keys() != right.keys())

    def slopes(self, index: int) -> tuple[float, float]:
        """Return the gap's slopes just left and just right of a breakpoint, per unit of gamma.

        The first is negative and the second positive where the state's set changes; 0 where no
        action leaves, or none enters.
        """
        gamma = sum(self.breakpoints[index].enclosure(_BITS), Fraction(0)) / 2
        left, right = (self._slope(self.behind[side], gamma) for side in (index, index + 1))
        return -left, right

    def _slope(self, behind: Mapping[int, RationalFunction], gamma: Fraction) -> float:
        """Return the smallest slope of the actions that tie at gamma, near gamma."""
        steep = {a: (abs(float(f(gamma))), abs(float(f.slope(gamma)))) for a, f in behind.items()}
        near = [slope for value, slope in steep.values() if value <= 2.0**-_BITS * 4 * slope]
        return min(near, default=0.0)

    def _shown(self) -> str:
        return f"state {self.state}, {counted(len(self.behind), 'region')}"
