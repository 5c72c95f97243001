"""The comparison: all three ways agree, and a broken learner makes them disagree."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import qdecay
from qdecay import BudgetExceeded, Progress
from qdecay._support.deadline import Deadline
from qdecay.comparison.compare import LEARNED_TOLERANCE, PLANNED_TOLERANCE, Comparison
from qdecay.comparison.trainer import ChainTrainer
from qdecay.learning import LearningResult, q_learning
from qdecay.learning.model_env import ModelEnv
from qdecay.model.mdp import MDP
from qdecay.model.source import HOMEWORK
from qdecay_envs import ChainLayout
from qdecay_envs.chain import ChainEnv

ANSWERS = ("1/2", "1/3", "6^(-1/3)", "110^(-1/99)")


def assert_agrees(row: Comparison) -> None:
    """Every threshold is within the tolerances that the rule states."""
    assert row.reasons == ()
    assert row.verdict == "agree"
    for root, planned, learned in zip(row.exact, row.planned, row.learned, strict=True):
        assert abs(planned - float(root)) <= PLANNED_TOLERANCE
        assert abs(learned.low - float(root)) <= LEARNED_TOLERANCE
        assert abs(learned.high - float(root)) <= LEARNED_TOLERANCE
        assert learned.seeds == 10


@pytest.mark.parametrize(("env_id", "answer"), list(zip(HOMEWORK, ANSWERS, strict=True)))
def test_the_homework_agrees(env_id: str, answer: str) -> None:
    """The four problems: the known closed forms, planned to 1e-10 and learned to 1e-6."""
    row = qdecay.compare(gym.make(env_id))
    assert [root.closed_form() for root in row.exact] == [answer]
    assert row.source == env_id
    assert_agrees(row)


BY_HAND = [
    (ChainLayout.choice(a=[2], b=[0, 3]), ["2/3"]),
    (ChainLayout.choice(a=[0, 5], b=[1, 0, 6]), ["1/3", "1/2"]),
    (ChainLayout.choice(a=[1], b=[0, 2], c=[0, 0, 3]), ["1/2", "2/3"]),
    (ChainLayout.choice(a=[1], b=[0, 3], ending="repeat"), ["1/2"]),
    (ChainLayout.choice(a=[1], b=[0, 2], ending="absorb"), ["1/2"]),
    (ChainLayout.choice(a=[1], b=[0, 0, 4], ending="repeat"), ["(sqrt(13)+1)/6"]),
    # 1 + g = 41/20 g, where a value shrinks by less than 5 % with each step.
    (ChainLayout.choice(a=[1], b=[0, "41/20"], ending="repeat"), ["20/21"]),
    # Losses: an action that was never tried must not look better than all others.
    (ChainLayout.choice(a=[-1], b=[0, 0, -4]), ["1/2"]),
    (ChainLayout.choice(a=[-3, 0], b=[0, 0, -4], ending="absorb"), ["(sqrt(57)-3)/8"]),
]


@pytest.mark.parametrize(("layout", "gammas"), BY_HAND)
def test_layouts_worked_out_by_hand_agree(layout: ChainLayout, gammas: list[str]) -> None:
    """Several thresholds, three branches and every ending."""
    row = qdecay.compare(layout)
    assert [root.closed_form() for root in row.exact] == gammas
    assert_agrees(row)


def test_a_touch_is_no_threshold_and_no_tie_no_fault() -> None:
    """Level at 1/2 only, never, and always: nothing flips, and all agree on what is best."""
    for layout in (
        ChainLayout.choice(a=[1, 0, 4], b=[0, 4]),
        ChainLayout.choice(a=[2], b=[0, 1]),
        ChainLayout.choice(a=[0, 1], b=[0, 1]),
    ):
        row = qdecay.compare(layout)
        assert row.exact == ()
        assert_agrees(row)


@pytest.mark.parametrize(
    ("layout", "gammas"),
    [
        (ChainLayout.choice(stay=[1], move=[0, 0, 0, 6]), [6 ** (-1 / 3)]),
        # Taking 2 and going back, for ever: 2 / (1 - g^2) = 9 g^2 at g^2 = 1/3 and at 2/3.
        (ChainLayout.choice(near=[2, 0], far=[0, 0, 9]), [(1 / 3) ** 0.5, (2 / 3) ** 0.5]),
        (ChainLayout.choice(a=[1], b=[0, 3], ending="repeat"), [1 / 2]),
    ],
)
def test_corridors_that_lead_back_are_learnt(layout: ChainLayout, gammas: list[float]) -> None:
    """With `escape` too: visits of the start do not train such a corridor."""
    row = qdecay.compare(ChainEnv(layout, escape=True))
    assert [float(root) for root in row.exact] == pytest.approx(gammas, abs=1e-15)
    assert_agrees(row)


def test_all_is_learnt_in_the_visits_of_a_training() -> None:
    """Chernoff: with M the longest of A unit exponentials, E exp(c M) = prod 1 / (1 - c / k).

    So P[M_1 + ... + M_L > t] <= exp(-c t) E exp(c M)^L for every c in (0, 1), at most 1e-6 here.
    """
    for actions in (2, 3, 20):
        for length in (1, 2, 10, 100, 1000):
            streams = [("far", (1,) * length), *((str(i), (1,)) for i in range(actions - 1))]
            visits, step_size = ChainTrainer(ChainLayout(tuple(streams)))._deterministic_visits(0.9)
            assert step_size == 1
            chance = min(
                length * sum(-math.log1p(-c / k) for k in range(1, actions + 1)) - c * visits
                for c in (i / 1000 for i in range(1, 1000))
            )
            assert chance < math.log(1e-6)


# 2 at once or 5 after two steps, level at g^2 = 2/5, under noise as large as the rewards.
NOISY = {"layout": ChainLayout.choice(near=[2], far=[0, 0, 5]), "reward_noise": 3.0}
LEVEL = (2 / 5) ** 0.5


def start_values(learn: Callable[[int], LearningResult], agents: int = 200) -> tuple[Any, Any]:
    """Return what agents think of near and far on average, and the standard errors."""
    q = np.array([learn(seed).q[0] for seed in range(agents)])
    return q.mean(axis=0), q.std(axis=0, ddof=1) / agents**0.5


def test_noisy_values_are_not_biased() -> None:
    """Both choices are worth 2: 200 agents differ from it by chance alone, at 4 standard errors."""
    trainer = ChainTrainer(ChainEnv(**NOISY))
    mean, error = start_values(lambda seed: trainer.learn(LEVEL, seed))
    assert trainer.learner is qdecay.double_q_learning
    assert (abs(mean - 2) < 4 * error).all()
    assert (error < 0.02).all()


def test_what_would_bias_them() -> None:
    """Behaviour that follows noisy values leaves them too low; the maximum of equals is too high.

    The first is the training of 200 agents with epsilon 1/2 and a step size of 1/10, by Double
    Q-learning: near is some 1.74 on average. The second is ours with Q-learning: far some 2.12.
    """
    env = ChainEnv(**NOISY)
    mdp = MDP.from_env(env)
    visits = {(0, 0): 250, (0, 1): 500}
    mean, error = start_values(
        lambda seed: qdecay.double_q_learning(
            mdp, LEVEL, visits=visits, epsilon=0.5, step_size=0.1, seed=seed, reward_noise=3.0
        )
    )
    assert mean[0] < 2 - 4 * error[0]
    trainer = ChainTrainer(env, qdecay.q_learning)
    mean, error = start_values(lambda seed: trainer.learn(LEVEL, seed))
    assert abs(mean[0] - 2) < 4 * error[0]
    assert mean[1] > 2 + 4 * error[1]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"slip": "3/10"}, {"escape": True}])
def test_noisy_intervals_hold_the_truth(options: dict[str, Any]) -> None:
    """93 of 100 or more; the intervals promise 97.9 %, of which fewer have a chance of 0.2 %."""
    held = 0
    for number in range(100):
        row = qdecay.compare(ChainEnv(**NOISY, **options), seed=10 * number)
        held += row.verdict == "agree"
    assert held >= 93


def test_slipping_choices_agree_within_their_interval() -> None:
    """Slip mixes both branches alike: the break-even gamma stays 1/2, and the interval holds it."""
    row = qdecay.compare(ChainEnv(ChainLayout.choice(stay=[1], move=[0, 0, 4]), slip="1/10"))
    (learned,) = row.learned
    assert learned.interval is not None
    assert learned.interval[0] <= 0.5 <= learned.interval[1]
    assert row.verdict == "agree"


def bootstrapping_past_the_end(reward, gamma, bootstrap, terminated):
    """Never masks the next state's value."""
    return reward + gamma * bootstrap


