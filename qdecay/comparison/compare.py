"""Exact, planned and learned: three ways to find where a choice flips.

At one state of a finite model the exact break-even gammas come from algebra (`qdecay.exact`), the
planned ones from bisecting on value iteration's greedy action (`planned`), the learned ones from
agents: of qdecay's learners (`shared`), or of a user's own (`own`); in an environment without a
table they are measured (`measured`). On a chain agents may also be stopped after a number of forced
walks (`walks`). Along a model line its parameter varies instead of gamma (`moving`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, get_args, overload

from qdecay._support import checks
from qdecay._support.checks import RationalLike, RealLike, choice, count, instance, real, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, reporting
from qdecay.comparison.agents import Agents, Budget, Learned
from qdecay.comparison.bracketed import Bracketed
from qdecay.comparison.flip import Flip, flips
from qdecay.comparison.measured import measured
from qdecay.comparison.own import OwnAgents, OwnLearner
from qdecay.comparison.planned import PlannedFlip, Planner
from qdecay.comparison.result import Comparison
from qdecay.comparison.shared import SharedAgents
from qdecay.comparison.subject import LineSubject, Subject
from qdecay.comparison.training import Trainer
from qdecay.comparison.walks import ForcedWalks, WalkedAgents
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven
from qdecay.learning import TabularLearner, q_learning
from qdecay.learning.tabular import TABULAR
from qdecay.model.door import Problem
from qdecay.model.info import ModelInfo
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK

WIDTH = 0.02
EPSILON = Fraction(1, 10)

Method = Literal["exact", "certified"]
AnyLearner = TabularLearner | OwnLearner


@overload
def compare(
    *,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    epsilon: RationalLike = EPSILON,
    width: RealLike = WIDTH,
    max_steps: int | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    max_seconds: RealLike | None = ...,
    progress: bool | OnProgress = ...,
) -> tuple[Comparison, ...]: ...
@overload
def compare(
    problem: ModelLine,
    *,
    gamma: RationalLike,
    state: int | str | None = None,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    epsilon: RationalLike = EPSILON,
    width: RealLike = WIDTH,
    max_steps: int | None = None,
    name: str | None = None,
    max_seconds: RealLike | None = ...,
    progress: bool | OnProgress = ...,
) -> Comparison: ...
@overload
def compare(
    problem: Problem,
    *,
    method: Method = "exact",
    state: int | str | None = None,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    epsilon: RationalLike = EPSILON,
    width: RealLike = WIDTH,
    max_steps: int | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    name: str | None = None,
    max_seconds: RealLike | None = ...,
    progress: bool | OnProgress = ...,
) -> Comparison: ...
def compare(
    problem: Problem | ModelLine | None = None,
    *,
    method: Method = "exact",
    gamma: RationalLike | None = None,
    state: int | str | None = None,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    epsilon: RationalLike = EPSILON,
    width: RealLike = WIDTH,
    max_steps: int | None = None,
    walks: int | None = None,
    step_size: RationalLike = Fraction(1, 10),
    name: str | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> Comparison | tuple[Comparison, ...]:
    """Return a state's exact, planned and learned break-even gammas, and whether they agree.

    Along a model line: the values of its parameter at which the choice flips, at one gamma.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts; or an
            environment without a table whose spaces are discrete, where thresholds are learned, but
            there is no exact one to compare with; or a `ModelLine`. None means the four homework
            problems.
        method: "exact"; or "certified", for models of thousands of states with a table: the
            brackets of `certified_policy_regions` take the place of exact gammas.
        gamma: the discount factor of a line, 0 <= gamma < 1; only with a line.
        state: the state whose choice flips, by its number or name; None means the start.
        seeds: the number of independent agents; >= 10, fewer would say too little.
        seed: the first seed; the others follow.
        learner: `q_learning`, `double_q_learning`, `sarsa` or `expected_sarsa`; None means
            Q-learning where nothing is random, and Double Q-learning elsewhere. Or a function of an
            environment, a gamma and a seed that returns action values or a policy, in the forms of
            `qdecay.comparison.own_learner`.
        epsilon: exact, in [0, 1): SARSA and Expected SARSA learn the values of the policy that
            explores at this rate, and are compared with the regions of `epsilon_soft`.
        width: the widest 95 % interval that settles a noisy threshold, > 0 (along a line, as a
            share of its length); at most half the distance to the next change is used.
        max_steps: the most steps of each agent, >= 1. On a model, training that is expected to take
            more is not started (by default, more than a hundred million); in an environment without
            a table each agent takes this many steps (50,000 by default).
        walks: stop training after this many forced walks of each branch, >= 1, and compare with the
            gammas that `qdecay.exact.learning_curve` predicts. Only for chains without randomness
            that end with the last reward.
        step_size: with walks, the constant step size, an exact number in (0, 1].
        name: what to call the problem; its id or path by default.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` now and then.

    Returns: the comparison; without `problem` a tuple of the four, in the homework's order.

    Raises:
        TypeError: an argument is of the wrong kind, or an exact one is a float; a line comes
            without gamma, or gamma without a line.
        ValueError: an argument is outside its range, the model has no start and no state is given,
            or walks are requested for another chain or for a learner with two tables.
        BudgetExceeded: max_seconds ran out; `best` has the `LearnedThreshold` of the first gammas
            or, without `problem`, the first comparisons.

    >>> from qdecay_envs import ChainLayout
    >>> layout = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> row = compare(layout, walks=10, step_size="1/2")
    >>> row.exact[0].decimal(4), row.predicted[0].decimal(4), round(row.learned[0].median, 4)
    ('0.5', '0.5140', 0.514)
    """
    deadline = Deadline(max_seconds)
    seeds, seed = whole(seeds, "seeds", 10), whole(seed, "seed", 0)
    ours = f"one of qdecay's {', '.join(TABULAR)}, or a function"
    instance(learner, Callable | None, "learner", ours)
    if not isinstance(learner, TabularLearner) and hasattr(learner, "n_tables"):
        raise TypeError(f"learner must be {ours}")
    instance(name, str | None, "name", "text")
    step_size = checks.exact(step_size, "step_size", "(0, 1]")
    choice(method, "method", get_args(Method))
    if method == "certified" and (problem is None or isinstance(problem, ModelLine)):
        raise TypeError('method="certified" takes a single problem, not a line')
    if method == "certified" and walks is not None:
        raise ValueError("forced walks are compared with exact predictions: omit walks or method")
    settings = _Settings(
        method,
        learner,
        checks.exact(epsilon, "epsilon", "[0, 1)"),
        None if walks is None else ForcedWalks(count(walks, "walks"), step_size),
    )
    with reporting(progress) as report:
        budget = Budget(
            range(seed, seed + seeds),
            real(width, "width", "> 0"),
            None if max_steps is None else count(max_steps, "max_steps"),
            report,
            deadline,
        )
        if isinstance(problem, ModelLine):
            return _compared(_line_subject(problem, gamma, settings, name), state, settings, budget)
        if gamma is not None:
            raise TypeError("gamma applies to a ModelLine: the others are compared over all gammas")
        if problem is not None:
            return _compared(Subject.of(problem, name), state, settings, budget)
        rows: list[Comparison] = []
        try:
            rows.extend(_compared(Subject.of(id), None, settings, budget) for id in HOMEWORK)
        except BudgetExceeded as limit:
            limit.best = tuple(rows)
            raise
        return tuple(rows)


@dataclass(frozen=True)
class _Settings:
    """How exact gammas are found; the learner: one of qdecay's, a user's function, or None for the
    usual one."""

    method: Method
    learner: AnyLearner | None
    epsilon: Fraction
    walks: ForcedWalks | None

    @property
    def soft(self) -> bool:
        """Whether agents aim at the epsilon-soft model."""
        on_policy = getattr(self.learner, "name", None) in ("sarsa", "expected_sarsa")
        return on_policy and self.walks is None


def _line_subject(
    line: ModelLine, gamma: RationalLike | None, settings: _Settings, name: str | None
) -> LineSubject:
    if gamma is None:
        raise TypeError("a line is compared at one gamma: pass gamma=")
    discount = checks.exact(gamma, "gamma", "[0, 1]")
    if discount == 1:
        raise ValueError(
            "at gamma = 1 agents never forget their initial values: compare along a line at "
            "gamma < 1, or find what is optimal at 1 with policy_regions"
        )
    if settings.walks is not None:
        raise ValueError("walks apply to chains over gamma, not to a line: omit walks")
    return LineSubject(line, discount, name or line.low.name or "the line")


def _compared(
    subject: Subject | LineSubject, state: int | str | None, settings: _Settings, budget: Budget
) -> Comparison:
    """Compare one problem at one state."""
    if isinstance(subject, Subject) and not subject.tabular:
        if settings.method == "certified":
            raise ValueError(f"{subject.name} has no table, which is what certified regions need")
        return _measured(subject, state, settings, budget)
    mdp, line = subject.mdp, subject.line if isinstance(subject, LineSubject) else None
    at = _where(mdp, state)
    aim = subject.moving(settings.epsilon if settings.soft else Fraction(0))
    between = None
    if settings.method == "certified":
        between = Bracketed.of(aim.moves, at, budget.deadline.rest)
        exact = between.middle
    else:
        exact = subject.break_even(at, aim)  # type: ignore[arg-type]  # a subject's own
    planner = Planner(aim, at, budget.deadline.check)
    budget = replace(budget, width=budget.width * aim.span)
    found = list(flips(exact, aim.low, aim.high))
    planned = [planner.flip(flip) for flip in found]
    apart = Fraction(0) if between is None else between.apart
    wrong = [*_planning_faults(exact, planner, found, planned, apart)]
    trained, learned, predicted = _learned(subject, exact, planner, settings, budget)
    unsettled = [] if between is None else [*between.unsettled]
    unsettled += [
        f"{float(flip.at):.6g}: value iteration's error leaves open where it flips"
        for flip, plan in zip(found, planned, strict=True)
        if plan is None and flip.two_sided and not wrong
    ]
    thresholds = learned[: len(found if predicted is None else predicted)]
    return Comparison(
        source=subject.name,
        state=at,
        learner=trained,
        epsilon=settings.epsilon if settings.soft else None,
        sides=tuple((flip.left, flip.right) for flip in found),
        exact=tuple(flip.at for flip in found),
        planned=tuple(None if plan is None else plan.at for plan in planned),
        planned_errors=tuple(None if plan is None else plan.error for plan in planned),
        learned=tuple(one.threshold for one in thresholds),
        forecast=tuple(one.forecast for one in thresholds),
        reasons=(*wrong, *(one.wrong for one in learned if one.wrong)),
        unsettled=(*unsettled, *(one.unsettled for one in learned if one.unsettled)),
        forced=settings.walks,
        predicted=predicted,
        parameter=None if line is None else line.parameter,
        gamma=subject.gamma if isinstance(subject, LineSubject) else None,
        brackets=None if between is None else between.brackets,
        info=ModelInfo.of(mdp),
    )


def _where(mdp: MDP, state: int | str | None) -> int:
    """Return the state whose choice is compared."""
    at = mdp.start if state is None else mdp.state_index(state)
    if at is None:
        raise ValueError("the model has no start state: give state (in the shell --state)")
    if not mdp.available[at].any():
        raise ValueError(f"state {mdp.state_name(at)} has no actions: nothing is chosen there")
    return at


def _measured(
    subject: Subject, state: int | str | None, settings: _Settings, budget: Budget
) -> Comparison:
    learner = settings.learner
    if settings.walks is not None or not isinstance(learner, TabularLearner | None):
        raise ValueError(
            f"{subject.name} has no table, and without one only qdecay's own learners are measured"
        )
    epsilon = settings.epsilon if settings.soft else None
    return measured(subject, state, learner, epsilon, budget)


def _learned(
    subject: Subject | LineSubject,
    exact: BreakEven,
    planner: Planner,
    settings: _Settings,
    budget: Budget,
) -> tuple[str, list[Learned], tuple[AlgebraicNumber, ...] | None]:
    """Return the learner's name, what the agents say about each flip or about a choice without one,
    and, with forced walks, where they should flip.
    """
    learner, aim = settings.learner, planner.moving
    found = list(flips(exact, aim.low, aim.high))
    agents: Agents
    predicted = None
    if settings.walks is not None:
        assert isinstance(subject, Subject)  # lines are refused
        agents = WalkedAgents(subject, _one_of_ours(learner), settings.walks, budget)
        exact = agents.predicted()
        found, predicted = list(flips(exact)), exact.switching
    elif learner is None or isinstance(learner, TabularLearner):
        epsilon = settings.epsilon if settings.soft else Fraction(0)
        noise = subject.reward_noise
        moving = subject.moving(Fraction(0))
        agents = SharedAgents(Trainer(moving, planner, learner, epsilon, noise, budget))
    else:
        agents = OwnAgents(subject, planner.state, learner, budget)
    learned: list[Learned] = []
    try:
        learned.extend(agents.judge(flip) for flip in found)
        if not found:
            learned.append(agents.judge_choice(exact))
    except BudgetExceeded as limit:
        limit.best = tuple(one.threshold for one in learned)
        raise
    return agents.name, learned, predicted


def _planning_faults(
    exact: BreakEven,
    planner: Planner,
    found: Sequence[Flip],
    planned: Sequence[PlannedFlip | None],
    apart: Fraction,
) -> Iterator[str]:
    """Yield what value iteration does wrong; `apart` is how far a flip may be from its stated
    place."""
    for flip, plan in zip(found, planned, strict=True):
        if plan is None:
            continue
        if not Fraction(plan.low) - apart <= flip.at <= Fraction(plan.high) + apart:
            yield (
                f"value iteration flips between {plan.low:.12g} and {plan.high:.12g}, exact is "
                f"{float(flip.at):.12g}"
            )
    for point, best in zip(exact.between, exact.best, strict=True):
        if (action := planner.better(float(point), best)) is not None:
            name = planner.moving.moves.action_name
            yield (
                f"value iteration takes {name(action)} at {float(point):.6g}, "
                f"best: {' or '.join(map(name, sorted(best)))}"
            )


def _one_of_ours(learner: AnyLearner | None) -> TabularLearner:
    if learner is None:
        return q_learning
    if not isinstance(learner, TabularLearner):
        raise ValueError("walks apply to qdecay's own learners only: omit walks")
    return learner
