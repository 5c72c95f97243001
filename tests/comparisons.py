"""Comparisons made by hand, for what draws them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.exact.algebra.number import AlgebraicNumber

LEFT, RIGHT = frozenset({0}), frozenset({1})


def learned(flips: Sequence[float], *, noisy: bool = True, steps: int = 7000) -> LearnedThreshold:
    """Agents that flip at these gammas."""
    return LearnedThreshold(tuple(flips), 0.0, steps, noisy)


def ten(middle: float, width: float) -> LearnedThreshold:
    """Ten noisy agents, evenly spread."""
    return learned([middle + width * (k - 4.5) / 9 for k in range(10)])


def comparison(
    source: str,
    exact: Sequence[AlgebraicNumber | Fraction | str],
    agents: Sequence[LearnedThreshold | None],
    **more: Any,
) -> Comparison:
    """A row whose planner is right; `more` are other fields."""
    gammas = tuple(
        gamma if isinstance(gamma, AlgebraicNumber) else AlgebraicNumber.of(gamma)
        for gamma in exact
    )
    found = {
        "state": 0,
        "learner": "double_q_learning",
        "epsilon": None,
        "sides": tuple((LEFT, RIGHT) if k % 2 == 0 else (RIGHT, LEFT) for k in range(len(gammas))),
        "planned": tuple(map(float, gammas)),
        "planned_errors": (1e-12,) * len(gammas),
        "forecast": tuple(one and one.steps // one.seeds for one in agents),
        "reasons": (),
        "unsettled": (),
        **more,
    }
    return Comparison(source=source, exact=gammas, learned=tuple(agents), **found)
