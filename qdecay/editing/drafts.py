"""The draft: the current input, valid or not, kept in a hidden file of the folder.

It survives every crash. Two pages of one folder share it, and neither silently replaces what the
other wrote: a page that writes names the revision it has read, and is refused if another is newer.
A draft that cannot be read is moved aside, never overwritten.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from qdecay._support.one_line import one_line
from qdecay.editing.documents import SCHEMAS
from qdecay.editing.folder import Folder, version_of
from qdecay.editing.refusals import Refused
from qdecay_envs.jsonfile import parse_json

FILE = ".qdecay-edit.json"
MAX_BYTES = 8 << 20
"""The largest draft: three documents."""


class Drafts:
    """The draft of a folder."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def state(self) -> dict[str, Any]:
        """Return the draft, its revision and a notice, each null if there is none."""
        notice, draft, data = None, None, self._stored()
        if data is not None:
            try:
                draft = _checked(parse_json(data.decode(), FILE, float))
            except (ValueError, Refused) as error:
                notice, data = self._moved_aside(data, str(error)), None
        revision = None if data is None else version_of(data)
        return {"draft": draft, "revision": revision, "notice": notice}

    def store(self, request: Any) -> dict[str, Any]:
        """Store a draft, which also has its `base`, and return its revision.

        Raises:
            Refused: it is not a draft, or another page has written since.
        """
        base = request.pop("base", None) if isinstance(request, dict) else None
        data = json.dumps(_checked(request), allow_nan=False).encode()

        def check() -> None:
            present = self._stored()
            if (None if present is None else version_of(present)) != base:
                text = "another page of this editor has changed the draft since: keep one of both"
                raise Refused(HTTPStatus.CONFLICT, text)

        self._folder.write(FILE, data, check)
        return {"revision": version_of(data)}

    def _stored(self) -> bytes | None:
        try:
            return self._folder.read(FILE, MAX_BYTES)
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _moved_aside(self, data: bytes, reason: str) -> str:
        aside = f".qdecay-edit-damaged-{version_of(data)[:8]}.json"
        self._folder.rename(FILE, aside)
        return f"the draft could not be read and is kept as {aside}: {one_line(reason)}"


def _checked(draft: Any) -> dict[str, Any]:
    """Return a draft whose outer form is valid, whatever its documents are."""
    if not isinstance(draft, dict) or not isinstance(draft.get("documents"), dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "a draft has documents", "documents")
    if not isinstance(draft.get("kind"), str) or draft["kind"] not in SCHEMAS:
        names = ", ".join(SCHEMAS)
        raise Refused(HTTPStatus.BAD_REQUEST, f"the kind of a draft is one of {names}", "kind")
    return draft
