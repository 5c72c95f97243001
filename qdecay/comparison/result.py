"""The result of `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from qdecay._support.result import Result, frame, plain, shown_list
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import Plotted
from qdecay.certified.result import CertifiedBracket
from qdecay.comparison.thresholds import LearnedThreshold
from qdecay.comparison.walks import ForcedWalks
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.model.info import UNNAMED, ModelInfo
from qdecay.model.line import Parameter

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["agree", "disagree", "undecided"]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result, Plotted):
    """The break-even gammas of one state, found in three ways.

    Attributes:
        source: what was compared.
        state: the state whose choice flips.
        learner: what trained the agents.
        epsilon: of the policy whose values SARSA and Expected SARSA learn, and of the epsilon-soft
            model that they are compared with; None for other learners.
        sides: for each flip, the actions that are best left and right of it.
        exact: gammas at which the set of best actions changes, in order; along a model line these
            and the following are values of its parameter.
        planned: for each, where value iteration's choice flips; None where its error leaves it
            open, or where no choice distinguishes the sides.
        planned_errors: for each, a proven bound on the error of the planned gamma.
        learned: for each, where trained agents flip, or None if they were not trained; with forced
            walks one for each predicted flip, without a table one for each flip observed.
        forecast: for each, the steps that an agent needs; None if that is unknown.
        reasons: what disagrees, one line each.
        unsettled: what is left open, one line each.
        tabular: whether there is a table to plan with; without one nothing is exact or planned.
        forced: the walks that agents were trained for; None if they were trained to convergence.
        predicted: where agents flip after these walks, exactly; None without them.
        brackets: with the method "certified", the brackets that contain the changes; `exact` then
            has their middles. None with the exact method.
        parameter, gamma: along a model line, its parameter and the discount factor; otherwise None.
        info: the model's name, and the names of its states and actions.
    """

    SCHEMA: ClassVar[str] = "qdecay.comparison/1"

    source: str
    state: int
    learner: str
    epsilon: Fraction | None
    sides: tuple[tuple[frozenset[int], frozenset[int]], ...]
    exact: tuple[AlgebraicNumber, ...]
    planned: tuple[float | None, ...]
    planned_errors: tuple[float | None, ...]
    learned: tuple[LearnedThreshold | None, ...]
    forecast: tuple[int | None, ...]
    reasons: tuple[str, ...]
    unsettled: tuple[str, ...]
    tabular: bool = True
    forced: ForcedWalks | None = None
    predicted: tuple[AlgebraicNumber, ...] | None = None
    parameter: Parameter | None = None
    gamma: Fraction | None = None
    brackets: tuple[CertifiedBracket, ...] | None = None
    info: ModelInfo = field(default=UNNAMED, repr=False, compare=False)

    def _shown(self) -> str:
        medians = [None if found is None else found.median for found in self.learned]
        found: dict[str, Sequence[AlgebraicNumber | float | None]] = {
            "exact" if self.brackets is None else "certified": self.exact,
            "planned": self.planned,
            "predicted": self.predicted or (),
            "learned": medians,
        }
        parts = [
            f"{name} {shown_list(['-' if g is None else shown_decimal(g, 4) for g in gammas])}"
            for name, gammas in found.items()
            if gammas
        ]
        return f"{self.source}: {', '.join([self.verdict, *parts])}"

    @property
    def verdict(self) -> Verdict:
        """Whether exact, planned and learned agree.

        "disagree": value iteration flips where its proven error does not allow it to, or chooses an
        action that is not best; or agents do not flip where they should. Where nothing is random
        each agent has to flip within 1e-6 of the exact gamma (along a line, within 1e-6 of its
        length). Elsewhere the 95 % interval of their median, or that of as many new agents trained
        for longer, has to contain it, and they may lie at most three times as far apart as agents
        that average. "undecided": nothing disagrees, but the steps did not suffice, or there is
        nothing to compare with. After forced walks, learned gammas are compared with the predicted
        ones. Otherwise "agree".
        """
        return "disagree" if self.reasons else "undecided" if self.unsettled else "agree"

    def to_json(self) -> dict[str, Any]:
        """Return the qdecay.comparison/1 document of this row alone."""
        return {"schema": self.SCHEMA, "rows": [self.body()]}

    def body(self) -> dict[str, Any]:
        """Return the row of a qdecay.comparison/1 document.

        Forced walks add three keys, a model line two, and the certified method one.
        """
        names = [
            "source",
            "state",
            "learner",
            "epsilon",
            "sides",
            "exact",
            "planned",
            "planned_errors",
        ]
        names += ["learned", "forecast", "verdict", "reasons", "unsettled"]
        row = {name: plain(getattr(self, name)) for name in names}
        if self.forced is not None:
            row |= {
                "walks": self.forced.count,
                "step_size": str(self.forced.step_size),
                "predicted": plain(self.predicted),
            }
        if self.brackets is not None:
            row |= {"exact": [_ends(bracket) for bracket in self.brackets], "method": "certified"}
        if self.parameter is not None:
            row |= {"parameter": self.parameter.to_json(), "gamma": str(self.gamma)}
        return row

    def to_frame(self) -> pd.DataFrame:
        """Return a row per break-even gamma: exact, planned, predicted, and what agents learned."""
        learned = {
            name: [None if found is None else getattr(found, name) for found in self.learned]
            for name in ("median", "low", "high", "seeds", "steps")
        }
        exact, predicted = (list(map(float, found or ())) for found in (self.exact, self.predicted))
        return frame({"exact": exact, "planned": self.planned, "predicted": predicted, **learned})


def _ends(bracket: CertifiedBracket) -> dict[str, Any]:
    """Return the fields of a bracket without the changes of all states."""
    return {name: value for name, value in bracket.body().items() if name != "changes"}
