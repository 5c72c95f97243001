"""The map as `qdecay plot --over` draws it, and as the page looks it up."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shell import check_refused, run

import qdecay
from qdecay.exact.algebra.curve_polynomial import CurvePolynomial
from qdecay.reporting.map_picture import GammaAxis, MapPicture, equation
from qdecay.reporting.maps import MOST_STATES, PageMap
from qdecay.reporting.page import script_json

STAY = "qdecay/StayOrMove-v0"


@cache
def map_of(source: str, argument: str, low: str, high: str, start: int = 0) -> qdecay.PolicyMap:
    """The map of an environment over one of its arguments."""
    line = qdecay.ModelLine.of(
        lambda value: qdecay.as_mdp(source, **{argument: value}), low=low, high=high, name=argument
    )
    return qdecay.policy_map(line, start=start, columns=0)


def chain() -> qdecay.PolicyMap:
    """Forward where 128 gamma^4 large > 625."""
    return map_of("qdecay/NChain-v0", "large", "0", "20")


def world() -> qdecay.PolicyMap:
    """The 4x3 world, in the cell from which the long way round begins."""
    return map_of("qdecay/AIMA4x3-v0", "living_reward", "-1/10", "1/50", 8)


@cache
def deep() -> qdecay.PolicyMap:
    """Eight steps that each fail with the same chance, then 1 for ever; or 1 now.

    The steps are best where (gamma (1 - x))^8 > 1 - gamma, so that the boundary comes as close to 1
    as one likes.
    """

    def gamble(failure: Fraction) -> qdecay.MDP:
        steps = range(8)
        rows = [(0, 0, 0, 1, 1, True)]
        rows += [(s, int(s == 0), s + 1, 1 - failure, 0, False) for s in steps]
        rows += [(s, int(s == 0), s, failure, 0, True) for s in steps]
        return qdecay.MDP.from_rows([*rows, (8, 0, 8, 1, 1, False)], n_states=9, n_actions=2)

    line = qdecay.ModelLine.of(gamble, low=0, high=1, name="failure")
    return qdecay.policy_map(line, start=0, columns=0)


def test_the_raster_is_the_map() -> None:
    """Away from boundaries each point lies in the area of the exact law."""
    found = chain()
    picture = MapPicture.of(found)
    raster = picture._raster
    rows, columns = raster.shape
    gamma = (np.arange(columns) + 0.5) / columns
    large = 20 * (np.arange(rows) + 0.5) / rows
    margin = 128 * gamma[None, :] ** 4 * large[:, None] / 625 - 1
    clear = np.abs(margin) > 0.03
    forward = np.array([area[0] == (0,) for area in found.areas])
    assert np.array_equal(forward[raster][clear], (margin > 0)[clear])
    assert clear.mean() > 0.95


def test_nothing_false_is_drawn_near_one() -> None:
    """The raster is the law up to the end of the axis, and what is optimal on lines as well."""
    found = deep()
    picture = MapPicture.of(found)
    raster, axis = picture._raster, picture.axis
    rows, columns = raster.shape
    gap = np.array([1 - axis.gamma((k + 0.5) / columns) for k in range(columns)])
    failure = (np.arange(rows) + 0.5) / rows
    margin = 8 * np.log10((1 - gap[None, :]) * (1 - failure[:, None])) - np.log10(gap)[None, :]
    # Between lines that are 1/256 apart the boundary moves by 8 / 256 / (1 - failure) nepers.
    clear = np.abs(margin) > 0.02 + 0.02 / (1 - failure[:, None])
    steps = np.array([area[0] == (1,) for area in found.areas])
    assert gap[-1] < 1e-9
    assert np.array_equal(steps[raster][clear], (margin > 0)[clear])
    assert clear.mean() > 0.9
    for line in found.lines[::9]:
        row = min(int(picture.height(float(line.fixed)) * rows), rows - 1)
        for column in (40, 120, 180, 210, 239):
            if clear[row, column]:
                gamma = 1 - Fraction(gap[column])
                best = qdecay.optimal_actions(found.line.at(line.fixed), gamma)[0]
                assert found.areas[raster[row, column]][0] == best, (line.fixed, column)


def test_what_lies_beyond_the_axis_is_at_its_end() -> None:
    """The last lines' boundaries: no wall is drawn, and no line along the side."""
    found = deep()
    picture = MapPicture.of(found)
    beyond = [line for line in found.lines if (1 - line.fixed) ** 8 < Fraction(1, 10**11)]
    seen = [line for line in beyond if line.breakpoints]
    assert seen and all(picture.axis.place(float(line.breakpoints[0])) == 1 for line in seen)
    assert not any(a[0] == b[0] == 1 for edge in picture.edges for a, b in pairwise(edge))
    gammas = PageMap(found, [str(s) for s in range(9)], ["now", "steps"])._gammas()
    places = np.diff([picture.axis.place(gamma) for gamma in gammas[:-1]])
    assert places == pytest.approx(1 / 500, rel=0.05)


