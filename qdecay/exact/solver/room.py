"""How much the choice in near ties may add to values, and so to the advantages of all other pairs.

Some pairs tie with the policy, others are near ties, whose advantage is at most eps. Let A have the
pairs of both kinds, so at least one of each state, and let V^ be the best value with these alone.
For D >= 0 with

    D(s) >= eps(s) + gamma max_A p D,        eps(s) = 0 where there is no near tie,

V <= V^ <= V + D, as no pair of A gains more than eps under V. A pair outside A of which
r(s, a) + gamma p V - V(s) + gamma p D < 0 is worse than V^(s), then. If all of these are, V^ is the
optimal value: only pairs of A are optimal.

With eps / (1 - gamma) gamma^d, d moves at least from s to a near tie by pairs of A, this holds; and
it goes on to hold when D becomes its own right side, over and over, which lets it fall with the
probabilities too. Values far from every reward are below the range of floats, so D is kept in units
of the first one, and what is returned in powers of two. For smaller gamma', D is smaller at least
by (gamma' / gamma)^(m + d), if eps is by (gamma' / gamma)^m.

Where the pairs that tie are one policy's and the near ties enter it, D bounds the change of values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.exact.solver.axis import Mask, Pairs
from qdecay.exact.solver.claims import Bound
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.submatrix import Part, rows_of

_SLACK = 0.01  # of a power of two: far more than all rounding
_GAIN = 1.1  # the gain that another round must have somewhere
_LEAST = 2.0**-900  # of D, in its unit
_LOST = 2.0**-980  # below the normal range, in a row of fewer than 2^31 products
_ROUNDS = 1000
_FAR = 2**40

Array = NDArray[np.float64]


def room_of(model: RationalModel, ties: Mask, near: Pairs, most: Bound, gamma: float) -> Bound:
    """Return a bound of gamma p D for all pairs, up to `gamma`.

    Args:
        ties: (N,) the pairs that tie with the policy, its own too.
        near: the near ties, at least one; `most` bounds their advantages.
    """
    allowed = ties.copy()
    allowed[near] = True
    chosen = np.flatnonzero(allowed)
    p, starts = rows_of(model.p, chosen), np.searchsorted(chosen, model.first[:-1])
    moves, power, eps = np.full(model.n, _FAR), np.full(model.n, _FAR), np.zeros(model.n)
    states, top = model.pair_state[near], float(most.level.max())
    moves[states] = 0
    np.minimum.at(power, states, most.power)
    np.maximum.at(eps, states, np.exp2(most.level - top) * (1 - gamma))
    ends = np.repeat(model.pair_state[chosen], np.diff(p.indptr))
    before = sparse.csr_matrix((p.data, (p.indices, ends)), shape=(model.n, model.n))
    moves, power = _spread(moves, before), _spread(power, before)
    d = np.where(moves < _FAR, 1.0, 0.0)
    p.data *= _unit(moves[p.indices] + 1 - moves[ends], gamma)
    for _ in range(_ROUNDS):
        lower = np.maximum(eps + np.maximum.reduceat(p @ d, starts), _LEAST)
        gains = (d > _GAIN * lower).any()
        d = np.minimum(d, lower)
        if not gains:
            break
    nearest = _next(moves, model.p)
    ahead = rows_of(model.p, np.arange(model.n_pairs))
    ahead.data *= _unit(moves[ahead.indices] + 1 - np.repeat(nearest, np.diff(ahead.indptr)), gamma)
    level = np.log2(ahead @ d + _LOST) + nearest * np.log2(gamma)
    level = np.where(nearest < _FAR, level + top - np.log2(1 - gamma) + _SLACK, -np.inf)
    return Bound(level, _next(power, model.p))


def _unit(moves: NDArray[np.int64], gamma: float) -> Array:
    """Return gamma^moves, and 0 for moves from or to where no near tie is ahead."""
    return np.where(np.abs(moves) < _FAR // 2, gamma ** np.clip(moves, 0, None), 0.0)


def _spread(numbers: NDArray[np.int64], before: sparse.csr_matrix) -> NDArray[np.int64]:
    """Return the least of each state's number and one more than those that it leads to."""
    found = numbers.copy()
    known = found < _FAR
    number, last = int(found.min()), int(found[known].max(initial=0))
    while number <= last:
        states = rows_of(before, np.flatnonzero(found == number)).indices
        number += 1
        later = states[found[states] > number]
        if len(later):
            found[later], last = number, max(last, number)
    return found


def _next(numbers: NDArray[np.int64], p: Part) -> NDArray[np.int64]:
    """Return one more than the least number among each row's entries."""
    ahead = np.minimum.reduceat(np.append(numbers[p.indices], _FAR), p.indptr[:-1]) + 1
    return np.where(np.diff(p.indptr) == 0, _FAR, np.minimum(ahead, _FAR))
