"""The command of policy regions: exact ones, or brackets in floats (`brackets`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from qdecay._support.outputs import CERTIFICATES, check_output
from qdecay.cli import region_tables
from qdecay.cli.brackets import INSTEAD, print_certified, print_numeric
from qdecay.cli.options import (
    AsJson,
    Digits,
    Force,
    MaxSeconds,
    Over,
    Resamples,
    budget,
    known_before,
    part_of,
    reads_source,
)
from qdecay.cli.standard_streams import print_json
from qdecay.cli.verify import write_certificate
from qdecay.errors import BudgetExceeded, InputError, input_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from qdecay.exact.line_regions import LineRegions
    from qdecay.exact.regions import PolicyRegions
    from qdecay.exact.resampled import ResampledBreakpoints
    from qdecay.model.line import ModelLine
    from qdecay.model.mdp import MDP
    from qdecay.model.source import Source

app = typer.Typer()

_Found = TypeVar("_Found", "PolicyRegions", "LineRegions")
_DIGITS = 10


@app.command()
@reads_source
def regions(
    source: Source,
    over: Over = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="HIGH", help="From SOURCE, at 0, to the model of this file, at 1."),
    ] = None,
    gamma: Annotated[
        str | None,
        typer.Option(metavar="GAMMA", help="With --over or --to: the discount factor, 0 to 1."),
    ] = None,
    first: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Stop after the first N breakpoints and touches."),
    ] = None,
    states: Annotated[
        bool, typer.Option("--states", help="Show the optimal actions of every state.")
    ] = False,
    digits: Digits = _DIGITS,
    as_json: AsJson = False,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a proof (.json) and check it as `verify` does."),
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Skip the check of FILE by `qdecay verify`.")
    ] = False,
    force: Force = False,
    max_seconds: MaxSeconds = None,
    numeric: Annotated[
        bool,
        typer.Option(
            "--numeric",
            help="Follow changes in floating point; proves nothing. With --certified: prove "
            "brackets of the model's floats, taken as the binary fractions that they are.",
        ),
    ] = False,
    certified: Annotated[
        bool,
        typer.Option(
            "--certified", help="Prove brackets around the changes, in thousands of states."
        ),
    ] = False,
    width: Annotated[
        str | None,
        typer.Option(metavar="W", help="With --certified: the widest bracket; 1e-9 by default."),
    ] = None,
    resamples: Resamples = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that share an exact search of more than a few seconds; one per core "
            "by default.",
        ),
    ] = None,
) -> int:
    """Find every gamma where optimal actions change, exactly.

    With --over or --to, find every value of another number at which they change, at one --gamma.
    With --to that number leads from the model of SOURCE to that of HIGH, which must have the same
    states and actions.

    A touch is a gamma where one more action is optimal at that point only. --resamples solves other
    data that the same world might have produced, and says how well the data settles the gammas of
    the start. When --max-seconds runs out, what is proven by then is shown, exit code 3.

    For models too large for exact arithmetic: --certified finds brackets outside of which the
    optimal actions of every state are proven; the exit code is 3 if it cannot distinguish actions
    or does not reach 1 - 1e-9; with --numeric too, it takes floats as they are. --numeric alone
    follows changes in floating point, at any size; its list may be incomplete.

    \b
    Examples:
      qdecay regions FrozenLake-v1
      qdecay regions Taxi-v4 -k is_rainy=true --states
      qdecay regions mine.json --certificate proof.json
      qdecay regions FrozenLake-v1 --over success_rate=1/3..1 --gamma 0.99
      qdecay regions Taxi-v4 --over reward:-10=-20..0 --gamma 0.99
      qdecay regions low.json --to high.json --gamma 1
      qdecay regions large.npz --certified --width 1e-6
    """
    at = _gamma_of(over, to, gamma)
    if first is not None and (certificate is not None or resamples is not None):
        raise InputError("--first cannot be combined with --certificate or --resamples")
    if certificate is not None:
        check_output(certificate, CERTIFICATES, force=force, source=source.text)
    elif force or no_check:
        name = "--force" if force else "--no-check"
        raise InputError(f"{name} requires --certificate")
    if width is not None and not certified:
        raise InputError("--width requires --certified")
    if workers is not None and (certified or numeric or first or at is not None):
        raise InputError(
            "--workers cannot be combined with --certified, --numeric, --first, --over or --to"
        )
    refused = certificate or resamples or first or at is not None
    if certified:
        if digits != _DIGITS:
            raise InputError("--digits cannot be combined with --certified: give --width")
        return print_certified(source, width, max_seconds, as_json, states, numeric, refused)
    if numeric:
        print_numeric(source, max_seconds, as_json, digits, states or refused)
        return 0
    from qdecay.exact.line_regions import LineRegions
    from qdecay.exact.regions import PolicyRegions
    from qdecay.model.line import ModelLine

    found: PolicyRegions | LineRegions
    problem: MDP | ModelLine
    resampled, early = None, False
    if at is not None and resamples is not None:
        raise InputError("--resamples cannot be combined with --over or --to")
    try:
        if at is not None:
            problem, found = _solve_line(source, over, to, at, first, max_seconds)
        else:
            instead = "" if certificate or resamples or first else INSTEAD
            problem, found, resampled = _solve(
                source, first, max_seconds, resamples, workers, instead
            )
    except BudgetExceeded as limit:
        found, early = part_of(limit, PolicyRegions | LineRegions), True
        problem = found.line if isinstance(found, LineRegions) else found.mdp
    statement = None
    if certificate is not None and early:
        statement = "not written: a certificate proves all regions"
    elif certificate is not None:
        statement = write_certificate(source.text, problem, found, certificate, check=not no_check)
    if as_json:
        document = found.to_json(source.text)
        if resampled is not None:
            document["resampled"] = resampled.within()
        print_json(document, indent=None)
        return 3 if early else 0
    mdp = problem.low if isinstance(problem, ModelLine) else problem
    region_tables.print_regions(mdp, found, digits=digits, states=states)
    if resampled is not None:
        region_tables.print_resampled(mdp, resampled, digits=digits)
    if statement is not None:
        typer.echo(f"{certificate}: {statement}")
    return 3 if early else 0


def _gamma_of(over: str | None, to: Path | None, gamma: str | None) -> Fraction | None:
    """Return the gamma of a model line, or None if there is none.

    Raises:
        InputError: it is not a gamma, gamma or line is missing, or two lines are given.
    """
    from qdecay._support.checks import exact

    if over is not None and to is not None:
        raise InputError("--over and --to are two lines: give one of them")
    if over is None and to is None:
        if gamma is not None:
            raise InputError("--gamma requires --over NAME=LOW..HIGH or --to HIGH")
        return None
    if gamma is None:
        option = "--to" if over is None else "--over"
        raise InputError(f"{option} requires --gamma: the discount factor along the line")
    with input_errors("--"):
        return exact(gamma, "gamma", "[0, 1]")


def _solve(
    source: Source,
    first: int | None,
    max_seconds: float | None,
    resamples: int | None,
    workers: int | None,
    instead: str,
) -> tuple[MDP, PolicyRegions, ResampledBreakpoints | None]:
    from qdecay._support.deadline import Deadline
    from qdecay.exact.regions import policy_regions
    from qdecay.exact.resampled import draws, resampled_of, state_of

    with budget(source.text, max_seconds, instead):
        mdp = source.mdp()
        limits: Any = {"max_seconds": max_seconds, "progress": True}
        if first is not None:
            limits["max_breakpoints"] = first
            return mdp, _up_to(first, lambda: policy_regions(mdp, **limits)), None
        limits["workers"] = workers
        if resamples is None:
            return mdp, policy_regions(mdp, **limits), None
        with input_errors(f"{source.text}: "):
            state, drawn = state_of(mdp, None), draws(mdp, resamples)
        deadline = Deadline(max_seconds)
        found = policy_regions(mdp, **limits)
        with known_before(deadline, found, "the regions are complete, without intervals"):
            return mdp, found, resampled_of(found, state, drawn, deadline, progress=True)


def _solve_line(
    source: Source,
    over: str | None,
    to: Path | None,
    gamma: Fraction,
    first: int | None,
    max_seconds: float | None,
) -> tuple[ModelLine, LineRegions]:
    from qdecay.exact.regions import policy_regions
    from qdecay.model.line import ModelLine
    from qdecay.model.line_of_source import line_of

    with budget(source.text, max_seconds):
        if over is not None:
            line = line_of(source, over)
        else:
            low, high = source.mdp(), replace(source, text=str(to), options={}).mdp()
            with input_errors(f"{source.text} to {to}: "):
                line = ModelLine(low, high)
        with input_errors(f"{source.text}: "):
            found = _up_to(
                first,
                lambda: policy_regions(
                    line,
                    gamma=gamma,
                    max_breakpoints=first,
                    max_seconds=max_seconds,
                    progress=True,
                ),
            )
    return line, found


def _up_to(first: int | None, search: Callable[[], _Found]) -> _Found:
    """Return what a search found, or the points up to the limit of --first."""
    try:
        return search()
    except BudgetExceeded as limit:
        found: _Found | None = limit.best
        if found is None or len(found.breakpoints) + len(found.touches) != first:
            raise
        return found
