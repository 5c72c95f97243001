"""The command `regions --certified`: what is proven, what is not, exit codes, one-line errors."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from models import two_state_puterman
from shell import check_refused, run

from qdecay import CertifiedBracket, CertifiedRegions, FloatMDP, NearTie, certified_policy_regions
from qdecay.certified import regions as certified
from qdecay.certified.result import LAST, Sides
from qdecay.model.info import ModelInfo


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Puterman's example, which changes at 10/11, as a file with names."""
    path = tmp_path / "puterman.json"
    two_state_puterman().save(path)
    document = json.loads(path.read_text())
    names = {"state_names": ["home", "away"], "action_names": ["share", "leave"]}
    path.write_text(json.dumps({**document, **names}))
    return str(path)


def test_brackets_are_printed_with_what_they_prove(capsys, monkeypatch, model: str) -> None:
    """10/11 = 0.90909... with the digits that are certain, the change by name, and how far."""
    code, out, err = run(capsys, monkeypatch, "regions", model, "--certified", "--width", "1e-3")
    assert (code, err) == (0, "")
    heading, _, _, row, start, proven = out.splitlines()
    assert heading == "2 states, 2 actions: 2 regions and 1 bracket in 0 < gamma <= 1 - 1e-9"
    number, text = row.split(" ", 1)
    value, _, units = number.removesuffix(")").partition("(")
    places = len(value) - 2
    assert abs(Fraction(value) - Fraction(10, 11)) <= Fraction(units) / 10**places
    assert int(units) / 10**places <= 1e-3
    assert text.split() == ["one", "breakpoint", "home:", "leave", "->", "share"]
    assert start == f"the start, home, changes at {number}"
    assert proven == (
        "proven: the optimal actions of every state outside of brackets, up to 1 - 1e-9; inside "
        "the bracket they change at exactly one gamma"
    )


def test_states_prints_each_states_actions(capsys, monkeypatch, model: str) -> None:
    _, out, _ = run(capsys, monkeypatch, "regions", model, "--certified", "--states")
    lines = [line.split() for line in out.splitlines()]
    number = next(line[0] for line in lines if line[1:3] == ["one", "breakpoint"])
    assert ["home", "leave", "(0,", f"{number})"] in lines
    assert ["share", f"({number},", "1", "-", "1e-9]"] in lines
    assert ["away", "share", "(0,", "1", "-", "1e-9]"] in lines


def test_floats_are_taken_as_they_are(capsys, monkeypatch, model: str) -> None:
    """With --numeric: 0.1 of the file is the double nearest to it."""
    words = ("regions", model, "--certified", "--numeric", "--json")
    code, out, _ = run(capsys, monkeypatch, *words)
    floats = certified_policy_regions(FloatMDP.load(model))
    assert json.loads(out) == floats.to_json(model)
    assert code == (0 if floats.is_complete else 3)


def test_json_is_the_document_of_the_library(capsys, monkeypatch, model: str) -> None:
    words = ("regions", model, "--certified", "--width", "1/1000", "--json")
    code, out, err = run(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    expected = certified_policy_regions(two_state_puterman(), width="1/1000").to_json(model)
    assert json.loads(out) == expected


def open_regions(**changed: Any) -> CertifiedRegions:
    """Regions of Puterman's example that leave everything open that can be left open."""
    mdp = replace(
        two_state_puterman(), state_names=("home", "away"), action_names=("share", "leave")
    )
    ends, sides = (Fraction(1, 4), Fraction(1, 2)), {0: Sides((1,), (1,)), 1: Sides((0,), (0,))}
    fields: dict[str, Any] = {
        "mdp": mdp,
        "width": Fraction(1, 4),
        "proven_to": Fraction("0.97"),
        "brackets": (CertifiedBracket(*ends, "not separated", sides),),
        "first": ((1,), (0,)),
        "near_ties": (NearTie(0, (0, 1), Fraction("0.6"), Fraction("0.97")),) * 25,
        "stopped": "it was late",
        "info": ModelInfo.of(mdp),
    }
    return CertifiedRegions(**{**fields, **changed})


def test_what_is_left_open_is_said(capsys, monkeypatch, model: str) -> None:
    """Brackets with unknown content, near ties and an early end: a line each, exit code 3."""
    monkeypatch.setattr(certified, "certified_policy_regions", lambda *_, **__: open_regions())
    code, out, err = run(capsys, monkeypatch, "regions", model, "--certified")
    assert (code, err) == (3, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0].endswith("2 regions and 1 bracket in 0 < gamma <= 0.97")
    assert "0.4(2) not separated home: leave, or more" in lines
    assert "away: share, or more" in lines
    assert "0.6000000000 0.9700000000 home: share or leave" in lines
    assert "and 5 more near ties" in lines
    assert "the start, home, changes at perhaps 0.4(2)" in lines
    assert lines[-2:] == [
        "proven: the optimal actions of every state outside of brackets and near ties, up to 0.97",
        "not proven: how often they change inside brackets that are not separated; which actions "
        "are optimal in near ties; anything right of 0.97, where the search ended: it was late",
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"near_ties": (), "proven_to": LAST}, 0),  # a bracket is what was asked for
        ({"near_ties": ()}, 3),
        ({"proven_to": LAST}, 3),
    ],
)
def test_an_open_question_is_exit_code_3(
    capsys, monkeypatch, model: str, changed: dict[str, Any], code: int
) -> None:
    """With --json as well: near ties, or an end short of 1 - 1e-9."""
    monkeypatch.setattr(
        certified, "certified_policy_regions", lambda *_, **__: open_regions(**changed)
    )
    for words in ([], ["--json"]):
        assert run(capsys, monkeypatch, "regions", model, "--certified", *words)[0] == code


BOTH = "--certified cannot be combined with --certificate, --resamples"
WRONG: list[tuple[list[str], str]] = [
    (["--digits", "20"], "--digits cannot be combined with --certified: give --width"),
    (["--certificate", "proof.json"], BOTH),
    (["--resamples", "40"], BOTH),
    (["--first", "1"], BOTH),
    (["--over", "step_reward=0..1", "--gamma", "1/2"], BOTH),
    (["--width", "0"], "--width must be in (0, 1], got '0'"),
    (["--width", "wide"], "--width must be a number"),
    (["--max-seconds", "0"], "--max-seconds must be > 0"),
    (["--gamma", "1/2"], "--gamma requires"),
    (["--no-check"], "--no-check requires --certificate"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_wrong_input_is_one_line(
    capsys, monkeypatch, tmp_path: Path, model: str, words: list[str], message: str
) -> None:
    arguments = ["regions", model, "--certified", *words]
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)


def test_a_width_is_that_of_brackets(capsys, monkeypatch, tmp_path: Path, model: str) -> None:
    check_refused(
        capsys, monkeypatch, tmp_path, ["regions", model, "--width", "1"], "requires --certified"
    )


def test_a_budget_that_runs_out_names_the_next_method(capsys, monkeypatch, tmp_path: Path) -> None:
    """Exact regions lead to certified ones first, and these to numeric ones."""
    words = ["regions", "FrozenLake8x8-v1", "--max-seconds", "0.01"]
    numeric = "or follow the changes in floating point with `qdecay regions --numeric`\n"
    one = f"; raise --max-seconds, {numeric}"
    check_refused(capsys, monkeypatch, tmp_path, [*words, "--certified"], one)
    certified = "prove brackets with `qdecay regions --certified`"
    both = f"; raise --max-seconds, or {certified}, {numeric}"
    check_refused(capsys, monkeypatch, tmp_path, words, both)
