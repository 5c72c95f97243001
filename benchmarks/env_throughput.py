"""Nanoseconds per step: the suite against Gymnasium's toys, alone and 1,000 at a time.

    python benchmarks/env_throughput.py [ROUNDS]

Every round times all entries, one after the other, so that a ratio compares neighbours in time; a
row shows the median, minimum and maximum over the rounds. An episode that ends is reset, and resets
are inside the clock. The vectors autoreset in the next step and are compared with Gymnasium's
`SyncVectorEnv` over the same scalar environments, whose answers they give bit for bit: the first
steps are compared before anything is timed.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

import qdecay_envs  # noqa: F401  # registers the suite

COPIES = 1_000
SCALAR = {
    "qdecay/LongDelay-v0": 200_000,
    "qdecay/NChain-v0": 100_000,
    "qdecay/DeepSea-v0": 100_000,
    "FrozenLake-v1": 10_000,
    "CliffWalking-v1": 10_000,
    "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3": 10_000,
}
VECTOR = [
    "qdecay/LongDelay-v0",
    "qdecay/NChain-v0",
    "qdecay/RiverSwim-v0",
    "qdecay/DeepSea-v0",
    "qdecay/DeepSeaStochastic-v0",
    "qdecay/DiscountingChain-v0",
    "qdecay/CombinationLock-v0",
]


def scalar_clock(name: str, steps: int) -> Callable[[], float]:
    """Return a function that times `steps` steps of an unwrapped environment."""
    env: Any = gym.make(name).unwrapped
    actions = np.random.default_rng(0).integers(env.action_space.n, size=steps).tolist()

    def clock() -> float:
        env.reset(seed=0)
        step, reset = env.step, env.reset
        start = time.perf_counter()
        for action in actions:
            if step(action)[2]:
                reset()
        return (time.perf_counter() - start) / steps * 1e9

    return clock


def vector_clock(name: str, mode: str, steps: int) -> Callable[[], float]:
    """Return a function that times `steps` steps of 1,000 copies, per copy."""
    vector: Any = gym.make_vec(name, num_envs=COPIES, vectorization_mode=mode)
    size = (steps, COPIES)
    actions = np.random.default_rng(0).integers(vector.single_action_space.n, size=size)

    def clock() -> float:
        vector.reset(seed=0)
        start = time.perf_counter()
        for action in actions:
            vector.step(action)
        return (time.perf_counter() - start) / actions.size * 1e9

    return clock


def check(name: str) -> None:
    """Refuse to time a vector that does not answer as SyncVectorEnv does."""
    modes = ("vector_entry_point", "sync")
    ours, theirs = (gym.make_vec(name, num_envs=8, vectorization_mode=mode) for mode in modes)  # type: ignore[arg-type]
    for vector in (ours, theirs):
        vector.reset(seed=1)
    for _ in range(100):
        actions = ours.action_space.sample()
        for mine, other in zip(ours.step(actions)[:4], theirs.step(actions)[:4], strict=True):
            assert (mine == other).all(), name


def line(name: str, times: list[float]) -> str:
    """Return a row of the table."""
    low, middle, high = min(times), statistics.median(times), max(times)
    return f"{name:30} {middle:10,.0f} {low:10,.0f} {high:10,.0f}"


def main(rounds: int) -> None:
    """Time everything and print the tables."""
    print(
        f"gymnasium {gym.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    )
    print(f"{platform.machine()}, {platform.processor() or platform.system()}, {rounds} rounds\n")
    print(f"{'ns per step, one environment':30} {'median':>10} {'min':>10} {'max':>10}")
    clocks = {name: scalar_clock(name, steps) for name, steps in SCALAR.items()}
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(rounds):
        for name, clock in clocks.items():
            times[name].append(clock())
    for name, measured in times.items():
        print(line(name, measured))

    heads = f"{'median':>10} {'min':>10} {'max':>10} {'sync':>10} {'ratio':>8}"
    print(f"\n{f'ns per step, {COPIES:,} copies':30} {heads}")
    for name in VECTOR:
        check(name)
        ours, theirs = vector_clock(name, "vector_entry_point", 500), vector_clock(name, "sync", 10)
        pairs = [(ours(), theirs()) for _ in range(rounds)]
        ratio = statistics.median(slow / fast for fast, slow in pairs)
        sync = statistics.median(slow for _, slow in pairs)
        print(f"{line(name, [fast for fast, _ in pairs])} {sync:10,.0f} {ratio:7,.0f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
