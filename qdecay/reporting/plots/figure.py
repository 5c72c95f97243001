"""Figures of several panels: a column for each model, or one wide column."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qdecay.reporting.plots.style import check_plot_path, new_figure, save_figure, styled

WIDTH = 5.4  # inches, of a panel
_COLUMNS = 2  # for models, if any has several panels


@dataclass(frozen=True)
class Panel:
    """A part of a figure.

    Attributes:
        draw: draws it into axes.
        height: in inches, with its title and its x axis.
    """

    draw: Callable[[Any], Any]
    height: float


def save_panels(stacks: Sequence[Sequence[Panel]], path: Path) -> None:
    """Draw stacks of panels as `panels_figure` does, and save the figure.

    Args:
        stacks: at least one panel in all; empty ones are omitted.
        path: ends in .svg, .pdf or .png.

    Raises:
        InputError: the file cannot be written.
    """
    check_plot_path(path)
    save_figure(panels_figure(stacks), path)


def panels_figure(stacks: Sequence[Sequence[Panel]]) -> Any:
    """Draw stacks of panels, and return the figure.

    Panels of one stack are below each other, so that their x axes align; stacks are side by side,
    or below each other if each is one low panel.

    Args:
        stacks: at least one panel in all; empty ones are omitted.

    Raises:
        InputError: matplotlib is missing.
    """
    stacks = [stack for stack in stacks if stack]
    is_list = all(len(stack) == 1 for stack in stacks)
    columns = 1 if is_list and max(s[0].height for s in stacks) < WIDTH / 3 else _COLUMNS
    columns = min(columns, len(stacks))
    rows = math.ceil(len(stacks) / columns)
    total = [sum(panel.height for panel in stack) for stack in stacks]
    heights = [max(total[i * columns : (i + 1) * columns]) for i in range(rows)]
    figure = new_figure(WIDTH * columns, sum(heights))
    with styled():
        parts = figure.subfigures(rows, columns, squeeze=False, height_ratios=heights)
        pairs = [pair for both in zip(stacks, parts.flat, strict=False) for pair in _placed(*both)]
        draw_to_fit(figure, [(panel.draw, ax) for panel, ax in pairs])
    return figure


def _placed(stack: Sequence[Panel], part: Any) -> list[tuple[Panel, Any]]:
    ratios = [panel.height for panel in stack]
    axes = part.subplots(len(stack), 1, squeeze=False, height_ratios=ratios)
    return list(zip(stack, axes.flat, strict=True))


def draw_to_fit(figure: Any, drawings: Sequence[tuple[Callable[[Any], Any], Any]]) -> None:
    """Draw into axes twice: how much text fits is known only once legends have their room.

    Args:
        figure: with a layout engine.
        drawings: functions and the axes that each draws into.
    """
    own = list(figure.axes)
    for draw, ax in drawings:
        draw(ax)
    figure.draw_without_rendering()
    for ax in set(figure.axes) - set(own):
        ax.remove()  # twins
    for draw, ax in drawings:
        ax.clear()
        draw(ax)
