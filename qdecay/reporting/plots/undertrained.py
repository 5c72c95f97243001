"""Where a learner that has not yet learned everything flips, over the number of its walks."""

from __future__ import annotations

from typing import Any

import numpy as np

from qdecay.reporting.chapter import Chapter
from qdecay.reporting.plots.style import INK, LEARNED, SOFT, pale, set_legend, set_title
from qdecay.reporting.plots.words import SMALL, number_text, points_of, wrapped


def draw_undertrained(chapter: Chapter, ax: Any) -> Any:
    """Draw the gamma at which a learner flips after k walks of each branch of a chain.

    If it never takes the far branch there is no such gamma, and the area says so.

    Args:
        chapter: the chapter of a chain for which `chapter.undertrained()` is known.
        ax: matplotlib axes.

    Returns: the axes.
    """
    figure = chapter.undertrained()
    assert figure is not None
    walks, flips = np.array(figure.lines[0].data).T
    (exact,) = chapter.switching(chapter.mdp.start)
    flipping = flips < 1
    ax.set_xscale("log")
    ax.set_xlim(walks[0], walks[-1])
    first = walks[flipping][0] if flipping.any() else walks[-1]
    lowest = float(figure.y_ticks[0].text)
    if not flipping[0]:
        ax.axvspan(walks[0], first, color=pale(SOFT), lw=0)
        y, side = (0.95, "top") if float(exact) < (1 + lowest) / 2 else (0.05, "bottom")
        words = "never flips: the far reward has not arrived"
        text = wrapped(
            words, points_of(ax)[0] * np.log(first) / np.log(walks[-1]) - SMALL, SMALL, 4
        )
        ax.text(0.02, y, text, transform=ax.transAxes, fontsize=SMALL, color=SOFT, va=side)
    ax.plot(walks[flipping], flips[flipping], color=LEARNED, label="after k walks")
    ax.axhline(float(exact), color=INK, lw=1.2, ls="--", label=f"exact:\n{number_text(exact)}")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(lowest, 1)
    ax.set_xlabel(figure.x_label.removesuffix(" (log scale)"))
    ax.set_ylabel(figure.y_label)
    set_legend(ax)
    set_title(ax, f"{chapter.title}: learned from k walks")
    return ax
