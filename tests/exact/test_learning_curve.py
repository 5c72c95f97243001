"""Exact learning curves: against Q-learning in rational arithmetic, and binomial tails."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import rewards

from qdecay.exact.learning_curve import learning_curve, walks_until
from qdecay_envs import ChainLayout
from qdecay_envs.chain import ChainEnv


def rational_q_learning(layout: ChainLayout, alpha, walks: int, gamma: Fraction) -> list[Fraction]:
    """Q(start, .) after forced walks, by the textbook update in fractions on the exact table."""
    env = ChainEnv(layout)
    q = [[Fraction(0)] * len(layout.branches) for _ in range(layout.n_states)]
    for branch in range(len(layout.branches)):
        for walk in range(1, walks + 1):
            state, done = env.start, False
            while not done:
                ((_, after, reward, done),) = env.P_exact[state][branch]
                target = reward + (0 if done else gamma * max(q[after]))
                q[state][branch] += alpha(walk) * (target - q[state][branch])
                if state != env.start:  # both actions do the same there, and are learned alike
                    q[state] = [q[state][branch]] * len(q[state])
                state = after
    return q[env.start]


SCHEDULES = {
    "1/3": lambda i: Fraction(1, 3),
    "1/i": lambda i: Fraction(1, i),
    "1": lambda i: Fraction(1),
    "2/(i+2)": lambda i: Fraction(2, i + 2),
}
streams = st.lists(rewards, min_size=1, max_size=4)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    near=streams,
    far=streams,
    alpha=st.sampled_from(sorted(SCHEDULES)),
    walks=st.integers(0, 6),
    gamma=st.fractions(0, 1, max_denominator=9),
)
def test_the_curve_is_what_q_learning_knows(near, far, alpha, walks, gamma) -> None:
    """Forced walks in rational arithmetic give the same numbers, without tolerance."""
    layout = ChainLayout.choice(near=near, far=far)
    curve = learning_curve(layout, SCHEDULES[alpha], walks)
    learnt = rational_q_learning(layout, SCHEDULES[alpha], walks, gamma)
    assert [curve.value(branch, gamma) for branch in (0, 1)] == learnt


def test_constant_step_sizes_give_binomial_tails() -> None:
    """B_k(d) = sum over j > d of C(k, j) a^j (1-a)^(k-j)."""
    a, k = Fraction(1, 10), 30
    (_, arrived) = learning_curve(ChainLayout.choice(x=[1], y=[0] * 5 + [1]), a, k).arrived
    for d, share in enumerate(arrived):
        tail = sum(math.comb(k, j) * a**j * (1 - a) ** (k - j) for j in range(d + 1, k + 1))
        assert share == tail


def test_an_under_trained_learner_flips_later() -> None:
    """gamma_k = gamma* (B_k(m)/B_k(n))^(1/(n-m)), exactly, and the learner flips there."""
    layout = ChainLayout.choice(stay=[1], move=[0, 0, 4])
    curve = learning_curve(layout, "1/2", 10)
    (root,) = curve.break_even().roots
    ratio = curve.arrived[0][0] / curve.arrived[1][2]
    # gamma_k^2 = ratio / 4
    assert root.sign_of([-ratio.numerator, 0, 4 * ratio.denominator]) == 0
    assert root > Fraction(1, 2)
    below, above = root.enclosure(40)
    for gamma, moves in ((below - Fraction(1, 10**9), False), (above + Fraction(1, 10**9), True)):
        stay, move = rational_q_learning(layout, lambda i: Fraction(1, 2), 10, gamma)
        assert (move > stay) == moves


@pytest.mark.parametrize("alpha", sorted(SCHEDULES))
@pytest.mark.parametrize("walks", [3, 7])
def test_the_learner_is_level_exactly_where_it_is_predicted_to_flip(alpha, walks) -> None:
    """Delays one step apart have a rational gamma_k = (r/R) B_k(m)/B_k(n): no tolerance there."""
    layout = ChainLayout.choice(near=[0, 1], far=[0, 0, 9])
    curve = learning_curve(layout, SCHEDULES[alpha], walks)
    gamma_k = Fraction(1, 9) * curve.arrived[0][1] / curve.arrived[1][2]
    assert [Fraction(*map(int, g.as_numer_denom())) for g in curve.break_even().gammas] == [gamma_k]
    tiny = Fraction(1, 10**30)
    for gamma, moves in ((gamma_k - tiny, -1), (gamma_k, 0), (gamma_k + tiny, 1)):
        near, far = rational_q_learning(layout, SCHEDULES[alpha], walks, gamma)
        assert (far > near) - (far < near) == moves


@pytest.mark.parametrize(
    ("exponent", "expected"), [(1, [7, 57, 430, 3199]), ("0.77", [5, 17, 44, 96])]
)
def test_linear_against_polynomial_step_sizes(exponent, expected: list[int]) -> None:
    """Episodes to half value at d = 2, 4, 6, 8, as simulated by the recursion in floats."""

    def by_recursion(distance: int) -> int:
        q, k = [0.0] * (distance + 1), 0
        while q[distance] < 0.5:
            k += 1
            a = k ** -float(exponent)
            q = [(1 - a) * q[0] + a] + [
                (1 - a) * q[d] + a * q[d - 1] for d in range(1, distance + 1)
            ]
        return k

    counts = [walks_until("1/2", d, exponent) for d in (2, 4, 6, 8)]
    assert counts == expected
    assert counts == [by_recursion(d) for d in (2, 4, 6, 8)]


LAYOUT = ChainLayout.choice(stay=[1], move=[0, 4])
BAD = [
    (lambda: learning_curve(LAYOUT, 0.5, 3), TypeError, "alpha must be exact"),
    (lambda: learning_curve(LAYOUT, "3/2", 3), ValueError, "alpha must be in"),
    (lambda: learning_curve(LAYOUT, "1/2", -1), ValueError, "walks must be >= 0"),
    (lambda: learning_curve(LAYOUT, "1/2", [1, 2, 3]), ValueError, "walks must be"),
    (
        lambda: learning_curve(ChainLayout.choice(ending="repeat", a=[1], b=[2]), "1/2", 3),
        ValueError,
        'must be "terminate"',
    ),
    (lambda: walks_until(1, 2), ValueError, "share must be"),
    (lambda: walks_until("1/2", -1), ValueError, "distance must be"),
    (lambda: walks_until("1/2", 2, 2), ValueError, "exponent must be"),
    (lambda: walks_until("1/2", 8, 1, max_walks=10), ValueError, "10 walks bring less"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_arguments_are_refused(call, error: type[Exception], message: str) -> None:
    """Every argument out of range is named."""
    with pytest.raises(error, match=message):
        call()


def test_a_share_that_is_met_exactly_is_reached() -> None:
    """With alpha = 1/i, after k walks 1 - 1/k has come back one step: no ball decides a tie."""
    assert [walks_until(Fraction(k - 1, k), 1) for k in (2, 3, 100)] == [2, 3, 100]
    assert walks_until("1/2", 3, exponent=0) == 4
