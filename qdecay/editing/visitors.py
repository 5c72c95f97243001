"""Which requests are allowed: those of the page that this server has served, on this machine.

Any web page that is open in the same browser can send requests to the loopback address, and a name
of another host can be made to resolve to it (DNS rebinding). So a request must be addressed to the
loopback address by name, must not come from another origin, and must contain the address's token.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from email.message import Message
from http import HTTPStatus
from threading import Lock

from qdecay.editing.refusals import Refused

_SAME = ("same-origin", "none")  # none: an address that was typed or opened by a program


class Visitors:
    """The check of requests to one port.

    Attributes:
        token: the first part of every path; 32 random bytes.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._tickets: list[str] = []
        self._lock = Lock()

    def check(self, headers: Message) -> None:
        """Refuse a request that another site may have sent.

        Raises:
            Refused: 403.
        """
        host = _only(headers.get_all("Host", []))
        if host not in self._hosts:
            raise Refused(HTTPStatus.FORBIDDEN, f"this editor is at http://{self._hosts[0]}/")
        origins = headers.get_all("Origin", [])
        if origins and _only(origins) != f"http://{host}":
            raise Refused(HTTPStatus.FORBIDDEN, "a page of another origin has asked")
        sites = headers.get_all("Sec-Fetch-Site", [])
        if sites and _only(sites) not in _SAME:
            raise Refused(HTTPStatus.FORBIDDEN, "a page of another site has asked")

    def rest_of(self, path: str) -> str:
        """Return what follows the token in a path.

        Raises:
            Refused: 404, the token is wrong.
        """
        _, token, *rest = path.split("/", 2)
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        return rest[0] if rest else ""

    def ticket(self) -> str:
        """Return a path that leads to the page once.

        The browser is opened with it: every user of this machine can read that command line, and
        must not find the token there.
        """
        with self._lock:
            self._tickets.append(secrets.token_urlsafe(32))
            return f"/open/{self._tickets[-1]}"

    def redeem(self, path: str) -> bool:
        """Whether a path is a ticket; it is used up by this call."""
        with self._lock:
            for ticket in self._tickets:
                if secrets.compare_digest(path.encode(), f"/open/{ticket}".encode()):
                    self._tickets.remove(ticket)
                    return True
        return False


def _only(values: Sequence[str]) -> str | None:
    """Return the only value of a header; None if there are several."""
    return values[0] if len(values) == 1 else None
