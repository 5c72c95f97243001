"""The editor's folder: plain names in it, and nothing outside it, whatever is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from editors import CHAIN, Visitor, draft

from qdecay.editing import requests
from qdecay.editing.folder import MAX_BYTES, Folder, check_name
from qdecay.editing.refusals import Refused
from qdecay.errors import InputError

posix = pytest.mark.skipif(os.name != "posix", reason="needs links")

NAMES = [
    "../outside.json", "..\\outside.json", "/etc/passwd.json", "C:\\a.json", "C:a.json",
    "sub/a.json", ".hidden.json", "..json", ".json", "a.json/", "a.json\0.json", "a\n.json",
    "a.json.", "a.json ", " a.json", "-a.json", "a", "a.txt", "a.JSON", "a.html", "NUL.json",
    "con.json", "COM1.x.json", "lpt9.json", "a:b.json", "a*.json", "a?.json", 'a".json', "a<b.json",
    "a|b.json", "\u202egpj.json", "\ud800.json", "x" * 196 + ".json", "é" * 98 + ".json", "", 3,
    None, ["a.json"], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_other_names_are_refused(visitor: Visitor, folder: Path, name: object) -> None:
    """Separators, devices, hidden files, other endings: to read, to write and to export."""
    answers = [
        visitor.post("open", {"name": name}),
        visitor.post("save", {"name": name, "document": CHAIN, "version": None}),
        visitor.post("export", {"name": name, "document": CHAIN, "replace": True}),
    ]
    if name == "a.html":
        assert answers.pop().status == 200
        (folder / "a.html").unlink()
    assert [(answer.status, answer.where) for answer in answers] == [(400, "name")] * len(answers)
    assert all(answer.error for answer in answers)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["a.json", "übung 1 (b).json", "練習.json", "x" * 195 + ".json"])
def test_plain_names_are_taken(visitor: Visitor, folder: Path, name: str) -> None:
    """In every language, with spaces, up to 200 bytes."""
    assert visitor.post("save", {"name": name, "document": CHAIN, "version": None}).status == 200
    assert [path.name for path in folder.iterdir()] == [name]
    assert visitor.post("open", {"name": name}).json["document"] == CHAIN


@posix
@pytest.mark.parametrize("target", ["../outside.json", "/etc/passwd", "nowhere", "a.json"])
def test_links_are_not_followed(visitor: Visitor, folder: Path, target: str) -> None:
    """Neither to files outside, nor to none, nor to itself; a link is not replaced either."""
    for name in ("a.json", "a.html", ".qdecay-edit.json"):
        (folder / name).symlink_to(target)
    before = {path.name: path.readlink() for path in folder.iterdir()}
    answers = [
        visitor.post("open", {"name": "a.json"}),
        visitor.post("save", {"name": "a.json", "document": CHAIN, "version": None}),
        visitor.post("export", {"name": "a.html", "document": CHAIN, "replace": True}),
        visitor.post("draft", draft()),
        visitor.get("state"),
    ]
    assert [answer.status for answer in answers] == [422] * 5
    assert all("link" in answer.error for answer in answers)
    assert {path.name: path.readlink() for path in folder.iterdir()} == before


@posix
def test_a_link_that_appears_late_is_not_followed(folder: Path, monkeypatch) -> None:
    """Between the check of the name and the opening, the system itself refuses."""
    (folder / "a.json").symlink_to("../outside.json")
    with pytest.raises(Refused, match="is a link"):
        Folder(folder).write("a.json", b"mine", lambda: None)
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)
    with pytest.raises(Refused, match=r"a\.json: "):
        Folder(folder).read("a.json")
    Folder(folder).write("a.json", b"mine", lambda: None)
    assert "secret" in (folder.parent / "outside.json").read_text()


@posix
def test_the_folder_may_be_a_link_itself(folder: Path) -> None:
    """It is what the user named, and is followed once, at the start."""
    (folder.parent / "link").symlink_to(folder)
    assert Folder(folder.parent / "link").path == folder.resolve()


def test_a_new_folder_is_made(folder: Path) -> None:
    """Its parent has to be there."""
    assert Folder(folder / "exercises").path.is_dir()
    assert Folder(folder / "exercises").names() == []
    with pytest.raises(InputError, match="cannot be opened: No such file"):
        Folder(folder / "no" / "where")
    assert [path.name for path in folder.iterdir()] == ["exercises"]


def test_a_folder_that_is_taken_away_is_told(visitor: Visitor, folder: Path) -> None:
    """By every request, as no fault of the file; and all goes on when it is back."""
    aside = folder.rename(folder.parent / "aside")
    answers = [
        visitor.post("open", {"name": "a.json"}),
        visitor.post("save", {"name": "a.json", "document": CHAIN, "version": None}),
        visitor.post("export", {"name": "a.html", "document": CHAIN}),
        visitor.post("draft", draft()),
        visitor.get("state"),
    ]
    assert [answer.status for answer in answers] == [422] * 5
    assert {answer.error for answer in answers} == {
        f"the folder {folder.resolve()} is not there any more: put it back"
    }
    assert not folder.exists()
    aside.rename(folder)
    assert visitor.post("draft", draft()).status == 200


@posix
def test_what_is_no_file_is_refused(visitor: Visitor, folder: Path, monkeypatch) -> None:
    """A folder named x.json, a pipe that would block for ever; before anything is solved."""
    monkeypatch.setattr(requests, "_solve", None)
    (folder / "x.json").mkdir()
    (folder / "x.html").mkdir()
    os.mkfifo(folder / "p.json")
    for name in ("x.json", "p.json"):
        assert visitor.post("open", {"name": name}).status == 422
        answer = visitor.post("save", {"name": name, "document": CHAIN, "version": None})
        assert answer.status == 422
    export = visitor.post("export", {"name": "x.html", "document": CHAIN, "replace": True})
    assert export.status == 422
    assert visitor.get("state").json["files"] == []
    assert sorted(path.name for path in folder.iterdir()) == ["p.json", "x.html", "x.json"]


@posix
def test_another_name_of_a_file_keeps_its_content(visitor: Visitor, folder: Path) -> None:
    """A hard link to a file outside is replaced, not written through."""
    other = folder.parent / "other"
    other.write_bytes(b'{"schema": "qdecay.layout/1"}')
    os.link(other, folder / "a.json")
    version = visitor.post("save", {"name": "a.json", "document": CHAIN, "version": None})
    assert version.status == 409
    found = Folder(folder)
    request = {"name": "a.json", "document": CHAIN, "version": found.version("a.json")}
    assert visitor.post("save", request).status == 200
    assert other.read_bytes() == b'{"schema": "qdecay.layout/1"}'
    other.unlink()


def test_large_files_are_refused(visitor: Visitor, folder: Path) -> None:
    """More than 2 MiB, to read and to write."""
    (folder / "a.json").write_bytes(b" " * (MAX_BYTES + 1))
    assert visitor.post("open", {"name": "a.json"}).status == 413
    chain = {**CHAIN, "near": ["x" * MAX_BYTES, [1]]}
    for name, request in {
        "save": {"name": "b.json", "document": chain, "version": None},
        "export": {"name": "b.html", "document": chain},
        "solve": {"document": chain},
    }.items():
        assert visitor.post(name, request).status == 413
    assert [path.name for path in folder.iterdir()] == ["a.json"]


def test_a_full_disk_harms_nothing(visitor: Visitor, folder: Path) -> None:
    """What cannot be written leaves the old file, and nothing half written."""
    from shell import full_disk

    version = visitor.post("save", {"name": "a.json", "document": CHAIN, "version": None})
    before = (folder / "a.json").read_bytes()
    longer = {**CHAIN, "far": ["move", [0] * 500 + [1]]}
    with full_disk(len(before)):
        request = {"name": "a.json", "document": longer, **version.json}
        assert visitor.post("save", request).status == 422
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.json": before}


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch) -> None:
    """Before anything is served."""
    with monkeypatch.context() as patch:  # root may write everywhere
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(InputError, match="cannot be written to"):
            Folder(tmp_path)
    (tmp_path / "file").touch()
    for name in ("file", "file/below", "x\0"):
        with pytest.raises((InputError, ValueError)):
            Folder(tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_refused_by_the_folder(name: object) -> None:
    """The check itself, without a server."""
    with pytest.raises(Refused):
        check_name(name, ".json")
