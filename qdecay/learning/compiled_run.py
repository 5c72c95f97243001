"""A run on a known model: compiled code in pieces, so that it can be watched and interrupted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

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
_EPISODES_AT_ONCE = 1 << 18  # a call costs as much as some thousand steps
_NO_BUDGET = 1 << 62


def learn_model(
    model: Dynamics,
    start_values: NDArray[np.float64],
    learner: Learner,
    settings: RunSettings,
    max_episode_steps: int | None,
) -> LearningResult:
    """Do what `tabular` does on the `ModelEnv` of this model, with such a time limit."""
    wanted = [(*pair, visits) for pair, visits in settings.budget.visits.items()]
    fixed = kernels.Settings(
        settings.gamma,
        coded(settings.epsilon),
        coded(settings.step_size),
        max_episode_steps or 0,
        np.array(wanted, dtype=np.int64).reshape(-1, 3),
    )
    memory = _memory(start_values, learner.n_tables, settings.seed)
    learn = learner.compiled(start_values.shape[1], fixed)
    records = _go_on(learn, model, fixed, memory, settings)
    return LearningResult(
        algorithm=settings.algorithm,
        gamma=settings.gamma,
        seed=settings.seed,
        q=mean_table(tuple(memory.q[: learner.n_tables])),
        visits=memory.visits.sum(axis=0),
        returns=_joined([returns for returns, _ in records]),
        lengths=_joined([lengths for _, lengths in records]),
        steps=int(memory.place[kernels.STEPS]),
    )


def _memory(start_values: NDArray[np.float64], n_tables: int, seed: int) -> kernels.Memory:
    tables = [start_values] if n_tables == 1 else [start_values, start_values, 2 * start_values]
    visits = np.zeros((n_tables, *start_values.shape), dtype=np.int64)
    place = np.array([kernels.NOT_BEGUN, -1, 0, 0, 0, kernels.GOING_ON])
    return kernels.Memory(np.array(tables), visits, *agent_words(seed), place, np.array([0.0, 1.0]))


_Record = tuple[NDArray[np.float64], NDArray[np.int64]]


def _go_on(
    learn: Callable[..., int],
    model: Dynamics,
    fixed: kernels.Settings,
    memory: kernels.Memory,
    settings: RunSettings,
) -> list[_Record]:
    """Run to the end, and return the returns and lengths of the episodes in pieces."""
    budget, place = settings.budget, memory.place
    last_step, last_episode = budget.steps or _NO_BUDGET, budget.episodes or _NO_BUDGET
    at_once = 1 if settings.callback else _EPISODES_AT_ONCE
    records: list[_Record] = []
    over = False
    with _bar(settings) as bar:
        while not over:
            steps, episodes = int(place[kernels.STEPS]), int(place[kernels.EPISODES])
            room = min(at_once, last_episode - episodes, last_step - steps)
            returns, lengths = np.empty(room), np.empty(room, dtype=np.int64)
            stop = min(last_step, steps + _STEPS_AT_ONCE)
            ended = learn(model, fixed, memory, returns, lengths, stop)
            steps, episodes = int(place[kernels.STEPS]), int(place[kernels.EPISODES])
            if place[kernels.STATUS] == kernels.NOT_FINITE:
                raise OverflowError(
                    f"step {steps}, state {place[kernels.STATE]}, action {place[kernels.ACTION]}: "
                    f"the value outgrew the floats; lower gamma or the rewards"
                )
            records.append(_piece(returns, lengths, ended))
            over = steps == last_step or episodes == last_episode
            over = over or place[kernels.STATUS] == kernels.VISITED
            if settings.callback and ended:
                record = (episodes, steps, float(returns[0]), int(lengths[0]))
                tables = memory.q[: len(memory.visits)]
                end = EpisodeEnd(*record, tuple(tables), tuple(memory.visits))
                over = bool(settings.callback(end)) or over
            if bar is not None:
                bar.show(budget.share(steps, episodes))
    return records


def _bar(settings: RunSettings) -> AbstractContextManager[Bar | None]:
    return Bar(settings.algorithm) if settings.progress else nullcontext()


def _piece(returns: NDArray[np.float64], lengths: NDArray[np.int64], ended: int) -> _Record:
    """Return what was recorded; a copy where most of the room would be kept for nothing."""
    if 2 * ended > len(returns):
        return returns[:ended], lengths[:ended]
    return returns[:ended].copy(), lengths[:ended].copy()


def _joined(pieces: list[Any]) -> Any:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
