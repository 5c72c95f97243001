"""Comparisons with certified brackets in the place of exact gammas."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from shell import check_refused, run

from qdecay import NearTie, as_mdp, certified_policy_regions, compare
from qdecay.comparison import bracketed
from qdecay.comparison.bracketed import Bracketed
from qdecay.exact.break_even import break_even
from qdecay.model.line import ModelLine

A = "qdecay/StayOrMove-v0"
ONCE: dict[str, Any] = {"method": "certified", "max_steps": 100}  # noisy agents are not started


@pytest.mark.parametrize(("name", "state"), [("FrozenLake-v1", 2), ("qdecay/TwoStreams-v0", 0)])
def test_changes_are_those_of_exact_regions(name: str, state: int) -> None:
    """The same sides, in the same order, each exact gamma inside its bracket."""
    mdp = as_mdp(name)
    found, exact = Bracketed.of(mdp, state, None), break_even(mdp, state)
    assert found.middle.best == exact.best
    assert found.middle.switches == exact.switches
    for bracket, gamma in zip(found.brackets, exact.switching, strict=True):
        assert bracket.lower < gamma < bracket.upper
    ends = [Fraction(0), *(b.lower for b in found.brackets), Fraction(1)]
    assert all(a < p < b for a, p, b in zip(ends, found.middle.between, ends[1:], strict=False))


def test_planned_and_learned_are_held_against_the_bracket() -> None:
    """The exact 1/2 lies in the bracket, not in its middle, and nothing disagrees."""
    row = compare(A, method="certified")
    assert row.verdict == "agree"
    assert row.brackets is not None
    (bracket,), (middle,) = row.brackets, row.exact
    assert bracket.lower < Fraction(1, 2) < bracket.upper
    assert middle == (bracket.lower + bracket.upper) / 2
    assert row.planned == pytest.approx((0.5,), abs=1e-12)
    assert "certified 0.5000, planned 0.5000" in repr(row)
    body = row.body()
    (ends,) = body["exact"]
    assert ends == {name: value for name, value in bracket.body().items() if name != "changes"}
    assert body["method"] == "certified"


def shifted(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    """Let the certified regions of the comparison be others."""

    def wrong(mdp: Any, **options: Any) -> Any:
        found = certified_policy_regions(mdp, **options)
        by = changed.get("by", Fraction(0))
        brackets = tuple(
            replace(
                b,
                lower=b.lower + by,
                upper=b.upper + by,
                content=changed.get("content", b.content),
            )
            for b in found.brackets
        )
        kept = {name: v for name, v in changed.items() if name in ("near_ties", "proven_to")}
        return replace(found, brackets=brackets, **kept)

    monkeypatch.setattr(bracketed, "certified_policy_regions", wrong)


def test_a_wrong_bracket_disagrees(monkeypatch) -> None:
    """One that value iteration flips outside of, by more than its proven error."""
    shifted(monkeypatch, by=Fraction(1, 10**8))
    row = compare(A, **ONCE)
    assert row.verdict == "disagree"
    assert "value iteration flips between" in row.reasons[0]


@pytest.mark.parametrize("by", ["1e-10", "-1e-10"])
def test_the_exact_gamma_may_be_anywhere_in_the_bracket(monkeypatch, by: str) -> None:
    """Its middle is then further from where value iteration flips than the proven error."""
    shifted(monkeypatch, by=Fraction(by))
    assert compare(A, **ONCE).reasons == ()


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"content": "not separated"}, "0.5000000000(3): this bracket is not separated"),
        ({"near_ties": (NearTie(0, (0, 1), Fraction(0), Fraction(1, 4)),)}, "a near tie"),
        ({"proven_to": Fraction("0.97")}, "nothing is proven right of gamma = 0.97"),
    ],
)
def test_what_is_left_open_is_undecided(monkeypatch, changed: dict[str, Any], line: str) -> None:
    shifted(monkeypatch, **changed)
    row = compare(A, method="certified")
    assert row.verdict == "undecided"
    assert line in row.unsettled[0]


def test_other_states_near_ties_do_not_matter(monkeypatch) -> None:
    shifted(monkeypatch, near_ties=(NearTie(1, (0, 1), Fraction(0), Fraction(1, 4)),))
    assert compare(A, method="certified").verdict == "agree"


def test_wrong_arguments() -> None:
    line = ModelLine(as_mdp(A), as_mdp(A))
    with pytest.raises(ValueError, match="method must be one of exact, certified"):
        compare(A, method="numeric")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="takes a single problem, not a line"):
        compare(line, method="certified", gamma="1/2")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="forced walks are compared with exact"):
        compare(A, method="certified", walks=3)


def test_the_command_shows_brackets(capsys, monkeypatch, tmp_path) -> None:
    code, out, err = run(capsys, monkeypatch, "compare", A, "--method", "certified")
    assert (code, err) == (0, "")
    heading, _, row = out.splitlines()
    assert heading.split()[:3] == ["problem", "certified", "decimal"]
    assert row.split()[:4] == [A, "0.5000000000(3)", "0.50000000", "0.50000000"]
    document = json.loads(
        run(capsys, monkeypatch, "compare", A, "--method", "certified", "--json")[1]
    )
    assert document["rows"][0]["method"] == "certified"
    for words, message in (
        (["compare", A, "--method", "numeric"], "--method must be one of exact, certified"),
        (["compare", A, "--method", "certified", "--walks", "3"], "--walks cannot be combined"),
        (["compare", "--method", "certified"], "--method certified requires SOURCE"),
        (
            ["compare", A, "--method", "certified", "--over", "step_reward=0..1", "--gamma", "0"],
            "--over cannot be combined",
        ),
        (["compare", "CartPole-v1", "--method", "certified"], "CartPole-v1"),
    ):
        check_refused(capsys, monkeypatch, tmp_path, words, message)
