"""The spec of a sweep: sources, gammas, learners and seeds, as TOML of schema qdecay.sweep/1.

    schema = "qdecay.sweep/1"
    sources = [{ delay = [1, 2, 4, 8], reward = 6 }]
    gammas = { around = "break-even", count = 10, spread = 0.2 }
    learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 300 }]
    seeds = 20

A list in place of a value adds an axis to the sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from qdecay._support.one_line import one_line
from qdecay._support.result import Record, counted
from qdecay.errors import input_errors
from qdecay.sweep.learners import LearnerSettings, read_learners
from qdecay.sweep.sources import SourceSettings, read_sources
from qdecay.sweep.toml import parse, read_text
from qdecay_envs.documents import Table, number, one_of, share, tables, whole

SCHEMA = "qdecay.sweep/1"
MAX_SEEDS = 10_000_000
MAX_GROUPS = 100_000  # models times learners: each model is read before anything runs


@dataclass(frozen=True)
class Around:
    """Gammas on both sides of each exact break-even gamma g.

    They are g - k/count * spread * g and g + k/count * spread * (1 - g) for k = 1..count, with g
    rounded to 12 decimals: `spread` is the share of the way to 0 and to 1 that is covered.

    Attributes:
        count: gammas on each side, >= 1.
        spread: in (0, 1).
    """

    count: int
    spread: Fraction


@dataclass(frozen=True, eq=False, repr=False)
class Spec(Record):
    """The definition of a sweep, checked as far as possible without reading the sources.

    Attributes:
        name: where it came from, for messages.
        text: the TOML.
        sources, learners: one for every combination of their lists, in the order written.
        gammas: exact numbers in [0, 1], in the order written; or points around break-even gammas.
        seeds: integers >= 0.
    """

    name: str
    text: str
    sources: tuple[SourceSettings, ...]
    gammas: tuple[Fraction, ...] | Around
    learners: tuple[LearnerSettings, ...]
    seeds: tuple[int, ...]

    def _shown(self) -> str:
        gammas = "break-even" if isinstance(self.gammas, Around) else len(self.gammas)
        return (
            f"{one_line(self.name)}: {counted(len(self.sources), 'source')}, {gammas} gammas, "
            f"{counted(len(self.learners), 'learner')}, {counted(len(self.seeds), 'seed')}"
        )

    @classmethod
    def load(cls, path: str | Path) -> Spec:
        """Return the spec of a TOML file.

        Raises:
            InputError: the file cannot be read or is not a spec; the message names file and key.
        """
        return cls.parse(read_text(Path(path)), name=str(path), folder=Path(path).parent)

    @classmethod
    def parse(cls, text: str, *, name: str = "spec", folder: Path = Path()) -> Spec:
        """Return the spec of a TOML text; relative paths start from `folder`.

        Raises:
            InputError: it is not a spec; the message names the key.
        """
        top = parse(text, name)
        with input_errors():
            return cls._read(top, text, folder)

    @classmethod
    def _read(cls, top: Table, text: str, folder: Path) -> Spec:
        if top.take("schema") != SCHEMA:
            top.refuse(f'not a sweep spec: write schema = "{SCHEMA}"')
        sources = top.demand("sources", 'sources = [{ source = "FrozenLake-v1" }]')
        gammas = top.demand("gammas", 'gammas = [0.5, "2/3"]')
        learners = top.demand("learners", 'learners = [{ name = "q_learning", episodes = 300 }]')
        seeds = _seeds(top)
        top.close()
        spec = cls(
            top.name,
            text,
            tuple(s for t in tables(top.name, "sources", sources) for s in read_sources(t, folder)),
            _gammas(top, gammas),
            tuple(s for t in tables(top.name, "learners", learners) for s in read_learners(t)),
            seeds,
        )
        if len(spec.sources) * len(spec.learners) > MAX_GROUPS:
            top.refuse(
                f"{len(spec.sources):,} sources times {len(spec.learners):,} learners: at most "
                f"{MAX_GROUPS:,} combinations fit a sweep"
            )
        return spec


def _gammas(top: Table, value: Any) -> tuple[Fraction, ...] | Around:
    if not isinstance(value, dict):
        return top.values("gammas", value, share)
    table = Table(top.name, "gammas", value)
    table.values("around", table.demand("around", 'around = "break-even"'), one_of(["break-even"]))
    (count,) = table.values("count", [table.take("count", 10)], whole(1))
    (spread,) = table.values("spread", [table.take("spread", Fraction(1, 5))], number)
    table.close()
    if not 0 < spread < 1:
        table.refuse(f"must be in (0, 1), got {spread}", "spread")
    if count > 100_000:
        table.refuse(f"must be <= 100,000, got {count}", "count")
    if spread / count < Fraction(1, 10**6):
        table.refuse("the gammas lie closer than 1e-6 of the way: raise spread or lower count")
    return Around(count, spread)


def _seeds(top: Table) -> tuple[int, ...]:
    value = top.take("seeds", 1)
    if isinstance(value, list):
        return top.values("seeds", value, whole(0))
    (count,) = top.values("seeds", [value], whole(1))
    if count > MAX_SEEDS:
        top.refuse(f"at most {MAX_SEEDS:,} seeds, got {count}", "seeds")
    return tuple(range(count))
