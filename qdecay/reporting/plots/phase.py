"""The plot of a sweep: learned thresholds over a parameter, with the exact break-even gammas.

A panel for each combination of the sources' other parameters; a colour and a marker for each of the
learners'. Exact gammas are computed at the swept values; the line that joins them guides the eye.
Behind a threshold are the choices it is fitted to: a dot for each gamma, filled more the more of
its trainings made the right-hand choice. They are omitted if there are several break-even gammas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from qdecay.errors import InputError
from qdecay.reporting import colours
from qdecay.reporting.plots.phase_axis import Scale, called, parts, values_of, x_axis
from qdecay.reporting.plots.style import (
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
from qdecay.reporting.plots.words import LINE, SMALL, cut, width_of
from qdecay.sweep.axes import Axis, distinct, shown_value
from qdecay.sweep.phase import PhaseDiagram, PhaseRow

MAX_PANELS, MAX_SERIES = 12, 6
# Series have the colours of explorers, then those of actions that are neither now nor later.
_COLOURS = tuple(
    each.light
    for each in (*reversed(colours.EXPLORERS[:2]), *colours.EXPLORERS[2:], *colours.ACTIONS[2:4])
)
_MARKERS = "osDPX*"
_HEIGHT = 2.9  # of a panel, in inches, without the legend
_KEYS = (
    "exact break-even gamma",
    "full: all choose what is best above",
    "threshold beyond the gammas",
)
_TITLE = "Where trained agents flip"
_EXACT, _FULL, _BEYOND = _KEYS
_NAME = 220  # printer's points, of a series in the legend
_COLUMNS = 40  # in a panel: with more there is no room for the choices behind them
_EXACT_SPAN = 0.6  # of the least distance of two values
_SIDE_BY_SIDE = 0.5  # of the least distance of two values: the series are spread over this


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
        x: the parameter on the x axis, of the sources or the learners; None means the first varying
            one that has several numbers, or else the first that varies. If it is a non-numeric
            parameter of the sources, all combinations of these are categories.

    Returns: how many rows are omitted because they do not have this parameter.

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
    """Draw a diagram with a single panel; see `save_phase`.

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
) -> tuple[Scale, dict[str, list[PhaseRow]], _Series, int]:
    """Return the x axis, the rows of each panel, the series, and how many rows are omitted."""
    scale, drawn = x_axis(diagram, x)
    others = [
        axis
        for axis in diagram.axes
        if axis.name not in scale.names and len(distinct(values_of(drawn, axis.name))) > 1
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
    widest = (SMALL * 5 + max(map(width_of, (*(cut(name, _NAME) for name in names), *_KEYS)))) / 72
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


def _grouped(rows: Iterable[PhaseRow], axes: Sequence[Axis]) -> dict[str, list[PhaseRow]]:
    """Return the rows of each combination of values, by its name."""
    names = [axis.name for axis in axes]
    found: dict[str, list[PhaseRow]] = {}
    for row in rows:
        found.setdefault(", ".join(called(names, parts(row, names))), []).append(row)
    return found


def _check_size(found: int, most: int, what: str, axes: Sequence[Axis]) -> None:
    if found > most:
        example = f"{axes[0].name}={shown_value(axes[0].values[0])}"
        raise InputError(
            f"--plot: {found} {what} do not fit a figure, at most {most} do: narrow them with "
            f"--where, such as --where {example}, or choose --x"
        )


def _draw(
    ax: Any, scale: Scale, series: Mapping[str, Sequence[PhaseRow]], names: Sequence[str]
) -> None:
    """Draw one panel."""
    rows = [row for own in series.values() for row in own]
    crowded = len(scale.places) * len(names) > _COLUMNS
    single = _draw_exact(ax, scale, rows) and not crowded
    for i, name in enumerate(names):
        label = cut(name or str(rows[0].parameters["learner"]), _NAME)
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


def _draw_exact(ax: Any, scale: Scale, rows: Iterable[PhaseRow]) -> bool:
    """Draw the exact gammas; return whether there is at most one for each value."""
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
    # Mixed with white, not transparent: the dot looks the same whatever is behind it.
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
