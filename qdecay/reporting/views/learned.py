"""A training run: the learned policy, beside the curve of its returns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from qdecay._support.one_line import escaped
from qdecay._support.result import counted
from qdecay._support.shown import shortest
from qdecay.comparison.learning_times import LearningTime
from qdecay.exact.learning_curve import LearningCurve
from qdecay.learning.many import ManyResult
from qdecay.learning.result import EpisodeEnd, LearningResult
from qdecay.reporting.numerals import brief, decimal
from qdecay.reporting.views.axis import even_axis
from qdecay.reporting.views.charts import Curve, chart, legend
from qdecay.reporting.views.dispatch import view
from qdecay.reporting.views.markup import heading, joined, note, sentence, table, tag
from qdecay.reporting.views.names import Names
from qdecay.reporting.views.squares import policy_picture

_POINTS = 240  # of a curve
_WINDOW = 20  # returns are averaged over this fraction of the training

Floats = NDArray[np.float64]


@view.register
def _(found: LearningResult) -> Markup:
    names = Names.of_info(found.info)
    start = found.info.start
    value = "" if start is None else f"value {brief(found.q[start].max(), 4)} at the start"
    policy = joined([note("The policy that was learned"), _policy(found, names)])
    return joined(
        [
            heading(
                escaped(found.algorithm),
                names.title,
                f"γ = {shortest(found.gamma)}",
                f"seed {found.seed}",
                counted(found.steps, "step"),
                counted(found.episodes, "episode"),
                value,
            ),
            tag("div", tag("div", _returns(found)), tag("div", policy), class_="many"),
        ]
    )


def _policy(found: LearningResult, names: Names) -> Markup:
    """Return the board with the greedy actions, and a table of them with values and updates."""
    tried_in = found.visits.sum(axis=1)
    picture = policy_picture(
        names,
        len(found.q),
        lambda s: np.flatnonzero(found.greedy[s]).tolist() if tried_in[s] else [],
    )
    rows = (
        [
            names.state_cell(s),
            names.either(np.flatnonzero(best).tolist()) if tried.any() else "not visited",
            decimal(float(values.max()), 4) if np.isfinite(values.max()) else "",
            f"{int(tried.sum()):,}",
        ]
        for s, (best, values, tried) in enumerate(
            zip(found.greedy, found.q, found.visits, strict=True)
        )
    )
    values = table(["state", "greedy", "value", "updates"], rows, len(found.q))
    if not picture:
        return values
    return joined([picture, tag("details", tag("summary", "values of all states"), values)])


def _returns(found: LearningResult) -> Markup:
    returns = found.returns
    if found.episodes < 2:
        return note("No curve: fewer than two episodes ended.")
    window = max(1, math.ceil(found.episodes / _WINDOW))
    smooth = _running_mean(returns, window)
    kept = np.unique(np.linspace(0, found.episodes - 1, _POINTS).astype(int))
    low, high = float(returns.min()), float(returns.max())
    room = (high - low or abs(high) or 1.0) * 0.08
    x = even_axis("episode", 1, found.episodes)
    y = even_axis("", low - room, high + room)

    def line(values: Floats, kind: str) -> Curve:
        points = ((x.place(i + 1), y.place(float(values[i]))) for i in kept.tolist())
        return Curve(tuple(points), kind, "learned")

    curves = [line(smooth, "")]
    entries = [("", "learned", f"mean of the last {counted(window, 'episode')}")]
    if window > 1:
        curves.insert(0, line(returns, "thin"))
        entries.append(("dotted", "learned", "single episodes"))
    told = "discounted return of each episode"
    return joined([chart(told, x, y, curves, description=told), legend(entries[:1])])


def _running_mean(values: Floats, window: int) -> Floats:
    """The mean of each value and those before it, at most `window` of them."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(0, last - window)
    mean: Floats = (sums[last] - sums[first]) / (last - first)
    return mean


@view.register
def _(found: EpisodeEnd) -> Markup:
    facts = [f"return {brief(found.discounted_return, 4)}", counted(found.length, "step")]
    return heading(f"Episode {found.episodes:,}", *facts, f"{counted(found.steps, 'step')} so far")


@view.register
def _(found: ManyResult) -> Markup:
    names = Names.of_info(found.info)
    state = found.info.start or 0
    best = found.q[:, :, state, :].argmax(axis=2)
    rows = (
        [shortest(float(gamma)), *_shares(best[i], names)] for i, gamma in enumerate(found.gammas)
    )
    return joined(
        [
            heading(
                names.title or "Many trainings",
                counted(len(found.gammas), "gamma"),
                counted(len(found.seeds), "seed"),
                f"{counted(found.steps, 'step')} each",
            ),
            table(
                ["γ", f"greedy in {names.state(state)}, and how many seeds"],
                rows,
                len(found.gammas),
            ),
        ]
    )


def _shares(chosen: NDArray[np.int64], names: Names) -> list[object]:
    actions, numbers = np.unique(chosen, return_counts=True)
    pairs = zip(actions.tolist(), numbers.tolist(), strict=True)
    return [", ".join(f"{names.action(action)}: {number}" for action, number in pairs)]


@view.register
def _(found: LearningTime) -> Markup:
    median = (
        "never right for good"
        if found.median is None
        else f"right for good after {found.median:,g} steps"
    )
    rows: Sequence[Sequence[object]] = [
        [i + 1, "not within the budget" if steps is None else f"{steps:,}"]
        for i, steps in enumerate(found.steps)
    ]
    return joined(
        [
            heading(
                escaped(found.title),
                escaped(found.explorer),
                f"γ = {found.gamma}",
                counted(len(found.steps), "seed"),
            ),
            sentence(tag("b", median), f" (median), of {found.budget:,} that each agent had."),
            table(["seed", "steps"], rows, len(rows)),
        ]
    )


@view.register
def _(found: LearningCurve) -> Markup:
    rows = (
        [escaped(name), f"{walks:,}", f"{float(shares[-1]):.6g}"]
        for (name, _), walks, shares in zip(
            found.layout.branches, found.walks, found.arrived, strict=True
        )
    )
    return joined(
        [
            heading("Learning curve"),
            table(
                ["branch", "walks", "share of its last reward that has arrived"],
                rows,
                len(found.walks),
            ),
        ]
    )
