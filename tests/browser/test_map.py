"""The map of a page: what its two sliders and its picture show, against a solver of single points.

See `test_explorer.py` for what the tests need.
"""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from axe import faults

import qdecay
from qdecay.model.line_of_source import line_of
from qdecay.model.source import Source

pytestmark = pytest.mark.browser

LAKE = ("FrozenLake-v1", "success_rate=1/3..1")
CHAIN = ("qdecay/NChain-v0", "large=0..20")
PHONE = {"width": 390, "height": 844}


def board(seen) -> list[list[int]]:
    """The actions drawn in each cell of the map's board."""
    return seen.page.evaluate(
        """[...document.querySelectorAll('#map-board-0 .cell')].map(cell =>
             [...cell.querySelectorAll('.act.optimal')].map(act => Number(act.dataset.action)))"""
    )


def table(seen) -> list[str]:
    """The actions written for each state."""
    return [node.inner_text() for node in seen.page.query_selector_all("[data-map-state] td")]


def here(seen) -> tuple[str, Fraction]:
    """The gamma and the parameter that the sliders name."""
    value = seen.text("#map-value-text-0").replace("−", "-")
    return seen.text("#map-gamma-text-0"), Fraction(value)


def test_walls_are_no_states(visit, pages) -> None:
    """A grid world's board has cells that are none: twelve cells, eleven states."""
    source, over = "qdecay/AIMA4x3-v0", "living_reward=-0.1..0.02"
    line = line_of(Source(source), over)
    with visit(pages(source, over=over)) as seen:
        seen.page.press("#map-value-0", "PageDown")
        seen.settle()
        gamma, value = here(seen)
        sets = qdecay.optimal_actions(line.at(value), gamma)
        expected = [[] if len(best) == 4 else list(best) for best in sets]
        drawn = board(seen)
        assert drawn.pop(5) == []
        assert drawn == expected
        assert seen.page.query_selector("#map-board-0 .cell:nth-child(6).wall")


@pytest.mark.parametrize("keys", [(3, 5), (12, 30), (-20, 0), (40, 60)])
def test_the_board_shows_what_is_optimal_at_both_numbers(visit, pages, keys) -> None:
    """Wherever the sliders stand: the sets of every state, solved at that one point."""
    line = line_of(Source(LAKE[0]), LAKE[1])
    with visit(pages(LAKE[0], over=LAKE[1])) as seen:
        for slider, steps in zip(("#map-gamma-0", "#map-value-0"), keys, strict=True):
            for _ in range(abs(steps)):
                seen.page.press(slider, "ArrowRight" if steps > 0 else "ArrowLeft")
        seen.settle()
        gamma, value = here(seen)
        sets = qdecay.optimal_actions(line.at(value), gamma)
        assert board(seen) == [[] if len(best) == 4 else list(best) for best in sets]
        assert seen.page.get_attribute("#map-value-0", "aria-valuetext").startswith(f"γ {gamma}, ")


def test_both_ends_are_exact(visit, pages) -> None:
    """At gamma 0 only the next reward counts, at 1 the total; the parameter has its own ends."""
    line = line_of(Source(LAKE[0]), LAKE[1])
    with visit(pages(LAKE[0], over=LAKE[1])) as seen:
        for key, gamma in (("Home", 0), ("End", 1)):
            seen.page.press("#map-gamma-0", key)
            seen.page.press("#map-value-0", key)
            seen.settle()
            assert here(seen) == (str(gamma), Fraction(1, 3) if key == "Home" else 1)
            sets = qdecay.optimal_actions(line.at(here(seen)[1]), gamma)
            assert board(seen) == [[] if len(best) == 4 else list(best) for best in sets]


def test_page_up_stops_where_actions_tie(visit, pages) -> None:
    """128 gamma^4 x = 625 at x = 10, after the breakpoints of other states."""
    with visit(pages(CHAIN[0], over=CHAIN[1])) as seen:
        assert seen.text("#map-value-text-0") == "10"
        seen.page.press("#map-gamma-0", "Home")
        found = []
        for _ in range(4):
            seen.page.press("#map-gamma-0", "PageUp")
            seen.settle()
            found.append((seen.text("#map-gamma-text-0"), table(seen)))
        gamma, best = found[-1]
        assert gamma == f"{(625 / 1280) ** 0.25:.9f}"[:8] + "…"
        assert best == ["forward or backward", "forward", "forward", "forward", "forward"]
        assert [texts.count("forward or backward") for _, texts in found] == [1, 1, 1, 1]
        seen.page.press("#map-gamma-0", "PageDown")
        seen.settle()
        assert seen.text("#map-gamma-text-0") == found[2][0]


def test_a_click_on_the_picture_takes_both_numbers_there(visit, pages) -> None:
    """Into the upper right corner, where forward is best; the point is drawn there."""
    with visit(pages(CHAIN[0], over=CHAIN[1])) as seen:
        picture = seen.page.query_selector("#map-picture-0")
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        x, y = box["x"] + 0.9 * box["width"], box["y"] + 0.15 * box["height"]
        seen.page.mouse.click(x, y)
        seen.settle()
        assert "forward" in seen.text("#map-sentence-0")
        dot = seen.page.query_selector("#map-picture-0 circle").bounding_box()
        assert dot["x"] + dot["width"] / 2 == pytest.approx(x, abs=4)
        assert dot["y"] + dot["height"] / 2 == pytest.approx(y, abs=12)  # on a line


def test_the_map_can_be_saved_and_names_its_curve(visit, pages) -> None:
    """The document is that of `PolicyMap.to_json`; the table writes the polynomial."""
    with visit(pages(CHAIN[0], over=CHAIN[1])) as seen:
        document = json.loads(seen.page.text_content("#map-0"))
        assert document["schema"] == "qdecay.policy-map/1"
        assert document["curves"][0]["polynomial"] == [[128, 4, 1], [-625, 0, 0]]
        assert seen.page.text_content(".curves tbody td") == "128γ4large−625=0"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("source", [LAKE, CHAIN])
def test_axe_finds_no_fault_in_the_map(visit, pages, scheme, source) -> None:
    """Accessibility rules of axe-core, in light and dark."""
    with visit(pages(source[0], over=source[1]), color_scheme=scheme) as seen:
        assert faults(seen.page) == []


@pytest.mark.parametrize("source", [LAKE, CHAIN])
def test_the_map_fits_a_phone(visit, pages, source) -> None:
    """Nothing is wider than the screen."""
    with visit(pages(source[0], over=source[1]), viewport=PHONE) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
