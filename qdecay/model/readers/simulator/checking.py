"""Whether an environment is what exploring takes it for.

1. A state is what its key says: where it is reached by another way, of another length or by
   another action, every action leads to the same again: next state, observation, reward, end. All
   generators are replaced, so that chance shows as well.
2. The same action from the same copy twice gives the same, in states that have one way only.
3. Whole episodes from `reset`, never copied, go as the model says: through an action that leads
   back to a known state, and on to one that pays or ends. Where clocks and the like are left out of
   what tells states apart, or somebody else's key may leave them out, long ones do as well.

All of 1 and 2 is looked at in small models, a part in large ones; what is not seen is not proven.
"""

from __future__ import annotations

from numbers import Real
from time import monotonic
from typing import Any

import numpy as np

from qdecay._support.deadline import Deadline
from qdecay.model.readers.simulator.diagnosis import Diagnosis
from qdecay.model.readers.simulator.machine import Machine, Saved, Seen
from qdecay.model.readers.simulator.naming import Names
from qdecay.model.readers.simulator.plans import Plans

_ALL = 2_000  # states whose ways are all looked at
_SHARE = 8  # of later ones, every eighth
_LEAST, _MOST = 1_000, 10_000  # steps of whole episodes in all
_SECONDS = 3  # that they take at most, and as long ones


