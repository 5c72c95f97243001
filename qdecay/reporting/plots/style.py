"""Figures for papers and slides: one style, vector output, independent of pyplot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from qdecay._support.extras import require
from qdecay._support.outputs import PLOTS, check_output
from qdecay.reporting import colours
from qdecay.reporting.plots.words import LINE, NORMAL, SMALL, points_of, width_of, wrapped
from qdecay_envs.files import replacing

EXACT, PLANNED, LEARNED = colours.EXACT.light, colours.PLANNED.light, colours.LEARNED.light
BEST, WORSE, INK, SOFT = (
    each.light for each in (colours.GOOD, colours.WARNING, colours.INK, colours.SOFT)
)
FAINT = colours.FAINT.light
_TINT = float(colours.TINT.light.removesuffix("%")) / 100  # of a colour in an area
_HATCHED = 0.6  # of a colour in the marks on such an area
_ABOVE = 3  # columns of a legend above the axes
_LEGEND: Any = {"fontsize": SMALL, "title_fontsize": SMALL, "frameon": False, "alignment": "left"}
_FEWEST_ROWS, _COLUMNS = 4, 2  # of a legend beside the axes
_KEY, _LEGEND_WIDTH = 28, 160  # printer's points: of a key, and of such a legend
_HATCHES = ("", "...", "---", "|||", "+++")  # of actions, by the round of their colour
LINE_STYLES = ("-", "--", ":", "-.")  # of actions, in their order
STYLE: Any = {
    "font.size": NORMAL,
    "axes.titlesize": NORMAL + 1,
    "axes.labelsize": NORMAL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
}


def check_plot_path(path: Path, *, force: bool = True) -> None:
    """Check that a plot can be written, before any long work.

    Raises:
        InputError: the ending is unknown, the folder is missing, or matplotlib is.
    """
    check_output(path, PLOTS, force=force)
    require("matplotlib", "plot", "plots")


@contextmanager
def styled() -> Iterator[None]:
    """Draw and write in the project's style; matplotlib must be installed."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of this size in inches, which needs no display and no pyplot.

    Raises:
        InputError: matplotlib is missing.
    """
    require("matplotlib", "plot", "plots")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure_class()(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@cache
def _figure_class() -> Any:
    """A class of figures that notebooks show although pyplot does not know them."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            return _written(self, "png")

    return ShownFigure


def shown_figure(width: float, height: float) -> Any:
    """Return an empty figure of this size that pyplot shows, below the cell or by `plt.show()`.

    Raises:
        InputError: matplotlib is missing.
    """
    pyplot = require("matplotlib.pyplot", "plot", "plots")
    return pyplot.figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path) -> None:
    """Save a figure completely or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    check_plot_path(path)
    drawn = _written(figure, path.suffix[1:])
    with replacing(path) as scratch:
        scratch.write_bytes(drawn)


def _written(figure: Any, kind: str) -> bytes:
    drawn = BytesIO()  # matplotlib leaves a file open if writing fails
    with styled():
        figure.savefig(drawn, format=kind)
    return drawn.getvalue()


def pale(colour: str, share: float = _TINT) -> tuple[float, ...]:
    """Return a colour mixed with white: transparent parts would show where they overlap."""
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - part) for part in to_rgb(colour))


def filling(actions: Sequence[int]) -> dict[str, Any]:
    """Return how to fill an area in which these actions are best: for two that tie, with
    stripes."""
    first, *others = [pale(colours.action(a).light) for a in actions] or [pale(colours.TIED.light)]
    if others:
        return {"facecolor": first, "edgecolor": others[0], "hatch": "////"}
    if actions and (hatch := _HATCHES[colours.round_of(actions[0])]):
        edge = pale(colours.action(actions[0]).light, _HATCHED)
        return {"facecolor": first, "edgecolor": edge, "hatch": hatch}
    return {"facecolor": first, "edgecolor": "none"}


def line_style(actions: Sequence[int]) -> dict[str, Any]:
    """Return how to draw the curve of the best action; for several it is grey."""
    if len(actions) != 1:
        return {"color": colours.TIED.light}
    dashes = LINE_STYLES[actions[0] % len(LINE_STYLES)]
    return {"color": colours.action(actions[0]).light, "linestyle": dashes}


def set_title(ax: Any, text: str, above: float = 0) -> None:
    """Write a title above the axes, in lines that fit, leaving `above` printer's points free."""
    size = NORMAL + 1
    shown = wrapped(text, points_of(ax)[0], size)
    ax.set_title(shown, loc="left", fontsize=size, pad=6 + above, parse_math=False)


def set_legend(ax: Any, *, handles: Sequence[Any] | None = None, **more: Any) -> None:
    """Draw the legend right of the axes, where it hides nothing.

    If there are more entries than fit beside the axes, it has two columns where names are short,
    and says how many it leaves out: those that are drawn behind others.
    """
    from matplotlib.lines import Line2D

    found = list(handles or ax.get_legend_handles_labels()[0])
    below = 2 if ax.get_xlabel() else 0  # lines: those of the marks and the name of the x axis
    rows = max(_FEWEST_ROWS, int(points_of(ax)[1] / LINE) + below - ("title" in more))
    columns = 1
    if len(found) > rows:
        widest = max(width_of(each.get_label()) for each in found) + _KEY
        columns = max(1, min(_COLUMNS, int(_LEGEND_WIDTH / widest)))
    if rest := max(0, len(found) - rows * columns):
        front = sorted(found, key=lambda each: -each.get_zorder())[: rows * columns - 1]
        found = [each for each in found if each in front]
        found.append(Line2D([], [], ls="", label=f"and {rest + 1} more"))
    place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "ncols": columns}
    ax.legend(handles=found, columnspacing=1, **place | _LEGEND | more)


def legend_above(ax: Any) -> float:
    """Draw the legend between the axes and the title; return its height in printer's points."""
    handles, labels = ax.get_legend_handles_labels()
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2, "ncols": _ABOVE}
    ax.legend(handles, labels, columnspacing=1, **place | _LEGEND)
    return LINE * math.ceil(len(labels) / _ABOVE)
