"""What the editor's page asks for: to open, save, solve and export, as the commands would."""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from http import HTTPStatus
from pathlib import Path
from queue import Queue
from threading import Event

import pytest
from editors import CHAIN, DOCUMENTS, GRID, MODEL, Visitor, draft
from shell import run

import qdecay
from qdecay._support.deadline import time_limit
from qdecay.editing import requests, solving
from qdecay.editing.documents import presets
from qdecay.editing.folder import Folder
from qdecay.editing.refusals import Refused
from qdecay.errors import BudgetExceeded


def saved(visitor: Visitor, name: str, document: object, version: str | None = None, **more: str):
    """Save a document, and return the answer."""
    request = {"name": name, "document": document, "version": version, **more}
    return visitor.post("save", request)


def test_the_page_begins_with_the_state(visitor: Visitor, folder: Path) -> None:
    """Its folder, the documents in it by kind, and those to begin with."""
    for kind, document in DOCUMENTS.items():
        assert saved(visitor, f"{kind}.json", document).status == 200
    (folder / "other.json").write_text('{"schema": "qdecay.probe/2"}')
    (folder / "none.json").write_bytes(b"\xff")
    (folder / "chain.txt").write_bytes((folder / "chain.json").read_bytes())
    state = visitor.get("state").json
    assert state["folder"] == str(folder.resolve())
    assert state["files"] == [
        {"name": f"{kind}.json", "kind": kind, "title": kind} for kind in ("chain", "grid", "model")
    ]
    assert state["presets"] == presets()
    assert state["version"] == qdecay.__version__


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_what_is_saved_is_what_commands_read(visitor: Visitor, folder: Path, kind: str) -> None:
    """The document as it was typed, and the model that a reader makes of it."""
    document = DOCUMENTS[kind]
    version = saved(visitor, "a.json", document).json["version"]
    opened = visitor.post("open", {"name": "a.json"}).json
    assert opened == {"kind": kind, "document": document, "version": version}
    assert saved(visitor, "m.json", document, **{"as": "mdp"}).status == 200
    own, model = (qdecay.MDP.load(folder / name) for name in ("a.json", "m.json"))
    assert own == model
    assert json.loads((folder / "m.json").read_text())["schema"] == "qdecay.mdp/1"


def test_a_file_that_has_changed_is_not_replaced(visitor: Visitor, folder: Path) -> None:
    """Nor one that exists when a new one is to be saved, nor one that has gone."""
    first = saved(visitor, "a.json", CHAIN).json["version"]
    assert "exists already" in saved(visitor, "a.json", GRID).error
    second = saved(visitor, "a.json", GRID, first).json["version"]
    stale = saved(visitor, "a.json", MODEL, first)
    assert (stale.status, "changed on disk since" in stale.error) == (409, True)
    assert visitor.post("open", {"name": "a.json"}).json["document"] == GRID
    (folder / "a.json").unlink()
    assert saved(visitor, "a.json", MODEL, second).status == 410
    assert list(folder.iterdir()) == []


def test_a_document_that_nobody_reads_is_not_saved(visitor: Visitor, folder: Path) -> None:
    """The draft keeps it; a file is one that every command reads."""
    broken = {**CHAIN, "far": ["move", [0, "1/"]]}
    for form in ("own", "mdp"):
        answer = saved(visitor, "a.json", broken, **{"as": form})
        assert (answer.status, answer.where) == (422, "branches[1].rewards[1]")
    assert saved(visitor, "a.json", CHAIN, **{"as": "csv"}).where == "as"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"schema": "x"}', b"[" * 99999])
def test_a_file_that_is_none_is_refused(visitor: Visitor, folder: Path, content: bytes) -> None:
    """With a line that says why."""
    (folder / "a.json").write_bytes(content)
    answer = visitor.post("open", {"name": "a.json"})
    assert (answer.status, bool(answer.error)) == (422, True)
    assert visitor.post("open", {"name": "b.json"}).status == 404


