"""Certified regions of large models: seconds, memory, brackets, and what numeric regions miss.

    python benchmarks/certified_regions.py                      # 1,000, 3,000 and 10,000 states
    python benchmarks/certified_regions.py --cases lake --sizes 10000
    python benchmarks/certified_regions.py --exact              # small models beside exact regions
    python benchmarks/certified_regions.py --quick              # 100 states, and a few small models

Each method solves each model in a process of its own, which has solved a small model before its
clock starts; seconds are those of the processor, memory is the most that the process ever held,
and `bytes per entry` what certified regions add to that of the model, per transition probability.
Lakes and mazes are square, of about that many cells.

Each change that numeric regions show must lie in a bracket that names its state, or where that
state is said to be a near tie; certified changes are looked for among numeric ones as far as those
reach. `--exact` asserts that each breakpoint and touch lies in a bracket
of its state, that a bracket of `one breakpoint` holds one, and that the sets outside are those of
exact regions.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
from exact_models import FAMILIES, garnet
from planning import lake, maze, print_versions, random_model

from qdecay import (
    MDP,
    BudgetExceeded,
    CertifiedRegions,
    FloatMDP,
    certified_policy_regions,
    numeric_policy_regions,
    policy_regions,
)

CASES: dict[str, Callable[[int], MDP | FloatMDP]] = {
    "random": lambda n: random_model(n, branching=10),
    "lake": lambda n: lake(math.isqrt(n)),
    "maze": lambda n: maze(math.isqrt(n)),
    "garnet": garnet,
}
Interval = tuple[float, float, int]  # lower and upper end, and the state


@dataclass(frozen=True)
class Answer:
    """What one method found of one model, up to `proven_to`, and its cost."""

    states: int
    entries: int
    seconds: float
    memory: float
    added: float
    intervals: list[Interval]
    brackets: int
    proven_to: float
    separated: int = 0
    ties: list[Interval] | tuple[()] = ()
    late: str = ""


# -- one method on one model, in a process of its own


def once(case: str, size: int, method: str, max_seconds: float) -> dict[str, Any]:
    solve = {"certified": certified_policy_regions, "numeric": numeric_policy_regions}[method]
    solve(CASES[case](25))
    mdp, late = CASES[case](size), ""
    before, start = memory_now(), time.process_time()
    try:
        found: Any = solve(mdp, max_seconds=max_seconds)
    except BudgetExceeded as limit:
        found, late = limit.best, str(limit)
    about = {
        "states": mdp.n_states,
        "entries": int(mdp.p.nnz),
        "seconds": time.process_time() - start,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "added": held("VmHWM") - before,
        "late": late,
    }
    if method == "numeric":
        brackets = found.changes
        up_to = {"proven_to": found.up_to}
        return {**about, **up_to, "intervals": intervals(brackets), "brackets": len(brackets)}
    return {
        **about,
        "intervals": intervals(found.brackets),
        "brackets": len(found.brackets),
        "separated": sum(bracket.content == "one breakpoint" for bracket in found.brackets),
        "ties": [(float(tie.lower), float(tie.upper), tie.state) for tie in found.near_ties],
        "proven_to": float(found.proven_to),
    }


def memory_now() -> int:
    """Return the bytes that this process holds, and let Linux forget that it ever held more."""
    Path("/proc/self/clear_refs").write_text("5")
    return held("VmRSS")


def held(name: str) -> int:
    """Return a number of bytes that Linux tells of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def intervals(brackets: Any) -> list[Interval]:
    return [(float(b.lower), float(b.upper), int(s)) for b in brackets for s in b.changes]


# -- both methods on models of several sizes


