"""Agents to probe, and how their choices are read.

A *trainer* takes an environment and a seed, trains an agent from scratch, and returns its policy: a
function from observation to action, or an object with `predict`, as in Stable-Baselines3. The
answer may be a number, an array, a list or a tensor that holds one action, or a tuple that begins
with it, as in (action, state).
"""

from __future__ import annotations

import graphlib
import importlib
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, get_args

import cloudpickle
import numpy as np
from gymnasium.vector import SyncVectorEnv

from qdecay import learning
from qdecay._support.checks import RealLike, choice, instance, real, whole
from qdecay._support.extras import require
from qdecay._support.one_line import one_line
from qdecay._support.torch_threads import one_torch_thread
from qdecay._support.user_code import UserCodeError, import_user_function, user_traceback
from qdecay.errors import BudgetExceeded, InputError
from qdecay.learning.learner import Learner
from qdecay.model.mdp import MDP
from qdecay.probing.question import Observation, Question
from qdecay_envs.table import ExactTable

if TYPE_CHECKING:
    import gymnasium as gym


Trainer = Callable[[Any, int], Any]

_UNLEARNT = 1e-6
_MAX_STEPS = 50_000_000


class AgentError(UserCodeError):
    """The agent raised, or returned an invalid action; the message names the question."""


class TrainingFailed(AgentError):
    """The agent raised: a bug, or bad luck with this seed."""


@dataclass(frozen=True)
class Answer:
    """What one question found.

    Attributes:
        far: whether the agent takes the far reward.
        failed: why each training before the one that answered failed.
        seconds: how long it took, including failed trainings; 0 where it comes from a store.
    """

    far: bool
    failed: tuple[str, ...] = ()
    seconds: float = 0.0


ATTEMPTS = 3
"""Failed trainings of one question in a row after which the agent is blamed, not the seed."""


def answer(train: Trainer, question: Question, failed: tuple[str, ...] = ()) -> Answer:
    """Train an agent on the question; if that raises, try again with another seed.

    Args:
        train: the trainer.
        question: the question.
        failed: why its earlier attempts failed.

    Raises:
        AgentError: it raised in every attempt, or did not return an action of the action space.
    """
    began = perf_counter()
    while True:
        try:
            far = choose(train, replace(question, attempt=len(failed)))
            return Answer(far, failed, perf_counter() - began)
        except TrainingFailed as error:
            failed = (*failed, one_line(str(error)))
            if len(failed) == ATTEMPTS:
                raise AgentError(f"{error}, {ATTEMPTS} times in a row", error.shown) from error


def choose(train: Trainer, question: Question) -> bool:
    """Train one agent on the question and return whether it takes the far reward.

    Raises:
        TrainingFailed: it raised.
        AgentError: it did not return an action of the action space.
    """
    env = question.training_env()
    try:
        with one_torch_thread(train):
            policy = train(env, question.seed)
            found = _answer(policy, question.first_observation())
    except AgentError as error:
        raise AgentError(f"{error} ({question})") from error
    except (Exception, SystemExit) as error:
        _, shown = user_traceback(error)
        raise TrainingFailed(f"the agent raised {error!r} ({question})", shown) from error
    action = _action(found, question)
    return action == question.far_action


def pack(train: Trainer) -> bytes:
    """Serialise a trainer for `answer_packed` in another process.

    Raises:
        AgentError: it cannot be sent.
    """
    try:
        packed: bytes = cloudpickle.dumps(train)
        return packed
    except Exception as error:  # objects may refuse in any way
        raise AgentError(f"the agent cannot be sent to other processes: {error!r}") from error


def answer_packed(packed: bytes, question: Question, failed: tuple[str, ...] = ()) -> Answer:
    """Run `answer` with a trainer that was sent from another process.

    It is unpacked here, because its module may fail when it is imported again.
    """
    try:
        train = pickle.loads(packed)
    except (Exception, SystemExit) as error:
        _, shown = user_traceback(error)
        message = f"the agent cannot be loaded in another process: {error!r}"
        raise AgentError(message, shown) from error
    return answer(train, question, failed)


