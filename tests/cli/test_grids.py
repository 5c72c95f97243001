"""A grid file from the shell: every command takes it, and a mistake in it is one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from shell import check_refused, run

DOCUMENT: dict[str, Any] = {
    "schema": "qdecay.grid/1",
    "map": ["   +1", " # -1", "S   "],
    "living_reward": -0.04,
    "noise": 0.2,
}


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "grid.json").write_text(json.dumps(DOCUMENT))
    monkeypatch.chdir(tmp_path)
    return "grid.json"


def test_regions_are_those_of_the_id(capsys, monkeypatch, grid: str) -> None:
    """The file and the id agree to the letter, with the same numbers replaced."""
    for options in (
        [],
        ["-k", "living_reward=-1/2"],
        ["-k", "noise=0.1", "-k", "acts_on=entering"],
    ):
        shown = [
            json.loads(run(capsys, monkeypatch, "regions", source, *options, "--json")[1])
            for source in (grid, "qdecay/AIMA4x3-v0")
        ]
        for document in shown:
            del document["source"]
        assert shown[0] == shown[1]


def test_the_known_utility_is_shown(capsys, monkeypatch, grid: str) -> None:
    """Russell and Norvig print 0.705 for (1, 1)."""
    code, out, _ = run(capsys, monkeypatch, "regions", grid)
    assert code == 0
    assert "at gamma = 1: up, worth 4119/5840 (0.7053) in all" in out
    assert "(3, 2): left -> up" in out


@pytest.mark.parametrize(
    "command",
    [
        ["blackwell"],
        ["price"],
        pytest.param(["compare", "-k", "noise=0"], marks=pytest.mark.slow),
        ["learn-curve", "--seeds", "1", "--steps", "200"],
    ],
)
def test_other_commands_take_it(capsys, monkeypatch, grid: str, command: list[str]) -> None:
    code, _, err = run(capsys, monkeypatch, command[0], grid, *command[1:])
    assert code == 0, err


def test_its_page_has_the_board(capsys, monkeypatch, grid: str) -> None:
    """A cell for each of the map, walls without a state, the ends and the start marked."""
    assert run(capsys, monkeypatch, "report", grid, "--exact-only", "-o", "page.html")[0] == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count('class="cell ') == 12
    assert page.count('class="cell wall"') == page.count(' disabled aria-label="wall">') == 1
    for kind, mark in (("goal", "+1"), ("hole", "\N{MINUS SIGN}1"), ("start", "start")):
        assert f'class="cell {kind}"' in page
        assert f'data-mark="{mark}"' in page


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"map": ["S  +1", " "]}, "map: row 2 has 1 cells and row 1 has 4"),
    ({"map": ["   +1"]}, "map has no start"),
    ({"map": ["S S"]}, "map has two starts"),
    ({"map": ["S x"]}, "row 1, column 3: 'x' is not in the legend"),
    ({"map": "S"}, "map must be a list"),
    ({"legend": {"x": {}}}, "legend: 'x' is not on the map"),
    ({"map": ["Sx"], "legend": {"x": {"to": "y"}}}, "jumps to 'y', which is not on the map"),
    ({"map": ["Sx"], "legend": {"x": {"reward": "-"}}}, "legend: 'x': reward must be a number"),
    ({"noise": 1.5}, "noise must be a probability from 0 to 1, got 3/2"),
    ({"living_reward": "x"}, "living_reward must be a number"),
    ({"discount": 0.9}, "discount: a grid has no discount factor: give it to the command"),
    ({"schema": "qdecay.grid/2"}, '"schema" must be "qdecay.grid/1"'),
    ({"livingReward": 0}, "livingReward: unknown key; known: schema, map"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_it_is_one_line(
    capsys, monkeypatch, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    (tmp_path / "grid.json").write_text(json.dumps({**DOCUMENT, **change}))
    check_refused(capsys, monkeypatch, tmp_path, ["regions", "grid.json"], message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-k", "noise=2"], "noise must be a probability"),
        (["-k", "grid=AIMA4x3"], "grid.json: already is the grid: omit -k grid=AIMA4x3"),
        (["-k", 'rewards={"r": 3}'], "is not in the grid's legend"),
        (["-k", "slip=1/10"], "has no argument slip"),
        (["--costs"], "--costs applies to a model or a Gymnasium id, not to a grid"),
    ],
)
def test_a_wrong_option_is_one_line(
    capsys, monkeypatch, grid: str, tmp_path: Path, options: list[str], message: str
) -> None:
    check_refused(capsys, monkeypatch, tmp_path, ["regions", grid, *options], message)
