"""Compiled sweeps over a model, and over the system of one policy.

A model comes as five arguments: `ptr`, `col`, `p`, the rows of its continuing probabilities, row
s * A + a (unsigned: numba then leaves out the test for negative indices); `r`, shape (S, A), nan
where the action is unavailable; `gamma`. A state without actions has value 0.

The policy's system (I - B) x = d comes as `rows`, `middle`, `entries`, `weights`: the rows of
B = gamma P without its diagonal, each divided by 1 - gamma p(s, s) and ordered by column, so that
[rows[s], middle[s]) lies below the diagonal and [middle[s], rows[s + 1]) above it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import uint32, uint64

from qdecay._support.compiled import compiled

Array = Any  # numba knows the types; mypy cannot see into compiled code

_ONE = uint64(1)


@compiled
def backup(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, q: Array, policy: Array
) -> tuple[float, float, float]:
    """One synchronous sweep: q, its best actions, the range of T v - v, and the size of v."""
    low, high, size = np.inf, -np.inf, 0.0
    k, pair = uint64(0), uint64(0)
    for s in range(len(v)):
        best, choice = -np.inf, uint32(0)
        for a in range(r.shape[1]):
            pair += _ONE
            end = uint64(ptr[pair])
            onward = 0.0
            while k < end:
                onward += p[k] * v[col[k]]
                k += _ONE
            x = r[s, a] + gamma * onward
            x = x if x == x else -np.inf
            q[s, a] = x
            # Selections, not branches: which action is best cannot be predicted.
            better = x > best
            best = x if better else best
            choice = uint32(a) if better else choice
        best = best if best > -np.inf else 0.0
        policy[s] = choice
        change = best - v[s]
        low = change if change < low else low
        high = change if change > high else high
        size = max(size, abs(v[s]))
    return low, high, size


@compiled
def improve(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, policy: Array, down: bool
) -> tuple[float, float]:
    """One Gauss-Seidel sweep, staying solved out; the largest change and the size of v.

    v(s) = max_a [r + gamma sum_{t != s} p v(t)] / (1 - gamma p(s, a, s)) has the same solution as
    v = T v and moves further in a sweep.
    """
    n_states, n_actions = r.shape
    largest, size = 0.0, 0.0
    for i in range(n_states):
        s = n_states - 1 - i if down else i
        pair = uint64(s) * uint64(n_actions)
        k = uint64(ptr[pair])
        best, choice = -np.inf, uint32(0)
        for a in range(n_actions):
            pair += _ONE
            end = uint64(ptr[pair])
            onward, stay = 0.0, 0.0
            while k < end:
                if uint64(col[k]) == uint64(s):
                    stay += p[k]
                else:
                    onward += p[k] * v[col[k]]
                k += _ONE
            x = r[s, a] + gamma * onward
            if stay > 0.0:
                x /= 1.0 - gamma * stay
            better = x > best
            best = x if better else best
            choice = uint32(a) if better else choice
        best = best if best > -np.inf else 0.0
        policy[s] = choice
        largest = max(largest, abs(best - v[s]))
        size = max(size, abs(best))
        v[s] = best
    return largest, size


@compiled
def evaluate(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, v: Array, policy: Array, down: bool
) -> float:
    """One Gauss-Seidel sweep of v = T_policy v; the largest change."""
    n_states, n_actions = r.shape
    largest = 0.0
    for i in range(n_states):
        s = n_states - 1 - i if down else i
        pair = uint64(s) * uint64(n_actions) + uint64(policy[s])
        onward, stay = 0.0, 0.0
        for k in range(uint64(ptr[pair]), uint64(ptr[pair + _ONE])):
            if uint64(col[k]) == uint64(s):
                stay += p[k]
            else:
                onward += p[k] * v[col[k]]
        x = (r[s, policy[s]] + gamma * onward) / (1.0 - gamma * stay)
        x = x if x == x else 0.0
        largest = max(largest, abs(x - v[s]))
        v[s] = x
    return largest


@compiled
def settle(v: Array, q: Array, policy: Array) -> None:
    """v <- max_a q."""
    for s in range(len(v)):
        best = q[s, policy[s]]
        v[s] = best if best > -np.inf else 0.0


@compiled
def greedy_actions(q: Array, policy: Array, error: float, greedy: Array) -> None:
    """Mark every action that an error of q does not prove worse than the policy's, the best."""
    for s in range(len(q)):
        best = q[s, policy[s]]
        for a in range(q.shape[1]):
            greedy[s, a] = best > -np.inf and q[s, a] >= best - 2.0 * error


