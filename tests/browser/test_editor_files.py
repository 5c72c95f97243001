"""The editor's files: saved, opened, changed by others, exported, handed in."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from qdecay import MDP, ChainLayout, policy_regions
from qdecay.cli.report import report

pytestmark = pytest.mark.browser


def test_saved_opened_and_changed(edit) -> None:
    """The mark says what is in a file; another file asks first; undo reaches behind it."""
    with edit() as seen:
        seen.current()
        path = seen.save_as("one.json")
        assert seen.page.inner_text("#mark") == "saved"
        seen.fill("branches[1].rewards", "0, 0, 9")
        assert seen.page.inner_text("#mark") == "not saved"
        assert seen.page.title().startswith("●")
        seen.press("Control+z")
        assert seen.page.inner_text("#mark") == "saved"
        seen.press("Control+Shift+z", "Control+s")
        seen.expect("#mark:not(.unsaved)", "saved")
        assert ChainLayout.load(path).far == (0, 0, 9)
        seen.fill("branches[1].rewards", "0, 0, 16")
        seen.press("Control+o")
        seen.page.click("dialog >> text=B: left or right")
        seen.page.click("dialog >> text=Go on without saving")
        assert seen.value("branches[0].name") == "left"
        assert seen.page.inner_text("#file") == "new chain"
        seen.press("Control+z")
        assert seen.value("branches[1].rewards") == "0, 0, 16"
        assert seen.page.inner_text("#file") == "one.json"
        seen.press("Control+o")
        seen.page.click("dialog button:has-text('one.json')")
        seen.page.click("dialog button.main")  # save first
        seen.noticed("Opened one.json")
        assert seen.value("branches[1].rewards") == "0, 0, 16"


def test_a_conflict_is_asked_about(edit) -> None:
    """The file was changed by something else: nothing is written before the answer."""
    with edit() as seen:
        path = seen.save_as("shared.json")
        other = ChainLayout.choice(a=[1], b=[0, 2])
        other.save(path)
        seen.fill("branches[1].rewards", "0, 0, 9")
        seen.press("Control+s")
        seen.expect("dialog", "has changed on disk")
        seen.press("Escape")
        assert ChainLayout.load(path) == other
        seen.press("Control+s")
        seen.page.click("dialog >> text=Open what is on disk")
        seen.noticed("Opened shared.json")
        assert seen.value("branches[1].name") == "b"
        seen.press("Control+z")
        assert seen.value("branches[1].rewards") == "0, 0, 9"
        path.unlink()
        seen.press("Control+s")
        seen.page.click("dialog >> text=Save it again")
        seen.noticed("Saved shared.json")
        seen.page.click("[data-action=new]")
        seen.fill("branches[0].rewards", "1")
        seen.fill("branches[1].rewards", "0, 8")
        seen.press("Control+s")
        seen.press("Control+a")
        seen.write("shared")
        seen.press("Enter")
        seen.expect("dialog", "exists already")
        seen.page.click("dialog >> text=Replace what is there")
        seen.expect("#mark:not(.unsaved)", "saved")  # the notice of the save before still stands
        assert ChainLayout.load(path).far == (0, 8)


def test_a_refused_name_is_asked_for_again(edit) -> None:
    """With what was written and why it cannot be; nothing else is lost either."""
    with edit() as seen:
        seen.current()
        seen.press("Control+Shift+S")
        seen.page.fill("dialog [type=text]", "../outside")
        seen.page.check("dialog [value=mdp]")
        seen.press("Enter")
        seen.expect("dialog .error", "../outside.json: write a plain name")
        assert seen.page.input_value("dialog [type=text]") == "../outside.json"
        assert seen.page.is_checked("dialog [value=mdp]")
        seen.page.fill("dialog [type=text]", "inside")
        seen.press("Enter")
        seen.noticed("Saved inside.json as a model")
        seen.page.click("[data-action=export]")
        seen.page.fill("dialog [type=text]", "con")
        seen.press("Enter")
        seen.expect("dialog .error", "con.html: is a device of Windows")
        seen.page.fill("dialog [type=text]", "page")
        seen.press("Enter")
        seen.noticed("Exported")
        names = {path.name for path in seen.server.folder.iterdir()}
        assert names == {"inside.json", "page.html"}


def test_saved_as_a_model(edit) -> None:
    """The chain stays what it is, and the file has its transitions."""
    with edit() as seen:
        seen.press("Control+s")
        seen.page.fill("dialog input[type=text]", "table")
        seen.page.check("dialog input[value=mdp]")
        seen.press("Enter")
        seen.noticed("Saved table.json as a model")
        assert seen.page.inner_text("#file") == "new chain"
        model = MDP.load(seen.server.folder / "table.json")
        assert policy_regions(model).breakpoints[0].gamma.closed_form() == "1/2"


def test_the_exported_page_is_that_of_the_command(edit, visit) -> None:
    """But for its title, the file's name; it opens from disk, and asks nobody for anything."""
    with edit() as seen:
        path = seen.save_as("mine.json")
        seen.current()
        seen.page.click("[data-action=export]")
        seen.press("Enter")
        seen.noticed("Exported")
        exported = seen.server.folder / "mine.html"
        with visit(exported, "#gamma=0.4") as page:
            assert page.text("#choice-0") == "stay"
        written = seen.server.folder / "command.html"
        report(str(path), output=written, exact_only=True)
        text = written.read_text().replace(str(path), "mine").replace("mine.json", "mine")
        assert exported.read_text() == text
        seen.page.click("[data-action=export]")
        seen.press("Enter")
        seen.page.click("dialog >> text=Replace it")
        seen.noticed("Exported")


