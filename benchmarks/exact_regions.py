"""Time and memory of exact policy regions: `python benchmarks/exact_regions.py [--all]`.

Every answer is checked before its time counts: the expected number of breakpoints, and the sets
next to each breakpoint against a float solve. Each model runs in a separate process, whose peak
memory is shown. `reference` is the time in seconds of the implementation this one is measured
against. Then the other libraries that are installed (QuantEcon, mdpsolver, pymdptoolbox) are asked
what people ask today: the optimal policy at each of 1,000 gammas of FrozenLake 8x8, by value and
by policy iteration with the library's default settings, and by value iteration to 1e-9. Times are
wall time there, and the models are built outside the clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.toy_text.frozen_lake import generate_random_map
from planning import closed
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.model.mdp import MDP


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
    v = splu(sparse.identity(n, format="csc") - gamma * mdp.p[rows].tocsc()).solve(r.ravel()[rows])
    return r + gamma * (mdp.p @ v).reshape(n, m)


def measure(name: str, repeats: int) -> str:
    """Return the line of one case."""
    [case] = [case for case in CASES if case.name == name]
    times = []
    for _ in range(repeats):
        mdp = case.build()  # fresh, and built outside the clock
        start = time.process_time()  # one thread: the wall time on an idle machine
        regions = policy_regions(mdp)
        times.append(time.process_time() - start)
        assert len(regions.breakpoints) == case.breakpoints, len(regions.breakpoints)
    assert float_policy_differs(mdp, regions) == 0
    middle = statistics.median(times)
    degree = max(b.gamma.degree for b in regions.breakpoints)
    ratio = f"{case.reference / middle:6.1f}x" if case.reference else "      -"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{case.name:22}{mdp.n_states:7}{case.breakpoints:8}{degree:8}"
        f"{middle:10.3f}{min(times):10.3f}{max(times):10.3f}{1e3 * middle / case.breakpoints:10.1f}"
        f"{memory:8.0f}{case.reference or float('nan'):10.1f} {ratio}"
    )


# -- a grid of gammas in other libraries

FINE, MOST_SWEEPS = 1e-9, 10**6  # in addition to each library's default tolerance

Solve = Callable[[], Sequence[int]]
AtGamma = Callable[[float], Solve]


def quantecon_methods(p: Any, r: np.ndarray) -> Iterator[tuple[str, AtGamma]]:
    from quantecon.markov import DiscreteDP

    n, m = r.shape
    states, actions = np.divmod(np.arange(n * m), m)
    models = {
        "dense": DiscreteDP(r, p.toarray().reshape(n, m, n), 0.5),
        "sparse": DiscreteDP(r.ravel(), p, 0.5, states, actions),
    }

    def at(model: DiscreteDP, options: dict[str, Any], gamma: float) -> Solve:
        model.beta = gamma
        return lambda: model.solve(**options).sigma.tolist()

    value_iteration = {"method": "value_iteration"}
    for form, model in models.items():
        yield f"quantecon vi, {form}", partial(at, model, value_iteration)
        yield f"quantecon pi, {form}", partial(at, model, {"method": "policy_iteration"})
    fine = {**value_iteration, "epsilon": FINE, "max_iter": MOST_SWEEPS}
    yield f"quantecon vi, dense, {FINE:g}", partial(at, models["dense"], fine)


def mdpsolver_methods(p: Any, r: np.ndarray) -> Iterator[tuple[str, AtGamma]]:
    import mdpsolver

    m = r.shape[1]
    rows = [
        (p.data[a:b].tolist(), p.indices[a:b].tolist()) for a, b in itertools.pairwise(p.indptr)
    ]
    by_state = [rows[i : i + m] for i in range(0, len(rows), m)]
    numbers, columns = ([[row[k] for row in some] for some in by_state] for k in range(2))

    def at(options: dict[str, Any], gamma: float) -> Solve:
        model = mdpsolver.model()
        model.mdp(discount=gamma, rewards=r.tolist(), tranMatProbs=numbers, tranMatColumns=columns)

        def solve() -> Sequence[int]:
            model.solve(**options)
            return list(map(int, model.getPolicy()))

        return solve

    for algorithm in ("vi", "pi", "mpi"):
        yield f"mdpsolver {algorithm}", partial(at, {"algorithm": algorithm})
    yield f"mdpsolver vi, {FINE:g}", partial(at, {"algorithm": "vi", "tolerance": FINE})


def pymdptoolbox_methods(p: Any, r: np.ndarray) -> Iterator[tuple[str, AtGamma]]:
    from mdptoolbox import mdp as toolbox

    by_action = [p[a :: r.shape[1]].toarray() for a in range(r.shape[1])]

    def at(kind: Callable[..., Any], options: dict[str, Any], gamma: float) -> Solve:
        solver = kind(by_action, r, gamma, **options)

        def solve() -> Sequence[int]:
            solver.run()
            return list(map(int, solver.policy))

        return solve

    yield "pymdptoolbox vi", partial(at, toolbox.ValueIteration, {})
    yield "pymdptoolbox pi", partial(at, toolbox.PolicyIteration, {})
    fine = {"epsilon": FINE, "max_iter": MOST_SWEEPS}
    yield f"pymdptoolbox vi, {FINE:g}", partial(at, toolbox.ValueIteration, fine)


PEERS = {
    "quantecon": quantecon_methods,
    "mdpsolver": mdpsolver_methods,
    "mdptoolbox": pymdptoolbox_methods,
}


def grid(mdp: MDP, points: int) -> None:
    """Print for each library's methods: time, policy changes found, wrong policies."""
    policy_regions(lake())  # loads what the libraries below load at their first call
    start = time.perf_counter()
    regions = policy_regions(mdp)
    seconds = time.perf_counter() - start
    exact = [regions.optimal_actions(Fraction(k, points + 1)) for k in range(1, points + 1)]
    visible = sum(a != b for a, b in itertools.pairwise(exact))
    print(
        f"\n{points:,} gammas: {visible} of {len(regions.breakpoints)} changes lie between two\n"
        f"{'':36}{'seconds':>9}{'changes':>9}{'wrong':>9}\n"
        f"{'qdecay policy_regions':36}{seconds:9.2f}{len(regions.breakpoints):9}{0:9}"
    )
    p, r = closed(mdp)
    for module, methods in PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{module} is not installed")
            continue
        for name, at in methods(p, r):
            at(0.5)()  # compiles
            seconds, policies = 0.0, []
            for k in range(1, points + 1):
                solve = at(k / (points + 1))
                start = time.perf_counter()
                policies.append(solve())
                seconds += time.perf_counter() - start
            changes = sum(a != b for a, b in itertools.pairwise(policies))
            pairs = zip(policies, exact, strict=True)
            wrong = sum(
                any(a not in best for a, best in zip(policy, sets, strict=False))
                for policy, sets in pairs
            )
            print(f"{name:36}{seconds:9.2f}{changes:9}{wrong:9}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the two largest models as well")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--points", type=int, default=1000, help="gammas of the grid; 0: no grid")
    options = parser.parse_args()
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "python-flint"))
    print(f"Python {sys.version.split()[0]}, {packages}, {platform.machine()}, {platform.system()}")
    print(
        f"{'model':22}{'states':>7}{'breaks':>8}{'degree':>8}{'median s':>10}{'min':>10}{'max':>10}"
        f"{'ms/break':>10}{'MB':>8}{'reference':>10}   ratio"
    )
    names = [case.name for case in CASES if options.all or not case.large]
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, fresh, max_tasks_per_child=1) as processes:
        for line in processes.map(measure, names, itertools.repeat(options.repeats)):
            print(line, flush=True)
    if options.points:
        grid(lake(map_name="8x8"), options.points)


if __name__ == "__main__":
    main()
