"""Agents as people have them: their environments, how they answer, and trainings that fail."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

import qdecay
from qdecay import Progress, QdecayWarning
from qdecay.probing import AgentError, sb3_agent, tabular_agent
from qdecay.probing.agents import choose
from qdecay.probing.question import SETTINGS, Question

LEARNS = tabular_agent(qdecay.q_learning, 0.8)
SMALL: dict[str, Any] = {"delays": (1, 3), "settings": ["one-shot"], "tolerance": 0.05}
QUESTION = Question(SETTINGS["one-shot"], 0, 2, -0.5, 0, 0)


class Tensor:
    """A tensor as torch has it: no array before it is detached and on the CPU."""

    def __init__(self, value: float, ready: int = 0) -> None:
        self._value, self._ready = value, ready

    def detach(self) -> Tensor:
        """Return it without its gradient."""
        return Tensor(self._value, self._ready + 1)

    def cpu(self) -> Tensor:
        """Return a copy on the CPU."""
        return Tensor(self._value, self._ready + 1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return it as an array, if that is possible."""
        if self._ready < 2:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return np.array(self._value, dtype)


ANSWERS = {
    "number": lambda a: a,
    "bool": bool,
    "numpy bool": np.bool_,
    "numpy number": np.int8,
    "no dimension": np.array,
    "batch of one": lambda a: np.array([a]),
    "list": lambda a: [a],
    "action and state": lambda a: (a, None),
    "action and log_prob": lambda a: (np.array([a]), -0.7, {"entropy": 0.1}),
    "tensor": Tensor,
    "tensor and log_prob": lambda a: (Tensor(a), Tensor(-0.7)),
}
"""One action, in every form in which policies give it."""


@pytest.mark.parametrize("loads", [False, True])
def test_torch_computes_in_one_thread(monkeypatch: pytest.MonkeyPatch, loads: bool) -> None:
    """While an agent trains and answers, unless it asks for more; afterwards all is as it was."""
    threads, seen = [8], []
    torch = ModuleType("torch")
    torch.get_num_threads = lambda: threads[-1]  # type: ignore[attr-defined]
    torch.set_num_threads = threads.append  # type: ignore[attr-defined]

    class Agent:
        packages = ("torch",) if loads else ()

        def __call__(self, env: Any, seed: int) -> Callable[[Any], int]:
            seen.append(threads[-1])
            return lambda observation: seen.append(threads[-1]) or 0

    monkeypatch.setitem(sys.modules, "torch", torch)
    choose(Agent(), QUESTION)
    assert seen == [1, 1] and threads == [8, 1, 8]
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(importlib, "import_module", lambda name: torch)
    choose(Agent(), QUESTION)
    assert seen[2:] == ([1, 1] if loads else [8, 8]) and threads[-1] == 8


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("action", [0, 1])
def test_an_action_is_read_in_every_form(form: str, action: int) -> None:
    """It is the far one or it is not."""
    answer = ANSWERS[form](action)
    assert choose(lambda env, seed: lambda o: answer, QUESTION) == (action == QUESTION.far_action)


@pytest.mark.parametrize("grad", [False, True])
def test_a_tensor_of_torch_is_read(grad: bool) -> None:
    """Also one that requires a gradient."""
    torch = pytest.importorskip("torch")
    answer = torch.tensor([1.0], requires_grad=grad)
    assert choose(lambda env, seed: lambda o: answer, QUESTION) == (QUESTION.far_action == 1)


@pytest.mark.parametrize(
    "answer",
    [np.array([0, 1]), [1.0, 0.0], (0.5, 0), (), [], None, {"action": 1}, Tensor(math.nan)],
)
def test_what_is_not_one_action_is_an_error(answer: Any) -> None:
    """A value for each action may be meant for anything: it is not guessed."""
    with pytest.raises(AgentError, match=r"^the agent chose .*, which is not action 0 or 1 \(one"):
        choose(lambda env, seed: lambda o: answer, QUESTION)


class Unlucky:
    """A sound trainer, save that something happens in trainings with some seeds."""

    def __init__(self, happens: Callable[[], object], seeds: Collection[int]) -> None:
        self._happens, self._seeds = happens, seeds

    def __call__(self, env: Any, seed: int) -> Any:
        """Learn, or not."""
        if seed in self._seeds:
            self._happens()
        return LEARNS(env, seed)


