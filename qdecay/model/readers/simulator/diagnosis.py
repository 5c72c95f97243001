"""Why an environment is not as exploring assumes, in one line with the remedy.

A difference has one of three causes, which further tries distinguish: the same copy does not do the
same twice (something outside of copies matters), or it does unless a generator is replaced
(randomness), or it always does and the path to the state matters (its key leaves something out).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay.model.readers.simulator.graph import Graph
from qdecay.model.readers.simulator.machine import Machine, Saved, Seen, seed_globals
from qdecay.model.readers.simulator.naming import Names, short
from qdecay.model.readers.simulator.outside import outside
from qdecay.model.readers.simulator.plans import Plans

_TRIES = 20  # of an action with each generator replaced
_LONG = 50  # steps after which restoring a state is checked
_NAMED = 3  # fields that a message names
_EPISODES = 5  # that end after the same number of steps, if that is a time limit
_EXAMPLES = 200  # states whose fields are compared where there are too many


class IsRandomError(ValueError):
    """What an action leads to depends on a generator that can be replaced."""


class Diagnosis:
    """Says what is wrong with a machine.

    Attributes:
        graph: what was found so far.
    """

    def __init__(
        self, machine: Machine, names: Names, action_name: Callable[[int], str], *, sampled: bool
    ) -> None:
        self.graph = Graph()
        self._machine, self._names, self._action_name = machine, names, action_name
        self._sampled = sampled

    def differs(
        self,
        part: str,
        state: int,
        action: int,
        expected: Seen,
        found: Seen,
        saved: Saved,
        seed: int = 0,
    ) -> ValueError:
        """Return the error for an action that leads to something else from a copy of a state.

        `seed` is the one that the generators had at that time.
        """
        where = f"state {self._name(state)}, action {self._action_name(action)}"
        usual = self._from(saved, action)
        if other := self._unlike(usual, saved, action):
            return self._is_outside(where, usual, other, saved, action)
        if not self._sampled:
            for source in self._sources(saved):
                other = self._under(source, usual, saved, action, seed)
                if other and (again := self._unlike(usual, saved, action)):
                    return self._is_outside(where, usual, again, saved, action)
                if other:
                    return self._is_random(where, source, usual, other)
        return self._depends(where, part, state, action, expected, found, saved)

    def walked(
        self, part: str, state: int, action: int, expected: Seen, found: Seen, plan: list[int]
    ) -> ValueError:
        """Return the error for an episode, its seed first, whose next action does something
        else."""
        seed, *actions = plan
        self._machine.begin(seed)
        for before in actions:
            self._machine.step(before)
        return self.differs(part, state, action, expected, found, self._machine.save())

    def looks_different(
        self, part: str, state: int, known: Seen, seen: Seen, machine: Machine
    ) -> ValueError:
        """Return the error for a state with two observations, or two action masks."""
        there, steps = machine.fields(), counted(machine.steps, "step")
        return ValueError(
            f"state {self._name(state)}: its {_PARTS[part]} depend on the history: they differ "
            f"after {self.graph.way(state)} and after {steps} by another route, though the key is "
            f"the same{self._what(state, there)}: pass {_KEY}"
        )

    def begins_elsewhere(self, seed: int, one: Seen, two: Seen) -> ValueError:
        """Return the error for an environment that does not begin in the same state twice."""
        if one.observation == two.observation:
            what = "has another key"
            remedy = "pass a key= (--key) that is the same for the same state"
        else:
            what = "shows something else"
            remedy = "draw from self.np_random, and let reset(seed=) set all state"
        return ValueError(f"reset(seed={seed}) twice: the second time it {what}: {remedy}")

    def too_many(self, most: int) -> ValueError:
        """Return the error for an environment with more states than may be explored."""
        done = sum(1 for goes in self.graph.goes if goes)
        sizes = Counter({name: len(values) for name, values in self._values().items()})
        names = ", ".join(
            f"{name} ({size})" for name, size in sizes.most_common(_NAMED) if size > 1
        )
        varies = f"; of the last {_EXAMPLES}, these have the most values: {names}" if names else ""
        return ValueError(
            f"has more than {most:,} states, after {done:,} were explored{varies}: raise "
            f"max_states (--max-states), or pass a key= (--key) without what does not matter"
        )

    def _values(self) -> dict[str, set[Hashable]]:
        """Return the values of the fields in the keys of the last states."""
        found: dict[str, set[Hashable]] = {}
        for state in range(max(0, len(self.graph) - _EXAMPLES), len(self.graph)):
            key = self.graph.seen[state].key
            parts = key[1:] if isinstance(key, tuple) else ()
            for item in parts:
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
                    found.setdefault(item[0], set()).add(item[1])
        return found

    def _from(self, saved: Saved, action: int) -> Seen:
        """Take an action from a copy with all generators unchanged."""
        self._machine.restore(saved)
        seed_globals(0)
        return self._machine.step(action)

    def _unlike(self, usual: Seen, saved: Saved, action: int) -> Seen | None:
        """Return a different result of an action from the same copy, or None."""
        tries = (self._from(saved, action) for _ in range(_TRIES))
        return next((seen for seen in tries if usual.difference(seen)), None)

    def _sources(self, saved: Saved) -> list[str]:
        self._machine.restore(saved)
        return self._machine.sources()

    def _under(self, source: str, usual: Seen, saved: Saved, action: int, seed: int) -> Seen | None:
        """Return a different result of an action with one generator replaced, or None."""
        for number in (seed, *range(_TRIES)):
            self._machine.restore(saved)
            seed_globals(0)
            self._machine.reseed(number, source)
            before = self._machine.position(source)
            seen = self._machine.step(action)
            if usual.difference(seen) and self._machine.position(source) != before:
                return seen
        return None

    def _is_random(self, where: str, source: str, one: Seen, two: Seen) -> IsRandomError:
        part = one.difference(two) or "reward"
        words = self._words(part, one), self._words(part, two)
        return IsRandomError(f"{where}: is random: {self._chance(*words, source)}")

    def _chance(self, one: str, two: str, source: str) -> str:
        return (
            f"it {one} or {two}, depending on {source}: "
            f"samples=N (--samples N) estimates the model from N tries of every action"
        )

    def _drawn(self, saved: Saved, action: int) -> str | None:
        """Return a generator that an action draws from, or None.

        A rare outcome need not come up again: copies hold their own generators as they were then,
        but not the global ones.
        """
        for source in self._sources(saved):
            self._machine.restore(saved)
            before = self._machine.position(source)
            self._machine.step(action)
            if self._machine.position(source) != before:
                return source
        return None

    def _is_outside(
        self, where: str, one: Seen, two: Seen, saved: Saved, action: int
    ) -> ValueError:
        return ValueError(
            f"{where}: the same copy does not do the same twice: "
            f"{self._both(one, two, 'and then')}; {self._culprit(saved, action)}"
        )

    def _culprit(self, saved: Saved, action: int) -> str:
        """Say what makes copies depend on each other."""
        if lost := self._lost():
            return lost
        machine = self._machine
        machine.restore(saved)
        before = outside(machine.env)
        machine.step(action)
        after = outside(machine.env)
        changed = [name for name in after if before.get(name) != after[name]]
        if changed:
            return (
                f"{', '.join(changed[:_NAMED])} changes and is shared by all copies: keep it in "
                f"the environment's own attributes, or pass get_state and set_state"
            )
        return (
            "something outside the environment decides, such as the time of day or "
            "chance from the system: draw from self.np_random, and keep all state in attributes"
        )

    def _lost(self) -> str | None:
        """Say what restoring a copy does not restore, if anything."""
        machine, rng = self._machine, np.random.default_rng(0)
        seen = machine.begin(next(iter(self.graph.begins)))
        saved, before = machine.save(), machine.fields()
        for _ in range(_LONG):
            if seen.terminated or not seen.available:
                break
            seen = machine.step(int(rng.choice(seen.available)))
        machine.restore(saved)
        after = machine.fields()
        lost = [name for name in before if before[name] != after.get(name)]
        lost = [name for name in lost if name not in self._names.ways]
        if not lost:
            return None
        return (
            f"restoring a state does not restore {', '.join(lost[:_NAMED])}: the copies share it, "
            f"or get_state returns no copy, or set_state leaves it out"
        )

    def _depends(
        self,
        where: str,
        part: str,
        state: int,
        action: int,
        expected: Seen,
        found: Seen,
        saved: Saved,
    ) -> ValueError:
        if lost := self._lost():
            return ValueError(f"{where}: it {self._words(part, found)} only sometimes; {lost}")
        self._machine.restore(saved)
        there, steps = self._machine.fields(), self._machine.steps
        what = self._what(state, there)
        way = self.graph.way(state)
        one, two = self._words(part, expected), self._words(part, found)
        both = f"it {one} after {way}, and it {two} after {counted(steps, 'step')}"
        if not what and not self._sampled and (source := self._drawn(saved, action)):
            return IsRandomError(f"{where}: is random: {self._chance(one, two, source)}")
        if not what:
            return ValueError(f"{where}: {both} by another route: {self._culprit(saved, action)}")
        remedy = f"{_REWARD}, or {_KEY}" if part == "reward" else f"pass {_KEY}"
        if expected.terminated != found.terminated:
            last = 1 + (steps if found.terminated else len(way.actions))
            remedy = self._limit(last) or f"pass {_KEY}"
        return ValueError(
            f"{where}: depends on the history: {both} by another route, though the key is the "
            f"same{what}: {remedy}"
        )

    def _limit(self, steps: int) -> str | None:
        """Say so if all episodes end after the same number of steps at the latest."""
        plans = Plans(self.graph, np.random.default_rng(0))
        for _ in range(_EPISODES):
            if (plan := plans.lasting(steps)) is None:
                return None
            seed, *actions = plan[0]
            self._machine.begin(seed)
            ended = next((a for a in actions if self._machine.step(a).terminated), None)
            if ended is None or self._machine.steps != steps:
                return None
        return (
            f"all episodes end after {counted(steps, 'step')}, if not sooner: where that is a time "
            f"limit, return truncated in place of terminated (a wrapper can); where it is part of "
            f"the model, pass a key= (--key) with the number of steps"
        )

    def _what(self, state: int, there: dict[str, Hashable]) -> str:
        """Say in which fields two paths to a state differ."""
        way = self.graph.way(state)
        self._machine.begin(way.start)
        for action in way.actions:
            self._machine.step(action)
        here = self._machine.fields()
        different = [name for name in here if here[name] != there.get(name)]
        if not different:
            return ""
        return f" and what differs is {', '.join(different[:_NAMED])}"

    def _both(self, one: Seen, two: Seen, between: str) -> str:
        part = one.difference(two) or "reward"
        return f"it {self._words(part, one)} {between} {self._words(part, two)}"

    def _words(self, part: str, seen: Seen) -> str:
        if part == "reward":
            return f"pays {_shown(seen.reward)}{', cut off,' if seen.truncated else ''}"
        if part == "terminated":
            return "ends the episode" if seen.terminated else "goes on"
        if part == "duration":
            return f"takes {counted(seen.duration, 'step')}"
        if part == "key":
            to = self.graph.index.get(seen.key)
            if to is not None:
                return f"leads to {self._name(to)}"
            shown = short(seen.observation)
            return f"leads to a new state{f' ({shown})' if shown else ''}"
        if part == "available":
            allowed = ", ".join(map(self._action_name, seen.available)) or "no action"
            return f"allows {allowed}"
        return f"shows {short(seen.observation) or 'something'}"

    def _name(self, state: int) -> str:
        return one_line(self._names.of(state))


_PARTS = {"observation": "observations", "available": "available actions"}
_KEY = "a key= (--key) that tells them apart"
_REWARD = 'pass reward= (--reward), such as "sign"'


def _shown(reward: Any) -> str:
    return f"{reward:.6g}" if isinstance(reward, float) else str(reward)
