"""By how much the actions best right of a flip lead those best left of it, in one stream of steps.

    D(gamma) = mean q of the actions that enter - mean q of those that leave

As all gammas learn from the same steps, chance affects neighbouring gammas alike: D is smooth in
gamma, and an agent's threshold is where it crosses 0. All that leave are best on the left and all
that enter on the right, so that the exact D has the sign of the gap between the best of either
side. Means are used because the largest of several noisy values is too large: a side with more
actions would look better.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def lead(values: Floats, leaving: list[int], entering: list[int]) -> Floats:
    """Return how much the right side leads by at each gamma, from shape (tables, A, gammas)."""
    found: Floats = values[:, entering].mean(axis=(0, 1)) - values[:, leaving].mean(axis=(0, 1))
    return found


def crossing(grid: Floats, leads: Floats) -> tuple[float, tuple[float, float]]:
    """Return where the lead turns positive, and the gammas around it; an end if it never does.

    Of several crossings, the middle one is returned: one more of them rises than falls.
    """
    rises = np.flatnonzero((leads[:-1] <= 0) & (leads[1:] > 0))
    if len(rises) == 0:
        end = float(grid[0] if leads[0] > 0 else grid[-1])
        return end, (end, end)
    k = int(rises[len(rises) // 2])
    (a, b), (below, above) = grid[k : k + 2].tolist(), leads[k : k + 2].tolist()
    return a - below * (b - a) / (above - below), (a, b)
