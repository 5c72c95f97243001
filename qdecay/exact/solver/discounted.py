"""The value of a policy at one rational gamma below 1, exactly: v = r + gamma P v."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.solver.chain import (
    ZERO,
    System,
    Terms,
    Vector,
    ahead,
    assign,
    components,
    pairs_of,
)
from qdecay.exact.solver.rational_model import RationalModel


@dataclass(frozen=True)
class Discounted:
    """A policy's values at one gamma, a number per state, in the model's integer rewards.

    States that were not requested have 0.
    """

    model: RationalModel
    gamma: Fraction
    values: Vector

    def advantage(self, pair: int) -> Terms:
        """Return r + gamma p v - v(s)."""
        return (self.term(pair),)

    def term(self, pair: int, k: int = 0) -> fmpq:
        """Return the only term of the pair's advantage, number 0."""
        later = fmpq(self.gamma.numerator, self.gamma.denominator) * ahead(
            self.model, pair, self.values
        )
        own = self.values[int(self.model.pair_state[pair])]
        return fmpq(self.model.rewards[pair] + later - own)


def discounted(
    model: RationalModel,
    policy: NDArray[np.int64],
    gamma: Fraction,
    deadline: Deadline,
    states: NDArray[np.int64],
) -> Discounted:
    """Return the values of a policy at 0 <= gamma < 1 in states that it does not leave."""
    values = [ZERO] * model.n
    for component in components(model, policy, states):
        deadline.check()
        pairs = pairs_of(policy, component)
        earned = [fmpq(model.rewards[pair]) for pair in pairs.values()]
        assign(values, pairs, System(model, pairs, gamma).solve(earned, values))
    return Discounted(model, gamma, values)
