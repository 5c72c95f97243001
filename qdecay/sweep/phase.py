"""Where the agents of a sweep flip, and where they should: its phase diagram.

The *learned threshold* of a model and a learner is the gamma at which the greedy action at the
start flips. Each training makes one choice, which counts as right of a break-even gamma if its
action is best on the right of it, and as left otherwise. All choices of a model and a learner, over
the gammas and seeds, go into one fit (`comparison.logistic_fit`): the threshold is the gamma at
which half of the trainings make the right-hand choice, with its 95 % interval by profile
likelihood. Cells have independent random streams, so the choices are independent, as the fit
assumes. If a model has several break-even gammas at its start, each training counts for the
nearest.

There is no threshold if, by the fit, fewer than half make the right-hand choice at the largest
gamma or more than half at the smallest: it then lies above or below the gammas. Nor is there one if
the right-hand choices are not at larger gammas than the others. An interval may be open at an end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from qdecay._support.checks import RealLike
from qdecay._support.deadline import Deadline
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay._support.result import Record, Result, counted, frame, shown_list
from qdecay._support.shown import shown_decimal
from qdecay._support.viewed import Plotted
from qdecay.comparison.flip import Flip, flips
from qdecay.comparison.logistic_fit import ThresholdFit, fit_threshold
from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.sweep.axes import Axis, combinations, matching, varying
from qdecay.sweep.sources import SweepModel
from qdecay.sweep.stored import Ending, read_store

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["flips", "above", "below", "unclear", "untrained", "constant"]


class Choices(NamedTuple):
    """The trainings at one gamma, and how many of them made the right-hand choice."""

    gamma: Fraction
    trainings: int
    right: int


@dataclass(frozen=True, eq=False, repr=False)
class PhaseRow(Record):
    """One break-even gamma of a model, and the threshold that one learner learns.

    Attributes:
        parameters: those of the source and of the learner, by name; exact numbers may be text.
        exact: the break-even gamma; None where the best choice at the start never changes.
        choices: the trainings that count for it, by ascending gamma. Without a break-even gamma all
            of them count, and `right` is how many made the best choice.
        errors: trainings without a result, which are not counted.
        fit: the logistic fit to the choices, from their smallest to their largest gamma; None if
            there is none.
    """

    parameters: Mapping[str, Any]
    exact: AlgebraicNumber | None
    choices: tuple[Choices, ...]
    errors: int
    fit: ThresholdFit | None

    def _shown(self) -> str:
        exact = "no break-even gamma" if self.exact is None else shown_decimal(self.exact, 4)
        learned = "" if self.threshold is None else f" at {self.threshold:.4g}"
        named = [f"{name} = {value}" for name, value in self.parameters.items()]
        return (
            f"{exact}: {self.outcome}{learned}, {counted(self.trainings, 'training')}; "
            f"{shown_list(named)}"
        )

    @property
    def trainings(self) -> int:
        """The number of trainings that count."""
        return sum(at.trainings for at in self.choices)

    @property
    def right(self) -> int:
        """How many of them made the choice that is best right of the break-even gamma."""
        return sum(at.right for at in self.choices)

    @property
    def _ends(self) -> tuple[float, float]:
        return float(self.choices[0].gamma), float(self.choices[-1].gamma)

    @property
    def outcome(self) -> Outcome:
        """What the choices do.

        They flip, or would flip above or below the gammas; they are unclear if they do not flip
        upwards, untrained if there are none, constant without a break-even gamma.
        """
        if not self.choices:
            return "untrained"
        if self.exact is None:
            return "constant"
        if self.right in (0, self.trainings):
            return "below" if self.right else "above"
        if self.fit is None:
            return "unclear"
        # The fit searches only between the ends, and stops there if its likelihood still rises.
        least, greatest = self._ends
        at = self.fit.threshold
        return "below" if at <= least else "above" if at >= greatest else "flips"

    @property
    def threshold(self) -> float | None:
        """The learned threshold, where the choices flip."""
        return self.fit.threshold if self.fit and self.outcome == "flips" else None

    @property
    def interval(self) -> tuple[float | None, float | None] | None:
        """The threshold's 95 % confidence interval; None for an end that the choices leave open."""
        if self.fit is None or self.outcome != "flips":
            return None
        fit = self.fit
        return None if fit.open_low else fit.low, None if fit.open_high else fit.high

    @property
    def holds(self) -> bool | None:
        """Whether the interval contains the exact gamma; None without an interval."""
        if self.interval is None or self.exact is None:
            return None
        (low, high), exact = self.interval, float(self.exact)
        return (low is None or low <= exact) and (high is None or exact <= high)

    @property
    def off(self) -> float | None:
        """The learned threshold minus the exact gamma; None if either is missing.

        For a threshold above or below the gammas, the smallest possible difference: to the largest
        or smallest gamma, and 0 if the exact gamma lies beyond it.
        """
        if self.exact is None or self.outcome in ("untrained", "unclear"):
            return None
        exact, (least, greatest) = float(self.exact), self._ends
        if self.outcome == "above":
            return max(0.0, greatest - exact)
        if self.outcome == "below":
            return min(0.0, least - exact)
        return None if self.threshold is None else self.threshold - exact

    def to_json(self) -> dict[str, Any]:
        """Return the row of a qdecay.phase/1 document."""
        return {
            "parameters": dict(self.parameters),
            "exact": None if self.exact is None else self.exact.to_json(),
            "outcome": self.outcome,
            "threshold": self.threshold,
            "interval": None if self.interval is None else list(self.interval),
            "holds": self.holds,
            "off": self.off,
            "trainings": self.trainings,
            "errors": self.errors,
            "choices": [[str(at.gamma), at.trainings, at.right] for at in self.choices],
        }