def discounting_one_step_late(reward, gamma, bootstrap, terminated):
    """Leaves the first step of waiting out: adds up undiscounted where the reward is 0."""
    return reward if terminated else reward + bootstrap * (gamma if reward else 1.0)


# With one reward a branch, at its end, going on past it is worth 1 / (1 - g) times as much, a tie
# at the same gamma; with two, 2 < 1 + 2 g becomes 2 < 1 + g.
BROKEN = [
    (bootstrapping_past_the_end, ChainLayout.choice(a=[2], b=[1, 2])),
    (discounting_one_step_late, ChainLayout.choice(stay=[1], move=[0, 0, 4])),
]


@pytest.mark.parametrize(("broken", "layout"), BROKEN)
def test_a_broken_target_makes_the_chains_disagree(mutate, broken, layout) -> None:
    """The comparison is able to fail: each mutation of the learner is caught."""
    assert qdecay.compare(layout).verdict == "agree"
    mutate(broken)
    row = qdecay.compare(layout)
    assert row.verdict == "disagree"
    assert "agents flip" in row.reasons[0]


class EndsWhereTruncated(gym.Wrapper):
    """Turns the clock's end into the world's end, as a careless learner does."""

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, False, info


def test_truncation_taken_for_an_ending_makes_the_comparison_disagree() -> None:
    """Where the choice repeats for ever, only the clock ends an episode: 1 + g = 3g, not 1 = 3g."""

    def broken(world, gamma, *, start, max_episode_steps, reward_noise, **settings):
        # The readable loop on the model's environment, whose clock passes for an ending.
        assert reward_noise == 0
        env = gym.wrappers.TimeLimit(ModelEnv(world, start=start), max_episode_steps)
        return q_learning(EndsWhereTruncated(env), gamma, **settings)

    broken.n_tables = 1
    layout = ChainLayout.choice(stay=[1], move=[0, 3], ending="repeat")
    assert qdecay.compare(layout).verdict == "agree"
    assert qdecay.compare(layout, learner=broken).verdict == "disagree"


