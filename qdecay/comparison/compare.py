"""Symbolic, planned and learned: three ways to find where a choice flips.

For a chain, the exact break-even gammas come from algebra (`qdecay.exact`), the planned ones from
bisecting on value iteration's greedy action at the start, the learned ones from bisecting, seed by
seed, on the greedy action of trained agents. `trainer` describes how agents are trained: to
convergence, or for a number of forced walks of each branch. An agent that is stopped this early
flips elsewhere; `qdecay.exact.learning_curve` predicts where, and the learned gammas are compared
with these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from qdecay._support import checks
from qdecay._support.checks import RationalLike, RealLike, count, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Result, frame, plain, shown_list
from qdecay._support.shown import shown_decimal
from qdecay.comparison.thresholds import LearnedThreshold, bisect, bisect_seeds
from qdecay.comparison.trainer import BestChoices, ChainTrainer, ForcedWalks
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven, break_even
from qdecay.exact.learning_curve import learning_curve
from qdecay.learning.learner import Learner
from qdecay.model.door import Problem
from qdecay.model.source import HOMEWORK

if TYPE_CHECKING:
    import pandas as pd


PLANNED_TOLERANCE = 1e-10
LEARNED_TOLERANCE = 1e-6
_PLANNED_WIDTH = 1e-12
_LEARNED_WIDTH = LEARNED_TOLERANCE  # the midpoint is off by half of it
_NOISY_WIDTH = 1e-3  # of the searched range: small compared with the random spread

Verdict = Literal["agree", "disagree"]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """One chain's break-even gammas, found in three ways.

    Attributes:
        source: what was compared.
        exact: gammas at which the set of best choices at the start changes, in order.
        planned: for each, where value iteration's choice flips.
        learned: for each, where trained agents flip; with forced walks, for each predicted one.
        reasons: what disagrees, one line each; empty if all agrees.
        forced: the walks that agents were trained for; None if they were trained to convergence.
        predicted: where agents flip after these walks, exactly; None without them.
    """

    SCHEMA: ClassVar[str] = "qdecay.comparison/1"

    source: str
    exact: tuple[AlgebraicNumber, ...]
    planned: tuple[float, ...]
    learned: tuple[LearnedThreshold, ...]
    reasons: tuple[str, ...]
    forced: ForcedWalks | None = None
    predicted: tuple[AlgebraicNumber, ...] | None = None

    def _shown(self) -> str:
        found: dict[str, Sequence[AlgebraicNumber | float]] = {
            "exact": self.exact,
            "planned": self.planned,
            "predicted": self.predicted or (),
            "learned": [learned.median for learned in self.learned],
        }
        parts = [
            f"{name} {shown_list([shown_decimal(gamma, 4) for gamma in gammas])}"
            for name, gammas in found.items()
            if gammas
        ]
        return f"{self.source}: {', '.join([self.verdict, *parts])}"

    @property
    def verdict(self) -> Verdict:
        """Whether exact, planned and learned agree.

        Planned and exact differ by at most 1e-10 and every seed's learned threshold by at most
        1e-6; on noisy chains the 95 % interval of the agents' median contains the exact one, which
        for a correct learner it misses in at most 1 of 20 cases. Between break-even gammas, planned
        and learned choices equal the exact ones. After a number of forced walks, learned gammas and
        choices are compared with the predicted ones in the same way.
        """
        return "disagree" if self.reasons else "agree"

    def to_json(self) -> dict[str, Any]:
        """Return the qdecay.comparison/1 document of this row alone."""
        return {"schema": self.SCHEMA, "rows": [self.body()]}

    def body(self) -> dict[str, Any]:
        """Return the row of a qdecay.comparison/1 document; forced walks add three keys."""
        after: dict[str, Any] = {}
        if self.forced is not None and self.predicted is not None:
            after = {
                "walks": self.forced.count,
                "step_size": str(self.forced.step_size),
                "predicted": plain(self.predicted),
            }
        return {
            "source": self.source,
            "exact": plain(self.exact),
            "planned": plain(self.planned),
            "learned": plain(self.learned),
            "verdict": self.verdict,
            **after,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row per break-even gamma: exact, planned, predicted, and what agents learned."""
        learned = {
            name: [getattr(found, name) for found in self.learned]
            for name in ("median", "low", "high", "seeds", "steps")
        }
        exact, predicted = (list(map(float, found or ())) for found in (self.exact, self.predicted))
        return frame({"exact": exact, "planned": self.planned, "predicted": predicted, **learned})


