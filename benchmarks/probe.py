"""What the probe says of agents whose discount, or fault, is known: honest counts.

    python benchmarks/probe.py accusations [--repeats 200]
    python benchmarks/probe.py another     [--repeats 100]
    python benchmarks/probe.py faults      [--repeats 20] [--gamma 0.9]
    python benchmarks/probe.py short       [--repeats 100]
    python benchmarks/probe.py recovery
    python benchmarks/probe.py bias
    python benchmarks/probe.py dqn

`accusations`: sound agents (`probe_agents.py`), by discount, noise and delays. How many are
accused (`behaves_as_told` is False), how many are left undecided (None), and how many of the 95 %
intervals hold the true discount. A trained agent's row has a fifth of the repeats, that of a
simulated chooser for which the probe's model is wrong half of them. Without noise runs differ only
in where the questions lie, which the seed decides: such a row has a quarter of the runs.

`another`: agents that act as another gamma than the configured one. `faults`: every agent of
`tests/faulty_agents.py`. `short`: sound agents, with too few trainings or seconds. `bias`: by how
much noisy rewards move the learners of `accusations` themselves.

Every run is a line of the file that `--raw` names, and is not repeated if that file has it.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import math
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "envs", "")]

from faulty_agents import faulty  # noqa: E402
from probe_agents import CHOOSERS, LEARNERS, agent, remembering  # noqa: E402

import qdecay  # noqa: E402
from qdecay.probing import BATTERY, diagnose, sb3_agent, tabular_agent  # noqa: E402
from qdecay.probing.faults import FAULTS  # noqa: E402
from qdecay.probing.question import SETTINGS, Question  # noqa: E402

SOUND, ANOTHER = "as configured", "another gamma"
FAULT_NAMES = {fault.name for fault in FAULTS}
GAMMAS = (0.5, 0.9, 0.99)
NOISES = (0.0, 0.05, 0.1, 0.2)
SHORT_DELAYS, DEFAULT_DELAYS = (1, 2, 4, 8), (1, 2, 4, 8, 16, 32)
DELAYS = (SHORT_DELAYS, (2, 8), (4, 16), DEFAULT_DELAYS)
REAL = (0.0, 0.5, 0.8, 0.85, 0.87, 0.92, 0.93, 0.95, 0.97, 0.99, 0.999, 1.0)


@dataclass(frozen=True)
class Row:
    """One row of a table: an agent and how it is asked.

    Attributes:
        agent: a name of `probe_agents`, or of `faulty_agents.faulty`.
        gamma: the configured discount.
        real: the discount that it acts with; None for the agents of `faulty_agents`.
        noise: of the choice, in the log of the ratio, or of a learner's rewards, in units of R.
        delays: that are asked.
        trainings, max_seconds: the budget, None for the default.
    """

    agent: str
    gamma: float
    real: float | None = None
    noise: float = 0.0
    delays: tuple[int, ...] = DEFAULT_DELAYS
    trainings: int | None = None
    max_seconds: float | None = None

    @property
    def key(self) -> str:
        """Canonical text."""
        return json.dumps(asdict(self))

    @property
    def trainer(self) -> Any:
        """The agent."""
        if self.real is None:
            return faulty(self.gamma)[self.agent]
        found = agent(self.agent, self.real, self.noise)
        return found if self.noise or self.agent in CHOOSERS else remembering(found)

    @property
    def settings(self) -> list[Any]:
        """The battery, with the noise that a learner's rewards have."""
        noise = self.noise if self.agent in LEARNERS else 0.0
        return [replace(SETTINGS[name], reward_noise=noise) for name in BATTERY]

    def repeats(self, wanted: int) -> int:
        """How often to run it, if a simulated chooser's row has `wanted` runs."""
        if self.agent in LEARNERS:
            wanted = math.ceil(wanted / 5)
        elif self.agent in CHOOSERS[1:]:
            wanted = math.ceil(wanted / 2)
        sure = self.real is not None and self.noise == 0 and self.agent != "lapsing"
        return max(math.ceil(wanted / 4), 2) if sure else wanted


