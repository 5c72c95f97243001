"""What many gammas learn about one state's actions, from one stream per seed.

Behaviour is uniform over pairs of a state and an action: each episode is one step from a drawn
state. The learned values do not depend on it, and every pair continues to be tried. A seed's stream
has the same steps whatever the gammas, so the results differ by gamma alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import RealLike, count, real
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay.learning.schedules import Schedule
from qdecay.learning.shared_streams import (
    Snapshots,
    StreamSettings,
    Update,
    checked_gammas,
    checked_seeds,
    model_stream,
    n_threads,
    require_memory,
    row_of,
    run_streams,
)
from qdecay.model.base import FiniteMDP

Values = NDArray[np.float64]


def shared_values(
    mdp: FiniteMDP,
    state: int,
    grids: Sequence[NDArray[np.float64]],
    seeds: Sequence[int],
    *,
    rule: str,
    epsilon: RealLike,
    steps: int,
    step_size: RealLike | Schedule,
    starts: ArrayLike,
    reward_noise: ArrayLike = 0.0,
    average_from: RealLike = 1.0,
    threads: int | None = None,
    report: OnProgress,
    deadline: Deadline,
) -> list[Values]:
    """Return the values of a state's actions that each seed's gammas learn from its stream.

    The steps are those of the learner of that name with uniform behaviour (epsilon = 1) and
    max_episode_steps = 1. Q-learning and Double Q-learning learn its values, bit for bit. SARSA and
    Expected SARSA learn the values of the policy that is epsilon-greedy on each gamma's own
    values; at epsilon = 1 these too agree with the learner bit for bit.

    Args:
        mdp: the model.
        state: the state whose values are returned.
        grids: for each seed its gammas, shape (G,), each in [0, 1].
        seeds: distinct integers >= 0.
        rule: "q_learning", "double_q_learning", "sarsa" or "expected_sarsa".
        epsilon: of the policy that SARSA and Expected SARSA evaluate, in [0, 1].
        steps: steps of each stream; >= 1.
        step_size: alpha in (0, 1]; a schedule counts the updates of a pair in the table.
        starts: the probability of each state at each step, shape (S,).
        reward_noise: standard deviation of normal noise on every reward, or on those of each state,
            shape (S,), in reward units; >= 0.
        average_from: the share of the steps, in [0, 1], after which the values are averaged over
            up to 1,000 snapshots taken regularly; at 1 the last values are returned.
        threads: streams that run at once; None means one per core. Results do not depend on it.
        report: receives the number of steps made.
        deadline: of the call.

    Returns: for each seed an array of shape (T, A, G): the tables of the rule (two of Double
        Q-learning, else one), actions and gammas; -inf where an action is unavailable.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
        MemoryError: the values would not fit in the machine's memory; nothing was allocated.
        OverflowError: a value outgrew the floats.
        BudgetExceeded: the time is up.
        KeyboardInterrupt: Ctrl-C; all streams stop.
    """
    update = Update.read(rule, step_size, epsilon)
    settings = StreamSettings.read(mdp, "uniform", update, 0.0, starts, 1, reward_noise)
    agents, steps = checked_seeds(seeds), count(steps, "steps")
    state = mdp.state_index(state)
    gammas = [checked_gammas(mdp, grid) for grid in grids]
    share = real(average_from, "average_from", "[0, 1]")
    most = max(map(len, gammas))
    require_memory(mdp.available.shape, most, len(agents), update.n_tables)
    streams = [model_stream(settings, *own) for own in zip(gammas, agents, strict=True)]
    rows = [
        Snapshots(
            row_of(stream.q, state, update.n_tables, len(grid)), steps, share, update.step_size
        )
        for stream, grid in zip(streams, gammas, strict=True)
    ]
    advance = settings.advance()
    run_streams(advance, streams, steps, n_threads(threads), report, deadline, rows)
    return [row.mean() for row in rows]
