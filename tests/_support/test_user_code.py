"""A person's own code that fails is shown from their first line on; what warns is a line."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
from shell import run

from qdecay import QdecayWarning
from qdecay._support.user_code import user_traceback
from qdecay.model.source import Source
from qdecay.probing.agents import AgentError, choose, pack
from qdecay.probing.question import SETTINGS, Question

CODE = """
import gymnasium as gym
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from qdecay_envs import ChainEnv, ChainLayout

class Fails(FrozenLakeEnv):
    def __init__(self, size: int = 3):
        helper()

class WrongType(FrozenLakeEnv):
    def __init__(self):
        len(3)

class NoTable(FrozenLakeEnv):
    P = property(lambda self: helper(), lambda self, table: None)

class Leaves(FrozenLakeEnv):
    def __init__(self):
        raise SystemExit(0)

class Warns(FrozenLakeEnv):
    def __init__(self):
        gym.logger.warn("a %s lake", "thawing")
        super().__init__()

class Fine(FrozenLakeEnv):
    pass

class Hidden(ChainEnv):
    made = False

    def __init__(self):
        super().__init__(ChainLayout.choice(a=[1], b=[0, 3]))
        self.made = True

    @property
    def P_exact(self):
        return helper() if self.made else self.table

    @P_exact.setter
    def P_exact(self, table):
        self.table = table

def helper():
    raise RuntimeError("a fault of mine")

def train(env, seed):
    helper()

def leaves(env, seed):
    raise SystemExit(3)

def calls_qdecay(env, seed):
    import qdecay
    qdecay.q_learning(env, 2.0, seed=seed, steps=1)

for name in ("Hidden", "Fails", "WrongType", "NoTable", "Leaves", "Warns", "Fine"):
    gym.register(f"{name}-v0", entry_point=globals()[name])
