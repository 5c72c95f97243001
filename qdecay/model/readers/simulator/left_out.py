"""The fields of an environment that follow from how a state was reached, not from what it is.

Short episodes show them: *clocks* change by the same number in every step, or never have a value
twice, and after as many steps always the same; *totals* change by the reward; *logs* grow by the
same length; *echoes* are the last action; what differs between two equal episodes comes from
*outside*, such as the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import isclose
from numbers import Real
from typing import Any

from qdecay.model.readers.simulator.episodes import Episode, Step

_LEAST = 3  # steps after which a change counts as regular
_MANY = 8  # values of a non-numeric clock: more than weeks and most cycles have


def left_out(episodes: Iterable[Episode]) -> dict[str, frozenset[str]]:
    """Return the fields that follow from how a state was reached, by kind; see the module."""
    steps: list[Step] = []
    outside: set[str] = set()
    for once, again, _ in episodes:
        steps += once[1:]  # the first is the start
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


def _changes(steps: list[Step], name: str) -> list[Any] | None:
    """By how much a number changed in each step; None if it is not a number."""
    pairs = [(step.before[name], step.after[name]) for step in steps]
    if any(isinstance(x, bool) or not isinstance(x, Real) for pair in pairs for x in pair):
        return None
    return [after - before for before, after in pairs]  # type: ignore[operator]


def _is_clock(steps: list[Step], name: str) -> bool:
    changes = _changes(steps, name)
    if changes is None:
        return _tells_steps(steps, name)
    return len(steps) >= _LEAST and changes[0] and len(set(changes)) == 1


def _tells_steps(steps: list[Step], name: str) -> bool:
    """Whether a field, such as a text, tells how many steps there were, and nothing else."""
    values: dict[int, Hashable] = {}
    for step in steps:
        for number, value in ((step.number - 1, step.before), (step.number, step.after)):
            if values.setdefault(number, value[name]) != value[name]:
                return False
    return len(values) > _MANY and len(set(values.values())) == len(values)


def _is_total(steps: list[Step], name: str) -> bool:
    changes = _changes(steps, name)
    rewards = [step.paid for step in steps]
    if changes is None or not any(changes):
        return False
    return all(
        isclose(c, float(r), rel_tol=1e-9, abs_tol=1e-9)
        for c, r in zip(changes, rewards, strict=True)
    )


def _is_log(steps: list[Step], name: str) -> bool:
    grown = set()
    for step in steps:
        before, after = step.before[name], step.after[name]
        if not (isinstance(before, tuple) and isinstance(after, tuple)):
            return False
        if after[: len(before)] != before:
            return False
        grown.add(len(after) - len(before))
    return len(steps) >= _LEAST and len(grown) == 1 and grown != {0}


def _is_echo(steps: list[Step], name: str) -> bool:
    actions = [step.action for step in steps]
    return len(set(actions)) > 1 and all(step.after[name] == step.action for step in steps)


_KINDS: dict[str, Callable[[list[Step], str], bool]] = {
    "clock": _is_clock,
    "total": _is_total,
    "log": _is_log,
    "echo": _is_echo,
}
GROWING = {"clock", "total", "log"}
"""The kinds that vary more in long episodes than in short ones."""
