"""Compiled loops that solve a model: sweeps until the error is proven.

Every loop stops on the same proof: the residual of one full synchronous sweep, plus its rounding
error, times the horizon. Steps between two such sweeps need no proof.

They return the status, the sweeps made, and the residual and the rounding of the last backup;
`v`, `q` and `policy` are those of that backup.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qdecay._support.compiled import compiled
from qdecay.planning.compiled.kernels import (
    Array,
    Model,
    System,
    Values,
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


class Settings(NamedTuple):
    """What does not change during a loop.

    Attributes:
        gamma, horizon: the discount, and a bound on any policy's expected discounted steps.
        slack, reward_size: a backup rounds by slack * (reward_size + gamma * size of v).
        tol: the error to prove; 0 continues until only rounding is left.
        max_sweeps: the maximum number of sweeps.
        mixing, first_sweeps: how `accelerated` begins; see there.
    """

    gamma: float
    horizon: float
    slack: float
    reward_size: float
    tol: float
    max_sweeps: int
    mixing: bool
    first_sweeps: int


Progress = tuple[float, int]  # the smallest residual, and for how many checks it has been that
Ended = tuple[int, int, float, float]


@compiled
def verdict(
    settings: Settings, residual: float, rounding: float, progress: Progress
) -> tuple[bool, int, Progress]:
    """Return whether to stop after a residual and why, and the progress made, (inf, 0) at first."""
    tol, horizon = settings.tol, settings.horizon
    if (residual + rounding) * horizon <= tol or (tol == 0.0 and residual <= rounding):
        return True, CONVERGED, progress
    if tol < rounding * horizon and residual <= rounding:
        return True, AT_FLOOR, progress
    smallest, looks = progress
    looks = 0 if residual < smallest else looks + 1
    smallest = min(smallest, residual)
    # Far above the rounding, a constant residual is a reward propagating along a path.
    return looks > _PATIENCE and smallest <= 4.0 * rounding, AT_FLOOR, (smallest, looks)


@compiled
def synchronous(model: Model, values: Values, settings: Settings) -> Ended:
    """Value iteration v <- T v."""
    gamma, progress, sweep = settings.gamma, (np.inf, 0), 0
    while True:
        low, high, size = backup(model, gamma, values)
        sweep += 1
        residual = max(-low, high)
        rounding = settings.slack * (settings.reward_size + gamma * size)
        done, reason, progress = verdict(settings, residual, rounding, progress)
        if done or sweep >= settings.max_sweeps:
            return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        settle(values)


@compiled
def gauss_seidel(model: Model, values: Values, settings: Settings, evaluation_sweeps: int) -> Ended:
    """Sweeps in alternating order, each followed by sweeps of its policy; proven by `backup`."""
    gamma, slack, reward_size = settings.gamma, settings.slack, settings.reward_size
    max_sweeps, progress, sweep = settings.max_sweeps, (np.inf, 0), 0
    while True:
        change, size = improve(model, gamma, values, sweep % 2 == 0)
        sweep += 1
        rounding = slack * (reward_size + gamma * size)
        nearly = change <= rounding or change * settings.horizon <= 4.0 * settings.tol
        if nearly or sweep + 1 >= max_sweeps:
            low, high, size = backup(model, gamma, values)
            sweep += 1
            residual, rounding = max(-low, high), slack * (reward_size + gamma * size)
            done, reason, progress = verdict(settings, residual, rounding, progress)
            if done or sweep >= max_sweeps:
                return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        for i in range(min(evaluation_sweeps, max_sweeps - sweep - 2)):
            sweep += 1
            if evaluate(model, gamma, values, i % 2 == 1) <= rounding:
                break


@compiled
def relax(system: System, horizon: float, v: Array, shrink: float, most: int) -> tuple[int, bool]:
    """Add to v an approximate solution of (I - B) x = d by x <- d + B x, where that mixes fast.

    Where the rows of B sum to the same number, the changes shrink towards a constant c, and what
    is missing towards c times the horizon (MacQueen 1966). Returns the sweeps made and whether
    the range of the changes shrank fast enough; v is left alone where it did not.
    """
    d, x, y = system.work[0], system.work[1], system.work[3]
    low, high = np.inf, -np.inf
    for s in range(len(d)):
        x[s] = d[s]
        low, high = min(low, d[s]), max(high, d[s])
    allowed = high - low
    limit = allowed * shrink
    for sweep in range(1, most + 1):
        low, high = jacobi(system, d, x, y)
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
def accelerated(model: Model, values: Values, settings: Settings, system: System) -> Ended:
    """Inexact policy iteration v <- v + (I - B)^-1 (T v - v), B of the policy that is best at v.

    While `mixing` pays, the system is solved by `relax`; then by BiCGSTAB, after `first_sweeps`
    Gauss-Seidel ones. Their number doubles whenever a round did not halve the residual, so that it
    eventually becomes Gauss-Seidel value iteration, which always converges, except where little
    more than rounding is left, which no number of sweeps removes. At gamma = 1 the best policy at v
    may never end, and its system may have no solution: a step that makes things worse is undone.
    """
    v, q, policy = values
    gamma, max_sweeps, first_sweeps = settings.gamma, settings.max_sweeps, settings.first_sweeps
    mixing = settings.mixing and gamma < 1.0
    d, x, factor = system.work[0], system.work[1], system.work[2]
    progress, sweep, strikes, last, first = (np.inf, 0), 0, 0, np.inf, np.inf
    kept, before = system.work[10], np.inf
    while True:
        if not mixing:
            for i in range(min(first_sweeps, max_sweeps - sweep - 1)):
                improve(model, gamma, values, i % 2 == 0)
                sweep += 1
        low, high, size = backup(model, gamma, values)
        sweep += 1
        residual = max(-low, high)
        rounding = settings.slack * (settings.reward_size + gamma * size)
        done, reason, progress = verdict(settings, residual, rounding, progress)
        if done or sweep >= max_sweeps:
            return reason if done else OUT_OF_SWEEPS, sweep, residual, rounding
        if not residual <= before:
            for s in range(len(v)):
                v[s] = kept[s]
            first_sweeps, before = min(2 * first_sweeps, 1 << 20), np.inf
            continue
        measured = high - low if mixing else residual
        if measured > 0.5 * last:
            strikes += 1
            # The first policy looks only one step ahead; its residual says nothing about mixing.
            if not mixing and residual > 4.0 * rounding:
                first_sweeps = min(2 * first_sweeps, 1 << 20)
            elif strikes > 1:
                mixing = False
        last = measured if mixing or measured < np.inf else last
        restrict(model, gamma, policy, system)
        for s in range(len(v)):
            best = q[s, policy[s]]
            d[s] = ((best if best > -np.inf else 0.0) - v[s]) * factor[s]
        left = max_sweeps - sweep - 1  # one is kept for the proof
        if mixing:
            # The next policy roughly squares the error: no need to be more precise here.
            first = measured if sweep == 1 else first
            most = min(_RELAX_MOST, left)
            shrink = min(0.3, max(_RELAX_LEAST, measured / first))
            made, mixing = relax(system, settings.horizon, v, shrink, most)
            sweep += made
        elif left > 1:
            most = min(_KRYLOV_MOST, left // 2)
            made, solved = bicgstab(system, _KRYLOV_SHRINK, most)
            sweep += 2 * made
            before = 2.0 * residual if solved and gamma == 1.0 else np.inf
            if solved:
                for s in range(len(v)):
                    kept[s] = v[s]
                    v[s] += x[s]
