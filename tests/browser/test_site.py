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
from axe import faults
from editor_pages import SECONDS

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
RULES = {"landmark-unique": {"enabled": False}}
SCHEMES = {"light": "default", "dark": "slate"}  # what the theme calls the colours of the system
STILL = """name => document.body.dataset.mdColorScheme === name
           && document.getAnimations().every(each => each.playState !== "running")"""


@pytest.fixture(params=[1280, 390])
def window(request: Any, chromium: Any) -> Iterator[Any]:
    """A window of a desktop or a phone; nothing may be fetched from a host."""
    with chromium.new_context(viewport={"width": request.param, "height": 900}) as session:
        page = session.new_page()
        page.set_default_timeout(SECONDS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("name", [*BY_HAND, *MADE])
def test_a_page_fits_and_has_no_fault(window: Any, name: str) -> None:
    """No wider than the window, light and dark; with room, no line of code is cut off."""
    window.goto((SITE / f"{name}.html").as_uri())
    width = window.viewport_size["width"]
    for scheme, of_theme in SCHEMES.items():
        window.emulate_media(color_scheme=scheme)
        window.wait_for_function(STILL, arg=of_theme)
        assert window.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(window, rules=RULES) == [], scheme
    if width == 1280:
        cut = window.evaluate(
            "[...document.querySelectorAll('pre code')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 60))"
        )
        assert cut == []


def test_the_search_finds_a_name_without_a_server(chromium: Any) -> None:
    page = chromium.new_page()
    page.goto((SITE / "index.html").as_uri())
    page.fill(".md-search__input", "policy_regions")
    page.wait_for_selector(".md-search-result__item a")
    assert "policy_regions" in page.inner_text(".md-search-result__list")
    page.close()
