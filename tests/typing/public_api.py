"""The whole public API as a user's editor sees it: read by mypy --strict and pyright, never run."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any, assert_type

import gymnasium as gym
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import qdecay

Floats = NDArray[np.float64]
Sets = tuple[tuple[int, ...], ...]


def models(env: gym.Env[Any, Any]) -> tuple[qdecay.MDP, qdecay.FloatMDP]:
    assert_type(qdecay.__version__, str)
    assert_type(qdecay.as_mdp("FrozenLake-v1", is_slippery=False), qdecay.MDP)
    assert_type(qdecay.as_mdp(env), qdecay.MDP)
    layout = qdecay.ChainLayout.choice(stay=[1], move=[0, 0, "7/2"], ending="repeat")
    assert_type(layout, qdecay.ChainLayout)
    assert_type(qdecay.MDP.from_layout(layout), qdecay.MDP)
    grid = qdecay.GridLayout(
        ["r +1", "S #"], {"r": {"reward": -3}}, living_reward="-1/25", noise=0.2
    )
    assert_type(grid.changed({"r": 3}, noise=0), qdecay.GridLayout)
    assert_type(qdecay.MDP.from_layout(grid, noise="1/10"), qdecay.MDP)
    assert_type(qdecay.as_mdp(grid), qdecay.MDP)
    assert_type(qdecay.MDP.from_env(env), qdecay.MDP)
    assert_type(qdecay.FloatMDP.from_env(env), qdecay.FloatMDP)
    explored = qdecay.MDP.from_simulator(env, key=id, reward="sign", samples=9, numbers="binary")
    assert_type(explored, qdecay.MDP)
    assert_type(qdecay.FloatMDP.from_simulator(env, max_states=9), qdecay.FloatMDP)
    mdp = qdecay.MDP.from_rows(
        [(0, 0, 0, "1/2", 5, False), (0, 0, 1, Fraction(1, 2), "0.1", True)],
        n_states=2,
        n_actions=1,
        start=0,
        state_names=["a", "b"],
    )
    mdp.save("mine.json")
    assert_type(qdecay.MDP.load(Path("mine.json")), qdecay.MDP)
    assert_type(mdp.probability, Floats)
    assert_type(mdp.available, NDArray[np.bool_])
    assert_type(mdp.exact_reward, tuple[Fraction, ...])
    assert_type(mdp.start, int | None)
    assert_type(mdp.state_name(0), str)
    assert_type(mdp.state_index("a"), int)
    assert_type(qdecay.as_mdp(layout, slip="1/10"), qdecay.MDP)
    assert_type(qdecay.as_mdp(env), qdecay.MDP)
    assert_type(qdecay.as_mdp(Path("mine.json")), qdecay.MDP)
    assert_type(qdecay.as_mdp("FrozenLake-v1", is_slippery=False), qdecay.MDP)
    floats = qdecay.as_mdp(qdecay.FloatMDP.load("mine.npz"))
    assert_type(floats, qdecay.FloatMDP)
    assert_type((mdp.duration, mdp.is_semi_markov), tuple[NDArray[np.int64], bool])
    assert_type(mdp.unrolled(), qdecay.MDP)
    for s, a, t, p, r, *_ in mdp.rows():
        assert_type((s, a, t, p, r), tuple[int, int, int, Fraction, Fraction])
    assert_type(floats.unrolled(), qdecay.FloatMDP)
    base: qdecay.FiniteMDP = floats
    assert_type(
        (base.r, base.state, base.ends), tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]
    )
    return mdp, floats


def exact(mdp: qdecay.MDP, layout: qdecay.ChainLayout) -> None:
    found = qdecay.policy_regions(mdp, max_seconds=1, max_breakpoints=10)
    found = qdecay.policy_regions(mdp, workers=None)
    assert_type(found, qdecay.PolicyRegions)
    assert_type(found.to_json("mine.json")["source"], Any)
    for point in found.breakpoints:
        assert_type(point, qdecay.Breakpoint)
        assert_type(point.gamma, qdecay.AlgebraicNumber)
        assert_type(point.gamma.decimal(20), str)
        assert_type(point.gamma.closed_form(), str | None)
        assert_type(point.changes[0].left, tuple[int, ...])
        assert_type(point.gamma < 1, bool)
        assert_type(float(point.gamma), float)
    assert_type(found.optimal_actions("9/10"), Sets)
    line = qdecay.ModelLine.of(lambda reward: layout, low="1/2", high=8, name="reward")
    assert_type(line, qdecay.ModelLine)
    assert_type(qdecay.ModelLine.of_step_reward(mdp, low=-1, high=0), qdecay.ModelLine)
    assert_type(qdecay.ModelLine.of_reward("Taxi-v4", -10, low=-20, high=0).at("-1/2"), qdecay.MDP)
    along = qdecay.policy_regions(qdecay.ModelLine(mdp, mdp), gamma=1, max_breakpoints=10)
    assert_type(along, qdecay.LineRegions)
    assert_type((along.line, along.gamma), tuple[qdecay.ModelLine, Fraction])
    assert_type(along.at_high, Sets | None)
    assert_type(along.optimal_actions("-1/2"), Sets)
    for value in along.breakpoints:
        assert_type(value, qdecay.LineBreakpoint)
        assert_type(value.value, qdecay.AlgebraicNumber)
        assert_type(along.region_of(value.value), int | None)
    assert_type(qdecay.optimal_actions(mdp, Fraction(1, 2)), Sets)
    assert_type(qdecay.is_breakpoint(mdp, "1/2"), bool)
    drawn = qdecay.policy_map(qdecay.ModelLine(mdp, mdp), gammas=("1/2", 1), of="all", columns=0)
    assert_type(drawn, qdecay.PolicyMap)
    assert_type(drawn.lines, tuple[qdecay.MapLine, ...])
    assert_type(drawn.lines[0].area_of("9/10"), int | None)
    for edge in drawn.curves:
        assert_type(edge, qdecay.MapCurve)
        assert_type(edge.points, tuple[tuple[qdecay.AlgebraicNumber, qdecay.AlgebraicNumber], ...])
    limit = qdecay.blackwell(mdp, max_seconds=1)
    assert_type(limit, qdecay.Blackwell)
    assert_type(limit.discount_factor, qdecay.AlgebraicNumber)
    assert_type(limit.optimal_actions, Sets)
    one = qdecay.undiscounted(mdp, max_seconds=1)
    assert_type(one, qdecay.Undiscounted)
    assert_type(one.gain, tuple[Fraction, ...])
    assert_type(one.value, tuple[Fraction | None, ...])
    assert_type(found.at_one, qdecay.Undiscounted | None)
    price = qdecay.price(mdp, qdecay.Judge("steps", steps=100), max_loss="1/100")
    assert_type(price, qdecay.Price)
    assert_type(price.judge, qdecay.Judge)
    assert_type(price.optimum, qdecay.Worth)
    assert_type(price.optimum.exact, Fraction | None)
    assert_type(price.regions, tuple[qdecay.PricedRegion, ...])
    assert_type(price.free_from, qdecay.AlgebraicNumber | None)
    assert_type(price.at("99/100"), qdecay.PricedGamma)
    assert_type(price.at("99/100").loss, float | None)
    assert_type(price.sentence("9/10"), str)
    between = qdecay.price(mdp, "total", method="certified")
    assert_type(between, qdecay.CertifiedPrice)
    assert_type(between.within, qdecay.AlgebraicNumber | None)
    assert_type(between.certified_regions, qdecay.CertifiedRegions)
    line = qdecay.ModelLine(mdp, mdp)
    assert_type(qdecay.compare(line, gamma="9/10", state=0), qdecay.Comparison)
    line_price = qdecay.price(line, "total", gamma="99/100", truth=mdp, max_loss="1/100")
    assert_type(line_price, qdecay.LinePrice)
    assert_type(line_price.regions, tuple[qdecay.PricedRegion, ...])
    assert_type(
        line_price.within, tuple[tuple[qdecay.AlgebraicNumber, qdecay.AlgebraicNumber], ...]
    )
    assert_type(line_price.at("1/2"), qdecay.PricedValue)
    assert_type(line_price.at("1/2").value, qdecay.AlgebraicNumber)
    assert_type(line_price.sentence("1/2"), str)
    data = qdecay.MDP.from_transitions([(0, 0, 1, 0, True)], start=0, numbers="binary")
    assert_type(data.resample(1, how="multinomial"), qdecay.MDP)
    assert_type(data.counts, NDArray[np.int64])
    assert_type(data.unseen, tuple[tuple[int, int], ...])
    assert_type(data.assumed_absorbing, tuple[int, ...])
    assert_type(qdecay.FloatMDP.from_transitions({"state": [0]}), qdecay.FloatMDP)
    settled = qdecay.resampled_breakpoints(data, 0, resamples=40, seed=1, how="dirichlet")
    assert_type(settled, qdecay.ResampledBreakpoints)
    assert_type(settled.breakpoints, tuple[qdecay.ResampledBreakpoint, ...])
    assert_type(settled.breakpoints[0].interval, tuple[float, float] | None)
    resampled = qdecay.resampled_price(data, "total", gammas=["9/10"])
    assert_type(resampled, qdecay.ResampledPrice)
    assert_type(resampled.regions, tuple[qdecay.ResampledWorth, ...])
    learned = qdecay.learned_price(price, ["9/10"], seeds=2, steps=1000)
    assert_type(learned, qdecay.LearnedPrice)
    assert_type(learned.gammas, tuple[qdecay.LearnedGamma, ...])
    assert_type(learned.gammas[0].median, qdecay.Worth)
    even = qdecay.break_even(layout)
    assert_type(even, qdecay.BreakEven)
    assert_type(even.roots, tuple[qdecay.AlgebraicNumber, ...])
    print(qdecay.break_even_gamma(1, 0, 6, 3), qdecay.break_even_reward)
    curve = qdecay.learning_curve(layout, "1/2", walks=6)
    assert_type(curve, qdecay.LearningCurve)
    assert_type(curve.arrived, tuple[tuple[Fraction, ...], ...])
    assert_type(curve.break_even(), qdecay.BreakEven)
    assert_type(qdecay.walks_until("1/2", 4), int)


def proofs(mdp: qdecay.MDP, found: qdecay.PolicyRegions) -> int:
    qdecay.write_certificate(mdp, found, "proof.json")
    try:
        proven = qdecay.verify("proof.json")
    except qdecay.CertificateError as error:
        raise SystemExit(str(error)) from error
    assert_type(proven, qdecay.Verification)
    assert_type(proven.gamma, str | None)
    line = qdecay.ModelLine(mdp, mdp)
    qdecay.write_certificate(line, qdecay.policy_regions(line, gamma=1), "line.json")
    return proven.breakpoints


def numeric(mdp: qdecay.FiniteMDP) -> None:
    found = qdecay.numeric_policy_regions(mdp, width=1e-6)
    assert_type(found, qdecay.NumericRegions)
    for change in found.changes:
        assert_type(change, qdecay.NumericChange)
        assert_type(change.upper - change.lower, float)


def certified(mdp: qdecay.FiniteMDP) -> Fraction:
    found = qdecay.certified_policy_regions(mdp, width="1e-6", max_seconds=60)
    assert_type(found, qdecay.CertifiedRegions)
    assert_type(found.optimal_actions("1/2"), tuple[tuple[int, ...], ...] | None)
    assert_type(found.reached_brackets(), tuple[int, ...])
    for bracket in found.brackets:
        assert_type(bracket, qdecay.CertifiedBracket)
        for left, right in bracket.changes.values():
            assert_type((*left, *right), tuple[int, ...])
    for tie in found.near_ties:
        assert_type(tie, qdecay.NearTie)
    return found.proven_to


def planning(mdp: qdecay.FiniteMDP, exact: qdecay.MDP) -> Floats:
    try:
        solution = qdecay.value_iteration(mdp, 0.9, tol=1e-9)
    except qdecay.NotConverged as error:
        assert_type(error.best, Any)
        raise
    assert_type(solution, qdecay.Solution)
    assert_type(solution.to_json(), dict[str, Any])
    assert_type(solution.state_names, tuple[str, ...] | None)
    assert len(solution.to_frame())
    assert_type(solution.policy, NDArray[np.int64])
    assert_type(solution.greedy, NDArray[np.bool_])
    assert_type(solution.error, float)
    assert_type(qdecay.policy_iteration(mdp, 0.9), qdecay.Solution)
    assert_type(qdecay.modified_policy_iteration(mdp, 0.9), qdecay.Solution)
    assert_type(qdecay.optimal_values(mdp, 0.9, initial=solution.v), qdecay.Solution)
    assert_type(qdecay.distributed_values(exact, 0.9), qdecay.Solution)
    average = qdecay.average_reward(mdp, tol=1e-6)
    assert_type(average, qdecay.AverageReward)
    assert_type(average.gain, NDArray[np.float64])
    assert_type(average.gain_error, float)
    evaluation = qdecay.evaluate_policy(mdp, solution.policy, 0.9)
    assert_type(evaluation, qdecay.Evaluation)
    sweep = qdecay.value_over_gammas(mdp, [0.5, 0.9])
    assert_type(sweep, qdecay.GammaSweep)
    assert_type(sweep.policies, NDArray[np.int64])
    return evaluation.v


def schedules() -> list[qdecay.Schedule]:
    return [
        qdecay.Constant(0.1),
        qdecay.Linear(1, 0.1, 1000),
        qdecay.Exponential(1, 0.1, 0.99),
        qdecay.Harmonic(horizon=10),
        qdecay.Polynomial(0.77),
    ]


def learning(env: gym.Env[Any, Any], mdp: qdecay.MDP) -> None:
    def seen(end: qdecay.EpisodeEnd) -> None:
        assert_type(end.q(), Floats)

    learners: list[qdecay.TabularLearner] = [
        qdecay.q_learning,
        qdecay.sarsa,
        qdecay.expected_sarsa,
    ]
    for learner in learners:
        result = learner(env, 0.9, episodes=100, epsilon=qdecay.Linear(1, 0.1, 100), callback=seen)
        assert_type(result, qdecay.LearningResult)
        assert_type(result.policy, NDArray[np.int64])
    assert_type(qdecay.double_q_learning(mdp, 0.9, steps=100, seed=1), qdecay.LearningResult)
    assert_type(qdecay.NStepSarsa(3)(mdp, 0.9, steps=100), qdecay.LearningResult)
    assert_type(qdecay.WatkinsQ(0.5)(mdp, 0.9, steps=100), qdecay.LearningResult)
    many = qdecay.q_learning_many(
        mdp, [0.5, 0.9], range(3), steps=100, behaviour=qdecay.EpsilonGreedy(0.9, 0.1)
    )
    assert_type(many, qdecay.ManyResult)
    assert_type(many.flips(0), tuple[qdecay.LearnedFlip, ...])
    for flip in qdecay.learned_thresholds(mdp, [0.5, 0.9], range(3), steps=100):
        assert_type(flip.median, float)


def comparison(layout: qdecay.ChainLayout) -> str:
    row = qdecay.compare(layout, seeds=10)
    assert_type(row, qdecay.Comparison)
    assert_type(row.planned, tuple[float | None, ...])
    for threshold in row.learned:
        if threshold is not None:
            assert_type(threshold, qdecay.LearnedThreshold)
            assert_type(threshold.interval, tuple[float, float] | None)
    for time in qdecay.learning_times(delays=[1, 2], gammas=["9/10"]):
        assert_type(time, qdecay.LearningTime)
        assert_type(time.gap, Fraction | None)
        assert_type(time.median, float | None)
    return row.verdict


def probing(mdp: qdecay.MDP) -> None:
    def train(env: gym.Env[Any, Any], seed: int) -> Any:
        return qdecay.q_learning(env, 0.9, steps=100, seed=seed).policy.__getitem__

    world = qdecay.Setting("mine", scale=3)
    try:
        profile = qdecay.probe(train, (1, 2, 4), settings=["one-shot", world], gamma=0.9)
    except qdecay.AgentError as error:
        raise SystemExit(error.shown) from error
    assert_type(profile, qdecay.DiscountProfile)
    assert_type(profile.gamma, tuple[float, float, float] | None)
    assert_type(profile.behaves_as_told, bool | None)
    diagnosis = qdecay.diagnose(profile)
    assert_type(diagnosis, qdecay.Diagnosis)
    assert_type(diagnosis.fault, str | None)
    qdecay.assert_effective_discount(qdecay.tabular_agent(qdecay.sarsa, 0.9), 0.9, within=0.02)
    qdecay.assert_effective_discount(
        qdecay.sb3_agent("DQN", 0.9), 0.9, observation="one-hot", n_envs=2
    )
    assert_type(profile.failed, int)
    assert_type(qdecay.expected_trainings([1, 2], 0, 0.9, ["one-shot"], None), int)
    assert_type(qdecay.epsilon_soft(mdp, "1/10"), qdecay.MDP)


def sweeps(text: str) -> None:
    try:
        spec = qdecay.Spec.parse(text)
    except qdecay.InputError as error:
        raise SystemExit(str(error)) from error
    sweep = qdecay.Sweep(spec)
    assert_type(len(sweep), int)
    finished = sweep.run("results.db", workers=2)
    assert_type(finished, qdecay.Finished)
    assert_type(finished.trained, int)
    diagram = qdecay.phase_diagram("results.db", where=[("delay", "2")])
    assert_type(diagram, qdecay.PhaseDiagram)
    for row in diagram.rows:
        assert_type(row, qdecay.PhaseRow)
        assert_type(row.exact, qdecay.AlgebraicNumber | None)
        assert_type(row.holds, bool | None)


def budgets(mdp: qdecay.MDP) -> Any:
    try:
        return qdecay.policy_regions(mdp, max_seconds=1)
    except qdecay.BudgetExceeded as error:
        assert_type(error.max_seconds, float | None)
        return error.best


def watched(mdp: qdecay.MDP) -> list[qdecay.Progress]:
    seen: list[qdecay.Progress] = []
    qdecay.policy_regions(mdp, progress=seen.append)
    qdecay.q_learning(mdp, 0.9, steps=10, progress=True, max_seconds="1/2")
    assert_type((seen[0].done, seen[0].total, seen[0].text), tuple[float, float | None, str])
    warnings.simplefilter("ignore", qdecay.QdecayWarning)
    return seen


def shown(mdp: qdecay.MDP) -> None:
    page = mdp.explore()
    assert_type(page, qdecay.Page)
    assert_type(page.html, str)
    assert_type(page.save("page.html"), Path)
    regions = qdecay.policy_regions(mdp)
    assert_type(regions.explore(), qdecay.Page)
    assert_type(regions.plot(), Axes)
    assert_type(qdecay.price(mdp).plot(regions.plot()), Axes)
    assert_type(qdecay.report(mdp, exact_only=True), qdecay.Page)
    assert_type(qdecay.report("FrozenLake-v1", "lake.html", state=0).title, str)
    assert_type(qdecay.plot("FrozenLake-v1", what=["regions", "price"]), Figure)
    assert_type(qdecay.plot(mdp, "lake.svg", over="step_reward=-1..0"), Figure)
