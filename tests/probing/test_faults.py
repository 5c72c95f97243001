"""The diagnosis: every fault is found in an agent that has it, and a sound agent is not accused."""

from __future__ import annotations

import math

import pytest
from faulty_agents import faulty

import qdecay
from qdecay.exact.learning_curve import learning_curve
from qdecay.probing.faults import FAULTS, Place
from qdecay.probing.question import SETTINGS, Question

BY_NAME = {fault.name: fault for fault in FAULTS}
ONE_SHOT = SETTINGS["one-shot"]


def test_under_training_is_predicted_as_the_exact_learning_curve_does() -> None:
    """The exact module's share of a reward that has arrived gives the same indifference point."""
    question = Question(ONE_SHOT, 0, 4, math.log(0.25), 1, 0)
    curve = learning_curve(question.layout, "1/5", walks=30)
    near, far = (curve.arrived[1 - question.far_action][0], curve.arrived[question.far_action][4])
    place = Place(ONE_SHOT, 0, 4)
    predicted = BY_NAME["under-training"].predict(place, 0.8, (0.2, 30.0))
    assert predicted == pytest.approx(math.log(0.8**4 * far / near), rel=1e-9)


def fixed_point(streams, g: float, shift: float) -> float:
    """The value of a stream of rewards, each less `shift`."""
    return sum(g**k * (r - shift) for k, r in enumerate(streams))


@pytest.mark.parametrize("q", [0.2, 0.5, 0.9])
def test_normalised_rewards_are_level_where_predicted(q: float) -> None:
    """At the predicted ratio both streams, less the mean reward of the mix, are worth the same."""
    g, m, n = 0.8, 1, 3
    ratio = math.exp(BY_NAME["rewards normalised"].predict(Place(ONE_SHOT, m, n), g, (q,)))
    near, far = [0, ratio, 0], [0, 0, 0, 1]
    mean = (q * ratio + (1 - q)) / (q * len(near) + (1 - q) * len(far))
    assert fixed_point(near, g, mean) == pytest.approx(fixed_point(far, g, mean), abs=1e-12)


def test_every_fault_has_an_agent() -> None:
    """And every agent a fault; the slow test below trains them."""
    assert set(faulty(0.9)) == set(BY_NAME)


@pytest.mark.slow
@pytest.mark.parametrize("name", BY_NAME)
def test_every_faulty_agent_is_told_from_every_other(name: str) -> None:
    """Trained agents, default budget: the fault they have is the fault that is named."""
    profile = qdecay.probe(faulty(0.9)[name], gamma=0.9, seed=7)
    assert qdecay.diagnose(profile).fault == name


def test_a_trained_agent_that_ends_where_it_is_cut_off_is_found() -> None:
    """The same in short: fewer delays, one fault."""
    agent = faulty(0.8)["truncation ends"]
    profile = qdecay.probe(agent, (1, 2, 4), gamma=0.8)
    diagnosis = qdecay.diagnose(profile)
    assert diagnosis.fault == "truncation ends"
    assert "bootstrap where truncated" in diagnosis.text
    assert diagnosis.to_json()["fault"] == "truncation ends"
