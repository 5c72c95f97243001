"""The varied number, with which a choice may flip: gamma, or the parameter of a model line.

Each of its values gives a model to plan or act in, and a discount factor. All values of gamma are
learned from one stream of steps. Along a line each value has its own training, but with the same
random numbers: where only rewards vary these are the same steps, so that there too chance affects
neighbouring values alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from qdecay.comparison.lead import Floats
from qdecay.comparison.linear_theory import Rate
from qdecay.model.line import ModelLine
from qdecay.model.mdp import MDP

Learn = Callable[[MDP, Sequence[Floats], Sequence[int]], list[Floats]]
"""Trains a seed's agent on a model for each of its gammas: values, shape (tables, A, gammas)."""


class Moving(ABC):
    """A number that is varied.

    Attributes:
        name: the number's name.
        low, high: its ends.
        moves: a model with the moves of all its values.
        at_once: at how many values agents are examined in one replay.
        replays: how many replays it usually takes.
        lengthens: whether values take longer to learn where it is larger.
        rate: what the number changes, if it is not gamma.
    """

    name: str
    low: float
    high: float
    moves: MDP
    at_once: int
    replays: int
    lengthens: bool
    rate: Rate | None

    @property
    def span(self) -> float:
        """The distance from end to end."""
        return self.high - self.low

    def between(self, share: float) -> float:
        """Return the value at a share of the way from end to end."""
        return self.low + share * self.span

    @abstractmethod
    def model(self, x: float) -> MDP:
        """Return the model at a value."""

    @abstractmethod
    def gamma(self, x: float) -> float:
        """Return the discount factor at a value."""

    @abstractmethod
    def learned(self, grids: Sequence[Floats], seeds: Sequence[int], learn: Learn) -> list[Floats]:
        """Return what each seed's agents learn at the values of its grid."""


class MovingGamma(Moving):
    """The discount factor of one model."""

    name, low, high = "gamma", 0.0, 1.0
    at_once, replays = 16, 2  # vector instructions take 16 together
    lengthens, rate = True, None

    def __init__(self, mdp: MDP) -> None:
        self.moves = mdp

    def model(self, x: float) -> MDP:
        """Return the model, the same for all values."""
        return self.moves

    def gamma(self, x: float) -> float:
        """Return the value itself."""
        return x

    def learned(self, grids: Sequence[Floats], seeds: Sequence[int], learn: Learn) -> list[Floats]:
        """Return what all gammas of each seed's grid learn from its stream."""
        return learn(self.moves, grids, seeds)


class MovingParameter(Moving):
    """The parameter of a model line, at one discount factor.

    Args:
        line: the models.
        discount: the discount factor, 0 <= discount < 1.
    """

    at_once, replays = 5, 4  # each needs its own training
    lengthens = False

    def __init__(self, line: ModelLine, discount: Fraction) -> None:
        p = line.parameter
        self.line, self.discount, self.name = line, discount, p.name
        self.low, self.high = float(p.low), float(p.high)
        self.moves = line.at((p.low + p.high) / 2)
        self._models: dict[float, MDP] = {}

    @cached_property
    def rate(self) -> Rate:  # type: ignore[override]  # computed on demand
        """What the parameter changes."""
        return Rate.between(self.line.low, self.line.high, float(self.discount), self.span)

    def model(self, x: float) -> MDP:
        """Return the model at a value of the parameter; the latest are kept."""
        if x not in self._models:
            if len(self._models) >= _KEPT:
                self._models.clear()
            p = self.line.parameter
            self._models[x] = self.line.at(min(max(Fraction(x), p.low), p.high))
        return self._models[x]

    def gamma(self, x: float) -> float:
        """Return the discount factor, the same for all values."""
        return float(self.discount)

    def learned(self, grids: Sequence[Floats], seeds: Sequence[int], learn: Learn) -> list[Floats]:
        """Return what agents learn, a training for each value."""
        asked = {seed: grid.tolist() for seed, grid in zip(seeds, grids, strict=True)}
        found: dict[tuple[int, float], Floats] = {}
        for x in dict.fromkeys(x for grid in asked.values() for x in grid):
            those = [seed for seed, grid in asked.items() if x in grid]
            gammas = [np.array([float(self.discount)])] * len(those)
            values = learn(self.model(x), gammas, those)
            found |= {(seed, x): of_seed for seed, of_seed in zip(those, values, strict=True)}
        return [
            np.concatenate([found[seed, x] for x in grid], axis=-1) for seed, grid in asked.items()
        ]


_KEPT = 64  # models: a search asks for the same values again and again
