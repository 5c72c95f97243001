"""How fast are optimal values, proven to 1e-9, compared with other libraries?

    python benchmarks/planning.py                      # the table
    python benchmarks/planning.py --cases random-1m --repeats 3
    python benchmarks/planning.py --memory --cases random-1m
    python benchmarks/planning.py --gammas             # 1,000 gammas of one model
    python benchmarks/planning.py --undiscounted       # gamma = 1 beside 0.99

Peers run where they are installed: QuantEcon, mdpsolver, pymdptoolbox, and bettermdptools, which
pins an older NumPy: run this file in an environment of its own. Each gets the model in the
form it takes fastest, a fresh one for every run, built outside the clock. All solvers take turns,
repeat by repeat, so that whatever else the machine does meets all of them; a turn is up to five
runs within 20 ms, of which the last counts, so that nobody pays for what another left in the
caches. `--clock processor` counts processor time, all threads together: on a machine that is busy
with other things it is the steadier of the two. An answer further than 1e-9 from the proven one
is marked with how far it is off. `--memory` runs each solver in a process of its own and prints
the largest memory it ever held, building the model included.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import count, pairwise
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from qdecay.model.float_mdp import FloatMDP
from qdecay.planning import average_reward, optimal_values, value_iteration, value_over_gammas

Values = NDArray[np.float64]
Run = Callable[[], Values]
Fresh = Callable[[], Run]
TOL = 1e-9


def toy(env_id: str) -> FloatMDP:
    return FloatMDP.from_env(gym.make(env_id))


def random_model(n_states: int, n_actions: int = 4, branching: int = 5) -> FloatMDP:
    """Uniform successors, uniform weights and rewards: values mix fast."""
    random = np.random.default_rng(0)
    pairs = n_states * n_actions
    to = random.integers(0, n_states, size=(pairs, branching), dtype=np.int32)
    to.sort(axis=1)
    weights = random.random((pairs, branching))
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.arange(pairs + 1, dtype=np.int32) * branching
    p = sparse.csr_matrix((weights.ravel(), to.ravel(), rows), shape=(pairs, n_states))
    p.sum_duplicates()
    return FloatMDP.from_sparse(p, random.random((n_states, n_actions)))


def lake(n: int) -> FloatMDP:
    """FrozenLake's rules on n x n cells, one in ten a hole, built as arrays: values mix slowly."""
    random = np.random.default_rng(1)
    over = random.random(n * n) < 0.1
    over[[0, -1]] = False, True
    row, column = np.divmod(np.arange(n * n), n)
    to = [
        np.clip(row + down, 0, n - 1) * n + np.clip(column + right, 0, n - 1)
        for down, right in ((0, -1), (1, 0), (0, 1), (-1, 0))
    ]
    live = np.flatnonzero(~over)
    state, action, next_state = [np.flatnonzero(over)] * 4, [0, 1, 2, 3], [np.flatnonzero(over)] * 4
    for a in range(4):
        for direction in (a - 1, a, a + 1):
            state.append(live)
            action.append(a)
            next_state.append(to[direction % 4][live])
    s = np.concatenate(state)
    a = np.concatenate([np.full(len(x), a) for x, a in zip(state, action, strict=True)])
    t = np.concatenate(next_state)
    probability, reward = np.where(over[s], 1.0, 1 / 3), (~over[s] & (t == n * n - 1)) * 1.0
    rows = s, a, t, probability, reward, over[t]
    return FloatMDP.from_columns(*rows, n_states=n * n, n_actions=4)


def maze(n: int) -> FloatMDP:
    """Deterministic steps on n x n cells, a third of them walls, to the last cell."""
    walls = np.random.default_rng(1).random(n * n) < 1 / 3
    walls[[0, -1]] = False
    cells = np.arange(n * n)
    row, column = np.divmod(cells, n)
    to = []
    for down, right in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        t = np.clip(row + down, 0, n - 1) * n + np.clip(column + right, 0, n - 1)
        to.append(np.where(walls[t], cells, t))
    state, action = np.repeat(cells, 4), np.tile(np.arange(4), n * n)
    next_state = np.stack(to, axis=1).ravel()
    ends = (next_state == n * n - 1) & (state != next_state)
    over = ends | (state == n * n - 1)
    rows = state, action, next_state, np.ones(4 * n * n), ends * 1.0, over
    return FloatMDP.from_columns(*rows, n_states=n * n, n_actions=4)


