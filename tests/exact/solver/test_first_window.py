"""What floats conclude from gamma = 0 on, also where rewards are far, against exact solves."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from exact_solves import advantages

from qdecay import MDP
from qdecay._support.deadline import Deadline
from qdecay.exact.solver import first_window
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.near_zero import near_zero
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel

POWERS = (0, 0, 0, -30, 30, -8, 8, -300)
Row = tuple[int, int, int, Fraction, Fraction | int, bool]


def corridor(
    length: int, seed: int = 0, part: int = 1, earns: float = 0.0, size: int = 1
) -> RationalModel:
    """One way along states to a reward, with two moves in each: one or two states on, or stay.

    A move goes on with a chance of about 1 / part; `earns` is how many states earn something on the
    way, and `size` how much more is earned in the end.
    """
    draw, rows = random.Random(seed), list[Row]()
    for s, action in itertools.product(range(length), range(2)):
        on = Fraction(draw.randint(5, 9), 10 * part)
        reward = draw.randint(-3, 3) if draw.random() < earns else 0
        rows.append((s, action, s + 1, on, reward, False))
        rows.append((s, action, s + 2 * draw.randint(0, 1), 1 - on, reward, draw.random() < 0.2))
    for s in (length, length + 1):
        rows.append((s, 0, s, Fraction(1), draw.choice([5, -5, 7]) * size, True))
    return RationalModel(MDP.from_rows(rows, n_states=length + 2, n_actions=2))


def along(model: RationalModel, policy: list[int], gamma: Fraction) -> list[Fraction]:
    """All advantages, where no move leads back: the last state's value comes first."""
    q, v = model.denominator, [Fraction(0)] * model.n

    def worth(pair: int) -> Fraction:
        moves = zip(model.targets[pair], model.weights[pair], strict=True)
        return model.rewards[pair] + gamma * sum(Fraction(w, q) * v[t] for t, w in moves)

    for s in reversed(range(model.n)):
        stays = dict(zip(model.targets[policy[s]], model.weights[policy[s]], strict=True)).get(s, 0)
        v[s] = worth(policy[s]) / (1 - gamma * Fraction(stays, q))
    return [worth(pair) - v[s] for pair, s in enumerate(model.pair_state.tolist())]


def anything(seed: int) -> RationalModel:
    """Up to 8 states; few rewards, so that they may be far; any moves, some with tiny chances."""
    draw = random.Random(seed)
    n, rows = draw.randint(3, 8), list[Row]()
    for s, action in itertools.product(range(n), range(2)):
        targets = draw.sample(range(n), draw.randint(1, 3))
        weights = [Fraction(draw.randint(1, 9), 10 ** draw.choice([0, 0, 0, 25])) for _ in targets]
        reward = draw.choice([0, 0, 0, draw.randint(-5, 9)]) if s else draw.randint(1, 4)
        rows += [
            (s, action, t, w / sum(weights), reward, draw.random() < 0.1)
            for t, w in zip(targets, weights, strict=True)
        ]
    return RationalModel(MDP.from_rows(rows, n_states=n, n_actions=2))


def slippery(seed: int) -> RationalModel:
    """A corridor of 20 to 30 states: moves on, back, or past a state, many of tiny chances; pairs
    of equal moves but for one; few rewards, over 300 powers of ten."""
    draw, rows = random.Random(seed), list[Row]()
    n, tiny, back = draw.randint(20, 30), draw.choice([3, 20, 60, 200]), draw.random() < 0.5

    def reward(share: float) -> Fraction | int:
        size = draw.choice([-1, 1]) * draw.randint(1, 9) * Fraction(10) ** draw.choice(POWERS)
        return size if draw.random() < share else 0

    for s, action in itertools.product(range(n), range(2)):
        if not action or draw.random() < 0.6:
            slip = Fraction(draw.randint(1, 3), 4 * 2 ** draw.choice([0, 0, 1, tiny]))
            on, off = s + draw.choice([1, 1, 2]), draw.choice([s, s + 1, s + 3, s - back])
            paid, ends = reward(0.05), draw.random() < 0.1
        elif draw.random() < 0.5:
            on += 1
        rows.append((s, action, min(on, n), 1 - slip, paid, False))
        rows.append((s, action, min(max(off, 0), n), slip, paid, ends))
    rows.append((n, 0, n, Fraction(1), reward(1), True))
    return RationalModel(MDP.from_rows(rows, n_states=n + 1, n_actions=2))


def assert_orders(window: FirstWindow, model: RationalModel, policy: list[int]) -> int:
    """Terms below a pair's order are 0 before a power, and in sum as small as the window says.

    They are found one by one: the k-th is that of h^k P^k r. Returns how many are not 0.
    """
    q, h, order = model.denominator, Fraction(window.half_width), window._order.tolist()
    ahead, found, sums = model.rewards, 0, [Fraction(0)] * model.n_pairs
    for k in range(min(max(order), 2 * model.n)):
        own = [ahead[pair] for pair in policy]  # (q P)^k r
        for pair, s in enumerate(model.pair_state.tolist()):
            if k < order[pair] and ahead[pair] != own[s]:
                assert k >= window._below.power[pair]
                sums[pair] += abs(ahead[pair] - own[s]) * (h / q) ** k
                found += 1
        ahead = [
            sum(w * own[t] for t, w in zip(model.targets[pair], model.weights[pair], strict=True))
            for pair in range(model.n_pairs)
        ]
    largest = model.largest_by_component([abs(reward) for reward in model.rewards])
    for terms, level, unit in zip(sums, window._below.level.tolist(), largest, strict=True):
        assert terms == 0 or terms <= unit * Fraction(2) ** int(np.ceil(level))
    return found


