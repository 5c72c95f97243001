"""`qdecay regions` along a model line: over a number, or from one file to another."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from shell import check_refused, run

from qdecay import MDP, ModelLine, policy_regions

AIMA = {  # of the 4x3 world at gamma = 1, -2 < r < 0: each value with what changes there
    "-40888/24785": "(3, 2): right -> up",
    "-258048/164965": "(3, 1): right -> up",
    "-9216/12605": "(1, 1): right -> up",
    "-36864/81445": "(4, 1): up -> left",
    "-20736/243985": "(2, 1): right -> left",
    "-165632/3694415": "(3, 1): up -> left",
    "-544/19885": "(3, 2): up -> left",
    "-32/1445": "(4, 1): left -> down",
}


def ferry(late: Fraction, cost: int = -1) -> MDP:
    """Wait at the pier for a ferry that is late with a probability, or walk for 4; then 10."""
    rows = [
        (0, 0, 1, 1 - late, 0, False),
        (0, 0, 0, late, cost, False),
        (0, 1, 1, 1, -4, False),
        (1, 0, 1, 1, 10, True),
    ]
    names = {"state_names": ["pier", "home"], "action_names": ["wait", "walk"]}
    return MDP.from_rows(rows, n_states=2, n_actions=2, start=0, **names)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Calm and storm, the ends of a line, and a model of another shape; one works there."""
    monkeypatch.chdir(tmp_path)
    ferry(Fraction(0)).save(tmp_path / "calm.json")
    ferry(Fraction(1)).save(tmp_path / "storm.json")
    other = [(0, 0, 0, 1, 1, True)]
    MDP.from_rows(other, n_states=1, n_actions=1).save(tmp_path / "other.json")
    return tmp_path


def table(out: str) -> list[list[str]]:
    """The words of the rows below the rule."""
    lines = out.splitlines()
    rule = next(i for i, line in enumerate(lines) if "──" in line)
    end = next(i for i, line in enumerate(lines) if line.startswith(("the start", "no start")))
    return [line.split() for line in lines[rule + 1 : end]]


def test_the_textbooks_world_over_its_living_reward(capsys, monkeypatch) -> None:
    """All eight values that are known, what changes, both ends, and from where on nothing does."""
    words = ["qdecay/AIMA4x3-v0", "--over", "living_reward=-2..0", "--gamma", "1"]
    code, out, err = run(capsys, monkeypatch, "regions", *words, "--digits", "4")
    assert (code, err) == (0, "")
    assert "11 states, 4 actions: 9 policy regions in -2 < living_reward < 0 at gamma = 1\n" in out
    rows = [" ".join(words) for words in table(out)]
    shown = ["-1.650", "-1.564", "-0.7311", "-0.4526", "-0.08499", "-0.04483", "-0.02736"]
    decimals = [*shown, "-0.02215"]
    pairs = zip(decimals, AIMA.items(), strict=True)
    assert rows == [f"{number} {exact} {change}" for number, (exact, change) in pairs]
    assert "the start, (1, 1), changes at -0.7311\n" in out
    everything = "up or right or down or left"
    assert f"at living_reward = -2: right; at living_reward = 0: {everything}\n" in out
    assert out.endswith("nothing changes left of -1.650, nor right of -0.02215\n")


@pytest.mark.parametrize(("gamma", "value"), [("0.9", "8/11"), ("1/2", "8/11"), ("1", "4/5")])
def test_two_files_are_the_ends_of_a_line(
    capsys, monkeypatch, folder: Path, gamma: str, value: str
) -> None:
    """Waiting and walking are worth the same where 4 = x (1 + 14 g - 10 g^2)."""
    g, x = Fraction(gamma), Fraction(value)
    assert x * (1 + 14 * g - 10 * g * g) == 4
    words = ["calm.json", "--to", "storm.json", "--gamma", gamma]
    code, out, err = run(capsys, monkeypatch, "regions", *words)
    assert (code, err) == (0, "")
    (row,) = table(out)
    assert row[1:] == [value, "pier:", "wait", "->", "walk"]
    assert "best there at x = 0: wait; at x = 1: walk\n" in out


@pytest.mark.parametrize(
    ("over", "value"),
    [
        ("step_reward=-3/2..0", "-1"),  # -3 + 2 c = -4 + c
        ("reward:-4=-9..-1", "-3"),
    ],
)
def test_rewards_of_any_model(capsys, monkeypatch, folder: Path, over: str, value: str) -> None:
    """At gamma = 1, waiting takes 2 steps on average and costs 3, walking 1 step and 4."""
    model = ferry(Fraction(1, 2), -3)
    model.save(folder / "half.json")
    words = ["half.json", "--over", over, "--gamma", "1"]
    code, out, err = run(capsys, monkeypatch, "regions", *words)
    assert (code, err) == (0, "")
    (row,) = table(out)
    assert row[:2] == [value, value]