def seeds_asked(**options: Any) -> list[int]:
    """Return the seeds of a run in which nothing fails."""
    seeds: list[int] = []
    qdecay.probe(lambda env, seed: seeds.append(seed) or LEARNS(env, seed), **SMALL, **options)
    return seeds


def boom() -> None:
    """Raise as a diverged network does."""
    raise ValueError("loss is nan")


FAILED = "^[1-9] trainings failed, repeated with another seed; the last: "


@pytest.mark.slow
@pytest.mark.parametrize("happens", [boom, sys.exit])
def test_a_run_survives_trainings_that_raise(tmp_path: Path, happens) -> None:
    """Each is repeated with another seed and counted: the answers are a sound agent's, the same
    with any number of workers, and from a store with the same count."""
    agent, store = Unlucky(happens, seeds_asked()[5::7]), tmp_path / "answers.jsonl"
    reason = "the agent raised (ValueError|SystemExit)"
    with pytest.warns(QdecayWarning, match=FAILED + reason):
        one = qdecay.probe(agent, **SMALL, name="mine", store=store)
    assert len(seeds_asked()[5::7]) == one.failed == one.to_json()["failed"]
    assert one == qdecay.probe(LEARNS, **SMALL, name="mine")
    with pytest.warns(QdecayWarning, match=FAILED + reason):
        two = qdecay.probe(agent, **SMALL, name="mine", workers=2)
    with pytest.warns(QdecayWarning, match=FAILED + reason):
        again = qdecay.probe(agent, **SMALL, name="mine", store=store)
    assert one == two == again and one.failed == two.failed == again.failed
    assert again.from_store == again.trainings
    lines = store.read_text().splitlines()
    head = next(number for number, line in enumerate(lines) if '"failed"' in line)
    store.write_text("\n".join(lines[:head]) + "\n")
    with pytest.warns(QdecayWarning, match=FAILED):
        resumed = qdecay.probe(agent, **SMALL, name="mine", store=store)
    assert resumed == one and resumed.failed == one.failed and resumed.from_store == head - 1


@pytest.mark.slow
def test_a_run_survives_workers_that_die() -> None:
    """Which of the trainings it was is found out by running each alone."""
    doomed = seeds_asked(trainings=6)[3:4]
    few = {**SMALL, "trainings": 6, "name": "mine"}
    with pytest.warns(QdecayWarning, match="^1 training failed, .*: a training crashed its proc"):
        found = qdecay.probe(Unlucky(lambda: os._exit(9), doomed), **few, workers=2)
    assert found == qdecay.probe(LEARNS, **few) and found.failed == 1


def test_another_seed_is_another_agent() -> None:
    """The attempt is part of the training's seed, but not of what is asked; the first attempt's
    key is that of stores written before there were others."""
    again = replace(QUESTION, attempt=1)
    assert again.seed != QUESTION.seed and again.layout == QUESTION.layout
    assert set(json.loads(QUESTION.key)) == {
        *("setting", "near_delay", "delay", "log_ratio", "number", "base_seed"),
    }
    assert QUESTION.seed == 1_894_378_533


def test_a_trainer_that_always_raises_is_at_fault() -> None:
    """After three attempts; an invalid action or a policy that is none is no luck."""
    count = 0

    def train(env, seed):
        nonlocal count
        count += 1
        return LEARNS if count > 3 else boom()

    with pytest.raises(AgentError, match=r"^the agent raised .*, 3 times in a row$") as caught:
        qdecay.probe(train, **SMALL)
    assert count == 3
    assert "boom()" in caught.value.shown
    for wrong in (lambda o: 2, None):
        trained = []
        with pytest.raises(AgentError, match="the agent chose 2|must return a policy"):
            qdecay.probe(lambda env, seed, to=trained, is_=wrong: to.append(1) or is_, **SMALL)
        assert len(trained) == 1


def test_an_interrupt_is_no_bad_luck() -> None:
    """Ctrl-C ends the run."""
    with pytest.raises(KeyboardInterrupt):
        qdecay.probe(Unlucky(interrupted, seeds_asked()), **SMALL)


def interrupted() -> None:
    """Stand for Ctrl-C."""
    raise KeyboardInterrupt


