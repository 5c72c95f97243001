"""Certificates of policy regions: the model, the sets, and hints that make checking quick.

`verify` checks them and documents their form. The hints are proven there, so they may be found here
by any means: a denominator of all values of a policy by Berlekamp-Massey on a projection of the
series P^t r modulo one large prime; irreducible factors by flint; and around every point an
interval so short that no advantage has another root in it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from flint import fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly
from numpy.typing import NDArray

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_quickly
from qdecay.exact.algebra.polynomial import polynomial
from qdecay.exact.proof.verify import SCHEMA, Row, Sets, read_model
from qdecay.exact.regions import PolicyRegions
from qdecay.exact.solver.point import not_negative_on
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.threads import on_one_thread
from qdecay.model.door import Problem, as_exact_mdp
from qdecay_envs.jsonfile import write_json

# Exponents of Mersenne primes.
_MERSENNE = (127, 521, 1279, 2203, 3217, 4423, 9941, 19937, 44497, 110503, 216091)
_SEED = 1
_FEWEST_BITS = 8  # of the interval around a point: more bits lengthen the numbers of a check
_T = TypeVar("_T")
_LABELS = ("start", "state_names", "action_names")


@on_one_thread
def certificate(
    problem: Problem,
    regions: PolicyRegions,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> dict[str, Any]:
    """Return the document of schema qdecay.certificate/1 that `verify` checks.

    Args:
        problem: the model, or anything that `qdecay.as_mdp` accepts.
        regions: what `policy_regions(problem)` found, complete.
        max_seconds: limit of wall time, > 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` after each gamma, and
            after each interval between them.

    Raises:
        ValueError: the regions are of another model or not proven up to gamma = 1, or the model
            is far too large.
        BudgetExceeded: max_seconds ran out.
    """
    deadline, mdp = Deadline(max_seconds), as_exact_mdp(problem)
    if regions.mdp != mdp:
        raise ValueError("these regions are of another model")
    if regions.proven_to < 1:
        raise ValueError("these regions are incomplete: a certificate needs them up to gamma = 1")
    document = {key: value for key, value in mdp.to_json().items() if key not in _LABELS}
    model = RationalModel(mdp)
    points = sorted((*regions.breakpoints, *regions.touches), key=lambda point: point.gamma)
    splits = [point in regions.breakpoints for point in points]
    sets = [_lists(regions.regions[k]) for k in accumulate(splits, initial=0)]
    at_points = [_lists(regions.optimal_actions(point.gamma)) for point in points]
    series = [PolicySeries(model, _policy(model, optimal), deadline) for optimal in sets]
    places = _places(series, [point.gamma for point in points])

    def counted(found: Iterable[_T]) -> Iterator[_T]:
        for one in found:
            yield one
            tick()

    with reporting(progress) as report:
        tick = counting(report, len(points) + len(sets), "points and intervals", deadline)
        return {
            "schema": SCHEMA,
            "model": document,
            "at_zero": _lists(regions.at_zero),
            "points": [[*place, at] for place, at in zip(counted(places), at_points, strict=True)],
            "intervals": [
                [own, d]
                for own, d in zip(sets, counted(_denominators(document, sets)), strict=True)
            ],
        }


def write_certificate(
    problem: Problem,
    regions: PolicyRegions,
    path: str | Path,
    *,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> None:
    """Write a certificate to `path`, completely or not at all; an existing file is replaced.

    The other arguments are those of `certificate`.

    Raises:
        ValueError, BudgetExceeded: as `certificate`.
        OSError: the file cannot be written.
    """
    write_json(path, certificate(problem, regions, max_seconds=max_seconds, progress=progress))


def _lists(sets: Sequence[Sequence[int]]) -> Sets:
    return [list(actions) for actions in sets]


# -- points


def _places(
    series: Sequence[PolicySeries], gammas: Sequence[AlgebraicNumber]
) -> Iterator[list[list[int]]]:
    """Yield [f, [c, k]] of each point; `series` are those left and right of the points."""
    ends = [AlgebraicNumber.of(0), *gammas, AlgebraicNumber.of(1)]
    rooms = [_bits_between(left, right) for left, right in pairwise(ends)]
    factors = [_factor(gamma) for gamma in gammas]
    for i, (gamma, f) in enumerate(zip(gammas, factors, strict=True)):
        bits = max(_FEWEST_BITS, *rooms[i : i + 2])
        others = [other for other in factors[max(i - 1, 0) : i + 2] if other != f]
        for beside in series[i : i + 2]:
            others += _advantages_near(beside, gamma, f, bits)
        yield [[int(c) for c in f.coeffs()], _interval(gamma, f, others, bits)]


def _policy(model: RationalModel, sets: Sets) -> NDArray[np.int64]:
    """Return the pair of the first action of every set."""
    pairs = [model.pairs_of(s) for s in range(model.n)]
    chosen = [
        next(pair for pair in own if not actions or actions[0] in model.actions[pair])
        for own, actions in zip(pairs, sets, strict=False)
    ]
    return np.array(chosen + [own[0] for own in pairs[model.n_own :]])


def _factor(gamma: AlgebraicNumber) -> fmpz_poly:
    """Return the minimal polynomial of a number."""
    for factor, _ in gamma.polynomial.factor()[1]:
        if gamma.sign_of(factor) == 0:
            return polynomial(factor)
    raise AssertionError(f"{gamma} is not a root of its polynomial")


def _bits_between(left: AlgebraicNumber, right: AlgebraicNumber) -> int:
    """Return k such that intervals of width 2^(1 - k) around the two do not meet."""
    bits = 8
    while True:
        gap = right.enclosure(bits)[0] - left.enclosure(bits)[1]
        if gap > 0:
            return 4 + max(0, gap.denominator.bit_length() - gap.numerator.bit_length())
        bits *= 2


def _advantages_near(
    series: PolicySeries, gamma: AlgebraicNumber, f: fmpz_poly, bits: int
) -> Iterator[fmpz_poly]:
    """Yield, divided by f, the advantages not proven negative on gamma -+ 2^(1 - bits)."""
    lower, upper = gamma.enclosure(bits)
    reach = Fraction(2, 2**bits)
    pairs = np.setdiff1d(np.arange(series.model.n_pairs), series.policy)
    for pair in not_negative_on(series, pairs, lower - reach, upper + reach).tolist():
        c = series.numerator(pair)
        while c.degree() >= f.degree() and not (parts := divmod(c, f))[1]:
            c = parts[0]
        if c.degree() > 0:
            yield c


def _interval(
    gamma: AlgebraicNumber, f: fmpz_poly, others: Sequence[fmpz_poly], bits: int
) -> list[int]:
    """Return [c, k], k >= bits, of an interval that contains no further root of any of these."""
    while True:
        centre = _centre(gamma, bits)
        if centre is not None:
            lower, upper = (Fraction(2 * centre + side, 2**bits) for side in (-1, 1))
            alone = len(isolate_quickly(f, lower, upper)) == 1
            if alone and not any(isolate_quickly(c, lower, upper) for c in others):
                return [centre, bits]
        bits += 8


def _centre(gamma: AlgebraicNumber, bits: int) -> int | None:
    """Return c with (2 c - 1) / 2^bits < gamma < (2 c + 1) / 2^bits; None if gamma is an end."""
    precision = bits + 8
    while True:
        lower, upper = (end * 2**bits for end in gamma.enclosure(precision))
        if math.floor((lower + 1) / 2) == math.floor((upper + 1) / 2):
            at_end = lower == upper and (lower + 1) / 2 == lower // 2 + 1
            return None if at_end else math.floor((lower + 1) / 2)
        precision *= 2


# -- denominators


def _denominators(model: dict[str, Any], sets: Sequence[Sets]) -> Iterator[list[int]]:
    """Yield, for each interval, the least d in y, d_0 = 1, that makes d V polynomials."""
    integers = read_model(model)
    degree = 16
    for optimal in sets:
        rows = [
            row[actions[0]] if row else (0, [])
            for row, actions in zip(integers.rows, integers.with_waiting(optimal), strict=True)
        ]
        while (d := _recurrence(rows, integers.q, degree)) is None:
            degree = min(2 * degree, len(rows))
        yield d
        degree = max(16, len(d) + 7)  # the next one differs little


def _recurrence(rows: list[Row], q: int, degree: int) -> list[int] | None:
    """Return d if its degree is at most `degree`, for which n is always enough, or else None.

    With d_t = (q P)^t r, the least recurrence of u . d_t is monic with integer coefficients, at
    most C(m, k) q^k in size for degree m, and for nearly every u it is that of d_t itself.
    """
    bits = degree * (1 + q.bit_length()) + 64
    exponent = next((e for e in _MERSENNE if e > bits), None)
    if exponent is None:
        raise ValueError(f"a certificate of degree {degree} with numbers this long is too large")
    prime = 2**exponent - 1
    numbers = random.Random(_SEED)  # powers of a single number would make a chain look geometric
    projection = [numbers.randrange(prime) for _ in rows]
    vector = [reward for reward, _ in rows]
    terms = []
    for _ in range(2 * degree + 16):  # 16 more than needed distinguish a recurrence from chance
        terms.append(sum(u * d for u, d in zip(projection, vector, strict=True)) % prime)
        vector = [sum(w * vector[t] for t, w in row) for _, row in rows]
    ring = fmpz_mod_poly_ctx(fmpz_mod_ctx(prime))
    found = [int(c) for c in ring.minpoly(terms).coeffs()][::-1]
    if len(found) - 1 > degree and degree < len(rows):
        return None
    signed = [c - prime if c > prime // 2 else c for c in found]
    while not signed[-1]:
        signed.pop()
    return signed


__all__ = ["certificate", "write_certificate"]
