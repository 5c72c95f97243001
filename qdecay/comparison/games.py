"""The games of homework D: a reward of 1 on every step, or a reward R on every n-th.

SPARSE must be taken n times in a row, and taking CONSTANT in between gives up. The game is played
for ever (`ConstantOrSparse`), or once (homework C with `escape`, where one small reward ends the
game too).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, get_args

from qdecay._support.checks import RationalLike, choice, exact, whole
from qdecay_envs.chain import ChainEnv
from qdecay_envs.constant_or_sparse import ConstantOrSparseEnv
from qdecay_envs.layout import ChainLayout

MAX_DELAY = 1_000

Game = Literal["forever", "once"]


def random_walk_steps(successes: int, probability: RationalLike) -> Fraction:
    """Return the expected trials until this many successes in a row: (p**-n - 1) / (1 - p).

    >>> random_walk_steps(4, Fraction(1, 2)), random_walk_steps(3, Fraction(1, 20))
    (Fraction(30, 1), Fraction(8420, 1))

    Raises:
        ValueError: successes < 1, or the probability is not inside (0, 1).
    """
    n, p = whole(successes, "successes", 1), exact(probability, "probability", "(0, 1)")
    return (p**-n - 1) / (1 - p)


def reward_of(game: Game, delay: int, gamma: RationalLike, advantage: RationalLike) -> Fraction:
    """Return R such that the sparse choice is worth `advantage` times the constant one.

    >>> reward_of("once", 3, Fraction(1, 2), 1), reward_of("forever", 3, Fraction(1, 2), 1)
    (Fraction(4, 1), Fraction(7, 1))

    Raises:
        TypeError: a number is not exact.
        ValueError: an argument is outside its range.
    """
    choice(game, "game", get_args(Game))
    n, g = whole(delay, "delay", 1, MAX_DELAY), exact(gamma, "gamma", "(0, 1)")
    constant = sum((g**k for k in range(n)), Fraction(0)) if game == "forever" else 1
    return exact(advantage, "advantage", "> 0") * constant / g ** (n - 1)


def chain_of(game: Game, delay: int, reward: Fraction) -> ChainEnv:
    """Return the game's environment: branch 0 is constant, branch 1 sparse."""
    if game == "forever":
        return ConstantOrSparseEnv(delay, 1, reward)
    layout = ChainLayout.choice(constant=[1], sparse=[*[0] * (delay - 1), reward])
    return ChainEnv(layout, escape=True)
