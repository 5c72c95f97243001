"""Checks a certificate of a model line at gamma = 1; standard library only.

Each place, an interval between points, a point, or an end of the line, gives d > 0, N and W, and so
h = N / d and w = W / d^2. With c = r + p h - h(s) and e = p w - q h - w(s) of each action there,
q(t) the sum of k p over its transitions to t of k steps each, which is p(t) where all take one,

- c <= 0 for all actions, and e <= 0 where c = 0;
- in every state some action has c = e = 0.

Then no policy gains: r <= h - P h, and averages of h - P h over a recurrent class are 0. One that
gains 0 everywhere has c = 0 on its classes, so e <= 0 there, and h averages to -e >= 0 on them; its
total is h, plus what c costs on the way, minus that average: at most h. It is h in every state iff
c = 0 for all its actions and e = 0 for those on its classes. The policy of the second line has
that, so h is the optimal total. Hence an action with c < 0 is not optimal, one with c = e = 0 is,
and one with c = 0 > e is iff some such policy takes it in a state s that is not on its classes:
iff it has a way, by actions with c = 0 and not through s, to the end, or to a set without s that
actions with c = e = 0 need not leave.

This argument is about single steps. A transition to t of k > 1 steps is k of them, through waiting
states with one action each. With j steps left, h = h(t) and w = w(t) - j h(t) have c = 0 and e = 0
there, so that the e of the transition is that of its first step.

Signs are those of polynomials: on an interval they have no root between its points; at a point
they are divisible by its f, or have no root near it. At some points no set changes: there the e of
an action changes its sign while the action is optimal on both sides or on neither. If something is
gained or lost for ever at an end of the line, its entry is null, and nothing is stated there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from .line_rows import Affine, Row, read_values
from .points import Point, check_order, read_points
from .reading import Pair, Sets, entries, read_polynomial, read_sets
from .signs import Polynomial, count_roots, quotient, require, require_memory, sign_at, without


class _Place(NamedTuple):
    """Where something is stated.

    Attributes:
        sign: the sign of a polynomial there; the text names it in errors.
        happens: whether a probability is positive there.
    """

    sign: Callable[[Polynomial, str], int]
    happens: Callable[[Affine], bool]


def check_at_one(
    parts: dict[str, Any], rows: dict[Pair, Row], available: list[list[int]]
) -> tuple[int, int]:
    """Return how many breakpoints and touches a certificate at gamma = 1 proves."""
    stated = entries(parts["points"], "points")
    claims = [entries(entry, f"point {i}", 6) for i, entry in enumerate(stated)]
    inside = read_points([claim[:3] for claim in claims], available)
    points = [Point.zero(None), *inside, Point.one(None)]
    check_order(points)
    intervals = entries(parts["intervals"], "intervals", len(points) - 1)

    def prove(claim: Any, where: str, place: _Place) -> Sets:
        sets, *hints = entries(claim, where, 4)
        read = read_sets(sets, available, where)
        proven = _optimal(rows, available, hints, place, where)
        for s, actions in enumerate(read):
            text = f"{where}, state {s}: the set is {proven[s]}, not {actions}"
            require(proven[s] == actions, text)
        return read

    ends = [("at_low", points[0], _happens_low), ("at_high", points[-1], _happens_high)]
    for end, point, happens in ends:
        if parts[end] is not None:
            prove(parts[end], end, _Place(_sign_at(point), happens))
    between = [
        prove(claim, f"interval {i}", _Place(_sign_between(*ends), any))
        for i, (claim, ends) in enumerate(zip(intervals, pairwise(points), strict=True))
    ]
    breakpoints = touches = 0
    for i, (claim, point) in enumerate(zip(claims, inside, strict=True)):
        at = prove(claim[2:], f"point {i}", _Place(_sign_at(point), any))
        breakpoints += between[i] != between[i + 1]
        touches += between[i] == between[i + 1] != at
    return breakpoints, touches


def _happens_low(chance: Affine) -> bool:
    return chance[0] > 0


def _happens_high(chance: Affine) -> bool:
    return sum(chance) > 0


def _sign_between(left: Point, right: Point) -> Callable[[Polynomial, str], int]:
    """Return the sign of polynomials on all of an interval."""

    def sign(p: Polynomial, where: str) -> int:
        rest = without(without(p, left.f), right.f) if p else p
        constant = not p or count_roots(rest, left.lower, right.upper) == 0
        require(constant, f"{where}: its sign is not shown to be the same throughout")
        return sign_at(p, (left.upper + right.lower) / 2)

    return sign


def _sign_at(point: Point) -> Callable[[Polynomial, str], int]:
    """Return the sign of polynomials at a point."""

    def sign(p: Polynomial, where: str) -> int:
        if not p or (len(p) >= len(point.f) and quotient(p, point.f) is not None):
            return 0
        alone = point.lower == point.upper or count_roots(p, point.lower, point.upper) == 0
        require(alone, f"{where}: its sign is not shown at the point")
        return sign_at(p, (point.lower + point.upper) / 2)

    return sign


def _optimal(
    rows: dict[Pair, Row], available: list[list[int]], hints: list[Any], place: _Place, where: str
) -> Sets:
    """Return the optimal sets at a place."""
    d = read_polynomial(hints[0], where)
    n, w = (read_values(entry, available, where) for entry in hints[1:])
    require(place.sign(d, where) > 0, f"{where}: d is not shown to be positive")
    spent = [_times(d, own) for own in n]
    strict: dict[Pair, bool] = {}
    for (s, a), row in rows.items():
        text = f"{where}, state {s}, action {a}"
        costs = place.sign(row.advantage(d, n[s], n), text)
        require(costs <= 0, f"{text}: it is better than the set")
        if costs == 0:
            later = place.sign(row.later(w[s], w, spent), text)
            require(later <= 0, f"{text}: it is better than the set in the long run")
            strict[s, a] = later == 0
    for s, actions in enumerate(available):
        kept = not actions or any(strict.get((s, a)) for a in actions)
        require(kept, f"{where}, state {s}: no action attains the values")
    graph = _Graph(rows, strict, available, place.happens)
    return [
        [a for a in actions if (s, a) in strict and (strict[s, a] or graph.leaves(s, a))]
        for s, actions in enumerate(available)
    ]


class _Graph:
    """Where the actions with c = 0 lead; `strict` says which have e = 0 as well."""

    def __init__(
        self,
        rows: dict[Pair, Row],
        strict: dict[Pair, bool],
        available: list[list[int]],
        happens: Callable[[Affine], bool],
    ) -> None:
        self._strict, self._ends = strict, set()
        self._targets: dict[Pair, set[int]] = {}
        self._actions = [[a for a in own if (s, a) in strict] for s, own in enumerate(available)]
        for pair in strict:
            unit, weights = rows[pair].unit, rows[pair].weights
            self._targets[pair] = {t for t, weight in weights.items() if happens(weight)}
            low, change = (sum(weight[k] for weight in weights.values()) for k in (0, 1))
            if happens((unit - low, -change)):
                self._ends.add(pair)

    def leaves(self, s: int, a: int) -> bool:
        """Whether an action has a path, not through s, to the end or to where strict actions
        stay."""
        goals, last = set(range(len(self._actions))) - {s}, None
        while goals != last:
            last, goals = goals, {t for t in goals if self._stays(t, goals)}
        seen, waiting = {s}, [(s, a)]
        while waiting:
            pair = waiting.pop()
            if pair in self._ends or self._targets[pair] & goals:
                return True
            new = self._targets[pair] - seen
            seen |= new
            waiting += [(t, b) for t in new for b in self._actions[t]]
        return False

    def _stays(self, t: int, goals: set[int]) -> bool:
        """Whether a state has no action, or a strict one that does not leave these states."""
        own = [(t, b) for b in self._actions[t]]
        return not own or any(self._strict[pair] and self._targets[pair] <= goals for pair in own)


def _times(p: Polynomial, q: Polynomial) -> Polynomial:
    bits = [max(map(int.bit_length, r), default=0) for r in (p, q)]
    require_memory(len(p) + len(q), sum(bits))
    result = [0] * (len(p) + len(q) - 1) if p and q else []
    for i, x in enumerate(p):
        for k, y in enumerate(q):
            result[i + k] += x * y
    return result
