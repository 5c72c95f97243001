"""What notebooks show, in a browser: light and dark, narrow and wide, and the page in the cell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe import faults

import qdecay

pytestmark = pytest.mark.browser
HOSTILE = ('"><img src=x onerror=alert(1)>', "<script>alert(1)</script></iframe>")
WIDTHS = (390, 1280)


@cache
def outputs() -> str:
    """Outputs of every kind of picture, some of them twice, names that are tags among them."""
    lake = qdecay.as_mdp("FrozenLake-v1")
    wait = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    names: Any = {"state_names": HOSTILE, "action_names": HOSTILE}
    hostile = qdecay.MDP.from_rows(wait, n_states=2, n_actions=2, start=0, **names)
    line = qdecay.ModelLine.of_reward(qdecay.as_mdp("qdecay/StayOrMove-v0"), 4, low=1, high=8)
    agent = qdecay.tabular_agent(qdecay.q_learning, 0.9)
    shown = [
        lake,
        qdecay.policy_regions(lake),
        qdecay.policy_regions("FrozenLake8x8-v1"),
        qdecay.policy_regions("qdecay/LongDelay-v0"),
        qdecay.price("FrozenLake8x8-v1", "steps:200"),
        qdecay.compare("qdecay/ShortDelay-v0"),
        qdecay.q_learning(lake, 0.99, steps=20_000),
        qdecay.probe(agent, delays=(1, 2), settings=["one-shot"], gamma=0.9, trainings=40),
        qdecay.as_mdp("qdecay/NChain-v0"),
        qdecay.policy_map(line, fineness="1/16"),
        qdecay.certified_policy_regions(lake),
        hostile,
        qdecay.policy_regions(hostile),
        qdecay.price(hostile),
        qdecay.policy_regions(lake),
    ]
    return "<hr>".join(value._repr_html_() for value in shown)


@contextmanager
def opened(
    chromium: Any, folder: Path, body: str, marks: str = "", **context: Any
) -> Iterator[Any]:
    """Open a document with outputs; on leaving, nothing may have been logged or requested."""
    path = folder / "outputs.html"
    head = (
        "<meta charset=utf-8><meta name=viewport content='width=device-width'><title>cells</title>"
    )
    path.write_text(f"<!doctype html><html lang=en><head>{head}</head><body {marks}>{body}</body>")
    complaints: list[str] = []
    with chromium.new_context(**context) as session:
        page = session.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert set(complaints) <= {path.as_uri(), "about:srcdoc"}


@pytest.mark.parametrize("width", WIDTHS)
def test_outputs_fit_their_cell(chromium: Any, tmp_path: Path, width: int) -> None:
    """Nothing sticks out of it, and no two labels of a bar meet."""
    view = {"viewport": {"width": width, "height": 900}}
    with opened(chromium, tmp_path, outputs(), **view) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = page.evaluate(
            """[...document.querySelectorAll(".marks, .axis")].map(row => [...row.children]
            .filter(label => label.offsetWidth).map(label => label.getBoundingClientRect())
            .map(box => [box.left, box.right]).sort((one, two) => one[0] - two[0]))"""
        )
        assert len(boxes) > 15
        for row in boxes:
            for (_, right), (left, _) in pairwise(row):
                assert left >= right - 1, row
            assert all(left >= -1 and right <= width + 1 for left, right in row)


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize(
    ("marks", "is_dark"),
    [
        ("", None),
        ("data-jp-theme-light=true", False),
        ("data-jp-theme-light=false", True),
        ("class=vscode-light", False),
        ("class=vscode-dark", True),
        ("theme=dark", True),
        ("data-md-color-scheme=slate", True),
    ],
)
def test_the_notebook_says_whether_it_is_dark(
    chromium: Any, tmp_path: Path, marks: str, is_dark: bool | None, system: str
) -> None:
    """And where it says nothing, the system does."""
    output = qdecay.policy_regions("qdecay/StayOrMove-v0")._repr_html_()
    with opened(chromium, tmp_path, output, marks, color_scheme=system) as page:
        colours = page.evaluate(
            """(["backgroundColor", "color"]).map(name =>
            getComputedStyle(document.querySelector(".qdecay"))[name].match(/\\d+/g).map(Number))"""
        )
    paper, ink = map(sum, colours)
    assert (ink > paper) == (system == "dark" if is_dark is None else is_dark)


@pytest.mark.parametrize("system", ["light", "dark"])
def test_everyone_can_read_it(chromium: Any, tmp_path: Path, system: str) -> None:
    """As far as axe can tell: contrast, names of pictures, order of headings."""
    with opened(chromium, tmp_path, f"<main>{outputs()}</main>", color_scheme=system) as page:
        assert faults(page, rules={"page-has-heading-one": {"enabled": False}}) == []


def test_the_page_in_the_cell_works(chromium: Any, tmp_path: Path) -> None:
    """Its script runs, on its own: the slider moves, and two pages do not meet."""
    page = qdecay.policy_regions("FrozenLake-v1").explore()
    with opened(chromium, tmp_path, page._repr_html_() * 2) as shown:
        first, second = (frame.content_frame() for frame in shown.query_selector_all("iframe"))
        for frame in (first, second):
            frame.wait_for_selector("html[data-ready=yes]", state="attached")
        before = first.inner_text("#shown-gamma")
        first.click("#next")
        shown.wait_for_timeout(400)  # the address would be written after 150 ms
        assert first.inner_text("#shown-gamma") != before == second.inner_text("#shown-gamma")
        assert first.evaluate("window.origin") == "null"
