"""How honest `qdecay.compare` is: its intervals, verdicts, and the steps that it forecasts.

    python benchmarks/compare.py [--only TEXT] coverage [noise | slip | held-out | models]
    python benchmarks/compare.py [--only TEXT] models
    python benchmarks/compare.py [--only TEXT] forecast [--agents 40] [--most 3_000_000]

**coverage**: how often the 95 % intervals contain the exact break-even gamma. A row is a change of
the choice at the start of a model with random rewards or outcomes: a chain, or in `models` any. It
is compared with 100 (`--sets`) separate sets of ten seeds. It prints how many of the first
intervals contain the exact gamma; how often the verdict is agree, undecided or disagree, once
others have confirmed what the first say; which share of all agents flips left of it (1/2 where
training is not biased), the median width of the intervals, and the processor time of a comparison.
Nothing was tuned on the rows of `held-out`, the random model or the chain of three branches.

**models**: `compare` on models whose breakpoints are known by other means (`known_models.py`). It
prints the known gamma and how far the exact one is off, the proven error of the planned one, the
verdict, the interval of what agents learned, the steps of each agent, and the time of the whole
comparison, all its changes together. Below the table is what disagrees or is left open, and why.

**forecast**: steps forecast against steps needed. Agents are trained for the steps that are
forecast, or `--most`, with the learner, the step size and the averages of the forecast. A row says
how far their thresholds spread and their mean is off, in the standard deviations that are expected,
and the steps needed over those that are forecast: steps * (measured / asked)^2, where `measured`
counts both. Widths are such that noise decides, not the forgetting of initial values.

Rows appear as they are done.
"""

from __future__ import annotations

import argparse
import itertools
import math
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("envs", "")]

from known_models import TAXI, known  # noqa: E402

import qdecay  # noqa: E402
from qdecay._support.deadline import Deadline  # noqa: E402
from qdecay.comparison.agents import Budget, Learned  # noqa: E402
from qdecay.comparison.compare import EPSILON, WIDTH  # noqa: E402
from qdecay.comparison.flip import Flip, flips  # noqa: E402
from qdecay.comparison.forecast import (  # noqa: E402
    ThresholdNoise,
    interval_widths,
    threshold_noise,
)
from qdecay.comparison.lead import crossing, lead  # noqa: E402
from qdecay.comparison.moving import MovingGamma  # noqa: E402
from qdecay.comparison.planned import Planner  # noqa: E402
from qdecay.comparison.reach import reachable  # noqa: E402
from qdecay.comparison.shared import SharedAgents  # noqa: E402
from qdecay.comparison.subject import Subject  # noqa: E402
from qdecay.comparison.thresholds import LearnedThreshold  # noqa: E402
from qdecay.comparison.training import Trainer, Training  # noqa: E402
from qdecay.learning.shared_values import shared_values  # noqa: E402
from qdecay_envs.chain import ChainEnv  # noqa: E402
from qdecay_envs.layout import ChainLayout  # noqa: E402

LEAST = 93  # of 100
SEEDS = 10  # of the interval that is asked for
WITHIN = 3  # times the steps needed
Row = tuple[str, ChainLayout, dict[str, Any]]
choice = ChainLayout.choice


def delays() -> Iterator[tuple[int, ChainLayout]]:
    """1 now, or 6 after 1 to 8 steps."""
    for delay in range(1, 9):
        yield delay, choice(near=[1], far=[0] * delay + [6])


def noise() -> Iterator[Row]:
    """Normal noise of deviation 0.5, 1 and 3, and the chain that revealed an earlier bias."""
    yield "2 or 5 after 2, noise 3", choice(near=[2], far=[0, 0, 5]), {"reward_noise": 3}
    for deviation in (0.5, 1, 3):
        for delay, layout in delays():
            yield f"delay {delay}, noise {deviation}", layout, {"reward_noise": deviation}


def slip() -> Iterator[Row]:
    """Choices that slip; with `escape`, because without it a tie at the start has no spread."""
    for delay, layout in delays():
        yield f"delay {delay}, slip 1/10", layout, {"slip": "1/10"}
    for delay, layout in list(delays())[1:3]:
        yield f"delay {delay}, slip 1/10, escape", layout, {"slip": "1/10", "escape": True}


