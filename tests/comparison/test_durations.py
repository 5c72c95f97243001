"""Models with durations are compared, priced, drawn and forecast end to end."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from semi_markov import action_values, optimal, random_rows, written_out
from shell import run

from qdecay import MDP, compare, expected_sarsa, policy_regions, price, sarsa
from qdecay.comparison.forecast import threshold_noise
from qdecay.comparison.linear_theory import LinearTheory
from qdecay.reporting.samples import samples
from qdecay.reporting.values import curves

LATER: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False, 3), (1, 0, 1, 1, 7, True)]


def later(**options: Any) -> MDP:
    """1 now, or 7 after a transition of three steps."""
    return MDP.from_rows(LATER, n_states=2, n_actions=2, start=0, **options)


def test_the_shell_reads_them_everywhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Regions with a proof, prices by each judge, a page, what floats find."""
    monkeypatch.chdir(tmp_path)
    later().save("later.json")

    def said(*arguments: str) -> str:
        code, out, err = run(capsys, monkeypatch, *arguments)
        assert (code, err) == (0, ""), err
        return out

    assert "7^(-1/3)" in said("regions", "later.json", "--certificate", "proof.json")
    assert "proven: 2 regions, 1 breakpoint, 0 touches of 2 states" in said("verify", "proof.json")
    assert "0.522757958" in said("regions", "later.json", "--numeric")
    assert "7^(-1/3)" in said("blackwell", "later.json")
    for judge, best in (("total", "7"), ("average", "0"), ("steps:3", "1"), ("steps:4", "7")):
        document = json.loads(said("price", "later.json", "--judge", judge, "--json"))
        assert document["optimum"]["exact"] == best
    said("report", "later.json", "-o", "page.html")
    assert '[1,"1","0",null,3]' in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("learner", [None, sarsa, expected_sarsa], ids=["q", "sarsa", "expected"])
def test_agents_flip_where_the_algebra_says(learner: Any) -> None:
    """Planned and learned beside exact, where nothing is random and where much is."""
    chance = MDP.from_rows(
        [*LATER[:1], (0, 1, 1, "1/2", 0, False, 3), (0, 1, 0, "1/2", 0, False, 2), LATER[2]],
        n_states=2,
        n_actions=2,
        start=0,
    )
    for mdp in (later(), chance):
        found = compare(mdp, learner=learner)
        assert found.verdict == "agree"
        assert found.planned == pytest.approx([float(gamma) for gamma in found.exact], abs=1e-9)
        assert len(found.exact) == 1


@pytest.mark.slow
def test_the_shell_compares_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Algebra, planning and learning in a line."""
    monkeypatch.chdir(tmp_path)
    later().save("later.json")
    code, out, _ = run(capsys, monkeypatch, "compare", "later.json", "--json")
    assert code == 0
    (row,) = json.loads(out)["rows"]
    assert row["verdict"] == "agree"


def test_thresholds_are_forecast_as_of_a_model_written_out() -> None:
    """Where no next action is drawn, waiting adds no noise: the same spread and slopes."""
    seen = 0
    for seed in range(12):
        rows, n = written_out(random_rows(seed), 3)
        short = MDP.from_rows(random_rows(seed), n_states=3, n_actions=2)
        long = MDP.from_rows(rows, n_states=n, n_actions=2)
        regions = policy_regions(short)
        for i, point in enumerate(regions.breakpoints):
            for state in point.changes:
                sides = (regions.regions[i][state], regions.regions[i + 1][state])
                at: Any = (state, float(point.gamma), *sides)
                own = threshold_noise(short, *at, starts=[1 / 3] * 3)
                out = threshold_noise(long, *at, starts=[1 / 3] * 3 + [0.0] * (n - 3))
                if own is None or out is None:
                    assert own is out
                    continue
                seen += own.spread > 0
                assert own.spread == pytest.approx(out.spread, rel=1e-6)
                assert own.slopes == pytest.approx(out.slopes, rel=1e-6)
                assert (own.pairs, own.noisy) == (out.pairs, out.noisy)
    assert seen >= 8


def test_a_drawn_next_action_varies_as_discounted_by_the_duration() -> None:
    """Behind three steps, 4 or 0 half of the time each: gamma^3 (4 - 2) off."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False, 3)]
    rows += [(1, 0, 1, 1, 4, True), (1, 1, 1, 1, 0, True)]  # type: ignore[list-item]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2)
    theory = LinearTheory.of(mdp, 0, 0.5, None, Fraction(999, 1000))
    variance = theory.variance(True, np.zeros(1))
    p = 0.5 + 0.0005
    assert variance == pytest.approx([0, 0.5**6 * 16 * p * (1 - p), 0, 0])


@pytest.mark.parametrize("seed", [1, 6])
def test_the_page_shows_the_values_of_all_policies(seed: int) -> None:
    """Of the model's own pairs, at every gamma it shows; what is wrong in the ninth digit fails."""
    rows = random_rows(seed)
    mdp = MDP.from_rows(rows, n_states=3, n_actions=2, start=0)
    found = policy_regions(mdp)
    points = samples([b.gamma for b in found.breakpoints], [t.gamma for t in found.touches], 10)
    optimal_sets = [found.optimal_actions(point.gamma) for point in points]
    assert found.at_one is not None
    shown = curves(mdp, points, optimal_sets, found.regions, found.at_one)
    assert len(shown.of_pair) == len(shown.gap_of) == 3
    assert {n for row in shown.of_pair for n in row} == set(range(len(shown.values)))
    for i, point in enumerate(points[:-1]):
        if isinstance(point.gamma, Fraction) and point.gamma.denominator < 1000:
            q = action_values(rows, optimal(rows, 3, point.gamma), point.gamma)
            for s in range(3):
                for a in range(2):
                    value = shown.values[shown.of_pair[s][a] or 0][i]
                    assert value == pytest.approx(float(q[s][a]), rel=1e-8, abs=1e-12)
    one = found.at_one
    for s in range(3):
        for a in range(2):
            own = [row for row in rows if row[:2] == (s, a)]
            ahead = [(p, t) for _, _, t, p, _, ends, _ in own if not ends]
            curve = shown.of_pair[s][a] or 0
            gain = sum(p * one.gain[t] for p, t in ahead)
            assert shown.gains[curve] == pytest.approx(float(gain), rel=1e-8)
            totals = [p * (one.value[t] or 0) for p, t in ahead]
            total = sum(p * r for _, _, _, p, r, _, _ in own) + sum(totals)
            known = all(one.value[t] is not None for _, t in ahead)
            expected = pytest.approx(float(total), rel=1e-8, abs=1e-12) if known else None
            assert shown.values[curve][-1] == expected


def test_a_limit_of_actions_is_no_limit_of_steps() -> None:
    """So that an environment's is not the judge of a model with durations."""
    plain = MDP.from_rows([row[:6] for row in LATER], n_states=2, n_actions=2, start=0)
    for mdp, judge in ((later(), "total"), (plain, "steps:2")):
        limited = MDP.of(replace(mdp.rows(), time_limit=2))
        assert str(price(limited).judge) == judge
