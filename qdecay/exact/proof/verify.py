"""Checks a certificate of policy regions without trusting the solver that wrote it.

This file and `signs` next to it need only the standard library. They also run alone, from the
folder `proof`, without the rest of qdecay or any installed package:

    python -S -c "from proof.verify import verify; print(verify('lake.json'))"

A certificate (qdecay.certificate/1) is

    model      an MDP document: n_states, n_actions, transitions; numbers are integers or "p/q"; a
               transition's seventh entry is its duration, how many steps it takes
    at_zero    the sets of optimal actions of all states at gamma = 0
    points     for each breakpoint and touch in order [f, [c, k], sets]: the root of the
               polynomial f between (2 c - 1) / 2^k and (2 c + 1) / 2^k, and the sets there
    intervals  [sets, d] from 0 to the first point, .., from the last to 1

A transition to t of k > 1 steps is checked as one to a waiting state (t, k - 1), which has one
action, pays nothing and leads to (t, k - 2), ..., (t, 1), and that to t.

Polynomials are lists of integers, constant term first. What is proven, for the policy that takes
the first action of every set of an interval, with q a common denominator of the probabilities:

- Values: in y = gamma / q, N_0 = d_0 r, N_t = q P N_(t-1) + d_t r ends in zeros. So
  (I - gamma P) N = d r, and d > 0 on [0, 1): the policy is worth N / d.
- Advantages: c = d r(s, a) + gamma p(s, a) . N - N(s) is identically 0 for the actions of the
  interval's sets, and < 0 inside it for all others: the policy is optimal, the sets are complete.
- Signs: f has no root but the point from the point before to the point after. c, divided by the f
  of both ends as often as possible, has no root from end to end, the ends included: it has one
  sign inside, and is 0 at an end exactly where that f divides it.

The points stand in order, so the intervals cover (0, 1); at each point some set changes.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from .signs import (
    BeyondChecker,
    CertificateError,
    Polynomial,
    count_roots,
    quotient,
    require,
    require_feasible,
    require_memory,
    sign_at,
    without,
)

SCHEMA = "qdecay.certificate/1"
MAX_DEGREE = 2_000
__all__ = [
    "SCHEMA",
    "BeyondChecker",
    "CertificateError",
    "Model",
    "Verification",
    "read_model",
    "values",
    "verify",
]

_MAX_INDEX = 10**5
_MAX_DURATION = 10**6
_MAX_BITS = 10**5  # of a common denominator, and of an interval
_LARGEST = 2**_MAX_BITS
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(?:/[1-9][0-9]{0,3999})?")

Sets = list[list[int]]
Row = tuple[int, list[tuple[int, int]]]


@dataclass(frozen=True)
class Model:
    """The common denominator q of the probabilities, and the rows in integers.

    rows[s][a] = R r(s, a), [(t, q p(s, a, t)), ...]: the going-on transitions only; R is a
    common denominator of the rewards. The rows of the document's states come first, those of the
    waiting states after them.
    """

    q: int
    rows: list[dict[int, Row]]
    states: int

    def with_waiting(self, sets: Sets) -> Sets:
        """Return the sets of the states, and those of the waiting states after them."""
        return sets + [[0]] * (len(self.rows) - self.states)


@dataclass(frozen=True)
class Point:
    """The root of f in [lower, upper], and the optimal sets there; nothing is stated about those at
    1."""

    f: Polynomial
    lower: Fraction
    upper: Fraction
    sets: Sets | None


_ONE = Point([-1, 1], Fraction(1), Fraction(1), None)


@dataclass(frozen=True)
class Verification:
    """What a certificate proves: how many regions, breakpoints and touches a model has in (0, 1).

    Attributes:
        states: of the model; the optimal actions are proven for each of them at every gamma in [0,
            1).
        regions, breakpoints, touches: none is missing from the certificate.
    """

    states: int
    regions: int
    breakpoints: int
    touches: int

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON document."""
        return {"schema": "qdecay.verification/1", "proven": True, **vars(self)}


