"""Regions along model lines, against brute force over all policies and other routes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import gymnasium as gym
import pytest
from brute_force import Policies, Sets, endless_model
from flint import fmpq_poly, fmpz_poly
from model_lines import aima, random_line
from models import howard_taxicab, two_state_puterman
from number_field import Field

from qdecay import MDP, BudgetExceeded, ModelLine, policy_regions
from qdecay._support.result import counted
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.algebra.polynomial import to_fmpq
from qdecay.exact.line_regions import LineBreakpoint, LineRegions
from qdecay.exact.solver import line_axis
from qdecay.exact.walked import Change

ONE, HALF = Fraction(1), Fraction(1, 2)
QUICK, ALL = 200, 2000  # random lines


# -- by brute force


def best(line: ModelLine, value: Any, gamma: Fraction) -> Sets:
    """The optimal sets at a value of the parameter, by brute force."""
    p = line.parameter
    if value in (p.low, p.high):
        policies = Policies(line.low if value == p.low else line.high)
    else:
        x = (value - p.low) * (1 / (p.high - p.low))
        policies = Policies.on_line(line.low, line.high, x)
    return policies.at_one.optimal_actions if gamma == 1 else policies.improved_at(gamma)


def exact(number: AlgebraicNumber) -> Any:
    """The number as a fraction, or in its number field."""
    if number.is_rational:
        return number.lower
    lower, upper = number.enclosure(80)
    for factor, _ in fmpz_poly(list(number.coefficients)).factor()[1]:
        polynomial = [int(c) for c in factor.coeffs()]
        if value_at(polynomial, lower) * value_at(polynomial, upper) < 0:
            return Field(polynomial, lower, upper).x
    raise AssertionError("no factor has the root")


def value_at(polynomial: list[int], x: Fraction) -> Fraction:
    """The value of a polynomial."""
    return sum((c * x**k for k, c in enumerate(polynomial)), Fraction(0))


def points(found: LineRegions) -> list[LineBreakpoint]:
    """The breakpoints and touches in order."""
    return sorted((*found.breakpoints, *found.touches), key=lambda point: point.value)


def between(found: LineRegions) -> list[list[Fraction]]:
    """In every interval between neighbouring points: just right of the left one, half way, ..."""
    p = found.parameter
    ends = [AlgebraicNumber.of(p.low), *(point.value for point in points(found))]
    samples, tiny = [], Fraction(1, 10**9)
    for left, right in pairwise([*ends, AlgebraicNumber.of(p.high)]):
        a, b = left.enclosure(90)[1], right.enclosure(90)[0]
        assert a < b
        samples.append([a + (b - a) * part for part in (tiny, Fraction(3, 7), 1 - tiny)])
    return samples


def disagreement(line: ModelLine, found: LineRegions) -> str:
    """What of the regions differs from brute force, or ""."""
    gamma = found.gamma
    checks = [(sample, None) for samples in between(found) for sample in samples]
    checks += [(exact(point.value), point) for point in points(found)]
    for value, point in checks:
        expected = best(line, value, gamma)
        number = AlgebraicNumber.of(value) if point is None else point.value
        if found.optimal_actions(number) != expected:
            return f"at {number}: {found.optimal_actions(number)}, by brute force {expected}"
    for end, sets in ((line.parameter.low, found.at_low), (line.parameter.high, found.at_high)):
        if sets != best(line, end, gamma):
            return f"at the end {end}: {sets}, by brute force {best(line, end, gamma)}"
    for point in points(found):
        for s, change in point.changes.items():
            if change.left == change.at == change.right:
                return f"nothing changes in state {s} at {point}"
    return ""


def from_where(line: ModelLine) -> Fraction:
    """The value from which on the error at gamma = 1 says that something is gained or lost."""
    with pytest.raises(ValueError, match="the optimal gain is not 0 from") as error:
        policy_regions(line, gamma=1)
    [text] = re.findall(r" = (-?[0-9.e-]+) on", str(error.value))
    return Fraction(text)


@cache
def check(seed: int) -> Counter[str]:
    """Compare one random line with brute force; say what occurs on it."""
    line, gamma = random_line(seed)
    try:
        found = policy_regions(line, gamma=gamma)
    except ValueError:
        start, tiny = from_where(line), Fraction(1, 10**6)
        right = Policies.on_line(line.low, line.high, start + tiny)
        assert gamma == 1 and any(right.best_gain), seed
        if start > tiny:
            left = Policies.on_line(line.low, line.high, start - tiny)
            assert not any(left.best_gain), seed
        return Counter(["gain"])
    wrong = disagreement(line, found)
    assert not wrong, f"seed {seed}, gamma {gamma}: {wrong}\n{ends_of(line)}"
    return features(line, found)


def ends_of(line: ModelLine) -> str:
    """Both models, to be read in a failure."""
    return "\n\n".join("\n".join(map(str, end.rows())) for end in (line.low, line.high))


def features(line: ModelLine, found: LineRegions) -> Counter[str]:
    """What occurs on a line."""
    seen = Counter({"breakpoint": len(found.breakpoints), "touch": len(found.touches)})
    for point in found.breakpoints:
        seen[f"degree {min(point.value.degree, 3)}"] += 1
        seen["several states"] += len(point.changes) > 1
    seen["tie"] = any(len(own) > 1 for sets in found.regions for own in sets)
    if found.gamma < 1:
        return seen
    seen["at one: breakpoint"] = len(found.breakpoints)
    seen["at one: touch"] = len(found.touches)
    for sets, (_, x, _) in zip(found.regions, between(found), strict=False):
        policies = Policies.on_line(line.low, line.high, x)
        conserving = policies.greedy(policies.best_bias, ONE)
        near_one = policies.improved_at(1 - Fraction(1, 2**40))
        seen["circles"] += any(set(a) - set(b) for a, b in zip(conserving, sets, strict=True))
        seen["third term"] += any(set(a) - set(b) for a, b in zip(sets, near_one, strict=True))
    return seen


# What occurs, and in how many of the quick lines at least.
OCCURS = {
    "breakpoint": 40, "touch": 8, "degree 2": 7, "degree 3": 7, "several states": 4, "tie": 30,
    "at one: breakpoint": 9, "at one: touch": 5, "circles": 13, "third term": 8, "gain": 5,
}  # fmt: skip


@pytest.mark.parametrize("first", range(0, QUICK, 40))
def test_all_policies_of_random_lines(first: int) -> None:
    """The sets beside and at every point, between them and at both ends."""
    for seed in range(first, first + 40):
        check(seed)


@pytest.mark.parametrize(
    "seeds", [range(40, 80), pytest.param(range(80, 600), marks=pytest.mark.slow)]
)
def test_floats_change_nothing(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models this small are solved without; with windows the regions are the same."""
    monkeypatch.setattr(line_axis, "_FEW_PAIRS", 0)
    for seed in seeds:
        check.__wrapped__(seed)


