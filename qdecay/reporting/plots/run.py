"""One run of a learner: its learning curve, and beside it the learned policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qdecay._support.shown import shortest
from qdecay.learning.result import LearningResult
from qdecay.reporting import colours
from qdecay.reporting.plots.axes import number_axis
from qdecay.reporting.plots.naming import either, state_name, titled
from qdecay.reporting.plots.style import INK, LEARNED, SOFT, pale, set_title
from qdecay.reporting.plots.words import SMALL, cut, points_of
from qdecay.reporting.thresholds import LEARNERS

_BINS = 60  # points of the curve at most
_ROWS, _COLUMNS = 12, 2  # of the list of states, at most
_COLUMN = 110  # printer's points, of one column of the list
_ROOM = 10  # printer's points between two columns


def draw_run(
    result: LearningResult,
    ax: Any,
    *,
    actions: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """Draw the returns of successive episodes, and the greedy policy as a list beside them.

    Args:
        result: the result of a learner.
        ax: matplotlib axes.
        actions: names of the actions; None means the model's own.
        title: above the figure; None names the model, the learner and gamma.

    Returns: the axes.
    """
    episodes, means, low, high = learning_curve(result.returns)
    ax.fill_between(episodes, low, high, color=pale(LEARNED), lw=0)
    ax.plot(episodes, means, color=LEARNED, lw=1.5)
    if not len(episodes):
        why = "no episode ended: set a time limit"
        ax.text(0.5, 0.5, why, ha="center", va="center", transform=ax.transAxes)
        ax.set_xticks([])
        ax.set_yticks([])
    ax.set_xlabel("episode")
    number_axis(ax)
    ax.set_ylabel("discounted return")
    _list_policy(result, ax, actions or result.info.action_names)
    what = f"{LEARNERS.get(result.algorithm, result.algorithm)} at γ = {shortest(result.gamma)}"
    set_title(ax, title or titled(result.info, what))
    return ax


def learning_curve(returns: Any) -> tuple[Any, Any, Any, Any]:
    """Return the middles of at most 60 equal spans of episodes, with their means and 10 % and 90 %
    quantiles."""
    spans = [span for span in np.array_split(np.arange(len(returns)), _BINS) if len(span)]
    middles = np.array([span.mean() + 1 for span in spans])
    low, high = (np.array([np.quantile(returns[s], share) for s in spans]) for share in (0.1, 0.9))
    return middles, np.array([returns[span].mean() for span in spans]), low, high


def _list_policy(result: LearningResult, ax: Any, names: Sequence[str] | None) -> None:
    """Write the greedy actions of states right of the axes; of many states, the most visited."""
    visits = result.visits.sum(axis=1)
    shown = np.argsort(-visits, kind="stable")[: _ROWS * _COLUMNS]
    states = sorted(int(state) for state in shown if visits[state])
    _, height = points_of(ax)
    step = min(height / (_ROWS + 1), SMALL * 1.7)
    style: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": SMALL,
                  "va": "center", "annotation_clip": False, "parse_math": False}  # fmt: skip
    for number, state in enumerate(states):
        column, row = divmod(number, _ROWS)
        best = np.flatnonzero(result.greedy[state]).tolist()
        at = 12 + column * _COLUMN, -(row + 0.5) * step
        colour = colours.action(best[0]) if len(best) == 1 else colours.TIED
        text = f"{state_name(result.info, state)}: {either(best, names)}"
        ax.annotate(cut(text, _COLUMN - _ROOM), (1, 1), (at[0] + 8, at[1]), color=INK, **style)
        ax.annotate("●", (1, 1), at, color=colour.light, ha="center", **style)
    if rest := len(visits) - len(states):
        unseen = int((visits == 0).sum())
        text = f"{rest:,} never visited" if rest == unseen else f"and {rest:,} more states"
        rows = min(len(states), _ROWS)
        ax.annotate(text, (1, 1), (8, -(rows + 0.5) * step), color=SOFT, **style)
