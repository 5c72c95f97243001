"""Running a probe: stores, workers and budgets, other people's agents, and the command line."""

from __future__ import annotations

import functools
import importlib.util
import json
import operator
import os
import re
import subprocess
import sys
import time
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sweeps import SMALL as A_SWEEP

import qdecay
from qdecay import Progress, QdecayWarning, Sweep
from qdecay.errors import InputError
from qdecay.probing import (
    agents,
    expected_trainings,
    identity,
    load_trainer,
    sb3_agent,
    tabular_agent,
)
from qdecay.probing.agents import AgentError
from qdecay.probing.identity import Identity
from qdecay.probing.question import SETTINGS, Question
from qdecay.sweep.export import export

AGENT = tabular_agent(qdecay.q_learning, 0.8)
SMALL = {"delays": (1, 3), "settings": ["one-shot"], "tolerance": 0.05}


class Interrupted(Exception):
    """Stands for a kill."""


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """Broken off after 9 trainings, with its last line torn, then run again: the same profile, and
    only the missing trainings are made."""
    store = tmp_path / "answers.jsonl"
    count = 0

    def watch(event: Progress) -> None:
        nonlocal count
        count += event.done > 0
        if event.done and count == 9:
            raise Interrupted

    with pytest.raises(Interrupted):
        qdecay.probe(AGENT, **SMALL, store=store, name="mine", progress=watch)
    with store.open("a") as file:
        file.write('{"question": "torn')
    resumed = qdecay.probe(AGENT, **SMALL, store=store, name="mine", progress=watch)
    whole = qdecay.probe(AGENT, **SMALL, name="mine")
    assert resumed == whole
    assert count == whole.trainings
    count = 100
    assert qdecay.probe(AGENT, **SMALL, store=store, name="mine", progress=watch) == whole
    assert count == 100


def test_a_store_of_another_agent_is_refused(tmp_path: Path) -> None:
    """Answers of one agent say nothing about another, and no other file is taken for a store."""
    store = tmp_path / "answers.jsonl"
    qdecay.probe(AGENT, **SMALL, store=store, name="mine")
    with pytest.raises(InputError, match="contains answers of mine, not of yours"):
        qdecay.probe(AGENT, **SMALL, store=store, name="yours")
    for text in ("hello", "[1]\n", '{"schema": "other/1"}\n'):
        store.write_text(text)
        with pytest.raises(InputError, match="not a probe store"):
            qdecay.probe(AGENT, **SMALL, store=store, name="mine")
        assert store.read_text() == text


