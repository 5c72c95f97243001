"""The commands of the suite: envs and learn-curve."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.progress import Bar
from qdecay._support.shown import shown_decimal
from qdecay.cli import tables
from qdecay.cli.options import (
    AsJson,
    Force,
    MaxSeconds,
    budget,
    check_plot,
    part_of,
    reads_source,
    whole_numbers,
)
from qdecay.cli.standard_streams import print_json
from qdecay.errors import input_errors

if TYPE_CHECKING:
    from qdecay.comparison.learning_times import LearningTime
    from qdecay.exact.algebra.number import AlgebraicNumber
    from qdecay.learning.schedules import Schedule
    from qdecay.model.source import Source
    from qdecay.pricing.survey import SurveyedPrice

app = typer.Typer()

_GAMMA, _DIGITS = 5, 7  # digits of a gamma


@app.command()
def envs(
    prices: Annotated[
        bool, typer.Option("--prices", help="Show what common discount factors cost in each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the environments with their exact break-even gammas.

    These are the gammas at which the optimal choice changes at the start state, or, if episodes
    start in several states, in any state; --json has those of all states, and each environment's
    law.

    With --prices, list for these and for Gymnasium's own environments the number of breakpoints,
    the Blackwell discount factor, what the policies that are optimal at four gammas lose in total
    (or per step, where the total is infinite) and within the time limit, and which gammas are best.

    \b
    Examples:
      qdecay envs
      qdecay envs --prices
    """
    if prices:
        _survey(as_json)
        return
    from qdecay.reporting.catalogue import SCHEMA, catalogue

    members = catalogue()
    if as_json:
        document = {"schema": SCHEMA, "environments": [member.to_json() for member in members]}
        print_json(document)
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
        print_json(document, indent=None)
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


def _short_root(root: AlgebraicNumber) -> str:
    return f"{root.closed_form() or ''} = {shown_decimal(root, 8)}".removeprefix(" = ")


@app.command("learn-curve")
@reads_source
def learn_curve(
    source: Source | None = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="A state of SOURCE: a number or a name.")
    ] = None,
    game: Annotated[
        str | None,
        typer.Option(
            metavar="GAME",
            help="forever (ConstantOrSparse, the default) or once (homework C, escape).",
        ),
    ] = None,
    delay: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Steps n to the large reward; 1,2,3,4,5 by default."),
    ] = None,
    gamma: Annotated[
        str, typer.Option(metavar="LIST", help="Discount factors, such as 1/2,0.9.")
    ] = "9/10",
    advantage: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Value of the large reward relative to the small one, which sets R; 2 by default.",
        ),
    ] = None,
    reward: Annotated[
        str | None,
        typer.Option(
            metavar="R",
            help="R itself, instead of --advantage; the small reward is 1. With SOURCE: which of "
            "several reward structures in a file.",
        ),
    ] = None,
    step_size: Annotated[
        str | None,
        typer.Option(metavar="ALPHA", help="A number, or harmonic:H, which is H / (H + n - 1)."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Agents per row.")] = 10,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Steps of each agent; 20,000, with SOURCE a million."
        ),
    ] = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw steps over delay or gamma; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
    max_seconds: MaxSeconds = None,
) -> int:
    """Measure how long Q-learning takes to learn the right choice.

    With SOURCE, the choice is that in one state of a model, the start or --state, where episodes
    begin. It is right if all greedy actions there are optimal at gamma, and steps are counted until
    it stays so. The table also has the exact action gap: the smaller it is, the harder it is to see
    what is best. The step size is 1 where nothing is random, else harmonic:1/(1 - gamma), the n-th
    update of a value counting (1/(1 - gamma)) / (1/(1 - gamma) + n - 1). The environment's time
    limit truncates episodes; what would have followed still counts.

    Without SOURCE, homework D: a small reward on every step against a large one every n-th step,
    next to the 2^(n+1) - 2 steps that a uniformly random walk needs on average to collect the large
    reward once.

    When --max-seconds runs out, the rows that are finished are shown, exit code 3.

    There are four kinds of exploration: random; epsilon-greedy, with epsilon 1/10; optimistic, from
    the largest possible return; and epsilon-greedy with exploring starts, in any state, where
    episodes last one step if the environment has no time limit.

    \b
    Examples:
      qdecay learn-curve --plot delays.svg
      qdecay learn-curve --delay 4 --gamma 1/2,2/3,3/4,9/10 --reward 6
      qdecay learn-curve FrozenLake-v1 --gamma 0.85,0.9,0.95 --plot lake.svg
    """
    from qdecay._support.checks import exact
    from qdecay.comparison.learning_times import learning_times
    from qdecay.errors import BudgetExceeded, InputError
    from qdecay.reporting.plots.learning import save_learning_times

    check_plot(plot, force=force)
    name = "learn-curve" if source is None else source.text
    games = {"game": game, "delay": delay, "advantage": advantage}
    if source is None:
        games["reward"] = reward
    else:
        source, reward = replace(source, reward=reward), None
    _refuse(source, games, state)
    rows: list[LearningTime] = []
    try:
        gammas = gamma.split(",")
        with input_errors("--"):
            distinct = {exact(text, "gamma", "(0, 1)") for text in gammas}
        if len(distinct) < len(gammas):
            raise InputError(f"--gamma {gamma:.40}: a number is given twice")
        with budget(name, max_seconds):
            mdp = None if source is None else source.mdp()
            with input_errors("--"):
                at = None if mdp is None or state is None else mdp.state_index(state)
            if source is not None and mdp is not None and at is None and mdp.start is None:
                raise InputError(f"{source.text}: the model has no start state: give --state")
            with Bar(log=True) as bar:
                rows = learning_times(
                    mdp,
                    state=at,
                    game=game,  # type: ignore[arg-type]  # checked there
                    delays=None if delay is None else whole_numbers(delay, "--delay"),
                    gammas=gammas,
                    advantage=advantage,
                    reward=reward,
                    step_size=None if step_size is None else _step_size(step_size),
                    seeds=seeds,
                    steps=steps,
                    max_seconds=max_seconds,
                    progress=bar,
                )
    except BudgetExceeded as limit:
        rows = part_of(limit, list | tuple)
        return 3
    except KeyboardInterrupt as interrupted:
        rows = getattr(interrupted, "best", [])
        raise
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    finally:  # show finished rows even after Ctrl-C
        if rows:
            _show_times(rows, as_json)
    if plot is not None:
        save_learning_times(rows, plot)
    return 0


