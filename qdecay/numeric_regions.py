"""Policy regions in floating point, for models that outgrow exact arithmetic. Proves nothing.

Optimal values are found along a grid of gammas, each with a proven error, and with them sets of
actions that hold every optimal one. Where two such sets of a state have no action in common, the
optimal actions certainly change between the two gammas; that bracket is then narrowed. What lies
closer together than the grid, touches, and ties that rounding cannot tell from differences are
not seen: the list may be incomplete, which `qdecay.policy_regions` never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay.mdp import MDP
from qdecay.planning import value_over_gammas

SCHEMA = "qdecay.numeric-regions/1"
STATEMENT = (
    "numeric: each bracket holds a change, but changes closer together than the grid, touches and "
    "near ties are not seen; this proves nothing about what is missing"
)
_SECTIONS = 16  # parts of a bracket in one round of narrowing


@dataclass(frozen=True)
class NumericChange:
    """A change of optimal actions between two gammas.

    Attributes:
        lower, upper: the bracket; its width bounds the error of either end.
        changes: for each state that certainly changes, its possible optimal actions left and right.
    """

    lower: float
    upper: float
    changes: dict[int, tuple[tuple[int, ...], tuple[int, ...]]]


@dataclass(frozen=True)
class NumericRegions:
    """Changes in ascending order, and how they were looked for.

    Attributes:
        changes: the brackets found.
        points: how many gammas the first grid had, spread evenly in log(1 - gamma).
        up_to: its largest gamma.
        error: the largest error of a value anywhere on it, in reward units.
    """

    changes: tuple[NumericChange, ...]
    points: int
    up_to: float
    error: float

    def to_json(self, source: str) -> dict[str, Any]:
        """Return the qdecay.numeric-regions/1 document."""
        return {
            "schema": SCHEMA,
            "source": source,
            "statement": STATEMENT,
            "points": self.points,
            "up_to": self.up_to,
            "error": self.error,
            "changes": [
                {
                    "lower": change.lower,
                    "upper": change.upper,
                    "changes": {
                        str(state): {"left": list(left), "right": list(right)}
                        for state, (left, right) in change.changes.items()
                    },
                }
                for change in self.changes
            ],
        }


def numeric_regions(
    mdp: MDP, *, points: int = 1000, up_to: float = 1 - 1e-6, width: float = 1e-9
) -> NumericRegions:
    """Return brackets that each hold a change of the optimal actions; see the module.

    Args:
        mdp: the model, exact or of floats.
        points: gammas of the first grid; >= 2.
        up_to: its largest gamma, in (0, 1).
        width: brackets are narrowed to this width, or as far as rounding lets them; > 0.

    Raises:
        ValueError: an argument is outside its range.
        NotConverged: a value could not be found.
    """
    if points < 2:
        raise ValueError(f"points must be >= 2, got {points}")
    if not 0 < up_to < 1:
        raise ValueError(f"up_to must be in (0, 1), got {up_to}")
    if not width > 0:
        raise ValueError(f"width must be > 0, got {width}")
    grid = -np.expm1(np.linspace(0.0, np.log1p(-up_to), points))
    sweep = value_over_gammas(mdp, grid)
    found = [
        change
        for left, right in _brackets(sweep.greedy)
        for change in _narrowed(mdp, float(grid[left]), float(grid[right]), width)
    ]
    return NumericRegions(tuple(found), points, up_to, float(sweep.errors.max()))


def _narrowed(mdp: MDP, lower: float, upper: float, width: float) -> Iterator[NumericChange]:
    grid = np.linspace(lower, upper, _SECTIONS + 1)
    greedy = value_over_gammas(mdp, grid).greedy
    brackets = list(_brackets(greedy))
    for left, right in brackets:
        low, high = float(grid[left]), float(grid[right])
        stuck = right - left == _SECTIONS and len(brackets) == 1
        if high - low <= width or stuck:
            yield NumericChange(low, high, _changes(greedy[left], greedy[right]))
        else:
            yield from _narrowed(mdp, low, high, width)


def _brackets(greedy: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield index pairs, from left to right, between which some state's sets are disjoint.

    The sets met since the last change are intersected; where nothing is left of them, the
    change lies right of the last set that has no action in common with the present one.
    """
    alive = greedy[0].any(axis=1)
    anchor, common = 0, greedy[0]
    for j in range(1, len(greedy)):
        met = common & greedy[j]
        if (met.any(axis=1) | ~alive).all():
            common = met
            continue
        i = next((i for i in range(j - 1, anchor - 1, -1) if _differ(greedy[i], greedy[j])), None)
        if i is None:  # three sets without a common action, but no two of them disjoint
            common = greedy[j]
            continue
        yield i, j
        anchor, common = j, greedy[j]


def _differ(left: NDArray[np.bool_], right: NDArray[np.bool_]) -> bool:
    return bool((left.any(axis=1) & ~(left & right).any(axis=1)).any())


def _changes(
    left: NDArray[np.bool_], right: NDArray[np.bool_]
) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    states = np.flatnonzero(left.any(axis=1) & ~(left & right).any(axis=1))
    return {
        int(s): (tuple(np.flatnonzero(left[s]).tolist()), tuple(np.flatnonzero(right[s]).tolist()))
        for s in states
    }
