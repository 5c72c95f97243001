"""Advantages over a model line, as polynomials in gamma and the parameter.

Let M be the matrix I - gamma P of a policy, r its rewards, D = det M. For a pair with moves p,
reward rho and state s, the determinant of the n + 1 rows (e_i - gamma p_i, r_i) of the policy's
pairs and of the pair itself is

    D (rho - (e_s - gamma p) M^-1 r) = D (rho + gamma p V - V(s)),

the numerator of its advantage, D > 0 on [0, 1); a move of d steps has gamma^d in the place of
gamma. Every row is affine in the parameter, so that this is a polynomial in both numbers. It is
read off the digits of one integer determinant: that at gamma = B, parameter = B^(w + 1), w its
degree in gamma at most, for a power B of 2 larger than twice its coefficients (Kronecker's
substitution; they are at most the product over rows of the sums of coefficients).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm, prod

from flint import fmpz_mat

from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP

MOST_STATES = 24  # that matter to an advantage, where its polynomial is still computed
_MOST_BITS = 2**20  # of the determinant: a second's work
_Affine = tuple[Fraction, Fraction]
Pair = tuple[int, int]
Move = tuple[int, int]
"""The next state, and after how many steps."""
Policy = Mapping[int, int]


@dataclass(frozen=True)
class _Row:
    """A pair's reward and moves as integers a + b x, all times one positive number.

    Attributes:
        one: that number.
        reward, moves: the reward, and the probability of going on to each state in some steps.
    """

    one: int
    reward: tuple[int, int]
    moves: Mapping[Move, tuple[int, int]]

    @property
    def size(self) -> int:
        """The sum of the sizes of all coefficients of the row."""
        return self.one + sum(abs(a) + abs(b) for a, b in (self.reward, *self.moves.values()))

    @property
    def targets(self) -> set[int]:
        """The next states."""
        return {t for t, _ in self.moves}

    @property
    def steps(self) -> int:
        """The longest move's steps, at least 1."""
        return max((steps for _, steps in self.moves), default=1)

    @property
    def bends(self) -> bool:
        """Whether the parameter occurs."""
        return any(b for _, b in (self.reward, *self.moves.values()))


class LineAdvantages:
    """The numerators of advantages under policies of a model line."""

    def __init__(self, line: ModelLine) -> None:
        self.line = line
        self._factors: dict[tuple[frozenset[Pair], Pair], list[CurvePolynomial]] = {}

    @cached_property
    def _rows(self) -> dict[Pair, _Row]:
        """The rows of all available pairs."""
        ends = [(mdp.exact_r, _moves(mdp)) for mdp in (self.line.low, self.line.high)]
        (rewards, moves), (rewards_high, moves_high) = ends
        parameter = self.line.parameter
        low, width = parameter.low, parameter.high - parameter.low

        def affine(one: Fraction, two: Fraction) -> _Affine:
            slope = (two - one) / width
            return one - slope * low, slope

        found = {}
        for pair, reward in rewards.items():
            here, there = moves[pair], moves_high[pair]
            row = {t: affine(here.get(t, _NONE), there.get(t, _NONE)) for t in here | there}
            found[pair] = _integers(affine(reward, rewards_high[pair]), row)
        return found

    def factors(self, policy: Policy, pair: Pair) -> list[CurvePolynomial]:
        """Return the irreducible factors of a numerator; none of one that is 0 or too large."""
        key = frozenset(policy.items()), pair
        if key not in self._factors:
            numerator = self.numerator(policy, pair)
            self._factors[key] = [] if numerator is None else numerator.factors()
        return self._factors[key]

    def numerator(self, policy: Policy, pair: Pair) -> CurvePolynomial | None:
        """Return the numerator of a pair's advantage under a policy; None if it is 0 or large.

        Args:
            policy: an action for each state that has one.
            pair: a state and an action.
        """
        states = self._that_matter(policy, pair)
        if len(states) > MOST_STATES:
            return None
        rows = [(s, self._rows[s, policy[s]]) for s in states] + [(pair[0], self._rows[pair])]
        width = 1 + sum(row.steps for _, row in rows)
        bits = prod(row.size for _, row in rows).bit_length() + 2
        if bits * width * (1 + sum(row.bends for _, row in rows)) > _MOST_BITS:
            return None
        gamma, x = 1 << bits, 1 << (bits * width)
        entries: list[int] = []
        for s, row in rows:
            entry = {t: row.one * (s == t) for t in states}
            for (t, steps), (a, b) in row.moves.items():
                if t in entry:
                    entry[t] -= gamma**steps * (a + b * x)
            entries += [*entry.values(), row.reward[0] + row.reward[1] * x]
        digits = _digits(int(fmpz_mat(len(rows), len(rows), entries).det()), bits)
        found = {(k % width, k // width): digit for k, digit in enumerate(digits) if digit}
        return CurvePolynomial.of(found) if found else None

    def _that_matter(self, policy: Policy, pair: Pair) -> list[int]:
        """Return the states that the pair or the policy leads to from it and that are worth
        something."""
        ahead: dict[int, set[int]] = {}
        waiting = [pair[0], *self._rows[pair].targets]
        while waiting:
            s = waiting.pop()
            if s not in ahead and s in policy:
                ahead[s] = self._rows[s, policy[s]].targets
                waiting += ahead[s]
        worth = {s for s in ahead if self._rows[s, policy[s]].reward != (0, 0)}
        while more := {s for s in ahead if s not in worth and not worth.isdisjoint(ahead[s])}:
            worth |= more
        return sorted(worth)


_NONE = Fraction(0)


def _moves(mdp: MDP) -> dict[Pair, dict[Move, Fraction]]:
    """Return the probabilities of going on of each pair."""
    found: dict[Pair, dict[Move, Fraction]] = {}
    for (s, a, t, p, _, terminated, *_), steps in zip(mdp.rows(), mdp.duration, strict=True):
        row, move = found.setdefault((s, a), {}), (t, int(steps))
        if not terminated:
            row[move] = row.get(move, _NONE) + p
    return found


def _integers(reward: _Affine, moves: Mapping[Move, _Affine]) -> _Row:
    parts = [reward, *moves.values()]
    one = lcm(*(part.denominator for pair in parts for part in pair))
    whole, *others = [(int(a * one), int(b * one)) for a, b in parts]
    return _Row(one, whole, dict(zip(moves, others, strict=True)))


def _digits(number: int, bits: int) -> list[int]:
    """Return the digits of a number to the base 2^bits, from the last, each below half of it."""
    base, found = 1 << bits, []
    while number:
        digit = number & (base - 1)
        digit -= base if 2 * digit > base else 0
        found.append(digit)
        number = (number - digit) >> bits
    return found
