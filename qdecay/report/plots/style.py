"""Plots for papers and slides, through matplotlib: one style, vector output, labelled axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from qdecay._support.extras import require
from qdecay._support.outputs import PLOTS, check_output
from qdecay_envs.files import replacing

# Okabe & Ito's palette, which colour-blind readers can distinguish.
EXACT, LEARNED, SPREAD = "#D55E00", "#0072B2", "#56B4E9"
# Of actions, in their order; grey for ties and for states without actions.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
TIED = "#BBBBBB"
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