def _answer(policy: Any, observation: Any) -> Any:
    predict = getattr(policy, "predict", None)
    if predict is not None:
        answer = predict(observation, deterministic=True)
    elif callable(policy):
        answer = policy(observation)
    else:
        raise AgentError(
            f"train(env, seed) must return a policy, a function or an object with predict, "
            f"got {policy!r}"
        )
    if isinstance(answer, tuple) and answer:  # (action, state), (action, log_prob)
        answer = answer[0]
    if hasattr(answer, "detach"):  # a torch tensor, which may have a gradient or be on a GPU
        answer = answer.detach().cpu()
    return answer


def _action(answer: Any, question: Question) -> int:
    try:
        (value,) = np.asarray(answer, dtype=np.float64).ravel().tolist()
    except (TypeError, ValueError):
        value = math.nan
    if value not in (0.0, 1.0):
        raise AgentError(f"the agent chose {answer!r}, which is not action 0 or 1 ({question})")
    return int(value)


def tabular_agent(learner: Learner, gamma: RealLike, **options: Any) -> Trainer:
    """Return the trainer of one of qdecay's tabular learners.

    It acts at random with step size 1 and, in a deterministic environment, learns until values are
    within 1e-6 (relative) of their limit: value propagates back one step with each visit of a
    state, and where states recur each visit shrinks the remaining error by gamma. Compiled code is
    used wherever a table describes the environment completely.

    Args:
        learner: `qdecay.q_learning` or one of its family.
        gamma: the learner's discount factor, in [0, 1].
        options: for the learner; `steps` or `episodes` replace the rule above.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range.
    """
    instance(learner, Learner, "learner", "a learner such as qdecay.q_learning")
    return TabularAgent(learner, real(gamma, "gamma", "[0, 1]"), options)


@dataclass(frozen=True)
class TabularAgent:
    """The trainer of a tabular learner; see `tabular_agent`."""

    learner: Learner
    gamma: float
    options: Mapping[str, Any]

    @property
    def __name__(self) -> str:
        """The default name of the agent."""
        return self.learner.name

    def __call__(self, env: gym.Env[Any, Any], seed: int) -> Any:
        """Train an agent and return its policy."""
        settings = {"epsilon": 1.0, "step_size": 1.0, **self.options}
        world = _world(env)
        if "steps" in settings or "episodes" in settings:
            return _greedy(self.learner(world, self.gamma, seed=seed, **settings))
        table = env.get_wrapper_attr("P_exact")
        needed, n_states = _visits_needed(table, self.gamma)
        needed *= _passes(self.learner, len(table[0]))
        steps = 4 * needed * n_states
        while steps <= _MAX_STEPS:
            result = self.learner(world, self.gamma, seed=seed, steps=steps, **settings)
            if result.visits.sum(axis=1).min() >= needed:
                return _greedy(result)
            steps *= 2
        raise BudgetExceeded(f"{_MAX_STEPS:,} steps do not visit every state {needed} times")


def _world(env: gym.Env[Any, Any]) -> gym.Env[Any, Any] | MDP:
    """Return the model if it describes everything, or else (truncation, noise) the environment."""
    plain = env.unwrapped is env and getattr(env, "reward_noise", None) == 0
    return MDP.from_env(env) if plain else env


def _visits_needed(table: ExactTable, gamma: float) -> tuple[int, int]:
    """How often each state must be visited, and how many states there are."""
    onward = {
        state: {outcome[1] for row in rows for outcome in row if not outcome[3]}
        for state, rows in enumerate(table)
    }
    try:
        graphlib.TopologicalSorter(onward).prepare()
        return len(table) + 1, len(table)
    except graphlib.CycleError:
        if gamma == 1:
            raise InputError(
                "values are undefined at gamma = 1 where a choice repeats: use < 1"
            ) from None
    contractions = math.ceil(math.log(_UNLEARNT) / math.log(gamma)) if gamma else 0
    return len(table) + 1 + contractions, len(table)


def _passes(learner: Learner, n_actions: int) -> int:
    """Return how many visits of a state bring its values up to date, with a margin.

    Q-learning reads the largest value, which one visit renews. Other learners may read the value of
    any action in any table, and a visit renews a random one: renewing all k takes k (1 + 1/2 + ...
    + 1/k) visits on average, and sometimes twice as many.
    """
    k = 1 if learner.name == "q_learning" else n_actions * learner.n_tables
    return k if k == 1 else math.ceil(2 * k * sum(1 / i for i in range(1, k + 1)))


