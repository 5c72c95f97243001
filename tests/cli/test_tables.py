"""What is printed keeps every cell: folded on a narrow terminal, else on one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shell import run

from qdecay.cli import compare as cli_compare
from qdecay.cli import phase as cli_phase
from qdecay.cli import tables
from qdecay.comparison.compare import compare
from qdecay.comparison.logistic_fit import fit_threshold
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.sweep.phase import Choices, PhaseDiagram, PhaseRow
from qdecay_envs import ChainLayout
from qdecay_envs.chain import ChainEnv

WIDTHS = (120, 80, 60, 40)
LONG = "a rather long name of a model [v1] :smile: " + "x" * 50 + ".json"


class Screen(StringIO):
    """Standard output of a terminal of so many columns, or of none."""

    def __init__(self, columns: int | None) -> None:
        super().__init__()
        self.columns = columns

    def isatty(self) -> bool:
        return self.columns is not None

    def lines_from(self, start: int = 0) -> list[str]:
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue()[start:])
        return [line.rstrip() for line in text.split("\n")]


class Everywhere:
    """A console that prints on terminals of all widths, and where there is none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.screens = {columns: Screen(columns) for columns in (None, *WIDTHS)}
        self._console, self._monkeypatch = tables.console, monkeypatch
        self.is_terminal = False

    def print(self, *content: Any, **options: Any) -> None:
        for columns, screen in self.screens.items():
            with self._monkeypatch.context() as m:
                m.setenv("TERM", "xterm")
                m.setenv(
                    "COLUMNS", str(columns or 30)
                )  # where there is no terminal it says nothing
                m.setattr(sys, "stdout", screen)
                before = screen.tell()
                self._console().print(*content, **options)
            lines = screen.lines_from(before)
            if columns and not options.get("soft_wrap"):  # the terminal folds these itself
                assert max(map(len, lines)) <= columns

    def check(self) -> list[str]:
        """Every screen has the same signs, save spaces and rules; return the lines of none."""
        lines = {columns: screen.lines_from() for columns, screen in self.screens.items()}
        signs = [Counter("".join(found)) for found in lines.values()]
        for found in signs:
            del found[" "], found["─"]
        assert all(found == signs[0] for found in signs)
        return lines[None]


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> Everywhere:
    found = Everywhere(monkeypatch)
    out = tables.console
    monkeypatch.setattr(tables, "console", lambda stderr=False: out(stderr) if stderr else found)
    return found


COMMANDS = [
    [],
    ["regions", "FrozenLake-v1", "--states"],
    ["regions", "FrozenLake-v1", "--numeric"],
    ["blackwell", "FrozenLake-v1"],
    ["learn-curve", "--delay", "1", "--seeds", "1", "--steps", "20"],
    ["learn-curve", "FrozenLake-v1", "--seeds", "1", "--steps", "20"],
    ["probe", "q_learning", "--gamma", "0.9", "--settings", "one-shot", "--delays", "1"],
    ["envs"],
    ["envs", "--prices"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: " ".join(a) or "qdecay")
def test_every_commands_table_keeps_all_its_cells(capsys, monkeypatch, everywhere, arguments):
    """At 120, 80, 60 and 40 columns, and where there is no terminal."""
    assert run(capsys, monkeypatch, *arguments)[0] == 0
    assert len(everywhere.check()) > 3


def test_the_comparison_keeps_all_its_cells(everywhere):
    """Long names, several gammas with intervals, reasons, and days of training."""
    layout = ChainLayout.choice(a=[1], b=[0, 2], c=[0, 0, 3])
    noisy = compare(ChainEnv(layout, reward_noise=0.5), name=LONG)
    late = compare(layout, walks=2, step_size="1/10", name="late")
    cli_compare._print_comparison([(noisy, 9.96), (noisy, 100), (noisy, 3e5)])
    lines = everywhere.check()
    assert " ".join(lines[0].split()) == "problem exact decimal planned learned verdict time"
    assert [line.startswith(LONG) for line in lines[2:8]] == [True, False] * 3
    assert re.search(
        r" 0\.5 +0\.50000000 +0\.\d{4} \[0\.\d{4}, 0\.\d{4}\] agree +10\.0 s$", lines[2]
    )
    assert [lines[k].split("agree")[1].strip() for k in (4, 6)] == ["1.7 min", "3.5 d"]
    cli_compare._print_comparison([(late, 1.0)])
    everywhere.check()


def test_the_phase_table_keeps_all_its_cells(everywhere):
    """Many parameters, an interval that is open, errors."""
    choices = tuple(Choices(Fraction(k, 10), 10, right) for k, right in ((1, 0), (5, 4), (9, 10)))
    gammas = [k / 10 for k in (1, 5, 9) for _ in range(10)]
    right = [False] * 14 + [True] * 16
    names = [f"[parameter {k}]" for k in range(6)]
    parameters = {name: f"value {'x' * k}" for k, name in enumerate(names)}
    exact = AlgebraicNumber.of("1/2")
    rows = [
        PhaseRow(parameters, exact, choices, 7, fit_threshold(gammas, right)),
        PhaseRow(parameters, exact, choices[:1], 7, None),
    ]
    axes = tuple(SimpleNamespace(name=name) for name in names)
    cli_phase._print(PhaseDiagram(100, 99, axes, tuple(rows)), Path(LONG))  # type: ignore[arg-type]
    lines = everywhere.check()
    assert names[0] in lines[0]


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_real_terminal_nothing_is_lost(capsys, monkeypatch, columns):
    """A pseudo-terminal of that width, whose program knows of it from the system alone."""
    pty = pytest.importorskip("pty")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environ = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-m", "qdecay"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(ours)
    assert child.wait(240) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert max(map(len, text.splitlines())) <= columns
    _, piped, _ = run(capsys, monkeypatch)
    assert sorted(re.sub(r"[\s─]", "", text)) == sorted(re.sub(r"[\s─]", "", piped))
