"""Exact advantages along lines of rewards, from floats that are refined, against exact solves."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from flint import fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import GAMMAS, advantages, at, random_line
from scipy import sparse

from qdecay import MDP, ModelLine
from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.enclosed import EnclosedNumber
from qdecay.exact.solver import reward_series
from qdecay.exact.solver.axis import NoBound
from qdecay.exact.solver.line_axis import LineAxis
from qdecay.exact.solver.line_series import LineSeries
from qdecay.exact.solver.rational_line import RationalLine
from qdecay.exact.solver.refinement import Refinement
from qdecay.exact.solver.reward_series import RewardSeries, simplest
from qdecay.exact.solver.walk import Walk


def sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)


def mirrored_line(seed: int) -> ModelLine:
    """Two copies of each state; the moves to one are shared among both, otherwise per action."""
    random = Random(seed)
    n, rows = random.randint(2, 4), ([], [])
    for s in range(n):
        reward = [Fraction(random.randint(-3, 3)) for _ in range(2)]
        moves = [(random.randrange(n), Fraction(k, 6)) for k in (1, 2, 3)]
        for copy, a in itertools.product(range(2), range(3)):
            changed = a == 2 and random.random() < 0.3
            ends = a == 2 and random.random() < 0.5  # after one move of three
            for t, chance in moves:
                part = Fraction(random.randint(0, 3), 3)
                split = [(t, chance * part), (t + n, chance * (1 - part))]
                for (u, p), (end, r) in itertools.product(split, zip(rows, reward, strict=True)):
                    if p:
                        end.append(
                            (s + copy * n, a, u, p, r + changed, ends and (t, chance) == moves[0])
                        )
    return ModelLine(*(MDP.from_rows(end, n_states=2 * n, n_actions=3) for end in rows))


@pytest.mark.parametrize("gamma", [Fraction(0), *GAMMAS[:-1], 1 - Fraction(1, 10**6)])
def test_all_that_is_said_of_a_pair_is_that_of_exact_solves(gamma: Fraction) -> None:
    """Numerators, ties and signs at both ends, of 12 lines, half of them full of ties."""
    ties = roots = 0
    for seed in range(12):
        made = mirrored_line(seed) if seed % 2 else random_line(seed, moves=False)
        line = RationalLine(made)
        policy = line.skeleton.first[:-1].copy()
        series = RewardSeries(line, policy, gamma, Deadline())
        other = LineSeries(line, policy, gamma, Deadline())
        points = [Fraction(k, 8) for k in (1, 4, 7, 8)]
        exact = [advantages(line, policy.tolist(), gamma, x) for x in points]
        zero = series.identically_zero(np.arange(line.skeleton.n_pairs)).tolist()
        for pair in range(line.skeleton.n_pairs):
            values = [row[pair] for row in exact]
            numerator = series.numerator(pair)
            assert [sign(at(numerator, x)) for x in points[:3]] == [sign(a) for a in values[:3]]
            assert zero[pair] == (not any(values)) == (not numerator)
            assert series.sign_at(pair, 1) == sign(values[-1])
            assert series.sign_at(pair, 0) == sign(8 * values[0] - values[3])  # on a straight line
            assert not series._alike.same(pair) or zero[pair]
            if numerator.degree() == 1:
                assert numerator == other.numerator(pair)
            ties += series._alike.same(pair)
            roots += numerator.degree() == 1
    assert ties > 30
    assert roots > 5


def test_where_floats_do_not_help_residues_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event of a line is the same if no digit can be found."""
    line, gamma = RationalLine(random_line(4, moves=False)), Fraction(9, 10)

    def events() -> list[object]:
        return [(event.x, event.at.tolist()) for event in Walk(LineAxis(line, gamma)).run()]

    expected = events()

    def fail(*arguments):
        raise NoBound

    monkeypatch.setattr(reward_series, "Refinement", fail)
    assert events() == expected
    assert expected


def test_without_fractions_the_events_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points known by enclosures lie where the exact ones are, with the same sets."""
    met = 0
    for seed in range(12):
        line = RationalLine(random_line(seed, moves=False))
        exact = list(Walk(LineAxis(line, Fraction(9, 10))).run())
        with monkeypatch.context() as patched:
            patched.setattr(reward_series, "LONGEST", 0)
            found = list(Walk(LineAxis(line, Fraction(9, 10))).run())
        assert [event.at.tolist() for event in found] == [event.at.tolist() for event in exact]
        for one, two in zip(found, exact, strict=True):
            lower, upper = one.x.enclosure(150)
            assert lower <= two.x.lower <= upper
            assert (upper - lower) * 2**150 <= 1
            assert isinstance(one.x, EnclosedNumber)
        met += len(found)
    assert met > 5


def test_pairs_that_are_alike_share_their_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two copies of a state, seen as such in the graph: their points are one."""
    rows = [
        (s, a, t, Fraction(1, 2), r, False)
        for s in (0, 1)
        for a, r in ((0, 1), (1, 2 if s < 2 else 0))
        for t in ((0, 2) if a == 0 else (1, 2))
    ]
    low, high = (
        MDP.from_rows([*rows, (2, 0, 2, 1, reward, True)], n_states=3, n_actions=2)
        for reward in (-1, 1)
    )
    line = RationalLine(ModelLine(low, high))
    monkeypatch.setattr(reward_series, "LONGEST", 0)
    policy = np.array([0, 2, 4])
    series = RewardSeries(line, policy, Fraction(1, 2), Deadline())
    assert series.alike(1, 3)
    assert series.alike(0, 2)
    assert not series.alike(0, 1)


@pytest.mark.parametrize("largest", [9, 10**6, 10**15])
def test_every_enclosure_contains_the_solution(largest: int) -> None:
    """A y = b for random integer rows, to 50, 400 and 1,000 binary places."""
    random = Random(largest)
    for n in (1, 3, 12):
        unit = random.randint(20, 1000)
        a = np.zeros((n, n), dtype=np.int64)
        for s in range(n):
            for _ in range(2):
                a[s, random.randrange(n)] -= random.randint(0, (unit - 1) // 2)
            a[s, s] += unit
        b = np.array([[random.randint(-largest, largest) for _ in range(2)] for _ in range(n)])
        slack = int((unit - np.abs(a - unit * np.eye(n, dtype=np.int64)).sum(axis=1)).min())
        refined = Refinement(sparse.csr_matrix(a), b, unit, slack)
        x = fmpq_mat(n, n, a.ravel().tolist()).solve(fmpq_mat(n, 2, b.ravel().tolist()))
        for bits, column, i in itertools.product((50, 400, 1000), range(2), range(n)):
            low, high, known = refined.combination(np.array([i]), np.array([3]), column, bits)
            exact = Fraction(int(x[i, column].p), int(x[i, column].q)) * 3
            assert Fraction(low, 2**known) <= exact <= Fraction(high, 2**known)
            assert (high - low) * 2**bits <= 2**known * 2**24
            assert known < bits + 62


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.fractions(-9, 9, max_denominator=60), st.fractions(0, 2, max_denominator=90))
def test_the_simplest_fraction_is_that_of_a_search(lower: Fraction, width: Fraction) -> None:
    """Denominators one after the other."""
    found = simplest(lower, lower + width)
    assert lower <= found <= lower + width
    for d in range(1, found.denominator):
        assert -(-lower * d // 1) > (lower + width) * d
