"""The x axis of a phase diagram: one parameter by its numbers, or combinations of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from qdecay.errors import InputError
from qdecay.reporting.graph import short
from qdecay.reporting.plots.words import plain
from qdecay.sweep.axes import distinct, float_number, require_name, shown_value
from qdecay.sweep.phase import PhaseDiagram, PhaseRow
from qdecay_envs.documents import canonical

MAX_CATEGORIES = 12
_WIDTH = 5.4  # of a panel, in inches, at least
_LETTERS = 30  # of a line of a category's label, at most
_LABEL_SPACE = 0.08  # of the axis: labels closer than this would overlap


@dataclass(frozen=True)
class Scale:
    """The x axis.

    Attributes:
        names: the parameter; several if their combinations are the categories.
        places: the position of each value, in ascending order, by the number or the JSON text.
        labels: the label of each place.
        numeric, log: whether values are placed by their number, and whether the axis is
            logarithmic.
    """

    names: tuple[str, ...]
    places: Mapping[float | str, float]
    labels: tuple[str, ...]
    numeric: bool
    log: bool

    def at(self, row: PhaseRow, shift: float = 0.0) -> float:
        """Return the position of a row, `shift` of the least distance to the right of its value."""
        place = self.places[_key(parts(row, self.names), self.numeric)]
        step = shift * self._step
        return float(place * 10**step if self.log else place + step)

    @property
    def _points(self) -> list[float]:
        return [math.log10(place) if self.log else place for place in self.places.values()]

    @property
    def _step(self) -> float:
        return min((b - a for a, b in pairwise(self._points)), default=1.0)

    @property
    def width(self) -> float:
        """The width of a panel in inches: labels of categories need room."""
        longest = max(len(line) for label in self.labels for line in label.split("\n"))
        return _WIDTH if self.numeric else max(_WIDTH, 1 + len(self.labels) * 0.075 * longest)

    def prepare(self, ax: Any) -> None:
        """Label the axis, with marks at the values themselves if their labels fit."""
        points, step = self._points, self._step
        ends = points[0] - step / 2, points[-1] + step / 2
        if self.log:
            ax.set_xscale("log")
        ax.set_xlim(*(10**end if self.log else end for end in ends))
        if not self.numeric or step >= _LABEL_SPACE * (ends[1] - ends[0]):
            ax.set_xticks(list(self.places.values()), self.labels)
            ax.set_xticks([], minor=True)
        ax.set_xlabel(", ".join(map(plain, self.names)))


def values_of(rows: Iterable[PhaseRow], name: str) -> list[Any]:
    """Return the value of a parameter in each row, None where a row does not have it."""
    return [row.parameters.get(name) for row in rows]


def parts(row: PhaseRow, names: Sequence[str]) -> list[Any]:
    """Return the values of some parameters in a row."""
    return [row.parameters.get(name) for name in names]


def x_axis(diagram: PhaseDiagram, x: str | None) -> tuple[Scale, list[PhaseRow]]:
    """Return the axis and the rows that it can show."""
    if x is not None:
        require_name(x, (row.parameters for row in diagram.rows), "x")
    names = [axis.name for axis in diagram.axes]
    numbers = [axis.name for axis in diagram.axes if _is_numeric(axis.values, least=2)]
    name = x or [*numbers, *names, "source"][0]
    if not _is_numeric(values_of(diagram.rows, name)):
        return _categories(diagram, name), [*diagram.rows]
    drawn = [row for row in diagram.rows if row.parameters.get(name) is not None]
    labels = {_key([value], True): shown_value(value) for value in values_of(drawn, name)}
    places = sorted(map(float, labels))
    log = _better_as_log(places)
    named = tuple(labels[place] for place in places)
    return Scale((name,), dict(zip(places, places, strict=True)), named, True, log), drawn


def _better_as_log(values: Sequence[float]) -> bool:
    """Whether the values are at least twice as far apart on a logarithmic axis."""
    if values[0] <= 0 or len(values) < 3:
        return False
    linear, log = (
        min(b - a for a, b in pairwise(points)) / (points[-1] - points[0])
        for points in (values, [math.log(value) for value in values])
    )
    return log > 2 * linear


def _categories(diagram: PhaseDiagram, name: str) -> Scale:
    """Return an axis of categories."""
    sources = [axis for axis in diagram.axes if not axis.of_learner]
    own = sources if name in [axis.name for axis in sources] else []
    names = tuple(axis.name for axis in own) or (name,)
    values = distinct(parts(row, names) for row in diagram.rows)
    if len(values) > MAX_CATEGORIES:
        raise InputError(
            f"--plot: {len(values)} values of {', '.join(names)} do not fit an axis, at most "
            f"{MAX_CATEGORIES} do: narrow them with --where, or choose --x"
        )
    labels = tuple(
        "\n".join(short(part, _LETTERS) for part in called(names, value)).replace("/", "/\n", 1)
        or "none"
        for value in values
    )
    return Scale(
        names, {canonical(v): float(i) for i, v in enumerate(values)}, labels, False, False
    )


def _is_numeric(values: Iterable[Any], least: int = 1) -> bool:
    known = [value for value in values if value is not None]
    return len(known) >= least and all(float_number(value) is not None for value in known)


def _key(parts: Sequence[Any], numeric: bool) -> float | str:
    """Return the sort key of a value, or of a combination of non-numeric values."""
    return float_number(parts[0]) or 0.0 if numeric else canonical(parts)


def called(names: Iterable[str], values: Iterable[Any]) -> list[str]:
    """Return the name of a combination of values, without missing ones."""
    pairs = [
        (plain(name), plain(shown_value(value)))
        for name, value in zip(names, values, strict=True)
        if value is not None
    ]
    return [text if name in ("source", "learner") else f"{name} = {text}" for name, text in pairs]
