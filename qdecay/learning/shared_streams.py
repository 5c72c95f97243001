"""Streams that teach many gammas at once: what they share, and running several at once."""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support import memory
from qdecay._support.checks import RealLike, choice, count, listed, real, reals, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress
from qdecay.learning.arguments import (
    positive,
    require_an_end,
    start_values,
)
from qdecay.learning.compiled.many import (
    GREEDY,
    NOT_BEGUN,
    POLICY,
    STEPS,
    Behaviour,
    Settings,
    Stream,
    kernel,
)
from qdecay.learning.compiled.one_step import RULES
from qdecay.learning.compiled.primitives import coded
from qdecay.learning.compiled.seeding import agent_words
from qdecay.learning.sampling import Dynamics, alias_table, dynamics
from qdecay.learning.schedules import Schedule, as_schedule
from qdecay.learning.tabular import TABULAR
from qdecay.model.base import FiniteMDP

_UPDATES_AT_ONCE = 1 << 24  # about 20 ms: the latency of an interrupt or a bar
_VECTOR = 16  # gammas are padded to a multiple of this: no slow remainder


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """Behaviour that is epsilon-greedy on the values learned for one gamma.

    Attributes:
        gamma: the discount factor whose learned values it follows, in [0, 1].
        epsilon: the share of random actions, in [0, 1].
    """

    gamma: float
    epsilon: float

    def __init__(self, gamma: RealLike, epsilon: RealLike) -> None:
        for name, value in (("gamma", gamma), ("epsilon", epsilon)):
            object.__setattr__(self, name, real(value, name, "[0, 1]"))


BehaviourLike = Literal["uniform"] | EpsilonGreedy | ArrayLike
_NO_NOISE = np.zeros(0)
Advance = Callable[[Stream, int], None]  # continues a stream to a step


@dataclass(frozen=True)
class Update:
    """How every step is learned from; the arguments are checked.

    Attributes:
        rule: one of `tabular.TABULAR`.
        step_size: alpha; a schedule counts the updates of a state and action in their table.
        epsilon: of the policy whose values SARSA and Expected SARSA learn.
    """

    rule: str
    step_size: Schedule
    epsilon: float

    @classmethod
    def read(cls, rule: str, step_size: RealLike | Schedule, epsilon: RealLike) -> Update:
        """Check the arguments and return them."""
        size = positive(as_schedule(step_size, "step_size"))
        return cls(choice(rule, "rule", RULES), size, real(epsilon, "epsilon", "[0, 1]"))

    @property
    def n_tables(self) -> int:
        """How many tables of values the rule learns."""
        return TABULAR[self.rule].n_tables

    def settings(self, limit: int = 0, noise: NDArray[np.float64] = _NO_NOISE) -> Settings:
        """Return what the compiled loops read; `limit` and `noise` are those of a model."""
        return Settings(coded(self.step_size), self.epsilon, limit, noise)


@dataclass(frozen=True)
class StreamSettings:
    """The checked arguments that every stream shares."""

    model: Dynamics
    start_values: NDArray[np.float64]
    update: Update
    limit: int
    noise: NDArray[np.float64]
    behaviour_gamma: float | None
    epsilon: float
    policy: tuple[NDArray[np.float64], NDArray[np.int64]] | None

    @classmethod
    def read(
        cls,
        mdp: FiniteMDP,
        behaviour: BehaviourLike,
        update: Update,
        initial_value: ArrayLike,
        start: int | ArrayLike | None,
        max_episode_steps: int | None,
        reward_noise: ArrayLike = 0.0,
    ) -> StreamSettings:
        """Check the arguments of streams on a model and return them."""
        limit = 0 if max_episode_steps is None else count(max_episode_steps, "max_episode_steps")
        gamma, epsilon, policy = None, 1.0, None
        if isinstance(behaviour, EpsilonGreedy):
            gamma, epsilon = behaviour.gamma, behaviour.epsilon
        elif not isinstance(behaviour, str):
            policy = _policy_tables(mdp, behaviour)
        elif behaviour != "uniform":
            raise ValueError(
                'behaviour must be "uniform", EpsilonGreedy(gamma, epsilon) or probabilities of '
                f"shape (S, A), got {behaviour!r}"
            )
        return cls(
            dynamics(mdp, start),
            start_values(initial_value, mdp.available),
            update,
            limit,
            np.ones(mdp.n_states) * reals(reward_noise, "reward_noise", ">= 0"),
            gamma,
            epsilon,
            policy,
        )

    def advance(self) -> Advance:
        """Return the compiled loop of these streams."""
        table = self.policy or (np.empty((0, 0)), np.empty((0, 0), dtype=np.int64))
        kind = POLICY if self.policy else GREEDY
        behaviour = Behaviour(self.epsilon, *table)
        settings = self.update.settings(self.limit, self.noise)
        noisy, timed = bool(self.noise.any()), self.model.timed
        learn = kernel(self.update.rule, self.start_values.shape[1], kind, noisy, timed)
        return lambda stream, last: learn(self.model, behaviour, settings, stream, last)


