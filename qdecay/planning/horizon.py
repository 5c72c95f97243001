"""The number of steps that policies take before they end: the factor of every error bound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.planning.compiled.graph import lasting
from qdecay.planning.compiled.kernels import Values, backup
from qdecay.planning.compiled.loops import CONVERGED, Settings, accelerated
from qdecay.planning.direct import direct
from qdecay.planning.table import Table

_EPS = float(np.finfo(np.float64).eps)
_SWEEPS = 4_000
_SOLVES, _ENOUGH = 20, 0.25
Flags = NDArray[np.bool_]


def discounted_steps(gamma: float) -> float:
    """Return 1 / (1 - gamma), the steps of a policy that never ends, rounded up; gamma < 1."""
    return (1 + 4 * _EPS) / (1 - gamma)


def some_last(table: Table, pairs: Flags) -> bool:
    """Return whether some policy of these pairs, shape (S, A), stays for ever with certainty.

    A policy that does not end with probability 1 has a recurrent class, in which it stays.
    """
    inside = pairs & ~table.ends
    stays = inside.any(axis=1)
    lasting(table.model, inside, stays)
    return bool(stays.any())


def most_steps(table: Table, gamma: float, pairs: Flags) -> float:
    """Return a bound on the expected discounted steps of any policy of these pairs, shape (S, A).

    Where w >= 1 - e + gamma max P w over the pairs, e < 1, w / (1 - e) satisfies the same with e =
    0, hence bounds the steps: iterated, P^n w falls to 0. Such a w is sought as the values of a
    reward of 1 per step; one last backup proves it.

    Returns inf where at gamma = 1 some policy never ends, nan where no bound was found.
    """
    if gamma == 1 and some_last(table, pairs):
        return math.inf
    counting = table.with_rewards(np.where(pairs, 1.0, np.nan))
    shape = pairs.shape
    values = Values(np.zeros(shape[0]), np.empty(shape), np.empty(shape[0], dtype=np.uint32))
    # The horizon and tol of 1 and 1/4 only stop the loop where a backup moves nothing by more.
    settings = Settings(gamma, 1.0, counting.slack, 1.0, 0.25, _SWEEPS, False, 2)
    status, _, residual, rounding = accelerated(counting.model, values, settings, counting.system())
    if status != CONVERGED:
        residual, rounding = _solved(counting, gamma, values)
    if not residual + rounding < 1:
        return math.nan
    return float(values.v.max(initial=0.0) / (1 - residual - rounding)) * (1 + 4 * _EPS)


def _solved(counting: Table, gamma: float, values: Values) -> tuple[float, float]:
    """Find w by policy iteration with direct solves: along lines and grids steps spread slowly, but
    LU fills little. Returns how far w may be too small, and the rounding of that."""
    r, p = counting.model.r, counting.p
    able = ~np.isnan(r).all(axis=1)
    states, ones = np.arange(len(r)), able.astype(np.float64)
    backup(counting.model, gamma, values)
    for _ in range(_SOLVES):
        rows = sparse.diags(ones) @ p[states * r.shape[1] + values.policy.astype(np.int64)]
        values.v[:] = np.maximum(direct(sparse.csr_matrix(rows), ones, gamma), 0.0)
        _, high, size = backup(counting.model, gamma, values)
        if high < _ENOUGH:
            break
    return max(0.0, high), counting.slack * (1 + gamma * size)
