"""What floats conclude where nothing ends, up to gamma = 1, against exact solves."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from exact_solves import advantages

from qdecay import MDP
from qdecay._support.deadline import Deadline
from qdecay.exact.solver.at_one import not_positive_at_one
from qdecay.exact.solver.deflation import Deflation
from qdecay.exact.solver.expansion import LARGEST
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.window import Window

WINDOWS = [
    (0.5, 0.125),
    (0.625, 0.125),
    (0.9375, 0.0625),
    (1 - 2.0**-13, 2.0**-13),
    (1 - 2.0**-31, 2.0**-31),
]


def random_model(seed: int) -> RationalModel:
    """Up to 7 states, 2 or 3 actions; cycles, few classes, tiny probabilities, some ends."""
    draw = random.Random(seed)
    n, rows = draw.randint(2, 7), []
    kind = draw.choice(["any", "any", "cycles", "classes", "tiny", "ends"])
    for s in range(n):
        for a in range(draw.randint(2, 3)):
            within = [t for t in range(n) if kind != "classes" or s > 4 or t % 2 == s % 2]
            targets = draw.sample(
                within, 1 if kind == "cycles" else min(len(within), draw.randint(1, 3))
            )
            weights = [Fraction(draw.randint(1, 9)) for _ in targets]
            if kind == "tiny":
                weights[0] /= 10 ** draw.randint(0, 20)
            ends = kind == "ends" and draw.random() < 0.15
            reward = draw.randint(-5, 9)
            rows += [
                (s, a, t, w / sum(weights), reward, ends and t == targets[0])
                for t, w in zip(targets, weights, strict=True)
            ]
    return RationalModel(MDP.from_rows(rows, n_states=n, n_actions=3))


def branching(seed: int) -> RationalModel:
    """Two classes of two states that are never left, and four states that lead to both by chance;
    some may end, some stay for long."""
    draw = random.Random(seed)
    rows = []
    for s, a in itertools.product(range(8), range(2)):
        within = [s - s % 2, s - s % 2 + 1] if s < 4 else range(8)
        targets = draw.sample(within, draw.randint(1, 2) if s < 4 else 3)
        weights = [Fraction(draw.randint(1, 9), 10 ** draw.choice([0, 0, 0, 3])) for _ in targets]
        ends, reward = s > 3 and draw.random() < 0.2, draw.randint(-5, 9)
        rows += [
            (s, a, t, w / sum(weights), reward, ends and t == targets[0])
            for t, w in zip(targets, weights, strict=True)
        ]
    return RationalModel(MDP.from_rows(rows, n_states=8, n_actions=2))


def limits(model: RationalModel, policy: np.ndarray) -> tuple[list[Fraction], list[Fraction]]:
    """The terms of 1 / (1 - gamma) and of 1 of the advantages at gamma = 1."""
    terms = laurent(model, policy, Deadline())
    return tuple(
        [Fraction(int(x.p), int(x.q)) for x in (terms.term(p, k) for p in range(model.n_pairs))]
        for k in (0, 1)
    )


def check(window: Window, model: RationalModel, policy: np.ndarray) -> int:
    """Compare all that the window claims with exact values; return how many pairs it knows."""
    pairs = np.arange(model.n_pairs)
    known = window._expansion(pairs)
    same = window._deflation.homes.agree(pairs)
    units = model.largest_by_component([abs(reward) for reward in model.rewards])
    points = [
        *window.edges[::5],
        window.upper,
        window.lower + Fraction(1, 3) * (window.upper - window.lower),
    ]
    values = {}
    for gamma in points:
        if gamma == 1:
            gain, bias = limits(model, policy)
            exact = [b if own else g for g, b, own in zip(gain, bias, same, strict=True)]
        else:
            exact = [
                x * (1 if own else 1 - gamma)
                for x, own in zip(advantages(model, policy.tolist(), gamma), same, strict=True)
            ]
        values[gamma] = exact
        tau = (gamma - Fraction(window.centre)) / Fraction(window.half_width)
        for p in pairs.tolist():
            claimed = sum(Fraction(a) * tau**k for k, a in enumerate(known.a[p].tolist()))
            radius = Fraction(known.rest[p, 0])
            radius += Fraction(known.rest[p, 1]) * abs(tau) ** (window.terms + 1)
            assert abs(claimed - exact[p] / units[p]) <= radius
            assert radius < LARGEST
    for low, high in ((window.edges[5], window.edges[10]), (window.edges[10], window.upper)):
        slopes = window.slopes(pairs, low, high).tolist()
        suspects = window.suspects_on(pairs, low, high).tolist()
        for p in pairs.tolist():
            a, b = (values[gamma][p] for gamma in (low, high))
            assert slopes[p] == 0 or (b - a) * slopes[p] > 0
            assert suspects[p] or (a < 0 and b < 0)
            box = window.edges.index(low)
            assert window.suspect[p, box] or a < 0
            assert not window.negative_on(p, low, high) or (a < 0 and b < 0)
    return len(pairs)


@pytest.mark.parametrize("terms", [14, 2])
@pytest.mark.slow
def test_what_floats_claim_where_nothing_ends_is_true(terms: int) -> None:
    """Values, signs and slopes up to gamma = 1, also after one state changes its mind.

    With few terms the bound of all others matters.
    """
    known = 0
    for seed in range(60):
        model = random_model(seed)
        first, last = model.first[:-1].copy(), model.first[1:] - 1
        graph = PolicyGraph(model, first)
        centre, half = WINDOWS[seed % len(WINDOWS)]
        window = Window(model, graph, centre, half, terms=terms, homes=Homes.of(graph))
        known += check(window, model, first)
        changed = first.copy()
        changed[seed % model.n] = last[seed % model.n]
        graph = PolicyGraph(model, changed, graph)
        window.update(graph, graph.affected, model.touching(graph.affected))
        known += check(window, model, changed)
    assert known > 500


def test_signs_at_one_are_those_of_an_exact_solve_near_it() -> None:
    """An advantage is t / (1 - gamma) + u + ...: its sign is that of t, or of u if t is 0."""
    for seed in range(40):
        model = random_model(seed)
        policy, pairs = model.first[:-1].copy(), np.arange(model.n_pairs)
        near = advantages(model, policy.tolist(), 1 - Fraction(1, 2**300))
        found = not_positive_at_one(PolicyGraph(model, policy), pairs, Deadline())
        assert found.tolist() == [x < Fraction(1, 2**150) for x in near]


proposed, divide = Deflation.proposed, Deflation.divide


def worse_homes(u: np.ndarray, e: np.ndarray) -> np.ndarray:
    rho = proposed(u, e)
    rho[:2] += 0.01
    return rho


def worse_chances(self: Deflation, states: np.ndarray) -> None:
    divide(self, states)
    self.rho[states[self.homes.several[states]], :2] += 0.01


def test_a_wrong_reward_per_step_costs_accuracy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken off may be anything: the radii allow for it."""
    monkeypatch.setattr(Deflation, "proposed", staticmethod(worse_homes))
    for seed in range(12):
        model = random_model(seed)
        policy = model.first[:-1].copy()
        graph = PolicyGraph(model, policy)
        check(Window(model, graph, *WINDOWS[seed % 4], homes=Homes.of(graph)), model, policy)


