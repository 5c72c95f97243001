"""The laws of the suite's break-even gammas, from algebra, the exact solver and planning.

Each law is proven on three routes: the polynomial of the module's docstring has the breakpoints of
the exact solver as roots, value iteration prefers different actions on the two sides, and where a
paper or a program states a number, that number comes out.
"""

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdecay import MDP, value_iteration
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_roots
from qdecay.exact.break_even import break_even
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay_envs import (
    CombinationLockEnv,
    ConstantOrSparseEnv,
    DeepSeaEnv,
    DelayMenuEnv,
    DiscountingChainEnv,
    NChainEnv,
    RiverSwimEnv,
    TabularEnv,
    TwoStreamsEnv,
)
from qdecay_envs.delay_menu import menu_with_break_evens

Polynomial = list[Fraction]
# Steps that all cost the same have one best way at any gamma, and nobody dares the bridge.
ALIKE = {f"qdecay/{name}Grid-v0" for name in ("Windy", "Cliff", "Corners", "Bridge")}
BARE = ("qdecay/Chain-v0", "qdecay/GridWorld-v0")  # which require arguments
IDS = sorted(name for name in gym.registry if "qdecay/" in name and name not in BARE)
ONE = Fraction(1)


def plus(*polynomials: Sequence[Fraction | int]) -> Polynomial:
    """Return the sum, constant term first."""
    return [
        sum((Fraction(c) for c in column), Fraction(0))
        for column in itertools.zip_longest(*polynomials, fillvalue=0)
    ]


def times(left: Sequence[Fraction | int], right: Sequence[Fraction | int]) -> Polynomial:
    """Return the product."""
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += Fraction(a) * b
    return product


def monomial(degree: int, factor: Fraction | int = 1) -> Polynomial:
    """Return factor * gamma**degree."""
    return [*[Fraction(0)] * degree, Fraction(factor)]


def roots(polynomial: Sequence[Fraction]) -> list[AlgebraicNumber]:
    """Return the roots in (0, 1) of a polynomial with rational coefficients."""
    scale = np.lcm.reduce([1, *(int(c.denominator) for c in polynomial)], dtype=object)
    return isolate_roots([int(c * scale) for c in polynomial])


def regions(env: gym.Env[Any, Any]) -> PolicyRegions:
    """Return the exact policy regions."""
    return policy_regions(MDP.from_env(env))


def of_state(found: PolicyRegions, state: int) -> list[AlgebraicNumber]:
    """Return the breakpoints at which a state's optimal actions change."""
    return [b.gamma for b in found.breakpoints if state in b.changes]


def changes_by_planning(env: gym.Env[Any, Any], state: int, gamma: AlgebraicNumber) -> bool:
    """Whether value iteration's best action differs on the two sides of gamma."""
    mdp = MDP.from_env(env)
    sides = (value_iteration(mdp, float(gamma) + d, tol=1e-12) for d in (-1e-5, 1e-5))
    left, right = (side.q[state].argmax() for side in sides)
    return bool(left != right)


def nchain_law(env: NChainEnv, state: int) -> Polynomial:
    """(1 + y + .. + y**i) * large * x**(n-1-i) - small."""
    falls = [env.slip**j for j in range(state + 1)]
    climb = env.n - 1 - state
    return plus(times(falls, monomial(climb, env.large * (1 - env.slip) ** climb)), [-env.small])


def river_law(env: RiverSwimEnv, state: int) -> Polynomial:
    """The right bank's equation, after the recurrence from the drifting states; times powers.

    V(k) is kept as a pair of polynomials, numerator over gamma**d, all times (1 - gamma).
    """
    current = env.current
    values = [monomial(k, env.small) for k in range(state + 1)]
    scale = 0  # values are over gamma**scale
    for k in range(state, env.n - 1):
        back, on = (current.back, current.on) if k else (Fraction(0), current.on_at_left)
        before = values[k - 1] if k else [Fraction(0)]
        stay = 1 - back - on
        # V(k+1) = ((1 - gamma stay) V(k) - gamma back V(k-1)) / (gamma on)
        following = plus(times([1, -stay], values[k]), times([0, -back], before))
        values = [times([0, 1], value) for value in values]
        values.append([c / on for c in following])
        scale += 1
    back = current.back_at_right
    pay = env.large * (1 if current.swept_pays else 1 - back)
    bank = plus(times([1, -(1 - back)], values[-1]), times([0, -back], values[-2]))
    return plus(bank, times(monomial(scale, -pay), [1, -1]))