@pytest.mark.slow
def test_all_policies_of_many_random_lines() -> None:
    """All of them; and whatever is hard occurs, in proportion to the quick ones."""
    seen = sum((check(seed) for seed in range(ALL)), Counter())
    assert all(seen[what] >= count * ALL // QUICK // 2 for what, count in OCCURS.items()), seen


def test_random_lines_have_what_is_hard() -> None:
    """Touches, ties, irrational points, loops that pay nothing: in the quick run too."""
    seen = sum((check(seed) for seed in range(QUICK)), Counter())
    assert all(seen[what] >= count for what, count in OCCURS.items()), seen


# -- known lines


@pytest.mark.parametrize("gamma", [ONE, Fraction(99, 100), Fraction(9, 10)])
def test_the_4x3_world_over_its_living_reward(gamma: Fraction) -> None:
    """Every breakpoint, and none is missing; the two that textbooks print rounded are exact.

    Values are affine in r under one policy: one that is optimal at both ends of an interval is
    optimal in all of it, and actions worse half way are worse throughout. Steps cost something,
    so that at gamma = 1 policies that attain the values end, and all that attain the maximum of
    r + P V are optimal.
    """
    line = ModelLine.of(aima, low=-2, high=0)
    found = policy_regions(line, gamma=gamma)
    assert found.touches == ()
    breakpoints = [exact(point.value) for point in found.breakpoints]
    if gamma == 1:
        assert {Fraction(-20736, 243985), Fraction(-32, 1445)} < {*breakpoints}
        assert len(breakpoints) == 8
    nearly = Fraction(-1, 10**9) if gamma == 1 else Fraction(0)  # steps cost something up to there
    ends = [Fraction(-2), *breakpoints, nearly]
    for k, (left, right) in enumerate(pairwise(ends)):
        inside = iterated(aima((left + right) / 2), gamma)
        assert found.regions[k] == inside
        for end in (left, right):
            at_end = iterated(aima(end), gamma)
            assert all(set(a) <= set(b) for a, b in zip(inside, at_end, strict=True))
            assert found.optimal_actions(end) == at_end
    for k, point in enumerate(breakpoints):
        for side in (-1, 1):
            beside = found.regions[k + (side > 0)]
            assert iterated(aima(point + side * Fraction(1, 10**12)), gamma) == beside
        assert found.regions[k] != found.regions[k + 1]


def iterated(mdp: MDP, gamma: Fraction) -> Sets:
    """The optimal sets by policy iteration in fractions, from a policy that ends."""
    policies = Policies(mdp)
    policy = [0, 0, 3, 3, 0, 0, 0, 1, 1, 1, 0]  # up and right, by which the end is reached
    while True:
        sets = policies.greedy(policies.discounted(tuple(policy), gamma), gamma)
        better = [a if a in own else own[0] for a, own in zip(policy, sets, strict=True)]
        if better == policy:
            return sets
        policy = better


def test_curves_of_higher_degree() -> None:
    """On with x three times in a row for 1, or 2/5 at once: x^3 = 2/5, by hand."""

    def chain(x: Fraction) -> MDP:
        rows: list[Any] = [(0, 1, 0, 1, Fraction(2, 5), True)]
        for s in range(3):
            rows += [(s, 0, s + 1, x, 0, False), (s, 0, s, 1 - x, 0, True)]
        rows = [row for row in rows if row[3]] + [(3, 0, 3, 1, 1, True)]
        return MDP.from_rows(rows, n_states=4, n_actions=2)

    [point] = policy_regions(ModelLine.of(chain, low=0, high=1), gamma=1).breakpoints
    assert point.value.coefficients == (-2, 0, 0, 5)
    assert point.changes == {0: Change((1,), (0, 1), (0,))}
    # Discounted, x is worth less: 2/5 = (x g)^3 with g = 9/10, so 5 (9 x)^3 = 2 10^3.
    [point] = policy_regions(ModelLine.of(chain, low=0, high=1), gamma="9/10").breakpoints
    assert point.value.coefficients == (-400, 0, 0, 729)


def test_loops_that_pay_nothing_until_later() -> None:
    """Two ways on, x or 1/2; then wait for nothing, or end: waiting never cashes the prize."""

    def wait(x: Fraction) -> MDP:
        rows = [(0, 0, 0, 1, 0, False), (0, 1, 0, 1, x, True), (1, 0, 0, 1, 0, False)]
        return MDP.from_rows([*rows, (1, 1, 1, 1, HALF, True)], n_states=2, n_actions=2)

    found = policy_regions(ModelLine.of(wait, low=0, high=1), gamma=1)
    assert found.regions == (((1,), (1,)), ((1,), (0,)))
    assert [exact(point.value) for point in found.breakpoints] == [HALF]
    assert found.at_low == ((0, 1), (1,))  # 0 for ending, 0 for waiting
    assert found.optimal_actions(HALF) == ((1,), (0, 1))


def test_an_idle_loop_may_be_left_by_a_way_round() -> None:
    """From 1/2 on state 1 stops; then the way to it, idle before, pays more than the other at once.

    State 0: paid 1 and done, or x and to state 1. State 1: stop for 0, or pay x and go to state 0.
    """

    def idle(x: Fraction) -> MDP:
        rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 2 * x, False)]
        rows += [(1, 0, 1, 1, 0, False), (1, 1, 0, 1, -2 * x, False)]
        return MDP.from_rows(rows, n_states=2, n_actions=2)

    found = policy_regions(ModelLine.of(idle, low=0, high=1), gamma=1)
    assert [exact(point.value) for point in found.breakpoints] == [HALF]
    assert found.regions == (((0,), (1,)), ((1,), (0,)))
    assert found.optimal_actions(HALF) == ((0, 1), (0, 1))


