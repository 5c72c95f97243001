"""Compiled walk along a grid of gammas, with a separate error bound for every state.

At a small gamma values fall by orders of magnitude per step of distance, and a single bound for all
states could not distinguish the actions of the far ones. With y >= 0 and rho such that

    gamma * sum_t p(s, a, t) y(t) <= rho * y(s)    for every s and a, and rho < 1,

T contracts by rho in the norm max_s |x(s)| / y(s), so that |T v - v| <= d, entry by entry, gives

    |v - v*|(s) <= y(s) * max_t d(t) / y(t) / (1 - rho)

(Bertsekas, Dynamic Programming and Optimal Control, volume II, section 1.5). y = 1 gives the usual
bound. Here y is about max_a [|r| + gamma2 P y], the scale of the values at a gamma2 > gamma: then
rho <= gamma / gamma2, and far states get the small bound that they need. rho is always measured, so
y need not be exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy import uint64

from qdecay._support.compiled import compiled
from qdecay.planning.compiled.kernels import (
    Array,
    Model,
    System,
    Values,
    backup,
    bicgstab,
    greedy_actions,
    improve,
    restrict,
)
from qdecay.planning.compiled.loops import AT_FLOOR, CONVERGED, OUT_OF_SWEEPS, Settings, accelerated

_ONE = uint64(1)
_SCALE_SWEEPS = 1000
_POLISH_SWEEPS = 400
_SHRINK = 0.01
_MOST = 50


class Scale(NamedTuple):
    """The y of a walk, shape (S,), the gamma below which it is valid, and the model's
    `scale_step`."""

    y: Array
    serves: float
    step: float


class Grid(NamedTuple):
    """Ascending gammas with their horizons, shape (G,), and what is found at each.

    Attributes:
        values, greedy, errors: v, the actions that may be best, and the largest error of v, shapes
            (G, S), (G, S, A) and (G,).
    """

    gammas: Array
    horizons: Array
    values: Array
    greedy: Array
    errors: Array


@compiled
def scale_sweep(model: Model, gamma: float, y: Array, down: bool, step: float) -> bool:
    """One Gauss-Seidel sweep of y <- max_a [|r| + gamma P y]; whether any rose by 1 + step."""
    ptr, col, p, r = model
    n_states, n_actions = r.shape
    moved = False
    for i in range(n_states):
        s = n_states - 1 - i if down else i
        pair = uint64(s) * uint64(n_actions)
        k = uint64(ptr[pair])
        best = 0.0
        for a in range(n_actions):
            pair += _ONE
            onward = 0.0
            while k < uint64(ptr[pair]):
                onward += p[k] * y[col[k]]
                k += _ONE
            x = abs(r[s, a]) + gamma * onward
            best = x if x > best else best
        moved = moved or best > (1.0 + step) * y[s]
        y[s] = max(best, y[s])
    return moved


@compiled
def weighted(
    model: Model, gamma: float, values: Values, y: Array, slack: float
) -> tuple[float, float, float]:
    """rho, and the largest residual and rounding over y, of q = T v; inf if y is not usable."""
    ptr, col, p, r = model
    v, q, policy = values
    rho, residual, rounding = 0.0, 0.0, 0.0
    k, pair = uint64(0), uint64(0)
    for s in range(len(v)):
        most, size = 0.0, 0.0
        for a in range(r.shape[1]):
            pair += _ONE
            onward, length = 0.0, 0.0
            while k < uint64(ptr[pair]):
                onward += p[k] * y[col[k]]
                length += p[k] * abs(v[col[k]])
                k += _ONE
            x = abs(r[s, a]) + gamma * length
            most = onward if onward > most else most
            size = x if x > size else size
        best = q[s, policy[s]]
        change = abs((best if best > -np.inf else 0.0) - v[s])
        # 2 * slack: the sizes themselves are rounded, and added to in T v - v.
        noise = 2.0 * slack * (size + abs(v[s]))
        if y[s] > 0.0:
            rho = max(rho, gamma * most / y[s])
            residual = max(residual, change / y[s])
            rounding = max(rounding, noise / y[s])
        elif most > 0.0 or change + noise > 0.0:
            return np.inf, np.inf, np.inf
    return rho * (1.0 + slack), residual, rounding


@compiled
def scaled_step(model: Model, gamma: float, values: Values, y: Array, system: System) -> int:
    """Add to v an approximate solution of (I - B) x = T v - v, found in units of y; its products.

    Without scaling, BiCGSTAB's residual of the largest values would swamp the small ones.
    """
    v, q, policy = values
    rows, _, entries, weights, work = system
    d, x, factor = work[0], work[1], work[2]
    restrict(model, gamma, policy, system)
    for s in range(len(v)):
        best = q[s, policy[s]]
        per_unit = 1.0 / y[s] if y[s] > 0.0 else 0.0
        d[s] = ((best if best > -np.inf else 0.0) - v[s]) * factor[s] * per_unit
        for k in range(uint64(rows[s]), uint64(rows[s + 1])):
            weights[k] *= y[entries[k]] * per_unit
    made, solved = bicgstab(system, _SHRINK, _MOST)
    if solved:
        for s in range(len(v)):
            v[s] += y[s] * x[s]
    return int(2 * made)


@compiled
def entrywise(model: Model, values: Values, settings: Settings, y: Array, system: System) -> float:
    """Improve v until its entries are as accurate as rounding allows; the k of |v - v*| <= k y.

    By policy iteration in units of y, and by Gauss-Seidel sweeps wherever that did not help.
    """
    gamma, sweep, last = settings.gamma, 0, np.inf
    while True:
        rho, residual, rounding = weighted(model, gamma, values, y, settings.slack)
        if not rho < 1.0:
            return float(np.inf)
        factor = float((residual + rounding) / (1.0 - rho))
        if residual <= rounding or sweep >= _POLISH_SWEEPS:
            return factor
        if residual <= 0.5 * last:
            sweep += scaled_step(model, gamma, values, y, system)
            last = residual
        else:
            for i in range(8):
                improve(model, gamma, values, i % 2 == 0)
            sweep += 8
            last = np.inf
        backup(model, gamma, values)


@compiled
def scale_step(model: Model, level: Array) -> float:
    """Write each state's least number of steps to a reward; inf where none can be reached.

    Returns how much larger than gamma the gamma of a scale may be: a tenth, less in deep models.
    """
    ptr, col, p, r = model
    n_states, n_actions = r.shape
    for s in range(n_states):
        level[s] = np.inf
        for a in range(n_actions):
            level[s] = 0.0 if abs(r[s, a]) > 0.0 else level[s]
    moved, down = True, False
    while moved:
        moved, down = False, not down
        for i in range(n_states):
            s = n_states - 1 - i if down else i
            pair = uint64(s) * uint64(n_actions)
            for k in range(uint64(ptr[pair]), uint64(ptr[pair + uint64(n_actions)])):
                near = level[col[k]] + 1.0 if p[k] > 0.0 else np.inf
                moved = moved or near < level[s]
                level[s] = min(near, level[s])
    most = 0.0
    for s in range(n_states):
        most = max(most, level[s]) if level[s] < np.inf else most
    return float(0.1 / max(1.0, 0.05 * most))


@compiled
def further(gamma: float, step: float) -> float:
    """Return a larger gamma at which values are not much larger."""
    near, middle = (1.0 + step) * gamma, 0.5 + 0.5 * gamma
    return near if near < middle else middle


@compiled
def rescale(model: Model, gamma: float, step: float, y: Array) -> float:
    """Raise y, zeros or the scale at a smaller gamma, to serve from gamma on; return up to which
    gamma.

    Where the nearest reward is d steps away, values grow by (1 + step)^d from gamma to there.
    """
    scaled = further(gamma, step)
    for sweep in range(_SCALE_SWEEPS):
        if not scale_sweep(model, further(scaled, step), y, sweep % 2 == 0, 0.1 * step):
            break
    return float(scaled)


@compiled
def keep(
    values: Values, y: Array, factor: float, error: float, bounds: Array, greedy: Array
) -> float:
    """Store each state's smaller bound, and its greedy actions; return the largest bound."""
    q, policy, largest = values.q, values.policy, 0.0
    for s in range(len(q)):
        own = factor * y[s]
        bounds[s] = own if own < error else error
        largest = max(largest, bounds[s])
        greedy_actions(q[s : s + 1], policy[s : s + 1], bounds[s], greedy[s : s + 1])
    return largest


