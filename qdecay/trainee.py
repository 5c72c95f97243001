"""A chain with the agents that are trained on it, and the planner's view of it.

How an agent is trained. It explores with epsilon = 1/2 until each choice at the start has been
made often enough. Where nothing is random the step size is 1, and value moves back by one step of
the chain with each walk: a stream of length L needs L walks where the episode ends; where it goes
on, each walk shrinks what is missing by gamma or more, which is continued down to 1e-10. Where
outcomes or rewards are random the step size is 1/10, walks go on until it is likely that value
has come all the way back, and the answer is a 95 % interval from all trainings. There Double
Q-learning stands in for Q-learning by default: the maximum of noisy values overestimates the
corridor, so plain Q-learning flips too early (van Hasselt 2010).

An agent can also be trained for a number of *forced walks* of each branch, and no longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import gymnasium as gym
from gymnasium.wrappers import TimeLimit

from qdecay.learning import double_q_learning, q_learning
from qdecay.learning.learner import Learner
from qdecay.mdp import MDP
from qdecay.planning import value_iteration
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout

_UNLEARNT = 1e-10
_UNLEARNT_NOISY = 1e-4
_NOISY_STEP_SIZE = 0.1
_EXPLORATION = 0.5
_MAX_EPISODES = 10_000_000  # a learner that never tries a choice must not run for ever


@dataclass(frozen=True)
class ForcedWalks:
    """A training of `count` >= 1 walks of each branch at a constant step size in (0, 1]."""

    count: int
    step_size: Fraction


@dataclass(frozen=True)
class Side:
    """The best choices left and right of a break-even gamma."""

    left: frozenset[int]
    right: frozenset[int]

    def right_of(self, choice: int) -> bool:
        """Whether a choice belongs to the right: what is best on one side only decides."""
        if self.right - self.left:
            return choice in self.right
        return choice not in self.left - self.right


class Trainee:
    """A chain, the agents that are trained on it, and the planner's view of it."""

    def __init__(
        self,
        source: ChainLayout | gym.Env[Any, Any],
        learner: Learner | None = None,
        forced: ForcedWalks | None = None,
    ) -> None:
        """Check what is asked for.

        Raises:
            TypeError: `source` is no chain.
            ValueError: walks are forced where `qdecay.exact.learning_curve` predicts nothing.
        """
        self.env = _chain_env(source)
        spec = getattr(source, "spec", None)
        self.name = spec.id if spec else " | ".join(self.env.layout.names)
        self.mdp = MDP.from_env(self.env)
        # What slips or escapes is more than a choice between streams.
        self.plain = not self.env.slip and not self.env.escape
        self.noisy = self.env.reward_noise > 0 or self.env.slip not in (0, 1)
        self.learner = learner or (double_q_learning if self.noisy else q_learning)
        # Compiled code plays the model, and cannot know of noise that is no part of it.
        self._world = self.env if self.env.reward_noise else self.mdp
        longest = max(len(stream) for _, stream in self.env.layout.branches)
        # Where nothing ends an episode, a limit long enough for every corridor truncates it.
        self._limit = None if self.env.layout.ending == "terminate" else 2 * longest + 10
        self.forced = forced
        if forced is not None:
            self._check_forced(forced)
            self._corridors = [
                _only(self.mdp, branch) for branch in range(len(self.env.layout.branches))
            ]

    def plan(self, gamma: float) -> int:
        """Return value iteration's greedy action at the start."""
        q = value_iteration(self.mdp, gamma, tol=None).q
        return int(q[self.env.start].argmax())

    def train(self, gamma: float, seed: int) -> tuple[int, int]:
        """Return a trained agent's greedy action at the start, and the steps it took."""
        return self._explore(gamma, seed) if self.forced is None else self._walk(self.forced, gamma)

    def _walk(self, forced: ForcedWalks, gamma: float) -> tuple[int, int]:
        results = [
            self.learner(
                mdp,
                gamma,
                episodes=forced.count,
                epsilon=0.0,
                step_size=float(forced.step_size),
            )
            for mdp in self._corridors
        ]
        known = [result.q[self.env.start, branch] for branch, result in enumerate(results)]
        return known.index(max(known)), sum(result.steps for result in results)

    def _explore(self, gamma: float, seed: int) -> tuple[int, int]:
        world: Any = self._world
        limits: dict[str, Any] = {}
        if world is self.mdp:
            limits["max_episode_steps"] = self._limit
        elif self._limit is not None:
            world = TimeLimit(world, self._limit)
        result = self.learner(
            world,
            gamma,
            visits={
                (self.env.start, branch): self._walks(len(stream), gamma)
                for branch, (_, stream) in enumerate(self.env.layout.branches)
            },
            episodes=_MAX_EPISODES,
            epsilon=_EXPLORATION,
            step_size=_NOISY_STEP_SIZE if self.noisy else 1.0,
            seed=seed,
            **limits,
        )
        return int(result.policy[self.env.start]), result.steps

    def plans(self, side: Side, gamma: float) -> bool:
        """Whether value iteration takes the right-hand side."""
        return side.right_of(self.plan(gamma))

    def learns(self, side: Side, gamma: float, seed: int) -> tuple[bool, int]:
        """Whether a trained agent takes the right-hand side, and the steps it took."""
        choice, steps = self.train(gamma, seed)
        return side.right_of(choice), steps

    def _check_forced(self, forced: ForcedWalks) -> None:
        if forced.count < 1:
            raise ValueError(f"walks must be >= 1, got {forced.count}")
        if not 0 < forced.step_size <= 1:
            raise ValueError(f"step_size must be in (0, 1], got {forced.step_size}")
        if self.env.layout.ending != "terminate":
            raise ValueError(
                f"walks can be predicted where the last reward ends the episode, and this chain's "
                f'ending is "{self.env.layout.ending}": leave walks out'
            )
        if self.noisy or not self.plain:
            raise ValueError("walks can be predicted without slip, escape and reward_noise only")
        if self.learner.n_tables != 1:
            raise ValueError(
                f"walks cannot be predicted for {self.learner.name}: it has two tables"
            )

    def _walks(self, length: int, gamma: float) -> int:
        """How often a stream must be walked until its value is known at the start.

        With step size alpha a walk moves value back by a step with "probability" alpha: after k
        walks a share P[Binomial(k, alpha) > length] of it has arrived.
        """
        walks = length + 1.0
        if self.env.layout.ending != "terminate" and gamma > 0:
            missing = _UNLEARNT_NOISY if self.noisy else _UNLEARNT
            walks += math.log(missing) / math.log(gamma)
        if self.noisy:
            walks = self.learner.n_tables * (walks + 6 * math.sqrt(walks)) / _NOISY_STEP_SIZE
        return math.ceil(walks)


def _only(mdp: MDP, branch: int) -> MDP:
    """The chain whose one choice is the branch: where choices do the same, one is learnt."""
    columns = (mdp.state, mdp.action, mdp.next_state)
    numbers = (mdp.exact_probability, mdp.exact_reward, mdp.terminated.tolist())
    rows = zip(*(column.tolist() for column in columns), *numbers, strict=True)
    return MDP.from_rows(
        (row for row in rows if row[1] == branch),
        n_states=mdp.n_states,
        n_actions=mdp.n_actions,
        start=mdp.start,
    )


def _chain_env(source: ChainLayout | gym.Env[Any, Any]) -> ChainEnv:
    if isinstance(source, ChainLayout):
        return ChainEnv(source)
    inner = getattr(source, "unwrapped", None)
    if not isinstance(inner, ChainEnv):
        raise TypeError(
            f"compare takes a ChainLayout or a ChainEnv, got {type(inner or source).__name__}"
        )
    return inner
