"""The optimal value of a state over a grid of gammas, in the colour of its best action."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdecay._support.one_line import state_called
from qdecay.planning.gammas import GammaSweep
from qdecay.reporting.plots.axes import gamma_axis, number_axis
from qdecay.reporting.plots.naming import either, state_name, titled
from qdecay.reporting.plots.style import line_style, set_legend, set_title
from qdecay.reporting.plots.words import named

_CROWDED = 0.9  # a grid with half of its gammas right of this is drawn by decades of 1 - gamma
_MOST = 12  # decades


def draw_sweep(
    sweep: GammaSweep,
    ax: Any,
    *,
    state: int | None = None,
    actions: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """Draw the value of one state over the gammas, in the colours of the best actions.

    Actions that the error does not distinguish are drawn as ties.

    Args:
        sweep: the values.
        ax: matplotlib axes.
        state: the state to draw; None means the start, or state 0.
        actions: names of the actions; None means the model's own.
        title: above the figure; None names the model and the state.

    Returns: the axes.
    """
    state = (sweep.info.start or 0) if state is None else state
    gammas, values = sweep.gammas, sweep.values[:, state]
    gamma_axis(ax, _depth(gammas))
    best = [tuple(np.flatnonzero(flags).tolist()) for flags in sweep.greedy[:, state]]
    names, labelled = actions or sweep.info.action_names, set()
    for sets, run in groupby(range(len(gammas)), key=lambda i: best[i]):
        places = list(run)
        drawn = slice(places[0], places[-1] + 2)  # up to the first gamma of the next run
        label = None if sets in labelled else named(either(sets, names, sweep.greedy.shape[2]))
        marker = "o" if len(places) == 1 else None
        ax.plot(gammas[drawn], values[drawn], marker=marker, ms=3, label=label, **line_style(sets))
        labelled.add(sets)
    number_axis(ax)
    ax.set_ylabel("optimal value, reward units")
    set_legend(ax, title="best")
    set_title(ax, title or titled(sweep.info, state_called(state_name(sweep.info, state))))
    return ax


def _depth(gammas: NDArray[np.float64]) -> int | None:
    """Return the decades of 1 - gamma that show a grid; None for a linear axis."""
    if np.median(gammas) <= _CROWDED:
        return None
    last = float(gammas[gammas < 1].max(initial=_CROWDED))
    return min(max(1, math.ceil(-math.log10(1 - last))), _MOST)
