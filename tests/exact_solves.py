"""Advantages by exact elimination, for tests of what floats and polynomials conclude."""

from __future__ import annotations

from fractions import Fraction

from qdecay.exact.solver.rational_model import RationalModel


def solved(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gauss-Jordan elimination in fractions."""
    rows = [[*row, x] for row, x in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next(k for k in range(i, len(rows)) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i]:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return [row[-1] for row in rows]


def advantages(model: RationalModel, policy: list[int], gamma: Fraction) -> list[Fraction]:
    """r(s, a) + gamma p V - V(s) of every pair, from V = (I - gamma P)^-1 r."""
    q, n = model.denominator, model.n
    identity = [[Fraction(int(s == t)) for t in range(n)] for s in range(n)]
    for s, pair in enumerate(policy):
        for t, w in zip(model.targets[pair], model.weights[pair], strict=True):
            identity[s][t] -= gamma * Fraction(w, q)
    v = solved(identity, [Fraction(model.rewards[pair]) for pair in policy])
    found = []
    for pair, s in enumerate(model.pair_state.tolist()):
        moves = zip(model.targets[pair], model.weights[pair], strict=True)
        found.append(
            model.rewards[pair] + gamma * sum(Fraction(w, q) * v[t] for t, w in moves) - v[s]
        )
    return found
