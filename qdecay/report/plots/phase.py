"""The plot of a sweep: learned thresholds over a parameter, with the exact break-even gammas.

A panel for each combination of the sources' other parameters; a colour and a marker for each of the
learners'. Exact gammas are computed at the swept values; the line that joins them guides the eye.
Behind a threshold are the choices it comes from, a dot for each gamma, the fuller the more of its
trainings chose right of the exact gamma; omitted if there are several break-even gammas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from qdecay.errors import InputError
from qdecay.report import colours
from qdecay.report.plots.style import (
    EXACT,
    FAINT,
    SOFT,
    check_plot_path,
    new_figure,
    save_figure,
    set_legend,
    set_title,
    styled,
)
from qdecay.report.plots.words import LINE, SMALL, plain, width_of
from qdecay.sweep.axes import Axis, distinct, float_number, require_name, shown_value
from qdecay.sweep.phase import PhaseDiagram, PhaseRow
from qdecay_envs.documents import canonical

MAX_PANELS, MAX_SERIES, MAX_CATEGORIES = 12, 6, 12
# Series have the colours of explorers, then those of actions that are neither now nor later.
_COLOURS = tuple(
    each.light
    for each in (*reversed(colours.EXPLORERS[:2]), *colours.EXPLORERS[2:], *colours.ACTIONS[2:4])
)
_MARKERS = "osDPX*"
_WIDTH, _HEIGHT = 5.4, 2.9  # of a panel, in inches, without the legend
_KEYS = (
    "exact break-even gamma",
    "full: all choose what is best above",
    "threshold beyond the gammas",
)
_TITLE = "Where trained agents flip"
_EXACT, _FULL, _BEYOND = _KEYS
_LABEL_SPACE = 0.08  # of the axis: labels closer than this would overlap
_COLUMNS = 40  # of a panel: with more there is no room for the choices behind them
_EXACT_SPAN = 0.6  # of the least distance of two values
_SIDE_BY_SIDE = 0.5  # of the least distance of two values: the series are spread over this


@dataclass(frozen=True)
class _Scale:
    """The x axis.

    Attributes:
        names: the parameter; several if their combinations are the categories.
        places: the position of each value, in ascending order, by the number or the JSON text.
        labels: for each place.
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
        place = self.places[_key(_parts(row, self.names), self.numeric)]
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
        """Label the axis, and mark the values themselves if their labels fit."""
        points, step = self._points, self._step
        ends = points[0] - step / 2, points[-1] + step / 2
        if self.log:
            ax.set_xscale("log")
        ax.set_xlim(*(10**end if self.log else end for end in ends))
        if not self.numeric or step >= _LABEL_SPACE * (ends[1] - ends[0]):
            ax.set_xticks(list(self.places.values()), self.labels)
            ax.set_xticks([], minor=True)
        ax.set_xlabel(", ".join(map(plain, self.names)))


class _Style(NamedTuple):
    """How a series is drawn."""

    colour: str
    marker: str
    size: int


def save_phase(diagram: PhaseDiagram, path: Path, *, x: str | None = None) -> int:
    """Draw learned thresholds with their intervals over a parameter, and save the figure.

    Args:
        diagram: the thresholds of a sweep.
        path: ends in .svg, .pdf or .png.
        x: the parameter on the x axis, of the sources or the learners; None is the first of the
            varying ones that has several numbers, or else the first that varies. If it is a
            non-numeric parameter of the sources, all combinations of these are categories.

    Returns: how many rows are omitted, because they do not have this parameter.

    Raises:
        InputError: the file cannot be written, the parameter does not exist, or there is nothing or
            too much to draw.
    """
    scale, panels, series, omitted = _arranged(diagram, x)
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    width = scale.width * columns
    lines = math.ceil((len(series.names) + len(_KEYS)) / _legend_columns(series.names, width))
    check_plot_path(path)
    figure = new_figure(width, _HEIGHT * rows + lines * LINE / 72)
    with styled():
        axes = list(figure.subplots(rows, columns, squeeze=False).flat)
        for spare in axes[len(panels) :]:
            spare.set_visible(False)
        for ax, (title, own) in zip(axes, panels.items(), strict=False):
            _draw(ax, scale, _grouped(own, series.axes), series.names)
            set_title(ax, title or _TITLE)
        _legend(axes[: len(panels)], series.names, width)
    save_figure(figure, path)
    return omitted


def draw_phase(
    diagram: PhaseDiagram, ax: Any, *, x: str | None = None, title: str | None = None
) -> Any:
    """Draw a diagram that is one panel; see `save_phase`.

    Returns: the axes.

    Raises:
        InputError: it has several panels, or none.
    """
    scale, panels, series, _ = _arranged(diagram, x)
    if len(panels) > 1:
        raise InputError(
            f"{len(panels)} combinations of the sources' parameters do not fit one panel: narrow "
            "them with where, choose x, or save them all with qdecay sweep phase --plot"
        )
    ((name, rows),) = panels.items()
    _draw(ax, scale, _grouped(rows, series.axes), series.names)
    set_legend(ax)
    set_title(ax, title or name or _TITLE)
    return ax


