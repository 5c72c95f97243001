"""Grid layouts and their files: what is typed is what is kept, and mistakes are named."""

import json
import pickle
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from qdecay_envs import PRESETS, GridCell, GridLayout
from qdecay_envs.grid_layout import SCHEMA

HALF = Fraction(1, 2)
MAP = ["   +1", " # -1", "S   "]
PLAIN: dict[str, Any] = {"schema": SCHEMA, "map": MAP}


def test_a_number_with_its_sign_is_one_cell() -> None:
    """Whole, decimal and fraction, side by side or not; each an end with that reward."""
    grid = GridLayout(["+1-10+1/2-0.5", "S#. "])
    assert grid.cells == (("+1", "-10", "+1/2", "-0.5"), ("S", "#", ".", " "))
    rewards = [grid[0, column] for column in range(4)]
    assert rewards == [GridCell(Fraction(r), end=True) for r in ("1", "-10", "1/2", "-1/2")]
    assert grid[1, 1] is None
    assert grid[1, 0] == grid[1, 2] == grid[1, 3] == GridCell()


def test_states_are_named_as_in_an_atlas() -> None:
    """Row by row from the top, named from the lower left; a wall is none, nor is a cell that
    throws the agent elsewhere at once."""
    entering = GridLayout(["CS", "# "], {"C": {"to": "S"}}, acts_on="entering")
    leaving = entering.changed(acts_on="leaving")
    assert (entering.names, entering.start) == (("(2, 2)", "(2, 1)"), 0)
    assert (leaving.names, leaving.start) == (("(1, 2)", "(2, 2)", "(2, 1)"), 1)


def test_numbers_are_the_fractions_they_spell() -> None:
    """Text, ints, fractions, and a noise that is a float; equal grids have equal hashes."""
    grid = GridLayout(MAP, living_reward="-0.04", noise=0.2, bump_reward="-1e-3")
    same = GridLayout(
        tuple(MAP),
        living_reward=Fraction(-1, 25),
        noise="1/5",
        bump_reward=Fraction(-1, 1000),
    )
    assert grid == same
    assert len({grid, same}) == 1
    assert (grid.living_reward, grid.noise) == (Fraction(-1, 25), Fraction(1, 5))
    assert pickle.loads(pickle.dumps(grid)) == grid


def test_the_document_is_the_one_of_the_format() -> None:
    """The smallest document, and one with everything."""
    assert GridLayout(MAP).to_json() == {
        "schema": "qdecay.grid/1", "map": MAP, "living_reward": 0, "noise": 0, "acts_on": "leaving"
    }  # fmt: skip
    document = {
        "schema": "qdecay.grid/1",
        "map": ["A ", "Sa", "r.", "G "],
        "legend": {
            "A": {"reward": "21/2", "to": "a"},
            "a": {},
            "r": {"reward": -3},
            "G": {"end": True},
        },
        "living_reward": "-1/25",
        "noise": "1/5",
        "bump_reward": -1,
        "wind": [0, -2],
        "acts_on": "leaving",
    }
    assert GridLayout.from_json(document).to_json() == document


@pytest.mark.parametrize("name", PRESETS)
def test_a_file_keeps_a_grid_whole(name: str, tmp_path: Path) -> None:
    """Saved and loaded, every grid is equal; json's own reader reads the same document."""
    path = tmp_path / "grid.json"
    PRESETS[name].save(path)
    assert GridLayout.load(path) == PRESETS[name]
    assert GridLayout.from_json(json.loads(path.read_text(encoding="utf-8"))) == PRESETS[name]


def test_a_file_reads_decimals_as_written(tmp_path: Path) -> None:
    """0.04 is 1/25; a document needs the map only, and null is what is not written."""
    path = tmp_path / "grid.json"
    path.write_text(
        '{"schema": "qdecay.grid/1", "map": ["   +1", " # -1", "S   "], "living_reward": -0.04, '
        '"noise": 0.2, "bump_reward": null, "wind": null}',
        encoding="utf-8",
    )
    assert GridLayout.load(path) == PRESETS["AIMA4x3"]
    assert GridLayout.from_json(PLAIN) == GridLayout(MAP)


