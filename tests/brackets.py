"""What certified regions claim, compared claim by claim with the exact regions of the same model.

Between neighbours of all bracket ends, ends of near ties, breakpoints and touches nothing changes,
neither what is claimed nor what is true: a rational number in each gap stands for all of it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from qdecay.certified.result import NOT_SEPARATED, ONE_BREAKPOINT, CertifiedRegions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import Breakpoint, PolicyRegions
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.walk import Event, Walk
from qdecay.exact.walked import Found, Sets

Number = AlgebraicNumber | Fraction
LAST = 1 - Fraction(1, 10**9)


class Walked:
    """What exact polynomials alone, without floats, say of pairs of any model."""

    def __init__(self, pairs: RationalModel) -> None:
        walk, events = Walk(GammaAxis(pairs, use_floats=False)), list[Event]()
        try:
            events.extend(walk.run())
        except ValueError:  # where rows sum to more than 1, values end just left of 1
            assert walk.x > LAST
        found = Found.of(walk, events, lambda x, changes: Breakpoint(x, changes=changes))
        self.breakpoints, self.regions, self.touches, _ = found

    def optimal_actions(self, gamma: Number) -> Sets:
        """The sets at a gamma."""
        sets = list(self.regions[sum(point.gamma < gamma for point in self.breakpoints)])
        for point in (*self.breakpoints, *self.touches):
            if point.gamma == gamma:
                for state, change in point.changes.items():
                    sets[state] = change.at
        return tuple(sets)


def assert_true(found: CertifiedRegions, exact: PolicyRegions | Walked) -> Counter[str]:
    """Check every claim; return how many brackets there are by content, and how many near ties."""
    ends = [end for bracket in found.brackets for end in (bracket.lower, bracket.upper)]
    assert ends == sorted(ends)
    assert all(0 <= end <= found.proven_to <= LAST for end in ends)
    assert all(b.lower <= b.upper for b in found.brackets)
    assert len(found.regions) == len(found.brackets) + 1
    for gamma in _places(found, exact, ends):
        _assert_sets(found, exact, gamma)
    for i in range(len(found.brackets)):
        _assert_inside(found, exact, i)
    for tie in found.near_ties:
        assert 0 <= tie.lower < tie.upper <= found.proven_to
        assert list(tie.actions) == sorted(set(tie.actions))
    counts = Counter(bracket.content for bracket in found.brackets)
    counts["near ties"] = len(found.near_ties)
    return counts


def _places(
    found: CertifiedRegions, exact: PolicyRegions | Walked, ends: list[Fraction]
) -> Iterator[Number]:
    """Yield all numbers where something claimed or true may change, and one in each gap."""
    marks = [end for tie in found.near_ties for end in (tie.lower, tie.upper)]
    points = {AlgebraicNumber.of(x) for x in (*ends, *marks, found.proven_to) if x > 0}
    points |= {point.gamma for point in (*exact.breakpoints, *exact.touches)}
    inside = sorted(x for x in points if x <= found.proven_to)
    for left, right in itertools.pairwise([AlgebraicNumber.of(0), *inside]):
        yield from (left.rational_below(right), right)


def _assert_sets(found: CertifiedRegions, exact: PolicyRegions | Walked, gamma: Number) -> None:
    """What is claimed at a gamma is so; nothing is claimed within a bracket."""
    region = sum(bracket.upper <= gamma for bracket in found.brackets)
    if region < len(found.brackets) and found.brackets[region].lower < gamma:
        return
    claimed, true = found.regions[region], exact.optimal_actions(gamma)
    doubts = _doubts(found, gamma)
    for state, (said, actions) in enumerate(zip(claimed, true, strict=True)):
        if state in doubts:
            assert set(actions) <= {*said, *doubts[state]}, (gamma, state)
        else:
            assert said == actions, (gamma, state, said, actions)


def _doubts(found: CertifiedRegions, gamma: Number) -> dict[int, set[int]]:
    """The actions in near ties at a gamma, by state."""
    doubts: dict[int, set[int]] = {}
    for tie in found.near_ties:
        if tie.lower <= gamma and tie.upper >= gamma:
            doubts.setdefault(tie.state, set()).update(tie.actions)
    return doubts


def _assert_inside(found: CertifiedRegions, exact: PolicyRegions | Walked, i: int) -> None:
    """What a bracket says of its inside is so, and of the states that change."""
    bracket, left, right = found.brackets[i], found.regions[i], found.regions[i + 1]
    breakpoints = _changes(found, exact.breakpoints, bracket.lower, bracket.upper)
    touches = _changes(found, exact.touches, bracket.lower, bracket.upper)
    if bracket.content == ONE_BREAKPOINT:
        assert (len(breakpoints), len(touches)) == (1, 0), (i, breakpoints, touches)
    else:
        assert bracket.content == NOT_SEPARATED
    changed = {*itertools.chain(*breakpoints, *touches)}
    assert changed <= set(bracket.changes), (i, changed, bracket.changes)
    for state, sets in enumerate(zip(left, right, strict=True)):
        sides = bracket.changes.get(state)
        assert sets[0] == sets[1] if sides is None else sets == sides, (i, state)


def _changes(
    found: CertifiedRegions, points: tuple[Breakpoint, ...], lower: Fraction, upper: Fraction
) -> list[set[int]]:
    """The states that change at each of the points inside an interval, save those in doubt."""
    inside = (point for point in points if lower < point.gamma < upper)
    changed = (set(point.changes) - set(_doubts(found, point.gamma)) for point in inside)
    return [states for states in changed if states]
