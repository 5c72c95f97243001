"""What pages and plots say about a comparison: each flip in numbers, and where agents flip.

Agents choose between the best action left of a break-even gamma and the best one right of it. They
are drawn in a window of gamma around that flip, wide enough to show the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.line import Parameter
from qdecay.reporting.numerals import decimal, page_decimal, signed

LEARNERS = {
    "q_learning": "Q-learning",
    "double_q_learning": "Double Q-learning",
    "sarsa": "SARSA",
    "expected_sarsa": "Expected SARSA",
}
_GAMMA = Parameter("gamma")
_WINDOW = 0.05  # of the range, drawn at least
_SURE = 5e-7  # half of the last digit of a gamma on a page
_ROOM = 2.0  # the width of a window relative to its contents

Sides = tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class ShownFlip:
    """One change of the best actions, and what is known about it.

    Attributes:
        sides: the best actions left and right of it; None if they are unknown.
        exact: its gamma; None without a table.
        planned: where value iteration flips; None if its error leaves that open.
        error: a proven bound on the error of `planned`; None if that is open.
        learned: where agents flip; None if they were not trained.
        forecast: the steps that each agent takes or would take; None if that is unknown.
        predicted: where agents that stop early flip; None for others.
        parameter: the parameter of a model line, which varies instead of gamma; otherwise None.
    """

    sides: Sides | None
    exact: AlgebraicNumber | None
    planned: float | None
    error: float | None
    learned: LearnedThreshold | None
    forecast: int | None
    predicted: AlgebraicNumber | None = None
    parameter: Parameter | None = None

    def change(self, names: Sequence[str]) -> str:
        """Return the best actions on either side, in words."""
        return "" if self.sides is None else " → ".join(_either(s, names) for s in self.sides)

    def chance(self, names: Sequence[str]) -> str:
        """Return the label of the share of agents that make the right-hand choice."""
        if self.sides is None:
            return "P(right of the flip)"
        left, right = self.sides
        return f"P({_either(right - left or right, names)})"

    def numbers(self) -> dict[str, str]:
        """Return exact, planned, learned, spread and steps as text; if no agents were trained, the
        last three are missing and `reason` says why."""
        found = {
            "exact": "no table" if self.exact is None else page_decimal(self.exact),
            "planned": "open" if self.planned is None else self._planned(self.planned),
        }
        if self.learned is None:
            steps = self.forecast
            return found | {
                "reason": "not trained"
                if steps is None
                else f"not started: would take {steps:,} steps per agent"
            }
        found["steps"] = f"{self.learned.steps:,}"
        median, ends, seeds = self.learned.median, self.learned.interval, self.learned.seeds
        if ends is None:
            low, high = map(page_decimal, (self.learned.low, self.learned.high))
            kind = f"range of {seeds} seeds"
            return found | {
                "learned": page_decimal(median),
                "spread": low if low == high else f"{low} to {high}",
                "kind": kind,
            }
        digits = max(4, 2 - math.floor(math.log10(ends[1] - ends[0] or 1)))
        middle, low, high = (decimal(gamma, digits) for gamma in (median, *ends))
        return found | {
            "learned": middle,
            "spread": f"{low} to {high}",
            "kind": f"95 % interval, {seeds} seeds",
        }

    def _planned(self, gamma: float) -> str:
        """Return a planned gamma with its error, unless all shown digits are certain."""
        sure = self.error is None or self.error < _SURE
        return page_decimal(gamma) + ("" if sure else f" ± {signed(f'{self.error:.0e}')}")

    def window(self) -> tuple[float, float]:
        """Return the gammas, or the values of the parameter, between which agents are drawn.

        The window is twice as wide as the span of the flips, the interval and the exact gamma, and
        at least 0.05 of the range or the distance to its upper end.
        """
        assert self.learned is not None
        seen = [*self.learned.flips, *(self.learned.interval or ())]
        seen += [float(gamma) for gamma in (self.exact, self.predicted) if gamma is not None]
        low, high = min(seen), max(seen)
        middle = (low + high) / 2
        p = self.parameter or _GAMMA
        first, last = float(p.low), float(p.high)
        half = max(_ROOM * (high - low), min(_WINDOW * (last - first), last - middle)) / 2
        return max(first, middle - half), min(last, middle + half)


def shown_flips(row: Comparison) -> list[ShownFlip]:
    """Return the flips of a comparison, in order; without a table, those of the agents."""
    predicted = row.predicted or ()
    planned: list[Sequence[Any]] = [row.planned, row.planned_errors]
    columns = [row.sides, row.exact, *planned, row.learned, row.forecast]
    flips = zip_longest(*columns, predicted)
    return [replace(ShownFlip(*flip), parameter=row.parameter) for flip in flips]


def agents(learned: LearnedThreshold) -> list[tuple[float, float]]:
    """Return each agent's gamma and where it is drawn: in the middle of its step of the share."""
    return [(gamma, (i + 0.5) / learned.seeds) for i, gamma in enumerate(learned.flips)]


def learner_name(row: Comparison) -> str:
    """Return the learner in words; a user's own by its name."""
    return LEARNERS.get(row.learner, row.learner)


def held_against(row: Comparison) -> str | None:
    """Return which gammas agents are compared with, if not those of the model itself, or None."""
    if row.epsilon is None:
        return None
    return (
        f"{learner_name(row)} learns the values of the policy that it follows, which explores with "
        f"probability {row.epsilon}: so it is compared with the gammas at which the best such "
        "policy changes, not with the breakpoints above"
    )


def _either(actions: frozenset[int], names: Sequence[str]) -> str:
    return " or ".join(names[action] for action in sorted(actions))
