"""What each request does: it takes a JSON object, and returns one or raises `Refused`."""

from __future__ import annotations

import importlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any

from qdecay import __version__
from qdecay.editing import documents
from qdecay.editing.drafts import Drafts
from qdecay.editing.folder import MAX_BYTES, Folder, check_name, too_large, version_of
from qdecay.editing.refusals import Refused, too_long
from qdecay.editing.workers import Workers
from qdecay_envs.jsonfile import json_text, parse_json

Solved = tuple[bytes, dict[str, Any]]
"""A page and its summary, as `qdecay.editing.solving.solve` returns them."""

IsAwaited = Callable[[], bool]
"""Tells whether somebody still waits for an answer."""

_ENGINE = "qdecay.editing.solving"
_KEPT = 16  # pages
_EXACT_IN_JAVASCRIPT = 1 << 53
_ENOUGH_SECONDS = 15.0  # for drawing, after the search; the process itself stops at ten
_SCHEMA = re.compile(rb'"schema"\s*:\s*"(qdecay\.\w+/1)"')
_NAME = re.compile(r"[^/\\]{1,200}")


class Requests:
    """The requests of one editor.

    Attributes:
        actions: by name, what `POST` asks for; they take the request, and what tells whether
            somebody still waits for the answer.
    """

    def __init__(self, folder: Folder, max_seconds: float) -> None:
        """Answer for a folder; searches end after `max_seconds`."""
        self._folder, self._seconds = folder, max_seconds
        self._drafts = Drafts(folder)
        self._workers = Workers(_warm)
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self._numbers, self._lock = count(1), Lock()
        self.actions: Mapping[str, Callable[[Any, IsAwaited], dict[str, Any]]] = {
            "draft": lambda request, _: self._drafts.store(request),
            "solve": self._solve,
            "open": self._open,
            "save": self._save,
            "export": self._export,
        }

    def begin(self) -> None:
        """Start the process that solves; only `close` ends it."""
        self._workers.begin()

    def state(self) -> dict[str, Any]:
        """Return the initial state of a page."""
        return {
            "folder": str(self._folder.path),
            "files": self._files(),
            **self._drafts.state(),
            "presets": documents.presets(),
            "version": __version__,
            "limits": {"seconds": self._seconds, "bytes": MAX_BYTES},
        }

    def page(self, number: int) -> bytes:
        """Return a page that was solved.

        Raises:
            Refused: there is no such page, or no longer.
        """
        with self._lock:
            found = self._pages.get(number)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"result {number}: there are newer ones")
        return found

    def close(self) -> None:
        """Stop all solving."""
        self._workers.close()

    def _files(self) -> list[dict[str, str]]:
        """Return the documents of the folder with their kinds."""
        kinds = {schema.encode(): kind for kind, schema in documents.SCHEMAS.items()}
        found = []
        for name in self._folder.names():
            try:
                said = _SCHEMA.search(self._folder.beginning(name))
            except Refused:
                continue
            if said is not None and said[1] in kinds:
                title = name.removesuffix(".json")
                found.append({"name": name, "kind": kinds[said[1]], "title": title})
        return found

    def _solve(self, request: Any, is_awaited: IsAwaited) -> dict[str, Any]:
        table = _Keys(request)
        document, page = table.take("document"), table.text("page", "")
        name, gamma = table.text("name", "").strip(), table.text("gamma", "").strip()
        table.close()
        begun = monotonic()
        html, summary = self._solved(page, is_awaited, document, name, gamma)
        with self._lock:
            number = next(self._numbers)
            self._pages[number] = html
            while len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        seconds = round(monotonic() - begun, 3)
        return {"result": number, "seconds": seconds, "summary": summary}

    def _solved(
        self, page: object, is_awaited: IsAwaited, document: Any, name: str, gamma: str
    ) -> Solved:
        _check_size(document)
        if name and not (name.isprintable() and _NAME.fullmatch(name)):
            raise Refused(HTTPStatus.BAD_REQUEST, "a name is a line without slashes", "name")
        arguments = document, name or None, gamma, self._seconds
        most = self._seconds + _ENOUGH_SECONDS
        try:
            return self._workers.run(page, is_awaited, most, _solve, *arguments)
        except TimeoutError:
            raise too_long(self._seconds) from None

    def _open(self, request: Any, _: IsAwaited) -> dict[str, Any]:
        table = _Keys(request)
        name = check_name(table.take("name"), ".json")
        table.close()
        data = self._folder.read(name)
        try:
            document = parse_json(data.decode("utf-8-sig"), name, str)
        except ValueError as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        return {
            "kind": documents.kind_of(document),
            "document": _for_javascript(document),
            "version": version_of(data),
        }

    def _save(self, request: Any, _: IsAwaited) -> dict[str, Any]:
        table = _Keys(request)
        name, document = check_name(table.take("name"), ".json"), table.take("document")
        version, form = table.take("version"), table.text("as", "own")
        table.close()
        if form not in ("own", "mdp"):
            raise Refused(HTTPStatus.BAD_REQUEST, 'as must be "own" or "mdp"', "as")
        _check_size(document)
        problem = documents.read_problem(document)
        written = document if form == "own" else documents.as_model(problem)
        data = json_text(written).encode()
        if len(data) > MAX_BYTES:
            raise too_large(name)

        def check() -> None:
            present = self._folder.version(name)
            if present == version:
                return
            if present is None:
                raise Refused(HTTPStatus.GONE, f"{name}: is not there any more")
            text = "exists already" if version is None else "has changed on disk since"
            raise Refused(HTTPStatus.CONFLICT, f"{name}: {text}")

        self._folder.write(name, data, check)
        return {"version": version_of(data)}

    def _export(self, request: Any, is_awaited: IsAwaited) -> dict[str, Any]:
        table = _Keys(request)
        name, document = check_name(table.take("name"), ".html"), table.take("document")
        replace = table.take("replace", False)
        table.close()

        def check() -> None:
            self._folder.check_place(name)
            if replace is not True and self._folder.has(name):
                raise Refused(HTTPStatus.CONFLICT, f"{name}: exists already")

        check()  # before the long work
        title = name.removesuffix(".html")
        nobody = object()  # no newer request replaces this one
        html, _ = self._solved(nobody, is_awaited, document, title, "")
        self._folder.write(name, html, check)
        return {"path": str(self._folder.path / name)}


