"""What many gammas learn of one state: bits of single learners, known values, plain means."""

from __future__ import annotations

import numpy as np
import pytest
from learners import line, random_model, two_states

from qdecay._support import memory
from qdecay._support.deadline import Deadline
from qdecay._support.progress import Progress
from qdecay.errors import BudgetExceeded
from qdecay.learning import Harmonic, ModelEnv, Polynomial, q_learning_many, shared_streams
from qdecay.learning.shared_values import shared_values
from qdecay.learning.streams import streams
from qdecay.learning.tabular import TABULAR
from qdecay.model.mdp import MDP

GRID = np.array([0.3, 0.9, 0.0, 0.5, 0.99])
each_rule = pytest.mark.parametrize("rule", TABULAR)


def quiet(event: Progress) -> None:
    pass


def learn(mdp, state, grids, seeds, **arguments):
    """Learn as a comparison does, from any state that has actions unless told otherwise."""
    able = mdp.available.any(axis=1)
    settings = dict(
        rule="q_learning",
        epsilon=0.1,
        steps=5000,
        step_size=0.3,
        starts=able / able.sum(),
        report=quiet,
        deadline=Deadline(),
    )
    return shared_values(mdp, state, grids, seeds, **settings | arguments)


# The bits of learners that learn alone


@each_rule
@pytest.mark.parametrize(("n_actions", "noise"), [(2, 0.0), (9, 0.5)])
def test_every_gamma_learns_what_it_would_learn_alone(rule, n_actions, noise):
    """At epsilon = 1 each rule has the bits of its learner, in every state.

    The model has several outcomes, unavailable actions and a state without any. Double
    Q-learning's two tables are compared by their mean, which is all that its result holds.
    """
    mdp = random_model(11, 6, n_actions)
    starts = [0.25, 0.25, 0.25, 0.125, 0.125, 0]
    arguments = dict(steps=5000, step_size=Polynomial(0.8), reward_noise=noise)
    for state in range(6):
        found = learn(
            mdp, state, [GRID, GRID[:2]], [3, 8], rule=rule, epsilon=1, starts=starts, **arguments
        )
        for seed, grid, values in zip([3, 8], [GRID, GRID[:2]], found, strict=True):
            assert values.shape == (TABULAR[rule].n_tables, n_actions, len(grid))
            for g, gamma in enumerate(grid):
                alone = TABULAR[rule](
                    mdp,
                    gamma,
                    seed=seed,
                    epsilon=1,
                    start=starts,
                    max_episode_steps=1,
                    **arguments,
                )
                mean = values[:, :, g].sum(axis=0) / len(values)
                assert mean.tobytes() == alone.q[state].tobytes()


def test_noise_may_differ_from_state_to_state():
    """Of one size everywhere it is that of all rewards; a state without it learns its reward."""
    mdp = MDP.from_rows([(0, 0, 0, 1, 1, True), (1, 0, 1, 1, 1, True)], n_states=2, n_actions=1)
    noisy = {"steps": 500, "starts": [0.5, 0.5], "step_size": 1.0}
    for state in (0, 1):
        (same,) = learn(mdp, state, [GRID], [1], reward_noise=[0.5, 0.5], **noisy)
        (one,) = learn(mdp, state, [GRID], [1], reward_noise=0.5, **noisy)
        (other,) = learn(mdp, state, [GRID], [1], reward_noise=[0.5, 0.0], **noisy)
        assert (
            same.tobytes() == one.tobytes() != learn(mdp, state, [GRID], [1], **noisy)[0].tobytes()
        )
        assert (other == (one if state == 0 else 1.0)).all()


def test_the_values_of_q_learning_do_not_depend_on_epsilon():
    """It is of the policies that the SARSAs evaluate alone."""
    mdp = random_model(11, 6, 2)
    for rule in ("q_learning", "double_q_learning"):
        (low,), (high,) = (learn(mdp, 0, [GRID], [1], rule=rule, epsilon=e) for e in (0, 1))
        assert low.tobytes() == high.tobytes()


# A plain loop


