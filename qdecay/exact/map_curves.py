"""Curves of a map: boundaries of neighbouring lines joined, and the polynomials that name them.

A boundary point is a breakpoint on a line of fixed parameter, or of fixed gamma. On the next line
the boundary continues where the same two areas meet. The advantage of the pair that enters there,
under a policy that is optimal just left of the point, is 0 at the point. An irreducible factor of
its numerator that is 0 there describes the boundary at every point where it is 0 too, which is
decided exactly for each. Between the lines nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import groupby, pairwise, takewhile
from typing import Any

from qdecay._support.deadline import Deadline
from qdecay._support.result import Record, counted
from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.line_advantage import LineAdvantages, Pair, Policy
from qdecay.exact.walked import Sets, Turn


@dataclass(frozen=True)
class Boundary:
    """A point at which two areas meet on a line.

    Attributes:
        fixed: the number that is fixed on the line.
        is_gamma: whether that number is gamma.
        point: the breakpoint.
        left, right: all optimal sets on both sides.
        states: those whose sets distinguish the areas.
        areas: the two areas.
    """

    fixed: Fraction
    is_gamma: bool
    point: Turn
    left: Sets
    right: Sets
    states: frozenset[int]
    areas: tuple[int, int]

    @property
    def place(self) -> tuple[AlgebraicNumber, AlgebraicNumber]:
        """Gamma and the parameter there."""
        fixed, moving = AlgebraicNumber.of(self.fixed), self.point.number
        return (fixed, moving) if self.is_gamma else (moving, fixed)

    def lies_on(self, curve: CurvePolynomial) -> bool:
        """Whether the polynomial is 0 there, exactly."""
        p = curve.over(self.fixed) if self.is_gamma else curve.at(self.fixed)
        return self.point.number.sign_of(p) == 0

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
    """The boundary between two areas, by exact points on it.

    Attributes:
        areas: the two areas, as numbers of `PolicyMap.areas`.
        polynomial: irreducible, and 0 at every point; None if no single one was found, or the model
            is too large.
        points: pairs of gamma and the parameter, one of them rational, by increasing parameter.
    """

    areas: tuple[int, int]
    polynomial: CurvePolynomial | None
    points: tuple[tuple[AlgebraicNumber, AlgebraicNumber], ...]

    def _shown(self) -> str:
        name = "" if self.polynomial is None else f"{self.polynomial.written()} = 0, "
        areas = "{} and {}".format(*self.areas)
        return f"{name}areas {areas}, {counted(len(self.points), 'point')}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as they are written in the document, with points as decimals."""
        return {
            "areas": list(self.areas),
            "polynomial": None if self.polynomial is None else self.polynomial.to_json(),
            "points": [[gamma.decimal(20), value.decimal(20)] for gamma, value in self.points],
        }


@dataclass(frozen=True)
class _Part:
    """Neighbouring boundaries of one chain that have one polynomial, or none."""

    polynomial: CurvePolynomial | None
    boundaries: list[Boundary]


class Traced:
    """The curves through the boundaries of a map's lines."""

    def __init__(
        self,
        rows: Sequence[Sequence[Boundary]],
        columns: Sequence[Sequence[Boundary]],
        advantages: LineAdvantages,
        deadline: Deadline,
    ) -> None:
        """Join the boundaries of neighbouring lines, and find their polynomials.

        Args:
            rows: the boundaries on each line of fixed parameter.
            columns: those on each line of fixed gamma.
            advantages: of the line of models.
            deadline: raises an error when the time is up.
        """
        self._chains = [
            [list(_parts(chain, advantages, deadline)) for chain in _chains(lines)]
            for lines in (rows, columns)
        ]

    @property
    def breaks(self) -> set[tuple[Fraction, Fraction]]:
        """The neighbouring values of the parameter where a boundary changes its polynomial."""
        return {
            (one.boundaries[-1].fixed, two.boundaries[0].fixed)
            for chain in self._chains[0]
            for one, two in pairwise(chain)
        }

    def curves(self) -> list[MapCurve]:
        """Return the curves, by their lowest points: one for each polynomial of two areas."""
        parts = [part for chains in self._chains for chain in chains for part in chain]
        named: dict[tuple[frozenset[int], CurvePolynomial], list[Boundary]] = {}
        for part in parts:
            if part.polynomial is not None:
                key = frozenset(part.boundaries[0].areas), part.polynomial
                named.setdefault(key, []).extend(part.boundaries)
        found = []
        for part in parts:
            if part.polynomial is None:
                left = [b for b in part.boundaries if not _joined(b, named)]
                found += [_curve(None, left)] if left else []
        found += [_curve(polynomial, all_) for (_, polynomial), all_ in named.items()]
        return sorted(found, key=lambda curve: curve.points[0][::-1])


def _joined(
    boundary: Boundary, named: dict[tuple[frozenset[int], CurvePolynomial], list[Boundary]]
) -> bool:
    """Add a boundary to the curve between its areas on which it lies, if there is one."""
    for (areas, polynomial), boundaries in named.items():
        if areas == frozenset(boundary.areas) and boundary.lies_on(polynomial):
            boundaries.append(boundary)
            return True
    return False


def _curve(polynomial: CurvePolynomial | None, boundaries: Sequence[Boundary]) -> MapCurve:
    low, high = sorted(boundaries[0].areas)
    points = sorted((b.place for b in boundaries), key=lambda place: place[::-1])
    return MapCurve((low, high), polynomial, tuple(points))


def _chains(lines: Sequence[Sequence[Boundary]]) -> list[list[Boundary]]:
    """Join the boundaries of each line with those of the next between the same areas, in order."""
    chains: list[list[Boundary]] = []
    before: Sequence[Boundary] = ()
    ends: list[list[Boundary]] = []
    for line in lines:
        here, there = ([b.areas for b in each] for each in (before, line))
        matching = SequenceMatcher(None, here, there, autojunk=False).get_matching_blocks()
        joined = {b + k: ends[a + k] for a, b, size in matching for k in range(size)}
        ends = [joined.get(place, []) for place in range(len(line))]
        chains += [end for end in ends if not end]
        for end, boundary in zip(ends, line, strict=True):
            end.append(boundary)
        before = line
    return chains


def _parts(
    chain: Sequence[Boundary], advantages: LineAdvantages, deadline: Deadline
) -> Iterator[_Part]:
    """Yield the parts of a chain, in order."""
    names: list[CurvePolynomial | None] = [None] * len(chain)
    place = 0
    while place < len(chain):
        deadline.check()
        name, begin, end = _longest(chain, place, advantages)
        names[begin:end] = [name if known is None else known for known in names[begin:end]]
        place = end
    start = 0
    for name, same in groupby(names):
        end = start + len(list(same))
        yield _Part(name, list(chain[start:end]))
        start = end


def _longest(
    chain: Sequence[Boundary], place: int, advantages: LineAdvantages
) -> tuple[CurvePolynomial | None, int, int]:
    """Return the factor that is 0 at a boundary and at the most of those next to it, and where."""
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
