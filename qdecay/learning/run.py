"""One run of a learner: its budget, its tables, and the record of its episodes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdecay.learning.arguments import require_at_least
from qdecay.learning.progress import with_progress
from qdecay.learning.result import EpisodeEnd, LearningResult, mean_table
from qdecay.learning.schedules import Schedule

# Rows are Python lists: reading and writing one float of a NumPy array costs as much as the
# whole update.
Table = list[list[float]]
Callback = Callable[[EpisodeEnd], bool | None]


@dataclass(frozen=True, slots=True)
class Budget:
    """A run is over after `steps` steps or `episodes` episodes, whichever comes first."""

    steps: int | None
    episodes: int | None

    def __post_init__(self) -> None:
        """Refuse a missing or an empty budget."""
        if self.steps is None and self.episodes is None:
            raise ValueError("give a budget: steps, episodes or both")
        for name, value in (("steps", self.steps), ("episodes", self.episodes)):
            if value is not None:
                require_at_least(1, value, name)

    def share(self, steps: int, episodes: int) -> float:
        """Return the share of the budget that is used, in [0, 1]."""
        by_steps = steps / self.steps if self.steps else 0.0
        return max(by_steps, episodes / self.episodes if self.episodes else 0.0)


class Run:
    """The settings of a run, what the learner knows, and the episodes it has been through.

    Attributes:
        tables: one or two tables of values, equal at first; rows are states.
        counts: the updates of every entry of each table.
    """

    def __init__(
        self,
        start_values: NDArray[np.float64],
        n_tables: int,
        *,
        gamma: float,
        epsilon: Schedule,
        step_size: Schedule,
        budget: Budget,
        callback: Callback | None,
    ) -> None:
        """Begin with `n_tables` tables that hold `start_values`, shape (S, A)."""
        self.gamma, self.epsilon, self.step_size = gamma, epsilon, step_size
        self.tables: list[Table] = [start_values.tolist() for _ in range(n_tables)]
        self.counts = [[[0] * len(row) for row in table] for table in self.tables]
        self._budget, self._callback = budget, callback
        self._returns: list[float] = []
        self._lengths: list[int] = []

    def end_episode(self, steps: int, discounted_return: float, length: int) -> bool:
        """Record an episode that ended at step number `steps`; return whether the run is over."""
        self._returns.append(discounted_return)
        self._lengths.append(length)
        episodes = len(self._lengths)
        stopped = False
        if self._callback is not None:
            record = (episodes, steps, discounted_return, length)
            stopped = bool(self._callback(EpisodeEnd(*record, self.tables, self.counts)))
        return stopped or episodes == self._budget.episodes or steps == self._budget.steps

    def step_numbers(self, label: str | None) -> AbstractContextManager[Iterable[int]]:
        """Count the steps 1, 2, ... of the budget, under a progress bar where there is a label."""
        steps = self._budget.steps
        numbers = itertools.count(1) if steps is None else range(1, steps + 1)
        if label is None:
            return nullcontext(numbers)
        return closing(
            with_progress(numbers, lambda n: self._budget.share(n, len(self._lengths)), label)
        )

    def result(self, algorithm: str, seed: int, steps: int) -> LearningResult:
        """Return what was learnt, as arrays."""
        return LearningResult(
            algorithm=algorithm,
            gamma=self.gamma,
            seed=seed,
            q=mean_table(self.tables),
            visits=np.array(self.counts, dtype=np.int64).sum(axis=0),
            returns=np.array(self._returns, dtype=np.float64),
            lengths=np.array(self._lengths, dtype=np.int64),
            steps=steps,
        )
