"""What a learner returns: at the end of a run, and at the end of every episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.one_line import one_line
from qdecay._support.result import Record, counted, frame
from qdecay._support.shown import shortest
from qdecay._support.viewed import Plotted
from qdecay.model.info import ModelResult

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LearningResult(ModelResult, Plotted):
    """The values that one run learned, and how its episodes went.

    Attributes:
        algorithm: name of the learner.
        gamma: discount per step.
        seed: the seed that reproduces the run.
        q: learned values, shape (S, A), in reward units.
        visits: updates of each state and action, shape (S, A).
        returns: discounted return of each finished episode, the sum of gamma**k * reward over its
            actions, with k the steps of time before each.
        lengths: number of actions of each finished episode, however long they take.
        steps: all steps taken, including those of an unfinished last episode.
    """

    SCHEMA: ClassVar[str] = "qdecay.learning-result/1"

    algorithm: str
    gamma: float
    seed: int
    q: NDArray[np.float64]
    visits: NDArray[np.int64]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    steps: int

    def _shown(self) -> str:
        where = f" on {one_line(self.name)}" if self.name else ""
        start = self.info.start
        value = "" if start is None else f", value {self.q[start].max():.4g} at the start"
        return (
            f"{self.algorithm}{where} at gamma {shortest(self.gamma)}, seed {self.seed}: "
            f"{counted(self.steps, 'step')}, {counted(self.episodes, 'episode')}{value}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the learning curve, a row per finished episode: its return and its length."""
        numbers = np.arange(1, self.episodes + 1)
        return frame({"return": self.returns, "length": self.lengths}, episode=numbers)

    @property
    def episodes(self) -> int:
        """Number of finished episodes."""
        return len(self.lengths)

    @property
    def greedy(self) -> NDArray[np.bool_]:
        """The actions of largest learned value in each state, shape (S, A)."""
        best: NDArray[np.bool_] = self.q == self.q.max(axis=1, keepdims=True)
        return best

    @property
    def policy(self) -> NDArray[np.int64]:
        """The greedy action of lowest index in each state, shape (S,)."""
        first: NDArray[np.int64] = self.q.argmax(axis=1)
        return first


@dataclass(frozen=True, eq=False, repr=False)
class EpisodeEnd(Record):
    """What a callback receives when an episode has ended.

    Attributes:
        episodes: finished episodes so far, including this one.
        steps: steps so far.
        discounted_return: of this episode, as in `LearningResult.returns`.
        length: steps of this episode.
    """

    episodes: int
    steps: int
    discounted_return: float
    length: int
    _tables: Sequence[Any] = field(repr=False)  # lists of rows, or an array of each table
    _counts: Sequence[Any] = field(repr=False)

    def q(self) -> NDArray[np.float64]:
        """Return a copy of the values learned so far, shape (S, A)."""
        return mean_table(self._tables)

    def visits(self, state: int) -> tuple[int, ...]:
        """Return how often each action of `state` has been updated so far, in all tables."""
        rows = (counts[state] for counts in self._counts)
        return tuple(int(sum(each)) for each in zip(*rows, strict=True))


def mean_table(tables: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Return the mean of one or two tables of values as an array, shape (S, A)."""
    first, last = np.array(tables[0]), np.array(tables[-1])
    return first if len(tables) == 1 else (first + last) * 0.5
