"""Numeric regions: every bracket holds an exact breakpoint, and nothing is claimed beyond that."""

from __future__ import annotations

import functools
import json
import math
import operator
import time
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import mdps, two_state_puterman
from scipy import sparse
from shell import run

from qdecay import MDP, BudgetExceeded, numeric_policy_regions, policy_regions
from qdecay._support.progress import Progress
from qdecay.model.float_mdp import FloatMDP
from qdecay.planning.regions import Tracker
from qdecay_envs import ChainLayout


def breakpoints_within(mdp: MDP, lower: float, upper: float, state: int) -> int:
    """How many exact breakpoints that change the state lie in the bracket."""
    points = policy_regions(mdp).breakpoints
    return sum(lower <= float(p.gamma) <= upper for p in points if state in p.changes)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(mdp=mdps(max_states=3, max_actions=2))
def test_every_bracket_holds_a_breakpoint(mdp: MDP) -> None:
    """What is reported is true of the exact regions, state by state."""
    found = numeric_policy_regions(mdp, points=50, up_to=0.999, width=1e-7)
    for change in found.changes:
        for state in change.changes:
            assert breakpoints_within(mdp, change.lower, change.upper, state) >= 1


def test_frozen_lake_loses_none_on_a_fine_grid() -> None:
    """On FrozenLake 8x8 all 25 exact breakpoints have a bracket of their own up to 1 - 1e-5."""
    mdp = MDP.from_env(gym.make("FrozenLake8x8-v1"))
    exact = [float(point.gamma) for point in policy_regions(mdp).breakpoints]
    found = numeric_policy_regions(mdp, points=1000, up_to=1 - 1e-5, width=1e-8)
    assert len(found.changes) == len(exact) == 25
    for gamma, change in zip(exact, found.changes, strict=True):
        assert change.lower <= gamma <= change.upper
        assert change.upper - change.lower <= 1e-8
    assert found.solves <= 1000 + 8 * 25
    for most in (1000, 1005, 1050):
        fewer = numeric_policy_regions(mdp, points=1000, max_solves=most)
        assert fewer.solves <= most


def test_few_solves_leave_wider_brackets() -> None:
    """With no solve but the grid's, a bracket is a cell of it, and still holds its breakpoint."""
    mdp = two_state_puterman()
    found = numeric_policy_regions(mdp, points=10, up_to=0.99, max_solves=10)
    assert found.solves == 10
    grid = 1 - np.logspace(0, -2, 10)
    i = np.searchsorted(grid, 10 / 11)
    assert [(c.lower, c.upper) for c in found.changes] == [
        pytest.approx(tuple(grid[i - 1 : i + 1]))
    ]
    for more in range(11, 20):
        found = numeric_policy_regions(mdp, points=10, up_to=0.99, max_solves=more)
        assert found.solves <= more
        assert all(c.lower <= 10 / 11 <= c.upper for c in found.changes)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(data=st.data(), n_actions=st.integers(1, 3), n_points=st.integers(2, 8))
def test_brackets_are_those_of_the_definition(data, n_actions: int, n_points: int) -> None:
    """Against brute force: the shortest run of points, since the last, without a common action."""
    masks = data.draw(
        st.lists(st.integers(1, 2**n_actions - 1), min_size=n_points, max_size=n_points)
    )
    expected, since = [], 0
    for j in range(n_points):
        starts = [
            i for i in range(since, j) if not functools.reduce(operator.and_, masks[i : j + 1])
        ]
        if starts:
            expected.append((starts[-1], j))
            since = j
    sets = [np.array([[mask >> a & 1 for a in range(n_actions)]], dtype=bool) for mask in masks]
    points = [SimpleNamespace(gamma=float(i), greedy=greedy) for i, greedy in enumerate(sets)]
    tracker = Tracker(points[0], np.array([True]))
    for point in points[1:]:
        tracker.meet(point)
    assert [(c.lower, c.upper) for c in tracker.changes()] == expected
    for change in tracker.changes():
        left, right = change.changes[0]
        assert not set(left) & set(right)


def test_what_ties_is_counted() -> None:
    """Two equal actions in one of two states are reported as undecided, over the whole grid."""
    rows = [(0, 0, 1, 1, 1, False), (0, 1, 1, 1, 1, False), (1, 0, 1, 1, 1, True)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2)
    found = numeric_policy_regions(mdp, points=10)
    assert (found.changes, found.undecided) == ((), ((0.0, 1),))


def test_progress_follows_the_grid() -> None:
    """An event before any work, then one for each point after the first, with the changes."""
    seen: list[Progress] = []
    numeric_policy_regions(two_state_puterman(), points=10, up_to=0.99, progress=seen.append)
    assert [(event.done, event.total) for event in seen] == [(k, 10) for k in (0, *range(2, 11))]
    texts = [event.text for event in seen[1:]]
    assert sorted(texts) == texts
    assert set(texts) == {"gammas, changes found: 0", "gammas, changes found: 1"}


