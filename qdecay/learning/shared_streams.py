"""The streams that `many` learns from: what they share, and running several at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdecay._support import memory
from qdecay._support.checks import RealLike, count, listed, real, reals, whole
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
    Stream,
    kernel,
)
from qdecay.learning.compiled.primitives import coded
from qdecay.learning.compiled.seeding import agent_words
from qdecay.learning.sampling import Dynamics, alias_table, dynamics
from qdecay.learning.schedules import Schedule, as_schedule
from qdecay.model.base import FiniteMDP

_UPDATES_AT_ONCE = 1 << 24  # about 20 ms: the latency of an interrupt or a bar
_VECTOR = 16  # gammas are padded to a multiple of this: no slow remainder


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """Behaviour that is epsilon-greedy on the values learned for one gamma, both in [0, 1]."""

    gamma: float
    epsilon: float

    def __init__(self, gamma: RealLike, epsilon: RealLike) -> None:
        for name, value in (("gamma", gamma), ("epsilon", epsilon)):
            object.__setattr__(self, name, real(value, name, "[0, 1]"))


BehaviourLike = Literal["uniform"] | EpsilonGreedy | ArrayLike


@dataclass(frozen=True)
class StreamSettings:
    """The checked arguments that every stream shares."""

    model: Dynamics
    start_values: NDArray[np.float64]
    step_size: Schedule
    limit: int
    behaviour_gamma: float | None
    epsilon: float
    policy: tuple[NDArray[np.float64], NDArray[np.int64]] | None

    @classmethod
    def read(
        cls,
        mdp: FiniteMDP,
        behaviour: BehaviourLike,
        step_size: RealLike | Schedule,
        initial_value: ArrayLike,
        start: int | ArrayLike | None,
        max_episode_steps: int | None,
    ) -> StreamSettings:
        """Check the arguments of `q_learning_many` and return them."""
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
            positive(as_schedule(step_size, "step_size")),
            limit,
            gamma,
            epsilon,
            policy,
        )


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


def checked_gammas(mdp: FiniteMDP, gammas: Sequence[RealLike]) -> NDArray[np.float64]:
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


def require_memory(mdp: FiniteMDP, n_gammas: int, n_seeds: int) -> None:
    """Raise MemoryError if values, their copy in the result, and visits cannot fit."""
    columns = _filled_up(n_gammas + 1) + n_gammas + 1
    needed = 8 * n_seeds * mdp.n_states * mdp.n_actions * columns
    size = f"{mdp.n_states} states and {mdp.n_actions} actions"
    memory.require(needed, f"{n_gammas} gammas and {n_seeds} seeds of {size}")


def _filled_up(n_gammas: int) -> int:
    return -(-n_gammas // _VECTOR) * _VECTOR if n_gammas > _VECTOR // 2 else n_gammas


def new_stream(settings: StreamSettings, grid: NDArray[np.float64], seed: int) -> Stream:
    """Return a stream that has not begun; its last gamma is the one that behaves."""
    (learner,), (world,) = agent_words([seed])
    own = [] if settings.behaviour_gamma is None else [settings.behaviour_gamma]
    size = _filled_up(len(grid) + len(own))
    filled = np.full(size, own[0] if own else 0.0)
    filled[: len(grid)] = grid
    values = settings.start_values
    return Stream(
        np.repeat(values[:, :, None], size, axis=2),
        np.zeros(values.shape, dtype=np.int64),
        filled,
        np.empty(size),
        learner,
        world,
        np.array([NOT_BEGUN, 0, 0]),
    )


def run_streams(
    settings: StreamSettings,
    streams: Sequence[Stream],
    steps: int,
    workers: int,
    report: OnProgress,
    deadline: Deadline,
) -> None:
    """Run all streams to their end, several at once; an interrupt stops them.

    Raises:
        BudgetExceeded: the time is up.
    """
    table = settings.policy or (np.empty((0, 0)), np.empty((0, 0), dtype=np.int64))
    kind = POLICY if settings.policy else GREEDY
    behaviour = Behaviour(settings.epsilon, *table)
    learn = kernel(settings.start_values.shape[1], kind)
    step_size, stop = coded(settings.step_size), threading.Event()

    def run(stream: Stream) -> None:
        n_pairs, n_gammas = stream.visits.size, stream.gammas.size
        at_once = max(_UPDATES_AT_ONCE // n_gammas, n_pairs)  # the check below costs as much
        done = 0
        while done < steps and not stop.is_set():
            done = min(steps, done + at_once)
            learn(settings.model, behaviour, step_size, settings.limit, stream, done)
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
            futures = [pool.submit(run, stream) for stream in streams]
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
