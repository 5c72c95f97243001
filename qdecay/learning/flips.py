"""Where greedy actions flip as gamma rises: the gammas on both sides of each flip."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qdecay._support.result import counted
from qdecay.model.info import ModelInfo, ModelResult

REPLAY = 64  # gammas of a replayed stream


@dataclass(frozen=True, eq=False, repr=False)
class LearnedFlip(ModelResult):
    """Where the greedy action of a state flips from one action to another as gamma rises.

    Attributes:
        left, right: the greedy action below and above the flip, the lowest index among equals.
        gammas: where they flip so, ascending; one for each time that a seed's agents do.
        seeds: how many seeds have such a flip.
    """

    SCHEMA: ClassVar[str] = "qdecay.learned-flip/1"

    left: int
    right: int
    gammas: tuple[float, ...]
    seeds: int

    def _shown(self) -> str:
        left, right = self._actions((self.left, self.right))
        spread = f"[{self.low:.6g}, {self.high:.6g}]"
        return self._titled(
            f"from {left} to {right} at {self.median:.6g} {spread}, {counted(self.seeds, 'seed')}"
        )

    @property
    def median(self) -> float:
        """The median of the gammas."""
        return statistics.median(self.gammas)

    @property
    def low(self) -> float:
        """The smallest of the gammas."""
        return self.gammas[0]

    @property
    def high(self) -> float:
        """The largest of the gammas."""
        return self.gammas[-1]


@dataclass(frozen=True)
class Bracket:
    """Two gammas, and the greedy actions there, which differ."""

    low: float
    high: float
    left: int
    right: int


def brackets_of(gammas: Sequence[float], chosen: Sequence[int]) -> list[Bracket]:
    """Return the neighbouring gammas, in order, whose choices differ."""
    steps = pairwise(zip(gammas, chosen, strict=True))
    return [Bracket(low, high, a, b) for (low, a), (high, b) in steps if a != b]


def closer(brackets: Sequence[Bracket], width: float) -> NDArray[np.float64]:
    """Return gammas that split each bracket wider than `width`, and the ends of the others."""
    inside = max(3, REPLAY // len(brackets))
    pieces = [np.linspace(b.low, b.high, inside if b.high - b.low > width else 2) for b in brackets]
    return np.unique(np.concatenate(pieces))


def grouped(per_seed: Sequence[Sequence[Bracket]], info: ModelInfo) -> tuple[LearnedFlip, ...]:
    """Return the flips of all seeds, grouped by the two actions between which they are."""
    groups: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for number, brackets in enumerate(per_seed):
        for b in brackets:
            groups.setdefault((b.left, b.right), []).append(((b.low + b.high) / 2, number))
    flips = [
        LearnedFlip(*pair, tuple(sorted(g for g, _ in made)), len({n for _, n in made}), info=info)
        for pair, made in groups.items()
    ]
    return tuple(sorted(flips, key=lambda flip: flip.median))
