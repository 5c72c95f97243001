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
    with pytest.raises(BudgetExceeded, match="stopped after 3.0 s of 2.5 s"):
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
