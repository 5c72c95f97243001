"""Recorded steps teach many gammas what the environment itself would teach them."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from gymnasium.wrappers import TimeLimit
from learners import line, random_model

from qdecay._support import memory
from qdecay._support.deadline import Deadline
from qdecay._support.progress import Progress
from qdecay.errors import BudgetExceeded
from qdecay.learning import Harmonic, ModelEnv, q_learning
from qdecay.learning.recorded import record, recorded_values
from qdecay.learning.shared_values import shared_values
from qdecay.learning.tabular import TABULAR

GRID = np.array([0.3, 0.9, 0.0, 0.5, 0.99])


def learn(recording, state=0, grid=GRID, **arguments):
    """Replay a recording."""
    settings = dict(rule="q_learning", epsilon=0.1, step_size=0.3)
    return recorded_values(recording, state, grid, **settings | arguments)


@pytest.mark.parametrize(
    ("learner", "env_id"),
    [
        ("q_learning", "Blackjack-v1"),
        ("expected_sarsa", "FrozenLake-v1"),
        pytest.param("q_learning", "FrozenLake-v1", marks=pytest.mark.slow),
        pytest.param("expected_sarsa", "Blackjack-v1", marks=pytest.mark.slow),
    ],
)
def test_the_values_are_those_of_the_learner_on_the_environment(learner, env_id):
    """Bit for bit, with a time limit and without, where the learner draws nothing more."""
    arguments = dict(step_size=Harmonic(3), epsilon=1)
    recording = record(gym.make(env_id), 4, 3000)
    for gamma in GRID:
        alone = TABULAR[learner](gym.make(env_id), gamma, steps=3000, seed=4, **arguments)
        assert recording.info == alone.info
        state = int(alone.visits.sum(axis=1).argmax())
        values = learn(recording, state, np.array([gamma]), rule=learner, **arguments)
        assert values[0, :, 0].tobytes() == alone.q[state].tobytes()
        visits = np.bincount(recording.state * 2**9 + recording.action, minlength=1)
        assert visits[state * 2**9 + 1] == alone.visits[state, 1]


@pytest.mark.parametrize("rule", ["q_learning", "expected_sarsa"])
def test_a_played_model_teaches_what_its_table_does(rule):
    """The recording of a `ModelEnv` is the stream on its model, also where actions are missing."""
    mdp, starts = random_model(11, 6, 2), [0.25, 0.25, 0.25, 0.125, 0.125, 0]
    env = TimeLimit(ModelEnv(mdp, start=starts, reward_noise=0.5), 1)
    recording = record(env, 3, 4000)
    for state in range(6):
        (streamed,) = shared_values(
            mdp,
            state,
            [GRID],
            [3],
            rule=rule,
            epsilon=0.2,
            steps=4000,
            step_size=0.3,
            starts=starts,
            reward_noise=0.5,
            average_from=0.5,
            report=lambda event: None,
            deadline=Deadline(),
        )
        values = learn(recording, state, rule=rule, epsilon=0.2, average_from=0.5)
        assert values.tobytes() == streamed.tobytes()


def by_hand(recording, gamma, rule, epsilon, alpha):
    """Learn one gamma from the recorded steps in plain Python; return q, shape (T, S, A)."""
    bits = np.random.SFC64(np.random.SeedSequence(recording.seed).spawn(3)[2])
    uniform = np.random.Generator(bits).random
    q = np.where(recording.available, 0.0, -np.inf)[None].repeat(2, axis=0)
    for s, a, r, t, ended in zip(
        recording.state,
        recording.action,
        recording.reward,
        recording.next_state,
        recording.terminated,
        strict=True,
    ):
        able = np.flatnonzero(recording.available[t])
        side, follow = 0, 0.0
        if rule == "double_q_learning":
            side = 0 if uniform() < 0.5 else 1
            follow = q[1 - side, t, q[side, t].argmax()]
        elif len(able):
            tried = able[int(uniform() * len(able))] if uniform() < epsilon else None
            follow = q[0, t].max() if tried is None else q[0, t, tried]
        target = r if ended else r + gamma * follow
        q[side, s, a] += alpha * (target - q[side, s, a])
    return q


@pytest.mark.parametrize("rule", ["sarsa", "double_q_learning"])
def test_a_plain_loop_learns_the_same(rule):
    """Of the rules that draw numbers: from a third generator of the seed."""
    recording = record(TimeLimit(ModelEnv(random_model(11, 6, 2)), 7), 5, 2000)
    assert not recording.terminated.all()
    for g, gamma in enumerate(GRID):
        plain = by_hand(recording, gamma, rule, 0.4, 0.3)[: TABULAR[rule].n_tables]
        for state in range(6):
            values = learn(recording, state, rule=rule, epsilon=0.4)
            assert values[:, :, g] == pytest.approx(plain[:, state], rel=1e-12, abs=1e-12)


def test_truncation_is_no_end_and_termination_is():
    """Cut after every step, and begun anywhere, the line's values are gamma^(steps to the end)."""
    recording = record(TimeLimit(ModelEnv(line(4), start=[0.25] * 4), 1), 1, 3000)
    values = learn(recording, 0, np.array([0.5, 1.0]), step_size=1.0)
    assert values[0].tolist() == [[1 / 16, 1.0], [1 / 8, 1.0]]
    assert recording.terminated.any()
    assert not recording.terminated.all()


