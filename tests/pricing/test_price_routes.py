"""Prices by other routes: floats and a solver, all policies of small models, known values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from brute_force import Policies, Policy, Sets, endless_model
from models import howard_taxicab
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from qdecay import MDP, as_mdp, price
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.pricing.result import Price, Priced

Values = NDArray[np.float64]
NEAR = 1e-6  # how near to 1 the limits are taken
FREE = {"rel": 1e-6, "abs": 1e-6}


class Floats:
    """A model in arrays, and what policies within given sets earn by a judge.

    Limits at gamma = 1 are extrapolated from two gammas, V = g / (1 - gamma) + h + w (1 - gamma):
    a sparse solver and a few lines, which share nothing with what they check.
    """

    def __init__(self, mdp: MDP) -> None:
        self.p, self.r, self.available = mdp.p, np.nan_to_num(mdp.r), mdp.available
        assert self.available.any(axis=1).all()

    def mask(self, sets: Sets) -> NDArray[np.bool_]:
        """Which pairs the sets allow."""
        every = np.arange(self.r.shape[1])
        return np.array([np.isin(every, actions) for actions in sets])

    def ahead(self, v: Values) -> Values:
        """The expected value of the next state of every pair."""
        return (self.p @ v).reshape(self.r.shape)

    def values(self, policy: NDArray[np.int64], gamma: float) -> Values:
        """The policy's values at a gamma below 1."""
        states = np.arange(len(policy))
        chain = sparse.eye_array(len(policy)) - gamma * self.p[states * self.r.shape[1] + policy]
        found: Values = spsolve(chain.tocsc(), self.r[states, policy])
        return found

    def policy(self, allowed: NDArray[np.bool_], gamma: float, sign: int) -> NDArray[np.int64]:
        """The policy with the largest (sign 1) or smallest values, by policy iteration."""
        policy = allowed.argmax(axis=1)
        while True:
            v = self.values(policy, gamma)
            q = np.where(allowed, sign * (self.r + gamma * self.ahead(v)), -np.inf)
            better = q.max(axis=1) > sign * v + 1e-9 * np.abs(v)
            if not better.any():
                return policy
            policy = np.where(better, q.argmax(axis=1), policy)

    def worths(self, judge: str, allowed: NDArray[np.bool_], sign: int) -> Values:
        """What the best or the worst within the sets earns, from every state."""
        if judge.startswith("steps:"):
            return self.after(int(judge.removeprefix("steps:")), allowed, sign)
        if judge not in ("total", "average"):
            gamma = float(Fraction(judge))
            return self.values(self.policy(allowed, gamma, sign), gamma)
        return self.limit(judge, self.policy(allowed, 1 - NEAR, sign))

    def limit(self, judge: str, policy: NDArray[np.int64]) -> Values:
        """The total or the average of one policy; a total that falls for ever is -inf."""
        near, far = (self.values(policy, 1 - away) for away in (NEAR, 2 * NEAR))
        if judge == "average":
            return NEAR * (2 * near - 2 * far)
        totals = 2 * near - far
        return np.where(NEAR * near < -NEAR * 1e3, -np.inf, totals)

    def after(self, steps: int, allowed: NDArray[np.bool_], sign: int) -> Values:
        """The sum of the first steps, with a choice at each of them."""
        v = np.zeros(len(self.r))
        for _ in range(steps):
            v = sign * np.where(allowed, sign * (self.r + self.ahead(v)), -np.inf).max(axis=1)
        return v

    def of(self, judge: str, policy: NDArray[np.int64]) -> Values:
        """What one policy earns."""
        alone = np.arange(self.r.shape[1]) == policy[:, None]
        return self.worths(judge, alone, 1)


