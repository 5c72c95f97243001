"""The largest number of steps that a policy can take before it ends: the factor of every error
bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

_EPS = float(np.finfo(np.float64).eps)
Flags = NDArray[np.bool_]


def horizon(
    p: sparse.csr_matrix, available: Flags, ends: Flags, gamma: float, name: Callable[[int], str]
) -> float:
    """Return a bound on the expected discounted steps of any policy, rounded up.

    Args:
        p: probabilities of continuing, shape (S * A, S), row s * A + a.
        available: the actions that can be chosen, shape (S, A).
        ends: the actions that may end the episode, shape (S, A).
        gamma: discount factor, 0 <= gamma <= 1.
        name: a state's name, for the message.

    Raises:
        ValueError: gamma = 1 and some policy never ends.
    """
    if gamma < 1:
        return (1 + 4 * _EPS) / (1 - gamma)
    stay = _can_stay_for_ever(p, available, ends)
    if stay.any():
        named = ", ".join(name(s) for s in np.flatnonzero(stay)[:5])
        raise ValueError(
            f"gamma = 1 needs a model where every policy ends, but a policy can stay for ever "
            f"in state(s) {named}: use gamma < 1"
        )
    return _longest_episode(p, available)


def _longest_episode(p: sparse.csr_matrix, available: Flags) -> float:
    """Return a bound on the expected steps of any policy before its end.

    w_k = 1 + max_a P w_{k-1} rises to the largest expectation. Once no entry rises by more than e <
    1, w_k / (1 - e) satisfies w >= 1 + max_a P w, hence bounds it; e = 1/2 here.
    """
    alive: Flags = np.asarray(available.any(axis=1))
    steps = np.zeros(len(alive))
    while True:
        onward = np.where(available, (p @ steps).reshape(available.shape), 0.0)
        longer = np.where(alive, 1 + onward.max(axis=1), 0.0)
        if float((longer - steps).max(initial=0.0)) <= 0.5:
            return 2 * float(longer.max(initial=0.0))
        steps = longer


def _can_stay_for_ever(p: sparse.csr_matrix, available: Flags, ends: Flags) -> Flags:
    """The largest set of states in which some policy stays with certainty, as flags (S,).

    Every policy ends exactly where that set is empty: a policy that does not end with
    probability 1 has a recurrent class, which is such a set.
    """
    reaches: Any = p.copy()
    reaches.data = np.ones_like(reaches.data)  # a count cannot vanish by rounding
    stay = np.asarray(available.any(axis=1))
    while True:
        leaves = ends | ((reaches @ ~stay) > 0).reshape(ends.shape)
        kept = np.asarray(stay & (available & ~leaves).any(axis=1))
        if (kept == stay).all():
            return stay
        stay = kept
