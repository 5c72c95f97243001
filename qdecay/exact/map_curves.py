"""Curves of a map: boundaries of neighbouring lines joined, and the polynomials that name them.

A boundary point is a breakpoint on a line of fixed parameter. On the next line it goes on where the
same two areas meet. The advantage of the pair that enters there, under a policy that is optimal
just left of it, is 0 at the point; an irreducible factor of its numerator names all the points at
which it is 0 too, each decided exactly. Between the lines nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import groupby, pairwise, takewhile
from typing import Any

from qdecay._support.deadline import Deadline
from qdecay._support.result import Record
from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import Breakpoint
from qdecay.exact.solver.line_advantage import LineAdvantages, Pair, Policy
from qdecay.exact.walked import Sets


@dataclass(frozen=True)
class Boundary:
    """A point at which two areas meet on a line of fixed parameter.

    Attributes:
        value: of the parameter.
        point: the breakpoint.
        left, right: all optimal sets on both sides.
        states: those whose sets tell the areas apart.
        areas: the two areas.
    """

    value: Fraction
    point: Breakpoint
    left: Sets
    right: Sets
    states: frozenset[int]
    areas: tuple[int, int]

    def lies_on(self, curve: CurvePolynomial) -> bool:
        """Whether the polynomial is 0 there, exactly."""
        return self.point.gamma.sign_of(curve.at(self.value)) == 0

    def switches(self) -> Iterator[tuple[Policy, Pair]]:
        """Yield policies and pairs whose advantage under them changes its sign there."""
        for s, change in self.point.changes.items():
            if s in self.states:
                for sets, one, other in (
                    (self.left, change.left, change.right),
                    (self.right, change.right, change.left),
                ):
                    policy = {state: actions[0] for state, actions in enumerate(sets) if actions}
                    yield from ((policy, (s, a)) for a in other if a not in one)


@dataclass(frozen=True, eq=False, repr=False)
class MapCurve(Record):
    """A boundary between two areas over neighbouring lines, by its exact points.

    Attributes:
        areas: the areas left and right of it, as numbers of `PolicyMap.areas`.
        polynomial: irreducible, and 0 at every point; None where no single one was found, or the
            model is too large for one.
        values: of the parameter, in increasing order.
        gammas: the points on these lines.
    """

    areas: tuple[int, int]
    polynomial: CurvePolynomial | None
    values: tuple[Fraction, ...]
    gammas: tuple[AlgebraicNumber, ...]

    def _shown(self) -> str:
        name = "" if self.polynomial is None else f"{self.polynomial.written()} = 0, "
        return f"{name}areas {self.areas[0]} and {self.areas[1]}, {len(self.values)} points"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as in the document; points are rationals or have their polynomial."""
        return {
            "areas": list(self.areas),
            "polynomial": None if self.polynomial is None else self.polynomial.to_json(),
            "points": [
                {"value": str(value), "gamma": gamma.decimal(20)}
                for value, gamma in zip(self.values, self.gammas, strict=True)
            ],
        }


@dataclass(frozen=True)
class Traced:
    """The curves through the boundaries of some lines.

    Attributes:
        curves: from low values up.
        breaks: the neighbouring lines between which a boundary changes its polynomial.
    """

    curves: list[MapCurve]
    breaks: set[tuple[Fraction, Fraction]]


def traced(
    lines: Sequence[Sequence[Boundary]], advantages: LineAdvantages, deadline: Deadline
) -> Traced:
    """Join the boundaries of neighbouring lines to curves, and name them."""
    found = Traced([], set())
    for chain in _chains(lines):
        for polynomial, start, end in _named(chain, advantages, deadline):
            part = chain[start:end]
            values = tuple(b.value for b in part)
            gammas = tuple(b.point.gamma for b in part)
            found.curves.append(MapCurve(chain[0].areas, polynomial, values, gammas))
            if end < len(chain):
                found.breaks.add((values[-1], chain[end].value))
    found.curves.sort(key=lambda curve: (curve.values[0], curve.gammas[0]))
    return found


def _chains(lines: Sequence[Sequence[Boundary]]) -> list[list[Boundary]]:
    """Join the boundaries of each line with those of the next between the same areas, in order."""
    chains = [[boundary] for boundary in lines[0]]
    ends = list(chains)
    for before, line in pairwise(lines):
        here, there = ([b.areas for b in each] for each in (before, line))
        matching = SequenceMatcher(None, here, there, autojunk=False).get_matching_blocks()
        joined = {b + k: ends[a + k] for a, b, size in matching for k in range(size)}
        ends = [joined.get(place, []) for place in range(len(line))]
        chains += [end for end in ends if not end]
        for end, boundary in zip(ends, line, strict=True):
            end.append(boundary)
    return chains


def _named(
    chain: Sequence[Boundary], advantages: LineAdvantages, deadline: Deadline
) -> Iterator[tuple[CurvePolynomial | None, int, int]]:
    """Yield the parts of a chain, each from a place up to another, with their polynomials."""
    names: list[CurvePolynomial | None] = [None] * len(chain)
    place = 0
    while place < len(chain):
        deadline.check()
        name, begin, end = _longest(chain, place, advantages)
        names[begin:end] = [name if known is None else known for known in names[begin:end]]
        place = end
    start = 0
    for name, part in groupby(names):
        end = start + len(list(part))
        yield name, start, end
        start = end


def _longest(
    chain: Sequence[Boundary], place: int, advantages: LineAdvantages
) -> tuple[CurvePolynomial | None, int, int]:
    """Return the factor that is 0 at a boundary and at most of those next to it, and where."""
    best: tuple[CurvePolynomial | None, int, int] = (None, place, place + 1)
    for policy, pair in chain[place].switches():
        for factor in advantages.factors(policy, pair):
            after = _on(factor, chain[place:])
            begin = place - _on(factor, chain[:place][::-1]) if after else place
            if place + after - begin > best[2] - best[1]:
                best = factor, begin, place + after
        if best[2] == len(chain):
            break
    return best


def _on(curve: CurvePolynomial, boundaries: Sequence[Boundary]) -> int:
    """Return how many of the boundaries lie on a curve before one does not."""
    return sum(1 for _ in takewhile(lambda boundary: boundary.lies_on(curve), boundaries))
