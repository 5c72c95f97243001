"""The Blackwell discount factor, computed from the right without a walk through all regions.

A policy that is optimal just left of 1 is found by policy iteration with exact signs there; it
stays optimal to the left until an advantage becomes positive. The largest root in (0, 1) of any
advantage that is not identically 0 is therefore the last breakpoint, or a touch right of it.
Windows of floats (`window`), from 1 leftwards, leave few advantages to exact arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import counted
from qdecay._support.shown import shown_decimal
from qdecay.exact.algebra.number import AlgebraicNumber, isolate_quickly
from qdecay.exact.solver.axis import NoBound, TrivialWindow
from qdecay.exact.solver.first_window import FirstWindow
from qdecay.exact.solver.gamma_axis import ACCURACY
from qdecay.exact.solver.homes import Homes
from qdecay.exact.solver.point import NEAR_ONE, policy_iteration, proposed_policy, sign_left_of
from qdecay.exact.solver.policy_graph import PolicyGraph
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.threads import on_one_thread
from qdecay.exact.solver.window import Window
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.info import ModelInfo, ModelResult

_ENDLESS = Fraction(1, 2**10)  # floats are not used this close to 1 if nothing ends
_MOST_HALVINGS = 26  # of [1/2, 1], for a window
_ONE = AlgebraicNumber.of(1)


@dataclass(frozen=True, eq=False, repr=False)
class Blackwell(ModelResult):
    """The optimal policies near gamma = 1.

    Attributes:
        discount_factor: the smallest gamma right of which every optimal policy is Blackwell
            optimal; 0 if all of (0, 1) is one region without touches.
        is_touch: whether it is a touch: the sets left and right of it are equal, and one is larger
            at that point only.
        optimal_actions: the Blackwell-optimal actions of every state.
    """

    SCHEMA: ClassVar[str] = "qdecay.blackwell/1"

    discount_factor: AlgebraicNumber
    is_touch: bool
    optimal_actions: tuple[tuple[int, ...], ...]

    def _shown(self) -> str:
        parts = [
            counted(len(self.optimal_actions), "state"),
            f"discount factor {shown_decimal(self.discount_factor, 4)}",
        ]
        if self.discount_factor > 0:
            parts.append("a touch" if self.is_touch else "a breakpoint")
        return self._titled(", ".join(parts))


@on_one_thread
def blackwell(
    problem: Problem, *, max_seconds: RealLike | None = None, progress: bool | OnProgress = False
) -> Blackwell:
    """Return the Blackwell discount factor of a model and its Blackwell-optimal actions.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` at each gamma, descending
            from 1, right of which nothing changes.

    Raises:
        BudgetExceeded: max_seconds ran out.

    Source: Grand-Clement and Petrik, Reducing Blackwell and average optimality to discounted
    MDPs via the Blackwell discount factor, NeurIPS 2023.
    """
    deadline, mdp = Deadline(max_seconds), as_exact_mdp(problem)
    model = RationalModel(mdp)
    everything = np.ones(model.n_pairs, dtype=np.bool_)
    proposal = proposed_policy(model, NEAR_ONE)
    policy, optimal = policy_iteration(
        lambda chosen: PolicySeries(model, chosen, deadline),
        proposal,
        everything,
        lambda series, pair: sign_left_of(series.numerator(pair), _ONE),
        _undecided_near_one,
    )
    with reporting(progress) as report:
        last, crossing = _last_root(PolicySeries(model, policy, deadline), optimal, report)
    found = model.sets(np.flatnonzero(optimal).tolist())
    return Blackwell(
        last.simplified(),
        last > 0 and not crossing,
        tuple(found[s] for s in range(model.n_own)),
        info=ModelInfo.of(mdp),
    )


def _undecided_near_one(series: PolicySeries, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs that floats cannot prove negative up to 1."""
    near_one: NDArray[np.bool_] = _window_left_of(series.graph, Fraction(1)).suspect[:, -1]
    return pairs[near_one[pairs]]


def _last_root(
    series: PolicySeries, optimal: NDArray[np.bool_], report: OnProgress
) -> tuple[AlgebraicNumber, bool]:
    """Return the largest root in (0, 1) of any other advantage (0 if none), and whether one
    crosses."""
    upper = Fraction(1)
    while upper > 0:
        reached = shown_decimal(float(upper), 6)
        report(Progress(1 - float(upper), 1.0, f"no change right of gamma = {reached}"))
        window = _window_left_of(series.graph, upper)
        last, crossing = AlgebraicNumber.of(0), False
        for pair in np.flatnonzero(window.suspect.any(axis=1) & ~optimal).tolist():
            box = int(np.flatnonzero(window.suspect[pair])[-1])
            if window.edges[box + 1] < last.lower:
                continue
            c = series.numerator(pair)
            # From a little left of `last` on, so that a root equal to it is seen.
            start = max(window.lower, last.lower) * (1 - Fraction(1, 2**20))
            beyond = min(Fraction(1), upper * (1 + Fraction(1, 2**20)))
            roots = [r for r in isolate_quickly(c, start, beyond) if last <= r <= upper]
            if not roots or roots[-1] == 1:
                continue
            if roots[-1] > last:
                last, crossing = roots[-1], False
            crossing = crossing or sign_left_of(c, last) > 0
        if last > 0:
            return last, crossing
        upper = window.lower
    return AlgebraicNumber.of(0), False


def _window_left_of(graph: PolicyGraph, upper: Fraction) -> Window | TrivialWindow:
    """Return a window that ends at `upper`, a dyadic number."""
    model, half = graph.model, Fraction(1, 2)
    homes = Homes.of(graph)
    needed = homes if len(homes.references) else None
    for k in range(1, _MOST_HALVINGS, 2):
        h = (upper - half) / 2**k
        try:
            if upper == half:
                return FirstWindow(model, graph, half)
            return Window(model, graph, upper - h, h, homes=needed, accuracy=ACCURACY)
        except NoBound:
            pass
    return TrivialWindow(model, 1 - _ENDLESS if upper == 1 else Fraction(0), upper)