def sea_law(env: DeepSeaEnv, row_number: int) -> Polynomial:
    """x**m (1 - x) - c (1 - x**(m+1))."""
    m, cost = env.size - 1 - row_number, env.move_cost / env.size
    q = 1 - Fraction(int(env.stochastic), env.size)
    return plus(monomial(m, q**m), monomial(m + 1, -(q ** (m + 1)) * (1 - cost)), [-cost])


def lock_law(env: CombinationLockEnv, state: int) -> Polynomial:
    """gamma**(m-1) (1 - gamma) prize - consolation."""
    m = len(env.code) - state
    return plus(times(monomial(m - 1, env.prize), [1, -1]), [-env.consolation])


def sparse_law(env: ConstantOrSparseEnv, steps: int) -> Polynomial:
    """large gamma**(n-1) - small (1 + .. + gamma**(n-1))."""
    small, large = env.layout.near[0], env.layout.far[-1]
    return plus(monomial(steps - 1, large), [-small] * steps)


Law = Callable[[Any, int], Polynomial]
LAWS: list[tuple[TabularEnv, Law, dict[int, int]]] = [
    # The environment, its law, and the law's argument for each state that has one.
    (NChainEnv(), nchain_law, {i: i for i in range(4)}),
    (NChainEnv(3, "0.1", 1, 5), nchain_law, {0: 0, 1: 1}),
    (NChainEnv(6, 0, "1/2", 4), nchain_law, {i: i for i in range(5)}),
    (NChainEnv(4, "2/5", "1/3", 7), nchain_law, {i: i for i in range(3)}),
    (DeepSeaEnv(10), sea_law, {k * (k + 3) // 2: k for k in range(9)}),
    (DeepSeaEnv(10, stochastic=True), sea_law, {k * (k + 3) // 2: k for k in range(9)}),
    (DeepSeaEnv(5, move_cost="1/2"), sea_law, {k * (k + 3) // 2: k for k in range(4)}),
    (CombinationLockEnv(), lock_law, {k: k for k in range(5)}),
    (CombinationLockEnv([0] * 4, 3, 2, "1/5"), lock_law, {k: k for k in range(4)}),
    (ConstantOrSparseEnv(), sparse_law, {0: 4, 1: 2}),
    (ConstantOrSparseEnv(6, 1, 9), sparse_law, {0: 6, 1: 4, 2: 3, 3: 2}),
    (ConstantOrSparseEnv(5, 2, 11, escape=False), sparse_law, {0: 5}),
]


@pytest.mark.parametrize(("env", "law", "states"), LAWS, ids=lambda value: type(value).__name__)
def test_the_law_gives_every_break_even_gamma(
    env: TabularEnv, law: Law, states: dict[int, int]
) -> None:
    """Each state's breakpoints are the law's roots; no other state has one, and none touches."""
    found = regions(env)
    expected = {state: roots(law(env, argument)) for state, argument in states.items()}
    for state in range(found.n_states):
        assert of_state(found, state) == expected.get(state, [])
    assert sum(map(len, expected.values())) > 0
    assert found.touches == ()


@pytest.mark.parametrize("variant", ["osband", "strehl_littman"])
@pytest.mark.parametrize("n", [3, 6, 7])
def test_rivers_break_even_by_the_recurrence(variant: str, n: int) -> None:
    """Every breakpoint of a state solves the equation that the recurrence leaves for that state."""
    env = RiverSwimEnv(variant, n)
    found = regions(env)
    assert 0 in {state for b in found.breakpoints for state in b.changes}
    for b in found.breakpoints:
        for state in b.changes:
            assert b.gamma in roots(river_law(env, state))


@pytest.mark.parametrize(("env", "law", "states"), LAWS[:1] + LAWS[4:6] + LAWS[7:8] + LAWS[9:10])
def test_planning_agrees_with_the_law(env: TabularEnv, law: Law, states: dict[int, int]) -> None:
    """Value iteration changes its mind at each gamma of the law."""
    for state, argument in states.items():
        for gamma in roots(law(env, argument)):
            assert changes_by_planning(env, state, gamma)


@pytest.mark.parametrize("name", IDS)
def test_planning_chooses_as_stated_on_both_sides_of_every_gamma(name: str) -> None:
    """For each registered id, value iteration has the exact optimal sets left and right."""
    mdp = MDP.from_env(gym.make(name))
    found = policy_regions(mdp)
    assert bool(found.breakpoints) is (name not in ALIKE)
    for number, point in enumerate(found.breakpoints):
        for side, offset in ((number, -1e-5), (number + 1, 1e-5)):
            q = value_iteration(mdp, float(point.gamma) + offset, tol=1e-12).q
            best = q >= q.max(axis=1, keepdims=True) - 1e-10
            assert [set(np.flatnonzero(row)) for row in best] == list(map(set, found.regions[side]))


def test_numbers_of_the_literature_come_out() -> None:
    """NChain (125/256)**(1/4), deep sea 0.5014219817, the discounting chains (10/11)**(1/(h-1))."""
    last = of_state(regions(NChainEnv()), 0)
    assert last == roots([Fraction(-125, 256), *[Fraction(0)] * 3, ONE])
    assert [g.decimal(10) for g in of_state(regions(DeepSeaEnv()), 0)] == ["0.5014219817"]
    for delay in (3, 10, 30, 100):
        env = DiscountingChainEnv(delay)
        law = plus(monomial(delay - 1, 11), [-10])
        assert list(break_even(env.layout).roots) == roots(law)
        if delay == 30:  # the same from the whole model, which takes a second
            assert of_state(regions(env), env.start) == roots(law)
    for bonus in (1, None):
        assert break_even(DiscountingChainEnv(bonus).layout).roots == ()


def test_the_stochastic_sea_is_the_other_one_divided() -> None:
    """x = (1 - 1/N) gamma: the stochastic break-even gammas are N / (N - 1) times the others."""
    calm, windy = (regions(DeepSeaEnv(7, stochastic)) for stochastic in (False, True))
    assert len(calm.breakpoints) == 6
    for b, c in zip(calm.breakpoints, windy.breakpoints, strict=True):
        scaled = [
            c * Fraction(6, 7) ** k for k, c in enumerate(map(Fraction, b.gamma.coefficients))
        ]
        assert c.gamma in roots(scaled)


def test_nobody_leaves_the_foot_of_a_long_chain() -> None:
    """From n = 9 on, at slip 1/5, state 0 goes back at every gamma below 1."""
    assert of_state(regions(NChainEnv(8)), 0) != []
    assert of_state(regions(NChainEnv(9)), 0) == []


def test_a_slip_above_one_half_swaps_the_actions() -> None:
    """Slip 4/5 is slip 1/5 with the names exchanged: the breakpoints are the same."""
    usual, swapped = regions(NChainEnv()), regions(NChainEnv(slip="4/5"))
    assert [b.gamma for b in usual.breakpoints] == [b.gamma for b in swapped.breakpoints]


def test_two_steps_of_constant_or_sparse_have_a_closed_form() -> None:
    """small / (large - small) for n = 2; (s + sqrt(s (4 L - 3 s))) / (2 (L - s)) for n = 3."""
    two = ConstantOrSparseEnv(2, 3, 10)
    assert of_state(regions(two), 0) == [AlgebraicNumber.of(Fraction(3, 7))]
    three = of_state(regions(ConstantOrSparseEnv(3, 1, 7)), 0)  # (1 + 5) / 12
    assert three == [AlgebraicNumber.of(Fraction(1, 2))]
    assert of_state(regions(ConstantOrSparseEnv(4, 2, 8)), 0) == []


rationals = st.fractions(0, 1, max_denominator=12).filter(lambda g: 0 < g < 1)


@given(st.lists(rationals, min_size=1, max_size=4, unique=True))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_planted_gammas_are_the_break_even_gammas(planted: list[Fraction]) -> None:
    """Any increasing list of rationals is what both exact solvers give back, and nothing else."""
    env = DelayMenuEnv.with_break_evens(sorted(planted))
    expected = [AlgebraicNumber.of(gamma) for gamma in sorted(planted)]
    assert list(break_even(env.layout).roots) == expected
    assert of_state(regions(env), env.start) == expected
    assert env.menu == tuple(menu_with_break_evens(sorted(planted)))


def test_a_menu_breaks_even_by_the_law_of_delays() -> None:
    """(r / R)**(1 / (n - m)) of neighbours on the hull; an option below the hull is never best."""
    env = DelayMenuEnv([[3, 1], [1, 0], [4, 2], [11, 4]])
    # Hull of (0, log 1), (1, log 3), (4, log 11); (2, log 4) lies below it.
    expected = [*roots([-ONE, 3 * ONE]), *roots(plus(monomial(3, 11), [-3]))]
    assert of_state(regions(env), env.start) == expected


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=6))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_a_planted_polynomial_has_its_roots(coefficients: list[int]) -> None:
    """The choice flips at the simple roots, touches at the double ones, and has no other."""
    env = TwoStreamsEnv.with_polynomial(coefficients)
    answer = break_even(env.layout)
    if any(coefficients):
        assert list(answer.roots) == roots([Fraction(c) for c in coefficients])
    else:
        assert answer.always_tied
