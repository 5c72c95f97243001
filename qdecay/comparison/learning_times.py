r"""How long Q-learning takes until its choice is right for good, for several ways of exploring.

An agent is right in a state if all its greedy actions there are in the exact optimal set at its
gamma, and right *for good* from the first step after which that does not change until its budget
ends. It begins every episode in that state; a time limit of the environment truncates episodes, and
what would have followed still counts. The exact action gap tells how hard a gamma is: to see which
action is better, an agent has to know values to within that.

Homework D asks why a small constant reward can be better: how long does the large rare one take to
learn? Value does not depend on how an agent explores; the time until it knows that value does (see
`qdecay.comparison.games`):

    uniformly random     n successes in a row at probability p = 1/2: W(n) = (p**-n - 1) / (1 - p)
                         = 2**(n+1) - 2 steps before R is seen once. Its value then propagates back
                         one state at a time, by n - 1, n - 2, ... successes in a row: about W(n) +
                         ... + W(1) = 2**(n+2) - 4 - 2 n steps until it reaches the start
    epsilon-greedy       from zero, the small reward is soon the greedy choice, so each success
                         then needs a random step: the same with p = epsilon / 2, except that in a
                         new state two untried actions tie. So about half of the agents are paid R
                         on their first visit to the last state, after W(n - 1) steps, and need W(n
                         - 1) + W(n - 1) + W(n - 2) + ... + W(1) in all
    optimistic           greedy from values above all true ones: what is untried looks best, so
                         time is polynomial in n (Koenig & Simmons 1996)
    exploring starts     episodes begin anywhere, and the large reward is often near
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from types import MappingProxyType
from typing import Any, ClassVar

from qdecay._support.checks import RationalLike, RealLike, choice, count, exact, listed, whole
from qdecay._support.deadline import Deadline, in_time
from qdecay._support.one_line import state_called
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Result, counted, plain
from qdecay._support.viewed import Plotted
from qdecay.comparison.choices import Choice, of_games, of_model
from qdecay.comparison.games import Game, chain_of, random_walk_steps
from qdecay.errors import BudgetExceeded
from qdecay.exact.action_gap import ActionGap
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import break_even
from qdecay.learning import Constant, Harmonic, Schedule, q_learning
from qdecay.learning.arguments import positive
from qdecay.learning.schedules import as_schedule
from qdecay.learning.watched import steps_until_right
from qdecay.model.door import Problem
from qdecay.model.info import UNNAMED, ModelInfo
from qdecay.model.mdp import MDP

_STEPS, _MODEL_STEPS = 20_000, 1_000_000


@dataclass(frozen=True)
class Explorer:
    """A way for Q-learning to explore.

    Attributes:
        epsilon: exploration rate.
        optimistic: whether values start at the largest possible return, or at 0.
        anywhere: whether episodes begin in any state that has actions, all equally likely, and last
            one step if there is no time limit.
    """

    epsilon: float
    optimistic: bool = False
    anywhere: bool = False


EXPLORERS: Mapping[str, Explorer] = MappingProxyType(
    {
        "random": Explorer(epsilon=1.0),
        "epsilon-greedy": Explorer(epsilon=0.1),
        "optimistic": Explorer(epsilon=0.0, optimistic=True),
        "exploring starts": Explorer(epsilon=0.1, anywhere=True),
    }
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LearningTime(Result, Plotted):
    """How long agents took until the choice in a state was right for good.

    Attributes:
        game, delay, reward: the game of homework D, its n and R; None on a model.
        state: where the choice is made, and where episodes begin.
        gamma: the discount factor.
        action_gap: how much more the best action of the state is worth than the next; None for a
            game.
        best: the names of the optimal choices.
        explorer: a key of `EXPLORERS`.
        step_size: the learner's; 1 or "harmonic:H", or another schedule.
        steps: the steps each seed took; None if it was not right when its budget ended.
        budget: steps that each agent had.
        info: the model's name, and the names of its states and actions.
    """

    SCHEMA: ClassVar[str] = "qdecay.learning-times/1"

    game: Game | None = None
    delay: int | None = None
    reward: Fraction | None = None
    state: int
    gamma: Fraction
    action_gap: ActionGap | None = None
    best: tuple[str, ...]
    explorer: str
    step_size: Schedule
    steps: tuple[int | None, ...]
    budget: int
    info: ModelInfo = field(default=UNNAMED, repr=False)

    def _shown(self) -> str:
        median = "never right" if self.median is None else f"{self.median:,g} steps"
        return (
            f"{self.explorer}, {self.title} at gamma {self.gamma}: {median} of {self.budget:,}, "
            f"{counted(len(self.steps), 'seed')}"
        )

    @property
    def title(self) -> str:
        """What was learned: the game and its n, or the model and the state."""
        if self.game is not None:
            return f"{self.game}, delay {self.delay}"
        names = self.info.state_names
        state = state_called(names[self.state] if names else self.state)
        return state if self.source is None else f"{self.source}, {state}"

    @property
    def source(self) -> str | None:
        """What the model was read from, such as an id or a path, or None."""
        return self.info.name

    @property
    def gap(self) -> Fraction | None:
        """The exact action gap at gamma; None for a game, or where all actions are optimal."""
        return None if self.action_gap is None else self.action_gap(self.gamma)

    @property
    def median(self) -> float | None:
        """The median over the seeds; None if half of them or more were never right."""
        return _finite(statistics.median(self._numbers()))

    @property
    def low(self) -> float | None:
        """The fastest seed's steps; None if none was right."""
        return _finite(min(self._numbers()))

    @property
    def high(self) -> float | None:
        """The slowest seed's steps; None if one was never right."""
        return _finite(max(self._numbers()))

    @property
    def random_walk(self) -> int | None:
        """Expected steps until a uniformly random agent has been paid R once: 2**(n+1) - 2."""
        return None if self.delay is None else int(random_walk_steps(self.delay, Fraction(1, 2)))

    def break_evens(self) -> tuple[AlgebraicNumber, ...]:
        """Return the exact gammas at which the right choice changes."""
        if self.action_gap is not None:
            return self.action_gap.changes
        return break_even(chain_of(self.game, self.delay, self.reward).layout).roots  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """Return the qdecay.learning-times/1 document of this row alone."""
        return {"schema": self.SCHEMA, "rows": [self.body()]}

    def body(self) -> dict[str, Any]:
        """Return the row of a qdecay.learning-times/1 document."""
        names = ["source", "state", "game", "gamma", "gap", "delay", "reward", "best", "explorer"]
        names += ["steps", "median", "low", "high", "budget", "random_walk"]
        row = {name: plain(getattr(self, name)) for name in names}
        return {**row, "step_size": shown_step_size(self.step_size)}

    def _numbers(self) -> list[float]:
        return [inf if steps is None else steps for steps in self.steps]


