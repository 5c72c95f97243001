"""What all ways of judging agents share: budget, findings, and when an interval settles a
threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress
from qdecay.comparison.flip import Flip
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.exact.break_even import BreakEven

MAX_STEPS = 100_000_000  # of each agent on a model: minutes for ten of them
ALLOWED = 0.2  # share of the requested width, for errors of learning and interpolation
TOLERANCE = 1e-6  # of thresholds that chance does not move, as a share of the range


@dataclass(frozen=True)
class Budget:
    """The agents, and what may be spent on them.

    Attributes:
        seeds: one agent each.
        width: the widest interval that settles a threshold.
        max_steps: the most steps of each agent; None means the usual number.
        report: is called with `Progress`.
        deadline: of the whole call.
    """

    seeds: range
    width: float
    max_steps: int | None
    report: OnProgress
    deadline: Deadline

    @property
    def affordable(self) -> int:
        """The steps of each agent that may be taken on a model."""
        return MAX_STEPS if self.max_steps is None else self.max_steps

    def width_of(self, flip: Flip) -> float:
        """Return the widest interval that settles this flip: it must not reach the next change."""
        return min(self.width, flip.room / 2)


@dataclass(frozen=True)
class Learned:
    """What agents say about one flip, or about a state that never flips.

    Attributes:
        threshold: where they flip; None if they were not trained for one.
        forecast: the steps that each of them needs; None if that is unknown.
        wrong: what disagrees, or None.
        unsettled: what they leave open, or None.
    """

    threshold: LearnedThreshold | None = None
    forecast: int | None = None
    wrong: str | None = None
    unsettled: str | None = None


class Agents(Protocol):
    """Agents that are trained, and compared with what is exact."""

    @property
    def name(self) -> str:
        """What trains them."""

    def judge(self, flip: Flip) -> Learned:
        """Train agents for a flip, and judge them."""

    def judge_choice(self, exact: BreakEven) -> Learned:
        """Judge agents of a state whose best actions never change."""


def outside(found: LearnedThreshold, exact: AlgebraicNumber) -> str | None:
    """Return where agents flip if their interval does not contain the exact value, or None."""
    assert found.interval is not None
    low, high = found.interval
    if low <= float(exact) <= high:
        return None
    return f"agents flip in [{low:.6g}, {high:.6g}], exact is {float(exact):.6g}"


def too_wide(found: LearnedThreshold, width: float) -> str | None:
    """Return a message if the interval is too wide to settle the matter, or None."""
    assert found.interval is not None
    low, high = found.interval
    if high - low <= width:
        return None
    return (
        f"agents flip in [{low:.6g}, {high:.6g}], which is wider than {width:.2g}: give more seeds"
    )


def off(
    found: LearnedThreshold, exact: AlgebraicNumber, what: str = "exact", span: float = 1.0
) -> str | None:
    """Return where agents flip that chance does not move, if that is elsewhere.

    `span` is the range of what moves.
    """
    if max(abs(found.low - float(exact)), abs(found.high - float(exact))) <= TOLERANCE * span:
        return None
    return f"agents flip from {found.low:.9g} to {found.high:.9g}, {what} is {float(exact):.9g}"
