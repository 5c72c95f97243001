"""Homework D: why a small constant reward can be better than a large one every n steps.

    python benchmarks/sparse_or_constant.py [FOLDER]

Steps until Q-learning's greedy choice stays right, median and range over 10 seeds, for four
kinds of exploration, in two sweeps of two games each: over the delay n, where the large reward is
always worth twice the constant one, and over gamma, where it is fixed and the right choice changes
at the exact break-even gamma. Beside them stand the expected steps of a uniformly random walk to
the large reward, W(n) = 2**(n+1) - 2, and of an epsilon-greedy agent whose every success is a
random step, W(n) = (p**-n - 1) / (1 - p) with p = epsilon / 2 (without luck), or that is paid on
its first visit of the last state (with luck); see `qdecay.comparison.learning_times`. With FOLDER,
the four plots are saved there.
"""

from __future__ import annotations

import platform
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from qdecay.comparison.games import Game, random_walk_steps
from qdecay.comparison.learning_times import EXPLORERS, LearningTime, learning_times
from qdecay.reporting.plots.learning import save_learning_times

SEEDS, STEPS = 10, 20_000
SWEEPS: dict[str, dict[str, Any]] = {
    "delay": {"delays": [1, 2, 3, 4, 5, 6, 8], "gammas": ["9/10"], "advantage": 2},
    "gamma": {"delays": [4], "gammas": ["1/2", "3/5", "7/10", "4/5", "9/10", "19/20"], "reward": 6},
}
GAMES: tuple[Game, ...] = ("forever", "once")


def shown(row: LearningTime) -> str:
    """Return a row of the table."""
    late = f"> {row.budget:,}"
    median, low, high = (
        late if steps is None else f"{steps:,.0f}" for steps in (row.median, row.low, row.high)
    )
    expected = ""
    if row.explorer == "epsilon-greedy" and row.best == ("sparse",):
        expected = " ".join(f"{float(steps):14,.0f}" for steps in epsilon_walks(row.delay or 1))
    return (
        f"{row.gamma!s:>6} {row.delay:2} {float(row.reward or 0):8.4g} {'/'.join(row.best):9} "
        f"{row.explorer:17} {median:>9} {low:>9} {high:>9} {row.random_walk:6,} "
        f"{expected}"
    )


def epsilon_walks(delay: int) -> tuple[Fraction, Fraction]:
    """Return the expected steps of an epsilon-greedy agent with and without luck."""
    p = Fraction(str(EXPLORERS["epsilon-greedy"].epsilon)) / 2
    walks = [random_walk_steps(successes, p) for successes in range(1, delay + 1)]
    back = sum(walks[:-1], Fraction(0))
    found = walks[-2] if delay > 1 else walks[0]
    return found + back, walks[-1] + back


def main(folder: Path | None) -> None:
    """Run both sweeps of both games, print them, and save the plots."""
    print(f"Python {platform.python_version()}, {SEEDS} seeds, {STEPS:,} steps each")
    for game in GAMES:
        for name, sweep in SWEEPS.items():
            start = time.perf_counter()
            rows = learning_times(game=game, seeds=SEEDS, steps=STEPS, **sweep)
            print(f"\n{game}, over the {name} ({time.perf_counter() - start:.0f} s)")
            if name == "gamma":
                exact = ", ".join(gamma.decimal(10) for gamma in rows[0].break_evens())
                print(f"exact break-even gamma: {exact}")
            print(
                f"{'gamma':>6} {'n':>2} {'R':>8} {'right':9} {'explorer':17} {'median':>9} "
                f"{'low':>9} {'high':>9} {'walk':>6} {'with luck':>14} {'without':>14}"
            )
            for row in rows:
                print(shown(row))
            if folder is not None:
                save_learning_times(rows, folder / f"sparse_or_constant_{game}_{name}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
