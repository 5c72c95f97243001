"""What all learners share: their arguments, and the choice between readable and compiled loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from numpy.typing import ArrayLike

from qdecay._support.checks import RealLike, instance
from qdecay._support.progress import OnProgress
from qdecay.learning.arguments import Env, available_actions, start_values
from qdecay.learning.compiled.one_step import Settings
from qdecay.learning.discrete_env import as_discrete, names_of
from qdecay.learning.model_run import Algorithm, ModelSettings, learn_model
from qdecay.learning.result import LearningResult
from qdecay.learning.run import Budget, Callback, Run, RunSettings
from qdecay.learning.schedules import Schedule
from qdecay.model.base import FiniteMDP
from qdecay.model.door import Problem, as_world
from qdecay.model.info import ModelInfo


class Learner(ABC):
    """A tabular learner; call it to learn.

    Attributes:
        name: name of the algorithm.
        n_tables: how many tables of values it learns, 1 or 2.
        trace_decay: lambda of a learner with traces, which are multiplied by it and the discount at
            each step.
    """

    name: str
    n_tables: int = 1
    trace_decay: float = 0.0

    @abstractmethod
    def interact(self, env: Env, run: Run, settings: RunSettings, numbers: Iterable[int]) -> int:
        """Act and learn until the run is over, and return the number of steps it took."""

    @abstractmethod
    def compiled(self, n_actions: int, settings: Settings) -> Callable[..., int]:
        """Return the compiled loop that does the same."""

    def n_kept(self, n_pairs: int) -> int:
        """Return how many pairs of recent steps the compiled loop keeps, out of `n_pairs`."""
        return 0

    def algorithm(self, n_pairs: int) -> Algorithm:
        """Return this learner's part of a run on a model of `n_pairs` states and actions."""
        return Algorithm(self.compiled, self.n_tables, self.n_kept(n_pairs), self.trace_decay)

    def __call__(
        self,
        problem: Problem,
        gamma: RealLike,
        *,
        steps: int | None = None,
        episodes: int | None = None,
        visits: Mapping[tuple[int, int], int] | None = None,
        epsilon: RealLike | Schedule = 0.1,
        step_size: RealLike | Schedule = 0.1,
        initial_value: ArrayLike = 0.0,
        seed: int = 0,
        callback: Callback | None = None,
        progress: bool | OnProgress = False,
        max_seconds: RealLike | None = None,
        start: int | ArrayLike | None = None,
        max_episode_steps: int | None = None,
        reward_noise: RealLike = 0.0,
    ) -> LearningResult:
        """Learn the values of `problem` by acting in it.

        Args:
            problem: an environment with S `Discrete` observations and A `Discrete` actions, or a
                model. An environment is reset and stepped as it is, and not closed; index 0 of
                the tables is the `start` of the space, and the elements of `Tuple`,
                `MultiDiscrete` and `MultiBinary` spaces of discrete parts are numbered, the last
                part counting fastest. A model is simulated by compiled code; a layout, a
                Gymnasium id and a path are read as models, see `qdecay.as_mdp`.
            gamma: discount per step, no unit, 0 <= gamma <= 1. What follows an action
                that takes d steps (in the model, or by the environment's `info["duration"]`) is
                discounted by gamma**d.
            steps: total number of steps; an action counts once, however long it takes; >= 1.
            episodes: episodes to finish; >= 1.
            visits: maps some (state, action) to a number of updates, >= 1; the run ends with the
                episode in which all of them are reached. At least one of `steps`, `episodes` and
                `visits` is required, and the first to be reached ends the run; with `episodes` or
                `visits` alone it may never end.
            epsilon: exploration rate in [0, 1]; a schedule counts the steps of the run.
            step_size: alpha in (0, 1]; a schedule counts the updates of that state and action.
            initial_value: what q holds at first, finite: a number, or shape (S, A).
            seed: >= 0; the same seed gives the same bits.
            callback: called at the end of every episode; the run ends where it returns True.
            progress: True shows a bar; a function is called with a `Progress` now and then.
            max_seconds: limit of wall time, > 0; None means no limit.
            start: for a model only: the number or name of the start state, or the probability of
                each state, shape (S,); None means the model's own.
            max_episode_steps: for a model only: the steps after which an episode is truncated;
                >= 1, None means never.
            reward_noise: for a model only: the standard deviation of normal noise on every reward,
                in reward units, finite and >= 0.

        Returns: values, visits and the return of every finished episode. Double Q-learning's
            `q` is the mean of its two tables.

        Raises:
            TypeError: an argument is of the wrong kind.
            ValueError: an argument is outside its range, a space is not discrete, gamma = 1
                and a model's rewards have no end, or an environment returns a reward that is
                not finite or an unknown observation.
            OverflowError: a value outgrew the floats.
            BudgetExceeded: max_seconds ran out; `best` is what was learned up to then.

        >>> import gymnasium as gym
        >>> from qdecay.learning import q_learning
        >>> from qdecay.model.mdp import MDP
        >>> cliff = gym.make("CliffWalking-v1")
        >>> result = q_learning(cliff, 1.0, episodes=500, step_size=1.0)
        >>> float(result.q[36].max()), result.greedy[36].tolist()
        (-13.0, [True, False, False, False])
        >>> result = q_learning(MDP.from_env(cliff), 1.0, steps=300_000, step_size=1.0)
        >>> float(result.q[36].max())
        -13.0
        """
        world = as_world(problem)
        if isinstance(world, FiniteMDP):
            info = ModelInfo.of(world, start)
        else:
            world = as_discrete(world)
            info = ModelInfo.of_env(world, *names_of(world))
        instance(callback, Callable | None, "callback", "a function")
        settings = RunSettings.read(
            self.name,
            gamma,
            seed,
            Budget(steps, episodes, {} if visits is None else visits),
            epsilon,
            step_size,
            callback,
            progress,
            max_seconds,
            info,
        )
        if isinstance(world, FiniteMDP):
            model = ModelSettings.read(
                world, settings, initial_value, start, max_episode_steps, reward_noise
            )
            return learn_model(self.algorithm(model.start_values.size), model, settings)
        if start is not None or max_episode_steps is not None or reward_noise != 0:
            raise ValueError(
                "start, max_episode_steps and reward_noise apply only to a model; an "
                "environment has its own"
            )
        available = available_actions(world)
        settings.budget.require_pairs(available)
        run = Run(start_values(initial_value, available), self.n_tables, settings)
        with run.step_numbers() as numbers:
            return run.result(self.interact(world, run, settings, numbers))