def _greedy(result: Any) -> Callable[[Any], int]:
    policy = result.policy
    return lambda observation: int(policy[observation])


def sb3_agent(
    algorithm: str, gamma: RealLike, *, timesteps: int = 2_000, **options: Any
) -> Trainer:
    """Return the trainer of a Stable-Baselines3 agent with a small network.

    Args:
        algorithm: DQN, PPO or A2C.
        gamma: its discount factor.
        timesteps: steps of each training.
        options: keyword arguments of the algorithm, overriding those of `SB3_OPTIONS`.

    Raises:
        InputError: the algorithm is unknown, or Stable-Baselines3 is not installed.
    """
    if algorithm not in SB3_OPTIONS:
        raise InputError(
            f"sb3:{algorithm}: known: {', '.join(SB3_OPTIONS)}; "
            "for others write a function of your own, module:function"
        )
    told, timesteps = real(gamma, "gamma", "[0, 1]"), whole(timesteps, "timesteps", 1)
    require("stable_baselines3", "sb3", "sb3 agents")
    return StableBaselinesAgent(algorithm, told, timesteps, options)


@dataclass(frozen=True)
class StableBaselinesAgent:
    """The trainer of a Stable-Baselines3 agent; see `sb3_agent`."""

    packages = ("stable-baselines3", "torch")

    algorithm: str
    gamma: float
    timesteps: int
    options: Mapping[str, Any]

    @property
    def __name__(self) -> str:
        """The default name of the agent."""
        return self.algorithm

    def __call__(self, env: gym.Env[Any, Any], seed: int) -> Any:
        """Train an agent and return it."""
        sb3 = importlib.import_module("stable_baselines3")
        if isinstance(env, SyncVectorEnv):  # Stable-Baselines3 has vectors of its own
            env = sb3.common.vec_env.DummyVecEnv(env.env_fns)
        agent = getattr(sb3, self.algorithm)
        settings = {**SB3_OPTIONS[self.algorithm], **self.options}
        model = agent("MlpPolicy", env, gamma=self.gamma, seed=seed, device="cpu", **settings)
        return model.learn(self.timesteps)


SB3_OPTIONS: dict[str, dict[str, Any]] = {
    "DQN": {
        "learning_rate": 3e-3,
        "buffer_size": 2_000,
        "learning_starts": 100,
        "train_freq": 2,
        "target_update_interval": 50,
        "exploration_fraction": 0.5,
        "exploration_final_eps": 0.5,
        "policy_kwargs": {"net_arch": [32]},
    },
    "PPO": {
        "learning_rate": 3e-3,
        "n_steps": 256,
        "batch_size": 64,
        "ent_coef": 0.01,
        "policy_kwargs": {"net_arch": [32]},
    },
    "A2C": {"learning_rate": 3e-3, "n_steps": 16, "policy_kwargs": {"net_arch": [32]}},
}
"""What each algorithm is given, so that a choice is learned in seconds."""


def check_form(train: Trainer, observation: Observation, n_envs: int | None) -> int | None:
    """Refuse a form of environment that `probe` is not to take, and return `n_envs`.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind or outside its range, or the agent
            cannot learn from that form.
    """
    choice(observation, "observation", get_args(Observation))
    n_envs = None if n_envs is None else whole(n_envs, "n_envs", 1)
    if isinstance(train, TabularAgent) and (observation, n_envs) != ("index", None):
        raise ValueError("a tabular agent takes neither one-hot observations nor n_envs")
    return n_envs


def load_trainer(text: str, gamma: RealLike | None) -> Trainer:
    """Return the trainer that the user named.

    Args:
        text: `sb3:DQN`, a learner of qdecay such as `q_learning`, or `module:function`. The
            function is itself a trainer; its module is imported from the working folder too.
        gamma: its discount factor; required for the first two.

    Raises:
        InputError: there is no such agent.
    """
    head, colon, name = text.partition(":")
    if head != "sb3" and colon:
        return import_user_function(text, "(env, seed)")
    learner: Any = getattr(learning, text, None)
    if head != "sb3" and not isinstance(learner, learning.TabularLearner):
        raise InputError(f"{text}: write module:function, sb3:DQN or a learner such as q_learning")
    if gamma is None:
        raise InputError(f"{text}: give its discount factor with --gamma")
    return sb3_agent(name, gamma) if head == "sb3" else tabular_agent(learner, gamma)
