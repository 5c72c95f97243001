"""One event and one bar: seen on terminals and in notebooks only, and gone at the end."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from io import StringIO

import pytest
import tqdm  # noqa: F401  # loaded before the clock runs

from qdecay._support import progress
from qdecay._support.progress import Bar, Progress, reporting


class Terminal(StringIO):
    """Standard error of a terminal."""

    def isatty(self) -> bool:
        return True


Notebook = type("OutStream", (StringIO,), {"__module__": "ipykernel.iostream"})


LogFile = StringIO


@pytest.fixture
def on(monkeypatch) -> Callable[[StringIO], StringIO]:
    """Make a stream standard error, where a bar appears after 0.1 s."""
    monkeypatch.setattr(progress, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.1)

    def use(stream: StringIO) -> StringIO:
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return use


def run(seconds: float, *, log: bool = False, total: int | None = 4) -> None:
    with Bar(log=log) as bar:
        bar(Progress(0, total, "trainings"))
        bar(Progress(1, total, "trainings"))
        time.sleep(seconds)


@pytest.mark.parametrize("stream", [Terminal, Notebook, LogFile])
def test_a_short_run_shows_nothing(on, stream) -> None:
    """A bar that flashes by says nothing."""
    stderr = on(stream())
    run(0.0, log=True)
    assert stderr.getvalue() == ""


def test_a_log_file_has_no_bar(on) -> None:
    """Nobody looks at it."""
    stderr = on(LogFile())
    run(0.5)
    assert stderr.getvalue() == ""


@pytest.mark.parametrize("stream", [Terminal, Notebook])
def test_a_bar_is_for_screens_and_goes_at_the_end(on, stream) -> None:
    """Terminals and notebooks get one line that is written over."""
    stderr = on(stream())
    run(0.5)
    text = stderr.getvalue()
    assert "\n" not in text
    shown = [line for line in text.split("\r") if line.strip()]
    bar = r"1 of 4 trainings \|.{12}\| 25 %, 00:0\d gone, about 00:0\d left"
    assert len(shown) > 1 and all(re.fullmatch(bar, line.strip()) for line in shown)
    last = text.split("\r")[-2:]
    assert last == [" " * len(shown[-1]), ""]


@pytest.mark.parametrize(
    ("total", "line"),
    [
        (4, r"1 of 4 trainings, 00:0\d gone, about 00:0\d left"),
        (None, r"1 trainings, 00:0\d gone"),
    ],
)
def test_a_log_that_asks_for_lines_gets_them(on, total, line: str) -> None:
    """Also while no event comes; the rest is not guessed where nobody knows the whole."""
    stderr = on(LogFile())
    run(0.35, log=True, total=total)
    shown = stderr.getvalue().splitlines()
    assert shown and all(re.fullmatch(line, each) for each in shown)


def test_what_was_done_before_says_nothing_about_how_fast_it_goes(on) -> None:
    """After 90 of 100 come 5 in a second or two, not 95: the last five take as long."""
    stderr = on(LogFile())
    with Bar(log=True) as bar:
        bar(Progress(90, 100, "cells"))
        time.sleep(1.05)
        bar(Progress(95, 100, "cells"))
        time.sleep(0.2)
    assert re.search(r"95 of 100 cells, 00:0(\d) gone, about 00:0\1 left", stderr.getvalue())


def test_one_bar_serves_several_calls_in_turn(on) -> None:
    """An event of less than before begins anew; more than was expected becomes the whole."""
    stderr = on(LogFile())
    with Bar(log=True) as bar:
        bar(Progress(40, 40, "trainings"))
        time.sleep(0.15)
        bar(Progress(0.0, 1.0, "points found: 0"))
        bar(Progress(0.5, 1.0, "points found: 7"))
        time.sleep(0.15)
        bar(Progress(0, 2, "cells"))
        bar(Progress(3, 2, "cells"))
        time.sleep(0.15)
    found = [line.split(", ")[0] for line in stderr.getvalue().splitlines()]
    assert list(dict.fromkeys(found)) == ["40 of 40 trainings", "points found: 7", "3 of 3 cells"]


@pytest.mark.parametrize(
    ("stream", "log", "times"), [(Terminal, False, 1), (LogFile, True, 1), (LogFile, False, 0)]
)
def test_a_remark_is_printed_once_where_a_bar_would_be(on, stream, log: bool, times: int) -> None:
    """At once, in a line of its own, and with the bar below it."""
    stderr = on(stream())
    with Bar(log=log) as bar:
        bar(Progress(0, 4, "trainings"))
        bar(Progress(1, 4, "trainings", "about an hour"))
        assert stderr.getvalue().count("about an hour\n") == times
        time.sleep(0.3)
        bar(Progress(2, 4, "trainings"))
    assert stderr.getvalue().count("about an hour") == times
    assert "of 4 trainings" in stderr.getvalue() or not times


def test_a_function_gets_the_events_themselves() -> None:
    """False is for nothing, True for a bar; what is neither is refused."""
    seen: list[Progress] = []
    event = Progress(1, 2, "steps")
    with reporting(seen.append) as report:
        report(event)
    assert seen == [event]
    with reporting(False) as report:
        report(event)
    assert isinstance(reporting(True), Bar)
    with pytest.raises(TypeError, match="progress must be a bool or a function, got 'yes'"):
        reporting("yes")  # type: ignore[arg-type]
