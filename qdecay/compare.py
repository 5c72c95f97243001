"""Symbolic beside planned beside learned: where does a choice flip, found in three ways.

For a chain, the exact break-even gammas come from algebra (`qdecay.exact`), the planned ones from
bisecting on value iteration's greedy action at the start, the learned ones from bisecting, seed by
seed, on the greedy action of trained agents.

How an agent is trained. It explores with epsilon = 1/2 until each choice at the start has been
made often enough. Where nothing is random the step size is 1, and value moves back by one step of
the chain with each walk: a stream of length L needs L walks where the episode ends; where it goes
on, each walk shrinks what is missing by gamma or more, which is continued down to 1e-10. Where
outcomes or rewards are random the step size is 1/10, walks go on until it is likely that value
has come all the way back, and the answer is a 95 % interval from all trainings. There Double
Q-learning stands in for Q-learning by default: the maximum of noisy values overestimates the
corridor, so plain Q-learning flips too early (van Hasselt 2010).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

# `qdecay.compare` is this module's function, so `import qdecay` loads the module: what is slow
# to load waits until it is used.
if TYPE_CHECKING:
    import gymnasium as gym

    from qdecay.exact.algebraic import AlgebraicNumber
    from qdecay.exact.break_even import BreakEven
    from qdecay.learning.learner import Learner
    from qdecay.thresholds import LearnedThreshold
    from qdecay_envs.chain import ChainEnv
    from qdecay_envs.layout import ChainLayout

PLANNED_TOLERANCE = 1e-10
LEARNED_TOLERANCE = 1e-6
_PLANNED_WIDTH = 1e-12
_LEARNED_WIDTH = LEARNED_TOLERANCE  # the middle is off by half of it
_NOISY_WIDTH = 1e-2
_UNLEARNT = 1e-10
_UNLEARNT_NOISY = 1e-4
_NOISY_STEP_SIZE = 0.1
_EXPLORATION = 0.5
_MAX_EPISODES = 10_000_000  # a learner that never tries a choice must not run for ever

Verdict = Literal["agree", "disagree"]
VERDICT_RULE = (
    f"agree: planned and exact differ by at most {PLANNED_TOLERANCE:g} and every seed's learned "
    f"threshold by at most {LEARNED_TOLERANCE:g}; on noisy chains the 95 % interval of the learned "
    f"threshold holds the exact one (a sound learner fails that in 1 of 20). Between break-even "
    f"gammas, planned and learned choices must be the exact ones."
)


@dataclass(frozen=True)
class Comparison:
    """One chain's break-even gammas, found in three ways.

    Attributes:
        source: what was compared.
        exact: gammas at which the set of best choices at the start changes, in order.
        planned: for each, where value iteration's choice flips.
        learned: for each, where trained agents flip.
        verdict: "agree" or "disagree", by `VERDICT_RULE`.
        reasons: what disagrees, a line each; empty where all agrees.
    """

    source: str
    exact: tuple[AlgebraicNumber, ...]
    planned: tuple[float, ...]
    learned: tuple[LearnedThreshold, ...]
    reasons: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether exact, planned and learned agree."""
        return "disagree" if self.reasons else "agree"

    def to_json(self) -> dict[str, Any]:
        """Return the row of a qdecay.comparison/1 document."""
        return {
            "source": self.source,
            "exact": [gamma.to_json() for gamma in self.exact],
            "planned": list(self.planned),
            "learned": [
                {
                    "median": found.median,
                    "low": found.low,
                    "high": found.high,
                    "seeds": found.seeds,
                    "steps": found.steps,
                    "interval": None if found.interval is None else list(found.interval),
                }
                for found in self.learned
            ],
            "verdict": self.verdict,
        }


def compare(
    source: ChainLayout | gym.Env[Any, Any],
    *,
    seeds: int = 10,
    seed: int = 0,
    learner: Learner | None = None,
    name: str | None = None,
    expect: Callable[[int], None] = lambda trainings: None,
    tick: Callable[[], None] = lambda: None,
) -> Comparison:
    """Return a chain's exact, planned and learned break-even gammas, and whether they agree.

    Args:
        source: a layout, or a `ChainEnv` (wrapped or not; its time limit is not used).
        seeds: independent agents per break-even gamma; >= 10, so that the range means something.
        seed: the first of them; the others follow.
        learner: the algorithm; None is `q_learning`, on noisy chains `double_q_learning`.
        name: what to call the source; the environment's id by default.
        expect: called before the trainings with their number, which may turn out smaller.
        tick: called after each training.

    Raises:
        TypeError: `source` is neither.
        ValueError: seeds < 10 or seed < 0.
    """
    from qdecay.exact.break_even import break_even
    from qdecay.thresholds import bisect, learned_threshold

    if seeds < 10:
        raise ValueError(f"seeds must be >= 10, got {seeds}")
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    trainee = _Trainee(source, learner)
    exact = break_even(trainee.env.layout if trainee.plain else trainee.mdp)
    agents = range(seed, seed + seeds)
    switches = [i for i, switch in enumerate(exact.switches) if switch]
    planned, learned = [], []
    width = _NOISY_WIDTH if trainee.noisy else _LEARNED_WIDTH
    expect(seeds * (len(switches) * (2 + math.ceil(-math.log2(width))) or len(exact.between)))
    for i in switches:
        low, high = float(exact.between[i]), float(exact.between[i + 1])
        side = _Side(exact.best[i], exact.best[i + 1])
        planned.append(bisect(partial(trainee.plans, side), low, high, _PLANNED_WIDTH))
        learned.append(
            learned_threshold(
                partial(trainee.learns, side),
                low,
                high,
                seeds=agents,
                width=_NOISY_WIDTH * (high - low) if trainee.noisy else _LEARNED_WIDTH,
                noisy=trainee.noisy,
                tick=tick,
            )
        )
    gammas = tuple(exact.roots[i] for i in switches)
    reasons = [
        *_threshold_faults(gammas, planned, learned),
        *_choice_faults(exact, trainee, agents, tick),
    ]
    return Comparison(name or trainee.name, gammas, tuple(planned), tuple(learned), tuple(reasons))


