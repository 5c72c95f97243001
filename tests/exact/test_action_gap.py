"""The action gap, against action values found by planning and slopes by differences."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from models import layouts, mdps

from qdecay import MDP, ChainLayout, policy_iteration, policy_regions

GAMMAS = [Fraction(k, 16) for k in range(1, 16)]


@given(mdps(ends=True))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_it_is_the_lead_of_the_best_action(mdp: MDP) -> None:
    """V less the best of what is not optimal: the action values at 1/16 to 15/16, in floats."""
    regions = policy_regions(mdp)
    points = [b.gamma for b in regions.breakpoints]
    for s in range(mdp.n_states):
        gap = regions.action_gap(s)
        for gamma in GAMMAS:
            if gamma in points:
                continue
            q, found = policy_iteration(mdp, gamma).q[s], gap(gamma)
            best = regions.regions[regions.region_of(gamma)][s]  # type: ignore[index]
            others = [q[a] for a in range(mdp.n_actions) if a not in best and mdp.available[s, a]]
            if not others:
                assert found is None
            else:
                assert found is not None
                assert abs(float(found) - (max(q) - max(others))) < 1e-8


@given(layouts())
@settings(deadline=None, derandomize=True, max_examples=100)
def test_at_a_breakpoint_it_is_0_and_rises_on_both_sides(layout: ChainLayout) -> None:
    """The slopes are those of the gap 2^-40 away, wherever an action leaves or enters there."""
    regions = policy_regions(layout)
    step = Fraction(1, 2**40)
    for i, point in enumerate(regions.breakpoints):
        near = sum(point.gamma.enclosure(200), Fraction(0)) / 2
        for s, change in point.changes.items():
            gap = regions.action_gap(s)
            slopes, sides = gap.slopes(i), (change.left, change.right)
            for side, slope, actions in zip((-1, 1), slopes, sides, strict=True):
                beside = gap(near + side * step)
                if set(change.at) <= set(actions):
                    assert slope == 0
                else:
                    assert beside is not None
                    assert float(beside / step) == pytest.approx(side * slope, rel=1e-5)
            assert slopes[0] < 0 or slopes[1] > 0


def test_the_slopes_of_the_homework() -> None:
    """1 - 4 g^2 on the left of 1/2 and 4 g^2 - 1 on the right: -4 and 4 per unit of gamma."""
    gap = policy_regions("qdecay/StayOrMove-v0").action_gap(0)
    assert gap.slopes(0) == (-4, 4)
    assert [gap(gamma) for gamma in (0, "1/4", "3/4")] == [1, Fraction(3, 4), Fraction(5, 4)]
