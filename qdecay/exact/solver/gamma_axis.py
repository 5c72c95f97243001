"""The discount factor as the axis of a walk; floats settle most of it, in windows."""

from __future__ import annotations

from fractions import Fraction

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.at_one import not_positive_at_one
from qdecay.exact.solver.axis import AxisWindow, Beginning, Mask, NoBound, Pairs, TrivialWindow
from qdecay.exact.solver.determinant import Determinants
from qdecay.exact.solver.first_window import first_window
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.near_zero import NearZero, near_zero
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.window import Window

_LAST_WINDOW = Fraction(1, 2**28)  # closer to 1 than this, floats are not used
_DEFLATED = Fraction(1, 2)  # farther, a pole at 1 costs little
_TERMS = 20  # more would help in few windows
_MOST_HALVINGS = 5  # of the rest up to 1, for a window: narrower ones are useless
ACCURACY = 1e-4  # of windows: with less, too many advantages of far states seem to reach 0
_FEW_PAIRS = 40  # exact polynomials of this few pairs take less time than the first windows


class GammaAxis:
    """The discount factor of one model; see `Axis`."""

    mirrored = True

    def __init__(
        self,
        model: RationalModel,
        *,
        use_floats: bool | None = None,
        begin_at: tuple[Fraction, Beginning] | None = None,
    ) -> None:
        """`begin_at` is a gamma inside at which no optimal set changes, and what is optimal."""
        self.model = model
        self.low = Fraction(0) if begin_at is None else begin_at[0]
        self._given = None if begin_at is None else begin_at[1]
        self._use_floats = model.n_pairs > _FEW_PAIRS if use_floats is None else use_floats
        self._near_zero: NearZero | None = None
        self._halvings = 1  # of what is left up to 1: where to begin, as the latest window was
        self._determinants = Determinants(model)

    def begin(self, deadline: Deadline) -> Beginning:
        """Return what is optimal just right of where the walk begins."""
        if self._given is not None:
            return self._given
        self._near_zero = near_zero(self.model, deadline)
        return self._near_zero

    def advantages(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> PolicySeries:
        """Return the advantages under a policy."""
        return PolicySeries(self.model, policy, deadline, previous, self._determinants)

    def window(self, graph: PolicyGraph, lower: Fraction) -> AxisWindow:
        """Return a window from `lower` on.

        It proves nothing very close to 1, or if numbers are singular or huge.
        """
        rest = 1 - lower
        if not self._use_floats or rest < _LAST_WINDOW:
            return TrivialWindow(self.model, lower, Fraction(1))
        if lower == 0:
            return self._first(graph)
        homes = self._homes(graph, rest)
        for halvings in range(self._halvings, _MOST_HALVINGS + 1):
            half = _short(rest / 2 ** (halvings + 1), rest)
            try:
                window = Window(
                    self.model,
                    graph,
                    lower + half,
                    half,
                    terms=_TERMS,
                    homes=homes,
                    accuracy=ACCURACY,
                )
            except NoBound:
                continue
            has_room = window.strain * 2.0 ** (_TERMS + 1) <= 1
            self._halvings = max(halvings - has_room, 0)
            return window
        return TrivialWindow(self.model, lower, lower + rest / 4)

    def _first(self, graph: PolicyGraph) -> AxisWindow:
        """Return a window right of 0."""
        order = None if self._near_zero is None else self._near_zero.order
        try:
            return first_window(self.model, graph, order)
        except NoBound:
            return TrivialWindow(self.model, Fraction(0), Fraction(1, 4))

    def _homes(self, graph: PolicyGraph, rest: Fraction) -> Homes | None:
        """Return the homes if a window needs them."""
        if rest > _DEFLATED or graph.ends_everywhere:
            return None
        homes = Homes.of(graph)
        return homes if len(homes.references) else None

    def optimal(self, advantages: PolicySeries, zero: Mask, deadline: Deadline) -> Mask:
        """Return the pairs that tie with the policy."""
        return zero.copy()

    def optimal_at(
        self, x: AlgebraicNumber, advantages: PolicySeries, zero: Mask, deadline: Deadline
    ) -> Mask:
        """Return the pairs that tie with the policy at a gamma."""
        return zero

    def not_positive_at_one(self, graph: PolicyGraph, pairs: Pairs, deadline: Deadline) -> Mask:
        """Return which pairs have an advantage <= 0 at gamma = 1; False if nothing is known."""
        return not_positive_at_one(graph, pairs, deadline)


def _short(number: Fraction, rest: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below one that is not far below `rest`."""
    if 2 * number == rest:
        return number
    grain = 2 ** (int(1 / rest).bit_length() + 9)
    return Fraction(int(number * grain), grain)
