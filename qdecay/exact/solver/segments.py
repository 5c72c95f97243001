"""Segments of gamma, which can be walked independently.

A walk may begin at any rational gamma at which no optimal set changes: what is optimal there is
found without a walk (see `point`), and holds just right of it. Such gammas are *cuts*. Their choice
affects how long a walk takes, but never what it finds, so floats may make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.axis import Beginning
from qdecay.exact.solver.gamma_axis import GammaAxis
from qdecay.exact.solver.point import Point, improved_policy
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.solver.walk import Event, Walk

# 1 - gamma of the cuts that are considered: from one to the next it shrinks by 2^(1/4), about.
_STEPS = (256, 215, 181, 152)
_LAST = 16  # the least is 2^-16: closer to 1, to find what is optimal at a gamma takes longer
_LEAST = 6  # changes in a segment: beginning one may take as long as a few of them
_FINEST = 16  # parts of all that is left


@dataclass(frozen=True)
class Cut:
    """A gamma at which no optimal set changes, and what is optimal there."""

    gamma: Fraction
    beginning: Beginning


@dataclass(frozen=True)
class Segment:
    """The result of the walk of one segment.

    Attributes:
        first: (N,) the pairs that are optimal where it begins.
        events: in order.
    """

    first: NDArray[np.bool_]
    events: list[Event]


@on_one_thread
def walked(model: RationalModel, cut: Cut, upper: Fraction, deadline: Deadline) -> Segment:
    """Walk from a cut to another one, or to 1.

    Raises:
        BudgetExceeded: the time is up.
    """
    walk = Walk(GammaAxis(model, begin_at=(cut.gamma, cut.beginning)), deadline)
    first, events = walk.first, list[Event]()
    for event in walk.run():
        if event.x > upper:
            break
        events.append(event)
    return Segment(first, events)


@on_one_thread
def cuts(
    model: RationalModel,
    policy: NDArray[np.int64],
    reached: Fraction,
    workers: int,
    deadline: Deadline,
) -> list[Cut]:
    """Return cuts right of `reached`, where a policy is optimal, in order.

    Segments are taken from the right. Each has about 1 / (2 workers) of the changes that floats see
    to its left: the last ones are short, so that all workers finish together.

    Raises:
        BudgetExceeded: the time is up.
    """
    gammas, changes = [], []
    for k in range(4 * _LAST + 1):
        gamma = 1 - Fraction(_STEPS[k % 4], 2 ** (8 + k // 4))
        if gamma > reached:
            deadline.check()
            better = improved_policy(model, policy, float(gamma))
            gammas.append(gamma)
            changes.append(int((better != policy).sum()))
            policy = better
    return [
        cut
        for k in _chosen(changes, workers)
        if (cut := _cut_at(model, gammas[k], deadline)) is not None
    ]


def _chosen(changes: list[int], workers: int) -> list[int]:
    """Return which of the gammas are cuts; `changes[k]` lie left of gamma k and right of k - 1."""
    left = sum(changes)
    least, found, inside = max(left / _FINEST, _LEAST), [len(changes) - 1], 0
    for k in range(len(changes) - 1, 0, -1):
        inside += changes[k]
        if inside >= max(left / (2 * workers), least):
            found.append(k - 1)
            left, inside = left - inside, 0
    return [k for k in reversed(found) if k >= 0]


def _cut_at(model: RationalModel, gamma: Fraction, deadline: Deadline) -> Cut | None:
    """Return the cut at a gamma, or None if optimal sets change there."""
    point = Point(model, AlgebraicNumber.of(gamma), deadline)
    tied = point.at.copy()
    tied[point.policy] = False
    pairs = np.flatnonzero(tied)
    if not PolicySeries(model, point.policy, deadline).identically_zero(pairs).all():
        return None
    return Cut(gamma, Beginning(point.policy, point.at))
