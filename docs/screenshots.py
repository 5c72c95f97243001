"""Takes the pictures of the explorer and of the editor, light and dark, in headless Chromium.

Needs `pip install ".[browser]"` and Chromium (CHROMIUM, default /usr/bin/chromium):
python docs/screenshots.py
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from qdecay.cli.report import report
from qdecay.editing.folder import Folder
from qdecay.editing.server import Editor

FOLDER = Path(__file__).parent / "figures"
SIZES = {
    "homework": (1180, 740),
    "lake": (1180, 880),
    "editor": (1300, 760),
    "editor-grid": (1300, 860),
}
SHOWN = {"homework": "#gamma=0.9", "lake": "#gamma=0.99"}
SCHEMES = ("light", "dark")
MOST_COLOURS = 128  # the page has flat colours: a palette keeps the files small
MAP = {(0, 2): "#", (1, 2): "#", (0, 4): "+10", (3, 2): "+1", (2, 3): "M"}  # by row and column


def main() -> None:
    """Write docs/figures/{homework,lake,editor,editor-grid}-{light,dark}.png."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        of_explorer(browser)
        for scheme in SCHEMES:
            of_editor(browser, scheme)
        browser.close()


def of_explorer(browser: Any) -> None:
    """Take the pictures of two pages."""
    with tempfile.TemporaryDirectory() as folder:
        pages = {"lake": Path(folder) / "lake.html", "homework": Path(folder) / "homework.html"}
        report("FrozenLake8x8-v1", output=pages["lake"], exact_only=True)
        report(output=pages["homework"])
        for name, path in pages.items():
            for scheme in SCHEMES:
                page = window(browser, name, scheme)
                page.goto(path.as_uri() + SHOWN[name])
                page.wait_for_selector("html[data-ready=yes]", state="attached")
                take(page, name, scheme)


def of_editor(browser: Any, scheme: str) -> None:
    """Take the picture of a chain, and that of a grid which is drawn by its keys."""
    with served() as address:
        page = window(browser, "editor", scheme)
        page.goto(address)
        page.wait_for_selector("#result[data-state=current]")
        take(page, "editor", scheme)
    with served() as address:
        page = window(browser, "editor-grid", scheme)
        page.goto(address)
        page.click("#tab-grid")
        page.click("[data-action=new]")
        page.click("#add-kind")
        page.fill('[data-spot="legend[0].character"]', "M")
        page.fill('[data-spot="legend[0].reward"]', "-3")
        for (row, column), text in MAP.items():
            page.focus(f'[data-spot="map[{row}][{column}]"]')
            page.keyboard.type(text)
        page.fill("[data-number=noise]", "0.1")
        page.fill("[data-number=living_reward]", "-0.1")
        page.evaluate("document.querySelector('.forms').scrollTo(0, 0)")
        page.wait_for_selector("#aside >> text=18 states")
        page.wait_for_selector("#result[data-state=current]")
        take(page, "editor-grid", scheme)


@contextmanager
def served() -> Iterator[str]:
    """The address of an editor of an empty folder, whose name is short."""
    with tempfile.TemporaryDirectory() as folder:
        exercises = Path(folder) / "exercises"
        exercises.mkdir()
        editor = Editor(Folder(exercises), port=0, max_seconds=20.0)
        thread = Thread(target=editor.serve)
        thread.start()
        try:
            yield editor.address
        finally:
            editor.stop()
            thread.join()


def window(browser: Any, name: str, scheme: str) -> Any:
    """Return a window of the size of a picture."""
    width, height = SIZES[name]
    size = {"width": width, "height": height}
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.set_default_timeout(120_000)
    return page


def take(page: Any, name: str, scheme: str) -> None:
    """Write what a window shows."""
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(MOST_COLOURS, dither=Image.Dither.NONE)
    small.save(FOLDER / f"{name}-{scheme}.png", optimize=True)
    page.close()


if __name__ == "__main__":
    main()
