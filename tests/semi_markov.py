"""Semi-Markov models of a few states, and what their policies are worth, by definition.

For a policy, V(s) is the sum over the rows of its action of p (r + gamma^d V(t)), without V(t)
where the row terminates. Nothing here shares code with what it checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product
from random import Random
from typing import Any

Row = tuple[int, int, int, Fraction, Fraction, bool, int]
ZERO, ONE = Fraction(0), Fraction(1)
STATES, ACTIONS = 3, 2


def random_rows(seed: int) -> list[Row]:
    """Rows of a model of two actions: one or two outcomes each, some of which terminate."""
    draw = Random(seed)
    rows: list[Row] = []
    for s, a in product(range(STATES), range(ACTIONS)):
        chance = Fraction(draw.randint(1, 3), draw.choice((3, 4)))
        for p in (chance, 1 - chance):
            paid, ends = Fraction(draw.randint(-2, 6), draw.choice((1, 2))), draw.random() < 0.2
            after = draw.randrange(STATES), draw.randint(1, 4)
            if p:
                rows.append((s, a, after[0], p, paid, ends, after[1]))
    return rows


def written_out(rows: Sequence[Row], n_states: int) -> tuple[list[tuple[Any, ...]], int]:
    """The rows of one step each that do the same, with a line of states for each; their number."""
    made: list[tuple[Any, ...]] = []
    n = n_states
    for s, a, t, p, r, ends, d in rows:
        line = [] if ends else [*range(n, n + d - 1)]
        n += len(line)
        made.append((s, a, [*line, t][0], p, r, ends))
        made += [(at, 0, to, 1, 0, False) for at, to in pairwise([*line, t])]
    return made, n


def policies(n_states: int) -> Iterator[tuple[int, ...]]:
    """Every deterministic stationary policy."""
    return product(range(ACTIONS), repeat=n_states)


def values(rows: Sequence[Row], policy: Sequence[int], gamma: Fraction) -> list[Fraction]:
    """V of a policy, by Gauss's elimination in fractions."""
    n = len(policy)
    system = [[ONE if s == t else ZERO for t in range(n)] + [ZERO] for s in range(n)]
    for s, a, t, p, r, ends, d in rows:
        if a == policy[s]:
            system[s][n] += p * r
            if not ends:
                system[s][t] -= p * gamma**d
    for k in range(n):
        pivot = next(row for row in system[k:] if row[k])
        system[system.index(pivot)], system[k] = system[k], pivot
        system[k] = [x / pivot[k] for x in pivot]
        for i in range(n):
            if i != k:
                factor = system[i][k]
                system[i] = [x - factor * y for x, y in zip(system[i], system[k], strict=True)]
    return [row[n] for row in system]


def optimal(rows: Sequence[Row], n_states: int, gamma: Fraction) -> list[Fraction]:
    """The best value of each state over all policies."""
    worths = [values(rows, policy, gamma) for policy in policies(n_states)]
    return [max(column) for column in zip(*worths, strict=True)]


def action_values(
    rows: Sequence[Row], v: Sequence[Fraction], gamma: Fraction
) -> list[list[Fraction]]:
    """What each action is worth in each state, where v follows."""
    q = [[ZERO] * ACTIONS for _ in v]
    for s, a, t, p, r, ends, d in rows:
        q[s][a] += p * (r + (ZERO if ends else gamma**d * v[t]))
    return q


def optimal_sets(
    rows: Sequence[Row], n_states: int, gamma: Fraction
) -> tuple[tuple[int, ...], ...]:
    """The actions that attain the best value of each state."""
    q = action_values(rows, optimal(rows, n_states, gamma), gamma)
    return tuple(tuple(a for a in range(ACTIONS) if row[a] == max(row)) for row in q)
