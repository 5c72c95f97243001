"""The discount factor as the axis of a walk; floats see most of it, in windows."""

from __future__ import annotations

from fractions import Fraction

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.at_one import not_positive_at_one
from qdecay.exact.solver.axis import AxisWindow, Beginning, Mask, NoBound, Pairs, TrivialWindow
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.near_zero import NearZero, ProvesTies, near_zero
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.window import ORDER, Window, relative_growth, steps_ahead

_LAST_WINDOW = Fraction(1, 2**28)  # closer to 1 than this, floats are not used
_DEFLATED = Fraction(1, 2)  # farther, a pole at 1 costs little
_LAST_IF_SEVERAL = Fraction(1, 2**10)  # farther, it does where some states have several homes
_FIRST_WINDOWS = 0.5, 0.25, 0.125, 0.0625
_FEW_PAIRS = 40  # exact polynomials of this few pairs take less time than the first windows


class GammaAxis:
    """The discount factor of one model; see `Axis`."""

    mirrored = True

    def __init__(
        self,
        model: RationalModel,
        *,
        use_floats: bool | None = None,
        terms: int = ORDER,
        relative: bool = False,
    ) -> None:
        """`terms` are those of windows, which may be narrow enough to be accurate in each state."""
        self.model, self._terms, self._relative = model, terms, relative
        self._use_floats = model.n_pairs > _FEW_PAIRS if use_floats is None else use_floats
        self._near_zero: NearZero | None = None

    def begin(self, deadline: Deadline, ties: ProvesTies | None = None) -> Beginning:
        """Return what is optimal just right of 0; `ties` is that of `near_zero`."""
        self._near_zero = near_zero(self.model, deadline, ties)
        return self._near_zero

    def advantages(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> PolicySeries:
        """Return the advantages under a policy."""
        return PolicySeries(self.model, policy, deadline, previous)

    def window(self, graph: PolicyGraph, lower: Fraction) -> AxisWindow:
        """Return a window from `lower` on.

        It proves nothing near 1 in models that never end, or with singular or huge numbers.
        """
        rest = 1 - lower
        if not self._use_floats or rest < _LAST_WINDOW:
            return TrivialWindow(self.model, lower, Fraction(1))
        try:
            if lower == 0:
                return self._first_window(graph)
            homes = self._homes(graph, rest)
            half = _half_width(graph, lower, homes)
            if self._relative:
                half = min(half, _short(Fraction(1 / relative_growth(graph, float(lower))), rest))
            return Window(self.model, graph, lower + half, half, homes=homes, terms=self._terms)
        except NoBound:
            return TrivialWindow(self.model, lower, lower + (1 - lower) / 4)

    def _first_window(self, graph: PolicyGraph) -> FirstWindow:
        order = None if self._near_zero is None else self._near_zero.order
        for half in _FIRST_WINDOWS:
            try:
                window = FirstWindow(self.model, graph, half, order)
            except NoBound:  # numbers are smaller in a narrower one
                continue
            if window.useful:
                return window
        raise NoBound

    def _homes(self, graph: PolicyGraph, rest: Fraction) -> Homes | None:
        """Return the homes that a window needs, if it does."""
        if rest > _DEFLATED:
            return None
        homes = Homes.of(graph)
        if not len(homes.references) or (rest >= _LAST_IF_SEVERAL and homes.several.any()):
            return None
        return homes

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


def _half_width(graph: PolicyGraph, lower: Fraction, homes: Homes | None) -> Fraction:
    """Return a short dyadic h of about 1 / (7 steps ahead) with lower + 2 h <= 1.

    The number of steps grows by about 1/6 up to the window's centre.
    """
    rest = 1 - lower
    fit = Fraction(1 / (7 * steps_ahead(graph, float(lower), homes)))
    if fit > rest / 3:
        return rest / 2
    if fit < rest / 64:
        raise NoBound
    return _short(fit, rest)


def _short(number: Fraction, rest: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below one that is not far below `rest`."""
    grain = 2 ** (int(1 / rest).bit_length() + 9)
    return max(Fraction(int(number * grain), grain), Fraction(1, grain))