# -- a line in the place of gamma


def dilated(mdp: MDP, q: Fraction) -> MDP:
    """The model that goes on with q where it goes on, and ends there otherwise."""
    rows: list[Any] = []
    for s, a, t, p, reward, ended in mdp.rows():
        rows += [(s, a, t, p * q, reward, False)] if q and not ended else []
        rows += [(s, a, t, p if ended else p * (1 - q), reward, True)] if ended or q < 1 else []
    return MDP.from_rows(rows, n_states=mdp.n_states, n_actions=mdp.n_actions)


def touching() -> MDP:
    """1 now, or 4 and -4 in one and two steps: a touch at gamma = 1/2; else (sqrt(5) - 1) / 2."""
    rows: list[Any] = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (0, 2, 3, 1, 0, False)]
    rows += [(1, 0, 2, 1, 1, False), (2, 0, 2, 1, 1, True)]
    rows += [(3, 0, 4, 1, 4, False), (4, 0, 4, 1, -4, True)]
    return MDP.from_rows(rows, n_states=5, n_actions=3)


KNOWN: dict[str, Callable[[], MDP]] = {
    "lake": lambda: MDP.from_env(gym.make("FrozenLake-v1")),
    "Puterman": two_state_puterman,
    "Howard": howard_taxicab,
    "touch": touching,
    "short delay": lambda: MDP.from_env(gym.make("qdecay/ShortDelay-v0")),
    "left or right": lambda: MDP.from_env(gym.make("qdecay/LeftOrRight-v0")),
    **{f"random {seed}": lambda seed=seed: endless_model(seed) for seed in range(40)},
}


