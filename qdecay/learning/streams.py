"""The random numbers of an agent: one stream for its world, one for itself.

Both are SFC64 (Doty-Humphrey, PractRand; 256 bits of state, period at least 2**64), seeded by
a, b = SeedSequence(seed).spawn(2), whose hash makes the streams of different seeds independent.
The world is reset with the seed a.generate_state(1)[0] once, then without one; a `ModelEnv` draws
from SFC64 of that number. The agent draws from SFC64(b). Every draw is `Generator.random()`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdecay.learning.arguments import require_at_least


def streams(seed: int) -> tuple[int, np.random.SFC64]:
    """Return the seed of the environment and the bit generator of the agent."""
    require_at_least(0, seed, "seed")
    world, learner = np.random.SeedSequence(seed).spawn(2)
    return int(world.generate_state(1)[0]), np.random.SFC64(learner)


def words(generator: np.random.SFC64) -> NDArray[np.uint64]:
    """Return the generator's state, shape (4,), as `primitives.uniform` reads it."""
    state: NDArray[np.uint64] = np.array(generator.state["state"]["state"], dtype=np.uint64)
    return state


def agent_words(seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the states of the agent's and of its world's generator."""
    world_seed, learner = streams(seed)
    return words(learner), words(np.random.SFC64(world_seed))
