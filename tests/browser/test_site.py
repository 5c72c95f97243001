"""The built documentation in Chromium: fits its window, asks no host, has no fault of access.

make docs; SITE=build/docs AXE=node_modules/axe-core/axe.min.js pytest -m browser \\
tests/browser/test_site.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SITE = (ROOT / os.environ.get("SITE", "build/docs")).resolve()
BY_HAND = sorted(path.stem for path in ROOT.glob("docs/*.md") if path.stem != "examples")
MADE = (  # one page of each kind
    "benchmarks", "changelog", "commands/index", "commands/regions", "environments/NChain",
    "environments/DiscountGrid", "reference/index", "reference/exact/index",
    "reference/exact/policy_regions", "reference/model/MDP", "reference/readers",
)  # fmt: skip
# The theme nests its navigation, and gives levels the same name.
RULES = {"rules": {"landmark-unique": {"enabled": False}}}


@pytest.fixture(params=[(w, s) for w in (1280, 390) for s in ("light", "dark")], ids=str)
def window(request: Any, chromium: Any) -> Iterator[Any]:
    """A window of a desktop or a phone, light or dark; nothing may be fetched from a host."""
    width, scheme = request.param
    with chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as session:
        page = session.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("name", [*BY_HAND, *MADE])
def test_a_page_fits_and_has_no_fault(window: Any, name: str) -> None:
    """No wider than the window; where there is room, no line of code is cut off."""
    window.goto((SITE / f"{name}.html").as_uri())
    window.wait_for_timeout(300)
    width = window.viewport_size["width"]
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    if width == 1280:
        cut = window.evaluate(
            "[...document.querySelectorAll('pre code')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 60))"
        )
        assert cut == []
    window.evaluate(Path(os.environ["AXE"]).read_text())
    found = window.evaluate("rules => axe.run(document, rules)", RULES)
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []


def test_the_search_finds_a_name_without_a_server(chromium: Any) -> None:
    page = chromium.new_page()
    page.goto((SITE / "index.html").as_uri())
    page.fill(".md-search__input", "policy_regions")
    page.wait_for_selector(".md-search-result__item a")
    assert "policy_regions" in page.inner_text(".md-search-result__list")
    page.close()