class _Series(NamedTuple):
    """The learners' settings that differ, and the combinations of their values."""

    axes: list[Axis]
    names: list[str]


def _arranged(
    diagram: PhaseDiagram, x: str | None
) -> tuple[_Scale, dict[str, list[PhaseRow]], _Series, int]:
    """Return the x axis, the rows of each panel, the series, and how many rows are omitted."""
    scale, drawn = _x_axis(diagram, x)
    others = [
        axis
        for axis in diagram.axes
        if axis.name not in scale.names and len(distinct(_values(drawn, axis.name))) > 1
    ]
    of_sources, of_learners = (
        [axis for axis in others if axis.of_learner is whose] for whose in (False, True)
    )
    panels = _grouped(drawn, of_sources)
    series = _Series(of_learners, list(_grouped(drawn, of_learners)))
    _check_size(len(panels), MAX_PANELS, "combinations of the sources' parameters", of_sources)
    _check_size(
        len(series.names), MAX_SERIES, "combinations of the learners' settings", of_learners
    )
    return scale, panels, series, len(diagram.rows) - len(drawn)


def _legend_columns(names: Sequence[str], width: float) -> int:
    """Return how many columns of a legend fit into a figure of this width in inches."""
    widest = (SMALL * 5 + max(map(width_of, (*names, *_KEYS)))) / 72
    return max(1, int(width / widest))