@dataclass(frozen=True)
class _Side:
    """The best choices left and right of a break-even gamma."""

    left: frozenset[int]
    right: frozenset[int]

    def right_of(self, choice: int) -> bool:
        """Whether a choice belongs to the right: what is best on one side only decides."""
        if self.right - self.left:
            return choice in self.right
        return choice not in self.left - self.right


class _Trainee:
    """A chain, the agents that are trained on it, and the planner's view of it."""

    def __init__(self, source: ChainLayout | gym.Env[Any, Any], learner: Learner | None) -> None:
        from qdecay.learning import double_q_learning, q_learning
        from qdecay.mdp import MDP

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

    def plan(self, gamma: float) -> int:
        """Return value iteration's greedy action at the start."""
        from qdecay.planning import value_iteration

        q = value_iteration(self.mdp, gamma, tol=None).q
        return int(q[self.env.start].argmax())

    def train(self, gamma: float, seed: int) -> tuple[int, int]:
        """Return a trained agent's greedy action at the start, and the steps it took."""
        from gymnasium.wrappers import TimeLimit

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

    def plans(self, side: _Side, gamma: float) -> bool:
        """Whether value iteration takes the right-hand side."""
        return side.right_of(self.plan(gamma))

    def learns(self, side: _Side, gamma: float, seed: int) -> tuple[bool, int]:
        """Whether a trained agent takes the right-hand side, and the steps it took."""
        choice, steps = self.train(gamma, seed)
        return side.right_of(choice), steps

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


def _chain_env(source: ChainLayout | gym.Env[Any, Any]) -> ChainEnv:
    from qdecay_envs.chain import ChainEnv
    from qdecay_envs.layout import ChainLayout

    if isinstance(source, ChainLayout):
        return ChainEnv(source)
    inner = getattr(source, "unwrapped", None)
    if not isinstance(inner, ChainEnv):
        raise TypeError(
            f"compare takes a ChainLayout or a ChainEnv, got {type(inner or source).__name__}"
        )
    return inner


def _threshold_faults(
    exact: Sequence[AlgebraicNumber],
    planned: Sequence[float],
    learned: Sequence[LearnedThreshold],
) -> Iterator[str]:
    for root, plan, agents in zip(exact, planned, learned, strict=True):
        gamma = float(root)
        if abs(plan - gamma) > PLANNED_TOLERANCE:
            yield f"value iteration flips at {plan:.12g}, exact is {gamma:.12g}"
        if agents.noisy:
            low, high = agents.interval or (math.nan, math.nan)
            if not low <= gamma <= high:
                yield f"agents flip in [{low:.6g}, {high:.6g}], exact is {gamma:.6g}"
        elif max(abs(agents.low - gamma), abs(agents.high - gamma)) > LEARNED_TOLERANCE:
            yield f"agents flip from {agents.low:.9g} to {agents.high:.9g}, exact is {gamma:.9g}"


def _choice_faults(
    exact: BreakEven, trainee: _Trainee, agents: Sequence[int], tick: Callable[[], None]
) -> Iterator[str]:
    """What is chosen between the break-even gammas, where no threshold is near."""
    needed = len(agents) // 2 + 1 if trainee.noisy else len(agents)
    for point, best in zip(exact.between, exact.best, strict=True):
        gamma = float(point)
        if trainee.plan(gamma) not in best:
            yield f"value iteration takes {trainee.plan(gamma)} at {gamma:.6g}, best: {set(best)}"
        if any(exact.switches):
            continue  # the bisections began from these gammas, and asked the agents there
        right = 0
        for agent in agents:
            right += trainee.train(gamma, agent)[0] in best
            tick()
        if right < needed:
            yield f"{len(agents) - right} of {len(agents)} agents choose wrongly at {gamma:.6g}"
