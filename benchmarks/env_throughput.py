"""Nanoseconds per step: the suite against Gymnasium's toys, alone and 1,000 at a time.

    python benchmarks/env_throughput.py [ROUNDS]

Every round times all entries, one after the other, so that a ratio compares neighbours in time; a
row shows the median, minimum and maximum over the rounds, and the median of the rounds' ratios. An
episode that ends is reset, and resets are inside the clock. The vectors autoreset in the next step
and are compared with Gymnasium's `SyncVectorEnv` over the same scalar environments, once as
`make_vec` makes it (sync) and once over the bare environments without Gymnasium's wrappers (bare).
They give its answers bit for bit: the first steps are compared before anything is timed.
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
from gymnasium.vector import SyncVectorEnv

import qdecay_envs  # registers the suite

COPIES = 1_000
CHAIN = {"layout": qdecay_envs.LAYOUTS["qdecay/ShortDelay-v0"].to_json()}
BARE = ("qdecay/Chain-v0", "qdecay/GridWorld-v0")  # which require arguments
MEMBERS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in gym.registry if name.startswith("qdecay/") and name not in BARE),
    ("qdecay/RiverSwim-v0", {"variant": "strehl_littman"}),
    ("qdecay/Chain-v0", {**CHAIN, "slip": "1/10"}),
    ("qdecay/Chain-v0", {**CHAIN, "reward_noise": 1.0}),
    ("qdecay/Chain-v0", {**CHAIN, "slip": "1/10", "reward_noise": 1.0}),
]
TOYS = ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"]
SCALAR_STEPS, TOY_STEPS, VECTOR_STEPS, SYNC_STEPS = 100_000, 10_000, 500, 10

Clock = Callable[[], float]


def scalar_clock(name: str, arguments: dict[str, Any], steps: int) -> Clock:
    """Return a function that times `steps` steps of an unwrapped environment."""
    env: Any = gym.make(name, **arguments).unwrapped
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


def vector_clock(vector: Any, steps: int) -> Clock:
    """Return a function that times `steps` steps of all copies, per copy."""
    size = (steps, COPIES)
    actions = np.random.default_rng(0).integers(vector.single_action_space.n, size=size)

    def clock() -> float:
        vector.reset(seed=0)
        start = time.perf_counter()
        for action in actions:
            vector.step(action)
        return (time.perf_counter() - start) / actions.size * 1e9

    return clock


def vectors(name: str, arguments: dict[str, Any], copies: int) -> tuple[Any, Any, Any]:
    """Return our vector, Gymnasium's from `make_vec`, and one of its bare environments."""
    ours = gym.make_vec(name, copies, "vector_entry_point", **arguments)
    sync: Any = gym.make_vec(name, copies, "sync", **arguments)
    bare = SyncVectorEnv([lambda env=env: env.unwrapped for env in sync.envs])
    return ours, sync, bare


def check(name: str, arguments: dict[str, Any]) -> None:
    """Refuse to time a vector that does not agree with SyncVectorEnv."""
    ours, *theirs = vectors(name, arguments, 8)
    actions = np.random.default_rng(0).integers(ours.single_action_space.n, size=(100, 8))
    for vector in theirs:
        ours.reset(seed=1)
        vector.reset(seed=1)
        for action in actions:
            for mine, other in zip(ours.step(action)[:4], vector.step(action)[:4], strict=True):
                assert (mine == other).all(), name


def summary(times: list[float]) -> str:
    """Return the median, minimum and maximum."""
    return f"{statistics.median(times):7,.0f} {min(times):7,.0f} {max(times):7,.0f}"


def labelled(name: str, arguments: dict[str, Any]) -> str:
    """Return the id and its arguments, without layouts."""
    options = [f"{key}={value}" for key, value in arguments.items() if key != "layout"]
    return " ".join([name.removeprefix("qdecay/"), *options])


def time_scalars(rounds: int) -> None:
    """Time the suite and the toys, one environment each, and print the table."""
    clocks = {
        labelled(name, arguments): scalar_clock(name, arguments, SCALAR_STEPS)
        for name, arguments in MEMBERS
    }
    clocks |= {name: scalar_clock(name, {}, TOY_STEPS) for name in TOYS}
    times: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(rounds):
        for name, clock in clocks.items():
            times[name].append(clock())
    print(f"{'ns per step, one environment':42} {'median':>7} {'min':>7} {'max':>7}")
    for name, measured in times.items():
        print(f"{name:42} {summary(measured)}")


def time_vectors(rounds: int) -> None:
    """Time the suite, 1,000 copies each, and print the table."""
    heads = f"{'median':>7} {'min':>7} {'max':>7} {'sync':>7} {'ratio':>6} {'bare':>7} {'ratio':>6}"
    print(f"\n{f'ns per step, {COPIES:,} copies':42} {heads}")
    for name, arguments in MEMBERS:
        check(name, arguments)
        steps = (VECTOR_STEPS, SYNC_STEPS, SYNC_STEPS)
        clocks = list(map(vector_clock, vectors(name, arguments, COPIES), steps))
        ours, *theirs = zip(*([clock() for clock in clocks] for _ in range(rounds)), strict=True)
        row = f"{labelled(name, arguments):42} {summary(list(ours))}"
        for other in theirs:
            ratio = statistics.median(b / a for a, b in zip(ours, other, strict=True))
            row += f" {statistics.median(other):7,.0f} {ratio:5,.0f}x"
        print(row, flush=True)


def main(rounds: int) -> None:
    """Time everything and print the tables."""
    print(
        f"gymnasium {gym.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    )
    print(f"{platform.machine()}, {platform.processor() or platform.system()}, {rounds} rounds\n")
    time_scalars(rounds)
    time_vectors(rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