class Checks:
    """Looks at a machine while and after it is explored.

    Attributes:
        graph: what was found.
        names: what the states will be called.
        ways: how many states were looked at by a second way.
        walks: how many whole episodes were played.
        ranges: between which values numbers that are left out of the key were in these.
        longest: how many steps the longest had.
    """

    def __init__(
        self, machine: Machine, names: Names, diagnosis: Diagnosis, seed: int, *, sampled: bool
    ) -> None:
        self.machine, self.names, self.graph = machine, names, diagnosis.graph
        self.ways = self.walks = self.longest = 0
        self.ranges: dict[str, tuple[Any, Any]] = {}
        self._diagnosis, self._seed, self._sampled = diagnosis, seed, sampled
        self._respects: dict[int, set[str]] = {}
        self._waiting: dict[int, list[tuple[Saved, tuple[int, int]]]] = {}
        self._explored: set[int] = set()

    def seed_of(self, state: int, action: int, number: int) -> int:
        """Return the seed of a try, the same for the same state, action and number."""
        sequence = np.random.SeedSequence([self._seed, state, action, number])
        return int(sequence.generate_state(1)[0])

    def prepare(self, state: int, action: int) -> None:
        """Let chance fall as in the first try of an action, if there is chance."""
        if self._sampled:
            self.machine.reseed(self.seed_of(state, action, 0))

    def too_many(self, most: int) -> ValueError:
        """Return the error of an environment with more states than the caller takes."""
        return self._diagnosis.too_many(most)

    def tried(self, saved: Saved, state: int, action: int, expected: Seen, number: int) -> None:
        """Try an action from a copy with other generators.

        Raises:
            ValueError: it leads to something else than expected.
        """
        seed = self.seed_of(state, action, 0 if self._sampled else number)
        self.machine.restore(saved)
        self.machine.reseed(seed)
        found = self.machine.step(action)
        if part := expected.difference(found):
            raise self._diagnosis.differs(part, state, action, expected, found, saved, seed)

    def reached_again(self, state: int, seen: Seen, first: tuple[int, int] | int) -> None:
        """Look at a known state that the machine has reached, now or once it is explored."""
        known = self.graph.seen[state]
        for part in ("observation", "available"):
            if getattr(known, part) != getattr(seen, part):
                raise self._diagnosis.looks_different(part, state, known, seen, self.machine)
        if isinstance(first, int) or not self._is_chosen(state, first):
            return
        saved = self.machine.save()
        if state in self._explored:
            self._look(state, saved)
        else:
            self._waiting.setdefault(state, []).append((saved, first))

    def _is_chosen(self, state: int, first: tuple[int, int]) -> bool:
        """Whether this way is looked at: it differs in a respect from those that were."""
        if state >= _ALL and state % _SHARE:
            return False
        own = self.graph.first[state]
        last_action = None if isinstance(own, int) else own[1]
        respects = {"length"} if self.machine.steps != self.graph.steps[state] else set()
        respects |= {"action"} if first[1] != last_action else set()
        looked_at = self._respects.setdefault(state, set())
        if looked_at and respects <= looked_at:
            return False
        looked_at |= respects or {"way"}
        return True

    def explored(self, state: int, saved: Saved) -> None:
        """Take note that every action of a state was tried; look at it again."""
        self._explored.add(state)
        waiting = self._waiting.pop(state, ())
        for again, _ in waiting:
            self._look(state, again)
        if not waiting and (state < _ALL or state % _SHARE == 0):
            for action, (_, seen) in self.graph.goes[state].items():
                self.tried(saved, state, action, seen, 0)

    def _look(self, state: int, saved: Saved) -> None:
        self.ways += 1
        for action, (_, seen) in self.graph.goes[state].items():
            self.tried(saved, state, action, seen, 1)

    def lasts(self, steps: int, deadline: Deadline) -> int | None:
        """Play an episode that does not end; return after how many steps it was cut off, if it was.

        Raises:
            ValueError: it does not go as the model says.
        """
        plan = Plans(self.graph, np.random.default_rng(self._seed)).lasting(steps)
        before, self.machine.cut_after = self.machine.cut_after, None
        if plan is not None:
            self._play(plan[0], deadline, monotonic() + _SECONDS)
        cut = self.machine.cut_after
        self.machine.cut_after = min((x for x in (before, cut) if x is not None), default=None)
        return cut

    def walk(self, time_limit: int | None, deadline: Deadline, *, long: bool) -> None:
        """Play whole episodes, and long ones; see the module.

        Raises:
            ValueError: one does not go as the model says.
        """
        plans = Plans(self.graph, np.random.default_rng(self._seed))
        longest = time_limit - 1 if time_limit else _MOST
        left = min(max(_LEAST, self.machine.tries // 4), _MOST)
        stop = monotonic() + _SECONDS
        for actions in plans.long() if long else ():
            self._play(actions[: longest + 1], deadline, stop)
        stop = monotonic() + _SECONDS
        for actions in plans.short():
            left -= self._play(actions[: longest + 1], deadline, stop)
            self.walks += 1
            if left < 0 or monotonic() > stop:
                return

    def begun(self, seen: Seen, seed: int) -> int:
        """Return the state in which an episode begins again.

        Raises:
            ValueError: that of the same seed began elsewhere.
        """
        known = self.graph.begins[seed]
        if seen.key != self.graph.seen[known].key:
            raise self._diagnosis.begins_elsewhere(seed, self.graph.seen[known], seen)
        return known

    def _take_down(self) -> None:
        """Extend the ranges of numbers that are left out of the key to what they are now."""
        held = self.machine.fields() if self.names.ways else {}
        for name in sorted(self.names.ways & held.keys()):
            value: Any = held[name]
            if isinstance(value, Real) and not isinstance(value, bool):
                least, most = self.ranges.get(name, (value, value))
                self.ranges[name] = min(least, value), max(most, value)

    def _play(self, plan: list[int], deadline: Deadline, stop: float) -> int:
        """Play an episode, the seed first, until a time; return how many steps were made."""
        made = self._compared(plan, deadline, stop)
        self.longest = max(self.longest, made)
        self._take_down()
        return made

    def _compared(self, plan: list[int], deadline: Deadline, stop: float) -> int:
        seed, *actions = plan
        graph, machine = self.graph, self.machine
        state = self.begun(machine.begin(seed), seed)
        self._take_down()
        for number, action in enumerate(actions):
            deadline.check()
            if action not in graph.goes[state] or monotonic() > stop:
                return number  # the way on is another's, or there is no time
            to, expected = graph.goes[state][action]
            self.prepare(state, action)
            found = machine.step(action)
            if part := expected.difference(found):
                raise self._diagnosis.walked(
                    part, state, action, expected, found, plan[: number + 1]
                )
            if found.terminated or found.truncated:
                return number + 1
            state = to
        return len(actions)
