r"""Why a small constant reward can be better: how long the large rare one takes to learn.

The game is one choice between a reward of 1 on every step and a reward R on every n-th: SPARSE must
be taken n times in a row, and taking CONSTANT in between gives up. It is played for ever
(`ConstantOrSparse`), or once (homework C with `escape`, where one small reward ends the game too).
Value does not depend on how an agent explores; the time until it knows that value does:

    uniformly random     n successes in a row at probability p = 1/2: W(n) = (p**-n - 1) / (1 - p)
                         = 2**(n+1) - 2 steps before R is seen once. Its value then propagates back
                         one state at a time, by n - 1, n - 2, ... successes in a row: about W(n) +
                         ... + W(1) = 2**(n+2) - 4 - 2 n steps until it reaches the start
    epsilon-greedy       from zero, the small reward is soon the greedy choice, so each success
                         then needs a random step: the same with p = epsilon / 2, save that in a
                         new state two untried actions tie. So about half of the agents are paid R
                         on their first visit to the last state, after W(n - 1) steps, and need W(n
                         - 1) + W(n - 1) + W(n - 2) + ... + W(1) in all
    optimistic           greedy from values above any true one: what is untried looks best, so
                         time is polynomial in n (Koenig & Simmons 1996)
    exploring starts     episodes begin anywhere, and the large reward is often near

An agent is right if all its greedy actions at the start are optimal, and right *for good* from the
first time after which that does not change until its budget ends. It is checked whenever it returns
to the start.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import inf
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import gymnasium as gym

from qdecay._support.checks import RationalLike, RealLike, choice, count, exact, listed, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.result import Result, counted, plain
from qdecay.errors import BudgetExceeded
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import break_even
from qdecay.exact.regions import optimal_actions
from qdecay.learning import EpisodeEnd, q_learning
from qdecay.model.mdp import MDP
from qdecay_envs.chain import ChainEnv
from qdecay_envs.constant_or_sparse import ConstantOrSparseEnv
from qdecay_envs.layout import ChainLayout
from qdecay_envs.rational import rational
from qdecay_envs.tabular import TabularEnv

MAX_DELAY = 1_000

Game = Literal["forever", "once"]


@dataclass(frozen=True)
class Explorer:
    """A way for Q-learning to explore; its step size is 1, because nothing is random.

    Attributes:
        epsilon: exploration rate.
        optimistic: whether values start at the largest possible return, or at 0.
        anywhere: whether episodes start in a uniformly random state.
    """

    epsilon: float
    optimistic: bool = False
    anywhere: bool = False


EXPLORERS: Mapping[str, Explorer] = MappingProxyType(
    {
        "random": Explorer(epsilon=1.0),
        "epsilon-greedy": Explorer(epsilon=0.1),
        "optimistic": Explorer(epsilon=0.0, optimistic=True),
        "exploring starts": Explorer(epsilon=0.1, anywhere=True),
    }
)


@dataclass(frozen=True, eq=False, repr=False)
class LearningTime(Result):
    """How long agents took until the choice at the start was right for good.

    Attributes:
        game, gamma, delay, reward: the game, its discount, n, and R.
        best: the names of the optimal choices at the start.
        explorer: a key of `EXPLORERS`.
        steps: the steps each seed took; None if it was not right when its budget ended.
        budget: steps that each agent had.
    """

    SCHEMA: ClassVar[str] = "qdecay.learning-times/1"

    game: Game
    gamma: Fraction
    delay: int
    reward: Fraction
    best: tuple[str, ...]
    explorer: str
    steps: tuple[int | None, ...]
    budget: int

    def _shown(self) -> str:
        median = "never right" if self.median is None else f"{self.median:,g} steps"
        return (
            f"{self.explorer}, {self.game}, delay {self.delay} at gamma {self.gamma}: {median} of "
            f"{self.budget:,}, {counted(len(self.steps), 'seed')}"
        )

    @property
    def median(self) -> float | None:
        """The median over the seeds; None if half of them or more were never right."""
        return _finite(statistics.median(self._numbers()))

    @property
    def low(self) -> float | None:
        """The fastest seed's steps; None if none was right."""
        return _finite(min(self._numbers()))

    @property
    def high(self) -> float | None:
        """The slowest seed's steps; None if one was never right."""
        return _finite(max(self._numbers()))

    @property
    def random_walk(self) -> int:
        """Expected steps until a uniformly random agent has been paid R once: 2**(n+1) - 2."""
        return int(random_walk_steps(self.delay, Fraction(1, 2)))

    def break_evens(self) -> tuple[AlgebraicNumber, ...]:
        """Return the exact gammas at which the right choice changes, for this n and R."""
        return break_even(chain_of(self.game, self.delay, self.reward).layout).roots

    def to_json(self) -> dict[str, Any]:
        """Return the qdecay.learning-times/1 document of this row alone."""
        return {"schema": self.SCHEMA, "rows": [self.body()]}

    def body(self) -> dict[str, Any]:
        """Return the row of a qdecay.learning-times/1 document."""
        names = ["game", "gamma", "delay", "reward", "best", "explorer", "steps"]
        names += ["median", "low", "high", "budget", "random_walk"]
        return {name: plain(getattr(self, name)) for name in names}

    def _numbers(self) -> list[float]:
        return [inf if steps is None else steps for steps in self.steps]


