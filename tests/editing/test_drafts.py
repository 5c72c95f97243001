"""The draft: kept as it is typed, through crashes, and never silently replaced by another page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from editors import CHAIN, Visitor, draft

FILE = ".qdecay-edit.json"


def test_there_is_none_at_first(visitor: Visitor) -> None:
    """The page then begins with a preset."""
    state = visitor.get("state").json
    assert (state["draft"], state["revision"], state["notice"]) == (None, None, None)


@pytest.mark.parametrize(
    "given",
    [
        draft(),
        draft({"schema": "?", "near": ["half typed", ["1/", "-", ""]]}),
        draft(gamma="0.", file="a.json", version="0" * 64, more={"tab": 2.5, "deep": [None, True]}),
        draft(["</script><script>alert(1)</script>", "\ud800", "\u2028", 0.1, 1e300]),
    ],
)
def test_it_is_kept_as_it_is(visitor: Visitor, given: object) -> None:
    """Valid or not; JSON in, the same JSON out."""
    revision = visitor.post("draft", {**given, "base": None}).json["revision"]
    state = visitor.get("state").json
    assert (state["draft"], state["revision"]) == (given, revision)


def test_each_page_goes_on_from_what_it_has_read(visitor: Visitor) -> None:
    """The base of a draft is the revision before it."""
    first = visitor.post("draft", draft(gamma="1")).json["revision"]
    second = visitor.post("draft", draft(gamma="2", base=first)).json["revision"]
    assert visitor.post("draft", draft(gamma="3", base=second)).status == 200
    assert visitor.get("state").json["draft"]["gamma"] == "3"


@pytest.mark.parametrize("base", ["none", "first", "wrong"])
def test_another_page_is_not_overwritten(visitor: Visitor, base: str) -> None:
    """The page that has not seen the last draft is refused until it has, whatever it says."""
    first = visitor.post("draft", draft(gamma="theirs, old")).json["revision"]
    visitor.post("draft", draft(gamma="theirs", base=first))
    given = {"none": None, "first": first, "wrong": [1]}[base]
    refused = visitor.post("draft", draft(gamma="mine", base=given))
    assert refused.status == 409
    assert "another page" in refused.error
    state = visitor.get("state").json
    assert state["draft"]["gamma"] == "theirs"
    taken = visitor.post("draft", draft(gamma="mine", base=state["revision"]))
    assert taken.status == 200


def test_two_servers_of_one_folder_see_each_other(visitor: Visitor, folder: Path) -> None:
    """The revision is that of the file, not of what this server has written."""
    first = visitor.post("draft", draft()).json["revision"]
    (folder / FILE).write_text(json.dumps(draft(gamma="of another server")))
    assert visitor.post("draft", draft(base=first)).status == 409


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff\xfe", b"[]", b'{"kind": "chain"}', b"[" * 9999]
)
def test_a_damaged_draft_is_kept_aside(visitor: Visitor, folder: Path, damaged: bytes) -> None:
    """It may hold hours of work: it is not replaced, and the page says where it is."""
    (folder / FILE).write_bytes(damaged)
    state = visitor.get("state").json
    assert (state["draft"], state["revision"]) == (None, None)
    (aside,) = folder.iterdir()
    assert aside.name in state["notice"]
    assert visitor.post("draft", draft()).status == 200
    assert aside.read_bytes() == damaged
    assert visitor.get("state").json["notice"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "chain"},
        {"documents": {}},
        {"kind": "other", "documents": {}},
        {"kind": ["chain"], "documents": {}},
        {"kind": "chain", "documents": []},
    ],
)
def test_what_is_no_draft_is_refused(visitor: Visitor, folder: Path, wrong: object) -> None:
    """Nothing is written that the next start would have to move aside."""
    assert visitor.post("draft", wrong).status == 400
    assert list(folder.iterdir()) == []


def test_it_is_no_file_of_the_folder(visitor: Visitor) -> None:
    """It is hidden: neither listed, nor opened, nor saved to."""
    visitor.post("draft", draft())
    assert visitor.get("state").json["files"] == []
    assert visitor.post("open", {"name": FILE}).status == 400
    assert visitor.post("save", {"name": FILE, "document": CHAIN}).status == 400
