"""How far ahead the values of a policy look, in floats: how wide windows may be."""

from __future__ import annotations

import numpy as np

from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.deflation import Deflation
from qdecay.exact.solver.expansion import LARGEST, AlongGamma, Inner, LineFloats
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.linear import solver_of
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel

_ABOUT = 1e-6  # accuracy of the numbers
_TERMS = 1  # of an expansion of which none is read


def steps_ahead(graph: PolicyGraph, gamma: float, homes: Homes | None = None) -> float:
    """Return about max (I - gamma P)^-1 P 1 over the live states, at least 1.

    Args:
        homes: the policy's; P then lacks the columns of references.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0:
        return 1.0
    without = None if homes is None else Deflation(homes, 0).without()
    rows = AlongGamma(graph.model, gamma, 1.0, _TERMS, without).rows(graph.policy[live])
    return max(1.0, _growth(rows.inner(live), graph.model))


def relative_growth(graph: PolicyGraph, gamma: float) -> float:
    """Return about the largest slope of a state's value in gamma, relative to it, at least 1.

    Rewards count as if all were positive.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0:
        return 1.0
    pairs = graph.policy[live]
    inner = AlongGamma(graph.model, gamma, 1.0, _TERMS).rows(pairs).inner(live)
    with np.errstate(all="ignore"):
        solve = solver_of(inner.near, graph.model)
        value = solve(np.abs(graph.model.r[pairs]), _ABOUT)
        slope = inner.spread @ value if inner.spread is not None else np.zeros(len(live))
        most = float(np.max(solve(slope, _ABOUT * float(slope.max())) / value))
    if not most <= LARGEST:
        raise NoBound
    return max(1.0, most)


def line_growth(graph: PolicyGraph, line: LineFloats, centre: float) -> float:
    """Return about max (I - gamma P(x))^-1 gamma |P_1 - P_0| 1 over the live states.

    Raises:
        NoBound: floats cannot decide.
    """
    live = np.flatnonzero(graph.live)
    if len(live) == 0 or not line.moves:
        return 0.0
    rows = line.around(centre, 1.0, _TERMS).rows(graph.policy[live])
    return _growth(rows.inner(live), graph.model)


def _growth(inner: Inner, model: RationalModel) -> float:
    """Return about max (I - B_0)^-1 |B_1| 1."""
    with np.errstate(all="ignore"):
        found = solver_of(inner.near, model)(inner.spread @ np.ones(inner.near.shape[0]), _ABOUT)
    most = float(np.max(np.abs(found)))
    if not most <= LARGEST:
        raise NoBound
    return most
