"""The members of the suite: their tables are those of the papers, and bad arguments are named."""

import itertools
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from qdecay import MDP, value_iteration
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
from qdecay_envs.table import sure


def row(*outcomes: tuple[str, int, Any]) -> list[tuple[Fraction, int, Fraction, bool]]:
    """Return a row of (probability, next state, reward) outcomes that end nothing."""
    return [(Fraction(p), state, Fraction(r), False) for p, state, r in outcomes]


def test_nchain_is_strens_chain() -> None:
    """Figure 1 of Strens 2000: five states, slip 0.2, 2 for going back, 10 at the far end."""
    env = NChainEnv()
    for state in range(4):
        assert env.P_exact[state][0] == row(("4/5", state + 1, 0), ("1/5", 0, 2))
        assert env.P_exact[state][1] == row(("4/5", 0, 2), ("1/5", state + 1, 0))
    assert env.P_exact[4] == [
        row(("4/5", 4, 10), ("1/5", 0, 2)),
        row(("4/5", 0, 2), ("1/5", 4, 10)),
    ]
    assert env.start == 0


def test_always_forward_earns_what_the_literature_says() -> None:
    """The gain of always going forward in NChain is 3.6768 a step: 3677 in 1,000 steps."""
    table = NChainEnv().P
    p, r = np.zeros((5, 5)), np.zeros(5)
    for state in range(5):
        for chance, following, reward, _ in table[state][0]:
            p[state, following] += chance
            r[state] += chance * reward
    stationary = np.linalg.matrix_power(p, 200)[0]
    assert round(float(stationary @ r), 4) == 3.6768


def test_osbands_river_is_his() -> None:
    """Osband et al. 2013, as in TabulaRL: the nine distributions and two rewards."""
    env = RiverSwimEnv("osband")
    small = Fraction(5, 1000)
    assert env.P_exact[0] == [row(("1", 0, small)), row(("3/5", 1, 0), ("2/5", 0, 0))]
    for state in range(1, 5):
        left, right = env.P_exact[state]
        assert left == row(("1", state - 1, 0))
        assert right == row(("7/20", state + 1, 0), ("3/5", state, 0), ("1/20", state - 1, 0))
    assert env.P_exact[5] == [row(("1", 4, 0)), row(("3/5", 5, 1), ("2/5", 4, 1))]
    assert env.start == 0


def test_strehls_and_littmans_river_is_theirs() -> None:
    """Strehl & Littman 2008: 0.7/0.3, 0.1/0.6/0.3, 0.7/0.3; 10000 only for staying; two starts."""
    env = RiverSwimEnv("strehl_littman")
    assert env.P_exact[0] == [row(("1", 0, 5)), row(("3/10", 1, 0), ("7/10", 0, 0))]
    for state in range(1, 5):
        right = env.P_exact[state][1]
        assert right == row(("3/10", state + 1, 0), ("3/5", state, 0), ("1/10", state - 1, 0))
    assert env.P_exact[5] == [row(("1", 4, 0)), row(("3/10", 5, 10_000), ("7/10", 4, 0))]
    assert env.start is None
    assert env.initial_state_distrib.tolist() == [0, 0.5, 0.5, 0, 0, 0]
    assert {env.reset(seed=seed)[0] for seed in range(20)} == {1, 2}


def play_deep_sea(size: int, actions: Sequence[int]) -> list[float]:
    """Return the rewards of deterministic deep sea, written down from bsuite's rules."""
    column, rewards = 0, []
    for action in actions:
        reward = 1.0 if column == size - 1 and action else 0.0
        rewards.append(reward - 0.01 / size * action)
        column = min(column + 1, size - 1) if action else max(column - 1, 0)
    return rewards