def by_hand(mdp, gamma, seed, rule, epsilon, steps, step_size, starts, noise):
    """Learn one gamma in plain Python, drawing as `tabular` says; return q, shape (T, S, A)."""
    env = ModelEnv(mdp, start=starts, reward_noise=noise)
    world, learner = streams(seed)
    uniform = np.random.Generator(learner).random
    q = np.where(mdp.available, 0.0, -np.inf)[None].repeat(TABULAR[rule].n_tables, axis=0)
    visits = np.zeros(q.shape, dtype=int)
    state = env.reset(seed=world)[0]
    for _ in range(steps):
        uniform()  # the number that says: explore
        able = np.flatnonzero(mdp.available[state])
        action = able[int(uniform() * len(able))]
        after, reward, terminated, _, _ = env.step(action)
        able = np.flatnonzero(mdp.available[after])
        side = (0 if uniform() < 0.5 else 1) if rule == "double_q_learning" else 0
        follow = 0.0
        if rule == "sarsa" and len(able):
            tried = able[int(uniform() * len(able))] if uniform() < epsilon else None
            follow = q[0, after].max() if tried is None else q[0, after, tried]
        elif rule == "expected_sarsa" and len(able):
            mean = sum(q[0, after, able].tolist()) / len(able)
            follow = (1 - epsilon) * q[0, after].max() + epsilon * mean
        elif rule == "double_q_learning" and len(able):
            follow = q[1 - side, after, q[side, after].argmax()]
        elif len(able):
            follow = q[0, after].max()
        target = reward if terminated else reward + gamma * follow
        visits[side, state, action] += 1
        alpha = step_size.at(visits[side, state, action])
        q[side, state, action] += alpha * (target - q[side, state, action])
        state = env.reset()[0]
    return q


@each_rule
def test_a_plain_loop_learns_the_same(rule):
    """Also with epsilon < 1, where no single learner has the same behaviour."""
    mdp, starts = random_model(5, 5, 9), [0.5, 0.125, 0.125, 0.25, 0]
    arguments = dict(rule=rule, epsilon=0.3, steps=1500, step_size=Harmonic(4), starts=starts)
    grid = np.array([0.2, 0.95])
    plain = [by_hand(mdp, gamma, 7, noise=0.25, **arguments) for gamma in grid]
    for state in range(5):
        (values,) = learn(mdp, state, [grid], [7], reward_noise=0.25, **arguments)
        for g in range(2):
            assert values[:, :, g] == pytest.approx(plain[g][:, state], rel=1e-12, abs=1e-12)


# Known values


def chain():
    """Go back (pays 1, ends) or forward, 0 -> 1 -> 2; there forward pays 6 and ends."""
    rows = [(s, 0, s, 1, 1, True) for s in range(3)]
    rows += [(0, 1, 1, 1, 0, False), (1, 1, 2, 1, 0, False), (2, 1, 2, 1, 6, True)]
    return MDP.from_rows(rows, n_states=3, n_actions=2, start=0)


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 1.0])
@each_rule
def test_the_values_of_a_chain_are_found(rule, epsilon):
    """Forward in state 0 is worth gamma v(1), v(1) = soft(1, gamma v(2)), v(2) = soft(1, 6).

    soft(x, y) is the larger one for the Q-learners, else (1 - epsilon) max + epsilon mean. What
    SARSA learns is a mean of samples, with step sizes 1 / n: within 5 standard errors.
    """
    grid = np.array([0.25, 0.5, 0.9])
    share = epsilon if "sarsa" in rule else 0.0

    def soft(x, y):
        return (1 - share) * np.maximum(x, y) + share * (x + y) / 2

    expected = grid * soft(1, grid * soft(1, 6))
    sampled = rule == "sarsa" and epsilon > 0
    (values,) = learn(
        chain(),
        0,
        [grid],
        [1],
        rule=rule,
        epsilon=epsilon,
        steps=200_000 if sampled else 2000,
        step_size=Harmonic(1) if sampled else 1.0,
    )
    assert values[:, 0] == pytest.approx(np.ones((len(values), 3)), rel=1e-15)
    for table in values[:, 1]:
        assert table == pytest.approx(expected, abs=0.05 if sampled else 1e-15)


def test_truncation_is_no_end():
    """Every episode is truncated after one step, and still the far reward arrives."""
    mdp = line(4)
    (values,) = learn(mdp, 0, [np.array([0.5, 1.0])], [1], step_size=1.0)
    assert values[0].tolist() == [[1 / 16, 1.0], [1 / 8, 1.0]]


def test_terminated_steps_lead_nowhere():
    """A reward behind an end is not seen by any rule."""
    rows = [(0, 0, 1, 1, 1, True), (1, 0, 1, 1, 100, True)]
    mdp = MDP.from_rows(rows, n_states=2, n_actions=1, start=0)
    for rule in TABULAR:
        (values,) = learn(mdp, 0, [np.array([0.9])], [1], rule=rule, step_size=1.0)
        assert (values == 1).all()


