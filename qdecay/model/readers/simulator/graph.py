"""What exploring has found: states, the paths to them, and the results of every action."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qdecay.model.readers.simulator.machine import Seen

Outcome = tuple[int, Any, bool, int]
"""Next state, reward, terminated, duration."""


class Way(NamedTuple):
    """How a state was reached first.

    Attributes:
        start: the seed of the episode's reset.
        actions: the numbers of the actions taken from there.
    """

    start: int
    actions: tuple[int, ...]

    def __str__(self) -> str:
        """Its length."""
        steps = len(self.actions)
        return f"{steps} step{'' if steps == 1 else 's'}"


@dataclass
class Graph:
    """States in the order in which they were found.

    Attributes:
        index: the number of each state by its key.
        begins: the state in which the episode of a seed begins.
        first: the last step of the first path to each state, as (state, action); or the seed, if
            an episode begins there.
        steps: the length of that path.
        seen: what was observed when each state was first reached.
        goes: for each state and action, the state that the first try led to, and what was observed.
        counts: for each state and action, how often each outcome occurred.
        entered: the states that were reached by a step that did not end the episode.
    """

    index: dict[Hashable, int] = field(default_factory=dict)
    begins: dict[int, int] = field(default_factory=dict)
    first: list[tuple[int, int] | int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    goes: list[dict[int, tuple[int, Seen]]] = field(default_factory=list)
    counts: list[dict[int, dict[Outcome, int]]] = field(default_factory=list)
    entered: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        """How many states there are."""
        return len(self.first)

    @property
    def starts(self) -> dict[int, int]:
        """How many of the episodes begin in a state."""
        return dict(Counter(self.begins.values()))

    def number(self, seen: Seen, first: tuple[int, int] | int, steps: int) -> tuple[int, bool]:
        """Return the state's number, and whether it is new."""
        size = len(self.index)
        number = self.index.setdefault(seen.key, size)
        if number < size:
            return number, False
        self.first.append(first)
        self.steps.append(steps)
        self.seen.append(seen)
        self.goes.append({})
        self.counts.append({})
        return number, True

    def shared(self, state: int, seen: Seen) -> Seen:
        """Return what was observed on reaching a state, reusing objects that are already stored."""
        known = self.seen[state]
        if (known.observation, known.available) != (seen.observation, seen.available):
            return seen._replace(key=known.key)
        return Seen(known.key, known.available, known.observation, *seen[3:])

    def enter(self, state: int, seen: Seen, first: tuple[int, int] | int, steps: int) -> None:
        """Note the first path on which the episode continues from a state."""
        self.entered.add(state)
        self.seen[state], self.first[state], self.steps[state] = seen, first, steps

    def way(self, state: int) -> Way:
        """Return the first path to a state."""
        actions = []
        first = self.first[state]
        while not isinstance(first, int):
            state, action = first
            actions.append(action)
            first = self.first[state]
        return Way(first, tuple(reversed(actions)))

    def path(self, start: int, is_end: Callable[[int], bool]) -> list[int] | None:
        """Return the actions of a shortest path, by first tries; None if there is none."""
        came: dict[int, tuple[int, int] | None] = {start: None}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            if is_end(state):
                return self._back(came, state)
            for action, (to, seen) in self.goes[state].items():
                if not seen.terminated and to not in came:
                    came[to] = (state, action)
                    queue.append(to)
        return None

    @staticmethod
    def _back(came: dict[int, tuple[int, int] | None], state: int) -> list[int]:
        actions = []
        while (step := came[state]) is not None:
            state, action = step
            actions.append(action)
        return actions[::-1]

    def endless(self) -> set[int]:
        """Return the states from which an episode may go on for ever by first tries."""
        before: dict[int, list[int]] = {}
        left = []
        for state, goes in enumerate(self.goes):
            ways = [to for to, seen in goes.values() if not seen.terminated]
            left.append(len(ways))
            for to in ways:
                before.setdefault(to, []).append(state)
        dead = [state for state, ways in enumerate(left) if not ways]
        endless = set(range(len(self))) - set(dead)
        while dead:
            for state in before.get(dead.pop(), ()):
                left[state] -= 1
                if not left[state]:
                    endless.discard(state)
                    dead.append(state)
        return endless
