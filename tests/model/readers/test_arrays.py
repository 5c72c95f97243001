"""Importers against dynamics derived independently, and every malformed input by its place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.toy_text.frozen_lake import generate_random_map
from models import TAXI, assert_same
from scipy import sparse
from sympy import Integer, Rational

from qdecay.model.float_mdp import FloatMDP
from qdecay.model.mdp import MDP

Rows = Iterator[tuple[int, int, int, Any, Any, bool]]
LEFT, DOWN, RIGHT, UP = range(4)


def frozen_lake(lines: list[str], success: Fraction) -> Rows:
    """FrozenLake by its rules: slips sideways; holes and the goal end the episode."""
    size, width = len(lines), len(lines[0])
    steps = {LEFT: (0, -1), DOWN: (1, 0), RIGHT: (0, 1), UP: (-1, 0)}
    slips = ((0, success), (1, (1 - success) / 2), (-1, (1 - success) / 2))
    for (row, column), action in itertools.product(np.ndindex(size, width), range(4)):
        state = row * width + column
        if lines[row][column] in "GH":
            yield state, action, state, 1, 0, True
            continue
        for turn, p in slips:
            down, right = steps[(action + turn) % 4]
            r, c = min(max(row + down, 0), size - 1), min(max(column + right, 0), width - 1)
            letter = lines[r][c]
            yield state, action, r * width + c, p, int(letter == "G"), letter in "GH"


@pytest.mark.parametrize("success", ["1/3", "0.8", "1/7", "0.123"])
@pytest.mark.parametrize(("size", "seed"), [(4, 0), (5, 1), (8, 2), (12, 3)])
def test_any_frozen_lake_is_exact(size: int, seed: int, success: str) -> None:
    """Random maps and success rates, as floats in the table, come out as the rationals meant."""
    lines = generate_random_map(size=size, seed=seed)
    rate = Fraction(success)
    env = gym.make("FrozenLake-v1", desc=lines, success_rate=float(rate))
    assert_same(MDP.from_env(env), frozen_lake(lines, rate))


@pytest.mark.parametrize("name", ["4x4", "8x8"])
def test_the_frozen_lakes_by_name_are_exact(name: str) -> None:
    """The two maps of Gymnasium, slippery and not."""
    for slippery, rate in ((True, Fraction(1, 3)), (False, Fraction(1))):
        env = gym.make("FrozenLake-v1", map_name=name, is_slippery=slippery)
        lines = [b"".join(line).decode() for line in env.unwrapped.desc]
        assert_same(MDP.from_env(env), frozen_lake(lines, rate))


def cliff_walking(slippery: bool) -> Rows:
    """A 4 x 12 grid; stepping off the cliff costs 100 and leads to the start; the goal ends it."""
    steps = [(-1, 0), (0, 1), (1, 0), (0, -1)]  # up, right, down, left
    turns = (-1, 0, 1) if slippery else (0,)
    for (row, column), action in itertools.product(np.ndindex(4, 12), range(4)):
        for turn in turns:
            down, right = steps[(action + turn) % 4]
            r, c = min(max(row + down, 0), 3), min(max(column + right, 0), 11)
            p = Fraction(1, len(turns))
            if r == 3 and 1 <= c <= 10:
                yield row * 12 + column, action, 36, p, -100, False
            else:
                yield row * 12 + column, action, r * 12 + c, p, -1, (r, c) == (3, 11)


@pytest.mark.parametrize("slippery", [False, True])
def test_cliff_walking_is_exact(slippery: bool) -> None:
    """Dry and slippery; no cell but the goal ends the episode, not even the cliff."""
    if slippery and "CliffWalkingSlippery-v1" not in gym.registry:
        pytest.skip("this Gymnasium has no slippery cliff")
    env = gym.make("CliffWalkingSlippery-v1" if slippery else "CliffWalking-v1")
    assert_same(MDP.from_env(env), cliff_walking(slippery))


STOPS = [(0, 0), (0, 4), (4, 0), (4, 3)]
WALL_EAST_OF = {(0, 1), (1, 1), (3, 0), (4, 0), (3, 2), (4, 2)}


def drive(row: int, column: int, move: int) -> tuple[int, int]:
    """One move of the taxi: 0 south, 1 north, 2 east, 3 west; walls and borders stop it."""
    if move < 2:
        return min(max(row + (1 if move == 0 else -1), 0), 4), column
    if move == 2:
        return row, column + (column < 4 and (row, column) not in WALL_EAST_OF)
    return row, column - (column > 0 and (row, column - 1) not in WALL_EAST_OF)


def taxi(rainy: bool) -> Rows:
    """Taxi by its rules; in the rain a move that is not blocked drifts, 1/10 to either side."""

    def code(row: int, column: int, passenger: int, goal: int) -> int:
        return ((row * 5 + column) * 5 + passenger) * 4 + goal

    sides = {0: (2, 3), 1: (2, 3), 2: (0, 1), 3: (0, 1)}
    for row, column, passenger, goal in np.ndindex(5, 5, 5, 4):
        state, here = code(row, column, passenger, goal), (row, column)
        for move in range(4):
            ahead = drive(row, column, move)
            outcomes = [(ahead, Fraction(1))]
            if rainy and ahead != here:
                drifts = [(drive(row, column, side), Fraction(1, 10)) for side in sides[move]]
                outcomes = [(ahead, Fraction(4, 5)), *drifts]
            for place, p in outcomes:
                yield state, move, code(*place, passenger, goal), p, -1, False
        if passenger < 4 and here == STOPS[passenger]:
            yield state, 4, code(row, column, 4, goal), 1, -1, False
        else:
            yield state, 4, state, 1, -10, False
        if passenger == 4 and here in STOPS:
            there = STOPS.index(here)
            done = there == goal
            yield state, 5, code(row, column, there, goal), 1, 20 if done else -1, done
        else:
            yield state, 5, state, 1, -10, False


@pytest.mark.parametrize("rainy", [False, True])
def test_taxi_is_exact(rainy: bool) -> None:
    """500 states, dry and rainy: the flag of the drop-off is obeyed, tenths are tenths."""
    if rainy and TAXI == "Taxi-v3":
        pytest.skip("the rain of Taxi-v3 differs")
    assert_same(MDP.from_env(gym.make(TAXI, is_rainy=rainy)), taxi(rainy))


# -- QuantEcon

R = [[5.0, 10.0], [-1.0, -np.inf]]
Q = [[[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [0.5, 0.5]]]
PUTERMAN = [
    (0, 0, 0, "1/2", 5, False),
    (0, 0, 1, "1/2", 5, False),
    (0, 1, 1, 1, 10, False),
    (1, 0, 1, 1, -1, False),
]


def test_the_product_form_of_quantecon() -> None:
    """Puterman's example as in QuantEcon's documentation: -inf is an unavailable action."""
    mdp = MDP.from_state_action_pairs(R, Q, start=0)
    assert_same(mdp, iter(PUTERMAN))
    assert mdp.start == 0
    assert not mdp.available[1, 1]


@pytest.mark.parametrize("form", [np.array, sparse.csr_matrix, sparse.coo_matrix])
def test_the_state_action_pairs_of_quantecon(form: Any) -> None:
    """Pairs in any order, Q dense or sparse, thirds recognised."""
    q = form([[0.0, 1.0], [1 / 3, 2 / 3], [0.0, 1.0]])
    mdp = MDP.from_state_action_pairs([-1, 0.1, 10], q, [1, 0, 0], [0, 0, 1])
    rows = [(0, 0, 0, "1/3", "0.1", False), (0, 0, 1, "2/3", "0.1", False), *PUTERMAN[2:]]
    assert_same(mdp, iter(rows))
    assert mdp.recovered[2 / 3] == Fraction(2, 3)


THIRDS = [["1/3", Fraction(2, 3)], [Decimal("0.5"), 0.5], [0, 1], ["1", 0]]


@pytest.mark.parametrize("indices", [True, False])
def test_pairs_take_exact_numbers_as_arrays_do(indices: bool) -> None:
    """Fractions, decimals, text and floats in one table; the same by `from_arrays`."""
    rewards = ["1/7", Fraction(10**30, 3), "nan", 0.1]
    by_action = [[THIRDS[0], THIRDS[2]], [THIRDS[1], THIRDS[3]]]
    by_state = [[rewards[0], rewards[1]], [rewards[2], rewards[3]]]
    pairs: tuple[Any, ...] = (by_state, [THIRDS[:2], THIRDS[2:]])
    if indices:
        pairs = rewards, THIRDS, [0, 0, 1, 1], [0, 1, 0, 1]
    mdp = MDP.from_state_action_pairs(*pairs)
    assert mdp == MDP.from_arrays(by_action, by_state)
    assert mdp.exact_probability[0] == Fraction(1, 3)
    assert mdp.exact_reward[0] == Fraction(1, 7)
    floats = FloatMDP.from_state_action_pairs(*pairs)
    assert floats == FloatMDP.from_mdp(mdp)
    assert floats.available.tolist() == [[True, True], [False, True]]


def test_quantecon_solves_the_same_model() -> None:
    """QuantEcon's own policy iteration on R and Q agrees with ours on the import."""
    quantecon = pytest.importorskip("quantecon")
    from qdecay.planning import policy_iteration

    theirs = quantecon.markov.DiscreteDP(np.array(R), np.array(Q), 0.95).solve("policy_iteration")
    ours = policy_iteration(MDP.from_state_action_pairs(R, Q), 0.95)
    np.testing.assert_allclose(ours.v, theirs.v, rtol=1e-12)


