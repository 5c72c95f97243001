"""Checks the values in a certificate of a model line at one gamma; standard library only.

With P(x) = (1 - x) P_0 + x P_1, r(x) alike, and a transition of k steps weighted gamma^k, which is
what gamma P stands for here:

- Values: (I - gamma P(x)) N(x) = d(x) r(x), and d > 0 on [0, 1]: the policy that takes the first
  action of every set of an interval is worth N / d at every x, for I - gamma P is regular.
- Advantages: c = d r(s, a) + gamma p(s, a) . N - N(s), for `points`. The first line is c = 0 for
  the policy's own actions.

x = 0 and x = 1 are points like others. See `over_line_at_one` for gamma = 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .line_rows import Row, read_rows, read_values
from .over_line_at_one import check_at_one
from .points import Advantages, Point, check_regions, read_points
from .reading import (
    Pair,
    Sets,
    entries,
    members,
    rational,
    read_document,
    read_polynomial,
    read_sets,
)
from .signs import Polynomial, count_roots, require

SCHEMA = "qdecay.line-certificate/1"


def check_line(document: Any) -> tuple[str, int, int, int]:
    """Return gamma, and how many states, breakpoints and touches a line's certificate proves."""
    keys = "schema low high gamma at_low at_high points intervals"
    parts = members(document, "certificate", keys)
    gamma = rational(parts["gamma"], "gamma")
    require(0 <= gamma <= 1, "gamma: not in [0, 1]")
    low, high = (read_document(parts[end], end, f"{end}: ") for end in ("low", "high"))
    sizes = [(end.states, end.actions) for end in (low, high)]
    require(sizes[0] == sizes[1], "low, high: other numbers of states or actions")
    require(low.outcomes.keys() == high.outcomes.keys(), "low, high: other available actions")
    rows = read_rows(low, high, gamma)
    check = _check_discounted if gamma < 1 else check_at_one
    return str(gamma), low.states, *check(parts, rows, low.available())


def _check_discounted(
    parts: dict[str, Any], rows: dict[Pair, Row], available: list[list[int]]
) -> tuple[int, int]:
    """Return how many breakpoints and touches a certificate at gamma < 1 proves."""
    ends = [read_sets(parts[end], available, end) for end in ("at_low", "at_high")]
    points = [
        Point.zero(ends[0]),
        *read_points(parts["points"], available),
        Point.one(ends[1]),
    ]
    intervals = entries(parts["intervals"], "intervals", len(points) - 1)

    def stated() -> Iterator[tuple[Sets, Advantages]]:
        for i, entry in enumerate(intervals):
            where = f"interval {i}"
            sets, d, numerators = entries(entry, where, 3)
            read = read_sets(sets, available, where)
            n = read_values(numerators, available, where)
            yield read, _advantages(rows, read_polynomial(d, where), n, where)

    return check_regions(points, stated())


def _advantages(
    rows: dict[Pair, Row], d: Polynomial, n: list[Polynomial], where: str
) -> Advantages:
    """Yield each state and action with its c, up to a positive factor, once d is positive."""
    positive = d[0] > 0 and sum(d) > 0 and count_roots(d, Fraction(0), Fraction(1)) == 0
    require(positive, f"{where}: d is not shown to be positive")
    for (s, a), row in rows.items():
        yield s, a, row.advantage(d, n[s], n)