@pytest.mark.parametrize("mapping_seed", [None, 3])
def test_deep_sea_pays_as_bsuites(mapping_seed: int | None) -> None:
    """All 64 action sequences of a 6 x 6 sea, also where the meaning of actions is drawn."""
    env = DeepSeaEnv(6, mapping_seed=mapping_seed)
    right = np.ones(21, dtype=int)
    if mapping_seed is not None:
        right = np.random.default_rng(mapping_seed).integers(2, size=21)
    for moves in itertools.product([0, 1], repeat=6):
        state, _ = env.reset()
        rewards, ended = [], []
        for move in moves:
            state, reward, terminated, _, _ = env.step(
                int(right[state]) if move else 1 - right[state]
            )
            rewards.append(reward)
            ended.append(terminated)
        assert rewards == pytest.approx(play_deep_sea(6, moves), abs=1e-15)
        assert ended == [False] * 5 + [True]


def test_the_best_return_of_deep_sea_is_99_hundredths() -> None:
    """Undiscounted, right all the way: 1 - 0.01, as bsuite says, and (1 - 1/N)**(N-1) - 0.01."""
    for stochastic in (False, True):
        mdp = MDP.from_env(DeepSeaEnv(10, stochastic))
        reached = Fraction(9, 10) ** 9 if stochastic else Fraction(1)
        # Where the wind blows one need not pay for further moves: the best is a little better.
        least = float(reached) - 0.01
        best = float(value_iteration(mdp, 1.0).v[0])
        assert least - 1e-12 <= best <= least + (0.01 if stochastic else 1e-12)


def test_only_the_ends_of_the_last_row_are_noisy() -> None:
    """The stochastic sea adds N(0, 1) in columns 0 and N - 1 of the last row, nowhere else."""
    noise = DeepSeaEnv(4, stochastic=True).noise_of_rows()
    assert noise is not None
    assert noise.reshape(10, 2).any(axis=1).tolist() == [False] * 6 + [True, False, False, True]
    assert DeepSeaEnv(4).noise_of_rows() is None


@pytest.mark.parametrize("bonus_delay", [1, 3, 10, 30, 100, None])
def test_the_discounting_chain_pays_as_bsuites(bonus_delay: int | None) -> None:
    """Each chain pays once, when the clock shows its delay; the episode ends at 100."""
    env = DiscountingChainEnv(bonus_delay)
    for chain, delay in enumerate((1, 3, 10, 30, 100)):
        env.reset()
        rewards = []
        for clock in range(1, 101):
            _, reward, terminated, _, _ = env.step(chain if clock == 1 else (chain + 1) % 5)
            rewards.append(reward)
            assert terminated == (clock == 100)
        assert rewards == [
            (1.1 if delay == bonus_delay else 1.0) if clock == delay else 0.0
            for clock in range(1, 101)
        ]


def test_only_the_code_opens_the_lock() -> None:
    """Of all sequences of three actions, one opens; every mistake leads back and consoles."""
    env = CombinationLockEnv([2, 0, 1], n_actions=3, prize=7, consolation=1)
    for sequence in itertools.product(range(3), repeat=3):
        env.reset()
        answers = []
        for action in sequence:
            answers.append(env.step(action)[:3])
            if answers[-1][2]:
                break
        assert answers[-1][2] == (sequence == (2, 0, 1))
        assert all(reward in (0, 1) or (reward == 7 and ended) for _, reward, ended in answers)
    env.reset()
    assert [env.step(a)[:3] for a in (2, 2, 2, 0)] == [
        (1, 0.0, False),
        (0, 1.0, False),
        (1, 0.0, False),
        (2, 0.0, False),
    ]


@pytest.mark.parametrize("n_actions", [2, 3])
def test_random_actions_open_the_lock_as_late_as_stated(n_actions: int) -> None:
    """Expected steps of a uniformly random walk, from the linear equations of the table."""
    n = 5
    env = CombinationLockEnv([1] * n, n_actions)
    step = np.zeros((n, n))
    for state, rows in enumerate(env.P):
        for outcomes in rows:
            for chance, following, _, ended in outcomes:
                step[state, following] += 0 if ended else chance / n_actions
    expected = np.linalg.solve(np.eye(n) - step, np.ones(n))[0]
    p = 1 / n_actions
    assert expected == pytest.approx((p**-n - 1) / (1 - p), rel=1e-12)
    if n_actions == 2:
        assert expected == pytest.approx(2 ** (n + 1) - 2, rel=1e-12)


