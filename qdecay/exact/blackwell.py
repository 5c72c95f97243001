"""The Blackwell discount factor alone, from the right: no walk through all regions.

A policy that is optimal just left of 1 is found by policy iteration with exact signs there; it
stays optimal as far left as no advantage turns positive. The largest root in (0, 1) of any
advantage that is not identically 0 is therefore the last breakpoint, or a touch right of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from qdecay.exact.algebraic import AlgebraicNumber, isolate_quickly
from qdecay.exact.budget import Budget
from qdecay.exact.point import proposed_policy, settle, sign_left_of
from qdecay.exact.rational_model import RationalModel
from qdecay.exact.series import PolicySeries

if TYPE_CHECKING:
    from qdecay.mdp import MDP

_NEAR_ONE = 1 - 2.0**-20  # where floats propose a policy for exact signs to judge
_ONE = AlgebraicNumber.of(1)


@dataclass(frozen=True)
class Blackwell:
    """What holds near gamma = 1.

    Attributes:
        discount_factor: the smallest gamma right of which every optimal policy is Blackwell
            optimal; 0 if all of (0, 1) is one region without touches.
        is_touch: whether the sets left of it are the same (one is larger at that point only).
        optimal_actions: the Blackwell-optimal actions of every state.
    """

    discount_factor: AlgebraicNumber
    is_touch: bool
    optimal_actions: tuple[tuple[int, ...], ...]


def blackwell(mdp: MDP, *, max_seconds: float | None = None) -> Blackwell:
    """Return the Blackwell discount factor of a model and its Blackwell-optimal actions.

    Raises:
        BudgetExceeded: max_seconds ran out.

    Source: Grand-Clement and Petrik, Reducing Blackwell and average optimality to discounted
    MDPs via the Blackwell discount factor, NeurIPS 2023.
    """
    budget, model = Budget(max_seconds), RationalModel(mdp)
    everything = np.ones(model.n_pairs, dtype=np.bool_)
    proposal = proposed_policy(model, _NEAR_ONE)
    policy, optimal = settle(model, proposal, everything, lambda p: sign_left_of(p, _ONE), budget)
    series = PolicySeries(model, policy, budget)
    last, crossing = AlgebraicNumber.of(0), False
    for pair in np.flatnonzero(~optimal).tolist():
        budget.check()
        c = series.numerator(pair)
        # From a little left of `last` on, so that a root equal to it is seen.
        roots = isolate_quickly(c, last.lower * (1 - Fraction(1, 2**20)), Fraction(1))
        if not roots or roots[-1] < last:
            continue
        if roots[-1] > last:
            last, crossing = roots[-1], False
        if not crossing and last > 0:
            crossing = sign_left_of(c, last) > 0
    found = model.sets(np.flatnonzero(optimal).tolist())
    return Blackwell(
        last.simplified(), last > 0 and not crossing, tuple(found[s] for s in range(model.n))
    )
