"""Checks the values in a certificate of a model line at one gamma; standard library only.

With P(x) = (1 - x) P_0 + x P_1, r(x) alike, and a transition of k steps weighted gamma^k, which is
what gamma P stands for here:

- Values: (I - gamma P(x)) N(x) = d(x) r(x), and d > 0 on [0, 1]: the policy that takes the first
  action of every set of an interval is worth N / d at every x, for I - gamma P is regular.
- Advantages: c = d r(s, a) + gamma p(s, a) . N - N(s), for `points`. The first line is c = 0 for
  the policy's own actions.

x = 0 and x = 1 are points like others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from .points import Advantages, Point, check_regions, read_points
from .reading import (
    MAX_BITS,
    ModelDocument,
    Outcome,
    Pair,
    Sets,
    entries,
    members,
    rational,
    read_document,
    read_polynomial,
    read_sets,
    whole,
)
from .signs import Polynomial, count_roots, require, require_feasible, require_memory

SCHEMA = "qdecay.line-certificate/1"
_NONE = Fraction(0)
_Affine = tuple[int, int]


class _Row(NamedTuple):
    """A pair's expected reward and weights gamma^k p, as integers a + b x, all times `unit`."""

    unit: int
    reward: _Affine
    weights: dict[int, _Affine]


def check_line(document: Any) -> tuple[str, int, int, int]:
    """Return gamma, and how many states, breakpoints and touches a line's certificate proves."""
    keys = "schema low high gamma at_low at_high points intervals"
    parts = members(document, "certificate", keys)
    gamma = rational(parts["gamma"], "gamma")
    require(0 <= gamma < 1, "gamma: not in [0, 1)")
    low, high = (read_document(parts[end], end, f"{end}: ") for end in ("low", "high"))
    sizes = [(end.states, end.actions) for end in (low, high)]
    require(sizes[0] == sizes[1], "low, high: other numbers of states or actions")
    require(low.outcomes.keys() == high.outcomes.keys(), "low, high: other available actions")
    available = low.available()
    ends = [read_sets(parts[end], available, end) for end in ("at_low", "at_high")]
    points = [
        Point.zero(ends[0]),
        *read_points(parts["points"], available),
        Point.one(ends[1]),
    ]
    intervals = entries(parts["intervals"], "intervals", len(points) - 1)
    rows = _rows(low, high, gamma)

    def stated() -> Iterator[tuple[Sets, Advantages]]:
        for i, entry in enumerate(intervals):
            where = f"interval {i}"
            sets, d, numerators = entries(entry, where, 3)
            yield (
                read_sets(sets, available, where),
                _advantages(rows, read_polynomial(d, where), numerators, low.states, where),
            )

    return str(gamma), low.states, *check_regions(points, stated())


def _rows(low: ModelDocument, high: ModelDocument, gamma: Fraction) -> dict[Pair, _Row]:
    """Return the rows of all pairs, in order."""
    found = {}
    for pair, outcomes in low.outcomes.items():
        (r, here), (end, there) = (_numbers(o, gamma) for o in (outcomes, high.outcomes[pair]))
        numbers = [r, end, *here.values(), *there.values()]
        unit = math.lcm(*{number.denominator for number in numbers})
        weights = {t: (here.get(t, _NONE), there.get(t, _NONE)) for t in here | there}
        affine = {t: _affine(unit, *both) for t, both in weights.items()}
        found[pair] = _Row(unit, _affine(unit, r, end), affine)
    return found


def _numbers(outcomes: list[Outcome], gamma: Fraction) -> tuple[Fraction, dict[int, Fraction]]:
    """Return the expected reward, and the weights gamma^k p of going on."""
    weights: dict[int, Fraction] = {}
    for t, p, _, ends, steps in outcomes:
        if not ends:
            bits = steps * gamma.denominator.bit_length()
            require_feasible(bits <= MAX_BITS, "a transition takes too many steps for gamma^steps")
            weights[t] = weights.get(t, _NONE) + p * gamma**steps
    return sum((o.probability * o.reward for o in outcomes), _NONE), weights


def _affine(unit: int, low: Fraction, high: Fraction) -> _Affine:
    return whole(unit, low), whole(unit, high) - whole(unit, low)


def _advantages(
    rows: dict[Pair, _Row], d: Polynomial, numerators: Any, states: int, where: str
) -> Advantages:
    """Yield each state and action with its c, up to a positive factor, once d is positive."""
    positive = d[0] > 0 and sum(d) > 0 and count_roots(d, Fraction(0), Fraction(1)) == 0
    require(positive, f"{where}: d is not shown to be positive")
    n = [
        read_polynomial(entry, f"{where}, state {s}") if entry != [] else []
        for s, entry in enumerate(entries(numerators, where, states))
    ]
    acting = {s for s, _ in rows}
    for s in range(states):
        require(s in acting or not n[s], f"{where}, state {s}: it has no action and is worth 0")
    size = max(len(d), *map(len, n)) + 1
    longest = max(number.bit_length() for p in (d, *n) for number in p)
    for (s, a), row in rows.items():
        require_memory(size, longest + row.unit.bit_length())
        c = [0] * size
        _add(c, d, row.reward)
        _add(c, n[s], (-row.unit, 0))
        for t, weight in row.weights.items():
            _add(c, n[t], weight)
        content = math.gcd(*c)
        while c and not c[-1]:
            c.pop()
        yield s, a, [x // content for x in c]


def _add(c: Polynomial, p: Polynomial, factor: _Affine) -> None:
    """Add p(x) (a + b x) to c."""
    a, b = factor
    for i, number in enumerate(p):
        c[i] += a * number
        c[i + 1] += b * number