def test_boundaries_keep_their_direction_where_a_picture_ends() -> None:
    """Halfway to the line on which the chain has none, its curve is still the law's."""
    found = chain()
    run = MapPicture.of(found)._runs[-1]
    assert len(run.areas) == 2 and run.y[0] < run.y[1]
    law = (625 / (128 * 20 * run.y[0])) ** 0.25
    assert run.x[0][0] == pytest.approx(min(law, 1), abs=1e-4)


def three() -> qdecay.PolicyMap:
    """1 now, x later, or 3 after that: x is best from 1/x to x/3, which meet between two lines."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (0, 2, 2, 1, 0, False)]
    rows += [(1, a, 1, 1, 2, True) for a in range(3)] + [(2, a, 3, 1, 0, False) for a in range(3)]
    rows += [(3, a, 3, 1, 3, True) for a in range(3)]
    model = qdecay.MDP.from_rows(rows, n_states=4, n_actions=3, start=0)
    return qdecay.policy_map(qdecay.ModelLine.of_reward(model, 2, low=1, high=3), columns=0)


@cache
def bow() -> qdecay.PolicyMap:
    """x now, or 3 and -2 later: that is best where x < 3 gamma - 2 gamma^2, at most 9/8."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 2, 1, 3, False)]
    model = qdecay.MDP.from_rows([*rows, (2, 0, 2, 1, -2, True)], n_states=3, n_actions=2, start=0)
    return qdecay.policy_map(qdecay.ModelLine.of_reward(model, 1, low=0, high=2), columns=0)


def test_a_boundary_has_no_jogs_where_another_begins_or_both_end() -> None:
    """From 1 on, the end of the bow comes back; at 9/8 its two sides meet."""
    picture = MapPicture.of(bow())
    low, high, last = (run for run in picture._runs if run.height > 1 / 256)
    assert [len(run.x) for run in (low, high, last)] == [1, 2, 0]
    assert low.x[0][-1] == high.x[0][0] == pytest.approx(0.5, abs=0.004)
    assert high.x[0][-1] == high.x[1][-1] or high.x[0][-1] < 3 / 4 < high.x[1][-1]
    for edge in picture.edges:
        gamma, height = np.array(edge).T
        assert np.abs(3 * gamma - 2 * gamma**2 - 2 * height).max() <= 2 / 256


def test_shapes_fill_the_picture_once() -> None:
    """Their areas add up to 1, whatever the axis, also where two boundaries meet."""
    for found in (chain(), world(), three(), bow()):
        total, picture = 0.0, MapPicture.of(found)
        assert all((a <= b).all() for run in picture._runs for a, b in pairwise(run.sides))
        for shape in picture.shapes:
            x, y = np.array(shape.corners).T
            total += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        assert total == pytest.approx(1, abs=1e-9)


def test_labels_stand_in_their_areas() -> None:
    """The whole box does; an area that is too small has none, and is said to."""
    found = chain()
    picture = MapPicture.of(found)
    raster = picture._raster
    placed, missing = picture.labels([(0.2, 0.1), (0.2, 0.1)])
    assert [label.area for label in placed] == [0, 1]
    assert missing == []
    for label in placed:
        x, y = label.at
        rows = slice(int((y - 0.05) * raster.shape[0]) + 1, int((y + 0.05) * raster.shape[0]))
        columns = slice(int((x - 0.1) * raster.shape[1]) + 1, int((x + 0.1) * raster.shape[1]))
        assert set(raster[rows, columns].ravel().tolist()) == {label.area}
    assert picture.labels([(0.2, 0.1), (0.6, 0.1)])[1] == [1]


def test_what_crowds_near_one_is_spread() -> None:
    """The textbook's world changes there: decades of 1 - gamma; the chain does not: gamma."""
    assert MapPicture.of(chain()).axis.depth is None
    axis = MapPicture.of(world()).axis
    assert axis.depth is not None
    assert axis.ticks[0] == (0, "0") and axis.ticks[-1] == (1, "1")
    places = [place for place, _ in axis.ticks]
    assert places == sorted(places)
    for place in (0, 0.25, 0.5, 0.75):
        assert axis.place(axis.gamma(place)) == pytest.approx(place)
    assert GammaAxis(0.25, 0.75).place(0.5) == 0.5
    part = GammaAxis(0.9, 0.999, 3.0)
    assert (part.place(0.9), part.place(0.999)) == (pytest.approx(0), pytest.approx(1))


def test_texts_around_the_picture() -> None:
    """A true minus."""
    assert [text for _, text in MapPicture.of(world()).value_ticks] == ["−0.1", "−0.05", "0"]


