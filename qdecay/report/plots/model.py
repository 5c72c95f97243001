"""Plots of one model for papers: its regions, its values, its price, and how it is learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qdecay.errors import InputError
from qdecay.report.chapter import Chapter
from qdecay.report.figures import Plot
from qdecay.report.plots.gap import draw_gap
from qdecay.report.plots.map import draw_map
from qdecay.report.plots.price import draw_price
from qdecay.report.plots.style import COLOURS, EXACT, LEARNED, TIED, _figure
from qdecay.report.plots.thresholds import draw_threshold, trained
from qdecay.report.prices import USUAL
from qdecay.report.thresholds import ShownFlip

_COINCIDE = 0.04  # of the drawn range: such curves look identical; the page uses the same rule
_STYLES = ("-", "--", ":", "-.")

Panel = Callable[[Any], None]
Curve = npt.NDArray[np.float64]


def save_model(chapters: Sequence[Chapter], kinds: Sequence[str], path: Path) -> None:
    """Draw the panels of each chapter, and save the figure.

    Args:
        chapters: the models.
        kinds: from `KINDS`, checked by `check_kinds`.
        path: ends in .svg, .pdf or .png.

    Raises:
        InputError: the file cannot be written, or no agents were trained for what it would show.
    """
    panels = [panel for chapter in chapters for kind in kinds for panel in KINDS[kind](chapter)]
    if not panels:
        raise InputError(f"{path}: {_untrained(chapters)}")
    with _figure(len(panels), path) as axes:
        for ax, panel in zip(axes, panels, strict=True):
            panel(ax)


def _untrained(chapters: Sequence[Chapter]) -> str:
    """Return why there is no learned threshold."""
    rows = [chapter.comparison for chapter in chapters if chapter.comparison is not None]
    return "; ".join(line for row in rows for line in (*row.reasons, *row.unsettled))


def check_kinds(chapters: Sequence[Chapter], kinds: Sequence[str]) -> None:
    """Refuse kinds that cannot be drawn for a model, before agents are trained for the rest.

    Raises:
        InputError: names the kind, the model and the reason.
    """
    for kind in kinds:
        for chapter in chapters:
            if reason := _reason_against(kind, chapter):
                raise InputError(f"--what {kind}: {chapter.source.text}: {reason}")


def _reason_against(kind: str, chapter: Chapter) -> str | None:
    """Return why a kind cannot be drawn, or None."""
    if kind == "values":
        able = chapter.mdp.available[chapter.shown_state].any()
        return None if able else "the state shown has no actions"
    if kind in ("regions", "map"):
        return None
    if kind == "gap":
        return None if _ever_leads(chapter) else "no action of the state shown is ever better"
    if kind == "price":
        return None if chapter.price is not None else _no_price(chapter)
    if kind == "thresholds":
        if chapter.switching(chapter.shown_state):
            return None
        name = chapter.state_names[chapter.shown_state]
        return f"the best actions of state {name} are the same at every gamma"
    return _unlearnable(chapter)


def _unlearnable(chapter: Chapter) -> str | None:
    """Return why it is unknown where an under-trained learner flips, or None."""
    if chapter.layout is None:
        return "is not a chain, and learning can be drawn for chains only"
    gammas = len(chapter.switching(chapter.mdp.start))
    if not gammas:
        return "the best choice at the start never changes"
    if chapter.undertrained() is not None:
        return None
    if not chapter.plain:
        return "what is learned after k walks is known only without slip, escape and reward_noise"
    if gammas > 1:
        return f"the best choice at the start changes at {gammas} gammas, and learning needs one"
    return "learning requires two branches that pay one reward each and then end"


def _ever_leads(chapter: Chapter) -> bool:
    """Whether some action of the shown state is worse than another at some gamma."""
    state = chapter.shown_state
    available = sum(s == state for s, _ in chapter.mdp.exact_r)
    return any(len(sets[state]) < available for sets in chapter.regions.regions)


def _no_price(chapter: Chapter) -> str:
    if not chapter.mdp.starts:
        return "has no start state, so nothing is earned"
    return "what is earned is beyond floats"


def _regions(chapter: Chapter) -> list[Panel]:
    """The optimal actions of the shown state over gamma, and every breakpoint of the model."""

    def draw(ax: Any) -> None:
        state, names = chapter.shown_state, chapter.action_names
        gammas = [float(b.gamma) for b in chapter.regions.breakpoints]
        ends = [0.0, *gammas, 1.0]
        sets = [region[state] for region in chapter.regions.regions]
        for left, right, actions in zip(ends, ends[1:], sets, strict=False):
            colour = COLOURS[actions[0] % len(COLOURS)] if len(actions) == 1 else TIED
            ax.axvspan(left, right, color=colour, alpha=0.35, lw=0)
        for left, right, actions in _stretches(ends, sets):
            if right - left > 0.08:
                text = " or ".join(names[a] for a in actions)
                ax.text((left + right) / 2, 0.5, text, ha="center", va="center", fontsize=8)
        own = [b for b in chapter.regions.breakpoints if state in b.changes]
        for b in own:
            ax.axvline(float(b.gamma), color="black", lw=1)
        others = [
            g for g, b in zip(gammas, chapter.regions.breakpoints, strict=True) if b not in own
        ]
        ax.plot(others, [0.04] * len(others), "|", color="black", markersize=6)
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_yticks([])
        ax.set_box_aspect(0.22)
        ax.set_xlabel("discount factor γ")
        ax.set_title(f"{chapter.title}: best in state {chapter.state_names[state]}")

    return [draw]


def _stretches(
    ends: Sequence[float], sets: Sequence[tuple[int, ...]]
) -> list[tuple[float, float, tuple[int, ...]]]:
    """Neighbouring regions with the same set, merged."""
    found: list[tuple[float, float, tuple[int, ...]]] = []
    for left, right, actions in zip(ends, ends[1:], sets, strict=False):
        if found and found[-1][2] == actions:
            found[-1] = (found[-1][0], right, actions)
        else:
            found.append((left, right, actions))
    return found


def _values(chapter: Chapter) -> list[Panel]:
    """The action values of the shown state over gamma, in the unit that shows them best."""

    def draw(ax: Any) -> None:
        data = chapter.data()
        pairs = enumerate(data["pairs"][chapter.shown_state])
        of_action = {a: c for a, c in pairs if c is not None}
        found = {a: np.array(data["curves"][c], dtype=float) for a, c in of_action.items()}
        gammas = np.array(data["gammas"])
        values, label = _in_unit(found, gammas, data["grows"])
        if data["grows"]:  # at gamma = 1 what is left is the gain
            for a, c in of_action.items():
                values[a][-1] = data["gains"][c]
        for action, curve in values.items():
            style = _STYLES[action % len(_STYLES)]
            colour = COLOURS[action % len(COLOURS)]
            name = chapter.action_names[action]
            ax.plot(gammas, curve, style, color=colour, label=name)
        for b in chapter.regions.breakpoints:
            if chapter.shown_state in b.changes:
                ax.axvline(float(b.gamma), color="black", lw=0.8, ls=":")
        ax.set_xlabel("discount factor γ")
        ax.set_xlim(0, 1)
        ax.set_ylabel(label)
        ax.set_title(f"{chapter.title}: state {chapter.state_names[chapter.shown_state]}")
        ax.legend(fontsize=7, frameon=False)

    return [draw]


def _in_unit(curves: dict[int, Curve], gammas: Curve, grows: bool) -> tuple[dict[int, Curve], str]:
    """Per step if values grow with gamma; as the loss against the best if curves would coincide."""
    if grows:
        return {a: q * (1 - gammas) for a, q in curves.items()}, "(1 − γ) Q, reward per step"
    top, bottom = (f(list(curves.values()), axis=0) for f in (np.max, np.min))
    if np.nanmax(top - bottom) < _COINCIDE * (
        np.nanmax([top, 0 * top]) - np.nanmin([bottom, 0 * top])
    ):
        with np.errstate(invalid="ignore"):
            return {a: 100 * (q - top) / abs(top) for a, q in curves.items()}, "% behind the best"
    return curves, "Q, reward units"


def _gap(chapter: Chapter) -> list[Panel]:
    """How much the best action of the shown state leads by."""
    state = chapter.shown_state
    title = f"{chapter.title}: state {chapter.state_names[state]}"
    return [lambda ax: draw_gap(ax, chapter.regions, state, chapter.action_names, title)]


def _thresholds(chapter: Chapter) -> list[Panel]:
    """Where agents flip, a panel for each learned threshold."""
    row = chapter.comparison
    title = f"{chapter.title}: state {chapter.state_names[chapter.shown_state]}"

    def panel(flip: ShownFlip) -> Panel:
        return lambda ax: draw_threshold(ax, title, flip, chapter.action_names)

    return [] if row is None else [panel(flip) for flip in trained(row)]


def _learning(chapter: Chapter) -> list[Panel]:
    """The gamma at which an under-trained learner flips, over walks."""
    figure = chapter.undertrained()
    return [] if figure is None else [lambda ax: _draw_undertrained(ax, chapter.title, figure)]


def _draw_undertrained(ax: Any, title: str, figure: Plot) -> None:
    (line,), (rule,) = figure.lines, figure.rules
    ax.plot(*zip(*line.data, strict=True), color=LEARNED, label=line.label)
    ax.axhline(rule.data[0][1], color=EXACT, lw=1.5, ls="--", label=rule.label)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_ylim(float(figure.y_ticks[0].text))
    ax.set_xlabel(figure.x_label.removesuffix(" (log scale)"))
    ax.set_ylabel(figure.y_label)
    ax.set_title(title)
    ax.legend(fontsize=7, frameon=False)


def _price(chapter: Chapter) -> list[Panel]:
    """What every gamma earns by the default judge, and what 0.99 does."""
    found = chapter.price
    if found is None:
        return []
    usual = found.price.at(USUAL)
    return [lambda ax: draw_price(ax, found.price, [usual], chapter.title)]


def _map(chapter: Chapter) -> list[Panel]:
    """The optimal actions of the shown state over gamma and a parameter."""
    found, names = chapter.map, chapter.action_names
    title = f"{chapter.title}: best in state {chapter.state_names[chapter.shown_state]}"
    return [] if found is None else [lambda ax: draw_map(ax, found, names, title)]


KINDS: dict[str, Callable[[Chapter], list[Panel]]] = {
    "regions": _regions,
    "values": _values,
    "gap": _gap,
    "thresholds": _thresholds,
    "learning": _learning,
    "price": _price,
    "map": _map,
}
"""What can be drawn: a function from a chapter to its panels."""
