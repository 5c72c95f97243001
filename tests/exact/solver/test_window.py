"""What floats conclude about slopes, and the exact values at gamma = 1, against exact solves."""

from __future__ import annotations

import itertools
from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest
from brute_force import garnet
from exact_solves import advantages
from hypothesis import given, settings
from hypothesis import strategies as st
from models import TAXI, mdps

from qdecay import MDP, BudgetExceeded
from qdecay._support.deadline import Deadline
from qdecay.exact.solver.at_one import not_positive_at_one
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.expansion import DENSE
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.point import proposed_policy
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.window import Window

Row = tuple[int, int, int, Fraction, Fraction | int, bool]


def last_pairs(model: RationalModel) -> np.ndarray:
    """The policy that takes each state's last action."""
    return model.first[1:] - 1


def window_at(model: RationalModel, policy: np.ndarray, centre: float, half: float) -> Window:
    """The window around a centre, or the one that begins at 0."""
    graph = PolicyGraph(model, policy)
    return Window(model, graph, centre, half) if centre else FirstWindow(model, graph, half)


def leading_powers(model: RationalModel, policy: np.ndarray) -> list[int]:
    """For each pair the least number of moves to a reward, by it or by the policy."""

    def moves(pair: int) -> int:
        ahead = [99, *(steps[t] for t in model.targets[pair])]
        return 0 if model.rewards[pair] else 1 + min(ahead)

    steps = [99] * model.n
    for _ in range(model.n):
        steps = [moves(pair) for pair in policy.tolist()]
    found = [min(moves(p), steps[s]) for p, s in enumerate(model.pair_state.tolist())]
    return [m if m < 99 else 0 for m in found]


@given(mdps(ends=True))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_slope_that_floats_claim_is_that_of_the_exact_advantage(mdp: MDP) -> None:
    """Where a sign is claimed on an interval, exact values at 5 points of it rise or fall.

    From 0 on they are over the advantage's least power of gamma.
    """
    model = RationalModel(mdp)
    policy = last_pairs(model)
    pairs = np.arange(model.n_pairs)
    for centre, half in ((0.0, 0.5), (0.5, 0.0625), (0.875, 0.03125), (0.96875, 0.03125)):
        try:
            window = window_at(model, policy, centre, half)
        except NoBound:
            continue
        powers = leading_powers(model, policy) if window.first else [0] * model.n_pairs
        lower = max(window.lower, Fraction(1, 10**30))
        for low, high in ((lower, window.upper), (window.edges[3], window.edges[4])):
            exact = [
                [a / gamma**m for a, m in zip(found, powers, strict=True)]
                for gamma in (low + (high - low) * Fraction(k, 4) for k in range(5))
                for found in [advantages(model, policy.tolist(), gamma)]
            ]
            for pair, slope in enumerate(window.slopes(pairs, low, high).tolist()):
                steps = itertools.pairwise(exact)
                assert slope == 0 or all((b[pair] - a[pair]) * slope > 0 for a, b in steps)


# Powers of two of which doubles hold some bits, or none; and where radii take over.
POWERS = [-800, -1072, -1073, -1074, -1075]
LENGTH = 8


@given(
    st.lists(st.tuples(st.integers(10, 40), st.integers(0, 14)), min_size=LENGTH, max_size=LENGTH),
    st.sampled_from([(0, 0), *((power, 0) for power in POWERS), *((0, power) for power in POWERS)]),
    st.integers(0, LENGTH - 2),
)
@settings(deadline=None, derandomize=True, max_examples=40)
def test_what_floats_claim_of_numbers_far_apart_is_true(
    payments: list[tuple[int, int]], powers: tuple[int, int], rare_at: int
) -> None:
    """State s: take a_s and stop, or get b_s and walk on, to 25 after the last one.

    All is in units of a power of two, beside the 4 of a state that leads to all others. From one
    state the walk goes on with another power of two as its probability, and what is paid further
    on is greater by as much. What a_s is worth above walking has a sign that does not depend on
    either, and so has its slope.
    """
    (unit, rare), n = (Fraction(2) ** power for power in powers), LENGTH
    rows: list[Row] = [(n, 0, s, Fraction(1, n), 4, False) for s in range(n)]
    for s, (a, b) in enumerate(payments):
        on = rare if s == rare_at else Fraction(1)
        rows += [(s, 0, s, Fraction(1), a * unit, True), (s, 1, s, 1 - on, b * unit, True)]
        rows.append((s, 1, s + 1 if s < n - 1 else n + 1, on, b * unit, False))
        unit /= on
    rows.append((n + 1, 0, s, Fraction(1), 25 * unit, True))
    model = RationalModel(MDP.from_rows(rows, n_states=n + 2, n_actions=2))
    taking = [p for p in range(model.n_pairs) if model.pair_state[p] < n and 0 in model.actions[p]]

    def advantages_of_taking(gamma: Fraction) -> list[Fraction]:
        walking, found = Fraction(25), []
        for a, b in reversed(payments):
            walking = b + gamma * walking
            found.append(a - walking)
        return found[::-1]

    for centre, half in ((0.0, 0.5), (0.5, 0.0625), (0.75, 0.03125), (0.875, 0.03125)):
        try:
            window = window_at(model, last_pairs(model), centre, half)
        except NoBound:
            continue
        edges = [max(edge, Fraction(1, 10**30)) for edge in window.edges]
        exact = np.array([advantages_of_taking(gamma) for gamma in edges]).T
        for box, (low, high) in enumerate(itertools.pairwise(edges)):
            ends = exact[:, box : box + 2]
            assert (ends < 0)[~window.suspect[taking, box]].all()
            assert (ends < 0)[~window.suspects_on(np.array(taking), low, high)].all()
            if box % 5 == 0:
                assert (ends < 0)[[window.negative_on(pair, low, high) for pair in taking]].all()
            slopes = window.slopes(np.array(taking), low, high)
            assert ((ends[:, 1] - ends[:, 0]) * slopes > 0)[slopes != 0].all()


