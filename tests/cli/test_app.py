"""The command line: output, JSON, exit codes, and one line for every wrong input."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from models import TAXI
from shell import check_refused, commands, run
from sweeps import SMALL as A_SWEEP

import qdecay
from qdecay._support import progress
from qdecay._support.deadline import Deadline
from qdecay.comparison.compare import compare
from qdecay.learning.tabular import TABULAR
from qdecay.model.readers.files import SUFFIXES
from qdecay.sweep import run as sweep_run
from qdecay.sweep.backends import InProcess

LAYOUT = {"schema": "qdecay.layout/1", "near": ["a", [2]], "far": ["b", [0, 3]]}


@pytest.fixture
def layout_file(tmp_path: Path) -> str:
    """2 now or 3 one step later: 2/3."""
    path = tmp_path / "layout.json"
    path.write_text(json.dumps(LAYOUT))
    return str(path)


def test_without_arguments_the_four_answers(capsys, monkeypatch) -> None:
    """The first thing a newcomer types shows something worth seeing."""
    code, out, err = run(capsys, monkeypatch)
    assert (code, err) == (0, "")
    for answer in ("1/2", "1/3", "6^(-1/3)", "110^(-1/99)", "qdecay compare"):
        assert answer in out


def test_compare_prints_a_table(capsys, monkeypatch, layout_file: str) -> None:
    """A layout file, by hand 2/3; the exit code says that all agree."""
    code, out, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert code == 0
    assert "2/3" in out
    assert "agree" in out


def test_compare_prints_json_and_nothing_else(capsys, monkeypatch, layout_file: str) -> None:
    """One document of schema qdecay.comparison/1."""
    code, out, err = run(capsys, monkeypatch, "compare", layout_file, "--json", "--seeds", "11")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "qdecay.comparison/1"
    (row,) = document["rows"]
    assert set(row) == {
        *("source", "state", "learner", "epsilon", "sides", "exact", "planned", "planned_errors"),
        *("learned", "forecast", "verdict", "reasons", "unsettled"),
    }
    assert (row["state"], row["sides"], row["learner"]) == (0, [[[0], [1]]], "q_learning")
    (exact,) = row["exact"]
    assert (exact["lower"], exact["closed_form"], exact["polynomial"]) == ("2/3", "2/3", [-2, 3])
    assert set(row["learned"][0]) == {"median", "low", "high", "seeds", "steps", "interval"}
    assert row["learned"][0]["seeds"] == 11


def test_compare_holds_stopped_agents_against_the_prediction(
    capsys, monkeypatch, layout_file: str
) -> None:
    """2 against 3 at delay 1, alpha = 1/2, 3 walks: 2 * 7/8 = 3 * 4/8 g has no root below 1."""
    arguments = ("compare", layout_file, "--walks", "3", "--step-size", "1/2")
    code, out, _ = run(capsys, monkeypatch, *arguments)
    assert code == 0
    assert "after 3 forced walks of each branch, step size 1/2:" in out
    assert "never" in out
    code, out, _ = run(capsys, monkeypatch, *arguments, "--json")
    (row,) = json.loads(out)["rows"]
    assert (row["walks"], row["step_size"], row["predicted"], row["learned"]) == (3, "1/2", [], [])


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_compare_draws(capsys, monkeypatch, layout_file: str, tmp_path: Path, suffix: str) -> None:
    """The plot has the kind that its name says."""
    path = tmp_path / f"plot.{suffix}"
    assert run(capsys, monkeypatch, "compare", layout_file, "--plot", str(path))[0] == 0
    magic = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    assert path.read_bytes().startswith(magic[suffix])


def test_a_broken_learner_exits_with_1(
    capsys, monkeypatch, mutate_streams, layout_file: str
) -> None:
    """Where learned and exact disagree, the reason is printed and the exit code is 1."""
    mutate_streams(
        "discounts[lasts, g] * best[g]", "discounts[lasts, g] * discounts[lasts, g] * best[g]"
    )
    code, out, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert code == 1
    assert "disagree" in out
    assert "agents flip" in out


def test_what_is_left_open_exits_with_3(capsys, monkeypatch) -> None:
    """The forecast is printed, and nothing is trained; in the document the entry is null."""
    arguments = ("compare", "qdecay/RiverSwim-v0", "--max-steps", "100")
    code, out, _ = run(capsys, monkeypatch, *arguments)
    assert code == 3
    assert "undecided" in out
    assert "more than the 100 allowed: not started" in out
    code, out, _ = run(capsys, monkeypatch, *arguments, "--json")
    (row,) = json.loads(out)["rows"]
    assert (code, row["verdict"], row["learned"]) == (3, "undecided", [None])
    assert row["forecast"][0] > 100


def test_what_a_learner_prints_is_not_in_the_document(capsys, monkeypatch, tmp_path) -> None:
    """It goes where progress goes."""
    code = "def trained(env, gamma, seed):\n    print('hello')\n    return [0, 0, 0]\n"
    (tmp_path / "chatty_learner.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    arguments = ("qdecay/StayOrMove-v0", "--learner", "chatty_learner:trained", "--json")
    code, out, err = run(capsys, monkeypatch, "compare", *arguments)
    assert (code, json.loads(out)["rows"][0]["verdict"]) == (1, "disagree")
    assert "hello" in err


WRONG = [
    (["compare", "nope"], "nope: neither a file nor a registered Gymnasium id"),
    (["compare", "none.json"], "none.json"),
    (["compare", ""], "neither a file nor a registered Gymnasium id"),
    (["report", ""], "neither a file nor a registered Gymnasium id"),
    (["compare", TAXI], "no start state: give state"),
    (["compare", "CartPole-v1"], "discrete"),
    (["compare", "FrozenLake-v1", "--state", "shore"], "state must be"),
    (["compare", "--state", "0"], "--state requires SOURCE"),
    (["compare", "--epsilon", "1/2"], "--epsilon requires --learner sarsa"),
    (["compare", "--learner", "sarsa", "--epsilon", "1"], "--epsilon must be in [0, 1), got 1"),
    (["compare", "--width", "0"], "width must be > 0, got 0"),
    (["compare", "--max-steps", "0"], "--max-steps"),
    (["compare", "--max-seconds", "0"], "--max-seconds must be > 0"),
    (["compare", "--learner", "homework:train"], "No module named 'homework'"),
    (["compare", "FrozenLake-v1", "--walks", "2"], "is no chain"),
    (["compare", "--seeds", "9"], "--seeds"),
    (["compare", "--seeds", "x"], "--seeds"),
    (
        ["compare", "--learner", "dqn"],
        f"known: {', '.join(sorted(TABULAR))}",
    ),
    (["compare", "--plot", "x.gif"], "must end in .svg, .pdf, .png"),
    (["compare", "--plot", "no/folder/x.svg"], "the folder no/folder does not exist"),
    (["compare", "-k", "slip"], "write name=value"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "slip=1.5"], "slip must be a probability"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "slip=NaN"], "slip must be"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "reward_noise=-1"], "reward_noise must be"),
    (["compare", "qdecay/StayOrMove-v0", "-k", "colour=1"], "colour"),
    (["compare", "qdecay/Chain-v0"], "layout must be"),
    (["compare", "--step-size", "1/2"], "--step-size requires --walks"),
    (["compare", "--walks", "0"], "--walks"),
    (["compare", "--walks", "2", "--step-size", "much"], "--step-size must be a number"),
    (["compare", "--walks", "2", "--step-size", "0"], "--step-size must be in (0, 1], got 0"),
    (["compare", "--walks", "2", "--step-size", ""], "--step-size must be a number"),
    (["compare", "--walks", "2", "--step-size", "2"], "--step-size must be in (0, 1], got 2"),
    (["compare", "--walks", "2", "--learner", "double_q_learning"], "it has two tables"),
    (["compare", "qdecay/StayOrMove-v0", "--walks", "2", "-k", "slip=1/9"], "without slip"),
    (["compare", "--colour"], "No such option"),
    (["compare", "--colour"], "(see qdecay compare --help)"),
    (["compere"], "No such command"),
    (["phase", "r.db"], "it is now `qdecay sweep phase`"),
    (["export", "r.db"], "it is now `qdecay sweep export`"),
    (["sweep", "spec.toml"], "trained by `qdecay sweep run SPEC`"),
    (["sweep"], "Missing command"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_input_is_one_line(capsys, monkeypatch, tmp_path, arguments, message: str) -> None:
    """Wrong input is reported in one line."""
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


@pytest.mark.parametrize("option", ["--trainings=0", "--max-seconds=0", "--max-seconds=nan"])
def test_a_budget_of_nothing_is_all_that_is_said(capsys, monkeypatch, option: str) -> None:
    """No estimate comes before the refusal."""
    code, out, err = run(capsys, monkeypatch, "probe", "q_learning", "--gamma=0.9", option)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "must be >" in err


def test_options_without_a_source_are_refused(capsys, monkeypatch) -> None:
    """The four problems take no arguments; a slip that is ignored would mislead."""
    code, _, err = run(capsys, monkeypatch, "compare", "-k", "slip=1/10")
    assert code == 2
    assert "-k requires SOURCE" in err


def test_the_installed_command_runs() -> None:
    """`python -m qdecay` is the command; its version is the package's."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-m", "qdecay", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert result.stdout == "qdecay 0.1.0\n"


