"""The compiled learners against the readable loop, and what they are made of."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import TimeLimit
from hypothesis import given, settings
from hypothesis import strategies as st
from learners import (
    LEARNERS,
    SETTINGS,
    WRONG_TARGETS,
    bits,
    each_learner,
    line,
    random_model,
    two_states,
)
from models import mdps
from scipy import stats

from qdecay.learning import (
    Constant,
    Exponential,
    Harmonic,
    Linear,
    ModelEnv,
    Polynomial,
    model_run,
    q_learning,
)
from qdecay.learning.compiled import primitives
from qdecay.learning.sampling import alias_table, dynamics
from qdecay.model.mdp import MDP


def reference(
    learn, mdp, gamma, *, start=None, max_episode_steps=None, reward_noise=0.0, **arguments
):
    """The readable loop on the same model."""
    env = ModelEnv(mdp, start=start, reward_noise=reward_noise)
    if max_episode_steps is not None:
        env = TimeLimit(env, max_episode_steps)
    return learn(env, gamma, **arguments)


# The bits


@each_learner
@pytest.mark.parametrize("arguments", SETTINGS.values(), ids=SETTINGS)
def test_compiled_code_gives_the_bits_of_the_readable_loop(learn, arguments):
    """Values, visits, returns and lengths agree in every bit on a model with unavailable actions.

    Its last state has no action at all; several outcomes pay differently.
    """
    mdp = random_model(11, 6, 2)
    assert not mdp.available[:5].all()
    assert bits(learn(mdp, 0.9, **arguments)) == bits(reference(learn, mdp, 0.9, **arguments))


@pytest.mark.parametrize("n_actions", [1, pytest.param(4, marks=pytest.mark.slow), 9])
def test_any_number_of_actions_gives_the_same_bits(n_actions):
    """Also where the loop is not specialised: above 8 actions."""
    mdp = random_model(n_actions, 5, n_actions)
    arguments = dict(steps=10_000, epsilon=0.3, seed=n_actions)
    ours, readable = (
        q_learning(mdp, 0.8, **arguments),
        reference(q_learning, mdp, 0.8, **arguments),
    )
    assert bits(ours) == bits(readable)


@each_learner
def test_a_loop_that_never_ends_gives_the_same_bits(learn):
    """Without episodes the record is empty and the run goes on in one."""
    mdp = line(5, ends=False)
    arguments = dict(steps=3000, epsilon=0.5)
    result = learn(mdp, 0.9, **arguments)
    assert bits(result) == bits(reference(learn, mdp, 0.9, **arguments))
    assert (result.episodes, result.steps) == (0, 3000)


def test_the_pieces_of_a_run_leave_no_mark(monkeypatch):
    """Compiled code returns to Python now and then; how often changes no bit."""
    mdp = random_model(11, 6, 2)
    whole = [bits(learn(mdp, 0.9, steps=2000, seed=3)) for learn in LEARNERS]
    monkeypatch.setattr(model_run, "STEPS_AT_ONCE", 7)
    monkeypatch.setattr(model_run, "_ROOM", 2)
    monkeypatch.setattr(model_run, "_LEAP", 5)
    assert [bits(learn(mdp, 0.9, steps=2000, seed=3)) for learn in LEARNERS] == whole


@each_learner
def test_a_callback_hears_the_same(learn):
    """Every episode end, the values and visits then, and the stop agree with the readable loop."""
    mdp = random_model(11, 6, 2)
    heard = []

    def listen(end):
        record = (end.episodes, end.steps, end.length, end.discounted_return)
        heard[-1].append((*record, end.q().tobytes(), end.visits(1)))
        return end.episodes == 30

    for run in (learn, lambda *a, **k: reference(learn, *a, **k)):
        heard.append([])
        run(mdp, 0.9, steps=100_000, epsilon=0.4, callback=listen, seed=8)
    assert len(heard[0]) == 30
    assert heard[0] == heard[1]


def test_wanted_visits_end_a_run_at_the_end_of_an_episode():
    """A line of one action per state: 5 visits of its last state are 5 episodes."""
    rows = [(s, 0, min(s + 1, 3), 1, 1, s == 3) for s in range(4)]
    mdp = MDP.from_rows(rows, n_states=4, n_actions=1, start=0)
    result = q_learning(mdp, 0.5, visits={(3, 0): 5, (0, 0): 2})
    assert (result.steps, result.episodes) == (20, 5)


def test_a_value_that_outgrows_the_floats_is_placed():
    """The message names the step as the readable loop's does."""
    rows = [(0, 0, 0, 1, 10**308, False), (0, 1, 0, 1, 0, True)]
    mdp = MDP.from_rows(rows, n_states=1, n_actions=2, start=0)
    messages = []
    for run in (q_learning, lambda *a, **k: reference(q_learning, *a, **k)):
        with pytest.raises(OverflowError) as caught:
            run(mdp, 1.0, steps=100, step_size=1)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


