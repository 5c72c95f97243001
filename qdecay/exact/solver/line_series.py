"""Advantages along a model line at one gamma, as exact polynomials in x.

A policy's value solves A(x) v = r(x), where A = I - gamma P(x) and r are affine in x. By Cramer's
rule v = N / D with polynomials N and D = det A, whose degree is at most the number of rows that
move. D > 0 for 0 < x < 1, so the numerator of an advantage has its sign. Both are computed modulo
primes (see `line_residues`), at gamma = 1 where nothing is earned for ever and probabilities move.

At gamma = 1 a policy has a gain g, a bias h and a third term w (see `laurent`), and an advantage
three terms, of which the first that is not identically 0 has its sign for every gamma near 1. With
D the product of det(I - P) over the transient components and of det(I - P_K)^2 / pi(k) over the
recurrent classes that earn something (P_K without its state k, whose stationary probability is
pi(k)), D g, D h and D^2 w are polynomials, and D > 0. If residues cannot be used, their values at
a few rational x, each an exact solve, determine them.

Only what a pair can reach matters: components that it does not lead to are left out of D.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly, fmpz_poly
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.polynomial import sign_at
from qdecay.exact.solver.chain import Pairs, System, components, is_closed, pairs_of
from qdecay.exact.solver.laurent import TERMS, Laurent, laurent, stationary
from qdecay.exact.solver.line_residues import LineResidues, Part
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.rational_model import RationalModel

_INSIDE = Fraction(1, 2)


@dataclass(frozen=True)
class _Sample:
    """A policy at one x.

    Attributes:
        value: of the policy, in the model there.
        determinants: D of each component.
    """

    value: Laurent
    determinants: list[fmpq]

    def numerator(self, pair: int, k: int, parts: tuple[int, ...]) -> fmpq:
        """Return a term of the pair's advantage, times D of the components that it reaches."""
        product = prod((self.determinants[part] for part in parts), start=fmpq(1))
        return self.value.term(pair, k) * (product**2 if k == TERMS - 1 else product)


@dataclass(frozen=True)
class _Component:
    """States that lead to each other, and how much they add to the degree of D."""

    pairs: Pairs
    is_class: bool
    degree: int