def shown_step_size(schedule: Schedule) -> str:
    """Return a step size as it is written after --step-size, or as Python.

    >>> [shown_step_size(size) for size in (Constant(0.1), Harmonic(10))]
    ['0.1', 'harmonic:10']
    """
    match schedule:
        case Constant(value):
            return f"{value:g}"
        case Harmonic(horizon):
            return f"harmonic:{horizon:.6g}"
    return repr(schedule)


def learning_times(
    problem: Problem | None = None,
    *,
    state: int | str | None = None,
    game: Game | None = None,
    delays: Iterable[int] | None = None,
    gammas: Iterable[RationalLike] = ("9/10",),
    advantage: RationalLike | None = None,
    reward: RationalLike | None = None,
    explorers: Iterable[str] = tuple(EXPLORERS),
    step_size: RealLike | Schedule | None = None,
    seeds: int = 10,
    steps: int | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> list[LearningTime]:
    """Return the learning times of every gamma, delay and explorer.

    >>> [row] = learning_times("qdecay/StayOrMove-v0", gammas=["3/4"], explorers=["random"])
    >>> row.best, row.gap, row.median
    (('move',), Fraction(5, 4), 10.0)

    Args:
        problem: an exact model, or anything that `qdecay.as_mdp` accepts; None means the games of
            homework D.
        state: for a model only: the number or the name of the state where the choice is made and
            where episodes begin; None means its start.
        game: "forever" or "once"; None means "forever".
        delays: for a game only: values of n, 1 .. 1,000; None means 1 to 5.
        gammas: exact, inside (0, 1).
        advantage: for a game only: the value of the sparse choice relative to the constant one, >
            0, which determines R for each gamma and delay. None means 2.
        reward: for a game only: R itself, exact, instead of `advantage`.
        explorers: keys of `EXPLORERS`.
        step_size: alpha in (0, 1], or a schedule; None means 1 where nothing is random, and
            `Harmonic(1 / (1 - gamma))`, which averages, elsewhere.
        seeds: agents per cell, 0 .. seeds - 1; >= 1.
        steps: each agent's budget, >= 1; None means 20,000 in a game and a million on a model.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` after each agent.

    Raises:
        TypeError: a number is not exact, or the problem is a `FloatMDP`.
        ValueError: an argument is outside its range or applies only to the games, or the model has
            no such state, or no start.
        InputError: an id, an argument or a file is invalid.
        BudgetExceeded: max_seconds ran out; `best` has the finished rows.
        KeyboardInterrupt: as usual, with the same `best`.
    """
    deadline = Deadline(max_seconds)
    seeds = whole(seeds, "seeds", 1)
    budget = count(
        (_STEPS if problem is None else _MODEL_STEPS) if steps is None else steps, "steps"
    )
    alpha = None if step_size is None else positive(as_schedule(step_size, "step_size"))
    grid = [exact(gamma, "each of gammas", "(0, 1)") for gamma in listed(gammas, "gammas")]
    names = [
        choice(name, "each of explorers", tuple(EXPLORERS))
        for name in listed(explorers, "explorers")
    ]
    if problem is None:
        if state is not None:
            raise ValueError("state belongs to a problem: the games have their own start")
        choices, size = of_games(grid, game, delays, advantage, reward)
    else:
        given = {"game": game, "delays": delays, "advantage": advantage, "reward": reward}
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"{name} belongs to the games: omit it, or the problem")
        choices, size = of_model(problem, grid, state, deadline), len(grid)
    rows: list[LearningTime] = []
    with reporting(progress) as report:
        tick = counting(report, size * len(names) * seeds, "trainings", deadline)
        try:
            with in_time(deadline):
                for each in choices:
                    for name in names:
                        row = _row(each, name, alpha, seeds, budget, deadline, tick)
                        rows.append(row)  # one by one: a run may be stopped early
        except (BudgetExceeded, KeyboardInterrupt) as stopped:
            stopped.best = rows  # type: ignore[union-attr]
            raise
    return rows


