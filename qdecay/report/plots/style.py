"""Plots for papers and slides, through matplotlib: one style, vector output, labelled axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from qdecay._support.extras import require
from qdecay._support.outputs import PLOTS, check_output
from qdecay._support.shown import shown_decimal
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
