"""How long learning takes, as a figure: over the delay of a game, or over gamma.

It shows each explorer's median with its range over the seeds; a triangle at the top is a median
beyond the budget. Ranges that would overlap are drawn side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

from qdecay._support.one_line import escaped, state_called
from qdecay.comparison.learning_times import EXPLORERS, LearningTime
from qdecay.exact.action_gap import ActionGap
from qdecay.reporting import colours
from qdecay.reporting.chapter import title_of
from qdecay.reporting.plots.figure import Panel, save_panels
from qdecay.reporting.plots.style import INK, SOFT, legend_above, set_title
from qdecay.reporting.plots.words import number_text

_GAMES = {"forever": "Constant or sparse", "once": "Now or later"}
_MARKERS = "osDv"  # of explorers, in order
_HEIGHT = 3.2  # inches
_ASIDE = 3.0  # printer's points from one explorer's range to the next
_MARGIN, _NARROWEST = Fraction(1, 50), Fraction(1, 5)  # beside the gammas, and in all
_POINTS = 300  # of the curve of the action gap


def save_learning_times(rows: Sequence[LearningTime], path: Path) -> None:
    """Draw the steps until right for good over the delay, or over gamma if there is one delay.

    There is a panel for each gamma, or a single one for one delay or a model. For games the
    expected steps of a uniformly random walk are drawn, for a model the exact action gap. Over
    gamma, lines end where another choice becomes right, and the exact break-even gammas are drawn
    if all rewards are the same.
    """
    by_gamma = len({row.delay for row in rows}) == 1
    groups: dict[object, list[LearningTime]] = {}
    for row in rows:
        groups.setdefault(row.title if by_gamma else row.gamma, []).append(row)

    def panel(own: Sequence[LearningTime]) -> Panel:
        return Panel(lambda ax: draw_learning_times(own, ax), _HEIGHT)

    save_panels([[panel(own)] for own in groups.values()], path)


def draw_learning_times(rows: Sequence[LearningTime], ax: Any, *, title: str | None = None) -> Any:
    """Draw the steps until the choice is right for good, for one gamma, one delay or one model.

    Args:
        rows: of several explorers.
        ax: axes of matplotlib.
        title: above the figure; None names the game or the model.

    Returns: the axes.
    """
    by_gamma = len({row.delay for row in rows}) == 1
    names = list(dict.fromkeys(row.explorer for row in rows))
    ax.set_yscale("log")
    for place, name in enumerate(names):
        own = sorted((row for row in rows if row.explorer == name), key=lambda row: row.gamma)
        aside = _ASIDE * (place - (len(names) - 1) / 2)
        for number, (_, side) in enumerate(groupby(own, key=lambda row: row.best)):
            _draw_explorer(ax, list(side), by_gamma, aside, None if number else name)
    if by_gamma and len({row.reward for row in rows}) == 1:
        _draw_break_evens(ax, rows)
    if rows[0].action_gap is not None:
        _draw_gap(ax, rows[0].action_gap, *_window(rows))
    else:
        walk = sorted({(float(r.gamma) if by_gamma else r.delay, r.random_walk) for r in rows})
        label = "random walk, expected"
        ax.plot(*zip(*walk, strict=True), "--", color=INK, lw=1.2, label=label)
    if by_gamma:
        ax.set_xlabel("discount factor γ")
    else:
        ax.set_xticks(sorted({row.delay or 0 for row in rows}))
        ax.set_xlabel("steps n to the large reward")
    ax.set_ylabel("steps until right for good")
    if any(row.median is None for row in rows):
        label = f"median > {rows[0].budget:,}"
        ax.plot([], [], "^", color=SOFT, label=label)
    set_title(ax, title or _title(rows[0], by_gamma), legend_above(ax))
    return ax


def _title(row: LearningTime, by_gamma: bool) -> str:
    if row.game is None:
        name = "" if row.source is None else f"{escaped(title_of(row.source))}, "
        states = row.info.state_names
        return f"{name}{state_called(escaped(states[row.state]) if states else row.state)}"
    return f"{_GAMES[row.game]}, {f'n = {row.delay}' if by_gamma else f'γ = {row.gamma}'}"


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
            label = f"exact: {number_text(gamma)}"
            ax.axvline(float(gamma), color=INK, lw=1.2, label=label)


def _draw_gap(ax: Any, gap: ActionGap, low: Fraction, high: Fraction) -> None:
    """Draw the action gap on an axis of its own."""
    gammas = [low + (high - low) * k / _POINTS for k in range(1, _POINTS)]
    sizes = [gap(gamma) for gamma in gammas]
    beside = ax.twinx()
    beside.set_yscale("log")
    heights = [float(size) if size else float("nan") for size in sizes]
    beside.plot([float(gamma) for gamma in gammas], heights, ":", color=SOFT, lw=1.5)
    beside.spines["right"].set_visible(True)
    beside.set_ylabel("action gap, reward units", color=SOFT)
    beside.tick_params(axis="y", which="both", colors=SOFT)
    ax.plot([], [], ":", color=SOFT, label="exact action gap")


def _draw_explorer(
    ax: Any, rows: Sequence[LearningTime], by_gamma: bool, aside: float, label: str | None
) -> None:
    """Draw one explorer's line where the same choice is right."""
    from matplotlib.transforms import ScaledTranslation

    number = list(EXPLORERS).index(rows[0].explorer)
    colour, marker = colours.explorer(number).light, _MARKERS[number % len(_MARKERS)]
    beyond = rows[0].budget * 1.5
    xs = [float(row.gamma) if by_gamma else row.delay for row in rows]
    medians, lows, highs = (
        [beyond if steps is None else max(steps, 1) for steps in column]
        for column in zip(*((row.median, row.low, row.high) for row in rows), strict=True)
    )
    shifted = ax.transData + ScaledTranslation(aside / 72, 0, ax.figure.dpi_scale_trans)
    ax.vlines(xs, lows, highs, color=colour, alpha=0.4, lw=2, transform=shifted)
    line: Any = {"color": colour, "lw": 1.3, "transform": shifted}
    ax.plot(xs, medians, marker=marker, markersize=3.5, label=label, **line)
    late = [x for x, row in zip(xs, rows, strict=True) if row.median is None]
    ax.plot(late, [beyond] * len(late), "^", color=colour, markersize=7, transform=shifted)
    ax.update_datalim(list(zip(xs * 2, [*lows, *highs], strict=True)))
    ax.autoscale_view()
