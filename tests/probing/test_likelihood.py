"""The likelihood of a probe's answers: two kinds of noise, and what they keep apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import qdecay
from qdecay.probing.likelihood import KINDS, Likelihood
from qdecay.probing.point import Point
from qdecay.probing.question import SETTINGS, stimulus_range
from qdecay.probing.staircase import LAPSE, Staircase


def test_noise_in_the_values_by_brute_force() -> None:
    """The product of P(x), averaged over the place's own level, by hand and as tabulated."""
    staircase = Staircase(2, *stimulus_range(2), 0.01)
    answers = ((-1.0, True), (-0.2, False), (-0.5, True), (0.4, False), (-3.0, False))
    for x, far in answers:
        staircase = staircase.answered(x, far)
    point = Point(SETTINGS["one-shot"], 0, 2, staircase, (0, 1, 0, 1, 0))
    t = float(staircase.cells[1][12])  # a node of the table: nothing is interpolated
    noises = np.geomspace(1e-6, 1.0, 16).tolist()
    for number in (3, 8, 14):
        common, total, shares = noises[number], 0.0, 0.0
        for noise in noises:
            product = 1.0
            for x, far in answers:
                z = (math.exp(x) - math.exp(t)) / noise
                chance = LAPSE / 2 + (1 - LAPSE) / (1 + math.exp(min(max(z, -700), 700)))
                product *= chance if far else 1 - chance
            # The prior of a common level given the place's, as the other way round, is normal.
            share = math.exp(-(math.log(noise / common) ** 2) / 2 / 0.7**2)
            total, shares = total + share * product, shares + share
        levels = sorted(KINDS[1])
        found = Likelihood.of([point])(np.array([[t]]), levels[number])[0]
        assert found == pytest.approx(math.log(total / shares), abs=1e-9)


def learner(gamma: float, noise: float) -> Callable[[Any, int], Callable[[Any], int]]:
    """Return a trainer whose values are off by normal noise of that deviation, in units of R."""

    def train(env: Any, seed: int) -> Callable[[Any], int]:
        rng = np.random.default_rng(seed)
        streams = [stream for _, stream in env.unwrapped.layout.branches]
        unit = max(float(max(stream)) for stream in streams)
        values = [
            sum(gamma**k * float(reward) for k, reward in enumerate(stream) if reward)
            + rng.normal(0, noise * unit)
            for stream in streams
        ]
        action = int(values[1] > values[0])
        return lambda observation: action

    return train


@pytest.mark.parametrize("seed", range(3))
def test_a_learner_is_not_accused_of_what_lies_below_its_noise(seed: int) -> None:
    """After 16 steps R is worth a hundredth of the noise: every small r is chosen by chance.

    No width of a chooser fits that; the four steps tell gamma all the same.
    """
    agent = learner(0.5, 0.002)
    found = qdecay.probe(agent, (4, 16), gamma=0.5, settings=["one-shot", "large"], seed=seed)
    assert found.behaves_as_told is not False
    low, _, high = found.gamma
    assert low <= 0.5 <= high < 0.55
