"""The fields of an environment that follow from how a state was reached, not from what it is.

Short episodes of random actions find them, each played twice: *clocks* change by the same number in
every step, *totals* by the reward; *logs* grow by the same length; *echoes* are the last action;
what differs between two equal episodes comes from *outside*, such as the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from math import isclose
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from qdecay.model.readers.simulator.inner_state import frozen
from qdecay.model.readers.simulator.machine import Machine

_EPISODES, _LONGEST = 8, 25  # and the steps of each
_LEAST = 3  # steps from which a change is regular


class _Step(NamedTuple):
    before: Mapping[str, Hashable]
    after: Mapping[str, Hashable]
    action: Hashable
    reward: Any


def left_out(machine: Machine, seed: int) -> dict[str, frozenset[str]]:
    """Return the fields that follow from how a state was reached; see the module."""
    steps: list[_Step] = []
    outside: set[str] = set()
    for number in range(_EPISODES):
        once, again = (list(_episode(machine, seed, number)) for _ in range(2))
        steps += once
        for one, two in zip(once, again, strict=False):
            outside |= {name for name in one.after if one.after[name] != two.after.get(name)}
    found = {"outside": frozenset(outside)}
    names = set.intersection(*(set(step.after) for step in steps)) if steps else set()
    for kind, is_kind in _KINDS.items():
        found[kind] = frozenset(
            name
            for name in names - outside
            if all(name in step.before for step in steps) and is_kind(steps, name)
        )
    return {kind: names for kind, names in found.items() if names}


def _episode(machine: Machine, seed: int, number: int) -> Iterator[_Step]:
    """Yield the steps of an episode of random actions, the same for the same number."""
    rng = np.random.default_rng([seed, number])
    seen = machine.begin(seed)
    before = machine.fields()
    for _ in range(_LONGEST):
        if seen.terminated or not seen.available:
            return
        action = int(rng.choice(seen.available))
        seen = machine.step(action)
        after = machine.fields()
        yield _Step(before, after, frozen(machine.actions.element(action)), machine.paid)
        before = after


def _changes(steps: list[_Step], name: str) -> list[Any] | None:
    """By how much a number changed in each step; None if it is no number."""
    pairs = [(step.before[name], step.after[name]) for step in steps]
    if any(isinstance(x, bool) or not isinstance(x, Real) for pair in pairs for x in pair):
        return None
    return [after - before for before, after in pairs]  # type: ignore[operator]


def _is_clock(steps: list[_Step], name: str) -> bool:
    changes = _changes(steps, name)
    return changes is not None and len(steps) >= _LEAST and changes[0] and len(set(changes)) == 1


def _is_total(steps: list[_Step], name: str) -> bool:
    changes = _changes(steps, name)
    rewards = [step.reward for step in steps]
    if changes is None or not any(changes):
        return False
    return all(
        isclose(c, float(r), rel_tol=1e-9, abs_tol=1e-9)
        for c, r in zip(changes, rewards, strict=True)
    )


def _is_log(steps: list[_Step], name: str) -> bool:
    grown = set()
    for step in steps:
        before, after = step.before[name], step.after[name]
        if not (isinstance(before, tuple) and isinstance(after, tuple)):
            return False
        if after[: len(before)] != before:
            return False
        grown.add(len(after) - len(before))
    return len(steps) >= _LEAST and len(grown) == 1 and grown != {0}


def _is_echo(steps: list[_Step], name: str) -> bool:
    actions = [step.action for step in steps]
    return len(set(actions)) > 1 and all(step.after[name] == step.action for step in steps)


_KINDS: dict[str, Callable[[list[_Step], str], bool]] = {
    "clock": _is_clock,
    "total": _is_total,
    "log": _is_log,
    "echo": _is_echo,
}