FIRST, *OTHERS = WRONG_TARGETS.values()
EACH = [FIRST, *(pytest.param(mutant, marks=pytest.mark.slow) for mutant in OTHERS)]


@pytest.mark.parametrize("mutant", EACH, ids=list(WRONG_TARGETS))
def test_a_wrong_target_shows_in_compiled_code(mutant, mutate):
    """A walk of 5 steps that pay 1 is worth sum 2**-k; each classic mistake says otherwise."""
    rows = [(s, 0, min(s + 1, 4), 1, 1, s == 4) for s in range(5)]
    mdp = MDP.from_rows(rows, n_states=5, n_actions=1, start=0)
    arguments = dict(episodes=20, step_size=1, initial_value=3)
    exact = [sum(Fraction(1, 2**k) for k in range(5 - s)) for s in range(5)]
    right = q_learning(mdp, 0.5, **arguments)
    assert [Fraction(value) for (value,) in right.q.tolist()] == exact

    mutate(mutant)
    wrong = q_learning(mdp, 0.5, **arguments)
    assert not np.allclose(wrong.q, right.q, atol=0.01)


# What the loops are made of


@pytest.mark.parametrize("seed", [0, 1, 2**100])
def test_theuniform_numbers_are_those_of_numpy(seed):
    """10 000 draws of SFC64, bit for bit."""
    generator = np.random.SFC64(np.random.SeedSequence(seed))
    words = tuple(generator.state["state"]["state"])
    expected = np.random.Generator(generator).random(10_000)
    drawn = []
    for _ in expected:
        u, words = primitives.uniform(tuple(map(np.uint64, words)))
        drawn.append(u)
    assert np.array(drawn).tobytes() == expected.tobytes()


