"""Do intervals over resamples hold the true gamma? `python benchmarks/resample.py [--growth]`.

Models of `known_models.py`, whose gammas are known by laws or dense linear algebra, are sampled:
10^3 to 10^6 transitions, each from a pair of state and action drawn uniformly. (Drawn as counts,
which has the same law.) Each data set is counted, and asked for its gammas at the start with 95 %
intervals over 40 resamples, the fewest allowed. They are matched with the true ones by the sets on
either side; a true gamma counts where its match exists in at least half of the resamples, which is
what the library's own user would see.

A cell has 100 repetitions, or as many as fit into `--seconds` of processor time, at least 10.
`--only NAME` and `--sizes N ...` choose the cells. `--growth` measures time instead: of counting,
and of one resample, by transitions and by states.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np
from known_models import Known, certain, lakes, small

import qdecay
from qdecay.exact.resampled import breakpoints_of, matched, resampled_breakpoints
from qdecay.model.rows import ModelRows

SIZES = (10**3, 10**4, 10**5, 10**6)
RESAMPLES = 40
ROUNDING = 1e-12


def models() -> Iterator[Known]:
    """Twenty, those with chance first; of few states, so that all of it takes minutes."""
    chosen = [*small(), *lakes(), *certain()]
    for known in chosen:
        mdp = qdecay.as_mdp(known.problem)
        if known.gammas and mdp.n_states <= 16 and known.name != "chain, noise 1":  # homework A
            yield known


def sample(mdp: qdecay.MDP, size: int, start: int, rng: np.random.Generator) -> qdecay.MDP:
    """Return the empirical model of `size` transitions."""
    pair = mdp.state * mdp.n_actions + mdp.action
    pairs, first = np.unique(pair, return_index=True)
    tries = rng.multinomial(size, np.full(len(pairs), 1 / len(pairs)))
    chance, rows, visits = mdp.probability, list(mdp.rows()), {}
    found = []
    for begin, end, tried in zip(first, [*first[1:], len(pair)], tries.tolist(), strict=True):
        counts = rng.multinomial(tried, chance[begin:end] / chance[begin:end].sum())
        for (s, a, t, _, r, ended), count in zip(rows[begin:end], counts.tolist(), strict=True):
            if count:
                found.append((s, a, t, Fraction(count, tried), r, ended))
                visits[s, a] = tried
    rows_of_data = ModelRows(found, mdp.n_states, mdp.n_actions, start, visits=visits)
    return qdecay.MDP.of(rows_of_data)


def held(known: Known, number: int, sizes: Sequence[int], seconds: float) -> None:
    """Print a line for each size: how often the interval held the gamma, of how many."""
    mdp = qdecay.as_mdp(known.problem)
    state = known.options.get("state", mdp.start)
    true = breakpoints_of(qdecay.policy_regions(mdp), state)
    gammas = [point.number for point in true]
    assert np.allclose(gammas, known.gammas, rtol=0, atol=1e-9), (gammas, known.gammas)
    for size in sizes:
        began, found = time.process_time(), []
        for repetition in range(100):
            if repetition >= 10 and time.process_time() - began > seconds:
                break
            data = sample(mdp, size, state, np.random.default_rng([number, size, repetition]))
            seen = resampled_breakpoints(data, resamples=RESAMPLES, seed=10**4 * repetition)
            pairs = dict(matched(true, seen.breakpoints))
            found.append(
                [seen.breakpoints[pairs[k]] if k in pairs else None for k in range(len(true))]
            )
        for gamma, column in zip(gammas, zip(*found, strict=True), strict=True):
            intervals = [point.interval for point in column if point and point.interval]
            holds = [low - ROUNDING <= gamma <= high + ROUNDING for low, high in intervals]
            width = statistics.median([high - low for low, high in intervals] or [float("nan")])
            share = statistics.fmean(point.share if point else 0 for point in column)
            print(
                f"| {known.name} | {gamma:.4f} | {size:,} | {sum(holds)} of {len(holds)} "
                f"| {len(holds)} of {len(column)} | {share:.2f} | {width:.2g} |",
                flush=True,
            )


def steps_of(mdp: qdecay.MDP, size: int) -> dict[str, Any]:
    """Return transitions in columns, each of a pair drawn uniformly."""
    rng = np.random.default_rng(size)
    pair = mdp.state * mdp.n_actions + mdp.action
    pairs, first = np.unique(pair, return_index=True)
    drawn = rng.integers(len(pairs), size=size)
    ends = np.cumsum(mdp.probability)
    begin = np.concatenate(([0.0], ends))[first]
    at = np.searchsorted(ends, begin[drawn] + rng.random(size) * (1 - 1e-9), side="right")
    names = ("state", "action", "reward", "next_state", "terminated")
    return {name: getattr(mdp, name)[at] for name in names}


def growth() -> None:
    """Print what counting and one resample take."""
    lake = qdecay.as_mdp("FrozenLake8x8-v1")
    for size in SIZES:
        columns = steps_of(lake, size)
        rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
        times = [seconds_of(qdecay.MDP.from_transitions, data) for data in (columns, rows)]
        model = qdecay.MDP.from_transitions(columns)
        times += [seconds_of(model.resample, 1, how=how) for how in ("multinomial", "dirichlet")]
        print(f"| {size:,} | " + " | ".join(f"{each:.4f}" for each in times) + " |", flush=True)
    for n in (6, 12, 24):
        river = qdecay.as_mdp(gymnasium.make("qdecay/RiverSwim-v0", n=n))
        for size in SIZES[1::2]:
            times = []
            for how in ("multinomial", "dirichlet"):
                drawn = sample(river, size, 0, np.random.default_rng(n)).resample(1, how=how)
                times.append(seconds_of(qdecay.policy_regions, drawn))
            print(
                f"| {n} | {size:,} | " + " | ".join(f"{each:.3f}" for each in times) + " |",
                flush=True,
            )


def seconds_of(function: Any, *arguments: Any, **options: Any) -> float:
    """Return the median processor time of three calls."""
    times = []
    for _ in range(3):
        began = time.process_time()
        function(*arguments, **options)
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    names = ", ".join(f"{name} {version(name)}" for name in ("qdecay", "numpy", "python-flint"))
    print(f"{names}, Python {platform.python_version()}, {platform.machine()}", file=sys.stderr)
    if options.growth:
        growth()
        return
    for number, known in enumerate(models()):
        if options.only in known.name:
            held(known, number, options.sizes, options.seconds)


if __name__ == "__main__":
    main()
