"""The blind agents do what `BLIND` says of them: found from their choices, without the probe."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count, islice

import pytest
from blind_agents import BLIND, BlindAgent

from qdecay.probing.agents import choose
from qdecay.probing.question import SETTINGS, Question

GAMMA = 0.9
QUICK = [agent for agent in BLIND.values() if not agent.deep]
DEEP = [agent for agent in BLIND.values() if agent.deep]
WITHOUT_OFFER = {"a coin", "a coin at each look", "always action 0", "always action 1",
                 "never updated"}  # fmt: skip
SLOW_DELAYS = [pytest.param(*delays, marks=pytest.mark.slow) for delays in [(0, 1), (1, 4), (0, 8)]]
SOUND = [
    pytest.param(
        agent,
        setting,
        id=f"{agent.name}, {setting}",
        marks=() if setting == "time limit" else pytest.mark.slow,
    )
    for agent in QUICK
    for setting in agent.sound_in
    if setting != "one-shot"
]


def named(agent: BlindAgent) -> str:
    return agent.name


def answers(agent: BlindAgent, setting: str, m: int, n: int, x: float) -> Iterator[bool]:
    """Whether one training after the other takes the far reward, at x = log(r / R)."""
    train = agent.make(GAMMA)
    for number in count():
        yield choose(train, Question(SETTINGS[setting], m, n, x, number, 0))


def takes_far(agent: BlindAgent, setting: str, m: int, n: int, x: float) -> bool:
    """Whether most of three trainings take the far reward; two that agree decide."""
    found = answers(agent, setting, m, n, x)
    first, second = next(found), next(found)
    return first if first == second else next(found)


def far_of(agent: BlindAgent, m: int, n: int, x: float, asked: int) -> int:
    """Return how many of some trainings take the far reward in one-shot."""
    return sum(islice(answers(agent, "one-shot", m, n, x), asked))


@pytest.mark.parametrize("agent", [a for a in QUICK if a.one_shot], ids=named)
@pytest.mark.parametrize(("m", "n"), [(0, 4), *SLOW_DELAYS])
def test_indifference_is_where_theory_puts_it(agent: BlindAgent, m: int, n: int) -> None:
    """In one-shot it takes the far reward a little below theory's ratio, the near one above."""
    if m and agent.name == "myopic":
        pytest.skip("sees no reward at all")
    assert agent.one_shot is not None
    ratio = agent.one_shot(m, n, GAMMA)
    away = agent.noise + 0.02
    if ratio:
        assert takes_far(agent, "one-shot", m, n, math.log(ratio) - away)
    above = math.log(ratio) + away if ratio else -10.0
    assert not takes_far(agent, "one-shot", m, n, above)


@pytest.mark.parametrize(("agent", "setting"), SOUND)
def test_it_is_sound_where_it_is_said_to_be(agent: BlindAgent, setting: str) -> None:
    """There, too, it is indifferent at gamma**4; a `noise` about that is allowed."""
    indifferent, away = 4 * math.log(GAMMA), max(agent.noise, 0.03) + 0.02
    assert takes_far(agent, setting, 0, 4, indifferent - away)
    assert not takes_far(agent, setting, 0, 4, indifferent + away)


@pytest.mark.parametrize("name", ["Monte Carlo control", "REINFORCE"])
def test_a_return_cut_by_truncation_makes_them_less_patient(name: str) -> None:
    """Where each step is cut with 1/10 they act as gamma * 9/10."""
    indifferent = 4 * math.log(GAMMA * 0.9)
    assert takes_far(BLIND[name], "time limit", 0, 4, indifferent - 0.3)
    assert not takes_far(BLIND[name], "time limit", 0, 4, indifferent + 0.3)


@pytest.mark.parametrize("name", ["R-learning", "standardised rewards"])
def test_what_charges_for_time_is_patient_where_both_branches_last_as_long(name: str) -> None:
    agent = BLIND[name]
    far = 1.0 if name == "R-learning" else GAMMA**8
    assert takes_far(agent, "repeating", 0, 8, math.log(far) - 0.2)
    assert agent.one_shot is not None
    assert not takes_far(agent, "one-shot", 0, 8, math.log(far) - 0.2)


@pytest.mark.parametrize("name", sorted(WITHOUT_OFFER))
def test_some_do_not_look_at_the_offer(name: str) -> None:
    """Twenty answers each at a worthless and at a precious near reward differ by chance only."""
    low, high = (far_of(BLIND[name], 0, 2, x, asked=20) for x in (-5.0, 5.0))
    assert 4 <= low <= 16
    assert 4 <= high <= 16


def test_a_lost_value_makes_learners_impatient() -> None:
    """Autoreset steps and too few episodes take the near reward far below gamma**8."""
    for name in ("learning through autoreset steps", "textbook Q-learning, 200 episodes"):
        assert far_of(BLIND[name], 0, 8, 8 * math.log(GAMMA) - 0.7, asked=8) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("agent", DEEP, ids=named)
def test_deep_agents_learn_the_choice(agent: BlindAgent) -> None:
    """In one-shot at 4 steps, at half and at twice the ratio of indifference."""
    pytest.importorskip("torch")
    pytest.importorskip("stable_baselines3")
    below, above = (4 * math.log(GAMMA) + away for away in (-0.7, 0.7))
    if agent.sound_in:
        assert takes_far(agent, "one-shot", 0, 4, below)
    assert not takes_far(agent, "one-shot", 0, 4, above if agent.sound_in else below)


def test_the_right_verdict_depends_on_the_settings() -> None:
    assert BLIND["Monte Carlo control"].right(("one-shot",)) == (True, None)
    assert BLIND["Monte Carlo control"].right(("one-shot", "time limit")) == (False, None)
    assert len(BLIND) >= 40