def test_states_shows_every_state_from_end_to_end(capsys, monkeypatch, folder: Path) -> None:
    """Both ends included, and states without a choice."""
    words = ["calm.json", "--to", "storm.json", "--gamma", "1", "--states", "--digits", "2"]
    code, out, _ = run(capsys, monkeypatch, "regions", *words)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["pier", "wait", "[0,", "0.8)"] in lines
    assert ["walk", "(0.8,", "1]"] in lines
    assert ["home", "wait", "[0,", "1]"] in lines


def test_nothing_changes(capsys, monkeypatch, folder: Path) -> None:
    """No table, and it says so."""
    words = ["calm.json", "--over", "step_reward=-1/2..0", "--gamma", "0"]
    code, out, _ = run(capsys, monkeypatch, "regions", *words)
    assert code == 0
    assert "1 policy region in -1/2 < step_reward < 0 at gamma = 0\n" in out
    assert "changes at no step_reward\n" in out
    assert out.endswith("between -1/2 and 0 nothing changes\n")


def test_a_fraction_of_many_digits_is_counted(capsys, monkeypatch, folder: Path) -> None:
    """A table that fits beats digits that nobody reads; the document has them."""
    hair = Fraction(1, 10**30)
    rows = [(0, 0, 0, 1, 3 + hair, True), (0, 1, 0, 1, 0, True)]
    MDP.from_rows(rows, n_states=1, n_actions=2, start=0).save(folder / "long.json")
    words = ["long.json", "--over", "reward:0=0..7", "--gamma", "0"]
    out = run(capsys, monkeypatch, "regions", *words)[1]
    assert "a fraction of 62 digits" in out and max(map(len, out.splitlines())) < 80
    document = json.loads(run(capsys, monkeypatch, "regions", *words, "--json")[1])
    assert document["breakpoints"][0]["closed_form"] == f"{3 * 10**30 + 1}/{10**30}"


def test_json_is_the_document_of_the_library(capsys, monkeypatch, folder: Path) -> None:
    """And nothing else on standard output; the keys are those of the formats page."""
    words = ["calm.json", "--to", "storm.json", "--gamma", "0.9", "--json"]
    code, out, err = run(capsys, monkeypatch, "regions", *words)
    assert (code, err) == (0, "")
    document = json.loads(out)
    line = ModelLine(ferry(Fraction(0)), ferry(Fraction(1)))
    assert document == policy_regions(line, gamma="9/10").to_json("calm.json")
    assert list(document) == [
        "schema", "source", "n_states", "n_actions", "start", "parameter", "gamma", "breakpoints",
        "regions", "touches", "at_low", "at_high",
    ]  # fmt: skip
    assert document["schema"] == "qdecay.line-regions/1"
    assert (document["parameter"], document["gamma"]) == (
        {"name": "x", "low": "0", "high": "1"}, "9/10",
    )  # fmt: skip
    (point,) = document["breakpoints"]
    assert point["closed_form"] == "8/11"
    assert point["changes"] == {"0": {"left": [0], "at": [0, 1], "right": [1]}}
    assert document["at_low"] == {"optimal_actions": [[0], [0]]}
    assert document["at_high"] == {"optimal_actions": [[1], [0]]}


def test_first_stops_early_and_says_so(capsys, monkeypatch) -> None:
    """The first three of eight values, and up to where they are all there are."""
    words = ["qdecay/AIMA4x3-v0", "--over", "living_reward=-2..0", "--gamma", "1", "--first", "3"]
    code, out, err = run(capsys, monkeypatch, "regions", *words)
    assert (code, err) == (0, "")
    assert [row[1] for row in table(out)] == list(AIMA)[:3]
    where = "up to living_reward = -0.7311384371 at gamma = 1"
    assert f"the first 3 points where sets change, {where}; more may follow\n" in out
    assert "at living_reward = -2: right\n" in out  # of the other end nothing is known
    assert "nothing changes" not in out


@pytest.mark.parametrize("number", ["2", "8", "9"])
def test_first_in_the_document(capsys, monkeypatch, number: str) -> None:
    """`proven_to` and no sets at the high end; not where there are no more than N."""
    words = ["qdecay/AIMA4x3-v0", "--over", "living_reward=-2..0", "--gamma", "1", "--json"]
    code, out, _ = run(capsys, monkeypatch, "regions", *words, "--first", number)
    document = json.loads(out)
    assert code == 0
    exact = [point["closed_form"] for point in document["breakpoints"]]
    assert exact == list(AIMA)[: int(number)]
    if number == "2":
        reached = Fraction(document["proven_to"]) - Fraction(list(AIMA)[1])
        assert abs(reached) < Fraction(1, 10**30)
        assert document["at_high"] is None
    else:
        assert "proven_to" not in document and document["at_high"] is not None


