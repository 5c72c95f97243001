"""What a sweep costs in addition to its trainings, and the gain of a second worker.

    python benchmarks/sweep.py overhead [--quick]
    python benchmarks/sweep.py workers [--quick] [--turns 3]

A cell is a training of Q-learning for a number of steps on a choice between 1 now and 6 after 4 or
8 steps. A *small* cell has 10,000 steps: about 0.1 ms.

`overhead`: the wall time of `Sweep.run` in this process over the time of the kernel, the compiled
loop over the runs: alone, with the states of all generators at hand, in turns with the sweep; and,
where the machine's speed varies between turns, within the sweep itself. `workers`: cells per second
of one and of two processes and of none, in turns, over the whole run and between the first and the
last batch, without the second in which workers start; and the processor time of each side.
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

from qdecay import Progress, Sweep  # noqa: E402
from qdecay.learning import batch  # noqa: E402
from qdecay.learning.compiled import one_step  # noqa: E402
from qdecay.learning.model_run import ModelSettings  # noqa: E402
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
    """The trainings of a sweep, run by the compiled loop alone."""

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
        model = ModelSettings.read(group.model.mdp, settings, 0.0, group.model.start, None)
        algorithm = learner.algorithm(model.start_values.size)
        loop = batch.loaded(algorithm, model, settings)
        start, budget = group.model.start, settings.budget
        return loop, batch.new_batch(algorithm, model, budget, gammas, seeds, start)

    def run(self) -> list[int]:
        """Train all cells, and return their greedy actions."""
        for loop, runs in self.groups:
            runs.over[0] = 0
            loop(runs)
        assert all((runs.places[:, one_step.STEPS] == self.steps).all() for _, runs in self.groups)
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


class Clock:
    """Measures the time that a sweep in this process spends in the compiled loop."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._loaded = batch.loaded
        batch.loaded = self._timed

    def _timed(self, *arguments) -> Callable[[batch.Batch], None]:
        loop = self._loaded(*arguments)

        def timed(runs: batch.Batch) -> None:
            self.seconds += seconds_of(partial(loop, runs))[0]

        return timed

    def stop(self) -> float:
        """Return the seconds, and restore the sweep."""
        batch.loaded = self._loaded
        return self.seconds


def overhead(quick: bool, turns: int) -> None:
    """How much longer a sweep takes than its kernel, by cell size."""
    sizes = [(100, 100_000), (1_000, 100_000), (SMALL, 100_000), (10 * SMALL, 4_000)]
    if quick:
        sizes = [(100, 4_000), (SMALL, 400)]
    print(
        f"{'':17} {'kernel, us a cell':^44} {'sweep beside it, us':>21} {'overhead, %':^42}\n"
        f"{'steps':>8} {'cells':>8} {'alone':>22} {'in the sweep':>21} {'':>21} {'of alone':>21} "
        f"{'of that in the sweep':>21}"
    )
    for steps, cells in sizes:
        sweep = sweep_of(steps, cells)
        kernel = Kernel(sweep)
        right = kernel.run()  # and the code is warm
        rows = [_overhead(sweep, kernel, right) for _ in range(turns)]
        columns = " ".join(f"{shown(list(each), '.1f'):>21}" for each in zip(*rows, strict=True))
        print(f"{steps:8,} {cells:8,} {columns}", flush=True)


def _overhead(sweep: Sweep, kernel: Kernel, right: list[int]) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.db"
        alone, actions = seconds_of(kernel.run)
        clock = Clock()
        whole, _ = seconds_of(partial(sweep.run, store, backend="here"))
        within = clock.stop()
        assert stored(store) == actions == right  # a wrong answer has no speed
    times = (alone, within, whole - within)
    return (
        *(seconds / len(sweep) * 1e6 for seconds in times),
        (whole / alone - 1) * 100,
        (whole / within - 1) * 100,
    )


def workers(quick: bool, turns: int) -> None:
    """Cells per second of one worker and of two."""
    cells = 2_000 if quick else 200_000
    sweep = sweep_of(SMALL, cells)
    right = Kernel(sweep).run()
    kinds = {"here": {"backend": "here"}, "1 worker": {"workers": 1}, "2 workers": {"workers": 2}}
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in kinds}
    for _ in range(turns):
        for name, arguments in kinds.items():
            found[name].append(_rates(sweep, right, arguments))
    print(f"{cells:,} cells of {SMALL:,} steps")
    print(f"{'':10} {'cells per second':^53} {'processor time, us a cell':^40}")
    heads = ("whole run", "first to last batch")
    print(f"{'':10} {heads[0]:>26} {heads[1]:>26} {'this process':>20} {'workers':>20}")
    for name, rows in found.items():
        rates, times = (list(zip(*rows, strict=True))[i : i + 2] for i in (0, 2))
        print(
            f"{name:10} "
            + " ".join(f"{shown(list(each), ',.0f'):>26}" for each in rates)
            + " "
            + " ".join(f"{shown(list(each), '.1f'):>20}" for each in times)
        )
    for column, name in enumerate(heads):
        pairs = zip(found["1 worker"], found["2 workers"], strict=True)
        ratios = [two[column] / one[column] for one, two in pairs]
        print(f"two workers over one, {name}: {shown(ratios, '.2f')}")


def _rates(sweep: Sweep, right: list[int], arguments: dict) -> tuple[float, ...]:
    """Cells per second of the whole run and from its first batch to its last; processor times."""
    ticks: list[tuple[float, int]] = []

    def tick(event: Progress) -> None:
        ticks.append((time.perf_counter(), int(event.done)))

    before = os.times()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.db"
        whole, _ = seconds_of(partial(sweep.run, store, progress=tick, **arguments))
        after = os.times()
        assert stored(store) == right
    own = after.user + after.system - before.user - before.system
    others = after.children_user + after.children_system
    others -= before.children_user + before.children_system
    (first, early), (last, late) = ticks[1], ticks[-1]
    times = (seconds / len(sweep) * 1e6 for seconds in (own, others))
    return len(sweep) / whole, (late - early) / (last - first), *times


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
