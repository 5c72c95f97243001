"""What tests of the probe share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qdecay._support.deadline import Deadline
from qdecay.probing.asking import Asking
from qdecay.probing.measure import BATTERY, _planned
from qdecay.probing.profile import DiscountProfile
from qdecay.probing.question import Place, Question, stimulus_range
from qdecay.probing.staircase import Staircase


def patient(gamma: float) -> Callable[[Place], float]:
    """Return the indifference points of an agent that discounts by gamma per step."""
    return lambda place: place.steps * math.log(gamma) if gamma > 0 else -math.inf


def simulated(
    threshold: Callable[[Place], float],
    told: float | None = 0.9,
    delays: tuple[int, ...] = (1, 2, 4, 8),
    *,
    near_delay: int = 0,
    settings: tuple[str, ...] = BATTERY,
    noise: float = 0.0,
    seed: int = 0,
    budget: int | None = None,
    until: str = "measured",
) -> DiscountProfile:
    """Probe a chooser that has these indifference points, and logistic noise of that width."""
    points, wanted = _planned(delays, near_delay, told, settings, None)
    rng = np.random.default_rng(seed)

    def far(question: Question) -> bool:
        place = Place(question.setting, question.near_delay, question.delay)
        ahead = threshold(place) - question.log_ratio
        if not noise:
            return ahead > 0
        return bool(rng.random() < 1 / (1 + math.exp(min(max(-ahead / noise, -700), 700))))

    asking = Asking(points, told, wanted, until, seed, budget or 30 * len(points))
    found = asking.ask(lambda questions: [far(q) for q in questions], Deadline(None), 1)
    return DiscountProfile("simulated", told, tuple(found), 0, wanted)


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
