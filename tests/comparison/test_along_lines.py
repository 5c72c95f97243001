"""The comparison along a model line: where a choice flips as another number than gamma moves."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from brute_force import endless_model
from shell import run

import qdecay
from qdecay import MDP, ModelLine
from qdecay.comparison.agents import TOLERANCE
from qdecay.comparison.forecast import threshold_noise
from qdecay.comparison.moving import MovingParameter
from qdecay.reporting.thresholds import shown_flips

HALF = Fraction(1, 2)


def late(reward: Any) -> MDP:
    """1 at once, or a reward after two steps of nothing."""
    rows: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 2, 1, 0, False), (2, 0, 0, 1, reward, True)]
    return MDP.from_rows(rows, n_states=3, n_actions=2, start=0)


LATE = ModelLine.of(late, low=-1, high=9)


@pytest.mark.parametrize("learner", [None, qdecay.q_learning, qdecay.double_q_learning])
@pytest.mark.parametrize("gamma", ["1/2", "9/10"])
def test_a_late_reward_worked_out_by_hand(gamma: str, learner: Any) -> None:
    """gamma^2 R = 1: exact, planned down to rounding, learned to a millionth of the line."""
    row = qdecay.compare(LATE, gamma=gamma, learner=learner)
    expected = 1 / Fraction(gamma) ** 2
    assert row.exact == (expected,) and row.sides == ((frozenset([0]), frozenset([1])),)
    (planned,), (error,), (learned,) = row.planned, row.planned_errors, row.learned
    assert abs(planned - float(expected)) <= error < 1e-10
    assert max(abs(flip - float(expected)) for flip in learned.flips) <= 10 * TOLERANCE
    assert (row.verdict, row.gamma, row.parameter) == ("agree", Fraction(gamma), LATE.parameter)


def test_of_several_choices_each_change_is_found() -> None:
    """Near 1, later 2, last R: at gamma = 3/4 later is best until R = 2 / gamma, then the last."""
    layout = qdecay.ChainLayout.choice(near=[1], later=[0, 2], last=[0, 0, 40])
    line = ModelLine.of_reward(layout, 40, low=0, high=8)
    row = qdecay.compare(line, gamma="3/4")
    assert row.exact == (Fraction(8, 3),) and row.verdict == "agree"
    assert row.sides == ((frozenset([1]), frozenset([2])),)


def coin(chance: Any, prize: Any = 3) -> MDP:
    """1 for sure, or a prize by chance."""
    rows: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 0, chance, prize, True)]
    rows += [(0, 1, 0, 1 - Fraction(chance), 0, True)]
    return MDP.from_rows(rows, n_states=1, n_actions=2, start=0)


CHANCE = ModelLine.of(coin, low="1/10", high="9/10")
PRIZE = ModelLine.of(lambda prize: coin(HALF, prize), low=1, high=10, name="prize")


@pytest.mark.parametrize(
    ("line", "expected", "learner"),
    [
        (CHANCE, Fraction(1, 3), None),
        (PRIZE, Fraction(2), qdecay.q_learning),
        pytest.param(CHANCE, Fraction(1, 3), qdecay.q_learning, marks=pytest.mark.slow),
        pytest.param(PRIZE, Fraction(2), None, marks=pytest.mark.slow),
        pytest.param(CHANCE, Fraction(1, 3), qdecay.expected_sarsa, marks=pytest.mark.slow),
        pytest.param(PRIZE, Fraction(2), qdecay.expected_sarsa, marks=pytest.mark.slow),
    ],
)
def test_what_is_noisy_has_an_interval(line: ModelLine, expected: Fraction, learner: Any) -> None:
    """A probability and a prize; the interval holds the exact value and is as narrow as asked."""
    row = qdecay.compare(line, gamma="9/10", learner=learner, width=0.05)
    (learned,), p = row.learned, line.parameter
    low, high = learned.interval
    assert row.exact == (expected,)
    assert low <= expected <= high and high - low <= 0.05 * float(p.high - p.low)
    assert row.verdict == "agree" and len(set(learned.flips)) == learned.seeds == 10


def test_agents_that_aim_at_what_explores_are_held_against_that() -> None:
    """SARSA with epsilon 1/5: after the first step it loses 1 in a tenth of cases, once.

    At the second state it takes the worse of two actions, which pays R - 1, in a tenth of cases, so
    that going there is worth gamma (R - 1/10) at the exact value R = 1 / gamma + 1/10.
    """

    def risky(reward: Any) -> MDP:
        rows: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False)]
        rows += [(1, 0, 1, 1, reward, True), (1, 1, 1, 1, reward - 1, True)]
        return MDP.from_rows(rows, n_states=2, n_actions=2, start=0)

    line = ModelLine.of(risky, low=0, high=4)
    row = qdecay.compare(line, gamma="1/2", learner=qdecay.expected_sarsa, epsilon="1/5")
    assert row.exact == (Fraction(21, 10),) and row.verdict == "agree"
    assert row.epsilon == Fraction(1, 5)


def planner(env: Any, gamma: float, seed: int) -> Any:
    """A learner of one's own that makes no mistake."""
    return qdecay.value_iteration(env.unwrapped.mdp, gamma).q


