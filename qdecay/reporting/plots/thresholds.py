"""Plots of a comparison: exact, planned and learned, and where trained agents flip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qdecay._support.one_line import escaped
from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import SHARE
from qdecay.errors import InputError
from qdecay.reporting.chapter import title_of
from qdecay.reporting.figures import nice_ticks
from qdecay.reporting.numerals import brief, decimal
from qdecay.reporting.plots.axes import depth_for, gamma_axis, parameter_axis
from qdecay.reporting.plots.crossings import number_points
from qdecay.reporting.plots.figure import Panel, save_panels
from qdecay.reporting.plots.style import (
    BEST,
    INK,
    LEARNED,
    PLANNED,
    SOFT,
    WORSE,
    legend_above,
    pale,
    set_legend,
    set_title,
)
from qdecay.reporting.plots.words import NORMAL, SMALL, cut, number_text, plain, points_of, wrapped
from qdecay.reporting.thresholds import ShownFlip, agents, shown_flips

HEIGHT = 2.3  # inches, of a threshold
_VERDICTS = {"agree": ("✓", BEST), "disagree": ("✗ disagree", WORSE)}
_UNDECIDED = ("undecided", SOFT)
_ROW, _AROUND = 0.5, 1.0  # inches, of a line of a comparison, and of everything around the lines
_ASIDE = 0.18  # of a line: planned above its middle, learned below
_LABEL = 150  # printer's points, of what a line is about
_DIGITS = 6  # of the agents' median


def save_comparison(
    rows: Sequence[Comparison], path: Path, names: Sequence[Sequence[str]] | None = None
) -> None:
    """Draw where agents flip, with a panel for each learned threshold, and save the figure.

    Args:
        rows: the comparisons.
        path: ends in .svg, .pdf or .png.
        names: names of the actions of each row; numbers if there are none.

    Raises:
        InputError: the file cannot be written, or no agents were trained for a flip.
    """
    panels = [
        threshold_panel(flip, of_row or numbered(row), escaped(title_of(row.source)))
        for row, of_row in zip(rows, names or [()] * len(rows), strict=True)
        for flip in trained(row)
    ]
    if not panels:
        raise InputError(f"{path}: there is no learned threshold to draw")
    save_panels([panels], path)


def threshold_panel(flip: ShownFlip, names: Sequence[str], title: str) -> Panel:
    """Return the panel of one threshold."""
    return Panel(lambda ax: draw_threshold(flip, ax, actions=names, title=title), HEIGHT)


def trained(row: Comparison) -> list[ShownFlip]:
    """Return the flips for which agents were trained."""
    return [flip for flip in shown_flips(row) if flip.learned is not None]


def numbered(row: Comparison) -> list[str]:
    """Return the actions of a comparison by their numbers."""
    actions = (action for sides in row.sides for side in sides for action in side)
    return [f"action {action}" for action in range(max(actions, default=-1) + 1)]


def draw_threshold(flip: ShownFlip, ax: Any, *, actions: Sequence[str], title: str) -> Any:
    """Draw the gamma at which each agent flips, the share that flips below gamma, the exact gamma.

    Args:
        flip: a flip for which agents were trained.
        ax: matplotlib axes.
        actions: names of the actions.
        title: above the figure.

    Returns: the axes.
    """
    learned, ends = flip.learned, flip.window()
    assert learned is not None
    ax.set_xlim(*ends)
    ticks = nice_ticks(*ends)
    ax.set_xticks(ticks, [brief(gamma, 12) for gamma in ticks])
    if learned.interval is not None:
        ax.axvspan(*learned.interval, color=pale(LEARNED), lw=0, label="95 % interval")
    ax.plot(*zip(*learned.share(*ends), strict=True), color=LEARNED, lw=1.2, label=SHARE)
    ax.plot(*zip(*agents(learned), strict=True), "o", color=LEARNED, ms=4, mew=0, label="one agent")
    known = {"predicted": flip.predicted, "exact": flip.exact}
    points = [
        (float(gamma), f"{what}: {number_text(gamma)}") for what, gamma in known.items() if gamma
    ]
    above = number_points(ax, sorted(points), ls="--", lw=1.2)
    name = "discount factor γ" if flip.parameter is None else escaped(flip.parameter.name)
    ax.set_xlabel(name, parse_math=False)
    ax.set_ylabel(wrapped(flip.chance(actions), points_of(ax)[1]), parse_math=False)
    ax.set_ylim(-0.04, 1.04)
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    set_legend(ax)
    set_title(ax, title, above)
    return ax


def comparison_height(rows: Sequence[Comparison]) -> float:
    """Return the height in inches of a figure of these rows."""
    return _AROUND + _ROW * max(1, sum(len(shown_flips(row)) for row in rows))


def draw_comparison(
    rows: Comparison | Sequence[Comparison],
    ax: Any,
    *,
    actions: Sequence[Sequence[str]] | None = None,
    title: str | None = None,
) -> Any:
    """Draw a line for each change of the best choice: exact, planned and learned.

    Args:
        rows: one comparison or several.
        ax: axes of matplotlib.
        actions: the names of the actions of each row; numbers where there are none.
        title: above the figure; None names one model, or none.

    Returns: the axes.
    """
    rows = [rows] if isinstance(rows, Comparison) else rows
    named = actions or [numbered(row) for row in rows]
    lines = [
        (row, names, flip)
        for row, names in zip(rows, named, strict=True)
        for flip in shown_flips(row)
    ]
    _draw_scale(ax, rows)
    ax.set_ylim(max(len(lines), 1) - 0.5, -0.5)
    for y, (row, _, flip) in enumerate(lines):
        _draw_line(ax, y, flip)
        _write_numbers(ax, y, flip, *_VERDICTS.get(row.verdict, _UNDECIDED))
    if not lines:
        ax.text(0.5, 0.5, "nothing flips", ha="center", va="center", transform=ax.transAxes)
    labels = [_label(row, names, flip, len(rows) > 1) for row, names, flip in lines]
    ax.set_yticks(range(len(lines)), labels)
    ax.tick_params(axis="y", length=0)
    above = _name_marks(ax)
    alone = escaped(title_of(rows[0].source)) if len(rows) == 1 else ""
    set_title(ax, title or alone, above)
    return ax


def _draw_scale(ax: Any, rows: Sequence[Comparison]) -> None:
    """Draw the x axis: gamma, or the parameter of a line."""
    parameter = next((row.parameter for row in rows), None)
    if parameter is not None:
        at = f"at γ = {rows[0].gamma}"
        parameter_axis(ax, parameter, f"{escaped(parameter.name)}, {at}")
    else:
        gamma_axis(ax, depth_for(sorted(gamma for row in rows for gamma in row.exact)))


def _draw_line(ax: Any, y: int, flip: ShownFlip) -> None:
    """Draw one change: a tick at the exact gamma, a ring at the planned one, dots where agents
    flip."""
    ax.axhline(y, color=pale(SOFT), lw=0.8, zorder=0)
    for gamma, style in ((flip.exact, "-"), (flip.predicted, "--")):
        if gamma is not None:
            ax.plot([float(gamma)] * 2, [y - 0.36, y + 0.36], style, color=INK, lw=1.5)
    if flip.planned is not None:
        ax.plot([flip.planned], [y - _ASIDE], "o", color=PLANNED, mfc="white", ms=5)
    learned = flip.learned
    if learned is not None:
        ends = learned.interval or (learned.low, learned.high)
        ax.plot(ends, [y + _ASIDE] * 2, color=LEARNED, lw=2.5, alpha=0.4, solid_capstyle="butt")
        ax.plot(learned.flips, [y + _ASIDE] * learned.seeds, "o", color=LEARNED, ms=3, mew=0)


def _write_numbers(ax: Any, y: float, flip: ShownFlip, verdict: str, colour: str) -> None:
    """Write the exact gamma right of a line, and below it the learned one and the verdict."""
    exact = "no exact gamma" if flip.exact is None else number_text(flip.exact)
    median = None if flip.learned is None else decimal(flip.learned.median, _DIGITS)
    if median is None:
        verdict, colour = "not trained", SOFT
    else:
        verdict = f"learned {median} {verdict}"
    style: Any = {
        "xycoords": ax.get_yaxis_transform(),
        "textcoords": "offset points",
        "fontsize": SMALL,
        "annotation_clip": False,
    }
    ax.annotate(exact, (1, y), (8, 2), va="bottom", color=INK, **style)
    ax.annotate(verdict, (1, y), (8, -2), va="top", color=colour, **style)


def _label(row: Comparison, names: Sequence[str], flip: ShownFlip, several: bool) -> str:
    """Return a line's label: the model if there are several, and how the best action changes."""
    change = flip.change(names) or "the choice of most"
    if several:
        lines = [cut(title_of(row.source), _LABEL, NORMAL), cut(change, _LABEL, NORMAL)]
    else:
        lines = wrapped(change, _LABEL).split("\n")
    return "\n".join(map(plain, lines))


def _name_marks(ax: Any) -> float:
    """Draw the legend of the marks; return its height in printer's points."""
    ax.plot([], [], "|", color=INK, ms=9, mew=1.5, label="exact")
    ax.plot([], [], "o", color=PLANNED, mfc="white", ms=5, label="planned")
    ax.plot([], [], "o", color=LEARNED, ms=4, mew=0, label="learned, each agent")
    return legend_above(ax)
