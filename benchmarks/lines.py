"""Time of exact regions over a number of the model: `python benchmarks/lines.py [--all]`.

The numbers are a success rate, a penalty, a living reward, at gamma 0.99. Times are processor time
of one thread; lines are built outside the clock, once. `plain` is the same walk where floats prove
nothing: every pair's polynomial is computed after each event, modulo primes. Its points must be
the same. Lakes stop after their first ten points.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from itertools import islice
from typing import Any, cast

import gymnasium as gym
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from qdecay import MDP, BudgetExceeded, ModelLine, as_mdp, policy_regions
from qdecay._support.deadline import Deadline
from qdecay.exact.line_regions import LineRegions
from qdecay.exact.solver.line_axis import LineAxis
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.walk import Walk

GAMMA = Fraction(99, 100)
FIRST = 10  # points of a lake


@dataclass(frozen=True)
class Case:
    """A line, how many points are asked for, and whether the plain walk ends in time."""

    name: str
    build: Callable[[], ModelLine]
    most: int | None = None
    plain: bool = True
    large: bool = False


def over_success_rate(name: str) -> ModelLine:
    def lake(success_rate: Fraction) -> MDP:
        return MDP.from_env(gym.make(name, success_rate=float(success_rate)))

    return ModelLine.of(lake, low="1/3", high=1)


def over_illegal_moves() -> ModelLine:
    return ModelLine.of_reward(as_mdp("Taxi-v4"), -10, low=-20, high=0)


def over_holes(size: int, *, is_slippery: bool = True) -> ModelLine:
    desc = generate_random_map(size, 0.8, 0)

    def lake(hole: Fraction) -> MDP:
        options: dict[str, Any] = {"desc": desc, "is_slippery": is_slippery}
        return MDP.from_env(gym.make("FrozenLake-v1", **options, reward_schedule=(1, hole, 0)))

    return ModelLine.of(lake, low=-1, high=0)


def over_living_reward(size: int) -> ModelLine:
    """A grid like AIMA's 4x3: a wall in each square of 3, +1 and -1 in one corner, noise 0.2."""
    cells = [(x, y) for y in range(size) for x in range(size) if (x % 3, y % 3) != (1, 1)]
    number = {cell: s for s, cell in enumerate(cells)}
    ends = {(size - 1, size - 1): 1, (size - 1, size - 2): -1}
    ways = ((0, 1), (1, 0), (0, -1), (-1, 0))

    def grid(living: Fraction) -> MDP:
        rows: list[Any] = []
        for (x, y), s in number.items():
            for a in range(4):
                if (x, y) in ends:
                    rows.append((s, a, s, 1, ends[x, y], True))
                    continue
                for turn, chance in ((0, "4/5"), (1, "1/10"), (3, "1/10")):
                    dx, dy = ways[(a + turn) % 4]
                    target = number.get((x + dx, y + dy), s)
                    rows.append((s, a, target, Fraction(chance), living, False))
        return MDP.from_rows(rows, n_states=len(cells), n_actions=4)

    return ModelLine.of(grid, low=-2, high=0)


CASES = [
    Case("FrozenLake 4x4, success rate", lambda: over_success_rate("FrozenLake-v1")),
    Case("FrozenLake 8x8, success rate", lambda: over_success_rate("FrozenLake8x8-v1")),
    Case("Taxi, illegal moves", over_illegal_moves),
    *(
        Case(f"grid {n}x{n}, living reward", lambda n=n: over_living_reward(n), plain=n <= 9)
        for n in (4, 6, 9, 12, 18)
    ),
    *(
        Case(f"lake {n}x{n}, holes", lambda n=n: over_holes(n), FIRST, plain=n <= 10, large=n > 40)
        for n in (10, 20, 40, 60, 100, 200, 300)
    ),
    Case(
        "lake 300x300, not slippery",
        lambda: over_holes(300, is_slippery=False),
        FIRST,
        plain=False,
        large=True,
    ),
]


def regions(line: ModelLine, most: int | None) -> LineRegions:
    try:
        return policy_regions(line, gamma=GAMMA, max_breakpoints=most)
    except BudgetExceeded as limit:
        return cast("LineRegions", limit.best)


class PlainAxis(LineAxis):
    """A line on which floats prove nothing."""

    def __init__(self, line: RationalLine) -> None:
        super().__init__(line, GAMMA, use_floats=False)

    def _series(self, policy: Any, deadline: Any, previous: Any = None) -> LineSeries:
        return LineSeries(self.line, policy, self.gamma, deadline, previous)


def plain_points(line: ModelLine, most: int | None) -> list[Fraction]:
    """Return the points, rounded, of the walk without windows."""
    events = Walk(PlainAxis(RationalLine(line)), Deadline()).run()
    width, low = line.parameter.high - line.parameter.low, line.parameter.low
    return [event.x.stretched(width, low).enclosure(60)[0] for event in islice(events, most)]


def timed(task: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = task()
    return found, time.process_time() - start


def measure(case: Case, repeats: int) -> str:
    line = case.build()
    runs = [timed(lambda: regions(line, case.most)) for _ in range(repeats)]
    found, times = runs[0][0], sorted(seconds for _, seconds in runs)
    points = sorted((*found.breakpoints, *found.touches), key=lambda point: point.value)
    plain = ""
    if case.plain:
        expected, seconds = timed(lambda: plain_points(line, case.most))
        pairs = zip((point.value for point in points), expected, strict=True)
        assert all(abs(value.enclosure(60)[0] - x) < Fraction(1, 2**50) for value, x in pairs)
        plain = f"{seconds:.2f}"
    return (
        f"{case.name:30}{line.low.n_states:8}{len(found.regions):8}{statistics.median(times):10.3f}"
        f"{times[0]:10.3f}{times[-1]:10.3f}{plain:>10}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also lakes of more than 40 x 40")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "python-flint"))
    print(f"Python {platform.python_version()}, {versions}")
    print(
        f"{'line':30}{'states':>8}{'regions':>8}{'seconds':>10}{'min':>10}{'max':>10}{'plain':>10}"
    )
    for case in CASES:
        if options.only in case.name and (options.all or not case.large):
            repeats = 1 if case.large else options.repeats
            print(measure(case, repeats), flush=True)


if __name__ == "__main__":
    main()
