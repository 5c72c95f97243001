"""A running editor of a temporary folder, which solves in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from editors import Visitor

from qdecay.editing import requests, server
from qdecay.editing.folder import Folder
from qdecay.editing.server import Editor


class Here:
    """Solves in the thread that asks."""

    def __init__(self, warm: Callable[[], object]) -> None:
        pass

    def begin(self) -> None:
        pass

    def run(
        self,
        page: object,
        is_awaited: object,
        seconds: float,
        function: Callable[..., Any],
        *given: Any,
    ) -> Any:
        return function(*given)

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the editor; beside it are things that are none of its business."""
    (tmp_path / "outside.json").write_text('{"schema": "qdecay.layout/1", "secret": true}')
    mine = tmp_path / "mine"
    mine.mkdir()
    return mine


@pytest.fixture
def editor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Editor]:
    """An editor that is served; afterwards, nothing outside the folder has changed."""
    monkeypatch.setattr(requests, "Workers", Here)
    monkeypatch.setattr(server, "_POLL_SECONDS", 0.01)
    outside = _content(folder.parent)
    found = Editor(Folder(folder), port=0, max_seconds=20.0)
    thread = Thread(target=found.serve)
    thread.start()
    yield found
    found.stop()
    thread.join()
    assert _content(folder.parent) == outside


@pytest.fixture
def visitor(editor: Editor) -> Visitor:
    """Who knows the address."""
    return Visitor(editor.address)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
