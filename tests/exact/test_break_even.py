"""Break-even gammas: hand-solved fractions, brute force, and the exact regions of the MDP."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from models import layouts

from qdecay import MDP, break_even, break_even_gamma, break_even_reward
from qdecay.exact.break_even import stream_value
from qdecay_envs import ChainLayout

HOMEWORK = [
    (dict(stay=[1], move=[0, 0, 4]), sympy.Rational(1, 2)),
    (dict(left=[0, 1], right=[0, 0, 3]), sympy.Rational(1, 3)),
    (dict(stay=[1], move=[0, 0, 0, 6]), 6 ** sympy.Rational(-1, 3)),
    (dict(stay=[1], move=[0] * 99 + [110]), 110 ** sympy.Rational(-1, 99)),
]


@pytest.mark.parametrize("ending", ["terminate", "absorb"])
@pytest.mark.parametrize(("streams", "gamma"), HOMEWORK)
def test_the_homework(streams: dict, gamma: sympy.Expr, ending) -> None:
    """The four answers in closed form; paying the last reward for ever moves none of them."""
    assert break_even(ChainLayout.choice(**streams, ending=ending)).gammas == (gamma,)


# Multiplied out by hand from S_near (1 - g^m) = S_far (1 - g^n), without the factor 1 - g.
REPEATED = [
    (HOMEWORK[0][0], [-1, -1, 3]),  # 1 + g + g^2 = 4 g^2
    (HOMEWORK[1][0], [-1, 2, 2]),  # g (1 + g + g^2) = 3 g^2 (1 + g)
    (HOMEWORK[2][0], [-1, -1, -1, 5]),  # 1 + g + g^2 + g^3 = 6 g^3
    (HOMEWORK[3][0], [-1] * 99 + [109]),  # 1 + g + ... + g^99 = 110 g^99
]


@pytest.mark.parametrize(("streams", "polynomial"), REPEATED)
def test_repeating_moves_the_homework(streams: dict, polynomial: list[int]) -> None:
    """The repeated choice breaks even at the one root in (0, 1) of the equation by hand."""
    (root,) = break_even(ChainLayout.choice(**streams, ending="repeat")).roots
    assert root.sign_of(polynomial) == 0
    assert 0 < root < 1


HAND_SOLVED = [
    # 2 = 3 g
    (ChainLayout.choice(a=[2], b=[0, 3]), [Fraction(2, 3)]),
    # 6 g^2 - 5 g + 1 = (2 g - 1)(3 g - 1)
    (ChainLayout.choice(a=[0, 5], b=[1, 0, 6]), [Fraction(1, 3), Fraction(1, 2)]),
    # 1/2 = 8 g^4: g = 1/2
    (ChainLayout.choice(a=["1/2"], b=[0, 0, 0, 0, 8]), [Fraction(1, 2)]),
    # absorb: 1 + g/(1-g) = 1/(1-g) against g * 2/(1-g)
    (ChainLayout.choice(a=[1], b=[0, 2], ending="absorb"), [Fraction(1, 2)]),
    # repeat: 1/(1-g) against 3 g / (1-g^2): 1 + g = 3 g
    (ChainLayout.choice(a=[1], b=[0, 3], ending="repeat"), [Fraction(1, 2)]),
    # three branches: 1, 2g and 4g^2 all meet at 1/2; 2g is never alone
    (ChainLayout.choice(a=[1], b=[0, 2], c=[0, 0, 4]), [Fraction(1, 2)]),
    # three branches: 1 = 2g at 1/2 is the best pair, 2g = 3g^2 at 2/3; 1 = 3g^2 is beaten
    (ChainLayout.choice(a=[1], b=[0, 2], c=[0, 0, 3]), [Fraction(1, 2), Fraction(2, 3)]),
]


@pytest.mark.parametrize(("layout", "gammas"), HAND_SOLVED)
def test_hand_solved(layout: ChainLayout, gammas: list[Fraction]) -> None:
    """Equations small enough to solve on paper."""
    assert list(break_even(layout).roots) == gammas


def test_a_touch_switches_nothing() -> None:
    """(2g - 1)^2 = 1 - 4g + 4g^2: level at 1/2 only, and the same branch is best on both sides."""
    result = break_even(ChainLayout.choice(a=[1, 0, 4], b=[0, 4]))
    assert list(result.roots) == [Fraction(1, 2)]
    assert result.switches == (False,)
    assert result.best == ({0}, {0})


def test_streams_that_never_or_always_tie() -> None:
    """No break-even gamma, and the two cases are distinguished."""
    never = break_even(ChainLayout.choice(a=[2], b=[0, 1]))
    always = break_even(ChainLayout.choice(a=[0, 1], b=[0, 1, 0]))
    assert (never.gammas, never.always_tied, never.best) == ((), False, ({0},))
    assert (always.gammas, always.always_tied, always.best) == ((), True, ({0, 1},))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(layouts())
def test_the_best_branches_by_brute_force(layout: ChainLayout) -> None:
    """On a grid of rational gammas the best branches are those of the interval they lie in."""
    result = break_even(layout)
    for gamma in [Fraction(i, 97) for i in range(1, 97)]:
        values = [stream_value(s, gamma, layout.ending) for _, s in layout.branches]
        best = {i for i, v in enumerate(values) if v == max(values)}
        if not any(root == gamma for root in result.roots):
            assert best == result.best[sum(root < gamma for root in result.roots)]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(layouts(max_branches=2))
def test_roots_by_another_program(layout: ChainLayout) -> None:
    """numpy's companion matrix finds each root, and mpmath confirms it to 30 digits."""
    g = sympy.Symbol("g")
    near, far = (value_in(g, stream, layout.ending) for _, stream in layout.branches)
    numerator = sympy.numer(sympy.cancel(far - near))
    if numerator.is_number:
        assert break_even(layout).roots == ()
        return
    polynomial = sympy.Poly(numerator, g)
    found = np.roots([float(c) for c in polynomial.all_coeffs()])
    for root in break_even(layout).roots:
        assert np.abs(found - float(root)).min() < 1e-4  # a multiple root is that uncertain
        with mpmath.workdps(40):
            value = mpmath.polyval(polynomial.all_coeffs(), mpmath.mpf(root.decimal(40)))
            assert abs(value) < mpmath.mpf(10) ** -30


