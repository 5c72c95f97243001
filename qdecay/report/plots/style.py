"""Plots for papers and slides, through matplotlib: one style, vector output, labelled axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from qdecay._support.extras import require
from qdecay._support.outputs import PLOTS, check_output
from qdecay._support.shown import shown_decimal
from qdecay.comparison.learning_times import LearningTime
from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import SHARE, LearnedThreshold
from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay_envs.files import replacing

# Okabe & Ito's palette, which colour-blind readers can distinguish.
EXACT, LEARNED, SPREAD = "#D55E00", "#0072B2", "#56B4E9"
COLOURS = (
    "#D55E00",
    "#0072B2",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#F0E442",
)  # of actions
TIED = "#BBBBBB"  # of ties, and of states without actions
EXPLORER_COLOURS = ("#999999", "#0072B2", "#009E73", "#CC79A7")
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
}


def check_plot_path(path: Path, *, force: bool = True) -> None:
    """Refuse a plot that could not be written, before any long work.

    Raises:
        InputError: the ending is unknown, the folder is missing, or matplotlib is.
    """
    check_output(path, PLOTS, force=force)
    require("matplotlib", "plot", "plots")


def save_comparison(rows: Sequence[Comparison], path: Path) -> None:
    """Draw every training's choice over gamma, a panel per break-even gamma, and save it."""
    panels = [
        (row.source, exact, learned)
        for row in rows
        for exact, learned in zip(row.exact, row.learned, strict=True)
    ]
    if not panels:
        raise InputError(f"{path}: there is no break-even gamma to draw")
    with _figure(len(panels), path) as axes:
        for ax, panel in zip(axes, panels, strict=True):
            _draw_choices(ax, *panel)


@contextmanager
def _figure(
    n_panels: int, path: Path, size: tuple[float, float] = (3.6, 2.5)
) -> Iterator[list[Any]]:
    """Yield the axes of a new figure in the project's style; save it at the end.

    `size` is the width and height of a panel in inches.
    """
    check_plot_path(path)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(n_panels, 2)
    rows = math.ceil(n_panels / columns)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(size[0] * columns, size[1] * rows))
        FigureCanvasAgg(figure)
        axes = list(figure.subplots(rows, columns, squeeze=False).flat)
        for spare in axes[n_panels:]:
            spare.set_visible(False)
        yield axes[:n_panels]
        drawn = BytesIO()  # matplotlib leaves a file open if writing fails
        figure.savefig(drawn, format=path.suffix[1:])
        with replacing(path) as scratch:
            scratch.write_bytes(drawn.getvalue())


def _draw_choices(ax: Any, source: str, exact: AlgebraicNumber, learned: LearnedThreshold) -> None:
    """P(far) over gamma: each training's choice, the share of seeds, the exact gamma."""
    gammas = [choice.gamma for choice in learned.choices]
    # Bisection points cluster at the threshold; spread the dots around 0 and 1 to show how many.
    offsets = [0.05 * ((31 * i) % 7 - 3) / 3 for i in range(len(gammas))]
    heights = [choice.right + off for choice, off in zip(learned.choices, offsets, strict=True)]
    ax.plot(gammas, heights, ".", color=LEARNED, alpha=0.35, markersize=5, label="one training")
    if learned.interval is not None:
        ax.axvspan(*learned.interval, color=SPREAD, alpha=0.35, lw=0, label="95 % interval")
    ax.plot(*zip(*learned.share(min(gammas), max(gammas)), strict=True), color=LEARNED, label=SHARE)
    label = exact.closed_form() or shown_decimal(exact, 6)
    ax.axvline(float(exact), color=EXACT, lw=1.5, ls="--", label=f"exact: {label}")
    ax.set_title(source)
    ax.set_xlabel("discount factor γ")
    ax.set_ylabel("P(far)")
    ax.set_ylim(-0.15, 1.15)
    ax.set_yticks([0, 0.5, 1])
    ax.legend(fontsize=7, frameon=False)


def save_learning_times(rows: Sequence[LearningTime], path: Path) -> None:
    """Draw the steps until right for good over the delay, or over gamma if there is one delay.

    A panel for each gamma, or one for the one delay; each explorer's median with its range over the
    seeds, and the expected steps of a uniformly random walk. A triangle at the top is a median
    beyond the budget. Over gamma, lines end where another choice becomes right, and the exact
    break-even gamma is drawn if all rewards are the same.
    """
    by_gamma = len({row.delay for row in rows}) == 1
    panels: dict[str, list[LearningTime]] = {}
    for row in rows:
        panels.setdefault(f"n = {row.delay}" if by_gamma else f"γ = {row.gamma}", []).append(row)
    with _figure(len(panels), path) as axes:
        for ax, (title, shown) in zip(axes, panels.items(), strict=True):
            _draw_times(ax, shown, by_gamma)
            ax.set_title(f"{shown[0].game}, {title}")


def _draw_times(ax: Any, rows: Sequence[LearningTime], by_gamma: bool) -> None:
    names = list(dict.fromkeys(row.explorer for row in rows))
    for name, colour in zip(names, EXPLORER_COLOURS, strict=False):
        own = [row for row in rows if row.explorer == name]
        for number, (_, side) in enumerate(groupby(own, key=lambda row: row.best)):
            _draw_explorer(ax, list(side), by_gamma, colour, None if number else name)
    if by_gamma and len({row.reward for row in rows}) == 1:
        for gamma in rows[0].break_evens():
            ax.axvline(float(gamma), color=EXACT, lw=1, label=f"exact: {shown_decimal(gamma, 6)}")
    walk = sorted({(float(r.gamma) if by_gamma else r.delay, r.random_walk) for r in rows})
    ax.plot(*zip(*walk, strict=True), "--", color=EXACT, lw=1.2, label="random walk to R")
    ax.set_yscale("log")
    ax.set_xlabel("discount factor γ" if by_gamma else "steps n to the large reward")
    ax.set_ylabel("steps until right for good")
    if any(row.median is None for row in rows):
        ax.plot([], [], "^", color=EXPLORER_COLOURS[0], label=f"median > {rows[0].budget:,}")
    ax.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _draw_explorer(
    ax: Any, rows: Sequence[LearningTime], by_gamma: bool, colour: str, label: str | None
) -> None:
    """Draw one explorer's line where the same choice is right."""
    beyond = rows[0].budget * 1.5
    xs = [float(row.gamma) if by_gamma else row.delay for row in rows]
    medians, lows, highs = (
        [beyond if steps is None else steps for steps in column]
        for column in zip(*((row.median, row.low, row.high) for row in rows), strict=True)
    )
    ax.fill_between(xs, lows, highs, color=colour, alpha=0.15, lw=0)
    ax.vlines(xs, lows, highs, color=colour, alpha=0.5, lw=1)
    ax.plot(xs, medians, "o-", color=colour, markersize=3, label=label)
    late = [x for x, row in zip(xs, rows, strict=True) if row.median is None]
    ax.plot(late, [beyond] * len(late), "^", color=colour, markersize=7)
