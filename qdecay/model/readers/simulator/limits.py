"""The time limit of an environment: of a wrapper, or its own, found by playing until it strikes.

A time limit truncates episodes after a number of steps, in whichever state they are. Anything else
that sets `truncated` belongs to the dynamics, and is an error.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from qdecay.model.readers.simulator.checking import Checks
from qdecay.model.readers.simulator.inner_state import layers

_PATIENCE = 5_000  # steps in which an environment's own limit is searched for
_SHORT = 2_000  # if it holds nothing that could count them


def wrapped_limit(env: Any) -> int | None:
    """Return the least limit of all `TimeLimit` wrappers."""
    limits = [
        layer._max_episode_steps
        for _, layer in layers(env)
        if isinstance(layer, gym.wrappers.TimeLimit)
    ]
    return min(limits, default=None)


def time_limit(checks: Checks, *, long: bool) -> int | None:
    """Return after how many steps episodes are truncated, or None if they are not.

    Raises:
        ValueError: something other than the number of steps truncates them, or the episode played
            to find out does not follow the model.
    """
    machine = checks.machine
    known = wrapped_limit(machine.env)
    patience = _PATIENCE if long else _SHORT
    cut = checks.lasts(min(known or patience, patience))
    found = [steps for steps in (cut, known) if steps is not None]
    limit = min(found, default=None)
    earliest, latest = machine.cut_after, machine.went_on_after
    if earliest is not None and (latest >= earliest or (limit is not None and limit > earliest)):
        raise ValueError(
            f"truncated is no time limit here: an episode is cut off after {earliest:,} steps, and "
            f"another goes on after {latest:,}: what ends an episode in a state is terminated"
        )
    return limit if limit is not None else earliest