def test_running_out_of_time_hands_over_what_is_solved() -> None:
    """The part that is known is that of a shorter grid: its own points, and their changes."""

    def slow(event: Progress) -> None:
        if event.done == 5:
            time.sleep(1.0)

    options = {"points": 10, "width": 1e-6}
    with pytest.raises(
        BudgetExceeded, match=r"1 s was reached.*; solved up to gamma = 0"
    ) as caught:
        numeric_policy_regions(
            two_state_puterman(), up_to=0.99, max_seconds=1.0, progress=slow, **options
        )
    best = caught.value.best
    grid = 1 - np.logspace(0, -2, 10)
    assert (best.points, best.solves) == (5, 5)
    assert np.isclose(best.up_to, grid[4])
    whole = numeric_policy_regions(two_state_puterman(), up_to=0.99, **options)
    assert best.changes == tuple(c for c in whole.changes if c.upper <= best.up_to)
    with pytest.raises(ValueError, match="max_seconds must be > 0"):
        numeric_policy_regions(two_state_puterman(), max_seconds=0.0)


def test_models_of_floats_have_numeric_regions_only() -> None:
    """`FloatMDP` gives the brackets of the exact model; the exact method names the other one."""
    exact = MDP.from_env(gym.make("FrozenLake-v1"))
    floats = FloatMDP.from_env(gym.make("FrozenLake-v1"))
    options = {"points": 100, "up_to": 0.999, "width": 1e-6}
    found = numeric_policy_regions(floats, **options)
    expected = numeric_policy_regions(exact, **options)
    assert [c.changes for c in found.changes] == [c.changes for c in expected.changes]
    assert len(found.changes) == len(policy_regions(exact).breakpoints) > 0
    with pytest.raises(TypeError, match="numeric_policy_regions"):
        policy_regions(floats)


def test_options_of_the_other_function_are_refused() -> None:
    """Nothing is accepted and then ignored."""
    mdp = two_state_puterman()
    with pytest.raises(TypeError, match="max_breakpoints"):
        numeric_policy_regions(mdp, max_breakpoints=1)
    with pytest.raises(TypeError, match="points"):
        policy_regions(mdp, points=10)


def test_puterman() -> None:
    """One change, at 10/11, of state 0 from leaving to sharing."""
    (change,) = numeric_policy_regions(two_state_puterman(), points=10, up_to=0.99).changes
    assert change.lower <= 10 / 11 <= change.upper
    assert change.changes == {0: ((1,), (0,))}


def test_the_command_says_that_it_proves_nothing(capsys, monkeypatch) -> None:
    """In the table and in the document."""
    arguments = ("regions", "qdecay/StayOrMove-v0", "--numeric", "--digits", "6")
    code, out, _ = run(capsys, monkeypatch, *arguments)
    assert code == 0
    assert "0.500000 " in out
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
    ({"points": 100, "max_solves": 99}, "max_solves must be >= 100, got 99"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_refused(arguments: dict, message: str) -> None:
    """Values outside their range are named; so is an option that does not go with --numeric."""
    with pytest.raises(ValueError, match=message):
        numeric_policy_regions(two_state_puterman(), **arguments)


def test_numeric_has_no_certificate(capsys, monkeypatch, tmp_path) -> None:
    """Nothing is proven, so nothing is written."""
    target = str(tmp_path / "c.json")
    code, _, err = run(
        capsys, monkeypatch, "regions", "FrozenLake-v1", "--numeric", "--certificate", target
    )
    assert code == 2
    assert "--numeric cannot be combined" in err
    assert list(tmp_path.iterdir()) == []


def test_the_command_reads_models_of_floats(capsys, monkeypatch, tmp_path) -> None:
    """A sparse file, which no exact number would survive, has brackets; the sides are named."""
    path = tmp_path / "model.npz"
    ends = np.array([[0.0, 1.0], [1.0, 0.0]])
    r = np.array([[0.0, 1 / np.pi], [1.0, np.nan]])
    p = sparse.csr_matrix(([1.0], ([0], [1])), shape=(4, 2))
    FloatMDP.from_sparse(p, r, ends=ends).save(path)
    code, out, _ = run(capsys, monkeypatch, "regions", str(path), "--numeric")
    assert code == 0
    assert "0.31830988" in out  # 1 / pi
    assert "0: 1 -> 0" in out
    code, _, err = run(capsys, monkeypatch, "regions", str(path))
    assert code == 2
    assert "neither a short decimal" in err


def test_solves_run_out_where_rounding_hides_what_is_best() -> None:
    """(2 g - 1)^9 is hidden by rounding around 1/2, where no solve shows which is better."""
    coefficients = [math.comb(9, k) * (-1) ** (9 - k) * 2**k for k in range(10)]
    mdp = MDP.from_layout(ChainLayout.choice(now=[0], far=coefficients))
    options = {"points": 5, "up_to": 0.9, "width": 1e-12}
    used = []
    for most in range(5, 26):
        found = numeric_policy_regions(mdp, max_solves=most, **options)
        assert found.solves <= most
        assert [c.lower < 0.5 < c.upper for c in found.changes] == [True]
        used.append(found.solves)
    assert used[-1] > used[0] == 5
