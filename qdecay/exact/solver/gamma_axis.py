"""The discount factor as the axis of a walk; floats see most of it, in windows."""

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
from qdecay.exact.solver.window import Window, steps_ahead

_LAST_WINDOW = Fraction(1, 2**28)  # closer to 1 than this, floats are not used
_DEFLATED = Fraction(1, 2)  # farther, a pole at 1 costs little
_LAST_IF_SEVERAL = Fraction(1, 2**10)  # farther, it does where some states have several homes
_TERMS, _NARROW = 20, 4  # most pairs are farther from a tie than 3^-21; fewer windows are quicker
_FEW_PAIRS = 40  # exact polynomials of this few pairs take less time than the first windows


class GammaAxis:
    """The discount factor of one model; see `Axis`."""

    mirrored = True

    def __init__(self, model: RationalModel, *, use_floats: bool | None = None) -> None:
        self.model = model
        self._use_floats = model.n_pairs > _FEW_PAIRS if use_floats is None else use_floats
        self._near_zero: NearZero | None = None
        self._determinants = Determinants(model)

    def begin(self, deadline: Deadline) -> Beginning:
        """Return what is optimal just right of 0."""
        self._near_zero = near_zero(self.model, deadline)
        return self._near_zero

    def advantages(
        self, policy: Pairs, deadline: Deadline, previous: PolicyGraph | None = None
    ) -> PolicySeries:
        """Return the advantages under a policy."""
        return PolicySeries(self.model, policy, deadline, previous, self._determinants)

    def window(self, graph: PolicyGraph, lower: Fraction) -> AxisWindow:
        """Return a window from `lower` on.

        It proves nothing near 1 in models that never end, or with singular or huge numbers.
        """
        rest = 1 - lower
        if not self._use_floats or rest < _LAST_WINDOW:
            return TrivialWindow(self.model, lower, Fraction(1))
        try:
            if lower == 0:
                order = None if self._near_zero is None else self._near_zero.order
                return first_window(self.model, graph, order)
            homes = self._homes(graph, rest)
            half = _half_width(graph, lower, homes)
            return Window(self.model, graph, lower + half, half, homes=homes, terms=_TERMS)
        except NoBound:
            return TrivialWindow(self.model, lower, lower + (1 - lower) / 4)

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
    """Return a short dyadic h of about 1 / (_NARROW * steps ahead) with lower + 2 h <= 1.

    The number of steps grows by about 1 / (_NARROW - 1) up to the window's centre.
    """
    rest = 1 - lower
    fit = Fraction(1 / (_NARROW * steps_ahead(graph, float(lower), homes)))
    if fit > rest * Fraction(5, 12):  # a fifth wider than fits is better than one window more
        return rest / 2
    if fit < rest / 64:
        raise NoBound
    grain = 2 ** (int(1 / rest).bit_length() + 9)
    return Fraction(int(fit * grain), grain)
