"""Compiled loops that solve a model: sweeps until the error is proven.

Every loop stops on the same proof: the residual of one full synchronous sweep, plus what rounding
may add to it, times the horizon. What happens between two such sweeps needs no proof.

Arguments are those of `kernels`; `scale` is (horizon, rounding per unit of size, size of r);
`progress` two numbers that begin as (inf, 0). They return the status, the sweeps made, and the
residual and the rounding of the last backup; `v`, `q` and `policy` are those of that backup.
"""

from __future__ import annotations

import numpy as np

from qdecay._support.compiled import compiled
from qdecay.planning.compiled.kernels import (
    Array,
    backup,
    bicgstab,
    evaluate,
    improve,
    jacobi,
    restrict,
    settle,
)

CONVERGED, OUT_OF_SWEEPS, AT_FLOOR = 0, 1, 2
_PATIENCE = 100
_KRYLOV_SHRINK = 0.1
_KRYLOV_MOST = 100
_RELAX_LEAST = 0.01
_RELAX_MOST = 60
_RELAX_RATE = 0.75


@compiled
def verdict(
    residual: float, rounding: float, horizon: float, tol: float, progress: Array
) -> tuple[bool, int]:
    """Whether to stop after a residual, and why; tol = 0 goes on until only rounding is left.

    `progress` holds the smallest residual and for how many looks it has been that.
    """
    if (residual + rounding) * horizon <= tol or (tol == 0.0 and residual <= rounding):
        return True, CONVERGED
    if tol < rounding * horizon and residual <= rounding:
        return True, AT_FLOOR
    progress[1] = 0.0 if residual < progress[0] else progress[1] + 1.0
    progress[0] = min(progress[0], residual)
    # Far above the rounding, a residual that stays is a reward on its way along a path.
    return progress[1] > _PATIENCE and progress[0] <= 4.0 * rounding, AT_FLOOR


@compiled
def synchronous(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, q: Array, policy: Array,
    tol: float, scale: tuple[float, float, float], max_sweeps: int, progress: Array,
) -> tuple[int, int, float, float]:  # fmt: skip
    """Value iteration v <- T v; scale is (horizon, rounding per size, size of r)."""
    horizon, slack, reward_size = scale
    sweep, status = 0, OUT_OF_SWEEPS
    while True:
        low, high, size = backup(ptr, col, p, r, gamma, v, q, policy)
        sweep += 1
        residual, rounding = max(-low, high), slack * (reward_size + gamma * size)
        done, reason = verdict(residual, rounding, horizon, tol, progress)
        if done or sweep >= max_sweeps:
            return reason if done else status, sweep, residual, rounding
        settle(v, q, policy)


@compiled
def gauss_seidel(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, q: Array, policy: Array,
    tol: float, scale: tuple[float, float, float], max_sweeps: int, progress: Array,
    evaluation_sweeps: int,
) -> tuple[int, int, float, float]:  # fmt: skip
    """Sweeps in alternating order, each followed by sweeps of its policy; proven by `backup`."""
    horizon, slack, reward_size = scale
    sweep = 0
    while True:
        change, size = improve(ptr, col, p, r, gamma, v, policy, sweep % 2 == 0)
        sweep += 1
        rounding = slack * (reward_size + gamma * size)
        if change <= rounding or change * horizon <= 4.0 * tol or sweep + 1 >= max_sweeps:
            low, high, size = backup(ptr, col, p, r, gamma, v, q, policy)
            sweep += 1
            residual, rounding = max(-low, high), slack * (reward_size + gamma * size)
            done, reason = verdict(residual, rounding, horizon, tol, progress)
            if done or sweep >= max_sweeps:
                return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        for i in range(min(evaluation_sweeps, max_sweeps - sweep - 2)):
            sweep += 1
            if evaluate(ptr, col, p, r, gamma, v, policy, i % 2 == 1) <= rounding:
                break


