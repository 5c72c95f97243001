"""Models in the editor: a table that is typed, pasted and corrected."""

from __future__ import annotations

import pytest
from editor_pages import Editing

from qdecay import MDP

pytestmark = pytest.mark.browser


SHEET = """state\taction\tprobability\treward\tnext\tends
home\twait\t1\t1\thome\t
home\tgo\t1/2\t0\tpark\t
home\tgo\t1/2\t0\thome\t
park\tplay\t1\t4\t\tx
"""


def pasted(seen: Editing, spot: str, text: str) -> None:
    seen.page.focus(f'[data-spot="{spot}"]')
    seen.page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = { clipboardData: data, bubbles: true, cancelable: true };
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", event));
        }""",
        text,
    )


def test_a_model_is_typed_with_the_keyboard_alone(edit) -> None:
    """Take 1 and end, or wait for 4: Enter begins a row of the same state, which one types over."""
    with edit() as seen:
        seen.page.focus("#tab-chain")
        seen.press("End")
        seen.page.focus("[data-action=new]")
        seen.press("Enter")
        assert seen.focused() == "rows[0].state"
        for text in ("now", "take", "1", "1"):
            seen.write(text)
            seen.press("Tab")
        seen.press("Tab", "Space", "Tab", "Tab")
        assert seen.focused() == "add-row"
        seen.press("Enter")
        assert (seen.focused(), seen.value("rows[1].state")) == ("rows[1].state", "now")
        seen.press("Tab")
        for text in ("wait", "", "0", "later"):
            seen.write(text)
            seen.press("Tab")
        seen.page.focus('[data-spot="rows[1].next"]')
        seen.press("Enter")
        for text in ("later", "take"):
            seen.write(text)
            seen.press("Tab")
        seen.fill("rows[2].reward", "4")
        seen.page.check('[data-spot="rows[2].ends"]')
        seen.says("γ = 1/4")
        model = MDP.load(seen.save_as("model.json"))
        assert (model.state_names, model.action_names) == (("now", "later"), ("take", "wait"))
        assert list(model.rows()) == [
            (0, 0, 0, 1, 1, True),
            (0, 1, 1, 1, 0, False),
            (1, 0, 1, 1, 4, True),
        ]


def test_rows_are_pasted_from_a_spreadsheet(edit) -> None:
    """1 at every step, or half a chance each time to get to 4: (2 - g) / 2 = 2 g (1 - g)."""
    with edit() as seen:
        seen.tab("model")
        seen.page.click("[data-action=new]")
        pasted(seen, "rows[0].state", SHEET)
        seen.current()
        model = MDP.load(seen.save_as("pasted.json"))
        assert model.state_names == ("home", "park")
        assert len(list(model.rows())) == 4
        seen.press("Control+z")
        assert seen.value("rows[0].state") == ""
        seen.press("Control+Shift+z")
        assert seen.value("rows[3].action") == "play"


def test_a_long_table_is_pasted(edit) -> None:
    """Two thousand rows, a ring: only the field in use has suggestions, which make others slow."""
    with edit() as seen:
        seen.tab("model")
        seen.page.click("[data-action=new]")
        ring = [f"s{i}\tgo\t1\t{i}\ts{(i + 1) % 2000}\t" for i in range(2000)]
        pasted(seen, "rows[0].state", "\n".join(ring))
        assert seen.page.locator("#moves tbody").count() == 2000
        assert (seen.value("rows[1999].state"), seen.value("rows[1999].next")) == ("s1999", "s0")
        assert seen.page.locator("#moves [list]").count() == 1
        seen.page.focus('[data-spot="rows[7].action"]')
        assert seen.page.locator("#moves [list]").get_attribute("list") == "action-list"
        seen.press("Control+z")
        assert seen.page.locator("#moves tbody").count() == 1


def test_a_decimal_comma_is_not_taken_for_two_cells(edit) -> None:
    """Where semicolons separate, 0,9 is one cell, and is told to be no number."""
    with edit() as seen:
        seen.tab("model")
        seen.page.click("[data-action=new]")
        pasted(seen, "rows[0].state", "good;run;0,9;5;good\ngood;run;1/10;5;worn")
        assert seen.value("rows[0].probability") == "0,9"
        assert seen.stale().startswith("row 1: the chance must be a number like")
        seen.fill("rows[0].probability", "0.9")
        seen.current()


def test_each_mistake_of_a_model_has_its_row(edit) -> None:
    with edit() as seen:
        seen.tab("model")
        seen.current()
        seen.fill("rows[2].probability", "1/3")
        assert seen.stale() == "state “tired”, action “rest”: the chances sum to 5/6, not 1"
        assert (
            seen.page.locator('[aria-invalid="true"]').get_attribute("data-spot")
            == "rows[2].probability"
        )
        seen.fill("rows[2].probability", "1/2")
        seen.current()
        seen.fill("rows[4].next", "")
        seen.page.focus("#add-row")
        assert "name the state that follows" in seen.stale()
        seen.page.route("**/solve", lambda route: None)
        seen.page.check('[data-spot="rows[4].ends"]')
        seen.page.wait_for_selector("#result[data-state=working]", state="attached")
        assert seen.page.locator(".error:not([hidden])").count() == 0  # though it is not solved yet
        seen.page.unroute("**/solve")
        seen.fill("rows[5].reward", "0.1.2")
        assert seen.stale().startswith("row 6: reward must be a number like")
        assert (
            seen.page.locator('[aria-invalid="true"]').get_attribute("data-spot")
            == "rows[5].reward"
        )


def test_a_new_row_is_no_mistake_until_it_is_left(edit) -> None:
    """With its first state alone it says nothing; half typed, it is told after one has left."""
    with edit() as seen:
        seen.tab("model")
        verdict = seen.current()
        seen.page.focus('[data-spot="rows[6].next"]')
        seen.press("Enter")
        assert (seen.focused(), seen.value("rows[7].state")) == ("rows[7].state", "worn out")
        seen.page.wait_for_timeout(1500)
        assert seen.current() == verdict
        assert len(list(MDP.load(seen.save_as("without.json")).rows())) == 7
        seen.page.focus('[data-spot="rows[7].action"]')
        seen.write("sleep")
        seen.page.wait_for_timeout(1500)
        assert seen.page.locator(".error:not([hidden])").count() == 0
        seen.page.focus("#add-row")
        assert seen.stale() == "name the state that follows, or let it end"
        seen.fill("rows[7].next", "rested")
        seen.current()
        seen.page.focus('[data-spot="rows[7].next"]')
        seen.undo_until("#moves tbody", 7)
        seen.page.focus('[data-spot="rows[6].next"]')
        seen.press("Enter")
        pasted(seen, "rows[7].state", "rested\tsleep\t1\t5\trested\t")
        seen.current()
        assert len(list(MDP.load(seen.save_as("with.json")).rows())) == 8


def test_actions_of_several_steps(edit) -> None:
    with edit() as seen:
        seen.tab("model")
        seen.page.check("#with-duration")
        seen.fill("rows[1].duration", "3")
        seen.current()
        assert (0, 1, 1, 1, 3, False, 3) in list(MDP.load(seen.save_as("slow.json")).rows())