def test_other_numbers_make_another_grid() -> None:
    """None leaves a number as it is; the legend's rewards change by character."""
    grid = PRESETS["AIMA3x3"]
    other = grid.changed({"r": "1/2"}, noise=0, living_reward=None)
    assert other.legend == {"r": GridCell(HALF)}
    assert (other.noise, other.living_reward) == (0, -1)
    assert grid.legend == {"r": GridCell(Fraction(-3))}


def with_legend(legend: Any, rows: Any = ("S x",), **numbers: Any) -> Callable[[], object]:
    return lambda: GridLayout(rows, legend, **numbers)


def with_map(*rows: Any) -> Callable[[], object]:
    return lambda: GridLayout(rows)


BAD_GRIDS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: GridLayout([]), ValueError, "map must not be empty"),
    (lambda: GridLayout("S +1"), TypeError, "map must be a list of its rows"),
    (lambda: GridLayout(7), TypeError, "map must be a list, got 7"),  # type: ignore[arg-type]
    (lambda: GridLayout("S" for _ in count()), ValueError, "at most 100,000 entries"),  # type: ignore[arg-type]
    (with_map("S", 3), TypeError, "map: row 2 must be text, got 3"),
    (with_map("S", ""), ValueError, "map: row 2 is empty"),
    (with_map("S +1", "    "), ValueError, "row 2 has 4 cells and row 1 has 3: make them equal"),
    (with_map("S  ", " x "), ValueError, "row 2, column 2: 'x' is not in the legend, which has no"),
    (with_map("S  ", " x "), ValueError, 'explain it in the legend, such as {"x": {"reward": -1}}'),
    (with_map("S\t"), ValueError, r"row 1, column 2: '\t' is not in the legend"),
    (with_map("S\n"), ValueError, r"row 1, column 2: '\n' is not in the legend"),
    (with_map("S 10"), ValueError, "row 1, column 3: a number needs its sign: write +10"),
    (with_map("S +"), ValueError, "row 1, column 3: '+' must be followed by a number"),
    (with_map("S -x"), ValueError, "row 1, column 3: '-' must be followed by a number"),
    (with_map("S +1/0"), ValueError, "row 1, column 3: the number has a zero denominator"),
    (with_map("S +" + "9" * 5000), ValueError, "row 1, column 3: the number must be"),
    (with_map("  +1", "####"), ValueError, "row 2 has 4 cells"),
    (with_map("  +1", "###"), ValueError, "map has no start: write S"),
    (with_map("S +1", "  S"), ValueError, "two starts, in row 1, column 1 and in row 2, column 3"),
    (with_map("S" * 100_001), ValueError, "map has more than 100,000 cells"),
    (with_map(" " * 10_000_000), ValueError, "map has more than 100,000 cells"),
    (lambda: GridLayout(["S "] * 50_001), ValueError, "map has more than 100,000 cells"),
    (with_legend([("x", {})]), TypeError, "legend must be a mapping"),
    (with_legend({"xy": {}}), ValueError, "legend: 'xy' must be one printable character"),
    (with_legend({3: {}}), ValueError, "legend: 3 must be one printable character"),
    (with_legend({"\n": {}}), ValueError, "must be one printable character"),
    (with_legend({"S": {}}), ValueError, "legend: 'S' has its own meaning"),
    (with_legend({"7": {}}), ValueError, "legend: '7' has its own meaning"),
    (with_legend({"x": {}, "y": {}}), ValueError, "legend: 'y' is not on the map: remove it"),
    (with_legend({"x": -1}), ValueError, "legend: 'x': must be a table of keys and values, got -1"),
    (with_legend({"x": {"cost": 1}}), ValueError, "legend: 'x': cost: unknown key; known: reward"),
    (with_legend({"x": {"reward": 0.5}}), TypeError, "legend: 'x': reward must be exact"),
    (with_legend({"x": {"reward": "much"}}), ValueError, "legend: 'x': reward must be a number"),
    (with_legend({"x": {"end": 1}}), TypeError, "legend: 'x': end must be true or false, got 1"),
    (with_legend({"x": {"to": "SS"}}), ValueError, "legend: 'x': to must be a character"),
    (with_legend({"x": {"to": "z"}}), ValueError, "'x' jumps to 'z', which is not on the map"),
    (with_legend({"x": {"to": "#"}}, ["S#x"]), ValueError, "jumps to '#'"),
    (with_legend({"x": {"to": "y"}, "y": {}}, ["Sxyy"]), ValueError, "which is more than once"),
    (with_legend({"x": {"to": "S", "end": True}}), ValueError, "ends the episode and jumps"),
    (
        with_legend({"x": {"to": "y"}, "y": {"end": True}}, ["Sxy"], acts_on="entering"),
        ValueError,
        "'x' jumps to 'y', which itself ends or jumps",
    ),
    (lambda: GridLayout(MAP, noise=2), ValueError, "noise must be a probability from 0 to 1"),
    (lambda: GridLayout(MAP, noise="-1/9"), ValueError, "noise must be a probability"),
    (lambda: GridLayout(MAP, living_reward=-0.04), TypeError, 'write "-0.04" or a Fraction'),  # type: ignore[arg-type]
    (lambda: GridLayout(MAP, bump_reward="x"), ValueError, "bump_reward must be a number"),
    (lambda: GridLayout(MAP, wind=[1]), ValueError, "a number for each of 4 columns, got 1"),
    (lambda: GridLayout(MAP, wind=[0, 0, 0, 0.5]), TypeError, "wind of column 4 must be an"),  # type: ignore[list-item]
    (lambda: GridLayout(MAP, acts_on="both"), ValueError, "'leaving' or 'entering', got 'both'"),  # type: ignore[arg-type]
    (lambda: GridLayout(MAP).changed({"r": 1}), ValueError, "'r' is not in the grid's legend"),
    (lambda: GridLayout(MAP).changed(7), TypeError, "rewards must be a mapping"),  # type: ignore[arg-type]
    (lambda: PRESETS["AIMA3x3"].changed({"r": 0.5}), TypeError, "the reward of 'r' must be exact"),  # type: ignore[dict-item]
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "words"), BAD_GRIDS, ids=range(len(BAD_GRIDS)))
def test_a_bad_grid_is_refused_in_one_line(
    make: Callable[[], object], kind: type[Exception], words: str
) -> None:
    """The error names the row and the column, or the entry of the legend, on one line."""
    with pytest.raises(kind, match=re.escape(words)) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


