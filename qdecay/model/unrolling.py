"""Transitions of several steps, written out step by step.

A transition to t that takes d steps pays its reward and then waits: in (t, d - 1), which leads to
(t, d - 2), ..., (t, 1), which leads to t. Waiting states have one action and pay nothing, and all
transitions to t share them. So V(t, k) = gamma^k V(t): the written-out model has the values of the
semi-Markov one, at every gamma, and the same rewards per step.

Source: Sutton, Precup and Singh, Between MDPs and semi-MDPs, Artificial Intelligence 112 (1999),
section 3, on discounting over actions of several steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from qdecay.model.base import FiniteMDP
from qdecay.model.rows import MAX_PAIRS

Indices = NDArray[np.int64]


class Waiting(NamedTuple):
    """The waiting states of a model of S states, which are S, S + 1, ...

    Attributes:
        first: S.
        target, remaining: for each, the state that is waited for and the number of steps until it
            is entered, in order, shape (W,).
        entered: the state that each transition leads to in its first step, shape (K,).
    """

    first: int
    target: Indices
    remaining: Indices
    entered: Indices

    @classmethod
    def of(cls, mdp: FiniteMDP) -> Self:
        """Return the waiting states of a model.

        Raises:
            ValueError: there are too many.
        """
        to, duration, first = mdp.next_state, mdp.duration, mdp.n_states
        longest = np.zeros(first, dtype=np.int64)
        np.maximum.at(longest, to, duration - 1)
        count, begin = int(longest.sum()), np.cumsum(longest) - longest
        if (first + count) * mdp.n_actions > MAX_PAIRS:
            raise ValueError(
                f"the durations are too long to be written out step by step: {count:,} waiting "
                f"states and {first:,} others of {mdp.n_actions:,} actions are more than "
                f"{MAX_PAIRS:,} pairs: choose a longer step"
            )
        target = np.repeat(np.arange(first), longest)
        remaining = np.arange(count) - np.repeat(begin, longest) + 1
        entered = np.where(duration > 1, first + begin[to] + duration - 2, to)
        return cls(first, target, remaining, entered)

    @property
    def size(self) -> int:
        """W, how many there are."""
        return len(self.target)

    @property
    def following(self) -> Indices:
        """The state that follows each of them, shape (W,)."""
        before = self.first + np.arange(self.size) - 1
        return np.where(self.remaining > 1, before, self.target)

    def rows(self) -> Iterable[tuple[int, int]]:
        """Return each waiting state with the state that follows it."""
        return enumerate(self.following.tolist(), self.first)

    def values(self, own: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
        """Return the values of all states, shape (S + W,), from those of the model's own."""
        return np.concatenate([own, gamma**self.remaining * own[self.target]])

    def names(self, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Return the names of all states, from those of the model's own; None if two were equal."""
        if names is None:
            return None
        waits = zip(self.target.tolist(), self.remaining.tolist(), strict=True)
        every = (*names, *(f"{names[t]} in {k}" for t, k in waits))
        return every if len(set(every)) == len(every) else None
