"""Plots of one model for papers: its regions, values and price, and how it is learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qdecay._support.one_line import state_called
from qdecay.errors import InputError
from qdecay.reporting.chapter import Chapter
from qdecay.reporting.plots.figure import Panel
from qdecay.reporting.plots.gap import draw_gap
from qdecay.reporting.plots.map import draw_map
from qdecay.reporting.plots.price import draw_price
from qdecay.reporting.plots.regions import draw_regions
from qdecay.reporting.plots.thresholds import threshold_panel, trained
from qdecay.reporting.plots.undertrained import draw_undertrained
from qdecay.reporting.plots.values import draw_values
from qdecay.reporting.prices import USUAL

_LOW, _USUAL, _HIGH = 1.4, 2.7, 3.6  # inches


def panels_of(chapters: Sequence[Chapter], kinds: Sequence[str]) -> list[list[Panel]]:
    """Return the panels of each chapter.

    Args:
        chapters: the models.
        kinds: from `KINDS`, checked by `check_kinds`.

    Raises:
        InputError: no agents were trained for a requested panel.
    """
    stacks = [[panel for kind in kinds for panel in KINDS[kind](each)] for each in chapters]
    if not any(stacks):
        raise InputError(f"there is nothing to draw: {_untrained(chapters)}")
    return stacks


def _untrained(chapters: Sequence[Chapter]) -> str:
    """Return why there is no learned threshold."""
    rows = [chapter.comparison for chapter in chapters if chapter.comparison is not None]
    return "; ".join(line for row in rows for line in (*row.reasons, *row.unsettled))


def check_kinds(chapters: Sequence[Chapter], kinds: Sequence[str], dash: str = "") -> None:
    """Refuse kinds that cannot be drawn for a model, before agents are trained for the rest.

    `dash` is the prefix of option names in messages, "--" in the shell.

    Raises:
        InputError: names the kind, the model and the reason.
    """
    for kind in kinds:
        for chapter in chapters:
            if reason := _reason_against(kind, chapter):
                raise InputError(f"{dash}what {kind}: {chapter.source.text}: {reason}")


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
        return f"the best actions of {state_called(name)} are the same at every gamma"
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
    return "what is earned is too large for floats"


def _title(chapter: Chapter, what: str = "") -> str:
    return f"{chapter.title}: {what}{state_called(chapter.state_names[chapter.shown_state])}"


def _regions(chapter: Chapter) -> list[Panel]:
    """The best actions of the shown state over gamma, and every breakpoint of the model."""
    state, names, title = chapter.shown_state, chapter.action_names, _title(chapter, "best in ")
    draw = partial(draw_regions, chapter.regions, state=state, actions=names, title=title)
    return [Panel(draw, _LOW)]


def _values(chapter: Chapter) -> list[Panel]:
    """The action values of the shown state over gamma."""
    return [Panel(partial(draw_values, chapter), _USUAL)]


def _gap(chapter: Chapter) -> list[Panel]:
    """The lead of the best action of the shown state."""
    state, names, title = chapter.shown_state, chapter.action_names, _title(chapter)
    draw = partial(draw_gap, chapter.regions, state=state, actions=names, title=title)
    return [Panel(draw, _USUAL)]


def _thresholds(chapter: Chapter) -> list[Panel]:
    """Where agents flip, a panel for each learned threshold."""
    flips = [] if chapter.comparison is None else trained(chapter.comparison)
    return [threshold_panel(flip, chapter.action_names, _title(chapter)) for flip in flips]


def _learning(chapter: Chapter) -> list[Panel]:
    """The gamma at which an under-trained learner flips, over walks."""
    known = chapter.undertrained() is not None
    return [Panel(partial(draw_undertrained, chapter), _USUAL)] if known else []


def _price(chapter: Chapter) -> list[Panel]:
    """What every gamma earns by the default judge, with 0.99 marked."""
    if chapter.price is None:
        return []
    found = chapter.price.price
    return [Panel(partial(draw_price, found, marked=[found.at(USUAL)]), _USUAL)]


def _map(chapter: Chapter) -> list[Panel]:
    """The best actions of the shown state over gamma and a parameter."""
    if chapter.map is None:
        return []
    names, title = chapter.action_names, _title(chapter, "best in ")
    return [Panel(partial(draw_map, chapter.map, actions=names, title=title), _HIGH)]


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