@compiled
def onward(gamma: float, before: float, first: float) -> float:
    """How much of the line from `first` to `before` to add for a guess of the values at gamma.

    Values have poles at gamma = 1: near it, extrapolation would be wrong.
    """
    width, past = gamma - before, before - first
    return width / past if past > 0.0 and width < 0.5 * (1.0 - gamma) else 0.0


@compiled
def at_gamma(
    model: Model,
    values: Values,
    settings: Settings,
    system: System,
    scale: Scale,
    bounds: Array,
    greedy: Array,
) -> tuple[int, int, float, float]:
    """Solve from v; write each state's bound, (S,), and what is greedy by it, (S, A).

    Returns the status, the sweeps, the error, and up to which gamma the scale serves now.
    """
    gamma, horizon, y, serves = settings.gamma, settings.horizon, scale.y, scale.serves
    scaling = settings.tol == 0.0 and gamma < 1.0
    if scaling and gamma >= serves:
        first = serves == 0.0
        serves = rescale(model, gamma, scale.step, y)
    else:
        first = not scaling
    if not first:
        # The next step leaves small values untouched only where nothing is left to do.
        backup(model, gamma, values)
        entrywise(model, values, settings, y, system)
    status, sweeps, residual, rounding = accelerated(model, values, settings, system)
    error = (residual + rounding) * horizon
    factor = np.inf
    if scaling:
        factor = entrywise(model, values, settings, y, system)
        low, high, size = backup(model, gamma, values)
        rounding = settings.slack * (settings.reward_size + gamma * size)
        error = (max(-low, high) + rounding) * horizon
    return status, sweeps, keep(values, y, factor, error, bounds, greedy), serves


