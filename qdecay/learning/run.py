"""One run of a learner: its settings, its budget, its tables, and the record of its episodes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import RealLike, count, instance, real, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay.learning.arguments import positive
from qdecay.learning.result import EpisodeEnd, LearningResult, mean_table
from qdecay.learning.schedules import Schedule, as_schedule
from qdecay.model.info import UNNAMED, ModelInfo

# Rows are Python lists: reading and writing one float of a NumPy array costs as much as the
# whole update.
Table = list[list[float]]
Callback = Callable[[EpisodeEnd], bool | None]
_LOOK_EVERY = 256  # steps


@dataclass(frozen=True, slots=True)
class Budget:
    """A run is over after `steps` steps, `episodes` episodes or the requested visits.

    `visits` maps (state, action) to a number of updates; it is checked when an episode ends, and
    all of them must be reached. Whichever comes first ends the run.
    """

    steps: int | None
    episodes: int | None
    visits: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the numbers; refuse a missing or an empty budget."""
        if self.steps is None and self.episodes is None and not self.visits:
            raise ValueError("give a budget: steps, episodes, visits or several of them")
        for name, value in (("steps", self.steps), ("episodes", self.episodes)):
            object.__setattr__(self, name, None if value is None else count(value, name))
        instance(self.visits, Mapping, "visits", "a mapping from (state, action)")
        visits = {pair: count(wanted, f"visits of {pair}") for pair, wanted in self.visits.items()}
        object.__setattr__(self, "visits", visits)

    def require_pairs(self, available: NDArray[np.bool_]) -> None:
        """Raise ValueError if a requested visit is not to an available action, flags (S, A)."""
        for pair in self.visits:
            if not (isinstance(pair, tuple) and len(pair) == 2):
                raise TypeError(f"visits: a key must be (state, action), got {pair!r:.60}")
            state, action = (whole(index, "each index of visits", 0) for index in pair)
            inside = state < available.shape[0] and action < available.shape[1]
            if not (inside and available[state, action]):
                raise ValueError(f"visits: there is no action {action} in state {state}")

    def used(self, steps: int, episodes: int, algorithm: str) -> Progress:
        """Return the share of the budget that is used, in [0, 1], as an event of an algorithm."""
        by_steps = steps / self.steps if self.steps else 0.0
        share = max(by_steps, episodes / self.episodes if self.episodes else 0.0)
        total = 1.0 if self.steps or self.episodes else None
        return Progress(share, total, f"{algorithm}: {steps:,} steps, {episodes:,} episodes")


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The arguments of a learner, checked; see `TabularLearner`."""

    algorithm: str
    gamma: float
    epsilon: Schedule
    step_size: Schedule
    seed: int
    budget: Budget
    callback: Callback | None = None
    progress: bool | OnProgress = False
    deadline: Deadline = field(default_factory=Deadline)
    info: ModelInfo = UNNAMED

    @classmethod
    def read(
        cls,
        algorithm: str,
        gamma: RealLike,
        seed: int,
        budget: Budget,
        epsilon: RealLike | Schedule,
        step_size: RealLike | Schedule,
        callback: Callback | None = None,
        progress: bool | OnProgress = False,
        max_seconds: RealLike | None = None,
        info: ModelInfo = UNNAMED,
    ) -> RunSettings:
        """Check the arguments of a learner and return them."""
        return cls(
            algorithm,
            real(gamma, "gamma", "[0, 1]"),
            as_schedule(epsilon, "epsilon"),
            positive(as_schedule(step_size, "step_size")),
            whole(seed, "seed", 0),
            budget,
            callback,
            progress,
            Deadline(max_seconds),
            info,
        )


class Run:
    """The learner's tables, and its finished episodes.

    Attributes:
        tables: one or two tables of values, equal at first; rows are states.
        counts: the updates of every entry of each table.
    """

    def __init__(
        self, start_values: NDArray[np.float64], n_tables: int, settings: RunSettings
    ) -> None:
        """Begin with `n_tables` tables that hold `start_values`, shape (S, A)."""
        self.tables: list[Table] = [start_values.tolist() for _ in range(n_tables)]
        self.counts: list[list[list[int]]] = [
            [[0] * len(row) for row in table] for table in self.tables
        ]
        self._settings, self._budget = settings, settings.budget
        self._returns: list[float] = []
        self._lengths: list[int] = []

    def end_episode(self, steps: int, discounted_return: float, length: int) -> bool:
        """Record an episode that ended at step number `steps`; return whether the run is over."""
        self._returns.append(discounted_return)
        self._lengths.append(length)
        episodes = len(self._lengths)
        stopped = False
        if self._settings.callback is not None:
            record = (episodes, steps, discounted_return, length)
            stopped = bool(self._settings.callback(EpisodeEnd(*record, self.tables, self.counts)))
        if self._budget.visits:
            stopped = stopped or self._visited()
        return stopped or episodes == self._budget.episodes or steps == self._budget.steps

    def _visited(self) -> bool:
        return all(
            sum(table[state][action] for table in self.counts) >= wanted
            for (state, action), wanted in self._budget.visits.items()
        )

    def step_numbers(self) -> AbstractContextManager[Iterable[int]]:
        """Count the steps 1, 2, ... of the budget; the clock is checked if there is a limit."""
        steps = self._budget.steps
        numbers = itertools.count(1) if steps is None else range(1, steps + 1)
        settings = self._settings
        watched = settings.progress or settings.deadline.max_seconds is not None
        return closing(self._watched(numbers)) if watched else nullcontext(numbers)

    def _watched(self, numbers: Iterable[int]) -> Generator[int, None, None]:
        with reporting(self._settings.progress) as report:
            report(self._budget.used(0, 0, self._settings.algorithm))
            for number in numbers:
                yield number
                if number % _LOOK_EVERY:
                    continue
                report(self._budget.used(number, len(self._lengths), self._settings.algorithm))
                if self._settings.deadline.left < 0:
                    learnt = f"{number:,} steps were made"
                    raise self._settings.deadline.exceeded(learnt, self.result(number))

    def result(self, steps: int) -> LearningResult:
        """Return the learned values, as arrays."""
        return LearningResult(
            algorithm=self._settings.algorithm,
            gamma=self._settings.gamma,
            seed=self._settings.seed,
            q=mean_table(self.tables),
            visits=np.array(self.counts, dtype=np.int64).sum(axis=0),
            returns=np.array(self._returns, dtype=np.float64),
            lengths=np.array(self._lengths, dtype=np.int64),
            steps=steps,
            info=self._settings.info,
        )
