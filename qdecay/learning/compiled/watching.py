"""Watch a run: since which step has the greedy choice in one state been right?"""

from __future__ import annotations

from functools import cache
from typing import Any

from qdecay._support.compiled import compiled
from qdecay.learning.compiled.one_step import GOING_ON, STATUS, STEPS

NEVER = -1


@compiled
def is_right(q: Any, state: int, right: Any) -> bool:
    """Return whether all greedy actions of a state are among the flagged ones, shape (A,).

    A learner acts on the last table of q.
    """
    table, row = len(q) - 1, state * len(right)
    best = q[table, row]
    for action in range(1, len(right)):
        best = max(best, q[table, row + action])
    for action in range(len(right)):
        if q[table, row + action] == best and not right[action]:
            return False
    return True


@cache
def watching(learn: Any) -> Any:
    """Return the loop that continues a run by the compiled loop `learn`, one step at a time."""

    @compiled
    def watch(
        dynamics: Any,
        settings: Any,
        memory: Any,
        state: int,
        right: Any,
        since: Any,
        returns: Any,
        lengths: Any,
        last: int,
    ) -> None:
        """Go on to step `last`; since[0] is the step after which `state` became right for good."""
        place, q = memory.place, memory.q
        while place[STEPS] < last and place[STATUS] == GOING_ON:
            learn(dynamics, settings, memory, returns, lengths, place[STEPS] + 1)
            if not is_right(q, state, right):
                since[0] = NEVER
            elif since[0] == NEVER:
                since[0] = place[STEPS]

    return watch
