"""Narrow brackets around one breakpoint, by exact signs at rational gammas.

Left of the bracket a policy is optimal, and the advantage of a pair that enters in the bracket
changes its sign there once. At gamma = a / b, with q the common denominator of all probabilities,
the policy's value is b q y where

    (b q I - a W) y = r,        W = q P and r in integers,

and the pair's advantage has the sign of r(s, a) + a w y - b q y(s). `Refinement` computes y to as
many places as needed, even in sparse models of thousands of states.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.axis import NoBound, Pairs
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.refinement import Refinement
from qdecay.exact.solver.submatrix import columns_of, rows_of

_MOST_BITS = 1000  # binary places of values, before a sign is given up
_WORD, _PLACES = 2**61, 58  # 64-bit integers hold b q if b has so many bits less q's


def narrowed(
    model: RationalModel,
    policy: Pairs,
    pair: int,
    bracket: tuple[Fraction, Fraction],
    width: Fraction,
    deadline: Deadline,
) -> tuple[Fraction, Fraction]:
    """Return a bracket of at most this width, or the narrowest that 64-bit integers allow.

    Args:
        policy: optimal left of the bracket.
        pair: its advantage is negative at the left end, positive at the right end, and has one
            root in between.

    Raises:
        BudgetExceeded: the time is up.
    """
    lower, upper = bracket
    graph, places = PolicyGraph(model, policy), _PLACES - model.denominator.bit_length()
    grain = 2 ** min(int(2 / width).bit_length(), max(places, 1))
    while upper - lower > width:
        deadline.check()
        middle = Fraction(round((lower + upper) / 2 * grain), grain)
        if not lower < middle < upper:
            break
        sign = _sign_at(graph, pair, middle)
        if sign == 0:
            break
        lower, upper = (middle, upper) if sign < 0 else (lower, middle)
    return lower, upper


def _sign_at(graph: PolicyGraph, pair: int, gamma: Fraction) -> int:
    """Return the exact sign of a pair's advantage at 0 < gamma < 1; 0 if it was not found."""
    model = graph.model
    own, q, a = int(model.pair_state[pair]), model.denominator, gamma.numerator
    unit = gamma.denominator * q
    states = np.flatnonzero(graph.closure(own, model.targets[pair]) & graph.live)
    if model.small_weights is None or 2 * unit >= _WORD or model.largest_reward >= _WORD:
        return 0
    if not len(states):
        return int(np.sign(model.rewards[pair]))
    weights = columns_of(rows_of(model.small_weights, graph.policy[states]), states).toscipy()
    matrix = -a * weights
    matrix.setdiag(unit + matrix.diagonal())
    right = np.array([[model.rewards[p]] for p in graph.policy[states].tolist()], dtype=np.int64)
    place = {s: i for i, s in enumerate(states.tolist())}
    factors = dict.fromkeys((t for t in (*model.targets[pair], own) if t in place), 0)
    for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
        if t in place:
            factors[t] += a * weight
    if own in place:
        factors[own] -= unit
    rows = np.array([place[t] for t in factors], dtype=np.int64)
    try:
        values = Refinement(matrix.tocsr(), right, unit, (gamma.denominator - a) * q)
        bits = 64
        while bits <= _MOST_BITS:
            found = values.combination(rows, list(factors.values()), 0, bits)
            reward = model.rewards[pair] << found.bits
            found = found._replace(low=found.low + reward, high=found.high + reward)
            if found.sign:
                return found.sign
            bits *= 2
    except NoBound:
        pass
    return 0