def held_out() -> Iterator[Row]:
    """Other rewards, endings, slips, mixtures, and layouts drawn at random."""
    for ending in ("repeat", "absorb"):
        layout = choice(near=[1], far=[0, 0, 4], ending=ending)
        yield f"4 after 2, {ending}, noise 1", layout, {"reward_noise": 1}
    for chance in ("3/10", "2/5"):
        layout = choice(near=[3, 1], far=[1, 0, 0, 7])
        yield f"slip {chance}, noise 1", layout, {"slip": chance, "reward_noise": 1}
    yield "slip 3/10, escape", layout, {"slip": "3/10", "escape": True}
    three = choice(a=[1], b=[0, 2], c=[0, 0, 3])
    yield "three branches, noise 1/2", three, {"reward_noise": 0.5}
    yield "losses, noise 1", choice(near=[-1], far=[0, 0, -4]), {"reward_noise": 1}
    yield "escape, noise 1", choice(near=[1], far=[0, 0, 6]), {"escape": True, "reward_noise": 1}
    for number, layout in enumerate(random_layouts(6)):
        yield f"random layout {number}, noise 1", layout, {"reward_noise": 1}


def random_layouts(count: int) -> Iterator[ChainLayout]:
    """Streams of whole rewards with a break-even gamma that changes the choice."""
    rng = np.random.default_rng(20_000)
    while count:
        near, far = (rng.integers(-2, 9, rng.integers(1, 6)).tolist() for _ in range(2))
        layout = choice(near=near, far=far)
        if qdecay.break_even(layout).switching:
            count -= 1
            yield layout


class Watched(SharedAgents):
    """Agents as `compare` trains them; keeps what the first ones of each flip found."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(trainer)
        self.first: dict[Flip, LearnedThreshold] = {}

    def trained(self, flip: Flip, training: Training, width: float, seeds: range) -> Learned:
        """Train as ever, and keep the first."""
        learned = super().trained(flip, training, width, seeds)
        assert learned.threshold is not None
        self.first.setdefault(flip, learned.threshold)
        return learned


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of `compare`, which may be repeated with other seeds."""

    name: str
    problem: Any
    learner: qdecay.TabularLearner | None = None
    width: float = WIDTH

    @cached_property
    def subject(self) -> Subject:
        """The model, and its noise."""
        return Subject.of(self.problem)

    @cached_property
    def epsilon(self) -> Fraction:
        """Of the policy whose values are learned."""
        soft = self.learner is not None and "sarsa" in self.learner.name
        return EPSILON if soft else Fraction(0)

    @cached_property
    def planner(self) -> Planner:
        """Of the model that agents aim at, at the start."""
        mdp = self.subject.mdp
        aim = qdecay.epsilon_soft(mdp, self.epsilon) if self.epsilon else mdp
        assert mdp.start is not None
        return Planner(MovingGamma(aim), mdp.start)

    @cached_property
    def flips(self) -> list[Flip]:
        """What there is to learn."""
        return list(flips(self.subject.break_even(self.planner.state, self.planner.moving)))

    def agents(self, seed: int) -> Watched:
        """Return ten agents."""
        budget = Budget(
            range(seed, seed + SEEDS), self.width, None, lambda progress: None, Deadline(None)
        )
        noise = self.subject.reward_noise
        return Watched(
            Trainer(
                MovingGamma(self.subject.mdp),
                self.planner,
                self.learner,
                self.epsilon,
                noise,
                budget,
            )
        )

    def coverage(self, sets: int) -> Iterator[str]:
        """Yield the columns of each flip."""
        for flip in self.flips:
            self.agents(0).judge(flip)  # compiles
            began = time.process_time()
            verdicts: Counter[str] = Counter()
            held = left = 0
            widths = []
            for number in range(1, sets + 1):
                agents = self.agents(2 * SEEDS * number)  # others of the same set confirm
                learned, first = agents.judge(flip), agents.first[flip]
                verdicts[
                    "disagree" if learned.wrong else "undecided" if learned.unsettled else "agree"
                ] += 1
                assert first.interval is not None
                low, high = first.interval
                gamma = float(flip.at)
                held += low <= gamma <= high
                left += sum(found < gamma for found in first.flips)
                widths.append(high - low)
            cost = (time.process_time() - began) / sets
            few = f" < {LEAST} %" if held < LEAST / 100 * sets else ""
            yield (
                f"{gamma:.6f} | {held} of {sets}{few} | {verdicts['agree']} | "
                f"{verdicts['undecided']} | {verdicts['disagree']} | {left / sets / SEEDS:.2f} | "
                f"{statistics.median(widths):.4f} | {cost:.2f}"
            )