@dataclass(frozen=True, eq=False, repr=False)
class PhaseDiagram(Result, Plotted):
    """The learned thresholds of a sweep.

    Attributes:
        cells: how many cells the sweep has, regardless of the selection.
        stored: how many of them are in the store.
        axes: the parameters that vary over the rows.
        rows: for each model and learner one for each break-even gamma, or one without.
    """

    SCHEMA: ClassVar[str] = "qdecay.phase/1"

    cells: int
    stored: int
    axes: tuple[Axis, ...]
    rows: tuple[PhaseRow, ...]

    def _shown(self) -> str:
        outcomes = Counter[str](row.outcome for row in self.rows)
        over = f" over {shown_list([axis.name for axis in self.axes])}" if self.axes else ""
        return (
            f"{self.stored:,} of {counted(self.cells, 'cell')}, {counted(len(self.rows), 'row')}"
            f"{over}: {', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())}"
        )

    def body(self) -> dict[str, Any]:
        """Return the document without its schema, as embedded in other documents."""
        axes = {axis.name: list(axis.values) for axis in self.axes}
        return {**super().body(), "axes": axes}

    def to_frame(self) -> pd.DataFrame:
        """Return a row per model, learner and break-even gamma: parameters, then what was found."""
        names = dict.fromkeys(name for row in self.rows for name in row.parameters)
        ends = [row.interval or (None, None) for row in self.rows]
        found = {
            name: [getattr(row, name) for row in self.rows]
            for name in ("outcome", "threshold", "holds", "off", "trainings", "errors")
        }
        return frame(
            {
                **{name: [row.parameters.get(name) for row in self.rows] for name in names},
                "exact": [None if row.exact is None else float(row.exact) for row in self.rows],
                **found,
                "low": [low for low, _ in ends],
                "high": [high for _, high in ends],
            }
        )


