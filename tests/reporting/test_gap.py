"""The action gap as `qdecay plot --what gap` draws it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import run

from qdecay import MDP, as_mdp, policy_regions, value_iteration
from qdecay.reporting.plots.gap import gap_curves


def test_the_gap_of_problem_b_is_the_distance_of_two_parabolas() -> None:
    """|g - 3 g^2|, which is 0 at 1/3; the left leads below it, the right above."""
    (left, below), (right, above) = gap_curves(policy_regions("qdecay/LeftOrRight-v0"), 1)
    assert (left, right) == ((0,), (1,))
    for gamma, gap in below + above:
        assert gap == pytest.approx(abs(gamma - 3 * gamma**2), rel=1e-9, abs=1e-15)
    assert below[-1] == above[0] == (1 / 3, 0)
    assert below[0][0] < 1e-6 and above[-1][0] > 1 - 1e-6
    near = [gamma for gamma, gap in below if 0 < gap < 1e-6]
    assert len(near) > 5  # the fall to 0 is drawn, on a log axis too


@pytest.mark.parametrize("state", [0, 14])
def test_gaps_of_the_lake_are_those_of_planned_values(state: int) -> None:
    """By value iteration, in every region; 0 at breakpoints of the state alone."""
    regions = policy_regions("FrozenLake-v1")
    mdp = as_mdp("FrozenLake-v1")
    zeros = []
    for best, curve in gap_curves(regions, state):
        zeros += [gamma for gamma, gap in curve if gap == 0]
        for gamma, gap in [point for point in curve if 0.1 < point[0] < 0.99][::40]:
            q = value_iteration(mdp, gamma, tol=1e-13).q[state]
            rest = [q[a] for a in range(4) if a not in best]
            assert gap == pytest.approx(q[best[0]] - max(rest), abs=1e-11)
    own = [float(b.gamma) for b in regions.breakpoints if state in b.changes]
    assert sorted(set(zeros)) == own
    assert own == ([pytest.approx(0.8087833, abs=1e-7)] if state == 0 else [])


def test_a_touch_is_a_zero_too() -> None:
    """stay 1 against 6 g - 9 g^2, which is 1 at 1/3 alone: the gap is (3 g - 1)^2."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 6, False)]
    rows += [(2, 0, 2, 1, -9, True)]
    regions = policy_regions(MDP.from_rows(rows, n_states=3, n_actions=2, start=0))
    assert (len(regions.breakpoints), len(regions.touches)) == (0, 1)
    ((best, curve),) = gap_curves(regions, 0)
    assert best == (0,)
    assert [gamma for gamma, gap in curve if gap == 0] == [1 / 3]
    assert all(gap == pytest.approx((3 * g - 1) ** 2, rel=1e-6, abs=1e-12) for g, gap in curve)


def test_where_nothing_leads_there_is_no_curve(capsys, monkeypatch, tmp_path: Path) -> None:
    """Two actions that do the same: the plot is refused, and nothing is written."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 0, 1, 1, True)]
    same = MDP.from_rows(rows, n_states=1, n_actions=2, start=0)
    assert gap_curves(policy_regions(same), 0) == [((0, 1), [])]
    same.save(tmp_path / "same.json")
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, monkeypatch, "plot", "same.json", "-o", "x.svg", "--what", "gap")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--what gap: same.json: no action of the state shown is ever better" in err
    assert not Path("x.svg").exists()


def test_the_drawing_names_who_leads(capsys, monkeypatch, tmp_path: Path) -> None:
    """Text in vector output: axes, and a curve for either side."""
    path = tmp_path / "gap.svg"
    command = ("plot", "FrozenLake-v1", "-o", str(path), "--what", "gap")
    assert run(capsys, monkeypatch, *command)[0] == 0
    text = path.read_text()
    for label in ("discount factor γ", "action gap, reward units", "down or right", "left"):
        assert f">{label}<" in text