def models() -> Iterator[Question]:
    """Environments, a random model and a chain that nothing was tuned on, and one-table rules."""
    lake, river, chain = "FrozenLake-v1", "qdecay/RiverSwim-v0", "qdecay/NChain-v0"
    yield Question(lake, lake, width=0.06)
    yield Question(river, river)
    yield Question(chain, chain)
    yield next(held_out_models())
    three = choice(a=[1], b=[0, 2], c=[0, 0, 3])
    slips = ChainEnv(three, slip="1/10", escape=True)
    yield Question("three branches, slip 1/10, escape", slips)
    for source in (river, chain):
        yield Question(f"{source}, SARSA", source, qdecay.sarsa)
        yield Question(f"{source}, Expected SARSA", source, qdecay.expected_sarsa)
    yield Question(f"{lake}, Q-learning", lake, qdecay.q_learning, 0.06)


def held_out_models() -> Iterator[Question]:
    """Random models after those of `forecast`, whose choice at the start changes."""
    for number in itertools.count(4):
        question = Question(f"random model {number}", random_model(number))
        if any(flip.two_sided for flip in question.flips):
            yield question


def chains(rows: Callable[[], Iterator[Row]]) -> Iterator[Question]:
    """A question for each chain."""
    for name, layout, options in rows():
        yield Question(name, ChainEnv(layout, **options))


@dataclass(frozen=True, eq=False)
class Case:
    """A model, the state that is watched, and the agents: None is double Q-learning."""

    name: str
    mdp: qdecay.MDP
    state: int
    epsilon: Fraction | None = None
    sampled: bool = False
    reward_noise: float = 0.0

    @property
    def aim(self) -> qdecay.MDP:
        """The model whose optimal values the agents learn."""
        return self.mdp if self.epsilon is None else qdecay.epsilon_soft(self.mdp, self.epsilon)

    @property
    def rule(self) -> str:
        """The learner's name."""
        if self.epsilon is None:
            return "double_q_learning"
        return "sarsa" if self.sampled else "expected_sarsa"

    @property
    def starts(self) -> np.ndarray:
        """A uniform choice among what can be reached."""
        chances = np.zeros(self.mdp.n_states)
        chances[reachable(self.mdp, self.state)] = 1
        return chances / chances.sum()


def cases() -> Iterator[Case]:
    """Lakes, a cliff, a taxi, rivers, chains, random models, and SARSA."""
    for source in (
        "FrozenLake-v1",
        "FrozenLake8x8-v1",
        "qdecay/RiverSwim-v0",
        "qdecay/NChain-v0",
    ):
        mdp = qdecay.as_mdp(source)
        yield Case(source, mdp, mdp.start or 0)
    cliff = qdecay.as_mdp("CliffWalking-v1", is_slippery=True)
    yield changing("CliffWalking-v1, slippery", cliff)
    yield changing(f"{TAXI}, rainy", qdecay.as_mdp(TAXI, is_rainy=True))
    layout = choice(near=[1], far=[0, 0, 4])
    yield Case("chain, noise 1", qdecay.MDP.from_layout(layout), 0, reward_noise=1)
    slips = qdecay.MDP.from_layout(layout, slip="1/10", escape=True)
    yield Case("chain, slip 1/10, escape", slips, 0)
    yield Case("chain, slip 1/10, escape, noise 1", slips, 0, reward_noise=1)
    for seed in (1, 2, 3):
        yield changing(f"random model {seed}", random_model(seed))
    for source in ("qdecay/RiverSwim-v0", "qdecay/NChain-v0", "FrozenLake-v1"):
        mdp = qdecay.as_mdp(source)
        for sampled in (False, True):
            name = f"{source}, {'SARSA' if sampled else 'Expected SARSA'}"
            yield Case(name, mdp, mdp.start or 0, Fraction(1, 10), sampled)


