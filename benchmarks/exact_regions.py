"""Time of exact policy regions: `python benchmarks/exact_regions.py [--all] [--repeats N]`.

Every answer is checked before its time counts: the expected number of breakpoints, and the sets
beside each breakpoint against float policy iteration. `reference` is the time in seconds of the
implementation this one is measured against. Below, value iteration on a grid of 1,000 gammas is
asked the same question, with whichever of quantecon, pymdptoolbox or mdpsolver is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.mdp import MDP


@dataclass(frozen=True)
class Case:
    """A model, the breakpoints it must have, and the reference's seconds."""

    name: str
    build: Callable[[], MDP]
    breakpoints: int
    reference: float | None
    large: bool = False


def lake(**options: Any) -> MDP:
    return MDP.from_env(gym.make("FrozenLake-v1", **options))


def random_lake(size: int) -> MDP:
    return lake(desc=generate_random_map(size=size, p=0.85, seed=1))


def chain(length: int) -> MDP:
    """State s: take 1 and stop, or walk on to the 2 at the end."""
    rows: list[Any] = [(s, 0, s, 1, 1, True) for s in range(length)]
    rows += [(s, 1, s + 1, 1, 0, False) for s in range(length - 1)]
    rows.append((length - 1, 1, length - 1, 1, 2, True))
    return MDP.from_rows(rows, n_states=length, n_actions=2)


CASES = (
    Case("FrozenLake 4x4", lambda: lake(), 2, None),
    Case("FrozenLake 8x8", lambda: lake(map_name="8x8"), 25, 1.3),
    Case("FrozenLake 8x8, 0.8", lambda: lake(map_name="8x8", success_rate=0.8), 48, 3.0),
    Case("Taxi, rainy", lambda: MDP.from_env(gym.make("Taxi-v4", is_rainy=True)), 3, 1.4),
    Case("FrozenLake 10x10", lambda: random_lake(10), 24, 5.0),
    Case("FrozenLake 12x12", lambda: random_lake(12), 52, 29.0),
    Case("FrozenLake 16x16", lambda: random_lake(16), 143, 252.0, large=True),
    Case("chain of 251", lambda: chain(251), 250, None),
    Case("chain of 501", lambda: chain(501), 500, None),
    Case("chain of 1001", lambda: chain(1001), 1000, 14.0, large=True),
)


def float_policy_differs(mdp: MDP, regions: PolicyRegions) -> int:
    """Count region midpoints where a float solve prefers, clearly, an action outside the set."""
    ends = [0.0, *(float(b.gamma) for b in regions.breakpoints), 1.0]
    wrong = 0
    for i, (left, right) in enumerate(itertools.pairwise(ends)):
        gamma = (left + right) / 2
        q = action_values(mdp, gamma, [s[0] if s else 0 for s in regions.regions[i]])
        best = np.nanmax(np.where(mdp.available, q, -np.inf), axis=1)
        for s, actions in enumerate(regions.regions[i]):
            wrong += any(q[s, a] < best[s] - 1e-9 * (1 + abs(best[s])) for a in actions)
    return wrong


def action_values(mdp: MDP, gamma: float, policy: list[int]) -> np.ndarray:
    n, m = mdp.n_states, mdp.n_actions
    rows = np.arange(n) * m + np.array(policy)
    r = np.nan_to_num(mdp.r)
    p = mdp.p[rows].toarray()
    v = np.linalg.solve(np.eye(n) - gamma * p, r.ravel()[rows])
    return r + gamma * (mdp.p @ v).reshape(n, m)


def measure(case: Case, repeats: int) -> None:
    times, mdp = [], case.build()
    for _ in range(repeats):
        mdp = case.build()  # fresh, and built outside the clock
        start = time.perf_counter()
        regions = policy_regions(mdp)
        times.append(time.perf_counter() - start)
        assert len(regions.breakpoints) == case.breakpoints, len(regions.breakpoints)
    assert float_policy_differs(mdp, regions) == 0
    middle = statistics.median(times)
    degree = max(b.gamma.degree for b in regions.breakpoints)
    ratio = f"{case.reference / middle:6.1f}x" if case.reference else "      -"
    print(
        f"{case.name:22}{mdp.n_states:7}{case.breakpoints:8}{degree:8}"
        f"{middle:10.3f}{min(times):10.3f}{max(times):10.3f}{1e3 * middle / case.breakpoints:10.1f}"
        f"{case.reference or float('nan'):10.1f} {ratio}"
    )


def grid_of_value_iteration(mdp: MDP, regions: PolicyRegions) -> None:
    """Value iteration of another library on 1,000 gammas: changes seen, policies wrong."""
    if importlib.util.find_spec("quantecon") is None:
        print("quantecon is not installed: no grid of value iterations")
        return
    from quantecon.markov import DiscreteDP

    n, m = mdp.n_states, mdp.n_actions
    q = mdp.p.toarray().reshape(n, m, n)
    start, previous, changes, wrong = time.perf_counter(), None, 0, 0
    for gamma in np.arange(1, 1001) / 1001:
        found = DiscreteDP(np.nan_to_num(mdp.r), q, gamma).solve(method="value_iteration")
        policy = found.sigma.tolist()
        exact = regions.optimal_actions(f"{round(gamma * 1001)}/1001")
        wrong += any(a not in actions for a, actions in zip(policy, exact, strict=True) if actions)
        changes += previous is not None and policy != previous
        previous = policy
    seconds = time.perf_counter() - start
    print(
        f"quantecon {version('quantecon')}, 1,000 value iterations: {seconds:.1f} s, {changes} "
        f"changes of {len(regions.breakpoints)}, {wrong} gammas with a policy that is not optimal"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the two largest models as well")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "python-flint"))
    print(f"Python {sys.version.split()[0]}, {packages}, {platform.machine()}, {platform.system()}")
    print(
        f"{'model':22}{'states':>7}{'breaks':>8}{'degree':>8}{'median s':>10}{'min':>10}{'max':>10}"
        f"{'ms/break':>10}{'reference':>10}   ratio"
    )
    for case in CASES:
        if options.all or not case.large:
            measure(case, options.repeats)
    mdp = lake()
    grid_of_value_iteration(mdp, policy_regions(mdp))


if __name__ == "__main__":
    main()