def random_walk_steps(successes: int, probability: RationalLike) -> Fraction:
    """Return the expected trials until this many successes in a row: (p**-n - 1) / (1 - p).

    >>> random_walk_steps(4, Fraction(1, 2)), random_walk_steps(3, Fraction(1, 20))
    (Fraction(30, 1), Fraction(8420, 1))

    Raises:
        ValueError: successes < 1, or the probability is not inside (0, 1).
    """
    n, p = whole(successes, "successes", 1), exact(probability, "probability", "(0, 1)")
    return (p**-n - 1) / (1 - p)


def reward_of(game: Game, delay: int, gamma: RationalLike, advantage: RationalLike) -> Fraction:
    """Return R such that the sparse choice is worth `advantage` times the constant one.

    >>> reward_of("once", 3, Fraction(1, 2), 1), reward_of("forever", 3, Fraction(1, 2), 1)
    (Fraction(4, 1), Fraction(7, 1))

    Raises:
        TypeError: a number is not exact.
        ValueError: an argument is outside its range.
    """
    choice(game, "game", get_args(Game))
    n, g = whole(delay, "delay", 1, MAX_DELAY), exact(gamma, "gamma", "(0, 1)")
    constant = sum((g**k for k in range(n)), Fraction(0)) if game == "forever" else 1
    return exact(advantage, "advantage", "> 0") * constant / g ** (n - 1)