def of_code(code: str, folder: Path):
    """Return the `train` of a module with this code."""
    path = folder / "agent_of_mine.py"
    path.write_text(f"import qdecay\nfrom qdecay.probing import tabular_agent\n{code}")
    spec = importlib.util.spec_from_file_location("agent_of_mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.train


def learns(gamma: str) -> str:
    """The code of a trainer whose own text says nothing about its gamma."""
    train = "def train(env, seed):\n    return tabular_agent(qdecay.q_learning, GAMMA)(env, seed)\n"
    return f"GAMMA = {gamma}\n{train}"


def test_a_changed_agent_is_refused_unless_it_is_accepted(tmp_path: Path) -> None:
    """The old answers are not given for the new code; accepted, they are, and from then on."""
    store = tmp_path / "answers.jsonl"
    first = qdecay.probe(of_code(learns("0.8"), tmp_path), **SMALL, store=store, name="mine")
    same = qdecay.probe(of_code(learns("0.8"), tmp_path), **SMALL, store=store, name="mine")
    assert (first.from_store, same.from_store) == (0, first.trainings) and same == first

    changed = of_code(learns("0.5"), tmp_path)
    before = store.read_bytes()
    with pytest.raises(InputError, match=r"another mine \(its code\): .* --accept-changed"):
        qdecay.probe(changed, **SMALL, store=store, name="mine")
    assert store.read_bytes() == before
    assert qdecay.probe(changed, **SMALL, name="mine") != first

    accepted = qdecay.probe(changed, **SMALL, store=store, name="mine", accept_changed=True)
    assert accepted == first and accepted.from_store == first.trainings
    assert qdecay.probe(changed, **SMALL, store=store, name="mine") == first
    with pytest.raises(InputError, match="its code"):
        qdecay.probe(of_code(learns("0.8"), tmp_path), **SMALL, store=store, name="mine")


def made_with(**parts):
    """A trainer that closes over its arguments."""

    def train(env, seed):
        return noisy(env, seed + len(parts))

    return train


class Called:
    """A trainer that is an object; what it remembers of its calls is no number."""

    def __init__(self, rate: float) -> None:
        self.rate, self.calls = rate, object()

    def __call__(self, env, seed: int):
        """Train."""
        return noisy(env, seed)


NOWHERE = (lambda env, seed: 1.5).__code__.replace(co_filename="<nowhere>")
VERSIONS = {
    "closed over": lambda x: made_with(rate=x, deep={"list": [x, "a"]}),
    "agent of qdecay": lambda x: tabular_agent(qdecay.q_learning, x),
    "option of one": lambda x: tabular_agent(qdecay.q_learning, 0.8, step_size=x),
    "algorithm": lambda x: tabular_agent(qdecay.sarsa if x == 0.5 else qdecay.q_learning, 0.8),
    "partial": lambda x: functools.partial(noisy, rate=x),
    "object": Called,
    "method": lambda x: Called(x).__call__,
    "fraction": lambda x: made_with(rate=Fraction(x)),
    "array": lambda x: made_with(rate=np.array([x])),
    "default": lambda x: lambda env, seed, rate=x: noisy(env, seed),
    "cached": lambda x: functools.cache(made_with(rate=x)),
    "no file": lambda x: types.FunctionType(NOWHERE.replace(co_consts=(None, x)), {}),
}
"""What differs by a number, each in its own way."""


@pytest.mark.parametrize("what", VERSIONS)
def test_what_a_trainer_was_made_with_is_part_of_it(what: str) -> None:
    """Two that were made in the same way are one, and another number makes another one."""
    make = VERSIONS[what]
    one, same, other = (Identity.of(make(x), None) for x in (0.5, 0.5, 0.25))
    assert one.code is not None
    assert one == same and one.changes(same) == ""
    assert other.changes(one) == "its code"


def test_the_digest_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Whatever seed Python hashes with."""
    (tmp_path / "mine.py").write_text(
        "import qdecay\nfrom qdecay.probing import tabular_agent\n"
        "inner = tabular_agent(qdecay.q_learning, 0.8)\n"
        "def make(**parts):\n    return lambda env, seed: parts\n"
        "train = make(names={'a', 'b', 'c'}, inner=inner, kind=dict)\n"
    )
    code = "import mine; from qdecay.probing.identity import Identity; "
    code += "print(Identity.of(mine.train, None).code)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1 and found.pop().startswith("sha256:")


def test_a_tag_and_versions_are_part_of_an_agent(monkeypatch, tmp_path: Path) -> None:
    """Each is reported with its old and new value."""
    store = tmp_path / "answers.jsonl"
    qdecay.probe(AGENT, **SMALL, store=store, name="mine", version_tag="a")
    monkeypatch.setattr(identity, "version", lambda package: "9.9")
    with pytest.raises(InputError, match=r"\(qdecay .* -> 9\.9, version tag a -> none\)"):
        qdecay.probe(AGENT, **SMALL, store=store, name="mine")
    assert set(Identity.of(sb3_agent_without_sb3(monkeypatch), None).versions) == {
        "qdecay",
        "stable-baselines3",
        "torch",
    }


def sb3_agent_without_sb3(monkeypatch):
    """Return an agent of Stable-Baselines3, whether it is installed or not."""
    monkeypatch.setattr(agents, "require", lambda *_: None)
    return sb3_agent("DQN", 0.9)


def test_a_store_of_the_time_before_versions_is_refused(tmp_path: Path) -> None:
    """In one line; once accepted, its agent is known."""
    store = tmp_path / "answers.jsonl"
    whole = qdecay.probe(AGENT, **SMALL, store=store, name="mine")
    lines = store.read_text().splitlines()
    lines[0] = '{"schema": "qdecay.probe-trials/1", "agent": "mine"}'
    store.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="its version was not recorded"):
        qdecay.probe(AGENT, **SMALL, store=store, name="mine")
    taken = qdecay.probe(AGENT, **SMALL, store=store, name="mine", accept_changed=True)
    assert taken == whole and taken.from_store == whole.trainings
    assert qdecay.probe(AGENT, **SMALL, store=store, name="mine").from_store == whole.trainings


@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_header_that_was_cut_off_is_written_again(tmp_path: Path, left: int) -> None:
    """A disk was full: no answer is there yet, and the next run begins anew."""
    store = tmp_path / "answers.jsonl"
    qdecay.probe(AGENT, **SMALL, trainings=1, store=store, name="mine")
    whole = store.read_text()
    store.write_text(whole.splitlines()[0][:left])
    qdecay.probe(AGENT, **SMALL, trainings=1, store=store, name="mine")
    assert store.read_text() == whole


def test_an_agent_without_code_is_told(tmp_path: Path) -> None:
    """A function of C: only a tag tells its versions apart, and with a tag nothing is said."""
    store = tmp_path / "answers.jsonl"
    budget = {**SMALL, "trainings": 1, "name": "c"}
    with (
        pytest.raises(AgentError, match="unsupported operand"),
        pytest.warns(QdecayWarning, match="^the code of c cannot be read: only a version tag"),
    ):
        qdecay.probe(operator.add, **budget, store=store)
    with pytest.raises(AgentError, match="unsupported operand"):  # a warning would be an error
        qdecay.probe(operator.add, **budget, store=store.with_suffix(".1"), version_tag="1")


def test_the_store_of_a_sweep_is_told(tmp_path: Path) -> None:
    """And a probe store given for a sweep store; neither changes."""
    sweep, answers = tmp_path / "r.db", tmp_path / "answers.jsonl"
    spec = tmp_path / "spec.toml"
    spec.write_text(A_SWEEP)
    Sweep(spec).run(sweep, backend="here")
    qdecay.probe(AGENT, **SMALL, store=answers, name="mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match="is a sweep store, not a probe store"):
        qdecay.probe(AGENT, **SMALL, store=sweep, name="mine")
    for use in (
        lambda: Sweep(spec).run(answers, backend="here"),
        lambda: qdecay.phase_diagram(answers),
        lambda: export(answers, tmp_path / "x.csv"),
    ):
        with pytest.raises(InputError, match="is a probe store, not a sweep store"):
            use()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_two_workers_find_what_one_finds() -> None:
    """Seeds come from the questions, so the order of work changes nothing."""
    one = qdecay.probe(AGENT, **SMALL, name="mine")
    assert qdecay.probe(AGENT, **SMALL, name="mine", workers=2) == one


def dies(env, seed: int):
    """End the process that it is trained in."""
    os._exit(9)


@pytest.mark.slow
def test_a_training_that_ends_its_process_is_told() -> None:
    """One line in place of an answer that never comes."""
    with pytest.raises(AgentError, match="a training crashed its process"):
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
    profile = qdecay.probe(noisy, (1, 2, 3), settings=["one-shot"], max_seconds=1e-9)
    assert profile.trainings == 1 and profile.timed_out
    assert re.match("undecided: .*; time ran out: allow more", profile.verdict)
    assert "trainings" not in profile.verdict


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
    from qdecay.probing.agents import choose

    question = Question(SETTINGS["one-shot"], 0, 1, -6.9, 1, 0)
    assert choose(sb3_agent(algorithm, 0.9, timesteps=600), question) in (True, False)


def test_unknown_agents_are_refused() -> None:
    """One line says what can be written instead."""
    with pytest.raises(InputError, match="known: DQN, PPO, A2C"):
        sb3_agent("SAC", 0.9)
    for text, message in (
        ("nobody", "write module:function"),
        ("no_such_module:train", "No module named"),
        ("json:nothing", "has no attribute"),
        ("json:__name__", "is not a function"),
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
    """Anything a user module raises: its place, then one line, and exit code 2."""
    (tmp_path / "broken.py").write_text(code)
    done = run("broken:train", folder=tmp_path)
    assert done.returncode == 2
    *shown, line = done.stderr.splitlines()
    assert line.startswith("qdecay: broken:train: importing broken raised") and message in line
    assert [text for text in shown if text.startswith("  File")] == [
        f'  File "{tmp_path / "broken.py"}", line 1' + ", in <module>" * (message == "boom")
    ]


@pytest.mark.slow
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
    assert f"\n{known} of {expected} answers taken from {store}\n" in resumed.stderr
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
from qdecay.probing import tabular_agent
train = tabular_agent(qdecay.q_learning, 0.8)
"""
COUNTED = """
import os, time
from pathlib import Path
import qdecay
from qdecay.probing import tabular_agent
learn = tabular_agent(qdecay.q_learning, 0.8)
def train(env, seed):
    with Path("trainings.log").open("a") as file:
        file.write(".")
    time.sleep(0.2 if "SLOW" in os.environ else 0)
    return learn(env, seed)
"""
SHORT = ("--delays", "1,3", "--tolerance", "0.05")


def test_the_command_measures_an_agent_of_ones_own(tmp_path: Path) -> None:
    """module:function in the working folder; configured 0.95 but really 0.8: the exit code is 1."""
    (tmp_path / "mine.py").write_text(MINE)
    done = run(
        "mine:train", "--gamma", "0.95", *SHORT, "--json", "--plot", "a.svg", folder=tmp_path
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "qdecay.probe/2"
    assert document["gamma"]["low"] <= 0.8 <= document["gamma"]["high"]
    assert document["trainings"] == sum(len(point["far"]) for point in document["points"])
    assert document["diagnosis"]["fault"] not in (None, "sound")
    assert "trainings" in done.stderr
    drawn = (tmp_path / "a.svg").read_text("utf-8")
    assert "configured:" in drawn and "γ = 0.95" in drawn


def test_the_command_gives_an_agent_its_environments(tmp_path: Path) -> None:
    """In the form that was asked for."""
    (tmp_path / "mine.py").write_text(
        "def train(env, seed):\n"
        "    size, n = env.observation_space.shape\n"
        "    assert env.observation_space.dtype == 'float32' and size == 2\n"
        "    return lambda o: [0] if o.shape == (1, n) else None\n"
    )
    form = ("--observation", "one-hot", "--n-envs", "2")
    done = run("mine:train", "--trainings", "2", *SHORT, *form, "--json", folder=tmp_path)
    assert json.loads(done.stdout)["trainings"] == 2, done.stderr


def test_the_command_prints_a_table_and_a_verdict(tmp_path: Path) -> None:
    """A sound learner of qdecay's own: exit code 0."""
    done = run("q_learning", "--gamma", "0.9", "--settings", "one-shot", *SHORT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one-shot" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("verdict: acts as gamma = ")
    assert done.stdout.endswith(", as configured (0.9)\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("q_learning",), "give its discount factor"),
        (("q_learning", "--gamma", "0.9", "--delays", "1,x"), "--delays takes whole numbers"),
        (("q_learning", "--gamma", "2"), "gamma must be in"),
        (("q_learning", "--gamma", "0.9", "--plot", "a.txt"), "must end in"),
        (("q_learning", "--gamma", "0.9", "--accept-changed"), "require --store"),
        (("q_learning", "--gamma", "0.9", "--n-envs", "2"), "neither one-hot observations nor"),
        (("json:dumps", "--observation", "pixels"), "observation must be one of index, one-hot"),
    ],
)
@pytest.mark.slow
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments, message: str) -> None:
    """No traceback."""
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in done.stderr
