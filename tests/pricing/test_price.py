"""The price of every gamma: its document, its answers and its errors."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from models import TAXI, TEMPTING

import qdecay
from qdecay import MDP
from qdecay.pricing.result import best_stretches


def test_the_document_is_that_of_the_design() -> None:
    """FrozenLake 4x4 by its total: 32/71, 32/41 and 14/17 (exact values found independently)."""
    document = json.loads(json.dumps(qdecay.price("FrozenLake-v1", "total").to_json()))
    values = [Fraction(32, 71), Fraction(32, 41), Fraction(14, 17)]
    ends = ["0", "0.8087833092", "0.9783164591", "1"]
    worths = [{"value": float(value), "exact": str(value)} for value in values]
    assert document == {
        "schema": "qdecay.price/1",
        "source": "FrozenLake-v1",
        "start": 0,
        "judge": {"kind": "total"},
        "optimum": worths[2],
        "regions": [
            {
                "lower": ends[i],
                "upper": ends[i + 1],
                "worst": worths[i],
                "best": worths[i],
                "loss": float(1 - value / values[2]),
            }
            for i, value in enumerate(values)
        ],
        "free_from": ends[2],
        "within": {"loss": 0.01, "from": ends[2]},
        "best_regions": [2],
    }


def test_with_a_time_limit_a_discount_below_1_is_best() -> None:
    """FrozenLake 8x8 and its 200 steps; a policy with a clock does better than any region."""
    found = qdecay.price("FrozenLake8x8-v1")
    (best,) = found.best_regions
    assert found.free_from is None
    assert best < len(found.regions) - 1
    assert found.sentence() == (
        "gamma between 0.9935021 and 0.9957366 is best for 200 steps: 0.8936 of 0.9132 that a "
        "policy with a clock could reach; gamma = 0.99 gives 0.8630"
    )


def test_a_policy_that_never_finishes_loses_for_ever() -> None:
    """Circling costs 1 / (1 - gamma), walking 3: below 2/3 circling is better, and never ends."""
    found = qdecay.price(TEMPTING)
    low, high = found.regions
    assert low.upper == Fraction(2, 3)
    assert (low.worst.value, low.worst.exact, low.loss) == (-math.inf, None, math.inf)
    assert (high.worst.exact, high.loss) == (-3, 0)
    assert found.to_json()["regions"][0]["worst"] == {"value": "-inf", "exact": None}
    assert found.sentence("1/2").endswith("gamma = 0.5 gives -inf")


def test_one_start_that_loses_for_ever_is_enough() -> None:
    """Half of the episodes begin in state 1, which ends: the mean is -inf all the same."""
    mixed = replace(TEMPTING, start=None, initial_states={0: Fraction(1, 2), 1: Fraction(1, 2)})
    low, high = qdecay.price(mixed).regions
    assert low.worst.value == -math.inf
    assert high.worst.exact == Fraction(-3, 2)


def test_neighbouring_regions_are_named_as_one() -> None:
    """The last four regions of the 8x8 lake lose nothing; two stretches of the two streams do."""
    lake = qdecay.price("FrozenLake8x8-v1", "total")
    assert lake.best_regions == (22, 23, 24, 25)
    assert lake.sentence("0.9999") == (
        "gamma between 0.9988145 and 1 loses nothing: 1 in all; gamma = 0.9999 gives 1"
    )
    streams = qdecay.price("qdecay/TwoStreams-v0").sentence()
    assert streams.startswith("gamma between 0 and 0.3333333 or gamma between 0.5 and 1 loses")
    assert "3.677 per step" in qdecay.price("qdecay/NChain-v0").sentence()


def test_every_gamma_that_is_said_to_be_best_is() -> None:
    """1 now, or 3 a step later: from 1/3 on, which lies right of its nearest decimals."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 3, True)]
    found = qdecay.price(MDP.from_rows(rows, n_states=2, n_actions=2, start=0))
    ((low, high),) = best_stretches(found)
    assert (low, high) == ("0.3333334", "1") and f"between {low} and {high}" in found.sentence()
    assert found.at(low).worst.exact == 3
    for digits in range(1, 12):
        ((low, high),) = best_stretches(found, digits)
        assert 0 < Fraction(low) - Fraction(1, 3) < Fraction(1, 10**digits)


def test_within_is_the_gamma_from_which_little_is_lost() -> None:
    """Half of 14/17 is less than 32/41 and more than 32/71; a loss of 0 is only right of 0.978."""
    gammas = [b.gamma for b in qdecay.policy_regions("FrozenLake-v1").breakpoints]
    for max_loss, start in (("0.9", 0), ("1/10", gammas[0]), ("0.01", gammas[1]), (0, gammas[1])):
        assert qdecay.price("FrozenLake-v1", "total", max_loss=max_loss).within == start


