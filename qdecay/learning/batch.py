"""Many runs on one model that differ in gamma and seed, bit for bit as if run one at a time.

Shared arguments are checked and prepared once, and compiled code proceeds from run to run, so that
short runs cost little more than their steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import RealLike, listed, reals, whole
from qdecay.learning import model_run
from qdecay.learning.compiled import one_step
from qdecay.learning.compiled.one_by_one import OVER, Batch, one_by_one
from qdecay.learning.compiled.seeding import agent_words
from qdecay.learning.learner import Learner
from qdecay.learning.result import mean_table
from qdecay.learning.run import Budget, RunSettings
from qdecay.learning.schedules import Schedule
from qdecay.model.door import Problem, as_model

_ROOM = 1 << 10  # episodes: their records are discarded, and this many stay in the cache


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What N runs learned about their start state, and how long they were.

    Attributes:
        values: q of the start state in reward units, shape (N, A); NaN after an error.
        steps, episodes: steps and finished episodes of each run, shape (N,).
        errors: the `OverflowError` of each run that ended with one, by the index of the run.
        seconds: how long all runs took, excluding the time to load or compile code.
    """

    values: NDArray[np.float64]
    steps: NDArray[np.int64]
    episodes: NDArray[np.int64]
    errors: Mapping[int, OverflowError]
    seconds: float


def learn_batch(
    learner: Learner,
    problem: Problem,
    gammas: Sequence[RealLike],
    seeds: Sequence[int],
    *,
    start: int,
    steps: int | None = None,
    episodes: int | None = None,
    visits: Mapping[tuple[int, int], int] | None = None,
    epsilon: RealLike | Schedule = 0.1,
    step_size: RealLike | Schedule = 0.1,
    initial_value: ArrayLike = 0.0,
    max_episode_steps: int | None = None,
    reward_noise: RealLike = 0.0,
) -> BatchResult:
    """Run `learner(problem, gamma, seed=seed, ...)` for each of N >= 1 pairs of gamma and seed.

    It takes the arguments of a learner and raises the same errors, except that a run whose values
    overflow is reported in the result.

    >>> from qdecay import ChainLayout, q_learning
    >>> line = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    >>> found = learn_batch(q_learning, line, [0.4, 0.6], [1, 2], start=0, episodes=999, epsilon=1)
    >>> found.values.argmax(axis=1).tolist()
    [0, 1]
    """
    mdp = as_model(problem)
    state = mdp.state_index(start, "start")
    grid = reals(listed(gammas, "gammas"), "gammas", "[0, 1]")
    agents = [whole(seed, "each of seeds", 0) for seed in listed(seeds, "seeds")]
    if len(grid) != len(agents):
        raise ValueError(f"each gamma needs its seed, got {len(grid)} and {len(agents)} of them")
    budget = Budget(steps, episodes, {} if visits is None else visits)
    greatest = float(grid.max())
    settings = RunSettings.read(learner.name, greatest, agents[0], budget, epsilon, step_size)
    model = model_run.ModelSettings.read(
        mdp, settings, initial_value, state, max_episode_steps, reward_noise
    )
    algorithm = learner.algorithm(model.start_values.size)
    loop = loaded(algorithm, model, settings)
    began = time.perf_counter()
    batch = new_batch(algorithm, model, settings.budget, grid, agents, state)
    loop(batch)
    failed = np.flatnonzero(batch.places[:, one_step.STATUS] == one_step.NOT_FINITE).tolist()
    batch.values[:, failed] = np.nan
    return BatchResult(
        mean_table(tuple(batch.values)),
        batch.places[:, one_step.STEPS],
        batch.places[:, one_step.EPISODES],
        {run: model_run.outgrew(batch.places[run]) for run in failed},
        time.perf_counter() - began,
    )


def new_batch(
    algorithm: model_run.Algorithm,
    model: model_run.ModelSettings,
    budget: Budget,
    gammas: ArrayLike,
    seeds: Sequence[int],
    state: int,
) -> Batch:
    """Return N runs that have not begun, with the values of one state as output."""
    size, n_actions = len(seeds), model.start_values.shape[1]
    return Batch(
        np.array(gammas, dtype=np.float64),
        *agent_words(seeds),
        model.start_values.ravel(),
        np.arange(state * n_actions, (state + 1) * n_actions),
        budget.steps or model_run.NO_BUDGET,
        budget.episodes or model_run.NO_BUDGET,
        np.empty((algorithm.n_tables, size, n_actions)),
        np.empty((size, 6), dtype=np.int64),
        np.array([0]),
    )


def loaded(
    algorithm: model_run.Algorithm, model: model_run.ModelSettings, settings: RunSettings
) -> Callable[[Batch], None]:
    """Return a function that works through a batch in pieces short enough to interrupt between."""
    fixed, memory = model.fixed(algorithm, settings), model.memory(algorithm)
    memory.place[one_step.STATUS] = OVER
    loop = one_by_one(algorithm.compiled(model.start_values.shape[1], fixed))
    returns, lengths = np.empty(_ROOM), np.empty(_ROOM, dtype=np.int64)

    def go_on(batch: Batch, at_once: int) -> None:
        loop(model.dynamics, fixed, memory, batch, returns, lengths, at_once)

    def go_through(batch: Batch) -> None:
        while batch.over[0] < len(batch.gammas):
            go_on(batch, model_run.STEPS_AT_ONCE)

    if not loop.signatures:
        go_on(new_batch(algorithm, model, settings.budget, [0.0], [0], 0), 0)
    return go_through