def test_help_lists_every_file_and_learner() -> None:
    """Also the docstring of `MDP.load` and `docs/formats.md`; a new reader or learner is added."""
    formats = Path(__file__).parents[2].joinpath("docs", "formats.md").read_text(encoding="utf-8")
    (source,) = (p for p in commands()["regions"].params if p.name == "source")
    (learner,) = (p for p in commands()["compare"].params if p.name == "learner")
    for suffix in SUFFIXES:
        assert f"`{suffix}`" in formats
        assert f"`{suffix}`" in str(qdecay.MDP.load.__doc__)
        assert suffix in source.help
    for name in TABULAR:
        assert f"`{name}`" in formats
        assert name in learner.help


def test_help_fits_a_screen_and_shows_the_common_path(capsys, monkeypatch) -> None:
    """Every command with a whole sentence, and where to start, in 80 columns of 24 lines."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, monkeypatch, "--help")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    listed = dict(line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :])
    assert set(listed) == {name.split()[0] for name in commands()}
    assert all(text.endswith(".") and not text.endswith("...") for text in listed.values())
    start = out[: out.index("Commands:")]
    assert [f"qdecay {word}" in start for word in ("compare", "report", "regions")] == [True] * 3
    assert "--version" in out and "--install-completion" in out


@pytest.mark.parametrize("command", sorted(commands()))
def test_each_command_has_examples_that_it_would_take(capsys, monkeypatch, command) -> None:
    """The help of a command shows calls of it; each of their options is one that it has."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, monkeypatch, *command.split(), "--help")
    assert code == 0
    assert out.startswith(f"Usage: qdecay {command} [OPTIONS]")
    examples = re.findall(rf"^    (qdecay {command}\b.*)$", out, re.MULTILINE)
    assert examples
    known = {name for option in commands()[command].params for name in option.opts}
    for example in examples:
        assert len(example) <= 76
        assert {w for w in example.split() if re.match("--?[a-z]", w)} <= known