def ran(case: str, size: int, method: str, max_seconds: float) -> Answer:
    command = [sys.executable, __file__, "--once", method, "--cases", case, "--sizes", str(size)]
    command += ["--max-seconds", str(max_seconds)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Answer(**json.loads(told))


def by_state(found: list[Interval] | tuple[()]) -> dict[int, list[Interval]]:
    states: dict[int, list[Interval]] = {}
    for interval in found:
        states.setdefault(interval[2], []).append(interval)
    return states


def meeting(changes: list[Interval], known: list[Interval] | tuple[()]) -> set[int]:
    """Return the indices of changes that meet a known interval of the same state."""
    of = by_state(known)
    return {
        i
        for i, (lower, upper, state) in enumerate(changes)
        if any(low <= upper and lower <= high for low, high, _ in of.get(state, ()))
    }


def grow(case: str, sizes: list[int], max_seconds: float) -> None:
    """Print a row for each size, and the exponents of certified seconds and memory."""
    answers = []
    for size in sizes:
        certified = ran(case, size, "certified", max_seconds)
        numeric = ran(case, size, "numeric", max_seconds)
        print(row(case, certified, numeric), flush=True)
        answers += [] if certified.late else [certified]
    if len(answers) > 1:
        states = np.log([a.states for a in answers])
        slopes = [
            float(np.polyfit(states, np.log(numbers), 1)[0])
            for numbers in ([a.seconds for a in answers], [max(a.added, 1) for a in answers])
        ]
        print(f"{case}: seconds grow like n^{slopes[0]:.2f}, added memory like n^{slopes[1]:.2f}")


def row(case: str, certified: Answer, numeric: Answer) -> str:
    changes = [change for change in numeric.intervals if change[1] < certified.proven_to]
    inside = meeting(changes, certified.intervals)
    unseen = len(changes) - len(inside | meeting(changes, certified.ties))
    assert unseen == 0, f"{case}: {unseen} changes of numeric regions lie in no bracket"
    proven = [change for change in certified.intervals if change[1] < numeric.proven_to]
    seen = len(meeting(proven, numeric.intervals))
    cells = [
        case,
        f"{certified.states:,}",
        f"{certified.seconds:.1f}",
        f"{certified.memory:.0f}",
        f"{certified.added / certified.entries:.0f}",
        f"{certified.brackets:,}",
        f"{certified.separated:,}",
        f"{len(certified.ties):,}",
        f"1 - {1 - certified.proven_to:.1e}",
        f"{numeric.seconds:.1f}",
        f"{numeric.memory:.0f}",
        f"{certified.seconds / numeric.seconds:.2f}",
        f"{len(inside):,} of {len(changes):,}",
        f"{seen:,} of {len(proven):,}",
        *filter(None, (certified.late, numeric.late)),
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "model",
    "states",
    "certified, s",
    "MB",
    "bytes per entry",
    "brackets",
    "one breakpoint",
    "near ties",
    "proven to",
    "numeric, s",
    "MB",
    "ratio",
    "numeric changes in brackets",
    "certified changes that numeric shows",
)


# -- beside exact regions


def beside_exact(width: Fraction, max_seconds: float, *, quick: bool) -> None:
    """Assert of small models what exact regions know, and print how many brackets say what."""
    for family in FAMILIES:
        for size in family.sizes[:1] if quick else family.sizes[:2]:
            mdp = family.build(size)
            try:
                certified = certified_policy_regions(mdp, width=width, max_seconds=max_seconds)
            except BudgetExceeded as limit:
                certified = cast("CertifiedRegions", limit.best)
            points, hidden = against_exact(mdp, certified)
            separated = sum(b.content == "one breakpoint" for b in certified.brackets)
            print(
                f"{family.case(size)}: {points} breakpoints and touches, {hidden} of a near tie; "
                f"{len(certified.brackets)} brackets, {separated} of one breakpoint, "
                f"{len(certified.near_ties)} near ties, "
                f"proven to 1 - {1 - float(certified.proven_to):.1e}",
                flush=True,
            )


def against_exact(mdp: MDP, certified: CertifiedRegions) -> tuple[int, int]:
    """Return how many breakpoints and touches the proven part has, and how many of these are
    changes of a near tie; all others are in brackets."""
    exact = policy_regions(mdp)
    breakpoints = [b for b in exact.breakpoints if b.gamma < certified.proven_to]
    points = breakpoints + [t for t in exact.touches if t.gamma < certified.proven_to]
    hidden = 0
    for point in points:
        held = [b for b in certified.brackets if b.lower < point.gamma < b.upper]
        shown = {s for bracket in held for s in bracket.changes}
        unshown = point.changes.keys() - shown
        assert unshown <= near(certified, point.gamma), point
        hidden += bool(unshown)
    for bracket in certified.brackets:
        inside = sum(bracket.lower < b.gamma < bracket.upper for b in breakpoints)
        assert inside == 1 or bracket.content != "one breakpoint", bracket
    for gamma, sets in outside(certified):
        expected, tied = exact.optimal_actions(gamma), near(certified, gamma)
        for s, (listed, true) in enumerate(zip(sets, expected, strict=True)):
            assert set(true) <= set(listed) and (s in tied or listed == true), (gamma, s)
    return len(points), hidden


def near(certified: CertifiedRegions, gamma: Any) -> set[int]:
    """Return the states that are near ties at a gamma."""
    return {tie.state for tie in certified.near_ties if tie.lower <= gamma <= tie.upper}


def outside(certified: CertifiedRegions) -> Iterator[tuple[Fraction, Any]]:
    """Yield a gamma inside each region, and the sets there."""
    lowers = [Fraction(0), *(bracket.upper for bracket in certified.brackets)]
    uppers = [*(bracket.lower for bracket in certified.brackets), certified.proven_to]
    for lower, upper, sets in zip(lowers, uppers, certified.regions, strict=True):
        if lower < upper:
            yield (lower + upper) / 2, sets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 3_000, 10_000])
    parser.add_argument("--max-seconds", type=float, default=600)
    parser.add_argument("--exact", action="store_true", help="small models beside exact regions")
    parser.add_argument("--width", type=Fraction, default=Fraction(1, 10**12), help="with --exact")
    parser.add_argument("--quick", action="store_true", help="the smallest models only")
    parser.add_argument("--once", choices=["certified", "numeric"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        case, size = options.cases[0], options.sizes[0]
        print(json.dumps(once(case, size, options.once, options.max_seconds)))
        return
    print_versions(["qdecay"])
    if options.exact or options.quick:
        beside_exact(options.width, options.max_seconds, quick=options.quick)
    if not options.exact:
        print("| " + " | ".join(HEAD) + " |\n" + "| --- " * len(HEAD) + "|")
        for case in options.cases:
            grow(case, [100] if options.quick else options.sizes, options.max_seconds)


if __name__ == "__main__":
    main()
