"""The rows of a model line in a certificate, in integers; standard library only.

Rewards and weights of every action are affine in x: a + b x. The weight of a transition of k steps
is gamma^k times its probability. At gamma = 1 its time counts as well: k times its probability.
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
    """A pair's expected reward and continuing weights, as integers a + b x, all times `unit`.

    `times` are the expected steps on the way to each state.
    """

    unit: int
    reward: Affine
    weights: dict[int, Affine]
    times: dict[int, Affine]

    def advantage(self, earned: Polynomial, own: Polynomial, after: list[Polynomial]) -> Polynomial:
        """Return a positive multiple of reward * earned + weights . after - own; [] for 0."""
        terms = [(after[t], weight) for t, weight in self.weights.items()]
        return self._sum([(earned, self.reward), (own, (-self.unit, 0)), *terms])

    def later(
        self, own: Polynomial, after: list[Polynomial], spent: list[Polynomial]
    ) -> Polynomial:
        """Return a positive multiple of weights . after - times . spent - own; [] for 0."""
        terms = [(after[t], weight) for t, weight in self.weights.items()]
        terms += [(spent[t], (-a, -b)) for t, (a, b) in self.times.items()]
        return self._sum([(own, (-self.unit, 0)), *terms])

    def _sum(self, terms: list[tuple[Polynomial, Affine]]) -> Polynomial:
        """Return the sum of p(x) (a + b x), without a common factor of its coefficients."""
        size = max(len(p) for p, _ in terms) + 1
        bits = max((c.bit_length() for p, _ in terms for c in p), default=0)
        require_memory(size, bits + self.unit.bit_length())
        c = [0] * size
        for p, (a, b) in terms:
            for i, number in enumerate(p):
                c[i] += a * number
                c[i + 1] += b * number
        content = math.gcd(*c)
        while c and not c[-1]:
            c.pop()
        return [x // content for x in c]


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
        here, there = (_Numbers.of(o, gamma) for o in (outcomes, high.outcomes[pair]))
        unit = math.lcm(*{number.denominator for number in (*here.all(), *there.all())})
        both = dict.fromkeys((*here.weights, *there.weights))

        def affine(low: Fraction, high: Fraction, unit: int = unit) -> Affine:
            return whole(unit, low), whole(unit, high) - whole(unit, low)

        found[pair] = Row(
            unit,
            affine(here.reward, there.reward),
            {t: affine(here.weights.get(t, _NONE), there.weights.get(t, _NONE)) for t in both},
            {t: affine(here.times.get(t, _NONE), there.times.get(t, _NONE)) for t in both},
        )
    return found


class _Numbers(NamedTuple):
    """What a pair earns and where it continues, at one end."""

    reward: Fraction
    weights: dict[int, Fraction]
    times: dict[int, Fraction]

    @classmethod
    def of(cls, outcomes: list[Outcome], gamma: Fraction) -> _Numbers:
        """Return the expected reward, and sums of gamma^k p and of k p over transitions to t."""
        weights: dict[int, Fraction] = {}
        times: dict[int, Fraction] = {}
        for t, p, _, ends, steps in outcomes:
            if not ends:
                bits = steps * (gamma.denominator - 1).bit_length()
                require_feasible(
                    bits <= MAX_BITS, "a transition takes too many steps for gamma^steps"
                )
                weights[t] = weights.get(t, _NONE) + p * gamma**steps
                times[t] = times.get(t, _NONE) + p * steps
        reward = sum((o.probability * o.reward for o in outcomes), _NONE)
        return cls(reward, weights, times)

    def all(self) -> list[Fraction]:
        """Return all of them."""
        return [self.reward, *self.weights.values(), *self.times.values()]
