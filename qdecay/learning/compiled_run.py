"""A run on a known model: compiled code in pieces, so that it can be watched and interrupted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import NDArray

from qdecay.learning import kernels
from qdecay.learning.learner import Learner
from qdecay.learning.primitives import coded
from qdecay.learning.progress import Bar
from qdecay.learning.result import EpisodeEnd, LearningResult, mean_table
from qdecay.learning.run import RunSettings
from qdecay.learning.sampling import Dynamics
from qdecay.learning.streams import agent_words

_STEPS_AT_ONCE = 1 << 22  # some 50 ms: how long an interrupt or a bar may have to wait
_ROOM, _LEAP = 1 << 16, 1 << 21  # episodes
_NO_BUDGET = 1 << 62


def learn_model(
    model: Dynamics,
    start_values: NDArray[np.float64],
    learner: Learner,
    settings: RunSettings,
    max_episode_steps: int | None,
) -> LearningResult:
    """Do what `tabular` does on the `ModelEnv` of this model, with such a time limit."""
    n_actions = start_values.shape[1]
    wanted = [(s * n_actions + a, visits) for (s, a), visits in settings.budget.visits.items()]
    fixed = kernels.Settings(
        settings.gamma,
        coded(settings.epsilon),
        coded(settings.step_size),
        max_episode_steps or 0,
        np.array(wanted, dtype=np.int64).reshape(-1, 2),
    )
    memory = _memory(start_values, learner.n_tables, settings.seed)
    learn = learner.compiled(n_actions, fixed)
    returns, lengths = _go_on(learn, model, fixed, memory, settings)
    return LearningResult(
        algorithm=settings.algorithm,
        gamma=settings.gamma,
        seed=settings.seed,
        q=mean_table(tuple(memory.q[: learner.n_tables])).reshape(start_values.shape),
        visits=memory.visits.sum(axis=0).reshape(start_values.shape),
        returns=returns,
        lengths=lengths,
        steps=int(memory.place[kernels.STEPS]),
    )


def _memory(start_values: NDArray[np.float64], n_tables: int, seed: int) -> kernels.Memory:
    values = start_values.ravel()
    tables = [values] if n_tables == 1 else [values, values, 2 * values]
    visits = np.zeros((n_tables, values.size), dtype=np.int64)
    place = np.array([kernels.NOT_BEGUN, -1, 0, 0, 0, kernels.GOING_ON])
    return kernels.Memory(np.array(tables), visits, *agent_words(seed), place, np.array([0.0, 1.0]))


class _Episodes:
    """The returns and lengths of the episodes that ended.

    Their arrays begin with one large leap, then double: what is not written to costs no memory,
    while a copy costs as much as the episodes themselves where these are short.
    """

    def __init__(self, most: int) -> None:
        """Make room for some of at most `most` episodes."""
        self._most, self.ended = most, 0
        self._returns, self._lengths = _record(min(most, _ROOM))

    def room(self, wanted: int) -> _Record:
        """Return places for 1 to `wanted` further episodes, at least one of them."""
        old, size = (self._returns, self._lengths), len(self._returns)
        if self.ended == size:
            self._returns, self._lengths = _record(min(self._most, max(_LEAP, 2 * size)))
            self._returns[:size], self._lengths[:size] = old
        free = slice(self.ended, self.ended + wanted)
        return self._returns[free], self._lengths[free]

    def all(self) -> _Record:
        """Return them, and give back the room that is left."""
        for array in (self._returns, self._lengths):
            array.resize(self.ended, refcheck=False)
        return self._returns, self._lengths


_Record = tuple[NDArray[np.float64], NDArray[np.int64]]


def _record(size: int) -> _Record:
    return np.empty(size), np.empty(size, dtype=np.int64)


def _go_on(
    learn: Callable[..., int],
    model: Dynamics,
    fixed: kernels.Settings,
    memory: kernels.Memory,
    settings: RunSettings,
) -> _Record:
    """Run to the end, and return the returns and lengths of the episodes."""
    budget, place = settings.budget, memory.place
    last_step, last_episode = budget.steps or _NO_BUDGET, budget.episodes or _NO_BUDGET
    record = _Episodes(min(last_episode, last_step))
    over = False
    with _bar(settings) as bar:
        while not over:
            returns, lengths = record.room(1 if settings.callback else last_episode)
            stop = min(last_step, int(place[kernels.STEPS]) + _STEPS_AT_ONCE)
            ended = learn(model, fixed, memory, returns, lengths, stop)
            steps, episodes = int(place[kernels.STEPS]), int(place[kernels.EPISODES])
            if place[kernels.STATUS] == kernels.NOT_FINITE:
                raise OverflowError(
                    f"step {steps}, state {place[kernels.STATE]}, action {place[kernels.ACTION]}: "
                    f"the value outgrew the floats; lower gamma or the rewards"
                )
            record.ended = episodes
            over = steps == last_step or episodes == last_episode
            over = over or place[kernels.STATUS] == kernels.VISITED
            if settings.callback and ended:
                shown = (episodes, steps, float(returns[0]), int(lengths[0]))
                by_state = (len(memory.visits), *model.actions.shape)
                tables = memory.q[: len(memory.visits)].reshape(by_state)
                end = EpisodeEnd(*shown, tuple(tables), tuple(memory.visits.reshape(by_state)))
                over = bool(settings.callback(end)) or over
            if bar is not None:
                bar.show(budget.share(steps, episodes))
    return record.all()


def _bar(settings: RunSettings) -> AbstractContextManager[Bar | None]:
    return Bar(settings.algorithm) if settings.progress else nullcontext()
