"""What tests of the probe share."""

from __future__ import annotations

import math

import numpy as np

from qdecay.probing.question import stimulus_range
from qdecay.probing.staircase import Staircase


def asked(threshold: float, width: float, steps: int, seed: int = 0, most: int = 30) -> Staircase:
    """Simulate a chooser with a known indifference point and width."""
    rng = np.random.default_rng(seed)
    staircase = Staircase(steps, *stimulus_range(steps), tolerance=0.01)
    while not staircase.done and len(staircase.far) < most:
        x = staircase.next()
        z = math.inf if width == 0 else 1 / width
        chance = 1 / (1 + math.exp(min((x - threshold) * z, 700))) if width else x < threshold
        staircase = staircase.answered(x, bool(rng.random() < chance))
    return staircase
