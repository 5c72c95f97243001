"""The price of every gamma: what the policies that it makes optimal earn by another measure.

Each policy region has its optimal sets. The policies that use them are judged from the start: by
their total reward, by their average, at another discount factor, or over as many steps as the
environment allows (see `qdecay.pricing.judge`).

Inside a region it does not matter how ties are broken: the values of all its policies are one
function sum_k gamma^k E[r_k] on an interval, hence each E[r_k] is the same, and whatever a judge
makes of these. At a breakpoint, at 0 and at 1 it does matter, and the worst and the best are found.
The loss of a region is

    (optimum - worst) / |optimum|,

the optimum being the most that any policy earns; over a number of steps also one with a clock,
which knows how many are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from qdecay._support.checks import RationalLike, RealLike, exact, whole
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.shown import shown_fraction
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.regions import PolicyRegions, policy_regions
from qdecay.exact.undiscounted import Undiscounted
from qdecay.exact.walked import Sets
from qdecay.model.door import Problem, as_exact_mdp
from qdecay.model.mdp import MDP
from qdecay.pricing.judge import Judge, JudgeLike, default_judge
from qdecay.pricing.result import Price, PricedRegion, loss
from qdecay.pricing.worth import Worth, Worths

DEFAULT_LOSS = Fraction(1, 100)


def price(
    problem: Problem,
    judge: JudgeLike | None = None,
    *,
    start: int | None = None,
    max_loss: RationalLike = DEFAULT_LOSS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> Price:
    """Return what the policies that each gamma makes optimal earn by a judge, exactly.

    Args:
        problem: a model with exact numbers, or anything that `qdecay.as_mdp` accepts.
        judge: "total", the undiscounted sum of rewards; "average", the reward per step;
            "steps:T", the undiscounted sum of the first T steps; or a discount factor, an exact
            number in [0, 1). None is "steps:T" where the environment has a time limit T and each
            action takes one step, else the total where that is finite, else the average.
        start: the start state. None is the model's, or its environment's start distribution.
        max_loss: the loss that `Price.within` allows, an exact number >= 0.
        max_seconds: limit of wall time, > 0; None is no limit.
        progress: True shows a bar; a function is called with a `Progress` at each breakpoint found,
            then at each region judged.

    Returns: the price; values are exact, or floats with a stated error over so many steps that
    exact ones would be too long.

    Raises:
        ValueError: an argument is out of range, the model has no start state, or its total is
            infinite; the message says from which state.
        BudgetExceeded: max_seconds ran out.

    >>> found = price("FrozenLake-v1", "total")
    >>> [str(region.worst.exact) for region in found.regions], str(found.optimum.exact)
    (['32/71', '32/41', '14/17'], '14/17')
    """
    deadline, mdp = Deadline(max_seconds), as_exact_mdp(problem)
    if judge is not None:
        judge = Judge.of(judge)
    starts = start_distribution(mdp, start)
    max_loss = exact(max_loss, "max_loss", ">= 0")
    regions = policy_regions(mdp, start=start, max_seconds=max_seconds, progress=progress)
    return priced(regions, judge, starts, deadline, max_loss=max_loss, progress=progress)


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
    found = []
    with reporting(progress) as report:
        tick = counting(report, len(regions.regions), "regions judged", deadline)
        for i, sets in enumerate(regions.regions):
            worth, _ = worths.of([actions[:1] for actions in sets])  # all its policies earn this
            found.append(PricedRegion(worth, worth, loss(optimum, worth), ends[i], ends[i + 1]))
            tick()
    return Price(judge, optimum, tuple(found), max_loss, starts, regions, info=regions.info)


def start_distribution(mdp: MDP, start: int | None = None) -> dict[int, Fraction]:
    """Return the probability of each state in which episodes begin.

    Raises:
        TypeError, ValueError: start is no state, or there is none and the model has none.
    """
    if start is not None:
        return {whole(start, "start", 0, mdp.n_states - 1): Fraction(1)}
    if not mdp.starts:
        raise ValueError("the model has no start state: give start, a state")
    return dict(mdp.starts)


class Solved(Protocol):
    """A model that is solved at gamma = 1, and at any other gamma."""

    @property
    def mdp(self) -> MDP:
        """The model."""

    @property
    def at_one(self) -> Undiscounted | None:
        """Its answer at 1."""

    def optimal_actions(self, gamma: Fraction, /) -> Sets:
        """Return its optimal sets at a gamma."""


def optimum_of(solved: Solved, worths: Worths, starts: Mapping[int, Fraction]) -> Worth:
    """Return the most that any policy earns.

    Raises:
        ValueError: it is infinite.
    """
    judge = worths.judge
    if judge.steps is not None:
        return worths.with_a_clock()
    if judge.gamma is not None:
        return worths.of(solved.optimal_actions(judge.gamma))[1]
    at_one = solved.at_one
    assert at_one is not None  # the search ended
    if judge.kind == "total":
        endless = [s for s in starts if at_one.gain[s]]
        if endless:
            raise ValueError(_endless(solved.mdp, at_one.gain, endless))
        return worths.mean({s: v for s in starts if (v := at_one.value[s]) is not None})
    return worths.mean(at_one.gain)


def _endless(mdp: MDP, gain: Sequence[Fraction], states: Sequence[int]) -> str:
    """Say which totals are infinite."""
    s = states[0]
    more = f" and {len(states) - 1} more" if len(states) > 1 else ""
    return (
        f"the total is infinite from state {mdp.state_name(s)}{more}: there the best policy earns "
        f"{shown_fraction(gain[s])} per step for ever; judge by average or by steps:T"
    )
