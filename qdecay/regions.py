"""Policy regions by either way: exact ones, or brackets in floating point."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from qdecay.exact.regions import PolicyRegions
    from qdecay.mdp import MDP
    from qdecay.numeric_regions import NumericRegions

Progress = Callable[[float, int], None]


@overload
def policy_regions(
    mdp: MDP,
    *,
    method: Literal["exact"] = "exact",
    start: int | None = None,
    max_seconds: float | None = None,
    max_breakpoints: int | None = None,
    progress: Progress | None = None,
) -> PolicyRegions: ...


@overload
def policy_regions(
    mdp: MDP,
    *,
    method: Literal["numeric"],
    points: int | None = None,
    up_to: float = 1 - 1e-6,
    width: float = 1e-9,
    max_solves: int | None = None,
    progress: Progress | None = None,
) -> NumericRegions: ...


def policy_regions(
    mdp: MDP, *, method: Literal["exact", "numeric"] = "exact", **options: Any
) -> PolicyRegions | NumericRegions:
    """Return every gamma in (0, 1) where the optimal actions change, or brackets of most of them.

    Args:
        mdp: the model; "exact" needs exact numbers, "numeric" takes a `FloatMDP` as well.
        method: "exact" proves every breakpoint, as `qdecay.exact.regions.policy_regions` says;
            "numeric" follows changes in floating point and proves nothing about what is missing,
            as `qdecay.numeric_regions.numeric_policy_regions` says. Each takes that function's
            options.

    Raises:
        TypeError: an option belongs to the other method, or the model has no exact numbers.
        ValueError: the method is unknown, or an option is outside its range.
        BudgetExceeded: a limit ran out; see the method's function.

    >>> from qdecay.mdp import MDP
    >>> wait = [(0, 0, 0, 1, 1, True), (0, 1, 1, 1, 0, False), (1, 0, 1, 1, 2, True)]
    >>> mdp = MDP.from_rows(wait, n_states=2, n_actions=2)
    >>> [point.gamma.closed_form() for point in policy_regions(mdp).breakpoints]
    ['1/2']
    >>> [change.changes for change in policy_regions(mdp, method="numeric", points=9).changes]
    [{0: ((0,), (1,))}]
    """
    if method == "exact":
        from qdecay.exact.regions import policy_regions as exact

        return exact(mdp, **options)
    if method == "numeric":
        from qdecay.numeric_regions import numeric_policy_regions

        return numeric_policy_regions(mdp, **options)
    raise ValueError(f"method must be exact or numeric, got {method!r}")