@dataclass(frozen=True)
class Said:
    """What a probe said in one run.

    Attributes:
        verdict: `behaves_as_told`.
        gamma: the interval and the value between, as (low, value, high).
        narrow: whether the interval is as narrow as was asked.
        trainings, seconds: spent.
        fault, others: the diagnosis and what cannot be told from it.
        text: the verdict in words.
    """

    verdict: bool | None
    gamma: tuple[float, float, float] | None
    narrow: bool
    trainings: int
    seconds: float
    fault: str | None
    others: tuple[str, ...]
    text: str

    @property
    def names(self) -> set[str | None]:
        """All that was named."""
        return {self.fault, *self.others}


def run(row: Row, seed: int) -> Said:
    """Probe the row's agent once."""
    began = time.perf_counter()
    profile = qdecay.probe(
        row.trainer,
        row.delays,
        gamma=row.gamma,
        settings=row.settings,
        trainings=row.trainings,
        max_seconds=row.max_seconds,
        seed=seed,
        name=row.agent,
    )
    found = diagnose(profile)
    gamma = profile.gamma
    narrow = gamma is not None and _half_width(gamma) <= profile.tolerance * 1.001
    return Said(
        profile.behaves_as_told,
        gamma,
        narrow,
        profile.trainings,
        time.perf_counter() - began,
        found.fault,
        found.alternatives,
        profile.verdict,
    )


def _half_width(gamma: tuple[float, float, float]) -> float:
    return math.log(gamma[2] / gamma[0]) / 2 if gamma[0] > 0 else math.inf


class Runs:
    """Runs rows in processes, and keeps what was said in a file of JSON lines."""

    def __init__(self, workers: int, raw: Path | None, table: str, stack: ExitStack) -> None:
        self._raw, self._table = raw, table
        self._known: dict[tuple[str, int], Said] = dict(self._read())
        context = multiprocessing.get_context("spawn")
        self._pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context))

    def of(self, row: Row, repeats: int) -> list[Said]:
        """Return what was said in each run."""
        wanted = [(row.key, seed) for seed in range(repeats)]
        jobs = {
            self._pool.submit(run, row, seed): (key, seed)
            for key, seed in wanted
            if (key, seed) not in self._known
        }
        for job in as_completed(jobs):
            self._keep(*jobs[job], job.result())
        return [self._known[one] for one in wanted]

    def _keep(self, key: str, seed: int, said: Said) -> None:
        self._known[key, seed] = said
        if self._raw is not None:
            line = {"table": self._table, "row": json.loads(key), "seed": seed, **asdict(said)}
            with self._raw.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _read(self) -> Iterator[tuple[tuple[str, int], Said]]:
        if self._raw is None or not self._raw.exists():
            return
        for text in self._raw.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if line.pop("table") == self._table:
                key = json.dumps(line.pop("row")), line.pop("seed")
                line["others"] = tuple(line["others"])
                yield key, Said(**line)


def accusation_rows() -> Iterator[Row]:
    """Sound agents: the model's own chooser, three for which it is wrong, and learners."""
    for gamma in GAMMAS:
        for noise in NOISES:
            for delays in DELAYS:
                yield Row("logistic", gamma, gamma, noise, delays)
    for name, noises in (
        ("student", (0.05, 0.2)),
        ("lapsing", (0.0, 0.05)),
        ("values", (0.05, 0.2)),
    ):
        for gamma in GAMMAS:
            for noise in noises:
                for delays in (SHORT_DELAYS, DEFAULT_DELAYS):
                    yield Row(name, gamma, gamma, noise, delays)
    for name, gamma, noise, delays in itertools.product(LEARNERS, GAMMAS, NOISES, DELAYS):
        # Noise moves Q-learning itself, beyond the tolerance (see `bias`): a few rows show it.
        if name != "q_learning" or noise == 0 or (noise == 0.05 and delays == SHORT_DELAYS):
            yield Row(name, gamma, gamma, noise, delays)


def another_rows() -> Iterator[Row]:
    """Agents that act as another gamma."""
    for gamma in (0.9, 0.99):
        for noise in (0.0, 0.05):
            for real in REAL:
                if real != gamma:
                    yield Row("logistic", gamma, real, noise)
    for real in (0.85, 0.95):
        yield Row("expected_sarsa", 0.9, real, 0.05, SHORT_DELAYS)


def short_rows() -> Iterator[Row]:
    """Sound agents, and what is left of the battery where the budget is short."""
    budgets = [(trainings, None) for trainings in (6, 12, 21, 40, 75)] + [(None, 0.1), (None, 0.3)]
    for gamma in (0.9, 0.99):
        for noise in (0.0, 0.1):
            for trainings, seconds in budgets:
                row = Row("logistic", gamma, gamma, noise)
                yield replace(row, trainings=trainings, max_seconds=seconds)