SCHEDULES = [
    Constant(0.3),
    Linear(0.9, 0.1, 777),
    Linear(0.0, 1.0, 3),
    Exponential(0.9, 0.01, 0.993),
    Harmonic(),
    Harmonic(12.34),
    Polynomial(0.51),
    Polynomial(0.77),
    Polynomial(1.0),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_compiled_schedules_give_the_same_bits(schedule):
    """At every count to 2000 and at large ones."""
    code = primitives.coded(schedule)
    for n in [*range(1, 2000), 10**6 + 1, 10**9 + 7]:
        assert float(primitives.schedule_at(code, n)).hex() == float(schedule.at(n)).hex()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_alias_tables_hold_the_probabilities_exactly(weights):
    """Each outcome's share of the table is its probability, as a fraction."""
    probabilities = [Fraction(w, sum(weights)) for w in weights]
    accept, alias = alias_table(probabilities)
    share = list(accept)
    for k, giver in enumerate(alias):
        share[giver] += 1 - accept[k]
    assert all(0 <= a <= 1 for a in accept)
    assert [s / len(weights) for s in share] == probabilities


@settings(deadline=None, derandomize=True, max_examples=25)
@given(mdps(), st.integers(0, 2**32))
def test_random_models_give_the_same_bits(mdp, seed):
    """Any small model, whatever ends it."""
    arguments = dict(steps=300, epsilon=0.4, seed=seed, max_episode_steps=20)
    assert bits(q_learning(mdp, 0.7, **arguments)) == bits(
        reference(q_learning, mdp, 0.7, **arguments)
    )


def test_noise_is_normal():
    """20 000 noisy rewards of one state: Kolmogorov-Smirnov, p = 0.001."""
    env = ModelEnv(line(1, ends=False), reward_noise=2.5)
    env.reset(seed=1)
    rewards = np.array([env.step(1)[1] for _ in range(20_000)])
    assert stats.kstest(rewards, stats.norm(1, 2.5).cdf).pvalue > 0.001


def test_the_model_environment_draws_the_models_outcomes():
    """20 000 steps of one state: chi-square of 4 outcomes, p = 0.001 at 16.27."""
    probabilities = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 6), Fraction(1, 12)]
    rows = [(0, 0, 0, p, k, False) for k, p in enumerate(probabilities)]
    env = ModelEnv(MDP.from_rows(rows, n_states=1, n_actions=1, start=0))
    env.reset(seed=1)
    drawn = np.bincount([int(env.step(0)[1]) for _ in range(20_000)], minlength=4)
    expected = [20_000 * float(p) for p in probabilities]
    assert ((drawn - expected) ** 2 / expected).sum() < 16.27


def test_start_states_are_drawn_with_their_probabilities():
    """20 000 episodes from two of three states, within 5 standard deviations."""
    rows = [(s, 0, s, 1, 0, True) for s in range(3)]
    mdp = MDP.from_rows(rows, n_states=3, n_actions=1)
    result = q_learning(mdp, 0.5, episodes=20_000, start=[0.3, 0, 0.7])
    assert result.visits[1, 0] == 0
    assert abs(result.visits[0, 0] - 6000) < 5 * (20_000 * 0.3 * 0.7) ** 0.5


def test_the_model_environment_keeps_gymnasiums_contract():
    """Gymnasium's own checker has no complaint, and stepping past the end is refused."""
    env = ModelEnv(MDP.from_env(gym.make("FrozenLake-v1")))
    check_env(env, skip_render_check=True)
    env.reset(seed=1)
    while not env.step(env.action_space.sample())[2]:
        pass
    with pytest.raises(RuntimeError, match="reset"):
        env.step(0)


# Bad input


@pytest.mark.parametrize(
    ("says", "arguments"),
    [
        ("no start state", {}),
        ("start must be from 0 to 1, got 2", {"start": 2}),
        ("2 probabilities", {"start": [0.5, 0.25, 0.25]}),
        ("each of start must be >= 0", {"start": [2.0, -1.0]}),
        ("sum to 1", {"start": [0.5, 0.4]}),
        ("max_episode_steps", {"start": 0, "max_episode_steps": 0}),
        ("no action 1 in state 1", {"start": 0, "visits": {(1, 1): 3}}),
        ("no action 0 in state 7", {"start": 0, "visits": {(7, 0): 3}}),
        ("visits of", {"start": 0, "visits": {(0, 0): 0}}),
        ("gamma = 1 needs an end.*state\\(s\\) 1", {"start": 0, "gamma": 1}),
    ],
)
def test_bad_arguments_for_a_model_are_named(says, arguments):
    """The message says what is wrong and where."""
    settings = {"gamma": 0.9, "steps": 10} | arguments
    with pytest.raises(ValueError, match=says):
        q_learning(two_states(), settings.pop("gamma"), **settings)


def test_a_start_without_actions_is_refused():
    """Nothing could ever be done there."""
    mdp = MDP.from_rows([(0, 0, 1, 1, 0, False)], n_states=2, n_actions=1, start=1)
    with pytest.raises(ValueError, match="no available action"):
        q_learning(mdp, 0.9, steps=10)