@pytest.mark.parametrize("name", KNOWN)
def test_going_on_with_q_is_gamma(name: str) -> None:
    """Ended episodes are worth nothing: at gamma = 1, q has the part of gamma, to the letter."""
    mdp = KNOWN[name]()
    over_gamma = policy_regions(mdp)
    over_q = policy_regions(ModelLine(dilated(mdp, Fraction(0)), dilated(mdp, ONE)), gamma=1)
    assert over_q.regions == over_gamma.regions
    for own, others in (
        (over_q.breakpoints, over_gamma.breakpoints),
        (over_q.touches, over_gamma.touches),
    ):
        assert [p.value.coefficients for p in own] == [p.gamma.coefficients for p in others]
        assert [p.value for p in own] == [p.gamma for p in others]
        assert [p.changes for p in own] == [p.changes for p in others]
    assert over_q.at_low == over_gamma.at_zero
    assert over_gamma.at_one is not None
    assert over_q.at_high == over_gamma.at_one.optimal_actions


@pytest.mark.parametrize("name", KNOWN)
def test_a_discount_factor_scales_the_chance_to_go_on(name: str) -> None:
    """At gamma = 4/5, q < 1 is gamma = 4/5 q: a part of the breakpoints, moved right."""
    mdp, gamma = KNOWN[name](), Fraction(4, 5)
    low, high = Fraction(1, 10), Fraction(19, 20)  # of q
    line = ModelLine.of(lambda q: dilated(mdp, q), low=low, high=high)
    over_q, over_gamma = policy_regions(line, gamma=gamma), policy_regions(mdp)
    inside = [p for p in over_gamma.breakpoints if gamma * low < p.gamma < gamma * high]
    assert len(over_q.breakpoints) == len(inside)
    for own, other in zip(over_q.breakpoints, inside, strict=True):
        assert is_image(own.value, 1 / gamma, Fraction(0), other.gamma)
        assert own.changes == other.changes
    assert over_q.at_low == over_gamma.optimal_actions(gamma * low)
    assert over_q.at_high == over_gamma.optimal_actions(gamma * high)
    for q in (Fraction(1, 7), HALF, Fraction(9, 10)):
        assert over_q.optimal_actions(q) == over_gamma.optimal_actions(gamma * q)


def is_image(number: AlgebraicNumber, a: Fraction, b: Fraction, other: AlgebraicNumber) -> bool:
    """Whether a number is a x + b for another one, x: a root of p((y - b) / a), and near it."""
    p = fmpq_poly(list(other.coefficients))(fmpq_poly([to_fmpq(-b / a), to_fmpq(1 / a)]))
    near = abs(float(number) - float(a) * float(other) - float(b)) < 1e-12
    return near and number.sign_of(p.numer()) == 0


# -- laws


def lines(count: int) -> list[tuple[ModelLine, Fraction]]:
    """Random lines with regions at their gamma, apart from those compared with brute force."""
    found = []
    for seed in range(ALL, ALL + 10 * count):
        line, gamma = random_line(seed)
        try:
            if len(policy_regions(line, gamma=gamma).regions) > 1:
                found.append((line, gamma))
        except ValueError:
            pass
        if len(found) == count:
            return found
    raise AssertionError("too few")


LINES = cache(lambda: lines(15))


