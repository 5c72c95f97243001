"""The gain of end components: bounds on the most reward per step that staying there can earn.

In a component where every state reaches every other one, the optimal gain g is the same in all, and
for any v, with T v = max_a [r + P v] over the pairs that stay,

    min (T v - v) <= g <= max (T v - v)

(Puterman, Markov Decision Processes, 2005, section 8.5). How v was found does not matter. Here it
is the optimal values at gammas ever closer to 1, of the rewards minus the gain known so far, which
keeps them small. They approach a bias, even in periodic components.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qdecay.planning.compiled.kernels import Values, backup
from qdecay.planning.compiled.loops import OUT_OF_SWEEPS, Settings, accelerated
from qdecay.planning.direct import direct
from qdecay.planning.horizon import discounted_steps
from qdecay.planning.quotient import Components
from qdecay.planning.table import Table

Numbers = NDArray[np.float64]

SOLVED, PATIENCE = 5_000, 500  # largest models solved directly, after so many sweeps
_GAMMAS = tuple(1 - 10.0**-digits for digits in (2, 4, 6, 8, 9, 10))


@dataclass(frozen=True, eq=False)
class Gains:
    """Bounds on the optimal gain of each component.

    Attributes:
        low, high: in reward units per step, shape (count,).
        v: the values that prove them, 0 at the first state of each component, shape (S,).
        policy: the actions that attain T v, whose gain is at least `low`, shape (S,).
        sweeps: passes over all states.
    """

    low: Numbers
    high: Numbers
    v: Numbers
    policy: NDArray[np.int64]
    sweeps: int


def gains(table: Table, parts: Components, r: Numbers, tol: float, max_sweeps: int) -> Gains:
    """Return bounds on the gains, no further apart than tol where rounding and sweeps allow it.

    Args:
        table: the model.
        parts: the components.
        r: rewards, shape (S, A).
        tol: the largest distance wanted, in reward units per step.
        max_sweeps: sweeps before giving up.
    """
    shape, firsts = r.shape, parts.firsts()
    inside = np.where(parts.pairs, r, np.nan)
    own = np.maximum(parts.label, 0)
    alive = parts.label >= 0
    values = Values(np.zeros(shape[0]), np.empty(shape), np.empty(shape[0], dtype=np.uint32))
    g, best, sweeps = parts.over(np.maximum, inside, -np.inf), None, 0
    system = table.system()
    for gamma in _GAMMAS:
        shifted = table.with_rewards(inside - np.where(alive, g[own], 0.0)[:, None])
        horizon = discounted_steps(gamma)
        left = max_sweeps - sweeps
        if left < 2:
            break
        # Stops when a backup moves nothing by more than tol / 4.
        size = shifted.slack, shifted.reward_size
        most = min(left, PATIENCE) if len(r) <= SOLVED else left
        settings = Settings(gamma, horizon, *size, 0.25 * tol * horizon, most, True, 2)
        status = OUT_OF_SWEEPS
        if not table.certain:
            status, made, *_ = accelerated(shifted.model, values, settings, system)
            sweeps += made + 1
        if status == OUT_OF_SWEEPS and (table.certain or most < left):
            sweeps += _improved(shifted, gamma, values, left)
        if best is not None and not np.isfinite(values.v).all():
            break  # floats solve no system this near to 1
        found = proven(table, parts, r, g, values.v - np.where(alive, values.v[firsts[own]], 0.0))
        values.v[:] = found.v
        if best is None or (found.high - found.low).max() < (best.high - best.low).max():
            best = found
        if (found.high - found.low).max() <= tol:
            break
        g = (found.low + found.high) / 2
    assert best is not None
    return replace(best, sweeps=sweeps)


def proven(table: Table, parts: Components, r: Numbers, g: Numbers, v: Numbers) -> Gains:
    """Return the bounds that values prove, shape (S,), from gains near them, shape (count,)."""
    alive, own = parts.label >= 0, np.maximum(parts.label, 0)
    inside = np.where(parts.pairs, r, np.nan)
    shifted = table.with_rewards(inside - np.where(alive, g[own], 0.0)[:, None])
    values = Values(v.copy(), np.empty(r.shape), np.empty(len(v), dtype=np.uint32))
    backup(shifted.model, 1.0, values)
    change = np.where(alive, values.q.max(axis=1) - v, 0.0)
    largest = parts.over(np.maximum, np.abs(v), 0.0)
    # Shifting the rewards and back rounds too.
    rounding = 2 * table.slack * (table.reward_size + np.abs(g) + largest)
    low = g + parts.over(np.minimum, change, np.inf) - rounding
    high = g + parts.over(np.maximum, change, -np.inf) + rounding
    return Gains(low, high, v, values.policy.astype(np.int64), 1)


def _improved(table: Table, gamma: float, values: Values, most: int) -> int:
    """Improve v by policy iteration with direct solves, quick where nothing is random; count them.

    There cycles are long, and sweeps would have to go around them.
    """
    p, r = table.p, np.nan_to_num(table.model.r)
    states, n_actions = np.arange(len(r)), r.shape[1]
    backup(table.model, gamma, values)
    policy = values.policy.astype(np.int64)
    for policies in range(1, most + 1):
        values.v[:] = direct(p[states * n_actions + policy], r[states, policy], gamma)
        _, _, size = backup(table.model, gamma, values)
        best = values.policy.astype(np.int64)
        enough = 2 * table.slack * (table.reward_size + size)
        better = values.q[states, best] > values.q[states, policy] + enough
        if not better.any():
            return policies
        policy = np.where(better, best, policy)
    return most