@compiled
def restrict(
    ptr: Array, col: Array, p: Array, r: Array, gamma: float, policy: Array,
    rows: Array, middle: Array, entries: Array, weights: Array, factor: Array,
) -> None:  # fmt: skip
    """Write the policy's system; factor(s) = 1 / (1 - gamma p(s, s))."""
    n = uint64(0)
    for s in range(len(policy)):
        pair = uint64(s) * uint64(r.shape[1]) + uint64(policy[s])
        rows[s] = n
        below, stay = n, 0.0
        for k in range(uint64(ptr[pair]), uint64(ptr[pair + _ONE])):
            if uint64(col[k]) == uint64(s):
                stay += p[k]
                continue
            entries[n] = col[k]
            weights[n] = gamma * p[k]
            n += _ONE
            below = n if uint64(col[k]) < uint64(s) else below
        middle[s] = below
        factor[s] = 1.0
        if stay > 0.0:
            factor[s] = 1.0 / (1.0 - gamma * stay)
            for k in range(uint64(rows[s]), n):
                weights[k] *= factor[s]
    rows[len(policy)] = n


@compiled
def jacobi(
    rows: Array, entries: Array, weights: Array, d: Array, x: Array, y: Array
) -> tuple[float, float]:
    """Write y <- d + B x; the range of y - x."""
    low, high = np.inf, -np.inf
    k = uint64(0)
    for s in range(len(d)):
        end = uint64(rows[s + 1])
        total = d[s]
        while k < end:
            total += weights[k] * x[entries[k]]
            k += _ONE
        y[s] = total
        change = total - x[s]
        low = change if change < low else low
        high = change if change > high else high
    return low, high


@compiled
def forward(rows: Array, middle: Array, entries: Array, weights: Array, b: Array, x: Array) -> None:
    """Write x <- (I - L)^-1 b, L being B below its diagonal; b may be x."""
    for s in range(len(x)):
        total = b[s]
        for k in range(uint64(rows[s]), uint64(middle[s])):
            total += weights[k] * x[entries[k]]
        x[s] = total


@compiled
def backward(
    rows: Array, middle: Array, entries: Array, weights: Array, b: Array, x: Array
) -> None:
    """Write x <- (I - U)^-1 b, U being B above its diagonal; b may be x."""
    for i in range(len(x)):
        s = len(x) - 1 - i
        total = b[s]
        for k in range(uint64(middle[s]), uint64(rows[s + 1])):
            total += weights[k] * x[entries[k]]
        x[s] = total


@compiled
def preconditioned(
    rows: Array, middle: Array, entries: Array, weights: Array,
    x: Array, t: Array, z: Array, y: Array,
) -> None:  # fmt: skip
    """Write y <- (I - L)^-1 (I - B) (I - U)^-1 x for the cost of one product (Eisenstat 1981).

    With t = (I - U)^-1 x: (I - B) t = (I - L) t + x - t, so y = t + (I - L)^-1 (x - t).
    """
    backward(rows, middle, entries, weights, x, t)
    for s in range(len(x)):
        z[s] = x[s] - t[s]
    forward(rows, middle, entries, weights, z, z)
    for s in range(len(x)):
        y[s] = t[s] + z[s]


def _dot(a: Array, b: Array) -> float:
    """The sum of a * b, in any order."""
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


dot = compiled(_dot, fastmath={"reassoc", "contract", "nsz"})


@compiled
def bicgstab(
    rows: Array, middle: Array, entries: Array, weights: Array,
    d: Array, x: Array, work: Array, shrink: float, most: int,
) -> tuple[int, bool]:  # fmt: skip
    """Solve (I - B) x = d until the residual's norm is below `shrink` times what it was.

    BiCGSTAB (van der Vorst 1992) with the symmetric Gauss-Seidel preconditioner. Overwrites d.
    Returns the iterations made, and whether it got there; where it broke down, x is of no use.
    """
    residual, shadow, w, aw, az, t, z = (
        work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    )  # fmt: skip
    forward(rows, middle, entries, weights, d, d)
    for s in range(len(d)):
        residual[s] = shadow[s] = w[s] = d[s]
        x[s] = 0.0
    rho = dot(residual, residual)
    target = shrink * shrink * rho
    for iteration in range(1, most + 1):
        preconditioned(rows, middle, entries, weights, w, t, z, aw)
        alpha = rho / dot(shadow, aw)
        for s in range(len(d)):
            residual[s] -= alpha * aw[s]
        preconditioned(rows, middle, entries, weights, residual, t, z, az)
        length = dot(az, az)
        omega = dot(az, residual) / length if length > 0.0 else 0.0
        for s in range(len(d)):
            x[s] += alpha * w[s] + omega * residual[s]
            residual[s] -= omega * az[s]
        left = dot(residual, residual)
        following = dot(shadow, residual)
        beta = following / rho * (alpha / omega)
        if left <= target or not abs(beta) < np.inf:
            backward(rows, middle, entries, weights, x, x)
            return iteration, left <= target
        rho = following
        for s in range(len(d)):
            w[s] = residual[s] + beta * (w[s] - omega * aw[s])
    backward(rows, middle, entries, weights, x, x)
    return most, left < np.inf
