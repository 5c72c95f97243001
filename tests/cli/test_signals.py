"""What ends a run from outside: what is finished is kept, and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import run
from sweeps import (
    GAMMAS,
    HEAD,
    LEARNERS,
    SMALL,
    SOURCES,
    command,
    rows_of,
    signals_not_ignored,
    stored,
    sweep_of,
)

from qdecay.cli.signals import signals_that_stop
from qdecay.sweep import run as run_module
from qdecay.sweep.backends import InProcess
from qdecay.sweep.store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")

ENDLESS = LEARNERS.replace("episodes = 100", "episodes = [100, 1_000_000_000]")
AGENT = """
from pathlib import Path
import qdecay
from qdecay.probing import tabular_agent
learn = tabular_agent(qdecay.q_learning, 0.8)
def train(env, seed):
    with Path("trainings.log").open("a") as file:
        file.write(".")
    while Path("trainings.log").stat().st_size > 5:
        pass
    return learn(env, seed)
"""
"""Five trainings end; the others never do."""


@pytest.fixture(autouse=True)
def defaults():
    """These tests do the same where whoever started them ignores signals."""
    with signals_not_ignored():
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        yield


def wait_until_gone(group: int) -> None:
    """Fail unless every process of a group ends within some minutes."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("some process of the group is left")


def ended_by(
    process: subprocess.Popen[str], kept: Callable[[], bool], number: int, whole: bool
) -> tuple[int, str, str]:
    """Send a signal once something is kept; return exit code and output, when all is gone."""
    with process:
        while not kept() and process.poll() is None:
            time.sleep(0.01)
        (os.killpg if whole else os.kill)(process.pid, number)
        process.wait()
        wait_until_gone(process.pid)
        out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("number", "whole", "code", "message"),
    [
        pytest.param(signal.SIGINT, True, 130, "qdecay: interrupted\n", id="Ctrl-C"),
        pytest.param(signal.SIGTERM, False, 143, "qdecay: stopped by SIGTERM\n", id="SIGTERM"),
        pytest.param(signal.SIGKILL, False, -9, "", id="SIGKILL", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_sweep_that_is_ended_keeps_what_is_finished(
    tmp_path: Path, number: int, whole: bool, code: int, message: str
) -> None:
    """In the midst of cells of minutes: Ctrl-C goes to all processes, others to one alone."""
    spec, store = tmp_path / "spec.toml", tmp_path / "results.db"
    spec.write_text(HEAD + SOURCES + GAMMAS + ENDLESS + "seeds = 3\n")
    process = command("sweep", "run", str(spec), "-o", str(store), "--workers", "2")
    found, out, err = ended_by(process, lambda: stored(store) > 0, number, whole)
    assert (found, out) == (code, "")
    assert err == message or number == signal.SIGKILL  # loky's tracker tells what it cleans up
    assert stored(store) > 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_probe_that_is_ended_keeps_what_is_finished(
    monkeypatch, tmp_path: Path, workers: str, number: int
) -> None:
    """In the midst of trainings that never end."""
    (tmp_path / "mine.py").write_text(AGENT)
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "a.jsonl"
    arguments = ("--settings", "one-shot", "--store", str(store), "--workers", workers)
    process = command("probe", "mine:train", *arguments)

    def kept() -> bool:
        return store.exists() and len(store.read_text().splitlines()) > 3

    code, out, err = ended_by(process, kept, number, False)
    if number != signal.SIGKILL:
        name = signal.Signals(number).name
        assert (code, out) == (128 + number, "")
        assert err.splitlines()[1:] == [f"qdecay: stopped by {name}"]
    assert kept()


def test_a_worker_ends_with_its_parent_whatever_it_does(tmp_path: Path) -> None:
    """Also in code that never lets another thread run; on Linux, which kills it."""
    script = tmp_path / "script.py"
    busy = "sum, range(10**12)" if sys.platform == "linux" else "time.sleep, 1e9"
    script.write_text(
        "import os, time\n"
        "from qdecay._support.processes import Processes\n"
        "if __name__ == '__main__':\n"
        "    processes = Processes(1)\n"
        "    print(processes.submit(os.getpid).result(), flush=True)\n"
        f"    processes.submit({busy}).result()\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) != process.pid
        time.sleep(0.2)  # it is at work now, most likely
        process.kill()
        process.wait()
        wait_until_gone(process.pid)


def test_a_worker_waits_for_the_end_of_a_pipe() -> None:
    """On every system: the pipe ends when the parent does, however that is."""
    code = (
        "from multiprocessing.connection import Connection\n"
        "from qdecay._support.processes import _end_with\n"
        "_end_with(Connection(0, writable=False))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.stdin.close()
    assert process.wait() == 1


def one_batch_then(
    monkeypatch: pytest.MonkeyPatch, folder: Path, do: Callable[[], None]
) -> tuple[str, ...]:
    """A sweep in this very process, which does something after its first batch."""
    (folder / "spec.toml").write_text(SMALL)
    monkeypatch.setattr(run_module, "open_pool", lambda *_: InProcess())
    add = Store.add

    def stop(store: Store, rows) -> None:
        add(store, rows)
        do()

    monkeypatch.setattr(Store, "add", stop)
    return ("sweep", "run", str(folder / "spec.toml"), "-o", str(folder / "r.db"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_as_ctrl_c_does(capsys, monkeypatch, tmp_path: Path, number: int) -> None:
    """What is finished is stored in one file; what the signal does by itself comes back."""
    arguments = one_batch_then(monkeypatch, tmp_path, lambda: signal.raise_signal(number))
    code, out, err = run(capsys, monkeypatch, *arguments)
    name = signal.Signals(number).name
    assert (code, out, err) == (128 + number, "", f"qdecay: stopped by {name}\n")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["r.db", "spec.toml"]
    assert 0 < len(rows_of(tmp_path / "r.db")) < len(sweep_of(SMALL))
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_that_comes_twice_stops_once() -> None:
    """`timeout` sends it to the process, then to its group: the second disturbs no closing."""
    with signals_that_stop() as stopped:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert stopped == [signal.SIGTERM] * 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_stays_ignored(
    capsys, monkeypatch, tmp_path: Path, number: int
) -> None:
    """As under nohup."""
    signal.signal(number, signal.SIG_IGN)
    arguments = one_batch_then(monkeypatch, tmp_path, lambda: signal.raise_signal(number))
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out, err) == (0, f"{tmp_path / 'r.db'}: 24 cells trained\n", "")
