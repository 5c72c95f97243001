"""The diagnosis: every fault is found in an agent that has it, and a sound agent is not accused."""

from __future__ import annotations

import math

import pytest
from faulty_agents import faulty

import qdecay
from qdecay.exact.learning_curve import learning_curve
from qdecay.probing.faults import FAULTS, Place
from qdecay.probing.measure import _empty_points
from qdecay.probing.profile import DiscountProfile, Point
from qdecay.probing.question import SETTINGS, Question
from qdecay.probing.staircase import Staircase

BY_NAME = {fault.name: fault for fault in FAULTS}
ONE_SHOT = SETTINGS["one-shot"]


def answered(point: Point, threshold: float) -> Point:
    """Let a sure chooser with that indifference point answer until it is known."""
    staircase: Staircase = point.staircase
    while not staircase.done and len(staircase.far) < 30:
        x = staircase.next()
        staircase = staircase.answered(x, x < threshold)
    actions = tuple(i % 2 for i in range(len(staircase.far)))
    return Point(point.setting, point.near_delay, point.delay, staircase, actions)


def profile_of(name: str, g: float, parameters: tuple[float, ...] = ()) -> DiscountProfile:
    """Return the profile of an agent that is just as a fault predicts, with noise nowhere."""
    points = []
    for point in _empty_points(list(SETTINGS.values()), [1, 2, 4, 8], 0, 0.01):
        place = Place(point.setting, point.near_delay, point.delay)
        threshold = BY_NAME[name].predict(place, g, parameters)
        sound = place.steps * math.log(g)
        points.append(answered(point, sound if threshold is None else threshold))
    return DiscountProfile("simulated", g, tuple(points), 0, 0.01)


PARAMETERS = {
    "n-step discounted once": (3.0,),
    "rewards normalised": (0.5,),
    "frame skip": (4.0,),
    "under-training": (0.2, 40.0),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_perfect_pattern_is_named_with_its_parameters(name) -> None:
    """An agent that is exactly what a fault predicts is given that fault's name."""
    parameters = PARAMETERS.get(name, ())
    diagnosis = qdecay.diagnose(profile_of(name, 0.8, parameters))
    assert diagnosis.fault == name
    assert sum(diagnosis.probabilities.values()) == pytest.approx(1)
    if name == "n-step discounted once":  # at these delays skips of 3 and 4 look alike
        assert tuple(diagnosis.parameters.values()) == parameters


def test_what_no_fault_explains_is_none_of_these() -> None:
    """A discount of 0.93 where 0.8 was configured, in every setting: no fault of the list."""
    points = [
        answered(point, point.delay * math.log(0.93))
        for point in _empty_points(list(SETTINGS.values()), [1, 2, 4, 8], 0, 0.01)
    ]
    diagnosis = qdecay.diagnose(DiscountProfile("simulated", 0.8, tuple(points), 0, 0.01))
    assert diagnosis.fault == "none of these"
    assert "no fault of the list explains" in diagnosis.text


def test_settings_that_cannot_tell_two_faults_apart_leave_it_open() -> None:
    """In one-shot choices alone clipping and cut episodes show nothing: it may still be either."""
    whole = profile_of("sound", 0.8)
    points = tuple(point for point in whole.points if point.setting == ONE_SHOT)
    diagnosis = qdecay.diagnose(DiscountProfile("simulated", 0.8, points, 0, 0.01))
    assert diagnosis.fault is None
    assert {"sound", "truncation ends", "rewards clipped"} <= {
        name for name, p in diagnosis.probabilities.items() if p > 0.2
    }
    assert "cannot be told" in diagnosis.text


@pytest.mark.parametrize("told", [None, 0.0, 1.0])
def test_a_diagnosis_needs_what_was_told(told) -> None:
    """Without a nominal discount strictly between 0 and 1 nothing can be said to be wrong."""
    profile = profile_of("sound", 0.8)
    with pytest.raises(ValueError, match="needs the agent's configured gamma"):
        qdecay.diagnose(DiscountProfile("simulated", told, profile.points, 0, 0.01))


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