def _refuse(source: Source | None, games: dict[str, Any], state: str | None) -> None:
    """Refuse the options of a game with SOURCE, and those of a model without."""
    from qdecay.errors import InputError

    if source is None:
        if state is not None:
            raise InputError("--state requires SOURCE")
    else:
        for name, value in games.items():
            if value is not None:
                raise InputError(f"--{name} belongs to the games of homework D: omit it or SOURCE")


def _step_size(text: str) -> Schedule | float:
    """Return the step size that is written as a number or as harmonic:H."""
    from qdecay._support.checks import real
    from qdecay.learning.schedules import Harmonic

    kind, colon, horizon = text.partition(":")
    with input_errors("--step-size: "):
        return Harmonic(horizon) if colon and kind == "harmonic" else real(text, "alpha", "(0, 1]")


def _show_times(rows: list[LearningTime], as_json: bool) -> None:
    from qdecay.comparison.learning_times import LearningTime

    if as_json:
        document = {"schema": LearningTime.SCHEMA, "rows": [row.body() for row in rows]}
        print_json(document)
    elif rows[0].game is None:
        _print_times_on_a_model(rows)
    else:
        _print_times(rows)


def _print_times(rows: list[LearningTime]) -> None:
    table = tables.table(
        *("gamma", "n", "R", "right choice", "explorer", "median", "range", "random walk"),
        right=("gamma", "n", "R", "median", "range", "random walk"),
    )
    for row in rows:
        table.add_row(
            str(row.gamma),
            str(row.delay),
            f"{float(row.reward or 0):.5g}",
            ", ".join(row.best),
            row.explorer,
            *_steps(row),
            f"{row.random_walk:,}",
        )
    tables.console().print(table)


def _print_times_on_a_model(rows: list[LearningTime]) -> None:
    """Print where the choice changes, then the rows."""
    from qdecay.comparison.learning_times import shown_step_size

    out = tables.console()
    changes = ", ".join(shown_decimal(gamma, _DIGITS) for gamma in rows[0].break_evens())
    out.print(f"{rows[0].title}: the best choice changes at {changes or 'no gamma'}")
    table = tables.table(
        *("gamma", "gap", "right choice", "explorer", "step size", "median", "range"),
        right=("gamma", "gap", "median", "range"),
    )
    for row in rows:
        table.add_row(
            str(row.gamma),
            "" if row.gap is None else shown_decimal(float(row.gap), _GAMMA),
            ", ".join(row.best),
            row.explorer,
            shown_step_size(row.step_size),
            *_steps(row),
        )
    out.print(table)


def _steps(row: LearningTime) -> tuple[str, str]:
    """Return the median over the seeds and their range."""
    median, low, high = (
        f"> {row.budget:,}" if steps is None else f"{steps:,.0f}"
        for steps in (row.median, row.low, row.high)
    )
    return median, f"{low} to {high}" if low != high else low