ENVIRONMENTS: dict[str, tuple[Callable[[], MDP], tuple[str, ...]]] = {
    "FrozenLake": (
        lambda: as_mdp("FrozenLake-v1"),
        ("total", "average", "99/100", "steps:1", "steps:100"),
    ),
    "FrozenLake 8x8": (
        lambda: as_mdp("FrozenLake8x8-v1"),
        ("total", "9/10", "99/100", "steps:20", "steps:200"),
    ),
    "Taxi in the rain": (
        lambda: as_mdp("Taxi-v4", is_rainy=True),
        ("total", "average", "99/100", "steps:20", "steps:200"),
    ),
    "Howard's taxicab": (howard_taxicab, ("average", "1/2", "99/100", "steps:50")),
    "RiverSwim": (lambda: as_mdp("qdecay/RiverSwim-v0"), ("average", "1/2", "99/100", "steps:50")),
    "NChain": (lambda: as_mdp("qdecay/NChain-v0"), ("average", "1/2", "99/100", "steps:50")),
}
CASES = [
    pytest.param(
        name,
        judge,
        marks=[pytest.mark.slow] if name in ("FrozenLake 8x8", "Taxi in the rain") else [],
    )
    for name, (_, judges) in ENVIRONMENTS.items()
    for judge in judges
]


@cache
def environment(name: str) -> tuple[MDP, Floats]:
    mdp = ENVIRONMENTS[name][0]()
    return mdp, Floats(mdp)


@pytest.mark.skipif("Taxi-v4" not in gym.registry, reason="the rain of Taxi-v3 differs")
@pytest.mark.parametrize(("name", "judge"), CASES)
def test_every_region_by_floats(name: str, judge: str) -> None:
    """Worst and best of each region's sets, the optimum and the losses.

    A policy that floats find optimal in the middle of the region, among all actions, earns as much:
    so the sets and the ends of the regions are right too.
    """
    mdp, floats = environment(name)
    found = price(mdp, judge)
    starts = mdp.initial_states or {mdp.start: Fraction(1)}

    def mean(values: Values) -> float:
        return math.fsum(float(p) * values[s] for s, p in starts.items())

    optimum = mean(floats.worths(judge, floats.available, 1))
    assert found.optimum.value == pytest.approx(optimum, **FREE)
    worst = []
    for region, sets in zip(found.regions, found.policy_regions.regions, strict=True):
        allowed = floats.mask(sets)
        worst.append(mean(floats.worths(judge, allowed, -1)))
        best = mean(floats.worths(judge, allowed, 1))
        middle = (float(region.lower) + float(region.upper)) / 2
        there = mean(floats.of(judge, floats.policy(floats.available, middle, 1)))
        assert region.worst.value == pytest.approx(worst[-1], **FREE)
        assert region.best.value == pytest.approx(best, **FREE)
        assert there == pytest.approx(best, **FREE)
        if found.optimum.value:
            assert region.loss == pytest.approx((optimum - worst[-1]) / abs(optimum), **FREE)
    for i, earned in enumerate(worst):
        if i in found.best_regions:
            assert earned == pytest.approx(max(worst), **FREE)
    least = optimum - 0.01 * abs(optimum) - 1e-9
    assert_gamma(found.within, found, [earned > least for earned in worst])
    if not judge.startswith("steps:"):  # where a clock may gain less than floats can tell
        assert_gamma(found.free_from, found, [earned > optimum - 1e-6 for earned in worst])


def assert_gamma(gamma: AlgebraicNumber | None, found: Price, good: Sequence[bool]) -> None:
    """Whether it is the lower end of the first of the regions, up to 1, that are all good."""
    bad = [i for i, is_good in enumerate(good) if not is_good]
    first = bad[-1] + 1 if bad else 0
    assert gamma == (found.regions[first].lower if first < len(good) else None)


@pytest.mark.skipif("Taxi-v4" not in gym.registry, reason="the rain of Taxi-v3 differs")
def test_one_start_of_taxi_by_floats() -> None:
    """From a state, where the model has only a distribution."""
    mdp, floats = environment("Taxi in the rain")
    for start in (1, 253):
        found = price(mdp, "total", start=start)
        for region, sets in zip(found.regions, found.policy_regions.regions, strict=True):
            earned = floats.worths("total", floats.mask(sets), -1)[start]
            assert region.worst.value == pytest.approx(earned, **FREE)


def shares(found: Price) -> list[str]:
    return [str(region.worst.exact) for region in found.regions]


