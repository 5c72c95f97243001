"""NChain: run up a chain for a large reward, or fall back to its foot for a small one.

    state 0 .. n-2   FORWARD  -> state + 1, reward 0
    state n-1        FORWARD  -> state n-1, reward large
    any state        BACKWARD -> state 0, reward small
    any action       with probability slip does what the other one does; nothing ever ends

Break-even gammas. For slip e < 1/2 and large > small > 0, state i goes forward where V(forward)
exceeds B = small + gamma V(0). At its break-even gamma the states above i go forward and those
below go back, which solves to

    (1 + y + ... + y**i) * large * x**(n - 1 - i) = small,    x = (1 - e) gamma, y = e gamma.

The left side grows with gamma, so there is one such gamma for each state i = 0 .. n-2, inside
(0, 1) where it is below 1. For i = 0 it is (small / large)**(1 / (n - 1)) / (1 - e):
(125/256)**(1/4) with the numbers of the paper; from n = 9 on the foot of the chain is never worth
leaving.

Source: Strens 2000, section 6.1, after Dearden, Friedman & Russell 1998: n = 5, slip 0.2, rewards 2
and 10, paid according to what happens, not to the chosen action. The numbering of the actions is
that of OpenAI Gym's NChain-v0, which ended its episodes by a time limit of 1,000.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from qdecay_envs.arguments import probability, whole
from qdecay_envs.line_picture import Line
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.screen import short_number
from qdecay_envs.table import ExactRow, ExactTable, Outcome, mixture
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv

FORWARD, BACKWARD = 0, 1


class NChainEnv(TabularEnv):
    """The chain of Strens and Dearden; see the module.

    Nothing ends an episode: monitors such as Gymnasium's RecordEpisodeStatistics and
    Stable-Baselines3's Monitor report nothing, unless you pass `max_episode_steps` to `gym.make`.

    Args:
        n: number of states, 2 .. 100,000.
        slip: probability that the other action happens, 0 <= slip <= 1. A float is read by its
            decimal text.
        small: reward of going back, in reward units, exact.
        large: reward of going forward in the last state.
        render_mode: see `TabularEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.
    """

    law = "state i: (1 + y + .. + y^i) * large * x^(n-1-i) = small, x = (1-slip) g, y = slip g"

    def __init__(
        self,
        n: int = 5,
        slip: RationalLike | float = "1/5",
        small: RationalLike = 2,
        large: RationalLike = 10,
        *,
        render_mode: str | None = None,
    ) -> None:
        self.n = whole(n, "n", 2, 100_000)
        self.slip = probability(slip, "slip")
        self.small, self.large = rational(small, "small"), rational(large, "large")
        super().__init__(
            self._table(), action_names=("forward", "backward"), render_mode=render_mode
        )

    def _table(self) -> ExactTable:
        table = []
        for state in range(self.n):
            last = state == self.n - 1
            forward = (min(state + 1, self.n - 1), self.large if last else Fraction(0), False)
            backward = (0, self.small, False)
            table.append([self._slipping(forward, backward), self._slipping(backward, forward)])
        return table

    def _slipping(self, meant: Outcome, other: Outcome) -> ExactRow:
        return mixture((1 - self.slip, meant), (self.slip, other))

    def _line(self) -> Line:
        chance = f" {short_number(1 - self.slip)}" if self.slip else ""
        small, large = short_number(self.small), short_number(self.large)
        last = self.n - 1
        words = [
            f"forward: to the next state; in state {last} it stays and pays {large}",
            f"backward: to state 0, pays {small}",
        ]
        if self.slip:
            slip = short_number(self.slip)
            words.append(f"each does what the other one does with probability {slip}")
        return Line(
            self.n,
            frozenset([0]),
            on=[f"forward{chance}"] * self.n,
            stay=[*[""] * last, f"forward{chance}: pays {large}"],
            to_first=f"backward{chance}: pays {small}",
            words=words,
        )


NChainVectorEnv = partial(TabularVectorEnv, NChainEnv)