def test_a_file_from_elsewhere(edit, tmp_path: Path) -> None:
    """It is read in the browser, every digit of it, and what is no document is refused."""
    digits = "0.1234567890123456789"
    path = tmp_path / "given.json"
    large = 98765432109876543210
    near, far = f'"near": ["a", [{digits}]]', f'"far": ["b", [0, {large}]]'
    path.write_text(f'{{"schema": "qdecay.layout/1", {near}, {far}}}')
    broken = tmp_path / "broken.json"
    broken.write_text('{"schema": "something"}')
    with edit() as seen:
        seen.current()
        seen.press("Control+o")
        seen.page.set_input_files("dialog input[type=file]", broken)
        seen.noticed("is no chain, grid or model")
        seen.press("Control+o")
        seen.page.set_input_files("dialog input[type=file]", path)
        seen.noticed("Opened given.json")
        assert seen.value("branches[0].rewards") == digits
        assert ChainLayout.load(seen.save_as("mine.json")).far[1] == large


def test_what_the_page_does_not_show_of_a_model_is_kept(edit, tmp_path: Path) -> None:
    """Counts and remarks while the rows are the file's; the random start and the limit after."""
    rows = [("sun", "sun", 1), ("sun", "rain", 0), ("rain", "sun", 2), ("rain", "rain", 0)] * 2
    seen_rows = [(state, "go", reward, after, False) for state, after, reward in rows]
    model = replace(
        MDP.from_transitions(seen_rows),
        start=None,
        initial_states={0: Fraction(1, 3), 1: Fraction(2, 3)},
        time_limit=30,
        remarks=("seen twice",),
    )
    path = tmp_path / "weather.json"
    model.save(path)
    with edit() as seen:
        seen.press("Control+o")
        seen.page.set_input_files("dialog input[type=file]", path)
        seen.noticed("Opened weather.json")
        assert (
            seen.page.locator("#start option:checked").inner_text()
            == "one by chance, as in the file"
        )
        assert MDP.load(seen.save_as("same.json")).to_json() == model.to_json()
        seen.fill("rows[0].reward", "7")
        changed = MDP.load(seen.save_as("changed.json"))
        assert (changed.visits, changed.remarks) == ({}, ())
        assert (changed.initial_states, changed.time_limit) == (model.initial_states, 30)
        seen.page.select_option("#start", "rain")
        moved = MDP.load(seen.save_as("from_rain.json"))
        assert moved.state_names[moved.start] == "rain" and not moved.initial_states
