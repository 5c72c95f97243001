"""Takes the README's pictures of the explorer, light and dark, in headless Chromium.

Needs `pip install ".[browser]"` and Chromium (CHROMIUM, default /usr/bin/chromium):
python docs/screenshots.py
"""

import io
import os
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from qdecay.cli.report import report

FOLDER = Path(__file__).parent / "figures"
WIDTH, HEIGHTS = 1180, {"homework": 740, "lake": 880}
SHOWN = {"homework": "#gamma=0.9", "lake": "#gamma=0.99"}
MOST_COLOURS = 128  # the page has flat colours: a palette keeps the files small


def main() -> None:
    """Write docs/figures/{homework,lake}-{light,dark}.png."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = {"lake": Path(folder) / "lake.html", "homework": Path(folder) / "homework.html"}
        report("FrozenLake8x8-v1", output=pages["lake"], exact_only=True)
        report(output=pages["homework"])
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path in pages.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": WIDTH, "height": HEIGHTS[name]}, color_scheme=scheme
                )
                page.goto(path.as_uri() + SHOWN[name])
                page.wait_for_selector("html[data-ready=yes]", state="attached")
                page.wait_for_timeout(300)
                picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                small = picture.quantize(MOST_COLOURS, dither=Image.Dither.NONE)
                small.save(FOLDER / f"{name}-{scheme}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