def changing(name: str, mdp: qdecay.MDP) -> Case:
    """The state whose change is cheapest to learn."""
    points = qdecay.policy_regions(mdp).breakpoints
    named = [
        Case(f"{name}, state {mdp.state_name(state)}", mdp, state)
        for state in sorted({state for point in points for state in point.changes})
    ]
    spreads = {
        case: found.sd(1)
        for case in named
        for flip in flips(qdecay.break_even(mdp, case.state))
        if flip.two_sided and (found := forecast_of(case, flip)) and found.noisy
    }
    return min(spreads, key=spreads.__getitem__)


def random_model(seed: int, n_states: int = 6, n_actions: int = 3) -> qdecay.MDP:
    """Rows of three outcomes with rewards of 0 to 9; nothing ends."""
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(n_states):
        for a in range(n_actions):
            to = rng.choice(n_states, 3, replace=False).tolist()
            reward, weights = int(rng.integers(0, 10)), rng.integers(1, 5, 3).tolist()
            shares = [Fraction(w, sum(weights)) for w in weights]
            rows += [(s, a, t, p, reward, False) for t, p in zip(to, shares, strict=True)]
    return qdecay.MDP.from_rows(rows, n_states=n_states, n_actions=n_actions, start=0)


def forecasts(only: str, agents: int, most: int) -> None:
    """Print a row for every change of every case."""
    print(
        "\n| model | gamma | width | forecast | trained | spread | mean | needed / forecast | s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for case in cases():
        if only in case.name:
            for flip in flips(qdecay.break_even(case.aim, case.state)):
                if flip.two_sided:
                    print(f"| {case.name} | {needed(case, flip, agents, most)} |", flush=True)


def forecast_of(case: Case, flip: Flip) -> ThresholdNoise | None:
    """Return what linear theory says of a change."""
    return threshold_noise(
        case.mdp,
        case.state,
        float(flip.at),
        flip.left,
        flip.right,
        starts=case.starts,
        epsilon=case.epsilon or 0,
        sampled=case.sampled,
        reward_noise=case.reward_noise,
        tables=1 if case.epsilon else 2,
    )


def needed(case: Case, flip: Flip, agents: int, most: int) -> str:
    """Return the columns of one change."""
    began, gamma, noise = time.perf_counter(), float(flip.at), forecast_of(case, flip)
    if noise is None or noise.spread == 0:
        return f"{gamma:.6f} | no noise at the threshold"
    width = noisy_width(noise, min(0.02, flip.room / 2))
    asked, steps = width / interval_widths(SEEDS), noise.steps(width, SEEDS)
    trained = min(steps, most)
    found = thresholds(case, flip, noise, agents, trained)
    off = (found - gamma) / noise.sd(trained)
    spread, mean = float(off.std(ddof=1)), float(off.mean())
    ratio = trained / steps * (math.hypot(spread, mean) * noise.sd(trained) / asked) ** 2
    beyond = "" if 1 / WITHIN <= ratio <= WITHIN else f", beyond {WITHIN}"
    return (
        f"{gamma:.6f} | {width:.2g} | {steps:,} | {trained:,} | {spread:.2f} | {mean:+.2f} | "
        f"{ratio:.2f}{beyond} | {time.perf_counter() - began:.0f}"
    )


def noisy_width(noise: ThresholdNoise, width: float) -> float:
    """Return the width, or less, for which initial values are forgotten before noise is gone."""
    while noise.steps(width, SEEDS) == noise.least_steps(width / interval_widths(SEEDS)):
        width /= 2
    return width


def thresholds(
    case: Case, flip: Flip, noise: ThresholdNoise, agents: int, steps: int
) -> np.ndarray:
    """Return where each agent flips, of gammas up to five standard deviations off."""
    away = np.linspace(-5, 5, 32) * noise.sd(steps)
    grid = np.clip(float(flip.at) + away, 0, (3 + float(flip.at)) / 4)
    values = shared_values(
        case.mdp,
        case.state,
        [np.unique(grid)] * agents,
        range(agents),
        rule=case.rule,
        epsilon=case.epsilon or 0,
        steps=steps,
        step_size=noise.step_size,
        starts=case.starts,
        reward_noise=case.reward_noise,
        average_from=0.25,
        report=lambda progress: None,
        deadline=Deadline(None),
    )
    return np.array(
        [
            crossing(np.unique(grid), lead(learned, flip.leaving, flip.entering))[0]
            for learned in values
        ]
    )


def against_known(only: str) -> None:
    """Print a row for every change of the models whose breakpoints are known otherwise."""
    print(
        "\n| model | known | exact - known | planned error | verdict | interval | steps | s | "
        "processor s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    qdecay.compare()  # compiles
    qdecay.compare("qdecay/RiverSwim-v0")
    left_open: list[str] = []
    for one in known():
        if only not in one.name:
            continue
        clocks = time.perf_counter, time.process_time
        began = [clock() for clock in clocks]
        row = qdecay.compare(one.problem, **one.options)
        seconds = [clock() - start for clock, start in zip(clocks, began, strict=True)]
        assert len(row.exact) == len(one.gammas), one.name
        cost = f"{seconds[0]:.2f} | {seconds[1]:.2f}"
        if not row.exact:
            print(f"| {one.name} | never | | | {row.verdict} | | | {cost} |", flush=True)
        for number, gamma in enumerate(one.gammas):
            print(f"| {one.name} | {_against(row, number, gamma)} | {cost} |", flush=True)
        left_open += [f"{one.name}: {line}" for line in (*row.reasons, *row.unsettled)]
    print("\n" + "\n".join(left_open))


def _against(row: qdecay.Comparison, number: int, gamma: float) -> str:
    """Return the columns of one change."""
    learned, error = row.learned[number], row.planned_errors[number]
    low, high = (0.0, 0.0) if learned is None else learned.interval or (learned.low, learned.high)
    found = "not started" if learned is None else f"{low:.6f} to {high:.6f}"
    steps = row.forecast[number] if learned is None else learned.steps // learned.seeds
    return (
        f"{gamma:.9f} | {float(row.exact[number]) - gamma:.0e} | "
        f"{'open' if error is None else f'{error:.0e}'} | {row.verdict} | {found} | {steps or 0:,}"
    )


PARTS: dict[str, Callable[[], Iterator[Question]]] = {
    "noise": lambda: chains(noise),
    "slip": lambda: chains(slip),
    "held-out": lambda: chains(held_out),
    "models": models,
}


def coverage(part: str | None, only: str, sets: int) -> None:
    """Print a row for every change of every question."""
    print("\n| model | gamma | held | agree | undecided | disagree | flip left | width | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in [part] if part else PARTS:
        for question in PARTS[name]():
            if only in question.name:
                for columns in question.coverage(sets):
                    print(f"| {question.name} | {columns} |", flush=True)


def main() -> None:
    """Print versions and the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name has this text")
    commands = parser.add_subparsers(dest="command", required=True)
    covering = commands.add_parser("coverage")
    covering.add_argument("part", nargs="?", choices=list(PARTS))
    covering.add_argument("--sets", type=int, default=100)
    commands.add_parser("models")
    foreseeing = commands.add_parser("forecast")
    foreseeing.add_argument("--agents", type=int, default=40)
    foreseeing.add_argument("--most", type=int, default=3_000_000, help="steps of an agent")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.processor() or platform.machine()}"
    )
    if arguments.command == "coverage":
        coverage(arguments.part, arguments.only, arguments.sets)
    elif arguments.command == "models":
        against_known(arguments.only)
    else:
        forecasts(arguments.only, arguments.agents, arguments.most)


if __name__ == "__main__":
    main()