NAN, INF = float("nan"), float("inf")
BAD: list[tuple[type[TabularEnv], dict[str, Any], type[Exception], str]] = [
    (NChainEnv, {"n": 1}, ValueError, "n must be from 2 to 100,000, got 1"),
    (NChainEnv, {"n": 10**9}, ValueError, "n must be from 2 to 100,000, got 1000000000"),
    (NChainEnv, {"n": 5.0}, TypeError, "n must be an integer, got 5.0"),
    (NChainEnv, {"n": True}, TypeError, "n must be an integer, got True"),
    (NChainEnv, {"n": NAN}, TypeError, "got nan"),
    (NChainEnv, {"slip": "6/5"}, ValueError, "slip must be a probability from 0 to 1, got '6/5'"),
    (NChainEnv, {"slip": NAN}, ValueError, "slip must be a number"),
    (NChainEnv, {"small": 0.5}, TypeError, "small must be exact, got the float 0.5"),
    (NChainEnv, {"large": None}, TypeError, "large must be an int, a Fraction or text"),
    (NChainEnv, {"large": "much"}, ValueError, "got 'much'"),
    (NChainEnv, {"large": "1e400"}, ValueError, "too large for floats"),
    (NChainEnv, {"render_mode": "svg"}, ValueError, "got 'svg'"),
    (
        RiverSwimEnv,
        {"variant": "Strehl"},
        ValueError,
        "variant must be 'osband' or 'strehl_littman'",
    ),
    (RiverSwimEnv, {"variant": ["osband"]}, ValueError, "got ['osband']"),
    (RiverSwimEnv, {"n": 2}, ValueError, "n must be from 3 to 100,000, got 2"),
    (RiverSwimEnv, {"small": NAN}, TypeError, "small must be exact, got the float nan"),
    (RiverSwimEnv, {"large": INF}, TypeError, "large must be exact, got the float inf"),
    (DeepSeaEnv, {"size": 1}, ValueError, "size must be from 2 to 1,000, got 1"),
    (DeepSeaEnv, {"size": "10"}, TypeError, "size must be an integer, got '10'"),
    (DeepSeaEnv, {"stochastic": 1}, TypeError, "stochastic must be True or False, got 1"),
    (
        DeepSeaEnv,
        {"move_cost": 2},
        ValueError,
        "move_cost must be a probability from 0 to 1, got 2",
    ),
    (DeepSeaEnv, {"move_cost": NAN}, ValueError, "move_cost must be a number"),
    (DeepSeaEnv, {"mapping_seed": -1}, ValueError, "mapping_seed must be from 0"),
    (DeepSeaEnv, {"mapping_seed": 0.5}, TypeError, "mapping_seed must be an integer, got 0.5"),
    (DiscountingChainEnv, {"bonus_delay": 2}, ValueError, "one of 1, 3, 10, 30, 100, got 2"),
    (DiscountingChainEnv, {"bonus_delay": True}, ValueError, "got True"),
    (DiscountingChainEnv, {"bonus_delay": NAN}, ValueError, "got nan"),
    (CombinationLockEnv, {"code": []}, ValueError, "code must not be empty"),
    (CombinationLockEnv, {"code": "101"}, TypeError, "code must be a list, got '101'"),
    (CombinationLockEnv, {"code": 7}, TypeError, "code must be a list, got 7"),
    (CombinationLockEnv, {"code": [0, 2]}, ValueError, "code[1] must be from 0 to 1, got 2"),
    (CombinationLockEnv, {"code": [NAN]}, TypeError, "code[0] must be an integer, got nan"),
    (CombinationLockEnv, {"code": itertools.count()}, ValueError, "at most 10,000 entries"),
    (CombinationLockEnv, {"n_actions": 1}, ValueError, "n_actions must be from 2 to 100, got 1"),
    (CombinationLockEnv, {"prize": 1.0}, TypeError, "prize must be exact, got the float 1.0"),
    (CombinationLockEnv, {"consolation": NAN}, TypeError, "consolation must be exact"),
    (DelayMenuEnv, {"menu": []}, ValueError, "menu must not be empty"),
    (DelayMenuEnv, {"menu": [[1, 0]]}, ValueError, "at least 2 branches, got 1"),
    (DelayMenuEnv, {"menu": [[1, 0], [1, 0]]}, ValueError, "two branches are named '1 now'"),
    (DelayMenuEnv, {"menu": [[1, 0], 4]}, ValueError, "menu[1] must be a (reward, delay) pair"),
    (DelayMenuEnv, {"menu": [[1, 0], [2, -1]]}, ValueError, "the delay of menu[1] must be from 0"),
    (
        DelayMenuEnv,
        {"menu": [[1, 0], [2, 1.5]]},
        TypeError,
        "the delay of menu[1] must be",
    ),
    (DelayMenuEnv, {"menu": [[NAN, 0], [2, 1]]}, TypeError, "the reward of menu[0] must be exact"),
    (DelayMenuEnv, {"ending": "stop"}, ValueError, "ending must be one of"),
    (DelayMenuEnv, {"slip": 2}, ValueError, "got 2"),
    (DelayMenuEnv, {"reward_noise": NAN}, ValueError, "reward_noise must be finite and >= 0"),
    (TwoStreamsEnv, {"near": []}, ValueError, "branch 'near' has no reward"),
    (TwoStreamsEnv, {"far": [NAN]}, TypeError, "reward 0 of branch 'far' must be exact"),
    (TwoStreamsEnv, {"far": "12"}, TypeError, "branch 'far' must be a list of rewards, got '12'"),
    (TwoStreamsEnv, {"escape": "no"}, TypeError, "escape must be True or False, got 'no'"),
    (ConstantOrSparseEnv, {"n": 0}, ValueError, "n must be from 1 to 10,000, got 0"),
    (ConstantOrSparseEnv, {"n": NAN}, TypeError, "n must be an integer, got nan"),
    (ConstantOrSparseEnv, {"small": 0.1}, TypeError, "small must be exact, got the float 0.1"),
    (
        ConstantOrSparseEnv,
        {"large": NAN},
        TypeError,
        "large must be exact, got the float nan: it must be finite",
    ),
    (ConstantOrSparseEnv, {"escape": None}, TypeError, "escape must be True or False, got None"),
]


