"""The command `compare`: break-even gammas by algebra, by planning and by learning."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.progress import Bar
from qdecay._support.shown import duration, shown_decimal
from qdecay.cli import tables
from qdecay.cli.options import AsJson, Force, OptionPairs, check_plot, complete_source

if TYPE_CHECKING:
    from fractions import Fraction

    from qdecay.comparison.result import Comparison
    from qdecay.model.source import Source

app = typer.Typer()

SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A chain: a Gymnasium id or a layout file (.json).",
        autocompletion=complete_source,
    ),
]


@app.command()
def compare(
    source: SourceArgument = None,
    option: OptionPairs = None,
    seeds: Annotated[int, typer.Option(min=10, help="Agents per break-even gamma.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; the others follow.")] = 0,
    learner: Annotated[
        str | None,
        typer.Option(help="q_learning, double_q_learning, sarsa or expected_sarsa."),
    ] = None,
    walks: Annotated[
        int | None,
        typer.Option(min=1, help="Stop training after this many forced walks of each branch."),
    ] = None,
    step_size: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="With --walks; 1/10 by default.")
    ] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw P(far) over gamma; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
) -> int:
    """Find break-even gammas by algebra, planning and learning.

    Without SOURCE: the four homework problems.

    The verdict is agree if value iteration flips within 1e-10 of the exact gamma and every seed's
    agent within 1e-6; with random outcomes or rewards, if the 95 % interval of the agents' median
    contains the exact gamma. The exit code is 1 if anything disagrees.

    SARSA and Expected SARSA learn the value of random behaviour: they disagree with escape, and for
    repeated choices between three branches.

    With --walks agents stop before they have converged, and flip later than they should: the exact
    gamma is predicted, and the verdict says whether they flip there.

    \b
    Examples:
      qdecay compare
      qdecay compare mine.json --plot mine.svg
      qdecay compare qdecay/StayOrMove-v0 -k slip=1/10 --json
      qdecay compare --walks 200 --step-size 1/2
    """
    from qdecay.errors import InputError
    from qdecay.model.source import HOMEWORK, Source, parse_options
    from qdecay.report.plots.style import save_comparison

    check_plot(plot, force=force)
    if step_size is not None and walks is None:
        raise InputError("--step-size requires --walks: without it agents learn everything")
    options = parse_options(option or [])
    if options and source is None:
        raise InputError("-k requires SOURCE: the four homework problems take no arguments")
    sources = (
        [Source(source, options)]
        if source is not None
        else [Source(env_id, options) for env_id in HOMEWORK]
    )
    settings: dict[str, Any] = {"learner": _learner(learner), "seeds": seeds, "seed": seed}
    if walks is not None:
        settings.update(
            walks=walks, step_size=_exact_step_size("1/10" if step_size is None else step_size)
        )
    timed: list[tuple[Comparison, float]] = []
    try:
        with Bar(log=True) as bar:
            timed.extend(_compare_all(sources, settings, bar))
    finally:  # show finished rows even after Ctrl-C
        if timed:
            _show_comparison(timed, as_json)
    if plot is not None:
        save_comparison([row for row, _ in timed], plot)
    return int(any(row.reasons for row, _ in timed))


def _show_comparison(timed: list[tuple[Comparison, float]], as_json: bool) -> None:
    if as_json:
        rows = [row.body() for row, _ in timed]
        tables.print_json({"schema": "qdecay.comparison/1", "rows": rows})
    else:
        _print_comparison(timed)


def _learner(name: str | None) -> Any:
    from qdecay.errors import InputError
    from qdecay.learning.tabular import TABULAR

    if name is not None and name not in TABULAR:
        raise InputError(f"--learner {name}: no such learner; known: {', '.join(sorted(TABULAR))}")
    return TABULAR[name] if name else None


def _exact_step_size(text: str) -> Fraction:
    from qdecay.errors import InputError
    from qdecay_envs.rational import rational

    try:
        step_size = rational(text, "--step-size")
    except ValueError as error:
        raise InputError(str(error)) from error
    if not 0 < step_size <= 1:
        raise InputError(f"--step-size must be in (0, 1], got {step_size}")
    return step_size


def _compare_all(
    sources: list[Source], settings: dict[str, Any], bar: Bar
) -> Iterator[tuple[Comparison, float]]:
    """Yield each row, as it is done, with the seconds it took."""
    from qdecay._support.notes import deferred_notes
    from qdecay._support.user_code import UserCodeError, user_code
    from qdecay.comparison.compare import compare as compare_one
    from qdecay.errors import InputError

    with deferred_notes():
        envs = [source.env() for source in sources]
    for source, env in zip(sources, envs, strict=True):
        began = time.perf_counter()
        try:
            with user_code(f"{source.text}: it"):
                row = compare_one(env, **settings, name=source.text, progress=bar)
        except UserCodeError:
            raise
        except TypeError as error:
            raise InputError(
                f"{source.text}: {error}; `qdecay regions` takes any finite model"
            ) from error
        except ValueError as error:
            raise InputError(f"{source.text}: {error}") from error
        yield row, time.perf_counter() - began


def _print_comparison(timed: list[tuple[Comparison, float]]) -> None:
    from rich.text import Text

    forced = timed[0][0].forced
    third = "predicted" if forced else "planned"
    headings = ("problem", "exact", "decimal", third, "learned", "verdict", "time")
    table = tables.table(*headings, right=("time",))
    for row, seconds in timed:
        columns = [
            [tables.shown_root(root) for root in row.exact] or ["none"],
            [shown_decimal(root, 8) for root in row.exact],
            [shown_decimal(plan, 8) for plan in row.planned]
            if row.predicted is None
            else [shown_decimal(root, 8) for root in row.predicted] or ["never"],
            [_shown_learned(agents) for agents in row.learned],
        ]
        colour = "green" if row.verdict == "agree" else "bold red"
        cells = ["\n".join(column) for column in columns]
        table.add_row(row.source, *cells, Text(row.verdict, colour), duration(seconds, brief=True))
    console = tables.console()
    if forced:
        console.print(
            f"after {forced.count} forced walks of each branch, step size {forced.step_size}:"
        )
    console.print(table)
    for row, _ in timed:
        for reason in row.reasons:
            console.print(Text(f"{row.source}: {reason}"), soft_wrap=True)


def _shown_learned(found: Any) -> str:
    if found.interval is not None:
        median, low, high = (shown_decimal(x, 4) for x in (found.median, *found.interval))
        return f"{median} [{low}, {high}]"
    median, low, high = (shown_decimal(x, 7) for x in (found.median, found.low, found.high))
    return median if found.high - found.low < 1e-6 else f"{median} ({low} to {high})"
