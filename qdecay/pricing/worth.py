"""What the policies within given action sets are worth by a judge, at worst and at best.

Stationary policies suffice for the total, the average and a discount factor: policy iteration among
the candidates finds the best, and the worst, exactly. Over a number of steps ties are broken afresh
at each step (see `qdecay.exact.solver.steps`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from sys import float_info
from typing import Any

import numpy as np
from flint import fmpq

from qdecay._support.deadline import Deadline
from qdecay._support.result import Record
from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.chain import best_policy, fraction
from qdecay.exact.solver.discounted import discounted
from qdecay.exact.solver.laurent import laurent
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.steps import Steps
from qdecay.pricing.judge import Judge
from qdecay_envs.rational import nearest_float

Sets = Sequence[Sequence[int]]
_LOST = -math.inf


@dataclass(frozen=True, eq=False, repr=False)
class Worth(Record):
    """What a policy is worth from the start, by the judge.

    Attributes:
        value: in reward units (per step, for the average); -inf where the policy loses for ever.
        exact: the same as an exact number; None where it is infinite, or only a float is known.
        error: |value - true value| <= error, 0 where `exact` is known.
    """

    value: float
    exact: Fraction | None
    error: float = 0.0

    @classmethod
    def of(cls, number: Fraction) -> Worth:
        """Return the worth of an exact number.

        Raises:
            ValueError: it has no float.
        """
        try:
            return cls(nearest_float(number), number)
        except ValueError as error:
            raise ValueError(f"what is earned {error}") from error

    def _shown(self) -> str:
        return self.shown(6)

    def shown(self, digits: int) -> str:
        """Return the value in text, without trailing zeros where it is exact."""
        if self.exact is not None:
            return shown_decimal(AlgebraicNumber.of(self.exact), digits)
        if 0 < self.error < abs(self.value):  # only digits that are known
            digits = min(digits, 1 + int(math.log10(abs(self.value) / self.error)))
        return shown_decimal(self.value, digits)

    def to_json(self) -> dict[str, Any]:
        """Return the value, the exact one or null, and the error where there is one."""
        exact = None if self.exact is None else str(self.exact)
        value = self.value if math.isfinite(self.value) else str(self.value)
        return {"value": value, "exact": exact, **({"error": self.error} if self.error else {})}

    @property
    def least(self) -> Fraction | float:
        """The least that it may be: the exact number, or the float minus its error."""
        return self.value - self.error if self.exact is None else self.exact

    @property
    def most(self) -> Fraction | float:
        """The most that it may be."""
        return self.value + self.error if self.exact is None else self.exact


def loss(optimum: Worth, worst: Worth) -> float | None:
    """Return (optimum - worst) / |optimum|, or None where the optimum is 0.

    A loss smaller than the floats' errors counts as 0.
    """
    if optimum.value == 0:
        return None
    if worst.exact is not None and optimum.exact is not None:
        return float((optimum.exact - worst.exact) / abs(optimum.exact))
    lost = optimum.value - worst.value
    return 0.0 if abs(lost) <= optimum.error + worst.error else lost / abs(optimum.value)


class Worths:
    """A model, a judge and where episodes begin; what action sets are worth there.

    Args:
        model: the model, in integers.
        judge: the judge.
        starts: the probability of each start state.
        deadline: the limit of time.
    """

    def __init__(
        self, model: RationalModel, judge: Judge, starts: Mapping[int, Fraction], deadline: Deadline
    ) -> None:
        self.judge, self._starts, self._deadline = judge, starts, deadline
        self._model = model
        owner = model.pair_state.tolist()
        self._pair = {(owner[p], a): p for p, actions in enumerate(model.actions) for a in actions}
        self._known: dict[tuple[int, ...], tuple[Worth, Worth]] = {}

    def of(self, sets: Sets) -> tuple[Worth, Worth]:
        """Return the worst and the best of the policies that use these optimal sets."""
        own = self._model.n_own
        pairs = self._reached(lambda s: {self._pair[s, a] for a in sets[s]} if s < own else ())
        if pairs not in self._known:
            best = self._worth(pairs, 1)
            states = np.unique(self._model.pair_state[list(pairs)])
            worst = best if len(states) == len(pairs) else self._worth(pairs, -1)
            self._known[pairs] = worst, best
        return self._known[pairs]

    def with_a_clock(self) -> Worth:
        """Return the most that any policy earns in the judge's steps, even one that counts them."""
        return self._worth(self._reached(self._model.pairs_of), 1)

    def _reached(self, candidates: Callable[[int], Iterable[int]]) -> tuple[int, ...]:
        """Return the candidates of all states that they reach from the starts, in order."""
        found: dict[int, list[int]] = {}
        waiting = list(self._starts)
        while waiting:
            s = waiting.pop()
            if s not in found:
                # A state without candidates is absorbing, or a waiting state.
                found[s] = sorted(candidates(s)) or list(self._model.pairs_of(s))
                waiting += [t for pair in found[s] for t in self._model.targets[pair]]
        return tuple(pair for s in sorted(found) for pair in found[s])

    def _worth(self, pairs: tuple[int, ...], sign: int) -> Worth:
        if self.judge.steps is not None:
            return self._after(self.judge.steps, pairs, sign)
        model, deadline, gamma = self._model, self._deadline, self.judge.gamma
        owner = model.pair_state[list(pairs)]
        states, first = np.unique(owner, return_index=True)
        policy = model.first[:-1].copy()
        policy[states] = np.array(pairs)[first]
        if gamma is not None:
            found = best_policy(
                lambda chosen: discounted(model, chosen, gamma, deadline, states),
                model,
                policy,
                pairs,
                sign=sign,
            )
            return self._mean(found.values)
        terms = best_policy(
            lambda chosen: laurent(model, chosen, deadline, states), model, policy, pairs, sign=sign
        )
        if self.judge.kind == "average":
            return self._mean(terms.gain)
        if any(terms.gain[s] < 0 for s in self._starts):
            return Worth(_LOST, None)
        return self._mean(terms.bias)

    def mean(self, values: Mapping[int, Fraction] | Sequence[Fraction]) -> Worth:
        """Return the mean over the starts of what is earned from each state, exactly."""
        return Worth.of(sum((p * values[s] for s, p in self._starts.items()), Fraction(0)))

    def _mean(self, values: Sequence[fmpq]) -> Worth:
        """The same for integer rewards."""
        scale = self._model.reward_scale
        return self.mean({s: fraction(values[s]) / scale for s in self._starts})

    def _after(self, steps: int, pairs: tuple[int, ...], sign: int) -> Worth:
        programme = Steps(self._model, pairs)
        exact = programme.exactly(steps, sign, self._deadline)
        return self._roughly(programme, steps, sign) if exact is None else self.mean(exact)

    def _roughly(self, programme: Steps, steps: int, sign: int) -> Worth:
        values, error = programme.roughly(steps, sign, self._deadline)
        mean = math.fsum(float(p) * values[s] for s, p in self._starts.items())
        return Worth(mean, None, error + 4 * float_info.epsilon * abs(mean))
