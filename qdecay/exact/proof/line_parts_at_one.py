"""What a certificate of a model line at gamma = 1 says about its points and intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly, fmpz_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.proof.parts import Parts
from qdecay.exact.proof.places import places
from qdecay.exact.proof.quotients import in_integers, interpolated
from qdecay.exact.solver.axis import Pairs
from qdecay.exact.solver.laurent import TERMS, optimal_laurent
from qdecay.exact.solver.line_axis import LineAxis
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.point import NEAR_ONE, proposed_policy
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.walk import Walk
from qdecay.model.mdp import MDP


def crossings(
    regions: LineRegions, deadline: Deadline
) -> tuple[list[AlgebraicNumber], list[Pairs]]:
    """Return the points of a certificate, and the policy of each interval between them.

    Besides breakpoints and touches these are points where the third term of an action changes its
    sign while the action is optimal on both sides or on neither.
    """
    p = regions.parameter
    walk = Walk(LineAxis(RationalLine(regions.line), regions.gamma), deadline)
    numbers, policies = [], [walk.policy]
    for event in walk.crossings():
        numbers.append(event.x.stretched(p.high - p.low, p.low))
        policies.append(event.policy)
    return numbers, policies


def parts_at_one(
    line: RationalLine,
    regions: LineRegions,
    head: dict[str, Any],
    numbers: Sequence[AlgebraicNumber],
    series: Sequence[LineSeries],
    deadline: Deadline,
) -> Parts:
    """Return the parts of a certificate at gamma = 1.

    Args:
        numbers: the points.
        series: of the intervals between them.
    """
    axis = LineAxis(line, regions.gamma)
    at = [axis.best_at(x, beside, deadline)[0] for x, beside in zip(numbers, series, strict=False)]
    for end, mdp in (("at_low", regions.line.low), ("at_high", regions.line.high)):
        hints = _at_end(mdp, deadline)
        head[end] = None if hints is None else [head[end], *hints]
    return Parts(
        head,
        places(series, numbers, _near, at),
        (_hints(own) for own in series),
        (_hints(own) for own in at),
    )


def _near(series: LineSeries, lower: Fraction, upper: Fraction) -> Iterator[fmpz_poly]:
    """Yield all terms of advantages except that of the gain: c and e."""
    for pair in np.setdiff1d(np.arange(series.model.n_pairs), series.policy).tolist():
        yield from (series.term(pair, k) for k in range(1, TERMS))


def _hints(series: LineSeries) -> list[Any]:
    """Return [d, N, W]."""
    return in_integers(interpolated(series.terms_at_one()), squared=series.model.n_own)


def _at_end(mdp: MDP, deadline: Deadline) -> list[Any] | None:
    """Return [d, N, W] at an end, or None where something is gained or lost for ever."""
    model = RationalModel(mdp)
    best = optimal_laurent(model, proposed_policy(model, NEAR_ONE), deadline)
    if any(best.gain):
        return None
    n, scale = model.n_own, model.reward_scale
    numbers = [number / scale for number in (*best.bias[:n], *best.third[:n])]
    return in_integers([fmpq_poly([x]) for x in (fmpq(1), *numbers)], squared=n)
