"""The rows of a model line in a certificate, in integers; standard library only.

Rewards and weights of every action are affine in x: a + b x. A transition of k steps weighs gamma^k
times its probability.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

from .reading import (
    MAX_BITS,
    ModelDocument,
    Outcome,
    Pair,
    entries,
    read_polynomial,
    whole,
)
from .signs import Polynomial, require, require_feasible, require_memory

_NONE = Fraction(0)
Affine = tuple[int, int]


class Row(NamedTuple):
    """A pair's expected reward and weights of going on, as integers a + b x, all times `unit`."""

    unit: int
    reward: Affine
    weights: dict[int, Affine]

    def advantage(self, earned: Polynomial, own: Polynomial, after: list[Polynomial]) -> Polynomial:
        """Return a positive multiple of reward * earned + weights . after - own; [] for 0."""
        size = max(len(earned), len(own), *(len(after[t]) for t in self.weights)) + 1
        bits = max((c.bit_length() for p in (earned, own, *after) for c in p), default=0)
        require_memory(size, bits + self.unit.bit_length())
        c = [0] * size
        _add(c, earned, self.reward)
        _add(c, own, (-self.unit, 0))
        for t, weight in self.weights.items():
            _add(c, after[t], weight)
        content = math.gcd(*c)
        while c and not c[-1]:
            c.pop()
        return [x // content for x in c]


def _add(c: Polynomial, p: Polynomial, factor: Affine) -> None:
    """Add p(x) (a + b x) to c."""
    a, b = factor
    for i, number in enumerate(p):
        c[i] += a * number
        c[i + 1] += b * number


def read_values(document: Any, available: list[list[int]], where: str) -> list[Polynomial]:
    """Return a polynomial for each state, [] for 0; states without actions are worth 0."""
    found = []
    for s, entry in enumerate(entries(document, where, len(available))):
        found.append([] if entry == [] else read_polynomial(entry, f"{where}, state {s}"))
        fits = bool(available[s]) or not found[s]
        require(fits, f"{where}, state {s}: it has no action and is worth 0")
    return found


def read_rows(low: ModelDocument, high: ModelDocument, gamma: Fraction) -> dict[Pair, Row]:
    """Return the rows of all pairs, in order."""
    found = {}
    for pair, outcomes in low.outcomes.items():
        (r, here), (end, there) = (_numbers(o, gamma) for o in (outcomes, high.outcomes[pair]))
        numbers = [r, end, *here.values(), *there.values()]
        unit = math.lcm(*{number.denominator for number in numbers})
        weights = {t: (here.get(t, _NONE), there.get(t, _NONE)) for t in here | there}
        affine = {t: _affine(unit, *both) for t, both in weights.items()}
        found[pair] = Row(unit, _affine(unit, r, end), affine)
    return found


def _numbers(outcomes: list[Outcome], gamma: Fraction) -> tuple[Fraction, dict[int, Fraction]]:
    """Return the expected reward, and the weights gamma^k p of going on."""
    weights: dict[int, Fraction] = {}
    for t, p, _, ends, steps in outcomes:
        require(gamma < 1 or steps == 1, "at gamma = 1 a transition takes one step")
        if not ends:
            bits = steps * gamma.denominator.bit_length()
            require_feasible(bits <= MAX_BITS, "a transition takes too many steps for gamma^steps")
            weights[t] = weights.get(t, _NONE) + p * gamma**steps
    return sum((o.probability * o.reward for o in outcomes), _NONE), weights


def _affine(unit: int, low: Fraction, high: Fraction) -> Affine:
    return whole(unit, low), whole(unit, high) - whole(unit, low)