def test_frozen_lake_in_all() -> None:
    """Below 0.8087833 the best policy loses 45.27 %, up to 0.9783165 it loses 5.23 %."""
    found = price("FrozenLake-v1", "total")
    assert shares(found) == ["32/71", "32/41", "14/17"]
    assert found.optimum.exact == Fraction(14, 17)
    losses = [1 - Fraction(part) / Fraction(14, 17) for part in ("32/71", "32/41", "14/17")]
    assert [region.loss for region in found.regions] == pytest.approx([float(x) for x in losses])
    assert [f"{region.loss:.2%}" for region in found.regions] == ["45.27%", "5.23%", "0.00%"]
    ends = [f"{float(region.upper):.7f}" for region in found.regions]
    assert ends == ["0.8087833", "0.9783165", "1.0000000"]
    assert found.free_from == found.within == found.regions[2].lower
    assert found.best_regions == (2,)


def test_frozen_lake_of_64_cells_in_all() -> None:
    """At 0.99 the goal is reached in 0.893841 of endless episodes; the best is 1."""
    found = price("FrozenLake8x8-v1", "total")
    assert found.optimum.exact == 1
    assert f"{found.at('99/100').worst.value:.6f}" == "0.893841"
    assert f"{float(found.free_from):.7f}" == "0.9988144"


def test_frozen_lake_with_its_time_limit() -> None:
    found = price("FrozenLake-v1")
    assert str(found.judge) == "steps:100"
    worths = [f"{region.worst.value:.6f}" for region in found.regions]
    assert worths == ["0.446599", "0.729766", "0.740165"]
    assert f"{found.optimum.value:.6f}" == "0.744190"
    assert found.free_from is None


def test_frozen_lake_of_64_cells_with_its_time_limit() -> None:
    """A discount factor below 1 is right: the best is neither at 0.99 nor near 1."""
    found = price("FrozenLake8x8-v1")
    assert str(found.judge) == "steps:200"
    assert f"{found.at('99/100').worst.value:.6f}" == "0.862955"
    (best,) = (found.regions[i] for i in found.best_regions)
    assert (f"{float(best.lower):.7f}", f"{float(best.upper):.7f}") == ("0.9935020", "0.9957367")
    assert f"{best.worst.value:.6f}" == "0.893568"
    assert f"{found.regions[-1].worst.value:.6f}" == "0.885654"
    assert f"{found.optimum.value:.6f}" == "0.913220"


def test_averages_that_are_known() -> None:
    """Howard's taxicab, and always forward on the chain of five."""
    assert f"{price(howard_taxicab(), 'average').optimum.value:.8f}" == "13.34453782"
    assert price("qdecay/NChain-v0", "average").optimum.exact == Fraction("3.6768")


def mud(width: int) -> MDP:
    """A row of cells whose every step costs 1, and 3 through the mud ahead; the last leaves.

    To stay costs 1 / (1 - gamma) in all, to go 3 (1 + gamma + ... + gamma^(width - 1)): from the
    first cell going is worth it above gamma^width = 2/3, further on earlier.
    """
    stay, go = 0, 1
    rows: list[Any] = []
    for s in range(width):
        ends = s == width - 1
        rows += [(s, stay, s, 1, -1, False), (s, go, s if ends else s + 1, 1, -3, ends)]
    return MDP.from_rows(rows, n_states=width, n_actions=2, start=0)


@pytest.mark.parametrize("width", [1, 3, 6])
def test_policies_that_never_finish_lose_for_ever(width: int) -> None:
    """-inf where staying is optimal, and the whole way where going is."""
    found = price(mud(width), "total")
    never, last = found.regions[:-1], found.regions[-1]
    assert len(never) == width and float(last.lower) == pytest.approx((2 / 3) ** (1 / width))
    for region in never:
        assert region.worst.value == region.best.value == -math.inf
        assert region.worst.exact is None and region.loss == math.inf
    assert last.worst.exact == last.best.exact == found.optimum.exact == -3 * width
    assert found.free_from == found.within == last.lower
    at_breakpoint = found.at(last.lower)  # to stay and to go are equally good there
    assert (at_breakpoint.worst.value, at_breakpoint.best.exact) == (-math.inf, -3 * width)
    paid = price(mud(width), "average")
    assert [region.worst.exact for region in paid.regions] == [-1] * width + [0]


