"""States that have equal values because their moves lead to states with equal values.

An advantage is 0 for every x if the pair and the policy's pair of its state earn the same and lead,
with the same weights, to the same classes of an equivalence of states for which the same is true:
all states of a class have policy rows with equal rewards and equal weights into each class. Floats
guess which states are equivalent; each guess is an obligation that is checked in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.exact.solver.policy_graph import PolicyGraph

_CLOSE = 1e-9  # of values that may be equal, relative
_MOST_STEPS = 1000  # of a proof, in a model of no more states


class Alike:
    """Proofs of ties under one policy: for every gamma, or on a line on which only rewards vary."""

    def __init__(
        self, graph: PolicyGraph, rewards: Sequence[Any], values: NDArray[np.float64]
    ) -> None:
        """`rewards` are those of all pairs, `values` near the policy's, (n, number of columns)."""
        self._graph, self._rewards, self._values = graph, rewards, values
        self._leader: dict[int, int] = {}

    def same(self, pair: int) -> bool:
        """Return True only if the pair's advantage is 0 for every x."""
        own = self._graph.choices[int(self._graph.model.pair_state[pair])]
        return self._shown([(pair, own)], [])

    def equal(self, one: int, two: int) -> bool:
        """Return True only if two pairs have the same advantage for every x."""
        s, t = (int(self._graph.model.pair_state[pair]) for pair in (one, two))
        choices, merged = self._graph.choices, []
        if (a := self._root(s)) != (b := self._root(t)):
            self._leader[a] = b
            merged.append(a)
        return self._shown([(one, two), (choices[s], choices[t])], merged)

    def _shown(self, obligations: list[tuple[int, int]], merged: list[int]) -> bool:
        """Whether there is a proof; `merged` are the states merged for it, undone if not."""
        if self._proven(obligations, merged):
            return True
        for s in reversed(merged):
            del self._leader[s]
        return False

    def _proven(self, obligations: list[tuple[int, int]], merged: list[int]) -> bool:
        """Whether the pairs of all obligations earn and lead alike, after more states are merged.

        States merged by proofs stay merged: rows that agree on classes also agree on larger ones.
        """
        for _ in range(max(_MOST_STEPS, self._graph.model.n)):
            if not obligations:
                return True
            one, two = obligations.pop()
            if self._rewards[one] != self._rewards[two]:
                return False
            matches = self._matched(self._difference(one, two))
            if matches is None:
                return False
            for s, t in matches:
                if (a := self._root(s)) != (b := self._root(t)):
                    self._leader[a] = b
                    merged.append(a)
                    obligations.append((self._graph.choices[s], self._graph.choices[t]))
        return False

    def _root(self, s: int) -> int:
        while s in self._leader:
            s = self._leader[s]
        return s

    def _difference(self, one: int, two: int) -> dict[int, int]:
        """Return the weights into each class of one pair minus those of another."""
        model, found = self._graph.model, dict[int, int]()
        for pair, sign in ((one, 1), (two, -1)):
            for t, weight in zip(model.targets[pair], model.weights[pair], strict=True):
                if self._graph.live[t]:
                    s = self._root(t)
                    found[s] = found.get(s, 0) + sign * weight
        return found

    def _matched(self, difference: dict[int, int]) -> list[tuple[int, int]] | None:
        """Return states to call equivalent for the differences to cancel, or None."""
        open_still = sorted(
            (s for s, weight in difference.items() if weight),
            key=lambda s: tuple(self._values[s].tolist()),
        )
        matches, total = [], 0
        for i, s in enumerate(open_still):
            if total and self._close(open_still[i - 1], s):
                matches.append((open_still[i - 1], s))
            elif total:
                return None
            total += difference[s]
        return None if total else matches

    def _close(self, s: int, t: int) -> bool:
        one, two = self._values[s], self._values[t]
        return bool((np.abs(one - two) <= _CLOSE * np.maximum(np.abs(one), np.abs(two))).all())