def _policy_tables(
    mdp: FiniteMDP, behaviour: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the alias tables of each state's available actions, shape (S, A)."""
    policy = reals(behaviour, "behaviour", ">= 0")
    if policy.shape != mdp.available.shape:
        raise ValueError(f"behaviour must be probabilities of shape {mdp.available.shape}")
    taken = np.argwhere((policy > 0) & ~mdp.available)
    if len(taken):
        state, action = taken[0].tolist()
        raise ValueError(
            f"behaviour takes action {action} in state {state}, where it is not available"
        )
    accept = np.ones(policy.shape)
    alias = np.zeros(policy.shape, dtype=np.int64)
    for s in np.flatnonzero(mdp.available.any(axis=1)).tolist():
        weights = [Fraction(w) for w in policy[s, mdp.available[s]].tolist()]
        total = sum(weights, Fraction(0))
        if abs(total - 1) > Fraction(1, 10**9):
            raise ValueError(f"behaviour: state {s}'s probabilities sum to {float(total)}, not 1")
        own_accept, own_alias = alias_table([w / total for w in weights])
        accept[s, : len(weights)] = [float(a) for a in own_accept]
        alias[s, : len(weights)] = own_alias
    return accept, alias


def checked_gammas(
    mdp: FiniteMDP, gammas: Sequence[RealLike] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gammas as floats in [0, 1]; at least one."""
    grid = reals(listed(gammas, "gammas"), "gammas", "[0, 1]")
    if grid.max() == 1:
        require_an_end(mdp)
    return grid


def checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return the seeds, distinct integers >= 0; at least one."""
    agents = tuple(whole(seed, "each of seeds", 0) for seed in listed(seeds, "seeds"))
    if len(set(agents)) < len(agents):
        raise ValueError("seeds must differ: the same seed gives the same bits")
    return agents


def n_threads(threads: int | None) -> int:
    """Return `threads`, or one per core."""
    return os.cpu_count() or 1 if threads is None else whole(threads, "threads", 1)


def require_memory(shape: tuple[int, ...], n_gammas: int, n_seeds: int, n_tables: int = 1) -> None:
    """Raise MemoryError if values of this shape, (S, A), their copy in the result, and visits
    cannot fit."""
    columns = _filled_up(n_gammas + 1) + n_gammas + 1
    needed = 8 * n_seeds * n_tables * shape[0] * shape[1] * columns
    size = f"{shape[0]} states and {shape[1]} actions"
    memory.require(needed, f"{n_gammas} gammas and {n_seeds} seeds of {size}")


def _filled_up(n_gammas: int) -> int:
    return -(-n_gammas // _VECTOR) * _VECTOR if n_gammas > _VECTOR // 2 else n_gammas


def new_stream(
    start_values: NDArray[np.float64],
    n_tables: int,
    grid: NDArray[np.float64],
    words: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    durations: NDArray[np.int64],
    behaviour_gamma: float | None = None,
) -> Stream:
    """Return a stream that has not begun; its last gamma is the one that behaves.

    Args:
        start_values: what each of `n_tables` tables holds at first, shape (S, A).
        grid: the gammas.
        words: states of the learner's and of the world's generator, each of shape (4,).
        durations: the different numbers of steps that transitions take, shape (D,).
        behaviour_gamma: the gamma that behaves, if one does.
    """
    own = [] if behaviour_gamma is None else [behaviour_gamma]
    size = _filled_up(len(grid) + len(own))
    filled = np.full(size, own[0] if own else 0.0)
    filled[: len(grid)] = grid
    # Powers of Python's floats: those of arrays may differ by a bit.
    powers = [[gamma ** float(d) for gamma in filled.tolist()] for d in durations.tolist()]
    tables = np.concatenate([start_values] * n_tables)
    return Stream(
        np.repeat(tables[:, :, None], size, axis=2),
        np.zeros(tables.shape, dtype=np.int64),
        filled,
        np.array(powers),
        np.empty(size),
        *words,
        np.array([NOT_BEGUN, 0, 0]),
    )


def model_stream(settings: StreamSettings, grid: NDArray[np.float64], seed: int) -> Stream:
    """Return a stream on a model that has not begun."""
    (learner,), (world,) = agent_words([seed])
    n_tables, gamma = settings.update.n_tables, settings.behaviour_gamma
    words, durations = (learner, world), settings.model.durations
    return new_stream(settings.start_values, n_tables, grid, words, durations, gamma)


def row_of(q: NDArray[np.float64], state: int, n_tables: int, n_gammas: int) -> NDArray[np.float64]:
    """Return the values of a state in every table of a stream, a view of shape (T, A, G)."""
    return q[state :: len(q) // n_tables, :, :n_gammas]


class Snapshots:
    """The mean of a state's values over snapshots of them, taken regularly.

    Averages of the late iterates of stochastic approximation reach the smallest variance there is
    for any step size that falls more slowly than 1 / n. Source: Polyak and Juditsky, Acceleration
    of stochastic approximation by averaging, SIAM J. Control Optim. 30 (1992), 838-855.

    With step size alpha a value forgets within 1 / alpha updates, and two snapshots in that time
    are nearly as good as all of them: with an autocorrelation of exp(-t), the variance of their
    mean is (1/4) coth(1/4) = 1.02 times as large. More would only cost time: a thousand take most
    of the time of a short run.
    """

    MOST = 1000

    def __init__(
        self,
        values: NDArray[np.float64],
        steps: int,
        average_from: float,
        step_size: Schedule,
    ) -> None:
        """Watch `values`, a view of what a stream learns in `steps` steps.

        Snapshots are taken after the share `average_from` of the steps, in [0, 1]; at 1 only
        the last values are.
        """
        self._values, self._sum = values, np.zeros(values.shape)
        first = int(average_from * steps)
        # A pair is updated more rarely than at each step, but where alpha falls as 1 / n that
        # does not matter: from a quarter of the steps on, values are forgotten 3 h times.
        forgotten = step_size.at(max(first, 1)) * (steps - first)
        number = min(self.MOST, steps - first, math.ceil(2 * forgotten)) or 1
        self.marks = [steps - (steps - first) * k // number for k in range(number)][::-1]

    def take(self) -> None:
        """Add the current values."""
        self._sum += self._values

    def mean(self) -> NDArray[np.float64]:
        """Return the mean."""
        return self._sum / len(self.marks)


def run_streams(
    advance: Advance,
    streams: Sequence[Stream],
    steps: int,
    workers: int,
    report: OnProgress,
    deadline: Deadline,
    watched: Sequence[Snapshots] = (),
) -> None:
    """Run all streams to their end, several at once; an interrupt stops them.

    Args:
        advance: continues a stream to a step.
        watched: the snapshots of each stream, if any are taken.

    Raises:
        BudgetExceeded: the time is up.
        OverflowError: a value became too large for floats.
        KeyboardInterrupt: with how far the streams had come.
    """
    stop = threading.Event()

    def run(number: int) -> None:
        stream = streams[number]
        marks = deque(watched[number].marks if watched else ())
        # At least as many updates as the check below costs.
        at_once = max(_UPDATES_AT_ONCE // stream.gammas.size, stream.visits.size)
        done = 0
        while done < steps and not stop.is_set():
            done = min(steps, done + at_once)
            while marks and marks[0] <= done:
                advance(stream, marks.popleft())
                watched[number].take()
            advance(stream, done)
            known = stream.q[stream.visits > 0]
            if not np.isfinite(known).all():
                raise OverflowError(
                    f"by step {done} a value outgrew the floats; lower the gammas or the rewards"
                )

    def taken() -> Progress:
        done = sum(int(stream.place[STEPS]) for stream in streams)
        return Progress(done, steps * len(streams), "steps")

    with ThreadPoolExecutor(workers) as pool:
        try:
            report(taken())
            futures = [pool.submit(run, number) for number in range(len(streams))]
            waiting = set(futures)
            while waiting:
                if deadline.left < 0:
                    raise deadline.exceeded(f"{taken()} are done")
                finished, waiting = wait(waiting, timeout=0.1)
                for future in finished:
                    future.result()
                report(taken())
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"stopped after {taken()}; nothing is kept") from None
        finally:
            stop.set()
