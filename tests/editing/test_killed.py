"""The command as a whole: however it ends, nothing typed is lost and no process is left."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from editors import CHAIN, Visitor, draft
from sweeps import command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs signals"),
]

SIDE = 14
LARGE = {
    "schema": "qdecay.grid/1",
    "map": [
        "".join(
            "S"
            if (i, j) == (SIDE - 1, 0)
            else f"+{1 + (7 * i + j) % 11}/3"
            if i % 2 > j % 3
            else " "
            for j in range(SIDE)
        )
        for i in range(SIDE)
    ],
    "noise": "1/5",
    "living_reward": "-1/7",
}
"""A grid whose regions take minutes."""


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Visitor]]:
    """Run `qdecay edit`; whatever is left of it at the end is a failure."""
    process = command("edit", str(folder), "--no-browser", *arguments)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.communicate()
        yield process, Visitor(address)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(300)
        deadline = time.monotonic() + 300
        while is_left(process.pid):
            assert time.monotonic() < deadline, "some process is left"
            time.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def is_left(group: int) -> bool:
    """Whether any process of a group runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "whole", "code", "message"),
    [
        (signal.SIGINT, True, 130, "qdecay: interrupted\n"),
        (signal.SIGTERM, True, 143, "qdecay: stopped by SIGTERM\n"),
        (signal.SIGHUP, False, 129, "qdecay: stopped by SIGHUP\n"),
        (signal.SIGKILL, False, -9, None),
    ],
)
@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_all_its_processes(
    tmp_path: Path, number: int, whole: bool, code: int, message: str | None, busy: bool
) -> None:
    """Ctrl-C and the signal of `timeout` go to all of them, others to one; idle or solving."""
    with served(tmp_path) as (process, visitor):
        assert visitor.post("draft", draft(gamma="1/2")).status == 200
        if busy:
            asked = Thread(target=lambda: quietly(visitor, {"document": LARGE}), daemon=True)
            assert visitor.post("solve", {"document": CHAIN}).status == 200  # it has begun
            asked.start()
            time.sleep(1)
        (os.killpg if whole else os.kill)(process.pid, number)
        assert process.wait(300) == code
        if message is not None:
            assert process.stderr.read() == message
    with served(tmp_path) as (_, visitor):
        assert visitor.get("state").json["draft"] == draft(gamma="1/2")


def quietly(visitor: Visitor, request: object) -> None:
    """Ask what is never answered."""
    with suppress(OSError, http.client.HTTPException):
        visitor.post("solve", request)


@pytest.mark.parametrize("patience", [0.1, 0.4, 0.9])
def test_a_kill_in_the_middle_of_saving_loses_nothing(tmp_path: Path, patience: float) -> None:
    """The draft is the last that was confirmed, or the one after it; files are whole."""
    confirmed = {"draft": -1, "file": -1}

    def typing(visitor: Visitor) -> None:
        revision = version = None
        with suppress(OSError, http.client.HTTPException):
            for number in range(1_000_000):
                chain = {**CHAIN, "far": ["move", [0] * 5000 + [number]]}
                given = draft(chain, gamma=str(number), base=revision)
                revision = visitor.post("draft", given).json["revision"]
                confirmed["draft"] = number
                request = {"name": "a.json", "document": chain, "version": version}
                version = visitor.post("save", request).json["version"]
                confirmed["file"] = number

    with served(tmp_path) as (process, visitor):
        thread = Thread(target=typing, args=(visitor,))
        thread.start()
        while confirmed["file"] < 0:
            time.sleep(0.01)
        time.sleep(patience)
        process.kill()
        thread.join()
    with served(tmp_path) as (_, visitor):
        state = visitor.get("state").json
        assert state["notice"] is None
        found = int(state["draft"]["gamma"])
        assert found in (confirmed["draft"], confirmed["draft"] + 1)
        assert state["draft"]["documents"]["chain"]["far"][1][-1] == found
        document = visitor.post("open", {"name": "a.json"}).json["document"]
        assert document["far"][1][-1] in (confirmed["file"], confirmed["file"] + 1)
        assert [file["name"] for file in state["files"]] == ["a.json"]


def test_an_endless_solve_ends_at_its_limit(tmp_path: Path) -> None:
    """It says which; the next one is solved as if nothing had been."""
    with served(tmp_path, "--max-seconds", "1") as (_, visitor):
        answer = visitor.post("solve", {"document": LARGE})
        assert (answer.status, answer.where) == (422, None)
        assert "takes longer than 1 s" in answer.error
        assert visitor.post("solve", {"document": CHAIN}).status == 200


def test_a_newer_solve_ends_an_older_one(tmp_path: Path) -> None:
    """Of the same page; another page's goes on until its limit."""
    with served(tmp_path, "--max-seconds", "600") as (_, visitor):
        assert visitor.post("solve", {"document": CHAIN}).status == 200
        answers = {}

        def ask(page: str) -> None:
            with suppress(OSError, http.client.HTTPException):  # the server ends before the other
                answers[page] = visitor.post("solve", {"document": LARGE, "page": page})

        threads = [Thread(target=ask, args=(page,), daemon=True) for page in ("one", "two")]
        for thread in threads:
            thread.start()
        time.sleep(1)
        newer = visitor.post("solve", {"document": CHAIN, "page": "one"})
        assert newer.status == 200
        threads[0].join(60)
        assert (answers["one"].status, "newer" in answers["one"].error) == (409, True)
        assert "two" not in answers


def test_the_port_and_the_folder_are_checked_first(tmp_path: Path) -> None:
    """One line and exit code 2."""
    with served(tmp_path) as (_, visitor):
        port = visitor.host.partition(":")[2]
        for arguments, message in {
            (str(tmp_path), "--port", port): f"--port {port}: ",
            (str(tmp_path / "no" / "where"),): "where: cannot be opened: No such file or directory",
            (str(tmp_path), "--port", "70000"): "70000",
            (str(tmp_path), "--max-seconds", "nan"): "--max-seconds must be a number of seconds",
        }.items():
            process = command("edit", *arguments, "--no-browser")
            out, err = process.communicate(timeout=120)
            assert (process.returncode, out) == (2, "")
            assert err.startswith("qdecay: ") and err.count("\n") == 1 and message in err


def test_it_listens_on_the_loopback_address_alone(tmp_path: Path) -> None:
    """Another machine of the network cannot even connect."""
    with served(tmp_path) as (_, visitor):
        port = int(visitor.host.partition(":")[2])
        listening = [
            line.split()[1]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for line in Path(table).read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        ]
        assert listening == [f"0100007F:{port:04X}"]


def test_a_page_of_an_older_server_finds_nothing(tmp_path: Path) -> None:
    """After a restart on the same port the old address is worth nothing."""
    with served(tmp_path) as (_, visitor):
        port = visitor.host.partition(":")[2]
    with served(tmp_path, "--port", port) as (_, newer):
        assert newer.host == visitor.host
        assert visitor.get("state").status == 404
        assert visitor.post("draft", draft()).status == 404
        assert json.loads(newer.get("state").body)["draft"] is None
