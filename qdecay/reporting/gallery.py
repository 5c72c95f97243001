"""The gallery: a page for every environment with a finite table, and an index of cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qdecay._support.outputs import PAGES, check_output
from qdecay._support.progress import OnProgress, Progress, reporting
from qdecay.errors import BudgetExceeded, InputError
from qdecay.model.source import Source
from qdecay.reporting.chapter import Chapter, read_chapter, title_of
from qdecay.reporting.page import explorer, render, write_page

_INDEX = "index.html"
_NAMED = 7  # actions of a legend
_ROWS = 48  # states that a fingerprint shows at most


@dataclass(frozen=True)
class Stripe:
    """A stretch of one state's row in a fingerprint: x, y, width in its box, and the action."""

    x: float
    y: int
    width: float
    action: int


@dataclass(frozen=True)
class Card:
    """One environment on the index; `reason` says why it has no page, if it has none.

    Attributes:
        source, title: its id, and that in words.
        page: the file's name, or None.
        facts: the text of the card.
        stripes, rows: its fingerprint.
        legend: the colour and the name of each action in it; colour 7 means a tie of all.
    """

    source: str
    title: str
    page: str | None = None
    facts: dict[str, Any] | None = None
    stripes: tuple[Stripe, ...] = ()
    rows: int = 0
    legend: tuple[tuple[int, str], ...] = ()
    reason: str = ""


def check_gallery(folder: Path, ids: Sequence[str], *, force: bool = True) -> None:
    """Refuse a folder that cannot be written to, before any work; create it if missing.

    Args:
        folder: its parent must exist.
        ids: of the environments that get pages.
        force: whether existing files may be replaced.

    Raises:
        InputError: the folder cannot be created, a file exists and `force` is not set, or its name
            cannot be written.
    """
    if folder.suffix in PAGES:
        raise InputError(f"{folder}: looks like a page; name a folder")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created: {error.strerror}") from error
    for path in (folder / _INDEX, *(_page(folder, source) for source in ids)):
        check_output(path, PAGES, force=force)


def write_gallery(
    folder: Path,
    ids: Sequence[str],
    *,
    max_seconds_each: float = 60.0,
    progress: bool | OnProgress = False,
) -> list[Card]:
    """Write index.html and a page for each environment whose model can be read.

    Existing files are replaced.

    Args:
        folder: created if missing; its parent must exist.
        ids: registered ids.
        max_seconds_each: limit of wall time for each model, > 0.
        progress: True shows a bar; a function is called with a `Progress` before each page.

    Returns: the cards, those without a page last.

    Raises:
        InputError: the folder cannot be created, or a name in it cannot be written.
        OSError: a file cannot be written.
    """
    check_gallery(folder, ids)
    cards: list[Card] = []
    try:
        with reporting(progress) as report:
            for source in ids:
                report(Progress(len(cards), len(ids), f"pages, at {source}"))
                cards.append(_card(Source(source), _page(folder, source), max_seconds_each))
    finally:  # an interrupted gallery has an index of its finished pages
        cards.sort(key=lambda card: card.page is None)
        shown, others = _parted(cards)
        page = render("gallery.html", [], {}, title="Gallery", cards=shown, others=others)
        write_page(folder / _INDEX, page)
    return cards


def _parted(cards: Sequence[Card]) -> tuple[list[Card], list[Card]]:
    """Return the cards with a page, and the others."""
    return [c for c in cards if c.page is not None], [c for c in cards if c.page is None]


def _card(source: Source, page: Path, max_seconds: float) -> Card:
    try:
        chapter = read_chapter(source, max_seconds=max_seconds)
    except (InputError, BudgetExceeded) as error:
        reason = str(error).removeprefix(f"{source.text}: ")
        return Card(source.text, title_of(source.text), reason=reason)
    write_page(page, explorer([chapter]))
    stripes, rows = fingerprint(chapter)
    facts = {
        "states": chapter.mdp.n_states,
        "actions": chapter.mdp.n_actions,
        "regions": len(chapter.regions.regions),
        "blackwell": chapter.blackwell(),
        "earned": None if chapter.price is None else chapter.price.card(),
    }
    legend = _legend(chapter, {stripe.action for stripe in stripes})
    return Card(source.text, chapter.title, page.name, facts, stripes, rows, legend)


def _legend(chapter: Chapter, colours: set[int]) -> tuple[tuple[int, str], ...]:
    """The names of the actions that a fingerprint's colours stand for."""
    names = [(a % 7, name) for a, name in enumerate(chapter.action_names) if a % 7 in colours]
    if len(names) > _NAMED:
        names[_NAMED:] = [(names[_NAMED][0], f"and {len(names) - _NAMED} more")]
    return (*names, *[(7, "all alike")] * (7 in colours))


def fingerprint(chapter: Chapter) -> tuple[tuple[Stripe, ...], int]:
    """Return a picture of all regions: a row per state, the first optimal action as colour.

    Only states with a choice have rows; of many, an even selection. x runs over gamma from 0 to
    100; an action of 7 means a tie of all actions, or none.
    """
    states = _rows(chapter)
    ends = [0.0, *(100 * float(b.gamma) for b in chapter.regions.breakpoints), 100.0]
    stripes: list[Stripe] = []
    for y, state in enumerate(states):
        width = int(chapter.mdp.available[state].sum())
        start, last = 0.0, -1
        for right, sets in zip(ends[1:], chapter.regions.regions, strict=True):
            actions = sets[state]
            action = 7 if not actions or len(actions) == width > 1 else actions[0] % 7
            if action == last:
                start = stripes.pop().x
            stripes.append(Stripe(start, y, right - start, action))
            start, last = right, action
    return tuple(stripes), len(states)


def _rows(chapter: Chapter) -> list[int]:
    """Return states where not all actions are always optimal; those that change come first."""
    available = chapter.mdp.available.sum(axis=1)
    changing = chapter.changing_states
    choosing = [
        state
        for state in range(chapter.mdp.n_states)
        if any(len(sets[state]) < available[state] for sets in chapter.regions.regions)
    ]
    wanted = choosing or list(range(chapter.mdp.n_states))
    if len(wanted) <= _ROWS:
        return wanted
    even = [wanted[k * len(wanted) // _ROWS] for k in range(_ROWS)]
    return sorted({*changing[:_ROWS], *even[: max(0, _ROWS - len(changing))]})


def _page(folder: Path, source: str) -> Path:
    return folder / (re.sub(r"[^A-Za-z0-9]+", "-", source).strip("-").lower() + ".html")