class LineSeries:
    """Exact advantages of pairs under one policy, along a model line at one gamma.

    Attributes:
        model: for pairs and moves: the line's skeleton.
        graph: the policy's.
    """

    def __init__(
        self,
        line: RationalLine,
        policy: NDArray[np.int64],
        gamma: Fraction,
        deadline: Deadline,
        previous: PolicyGraph | None = None,
    ) -> None:
        """`previous` is the graph of a policy that differs in few states, if there is one."""
        self.line, self.model, self.policy, self.gamma = line, line.skeleton, policy, gamma
        self.deadline = deadline
        self.graph = PolicyGraph(self.model, policy, previous)
        self._kept: dict[int, LineResidues] = {}
        self._requested: list[int] = []
        self._reached: dict[int, tuple[int, ...]] = {}
        self._samples: dict[int, list[_Sample]] = {}
        self._numerators: dict[tuple[int, int], list[fmpq]] = {}
        self._denominators: dict[tuple[int, ...], fmpz_poly] = {}

    def identically_zero(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs have advantage 0 for every x."""
        return np.array(
            [self.order(pair) == self._terms for pair in pairs.tolist()], dtype=np.bool_
        )

    def request(self, pairs: NDArray[np.int64]) -> None:
        """Announce whose numerators are needed next."""
        self._requested = pairs.tolist()

    def order(self, pair: int) -> int:
        """Return which term of the pair's advantage is the first that is not identically 0.

        If all are identically 0, return their number: 3 at gamma = 1, otherwise 1.
        """
        if self._is_regular:
            parts = self.reached(pair)
            return next(
                (k for k in self._kept_terms if not self.residues(parts, k).is_zero(pair, parts)),
                self._terms,
            )
        return next((k for k in range(self._terms) if any(self._values(pair, k))), self._terms)

    def numerator(self, pair: int) -> fmpz_poly:
        """Return a polynomial with the sign of the advantage for 0 < x < 1, primitive; 0 for a tie.

        At gamma = 1 it is that of the first term that is not identically 0.
        """
        order = self.order(pair)
        return fmpz_poly([]) if order == self._terms else self.term(pair, order)

    def term(self, pair: int, k: int) -> fmpz_poly:
        """Return the same for one term of the advantage."""
        parts = self.reached(pair)
        if self._is_regular:
            if k not in self._kept_terms:
                return fmpz_poly([])
            known = self.residues(parts, k)
            top = known.numerator(pair, parts)
            if not top:
                return top
            top //= top.content()
            bottom = known.denominator(parts)
        else:
            values = self._values(pair, k)
            if not any(values):
                return fmpz_poly([])
            top = _interpolated(values)
            bottom = self._denominator(parts)
        while (common := top.gcd(bottom)).degree() > 0:
            # It divides D, which has no root in (0, 1): its sign there is that half way.
            top //= common * sign_at(common, _INSIDE)
        return top

    def has_gain(self) -> bool:
        """Whether a state gains or loses something per step at gamma = 1, for some x."""
        if self._is_regular:
            return False
        return any(any(sample.value.gain) for sample in self._sampled(0))

    @property
    def _terms(self) -> int:
        return TERMS if self.gamma == 1 else 1

    @property
    def _kept_terms(self) -> tuple[int, ...]:
        """The terms that may differ from 0 where the policy never stays and earns."""
        return (1, 2) if self.gamma == 1 else (0,)

    @cached_property
    def _is_regular(self) -> bool:
        """Whether one system of linear equations has the values: nothing is earned for ever.

        At gamma = 1 two samples are quicker, where rewards alone move.
        """
        if self.gamma == 1 and not self.line.moves.any():
            return False
        return not any(part.is_class for part in self._components)

    @cached_property
    def _live(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.graph.live)

    @cached_property
    def _components(self) -> list[_Component]:
        found = []
        for states in components(self.model, self.policy, self._live):
            pairs = pairs_of(self.policy, states)
            moving = int(self.line.moves[list(pairs.values())].sum())
            is_class = self.gamma == 1 and is_closed(self.model, pairs)
            found.append(_Component(pairs, is_class, moving * (1 + is_class)))
        return found

    @cached_property
    def _component_of(self) -> dict[int, int]:
        return {s: k for k, part in enumerate(self._components) for s in part.pairs}

    def reached(self, pair: int) -> tuple[int, ...]:
        """Return the components that the pair's state or the pair leads to."""
        if pair not in self._reached:
            state = int(self.model.pair_state[pair])
            states = self.graph.closure(state, self.model.targets[pair]) & self.graph.live
            found = {self._component_of[s] for s in np.flatnonzero(states).tolist()}
            self._reached[pair] = tuple(sorted(found))
        return self._reached[pair]

    def residues(self, parts: tuple[int, ...], k: int = 0) -> LineResidues:
        """Return the residues of a term over these components, if that is regular."""
        kept = self._kept.get(k)
        if kept is None or not kept.parts >= set(parts):
            wanted = set(parts) | {part for pair in self._requested for part in self.reached(pair)}
            chosen = {
                number: Part(part.pairs, part.degree)
                for number, part in enumerate(self._components)
                if number in wanted
            }
            kept = LineResidues(self.line, self.gamma, chosen, self.deadline, third=k == TERMS - 1)
            self._kept[k] = kept
        return kept

    def _points(self, k: int) -> int:
        """Return how many x determine the numerators of a term, of any pair."""
        degree = sum(part.degree for part in self._components)
        return (2 * degree if k == TERMS - 1 else degree) + 2 + bool(self.line.moves.any())

    def _sampled(self, k: int) -> list[_Sample]:
        """Return the policy at the points i / (m + 1), i = 1 .. m, for one term."""
        count = self._points(k)
        if count not in self._samples:
            self._samples[count] = [
                self._sample(self.line.at(i, count + 1)) for i in range(1, count + 1)
            ]
        return self._samples[count]

    def terms_at_one(self) -> list[list[fmpq]]:
        """Return D, D h and D^2 w of the model's own states at each x = i / (m + 1), i = 1 .. m.

        At gamma = 1. These determine the polynomials; rewards are the model's own.
        """
        found, n = [], self.model.n_own
        for sample in self._sampled(TERMS - 1):
            d, scale = prod(sample.determinants, start=fmpq(1)), sample.value.model.reward_scale
            bias = [d * h / scale for h in sample.value.bias[:n]]
            third = [d * d * w / scale for w in sample.value.third[:n]]
            found.append([d, *bias, *third])
        return found

    def _sample(self, model: RationalModel) -> _Sample:
        self.deadline.check()
        value = laurent(model, self.policy, self.deadline, self._live)
        return _Sample(value, [self._determinant(model, part) for part in self._components])

    def _determinant(self, model: RationalModel, part: _Component) -> fmpq:
        if not part.degree:
            return fmpq(1)
        if not part.is_class:
            return System(model, part.pairs).determinant()
        (first, *_), rest = part.pairs, dict(list(part.pairs.items())[1:])
        system = System(model, rest)
        chances = stationary(model, system, first, part.pairs[first])
        return system.determinant() ** 2 / chances[0]

    def _values(self, pair: int, k: int) -> list[fmpq]:
        """Return the numerator of a term of the pair's advantage at the points."""
        if (pair, k) not in self._numerators:
            parts = self.reached(pair)
            found = [sample.numerator(pair, k, parts) for sample in self._sampled(k)]
            self._numerators[pair, k] = found
        return self._numerators[pair, k]

    def _denominator(self, parts: tuple[int, ...]) -> fmpz_poly:
        """Return the product of D of some components, up to a constant."""
        if parts not in self._denominators:
            values = [
                prod((sample.determinants[part] for part in parts), start=fmpq(1))
                for sample in self._sampled(0)
            ]
            self._denominators[parts] = _interpolated(values)
        return self._denominators[parts]


def _interpolated(values: list[fmpq]) -> fmpz_poly:
    """Return a positive multiple of the polynomial of degree < m with these values at i / (m + 1).

    It is primitive.
    """
    m = len(values)
    found = _inverse_vandermonde(m) * fmpq_mat(m, 1, values)
    # At y = (m + 1) x the points are whole numbers.
    top = fmpq_poly([found[i, 0] * (m + 1) ** i for i in range(m)]).numer()
    return top // top.content()


@lru_cache(maxsize=64)
def _inverse_vandermonde(m: int) -> fmpq_mat:
    """Return the matrix that takes values at 1 .. m to coefficients."""
    return fmpq_mat(m, m, [fmpq(i) ** j for i in range(1, m + 1) for j in range(m)]).inv()