def test_numbers_stay_exact(visitor: Visitor, folder: Path) -> None:
    """Decimals and large whole numbers come as text: JavaScript would round them."""
    digits = "0.12345678901234567890123"
    large = 2**53 + 1
    text = (
        f'{{"schema": "qdecay.layout/1", "near": ["a", [{digits}]], "far": ["b", [0, {large}, 3]]}}'
    )
    (folder / "a.json").write_text(text)
    document = visitor.post("open", {"name": "a.json"}).json["document"]
    assert document["near"][1] == [digits]
    assert document["far"][1] == [0, str(large), 3]
    assert saved(visitor, "b.json", document).status == 200
    layout = qdecay.ChainLayout.load(folder / "b.json")
    assert (layout.near[0], layout.far[1]) == (Fraction(digits), large)
    assert layout == qdecay.ChainLayout.load(folder / "a.json")


def test_a_decimal_that_is_sent_is_read_as_it_is_written(visitor: Visitor, folder: Path) -> None:
    """0.7 is 7/10, as in files."""
    body = b'{"name": "a.json", "version": null, "document": {"schema": "qdecay.layout/1",'
    body += b'"near": ["a", [0.7]], "far": ["b", [0, 1e-3]]}}'
    assert visitor.post("save", body).status == 200
    layout = qdecay.ChainLayout.load(folder / "a.json")
    assert (layout.near, layout.far[1]) == ((Fraction(7, 10),), Fraction(1, 1000))


@pytest.mark.parametrize("kind", ["chain", "model", pytest.param("grid", marks=pytest.mark.slow)])
def test_the_page_is_that_of_the_report(
    visitor: Visitor, folder: Path, capsys, monkeypatch, kind: str
) -> None:
    """Byte for byte what `qdecay report --exact-only` writes of the saved file."""
    saved(visitor, "a.json", DOCUMENTS[kind])
    monkeypatch.chdir(folder)
    assert run(capsys, monkeypatch, "report", "a.json", "-o", "r.html", "--exact-only")[0] == 0
    answer = visitor.post("solve", {"document": DOCUMENTS[kind], "name": "a.json", "gamma": "1/2"})
    page = visitor.get(f"result/{answer.json['result']}").body
    assert page == (folder / "r.html").read_bytes()


def test_a_summary_says_where_the_choice_changes(visitor: Visitor) -> None:
    """4 gamma^2 = 1 at a half; what is best at the reader's gamma."""
    solved = visitor.post("solve", {"document": CHAIN, "gamma": "0.6"}).json
    assert solved["summary"] == {
        "states": 3,
        "actions": 2,
        "state": "0",
        "break_evens": [{"gamma": "0.5", "closed_form": "1/2"}],
        "breakpoints": 1,
        "best": ["move"],
    }
    assert 0 <= solved["seconds"] < 600
    at_half = visitor.post("solve", {"document": CHAIN, "gamma": "1/2"}).json["summary"]
    assert at_half["best"] == ["stay", "move"]


@pytest.mark.parametrize(
    ("more", "status", "where"),
    [
        ({"gamma": "much"}, 422, "gamma"),
        ({"gamma": "1.1"}, 422, "gamma"),
        ({"gamma": 0.5}, 200, None),  # as it is written
        ({"gamma": ["1/2"]}, 400, "gamma"),
        ({"name": "qdecay/StayOrMove-v0"}, 400, "name"),
        ({"name": "a\nb"}, 400, "name"),
        ({"page": 7}, 400, "page"),
        ({"force": True}, 400, None),
        ({"document": {**CHAIN, "ending": "never"}}, 422, "ending"),
        ({"document": {**CHAIN, "near": ["a", ["1e-999"]]}}, 422, None),  # no floats to draw
    ],
)
def test_a_problem_that_cannot_be_solved_says_so(visitor, more, status: int, where) -> None:
    """In the library's words, with the place."""
    answer = visitor.post("solve", {"document": CHAIN, **more})
    assert answer.status == status
    if status != 200:
        assert (answer.where, bool(answer.error)) == (where, True)