def learning_times(
    *,
    game: Game = "forever",
    delays: Iterable[int] = (1, 2, 3, 4, 5),
    gammas: Iterable[RationalLike] = ("9/10",),
    advantage: RationalLike | None = None,
    reward: RationalLike | None = None,
    explorers: Iterable[str] = tuple(EXPLORERS),
    seeds: int = 10,
    steps: int = 20_000,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> list[LearningTime]:
    """Return the learning times of every gamma, delay and explorer.

    Args:
        game: "forever" or "once".
        delays: n, 1 .. 1,000 each.
        gammas: exact, inside (0, 1).
        advantage: the value of the sparse choice relative to the constant one, > 0; it fixes R for
            each gamma and delay. None is 2.
        reward: R itself, exact, instead of `advantage`.
        explorers: keys of `EXPLORERS`.
        seeds: agents per cell, 0 .. seeds - 1; >= 1.
        steps: each agent's budget, >= 1.
        max_seconds: limit of wall time, > 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` after each agent.

    Raises:
        TypeError: a number is not exact.
        ValueError: an argument is outside its range.
        BudgetExceeded: max_seconds ran out; `best` are the rows that are finished.
        KeyboardInterrupt: as usual, with the same `best`.
    """
    choice(game, "game", get_args(Game))
    seeds, steps = whole(seeds, "seeds", 1), count(steps, "steps")
    deadline = Deadline(max_seconds)
    if advantage is not None and reward is not None:
        raise ValueError("give advantage or reward, not both: each of them fixes R")
    settings = list(
        product(
            [exact(gamma, "each of gammas", "(0, 1)") for gamma in listed(gammas, "gammas")],
            [whole(delay, "each of delays", 1, MAX_DELAY) for delay in listed(delays, "delays")],
            [
                choice(name, "each of explorers", tuple(EXPLORERS))
                for name in listed(explorers, "explorers")
            ],
        )
    )
    rows: list[LearningTime] = []
    with reporting(progress) as report:
        tick = counting(report, len(settings) * seeds, "trainings", deadline)
        try:
            for gamma, delay, name in settings:
                large = (
                    reward_of(game, delay, gamma, 2 if advantage is None else advantage)
                    if reward is None
                    else rational(reward, "reward")
                )
                rows.append(_row(game, gamma, delay, large, name, seeds, steps, tick))
        except (BudgetExceeded, KeyboardInterrupt) as stopped:
            stopped.best = rows  # type: ignore[union-attr]
            raise
    return rows


def _row(
    game: Game,
    gamma: Fraction,
    delay: int,
    reward: Fraction,
    explorer: str,
    seeds: int,
    steps: int,
    tick: Callable[[], None],
) -> LearningTime:
    """Train the agents of a row."""
    env = chain_of(game, delay, reward)
    best = _best(env, gamma)
    agents = []
    for seed in range(seeds):
        agents.append(_steps_until_right(env, float(gamma), best, explorer, steps, seed))
        tick()
    names = tuple(env.layout.names[action] for action in sorted(best))
    return LearningTime(game, gamma, delay, reward, names, explorer, tuple(agents), steps)


def chain_of(game: Game, delay: int, reward: Fraction) -> ChainEnv:
    """Return the game's environment: branch 0 is constant, branch 1 sparse."""
    if game == "forever":
        return ConstantOrSparseEnv(delay, 1, reward)
    layout = ChainLayout.choice(constant=[1], sparse=[*[0] * (delay - 1), reward])
    return ChainEnv(layout, escape=True)


def _best(env: ChainEnv, gamma: Fraction) -> frozenset[int]:

    return frozenset(optimal_actions(MDP.from_env(env), gamma)[env.start])


def _steps_until_right(
    env: ChainEnv, gamma: float, best: frozenset[int], name: str, budget: int, seed: int
) -> int | None:
    """Train one agent, and return when its choice at the start became right for good."""
    explorer = EXPLORERS[name]
    wrong = [action for action in range(len(env.layout.branches)) if action not in best]
    right_since: int | None = None

    def watch(end: EpisodeEnd) -> None:
        nonlocal right_since
        values = end.q()[env.start].tolist()
        if any(values[action] == max(values) for action in wrong):
            right_since = None
        elif right_since is None:
            right_since = end.steps

    q_learning(
        _visits(env, explorer.anywhere),
        gamma,
        steps=budget,
        epsilon=explorer.epsilon,
        step_size=1.0,
        initial_value=_largest_return(env, gamma) if explorer.optimistic else 0.0,
        seed=seed,
        callback=watch,
    )
    return right_since


def _largest_return(env: ChainEnv, gamma: float) -> float:
    largest = float(max(max(stream) for _, stream in env.layout.branches))
    return largest if env.layout.ending == "terminate" else largest / (1 - gamma)


def _visits(env: ChainEnv, anywhere: bool) -> Any:
    """Return the game with one episode per visit to the start.

    Returning there truncates, and the reset starts there: the dynamics are unchanged, and the
    learner reports at every visit. With `anywhere` the reset starts in any state instead.
    """

    class Visits(gym.Wrapper[int, int, int, int]):
        def step(self, action: int) -> Any:
            state, reward, terminated, truncated, info = self.env.step(action)
            return state, reward, terminated, truncated or state == env.start, info

    n_states = len(env.P_exact)
    everywhere = {state: Fraction(1, n_states) for state in range(n_states)}
    return Visits(TabularEnv(env.P_exact, everywhere if anywhere else env.start))


def _finite(value: float) -> float | None:
    return None if value == inf else value