def hasty(env: Any, gamma: float, seed: int) -> Any:
    """One that discounts more than it is told."""
    return qdecay.value_iteration(env.unwrapped.mdp, gamma * 0.8).q


@pytest.mark.parametrize(("learner", "verdict"), [(planner, "agree"), (hasty, "disagree")])
def test_a_learner_of_ones_own_is_given_the_model_of_each_value(learner: Any, verdict: str) -> None:
    row = qdecay.compare(LATE, gamma="3/4", learner=learner)
    assert row.exact == (Fraction(16, 9),) and row.verdict == verdict
    flip = 1 / (0.75 if learner is planner else 0.6) ** 2
    assert row.learned[0].median == pytest.approx(flip, abs=0.01)


def test_what_takes_too_long_is_undecided() -> None:
    """It is not started, and the forecast says what it takes."""
    row = qdecay.compare(PRIZE, gamma="9/10", width=1e-4, max_steps=10_000)
    assert row.verdict == "undecided" and row.learned == (None,)
    assert row.forecast[0] is not None and row.forecast[0] > 10_000
    assert "more than the 10,000 allowed: not started" in row.unsettled[0]


def test_a_choice_that_never_flips_is_looked_at_once() -> None:
    line = ModelLine.of(late, low=3, high=9)
    row = qdecay.compare(line, gamma="9/10")
    assert (row.exact, row.learned, row.verdict) == ((), (), "agree")


def lines() -> list[tuple[MovingParameter, int, Any]]:
    """Lines between models of one graph, over rewards and probabilities, with a state's flip."""
    found = []
    for seed in range(30):
        low = endless_model(seed)
        high = moved(low, seed)
        if high is None:
            continue
        line = ModelLine(low, high)
        regions = qdecay.policy_regions(line, gamma="4/5")
        for point in regions.breakpoints:
            for state, change in point.changes.items():
                left, right = set(change.left), set(change.right)
                if left - right and right - left:
                    found.append(
                        (MovingParameter(line, Fraction(4, 5)), state, (point, left, right))
                    )
    return found


def moved(mdp: MDP, seed: int) -> MDP | None:
    """The model with other rewards, and other chances where two outcomes share an action."""
    rng = np.random.default_rng(seed)
    rows = []
    outcomes: dict[tuple[int, int], list[Any]] = {}
    for s, a, t, p, r, ended in mdp.rows():
        outcomes.setdefault((s, a), []).append([s, a, t, p, r + int(rng.integers(-2, 3)), ended])
    for group in outcomes.values():
        if len(group) == 2:
            group[0][3], group[1][3] = group[1][3], group[0][3]
        rows += [tuple(row) for row in group]
    return MDP.from_rows(rows, n_states=mdp.n_states, n_actions=mdp.n_actions, start=0)


def test_the_slope_of_the_lead_by_differences() -> None:
    """What the forecast divides by, against two plans a little to the left of the flip.

    Where one policy is best there, the lead is smooth, and differences of values say its slope.
    """
    checked = 0
    for moving, state, (point, left, right) in lines():
        at, gamma = float(point.value), moving.gamma(0.0)
        gap = min([abs(float(b.value) - at) for b in breakpoints(moving) if b.value != point.value]
                  + [at, 1 - at])  # fmt: skip
        if gap < 1e-3:
            continue
        able = moving.moves.available.any(axis=1)
        noise = threshold_noise(
            moving.model(at), state, gamma, left, right, starts=able / able.sum(), rate=moving.rate
        )
        if noise is None:
            continue
        leads = []
        for x in (at - 2e-4, at - 1e-4):
            q = qdecay.value_iteration(moving.model(x), gamma, tol=1e-13).q[state]
            leads.append(min(q[a] for a in right - left) - min(q[a] for a in left - right))
        assert noise.slopes[0] == pytest.approx((leads[1] - leads[0]) / 1e-4, rel=1e-2, abs=1e-6)
        checked += 1
    assert checked > 10