def accusations(runs: Runs, repeats: int, rows: Sequence[Row]) -> None:
    """False accusations, and whether the intervals hold the truth."""
    _head("agent", "gamma", "noise", "delays", *_COUNTS, "trainings", "said of the accused")
    everything: dict[tuple[str, float], list[tuple[Row, Said]]] = collections.defaultdict(list)
    for row in rows:
        found = runs.of(row, row.repeats(repeats))
        everything[row.agent, row.noise] += [(row, said) for said in found]
        counts = _counts([(row, said) for said in found])
        _line(row.agent, row.gamma, row.noise, _listed(row.delays), *counts, *_rest(found))
    print("\nall discounts and delays together\n")
    _head("agent", "noise", *_COUNTS)
    for (name, noise), pairs in everything.items():
        _line(name, noise, *_counts(pairs))
    _line("all", "", *_counts([pair for pairs in everything.values() for pair in pairs]))


_COUNTS = ("runs", "accused", "undecided", "as configured", "interval holds gamma", "True but wide")


def _counts(pairs: Sequence[tuple[Row, Said]]) -> tuple[object, ...]:
    verdicts = collections.Counter(said.verdict for _, said in pairs)
    known = [(row, said.gamma) for row, said in pairs if said.gamma is not None]
    held = sum(low <= float(row.real or 0) <= high for row, (low, _, high) in known)
    wide = sum(said.verdict is True and not said.narrow for _, said in pairs)
    share = f"{held}/{len(known)}" + (f" ({held / len(known):.0%})" if known else "")
    return len(pairs), verdicts[False], verdicts[None], verdicts[True], share, wide


def _rest(found: Sequence[Said]) -> tuple[object, str]:
    accused = collections.Counter(_named(said) for said in found if said.verdict is False)
    named = ", ".join(f"{name} ({count})" for name, count in accused.most_common(3))
    return f"{statistics.median(said.trainings for said in found):.0f}", named


def _named(said: Said) -> str:
    return " or ".join([str(said.fault), *said.others])


def another(runs: Runs, repeats: int, rows: Sequence[Row]) -> None:
    """Whether another gamma is found to be just that."""
    columns = ("False", "undecided", "True", "another gamma named", "a fault named", "both")
    head = ("agent", "configured", "real", "noise", "runs", *columns, "interval holds real")
    _head(*head, "trainings", "said")
    for row in rows:
        found = runs.of(row, row.repeats(repeats))
        verdicts = collections.Counter(said.verdict for said in found)
        other = [ANOTHER in said.names for said in found]
        fault = [bool(FAULT_NAMES & said.names) for said in found]
        both = sum(a and b for a, b in zip(other, fault, strict=True))
        said = collections.Counter(map(_named, found)).most_common(2)
        _line(
            *(row.agent, row.gamma, row.real, row.noise, len(found)),
            *(verdicts[False], verdicts[None], verdicts[True], sum(other), sum(fault), both),
            _counts([(row, one) for one in found])[4],
            f"{statistics.median(one.trainings for one in found):.0f}",
            ", ".join(f"{name} ({count})" for name, count in said),
        )


def short(runs: Runs, repeats: int, rows: Sequence[Row]) -> None:
    """Short budgets: nothing may be said."""
    _head(
        "agent", "gamma", "noise", "trainings", "seconds", *_COUNTS, "used", "said of the accused"
    )
    for row in rows:
        found = runs.of(row, row.repeats(repeats))
        counts = _counts([(row, said) for said in found])
        budget = (row.trainings or "", row.max_seconds or "")
        _line(row.agent, row.gamma, row.noise, *budget, *counts, *_rest(found))


def faults(runs: Runs, repeats: int, rows: Sequence[Row]) -> None:
    """The list: each agent's fault, and what was named."""
    head = ("agent", "gamma", "runs", "named", "among those named", "undecided", "wrong")
    _head(*head, "trainings", "said")
    for row in rows:
        found = runs.of(row, repeats)
        right = SOUND if row.agent == "sound" else row.agent
        named = sum(said.fault == right for said in found)
        among = sum(right in said.others and said.fault != right for said in found)
        undecided = sum(said.fault is None for said in found)
        said = collections.Counter(map(_named, found)).most_common(3)
        _line(
            *(row.agent, row.gamma, len(found), named, among, undecided),
            len(found) - named - among - undecided,
            f"{statistics.median(one.trainings for one in found):.0f}",
            ", ".join(f"{name} ({count})" for name, count in said),
        )


