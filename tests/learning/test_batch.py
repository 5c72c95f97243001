"""Many runs in one compiled loop against the same runs one at a time, and the seeds of many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learners import LEARNERS, SETTINGS, each_learner, line, random_model

from qdecay import MDP
from qdecay.learning import batch, model_run, q_learning
from qdecay.learning.batch import learn_batch
from qdecay.learning.compiled.seeding import agent_words

GAMMAS, SEEDS = [0.3, 0.9, 0.9, 0.5], [7, 2**127 + 1, 0, 2**200]
OF_A_BATCH = {k: v for k, v in SETTINGS.items() if k != "several starts"}


def one_at_a_time(learn, mdp, gammas, seeds, **arguments):
    """What a batch tells, from single runs."""
    runs = [learn(mdp, g, seed=s, **arguments) for g, s in zip(gammas, seeds, strict=True)]
    q = [run.q[arguments["start"]].tolist() for run in runs]
    return q, [run.steps for run in runs], [run.episodes for run in runs]


def told(result):
    return result.values.tolist(), result.steps.tolist(), result.episodes.tolist()


@each_learner
@pytest.mark.parametrize("arguments", OF_A_BATCH.values(), ids=OF_A_BATCH)
def test_a_batch_gives_the_bits_of_single_runs(learn, arguments) -> None:
    """Values of the start state, steps and episodes, whatever ran before in the same memory."""
    mdp = random_model(11, 6, 2)
    rest = {k: v for k, v in arguments.items() if k != "seed"} | {"start": 1}
    result = learn_batch(learn, mdp, GAMMAS, SEEDS, **rest)
    assert told(result) == one_at_a_time(learn, mdp, GAMMAS, SEEDS, **rest)
    assert not result.errors


@pytest.mark.parametrize("n_actions", [1, 9])
def test_any_number_of_actions_gives_the_same_bits(n_actions: int) -> None:
    """Also where the loop is not specialised: above 8 actions."""
    mdp = random_model(n_actions, 5, n_actions)
    arguments = {"start": 2, "steps": 5000, "epsilon": 0.3}
    result = learn_batch(q_learning, mdp, GAMMAS, SEEDS, **arguments)
    assert told(result) == one_at_a_time(q_learning, mdp, GAMMAS, SEEDS, **arguments)


def test_the_pieces_of_a_batch_leave_no_mark(monkeypatch) -> None:
    """Compiled code returns to Python now and then, within runs and between them."""
    mdp = random_model(11, 6, 2)

    def all_of_them():
        arguments = {"start": 0, "steps": 500, "episodes": 100}
        return [told(learn_batch(learn, mdp, GAMMAS, SEEDS, **arguments)) for learn in LEARNERS]

    whole = all_of_them()
    monkeypatch.setattr(model_run, "STEPS_AT_ONCE", 60)
    monkeypatch.setattr(batch, "_ROOM", 2)
    assert all_of_them() == whole


@each_learner
def test_a_value_that_outgrows_the_floats_is_told_of_its_run_alone(learn) -> None:
    """The error of the single run, word for word; the runs beside it are as without it."""
    rows = [(0, 0, 0, 1, 8 * 10**307, False), (0, 1, 0, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=2, start=0)
    gammas, arguments = [0.1, 1.0, 0.1], {"start": 0, "steps": 1000, "step_size": 1}
    result = learn_batch(learn, mdp, gammas, [1, 2, 3], **arguments)
    with pytest.raises(OverflowError) as caught:
        learn(mdp, 1.0, seed=2, **arguments)
    assert {run: str(error) for run, error in result.errors.items()} == {1: str(caught.value)}
    found = [column[::2] for column in told(result)]
    assert found == list(one_at_a_time(learn, mdp, [0.1, 0.1], [1, 3], **arguments))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gammas": [0.5, 1.5]}, "each of gammas must be"),
        ({"gammas": [0.5, 1.0]}, "gamma = 1 needs an end"),
        ({"seeds": [1, -1]}, "each of seeds must be >= 0"),
        ({"steps": None}, "give a budget"),
        ({"visits": {(0, 2): 1}}, "no action 2"),
        ({"max_episode_steps": 0}, "max_episode_steps must be >= 1"),
    ],
)
def test_wrong_arguments_are_refused(change, message: str) -> None:
    """As a learner refuses them, also where one run of many has them."""
    arguments = {"gammas": [0.5, 0.6], "seeds": [1, 2], "steps": 10, "start": 0} | change
    with pytest.raises(ValueError, match=message):
        learn_batch(q_learning, line(3, ends=False), **arguments)


@given(st.lists(st.integers(0, 2**300), min_size=1, max_size=5))
def test_seeds_of_any_size_give_numpys_states(seeds: list[int]) -> None:
    """SeedSequence and SFC64 as numpy has them, for seeds of 128 bits and beyond, side by side."""
    learners, worlds = agent_words(seeds)
    for seed, learner, world in zip(seeds, learners, worlds, strict=True):
        a, b = np.random.SeedSequence(seed).spawn(2)
        numpys = np.random.SFC64(b), np.random.SFC64(int(a.generate_state(1)[0]))
        assert [learner.tolist(), world.tolist()] == [
            generator.state["state"]["state"].tolist() for generator in numpys
        ]
