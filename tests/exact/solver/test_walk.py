"""The walk over gamma: what it does that its answers do not show."""

from __future__ import annotations

from types import SimpleNamespace

import gymnasium as gym
import pytest

from qdecay import MDP, BudgetExceeded
from qdecay._support import deadline
from qdecay.exact.solver import gamma_axis, walk
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.rational_model import RationalModel


def test_isolating_roots_counts_against_the_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all polynomials at hand and a second for each isolation, 2.5 seconds are 3 of them."""
    clock, isolated = SimpleNamespace(now=0.0), 0
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def isolate(*arguments):
        nonlocal isolated
        isolated += 1
        clock.now += 1.0
        return []

    monkeypatch.setattr(walk, "isolate_quickly", isolate)
    model = RationalModel(MDP.from_env(gym.make("FrozenLake-v1")))
    walking = walk.Walk(GammaAxis(model, use_floats=False), deadline.Deadline(2.5))
    polynomials = [walking._numerator(pair) for pair in range(model.n_pairs)]
    assert len({tuple(p.coeffs()) for p in polynomials}) > 5
    with pytest.raises(BudgetExceeded, match="stopped: the limit of 2.5 s was reached$"):
        next(walking.run(), None)
    assert isolated == 3


def test_where_floats_prove_nothing_the_events_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows of floats that fail everywhere leave all to exact arithmetic, a quarter at a time."""
    model = RationalModel(MDP.from_env(gym.make("FrozenLake-v1")))
    expected = [(event.x, event.at.tolist()) for event in walk.Walk(GammaAxis(model)).run()]

    def fail(*arguments, **options):
        raise NoBound

    monkeypatch.setattr(gamma_axis, "Window", fail)
    axis = GammaAxis(model, use_floats=True)
    found = [(event.x, event.at.tolist()) for event in walk.Walk(axis).run()]
    assert found == expected
    assert len(found) == 2


def test_what_happens_at_one_is_asked_for_only_where_no_root_comes_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the 8x8 lake pairs tie at 1 under every policy; exact values at 1 take the most time."""
    model = RationalModel(MDP.from_env(gym.make("FrozenLake-v1", map_name="8x8")))
    walking, asked = walk.Walk(GammaAxis(model)), []
    at_one = walking.axis.not_positive_at_one

    def counted(graph, pairs, limit):
        asked.append(walking.x)
        return at_one(graph, pairs, limit)

    monkeypatch.setattr(walking.axis, "not_positive_at_one", counted)
    points = [event.x for event in walking.run()]
    assert len(points) == 25
    assert asked == [points[-1]]