def bias() -> None:
    """By how much noise moves the learners themselves: log(Q far / Q near) where it should be 0."""
    _head("learner", "gamma", "noise", "delay", "bias in tolerances", "deviation in tolerances")
    for name in LEARNERS:
        for gamma, noise, delay in itertools.product(GAMMAS, NOISES[1:], (1, 2, 4, 8, 16, 32)):
            setting = replace(SETTINGS["one-shot"], reward_noise=noise)
            trainer = agent(name, gamma, noise)
            differences = []
            for number in range(60):
                question = Question(setting, 0, delay, delay * math.log(gamma), number, 0)
                q, start = trainer.values(question.env(), question.seed)
                far, near = q[start, question.far_action], q[start, 1 - question.far_action]
                differences.append(math.log(max(far, 1e-12) / max(near, 1e-12)))
            unit = min(max(-math.log(gamma) / 10, 0.0005), 0.01) * delay  # the default tolerance
            low, middle, high = np.quantile(differences, (0.16, 0.5, 0.84)) / unit
            _line(name, gamma, noise, delay, f"{middle:.2f}", f"{(high - low) / 2:.2f}")


def _listed(delays: Sequence[int]) -> str:
    return " ".join(map(str, delays))


def _head(*cells: object) -> None:
    _line(*cells)
    _line(*["---"] * len(cells))


def _line(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def recovery() -> None:
    """Q-learning without noise: measured and configured discount, in every setting."""
    _head("configured", "setting", "measured", "95 % interval", "trainings", "seconds")
    for gamma in GAMMAS:
        for setting in BATTERY:
            trainer = tabular_agent(qdecay.q_learning, gamma)
            began = time.perf_counter()
            profile = qdecay.probe(trainer, SHORT_DELAYS, gamma=gamma, settings=[setting])
            seconds = time.perf_counter() - began
            low, value, high = profile.gamma
            interval = f"{low:.6f} to {high:.6f}"
            _line(gamma, setting, f"{value:.6f}", interval, profile.trainings, f"{seconds:.1f}")
            assert abs(value - gamma) <= 1e-3


def dqn() -> None:
    """Stable-Baselines3's DQN at two discounts."""
    _head("configured", "verdict", "trainings", "seconds")
    for gamma in (0.8, 0.9):
        began = time.perf_counter()
        profile = qdecay.probe(
            sb3_agent("DQN", gamma),
            SHORT_DELAYS,
            gamma=gamma,
            settings=["one-shot"],
            tolerance=0.02,
        )
        _line(gamma, profile.verdict, profile.trainings, f"{time.perf_counter() - began:.0f}")


TABLES: dict[str, tuple[Callable[..., None], int]] = {
    "accusations": (accusations, 200),
    "another": (another, 100),
    "faults": (faults, 20),
    "short": (short, 100),
}


OTHERS = {"bias": bias, "recovery": recovery, "dqn": dqn}


def rows_of(table: str, gamma: float) -> list[Row]:
    """Return the rows of a table."""
    if table == "faults":
        return [Row(name, gamma) for name in faulty(gamma)]
    return list(
        {"accusations": accusation_rows, "another": another_rows, "short": short_rows}[table]()
    )


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*TABLES, *OTHERS])
    parser.add_argument("--repeats", type=int, help="of a simulated chooser's row")
    parser.add_argument("--gamma", type=float, default=0.9, help="of the table of faults")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--raw", type=Path, help="file of JSON lines, one per run")
    parser.add_argument("--only", nargs="*", default=[], help="agents, by name")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    if given.what in OTHERS:
        OTHERS[given.what]()
        return
    table, repeats = TABLES[given.what]
    rows = rows_of(given.what, given.gamma)
    rows = [row for row in rows if not given.only or row.agent in given.only]
    with ExitStack() as stack:
        runs = Runs(given.workers, given.raw, given.what, stack)
        table(runs, given.repeats or repeats, rows)


if __name__ == "__main__":
    main()
