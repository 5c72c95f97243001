"""Learners where actions take several steps: readable loops, compiled ones, exact answers.

Loops are compiled for a number of actions and a kind of schedule: one of each serves most tests.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from gymnasium.wrappers import TimeLimit
from semi_markov import ACTIONS, optimal, random_rows

from qdecay import (
    MDP,
    FloatMDP,
    Harmonic,
    Linear,
    NStepSarsa,
    WatkinsQ,
    double_q_learning,
    expected_sarsa,
    learned_thresholds,
    policy_regions,
    q_learning,
    q_learning_many,
    sarsa,
)
from qdecay.learning.batch import learn_batch
from qdecay.learning.model_env import ModelEnv
from qdecay.learning.recorded import record, recorded_values

N = 3
ONE = Linear(1.0, 1.0, 1)  # and no constant, for which loops are compiled anew
LEARNERS = [q_learning, sarsa, expected_sarsa, double_q_learning, NStepSarsa(3), WatkinsQ(0.7)]
each_learner = pytest.mark.parametrize("learn", LEARNERS, ids=lambda learn: learn.name)


def model(seed: int) -> MDP:
    """A random model."""
    return MDP.from_rows(random_rows(seed), n_states=N, n_actions=ACTIONS, start=0)


def line(*durations: int) -> MDP:
    """One of two actions in each state, that pays 1 and takes so many steps; the last one ends."""
    last = len(durations) - 1
    rows = [(s, 0, min(s + 1, last), 1, 1, s == last, d) for s, d in enumerate(durations)]
    return MDP.from_rows(rows, n_states=last + 1, n_actions=ACTIONS, start=0)


class Told(gym.Env[int, int]):
    """The same line as an environment, which tells durations in its infos."""

    observation_space = Discrete(9)
    action_space = Discrete(1)

    def __init__(self, *durations: Any) -> None:
        """Hold the durations."""
        self.durations = durations

    def reset(self, **options: Any) -> tuple[int, dict[str, Any]]:
        """Begin at the first state."""
        self.at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Go on."""
        info = {"duration": self.durations[self.at]}
        self.at += 1
        return self.at, 1.0, self.at == len(self.durations), False, info


@each_learner
def test_compiled_loops_have_the_bits_of_the_readable_ones(learn: Any) -> None:
    """Returns, lengths and visits too, on exact models and on those of floats."""
    for seed in range(3):
        mdp = model(seed)
        options: dict[str, Any] = {"steps": 2_000, "seed": seed, "step_size": Harmonic(20)}
        fast = learn(mdp, 0.9, max_episode_steps=30, **options)
        slow = learn(TimeLimit(ModelEnv(mdp), 30), 0.9, **options)
        for name in ("q", "visits", "returns", "lengths"):
            np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    options = {"steps": 500, "step_size": Harmonic(20)}
    floats = FloatMDP.from_mdp(mdp)
    fast = learn(floats, 0.9, max_episode_steps=30, **options)
    np.testing.assert_array_equal(fast.q, learn(TimeLimit(ModelEnv(floats), 30), 0.9, **options).q)


@pytest.mark.slow
@each_learner
@pytest.mark.parametrize("n_actions", [1, 2, 9])
def test_so_have_those_of_other_settings(learn: Any, n_actions: int) -> None:
    """Of constant schedules, of noisy rewards, of one action and of many."""
    rows = [row for row in random_rows(5) if row[1] < n_actions]
    mdp = MDP.from_rows(rows, n_states=N, n_actions=n_actions, start=0)
    for noise in (0.0, 0.5):
        env = TimeLimit(ModelEnv(mdp, reward_noise=noise), 30)
        fast = learn(mdp, 0.9, steps=2_000, reward_noise=noise, max_episode_steps=30)
        slow = learn(env, 0.9, steps=2_000)
        for name in ("q", "visits", "returns", "lengths"):
            np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))


@each_learner
def test_a_line_is_learnt_exactly(learn: Any) -> None:
    """What comes after d steps counts gamma^d of what it is worth, and so do returns."""
    found = learn(line(3, 1, 2), 0.5, episodes=60, step_size=ONE)
    ahead = 1 + 0.5
    assert found.q[:, 0].tolist() == [1 + 0.5**3 * ahead, ahead, 1.0]
    assert set(found.returns.tolist()) == {1 + 0.5**3 * ahead}
    assert set(found.lengths.tolist()) == {3}
    assert found.steps == 180
    told = learn(Told(3, 1, 2), 0.5, episodes=60, step_size=ONE)
    np.testing.assert_array_equal(told.q[:3, 0], found.q[:, 0])
    np.testing.assert_array_equal(told.returns, found.returns)


