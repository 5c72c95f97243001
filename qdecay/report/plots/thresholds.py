"""Plots of a comparison: where trained agents flip, round each exact break-even gamma."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qdecay._support.one_line import escaped
from qdecay._support.shown import shown_decimal
from qdecay.comparison.result import Comparison
from qdecay.comparison.thresholds import SHARE
from qdecay.errors import InputError
from qdecay.exact.algebra.number import AlgebraicNumber
from qdecay.report.figures import nice_ticks
from qdecay.report.plots.style import EXACT, LEARNED, SPREAD, _figure
from qdecay.report.thresholds import ShownFlip, agents, shown_flips

_PREDICTED = "#009E73"
_LABEL = 16  # characters of a closed form


def save_comparison(
    rows: Sequence[Comparison], path: Path, names: Sequence[Sequence[str]] | None = None
) -> None:
    """Draw where agents flip, a panel per learned threshold, and save it.

    Args:
        rows: what was compared.
        path: ends in .svg, .pdf or .png.
        names: of the actions of each row; numbers where there are none.

    Raises:
        InputError: the file cannot be written, or no agents were trained for a flip.
    """
    panels = [
        (row.source, flip, of_row or _numbered(row))
        for row, of_row in zip(rows, names or [()] * len(rows), strict=True)
        for flip in trained(row)
    ]
    if not panels:
        raise InputError(f"{path}: there is no learned threshold to draw")
    with _figure(len(panels), path) as axes:
        for ax, panel in zip(axes, panels, strict=True):
            draw_threshold(ax, *panel)


def trained(row: Comparison) -> list[ShownFlip]:
    """Return the flips that agents were trained for."""
    return [flip for flip in shown_flips(row) if flip.learned is not None]


def draw_threshold(ax: Any, title: str, flip: ShownFlip, names: Sequence[str]) -> None:
    """The gamma at which each agent flips, the share that flips below gamma, the exact gamma."""
    learned, ends = flip.learned, flip.window()
    assert learned is not None
    ax.plot(
        *zip(*agents(learned), strict=True), ".", color=LEARNED, markersize=6, label="one agent"
    )
    if learned.interval is not None:
        ax.axvspan(*learned.interval, color=SPREAD, alpha=0.35, lw=0, label="95 % interval")
    ax.plot(*zip(*learned.share(*ends), strict=True), color=LEARNED, label=SHARE)
    for gamma, what, colour in (
        (flip.exact, "exact", EXACT),
        (flip.predicted, "predicted", _PREDICTED),
    ):
        if gamma is not None:
            ax.axvline(
                float(gamma), color=colour, lw=1.5, ls="--", label=f"{what}: {_shown(gamma)}"
            )
    ax.set_title(title, parse_math=False)
    name = "discount factor γ" if flip.parameter is None else flip.parameter.name
    ax.set_xlabel(escaped(name), parse_math=False)
    ax.set_ylabel(flip.chance(names), parse_math=False)
    ax.set_xlim(*ends)
    ax.set_ylim(-0.05, 1.05)
    ax.set_yticks([0, 0.5, 1])
    ticks = nice_ticks(*ends)
    ax.set_xticks(ticks, [f"{gamma:.12g}" for gamma in ticks])
    ax.legend(fontsize=7, frameon=False)


def _shown(gamma: AlgebraicNumber) -> str:
    """The closed form where it is short, else six digits."""
    form = gamma.closed_form()
    return form if form and len(form) <= _LABEL else shown_decimal(gamma, 6)


def _numbered(row: Comparison) -> list[str]:
    actions = (action for sides in row.sides for side in sides for action in side)
    return [f"action {action}" for action in range(max(actions, default=-1) + 1)]