CASES: dict[str, Callable[[], FloatMDP]] = {
    "lake-8x8": lambda: toy("FrozenLake8x8-v1"),
    "taxi": lambda: toy("Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3"),
    "random-10k": lambda: random_model(10_000),
    "lake-300x300": lambda: lake(300),
    "maze-300x300": lambda: maze(300),
    "random-1m": lambda: random_model(1_000_000),
}
DEFAULT = ["lake-8x8", "taxi", "random-10k", "lake-300x300", "maze-300x300"]


def closed(mdp: FloatMDP) -> tuple[Any, Values]:
    """P (S * A, S) with rows that sum to 1, and r: terminations lead to one more, absorbing
    state."""
    if not mdp.ends.any():
        return mdp.p, mdp.r
    ending = sparse.csr_matrix(1 - np.asarray(mdp.p.sum(axis=1)))
    last = sparse.csr_matrix(
        ([1.0] * mdp.n_actions, (range(mdp.n_actions), [mdp.n_states] * mdp.n_actions)),
        shape=(mdp.n_actions, mdp.n_states + 1),
    )
    return (
        sparse.vstack([sparse.hstack([mdp.p, ending]), last]).tocsr(),
        np.vstack([mdp.r, np.zeros(mdp.n_actions)]),
    )


def qdecay_solvers(mdp: FloatMDP, gamma: float) -> Iterator[tuple[str, Fresh]]:
    yield "qdecay optimal_values", lambda: lambda: optimal_values(mdp, gamma, tol=TOL).v
    if mdp.ends.any() and mdp.n_states < 10_000:
        yield "qdecay value_iteration", lambda: lambda: value_iteration(mdp, gamma, tol=TOL).v


def quantecon_solvers(mdp: FloatMDP, gamma: float) -> Iterator[tuple[str, Fresh]]:
    from quantecon.markov import DiscreteDP

    p, r = closed(mdp)
    n_states, n_actions = r.shape
    states, actions = np.divmod(np.arange(n_states * n_actions), n_actions)
    models = {"sparse": DiscreteDP(r.ravel(), p, gamma, states, actions)}
    if n_states < 100:
        dense = p.toarray().reshape(n_states, n_actions, n_states)
        models["dense"] = DiscreteDP(r, dense, gamma)
    mpi = {"method": "mpi", "epsilon": 2 * TOL, "max_iter": 100_000}
    for form, model in models.items():
        for options in [mpi, {"method": "pi"}] if n_states < 1000 else [mpi]:
            yield (
                f"quantecon {options['method']} {form}",
                lambda model=model, options=options: (
                    lambda: model.solve(**options).v[: mdp.n_states]
                ),
            )


def mdpsolver_solvers(mdp: FloatMDP, gamma: float) -> Iterator[tuple[str, Fresh]]:
    import mdpsolver

    if mdp.n_states > 100_000:
        return  # only takes nested lists: gigabytes of them
    p, r = closed(mdp)
    pairs = [(p.data[a:b].tolist(), p.indices[a:b].tolist()) for a, b in pairwise(p.indptr)]
    by_state = [pairs[i : i + mdp.n_actions] for i in range(0, len(pairs), mdp.n_actions)]
    probabilities = [[row for row, _ in rows] for rows in by_state]
    columns = [[row for _, row in rows] for rows in by_state]
    rewards = r.tolist()

    def fresh(update: str) -> Run:
        model = mdpsolver.model()
        model.mdp(
            discount=gamma, rewards=rewards, tranMatProbs=probabilities, tranMatColumns=columns
        )

        def run() -> Values:
            options = {"postProcessing": False, "makeFinalCheck": False}
            model.solve(algorithm="mpi", tolerance=TOL, update=update, **options)
            return np.array(model.getValueVector()[: mdp.n_states])

        return run

    for update in ("standard", "gs"):
        yield f"mdpsolver mpi {update}", lambda update=update: fresh(update)


def pymdptoolbox_solvers(mdp: FloatMDP, gamma: float) -> Iterator[tuple[str, Fresh]]:
    from mdptoolbox import mdp as toolbox

    if mdp.n_states > 1000:
        return  # minutes
    p, r = closed(mdp)
    by_action = [p[a :: mdp.n_actions].toarray() for a in range(mdp.n_actions)]

    def fresh() -> Run:
        solver = toolbox.PolicyIteration(by_action, r, gamma)

        def run() -> Values:
            solver.run()
            return np.array(solver.V[: mdp.n_states])

        return run

    yield "pymdptoolbox pi", fresh


