"""Specs of sweeps that several tests use, and how their stores are read."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from qdecay import Sweep
from qdecay.sweep import Spec

HEAD = 'schema = "qdecay.sweep/1"\n'
SOURCES = "sources = [{ delay = [2, 4], reward = 6 }]\n"
GAMMAS = 'gammas = [0.4, "2/3"]\n'
LEARNERS = 'learners = [{ name = "q_learning", epsilon = [0.1, 0.5], episodes = 100 }]\n'
SMALL = HEAD + SOURCES + GAMMAS + LEARNERS + "seeds = 3\n"  # 24 cells
LONG = SMALL.replace("episodes = 100", "episodes = 6000").replace("seeds = 3", "seeds = 25")


def sweep_of(text: str) -> Sweep:
    return Sweep(Spec.parse(text))


def rows_of(store: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute("SELECT * FROM results ORDER BY cell").fetchall()


def stored(store: Path) -> int:
    """How many rows a store that another process writes to holds by now."""
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


@contextmanager
def signals_not_ignored() -> Iterator[None]:
    """What is started inside does with signals what it does by default.

    A shell that starts the tests in the background has SIGINT ignored, `nohup` SIGHUP; processes
    inherit that, and would never end of such a signal.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield  # a handler is not inherited: where a program begins, the default stands
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def command(*arguments: str) -> subprocess.Popen[str]:
    """The command in its own process group."""
    with signals_not_ignored():
        return subprocess.Popen(
            [sys.executable, "-m", "qdecay", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
