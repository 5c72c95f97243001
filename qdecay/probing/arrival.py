r"""How much of a reward has propagated back to the start of a branch after some walks along it.

Q-learning with step size alpha moves a reward back by one state per walk along the branch. The
share of a reward after x steps that has arrived at the start is

    B(x) = P[G_0 + ... + G_x <= walks],    G_j geometric with chance alpha_j q^j,

in expectation: the walk must reach step j, which truncation allows with probability q^j, and the
step size does the rest. If alpha_j = alpha and q = 1 it is the tail of a binomial distribution,
P[S > x], exactly (see `qdecay.exact.learning_curve`).

A table has a value for each of the two actions of a corridor's state, which share its visits, while
the state before bootstraps from the larger. A step size of 1 keeps only the latest target, a small
one averages, so that each value is half as far as it would be: alpha_j = alpha (1 + alpha^(3/4)) /
2 for j > 0 lies between; the exponent is fitted to simulated trainings. (The start's two actions
lead to different branches.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

_NOTHING = -70.0  # the log of a share too small to matter for any question


def shares(
    near: int, far: int, alpha: float, walks: int, goes_on: float = 1.0, actions: int = 1
) -> tuple[float, float]:
    """Return B(near) and B(far); 0 where almost nothing has arrived.

    Args:
        near, far: m < n, in steps.
        alpha: the step size, in (0, 1].
        walks: along each branch, >= 0.
        goes_on: q, the probability that a step is not truncated.
        actions: 2 if the visits of a corridor's states are shared by two actions, or 1.
    """
    onward = alpha * (1 + alpha**0.75) / 2 if actions == 2 else alpha
    if _log_bound(far, onward, walks, goes_on) < _NOTHING:
        return (1.0 if near < walks else 0.0), 0.0
    if goes_on == 1 and onward == alpha:
        return float(bdtrc(near, walks, alpha)), float(bdtrc(far, walks, alpha))
    stages = _stages(far + 1, alpha, onward, walks, goes_on)
    return float(stages[near + 1 :].sum()), float(stages[far + 1])


def _log_bound(distance: int, alpha: float, walks: int, goes_on: float) -> float:
    """Return an upper bound on log B, without the start: the number of ways to choose the walks
    that count, times their chance.

    C(walks, x) alpha^x q^(1 + ... + x), and C(walks, x) <= (e walks / x)^x.
    """
    if distance >= walks:
        return -math.inf
    ways = 1 + math.log(walks * alpha / distance)
    return distance * ways + distance * (distance + 1) / 2 * math.log(goes_on)


@lru_cache(maxsize=65_536)
def _stages(
    size: int, alpha: float, onward: float, walks: int, goes_on: float
) -> NDArray[np.float64]:
    """The probability that 0, 1, ..., `size` of the stages are done, by repeated squaring."""
    chance = onward * goes_on ** np.arange(size)
    chance[0] = alpha
    power = np.diag(np.append(1 - chance, 1.0)) + np.diag(chance, 1)
    reached = np.zeros(size + 1)
    reached[0] = 1.0
    while walks:
        if walks & 1:
            reached = reached @ power
        power = power @ power
        walks >>= 1
    return reached