BAD_DOCUMENTS: list[tuple[Any, str]] = [
    ([1], "must be a table of keys and values, got [1]"),
    ({}, 'not a grid: "schema" must be "qdecay.grid/1"'),
    ({**PLAIN, "schema": "qdecay.grid/2"}, '"schema" must be "qdecay.grid/1"'),
    ({"schema": SCHEMA}, 'the key "map" is missing: write "map": ["...+1"'),
    ({**PLAIN, "gamma": 1}, "gamma: a grid has no discount factor: give it to the command"),
    ({**PLAIN, "discount": 0.9}, "discount: a grid has no discount factor"),
    ({**PLAIN, "reward": -1}, "reward: unknown key; known: schema, map, legend, living_reward"),
    ({**PLAIN, "map": "S"}, "map must be a list of its rows"),
    ({**PLAIN, "legend": None}, "legend must be a mapping"),
    ({**PLAIN, "living_reward": -0.04}, "living_reward must be exact, got the float -0.04"),
    ({**PLAIN, "noise": True}, "noise must be"),
    ({**PLAIN, "wind": 3}, "wind must be a list, got 3"),
    ({**PLAIN, "acts_on": ["leaving"]}, "acts_on must be"),
]


@pytest.mark.parametrize(("document", "words"), BAD_DOCUMENTS)
def test_a_bad_document_is_a_value_error_that_names_the_place(document: Any, words: str) -> None:
    """Whatever is wrong with a document, it is a ValueError of one line."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        GridLayout.from_json(document)
    assert len(str(caught.value).splitlines()) == 1


def test_a_bad_file_is_a_value_error_that_names_it(tmp_path: Path) -> None:
    """The line starts with the path."""
    path = tmp_path / "bad.json"
    for content, words in [("{", "not JSON"), ('{"schema": "qdecay.mdp/1"}', "not a grid")]:
        path.write_text(content)
        with pytest.raises(ValueError, match=words) as caught:
            GridLayout.load(path)
        assert str(caught.value).startswith(f"{path}: ")