@compiled
def at(settings: Settings, gamma: float, horizon: float) -> Settings:
    """The same settings at another gamma."""
    _, _, slack, reward_size, tol, max_sweeps, mixing, first_sweeps = settings
    return Settings(gamma, horizon, slack, reward_size, tol, max_sweeps, mixing, first_sweeps)


@compiled
def along_gammas(
    model: Model,
    values: Values,
    settings: Settings,
    system: System,
    scale: Scale,
    bounds: Array,
    grid: Grid,
    part: tuple[int, int],
) -> tuple[int, int, float]:
    """Solve at one gamma after the other, each from the values before, continued in a line.

    `settings` are those of any gamma; bounds, shape (S,), are scratch space; `part` says from which
    gamma on, and up to which. Returns the status, how many gammas are done, and up to which gamma
    the scale serves now.
    """
    v, gammas, found, serves = values.v, grid.gammas, grid.values, scale.serves
    for i in range(part[0], part[1]):
        if i > 0:
            step = onward(gammas[i], gammas[i - 1], gammas[max(i - 2, 0)])
            for s in range(len(v)):
                v[s] = found[i - 1, s] + step * (found[i - 1, s] - found[max(i - 2, 0), s])
        own, its = at(settings, gammas[i], grid.horizons[i]), Scale(scale.y, serves, scale.step)
        status, _, grid.errors[i], serves = at_gamma(
            model, values, own, system, its, bounds, grid.greedy[i]
        )
        for s in range(len(v)):
            found[i, s] = v[s]
        if status == OUT_OF_SWEEPS or (status == AT_FLOOR and settings.tol > 0.0):
            return status, i, serves
    return CONVERGED, part[1], serves