def network(env: Any, seed: int) -> Callable[[np.ndarray], Any]:
    """Q-learning of a network of one layer, with discount 0.8, in one environment or in many."""
    rng = np.random.default_rng(seed)
    envs = env if isinstance(env, VectorEnv) else SyncVectorEnv([lambda: env])
    weights = np.zeros((envs.single_observation_space.shape[0], 2))
    observation, _ = envs.reset(seed=seed)
    over = np.zeros(envs.num_envs, bool)
    for _ in range(400 // envs.num_envs):
        action = rng.integers(2, size=envs.num_envs)
        following, reward, terminated, truncated, _ = envs.step(action)
        target = reward + np.where(terminated, 0, 0.8 * (following @ weights).max(axis=1))
        for i in np.flatnonzero(~over):  # after its last step an environment only resets
            x = observation[i]
            weights[:, action[i]] += x * (target[i] - x @ weights[:, action[i]])
        observation, over = following, terminated | truncated
    return lambda o: (o @ weights).argmax(axis=-1)


FORMS: list[dict[str, Any]] = [
    {"observation": "one-hot"},
    {"observation": "one-hot", "n_envs": 3},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.slow
def test_a_network_is_measured(form: dict[str, Any]) -> None:
    """On one-hot vectors, alone or in a vector of three, it has the discount it learns with."""
    battery = ["one-shot", "time limit"]
    profile = qdecay.probe(network, (1, 3), settings=battery, tolerance=0.05, **form)
    assert profile.gamma is not None and profile.gamma[0] <= 0.8 <= profile.gamma[2]
    assert all(point.gamma and point.gamma[0] <= 0.8 <= point.gamma[2] for point in profile.points)
    small = {**SMALL, **form, "trainings": 6}
    assert qdecay.probe(network, **small) == qdecay.probe(network, **small, workers=2)


@pytest.mark.parametrize("setting", ["one-shot", "time limit"])
@pytest.mark.parametrize("observation", ["index", "one-hot"])
@pytest.mark.parametrize("n_envs", [None, 1, 3])
def test_an_environment_has_the_form_that_was_asked_for(setting, observation, n_envs) -> None:
    """Spaces, and the observation of the choice: one, or a batch of one."""
    seen = []

    def train(env, seed):
        assert isinstance(env, VectorEnv if n_envs else gym.Env)
        seen.append(env.single_observation_space if n_envs else env.observation_space)
        assert not n_envs or env.num_envs == n_envs
        assert not n_envs or env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
        return lambda o: seen.append(o) or 0

    form = {"observation": observation, "n_envs": n_envs}
    qdecay.probe(train, (2,), settings=[setting], trainings=1, **form)
    space, found = seen
    batch = (1,) if n_envs else ()
    if observation == "index":
        assert space == Discrete(space.n) and np.shape(found) == batch
    else:
        assert space == Box(0, 1, space.shape, np.float32)
        assert found.dtype == np.float32 and found.shape == (*batch, *space.shape)
        assert found.sum() == found.max() == 1


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("number", range(3))
def test_the_choice_is_shown_as_the_environment_shows_it(setting: str, number: int) -> None:
    """The start state is read off the layout, without a second environment."""
    question = Question(SETTINGS[setting], 1, 4, -0.3, number, 0)
    found, (shown, _) = question.first_observation(), question.env().reset(seed=1)
    assert found == shown and type(found) is type(shown)


def test_answers_in_one_form_are_none_in_another(tmp_path: Path) -> None:
    """One store has them all, each under what was asked."""
    store = tmp_path / "answers.jsonl"
    agent = lambda env, seed: lambda o: 0  # noqa: E731
    for form in ({}, *FORMS, {"n_envs": 1}):
        few = {**SMALL, **form, "trainings": 2, "store": store, "name": "mine"}
        assert qdecay.probe(agent, **few).from_store == 0
        assert qdecay.probe(agent, **few).from_store == 2


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"observation": "pixels"}, "observation must be one of index, one-hot, got 'pixels'"),
        ({"n_envs": 0}, "n_envs must be >= 1, got 0"),
        ({"observation": "one-hot"}, "a tabular agent takes neither one-hot"),
        ({"n_envs": 2}, "a tabular agent takes neither one-hot"),
    ],
)
def test_a_form_that_cannot_be_had_is_refused(form: dict[str, Any], message: str) -> None:
    """Before anything is trained."""
    with pytest.raises(ValueError, match=message):
        qdecay.probe(LEARNS, **SMALL, **form)