@pytest.mark.parametrize(
    ("noise", "error"),
    [(-1, ValueError), (float("nan"), ValueError), ("x", ValueError), ([1], TypeError)],
)
def test_noise_that_is_no_deviation_is_refused(noise, error):
    """By the compiled loop and by the environment alike."""
    for use in (ModelEnv, lambda mdp, **noise: q_learning(mdp, 0.9, steps=10, **noise)):
        with pytest.raises(error, match="reward_noise must be"):
            use(line(3), reward_noise=noise)


@pytest.mark.parametrize(
    "arguments", [{"start": 0}, {"max_episode_steps": 5}, {"reward_noise": 1.0}]
)
def test_arguments_of_a_model_are_refused_for_an_environment(arguments):
    """An environment has its own start, its own clock and its own noise."""
    with pytest.raises(ValueError, match="apply only to a model"):
        q_learning(ModelEnv(line(3)), 0.9, steps=10, **arguments)


def test_an_unavailable_action_is_never_taken_and_has_no_value():
    """Its q is -inf as in a `Solution`, and the environment refuses it."""
    mdp = two_states(start=0)
    result = q_learning(mdp, 0.5, steps=2000, epsilon=1, max_episode_steps=9)
    assert result.q[1, 1] == -np.inf
    assert result.visits[1, 1] == 0
    env = ModelEnv(mdp, start=1)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="state 1: action 1 is not available"):
        env.step(1)


# The cache of compiled code

PROGRAM = """
import sys
import qdecay
assert "numba" not in sys.modules
from numba.core import caching
{patch}
from qdecay import MDP, q_learning
mdp = MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1, start=0)
print(q_learning(mdp, 0.5, steps=10, step_size=1).q[0, 0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("patch", ["", "caching.CacheImpl._locator_classes = []"])
def test_compiled_code_works_where_nothing_can_be_written(patch):
    """Where numba finds no directory for its cache, each process compiles for itself.

    Without the patch too; and numba is loaded by the first learner, not with the package.
    """
    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root), str(root / "envs")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(patch=patch)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1.0\n", "")


CALLERS = {
    "a global": "@compiled\ndef outer():\n    return inner()\n",
    "closed over": "def around(kernel):\n    @compiled\n    def outer():\n        return kernel()\n"
    "    return outer\nouter = around(inner)\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_the_cache_on_disk_follows_every_file_that_is_compiled_in(tmp_path, caller):
    """A kernel is compiled again where one that it calls, in another module, has changed."""
    low, high = tmp_path / "low.py", tmp_path / "high.py"
    begin = "from qdecay._support.compiled import compiled\n"
    low.write_text(begin + "@compiled\ndef inner():\n    return 1\n")
    high.write_text(begin + "from low import inner\n" + caller)
    program = (
        "from high import outer; value = outer(); stats = outer.stats;"
        "print(value, len(stats.cache_hits), len(stats.cache_misses))"
    )
    assert run_beside(tmp_path, program) == "1 0 1\n"
    assert run_beside(tmp_path, program) == "1 1 0\n"
    low.write_text(low.read_text().replace("return 1", "return 22"))
    assert run_beside(tmp_path, program) == "22 0 1\n"


def run_beside(folder: Path, program: str) -> str:
    """Run a program in a separate process that finds the modules of `folder`; what it prints."""
    root = Path(__file__).parents[3]
    path = os.pathsep.join(map(str, [root, root / "envs", folder]))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout


TWO_AT_ONCE = """
from kernels import one, two
two._cache._cache_file._load_index = lambda: {}  # what it read before the other one wrote
other = one._cache._cache_file
def late(name, data, save=other._save_data):
    two(0.5)
    save(name, data)