@pytest.mark.parametrize(("member", "arguments", "kind", "words"), BAD)
def test_a_bad_argument_is_refused_in_one_line(
    member: type[TabularEnv], arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    """Out of range, of the wrong type or NaN: the constructor names the argument and the value."""
    with pytest.raises(kind, match=re.escape(words)) as caught:
        member(**arguments)
    assert len(str(caught.value).splitlines()) == 1


TWO = [[sure(1), sure(0, 1)], [sure(1, 3, True)] * 2]
HALF = Fraction(1, 2)
BAD_TABLES: list[tuple[Any, dict[str, Any], str]] = [
    ([], {}, "table must have at least one state, and an action in each"),
    (None, {}, "table must have at least one state"),
    ([[]], {}, "table must have at least one state, and an action in each"),
    ([[sure(0)], [sure(1)] * 2], {}, "table[1] must have 1 actions as table[0] has, got 2"),
    ([[[]]], {}, "table[0][0]: the probabilities sum to 0"),
    ([[[(HALF, 0, HALF, False)]]], {}, "table[0][0]: the probabilities sum to 1/2"),
    ([[sure(3)]], {}, "table[0][0]: a next state must be from 0 to 0, got 3"),
    ([[[(1.0, 0, HALF, True)]]], {}, "probabilities and rewards must be fractions, got 1.0"),
    ([[[(Fraction(1), 0, NAN, True)]]], {}, "must be fractions, got nan"),
    ([[[(Fraction(1), 0, HALF, 1)]]], {}, "terminated must be True or False, got 1"),
    ([[[(-HALF, 0, HALF, True), (3 * HALF, 0, HALF, True)]]], {}, "must be >= 0, got -1/2"),
    (TWO, {"start": 2}, "start must be from 0 to 1, got 2"),
    (TWO, {"start": -1}, "start must be from 0 to 1, got -1"),
    (TWO, {"start": True}, "start must be an integer, got True"),
    (TWO, {"start": NAN}, "start must be an integer, got nan"),
    (TWO, {"start": {}}, "start must have probabilities > 0 that sum to 1, got {}"),
    (TWO, {"start": {0: HALF}}, "start must have probabilities > 0 that sum to 1"),
    (TWO, {"start": {0: 0.5, 1: 0.5}}, "start[0] must be exact, got the float 0.5"),
    (TWO, {"start": {7: 1}}, "a state of start must be from 0 to 1, got 7"),
    (TWO, {"state_names": ["a"]}, "state_names must have 2 entries, got 1"),
    (TWO, {"action_names": "ab"}, "action_names must be a list, got 'ab'"),
    (TWO, {"action_names": [1, 2]}, "action_names must be strings, got [1, 2]"),
    (TWO, {"reward_noise": [1.0]}, "reward_noise must be a number, got [1.0]"),
    (TWO, {"reward_noise": INF}, "reward_noise must be finite and >= 0, got inf"),
    (TWO, {"render_mode": "svg"}, "render_mode must be None or one of 'ansi'"),
]


@pytest.mark.parametrize(("table", "arguments", "words"), BAD_TABLES)
def test_what_is_no_table_is_refused_in_one_line(
    table: Any, arguments: dict[str, Any], words: str
) -> None:
    """`TabularEnv` plays any exact table, and names the place where it is none."""
    TabularEnv(TWO, {1: HALF, 0: HALF}, state_names=["a", "b"])
    with pytest.raises((TypeError, ValueError), match=re.escape(words)) as caught:
        TabularEnv(table, **arguments)
    assert len(str(caught.value).splitlines()) == 1


BAD_PLANTS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: menu_with_break_evens([]), ValueError, "gammas must not be empty"),
    (lambda: menu_with_break_evens("1/2"), TypeError, "gammas must be a list, got '1/2'"),
    (lambda: menu_with_break_evens([0.5]), TypeError, "gamma 0 must be exact"),  # type: ignore[list-item]
    (lambda: menu_with_break_evens(["1/2", 1]), ValueError, "gamma 1 must be in (0, 1), got 1"),
    (
        lambda: menu_with_break_evens(["1/2", "1/3"]),
        ValueError,
        "got 1/2 before 1/3",
    ),
    (lambda: menu_with_break_evens(["1/2", "1/2"]), ValueError, "must increase"),
    (lambda: TwoStreamsEnv.with_polynomial([]), ValueError, "coefficients must not be empty"),
    (lambda: TwoStreamsEnv.with_polynomial([1, 0.5]), TypeError, "coefficient 1 must be exact"),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("plant", "kind", "words"), BAD_PLANTS)
def test_what_cannot_be_planted_is_named(
    plant: Callable[[], object], kind: type[Exception], words: str
) -> None:
    """Gammas out of range or order and floats are refused with their place."""
    with pytest.raises(kind, match=re.escape(words)):
        plant()


def test_a_size_may_be_a_small_integer_of_numpy() -> None:
    """An int8 would overflow in the number of states."""
    assert DeepSeaEnv(np.int8(100)).n_states == 5_050  # type: ignore[arg-type]
