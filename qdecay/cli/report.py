"""The commands that draw: report, plot and gallery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdecay._support.outputs import PAGES, check_output
from qdecay._support.progress import Bar
from qdecay.cli import tables
from qdecay.cli.compare import LearnerName, learner_named
from qdecay.cli.options import Force, MaxSeconds, Over, budget, reads_source

if TYPE_CHECKING:
    from qdecay.model.source import Source
    from qdecay.reporting.api import Trainings

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
    typer.Option(
        metavar="STATE",
        help="The state to show and compare: a number or a name; the start by default.",
    ),
]
MaxSteps = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Steps of each agent; longer training is not started."),
]
_MAX_STEPS = 10_000_000
_MAX_SECONDS = 60.0


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
    max_seconds: MaxSeconds = None,
) -> None:
    """Write a page with a slider for gamma to explore a model.

    The page is one file that opens from disk and loads nothing from the network. It also shows
    where trained agents flip in the state shown first: those of `qdecay compare`, where --max-steps
    allows their training. With --over it also has a map over gamma and that number, with a slider
    for each.

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
    from qdecay.reporting.api import page_of

    check_output(output, PAGES, force=force)
    trainings = None if exact_only else _trainings(seeds, seed, learner, max_steps)
    trains = trainings is not None and method == "exact"
    with budget(_named(source), max_seconds, "train no agents with --exact-only" * trains):
        page = page_of(
            source,
            dash="--",
            state=state,
            over=over,
            trainings=trainings,
            method=method,
            max_seconds=max_seconds,
            progress=True,
        )
    page.save(output)
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
    max_seconds: MaxSeconds = None,
) -> None:
    """Draw regions, values, gaps, prices, thresholds or maps.

    By default it draws regions and values; with --over, the map of gamma and that number, whose
    areas show what is best in the state. The gap is how much the best action leads by; the price is
    what each gamma earns, and requires a start; thresholds are those of trained agents, where
    --max-steps allows their training; learning requires chains.

    \b
    Examples:
      qdecay plot qdecay/ShortDelay-v0 -o short.pdf
      qdecay plot -o homework.svg --what regions --what thresholds
      qdecay plot FrozenLake8x8-v1 -o lake.pdf --what price
      qdecay plot FrozenLake-v1 -o gap.svg --what gap
      qdecay plot FrozenLake-v1 -o map.svg --over success_rate=1/3..1 --state 6
    """
    from qdecay.reporting.api import figure_of, kinds_of
    from qdecay.reporting.plots.style import check_plot_path, save_figure

    kinds = kinds_of(what or None, over, dash="--")
    check_plot_path(output, force=force)
    trainings = _trainings(seeds, seed, learner, max_steps)
    with budget(_named(source), max_seconds):
        figure = figure_of(
            source,
            dash="--",
            kinds=kinds,
            state=state,
            over=over,
            trainings=trainings,
            max_seconds=max_seconds,
            progress=True,
        )
    save_figure(figure, output)
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

    It covers the environments of qdecay and of Gymnasium's toy text, each solved for all gammas.

    \b
    Examples:
      qdecay gallery -o gallery
    """
    from qdecay.model.registered import environment_ids
    from qdecay.reporting.catalogue import NEED_ARGUMENTS
    from qdecay.reporting.gallery import check_gallery, write_gallery

    ids = [name for name in environment_ids() if name not in NEED_ARGUMENTS]
    check_gallery(output, ids, force=force)
    with Bar(log=True) as bar:
        cards = write_gallery(output, ids, max_seconds_each=max_seconds_each, progress=bar)
    shown = tables.table("environment", "regions", "page")
    for card in cards:
        regions = str(card.facts["regions"]) if card.facts else ""
        shown.add_row(card.source, regions, card.page or card.reason)
    tables.console().print(shown)
    typer.echo(f"{output / 'index.html'}: open it in a browser")


def _named(source: Source | None) -> str:
    return "the homework" if source is None else source.text


def _trainings(seeds: int, seed: int, learner: str | None, max_steps: int) -> Trainings:
    from qdecay.reporting.api import Trainings

    return Trainings(seeds, seed, learner_named(learner), max_steps)
