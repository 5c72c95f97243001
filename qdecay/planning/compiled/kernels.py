"""Compiled sweeps over a model, and over the system of one policy.

A state without actions has value 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy import uint32, uint64

from qdecay._support.compiled import compiled

Array = Any  # numba knows the types; mypy cannot see into compiled code

_ONE = uint64(1)


class Model(NamedTuple):
    """The model as the kernels read it.

    Attributes:
        ptr, col, p: the rows of continuing probabilities, row s * A + a; the integers unsigned:
            numba then leaves out the test for negative indices.
        r: expected rewards, shape (S, A), nan where the action is unavailable.
    """

    ptr: Array
    col: Array
    p: Array
    r: Array


class Values(NamedTuple):
    """The current estimate of the optimal values: v, shape (S,); q, shape (S, A); the policy,
    (S,)."""

    v: Array
    q: Array
    policy: Array


class System(NamedTuple):
    """The system (I - B) x = d of a policy, and where to solve it.

    Attributes:
        rows, middle, entries, weights: B = gamma P of the policy without its diagonal, each row
            divided by 1 - gamma p(s, s) and ordered by column, so that [rows[s], middle[s]) lies
            below the diagonal and [middle[s], rows[s + 1]) above it.
        work: shape (11, S): d, x, 1 / (1 - gamma p(s, s)), seven scratch vectors, and one to keep
            the values in.
    """

    rows: Array
    middle: Array
    entries: Array
    weights: Array
    work: Array


@compiled
def backup(model: Model, gamma: float, values: Values) -> tuple[float, float, float]:
    """One synchronous sweep: q, its best actions, the range of T v - v, and the size of v."""
    ptr, col, p, r = model
    v, q, policy = values
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
            # Selections, not branches: the processor cannot predict the best action.
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
def improve(model: Model, gamma: float, values: Values, down: bool) -> tuple[float, float]:
    """One Gauss-Seidel sweep, staying solved out; the largest change and the size of v.

    v(s) = max_a [r + gamma sum_{t != s} p v(t)] / (1 - gamma p(s, a, s)) has the same solution as
    v = T v and moves further in a sweep.
    """
    ptr, col, p, r = model
    v, policy = values.v, values.policy
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
def evaluate(model: Model, gamma: float, values: Values, down: bool) -> float:
    """One Gauss-Seidel sweep of v = T_policy v; the largest change."""
    ptr, col, p, r = model
    v, policy = values.v, values.policy
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
def settle(values: Values) -> None:
    """v <- max_a q."""
    v, q, policy = values
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
def restrict(model: Model, gamma: float, policy: Array, system: System) -> None:
    """Write the policy's system, all but d and x."""
    ptr, col, p, r = model
    rows, middle, entries, weights, work = system
    factor = work[2]
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
def jacobi(system: System, d: Array, x: Array, y: Array) -> tuple[float, float]:
    """Write y <- d + B x; the range of y - x."""
    rows, entries, weights = system.rows, system.entries, system.weights
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
def forward(system: System, b: Array, x: Array) -> None:
    """Write x <- (I - L)^-1 b, L being B below its diagonal; b may be x."""
    rows, middle, entries, weights, _ = system
    for s in range(len(x)):
        total = b[s]
        for k in range(uint64(rows[s]), uint64(middle[s])):
            total += weights[k] * x[entries[k]]
        x[s] = total


@compiled
def backward(system: System, b: Array, x: Array) -> None:
    """Write x <- (I - U)^-1 b, U being B above its diagonal; b may be x."""
    rows, middle, entries, weights, _ = system
    for i in range(len(x)):
        s = len(x) - 1 - i
        total = b[s]
        for k in range(uint64(middle[s]), uint64(rows[s + 1])):
            total += weights[k] * x[entries[k]]
        x[s] = total


@compiled
def preconditioned(system: System, x: Array, t: Array, z: Array, y: Array) -> None:
    """Write y <- (I - L)^-1 (I - B) (I - U)^-1 x for the cost of one product (Eisenstat 1981).

    With t = (I - U)^-1 x: (I - B) t = (I - L) t + x - t, so y = t + (I - L)^-1 (x - t).
    """
    backward(system, x, t)
    for s in range(len(x)):
        z[s] = x[s] - t[s]
    forward(system, z, z)
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
def bicgstab(system: System, shrink: float, most: int) -> tuple[int, bool]:
    """Solve (I - B) x = d until the residual's norm is below `shrink` times what it was.

    BiCGSTAB (van der Vorst 1992) with the symmetric Gauss-Seidel preconditioner. Overwrites d.
    Returns the iterations made, and whether it got there; where it broke down, x is of no use.
    """
    d, x, work = system.work[0], system.work[1], system.work[3:]
    residual, shadow, w, aw, az = work[0], work[1], work[2], work[3], work[4]
    t, z = work[5], work[6]
    forward(system, d, d)
    for s in range(len(d)):
        residual[s] = shadow[s] = w[s] = d[s]
        x[s] = 0.0
    rho = dot(residual, residual)
    target = shrink * shrink * rho
    for iteration in range(1, most + 1):
        preconditioned(system, w, t, z, aw)
        alpha = rho / dot(shadow, aw)
        for s in range(len(d)):
            residual[s] -= alpha * aw[s]
        preconditioned(system, residual, t, z, az)
        length = dot(az, az)
        omega = dot(az, residual) / length if length > 0.0 else 0.0
        for s in range(len(d)):
            x[s] += alpha * w[s] + omega * residual[s]
            residual[s] -= omega * az[s]
        left = dot(residual, residual)
        following = dot(shadow, residual)
        beta = following / rho * (alpha / omega)
        if left <= target or not abs(beta) < np.inf:
            backward(system, x, x)
            return iteration, left <= target
        rho = following
        for s in range(len(d)):
            w[s] = residual[s] + beta * (w[s] - omega * aw[s])
    backward(system, x, x)
    return most, left < np.inf