def breakpoints(moving: MovingParameter) -> Any:
    return qdecay.policy_regions(moving.line, gamma=moving.discount).breakpoints


@pytest.mark.slow
def test_agents_spread_as_forecast() -> None:
    """Forty agents of the noisy prize: their standard deviation is what linear theory says."""
    row = qdecay.compare(PRIZE, gamma="9/10", width=0.02, seeds=40)
    (learned,), (steps,) = row.learned, row.forecast
    moving = MovingParameter(PRIZE, Fraction(9, 10))
    noise = threshold_noise(
        moving.model(2.0), 0, 0.9, {0}, {1}, starts=[1.0], tables=2, rate=moving.rate
    )
    assert noise is not None and steps is not None
    assert np.std(learned.flips) == pytest.approx(noise.sd(steps), rel=0.35)


@pytest.mark.slow
def test_the_grid_of_the_textbook() -> None:
    """Where the way from the start changes, between -1 and -1/2, and nowhere else in -2 < r < 0."""
    line = ModelLine.of(
        lambda reward: qdecay.as_mdp("qdecay/AIMA4x3-v0", living_reward=reward),
        low=-2, high=0, name="living_reward",
    )  # fmt: skip
    row = qdecay.compare(line, gamma="9/10", width=0.1)
    (flip,) = qdecay.policy_regions(line, gamma="9/10").start_breakpoints()
    exact = qdecay.policy_regions(line, gamma="9/10").breakpoints[flip].value
    assert row.exact == (exact,) and -1 < exact < -HALF
    assert row.verdict == "agree"
    low, high = row.learned[0].interval
    assert low <= float(exact) <= high and high - low <= 0.2


def test_documents_and_figures_have_the_number() -> None:
    row = qdecay.compare(LATE, gamma="1/2")
    document = json.loads(json.dumps(row.to_json()))["rows"][0]
    assert document["parameter"] == {"name": "reward", "low": "-1", "high": "9"}
    assert (document["gamma"], document["verdict"]) == ("1/2", "agree")
    assert document["exact"][0]["closed_form"] == "4"
    assert "parameter" not in qdecay.compare(late(4)).body()
    (flip,) = shown_flips(row)
    assert flip.window() == pytest.approx((3.75, 4.25))  # a twentieth of the line


@pytest.mark.parametrize(
    ("problem", "arguments", "kind", "message"),
    [
        (LATE, {}, TypeError, "a line is compared at one gamma: pass gamma="),
        (LATE, {"gamma": 1}, ValueError, "find what is optimal at 1 with policy_regions"),
        (LATE, {"gamma": 2}, ValueError, "gamma must be in"),
        (LATE, {"gamma": HALF, "walks": 3}, ValueError, "walks apply to chains"),
        (late(4), {"gamma": HALF}, TypeError, "gamma applies to a ModelLine"),
        (None, {"gamma": HALF}, TypeError, "gamma applies to a ModelLine"),
        (LATE, {"gamma": HALF, "state": 7}, ValueError, "state must be"),
    ],
)
def test_what_is_refused(
    problem: Any, arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        qdecay.compare(problem, **arguments)


STAY = ("compare", "qdecay/StayOrMove-v0", "--over", "reward:4=1..8")


def test_the_shell_compares_along_a_line(capsys, monkeypatch) -> None:
    code, out, _ = run(capsys, monkeypatch, *STAY, "--gamma", "1/2")
    assert code == 0
    assert out.splitlines()[0] == "over reward:4, at gamma = 1/2:"
    assert "4.0000000" in out and "agree" in out
    _, out, _ = run(capsys, monkeypatch, *STAY, "--gamma", "1/2", "--json")
    (row,) = json.loads(out)["rows"]
    assert row["source"] == "qdecay/StayOrMove-v0" and row["parameter"]["name"] == "reward:4"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (STAY, "--over requires --gamma: the discount factor along the line"),
        ((*STAY, "--gamma", "1"), "regions --over NAME=LOW..HIGH --gamma 1` finds what"),
        ((*STAY, "--gamma", "1/2", "--walks", "3"), "--walks cannot be combined with --over"),
        ((*STAY[:2], "--gamma", "1/2"), "--gamma requires --over NAME=LOW..HIGH"),
        ((STAY[0], *STAY[2:], "--gamma", "1/2"), "--over requires SOURCE"),
    ],
)
def test_the_shell_refuses_in_one_line(
    capsys, monkeypatch, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
