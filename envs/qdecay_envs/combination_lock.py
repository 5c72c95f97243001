"""CombinationLock: only one sequence of actions opens it; every mistake leads back to the start.

    state k = 0 .. n-1   action code[k]   -> state k + 1, reward 0; the last one opens the lock,
                                             pays prize and ends the episode
                         any other action -> state 0, reward consolation

Uniformly random actions, each right with probability p = 1 / n_actions, need (p**-n - 1) / (1 - p)
steps on average to open it: 2**(n+1) - 2 for two actions. Zero-initialised Q-learning with no
consolation is such a walk until it first opens (Koenig & Simmons 1996).

Break-even gammas. With a consolation w > 0, mistakes for ever are worth w / (1 - gamma) everywhere,
and opening from state k, m = n - k actions away, gamma**(m-1) prize. The two tie where

    gamma**(m-1) (1 - gamma) prize = w,    m = 1 .. n

and the best action in state k changes exactly there. The left side is largest at gamma = 1 - 1/m,
so each m has two such gammas (one for m = 1: 1 - w / prize; for m = 2 they are (1 +- sqrt(1 - 4 w /
prize)) / 2), or none: opening is worth it only in between, because an open lock pays no more
consolation.

Source: the "reset state space" of Koenig & Simmons 1996; J. Langford's combolock; the consolation
is `reset_val` = 0.01 of simple_rl's ComboLockMDP (which declares it and never pays it).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qdecay_envs.arguments import listed, whole
from qdecay_envs.line_picture import Line
from qdecay_envs.rational import RationalLike, rational
from qdecay_envs.screen import short_number
from qdecay_envs.table import ExactTable, sure
from qdecay_envs.tabular import TabularEnv
from qdecay_envs.vector import TabularVectorEnv


class CombinationLockEnv(TabularEnv):
    """A combination lock; see the module.

    Only the right code ends an episode: until then monitors such as Gymnasium's
    RecordEpisodeStatistics and Stable-Baselines3's Monitor report nothing, unless you pass
    `max_episode_steps` to `gym.make`.

    Args:
        code: the right action of each state, 1 .. 10,000 of them.
        n_actions: how many actions there are, 2 .. 100.
        prize: reward of opening, in reward units, exact.
        consolation: reward of every mistake.
        render_mode: see `TabularEnv`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is outside its range.
    """

    law = "state k, m = n-k: g^(m-1) (1-g) prize = consolation"

    def __init__(
        self,
        code: Sequence[int] = (1, 0, 0, 1, 0),
        n_actions: int = 2,
        prize: RationalLike = 1,
        consolation: RationalLike = "1/100",
        *,
        render_mode: str | None = None,
    ) -> None:
        self.n_actions = whole(n_actions, "n_actions", 2, 100)
        self.code = tuple(
            whole(action, f"code[{k}]", 0, self.n_actions - 1)
            for k, action in enumerate(listed(code, "code", 10_000))
        )
        self.prize = rational(prize, "prize")
        self.consolation = rational(consolation, "consolation")
        super().__init__(self._table(), render_mode=render_mode)

    def _table(self) -> ExactTable:
        last = len(self.code) - 1
        table: ExactTable = []
        for state, right in enumerate(self.code):
            rows = [sure(0, self.consolation) for _ in range(self.n_actions)]
            opens = state == last
            rows[right] = sure(state, self.prize, True) if opens else sure(state + 1)
            table.append(rows)
        return table

    def _line(self) -> Line:
        prize, consolation = short_number(self.prize), short_number(self.consolation)
        pays = f": pays {consolation}" if self.consolation else ""
        return Line(
            len(self.code),
            frozenset([0]),
            on=[f"action {right}" for right in self.code],
            to_first=f"any other{pays}",
            out=f"action {self.code[-1]}",
            words=[f"the last one opens the lock and pays {prize}"],
        )


CombinationLockVectorEnv = partial(TabularVectorEnv, CombinationLockEnv)
