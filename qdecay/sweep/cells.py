"""The cells of a sweep: every training, counted in a fixed order before any of them runs.

A *group* is one model with one learner; its cells are its gammas times the seeds. Cells are
numbered group by group, in each by gamma, then by seed.

The key of a cell is the hash of everything its training depends on: the model, the start, the
learner with its settings, gamma and the seed's number. The key is also the training's seed, for
`numpy.random.SeedSequence(key)`, so that no bit of the result depends on anything else.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.learning.arguments import may_end, require_an_end
from qdecay.sweep.learners import LearnerSettings
from qdecay.sweep.sources import SourceSettings, SweepModel
from qdecay.sweep.spec import Around, Spec
from qdecay_envs.documents import canonical

KEY_DIGITS = 32  # 128 bits: what SeedSequence takes without folding
MAX_CELLS = 1_000_000_000


class Cell(NamedTuple):
    """One training: its number in the sweep, its key, its gamma and its seed's number."""

    number: int
    key: str
    gamma: Fraction
    seed: int


@dataclass(frozen=True)
class Group:
    """The cells of one model and one learner.

    Attributes:
        first: number of its first cell.
        model, learner: what is trained.
        gammas, seeds: its cells are all pairs, gammas outermost.
    """

    first: int
    model: SweepModel
    learner: LearnerSettings
    gammas: tuple[Fraction, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        """The number of cells."""
        return len(self.gammas) * len(self.seeds)

    @cached_property
    def content(self) -> str:
        """Everything its cells' trainings depend on, as one text."""
        learner = {"name": self.learner.name, **self.learner.settings}
        return canonical(["qdecay.sweep/1", self.model.digest, self.model.start, learner])

    def pair(self, number: int) -> tuple[Fraction, int]:
        """Return gamma and the seed of the cell of that number in the sweep."""
        gamma, seed = divmod(number - self.first, len(self.seeds))
        return self.gammas[gamma], self.seeds[seed]

    def cell(self, number: int) -> Cell:
        """Return the cell of that number in the sweep."""
        (key,) = self.keys([number])
        return Cell(number, key, *self.pair(number))

    def keys(self, numbers: Sequence[int]) -> list[str]:
        """Return the keys of the cells of these numbers in the sweep."""
        found, hashes, endings = [], self._hashes, self._seed_texts
        for gamma, seed in zip(*self._places(numbers), strict=True):
            key = hashes[gamma].copy()
            key.update(endings[seed])
            found.append(key.hexdigest()[:KEY_DIGITS])
        return found

    def columns(self, numbers: Sequence[int]) -> tuple[list[str], list[int]]:
        """Return gamma as text and the seed of each of these cells."""
        texts, own, (gammas, seeds) = self._texts, self.seeds, self._places(numbers)
        return [texts[gamma] for gamma in gammas], [own[seed] for seed in seeds]

    def floats(self, numbers: Sequence[int]) -> list[float]:
        """Return gamma of each of these cells as a float."""
        known = [float(gamma) for gamma in self.gammas]
        return [known[gamma] for gamma in self._places(numbers)[0]]

    def _places(self, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return the positions of these cells' gammas and seeds in their lists."""
        from_first = np.array(numbers) - self.first
        gammas, seeds = np.divmod(from_first, len(self.seeds))
        return gammas.tolist(), seeds.tolist()

    @cached_property
    def _seed_texts(self) -> list[bytes]:
        return [str(seed).encode() for seed in self.seeds]

    @cached_property
    def _texts(self) -> list[str]:
        return [str(gamma) for gamma in self.gammas]

    @cached_property
    def _hashes(self) -> list[hashlib._Hash]:
        """The hash of everything before the seed, for each gamma."""
        return [hashlib.sha256(f"{self.content}\n{text} ".encode()) for text in self._texts]


@dataclass(frozen=True)
class Plan:
    """All cells of a sweep, checked.

    Attributes:
        spec: where they come from.
        groups: the groups, in order of their cells' numbers.
    """

    spec: Spec
    groups: tuple[Group, ...]

    def __len__(self) -> int:
        """The number of cells."""
        return self.groups[-1].first + len(self.groups[-1])

    def __iter__(self) -> Iterator[Cell]:
        """Yield all cells in order."""
        return map(self.cell, range(len(self)))

    def group_of(self, number: int) -> int:
        """Return the index of the group that a cell belongs to."""
        return bisect_right(self._firsts, number) - 1

    def by_group(self, numbers: Sequence[int]) -> Iterator[tuple[Group, Sequence[int]]]:
        """Yield the groups of ascending cell numbers, each with its share of them."""
        begin = 0
        while begin < len(numbers):
            group = self.groups[self.group_of(numbers[begin])]
            end = bisect_left(numbers, group.first + len(group), begin)
            yield group, numbers[begin:end]
            begin = end

    def cell(self, number: int) -> Cell:
        """Return the cell of that number."""
        return self.groups[self.group_of(number)].cell(number)

    @cached_property
    def _firsts(self) -> list[int]:
        return [group.first for group in self.groups]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the cells depend on: equal digests, equal results."""
        parts = ([g.content, [str(x) for x in g.gammas], g.seeds] for g in self.groups)
        return hashlib.sha256("\n".join(map(canonical, parts)).encode()).hexdigest()


def plan(spec: Spec) -> Plan:
    """Return the cells of a spec; every source is read and every setting checked.

    Raises:
        InputError: a source cannot be read or has no break-even gammas, a training may never end,
            two combinations are the same training, or there are more than 10^9 cells.
    """
    models = [(source, source.model()) for source in spec.sources]
    gammas = [_gammas(spec, source, model) for source, model in models]
    groups: list[Group] = []
    first = 0
    known: set[str] = set()
    for (source, model), own in zip(models, gammas, strict=True):
        for learner in spec.learners:
            group = Group(first, model, learner, own, spec.seeds)
            _check(group, source)
            if group.content in known:
                raise InputError(
                    f"{source.place}: {model.name} with {learner.title} is already in the sweep: "
                    f"remove one of the two"
                )
            known.add(group.content)
            groups.append(group)
            first += len(group)
    if first > MAX_CELLS:
        raise InputError(f"{spec.name}: {first:,} cells, at most {MAX_CELLS:,}")
    return Plan(spec, tuple(groups))


def _gammas(spec: Spec, source: SourceSettings, model: SweepModel) -> tuple[Fraction, ...]:
    if not isinstance(spec.gammas, Around):
        return spec.gammas
    roots = model.break_even().switching
    if not roots:
        raise InputError(
            f"{source.place}: {model.name} has no break-even gamma at its start: "
            f'list its gammas instead of around = "break-even"'
        )
    return around(spec.gammas, roots)


def around(where: Around, roots: tuple[AlgebraicNumber, ...]) -> tuple[Fraction, ...]:
    """Return the gammas around the roots, without duplicates, in order."""
    found: set[Fraction] = set()
    for root in roots:
        middle = Fraction(root.decimal(12))
        for k in range(1, where.count + 1):
            share = where.spread * k / where.count
            found |= {middle * (1 - share), middle + share * (1 - middle)}
    return tuple(sorted(found))


def _check(group: Group, source: SourceSettings) -> None:
    """Refuse trainings that would fail or never end in a worker."""
    mdp, learner = group.model.mdp, group.learner
    explores = learner.settings["epsilon"] != "0" and isinstance(learner.settings["epsilon"], str)
    if not learner.bounded and not (explores and bool(may_end(mdp).all())):
        raise InputError(
            f"{source.place}: an episode of {group.model.name} with {learner.title} may never end: "
            f"give the learner steps or max_episode_steps"
        )
    if 1 in group.gammas:
        try:
            require_an_end(mdp)
        except ValueError as error:
            raise InputError(f"{source.place}: {group.model.name}: {error}") from error