def claims(found: LineRegions) -> tuple[Any, ...]:
    """All that regions state, without their parameter."""
    return (
        found.regions,
        *([(p.value, p.changes) for p in kind] for kind in (found.breakpoints, found.touches)),
        found.at_low,
        found.at_high,
    )


def test_reversed_lines_give_the_mirror_image() -> None:
    for line, gamma in LINES():
        found, back = (policy_regions(each, gamma=gamma) for each in (line, reverse(line)))
        assert back.regions == found.regions[::-1]
        assert (back.at_low, back.at_high) == (found.at_high, found.at_low)
        for own, others in ((back.breakpoints, found.breakpoints), (back.touches, found.touches)):
            for one, two in zip(own, others[::-1], strict=True):
                assert is_image(one.value, -ONE, ONE, two.value)
                assert one.changes.keys() == two.changes.keys()
                for s, change in two.changes.items():
                    assert one.changes[s] == Change(change.right, change.at, change.left)


def reverse(line: ModelLine) -> ModelLine:
    """The line from its high end to its low one."""
    return ModelLine(line.high, line.low)


def test_a_line_cut_in_two_has_the_parts() -> None:
    for line, gamma in LINES():
        cut = Fraction(2, 5)
        whole = policy_regions(line, gamma=gamma)
        left, right = (
            policy_regions(ModelLine.of(line.at, low=low, high=high), gamma=gamma)
            for low, high in ((0, cut), (cut, 1))
        )
        assert left.at_high == right.at_low == whole.optimal_actions(cut)
        both = (*left.breakpoints, *right.breakpoints)
        apart = [p for p in whole.breakpoints if p.value != cut]
        assert [(p.value, p.changes) for p in both] == [(p.value, p.changes) for p in apart]
        at_cut = whole.region_of(cut) is None
        assert left.regions + right.regions[not at_cut :] == whole.regions


def test_moving_and_stretching_the_parameter_moves_the_points() -> None:
    for line, gamma in LINES():
        found = policy_regions(line, gamma=gamma)
        moved = ModelLine.of(lambda y, line=line: line.at((y + 7) / 3), low=-7, high=-4, name="y")
        for own, other in zip(
            policy_regions(moved, gamma=gamma).breakpoints, found.breakpoints, strict=True
        ):
            assert is_image(own.value, Fraction(3), Fraction(-7), other.value)
            assert own.changes == other.changes


def test_positive_multiples_of_rewards_move_nothing() -> None:
    for line, gamma in LINES():
        ends = [
            MDP.from_rows(
                [(s, a, t, p, Fraction(7, 3) * r, end) for s, a, t, p, r, end in model.rows()],
                n_states=model.n_states,
                n_actions=model.n_actions,
            )
            for model in (line.low, line.high)
        ]
        assert claims(policy_regions(ModelLine(*ends), gamma=gamma)) == claims(
            policy_regions(line, gamma=gamma)
        )


@pytest.mark.parametrize("gamma", [0, Fraction(9, 10), 1])
def test_a_line_that_changes_nothing_has_one_region(gamma: Fraction) -> None:
    lake = MDP.from_env(gym.make("FrozenLake-v1"))
    found = policy_regions(ModelLine(lake, lake), gamma=gamma)
    assert (found.breakpoints, found.touches) == ((), ())
    assert found.regions == (found.at_low,) == (found.at_high,)


@pytest.mark.parametrize("gamma", [0, Fraction(9, 10), 1])
def test_where_nothing_is_paid_all_is_optimal(gamma: Fraction) -> None:
    def free(p: Fraction) -> MDP:
        rows: list[Any] = [
            (0, 0, 0, p, 0, False),
            (0, 0, 0, 1 - p, 0, True),
            (0, 1, 0, 1, 0, False),
        ]
        return MDP.from_rows(rows, n_states=1, n_actions=2)

    line = ModelLine.of(free, low=Fraction(1, 3), high=Fraction(2, 3))
    assert policy_regions(line, gamma=gamma).regions == (((0, 1),),)


# -- at gamma = 1 without an end