@compiled
def relax(
    rows: Array, entries: Array, weights: Array, d: Array, horizon: float, v: Array,
    first: Array, second: Array, shrink: float, most: int,
) -> tuple[int, bool]:  # fmt: skip
    """Add to v an approximate solution of (I - B) x = d by x <- d + B x, where that mixes fast.

    Where the rows of B sum to the same number, the changes shrink towards a constant c, and what
    is missing towards c times the horizon (MacQueen 1966). Returns the sweeps made and whether
    the range of the changes shrank fast enough; v is left alone where it did not.
    """
    x, y = first, second
    low, high = np.inf, -np.inf
    for s in range(len(d)):
        x[s] = d[s]
        low, high = min(low, d[s]), max(high, d[s])
    allowed = high - low
    limit = allowed * shrink
    for sweep in range(1, most + 1):
        low, high = jacobi(rows, entries, weights, d, x, y)
        x, y = y, x
        allowed *= _RELAX_RATE
        if high - low <= limit:
            shift = (low + high) / 2.0 * (horizon - 1.0)
            for s in range(len(v)):
                v[s] += x[s] + shift
            return sweep, True
        if sweep >= 8 and high - low > allowed:
            return sweep, False
    return most, False


@compiled
def accelerated(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, q: Array, policy: Array,
    tol: float, scale: tuple[float, float, float], max_sweeps: int, progress: Array,
    mixing: bool, first_sweeps: int,
    rows: Array, middle: Array, entries: Array, weights: Array, work: Array,
) -> tuple[int, int, float, float]:  # fmt: skip
    """Inexact policy iteration v <- v + (I - B)^-1 (T v - v), B of the policy that is best at v.

    While `mixing` pays, the system is solved by `relax`; then by BiCGSTAB, after Gauss-Seidel
    sweeps. Their number doubles whenever a round did not halve the residual, so that in the end
    it is Gauss-Seidel value iteration, which always gets there; save where little more than
    rounding is left, of which no number of sweeps gets rid.
    """
    horizon, slack, reward_size = scale
    d, x, factor = work[0], work[1], work[2]
    sweep, strikes, last, first = 0, 0, np.inf, np.inf
    while True:
        if not mixing:
            for i in range(min(first_sweeps, max_sweeps - sweep - 1)):
                improve(ptr, col, p, r, gamma, v, policy, i % 2 == 0)
                sweep += 1
        low, high, size = backup(ptr, col, p, r, gamma, v, q, policy)
        sweep += 1
        residual, rounding = max(-low, high), slack * (reward_size + gamma * size)
        done, reason = verdict(residual, rounding, horizon, tol, progress)
        if done or sweep >= max_sweeps:
            return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        measured = high - low if mixing else residual
        if measured > 0.5 * last:
            strikes += 1
            # The first policy looks one step ahead; what it leaves says nothing about mixing.
            if not mixing and residual > 4.0 * rounding:
                first_sweeps = min(2 * first_sweeps, 1 << 20)
            elif strikes > 1:
                mixing = False
        last = measured if mixing or measured < np.inf else last
        restrict(ptr, col, p, r, gamma, policy, rows, middle, entries, weights, factor)
        for s in range(len(v)):
            best = q[s, policy[s]]
            d[s] = ((best if best > -np.inf else 0.0) - v[s]) * factor[s]
        left = max_sweeps - sweep - 1  # one is for the proof
        if mixing:
            # The next policy changes the error by about its square: no need to be better.
            first = measured if sweep == 1 else first
            most = min(_RELAX_MOST, left)
            shrink = min(0.3, max(_RELAX_LEAST, measured / first))
            made, mixing = relax(rows, entries, weights, d, horizon, v, x, work[3], shrink, most)
            sweep += made
        elif left > 1:
            most = min(_KRYLOV_MOST, left // 2)
            made, solved = bicgstab(
                rows, middle, entries, weights, d, x, work[3:], _KRYLOV_SHRINK, most
            )
            sweep += 2 * made
            if solved:
                for s in range(len(v)):
                    v[s] += x[s]