@pytest.mark.parametrize("search", [True, False])
def test_the_limit_that_is_told_is_that_of_the_search(monkeypatch, search: bool) -> None:
    """Whether that takes too long, or the drawing of the page, which has some seconds more."""

    def endless(*_: object, max_seconds: float) -> None:
        with time_limit(max_seconds if search else None):
            time.sleep(60)

    monkeypatch.setattr(solving, "DRAWING_SECONDS", 0.05)
    monkeypatch.setattr(solving, "read_chapter", endless)
    with pytest.raises(Refused, match=r"^it takes longer than 0\.1 s: make it smaller"):
        solving.solve(CHAIN, None, "", 0.1)


@pytest.mark.parametrize(
    ("max_seconds", "told"),
    [(0.1, r"it takes longer than 20 s: make it smaller, .*"), (None, "numbers of too many bits")],
)
def test_a_limit_of_time_is_not_told_by_its_words(monkeypatch, max_seconds, told: str) -> None:
    """A step of the search may have a limit of its own; one that is no time has other remedies."""

    def search(*_: object, **__: object) -> None:
        raise BudgetExceeded("numbers of too many bits", max_seconds=max_seconds)

    monkeypatch.setattr(solving, "read_chapter", search)
    with pytest.raises(Refused, match=f"^{told}$"):
        solving.solve(CHAIN, None, "", 20)