WALKS = [(1, "1"), (3, "1/2"), (10, "1/2"), (30, "1/4"), (2, "1/10")]


@pytest.mark.parametrize(("walks", "alpha"), WALKS)
@pytest.mark.parametrize("learner", [qdecay.q_learning, qdecay.sarsa, qdecay.expected_sarsa])
def test_stopped_agents_flip_where_the_binomial_law_says(walks, alpha, learner) -> None:
    """gamma_k = gamma* (B(1) / B(3))^(1/2), or never where too little has arrived."""
    layout = ChainLayout.choice(stay=[0, 1], move=[0, 0, 0, 9])
    row = qdecay.compare(layout, walks=walks, step_size=alpha, learner=learner)
    a = Fraction(alpha)
    near, far = (
        sum(math.comb(walks, i) * a**i * (1 - a) ** (walks - i) for i in range(d + 1, walks + 1))
        for d in (1, 3)
    )
    assert row.reasons == ()
    assert row.exact[0].closed_form() == "1/3"
    assert abs(row.planned[0] - 1 / 3) <= PLANNED_TOLERANCE
    if near < 9 * far:
        expected = math.sqrt(near / (9 * far))
        (predicted,) = row.predicted
        assert float(predicted) == pytest.approx(expected, rel=1e-12)
        assert predicted.coefficients[0] * 9 * far == -near * predicted.coefficients[2]
        assert abs(row.learned[0].median - expected) <= LEARNED_TOLERANCE
    else:
        assert row.predicted == row.learned == ()


def test_stopped_agents_that_learn_otherwise_disagree(mutate) -> None:
    """The prediction is able to fail: a learner that discounts in another place is caught."""
    mutate(discounting_one_step_late)
    row = qdecay.compare(gym.make(HOMEWORK[0]), walks=10, step_size="1/2")
    assert row.verdict == "disagree"
    assert "predicted is" in row.reasons[0]


def forced(layout=None, *, walks=3, **options):
    return qdecay.compare(layout or gym.make(HOMEWORK[0]), walks=walks, **options)


BAD = [
    (lambda: forced(walks=0), ValueError, "walks must be >= 1, got 0"),
    (lambda: forced(step_size=0.5), TypeError, "step_size"),
    (lambda: forced(step_size="3/2"), ValueError, r"step_size must be in \(0, 1\], got '3/2'"),
    (lambda: forced(gym.make(HOMEWORK[0], slip="1/10")), ValueError, "without slip, escape"),
    (lambda: forced(gym.make(HOMEWORK[0], escape=True)), ValueError, "without slip, escape"),
    (lambda: forced(learner=qdecay.double_q_learning), ValueError, "it has two tables"),
    (
        lambda: forced(ChainLayout.choice(a=[1], b=[0, 3], ending="repeat")),
        ValueError,
        'ending is "repeat"',
    ),
    (lambda: qdecay.compare(gym.make("FrozenLake-v1")), TypeError, "FrozenLakeEnv"),
    (lambda: qdecay.compare(3), TypeError, "got 3"),
    (lambda: qdecay.compare(gym.make(HOMEWORK[0]), seeds=9), ValueError, "seeds must be >= 10"),
    (lambda: qdecay.compare(gym.make(HOMEWORK[0]), seed=-1), ValueError, "seed must be >= 0"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_arguments_are_refused(call, error: type[Exception], message: str) -> None:
    """What cannot be compared is named."""
    with pytest.raises(error, match=message):
        call()


def test_time_that_is_up_hands_over_the_first_thresholds(monkeypatch) -> None:
    """Two gammas, and time for the agents of one: they are those of a whole comparison."""
    layout = ChainLayout.choice(a=[1], b=[0, 2], c=[0, 0, 3])
    seen: list[Progress] = []
    whole = qdecay.compare(layout, progress=seen.append)
    of_one, of_two = (len(learned.choices) for learned in whole.learned)
    assert [event.done for event in seen] == list(range(of_one + of_two + 1))
    assert {event.text for event in seen} == {f"trainings of {whole.source}"}
    assert of_one + of_two <= seen[0].total
    over = property(lambda self: of_one - seen[-1].done)
    monkeypatch.setattr(Deadline, "left", over)
    with pytest.raises(BudgetExceeded, match="^stopped after .* s of 9 s$") as caught:
        qdecay.compare(layout, progress=seen.append, max_seconds=9)
    assert seen[-1].done == of_one + 1
    assert caught.value.best == whole.learned[:1]