# Averages


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "begin", "step_size", "number"),
    [
        (40, 30, 0.5, 10),
        (1700, 500, 0.3, 720),
        (1700, 500, 0.9, 1000),
        (1600, 400, Harmonic(5), 30),
    ],
)
def test_the_average_is_the_mean_of_snapshots(steps, begin, step_size, number):
    """The snapshots are what shorter streams end with: two while a value is forgotten.

    Of every step at most, a thousand at most; of a horizon h about 6 h, from a quarter on.
    """
    mdp, starts = random_model(5, 5, 2), [0.5, 0.125, 0.125, 0.25, 0]
    marks = [begin + -(-(steps - begin) * k // number) for k in range(1, number + 1)]
    arguments = dict(step_size=step_size, max_episode_steps=1, start=starts)
    ends = [q_learning_many(mdp, GRID, [4], steps=n, **arguments).q[:, 0, 0] for n in marks]
    (values,) = learn(
        mdp,
        0,
        [GRID],
        [4],
        steps=steps,
        starts=starts,
        step_size=step_size,
        average_from=begin / steps,
    )
    assert pytest.approx(np.mean(ends, axis=0), rel=1e-12) == values[0].T
    assert ends[0].tobytes() != ends[-1].tobytes()


def test_an_average_of_nothing_is_the_last_value():
    """So is that of the last step alone."""
    mdp = random_model(5, 5, 2)
    (last,) = learn(mdp, 1, [GRID], [4])
    (end,) = learn(mdp, 1, [GRID], [4], average_from=1 - 1 / 5000)
    assert last.tobytes() == end.tobytes()


@each_rule
def test_threads_pieces_and_company_leave_no_mark(rule, monkeypatch):
    """A stream is its own: of its seed and gammas, whatever else runs and however it pauses."""
    mdp, grids = random_model(11, 6, 2), [GRID, GRID[:2], GRID[1:]]
    arguments = dict(rule=rule, steps=3001, average_from=0.25)
    runs = [learn(mdp, 0, grids, [1, 5, 9], threads=n, **arguments) for n in (1, 3)]
    runs.append(
        [learn(mdp, 0, [own], [s], **arguments)[0] for s, own in zip([1, 5, 9], grids, strict=True)]
    )
    monkeypatch.setattr(shared_streams, "_UPDATES_AT_ONCE", 7)
    runs.append(learn(mdp, 0, grids, [1, 5, 9], **arguments))
    assert len({b"".join(values.tobytes() for values in run) for run in runs}) == 1


# Watching, stopping, bad input


def test_the_steps_are_reported_and_the_time_is_watched():
    """From none to all of them, unless the time is up."""
    seen: list[Progress] = []
    learn(line(5), 0, [GRID] * 3, [1, 2, 3], average_from=0.5, report=seen.append)
    assert (seen[0], seen[-1]) == (Progress(0, 15_000, "steps"), Progress(15_000, 15_000, "steps"))
    with pytest.raises(BudgetExceeded, match=r"of 1,000,000,000,000 steps are done"):
        learn(line(5), 0, [GRID], [1], steps=10**12, deadline=Deadline(0.05))


@pytest.mark.parametrize(
    ("error", "says", "arguments"),
    [
        (ValueError, "rule must be one of q_learning", {"rule": "watkins"}),
        (ValueError, r"epsilon must be in \[0, 1\]", {"epsilon": 1.5}),
        (ValueError, "step_size must be > 0", {"step_size": 0}),
        (ValueError, r"average_from must be in \[0, 1\]", {"average_from": -0.1}),
        (ValueError, "reward_noise must be", {"reward_noise": -1}),
        (ValueError, "start probabilities must sum to 1", {"starts": [0.5, 0.25]}),
        (ValueError, "state must be", {"state": 2}),
        (ValueError, "state must be", {"state": -1}),
    ],
)
def test_bad_arguments_are_named(error, says, arguments):
    """The message names the argument at fault."""
    with pytest.raises(error, match=says):
        learn(two_states(start=0), grids=[GRID[:1]], seeds=[1], **{"state": 0} | arguments)


@pytest.mark.parametrize(("rule", "fits"), [("q_learning", True), ("double_q_learning", False)])
def test_what_cannot_fit_in_memory_is_refused(rule, fits, monkeypatch):
    """Of 10 states, 2 actions and 16 gammas one table fits into 8 KiB, two do not."""
    monkeypatch.setattr(memory, "physical", lambda: 1 << 13)
    arguments = (line(10), 0, [np.linspace(0, 0.9, 16)], [1])
    if fits:
        learn(*arguments, rule=rule)
    else:
        with pytest.raises(MemoryError, match="16 gammas and 1 seeds of 10 states and 2 actions"):
            learn(*arguments, rule=rule)