def _row(
    each: Choice,
    explorer: str,
    step_size: Schedule | None,
    seeds: int,
    budget: int,
    deadline: Deadline,
    tick: Callable[[], None],
) -> LearningTime:
    """Train the agents of a row."""
    alpha = _usual_step_size(each) if step_size is None else step_size
    agents = []
    for seed in range(seeds):
        agents.append(_steps_until_right(each, explorer, alpha, budget, seed, deadline))
        tick()
    return LearningTime(
        state=each.state,
        gamma=each.gamma,
        best=tuple(each.mdp.action_name(action) for action in sorted(each.best)),
        explorer=explorer,
        step_size=alpha,
        steps=tuple(agents),
        budget=budget,
        **each.labels,
    )


def _usual_step_size(each: Choice) -> Schedule:
    """Return 1 where each pair has one outcome, or else a mean of targets that forgets early
    ones."""
    is_random = each.mdp.n_transitions > each.mdp.available.sum()
    return Harmonic(1 / (1 - each.gamma)) if is_random else Constant(1)


def _steps_until_right(
    each: Choice, explorer: str, step_size: Schedule, budget: int, seed: int, deadline: Deadline
) -> int | None:
    """Train one agent, and return when its choice became right for good."""
    mdp, how = each.mdp, EXPLORERS[explorer]
    start: Any = each.state
    limit = mdp.time_limit
    if how.anywhere:
        alive = mdp.available.any(axis=1)
        start, limit = alive / alive.sum(), limit or 1
    return steps_until_right(
        q_learning,
        mdp,
        each.gamma,
        each.state,
        each.best,
        steps=budget,
        epsilon=how.epsilon,
        step_size=step_size,
        initial_value=_largest_return(mdp, float(each.gamma)) if how.optimistic else 0.0,
        seed=seed,
        start=start,
        max_episode_steps=limit,
        deadline=deadline,
    )


def _largest_return(mdp: MDP, gamma: float) -> float:
    """Return M, at least every last reward, and r + gamma M for every other reward r: it bounds
    returns."""
    last, other = mdp.reward[mdp.terminated], mdp.reward[~mdp.terminated]
    bounds = [float(last.max())] if last.size else []
    bounds += [float(other.max()) / (1 - gamma)] if other.size else []
    bounds += [] if mdp.available.any(axis=1).all() else [0.0]  # nothing follows there
    return max(bounds)


def _finite(value: float) -> float | None:
    return None if value == inf else value
