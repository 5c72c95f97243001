"""How long a step of the explorer's slider takes, script and layout together, in Chromium.

Needs `pip install ".[browser]"` and Chromium (CHROMIUM, default /usr/bin/chromium):
python benchmarks/explorer.py [SOURCE ...]
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from qdecay.cli.report import report

STEPS = """async () => {
  const slider = document.getElementById('gamma'), times = [];
  for (let k = 0; k < 200; k += 1) {
    const began = performance.now();
    slider.value = 4000 + 25 * k;
    slider.dispatchEvent(new Event('input'));
    document.body.offsetHeight;
    times.push(performance.now() - began);
    await new Promise(done => requestAnimationFrame(done));
  }
  return times;
}"""


def main() -> None:
    sources = sys.argv[1:] or ["Taxi-v4", "FrozenLake8x8-v1"]
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"Chromium {browser.version}; milliseconds per step of the slider, 200 steps")
        print(f"{'source':<24} {'page MB':>8} {'median':>8} {'min':>8} {'max':>8}")
        for source in sources:
            path = Path(folder) / "page.html"
            report(source, output=path, exact_only=True, force=True)
            page = browser.new_page()
            page.goto(path.as_uri())
            times = page.evaluate(STEPS)
            size = path.stat().st_size / 1e6
            spread = (statistics.median(times), min(times), max(times))
            print(f"{source:<24} {size:>8.2f} " + " ".join(f"{t:>8.2f}" for t in spread))
        browser.close()


if __name__ == "__main__":
    main()