gym.register("Fine-v2", entry_point=Fine)
"""
PROBE = ["--gamma", "0.9", "--delays", "1", "--settings", "one-shot"]


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with user modules, which are removed afterwards."""
    path = tmp_path / "my_own.py"
    path.write_text(CODE)
    (tmp_path / "my_typo.py").write_text("def train(env, seed)\n    pass\n")
    (tmp_path / "my_import.py").write_text("import my_missing\n")
    (tmp_path / "my_exit.py").write_text("raise SystemExit(0)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = dict(gym.registry)
    yield path
    gym.registry.clear()
    gym.registry.update(before)
    for name in ("my_own", "my_typo", "my_import", "my_exit"):
        sys.modules.pop(name, None)


FAILS = [
    (["regions", "my_own:Fails-v0"], "my_own", "helper()", "it raised RuntimeError: a fault"),
    (["compare", "my_own:Fails-v0"], "my_own", "helper()", "it raised RuntimeError: a fault"),
    (["report", "my_own:Fails-v0", "-o", "x.html"], "my_own", "helper()", "it raised RuntimeError"),
    (["compare", "my_own:Hidden-v0"], "my_own", "helper()", "it raised RuntimeError: a fault"),
    (["blackwell", "my_own:WrongType-v0"], "my_own", "len(3)", "it raised TypeError: object of"),
    (["regions", "my_own:NoTable-v0"], "my_own", "P = property", "it raised RuntimeError: a fault"),
    (["regions", "my_own:Leaves-v0"], "my_own", "raise SystemExit(0)", "it raised SystemExit: 0"),
    (["regions", "my_typo:X-v0"], "my_typo", "def train", "importing my_typo raised SyntaxError"),
    (["regions", "my_import:X-v0"], "my_import", "import my_missing", "No module named"),
    (["regions", "my_exit:X-v0"], "my_exit", "raise SystemExit(0)", "raised SystemExit: 0"),
    (["probe", "my_typo:train"], "my_typo", "def train", "importing my_typo raised SyntaxError"),
    (["probe", "my_exit:train"], "my_exit", "raise SystemExit(0)", "raised SystemExit: 0"),
    (["probe", "my_own:train"], "my_own", "helper()", "RuntimeError('a fault of mine')"),
    (["probe", "my_own:leaves"], "my_own", "raise SystemExit(3)", "the agent raised SystemExit(3)"),
    (["probe", "my_own:calls_qdecay"], "my_own", "qdecay.q_learning", "gamma must be"),
]


@pytest.mark.parametrize(("words", "module", "first", "message"), FAILS)
def test_their_traceback_comes_before_our_line(
    capsys, monkeypatch, mine: Path, words: list[str], module: str, first: str, message: str
) -> None:
    """It begins at their first line: no line of ours, of Gymnasium or of imports stands before."""
    code, out, err = run(capsys, monkeypatch, *words, *PROBE * (words[0] == "probe"))
    *shown, line = [text for text in err.splitlines() if not text.startswith("about ")]
    files = [text for text in shown if text.startswith("  File ")]
    assert (code, out) == (2, "")
    assert line.startswith("qdecay: ") and message in line and err.count("qdecay: ") == 1
    assert str(mine.parent / f"{module}.py") in files[0]
    assert first in shown[shown.index(files[0]) + 1]
    assert shown[0] in ("Traceback (most recent call last):", files[0])


def test_their_traceback_comes_out_of_worker_processes_too(capsys, monkeypatch, mine) -> None:
    """Exceptions lose their tracebacks on the way between processes."""
    code, _, err = run(capsys, monkeypatch, "probe", "my_own:train", *PROBE, "--workers", "2")
    assert code == 2
    assert f'{mine}", line ' in err and "helper()" in err and "/loky/" not in err


def test_a_module_that_fails_in_other_processes_only_is_shown(capsys, monkeypatch, mine) -> None:
    """It is imported again there; an agent that cannot be sent at all is reported in a line."""
    (mine.parent / "my_second.py").write_text(
        "import os\n\ndef train(env, seed):\n    pass\n\n"
        f"if os.getpid() != {os.getpid()}:\n    raise RuntimeError('only there')\n"
    )
    words = ["probe", "my_second:train", *PROBE, "--workers", "2"]
    code, _, err = run(capsys, monkeypatch, *words)
    sys.modules.pop("my_second")
    *_, first, shown, error, line = err.splitlines()
    assert code == 2 and "my_second.py" in first and "only there" in shown + error
    assert line.startswith("qdecay: the agent cannot be loaded in another process: RuntimeError")
    lock = threading.Lock()
    with pytest.raises(AgentError, match="cannot be sent to other processes"):
        pack(lambda env, seed: lock)


@pytest.mark.parametrize("name", ["Fails", "NoTable"])
def test_a_sweep_shows_where_an_environment_failed(capsys, monkeypatch, mine, name: str) -> None:
    """Then the place in the spec."""
    Path("s.toml").write_text(
        'schema = "qdecay.sweep/1"\nseeds = 1\ngammas = [0.5]\n'
        f'[[sources]]\nsource = "my_own:{name}-v0"\n'
        '[[learners]]\nname = "q_learning"\nepisodes = 1\n'
    )
    code, _, err = run(capsys, monkeypatch, "sweep", "run", "s.toml", "--dry-run")
    assert code == 2 and str(mine) in err.splitlines()[1]
    assert f"qdecay: s.toml: sources[0]: my_own:{name}-v0: it raised" in err.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["regions", "my_nowhere:X-v0"],
        ["regions", "my_own:X-v0"],
        ["regions", "my_own:Fails-v0", "-k", "size=big"],
        ["regions", "my_own:Fails-v0", "-k", "colour=1"],
        ["regions", "qdecay/DelayMenu-v0", "-k", "ending=never"],
        ["regions", "FrozenLake-v1", "-k", "map_name=9x9"],
        ["probe", "my_nowhere:train", *PROBE],
        ["probe", "my_own:nothing", *PROBE],
    ],
)
def test_what_was_typed_wrongly_is_one_line(capsys, monkeypatch, words: list[str]) -> None:
    """No line of their own code has failed: there is none to be shown."""
    code, _, err = run(capsys, monkeypatch, *words)
    assert code == 2 and err.count("\n") == 1 and err.startswith("qdecay: ")


