"""The editor is for everyone: axe in every state, light and dark, wide and narrow, no motion."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from axe import faults
from editor_pages import DESKTOP, PHONE, Editing, cell

from qdecay import ChainLayout

pytestmark = pytest.mark.browser


def states(seen: Editing) -> Iterator[str]:
    """Bring the page into every state, and name it."""
    seen.current()
    yield "chain"
    seen.fill("branches[1].rewards", "0, 0, -")
    seen.stale()
    seen.page.wait_for_timeout(700)
    yield "error"
    seen.press("Control+z")
    seen.current()
    seen.press("Control+o")
    seen.page.wait_for_selector("dialog")
    yield "open"
    seen.press("Escape")
    seen.save_as("state.json")
    yield "saved"
    ChainLayout.choice(a=[1], b=[0, 2]).save(seen.server.folder / "state.json")
    seen.fill("branches[1].rewards", "0, 0, 9")
    seen.press("Control+s")
    seen.expect("dialog", "changed on disk")
    yield "conflict"
    seen.press("Escape")
    seen.tab("grid")
    seen.current()
    seen.page.click("#add-kind")
    seen.page.click(cell(0, 0))
    seen.current()
    yield "grid"
    seen.page.fill("#columns", "30")
    seen.press("Enter")
    yield "wide grid"
    seen.press("Control+z")
    seen.tab("model")
    seen.current()
    yield "model"
    seen.fill("rows[0].probability", "2/3")
    seen.stale()
    yield "model error"
    seen.tab("chain")
    seen.page.click("[data-action=new]")
    seen.page.click("dialog >> text=Go on without saving")
    yield "empty"
    seen.page.evaluate("document.getElementById('gone').hidden = false")
    seen.page.evaluate("document.getElementById('clash').hidden = false")
    yield "gone"


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_use_it(edit, view, scheme) -> None:
    """As far as axe can tell, in every state; nothing sticks out of a window of either width."""
    found = {}
    with edit(viewport=view, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as seen:
        for state in states(seen):
            seen.page.wait_for_timeout(100)
            if folder := os.environ.get("PICTURES"):
                seen.page.screenshot(path=f"{folder}/{view['width']}-{scheme}-{state}.png")
            for rule, nodes in faults(seen.page, iframes=False):
                found[state, rule] = nodes
            if seen.page.evaluate("document.documentElement.scrollWidth") > view["width"]:
                found[state, "sticks out"] = []
    assert found == {}


def test_nothing_moves_for_those_who_ask(edit) -> None:
    with edit(reduced_motion="reduce") as seen:
        seen.page.route("**/solve", lambda route: None)
        seen.page.wait_for_selector("#result[data-state=working]", state="attached")
        moving = "document.getAnimations().length"
        assert seen.page.evaluate(moving) == 0
        seen.page.unroute_all()
