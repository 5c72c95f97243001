"""The random numbers of an agent: one stream for its environment, one for itself.

Both are SFC64 (Doty-Humphrey, PractRand; 256 bits of state, period at least 2**64), seeded by
a, b = SeedSequence(seed).spawn(2), whose hash makes the streams of different seeds independent.
The environment is reset with the seed a.generate_state(1)[0] once, then without one; a `ModelEnv`
draws from SFC64 of that number. The agent draws from SFC64(b). Every draw is `Generator.random()`.
Compiled loops start from the same states, computed by `seeding`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import whole


def streams(seed: int) -> tuple[int, np.random.SFC64]:
    """Return the seed of the environment and the bit generator of the agent."""
    world, learner = np.random.SeedSequence(whole(seed, "seed", 0)).spawn(2)
    return int(world.generate_state(1)[0]), np.random.SFC64(learner)


def further_words(seed: int) -> NDArray[np.uint64]:
    """Return the state of a third generator, for numbers drawn after the agent's run is over.

    It is SFC64(c) with the third of SeedSequence(seed).spawn(3), as compiled loops read it.
    """
    third = np.random.SeedSequence(whole(seed, "seed", 0)).spawn(3)[2]
    words: NDArray[np.uint64] = np.random.SFC64(third).state["state"]["state"]
    return words