def _solve(*arguments: Any) -> Solved:
    """Solve, in a process.

    The server itself does not load the solver, and so starts quickly. Nor may the answer be of a
    class that would make it load the solver.
    """
    found: Solved = importlib.import_module(_ENGINE).solve(*arguments)
    return found


def _warm() -> None:
    """Load what `_solve` needs, and use it once."""
    importlib.import_module(_ENGINE).warm()


class _Keys:
    """The keys of a request, taken one by one."""

    def __init__(self, request: Any) -> None:
        if not isinstance(request, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "a request is a JSON object")
        self._left = dict(request)

    def take(self, key: str, default: Any = None) -> Any:
        return self._left.pop(key, default)

    def text(self, key: str, default: str) -> str:
        """Return a text; null is the default."""
        found = self.take(key)
        if found is None:
            return default
        if not isinstance(found, str):
            raise Refused(HTTPStatus.BAD_REQUEST, f"{key} must be text", key)
        return found

    def close(self) -> None:
        """Refuse all remaining keys."""
        for key in self._left:
            raise Refused(HTTPStatus.BAD_REQUEST, f"unknown key {key!r:.60}")


def _check_size(document: Any) -> None:
    if len(json.dumps(document)) > MAX_BYTES:
        raise too_large("the document")


def _for_javascript(value: Any) -> Any:
    """Return a document in which whole numbers too large for JavaScript are text."""
    if isinstance(value, dict):
        return {key: _for_javascript(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_for_javascript(entry) for entry in value]
    if isinstance(value, int) and abs(value) > _EXACT_IN_JAVASCRIPT:
        return str(value)
    return value
