"""Q-learning for many gammas at once, all from the same behaviour.

Q-learning is off-policy: the same steps teach it the optimal values of every gamma, if all
actions go on being tried. One stream per seed updates the values of all gammas at each step:

    q[g, s, a] <- q[g, s, a] + alpha * (r + gamma_g * max_b q[g, t, b] - q[g, s, a])

and no update depends on another gamma, so the threshold at which the learned greedy action
flips can be found to any width: the stream is replayed with ever closer gammas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support.checks import RealLike, count, real
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, reporting
from qdecay._support.result import counted, frame
from qdecay._support.shown import shortest
from qdecay.errors import BudgetExceeded
from qdecay.learning.flips import REPLAY, Bracket, LearnedFlip, brackets_of, closer, grouped
from qdecay.learning.schedules import Schedule
from qdecay.learning.shared_streams import (
    BehaviourLike,
    StreamSettings,
    Update,
    checked_gammas,
    checked_seeds,
    model_stream,
    n_threads,
    require_memory,
    run_streams,
)
from qdecay.model.base import FiniteMDP, state_index
from qdecay.model.door import Problem, as_model
from qdecay.model.info import ModelInfo, ModelResult

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class ManyResult(ModelResult):
    """What every gamma learned from every seed's stream.

    Attributes:
        gammas: shape (G,).
        seeds: N of them.
        q: learned values in reward units, shape (G, N, S, A); -inf where unavailable.
        visits: updates of each state and action, shape (N, S, A).
        steps: steps of each stream.
    """

    SCHEMA: ClassVar[str] = "qdecay.many-result/1"

    gammas: NDArray[np.float64]
    seeds: tuple[int, ...]
    q: NDArray[np.float64]
    visits: NDArray[np.int64]
    steps: int

    def _shown(self) -> str:
        ends = f"{shortest(self.gammas.min())} to {shortest(self.gammas.max())}"
        return self._titled(
            f"{counted(self.q.shape[2], 'state')}, {counted(len(self.gammas), 'gamma')} from "
            f"{ends}, {counted(len(self.seeds), 'seed')}, {counted(self.steps, 'step')} each"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per gamma, seed and state, with the state's value and greedy action."""
        gamma, seed, state = np.indices(self.q.shape[:3]).reshape(3, -1)
        return frame(
            {
                "gamma": self.gammas[gamma],
                "seed": np.array(self.seeds)[seed],
                "state": self._states(state),
                "value": self.q.max(axis=3).ravel(),
                "action": self._actions(self.policy.ravel()),
            }
        )

    @property
    def policy(self) -> NDArray[np.int64]:
        """The greedy action of lowest index, shape (G, N, S)."""
        first: NDArray[np.int64] = self.q.argmax(axis=3)
        return first

    def flips(self, state: int | str) -> tuple[LearnedFlip, ...]:
        """Return where the greedy action of `state` flips, as midpoints of neighbouring gammas.

        `learned_thresholds` finds them more precisely.
        """
        state = state_index(state, self.q.shape[2], self.state_names)
        order = np.argsort(self.gammas)
        chosen = self.q[order, :, state].argmax(axis=2)
        gammas = self.gammas[order].tolist()
        return grouped([brackets_of(gammas, row.tolist()) for row in chosen.T], self.info)


