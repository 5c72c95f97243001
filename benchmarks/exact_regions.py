"""Processor time and memory of exact policy regions, and how they grow.

    python benchmarks/exact_regions.py                          # every family, at every size
    python benchmarks/exact_regions.py --against ../before      # beside another checkout of qdecay
    python benchmarks/exact_regions.py --reference plain.py     # beside `policy_regions` of a file
    python benchmarks/exact_regions.py --workers 2              # beside as many processes
    python benchmarks/exact_regions.py --only garnet "gambler 80" --repeats 5
    python benchmarks/exact_regions.py --quick                  # the smallest of each family, once

What is compared takes turns, run by run, each run in a process of its own that has solved a small
model before its clock starts; a ratio is the median of the ratios of the rounds. A checkout is
run by the Python of its `.venv`, if it has one. A reference is a Python file with a function
`policy_regions(mdp)` that returns the breakpoints, or an object that has them as `breakpoints`;
it gets models of this checkout. Seconds of several workers are those of this process, or of the
others on average where these took longer.

An answer is checked before its time counts: the number of breakpoints where a second source has
it; the sets in the middle of each region and on a grid of gammas, against a float solve; and every
later answer, whoever gave it, against the first one. A model that takes more than `--max-seconds`
of wall time is not run again, and the gamma that was reached is told. Exponents are slopes of log
median seconds over log states.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from exact_models import FAMILIES, Family, lake
from scipy import sparse
from scipy.sparse.linalg import splu

import qdecay
from qdecay import MDP, BudgetExceeded, PolicyRegions, policy_regions

HERE = Path(__file__).resolve().parent.parent
GRID = [Fraction(k, 64) for k in range(1, 64)]


# -- one run, in a process of its own


def once(family: Family, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Solve one model, and return what it cost and a digest of the answer."""
    mdp, small = family.build(size), lake()
    if options.reference:
        solve = reference(options.reference)
    elif options.workers:  # older checkouts have no such argument
        limits = {"max_seconds": options.max_seconds, "workers": options.workers}
        solve = lambda mdp: policy_regions(mdp, **limits)  # noqa: E731
    else:
        solve = lambda mdp: policy_regions(mdp, max_seconds=options.max_seconds)  # noqa: E731
    solve(small)  # loads what loads when first used
    start, others = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        found = solve(mdp)
    except BudgetExceeded as limit:
        return {"states": mdp.n_states, "late": str(limit), "from": qdecay.__file__}
    seconds = time.process_time() - start
    if options.workers:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = ended.ru_utime + ended.ru_stime - others.ru_utime - others.ru_stime
        seconds = max(seconds, spent / max(options.workers - 1, 1))
    points = getattr(found, "breakpoints", found)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    about = {
        "states": mdp.n_states,
        "seconds": seconds,
        "memory": memory,
        "breakpoints": len(points),
    }
    if options.reference:
        return about
    if options.check:
        check(mdp, found)
    return {
        **about,
        "degree": max((b.gamma.degree for b in points), default=0),
        "digest": digest(found),
        "from": qdecay.__file__,
    }