def test_pauses_leave_no_mark(monkeypatch):
    """However a replay is cut into calls."""
    recording = record(gym.make("FrozenLake-v1"), 1, 2000)
    for rule in TABULAR:
        whole = learn(recording, rule=rule, average_from=0.25)
        with monkeypatch.context() as patch:
            patch.setattr("qdecay.learning.shared_streams._UPDATES_AT_ONCE", 7)
            assert learn(recording, rule=rule, average_from=0.25).tobytes() == whole.tobytes()


# Bad environments and arguments


class Strange(gym.Env):
    """Returns one observation and reward after the first."""

    observation_space, action_space = Discrete(3), Discrete(2)

    def __init__(self, observation=0, reward=0.0):
        self.outcome = (observation, reward, False, False, {})

    def reset(self, *, seed=None, options=None):
        """Begin in state 0."""
        return 0, {}

    def step(self, action):
        """Return it."""
        return self.outcome


@pytest.mark.parametrize(
    "env", [Strange(3), Strange(-1), Strange(reward=np.nan), Strange(reward=np.inf)]
)
def test_what_the_readable_loop_refuses_is_refused_alike(env):
    """The same words for an observation outside the space and a reward that is not finite."""
    with pytest.raises(ValueError, match="the environment returned") as expected:
        q_learning(env, 0.9, steps=5, epsilon=1)
    with pytest.raises(ValueError, match="the environment returned") as caught:
        record(env, 0, 5)
    assert str(caught.value) == str(expected.value)


def test_the_spaces_must_be_discrete():
    """As for the learners."""
    with pytest.raises(ValueError, match="a table needs a discrete observation space, got Box"):
        record(gym.make("CartPole-v1"), 0, 5)


def test_the_steps_are_reported_and_the_time_is_watched():
    """Both of the recording and of its replay."""
    seen: list[Progress] = []
    recording = record(Strange(), 0, 300, report=seen.append)
    assert [event.done for event in seen] == [0, 256, 300]
    learn(recording, report=seen.append)
    assert (seen[-1], str(seen[-1])) == (Progress(300, 300, "steps"), "300 of 300 steps")
    with pytest.raises(BudgetExceeded, match=r"of 10,000,000 steps are recorded"):
        record(Strange(), 0, 10**7, deadline=Deadline(0.01))
    with pytest.raises(BudgetExceeded, match="of 300 steps are done"):
        learn(recording, deadline=Deadline(1e-9))


def test_what_cannot_fit_in_memory_is_refused(monkeypatch):
    """37 bytes a step, and the values of every gamma."""
    recording = record(Strange(), 0, 3)
    monkeypatch.setattr(memory, "physical", lambda: 1000)
    record(Strange(), 0, 27)
    with pytest.raises(MemoryError, match="28 recorded steps"):
        record(Strange(), 0, 28)
    size = 8 * (3 * 2) * 2 * (5 + 1)  # of the values, what is returned, and the visits
    monkeypatch.setattr(memory, "physical", lambda: size)
    learn(recording)
    monkeypatch.setattr(memory, "physical", lambda: size - 1)
    with pytest.raises(MemoryError, match="5 gammas and 1 seeds of 3 states and 2 actions"):
        learn(recording)


@pytest.mark.parametrize(
    ("says", "arguments"),
    [
        ("rule must be one of", {"rule": "watkins"}),
        (r"each of gammas must be in \[0, 1\]", {"grid": np.array([0.5, 1.5])}),
        ("state must be", {"state": 3}),
        ("average_from must be", {"average_from": 2}),
        ("step_size must be > 0", {"step_size": 0}),
    ],
)
def test_bad_arguments_are_named(says, arguments):
    """The message names the argument at fault."""
    with pytest.raises(ValueError, match=says):
        learn(record(Strange(), 0, 3), **arguments)


def test_a_value_that_outgrows_the_floats_is_an_error():
    """Also of recorded steps."""
    with pytest.raises(OverflowError, match="outgrew"):
        learn(record(Strange(reward=1e308), 0, 50), 0, np.array([1.0]), step_size=1.0)
