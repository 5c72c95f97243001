"""The command `compare`: break-even gammas by algebra, by planning and by learning."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.progress import Bar
from qdecay._support.shown import duration, shown_decimal
from qdecay.cli import tables
from qdecay.cli.options import (
    AsJson,
    Force,
    MaxSeconds,
    Over,
    budget,
    check_plot,
    reads_source,
)
from qdecay.cli.region_tables import shown_root
from qdecay.cli.standard_streams import print_json
from qdecay.errors import InputError, input_errors

if TYPE_CHECKING:
    from fractions import Fraction

    from qdecay.comparison.result import Comparison
    from qdecay.comparison.thresholds import LearnedThreshold
    from qdecay.model.source import Source

app = typer.Typer()

LearnerName = Annotated[
    str | None,
    typer.Option(
        "--learner",
        metavar="NAME",
        help="q_learning, double_q_learning, sarsa, expected_sarsa, or your own: "
        "module:function (env, gamma, seed -> Q-values or policy).",
    ),
]


@app.command()
@reads_source
def compare(
    source: Source | None = None,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="STATE", help="The state to compare: a number or a name; the start by default."
        ),
    ] = None,
    over: Over = None,
    gamma: Annotated[
        str | None,
        typer.Option(metavar="GAMMA", help="With --over: the discount factor, below 1."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=10, metavar="N", help="Agents per break-even gamma.")
    ] = 10,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="The first seed; the others follow.")
    ] = 0,
    learner: LearnerName = None,
    epsilon: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="With sarsa, expected_sarsa: their exploration rate; 1/10 by default.",
        ),
    ] = None,
    width: Annotated[
        float, typer.Option(metavar="NUMBER", help="The widest interval that settles a threshold.")
    ] = 0.02,
    max_steps: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Steps of each agent; longer training is not started."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="exact, or certified: brackets, for thousands of states."
        ),
    ] = "exact",
    walks: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Stop training after N forced walks of each branch."),
    ] = None,
    step_size: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="With --walks; 1/10 by default.")
    ] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw where the agents flip; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
    max_seconds: MaxSeconds = None,
) -> int:
    """Find break-even gammas by algebra, planning and learning.

    Without SOURCE, compare the four homework problems. With --over, compare the values of another
    number at which the choice flips, at one --gamma; agents are trained at each value that is
    tried.

    The verdict is disagree, exit code 1, if value iteration flips outside the gammas that its
    proven error allows, or if the agents flip elsewhere. Where nothing is random, that means more
    than 1e-6 from the exact gamma. Otherwise it means that the 95 % interval of their median misses
    the exact gamma, even after longer training of new agents, or that the agents lie three times
    as far apart as agents that average.

    The verdict is undecided, exit code 3, if training would take more than --max-steps or
    --max-seconds, which is forecast before it starts, or if the interval stays wider than --width
    or half the distance to the next change. When --max-seconds runs out before the forecast, or
    while a learner of your own trains, for which there is none, that row is missing: exit code 2.

    SARSA and Expected SARSA learn the values of a policy that explores: they are compared with the
    epsilon-soft model. For an environment without a table there is no exact answer to compare with.

    With --walks agents of a chain stop before they have converged, and flip later than they should.
    That gamma is predicted exactly, and the verdict says whether they flip there.

    With --method certified, for models too large for exact regions, brackets of `qdecay regions
    --certified` take the place of exact gammas. Whatever they leave open is undecided.

    \b
    Examples:
      qdecay compare
      qdecay compare FrozenLake-v1
      qdecay compare qdecay/RiverSwim-v0 --learner sarsa --plot sarsa.svg
      qdecay compare qdecay/StayOrMove-v0 --learner homework:train
      qdecay compare --walks 200 --step-size 1/2
      qdecay compare qdecay/NChain-v0 --over slip=0..1/2 --gamma 0.9
    """
    from qdecay._support.checks import choice
    from qdecay.model.source import HOMEWORK, Source
    from qdecay.reporting.chapter import shown_actions
    from qdecay.reporting.plots.thresholds import save_comparison

    check_plot(plot, force=force)
    if step_size is not None and walks is None:
        raise InputError("--step-size requires --walks: without it agents learn everything")
    if epsilon is not None and learner not in ("sarsa", "expected_sarsa"):
        raise InputError("--epsilon requires --learner sarsa or expected_sarsa")
    for option, given in (("--state", state), ("--over", over)):
        if given is not None and source is None:
            raise InputError(f"{option} requires SOURCE")
    if over is not None and walks is not None:
        raise InputError("--walks cannot be combined with --over")
    with input_errors("--"):
        choice(method, "method", ("exact", "certified"))
    if method == "certified":
        for option, wanted in (("--over", over), ("--walks", walks)):
            if wanted is not None:
                raise InputError(f"{option} cannot be combined with --method certified")
        if source is None:
            raise InputError("--method certified requires SOURCE")
    sources = [Source(text) for text in HOMEWORK] if source is None else [source]
    settings: dict[str, Any] = {
        "learner": learner_named(learner),
        "seeds": seeds,
        "seed": seed,
        "epsilon": _exact("1/10" if epsilon is None else epsilon, "--epsilon", "[0, 1)"),
        "width": width,
        "max_steps": max_steps,
        "state": state,
        "max_seconds": max_seconds,
        **_along(over, gamma),
        **({} if method == "exact" else {"method": method}),
    }
    if walks is not None:
        size = "1/10" if step_size is None else step_size
        settings |= {"walks": walks, "step_size": _exact(size, "--step-size", "(0, 1]")}
    timed: list[tuple[Comparison, float]] = []
    try:
        with (
            budget(source.text if source else "the homework", max_seconds),
            Bar(log=True) as bar,
        ):
            timed.extend(_compare_all(sources, over, settings, bar))
    finally:  # show finished rows even after Ctrl-C
        if timed:
            _show_comparison(timed, as_json)
    if plot is not None:
        names = [shown_actions(one) for one in sources]
        save_comparison([row for row, _ in timed], plot, names)
    verdicts = {row.verdict for row, _ in timed}
    return 1 if "disagree" in verdicts else 3 if "undecided" in verdicts else 0


def _show_comparison(timed: list[tuple[Comparison, float]], as_json: bool) -> None:
    if as_json:
        rows = [row.body() for row, _ in timed]
        print_json({"schema": "qdecay.comparison/1", "rows": rows})
    else:
        _print_comparison(timed)


def learner_named(name: str | None) -> Any:
    """Return one of qdecay's learners, the user's own, or None for the usual one.

    Raises:
        InputError: there is no learner of that name.
    """
    from qdecay.learning.tabular import TABULAR

    if name is None or name in TABULAR:
        return TABULAR[name] if name else None
    if ":" not in name:
        known = ", ".join(sorted(TABULAR))
        raise InputError(f"--learner {name}: no such learner; known: {known}, module:function")
    from qdecay.comparison.own_learner import own_learner

    return own_learner(name)


def _exact(text: str, option: str, within: str) -> Fraction:
    from qdecay._support.checks import exact
    from qdecay_envs.rational import rational

    with input_errors():
        return exact(rational(text, option), option, within)


def _along(over: str | None, gamma: str | None) -> dict[str, Any]:
    """Return the gamma of --over, as an argument.

    Raises:
        InputError: one of them is missing, or gamma is not a number below 1.
    """
    if over is None and gamma is None:
        return {}
    if gamma is None:
        raise InputError("--over requires --gamma: the discount factor along the line")
    if over is None:
        raise InputError("--gamma requires --over NAME=LOW..HIGH")
    number = _exact(gamma, "--gamma", "[0, 1]")
    if number == 1:
        raise InputError(
            "--gamma must be < 1: at 1 agents never forget their initial values; `qdecay regions "
            "--over NAME=LOW..HIGH --gamma 1` finds what is optimal there"
        )
    return {"gamma": number}


def _compare_all(
    sources: Sequence[Source], over: str | None, settings: dict[str, Any], bar: Bar
) -> Iterator[tuple[Comparison, float]]:
    """Yield each row, as it is done, with the seconds it took."""
    from qdecay._support.notes import deferred_notes
    from qdecay._support.user_code import user_code
    from qdecay.comparison.compare import compare as compare_one
    from qdecay.model.line_of_source import line_of

    with deferred_notes():
        problems = [source.world() if over is None else line_of(source, over) for source in sources]
    for source, problem in zip(sources, problems, strict=True):
        began = time.perf_counter()
        with input_errors(f"{source.text}: "), user_code(f"{source.text}: it"):
            row = compare_one(problem, **settings, name=source.text, progress=bar)
        yield row, time.perf_counter() - began


def _print_comparison(timed: list[tuple[Comparison, float]]) -> None:
    from rich.text import Text

    forced, parameter = timed[0][0].forced, timed[0][0].parameter
    third = "predicted" if forced else "planned"
    first = "exact" if timed[0][0].brackets is None else "certified"
    headings = ("problem", first, "decimal", third, "learned", "verdict", "time")
    table = tables.table(*headings, right=("time",))
    for row, seconds in timed:
        columns = [
            (
                [shown_root(root, "g" if parameter is None else "x") for root in row.exact]
                if row.brackets is None
                else [bracket.shown() for bracket in row.brackets]
            )
            or ["none" if row.tabular else "-"],
            [shown_decimal(root, 8) for root in row.exact],
            [_shown_planned(plan) for plan in row.planned]
            if row.predicted is None
            else [shown_decimal(root, 8) for root in row.predicted] or ["never"],
            [_shown_learned(agents) for agents in row.learned],
        ]
        colour = {"agree": "green", "disagree": "bold red"}.get(row.verdict, "yellow")
        cells = ["\n".join(column) for column in columns]
        table.add_row(row.source, *cells, Text(row.verdict, colour), duration(seconds, brief=True))
    console = tables.console()
    if forced:
        console.print(
            f"after {forced.count} forced walks of each branch, step size {forced.step_size}:"
        )
    if parameter is not None:
        console.print(f"over {parameter.name}, at gamma = {timed[0][0].gamma}:", soft_wrap=True)
    console.print(table)
    for row, _ in timed:
        if not row.tabular:
            for flip in _measured_flips(row):
                console.print(Text(f"{row.source}: {flip}"), soft_wrap=True)
        for reason in (*row.reasons, *row.unsettled):
            console.print(Text(f"{row.source}: {reason}"), soft_wrap=True)


def _measured_flips(row: Comparison) -> Iterator[str]:
    """Say what agents choose in an environment where the best choice is unknown."""
    if not row.learned:
        yield "most agents never change their choice, or no choice has a majority"
    for (left, right), found in zip(row.sides, row.learned, strict=True):
        if found is not None:
            before, after = (" or ".join(map(str, sorted(side))) for side in (left, right))
            where = _shown_learned(found)
            yield f"most agents choose action {before} below {where}, and action {after} above"


def _shown_planned(plan: float | None) -> str:
    return "-" if plan is None else shown_decimal(plan, 8)


def _shown_learned(found: LearnedThreshold | None) -> str:
    if found is None:
        return "-"
    if found.interval is not None:
        median, low, high = (shown_decimal(x, 4) for x in (found.median, *found.interval))
        return f"{median} [{low}, {high}]"
    median, low, high = (shown_decimal(x, 7) for x in (found.median, found.low, found.high))
    return median if found.high - found.low < 1e-6 else f"{median} ({low} to {high})"