@pytest.mark.parametrize(
    "wrong", [{}, {"proposed": staticmethod(worse_homes)}, {"divide": worse_chances}], ids=",".join
)
@pytest.mark.parametrize(
    "seeds", [range(3), pytest.param(range(3, 30), marks=pytest.mark.slow)], ids=["few", "more"]
)
def test_states_that_lead_to_several_homes(
    wrong: dict[str, Any], seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where what is taken off is wrong, of homes or what they come to by chance."""
    for name, method in wrong.items():
        monkeypatch.setattr(Deflation, name, method)
    small = several = 0
    for seed in seeds:
        model = branching(seed)
        policy, last = model.first[:-1].copy(), model.first[1:] - 1
        graph = PolicyGraph(model, policy)
        window = Window(model, graph, *WINDOWS[seed % len(WINDOWS)], homes=Homes.of(graph))
        for s in (0, 5, 6):
            check(window, model, policy)
            several += int(window._deflation.homes.several.sum())
            bounds = window.bounds_at(np.arange(model.n_pairs), window.upper)
            small += int((bounds[1] - bounds[0] < 1e-9).sum())
            policy = policy.copy()
            policy[s] = last[s]
            graph = PolicyGraph(model, policy, graph)
            window.update(graph, graph.affected, model.touching(graph.affected))
    assert several > 6 * len(seeds)
    assert wrong or small > 0.8 * 48 * len(seeds)


def test_a_pair_that_may_end_beside_a_policy_that_never_does() -> None:
    """Stay for 1, against 2 and an end in half of all cases: only the product has no pole."""
    half = Fraction(1, 2)
    rows = [(0, 0, 0, Fraction(1), 1, False), (0, 1, 0, half, 2, False), (0, 1, 0, half, 2, True)]
    model = RationalModel(MDP.from_rows(rows, n_states=1, n_actions=2))
    policy = np.array([0])
    graph = PolicyGraph(model, policy)
    for centre, half_width in WINDOWS:
        window = Window(model, graph, centre, half_width, homes=Homes.of(graph))
        assert check(window, model, policy) == 2


def test_radii_are_small() -> None:
    """Below 1e-9 of the largest reward for most pairs: claims are of use."""
    small = known = 0
    for seed in range(30):
        model = random_model(seed)
        graph = PolicyGraph(model, model.first[:-1].copy())
        window = Window(model, graph, 0.875, 0.125, homes=Homes.of(graph), terms=20)
        bounds = window.bounds_at(np.arange(model.n_pairs), Fraction(7, 8))
        small += int((bounds[1] - bounds[0] < 1e-9).sum())
        known += model.n_pairs
    assert small > 0.6 * known
