"""What a sweep costs beside its trainings, and what a second worker brings.

    python benchmarks/sweep.py overhead [--quick]
    python benchmarks/sweep.py workers [--quick] [--turns 3]

A cell is a training of Q-learning for so many steps on a choice between 1 now and 6 after 4 or 8
steps. A *small* cell has 10,000 steps: about 0.1 ms.

`overhead`: the wall time of `Sweep.run` in this process over the time of the kernel alone, the
compiled loop over the same runs with the states of their generators at hand, in turns. `workers`:
cells per second of one and of two processes and of none, in turns, once over the whole run and once
between the first and the last batch, without the second in which workers start.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numba
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("envs", "")]

from qdecay import Sweep  # noqa: E402
from qdecay.learning import batch, kernels  # noqa: E402
from qdecay.learning.compiled_run import Ground  # noqa: E402
from qdecay.learning.run import Budget, RunSettings  # noqa: E402
from qdecay.sweep import Spec  # noqa: E402

SPEC = """
schema = "qdecay.sweep/1"
sources = [{{ delay = [4, 8], reward = 6 }}]
gammas = {{ around = "break-even", count = 5, spread = 0.2 }}
learners = [{{ name = "q_learning", epsilon = [0.1, 0.3], steps = {steps} }}]
seeds = {seeds}
"""
GROUPS, GAMMAS = 4, 10
SMALL = 10_000  # steps


def sweep_of(steps: int, cells: int) -> Sweep:
    sweep = Sweep(Spec.parse(SPEC.format(steps=steps, seeds=cells // (GROUPS * GAMMAS))))
    assert len(sweep) == cells
    return sweep


class Kernel:
    """The trainings of a sweep as the compiled loop alone runs them."""

    def __init__(self, sweep: Sweep) -> None:
        self.steps = sweep.plan.groups[0].learner.settings["steps"]
        self.groups = [self._group(group) for group in sweep.plan.groups]

    def _group(self, group) -> tuple[Callable[[batch.Batch], None], batch.Batch]:
        numbers = range(group.first, group.first + len(group))
        gammas = group.floats(numbers)
        seeds = [int(key, 16) for key in group.keys(numbers)]
        arguments = group.learner.arguments(group.model.mdp, group.model.start)
        learner = group.learner.learner()
        settings = RunSettings.read(
            learner.name,
            max(gammas),
            0,
            Budget(self.steps, None),
            arguments["epsilon"],
            arguments["step_size"],
        )
        ground = Ground.read(group.model.mdp, settings, 0.0, group.model.start, None)
        loop = batch.loaded(ground, learner, settings)
        return loop, batch.new_batch(ground, learner, gammas, seeds, group.model.start)

    def run(self) -> list[int]:
        """Train all cells, and return their greedy actions."""
        for loop, runs in self.groups:
            runs.over[0] = 0
            loop(runs)
        assert all((runs.places[:, kernels.STEPS] == self.steps).all() for _, runs in self.groups)
        return np.concatenate([runs.values[0].argmax(axis=1) for _, runs in self.groups]).tolist()


def seconds_of(work: Callable[[], object]) -> tuple[float, object]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def stored(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT action FROM results ORDER BY cell").fetchall()
    return [action for (action,) in rows]


def shown(values: list[float], form: str) -> str:
    middle, least, most = (f(values) for f in (statistics.median, min, max))
    return f"{middle:{form}} [{least:{form}}, {most:{form}}]"


def overhead(quick: bool, turns: int) -> None:
    """How much longer a sweep takes than its kernel, by the size of its cells."""
    sizes = [(100, 4_000), (SMALL, 400)] if quick else [(100, 100_000), (1_000, 100_000)]
    if not quick:
        sizes += [(SMALL, 100_000), (10 * SMALL, 20_000)]
    print(
        f"{'steps':>8} {'cells':>8} {'kernel, us a cell':>24} {'more, us':>22} {'overhead, %':>24}"
    )
    for steps, cells in sizes:
        sweep = sweep_of(steps, cells)
        kernel = Kernel(sweep)
        right = kernel.run()  # and the code is warm
        alone, more, share = [], [], []
        for _ in range(turns):
            with tempfile.TemporaryDirectory() as folder:
                store = Path(folder) / "results.db"
                least, actions = seconds_of(kernel.run)
                whole, _ = seconds_of(partial(sweep.run, store, backend="here"))
                assert stored(store) == actions == right  # a wrong answer has no speed
            alone.append(least / cells * 1e6)
            more.append((whole - least) / cells * 1e6)
            share.append((whole / least - 1) * 100)
        print(
            f"{steps:8,} {cells:8,} {shown(alone, '.1f'):>24} {shown(more, '.1f'):>22} "
            f"{shown(share, '.1f'):>24}",
            flush=True,
        )


def workers(quick: bool, turns: int) -> None:
    """Cells per second of one worker and of two."""
    cells = 2_000 if quick else 200_000
    sweep = sweep_of(SMALL, cells)
    right = Kernel(sweep).run()
    rates: dict[str, list[tuple[float, float]]] = {}
    for _ in range(turns):
        for name, arguments in {
            "here": {"backend": "here"},
            "1 worker": {"workers": 1},
            "2 workers": {"workers": 2},
        }.items():
            rates.setdefault(name, []).append(_rates(sweep, right, arguments))
    print(f"{cells:,} cells of {SMALL:,} steps, cells per second")
    print(f"{'':10} {'whole run':>26} {'first to last batch':>26}")
    for name, found in rates.items():
        both = zip(*found, strict=True)
        print(f"{name:10} " + " ".join(f"{shown(list(each), ',.0f'):>26}" for each in both))
    for name, column in (("whole run", 0), ("first to last batch", 1)):
        pairs = zip(rates["1 worker"], rates["2 workers"], strict=True)
        ratios = [two[column] / one[column] for one, two in pairs]
        print(f"two workers over one, {name}: {shown(ratios, '.2f')}")


def _rates(sweep: Sweep, right: list[int], arguments: dict) -> tuple[float, float]:
    """Cells per second of the whole run, and from the end of its first batch to its last."""
    ticks: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.db"
        whole, _ = seconds_of(
            lambda: sweep.run(
                store, tick=lambda done, _: ticks.append((time.perf_counter(), done)), **arguments
            )
        )
        assert stored(store) == right
    (first, before), (last, after) = ticks[1], ticks[-1]
    return len(sweep) / whole, (after - before) / (last - first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["overhead", "workers"])
    parser.add_argument("--quick", action="store_true", help="few cells: does it run?")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.machine()}, {os.cpu_count()} cores"
    )
    {"overhead": overhead, "workers": workers}[given.what](given.quick, given.turns)


if __name__ == "__main__":
    main()
