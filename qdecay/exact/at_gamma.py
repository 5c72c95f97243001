"""What is optimal at one gamma, exactly, without a walk."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import RationalLike, RealLike, exact, require
from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.point import Point
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.undiscounted import undiscounted_of
from qdecay.exact.walked import Sets, sets_of
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP


@on_one_thread
def optimal_actions(
    problem: Problem, gamma: RationalLike | AlgebraicNumber, *, max_seconds: RealLike | None = None
) -> Sets:
    """Return the exact set of optimal actions of every state at one gamma, 0 <= gamma <= 1.

    Policy iteration with exact final decisions; a state with no actions has (). At gamma = 1 the
    sets are those of `undiscounted`.

    Raises:
        TypeError, ValueError: gamma is not exact, or out of range.
        BudgetExceeded: max_seconds ran out.
    """
    mdp, number = as_exact_mdp(problem), gamma_number(gamma, "[0, 1]")
    return sets_at(mdp, number, Deadline(max_seconds))


def sets_at(mdp: MDP, gamma: AlgebraicNumber, deadline: Deadline) -> Sets:
    """Do what `optimal_actions` does, with checked arguments."""
    model = RationalModel(mdp)
    if gamma == 1:
        return undiscounted_of(mdp, deadline).optimal_actions
    if gamma == 0:
        return sets_of(model, best_at_zero(model))
    return sets_of(model, Point(model, gamma, deadline).at)


@on_one_thread
def is_breakpoint(
    problem: Problem, gamma: RationalLike | AlgebraicNumber, *, max_seconds: RealLike | None = None
) -> bool:
    """Return whether the set of optimal actions of some state changes at gamma in (0, 1).

    Decided at that one point, without a walk: the sets just left and just right of it differ.
    Neither gamma = 0 nor a touch is a breakpoint.

    Raises:
        TypeError, ValueError: gamma is not exact, or outside 0 <= gamma < 1.
        BudgetExceeded: max_seconds ran out.
    """
    model, number, deadline = (
        RationalModel(as_exact_mdp(problem)),
        gamma_number(gamma),
        Deadline(max_seconds),
    )
    if number == 0:
        return False
    point = Point(model, number, deadline)
    return bool((point.left() != point.right()).any())


def gamma_number(gamma: RationalLike | AlgebraicNumber, within: str = "[0, 1)") -> AlgebraicNumber:
    """Return a gamma as a number, checked against a range."""
    if isinstance(gamma, AlgebraicNumber):
        require(gamma, within, gamma, "gamma")
        return gamma
    return AlgebraicNumber.of(exact(gamma, "gamma", within))


def best_at_zero(model: RationalModel) -> NDArray[np.bool_]:
    best: list[bool] = []
    for first, end in itertools.pairwise(model.first.tolist()):
        rewards = model.rewards[first:end]
        top = max(rewards)
        best += [reward == top for reward in rewards]
    return np.array(best)


__all__ = ["is_breakpoint", "optimal_actions"]
