"""The commands that draw: report, plot and gallery."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.outputs import PAGES, check_output
from qdecay._support.progress import Bar
from qdecay.cli import tables
from qdecay.cli.compare import LearnerName, learner_named
from qdecay.cli.options import Force, Over, reads_source

if TYPE_CHECKING:
    from qdecay.comparison.learning_times import LearningTime
    from qdecay.model.line import ModelLine
    from qdecay.model.source import Source
    from qdecay.report.chapter import Chapter

app = typer.Typer()

Seeds = Annotated[int, typer.Option(min=10, metavar="N", help="Agents per break-even gamma.")]
FirstSeed = Annotated[
    int, typer.Option(min=0, metavar="N", help="The first seed; the others follow.")
]
ExactOnly = Annotated[
    bool, typer.Option("--exact-only", help="Train no agents; show exact results only.")
]
State = Annotated[
    str | None,
    typer.Option(metavar="STATE", help="Shown, and compared: a number or a name; else the start."),
]
MaxSteps = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Steps of each agent; what takes more is not started."),
]
_MAX_STEPS = 10_000_000
_MAX_SECONDS = 60.0
_EXPLORING_STEPS = 4_000


@app.command()
@reads_source
def report(
    source: Source | None = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page to write.")
    ] = Path("qdecay.html"),
    state: State = None,
    over: Over = None,
    seeds: Seeds = 10,
    seed: FirstSeed = 0,
    learner: LearnerName = None,
    max_steps: MaxSteps = _MAX_STEPS,
    exact_only: ExactOnly = False,
    method: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="exact, or certified: brackets, for thousands of states; no slider.",
        ),
    ] = "exact",
    force: Force = False,
) -> None:
    """Write a page with a slider for gamma to explore a model.

    The page is one file that opens from disk and loads nothing from the network. It also shows
    where trained agents flip in the state shown first, with the seeds of `qdecay compare`, as far
    as --max-steps go. With --over it also has a map over gamma and that number, with a slider for
    each.

    With --method certified, for models too large for exact regions, it shows the brackets of
    `qdecay regions --certified` and what is earned between them; no agents are trained.

    \b
    Examples:
      qdecay report -o homework.html
      qdecay report FrozenLake-v1 -o lake.html
      qdecay report FrozenLake-v1 --over success_rate=1/3..1 -o lake.html
      qdecay report Taxi-v4 -k is_rainy=true --state 1 --exact-only -o taxi.html
      qdecay report qdecay/NChain-v0 -k n=300 --method certified -o chain.html
    """
    from qdecay.report.page import HOMEWORK_TITLE, explorer, write_page

    check_output(output, PAGES, force=force)
    if _is_certified(method, source, {"--over": over, "--learner": learner}):
        assert source is not None  # as was checked
        write_page(output, _certified_page(source, state))
        typer.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB; open it in a browser")
        return
    sources, line = _sources(source, state), _line(source, over)
    chapters = _chapters(sources, state, line)
    if not exact_only:
        chapters = _compared(chapters, seeds, seed, learner, max_steps)
    if source is None:
        page = explorer(chapters, HOMEWORK_TITLE, [] if exact_only else _learning_times())
    else:
        page = explorer(chapters)
    write_page(output, page)
    typer.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB; open it in a browser")


@app.command()
@reads_source
def plot(
    source: Source | None = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The figure: .svg, .pdf or .png."),
    ] = Path("qdecay.svg"),
    what: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="regions, values, gap, price, thresholds, learning or map; may be repeated.",
        ),
    ] = None,
    state: State = None,
    over: Over = None,
    seeds: Seeds = 10,
    seed: FirstSeed = 0,
    learner: LearnerName = None,
    max_steps: MaxSteps = _MAX_STEPS,
    force: Force = False,
) -> None:
    """Draw regions, values, gaps, prices, thresholds or maps.

    Without --what: regions and values, or with --over the map of gamma and that number, whose areas
    are what is best in the state. The gap is how much the best action leads by; the price is
    what each gamma earns, and requires a start; thresholds are those of trained agents, as far as
    --max-steps go; learning requires chains.

    \b
    Examples:
      qdecay plot qdecay/ShortDelay-v0 -o short.pdf
      qdecay plot -o homework.svg --what regions --what thresholds
      qdecay plot FrozenLake8x8-v1 -o lake.pdf --what price
      qdecay plot FrozenLake-v1 -o gap.svg --what gap
      qdecay plot FrozenLake-v1 -o map.svg --over success_rate=1/3..1 --state 6
    """
    from qdecay.errors import InputError
    from qdecay.report.plots.model import KINDS, check_kinds, save_model
    from qdecay.report.plots.style import check_plot_path

    kinds = what or (["regions", "values"] if over is None else ["map"])
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"--what {kind}: choose from {', '.join(KINDS)}")
        if kinds.count(kind) > 1:
            raise InputError(f"--what {kind}: is given twice")
    if over is not None and "map" not in kinds:
        raise InputError("--over requires --what map")
    if over is None and "map" in kinds:
        raise InputError("--what map requires --over NAME=LOW..HIGH")
    check_plot_path(output, force=force)
    sources, line = _sources(source, state), _line(source, over)
    chapters = _chapters(sources, state, line)
    check_kinds(chapters, kinds)
    if "thresholds" in kinds:
        chapters = _compared(chapters, seeds, seed, learner, max_steps)
    save_model(chapters, kinds, output)
    typer.echo(str(output))


@app.command()
def gallery(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write to.")
    ] = Path("gallery"),
    max_seconds_each: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Limit per environment.")
    ] = _MAX_SECONDS,
    force: Force = False,
) -> None:
    """Write a page for every environment, and an index.

    Those of qdecay and of Gymnasium's toy text, each solved for all gammas.

    \b
    Examples:
      qdecay gallery -o gallery
    """
    from qdecay.model.registered import environment_ids
    from qdecay.report.gallery import check_gallery, write_gallery

    ids = environment_ids()
    check_gallery(output, ids, force=force)
    with Bar(log=True) as bar:
        cards = write_gallery(output, ids, max_seconds_each=max_seconds_each, progress=bar)
    shown = tables.table("environment", "regions", "page")
    for card in cards:
        regions = str(card.facts["regions"]) if card.facts else ""
        shown.add_row(card.source, regions, card.page or card.reason)
    tables.console().print(shown)
    typer.echo(f"{output / 'index.html'}: open it in a browser")


def _is_certified(method: str, source: Source | None, others: dict[str, str | None]) -> bool:
    """Return whether the method is certified.

    Raises:
        InputError: there is no such method, or it does not go with other options.
    """
    from qdecay._support.checks import choice
    from qdecay.errors import InputError, input_errors

    with input_errors("--"):
        choice(method, "method", ("exact", "certified"))
    if method == "exact":
        return False
    if source is None:
        raise InputError("--method certified requires SOURCE")
    for name, given in others.items():
        if given is not None:
            raise InputError(f"{name} cannot be combined with --method certified")
    return True


def _certified_page(source: Source, state: str | None) -> str:
    from qdecay.errors import input_errors
    from qdecay.report.certified_page import read_certified_page

    with input_errors("--"):  # before the search
        shown = None if state is None else source.mdp().state_index(state)
    return replace(read_certified_page(source, progress=True), state=shown).html()


def _sources(source: Source | None, state: str | None) -> list[Source]:
    from qdecay.errors import InputError
    from qdecay.model.source import HOMEWORK, Source

    if state is not None and source is None:
        raise InputError("--state requires SOURCE")
    return [Source(text) for text in HOMEWORK] if source is None else [source]


def _line(source: Source | None, over: str | None) -> ModelLine | None:
    """Return the line of --over."""
    from qdecay.errors import InputError
    from qdecay.model.line_of_source import line_of

    if over is None:
        return None
    if source is None:
        raise InputError("--over requires SOURCE")
    return line_of(source, over)


def _learning_times() -> list[LearningTime]:
    """Homework D with a budget that keeps reports quick; `qdecay learn-curve` has more."""
    from qdecay.comparison.learning_times import learning_times

    return learning_times(steps=_EXPLORING_STEPS, progress=True)


def _chapters(
    sources: list[Source], state: str | None, line: ModelLine | None = None
) -> list[Chapter]:
    """Read the models, find their regions, choose the state that they show, and map it."""
    from qdecay.errors import input_errors
    from qdecay.exact.policy_map import policy_map
    from qdecay.report.chapter import read_chapter

    chapters = [read_chapter(source, progress=True) for source in sources]
    if state is not None:
        with input_errors("--"):
            chapters = [replace(each, state=each.mdp.state_index(state)) for each in chapters]
    if line is None:
        return chapters
    return [
        replace(each, map=policy_map(line, start=each.shown_state, progress=True))
        for each in chapters
    ]


def _compared(
    chapters: list[Chapter], seeds: int, seed: int, learner: str | None, max_steps: int
) -> list[Chapter]:
    """Train agents for the state that each chapter shows, as `qdecay compare` does."""
    from qdecay._support.user_code import user_code
    from qdecay.comparison.compare import compare
    from qdecay.errors import input_errors

    settings: dict[str, Any] = {
        "seeds": seeds,
        "seed": seed,
        "learner": learner_named(learner),
        "max_steps": max_steps,
        "progress": True,
    }
    compared = []
    for chapter in chapters:
        source = chapter.source
        if not chapter.mdp.available[chapter.shown_state].any():
            compared.append(chapter)  # nothing is chosen there
            continue
        problem = source.world()
        with input_errors(f"{source.text}: "), user_code(f"{source.text}: it"):
            found = compare(problem, state=chapter.shown_state, name=source.text, **settings)
        compared.append(replace(chapter, comparison=found))
    return compared