def verify(certificate: dict[str, Any] | str | os.PathLike[str]) -> Verification:
    """Check a certificate of policy regions; if this returns, every statement in it is proven.

    The proof is exact and independent of the solver; the module's docstring describes what is
    proven.

    Args:
        certificate: what `write_certificate` wrote: the path of the file, or its parsed content.

    Raises:
        CertificateError: a statement does not hold, or is not of the documented form.
        BeyondChecker: a CertificateError too; checking would exceed its limits of degree or memory.
        OSError, ValueError: the file cannot be read, or is not JSON.

    >>> model = {"schema": "qdecay.mdp/1", "n_states": 1, "n_actions": 2,
    ...          "transitions": [[0, 0, 0, 1, 1, True], [0, 1, 0, 1, 0, True]]}
    >>> verify({"schema": SCHEMA, "model": model, "at_zero": [[0]], "points": [],
    ...         "intervals": [[[[0]], [1]]]})
    Verification(states=1, regions=1, breakpoints=0, touches=0)
    """
    if isinstance(certificate, str | os.PathLike):
        certificate = json.loads(Path(certificate).read_text(encoding="utf-8"))
    parts = _members(certificate, "certificate", "schema model at_zero points intervals")
    require(parts["schema"] == SCHEMA, f'the schema must be "{SCHEMA}"')
    model = read_model(parts["model"])
    zero = Point([0, 1], Fraction(0), Fraction(0), _sets(parts["at_zero"], model, "at_zero"))
    stated = enumerate(_list(parts["points"], "points"))
    points = [zero, *(_point(entry, model, f"point {i}") for i, entry in stated), _ONE]
    _check_points(points)
    intervals = _list(parts["intervals"], "intervals", len(points) - 1)
    sets = []
    for i, (entry, ends) in enumerate(zip(intervals, pairwise(points), strict=True)):
        where, pair = f"interval {i}", _list(entry, f"interval {i}", 2)
        sets.append(_sets(pair[0], model, where))
        _check_interval(model, sets[i], _polynomial(pair[1], where), ends, where)
    # If the sets left of a point equal those at it, they continue: all else is negative there.
    for i, (left, point) in enumerate(zip(sets, points[1:], strict=True)):
        require(left != point.sets, f"point {i}: nothing changes there")
    breakpoints = sum(left != right for left, right in pairwise(sets))
    touches = len(sets) - 1 - breakpoints
    return Verification(model.states, breakpoints + 1, breakpoints, touches)


def _check_points(points: list[Point]) -> None:
    """Show that the points are in order, and each f has one root between its neighbours."""
    for i, (left, right) in enumerate(pairwise(points)):
        require(left.upper < right.lower, f"point {i}: not right of the one before")
    for i, three in enumerate(zip(points, points[1:], points[2:], strict=False)):
        f, own = three[1].f, [point.f for point in three].count(three[1].f)
        changes = sign_at(f, three[1].lower) * sign_at(f, three[1].upper) < 0
        require(changes, f"point {i}: not shown to lie in its interval")
        only = count_roots(f, three[0].lower, three[2].upper, own) == own
        require(only, f"point {i}: its polynomial has another root nearby")


def _check_interval(
    model: Model, sets: Sets, d: Polynomial, ends: tuple[Point, Point], where: str
) -> None:
    """Prove the sets between two neighbouring points, and at both."""
    chosen = zip(model.rows, sets, strict=True)
    policy = [rows[actions[0]] if rows else (0, []) for rows, actions in chosen]
    table = values(model.q, policy, d, where)
    no_root = count_roots(d, Fraction(0), Fraction(1, model.q)) == 0
    require(d[0] > 0 and no_root, f"{where}: d is not shown to be positive")
    found: list[Sets] = [[[] for _ in sets] for _ in range(3)]
    for s, a, c in _advantages(model, table, d):
        tied = [not any(c)] * 3
        if any(c):
            _check_negative(c, *ends, f"{where}, state {s}, action {a}")
            tied[1:] = [quotient(c, end.f) is not None for end in ends]
        for kind, is_tied in zip(found, tied, strict=True):
            kind[s] += [a] if is_tied else []
    stated = zip(
        ("inside", "at its left end", "at its right end"),
        (sets, *(end.sets for end in ends)),
        found,
        strict=True,
    )
    for side, expected, proven in stated:
        for s, actions in enumerate(expected or []):
            text = f"{where}, state {s}: the set {side} is {proven[s]}, not {actions}"
            require(proven[s] == actions, text)


def _check_negative(c: Polynomial, left: Point, right: Point, where: str) -> None:
    """Show that c is negative strictly between the points, and 0 at them only by their f."""
    middle = (left.upper + right.lower) / 2
    require(sign_at(c, middle) < 0, f"{where}: it is better than the set")
    rest = without(without(c, left.f), right.f)
    no_root = count_roots(rest, left.lower, right.upper) == 0
    require(no_root, f"{where}: it is not shown to be worse throughout")


