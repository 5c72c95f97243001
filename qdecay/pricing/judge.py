"""The judge: the measure by which a policy is judged, whatever it was optimised for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

from qdecay._support.checks import RationalLike, choice, exact, instance, whole
from qdecay._support.result import Record
from qdecay._support.shown import shown_fraction
from qdecay.model.base import FiniteMDP
from qdecay_envs.rational import written

MAX_STEPS = 10**6  # each takes time; beyond it nearly everything is a total or an average
Kind = Literal["total", "average", "discounted", "steps"]


@dataclass(frozen=True, eq=False, repr=False)
class Judge(Record):
    """What a policy is worth, from the start.

    Attributes:
        kind: "total", the undiscounted sum of all rewards; "average", the reward per step;
            "discounted", the sum with weights gamma^k; "steps", the undiscounted sum of the first
            steps.
        gamma: of "discounted", 0 <= gamma < 1.
        steps: of "steps", from 1 to a million.
    """

    kind: Kind
    gamma: Fraction | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Raise TypeError or ValueError if this is not a judge."""
        choice(self.kind, "kind", get_args(Kind))
        for kind, name in (("discounted", "gamma"), ("steps", "steps")):
            if (self.kind == kind) != (getattr(self, name) is not None):
                needs = "needs" if self.kind == kind else "has no"
                raise ValueError(f"judge {self.kind} {needs} {name}")
        if self.gamma is not None:
            exact(instance(self.gamma, Fraction, "gamma", "a Fraction"), "gamma", "[0, 1)")
        if self.steps is not None:
            whole(self.steps, "steps", 1, MAX_STEPS)

    @classmethod
    def of(cls, given: JudgeLike) -> Judge:
        """Return the judge that a text or a number names.

        >>> [str(Judge.of(text)) for text in ("total", "average", "steps:200", "0.99")]
        ['total', 'average', 'steps:200', '99/100']

        Raises:
            TypeError: it is neither a judge, a text nor an exact number.
            ValueError: it is not such a text, or a number outside [0, 1).
        """
        if isinstance(given, Judge):
            return given
        if given == "total":
            return cls("total")
        if given == "average":
            return cls("average")
        if isinstance(given, str) and given.startswith("steps:"):
            number = given.removeprefix("steps:")
            if not (number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= MAX_STEPS):
                raise ValueError(
                    f"judge steps:T takes a whole number T from 1 to {MAX_STEPS:,}, "
                    f"got {written(given)}: for more, judge by total or average"
                )
            return cls("steps", steps=int(number[:9]))
        try:
            return cls("discounted", exact(given, "judge", "[0, 1)"))
        except ValueError as error:
            raise ValueError(
                f"judge must be total, average, steps:T or a discount factor in [0, 1), "
                f"got {written(given)}"
            ) from error

    def __str__(self) -> str:
        """The text that names it."""
        if self.kind == "steps":
            return f"steps:{self.steps}"
        return self.kind if self.gamma is None else str(self.gamma)

    def _shown(self) -> str:
        return repr(str(self))

    @property
    def words(self) -> str:
        """The measure, in words that follow a number."""
        if self.gamma is not None:
            return f"discounted by {shown_fraction(self.gamma)}"
        if self.steps is not None:
            return f"in {self.steps:,} steps"
        return "in all" if self.kind == "total" else "per step"

    def to_json(self) -> dict[str, Any]:
        """Return the judge as it is written in documents."""
        more = {"gamma": str(self.gamma)} if self.gamma is not None else {}
        return {"kind": self.kind, **more, **({"steps": self.steps} if self.steps else {})}


JudgeLike: TypeAlias = Judge | RationalLike
"""What names a judge: "total", "average", "steps:200", or a discount factor as an exact number."""


def default_judge(mdp: FiniteMDP, gains: Iterable[Fraction]) -> Judge:
    """Return the judge of a model whose starts have the given gains.

    With a time limit of the environment, the steps within it, for which it pays; without one, the
    total where that is finite, or else the average. Where actions take several steps the limit is
    ignored: it counts actions, while `steps:T` counts steps.
    """
    limit = None if mdp.is_semi_markov else mdp.time_limit
    if limit is not None and limit <= MAX_STEPS:
        return Judge("steps", steps=limit)
    return endless_judge(gains)


def endless_judge(gains: Iterable[Fraction]) -> Judge:
    """Return the judge without a time limit: the total where that is finite, else the average."""
    return Judge("average" if any(gains) else "total")
