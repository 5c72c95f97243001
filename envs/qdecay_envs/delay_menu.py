"""DelayMenu: any list of rewards and delays to choose from, once or for ever.

    start      action i  -> the i-th corridor; after delay_i empty steps it pays reward_i
    corridor   every action goes on

Option i is worth gamma**delay_i * reward_i where the episode then ends (the default).

Break-even gammas. A smaller reward r at delay m against a larger R at delay n > m:

    gamma = (r / R)**(1 / (n - m)).

Of several positive options those on the upper convex hull of the points (delay, log reward) are
best in turn, and the break-even gammas are those of neighbours on the hull. This plants any
increasing list g_1 < ... < g_k of rationals (`menu_with_break_evens`): option j at delay j with
reward 1 / (g_1 g_2 ... g_j) breaks even with option j - 1 exactly at g_j.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, Self, Unpack

from qdecay_envs.arguments import listed, whole
from qdecay_envs.chain import ChainEnv, ChainOptions
from qdecay_envs.layout import ChainLayout, Ending
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.vector import TabularVectorEnv

MAX_OPTIONS = 1_000


class DelayMenuEnv(ChainEnv):
    """A menu of delayed rewards; see the module.

    Args:
        menu: two or more (reward, delay) pairs; rewards exact, delays 0 .. 99,999 empty steps.
        ending: what follows a reward; see `ChainLayout`.
        options: slip, reward_noise, escape and render_mode of `ChainEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range, or an option appears twice.

    >>> DelayMenuEnv.with_break_evens(["1/2", "2/3"]).menu
    ((Fraction(1, 1), 0), (Fraction(2, 1), 1), (Fraction(3, 1), 2))
    """

    law = "g = (r/R)^(1/(n-m)) of neighbours on the hull of (delay, log reward)"

    def __init__(
        self,
        menu: Sequence[Sequence[Any]] = ((1, 0), (2, 1), (3, 2)),
        *,
        ending: Ending = "terminate",
        **options: Unpack[ChainOptions],
    ) -> None:
        entries = listed(menu, "menu", MAX_OPTIONS)
        self.menu = tuple(_option(entry, f"menu[{i}]") for i, entry in enumerate(entries))
        branches = tuple(
            (f"{reward} {in_words(delay)}", (Fraction(0),) * delay + (reward,))
            for reward, delay in self.menu
        )
        super().__init__(ChainLayout(branches, ending), **options)

    @classmethod
    def with_break_evens(
        cls, gammas: Iterable[RationalLike], **options: Unpack[ChainOptions]
    ) -> Self:
        """Return the menu whose break-even gammas are exactly `gammas`.

        Args:
            gammas: exact, in (0, 1), increasing.
            options: as for the constructor.

        Raises:
            TypeError: a gamma is not an exact number.
            ValueError: a gamma is outside (0, 1), or they do not increase.
        """
        return cls(menu_with_break_evens(gammas), **options)


def menu_with_break_evens(gammas: Iterable[RationalLike]) -> list[tuple[Fraction, int]]:
    """Return the menu of `DelayMenuEnv.with_break_evens`, which has the details.

    >>> [(str(reward), delay) for reward, delay in menu_with_break_evens(["1/3", "3/4"])]
    [('1', 0), ('3', 1), ('4', 2)]
    """
    planted = [rational(g, f"gamma {i}") for i, g in enumerate(listed(gammas, "gammas", 999))]
    for i, gamma in enumerate(planted):
        if not 0 < gamma < 1:
            raise ValueError(f"gamma {i} must be in (0, 1), got {gamma}")
    for before, after in pairwise(planted):
        if before >= after:
            raise ValueError(f"the gammas must increase, got {before} before {after}")
    menu = [(Fraction(1), 0)]
    for delay, gamma in enumerate(planted, start=1):
        menu.append((menu[-1][0] / gamma, delay))
    return menu


def in_words(delay: int) -> str:
    """Return in words when a reward is paid that comes after some empty steps.

    >>> in_words(0), in_words(1), in_words(2)
    ('now', 'after 1 step', 'after 2 steps')
    """
    return f"after {delay} step{'s' * (delay > 1)}" if delay else "now"


def _option(entry: Any, name: str) -> tuple[Fraction, int]:
    if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 2:
        raise ValueError(f"{name} must be a (reward, delay) pair, got {entry!r}")
    reward, delay = entry
    return rational(reward, f"the reward of {name}"), whole(
        delay, f"the delay of {name}", 0, 99_999
    )


DelayMenuVectorEnv = partial(TabularVectorEnv, DelayMenuEnv)
