"""The windows for certified regions: how wide, and with how many terms."""

from __future__ import annotations

import math
from fractions import Fraction

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.growth import relative_growth, steps_ahead
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.window import Window

_BELOW = 2.0**-54  # of a value: what later terms may leave out
_TERMS = range(4, 21)
_LAST_WITH_POLE = Fraction(1, 2**10)  # closer to 1, a pole there costs too many digits
_MOST_TRIES = 4


def window_at(
    model: RationalModel, graph: PolicyGraph, x: Fraction, longest: Fraction, deadline: Deadline
) -> Window:
    """Return a window that begins at 0 < x < 1, or a little before.

    With h half its width, S about the steps ahead and R about the largest slope of a value relative
    to it, later terms are about (7/6 h S)^(K + 1) of the values, and (h R)^(K + 1) / (K + 1)! in
    states from which rewards are far. Windows are not wider than K = 20 allows.

    Args:
        longest: its largest length.

    Raises:
        NoBound: floats prove nothing.
        BudgetExceeded: the time is up.
    """
    lower = _rounded_down(x)
    rest, at = 1 - lower, float(lower)
    homes, steps = _steps(graph, at)
    deadline.check()
    relative = relative_growth(graph, at)
    deadline.check()
    fit = Fraction(min(1 / (7 * steps), 1 / relative, float(longest) / 2))
    half = rest / 2 if fit > rest / 3 else _short(fit, rest)
    for _ in range(_MOST_TRIES):
        try:
            terms = _terms(7 / 6 * float(half) * steps, float(half) * relative)
            return Window(
                model, graph, lower + half, half, homes=homes, terms=terms, deadline=deadline
            )
        except NoBound:
            half = _short(half / 4, rest)
    raise NoBound


def _steps(graph: PolicyGraph, gamma: float) -> tuple[Homes | None, float]:
    """Return the homes if they help, and the steps ahead."""
    steps = steps_ahead(graph, gamma)
    if gamma < 0.5:
        return None, steps
    homes = Homes.of(graph)
    near = 1 - gamma < _LAST_WITH_POLE
    if not len(homes.references):
        return None, steps
    without_pole = steps_ahead(graph, gamma, homes)
    return (homes, without_pole) if near or without_pole < 2 * steps else (None, steps)


def _terms(by_steps: float, by_growth: float) -> int:
    """Return the least K for which the omitted terms are small enough."""
    for terms in _TERMS:
        left = max(by_steps ** (terms + 1), by_growth ** (terms + 1) / math.factorial(terms + 1))
        if left <= _BELOW:
            return terms
    return _TERMS[-1]


def _short(number: Fraction, rest: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below a positive one."""
    grain = 2 ** (int(1 / min(number, rest)).bit_length() + 6)
    return Fraction(int(number * grain), grain)


def _rounded_down(value: Fraction) -> Fraction:
    """Return a dyadic number of few bits, a little below a value in (0, 1)."""
    grain = 2 ** (int(1 / min(value, 1 - value)).bit_length() + 12)
    return Fraction(int(value * grain), grain)