def test_floats_do_claim_slopes() -> None:
    """gamma V(1) - 1 = 2 gamma / (1 - gamma / 2) - 1 rises on all of (0, 1)."""
    rows = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False)]
    rows += [(1, 0, 1, Fraction(1, 2), 2, False), (1, 0, 1, Fraction(1, 2), 2, True)]
    model = RationalModel(MDP.from_rows(rows, n_states=2, n_actions=2))
    window = Window(model, PolicyGraph(model, np.array([0, 2])), 0.75, 0.125)
    assert window.slopes(np.array([1]), window.lower, window.upper).tolist() == [1]


@given(mdps(ends=True))
@settings(deadline=None, derandomize=True, max_examples=80)
def test_signs_at_one_are_those_of_an_exact_solve(mdp: MDP) -> None:
    """Every policy ends, so the advantages at gamma = 1 are known: <= 0 or not."""
    model = RationalModel(mdp)
    policy = last_pairs(model)
    pairs = np.arange(model.n_pairs)
    exact = advantages(model, policy.tolist(), Fraction(1))
    found = not_positive_at_one(PolicyGraph(model, policy), pairs, Deadline())
    assert found.tolist() == [a <= 0 for a in exact]


@pytest.mark.parametrize("delay", [1, 2, 4])
def test_no_more_powers_of_gamma_are_divided_out_than_there_are(delay: int) -> None:
    """1 after so many steps against 9 one step later: g^d - 9 g^(d + 1) > 0 for g < 1/9."""
    rows: list[Row] = []
    for action, (first, length, reward) in enumerate(((1, delay, 1), (9, delay + 1, 9))):
        path = [0, *range(first, first + length)]
        moves = enumerate(itertools.pairwise(path))
        rows += [(s, action if k == 0 else 0, t, Fraction(1), 0, False) for k, (s, t) in moves]
        rows.append((path[-1], 0, 0, Fraction(1), reward, True))
    model = RationalModel(MDP.from_rows(rows, n_states=15, n_actions=2))
    window = FirstWindow(model, PolicyGraph(model, last_pairs(model)), 0.5)
    above = [Fraction(1, 9) > low for low in window.edges[:-1]]
    assert window.suspect[0].tolist() == above


def test_a_probability_that_doubles_do_not_hold_proves_nothing() -> None:
    """2 p at once and -1 with probability p = 2^-1074: 2 p - g p > 0, beside a state worth 0."""
    rare = Fraction(2) ** -1074
    rows: list[Row] = [(0, 0, 1, rare, 2 * rare, False), (0, 0, 0, 1 - rare, 2 * rare, True)]
    rows += [(0, 1, 0, Fraction(1), 0, True), (1, 0, 1, Fraction(1), -1, True)]
    model = RationalModel(MDP.from_rows(rows, n_states=2, n_actions=2))
    for centre, half in ((0.0, 0.5), (0.75, 0.03125)):
        window = window_at(model, np.array([1, 2]), centre, half)
        assert window.suspect[0].all()


def test_windows_of_many_states_reach_one() -> None:
    """On the rainy taxi the last of 20 terms leaves 1e-60 over beside a goal, 1e-10 elsewhere.

    Factors that swap rows would lose the one beside the other, and no bound could be shown.
    """
    taxi = MDP.from_env(gym.make(TAXI, is_rainy=True))
    model = RationalModel(taxi)
    graph = PolicyGraph(model, proposed_policy(model, 0.985))
    window = Window(model, graph, 1 - 2.0**-7, 2.0**-7, terms=20)
    assert window.upper == 1
    assert (~window.suspect).mean() > 3 / 4  # all but the policy's own pairs, 500 of 2,312


@pytest.mark.parametrize("centre", [0.0, 0.5])
def test_every_solve_looks_at_the_time_limit(
    centre: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a new window, and of each policy that it takes over: none is solved to the end.

    Up to `DENSE` states take no time.
    """
    model = RationalModel(garnet(DENSE + 1, 0))
    graph, late, looks = PolicyGraph(model, last_pairs(model)), False, 0

    def check(self: Deadline) -> None:
        nonlocal looks
        looks += 1
        if late:
            raise self.exceeded()

    monkeypatch.setattr(Deadline, "check", check)
    limit = Deadline(10**9)

    def window() -> Window:
        if centre:
            return Window(model, graph, centre, 2.0**-5, deadline=limit)
        return FirstWindow(model, graph, 2.0**-5, deadline=limit)

    known = window()
    assert looks >= known.terms  # one for each of them
    changed = PolicyGraph(model, model.first[:-1].copy(), graph)
    late = True
    for begun in (
        window,
        lambda: known.update(changed, changed.affected, model.touching(changed.affected)),
    ):
        with pytest.raises(BudgetExceeded):
            begun()
