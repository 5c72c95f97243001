"""The command `price`: what every gamma costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.shown import shown_decimal, shown_interval
from qdecay.cli import tables
from qdecay.cli.options import (
    AsJson,
    Digits,
    Force,
    MaxSeconds,
    Resamples,
    budget,
    check_plot,
    reads_source,
)
from qdecay.cli.standard_streams import print_json
from qdecay.errors import InputError, input_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from rich.table import Table

    from qdecay.model.mdp import MDP
    from qdecay.model.source import Source
    from qdecay.pricing.learned import LearnedPrice
    from qdecay.pricing.resampled import ResampledPrice, ResampledWorth
    from qdecay.pricing.result import Price, Priced, PricedGamma

app = typer.Typer()

_INTERVALS = ("earns, 95 %", "lost, 95 %")
_LOST = 3  # digits
_LONGEST_FRACTION = 16  # characters of what is shown exactly


@app.command()
@reads_source
def price(
    source: Source,
    judge: Annotated[
        str | None,
        typer.Option(help="total, average, steps:T or a discount factor, such as 0.99."),
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Start there: a number or a name.")
    ] = None,
    gamma: Annotated[
        str | None, typer.Option(metavar="LIST", help="Pick these out, such as 0.9,0.95,0.99.")
    ] = None,
    max_loss: Annotated[
        str, typer.Option(metavar="NUMBER", help="Say from which gamma on less than this is lost.")
    ] = "0.01",
    learn: Annotated[
        bool, typer.Option("--learn", help="Train Q-learning at these gammas and in each region.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With --learn: agents per gamma; 10 by default.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="With --learn: the first seed; 0 by default.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="With --learn: steps per seed; a million by default.")
    ] = None,
    resamples: Resamples = None,
    digits: Digits = 7,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw what each gamma earns; .svg, .pdf or .png."),
    ] = None,
    force: Force = False,
    max_seconds: MaxSeconds = None,
) -> None:
    """Find what every gamma costs: what its optimal policies earn.

    They are judged by what people care about, exactly. Without --judge: the undiscounted sum of the
    steps that the environment's time limit allows; without one, the undiscounted total; where that
    is infinite, the average per step. At a breakpoint, at 0 and at 1 ties are broken in the worst
    and in the best way; elsewhere all ways earn the same.

    Lost is (optimum - worst) / |optimum|. Over a number of steps the optimum is what a policy earns
    that knows how many steps are left.

    Of data, --resamples judges the policies that it makes optimal in other models that might have
    given it.

    \b
    Examples:
      qdecay price FrozenLake8x8-v1
      qdecay price FrozenLake-v1 --judge total --gamma 0.9,0.95,0.99
      qdecay price FrozenLake8x8-v1 --gamma 0.99 --learn
      qdecay price Taxi-v4 -k is_rainy=true --state 0 --json
    """
    from qdecay._support.deadline import Deadline
    from qdecay.exact.resampled import draws
    from qdecay.pricing.learned import learned_price
    from qdecay.pricing.price import price as find
    from qdecay.pricing.resampled import resampled_of

    check_plot(plot, force=force)
    training = {"seeds": seeds, "seed": seed, "steps": steps}
    given: dict[str, Any] = {
        name: number for name, number in training.items() if number is not None
    }
    if given and not learn:
        raise InputError(f"--{next(iter(given))} requires --learn")
    gammas = [] if gamma is None else _gammas(gamma)
    with budget(source.text, max_seconds, "; give it more --max-seconds"):
        mdp = source.mdp()
        with input_errors("--"):
            start = None if state is None else mdp.state_index(state)
        if start is None and not mdp.starts:
            raise InputError(f"{source.text}: the model has no start state: give --state")
        with input_errors(f"{source.text}: "):
            limits: dict[str, Any] = {"max_seconds": max_seconds, "progress": True}
            # Before the long search: a model without counts is refused.
            drawn = None if resamples is None else draws(mdp, resamples)
            deadline = Deadline(max_seconds)
            found = find(mdp, judge, start=start, max_loss=max_loss, **limits)
            picked = [found.at(each) for each in gammas]
            learned = learned_price(found, gammas or None, **given, **limits) if learn else None
            resampled = None
            if drawn is not None:
                resampled = resampled_of(found, gammas, drawn, deadline, progress=True)
    if plot is not None:
        from qdecay.report.plots.price import save_price

        save_price(found, plot, gammas=picked)
    if as_json:
        document = found.to_json(source.text)
        if picked:
            document["gammas"] = [row.body() for row in picked]
        if learned is not None:
            document["learned"] = learned.body()
        if resampled is not None:
            document["resampled"] = resampled.within()
        print_json(document)
        return
    _print(mdp, found, picked, learned, resampled, digits)
    if plot is not None:
        typer.echo(str(plot))


def _gammas(text: str) -> list[Fraction]:
    """Return the gammas of a list such as 0.9,0.99."""
    from qdecay._support.checks import exact

    with input_errors():
        gammas = [exact(part.strip(), "gamma", "[0, 1]") for part in text.split(",")]
    if len(set(gammas)) < len(gammas):
        raise InputError(f"--gamma {text:.40}: a gamma is given twice")
    return gammas


def _print(
    mdp: MDP,
    found: Price,
    picked: list[PricedGamma],
    learned: LearnedPrice | None,
    resampled: ResampledPrice | None,
    digits: int,
) -> None:
    """Print what each region earns, what the picked gammas do, and the answer in a sentence."""
    out = tables.console()
    out.print(_heading(mdp, found, digits), soft_wrap=True)
    regions, gammas = ((), ()) if resampled is None else (resampled.regions, resampled.gammas)
    out.print(_table(found, regions, digits))
    if learned is not None:
        out.print(_learned(learned, digits))
    elif picked:
        out.print(_picked(picked, gammas, digits))
    if resampled is not None:
        out.print(_over_resamples(resampled), soft_wrap=True)
    most = tables.share(found.max_loss)
    if found.within is None:
        out.print(f"near gamma = 1 more than {most} is lost")
    elif found.within != found.free_from:
        out.print(f"gamma between {shown_decimal(found.within, digits)} and 1 loses at most {most}")
    out.print(f"{found.sentence(*(row.gamma for row in picked))}.", soft_wrap=True)


def _heading(mdp: MDP, found: Price, digits: int) -> str:
    (start, *others) = found.starts
    where = f"{len(found.starts):,} start states" if others else f"state {mdp.state_name(start)}"
    most = found.optimum.shown(digits)
    who = "a policy with a clock" if found.judge.kind == "steps" else "the best policy"
    size = tables.count(len(found.regions), "policy region")
    return f"{size}; judge {found.judge}: from {where} {who} earns {most} {found.judge.words}"


def _over_resamples(found: ResampledPrice) -> str:
    """Say what the best policy earns over resamples, and in how many the judge is finite."""
    most = shown_interval(found.optimum)
    finite = "" if found.share == 1 else f"; finite in {100 * found.share:.3g} % of them"
    return f"over {found.resamples:,} resamples the best policy of each earns {most}{finite}"


def _table(found: Price, resampled: Sequence[ResampledWorth], digits: int) -> Table:
    headings = _INTERVALS if resampled else ()
    shown = tables.table("gamma", "earns", "exactly", "lost", *headings, "")
    for i, region in enumerate(found.regions):
        ends = (shown_decimal(end, digits) for end in (region.lower, region.upper))
        best = "best" if i in found.best_regions else ""
        intervals = _intervals(resampled[i : i + 1])
        shown.add_row(" to ".join(ends), *_earned(region, digits), *intervals, best)
    return shown


def _picked(picked: list[PricedGamma], resampled: Sequence[ResampledWorth], digits: int) -> Table:
    headings = _INTERVALS if resampled else ()
    shown = tables.table("gamma", "earns", "exactly", "lost", *headings)
    for i, row in enumerate(picked):
        intervals = _intervals(resampled[i : i + 1])
        shown.add_row(shown_decimal(row.gamma, digits), *_earned(row, digits), *intervals)
    return shown


def _intervals(row: Sequence[ResampledWorth]) -> list[str]:
    """What policies earn and lose over resamples; nothing where there are none."""
    found = []
    for worth in row:
        ends = None if worth.loss is None else tuple(map(tables.share, worth.loss))
        lost = "undecided" if ends is None else ends[0] if ends[0] == ends[1] else " to ".join(ends)
        found += [shown_interval(worth.worst), lost]
    return found


def _learned(learned: LearnedPrice, digits: int) -> Table:
    """Beside each other: what a gamma allows, what agents earn, and what is lost to which."""
    shown = tables.table("gamma", "allows", "agents", "range", "lost to gamma", "to training")
    for row in learned.gammas:
        ends = [agent.shown(digits) for agent in (row.agents[0], row.agents[-1])]
        shown.add_row(
            shown_decimal(row.gamma, digits),
            row.allowed.shown(digits),
            row.median.shown(digits),
            " to ".join(ends),
            shown_decimal(row.lost_to_gamma, _LOST),
            shown_decimal(row.lost_to_training, _LOST),
        )
    return shown


def _earned(row: Priced, digits: int) -> tuple[str, str, str]:
    """What some policies earn, that number exactly if it is short, and what is lost."""
    exact = row.worst.exact if row.worst.exact == row.best.exact else None
    text = f"± {row.worst.error:.1e}" if row.worst.error else "" if exact is None else str(exact)
    loss = tables.share(row.loss)
    return row.shown(digits), text if len(text) <= _LONGEST_FRACTION else "", loss
