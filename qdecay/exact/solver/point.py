"""The optimal sets at one gamma, and just left and right of it, without a walk.

Policy iteration proposes; floats with radii prove most pairs suboptimal there; for the others, the
exact signs of the numerators at gamma, right of it, or left of it decide.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

import numpy as np
from flint import fmpz_poly
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from qdecay._support.deadline import Deadline
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.solver.axis import Advantages, Mask, NoBound, Pairs
from qdecay.exact.solver.rational_model import RationalModel
from qdecay.exact.solver.series import PolicySeries
from qdecay.exact.solver.window import Window

NEAR_ONE = 1 - 2.0**-20  # up to here floats propose policies: values keep about 10 digits
_SWEEPS = 200  # of float policy iteration, which only proposes; or as many as there are states
_NEAR = 1e-4  # relative changes from which on value iteration is left to policy iteration
_MOST_VALUE_ITERATIONS = 10_000  # before policy iteration
Policy = NDArray[np.int64]
Sign = Callable[[fmpz_poly], int]
_Series = TypeVar("_Series", bound=Advantages)


class Point:
    """What is optimal at one gamma, 0 < gamma < 1.

    Attributes:
        policy: a pair for each state, optimal at gamma.
        at: (N,) the pairs that are optimal at gamma.
    """

    def __init__(self, model: RationalModel, gamma: AlgebraicNumber, deadline: Deadline) -> None:
        self.model, self.gamma, self.deadline = model, gamma, deadline
        policy = proposed_policy(model, float(gamma))
        everything = np.ones(model.n_pairs, dtype=np.bool_)
        self.policy, self.at = self._iteration(
            policy, everything, gamma.sign_of, self._not_negative
        )

    def right(self) -> Mask:
        """Return the pairs that are optimal just right of gamma."""
        return self._beside(lambda p: sign_right_of(p, self.gamma))

    def left(self) -> Mask:
        """Return the pairs that are optimal just left of gamma."""
        return self._beside(lambda p: sign_left_of(p, self.gamma))

    def _not_negative(self, series: PolicySeries, pairs: Pairs) -> Pairs:
        """Return the pairs that floats cannot prove negative at gamma."""
        return not_negative_on(series, pairs, *self.gamma.enclosure(60))

    def _beside(self, sign: Sign) -> Mask:
        # All others are worse at gamma, hence near it.
        return self._iteration(self.policy, self.at, sign)[1]

    def _iteration(
        self,
        policy: Policy,
        candidates: Mask,
        sign: Sign,
        undecided: Callable[[PolicySeries, Pairs], Pairs] | None = None,
    ) -> tuple[Policy, Mask]:
        return policy_iteration(
            lambda chosen: PolicySeries(self.model, chosen, self.deadline),
            policy,
            candidates,
            lambda series, pair: sign(series.numerator(pair)),
            undecided,
        )


def not_negative_on(series: PolicySeries, pairs: Pairs, lower: Fraction, upper: Fraction) -> Pairs:
    """Return the pairs that floats cannot prove negative on a short interval [lower, upper]."""
    centre = float((lower + upper) / 2)
    half_width = max(2.0**-44 * min(centre, 1 - centre), 0.75 * float(upper - lower))
    start, end = (Fraction(centre) + side * Fraction(half_width) for side in (-1, 1))
    if not 0 < start < lower <= upper < end <= 1:  # doubles may round to 0 or 1
        return pairs
    try:
        window = Window(series.model, series.graph, centre, half_width)
    except NoBound:
        return pairs
    return pairs[window.suspects_on(pairs, lower, upper)]


def policy_iteration(
    advantages: Callable[[Policy], _Series],
    policy: Policy,
    candidates: Mask,
    sign: Callable[[_Series, int], int],
    undecided: Callable[[_Series, Pairs], Pairs] | None = None,
) -> tuple[Policy, Mask]:
    """Run policy iteration among the candidates with exact signs of the advantages.

    Args:
        advantages: those under a policy.
        sign: of a pair's advantage that is not identically 0, in an ordered field: at, beside a
            point.
        undecided: drops pairs that floats prove negative beforehand.

    Returns: the policy found, and the candidates whose sign is then 0 (its own pairs too).
    """
    while True:
        series = advantages(policy)
        model = series.model
        zero = np.zeros(model.n_pairs, dtype=np.bool_)
        zero[policy] = True
        pairs = np.flatnonzero(candidates & ~zero)
        if undecided is not None:
            pairs = undecided(series, pairs)
        ties = series.identically_zero(pairs)
        zero[pairs[ties]] = True
        rising = []
        for pair in pairs[~ties].tolist():
            outcome = sign(series, pair)
            zero[pair] = outcome == 0
            if outcome > 0:
                rising.append(pair)
        if not rising:
            return policy, zero
        policy = policy.copy()
        policy[model.pair_state[rising]] = rising


def proposed_policy(model: RationalModel, gamma: float) -> Policy:
    """Return a policy that appears optimal in floats at gamma; exact signs check it.

    Floats distinguish little where I - gamma P is nearly singular: right of `NEAR_ONE` they propose
    the policy that appears optimal there. If they fail, they propose the previous policy.
    """
    gamma = min(gamma, NEAR_ONE)
    return improved_policy(model, _greedy(model, _some_value_iterations(model, gamma)), gamma)


def improved_policy(model: RationalModel, policy: Policy, gamma: float) -> Policy:
    """Return the result of float policy iteration from a policy."""
    last = -np.inf
    for _ in range(max(_SWEEPS, model.n)):
        q = _action_values(model, policy, gamma)
        if q is None or not q[policy].sum() > last:  # no longer better: only rounding is left
            break
        last = q[policy].sum()
        best = np.maximum.reduceat(q, model.first[:-1])
        improving = best > q[policy] + 1e-12 * (np.abs(best) + 1e-300)
        if not improving.any():
            break
        policy = np.where(improving, _greedy(model, q), policy)
    return policy


def _action_values(
    model: RationalModel, policy: Policy, gamma: float
) -> NDArray[np.float64] | None:
    """Return the values of all pairs under a policy, or None if floats have no answer."""
    system = sparse.identity(model.n, format="csc") - gamma * model.p[policy].tocsc()
    with np.errstate(all="ignore"):
        try:
            v = splu(system).solve(model.r[policy])
        except RuntimeError:  # SuperLU's error for a matrix that is singular in floats
            return None
        q = model.r + gamma * (model.p @ v)
    return q if np.isfinite(q).all() else None


def _some_value_iterations(model: RationalModel, gamma: float) -> NDArray[np.float64]:
    """Return action values from which policy iteration needs few steps.

    Information about a far reward travels one state per iteration of either kind; these are much
    cheaper.
    """
    q = model.r
    for _ in range(min(model.n, _MOST_VALUE_ITERATIONS)):
        q, last = model.r + gamma * (model.p @ np.maximum.reduceat(q, model.first[:-1])), q
        if (np.abs(q - last) <= _NEAR * np.abs(q)).all():
            break
    return q


def _greedy(model: RationalModel, q: NDArray[np.float64]) -> Policy:
    """Return the first best pair of each state."""
    best = np.maximum.reduceat(q, model.first[:-1])
    pairs = np.flatnonzero(q == best[model.pair_state])
    return pairs[np.searchsorted(model.pair_state[pairs], np.arange(model.n))]


def sign_right_of(p: fmpz_poly, gamma: AlgebraicNumber) -> int:
    """Return the sign of p just right of gamma: that of its first derivative not 0 there."""
    while p.degree() >= 0:
        sign = gamma.sign_of(p)
        if sign:
            return sign
        p = p.derivative()
    return 0


def sign_left_of(p: fmpz_poly, gamma: AlgebraicNumber) -> int:
    """Return the sign of p just left of gamma."""
    side = 1
    while p.degree() >= 0:
        sign = gamma.sign_of(p)
        if sign:
            return sign * side
        p, side = p.derivative(), -side
    return 0