def test_traces_fade_by_the_time_that_passes() -> None:
    """One walk along a line, by hand: Q(lambda) and the n-step return."""
    found = WatkinsQ(0.5)(line(3, 2, 1), 0.5, episodes=1, step_size=1.0)
    # Each step has delta = 1; the traces of the two before it have faded by (lambda gamma^d).
    fade = [0.5 * 0.5**3, 0.5 * 0.5**2]
    assert found.q[:, 0].tolist() == [1 + fade[0] + fade[0] * fade[1], 1 + fade[1], 1.0]
    found = NStepSarsa(3)(line(3, 2, 1), 0.5, episodes=1, step_size=1.0)
    assert found.q[:, 0].tolist() == [1 + 0.5**3 * (1 + 0.5**2), 1 + 0.5**2, 1.0]


@pytest.mark.parametrize("learn", [q_learning, double_q_learning], ids=["one table", "two"])
def test_off_policy_learners_reach_the_values_of_all_policies(learn: Any) -> None:
    """With averages as step sizes."""
    for seed in (1, 2):
        options: dict[str, Any] = {"epsilon": 1, "step_size": Harmonic(20), "steps": 1_000_000}
        found = learn(model(seed), 0.5, max_episode_steps=20, **options)
        best = [float(v) for v in optimal(random_rows(seed), N, Fraction(1, 2))]
        np.testing.assert_allclose(found.q.max(axis=1), best, atol=0.06)


def test_every_gamma_learns_what_its_own_learner_does() -> None:
    """From one stream on a model and from recorded steps: the same bits."""
    gammas = [0.0, 0.3, 0.77, 0.99]
    for seed in (0, 3):
        mdp = model(seed)
        sizes = {"step_size": Harmonic(20)}
        options: dict[str, Any] = {"steps": 2_000, "max_episode_steps": 20, **sizes}
        many = q_learning_many(mdp, gammas, [seed], **options)
        env, steps = TimeLimit(ModelEnv(mdp), 20), 2_000
        kept: dict[str, Any] = {"rule": "q_learning", "epsilon": 0, **sizes}
        replayed = recorded_values(record(env, seed, steps), 0, np.array(gammas), **kept)
        for k, gamma in enumerate(gammas):
            alone = q_learning(mdp, gamma, seed=seed, epsilon=1, **options)
            np.testing.assert_array_equal(many.q[k, 0], alone.q)
            np.testing.assert_array_equal(replayed[0, :, k], alone.q[0])


@pytest.mark.slow
def test_batches_learn_what_their_runs_do() -> None:
    """The same bits, gamma by gamma."""
    gammas, options = [0.3, 0.99], {"steps": 2_000, "max_episode_steps": 20, "epsilon": 1}
    batch = learn_batch(q_learning, model(3), gammas, [3, 3], start=0, **options)  # type: ignore[arg-type]
    for k, gamma in enumerate(gammas):
        alone = q_learning(model(3), gamma, seed=3, **options)  # type: ignore[arg-type]
        np.testing.assert_array_equal(batch.values[k], alone.q[0])


def test_learners_flip_at_the_exact_gamma() -> None:
    """1 now against 7 after a transition of 3 steps: at 7^(-1/3)."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False, 3), (1, 0, 1, 1, 7, True)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    (exact,) = policy_regions(mdp).breakpoints
    options: dict[str, Any] = {"steps": 2_000, "step_size": ONE, "width": 1e-9}
    (flip,) = learned_thresholds(mdp, [0.1, 0.9], [0, 1], **options)
    assert (flip.left, flip.right, flip.seeds) == (0, 1, 2)
    assert max(abs(gamma - float(exact.gamma)) for gamma in flip.gammas) < 1e-9


@pytest.mark.parametrize(
    ("duration", "error", "message"),
    [
        (0, ValueError, "must be >= 1, got 0"),
        (2.5, TypeError, "must be an integer, got 2.5"),
        (True, TypeError, "must be an integer, got True"),
        ("2", TypeError, "must be an integer, got '2'"),
        (10**7, ValueError, "must be at most 1,000,000 steps"),
    ],
)
def test_an_environment_that_tells_no_duration_is_refused(
    duration: Any, error: type[Exception], message: str
) -> None:
    """In one line with the step."""
    for learn in (*LEARNERS, lambda env, gamma, steps: record(env, 0, steps)):
        with pytest.raises(error, match=rf'step 2: info\["duration"\] {message}'):
            learn(Told(1, duration, 1), 0.5, steps=9)
    assert q_learning(Told(1, np.int64(2), 1), 0.5, steps=9).steps == 9
