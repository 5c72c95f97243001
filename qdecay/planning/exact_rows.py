"""Models in fractions, for proofs that rounding forbids in floats: small ones only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP
from qdecay.planning.table import Table

Row = tuple[Fraction, dict[int, Fraction]]
Exact = Callable[[int, int], Row]
Numbers = NDArray[np.float64]

_ONE = Fraction(1)
_MOST_STATES = 200
_MOST_ENTRIES = 5_000
_ROUNDS = 20


def exact_rows(mdp: FiniteMDP) -> Exact:
    """Return a function from state and action to the exact reward and continuing probabilities.

    Floats are taken as the rationals that they represent; probabilities of rows that do not end are
    divided by their sum, which is 1 within rounding.
    """
    return _of_fractions(mdp) if isinstance(mdp, MDP) else _of_floats(mdp)


def _of_floats(mdp: FiniteMDP) -> Exact:
    p, n_actions = mdp.p, mdp.n_actions

    def row(s: int, a: int) -> Row:
        span = slice(*p.indptr[s * n_actions + a : s * n_actions + a + 2])
        chances = [Fraction(x) for x in p.data[span].tolist()]
        total = Fraction(1) if mdp.ends[s, a] else sum(chances, Fraction(0))
        shares = (chance / total for chance in chances)
        return Fraction(float(mdp.r[s, a])), dict(
            zip(p.indices[span].tolist(), shares, strict=True)
        )

    return row


def _of_fractions(mdp: MDP) -> Exact:
    first: list[int] = []

    def row(s: int, a: int) -> Row:
        if not first:  # for most models this is never called
            pairs = mdp.state * mdp.n_actions + mdp.action
            first.extend(np.searchsorted(pairs, np.arange(mdp.available.size + 1)).tolist())
        chances: dict[int, Fraction] = {}
        for k in range(*first[s * mdp.n_actions + a : s * mdp.n_actions + a + 2]):
            if not mdp.terminated[k]:
                t = int(mdp.next_state[k])
                chances[t] = chances.get(t, Fraction(0)) + mdp.exact_probability[k]
        return mdp.exact_r[s, a], chances

    return row


def fits(table: Table) -> bool:
    """Return whether a model is small enough for `refined`."""
    return len(table.model.r) <= _MOST_STATES and len(table.model.p) <= _MOST_ENTRIES


def refined(exact: Exact, table: Table, gamma: float, v: Numbers) -> tuple[Numbers, Numbers, float]:
    """Return the optimal v and q at gamma < 1, rounded once, and their error, from a v near them.

    Policy iteration in which residuals are exact and v is a sum of floats, so that each solve in
    floats adds digits (iterative refinement: Wilkinson 1963). The error is that of `planning`, the
    largest residual over 1 - gamma, without rounding, plus the error of writing v and q as floats.
    """
    n_states, n_actions = table.model.r.shape
    actions = [np.flatnonzero(flags).tolist() for flags in table.available]
    rows = [{a: exact(s, a) for a in available} for s, available in enumerate(actions)]
    p = table.p.toarray().reshape(n_states, n_actions, n_states)
    states, discount = np.arange(n_states), Fraction(gamma)
    values = [Fraction(x) for x in v.tolist()]
    least, found = None, (values, [dict[int, Fraction]()])
    for _ in range(_ROUNDS):
        q = [{a: onward(row, values, discount) for a, row in own.items()} for own in rows]
        policy = [max(own, key=own.__getitem__, default=0) for own in q]
        lag = [own.get(a, Fraction(0)) - x for own, a, x in zip(q, policy, values, strict=True)]
        largest = max(abs(x) for x in lag)
        if least is not None and not largest < least / 2:
            break
        least, found = largest, (values, q)
        system = np.eye(n_states) - gamma * p[states, policy]
        step = np.linalg.solve(system, [float(x) for x in lag])
        values = [x + Fraction(y) for x, y in zip(values, step.tolist(), strict=True)]
    values, q = found
    as_floats = np.full((n_states, n_actions), -np.inf)
    apart = [abs(x - Fraction(float(x))) for x in values]
    for s, own in enumerate(q):
        as_floats[s, list(own)] = [float(x) for x in own.values()]
        apart += [abs(x - Fraction(float(x))) for x in own.values()]
    error = (least or Fraction(0)) / (1 - discount) + max(apart)
    return np.array([float(x) for x in values]), as_floats, _upwards(error)


def onward(
    row: Row, values: Mapping[int, Fraction] | Sequence[Fraction], discount: Fraction = _ONE
) -> Fraction:
    """Return r + gamma sum_t p(t) v(t)."""
    reward, chances = row
    ahead = sum((chance * values[t] for t, chance in chances.items()), Fraction(0))
    return reward + discount * ahead


def _upwards(number: Fraction) -> float:
    """Return the least float that is at least the number."""
    near = float(number)
    return near if Fraction(near) >= number else float(np.nextafter(near, np.inf))
