"""The values of the actions of one state over gamma, with the gammas at which curves cross."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qdecay._support.one_line import state_called
from qdecay.reporting.chapter import Chapter
from qdecay.reporting.plots.axes import below_one, depth_for, gamma_axis, number_axis
from qdecay.reporting.plots.crossings import number_points
from qdecay.reporting.plots.style import INK, line_style, set_legend, set_title
from qdecay.reporting.plots.words import named, numbered, points_of, wrapped

_COINCIDE = 0.04  # of the drawn range: such curves look identical; the page uses the same rule
_SHARE = "value, % of the best"

Curve = npt.NDArray[np.float64]


def draw_values(chapter: Chapter, ax: Any) -> Any:
    """Draw the action values of the state that a chapter shows; they cross where its best action
    changes.

    Returns: the axes.
    """
    state = chapter.shown_state
    own = [b.gamma for b in chapter.regions.breakpoints if state in b.changes]
    gamma_axis(ax, depth_for(own))
    gammas, values, label = action_values(chapter)
    ever_best = {action for sets in chapter.regions.regions for action in sets[state]}
    for action, curve in values.items():
        name, front = named(chapter.action_names[action]), 2 + (action in ever_best)
        ax.plot(gammas, curve, label=name, zorder=front, **line_style((action,)))
    stack = np.array(list(values.values()))
    known = np.isfinite(stack).all(axis=0)
    crossings = np.interp([float(g) for g in own], gammas[known], stack[:, known].max(axis=0))
    ax.plot([below_one(g) for g in own], crossings, "o", color=INK, markersize=4, zorder=4)
    number_axis(ax)
    ax.set_ylabel(wrapped(label, points_of(ax)[1]))
    set_legend(ax)
    above = number_points(ax, numbered([(below_one(g), g) for g in own]), ls=":")
    set_title(ax, f"{chapter.title}: {state_called(chapter.state_names[state])}", above)
    return ax


def action_values(chapter: Chapter) -> tuple[Curve, dict[int, Curve], str]:
    """Return gammas, the value of each action of the shown state there, and their unit.

    Values are per step if they grow with gamma, at 1 the gain; or a share of the best one if curves
    would coincide and the best is positive; nan if unknown.
    """
    data = chapter.data()
    numbers = {a: c for a, c in enumerate(data["pairs"][chapter.shown_state]) if c is not None}
    curves = {a: np.array(data["curves"][c], dtype=float) for a, c in numbers.items()}
    gammas = np.array(data["gammas"])
    if data["grows"]:
        per_step = {a: q * (1 - gammas) for a, q in curves.items()}
        for action, number in numbers.items():
            per_step[action][-1] = data["gains"][number]
        return gammas, per_step, "value × (1 − γ), reward per step"
    stack = np.array(list(curves.values()))
    known = stack[:, np.isfinite(stack).all(axis=0)]
    apart, high, low = (known.max(axis=0) - known.min(axis=0)).max(), known.max(), known.min()
    if low >= 0 and apart < _COINCIDE * high:
        with np.errstate(invalid="ignore"):  # 0 of 0 is nan
            return gammas, {a: 100 * q / stack.max(axis=0) for a, q in curves.items()}, _SHARE
    return gammas, curves, "value, reward units"
