"""What a certificate over gamma says about its points and intervals; see `verify` for the form.

The checker proves the hints, so they may be found here by any means: a denominator of all values of
a policy by Berlekamp-Massey on a projection of the series P^t r modulo one large prime; irreducible
factors by flint.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.proof.over_gamma import SCHEMA, Row, read_model
from qdecay.exact.proof.parts import Parts, model_document, policy_of
from qdecay.exact.proof.places import places
from qdecay.exact.proof.reading import Sets
from qdecay.exact.solver.point import not_negative_on
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.model.mdp import MDP

# Exponents of Mersenne primes.
_MERSENNE = (127, 521, 1279, 2203, 3217, 4423, 9941, 19937, 44497, 110503, 216091)
_SEED = 1


def gamma_parts(
    mdp: MDP,
    at_zero: Sets,
    gammas: Sequence[AlgebraicNumber],
    sets: Sequence[Sets],
    deadline: Deadline,
) -> Parts:
    """Return the parts of a certificate over gamma.

    Args:
        at_zero: the optimal sets at gamma = 0.
        gammas: the points.
        sets: the optimal sets between the points.
    """
    model, document = RationalModel(mdp), model_document(mdp)
    series = [PolicySeries(model, policy_of(model, optimal), deadline) for optimal in sets]
    head = {"schema": SCHEMA, "model": document, "at_zero": at_zero}
    hints = ([d] for d in _denominators(document, sets))
    return Parts(head, places(series, gammas, _near), hints)


def _near(series: PolicySeries, lower: Fraction, upper: Fraction) -> Iterator[fmpz_poly]:
    """Yield the advantages not proven negative on an interval."""
    pairs = np.setdiff1d(np.arange(series.model.n_pairs), series.policy)
    for pair in not_negative_on(series, pairs, lower, upper).tolist():
        yield series.numerator(pair)


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
    numbers = random.Random(_SEED)  # with powers of a single number a chain would look geometric
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
