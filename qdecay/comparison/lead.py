"""By how much the actions right of a flip lead those left of it, as one stream of steps shows it.

    D(gamma) = q(best of the actions that enter) - q(best of those that leave)

As all gammas learn from the same steps, what chance does to one it does to its neighbours: D is
smooth in gamma, and an agent's threshold is where it crosses 0. Of two tables each chooses the best
of a side, and the other one values it, so that noise makes no side look better because it has more
actions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def lead(values: Floats, leaving: list[int], entering: list[int]) -> Floats:
    """Return how much the right side leads by at each gamma, from shape (tables, A, gammas)."""
    left, right = values[:, leaving], values[:, entering]
    if len(values) == 1:
        found: Floats = right[0].max(axis=0) - left[0].max(axis=0)
        return found
    return (_crossed(*right) + _crossed(*right[::-1]) - _crossed(*left) - _crossed(*left[::-1])) / 2


def _crossed(chooses: Floats, values: Floats) -> Floats:
    """What one table says of the action that is best in the other, shape (gammas,)."""
    found: Floats = np.take_along_axis(values, chooses.argmax(axis=0)[None], axis=0)[0]
    return found


def crossing(grid: Floats, leads: Floats) -> tuple[float, tuple[float, float]]:
    """Return where the lead turns positive, and the gammas around; an end where it does not.

    Of several crossings the middle one: there is one more that rises than falls.
    """
    rises = np.flatnonzero((leads[:-1] <= 0) & (leads[1:] > 0))
    if len(rises) == 0:
        end = float(grid[0] if leads[0] > 0 else grid[-1])
        return end, (end, end)
    k = int(rises[len(rises) // 2])
    (a, b), (below, above) = grid[k : k + 2].tolist(), leads[k : k + 2].tolist()
    return a - below * (b - a) / (above - below), (a, b)
