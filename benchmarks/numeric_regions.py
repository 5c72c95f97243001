"""How do numeric policy regions grow with the model, and do they miss what exact ones find?

    python benchmarks/numeric_regions.py                        # 1,000 and 10,000 states
    python benchmarks/numeric_regions.py --sizes 100000 --cases random
    python benchmarks/numeric_regions.py --exact                # beside exact regions

Each model is solved in a separate process, with one core; time is that of the processor, memory
the largest that the process ever held, building the model included. The slippery lake and the
maze are square, of about that many cells. `--exact` counts, on models small enough for exact
arithmetic, the exact changes of single states inside the grid's range that no bracket shows, and
the brackets that hold no exact breakpoint of their state (there must be none).
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

import gymnasium as gym
from planning import lake, maze, print_versions, random_model

from qdecay import MDP, numeric_policy_regions, policy_regions
from qdecay.model.float_mdp import FloatMDP

CASES = {
    "random": lambda n: random_model(n),
    "lake": lambda n: lake(math.isqrt(n)),
    "maze": lambda n: maze(math.isqrt(n)),
}
EXACT = ["FrozenLake-v1", "FrozenLake8x8-v1", "CliffWalkingSlippery-v1", "qdecay/LongDelay-v0"]
TOLD = (
    "{case:7} {model}: {processor:.1f} s of processor time ({wall:.1f} s), {mb:.0f} MB, "
    "{points} points, {solves} solves, {brackets} brackets with {changes} changes of states, "
    "values within {error:.1e}"
)


def once(case: str, size: int, points: int | None) -> dict[str, Any]:
    """Solve one model after compilation, and report its cost."""
    numeric_policy_regions(CASES[case](64), points=5)
    mdp = CASES[case](size)
    start, began = time.perf_counter(), time.process_time()
    found = numeric_policy_regions(mdp, points=points)
    return {
        "case": case,
        "model": repr(mdp),
        "wall": time.perf_counter() - start,
        "processor": time.process_time() - began,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "points": found.points,
        "solves": found.solves,
        "brackets": len(found.changes),
        "changes": sum(len(change.changes) for change in found.changes),
        "error": found.error,
    }


def growth(cases: list[str], sizes: list[int], points: int | None) -> None:
    for case in cases:
        for size in sizes:
            options = ["--once", "--cases", case, "--sizes", str(size)]
            options += [] if points is None else ["--points", str(points)]
            out = subprocess.run(
                [sys.executable, __file__, *options], check=True, capture_output=True, text=True
            ).stdout
            print(TOLD.format(**json.loads(out)), flush=True)


def beside_exact(points: int | None) -> None:
    numeric_policy_regions(CASES["lake"](64), points=5)
    for env_id in EXACT:
        env = gym.make(env_id)
        start = time.perf_counter()
        exact = policy_regions(MDP.from_env(env))
        middle = time.perf_counter()
        found = numeric_policy_regions(FloatMDP.from_env(env), points=points)
        end = time.perf_counter()
        known = {
            (s, float(point.gamma))
            for point in exact.breakpoints
            for s in point.changes
            if float(point.gamma) < found.up_to
        }
        brackets = [(s, c.lower, c.upper) for c in found.changes for s in c.changes]
        shown = {k for k in known for s, low, high in brackets if s == k[0] and low <= k[1] <= high}
        empty = [b for b in brackets if not any(s == b[0] and b[1] <= g <= b[2] for s, g in known)]
        print(
            f"{env_id}: exact {middle - start:.2f} s, numeric {end - middle:.2f} s; "
            f"{len(known)} exact changes of states, {len(known - shown)} in no bracket; "
            f"{len(empty)} brackets without one"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--points", type=int)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(once(options.cases[0], options.sizes[0], options.points)))
        return
    print_versions(["qdecay"])
    if options.exact:
        beside_exact(options.points)
    else:
        growth(options.cases, options.sizes, options.points)


if __name__ == "__main__":
    main()
