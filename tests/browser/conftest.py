"""Chromium for the tests of the page: a missing browser is an error, never a skipped test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from editor_pages import SECONDS, Server, opened

from qdecay.cli.report import report

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium, of Debian or where CHROMIUM says, with its own profile."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """An opened page, and what it should not have done."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self._refuse(dialog))
        page.on("request", lambda request: self.requests.append(request.url))
        page.set_default_timeout(SECONDS)

    def _refuse(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: Path, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{path.as_uri()}{fragment}")
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector)).strip()

    def settle(self) -> None:
        """Wait for two frames: what the last input changed is drawn."""
        self.page.evaluate(
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )


@pytest.fixture
def visit(chromium: Any) -> Callable[..., Any]:
    """Open a page as a context manager; on leaving, nothing may have been logged or requested."""

    @contextmanager
    def opened(path: Path, fragment: str = "", **context: Any) -> Iterator[Visit]:
        context = {"viewport": {"width": 1280, "height": 900}, **context}
        with chromium.new_context(**context) as session:
            made = Visit(session.new_page())
            made.open(path, fragment)
            yield made
            assert made.complaints == []
            assert {url.partition("#")[0] for url in made.requests} <= {
                path.as_uri(),
                "about:blank",
            }

    return opened


@pytest.fixture(scope="session")
def pages(tmp_path_factory: Any) -> Callable[..., Path]:
    """Write a page once, by the command's own function, and return its path."""
    folder, known = tmp_path_factory.mktemp("pages"), dict[str, Path]()

    def page(source: str | None = None, exact_only: bool = True, over: str | None = None) -> Path:
        name = f"{source}-{exact_only}-{over}"
        if name not in known:
            known[name] = folder / f"page{len(known)}.html"
            report(source, output=known[name], exact_only=exact_only, over=over)
        return known[name]

    return page


@pytest.fixture(scope="session")
def editor_server(tmp_path_factory: Any) -> Iterator[Server]:
    """One server for all tests that do not kill it."""
    found = Server(tmp_path_factory.mktemp("exercises"))
    yield found
    found.stop()


@pytest.fixture
def edit(chromium: Any, editor_server: Server) -> Callable[..., Any]:
    """Open an editor of an empty folder, as a context manager."""

    def begun(**context: Any) -> Any:
        editor_server.clear()
        return opened(chromium, editor_server, **context)

    return begun
