"""The price of every gamma: what the policies that it makes optimal earn by another measure.

Each policy region has its optimal sets. The policies that use them are judged from the start: by
their total reward, by their average, at another discount factor, or over as many steps as the
environment allows (see `qdecay.pricing.judge`).

Inside a region it does not matter how ties are broken: the values of all its policies are one
function sum_k gamma^k E[r_k] on an interval, hence each E[r_k] is the same, and so is anything a
judge computes from them. At a breakpoint, at 0 and at 1 it does matter, so both the worst and the
best are found. The loss of a region is

    (optimum - worst) / |optimum|,

the optimum being the most that any policy earns; for a number of steps this includes policies with
a clock, which know how many steps are left. A number along a model line is priced by
`qdecay.pricing.line_price`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Literal, get_args, overload

from qdecay._support.checks import RationalLike, RealLike, choice, exact
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay.certified.regions import certified_policy_regions
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.model.door import Problem, as_exact_mdp, as_model
from qdecay.model.line import ModelLine, require_one_shape
from qdecay.model.mdp import MDP
from qdecay.pricing.certified_price import CertifiedPrice, certified_priced
from qdecay.pricing.judge import Judge, JudgeLike, default_judge
from qdecay.pricing.line_price import LinePrice, priced_line
from qdecay.pricing.optimum import judged, optimum_of, start_distribution
from qdecay.pricing.result import Price
from qdecay.pricing.worth import Worths

DEFAULT_LOSS = Fraction(1, 100)
Method = Literal["exact", "certified"]


@overload
def price(
    problem: ModelLine,
    judge: JudgeLike | None = None,
    *,
    gamma: RationalLike,
    truth: Problem,
    start: int | str | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> LinePrice: ...
@overload
def price(
    problem: Problem,
    judge: JudgeLike | None = None,
    *,
    method: Literal["certified"],
    start: int | str | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> CertifiedPrice: ...
@overload
def price(
    problem: Problem,
    judge: JudgeLike | None = None,
    *,
    method: Literal["exact"] = "exact",
    start: int | str | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> Price: ...
def price(
    problem: Problem | ModelLine,
    judge: JudgeLike | None = None,
    *,
    method: Method = "exact",
    gamma: RationalLike | None = None,
    truth: Problem | None = None,
    start: int | str | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> Price | CertifiedPrice | LinePrice:
    """Return what the policies that each gamma makes optimal earn by a judge, exactly.

    Along a model line: what the policies that each value of its parameter makes optimal, at one
    gamma, earn in the true model.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts; or a
            `ModelLine`.
        judge: "total", the undiscounted sum of rewards; "average", the reward per step;
            "steps:T", the undiscounted sum of the first T steps; or a discount factor, an exact
            number in [0, 1). None is "steps:T" where the environment has a time limit T and each
            action takes one step, else the total where that is finite, else the average.
        method: "exact"; or "certified", for models of thousands of states, exact or of floats: the
            price of `certified_policy_regions`, in floats with proven errors.
        gamma: the discount factor at which policies of a line are optimal, 0 <= gamma <= 1.
        truth: the model in which policies of a line are judged, or anything that `qdecay.as_mdp`
            accepts; of the line's states and available actions.
        start: the number or name of the start state. None means the model's own, or its
            environment's start distribution; with a line, that of the truth.
        max_loss: the loss that `within` allows, an exact number >= 0.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` at each breakpoint found,
            then at each region judged.

    Returns: the price; values are exact, or floats with a stated error.

    They are floats for numbers of steps so large that exact numbers would be too long, and always
    with the method "certified".

    Raises:
        TypeError: a line comes without gamma or truth, or with a method; or a model comes with
            gamma or truth.
        ValueError: an argument is out of range, the model has no start state, its total is
            infinite (the message says from which state), or the truth is of another shape.
        BudgetExceeded: max_seconds ran out.

    >>> found = price("FrozenLake-v1", "total")
    >>> [str(region.worst.exact) for region in found.regions], str(found.optimum.exact)
    (['32/71', '32/41', '14/17'], '14/17')
    """
    choice(method, "method", get_args(Method))
    deadline = Deadline(max_seconds)
    if judge is not None:
        judge = Judge.of(judge)
    max_loss = exact(max_loss, "max_loss", ">= 0")
    if method == "certified":
        if isinstance(problem, ModelLine):
            raise TypeError('a ModelLine has exact prices only: leave out method="certified"')
        _refuse_line_arguments(gamma, truth)
        model = as_model(problem)
        starts = start_distribution(model, start)
        brackets = certified_policy_regions(
            model, start=start, max_seconds=max_seconds, progress=progress
        )
        return certified_priced(
            brackets, judge, starts, deadline, max_loss=max_loss, progress=progress
        )
    mdp = _judged_in(problem, gamma, truth)
    starts = start_distribution(mdp, start)
    if isinstance(problem, ModelLine):
        assert gamma is not None  # checked above
        along = policy_regions(
            problem, gamma=gamma, start=start, max_seconds=max_seconds, progress=progress
        )
        return priced_line(
            along, mdp, judge, starts, deadline, max_loss=max_loss, progress=progress
        )
    regions = policy_regions(mdp, start=start, max_seconds=max_seconds, progress=progress)
    return priced(regions, judge, starts, deadline, max_loss=max_loss, progress=progress)


def _judged_in(
    problem: Problem | ModelLine, gamma: RationalLike | None, truth: Problem | None
) -> MDP:
    """Return the model in which policies are judged."""
    if not isinstance(problem, ModelLine):
        _refuse_line_arguments(gamma, truth)
        return as_exact_mdp(problem)
    if gamma is None:
        raise TypeError("the policies of a line are those of one gamma: pass gamma=")
    if truth is None:
        raise TypeError("the policies of a line are judged in one model: pass truth=")
    mdp = as_exact_mdp(truth)
    require_one_shape(
        problem.low, mdp, "the line and the truth", ("along the line", "in the truth")
    )
    return mdp


def _refuse_line_arguments(gamma: RationalLike | None, truth: Problem | None) -> None:
    for name, given in (("gamma", gamma), ("truth", truth)):
        if given is not None:
            raise TypeError(f"{name} applies to a ModelLine: the price of a model is of all gammas")


def priced(
    regions: PolicyRegions,
    judge: Judge | None,
    starts: Mapping[int, Fraction],
    deadline: Deadline,
    *,
    max_loss: Fraction = DEFAULT_LOSS,
    progress: bool | OnProgress = False,
) -> Price:
    """Return the price of policy regions that are already known; the rest is as in `price`."""
    mdp, at_one = regions.mdp, regions.at_one
    assert at_one is not None  # the search ended
    if judge is None:
        judge = default_judge(mdp, [at_one.gain[s] for s in starts])
    worths = Worths(regions.rational_model, judge, starts, deadline)
    optimum = optimum_of(regions, worths, starts)
    ends = [AlgebraicNumber.of(0), *(b.gamma for b in regions.breakpoints), AlgebraicNumber.of(1)]
    # All ways of breaking ties earn the same.
    alike = [tuple(actions[:1] for actions in sets) for sets in regions.regions]
    found = judged(alike, list(pairwise(ends)), worths, optimum, deadline, progress)
    return Price(judge, optimum, found, max_loss, starts, regions, info=regions.info)