def q_learning_many(
    problem: Problem,
    gammas: Sequence[RealLike],
    seeds: Sequence[int],
    *,
    steps: int,
    behaviour: BehaviourLike = "uniform",
    step_size: RealLike | Schedule = 0.1,
    initial_value: ArrayLike = 0.0,
    start: int | ArrayLike | None = None,
    max_episode_steps: int | None = None,
    threads: int | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> ManyResult:
    """Learn the values of every gamma from one stream of steps per seed.

    With uniform behaviour each entry of the result equals, bit for bit, that of `q_learning` with
    epsilon = 1 at the same gamma and seed. With `EpsilonGreedy(gamma, epsilon)` the entries of
    that gamma equal those of `q_learning` with that epsilon.

    Args:
        problem: a model, or anything that `qdecay.as_mdp` accepts; an environment's table is read.
        gammas: G >= 1 discounts per step, each in [0, 1].
        seeds: N >= 1 distinct integers >= 0.
        steps: steps of each stream; >= 1.
        behaviour: "uniform" over the available actions, `EpsilonGreedy`, or the probability of each
            action in each state, shape (S, A), of which one random number draws one.
        step_size, initial_value, start, max_episode_steps: as `q_learning` takes them.
        threads: streams that run at once; None means one per core. Results do not depend on it.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` now and then.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: an argument is outside its range, a list is empty, or gamma = 1 and the
            model's rewards have no end.
        MemoryError: the values would not fit in the machine's memory; nothing was allocated.
        OverflowError: a value outgrew the floats.
        BudgetExceeded: max_seconds ran out; nothing is kept.
        KeyboardInterrupt: Ctrl-C; all streams stop, and the message says how far they got.

    >>> from qdecay import MDP, ChainLayout
    >>> mdp = MDP.from_layout(ChainLayout.choice(stay=[1], move=[0, 0, 4]))
    >>> learned = q_learning_many(mdp, [0.4, 0.49, 0.51], [1, 2], steps=1000, step_size=1.0)
    >>> [round(flip.median, 3) for flip in learned.flips(mdp.start)]
    [0.5]
    """
    mdp = as_model(problem)
    update = Update.read("q_learning", step_size, epsilon=0.0)
    settings = StreamSettings.read(mdp, behaviour, update, initial_value, start, max_episode_steps)
    grid = checked_gammas(mdp, gammas)
    agents = checked_seeds(seeds)
    steps = count(steps, "steps")
    workers = n_threads(threads)
    require_memory(mdp.available.shape, len(grid), len(agents))
    deadline = Deadline(max_seconds)
    streams = [model_stream(settings, grid, agent) for agent in agents]
    with reporting(progress) as report:
        run_streams(settings.advance(), streams, steps, workers, report, deadline)
    q = np.stack([stream.q[:, :, : len(grid)] for stream in streams])
    return ManyResult(
        grid,
        agents,
        np.moveaxis(q, 3, 0),
        np.stack([stream.visits for stream in streams]),
        steps,
        info=ModelInfo.of(mdp, start),
    )


def learned_thresholds(
    problem: Problem,
    gammas: Sequence[RealLike],
    seeds: Sequence[int],
    *,
    steps: int,
    state: int | str | None = None,
    width: RealLike = 1e-6,
    behaviour: BehaviourLike = "uniform",
    step_size: RealLike | Schedule = 0.1,
    initial_value: ArrayLike = 0.0,
    start: int | ArrayLike | None = None,
    max_episode_steps: int | None = None,
    threads: int | None = None,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> tuple[LearnedFlip, ...]:
    """Return where the learned greedy action of a state flips as gamma rises, seed by seed.

    Each stream is replayed, step for step, with gammas ever closer to a flip, until those around it
    are at most `width` apart: every threshold is then within width / 2 of a gamma at which this
    agent flips. Two flips between neighbouring `gammas` go unnoticed.

    Args:
        state: the number or name of the state whose greedy action is examined; None means the start
            state.
        width: largest distance of the gammas around a flip; >= 1e-12.

    The other arguments and the errors are those of `q_learning_many`, except that `best` of a
    `BudgetExceeded` holds the flips found so far, less precise than `width`, or None if no
    stream has finished.
    """
    deadline, mdp = Deadline(max_seconds), as_model(problem)
    update = Update.read("q_learning", step_size, epsilon=0.0)
    settings = StreamSettings.read(mdp, behaviour, update, initial_value, start, max_episode_steps)
    grid = np.unique(checked_gammas(mdp, gammas))
    agents = checked_seeds(seeds)
    steps = count(steps, "steps")
    workers = n_threads(threads)
    watched = _watched(mdp, start, state)
    if len(grid) < 2:
        raise ValueError(f"gammas must contain two or more to flip between, got {grid.tolist()}")
    width = real(width, "width", ">= 1e-12")  # floats can still split an interval of this width
    require_memory(mdp.available.shape, max(len(grid), REPLAY), len(agents))

    grids = dict.fromkeys(agents, grid)
    info = ModelInfo.of(mdp, start)
    found: dict[int, list[Bracket]] = {}
    with reporting(progress) as report:
        while grids:
            streams = [model_stream(settings, own, agent) for agent, own in grids.items()]
            try:
                run_streams(settings.advance(), streams, steps, workers, report, deadline)
            except BudgetExceeded as limit:
                limit.best = grouped(list(found.values()), info) if found else None
                raise
            again = {}
            for (agent, own), stream in zip(grids.items(), streams, strict=True):
                chosen = stream.q[watched, :, : len(own)].argmax(axis=0)
                found[agent] = brackets_of(own.tolist(), chosen.tolist())
                if any(bracket.high - bracket.low > width for bracket in found[agent]):
                    again[agent] = closer(found[agent], width)
            grids = again
    return grouped(list(found.values()), info)


def _watched(mdp: FiniteMDP, start: int | ArrayLike | None, state: int | str | None) -> int:
    """Return `state`, or the state that streams start in."""
    if state is None:
        state = mdp.start if start is None else start  # type: ignore[assignment]  # checked here
        if state is None or np.ndim(state):
            raise ValueError("streams start in several states: give state, the one to examine")
    return mdp.state_index(state)
