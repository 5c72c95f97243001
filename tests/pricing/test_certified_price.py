"""Prices between certified brackets: held against exact ones, and what they leave open."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from brute_force import ending_model, endless_model
from shell import check_refused, run

import qdecay
from qdecay import FloatMDP, Judge, NearTie, Worth
from qdecay._support.deadline import Deadline
from qdecay.certified import regions as certified
from qdecay.errors import BudgetExceeded
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.pricing.certified_price import certified_priced
from qdecay.pricing.float_worth import FloatWorths
from qdecay.pricing.worth import Worths

# State 0 circles for 1 a step or walks to state 1 for 3; there the episode ends for nothing.
TEMPTING = qdecay.MDP.from_rows(
    [(0, 0, 0, 1, -1, False), (0, 1, 1, 1, -3, False), (1, 0, 1, 1, 0, True)],
    n_states=2,
    n_actions=2,
    start=0,
)


def agree(found: Worth, exact: Worth) -> bool:
    """Whether a worth in floats is an exact one, within the stated error and a rounding."""
    if exact.exact is None:
        return found.value == exact.value
    off = abs(Fraction(found.value) - exact.exact)
    return found.exact is None and off <= Fraction(found.error) and found.error < 1e-6


@pytest.mark.parametrize("judge", ["total", "average", "9/10", "steps:7"])
@pytest.mark.parametrize("make", [ending_model, endless_model])
def test_the_worst_and_the_best_of_any_sets_are_the_exact_ones(make: Any, judge: str) -> None:
    """All actions of every state, from each: also where the worst, or all, lose for ever."""
    lost = checked = 0
    for seed in range(8):
        mdp = make(seed)
        if judge == "total" and max(qdecay.undiscounted(mdp).gain) > 0:
            continue  # some total is infinite
        sets = [[a for a in range(mdp.n_actions) if able[a]] for able in mdp.available]
        for start in range(mdp.n_states):
            given: Any = Judge.of(judge), {start: Fraction(1)}, Deadline()
            model = RationalModel(mdp)
            worst, best = Worths(model, *given).of(sets)
            one, two = FloatWorths(mdp, model, *given).of(sets)
            assert agree(one, worst) and agree(two, best), (seed, start)
            lost, checked = lost + (worst.value == -math.inf), checked + 1
    assert checked > 5
    assert lost or judge != "total" or make is endless_model


@pytest.mark.parametrize(
    ("source", "judge"),
    [
        ("FrozenLake-v1", None),
        ("FrozenLake-v1", "total"),
        ("qdecay/TwoStreams-v0", "1/2"),
        ("qdecay/NChain-v0", None),
    ],
)
def test_every_region_earns_what_the_exact_one_does(source: str, judge: str | None) -> None:
    """With the default judge as well; ends are those of brackets; nothing else falls short."""
    exact, found = qdecay.price(source, judge), qdecay.price(source, judge, method="certified")
    assert found.judge == exact.judge
    assert agree(found.optimum, exact.optimum)
    assert found.best_regions == exact.best_regions
    for one, two in zip(found.regions, exact.regions, strict=True):
        assert agree(one.worst, two.worst) and one.worst == one.best
        assert two.lower <= one.lower < one.upper <= two.upper
        assert one.loss == pytest.approx(two.loss, abs=1e-9)
    for free, true in ((found.free_from, exact.free_from), (found.within, exact.within)):
        assert (free is None) == (true is None)
        assert free is None or 0 <= float(free) - float(true) < 1e-9


def test_who_never_finishes_loses_for_ever() -> None:
    """Circling, best below 2/3, costs 1 a step for ever; -3 is the best total."""
    low, high = qdecay.price(TEMPTING, "total", method="certified").regions
    assert (low.worst.value, low.loss) == (-math.inf, math.inf)
    assert abs(high.worst.value + 3) <= high.worst.error
    mixed = replace(TEMPTING, start=None, initial_states={0: Fraction(1, 2), 1: Fraction(1, 2)})
    low, high = qdecay.price(mixed, "total", method="certified").regions
    assert low.worst.value == -math.inf
    assert abs(high.worst.value + Fraction(3, 2)) <= high.worst.error


def test_models_of_floats_have_a_price() -> None:
    """0.1 as a float is a little more than 1/10: the price is that of what the float is."""
    mdp = FloatMDP.from_mdp(qdecay.as_mdp("qdecay/RiverSwim-v0"))
    found = qdecay.price(mdp, method="certified")
    exact = qdecay.price("qdecay/RiverSwim-v0")
    assert found.judge.kind == "average"
    values = [region.worst.value for region in found.regions if region.worst == region.best]
    assert values == pytest.approx([region.worst.value for region in exact.regions], abs=1e-9)
    with pytest.raises(TypeError, match="floats only"):
        qdecay.price(mdp)


def test_gammas_inside_and_outside_of_brackets() -> None:
    """Stay earns 1, move 4: in the bracket around 1/2 either may be optimal."""
    found = qdecay.price("qdecay/StayOrMove-v0", method="certified")
    spans = [found.at(gamma) for gamma in ("1/4", "1/2", "3/4")]
    assert [(round(s.worst.value), round(s.best.value), s.region) for s in spans] == [
        (1, 1, 0),
        (1, 4, None),
        (4, 4, 1),
    ]
    for gamma, message in (
        (0, r"in \(0, 1\)"),
        (1, r"in \(0, 1\)"),
        ("9999999999/10000000000", "1 - 1e-9"),
    ):
        with pytest.raises(ValueError, match=message):
            found.at(gamma)
    lake = qdecay.price("FrozenLake-v1", "total", method="certified")
    wide = replace(
        lake.certified_regions,
        brackets=tuple(
            replace(b, content="not separated") for b in lake.certified_regions.brackets
        ),
    )
    inside = Fraction(wide.brackets[0].lower + wide.brackets[0].upper) / 2
    with pytest.raises(ValueError, match="lies in the bracket 0.80878"):
        replace(lake, certified_regions=wide).at(inside)


def test_near_ties_leave_a_price_open() -> None:
    """If the lake's start may go anywhere below 0.8, the worst and the best way are apart."""
    regions = qdecay.certified_policy_regions("FrozenLake-v1")
    tie = NearTie(0, (0, 1, 2, 3), Fraction("0.1"), Fraction("0.8"))
    tied = replace(regions, near_ties=(tie,))
    start = {0: Fraction(1)}
    found = certified_priced(tied, Judge("total"), start, Deadline(), max_loss=Fraction(1, 100))
    before, low, *others = found.regions
    assert (before.upper, low.lower, low.upper) == (tie.lower, tie.lower, tie.upper)
    assert found.at("1/2").worst == low.worst != before.worst == before.best
    sets = [(0, 1, 2, 3), *(actions[:1] for actions in regions.regions[0][1:])]
    model = RationalModel(qdecay.as_mdp("FrozenLake-v1"))
    worst, best = Worths(model, Judge("total"), start, Deadline()).of(sets)
    assert agree(low.worst, worst) and agree(low.best, best)
    assert low.worst.value + 0.4 < low.best.value
    assert all(region.worst == region.best for region in others)
    assert found.to_json()["near_ties"] == 1


