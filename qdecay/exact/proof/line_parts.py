"""What a certificate of a model line says about its points and intervals; see `verify` for the
form.

By Cramer's rule a policy's values are N(x) / D(x) with D = det(I - gamma P(x)), whose degree is at
most the number of rows that move, k, and N of degree at most k + 1: k + 2 exact solves, at rational
x, determine both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from flint import fmpq, fmpz_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.proof.line_parts_at_one import parts_at_one
from qdecay.exact.proof.over_line import SCHEMA
from qdecay.exact.proof.parts import Parts, model_document
from qdecay.exact.proof.places import places
from qdecay.exact.proof.quotients import in_integers, interpolated
from qdecay.exact.solver.axis import Pairs
from qdecay.exact.solver.chain import System, components, pairs_of
from qdecay.exact.solver.discounted import discounted
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.walked import lists


def line_parts(
    regions: LineRegions,
    values: Sequence[AlgebraicNumber],
    policies: Sequence[Pairs],
    deadline: Deadline,
) -> Parts:
    """Return the parts of a certificate of a line.

    Args:
        values: the values of the parameter at the points.
        policies: of each interval between them, a pair for each state.
    """
    line, p, gamma = RationalLine(regions.line), regions.parameter, regions.gamma
    width = p.high - p.low
    numbers = [value.stretched(1 / width, -p.low / width) for value in values]
    head = {
        "schema": SCHEMA,
        "low": model_document(regions.line.low),
        "high": model_document(regions.line.high),
        "gamma": str(gamma),
        "at_low": lists(regions.at_low),
        "at_high": lists(regions.at_high or ()),
    }
    series = [LineSeries(line, policy, gamma, deadline) for policy in policies]
    if gamma == 1:
        return parts_at_one(line, regions, head, numbers, series, deadline)
    hints = (_quotients(line, policy, gamma, deadline) for policy in policies)
    return Parts(head, places(series, numbers, _near), hints)


def _near(series: LineSeries, lower: Fraction, upper: Fraction) -> Iterator[fmpz_poly]:
    """Yield all advantages: it is unknown which have a root in an interval."""
    for pair in np.setdiff1d(np.arange(series.model.n_pairs), series.policy).tolist():
        yield series.numerator(pair)


def _quotients(line: RationalLine, policy: Pairs, gamma: Fraction, deadline: Deadline) -> list[Any]:
    """Return the polynomials d and N, without a common factor, of which N / d are the values."""
    n, states = line.skeleton.n_own, np.arange(line.skeleton.n)
    parts = [pairs_of(policy, part) for part in components(line.skeleton, policy, states)]
    moving = [part for part in parts if line.moves[list(part.values())].any()]
    count = int(line.moves[policy].sum()) + 2

    def at(model: RationalModel) -> list[fmpq]:
        deadline.check()
        values = discounted(model, policy, gamma, deadline, states).values[:n]
        determinant = prod(
            (System(model, part, gamma).determinant() for part in moving), start=fmpq(1)
        )
        return [determinant, *(value * determinant / model.reward_scale for value in values)]

    samples = [at(line.at(i, count + 1)) for i in range(1, count + 1)]
    return in_integers(interpolated(samples))
