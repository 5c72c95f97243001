"""Grid worlds in the editor: drawn with the mouse, with the keyboard, and to the last field."""

from __future__ import annotations

from fractions import Fraction

import pytest
from editor_pages import PHONE, cell

from qdecay import GridLayout, policy_regions
from qdecay_envs.grid_presets import PRESETS

pytestmark = pytest.mark.browser


def test_a_grid_is_drawn_with_the_mouse(edit) -> None:
    """Walls by dragging, which a second stroke takes away again, and ends; the board shows it."""
    with edit() as seen:
        seen.tab("grid")
        seen.page.click("[data-action=new]")
        seen.current()
        mouse = seen.page.mouse
        boxes = [seen.page.locator(cell(1, column)).bounding_box() for column in (1, 3)]
        mouse.move(boxes[0]["x"] + 5, boxes[0]["y"] + 5)
        mouse.down()
        mouse.move(boxes[1]["x"] + 5, boxes[1]["y"] + 5, steps=12)
        mouse.up()
        seen.page.click(cell(1, 2))  # painted again with the same: free
        seen.page.fill("#end-pays", "5")
        seen.page.click(cell(0, 4))
        seen.page.click("#brushes label:has-text('Start')")
        seen.page.click(cell(3, 2))
        seen.fill("living_reward", "-0.1")
        seen.expect("#aside", "18 states")
        grid = GridLayout.load(seen.save_as("drawn.json"))
        assert grid.map == ("    +5", " # # ", "     ", "  S  ")
        assert grid.living_reward == Fraction(-1, 10)
        seen.current()
        assert seen.frame().locator(".board .wall").count() == 2
        seen.press("Control+z", "Control+z")
        assert seen.page.inner_text(cell(3, 0)) == "S"
        assert seen.page.inner_text(cell(0, 4)) == "+5"


def test_a_grid_is_drawn_with_the_keyboard_alone(edit) -> None:
    """Russell and Norvig's world on an empty map: arrows, numbers, #, S and the fields."""
    with edit() as seen:
        seen.page.focus("#tab-chain")
        seen.press("ArrowRight")
        seen.page.focus("[data-action=new]")
        seen.press("Enter")
        assert seen.focused() == "map[0][0]"
        assert seen.page.locator("#board [tabindex='0']").count() == 1
        seen.press(
            "End", "ArrowLeft", "+", "1", "ArrowDown", "-", "1", "ArrowLeft", "ArrowLeft", "#"
        )
        seen.press("ArrowDown", "ArrowLeft", "S")
        assert seen.page.inner_text(cell(3, 0)) == ""
        seen.page.focus("#columns")
        seen.press("Control+a", "4", "Tab", "Tab", "Tab", "Control+a", "3", "Tab")
        seen.fill("living_reward", "-0.04")
        seen.fill("noise", "0.2")
        grid = GridLayout.load(seen.save_as("keys.json"))
        assert grid == GridLayout(["   +1", " # -1", "S   "], living_reward="-0.04", noise="0.2")
        found = [point.gamma.decimal(12)[:6] for point in policy_regions(grid).breakpoints]
        seen.current()
        rows = seen.frame().locator(".breakpoints tbody th").all_inner_texts()
        assert len(rows) == len(found)
        assert all(decimal in row for row, decimal in zip(rows, found, strict=True))


def test_a_decimal_comma_on_the_map_is_a_point(edit) -> None:
    """On many keyboards it is the only one beside the digits; 05 would be read as 5."""
    with edit() as seen:
        seen.tab("grid")
        seen.page.focus(cell(0, 0))
        seen.press("-", "0", ",", "5")
        assert seen.page.inner_text(cell(0, 0)) == "\u22120.5"


def test_space_paints_and_the_cell_says_what_it_is(edit) -> None:
    with edit() as seen:
        seen.tab("grid")
        seen.current()
        seen.page.focus("#end-pays")
        seen.press("Tab", "Space")  # what is passed with Tab is not chosen
        corner = seen.page.locator(cell(0, 0))
        assert corner.get_attribute("aria-label") == "column 1, row 3: wall"
        seen.press("Shift+ArrowRight")
        assert seen.page.get_attribute(cell(0, 1), "aria-label").endswith("wall")
        seen.press("Home", "Delete")
        assert corner.get_attribute("aria-label").endswith("free")


@pytest.mark.parametrize("columns", [4, 30])
def test_a_finger_paints_where_it_taps(edit, columns) -> None:
    """On a phone; also on a map that is wider than the screen, which a finger can move."""
    with edit(viewport=PHONE, has_touch=True, is_mobile=True) as seen:
        seen.tab("grid")
        seen.page.fill("#columns", str(columns))
        seen.press("Enter")
        seen.page.tap(cell(0, 1))
        assert seen.page.get_attribute(cell(0, 1), "aria-label").endswith("wall")
        seen.page.tap(cell(0, 1))
        assert seen.page.get_attribute(cell(0, 1), "aria-label").endswith("free")


