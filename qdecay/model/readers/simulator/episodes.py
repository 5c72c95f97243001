"""Short episodes of random actions, each played twice, and again in used environments.

All must go the same way: `reset` starts afresh, whatever came before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from math import isclose
from time import sleep
from typing import Any, NamedTuple

import numpy as np

from qdecay.model.readers.simulator.inner_state import frozen
from qdecay.model.readers.simulator.machine import Machine

_EPISODES, _LONGEST = 8, 25  # and the steps of each
_LATER = 12  # episodes of one environment
_NAMED = 3  # fields that a message names
_PAUSE = 0.02  # seconds: enough to change a time of day that is compared to 12 digits
_OUTSIDE = "something outside of the environment, such as an attribute of its class, is not reset"


class Step(NamedTuple):
    """A step of an episode; the first is its start.

    Attributes:
        number: how many steps the episode has had with it.
        before, after: the fields before and after it.
        action: frozen.
        paid: what the environment paid.
        seen: the observation, frozen, and whether it ended.
    """

    number: int
    before: Mapping[str, Hashable]
    after: Mapping[str, Hashable]
    action: Hashable
    paid: Any
    seen: tuple[Hashable, bool]


class Episode(NamedTuple):
    """The steps of an episode.

    Attributes:
        once, again: in two unused copies.
        used: in the second of these, after a reset.
    """

    once: list[Step]
    again: list[Step]
    used: list[Step]


def played(machine: Machine, seed: int) -> list[Episode]:
    """Play episodes from the start of a seed, each with its own actions and random numbers."""
    once = [list(_episode(machine, seed, number, used=False)) for number in range(_EPISODES)]
    sleep(_PAUSE)  # whatever depends on the time of day differs from then on
    episodes = []
    for number, first in enumerate(once):
        again, used = (list(_episode(machine, seed, number, used=used)) for used in (False, True))
        episodes.append(Episode(first, again, used))
    return episodes


def played_later(machine: Machine, seed: int) -> list[list[Step]]:
    """Play the same episodes in one copy, one after the other, and some of them again."""
    return [
        list(_episode(machine, seed, number % _EPISODES, used=number > 0))
        for number in range(_LATER)
    ]


def compare(episodes: list[Episode], later: list[list[Step]], seed: int) -> None:
    """Check that each goes the same way every time.

    Raises:
        ValueError: one does not, although it begins the same way.
    """
    pairs = [(once, again) for once, *others in episodes for again in others]
    pairs += [(episodes[number % _EPISODES].once, again) for number, again in enumerate(later)]
    for once, again in pairs:
        if once[0].seen == again[0].seen:
            _compare(once, again, seed)


def _episode(machine: Machine, seed: int, number: int, *, used: bool) -> Iterator[Step]:
    rng = np.random.default_rng([seed, number])
    seen = machine.begin(seed, used=used)
    machine.reseed(number)
    before = machine.fields()
    yield Step(0, {}, before, None, 0, (seen.observation, False))
    for taken in range(1, _LONGEST + 1):
        if seen.terminated or not seen.available:
            return
        action = int(rng.choice(seen.available))
        seen = machine.step(action)
        after = machine.fields()
        chosen = frozen(machine.actions.element(action))
        ending = (seen.observation, seen.terminated)
        yield Step(taken, before, after, chosen, machine.paid, ending)
        before = after


def _compare(once: list[Step], again: list[Step], seed: int) -> None:
    for number, (one, two) in enumerate(zip(once, again, strict=False)):
        if not isclose(one.paid, two.paid, rel_tol=1e-9, abs_tol=1e-9):
            what = f"pays {one.paid:g} and then {two.paid:g}"
        elif one.seen != two.seen:
            what = "shows something else, or ends"
        else:
            continue
        start, later = once[0].after, again[0].after
        kept = [name for name in start if start[name] != later.get(name)]
        why = f"reset leaves {', '.join(kept[:_NAMED])} as it was" if kept else _OUTSIDE
        raise ValueError(
            f"the same actions from reset(seed={seed}) again: a later time step {number} {what}: "
            f"{why}"
        )
