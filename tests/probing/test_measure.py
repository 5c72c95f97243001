"""The probe's numbers: what it wants to know and may spend, and how many trainings it foretells."""

from __future__ import annotations

import math

import pytest

from qdecay.probing import expected_trainings, probe
from qdecay.probing.point import shown
from qdecay.probing.question import SETTINGS, Question, stimulus_range

ONE = ["one-shot"]


@pytest.mark.parametrize(
    ("gamma", "tolerance", "wanted"),
    [
        (0.951, None, -math.log(0.951) / 10),  # a tenth of |log gamma|
        (0.9999, None, 0.0005),  # but no finer
        (0.5, None, 0.01),  # and no coarser
        (0.0, None, 0.01),
        (1.0, None, 0.0005),
        (None, None, 0.01),
        (0.951, 0.1, 0.1),  # unless something else is wanted
        (0.5, 0.0001, 0.0001),
        (None, 0.25, 0.25),
    ],
)
def test_the_trainings_foretold_are_those_of_the_stated_fit(
    gamma: float | None, tolerance: float | None, wanted: float
) -> None:
    """13.4 + 1.54 log2(1 / tolerance) - 0.25 log2(n - m) for each point; the middle two repeat."""

    def of(*steps: int) -> int:
        return round(sum(13.4 + 1.54 * math.log2(1 / wanted) - 0.25 * math.log2(n) for n in steps))

    assert expected_trainings([4], 0, gamma, ONE, tolerance) == of(4)
    assert expected_trainings([4], 3, gamma, ONE, tolerance) == of(1)
    assert expected_trainings([32, 2, 8, 128], 0, gamma, ONE, tolerance) == of(2, 8, 32, 128)
    two = ["one-shot", "large"]
    assert expected_trainings([2, 8, 32, 128], 0, gamma, two, tolerance) == of(2, 8, 32, 128, 8, 32)
    assert expected_trainings([2, 8, 32], 0, gamma, two, tolerance) == of(2, 8, 32, 8, 32)


def chooser(gamma: float):
    """An agent that knows the two streams and a discount, and what it was asked."""
    asked: list[str] = []

    def train(env, seed):
        asked.append(seed)
        values = [
            sum(gamma**k * float(r) for k, r in enumerate(stream))
            for _, stream in env.unwrapped.layout.branches
        ]
        return lambda observation: int(values[1] > values[0])

    return train, asked


def run(train, **changed):
    return probe(train, [1, 4], **{"gamma": 0.9, "settings": ONE, "tolerance": 0.01, **changed})


@pytest.mark.parametrize("trainings", [1, 2, 5])
def test_no_more_is_spent_than_the_budget(trainings: int) -> None:
    """And what there is is shared: no delay is asked twice more than another."""
    train, asked = chooser(0.9)
    profile = run(train, trainings=trainings)
    counts = [len(point.actions) for point in profile.points]
    assert len(asked) == sum(counts) == trainings
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.001])
def test_each_point_is_known_to_the_tolerance(tolerance: float) -> None:
    """The interval of log D / n holds log gamma and is at most twice as wide as the tolerance."""
    train, _ = chooser(0.9)
    for point in run(train, tolerance=tolerance).points:
        known, steps = point.staircase.posterior, point.delay
        assert known.low <= steps * math.log(0.9) <= known.high
        assert known.high - known.low <= 2 * tolerance * steps


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trainings": 0}, "trainings must be >= 1, got 0"),
        ({"max_seconds": 0}, "max_seconds must be > 0, got 0"),
        ({"max_seconds": -1.5}, "max_seconds must be > 0, got -1.5"),
        ({"max_seconds": math.nan}, "max_seconds must be > 0, got nan"),
        ({"workers": 0}, "workers must be >= 1, got 0"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        ({"near_delay": -1}, "near_delay must be from 0 to 9,999, got -1"),
        ({"tolerance": 0.51}, "tolerance must be in"),
        ({"tolerance": 1e-7}, "tolerance must be in"),
        ({"gamma": 1.01}, "gamma must be in"),
    ],
)
def test_what_is_out_of_range_is_named_before_anything_is_asked(changed, message: str) -> None:
    train, asked = chooser(0.9)
    with pytest.raises(ValueError, match=message):
        run(train, **changed)
    assert not asked


def test_the_far_reward_is_one_and_ten_where_rewards_are_large() -> None:
    """Both rewards of "large" are ten times those of "one-shot", the near one included."""
    for name, far in (("one-shot", 1), ("repeating", 1), ("time limit", 1), ("large", 10)):
        streams = dict(Question(SETTINGS[name], 1, 3, math.log(0.25), 0, 0).layout.branches)
        assert max(streams["far"]) == streams["far"][3] == far
        assert float(max(streams["near"])) == pytest.approx(far / 4)


def test_near_rewards_are_asked_about_where_discounts_may_be() -> None:
    """From a discount of 0.05 a step and a scale of 1/100 up to e^7; floats end at e^-60."""
    low, high = stimulus_range(1)
    assert math.exp(low) == pytest.approx(0.05 / 100)
    assert math.exp(stimulus_range(3)[0]) == pytest.approx(0.05**3 / 100)
    assert stimulus_range(10_000) == (-60, 7) == (-60, high)


def test_an_agent_behaves_as_told_or_not() -> None:
    """One that discounts by 0.9: configured so, or within the tolerance; otherwise; unknown."""
    train, _ = chooser(0.9)
    for told, expected in ((0.9, True), (0.8, False), (0.99, False), (None, None)):
        assert run(train, gamma=told).behaves_as_told is expected
    always, _ = chooser(0.0)
    assert run(always, gamma=0.5).behaves_as_told is False


def test_a_document_has_the_intervals_that_were_found_and_null_for_none() -> None:
    """The same numbers as the profile; an agent that only takes the near reward has none."""
    train, _ = chooser(0.9)
    profile = run(train)
    document = profile.to_json()
    assert document["gamma"] == dict(zip(("low", "value", "high"), profile.gamma, strict=True))
    for point, written in zip(profile.points, document["points"], strict=True):
        assert written["gamma"] == dict(zip(("low", "value", "high"), point.gamma, strict=True))
        assert len(written["ratios"]) == len(written["far"]) == len(point.actions)
    nothing, _ = chooser(0.0)
    document = run(nothing).to_json()
    assert document["gamma"]["low"] == 0 and document["gamma"]["high"] < 0.01
    assert [point["gamma"] for point in document["points"]] == [None, None]
    assert [point["side"] for point in document["points"]] == ["near", "near"]


def test_a_number_is_shown_to_two_digits_of_its_intervals_width() -> None:
    """And to three decimals at least."""
    assert shown((0.50000, 0.50061, 0.50123)) == "0.5006 [0.5000, 0.5012]"
    assert shown((0.1, 0.5, 0.9)) == "0.500 [0.100, 0.900]"
    assert shown((0.5, 0.5, 0.5)) == "0.5"
