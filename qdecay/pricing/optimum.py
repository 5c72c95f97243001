"""The most that any policy earns by a judge, and what the policies of each region earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, counting, reporting
from qdecay._support.shown import shown_fraction
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.at_gamma import sets_at
from qdecay.exact.undiscounted import Undiscounted, undiscounted_of
from qdecay.exact.walked import Sets
from qdecay.model.base import FiniteMDP
from qdecay.model.mdp import MDP
from qdecay.pricing.result import PricedRegion
from qdecay.pricing.worth import Worth, Worths, loss


def start_distribution(mdp: FiniteMDP, start: int | str | None = None) -> dict[int, Fraction]:
    """Return the probability of each state in which episodes begin.

    Raises:
        TypeError, ValueError: `start` is not a state, or neither it nor the model gives one.
    """
    if start is not None:
        return {mdp.state_index(start, "start"): Fraction(1)}
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
        """The answer at gamma = 1."""

    def optimal_actions(self, gamma: Fraction, /) -> Sets:
        """Return its optimal sets at a gamma."""


@dataclass(frozen=True)
class SolvedWhereAsked:
    """What `optimum_of` asks of a model, without its regions."""

    mdp: MDP
    deadline: Deadline

    @cached_property
    def at_one(self) -> Undiscounted:
        """The answer at gamma = 1."""
        return undiscounted_of(self.mdp, self.deadline)

    def optimal_actions(self, gamma: Fraction, /) -> Sets:
        """Return its optimal sets at a gamma."""
        return sets_at(self.mdp, AlgebraicNumber.of(gamma), self.deadline)


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


def judged(
    regions: Sequence[Sets],
    ends: Sequence[tuple[AlgebraicNumber, AlgebraicNumber]],
    worths: Worths,
    optimum: Worth,
    deadline: Deadline,
    progress: bool | OnProgress,
) -> tuple[PricedRegion, ...]:
    """Return what the policies that use the sets of each region earn, with its ends."""
    found = []
    with reporting(progress) as report:
        tick = counting(report, len(regions), "regions judged", deadline)
        for sets, (lower, upper) in zip(regions, ends, strict=True):
            worst, best = worths.of(sets)
            found.append(PricedRegion(worst, best, loss(optimum, worst), lower, upper))
            tick()
    return tuple(found)


def _endless(mdp: MDP, gain: Sequence[Fraction], states: Sequence[int]) -> str:
    """Say which totals are infinite."""
    s = states[0]
    more = f" and {len(states) - 1} more" if len(states) > 1 else ""
    return (
        f"the total is infinite from state {mdp.state_name(s)}{more}: there the best policy earns "
        f"{shown_fraction(gain[s])} per step for ever; judge by average or by steps:T"
    )
