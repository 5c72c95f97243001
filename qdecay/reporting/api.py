"""Pages and figures from Python, and for the commands of the same names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdecay._support.checks import RealLike, choice, count, file_path, listed, whole
from qdecay._support.deadline import Deadline, time_limit
from qdecay._support.outputs import PAGES, check_output
from qdecay._support.page import Page
from qdecay._support.progress import OnProgress
from qdecay._support.user_code import user_code
from qdecay.comparison.compare import AnyLearner, compare
from qdecay.comparison.learning_times import learning_times
from qdecay.errors import InputError, input_errors
from qdecay.exact.policy_map import policy_map
from qdecay.model.door import Problem
from qdecay.model.line import ModelLine
from qdecay.model.line_of_source import line_of
from qdecay.model.source import HOMEWORK, Source
from qdecay.reporting.certified_page import read_certified_page
from qdecay.reporting.chapter import Chapter, read_chapter
from qdecay.reporting.held import source_of
from qdecay.reporting.page import HOMEWORK_TITLE, explorer
from qdecay.reporting.plots.figure import panels_figure
from qdecay.reporting.plots.model import KINDS, check_kinds, panels_of
from qdecay.reporting.plots.style import check_plot_path, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_STEPS = 10_000_000
_EXPLORING_STEPS = 4_000


@dataclass(frozen=True)
class Trainings:
    """The agents of a page or a figure: those of `compare`.

    Attributes:
        seeds, seed: how many agents for each break-even gamma, >= 10, and the first seed.
        learner: one of qdecay's, your own, or None for the usual one.
        max_steps: the most steps of each agent; longer training is not started.

    Raises:
        TypeError, ValueError: a number is of the wrong kind or out of range.
    """

    seeds: int = 10
    seed: int = 0
    learner: AnyLearner | None = None
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        """Check the numbers now, before the long work that precedes training."""
        whole(self.seeds, "seeds", 10)
        whole(self.seed, "seed", 0)
        count(self.max_steps, "max_steps")


def report(
    problem: Problem | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    state: int | str | None = None,
    over: str | ModelLine | None = None,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    max_steps: int = MAX_STEPS,
    exact_only: bool = False,
    method: str = "exact",
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
    **options: Any,
) -> Page:
    """Return a page with a slider for gamma to explore a model, and write it if a path is given.

    A notebook shows the page in the cell. It is one document that loads nothing from the network.

    Args:
        problem: anything that `qdecay.as_mdp` accepts, except a model of floats; None means the
            homework.
        path: the file to write, .html; an existing one is replaced. None writes no file.
        state: the state to show and compare, by its number or name; None means the start.
        over: a number of the model, such as "success_rate=1/3..1", or a `ModelLine`: the page then
            also has a map over gamma and that number, with a slider for each.
        seeds, seed, learner, max_steps: for the agents whose thresholds are shown, as in `compare`.
        exact_only: train no agents; show exact results only.
        method: "exact"; or "certified" for models too large for that: the page then shows proven
            brackets and what is earned between them, and no agents are trained.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows bars; a function is called with a `Progress`.
        options: keyword arguments of the environment, if `problem` is an id or a layout.

    Raises:
        InputError: the problem cannot be read, or the file cannot be written.
        TypeError: `problem` is not a problem, or is a model of floats.
        ValueError: an argument is out of range, or cannot be combined with another.
        BudgetExceeded: max_seconds ran out.

    >>> page = report("qdecay/StayOrMove-v0", exact_only=True)
    >>> page.title, page.html[:15]
    ('Stay or move', '<!doctype html>')
    """
    if path is not None:
        check_output(file_path(path), PAGES)
    with time_limit(Deadline(max_seconds).max_seconds):
        page = page_of(
            None if problem is None else source_of(problem, options),
            state=state,
            over=over,
            trainings=None if exact_only else Trainings(seeds, seed, learner, max_steps),
            method=method,
            max_seconds=max_seconds,
            progress=progress,
        )
    if path is not None:
        page.save(path)
    return page


def page_of(
    source: Source | None,
    *,
    dash: str = "",
    state: int | str | None,
    over: str | ModelLine | None,
    trainings: Trainings | None,
    method: str,
    max_seconds: RealLike | None,
    progress: bool | OnProgress,
) -> Page:
    """Return the page of a source.

    Its arguments are those of `report`; without `trainings` no agents are trained. `dash` is the
    prefix of option names in messages, "--" in the shell.
    """
    deadline = Deadline(max_seconds)
    _require_source(source, {"state": state, "over": over}, dash)
    with input_errors(dash):
        choice(method, "method", ("exact", "certified"))
    if method == "certified":
        _require_source(source, {"method certified": method}, dash)
        learner = None if trainings is None else trainings.learner
        for name, given in {"over": over, "learner": learner}.items():
            if given is not None:
                raise InputError(f"{dash}{name} cannot be combined with {dash}method certified")
        assert source is not None  # required above
        return _certified(source, state, dash, progress, deadline)
    chapters = _chapters(source, state, over, dash, progress, deadline)
    if trainings is not None:
        chapters = [_compared(each, trainings, progress, deadline) for each in chapters]
    if source is not None:
        return Page(chapters[0].title, explorer(chapters))
    # Homework D with a budget that keeps reports quick; `qdecay learn-curve` has more.
    steps = _EXPLORING_STEPS
    times = (
        []
        if trainings is None
        else learning_times(steps=steps, max_seconds=deadline.rest, progress=progress)
    )
    return Page(HOMEWORK_TITLE, explorer(chapters, HOMEWORK_TITLE, times))


def _certified(
    source: Source,
    state: int | str | None,
    dash: str,
    progress: bool | OnProgress,
    deadline: Deadline,
) -> Page:
    with input_errors(dash):  # before the search
        shown = None if state is None else source.mdp().state_index(state)
    found = read_certified_page(source, max_seconds=deadline.rest, progress=progress)
    page = replace(found, state=shown)
    return Page(page.title, page.html())


def plot(
    problem: Problem | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    what: str | Sequence[str] | None = None,
    state: int | str | None = None,
    over: str | ModelLine | None = None,
    seeds: int = 10,
    seed: int = 0,
    learner: AnyLearner | None = None,
    max_steps: int = MAX_STEPS,
    max_seconds: RealLike | None = None,
    progress: bool | OnProgress = False,
    **options: Any,
) -> Figure:
    """Return a figure of a model, and write it if a path is given.

    Results also have a method `plot`, which draws into your own axes.

    Args:
        problem: anything that `qdecay.as_mdp` accepts, except a model of floats; None means the
            homework.
        path: the file to write, .svg, .pdf or .png; an existing one is replaced. None writes no
            file.
        what: one or several of "regions", "values", "gap" (the lead of the best action), "price"
            (what each gamma earns), "thresholds" (where trained agents flip), "learning" (for
            chains) and "map". None means regions and values, or the map if `over` is given.
        state: the state whose actions and values are drawn, by its number or name; None means the
            start.
        over: a number of the model, such as "success_rate=1/3..1", or a `ModelLine`: the map is
            drawn over gamma and that number.
        seeds, seed, learner, max_steps: for the agents of "thresholds", as in `compare`.
        max_seconds: limit of wall time, > 0; None means no limit.
        progress: True shows bars; a function is called with a `Progress`.
        options: keyword arguments of the environment, if `problem` is an id or a layout.

    Returns: a matplotlib figure.

    Raises:
        InputError: matplotlib is missing, the problem cannot be read, one of `what` cannot be drawn
            for it, or the file cannot be written.
        TypeError: `problem` is not a problem, or is a model of floats.
        ValueError: an argument is out of range, or cannot be combined with another.
        BudgetExceeded: max_seconds ran out.
    """
    kinds = [what] if isinstance(what, str) else what
    if path is not None:
        check_plot_path(file_path(path))
    with time_limit(Deadline(max_seconds).max_seconds):
        figure = figure_of(
            None if problem is None else source_of(problem, options),
            kinds=kinds_of(kinds, over),
            state=state,
            over=over,
            trainings=Trainings(seeds, seed, learner, max_steps),
            max_seconds=max_seconds,
            progress=progress,
        )
    if path is not None:
        save_figure(figure, Path(path))
    return figure


def kinds_of(what: Sequence[str] | None, over: str | ModelLine | None, dash: str = "") -> list[str]:
    """Return the requested kinds of plots.

    Raises:
        InputError: there is no such kind, one is given twice, or map and `over` are not both given.
    """
    if what is None:
        what = ["regions", "values"] if over is None else ["map"]
    kinds = listed(what, "what")
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"{dash}what {kind}: choose from {', '.join(KINDS)}")
        if kinds.count(kind) > 1:
            raise InputError(f"{dash}what {kind}: is given twice")
    if over is not None and "map" not in kinds:
        raise InputError(f"{dash}over requires {dash}what map")
    if over is None and "map" in kinds:
        raise InputError(f"{dash}what map requires {dash}over NAME=LOW..HIGH")
    return kinds


def figure_of(
    source: Source | None,
    *,
    dash: str = "",
    kinds: Sequence[str],
    state: int | str | None,
    over: str | ModelLine | None,
    trainings: Trainings,
    max_seconds: RealLike | None,
    progress: bool | OnProgress,
) -> Figure:
    """Return the figure of a source; its arguments are those of `plot` and of `page_of`."""
    deadline = Deadline(max_seconds)
    _require_source(source, {"state": state, "over": over}, dash)
    chapters = _chapters(source, state, over, dash, progress, deadline)
    check_kinds(chapters, kinds, dash)
    if "thresholds" in kinds:
        chapters = [_compared(each, trainings, progress, deadline) for each in chapters]
    figure: Figure = panels_figure(panels_of(chapters, kinds))
    return figure


def _require_source(source: Source | None, given: Mapping[str, object], dash: str) -> None:
    """Refuse options that do not apply to the homework's four problems together."""
    for name, value in given.items():
        if value is not None and source is None:
            raise InputError(f"{dash}{name} requires {'SOURCE' if dash else 'a problem'}")