def value_in(g: sympy.Symbol, stream, ending: str) -> sympy.Expr:
    """A stream's value as a sympy expression, by its definition."""
    total = sum(sympy.Rational(r) * g**k for k, r in enumerate(stream))
    if ending == "repeat":
        return total / (1 - g ** len(stream))
    if ending == "absorb":
        return total + sympy.Rational(stream[-1]) * g ** len(stream) / (1 - g)
    return total


@pytest.mark.parametrize("length", [1001, pytest.param(5000, marks=pytest.mark.slow)])
def test_long_streams_are_quick(length: int) -> None:
    """One reward 3 at a long delay: (1/3)^(1/(length - 1)), exactly."""
    result = break_even(ChainLayout.choice(stay=[1], move=[0] * (length - 1) + [3]))
    assert result.roots[0].closed_form() == f"3^(-1/{length - 1})"


def test_the_law_of_one_choice_in_symbols() -> None:
    """(r/R)^(1/(n-m)), and with numbers the homework."""
    r, big, m, n = sympy.symbols("r R m n", positive=True)
    assert break_even_gamma(r, m, big, n) == (r / big) ** (1 / (n - m))
    assert break_even_gamma(1, 0, 6, 3) == 6 ** sympy.Rational(-1, 3)
    assert break_even_gamma("1/2", 1, 2, 3) == sympy.Rational(1, 2)


def test_the_far_reward_that_ties() -> None:
    """Homework A backwards: R = 4 at 1/2, in symbols g^-2, and repeated 1 + 1/g + 1/g^2."""
    reward, g = sympy.symbols("R g")
    assert break_even_reward([1], [0, 0, reward], reward, "1/2") == 4
    assert break_even_reward([1], [0, 0, reward], reward, g) == g**-2
    repeated = break_even_reward([1], [0, 0, reward], reward, g, ending="repeat")
    assert sympy.simplify(repeated - (1 + 1 / g + 1 / g**2)) == 0


R = sympy.Symbol("R")
BAD = [
    (lambda: break_even_gamma(0.5, 0, 1, 2), TypeError, "near_reward must be exact"),
    (lambda: break_even_gamma(2, 0, 1, 2), ValueError, "far_reward must be > near_reward = 2"),
    (lambda: break_even_gamma(1, 2, 2, 2), ValueError, "far_delay must be > near_delay = 2"),
    (lambda: break_even_gamma(1, -1, 2, 2), ValueError, "near_delay must be >= 0"),
    (lambda: break_even_gamma(0, 0, 2, 2), ValueError, "near_reward must be > 0"),
    (lambda: break_even_gamma(sympy.Float(0.5), 0, 2, 2), TypeError, "must be exact"),
    (lambda: break_even_reward([1], [0], R, "1/2"), ValueError, "no value of R"),
    (lambda: break_even_reward([1], [R**2], R, "1/2"), ValueError, "linear in R"),
    (lambda: break_even_reward([], [R], R, "1/2"), ValueError, "near stream has no reward"),
    (lambda: break_even_reward([1], [R], R, 1), ValueError, "gamma must be in"),
    (lambda: break_even_reward([1], [R], R, 0.5), TypeError, "gamma must be exact"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_formulas_are_refused(call, error: type[Exception], message: str) -> None:
    """Floats and numbers out of range are named."""
    with pytest.raises(error, match=message):
        call()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(layouts(max_length=4))
def test_streams_and_policy_regions_agree(layout: ChainLayout) -> None:
    """The algebra of two streams and the regions of the chain's MDP share no equation."""
    from_streams, from_model = break_even(layout), break_even(MDP.from_layout(layout))
    assert from_streams.roots == from_model.roots
    assert from_streams.switches == from_model.switches
    assert from_streams.best == from_model.best


def test_escaping_and_slipping_chains() -> None:
    """Slip 3/4 swaps the two choices; with escape and slip s, moving pays 4 g^2 (1-s)^2 at most.

    By hand for C = stay 1, move 0, 4 with slip 1/4 and escape (terminating): let v be the
    start's value. In the corridor g succeeds with 3/4 and falls back to the start with 1/4, so
    moving is worth w = 3/4 g (3 + g v / 4) + 1/4 and staying 3/4 + 1/4 g (3 + g v / 4); they tie
    where both are 1, that is 1 = g (3 + g / 4), or g^2 + 12 g - 4 = 0.
    """
    layout = ChainLayout.choice(stay=[1], move=[0, 4])
    swapped = break_even(MDP.from_layout(layout, slip="3/4"))
    assert list(swapped.roots) == [Fraction(1, 4)]
    assert swapped.best == ({1}, {0})
    escaping = break_even(MDP.from_layout(layout, slip="1/4", escape=True))
    assert [root.coefficients for root in escaping.roots] == [(-4, 12, 1)]
