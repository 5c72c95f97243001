"""Who may ask the editor: its own page in a browser of this machine, and nobody else."""

from __future__ import annotations

import socket

import pytest
from editors import CHAIN, Visitor, draft

from qdecay.editing.server import MAX_BODY
from qdecay.editing.visitors import Visitors

GETS = ["", "state", "editor.css", "colours.css", "style.css"]
POSTS = {
    "draft": draft(),
    "solve": {"document": CHAIN},
    "open": {"name": "a.json"},
    "save": {"name": "a.json", "document": CHAIN, "version": None},
    "export": {"name": "a.html", "document": CHAIN},
}


@pytest.mark.parametrize(
    "host",
    [None, "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"],
)
def test_other_hosts_are_refused(visitor: Visitor, host: str | None) -> None:
    """A name that was made to resolve to this machine (DNS rebinding) is in the Host header."""
    port = visitor.host.partition(":")[2]
    headers = {"Host": None if host is None else host.format(port=port)}
    for name in GETS:
        assert visitor.send("GET", visitor.root + name, headers=headers).status == 403
    for name, value in POSTS.items():
        assert visitor.post(name, value, **headers).status == 403


def test_two_hosts_are_refused(visitor: Visitor) -> None:
    """Of two Host headers none is trusted."""
    request = f"GET {visitor.root}state HTTP/1.1\r\nHost: {visitor.host}\r\nHost: evil\r\n\r\n"
    assert raw(visitor, request).startswith(b"HTTP/1.1 403 ")


def test_localhost_is_the_same_machine(visitor: Visitor) -> None:
    """Who types localhost instead of 127.0.0.1 is served, and its page may send."""
    port = visitor.host.partition(":")[2]
    own = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert visitor.get("state", **own).status == 200
    assert visitor.post("draft", draft(), **own).status == 200
    mixed = {**own, "Origin": f"http://127.0.0.1:{port}"}
    assert visitor.post("draft", draft(), **mixed).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},  # of a sandboxed frame, such as that of the result
        {"Origin": "https://{host}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this machine
    ],
)
def test_other_origins_are_refused(visitor: Visitor, headers: dict[str, str]) -> None:
    """A page that is open in the same browser can send, and is refused even with the token."""
    given = {name: value.format(host=visitor.host) for name, value in headers.items()}
    for name in GETS:
        assert visitor.get(name, **given).status == 403
    for name, value in POSTS.items():
        answer = visitor.post(name, value, **given)
        assert (answer.status, "another" in answer.error) == (403, True)


def test_its_own_page_may_ask(visitor: Visitor) -> None:
    """What a browser adds to the requests of the page itself, and to an address that was typed."""
    own = {"Origin": f"http://{visitor.host}", "Sec-Fetch-Site": "same-origin"}
    assert visitor.post("draft", draft(), **own).status == 200
    assert visitor.get("", **{"Sec-Fetch-Site": "none"}).status == 200


@pytest.mark.parametrize("token", ["", "x", "{0}x", "{1}", "{0}%20", ".", ".."])
def test_a_wrong_token_finds_nothing(visitor: Visitor, token: str) -> None:
    """Nobody learns what is there, with every method and every path."""
    own = visitor.root.strip("/")
    root = "/" + token.format(own, own[:-1]) + "/"
    for name in GETS:
        assert visitor.send("GET", root + name).status == 404
    for name in POSTS:
        for kind in ("application/json", "text/plain"):  # nor which requests would be taken
            answer = visitor.send("POST", root + name, b"{}", {"Content-Type": kind})
            assert answer.status == 404


def test_a_token_of_other_characters_finds_nothing(visitor: Visitor) -> None:
    """Bytes that are no ASCII are compared like others."""
    request = f"GET /\xe9/state HTTP/1.1\r\nHost: {visitor.host}\r\nConnection: close\r\n\r\n"
    assert raw(visitor, request).startswith(b"HTTP/1.1 404 ")


def test_tokens_are_long_and_differ() -> None:
    """32 random bytes, made anew for each server."""
    tokens = {Visitors(1).token for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}  # 256 bits at 6 a character


