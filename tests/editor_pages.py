"""An opened editor for the tests of its page: what people do in it, and what it must never do."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sweeps import signals_not_ignored

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SECONDS = 150_000  # milliseconds: the machine of the tests does other things too
CURRENT, STALE = "#result[data-state=current]", "#result[data-state=stale]"
HOSTILE = ('<img src=x onerror="alert(1)">', "</script><script>alert(1)</script>")
# What a browser logs of every answer that is a refusal, also of one that the page handles.
REFUSALS = re.compile(
    r"Failed to load resource: the server .* with a status of (4(00|09|10|22)|503) "
)


class Server:
    """A running `qdecay edit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "qdecay", "edit", str(folder), "--no-browser"]
        with signals_not_ignored():
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # nothing, if it has ended
        self.process.wait(120)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def clear(self) -> None:
        """Make the folder empty, as it is for somebody new."""
        for path in self.folder.iterdir():
            path.unlink()


class Editing:
    """An opened editor, and what it should not have done."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page, self.server = page, server
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.set_default_timeout(SECONDS)
        self.open(server.address)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")

    def tab(self, kind: str) -> None:
        self.page.click(f"#tab-{kind}")

    def current(self) -> str:
        """Wait until the result is that of what is in the form, and return its sentence."""
        self.page.wait_for_selector(CURRENT, state="attached")
        return str(self.page.inner_text("#verdict"))

    def stale(self) -> str:
        """Wait until what is in the form is refused, and return what is said beside the field."""
        self.page.wait_for_selector(STALE, state="attached")
        return str(self.page.locator(".error:not([hidden])").inner_text())

    def frame(self) -> Any:
        """The page of the result."""
        return self.page.locator("#frames iframe:not([hidden])").element_handle().content_frame()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def undo_until(self, selector: str, count: int) -> None:
        """Undo until there are so many elements: on a slow machine, typing is several steps."""
        for _ in range(12):
            if self.page.locator(selector).count() != count:
                self.press("Control+z")
        assert self.page.locator(selector).count() == count

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def focused(self) -> str:
        return str(
            self.page.evaluate("document.activeElement.dataset.spot ?? document.activeElement.id")
        )

    def fill(self, spot: str, text: str) -> None:
        self.page.fill(f'[data-spot="{spot}"]', text)

    def value(self, spot: str) -> str:
        return str(self.page.input_value(f'[data-spot="{spot}"]'))

    def save_as(self, name: str) -> Path:
        """Save by the keyboard, under a name."""
        self.press("Control+Shift+S")
        self.page.wait_for_selector("dialog")
        self.press("Control+a")
        self.write(name)
        self.press("Enter")
        self.noticed(f"Saved {name}")
        return self.server.folder / name

    def noticed(self, text: str) -> None:
        self.expect("#notice-text", text)

    def says(self, text: str) -> None:
        """Wait for a result with this in its sentence."""
        self.expect("#verdict", text)
        self.current()

    def expect(self, selector: str, text: str) -> None:
        """Wait until an element has a text."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_contain_text(text, timeout=SECONDS)

    def stored(self) -> dict[str, Any]:
        """Wait until the draft is with the server, and return what that has on disk."""
        self.page.wait_for_load_state("networkidle")
        return json.loads((self.server.folder / ".qdecay-edit.json").read_text())


@contextmanager
def opened(chromium: Any, server: Server, also: str = "^$", **context: Any) -> Iterator[Editing]:
    """Open an editor; on leaving, nothing may have been logged, nor asked of another host."""
    with chromium.new_context(**{"viewport": DESKTOP, **context}) as session:
        made = Editing(session.new_page(), server)
        yield made
        told = [text for text in made.complaints if not REFUSALS.match(text)]
        unexpected = [text for text in told if not re.search(also, text)]
        assert not unexpected, unexpected
        assert made.hosts <= {urlsplit(server.address).netloc, ""}


def cell(row: int, column: int) -> str:
    """The selector of a cell of the map, counted from the top left."""
    return f'[data-spot="map[{row}][{column}]"]'