def test_the_document_says_how_it_was_found() -> None:
    """The fields of the design, no exact number, and ends that lie outside of brackets."""
    found = qdecay.price("FrozenLake-v1", "total", method="certified")
    document = json.loads(json.dumps(found.to_json()))
    exact = qdecay.price("FrozenLake-v1", "total").to_json()
    assert set(document) - set(exact) == {"method", "proven_to", "near_ties"}
    assert document["schema"] == exact["schema"]
    assert document["regions"][0]["worst"]["exact"] is None
    for row, (lower, upper) in zip(
        document["regions"],
        zip(
            [Fraction(0), *(b.upper for b in found.certified_regions.brackets)],
            [*(b.lower for b in found.certified_regions.brackets), Fraction(1)],
            strict=True,
        ),
        strict=True,
    ):
        assert lower <= Fraction(row["lower"]) < Fraction(row["upper"]) <= upper
    assert Fraction(document["free_from"]) >= found.certified_regions.brackets[-1].upper
    assert document["free_from"] == document["within"]["from"] == document["regions"][2]["lower"]


def test_what_is_not_proven_is_not_said_to_be_free() -> None:
    """The last region earns the optimum within the errors, and the sentence has the margin."""
    sentence = qdecay.price("FrozenLake-v1", "total", method="certified").sentence()
    before, after = sentence.split(" loses nothing beyond ")
    assert before == "gamma between 0.9783165 and 0.999999999"
    assert 0 < float(after.split(":")[0]) < 1e-9
    assert "0.8235 in all; gamma = 0.99 gives 0.8235" in after


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"method": "numeric"}, "method must be one of exact, certified"),
        ({"method": "certified", "gamma": "1/2"}, "gamma applies to a ModelLine"),
        ({"method": "certified", "judge": "total"}, "infinite: judge by average"),
        ({"method": "certified", "start": 9}, "start must be"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        qdecay.price("qdecay/NChain-v0", **options)


def test_a_line_and_a_budget() -> None:
    line = qdecay.ModelLine(TEMPTING, TEMPTING)
    with pytest.raises(TypeError, match="exact prices only"):
        qdecay.price(line, method="certified", gamma=1, truth=TEMPTING)  # type: ignore[call-overload]
    with pytest.raises(BudgetExceeded):
        qdecay.price("FrozenLake8x8-v1", method="certified", max_seconds=1e-4)


# -- the command


def test_the_command_prints_errors_and_what_is_proven(capsys, monkeypatch) -> None:
    words = ("price", "FrozenLake-v1", "--judge", "total", "--method", "certified")
    code, out, err = run(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert any(line.startswith("0 to 0.8087833") and "0.4507042 ± " in line for line in lines)
    assert lines[-1] == (
        "certified: policies are proven between brackets, up to gamma = 1 - 1e-9; gammas are the "
        "ends of brackets."
    )
    document = json.loads(run(capsys, monkeypatch, *words, "--json")[1])
    assert document["method"] == "certified"


def test_an_open_price_is_exit_code_3(capsys, monkeypatch) -> None:
    """Where regions have near ties or end early."""
    find = certified.certified_policy_regions

    def early(*arguments: Any, **options: Any) -> Any:
        return replace(find(*arguments, **options), proven_to=Fraction("0.999"))

    monkeypatch.setattr("qdecay.pricing.price.certified_policy_regions", early)
    words = ("price", "FrozenLake-v1", "--judge", "total", "--method", "certified")
    code, out, _ = run(capsys, monkeypatch, *words)
    assert code == 3
    assert "up to gamma = 0.999" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--learn"], "--learn cannot be combined with --method certified"),
        (["--resamples", "40"], "--resamples cannot be combined with --method certified"),
        (["--over", "success_rate=1/3..1", "--gamma", "1/2"], "cannot be combined with --over"),
        (["--gamma", "1"], "--gamma must be in (0, 1), got '1'"),
        (["--judge", "sum"], "judge must be total"),
    ],
)
def test_wrong_options_are_one_line(capsys, monkeypatch, tmp_path, words, message) -> None:
    arguments = ["price", "FrozenLake-v1", "--method", "certified", *words]
    check_refused(capsys, monkeypatch, tmp_path, arguments, message)
    other = ["price", "FrozenLake-v1", "--method", "numeric"]
    check_refused(capsys, monkeypatch, tmp_path, other, "--method must be one of exact, certified")
