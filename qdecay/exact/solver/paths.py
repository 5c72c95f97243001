"""Values along deterministic moves: a path into a cycle, without linear algebra.

If every move of the policy from a state on has one successor or ends, the rewards met are
r_0, .., r_{k-1} and then a cycle of c rewards for ever (or nothing), so that

    V(gamma) = path(gamma) + gamma^k cycle(gamma) / (1 - gamma^c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_poly

from qdecay.exact.solver.rational_model import RationalModel


@dataclass(frozen=True)
class Path:
    """The integer rewards along the path, and those of the cycle it ends in (or none)."""

    path: fmpz_poly
    cycle: fmpz_poly
    period: int

    def times(self, denominator: fmpz_poly) -> fmpz_poly:
        """Return V * denominator, a polynomial if 1 - x^period divides the denominator."""
        product = self.path * denominator
        if self.period == 0:
            return product
        return product + self.cycle * (denominator // _one_minus_power(self.period))


def follow(model: RationalModel, policy: Sequence[int], state: int) -> Path | None:
    """Return the path from a state under a policy (a pair for each state), or None.

    None: some state on the path has a random outcome.
    """
    rewards: list[int] = []
    seen: dict[int, int] = {}
    q, all_targets, all_weights = model.denominator, model.targets, model.weights
    while state not in seen:
        seen[state] = len(rewards)
        pair = policy[state]
        rewards.append(model.rewards[pair])
        targets = all_targets[pair]
        if not targets:
            return Path(fmpz_poly(rewards), fmpz_poly([]), 0)
        if len(targets) > 1 or all_weights[pair][0] != q:
            return None
        state = targets[0]
    start = seen[state]
    cycle = fmpz_poly([0] * start + rewards[start:])
    return Path(fmpz_poly(rewards[:start]), cycle, len(rewards) - start)


def common_denominator(paths: Sequence[Path]) -> fmpz_poly:
    """Return the product of 1 - x^c over the distinct periods: positive on [0, 1)."""
    product = fmpz_poly([1])
    for period in {path.period for path in paths} - {0}:
        product *= _one_minus_power(period)
    return product


def _one_minus_power(period: int) -> fmpz_poly:
    return fmpz_poly([1] + [0] * (period - 1) + [-1])
