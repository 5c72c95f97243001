"""How well the probe measures: recovery, coverage of its intervals, fault diagnosis, a real DQN.

    python benchmarks/probe.py recovery
    python benchmarks/probe.py coverage [--repeats 100] [--gamma 0.9]
    python benchmarks/probe.py faults [--repeats 20] [--gamma 0.9]
    python benchmarks/probe.py dqn

`coverage` and `faults` print honest counts: how often a 95 % interval contains the agent's
configured discount, and which fault was named for agents that have each fault of the list, or none.
"""

from __future__ import annotations

import argparse
import collections
import math
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / folder) for folder in ("tests", "envs", "")
]

import qdecay  # noqa: E402
from qdecay.probing import BATTERY, Setting, diagnose, sb3_agent, tabular_agent  # noqa: E402

NOISY = Setting("noisy rewards", reward_noise=0.05)
GAMMAS = (0.5, 0.9, 0.99)


def recovery() -> None:
    """Q-learning without noise: measured and configured discount, in every setting."""
    print(
        f"{'gamma':>6} {'setting':11} {'found':>9}  {'95 % interval':21} {'trainings':>9} {'s':>5}"
    )
    for gamma in GAMMAS:
        for setting in BATTERY:
            agent = tabular_agent(qdecay.q_learning, gamma)
            began = time.perf_counter()
            profile = qdecay.probe(agent, (1, 2, 4, 8), gamma=gamma, settings=[setting])
            seconds = time.perf_counter() - began
            low, value, high = profile.gamma
            print(
                f"{gamma:6} {setting:11} {value:9.6f}  [{low:.6f}, {high:.6f}] "
                f"{profile.trainings:9} {seconds:5.1f}",
                flush=True,
            )
            assert abs(value - gamma) <= 1e-3


def coverage(repeats: int, gammas: tuple[float, ...]) -> None:
    """Noisy rewards: how many intervals contain the configured discount."""
    print(f"{'learner':18} {'gamma':>5} {'covered':>9} {'median width':>12} {'trainings':>9}")
    for name in ("double_q_learning", "q_learning"):
        for gamma in gammas:
            row = [_noisy(name, gamma, seed) for seed in range(repeats)]
            covered = sum(low <= gamma <= high for low, high, _ in row)
            width = statistics.median(high - low for low, high, _ in row)
            trainings = statistics.median(count for *_, count in row)
            print(
                f"{name:18} {gamma:5} {covered:4}/{repeats:<4} {width:12.4f} {trainings:9.0f}",
                flush=True,
            )


def _noisy(learner: str, gamma: float, seed: int) -> tuple[float, float, int]:
    tables = 2 if learner == "double_q_learning" else 1
    agent = tabular_agent(getattr(qdecay, learner), gamma, step_size=0.1, episodes=1_500 * tables)
    profile = qdecay.probe(agent, (2, 4), gamma=gamma, settings=[NOISY], seed=seed)
    if profile.gamma is None:
        return math.nan, math.nan, profile.trainings
    return profile.gamma[0], profile.gamma[2], profile.trainings


def faults(repeats: int, gamma: float) -> None:
    """The confusion matrix: agents in rows, diagnoses in columns."""
    from faulty_agents import faulty

    agents = faulty(gamma)
    short = {name: name[:12] for name in (*agents, "none of these", "not told")}
    print(f"configured gamma = {gamma}, {repeats} runs each, default budget")
    print(f"{'agent':24}" + "".join(f"{name:>14}" for name in short.values()), flush=True)
    right = collections.Counter()
    for name, agent in agents.items():
        named = collections.Counter()
        for seed in range(repeats):
            diagnosis = diagnose(qdecay.probe(agent, gamma=gamma, seed=seed))
            named[diagnosis.fault or "not told"] += 1
        right[name] = named[name]
        print(f"{name:24}" + "".join(f"{named[other]:14}" for other in short), flush=True)
    print(f"least often right: {min(right.values())} of {repeats}")


def dqn() -> None:
    """Stable-Baselines3's DQN at two discounts."""
    for gamma in (0.8, 0.9):
        began = time.perf_counter()
        profile = qdecay.probe(
            sb3_agent("DQN", gamma),
            (1, 2, 4, 8),
            gamma=gamma,
            settings=["one-shot"],
            tolerance=0.02,
        )
        print(f"DQN configured with gamma {gamma}: {profile.verdict}")
        print(f"  {profile.trainings} trainings, {time.perf_counter() - began:.0f} s", flush=True)


def main() -> None:
    """Run one of the four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["recovery", "coverage", "faults", "dqn"])
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--gamma", type=float)
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    if given.what == "recovery":
        recovery()
    elif given.what == "coverage":
        coverage(given.repeats or 100, (given.gamma,) if given.gamma else GAMMAS)
    elif given.what == "faults":
        faults(given.repeats or 20, given.gamma or 0.9)
    else:
        dqn()


if __name__ == "__main__":
    main()