def test_from_where_on_a_loop_pays_for_ever() -> None:
    """A loop that pays r gains from r = 0 on, one that pays 3 r - 1 from 1/3 on."""

    def loop(r: Fraction) -> MDP:
        return MDP.from_rows(
            [(0, 0, 0, 1, r, False), (0, 1, 0, 1, 0, True)], n_states=1, n_actions=2
        )

    for low, high in ((-2, 1), ("-1/3", "1/7"), (-1, 100)):
        assert from_where(ModelLine.of(loop, low=low, high=high)) == 0
    tripled = ModelLine.of(lambda x: loop(3 * x - 1), low=-1, high=1)
    assert abs(from_where(tripled) - Fraction(1, 3)) < Fraction(1, 10**10)
    assert from_where(ModelLine.of(loop, low=1, high=2)) == 1
    assert policy_regions(ModelLine.of(loop, low=-1, high=0), gamma=1).regions == (((1,),),)
    assert policy_regions(ModelLine.of(loop, low=-1, high=0), gamma=1).at_high == ((0, 1),)
    with pytest.raises(
        ValueError, match=r"from r = 0 on: totals are infinite beyond it; end the line"
    ):
        policy_regions(ModelLine.of(loop, low=-2, high=1), gamma=1)


def test_what_must_be_lost_for_ever_is_refused_from_the_low_end_on() -> None:
    """Nothing ends and every step costs: there is no total anywhere."""

    def toll(r: Fraction) -> MDP:
        return MDP.from_rows([(0, 0, 0, 1, r, False)], n_states=1, n_actions=1)

    assert from_where(ModelLine.of(toll, low=-3, high=-1)) == -3
    assert from_where(ModelLine.of(aima, low=-2, high=1)) == 0


# -- limits and progress


def test_limits_leave_what_is_proven() -> None:
    """The first points and the region after them, and where they end."""
    line = ModelLine.of(aima, low=-2, high=0)
    found = policy_regions(line, gamma=1)
    for most in range(8):
        with pytest.raises(
            BudgetExceeded, match=f"; {counted(most, 'point')} found, proven up to living = "
        ) as stop:
            policy_regions(line, gamma=1, max_breakpoints=most)
        part = stop.value.best
        assert part.breakpoints == () or claims(part)[1] == claims(found)[1][:most]
        assert part.regions == found.regions[: most + 1]
        assert part.proven_to == (found.breakpoints[most - 1].value if most else -2)
        assert (part.at_low, part.at_high) == (found.at_low, None)
        assert stop.value.max_seconds is None
    assert policy_regions(line, gamma=1, max_breakpoints=8).proven_to == 0
    with pytest.raises(BudgetExceeded, match="nothing is known right of the low end") as stop:
        policy_regions(line, gamma=1, max_seconds=1e-9)
    assert stop.value.max_seconds == 1e-9


def test_progress_tells_every_point() -> None:
    told: list[Any] = []
    policy_regions(ModelLine.of(aima, low=-2, high=0), gamma=1, progress=told.append)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert {0.0, (2 - 20736 / 243985) / 2} <= {p.done for p in told}
    assert any("points found: 8, up to living = -0.0221453" in p.text for p in told)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, "the regions of a line are those at one gamma: pass gamma="),
        ({"gamma": 0.9}, TypeError, "gamma"),
        ({"gamma": "11/10"}, ValueError, "gamma"),
        ({"gamma": -1}, ValueError, "gamma"),
        ({"gamma": 1, "start": 11}, ValueError, "start"),
        ({"gamma": 1, "max_breakpoints": -1}, ValueError, "max_breakpoints"),
    ],
)
def test_arguments_are_checked(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        policy_regions(ModelLine.of(aima, low=-2, high=0), **arguments)


def test_values_outside_the_line_are_refused() -> None:
    found = policy_regions(ModelLine.of(aima, low=-2, high=0), gamma=1)
    for read in (found.optimal_actions, found.region_of):
        with pytest.raises(ValueError, match=r"living must be in \[-2, 0\], got 1"):
            read(1)
        with pytest.raises(TypeError, match="got the float -0.5"):
            read(-0.5)
    assert [found.region_of(r) for r in (-2, "-32/1445", "-1/1000", 0)] == [0, None, 8, 8]


def test_the_document_and_the_table_say_the_same() -> None:
    found = policy_regions(ModelLine.of(aima, low=-2, high=0), gamma="9/10")
    document = found.to_json()
    assert document["schema"] == "qdecay.line-regions/1"
    assert document["parameter"] == {"name": "living", "low": "-2", "high": "0"}
    assert document["gamma"] == "9/10"
    assert [Fraction(p["closed_form"]) for p in document["breakpoints"]] == [
        Fraction(text) for text in found.to_frame()["closed_form"]
    ]
    assert document["at_high"]["optimal_actions"] == [list(own) for own in found.at_high or ()]
