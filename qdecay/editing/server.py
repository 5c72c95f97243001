"""The editor's server: one page, its assets and its requests, on the loopback address."""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import traceback
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, NamedTuple

from qdecay._support.user_code import described
from qdecay.editing import drafts
from qdecay.editing.folder import Folder
from qdecay.editing.refusals import Refused
from qdecay.editing.requests import IsAwaited, Requests
from qdecay.editing.visitors import Visitors
from qdecay.errors import InputError
from qdecay.reporting.colours import css_variables
from qdecay_envs.jsonfile import parse_json

ADDRESS = "127.0.0.1"
MAX_BODY = drafts.MAX_BYTES
"""The longest body of a request."""

_POLL_SECONDS = 0.5  # until `stop` is noticed
_JSON, _HTML = "application/json", "text/html; charset=utf-8"
_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
_ASSET = re.compile(r"[a-z][a-z0-9_-]{0,60}\.(js|css)")
_RESULT = re.compile(r"result/(\d{1,9})", re.ASCII)
_OF_EDITOR = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_OF_RESULT = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_OF_OTHERS = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Reply(NamedTuple):
    """An answer.

    Attributes:
        body, kind: the content and its type.
        policy: its content security policy.
        status: of HTTP.
        location: the address to redirect to, or "".
    """

    body: bytes
    kind: str = _JSON
    policy: str = _OF_OTHERS
    status: HTTPStatus = HTTPStatus.OK
    location: str = ""


class Editor:
    """A server for one folder.

    Attributes:
        address: the address of its page, with the token.
    """

    def __init__(self, folder: Folder, *, port: int, max_seconds: float) -> None:
        """Listen on a port (0 means any free one).

        Raises:
            InputError: the port is in use or may not be used.
        """
        try:
            self._http = _Server((ADDRESS, port), partial(_Handler, self))
        except OSError as error:
            raise InputError(f"--port {port}: {error.strerror or error}") from error
        self.visitors = Visitors(self._http.server_port)
        self.requests = Requests(folder, max_seconds)
        self._root = f"http://{ADDRESS}:{self._http.server_port}"
        self.address = f"{self._root}/{self.visitors.token}/"

    def ticket(self) -> str:
        """Return an address that opens the page once; afterwards it may be seen by others."""
        return self._root + self.visitors.ticket()

    def serve(self) -> None:
        """Answer requests until interrupted, and leave no process behind."""
        try:
            self.requests.begin()
            self._http.serve_forever(_POLL_SECONDS)
        finally:
            try:
                self._http.server_close()
            finally:
                self.requests.close()

    def stop(self) -> None:
        """End `serve`, which runs in another thread."""
        self._http.shutdown()

    def get(self, path: str) -> Reply:
        """Return the answer to a GET.

        Raises:
            Refused: there is nothing at that path.
        """
        if self.visitors.redeem(path) or path == f"/{self.visitors.token}":
            place = f"/{self.visitors.token}/"
            return Reply(b"", status=HTTPStatus.SEE_OTHER, location=place)
        rest = self.visitors.rest_of(path)
        if rest == "":
            return Reply(_asset("editor.html"), _HTML, _OF_EDITOR)
        if rest == "state":
            return _in_json(self.requests.state())
        if found := _RESULT.fullmatch(rest):
            return Reply(self.requests.page(int(found[1])), _HTML, _OF_RESULT)
        if rest == "colours.css":
            return Reply(css_variables().encode(), _TYPES["css"])
        if rest == "style.css":
            style = files("qdecay.reporting").joinpath("templates", "style.css")
            return Reply(style.read_bytes(), _TYPES["css"])
        if found := _ASSET.fullmatch(rest):
            return Reply(_asset(rest), _TYPES[found[1]])
        raise _nothing()

    def post(self, path: str, body: bytes, is_awaited: IsAwaited) -> Reply:
        """Return the answer to a POST; nothing is worked on that is not awaited any more.

        Raises:
            Refused: there is nothing at that path, or the request is refused.
        """
        action = self.requests.actions.get(self.visitors.rest_of(path))
        if action is None:
            raise _nothing()
        # A draft is kept unchanged; in a document every decimal is kept as written.
        decimal: Any = float if path.endswith("/draft") else str
        try:
            request = parse_json(body.decode(), "the request", decimal)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        try:
            return _in_json(action(request, is_awaited))
        except RecursionError as error:
            text = "lists or objects are nested too deeply"
            raise Refused(HTTPStatus.BAD_REQUEST, text) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would share the port with others

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds without a byte

    def __init__(self, editor: Editor, *arguments: Any) -> None:
        self._editor = editor
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(lambda: self._editor.get(self.path))

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer(lambda: self._editor.post(self.path, self._body(), self._is_awaited))

    def _is_awaited(self) -> bool:
        """Whether the answer is awaited: a page that is closed, or has changed, hangs up."""
        if not select.select([self.connection], [], [], 0)[0]:
            return True
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _answer(self, found: Any) -> None:
        try:
            self._editor.visitors.check(self.headers)
            reply = found()
        except Refused as error:
            reply = _refusal(error.status, error.message, error.where)
        except Exception as error:
            traceback.print_exc()
            reply = _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, described(error))
        self._send(reply)

    def _body(self) -> bytes:
        """Return the body of a JSON request.

        Raises:
            Refused: it has another type, is too long, or of unknown length.
        """
        self._editor.visitors.rest_of(self.path)  # before anything is read
        if self.headers.get_content_type() != _JSON or "Content-Type" not in self.headers:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {_JSON}")
        lengths = self.headers.get_all("Content-Length", [])
        if len(lengths) != 1 or not re.fullmatch(r"\d{1,15}", lengths[0], re.ASCII):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "send the length of the body")
        if int(lengths[0]) > MAX_BODY:
            self._discard(int(lengths[0]))
            text = f"a request has at most {MAX_BODY:,} bytes"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            raise Refused(HTTPStatus.BAD_REQUEST, "the request ends too early")
        return body

    def _discard(self, length: int) -> None:
        """Read a body that is not needed: a client that sends all before reading would miss the
        answer."""
        left = min(length, 16 * MAX_BODY)
        while left > 0 and (read := len(self.rfile.read(min(left, 1 << 16)))):
            left -= read

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {**_ALWAYS, "Content-Type": reply.kind, "Content-Security-Policy": reply.policy}
        for name, value in headers.items():
            self.send_header(name, value)
        if reply.location:
            self.send_header("Location", reply.location)
        if reply.status >= HTTPStatus.BAD_REQUEST:  # its body may be left unread
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer an invalid request."""
        self.close_connection = True
        self._send(_refusal(HTTPStatus(code), HTTPStatus(code).phrase))

    def version_string(self) -> str:
        """Return the name of the server."""
        return "qdecay"

    def log_message(self, format: str, *values: Any) -> None:
        """Print nothing: addresses have the token."""


def _asset(name: str) -> bytes:
    found = files("qdecay.editing").joinpath("page", name)
    if not found.is_file():
        raise _nothing()
    return found.read_bytes()


def _nothing() -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")


def _in_json(value: Any) -> Reply:
    return Reply(json.dumps(value, allow_nan=False).encode())


def _refusal(status: HTTPStatus, message: str, where: str | None = None) -> Reply:
    return _in_json({"error": {"message": message, "where": where}})._replace(status=status)
