"""What is optimal at gamma = 1 itself, exactly, for any finite MDP.

The value of a policy is V(gamma) = g / (1 - gamma) + h + o(1) as gamma approaches 1: g is its gain,
the reward per step, and where g = 0, h is its total reward (the limit of discounted values; the
plain sum where that exists). Some policy attains the largest gain in every state, and the largest
total in every state where that gain is 0. An action is optimal where such a policy takes it.

Attaining the maximum of r + P V is not enough: walking in circles preserves V for ever but never
earns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay._support.result import counted, frame
from qdecay._support.shown import shown_decimal, shown_fraction
from qdecay.exact.solver.chain import fraction
from qdecay.exact.solver.laurent import Laurent, optimal_laurent
from qdecay.exact.solver.point import NEAR_ONE, proposed_policy
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.sets_at_one import optimal_at_one, orders
from qdecay.exact.solver.threads import on_one_thread
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo, ModelResult
from qdecay.model.mdp import MDP

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Undiscounted(ModelResult):
    """Gain, total reward and optimal actions at gamma = 1.

    Attributes:
        gain: the largest reward per step of every state, S fractions in reward units per step.
        value: the largest total reward of every state whose gain is 0, in reward units; None
            elsewhere: the total grows or falls without limit.
        optimal_actions: for every state the actions of the policies that attain all of these; ()
            if none is available.
        policy: one such policy, also optimal up to o(1) for every gamma close to 1; None where no
            action is available.
    """

    SCHEMA: ClassVar[str] = "qdecay.undiscounted/1"

    gain: tuple[Fraction, ...]
    value: tuple[Fraction | None, ...]
    optimal_actions: tuple[tuple[int, ...], ...]
    policy: tuple[int | None, ...]

    @classmethod
    def of(cls, best: Laurent, deadline: Deadline, info: ModelInfo) -> Self:
        """Return the result from the terms of a policy with optimal gain and bias."""
        model, optimal = best.model, optimal_at_one(best, orders(best), deadline)
        sets = model.sets(np.flatnonzero(optimal).tolist())
        own = range(model.n_own)
        gain = [fraction(best.gain[s] / model.reward_scale) for s in own]
        totals = [fraction(best.bias[s] / model.reward_scale) for s in own]
        actions = model.sets(best.policy.tolist())
        return cls(
            tuple(gain),
            tuple(None if g else h for g, h in zip(gain, totals, strict=True)),
            tuple(sets[s] for s in own),
            tuple(actions[s][0] if actions[s] else None for s in own),
            info=info,
        )

    def _shown(self) -> str:
        parts = [counted(len(self.gain), "state")]
        if self.info.start is not None:
            s = self.info.start
            value = self.value[s]
            kind, number = ("gain", self.gain[s]) if value is None else ("total", value)
            parts.append(f"{kind} {shown_fraction(number)} from the start")
        return self._titled(", ".join(parts))

    def earned(self, state: int) -> str:
        """Return in words what the best policies earn from a state: in total, or per step."""
        value = self.value[state]
        number, how = (self.gain[state], "per step") if value is None else (value, "in all")
        text = shown_fraction(number)
        if "/" in text and number.denominator > 99:
            text += f" ({shown_decimal(float(number), 4)})"
        return f"{text} {how}"

    def within_regions(self) -> dict[str, Any]:
        """Return its part of a document of policy regions: gain, value and sets."""
        body = self.body()
        return {name: body[name] for name in ("gain", "value", "optimal_actions")}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per state: gain, total reward or None, optimal actions."""
        return frame(
            {
                "gain": list(self.gain),
                "value": list(self.value),
                "optimal_actions": [tuple(self._actions(best)) for best in self.optimal_actions],
            },
            state=self._states(range(len(self.gain))),
        )


@on_one_thread
def undiscounted(problem: Problem, *, max_seconds: RealLike | None = None) -> Undiscounted:
    """Return what is optimal at gamma = 1, exactly: gain, total reward and actions.

    Any finite model has an answer, whether episodes end or not: policies may be periodic, have
    several recurrent classes, gain or lose for ever.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts.
        max_seconds: limit of wall time, > 0; None means no limit.

    Raises:
        BudgetExceeded: max_seconds ran out.

    Sources: Puterman, Markov Decision Processes (2005), chapters 9 and 10; Veinott (1969).

    >>> from qdecay.model.mdp import MDP
    >>> circle = [(0, 0, 0, 1, 0, False), (0, 1, 0, 1, 3, True)]
    >>> found = undiscounted(MDP.from_rows(circle, n_states=1, n_actions=2))
    >>> found.value, found.optimal_actions
    ((Fraction(3, 1),), ((1,),))
    """
    return undiscounted_of(as_exact_mdp(problem), Deadline(max_seconds))


def undiscounted_of(mdp: MDP, deadline: Deadline) -> Undiscounted:
    """Do what `undiscounted` does, with checked arguments."""
    model = RationalModel(mdp)
    best = optimal_laurent(model, proposed_policy(model, NEAR_ONE), deadline)
    return Undiscounted.of(best, deadline, ModelInfo.of(mdp))
