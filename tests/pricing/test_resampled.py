"""Intervals of prices over resamples of data, against pricing each resample by itself."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
from models import LOTTERY

import qdecay
from qdecay import MDP
from qdecay.exact.resampled import interval

TICKET, QUEUE = [0, 1], [1, 1]  # policies


@pytest.mark.parametrize(
    ("judge", "how"),
    [
        ("total", "multinomial"),
        ("average", "dirichlet"),
        *(
            pytest.param(judge, how, marks=pytest.mark.slow)
            for judge, how in (
                ("total", "dirichlet"),
                ("average", "multinomial"),
                *product(("9/10", "steps:4"), ("multinomial", "dirichlet")),
            )
        ),
    ],
)
def test_policies_of_the_data_are_judged_in_each_resample(judge: str, how: Any) -> None:
    """What `price` says of the same policies in each resample, in order; one in 40 lies beyond."""
    mdp = MDP.from_transitions(LOTTERY, start=0)
    found = qdecay.resampled_price(mdp, judge, gammas=["1/10"], resamples=60, seed=3, how=how)
    assert found.price == qdecay.price(mdp, judge)
    assert found.share == 1 and len(found.regions) == 2 == len(found.price.regions)
    prices = [qdecay.price(mdp.resample(3 + k, how=how), judge) for k in range(60)]
    assert found.optimum == interval([each.optimum.value for each in prices])
    for row, policy in zip((*found.regions, *found.gammas), (TICKET, QUEUE, TICKET), strict=True):
        worths = [(each.optimum.value, each.worth(policy).value) for each in prices]
        assert row.worst == row.best == interval([value for _, value in worths])
        if judge != "average":  # of episodes that end it is 0, and so is the optimum
            lost = interval([(best - value) / abs(best) for best, value in worths])
            assert row.loss == pytest.approx(lost, abs=1e-15)
        else:
            assert row.loss is None


def test_the_total_of_a_ticket_is_its_share() -> None:
    """p itself, by hand: 2 in all from the queue, so 1 - p / 2 is lost."""
    mdp = MDP.from_transitions(LOTTERY, start=0)
    found = qdecay.resampled_price(mdp, resamples=40)
    shares = [float(mdp.resample(k, how="dirichlet").exact_r[0, 0]) for k in range(40)]
    assert found.regions[0].worst == (min(shares), max(shares))
    lost = (1 - max(shares) / 2, 1 - min(shares) / 2)
    assert found.regions[0].loss == pytest.approx(lost, abs=1e-15)
    assert found.optimum == (2, 2) and found.regions[1].loss == (0, 0)


def test_totals_that_are_infinite_are_left_out_and_counted() -> None:
    """1 a step, and one end seen in three tries: a bootstrap of no end pays for ever."""
    mdp = MDP.from_transitions([(0, 0, 1, 0, False)] * 2 + [(0, 0, 1, 0, True)], start=0)
    found = qdecay.resampled_price(mdp, resamples=100, how="multinomial")
    drawn = [mdp.resample(k) for k in range(100)]
    ends = [3 / int(each.counts[each.terminated][0]) for each in drawn if each.terminated.any()]
    assert found.share == len(ends) / 100 < 0.85
    assert found.optimum == pytest.approx(interval(ends)) and max(ends) == 3
    rare = MDP.from_transitions([(0, 0, 1, 0, False)] * 999 + [(0, 0, 1, 0, True)], start=0)
    assert qdecay.resampled_price(rare, resamples=40, how="dirichlet").share == 1


def test_one_of_several_starts_is_enough_to_be_infinite() -> None:
    """Episodes begin in state 0, as above, or in 1, which ends for nothing."""
    table = {
        "state": [0, 0, 0, 1],
        "action": [0] * 4,
        "reward": [1, 1, 1, 0],
        "next_state": [0, 0, 0, 1],
        "terminated": [False, False, True, True],
        "episode": [1, 1, 1, 2],
    }
    mdp = MDP.from_transitions(table)
    found = qdecay.resampled_price(mdp, resamples=100, how="multinomial")
    assert dict(mdp.starts) == {0: pytest.approx(0.5), 1: pytest.approx(0.5)}
    drawn = [mdp.resample(k) for k in range(100)]
    ends = [each.terminated[each.state == 0].any() for each in drawn]
    assert found.share == sum(ends) / 100 < 1


def test_ties_of_the_data_are_broken_in_the_worst_and_the_best_way() -> None:
    """Two tickets that paid equally often do not in other data."""
    rows = [(0, a, int(k < 4), 0, True) for a in (0, 1) for k in range(10)]
    mdp = MDP.from_transitions(rows, start=0)
    found = qdecay.resampled_price(mdp, resamples=40)
    assert found.price.policy_regions.regions == (((0, 1),),)
    paid = [mdp.resample(k, how="dirichlet").exact_r for k in range(40)]
    pairs = [sorted(map(float, each.values())) for each in paid]
    (region,) = found.regions
    assert region.worst == interval([worst for worst, _ in pairs])
    assert region.best == found.optimum == interval([best for _, best in pairs])
    assert region.loss == pytest.approx(interval([1 - worst / best for worst, best in pairs]))


def test_what_loses_for_ever_is_infinite() -> None:
    """One may walk for -1 a step, or end for -3: walking is best at small gammas."""
    rows = [(0, 0, -1, 0, False), (0, 1, -3, 0, True)]
    found = qdecay.resampled_price(MDP.from_transitions(rows, start=0), resamples=40)
    assert found.regions[0].worst == (-math.inf, -math.inf)
    assert found.regions[0].loss == (math.inf, math.inf)
    assert found.to_json()["regions"][0]["worst"] == ["-inf", "-inf"]


def test_it_is_shown_and_written_down() -> None:
    """A table of the regions; progress; the model must have counts."""
    mdp = MDP.from_transitions(LOTTERY, start=0)
    seen: list[Any] = []
    found = qdecay.resampled_price(mdp, resamples=40, progress=seen.append)
    assert [event.done for event in seen] == list(range(41))
    table = found.to_frame()
    assert (table["worst_low"] <= table["worst_high"]).all() and len(table) == 2
    document = found.to_json()
    assert document["schema"] == "qdecay.resampled-price/1" and "price" not in document
    with pytest.raises(ValueError, match="has no counts"):
        qdecay.resampled_price("FrozenLake-v1")
    with pytest.raises(ValueError, match="no start state"):
        qdecay.resampled_price(MDP.from_transitions(LOTTERY))
    with pytest.raises(ValueError, match=r"each of gammas must be in \[0, 1\]"):
        qdecay.resampled_price(mdp, gammas=[2])
