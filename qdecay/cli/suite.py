"""The commands of the suite: envs and learn-curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.progress import Bar
from qdecay._support.shown import shown_decimal
from qdecay.cli import tables
from qdecay.cli.options import AsJson, Force, check_plot, whole_numbers

if TYPE_CHECKING:
    from qdecay.comparison.learning_times import LearningTime
    from qdecay.pricing.survey import SurveyedPrice

app = typer.Typer()

_GAMMA = 5  # digits


@app.command()
def envs(
    prices: Annotated[
        bool, typer.Option("--prices", help="Show what common discount factors cost in each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the environments with their exact break-even gammas.

    Shown are the gammas at which the optimal choice changes at the start state, or in any state
    where episodes start in several; --json has those of all states, and each environment's law.

    With --prices, of these and of Gymnasium's own: how many breakpoints there are, the Blackwell
    discount factor, what the policies that are optimal at four gammas lose in all (or per step,
    where the total is infinite) and within the time limit, and which gammas are best.

    \b
    Examples:
      qdecay envs
      qdecay envs --prices
    """
    if prices:
        _survey(as_json)
        return
    from qdecay.report.catalogue import SCHEMA, catalogue

    members = catalogue()
    if as_json:
        document = {"schema": SCHEMA, "environments": [member.to_json() for member in members]}
        tables.print_json(document)
        return
    table = tables.table("environment", "states", "break-even gammas", "law (g is gamma)")
    for member in members:
        gammas = member.breakpoints if member.start is None else member.break_evens
        shown = "\n".join(_short_root(root) for root in gammas)
        states = "" if member.n_states is None else f"{member.n_states:,}"
        table.add_row(member.env_id, states, shown, member.law)
    tables.console().print(table)


def _survey(as_json: bool) -> None:
    from qdecay.pricing.survey import SCHEMA, survey

    rows = survey(progress=True)
    if as_json:
        document = {"schema": SCHEMA, "prices": [row.body() for row in rows]}
        tables.print_json(document, indent=None)
    else:
        _print_prices(rows)


def _print_prices(rows: list[SurveyedPrice]) -> None:
    """Print a row for each judge, what is the same for all judges once."""
    from qdecay.pricing.result import best_stretches
    from qdecay.pricing.survey import COMMON

    lost = [f"lost at {COMMON[0]}", *COMMON[1:]]
    model = ["breakpoints", "Blackwell"]
    table = tables.table("environment", "judge", *lost, "best", *model, right=(*lost, *model))
    above = ""
    for row in rows:
        regions = row.price.policy_regions
        blackwell = shown_decimal(regions.blackwell_discount_factor, _GAMMA)
        is_new = row.source != above
        table.add_row(
            row.source if is_new else "",
            str(row.price.judge),
            *(tables.share(found.loss, 3) for found in row.common),
            " or ".join(map(" to ".join, best_stretches(row.price, _GAMMA))),
            *((str(len(regions.breakpoints)), blackwell) if is_new else ()),
        )
        above = row.source
    tables.console().print(table)


def _short_root(root: Any) -> str:
    return f"{root.closed_form() or ''} = {shown_decimal(root, 8)}".removeprefix(" = ")


@app.command("learn-curve")
def learn_curve(
    game: Annotated[
        str, typer.Option(help="forever (ConstantOrSparse) or once (homework C with escape).")
    ] = "forever",
    delay: Annotated[
        str, typer.Option(help="Steps n to the large reward, such as 1,2,3.")
    ] = "1,2,3,4,5",
    gamma: Annotated[str, typer.Option(help="Discount factors, such as 1/2,0.9.")] = "9/10",
    advantage: Annotated[
        str | None,
        typer.Option(
            help="Value of the large reward relative to the small one; sets R. Default 2."
        ),
    ] = None,
    reward: Annotated[
        str | None, typer.Option(help="R itself, instead of --advantage; the small reward is 1.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Agents per row.")] = 10,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each agent.")] = 20_000,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw steps over delay or gamma; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
) -> None:
    """Measure how long Q-learning takes to learn the right choice.

    Homework D: a small reward on every step against a large one every n-th step, learned with four
    kinds of exploration, next to the 2^(n+1) - 2 steps that a uniformly random walk needs on
    average to collect the large reward once.

    \b
    Examples:
      qdecay learn-curve --plot delays.svg
      qdecay learn-curve --delay 4 --gamma 1/2,2/3,3/4,9/10 --reward 6
    """
    from qdecay.comparison.learning_times import learning_times
    from qdecay.errors import InputError
    from qdecay.report.plots.style import save_learning_times
    from qdecay_envs.rational import rational

    check_plot(plot, force=force)
    rows: list[LearningTime] = []
    try:
        delays, gammas = whole_numbers(delay, "--delay"), gamma.split(",")
        if len({rational(text, "gamma") for text in gammas}) < len(gammas):
            raise InputError(f"--gamma {gamma:.40}: a number is given twice")
        with Bar(log=True) as bar:
            rows = learning_times(
                game=game,  # type: ignore[arg-type]  # checked there
                delays=delays,
                gammas=gammas,
                advantage=advantage,
                reward=reward,
                seeds=seeds,
                steps=steps,
                progress=bar,
            )
    except KeyboardInterrupt as interrupted:
        rows = getattr(interrupted, "best", [])
        raise
    except ValueError as error:
        raise InputError(f"learn-curve: {error}") from error
    finally:  # show finished rows even after Ctrl-C
        if rows:
            _show_times(rows, as_json)
    if plot is not None:
        save_learning_times(rows, plot)


def _show_times(rows: list[LearningTime], as_json: bool) -> None:
    from qdecay.comparison.learning_times import LearningTime

    if as_json:
        document = {"schema": LearningTime.SCHEMA, "rows": [row.body() for row in rows]}
        tables.print_json(document)
    else:
        _print_times(rows)


def _print_times(rows: list[LearningTime]) -> None:
    table = tables.table(
        *("gamma", "n", "R", "right choice", "explorer", "median", "range", "random walk"),
        right=("gamma", "n", "R", "median", "range", "random walk"),
    )
    for row in rows:
        median, low, high = (
            f"> {row.budget:,}" if steps is None else f"{steps:,.0f}"
            for steps in (row.median, row.low, row.high)
        )
        table.add_row(
            str(row.gamma),
            str(row.delay),
            f"{float(row.reward):.5g}",
            ", ".join(row.best),
            row.explorer,
            median,
            f"{low} to {high}" if low != high else low,
            f"{row.random_walk:,}",
        )
    tables.console().print(table)
