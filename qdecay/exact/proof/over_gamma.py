"""Checks the values in a certificate of policy regions over gamma; standard library only.

What is proven, for the policy that takes the first action of every set of an interval, with q a
common denominator of the probabilities:

- Values: in y = gamma / q, N_0 = d_0 r, N_t = q P N_(t-1) + d_t r ends in zeros. So
  (I - gamma P) N = d r, and d > 0 on [0, 1): the policy is worth N / d.
- Advantages: c = d r(s, a) + gamma p(s, a) . N - N(s), for `points`.

A transition to t of k > 1 steps is checked as one to a waiting state (t, k - 1), which has one
action, pays nothing and leads to (t, k - 2), ..., (t, 1), and that to t.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .points import Advantages, Point, check_regions, read_points
from .reading import (
    MAX_DEGREE,
    MAX_INDEX,
    Sets,
    entries,
    members,
    read_document,
    read_polynomial,
    read_sets,
    whole,
)
from .signs import (
    CertificateError,
    Polynomial,
    count_roots,
    require,
    require_feasible,
    require_memory,
)

SCHEMA = "qdecay.certificate/1"

Row = tuple[int, list[tuple[int, int]]]


@dataclass(frozen=True)
class Model:
    """The common denominator q of the probabilities, and the rows in integers.

    rows[s][a] = R r(s, a), [(t, q p(s, a, t)), ...]: only continuing transitions; R is a common
    denominator of the rewards. The rows of the document's states come first, those of the waiting
    states after them.
    """

    q: int
    rows: list[dict[int, Row]]
    states: int

    def with_waiting(self, sets: Sets) -> Sets:
        """Return the sets of the states, and those of the waiting states after them."""
        return sets + [[0]] * (len(self.rows) - self.states)


def check_over_gamma(document: Any) -> tuple[int, int, int]:
    """Return how many states, breakpoints and touches a certificate over gamma proves."""
    parts = members(document, "certificate", "schema model at_zero points intervals")
    require(parts["schema"] == SCHEMA, f'the schema must be "{SCHEMA}"')
    model = read_model(parts["model"])
    available = [list(rows) for rows in model.rows[: model.states]]
    zero = Point.zero(read_sets(parts["at_zero"], available, "at_zero"))
    points = [zero, *read_points(parts["points"], available), Point.one(None)]
    intervals = entries(parts["intervals"], "intervals", len(points) - 1)

    def stated() -> Iterator[tuple[Sets, Advantages]]:
        for i, entry in enumerate(intervals):
            where = f"interval {i}"
            sets, d = entries(entry, where, 2)
            read = read_sets(sets, available, where)
            table = _values(model, read, polynomial := read_polynomial(d, where), where)
            yield read, _advantages(model, table, polynomial)

    return model.states, *check_regions(points, stated())


def _values(model: Model, sets: Sets, d: Polynomial, where: str) -> list[list[int]]:
    """Return the coefficients of N under the policy of some sets, and prove that d is positive."""
    chosen = zip(model.rows, model.with_waiting(sets), strict=True)
    policy = [rows[actions[0]] if rows else (0, []) for rows, actions in chosen]
    table = values(model.q, policy, d, where)
    no_root = count_roots(d, Fraction(0), Fraction(1, model.q)) == 0
    require(d[0] > 0 and no_root, f"{where}: d is not shown to be positive")
    return table


def _advantages(model: Model, table: list[list[int]], d: Polynomial) -> Advantages:
    """Yield each state and action with its c in gamma, up to a positive factor."""
    columns = list(zip(*table, strict=True))
    powers = [model.q ** (len(table) - t) for t in range(len(table) + 1)]
    source = d + [0] * (len(table) + 1 - len(d))
    for s, rows in enumerate(model.rows[: model.states]):
        for a, (reward, row) in rows.items():
            c = [reward * x - v for x, v in zip(source, (*columns[s], 0), strict=True)]
            for t, weight in row:
                c[1:] = [x + weight * v for x, v in zip(c[1:], columns[t], strict=True)]
            c = [x * power for x, power in zip(c, powers, strict=True)]
            content = math.gcd(*c)
            while c and not c[-1]:
                c.pop()
            yield s, a, [x // content for x in c]


def values(q: int, policy: list[Row], d: Polynomial, where: str) -> list[list[int]]:
    """Return the coefficients of N in y = gamma / q, each a list over the states."""
    table: list[list[int]] = []
    vector = [0] * len(policy)
    for t in range(MAX_DEGREE):
        source = d[t] if t < len(d) else 0
        vector = [source * r + sum(w * vector[u] for u, w in row) for r, row in policy]
        if t >= len(d) and not any(vector):
            return table
        table.append(vector)
        steps = max(t, len(d))  # c, in gamma, has up to about this many factors q
        require_memory(
            steps * len(policy), max(map(int.bit_length, vector)) + steps * q.bit_length()
        )
    # If d is right the degree is below n, or at most that of d.
    require_feasible(
        len(policy) < MAX_DEGREE, f"{where}: the degree exceeds what this checker accepts"
    )
    raise CertificateError(
        f"{where}: d times the values is not a polynomial of degree < {MAX_DEGREE}"
    )


def read_model(document: Any) -> Model:
    """Return the model of an MDP document in integers."""
    read = read_document(document, "model")
    waiting = _Waiting(read.states)
    rows: list[dict[int, Row]] = [{} for _ in range(read.states)]
    for (s, a), outcomes in read.outcomes.items():
        where = f"state {s}, action {a}"
        weights = [whole(read.q, outcome.probability) for outcome in outcomes]
        rewards = [whole(read.scale, outcome.reward) for outcome in outcomes]
        going_on = [
            (waiting.entered(outcome.target, outcome.steps, where), weight)
            for outcome, weight in zip(outcomes, weights, strict=True)
            if not outcome.ends
        ]
        rows[s][a] = sum(map(int.__mul__, weights, rewards)), going_on
    waits = [{0: (0, [(t, read.q)])} for t in waiting.following]
    return Model(read.q, rows + waits, read.states)


class _Waiting:
    """The waiting states of a model of n states, numbered n, n + 1, ... as they are needed.

    Attributes:
        following: the state that follows each of them.
    """

    def __init__(self, n: int) -> None:
        self.following: list[int] = []
        self._n = n
        self._before: dict[int, list[int]] = {}  # of a state t: t, (t, 1), (t, 2), ...

    def entered(self, t: int, steps: int, where: str) -> int:
        """Return the state that a transition to t of this many steps enters in its first step."""
        chain = self._before.setdefault(t, [t])
        while len(chain) < steps:
            made = self._n + len(self.following)
            require_feasible(made < MAX_INDEX, f"{where}: too many steps to check one by one")
            self.following.append(chain[-1])
            chain.append(made)
        return chain[steps - 1]