def check(
    window: FirstWindow, model: RationalModel, exact_at: Callable[[Fraction], list[Fraction]]
) -> tuple[int, int]:
    """Compare all that the window claims with exact values.

    Returns how many pairs are negative throughout, as far as is seen, and how many of these the
    window proves.
    """
    pairs = np.arange(model.n_pairs)
    least, more, unit = (numbers.tolist() for numbers in window._frame(pairs))
    h, rewards = (
        Fraction(window.half_width),
        model.largest_by_component([abs(r) for r in model.rewards]),
    )
    points = [
        Fraction(1, 2**40),
        window.edges[5],
        window.edges[6],
        h * Fraction(99, 100),
        window.upper,
    ]
    functions = []
    for gamma in points:
        exact = [a / unit for a, unit in zip(exact_at(gamma), rewards, strict=True)]
        function = [
            a / Fraction(2) ** unit[p] / (gamma / h) ** (least[p] + more[p])
            for p, a in enumerate(exact)
        ]
        low, high = window.bounds_at(pairs, gamma)
        for p, a in enumerate(function):
            assert low[p] == -np.inf or Fraction(low[p]) <= a
            assert high[p] == np.inf or a <= Fraction(high[p])
        most = window.most(pairs, gamma / 2, gamma)
        for a, level, power in zip(exact, most.level, most.power.tolist(), strict=True):
            assert a <= Fraction(2) ** int(np.ceil(level)) * (gamma / h) ** power
        functions.append(function)
    found = window._expansion(pairs)
    for i, j in ((0, 1), (1, 2), (2, 4), (3, 4)):
        slopes = window.slopes(pairs, points[i], points[j]).tolist()
        suspects = window.suspects_on(pairs, points[i], points[j]).tolist()
        a, b = points[i] / h, points[j] / h
        for p in pairs.tolist():
            rise = functions[j][p] - functions[i][p]
            for k, x in enumerate(found.a[p]):
                rise -= Fraction(x) * (b**k - a**k)
            slope = sum(Fraction(x) * b**k for k, x in enumerate(found.slope[p]))
            assert abs(rise) <= slope * (b - a)
            inside = [functions[k][p] for k in range(i, j + 1)]
            negative = all(a < 0 for a in inside)
            assert slopes[p] == 0 or (inside[-1] - inside[0]) * slopes[p] > 0
            assert suspects[p] or negative
            assert negative or not window.negative_on(p, points[i], points[j])
    own = set(window.policy.tolist())
    falls = [p not in own and all(f[p] < 0 for f in functions) for p in pairs.tolist()]
    proven = ~window.suspect.any(axis=1)
    assert not proven[~np.array(falls)].any()
    assert all(functions[1][p] < 0 or window.suspect[p, 4] for p in pairs.tolist())
    return sum(falls), int(proven.sum())


