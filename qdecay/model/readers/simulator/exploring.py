"""Breadth first from where episodes begin: every state is copied, and every action tried."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from qdecay._support.progress import OnProgress, Progress
from qdecay.model.readers.simulator.checking import Checks
from qdecay.model.readers.simulator.graph import Graph
from qdecay.model.readers.simulator.machine import Machine, Saved, Seen

_SURE = 3  # equal tries, after which an action that draws no random number counts as certain
_DRAWN, _DRAWN_IN_ALL = 10, 5_000  # tries of one that draws some, if none should
_FIRST, _OF_FIRST = 20, 100  # more tries for the first such actions
_GLOBALLY = 2_000  # actions that are checked for draws from a global generator


class Explorer:
    """Explores a machine.

    Attributes:
        graph: what was found so far.
        certain: how many pairs draw random numbers, but had the same result in every try.
        tried: how often these were tried, at least and at most.
    """

    def __init__(
        self,
        machine: Machine,
        checks: Checks,
        *,
        samples: int | None,
        max_states: int,
        report: OnProgress,
    ) -> None:
        self.machine, self.checks, self.graph = machine, checks, checks.graph
        self.certain, self.tried = 0, (0, 0)
        self._samples, self._max_states = samples, max_states
        self._report = report
        self._saved: dict[int, Saved] = {}
        self._queue: deque[int] = deque()
        self._left = _DRAWN_IN_ALL
        self._tried = 0

    def explore(self, seeds: Iterable[int]) -> Graph:
        """Explore from the states in which the episodes of the seeds begin.

        Raises:
            ValueError: there are too many states, or the environment is not as assumed.
            BudgetExceeded: the time is up.
        """
        for seed in seeds:
            self.graph.begins[seed] = self._reached(self.machine.begin(seed), seed)
            self.checks.begun(self.machine.begin(seed), seed)
        done = 0
        while self._queue:
            self._report(Progress(done, len(self.graph), "states explored"))
            self._expand(self._queue.popleft())
            done += 1
        return self.graph

    def _reached(self, seen: Seen, first: tuple[int, int] | int) -> int:
        """Return the number of the state that the machine is in; a new one will be explored."""
        state, is_new = self.graph.number(seen, first, self.machine.steps)
        if is_new:
            if len(self.graph) > self._max_states:
                raise self.checks.too_many(self._max_states)
            self.checks.names.add(self.machine.env, self.machine.observation, seen.key)
        if seen.terminated:
            return state
        if state not in self.graph.entered:
            self.graph.enter(state, seen, first, self.machine.steps)
            self._saved[state] = self.machine.save()
            self._queue.append(state)
        else:
            self.checks.reached_again(state, seen, first)
        return state

    def _expand(self, state: int) -> None:
        saved = self._saved.pop(state)
        goes, counts = self.graph.goes[state], self.graph.counts[state]
        for action in self.graph.seen[state].available:
            found = counts[action] = {}
            for seen in self._tries(saved, state, action):
                to = self._reached(seen, (state, action))
                if action not in goes:
                    goes[action] = (to, self.graph.shared(to, seen))
                outcome = (to, seen.reward, seen.terminated, seen.duration)
                found[outcome] = found.get(outcome, 0) + 1
        self.checks.explored(state, saved)

    def _tries(self, saved: Saved, state: int, action: int) -> Iterator[Seen]:
        """Yield the results of an action, with the machine in its state: once, or of every try."""
        if self._samples is None:
            yield from self._once(saved, state, action)
        else:
            yield from self._sampled(saved, state, action, self._samples)

    def _once(self, saved: Saved, state: int, action: int) -> Iterator[Seen]:
        machine = self.machine
        machine.restore(saved)
        before = self._drawn()
        seen = machine.step(action)
        has_drawn = self._drawn() != before
        self._tried += 1
        yield seen
        if not has_drawn:
            return
        tries = _DRAWN if self.certain >= _FIRST else _OF_FIRST
        tries = tries if self._left > 0 else 0
        self._left -= tries
        for number in range(tries):
            self.checks.tried(saved, state, action, seen, number)
        self._is_certain(1 + tries)

    def _is_certain(self, tries: int) -> None:
        """Note that an action draws random numbers, although all its tries were alike."""
        least, most = self.tried if self.certain else (tries, tries)
        self.certain, self.tried = self.certain + 1, (min(least, tries), max(most, tries))

    def _drawn(self) -> list[Any]:
        """Return a value that changes when random numbers are drawn."""
        own = self.machine.drawn()
        return [*own, *self.machine.drawn_globally()] if self._tried < _GLOBALLY else own

    def _sampled(self, saved: Saved, state: int, action: int, samples: int) -> Iterator[Seen]:
        machine, first, has_drawn, is_alike = self.machine, None, False, True
        for number in range(samples):
            machine.restore(saved)
            machine.reseed(self.checks.seed_of(state, action, number))
            looks = number < _SURE and not has_drawn
            before = (machine.drawn(), machine.drawn_globally()) if looks else None
            seen = machine.step(action)
            first = first or seen
            has_drawn = has_drawn or (machine.drawn(), machine.drawn_globally()) != before
            is_alike = is_alike and not first.difference(seen)
            yield seen
            if number + 1 == _SURE and is_alike and not has_drawn:
                return
        if has_drawn and is_alike:
            self._is_certain(samples)