def _legend(axes: Sequence[Any], names: Sequence[str], width: float) -> None:
    """Draw a legend for all panels below them."""
    found = {
        label: handle
        for ax in axes
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    axes[0].figure.legend(
        found.values(),
        found,
        loc="outside lower center",
        ncols=_legend_columns(names, width),
        fontsize=SMALL,
        frameon=False,
    )


def _values(rows: Iterable[PhaseRow], name: str) -> list[Any]:
    return [row.parameters.get(name) for row in rows]


def _parts(row: PhaseRow, names: Sequence[str]) -> list[Any]:
    return [row.parameters.get(name) for name in names]


def _x_axis(diagram: PhaseDiagram, x: str | None) -> tuple[_Scale, list[PhaseRow]]:
    """Return the axis and the rows that it can show."""
    if x is not None:
        require_name(x, (row.parameters for row in diagram.rows), "x")
    names = [axis.name for axis in diagram.axes]
    numbers = [axis.name for axis in diagram.axes if _is_numeric(axis.values, least=2)]
    name = x or [*numbers, *names, "source"][0]
    if not _is_numeric(_values(diagram.rows, name)):
        return _categories(diagram, name), [*diagram.rows]
    drawn = [row for row in diagram.rows if row.parameters.get(name) is not None]
    labels = {_key([value], True): shown_value(value) for value in _values(drawn, name)}
    places = sorted(map(float, labels))
    log = _better_as_log(places)
    named = tuple(labels[place] for place in places)
    return _Scale((name,), dict(zip(places, places, strict=True)), named, True, log), drawn


def _better_as_log(values: Sequence[float]) -> bool:
    """Whether the values are at least twice as far apart on a logarithmic axis."""
    if values[0] <= 0 or len(values) < 3:
        return False
    linear, log = (
        min(b - a for a, b in pairwise(points)) / (points[-1] - points[0])
        for points in (values, [math.log(value) for value in values])
    )
    return log > 2 * linear


def _categories(diagram: PhaseDiagram, name: str) -> _Scale:
    """Return an axis of categories."""
    sources = [axis for axis in diagram.axes if not axis.of_learner]
    own = sources if name in [axis.name for axis in sources] else []
    names = tuple(axis.name for axis in own) or (name,)
    values = distinct(_parts(row, names) for row in diagram.rows)
    if len(values) > MAX_CATEGORIES:
        raise InputError(
            f"--plot: {len(values)} values of {', '.join(names)} do not fit an axis, at most "
            f"{MAX_CATEGORIES} do: narrow them with --where, or choose --x"
        )
    labels = tuple(
        "\n".join(_called(names, value)).replace("/", "/\n", 1) or "none" for value in values
    )
    return _Scale(
        names, {canonical(v): float(i) for i, v in enumerate(values)}, labels, False, False
    )


def _is_numeric(values: Iterable[Any], least: int = 1) -> bool:
    known = [value for value in values if value is not None]
    return len(known) >= least and all(float_number(value) is not None for value in known)


def _key(parts: Sequence[Any], numeric: bool) -> float | str:
    """Return the sort key of a value, or of a combination of non-numeric values."""
    return float_number(parts[0]) or 0.0 if numeric else canonical(parts)


def _called(names: Iterable[str], values: Iterable[Any]) -> list[str]:
    """Return the name of a combination of values, without missing ones."""
    pairs = [
        (plain(name), plain(shown_value(value)))
        for name, value in zip(names, values, strict=True)
        if value is not None
    ]
    return [text if name in ("source", "learner") else f"{name} = {text}" for name, text in pairs]


def _grouped(rows: Iterable[PhaseRow], axes: Sequence[Axis]) -> dict[str, list[PhaseRow]]:
    """Return the rows of each combination of values, by its name."""
    names = [axis.name for axis in axes]
    found: dict[str, list[PhaseRow]] = {}
    for row in rows:
        found.setdefault(", ".join(_called(names, _parts(row, names))), []).append(row)
    return found


def _check_size(found: int, most: int, what: str, axes: Sequence[Axis]) -> None:
    if found > most:
        example = f"{axes[0].name}={shown_value(axes[0].values[0])}"
        raise InputError(
            f"--plot: {found} {what} do not fit a figure, at most {most} do: narrow them with "
            f"--where, such as --where {example}, or choose --x"
        )


def _draw(
    ax: Any, scale: _Scale, series: Mapping[str, Sequence[PhaseRow]], names: Sequence[str]
) -> None:
    """Draw one panel."""
    rows = [row for own in series.values() for row in own]
    crowded = len(scale.places) * len(names) > _COLUMNS
    single = _draw_exact(ax, scale, rows) and not crowded
    for i, name in enumerate(names):
        label = name or str(rows[0].parameters["learner"])
        style = _Style(_COLOURS[i], _MARKERS[i], 3 if crowded else 5)
        ax.plot([], [], style.marker, color=style.colour, markersize=style.size, label=label)
        shift = _SIDE_BY_SIDE * ((i + 0.5) / len(names) - 0.5)
        for row in series.get(name, ()):
            at = scale.at(row, shift)
            if single and row.exact is not None:
                _draw_choices(ax, at, row, style)
            _draw_threshold(ax, at, row, style)
    if single and any(row.choices for row in rows if row.exact is not None):
        ax.plot([], [], "o", color=SOFT, markersize=3, label=_FULL)
    if any(row.outcome in ("above", "below") for row in rows):
        ax.plot([], [], "^", color=SOFT, markersize=6, label=_BEYOND)
    scale.prepare(ax)
    ax.margins(y=0.08)
    ax.set_ylabel("discount factor γ")


def _draw_exact(ax: Any, scale: _Scale, rows: Iterable[PhaseRow]) -> bool:
    """Draw the exact gammas; return whether there is one at most for each value."""
    known = [row for row in rows if row.exact is not None]
    found: dict[float, set[float]] = {}
    for row in known:
        found.setdefault(scale.at(row), set()).add(float(row.exact or 0))
    columns = [sorted(found[at]) for at in sorted(found)]
    if scale.numeric and len({len(column) for column in columns}) == 1:
        for line in zip(*columns, strict=True):
            ax.plot(sorted(found), line, "-", color=EXACT, lw=1)
    if not known:
        ax.text(0.5, 0.5, "no break-even gamma", ha="center", transform=ax.transAxes)
        ax.set_ylim(0, 1)
    else:
        gammas = [float(row.exact or 0) for row in known]
        ends = ([scale.at(row, side * _EXACT_SPAN / 2) for row in known] for side in (-1, 1))
        ax.hlines(gammas, *ends, color=EXACT, lw=2, label=_EXACT)
    return all(len(column) == 1 for column in columns)


def _draw_choices(ax: Any, at: float, row: PhaseRow, style: _Style) -> None:
    from matplotlib.colors import to_rgb

    gammas = [float(choices.gamma) for choices in row.choices]
    shares = [choices.right / choices.trainings for choices in row.choices]
    # Mixed with white, not transparent: the dot does not depend on what is behind it.
    fills = [[1 - 0.6 * share * (1 - part) for part in to_rgb(style.colour)] for share in shares]
    ax.scatter([at] * len(gammas), gammas, s=7, c=fills, edgecolors=FAINT, linewidths=0.4)


def _draw_threshold(ax: Any, at: float, row: PhaseRow, style: _Style) -> None:
    """Draw the threshold with its interval, or a triangle if it lies beyond the gammas."""
    colour, size = style.colour, style.size
    if row.outcome in ("above", "below"):
        end, shape = (-1, "^") if row.outcome == "above" else (0, "v")
        gamma = float(row.choices[end].gamma)
        ax.plot(at, gamma, shape, color=colour, markersize=size + 2, zorder=3)
    if row.interval is None:
        return
    least, greatest = (float(row.choices[end].gamma) for end in (0, -1))
    low, high = row.interval
    ends = least if low is None else low, greatest if high is None else high
    ax.vlines(at, *ends, color=colour, lw=1.2, zorder=2)
    closed = [end for end in row.interval if end is not None]
    ax.plot([at] * len(closed), closed, "_", color=colour, markersize=size, zorder=2)
    ax.plot(at, row.threshold, style.marker, color=colour, markersize=size, zorder=3)