BAD_PAIRS: list[tuple[tuple[Any, ...], str]] = [
    ((R, Q, [0]), "together"),
    (([1.0], Q), "R must have shape (S, A)"),
    ((R, [[[1.0]]]), "R must have shape (S, A)"),
    (([1.0], [[1.0, 0.0], [1.0, 0.0]], [0], [0]), "Q must have shape (1, S), got (2, 2)"),
    (([1.0, 2.0], [[1.0]], [0], [0]), "must have one shape"),
    (([1.0], [[1.0]], [0.5], [0]), "s_indices must be a list of integers"),
    (([1.0], [[1.0]], [1], [0]), "state 1, action 0: S is 1"),
    (([1.0], [[1.0]], [0], [-1]), "state 0, action -1"),
    (([1.0, 1.0], [[1.0], [1.0]], [0, 0], [0, 0]), "state 0, action 0: the pair is given twice"),
    (([1.0], [[0.0]], [0], [0]), "no action is available in any state"),
    (([1.0], [[0.9]], [0], [0]), "state 0, action 0: probabilities sum to 9/10"),
    (([np.inf], [[1.0]], [0], [0]), "state 0, action 0: reward must be finite"),
    (([2**-0.5], [[1.0]], [0], [0]), "state 0, action 0: reward is 0.7071"),
    ((["a"], [[1.0]], [0], [0]), "R[0] must be a number like"),
    (([1.0], [["0.9"]], [0], [0]), "state 0, action 0: probabilities sum to 9/10"),
    (([1.0], [["1/0"]], [0], [0]), "Q[0, 0] has a zero denominator"),
    (([1.0], [[None]], [0], [0]), "Q[0, 0] must be a real number, got None"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_PAIRS)
def test_bad_pairs_are_named(arguments: tuple[Any, ...], message: str) -> None:
    """Every fault is refused with its place."""
    with pytest.raises(ValueError, match=".") as error:
        MDP.from_state_action_pairs(*arguments)
    assert message in str(error.value)


def test_sparse_rewards_of_32_bits_are_short_by_their_own_digits() -> None:
    """As those of arrays are: 0.1 is 1/10, and not the fraction that it is."""
    p = np.array([[[0.5, 0.5], [0, 1]]], np.float32)
    paid = [sparse.csr_matrix(np.full((2, 2), 0.1, np.float32)) for _ in p]
    assert set(MDP.from_arrays(p, paid).exact_reward) == {Fraction(1, 10)}


# -- arrays of exact numbers

THIRD, NAN = Fraction(1, 3), float("nan")
P_EXACT = [[[THIRD, 2 * THIRD], [0, 1]], [[0, 1], [0, 0]]]
EXACT: dict[str, tuple[Any, Any]] = {
    "fractions": (P_EXACT, [[1, Fraction(5, 2)], [0, NAN]]),
    "text": (
        [[["1/3", "2/3"], ["0", "1"]], [["0", "1"], ["0", "0"]]],
        [["1", "2.5"], ["0", "nan"]],
    ),
    "text and floats": ([[["1/3", 2 / 3], [0, 1.0]], [[0, 1], [0, 0]]], [["1", 2.5], [0, NAN]]),
    "arrays of fractions": (
        [np.array(p) for p in P_EXACT],
        np.array([[1, "5/2"], [0, NAN]], object),
    ),
    "sympy": (np.array(P_EXACT, object) * Integer(1), [[1, Rational(5, 2)], [0, -np.inf]]),
    "decimals": (P_EXACT, [[1, Decimal("2.5")], [0, Decimal("nan")]]),
    "one action sparse": ([P_EXACT[0], sparse.csr_matrix(P_EXACT[1])], [[1, 2.5], [0, NAN]]),
    "floats of 32 bits": (P_EXACT, [[1, np.float32(2.5)], [Fraction(0), NAN]]),
    "by next state": (
        P_EXACT,
        [np.array([[THIRD * 3, 1], [0, 0]]), sparse.csr_matrix([[0, 2.5], [0, 0]])],
    ),
}


@pytest.mark.parametrize("form", EXACT)
def test_arrays_may_hold_exact_numbers(form: str) -> None:
    """Fractions, text, decimals, beside floats or not: the model is that of its rows."""
    rows = [(0, 0, 0, "1/3", 1), (0, 0, 1, "2/3", 1), (0, 1, 1, 1, "5/2"), (1, 0, 1, 1, 0)]
    expected = [(*row, False) for row in rows]
    assert_same(MDP.from_arrays(*EXACT[form]), iter(expected))
    floats = FloatMDP.from_arrays(*EXACT[form])
    assert floats.p.toarray().tolist() == [[1 / 3, 2 / 3], [0, 1], [0, 1], [0, 0]]
    assert np.array_equal(floats.r, [[1, 2.5], [0, NAN]], equal_nan=True)


BAD_EXACT: list[tuple[Any, Any, str]] = [
    ([[["a", "1"], ["0", "1"]]], [0, 0], "P[0][0, 0] must be a number like"),
    ([[["1/0", 1], [0, 1]]], [0, 0], "P[0][0, 0] has a zero denominator: '1/0'"),
    (np.array([[[None, 1], [0, 1]]]), [0, 0], "P[0, 0, 0] must be a real number, got None"),
    (P_EXACT, [[THIRD, True], [0, 0]], "R[0, 1] must be a real number, got True"),
    ([[["1/2", "1/3"], ["0", "1"]]], [0, 0], "probabilities sum to 5/6, not 1"),
    ([[["1/2", "1/2"], ["0", "1"]]], ["1", "inf"], "reward must be finite"),
    (np.ma.masked_equal([[[1, 0], [0, 1]]], 0), [0, 0], "P has masked entries: fill them in"),
    ([np.ma.masked_equal([[1, 0], [0, 1]], 0)], [0, 0], "P[0] has masked entries"),
    ([[[1, 0], [0, 1]]], np.ma.masked_equal([1, -999], -999), "R has masked entries"),
]


@pytest.mark.parametrize(("p", "r", "message"), BAD_EXACT)
def test_a_wrong_exact_number_is_named(p: Any, r: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^[^\n]*{re.escape(message)}[^\n]*$"):
        MDP.from_arrays(p, r)


def test_a_number_too_large_for_floats_is_refused_in_floats_only() -> None:
    r = [[1, 10**400], [0, 0]]
    assert max(MDP.from_arrays(P_EXACT, r).exact_reward) == 10**400
    with pytest.raises(ValueError, match="^R has a number that is too large for floats$"):
        FloatMDP.from_arrays(P_EXACT, r)