def phase_diagram(
    store: str | Path,
    *,
    where: Iterable[tuple[str, str]] = (),
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
) -> PhaseDiagram:
    """Return where the agents of a sweep flip; if it is unfinished, according to what is stored so
    far.

    Args:
        store: the SQLite file.
        where: names and values of parameters; only matching rows are included. A name given twice
            may have either value.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows a bar; a function is called with a `Progress` before each model's
            break-even gammas are computed.

    Raises:
        BudgetExceeded: max_seconds ran out; `best` is the diagram of the first models.
        InputError: the store cannot be read, is not a store or is damaged, or `where` matches
            nothing.
    """
    path, deadline = Path(store), Deadline(max_seconds)
    content = read_store(path)
    found, of_learner = combinations(content.models, content.learners)
    kept = matching(found, where)
    models = [list(own) for _, own in groupby(kept, key=lambda combination: combination.model)]
    rows: list[PhaseRow] = []
    judged = 0
    with reporting(progress) as report:
        for own in models:
            number = own[0].model
            report(Progress(judged, len(models), f"models, at {content.models[number].name}"))
            if deadline.left < 0:
                break
            break_evens = _BreakEvens(content.models[number], number, path)
            for combination in own:
                endings = content.endings[number, combination.learner]
                rows += _rows(break_evens, combination.parameters, endings)
            judged += 1
    stored = sum(sum(endings.values()) for endings in content.endings.values())
    axes = varying([combination.parameters for combination in kept], of_learner)
    diagram = PhaseDiagram(content.cells, stored, axes, tuple(rows))
    if judged < len(models):
        raise deadline.exceeded(f"{judged} of {len(models)} models are done", diagram)
    return diagram


class _BreakEvens:
    """The break-even gammas of a model's start, and which side of them an action lies on."""

    def __init__(self, model: SweepModel, number: int, path: Path) -> None:
        """Read the model and compute them.

        Raises:
            InputError: the stored document is not a model with that start.
        """
        try:
            mdp = model.mdp
            self.actions = frozenset(mdp.available[model.start].nonzero()[0].tolist())
        except (ValueError, TypeError, IndexError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: is damaged at model {number}: {reason}") from error
        self.place = f"{path}: is damaged at model {number}"
        found = model.break_even()
        self.roots = found.switching
        self.sides: tuple[Flip, ...] = tuple(flips(found))
        self.best = found.best[0]
        self._middles = [(float(a) + float(b)) / 2 for a, b in pairwise(self.roots)]

    def nearest(self, gamma: Fraction) -> int:
        """Return the index of the nearest break-even gamma; 0 if there is none."""
        return bisect_left(self._middles, float(gamma))

    def right(self, nearest: int, action: int) -> bool:
        """Whether an action is best right of that break-even gamma; if there is none, whether it is
        best."""
        if action not in self.actions:
            raise InputError(f"{self.place}: no action {action} at its start: restore a copy")
        return self.sides[nearest].is_right(action) if self.sides else action in self.best


def _rows(
    break_evens: _BreakEvens, parameters: Mapping[str, Any], endings: Mapping[Ending, int]
) -> Iterator[PhaseRow]:
    """Yield the rows of one model with one learner."""
    roots = break_evens.roots or (None,)
    tallies: list[dict[Fraction, list[int]]] = [defaultdict(lambda: [0, 0]) for _ in roots]
    errors = [0] * len(roots)
    for (gamma, action), count in endings.items():
        nearest = break_evens.nearest(gamma)
        if action is None:
            errors[nearest] += count
        else:
            tally = tallies[nearest][gamma]
            tally[0] += count
            tally[1] += count * break_evens.right(nearest, action)
    for root, own, failed in zip(roots, tallies, errors, strict=True):
        choices = tuple(Choices(gamma, *own[gamma]) for gamma in sorted(own))
        fit = None if root is None else _fitted(choices)
        yield PhaseRow(parameters, root, choices, failed, fit)


def _fitted(choices: Sequence[Choices]) -> ThresholdFit | None:
    gammas: list[float] = []
    right: list[bool] = []
    for at in choices:
        gammas += [float(at.gamma)] * at.trainings
        right += [True] * at.right + [False] * (at.trainings - at.right)
    return fit_threshold(gammas, right) if gammas else None
