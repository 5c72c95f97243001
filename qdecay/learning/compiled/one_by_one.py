"""Many runs on one model, one after another, without returning to Python in between."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.one_step import EPISODES, GOING_ON, STATUS, STEPS, Settings, begin

OVER = -1  # the status of a memory whose run has been recorded


class Batch(NamedTuple):
    """N runs that differ in gamma and seed, and their recorded results.

    Attributes:
        gammas, learners, worlds: of each run, shapes (N,), (N, 4) and (N, 4).
        start_values: what q holds at first, shape (S * A,).
        pairs: the state-action pairs whose values are recorded, all of one state, shape (A,).
        steps, episodes: the budget of each run.
        values: the recorded values in each table, shape (tables, N, A).
        places: where each run ended, shape (N, 6); see `kernels`.
        over: how many runs are over, shape (1,).
    """

    gammas: NDArray[np.float64]
    learners: NDArray[np.uint64]
    worlds: NDArray[np.uint64]
    start_values: NDArray[np.float64]
    pairs: NDArray[np.int64]
    steps: int
    episodes: int
    values: NDArray[np.float64]
    places: NDArray[np.int64]
    over: NDArray[np.int64]


@cache
def one_by_one(learn: Any) -> Any:
    """Return the loop over runs of the compiled loop `learn`."""

    @compiled
    def learn_batch(
        dynamics: Any, settings: Any, memory: Any, batch: Any, returns: Any, lengths: Any, most: int
    ) -> None:
        """Continue until all runs are over or about `most` steps are taken.

        `returns` and `lengths` are scratch space.
        """
        place, run, taken = memory.place, batch.over[0], 0
        while run < len(batch.gammas) and taken < most:
            if place[STATUS] == OVER:
                begin(memory, batch.start_values, batch.learners[run], batch.worlds[run])
                taken += memory.q.size  # a new table costs time too
            fixed = Settings(
                batch.gammas[run],
                settings.epsilon,
                settings.step_size,
                settings.limit,
                settings.wanted,
                settings.trace_decay,
                settings.noise,
                settings.timed,
            )
            before = place[STEPS]
            room = min(len(returns), batch.episodes - place[EPISODES])
            last = min(batch.steps, before + most - taken)
            learn(dynamics, fixed, memory, returns[:room], lengths[:room], last)
            taken += place[STEPS] - before
            over = place[STEPS] == batch.steps or place[EPISODES] == batch.episodes
            if over or place[STATUS] != GOING_ON:
                for k in range(len(place)):
                    batch.places[run, k] = place[k]
                for table in range(len(batch.values)):
                    for k in range(len(batch.pairs)):
                        batch.values[table, run, k] = memory.q[table, batch.pairs[k]]
                place[STATUS] = OVER
                run += 1
        batch.over[0] = run

    return learn_batch
