"""Sweeps on clusters: the same rows as in one process, whichever workers die on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sweeps import LONG, SMALL, command, rows_of, signals_not_ignored, stored, sweep_of

from qdecay import InputError, Progress
from qdecay.sweep import clusters
from qdecay.sweep.queue import Batch, Queue
from qdecay.sweep.versions import versions

pytestmark = pytest.mark.slow

LONGER = LONG.replace("6000", "60000")  # a second or two, in some ten batches


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> list[tuple[Any, ...]]:
    """The rows of LONGER, trained in this process without a break."""
    store = tmp_path_factory.mktemp("undisturbed") / "results.db"
    sweep_of(LONGER).run(store, backend="here")
    return rows_of(store)


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A Dask client of two workers, each a process of this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A Ray of two workers on this machine, which this program is connected to."""
    ray = pytest.importorskip("ray")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def killing(busy: Callable[[], list[int]]) -> tuple[Callable[[Progress], None], list[int]]:
    """Return what kills a worker at work once rows are stored, and whom it killed."""
    killed: list[int] = []

    def watch(event: Progress) -> None:
        if event.total and 0 < event.done < event.total and not killed and (workers := busy()):
            killed.append(workers[0])
            os.kill(killed[0], signal.SIGKILL)

    return watch, killed


def test_dask_gives_the_same_rows_though_a_worker_is_killed(
    tmp_path: Path, dask, undisturbed
) -> None:
    """Two workers, one killed at work: Dask runs its batches again on the other one."""

    def busy() -> list[int]:
        pids, batches = dask.run(os.getpid), dask.processing()
        return [pid for worker, pid in pids.items() if batches[worker]]

    watch, killed = killing(busy)
    address = dask.scheduler.address
    finished = sweep_of(LONGER).run(
        tmp_path / "r.db", backend="dask", scheduler=address, progress=watch
    )
    assert killed and finished.fatal == ()
    assert rows_of(tmp_path / "r.db") == undisturbed


def test_ray_gives_the_same_rows_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch, ray, undisturbed
) -> None:
    """Two workers, one killed at work: the queue cuts its batch in pieces and tries again."""

    def busy() -> list[int]:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True)
        lines = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
        return [int(pid) for pid, name in lines if name.startswith("ray::_call_checked")]

    died: list[Batch] = []
    monkeypatch.setattr(Queue, "died", wrapped(Queue.died, died))
    watch, killed = killing(busy)
    finished = sweep_of(LONGER).run(tmp_path / "r.db", backend="ray", progress=watch)
    assert killed and died and finished.fatal == ()
    assert rows_of(tmp_path / "r.db") == undisturbed


def wrapped(method: Callable[..., None], seen: list[Batch]) -> Callable[[Queue, Batch], None]:
    """Return a method that also remembers its argument."""

    def remembering(queue: Queue, batch: Batch) -> None:
        seen.append(batch)
        method(queue, batch)

    return remembering


@pytest.fixture(params=["dask", "ray"])
def cluster(request) -> tuple[str, str]:
    """The name of a backend, and the address of its cluster."""
    engine = request.getfixturevalue(request.param)
    if request.param == "dask":
        return "dask", engine.scheduler.address
    return "ray", engine.get_runtime_context().gcs_address


def test_the_command_reaches_a_cluster(tmp_path: Path, cluster) -> None:
    """From the shell, by the address of the scheduler; the rows are those of one process."""
    backend, address = cluster
    (tmp_path / "spec.toml").write_text(SMALL)
    store, where = tmp_path / "r.db", ("--backend", backend, "--scheduler", address)
    with command("sweep", "run", str(tmp_path / "spec.toml"), "-o", str(store), *where) as process:
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, f"{store}: 24 cells trained\n", "")
    sweep_of(SMALL).run(tmp_path / "here.db", backend="here")
    assert rows_of(store) == rows_of(tmp_path / "here.db")


def test_workers_with_other_packages_are_refused(tmp_path: Path, monkeypatch, cluster) -> None:
    """A worker that has another numpy might give other bits; what is stored is kept."""
    backend, address = cluster
    monkeypatch.setattr(clusters, "versions", lambda: {**versions(), "numpy": "1.0"})
    connected = address if backend == "dask" else None  # this program is connected to the Ray
    with pytest.raises(InputError, match=r"need the same .*: numpy 1\.0 -> ") as caught:
        sweep_of(SMALL).run(tmp_path / "r.db", backend=backend, scheduler=connected)
    assert "\n" not in str(caught.value)
    assert rows_of(tmp_path / "r.db") == []


def a_dask(folder: Path) -> tuple[list[subprocess.Popen[bytes]], str]:
    """A scheduler and a worker, each in its own process, and the scheduler's address."""
    pytest.importorskip("distributed")
    where = folder / "scheduler.json"
    scheduler = started("dask", "scheduler", "--port", "0", "--no-dashboard", file=where)
    while not (where.exists() and where.read_text()):
        time.sleep(0.1)
    address = json.loads(where.read_text())["address"]
    return [started("dask", "worker", "--no-dashboard", file=where), scheduler], address


def a_ray(folder: Path) -> tuple[list[subprocess.Popen[bytes]], str]:
    """A cluster of one node, whose processes end with the one that is here, and its address."""
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    options = ("--head", "--block", "--num-cpus=2", "--include-dashboard=false")
    ray = started("ray", "start", *options, "--disable-usage-stats", f"--port={port}")
    return [ray], f"127.0.0.1:{port}"


def started(name: str, *arguments: str, file: Path | None = None) -> subprocess.Popen[bytes]:
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or name
    scheduler = [] if file is None else ["--scheduler-file", str(file)]
    with signals_not_ignored():
        return subprocess.Popen(
            [program, *arguments, *scheduler],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )


@pytest.mark.parametrize("start", [a_dask, a_ray])
def test_a_cluster_that_goes_away_is_one_line(tmp_path: Path, monkeypatch, start) -> None:
    """Exit code 2, nothing else on any output, and what is stored is kept."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else a token that lies about is asked for
    spec, store = tmp_path / "spec.toml", tmp_path / "r.db"
    spec.write_text(LONG.replace("6000", "600_000"))
    engines, address = start(tmp_path)
    backend = start.__name__.removeprefix("a_")
    where = ("--backend", backend, "--scheduler", address)
    try:
        for _ in range(60):  # until it answers
            with command("sweep", "run", str(spec), "-o", str(store), *where) as process:
                while not stored(store) and process.poll() is None:
                    time.sleep(0.05)
                if process.returncode is None:
                    kept = stored(store)
                    for engine in engines[::-1]:
                        engine.terminate()
                out, err = process.communicate()
            if stored(store):
                break
            time.sleep(1)
    finally:
        for engine in engines:
            engine.terminate()
            engine.wait()
    assert (process.returncode, out) == (2, "")
    *logged, line = err.splitlines()  # a line per minute is logged where the machine is slow
    assert all(" of 200 cells, " in each for each in logged)
    assert line.startswith("qdecay: ")
    assert f":{address.rpartition(':')[2]}: lost the " in line
    assert line.endswith("; run again to resume from the store")
    assert 0 < kept <= stored(store) < 200
