"""Many gammas taught by the recorded steps of an environment, made once; no model is needed.

Behaviour is uniform over the actions, and every rule learns from it as from the streams on a model;
see `shared_values`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdecay._support import memory
from qdecay._support.checks import RealLike, count, real, reals, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, ignore
from qdecay.learning.arguments import (
    Env,
    available_actions,
    discrete_spaces,
    duration_in,
    index_reader,
)
from qdecay.learning.compiled.many import Steps, replay
from qdecay.learning.discrete_env import as_discrete, names_of
from qdecay.learning.schedules import Schedule
from qdecay.learning.shared_streams import (
    Snapshots,
    Update,
    new_stream,
    require_memory,
    row_of,
    run_streams,
)
from qdecay.learning.streams import further_words
from qdecay.learning.tabular import choose, not_finite, uniform_numbers
from qdecay.model.info import ModelInfo

_BYTES = 37  # of a step
_LOOK_EVERY = 256  # steps


@dataclass(frozen=True, eq=False)
class Recording:
    """The steps of an environment under uniform behaviour.

    Attributes:
        seed: of the agent that acted.
        state, action, reward, next_state, terminated, duration: of each step, shape (N,). Where an
            episode was truncated, the next step begins in another state than `next_state`.
        available: the actions that each state has, shape (S, A).
        info: the environment's name, and those of its states and actions.
    """

    seed: int
    state: NDArray[np.int64]
    action: NDArray[np.int64]
    reward: NDArray[np.float64]
    next_state: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    duration: NDArray[np.int32]
    available: NDArray[np.bool_]
    info: ModelInfo


def record(
    env: Env,
    seed: int,
    steps: int,
    *,
    report: OnProgress = ignore,
    deadline: Deadline | None = None,
) -> Recording:
    """Step an environment with uniformly random actions, as the learners do with epsilon = 1.

    Args:
        env: its spaces are discrete or have several discrete parts; it is reset, not closed.
        seed: of the agent, >= 0; the steps are those of `q_learning(env, epsilon=1, seed=seed)`.
        steps: how many; >= 1.
        report: receives the number of steps made.
        deadline: of the call.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: an argument is outside its range, a space is not discrete, or the environment
            returns a reward that is not finite or an unknown observation.
        MemoryError: the steps would not fit in the machine's memory.
        BudgetExceeded: the time is up.
    """
    seed, steps = whole(seed, "seed", 0), count(steps, "steps")
    memory.require(_BYTES * steps, f"{steps} recorded steps")
    env = as_discrete(env)
    made = Recording(
        seed=seed,
        state=np.empty(steps, np.int64),
        action=np.empty(steps, np.int64),
        reward=np.empty(steps),
        next_state=np.empty(steps, np.int64),
        terminated=np.empty(steps, np.bool_),
        duration=np.empty(steps, np.int32),
        available=available_actions(env),
        info=ModelInfo.of_env(env, *names_of(env)),
    )
    _fill(made, env, report, deadline or Deadline())
    return made


def _fill(made: Recording, env: Env, report: OnProgress, deadline: Deadline) -> None:
    observations, action_space = discrete_spaces(env)
    index_of, first_action = index_reader(observations), int(action_space.start)
    able = [np.flatnonzero(row).tolist() for row in made.available]
    reset_seed, uniform = uniform_numbers(made.seed)
    steps = len(made.state)
    report(Progress(0, steps, "steps"))
    state = index_of(env.reset(seed=reset_seed)[0])
    for n in range(steps):
        action = choose([], able[state], 1.0, uniform)
        observation, reward, terminated, truncated, info = env.step(first_action + action)
        reward, next_state = float(reward), index_of(observation)
        if not np.isfinite(reward):
            raise not_finite(n + 1, state, action, reward)
        made.state[n], made.action[n], made.reward[n] = state, action, reward
        made.next_state[n], made.terminated[n] = next_state, terminated
        made.duration[n] = duration_in(info, n + 1)
        state = next_state
        if terminated or truncated:
            state = index_of(env.reset()[0])
        if (n + 1) % _LOOK_EVERY == 0:
            report(Progress(n + 1, steps, "steps"))
            if deadline.left < 0:
                raise deadline.exceeded(f"{n + 1:,} of {steps:,} steps are recorded")
    report(Progress(steps, steps, "steps"))


def recorded_values(
    recording: Recording,
    state: int,
    grid: NDArray[np.float64],
    *,
    rule: str,
    epsilon: RealLike,
    step_size: RealLike | Schedule,
    average_from: RealLike = 1.0,
    report: OnProgress = ignore,
    deadline: Deadline | None = None,
) -> NDArray[np.float64]:
    """Return the values of a state's actions that the gammas learn from the recorded steps.

    The steps and what is drawn do not depend on the gammas: a recording may be replayed with
    closer ones. Q-learning and, at epsilon = 1, Expected SARSA agree bit for bit with their
    learners on the environment; the others draw further random numbers.

    Args:
        recording: the steps.
        state, rule, epsilon, step_size, average_from: as `shared_values` takes them.
        grid: the gammas, shape (G,), each in [0, 1].
        report: receives the number of steps learned from.
        deadline: of the call.

    Returns: shape (T, A, G), as `shared_values` returns for each seed.

    Raises:
        TypeError, ValueError, MemoryError, OverflowError, BudgetExceeded, KeyboardInterrupt: as
            `shared_values` does.
    """
    available, steps = recording.available, len(recording.state)
    state = whole(state, "state", 0, len(available) - 1)
    update, gammas = Update.read(rule, step_size, epsilon), reals(grid, "gammas", "[0, 1]")
    share = real(average_from, "average_from", "[0, 1]")
    require_memory(available.shape, len(gammas), 1, update.n_tables)
    start_values = np.where(available, 0.0, -np.inf)
    words = further_words(recording.seed)
    durations, lasts = np.unique(recording.duration, return_inverse=True)
    both = (words, words.copy())
    stream = new_stream(start_values, update.n_tables, gammas, both, durations.astype(np.int64))
    row = Snapshots(
        row_of(stream.q, state, update.n_tables, len(gammas)), steps, share, update.step_size
    )
    taken = Steps(
        recording.state,
        recording.action,
        recording.reward,
        np.where(recording.terminated, ~recording.next_state, recording.next_state),
        lasts.astype(np.int32),
        np.argsort(~available, axis=1, kind="stable"),
        available.sum(axis=1),
    )
    learn, settings = replay(rule, available.shape[1]), update.settings()
    run_streams(
        lambda stream, last: learn(taken, settings, stream, last),
        [stream],
        steps,
        1,
        report,
        deadline or Deadline(),
        [row],
    )
    return row.mean()
