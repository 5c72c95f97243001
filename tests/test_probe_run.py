"""Running a probe: stores, workers and budgets, other people's agents, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import qdecay
from qdecay.errors import InputError
from qdecay.probe import expected_trainings, load_trainer, sb3_agent, tabular_agent
from qdecay.probe.agents import AgentError
from qdecay.probe.question import SETTINGS, Question

AGENT = tabular_agent(qdecay.q_learning, 0.8)
SMALL = {"delays": (1, 3), "settings": ["one-shot"], "tolerance": 0.05}


class Interrupted(Exception):
    """Stands for a kill."""


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """Broken off after 9 trainings, with its last line torn, then run again: the same profile, and
    only the missing trainings are made."""
    store = tmp_path / "answers.jsonl"
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count == 9:
            raise Interrupted

    with pytest.raises(Interrupted):
        qdecay.probe(AGENT, **SMALL, store=store, name="mine", tick=tick)
    with store.open("a") as file:
        file.write('{"question": "torn')
    resumed = qdecay.probe(AGENT, **SMALL, store=store, name="mine", tick=tick)
    whole = qdecay.probe(AGENT, **SMALL, name="mine")
    assert resumed == whole
    assert count == whole.trainings
    count = 100
    assert qdecay.probe(AGENT, **SMALL, store=store, name="mine", tick=tick) == whole
    assert count == 100


def test_a_store_of_another_agent_is_refused(tmp_path: Path) -> None:
    """Answers of one agent say nothing about another, and no other file is taken for a store."""
    store = tmp_path / "answers.jsonl"
    qdecay.probe(AGENT, **SMALL, store=store, name="mine")
    with pytest.raises(InputError, match="holds the answers of mine, not of yours"):
        qdecay.probe(AGENT, **SMALL, store=store, name="yours")
    for text in ("hello", "[1]\n", '{"schema": "other/1"}\n'):
        store.write_text(text)
        with pytest.raises(InputError, match="is no store of a probe"):
            qdecay.probe(AGENT, **SMALL, store=store, name="mine")
        assert store.read_text() == text


def test_two_workers_find_what_one_finds() -> None:
    """Seeds come from the questions, so the order of work changes nothing."""
    one = qdecay.probe(AGENT, **SMALL, name="mine")
    assert qdecay.probe(AGENT, **SMALL, name="mine", workers=2) == one


def dies(env, seed: int):
    """End the process that it is trained in."""
    os._exit(9)


def test_a_training_that_ends_its_process_is_told() -> None:
    """One line in place of an answer that never comes."""
    with pytest.raises(AgentError, match="a training ended its process"):
        qdecay.probe(dies, (1, 2), settings=["one-shot"], workers=2)


def noisy(env, seed: int):
    """Answer at random: no point is ever known."""
    action = seed % 2
    return lambda observation: action


@pytest.mark.parametrize("budget", [1, 5, 12])
def test_a_budget_of_trainings_is_kept_and_shared_evenly(budget: int) -> None:
    """No training more than allowed, and no delay asked more often than another by two."""
    profile = qdecay.probe(noisy, (1, 2, 3), settings=["one-shot"], trainings=budget)
    counts = [len(point.actions) for point in profile.points]
    assert profile.trainings == sum(counts) == budget
    assert max(counts) - min(counts) <= 1


def test_a_budget_of_seconds_stops_the_asking() -> None:
    """One round at least, then the clock is looked at before every batch."""
    profile = qdecay.probe(noisy, (1, 2, 3), settings=["one-shot"], seconds=1e-9)
    assert profile.trainings == 1
    assert profile.gamma is None
    assert "no indifference point" in profile.verdict


def test_the_expected_number_is_stated_for_each_point() -> None:
    """Twice the points cost twice the trainings; a finer answer costs more."""
    one = expected_trainings((4,), 0, 0.9, ["one-shot"], None)
    assert expected_trainings((4,), 0, 0.9, ["one-shot", "large"], None) - 2 * one in (-1, 0, 1)
    assert expected_trainings((4,), 0, 0.9, ["one-shot"], 0.001) > one


class Predictor:
    """A policy as Stable-Baselines3 has it."""

    def __init__(self, action: int) -> None:
        self._action = action

    def predict(self, observation, deterministic: bool = False):
        """Return the action and a state."""
        assert deterministic
        return self._action, None


def test_policies_with_predict_are_asked_by_predict() -> None:
    """They answer with an action and a hidden state."""

    def train(env, seed):
        return Predictor(env.unwrapped.layout.names.index("far"))

    profile = qdecay.probe(train, (2,), settings=["one-shot"])
    assert {point.side for point in profile.points} == {"far"}


@pytest.mark.parametrize("algorithm", ["DQN", "PPO", "A2C"])
def test_stable_baselines_agents_answer_a_question(algorithm: str) -> None:
    """A short training of each, on a choice where one side pays a thousand times more."""
    pytest.importorskip("stable_baselines3")
    from qdecay.probe.agents import choose

    question = Question(SETTINGS["one-shot"], 0, 1, -6.9, 1, 0)
    assert choose(sb3_agent(algorithm, 0.9, timesteps=600), question) in (True, False)


def test_unknown_agents_are_refused() -> None:
    """One line says what can be written instead."""
    with pytest.raises(InputError, match="known are DQN, PPO, A2C"):
        sb3_agent("SAC", 0.9)
    for text, message in (
        ("nobody", "write module:function"),
        ("no_such_module:train", "No module named"),
        ("json:nothing", "has no attribute"),
        ("json:__name__", "is no function"),
    ):
        with pytest.raises(InputError, match=message):
            load_trainer(text, 0.9)
    with pytest.raises(InputError, match="--gamma"):
        load_trainer("q_learning", None)


@pytest.mark.parametrize(
    ("code", "message"),
    [("def train(", "SyntaxError"), ("raise RuntimeError('boom')", "boom")],
)
def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path, code, message: str) -> None:
    """Whatever a person's own module raises: where in it, then one line, and exit code 2."""
    (tmp_path / "broken.py").write_text(code)
    done = run("broken:train", folder=tmp_path)
    assert done.returncode == 2
    *shown, line = done.stderr.splitlines()
    assert line.startswith("qdecay: broken:train: importing broken raised") and message in line
    assert [text for text in shown if text.startswith("  File")] == [
        f'  File "{tmp_path / "broken.py"}", line 1' + ", in <module>" * (message == "boom")
    ]


