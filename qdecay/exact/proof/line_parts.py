"""What a certificate of a model line says of its points and intervals; see `verify` for the form.

By Cramer's rule a policy's values are N(x) / D(x) with D = det(I - gamma P(x)), whose degree is at
most the number of rows that move, k, and N of degree at most k + 1: k + 2 exact solves, at rational
x, determine both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm, prod

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.polynomial import sign_at
from qdecay.exact.proof.over_line import SCHEMA
from qdecay.exact.proof.parts import Parts, model_document, policy_of
from qdecay.exact.proof.places import places
from qdecay.exact.proof.reading import Sets
from qdecay.exact.solver.chain import System, components, pairs_of
from qdecay.exact.solver.discounted import discounted
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.model.line import ModelLine

_INSIDE = Fraction(1, 2)


def line_parts(
    line: ModelLine,
    gamma: Fraction,
    ends: tuple[Sets, Sets],
    values: Sequence[AlgebraicNumber],
    sets: Sequence[Sets],
    deadline: Deadline,
) -> Parts:
    """Return the parts of a certificate of a line at one gamma < 1.

    Args:
        ends: the optimal sets at both ends.
        values: of the parameter, at the points.
        sets: those between the points.
    """
    whole, p = RationalLine(line), line.parameter
    width = p.high - p.low
    policies = [policy_of(whole.skeleton, optimal) for optimal in sets]
    series = [LineSeries(whole, policy, gamma, deadline) for policy in policies]
    head = {
        "schema": SCHEMA,
        "low": model_document(line.low),
        "high": model_document(line.high),
        "gamma": str(gamma),
        "at_low": ends[0],
        "at_high": ends[1],
    }
    numbers = [value.stretched(1 / width, -p.low / width) for value in values]
    hints = (_quotients(whole, policy, gamma, deadline) for policy in policies)
    return Parts(head, places(series, numbers, _near), hints)


def _near(series: LineSeries, lower: Fraction, upper: Fraction) -> Iterator[fmpz_poly]:
    """Yield all advantages: which have a root in an interval is not known."""
    for pair in np.setdiff1d(np.arange(series.model.n_pairs), series.policy).tolist():
        yield series.numerator(pair)


def _quotients(
    line: RationalLine, policy: NDArray[np.int64], gamma: Fraction, deadline: Deadline
) -> list[object]:
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
    nodes = [fmpq(i, count + 1) for i in range(1, count + 1)]
    powers = fmpq_mat(count, count, [x**k for x in nodes for k in range(count)])
    found = powers.solve(fmpq_mat(count, n + 1, [number for row in samples for number in row]))
    polynomials = [fmpq_poly([found[k, i] for k in range(count)]) for i in range(n + 1)]
    return _integers(polynomials)


def _integers(polynomials: list[fmpq_poly]) -> list[object]:
    """Return [d, N] in integers, of polynomials d, N_0, N_1, ..., without their common factor."""
    unit = lcm(*(int(p.denom()) for p in polynomials))
    whole = [fmpz_poly((p * unit).numer()) for p in polynomials]
    common = whole[0]
    for p in whole[1:]:
        common = common.gcd(p)
    if sign_at(whole[0] // common, _INSIDE) < 0:
        common = -common
    d, *numerators = ([int(c) for c in (p // common).coeffs()] for p in whole)
    return [d, numerators]