def _advantages(
    model: Model, table: list[list[int]], d: Polynomial
) -> Iterator[tuple[int, int, Polynomial]]:
    """Yield each state and action with its c in gamma, up to a positive factor."""
    columns = list(zip(*table, strict=True))
    powers = [model.q ** (len(table) - t) for t in range(len(table) + 1)]
    source = d + [0] * (len(table) + 1 - len(d))
    for s, rows in enumerate(model.rows):
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
        steps = max(t, len(d))  # c in gamma has up to about this many factors q
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
    """Return the model of an MDP document whose probabilities are positive and sum to 1."""
    parts = _members(document, "model", "schema n_states n_actions transitions")
    require(parts["schema"] == "qdecay.mdp/1", 'model: the schema must be "qdecay.mdp/1"')
    n, n_actions = _integers([parts["n_states"], parts["n_actions"]], "model", 1)
    outcomes: dict[tuple[int, int], list[tuple[int, Fraction, Fraction, bool]]] = {}
    waiting = _Waiting(n)
    q = scale = 1
    for number, entry in enumerate(_list(parts["transitions"], "transitions")):
        where = f"transition {number}"
        row = _list(entry, where)
        require(len(row) in (6, 7), f"{where}: not 6 or 7 entries")
        s, a, t, p, r, ends, steps = row if len(row) == 7 else (*row, 1)
        _integers([s, t], where, 0, n - 1)
        _integers([steps], where, 1, _MAX_DURATION)
        _integers([a], where, 0, n_actions - 1)
        p, r = _rational(p, where), _rational(r, where)
        require(p > 0 and type(ends) is bool, f"{where}: a probability or flag is wrong")
        q, scale = math.lcm(q, p.denominator), math.lcm(scale, r.denominator)
        bits = q.bit_length() + scale.bit_length()
        require_feasible(bits <= _MAX_BITS, f"{where}: the common denominators become too large")
        require_memory(number, bits)
        entered = t if ends else waiting.entered(t, steps, where)
        outcomes.setdefault((s, a), []).append((entered, p, r, ends))
    rows: list[dict[int, Row]] = [{} for _ in range(n)]
    for (s, a), found in sorted(outcomes.items()):
        weights = [p.numerator * (q // p.denominator) for _, p, _, _ in found]
        require(sum(weights) == q, f"state {s}, action {a}: the probabilities do not sum to 1")
        rewards = [r.numerator * (scale // r.denominator) for _, _, r, _ in found]
        going_on = [(o[0], w) for o, w in zip(found, weights, strict=True) if not o[3]]
        rows[s][a] = sum(map(int.__mul__, weights, rewards)), going_on
    return Model(q, rows + [{0: (0, [(t, q)])} for t in waiting.following], n)


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
        """Return the state that a transition to t of so many steps enters in its first step."""
        chain = self._before.setdefault(t, [t])
        while len(chain) < steps:
            made = self._n + len(self.following)
            require_feasible(made < _MAX_INDEX, f"{where}: too many steps to check one by one")
            self.following.append(chain[-1])
            chain.append(made)
        return chain[steps - 1]


def _point(document: Any, model: Model, where: str) -> Point:
    f, place, sets = _list(document, where, 3)
    centre, bits = _integers(_list(place, where, 2), where, 1, _LARGEST)
    require_feasible(bits <= _MAX_BITS, f"{where}: the interval is too short")
    lower, upper = (Fraction(2 * centre + side, 2**bits) for side in (-1, 1))
    return Point(_polynomial(f, where), lower, upper, _sets(sets, model, where))


def _sets(document: Any, model: Model, where: str) -> Sets:
    """Return a set of available actions for every state, empty if there are none, and those of the
    waiting states."""
    sets = model.with_waiting(_list(document, where, model.states))
    for s, (actions, rows) in enumerate(zip(sets, model.rows, strict=True)):
        _integers(actions, f"{where}, state {s}", 0)
        available = actions == sorted(rows.keys() & actions) and bool(actions) == bool(rows)
        require(available, f"{where}, state {s}: not a sorted set of available actions")
    return sets


def _polynomial(document: Any, where: str) -> Polynomial:
    coefficients = _integers(document, where, -_LARGEST, _LARGEST)
    reason = f"{where}: not a degree in 0..{MAX_DEGREE}"
    require_feasible(len(coefficients) <= MAX_DEGREE + 1, reason)
    require(coefficients != [] and coefficients[-1] != 0, reason)
    return coefficients


def _members(document: Any, where: str, keys: str) -> dict[str, Any]:
    """Return a JSON object that has these keys and no other."""
    fits = type(document) is dict and document.keys() == {*keys.split()}
    require(fits, f"{where}: not an object with the keys {', '.join(keys.split())}")
    return dict(document)


def _list(document: Any, where: str, length: int | None = None) -> list[Any]:
    require(type(document) is list, f"{where}: not a list")
    require(length is None or len(document) == length, f"{where}: not {length} entries")
    return list(document)


def _integers(document: Any, where: str, low: int, high: int = _MAX_INDEX) -> list[int]:
    numbers = _list(document, where)
    fits = all(type(number) is int and low <= number <= high for number in numbers)
    require(fits, f"{where}: an entry is not an integer, or out of range")
    return numbers


def _rational(value: Any, where: str) -> Fraction:
    """Return the number of an integer or of text like "-7/10"."""
    matches = type(value) is int or (type(value) is str and _RATIONAL.fullmatch(value) is not None)
    require(matches, f'{where}: not an integer or "p/q"')
    return Fraction(value)
