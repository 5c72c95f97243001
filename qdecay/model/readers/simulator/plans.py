"""Whole episodes to play, as the seed of `reset` and numbers of actions, in the explored graph."""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import cached_property

import numpy as np

from qdecay.model.readers.simulator.graph import Graph

_WALKS = 300
_AGAIN, _STROLL = 9, 40  # repetitions of one path at most, and random steps
_SHORTEST, _LONGEST, _LONG = 40, 2_000, 20  # steps of long episodes, and how many


class Plans:
    """Plans episodes in the explored graph."""

    def __init__(self, graph: Graph, rng: np.random.Generator) -> None:
        self._graph, self._rng = graph, rng
        self._pairs = [
            (s, a, to, seen) for s, goes in enumerate(graph.goes) for a, (to, seen) in goes.items()
        ]
        self._events = [pair for pair in self._pairs if pair[3].terminated or pair[3].reward]

    def short(self) -> Iterator[list[int]]:
        """Yield episodes through an action that leads back, and on to where something happens."""
        graph, rng = self._graph, self._rng
        merges = [
            (s, a, to)
            for s, a, to, seen in self._pairs
            if not seen.terminated and graph.first[to] != (s, a)
        ]
        for number in range(_WALKS if self._pairs else 0):
            s, a, to = merges[rng.integers(len(merges))] if merges else (0, None, 0)
            way = graph.way(s)
            plan = [way.start, *way.actions, *([] if a is None else [a])]
            if a is not None and number % 3 == 1:
                plan += self._repeated(s, a, to, int(rng.integers(1, _AGAIN)))
            elif number % 3 == 2:
                actions, to = self._strolled(to, int(rng.integers(_STROLL)), range(len(graph)))
                plan += actions
            yield [*plan, *self._on(to, anywhere=number % 4 == 3)]

    def long(self) -> Iterator[list[int]]:
        """Yield the longest episode, and some of random lengths, on to where something happens."""
        lengths = np.exp(self._rng.uniform(np.log(_SHORTEST), np.log(_LONGEST), _LONG))
        for length in [_LONGEST, *lengths.astype(int).tolist()]:
            if (plan := self.lasting(length)) is not None:
                yield [*plan[0], *self._on(plan[1], anywhere=False)]

    def lasting(self, length: int) -> tuple[list[int], int] | None:
        """Return an episode that does not end, and where it leads to; None if all end."""
        begins = self._graph.begins.items()
        seed = next((own for own, state in begins if state in self._endless), None)
        if seed is None:
            return None
        actions, to = self._strolled(self._graph.begins[seed], length, self._endless)
        return [seed, *actions], to

    @cached_property
    def _endless(self) -> set[int]:
        return self._graph.endless()

    def _on(self, state: int, *, anywhere: bool) -> list[int]:
        """Return the path to an action that pays or ends, or to any action."""
        chosen = self._pairs if anywhere or not self._events else self._events
        target, last, _, _ = chosen[self._rng.integers(len(chosen))]
        return [*(self._graph.path(state, lambda other: other == target) or []), last]

    def _repeated(self, state: int, action: int, to: int, times: int) -> list[int]:
        """Return the actions by which an action leads to the same state again and again."""
        back = self._graph.path(to, lambda other: other == state)
        return [] if back is None else [*back, action] * times

    def _strolled(self, state: int, length: int, among: Container[int]) -> tuple[list[int], int]:
        """Return random actions that do not end the episode, and where they lead to."""
        plan = []
        for _ in range(length):
            goes = self._graph.goes[state].items()
            ways = [(a, to) for a, (to, seen) in goes if not seen.terminated and to in among]
            if not ways:
                break
            action, state = ways[self._rng.integers(len(ways))]
            plan.append(action)
        return plan, state