def _chapters(
    source: Source | None,
    state: int | str | None,
    over: str | ModelLine | None,
    dash: str,
    progress: bool | OnProgress,
    deadline: Deadline,
) -> list[Chapter]:
    """Read the models, find their regions, choose the state that they show, and map it."""
    line = over if source is None or not isinstance(over, str) else line_of(source, over)
    sources = [Source(text) for text in HOMEWORK] if source is None else [source]
    chapters = [
        read_chapter(each, max_seconds=deadline.rest, progress=progress) for each in sources
    ]
    if state is not None:
        with input_errors(dash):
            chapters = [replace(each, state=each.mdp.state_index(state)) for each in chapters]
    if not isinstance(line, ModelLine):
        return chapters
    limits: Any = {"max_seconds": deadline.rest, "progress": progress}
    return [
        replace(each, map=policy_map(line, start=each.shown_state, **limits)) for each in chapters
    ]


def _compared(
    chapter: Chapter, trainings: Trainings, progress: bool | OnProgress, deadline: Deadline
) -> Chapter:
    """Train agents for the state that a chapter shows, as `qdecay compare` does."""
    source = chapter.source
    if not chapter.mdp.available[chapter.shown_state].any():
        return chapter  # there is no choice there
    problem, settings = source.world(), {**vars(trainings), "max_seconds": deadline.rest}
    with input_errors(f"{source.text}: "), user_code(f"{source.text}: it"):
        state = chapter.shown_state
        found = compare(problem, state=state, name=source.text, progress=progress, **settings)
    return replace(chapter, comparison=found)