def reference(path: Path) -> Callable[[MDP], Any]:
    """Return the function `policy_regions` of a file."""
    spec = importlib.util.spec_from_file_location("reference", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    return module.policy_regions


def digest(regions: PolicyRegions) -> str:
    points = [(b.gamma.coefficients, float(b.gamma)) for b in regions.breakpoints]
    touches = [float(touch.gamma) for touch in regions.touches]
    return hashlib.sha256(repr((points, touches, regions.regions)).encode()).hexdigest()


def check(mdp: MDP, regions: PolicyRegions) -> None:
    """Assert that a float solve prefers nothing, clearly, to the sets."""
    ends = [0.0, *(float(b.gamma) for b in regions.breakpoints), 1.0]
    middles = [(left + right) / 2 for left, right in itertools.pairwise(ends)]
    proposed = list(zip(middles, regions.regions, strict=True))
    proposed += [(float(gamma), regions.optimal_actions(gamma)) for gamma in GRID]
    for gamma, sets in proposed:
        q = action_values(mdp, gamma, [actions[0] if actions else 0 for actions in sets])
        best = np.nanmax(np.where(mdp.available, q, -np.inf), axis=1, initial=-np.inf)
        for s, actions in enumerate(sets):
            worst = min((q[s, a] for a in actions), default=best[s])
            assert worst >= best[s] - 1e-9 * (1 + abs(best[s])), (gamma, s, actions, q[s])


def action_values(mdp: MDP, gamma: float, policy: list[int]) -> np.ndarray:
    n, m = mdp.n_states, mdp.n_actions
    rows = np.arange(n) * m + np.array(policy)
    r = np.nan_to_num(mdp.r)
    v = splu(sparse.identity(n, format="csc") - gamma * mdp.p[rows].tocsc()).solve(r.ravel()[rows])
    return r + gamma * (mdp.p @ v).reshape(n, m)


# -- runs in turns


@dataclass
class Side:
    """What is measured: a checkout of qdecay, or a reference that is run with this one."""

    name: str
    root: Path
    reference: Path | None = None
    workers: int = 0

    def run(self, family: Family, size: int, limit: float, *, check: bool) -> dict[str, Any]:
        """Run one model in a new process, whose answer is that of `once`."""
        python = self.root / ".venv/bin/python"
        command = [str(python) if python.exists() else sys.executable, __file__]
        command += ["--once", family.name, str(size), "--max-seconds", str(limit)]
        command += ["--check"] if check else []
        command += ["--reference", str(self.reference)] if self.reference else []
        command += ["--workers", str(self.workers)] if self.workers else []
        paths = os.pathsep.join([str(self.root), str(self.root / "envs")])
        try:
            run = subprocess.run(
                command,
                env={**os.environ, "PYTHONPATH": paths},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=limit + 10 if self.reference else None,  # which knows of no limit
            )
        except subprocess.TimeoutExpired:
            return {"late": f"not within {limit:g} s"}
        told: dict[str, Any] = json.loads(run.stdout)
        used = Path(told.pop("from", self.root / "qdecay"))
        assert used.is_relative_to(self.root), f"{used} was run in place of {self.root}"
        return told


@dataclass
class Runs:
    """The runs of one model by one side."""

    side: Side
    found: list[dict[str, Any]] = field(default_factory=list)

    @property
    def late(self) -> str | None:
        """What a run that was out of time says."""
        return self.found[-1].get("late") if self.found else None

    @property
    def times(self) -> list[float]:
        """Seconds of each run that ended in time."""
        return [run["seconds"] for run in self.found if "seconds" in run]

    @property
    def memory(self) -> float:
        """Peak in MB."""
        return max(run["memory"] for run in self.found if "seconds" in run)


def measured(
    family: Family, size: int, sides: list[Side], options: argparse.Namespace
) -> list[Runs]:
    """Let all sides solve one model in turns, and assert that they find the same."""
    every = [Runs(side) for side in sides]
    count = family.breakpoints(size)
    known: dict[str, Any] = {} if count is None else {"breakpoints": count}
    for _ in range(options.repeats):
        for runs in every:
            if runs.late:
                continue
            unseen = "digest" not in known
            told = runs.side.run(family, size, options.max_seconds, check=unseen)
            for name in told.keys() & {"breakpoints", "digest"}:
                assert told[name] == known.setdefault(name, told[name]), (runs.side, name, told)
            runs.found.append(told)
    return every


def spread(numbers: list[float]) -> str:
    if not numbers:
        return ""
    return f"{statistics.median(numbers):.3g} [{min(numbers):.3g}, {max(numbers):.3g}]"


def row(case: str, every: list[Runs]) -> str:
    """Return a row of the table: the model, seconds and memory of each side, ratios to this one."""
    told = {name: value for runs in every for run in runs.found for name, value in run.items()}
    cells = [case, *(str(told.get(name, "")) for name in ("states", "breakpoints", "degree"))]
    for runs in every:
        late = [runs.late or "", ""]
        cells += [spread(runs.times), f"{runs.memory:.0f}"] if runs.times else late
    for runs in every[1:]:
        pairs = zip(runs.times, every[0].times, strict=False)
        cells.append(spread([theirs / ours for theirs, ours in pairs]))
    return "| " + " | ".join(cells) + " |"


def exponent(states: list[int], seconds: list[float]) -> float:
    """Return the slope of log seconds over log states, by least squares."""
    return float(np.polyfit(np.log(states), np.log(seconds), 1)[0])


def growth(family: Family, every: list[list[Runs]]) -> str:
    """Return the family's exponent by each side, over the sizes that ended in time."""
    cells = [family.name]
    for runs in zip(*every, strict=True):
        ended = [one for one in runs if one.times]
        states = [one.found[0]["states"] for one in ended]
        medians = [statistics.median(one.times) for one in ended]
        if len(ended) > 1:
            cells.append(f"{exponent(states, medians):.2f} ({states[0]:,} .. {states[-1]:,})")
        else:
            cells.append("")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    names = [name for f in FAMILIES for name in (f.name, *map(f.case, f.sizes))]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, nargs="+", default=[], metavar="CHECKOUT")
    parser.add_argument("--reference", type=Path, metavar="FILE")
    parser.add_argument("--only", nargs="+", metavar="FAMILY or MODEL", choices=names)
    parser.add_argument("--workers", type=int, default=0, metavar="N")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--max-seconds", type=float, default=90)
    parser.add_argument("--quick", action="store_true", help="the smallest of each family, once")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        [family] = [family for family in FAMILIES if family.name == options.once[0]]
        print(json.dumps(once(family, int(options.once[1]), options)))
        return
    if options.quick:
        options.repeats = 1
    sides = [Side("this", HERE)]
    sides += [Side(path.resolve().name, path.resolve()) for path in options.against]
    if options.workers:
        sides.append(Side(f"{options.workers} workers", HERE, workers=options.workers))
    if options.reference:
        sides.append(Side(options.reference.stem, HERE, options.reference.resolve()))
    tables(sides, options)


def tables(sides: list[Side], options: argparse.Namespace) -> None:
    """Print both tables, rows as they are measured."""
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "scipy", "python-flint"))
    print(f"Python {sys.version.split()[0]}, {packages}, {platform.machine()}, {platform.system()}")
    head = ["model", "states", "breakpoints", "degree"]
    head += [cell for side in sides for cell in (f"{side.name}, s", "MB")]
    print("| " + " | ".join(head + [f"{s.name} / this" for s in sides[1:]]) + " |")
    print("| " + " | ".join(["---"] * (len(head) + len(sides) - 1)) + " |")
    slopes = []
    for family in FAMILIES:
        only, every = options.only or [family.name], []
        for size in family.sizes[:1] if options.quick else family.sizes:
            if not {family.name, family.case(size)} & {*only}:
                continue
            every.append(measured(family, size, sides, options))
            print(row(family.case(size), every[-1]), flush=True)
        if len(every) > 1:
            slopes.append(growth(family, every))
    print("\n| family | " + " | ".join(f"exponent, {side.name}" for side in sides) + " |")
    print("| " + " | ".join(["---"] * (len(sides) + 1)) + " |")
    print("\n".join(slopes))


if __name__ == "__main__":
    main()