def test_a_process_that_does_not_end_is_told_alike(visitor: Visitor, monkeypatch) -> None:
    """With the limit of the search, not that of the process."""

    def endless(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(requests, "_solve", endless)
    answer = visitor.post("solve", {"document": CHAIN})
    assert (answer.status, answer.where) == (422, None)
    assert answer.error.startswith("it takes longer than 20 s: ")


@pytest.fixture
def shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that only say what they are of."""
    monkeypatch.setattr(requests, "_solve", lambda *asked: (repr(asked).encode(), {}))


def test_who_hangs_up_does_not_wait(visitor: Visitor, monkeypatch) -> None:
    """The connection tells: that of an open page is there as long as it takes."""
    asked, answers = Event(), Queue()

    def run(_: object, page: object, is_awaited: Callable[[], bool], *rest: object):
        answers.put(is_awaited())
        asked.set()
        while is_awaited():
            time.sleep(0.01)
        answers.put(is_awaited())
        return b"", {}

    monkeypatch.setattr(requests.Workers, "run", run)
    body = json.dumps({"document": CHAIN})
    head = f"POST {visitor.root}solve HTTP/1.1\r\nHost: {visitor.host}\r\n"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    host, port = visitor.host.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}{kind}{body}".encode())
        assert asked.wait(60)
    assert [answers.get(timeout=60) for _ in range(2)] == [True, False]


@pytest.mark.usefixtures("shortly")
def test_the_last_pages_are_kept(visitor: Visitor, monkeypatch) -> None:
    """Older ones are let go, so that an evening of typing does not fill the memory."""
    monkeypatch.setattr(requests, "_KEPT", 2)
    numbers = [visitor.post("solve", {"document": CHAIN}).json["result"] for _ in range(3)]
    assert [visitor.get(f"result/{n}").status for n in numbers] == [404, 200, 200]


@pytest.mark.usefixtures("shortly")
def test_an_export_is_one_page(visitor: Visitor, folder: Path) -> None:
    """That of a solve, with the file's name as its title; another one is not replaced."""
    answer = visitor.post("export", {"name": "walk.html", "document": CHAIN})
    assert answer.json == {"path": str(folder.resolve() / "walk.html")}
    first = (folder / "walk.html").read_bytes()
    assert first == repr((CHAIN, "walk", "", 20.0)).encode()
    for replace in ({}, {"replace": False}, {"replace": "yes"}):
        request = {"name": "walk.html", "document": GRID, **replace}
        assert visitor.post("export", request).status == 409
    assert (folder / "walk.html").read_bytes() == first
    request = {"name": "walk.html", "document": GRID, "replace": True}
    assert visitor.post("export", request).status == 200
    assert (folder / "walk.html").read_bytes() == repr((GRID, "walk", "", 20.0)).encode()


def test_no_page_supersedes_an_export(visitor: Visitor, monkeypatch) -> None:
    """Who exports and types on gets both."""
    pages = []
    monkeypatch.setattr(
        requests.Workers, "run", lambda _, page, *more: pages.append(page) or (b"", {})
    )
    visitor.post("solve", {"document": CHAIN})
    visitor.post("export", {"name": "a.html", "document": CHAIN})
    visitor.post("export", {"name": "b.html", "document": CHAIN})
    assert [isinstance(page, str) for page in pages] == [True, False, False]
    assert pages[1] is not pages[2]


def test_a_file_that_goes_while_it_is_listed_is_left_out(visitor: Visitor, monkeypatch) -> None:
    """Another program may delete it at any time."""
    monkeypatch.setattr(Folder, "names", lambda _: ["gone.json"])
    assert visitor.get("state").json["files"] == []


HOSTILE = "</script><img src=x onerror=alert(1)>'\"&{{7*7}}${1}"


def test_names_reach_the_page_as_text(visitor: Visitor) -> None:
    """Of branches, states, actions, files: none of them makes an element."""
    chain = {**CHAIN, "near": [HOSTILE, [1]]}
    names = {"state_names": [HOSTILE, "b"], "action_names": [f"a {HOSTILE}", "b"]}
    for document in (chain, {**MODEL, **names}):
        title = HOSTILE.replace("/", "")
        solved = visitor.post("solve", {"document": document, "name": title}).json
        page = visitor.get(f"result/{solved['result']}").body.decode()
        assert "<img src" not in page
        assert "&lt;img src=x" in page
        assert "{{7*7}}" in page  # not 49: no template is made of it


def test_names_reach_refusals_as_text(visitor: Visitor) -> None:
    """JSON that no browser takes for HTML, whatever is repeated in it."""
    for answer in (
        visitor.post("open", {"name": HOSTILE}),
        visitor.post("solve", {"document": {**CHAIN, "ending": HOSTILE}}),
        visitor.post("solve", {"document": CHAIN, HOSTILE: 1}),
        visitor.send("GET", f"{visitor.root}<script>"),
    ):
        assert answer.status >= 400
        assert answer.error
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_answers_are_of_no_class_of_the_engine() -> None:
    """The server would import all of it to unpickle them, which takes seconds."""
    assert b"qdecay" not in pickle.dumps(requests._solve(CHAIN, None, "", 20.0)[1])
    refusal = pickle.loads(pickle.dumps(Refused(HTTPStatus.CONFLICT, "no", "where")))
    assert (refusal.status, str(refusal), refusal.where) == (409, "no", "where")


@pytest.mark.slow
def test_the_server_does_not_load_the_engine() -> None:
    """It starts in a second; the engine is in the processes that solve."""
    names = "('numba', 'flint', 'qdecay.exact')"
    script = f"import sys, qdecay.editing.server; print([x for x in {names} if x in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("[]\n", "")


def test_a_fault_of_the_editor_is_one_line(visitor: Visitor, monkeypatch, capfd) -> None:
    """The page is told, the terminal has the traceback, and the server goes on."""
    monkeypatch.setattr(requests, "_solve", lambda *_: 1 / 0)
    answer = visitor.post("solve", {"document": CHAIN})
    assert (answer.status, answer.error) == (500, "ZeroDivisionError: division by zero")
    assert "Traceback" in capfd.readouterr().err
    assert visitor.post("draft", draft()).status == 200