def worth(policies: Policies, judge: str, policy: Policy) -> Fraction | float:
    """What a policy earns from state 0, exactly."""
    if judge not in ("total", "average"):
        return policies.discounted(policy, Fraction(judge))[0]
    limits = policies.limits[policy]
    if judge == "average":
        return limits.gain[0]
    return -math.inf if limits.gain[0] < 0 else limits.bias[0]


def sums(policies: Policies, rules: list[Policy], steps: int) -> Iterator[Fraction]:
    """Every sum of the first steps that a decision rule at each of them can earn."""

    def walk(chances: Mapping[int, Fraction], left: int, paid: Fraction) -> Iterator[Fraction]:
        if not left:
            yield paid
            return
        for rule in rules:
            ahead: dict[int, Fraction] = {}
            more = paid
            for s, chance in chances.items():
                reward, p = policies.pairs[s, rule[s]]
                more += chance * reward
                for t, q in p.items():
                    ahead[t] = ahead.get(t, Fraction(0)) + chance * q
            yield from walk(ahead, left - 1, more)

    yield from walk({0: Fraction(1)}, steps, Fraction(0))


def range_of(policies: Policies, judge: str, sets: Sets | None) -> tuple[Any, Any]:
    """The worst and the best of all policies within the sets."""
    within = list(policies.within(sets))
    if judge.startswith("steps:"):
        found: list[Any] = list(sums(policies, within, int(judge[6:])))
    else:
        found = [worth(policies, judge, policy) for policy in within]
    return min(found), max(found)


def exactly(priced: Priced) -> tuple[Any, Any]:
    """Worst and best, exact where they are finite."""
    ends = (priced.worst, priced.best)
    return tuple(end.value if end.exact is None else end.exact for end in ends)  # type: ignore[return-value]


SMALL = 200  # random models


@cache
def small_models() -> list[tuple[MDP, Policies]]:
    return [(mdp := endless_model(seed), Policies(mdp)) for seed in range(SMALL)]


MOST = [
    pytest.param(judge, marks=pytest.mark.slow) for judge in ("average", "0", "9/10", "steps:1")
]


@pytest.mark.parametrize("judge", ["total", *MOST, "steps:3"])
@pytest.mark.slow
def test_ties_by_all_policies(judge: str) -> None:
    """Worst and best within the sets of every region, breakpoint and touch, at 0 and at 1.

    Over a number of steps these are all choices that a clock allows.
    """
    seen = {"ties": 0, "never ends": 0, "total is infinite": 0}
    for mdp, policies in small_models():
        if judge == "steps:3" and len(policies.limits) > 16:
            continue
        if judge == "total" and policies.best_gain[0] != 0:
            seen["total is infinite"] += 1
            with pytest.raises(ValueError, match="infinite from state 0"):
                price(mdp, judge)
            continue
        found = price(mdp, judge)
        regions = found.policy_regions
        points: list[Any] = [0, 1, *(b.gamma for b in regions.breakpoints + regions.touches)]
        given = list(zip(map(exactly, found.regions), regions.regions, strict=True))
        given += [(exactly(found.at(x)), regions.optimal_actions(x)) for x in points]
        for ends, sets in given:
            assert ends == range_of(policies, judge, sets), (mdp.rows(), sets)
            seen["ties"] += ends[0] != ends[1]
            seen["never ends"] += ends[0] == -math.inf
        assert found.optimum.exact == range_of(policies, judge, None)[1], mdp.rows()
    assert seen["ties"] > 20, seen
    assert judge != "total" or min(seen.values()) >= 10, seen


def test_ties_inside_a_region_never_matter() -> None:
    """Its policies have equal values on an interval, so equal rewards at every step, on average."""
    for mdp, policies in small_models()[:100]:
        regions = price(mdp, "average").policy_regions
        for sets in regions.regions:
            within = list(policies.within(sets))
            for judge in ("average", "1/3"):
                assert len({worth(policies, judge, policy) for policy in within}) == 1
