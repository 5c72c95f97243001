"""DeepSea: N steps down a triangle; only the diagonal, against a small cost, reaches the treasure.

    row k, column c   LEFT  -> row k + 1, column max(c - 1, 0), reward 0
                      RIGHT -> row k + 1, column c + 1, reward -move_cost / N
    row N - 1         ends the episode; RIGHT in column N - 1 also pays 1
    stochastic        RIGHT stays in its column with probability 1/N and costs, and pays, all the
                      same; the rewards of columns 0 and N - 1 of the last row have N(0, 1) noise

State k (k + 1) / 2 + c is column c <= k of row k, the only ones that can be reached: N (N + 1) / 2.

Break-even gammas. Off the diagonal RIGHT is a loss. On it, in row k, m = N - 1 - k moves before the
treasure, RIGHT all the way is worth x**m - c (1 + x + ... + x**m), with c = move_cost / N and x =
gamma, or x = (1 - 1/N) gamma in the stochastic version; LEFT is worth 0. So they are the roots of

    x**m (1 - x) = c (1 - x**(m+1)),    0 < x < 1, m = 1 .. N - 1;  x = c / (1 - c) for m = 1.

For N = 10 the start's (m = 9) is 0.5014219817; the stochastic ones are N / (N - 1) times as large.

Source: Osband et al. 2019 (1703.07608), Osband, Aslanides & Cassirer 2018 (1806.03335), as in
bsuite's `deep_sea.py`, whose tests for the treasure and whose noise are followed (its text puts the
noise in all "end" states). bsuite swaps the actions in states drawn by `mapping_seed`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from qdecay_envs.arguments import flag, probability, whole
from qdecay_envs.rational import RationalLike
from qdecay_envs.screen import Moment, short_number
from qdecay_envs.sea_picture import SeaScene
from qdecay_envs.table import ExactRow, ExactTable, mixture, sure
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv


class DeepSeaEnv(TabularEnv):
    """Osband's deep sea; see the module.

    Args:
        size: N, the rows and the steps of an episode, 2 .. 1,000.
        stochastic: whether RIGHT can fail and the last rewards are noisy.
        move_cost: the cost of N moves to the right, 0 .. 1. A float is read by its decimal text.
        mapping_seed: None lets action 1 be RIGHT everywhere; an integer >= 0 draws, for each state,
            which action is RIGHT: `numpy.random.default_rng(mapping_seed).integers(2, size=S)`.
        render_mode: see `TabularEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.
    """

    law = "row k, m = N-1-k: x^m (1-x) = c (1-x^(m+1)), c = move_cost/N, x = g or (1-1/N) g"

    def __init__(
        self,
        size: int = 10,
        stochastic: bool = False,
        move_cost: RationalLike | float = "1/100",
        mapping_seed: int | None = None,
        *,
        render_mode: str | None = None,
    ) -> None:
        self.size = whole(size, "size", 2, 1_000)
        self.stochastic = flag(stochastic, "stochastic")
        self.move_cost = probability(move_cost, "move_cost")
        self.n_states = self.size * (self.size + 1) // 2
        self._right = np.ones(self.n_states, dtype=np.int64)
        if mapping_seed is not None:
            seed = whole(mapping_seed, "mapping_seed", 0, 2**63)
            self._right = np.random.default_rng(seed).integers(2, size=self.n_states)
        last_row = self.n_states - self.size
        super().__init__(
            self._table(),
            action_names=None if mapping_seed is not None else ("left", "right"),
            reward_noise=float(self.stochastic),
            noisy_states=(last_row, self.n_states - 1),
            render_mode=render_mode,
        )

    def _table(self) -> ExactTable:
        cells = [(row, column) for row in range(self.size) for column in range(row + 1)]
        moves = [(self._left(*cell), self._rightwards(*cell)) for cell in cells]
        return [
            [left, right] if action else [right, left]
            for (left, right), action in zip(moves, self._right.tolist(), strict=True)
        ]

    def _left(self, row: int, column: int) -> ExactRow:
        if row == self.size - 1:
            return sure(_state(row, column), terminated=True)
        return sure(_state(row + 1, max(column - 1, 0)))

    def _rightwards(self, row: int, column: int) -> ExactRow:
        reward = -self.move_cost / self.size
        if row == self.size - 1:
            return sure(_state(row, column), reward + (column == row), terminated=True)
        fails = Fraction(int(self.stochastic), self.size)
        return mixture(
            (1 - fails, (_state(row + 1, column + 1), reward, False)),
            (fails, (_state(row + 1, column), reward, False)),
        )

    def _picture(self, moment: Moment) -> SeaScene:
        return SeaScene(self.size, self._words(), moment)

    def _words(self) -> list[str]:
        """Return what the actions do."""
        cost = short_number(self.move_cost / self.size)
        fails = f"; straight down with probability 1/{self.size}" if self.stochastic else ""
        words = [
            "left: down and to the left",
            f"right: down and to the right{fails}",
            f"right costs {cost}, and pays 1 at the treasure",
        ]
        drawn = "which action is right is drawn for each state"
        return words if self.action_names else [*words, drawn]


def _state(row: int, column: int) -> int:
    return row * (row + 1) // 2 + column


DeepSeaVectorEnv = partial(TabularVectorEnv, DeepSeaEnv)
