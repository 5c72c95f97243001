"""Why an environment is not what exploring takes it for, in one line with the remedy.

A difference has one of three causes, told apart by trying again: the same copy does not do the same
twice (something is outside of copies), or it does unless a generator is replaced (chance), or it
always does and the way to the state matters (its key leaves something out).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from qdecay._support.one_line import one_line
from qdecay._support.result import counted
from qdecay.model.readers.simulator.graph import Graph
from qdecay.model.readers.simulator.inner_state import frozen, layers
from qdecay.model.readers.simulator.machine import Machine, Saved, Seen
from qdecay.model.readers.simulator.naming import Names

_TRIES = 20  # of an action with each generator replaced
_NAMED = 3  # fields that a message names
_EXAMPLES = 200  # states whose fields are compared where there are too many


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
        self, part: str, state: int, action: int, expected: Seen, found: Seen, saved: Saved
    ) -> ValueError:
        """Return the error of an action that leads to something else from a copy of a state."""
        where = f"state {self._name(state)}, action {self._action_name(action)}"
        once, again = self._from(saved, action), self._from(saved, action)
        if outside := once.difference(again):
            return self._is_outside(where, outside, once, again, saved, action)
        if not self._sampled and (source := self._source(saved, action, once)):
            return self._is_random(where, source, part, expected, found)
        return self._depends(where, part, state, action, expected, found, saved)

    def walked(
        self, part: str, state: int, action: int, expected: Seen, found: Seen, plan: list[int]
    ) -> ValueError:
        """Return the error of an episode, its seed first, whose next action does something else."""
        seed, *actions = plan
        self._machine.begin(seed)
        for before in actions:
            self._machine.step(before)
        return self.differs(part, state, action, expected, found, self._machine.save())

    def looks_different(
        self, part: str, state: int, known: Seen, seen: Seen, machine: Machine
    ) -> ValueError:
        """Return the error of a state with two observations, or two masks of actions."""
        there, steps = machine.fields(), counted(machine.steps, "step")
        return ValueError(
            f"state {self._name(state)}: its {_PARTS[part]} depend on the way: they are others "
            f"after {self.graph.way(state)} than after {steps} by another way, though the key is "
            f"the same{self._what(state, there)}: pass {_KEY}"
        )

    def begins_elsewhere(self, seed: int) -> ValueError:
        """Return the error of an environment whose `reset` does not obey its seed."""
        return ValueError(
            f"reset(seed={seed}) does not begin in the same state twice, even with the global "
            f"generators as they were: draw from self.np_random only, or pass key="
        )

    def too_many(self, most: int) -> ValueError:
        """Return the error of an environment with more states than are explored."""
        done = sum(1 for goes in self.graph.goes if goes)
        sizes = Counter[str]()
        for values in self._values().values():
            sizes.update({name: len(found) for name, found in values.items()})
        names = ", ".join(
            f"{name} ({size})" for name, size in sizes.most_common(_NAMED) if size > 1
        )
        varies = f"; of the last {_EXAMPLES}, these have the most values: {names}" if names else ""
        return ValueError(
            f"has more than {most:,} states, after {done:,} were explored{varies}: raise "
            f"max_states (--max-states), or pass a key= that leaves out what does not matter"
        )

    def _values(self) -> dict[str, dict[str, set[Hashable]]]:
        found: dict[str, set[Hashable]] = {}
        for state in range(max(0, len(self.graph) - _EXAMPLES), len(self.graph)):
            key = self.graph.seen[state].key
            parts = key[1:] if isinstance(key, tuple) else ()
            for item in parts:
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
                    found.setdefault(item[0], set()).add(item[1])
        return {"fields": found}

    def _from(self, saved: Saved, action: int) -> Seen:
        self._machine.restore(saved)
        return self._machine.step(action)

    def _source(self, saved: Saved, action: int, usual: Seen) -> str | None:
        """Return the name of the generator on which an action depends."""
        self._machine.restore(saved)
        for source in self._machine.sources():
            for number in range(_TRIES):
                self._machine.restore(saved)
                self._machine.reseed(number, source)
                if usual.difference(self._machine.step(action)):
                    return source
        return None

    def _is_random(
        self, where: str, source: str, part: str, expected: Seen, found: Seen
    ) -> ValueError:
        return ValueError(
            f"{where}: is random: {self._both(part, expected, found)}, as {source} falls: "
            f"samples=N (--samples N) estimates the model from N tries of every action"
        )

    def _is_outside(
        self, where: str, part: str, once: Seen, again: Seen, saved: Saved, action: int
    ) -> ValueError:
        before = _outside(self._machine.env)
        self._from(saved, action)
        after = _outside(self._machine.env)
        changed = [name for name in after if before.get(name) != after[name]]
        what = (
            f"{', '.join(changed[:_NAMED])} changes with every step and is shared by all copies"
            if changed
            else "it depends on something outside of the environment (a closure, the clock, "
            "the system's chance), or its copies share memory"
        )
        return ValueError(
            f"{where}: the same copy does not do the same twice: "
            f"{self._both(part, once, again)}; {what}: "
            f"keep it in the environment's own attributes, or pass get_state and set_state"
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
        self._machine.restore(saved)
        there, steps = self._machine.fields(), self._machine.steps
        what = self._what(state, there)
        way = self.graph.way(state)
        both = self._both(part, expected, found, f"after {way}", f"after {counted(steps, 'step')}")
        remedy = f"pass reward=, or {_KEY}" if part == "reward" else f"pass {_KEY}"
        return ValueError(
            f"{where}: depends on the way: {both} by another way, though the key is the "
            f"same{what}: {remedy}"
        )

    def _what(self, state: int, there: dict[str, Hashable]) -> str:
        """Say in which fields two ways to a state differ."""
        way = self.graph.way(state)
        self._machine.begin(way.start)
        for action in way.actions:
            self._machine.step(action)
        here = self._machine.fields()
        different = [name for name in here if here[name] != there.get(name)]
        if not different:
            return " and no attribute tells them apart"
        return f" and what differs is {', '.join(different[:_NAMED])}"

    def _both(
        self, part: str, one: Seen, two: Seen, first: str = "once", second: str = "once"
    ) -> str:
        words = self._words(part, one), self._words(part, two)
        return f"{words[0]} {first} and {words[1]} {second}"

    def _words(self, part: str, seen: Seen) -> str:
        if part == "reward":
            return f"it pays {_shown(seen.reward)}"
        if part == "terminated":
            return "it ends the episode" if seen.terminated else "the episode goes on"
        if part == "key":
            to = self.graph.index.get(seen.key)
            return "it leads to a new state" if to is None else f"it leads to {self._name(to)}"
        return f"it shows {_PARTS[part]} of one kind"

    def _name(self, state: int) -> str:
        return one_line(self._names.of(state))


_PARTS = {"observation": "observations", "available": "available actions"}
_KEY = "a key= that tells them apart"


def _shown(reward: Any) -> str:
    return f"{reward:.6g}" if isinstance(reward, float) else str(reward)


def _outside(env: Any) -> dict[str, Hashable]:
    """Return what the classes of an environment and their modules hold."""
    found: dict[str, Hashable] = {}
    for _, layer in layers(env):
        for kind in type(layer).__mro__:
            if kind.__module__.partition(".")[0] in ("gymnasium", "builtins", "typing"):
                continue
            found |= _held(f"{kind.__qualname__}.", vars(kind).items())
            module = sys.modules.get(kind.__module__)
            found |= _held(f"{kind.__module__}.", vars(module).items() if module else ())
    return found


def _held(before: str, items: Iterable[tuple[str, Any]]) -> dict[str, Hashable]:
    held = {}
    for name, value in items:
        if name.startswith("__"):
            continue
        if isinstance(value, int | float | str | list | dict | set | tuple):
            held[before + name] = frozen(value)
    return held
