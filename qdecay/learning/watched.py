"""How long a learner takes until its greedy choice in one state is right for good."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay.learning.compiled import one_step
from qdecay.learning.compiled.seeding import agent_words
from qdecay.learning.compiled.watching import NEVER, is_right, watching
from qdecay.learning.learner import Learner
from qdecay.learning.model_run import STEPS_AT_ONCE, ModelSettings, outgrew
from qdecay.learning.run import Budget, RunSettings
from qdecay.learning.schedules import Schedule
from qdecay.model.base import FiniteMDP

_SLOWER = 4  # a watched step takes up to this many times as long as another one


def steps_until_right(
    learner: Learner,
    mdp: FiniteMDP,
    gamma: RealLike,
    state: int,
    right: Collection[int],
    *,
    steps: int,
    epsilon: RealLike | Schedule,
    step_size: RealLike | Schedule,
    initial_value: ArrayLike,
    seed: int,
    start: int | ArrayLike,
    max_episode_steps: int | None,
    deadline: Deadline,
) -> int | None:
    """Return the step after which all greedy actions of `state` are among `right` to the end.

    0 if they always are; None if they are not after the last step. The run equals that of
    `learner(mdp, gamma, ...)` with the same arguments, bit for bit.

    Raises:
        OverflowError: a value outgrew the floats.
        BudgetExceeded: the time is up.
    """
    settings = RunSettings.read(learner.name, gamma, seed, Budget(steps, None), epsilon, step_size)
    model = ModelSettings.read(mdp, settings, initial_value, start, max_episode_steps)
    algorithm = learner.algorithm(model.start_values.size)
    fixed, memory = model.fixed(algorithm, settings), model.memory(algorithm)
    (agent,), (world,) = agent_words([settings.seed])
    one_step.begin(memory, model.start_values.ravel(), agent, world)
    flags = np.zeros(mdp.n_actions, dtype=np.bool_)
    flags[list(right)] = True
    since = np.array([0 if is_right(memory.q, state, flags) else NEVER])
    watch = watching(algorithm.compiled(mdp.n_actions, fixed))
    record = np.empty(1), np.empty(1, dtype=np.int64)
    taken = 0
    while taken < steps:
        if deadline.left < 0:
            raise deadline.exceeded(f"{taken:,} steps were made")
        last = min(steps, taken + STEPS_AT_ONCE // _SLOWER)
        watch(model.dynamics, fixed, memory, state, flags, since, *record, last)
        if memory.place[one_step.STATUS] == one_step.NOT_FINITE:
            raise outgrew(memory.place)
        taken = int(memory.place[one_step.STEPS])
    return None if since[0] == NEVER else int(since[0])
