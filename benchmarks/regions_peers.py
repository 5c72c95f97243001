"""Exact regions beside a grid of gammas in other libraries: `python benchmarks/regions_peers.py`.

QuantEcon, mdpsolver and pymdptoolbox, where they are installed, are asked what people ask today:
the optimal policy at each of 1,000 gammas of FrozenLake 8x8, by value and by policy iteration with
the library's default settings, and by value iteration to 1e-9. Times are wall time, and the models
are built outside the clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from exact_models import lake
from planning import closed, print_versions

from qdecay import MDP, policy_regions

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
    parser.add_argument("--points", type=int, default=1000, help="gammas of the grid")
    options = parser.parse_args()
    print_versions(["qdecay"])
    grid(lake(map_name="8x8"), options.points)


if __name__ == "__main__":
    main()
