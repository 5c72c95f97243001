"""RiverSwim: a small reward at the left bank, or a large one upstream at the right bank.

    LEFT    one state to the left for sure; in state 0 it stays and pays small
    RIGHT   against the current, with the probabilities of the variant:

                        left bank        between                  right bank
                        stay   on        back   stay   on         back   stay
    osband              2/5    3/5       1/20   3/5    7/20       2/5    3/5
    strehl_littman      7/10   3/10      1/10   3/5    3/10       7/10   3/10

At the right bank RIGHT pays large: always with `osband`, only where it stays with `strehl_littman`.
Nothing ever ends. Osband starts in state 0, Strehl & Littman in state 1 or 2 with equal odds.

Break-even gammas. At that of state i the states below i drift, so V(k) = gamma**k small / (1 -
gamma) for k <= i, and the states from i on swim:

    V(k) = gamma * (back V(k-1) + stay V(k) + on V(k+1)),     i <= k <= n - 2,

which gives V(i+1) .. V(n-1) in turn. The break-even gamma solves what is left, the equation of the
right bank: V(n-1) = pay + gamma * (back V(n-2) + stay V(n-1)), a polynomial equation without a
closed form.

Sources: Strehl & Littman 2008, rewards 5 and 10000; where the reward is paid follows three public
implementations that agree (M. C. Machado's, C. Dimitrakakis's beliefbox, table-rl). Osband, Russo &
Van Roy 2013, rewards 5/1000 and 1, as in I. Osband's TabulaRL. Copies of it exist with 9/10 and
1/10 at the right bank, which is neither paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from qdecay_envs.arguments import whole
from qdecay_envs.line_picture import Line
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.screen import short_number
from qdecay_envs.table import ExactRow, ExactTable, mixture, sure
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv

LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class Current:
    """The probabilities of RIGHT, the rewards and the starts of a variant.

    Attributes:
        on_at_left: the probability of leaving the left bank.
        back, on: those of moving in between.
        back_at_right: that of being swept away from the right bank.
        swept_pays: whether the large reward is also paid when the current sweeps the agent away.
        small, large: the rewards.
        starts: the probability of each start state.
    """

    on_at_left: Fraction
    back: Fraction
    on: Fraction
    back_at_right: Fraction
    swept_pays: bool
    small: Fraction
    large: Fraction
    starts: Mapping[int, Fraction]


VARIANTS = {
    "osband": Current(
        on_at_left=Fraction(3, 5),
        back=Fraction(1, 20),
        on=Fraction(7, 20),
        back_at_right=Fraction(2, 5),
        swept_pays=True,
        small=Fraction(5, 1000),
        large=Fraction(1),
        starts={0: Fraction(1)},
    ),
    "strehl_littman": Current(
        on_at_left=Fraction(3, 10),
        back=Fraction(1, 10),
        on=Fraction(3, 10),
        back_at_right=Fraction(7, 10),
        swept_pays=False,
        small=Fraction(5),
        large=Fraction(10_000),
        starts={1: Fraction(1, 2), 2: Fraction(1, 2)},
    ),
}


class RiverSwimEnv(TabularEnv):
    """The river of Strehl and Littman, or of Osband; see the module.

    Nothing ends an episode: monitors such as Gymnasium's RecordEpisodeStatistics and
    Stable-Baselines3's Monitor report nothing, unless you pass `max_episode_steps` to `gym.make`.

    Args:
        variant: "osband" or "strehl_littman".
        n: number of states, 3 .. 100,000.
        small, large: the rewards at the banks, exact; None means those of the variant.
        render_mode: see `TabularEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.
    """

    law = "state i: a polynomial from a three-term recurrence, no closed form"

    def __init__(
        self,
        variant: str = "osband",
        n: int = 6,
        small: RationalLike | None = None,
        large: RationalLike | None = None,
        *,
        render_mode: str | None = None,
    ) -> None:
        if not isinstance(variant, str) or variant not in VARIANTS:
            names = " or ".join(map(repr, VARIANTS))
            raise ValueError(f"variant must be {names}, got {variant!r}")
        self.variant, self.current = variant, VARIANTS[variant]
        self.n = whole(n, "n", 3, 100_000)
        self.small = self.current.small if small is None else rational(small, "small")
        self.large = self.current.large if large is None else rational(large, "large")
        super().__init__(
            self._table(),
            self.current.starts,
            action_names=("left", "right"),
            render_mode=render_mode,
        )

    def _table(self) -> ExactTable:
        left = [sure(0, self.small), *(sure(state - 1) for state in range(1, self.n))]
        return [[left[state], self._right(state)] for state in range(self.n)]

    def _right(self, state: int) -> ExactRow:
        current, none = self.current, Fraction(0)
        back, on, pay, swept = current.back, current.on, none, none
        if state == 0:
            back, on = none, current.on_at_left
        elif state == self.n - 1:
            back, on, pay = current.back_at_right, none, self.large
            swept = self.large if current.swept_pays else none
        return mixture(
            (on, (state + 1, none, False)),
            (1 - back - on, (state, pay, False)),
            (back, (state - 1, swept, False)),
        )

    def _line(self) -> Line:
        last, small, large = self.n - 1, short_number(self.small), short_number(self.large)
        where = "" if self.current.swept_pays else " where it stays"

        def chances(step: int) -> list[str]:
            """Return the probabilities of moving by this much: at the left bank, between, at the
            right bank."""
            first, between, end = (
                short_number(sum((p for p, t, *_ in self._right(s) if t == s + step), Fraction(0)))
                for s in (0, 1, last)
            )
            return [first, *[between] * (self.n - 2), end]

        return Line(
            self.n,
            frozenset(self.current.starts),
            on=chances(1),
            stay=chances(0),
            back=[f"left, or {chance}" for chance in chances(-1)],
            words=[
                f"right: with the probabilities drawn; in state {last} it pays {large}{where}",
                f"left: one state back; in state 0 it stays and pays {small}",
            ],
        )


RiverSwimVectorEnv = partial(TabularVectorEnv, RiverSwimEnv)
