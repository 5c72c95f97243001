"""What agents earn at each gamma: lost to the gamma, lost to training."""

from __future__ import annotations

from fractions import Fraction

import pytest
from models import TAXI

import qdecay
from qdecay.pricing.learned import middle


def test_agents_that_learned_all_lose_nothing_to_training() -> None:
    """Nothing is random in the chain: every agent does what its gamma makes optimal."""
    price = qdecay.price("qdecay/StayOrMove-v0")
    learned = qdecay.learned_price(price, ["0.9"], seeds=3, steps=5_000)
    assert [(float(row.gamma), row.median.exact) for row in learned.gammas] == [
        (0.2, 1),
        (0.8, 4),
        (0.9, 4),
    ]
    assert [row.lost_to_gamma for row in learned.gammas] == [3, 0, 0]
    assert [row.lost_to_training for row in learned.gammas] == [0, 0, 0]
    assert learned.seeds == (0, 1, 2)


def test_agents_with_hardly_any_steps_lose_to_training() -> None:
    """After two steps no agent has seen the 4 of the third step: none earns it at gamma = 0.9."""
    price = qdecay.price("qdecay/StayOrMove-v0")
    (row,) = (
        row
        for row in qdecay.learned_price(price, ["0.9"], seeds=5, steps=2).gammas
        if row.gamma == Fraction(9, 10)
    )
    assert row.lost_to_gamma == 0
    assert row.lost_to_training == row.allowed.worst.value - row.median.value > 0
    assert [agent.value for agent in row.agents] == sorted(agent.value for agent in row.agents)


def test_an_agents_worth_is_that_of_its_greedy_policy() -> None:
    """The same training, judged policy by policy: a second route to the same numbers."""
    price = qdecay.price("FrozenLake-v1")
    learned = qdecay.learned_price(price, seeds=2, seed=7, steps=20_000)
    again = qdecay.q_learning_many(
        "FrozenLake-v1",
        [float(row.gamma) for row in learned.gammas],
        [7, 8],
        steps=20_000,
        step_size=qdecay.Harmonic(100),
        start=[1 / 16] * 16,
        max_episode_steps=100,
    )
    for row, policies in zip(learned.gammas, again.policy, strict=True):
        earned = sorted(price.worth(policy).value for policy in policies)
        assert [agent.value for agent in row.agents] == earned


def test_states_without_actions_are_no_place_to_begin() -> None:
    """State 1 rests for ever: agents learn that 5 now is better than walking there for 1."""
    rows = [(0, 0, 0, 1, 5, True), (0, 1, 1, 1, 1, False)]
    mdp = qdecay.MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    (row,) = qdecay.learned_price(qdecay.price(mdp), seeds=2, steps=500).gammas
    assert [agent.exact for agent in row.agents] == [5, 5]


@pytest.mark.parametrize("source", ["FrozenLake8x8-v1", "qdecay/LongDelay-v0", TAXI])
def test_the_middle_of_a_region_lies_in_it(source: str) -> None:
    """Also of regions that are narrow: 8x8 has one of 0.0004."""
    for region in qdecay.price(source).regions:
        assert region.lower < middle(region) < region.upper


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"seeds": 0}, ValueError, "seeds must be >= 1"),
        ({"seed": -1}, ValueError, "seed must be >= 0"),
        ({"steps": 0}, ValueError, "steps must be >= 1"),
        ({"gammas": "0.9"}, TypeError, "gammas must be a list"),
        ({"gammas": [0.9]}, TypeError, "gammas must be exact"),
        ({"gammas": ["3/2"]}, ValueError, "gammas must be in"),
    ],
)
def test_bad_arguments_are_refused(
    options: dict[str, object], kind: type[Exception], message: str
) -> None:
    """Before any training."""
    price = qdecay.price("qdecay/StayOrMove-v0")
    with pytest.raises(kind, match=message):
        qdecay.learned_price(price, **options)  # type: ignore[arg-type]


def test_a_price_is_needed() -> None:
    """A model is none."""
    with pytest.raises(TypeError, match="price must be a Price"):
        qdecay.learned_price("FrozenLake-v1")  # type: ignore[arg-type]