def bettermdptools_solvers(mdp: FloatMDP, gamma: float) -> Iterator[tuple[str, Fresh]]:
    from bettermdptools.algorithms.planner import Planner

    if mdp.n_states > 1000:
        return  # minutes
    table: Any = {s: {a: [] for a in range(mdp.n_actions)} for s in range(mdp.n_states)}
    columns = (mdp.state, mdp.action, mdp.probability, mdp.next_state, mdp.reward, mdp.terminated)
    for s, a, *outcome in zip(*(column.tolist() for column in columns), strict=True):
        table[s][a].append(tuple(outcome))
    options = {"theta": TOL * (1 - gamma), "n_iters": 5000, "dtype": np.float64}
    yield (
        "bettermdptools vi",
        lambda: lambda: Planner(table).value_iteration_vectorized(gamma, **options)[0],
    )


SOLVERS = {
    "qdecay": qdecay_solvers,
    "quantecon": quantecon_solvers,
    "mdpsolver": mdpsolver_solvers,
    "pymdptoolbox": pymdptoolbox_solvers,
    "bettermdptools": bettermdptools_solvers,
}
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
MODULES = {"pymdptoolbox": "mdptoolbox"}


def installed() -> list[str]:
    return [name for name in SOLVERS if importlib.util.find_spec(MODULES.get(name, name))]


@dataclass
class Row:
    """One solver of a table: its times in ms, and the distance of its result from the proven
    one."""

    name: str
    fresh: Fresh
    times: list[float]
    off: float = 0.0


def timed(fresh: Fresh, clock: Callable[[], float]) -> float:
    """The time in ms of the last of up to five runs within 20 ms."""
    for _ in range(5):
        run = fresh()
        start = clock()
        run()
        elapsed = 1e3 * (clock() - start)
        if elapsed > 4:
            break
    return elapsed


def compare(
    case: str, gamma: float, repeats: int, peers: list[str], clock: Callable[[], float]
) -> None:
    mdp = CASES[case]()
    exact = optimal_values(mdp, gamma, tol=TOL / 10)
    rows = [Row(name, fresh, []) for peer in peers for name, fresh in SOLVERS[peer](mdp, gamma)]
    for row in rows:
        row.off = float(np.abs(row.fresh()() - exact.v).max())  # compiles, and is checked
    for _ in range(repeats):
        for row in rows:
            row.times.append(timed(row.fresh, clock))
    best = statistics.median(rows[0].times)
    print(f"\n{case}: {mdp}, gamma = {gamma}, {repeats} repeats", flush=True)
    for row in rows:
        median = statistics.median(row.times)
        wrong = f"  off by {row.off:.1e}" if row.off > TOL + exact.error else ""
        print(
            f"  {row.name:26} {median:10.3f} ms  ({min(row.times):.3f} - {max(row.times):.3f})"
            f"  {median / best:6.1f} x{wrong}",
            flush=True,
        )


def memory(case: str, gamma: float, peers: list[str]) -> None:
    print(f"\n{case}: largest memory of a process that builds the model and solves it once")
    for peer in peers:
        command = [sys.executable, __file__, "--once", peer, "--cases", case, "--gamma", str(gamma)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if out:
            found = json.loads(out)
            print(f"  {found['name']:26} {found['mb']:8.0f} MB  {found['ms']:10.0f} ms")


def once(case: str, gamma: float, peer: str) -> None:
    mdp = CASES[case]()
    if peer == "qdecay":  # compile on something else
        optimal_values(random_model(10), gamma)
    for name, fresh in SOLVERS[peer](mdp, gamma):
        run = fresh()
        start = time.perf_counter()
        run()
        ms = 1e3 * (time.perf_counter() - start)
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"name": name, "ms": ms, "mb": kilobytes / 1024}))
        return


def over_gammas(repeats: int) -> None:
    grid = np.linspace(0.005, 0.9995, 1000)
    for case in DEFAULT[:2]:
        mdp = CASES[case]()
        value_over_gammas(mdp, grid)
        times, processor = [], []
        for _ in range(repeats):
            start, began = time.perf_counter(), time.process_time()
            found = value_over_gammas(mdp, grid)
            times.append(1e3 * (time.perf_counter() - start))
            processor.append(1e3 * (time.process_time() - began))
        print(
            f"{case}: 1,000 gammas from {grid[0]} to {grid[-1]}: {statistics.median(times):.1f} ms "
            f"({min(times):.1f} - {max(times):.1f}), {statistics.median(processor):.1f} ms of "
            f"processor time; largest error {found.errors.max():.1e}, {len(found.changes)} changes"
        )


