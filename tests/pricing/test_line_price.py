"""The price of a number: policies of a model line, judged in the model that is true."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from brute_force import Policies, Policy, Sets, ending_model, endless_model

import qdecay
from qdecay import MDP, LinePrice, ModelLine, as_mdp, policy_regions, price
from qdecay.pricing.result import Priced

HALF = Fraction(1, 2)


def paid(mdp: MDP, seed: int) -> MDP:
    """The model with other whole rewards, few of them, so that many policies tie."""
    random = Random(seed)
    rows: list[Any] = [
        (s, a, t, p, r + random.choice((-1, 0, 0, 1)), *ended)
        for s, a, t, p, r, *ended in mdp.rows()
    ]
    return MDP.from_rows(rows, n_states=mdp.n_states, n_actions=mdp.n_actions, start=0)


def doubled(mdp: MDP) -> MDP:
    """The model with one more action in state 0, which does what the first does there."""
    rows: list[Any] = list(mdp.rows())
    first, more = min(row[1] for row in rows if row[0] == 0), mdp.n_actions
    rows += [(0, more, *row[2:]) for row in rows if row[:2] == (0, first)]
    return MDP.from_rows(rows, n_states=mdp.n_states, n_actions=more + 1, start=0)


def optimal(policies: Policies, gamma: Fraction) -> list[Policy]:
    """Every policy whose value is the largest in all states."""
    values = {policy: policies.discounted(policy, gamma) for policy in policies.within()}
    top = [max(column) for column in zip(*values.values(), strict=True)]
    return [policy for policy, found in values.items() if found == top]


def earned(judge: str, truth: Policies, chosen: Sequence[Policy]) -> tuple[Any, Any]:
    """The worst and the best of some policies from state 0, by definition."""
    if judge == "average":
        worths: list[Any] = [truth.limits_of(policy).gain[0] for policy in chosen]
    elif judge == "total":
        limits = [truth.limits_of(policy) for policy in chosen]
        worths = [-math.inf if w.gain[0] < 0 else w.bias[0] for w in limits]
    else:
        worths = [truth.discounted(policy, Fraction(judge))[0] for policy in chosen]
    return min(worths), max(worths)


def after(steps: int, truth: Policies, sets: Sets, pick: Any) -> Fraction:
    """What `steps` steps pay at the worst or the best choice among the sets, anew at each."""
    v = [Fraction(0)] * truth.n
    for _ in range(steps):
        v = [
            pick(
                r + sum((chance * v[t] for t, chance in going.items()), Fraction(0))
                for r, going in (truth.pairs[s, a] for a in (actions or (None,)))
            )
            for s, actions in enumerate(sets)
        ]
    return v[0]


def ends(found: Priced) -> tuple[Any, Any]:
    """Worst and best as exact numbers, or -inf."""
    worths = (found.worst, found.best)
    return tuple(w.value if w.exact is None else w.exact for w in worths)  # type: ignore[return-value]


def lines() -> Iterator[tuple[ModelLine, MDP]]:
    """Lines over rewards, and a truth where actions that tie along the line earn differently."""
    for seed in range(30):
        model = (ending_model, endless_model)[seed % 2](seed)
        if model.n_states <= 4 and model.available[0].any():
            line = ModelLine(*(doubled(paid(model, seed + k)) for k in (100, 200)))
            yield line, paid(doubled(model), seed + 300)


LINES = list(lines())
FEW = 12  # by default


@pytest.mark.parametrize("judge", ["9/10", "total", "average", "steps:5"])
@pytest.mark.parametrize(
    "number",
    [pytest.param(i, marks=[] if i < FEW else pytest.mark.slow) for i in range(len(LINES))],
)
def test_every_region_by_all_policies(number: int, judge: str) -> None:
    """Of all policies that are optimal in the middle of a region, at a breakpoint, at both ends."""
    line, truth = LINES[number]
    gamma, brute = HALF, Policies(truth)
    if judge == "total" and brute.best_gain[0]:
        with pytest.raises(ValueError, match="the total is infinite"):
            price(line, judge, gamma=gamma, truth=truth)
        return
    found = price(line, judge, gamma=gamma, truth=truth)
    middles = [(r.lower.rational_below(r.upper), r) for r in found.regions]
    points = [b.value for b in found.line_regions.breakpoints]
    values = [Fraction(x.closed_form()) for x in points if x.degree == 1]
    priced: list[tuple[Fraction, Priced]] = [*middles]
    priced += [(value, found.at(value)) for value in (Fraction(0), Fraction(1), *values)]
    best = -math.inf
    for value, seen in priced:
        policies = optimal(Policies(line.at(value)), gamma)
        if judge == "steps:5":
            sets = [sorted({p[s] for p in policies} - {None}) for s in range(truth.n_states)]  # type: ignore[type-var]
            expected: tuple[Any, Any] = tuple(after(5, brute, sets, pick) for pick in (min, max))  # type: ignore[assignment]
        else:
            expected = earned(judge, brute, policies)
        assert ends(seen) == expected, value
        if isinstance(seen, qdecay.PricedRegion):
            best = max(best, expected[0])
    every = list(brute.within())
    optimum = (
        after(5, brute, brute.available, max)
        if judge == "steps:5"
        else earned(judge, brute, every)[1]
    )
    assert found.optimum.exact == optimum
    assert {i for i, (_, r) in enumerate(middles) if ends(r)[0] == best} == set(found.best_regions)


def test_policies_of_one_region_differ_in_the_truth() -> None:
    """Some of the lines above have a region whose worst is not its best, at a discount below 1."""
    found = [price(line, "9/10", gamma=HALF, truth=truth) for line, truth in LINES[:FEW]]
    assert any(ends(r)[0] < ends(r)[1] for one in found for r in one.regions)


def grid(living_reward: Any) -> MDP:
    return as_mdp("qdecay/AIMA4x3-v0", living_reward=living_reward)


@pytest.fixture(scope="module")
def aima() -> LinePrice:
    line = ModelLine.of(grid, low=-2, high=0)
    return price(line, gamma=1, truth=grid("-1/25"))


def test_the_grid_of_the_textbook(aima: LinePrice) -> None:
    """Between -20736/243985 (known) and the point where the start's way changes nothing is lost.

    Planned by value iteration in floats in the middle of each region, and judged by one solution of
    linear equations in the truth.
    """
    truth, start = aima.truth, aima.truth.start
    assert start is not None and str(aima.judge) == "total"
    n, m = truth.n_states, truth.n_actions
    worths = []
    for region in aima.regions:
        model = grid(region.lower.rational_below(region.upper))
        v = np.zeros(n)
        able, r = model.available, np.nan_to_num(model.r)
        for _ in range(3000):
            q = np.where(able, r + (model.p @ v).reshape(n, m), -np.inf)
            v = np.where(able.any(axis=1), q.max(axis=1), 0.0)
        policy = np.arange(n) * m + q.argmax(axis=1)
        acts = able.any(axis=1)
        chain = np.eye(n) - truth.p.toarray()[policy] * acts[:, None]
        reward = np.where(acts, np.nan_to_num(truth.r).ravel()[policy], 0.0)
        worths.append(np.linalg.solve(chain, reward)[start])
        assert region.worst.value == region.best.value == pytest.approx(worths[-1], abs=1e-9)
    assert aima.optimum.value == pytest.approx(max(worths))
    ((low, high),) = aima.best_values
    assert low == Fraction(-20736, 243985)
    lost = [w < max(worths) - 1e-6 for w in worths]
    kept = [r for r, loses in zip(aima.regions, lost, strict=True) if not loses]
    assert (low, high) == (kept[0].lower, kept[-1].upper) and low < Fraction(-1, 25) < high
    assert aima.sentence("-1/25") == (
        "any living_reward between -0.08498883 and -0.02735730 loses nothing: 0.7053 in all; "
        "living_reward = -0.04 gives 0.7053"
    )


def test_a_loss_that_is_allowed(aima: LinePrice) -> None:
    """1.8 % is lost right of the best, 2.0 % left of it up to -0.4526245."""
    assert aima.within == aima.best_values
    losses = [region.loss for region in aima.regions]
    assert losses[4] == pytest.approx(0.02028, abs=1e-5)
    assert losses[7] == losses[8] == pytest.approx(0.01795, abs=1e-5)
    more = price(aima.line_regions.line, gamma=1, truth=aima.truth, max_loss="2/100")
    ((low, high),) = more.within
    assert (low, high) == (more.regions[5].lower, 0)
    most = price(aima.line_regions.line, gamma=1, truth=aima.truth, max_loss="3/100")
    assert most.within[0][0] == aima.regions[4].lower


def lake(success_rate: Any) -> MDP:
    return as_mdp("FrozenLake-v1", success_rate=success_rate)


@pytest.mark.parametrize("gamma", ["4/5", "9/10", "99/100"])
@pytest.mark.parametrize("judge", ["total", "steps:100"])
def test_the_slippery_lake(gamma: str, judge: str) -> None:
    """Planned for the truth, the price is that of gamma; for less ice, that of the policy."""
    line = ModelLine.of(lake, low="1/3", high=1)
    found, usual = (
        price(line, judge, gamma=gamma, truth="FrozenLake-v1"),
        price("FrozenLake-v1", judge),
    )
    assert found.optimum == usual.optimum
    assert ends(found.at("1/3")) == ends(usual.at(gamma)) == ends(found.regions[0])
    for region, sets in zip(found.regions, found.line_regions.regions, strict=True):
        if math.prod(map(len, sets)) == 1:
            worth = usual.worth([actions[0] for actions in sets])
            assert worth == region.worst == region.best == found.worth([s[0] for s in sets])


def test_a_stretch_ends_where_ties_lose() -> None:
    """At 1/2 of the line all three actions tie, and one of them is worth less in the truth.

    The two others are worth the same in the truth, so both regions lose nothing, but at 1/2 a
    policy may take the third.
    """

    def model(rewards: Sequence[Any]) -> MDP:
        rows = [(0, a, 0, 1, reward, True) for a, reward in enumerate(rewards)]
        return MDP.from_rows(rows, n_states=1, n_actions=3, start=0)

    line, truth = ModelLine(model([1, HALF, 0]), model([0, HALF, 1])), model([1, 0, 1])
    found = price(line, gamma=HALF, truth=truth)
    assert [ends(region) for region in found.regions] == [(1, 1), (1, 1)]
    assert ends(found.at("1/2")) == (0, 1) and found.at("1/2").region is None
    assert found.best_values == ((0, HALF), (HALF, 1))
    assert (
        found.sentence() == "any x between 0 and 0.5 or x between 0.5 and 1 loses nothing: 1 in all"
    )
    same = price(line, gamma=HALF, truth=model([1, 1, 1]))
    assert same.best_values == ((0, 1),)


def test_a_stretch_ends_at_a_touch_that_loses() -> None:
    """At 0 gamma of a square, action 1 ties with action 0 at one point of a region."""
    rows = lambda p, q: [  # noqa: E731
        (0, 0, 0, 1, "1/4", True),
        (0, 1, 1, p, 0, False),
        (0, 1, 0, 1 - Fraction(p), 0, True),
        (1, 0, 1, q, 1, True),
        (1, 0, 1, 1 - Fraction(q), 0, True),
    ]
    low = MDP.from_rows(rows(0, 1), n_states=2, n_actions=2, start=0)
    high = MDP.from_rows(rows(1, 0), n_states=2, n_actions=2, start=0)
    line = ModelLine(low, high)  # action 1 earns x (1 - x), at most 1/4
    truth = MDP.from_rows(rows("1/2", "1/3"), n_states=2, n_actions=2, start=0)
    found = price(line, gamma=1, truth=truth)
    (touch,) = found.line_regions.touches
    assert touch.value == HALF and len(found.regions) == 1
    assert ends(found.at("1/2")) == (Fraction(1, 6), Fraction(1, 4))
    assert found.at("1/2").region is None and found.at("1/3").region == 0
    assert found.best_values == ((0, HALF), (HALF, 1)) == found.within


def test_nothing_is_safe_where_all_lose_for_ever() -> None:
    """Circling is free along the line and costs in the truth, for ever; leaving costs 3."""

    def model(step: int) -> MDP:
        rows = [(0, 0, 0, 1, step, False), (0, 1, 0, 1, -3, True)]
        return MDP.from_rows(rows, n_states=1, n_actions=2, start=0)

    found = price(ModelLine(model(0), model(1)), gamma="9/10", truth=model(-1))
    assert ends(found.regions[0]) == (-math.inf, -math.inf)
    assert found.optimum.exact == -3 and found.within == ()
    assert found.sentence() == "any x between 0 and 1 loses for ever"


def test_the_document(aima: LinePrice) -> None:
    """Numbers as in that of a price over gammas; stretches have ends."""
    document = json.loads(json.dumps(aima.to_json()))
    assert document["schema"] == "qdecay.line-price/1"
    assert document["parameter"] == {"name": "living_reward", "low": "-2", "high": "0"}
    assert (document["gamma"], document["judge"]) == ("1", {"kind": "total"})
    assert document["optimum"]["exact"] == str(aima.optimum.exact)
    stretch = {"lower": "-0.08498883128", "upper": "-0.02735730450"}
    assert document["best_values"] == [stretch]
    assert document["within"] == {"loss": 0.01, "stretches": [stretch]}
    assert document["best_regions"] == [5, 6]
    (first, *_), region = document["regions"], aima.regions[0]
    assert first == {
        "lower": "-2",
        "upper": "-1.649707484",
        "worst": {"value": region.worst.value, "exact": "-566453/577440"},
        "best": {"value": region.best.value, "exact": "-566453/577440"},
        "loss": region.loss,
    }


LINE = ModelLine(*(as_mdp("qdecay/NChain-v0", slip=slip) for slip in ("0", "1/2")))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"truth": LINE.low},
            TypeError,
            "the policies of a line are those of one gamma: pass gamma=",
        ),
        ({"gamma": HALF}, TypeError, "the policies of a line are judged in one model: pass truth="),
        ({"gamma": 0.5, "truth": LINE.low}, TypeError, "gamma must be exact"),
        ({"gamma": 2, "truth": LINE.low}, ValueError, "gamma must be in"),
        (
            {"gamma": HALF, "truth": "FrozenLake-v1"},
            ValueError,
            "the line and the truth must have the same n_states, got 5 and 16",
        ),
        ({"gamma": HALF, "truth": 3}, TypeError, "problem must be an MDP"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        price(LINE, **arguments)


@pytest.mark.parametrize("arguments", [{"gamma": HALF}, {"truth": "FrozenLake-v1"}])
def test_a_model_has_all_gammas_and_is_its_own_truth(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(arguments))} applies to a ModelLine"):
        price("FrozenLake-v1", **arguments)


def test_it_starts_in_the_truth(aima: LinePrice) -> None:
    """Where the truth begins, or where one says."""
    elsewhere = price(aima.line_regions.line, gamma=1, truth=aima.truth, start=0)
    assert elsewhere.info.start == 0 and elsewhere.starts == {0: 1}
    assert elsewhere.optimum.exact == qdecay.undiscounted(aima.truth).value[0]
    assert aima.starts == {aima.truth.start: 1}
    assert policy_regions(aima.line_regions.line, gamma=1).regions == aima.line_regions.regions