@pytest.mark.parametrize("terms", [57, 4])
@pytest.mark.slow
def test_what_floats_claim_of_any_model_is_true(
    terms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values, signs and slopes, also after one state changes its mind; with few terms, what is
    left out of the series matters."""
    monkeypatch.setattr(first_window, "_W", terms)
    negative = proven = 0
    for seed in range(12):
        model = anything(seed)
        beginning = near_zero(model, Deadline())
        graph = PolicyGraph(model, beginning.policy)
        window = FirstWindow(model, graph, (0.5, 0.25, 0.0625)[seed % 3], beginning.order)
        policies = [beginning.policy]
        changed = beginning.policy.copy()
        changed[seed % model.n] = model.first[seed % model.n + 1] - 1
        policies.append(changed)
        for policy in policies:
            if policy is changed:
                graph = PolicyGraph(model, changed, graph)
                window.update(graph, graph.affected, model.touching(graph.affected))
            found = check(window, model, partial(advantages, model, policy.tolist()))
            negative, proven = negative + found[0], proven + found[1]
    assert proven > (0.9 if terms > 4 else 0.5) * negative > 20


def test_slopes_of_what_is_left_out_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1 / (1 - 9/10 gamma), earned or given up, the terms that are left out rise the most."""
    monkeypatch.setattr(first_window, "_W", 4)
    rows: list[Row] = [(0, 0, 0, Fraction(9, 10), 1, False), (0, 0, 0, Fraction(1, 10), 1, True)]
    rows.append((0, 1, 0, Fraction(1), 0, True))
    model = RationalModel(MDP.from_rows(rows, n_states=1, n_actions=2))
    window = FirstWindow(model, PolicyGraph(model, np.array([0])), 0.5)
    check(window, model, partial(advantages, model, [0]))


CORRIDORS = [
    (90, 1, 0.02, 10**9),
    pytest.param(90, 1, 0.0, 1, marks=pytest.mark.slow),
    pytest.param(90, 1000, 0.0, 1, marks=pytest.mark.slow),  # of 2^-900 and less: below TINY
    pytest.param(250, 1, 0.0, 1, marks=pytest.mark.slow),
    pytest.param(250, 1000, 0.03, 10**30, marks=pytest.mark.slow),  # of 2^-2700: no floats
]


@pytest.mark.parametrize(("length", "part", "earns", "size"), CORRIDORS)
def test_what_floats_claim_far_from_rewards_is_true(
    length: int, part: int, earns: float, size: int
) -> None:
    """Rewards are a hundred moves away, or hundreds."""
    negative = proven = 0
    for seed in range(2 if length > 100 else 1):
        model = corridor(length, seed, part, earns, size)
        policy, changed = model.first[:-1].copy(), model.first[:-1].copy()
        free = np.flatnonzero(np.diff(model.first) > 1)  # some states have twins only
        switched = free[free <= length - 20][-1]
        changed[switched] += 1
        graph = PolicyGraph(model, policy)
        window = FirstWindow(model, graph, 0.25)
        for choices in (policy, changed):
            if choices is changed:
                graph = PolicyGraph(model, changed, graph)
                window.update(graph, graph.affected, model.touching(graph.affected))
            found = check(window, model, partial(along, model, choices.tolist()))
            negative, proven = negative + found[0], proven + found[1]
    assert proven >= 0.85 * negative > 50


def through_switches(
    model: RationalModel, draw: random.Random, half: float
) -> Iterator[tuple[FirstWindow, list[int]]]:
    """Yield a window after one switch and another, with its policy, as long as there is one."""
    beginning = near_zero(model, Deadline())
    policy, graph = beginning.policy, PolicyGraph(model, beginning.policy)
    free = np.flatnonzero(np.diff(model.first) > 1).tolist()
    with suppress(NoBound):  # rewards differ too much
        window = FirstWindow(model, graph, half, beginning.order)
        for _ in range(3):
            policy = policy.copy()
            for s in draw.sample(free, 2) if draw.random() < 0.4 else [draw.choice(free[-4:])]:
                policy[s] = draw.choice(model.pairs_of(s))
            graph = PolicyGraph(model, policy, graph)
            window.update(graph, graph.affected, model.touching(graph.affected))
            yield window, policy.tolist()


@pytest.mark.slow
def test_orders_hold_through_switches() -> None:
    """Of one state or two after another, near the end or anywhere; so do all other claims."""
    negative = proven = below = 0
    for seed in range(12):
        model = slippery(seed)
        for window, policy in through_switches(model, random.Random(seed), (0.25, 0.1)[seed % 2]):
            below += assert_orders(window, model, policy)
            found = check(window, model, partial(advantages, model, policy))
            negative, proven = negative + found[0], proven + found[1]
    assert proven > 0.6 * negative > 50
    assert below > 1000


def far_switches(chance: Fraction) -> RationalModel:
    """State 0 reaches state 2 or 3 with a chance, and 4 or 5 with the square of it. Its second
    action is worse by gamma^14, and no more as long as 2 earns what 3 does, and 4 what 5 does."""
    odds = [chance, chance**2]
    chances = [1 - sum(odds), *odds]
    rows: list[Row] = [(0, 0, t, p, 0, False) for t, p in zip((1, 2, 4), chances, strict=True)]
    rows += [(0, 1, t, p, 0, False) for t, p in zip((7, 3, 5), chances, strict=True)]
    rows += [(s, 0, s, Fraction(1), 2, True) for s in range(1, 6)]
    rows += [(s, 1, 6, Fraction(1), 1, False) for s in (2, 4, 5)]
    rows.append((6, 0, 6, Fraction(1), 100, True))
    rows += [(s, 0, s + 1, Fraction(1), 2 if s == 7 else 0, False) for s in range(7, 20)]
    rows.append((20, 0, 20, Fraction(1), -1, True))
    return RationalModel(MDP.from_rows(rows, n_states=21, n_actions=2))


@pytest.mark.parametrize("bits", [60, 120])
def test_terms_that_cancelled_are_as_small_as_what_switches_far_away_change(bits: int) -> None:
    """Smaller than rounding, so that the action that is worse by gamma^14 is still seen to be."""
    model = far_switches(Fraction(1, 2**bits))
    beginning = near_zero(model, Deadline())
    graph = PolicyGraph(model, beginning.policy)
    window = FirstWindow(model, graph, 0.25, beginning.order)
    for switched in (5, 2, 4):
        policy = graph.policy.copy()
        policy[switched] += 1
        graph = PolicyGraph(model, policy, graph)
        window.update(graph, graph.affected, model.touching(graph.affected))
        check(window, model, partial(advantages, model, policy.tolist()))
        assert bits < 100 or window.bounds_at(np.array([1]), Fraction(1, 64))[1] < 0
