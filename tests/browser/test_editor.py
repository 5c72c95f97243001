"""The editor's chains and its result, in a real browser, with its server behind it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from editor_pages import DESKTOP, PHONE

from qdecay import ChainLayout

pytestmark = pytest.mark.browser


def test_a_chain_is_typed_with_the_keyboard_alone(edit) -> None:
    """From New on, without the mouse: 2 now or 3 two steps later change at (2/3)^(1/2)."""
    with edit() as seen:
        seen.current()
        seen.page.focus("[data-action=new]")
        seen.press("Enter")
        assert seen.focused() == "branches[0].rewards"
        assert seen.page.get_attribute("#result", "data-state") == "empty"
        seen.write("2")
        seen.press("Tab", "Tab")
        assert seen.focused() == "branches[1].rewards"
        seen.write("0, 0, 3")
        seen.says("γ = (2/3)1/2")
        assert "0.816496" in seen.frame().inner_text(".crossing")
        layout = ChainLayout.load(seen.save_as("by keys.json"))
        assert layout == ChainLayout.choice(stay=[2], move=[0, 0, 3])


def test_results_follow_each_keystroke(edit) -> None:
    """Behind 0, 0, 4 the break-even is 1/2; one more zero makes it 4^(-1/3); undone, it is 1/2."""
    with edit() as seen:
        seen.says("γ = 1/2")
        seen.page.focus('[data-spot="branches[1].rewards"]')
        seen.press("Home")
        seen.write("0, ")
        seen.says("γ = 4−1/3")
        assert "0.629960" in seen.frame().inner_text(".crossing")
        seen.press("Control+z")
        seen.says("γ = 1/2")
        assert "0.5" in seen.frame().inner_text(".crossing")


def test_a_root_is_written_as_one(edit) -> None:
    """1 now and 1 after a step against 4 after two: 1 + g = 4 g^2."""
    with edit() as seen:
        seen.fill("branches[0].rewards", "1, 1")
        seen.says("γ = (√17+1)/8")


def test_a_run_in_short_is_shown_and_saved_in_full(edit) -> None:
    """0 x 99, 110 is homework C: 110^(-1/99)."""
    with edit() as seen:
        seen.fill("branches[1].rewards", "0 x 99, 110")
        seen.says("γ = 110−1/99")
        assert seen.page.inner_text("#words-1") == "pays 110 after 99 steps · 100 rewards"
        layout = ChainLayout.load(seen.save_as("long.json"))
        assert layout.branches[1][1] == (Fraction(0),) * 99 + (Fraction(110),)


def test_what_is_half_typed_is_told_beside_its_field(edit) -> None:
    """Once the keys are quiet; the last result stays, marked."""
    with edit() as seen:
        seen.says("γ = 1/2")
        seen.fill("branches[1].rewards", "0, 0, -")
        told = seen.stale()
        with pytest.raises(ValueError, match="must be a number") as caught:
            ChainLayout.choice(stay=[1], move=[0, 0, "-"])
        counted = str(caught.value).replace("reward 2 of branch", "reward 3 of choice")
        assert told == counted
        field = seen.page.locator('[data-spot="branches[1].rewards"]')
        assert field.get_attribute("aria-invalid") == "true"
        assert "told-problem" in field.get_attribute("aria-describedby")
        assert seen.page.inner_text("#verdict") == "Not up to date"
        assert "last state that could be solved" in seen.page.inner_text("#aside")
        assert "0.5" in seen.frame().inner_text(".crossing")
        seen.fill("branches[1].rewards", "0, 0, -4")
        assert "No γ changes" in seen.current()
        assert seen.page.locator(".error:not([hidden])").count() == 0


@pytest.mark.parametrize("view", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_names_fit_the_page(edit, view) -> None:
    """Nothing sticks out, no name in a bar is cut, and none is under the line at your gamma."""
    with edit(viewport=view) as seen:
        seen.fill("branches[0].name", "a walk")
        for name in ("m" * 14, "m" * 300):
            seen.fill("branches[1].name", name)
            seen.current()
            result = seen.frame()
            assert result.locator(".problem").bounding_box()["height"] < 300
            assert result.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            cut = "parts => parts.filter((part) => part.scrollWidth > part.clientWidth).length"
            assert result.locator(".part").evaluate_all(cut) == 0
            label = result.locator(".problem .part span")
            assert label.all_inner_texts() == ["a walk"]
            assert label.evaluate("label => getComputedStyle(label).zIndex") == "1"
            assert result.locator(".problem .beyond").bounding_box()["x"] > 0


@pytest.mark.parametrize(
    ("spot", "text", "told"),
    [
        ("branches[0].rewards", "", "choice 'stay' has no reward: give it at least one, such as 0"),
        ("branches[0].rewards", "1, , 2", "reward 2 of choice 'stay' must be a number like"),
        ("branches[0].rewards", "1/0", "reward 1 of choice 'stay' has a zero denominator: '1/0'"),
        ("branches[0].rewards", "0 x 999999999", "these are more than 100,000 rewards in all"),
        ("branches[0].name", " ", "give this choice a name"),
        ("branches[1].name", "\u202ex", "the name of choice 2 is not printable"),
        ("branches[1].name", "stay", "two choices are named 'stay': give each its own name"),
    ],
)
def test_each_mistake_of_a_chain_has_its_field(edit, spot, text, told) -> None:
    """It is told in the words of the form: choices, counted from 1."""
    with edit() as seen:
        seen.current()
        seen.fill(spot, text)
        assert seen.stale().startswith(told)
        assert seen.page.locator('[aria-invalid="true"]').get_attribute("data-spot") == spot


def test_a_new_choice_is_no_mistake_until_it_is_left(edit) -> None:
    """The others are solved without it all the time; only a whole chain is saved."""
    with edit() as seen:
        seen.says("γ = 1/2")
        seen.page.click("#add-branch")
        seen.page.wait_for_timeout(1500)
        assert seen.current().endswith("γ = 1/2")
        assert seen.page.locator(".error:not([hidden])").count() == 0
        assert seen.page.inner_text("#words-2") == "Type its rewards, such as 0, 0, 4."
        assert seen.page.inner_text("#aside") == "exact · 3 states · without choice 3"
        seen.page.focus("[name=ending]:checked")
        seen.expect(".error:not([hidden])", "this choice has no reward: type one")
        seen.page.wait_for_timeout(500)
        assert seen.current().endswith("γ = 1/2")
        seen.press("Control+s")
        seen.page.wait_for_selector("dialog")
        seen.press("Enter")
        seen.noticed("Not saved: choice 'choice 3' has no reward")
        seen.fill("branches[2].rewards", "0, 3")
        seen.says("γ = 1/3")
        assert seen.page.locator(".error:not([hidden])").count() == 0
        seen.fill("branches[2].rewards", "")
        seen.expect(".error:not([hidden])", "this choice has no reward: type one")
        seen.says("γ = 1/2")
        seen.undo_until(".branch", 2)


def test_a_new_chain_is_no_mistake_until_it_is_left(edit) -> None:
    """Who types the first choice has not come to the second yet."""
    with edit() as seen:
        seen.current()
        seen.page.click("[data-action=new]")
        seen.write("2")
        seen.press("Tab")
        seen.page.wait_for_timeout(1500)
        assert seen.page.get_attribute("#result", "data-state") == "empty"
        assert seen.page.locator(".error:not([hidden])").count() == 0
        seen.press("Tab", "Tab", "Tab")
        assert seen.stale().startswith("choice 'move' has no reward: give it at least one")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0,5", "Read as two rewards, 0 and 5. If it is one number, type 0.5"),
        ("1; 0; -2,25", "Read as two rewards, -2 and 25. If it is one number, type -2.25"),
        ("1, 0,5, 2", "Read as two rewards, 0 and 5. If it is one number, type 0.5"),
        ("0,0,5", None),
        ("0, 5", None),
        ("0,0", None),
    ],
)
def test_a_decimal_comma_does_not_go_unnoticed(edit, text: str, told: str | None) -> None:
    """A comma without spaces between two numbers; a list without spaces says nothing."""
    with edit() as seen:
        seen.fill("branches[1].rewards", text)
        seen.current()
        assert (told or "") == "".join(seen.page.locator("#words-1 strong").all_inner_texts())


def test_choices_come_and_go(edit) -> None:
    """Up to eight; the focus stays where the work is; undo brings them back, name and all."""
    with edit() as seen:
        seen.current()
        for number in range(3, 9):
            seen.page.click("#add-branch")
            assert seen.focused() == f"branches[{number - 1}].name"
            seen.press("Tab")
            seen.write(", ".join("0" * (number - 3)) + f", {number}" * (number > 3) or "3")
        seen.current()
        seen.page.click("[aria-label='Remove move']")
        assert seen.page.evaluate("document.activeElement.ariaLabel") == "Remove choice 3"
        names = [name for name, _ in ChainLayout.load(seen.save_as("many.json")).branches]
        assert names == ["stay", *(f"choice {number}" for number in range(3, 9))]
        seen.press("Control+z")
        assert seen.value("branches[1].name") == "move"
        assert seen.value("branches[1].rewards") == "0, 0, 4"


def test_a_hundred_thousand_rewards_are_pasted(edit) -> None:
    """The page stays usable: it writes few numbers out, which is slow; one more is refused."""
    with edit() as seen:
        seen.current()
        field = seen.page.locator('[data-spot="branches[1].rewards"]')
        seen.page.evaluate(
            "window.written = 0; const write = Number.prototype.toLocaleString; "
            "Number.prototype.toLocaleString = function (...more) "
            "{ window.written += 1; return write.call(this, ...more); }; null"
        )
        field.fill(", ".join(["0"] * 99_998 + ["5"]))
        assert seen.page.evaluate("window.written") < 20
        assert seen.page.inner_text("#words-1") == "pays 5 after 99,998 steps · 99,999 rewards"
        seen.fill("branches[0].rewards", "1, 1")
        assert "more than 100,000 rewards" in seen.stale()
        seen.press("Control+z", "Control+z")
        seen.says("γ = 1/2")


def test_a_late_answer_is_not_shown(edit) -> None:
    """The answer to an older document comes after that to the newest: it never counts."""
    with edit() as seen:
        seen.current()
        held: list[Any] = []

        def hold(route: Any) -> None:
            if '"7"' in route.request.post_data or ",7]" in route.request.post_data:
                held.append(route)
            else:
                route.continue_()

        seen.page.route("**/solve", hold)
        seen.fill("branches[1].rewards", "0, 0, 7")
        while not held:
            seen.page.wait_for_timeout(50)
        assert seen.page.get_attribute("#result", "data-state") != "current"
        seen.fill("branches[1].rewards", "0, 0, 9")
        seen.says("γ = 1/3")
        held[0].abort()
        seen.page.wait_for_timeout(500)
        assert seen.current().endswith("γ = 1/3")
        assert seen.page.locator("#frames iframe").count() == 1


def test_the_slider_stays_where_it_was(edit) -> None:
    """Also the reader's place in the page."""
    with edit() as seen:
        seen.current()
        seen.frame().focus("#gamma")
        seen.press("Home", "ArrowRight")
        gamma = seen.frame().inner_text("#shown-gamma")
        seen.frame().evaluate("scrollTo(0, 150)")
        seen.page.wait_for_timeout(600)
        seen.fill("branches[1].rewards", "0, 0, 5")
        seen.says("5")
        assert seen.frame().inner_text("#shown-gamma") == gamma != "0.9"
        assert seen.frame().evaluate("scrollY") == 150


def test_each_tab_keeps_its_document_and_its_result(edit) -> None:
    with edit() as seen:
        seen.fill("branches[1].rewards", "0, 0, 9")
        seen.says("γ = 1/3")
        seen.tab("grid")
        seen.expect("#aside", "11 states")
        seen.current()
        seen.tab("model")
        seen.expect("#aside", "3 states")
        seen.page.focus("#tab-model")
        seen.press("ArrowRight")
        assert seen.focused() == "tab-chain"
        seen.says("γ = 1/3")
        assert seen.page.locator("#frames iframe:not([hidden])").count() == 1
