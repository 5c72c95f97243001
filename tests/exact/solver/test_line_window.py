"""What floats conclude along a model line, against exact solves at points of it."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from lines import GAMMAS, advantages, at, random_line

from qdecay._support.deadline import Deadline
from qdecay.exact.solver import line_axis
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.expansion import LineFloats
from qdecay.exact.solver.line_axis import EndlessGain, LineAxis
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.walk import Walk
from qdecay.exact.solver.window import Window


@pytest.mark.parametrize(
    ("gamma", "terms"), [*((gamma, 14) for gamma in GAMMAS), (GAMMAS[0], 1), (GAMMAS[1], 2)]
)
@pytest.mark.slow
def test_what_floats_claim_is_true_at_points_of_the_line(gamma: Fraction, terms: int) -> None:
    """Signs and slopes at the edges of boxes, also after one state changes its mind.

    With few terms the bound of all others matters.
    """
    claimed = 0
    for seed in range(10):
        line = RationalLine(random_line(seed, moves=seed % 4 > 0, ends=True))
        model = line.skeleton
        floats = LineFloats(line, gamma)
        first, last = model.first[:-1].copy(), model.first[1:] - 1
        changed = first.copy()
        changed[seed % model.n] = last[seed % model.n]
        for centre, half in ((0.5, 0.5), (0.25, 0.125), (0.96875, 0.03125)):
            graph = PolicyGraph(model, first)
            try:
                window = Window(model, graph, centre, half, line=floats, terms=terms)
            except NoBound:
                continue
            claimed += check(window, line, gamma, first)
            graph = PolicyGraph(model, changed, graph)
            try:
                window.update(graph, graph.affected, model.touching(graph.affected))
            except NoBound:
                continue
            claimed += check(window, line, gamma, changed)
    assert claimed > 500  # of about 10,000 boxes, half of which are positive


def check(window: Window, line: RationalLine, gamma: Fraction, policy: np.ndarray) -> int:
    """Compare all that is claimed with exact values; return how many boxes are claimed."""
    pairs, edges = np.arange(line.skeleton.n_pairs), window.edges[::3]
    inside = [x for x in edges if x > 0]
    values = [advantages(line, policy.tolist(), gamma, x) for x in inside]
    exact = dict(zip(inside, np.array(values), strict=True))
    for low, high in itertools.pairwise(inside):
        both = np.array([exact[low], exact[high]])
        place = window.edges.index(low)
        assert (both[:, ~window.suspect[:, place : place + 3].any(axis=1)] < 0).all()
        assert (both[:, ~window.suspects_on(pairs, low, high)] < 0).all()
        for pair in pairs[:4].tolist():
            assert not window.negative_on(pair, low, high) or (both[:, pair] < 0).all()
        slopes = window.slopes(pairs, low, high)
        assert ((both[1] - both[0]) * slopes > 0)[slopes != 0].all()
    return int((~window.suspect).sum())


@pytest.mark.parametrize("gamma", GAMMAS)
def test_with_and_without_windows_the_events_are_the_same(gamma: Fraction) -> None:
    """Every point, and every set left of it, at it and right of it, on 10 lines."""
    met = 0
    for seed in range(10):
        line = RationalLine(random_line(seed, moves=seed % 3 > 0, ends=gamma == 1))
        found = []
        for use_floats in (True, False):
            try:
                walk = Walk(LineAxis(line, gamma, use_floats=use_floats), Deadline())
                found.append([(e.x, e.left.tolist(), e.at.tolist()) for e in walk.run()])
            except EndlessGain:
                found.append([])
        assert found[0] == found[1]
        met += len(found[0])
    assert met > 5


def test_where_floats_prove_nothing_the_events_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows of floats that fail everywhere leave all to exact arithmetic, a quarter at a time."""
    line, gamma = RationalLine(random_line(1)), Fraction(9, 10)
    expected = [(event.x, event.at.tolist()) for event in Walk(LineAxis(line, gamma)).run()]

    def fail(*arguments, **options):
        raise NoBound

    monkeypatch.setattr(line_axis, "Window", fail)
    axis = LineAxis(line, gamma, use_floats=True)
    assert [(event.x, event.at.tolist()) for event in Walk(axis).run()] == expected
    assert len(expected) > 0


@pytest.mark.parametrize("gamma", GAMMAS[:-1])
def test_numerators_over_denominators_are_the_advantages(gamma: Fraction) -> None:
    """N / D, times a positive number, at three points, for every pair of 15 lines."""
    for seed in range(15):
        line = RationalLine(random_line(seed, moves=seed % 4 > 0))
        policy = line.skeleton.first[:-1].copy()
        series = LineSeries(line, policy, gamma, Deadline())
        ratios: dict[int, set[Fraction]] = {}
        for x in (Fraction(1, 7), Fraction(1, 2), Fraction(1)):
            exact = advantages(line, policy.tolist(), gamma, x)
            for pair, advantage in enumerate(exact):
                parts = series.reached(pair)
                known = series.residues(parts)
                top, bottom = known.numerator(pair, parts), known.denominator(parts)
                assert bool(advantage) == bool(at(top, x))
                if advantage:
                    ratios.setdefault(pair, set()).add(at(top, x) / at(bottom, x) / advantage)
                assert known.is_zero(pair, parts) == (not top)
                assert (at(series.numerator(pair), x) > 0) == (advantage > 0)
        assert all(len(found) == 1 and min(found) > 0 for found in ratios.values())


def test_signs_at_the_high_end_are_those_of_an_exact_solve() -> None:
    """Advantages <= 0 there or not, of 15 lines, most with probabilities that move."""
    found = []
    for seed in range(15):
        line = RationalLine(random_line(seed, moves=seed % 4 > 0))
        policy, pairs = line.skeleton.first[:-1].copy(), np.arange(line.skeleton.n_pairs)
        axis, graph = LineAxis(line, Fraction(9, 10)), PolicyGraph(line.skeleton, policy)
        exact = advantages(line, policy.tolist(), Fraction(9, 10), Fraction(1))
        found += axis.not_positive_at_one(graph, pairs, Deadline()).tolist()
        assert found[-len(exact) :] == [a <= 0 for a in exact]
    assert len(set(found)) == 2
