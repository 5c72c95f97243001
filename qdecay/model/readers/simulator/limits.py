"""The time limit of an environment: of a wrapper, or its own, found by playing until it shows.

A time limit cuts episodes off after a number of steps, wherever they are. Anything else that sets
`truncated` belongs to the dynamics, and is refused.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from qdecay.model.readers.simulator.checking import Checks
from qdecay.model.readers.simulator.inner_state import layers

_PATIENCE = 5_000  # steps until which an environment's own limit is looked for


def wrapped_limit(env: Any) -> int | None:
    """Return the least limit of all `TimeLimit` wrappers."""
    limits = [
        layer._max_episode_steps
        for _, layer in layers(env)
        if isinstance(layer, gym.wrappers.TimeLimit)
    ]
    return min(limits, default=None)


def time_limit(checks: Checks, seed: int) -> int | None:
    """Return after how many steps episodes are cut off, or None if they are not.

    Raises:
        ValueError: it is not the number of steps that cuts them off.
    """
    machine = checks.machine
    known = wrapped_limit(machine.env)
    cut = _played(checks, seed, min(known or _PATIENCE, _PATIENCE))
    found = [steps for steps in (cut, known) if steps is not None]
    limit = min(found, default=None)
    earliest, latest = machine.cut_after, machine.went_on_after
    if earliest is not None and (latest >= earliest or (limit is not None and limit > earliest)):
        raise ValueError(
            f"truncated is no time limit here: an episode is cut off after {earliest:,} steps, and "
            f"another goes on after {latest:,}: what ends an episode in a state is terminated"
        )
    return limit if limit is not None else earliest


def _played(checks: Checks, seed: int, most: int) -> int | None:
    """Play an episode that does not end by itself until it is cut off."""
    rng, graph, machine = np.random.default_rng(seed), checks.graph, checks.machine
    endless = graph.endless()
    first = next((own for own, state in graph.begins.items() if state in endless), None)
    if first is None:
        return None
    machine.begin(first)
    state = graph.begins[first]
    for steps in range(1, most + 1):
        ways = [
            (action, to)
            for action, (to, seen) in graph.goes[state].items()
            if not seen.terminated and to in endless
        ]
        action, to = ways[rng.integers(len(ways))]
        checks.prepare(state, action)
        state = to
        terminated, truncated, _ = machine.advance(action)
        if truncated:
            return steps
        if terminated:
            return None  # `walk` finds out why
    return None
