"""Checks that optimal sets hold between points and at them; standard library only.

x is what varies from 0 to 1: gamma, or the position along a model line. For each interval between
neighbouring points, polynomials c are given with the signs of the advantages under a policy there.
They are identically 0 for the actions of the interval's sets, and < 0 inside it for all others, so
the policy is optimal and the sets are complete.

Signs: from the point before to the point after, f has no root except the point. c, divided by the f
of both ends as often as possible, has no root from end to end, the ends included: it has one
sign inside, and is 0 at an end exactly where that f divides it.

The points are in order, so the intervals cover (0, 1); at each point some set changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .reading import LARGEST, MAX_BITS, Sets, entries, integers, read_polynomial, read_sets
from .signs import (
    Polynomial,
    count_roots,
    quotient,
    require,
    require_feasible,
    sign_at,
    without,
)

Advantages = Iterable[tuple[int, int, Polynomial]]
"""A state, an action, and its c."""


@dataclass(frozen=True)
class Point:
    """The root of f in [lower, upper], and the optimal sets there; None if nothing is stated."""

    f: Polynomial
    lower: Fraction
    upper: Fraction
    sets: Sets | None

    @classmethod
    def zero(cls, sets: Sets | None) -> Point:
        """Return x = 0."""
        return cls([0, 1], Fraction(0), Fraction(0), sets)

    @classmethod
    def one(cls, sets: Sets | None) -> Point:
        """Return x = 1."""
        return cls([-1, 1], Fraction(1), Fraction(1), sets)


def read_points(document: Any, available: Sequence[Collection[int]]) -> list[Point]:
    """Read the list of points, each [f, [c, k], sets]."""
    found = []
    for i, entry in enumerate(entries(document, "points")):
        where = f"point {i}"
        f, place, sets = entries(entry, where, 3)
        centre, bits = integers(entries(place, where, 2), where, 1, LARGEST)
        require_feasible(bits <= MAX_BITS, f"{where}: the interval is too short")
        lower, upper = (Fraction(2 * centre + side, 2**bits) for side in (-1, 1))
        polynomial = read_polynomial(f, where)
        found.append(Point(polynomial, lower, upper, read_sets(sets, available, where)))
    return found


def check_regions(
    points: list[Point], intervals: Iterable[tuple[Sets, Advantages]]
) -> tuple[int, int]:
    """Prove the sets at and between points, and return the numbers of breakpoints and touches.

    Args:
        points: in order, from 0 to 1.
        intervals: the sets and advantages of each interval between neighbours.
    """
    check_order(points)
    stated = []
    for i, ((sets, advantages), ends) in enumerate(zip(intervals, pairwise(points), strict=True)):
        _check_interval(sets, advantages, ends, f"interval {i}")
        stated.append(sets)
    # If the sets left of a point equal those at it, they continue: all other advantages are
    # negative.
    for i, (left, point) in enumerate(zip(stated, points[1:-1], strict=False)):
        require(left != point.sets, f"point {i}: nothing changes there")
    breakpoints = sum(left != right for left, right in pairwise(stated))
    return breakpoints, len(stated) - 1 - breakpoints


def check_order(points: list[Point]) -> None:
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
    sets: Sets, advantages: Advantages, ends: tuple[Point, Point], where: str
) -> None:
    """Prove the sets between two neighbouring points, and at both."""
    found: list[Sets] = [[[] for _ in sets] for _ in range(3)]
    for s, a, c in advantages:
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
