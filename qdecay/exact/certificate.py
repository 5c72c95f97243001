"""Certificates of policy regions: the model, the regions, and hints that make checking quick.

`qdecay.exact.verify` checks them and documents their form. The hints are proven there, so that
they may be found here by any means: a denominator of all values of a policy by Berlekamp-Massey
on a projection of the series P^t r modulo one large prime, and irreducible factors by flint.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flint import fmpz_mod_ctx, fmpz_mod_poly_ctx, fmpz_poly

from qdecay.exact.algebraic import AlgebraicNumber
from qdecay.exact.polynomial import polynomial
from qdecay.exact.verify import SCHEMA
from qdecay.files import mdp_document
from qdecay_envs.jsonfile import write_json

if TYPE_CHECKING:
    from qdecay.exact.regions import PolicyRegions
    from qdecay.mdp import MDP

# Exponents of Mersenne primes.
_MERSENNE = (127, 521, 1279, 2203, 3217, 4423, 9941, 19937, 44497, 110503, 216091)
_SEED = 1

Row = tuple[int, list[tuple[int, int]]]


def certificate(mdp: MDP, regions: PolicyRegions, source: str) -> dict[str, Any]:
    """Return the document of schema qdecay.certificate/1 that `verify` checks.

    Args:
        mdp: the model.
        regions: what `policy_regions(mdp)` found, complete.
        source: what the model is called, as in the policy-regions document.

    Raises:
        ValueError: the regions are not proven up to gamma = 1, or the model is far too large.
    """
    if regions.proven_to < 1:
        raise ValueError("these regions are incomplete: a certificate needs them up to gamma = 1")
    model = {**mdp_document(mdp), "start": regions.start}
    points = (*regions.breakpoints, *regions.touches)
    return {
        "schema": SCHEMA,
        "model": model,
        "regions": regions.to_json(source),
        "denominators": _denominators(mdp, regions.regions),
        "factors": [_factor(point.gamma) for point in points],
    }


def write_certificate(
    mdp: MDP, regions: PolicyRegions, path: str | Path, *, source: str | None = None
) -> None:
    """Write a certificate to `path`, whole or not at all; an existing file is replaced.

    Args:
        source: what the model is called; the file's own name where it is None.

    Raises:
        ValueError: as `certificate`.
        OSError: the file cannot be written.
    """
    name = Path(path).name if source is None else source
    write_json(path, certificate(mdp, regions, name))


def _factor(gamma: AlgebraicNumber) -> list[int]:
    """Return the minimal polynomial of a number."""
    for factor, _ in gamma.polynomial.factor()[1]:
        if gamma.sign_of(factor) == 0:
            return [int(c) for c in polynomial(factor).coeffs()]
    raise AssertionError(f"{gamma} is no root of its polynomial")


def _policy_rows(mdp: MDP, sets: Sequence[Sequence[int]]) -> tuple[int, list[Row]]:
    """Return q, and for each state R r(s) and the weights q p(s, t), under the first actions."""
    q = math.lcm(*(p.denominator for p in mdp.exact_probability))
    scale = math.lcm(*(r.denominator for r in mdp.exact_r.values()))
    rows: list[Row] = [(0, []) for _ in range(mdp.n_states)]
    for s, actions in enumerate(sets):
        if actions:
            rows[s] = int(mdp.exact_r[s, actions[0]] * scale), []
    columns = (mdp.state, mdp.action, mdp.next_state, mdp.terminated)
    for s, a, t, ends, p in zip(
        *(column.tolist() for column in columns), mdp.exact_probability, strict=True
    ):
        if not ends and a == sets[s][0]:
            rows[s][1].append((t, int(p * q)))
    return q, rows


def _denominators(mdp: MDP, regions: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    """Return, for each region, the least D with D(0) > 0 that makes D V a polynomial vector."""
    found, degree = [], 16
    for sets in regions:
        q, rows = _policy_rows(mdp, sets)
        while (d := _recurrence(q, rows, degree)) is None:
            degree = min(2 * degree, len(rows))
        found.append([int(c) for c in (d if d[0] > 0 else -d).coeffs()])
        degree = max(16, d.degree() + 8)  # the next region differs little
    return found


def _recurrence(q: int, rows: list[Row], degree: int) -> fmpz_poly | None:
    """Return D if its degree is at most `degree`, which n always suffices for, or else None.

    With d_t = (q P)^t r, the least recurrence of u . d_t is monic with integer coefficients, at
    most C(m, k) q^k in size for degree m, and for nearly every u it is that of d_t itself.
    """
    bits = degree * (1 + q.bit_length()) + 64
    exponent = next((e for e in _MERSENNE if e > bits), None)
    if exponent is None:
        raise ValueError(f"a certificate of degree {degree} with numbers this long is too large")
    prime = 2**exponent - 1
    numbers = random.Random(_SEED)  # powers of one number would make a chain look geometric
    projection = [numbers.randrange(prime) for _ in rows]
    vector = [reward for reward, _ in rows]
    terms = []
    for _ in range(2 * degree + 16):  # 16 more than needed tell a recurrence from a chance
        terms.append(sum(u * d for u, d in zip(projection, vector, strict=True)) % prime)
        vector = [sum(w * vector[t] for t, w in row) for _, row in rows]
    ring = fmpz_mod_poly_ctx(fmpz_mod_ctx(prime))
    found = [int(c) for c in ring.minpoly(terms).coeffs()][::-1]
    order = len(found) - 1
    if order > degree and degree < len(rows):
        return None
    signed = [c - prime if c > prime // 2 else c for c in found]
    return polynomial([c * q ** (order - k) for k, c in enumerate(signed)])


__all__ = ["certificate", "write_certificate"]
