"""An editor whose requests tests send byte by byte, as any program of the machine could."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CHAIN = {"schema": "qdecay.layout/1", "near": ["stay", [1]], "far": ["move", [0, 0, 4]]}
GRID = {"schema": "qdecay.grid/1", "map": ["   +1", " # -1", "S   "], "living_reward": "-0.04"}
MODEL = {
    "schema": "qdecay.mdp/1",
    "n_states": 2,
    "n_actions": 2,
    "start": 0,
    "transitions": [[0, 0, 0, 1, 1, True], [0, 1, 1, 1, 0, False], [1, 0, 1, 1, 4, True]],
}
DOCUMENTS = {"chain": CHAIN, "grid": GRID, "model": MODEL}


def draft(document: Any = CHAIN, **more: Any) -> dict[str, Any]:
    """Return a draft in which a chain is typed."""
    documents = {**DOCUMENTS, "chain": document}
    return {"kind": "chain", "documents": documents, "file": None, "version": None, **more}


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The message of a refusal, which is one line."""
        found = self.json["error"]
        assert self.json == {"error": {"message": found["message"], "where": found["where"]}}
        assert found["message"] and "\n" not in found["message"]
        return found["message"]

    @property
    def where(self) -> str | None:
        """The place of a refusal."""
        return self.json["error"]["where"]


class Visitor:
    """Sends requests to an editor of an address with a token."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.root = parts.netloc, parts.path

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str | None] = {},
    ) -> Answer:
        """Send a request; a header that is None is left out."""
        given = {"Host": self.host, **headers}
        if body is not None:
            given = {"Content-Length": str(len(body)), **given}
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            found = connection.getresponse()
            names = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, names, found.read())
        finally:
            connection.close()

    def get(self, name: str = "", **headers: str) -> Answer:
        """Get what is below the token."""
        return self.send("GET", self.root + name, headers=headers)

    def post(self, name: str, value: Any, **headers: str | None) -> Answer:
        """Post a value as JSON, below the token."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = {"Content-Type": "application/json"}
        return self.send("POST", self.root + name, body, {**kind, **headers})