def test_a_killed_command_goes_on_where_it_was(tmp_path: Path) -> None:
    """SIGKILL in the middle of a run: started again, it makes only the trainings that are missing,
    and says what a run says that nobody killed."""
    (tmp_path / "mine.py").write_text(COUNTED)
    store, log = tmp_path / "answers.jsonl", tmp_path / "trainings.log"
    command = ("mine:train", "--settings", "one-shot", *SHORT, "--json")
    whole = run(*command, folder=tmp_path)
    expected = len(log.read_text())
    log.unlink()

    killed = subprocess.Popen(
        [sys.executable, "-m", "qdecay", "probe", *command, "--store", str(store)],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "SLOW": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not store.exists() or len(store.read_text().splitlines()) < 6:
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()

    known = len(store.read_text().splitlines()) - 1
    log.unlink()
    resumed = run(*command, "--store", str(store), folder=tmp_path)
    assert resumed.stdout == whole.stdout
    assert len(log.read_text()) == expected - known
    assert 5 <= known < expected


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "qdecay", "probe", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        check=False,
    )


MINE = """
import qdecay
from qdecay.probe import tabular_agent
train = tabular_agent(qdecay.q_learning, 0.8)
"""
COUNTED = """
import os, time
from pathlib import Path
import qdecay
from qdecay.probe import tabular_agent
learn = tabular_agent(qdecay.q_learning, 0.8)
def train(env, seed):
    with Path("trainings.log").open("a") as file:
        file.write(".")
    time.sleep(0.2 if "SLOW" in os.environ else 0)
    return learn(env, seed)
"""
SHORT = ("--delays", "1,3", "--tolerance", "0.05")


def test_the_command_measures_an_agent_of_ones_own(tmp_path: Path) -> None:
    """module:function in the working folder; told 0.95 but 0.8 in truth: the exit code is 1."""
    (tmp_path / "mine.py").write_text(MINE)
    done = run(
        "mine:train", "--gamma", "0.95", *SHORT, "--json", "--plot", "a.svg", folder=tmp_path
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "qdecay.probe/1"
    assert document["gamma"]["low"] <= 0.8 <= document["gamma"]["high"]
    assert document["trainings"] == sum(len(point["far"]) for point in document["points"])
    assert document["diagnosis"]["fault"] not in (None, "sound")
    assert "trainings" in done.stderr
    assert "told: gamma = 0.95" in (tmp_path / "a.svg").read_text()


def test_the_command_prints_a_table_and_a_verdict(tmp_path: Path) -> None:
    """A sound learner of qdecay's own: exit code 0."""
    done = run("q_learning", "--gamma", "0.9", "--settings", "one-shot", *SHORT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one-shot" in done.stdout
    assert "the curve is exponential" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("q_learning",), "say what discount it is told"),
        (("q_learning", "--gamma", "0.9", "--delays", "1,x"), "--delays takes whole numbers"),
        (("q_learning", "--gamma", "2"), "gamma must be in"),
        (("q_learning", "--gamma", "0.9", "--plot", "a.txt"), "must end in"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments, message: str) -> None:
    """No traceback."""
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in done.stderr