def test_own_kinds_of_cells(edit) -> None:
    """Sutton and Barto's cliff, made by hand: it is the one that qdecay_envs has."""
    with edit() as seen:
        seen.tab("grid")
        seen.page.click("[data-action=new]")
        seen.page.fill("#columns", "12")
        seen.press("Enter")
        seen.page.click("#add-kind")
        seen.fill("legend[0].character", "C")
        seen.fill("legend[0].reward", "-100")
        seen.page.select_option('[data-spot="legend[0].to"]', "S")
        for column in range(1, 11):
            seen.page.click(cell(3, column))
        seen.page.click("#add-kind")
        seen.fill("legend[1].character", "G")
        seen.fill("legend[1].reward", "")
        seen.page.check('[data-spot="legend[1].end"]')
        seen.page.click(cell(3, 11))
        seen.fill("living_reward", "-1")
        seen.page.check("input[name=acts-on][value=entering]")
        seen.expect("#aside", "38 states")
        assert GridLayout.load(seen.save_as("cliff.json")) == PRESETS["CliffGrid"]
        seen.fill("legend[0].character", "x")
        assert seen.page.inner_text(cell(3, 5)) == "x"
        seen.page.click("[aria-label^='Remove x']")
        assert seen.page.inner_text(cell(3, 5)) == ""
        seen.press("Control+z", "Control+z")
        assert seen.page.inner_text(cell(3, 5)) == "C"


def test_a_long_form_scrolls_alone(edit) -> None:
    """However many kinds of cells: the head and the result stay where they are."""
    with edit() as seen:
        seen.tab("grid")
        for _ in range(6):
            seen.page.click("#add-kind")
        page = seen.page.evaluate("[document.scrollingElement.scrollHeight, innerHeight]")
        assert page[0] <= page[1]
        assert seen.page.evaluate("document.querySelector('.forms').scrollTop") > 0


@pytest.mark.parametrize(
    ("spot", "text", "told"),
    [
        ("noise", "1.5", "this must be a probability from 0 to 1"),
        ("living_reward", "1/", "this must be a number like"),
        (
            "living_reward",
            "-0,04",
            'this must be a number like "7/10", "0.7" or "1e-3", got \'-0,04\': '
            "a decimal has a point, not a comma",
        ),
        ("bump_reward", "1/0", "this has a zero denominator"),
    ],
)
def test_each_number_of_a_grid_has_its_field(edit, spot, text, told) -> None:
    """And is told without its name in a file."""
    with edit() as seen:
        seen.tab("grid")
        seen.current()
        seen.fill(spot, text)
        assert seen.stale().startswith(told)
        assert seen.page.locator('[aria-invalid="true"]').get_attribute("data-spot") == spot
        fields = seen.page.locator(".numbers input").evaluate_all(
            "all => all.map((field) => Math.round(field.getBoundingClientRect().top))"
        )
        assert len(set(fields)) == 1  # the message moves no other field


@pytest.mark.parametrize(("typed", "columns"), [("100000", 100), ("-3", 1), ("many", 4), ("", 4)])
def test_a_size_that_cannot_be_is_told(edit, typed, columns) -> None:
    """Beside the field, with what it became; a number that can be takes the line away."""
    with edit() as seen:
        seen.tab("grid")
        seen.page.fill("#columns", typed)
        seen.press("Enter")
        told = f"A map has 1 to 100 columns: “{typed}” became {columns}."
        assert seen.page.inner_text("#size-error") == told
        assert seen.page.input_value("#columns") == str(columns)
        seen.page.fill("#columns", "7")
        seen.press("Enter")
        assert seen.page.is_hidden("#size-error")


def test_wind(edit) -> None:
    """The windy world is opened, changed in one column, and saved as such."""
    with edit() as seen:
        seen.press("Control+o")
        seen.page.click("dialog >> text=windy grid")
        seen.current()
        assert [seen.value(f"wind[{column}]") for column in range(10)] == list("0001112210")
        seen.fill("wind[9]", "x")
        assert "wind of column 10" in seen.stale()
        seen.fill("wind[9]", "2")
        seen.current()
        assert GridLayout.load(seen.save_as("wind.json")).wind == (0, 0, 0, 1, 1, 1, 2, 2, 1, 2)


def test_a_grid_of_forty_by_forty(edit) -> None:
    """It is drawn without a bar to scroll, and typed, and undone in two steps."""
    with edit() as seen:
        seen.tab("grid")
        seen.current()
        for side in ("columns", "rows"):
            seen.page.fill(f"#{side}", "40")
            seen.press("Enter")
        assert seen.page.locator("#board [role=gridcell]").count() == 1600
        canvas = seen.page.locator(".canvas").first
        assert canvas.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        seen.page.focus("#board [tabindex='0']")
        seen.press("Control+End", "+", "9")
        assert seen.page.inner_text(cell(39, 39)) == "+9"
        seen.press("Control+z", "Control+z", "Control+z")
        seen.expect("#aside", "11 states")
