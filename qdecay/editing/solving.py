"""A document's page: the same that `qdecay report --exact-only` writes for its file."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from qdecay._support.checks import exact
from qdecay._support.deadline import time_limit
from qdecay._support.one_line import one_line
from qdecay._support.shown import shown_decimal
from qdecay.comparison.subject import Subject
from qdecay.editing.documents import kind_of, read_problem
from qdecay.editing.refusals import too_long, wrong
from qdecay.errors import BudgetExceeded, InputError, input_errors
from qdecay.model.layouts import Layout, LayoutEnv, env_of_layout
from qdecay.model.mdp import MDP
from qdecay.reporting.chapter import Chapter, read_chapter
from qdecay.reporting.held import Held
from qdecay.reporting.page import as_bytes, explorer

DRAWING_SECONDS = 10.0
"""The seconds for drawing the page, after the search for regions and for their price."""

_TITLES = {"chain": "Choice", "grid": "Grid world", "model": "Model"}
_DIGITS = 10


def solve(
    document: Any, name: str | None, gamma: str, max_seconds: float
) -> tuple[bytes, dict[str, Any]]:
    """Return the page of a document, and a summary of it.

    The page is HTML, as it is sent and written. The summary has the number of states and actions,
    how many gammas change anything, the break-even gammas of the state shown, and its best actions
    at the reader's gamma.

    Args:
        document: as it was typed.
        name: the title of the page; None means the same title for all documents of a kind.
        gamma: the reader's gamma, as text; "" means none.
        max_seconds: limit of the search for regions and for their price.

    Raises:
        Refused: no reader accepts the document, or the time is up.
    """
    at = None if gamma == "" else _gamma(gamma)
    name = name or _TITLES[kind_of(document)]
    try:
        with time_limit(max_seconds + DRAWING_SECONDS):
            problem = read_problem(document)
            source = Held(name, subject=Subject(_world(problem), name))
            chapter = read_chapter(source, max_seconds=max_seconds)
            return as_bytes(explorer([chapter])), _summary(chapter, at)
    except (InputError, BudgetExceeded) as error:
        if isinstance(error, BudgetExceeded) and error.max_seconds is not None:
            raise too_long(max_seconds) from None
        raise wrong(one_line(str(error).removeprefix(f"{name}: "))) from None


def warm() -> None:
    """Do in advance what the first solve would otherwise wait for."""
    document = {"schema": "qdecay.layout/1", "near": ["now", [1]], "far": ["later", [0, 2]]}
    solve(document, None, "", 60.0)


def _world(problem: Layout | MDP) -> LayoutEnv | MDP:
    if isinstance(problem, MDP):
        return problem
    with input_errors():
        return env_of_layout(problem)


def _gamma(text: str) -> Fraction:
    try:
        return exact(text, "gamma", "[0, 1]")
    except (TypeError, ValueError) as error:
        raise wrong(one_line(str(error)), "gamma") from None


def _summary(chapter: Chapter, gamma: Fraction | None) -> dict[str, Any]:
    state = chapter.shown_state
    best = None if gamma is None else chapter.regions.optimal_actions(gamma)[state]
    return {
        "states": chapter.mdp.n_states,
        "actions": chapter.mdp.n_actions,
        "state": chapter.state_names[state],
        "break_evens": [
            {"gamma": shown_decimal(root, _DIGITS), "closed_form": root.closed_form()}
            for root in chapter.switching(state)
        ],
        "breakpoints": len(chapter.regions.breakpoints),
        "best": None if best is None else [chapter.action_names[a] for a in best],
    }
