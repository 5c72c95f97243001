"""What goes wrong, and that the editor loses nothing: crashes, sleep, two pages, hostile names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from editor_pages import HOSTILE, Editing, Server, cell, opened

from qdecay import ChainLayout

pytestmark = pytest.mark.browser


def test_killed_and_started_again_nothing_is_lost(chromium, tmp_path: Path) -> None:
    """kill -9: what was typed, half typed and in other tabs is there again, with its marks."""
    first = Server(tmp_path)
    with opened(chromium, first, also="ERR_CONNECTION|ERR_EMPTY") as seen:
        seen.save_as("kept.json")
        seen.fill("branches[1].rewards", "0, 0, 1/")
        seen.tab("grid")
        seen.page.click(cell(0, 0))
        seen.page.focus(cell(0, 1))
        seen.press("+", "1", ".")
        seen.stored()
        first.kill()
        seen.press("5")
        seen.expect("#gone", "The editor's server has stopped")
        assert f"qdecay edit {tmp_path}" in seen.page.inner_text("#gone")
        assert seen.page.get_attribute("#result", "data-state") != "current"
        with seen.page.expect_download() as download:
            seen.page.click("#gone [data-action=download]")
        assert json.loads(Path(download.value.path()).read_text())["map"][0].startswith("#+1.5")
        second = Server(tmp_path)
        try:
            with opened(chromium, second) as again:
                assert again.page.get_attribute("#tab-grid", "aria-selected") == "true"
                assert again.page.inner_text(cell(0, 1)) == "+1."
                assert again.page.get_attribute(cell(0, 0), "aria-label").endswith("wall")
                again.tab("chain")
                assert again.value("branches[1].rewards") == "0, 0, 1/"
                assert again.page.inner_text("#file") == "kept.json"
                assert again.page.inner_text("#mark") == "not saved"
                again.fill("branches[1].rewards", "0, 0, 9")
                again.press("Control+s")
                again.noticed("Saved kept.json")
                assert ChainLayout.load(tmp_path / "kept.json").far == (0, 0, 9)
        finally:
            second.stop()


def test_a_server_that_slept_is_found_again(edit) -> None:
    """It does not answer for a while, as after a suspend: then everything is stored."""
    with edit() as seen:
        seen.current()
        seen.page.route("**/draft", lambda route: route.fulfill(status=502, body="no"))
        seen.page.route("**/state", lambda route: route.fulfill(status=502, body="no"))
        seen.fill("branches[1].rewards", "0, 0, 25")
        seen.expect("#gone", "has stopped")
        seen.page.unroute("**/draft")
        seen.page.unroute("**/state")
        seen.noticed("answers again")
        assert seen.page.is_hidden("#gone")
        assert seen.stored()["documents"]["chain"]["form"]["branches"][1]["text"] == "0, 0, 25"
        seen.complaints.clear()


def test_what_cannot_be_kept_is_told_until_it_is(edit) -> None:
    """The folder is taken away, as it may be full or read-only, and comes back."""
    with edit() as seen:
        seen.current()
        folder = seen.server.folder
        aside = folder.rename(folder.with_name("aside"))
        seen.fill("branches[1].rewards", "0, 0, 9")
        seen.expect("#unkept", "is not there any more")
        seen.says("γ = 1/3")
        assert seen.page.is_hidden("#gone")
        seen.press("Control+o")
        seen.noticed("is not there any more")
        seen.press("Escape")
        assert seen.page.is_visible("#unkept")
        aside.rename(folder)
        seen.page.wait_for_selector("#unkept", state="hidden")
        assert seen.stored()["documents"]["chain"]["form"]["branches"][1]["text"] == "0, 0, 9"


def test_two_pages_of_one_folder_do_not_overwrite_each_other(edit) -> None:
    """The one that is behind says so; it keeps its own, or takes the other's until undo."""
    with edit() as seen:
        seen.current()
        other = Editing(seen.page.context.new_page(), seen.server)
        other.fill("branches[1].rewards", "0, 0, 9")
        other.says("γ = 1/3")
        seen.fill("branches[1].rewards", "0, 0, 16")
        seen.expect("#clash", "also open elsewhere")
        assert seen.stored()["documents"]["chain"]["form"]["branches"][1]["text"] == "0, 0, 9"
        seen.page.click("[data-action=keep-mine]")
        seen.page.wait_for_selector("#clash", state="hidden")
        assert seen.stored()["documents"]["chain"]["form"]["branches"][1]["text"] == "0, 0, 16"
        other.fill("branches[1].rewards", "0, 0, 36")
        other.expect("#clash", "also open elsewhere")
        other.page.click("[data-action=take-other]")
        other.says("γ = 1/4")
        assert other.value("branches[1].rewards") == "0, 0, 16"
        other.press("Control+z")
        assert other.value("branches[1].rewards") == "0, 0, 36"
        assert other.stored()["documents"]["chain"]["form"]["branches"][1]["text"] == "0, 0, 36"


def test_names_are_never_read_as_html(edit) -> None:
    """Tags as names of choices, states, actions, cells and files, in the form and in the result."""
    with edit() as seen:
        for number, name in enumerate(HOSTILE):
            seen.fill(f"branches[{number}].name", name)
        seen.says("γ = 1/2")
        assert HOSTILE[1] in seen.frame().inner_text("body")
        ChainLayout(((HOSTILE[0], (1,)), ("b", (0, 2)))).save(seen.server.folder / "<b>.json")
        seen.tab("model")
        seen.fill("rows[0].state", HOSTILE[0])
        seen.fill("rows[0].action", HOSTILE[1])
        seen.current()
        seen.fill("rows[0].reward", HOSTILE[0])
        assert HOSTILE[0][:20] in seen.stale()
        seen.press("Control+o")
        seen.page.wait_for_selector("dialog")
        seen.press("Escape")
        assert seen.page.locator("img, b b, script:not([src])").count() == 0


def test_no_module_reads_html() -> None:
    """Nothing in the page's source turns text into elements or code."""
    folder = Path(__file__).parents[2] / "qdecay" / "editing" / "page"
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|createContextualFragment|https?://|style="
    for path in sorted(folder.iterdir()):
        assert not re.search(forbidden, path.read_text()), path.name
