"""How long learning takes, as a figure: over the delay of a game, or over gamma."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

from qdecay._support.one_line import escaped
from qdecay._support.shown import shown_decimal
from qdecay.comparison.learning_times import LearningTime
from qdecay.exact.action_gap import ActionGap
from qdecay.report.plots.style import EXACT, _figure

EXPLORER_COLOURS = ("#999999", "#0072B2", "#009E73", "#CC79A7")
_GAP = "#B8860B"
_SIZE, _WIDE = (3.6, 2.5), (5.6, 3.2)  # inches
_MARGIN, _NARROWEST = Fraction(1, 50), Fraction(1, 5)  # beside the gammas, and in all
_POINTS = 300  # of the curve of the action gap


def save_learning_times(rows: Sequence[LearningTime], path: Path) -> None:
    """Draw the steps until right for good over the delay, or over gamma if there is one delay.

    A panel for each gamma, or one for the one delay or the model; each explorer's median with its
    range over the seeds. A triangle at the top is a median beyond the budget. Of games the expected
    steps of a uniformly random walk are drawn, of a model the exact action gap. Over gamma, lines
    end where another choice becomes right, and the exact break-even gammas are drawn if all rewards
    are the same.
    """
    by_gamma = len({row.delay for row in rows}) == 1
    panels: dict[str, list[LearningTime]] = {}
    for row in rows:
        panels.setdefault(_title(row, by_gamma), []).append(row)
    with _figure(len(panels), path, _WIDE if rows[0].action_gap else _SIZE) as axes:
        for ax, (title, shown) in zip(axes, panels.items(), strict=True):
            _draw_times(ax, shown, by_gamma)
            ax.set_title(title)


def _title(row: LearningTime, by_gamma: bool) -> str:
    if row.game is None:
        return escaped(row.title)
    return f"{row.game}, {f'n = {row.delay}' if by_gamma else f'γ = {row.gamma}'}"


def _draw_times(ax: Any, rows: Sequence[LearningTime], by_gamma: bool) -> None:
    names = list(dict.fromkeys(row.explorer for row in rows))
    for name, colour in zip(names, EXPLORER_COLOURS, strict=False):
        own = sorted((row for row in rows if row.explorer == name), key=lambda row: row.gamma)
        for number, (_, side) in enumerate(groupby(own, key=lambda row: row.best)):
            _draw_explorer(ax, list(side), by_gamma, colour, None if number else name)
    if by_gamma and len({row.reward for row in rows}) == 1:
        _draw_break_evens(ax, rows)
    if rows[0].action_gap is not None:
        _draw_gap(ax, rows[0].action_gap, *_window(rows))
    else:
        walk = sorted({(float(r.gamma) if by_gamma else r.delay, r.random_walk) for r in rows})
        ax.plot(*zip(*walk, strict=True), "--", color=EXACT, lw=1.2, label="random walk to R")
    ax.set_yscale("log")
    ax.set_xlabel("discount factor γ" if by_gamma else "steps n to the large reward")
    ax.set_ylabel("steps until right for good")
    if any(row.median is None for row in rows):
        ax.plot([], [], "^", color=EXPLORER_COLOURS[0], label=f"median > {rows[0].budget:,}")
    if rows[0].action_gap is None:
        ax.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    else:  # beside the axis of the gap, whatever its width
        named = ax.get_legend_handles_labels()
        ax.figure.legend(*named, fontsize=7, frameon=False, loc="outside right upper")


def _window(rows: Sequence[LearningTime]) -> tuple[Fraction, Fraction]:
    """The gammas that are drawn."""
    low, high = min(row.gamma for row in rows), max(row.gamma for row in rows)
    margin = max(_MARGIN, (_NARROWEST - (high - low)) / 2)
    return max(low - margin, Fraction(0)), min(high + margin, Fraction(1))


def _draw_break_evens(ax: Any, rows: Sequence[LearningTime]) -> None:
    low, high = _window(rows)
    is_model = rows[0].action_gap is not None
    for gamma in rows[0].break_evens():
        if not is_model or low < float(gamma) < high:
            ax.axvline(float(gamma), color=EXACT, lw=1, label=f"exact: {shown_decimal(gamma, 6)}")


def _draw_gap(ax: Any, gap: ActionGap, low: Fraction, high: Fraction) -> None:
    """Draw the action gap on an axis of its own."""
    gammas = [low + (high - low) * k / _POINTS for k in range(1, _POINTS)]
    sizes = [gap(gamma) for gamma in gammas]
    beside = ax.twinx()
    beside.set_yscale("log")
    heights = [float(size) if size else float("nan") for size in sizes]
    beside.plot([float(gamma) for gamma in gammas], heights, ":", color=_GAP, lw=1.5)
    beside.spines["right"].set_visible(True)
    beside.set_ylabel("action gap (reward)", color=_GAP)
    beside.tick_params(axis="y", which="both", colors=_GAP)
    ax.plot([], [], ":", color=_GAP, label="exact action gap")


def _draw_explorer(
    ax: Any, rows: Sequence[LearningTime], by_gamma: bool, colour: str, label: str | None
) -> None:
    """Draw one explorer's line where the same choice is right."""
    beyond = rows[0].budget * 1.5
    xs = [float(row.gamma) if by_gamma else row.delay for row in rows]
    medians, lows, highs = (
        [beyond if steps is None else max(steps, 1) for steps in column]
        for column in zip(*((row.median, row.low, row.high) for row in rows), strict=True)
    )
    ax.fill_between(xs, lows, highs, color=colour, alpha=0.1, lw=0)
    ax.vlines(xs, lows, highs, color=colour, alpha=0.5, lw=1)
    ax.plot(xs, medians, "o-", color=colour, markersize=3, label=label)
    late = [x for x, row in zip(xs, rows, strict=True) if row.median is None]
    ax.plot(late, [beyond] * len(late), "^", color=colour, markersize=7)