def test_an_agent_that_answers_nonsense_is_one_line() -> None:
    """Nothing was raised."""
    question = Question(SETTINGS["one-shot"], 0, 1, -0.5, 1, 0)
    with pytest.raises(AgentError, match="not action 0 or 1") as caught:
        choose(lambda env, seed: lambda observation: "left", question)
    assert caught.value.shown == ""


def test_what_we_raise_has_no_part_of_theirs() -> None:
    """A refusal of ours alone; with a line of this file before it, it is this file's."""
    with pytest.raises(ValueError, match="probability") as caught:
        gym.make("qdecay/StayOrMove-v0", slip=2)
    whole = caught.value.__traceback__
    assert user_traceback(caught.value)[0] is caught.value
    assert user_traceback(caught.value.with_traceback(whole.tb_next)) == (None, "")


NOTES = [
    (["FrozenLake"], 0, ["FrozenLake: names no version; using FrozenLake-v1"]),
    (["my_own:Fine"], 0, ["my_own:Fine: names no version; using Fine-v2"]),
    (["my_own:Fine-v0"], 0, ["my_own:Fine-v0: is out of date; Fine-v2 is newer"]),
    (["my_own:Warns-v0"], 0, ["my_own:Warns-v0: a thawing lake"]),
    (["my_own:Fine-v1"], 2, ["my_own:Fine-v1: no such version; registered: Fine-v0, F"]),
    (["Taxi-v1"], 2, ["Taxi-v1: no such version; registered: Taxi-v"]),
    (["CartPole-v0"], 2, ["CartPole-v0: CartPoleEnv has no table"]),
    (["StayOrMove-v0"], 2, ["nor a registered Gymnasium id: did you mean qdecay/StayOrMove-v0?"]),
    (["StayOrMove"], 2, ["nor a registered Gymnasium id: did you mean qdecay/StayOrMove-v0?"]),
    (["qdecay/StayOrMov-v0"], 2, ["id: did you mean qdecay/StayOrMove-v0?"]),
    (["FrozenLak-v1"], 2, ["id: did you mean FrozenLake-v1?"]),
    (["frozen-lake"], 2, ["neither a file nor a registered Gymnasium id; `qdecay envs` lists"]),
]


@pytest.mark.parametrize(("words", "code", "lines"), NOTES)
def test_versions_and_warnings_are_told_in_a_line_each(
    capsys, monkeypatch, words: list[str], code: int, lines: list[str]
) -> None:
    """Once, without a path, a colour or a warning (an error here); an error stands alone."""
    found, _, err = run(capsys, monkeypatch, "blackwell", *words)
    assert found == code
    assert len(err.splitlines()) == len(lines)
    for shown, line in zip(err.splitlines(), lines, strict=True):
        assert shown.startswith("qdecay: ") and line in shown
        assert "\x1b" not in shown and "WARN" not in shown


def test_a_note_is_told_once(capsys, monkeypatch, tmp_path: Path) -> None:
    """A report makes the environment several times."""
    code, _, err = run(capsys, monkeypatch, "report", "FrozenLake", "-o", "x.html", "--exact-only")
    assert (code, err.count("names no version")) == (0, 1)


def test_a_program_gets_notes_as_warnings() -> None:
    """Of a category of our own, which it can filter."""
    with pytest.warns(QdecayWarning, match="names no version; using FrozenLake-v1"):
        Source("FrozenLake").mdp()


def test_an_id_registered_without_a_version_is_itself(capsys) -> None:
    """Then there is nothing to tell."""
    from qdecay.model.registered import spec_of

    gym.register("Old", entry_point="my_own:Fine")
    assert spec_of("Old").id == "Old"
    assert capsys.readouterr().err == ""
