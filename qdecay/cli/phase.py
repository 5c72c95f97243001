"""The command `sweep phase`: where the agents of a sweep flip, compared with the exact gammas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdecay._support.shown import shown_decimal
from qdecay.cli import tables
from qdecay.cli.options import AsJson, Force, MaxSeconds, check_plot, check_seconds, part_of
from qdecay.cli.standard_streams import print_json

if TYPE_CHECKING:
    from qdecay.sweep.phase import PhaseDiagram, PhaseRow


def phase(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store written by `sweep run`.")],
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only rows with this parameter; may be repeated."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw thresholds over a parameter; .svg, .pdf or .png."),
    ] = None,
    x: Annotated[
        str | None, typer.Option("--x", metavar="NAME", help="The parameter on the x axis.")
    ] = None,
    as_json: AsJson = False,
    force: Force = False,
    max_seconds: MaxSeconds = None,
) -> int:
    """Show where a sweep's agents flip, next to the exact gammas.

    The learned threshold, with its 95 % interval, is the gamma at which half of the trainings
    choose the action that is best right of the break-even gamma, by a logistic fit. An unfinished
    sweep shows what is stored so far. When --max-seconds runs out, the first models are shown, exit
    code 3.

    \b
    Examples:
      qdecay sweep phase results.db --plot phase.svg
      qdecay sweep phase results.db --where delay=2 --x epsilon --plot phase.pdf
    """
    from qdecay.errors import BudgetExceeded, InputError
    from qdecay.reporting.plots.phase import save_phase
    from qdecay.sweep.phase import PhaseDiagram, phase_diagram

    check_plot(plot, force=force)
    if plot is None and x is not None:
        raise InputError("--x requires --plot")
    check_seconds(max_seconds)
    limits: Any = {"max_seconds": max_seconds, "progress": True}
    early = False
    try:
        found = phase_diagram(store, where=map(_pair, where or ()), **limits)
    except BudgetExceeded as limit:
        found, early = part_of(limit, PhaseDiagram), True
    left_out = 0 if plot is None else save_phase(found, plot, x=x)
    if as_json:
        print_json(found.to_json())
        return 3 if early else 0
    _print(found, store)
    if left_out:
        typer.echo(f"{plot}: leaves out {tables.count(left_out, 'row')} without the parameter")
    return 3 if early else 0


def _pair(text: str) -> tuple[str, str]:
    from qdecay.errors import InputError

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InputError(f"--where {text}: write NAME=VALUE, such as --where delay=2")
    return name, value


def _print(found: PhaseDiagram, store: Path) -> None:
    from rich.text import Text

    from qdecay.sweep.axes import shown_value

    out = tables.console()
    names = [axis.name for axis in found.axes]
    table = tables.table(*names, "exact", "learned, 95 % interval", "trainings", "exact held")
    for row in found.rows:
        shown = [shown_value(row.parameters.get(name)) for name in names]
        table.add_row(*map(Text, [*shown, *_cells(row)]))
    out.print(table)
    missing = found.cells - found.stored
    text = f"{store}: {found.stored:,} of {found.cells:,} cells"
    out.print(text + f", {missing:,} missing" * bool(missing), soft_wrap=True)


def _cells(row: PhaseRow) -> list[str]:
    errors = f", {tables.count(row.errors, 'error')}" if row.errors else ""
    exact = "none" if row.exact is None else shown_decimal(row.exact, 6)
    return [exact, _learned(row), f"{row.trainings:,}{errors}", _verdict(row)]


def _learned(row: PhaseRow) -> str:
    if row.outcome in ("above", "below"):
        last = row.choices[-1 if row.outcome == "above" else 0]
        return f"{row.outcome} {shown_decimal(float(last.gamma), 4)}"
    if row.threshold is None or row.interval is None:
        return row.outcome
    low, high = ("open" if end is None else shown_decimal(end, 4) for end in row.interval)
    return f"{shown_decimal(row.threshold, 4)} [{low}, {high}]"


def _verdict(row: PhaseRow) -> str:
    if row.outcome == "constant":
        return f"best in {row.right:,} of {row.trainings:,}"
    if row.holds or not row.off:
        return "yes" if row.holds else ""
    beyond = {"above": ">", "below": "<"}.get(row.outcome, "")
    return f"no, {beyond}{row.off:+.4f}"