def steps(n: int, slip: float) -> FloatMDP:
    """-1 a step on n x n cells to the last one, beside the way meant with probability `slip`."""
    cells = np.arange(n * n)
    row, column = np.divmod(cells, n)
    to = [
        np.clip(row + down, 0, n - 1) * n + np.clip(column + right, 0, n - 1)
        for down, right in ((0, -1), (1, 0), (0, 1), (-1, 0))
    ]
    ways = [(a, (a + turn) % 4, p) for a in range(4) for turn, p in ((0, 1 - slip), (1, slip / 2))]
    ways += [(a, (a + 3) % 4, slip / 2) for a in range(4)]
    state, action = np.tile(cells, len(ways)), np.repeat([a for a, _, _ in ways], n * n)
    next_state = np.concatenate([to[way] for _, way, _ in ways])
    p = np.repeat([p for _, _, p in ways], n * n)
    rows = state, action, next_state, p, -np.ones(len(p)), next_state == n * n - 1
    return FloatMDP.from_columns(*rows, n_states=n * n, n_actions=4)


def undiscounted(repeats: int) -> None:
    """Optimal values at 1 and 0.99 in turns, and those and averages of large models."""
    for case in DEFAULT[:2]:
        for solve in (optimal_values, value_iteration):
            beside(case, solve, repeats)
    for name, large in (("grid", steps(316, 0.0)), ("slippery grid", steps(316, 0.2))):
        start = time.process_time()
        found = optimal_values(large, 1)
        elapsed, start = time.process_time() - start, time.process_time()
        average = average_reward(large)
        print(
            f"{name}, {large.n_states:,} states, -1 a step: {elapsed:.2f} s, error "
            f"{found.error:.1e}; average {time.process_time() - start:.2f} s"
        )
        assert not average.gain.any()
    large = random_model(100_000)
    start = time.process_time()
    average = average_reward(large)
    print(
        f"random, {large.n_states:,} states: average_reward {time.process_time() - start:.2f} s, "
        f"errors {average.gain_error:.1e} and {average.bias_error:.1e} of gain and bias"
    )


def beside(case: str, solve: Callable[..., Any], repeats: int) -> None:
    mdp, starts = CASES[case](), count()

    def again(gamma: float) -> Run:
        return lambda: solve(mdp, gamma, tol=TOL).v

    def first(gamma: float) -> Run:
        new = replace(mdp, start=next(starts) % mdp.n_states)  # equal to none that is known
        return lambda: solve(new, gamma, tol=TOL).v

    for name, fresh in (("again", again), ("a new model", first)):
        times: list[list[float]] = [[], []]
        for turn in range(repeats + 1):
            for own, gamma in zip(times, (0.99, 1.0), strict=True):
                own.append(timed(lambda g=gamma, f=fresh: f(g), time.process_time))
            if not turn:
                times = [[], []]  # compiled
        ratios = [one / usual for usual, one in zip(*times, strict=True)]
        print(
            f"{case} {solve.__name__}, {name}: 0.99 {_spread(times[0])} ms, "
            f"1 {_spread(times[1])} ms, ratio {_spread(ratios)}"
        )


def _spread(numbers: list[float]) -> str:
    return f"{statistics.median(numbers):.3g} [{min(numbers):.3g}, {max(numbers):.3g}]"


def print_versions(peers: list[str]) -> None:
    print(
        f"Python {platform.python_version()}, {platform.platform()}, {platform.processor() or '?'}"
    )
    for name in ["qdecay", "numpy", "scipy", "numba", *peers[1:]]:
        try:
            print(f"{name} {version(name)}", end="  ")
        except PackageNotFoundError:
            print(f"{name} (checkout)", end="  ")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=DEFAULT)
    parser.add_argument("--gamma", type=float, default=0.99)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--peers", nargs="*", choices=list(SOLVERS)[1:], default=installed()[1:])
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--gammas", action="store_true")
    parser.add_argument("--undiscounted", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--once", choices=SOLVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    peers = ["qdecay", *options.peers]
    if options.once:
        once(options.cases[0], options.gamma, options.once)
        return
    print_versions(peers)
    if options.gammas or options.undiscounted:
        (over_gammas if options.gammas else undiscounted)(options.repeats)
        return
    for case in options.cases:
        if options.memory:
            memory(case, options.gamma, peers)
        else:
            compare(case, options.gamma, options.repeats, peers, CLOCKS[options.clock])


if __name__ == "__main__":
    main()
