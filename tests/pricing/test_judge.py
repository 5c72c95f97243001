"""Judges: what names them, and which one is the default."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import gymnasium as gym
import pytest

import qdecay
from qdecay import Judge


@pytest.mark.parametrize(
    ("given", "judge", "document"),
    [
        ("total", Judge("total"), {"kind": "total"}),
        ("average", Judge("average"), {"kind": "average"}),
        ("steps:200", Judge("steps", steps=200), {"kind": "steps", "steps": 200}),
        ("0.99", Judge("discounted", Fraction(99, 100)), {"kind": "discounted", "gamma": "99/100"}),
        (0, Judge("discounted", Fraction(0)), {"kind": "discounted", "gamma": "0"}),
    ],
)
def test_a_text_or_a_number_names_a_judge(given: Any, judge: Judge, document: Any) -> None:
    """The document is that of the design, and the text of a judge names it again."""
    assert Judge.of(given) == judge == Judge.of(str(judge)) == Judge.of(judge)
    assert judge.to_json() == document


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ("steps:0", ValueError, "judge steps:T takes a whole number T from 1 to 1,000,000, got"),
        ("steps:1000001", ValueError, "judge steps:T takes a whole number T from 1 to 1,000,000"),
        ("steps:" + "9" * 5000, ValueError, "judge steps:T takes a whole number T from 1 to"),
        (
            "steps:-3",
            ValueError,
            "judge steps:T takes a whole number T from 1 to 1,000,000, got 'steps:-3'",
        ),
        (
            "steps:",
            ValueError,
            "judge steps:T takes a whole number T from 1 to 1,000,000, got 'steps:'",
        ),
        ("sum", ValueError, "judge must be total, average, steps:T or a discount factor in "),
        ("1", ValueError, "judge must be total, average, steps:T or a discount factor in "),
        (0.99, TypeError, "judge must be exact, got the float 0.99"),
        (True, TypeError, "judge must be"),
        ([], TypeError, "judge must be"),
    ],
)
def test_what_names_no_judge_is_refused(wrong: Any, kind: type[Exception], message: str) -> None:
    """One line says which judges there are."""
    with pytest.raises(kind) as caught:
        Judge.of(wrong)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "bogus"}, "kind must be one of total, average, discounted, steps, got 'bogus'"),
        ({"kind": "steps"}, "judge steps needs steps"),
        ({"kind": "total", "steps": 3}, "judge total has no steps"),
        ({"kind": "discounted"}, "judge discounted needs gamma"),
        ({"kind": "discounted", "gamma": Fraction(1)}, "gamma must be in [0, 1), got 1"),
        ({"kind": "discounted", "gamma": 0.9}, "gamma must be a Fraction, got 0.9"),
        ({"kind": "steps", "steps": 0}, "steps must be from 1 to 1,000,000, got 0"),
        ({"kind": "steps", "steps": 2.5}, "steps must be an integer, got 2.5"),
    ],
)
def test_a_judge_made_by_hand_is_checked(wrong: dict[str, Any], message: str) -> None:
    """It would otherwise judge by nothing."""
    with pytest.raises((TypeError, ValueError)) as caught:
        Judge(**wrong)
    assert str(caught.value).startswith(message)


def test_the_default_judge_is_what_people_care_about() -> None:
    """The time limit if there is one, the total if that is finite, else the average."""
    assert str(qdecay.price("FrozenLake-v1").judge) == "steps:100"
    assert str(qdecay.price("CliffWalking-v1").judge) == "total"
    assert str(qdecay.price("qdecay/NChain-v0").judge) == "average"


def test_a_time_limit_of_ones_own_is_the_judge() -> None:
    """As made, not as registered; without one it is the total."""
    short = gym.make("FrozenLake-v1", max_episode_steps=7)
    assert str(qdecay.price(short).judge) == "steps:7"
    assert str(qdecay.price(gym.make("FrozenLake-v1", max_episode_steps=-1)).judge) == "total"
