"""A run on a known model: compiled code in pieces, so that it can be watched and interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import RealLike, count, real
from qdecay._support.progress import reporting
from qdecay.learning.arguments import require_an_end, start_values
from qdecay.learning.compiled import one_step
from qdecay.learning.compiled.primitives import coded
from qdecay.learning.compiled.seeding import agent_words
from qdecay.learning.result import EpisodeEnd, LearningResult, mean_table
from qdecay.learning.run import RunSettings
from qdecay.learning.sampling import Dynamics, dynamics
from qdecay.model.base import FiniteMDP

STEPS_AT_ONCE = 1 << 22  # about 50 ms: the latency of an interrupt or a bar
_ROOM, _LEAP = 1 << 16, 1 << 21  # episodes
NO_BUDGET = 1 << 62


class Algorithm(NamedTuple):
    """What a run on a model needs to know about a learner.

    Attributes:
        compiled: the loop for models with this number of actions and these settings.
        n_tables: how many tables of values it learns, 1 or 2.
        n_kept: how many pairs of the last steps its loop keeps.
        trace_decay: lambda, by which a trace is multiplied at each step, in addition to the
            discount.
    """

    compiled: Callable[[int, one_step.Settings], Callable[..., int]]
    n_tables: int
    n_kept: int
    trace_decay: float


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The arguments of a learner that belong to a model, checked.

    Attributes:
        dynamics: the model, and where episodes start.
        start_values: what q holds at first, shape (S, A).
        limit: the steps after which an episode is truncated; 0 is never.
        noise: standard deviation of normal noise on rewards.
    """

    dynamics: Dynamics
    start_values: NDArray[np.float64]
    limit: int
    noise: float

    @classmethod
    def read(
        cls,
        mdp: FiniteMDP,
        settings: RunSettings,
        initial_value: ArrayLike,
        start: int | ArrayLike | None,
        max_episode_steps: int | None,
        reward_noise: RealLike = 0.0,
    ) -> ModelSettings:
        """Check these arguments and return them."""
        limit = 0 if max_episode_steps is None else count(max_episode_steps, "max_episode_steps")
        settings.budget.require_pairs(mdp.available)
        values = start_values(initial_value, mdp.available)
        sampled = dynamics(mdp, start)
        if settings.gamma == 1:
            require_an_end(mdp)
        noise = real(reward_noise, "reward_noise", ">= 0")
        return cls(sampled, values, limit, noise)

    def fixed(self, algorithm: Algorithm, settings: RunSettings) -> one_step.Settings:
        """Return what does not change during a run, as the compiled loop reads it."""
        n_actions, visits = self.start_values.shape[1], settings.budget.visits
        wanted = [(s * n_actions + a, least) for (s, a), least in visits.items()]
        return one_step.Settings(
            settings.gamma,
            coded(settings.epsilon),
            coded(settings.step_size),
            self.limit,
            np.array(wanted, dtype=np.int64).reshape(-1, 2),
            algorithm.trace_decay,
            self.noise,
            self.dynamics.timed,
        )

    def memory(self, algorithm: Algorithm) -> one_step.Memory:
        """Return the memory of a run, to be filled by `one_step.begin`."""
        return one_step.new_memory(self.start_values.size, algorithm.n_tables, algorithm.n_kept)


def learn_model(
    algorithm: Algorithm, model: ModelSettings, settings: RunSettings
) -> LearningResult:
    """Do what `tabular` does on the `ModelEnv` of this model, with such a time limit."""
    shape = model.start_values.shape
    fixed, memory = model.fixed(algorithm, settings), model.memory(algorithm)
    (agent,), (world,) = agent_words([settings.seed])
    one_step.begin(memory, model.start_values.ravel(), agent, world)
    learn = algorithm.compiled(shape[1], fixed)
    over, (returns, lengths) = _go_on(learn, model.dynamics, fixed, memory, settings)
    result = LearningResult(
        algorithm=settings.algorithm,
        gamma=settings.gamma,
        seed=settings.seed,
        q=mean_table(tuple(memory.q[: algorithm.n_tables])).reshape(shape),
        visits=memory.visits.sum(axis=0).reshape(shape),
        returns=returns,
        lengths=lengths,
        steps=int(memory.place[one_step.STEPS]),
        info=settings.info,
    )
    if not over:
        raise settings.deadline.exceeded(f"{result.steps:,} steps were made", result)
    return result


def outgrew(place: NDArray[np.int64]) -> OverflowError:
    """Return the error of a run that ended with a value that is not a number."""
    return OverflowError(
        f"step {place[one_step.STEPS]}, state {place[one_step.STATE]}, action "
        f"{place[one_step.ACTION]}: the value outgrew the floats; lower gamma or the rewards"
    )


class _Episodes:
    """The returns and lengths of the episodes that ended.

    Their arrays start with one large block, then double: untouched memory costs nothing, while a
    copy costs as much as the episodes themselves if these are short.
    """

    def __init__(self, most: int) -> None:
        """Make room for some of at most `most` episodes."""
        self._most, self.ended = most, 0
        self._returns, self._lengths = _record(min(most, _ROOM))

    def room(self, wanted: int) -> _Record:
        """Return room for further episodes, at least one and at most `wanted`."""
        old, size = (self._returns, self._lengths), len(self._returns)
        if self.ended == size:
            self._returns, self._lengths = _record(min(self._most, max(_LEAP, 2 * size)))
            self._returns[:size], self._lengths[:size] = old
        free = slice(self.ended, self.ended + wanted)
        return self._returns[free], self._lengths[free]

    def all(self) -> _Record:
        """Return them, and free the remaining room."""
        for array in (self._returns, self._lengths):
            array.resize(self.ended, refcheck=False)
        return self._returns, self._lengths


_Record = tuple[NDArray[np.float64], NDArray[np.int64]]


def _record(size: int) -> _Record:
    return np.empty(size), np.empty(size, dtype=np.int64)


def _go_on(
    learn: Callable[..., int],
    model: Dynamics,
    fixed: one_step.Settings,
    memory: one_step.Memory,
    settings: RunSettings,
) -> tuple[bool, _Record]:
    """Run to the end, or until the time is up; return which, and the episodes' records."""
    budget, place = settings.budget, memory.place
    last_step, last_episode = budget.steps or NO_BUDGET, budget.episodes or NO_BUDGET
    record = _Episodes(min(last_episode, last_step))
    over = False
    with reporting(settings.progress) as report:
        report(budget.used(0, 0, settings.algorithm))
        while not over and settings.deadline.left >= 0:
            returns, lengths = record.room(1 if settings.callback else last_episode)
            stop = min(last_step, int(place[one_step.STEPS]) + STEPS_AT_ONCE)
            ended = learn(model, fixed, memory, returns, lengths, stop)
            steps, episodes = int(place[one_step.STEPS]), int(place[one_step.EPISODES])
            if place[one_step.STATUS] == one_step.NOT_FINITE:
                raise outgrew(place)
            record.ended = episodes
            over = steps == last_step or episodes == last_episode
            over = over or place[one_step.STATUS] == one_step.VISITED
            if settings.callback and ended:
                shown = (episodes, steps, float(returns[0]), int(lengths[0]))
                by_state = (len(memory.visits), *model.actions.shape)
                tables = memory.q[: len(memory.visits)].reshape(by_state)
                end = EpisodeEnd(*shown, tuple(tables), tuple(memory.visits.reshape(by_state)))
                over = bool(settings.callback(end)) or over
            if settings.progress:
                report(budget.used(steps, episodes, settings.algorithm))
    return over, record.all()