other._save_data = late
one(1)
"""


@pytest.mark.slow
def test_two_processes_that_compile_at_once_do_not_get_each_others_code(tmp_path):
    """A kernel for integers and for floats, stored crosswise; whoever comes later finds both."""
    (tmp_path / "kernels.py").write_text(
        "from qdecay._support.compiled import compiled\ndef half(x):\n    return x / 2\n"
        "one, two = compiled(half), compiled(half)\n"
    )
    run_beside(tmp_path, TWO_AT_ONCE)
    assert run_beside(tmp_path, "from kernels import one; print(one(1), one(0.5))") == "0.5 0.25\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [("one: float; two", "two: float; one"), ("Pair", "Couple")],
    ids=["another order", "another name"],
)
def test_the_cache_on_disk_follows_the_records_that_kernels_take(tmp_path, old, new):
    """Compiled code reads fields by position, and an index may name a class that is gone."""
    records, kernels = tmp_path / "records.py", tmp_path / "kernels.py"
    records.write_text(
        "from typing import NamedTuple\nclass Pair(NamedTuple):\n    one: float; two: float\n"
    )
    kernels.write_text(
        "from qdecay._support.compiled import compiled\n"
        "@compiled\ndef gap(pair):\n    return pair.one - pair.two\n"
    )
    program = (
        "import records; from kernels import gap; value = gap(records.Pair(one=3.0, two=1.0));"
        "stats = gap.stats; print(value, len(stats.cache_hits), len(stats.cache_misses))"
    )
    assert run_beside(tmp_path, program) == "2.0 0 1\n"
    assert run_beside(tmp_path, program) == "2.0 1 0\n"
    records.write_text(records.read_text().replace(old, new))
    assert run_beside(tmp_path, program.replace(old, new)) == "2.0 0 1\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs limits")
def test_a_full_disk_costs_the_cache_alone(tmp_path):
    """A limit on the size of files stands for the disk: the kernel runs, and nothing is kept."""
    (tmp_path / "kernels.py").write_text(
        "from qdecay._support.compiled import compiled\n@compiled\ndef half(x):\n    return x / 2\n"
    )
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    call = "from kernels import half; print(half(1), len(half.stats.cache_hits))"
    assert run_beside(tmp_path, limit + call) == "0.5 0\n"
    assert [path.suffix for path in tmp_path.rglob("*.nb*")] == []
    run_beside(tmp_path, call)
    assert run_beside(tmp_path, call) == "0.5 1\n"


@pytest.mark.slow
def test_kernels_from_the_disk_are_not_taken_for_those_compiled_here(tmp_path):
    """One function around different kernels, each first called in another process."""
    (tmp_path / "kernels.py").write_text(
        "from qdecay._support.compiled import compiled\n"
        "def returning(n):\n    @compiled\n    def inner():\n        return n\n    return inner\n"
        "def around(n):\n    kernel = returning(n)\n    @compiled\n    def outer(x):\n"
        "        return x + kernel()\n    return outer\n"
    )
    program = "from kernels import around; print(*[around(n)(0) for n in {}])"
    for numbers in ([1], [2, 1], [3, 4, 2, 1], [1, 2, 3, 4], [4, 3, 2, 1]):
        printed = run_beside(tmp_path, program.format(numbers))
        assert printed == " ".join(map(str, numbers)) + "\n"


def test_dynamics_are_made_once_per_model():
    """Thousands of trainings on one model share its tables."""
    mdp = line(3)
    assert dynamics(mdp).pairs is dynamics(mdp, 1).pairs


@pytest.mark.parametrize("stuck", [1, 5, 7])
def test_states_that_no_end_follows_are_named_up_to_five(stuck: int) -> None:
    """Loops that pay for ever, beside a state that ends: gamma = 1 has no value there."""
    rows = [(s, 0, s, 1, 1, False) for s in range(stuck)] + [(stuck, 0, stuck, 1, 1, True)]
    mdp = MDP.from_rows(rows, n_states=stuck + 1, n_actions=1, start=stuck)
    named = ", ".join(str(s) for s in range(min(stuck, 5)))
    with pytest.raises(ValueError, match=rf"none follows state\(s\) {named}: lower gamma"):
        q_learning(mdp, 1.0, steps=10, seed=1)