def test_at_a_breakpoint_ties_may_be_broken_either_way() -> None:
    """Stay earns 1, move 4: at 1/2 both are optimal, at 0 and 1 one of them."""
    found = qdecay.price("qdecay/StayOrMove-v0")
    spans = {gamma: found.at(gamma) for gamma in (0, "1/4", "1/2", "3/4", 1)}
    assert [(s.worst.exact, s.best.exact, s.region) for s in spans.values()] == [
        (1, 1, None),
        (1, 1, 0),
        (1, 4, None),
        (4, 4, 1),
        (4, 4, None),
    ]


@pytest.mark.parametrize("judge", ["total", "9/10", "steps:3", "steps:2"])
def test_one_policy_is_judged_alone(judge: str) -> None:
    """Move pays 4 on its third step: 4, 4 * 0.81, 4, and nothing within two steps."""
    found = qdecay.price("qdecay/StayOrMove-v0", judge)
    expected = {"total": 4, "9/10": Fraction(324, 100), "steps:3": 4, "steps:2": 0}
    assert found.worth([1, 1, 1]).exact == expected[judge]
    assert found.worth([0, 0, 0]).exact == 1


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ([0, 0, 0, 0], "policy must have 2 actions, got 4"),
        (None, "policy must be a list, got None"),
        ({0: 1}, "policy must be a list, got"),
        ([2, 0], "each action of policy must be from 0 to 1, got 2"),
        ([0, 1], "policy takes 1 in state 1, where it is not available"),
    ],
)
def test_a_policy_that_is_none_is_refused(policy: Any, message: str) -> None:
    """The message says what is wrong with it."""
    with pytest.raises((TypeError, ValueError), match=message):
        qdecay.price(TEMPTING).worth(policy)


def test_so_many_steps_are_judged_in_floats_with_an_error() -> None:
    """FrozenLake's chance to be at the goal after 20,000 steps is 14/17 up to far less than it."""
    found = qdecay.price("FrozenLake-v1", "steps:20000")
    last = found.regions[-1].worst
    assert last.exact is None
    assert 0 < last.error < 1e-6
    assert abs(last.value - 14 / 17) <= last.error
    assert last.to_json()["error"] == last.error
    assert type(last.error) is float
    assert len(last.shown(17)) < 15  # no digits beyond the error
    assert abs(found.optimum.value - 14 / 17) <= found.optimum.error


def test_episodes_may_begin_in_many_states() -> None:
    """Taxi begins in each of 300 states: the mean of what it earns from them."""
    found = qdecay.price(TAXI, "total")
    assert len(found.starts) == 300
    alone = [qdecay.price(TAXI, "total", start=s).optimum.exact for s in list(found.starts)[:3]]
    totals = qdecay.undiscounted(TAXI).value
    assert alone == [totals[s] for s in list(found.starts)[:3]]
    mean = sum(totals[s] for s in found.starts)  # type: ignore[misc]
    assert found.optimum.exact == Fraction(mean, 300)  # type: ignore[arg-type]


ENDLESS = (
    "the total is infinite from state 0: there the best policy earns 2298/625 per step for ever; "
    "judge by average or by steps:T"
)


@pytest.mark.parametrize(
    ("problem", "options", "kind", "message"),
    [
        ("qdecay/NChain-v0", {"judge": "total"}, ValueError, ENDLESS),
        (TAXI, {"start": 500}, ValueError, "start must be from 0 to 499, got 500"),
        (
            MDP.from_rows([(0, 0, 0, 1, 1, True)], n_states=1, n_actions=1),
            {},
            ValueError,
            "the model has no start state: give start",
        ),
        ("FrozenLake-v1", {"max_loss": -1}, ValueError, "max_loss must be >= 0, got -1"),
        ("FrozenLake-v1", {"max_loss": 0.1}, TypeError, "max_loss must be exact"),
    ],
)
def test_bad_input_is_refused(
    problem: Any, options: Any, kind: type[Exception], message: str
) -> None:
    """One line says what is wrong, and what to do instead."""
    with pytest.raises(kind) as caught:
        qdecay.price(problem, **options)
    assert str(caught.value).startswith(message)


def test_progress_and_limits() -> None:
    """The regions are counted once they are found; a limit of time ends the call."""
    seen: list[qdecay.Progress] = []
    qdecay.price("FrozenLake-v1", progress=seen.append)
    assert [str(event) for event in seen][-1] == "3 of 3 regions judged"
    with pytest.raises(qdecay.BudgetExceeded):
        qdecay.price("FrozenLake8x8-v1", max_seconds=1e-9)


def test_at_a_touch_there_is_a_choice() -> None:
    """1, 0, 4 against 0, 4, 0: only at 1/2 the second is as good, and it earns 4 of 5."""
    rows = [(0, 0, 1, 1, 1, False), (1, 0, 2, 1, 0, False), (2, 0, 2, 1, 4, True)]
    rows += [(0, 1, 3, 1, 0, False), (3, 0, 3, 1, 4, True)]
    found = qdecay.price(MDP.from_rows(rows, n_states=4, n_actions=2, start=0))
    at, beside = found.at("1/2"), found.at("1/3")
    assert (at.worst.exact, at.best.exact, at.region) == (4, 5, None)
    assert (beside.worst.exact, beside.best.exact, beside.region) == (5, 5, 0)