@overload
def compare(
    *,
    seeds: int = 10,
    seed: int = 0,
    learner: Learner | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    max_seconds: RealLike | None = ...,
    progress: bool | OnProgress = ...,
) -> tuple[Comparison, ...]: ...
@overload
def compare(
    problem: Problem,
    *,
    seeds: int = 10,
    seed: int = 0,
    learner: Learner | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    name: str | None = None,
    max_seconds: RealLike | None = ...,
    progress: bool | OnProgress = ...,
) -> Comparison: ...
def compare(
    problem: Problem | None = None,
    *,
    seeds: int = 10,
    seed: int = 0,
    learner: Learner | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    name: str | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> Comparison | tuple[Comparison, ...]:
    """Return a chain's exact, planned and learned break-even gammas, and whether they agree.

    Args:
        problem: a chain: a layout, a `ChainEnv` (wrapped or not; its time limit is not used), or
            the id or path of one. Without it, the four homework problems, as the command does.
        seeds: independent agents per break-even gamma; >= 10, so that the range means something.
        seed: the first of them; the others follow.
        learner: the algorithm; None is `q_learning`, on noisy chains `double_q_learning`.
        walks: stop training after this many forced walks of each branch, >= 1, and compare with the
            gammas that `qdecay.exact.learning_curve` predicts; None trains to convergence. Only for
            chains without randomness that end with the last reward.
        step_size: with walks, the constant step size, an exact number in (0, 1].
        name: what to call the problem; its id or path by default.
        max_seconds: limit of wall time, > 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` after each training.

    Returns: the comparison; without `problem` a tuple of the four, in the homework's order.

    Raises:
        TypeError: the problem is not a chain, or step_size is a float.
        ValueError: an argument is outside its range, or walks are asked of another chain or of a
            learner with two tables.
        BudgetExceeded: max_seconds ran out; `best` are the `LearnedThreshold` of the first gammas,
            without `problem` the first comparisons.

    >>> from qdecay_envs import ChainLayout
    >>> layout = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> row = compare(layout, walks=10, step_size="1/2")
    >>> row.exact[0].decimal(4), row.predicted[0].decimal(4), round(row.learned[0].median, 4)
    ('0.5', '0.5140', 0.514)
    """
    deadline = Deadline(max_seconds)
    seeds, seed = whole(seeds, "seeds", 10), whole(seed, "seed", 0)
    step_size = checks.exact(step_size, "step_size", "(0, 1]")
    checks.instance(learner, Callable | None, "learner", "one such as qdecay.q_learning")
    checks.instance(name, str | None, "name", "text")
    forced = None if walks is None else ForcedWalks(count(walks, "walks"), step_size)
    agents = range(seed, seed + seeds)
    with reporting(progress) as report:
        if problem is not None:
            return _compared(problem, agents, learner, forced, name, report, deadline)
        rows: list[Comparison] = []
        try:
            rows.extend(
                _compared(homework, agents, learner, forced, None, report, deadline)
                for homework in HOMEWORK
            )
        except BudgetExceeded as limit:
            limit.best = tuple(rows)
            raise
        return tuple(rows)


def _compared(
    problem: Problem,
    agents: Sequence[int],
    learner: Learner | None,
    forced: ForcedWalks | None,
    name: str | None,
    report: OnProgress,
    deadline: Deadline,
) -> Comparison:
    """Compare one problem."""
    trainer = ChainTrainer(problem, learner, forced)
    layout = trainer.env.layout
    exact = known = break_even(layout if trainer.plain else trainer.mdp)
    if forced is not None:
        known = learning_curve(layout, forced.step_size, forced.count).break_even()
    planned = [
        bisect(partial(trainer.plans, side), low, high, _PLANNED_WIDTH)
        for low, high, side in flips(exact)
    ]
    wanted = list(flips(known))
    width = _NOISY_WIDTH if trainer.noisy else _LEARNED_WIDTH
    each = len(wanted) * (2 + math.ceil(-math.log2(width))) or len(known.between)
    gammas, expected = exact.switching, known.switching
    learned: list[LearnedThreshold] = []
    tick = counting(report, len(agents) * each, f"trainings of {name or trainer.name}", deadline)
    try:
        learned.extend(_learned(trainer, flip, agents, tick) for flip in wanted)
        choice_faults = list(_learned_choice_faults(known, trainer, agents, tick))
    except BudgetExceeded as limit:
        limit.best = tuple(learned)
        raise
    reasons = [
        *_planning_faults(gammas, planned),
        *_learning_faults(expected, learned, "exact" if forced is None else "predicted"),
        *_planned_choice_faults(exact, trainer),
        *choice_faults,
    ]
    return Comparison(
        name or trainer.name,
        gammas,
        tuple(planned),
        tuple(learned),
        tuple(reasons),
        forced,
        None if forced is None else expected,
    )


def flips(found: BreakEven) -> Iterator[tuple[float, float, BestChoices]]:
    """Yield a gamma on either side of each change of the best choice, and the best choice."""
    for i, switch in enumerate(found.switches):
        if switch:
            low, high = float(found.between[i]), float(found.between[i + 1])
            yield low, high, BestChoices(found.best[i], found.best[i + 1])


def _learned(
    trainer: ChainTrainer,
    flip: tuple[float, float, BestChoices],
    agents: Sequence[int],
    tick: Callable[[], None],
) -> LearnedThreshold:

    low, high, side = flip
    return bisect_seeds(
        partial(trainer.learns, side),
        low,
        high,
        seeds=agents,
        width=_NOISY_WIDTH * (high - low) if trainer.noisy else _LEARNED_WIDTH,
        noisy=trainer.noisy,
        tick=tick,
    )


def _planning_faults(exact: Sequence[AlgebraicNumber], planned: Sequence[float]) -> Iterator[str]:
    for root, plan in zip(exact, planned, strict=True):
        gamma = float(root)
        if abs(plan - gamma) > PLANNED_TOLERANCE:
            yield f"value iteration flips at {plan:.12g}, exact is {gamma:.12g}"


def _learning_faults(
    expected: Sequence[AlgebraicNumber], learned: Sequence[LearnedThreshold], what: str
) -> Iterator[str]:
    for root, agents in zip(expected, learned, strict=True):
        gamma = float(root)
        if agents.interval is not None:
            low, high = agents.interval
            if not low <= gamma <= high:
                yield f"agents flip in [{low:.6g}, {high:.6g}], {what} is {gamma:.6g}"
        elif max(abs(agents.low - gamma), abs(agents.high - gamma)) > LEARNED_TOLERANCE:
            yield f"agents flip from {agents.low:.9g} to {agents.high:.9g}, {what} is {gamma:.9g}"


def _planned_choice_faults(exact: BreakEven, trainer: ChainTrainer) -> Iterator[str]:
    """Planning errors between the break-even gammas, away from any threshold."""
    for point, best in zip(exact.between, exact.best, strict=True):
        gamma = float(point)
        if trainer.plan(gamma) not in best:
            yield f"value iteration takes {trainer.plan(gamma)} at {gamma:.6g}, best: {set(best)}"


def _learned_choice_faults(
    known: BreakEven, trainer: ChainTrainer, agents: Sequence[int], tick: Callable[[], None]
) -> Iterator[str]:
    """Learning errors where agents never flip; elsewhere bisection started from these gammas."""
    if any(known.switches):
        return
    needed = len(agents) // 2 + 1 if trainer.noisy else len(agents)
    for point, best in zip(known.between, known.best, strict=True):
        gamma = float(point)
        right = 0
        for agent in agents:
            right += trainer.train(gamma, agent)[0] in best
            tick()
        if right < needed:
            yield f"{len(agents) - right} of {len(agents)} agents choose wrongly at {gamma:.6g}"
