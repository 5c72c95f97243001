"""The command `price`: what every gamma costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay.cli import price_tables
from qdecay.cli.options import (
    AsJson,
    Digits,
    Force,
    MaxSeconds,
    Over,
    Resamples,
    budget,
    check_plot,
    known_before,
    part_of,
    reads_source,
)
from qdecay.cli.standard_streams import print_json
from qdecay.errors import BudgetExceeded, InputError, input_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from qdecay.model.mdp import MDP
    from qdecay.model.source import Source
    from qdecay.pricing.certified_price import CertifiedPrice
    from qdecay.pricing.learned import LearnedPrice
    from qdecay.pricing.line_price import LinePrice
    from qdecay.pricing.resampled import ResampledPrice
    from qdecay.pricing.result import GammaPrice, JudgedRegions, Price, PricedGamma, PricedPoint

app = typer.Typer()


@app.command()
@reads_source
def price(
    source: Source,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="JUDGE", help="total, average, steps:T or a discount factor, such as 0.99."
        ),
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="The state to start in: a number or a name.")
    ] = None,
    gamma: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Gammas to show, such as 0.9,0.95,0.99; with --over one: that of the policies.",
        ),
    ] = None,
    over: Over = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="With --over: values to show, such as -1,-0.04."),
    ] = None,
    max_loss: Annotated[
        str, typer.Option(metavar="NUMBER", help="Say from which gamma on less than this is lost.")
    ] = "0.01",
    method: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="exact, or certified: in floats with proven errors, between brackets.",
        ),
    ] = "exact",
    learn: Annotated[
        bool, typer.Option("--learn", help="Train Q-learning at these gammas and in each region.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="With --learn: agents per gamma; 10 by default."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="With --learn: the first seed; 0 by default."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="With --learn: steps per seed; a million by default."
        ),
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
) -> int:
    """Find what every gamma costs: what its optimal policies earn.

    Policies are judged exactly, by the measure that --judge names. By default it is the
    undiscounted sum over the steps that the environment's time limit allows; without a limit, the
    undiscounted total; where that is infinite, the average per step. At a breakpoint, at 0 and at 1
    ties are broken in the worst and in the best way; elsewhere all ways earn the same.

    The loss is (optimum - worst) / |optimum|. Over a number of steps the optimum is that of a
    policy that knows how many steps are left.

    With --over, find what every value of another number costs: the policies that it makes optimal,
    at one --gamma, are judged in the unchanged model of SOURCE. That shows which rewards you may
    train with, and what a policy earns that was planned for another probability.

    With --method certified, for thousands of states: the policies between the brackets of `qdecay
    regions --certified` are judged in floats with proven errors. A gamma from which nothing is lost
    is then the upper end of a bracket, and losses smaller than the errors count as 0. The exit code
    is 3 where near ties or an early end leave the price open.

    With --resamples, the policies that are optimal for the data are judged in other models that
    might have produced it. When --max-seconds runs out for --resamples or --learn, the price is
    shown without it, exit code 3.

    \b
    Examples:
      qdecay price FrozenLake8x8-v1
      qdecay price FrozenLake-v1 --judge total --gamma 0.9,0.95,0.99
      qdecay price FrozenLake8x8-v1 --gamma 0.99 --learn
      qdecay price FrozenLake-v1 --over success_rate=1/3..1 --gamma 0.99 --at 0.5
      qdecay price Taxi-v4 -k is_rainy=true --state 0 --json
      qdecay price large.json --method certified --judge average
    """
    from qdecay._support.checks import choice

    check_plot(plot, force=force)
    training = {"seeds": seeds, "seed": seed, "steps": steps}
    given: dict[str, Any] = {
        name: number for name, number in training.items() if number is not None
    }
    if given and not learn:
        raise InputError(f"--{next(iter(given))} requires --learn")
    with input_errors("--"):
        choice(method, "method", ("exact", "certified"))
    common = _Common(source, judge, state, max_loss, digits, as_json, plot, max_seconds, method)
    if over is None:
        if at is not None:
            raise InputError("--at requires --over NAME=LOW..HIGH: these are values of NAME")
        if method == "certified":
            _refuse("--method certified", {"--learn": learn, "--resamples": resamples})
        return _of_gammas(common, gamma, given if learn else None, resamples)
    others = {"--learn": learn, "--resamples": resamples, "--method certified": method != "exact"}
    _refuse("--over", others)
    _of_line(common, over, gamma, at)
    return 0


def _refuse(option: str, others: Mapping[str, object]) -> None:
    """Raise if one of the others is given too."""
    for name, wanted in others.items():
        if wanted:
            raise InputError(f"{name} cannot be combined with {option}")


@dataclass(frozen=True)
class _Common:
    """The options that prices over gammas and along a line have in common."""

    source: Source
    judge: str | None
    state: str | None
    max_loss: str
    digits: int
    as_json: bool
    plot: Path | None
    max_seconds: float | None
    method: str

    def model(self) -> tuple[MDP, int | None]:
        """Read the model, and the state of --state."""
        mdp = self.source.mdp()
        with input_errors("--"):
            start = None if self.state is None else mdp.state_index(self.state)
        if start is None and not mdp.starts:
            raise InputError(f"{self.source.text}: the model has no start state: give --state")
        return mdp, start

    @property
    def search(self) -> dict[str, Any]:
        """Arguments of `qdecay.price`."""
        return {"max_loss": self.max_loss, "max_seconds": self.max_seconds, "progress": True}

    def draw(self, found: GammaPrice | LinePrice, marked: Sequence[PricedPoint]) -> None:
        """Draw the price, if a plot is requested."""
        if self.plot is not None:
            from qdecay.reporting.plots.price import save_price

            save_price(found, self.plot, marked)

    def document(self, found: JudgedRegions, more: dict[str, Any]) -> bool:
        """Print the price as a document, if that is requested."""
        if self.as_json:
            print_json({**found.to_json(self.source.text), **more})
        return self.as_json

    def name_plot(self) -> None:
        """Say where the plot is."""
        if self.plot is not None:
            typer.echo(str(self.plot))


def _of_gammas(
    common: _Common, gamma: str | None, training: dict[str, Any] | None, resamples: int | None
) -> int:
    """Print the price of every gamma; `training` are the settings of --learn. Return the code."""
    from qdecay._support.deadline import Deadline
    from qdecay.exact.resampled import draws
    from qdecay.pricing.learned import learned_price
    from qdecay.pricing.price import price as find
    from qdecay.pricing.resampled import resampled_of
    from qdecay.pricing.result import Price

    learned = resampled = None
    is_open, certified = False, common.method == "certified"
    found: Price | CertifiedPrice
    within = "(0, 1)" if certified else "[0, 1]"
    gammas, source = [] if gamma is None else _numbers(gamma, "gamma", within), common.source
    others = certified or training is not None or resamples is not None
    instead = "" if others else "use --method certified"
    picked: list[PricedGamma] = []
    try:
        with budget(source.text, common.max_seconds, instead):
            mdp, start = common.model()
            with input_errors(f"{source.text}: "):
                # Before the long search: a model without counts is refused.
                drawn = None if resamples is None else draws(mdp, resamples)
                deadline, search = Deadline(common.max_seconds), {"start": start, **common.search}
                if certified:
                    found = find(mdp, common.judge, method="certified", **search)
                    is_open = not found.certified_regions.is_complete
                else:
                    found = exact = find(mdp, common.judge, **search)
                picked.extend(found.at(each) for each in gammas)
                if training is not None:
                    training |= {"max_seconds": common.max_seconds, "progress": True}
                    with known_before(deadline, exact, "the price is complete, without agents"):
                        learned = learned_price(exact, gammas or None, **training)
                if drawn is not None:
                    with known_before(deadline, exact, "the price is complete, without intervals"):
                        resampled = resampled_of(exact, gammas, drawn, deadline, progress=True)
    except BudgetExceeded as limit:
        found, is_open = part_of(limit, Price), True
    _print_price(common, found, picked, learned, resampled)
    return 3 if is_open else 0


def _print_price(
    common: _Common,
    found: Price | CertifiedPrice,
    picked: list[PricedGamma],
    learned: LearnedPrice | None,
    resampled: ResampledPrice | None,
) -> None:
    common.draw(found, picked)
    more: dict[str, Any] = {"gammas": [row.body() for row in picked]} if picked else {}
    if learned is not None:
        more["learned"] = learned.body()
    if resampled is not None:
        more["resampled"] = resampled.within()
    if not common.document(found, more):
        price_tables.print_price(found, picked, learned, resampled, common.digits)
        common.name_plot()


def _of_line(common: _Common, over: str, gamma: str | None, at: str | None) -> None:
    """Print the price of every value along a line."""
    from qdecay._support.checks import exact
    from qdecay.model.line_of_source import line_of
    from qdecay.pricing.price import price as find

    if gamma is None:
        raise InputError("--over requires --gamma: the discount factor of the policies")
    if "," in gamma:
        raise InputError(f"--over takes one --gamma, that of the policies, got {gamma:.40}")
    with input_errors("--"):
        discount = exact(gamma, "gamma", "[0, 1]")
    values = [] if at is None else _numbers(at, "at", None)
    source, name = common.source, over.partition("=")[0]
    with budget(source.text, common.max_seconds):
        mdp, start = common.model()
        others = {key: value for key, value in source.options.items() if key != name}
        line = line_of(replace(source, options=others), over)
        with input_errors(f"{source.text}: "):
            found: LinePrice = find(
                line, common.judge, gamma=discount, truth=mdp, start=start, **common.search
            )
        with input_errors("--at: "):
            picked = [found.at(each) for each in values]
    common.draw(found, picked)
    more = {"values": [row.body() for row in picked]} if picked else {}
    if not common.document(found, more):
        price_tables.print_line_price(found, picked, common.digits)
        common.name_plot()


def _numbers(text: str, name: str, within: str | None) -> list[Fraction]:
    """Return the exact numbers of a list such as 0.9,0.99."""
    from qdecay._support.checks import exact
    from qdecay_envs.rational import rational

    with input_errors("--"):
        parts = [part.strip() for part in text.split(",")]
        numbers = [
            rational(part, name) if within is None else exact(part, name, within) for part in parts
        ]
    if len(set(numbers)) < len(numbers):
        what = "a gamma" if name == "gamma" else "a value"
        raise InputError(f"--{name} {text:.40}: {what} is given twice")
    return numbers