def test_a_ticket_opens_the_page_once(editor, visitor: Visitor) -> None:
    """The address that the browser is started with is worth nothing to who reads it later."""
    path = editor.ticket().removeprefix(f"http://{visitor.host}")
    assert visitor.root.strip("/") not in path
    first, second = (visitor.send("GET", path) for _ in range(2))
    assert (first.status, first.headers["location"]) == (303, visitor.root)
    assert second.status == 404
    assert visitor.send("GET", visitor.root.rstrip("/")).headers["location"] == visitor.root


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"],
)
def test_a_form_cannot_send(visitor: Visitor, kind: str | None) -> None:
    """Any site can post these types without being asked whether it may."""
    for name, value in POSTS.items():
        assert visitor.post(name, value, **{"Content-Type": kind}).status == 415


@pytest.mark.parametrize("length", [None, "-1", "x", "1e3", "٣", ""])
def test_a_body_says_how_long_it_is(visitor: Visitor, length: str | None) -> None:
    """Chunked and nonsensical lengths are refused, and nothing waits for ever."""
    headers = {} if length is None else {"Content-Length": length.encode().decode("latin-1")}
    more = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **headers}
    assert visitor.send("POST", f"{visitor.root}draft", headers=more).status == 411


def test_large_bodies_are_refused(visitor: Visitor) -> None:
    """One byte more than the limit."""
    body = b" " * (MAX_BODY - 2) + b"{}"
    assert visitor.post("draft", body).status == 400  # which is read, and is no draft
    assert visitor.post("draft", b" " + body).status == 413


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "utf-8"),
        (b"[]", "a draft has"),
        (b"null", "a draft has"),
        (b'{"kind": NaN}', "NaN"),
        (b'{"kind": "chain", "kind": "grid"}', "twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"documents":' * 400 + b"1" + b"}" * 400, "kind of a draft"),
    ],
)
def test_what_is_no_request_is_refused(visitor: Visitor, body: bytes, message: str) -> None:
    """Strict JSON, and an object with what is needed."""
    answer = visitor.post("draft", body)
    assert (answer.status, message in answer.error) == (400, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "x"])
def test_other_methods_do_nothing(visitor: Visitor, method: str) -> None:
    """A preflight finds no permission; a method that is unknown is not repeated to anybody."""
    answer = visitor.send(method, f"{visitor.root}state")
    assert answer.status == 501
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "name",
    [
        "x", "state/", "state?", "State", "draft", "result", "result/", "result/1", "result/-1",
        "result/1/", "../state", "./state", "%73tate", "editor.html", "none.js", ".css", "a/b.js",
        "../server.py", "__init__.py",
        "../../reporting/templates/explorer/page.js", "..%2fserver.py", "editor.css%00", "http://127.0.0.1/state",
    ],
)  # fmt: skip
def test_other_paths_find_nothing(visitor: Visitor, name: str) -> None:
    """Only what the page needs: no file of the package, and none of the machine."""
    assert visitor.get(name).status == 404
    assert visitor.post(name if name != "draft" else "state", {}).status == 404


@pytest.mark.parametrize(
    "line", ["GET", "GET  HTTP/1.1", "\0 / HTTP/1.1", "GET / HTTP/9", "x" * 70_000]
)
def test_nonsense_is_refused(visitor: Visitor, line: str) -> None:
    """What is no HTTP is answered by nothing, or by a refusal that does not repeat it."""
    answer = raw(visitor, f"{line}\r\n\r\n")
    assert not answer or b'{"error": ' in answer
    assert visitor.get("state").status == 200


def test_what_every_answer_says(visitor: Visitor) -> None:
    """Nothing is stored, sniffed, framed or sent on; the page loads from here alone."""
    number = visitor.post("solve", {"document": CHAIN}).json["result"]
    answers = {name: visitor.get(name) for name in (*GETS, f"result/{number}", "nothing")}
    for answer in answers.values():
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert "python" not in answer.headers["server"].lower()
    policies = {name: policy_of(answer) for name, answer in answers.items()}
    page, result = policies[""], policies[f"result/{number}"]
    assert page["script-src"] == page["style-src"] == page["connect-src"] == "'self'"
    assert page["frame-ancestors"] == page["base-uri"] == page["form-action"] == "'none'"
    assert "allow-same-origin" not in result["sandbox"]
    assert "connect-src" not in result and result["frame-ancestors"] == "'self'"
    assert all(policy["default-src"] == "'none'" for policy in policies.values())


def policy_of(answer) -> dict[str, str]:
    """Return the parts of a content security policy."""
    parts = answer.headers["content-security-policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def raw(visitor: Visitor, request: str) -> bytes:
    """Return what is answered to some bytes."""
    host, port = visitor.host.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(1 << 16):
            found += part
    return found