@pytest.mark.parametrize("form", [*FORMS, {"n_envs": 2}])
def test_agents_of_stable_baselines_take_every_form(form: dict[str, Any]) -> None:
    """A real DQN tells a reward of nothing from one of 1 after a short training."""
    pytest.importorskip("stable_baselines3")
    agent = sb3_agent("DQN", 0.9, timesteps=600)
    for side in (0, 1):
        assert choose(agent, replace(QUESTION, delay=1, log_ratio=-6.9, number=side, **form))


@pytest.mark.parametrize(
    ("seconds", "limit", "said"),
    [
        (12.0, None, r"about 3\d more trainings of 12\.0 s each: [678]\.\d min"),
        (12.0, 126, r"about 3\d more trainings of 12\.0 s .*; 10 of them fit in the 2\.1 min left"),
        (0.1, 1, None),
    ],
)
def test_the_cost_in_seconds_is_said_early_and_once(monkeypatch, seconds, limit, said) -> None:
    """From the median of the first three, the first of which compiles; never for fast agents."""
    clock, seen = [0.0], list[Progress]()

    def train(env, seed):
        clock[0] += seconds if seen[-1].done else 60
        return LEARNS(env, seed)

    monkeypatch.setattr("qdecay.probing.agents.perf_counter", lambda: clock[0])
    qdecay.probe(train, **SMALL, max_seconds=limit, progress=seen.append)
    remarks = {event.done: event.remark for event in seen if event.remark}
    assert list(remarks) == ([3] if said else [])
    assert not said or re.fullmatch(said, remarks[3])


def test_the_cost_is_that_of_the_trainings_that_are_left(tmp_path: Path, monkeypatch) -> None:
    """Not of those whose answers are stored."""
    store, clock, seen = tmp_path / "answers.jsonl", [0.0], list[Progress]()
    qdecay.probe(LEARNS, **SMALL, store=store, name="mine", trainings=20)

    def train(env, seed):
        clock[0] += 100
        return LEARNS(env, seed)

    monkeypatch.setattr("qdecay.probing.agents.perf_counter", lambda: clock[0])
    few = {**SMALL, "trainings": 26, "name": "mine", "accept_changed": True}
    qdecay.probe(train, **few, store=store, progress=seen.append)
    (remark,) = [event.remark for event in seen if event.remark]
    assert remark == "about 3 more trainings of 1.7 min each: 5.0 min"


def test_agents_of_qdecay_are_called_after_their_algorithm(monkeypatch) -> None:
    """In the profile of an agent that nobody named."""
    agent = tabular_agent(qdecay.q_learning, 0.9)
    profile = qdecay.probe(agent, (2,), settings=["one-shot"], trainings=1)
    assert profile.agent == "q_learning" and "(q_learning: " in repr(profile)
    monkeypatch.setattr("qdecay.probing.agents.require", lambda *_: None)
    assert sb3_agent("DQN", 0.9).__name__ == "DQN"  # type: ignore[attr-defined]


@pytest.mark.parametrize("learner", [None, "q_learning", lambda env, gamma: None])
def test_what_is_no_learner_is_refused(learner: Any) -> None:
    """Before anything is trained."""
    with pytest.raises(
        TypeError, match="^learner must be a learner such as qdecay.q_learning, got"
    ):
        tabular_agent(learner, 0.9)


@pytest.mark.parametrize("learner", [qdecay.double_q_learning, qdecay.expected_sarsa])
@pytest.mark.parametrize("setting", ["one-shot", "repeating", "time limit"])
def test_a_tabular_agent_has_learnt_what_it_can_learn(learner: Any, setting: str) -> None:
    """A hair beside the indifference point every training takes the better side.

    Two tables, or the mean over actions, need several visits of a state where Q-learning needs one.
    """
    agent = tabular_agent(learner, 0.9)
    for number in range(10):
        beside = 1e-4 if number % 4 < 2 else -1e-4
        question = Question(SETTINGS[setting], 0, 8, 8 * math.log(0.9) - beside, number, 0)
        assert choose(agent, question) == (beside > 0), number
