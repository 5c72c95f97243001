"""Models whose breakpoints are known by other means than qdecay's: laws, and dense linear algebra.

`in_table` reads Gymnasium's table itself, finds the best policy on either side with NumPy, and
bisects on the gap between their actions; it shares no code with the library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import gymnasium
import numpy as np
from scipy.optimize import brentq

import qdecay
from qdecay_envs.chain import ChainEnv
from qdecay_envs.layout import ChainLayout

TAXI = "Taxi-v4" if "Taxi-v4" in gymnasium.registry else "Taxi-v3"  # the latter's rain differs
choice = ChainLayout.choice


@dataclass(frozen=True)
class Known:
    """A model, what `compare` is asked of it, and the gammas at which it should flip."""

    name: str
    problem: Any
    gammas: Sequence[float]
    options: dict[str, Any] = field(default_factory=dict)


def in_table(
    env: gymnasium.Env[Any, Any], state: int, low: float, high: float, epsilon: float = 0
) -> float:
    """Return the only gamma from low to high at which a state's best actions change.

    With epsilon, of the policy that takes a uniform action that often.
    """
    table: Any = env.unwrapped
    p, r = _arrays(table.P)
    ends = [_action_values(p, r, gamma, epsilon)[state] for gamma in (low, high)]
    before, after = (
        set(np.flatnonzero(q.max() - q <= _rounding(q, gamma)))
        for q, gamma in zip(ends, (low, high), strict=True)
    )
    leaving, entering = sorted(before - after), sorted(after - before)

    def gap(gamma: float) -> float:
        q = _action_values(p, r, gamma, epsilon)[state]
        return float(q[entering].max() - q[leaving].max())

    return float(brentq(gap, low, high, xtol=1e-13))


def _arrays(table: Any) -> tuple[np.ndarray, np.ndarray]:
    n, a = len(table), len(table[0])
    p, r = np.zeros((n, a, n)), np.zeros((n, a))
    for s in range(n):
        for action in range(a):
            for chance, to, reward, ends in table[s][action]:
                r[s, action] += chance * reward
                p[s, action, to] += chance * (not ends)
    return p, r


def _action_values(p: np.ndarray, r: np.ndarray, gamma: float, epsilon: float) -> np.ndarray:
    """Return the best values of actions, by policy iteration; shape (S, A)."""
    n, a = r.shape
    policy = r.argmax(axis=1)
    while True:
        chances = np.full((n, a), epsilon / a)
        chances[np.arange(n), policy] += 1 - epsilon
        moves = np.einsum("sa,sat->st", chances, p)
        v = np.linalg.solve(np.eye(n) - gamma * moves, (chances * r).sum(axis=1))
        q: np.ndarray = r + gamma * p @ v
        better = q.argmax(axis=1)
        gains = q[np.arange(n), better] - q[np.arange(n), policy]
        if (gains <= _rounding(q, gamma)).all():
            return q
        policy = better


def _rounding(q: np.ndarray, gamma: float) -> float:
    """Return more than what rounding does to such values."""
    return float(1e-14 * abs(q).max() / (1 - gamma))


def root(*coefficients: float) -> list[float]:
    """Return the roots in (0, 1) of a polynomial, lowest degree first."""
    found = np.roots(coefficients[::-1])
    return sorted(float(x.real) for x in found if abs(x.imag) < 1e-9 and 0 < x.real < 1)


def lottery(chance: str, leave: str, prize: int) -> Known:
    """A ticket that pays 1 with some chance, or a queue that one leaves with some, to the prize."""
    p, q = Fraction(chance), Fraction(leave)
    rows = [
        (0, 0, 0, p, 1, True),
        (0, 0, 0, 1 - p, 0, True),
        (0, 1, 1, 1, 0, False),
        (1, 0, 1, q, prize, True),
        (1, 0, 1, 1 - q, 0, False),
    ]
    mdp = qdecay.MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    name = f"lottery: 1 with chance {chance}, or {prize} after a wait, {leave} a step"
    return Known(name, mdp, [float(p / (q * prize + p * (1 - q)))])  # p = g q R / (1 - g (1 - q))


def share_or_leave() -> Known:
    """Puterman 2005, section 3.1: 10 - 21 g + 11 g^2 = 0, where sharing again is worth leaving."""
    half = Fraction(1, 2)
    rows = [
        (0, 0, 0, half, 5, False),
        (0, 0, 1, half, 5, False),
        (0, 1, 1, 1, 10, False),
        (1, 0, 1, 1, -1, False),
    ]
    mdp = qdecay.MDP.from_rows(rows, n_states=2, n_actions=2, start=0)
    return Known("Puterman's two states", mdp, [10 / 11])


def known() -> Iterator[Known]:
    """Those that are learned in seconds first."""
    yield from certain()
    yield from small()
    yield from on_policy()
    yield from lakes()
    yield from large()


def certain() -> Iterator[Known]:
    """Models in which nothing is random."""
    yield Known("homework A", "qdecay/StayOrMove-v0", [1 / 2])
    yield Known("homework B", "qdecay/LeftOrRight-v0", [1 / 3])
    yield Known("homework C, 4 steps", "qdecay/ShortDelay-v0", [6 ** (-1 / 3)])
    yield Known("homework C, 100 steps", "qdecay/LongDelay-v0", [110 ** (-1 / 99)])
    yield Known("TwoStreams", "qdecay/TwoStreams-v0", [1 / 3, 1 / 2])
    yield Known("DelayMenu", "qdecay/DelayMenu-v0", [1 / 2, 2 / 3])
    lock = root(-1 / 100, 0, 0, 0, 1, -1)  # g^4 (1 - g) = 1/100
    yield Known("CombinationLock", "qdecay/CombinationLock-v0", lock)
    yield Known("DeepSea", "qdecay/DeepSea-v0", sea(1))
    yield Known("DiscountingChain", "qdecay/DiscountingChain-v0", [(10 / 11) ** (1 / 9)])
    yield Known("CliffWalking, not slippery", "CliffWalking-v1", [])


def sea(chance: float) -> list[float]:
    """x^9 (1 - x) = (1 - x^10) / 1000, without its root at 1; x is gamma times the chance."""
    quotient = [-0.001] * 9 + [0.999]  # divided by 1 - x
    return [x / chance for x in root(*quotient)]


def small() -> Iterator[Known]:
    """Rivers, chains and lotteries."""
    river, chain = "qdecay/RiverSwim-v0", "qdecay/NChain-v0"
    swim = gymnasium.make(river)
    yield Known("RiverSwim", river, [in_table(swim, 0, 0.3, 0.9)])
    yield Known("RiverSwim, state 2", river, [in_table(swim, 2, 0.02, 0.3)], {"state": 2})
    littman = gymnasium.make(river, variant="strehl_littman")
    yield Known(
        "RiverSwim, Strehl and Littman", littman, [in_table(littman, 0, 0.1, 0.95)], {"state": 0}
    )
    yield Known("NChain", chain, [(125 / 256) ** (1 / 4)])
    # (1 + y + y^2 + y^3) 8 g = 2 with y = g/5: all the way back, or once more forward.
    near = root(-2, 8, 8 / 5, 8 / 25, 8 / 125)
    yield Known("NChain, state 3", chain, near, {"state": 3})
    slips = gymnasium.make(chain, n=4, slip="2/5", small="1/3", large=7)
    yield Known("NChain, n 4, slip 2/5", slips, root(-1 / 3, 0, 0, 7 * 0.6**3))
    windy = "qdecay/DeepSeaStochastic-v0"
    yield Known("DeepSeaStochastic", windy, sea(9 / 10))
    yield Known("DeepSeaStochastic, its model", qdecay.as_mdp(windy), sea(9 / 10))
    layout = choice(near=[1], far=[0, 0, 4])
    yield Known("chain, noise 1", ChainEnv(layout, reward_noise=1), [1 / 2])
    yield Known("chain, slip 1/10", ChainEnv(layout, slip="1/10"), [1 / 2])
    both = ChainEnv(choice(near=[2], far=[0, 0, 5]), slip="3/10", reward_noise=1)
    yield Known("chain, slip 3/10, noise 1", both, [(2 / 5) ** (1 / 2)])
    yield lottery("1/2", "1/2", 2)
    yield lottery("1/3", "1/5", 2)
    yield lottery("3/4", "1/3", 5)
    yield share_or_leave()


def on_policy() -> Iterator[Known]:
    """Epsilon-soft models, epsilon 1/10."""
    for source, low, high in (("RiverSwim", 0.3, 0.9), ("NChain", 0.7, 0.95)):
        env = gymnasium.make(f"qdecay/{source}-v0")
        gammas = [in_table(env, 0, low, high, 0.1)]
        for learner in (qdecay.sarsa, qdecay.expected_sarsa):
            yield Known(f"{source}, {learner.name}", env, gammas, {"learner": learner})
    lake = gymnasium.make("FrozenLake-v1")
    gammas = [in_table(lake, 0, 0.7, 0.9, 0.1)]
    yield Known("FrozenLake, expected_sarsa", lake, gammas, {"learner": qdecay.expected_sarsa})


def lakes() -> Iterator[Known]:
    """FrozenLake."""
    lake, wide = "FrozenLake-v1", "FrozenLake8x8-v1"
    yield Known("FrozenLake", lake, root(27, -36, 0, 4))
    four, eight = gymnasium.make(lake), gymnasium.make(wide)
    twice = [in_table(four, 2, 0.7, 0.9), in_table(four, 2, 0.9, 0.99)]
    yield Known("FrozenLake, state 2", lake, twice, {"state": 2})
    yield Known("FrozenLake, state 6", lake, [], {"state": 6})
    yield Known("FrozenLake8x8", wide, [in_table(eight, 0, 0.3, 0.9)])
    twice = [in_table(eight, 56, 0.7, 0.85), in_table(eight, 56, 0.85, 0.95)]
    yield Known("FrozenLake8x8, state 56", wide, twice, {"state": 56})
    late = [in_table(eight, 32, 0.9, 0.995)]
    yield Known("FrozenLake8x8, state 32", wide, late, {"state": 32})


def large() -> Iterator[Known]:
    """What takes minutes, or is not started."""
    cliff = gymnasium.make("CliffWalking-v1", is_slippery=True)
    for state, low, high in ((12, 0.3, 0.5), (0, 0.4, 0.6)):
        gammas = [in_table(cliff, state, low, high)]
        yield Known(f"CliffWalking, slippery, state {state}", cliff, gammas, {"state": state})
    taxi = gymnasium.make(TAXI, is_rainy=True)
    for state, width in ((147, 0.1), (61, 0.1), (147, 0.02)):
        gammas = [in_table(taxi, state, 0.5, 0.95)]
        yield Known(f"{TAXI}, rainy, state {state}", taxi, gammas, {"state": state, "width": width})
