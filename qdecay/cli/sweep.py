"""The commands of many trainings: sweep run, sweep phase and sweep export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from qdecay._support.outputs import SWEEPS, TABLES, check_output, check_store
from qdecay._support.progress import Bar
from qdecay._support.shown import duration
from qdecay.cli import tables
from qdecay.cli.options import AsJson, Force, MaxSeconds, check_seconds, part_of
from qdecay.cli.phase import phase
from qdecay.cli.standard_streams import print_json
from qdecay.errors import BudgetExceeded, InputError

if TYPE_CHECKING:
    from qdecay.sweep import Finished, Sweep

_SHOWN_CELLS = 5


class _Commands(TyperGroup):
    """Suggests `run` if a spec is given to `sweep` itself, as in earlier versions."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            ctx.fail(f"no such command {args[0]!r}: a spec is trained by `qdecay sweep run SPEC`")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Commands)


@app.callback()
def sweep() -> None:
    """Train many agents, show where they flip, export their rows.

    \b
    Examples:
      qdecay sweep run spec.toml -o results.db
      qdecay sweep phase results.db --plot phase.svg
      qdecay sweep export results.db -o results.csv
    """


@app.command()
def run(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The sweep spec (.toml).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The store to create or resume."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Number of processes; one per core by default."),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            metavar="processes|dask|ray|here",
            help="Where to train cells; `here` is this process.",
        ),
    ] = "processes",
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The cluster's address, with --backend dask or ray."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check and count the cells, estimate the time; train nothing."
        ),
    ] = False,
    as_json: AsJson = False,
    max_seconds: MaxSeconds = None,
) -> int:
    """Train every cell of a spec, and store each result.

    Every batch of cells is stored as it finishes. However the run ends, the same command resumes
    it, with the same rows. The exit code is 1 if cells are missing because they crash every worker
    that tries them, and 3 if --max-seconds runs out. --backend dask and ray use an existing cluster
    with the same packages.

    \b
    Examples:
      qdecay sweep run spec.toml --dry-run
      qdecay sweep run spec.toml -o results.db --workers 4
      qdecay sweep run s.toml -o r.db --backend dask --scheduler tcp://host:8786
      qdecay sweep run spec.toml -o r.db --backend ray
    """
    from qdecay.sweep import Finished, Sweep

    wanted = Sweep(spec)
    if dry_run:
        given = (output, workers, backend, scheduler, max_seconds)
        if given != (None, None, "processes", None, None):
            raise InputError(
                "--dry-run cannot be combined with -o, --workers, --backend, --scheduler or "
                "--max-seconds"
            )
        _print_plan(wanted, as_json)
        return 0
    if output is None:
        raise InputError("-o is missing: name the store, such as -o results.db")
    check_store(output, SWEEPS)
    where = {"workers": workers, "backend": backend, "scheduler": scheduler}
    check_seconds(max_seconds)
    try:
        finished, early = _run(wanted, output, **where, max_seconds=max_seconds), False
    except BudgetExceeded as limit:
        finished, early = part_of(limit, Finished), True
    _print_finished(finished, output, as_json)
    return 1 if finished.fatal else 3 if early else 0


def _run(wanted: Sweep, output: Path, **where: Any) -> Finished:
    """Run the sweep with a bar, or a line each minute without a terminal."""
    with Bar(log=True) as bar:
        try:
            return wanted.run(output, **where, progress=bar)
        except KeyboardInterrupt as interrupted:
            for note in getattr(interrupted, "__notes__", ()):  # such as where the last rows are
                print(note, file=sys.stderr)
            raise


def _print_plan(wanted: Sweep, as_json: bool) -> None:
    document, seconds = wanted.to_json(), wanted.estimate()
    if as_json:
        print_json({**document, "seconds": seconds})
        return
    models, learners, seeds = (document[name] for name in ("models", "learners", "seeds"))
    tables.console().print(
        f"{len(wanted):,} cells: {tables.count(models, 'model')}, "
        f"{tables.count(learners, 'learner')}, {tables.count(seeds, 'seed')}; "
        f"about {duration(seconds)} of one worker",
        soft_wrap=True,
    )


def _print_finished(finished: Finished, output: Path, as_json: bool) -> None:
    fatal, before = [cell.number for cell in finished.fatal], finished.before
    if as_json:
        document = {"schema": finished.SCHEMA, "store": str(output), **finished.body()}
        print_json(document)
        return
    out = tables.console()
    kept = f", {before:,} from before" if before else ""
    out.print(f"{output}: {finished.trained:,} cells trained{kept}", soft_wrap=True)
    if fatal:
        named = ", ".join(map(str, fatal[:_SHOWN_CELLS]))
        out.print(
            f"{tables.count(len(fatal), 'cell')} missing, which crashed every worker: {named}"
            f"{', ...' * (len(fatal) > _SHOWN_CELLS)}",
            soft_wrap=True,
        )


app.command()(phase)


@app.command()
def export(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store written by `sweep run`.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Output file: .csv or .parquet.")
    ],
    force: Force = False,
) -> None:
    """Write the rows of a sweep's store as CSV or Parquet.

    \b
    Examples:
      qdecay sweep export results.db -o results.csv
      qdecay sweep export results.db -o results.parquet
    """
    from qdecay.sweep.export import export as write

    check_output(output, TABLES, force=force, source=store)
    typer.echo(f"{output}: {write(store, output):,} rows")