@pytest.mark.parametrize(
    ("terms", "name", "written"),
    [
        ({(2, 1): 1, (0, 0): -1}, "R", "γ² R = 1"),
        ({(1, 1): 1, (1, 0): 1, (0, 0): -1}, "reward:4", "γ x + γ = 1"),
        ({(0, 1): 1}, "slip", "slip = 0"),
        ({(12, 3): 7, (0, 1): 5}, "x", "7 γ¹² x³ + 5 x = 0"),
        ({(9, 0): 12345678, (3, 1): -987654321, (0, 0): 12345}, "x", None),
    ],
)
def test_short_curves_are_equations(terms, name: str, written: str | None) -> None:
    """Without minus signs; what is long has none."""
    assert equation(CurvePolynomial.of(terms), name) == written


def test_the_page_looks_up_what_is_exact() -> None:
    """Every set of every line, by its number; gamma's own breakpoints and both ends as well."""
    found = world()
    page = PageMap(found, [str(s) for s in range(11)], ["up", "right", "down", "left"])
    data = json.loads(script_json(page.data()))
    assert [line["text"] for line in data["lines"][:1]] == ["−1/10"]
    assert len(data["lines"]) == len(found.lines)
    for line, each in zip(found.lines[::9], data["lines"][::9], strict=True):
        model = found.line.at(line.fixed)
        numbers = [b.gamma for b in line.regions.breakpoints]
        shown = [data["policies"][k] for k in (each["zero"], *each["at"], each["one"])]
        for gamma, sets in zip((Fraction(0), *numbers, Fraction(1)), shown, strict=True):
            assert sets == [list(best) for best in qdecay.optimal_actions(model, gamma)]
        assert [data["policies"][k] for k in each["sets"]] == [
            [list(best) for best in sets] for sets in line.regions.regions
        ]
    assert data["gammas"][0] == 0 and data["gammas"][-1] == 1


def test_a_large_model_shows_its_state_alone() -> None:
    """Of more than the stated number of states a page keeps one."""
    n = MOST_STATES + 1
    rows = [(s, 0, s, 1, 0, True) for s in range(1, n)] + [
        (0, 0, 0, 1, 1, True),
        (0, 1, 1, 1, 0, False),
    ]
    line = qdecay.ModelLine.of_reward(
        qdecay.MDP.from_rows([*rows, (1, 1, 1, 1, 2, True)], n_states=n, n_actions=2, start=0),
        2, low=1, high=4,
    )  # fmt: skip
    data = PageMap(qdecay.policy_map(line, fineness=1), ["s"] * n, ["a", "b"]).data()
    assert all(len(sets) == 1 for sets in data["policies"])


def test_over_draws_areas_and_their_equation(capsys, monkeypatch, tmp_path: Path) -> None:
    """As text in the drawing: the best actions, the curve, both axes."""
    path = tmp_path / "map.svg"
    over = "reward:4=1..10"
    assert run(capsys, monkeypatch, "plot", STAY, "--over", over, "-o", str(path))[0] == 0
    drawn = path.read_text(encoding="utf-8")
    for text in (
        "stay",
        "move",
        "γ² x = 1",
        "x = reward:4 (small marks: exact there)",
        "discount factor γ",
    ):
        assert f">{text}<" in drawn, text


def test_over_puts_a_map_on_the_page(capsys, monkeypatch, tmp_path: Path) -> None:
    """With its document, its curve and a slider for each number."""
    path = tmp_path / "page.html"
    arguments = ["report", STAY, "--over", "reward:4=1..10", "--exact-only", "-o", str(path)]
    assert run(capsys, monkeypatch, *arguments)[0] == 0
    page = path.read_text(encoding="utf-8")
    document = json.loads(re.search(r'id="map-0">(.*?)</script>', page)[1])
    assert document["schema"] == "qdecay.policy-map/1"
    assert document["source"] == STAY
    assert document["curves"][0]["polynomial"] == [[1, 2, 1], [-1, 0, 0]]
    assert 'id="map-gamma-0" type="range"' in page and 'id="map-value-0" type="range"' in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plot", "--over", "slip=0..1"], "--over requires SOURCE"),
        (["plot", STAY, "--what", "map"], "--what map requires --over NAME=LOW..HIGH"),
        (["plot", STAY, "--over", "slip=0..1", "--what", "gap"], "--over requires --what map"),
        (["plot", STAY, "--over", "slip"], "--over takes NAME=LOW..HIGH"),
        (["report", STAY, "--over", "slop=0..1"], "did you mean slip?"),
        (["report", STAY, "--over", "slip=0..2"], "slip must be a probability from 0 to 1, got 2"),
    ],
)
def test_a_mistake_is_told_before_any_work(
    capsys, monkeypatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    """One line, and nothing is written."""
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)
