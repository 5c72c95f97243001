"""Numeric regions: every bracket holds an exact breakpoint, and nothing is claimed beyond that."""

from __future__ import annotations

import json

import gymnasium as gym
import pytest
from hypothesis import given, settings
from models import mdps, two_state_puterman
from shell import run

import qdecay
from qdecay import MDP, numeric_regions, policy_regions


def breakpoints_within(mdp: MDP, lower: float, upper: float, state: int) -> int:
    """How many exact breakpoints that change the state lie in the bracket."""
    points = policy_regions(mdp).breakpoints
    return sum(lower <= float(p.gamma) <= upper for p in points if state in p.changes)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(mdp=mdps(max_states=3, max_actions=2))
def test_every_bracket_holds_a_breakpoint(mdp: MDP) -> None:
    """What is reported is true of the exact regions, state by state."""
    found = numeric_regions(mdp, points=50, up_to=0.999, width=1e-7)
    for change in found.changes:
        for state in change.changes:
            assert breakpoints_within(mdp, change.lower, change.upper, state) >= 1


def test_frozen_lake_loses_none_on_a_fine_grid() -> None:
    """On FrozenLake 8x8 all 25 exact breakpoints have a bracket of their own up to 1 - 1e-5."""
    mdp = MDP.from_env(gym.make("FrozenLake8x8-v1"))
    exact = [float(point.gamma) for point in policy_regions(mdp).breakpoints]
    found = numeric_regions(mdp, points=1000, up_to=1 - 1e-5)
    assert len(found.changes) == len(exact) == 25
    for gamma, change in zip(exact, found.changes, strict=True):
        assert change.lower <= gamma <= change.upper
        assert change.upper - change.lower <= 1e-9


def test_puterman() -> None:
    """One change, at 10/11, of state 0 from leaving to sharing."""
    (change,) = numeric_regions(two_state_puterman(), points=10, up_to=0.99).changes
    assert change.lower <= 10 / 11 <= change.upper
    assert change.changes == {0: ((1,), (0,))}


def test_the_command_says_that_it_proves_nothing(capsys, monkeypatch) -> None:
    """In the table and in the document."""
    code, out, _ = run(capsys, monkeypatch, "regions", "qdecay/StayOrMove-v0", "--numeric")
    assert code == 0
    assert "0.500000000" in out
    assert "proves nothing" in " ".join(out.split())
    code, out, _ = run(
        capsys, monkeypatch, "regions", "qdecay/StayOrMove-v0", "--numeric", "--json"
    )
    assert "proves nothing" in json.loads(out)["statement"]


def test_running_out_of_time_offers_the_numeric_way(capsys, monkeypatch) -> None:
    """Exit code 2 and one line, which names --numeric."""
    code, out, err = run(
        capsys, monkeypatch, "regions", "FrozenLake8x8-v1", "--max-seconds", "0.001"
    )
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "--numeric" in err


BAD = [
    ({"points": 1}, "points must be >= 2"),
    ({"up_to": 1.0}, "up_to must be in"),
    ({"up_to": float("nan")}, "up_to must be in"),
    ({"width": 0.0}, "width must be > 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_refused(arguments: dict, message: str) -> None:
    """Values outside their range are named; so is an option that does not go with --numeric."""
    with pytest.raises(ValueError, match=message):
        qdecay.numeric_regions(two_state_puterman(), **arguments)


def test_numeric_has_no_certificate(capsys, monkeypatch, tmp_path) -> None:
    """Nothing is proven, so nothing is written."""
    target = str(tmp_path / "c.json")
    code, _, err = run(
        capsys, monkeypatch, "regions", "FrozenLake-v1", "--numeric", "--certificate", target
    )
    assert code == 2
    assert "--numeric has no" in err
    assert list(tmp_path.iterdir()) == []
