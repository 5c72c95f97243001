"""How often the intervals of `qdecay.compare` contain the exact break-even gamma.

    python benchmarks/compare_coverage.py [noise | slip | held-out] [--sets 100] [--only TEXT]

A row is a chain with random rewards or outcomes, compared with this many separate sets of ten
seeds. It prints how many of the 95 % intervals contain the exact gamma, which share of all agents
flips left of it (1/2 where training is not biased), the median width of the intervals, and the
processor time of a comparison. Rows appear as they are done, and can be run in parts.

Nothing was tuned on the rows of `held-out`.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("envs", "")]

import qdecay  # noqa: E402
from qdecay_envs.chain import ChainEnv  # noqa: E402
from qdecay_envs.layout import ChainLayout  # noqa: E402

LEAST = 93  # of 100
Row = tuple[str, ChainLayout, dict[str, Any]]
choice = ChainLayout.choice


def delays() -> Iterator[tuple[int, ChainLayout]]:
    """1 now, or 6 after 1 to 8 steps."""
    for delay in range(1, 9):
        yield delay, choice(near=[1], far=[0] * delay + [6])


def noise() -> Iterator[Row]:
    """Normal noise of deviation 0.5, 1 and 3, and the chain that revealed an earlier bias."""
    yield "2 or 5 after 2, noise 3", choice(near=[2], far=[0, 0, 5]), {"reward_noise": 3}
    for deviation in (0.5, 1, 3):
        for delay, layout in delays():
            yield f"delay {delay}, noise {deviation}", layout, {"reward_noise": deviation}


def slip() -> Iterator[Row]:
    """Choices that slip; with `escape`, because without it a tie at the start has no spread."""
    for delay, layout in delays():
        yield f"delay {delay}, slip 1/10", layout, {"slip": "1/10"}
    for delay, layout in list(delays())[1:3]:
        yield f"delay {delay}, slip 1/10, escape", layout, {"slip": "1/10", "escape": True}


def held_out() -> Iterator[Row]:
    """Other rewards, endings, slips, mixtures, and layouts drawn at random."""
    for ending in ("repeat", "absorb"):
        layout = choice(near=[1], far=[0, 0, 4], ending=ending)
        yield f"4 after 2, {ending}, noise 1", layout, {"reward_noise": 1}
    for chance in ("3/10", "2/5"):
        layout = choice(near=[3, 1], far=[1, 0, 0, 7])
        yield f"slip {chance}, noise 1", layout, {"slip": chance, "reward_noise": 1}
    yield "slip 3/10, escape", layout, {"slip": "3/10", "escape": True}
    three = choice(a=[1], b=[0, 2], c=[0, 0, 3])
    yield "three branches, noise 1/2", three, {"reward_noise": 0.5}
    yield "losses, noise 1", choice(near=[-1], far=[0, 0, -4]), {"reward_noise": 1}
    yield "escape, noise 1", choice(near=[1], far=[0, 0, 6]), {"escape": True, "reward_noise": 1}
    for number, layout in enumerate(random_layouts(6)):
        yield f"random layout {number}, noise 1", layout, {"reward_noise": 1}


def random_layouts(count: int) -> Iterator[ChainLayout]:
    """Streams of whole rewards with a break-even gamma that changes the choice."""
    rng = np.random.default_rng(20_000)
    while count:
        near, far = (rng.integers(-2, 9, rng.integers(1, 6)).tolist() for _ in range(2))
        layout = choice(near=near, far=far)
        if qdecay.break_even(layout).switching:
            count -= 1
            yield layout


def measure(layout: ChainLayout, options: dict[str, Any], sets: int) -> str:
    """Return a row's columns; sets that have several gammas count each."""
    env = ChainEnv(layout, **options)
    qdecay.compare(env)  # compiles
    began = time.process_time()
    held = left = agents = 0
    widths = []
    for number in range(1, sets + 1):
        row = qdecay.compare(env, seed=10 * number)
        for exact, learned in zip(row.exact, row.learned, strict=True):
            assert learned.interval is not None
            low, high = learned.interval
            held += low <= float(exact) <= high
            left += sum(flip < float(exact) for flip in learned.flips)
            agents += learned.seeds
            widths.append(high - low)
    cost = (time.process_time() - began) / sets
    few = " < 93 %" if held < LEAST / 100 * len(widths) else ""
    return (
        f"{held} of {len(widths)}{few} | {left / agents:.2f} | "
        f"{statistics.median(widths):.4f} | {cost:.2f}"
    )


def main() -> None:
    """Print versions and the table, row by row."""
    parts = {"noise": noise, "slip": slip, "held-out": held_out}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=parts)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--only", default="", help="rows whose name has this text")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"{platform.processor() or platform.machine()}; {arguments.sets} sets of 10 seeds"
    )
    print("\n| chain | held | flip left | median width | s |\n| --- | --- | --- | --- | --- |")
    for part in [arguments.part] if arguments.part else parts:
        for name, layout, options in parts[part]():
            if arguments.only in name:
                columns = measure(layout, options, arguments.sets)
                print(f"| {name} | {columns} |", flush=True)


if __name__ == "__main__":
    main()