def test_the_docs_name_every_command_that_exits_with_3(capsys, monkeypatch) -> None:
    """The help of a command says when its exit code is 3; the table lists exactly these."""
    formats = Path(__file__).parents[2].joinpath("docs", "formats.md").read_text(encoding="utf-8")
    rows = {line[2]: line for line in formats.splitlines() if re.match(r"\| \d \|", line)}
    for command in commands():
        text = " ".join(run(capsys, monkeypatch, *command.split(), "--help")[1].split())
        ends_with_3 = re.search(r"exit code (is )?3|The exit code is [^.]* 3 (if|where)", text)
        assert bool(ends_with_3) == bool(re.search(rf"`{command}[` ]", rows["3"])), command
    assert "`--max-seconds` runs out" in rows["2"] and "`--max-seconds` runs out" in rows["3"]


COMPLETION = {
    "bash": {"COMP_WORDS": "qdecay {}", "COMP_CWORD": "{n}"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "qdecay {}"},
    "fish": {"_TYPER_COMPLETE_ARGS": "qdecay {}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}


@pytest.mark.parametrize("shell", COMPLETION)
@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [("re", ("regions", "report"), "compare"), ("report qdecay/St", ("StayOrMove",), "Taxi")],
)
def test_every_shell_completes(capsys, monkeypatch, shell, typed, offered, not_offered) -> None:
    """What a shell asks when Tab is pressed: commands, and ids of models."""
    monkeypatch.setenv("_QDECAY_COMPLETE", f"complete_{shell}")
    for name, value in COMPLETION[shell].items():
        monkeypatch.setenv(name, value.format(typed, n=len(typed.split())))
    code, out, _ = run(capsys, monkeypatch)
    assert code == 0
    assert all(word in out for word in offered)
    assert not_offered not in out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_after_installation(tmp_path: Path) -> None:
    """--install-completion, a new bash, Tab: the function it registers fills COMPREPLY."""
    door = tmp_path / "bin" / "qdecay"
    door.parent.mkdir()
    door.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qdecay "$@"\n')
    door.chmod(0o755)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{door.parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    bash = partial(subprocess.run, capture_output=True, text=True, check=True, env=environment)
    # The shell is looked for among the parents of the process: one that stays there.
    bash(["bash", "--norc", "-c", "qdecay --install-completion; exit $?"])
    assert "qdecay" in (tmp_path / ".bashrc").read_text()
    script = """
        source ~/.bashrc
        complete -p qdecay
        COMP_WORDS=(qdecay verif) COMP_CWORD=1
        _qdecay_completion qdecay
        echo "${COMPREPLY[@]}"
    """
    lines = bash(["bash", "--norc", "-c", script]).stdout.splitlines()
    assert "_qdecay_completion" in lines[0]
    assert lines[1:] == ["verify"]


def test_ctrl_c_shows_what_is_finished(capsys, monkeypatch) -> None:
    """Interrupted in the second problem: exit code 130, one line, and the first one's row."""
    rows = iter([compare(qdecay.ChainLayout.choice(a=[2], b=[0, 3]), name="first")])

    def interrupted(*_: object, **__: object) -> Any:
        try:
            return next(rows)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(sys.modules["qdecay.comparison.compare"], "compare", interrupted)
    code, out, err = run(capsys, monkeypatch, "compare", "--json")
    assert (code, err) == (130, "qdecay: interrupted\n")
    assert [row["source"] for row in json.loads(out)["rows"]] == ["first"]


def test_ctrl_c_in_a_learn_curve_shows_the_rows_that_are_done(capsys, monkeypatch) -> None:
    """Interrupted when the second explorer begins."""
    from qdecay.comparison import learning_times

    one, calls = learning_times._steps_until_right, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return one(*arguments)

    monkeypatch.setattr(learning_times, "_steps_until_right", interrupted)
    arguments = ("learn-curve", "--delay", "1", "--seeds", "2", "--steps", "200", "--json")
    code, out, _ = run(capsys, monkeypatch, *arguments)
    assert code == 130
    (row,) = json.loads(out)["rows"]
    assert row["explorer"] == "random"


def test_colour_and_boxes_stay_out_of_pipes(capsys, monkeypatch, layout_file: str) -> None:
    """What is not a terminal gets no escape codes; NO_COLOR keeps colour off a terminal too."""
    _, piped, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert "\x1b" not in piped
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, coloured, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert "\x1b[32m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    _, plain, _ = run(capsys, monkeypatch, "compare", layout_file)
    assert "\x1b[32m" not in plain


SLOW_AGENT = """
import time
def train(env, seed):
    time.sleep(0.1)
    return lambda observation: 0
"""


@pytest.mark.parametrize("command", ["sweep run", "probe"])
def test_a_line_a_minute_where_there_is_no_terminal(
    capsys, monkeypatch, tmp_path, command: str
) -> None:
    """Here each 20 ms: how much is done, how long it took, and, once known, what is left."""

    class Slow(InProcess):
        def submit(self, function, batch):
            time.sleep(0.2)
            return super().submit(function, batch)

    monkeypatch.setattr(progress, "LOG_SECONDS", 0.02)
    monkeypatch.setattr(sweep_run, "open_pool", lambda *_: Slow())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(A_SWEEP)
    (tmp_path / "slow_agent_of_mine.py").write_text(SLOW_AGENT)
    arguments = {
        "sweep run": ("spec.toml", "-o", "r.db"),
        "probe": ("slow_agent_of_mine:train", "--delays", "1,2", "--trainings", "4"),
    }[command]
    code, _, err = run(capsys, monkeypatch, *command.split(), *arguments)
    assert code == (3 if command == "probe" else 0), err  # four answers decide nothing
    lines = err.splitlines()[command == "probe" :]  # it says first about how many there will be
    what = r"(\d+) of (24 cells|\d+ trainings)"
    found = [re.fullmatch(rf"{what}, \d\d:\d\d gone(, about \d\d:\d\d left)?", x) for x in lines]
    done = [int(match[1]) for match in found if match]
    assert all((int(match[1]) > 0) == (match[3] is not None) for match in found if match)
    assert len(done) == len(lines) > 2
    assert done == sorted(done) and done[0] == 0 < done[-1]


def test_rows_that_are_finished_when_the_time_is_up_are_shown(capsys, monkeypatch) -> None:
    """Exit code 3; the line says why it ended. Without any row it is exit code 2."""
    words = ("learn-curve", "--delay", "1,2", "--seeds", "1", "--steps", "50", "--max-seconds")
    checks = itertools.count()
    monkeypatch.setattr(Deadline, "left", property(lambda self: 2 - next(checks)))
    code, out, err = run(capsys, monkeypatch, *words, "9", "--json")
    assert (code, err.count("\n")) == (3, 1) and "stopped: the limit" in err
    assert 0 < len(json.loads(out)["rows"]) < 8
    monkeypatch.undo()
    code, out, err = run(capsys, monkeypatch, *words, "1e-9")
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, err = run(capsys, monkeypatch, *words, "0")
    assert (code, err) == (2, "qdecay: --max-seconds must be > 0, got 0\n")


@pytest.mark.parametrize("words", [(), ("FrozenLake-v1",)])
def test_a_limit_too_short_for_a_row_says_what_to_do(capsys, monkeypatch, words) -> None:
    """Which problem took too long, and what to raise; reading it counts."""
    code, out, err = run(capsys, monkeypatch, "learn-curve", *words, "--max-seconds", "1e-6")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"qdecay: {(*words, 'learn-curve')[0]}: stopped: the limit of 1e-06 s")
    assert err.endswith("; raise --max-seconds\n")


def test_a_limit_of_a_probe_is_named_as_it_is_typed(capsys, monkeypatch) -> None:
    code, out, err = run(capsys, monkeypatch, "probe", "q_learning", "--max-seconds", "0")
    assert (code, out) == (2, "")
    assert err == "qdecay: --max-seconds must be > 0, got 0\n"
