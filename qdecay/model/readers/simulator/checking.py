"""Check whether an environment is as exploring assumes.

1. The key determines the state: if a state is reached by another path, of another length or by
   another action, every action again leads to the same next state, observation, reward and end. All
   generators are replaced, so that randomness shows as well.
2. In states with only one path, the same action from the same copy gives the same result twice.
3. Whole episodes from `reset`, without copying, follow the model: through an action that leads
   back to a known state, and on to one that pays or ends. If clocks and the like are not part of
   the key, or the user's own key may leave them out, long episodes are played as well.

In small models 1 and 2 are checked everywhere, in large ones in a sample: a check is not a proof.
"""

from __future__ import annotations

from numbers import Real
from time import monotonic
from typing import Any

import numpy as np

from qdecay.model.readers.simulator.diagnosis import Diagnosis
from qdecay.model.readers.simulator.machine import Machine, Saved, Seen
from qdecay.model.readers.simulator.naming import Names
from qdecay.model.readers.simulator.plans import Plans

_ALL = 2_000  # states of which all paths are checked
_SHARE = 8  # of later ones, every eighth
_LEAST, _MOST = 1_000, 10_000  # steps of whole episodes in all
_SECONDS = 3  # that they may take, and the same for long ones


class Checks:
    """Checks a machine while it is explored and afterwards.

    Attributes:
        graph: what was found.
        names: what the states will be called.
        ways: how many states were checked by a second path.
        walks: how many whole episodes were played.
        ranges: the ranges, in these episodes, of numbers that are left out of the key.
        longest: how many steps the longest of these episodes had.
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
        """Set the generators as in the first try of an action, if anything is random."""
        if self._sampled:
            self.machine.reseed(self.seed_of(state, action, 0))

    def too_many(self, most: int) -> ValueError:
        """Return the error for an environment with more states than the caller accepts."""
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
        """Check a known state that the machine has reached, now or once it is explored."""
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
        """Whether this path is checked: it differs in some respect from those checked before."""
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
        """Note that every action of a state was tried, and check it again."""
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

    def lasts(self, steps: int) -> int | None:
        """Play an episode that does not end; return after how many steps it was truncated, if it
        was.

        Raises:
            ValueError: it does not follow the model.
        """
        plan = Plans(self.graph, np.random.default_rng(self._seed)).lasting(steps)
        before, self.machine.cut_after = self.machine.cut_after, None
        if plan is not None:
            self._play(plan[0], monotonic() + _SECONDS)
        cut = self.machine.cut_after
        self.machine.cut_after = min((x for x in (before, cut) if x is not None), default=None)
        return cut

    def walk(self, time_limit: int | None, *, long: bool) -> None:
        """Play whole episodes, and long ones; see the module.

        Raises:
            ValueError: one does not follow the model.
        """
        plans = Plans(self.graph, np.random.default_rng(self._seed))
        longest = time_limit - 1 if time_limit else _MOST
        left = min(max(_LEAST, self.machine.tries // 4), _MOST)
        stop = monotonic() + _SECONDS
        for actions in plans.long() if long else ():
            self._play(actions[: longest + 1], stop)
        stop = monotonic() + _SECONDS
        for actions in plans.short():
            left -= self._play(actions[: longest + 1], stop)
            self.walks += 1
            if left < 0 or monotonic() > stop:
                return

    def begun(self, seen: Seen, seed: int) -> int:
        """Return the state in which an episode begins again.

        Raises:
            ValueError: the same seed began elsewhere before.
        """
        known = self.graph.begins[seed]
        if seen.key != self.graph.seen[known].key:
            raise self._diagnosis.begins_elsewhere(seed, self.graph.seen[known], seen)
        return known

    def _take_down(self) -> None:
        """Extend the ranges of numbers that are left out of the key by their current values."""
        held = self.machine.fields() if self.names.ways else {}
        for name in sorted(self.names.ways & held.keys()):
            value: Any = held[name]
            if isinstance(value, Real) and not isinstance(value, bool):
                least, most = self.ranges.get(name, (value, value))
                self.ranges[name] = min(least, value), max(most, value)

    def _play(self, plan: list[int], stop: float) -> int:
        """Play an episode, the seed first, until a time; return how many steps were made."""
        made = self._compared(plan, stop)
        self.longest = max(self.longest, made)
        self._take_down()
        return made

    def _compared(self, plan: list[int], stop: float) -> int:
        seed, *actions = plan
        graph, machine = self.graph, self.machine
        state = self.begun(machine.begin(seed), seed)
        self._take_down()
        for number, action in enumerate(actions):
            if action not in graph.goes[state] or monotonic() > stop:
                return number  # the episode went another way, or the time is up
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