def test_a_limit_of_time_says_what_takes_less(capsys, monkeypatch) -> None:
    """Exit code 2; `--first` would not: what it finds is shown anyway."""
    words = ["qdecay/AIMA4x3-v0", "--over", "living_reward=-2..0", "--gamma", "1"]
    code, out, err = run(capsys, monkeypatch, "regions", *words, "--max-seconds", "1e-9")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.endswith("; raise --max-seconds\n") and "--first" not in err


def test_first_over_gamma_where_the_start_does_not_change(
    capsys, monkeypatch, folder: Path
) -> None:
    """Nothing is said of what was not looked at."""
    rows = [(0, 0, 1, 1, 0, False), (1, 0, 1, 1, 1, True), (1, 1, 2, 1, 0, False)]
    rows += [(2, 0, 2, 1, 2, True), (0, 1, 0, 1, "0.45", True)]
    MDP.from_rows(rows, n_states=3, n_actions=2, start=0).save(folder / "late.json")
    code, out, _ = run(capsys, monkeypatch, "regions", "late.json", "--first", "1")
    assert code == 0
    assert "the first point where sets change, up to gamma = 0.45; more may follow" in out
    whole = run(capsys, monkeypatch, "regions", "late.json")[1]
    assert "the start, 0, changes at 0.45\n" in whole
    document = json.loads(run(capsys, monkeypatch, "regions", "late.json", "--json")[1])
    assert "proven_to" not in document
    words = ("regions", "late.json", "--first", "1", "--json")
    document = json.loads(run(capsys, monkeypatch, *words)[1])
    assert Fraction(document["proven_to"]) == Fraction("0.45") and document["at_one"] is None


OVER, TO = ["--over", "step_reward=-1..0"], ["--to", "storm.json"]
REFUSED = [
    (["calm.json", *OVER], "--over requires --gamma: the discount factor along the line"),
    (["calm.json", *TO], "--to requires --gamma: the discount factor along the line"),
    (["calm.json", "--gamma", "1"], "--gamma requires --over NAME=LOW..HIGH or --to HIGH"),
    (["calm.json", *OVER, *TO, "--gamma", "1"], "--over and --to are two lines: give one of them"),
    (["calm.json", *OVER, "--gamma", "3/2"], "--gamma must be in [0, 1], got '3/2'"),
    (["calm.json", *OVER, "--gamma", "x"], "--gamma must be a number like"),
    (["calm.json", *OVER, "--gamma", "1", "--numeric"], "--numeric cannot be combined with"),
    (
        ["calm.json", *OVER, "--gamma", "1", "--resamples", "40"],
        "--resamples cannot be combined with --over or --to",
    ),
    (["calm.json", *OVER, "--gamma", "1", "--first", "0"], "--first"),
    (["calm.json", "--over", "fare=0..1", "--gamma", "1"], "a file of a model has no arguments"),
    (["calm.json", "--over", "step_reward", "--gamma", "1"], "--over takes NAME=LOW..HIGH"),
    (
        ["calm.json", "--over", "step_reward=0..0", "--gamma", "1"],
        "low must be less than high, got step_reward from 0 to 0",
    ),
    (
        ["calm.json", "--over", "reward:7=0..1", "--gamma", "1"],
        "no transition has the reward 7: there are -4, 0, 10",
    ),
    (["calm.json", "--to", "none.json", "--gamma", "1"], "none.json: cannot be read"),
    (
        ["calm.json", "--to", "other.json", "--gamma", "1"],
        "n_states, got 2 and 1",
    ),
    (
        ["qdecay/AIMA4x3-v0", "--over", "living_reward=-1..1", "--gamma", "1"],
        "at gamma = 1 the optimal gain is not 0 from living_reward = 0 on",
    ),
    (
        ["qdecay/NChain-v0", "-k", "slip=1/2", "--over", "slip=0..1", "--gamma", "1"],
        "--over slip: omit -k slip, which fixes it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_is_refused_is_told_in_one_line(
    capsys, monkeypatch, folder: Path, arguments: list[str], message: str
) -> None:
    """Exit code 2: what is wrong, where, and how to mend it."""
    check_refused(capsys, monkeypatch, folder, ["regions", *arguments], message)
